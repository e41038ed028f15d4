"""Records written as files: in their own format nothing is lost, in another one what it has a place for."""

from __future__ import annotations

import json
import timeit
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casetable.cli.commands import FORMS
from casetable.formats.articles import Flaw, Stored, read_articles_of
from casetable.formats.bibliography import Written, lacking_pmid, write_bibliography
from casetable.formats.export import Form, initials_of
from casetable.model.article import Article, Extent, Person, Section

RIS = """TY  - JOUR
TI  - Zebra fever
AU  - Doe, Anna
U2  - L2001234
XX  - a tag that nobody knows
N1  - line one
line two
PY  - 2020
ER  -
"""
NBIB = """PMID- 11111111
OWN - NLM
TI  - Zebra fever in a foal that was found by the river and treated with an invented
      drug.
XYZ - a tag that nobody knows
FAU - Doe, Anna
AU  - Doe A
AD  - Invented Hospital.
SO  - Ann Inv Med. 2020.
"""
WOS = """FN Clarivate
VR 1.0
PT J
AU Doe, A
   Roe, B
TI Zebra fever
Z9 17
PY 2020
ER

EF
"""
BIBTEX = """@string{aim = "Annals of Invented Medicine"}
@article{doe,
  title = {The {Z}ebra's f{\\"e}ver},
  author = {Doe, Anna and {Zebra Group}},
  journal = aim,
  month = jan,
  year = 2020,
  x-own = {kept},
}
"""
ENDNOTE = (
    '<?xml version="1.0" encoding="UTF-8"?><xml><records><record><rec-number>7</rec-number>'
    '<foreign-keys><key app="EN">7</key></foreign-keys><titles><title><style face="italic">Zebra</style> fever</title>'
    "</titles><dates><year>2020</year></dates><custom7>kept &amp; whole</custom7></record></records></xml>"
)
CSL = '[{"id": "doe", "type": "article-journal", "title": "Zebra <i>fever</i>", "custom": {"x": [1, 2]}}]'
CSV = 'Key,Title,Author,Publication Year,Tags,Tags\nA1,Zebra fever,"Doe, Anna",2020,"a, b",c\n'
PUBMED = (
    "<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID>11111111</PMID><Article><Journal><JournalIssue><PubDate>"
    "<Year>2020</Year></PubDate></JournalIssue></Journal><ArticleTitle>Zebra <i>fever</i></ArticleTitle><AuthorList>"
    "<Author><LastName>Doe</LastName></Author></AuthorList></Article><Unknown>kept</Unknown></MedlineCitation>"
    "</PubmedArticle></PubmedArticleSet>"
)
FILES = {
    Form.RIS: RIS,
    Form.NBIB: NBIB,
    Form.WOS: WOS,
    Form.BIBTEX: BIBTEX,
    Form.ENDNOTE_XML: ENDNOTE,
    Form.CSL_JSON: CSL,
    Form.CSV: CSV,
    Form.PUBMED_XML: PUBMED,
}
# What stands in each file and is no field of an article.
KEPT = {
    Form.RIS: ["U2  - L2001234", "XX  - a tag that nobody knows", "N1  - line one\nline two"],
    Form.NBIB: ["XYZ - a tag that nobody knows", "an invented\n      drug."],
    Form.WOS: ["Z9 17"],
    Form.BIBTEX: ['@string{aim = "Annals of Invented Medicine"}', "x-own = {kept}", "journal = aim", "month = jan"],
    Form.ENDNOTE_XML: ["<custom7>kept &amp; whole</custom7>", '<key app="EN">7</key>'],
    Form.CSL_JSON: ['"custom": {'],
    Form.CSV: ["Key,Title,Author,Publication Year,Tags,Tags", '"a, b",c'],
    Form.PUBMED_XML: ["<Unknown>kept</Unknown>"],
}


def stored(data: str | bytes) -> list[Stored]:
    raw = data.encode() if isinstance(data, str) else data
    read = list(read_articles_of("file", [raw], keeps_originals=True))
    assert not [each for each in read if isinstance(each, Flaw)]
    return [each for each in read if isinstance(each, Stored)]


