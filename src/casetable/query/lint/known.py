"""What the records that a strategy must find say against it; and faults that a person accepted and that are not there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from casetable.model.article import Article
from casetable.problems import Example, Rule, Severity, joined, shown
from casetable.query.lint.finding import PATH, Finding
from casetable.query.match import match
from casetable.query.parse import read
from casetable.query.tree import stray_references

_STRATEGY = "strategy: dermatomyositis AND tocilizumab\n"

L131 = Rule(
    code="L131",
    name="not-takes-known",
    severity=Severity.ERROR,
    summary="NOT takes away a record that the strategy must find",
    why="What takes a known report away takes others like it away.",
    fix="Narrow what stands behind NOT, or remove it.",
    example=Example(
        path=PATH,
        good=_STRATEGY,
        bad="strategy: dermatomyositis AND tocilizumab NOT case[ti]\n",
        message="'case[ti]' takes pmid:11 away, which the strategy must find; expected it to be kept",
    ),
)
L140 = Rule(
    code="L140",
    name="acceptance-unused",
    severity=Severity.WARNING,
    summary="a fault is accepted that the strategy does not have",
    why="A reason that no longer holds hides the next fault of its kind.",
    fix="Remove the entry under `accepts`.",
    example=Example(
        path=PATH,
        good=_STRATEGY,
        bad="strategy: dermatomyositis AND tocilizumab\naccepts:\n  - {rule: L129, reason: it is so}\n",
        message="L129 is accepted, but lint finds none; expected the entry removed",
    ),
)


def lint_known(text: str, known: Sequence[tuple[str, Article]], today: dt.date) -> list[Finding]:
    """Returns the parts of a strategy behind NOT that surely take known records away; each record with its key.

    Of a strategy that cannot be read, nothing.
    """
    node, faults = read(text)
    if not known or node is None or faults or any(stray_references(node)):
        return []
    matched = match(node, [article for _, article in known], today=today, text=text)
    found = []
    for block in matched.blocks:
        if not block.is_excluding:
            continue
        taken = dict.fromkeys(key for at, (key, _) in enumerate(known) if block.sure >> at & 1)
        if taken:
            message = (
                f"{shown(block.text)} takes {joined(taken, 'and')} away, which the strategy must find;"
                f" expected {'it' if len(taken) == 1 else 'them'} to be kept"
            )
            found.append(Finding(rule=L131, start=block.start, end=block.end, message=message))
    return found


RULES = (L131, L140)
