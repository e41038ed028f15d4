"""BibTeX, EndNote XML, CSL-JSON and Web of Science text: invented records as the programs write them."""

from __future__ import annotations

import json
import logging
import re
import timeit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casetable.formats.articles import Deleted, Flaw, Stored, read_articles_of
from casetable.formats.bibtex import is_bibtex, read_bibtex
from casetable.formats.csl_json import is_csl, read_csl
from casetable.formats.endnote_xml import is_endnote, read_endnote
from casetable.formats.export import decoded, doi_of, published_of
from casetable.formats.pubmed_xml import cut_records
from casetable.formats.wos import is_wos, read_wos
from casetable.model.article import Article, Extent, Person, Section

ENDNOTE = """<?xml version="1.0" encoding="UTF-8" ?><xml><records><record>
<source-app name="EndNote" version="20.0">EndNote</source-app><ref-type name="Journal Article">17</ref-type>
<contributors><authors><author><style face="normal">Doe, Anna B.</style></author>
<author><style face="normal">The Zebra Group</style></author></authors></contributors>
<titles><title><style face="normal">Zebra fever in </style><style face="italic">Equus</style></title>
<secondary-title><style>Ann Inv Med</style></secondary-title></titles>
<periodical><full-title><style>Annals of invented medicine</style></full-title><abbr-1><style>Ann Inv Med</style></abbr-1></periodical>
<pages><style>11-15</style></pages><volume><style>7</style></volume><number><style>2</style></number>
<keywords><keyword><style>fever</style></keyword><keyword><style>zebra</style></keyword></keywords>
<dates><year><style>2020</style></year></dates><isbn><style>1234-5678 (Print)&#xD;8765-4321</style></isbn>
<accession-num><style>31000001</style></accession-num><remote-database-provider><style>NLM</style></remote-database-provider>
<abstract><style>A foal&#xD;was &lt;treated&gt;&#x1F;.</style></abstract><custom2><style>PMC123</style></custom2>
<electronic-resource-num><style>10.1234/ONE</style></electronic-resource-num><language><style>eng</style></language>
</record></records></xml>
"""

WOS = """FN Clarivate Analytics Web of Science
VR 1.0
PT J
AU Doe, AB
   Roe, C
AF Doe, Anna B.
   Roe, Carl
CA Zebra Grp
TI Zebra fever in
   a foal
SO ANNALS OF INVENTED MEDICINE
LA English
DT Article; Early Access
DE fever; zebra
AB A foal was
   treated.
SN 1234-5678
EI 8765-4321
J9 ANN INV MED
JI Ann. Inv. Med.
PD SEP 8
PY 2020
VL 7
IS 2
BP 11
EP 15
DI 10.1234/ONE
UT WOS:000000000000001
PM 31000001
ER

EF
"""

BIBTEX = r"""% written by hand
@string{aim = "Annals of invented medicine"}
@ARTICLE{doe2020,
  title = {Zebra {F}ever in \'{E}quus: {H$_2$O}, $\alpha$ and 20\% of US$5},
  Author = {Doe, Anna B. and M{\"u}ller, J\"org and van den Berg, Jr, Jan and Carl Roe and {The Zebra and Foal Group} and others},
  year = 2020, month = sep, journal = aim, shortjournal = {Ann Inv Med}, volume = 7, number = 2, pages = {11--15},
  doi = {https://doi.org/10.1234/ONE}, pmid = {31000001}, pmcid = {PMC123}, issn = {1234-5678}, language = {en},
  keywords = {fever, zebra}, abstract = {Of 20% \textit{a foal} \& S{\o}ren's
    stra{\ss}e, {\'{\i}}x.}
}
"""

CSL = [
    {
        "id": "doe2020",
        "type": "article-journal",
        "title": "Zebra fever in a <i>foal</i>",
        "author": [
            {"family": "Doe", "given": "Anna B."},
            {"family": "Berg", "given": "Jan", "non-dropping-particle": "van den", "suffix": "Jr"},
            {"literal": "The Zebra Group"},
        ],
        "container-title": "Annals of invented medicine",
        "container-title-short": "Ann Inv Med",
        "issued": {"date-parts": [["2020", 9, 8]]},
        "volume": 7,
        "issue": "2",
        "page": "11-15",
        "DOI": "https://doi.org/10.1234/ONE",
        "PMID": 31000001,
        "ISSN": "1234-5678, 8765-4321",
        "abstract": "A foal\nwas treated.",
        "keyword": "fever, zebra",
        "language": "en",
    }
]


