"""Follows a simple SELECT through everything that its table can be: which rows it surely gives, and which perhaps.

Simple is one table, with WHERE, sums and counts over it, and no subquery, join or group. What is not simple, or means
something that is not followed here, raises NotFollowedError, and is decided otherwise or not at all.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import reduce

from sqlglot import exp, parse
from sqlglot.errors import SqlglotError

from casetable.claims.database import like, median
from casetable.claims.possible import (
    FALSE,
    TRUE,
    CellRef,
    NotFollowedError,
    Possible,
    all_of,
    also,
    any_of,
    between,
    calculated,
    compared,
    either,
    is_null,
    known,
    negated,
    one_of,
    same,
    truths,
)
from casetable.claims.tables import AskedTable, TableRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A row that the SELECT gives, surely or (without `is_sure`) perhaps, with its values and what decides it."""

    row: TableRow
    is_sure: bool
    values: tuple[Possible, ...]
    cells: frozenset[CellRef]


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """What a SELECT can give: rows, or one row of `sums`; `is_distinct` where equal rows are given once."""

    rows: tuple[Given, ...] = ()
    sums: tuple[Possible, ...] | None = None
    is_distinct: bool = False


def follow(sql: str, table: AskedTable) -> Followed:
    """Returns what a SELECT from a table can give; raises NotFollowedError where it is not simple."""
    try:
        (tree,) = parse(sql, read="sqlite")
    except (SqlglotError, ValueError, RecursionError):
        raise NotFollowedError("the syntax") from None
    if not isinstance(tree, exp.Select):
        raise NotFollowedError("no plain SELECT")
    _only(tree, "expressions", "from_", "where", "order", "distinct")
    source = tree.args["from_"].this if tree.args.get("from_") else None
    if not isinstance(source, exp.Table) or source.name.lower() != table.name:
        raise NotFollowedError("no plain table")
    _only(source, "this", "alias")
    names = {table.name, source.alias_or_name.lower()}
    distinct = tree.args.get("distinct")
    if distinct is not None:
        _only(distinct)
    where = tree.args.get("where")
    condition = where.this if where is not None else None
    reached = []
    for row in table.rows:
        reader = _Reader(table, names, row)
        holds = reader.value(condition) if condition is not None else TRUE
        found = truths(holds)
        if True in found:
            is_sure = found == {True} and row.is_certain
            cells = holds.cells | (frozenset() if row.is_certain else row.cells)
            reached.append(Given(row=row, is_sure=is_sure, values=(), cells=cells))
    shown = [each.this if isinstance(each, exp.Alias) else each for each in tree.expressions]
    if any(each.find(exp.AggFunc) or _called(each, "total") for each in shown):
        if distinct is not None:
            raise NotFollowedError("DISTINCT sums")
        sums = _Sums(table, names, reached)
        return Followed(sums=tuple(sums.value(each) for each in shown))
    rows = []
    for given in reached:
        reader = _Reader(table, names, given.row)
        values: list[Possible] = []
        for each in shown:
            values += given.row.values if isinstance(each, exp.Star) else [reader.value(each)]
        rows.append(Given(row=given.row, is_sure=given.is_sure, values=tuple(values), cells=given.cells))
    return Followed(rows=tuple(rows), is_distinct=distinct is not None)


def _only(node: exp.Expression, *names: str) -> None:
    """Raises where a part of the SQL says more than what is followed here."""
    for name, value in node.args.items():
        if name not in names and value not in (None, False, []):
            raise NotFollowedError(name)


