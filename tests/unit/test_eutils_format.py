"""What NCBI's E-utilities answer, with all the ways in which an answer is none."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from casetable.formats.eutils import SearchAnswer, UnreadableAnswerError, read_articles, read_search
from casetable.formats.pubmed_xml import cut_records, read_article
from casetable.model import Record

GOLDEN = sorted((Path(__file__).parents[1] / "golden" / "pubmed_xml").glob("*/in.xml"))
LISTS = {"authors", "languages", "publication_types", "headings", "notices"}


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.parent.name)
def test_articles_are_read(path: Path) -> None:
    expected = json.loads(path.with_name("expected.json").read_text(encoding="utf-8"))
    records = [
        Record(**{name: tuple(value) if name in LISTS else value for name, value in record.items()})
        for record in expected
    ]
    assert list(read_articles(path.read_bytes())) == records


def test_there_are_golden_answers() -> None:
    assert len(GOLDEN) >= 6


# --- ESearch ----------------------------------------------------------------------------------------------------------


def answer(**result: object) -> bytes:
    return json.dumps({"header": {"type": "esearch"}, "esearchresult": result}).encode()


def test_a_search_is_read_with_all_its_diagnostics() -> None:
    data = answer(
        count="2",
        retmax="2",
        retstart="0",
        idlist=["90000002", "90000001"],
        translationset=[{"from": "rash", "to": '"rash"[MeSH Terms]'}, {"from": "x", "to": "x[All Fields]"}],
        querytranslation='"rash"[MeSH Terms] AND x[All Fields]',
        errorlist={"phrasesnotfound": ["inventd"], "fieldsnotfound": []},
        warninglist={"phrasesignored": ["of"], "quotedphrasesnotfound": ['"b c"'], "outputmessages": ["m", "n"]},
    )
    assert read_search(data) == SearchAnswer(
        count=2,
        pmids=("90000002", "90000001"),
        translation='"rash"[MeSH Terms] AND x[All Fields]',
        translations=(("rash", '"rash"[MeSH Terms]'), ("x", "x[All Fields]")),
        errors={"phrasesnotfound": ("inventd",)},
        warnings={"outputmessages": ("m", "n"), "phrasesignored": ("of",), "quotedphrasesnotfound": ('"b c"',)},
    )


@pytest.mark.parametrize(
    "result",
    [
        {"count": "0", "idlist": []},
        {"count": "0", "idlist": [], "translationset": {}, "errorlist": "", "warninglist": None},
        {"count": 0},
    ],
)
def test_a_search_without_hits_and_diagnostics_is_an_answer(result: dict[str, object]) -> None:
    assert read_search(answer(**result)) == SearchAnswer(count=0, pmids=())


RATE = b'{"error":"API rate limit exceeded","api-key":"10.0.0.1","count":"4","limit":"3"}'


@pytest.mark.parametrize(
    ("data", "message", "is_transient"),
    [
        (b"", "an empty answer", True),
        (b" \r\n ", "an empty answer", True),
        (b"<!DOCTYPE html><html><body>Down</body></html>", "an HTML page where a search result was due", True),
        (b"\n<HTML><head></head></HTML>", "an HTML page where a search result was due", True),
        (b'{"esearchresult": {"count": "1", "idl', "no JSON where a search result was due", True),
        (b"[" * 200_000, "no JSON where a search result was due", True),
        (b"\xff\xfe\x00", "no JSON where a search result was due", True),
        (RATE, "API rate limit exceeded", True),
        (b'{"error":"API key invalid","api-key":"x"}', "API key invalid", False),
        (b'{"esearchresult":{"ERROR":"Search Backend failed: \n timed\r\n out"}}', "Search Backend failed: timed out", True),
        (
            b'{"esearchresult":{"ERROR":"Search Backend failed: Exception: \n bad term"}}',
            "Search Backend failed: Exception: bad term",
            False,
        ),
        (b'{"esearchresult":{"ERROR":"Empty term and query_key - nothing todo"}}', "Empty term and query_key - nothing todo", False),
        (b'{"ERROR":"External viewer error"}', "External viewer error", True),
        (b"[]", "no search result", True),
        (b"null", "no search result", True),
        (b'{"esearchresult": []}', "no search result", True),
        (b'{"esearchresult": {}}', "a search result without a count, or with ids that are none", True),
        (b'{"esearchresult": {"count": "many", "idlist": []}}', "a search result without a count, or with ids that are none", True),
        (b'{"esearchresult": {"count": null, "idlist": []}}', "a search result without a count, or with ids that are none", True),
        (b'{"esearchresult": {"count": "1", "idlist": 7}}', "a search result without a count, or with ids that are none", True),
        (b'{"esearchresult": {"count": "1", "idlist": ["PMC1"]}}', "a search result without a count, or with ids that are none", True),
        (b'{"esearchresult": {"count": "1", "idlist": ["0"]}}', "a search result without a count, or with ids that are none", True),
    ],
)  # fmt: skip
def test_what_is_no_search_result_is_told(data: bytes, message: str, is_transient: bool) -> None:
    with pytest.raises(UnreadableAnswerError) as told:
        read_search(data)
    assert (str(told.value), told.value.is_transient) == (message, is_transient)


# --- EFetch -----------------------------------------------------------------------------------------------------------

XML = b'<?xml version="1.0" ?>\n'


@pytest.mark.parametrize("body", [b"<PubmedArticleSet></PubmedArticleSet>", b"<PubmedArticleSet/>"])
def test_an_empty_set_is_an_answer(body: bytes) -> None:
    assert read_articles(XML + body) == ()


def article(inner: str = "", data: str = "") -> bytes:
    return (
        f"<PubmedArticleSet><PubmedArticle><MedlineCitation><PMID>11</PMID><Article><ArticleTitle>T</ArticleTitle>{inner}"
        f"</Article></MedlineCitation><PubmedData>{data}</PubmedData></PubmedArticle></PubmedArticleSet>"
    ).encode()


BOMB = b'<!DOCTYPE PubmedArticleSet [<!ENTITY a "boo"><!ENTITY b "&a;&a;">]>\n'


@pytest.mark.parametrize(
    ("data", "message", "is_transient"),
    [
        (b"", "an empty answer", True),
        (b"<html><body>Error</body></html>", "an HTML page where records were due", True),
        (b"  <!DOCTYPE html>\n<html>", "an HTML page where records were due", True),
        (article()[:-30], "XML that is cut short", True),
        (article().removesuffix(b"</PubmedArticleSet>"), "XML that is cut short", True),
        (article().replace(b"</PubmedArticle>", b""), "XML that is broken", True),
        (article("<i>T"), "XML that is broken", True),
        (article("&a;"), "XML that is broken", True),
        (article("\x00"), "XML that is broken", True),
        (article("x").replace(b"x", b"\xe9"), "XML that is broken", True),
        (b"just text", "no records where records were due", True),
        (RATE, "API rate limit exceeded", True),
        (b'{"error":"API key invalid"}', "API key invalid", False),
        (b'{"error":"cut', "no search result", True),
        (XML + b"<eEfetchResult><ERROR>Invalid uid x at position=0</ERROR></eEfetchResult>", "Invalid uid x at position=0", False),
        (XML + b"<eFetchResult>\n<ERROR>PubOne\n is down</ERROR></eFetchResult>", "PubOne is down", True),
        (XML + b"<PubmedArticleSet><ERROR>Backend failed: timed out</ERROR></PubmedArticleSet>", "Backend failed: timed out", True),
        (XML + b"<Other/>", "no records where records were due", True),
    ],
)  # fmt: skip
def test_what_is_no_set_of_records_is_told(data: bytes, message: str, is_transient: bool) -> None:
    with pytest.raises(UnreadableAnswerError) as told:
        read_articles(data)
    assert (str(told.value), told.value.is_transient) == (message, is_transient)


@pytest.mark.parametrize("before", [b"", b"<!--" + b"x" * 4000 + b"-->"])
def test_an_entity_that_an_answer_defines_is_not_read(before: bytes) -> None:
    data = XML + before + BOMB + article("<VernacularTitle>&b;</VernacularTitle>")
    with pytest.raises(UnreadableAnswerError):
        read_articles(data)


@pytest.mark.parametrize("name", ["foo", "undefined", "gb2312", "utf-8", "iso-8859-1"])
def test_records_are_utf_8_whatever_the_prolog_says(name: str) -> None:
    data = f'<?xml version="1.0" encoding="{name}"?>'.encode() + article().replace(b">T<", ">µ<".encode())
    assert [record.title for record in read_articles(data)] == ["µ"]


@pytest.mark.parametrize("count", ["1e999", "-1", "true", "1.0", '"١"', '"99999999999"', "[1]"])
def test_an_odd_count_is_told(count: str) -> None:
    with pytest.raises(UnreadableAnswerError):
        read_search(f'{{"esearchresult": {{"count": {count}, "idlist": []}}}}'.encode())


@pytest.mark.parametrize("ids", ['"12"', "{}", "[12]", "[null]", '["١"]', '["12", ""]'])
def test_odd_ids_are_told(ids: str) -> None:
    with pytest.raises(UnreadableAnswerError):
        read_search(f'{{"esearchresult": {{"count": "1", "idlist": {ids}}}}}'.encode())


def test_half_a_character_in_an_answer_can_be_written() -> None:
    found = read_search(b'{"esearchresult": {"count": "0", "idlist": [], "querytranslation": "a\\ud800b"}}')
    assert found.translation == "a?b"


@pytest.mark.parametrize("day", ["²", "٣", "0x1", "32x", "", "-1"])
def test_an_odd_date_is_left_out(day: str) -> None:
    date = f"<Year>2020</Year><Month>1</Month><Day>{day}</Day>"
    (record,) = read_articles(
        article(data=f'<History><PubMedPubDate PubStatus="entrez">{date}</PubMedPubDate></History>')
    )
    assert record.created == ""


@pytest.mark.parametrize(
    ("month", "created"),
    [("7", "2020-07-05"), ("07", "2020-07-05"), ("Jul", "2020-07-05"), ("July", "2020-07-05"), ("13", ""), ("x", "")],
)
def test_a_month_is_a_number_or_a_name(month: str, created: str) -> None:
    date = f"<Year>2020</Year><Month>{month}</Month><Day>5</Day>"
    (record,) = read_articles(
        article(data=f'<History><PubMedPubDate PubStatus="entrez">{date}</PubMedPubDate></History>')
    )
    assert record.created == created


# --- cutting ----------------------------------------------------------------------------------------------------------

_RECORD = (GOLDEN[0].parents[1] / "medline_date_collective" / "in.xml").read_bytes()


def test_records_are_cut_with_the_line_on_which_they_begin() -> None:
    one, two = cut_records([_RECORD])
    assert (one.line, two.line) == (4, 29)
    assert one.data.startswith(b"<PubmedArticle>\n<MedlineCitation ")
    assert two.data.endswith(b"</MedlineCitation>\n</PubmedArticle>")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, len(_RECORD)), max_size=12), st.integers(0, len(_RECORD)))
def test_records_are_cut_alike_from_pieces_of_any_size(sizes: list[int], end: int) -> None:
    data = _RECORD[:end]
    pieces, start = [], 0
    for size in [*sizes, len(data)]:
        pieces.append(data[start : start + size])
        start += size
    assert list(cut_records(pieces)) == list(cut_records([data]))
    assert list(cut_records(data[n : n + 1] for n in range(len(data)))) == list(cut_records([data]))


def test_a_record_that_is_never_closed_takes_no_whole_one_with_it() -> None:
    cuts = list(cut_records([_RECORD[: -len("</PubmedArticle>\n</PubmedArticleSet>\n")]]))
    assert len(cuts) == 2
    assert read_article(cuts[0].data) is not None
    with pytest.raises(ElementTree.ParseError):
        read_article(cuts[1].data)


def test_the_ids_of_deleted_citations_are_told() -> None:
    data = b"<DeleteCitation>\n<PMID Version='1'>12</PMID><PMID>x</PMID>\n<PMID>13</PMID></DeleteCitation>"
    assert read_article(data) == ("12", "13")


# --- any bytes --------------------------------------------------------------------------------------------------------

_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_infinity=False)
    | st.text(max_size=5)
    | st.sampled_from(["1", "11"]),
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "esearchresult",
                    "ERROR",
                    "error",
                    "count",
                    "idlist",
                    "translationset",
                    "from",
                    "errorlist",
                    "warninglist",
                ]
            ),
            below,
            max_size=4,
        )
    ),
    max_leaves=8,
)
_TAGS = st.sampled_from(
    [
        "PubmedArticleSet",
        "PubmedArticle",
        "PubmedBookArticle",
        "MedlineCitation",
        "Article",
        "BookDocument",
        "Book",
        "PMID",
        "ArticleTitle",
        "AuthorList",
        "Author",
        "LastName",
        "CollectiveName",
        "Journal",
        "JournalIssue",
        "PubDate",
        "Year",
        "MedlineDate",
        "PubmedData",
        "History",
        "PubMedPubDate",
        "ArticleIdList",
        "ArticleId",
        "ELocationID",
        "i",
    ]
)
_XML = st.recursive(
    st.sampled_from(["", "11", "x", "2020", "10.1234/x", " "]),
    lambda below: st.tuples(_TAGS, st.lists(below, max_size=3)).map(lambda t: f"<{t[0]}>{''.join(t[1])}</{t[0]}>"),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60) | _JSON.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_are_a_search_or_unreadable(data: bytes) -> None:
    try:
        found = read_search(data)
    except UnreadableAnswerError:
        return
    assert isinstance(found.count, int)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60) | _XML.map(lambda text: f"<PubmedArticleSet>{text}</PubmedArticleSet>".encode()))
@example(article())
def test_any_bytes_are_records_or_unreadable(data: bytes) -> None:
    try:
        records = read_articles(data)
    except UnreadableAnswerError:
        return
    assert all(record.key == f"pmid:{record.pmid}" for record in records)
