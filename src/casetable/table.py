"""The review table: one row a case for readers, one row a cell for programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from casetable.model import (
    Case,
    Cell,
    Column,
    Course,
    Entry,
    Field,
    FieldType,
    Form,
    Layout,
    Number,
    Record,
    Report,
    Status,
    Take,
)
from casetable.overlap import patients
from casetable.review import Item, Review, once

CELL_COLUMNS = ("report", "case", "field", "when", "value", "unit", "status", "reported", "where")
INCOMPLETE = "incomplete"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A part of a shown cell: its text, how it is known, and what stands behind it.

    `plain` is the text without the words for how it is known. Of a course told in one text, `parts` are the cells of
    its parts, whose words stay in the text.
    """

    text: str
    cell: Cell | None
    plain: str = ""
    parts: tuple[Cell, ...] = ()

    @property
    def cells(self) -> tuple[Cell, ...]:
        """All cells that the text tells."""
        return self.parts or ((self.cell,) if self.cell else ())


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What stands in one field of the table; no pieces where the case has no cell for it."""

    pieces: tuple[Piece, ...]

    @property
    def text(self) -> str:
        return "; ".join(piece.text for piece in self.pieces) if self.pieces else INCOMPLETE

    @property
    def statuses(self) -> tuple[Status, ...]:
        return tuple(dict.fromkeys(piece.cell.status for piece in self.pieces if piece.cell))


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One eligible case: the report it stands in, the shown columns, and every field of the form.

    `patient` is the first case of the table that was ruled the same person, as `report/case`; mostly the case itself.
    `group` is the head under which the row stands, or nothing.
    """

    report: Report
    record: Record
    case: Case
    columns: tuple[Shown, ...]
    fields: tuple[Shown, ...]
    patient: str
    group: str = ""

    @property
    def name(self) -> str:
        """The case as `report/case`."""
        return f"{self.report.name}/{self.case.id}"

    @property
    def is_told_before(self) -> bool:
        """Whether the patient stands in an earlier row of the table too."""
        return self.patient != self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table of the review: eligible cases of included reports, in the order and the groups of its layout."""

    layout: Layout
    fields: tuple[Field, ...]
    rows: tuple[Row, ...]
    not_eligible: tuple[tuple[Report, Record, Case], ...]
    not_extracted: tuple[Item, ...]

    @property
    def columns(self) -> tuple[Column, ...]:
        return self.layout.columns

    @property
    def patients(self) -> int:
        """How many persons the rows are of, as far as overlaps were ruled on."""
        return len({row.patient for row in self.rows})


def build_table(review: Review) -> Table:
    """Returns the manuscript's table; a review without a readable form has no columns and no rows."""
    return build_tables(review)[0]


@once
def build_tables(review: Review) -> tuple[Table, ...]:
    """Returns the tables that the form lays out, the manuscript's first, of the same cases."""
    form = review.inputs.form or Form()
    cases, others = [], []
    patient_of = patients(review)
    for item in review.included:
        for report in item.extractions[:1]:
            for case in report.cases:
                if case.is_eligible:
                    name = f"{report.name}/{case.id}"
                    fields = tuple(_all(case.entries.get(name), field) for name, field in form.fields.items())
                    cases.append((report, item.record, case, fields, patient_of.get(name, name)))
                else:
                    others.append((report, item.record, case))
    not_extracted = tuple(item for item in review.included if not item.extractions)
    tables = []
    for layout in (form.layout, *form.further):
        rows = [
            Row(
                report=report,
                record=record,
                case=case,
                columns=tuple(_column(case.entries.get(column.field), column, form) for column in layout.columns),
                fields=fields,
                patient=patient,
                group=_group(case.entries.get(layout.group_by)) if layout.group_by else "",
            )
            for report, record, case, fields, patient in cases
        ]
        tables.append(
            Table(
                layout=layout,
                fields=tuple(form.fields.values()),
                rows=tuple(_ordered(rows, layout, form)),
                not_eligible=tuple(others),
                not_extracted=not_extracted,
            )
        )
    return tuple(tables)


def _group(entry: Entry | None) -> str:
    """Returns the head of a case's group: the field's value, however it is known, or why it has none."""
    if entry is None:
        return INCOMPLETE
    return "; ".join(dict.fromkeys([*(cell.text for cell in entry.cells), *(course.drug for course in entry.courses)]))


