"""The review table in numbers: of each column how many cases are known and why the others are not, and what they say.

The denominators come from the typed absences: a case that the report does not say anything of is not one that had nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import median

from casetable.model import Cell, Field, FieldType, Number, Status, plain_number
from casetable.table import INCOMPLETE, Row, Shown, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """The numbers of a column: how many, median, lowest and highest. Half of a range counts for the median, its ends for
    the limits; a number that is only a limit (<280) is left out."""

    number: int
    median: Decimal
    low: Decimal
    high: Decimal

    @property
    def limits(self) -> str:
        low, high = plain_number(self.low), plain_number(self.high)
        return low if low == high else f"{low}–{high}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """A column in numbers. `known` cases have a value, reported or derived; `others` are the rest, by the reason why.

    `choices` count the cases with each choice, of the known ones. All of them together are `of`.
    """

    name: str
    label: str
    unit: str
    of: int
    known: int
    others: Mapping[str, int]
    choices: Mapping[str, int]
    spread: Spread | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The table in numbers: its reports with cases, its eligible cases, and its columns."""

    reports: int
    cases: int
    tallies: tuple[Tally, ...]


def summarize(table: Table, without: Collection[str] = ()) -> Summary:
    """Returns the table in numbers, without the cases of the reports named."""
    rows = [row for row in table.rows if row.report.name not in without]
    fields = {field.name: field for field in table.fields}
    return Summary(
        reports=len({row.report.name for row in rows}),
        cases=len(rows),
        tallies=tuple(
            _tally(
                column.name,
                column.label,
                fields[column.field],
                [(row, row.columns[index]) for row in rows],
                column.part,
            )
            for index, column in enumerate(table.columns)
        ),
    )


def summarize_fields(table: Table) -> tuple[Tally, ...]:
    """Returns every field of the form in numbers, over the cases of the table; of numbers over time the first of each."""
    return tuple(
        _tally(field.name, field.label, field, [(row, row.fields[index]) for row in table.rows])
        for index, field in enumerate(table.fields)
    )


def _tally(name: str, label: str, field: Field, rows: Sequence[tuple[Row, Shown]], part: str = "") -> Tally:
    is_choice = field.type in (FieldType.CHOICE, FieldType.CHOICES)
    others: Counter[str] = Counter()
    choices: Counter[str] = Counter()
    numbers: list[Number] = []
    for row, shown in rows:
        entry = row.case.entries.get(field.name)
        # A course is known to have been given, also where its dose is not.
        is_given = entry is not None and bool(entry.courses) and not part
        why = "" if is_given else _why_not(shown)
        if why:
            others[why] += 1
            continue
        values = [piece.cell.value for piece in shown.pieces if piece.cell is not None]
        if is_choice:
            choices.update({choice for value in values for choice in _choices(value)})
        elif field.type is FieldType.NUMBER:
            numbers += [value for value in values if isinstance(value, Number) and not value.sign][:1]
    return Tally(
        name=name,
        label=label,
        unit=field.unit,
        of=len(rows),
        known=len(rows) - sum(others.values()),
        others={reason: others[reason] for reason in _REASONS if others[reason]},
        choices={choice: choices[choice] for choice in field.choices if choices[choice]} if is_choice else {},
        spread=_spread(numbers),
    )


_REASONS = (*(status.value for status in Status), INCOMPLETE)


def _why_not(shown: Shown) -> str:
    """Returns why a case has no value in a column, or nothing where it has one."""
    cells = [piece.cell for piece in shown.pieces]
    if any(cell is None or cell.value is not None for cell in cells):
        return ""
    reasons = [cell.status for cell in cells if isinstance(cell, Cell)]
    # Where the cells over time say several things, a contradiction tells more than silence.
    return Status.CONFLICTING.value if Status.CONFLICTING in reasons else reasons[0].value if reasons else INCOMPLETE


def _choices(value: object) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else (value,) if isinstance(value, str) else ()


def _spread(numbers: Sequence[Number]) -> Spread | None:
    if not numbers:
        return None
    return Spread(
        number=len(numbers),
        median=median([(number.low + number.high) / 2 for number in numbers]),
        low=min(number.low for number in numbers),
        high=max(number.high for number in numbers),
    )


def differences(whole: Summary, less: Summary) -> tuple[str, ...]:
    """Returns in words how a table changes that loses some of its reports, the most telling first.

    First the cases; then what is lost altogether (a column without any value, a choice that no case has any more); then
    limits and medians that move; then the counts.
    """
    cases = f"{_counted(less.cases, 'eligible case')} of {_counted(less.reports, 'report')}, not {whole.cases} of {whole.reports}"
    ranked: list[tuple[int, str]] = [(0, cases)] if (whole.cases, whole.reports) != (less.cases, less.reports) else []
    if not less.cases:
        return tuple(text for _, text in ranked)
    for before, after in zip(whole.tallies, less.tallies, strict=True):
        ranked += _told(before, after)
    return tuple(text for _, text in sorted(ranked, key=lambda each: each[0]))


def _told(before: Tally, after: Tally) -> Iterator[tuple[int, str]]:
    name = f"{before.label} ({before.unit})" if before.unit else before.label
    if before.known and not after.known:
        yield 1, f"{name}: known of none of {after.of}, not of {before.known} of {before.of}"
        return
    for choice, number in before.choices.items():
        left = after.choices.get(choice, 0)
        if left != number:
            text = f"{name}: '{choice}' in {left} of {after.known}, not {number} of {before.known}"
            yield 1 if not left else 3, text
    old, new = before.spread, after.spread
    if old is not None and new is None:
        yield 1, f"{name}: no number left, not {old.limits}"
    elif old is not None and new is not None:
        if old.limits != new.limits:
            yield 2, f"{name}: {new.limits}, not {old.limits}"
        if old.median != new.median:
            yield 2, f"{name}: median {plain_number(new.median)}, not {plain_number(old.median)}"
    if before.known != after.known and not before.choices:
        yield 4, f"{name}: known of {after.known} of {after.of}, not of {before.known} of {before.of}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
