"""Reads the timeline of a case: the events of its course in their order, each with its day or date where it is known."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise

from casetable.curation.nodes import Node
from casetable.curation.shapes import EventShape, key_place
from casetable.model import Cell, Entry, Event
from casetable.problems import Example, Problem, Rule, Severity, did_you_mean, shown
from casetable.times import read_moment

_REPORT = "curated/reports/doe-2020.yaml"
E116 = Rule(
    code="E116",
    name="faulty-timeline",
    summary="a case's timeline names an event twice, or its days do not stand in its order",
    why="The events of a course have one order; with two, nobody can say what came first.",
    fix="Name each event once, in the order in which they came; give days as numbers that all count from one day 0, or all as dates.",
    example=Example(
        path=_REPORT,
        good="    sex: female\n",
        bad="    sex: female\n    timeline: [{event: admission, day: 3}, {event: discharge, day: 1}]\n",
        message="case 1: 'discharge' is on day 1, and stands behind 'admission' on day 3; expected the events in their order",
    ),
)
E117 = Rule(
    code="E117",
    name="event-misspelled",
    severity=Severity.WARNING,
    summary="a cell is of a time that is nearly, but not quite, an event of the case's timeline",
    why="What is of no event of the timeline has no place in the figure of the course.",
    fix="Write the event's name as the timeline has it; if they are two events, add the other to the timeline.",
    example=Example(
        path=_REPORT,
        good="    country: China\n",
        bad="    country: {value: China, when: admision}\n    timeline: [admission, discharge]\n",
        message="case 1: 'admision' is no event of the case's timeline",
    ),
)
RULES = (E116, E117)


def same_event(name: str) -> str:
    """Returns a name in the form that two spellings of it share: case and blanks do not tell events apart."""
    return " ".join(name.casefold().split())


def read_timeline(
    shapes: Sequence[EventShape], node: Node, entries: Mapping[str, Entry], case: str
) -> tuple[tuple[Event, ...], tuple[Problem, ...]]:
    """Returns the events of a case's timeline, and what is wrong with it or with the cells that refer to it."""
    events = tuple(
        Event(
            name=" ".join(shape.event.split()),
            also=tuple(" ".join(name.split()) for name in shape.also),
            day=shape.day,
            place=key_place(node, "timeline", index),
        )
        for index, shape in enumerate(shapes)
    )
    found = [*_twice(events, case), *_disordered(events, case)]
    if events:
        found += _misspelled(events, entries, case)
    return events, tuple(found)


def _twice(events: Iterable[Event], case: str) -> Iterator[Problem]:
    first: dict[str, Event] = {}
    for event in events:
        for name in event.names:
            before = first.setdefault(same_event(name), event)
            if before is not event:
                message = (
                    f"case {case}: {shown(name)} stands already in line {before.place.line}; expected each event once"
                )
                yield E116.at(event.place, message, field="timeline")


def _disordered(events: Iterable[Event], case: str) -> Iterator[Problem]:
    dated = [event for event in events if event.day is not None]
    for before, event in pairwise(dated):
        if isinstance(before.day, dt.date) != isinstance(event.day, dt.date):
            message = (
                f"case {case}: {shown(event.name)} is on {_day(event)}, and {shown(before.name)} on {_day(before)}; "
                "expected numbers of days alone, or dates alone"
            )
            yield E116.at(event.place, message, field="timeline")
        elif _number(event) < _number(before):
            message = (
                f"case {case}: {shown(event.name)} is on {_day(event)}, and stands behind {shown(before.name)} on "
                f"{_day(before)}; expected the events in their order"
            )
            yield E116.at(event.place, message, field="timeline")


def _number(event: Event) -> Decimal:
    return Decimal(event.day.toordinal()) if isinstance(event.day, dt.date) else event.day or Decimal(0)


def _day(event: Event) -> str:
    return event.day.isoformat() if isinstance(event.day, dt.date) else f"day {event.day}"


def _misspelled(events: Iterable[Event], entries: Mapping[str, Entry], case: str) -> Iterator[Problem]:
    names = [name for event in events for name in event.names]
    known = {same_event(name) for name in names}
    for field, entry in entries.items():
        for cell in _timed(entry):
            when = cell.when or str(cell.value)
            if same_event(when) not in known and read_moment(when) is None:
                # "after 3 doses" is no slip for "after 2 doses".
                near = [name for name in names if re.findall(r"\d+", name) == re.findall(r"\d+", when)]
                hint = did_you_mean(when, near, likeness=0.85)
                if hint:
                    message = f"case {case}: {shown(when)} is no event of the case's timeline"
                    yield E117.at(cell.place, message, field=field, hint=hint)


def _timed(entry: Entry) -> Iterator[Cell]:
    """The cells of an entry that say when: those with a time of their own, and the starts and stops of courses."""
    yield from (cell for cell in entry.cells if cell.when)
    for course in entry.courses:
        for part in ("start", "stop"):
            if part in course.parts:
                cell = course.parts[part]
                yield from (each for each in (cell.alternatives or (cell,)) if isinstance(each.value, str))
