"""The timeline of a case in its extraction."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from casetable.curation.files import read_report
from casetable.model import Event
from casetable.problems import Severity
from tests.support.courses import FORM
from tests.unit.test_review import form_of

HEAD = "schema: 1\nreport: pmid:11\naccess: full text\ncases:\n  - case: 1\n    eligible: yes\n"


def read(body: str) -> tuple[tuple[Event, ...], list[str]]:
    report, problems = read_report("curated/reports/doe-2020.yaml", "doe-2020", (HEAD + body).encode(), form_of(FORM))
    events = report.cases[0].timeline if report is not None else ()
    return events, [str(problem).removeprefix("curated/reports/doe-2020.yaml:") for problem in problems]


def test_events_by_name_with_other_names_days_and_dates() -> None:
    events, problems = read(
        "    timeline:\n      - admission\n      - {event: first  dose, also: [start of drug X], day: -2.5}\n"
    )
    assert problems == []
    assert [(event.name, event.also, event.day) for event in events] == [
        ("admission", (), None),
        ("first dose", ("start of drug X",), Decimal("-2.5")),
    ]
    assert [(event.place.line, event.place.column) for event in events] == [(8, 9), (9, 9)]
    events, problems = read("    timeline: [{event: admission, day: 2020-03-01}]\n")
    assert (events[0].day, problems) == (dt.date(2020, 3, 1), [])
    assert read("    timeline:\n") == ((), [])


@pytest.mark.parametrize(
    ("timeline", "told"),
    [
        (
            "[admission, discharge, Admission]",
            ["7:38: E116 timeline: case 1: 'Admission' stands already in line 7; expected each event once"],
        ),
        (
            "[admission, {event: discharge, also: [admission]}]",
            ["7:27: E116 timeline: case 1: 'admission' stands already in line 7; expected each event once"],
        ),
        (
            "[{event: a, day: 3}, b, {event: c, day: 2}]",
            ["7:39: E116 timeline: case 1: 'c' is on day 2, and stands behind 'a' on day 3; expected the events in their order"],
        ),
        (
            "[{event: a, day: 2020-03-02}, {event: b, day: 2020-03-01}]",
            [
                "7:45: E116 timeline: case 1: 'b' is on 2020-03-01, and stands behind 'a' on 2020-03-02; expected the events in their order"
            ],
        ),
        (
            "[{event: a, day: 3}, {event: b, day: 2020-03-01}]",
            [
                "7:36: E116 timeline: case 1: 'b' is on 2020-03-01, and 'a' on day 3; expected numbers of days alone, or dates alone"
            ],
        ),
        (
            "[{event: a, day: soon}]",
            ["7:32: F203 day: 'soon' is not a number of days as 12 or -3, or a date as 2026-11-22"],
        ),
        ("[{event: a, days: 3}]", ["7:27: F201 days: 'days' is not a key of this mapping; expected also, day or event; did you mean 'day'?"]),
        ("[{day: 3}]", ["7:16: F202 event: is missing; expected the name of the event, as the cells' 'when' has it"]),
        ("admission", ["7:15: F203 timeline: 'admission' is not a list of the events of the course, in their order"]),
    ],
)  # fmt: skip
def test_a_faulty_timeline(timeline: str, told: list[str]) -> None:
    assert read(f"    timeline: {timeline}\n")[1] == told


def test_a_misspelled_event_is_told_with_what_was_meant() -> None:
    body = """\
    timeline: [admission, first worsening of the lungs]
    marker:
      - {value: 3, when: admision}
      - {value: 4, when: Admission}
      - {value: 5, when: day 3}
      - {value: 6, when: discharge}
    drug_x:
      - {dose: 1, unit: mg, start: first worsning of the lungs}
      - {dose: 1, unit: mg, start: {conflicting: [{value: admissoin}, {value: discharge}]}}
"""
    assert sorted(read(body)[1], key=lambda told: int(told.partition(":")[0])) == [
        "9:17: E117 marker: case 1: 'admision' is no event of the case's timeline; did you mean 'admission'?",
        "14:36: E117 drug_x: case 1: 'first worsning of the lungs' is no event of the case's timeline;"
        " did you mean 'first worsening of the lungs'?",
        "15:59: E117 drug_x: case 1: 'admissoin' is no event of the case's timeline; did you mean 'admission'?",
    ]
    assert read(body.replace("    timeline: [admission, first worsening of the lungs]\n", ""))[1] == []


def test_another_number_is_another_event() -> None:
    assert read("    timeline: [after 2 doses]\n    marker: [{value: 3, when: after 3 doses}]\n")[1] == []


def test_a_misspelled_event_is_a_warning() -> None:
    body = "    timeline: [admission]\n    marker: [{value: 3, when: admision}]\n"
    _, problems = read_report("r.yaml", "r", (HEAD + body).encode(), form_of(FORM))
    assert [problem.severity for problem in problems] == [Severity.WARNING]
