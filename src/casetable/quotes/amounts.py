"""The amounts of a text: its figures as numbers, ranges and bounds, each with its unit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise

from casetable.model import Number
from casetable.quantities import COMMON_UNITS, convert, is_known_unit, unit_expression
from casetable.quotes.reading import Figure, Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """A number with its unit as it stands in a text, from `start` to `end` there.

    `unit` is as `unit_expression` writes it, "" where none stands there; `is_inherited` says that it stands behind a
    later figure of the list ("from 316 to 504.7 ng/ml"). `per` is what a dose is given for besides: "/day", "/dose".
    """

    start: int
    end: int
    number: Number
    unit: str = ""
    per: str = ""
    is_inherited: bool = False
    is_ordinal: bool = False
    is_spread: bool = False


# The units of clinical texts by how they are written there; others are known only where the form names them.
_WRITTEN = {
    **{unit.lower(): unit for unit in ("kg", "g", "mg", "µg", "ng", "pg", "fg", "l", "dl", "ml", "µl", "fl", "nl")},
    **{unit.lower(): unit for unit in ("mol", "mmol", "µmol", "nmol", "pmol", "cm", "mm", "µm", "nm", "km", "cm2", "mm2")},
    **{unit.lower(): unit for unit in ("m2", "m", "mm3", "cm3", "mmhg", "kpa", "hz", "kcal", "gy", "cgy", "msv", "meq")},
    "u": "U", "iu": "IU", "ku": "kU", "mu": "mU", "miu": "mIU", "mmhg": "mmHg", "kpa": "kPa", "hz": "Hz", "gy": "Gy",
    "cgy": "cGy", "msv": "mSv", "meq": "mEq", "%": "%", "percent": "%", "bpm": "bpm", "kat": "kat",
    "ug": "µg", "ul": "µl", "umol": "µmol", "uiu": "µIU", "uu": "µU", "ukat": "µkat", "um": "µm",
    "°c": "°C", "°f": "°F", "mgs": "mg", "gm": "g", "gms": "g", "gram": "g", "grams": "g", "milligram": "mg", "milligrams": "mg",
    "microgram": "µg", "micrograms": "µg", "kilogram": "kg", "kilograms": "kg", "liter": "l", "litre": "l",
    "liters": "l", "litres": "l", "cc": "ml",
    "s": "second", "sec": "second", "secs": "second", "second": "second", "seconds": "second",
    "min": "minute", "mins": "minute", "minute": "minute", "minutes": "minute",
    "h": "hour", "hr": "hour", "hrs": "hour", "hour": "hour", "hours": "hour",
    "d": "day", "day": "day", "days": "day", "wk": "week", "wks": "week", "week": "week", "weeks": "week",
    "mo": "month", "mos": "month", "month": "month", "months": "month",
    "y": "year", "yr": "year", "yrs": "year", "year": "year", "years": "year",
}  # fmt: skip
# What a dose may be given for beside a time; no unit of its own.
_GIVINGS = frozenset(
    ["dose", "doses", "time", "times", "session", "sessions", "infusion", "infusions", "pulse", "course", "cycle"]
)
_TIMES = frozenset(["day", "week", "month", "hour", "minute", "year"])
_AMONG_DAYS = re.compile(
    r"[\s,(]*(?:once\s+)?(daily|a day|each day|every day|qd|q\.?d\.?|weekly|a week|monthly|a month)\b", re.IGNORECASE
)
_EACH = {"w": "/week", "m": "/month"}

_ATOM = r"(?:°?[A-Za-z%]{1,10}(?:\^?[23])?)"
_UNIT = re.compile(rf"\s?(?:-\s?)?(?P<tens>10\^\d{{1,2}})?(?P<atoms>{_ATOM}?(?:\s?(?:/|\bper\b)\s?{_ATOM}){{0,4}})")
_SPLIT = re.compile(r"\s?(?:/|\bper\b)\s?")

_RANGE = re.compile(r"\s?(?:-|to|and)\s?$")
_LISTED = re.compile(
    r"[\s,;]*(?:-|->|→|/|and|or|to|vs\.?|versus|then|respectively|,)?[\s,;]*(?:and|or|to|then)?\s*", re.IGNORECASE
)
_FROM = re.compile(r"\b(?:from|of)\s*$", re.IGNORECASE)
_BETWEEN = re.compile(r"\bbetween\s*$", re.IGNORECASE)
_BOUNDS = (
    (re.compile(r"\b(?:no more than|not more than|at most|not exceeding)\s*$", re.IGNORECASE), "≤"),
    (re.compile(r"\b(?:no less than|not less than|no fewer than|at least)\s*$", re.IGNORECASE), "≥"),
    (re.compile(r"\b(?:less than|fewer than|lower than|below|under)\s*$", re.IGNORECASE), "<"),
    (re.compile(r"\b(?:more than|greater than|higher than|above|exceeding)\s*$", re.IGNORECASE), ">"),
)  # fmt: skip


def amounts(
    text: Reading, first: int, last: int, meant: Mapping[int, Decimal] | None = None, known: Sequence[str] = ()
) -> Iterator[Amount]:
    """Yields the amounts whose figures stand between two places of a text's stream.

    `meant` says for figures of more than one reading what they mean, by their place in the stream; `known` are further
    units, those of the form. A figure that is part of a name (MDA5) is no amount.
    """
    read = [
        _Read(text, at, known)
        for at in sorted(text.figures)
        if at >= first and at < last + _REACH and not text.figures[at].is_attached
    ]
    # Units may stand behind a figure further on, so that those are read too.
    upto = next((n for n, each in enumerate(read) if each.at >= last), len(read))
    read = read[: upto + 6]
    for one, behind in reversed(tuple(pairwise(read))):
        between = text.plain[one.stop : behind.begin]
        if not one.unit and behind.unit and _LISTED.fullmatch(between):
            one.unit, one.per, one.is_inherited = behind.unit, behind.per, True
    number = 0
    while number < len(read) and read[number].at < last:
        one = read[number]
        other = read[number + 1] if number + 1 < len(read) else None
        kind = _is_range(text, one, other) if other else ""
        if kind and other is not None:
            low, high = one.meant(meant), other.meant(meant)
            yield Amount(
                start=one.figure.start,
                end=other.end,
                number=Number(low=low, high=high, sign=""),
                unit=other.unit,
                per=other.per,
                is_inherited=other.is_inherited,
            )
            if kind == "dash":
                number += 2
                continue
        yield one.amount(meant)
        number += 1


# How far behind a stretch of the stream the unit of a list may stand.
_REACH = 60


class _Read:
    """A figure with what stands around it; `begin` and `stop` are where it does, unit included, in the plain text."""

    def __init__(self, text: Reading, at: int, known: Sequence[str]) -> None:
        self.at, self.figure = at, text.figures[at]
        self._text = text
        self.begin = text.at_plain(self.figure.start)
        self.stop = text.at_plain(self.figure.end)
        self.is_inherited = False
        self.unit, self.per, behind = _unit_at(text.plain, self.stop, tuple(known))
        self.after = self.stop
        self.stop = max(behind, self.stop)
        self.end = text.offsets[self.stop]
        self.sign = self.figure.sign
        before = text.plain[max(0, self.begin - 16) : self.begin]
        if not self.sign:
            self.sign = next((sign for pattern, sign in _BOUNDS if pattern.search(before)), "")

    def meant(self, meant: Mapping[int, Decimal] | None) -> Decimal:
        return (meant or {}).get(self.at, self.figure.readings[0])

    def amount(self, meant: Mapping[int, Decimal] | None) -> Amount:
        value = self.meant(meant)
        return Amount(
            start=self.figure.start,
            end=self.end,
            number=Number(low=value, high=value, sign=self.sign),
            unit=self.unit,
            per=self.per,
            is_inherited=self.is_inherited,
            is_ordinal=self.figure.is_ordinal,
            is_spread=self.figure.is_spread,
        )


def _is_range(text: Reading, one: _Read, other: _Read) -> str:
    """Returns "dash" for 8–10, "words" for "8 to 10", which may be two numbers as well, else nothing."""
    if one.sign or other.figure.sign or one.meant(None) >= other.meant(None) or one.figure.is_ordinal:
        return ""
    if one.unit and other.unit and one.unit != other.unit:
        return ""
    between = text.plain[one.stop : other.begin]
    before = text.plain[max(0, one.begin - 12) : one.begin]
    if re.fullmatch(r"\s?-\s?", between):
        return "dash"
    if re.fullmatch(r"\s+to\s+", between) and not _FROM.search(before):
        return "words"
    return "words" if re.fullmatch(r"\s+and\s+", between) and _BETWEEN.search(before) else ""


@lru_cache(maxsize=4096)
def _unit_in(written: str, known: tuple[str, ...]) -> tuple[str, str, int]:
    """Returns the unit with which a text begins, what it is given for besides, and how long both are."""
    found = _UNIT.match(written)
    if not found:
        return "", "", 0
    if found["tens"]:
        names = [_written(name, known) for name in _SPLIT.split(found["atoms"].lstrip(" /"))]
        return (f"{found['tens']}/{names[0]}", "", found.end()) if names and names[0] else ("", "", 0)
    unit: list[str] = []
    per = ""
    length = 0
    at = found.start("atoms")
    for piece in re.finditer(rf"(?:\s?(?:/|\bper\b)\s?)?({_ATOM})", found["atoms"]):
        name = piece[1].replace("^", "")
        atom = _written(name, known)
        if atom and not per:
            unit.append(atom)
        elif unit and name.lower() in _GIVINGS:
            per = "/dose"
        else:
            break
        length = at + piece.end()
    if not unit:
        return "", "", 0
    whole = "/".join(unit)
    expression = unit_expression(whole)
    if not (expression in COMMON_UNITS or is_known_unit(whole)):
        return unit_expression(unit[0]), per, length
    return expression, per, length


def _written(name: str, known: tuple[str, ...]) -> str:
    found = _WRITTEN.get(name.lower(), "")
    if found:
        return found
    return next((unit for unit in known if unit.lower() == name.lower()), "")


def _unit_at(plain: str, at: int, known: tuple[str, ...]) -> tuple[str, str, int]:
    unit, per, length = _unit_in(plain[at : at + 40], known)
    stop = at + length
    if unit and (found := _AMONG_DAYS.match(plain, stop)) and not per:
        per = _EACH.get(found[1].lower().removeprefix("a ")[:1], "/day")
    return unit, per, stop


def is_same(number: Number, unit: str, amount: Amount, *, is_dose: bool = False) -> bool:
    """Whether a text's amount is a cell's number in its unit; of a dose, what it is given for may stand apart.

    A number without a unit in the text is the cell's if its figure is, but for a dose; one with another unit never is.
    """
    if amount.is_spread or amount.is_ordinal or number.sign != amount.number.sign:
        return False
    if not amount.unit:
        return _equal(number, amount.number) and not (is_dose and unit)
    if not unit:
        return False
    for given in _given(amount, is_dose=is_dose):
        converted = convert(amount.number, given, unit)
        if converted is not None and _equal(number, converted):
            return True
    if is_dose:  # "40 mg daily" may be entered as mg/day, "2 g/kg/month" as g/kg and monthly
        head, _, last = unit.rpartition("/")
        if last in _TIMES and head and not amount.per and (converted := convert(amount.number, amount.unit, head)):
            return _equal(number, converted)
    return False


def _given(amount: Amount, *, is_dose: bool) -> Iterator[str]:
    yield amount.unit
    if is_dose:
        if amount.per not in {"", "/dose"}:
            yield amount.unit + amount.per
        head, _, last = amount.unit.rpartition("/")
        if head and last in _TIMES:
            yield head


def _equal(one: Number, other: Number) -> bool:
    return one.low == other.low and one.high == other.high


def may_be_compared(unit: str, other: str) -> bool:
    """Whether numbers in two units can be taken for each other: either has none, or one converts to the other."""
    if not unit or not other:
        return unit == other
    one = Number(low=Decimal(1), high=Decimal(1))
    return convert(one, unit, other) is not None


def without_unit(amount: Amount) -> Amount:
    """Returns an amount as if no unit stood behind it."""
    return replace(amount, unit="", per="")


__all__ = ["Amount", "Figure", "amounts", "is_same", "may_be_compared"]
