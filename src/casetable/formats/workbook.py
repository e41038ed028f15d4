"""Reads a spreadsheet (Office Open XML, ECMA-376: .xlsx, .xlsm) from bytes into values; nothing in it is evaluated.

The file comes from anybody. What could exhaust the machine is refused before it is unpacked, and a document type
declaration, which the format forbids (ECMA-376-2, 8) and entity attacks need, before it is parsed.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import warnings
import zipfile
from decimal import Decimal
from typing import Any

from casetable.model import plain_number
from casetable.model.sheet import Kept, Sheet, SheetCell, Workbook

MAX_BYTES = 20_000_000
MAX_UNPACKED_BYTES = 60_000_000
MAX_MEMBERS = 2_000
MAX_CELLS = 500_000

_DOCTYPES = tuple("<!DOCTYPE".encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be"))
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
# Formats that show a number as it is: none, text, and whole numbers.
_PLAIN_FORMATS = frozenset({"general", "@", "0"})


class WorkbookError(ValueError):
    """The bytes are no spreadsheet that can be read; says what they are, and what was expected."""


def read_workbook(data: bytes) -> Workbook:
    """Returns the sheets of a spreadsheet with their cells as they are kept; raises WorkbookError."""
    _require_safe(data)
    import openpyxl  # takes a third of a second

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what openpyxl does not know (drawings, validations) is not read anyway
            book = openpyxl.load_workbook(io.BytesIO(data), data_only=False, keep_links=False)
            sheets = tuple(_sheet(sheet) for sheet in book.worksheets)
    except WorkbookError:
        raise
    except Exception as error:  # noqa: BLE001  # openpyxl raises whatever its parts meet in a damaged file
        raise WorkbookError(
            f"is damaged ({type(error).__name__} while it was read); expected a file as Excel or LibreOffice saves it"
        ) from None
    if not sheets:
        raise WorkbookError("has no sheet; expected one that 'casetable template' wrote")
    return Workbook(sheets=sheets)


def _require_safe(data: bytes) -> None:
    if len(data) > MAX_BYTES:
        raise WorkbookError(f"is larger than {MAX_BYTES:,} bytes; expected the spreadsheet of one report")
    if not data:
        raise WorkbookError("is empty; expected a spreadsheet (.xlsx)")
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise WorkbookError(
            "is a spreadsheet of Excel 97-2003 (.xls), or is locked with a password; expected it saved as .xlsx without one"
        )
    if not data.startswith(b"PK"):
        raise WorkbookError("is no spreadsheet (a text or CSV file?); expected .xlsx as 'casetable template' writes it")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            names = {member.filename for member in members}
            if len(members) > MAX_MEMBERS or sum(member.file_size for member in members) > MAX_UNPACKED_BYTES:
                raise WorkbookError(
                    f"unpacks to more than {MAX_UNPACKED_BYTES:,} bytes; expected the spreadsheet of one report"
                )
            if "content.xml" in names:
                raise WorkbookError("is an OpenDocument file (.ods); expected it saved as .xlsx")
            if "xl/workbook.bin" in names:
                raise WorkbookError("is a binary spreadsheet (.xlsb); expected it saved as .xlsx")
            if "[Content_Types].xml" not in names or not any(name.startswith("xl/") for name in names):
                raise WorkbookError("is a zip, but no spreadsheet; expected it saved as .xlsx")
            for member in members:
                if member.filename.endswith((".xml", ".rels")):
                    with archive.open(member) as file:
                        head = file.read(MAX_UNPACKED_BYTES)
                    if any(mark in head for mark in _DOCTYPES):
                        raise WorkbookError(
                            f"holds a document type declaration in {member.filename!r}, which no program writes into a"
                            " spreadsheet; expected it saved anew by Excel or LibreOffice"
                        )
                    if sum(map(_area, _MERGED.findall(head.replace(b"\0", b"")))) > MAX_CELLS:
                        raise WorkbookError(
                            f"merges more than {MAX_CELLS:,} cells in {member.filename!r}; expected those of one report"
                        )
    except WorkbookError:
        raise
    except Exception as error:  # noqa: BLE001  # zipfile raises many things: encryption, unknown compression, bad CRC
        raise WorkbookError(f"is a broken zip ({type(error).__name__}); expected a spreadsheet that opens") from None


# openpyxl makes a cell of each that is merged, before anything can be counted.
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\b[^>]*?\bref\s*=\s*[\"']([^\"']{1,60})[\"']")
_RANGE = re.compile(r"\$?([A-Za-z]{1,3})\$?([0-9]{1,7}):\$?([A-Za-z]{1,3})\$?([0-9]{1,7})")


def _area(reference: bytes) -> int:
    """Returns how many cells a range as A1:C3 has; one where it is none."""
    found = _RANGE.fullmatch(reference.decode("ascii", "replace").strip())
    if found is None:
        return 1
    left, right = _column(found[1]), _column(found[3])
    return (abs(right - left) + 1) * (abs(int(found[4]) - int(found[2])) + 1)


def _column(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number


def _sheet(sheet: Any) -> Sheet:
    # Only the cells that are there: the sheet's own count of rows and columns is whatever the file claims.
    kept = sheet._cells
    if len(kept) > MAX_CELLS:
        raise WorkbookError(f"has more than {MAX_CELLS:,} cells in sheet {sheet.title!r}; expected those of one report")
    cells = {at: found for at, cell in sorted(kept.items()) if (found := _cell(cell)) is not None}
    merged = tuple(
        sorted((area.min_row, area.min_col, area.max_row, area.max_col) for area in sheet.merged_cells.ranges)
    )
    return Sheet(name=str(sheet.title), cells=cells, merged=merged)


def _cell(cell: Any) -> SheetCell | None:
    value, kind = cell.value, getattr(cell, "data_type", "n")
    if value is None:
        return None
    if kind == "f":
        text = value if isinstance(value, str) else getattr(value, "text", None) or getattr(value, "ref", None) or ""
        return SheetCell(kept=Kept.FORMULA, text=str(text))
    if kind == "e":
        return SheetCell(kept=Kept.ERROR, text=str(value))
    if isinstance(value, bool):
        return SheetCell(kept=Kept.TRUTH, text="yes" if value else "no")
    if isinstance(value, int | float):
        return SheetCell(kept=Kept.NUMBER, text=_number(value), shown_as=_shown_as(cell.number_format))
    if isinstance(value, dt.datetime | dt.date | dt.time | dt.timedelta):
        return SheetCell(kept=Kept.DATE, text=_date(value))
    text = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), str(value)).replace("\r\n", "\n").replace("\r", "\n")
    return SheetCell(kept=Kept.TEXT, text=text) if text.strip() else None


def _number(value: float) -> str:
    return plain_number(Decimal(repr(value)))


def _shown_as(shown: object) -> str:
    text = str(shown or "")
    return "" if text.lower() in _PLAIN_FORMATS else text


def _date(value: dt.datetime | dt.date | dt.time | dt.timedelta) -> str:
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat(" ", "minutes")
    return value.isoformat("minutes") if isinstance(value, dt.time) else str(value)
