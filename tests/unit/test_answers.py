"""The answers of the utilities, held against the shapes that NCBI's have."""

from __future__ import annotations

import json
import re
from typing import Any
from xml.etree import ElementTree

import pytest

from casetable.formats import answers
from casetable.formats.answers import Found, Reply
from casetable.formats.eutils import UnreadableAnswerError, read_articles, read_search
from casetable.formats.pubmed_xml_write import write_article
from casetable.model.article import Article, Link, Person, Section

ARTICLE = Article(
    pmid="90000001",
    title="A rash & <nothing>.",
    abstract=(Section(label="AIM", text="None."), Section(label="RESULTS", text="None.")),
    authors=(
        Person(last="Doe", fore="Ann", initials="A", suffix="Jr"),
        Person(collective="Invented Group"),
    ),
    journal="Journal of invention",
    journal_abbreviation="J Invent",
    journal_id="0000001",
    issns=("1111-2222", "3333-4444"),
    volume="7",
    issue="2",
    pages="11-5",
    published="2020 Mar",
    published_electronically="2020-01-09",
    languages=("eng",),
    publication_types=("Case Reports",),
    doi="10.1234/x",
    pii="S1",
    pmcid="PMC99",
    status="MEDLINE",
    publication_status="ppublish",
    copyright="(c) Nobody.",
    dates={"CRDT": "2020-01-08", "EDAT": "2020-01-09", "LR": "2021-01-01"},
    links=(Link(kind="ErratumIn", citation="J Invent. 2021;8(1):1", pmid="90000002"),),
)
BOOK = Article(pmid="90000003", title="A book", is_book=True, book_title="A book", publisher="Press", country="Nowhere")


def text(reply: Reply) -> str:
    assert int(reply.status) in {200, 400, 404, 414, 429, 500, 502, 503}
    return reply.body.decode()


def value(reply: Reply) -> dict[str, Any]:
    assert reply.headers["Content-Type"] == "application/json; charset=UTF-8"
    read = json.loads(reply.body)
    assert isinstance(read, dict)
    return read


# --- ESearch ----------------------------------------------------------------------------------------------------------


def test_a_search_in_json_has_text_for_numbers_and_says_no_more_than_it_must() -> None:
    found = Found(count=3, pmids=("2", "1"), start=1, translation='"rash"[Title]', translations=[("a", "b")])
    assert text(answers.search(found, "json")) == (
        '{"header":{"type":"esearch","version":"0.3"},"esearchresult":{"count":"3","retmax":"2","retstart":"1",'
        '"idlist":["2","1"],"translationset":[{"from":"a","to":"b"}],"querytranslation":"\\"rash\\"[Title]"}}\n'
    )


def test_a_search_in_json_with_history_and_diagnostics() -> None:
    found = Found(
        count=0,
        pmids=(),
        query_key="2",
        web_env="MCID_1",
        errors={"phrasesnotfound": (), "fieldsnotfound": ()},
        warnings={"outputmessages": ("No items found.",)},
    )
    result = value(answers.search(found, "json"))["esearchresult"]
    assert list(result) == [
        *("count", "retmax", "retstart", "querykey", "webenv", "idlist", "translationset", "querytranslation"),
        *("errorlist", "warninglist"),
    ]
    assert result["errorlist"] == {"phrasesnotfound": [], "fieldsnotfound": []}
    assert result["warninglist"] == {
        "phrasesignored": [],
        "quotedphrasesnotfound": [],
        "outputmessages": ["No items found."],
    }


