"""The tables as an Excel workbook: a row a case with typed cells, and behind them every cell, field and report."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeAlias

from casetable.formats.csv_cells import harmless
from casetable.manuscript import Printed
from casetable.model import REASONS, Cell, Field, FieldType, Form, Number, Status
from casetable.notices import marks
from casetable.problems import visible
from casetable.quantities import read_number
from casetable.render.archive import timeless
from casetable.review import Review
from casetable.table import CELL_COLUMNS, INCOMPLETE, Shown, Table, long_cells

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

# What a sheet of Excel holds (Microsoft, Excel specifications and limits).
MOST_ROWS = 1_048_576
MOST_CHARACTERS = 32_767
MOST_LINKS = 65_530
MOST_DIGITS = 15

FONT, SIZE = "Arial", 10
_WIDEST = 48
_LINE, _HIGHEST = 13.5, 409.0  # the height of a line, and of a row at most, in points
_CUT = " … (cut: a cell of a spreadsheet holds no more)"
_MUTED = "FF595959"  # 7 : 1 on white
_LINK = "FF0072B2"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Typed:
    """A value that is not plain text: a number with the format that shows how it is known, a reason, a link."""

    value: str | int | Decimal | dt.date
    number_format: str = ""
    is_muted: bool = False
    url: str = ""


_Value: TypeAlias = str | int | Decimal | dt.date | _Typed


def render_workbook(review: Review, tables: Sequence[Table], printed: Sequence[Printed]) -> bytes:
    """Returns table.xlsx: a sheet for each table, then Cells, Fields, Reports and Notes. No cell of it is a formula."""
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.worksheets[0])
    book.properties.creator = None
    book.properties.title = visible(printed[0].title)[:255] or None
    for table, told in zip(tables, printed, strict=True):
        heads, rows = _cases(review, table, told)
        _add(book, told.label, heads, rows, title=told.title, frozen="C2")
    form = review.inputs.form or Form()
    _add(book, "Cells", (*CELL_COLUMNS, "record", "url"), _cells(tables[0]), frozen="D2")
    _add(book, "Fields", FIELD_COLUMNS, _fields(form, tables, printed), frozen="B2")
    _add(book, "Reports", REPORT_COLUMNS, _reports(review, tables[0]), frozen="B2")
    _add(book, "Notes", NOTE_COLUMNS, _notes(review, printed), frozen="A2")
    buffer = io.BytesIO()
    book.save(buffer)
    return timeless(buffer.getvalue())


def _cases(review: Review, table: Table, printed: Printed) -> tuple[tuple[str, ...], Iterator[list[_Value]]]:
    """Returns the heads and the rows of a table, a row a case, in the table's order."""
    standing = marks(review)
    form = review.inputs.form or Form()
    group = form.fields[table.layout.group_by].label if table.layout.group_by else ""
    is_told = any(row.is_told_before for row in table.rows)
    is_marked = any(row.record.key in standing for row in table.rows)
    heads = ["Report", "Case", *([group] if group else []), *(["Patient of"] if is_told else [])]
    heads += [*(["Standing"] if is_marked else []), *(run.text for run in printed.heads)]

    def rows() -> Iterator[list[_Value]]:
        for row in table.rows:
            values: list[_Value] = [_Typed(value=row.report.name, url=row.record.url), _number_if_one(row.case.id)]
            values += [row.group] if group else []
            values += [row.patient if row.is_told_before else ""] if is_told else []
            mark = standing.get(row.record.key)
            values += [mark.text if mark else ""] if is_marked else []
            yield [*values, *(_shown(shown) for shown in row.columns)]

    return tuple(heads), rows()


