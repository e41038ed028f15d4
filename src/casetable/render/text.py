"""The table as Markdown and CSV, the flow as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

from casetable.flow import Flow
from casetable.formats.csv_cells import write_csv
from casetable.manuscript import Printed
from casetable.notices import Mark, marks
from casetable.review import Review
from casetable.table import CELL_COLUMNS, Row, Table, long_cells


def table_name(table: Table) -> str:
    """Returns what the files of a table are called, without ending: "table" for the manuscript's, "table-NAME" for others."""
    return f"table-{table.layout.name}" if table.layout.name else "table"


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


def render_markdown(review: Review, table: Table, printed: Printed) -> bytes:
    """Returns table.md: the table, its notes, the cases that are not eligible, and the reports."""
    protocol = review.inputs.protocol
    marked = marks(review)
    heads = ["Report", "Case", *(_escaped(run.text) + _raised(run.marks) for run in printed.heads)]
    lines = [f"# {_escaped(protocol.title)}" if protocol else "# Review", ""]
    lines += [_escaped(protocol.question), ""] if protocol else []
    lines += [f"**{printed.label}.** {_escaped(printed.title)}", ""] if table.layout.title else []
    lines += [_line(heads, is_raw=len(heads)), "|" + " --- |" * len(heads)]
    group = ""
    for row in table.rows:
        if row.group != group:
            group = row.group
            lines.append(_line([f"**{_escaped(group)}**", *[""] * (len(heads) - 1)], is_raw=1))
        cells = [case_told(row), *(shown.text for shown in row.columns)]
        lines.append(_line([_linked(row, marked.get(row.record.key)), *cells], is_raw=1))
    lines += ["", *(f"- *{word.mark}*: {_escaped(word.text)}" for word in printed.words)]
    above = {mark for run in printed.heads for mark in run.marks}
    lines += [f"- {_raised((note.mark,))} {_escaped(note.text)}" for note in printed.notes if note.mark in above]
    lines += [f"- {_escaped(note)}" for note in table.layout.notes]
    lines += [f"- {_escaped(short)}: {_escaped(long)}." for short, long in printed.abbreviations]
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


def _raised(marks: Sequence[str]) -> str:
    """Returns the marks of notes as they stand above the line."""
    return f"<sup>{','.join(marks)}</sup>" if marks else ""


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
