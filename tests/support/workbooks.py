"""Fills in spreadsheets as a person would, and saves them as programs do."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path
from typing import Any

import openpyxl

HEAD_ROW = 2


class Filled:
    """A spreadsheet of `casetable template` that is being filled in."""

    def __init__(self, data: bytes) -> None:
        self.book: Any = openpyxl.load_workbook(io.BytesIO(data))

    def column(self, sheet: str, heading: str) -> int:
        return next(cell.column for cell in self.book[sheet][HEAD_ROW] if cell.value == heading)

    def rows(self, sheet: str, label: str, case: str = "") -> list[int]:
        """The rows of an item, a field or (for "") of nothing, in their order."""
        by_label = self.column(sheet, "Item" if sheet == "Report" else "Field")
        cases = self.column(sheet, "Case") if sheet != "Report" else 0
        found = []
        for row in range(HEAD_ROW + 1, self.book[sheet].max_row + 1):
            of = self.book[sheet].cell(row, cases).value if cases else ""
            is_of = (of or "") == case if case or not label else True
            if (self.book[sheet].cell(row, by_label).value or "") == label and is_of:
                found.append(row)
        return found

    def put(
        self, sheet: str, label: str, heading: str, value: Any, *, case: str = "", at: int = 0, shown_as: str = ""
    ) -> str:
        """Types into a cell and returns its name; texts are typed as into a cell of text, all else as it is."""
        listed = self.rows(sheet, label, case)
        row = listed[at] if listed else self.spare(sheet, label, case or "1")
        cell = self.book[sheet].cell(row, self.column(sheet, heading))
        cell.value = value
        if shown_as:
            cell.number_format = shown_as
        return f"{sheet}!{cell.coordinate}"

    def spare(self, sheet: str, label: str, case: str) -> int:
        """Takes the first of the further rows that nobody has used, for a case and a field."""
        row = min(row for row in self.rows(sheet, "") if self._is_further(sheet, row))
        self.book[sheet].cell(row, self.column(sheet, "Case")).value = case
        self.book[sheet].cell(row, self.column(sheet, "Field")).value = label
        return row

    def _is_further(self, sheet: str, row: int) -> bool:
        return all(cell.value is None for cell in self.book[sheet][row])

    def without_marks(self) -> None:
        for sheet in self.book:
            heads = [cell.column for cell in sheet[HEAD_ROW] if cell.value == "Mark"]
            for column in heads:
                for row in range(HEAD_ROW + 1, sheet.max_row + 1):
                    sheet.cell(row, column).value = None

    def saved(self) -> bytes:
        buffer = io.BytesIO()
        self.book.save(buffer)
        return buffer.getvalue()


def cells_of(data: bytes) -> dict[str, str]:
    """Every cell of the sheets that a person sees, by its name."""
    book = openpyxl.load_workbook(io.BytesIO(data))
    return {
        f"{sheet.title}!{cell.coordinate}": str(cell.value)
        for sheet in book
        for row in sheet.iter_rows()
        for cell in row
        if cell.value is not None
    }


def saved_by_libreoffice(paths: list[Path], folder: Path) -> dict[str, bytes]:
    """Spreadsheets as LibreOffice saves them, by their names."""
    done = subprocess.run(
        [
            "soffice",
            f"-env:UserInstallation={(folder / 'profile').as_uri()}",
            "--headless",
            "--convert-to",
            "xlsx:Calc MS Excel 2007 XML",
            "--outdir",
            str(folder / "saved"),
            *map(str, paths),
        ],
        capture_output=True,
        timeout=120,
        check=True,
    )
    assert done.returncode == 0
    return {path.name: (folder / "saved" / path.name).read_bytes() for path in paths}
