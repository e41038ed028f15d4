"""NBIB: every trap that real exports set, and the round trip."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casetable.formats.medline import Entry, Unread, read_medline, source_line, write_medline
from casetable.formats.pubmed_xml import read_article
from casetable.formats.pubmed_xml_write import write_article
from casetable.model.article import Article, Extent, Heading, Link, Person, Section

GOLDEN = sorted((Path(__file__).parents[1] / "golden" / "nbib").glob("*/in.nbib"))
KEPT = {"is_author_list_complete"}


def told(value: Any) -> Any:
    """A value as the golden files have it: without what is at its default, and lists for tuples."""
    if isinstance(value, dict):
        return {key: told(item) for key, item in value.items() if item not in ("", (), False, {}) or key in KEPT}
    if isinstance(value, (list, tuple)):
        return [told(item) for item in value]
    return value


def shown(entry: Entry) -> dict[str, Any]:
    values = asdict(entry.article)
    complete = {} if entry.article.is_author_list_complete else {"is_author_list_complete": False}
    del values["is_author_list_complete"]
    assert values.pop("extent") is Extent.FULL
    return {"line": entry.line, **told(values), **complete}


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.parent.name)
@pytest.mark.parametrize("size", [7, 1 << 20], ids=["in small pieces", "whole"])
def test_records_are_read(path: Path, size: int) -> None:
    expected = json.loads(path.with_name("expected.json").read_text(encoding="utf-8"))
    data = path.read_bytes()
    read = list(read_medline(data[at : at + size] for at in range(0, len(data), size)))
    assert [shown(entry) for entry in read if isinstance(entry, Entry)] == [told(a) for a in expected["articles"]]
    unread = [asdict(entry) for entry in read if isinstance(entry, Unread)]
    assert unread == expected.get("unread", [])
    assert [entry.line for entry in read] == sorted(
        each["line"] for each in [*expected["articles"], *expected.get("unread", [])]
    )


def test_there_are_golden_records() -> None:
    assert len(GOLDEN) >= 10


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.parent.name)
def test_what_was_read_survives_writing(path: Path) -> None:
    for entry in read_medline(path.read_bytes()):
        if isinstance(entry, Entry):
            (again,) = read_medline(write_medline(entry.article))
            assert isinstance(again, Entry)
            assert again.article == entry.article


def test_text_is_taken_as_well_as_bytes() -> None:
    (entry,) = read_medline("\ufeffPMID- 90000001\nTI  - Gött\n")
    assert isinstance(entry, Entry)
    assert entry.article.title == "Gött"


def test_a_line_that_is_not_utf8_is_read_as_windows_wrote_it() -> None:
    data = b"PMID- 90000001\nTI  - G\xf6tt\n\nPMID- 90000002\nTI  - Next\n"
    first, second = read_medline(data)
    assert isinstance(first, Entry)
    assert first.article.title == "Gött"
    assert isinstance(second, Entry)
    assert second.article.pmid == "90000002"


def test_a_blank_line_within_a_record_does_not_cut_it() -> None:
    (entry,) = read_medline("PMID- 90000001\nTI  - Zebras\n\nAB  - A foal.\nLA  - eng\n")
    assert isinstance(entry, Entry)
    assert (entry.article.abstract_text, entry.article.languages) == ("A foal.", ("eng",))


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xef\xbb\xbf\r\n"])
def test_nothing_holds_no_record(data: bytes) -> None:
    assert list(read_medline(data)) == []


def test_writing_is_in_the_form_of_nlm() -> None:
    article = Article(
        pmid="90000001",
        title="An invented title that is a little too long to stand in one line of ninety characters, or so.",
        authors=(
            Person(last="Doe", fore="Ann", initials="A", suffix="Jr", identifiers=("0000-0000-0000-0001",)),
            Person(collective="Invented Group", affiliations=("Nowhere.",)),
        ),
        abstract=(Section(label="AIM", text="None."), Section(label="RESULTS", text="None.")),
        journal="Journal of invention",
        journal_abbreviation="J Invent",
        issns=("1111-2222",),
        volume="7",
        issue="2",
        pages="11-5",
        published="2020 Mar",
        published_electronically="2020-01-09",
        headings=(Heading(name="Fever", is_major=True, qualifiers=(("etiology", True),)), Heading(name="Adult")),
        substances=("Inventolin",),
        registry_numbers=("0",),
        keywords=("rash",),
        doi="10.1234/x",
        status="MEDLINE",
        owner="NLM",
        publication_status="ppublish",
        dates={"CRDT": "2020-01-08", "EDAT": "2020-01-09", "received": "2019-12-01", "LR": "2021-01-01"},
        links=(Link(kind="ErratumIn", citation="J Invent. 2021;8(1):1", pmid="90000002"),),
    )
    assert write_medline(article).decode() == (
        """\
