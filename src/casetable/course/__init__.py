"""The clinical course of a case as a figure shows it: treatments as bars, laboratory series as lines, on one time axis.

Where the report gives no days the axis is the order of events. What the figure cannot show, its notes say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from casetable.course.axis import Axis, Mark, Times
from casetable.model import (
    Case,
    Cell,
    Course,
    CourseFigure,
    Entry,
    Field,
    FieldType,
    Form,
    Number,
    Record,
    Report,
    Status,
)
from casetable.problems import joined
from casetable.review import Review
from casetable.times import DAYS, read_interval

__all__ = ["Axis", "Bar", "Chart", "End", "Gap", "Line", "Mark", "Point", "charts"]

# A scale is logarithmic where the highest value is more than so many times the lowest: two decades.
_WIDE = 100
_MOST_DOSES = 200


class End(StrEnum):
    """How the end of a bar is known."""

    KNOWN = "known"
    ONGOING = "ongoing"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One course of treatment.

    `group` is the label of its field; `detail` says dose, route, schedule and number. A `start` of None is not known; where
    `earliest` is before `start`, it was somewhere between. `doses` are the places of single doses, by the `schedule`
    where no report gives them one by one. `when` says all of it in words.
    """

    group: str
    drug: str
    detail: str
    when: str
    start: float | None
    earliest: float | None = None
    stop: float | None = None
    end: End = End.UNKNOWN
    is_derived: bool = False
    doses: tuple[float, ...] = ()
    schedule: str = ""

    @property
    def has_place(self) -> bool:
        return self.start is not None or self.stop is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A measured value, or the range of it; `until` is behind `at` where it was measured in a span of time."""

    at: float
    until: float
    low: float
    high: float
    sign: str
    text: str
    when: str
    is_derived: bool = False
    is_conflicting: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A time at which a report speaks of a value without giving it."""

    at: float
    text: str
    when: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A laboratory series in the order of time, in its field's unit, with the reference range that its cells or the form give."""

    label: str
    unit: str
    points: tuple[Point, ...]
    gaps: tuple[Gap, ...]
    reference: Number | None
    is_log: bool

    @property
    def head(self) -> str:
        return f"{self.label} ({self.unit})" if self.unit else self.label


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """All that the figure of one case shows.

    `case` is the case as REPORT/CASE, `name` that of the figure's files, without ending; `words` say the whole course.
    """

    case: str
    name: str
    title: str
    axis: Axis
    bars: tuple[Bar, ...]
    lines: tuple[Line, ...]
    notes: tuple[str, ...]
    words: str


def charts(review: Review) -> tuple[Chart, ...]:
    """Returns the charts of the cases that the form asks for, else of those of the index report.

    A case without a treatment or value that has a place in time has none.
    """
    form = review.inputs.form
    if form is None:
        return ()
    figure = form.figure or CourseFigure()
    bars, lines = _drawn(review, form, figure)
    once = [] if figure.lines else [field for field in _series(form) if field not in lines]
    found: list[Chart] = []
    taken: set[str] = set()
    for report, record, case in _cases(review, figure):
        chart = _chart(case, record, bars, lines, once, figure.zero)
        if chart is not None:
            name = stem = f"{report.name}-{case.id}"
            number = 2
            while name.casefold() in taken:  # a-1 of case 2, and a of case 1-2
                name, number = f"{stem}-{number}", number + 1
            taken.add(name.casefold())
            found.append(replace(chart, case=f"{report.name}/{case.id}", name=name))
    return tuple(found)


def _cases(review: Review, figure: CourseFigure) -> Iterator[tuple[Report, Record, Case]]:
    protocol = review.inputs.protocol
    index = review.item_of(protocol.index_report) if protocol and protocol.index_report else None
    for item in review.items if figure.cases else review.included:
        for report in item.extractions[:1]:
            for case in report.cases:
                if figure.cases:
                    is_drawn = f"{report.name}/{case.id}" in figure.cases
                else:
                    is_drawn = bool(case.is_eligible) and (figure.is_for_all or item is index)
                if is_drawn:
                    yield report, item.record, case


def _drawn(review: Review, form: Form, figure: CourseFigure) -> tuple[list[Field], list[Field]]:
    """Returns the fields that are bars and lines: those of the figure, else all courses and whatever was measured twice."""
    bars = [form.fields[name] for name in figure.bars] or [
        field for field in form.fields.values() if field.type is FieldType.COURSES
    ]
    entries = [case.entries for report in review.inputs.reports for case in report.cases]
    lines = [form.fields[name] for name in figure.lines] or [
        field
        for field in _series(form)
        if any(_measured(known[field.name]) > 1 for known in entries if field.name in known)
    ]
    return bars, lines


