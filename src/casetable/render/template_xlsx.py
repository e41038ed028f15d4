"""A spreadsheet to be filled in, as bytes (.xlsx): every cell is text, so that what is typed stays as it is typed.

No text can become a formula: all of them are written as strings, and those that would be one if a person edited the cell
carry the mark that Excel gives to a leading apostrophe (quotePrefix, ECMA-376-1, 18.8.45).
"""

from __future__ import annotations

import io
import re
import textwrap
from collections import defaultdict
from typing import Any

from casetable.curation.sheets import FIXED, HOW_TO, LISTS, SheetColumn, SheetPage, SheetRow, Template
from casetable.errors import UsageError
from casetable.problems import column_letters
from casetable.render.archive import timeless

# What a cell of Excel holds at most; openpyxl would cut the rest off without a word.
MAX_TEXT = 32_767
_TITLE_ROW, _HEAD_ROW = 1, 2
_HOW_TO_WIDTH = 110
# What XML cannot hold, and what a reader would take for such an escape (ECMA-376-1, 22.9.2.19, ST_Xstring).
_ESCAPED = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4}_)")
_COLORS = {
    "head": "1F3B57",
    "group": "D9E4EF",
    "fixed": "F2F2F2",
    "input": "FFFFFF",
    "unused": "E3E3E3",
    "line": "BFC7CF",
    "faint": "666666",
}


def render_template(template: Template) -> bytes:
    """Returns the spreadsheet; raises UsageError where a text is longer than a cell can be."""
    import openpyxl  # takes a third of a second

    book = openpyxl.Workbook()
    book.properties.creator = "casetable"
    book.properties.title = _safe(template.title)
    book.remove(book.worksheets[0])
    lists = _Lists()
    look = _Look()
    for page in template.pages:
        _write_page(book.create_sheet(page.name), page, lists, look)
    how_to = book.create_sheet(HOW_TO)
    how_to.column_dimensions["A"].width = _HOW_TO_WIDTH
    for number, line in enumerate(template.how_to, start=1):
        look.put(how_to, number, 1, line, "plain")
        how_to.row_dimensions[number].height = 5 + 12.5 * _taken(line, _HOW_TO_WIDTH)
    _set_page(how_to)
    lists.write(book.create_sheet(LISTS), look)
    buffer = io.BytesIO()
    book.save(buffer)
    return timeless(buffer.getvalue())


def _safe(text: str) -> str:
    return _ESCAPED.sub(lambda found: f"_x{ord(found[0]):04X}_", text)


class _Look:
    """The styles of cells, made once, and how a text is put into a cell."""

    def __init__(self) -> None:
        from openpyxl.styles import Alignment, Border, Font, PatternFill, Side

        side = Side(style="thin", color=_COLORS["line"])
        self.border = Border(left=side, right=side, top=side, bottom=side)
        self.top = Alignment(wrap_text=True, vertical="top")
        self.line = Alignment(vertical="center")
        self.fills = {
            name: PatternFill("solid", fgColor=_COLORS[name]) for name in ("head", "group", "fixed", "input", "unused")
        }
        self.fonts = {
            "title": Font(name="Arial", size=12, bold=True),
            "head": Font(name="Arial", size=10, bold=True, color="FFFFFF"),
            "group": Font(name="Arial", size=10, bold=True),
            "fixed": Font(name="Arial", size=9, color=_COLORS["faint"]),
            "label": Font(name="Arial", size=10, bold=True),
            "plain": Font(name="Arial", size=10),
        }

    def put(self, sheet: Any, row: int, column: int, text: str, style: str) -> None:
        """Writes a text into a cell, in the style of its kind."""
        if len(text) > MAX_TEXT:
            raise UsageError(
                f"a text of {len(text):,} characters is longer than a cell of a spreadsheet can be ({MAX_TEXT:,});"
                f" it begins {text[:40]!r}; nothing was written"
            )
        cell = sheet.cell(row=row, column=column)
        if text:
            cell.value = _safe(text)
            cell.data_type = "s"  # else a leading "=" makes a formula of it
        cell.number_format = "@"
        cell.quotePrefix = text.startswith(("=", "+", "-", "@", "\t", "\r", "'"))
        cell.font = self.fonts.get(style, self.fonts["plain"])
        cell.alignment = self.line if style in {"title", "group", "head"} else self.top
        fill = {"head": "head", "group": "group", "fixed": "fixed", "label": "fixed"}.get(style, style)
        if fill in self.fills:
            cell.fill = self.fills[fill]
        if style not in {"title", "plain", "group"}:
            cell.border = self.border