def articles(name: str, data: bytes) -> list[Article]:
    read = list(read_articles_of(name, [data]))
    assert all(isinstance(each, Stored) for each in read), read
    return [each.article for each in read if isinstance(each, Stored)]


def flaws(name: str, data: bytes) -> list[str]:
    return [each.message for each in read_articles_of(name, [data]) if isinstance(each, Flaw)]


ANNA = Person(last="Doe", fore="Anna B.", initials="AB")


def test_endnote() -> None:
    assert articles("a.xml", ENDNOTE.encode()) == [
        Article(
            extent=Extent.EXPORT,
            pmid="31000001",
            title="Zebra fever in Equus",
            abstract=(Section(text="A foal was <treated>."),),
            authors=(ANNA, Person(collective="The Zebra Group")),
            journal="Annals of invented medicine",
            journal_abbreviation="Ann Inv Med",
            issns=("1234-5678", "8765-4321"),
            volume="7",
            issue="2",
            pages="11-15",
            published="2020",
            languages=("eng",),
            keywords=("fever", "zebra"),
            doi="10.1234/one",
            pmcid="PMC123",
        )
    ]


def test_an_accession_number_of_another_database_is_no_pmid() -> None:
    [article] = articles("a.xml", ENDNOTE.replace("NLM", "Elsevier").encode())
    assert article.pmid == ""


def test_a_broken_record_of_endnote_costs_no_other_one() -> None:
    record = ENDNOTE[ENDNOTE.index("<record>") : ENDNOTE.index("</records>")]
    text = ENDNOTE.replace(record, record.replace("<titles>", "<titles><", 1) + "\n" + record)
    read = list(read_articles_of("a.xml", [text.encode()]))
    assert isinstance(read[0], Flaw)
    assert read[0].message.startswith("a.xml:1: is a record of broken XML: ")
    assert [each.key for each in read[1:] if isinstance(each, Stored)] == ["pmid:31000001"]


def test_no_entity_of_endnote_is_expanded() -> None:
    bomb = '<!DOCTYPE xml [<!ENTITY a "aaaa">]>' + ENDNOTE.split("?>", 1)[1].replace("was", "&a;")
    assert flaws("a.xml", bomb.encode()) == [
        f"a.xml:1: is a record of broken XML: undefined entity: line 12, column {ENDNOTE.splitlines()[11].index('was')}"
    ]


def test_bibtex() -> None:
    assert articles("a.bib", BIBTEX.encode()) == [
        Article(
            extent=Extent.EXPORT,
            pmid="31000001",
            title="Zebra Fever in Équus: H2O, α and 20% of US$5",
            abstract=(Section(text="Of 20% a foal & Søren's straße, íx."),),
            authors=(
                ANNA,
                Person(last="Müller", fore="Jörg", initials="J"),
                Person(last="van den Berg", fore="Jan", initials="J", suffix="Jr"),
                Person(last="Roe", fore="Carl", initials="C"),
                Person(collective="The Zebra and Foal Group"),
            ),
            is_author_list_complete=False,
            journal="Annals of invented medicine",
            journal_abbreviation="Ann Inv Med",
            issns=("1234-5678",),
            volume="7",
            issue="2",
            pages="11-15",
            published="2020-09",
            languages=("en",),
            keywords=("fever", "zebra"),
            doi="10.1234/one",
            pmcid="PMC123",
        )
    ]


def test_a_broken_entry_of_bibtex_costs_no_other_one(caplog: pytest.LogCaptureFixture) -> None:
    text = """\
@article{a, title = {never closed, year = 2020}
@article{b, title = "Two" # " pieces", title = {Twice}}
@article{c, title = "Two" # " pieces"}
@article{c, title = {The key again}, date = {2020-03-04}}
@comment{of a program}
@article{d title = {no comma}}
@article{e, year = 2020}
@misc(f, title = {within parentheses})
"""
    with caplog.at_level(logging.DEBUG):
        read = list(read_articles_of("a.bib", [text.encode()]))
    assert [each.article.title for each in read if isinstance(each, Stored)] == [
        "Twice",
        "Two pieces",
        "The key again",
        "within parentheses",
    ]
    assert [each.key for each in read if isinstance(each, Stored)] == ["a.bib:2", "a.bib:3", "a.bib:4", "a.bib:8"]
    assert [each.message for each in read if isinstance(each, Flaw)] == [
        "a.bib:1: is a broken entry: unexpected block start: `@article`. Was still looking for field-value closing `,` or `}`",
        "a.bib:6: is a broken entry: expected comma after entry key, but found =",
        "a.bib:7: is a record without title, DOI or PMID; expected 'title' in it",
    ]
    assert caplog.text == ""


