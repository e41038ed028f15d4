"""A spreadsheet as it came: what each cell holds and how it was kept, before anybody says what it means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Kept(StrEnum):
    """As what a spreadsheet keeps the content of a cell."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    TRUTH = "truth"
    ERROR = "error"
    FORMULA = "formula"


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetCell:
    """A cell that is not empty. `text` is the text, the formula or the error as it stands in the file; a number in its
    shortest decimal form, a date as 2026-11-22 or 2026-11-22 13:30, a truth value as yes or no.

    `shown_as` is the format by which a number is shown where it changes what a person reads (#,##0.0), else nothing.
    """

    kept: Kept
    text: str
    shown_as: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One sheet: its cells by (row, column), both from 1, and its merged areas as (first row, first column, last row,
    last column)."""

    name: str
    cells: Mapping[tuple[int, int], SheetCell]
    merged: tuple[tuple[int, int, int, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Workbook:
    """The sheets of a spreadsheet in their order."""

    sheets: tuple[Sheet, ...]

    def sheet(self, name: str) -> Sheet | None:
        """Returns the sheet of a name, without regard to case and outer blanks."""
        wanted = name.strip().lower()
        return next((sheet for sheet in self.sheets if sheet.name.strip().lower() == wanted), None)