def _write_page(sheet: Any, page: SheetPage, lists: _Lists, look: _Look) -> None:
    look.put(sheet, _TITLE_ROW, 1, page.title, "title")
    validations: dict[tuple[tuple[str, ...], bool, str, str], list[str]] = defaultdict(list)
    for at, column in enumerate(page.columns, start=1):
        look.put(sheet, _HEAD_ROW, at, column.heading, "head")
        letters = column_letters(at)
        sheet.column_dimensions[letters].width = column.width or 12
        sheet.column_dimensions[letters].hidden = not column.width
    for number, row in enumerate(page.rows, start=_HEAD_ROW + 1):
        for at, column in enumerate(page.columns, start=1):
            if row.group:
                look.put(sheet, number, at, row.group if at == 1 else "", "group")
                continue
            look.put(sheet, number, at, row.texts.get(column.key, ""), _style(column, row))
            asked = _asked(column, row)
            if asked is not None:
                validations[asked].append(f"{column_letters(at)}{number}")
        if (lines := _lines(page, row)) > 1:
            sheet.row_dimensions[number].height = 3 + 12.5 * min(lines, 30)
    for (choices, is_closed, title, prompt), cells in validations.items():
        sheet.add_data_validation(_validation(choices, title, prompt, cells, lists, is_closed=is_closed))
    last = column_letters(len(page.columns))
    sheet.freeze_panes = f"{column_letters(page.frozen + 1)}{_HEAD_ROW + 1}"
    sheet.row_dimensions[_TITLE_ROW].height = 22
    sheet.row_dimensions[_HEAD_ROW].height = 20
    sheet.auto_filter.ref = f"A{_HEAD_ROW}:{last}{_HEAD_ROW + max(len(page.rows), 1)}"
    sheet.print_title_rows = f"{_HEAD_ROW}:{_HEAD_ROW}"
    _set_page(sheet)


def _set_page(sheet: Any) -> None:
    from openpyxl.worksheet.properties import PageSetupProperties

    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = 9  # A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_margins.left = sheet.page_margins.right = 0.4
    sheet.page_margins.top = sheet.page_margins.bottom = 0.7
    sheet.page_margins.header = sheet.page_margins.footer = 0.3
    sheet.oddFooter.center.text = "&A, page &P of &N"


def _lines(page: SheetPage, row: SheetRow) -> int:
    """How many lines the fullest cell of a row takes; a row of one line is left to grow by itself."""
    return max(
        (
            _taken(text, column.width * (1.25 if column.key == "help" else 1.05 if column.key == "field" else 1.12))
            for column in page.columns
            if column.width and (text := row.texts.get(column.key, ""))
        ),
        default=1,
    )


def _taken(text: str, width: float) -> int:
    """How many lines a text takes in a column that holds so many of its characters."""
    return sum(len(textwrap.wrap(line, max(int(width), 1))) or 1 for line in text.split("\n"))


def _style(column: SheetColumn, row: SheetRow) -> str:
    if column.key in row.inputs:
        return "input"
    if column.key == "field":
        return "label"
    if column.key in FIXED or row.texts.get(column.key):
        return "fixed"
    return "unused"


def _asked(column: SheetColumn, row: SheetRow) -> tuple[tuple[str, ...], bool, str, str] | None:
    """Returns what a cell offers and says when it is entered, or nothing."""
    choices = row.choices.get(column.key, ()) if column.key in row.inputs else ()
    prompt = row.prompt if column.key in {"value", "drug"} and column.key in row.inputs else ""
    if not choices and not prompt:
        return None
    # A list is all that is expected only where a field has choices; the reasons beside a number are an offer.
    is_closed = bool(choices) and (
        column.key in {"status", "field", "part"} or (column.key == "value" and row.is_closed)
    )
    return choices, is_closed, row.texts.get("field", "") if prompt else "", prompt


def _validation(
    choices: tuple[str, ...], title: str, prompt: str, cells: list[str], lists: _Lists, *, is_closed: bool
) -> Any:
    from openpyxl.worksheet.datavalidation import DataValidation

    found = DataValidation(
        type="list" if choices else None,
        formula1=lists.area(choices) if choices else None,
        allow_blank=True,
        showErrorMessage=is_closed,
        errorStyle="warning",
        errorTitle="Not in the list" if is_closed else None,
        error="The list has what is expected here." if is_closed else None,
        showInputMessage=bool(prompt),
        promptTitle=_cut(title, 32) if prompt else None,
        prompt=_cut(prompt, 255) if prompt else None,
    )
    for cell in cells:
        found.add(cell)
    return found


def _cut(text: str, limit: int) -> str:
    """Excel refuses a workbook whose messages are longer (ECMA-376-1, 18.3.1.32, as Excel reads it)."""
    text = " ".join(_safe(text).split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


class _Lists:
    """The lists that cells offer, each once, in a hidden sheet: written out in a cell's rule they could hold no comma."""

    def __init__(self) -> None:
        self.columns: dict[tuple[str, ...], int] = {}

    def area(self, choices: tuple[str, ...]) -> str:
        letters = column_letters(self.columns.setdefault(choices, len(self.columns) + 1))
        return f"'{LISTS}'!${letters}$1:${letters}${len(choices)}"

    def write(self, sheet: Any, look: _Look) -> None:
        for choices, column in self.columns.items():
            for row, choice in enumerate(choices, start=1):
                look.put(sheet, row, column, choice, "plain")
        sheet.sheet_state = "hidden"
