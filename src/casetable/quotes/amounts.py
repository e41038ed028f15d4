"""The amounts of a text: its figures as numbers, ranges and bounds, each with its unit."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise

from casetable.model import Number
from casetable.quantities import COMMON_UNITS, convert, is_known_unit, unit_expression
from casetable.quotes.reading import Reading, read_short


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """A number with its unit as it stands in a text, from `start` to `end` there.

    `unit` is as `unit_expression` writes it, "" where none stands there; it may stand behind a later figure of the list
    ("from 316 to 504.7 ng/ml"). `per` is what a dose is given for besides: "/day", "/dose".
    `is_loose`: a word that is no unit says what is counted (3 cases, 310 BU).
    `is_reference`: it is a reference range or a limit of the norm.
    """

    start: int
    end: int
    number: Number
    unit: str = ""
    per: str = ""
    is_ordinal: bool = False
    is_spread: bool = False
    is_loose: bool = False
    is_reference: bool = False


# The units of clinical texts by how they are written there; others are known only where the form names them.
_WRITTEN = {
    **{unit.lower(): unit for unit in ("kg", "g", "mg", "µg", "ng", "pg", "fg", "l", "dl", "ml", "µl", "fl", "nl")},
    **{unit.lower(): unit for unit in ("mol", "mmol", "µmol", "nmol", "pmol", "cm", "mm", "µm", "nm", "km", "cm2", "mm2")},
    **{unit.lower(): unit for unit in ("m2", "m", "mm3", "cm3", "kcal")},
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
    "tag": "day", "tage": "day", "tagen": "day", "woche": "week", "wochen": "week", "monat": "month", "monate": "month",
    "monaten": "month", "jahr": "year", "jahre": "year", "jahren": "year", "jahrige": "year", "jahriger": "year",
    "jahriges": "year", "jahrigen": "year", "stunde": "hour", "stunden": "hour",
    "jour": "day", "jours": "day", "semaine": "week", "semaines": "week", "mois": "month", "ans": "year",
    "dia": "day", "dias": "day", "semana": "week", "semanas": "week", "mes": "month", "meses": "month", "ano": "year", "anos": "year",
    "giorno": "day", "giorni": "day", "settimana": "week", "settimane": "week", "mese": "month", "mesi": "month", "anni": "year",
    "y": "year", "yr": "year", "yrs": "year", "year": "year", "years": "year",
}  # fmt: skip
# What a dose may be given for beside a time; no unit of its own.
_GIVINGS = frozenset(
    ["dose", "doses", "time", "times", "session", "sessions", "infusion", "infusions", "pulse", "course", "cycle"]
)
_TIMES = frozenset(["day", "week", "month", "hour", "minute", "year"])
_AMONG_DAYS = re.compile(
    r"[\s,()]*(?:once\s+)?(?:(?:a|per|each|every)\s+)?(daily|day|qd|q\.d\.|weekly|week|monthly|month)\b", re.IGNORECASE
)
_EACH = {"w": "/week", "m": "/month"}

_ATOM = r"(?:°?[A-Za-z%]{1,10}(?:\^?[23])?)"
_UNIT = re.compile(
    rf"[ \u00a0\n]{{0,2}}(?:-\s?)?(?P<tens>10\^\d{{1,2}})?(?P<atoms>{_ATOM}?(?:\s?(?:/|\bper\b)\s?{_ATOM}){{0,4}})"
)
_PER_CUBIC = re.compile(r"\s?(?:cells)?\s?/\s?(?:mm\^?3|cu\.?\s?mm|[uµ][lL])(?![A-Za-z0-9])")
_SPLIT = re.compile(r"\s?(?:/|\bper\b)\s?")

# Words behind a figure that count nothing: what follows them is another thing.
_NO_COUNTED = frozenset(
    "a an and are as at before but by despite during for from had has he her his in increased initially is it its normal of on or she"  # noqa: SIM905
    " since than that the then there they to under until versus vs was were when where which while with within without after"
    " respectively later decreased rose fell reference range at x".split()
)
_COUNTED = re.compile(r"[ \u00a0]?-?[ \u00a0]?(?P<word>[A-Za-z]+)(?P<more>[/.]?)")
_MANY = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9}
_MULTIPLIED = re.compile(rf"\s+(?P<word>{'|'.join(_MANY)})\b", re.IGNORECASE)
# What is numbered: a figure behind it is a name. Days and the like are a time, whose unit stands in front.
_NUMBERED = re.compile(
    r"(?:\b(?:tables?|fig(?:ure)?s?\.?|refs?\.?|references?|cases?|patients?|no\.|numbers?|chapter|box|group|arm|p\s?[=<>]|n\s?=)\s*|\[(?:\d+[,-]\s?)*)$",
    re.IGNORECASE,
)
_TIMED = re.compile(r"\b(?P<unit>day|week|month|year|hour)s?\s+$", re.IGNORECASE)
_REFERENCE = re.compile(r"\b(?:normal|norm|reference|ref\.?|range|limits?|cut-?off)\b[^()\d]{0,40}$", re.IGNORECASE)
_FRACTION = re.compile(r"\s(?P<over>[1-9])/(?P<under>[2-9])(?!\d)")
_HALF = re.compile(r"\s+and\s+a\s+half\b", re.IGNORECASE)

_LISTED = re.compile(
    r"[\s,;]*(?:-|->|→|/|and|or|to|vs\.?|versus|then|respectively|,)?[\s,;]*(?:and|or|to|then)?\s*", re.IGNORECASE
)
_FROM = re.compile(r"\b(?:from|of)\s*$", re.IGNORECASE)
_BETWEEN = re.compile(r"\bbetween\s*$", re.IGNORECASE)


def amounts(
    text: Reading, first: int, last: int, meant: Mapping[int, Decimal] | None = None, known: Sequence[str] = ()
) -> Iterator[Amount]:
    """Yields the amounts whose figures stand between two places of a text's stream.

    `meant` says for figures of more than one reading what they mean, by their place in the stream; `known` are further
    units, those of the form. A figure that is part of a name (MDA5, Table 3, [12]) is no amount.
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
            one.unit, one.per = behind.unit, behind.per
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
                is_loose=other.is_loose,
                is_reference=one.is_reference or _is_norm(text, one, other),
            )
            if kind == "dash":
                number += 2
                continue
        if not one.is_name:
            yield one.amount(meant)
        number += 1


