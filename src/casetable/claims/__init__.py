"""Holds the sentences of a manuscript against the table: true, false, or not to be decided while cells are missing.

A missing cell never makes a claim true, and never makes one false by not being there. A claim is decided only where
every table that the missing cells can lead to decides it alike:

1. The columns that its SQL reads hold no missing cell: the answer is the answer.
2. A simple SELECT is followed through all that the missing cells can be (`follow`). What that decides must agree with
   the answers to a handful of tables filled in one way or another.
3. Where the missing cells can be filled in a few ways only, all are tried.

Everything else cannot be decided, and the verdict names the missing cells that the SQL reads.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING

from casetable.claims.database import Answer, SqlError, ask, columns_read
from casetable.claims.held import Held, hold, hold_possibly, one_number
from casetable.claims.possible import CellRef, NotFollowedError, Possible, Value
from casetable.claims.tables import NAMES, Tables, column_names
from casetable.curation import claims as written
from casetable.model import Cell, Report, Status
from casetable.model.claim import Claim, Kind
from casetable.problems import Example, Problem, Rule, Severity, did_you_mean, joined, shown
from casetable.review import Review
from casetable.table import build_table

if TYPE_CHECKING:
    from casetable.claims.follow import Followed

_PATH = "curated/claims.yaml"


def _example(sql: str, expected: str, more: str = "") -> str:
    return (
        "schema: 1\nclaims:\n  - name: children\n    text: One child was treated so.\n"
        f"    sql: {sql}\n    expected: {expected}\n{more}"
    )


C101 = Rule(
    code="C101",
    name="claim-false",
    summary="the table contradicts a sentence of the manuscript",
    why="A sentence that was true when it was written need not stay so when a case is added.",
    fix="Correct the sentence and its claim, or the cells that the message names.",
    example=Example(
        path=_PATH,
        good="",
        bad=_example("SELECT report, case_id FROM cases WHERE age_years < 18", "none"),
        message="is false: 'One child was treated so.'; expected none, but the table gives doe-2020/1",
    ),
)
C102 = Rule(
    code="C102",
    name="claim-undecided",
    severity=Severity.WARNING,
    summary="missing cells leave it open whether a sentence of the manuscript is true",
    why="What is missing must not speak for the sentence; a reader would take it for found.",
    fix="Obtain what is missing, or say in the manuscript what is not known.",
    example=Example(
        path=_PATH,
        good="",
        bad=_example("SELECT report, case_id FROM cases WHERE weight_kg < 10", "none"),
        message="cannot be decided: 'One child was treated so.'; missing: weight_kg of doe-2020 (case 1)",
    ),
)
C103 = Rule(
    code="C103",
    name="claim-not-asked",
    summary="the SQL of a claim or named number cannot be answered, or gives what cannot be held against it",
    why="The sentence is not tested.",
    fix="Mend the SQL; `casetable sql` tries it, and the README lists the tables and their columns.",
    example=Example(
        path=_PATH,
        good="",
        bad=_example("SELECT count(*) FROM cases WHERE age < 18", "1"),
        message="there is no column 'age'",
    ),
)
C106 = Rule(
    code="C106",
    name="claim-names-unknown-cell",
    summary="a claim names a case or cell that the table does not have, or as its own a cell that is not derived",
    why="A mistyped name would let a cell speak for the sentence that it was derived from.",
    fix="Correct the name: REPORT/CASE, and under source_of REPORT/FIELD or REPORT/CASE/FIELD of a derived cell.",
    example=Example(
        path=_PATH,
        good="",
        bad=_example("SELECT report, case_id FROM cases WHERE age_years < 18", "only doe-2020/2"),
        message="expects doe-2020/2, which is no case of the table; expected doe-2020/1",
    ),
)

RULES: tuple[Rule, ...] = (C101, C102, C103, *written.RULES, C106)

# What is tried: fillings of the missing cells, and those that must not contradict what was followed.
MAX_FILLINGS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether the table bears a claim out: `holds` is None where that cannot be decided.

    `found` says in words what the table gives; `breaking` are the cases (or rows) that make it false. `missing` are the
    cells that would decide, `circular` those of them that were derived from the claim itself, and `open` says which
    cases or reports the tables may lack. It rests on `derived` cells that are derived. With a `fault` nothing was asked.
    """

    claim: Claim
    holds: bool | None = None
    found: str = ""
    breaking: tuple[str, ...] = ()
    missing: tuple[CellRef, ...] = ()
    circular: tuple[CellRef, ...] = ()
    open: tuple[str, ...] = ()
    derived: int = 0
    fault: SqlError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The answer to a question over the cells that have a value, and how many cells of its columns have and lack one.

    Where the question is simple, `low` and `high` are the limits of a single number, whatever is missing.
    """

    answer: Answer
    cells: int
    missing: tuple[CellRef, ...]
    derived: int
    open: tuple[str, ...]
    low: float | None = None
    high: float | None = None


def check(review: Review) -> Iterator[Problem]:
    """Yields what is wrong with the claims, and which of them the table does not bear out."""
    for verdict in judge(review):
        claim = verdict.claim
        if unknown := tuple(_unknown_names(review, claim)):
            yield from unknown  # what a claim says of cells that are not there is not judged
        elif verdict.fault is not None:
            yield C103.at(claim.sql_place, verdict.fault.message, field=claim.name, hint=verdict.fault.hint)
        elif verdict.holds is False:
            message = f"is false: {shown(claim.text, 300)}; expected {claim.expected.text}, but {verdict.found}"
            yield C101.at(claim.place, message, field=claim.name)
        elif verdict.holds is None:
            yield C102.at(
                claim.place,
                f"cannot be decided: {shown(claim.text, 300)}; {'; '.join(lacking(verdict))}",
                field=claim.name,
            )
    if review.inputs.form is None:
        return
    tables, columns = Tables(review), column_names(review)
    for number in review.inputs.numbers:
        try:
            one_number(_Reads(tables, columns, number.sql).plain())
        except SqlError as fault:
            yield C103.at(number.place, fault.message, field=number.name, hint=fault.hint)


def lacking(verdict: Verdict) -> tuple[str, ...]:
    """Returns in words what would decide a claim: missing cells, missing rows, and what was derived from it."""
    parts = []
    if verdict.missing:
        parts.append(f"missing: {listed_cells(verdict.missing)}")
    if verdict.open:
        parts.append(f"open: {joined(verdict.open, 'and')}")
    if verdict.circular:
        verb = "was" if len(verdict.circular) == 1 else "were"
        parts.append(f"circular: {joined(map(str, verdict.circular), 'and')} {verb} derived from this claim")
    return tuple(parts) or ("what is missing cannot be told",)


MOST_LISTED = 60


def listed_cells(cells: Sequence[CellRef], most: int = MOST_LISTED) -> str:
    """Returns cells by field and report: "age_years of zhang-2021 (cases 1, 2 and 3)"."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for cell in cells[:most]:
        grouped.setdefault((cell.field, cell.report), []).append(cell.case)
    told = []
    for (field, report), cases in grouped.items():
        named = [case for case in cases if case]
        of_cases = f" ({'case' if len(named) == 1 else 'cases'} {joined(named, 'and')})" if named else ""
        told.append(f"{field} of {report}{of_cases}")
    more = len(cells) - most
    return "; ".join(told) + (f"; and {more} more cells" if more > 0 else "")


