"""Days as PubMed indexes them, and the days that a query's date stands for, as numbers: 20241210."""

from __future__ import annotations

import datetime as dt
import re

FOREVER = 3000_01_01

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
# A record of PubMed from "1990 Spring" has 1990/04/01 as its back-dated entry; the others follow from it.
_SEASONS = {"winter": 1, "spring": 4, "summer": 7, "autumn": 10, "fall": 10}

_PRINTED = re.compile(
    r"([12][0-9]{3})(?:[\s/.-]*([A-Za-z]{3,6})[A-Za-z]*|[\s/.-]+([01]?[0-9])(?![0-9]))?(?:[\s/.-]+([0-3]?[0-9])(?![0-9]))?"
)
_COMPACT = re.compile(r"([12][0-9]{3})([01][0-9])([0-3][0-9])")
_ASKED = re.compile(
    r"([0-9]{4})(?:[\s/.-]([0-9]{1,2}|[A-Za-z]{3,9})(?:[\s/.-]([0-9]{1,2}))?)?(?:\s+[0-9]{1,2}(?::[0-9]{1,2}){0,2})?"
)
_RELATIVE = re.compile(r"last\s+(?:([0-9]{1,6})\s+)?(day|week|month|year)s?", re.IGNORECASE)


def day_of(printed: str) -> int | None:
    """Returns the day under which a printed date is found: a month at its first day, a year at its 1 January.

    Of a span ("1998 Dec-1999 Jan") it is the first day. None where the text holds no year.
    """
    found = _COMPACT.fullmatch(printed.strip())
    if found is not None:
        return _day(int(found[1]), int(found[2]), int(found[3]))
    found = _PRINTED.search(printed)
    if found is None:
        return None
    year, word, number, day = found.groups()
    season = next((name for name in _SEASONS if name in printed.lower()), "")
    month = _month(word or number or "") or _SEASONS.get(season, 0)
    return _day(int(year), month or 1, int(day) if day and month and not season else 1)


def span_of(asked: str, today: dt.date | None) -> tuple[int, int] | None:
    """Returns the first and the last day of a query's date; a year or a month stands for all its days.

    `last 6 months` counts back from `today` and is open at the end, as PubMed has it. None where it is no date, or a
    relative one and today is not known.
    """
    text = " ".join(asked.split())
    relative = _RELATIVE.fullmatch(text)
    if relative is not None:
        return (_before(today, int(relative[1] or 1), relative[2].lower()), FOREVER) if today is not None else None
    found = _ASKED.fullmatch(text)
    if found is None:
        return None
    year = int(found[1])
    if found[2] is None:
        return year * 10000 + 101, year * 10000 + 1231
    month = _month(found[2])
    if month == 0:
        return None
    first = year * 10000 + month * 100
    if found[3] is None:
        return first + 1, first + _length(year, month)
    day = int(found[3])
    return (first + day, first + day) if 1 <= day <= _length(year, month) else None


def spell_day(day: int) -> str:
    """Returns a day as ESearch writes it: 2024/12/10."""
    return f"{day // 10000:04d}/{day // 100 % 100:02d}/{day % 100:02d}"


def _month(text: str) -> int:
    if text.isdigit():
        return int(text) if 1 <= int(text) <= 12 else 0
    name = text[:3].lower()
    return _MONTHS.index(name) + 1 if name in _MONTHS else 0


def _day(year: int, month: int, day: int) -> int:
    return (
        year * 10000 + month * 100 + (day if 1 <= day <= _length(year, month) else 1)
        if 1 <= month <= 12
        else (year * 10000 + 101)
    )


def _length(year: int, month: int) -> int:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in {4, 6, 9, 11} else 31


def _before(today: dt.date, count: int, unit: str) -> int:
    if unit in {"day", "week"}:
        days = count * (7 if unit == "week" else 1)
        earlier = dt.date.fromordinal(max(today.toordinal() - days, 1))
        return earlier.year * 10000 + earlier.month * 100 + earlier.day
    months = max(today.year * 12 + today.month - 1 - count * (12 if unit == "year" else 1), 12)
    year, month = months // 12, months % 12 + 1
    return year * 10000 + month * 100 + min(today.day, _length(year, month))