def test_web_of_science() -> None:
    assert articles("a.txt", WOS.encode()) == [
        Article(
            extent=Extent.EXPORT,
            pmid="31000001",
            title="Zebra fever in a foal",
            abstract=(Section(text="A foal was treated."),),
            authors=(ANNA, Person(last="Roe", fore="Carl", initials="C"), Person(collective="Zebra Grp")),
            journal="ANNALS OF INVENTED MEDICINE",
            journal_abbreviation="Ann. Inv. Med.",
            issns=("1234-5678", "8765-4321"),
            volume="7",
            issue="2",
            pages="11-15",
            published="2020-09-08",
            languages=("English",),
            publication_types=("Article", "Early Access"),
            keywords=("fever", "zebra"),
            doi="10.1234/one",
        )
    ]


def test_web_of_science_without_end_and_with_strange_lines() -> None:
    text = "PT J\nTI One zebra\nPT J\nAB no title\nER\nstrange\nPT J\nTI Two zebras\nPY 2020\nPD SPR\nAR e12\n"
    read = list(read_articles_of("a.txt", [text.encode()]))
    assert [each.article.title for each in read if isinstance(each, Stored)] == ["One zebra", "Two zebras"]
    assert [(a.published, a.pages) for a in (each.article for each in read if isinstance(each, Stored))][1] == (
        "2020",
        "e12",
    )
    assert [each.message for each in read if isinstance(each, Flaw)] == [
        "a.txt:3: is a record without title, DOI or PMID; expected 'TI ' in it",
        "a.txt:6: 'strange' stands between records; expected 'PT '",
    ]


def test_csl_json() -> None:
    assert articles("a.json", json.dumps(CSL, indent=2).encode()) == [
        Article(
            extent=Extent.EXPORT,
            pmid="31000001",
            title="Zebra fever in a foal",
            abstract=(Section(text="A foal was treated."),),
            authors=(
                ANNA,
                Person(last="van den Berg", fore="Jan", initials="J", suffix="Jr"),
                Person(collective="The Zebra Group"),
            ),
            journal="Annals of invented medicine",
            journal_abbreviation="Ann Inv Med",
            issns=("1234-5678", "8765-4321"),
            volume="7",
            issue="2",
            pages="11-15",
            published="2020-09-08",
            languages=("en",),
            keywords=("fever", "zebra"),
            doi="10.1234/one",
        )
    ]


def test_a_broken_item_of_csl_json_costs_no_other_one() -> None:
    text = '[\n {"title": "One"},\n {"title": nought},\n {"author": {}},\n {"title": "Four", "author": 7, "issued": [],'
    text += ' "volume": {"a": []}, "page": true, "ISSN": [[]]},\n {"title": "Fi'
    read = list(read_articles_of("a.json", [text.encode()]))
    assert [each.article.title for each in read if isinstance(each, Stored)] == ["One", "Four"]
    assert [each.message for each in read if isinstance(each, Flaw)] == [
        "a.json:3: is an item of broken JSON: Expecting value",
        "a.json:4: is a record without title, DOI or PMID; expected 'title' in it",
        "a.json:6: is an item of broken JSON: Unterminated string starting at",
    ]


def test_text_that_never_ends_takes_linear_time() -> None:
    def seconds(times: int) -> float:
        data = b'[{"title": "' + b'\\"' * times
        return min(timeit.repeat(lambda: list(read_csl(data)), number=1, repeat=3))

    assert seconds(80_000) < 40 * seconds(10_000)


@pytest.mark.parametrize("data", [b"name,address\nZebra fever,here\n", b"Zebra fever\n", b"\x00\xff"])
def test_a_file_of_no_known_format_says_what_is_read(data: bytes) -> None:
    assert flaws("a", data) == [
        "a: is of no format that is read here; expected PubMed XML, NBIB, RIS, BibTeX, EndNote XML or tagged text, "
        "CSL-JSON, Web of Science text, CSV with a header or a records.jsonl"
    ]