def test_a_search_in_xml_is_the_captured_one() -> None:
    found = Found(
        count=0,
        pmids=(),
        translation="(abcXYZ[All Fields])",
        errors={"phrasesnotfound": ("abcXYZ",), "fieldsnotfound": ()},
        warnings={"outputmessages": ("No items found.",)},
    )
    assert text(answers.search(found, "xml")) == (
        '<?xml version="1.0" encoding="UTF-8" ?>\n'
        '<!DOCTYPE eSearchResult PUBLIC "-//NLM//DTD esearch 20060628//EN"'
        ' "https://eutils.ncbi.nlm.nih.gov/eutils/dtd/20060628/esearch.dtd">\n'
        "<eSearchResult><Count>0</Count><RetMax>0</RetMax><RetStart>0</RetStart><IdList/><TranslationSet/>"
        "<QueryTranslation>(abcXYZ[All Fields])</QueryTranslation><ErrorList><PhraseNotFound>abcXYZ</PhraseNotFound>"
        "</ErrorList><WarningList><OutputMessage>No items found.</OutputMessage></WarningList></eSearchResult>\n"
    )


def test_a_search_in_xml_with_ids_history_and_escaped_translations() -> None:
    found = Found(count=9, pmids=("2", "1"), query_key="1", web_env="MCID_1", translations=[("a&b", "<c>")])
    assert text(answers.search(found, "xml")).split("\n", 2)[2] == (
        "<eSearchResult><Count>9</Count><RetMax>2</RetMax><RetStart>0</RetStart><QueryKey>1</QueryKey>"
        "<WebEnv>MCID_1</WebEnv><IdList>\n<Id>2</Id>\n<Id>1</Id>\n</IdList><TranslationSet><Translation>"
        "     <From>a&amp;b</From>     <To>&lt;c&gt;</To>    </Translation></TranslationSet>"
        "<QueryTranslation></QueryTranslation></eSearchResult>\n"
    )


def test_our_own_reader_understands_a_search() -> None:
    found = Found(count=1, pmids=("1",), translation="x", warnings={"phrasesignored": ("of",)})
    read = read_search(answers.search(found, "json").body)
    assert (read.count, read.pmids, read.warnings) == (1, ("1",), {"phrasesignored": ("of",)})


def test_a_count_has_lost_everything_else() -> None:
    assert value(answers.count(7, "json"))["esearchresult"] == {"count": "7"}
    assert text(answers.count(7, "xml")).endswith("<eSearchResult><Count>7</Count></eSearchResult>\n")


def test_the_error_past_the_window_is_the_captured_one_and_no_json() -> None:
    reply = answers.search_error(answers.PAST_WINDOW, "json")
    assert reply.status == 200
    assert text(reply) == (
        '{"header":{"type":"esearch","version":"0.3"},"esearchresult":{"ERROR":"Search Backend failed: Exception:\n'
        "'retstart' cannot be larger than 9998. For PubMed, ESearch can only retrieve the first 9,999 records matching"
        " the query. To obtain more than 9,999 PubMed records, consider using EDirect that contains additional logic to"
        " batch PubMed search results automatically so that an arbitrary number can be retrieved. For details see"
        ' https://www.ncbi.nlm.nih.gov/books/NBK25499/"}}\n'
    )
    with pytest.raises(json.JSONDecodeError):
        json.loads(reply.body)
    with pytest.raises(UnreadableAnswerError, match="cannot be larger than 9998") as caught:
        read_search(reply.body)
    assert not caught.value.is_transient


def test_a_backslash_in_an_error_stays_one() -> None:
    body = answers.search_error('a\\nb "c"', "json").body
    assert json.loads(body)["esearchresult"]["ERROR"] == 'a\\nb "c"'


# --- EPost, EInfo -----------------------------------------------------------------------------------------------------

POST = (
    '<?xml version="1.0" encoding="UTF-8" ?>\n<!DOCTYPE ePostResult PUBLIC "-//NLM//DTD epost 20090526//EN"'
    ' "https://eutils.ncbi.nlm.nih.gov/eutils/dtd/20090526/epost.dtd"><ePostResult>\n'
)


