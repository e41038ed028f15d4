"""Spreadsheets from anybody: what cannot be read is told in one sentence, and nothing in one is unpacked or run unseen."""

from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.worksheet.formula import ArrayFormula

from casetable.formats import workbook
from casetable.formats.workbook import WorkbookError, read_workbook
from casetable.model.sheet import Kept, SheetCell


def saved(*cells: tuple[str, Any, str]) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for name, value, shown_as in cells:
        sheet[name].value = value
        if shown_as:
            sheet[name].number_format = shown_as
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def changed(data: bytes, name: str, old: bytes, new: bytes) -> bytes:
    """A spreadsheet with a text replaced in one of its members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for member in source.namelist():
            content = source.read(member)
            if member == name:
                assert old in content
                content = content.replace(old, new, 1)
            target.writestr(member, content)
    return buffer.getvalue()


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/").replace("_X", "."), content)
    return buffer.getvalue()


def test_cells_are_read_as_they_are_kept() -> None:
    data = saved(
        ("A1", "text", ""),
        ("A2", 3.0, ""),
        ("A3", 0.1, ""),
        ("A4", 1e21, ""),
        ("A5", 1271.4, "#,##0.0"),
        ("A6", dt.date(2026, 4, 3), "yyyy-mm-dd"),
        ("A7", True, ""),
        ("A8", "=1+2", ""),
        ("A9", "#N/A", ""),
        ("B1", "   ", ""),
        ("B2", ArrayFormula("B2:B3", "=SUM(A1:A2)"), ""),
        ("B4", 1234567890123456, ""),
    )
    cells = read_workbook(data).sheets[0].cells
    assert cells == {
        (1, 1): SheetCell(kept=Kept.TEXT, text="text"),
        (2, 1): SheetCell(kept=Kept.NUMBER, text="3"),
        (3, 1): SheetCell(kept=Kept.NUMBER, text="0.1"),
        (4, 1): SheetCell(kept=Kept.NUMBER, text="1000000000000000000000"),
        (5, 1): SheetCell(kept=Kept.NUMBER, text="1271.4", shown_as="#,##0.0"),
        (6, 1): SheetCell(kept=Kept.DATE, text="2026-04-03"),
        (7, 1): SheetCell(kept=Kept.TRUTH, text="yes"),
        (8, 1): SheetCell(kept=Kept.FORMULA, text="=1+2"),
        (9, 1): SheetCell(kept=Kept.ERROR, text="#N/A"),
        (2, 2): SheetCell(kept=Kept.FORMULA, text="=SUM(A1:A2)"),
        (4, 2): SheetCell(kept=Kept.NUMBER, text="1234567890123456"),
    }


def test_a_sheet_that_claims_a_million_rows_is_read_at_once() -> None:
    data = saved(("A1", "x", ""), ("XFD1048576", "y", ""))
    assert sorted(read_workbook(data).sheets[0].cells) == [(1, 1), (1048576, 16384)]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty; expected a spreadsheet (.xlsx)"),
        (b"case,value\n1,3\n", "is no spreadsheet (a text or CSV file?); expected .xlsx as 'casetable template' writes it"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "is a spreadsheet of Excel 97-2003 (.xls), or is locked with a password; expected it saved as .xlsx without one"),
        (b"PK\x03\x04broken", "is a broken zip (BadZipFile); expected a spreadsheet that opens"),
        (zipped(mimetype=b"application/vnd.oasis.opendocument.spreadsheet", content_Xxml=b"<x/>"), "is an OpenDocument file (.ods); expected it saved as .xlsx"),
        (zipped(a_Xtxt=b"x"), "is a zip, but no spreadsheet; expected it saved as .xlsx"),
        (zipped(**{"[Content_Types]_Xxml": b"<x/>", "xl__workbook_Xbin": b""}), "is a binary spreadsheet (.xlsb); expected it saved as .xlsx"),
        (saved(("A1", "x", ""))[:-400], "is a broken zip (BadZipFile); expected a spreadsheet that opens"),
    ],
)  # fmt: skip
def test_what_is_no_spreadsheet_is_told(data: bytes, message: str) -> None:
    with pytest.raises(WorkbookError) as told:
        read_workbook(data)
    assert str(told.value) == message


BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_is_refused_before_anything_is_parsed(encoding: str) -> None:
    name = "xl/workbook.xml"
    data = saved(("A1", "x", ""))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        whole = archive.read(name)
    data = changed(data, name, whole, (BOMB + whole).decode().encode(encoding))
    with pytest.raises(WorkbookError, match=r"document type declaration in 'xl/workbook\.xml'"):
        read_workbook(data)


def test_what_unpacks_to_more_than_a_report_can_be_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    data = changed(saved(("A1", "x", "")), "xl/workbook.xml", b"<workbook", b" " * 10_000_000 + b"<workbook")
    assert len(data) < 100_000
    monkeypatch.setattr(workbook, "MAX_UNPACKED_BYTES", 9_000_000)
    with pytest.raises(WorkbookError, match="unpacks to more than 9,000,000 bytes"):
        read_workbook(data)


def test_a_damaged_member_is_told() -> None:
    with pytest.raises(WorkbookError, match="is damaged"):
        read_workbook(changed(saved(("A1", "x", "")), "xl/worksheets/sheet1.xml", b"<sheetData>", b"<sheetData"))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_nothing_but_an_error_of_ours_comes_of_damaged_bytes(data: st.DataObject) -> None:
    whole = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 8))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        read_workbook(bytes(whole))
    except WorkbookError as error:
        told = str(error)
    else:
        return
    assert "expected" in told


GOOD = saved(("A1", "x", ""), ("B2", 3, ""))


def test_a_merge_of_a_whole_sheet_is_refused_before_it_is_made() -> None:
    source = io.BytesIO()
    openpyxl.Workbook().save(source)
    changed = io.BytesIO()
    with zipfile.ZipFile(source) as before, zipfile.ZipFile(changed, "w") as after:
        for name in before.namelist():
            data = before.read(name)
            if name == "xl/worksheets/sheet1.xml":
                merge = b'<mergeCells count="1"><mergeCell ref="A1:XFD1048576"/></mergeCells>'
                data, count = re.subn(b"(</sheetData>|<sheetData ?/>)", b"\\1" + merge, data)
                assert count == 1
            after.writestr(name, data)
    with pytest.raises(WorkbookError, match=r"^merges more than 500,000 cells in 'xl/worksheets/sheet1\.xml'"):
        read_workbook(changed.getvalue())
