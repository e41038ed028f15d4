"""The time axis of a case: days, weeks, months or years from a zero where all times are known, else the order of events."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from casetable.course.order import merge_orders
from casetable.curation.timelines import same_event
from casetable.model import Event, plain_number
from casetable.times import DAYS, Moment, read_moment

ORDER_ONLY = "order of events; distances are not to scale"
# Up to how many days an axis counts in a unit: more of them would be large numbers.
_LONGEST = (("day", 42), ("week", 366), ("month", 1462))
# How far before or after an event something stands of which the report says no more, in steps of an ordered axis.
_BESIDE = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A named place on the axis."""

    at: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """Where times stand. Places are in units of the axis, or numbers of events from 0 where only their order is known.

    `events` are those that have a name, in their order; on an ordered axis each has its step, and there is no `unit`.
    `zero` is the time zero.
    """

    is_ordered: bool
    label: str
    low: float
    high: float
    events: tuple[Mark, ...]
    unit: str = ""
    zero: Mark | None = None
    notes: tuple[str, ...] = ()


class Times:
    """The times of a case by their names, and the axis on which all of them have a place."""

    def __init__(self, timeline: Sequence[Event], zero: str) -> None:
        self._timeline = timeline
        self._zero = zero
        self._event_of = {same_event(name): event for event in reversed(timeline) for name in reversed(event.names)}
        self._moments: dict[str, Moment] = {}
        self._names: dict[str, str] = {}
        self._places: dict[str, tuple[float, float]] = {}
        for event in timeline:
            self.key(event.name)

    def key(self, name: str) -> str:
        """Returns what all names of one event share."""
        event = self._event_of.get(same_event(name))
        moment = read_moment(name) if event is None else _moment(event)
        if event is None and moment is not None:
            # A time is the event that is at that time.
            event = next((each for each in self._timeline if _moment(each) == _bare(moment)), None)
        key = same_event(event.name) if event is not None else same_event(name)
        if event is None and moment is not None:
            key = next((known for known, each in self._moments.items() if _bare(each) == _bare(moment)), key)
        self._names.setdefault(key, event.name if event is not None else " ".join(name.split()))
        if moment is not None:
            self._moments.setdefault(key, moment)
        return key

    def has_place(self, name: str) -> bool:
        """Whether a time may stand on the axis: where the case has a timeline, any of its events, and any day."""
        key = self.key(name)
        return not self._timeline or key in self._moments or key in self._event_of

    def place(self, name: str) -> tuple[float, float] | None:
        """Returns from where to where a time is on the axis."""
        return self._places.get(self.key(name))

    def place_beside(self, name: str) -> float | None:
        """Returns where a time stands that is only known as before or after an event of an ordered axis."""
        known = self.place(name)
        if known is not None:
            return known[0]
        side, _, event = " ".join(name.split()).partition(" ")
        beside = self.place(event) if event and side.lower() in {"before", "after"} else None
        if beside is None:
            return None
        return beside[0] + (_BESIDE if side.lower() == "after" else -_BESIDE)

    def axis(
        self, series: Iterable[Sequence[str]], courses: Iterable[Sequence[str]], doubtful: Iterable[str] = ()
    ) -> Axis | None:
        """Returns the axis of all times that are named, and gives them their places; None where there is none.

        `series` are the times of each laboratory series as it lists them, and `courses` those of each field of courses;
        `doubtful` are those that contradict each other, which have a place on an axis of days, and are no events.
        """
        firm = [[self.key(name) for name in names] for names in series]
        loose = [[self.key(name) for name in names] for names in courses]
        used = list(dict.fromkeys(key for keys in (*firm, *loose) for key in keys))
        if not used:
            return None
        days = self._days(used, [self.key(name) for name in doubtful])
        return self._scaled(used, *days) if days is not None else self._ordered(firm, loose)

    def _days(
        self, used: Sequence[str], doubtful: Sequence[str]
    ) -> tuple[Mapping[str, tuple[Fraction, Fraction]], str, str] | None:
        """Returns the days since day 0 of all that is used and of the timeline's events, what day 0 is, and a note on it."""
        moments = {
            key: moment for key, moment in self._moments.items() if key in used or key in self._dated or key in doubtful
        }
        if any(key not in moments for key in used):
            return None
        zero_key = self.key(self._zero) if self._zero and same_event(self._zero) in self._all_names else ""
        zero = self._moments.get(zero_key)
        dates = {moment.is_date for key, moment in moments.items() if key in used}
        told, note = self._zero, ""
        if zero is None:
            if len(dates) == 2:
                return None
            start = Fraction(0)
            if True in dates:
                start = min(moment.low for moment in moments.values() if moment.is_date)
                first = dt.date.fromordinal(int(start)).isoformat()
                told, note = f"{first}, the first date", f"The date of “{told}” is not known." if told else ""
            moments = {key: moment for key, moment in moments.items() if moment.is_date in dates}
            offsets = dict.fromkeys(dates, start)
        elif zero.is_date:
            # What is counted in days counts from the zero, whose date is known.
            offsets = {True: zero.low, False: Fraction(0)}
        elif True in dates:
            return None
        else:
            offsets = {False: zero.low}
            if zero.low:
                note = f"“{told}” is day {float(zero.low):g} of the report, and day 0 here."
            moments = {key: moment for key, moment in moments.items() if not moment.is_date}
        days = {
            key: (moment.low - offsets[moment.is_date], moment.high - offsets[moment.is_date])
            for key, moment in moments.items()
        }
        return days, told, note

    @property
    def _dated(self) -> set[str]:
        return {same_event(event.name) for event in self._timeline if event.day is not None}

    @property
    def _all_names(self) -> set[str]:
        return {*self._event_of, *(same_event(name) for name in self._names.values())}

    def _scaled(self, used: Sequence[str], days: Mapping[str, tuple[Fraction, Fraction]], zero: str, note: str) -> Axis:
        ends = [day for span in days.values() for day in span] + [Fraction(0)]
        span = max(ends) - min(ends)
        unit = next((unit for unit, longest in _LONGEST if span <= longest), "year")
        self._places = {key: (float(low / DAYS[unit]), float(high / DAYS[unit])) for key, (low, high) in days.items()}
        low, high = float(min(ends) / DAYS[unit]), float(max(ends) / DAYS[unit])
        pad = 0.03 * (high - low) or 1.0
        is_converted = unit in ("month", "year") or any(self._moments[key].unit in ("month", "year") for key in used)
        return Axis(
            is_ordered=False,
            label=f"{unit}s; day 0: {zero}" if zero else f"{unit}s; day 0 as the report counts",
            low=low - pad,
            high=high + pad,
            unit=unit,
            events=tuple(
                Mark(at=self._places[key][0], label=event.name)
                for event in self._timeline
                if (key := same_event(event.name)) in self._places
            ),
            zero=Mark(at=0.0, label=f"day 0: {zero}" if zero else "day 0"),
            notes=tuple(text for text in (note, "A month is counted as 30.4 days." if is_converted else "") if text),
        )

    def _ordered(self, firm: Sequence[Sequence[str]], loose: Sequence[Sequence[str]]) -> Axis:
        named = dict.fromkeys(
            key for keys in ([same_event(e.name) for e in self._timeline], *firm, *loose) for key in keys
        )
        by_day = [
            sorted((key for key in named if self._is_dated(key) is kind), key=lambda key: self._moments[key].low)
            for kind in (False, True)
        ]
        merged = merge_orders(
            [[same_event(event.name) for event in self._timeline], *by_day, *firm], [*loose, *self._sides(named)]
        )
        self._places = {key: (float(at), float(at)) for at, key in enumerate(merged.events)}
        notes = [
            f"The extraction names “{self._names[one]}” before “{self._names[other]}” in one place, and behind it in another."
            for one, other in merged.contradicted
        ]
        if merged.unsettled:
            pairs = [f"“{self._names[one]}” and “{self._names[other]}”" for one, other in merged.unsettled]
            more = f", and {len(pairs) - 3} more pairs" if len(pairs) > 3 else ""
            notes.append(
                f"Which came first is not known of {'; '.join(pairs[:3])}{more}: they stand as the extraction names them."
            )
        zero = self.place(self._zero) if self._zero and same_event(self._zero) in self._all_names else None
        return Axis(
            is_ordered=True,
            label=ORDER_ONLY,
            low=-0.5,
            high=len(merged.events) - 0.5,
            events=tuple(Mark(at=float(at), label=self._tick(key)) for at, key in enumerate(merged.events)),
            zero=Mark(at=zero[0], label=f"0: {self._zero}") if zero is not None else None,
            notes=tuple(notes),
        )

    def _is_dated(self, key: str) -> bool | None:
        return self._moments[key].is_date if key in self._moments else None

    def _sides(self, named: Iterable[str]) -> Iterable[tuple[str, str]]:
        """Pairs that their names put in order: "after X" comes behind X."""
        keys = dict.fromkeys(named)
        for key in keys:
            side, _, event = key.partition(" ")
            if event in keys and side in {"before", "after"}:
                yield (key, event) if side == "before" else (event, key)

    def _tick(self, key: str) -> str:
        """The name of an event, with its day where that is known and the name does not say it."""
        event = self._event_of.get(key)
        if event is None or event.day is None or read_moment(event.name) is not None:
            return self._names[key]
        day = event.day.isoformat() if isinstance(event.day, dt.date) else f"day {plain_number(event.day)}"
        return f"{self._names[key]} ({day})"


def _moment(event: Event) -> Moment | None:
    """When an event was: by its day, else by its name."""
    if isinstance(event.day, dt.date):
        at = Fraction(event.day.toordinal())
        return Moment(low=at, high=at, is_date=True)
    if isinstance(event.day, Decimal):
        return Moment(low=Fraction(event.day), high=Fraction(event.day))
    named = read_moment(event.name)
    return _bare(named) if named is not None else None


def _bare(moment: Moment) -> Moment:
    """A moment apart from the unit in which it was written."""
    return Moment(low=moment.low, high=moment.high, is_date=moment.is_date)
