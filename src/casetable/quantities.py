"""Numbers and units as clinicians write them."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Callable
from decimal import Decimal, localcontext
from typing import Any

from casetable.model import Number

_FIGURE = r"[+-]?\d{1,15}(?:\.\d{1,9})?"
_NUMBER = re.compile(rf"(?P<sign>[<>≤≥]|<=|>=)?\s*(?P<low>{_FIGURE})(?:\s*(?:-|–|to)\s*(?P<high>{_FIGURE}))?", re.ASCII)
# The same, as other programs read patterns (ECMAScript), without what it finds.
NUMBER_PATTERN = re.sub(r"\?P<\w+>", "?:", _NUMBER.pattern).replace(r"\d", "[0-9]")
_SIGNS = {"<=": "≤", ">=": "≥"}


def read_number(text: str) -> Number | None:
    """Returns a number, a range (92–93, 92-93, 92 to 93) or a bound (<280), or None where the text is none of them.

    A comma is none: whether it groups thousands or is a decimal comma only the curator can tell.
    """
    found = _NUMBER.fullmatch(text.strip())
    if not found:
        return None
    low = Decimal(found["low"])
    high = Decimal(found["high"]) if found["high"] else low
    sign = found["sign"] or ""
    if high < low or (sign and found["high"]):
        return None
    return Number(low=low, high=high, sign=_SIGNS.get(sign, sign))


def read_reference(text: str) -> Number | None:
    """Returns a reference range, two ends or one limit as "<280", or None where a text is none."""
    number = read_number(text)
    return number if number is not None and (number.sign or number.low != number.high) else None


_PART = re.compile(r"(?P<name>[A-Za-zµ%°]{1,30})(?:\^?(?P<power>-?[1-9]))?|10\^(?P<tens>[1-9]|1[0-2])")


@functools.lru_cache(maxsize=4096)
def unit_expression(unit: str) -> str:
    """Returns a unit in the form that two spellings of it share: "μg/L" and "µg/l" are both "µg/l".

    Empty where the text has not the form of a unit: names joined by '/' or '*', each perhaps with a power (m2, m^2).
    """
    text = unit.strip().replace("μ", "µ").replace("·", "*").replace("²", "2").replace("³", "3").replace("mL", "ml")
    text = re.sub(r"(?<![A-Za-zµ])(d|[mµ]?|)L\b", r"\1l", text)
    pieces = re.split(r"\s*([/*])\s*", text)
    if len(text) > 60 or not all(_PART.fullmatch(piece) for piece in pieces[::2]):
        return ""
    return "".join(pieces)


def convert(number: Number, unit: str, to: str) -> Number | None:
    """Returns a number in another unit, or None where the one cannot be converted to the other (U/L to ng/ml).

    Keeps as many significant digits as the number has, and at least three.
    """
    if unit_expression(unit) == unit_expression(to) != "":
        return number
    factor = _factor(unit_expression(unit), unit_expression(to))
    if factor is None:
        return None
    return Number(low=_scaled(number.low, factor), high=_scaled(number.high, factor), sign=number.sign)


def is_known_unit(unit: str) -> bool:
    """Whether the text is a unit that can be converted."""
    expression = unit_expression(unit)
    return bool(expression) and (
        expression in COMMON_UNITS or expression in SCALES or _quantity(expression) is not None
    )


# Units that need no look-up: a test holds each of them against pint.
COMMON_UNITS = frozenset(
    [
        "%",
        "year",
        "month",
        "week",
        "day",
        "hour",
        "minute",
        "kg",
        "g",
        "mg",
        "µg",
        "ng",
        "cm",
        "mm",
        "m2",
        "l",
        "ml",
        "dl",
        "mmHg",
        "kPa",
        "mmol/l",
        "µmol/l",
        "g/l",
        "g/dl",
        "mg/l",
        "mg/dl",
        "µg/l",
        "ng/l",
        "ng/ml",
        "pg/ml",
        "µg/ml",
        "U/l",
        "IU/l",
        "IU/ml",
        "U/ml",
        "mm/h",
        "mg/kg",
        "g/kg",
        "µg/kg",
        "mg/kg/day",
        "mg/day",
        "g/day",
        "mg/m2",
        "10^9/l",
        "10^12/l",
    ]
)


# Scales with a zero of their own: kept as they are, and never converted.
SCALES = frozenset(["°C", "°F", "degC", "degF"])


def _scaled(figure: Decimal, factor: Decimal) -> Decimal:
    with localcontext() as context:
        context.prec = max(3, len(figure.as_tuple().digits))
        return +(figure * factor)


# What common units measure, so that units of two kinds are told apart without a look-up; and times in seconds (a year has
# 365.25 days, a month a twelfth of them, as with pint). A test holds all of it against pint.
_KINDS = {
    unit: kind
    for kind, units in {
        "time": "year month week day hour minute",
        "mass": "kg g mg µg ng",
        "length": "cm mm",
        "share": "%",
        "pressure": "mmHg kPa",
        "amount in volume": "mmol/l µmol/l",
        "mass in volume": "g/l g/dl mg/l mg/dl µg/l ng/l ng/ml pg/ml µg/ml",
        "activity in volume": "U/l IU/l IU/ml U/ml",
        "speed": "mm/h",
        "mass per time": "mg/day g/day",
        "mass per area": "mg/m2",
        "number in volume": "10^9/l 10^12/l",
    }.items()
    for unit in units.split()
}
_SECONDS = {"minute": 60, "hour": 3600, "day": 86400, "week": 604800, "month": 2629800, "year": 31557600}


@functools.cache
def _factor(unit: str, to: str) -> Decimal | None:
    kinds = _KINDS.get(unit), _KINDS.get(to)
    if None not in kinds and kinds[0] != kinds[1]:
        return None
    if unit in _SECONDS and to in _SECONDS:
        with localcontext() as context:
            context.prec = 28
            return Decimal(_SECONDS[unit]) / Decimal(_SECONDS[to])
    one, other = _quantity(unit), _quantity(to)
    if one is None or other is None or one.dimensionality != other.dimensionality:
        return None
    with localcontext() as context:
        context.prec = 28
        return Decimal((one / other).to_base_units().magnitude)


@functools.cache
def _quantity(expression: str) -> Any:
    """The unit as a quantity of pint, or None. Only names and small powers reach pint's parser."""
    if not expression:
        return None
    terms = []
    for piece in re.split(r"([/*])", expression):
        found = _PART.fullmatch(piece)
        if found is None:
            terms.append(piece)
        elif found["tens"]:
            terms.append(f"10**{found['tens']}")
        else:
            name = {"%": "percent"}.get(found["name"], found["name"])
            terms.append(f"{name}**{found['power']}" if found["power"] else name)
    try:
        quantity = _registry()("".join(terms)) * 1
        return quantity if hasattr(quantity, "dimensionality") and math.isfinite(quantity.magnitude) else None
    except Exception:  # noqa: BLE001  # pint raises what its parser meets: any of it means "not a unit"
        return None


@functools.cache
def _registry() -> Callable[[str], Any]:
    import pint  # takes half a second, and most reviews keep their reports' units

    registry: Any = pint.UnitRegistry(non_int_type=Decimal)
    # An enzyme's international unit is the enzyme unit (IUPAC Gold Book, U06528): 1 µmol per minute.
    registry.define("international_unit = enzyme_unit = IU")
    registry.define("breaths_per_minute = 1 / minute = bpm")

    def parse(text: str) -> Any:
        return registry.parse_expression(text)

    return parse
