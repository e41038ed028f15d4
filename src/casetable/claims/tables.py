"""The tables that claims and questions are put to: `cases`, `cells`, `reports`, `records`, `searches`.

Each value is what it can be (`Possible`): a missing cell is anything that its field allows. What the plain tables show
in its place is NULL.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from casetable.claims.possible import (
    CellRef,
    Possible,
    Value,
    also,
    any_text,
    between,
    either,
    known,
    one_of,
)
from casetable.model import (
    COURSE_PARTS,
    Case,
    Cell,
    Entry,
    Field,
    FieldType,
    Number,
    OverlapVerdict,
    Report,
    Status,
)
from casetable.model.claim import About
from casetable.overlap import opened, patients
from casetable.problems import Place, joined
from casetable.review import Item, Review
from casetable.table import INCOMPLETE, build_table

TEXT, REAL, INTEGER = "TEXT", "REAL", "INTEGER"

# SQLite allows 2,000 columns; each field has two. A text longer than this is not asked about.
MAX_FIELDS = 900
MAX_TEXT = 10_000

CELLS = (
    ("report", TEXT),
    ("case_id", TEXT),
    ("patient", TEXT),
    ("field", TEXT),
    ("part", TEXT),
    ("timepoint", TEXT),
    ("value", TEXT),
    ("number", REAL),
    ("unit", TEXT),
    ("status", TEXT),
    ("reported", TEXT),
    ("place", TEXT),
)
REPORTS = (
    ("report", TEXT),
    ("key", TEXT),
    ("title", TEXT),
    ("year", INTEGER),
    ("journal", TEXT),
    ("doi", TEXT),
    ("pmid", TEXT),
    ("access", TEXT),
    ("cases_in_report", REAL),
    ("cases_in_report_status", TEXT),
    ("eligible_cases", REAL),
    ("eligible_cases_status", TEXT),
)
RECORDS = (
    ("key", TEXT),
    ("source", TEXT),
    ("title", TEXT),
    ("authors", TEXT),
    ("year", INTEGER),
    ("journal", TEXT),
    ("doi", TEXT),
    ("pmid", TEXT),
    ("screening", TEXT),
    ("reason", TEXT),
    ("is_hit", INTEGER),
    ("changed", TEXT),
)
SEARCHES = (
    ("strategy", TEXT),
    ("source", TEXT),
    ("method", TEXT),
    ("searched_on", TEXT),
    ("found", INTEGER),
    ("added", INTEGER),
    ("removed", INTEGER),
    ("is_last", INTEGER),
)
OF_CASES = (("report", TEXT), ("case_id", TEXT), ("patient", TEXT), ("year", INTEGER))

NAMES = ("cases", "cells", "reports", "records", "searches")


@dataclass(frozen=True, slots=True, kw_only=True)
class TableRow:
    """A row: whose it is, and what each of its values can be.

    Without `is_certain` the row may not be there; with `is_many` it may stand for several. A `is_ghost` is no row of
    the plain table: it stands for rows that the missing cells may bring.
    """

    report: str
    case: str
    values: tuple[Possible, ...]
    is_certain: bool = True
    is_many: bool = False
    is_ghost: bool = False
    cells: frozenset[CellRef] = frozenset()


@dataclass(frozen=True, kw_only=True)
class AskedTable:
    """A table: columns as (name, SQL type) and rows; `open` says in words which rows may be missing from it.

    `of_cells` are the columns that hold what was extracted, and not whose it is or how it is known.
    """

    name: str
    columns: tuple[tuple[str, str], ...]
    rows: tuple[TableRow, ...]
    open: tuple[str, ...] = ()
    of_cells: frozenset[str] = frozenset()

    @cached_property
    def at(self) -> dict[str, int]:
        """Where each column stands in a row."""
        return {name: number for number, (name, _) in enumerate(self.columns)}


def column_names(review: Review) -> dict[str, tuple[tuple[str, str], ...]]:
    """Returns the columns of every table, whatever its rows are."""
    return {
        "cases": _case_columns(review),
        "cells": CELLS,
        "reports": REPORTS,
        "records": RECORDS,
        "searches": SEARCHES,
    }


def _fields(review: Review) -> tuple[Field, ...]:
    return tuple(review.inputs.form.fields.values())[:MAX_FIELDS] if review.inputs.form else ()


def _case_columns(review: Review) -> tuple[tuple[str, str], ...]:
    """The columns of `cases`: whose it is, then each field and its status.

    A name that is taken gets a `_` behind it; fields come before statuses, as the form's words are their author's.
    """
    taken = {name for name, _ in OF_CASES}

    def free(name: str) -> str:
        while name in taken:
            name += "_"
        taken.add(name)
        return name

    fields = _fields(review)
    names = [free(field.name) for field in fields]
    statuses = [free(f"{field.name}_status") for field in fields]
    columns = list(OF_CASES)
    for field, name, status in zip(fields, names, statuses, strict=True):
        columns += [(name, REAL if field.type is FieldType.NUMBER else TEXT), (status, TEXT)]
    return tuple(columns)


class Tables:
    """The tables of a review as one claim sees them.

    `circular` are the cells that were derived from the claim: for it they are missing. In a claim about reports, what
    a report does not say is known not to be said.
    """

    def __init__(
        self, review: Review, *, about: About = About.PATIENTS, circular: frozenset[CellRef] = frozenset()
    ) -> None:
        self._review = review
        self._about = about
        self._circular = circular

    def named(self, name: str) -> AskedTable:
        """Returns one of NAMES."""
        table: AskedTable = getattr(self, name)
        return table

    # --- what may be missing as a whole ---

    @cached_property
    def _open_reports(self) -> tuple[str, ...]:
        """Why there may be reports that the tables do not have."""
        review, told = self._review, []
        if undecided := len(review.undecided):
            told.append(f"{undecided} undecided {'hit' if undecided == 1 else 'hits'}")
        paths = review.inputs.paths
        unread = [
            path for path in (paths.searches, paths.records, paths.screening, paths.reports) if not review.is_read(path)
        ]
        told += [f"what cannot be read in {path}" for path in unread]
        if not unread and not review.is_log_whole:
            told.append(f"what {paths.records} lacks")
        return tuple(told)

    @cached_property
    def _open_cases(self) -> tuple[str, ...]:
        """Why there may be cases that the tables do not have."""
        told = list(self._open_reports)
        for item in self._review.included:
            if not item.extractions:
                told.append(f"the cases of {item.group.keys[0]}, which is not extracted")
                continue
            report = item.extractions[0]
            told += [
                f"case {case.id} of {report.name}, of which nobody decided whether it is eligible"
                for case in report.cases
                if case.is_eligible is None
            ]
            if not self._is_counted(report):
                told.append(f"how many cases {report.name} has")
        return tuple(told)

    def _is_counted(self, report: Report) -> bool:
        """Whether the number of a report's eligible cases is known."""
        cell = report.eligible_cases
        ref = CellRef(report.name, "", "eligible_cases")
        return self._possible(cell, _COUNT, ref).is_known

    @cached_property
    def _patients(self) -> Mapping[str, str]:
        """The patient of each case: the first case that was ruled the same person, mostly the case itself."""
        return patients(self._review)

    @cached_property
    def open_patients(self) -> tuple[str, ...]:
        """Which cases may be one patient, with no ruling that settles it."""
        found, _ = opened(self._review)
        told = [f"whether {joined(each.one)} is {joined(each.other)}" for each in found]
        rulings = self._review.inputs.overlaps
        told += [
            f"whether {joined(ruling.cases, 'and')} are one patient"
            for ruling in rulings
            if ruling.verdict is OverlapVerdict.CANNOT_TELL
        ]
        return tuple(told)

    # --- the tables ---

    @cached_property
    def cases(self) -> AskedTable:
        columns = _case_columns(self._review)
        rows = []
        for row in build_table(self._review).rows:
            report, case = row.report, row.case
            year = _year(row.record.year, CellRef(report.name, "", "year"))
            values = [known(report.name), known(case.id), known(row.patient), year]
            for field in _fields(self._review):
                values += self._field(report, case, field)
            is_counted = self._is_counted(report)
            count = frozenset() if is_counted else frozenset([CellRef(report.name, "", "eligible_cases")])
            rows.append(
                TableRow(report=report.name, case=case.id, values=tuple(values), is_certain=is_counted, cells=count)
            )
        of_cells = frozenset(name for name, _ in columns[len(OF_CASES) :: 2])
        return AskedTable(name="cases", columns=columns, rows=tuple(rows), open=self._open_cases, of_cells=of_cells)

    def _field(self, report: Report, case: Case, field: Field) -> tuple[Possible, Possible]:
        ref = CellRef(report.name, case.id, field.name)
        entry = case.entries.get(field.name)
        if entry is None or not entry.courses:
            cell = entry.cells[0] if entry and entry.cells else None
            return self._possible(cell, field, ref), self._status(cell, ref)
        drugs = [course.parts.get("drug") for course in entry.courses]
        named = [self._possible(cell, _WORDS, ref) for cell in drugs]
        status = next((cell for cell, drug in zip(drugs, named, strict=True) if not drug.is_known), drugs[0])
        if not all(drug.is_known for drug in named):
            return any_text(frozenset([ref])), self._status(status, ref)
        is_derived = any(drug.is_derived for drug in named)
        text = "; ".join(dict.fromkeys(str(drug.known) for drug in named if drug.known is not None))
        return known(text or None, is_derived=is_derived), self._status(status, ref)

    @cached_property
    def cells(self) -> AskedTable:
        rows: list[TableRow] = []
        for row in build_table(self._review).rows:
            for name, field in (self._review.inputs.form.fields if self._review.inputs.form else {}).items():
                rows += self._cell_rows(row.report, row.case, field, row.case.entries.get(name))
        return AskedTable(
            name="cells",
            columns=CELLS,
            rows=tuple(rows),
            open=self._open_cases,
            of_cells=frozenset(["value", "number"]),
        )

    def _cell_rows(self, report: Report, case: Case, field: Field, entry: Entry | None) -> Iterator[TableRow]:
        ref = CellRef(report.name, case.id, field.name)
        for cell in entry.cells if entry else (None,):
            yield from self._long(
                report, case, field, ref, cell, known(None), known((cell.when if cell else "") or None)
            )
        for number, course in enumerate(entry.courses if entry else (), start=1):
            start = course.parts.get("start")
            told = f": {start.text}" if start is not None and start.value is not None else ""
            when = known(f"course {number}{told}")
            for part in COURSE_PARTS:
                if part in course.parts:
                    yield from self._long(report, case, _PARTS[part], ref, course.parts[part], known(part), when)
                else:  # what nobody looked for
                    yield from self._ghost(report, case, field, ref, known(part))
        is_open = field.series or field.type is FieldType.COURSES
        if is_open and (entry is None or any(not self._possible(c, field, ref).is_known for c in entry.cells)):
            parts = one_of([None, *COURSE_PARTS], frozenset([ref]))
            yield from self._ghost(report, case, field, ref, parts if field.type is FieldType.COURSES else known(None))

    def _long(
        self, report: Report, case: Case, field: Field, ref: CellRef, cell: Cell | None, part: Possible, when: Possible
    ) -> Iterator[TableRow]:
        """Yields the rows of a cell: one, or one for each version of a conflict."""
        versions = (cell.alternatives or (cell,)) if cell else (None,)
        is_conflict = len(versions) > 1
        for each in versions:
            value = self._possible(each, field, ref)
            is_number = field.type is FieldType.NUMBER
            yield TableRow(
                report=report.name,
                case=case.id,
                # Of the versions of a conflict one is true, and nobody knows which.
                is_certain=not is_conflict and self._is_counted(report),
                cells=frozenset([ref]) if is_conflict else frozenset(),
                values=(
                    *self._head(report, case),
                    known(ref.field),
                    part,
                    when if each is None or not each.when else known(each.when),
                    _worded(each, value) if is_number else value,
                    value if is_number else known(None),
                    known((each.unit if each else field.unit) or None),
                    self._status(cell, ref),
                    known(_cut(each.reported) if each else None),
                    known(_cut(each.where or (cell.where if cell else "")) if each else None),
                ),
            )

    def _head(self, report: Report, case: Case) -> tuple[Possible, Possible, Possible]:
        name = f"{report.name}/{case.id}"
        return known(report.name), known(case.id), known(self._patients.get(name, name))

    def _ghost(self, report: Report, case: Case, field: Field, ref: CellRef, part: Possible) -> Iterator[TableRow]:
        cells = frozenset([ref])
        text = any_text(cells)
        number = between(-math.inf, math.inf, cells, is_null=True)
        yield TableRow(
            report=report.name,
            case=case.id,
            is_certain=False,
            is_many=True,
            is_ghost=True,
            cells=cells,
            values=(*self._head(report, case), known(field.name), part, text, text, number, text, text, text, text),
        )

    @cached_property
    def reports(self) -> AskedTable:
        rows = []
        for item in self._review.included:
            report = item.extractions[0] if item.extractions else None
            name = report.name if report else item.group.keys[0]
            access = report.access.value if report and report.access else None
            values = [known(name), known(item.group.keys[0]), *_facts(item, CellRef(name, "", "year"))]
            values.append(known(access) if access else any_text(frozenset([CellRef(name, "", "access")])))
            for field in ("cases_in_report", "eligible_cases"):
                ref = CellRef(name, "", field)
                cell: Cell | None = getattr(report, field) if report else None
                values += [self._possible(cell, _COUNT, ref), self._status(cell, ref)]
            rows.append(TableRow(report=name, case="", values=tuple(values)))
        return AskedTable(
            name="reports",
            columns=REPORTS,
            rows=tuple(rows),
            open=self._open_reports,
            of_cells=frozenset(["cases_in_report", "eligible_cases"]),
        )

    @cached_property
    def records(self) -> AskedTable:
        rows = []
        for item in self._review.items:
            for key in item.group.keys:
                record, decision = self._review.records[key], item.screened.decision
                values: tuple[Value, ...] = (
                    key,
                    record.origin,
                    record.title,
                    "; ".join(record.authors),
                    int(record.year) if _is_year(record.year) else None,
                    record.journal,
                    record.doi,
                    record.pmid,
                    item.screened.standing.value,
                    decision.reason if decision else None,
                    int(item.is_hit),
                    record.standing,
                )
                rows.append(_plain_row(values))
        return AskedTable(name="records", columns=RECORDS, rows=tuple(rows), open=self._open_log)

    @cached_property
    def searches(self) -> AskedTable:
        last = {search.id for search in self._review.last_searches.values()}
        rows = [
            _plain_row(
                (
                    search.strategy,
                    search.source,
                    search.method.value,
                    search.when[:10],
                    search.count,
                    len(search.added),
                    len(search.removed),
                    int(search.id in last),
                )
            )
            for search in self._review.inputs.searches
        ]
        return AskedTable(name="searches", columns=SEARCHES, rows=tuple(rows), open=self._open_log)

    @property
    def _open_log(self) -> tuple[str, ...]:
        paths = self._review.inputs.paths
        return () if self._review.is_log_whole else (f"what {paths.searches} and {paths.records} lack",)

    # --- what a cell can be ---

    def _possible(self, cell: Cell | None, field: Field, ref: CellRef) -> Possible:
        """Returns what the value of a cell can be."""
        if ref in self._circular or cell is None:
            return _missing(field, ref)
        if cell.status is Status.CONFLICTING:
            versions = [self._possible(each, field, ref) for each in cell.alternatives]
            return also(either(*versions), [ref])
        if cell.status is Status.NOT_APPLICABLE or (
            cell.status is Status.NOT_REPORTED and self._about is About.REPORTS
        ):
            return known(None)
        if cell.value is None:
            return _missing(field, ref)
        is_derived = cell.status is Status.DERIVED
        if isinstance(cell.value, Number):
            low, high = _limits(cell.value, field)
            return known(low, is_derived=is_derived) if low == high else between(low, high, frozenset([ref]))
        if len(cell.text) > MAX_TEXT:
            return any_text(frozenset([ref]))
        return known(cell.text, is_derived=is_derived)

    def _status(self, cell: Cell | None, ref: CellRef) -> Possible:
        """Returns what the status of a cell can be; of what was not read, it may become any."""
        if cell is None or cell.status is Status.NOT_ACCESSIBLE or ref in self._circular:
            return any_text(frozenset([ref]), shown=cell.status.value if cell else INCOMPLETE)
        return known(cell.status.value)


