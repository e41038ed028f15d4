"""table.docx as a program reads it: three rules, repeated heads, whole rows, marks, links, and nothing of its template."""

from __future__ import annotations

import io
import re
import zipfile
from functools import cache
from typing import Any

import docx
import pytest
from docx.document import Document
from docx.enum.section import WD_ORIENT
from docx.oxml.ns import qn

from casetable.edition import Edition
from casetable.model import Paper
from casetable.render.document import render_document
from tests.support.printing import GIANT, hard_review
from tests.unit.test_manuscript import review_with, table_of


@cache
def data_of(number: int = 0) -> bytes:
    return render_document(Edition(hard_review()).printed[number])


def document(number: int = 0) -> Document:
    return docx.Document(io.BytesIO(data_of(number)))


def opened(data: bytes) -> Document:
    return docx.Document(io.BytesIO(data))


def rows(table: Any) -> list[list[str]]:
    return [
        ["".join(t.text for t in cell.iter(qn("w:t"))) for cell in row.findall(qn("w:tc"))] for row in table._tbl.tr_lst
    ]


def test_the_table_has_a_head_and_a_row_a_case_under_their_groups() -> None:
    (table,) = document().tables
    found = rows(table)
    assert found[0] == [
        "Report",
        "Case",
        "Age (year)a",
        "Sex",
        "Story & <b>more</b>",
        "Marker (ng/ml)b",
        "Drug X",
        "Other drugs",
        "Center",
    ]
    assert found[1] == ["female"]
    assert found[2][:6] == ["Doe 2020 [1]", "1", "3", "female", "RP-ILD after IVIGs", "100"]
    assert [row[0] for row in found if len(row) == 1] == ["female", "male", "not accessible"]
    assert sum(len(row) == 9 for row in found) == 1 + 12
    retracted = next(row for row in found if "Cruz" in row[0])
    assert retracted[0] == "de la Cruz 2020 [2] retractedf"
    assert GIANT in [row[4] for row in found if len(row) == 9]


def test_the_head_is_repeated_and_no_row_is_split() -> None:
    for number in range(3):
        for table in document(number).tables:
            flags = [{child.tag.rpartition("}")[2] for child in row.find(qn("w:trPr"))} for row in table._tbl.tr_lst]
            assert flags[0] == {"cantSplit", "tblHeader"}
            assert all(each == {"cantSplit"} for each in flags[1:])


def test_a_row_that_is_higher_than_a_page_may_be_split() -> None:
    made = opened(render_document(table_of([["Story", "short", "many words " * 3000]])))
    flags = [len(row.find(qn("w:trPr"))) for row in made.tables[0]._tbl.tr_lst]
    assert flags == [2, 1, 0]


def test_the_table_has_three_horizontal_rules_and_no_other() -> None:
    (table,) = document().tables
    borders = table._tbl.tblPr.find(qn("w:tblBorders"))
    assert [child.tag for child in borders] == [qn("w:top"), qn("w:bottom")]
    ruled = [
        place for place, row in enumerate(table._tbl.tr_lst) if next(row.iter(qn("w:tcBorders")), None) is not None
    ]
    assert ruled == [0]
    sides = {child.tag for each in table._tbl.iter(qn("w:tcBorders")) for child in each}
    assert sides == {qn("w:bottom")}


def test_the_columns_fill_the_page_between_its_margins() -> None:
    made = document()
    (table,) = made.tables
    widths = [int(column.get(qn("w:w"))) for column in table._tbl.tblGrid]
    section = made.sections[0]
    room = section.page_width.twips - section.left_margin.twips - section.right_margin.twips
    assert abs(sum(widths) - room) <= len(widths)
    cells = [int(cell.find(qn("w:tcPr")).find(qn("w:tcW")).get(qn("w:w"))) for cell in table._tbl.tr_lst[0].tc_lst]
    assert cells == widths


def test_the_page_lies_as_the_form_or_the_columns_ask() -> None:
    assert [document(number).sections[0].orientation for number in range(3)] == [
        WD_ORIENT.LANDSCAPE,
        WD_ORIENT.PORTRAIT,
        WD_ORIENT.LANDSCAPE,
    ]
    section = document().sections[0]
    assert (round(section.page_width.mm), round(section.page_height.mm)) == (297, 210)


def test_a_table_in_parts_repeats_report_and_case_and_says_that_it_continues() -> None:
    made = document(2)
    captions = [paragraph.text for paragraph in made.paragraphs if paragraph.style.name == "Caption"]
    assert captions == ["Table S1. All of it", "Table S1 (continued)."]
    heads = [rows(table)[0] for table in made.tables]
    assert [head[:2] for head in heads] == [["Report", "Case"]] * 2
    assert sum(len(head) - 2 for head in heads) == 18
    first, second = ([row[:2] for row in rows(table)[1:]] for table in made.tables)
    assert first == second
    assert len(first) == 12