def written(records: list[Stored], *changed: str, **values: object) -> list[Written]:
    return [
        Written(
            article=replace(record.article, **values),  # type: ignore[arg-type]
            key=record.key,
            original=record.original,
            changed=frozenset(changed or values),
        )
        for record in records
    ]


@pytest.mark.parametrize("form", Form)
def test_a_record_of_the_format_is_written_as_it_was_read(form: Form) -> None:
    records = stored(FILES[form])
    text = write_bibliography(form, written(records))
    for kept in KEPT[form]:
        assert kept in text.decode()
    again = stored(text)
    assert [(each.article, each.original) for each in again] == [(each.article, each.original) for each in records]
    assert write_bibliography(form, written(again)) == text


@pytest.mark.parametrize("form", Form)
def test_a_field_from_elsewhere_takes_its_place_and_the_rest_stays(form: Form) -> None:
    records = stored(FILES[form])
    text = write_bibliography(form, written(records, volume="7", doi="10.1234/new"))
    for kept in KEPT[form]:
        assert kept in text.decode()
    [again] = stored(text)
    assert again.article == replace(records[0].article, volume="7", doi="10.1234/new")


@pytest.mark.parametrize("form", sorted(set(Form) - {Form.PUBMED_XML}))
def test_a_field_that_is_there_gives_way(form: Form) -> None:
    [record] = stored(FILES[form])
    authors = (Person(last="Poe", fore="Cleo", initials="C"), Person(last="Roe", fore="Dan", initials="D"))
    text = write_bibliography(form, written([record], title="Another title, in full", authors=authors))
    [again] = stored(text)
    assert (again.article.title, again.article.authors) == ("Another title, in full", authors)
    assert text.decode().count("Another title, in full") == 1
    assert "Doe" not in text.decode()


def test_an_abstract_is_put_where_pubmeds_dtd_has_it() -> None:
    text = write_bibliography(
        Form.PUBMED_XML, written(stored(PUBMED), abstract=(Section(text="A foal."),), pages="1-3")
    )
    order = [text.index(tag) for tag in (b"<ArticleTitle", b"<Pagination", b"<Abstract", b"<AuthorList")]
    assert order == sorted(order)


def test_two_entries_of_one_key_are_two_in_one_file() -> None:
    records = stored(BIBTEX) + stored(BIBTEX.replace("Zebra Group", "Quagga Group"))
    text = write_bibliography(Form.BIBTEX, written(records)).decode()
    assert "@article{doe," in text
    assert "@article{doe-2," in text
    again = stored(text)
    assert [each.article.authors[1].name for each in again] == ["Zebra Group", "Quagga Group"]


def test_macros_of_two_files_that_have_one_name_keep_their_values() -> None:
    other = BIBTEX.replace("Annals of Invented", "New Annals of").replace("journal = aim", 'journal = "The " # aim')
    text = write_bibliography(Form.BIBTEX, written(stored(BIBTEX) + stored(other) + stored(BIBTEX)))
    assert [each.article.journal for each in stored(text)] == [
        "Annals of Invented Medicine",
        "The New Annals of Medicine",
        "Annals of Invented Medicine",
    ]


def test_rows_of_two_headers_come_under_common_names() -> None:
    records = stored(CSV) + stored("id,title,doi,own\n7,Zebra cough,10.1234/one,kept\n")
    text = write_bibliography(Form.CSV, written(records)).decode()
    assert text == (
        "record_id,title,authors,year,Tags,Tags,doi,own\n"
        'A1,Zebra fever,"Doe, Anna",2020,"a, b",c,,\n'
        "7,Zebra cough,,,,,10.1234/one,kept\n"
    )


def test_a_record_without_pmid_is_none_of_pubmeds_formats() -> None:
    records = written(stored(RIS))
    assert lacking_pmid(Form.NBIB, records) == ("file:1",)
    assert lacking_pmid(Form.RIS, records) == ()