def test_posts_are_the_captured_ones() -> None:
    assert text(answers.posted("1", "MCID_1")) == (
        POST + "\t<QueryKey>1</QueryKey>\n\t<WebEnv>MCID_1</WebEnv>\n</ePostResult>\n"
    )
    omitted = "Some IDs have invalid value and were omitted. Maximum ID value 18446744073709551615"
    assert text(answers.post_error()) == (
        f"{POST}\t<ERROR>Empty ID list; Nothing to store</ERROR>\n\t<ERROR>{omitted}</ERROR></ePostResult>\n"
    )
    other = POST.replace("><ePostResult>", ">\n<ePostResult>")
    assert text(answers.post_error("Invalid db name specified: nothing")) == (
        f"{other}\t<ERROR>Invalid db name specified: nothing</ERROR>\n</ePostResult>\n"
    )
    assert omitted in text(answers.posted("1", "MCID_1", omitted=True))


def test_the_database_has_the_fields_of_pubmed() -> None:
    root = ElementTree.fromstring(answers.database(3, "2026/11/22 06:33", "xml").body)
    assert root.findtext("DbInfo/Count") == "3"
    assert root.findtext("DbInfo/LastUpdate") == "2026/11/22 06:33"
    fields = {e.findtext("Name"): e for e in root.findall("DbInfo/FieldList/Field")}
    assert len(fields) == 50
    assert fields["CRDT"].findtext("FullName") == "Date - Create"
    assert [fields["CRDT"].findtext(name) for name in ("IsDate", "IsHidden")] == ["Y", "N"]
    info = value(answers.database(3, "2026/11/22 06:33", "json"))["einforesult"]["dbinfo"][0]
    assert len(info["fieldlist"]) == 50
    assert info["fieldlist"][11]["fullname"] == "Date - Entry"


def test_the_list_of_databases_and_an_unknown_one() -> None:
    assert ElementTree.fromstring(answers.databases("xml").body).findtext("DbList/DbName") == "pubmed"
    assert value(answers.databases("json"))["einforesult"] == {"dblist": ["pubmed"]}
    assert "db=x" in text(answers.database_error("x", "xml"))
    assert value(answers.database_error("x", "json"))["einforesult"]["ERROR"].endswith("db=x")


# --- ESummary ---------------------------------------------------------------------------------------------------------


def test_a_summary_in_xml_has_the_items_of_version_one() -> None:
    reply = answers.summaries({"90000001": ARTICLE, "5": None}, "xml")
    root = ElementTree.fromstring(reply.body)
    assert root.findtext("DocSum/Id") == "90000001"
    items = {e.get("Name", ""): e for e in root.findall("DocSum/Item")}
    assert list(items) == [
        *("PubDate", "EPubDate", "Source", "AuthorList", "LastAuthor", "Title", "Volume", "Issue", "Pages", "LangList"),
        *("NlmUniqueID", "ISSN", "ESSN", "PubTypeList", "RecordStatus", "PubStatus", "ArticleIds", "DOI", "History"),
        *("References", "HasAbstract", "PmcRefCount", "FullJournalName", "ELocationID", "SO"),
    ]
    assert items["Title"].text == "A rash & <nothing>."
    assert [(e.get("Name"), e.text) for e in items["AuthorList"]] == [
        ("Author", "Doe A Jr"),
        ("Author", "Invented Group"),
    ]
    assert [e.text for e in items["LangList"]] == ["English"]
    assert items["SO"].text == "2020 Mar;7(2):11-5"
    assert items["EPubDate"].text == "2020 Jan 9"
    assert items["RecordStatus"].text == "PubMed - indexed for MEDLINE"
    assert [(e.get("Name"), e.text) for e in items["History"]] == [
        ("entrez", "2020/01/08 00:00"),
        ("pubmed", "2020/01/09 00:00"),
    ]
    assert root.findtext("ERROR") == "UID=5: cannot get document summary"