def test_an_empty_library_says_so() -> None:
    assert flaws("a.json", b"[]") == ["a.json:1: holds no item; expected an array of CSL-JSON"]
    assert flaws("a.xml", b"<xml><records></records></xml>") == [
        "a.xml:1: holds no record; expected XML as EndNote exports it"
    ]


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        (r"used \sqrt transform", "used sqrt transform"),
        (r"\verb|", "verb|"),
        (r"{\textless}i{\textgreater}Listeria", "<i>Listeria"),
        (r"\emph{Candida \textit{auris}}", "Candida auris"),
        (r"M{\'u}ller \& 5\,mg", "Múller & 5 mg"),
    ],
)
def test_latex_is_read_as_it_prints(printed: str, expected: str) -> None:
    [article] = articles("a.bib", ("@misc{a, title = {" + printed + "}}").encode())
    assert article.title == expected


@pytest.mark.parametrize("macro", [r"\href{http://x.org}{here}", r"\frac{1}{2}", r"\unknown{words}", r"\verb"])
def test_no_word_is_lost_with_a_macro_that_is_not_known(macro: str) -> None:
    [article] = articles("a.bib", ("@misc{a, title = {before " + macro + " after}}").encode())
    for word in ("before", *re.findall(r"\{([^}]*)\}", macro), "after"):
        assert word in article.title


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["https://doi.org/10.1000/X."], "10.1000/x"),
        (["none", "10.1000/x, 10.1000/y"], "10.1000/x"),
        (["https://example.org/a?doi=10.1000/abc&type=pdf"], "10.1000/abc"),
        (["https://example.org/doi/10.1000/abc/full"], "10.1000/abc"),
        (["https://example.org/inward?doi=10.1000%2Fabc&partnerID=40"], "10.1000/abc"),
        (["10.1016/S0140-6736(01)00001-2"], "10.1016/s0140-6736(01)00001-2"),
        (["(doi: 10.1000/abc)"], "10.1000/abc"),
        ([""], ""),
    ],
)
def test_a_doi_is_what_its_field_or_address_says(values: list[str], expected: str) -> None:
    assert doi_of(values) == expected


@pytest.mark.parametrize(
    ("printed", "expected"),
    [("2020/11//Nov-Dec", "2020-11"), ("c2019", "2019"), ("18 Sep 2019", "2019"), ("n.d.", ""), ("20191", "2019")],
)
def test_a_date_that_is_no_number_has_a_year(printed: str, expected: str) -> None:
    assert published_of(printed) == expected


def test_a_damaged_byte_does_not_change_the_encoding() -> None:
    good, bad = "TI  - Fälle für Müller".encode(), "TI  - B\xe4r".encode("latin-1")
    assert decoded(good + b"\xff" + good * 2) == "TI  - Fälle für Müller\ufffd" + "TI  - Fälle für Müller" * 2
    assert decoded(bad) == "TI  - Bär"
    assert decoded("皮肌炎患者的治疗".encode("gb18030")[:-1]) == "皮肌炎患者的治"


def test_a_slip_of_json_costs_the_item_in_which_it_stands() -> None:
    assert [a.title for a in articles("a.json", b'[{"title":"A"}},{"title":"B"}]')] == ["A", "B"]
    read = list(read_articles_of("a.json", [b'[{"title":"A","x":[1,},\n{"title":"B"},\n{"title":"C"}]']))
    assert [each.article.title for each in read if isinstance(each, Stored)] == ["B", "C"]
    assert [each.message for each in read if isinstance(each, Flaw)] == [
        "a.json:1: is an item of broken JSON: Expecting value"
    ]


@pytest.mark.parametrize("text", [ENDNOTE, WOS, BIBTEX, json.dumps(CSL), "PMID- 31000001\nTI  - A\n"])
def test_utf_16_is_read_of_every_format(text: str) -> None:
    [article] = articles("a", text.encode("utf-16"))
    assert article.pmid == "31000001"


def test_many_records_in_one_piece_take_linear_time() -> None:
    record = b"<record><titles><title>A</title></titles><abstract>" + b"x" * 1000 + b"</abstract></record>\n"

    def seconds(times: int) -> float:
        return min(
            timeit.repeat(
                lambda: sum(1 for _ in cut_records([record * times], re.compile(rb"<(record)>"))), number=1, repeat=3
            )
        )

    assert seconds(16_000) < 40 * seconds(2_000)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"\xef\xbb\xbf<?xml version='1.0'?><xml><records><record>", "endnote"),
        (b"<PubmedArticleSet><PubmedArticle>", ""),
        (b"PT J\r\nAU Doe, A\r\n", "wos"),
        (b"\xef\xbb\xbfFN Thomson Reuters\r\nVR 1.0\r\nPT J\r\n", "wos"),
        (b"PMID- 1\nPT  - Letter\n", ""),
        (b'[{"title": "A"}]', "csl"),
        (b" [\n]", "csl"),
        (b'{"key": "pmid:1"}', ""),
        (b"% Zotero\n\n@article{a,\n", "bibtex"),
        (b"@string(a = {b})", "bibtex"),
        (b"TY  - JOUR\nAB  - to a@b{c}\n", ""),
    ],
)
def test_the_format_is_told_from_the_content(head: bytes, expected: str) -> None:
    told = {"endnote": is_endnote(head), "wos": is_wos(head), "csl": is_csl(head), "bibtex": is_bibtex(head)}
    assert [name for name, is_told in told.items() if is_told] == ([expected] if expected else [])