TEXT = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "S"), exclude_characters="<>"), min_size=1, max_size=12
)
WORDS = st.lists(TEXT, min_size=1, max_size=4).map(" ".join)
NAME = st.text(st.sampled_from("ABCDÉabcdeß"), min_size=2, max_size=8).map(str.title)
PERSONS = st.builds(
    lambda last, fore: Person(last=last, fore=fore, initials=initials_of(fore)), NAME, st.one_of(st.just(""), NAME)
) | st.builds(lambda name: Person(collective=f"{name} Study Group II"), NAME)
ARTICLES = st.builds(
    Article,
    extent=st.just(Extent.EXPORT),
    title=NAME.map("Zebra fever: {}".format),
    pmid=st.sampled_from(["", "11111111"]),
    doi=st.sampled_from(["", "10.1234/one", "10.1234/a(b)<c>d;2-e"]),
    abstract=st.lists(WORDS.map(lambda text: Section(text=f"Foal {text}")), max_size=1).map(tuple),
    authors=st.lists(PERSONS, max_size=4, unique=True).map(tuple),
    journal=NAME.map("Annals of {}".format),
    volume=st.sampled_from(["", "7", "7 Suppl 1"]),
    issue=st.sampled_from(["", "2"]),
    pages=st.sampled_from(["", "11-15", "e7", "11-5"]),
    published=st.sampled_from(["", "2020", "2020-03", "2020-03-05"]),
    publisher=st.sampled_from(["", "Zebra & Sons"]),
    issns=st.sampled_from([(), ("1234-5678",), ("1234-5678", "8765-432X")]),
)


@pytest.mark.parametrize("form", [Form.RIS, Form.BIBTEX, Form.ENDNOTE_XML, Form.CSL_JSON, Form.WOS])
@given(article=ARTICLES)
def test_an_article_is_read_back_from_every_format(form: Form, article: Article) -> None:
    text = write_bibliography(form, [Written(article=article, key="one")])
    [again] = stored(text)
    if form is Form.WOS:  # groups stand in a list of their own there
        people = sorted(article.authors, key=lambda person: bool(person.collective))
        article = replace(article, authors=tuple(people))
    assert again.article == article


@given(article=ARTICLES)
def test_an_article_is_read_back_from_csv(article: Article) -> None:
    [again] = stored(write_bibliography(Form.CSV, [Written(article=article, key="one")]))
    for name in ("title", "pmid", "doi", "abstract", "journal", "volume", "issue", "pages", "publisher", "issns"):
        assert getattr(again.article, name) == getattr(article, name)
    assert again.article.published == article.published[:4]
    assert again.key == "one"


@pytest.mark.parametrize("form", [Form.NBIB, Form.PUBMED_XML])
@given(article=ARTICLES)
def test_an_article_is_read_back_from_pubmeds_formats(form: Form, article: Article) -> None:
    article = replace(article, pmid="11111111")
    [again] = stored(write_bibliography(form, [Written(article=article, key="one")]))
    for name in ("title", "pmid", "doi", "journal", "volume", "issue", "pages", "issns"):
        assert getattr(again.article, name) == getattr(article, name)
    assert [person.name for person in again.article.authors] == [person.name for person in article.authors]


def test_the_formats_that_the_command_names_are_those_that_are_written() -> None:
    assert tuple(Form) == FORMS


def test_keys_are_made_as_reference_managers_make_them() -> None:
    article = Article(
        pmid="", title="The zebra", authors=(Person(last="O'Doe", fore="A"),), published="2020", extent=Extent.EXPORT
    )
    items = json.loads(write_bibliography(Form.CSL_JSON, [Written(article=article, key="x")] * 2))
    assert [item["id"] for item in items] == ["odoe2020zebra", "odoe2020zebra-2"]


def test_a_record_that_was_left_open_does_not_take_the_next_one() -> None:
    records = stored("TY  - JOUR\nTI  - Zebra\n") + stored("AU  - Poe, C\nTI  - Okapi\nER  - \n")
    again = stored(write_bibliography(Form.RIS, written(records)))
    assert [each.article.title for each in again] == ["Zebra", "Okapi"]


def test_entries_of_one_key_or_with_a_field_twice_are_read_whole() -> None:
    text = (
        '@string{aim = "Annals"}\n@string{both = aim # " of Zebras"}\n'
        "@article{a, title={One}, author={Doe, Anna and Roe, Bo}, journal=both}\n"
        "@article{a, title={Two}, author={Doe, Anna and Roe, Bo}, journal=both, note={1}, note={2}}\n"
    )
    one, two = stored(text)
    assert one.article.authors == two.article.authors
    assert len(two.article.authors) == 2
    assert two.article.journal == one.article.journal == "Annals of Zebras"
    again = stored(write_bibliography(Form.BIBTEX, written([one, two])))
    assert [each.article for each in again] == [one.article, two.article]