def test_a_summary_in_json_has_43_keys() -> None:
    result = value(answers.summaries({"90000001": ARTICLE, "90000003": BOOK, "5": None}, "json"))["result"]
    assert result["uids"] == ["90000001", "90000003", "5"]
    article, book = result["90000001"], result["90000003"]
    assert len(article) == 43
    assert article["authors"][0] == {"name": "Doe A Jr", "authtype": "Author", "clusterid": ""}
    assert article["articleids"][1] == {"idtype": "doi", "idtypen": 3, "value": "10.1234/x"}
    assert article["sortpubdate"] == "2020/03/01 00:00"
    assert article["references"] == [
        {"refsource": "J Invent. 2021;8(1):1", "reftype": "ErratumIn", "pmid": 90000002, "note": ""}
    ]
    assert (article["attributes"], article["doctype"]) == (["Has Abstract"], "citation")
    assert "abstract" not in article
    assert (book["source"], book["title"], book["booktitle"], book["doctype"]) == ("", "", "A book", "book")
    assert (book["publishername"], book["publisherlocation"]) == ("Press", "Nowhere")
    assert result["5"] == {"uid": "5", "error": "cannot get document summary"}


def test_a_summary_in_xml_of_version_two_says_the_same_as_json() -> None:
    root = ElementTree.fromstring(answers.summaries({"90000001": ARTICLE, "5": None}, "xml", "2.0").body)
    first, second = root.findall("DocumentSummarySet/DocumentSummary")
    assert second.findtext("error") == "cannot get document summary"
    summary = value(answers.summaries({"90000001": ARTICLE}, "json"))["result"]["90000001"]
    assert [e.tag.lower() for e in first] == [name for name in summary if name != "uid"]
    assert first.findtext("ArticleIds/ArticleId[2]/IdType") == "doi"
    assert first.findtext("Authors/Author[2]/AuthType") == "CollectiveName"
    assert first.findtext("History/PubMedPubDate/PubStatus") == "entrez"
    assert first.findtext("Lang/string") == "eng"
    assert first.findtext("PubType/flag") == "Case Reports"


def test_json_takes_500_ids_and_xml_more() -> None:
    many: dict[str, Article | None] = {str(number): None for number in range(1, 502)}
    answer = value(answers.summaries(many, "json"))
    assert "result" not in answer
    assert answer["error"] == "Too many UIDs in request. Maximum number of UIDs is 500 for JSON format output."
    assert text(answers.summaries(many, "xml")).count("<ERROR>") == 501
    del many["501"]
    assert len(value(answers.summaries(many, "json"))["result"]["uids"]) == 500


@pytest.mark.parametrize(
    ("printed", "day"),
    [
        ("2020", (2020, 1, 1)),
        ("2020 Mar", (2020, 3, 1)),
        ("2020 Mar 5", (2020, 3, 5)),
        ("2018 05 17", (2018, 5, 17)),
        ("2016 Jan-Feb", (2016, 1, 1)),
        ("1990 Spring", (1990, 3, 1)),
        ("1998 Dec-1999 Jan", (1998, 12, 1)),
        ("Winter of 1970", (1970, 1, 1)),
        ("2020 Xyz", (2020, 1, 1)),
        ("", (0, 1, 1)),
    ],
)
def test_a_printed_date_sorts(printed: str, day: tuple[int, int, int]) -> None:
    assert answers.published_day(Article(pmid="1", title="x", published=printed)) == day


# --- EFetch -----------------------------------------------------------------------------------------------------------


def test_an_empty_set_of_records_is_the_real_one() -> None:
    reply = answers.articles_xml([])
    assert len(reply.body) == 205
    assert reply.body.endswith(b"<PubmedArticleSet></PubmedArticleSet>")
    assert read_articles(reply.body) == ()


def test_records_go_out_as_their_own_bytes() -> None:
    own = b'<PubmedArticle  a="b"><x/></PubmedArticle>'
    assert own in answers.articles_xml([own]).body
    read = read_articles(answers.articles_xml([write_article(ARTICLE), write_article(BOOK)]).body)
    assert [record.title for record in read] == ["A rash & <nothing>.", "A book"]