def _series(form: Form) -> Iterator[Field]:
    return (field for field in form.fields.values() if field.type is FieldType.NUMBER and field.series)


def _measured(entry: Entry) -> int:
    return sum(1 for cell in entry.cells if _numbers(cell))


def _numbers(cell: Cell) -> list[Number]:
    return [each.value for each in cell.alternatives or (cell,) if isinstance(each.value, Number)]


# --- one case ---------------------------------------------------------------------------------------------------------


def _chart(
    case: Case,
    record: Record,
    bar_fields: Sequence[Field],
    line_fields: Sequence[Field],
    once: Sequence[Field],
    zero: str,
) -> Chart | None:
    times = Times(case.timeline, zero)
    cells = [(field, case.entries[field.name].cells) for field in line_fields if field.name in case.entries]
    courses = [(field, case.entries[field.name].courses) for field in bar_fields if field.name in case.entries]
    axis = times.axis(
        [[cell.when for cell in measured if cell.when and times.has_place(cell.when)] for _, measured in cells],
        [[text for course in given for text in _named(course) if times.has_place(text)] for _, given in courses],
        [text for _, given in courses for course in given for text in _doubtful(course)],
    )
    if axis is None:
        return None
    notes: list[str] = []
    bars = [_bar(course, field, times, axis, notes) for field, given in courses for course in given]
    lines = [line for field, measured in cells if (line := _line(field, measured, times, notes))]
    if not any(bar.has_place for bar in bars) and not lines:
        return None
    axis = _widened(axis, bars)
    title = f"{record.label}, case {case.id}"
    told = tuple(
        dict.fromkeys(
            note[:1].upper() + note[1:] for note in [*_meanings(bars, lines), *notes, *_once(case, once), *axis.notes]
        )
    )
    return Chart(
        case="",
        name="",
        title=title,
        axis=axis,
        bars=tuple(bars),
        lines=tuple(lines),
        notes=told,
        words=_words(title, axis, bars, lines, told),
    )


_ONGOING = frozenset(
    ["ongoing", "continued", "continuing", "to date", "still given", "last follow-up", "end of follow-up"]
)


def _named(course: Course) -> Iterator[str]:
    """The times that a course names and that stand for one point: no contradictions, and no "ongoing"."""
    for part in ("start", "stop"):
        cell = course.parts.get(part)
        if cell is not None and isinstance(cell.value, str) and cell.value.lower() not in _ONGOING:
            yield cell.value


def _doubtful(course: Course) -> Iterator[str]:
    """The times of a course that contradict each other."""
    for part in ("start", "stop"):
        for cell in course.parts[part].alternatives if part in course.parts else ():
            if isinstance(cell.value, str):
                yield cell.value


def _bar(course: Course, field: Field, times: Times, axis: Axis, notes: list[str]) -> Bar:
    drug = course.drug or field.label
    start, stop = course.parts.get("start"), course.parts.get("stop")
    span = _span(start, times)
    ends = _span(stop, times)
    end = End.KNOWN if ends is not None else End.UNKNOWN
    if stop is not None and isinstance(stop.value, str) and stop.value.lower() in _ONGOING:
        end = End.ONGOING
    at = span[1] if span is not None else None
    if span is not None and start is not None and not start.alternatives and stop is None and span[0] < span[1]:
        at, ends, end = span[0], span, End.KNOWN  # "day 1-8" is from when to when
        span = (at, at)
    notes += _doubts(drug, start, stop, span, ends, end)
    if at is not None and ends is not None and ends[1] < at:
        notes.append(f"{drug}: its stop ({_text(stop)}) is before its start ({_text(start)}), and is not drawn.")
        ends, end = None, End.UNKNOWN
    doses, by_schedule = _doses(course, at, axis, ends)
    if by_schedule and doses:
        ends, end = ends or (doses[-1], doses[-1]), End.KNOWN
    return Bar(
        group=field.label,
        drug=drug,
        detail=_detail(course),
        when=_when(start, stop),
        start=at,
        earliest=span[0] if span is not None and span[0] < span[1] else None,
        stop=ends[1] if ends is not None else None,
        end=end,
        is_derived=any(cell is not None and cell.status is Status.DERIVED for cell in (start, stop)),
        doses=doses,
        schedule=_part(course, "schedule") if by_schedule and doses else "",
    )