_SIGNS: dict[type[exp.Expression], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
_SUMS: dict[type[exp.Expression], str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/"}


class _Reader:
    """What an expression can be in one row."""

    def __init__(self, table: AskedTable, names: set[str], row: TableRow | None) -> None:
        self._table, self._names, self._row = table, names, row

    def value(self, node: exp.Expression) -> Possible:
        kind = type(node)
        if kind in _SIGNS:
            _only(node, "this", "expression")
            left, right = self.value(node.this), self.value(node.expression)
            other = node.expression
            if (
                left.is_textual
                and isinstance(node.this, exp.Column)
                and isinstance(other, exp.Literal)
                and other.is_int
            ):
                right = known(other.this)  # SQLite compares a column of texts with 1 as with '1'
            return compared(_SIGNS[kind], left, right)
        if kind in _SUMS:
            _only(node, "this", "expression", "typed", "safe")
            return calculated(_SUMS[kind], self.value(node.this), self.value(node.expression))
        followed = self._FOLLOWED.get(kind)
        if followed is None:
            raise NotFollowedError(kind.__name__)
        return followed(self, node)

    def _and(self, node: exp.Expression) -> Possible:
        _only(node, "this", "expression")
        left = self.value(node.this)
        return FALSE if truths(left) == {False} else all_of(left, self.value(node.expression))

    def _or(self, node: exp.Expression) -> Possible:
        _only(node, "this", "expression")
        left = self.value(node.this)
        return TRUE if truths(left) == {True} else any_of(left, self.value(node.expression))

    def _not(self, node: exp.Expression) -> Possible:
        _only(node, "this")
        return negated(self.value(node.this))

    def _paren(self, node: exp.Expression) -> Possible:
        _only(node, "this")
        return self.value(node.this)

    def _literal(self, node: exp.Expression) -> Possible:
        if node.args["is_string"]:
            return known(node.this)
        text = node.this.lower()
        if text.isdigit() and len(text) < 16:
            return known(int(text))
        try:
            return known(float(text))
        except ValueError:
            raise NotFollowedError("a literal") from None

    def _negative(self, node: exp.Expression) -> Possible:
        _only(node, "this")
        return calculated("-", known(0), self.value(node.this))

    def _nothing(self, _: exp.Expression) -> Possible:
        return known(None)

    def _truth(self, node: exp.Expression) -> Possible:
        return TRUE if node.this else FALSE

    def _column(self, node: exp.Expression) -> Possible:
        _only(node, "this", "table")
        if node.text("table") and node.text("table").lower() not in self._names:
            raise NotFollowedError("another table")
        at = self._table.at.get(node.name.lower())
        if at is None or self._row is None:
            raise NotFollowedError("no column of a row")
        return self._row.values[at]

    def _is(self, node: exp.Expression) -> Possible:
        _only(node, "this", "expression")
        if isinstance(node.expression, exp.Boolean):
            raise NotFollowedError("IS TRUE")
        return same(self.value(node.this), self.value(node.expression))

    def _is_not(self, node: exp.Expression) -> Possible:
        return negated(self._is(node))

    def _between(self, node: exp.Expression) -> Possible:
        _only(node, "this", "low", "high")
        value = self.value(node.this)
        low, high = self.value(node.args["low"]), self.value(node.args["high"])
        return all_of(compared(">=", value, low), compared("<=", value, high))

    def _in(self, node: exp.Expression) -> Possible:
        _only(node, "this", "expressions")
        value = self.value(node.this)
        return reduce(any_of, (compared("=", value, self.value(each)) for each in node.expressions), FALSE)

    def _like(self, node: exp.Expression) -> Possible:
        _only(node, "this", "expression", "negate")
        value, pattern = self.value(node.this), self.value(node.expression)
        wanted = pattern.known
        if not (pattern.is_known and isinstance(wanted, str) and value.is_textual):
            raise NotFollowedError("LIKE")
        if value.values is None:
            found = one_of([0, 1, None], value.cells)
        else:
            matched = (None if each is None else int(like(wanted, str(each))[0]) for each in value.values)
            found = one_of(matched, value.cells)
        return negated(found) if node.args.get("negate") else found

    def _coalesce(self, node: exp.Expression) -> Possible:
        _only(node, "this", "expressions")
        options = []
        for each in (self.value(part) for part in (node.this, *node.expressions)):
            options.append(each)
            if not each.may_be_null:
                break
        return _first_not_null(options)

    def _case(self, node: exp.Expression) -> Possible:
        _only(node, "ifs", "default")
        branches = [(each.this, each.args["true"]) for each in node.args["ifs"]]
        return self._branches(branches, node.args.get("default"))

    def _if(self, node: exp.Expression) -> Possible:
        _only(node, "this", "true", "false")
        return self._branches([(node.this, node.args["true"])], node.args.get("false"))

    def _branches(
        self, branches: Iterable[tuple[exp.Expression, exp.Expression]], default: exp.Expression | None
    ) -> Possible:
        options: list[Possible] = []
        cells: set[CellRef] = set()
        for condition, result in branches:
            holds = self.value(condition)
            found = truths(holds)
            if True in found:
                options.append(self.value(result))
            cells |= holds.cells
            if found == {True}:
                break
        else:
            options.append(self.value(default) if default is not None else known(None))
        return also(either(*options), cells)

    _FOLLOWED: dict[type[exp.Expression], Callable[[_Reader, exp.Expression], Possible]] = {  # noqa: RUF012
        exp.And: _and,
        exp.Or: _or,
        exp.Not: _not,
        exp.Paren: _paren,
        exp.Literal: _literal,
        exp.Neg: _negative,
        exp.Null: _nothing,
        exp.Boolean: _truth,
        exp.Column: _column,
        exp.Is: _is,
        exp.NullSafeEQ: _is,
        exp.NullSafeNEQ: _is_not,
        exp.Between: _between,
        exp.In: _in,
        exp.Like: _like,
        exp.Coalesce: _coalesce,
        exp.Case: _case,
        exp.If: _if,
    }


def _first_not_null(options: Sequence[Possible]) -> Possible:
    *most, last = options
    kept = []
    for each in most:
        if not each.may_be_something:
            continue
        if each.values is not None:
            kept.append(one_of((value for value in each.values if value is not None), each.cells))
        elif each.is_text:
            kept.append(each)  # it says too much: the text may then be NULL
        else:
            kept.append(between(each.low, each.high, each.cells, is_whole=each.is_whole))
    cells = frozenset(cell for each in most for cell in each.cells)
    return also(either(*kept, last), cells)


def _called(node: exp.Expression, name: str) -> bool:
    return any(found.name.lower() == name for found in node.find_all(exp.Anonymous))


class _Sums(_Reader):
    """What an expression of counts, sums, means and the like can be over the rows reached."""

    def __init__(self, table: AskedTable, names: set[str], reached: Sequence[Given]) -> None:
        super().__init__(table, names, None)
        self._reached = reached

    def value(self, node: exp.Expression) -> Possible:
        if isinstance(node, exp.Filter):
            _only(node, "this", "expression")
            return self._over(node.this, self._filtered(node.expression.this))
        if isinstance(node, exp.AggFunc):
            return self._over(node, self._reached)
        return super().value(node)

    def _filtered(self, condition: exp.Expression) -> Sequence[Given]:
        kept = []
        for given in self._reached:
            holds = _Reader(self._table, self._names, given.row).value(condition)
            found = truths(holds)
            if True in found:
                is_sure = given.is_sure and found == {True}
                kept.append(Given(row=given.row, is_sure=is_sure, values=(), cells=given.cells | holds.cells))
        return kept

    def _over(self, node: exp.Expression, rows: Sequence[Given]) -> Possible:
        is_open = bool(self._table.open)
        if isinstance(node, exp.Count):
            _only(node, "this", "big_int")
            if isinstance(node.this, exp.Star):
                return _count([(given, TRUE) for given in rows], is_open=is_open)
            return _count(
                [(given, negated(is_null(self._in_row(node.this, given)))) for given in rows], is_open=is_open
            )
        function = _FUNCTIONS.get(type(node))
        if function is None:
            raise NotFollowedError(type(node).__name__)
        _only(node, "this")
        reached = [_Part(given, self._in_row(node.this, given)) for given in rows]
        if not all(part.value.is_number for part in reached):
            raise NotFollowedError("sums of texts")
        cells = frozenset(cell for part in reached for cell in part.cells)
        parts = [part for part in reached if part.value.may_be_something]
        may_lack = not any(part.is_sure for part in parts)
        if not parts and not is_open:
            return known(None)
        if is_open or any(part.given.row.is_many for part in parts):
            return between(-math.inf, math.inf, cells, is_null=may_lack)
        low, high = function(parts)
        is_whole = (
            function is not _mean and function is not _middle and all(part.value.has_whole_numbers for part in parts)
        )
        return between(low, high, cells, is_null=may_lack, is_whole=is_whole)

    def _in_row(self, node: exp.Expression, given: Given) -> Possible:
        return _Reader(self._table, self._names, given.row).value(node)


def _count(rows: Sequence[tuple[Given, Possible]], *, is_open: bool) -> Possible:
    least, most = 0, 0.0
    cells: set[CellRef] = set()
    for given, counts in rows:
        found = truths(counts)
        if True not in found:
            continue
        is_sure = given.is_sure and found == {True}
        least += is_sure
        most += math.inf if given.row.is_many else 1
        if not is_sure or given.row.is_many:
            cells |= given.cells | counts.cells | given.row.cells
    return between(least, math.inf if is_open else most, frozenset(cells), is_whole=True)


@dataclass(frozen=True, slots=True)
class _Part:
    """What one row brings to a sum; only what is not NULL counts."""

    given: Given
    value: Possible

    @property
    def is_sure(self) -> bool:
        return self.given.is_sure and not self.value.may_be_null

    @property
    def cells(self) -> frozenset[CellRef]:
        return self.value.cells | (frozenset() if self.given.is_sure else self.given.cells)


Limits = tuple[float, float]


def _sum(parts: Sequence[_Part]) -> Limits:
    lows = [part.value.numbers[0] if part.is_sure else min(0.0, part.value.numbers[0]) for part in parts]
    highs = [part.value.numbers[1] if part.is_sure else max(0.0, part.value.numbers[1]) for part in parts]
    return sum(lows), sum(highs)


def _hull(parts: Sequence[_Part]) -> Limits:
    return min(part.value.numbers[0] for part in parts), max(part.value.numbers[1] for part in parts)


def _mean(parts: Sequence[_Part]) -> Limits:
    if not all(part.is_sure for part in parts):
        return _hull(parts)
    low, high = _sum(parts)
    return low / len(parts), high / len(parts)


def _middle(parts: Sequence[_Part]) -> Limits:
    if not all(part.is_sure for part in parts):
        return _hull(parts)
    low, high = (median([part.value.numbers[end] for part in parts]) for end in (0, 1))
    return (low or 0.0, high or 0.0)


def _least(parts: Sequence[_Part]) -> Limits:
    low, high = _hull(parts)
    return low, min([part.value.numbers[1] for part in parts if part.is_sure], default=high)


def _greatest(parts: Sequence[_Part]) -> Limits:
    low, high = _hull(parts)
    return max([part.value.numbers[0] for part in parts if part.is_sure], default=low), high


_FUNCTIONS: dict[type[exp.Expression], Callable[[Sequence[_Part]], Limits]] = {
    exp.Sum: _sum,
    exp.Avg: _mean,
    exp.Median: _middle,
    exp.Min: _least,
    exp.Max: _greatest,
}