@given(
    st.binary(),
    st.sampled_from([b"<records><record>", b"PT J\n", b'[{"title":"a"},', b"@misc{a, title={a}, author={", b""]),
)
def test_any_bytes_are_read(data: bytes, start: bytes) -> None:
    for read in read_articles_of("a", [start + data]):
        assert isinstance(read, Stored | Flaw | Deleted)
    list(read_endnote([start + data]))
    list(read_wos(start + data))
    list(read_csl(start + data))
    list(read_bibtex(start + data))


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda v: st.lists(v) | st.dictionaries(st.text(), v),
)
_FIELDS = ["title", "author", "issued", "DOI", "PMID", "page", "note", "keyword", "language", "type", "ISSN", "URL"]


@given(st.dictionaries(st.sampled_from(_FIELDS), _VALUES))
def test_any_value_of_csl_json_is_read(item: dict[str, object]) -> None:
    list(read_csl(json.dumps([item]).encode()))


@given(st.data())
def test_any_cut_of_a_file_is_read(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from([ENDNOTE, WOS, BIBTEX, json.dumps(CSL)]))
    start, end = sorted(data.draw(st.tuples(st.integers(0, len(text)), st.integers(0, len(text)))))
    for read in read_articles_of("a", [(text[:start] + text[end:]).encode()]):
        assert isinstance(read, Stored | Flaw | Deleted)


REFER = """%0 Journal Article
%A Doe, Anna
%A 张三;李四
%T Zebra fever
  in a foal
%J Annals of Invented Medicine
%D 2020
%8 Mar 5
%V 7
%N 2
%P 11-15
%@ 1234-5678
%R 10.1234/one
%K fever; zebra
%X A foal was treated.
%W CNKI

%0 Journal Article
%T 斑马热一例
%A 王五
%D 2019
"""


def test_endnotes_tagged_text_as_cnki_exports_it() -> None:
    one, other = [
        read.article for read in read_articles_of("a.enw", [REFER.encode("gb18030")]) if isinstance(read, Stored)
    ]
    assert one == Article(
        extent=Extent.EXPORT,
        pmid="",
        title="Zebra fever in a foal",
        authors=(Person(last="Doe", fore="Anna", initials="A"), Person(last="张三"), Person(last="李四")),
        journal="Annals of Invented Medicine",
        published="2020-03-05",
        volume="7",
        issue="2",
        pages="11-15",
        issns=("1234-5678",),
        doi="10.1234/one",
        keywords=("fever", "zebra"),
        abstract=(Section(text="A foal was treated."),),
    )
    assert (other.title, other.authors, other.published) == ("斑马热一例", (Person(last="王五"),), "2019")


def test_refer_without_a_title_is_told_and_the_rest_is_read() -> None:
    assert flaws("a.enw", b"%0 Book\n%T Zebra\n\n%0 Journal Article\n%A Doe\n") == [
        "a.enw:4: is a record without title, DOI or PMID; expected '%T ' in it"
    ]


def test_one_item_of_csl_json_is_read_without_its_array() -> None:
    [read] = read_articles_of("a.json", [b'{"type": "article-journal", "title": "Zebra fever"}'])
    assert isinstance(read, Stored)
    assert read.article.title == "Zebra fever"


def test_a_record_of_endnote_that_is_left_open_takes_no_other_with_it() -> None:
    data = (
        b"<xml><records><record><titles><title>Open</title></titles>\n"
        b"<record><titles><title>Zebra fever</title></titles></record></records></xml>"
    )
    flaw, read = read_articles_of("a.xml", [data])
    assert isinstance(flaw, Flaw)
    assert flaw.message.startswith("a.xml:1: is a record of broken XML")
    assert isinstance(read, Stored)
    assert (read.article.title, read.key) == ("Zebra fever", "a.xml:2")
