"""The command line: takes a request, calls one workflow, shows what it returned.

Only click is imported here, so that `--help` answers at once; a command's module is imported when the command is asked for,
and its workflow when it runs.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import NoReturn

import click

from casetable import __version__
from casetable.errors import CasetableError

OUR_BUG, INTERRUPTED = 3, 130

# In the order of the work: of each command the module that holds it, and what it does, in one line of the help.
COMMANDS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "Search": {
        "init": ("commands", "Write a new review, ready to fill in"),
        "lint": ("strategies", "Find the faults of a search strategy"),
        "match": ("strategies", "Say which records a strategy finds, by which of its terms"),
        "refresh": ("searching", "Run the strategies again, and record what each found"),
        "import": ("searching", "Record a search of another source by its exports"),
        "log": ("searching", "List the searches"),
        "diff": ("searching", "Show what changed between two searches, and why"),
    },
    "Decide and extract": {
        "dedupe": ("commands", "Find the records of one report, in files or in the review"),
        "serve": ("serving", "Open the review in the browser: screen, extract, rule, build"),
        "screen": ("screening", "Decide on records and reports"),
        "new": ("screening", "Write an extraction of a report to fill in"),
        "template": ("extracting", "Write a spreadsheet to extract a report in, without YAML"),
        "import-cases": ("extracting", "Bring what was filled in into the report's extraction"),
        "overlap": ("overlapping", "Show which cases may be one patient"),
    },
    "Check": {
        "status": ("commands", "Show where the review stands"),
        "check": ("commands", "Check that every hit, report, case and cell is accounted for"),
        "verify": ("verifying", "Verify that what the cells quote stands in the reports"),
    },
    "Publish": {
        "build": ("commands", "Build the tables, the flow diagram, figures and the page"),
        "value": ("questions", "Give a number of the table by its name"),
        "sql": ("questions", "Ask the tables of the review with one SELECT"),
    },
    "Tools": {
        "rules": ("commands", "List the rules of check and lint, or explain one"),
        "schema": ("commands", "Print the JSON Schema of a hand-written file"),
        "mirror": ("searching", "Serve local PubMed files as NCBI's E-utilities"),
    },
}


class Commands(click.Group):
    """The commands; each is imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return [name for section in COMMANDS.values() for name in section]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        for section in COMMANDS.values():
            if cmd_name in section:
                module = import_module(f"casetable.cli.{section[cmd_name][0]}")
                command: click.Command = getattr(
                    module, "import_" if cmd_name == "import" else cmd_name.replace("-", "_")
                )
                return command
        return None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        longest = max(map(len, self.list_commands(ctx)))
        for title, section in COMMANDS.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(longest), told) for name, (_, told) in section.items()])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--root", type=click.Path(), help="Folder of the review (default: here, or above).")
@click.version_option(__version__, prog_name="casetable", message="%(prog)s %(version)s")
@click.pass_context
def casetable(context: click.Context, root: str | None) -> None:
    """Keeps a review of published cases in git and rebuilds its table, byte for byte.

    Exit codes: 0 done, nothing wrong; 1 problems found; 2 wrong usage, or a file that cannot be read; 3 a fault of
    casetable; 4 a source could not be reached, nothing changed; 130 interrupted.
    """
    context.obj = root


def help_page() -> bytes:
    """Returns the help of every command as a page of Markdown, the same in a terminal of any width."""
    from casetable.render.catalogue import render_help

    above = casetable.make_context(
        "casetable", ["-"], resilient_parsing=True, terminal_width=100, max_content_width=100
    )
    pages = [("casetable", casetable.get_help(above))]
    for name in sorted(casetable.list_commands(above)):
        if command := casetable.get_command(above, name):
            context = click.Context(command, info_name=name, parent=above)
            pages.append((f"casetable {name}", command.get_help(context)))
    return render_help(pages)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs casetable and ends the process with its exit code."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Runs casetable and returns its exit code; never raises."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the caller
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    # A command builds many values and ends: looking for garbage among them all, again and again, only costs time.
    gc.set_threshold(200_000, 50, 100)
    try:
        code = casetable.main(args=list(arguments) if arguments is not None else None, standalone_mode=False)
        sys.stdout.flush()
    except CasetableError as error:
        _say(str(error))
        return error.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return 2
    except click.ClickException as error:
        _say(error.format_message())
        return 2
    except (click.Abort, KeyboardInterrupt):
        _say("interrupted; every file is whole")
        return INTERRUPTED
    except OSError as error:
        if not isinstance(error, BrokenPipeError):
            _say(f"the answer cannot be written ({error.strerror})") if error.filename is None else _say(
                f"{error.filename} cannot be read or written ({error.strerror})"
            )
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 2
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception:  # noqa: BLE001  # the last stop: whatever we did not foresee is our bug, and is logged
        _say(f"a fault of casetable, not of the review; what happened is in {log_bug()}")
        return OUR_BUG
    return code if isinstance(code, int) else 0


def _say(text: str) -> None:
    from casetable.problems import visible

    for number, line in enumerate(text.split("\n")):
        click.echo(visible(line if number else f"casetable: {line}"), err=True)


def log_bug(error: BaseException | None = None) -> str:
    """Writes what went wrong, the error given or the one at hand, to a log without secrets, and returns its name."""
    import tempfile
    import traceback

    told = f"casetable {__version__}, Python {sys.version}\n{''.join(traceback.format_exception(error or sys.exception()))}"
    for name in ("NCBI_API_KEY", "NCBI_EMAIL", "CASETABLE_EMAIL"):
        if secret := os.environ.get(name, "").strip():
            told = told.replace(secret, f"<{name}>")
    with tempfile.NamedTemporaryFile("w", prefix="casetable-", suffix=".log", delete=False, encoding="utf-8") as file:
        file.write(told)
    return file.name