def _shown(shown: Shown) -> _Value:
    if not shown.pieces:
        return _Typed(value=INCOMPLETE, is_muted=True)
    if len(shown.pieces) == 1:
        (piece,) = shown.pieces
        cell = piece.cell
        if cell is not None and piece.plain == cell.text:
            number = _exact(cell)
            if number is not None:
                said = f'" ({cell.status})"' if cell.status is Status.DERIVED else ""
                return _Typed(value=number, number_format=_format(number) + said)
    is_muted = all(piece.cell is not None and piece.cell.status in REASONS for piece in shown.pieces)
    return _Typed(value=shown.text, is_muted=is_muted)


def _exact(cell: Cell) -> Decimal | None:
    is_one = cell.status in (Status.REPORTED, Status.DERIVED) and isinstance(cell.value, Number)
    return _single(cell.value) if is_one and isinstance(cell.value, Number) else None


def _single(number: Number | None) -> Decimal | None:
    """Returns a number that is one figure, no range and no limit, and that a spreadsheet holds as it is."""
    if number is None or number.sign or number.low != number.high:
        return None
    return number.low if len(number.low.as_tuple().digits) <= MOST_DIGITS else None


def _format(number: Decimal) -> str:
    """Returns the number format that shows all decimals of a number."""
    exponent = number.normalize().as_tuple().exponent
    return "0." + "0" * -exponent if isinstance(exponent, int) and exponent < 0 else "0"


def _number_if_one(text: str) -> _Value:
    """Returns a case's id as a number where it is one, so that cases sort as they are counted."""
    return int(text) if text.isascii() and text.isdecimal() and text == str(int(text[:16])) and len(text) < 10 else text


def _cells(table: Table) -> Iterator[list[_Value]]:
    """Yields cells.csv with numbers as numbers, and with the record of each report."""
    numeric = {field.name for field in table.fields if field.type is FieldType.NUMBER}
    for field in table.fields:
        if field.type is FieldType.COURSES:
            numeric |= {f"{field.name}.dose", f"{field.name}.count"}
    records = {row.report.name: row.record for row in table.rows}
    for report, case, field_name, when, value, *rest in long_cells(table):
        number = _single(read_number(value)) if field_name in numeric else None
        typed: _Value = value if number is None else _Typed(value=number, number_format=_format(number))
        record = records[report]
        yield [report, _number_if_one(case), field_name, when, typed, *rest, record.key, record.url]


FIELD_COLUMNS = (
    "name", "label", "group", "type", "unit", "lowest", "highest", "choices", "required", "repeated", "drug",
    "parts", "also called", "identifies", "reference range", "help", "columns",
)  # fmt: skip


def _fields(form: Form, tables: Sequence[Table], printed: Sequence[Printed]) -> Iterator[list[_Value]]:
    """Yields the data dictionary: a row a field of the form, in its order."""
    columns: dict[str, list[str]] = {}
    for table, told in zip(tables, printed, strict=True):
        for column in table.columns:
            taken = ", ".join(word for word in (column.part, "" if column.take == "all" else column.take) if word)
            text = f"{told.label}: {column.label}" + (f" ({taken})" if taken else "")
            columns.setdefault(column.field, []).append(text)
    for field in form.fields.values():
        yield [
            field.name,
            field.label,
            field.group,
            field.type.value,
            field.unit,
            "" if field.low is None else _Typed(value=field.low, number_format=_format(field.low)),
            "" if field.high is None else _Typed(value=field.high, number_format=_format(field.high)),
            _choices(field),
            "yes" if field.required else "no",
            "over time" if field.series else "in courses" if field.type is FieldType.COURSES else "no",
            field.drug,
            ", ".join(field.parts),
            "; ".join(field.names),
            field.identifies,
            str(field.reference) if field.reference else "",
            field.help,
            "; ".join(columns.get(field.name, ())),
        ]


def _choices(field: Field) -> str:
    return "; ".join(
        f"{choice} (printed as {', '.join(forms)})" if forms else choice for choice, forms in field.choices.items()
    )


