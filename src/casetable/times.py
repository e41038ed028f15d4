"""Points in the course of a case, as extractions write them: "day 12", "week 3", "2 days before", "2020-03-01".

Only what has one meaning is read. "20 days later", "hospital day 3" and "for 3 weeks" count from a zero that the text does
not give: they are names of events, and no times.
"""

from __future__ import annotations

import calendar
import datetime as dt
import re
from dataclasses import dataclass
from fractions import Fraction

# A year has 365.25 days and a month a twelfth of them, as wherever units of time are converted.
DAYS = {
    "hour": Fraction(1, 24),
    "day": Fraction(1),
    "week": Fraction(7),
    "month": Fraction(1461, 48),
    "year": Fraction(1461, 4),
}
_NAMES = {
    "hour": "hours|hour|hrs|hr|h",
    "day": "days|day|d",
    "week": "weeks|week|wks|wk|w",
    "month": "months|month|mo",
    "year": "years|year|yrs|yr|y",
}
_UNIT = "|".join(_NAMES.values())
_UNIT_OF = {form: unit for unit, forms in _NAMES.items() for form in forms.split("|")}
_FIGURE = r"\d{1,5}(?:\.\d{1,3})?"
_RANGE = r"\s*(?:-|–|to|until)\s*"
_LEAD = r"(?:(?:at|on|in|from|since|until|till|by)\s+)?(?:the\s+)?"
# "day-3" may be a minus or a hyphen, so that a sign needs a blank in front of it.
_NUMBERED = re.compile(
    rf"{_LEAD}(?P<unit>{_UNIT})\.?(?:\s*(?P<low>{_FIGURE})|\s+(?P<signed>[+−–-]{_FIGURE}))"
    rf"(?:{_RANGE}(?:(?:{_UNIT})\.?\s*)?(?P<high>{_FIGURE}))?",
    re.ASCII,
)
_COUNTED = re.compile(
    rf"(?:(?P<lead>at|after|by)\s+)?(?P<low>{_FIGURE})(?:{_RANGE}(?P<high>{_FIGURE}))?[\s-]*(?P<unit>{_UNIT})"
    r"(?:\s+(?P<side>before|after))?",
    re.ASCII,
)
_DAY = r"[12]\d{3}-\d\d(?:-\d\d)?"
_DATED = re.compile(rf"{_LEAD}(?P<low>{_DAY})(?:\s*(?:–|to|until)\s*(?P<high>{_DAY}))?", re.ASCII)
_REMARK = re.compile(r"\s*\([^()]*\)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A time in days: since day 0, or of the calendar (the proleptic ordinal) where `is_date`.

    `low` is `high` unless it is a span; `unit` is that of the text, "day" for a date.
    """

    low: Fraction
    high: Fraction
    unit: str = "day"
    is_date: bool = False


def read_moment(text: str) -> Moment | None:
    """Returns the time that a text gives, or None where it gives none, or none that counts from day 0."""
    text = _REMARK.sub("", " ".join(text.lower().split()))
    if found := _DATED.fullmatch(text):
        first, last = _dates(found["low"]), _dates(found["high"] or found["low"])
        if first is None or last is None or last[1] < first[0]:
            return None
        return Moment(low=Fraction(first[0].toordinal()), high=Fraction(last[1].toordinal()), is_date=True)
    if found := _NUMBERED.fullmatch(text):
        figure = found["low"] or re.sub("[−–]", "-", found["signed"])
        return _moment(Fraction(figure), Fraction(found["high"] or figure), found["unit"])
    if found := _COUNTED.fullmatch(text):
        low, high = Fraction(found["low"]), Fraction(found["high"] or found["low"])
        if found["side"] == "before":
            return None if found["lead"] or high < low else _moment(-high, -low, found["unit"])
        return _moment(low, high, found["unit"])
    return None


def _moment(low: Fraction, high: Fraction, unit: str) -> Moment | None:
    unit = _UNIT_OF[unit]
    return None if high < low else Moment(low=low * DAYS[unit], high=high * DAYS[unit], unit=unit)


def _dates(text: str) -> tuple[dt.date, dt.date] | None:
    """The first and the last day of a date, which may be a month."""
    year, month, *day = map(int, text.split("-"))
    try:
        first = dt.date(year, month, day[0] if day else 1)
    except ValueError:
        return None
    return first, first if day else first.replace(day=calendar.monthrange(year, month)[1])


_REGULAR = {"daily": "day", "weekly": "week", "monthly": "month"}
_EVERY = re.compile(rf"(?:once\s+)?(?:every|per|q)\s*(?P<number>{_FIGURE}\s*|other\s+)?(?P<unit>{_UNIT})", re.ASCII)


def read_interval(text: str) -> Fraction | None:
    """Returns the days between two doses by a schedule as "every 2 weeks" or "monthly", or None where it says no such thing."""
    text = _REMARK.sub("", " ".join(text.lower().split()))
    regular = _REGULAR.get(text.removeprefix("once "))
    if regular is not None:
        return DAYS[regular]
    found = _EVERY.fullmatch(text)
    if found is None:
        return None
    number = (found["number"] or "1").strip()
    return (Fraction(2) if number == "other" else Fraction(number)) * DAYS[_UNIT_OF[found["unit"]]] or None
