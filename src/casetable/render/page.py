"""The review as one self-contained HTML page."""

from __future__ import annotations

import base64
from functools import cache
from hashlib import sha256
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup

from casetable.flow import Flow
from casetable.model import REASONS, Access, Cell, Field, Status
from casetable.notices import marks
from casetable.problems import visible
from casetable.render.text import INCOMPLETE_MEANING, MEANINGS, head
from casetable.review import Review
from casetable.table import INCOMPLETE, Row, Shown, Table


def render_page(review: Review, table: Table, flow: Flow) -> bytes:
    """Returns table.html: the table, every cell with what stands behind it, and how the reports were found.

    Every value is escaped; the page has no script, loads nothing, and says so in its Content-Security-Policy.
    """
    style = _file("page.css")
    digest = base64.b64encode(sha256(style.encode()).digest()).decode()
    protocol = review.inputs.protocol
    form = review.inputs.form
    text = _template().render(
        protocol=protocol,
        style=Markup(style),  # noqa: S704  # our own file
        style_hash=digest,
        heads=[head(column, form) for column in table.columns],
        rows=[_row(row, table) for row in table.rows],
        not_eligible=[
            {
                "label": record.label,
                "case": case,
                "reason": (protocol.exclusion_reasons if protocol else {}).get(case.reason, case.reason),
            }
            for _, record, case in table.not_eligible
        ],
        meanings=_legend(table),
        questions=_questions(review),
        searches=[
            {
                "strategy": strategy,
                "search": review.last_searches.get(strategy.name),
                "hits": len(review.hits.get(strategy.name, ())),
            }
            for strategy in review.inputs.strategies
        ],
        marks=marks(review),
        items=review.items,
        included=review.included,
        flow=flow,
        counts={
            "cases": len(table.rows),
            "patients": table.patients,
            "reports": len(review.included),
            "records": sum(1 for item in review.items if item.is_hit),
            "undecided": len(review.undecided),
        },
    )
    return (text.strip() + "\n").encode()


def _legend(table: Table) -> list[tuple[str, str, str]]:
    """Name, class and meaning of each way in which a cell of this page is known."""
    shown = [shown for row in table.rows for shown in (*row.columns, *row.fields)]
    used = {status for each in shown for status in each.statuses}
    legend = [(status.value, _css(status), meaning) for status, meaning in MEANINGS.items() if status in used]
    if any(not each.pieces for each in shown):
        legend.append((INCOMPLETE, INCOMPLETE, INCOMPLETE_MEANING.replace("`", "")))
    return legend


def _row(row: Row, table: Table) -> dict[str, Any]:
    known = sum(
        1 for shown in row.fields if set(shown.statuses) & {Status.REPORTED, Status.DERIVED, Status.CONFLICTING}
    )
    groups: list[tuple[str, list[dict[str, Any]]]] = []
    for field, shown in zip(table.fields, row.fields, strict=True):
        if not groups or groups[-1][0] != field.group:
            groups.append((field.group, []))
        groups[-1][1].append({"field": field, "unit": field.unit, "pieces": _pieces(row, field, shown)})
    return {
        "row": row,
        "id": f"{row.report.name}-{row.case.id}",
        "columns": [_shown(shown) for shown in row.columns],
        "nothing": _nothing(row),
        "groups": groups,
        "known": known,
        "is_open": row.report.access is Access.FULL_TEXT,
        "of": len(row.fields),
    }


def _nothing(row: Row) -> dict[str, str] | None:
    """The one reason why no column of a case has a value, or None."""
    texts = {shown.text for shown in row.columns}
    statuses = {status for shown in row.columns for status in shown.statuses}
    if len(row.columns) > 1 and len(texts) == 1 and statuses <= set(REASONS) and len(statuses) == 1:
        return {"text": texts.pop(), "css": _css(statuses.pop())}
    return None


def _shown(shown: Shown) -> dict[str, Any]:
    return {
        "is_wide": any(len(piece.text) > 40 for piece in shown.pieces),
        "pieces": [
            {"text": piece.text, "css": _css(piece.cell.status) if piece.cell else "", "title": _behind(piece.cell)}
            for piece in shown.pieces
        ],
    }


def _pieces(row: Row, field: Field, shown: Shown) -> list[dict[str, Any]]:
    """What a case's field shows, each piece with the cells that stand behind it (a course has one for each part)."""
    entry = row.case.entries.get(field.name)
    pieces = []
    for index, piece in enumerate(shown.pieces):
        if entry is not None and entry.courses:
            course = entry.courses[index]
            cells, note = list(course.parts.values()), course.note
        else:
            cells, note = [piece.cell] if piece.cell else [], ""
        quotes = dict.fromkeys(
            (quoted.reported, quoted.where or cell.where)
            for cell in cells
            for quoted in (cell.alternatives or (cell,))
            if quoted.reported or quoted.where
        )
        notes = dict.fromkeys(
            text
            for cell in cells
            for told in (cell, *cell.alternatives)
            for text in (f"derived from: {told.source}" if told.source else "", told.note)
            if text
        )
        status = piece.cell.status if piece.cell else None
        pieces.append(
            {
                "text": piece.text,
                "css": _css(status) if status else "",
                "quotes": list(quotes),
                "notes": [*notes, *([note] if note else [])],
            }
        )
    return pieces


def _behind(cell: Cell | None) -> str:
    if cell is None:
        return ""
    told = [
        " — ".join(part for part in (f"“{each.reported}”" if each.reported else "", each.where) if part)
        for each in cell.alternatives or (cell,)
    ]
    if cell.source:
        told.append(f"derived from: {cell.source}")
    return "\n".join(text for text in [*told, cell.note] if text)


def _css(status: Status) -> str:
    return status.value.replace(" ", "-")


def _questions(review: Review) -> list[dict[str, str]]:
    return [
        {"label": item.record.label, "case": case_id, "text": question.text, "answer": question.answer}
        for item in review.included
        for report in item.extractions[:1]
        for case_id, questions in (("", report.questions), *((case.id, case.questions) for case in report.cases))
        for question in questions
    ]


def _file(name: str) -> str:
    return resources.files("casetable.render").joinpath(name).read_text(encoding="utf-8")


def _finalize(value: object) -> object:
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return "\n".join(visible(line) for line in value.split("\n"))  # tooltips have lines


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined, finalize=_finalize
    )
    return environment.from_string(_file("page.html"))
