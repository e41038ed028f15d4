"""table.xlsx as programs read it: a row a case with types, every cell, the data dictionary; and no formula anywhere."""

from __future__ import annotations

import datetime as dt
import io
import math
import zipfile
from decimal import Decimal
from functools import cache
from typing import Any

import openpyxl
import pandas
import pytest

from casetable.edition import Edition
from casetable.render import workbook
from casetable.render.workbook import render_workbook
from casetable.review import Review
from casetable.table import CELL_COLUMNS, long_cells
from tests.support.printing import GIANT, hard_review
from tests.unit.test_manuscript import review_with
from tests.unit.test_review import review_of


def rendered(review: Review) -> bytes:
    edition = Edition(review)
    return render_workbook(review, edition.tables, edition.printed)


@cache
def hard() -> bytes:
    return rendered(hard_review())


def book(data: bytes | None = None) -> Any:
    return openpyxl.load_workbook(io.BytesIO(hard() if data is None else data))


def member(data: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read(name)


def frame(sheet: str, data: bytes | None = None) -> pandas.DataFrame:
    return pandas.read_excel(io.BytesIO(hard() if data is None else data), sheet_name=sheet)


def shown(*cases: str, table: str = "{columns: [age]}") -> Any:
    """The cell of the first column of the first case, as openpyxl reads it."""
    return book(rendered(review_with(*cases, table=table)))["Table 1"].cell(2, 3)


def test_there_is_a_sheet_for_each_table_and_four_for_what_stands_behind_them() -> None:
    assert book().sheetnames == ["Table 1", "Table 2", "Table S1", "Cells", "Fields", "Reports", "Notes"]


def test_a_table_has_a_row_a_case_and_heads_with_units() -> None:
    read = frame("Table 1")
    assert list(read.columns) == [
        "Report", "Case", "Sex", "Patient of", "Standing", "Age (year)", "Sex.1", "Story & <b>more</b>", "Marker (ng/ml)",
        "Drug X", "Other drugs", "Center",
    ]  # fmt: skip
    assert len(read) == 12
    assert list(read["Report"])[:4] == ["doe-2020", "doe-2020", "doe-2020", "cruz-2020"]
    assert list(read["Case"])[:4] == [1, 5, 9, 1]
    assert list(read["Standing"].dropna()) == ["retracted"]
    assert list(read["Patient of"].dropna()) == ["cruz-2020/1"]


def test_heads_and_the_first_columns_stay_in_view_and_rows_can_be_filtered() -> None:
    sheet = book()["Table 1"]
    assert sheet.freeze_panes == "C2"
    assert sheet.auto_filter.ref == "A1:L13"
    assert all(sheet.cell(1, column).font.bold for column in range(1, 13))
    assert {each.freeze_panes for each in book().worksheets} == {"C2", "D2", "B2", "A2"}
    assert not any(each.merged_cells.ranges for each in book().worksheets)


@pytest.mark.parametrize(
    ("cell", "value", "number_format"),
    [
        ("3", 3, "0"),
        ("{value: 0.25}", 0.25, "0.00"),
        ("-2.50", -2.5, "0.0"),
        ("{derived: 3, from: x}", 3, '0" (derived)"'),
        ("{value: 18, unit: month}", 1.5, "0.0"),
        ("100", 100, "0"),
    ],
)
def test_a_single_number_is_a_number(cell: str, value: float, number_format: str) -> None:
    found = shown(f"age: {cell}")
    assert (found.data_type, found.value, found.number_format) == ("n", value, number_format)


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("92-93", "92–93"),
        ("<18", "<18"),
        ("{conflicting: [4, 6]}", "4 / 6 (conflicting)"),
        ("not reported", "not reported"),
        ("123456789012345.5", "123456789012345.5"),
    ],
)
def test_what_is_no_single_number_is_text(cell: str, value: str) -> None:
    found = shown(f"age: {cell}")
    assert (found.data_type, found.value) == ("s", value)


def test_a_number_with_a_unit_or_a_time_is_text() -> None:
    dose = shown("drug: [{dose: 8, unit: mg/kg}]", table="{columns: [{field: drug, part: dose}]}")
    assert (dose.data_type, dose.value) == ("s", "8 mg/kg")
    timed = shown("marker: [{value: 900, when: day 3}]", table="{columns: [marker]}")
    assert (timed.data_type, timed.value) == ("s", "900 (day 3)")
    first = shown("marker: [{value: 900, when: day 3}]", table="{columns: [{field: marker, take: first}]}")
    assert (first.data_type, first.value) == ("n", 900)


