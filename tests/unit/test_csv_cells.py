"""No cell of a CSV file starts a formula, in whatever a spreadsheet takes for a cell; and what it said comes back."""

from __future__ import annotations

import csv
import io
import re
import subprocess
import unicodedata
from pathlib import Path

import openpyxl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from casetable.formats.csv_cells import harmless, said, write_csv
from tests.e2e.conftest import required

HOSTILE = (
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    " =1+1",
    "\u00a0=1+1",
    "\u200b=1+1",
    "\ufeff=1+1",
    "＝1+1",
    "﹦1+1",
    "\u202e=1+1",
    "\u2066=1+1",
    "\x01=1+1",
    "\t=1+1",
    "\n=1+1",
    '"=1+1',
    '""=1+1""',
    "a;=1+1",
    'a;"=1+1',
    "a\t=1+1",
    "a\n=1+1",
    "a\r=1+1",
    "a; \u00a0=1+1;b",
    "-5;=1+1",
    "=cmd|' /C calc'!A0",
    "a;=cmd|' /C calc'!A0;b",
    "'=1+1",
    '=HYPERLINK("https://a.example";"x")',
    "-",
)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("=1", "'=1"),
        ("'=1", "''=1"),
        (" =1", " '=1"),
        ("a;=1", "a;'=1"),
        ("a; -b", "a; '-b"),
        ('"=1', "\"'=1"),
        ("-5", "-5"),
        ("+0.5", "+0.5"),
        ("-1e-5", "-1e-5"),
        ("-5 %", "-5 %"),
        ("-1,271.4", "-1,271.4"),
        ("3; -5", "3; -5"),
        ("a-b", "a-b"),
        ("–3 to 5", "–3 to 5"),
        ("−5", "−5"),
        ("it's = x", "it's = x"),
        ("", ""),
    ],
)
def test_an_apostrophe_stands_where_a_formula_could_begin(text: str, told: str) -> None:
    assert harmless(text) == told


@pytest.mark.parametrize(
    ("behind", "told"),
    [
        ("2+cmd|' /C calc'!A0", "'-1"),
        ("5%*A1", "'-1"),
        ("&A1", "'-1"),
        ("2e3-A1", "'-1"),
        ("", "-1"),
        ("271", "-1"),
        ("China", "-1"),
        ("3 to 5 mg/kg", "-1"),
        ("-5", "'-1"),
    ],
)
def test_a_number_stands_by_itself_where_the_next_cell_would_go_on_with_it(behind: str, told: str) -> None:
    assert write_csv([["-1", behind, "x"]]).split(",")[0] == told
    assert write_csv([["a; -1", behind]]).split(",")[0] == f"a; {told}"


def formulas(field: str) -> bool:
    """Whether a spreadsheet may take a cell for a formula: what is left of blanks and quotes begins with a sign.

    A number is none, also where a comma of the file stands behind it with what does not go on with it, or a semicolon,
    which is no operator anywhere.
    """
    bare = "".join(c for c in field if c != '"' and not c.isspace() and unicodedata.category(c) not in {"Cc", "Cf"})
    if not bare or bare[0] not in "=+-@＝＋－＠﹦﹢﹣﹫":
        return False
    number = re.match(r"[+-]\d+([.,]\d+)*([eE][+-]?\d+)?%?(,(?!\d*[.%eE]*\d*[-+*/^&<>=|])|;|$)", bare)
    return number is None


ODD = st.text(st.sampled_from("=+-@＝＠;,\t\n\r \"'\u200b\ufeff\u00a0a1.%e"), max_size=12)


@given(st.lists(st.one_of(ODD, st.text(max_size=8), st.sampled_from(HOSTILE)), min_size=1, max_size=4))
@example([";-1", ""])
@example([";-1", "2+1"])
@example(["-1", "2+1"])
def test_no_cell_begins_a_formula_whatever_parts_the_columns_and_all_comes_back(cells: list[str]) -> None:
    told = write_csv([cells])
    (row,) = csv.reader(io.StringIO(told, newline=""))
    assert [said(cell) for cell in row] == cells
    assert not any(map(formulas, row))
    for mark in ";\t":
        fields = [field for line in re.split("[\r\n]", told) for field in line.split(mark)]
        assert [field for field in fields if formulas(field)] == [], mark


def test_a_spreadsheet_finds_no_formula(tmp_path: Path) -> None:
    required("soffice")
    source = tmp_path / "hostile.csv"
    source.write_text(write_csv([["a", text, "end"] for text in HOSTILE]), encoding="utf-8")
    for number, separator in enumerate((44, 59, 9)):
        out = tmp_path / str(number)
        profile = (tmp_path / "profile").as_uri()
        # Separator, quote, UTF-8, first line; then: language, quoted fields are not text, numbers are recognized, …, formulas run.
        tokens = f"CSV:{separator},34,76,1,,1033,false,true,false,false,false,-1,true"
        subprocess.run(
            ["soffice", f"-env:UserInstallation={profile}", "--headless", f"--infilter={tokens}", "--convert-to", "xlsx", "--outdir", str(out), str(source)],
            check=True,
            capture_output=True,
            timeout=120,
        )  # fmt: skip
        sheet = openpyxl.load_workbook(out / "hostile.xlsx").active
        assert sheet is not None
        found = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
        assert len(found) >= len(HOSTILE)
        assert [cell.value for cell in found if cell.data_type == "f"] == []


def test_the_spreadsheet_would_run_them(tmp_path: Path) -> None:
    """The filter of the test above does run formulas: that it finds none says something."""
    required("soffice")
    source = tmp_path / "bare.csv"
    source.write_text("a,=1+1\n", encoding="utf-8")
    profile = (tmp_path / "profile").as_uri()
    tokens = "CSV:44,34,76,1,,1033,false,true,false,false,false,-1,true"
    subprocess.run(
        ["soffice", f"-env:UserInstallation={profile}", "--headless", f"--infilter={tokens}", "--convert-to", "xlsx", "--outdir", str(tmp_path), str(source)],
        check=True,
        capture_output=True,
        timeout=120,
    )  # fmt: skip
    sheet = openpyxl.load_workbook(tmp_path / "bare.xlsx").active
    assert sheet is not None
    assert sheet["B1"].data_type == "f"