REPORT_COLUMNS = (
    "report", "record", "citation", "link", "access", "extracted by", "extracted on", "cases in report",
    "eligible cases", "cases in the table", "standing", "note",
)  # fmt: skip


def _reports(review: Review, table: Table) -> Iterator[list[_Value]]:
    """Yields a row for each included report."""
    standing = marks(review)
    counted: dict[str, int] = {}
    for row in table.rows:
        counted[row.report.name] = counted.get(row.report.name, 0) + 1
    for item in review.included:
        report = item.extractions[0] if item.extractions else None
        mark = standing.get(item.record.key)
        yield [
            report.name if report else "",
            item.record.key,
            item.record.citation,
            _Typed(value=item.record.url, url=item.record.url),
            "not extracted yet" if report is None else report.access.value if report.access else "not stated",
            report.by if report else "",
            report.when if report and report.when else "",
            _told(report.cases_in_report if report else None),
            _told(report.eligible_cases if report else None),
            counted.get(report.name, 0) if report else 0,
            f"{mark.text}: {mark.note}" if mark else "",
            report.note if report else "",
        ]


def _told(cell: Cell | None) -> _Value:
    """A number of cases as a report gives it, however it is known."""
    if cell is None:
        return ""
    number = _exact(cell)
    return _Typed(value=cell.text) if number is None else _Typed(value=number, number_format=_format(number))


NOTE_COLUMNS = ("of", "word or mark", "text")


def _notes(review: Review, printed: Sequence[Printed]) -> Iterator[Sequence[_Value]]:
    """Yields what a reader of the other sheets must know."""
    protocol = review.inputs.protocol
    if protocol:
        yield ["review", "title", protocol.title]
        yield ["review", "question", protocol.question]
    if printed[0].searched:
        yield ["review", "last search", dt.date.fromisoformat(printed[0].searched)]
    yield [
        "workbook",
        "numbers",
        "A single number is a number. A range (92–93), a limit (<280), values over time, and a conflict are text."
        ' One that is shown as "3 (derived)" is the number 3.',
    ]
    for told in printed:
        yield [told.label, "title", told.title]
        yield from ([told.label, word.mark, word.text] for word in told.words)
        yield from ([told.label, "", remark] for remark in told.remarks)
        yield from (
            [told.label, run.text, note.text] for run in told.heads for note in told.notes if note.mark in run.marks
        )
        yield from ([told.label, short, long] for short, long in told.abbreviations)


def _add(
    book: Workbook, name: str, heads: Sequence[str], rows: Iterable[Sequence[_Value]], *, frozen: str, title: str = ""
) -> None:
    """Adds rows below their heads as a sheet, and as further sheets what one does not hold."""
    sheet = _Sheet(book, name, heads, frozen, title)
    number = 1
    for row in rows:
        if sheet.height >= MOST_ROWS:
            sheet.finish()
            number += 1
            sheet = _Sheet(book, f"{name} ({number})", heads, frozen, title)
        sheet.append(row)
    sheet.finish()