# --- the verdicts -----------------------------------------------------------------------------------------------------


def judge(review: Review) -> tuple[Verdict, ...]:
    """Returns the verdict on each claim; none where there is no form that can be read, as then nothing can be asked."""
    if review.inputs.form is None:
        return ()
    columns = column_names(review)
    seen: dict[tuple[object, ...], Tables] = {}
    verdicts = []
    for claim in review.inputs.claims:
        circular = frozenset(ref for named in claim.source_of if (ref := _ref(named.name)) is not None)
        tables = seen.setdefault((claim.about, circular), Tables(review, about=claim.about, circular=circular))
        try:
            verdicts.append(_Asking(_Reads(tables, columns, claim.sql), claim, circular).verdict())
        except SqlError as fault:
            verdicts.append(Verdict(claim=claim, fault=fault))
    return tuple(verdicts)


class _Asking:
    """One claim, put to the tables."""

    def __init__(self, reads: _Reads, claim: Claim, circular: frozenset[CellRef]) -> None:
        self._reads, self._claim, self._circular = reads, claim, circular

    def verdict(self) -> Verdict:
        reads, expected = self._reads, self._claim.expected
        plain = hold(expected, reads.plain())
        if reads.is_whole:
            return self._told(plain)
        held = self._followed() if not reads.open_patients else None
        if held is not None and held.holds is not None and self._is_contradicted(held.holds):
            held = None
        if held is None and not reads.open:
            held = self._filled()
        return self._told(held or Held(holds=None))

    def _told(self, held: Held) -> Verdict:
        is_open = held.holds is None
        reads = self._reads
        missing = reads.missing if held.cells is None else tuple(sorted(held.cells, key=_by_place))
        missing = missing if is_open else ()
        return Verdict(
            claim=self._claim,
            holds=held.holds,
            found=held.found,
            breaking=held.breaking,
            missing=missing,
            circular=tuple(ref for ref in missing if ref in self._circular),
            open=reads.open if is_open else (),
            derived=reads.derived,
        )

    def _followed(self) -> Held | None:
        followed = _followed(self._reads, self._claim.sql)
        if followed is None:
            return None
        try:
            return hold_possibly(self._claim.expected, followed, self._reads.tables[0])
        except NotFollowedError:
            return None

    def _is_contradicted(self, holds: bool) -> bool:  # noqa: FBT001  # a verdict is what it is
        """Whether a filling of the missing cells gives another verdict than what was followed, which then counts for nothing."""
        try:
            return any(hold(self._claim.expected, answer).holds is not holds for answer in self._reads.some_fillings())
        except SqlError:
            return True

    def _filled(self) -> Held | None:
        """Tries every way in which the missing cells can be filled, where these are few."""
        fillings = self._reads.all_fillings()
        if fillings is None:
            return None
        try:
            held = [hold(self._claim.expected, answer) for answer in fillings]
        except SqlError:
            return None
        return held[0] if len({each.holds for each in held}) == 1 else None


