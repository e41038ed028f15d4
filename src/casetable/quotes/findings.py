"""What `verify` finds wrong, as problems with their rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from casetable.problems import Example, Problem, Rule, Severity
from casetable.quotes.judge import Judged, Outcome

_REPORT = "curated/reports/doe-2020.yaml"

V201 = Rule(
    code="V201",
    name="not-in-the-text",
    summary="what a cell quotes is not in the report's text",
    why="Of reviews that were checked against their reports, 85 of 100 had a wrong value in them (Xu et al., BMJ 2022).",
    fix="Look the value up at its place, and correct the cell or its quote.",
    example=Example(
        path=_REPORT,
        good="    age_years: 3\n",
        bad="    age_years: {value: 3, reported: third birthday}\n",
        message="case 1: 'third birthday' is not in the text",
    ),
)
V202 = Rule(
    code="V202",
    name="like-it-in-the-text",
    summary="the report's text has something like a cell's value or quote, and not the same",
    why="A slip of a digit, of a unit or of a line of the table looks just so.",
    fix="Compare the two, and correct the cell; quote as much as bears its value out. Name a field as reports print it under `names`, and a choice"
    " under its printed forms, in curated/form.yaml.",
    example=Example(
        path=_REPORT,
        good="    age_years: 3\n",
        bad='    age_years: {value: 13, reported: "13-year-old girl"}\n',
        message="case 1: '13-year-old girl' is not in the text, but 'A 3-year-old girl from China was…'",
    ),
)
V203 = Rule(
    code="V203",
    name="elsewhere-in-the-text",
    severity=Severity.WARNING,
    summary="a value stands in the report, and not where the cell says",
    why="A reader who looks it up does not find it.",
    fix="Correct `where`.",
    example=Example(
        path=_REPORT,
        good="    age_years: 3\n",
        bad='    age_years: {value: 3, reported: "3-year-old girl", where: Discussion}\n',
        message="case 1: stands in 'Case presentation'; expected in 'Discussion', as the cell says",
    ),
)
V204 = Rule(
    code="V204",
    name="unverifiable",
    severity=Severity.WARNING,
    summary="a cell cannot be held against a text",
    why="Nobody but its curator has seen that it is right.",
    fix="Run `casetable refresh --texts`, or put the report into `.casetable/texts/` under the name of its extraction; give a cell of text its quote"
    " under `reported`.",
    example=Example(
        path=_REPORT,
        good="    country: China\n",
        bad="    country: somewhere in Asia\n",
        message="case 1: 'somewhere in Asia' has no quote; expected 'reported', as the report prints it",
    ),
)

RULES = (V201, V202, V203, V204)

_RULES = {Outcome.ABSENT: V201, Outcome.NEAR: V202, Outcome.ELSEWHERE: V203, Outcome.UNVERIFIABLE: V204}


def problems_of(judged: Iterable[Judged]) -> Iterator[Problem]:
    """Yields a problem for each cell that was not verified, at the cell."""
    for each in judged:
        if each.outcome is Outcome.VERIFIED:
            continue
        rule = _RULES[each.outcome]
        yield rule.at(each.slot.cell.place, f"case {each.slot.case}: {each.message}", field=each.slot.name)
