"""RIS as databases write it: invented records in each one's dialect."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casetable.formats.articles import Flaw, Stored, read_articles_of
from casetable.formats.export import Exported, ExportFlaw
from casetable.formats.ris import is_ris, read_ris
from casetable.model.article import Article, Extent, Person, Section

PLAIN = """TY  - JOUR
TI  - Zebra fever in a foal: ER  - was seen
AU  - Doe, Anna B.
AU  - The Zebra Group
AU  - Roe, C., Jr
AB  - A foal
 was treated.
ER was not needed.
KW  - fever
KW  - zebra; foal
JO  - Annals of invented medicine
JA  - Ann Inv Med
PY  - 2020/11//Nov-Dec
VL  - 7
IS  - 2
SP  - 11
EP  - 15
DO  - https://doi.org/10.1234/ONE
SN  - 1234-5678 (ISSN)
LA  - English
ER  -\x20
"""


def read(text: str) -> list[Exported | ExportFlaw]:
    return list(read_ris(text.encode()))


def test_a_record_is_read() -> None:
    [entry] = read(PLAIN)
    assert entry == Exported(
        line=1,
        article=Article(
            extent=Extent.EXPORT,
            pmid="",
            title="Zebra fever in a foal: ER  - was seen",
            abstract=(Section(text="A foal was treated. ER was not needed."),),
            authors=(
                Person(last="Doe", fore="Anna B.", initials="AB"),
                Person(collective="The Zebra Group"),
                Person(last="Roe", fore="C.", initials="C", suffix="Jr"),
            ),
            keywords=("fever", "zebra", "foal"),
            journal="Annals of invented medicine",
            journal_abbreviation="Ann Inv Med",
            published="2020-11",
            volume="7",
            issue="2",
            pages="11-15",
            doi="10.1234/one",
            issns=("1234-5678",),
            languages=("English",),
        ),
    )


def test_dialects() -> None:
    entries = read(
        "\ufeffA1  - Doe A\nTY  - JOUR\nT1  - Type not first\nN2  - text\nJF  - J\nC5  - 12345678\nL3  - 10.1234/two\nER  - \n\n"
        "TY - JOUR\nTI - One blank, no end\nSP - 67-76\nDA - 1999///\n"
        "TY  - CHAP\nCT  - A chapter\nN1  - PMID: 23456789; more\nER  -\n"
        "TY  - JOUR\nTI  - Of PubMed\nDB  - PubMed\nAN  - 34567890\nER  - \n"
    )
    told = [
        (
            e.line,
            e.article.title,
            e.article.pmid,
            e.article.doi,
            e.article.pages,
            e.article.published,
            e.article.is_book,
        )
        for e in entries
        if isinstance(e, Exported)
    ]
    assert told == [
        (1, "Type not first", "12345678", "10.1234/two", "", "", False),
        (10, "One blank, no end", "", "", "67-76", "1999", False),
        (14, "A chapter", "23456789", "", "", "", True),
        (18, "Of PubMed", "34567890", "", "", "", False),
    ]


def test_what_is_no_record_is_told_with_its_line_and_costs_no_other() -> None:
    found = read("1. exp Zebras/\n\nTY  - JOUR\nER  - \nLink to the text\nTY  - JOUR\nTI  - A\nER  - \n")
    assert [(flaw.line, flaw.message) for flaw in found if isinstance(flaw, ExportFlaw)] == [
        (1, "'1. exp Zebras/' stands between records; expected 'TY  - '"),
        (3, "is a record without title, DOI or PMID; expected 'TI  - ' in it"),
        (5, "'Link to the text' stands between records; expected 'TY  - '"),
    ]
    assert [entry.article.title for entry in found if isinstance(entry, Exported)] == ["A"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings(encoding: str) -> None:
    [entry] = read_ris("TY  - JOUR\nTI  - Fièvre – zèbre\nER  - \n".encode(encoding))
    assert isinstance(entry, Exported)
    assert entry.article.title == "Fièvre – zèbre"


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"TY  - JOUR\n", True),
        (b"\n\nA1  - Doe\nTY  - JOUR\n", True),
        (b"\nPMID- 1\nTI  - A\n", False),
        (b"FAU - Doe\nPMID- 1\n", False),
        (b"<xml>", False),
        (b"", False),
    ],
)
def test_ris_is_told_from_nbib(head: bytes, expected: bool) -> None:
    assert is_ris(head) is expected


def test_a_file_is_read_whatever_its_format() -> None:
    [stored] = read_articles_of("a.ris", [PLAIN.encode()])
    assert isinstance(stored, Stored)
    assert stored.key == "doi:10.1234/one"
    [no_id] = read_articles_of("b.ris", [b"\nTY  - JOUR\nTI  - A\nER  - \n"])
    assert isinstance(no_id, Stored)
    assert no_id.key == "b.ris:2"
    [flaw] = read_articles_of("c.ris", [b"TY  - JOUR\nER  - \n"])
    assert flaw == Flaw(message="c.ris:1: is a record without title, DOI or PMID; expected 'TI  - ' in it")


@given(st.binary(max_size=60))
def test_any_bytes_are_read(data: bytes) -> None:
    for _ in read_ris(b"TY  - JOUR\n" + data):
        pass
    for _ in read_articles_of("x", [data]):
        pass


@pytest.mark.parametrize(
    "front",
    ['Provider: Invented Press\nContent:text/plain; charset="UTF-8"\n\n', "Record #1 of 2\n", "Export of a search\n"],
)
def test_what_a_database_writes_in_front_does_not_hide_the_records(front: str) -> None:
    found = list(read_articles_of("a.ris", [(front + "TY  - JOUR\nTI  - A\nER  - \n").encode()]))
    assert [each.article.title for each in found if isinstance(each, Stored)] == ["A"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("C2  - 31234567", "31234567"),
        ("C3  - PUBMED 31234567", "31234567"),
        ("AN  - MEDLINE:31234567", "31234567"),
        ("AN  - 31234567", ""),
    ],
)
def test_where_databases_have_the_pmid(line: str, expected: str) -> None:
    [entry] = read(f"TY  - JOUR\nTI  - A\n{line}\nER  - \n")
    assert isinstance(entry, Exported)
    assert entry.article.pmid == expected


def test_the_doi_of_another_report_in_a_note_is_not_its_own() -> None:
    [entry] = read("TY  - JOUR\nTI  - Erratum\nN1  - Erratum for: 10.1000/other\nER  - \n")
    assert isinstance(entry, Exported)
    assert entry.article.doi == ""


def test_authors_in_one_line_and_names_with_particles() -> None:
    [entry] = read(
        "TY  - JOUR\nTI  - A\nA1  - 张三;李四;\nAU  - van der Berg J\nC7  - e12\nPY  - n.d.\nY1  - 2019/09/18/\nER  - \n"
    )
    assert isinstance(entry, Exported)
    assert [person.name for person in entry.article.authors] == ["张三", "李四", "van der Berg J"]
    assert (entry.article.pages, entry.article.published) == ("e12", "2019-09-18")


def test_a_record_without_ty_and_er_ends_where_the_next_begins_behind_a_blank_line() -> None:
    one, other = read("TI  - Zebra fever\nPY  - 2020\n\nTY  - JOUR\nTI  - Zebra cough\nER  - \n")
    assert isinstance(one, Exported)
    assert isinstance(other, Exported)
    assert (one.article.title, other.article.title) == ("Zebra fever", "Zebra cough")


def test_a_book_has_an_isbn_and_no_issn() -> None:
    [book] = read("TY  - BOOK\nTI  - Zebras\nSN  - 046502470X\nER  - \n")
    assert isinstance(book, Exported)
    assert (book.article.issns, book.article.isbns) == ((), ("046502470X",))


def test_a_group_is_no_person_whatever_ends_its_name() -> None:
    [entry] = read("TY  - JOUR\nTI  - Zebras\nAU  - Zebra Study Group II\nAU  - Department of Foals,\nER  - \n")
    assert isinstance(entry, Exported)
    assert [person.collective for person in entry.article.authors] == ["Zebra Study Group II", "Department of Foals"]