def _ordered(rows: list[Row], layout: Layout, form: Form) -> list[Row]:
    """Returns rows in a layout's order; those that are alike in it stay as they came: by year, report and place in it."""
    for key in reversed(layout.order):
        field = form.fields.get(key.by)
        known = [(row, value) for row in rows if (value := _sort_value(row, field)) is not None]
        known.sort(key=lambda each: each[1], reverse=key.is_descending)
        placed = {id(row) for row, _ in known}
        rows = [*(row for row, _ in known), *(row for row in rows if id(row) not in placed)]
    if layout.group_by:
        field = form.fields[layout.group_by]
        groups: dict[str, list[Row]] = {}
        for row in rows:
            groups.setdefault(row.group, []).append(row)
        values = {head: value for head, (row, *_) in groups.items() if (value := _sort_value(row, field)) is not None}
        heads = sorted(values, key=lambda head: values[head])
        heads += sorted(head for head in groups if head not in values)  # why nothing is known comes last
        rows = [row for head in heads for row in groups[head]]
    return rows


def _sort_value(row: Row, field: Field | None) -> tuple[Decimal, str] | None:
    """Returns what a row is ordered by: a number, a choice's place in the form, a text; the year without a field.

    None where the first of its cells has no value: such rows come last, whichever way round.
    """
    if field is None:
        return (Decimal(row.record.year), "") if row.record.year.isdecimal() else None
    entry = row.case.entries.get(field.name)
    first = entry.all_cells[0] if entry is not None and entry.all_cells else None
    return None if first is None else cell_value(first, field)


def cell_value(first: Cell, field: Field) -> tuple[Decimal, str] | None:
    """Returns what a cell is ordered by, that of the first alternative of a conflict; None without a value."""
    while first.alternatives:
        first = first.alternatives[0]
    if first.value is None:
        return None
    if isinstance(first.value, Number):
        return (first.value.low + first.value.high) / 2, ""
    choices = list(field.choices)
    word = first.value[0] if isinstance(first.value, tuple) else first.value
    return (Decimal(choices.index(word)), "") if word in choices else (Decimal(len(choices)), first.text.casefold())


def ranked(table: Table, index: int) -> tuple[int | None, ...]:
    """Returns the place of each row when ordered by a column, from 0, alike ones alike; None where it has no value.

    Numbers go as numbers, the middle of a range, choices in the form's order, all else as text.
    """
    field = next(field for field in table.fields if field.name == table.columns[index].field)
    values = []
    for row in table.rows:
        cells = (piece.cell for piece in row.columns[index].pieces)
        found = (cell_value(cell, field) for cell in cells if cell is not None)
        values.append(next((value for value in found if value is not None), None))
    places = {value: place for place, value in enumerate(sorted({value for value in values if value is not None}))}
    return tuple(None if value is None else places[value] for value in values)


KNOWN = "known"


def filed_under(shown: Shown, field: Field) -> tuple[str, ...]:
    """Returns the words by which a shown cell is found: its choices, or "known"; and why it, or a part of it, has no value."""
    is_choice = field.type in (FieldType.CHOICE, FieldType.CHOICES)
    found: list[str] = []
    for piece in shown.pieces:
        cells = (piece.cell.alternatives or (piece.cell,)) if piece.cell else ()
        for cell in cells:
            if cell.value is None:
                found.append(cell.status.value)
            elif is_choice:
                found += cell.value if isinstance(cell.value, tuple) else [str(cell.value)]
            else:
                found.append(KNOWN)
        if piece.cell is None:
            found.append(KNOWN)
    return tuple(dict.fromkeys(found)) or (INCOMPLETE,)


def _column(entry: Entry | None, column: Column, form: Form) -> Shown:
    field = form.fields[column.field]
    if entry is None:
        return Shown(pieces=())
    if entry.courses:
        courses = _taken_courses(entry.courses, column.take)
        if column.part:
            cells = [course.parts[column.part] for course in courses if column.part in course.parts]
            return Shown(pieces=tuple(_piece(cell) for cell in cells))
        return Shown(pieces=tuple(piece for course in courses for piece in _course_pieces(course, field)))
    if column.take is Take.ALL:
        return _all(entry, field)
    cell = _taken(entry.cells, column.take)
    return Shown(pieces=(_piece(cell, with_unit=False),))