def test_captions_notes_and_references_stand_around_the_table() -> None:
    texts = [paragraph.text for paragraph in document().paragraphs]
    assert texts[0] == "Table 1. A <b>hard</b> table & its ]]> title"
    assert texts[1] == (
        "Abbreviations: ILD, interstitial lung disease; IVIG, immunoglobulin, i.v.; RP-ILD, rapidly progressive ILD."
    )
    assert texts[2].startswith("Derived: follows from what the report gives, and is not said there. Conflicting: ")
    assert texts[2].endswith("Incomplete: the extraction is not finished here; casetable check names the cell.")
    assert texts[3] == "Invented cases all."
    assert texts[6:9] == ["a At admission.", "b The highest of all.", "c day 40 (derived): from the discharge."]
    at = texts.index("References")
    assert texts[at + 1 :] == [
        "1.\tDoe A, Smith JB. An \\x07 invented <i>report</i> & more. J Invent. 2020;1(2):3–9. doi:10.1234/one",
        "2.\tde la Cruz É. Why this? 2020. PMID: 12 Retracted: retraction (pmid:99; PubMed).",
        "3.\tRoe B. An invented report, pmid:13. 2021. PMID: 13",
        "4.\tMoe C. An invented report, pmid:14. 2022. PMID: 14",
    ]


def test_marks_are_raised_and_reasons_are_in_italics() -> None:
    (table,) = document().tables
    raised = [
        "".join(text.text for text in run.iter(qn("w:t")))
        for run in table._tbl.iter(qn("w:r"))
        if run.find(qn("w:rPr")).find(qn("w:vertAlign")) is not None
    ]
    assert raised[:3] == ["a", "b", "c"]
    assert all(re.fullmatch(r"[a-z](,[a-z])*", text) for text in raised)
    slanted = {
        "".join(text.text for text in run.iter(qn("w:t")))
        for run in table._tbl.iter(qn("w:r"))
        if run.find(qn("w:rPr")).find(qn("w:i")) is not None
    }
    assert slanted == {"not reported", "not accessible", "unclear", "incomplete"}


def test_texts_from_the_right_run_from_the_right() -> None:
    (table,) = document().tables
    turned = [
        "".join(text.text for text in cell.iter(qn("w:t")))
        for cell in table._tbl.iter(qn("w:tc"))
        if next(cell.iter(qn("w:bidi")), None) is not None
    ]
    assert turned == ["تقرير حالة واحدة"]


def test_identifiers_are_links() -> None:
    made = document()
    targets = [related.target_ref for related in made.part.rels.values() if related.is_external]
    assert targets == ["https://doi.org/10.1234/one", *(f"https://pubmed.ncbi.nlm.nih.gov/{n}/" for n in (12, 13, 14))]


def test_the_table_says_what_it_is_to_a_screen_reader() -> None:
    made = document(2)
    said = [
        (
            table._tbl.tblPr.find(qn("w:tblCaption")).get(qn("w:val")),
            table._tbl.tblPr.find(qn("w:tblDescription")).get(qn("w:val")),
            table._tbl.tblPr.find(qn("w:tblLook")).get(qn("w:firstRow")),
        )
        for table in made.tables
    ]
    assert said == [
        ("Table S1. All of it", "One row for each of 12 cases, by report, part 1 of 2.", "1"),
        ("Table S1. All of it", "One row for each of 12 cases, by report, part 2 of 2.", "1"),
    ]
    language = made.styles.element.find(".//" + qn("w:lang"))
    assert language.get(qn("w:val")) == "en-US"


def test_the_document_names_nobody_and_no_day() -> None:
    made = document().core_properties
    assert made.title == "Table 1. A <b>hard</b> table & its ]]> title"
    assert (made.author, made.last_modified_by, made.comments, made.keywords) == ("", "", "", "")
    assert {made.created.year, made.modified.year} == {1980}
    with zipfile.ZipFile(io.BytesIO(data_of())) as archive:
        assert not [name for name in archive.namelist() if "thumbnail" in name or "customXml" in name]
        assert b"python-docx" not in b"".join(archive.read(name) for name in archive.namelist())


def test_it_is_a_document_of_a_recent_word_with_the_styles_that_it_needs() -> None:
    modes = [
        each.get(qn("w:val"))
        for each in document().settings.element.iter(qn("w:compatSetting"))
        if each.get(qn("w:name")) == "compatibilityMode"
    ]
    assert modes == ["15"]
    assert {style.style_id for style in document().styles} == {
        "Normal",
        "Caption",
        "Footer",
        "FooterChar",
        "DefaultParagraphFont",
        "TableNormal",
        "NoList",
    }


def test_the_same_table_gives_the_same_bytes() -> None:
    assert render_document(Edition(hard_review()).printed[0]) == data_of()


def test_the_foot_says_what_it_is_built_of_and_which_page() -> None:
    (foot,) = document().sections[0].footer.paragraphs
    assert foot.text.startswith("Table 1. Last search: 2026-01-10\tPage ")
    fields = [each.get(qn("w:instr")) for each in foot._p.iter(qn("w:fldSimple"))]
    assert fields == ["PAGE", "NUMPAGES"]


def test_a_review_without_cases_makes_a_document() -> None:
    made = opened(render_document(Edition(review_with()).printed[0]))
    assert rows(made.tables[0]) == [["Report", "Case", "Age (year)", "City"]]
    assert [child.tag.rpartition("}")[2] for child in made.element.body] == ["p", "tbl", "p", "sectPr"]


@pytest.mark.parametrize("paper", Paper)
def test_many_rows_make_a_document(paper: Paper) -> None:
    made = opened(render_document(table_of([["Age", *map(str, range(300))]], paper)))
    assert len(made.tables[0]._tbl.tr_lst) == 301