def test_each_macro_is_written_once_and_leaks_into_no_other_file() -> None:
    mine = "".join(f'@string{{j{n} = "Journal {n}"}}\n@article{{k{n}, title={{T {n}}}, journal=j{n}}}\n' for n in "123")
    other = stored("@article{x, title={Other}, journal=j1}")
    text = write_bibliography(Form.BIBTEX, written(stored(mine) + other)).decode()
    assert text.count("@string") == 3
    assert [each.article.journal for each in stored(text)] == ["Journal 1", "Journal 2", "Journal 3", "j1"]


def test_a_tag_that_holds_another_thing_stays() -> None:
    [record] = stored("TY  - JOUR\nTI  - Zebra\nBT  - Book of zebras\nC2  - 34567890\n  KW  - foal\nER  - \n")
    text = write_bibliography(Form.RIS, written([record], pmcid="PMC1", title="Zebras")).decode()
    assert text == (
        "TY  - JOUR\nBT  - Book of zebras\nC2  - 34567890\n  KW  - foal\nTI  - Zebras\nC2  - PMC1\nER  - \n\n"
    )


def test_json_that_is_none_by_the_standard_is_written_as_json() -> None:
    data = b'[{"title": "Line\nbreak \\ud800", "x": NaN}]'
    text = write_bibliography(Form.CSL_JSON, written(stored(data)))
    assert json.loads(text, parse_constant=pytest.fail) == [{"title": "Line\nbreak ?", "x": None}]


def test_nbib_that_speaks_of_risk_is_no_bibtex() -> None:
    [record] = stored("PMID- 11111111\nTI  - Zebras\nAB  - Simulated with\n      @RISK (Palisade) over years.\n")
    assert record.article.abstract_text == "Simulated with @RISK (Palisade) over years."


def test_web_of_sciences_tabs_come_back_from_csv() -> None:
    [record] = stored(
        "PT\tAU\tAF\tTI\tSO\tDI\tPY\tPM\tUT\nJ\tDoe, A\tDoe, A\tZebra\tJ\t10.1234/one\t2020\t11111111\tWOS:1\n"
    )
    [again] = stored(write_bibliography(Form.CSV, written([record])))
    assert (again.article.doi, again.article.pmid, again.key) == ("10.1234/one", "11111111", "WOS:1")


@pytest.mark.parametrize("encoding", ["iso-8859-1", "utf-16"])
def test_xml_says_in_what_it_is_written(encoding: str) -> None:
    text = ENDNOTE.replace("UTF-8", encoding).replace("fever", "fiévre")
    [record] = stored(text.encode(encoding))
    assert record.article.title == "Zebra fiévre"


def test_lines_that_end_as_on_old_macintoshes_are_lines() -> None:
    [record] = stored(NBIB.replace("\n", "\r"))
    assert record.article.title.startswith("Zebra fever in a foal")


def test_pubmeds_record_takes_authors_and_keeps_its_comments() -> None:
    data = PUBMED.replace("<AuthorList><Author><LastName>Doe</LastName></Author></AuthorList>", "<!-- kept -->")
    records = stored(data)
    authors = (Person(last="Poe", fore="Cleo", initials="C"),)
    text = write_bibliography(Form.PUBMED_XML, written(records, authors=authors, pmcid="PMC1", languages=("eng",)))
    assert b"<!-- kept -->" in text
    [again] = stored(text)
    assert (again.article.authors, again.article.languages) == (authors, ("eng",))


def test_a_lot_of_records_without_latin_letters_take_linear_time() -> None:
    def seconds(count: int) -> float:
        records = [
            Written(article=Article(pmid="", title="斑马", extent=Extent.EXPORT), key=str(n)) for n in range(count)
        ]
        return min(timeit.repeat(lambda: write_bibliography(Form.CSL_JSON, records), number=1, repeat=3))

    assert seconds(4000) < 24 * seconds(500)