# How far behind a stretch of the stream the unit of a list may stand.
_REACH = 60


class _Read:
    """A figure with what stands around it; `begin` and `stop` are where it does, unit included, in the plain text."""

    def __init__(self, text: Reading, at: int, known: Sequence[str]) -> None:
        self.at, self.figure, self._known = at, text.figures[at], tuple(known)
        self.begin = text.at_plain(self.figure.start)
        self.stop = text.at_plain(self.figure.end)
        self.unit, self.per, behind = _unit_at(text.plain, self.stop, tuple(known))
        self._times = Decimal(1)
        self._more = Decimal(0)
        before = text.plain[max(0, self.begin - 50) : self.begin]
        if not self.unit:
            behind = self._counted(text.plain, behind)
        self.is_loose = self.is_name = False
        if timed := _TIMED.search(before):
            self.unit = self.unit or timed["unit"].lower()
        elif not self.unit:
            self.is_name = _NUMBERED.search(before) is not None
            self.is_loose = self._counts_something(text.plain, behind)
        self.is_reference = bool(_REFERENCE.search(before))
        self.stop = max(behind, self.stop)
        self.end = text.offsets[self.stop]
        self.sign = self.figure.sign

    def _counted(self, plain: str, at: int) -> int:
        """Takes what makes a figure another number: "20 thousand", "1 1/2", "one and a half"; and the unit behind it."""
        if found := _MULTIPLIED.match(plain, at):
            self._times = Decimal(_MANY[found["word"].lower()])
        elif found := _FRACTION.match(plain, at):
            self._more = round(Decimal(found["over"]) / Decimal(found["under"]), 2)
        elif found := _HALF.match(plain, at):
            self._more = Decimal("0.5")
        else:
            return at
        self.unit, self.per, behind = _unit_at(plain, found.end(), self._known)
        return max(behind, found.end())

    def _counts_something(self, plain: str, at: int) -> bool:
        found = _COUNTED.match(plain, at)
        if found is None:
            return plain[at : at + 3].lstrip()[:1] == "×"
        return found["word"].lower() not in _NO_COUNTED or found["more"] == "/"

    def meant(self, meant: Mapping[int, Decimal] | None) -> Decimal:
        return (meant or {}).get(self.at, self.figure.readings[0]) * self._times + self._more

    def amount(self, meant: Mapping[int, Decimal] | None) -> Amount:
        value = self.meant(meant)
        return Amount(
            start=self.figure.start,
            end=self.end,
            number=Number(low=value, high=value, sign=self.sign),
            unit=self.unit,
            per=self.per,
            is_ordinal=self.figure.is_ordinal and self.unit not in _TIMES,
            is_spread=self.figure.is_spread,
            is_loose=self.is_loose,
            is_reference=self.is_reference,
        )