class _Sheet:
    """A sheet with its heads, which stay in view, and a filter for each column."""

    def __init__(self, book: Workbook, name: str, heads: Sequence[str], frozen: str, title: str) -> None:
        self.sheet: Worksheet = book.create_sheet(name)
        self.styles: dict[tuple[object, ...], Any] = {}
        self.widths = [0] * len(heads)
        self.height = 0
        self.lines: dict[int, int] = {}
        self.links = 0
        self.sheet.freeze_panes = frozen
        self.sheet.print_title_rows = "1:1"
        self.sheet.page_setup.orientation = "landscape"
        self.sheet.page_setup.paperSize = "9"  # A4
        self.sheet.page_setup.fitToHeight = 0
        self.sheet.sheet_properties.pageSetUpPr.fitToPage = True
        # "&" begins a code in a head or foot, and Excel takes no more than 255 characters.
        self.sheet.oddHeader.left.text = _clean(f"{name}. {title}" if title else name)[:200].replace("&", "&&")[:250]
        self.sheet.oddFooter.right.text = "&P / &N"
        self._write([(head, "head", "", "") for head in heads])

    def append(self, values: Sequence[_Value]) -> None:
        """Adds a row."""
        row = []
        for value in values:
            if isinstance(value, _Typed):
                is_linked = value.url.startswith(("https://", "http://")) and self.links < MOST_LINKS
                self.links += is_linked
                kind = "link" if is_linked else "muted" if value.is_muted else ""
                row.append((value.value, kind, value.number_format, value.url if is_linked else ""))
            else:
                row.append((value, "", "", ""))
        self._write(row)

    def _write(self, row: Sequence[tuple[str | int | Decimal | dt.date, str, str, str]]) -> None:
        self.height += 1
        for column, (value, kind, number_format, url) in enumerate(row, 1):
            if value == "":
                continue
            if isinstance(value, str):
                text = _clean(value)
                cell = self.sheet.cell(self.height, column, text)
                cell.data_type = "s"  # else a text that begins with "=" is a formula, and "#N/A" an error
                self._style(cell, kind, "", is_quoted=harmless(text) != text)
                if url:
                    cell.hyperlink = url
                    self._style(cell, kind, "", is_quoted=harmless(text) != text)
                width = max(map(len, text.split("\n")))
                lines = sum(-(-len(line) * 9 // (10 * _WIDEST)) or 1 for line in text.split("\n"))
                if lines > 1:
                    self.lines[self.height] = max(lines, self.lines.get(self.height, 1))
            else:
                cell = self.sheet.cell(self.height, column, value)
                shown = "yyyy-mm-dd" if isinstance(value, dt.date) else number_format or "0"
                self._style(cell, kind, shown, is_quoted=False)
                width = len(str(value)) + len(shown)
            self.widths[column - 1] = max(self.widths[column - 1], width + 3 * (kind == "head"))

    def _style(self, cell: Any, kind: str, number_format: str, *, is_quoted: bool) -> None:
        """Gives a cell its look; each look is put together once."""
        key = (kind, number_format, is_quoted)
        if key not in self.styles:
            from openpyxl.styles import Alignment, Border, Font, Side

            cell.font = {
                "head": Font(name=FONT, size=SIZE, bold=True),
                "muted": Font(name=FONT, size=SIZE, italic=True, color=_MUTED),
                "link": Font(name=FONT, size=SIZE, underline="single", color=_LINK),
            }.get(kind, Font(name=FONT, size=SIZE))
            cell.alignment = Alignment(
                vertical="bottom" if kind == "head" else "top", horizontal="left", wrap_text=True
            )
            if kind == "head":
                cell.border = Border(bottom=Side(style="medium"))
            if number_format:
                cell.number_format = number_format
                cell.alignment = Alignment(vertical="top", horizontal="right", indent=1)
            cell.quotePrefix = is_quoted
            self.styles[key] = cell._style
        cell._style = self.styles[key]

    def finish(self) -> None:
        """Sets what follows from all rows: the widths and the filter."""
        from openpyxl.utils import get_column_letter

        for column, width in enumerate(self.widths, 1):
            self.sheet.column_dimensions[get_column_letter(column)].width = min(max(width + 2, 8), _WIDEST)
        for row, lines in self.lines.items():
            self.sheet.row_dimensions[row].height = min(lines * _LINE, _HIGHEST)
        self.sheet.auto_filter.ref = f"A1:{get_column_letter(len(self.widths))}{self.height}"


@lru_cache(maxsize=4096)
def _clean(text: str) -> str:
    """Returns a text that a sheet can hold: its lines without control characters, and no longer than a cell holds."""
    lines = (visible(line).replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff") for line in text.splitlines())
    text = "\n".join(lines)
    return text if len(text) <= MOST_CHARACTERS else text[: MOST_CHARACTERS - len(_CUT)] + _CUT