class _Reads:
    """What some SQL reads: its tables, and which cells of its columns are missing."""

    def __init__(self, tables: Tables, columns: Mapping[str, Sequence[tuple[str, str]]], sql: str) -> None:
        self._sql, self._columns = sql, columns
        self._read = columns_read(sql, columns)
        self.tables = tuple(tables.named(name) for name in NAMES if name in {table for table, _ in self._read})
        self.open_patients = tables.open_patients if "patient" in {column for _, column in self._read} else ()

    def _values(self) -> Iterator[Possible]:
        for table in self.tables:
            at = [table.at[column] for name, column in sorted(self._read) if name == table.name and column in table.at]
            for row in table.rows:
                yield from (row.values[number] for number in at)

    @cached_property
    def missing(self) -> tuple[CellRef, ...]:
        """The missing cells of the columns that are read, and those that say which rows there are."""
        found = {cell for value in self._values() for cell in value.cells}
        found |= {cell for table in self.tables for row in table.rows if not row.is_certain for cell in row.cells}
        return tuple(sorted(found, key=_by_place))

    @cached_property
    def is_whole(self) -> bool:
        """Whether all that is read is known: every value, and which rows there are."""
        return (
            not self.open
            and all(row.is_certain and not row.is_many for table in self.tables for row in table.rows)
            and all(value.is_known for value in self._values())
        )

    @property
    def derived(self) -> int:
        return sum(value.is_derived for value in self._values())

    @property
    def known_cells(self) -> int:
        """How many cells are read that have a value."""
        number = 0
        for table in self.tables:
            at = [table.at[column] for column in table.of_cells if (table.name, column) in self._read]
            number += sum(row.values[each].known is not None for row in table.rows for each in at)
        return number

    @property
    def open(self) -> tuple[str, ...]:
        told = [told for table in self.tables for told in table.open]
        return tuple(dict.fromkeys([*told, *self.open_patients]))

    def plain(self) -> Answer:
        """The answer over what is known; a missing value is NULL."""
        return self._answer(lambda value: value.known)

    def some_fillings(self) -> Iterator[Answer]:
        """Yields the answers over a handful of fillings, each of one kind throughout."""
        for index in (0, -1, 1):
            yield self._answer(lambda value, index=index: _filling(value, index))  # type: ignore[misc]

    def all_fillings(self) -> Iterator[Answer] | None:
        """Returns the answers over every filling of the missing cells, or None where they are too many to try."""
        places: dict[int, Possible] = {}
        number = 1
        for table in self.tables:
            if any(not row.is_certain or row.is_many for row in table.rows):
                return None
        for value in self._values():
            if value.is_known or id(value) in places:
                continue
            if value.values is None:
                return None
            places[id(value)] = value
            number *= len(value.values)
            if number > MAX_FILLINGS:
                return None
        return self._over(places)

    def _over(self, places: Mapping[int, Possible]) -> Iterator[Answer]:
        for chosen in product(*(value.values or () for value in places.values())):
            filled = dict(zip(places, chosen, strict=True))
            yield self._answer(lambda value, filled=filled: filled.get(id(value), value.known))  # type: ignore[misc]

    def _answer(self, choose: Callable[[Possible], Value]) -> Answer:
        """The answer where each value is what is chosen for it; columns that are not read stay empty."""
        rows = {}
        for table in self.tables:
            is_read = [(table.name, column) in self._read for column, _ in table.columns]
            rows[table.name] = [
                tuple(choose(value) if read else None for value, read in zip(row.values, is_read, strict=True))
                for row in table.rows
                if not row.is_ghost
            ]
        return ask(self._sql, {name: self._columns[name] for name in rows}, rows)


