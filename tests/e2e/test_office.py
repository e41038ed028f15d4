"""The documents as their readers open them: LibreOffice shows every cell of the tables, and saves the workbook as it was."""

from __future__ import annotations

import csv
import io
import re
import subprocess
from collections.abc import Callable, Mapping
from unicodedata import category, normalize

import openpyxl
import pytest

from casetable.edition import Edition
from casetable.formats.csv_cells import said
from casetable.problems import visible
from casetable.render import outputs
from casetable.workflow import readable_review
from casetable.workspace import Workspace
from tests.e2e.conftest import REPOSITORY, required
from tests.support.printing import converted, hard_review

NAMES = ("table", "table-over-time", "table-supplement")


@pytest.fixture(scope="module")
def built() -> Mapping[str, bytes]:
    """What is built of the hard review, and the table of the flagship's."""
    files = outputs(Edition(hard_review()))
    hard = {name: files[name]() for name in ("table.xlsx", *(f"{name}.{e}" for name in NAMES for e in ("docx", "csv")))}
    own = outputs(flagship())
    return {**hard, **{f"flagship.{ending}": own[f"table.{ending}"]() for ending in ("docx", "csv")}}


def flagship() -> Edition:
    return Edition(readable_review(Workspace(REPOSITORY)))


@pytest.fixture(scope="module")
def shown(built: Mapping[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], bytes]:
    """Gives a built file as LibreOffice converts it; all share a profile."""
    folder = tmp_path_factory.mktemp("office")
    made: dict[tuple[str, str], bytes] = {}

    def convert(name: str, to: str) -> bytes:
        if (name, to) not in made:
            made[name, to] = converted(built[name], name, to, folder)
        return made[name, to]

    return convert


def text_of(pdf: bytes) -> str:
    """The text of a PDF's pages, cell by cell, and again as it is read, where Arabic stands the right way round."""
    required("pdftotext")
    return "".join(
        subprocess.run(["pdftotext", *way, "-", "-"], input=pdf, capture_output=True, check=True).stdout.decode()
        for way in (["-raw"], [])
    )


def squeezed(text: str) -> str:
    """A text without blanks, invisible characters and emoji (no font here has them), and in one spelling."""
    text = re.sub(r"[\s\u00ad\u200b-\u200f\u2060-\u206f\u202a-\u202e\ufe0f\ufeff]", "", normalize("NFKC", text))
    return "".join(character for character in text if category(character) != "So")


@pytest.mark.parametrize("name", [*NAMES, "flagship"])
def test_the_pdf_of_the_document_shows_every_cell(
    name: str, built: Mapping[str, bytes], shown: Callable[[str, str], bytes]
) -> None:
    text = squeezed(text_of(shown(f"{name}.docx", "pdf")))
    rows = list(csv.reader(io.StringIO(built[f"{name}.csv"].decode())))
    assert len(rows) == (10 if name == "flagship" else 13)
    # A cell of several values has marks between them; that one is derived or conflicting is said in its note.
    wanted = {said(part) for row in rows[1:] for value in row[2:] for part in value.split("; ")}
    wanted = {visible(part).replace("\uffff", "\\uffff") for part in wanted}
    assert len(wanted) > 12
    assert [value for value in wanted if squeezed(value) not in text] == []


def test_the_pdf_of_the_document_shows_what_stands_around_the_table(shown: Callable[[str, str], bytes]) -> None:
    text = text_of(shown("table.docx", "pdf"))
    for told in (
        "Table 1. A <b>hard</b> table & its ]]> title",
        "Story & <b>more</b>",
        "Not eligible: de la Cruz 2020 [2], case 2b: another drug.",
        "The patient of de la Cruz 2020 [2], case 1.",
        "RP-ILD, rapidly progressive ILD",
        "J Invent. 2020;1(2):3–9. doi:10.1234/one",
        "Last search: 2026-01-10",
    ):
        assert told in text, told


def test_the_head_stands_on_every_page_of_a_table(shown: Callable[[str, str], bytes]) -> None:
    pages = text_of(shown("table.docx", "pdf")).split("\f")
    with_rows = [page for page in pages if "Doe 2020 [1]" in page and "mg/kg" in page]
    assert len(with_rows) >= 4, "two pages, each read twice"
    assert all("Drug X" in page and "Other" in page for page in with_rows)


def test_the_workbook_is_the_same_when_it_was_saved_elsewhere(
    built: Mapping[str, bytes], shown: Callable[[str, str], bytes]
) -> None:
    ours, theirs = (
        {
            sheet.title: [[(cell.value, cell.data_type) for cell in row] for row in sheet.iter_rows()]
            for sheet in openpyxl.load_workbook(io.BytesIO(data)).worksheets
        }
        for data in (built["table.xlsx"], shown("table.xlsx", "xlsx"))
    )
    assert theirs.keys() == ours.keys()
    for name, rows in ours.items():
        assert theirs[name] == rows, name