PMID- 90000001
OWN - NLM
STAT- MEDLINE
LR  - 20210101
IS  - 1111-2222
VI  - 7
IP  - 2
DP  - 2020 Mar
TI  - An invented title that is a little too long to stand in one line of ninety
      characters, or so.
PG  - 11-5
LID - 10.1234/x [doi]
AB  - AIM: None. RESULTS: None.
FAU - Doe, Ann Jr
AU  - Doe A Jr
AUID- ORCID: 0000-0000-0000-0001
CN  - Invented Group
AD  - Nowhere.
DEP - 20200109
TA  - J Invent
JT  - Journal of invention
RN  - 0 (Inventolin)
EIN - J Invent. 2021;8(1):1. PMID: 90000002
MH  - Fever/*etiology
MH  - Adult
OTO - NOTNLM
OT  - rash
EDAT- 2020/01/09 00:00
CRDT- 2020/01/08 00:00
PHST- 2019/12/01 00:00 [received]
PHST- 2020/01/08 00:00 [entrez]
PHST- 2020/01/09 00:00 [pubmed]
AID - 10.1234/x [doi]
PST - ppublish
SO  - J Invent. 2020 Mar;7(2):11-5. doi: 10.1234/x. Epub 2020 Jan 9.
"""
    )


def test_a_line_is_full_at_ninety_characters() -> None:
    fits = "x" * 41 + " " + "y" * 42
    assert write_medline(Article(pmid="1", title=fits)).decode().splitlines()[1] == f"TI  - {fits}"
    assert write_medline(Article(pmid="1", title=fits + "y")).decode().splitlines()[1] == "TI  - " + "x" * 41


def test_the_source_of_a_book_is_left_out() -> None:
    assert source_line(Article(pmid="1", title="x", is_book=True, book_title="x")) == ""


# --- round trips ------------------------------------------------------------------------------------------------------

words = st.text("ab Zé0<&'\"-", min_size=1, max_size=12).map(lambda text: text.replace(" ", "") or "x")
lines = st.text("ab Zé0<&'\"-", max_size=200).map(lambda text: " ".join(text.split()) or "x")
names = st.sampled_from(["Doe", "van der Poe", "O'Roe", "Ünal", "Smith-Moe"])
days = st.dates().filter(lambda day: day.year >= 1000).map(str).filter(lambda day: day[0] in "12")


def several(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(strategy, max_size=3).map(tuple)


persons = st.one_of(
    st.builds(
        Person,
        last=names,
        fore=st.sampled_from(["Ann", "Bo Cy", "Jean-Paul", "V"]),
        initials=st.sampled_from(["A", "BC", "JP", "V"]),
        suffix=st.sampled_from(["", "Jr", "3rd"]),
        identifiers=several(st.just("0000-0000-0000-0001")),
        affiliations=several(lines),
    ),
    st.builds(Person, collective=lines.filter(lambda text: "et al" not in text.lower()), affiliations=several(lines)),
)
headings = st.lists(st.tuples(lines, st.booleans()), max_size=3).flatmap(
    lambda pairs: st.builds(
        Heading,
        name=lines,
        qualifiers=st.just(tuple(pairs)),
        is_major=st.just(True) if any(major for _, major in pairs) else st.booleans(),
    )
)
DATES = ("CRDT", "EDAT", "MHDA", "DCOM", "LR", "received", "accepted", "pmc-release")
articles = st.builds(
    Article,
    pmid=st.integers(1, 999_999_999).map(str),
    title=lines,
    abstract=st.one_of(
        st.just(()),
        lines.map(lambda text: (Section(text=f"{text}."),)),
        st.lists(st.sampled_from(["AIM", "DATA SOURCES", "RESULTS"]), min_size=1, max_size=3).map(
            lambda labels: tuple(Section(label=label, text="Nothing new.") for label in labels)
        ),
    ),
    authors=several(persons),
    is_author_list_complete=st.booleans(),
    journal=lines,
    journal_abbreviation=lines,
    journal_id=words,
    issns=st.lists(st.sampled_from(["1111-2222", "3333-4444"]), unique=True).map(tuple),
    country=lines,
    volume=words,
    issue=words,
    pages=words,
    published=st.sampled_from(["2020", "2020 Mar", "2020 Mar 5", "2018 05 17", "1990 Spring", "1998 Dec-1999 Jan"]),
    published_electronically=days,
    languages=several(st.sampled_from(["eng", "ger"])),
    publication_types=several(lines),
    headings=several(headings),
    keywords=several(lines),
    substances=st.just(("Inventolin (rat)",)),
    registry_numbers=st.just(("EC 1.1.1.1",)),
    supplementary_concepts=several(lines),
    grants=several(words),
    databanks=several(words.map(lambda number: f"ClinicalTrials.gov/{number}")),
    doi=st.sampled_from(["", "10.1234/x(1)2<3>"]),
    pii=st.sampled_from(["", "S1 2"]),
    pmcid=st.sampled_from(["", "PMC123"]),
    manuscript_id=st.sampled_from(["", "NIHMS1"]),
    status=st.sampled_from(["", "MEDLINE"]),
    owner=st.sampled_from(["", "NLM"]),
    publication_status=st.sampled_from(["", "ppublish"]),
    conflict_of_interest=lines,
    copyright=lines,
    subsets=several(st.sampled_from(["IM", "AIM"])),
    dates=st.dictionaries(st.sampled_from(DATES), days),
    links=several(
        st.builds(
            Link,
            kind=st.sampled_from(["CommentIn", "ErratumIn", "RetractionOf"]),
            citation=lines.filter(lambda text: "PMID" not in text),
            pmid=st.sampled_from(["", "90000009"]),
        )
    ),
)


@settings(deadline=None, max_examples=60)
@given(articles)
def test_an_article_survives_nbib(article: Article) -> None:
    (entry,) = read_medline(write_medline(article))
    assert isinstance(entry, Entry)
    for field in fields(article):
        assert getattr(entry.article, field.name) == getattr(article, field.name), field.name
    assert all(len(line) <= 90 or " " not in line[6:] for line in write_medline(article).decode().splitlines())


others = st.builds(
    Section,
    text=lines,
    label=st.sampled_from(["", "A & B"]),
    kind=st.sampled_from(["", "Publisher"]),
    language=st.sampled_from(["", "fre"]),
)


@settings(deadline=None, max_examples=60)
@given(articles, several(others), several(persons), several(lines))
def test_an_article_survives_xml(
    article: Article, other: tuple[Section, ...], people: tuple[Person, ...], texts: tuple[str, ...]
) -> None:
    values = {field.name: getattr(article, field.name) for field in fields(article)}
    values |= {"other_abstracts": other, "investigators": people, "indexing": "Curated", "vernacular_title": "Ä & <ö>"}
    assert read_article(write_article(Article(**values))) == Article(**values)


@settings(deadline=None, max_examples=30)
@given(articles, several(persons), st.booleans())
def test_a_book_survives_xml(article: Article, editors: tuple[Person, ...], is_chapter: bool) -> None:
    kept = ("pmid", "abstract", "authors", "is_author_list_complete", "country", "volume", "pages", "published")
    kept += ("published_electronically", "languages", "publication_types", "keywords", "doi", "pmcid", "copyright")
    values: dict[str, Any] = {name: getattr(article, name) for name in kept}
    dates = {name: day for name, day in article.dates.items() if name != "DCOM"}
    book = Article(
        **values,
        title=article.title if is_chapter else "A book",
        is_book=True,
        book_title="A book",
        editors=editors,
        publisher="A & B",
        isbns=("9780000000002",),
        publication_status="ppublish",
        dates=dates,
    )
    assert read_article(write_article(book)) == book


def test_what_xml_cannot_hold_is_left_out_and_the_rest_escaped() -> None:
    article = Article(pmid="1", title='a\x00 < b & "c"\x1b ]]>', conflict_of_interest="x\ufffe\ud800y")
    again = read_article(write_article(article))
    assert isinstance(again, Article)
    assert again.title == 'a < b & "c" ]]>'
    assert again.conflict_of_interest == "xy"
