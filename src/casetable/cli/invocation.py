"""What every command shares: its options, the review it runs in, what it says, and how far it is."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from pathlib import Path

    from casetable.workspace import Workspace

# How many records a person is shown in one list.
SHOWN_AT_MOST = 40

F = TypeVar("F", bound=Callable[..., Any])


def form_option(*more: str) -> Callable[[F], F]:
    return click.option(
        "--format",
        "form",
        type=click.Choice(["text", "json", *more]),
        default="text",
        help="How the answer is written.",
    )


dry = click.option("--dry-run", "is_dry", is_flag=True, help="Say what would be written, and write nothing.")


def workspace_of(context: click.Context) -> Workspace:
    from pathlib import Path

    from casetable.errors import UsageError
    from casetable.workspace import Workspace

    root = context.obj
    try:
        return Workspace.find(Path(root).resolve() if root else Path.cwd())
    except OSError as error:
        raise UsageError(f"the folder cannot be read ({error.strerror})") from None


def below_repository(root: Path) -> str:
    """Returns the way from the repository that GitHub Actions checked out to a folder in it: "" or "reviews/lung/"."""
    import os
    from pathlib import Path

    top = os.environ.get("GITHUB_WORKSPACE", "")
    try:
        way = root.resolve().relative_to(Path(top).resolve()).as_posix() if top else "."
    except (OSError, ValueError):
        return ""
    return "" if way == "." else f"{way}/"


def today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()


def echo(text: str = "") -> None:
    from casetable.problems import visible

    click.echo(visible(text))


def remark(text: str) -> None:
    from casetable.problems import visible

    click.echo(visible(text), err=True)


MANY = 100


class Progress:
    """A progress bar on stderr for each thing that takes its time; silent where stderr is no terminal."""

    def __init__(self, *, is_shown: bool) -> None:
        self._is_shown = is_shown and sys.stderr.isatty()
        self._label = ""
        self._bar: Any = None

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def __call__(self, label: str, done: int, of: int) -> None:
        if not self._is_shown:
            return
        if label != self._label:
            self._close()
            self._label = label
            self._bar = click.progressbar(length=of, label=label, file=sys.stderr)
            self._bar.__enter__()
            self._bar.render_progress()
        self._bar.update(done - self._bar.pos)

    def of(self, label: str) -> Callable[[int, int], None]:
        """Returns what tells how far one kind of work is; a bar comes only for work of some size."""

        def told(done: int, of: int) -> None:
            if of >= MANY:
                self(label, done, of)

        return told

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.__exit__(None, None, None)
            self._bar = None