def test_records_in_text() -> None:
    assert text(answers.articles_medline([ARTICLE, BOOK])).startswith("\nPMID- 90000001\n")
    assert "\n\nPMID- 90000003\n" in text(answers.articles_medline([ARTICLE, BOOK]))
    assert text(answers.articles_abstract([ARTICLE])) == (
        "1. J Invent. 2020 Mar;7(2):11-5. doi: 10.1234/x. Epub 2020 Jan 9.\n\nA rash & <nothing>.\n\n"
        "Doe A Jr, Invented Group.\n\nAIM: None.\n\nRESULTS: None.\n\n(c) Nobody.\n\n"
        "DOI: 10.1234/x\nPMCID: PMC99\nPMID: 90000001 [Indexed for MEDLINE]\n"
    )
    assert text(answers.uids(["1", "2"], "text")) == "1\n2\n"
    assert ElementTree.fromstring(answers.uids(["1", "2"], "xml").body).findtext("Id[2]") == "2"


def test_an_error_of_efetch_is_xml_or_text_with_plus_signs() -> None:
    xml = answers.fetch_error(answers.NO_IDS)
    assert (xml.status, xml.headers["Content-Type"]) == (400, "text/xml; charset=UTF-8")
    assert "<eFetchResult>\n\t<ERROR>ID list is empty! Possibly it has no correct IDs.</ERROR>\n" in text(xml)
    plain = answers.fetch_error(answers.NO_IDS, "text")
    assert (plain.status, plain.headers["Content-Type"]) == (400, "text/plain; charset=UTF-8")
    assert text(plain) == "ID+list+is+empty!+Possibly+it+has+no+correct+IDs."


# --- the rest of the catalogue ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "status", "told"),
    [
        (answers.rate_exceeded("127.0.0.1", 17, 3), 429, '"error":"API rate limit exceeded","api-key":"127.0.0.1"'),
        (answers.key_invalid("SECRET"), 400, '"error":"API key invalid","api-key":"SECRET","type":"invalid"'),
        (answers.backend_down("xml"), 200, "<ERROR>Search Backend failed: Database is not supported: pubmed</ERROR>"),
        (answers.viewer_timeout(), 400, "<ERROR> Error: External viewer error: Empty Response."),
        (answers.backend_page(), 400, "Failed to connect to PubOne service"),
        (answers.prolog_only("efetch"), 200, "pubmed_250101.dtd"),
        (answers.prolog_only("elink"), 200, "eLinkResult"),
        (answers.empty_body("json"), 200, ""),
        (answers.html_page(), 200, "<html>"),
        (answers.diagnostic_page(), 500, "<title>NCBI/eutils202 - WWW Error 500 Diagnostic</title>"),
        (answers.bad_gateway(502), 502, "Bad Gateway"),
        (answers.bad_gateway(503), 503, "Service Unavailable"),
        (answers.uri_too_long(), 414, "Too Long"),
        (answers.not_found("/<x>"), 404, "&lt;x&gt;"),
        (answers.summaries_failed(), 200, '<DocumentSummarySet status="OK"><!-- DocSum Backend failed'),
        (answers.summary_exception("xml"), 200, "<ERROR>NCBI C++ Exception: Error: EUTILSAPP"),
        (answers.link_error(answers.NO_ADDRESS, "xml"), 200, "Couldn't resolve #exLinkSrv2"),
        (answers.link_error(answers.LINK_EXCEPTION, "json"), 200, '"ERROR":"NCBI C++ Exception:\n    Error: TXCLIENT'),
    ],
)
def test_errors_have_the_status_and_words_of_the_catalogue(reply: Reply, status: int, told: str) -> None:
    assert reply.status == status
    assert told in text(reply)


def test_a_refusal_says_when_to_come_again() -> None:
    assert answers.rate_exceeded("127.0.0.1", 17, 3).headers["Retry-After"] == "2"


def test_a_prolog_alone_has_no_root() -> None:
    for utility in ("esearch", "epost", "efetch", "esummary", "einfo", "elink"):
        body = text(answers.prolog_only(utility))
        assert re.fullmatch(r"<\?xml[^>]*>\s*<!DOCTYPE[^>]*>\s*", body), utility
