"""The table as Markdown and CSV, the flow as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

from casetable.flow import Flow
from casetable.formats.csv_cells import write_csv
from casetable.model import Column, Form, Status
from casetable.notices import Mark, marks
from casetable.review import Review
from casetable.table import CELL_COLUMNS, INCOMPLETE, Row, Table, long_cells

# What each way of knowing a cell means to a reader, in the order of the legend.
MEANINGS = {
    Status.REPORTED: "as the report gives it",
    Status.DERIVED: "follows from what the report gives, and is not said there",
    Status.CONFLICTING: "the report contradicts itself; each version is shown",
    Status.NOT_REPORTED: "the report was read and does not say it",
    Status.NOT_APPLICABLE: "cannot be said of this patient",
    Status.UNCLEAR: "the report can be read in more than one way",
    Status.NOT_ACCESSIBLE: "the report could not be read as far as this",
}


INCOMPLETE_MEANING = "the extraction is not finished here; `casetable check` names the cell"


def render_table(table: Table) -> bytes:
    """Returns table.csv: a row a case, the columns of the form's table behind `report` and `case`."""
    heads = ("report", "case", *(column.name for column in table.columns))
    return _csv(
        [heads, *((row.report.name, row.case.id, *(shown.text for shown in row.columns)) for row in table.rows)]
    )


def render_cells(table: Table) -> bytes:
    """Returns cells.csv: a row a cell, for programs."""
    return _csv([CELL_COLUMNS, *long_cells(table)])


def render_rows(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Returns any rows as CSV, harmless to a spreadsheet."""
    return _csv([heads, *rows])


def _csv(rows: Iterable[Sequence[str]]) -> bytes:
    return write_csv([value.replace("\r", " ") for value in row] for row in rows).encode()


def head(column: Column, form: Form | None) -> str:
    """Returns a column's head as a reader sees it: its label, with the unit of its field."""
    field = form.fields.get(column.field) if form else None
    return f"{column.label} ({field.unit})" if field and field.unit else column.label


def render_markdown(review: Review, table: Table) -> bytes:
    """Returns table.md: the table, its notes, the cases that are not eligible, and the reports."""
    protocol = review.inputs.protocol
    marked = marks(review)
    heads = ["Report", "Case", *(head(column, review.inputs.form) for column in table.columns)]
    lines = [f"# {_escaped(protocol.title)}" if protocol else "# Review", ""]
    lines += [_escaped(protocol.question), ""] if protocol else []
    lines += [_line(heads), "|" + " --- |" * len(heads)]
    lines += [
        _line(
            [_linked(row, marked.get(row.record.key)), case_told(row), *(shown.text for shown in row.columns)], is_raw=1
        )
        for row in table.rows
    ]
    used = {status for row in table.rows for shown in row.columns for status in shown.statuses}
    lines += ["", *(f"- *{status}*: {MEANINGS[status]}." for status in MEANINGS if status in used)]
    if any(not shown.pieces for row in table.rows for shown in row.columns):
        lines.append(f"- *{INCOMPLETE}*: {INCOMPLETE_MEANING}.")
    if table.not_eligible:
        lines += ["", "## Cases of these reports that are not eligible", ""]
        reasons = protocol.exclusion_reasons if protocol else {}
        for _, record, case in table.not_eligible:
            why = reasons.get(case.reason, case.reason)
            note = f" ({_escaped(case.note)})" if case.note else ""
            lines.append(f"- {_escaped(record.label)}, case {_escaped(case.id)}: {_escaped(why)}{note}")
    lines += ["", "## Reports", ""]
    for item in review.included:
        report = item.extractions[0] if item.extractions else None
        access = "not extracted yet" if report is None else report.access.value if report.access else "not stated"
        url = f" <{item.record.url}>" if item.record.url else ""
        mark = marked.get(item.record.key)
        noted = f" **{_escaped(mark.text)}**: {_escaped(mark.note)}." if mark else ""
        lines.append(f"- {_escaped(item.record.citation)}{url} Access: {access}.{noted}")
    return ("\n".join(lines) + "\n").encode()


def case_told(row: Row) -> str:
    """Returns a row's case, and which earlier row is the same patient."""
    return f"{row.case.id} (the patient of {row.patient})" if row.is_told_before else row.case.id


def _linked(row: Row, mark: Mark | None) -> str:
    label = _escaped(row.record.label)
    standing = f" **{_escaped(mark.text)}**" if mark else ""
    return (f"[{label}]({row.record.url})" if row.record.url else label) + standing


def _line(values: Sequence[str], *, is_raw: int = 0) -> str:
    """Returns a row of a Markdown table; the first `is_raw` values are Markdown already."""
    return "| " + " | ".join(v if i < is_raw else _escaped(v) for i, v in enumerate(values)) + " |"


def _escaped(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>#|~$])", r"\\\1", " ".join(text.split()))


def render_flow(flow: Flow) -> bytes:
    """Returns prisma.json: the boxes of the PRISMA 2020 flow diagram by their keys, and ours beside them."""
    value = {
        "schema": 1,
        "prisma": dict(flow.prisma),
        "specific": {key: dict(told) for key, told in flow.specific.items()},
        "reasons": {key: dict(told) for key, told in flow.reasons.items()},
        "cases": dict(flow.cases),
        "case_reasons": dict(flow.case_reasons),
        "imbalances": [imbalance.told for imbalance in flow.imbalances],
    }
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()