def _span(cell: Cell | None, times: Times) -> tuple[float, float] | None:
    """From where to where a start or a stop may be on the axis; alternatives that contradict each other span a range."""
    if cell is None:
        return None
    if cell.alternatives:
        found = [
            place
            for each in cell.alternatives
            if isinstance(each.value, str) and (place := times.place_beside(each.value)) is not None
        ]
        return (min(found), max(found)) if found else None
    return times.place(cell.value) if isinstance(cell.value, str) else None


def _doses(
    course: Course, start: float | None, axis: Axis, ends: tuple[float, float] | None
) -> tuple[tuple[float, ...], bool]:
    """Returns where single doses are, and whether that follows from a schedule: on an axis of days, by its interval."""
    if start is None:
        return (), False
    count = course.parts.get("count")
    number = count.value if count is not None else None
    is_number = isinstance(number, Number) and number.low == number.high and not number.sign
    if isinstance(number, Number) and is_number and number.low == 1:
        return (start,), False
    interval = read_interval(_part(course, "schedule"))
    if axis.is_ordered or interval is None or not isinstance(number, Number) or not is_number:
        return (), False
    if number.low != int(number.low) or not 1 < number.low <= _MOST_DOSES:
        return (), False
    step = float(interval / DAYS[axis.unit])
    doses = tuple(start + step * each for each in range(int(number.low)))
    if ends is not None and doses[-1] > ends[1] + 0.5 * step:
        return (), False  # the schedule did not hold, or its stop is of something else
    return doses, True


def _part(course: Course, part: str) -> str:
    cell = course.parts.get(part)
    return cell.text if cell is not None and cell.value is not None else ""


def _detail(course: Course) -> str:
    """Dose, route, schedule and number of a course in words; what is not known of its dose is said."""
    told = []
    dose = course.parts.get("dose")
    if dose is not None:
        values = dose.alternatives or (dose,)
        text = " or ".join(
            dict.fromkeys(f"{each.text} {each.unit}".strip() for each in values if each.value is not None)
        )
        told.append(f"{text}{_SAID.get(dose.status, '')}" if text else f"dose {dose.text}")
    told += [text for part in ("route", "schedule") if (text := _part(course, part))]
    count = course.parts.get("count")
    if count is not None and count.value is not None:
        told.append(f"×{count.text}{_SAID.get(count.status, '')}")
    return ", ".join(told)


_SAID = {Status.DERIVED: " (derived)", Status.CONFLICTING: " (conflicting)"}


def _text(cell: Cell | None) -> str:
    return cell.text if cell is not None else "not given"


def _when(start: Cell | None, stop: Cell | None) -> str:
    return f"start: {_text(start)}, stop: {_text(stop)}"


def _doubts(
    drug: str,
    start: Cell | None,
    stop: Cell | None,
    span: tuple[float, float] | None,
    ends: tuple[float, float] | None,
    end: End,
) -> Iterator[str]:
    """What is doubtful of the start and the stop of a bar, in words."""
    for name, cell, place in (("start", start, span), ("stop", stop, ends)):
        if cell is None:
            continue
        if cell.status is Status.CONFLICTING:
            yield f"{drug}: the report contradicts itself on its {name} ({cell.text})."
        elif cell.status is Status.DERIVED:
            yield f"{drug}: its {name} ({cell.text}) is derived from {cell.source.rstrip('.')}."
        elif cell.value is not None and place is None and not (name == "stop" and end is End.ONGOING):
            yield f"{drug}: its {name} ({cell.text}) has no place on this axis."


def _line(field: Field, cells: Sequence[Cell], times: Times, notes: list[str]) -> Line | None:
    points: list[Point] = []
    gaps: list[Gap] = []
    for cell in cells:
        if not cell.when:
            continue
        place, numbers = times.place(cell.when), _numbers(cell)
        remark = f" ({cell.note.rstrip('.')})" if cell.note and not numbers else ""
        if place is None:
            notes.append(
                f"{field.label} {_said_at(cell.when)}: {_valued(cell, field)}{remark}; its time has no place on this axis."
            )
        elif numbers:
            point = _point(cell, numbers, place)
            points.append(point)
            if point.is_conflicting:
                notes.append(f"{field.label} {_said_at(cell.when)}: the report contradicts itself ({cell.text}).")
        else:
            gaps.append(Gap(at=place[0], text=cell.text, when=cell.when))
            notes.append(f"{field.label} {_said_at(cell.when)}: {cell.text}{remark}.")
    if not points:
        return None
    references = list(dict.fromkeys(cell.reference for cell in cells if cell.reference is not None))
    if len(references) > 1:
        others = joined([str(each) for each in references[1:]], "and")
        notes.append(f"{field.label}: other reference ranges are given too ({others}); the first is drawn.")
    points.sort(key=lambda point: (point.at, point.until))
    lowest, highest = min(point.low for point in points), max(point.high for point in points)
    return Line(
        label=field.label,
        unit=field.unit,
        points=tuple(points),
        gaps=tuple(gaps),
        reference=references[0] if references else field.reference,
        is_log=lowest > 0 and highest > _WIDE * lowest,
    )


