"""The catalogue of rules, and the help of the commands, as pages to read."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby

from casetable.problems import Rule, visible
from casetable.render.github import unmarked

# What the rules of a letter are about, in the order of the page.
FAMILIES = {
    "F": "Files",
    "P": "Protocol, form and strategy files",
    "Q": "Searches",
    "L": "The text of a strategy (`casetable lint`)",
    "S": "Screening",
    "D": "Duplicates",
    "E": "Extraction",
    "O": "Overlap of patients",
    "N": "Numbers of the flow diagram",
    "R": "Reports that change",
    "C": "Claims",
    "V": "Quotes (`casetable verify`)",
    "X": "Spreadsheets (`casetable import-cases`)",
    "A": "Accepted problems",
}
_HEAD = """\
# The rules

Written by `casetable rules --format markdown`; `make docs` writes it anew. `casetable rules CODE` shows one rule.

An *error* must be mended: `casetable check` ends 1 while there is one. A *warning* is honest, but not complete: the review
can be built, and `casetable check --strict` ends 1. A *note* is advice.
"""
_MAX_LINES, _MAX_WIDTH = 20, 160


def render_rules(rules: Sequence[Rule]) -> bytes:
    """Returns rules as Markdown, by the letter of their code, each with why, what to do, and an example good and bad."""
    letters = list(FAMILIES)

    def family(rule: Rule) -> tuple[int, str]:
        letter = rule.code[0]
        return (letters.index(letter) if letter in letters else len(letters), letter)

    parts = [_HEAD]
    for (_, letter), listed in groupby(sorted(rules, key=lambda rule: (family(rule), rule.code)), family):
        parts.append(f"\n## {letter}: {FAMILIES.get(letter, 'Other rules')}\n")
        parts += [_rule(rule) for rule in listed]
    return "".join(parts).encode()


def _rule(rule: Rule) -> str:
    example = rule.example
    is_query = example.path.startswith("queries/") and rule.code.startswith("L") and not _is_yaml(example.good)
    language = "text" if is_query else "json" if example.path.endswith(".jsonl") else "yaml"
    where = "" if is_query else f", in `{example.path}`"
    good = f"\nGood{where}:\n\n{_fenced(_cut(example.good), language)}" if example.good else ""
    if example.bad is None:
        bad = f"\nBad: `{example.path}` is missing.\n"
    elif not example.bad:
        bad = "\nBad: without these lines.\n"
    else:
        bad = f"\nBad{where}:\n\n{_fenced(_cut(example.bad), language)}"
    return (
        f"\n### {rule.code} {rule.name}\n\n*{rule.severity}*: {_prose(rule.summary)}\n\n"
        f"- **Why**: {_prose(rule.why)}\n- **What to do**: {_prose(rule.fix)}\n{good}{bad}"
        f"\nWhich says:\n\n{_fenced(visible(example.message), 'text')}"
    )


def _is_yaml(text: str) -> bool:
    return re.match(r"\w+:\s", text) is not None


def _prose(text: str) -> str:
    """Returns a text of ours as Markdown: what stands in backticks stays code."""
    pieces = re.split(r"(`[^`]+`)", text)
    return "".join(piece if at % 2 else unmarked(piece) for at, piece in enumerate(pieces))


def _cut(text: str) -> str:
    lines = [visible(line) for line in text.rstrip("\n").split("\n")]
    cut = [line if len(line) <= _MAX_WIDTH else line[: _MAX_WIDTH - 1] + "…" for line in lines[:_MAX_LINES]]
    return "\n".join([*cut, *(["…"] if len(lines) > _MAX_LINES else [])])


def _fenced(text: str, language: str) -> str:
    """Returns a text as a code block, behind a fence that nothing in it can close."""
    fence = "`" * (1 + max([2, *(len(run) for run in re.findall("`+", text))]))
    return f"{fence}{language}\n{text}\n{fence}\n"


def render_help(commands: Sequence[tuple[str, str]]) -> bytes:
    """Returns the help of commands, each given with the words that call it, as Markdown."""
    head = "# The commands\n\nWhat `--help` says of each; `make docs` writes it anew.\n"
    parts = [f"\n## {unmarked(name)}\n\n{_fenced(text.rstrip(), 'text')}" for name, text in commands]
    return (head + "".join(parts)).encode()