def _taken_courses(courses: Sequence[Course], take: Take) -> Sequence[Course]:
    if take is Take.FIRST:
        return courses[:1]
    return courses[-1:] if take is Take.LAST else courses


def _taken(cells: Sequence[Cell], take: Take) -> Cell:
    if take is Take.LAST:
        return cells[-1]
    numbers = [
        (each.value, cell)
        for cell in cells
        for each in (cell.alternatives or (cell,))
        if isinstance(each.value, Number)
    ]
    if take in (Take.LOWEST, Take.HIGHEST) and numbers:
        choose = min if take is Take.LOWEST else max
        return choose(numbers, key=lambda number: number[0].low if take is Take.LOWEST else number[0].high)[1]
    return cells[0]


def _all(entry: Entry | None, field: Field) -> Shown:
    if entry is None:
        return Shown(pieces=())
    if entry.courses:
        return Shown(pieces=tuple(piece for course in entry.courses for piece in _course_pieces(course, field)))
    return Shown(pieces=tuple(_piece(cell, with_unit=False, when=cell.when) for cell in entry.cells))


def _piece(cell: Cell, *, with_unit: bool = True, when: str = "") -> Piece:
    text = worded(cell, with_unit=with_unit)
    timed = f" ({when})" if when else ""
    return Piece(text=text + timed, cell=cell, plain=text.removesuffix(_SAID.get(cell.status, "")) + timed)


_SAID = {Status.DERIVED: " (derived)", Status.CONFLICTING: " (conflicting)"}


def worded(cell: Cell, *, with_unit: bool = True) -> str:
    """Returns a cell in words: its value, its unit where the column's head does not give it, and how it is known."""
    if cell.status is Status.CONFLICTING:
        text = " / ".join(dict.fromkeys(_bare(alternative, with_unit=with_unit) for alternative in cell.alternatives))
    else:
        text = _bare(cell, with_unit=with_unit)
    return text + _SAID.get(cell.status, "")


def _bare(cell: Cell, *, with_unit: bool) -> str:
    return f"{cell.text} {cell.unit}".rstrip() if with_unit and cell.value is not None else cell.text


_NAMED_PARTS = {"start": "start: ", "stop": "stop: ", "count": "times: "}


def _course_pieces(course: Course, field: Field) -> Iterator[Piece]:
    """Yields a course as one text that carries the cell of its dose, or of its first part, as what stands behind it."""
    texts = []
    for part, cell in course.parts.items():
        if part == "drug" and field.drug:
            continue
        if cell.value is None and cell.status is not Status.CONFLICTING:
            texts.append(f"{part} {cell.status}")
        else:
            texts.append(_NAMED_PARTS.get(part, "") + worded(cell))
    text = ", ".join(texts) if field.drug else " ".join(texts[:2]) + "".join(f", {text}" for text in texts[2:])
    behind = course.parts.get("dose") or next(iter(course.parts.values()), None)
    yield Piece(text=text, cell=behind, plain=text, parts=tuple(course.parts.values()))


def long_cells(table: Table) -> Iterator[tuple[str, ...]]:
    """Yields the table in long form, a row a cell, with CELL_COLUMNS.

    A part of a course is the field `FIELD.PART`, its `when` the course's start or its number; the values of
    a conflict are a row each, all with the status `conflicting`; a case's missing cell has the status `incomplete`.
    """
    for row in table.rows:
        for field in table.fields:
            entry = row.case.entries.get(field.name)
            head = (row.report.name, row.case.id)
            if entry is None:
                yield (*head, field.name, "", "", field.unit, INCOMPLETE, "", "")
                continue
            for cell in entry.cells:
                yield from _long(head, field.name, cell.when, cell)
            for number, course in enumerate(entry.courses, start=1):
                start = course.parts.get("start")
                when = f"course {number}" + (f": {start.text}" if start is not None and start.value is not None else "")
                for part, cell in course.parts.items():
                    if part != "drug" or field.type is FieldType.COURSES:
                        yield from _long(head, f"{field.name}.{part}", when, cell)


def _long(head: tuple[str, str], name: str, when: str, cell: Cell) -> Iterator[tuple[str, ...]]:
    for each in cell.alternatives or (cell,):
        value = each.text if each.value is not None else ""
        place = each.where or cell.where
        yield (*head, name, each.when or when, value, each.unit, cell.status.value, each.reported, place)