def _filling(value: Possible, index: int) -> Value:
    if value.values is not None:
        return value.values[index if index < len(value.values) else -1]
    if value.is_text:
        return (None, "", "what is written there")[index]
    low = value.low if math.isfinite(value.low) else min(0.0, value.high)
    high = value.high if math.isfinite(value.high) else max(1e6, low)
    chosen = (low, (low + high) / 2, high)[index]
    return int(chosen) if value.is_whole else chosen


def _by_place(cell: CellRef) -> tuple[object, ...]:
    return (
        cell.field,
        cell.report,
        [(not part.isdigit(), part.rjust(20, "0") if part.isdigit() else part) for part in [cell.case]],
    )


# --- questions and named numbers --------------------------------------------------------------------------------------


def ask_table(review: Review, sql: str) -> Asked:
    """Returns the answer to a reader's own question; raises SqlError where it cannot be answered."""
    reads = _Reads(Tables(review), column_names(review), sql)
    answer = reads.plain()
    missing, open_rows = reads.missing, reads.open
    low = high = None
    if (missing or open_rows) and (followed := _followed(reads, sql)) is not None:
        cells = {cell for value in followed.sums or () for cell in value.cells}
        for given in followed.rows:
            cells |= (frozenset() if given.is_sure else given.cells).union(*(value.cells for value in given.values))
        missing = tuple(sorted(cells, key=_by_place))
        sums = followed.sums or ()
        if len(sums) == 1 and sums[0].is_number and sums[0].may_be_something:
            low, high = sums[0].numbers
    return Asked(
        answer=answer,
        cells=reads.known_cells,
        missing=missing,
        derived=reads.derived,
        open=open_rows,
        low=low,
        high=high,
    )


def _followed(reads: _Reads, sql: str) -> Followed | None:
    """Returns what a simple SELECT can give, None of another one."""
    from casetable.claims.follow import follow

    if len(reads.tables) != 1:
        return None
    try:
        return follow(sql, reads.tables[0])
    except NotFollowedError:
        return None


def number_of(asked: Asked) -> float | None:
    """Returns the single number of an answer, None where it has none; raises SqlError where it is something else."""
    return one_number(asked.answer)


# --- names ------------------------------------------------------------------------------------------------------------

_COUNTS = ("cases_in_report", "eligible_cases")


def _ref(name: str) -> CellRef | None:
    parts = name.split("/")
    if len(parts) == 2:
        return CellRef(parts[0], "", parts[1])
    return CellRef(*parts) if len(parts) == 3 else None


def _unknown_names(review: Review, claim: Claim) -> Iterator[Problem]:
    if not review.is_read(review.inputs.paths.reports):
        return
    reports = {report.name: report for report in review.inputs.reports}
    for named in claim.source_of:
        fault = _fault_of(_ref(named.name), reports)
        if fault:
            yield C106.at(named.place, f"{shown(named.name)} {fault}", field=claim.name)
    if claim.expected.kind is Kind.ONLY:
        cases = [(row.report.name, row.case.id) for row in build_table(review).rows]
        for case in claim.expected.cases:
            if case not in cases:
                told = ["/".join(each) for each in cases]
                expected = f"; expected {joined(told)}" if 0 < len(told) <= 12 else ""
                hint = did_you_mean("/".join(case), told) if not expected else ""
                message = f"expects {'/'.join(case)}, which is no case of the table{expected}"
                yield C106.at(claim.place, message, field=claim.name, hint=hint)


def _fault_of(ref: CellRef | None, reports: Mapping[str, Report]) -> str:
    """What is wrong with the name of a cell under source_of, or nothing."""
    if ref is None:
        return "names no cell; expected REPORT/FIELD or REPORT/CASE/FIELD"
    report = reports.get(ref.report)
    if report is None:
        return f"names no cell: there is no extraction {shown(ref.report)}"
    if not ref.case:
        if ref.field not in _COUNTS:
            return f"names no cell of a report; expected {joined(_COUNTS)}, or REPORT/CASE/FIELD"
        count: Cell | None = getattr(report, ref.field)
        cells: Sequence[Cell] = (count,) if count else ()
    else:
        case = next((each for each in report.cases if each.id == ref.case), None)
        if case is None:
            return f"names no cell: {ref.report} has no case {shown(ref.case)}"
        entry = case.entries.get(ref.field)
        if entry is None:
            return f"names no cell: case {ref.case} has no {shown(ref.field)}"
        cells = entry.all_cells
    if not any(cell.status is Status.DERIVED for cell in cells):
        return "is not derived; expected a cell with 'derived' and 'from'"
    return ""