def test_reasons_are_muted() -> None:
    assert shown("age: unclear").font.italic
    assert shown("city: Rome").font.italic  # the case's age is incomplete
    assert not shown("age: 3").font.italic
    assert not shown("age: {derived: 3, from: x}").font.italic


def test_types_come_back_through_pandas() -> None:
    cases = [f"age: {age}\n    city: '{city}'" for age, city in ((3, "7"), (0.5, "x"), (40, "-5"))]
    read = frame("Table 1", rendered(review_with(*cases, table="{columns: [age, city]}")))
    assert read["Age (year)"].dtype == "float64"
    assert list(read["Age (year)"]) == [3, 0.5, 40]
    assert list(read["City"]) == ["7", "x", "-5"]
    assert read["Case"].dtype == "int64"


def test_every_cell_is_there_with_its_provenance() -> None:
    read = frame("Cells").astype(object)
    assert list(read.columns) == [*CELL_COLUMNS, "record", "url"]
    told = list(long_cells(Edition(hard_review()).table))
    assert len(read) == len(told) > 150
    for found, row in zip(read.itertuples(index=False), told, strict=True):
        values = [None if isinstance(value, float) and math.isnan(value) else value for value in found]
        assert str(values[1]) == row[1]
        if isinstance(values[4], (int, float)):
            assert Decimal(str(values[4])) == Decimal(row[4])
        elif row[2] != "story":  # a sheet has escapes in place of control characters
            assert (values[4] or "") == row[4]
        assert [values[index] or "" for index in (0, 2, 3, 5, 6, 7, 8)] == [
            row[index] for index in (0, 2, 3, 5, 6, 7, 8)
        ]
    numbers = {row.field for row in read.itertuples() if isinstance(row.value, (int, float)) and row.value == row.value}
    assert numbers == {"age", "marker", "drug_x.dose", "others.dose"}
    assert set(read["record"]) == {"pmid:11", "pmid:12", "pmid:13"}
    assert set(read["url"]) == {
        "https://doi.org/10.1234/one",
        "https://pubmed.ncbi.nlm.nih.gov/12/",
        "https://pubmed.ncbi.nlm.nih.gov/13/",
    }


def test_the_fields_are_a_data_dictionary() -> None:
    more = "  stage:\n    label: Stage\n    group: Disease\n    type: choice\n    choices: {early: [at first], late: []}\n    required: no\n"
    more += "  ck: {label: CK, type: number, unit: U/l, range: 0 to 500.5, reference: <190, names: [creatine kinase], help: at rest, required: no}\n"
    data = rendered(
        review_with("age: 3", more=more, table="{columns: [age, {field: marker, take: highest, label: Peak}, stage]}")
    )
    read = frame("Fields", data).set_index("name")
    assert list(read.index) == ["age", "city", "marker", "drug", "stage", "ck"]
    assert read.loc["stage", "choices"] == "early (printed as at first); late"
    assert (read.loc["stage", "group"], read.loc["stage", "required"], read.loc["age", "required"]) == (
        "Disease",
        "no",
        "yes",
    )
    assert (read.loc["ck", "unit"], read.loc["ck", "lowest"], read.loc["ck", "highest"]) == ("U/l", 0, 500.5)
    assert (read.loc["ck", "reference range"], read.loc["ck", "also called"], read.loc["ck", "help"]) == (
        "<190",
        "creatine kinase",
        "at rest",
    )
    assert (read.loc["marker", "repeated"], read.loc["drug", "repeated"], read.loc["age", "repeated"]) == (
        "over time",
        "in courses",
        "no",
    )
    assert read.loc["drug", "drug"] == "drug X"
    assert read.loc["marker", "columns"] == "Table 1: Peak (highest)"


def test_the_reports_have_citations_links_dates_and_counts() -> None:
    sheet = book()["Reports"]
    read = frame("Reports")
    assert list(read["record"]) == ["pmid:12", "pmid:11", "pmid:13", "pmid:14"]
    assert list(read["report"].fillna("")) == ["cruz-2020", "doe-2020", "roe-2021", ""]
    assert list(read["access"]) == ["full text"] * 3 + ["not extracted yet"]
    assert list(read["cases in the table"]) == [1, 10, 1, 0]
    assert sheet["G2"].value.date() == dt.date(2026, 1, 15)
    assert sheet["G2"].number_format == "yyyy-mm-dd"
    assert sheet["D3"].hyperlink.target == "https://doi.org/10.1234/one"
    assert sheet["H2"].value == 1
    assert "Retracted" in str(read["standing"][0]) or "retracted: retraction" in str(read["standing"][0])


