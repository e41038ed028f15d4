"""Holds what the table gives, or can give, against what a claim expects."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from casetable.claims.database import Answer, SqlError
from casetable.claims.possible import CellRef, NotFollowedError, Value, truths
from casetable.model.claim import Expected, Kind
from casetable.problems import joined, shown

if TYPE_CHECKING:
    from casetable.claims.follow import Followed, Given
    from casetable.claims.tables import AskedTable


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """How an answer stands to what is expected; `cells` would decide it, None where nobody followed which."""

    holds: bool | None
    found: str = ""
    breaking: tuple[str, ...] = ()
    cells: frozenset[CellRef] | None = None


def hold(expected: Expected, answer: Answer) -> Held:
    """Holds one answer against what is expected; raises SqlError where it is of another kind."""
    rows, kind = answer.rows, expected.kind
    if kind in {Kind.NUMBER, Kind.DATE}:
        value = _one_value(answer)
        if kind is Kind.DATE:
            return Held(holds=value == expected.text, found=f"the table gives {_said(value)}")
        if isinstance(value, str):
            raise SqlError(f"gives the text {shown(value)}; expected one number")
        return Held(
            holds=value is not None and _is_met(expected, value, value), found=f"the table gives {_said(value)}"
        )
    if kind in {Kind.NONE, Kind.SOME}:
        told = tuple(dict.fromkeys(_named_row(answer.columns, row) for row in rows))
        return _rows_held(expected, told, bool(rows) if kind is Kind.SOME else not rows)
    if kind is Kind.ONLY:
        cases = [_case_of(answer.columns, row) for row in rows]
        return _only_held(expected, cases)
    marks = [_mark(row[0], len(row)) for row in rows]
    told = tuple(_named_row(answer.columns, row) for row, mark in zip(rows, marks, strict=True) if not mark)
    return _marks_held(expected, marks.count(True), len(marks), told)


def _one_value(answer: Answer) -> Value:
    """The single value of an answer, None without a row; raises SqlError where there are more."""
    if len(answer.rows) > 1 or len(answer.columns) != 1:
        rows = f"{len(answer.rows)} row{'s' * (len(answer.rows) != 1)}"
        columns = f"{len(answer.columns)} column{'s' * (len(answer.columns) != 1)}"
        raise SqlError(f"gives {rows} of {columns}; expected one value", "count(*), sum(…) or median(…) give one")
    return answer.rows[0][0] if answer.rows else None


def one_number(answer: Answer) -> float | None:
    value = _one_value(answer)
    if isinstance(value, str):
        raise SqlError(f"gives the text {shown(value)}; expected one number")
    return value


def _is_met(expected: Expected, low: float, high: float) -> bool:
    """Whether all from `low` to `high` is as expected; a billionth is no difference."""
    little = 1e-9 * max(1.0, abs(low) if math.isfinite(low) else 1.0)
    if expected.is_open:
        return expected.low + little < low and high < expected.high - little
    return expected.low - little <= low and high <= expected.high + little


def _rows_held(expected: Expected, told: tuple[str, ...], holds: bool) -> Held:  # noqa: FBT001  # a verdict
    found = f"the table gives {some_of(told)}" if told else "the table gives no row"
    return Held(holds=holds, found=found, breaking=told if expected.kind is Kind.NONE else ())


def _only_held(expected: Expected, cases: Iterable[tuple[str, str]]) -> Held:
    given = set(cases)
    wanted = set(expected.cases)
    more = tuple("/".join(case) for case in sorted(given - wanted))
    less = tuple("/".join(case) for case in sorted(wanted - given))
    parts = [f"the table gives {some_of(more)} too"] if more else []
    parts += [f"the table does not give {some_of(less)}"] if less else []
    return Held(holds=not more and not less, found="; ".join(parts), breaking=(*more, *less))


def _marks_held(expected: Expected, true: int, of: int, told: tuple[str, ...]) -> Held:
    if expected.kind is Kind.ALL:
        found = f"the table says otherwise of {some_of(told)}" if told else "the table gives no row"
        return Held(holds=bool(of) and not told, found=found, breaking=told)
    holds = (true, of) == (int(expected.low), int(expected.high))
    return Held(holds=holds, found=f"the table gives {true} of {of}" + (f", not {some_of(told)}" if told else ""))


# --- what is expected of all that is possible -------------------------------------------------------------------------


def hold_possibly(expected: Expected, followed: Followed, table: AskedTable) -> Held:
    """Holds all that a SELECT can give against what is expected; decided only where all of it agrees."""
    if expected.kind in {Kind.NUMBER, Kind.DATE}:
        return _value_possibly(expected, followed, table)
    if followed.sums is not None:
        raise NotFollowedError("sums where rows are expected")
    rows = followed.rows
    of_rows = [frozenset() if given.is_sure and not given.row.is_many else given.cells for given in rows]
    cells = frozenset[CellRef]().union(*of_rows)
    if expected.kind in {Kind.NONE, Kind.SOME}:
        sure = tuple(dict.fromkeys(_name_of(given) for given in rows if given.is_sure))
        if sure:
            return _rows_held(expected, sure, expected.kind is Kind.SOME)
        if rows or table.open:
            return Held(holds=None, cells=cells)
        return _rows_held(expected, (), expected.kind is Kind.NONE)
    if expected.kind is Kind.ONLY:
        return _only_possibly(expected, rows, table, cells)
    return _marks_possibly(expected, followed, table, cells)


def _value_possibly(expected: Expected, followed: Followed, table: AskedTable) -> Held:
    if followed.sums is not None:
        (value,) = followed.sums
    elif len(followed.rows) == 1 and followed.rows[0].is_sure and not followed.rows[0].row.is_many and not table.open:
        (value,) = followed.rows[0].values
    else:
        raise NotFollowedError("a value of rows that are not sure")
    if value.is_known:
        known = Answer(columns=("value",), rows=((value.known,),))
        return hold(expected, known)
    if not value.is_number or expected.kind is Kind.DATE:
        raise NotFollowedError("a text")
    low, high = value.numbers
    if value.values is not None:
        met = {
            each is not None and isinstance(each, int | float) and _is_met(expected, each, each)
            for each in value.values
        }
    elif _is_met(expected, low, high) and not value.is_null:
        met = {True}
    else:
        met = {False} if low > expected.high + 1e-9 or high < expected.low - 1e-9 else {True, False}
    if len(met) > 1:
        return Held(holds=None, cells=value.cells)
    return Held(holds=met.pop(), found=f"the table gives {limits_text(low, high)}, whatever is missing")


def limits_text(low: float, high: float) -> str:
    """Returns limits in words: "3 to 9", "3 or more"."""
    if math.isinf(low) and math.isinf(high):
        return "any number"
    if math.isinf(high):
        return f"{number_text(low)} or more"
    return f"{number_text(high)} or less" if math.isinf(low) else f"{number_text(low)} to {number_text(high)}"


def _only_possibly(expected: Expected, rows: Sequence[Given], table: AskedTable, cells: frozenset[CellRef]) -> Held:
    if table.name not in {"cases", "cells"}:
        raise NotFollowedError("rows that are no cases")
    wanted = set(expected.cases)
    sure = {(given.row.report, given.row.case) for given in rows if given.is_sure}
    perhaps = {(given.row.report, given.row.case) for given in rows}
    if sure - wanted or (wanted - perhaps and not table.open):
        return _only_held(expected, (sure | (perhaps & wanted)))
    if wanted <= sure and not perhaps - wanted and not table.open:
        return _only_held(expected, sure)
    open_cells = [given.cells for given in rows if (given.row.report, given.row.case) not in sure & wanted]
    return Held(holds=None, cells=frozenset[CellRef]().union(*open_cells) if open_cells else cells)


def _marks_possibly(expected: Expected, followed: Followed, table: AskedTable, cells: frozenset[CellRef]) -> Held:
    rows = followed.rows
    if followed.is_distinct:
        raise NotFollowedError("DISTINCT marks")
    marks = [truths(given.values[0]) for given in rows]
    cells = cells.union(*(given.values[0].cells for given in rows))
    surely_not = tuple(
        _name_of(given) for given, mark in zip(rows, marks, strict=True) if True not in mark and given.is_sure
    )
    is_settled = all(given.is_sure and not given.row.is_many for given in rows) and not table.open
    if expected.kind is Kind.ALL:
        if surely_not:
            return _marks_held(expected, 0, len(rows), surely_not)
        if is_settled and all(mark == {True} for mark in marks):
            return _marks_held(expected, len(rows), len(rows), ())
        return Held(holds=None, cells=cells)
    most_of = math.inf if table.open or any(given.row.is_many for given in rows) else len(rows)
    least_of = sum(given.is_sure for given in rows)
    least = sum(given.is_sure and mark == {True} for given, mark in zip(rows, marks, strict=True))
    most = math.inf if math.isinf(most_of) else sum(True in mark for mark in marks)
    if is_settled and least == most:
        return _marks_held(expected, least, len(rows), surely_not)
    if not (least <= expected.low <= most and least_of <= expected.high <= most_of):
        found = f"the table gives {limits_text(least, most)} of {limits_text(least_of, most_of)}, whatever is missing"
        return Held(holds=False, found=found)
    return Held(holds=None, cells=cells)


def _name_of(given: Given) -> str:
    row = given.row
    if row.report:
        return f"{row.report}/{row.case}" if row.case else row.report
    return ", ".join(_said(value.known) for value in given.values[:6])


def _mark(value: Value, columns: int) -> bool:
    if columns != 1 or isinstance(value, str):
        raise SqlError("does not give one column of true or false", "SELECT age_years >= 18 FROM cases gives one")
    return bool(value)


def _named_row(columns: Sequence[str], row: Sequence[Value]) -> str:
    lower = [column.lower() for column in columns]
    if "report" in lower and "case_id" in lower:
        return "/".join(_case_of(columns, row))
    if "report" in lower:
        return _said(row[lower.index("report")])
    return ", ".join(_said(value) for value in row[:6])


def _case_of(columns: Sequence[str], row: Sequence[Value]) -> tuple[str, str]:
    lower = [column.lower() for column in columns]
    if "report" not in lower or "case_id" not in lower:
        raise SqlError("does not give cases", "begin with SELECT report, case_id")
    return _said(row[lower.index("report")]), _said(row[lower.index("case_id")])


def _said(value: Value) -> str:
    if value is None:
        return "no value"
    if isinstance(value, float):
        return number_text(value)
    return str(value) if len(str(value)) <= 100 else str(value)[:99] + "…"


def number_text(value: float) -> str:
    """Returns a number as a reader writes it: 31, 31.5, 77.7778."""
    if isinstance(value, int) or (math.isfinite(value) and value == int(value) and abs(value) < 1e15):
        return str(int(value))
    return f"{value:.4f}".rstrip("0") if 0.001 <= abs(value) < 1e15 else f"{value:.4g}"


def some_of(told: Sequence[str], most: int = 10) -> str:
    if len(told) > most:
        return f"{', '.join(told[:most])} and {len(told) - most} more"
    return joined(told, "and")
