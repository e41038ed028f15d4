"""What the report page's script reads: every cell with what stands behind it, and how rows are ordered and found."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from casetable.edition import Edition
from casetable.manuscript import INCOMPLETE_MEANING, MEANINGS, head
from casetable.model import Case, Cell, Entry, Field, Form, Report, Status
from casetable.notices import marks
from casetable.problems import STEERING
from casetable.table import INCOMPLETE, KNOWN, Row, Table, filed_under, ranked

# What could end the element that the data stand in, or steer whoever reads the page's source.
_UNSAFE = re.compile(f"[<>&]|{STEERING.pattern}")
_STATUSES = tuple(Status)


def written(value: object) -> str:
    """Returns a value as JSON that no text in it can end, whatever element of a page it stands in."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


class _Strings:
    """Texts by number, each once; "" is 0."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {"": 0}

    def __call__(self, text: str) -> int:
        return self._numbers.setdefault(text, len(self._numbers))

    @property
    def all(self) -> list[str]:
        return list(self._numbers)


def case_data(edition: Edition) -> dict[str, Any]:
    """Returns the cases of the table with every cell, compactly: texts stand once, and are named by their numbers.

    `cases` are in the order of the manuscript's table: report, id, note, whose patient, entries. An entry is 0 where the
    case has no cell, else `[0, cell…]`, or `[1, course…]`; a course is `[note, part, cell, part, cell…]`; a cell is
    `[status, value, unit, reported, where, note, source, when, reference, check, alternatives]` without idle zeros at its
    end. `check` is 0 where there is nothing to verify, 1 where it is not verified, else 2 and more, of `checks`.
    """
    strings = _Strings()
    writer = _CellWriter(edition, strings)
    table = edition.table
    reports: dict[str, int] = {}
    told: list[list[Any]] = []
    cases = []
    marked = marks(edition.review)
    for row in table.rows:
        report = row.report
        if report.name not in reports:
            reports[report.name] = len(reports)
            mark = marked.get(row.record.key)
            told.append(
                [
                    report.name,
                    row.record.label,
                    row.record.citation,
                    row.record.url,
                    _accessed(report),
                    report.note,
                    mark.text if mark else "",
                    mark.note if mark else "",
                ]
            )
        entries = [writer.entry(report, row.case, field) for field in table.fields]
        cases.append(
            [
                reports[report.name],
                strings(row.case.id),
                strings(row.case.note),
                strings(row.patient if row.is_told_before else ""),
                entries,
            ]
        )
    return {
        "fields": [
            [field.name, field.label, field.unit, field.group, field.help, str(field.reference or "")]
            for field in table.fields
        ],
        "statuses": [[status.value, MEANINGS[status]] for status in _STATUSES]
        + [[INCOMPLETE, INCOMPLETE_MEANING.replace("`", "")]],
        "reports": told,
        "cases": cases,
        "checks": writer.checks,
        "strings": strings.all,
    }


def _accessed(report: Report) -> str:
    access = f"access: {report.access}" if report.access else "access: not stated"
    by = f"; extracted by {report.by}" if report.by else ""
    when = f" on {report.when}" if report.when else ""
    return access + by + (when if by else "")


class _CellWriter:
    def __init__(self, edition: Edition, strings: _Strings) -> None:
        self._verifiable = edition.review.verifiable
        self._verified = edition.review.verified
        self._strings = strings
        self._checks: dict[tuple[str, str, str], int] = {}

    @property
    def checks(self) -> list[tuple[str, str, str]]:
        return list(self._checks)

    def entry(self, report: Report, case: Case, field: Field) -> Any:
        entry = case.entries.get(field.name)
        if entry is None:
            return 0
        at = (report.name, case.id)
        if entry.courses:
            return [
                1,
                *(
                    [
                        self._strings(course.note),
                        *(
                            each
                            for part, cell in course.parts.items()
                            for each in (self._strings(part), self._cell(at, f"{field.name}[{number}].{part}", cell))
                        ),
                    ]
                    for number, course in enumerate(entry.courses, start=1)
                ),
            ]
        return [
            0,
            *(
                self._cell(at, f"{field.name}[{number}]" if field.series else field.name, cell)
                for number, cell in enumerate(entry.cells, start=1)
            ),
        ]

    def _cell(self, at: tuple[str, str], name: str, cell: Cell) -> list[Any]:
        text = self._strings
        told: list[Any] = [
            _STATUSES.index(cell.status),
            text(cell.text if cell.value is not None else ""),
            text(cell.unit),
            text(cell.reported),
            text(cell.where),
            text(cell.note),
            text(cell.source),
            text(cell.when),
            text(str(cell.reference or "")),
            0 if cell.alternatives else self._check((*at, name)),
        ]
        if cell.alternatives:
            told.append([self._cell(at, f"{name}({n})", each) for n, each in enumerate(cell.alternatives, start=1)])
        while len(told) > 1 and not told[-1]:
            told.pop()
        return told

    def _check(self, name: tuple[str, str, str]) -> int:
        if name not in self._verifiable:
            return 0
        line = self._verified.get(name)
        if line is None:
            return 1
        check = (line.outcome, line.text, line.when.isoformat())
        return self._checks.setdefault(check, len(self._checks)) + 2


def table_data(table: Table, places: Mapping[int, int], form: Form | None) -> dict[str, Any]:
    """Returns how a table is put together: which case a row is of, and of each column its field, order and words.

    `places` are those of the cases, by their identity. `shown` says of a column that takes one of a field's cells which one, by row, from 0.
    """
    fields = {field.name: at for at, field in enumerate(table.fields)}
    columns = []
    for index, column in enumerate(table.columns):
        field = table.fields[fields[column.field]]
        words, filed = _filed(table, index, field)
        columns.append(
            {
                "name": column.name,
                "head": head(column, form),
                "field": fields[column.field],
                "ranks": ranked(table, index),
                "words": words,
                "filed": filed,
                "shown": [_taken(row, index, field) for row in table.rows] if column.take != "all" else [],
            }
        )
    return {"columns": columns, "rows": [places[id(row.case)] for row in table.rows]}


def _filed(table: Table, index: int, field: Field) -> tuple[list[str], list[Any]]:
    """Returns the words that the cells of a column are filed under, in the form's order, and of each row its words' numbers."""
    by_row = [filed_under(row.columns[index], field) for row in table.rows]
    order = {word: at for at, word in enumerate((*field.choices, KNOWN, *(s.value for s in _STATUSES), INCOMPLETE))}
    words = sorted({word for words in by_row for word in words}, key=lambda word: (order.get(word, len(order)), word))
    numbers = {word: at for at, word in enumerate(words)}
    return words, [numbers[words[0]] if len(words) == 1 else [numbers[word] for word in words] for words in by_row]


def _taken(row: Row, index: int, field: Field) -> int:
    """Returns which of an entry's cells or courses a column shows, or -1."""
    entry = row.case.entries.get(field.name)
    piece = next(iter(row.columns[index].pieces), None)
    if entry is None or piece is None or piece.cell is None:
        return -1
    for at, cells in enumerate(_each(entry)):
        if any(piece.cell is cell for cell in cells):
            return at
    return -1


def _each(entry: Entry) -> Sequence[Sequence[Cell]]:
    if entry.courses:
        return [tuple(course.parts.values()) for course in entry.courses]
    return [(cell, *cell.alternatives) for cell in entry.cells]