def _said_at(when: str) -> str:
    return when if when.partition(" ")[0].lower() in {"after", "before", "at", "on"} else f"at {when}"


def _valued(cell: Cell, field: Field) -> str:
    return f"{cell.text} {field.unit}".strip() if cell.value is not None else cell.text


def _point(cell: Cell, numbers: Sequence[Number], place: tuple[float, float]) -> Point:
    return Point(
        at=place[0],
        until=place[1],
        low=float(min(number.low for number in numbers)),
        high=float(max(number.high for number in numbers)),
        sign=numbers[0].sign,
        text=cell.text,
        when=cell.when,
        is_derived=cell.status is Status.DERIVED,
        is_conflicting=cell.status is Status.CONFLICTING,
    )


def _widened(axis: Axis, bars: Iterable[Bar]) -> Axis:
    """The axis with room for the doses that follow from schedules, and for ends of which no more is known."""
    if axis.is_ordered:
        return axis
    places = [at for bar in bars for at in (*bar.doses, bar.stop) if at is not None]
    high = max([axis.high, *(at + 0.03 * (axis.high - axis.low) for at in places if at > axis.high)])
    return replace(axis, high=high)


# --- in words ---------------------------------------------------------------------------------------------------------


def _meanings(bars: Sequence[Bar], lines: Sequence[Line]) -> Iterator[str]:
    """What the ways of drawing mean, as far as they are used."""
    if any(bar.has_place and bar.end is End.UNKNOWN and not bar.doses for bar in bars):
        yield "A bar breaks up where its stop is not known."
    if any(bar.end is End.ONGOING for bar in bars):
        yield "An arrow: still given at the end."
    if any(bar.earliest is not None or bar.is_derived for bar in bars):
        yield "Hatched: a start or stop that is derived or in doubt."
    scheduled = list(dict.fromkeys(f"{bar.drug} ({bar.schedule})" for bar in bars if bar.schedule))
    if scheduled:
        yield f"Doses drawn by their schedule: {', '.join(scheduled)}."
    unplaced = list(dict.fromkeys(bar.drug for bar in bars if not bar.has_place))
    if unplaced:
        yield f"Dotted: when is not known ({', '.join(unplaced)})."
    if any(point.sign for line in lines for point in line.points):
        yield "An open triangle: a bound, as <280."
    if any(line.gaps for line in lines):
        yield "×: a time at which no number is given."


def _once(case: Case, others: Iterable[Field]) -> Iterator[str]:
    """The values of series that are no lines, as each was measured once."""
    by_time: dict[str, list[str]] = {}
    for field in others:
        cells = case.entries[field.name].cells if field.name in case.entries else ()
        if len(cells) == 1 and cells[0].when and isinstance(cells[0].value, Number):
            text = f"{field.label} {_valued(cells[0], field)}"
            reference = cells[0].reference or field.reference
            by_time.setdefault(cells[0].when, []).append(f"{text} (reference {reference})" if reference else text)
    for when, told in by_time.items():
        yield f"Measured once, {_said_at(when)}: {'; '.join(told)}."


def _words(title: str, axis: Axis, bars: Iterable[Bar], lines: Iterable[Line], notes: Iterable[str]) -> str:
    """The course in words, for those who do not see the figure."""
    told = [f"The clinical course of {title}. Time: {axis.label}."]
    if axis.is_ordered:
        told.append("Events in their order: " + "; ".join(mark.label for mark in axis.events) + ".")
    if axis.is_ordered and axis.zero is not None:
        told.append(f"Time zero: {axis.zero.label.removeprefix('0: ')}.")
    groups: dict[str, list[str]] = {}
    for bar in bars:
        groups.setdefault(bar.group, []).append(", ".join(text for text in (bar.drug, bar.detail, bar.when) if text))
    told += [f"{group}: {'; '.join(texts)}." for group, texts in groups.items()]
    for line in lines:
        values = [f"{point.when} {point.text}" for point in line.points] + [
            f"{gap.when} {gap.text}" for gap in line.gaps
        ]
        reference = f"; reference range {line.reference}" if line.reference is not None else ""
        told.append(f"{line.head}: {', '.join(values)}{reference}.")
    return " ".join([*told, *notes])