_COUNT = Field(name="count", label="", group="", type=FieldType.NUMBER, required=True, place=Place(path=""))
_WORDS = Field(name="words", label="", group="", type=FieldType.TEXT, required=True, place=Place(path=""))
_PARTS = {part: _COUNT if part in {"dose", "count"} else _WORDS for part in COURSE_PARTS}


def _missing(field: Field, ref: CellRef) -> Possible:
    """Returns all that a missing cell of a field can be; it can also turn out that there is no value."""
    cells = frozenset([ref])
    if field.type is FieldType.NUMBER:
        low = float(field.low) if field.low is not None else -math.inf
        high = float(field.high) if field.high is not None else math.inf
        return between(low, high, cells, is_null=True)
    if field.type is FieldType.CHOICE:
        return one_of([*field.choices, None], cells)
    return any_text(cells)


def _limits(number: Number, field: Field) -> tuple[float, float]:
    """Returns between which numbers one lies that a report gives as 3, 92–93 or <280."""
    if number.sign in {"<", "≤"}:
        return float(field.low) if field.low is not None else -math.inf, float(number.high)
    if number.sign:
        return float(number.low), float(field.high) if field.high is not None else math.inf
    return float(number.low), float(number.high)


def _worded(cell: Cell | None, value: Possible) -> Possible:
    """The number of a cell in words, as 92–93 or <280."""
    if cell is not None and cell.value is not None and (value.is_known or len(value.cells) == 1):
        return known(cell.text, is_derived=cell.status is Status.DERIVED)
    return known(None) if value.is_known else any_text(value.cells)


def _facts(item: Item, year: CellRef) -> tuple[Possible, ...]:
    record = item.record
    texts = [known(_cut(text)) for text in (record.title, record.journal, record.doi, record.pmid)]
    return texts[0], _year(record.year, year), *texts[1:]


def _year(text: str, ref: CellRef) -> Possible:
    """A record's year; where its source does not give it, it is missing."""
    if _is_year(text):
        return known(int(text))
    return between(-math.inf, math.inf, frozenset([ref]), is_whole=True)


def _is_year(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) == 4


def _cut(text: str) -> str | None:
    return text[:MAX_TEXT] or None


def _plain_row(values: Iterable[Value]) -> TableRow:
    told = tuple(known(_cut(value) if isinstance(value, str) else value) for value in values)
    return TableRow(report="", case="", values=told)
