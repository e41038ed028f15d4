"""The pages written from the program: every rule and command is there, and nothing in an example breaks the page."""

from __future__ import annotations

import re
from dataclasses import replace
from importlib import import_module

import click
import pytest

from casetable import workflow
from casetable.cli import COMMANDS, help_page
from casetable.problems import Example, Rule
from casetable.render.catalogue import FAMILIES, render_help, render_rules
from tests.e2e.conftest import REPOSITORY

RULES = workflow.rules()
PAGES = {"rules.md": lambda: render_rules(RULES), "commands.md": help_page}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_as_the_program_writes_it(name: str) -> None:
    page = (REPOSITORY / "docs" / name).read_bytes()
    assert page == PAGES[name](), f"docs/{name} is not as casetable writes it now; run 'make docs', and commit it"


def blocks(page: str) -> list[str]:
    """The contents of the code blocks of a page, by GitHub's rule that a fence is closed by one as long."""
    found: list[str] = []
    fence, lines = "", list[str]()
    for line in page.splitlines():
        opening = re.match(r"`{3,}", line)
        if not fence and opening:
            fence, lines = opening[0], []
        elif fence and line.startswith(fence) and not line.strip("`"):
            found.append("\n".join(lines))
            fence = ""
        elif fence:
            lines.append(line)
    assert not fence, "a block is never closed"
    return found


def test_every_rule_is_on_the_page_once_with_all_that_is_known_of_it() -> None:
    page = render_rules(RULES).decode()
    assert re.findall(r"^### (\S+) \S+$", page, re.MULTILINE) == [
        rule.code for letter in FAMILIES for rule in sorted(RULES, key=lambda r: r.code) if rule.code[0] == letter
    ]
    assert {rule.code[0] for rule in RULES} <= FAMILIES.keys(), "a letter without a heading in render/catalogue.py"
    told = blocks(page)
    for rule in RULES:
        assert rule.example.message in told, rule.code
        section = page[page.index(f"### {rule.code} ") :].split("\n### ")[0]
        assert f"\n*{rule.severity}*: " in section
        assert section.count("- **Why**: ") == section.count("- **What to do**: ") == 1


def rule_with(**example: str | None) -> Rule:
    given = {"path": "curated/form.yaml", "good": "a: b\n", "bad": "c: d\n", "message": "m", **example}
    return replace(
        RULES[0], code="E999", why="Why `<b>` and <b>.", fix="Do_this_.", summary="x | y", example=Example(**given)
    )


def test_an_example_cannot_leave_its_block() -> None:
    text = "```\n# not a heading\n````\n<script>\n"
    page = render_rules([rule_with(bad=text)]).decode()
    assert text.rstrip("\n") in blocks(page)
    assert "\n# not a heading" not in re.sub(r"(?ms)^(`{5,}).*?^\1$", "", page)


def test_prose_is_text_and_code_stays_code() -> None:
    page = render_rules([rule_with()]).decode()
    assert "- **Why**: Why `<b>` and &lt;b&gt;.\n" in page
    assert "- **What to do**: Do\\_this\\_.\n" in page
    assert "*error*: x &#124; y\n" in page


def test_an_example_is_cut_and_steers_nothing() -> None:
    page = render_rules([rule_with(bad="a\tb\x1b[31m\n" + "x" * 500 + "\n" * 30 + "end")]).decode()
    [_, bad, _] = blocks(page)
    lines = bad.split("\n")
    assert lines[0] == "a\\tb\\x1b[31m"
    assert len(lines[1]) == 160
    assert lines[-1] == "…"
    assert len(lines) == 21


def test_a_missing_file_and_missing_lines_are_said() -> None:
    assert "Bad: `curated/form.yaml` is missing.\n" in render_rules([rule_with(bad=None, good="")]).decode()
    assert "Bad: without these lines.\n" in render_rules([rule_with(bad="")]).decode()


def test_every_command_is_on_its_page() -> None:
    page = help_page().decode()
    headings = re.findall(r"^## casetable ?(\S*)$", page, re.MULTILINE)
    assert headings == ["", *sorted(name for section in COMMANDS.values() for name in section)]
    assert "--help" in page
    assert all(len(line) <= 110 for line in page.splitlines())
    assert render_help([("a b", "usage\n")]).decode().endswith("\n## a b\n\n```text\nusage\n```\n")


def test_every_command_is_in_the_table_of_commands() -> None:
    known = {(module, name) for section in COMMANDS.values() for name, (module, _) in section.items()}
    found = set()
    for path in (REPOSITORY / "src/casetable/cli").glob("*.py"):
        module = import_module(f"casetable.cli.{path.stem}" if path.stem != "__init__" else "casetable.cli")
        for value in vars(module).values():
            is_command = isinstance(value, click.Command) and not isinstance(value, click.Group)
            if is_command and getattr(value.callback, "__module__", "") == module.__name__:
                found.add((path.stem, value.name))
    assert found == known
    told = [text for section in COMMANDS.values() for _, text in section.values()]
    assert all(len(text) <= 62 and not text.endswith(".") for text in told), "one line of a terminal"