def _is_norm(text: Reading, one: _Read, other: _Read) -> bool:
    """Whether a range stands in parentheses right behind a measured value, as the norm does: "345 U/L (7-30 U/L)"."""
    before = text.plain[max(0, one.begin - 24) : one.begin]
    return bool(re.search(r"\d\s?[^\s\d()]{0,12}\s?\($", before)) and text.plain[other.stop : other.stop + 1] == ")"


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
    if cells := _PER_CUBIC.match(written):
        return "10^6/l", "", cells.end()
    found = _UNIT.match(written)
    if not found:
        return "", "", 0
    if found["tens"]:
        names = [_written(name, known) for name in _SPLIT.split(found["atoms"].lstrip(" /"))]
        return (f"{found['tens']}/{names[0]}", "", found.end()) if names and names[0] else ("", "", 0)
    if found["atoms"][:1] in {"/", " "} and found["atoms"].lstrip().startswith(("/", "per")):
        # So many a minute: a rate, whose unit is the beat's.
        rate = re.fullmatch(r"\s?(?:/|per)\s?min(?:ute)?", found["atoms"])
        return ("bpm", "", found.end()) if rate else ("", "", 0)
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
        per = _EACH.get(found[1].lower()[:1], "/day")
    return unit, per, stop


def is_same(number: Number, unit: str, amount: Amount, *, is_dose: bool = False, schedule: str = "") -> bool:
    """Whether a text's amount is a cell's number in its unit; of a dose, what it is given for may stand in its schedule.

    A number without a unit in the text is the cell's if its figure is, but for a dose; one with another unit never is.
    """
    if amount.is_spread or amount.is_ordinal or amount.is_reference or number.sign != amount.number.sign:
        return False
    if not amount.unit:
        return _equal(number, amount.number) and not (unit and (is_dose or amount.is_loose))
    if not unit:
        return False
    for given in _given(amount, schedule if is_dose else None):
        converted = convert(amount.number, given, unit)
        if converted is not None and _equal(number, converted):
            return True
    return False


def _given(amount: Amount, schedule: str | None) -> Iterator[str]:
    """Yields the units in which an amount may be entered; of a dose "2 g/kg/month" is g/kg with a monthly schedule, too."""
    if schedule is None:
        yield amount.unit
        return
    yield amount.unit + (amount.per if amount.per != "/dose" else "")
    if amount.per not in {"", "/dose"}:
        yield amount.unit
    head, _, last = amount.unit.rpartition("/")
    if head and last in _TIMES and _OF_TIME[last] in schedule.lower():
        yield head


_OF_TIME = {"day": "da", "week": "week", "month": "month", "hour": "hour", "minute": "min", "year": "year"}


def _equal(one: Number, other: Number) -> bool:
    return one.low == other.low and one.high == other.high


def may_be_compared(unit: str, other: str) -> bool:
    """Whether numbers in two units can be taken for each other: either has none, or one converts to the other."""
    if not unit or not other:
        return unit == other
    one = Number(low=Decimal(1), high=Decimal(1))
    return convert(one, unit, other) is not None


def units_named(head: str) -> Iterator[Amount]:
    """Yields a unit that a table's head or row has in parentheses or behind a comma, as "CRP (mg/l)", as an amount of one."""
    for found in re.finditer(r"[(,]\s*([^(),]{1,20})\)?", head):
        text = read_short(f"1 {found[1].strip()}")
        yield from amounts(text, 0, 1)