def test_the_notes_say_what_the_words_mean() -> None:
    read = frame("Notes")
    rows = [tuple("" if isinstance(v, float) else v for v in row) for row in read.itertuples(index=False)]
    assert ("review", "title", "A hard review") in rows
    assert ("Table 1", "title", "A <b>hard</b> table & its ]]> title") in rows
    assert ("Table 1", "not accessible", "the report could not be read as far as this.") in rows
    assert ("Table 1", "Marker (ng/ml)", "The highest of all.") in rows
    assert ("Table 1", "RP-ILD", "rapidly progressive ILD") in rows
    assert ("Table 1", "", "Invented cases all.") in rows


# --- what a spreadsheet could run or cannot hold ----------------------------------------------------------------------

HOSTILE = ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "=HYPERLINK(\"https://a.example\",\"x\")", "=cmd|' /C calc'!A0", "#N/A", " =1", "＝1"]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_no_cell_is_a_formula(text: str) -> None:
    quoted = "'" + text.replace("'", "''") + "'"
    review = review_with(
        f"age: 3\n    city: {{value: {quoted}, reported: {quoted}, where: {quoted}, note: {quoted}}}",
        table=f"{{columns: [{{field: city, label: {quoted}, note: {quoted}}}], title: {quoted}, notes: [{quoted}]}}",
    )
    made = book(rendered(review))
    cells = [cell for sheet in made.worksheets for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} <= {"s", "n", "d"}
    same = [cell for cell in cells if cell.value == text.strip()]
    assert len(same) >= 5
    assert all(cell.data_type == "s" for cell in same)
    assert {cell.quotePrefix for cell in same} == {text != "#N/A"}


def test_a_number_or_a_plain_text_has_no_quote_prefix() -> None:
    assert not shown("age: -3").quotePrefix
    assert not shown("city: Rome", table="{columns: [city]}").quotePrefix


def test_control_characters_are_made_visible_and_nothing_is_lost() -> None:
    stories = list(frame("Table 1")["Story & <b>more</b>"])
    assert "bell \\x07, not a character \\uffff, over\\u202eridden, two lines" in stories
    assert GIANT in stories
    assert "急速進行性間質性肺炎の症例報告" in stories
    assert "a <script>alert(1)</script> & more | that" in stories


def test_a_text_longer_than_a_cell_holds_is_cut_and_says_so() -> None:
    found = shown(f"city: {'x' * 40_000}", table="{columns: [city]}")
    assert len(found.value) == 32_767
    assert found.value.endswith("x … (cut: a cell of a spreadsheet holds no more)")


def test_more_rows_than_a_sheet_holds_go_on_in_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MOST_ROWS", 4)
    made = book(rendered(review_with(*["age: 3"] * 7)))
    assert made.sheetnames[:3] == ["Table 1", "Table 1 (2)", "Table 1 (3)"]
    rows = [[cell.value for cell in row] for name in made.sheetnames[:3] for row in made[name].iter_rows()]
    assert [row[1] for row in rows] == ["Case", 1, 2, 3, "Case", 4, 5, 6, "Case", 7]


def test_more_links_than_a_sheet_holds_are_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MOST_LINKS", 2)
    sheet = book(rendered(review_with(*["age: 3"] * 4)))["Table 1"]
    assert [bool(sheet.cell(row, 1).hyperlink) for row in range(2, 6)] == [True, True, False, False]
    assert {sheet.cell(row, 1).value for row in range(2, 6)} == {"doe-2020"}


def test_a_title_cannot_steer_the_printed_head() -> None:
    head = member(
        rendered(review_with("age: 3", table="{columns: [age], title: 'R&D &\"x\"&8'}")), "xl/worksheets/sheet1.xml"
    )
    assert b'<oddHeader>&amp;LTable 1. R&amp;&amp;D &amp;&amp;"x"&amp;&amp;8</oddHeader>' in head


def test_the_workbook_names_nobody_and_is_the_same_twice() -> None:
    properties = member(hard(), "docProps/core.xml")
    assert b"creator" not in properties
    assert b"lastModifiedBy" not in properties
    assert properties.count(b"1980-01-01T00:00:00Z") == 2
    assert b">A &lt;b&gt;hard" in properties
    assert rendered(hard_review()) == hard()


def test_an_empty_review_makes_a_workbook() -> None:
    made = book(rendered(review_of(protocol=None)))
    assert [cell.value for cell in made["Table 1"][1]] == ["Report", "Case"]
