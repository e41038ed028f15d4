"""What a value can be while cells are missing: the values known to be possible, and the cells that it hangs on.

A value that is known is a single one. Where cells are missing it is one of several, or anything between two numbers,
or any text; then `cells` are those that would tell. Every operation here returns all that can come out, perhaps more,
never less: what holds of all that is possible holds of what is true.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product
from typing import NamedTuple

Value = float | int | str | None

# Finite values are followed one by one up to so many; beyond that a number becomes a range, and a text any text.
MAX_VALUES = 64


class CellRef(NamedTuple):
    """A cell of the review: of a case, or (without `case`) of a report; without `field`, all cells of it."""

    report: str
    case: str
    field: str

    def __str__(self) -> str:
        return "/".join(part for part in self if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Possible:
    """All values that one thing can have.

    `values` lists them, NULL as None, where they can be listed. Else it is a number from `low` to `high`, or, with
    `is_text`, any text; and with `is_null` it can be NULL too. `shown` is what the plain tables have in its place.
    """

    values: tuple[Value, ...] | None = None
    low: float = -math.inf
    high: float = math.inf
    is_whole: bool = False
    is_text: bool = False
    is_null: bool = False
    cells: frozenset[CellRef] = frozenset()
    is_derived: bool = False
    shown: Value = None

    @property
    def is_known(self) -> bool:
        return self.values is not None and len(self.values) == 1

    @property
    def known(self) -> Value:
        """The value where it is known, else what the plain tables show."""
        return self.values[0] if self.values is not None and len(self.values) == 1 else self.shown

    @property
    def may_be_null(self) -> bool:
        return None in self.values if self.values is not None else self.is_null

    @property
    def may_be_something(self) -> bool:
        return self.values is None or any(value is not None for value in self.values)

    @property
    def is_number(self) -> bool:
        """Whether all it can be but NULL is a number."""
        if self.values is None:
            return not self.is_text
        return all(value is None or isinstance(value, int | float) for value in self.values)

    @property
    def is_textual(self) -> bool:
        """Whether all it can be but NULL is a text."""
        if self.values is None:
            return self.is_text
        return all(value is None or isinstance(value, str) for value in self.values)

    @property
    def has_whole_numbers(self) -> bool:
        """Whether all it can be but NULL is a whole number."""
        if self.values is None:
            return self.is_whole
        return all(value is None or isinstance(value, int) for value in self.values)

    @property
    def numbers(self) -> tuple[float, float]:
        """The least and the greatest number that it can be; NULL left out."""
        if self.values is None:
            return self.low, self.high
        found = [value for value in self.values if isinstance(value, int | float)]
        return (min(found), max(found)) if found else (math.inf, -math.inf)


@lru_cache(maxsize=10_000, typed=True)  # 1 and 1.0 divide otherwise
def known(value: Value, *, is_derived: bool = False) -> Possible:
    """Returns what is just one value."""
    return Possible(values=(value,), is_derived=is_derived)


def one_of(values: Iterable[Value], cells: frozenset[CellRef] = frozenset(), shown: Value = None) -> Possible:
    """Returns what is one of some values; what hangs on no cell any more forgets them."""
    listed = tuple(dict.fromkeys(values))
    if len(listed) == 1:
        return known(listed[0])
    if len(listed) <= MAX_VALUES:
        return Possible(values=listed, cells=cells, shown=shown)
    found = Possible(values=listed)
    if found.is_number:
        low, high = found.numbers
        is_whole = all(value is None or isinstance(value, int) for value in listed)
        return between(low, high, cells, is_null=None in listed, is_whole=is_whole, shown=shown)
    return any_text(cells, shown=shown)


def between(
    low: float,
    high: float,
    cells: frozenset[CellRef] = frozenset(),
    *,
    is_null: bool = False,
    is_whole: bool = False,
    shown: Value = None,
) -> Possible:
    """Returns what is a number within limits, both included."""
    if low == high and not is_null and math.isfinite(low):
        return known(int(low) if is_whole else low)
    return Possible(low=low, high=high, cells=cells, is_null=is_null, is_whole=is_whole, shown=shown)


def any_text(cells: frozenset[CellRef], shown: Value = None) -> Possible:
    """Returns what is any text, or NULL."""
    return Possible(is_text=True, is_null=True, cells=cells, shown=shown)


def either(*options: Possible) -> Possible:
    """Returns what is one of several things, each as open as it is."""
    if len(options) == 1:
        return options[0]
    cells = frozenset(cell for option in options for cell in option.cells)
    if all(option.values is not None for option in options):
        return one_of((value for option in options for value in option.values or ()), cells)
    is_null = any(option.may_be_null for option in options)
    if all(option.is_number for option in options):
        limits = [option.numbers for option in options]
        return between(
            min(low for low, _ in limits),
            max(high for _, high in limits),
            cells,
            is_null=is_null,
            is_whole=all(option.has_whole_numbers for option in options),
        )
    if all(option.is_textual for option in options):
        return any_text(cells)
    raise NotFollowedError("a number or a text")


class NotFollowedError(Exception):
    """Raised where an operation is not followed through what is possible; nothing is decided by it then."""


# --- truth ------------------------------------------------------------------------------------------------------------

TRUE, FALSE = known(1), known(0)


def truths(a: Possible) -> frozenset[bool | None]:
    """Returns which of true, false and unknown (None, SQL's NULL) a condition can be; a number is true unless 0."""
    if not a.is_number:
        raise NotFollowedError("a text as a condition")
    if a.values is not None:
        return frozenset(None if value is None else bool(value) for value in a.values)
    found: set[bool | None] = {True}
    if a.low <= 0 <= a.high:
        found.add(False)
    if a.is_null:
        found.add(None)
    return frozenset(found)


def _truth(values: Iterable[bool | None], cells: frozenset[CellRef]) -> Possible:
    return one_of((value if value is None else int(value) for value in sorted(set(values), key=str)), cells)


def all_of(a: Possible, b: Possible) -> Possible:
    """AND: what is surely false needs nothing else."""
    for one in (a, b):
        if truths(one) == {False}:
            return FALSE
    pairs = product(truths(a), truths(b))
    return _truth((False if False in pair else None if None in pair else True for pair in pairs), a.cells | b.cells)


def any_of(a: Possible, b: Possible) -> Possible:
    """OR: what is surely true needs nothing else."""
    return negated(all_of(negated(a), negated(b)))


def negated(a: Possible) -> Possible:
    return _truth((None if truth is None else not truth for truth in truths(a)), a.cells)


def is_null(a: Possible) -> Possible:
    found = [True] if a.may_be_null else []
    return _truth([*found, *([False] if a.may_be_something else [])], a.cells)


def same(a: Possible, b: Possible) -> Possible:
    """IS: equality for which NULL is a value like others."""
    if a.values is not None and b.values is not None:
        return _truth((_is_same(x, y) for x, y in product(a.values, b.values)), a.cells | b.cells)
    if b.values == (None,) or a.values == (None,):
        return is_null(a if b.values == (None,) else b)
    return _truth((True, False), a.cells | b.cells)


def _is_same(x: Value, y: Value) -> bool:
    if isinstance(x, str) != isinstance(y, str) and x is not None and y is not None:
        raise NotFollowedError("a number beside a text")
    return x == y


def compared(sign: str, a: Possible, b: Possible) -> Possible:
    """Returns a comparison by =, <> , <, <=, > or >=; numbers with numbers and texts with texts only."""
    cells = a.cells | b.cells
    if a.values == (None,) or b.values == (None,):
        return known(None)
    if not (a.is_number and b.is_number) and not (a.is_textual and b.is_textual):
        raise NotFollowedError("a number compared with a text")
    if a.values is not None and b.values is not None:
        return _truth((_compare(sign, x, y) for x, y in product(a.values, b.values)), cells)
    found: set[bool | None] = {None} if a.may_be_null or b.may_be_null else set()
    if a.is_textual:
        return _truth({True, False, *found}, cells)
    (a_low, a_high), (b_low, b_high) = a.numbers, b.numbers
    if sign in {">", ">="}:
        a_low, a_high, b_low, b_high = b_low, b_high, a_low, a_high
    if sign in {"=", "<>"}:
        if a_low <= b_high and b_low <= a_high:
            found.add(sign == "=")
        found.add(sign != "=")
    else:
        is_within = sign in {"<=", ">="}
        if a_low < b_high or (is_within and a_low == b_high):
            found.add(True)
        if a_high > b_low or (not is_within and a_high == b_low):
            found.add(False)
    return _truth(found, cells)


def _compare(sign: str, x: Value, y: Value) -> bool | None:
    if x is None or y is None:
        return None
    # As SQLite compares texts: by their bytes in UTF-8, which is by code points.
    less, equal = (x < y, x == y)  # type: ignore[operator]  # both are numbers, or both texts
    return {"=": equal, "<>": not equal, "<": less, "<=": less or equal, ">": not (less or equal), ">=": not less}[sign]


# --- numbers ----------------------------------------------------------------------------------------------------------


def calculated(sign: str, a: Possible, b: Possible) -> Possible:
    """Returns +, -, * or / of numbers; whole numbers divide as in SQLite, without a rest."""
    if not (a.is_number and b.is_number):
        raise NotFollowedError("arithmetic with a text")
    cells = a.cells | b.cells
    if a.values is not None and b.values is not None:
        return one_of((_calculate(sign, x, y) for x, y in product(a.values, b.values)), cells)
    (a_low, a_high), (b_low, b_high) = a.numbers, b.numbers
    is_null = a.may_be_null or b.may_be_null
    is_whole = a.has_whole_numbers and b.has_whole_numbers
    if a_low > a_high or b_low > b_high:
        return known(None)
    if sign == "/" and b_low <= 0 <= b_high:
        return between(-math.inf, math.inf, cells, is_null=True, is_whole=is_whole)
    ends = [_ends(sign, x, y) for x, y in product((a_low, a_high), (b_low, b_high))]
    if any(math.isnan(end) for end in ends):  # from infinity to infinity
        ends = [-math.inf, math.inf]
    if is_whole and sign == "/":
        ends = [float(math.trunc(end)) if math.isfinite(end) else end for end in ends]
    return between(min(ends), max(ends), cells, is_null=is_null, is_whole=is_whole)


def _ends(sign: str, x: float, y: float) -> float:
    if sign == "*":
        return 0.0 if 0 in (x, y) else x * y
    if sign == "/":
        return 0.0 if math.isinf(y) else x / y
    return x + y if sign == "+" else x - y


def _calculate(sign: str, x: Value, y: Value) -> Value:
    if not isinstance(x, int | float) or not isinstance(y, int | float):
        return None
    if sign == "/":
        if y == 0:
            return None
        if isinstance(x, int) and isinstance(y, int):
            return abs(x) // abs(y) * (1 if (x < 0) == (y < 0) else -1)
        return x / y
    return x + y if sign == "+" else x - y if sign == "-" else x * y


def also(a: Possible, cells: Iterable[CellRef]) -> Possible:
    """Returns a value that, unless it is known, hangs on more cells too."""
    return a if a.is_known else replace(a, cells=a.cells | frozenset(cells))
