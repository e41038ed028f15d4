"""The mirror over real HTTP: asked by hand, by Bio.Entrez and by EDirect. Every record is invented."""

from __future__ import annotations

import datetime as dt
import gzip
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree

import pytest
from Bio import Entrez, Medline

from casetable.errors import UsageError
from casetable.formats.articles import Stored
from casetable.formats.eutils import read_search
from casetable.formats.medline import write_medline
from casetable.formats.pubmed_xml_write import write_article
from casetable.mirror import FAULTS, Fault, Mirror, Reply, read_faults, serve
from casetable.model.article import Article, Heading, Person, Section
from casetable.workspace.articles import load_articles
from tests.conftest import write_files
from tests.e2e.conftest import casetable, environment
from tests.support.invented import records_xml

TODAY = dt.date(2026, 11, 22)
NBIB = """
PMID- 90000001
STAT- MEDLINE
DP  - 2019 Mar
TI  - An invented rash in a sailor.
AB  - BACKGROUND: A rash. RESULTS: It went away.
FAU - Roe, Bo
AU  - Roe B
LA  - eng
PT  - Case Reports
TA  - Z Invent
CRDT- 2019/03/02 06:00
EDAT- 2019/03/03 06:00
AID - 10.1234/rash.1 [doi]

PMID- 90000002
DP  - 2021 Jan
TI  - A second invented rash.
FAU - Doe, Ann
AU  - Doe A
TA  - A Invent
CRDT- 2026/11/01 06:00
EDAT- 2026/11/01 06:00

PMID- 90000004
DP  - 2020
TI  - An invented fever.
TA  - J Invent
EDAT- 2020/01/01 06:00
"""
BOOK = Article(
    pmid="90000003",
    title="A handbook of the invented rash",
    is_book=True,
    book_title="A handbook of the invented rash",
    publisher="Press",
    published="2018",
    dates={"EDAT": "2018-01-01"},
)
OWN_XML = (
    b'<PubmedArticle><MedlineCitation Status="Publisher" Owner="NLM"><PMID Version="2">90000005</PMID>\n'
    b'<Article PubModel="Print"><Journal><JournalIssue CitedMedium="Print"><PubDate><Year>2022</Year></PubDate>'
    b"</JournalIssue><Title>J</Title></Journal><ArticleTitle>The <i>invented</i> rash &#x2014; again</ArticleTitle>"
    b"</Article></MedlineCitation><PubmedData/></PubmedArticle>"
)
SET = b'<?xml version="1.0" ?>\n<!DOCTYPE PubmedArticleSet>\n<PubmedArticleSet>\n%s\n</PubmedArticleSet>\n'


@pytest.fixture
def mirror(tmp_path: Path) -> Mirror:
    (tmp_path / "a.nbib").write_text(NBIB, encoding="utf-8")
    (tmp_path / "b.xml.gz").write_bytes(gzip.compress(SET % (OWN_XML + write_article(BOOK))))
    library = load_articles([tmp_path / "a.nbib", tmp_path / "b.xml.gz"])
    assert not library.faults
    return Mirror(library.stored.values(), today=TODAY)


@pytest.fixture
def url(mirror: Mirror) -> Iterator[str]:
    with serve(mirror) as address:
        yield address


def ask(url: str, utility: str, *, method: str = "POST", timeout: float = 20, **form: str) -> Reply:
    """A request by hand, so that nothing is repeated, followed or decoded."""
    parts = urlsplit(url)
    encoded = urlencode(form)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=timeout)
    try:
        if method == "POST":
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            connection.request(method, f"{parts.path}{utility}.fcgi", encoded, headers)
        else:
            connection.request(method, f"{parts.path}{utility}.fcgi?{encoded}")
        answer = connection.getresponse()
        return Reply(status=answer.status, headers=dict(answer.getheaders()), body=answer.read())
    finally:
        connection.close()


def found(mirror: Mirror, **form: str) -> dict[str, Any]:
    answer = json.loads(mirror.answer("esearch", {"retmode": "json", **form}).body)
    assert isinstance(answer, dict)
    return dict(answer["esearchresult"])


def pmids(mirror: Mirror, **form: str) -> list[str]:
    return list(found(mirror, **form)["idlist"])


def fetched(reply: Reply) -> list[str]:
    assert reply.status == 200
    return [e.findtext(".//PMID") or "" for e in ElementTree.fromstring(reply.body)]


def history(mirror: Mirror, term: str, **form: str) -> dict[str, str]:
    result = found(mirror, term=term, usehistory="y", **form)
    return {"WebEnv": result["webenv"], "query_key": result["querykey"]}


# --- files ------------------------------------------------------------------------------------------------------------


def test_files_are_told_apart_by_what_they_hold(tmp_path: Path) -> None:
    (tmp_path / "nbib.txt").write_bytes(b"\xef\xbb\xbf" + NBIB.replace("\n", "\r\n").encode())
    (tmp_path / "xml").write_bytes(SET % OWN_XML)
    line = {"schema": 1, "key": "pmid:90000009", "origin": "PubMed", "title": "Facts only", "pmid": "90000009"}
    line |= {"authors": ["Doe A", "de la Roe BC 3rd", "Invented Group"], "year": "2020", "created": "2020-02-03"}
    other = {"schema": 1, "key": "doi:10.1234/y", "origin": "Embase", "title": "No PMID", "doi": "10.1234/y"}
    (tmp_path / "records").write_text(f"{json.dumps(line)}\n{json.dumps(other)}\n", encoding="utf-8")
    library = load_articles([tmp_path / "nbib.txt", tmp_path / "xml", tmp_path / "records"])
    assert not library.faults
    assert list(library.stored) == ["90000001", "90000002", "90000004", "90000005", "90000009"]
    assert library.stored["90000005"].xml == OWN_XML
    facts = library.stored["90000009"].article
    assert [person.name for person in facts.authors] == ["Doe A", "de la Roe BC 3rd", "Invented Group"]
    assert facts.authors[2].collective == "Invented Group"
    assert facts.dates["CRDT"] == "2020-02-03"


def test_of_two_records_the_fuller_form_stands_and_deletions_delete(tmp_path: Path) -> None:
    (tmp_path / "1.xml").write_bytes(SET % OWN_XML)
    nbib = tmp_path / "2.nbib"
    nbib.write_text("PMID- 90000005\nTI  - Poorer\n\nPMID- 90000006\nTI  - Gone\n", encoding="utf-8")
    (tmp_path / "3.xml").write_bytes(SET % b"<DeleteCitation><PMID>90000006</PMID></DeleteCitation>")
    library = load_articles([tmp_path / name for name in ("1.xml", "2.nbib", "3.xml")])
    assert {pmid: stored.article.title for pmid, stored in library.stored.items()} == {
        "90000005": "The invented rash — again"
    }


def test_what_cannot_be_read_is_named_and_costs_nothing_else(tmp_path: Path) -> None:
    files = {
        "a.nbib": b"PMID- x\nTI  - Bad\n\nPMID- 90000001\nTI  - Good\n",
        "b.xml": SET % (b"<PubmedArticle>&x;</PubmedArticle>\n" + OWN_XML),
        "c.xml": b"<html></html>",
        "d.gz": gzip.compress(SET % OWN_XML)[:-20],
        "e.jsonl": b'{"schema": 1}\n',
        "f.nbib": b"",
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    library = load_articles([*(tmp_path / name for name in files), tmp_path / "none", tmp_path])
    assert set(library.stored) == {"90000001", "90000005"}
    told = [fault.removeprefix(f"{tmp_path}/") for fault in library.faults]
    assert [fault.split(":")[0] for fault in told[:7]] == [
        "a.nbib",
        "b.xml",
        "c.xml",
        "d.gz",
        "e.jsonl",
        "f.nbib",
        "none",
    ]
    assert told[0] == "a.nbib:1: PMID 'x' is no number of up to nine digits"
    assert told[1].startswith("b.xml:4: is a record of broken XML")
    assert told[3] == "d.gz: cannot be read: is damaged"
    assert told[6] == "none: cannot be read: No such file or directory"
    assert len(told) == 8


# --- ESearch ----------------------------------------------------------------------------------------------------------


def test_a_search_finds_newest_first(mirror: Mirror) -> None:
    result = found(mirror, term="rash[ti]")
    assert result["idlist"] == ["90000005", "90000003", "90000002", "90000001"]
    assert (result["count"], result["retmax"], result["retstart"]) == ("4", "4", "0")
    assert result["querytranslation"] == '"rash"[Title]'
    assert "errorlist" not in result
    assert "warninglist" not in result
    assert "webenv" not in result


def test_pages_of_a_search(mirror: Mirror) -> None:
    assert pmids(mirror, term="rash[ti]", retstart="1", retmax="2") == ["90000003", "90000002"]
    assert pmids(mirror, term="rash[ti]", retmax="0") == []
    assert len(pmids(mirror, term="rash[ti]", retmax="many")) == 4


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("pub_date", ["90000005", "90000002", "90000001", "90000003"]),
        ("pub date", ["90000005", "90000002", "90000001", "90000003"]),
        ("Author", ["90000002", "90000001", "90000005", "90000003"]),
        ("JournalName", ["90000002", "90000005", "90000001", "90000003"]),
        ("nonsense", ["90000005", "90000003", "90000002", "90000001"]),
    ],
)
def test_searches_are_sorted(mirror: Mirror, sort: str, order: list[str]) -> None:
    assert pmids(mirror, term="rash[ti]", sort=sort) == order


def test_relevance_counts_the_words_of_the_title(mirror: Mirror) -> None:
    assert pmids(mirror, term="invented[ti] AND (sailor OR rash[ti])", sort="relevance")[0] == "90000001"


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"mindate": "2019", "maxdate": "2021", "datetype": "pdat"}, ["90000002", "90000001"]),
        ({"mindate": "2019/03", "maxdate": "2019/03/31", "datetype": "pdat"}, ["90000001"]),
        ({"mindate": "2019/03/03", "maxdate": "2019/03/03"}, ["90000001"]),
        ({"mindate": "2019/03/03", "maxdate": "2019/03/03", "datetype": "crdt"}, []),
        ({"mindate": "2026"}, ["90000005", "90000003", "90000002", "90000001"]),
        ({"maxdate": "2000"}, ["90000005", "90000003", "90000002", "90000001"]),
        ({"mindate": "soon", "maxdate": "2021"}, ["90000005", "90000003", "90000002", "90000001"]),
        ({"reldate": "60"}, ["90000002"]),
        ({"reldate": "20"}, []),
    ],
)
def test_dates_limit_a_search_where_both_ends_are_given(
    mirror: Mirror, form: dict[str, str], expected: list[str]
) -> None:
    assert pmids(mirror, term="rash[ti]", **form) == expected


def test_relative_dates_show_in_the_translation(mirror: Mirror) -> None:
    result = found(mirror, term="rash[ti]", reldate="60")
    assert result["querytranslation"] == '"rash"[Title] AND 2026/09/23:2026/11/22[Date - Entry]'


def test_nothing_found_says_so_and_a_count_says_nothing(mirror: Mirror) -> None:
    result = found(mirror, term="sailor[ti] AND fever[ti]")
    assert (result["count"], result["warninglist"]["outputmessages"]) == ("0", ["No items found."])
    assert found(mirror, term='"no such thing"[ti]', rettype="count") == {"count": "0"}
    assert found(mirror, term="rash[ti]", rettype="count") == {"count": "4"}


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({}, "Empty term and query_key - nothing todo"),
        ({"term": "x", "db": "nothing"}, "Invalid db name specified: nothing"),
        ({"term": "#1"}, "Unable to obtain query #1"),
        ({"term": "#1", "WebEnv": "MCID_0"}, "Unable to obtain query #1"),
    ],
)
def test_errors_of_a_search_come_with_status_200(mirror: Mirror, form: dict[str, str], told: str) -> None:
    for mode in ("json", "xml"):
        reply = mirror.answer("esearch", {**form, "retmode": mode})
        assert reply.status == 200
        assert told in reply.body.decode()


def test_a_term_that_is_no_query_is_an_error(mirror: Mirror) -> None:
    assert "ERROR" in found(mirror, term="(rash")


def test_a_field_limits_a_term_without_one(mirror: Mirror) -> None:
    assert pmids(mirror, term="sailor", field="ti") == ["90000001"]
    assert pmids(mirror, term="sailor", field="ta") == []


# --- history ----------------------------------------------------------------------------------------------------------


def test_a_history_can_be_named_in_a_term_and_fetched(mirror: Mirror) -> None:
    kept = history(mirror, "rash[ti]")
    assert re.fullmatch(r"MCID_[0-9a-f]{24}", kept["WebEnv"])
    assert kept["query_key"] == "1"
    second = history(mirror, "#1 AND sailor", WebEnv=kept["WebEnv"])
    assert second == {"WebEnv": kept["WebEnv"], "query_key": "2"}
    assert fetched(mirror.answer("efetch", second)) == ["90000001"]
    assert fetched(mirror.answer("efetch", {**kept, "retstart": "1", "retmax": "2"})) == ["90000003", "90000002"]
    assert pmids(mirror, term="sailor", **kept) == ["90000001"]
    assert pmids(mirror, term='"#1"[ti]', WebEnv=kept["WebEnv"]) == []
    other = history(mirror, "fever[ti]")
    assert other["WebEnv"] != kept["WebEnv"]
    assert history(mirror, "rash[ti] OR fever[ti]", WebEnv=kept["WebEnv"])["query_key"] == "3"


def test_a_set_in_a_translation_is_told_as_what_it_was(mirror: Mirror) -> None:
    kept = history(mirror, "rash[ti] OR fever[ti]")
    told = found(mirror, term="#1 AND sailor[ti]", WebEnv=kept["WebEnv"])["querytranslation"]
    assert told == '("rash"[Title] OR "fever"[Title]) AND "sailor"[Title]'


def test_the_order_of_a_history_is_that_of_its_search(mirror: Mirror) -> None:
    kept = history(mirror, "rash[ti]", sort="Author")
    assert fetched(mirror.answer("efetch", kept))[:2] == ["90000002", "90000001"]


def test_two_mirrors_name_their_histories_alike(mirror: Mirror) -> None:
    again = Mirror([Stored(article=BOOK)], today=TODAY)
    assert history(mirror, "rash[ti]") == history(again, "rash[ti]")


def test_ids_are_posted(mirror: Mirror) -> None:
    body = mirror.answer("epost", {"id": "90000004, 090000001,x,90000004,0"}).body.decode()
    kept = {"WebEnv": re.findall("<WebEnv>(.*)</WebEnv>", body)[0], "query_key": "1"}
    assert "Some IDs have invalid value and were omitted." in body
    assert fetched(mirror.answer("efetch", kept)) == ["90000004", "90000001"]
    assert pmids(mirror, term="#1 AND rash[ti]", WebEnv=kept["WebEnv"]) == ["90000001"]
    assert b"Empty ID list; Nothing to store" in mirror.answer("epost", {"id": "x"}).body
    assert b"Invalid db name specified: pmc" in mirror.answer("epost", {"id": "1", "db": "pmc"}).body


# --- the window -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def large() -> Mirror:
    articles = (Article(pmid=str(number), title="Many a rash") for number in range(1, 10_001))
    return Mirror([Stored(article=article) for article in articles], today=TODAY)


@pytest.mark.parametrize(
    ("start", "asked", "given", "message"),
    [
        ("0", "9999", 9999, ""),
        ("0", "10000", 9999, "0, 9999"),
        ("9990", "10", 9, "9990, 9"),
        ("9998", "2", 1, "9998, 1"),
        ("9998", "1", 1, ""),
    ],
)
def test_the_window_is_9999_wide(large: Mirror, start: str, asked: str, given: int, message: str) -> None:
    result = found(large, term="rash[ti]", retstart=start, retmax=asked)
    assert (result["count"], result["retmax"], len(result["idlist"])) == ("10000", str(given), given)
    messages = result.get("warninglist", {}).get("outputmessages", [])
    expected = [f"Restrictions achieved. start and count adjusted to {message}"] if message else []
    assert messages == expected


def test_past_the_window_there_is_an_error_that_is_no_json(large: Mirror) -> None:
    reply = large.answer("esearch", {"term": "rash[ti]", "retstart": "9999", "retmode": "json"})
    assert reply.status == 200
    assert b"Exception:\n'retstart' cannot be larger than 9998." in reply.body
    with pytest.raises(json.JSONDecodeError):
        json.loads(reply.body)


def test_a_history_is_cut_at_the_window_without_a_word(large: Mirror) -> None:
    kept = history(large, "rash[ti]")
    last = large.answer("efetch", {**kept, "retstart": "9500", "retmax": "500", "rettype": "uilist"})
    assert (last.status, last.body.count(b"\n")) == (200, 499)
    past = large.answer("efetch", {**kept, "retstart": "9999"})
    assert past.status == 400
    assert b"'retstart' cannot be larger than 9998. For PubMed" in past.body


# --- EFetch and ESummary ----------------------------------------------------------------------------------------------


def test_records_come_in_the_order_asked_once_and_unknown_ones_not_at_all(mirror: Mirror) -> None:
    reply = mirror.answer("efetch", {"id": "90000004,090000001,90000004,999999999"})
    assert fetched(reply) == ["90000004", "90000001"]
    assert fetched(mirror.answer("efetch", {"id": "999999999"})) == []


def test_a_record_keeps_its_own_bytes(mirror: Mirror) -> None:
    assert OWN_XML in mirror.answer("efetch", {"id": "90000005"}).body


def test_ids_that_are_none_are_taken_for_others(mirror: Mirror) -> None:
    assert fetched(mirror.answer("efetch", {"id": "90000004.90000001"})) == ["90000004", "90000001"]
    for none in ("0", "00000000", "x", ""):
        assert mirror.answer("efetch", {"id": none}).status == 400


@pytest.mark.parametrize(
    ("form", "kind", "begins"),
    [
        ({}, "text/xml", "<?xml"),
        ({"retmode": "xml"}, "text/xml", "<?xml"),
        ({"rettype": "full", "retmode": "xml"}, "text/xml", "<?xml"),
        ({"rettype": "abstract", "retmode": "xml"}, "text/xml", "<?xml"),
        ({"rettype": "medline", "retmode": "text"}, "text/plain", "\nPMID- 90000001\n"),
        ({"rettype": "medline"}, "text/plain", "\nPMID- 90000001\n"),
        ({"rettype": "abstract"}, "text/plain", "1. Z Invent. 2019 Mar."),
        ({"rettype": "uilist"}, "text/plain", "90000001\n"),
        ({"rettype": "uilist", "retmode": "xml"}, "text/xml", '<?xml version="1.0" ?>\n<IdList>'),
        ({"retmode": "json"}, "text/plain", "90000001\n"),
    ],
)
def test_records_in_every_form(mirror: Mirror, form: dict[str, str], kind: str, begins: str) -> None:
    reply = mirror.answer("efetch", {"id": "90000001", **form})
    assert reply.headers["Content-Type"].startswith(kind)
    assert reply.body.decode().startswith(begins)


def test_errors_of_a_history(mirror: Mirror) -> None:
    kept = history(mirror, "rash[ti]")
    past = mirror.answer("efetch", {**kept, "retstart": "4"})
    assert past.status == 400
    assert (
        "Cannot retrieve history data: OUT OF RANGE. Parameter retstart=4 + 1 is greater than number of records"
        " available in history. History includes 4 IDs." in past.body.decode()
    )
    gone = mirror.answer("efetch", {"WebEnv": "MCID_0", "query_key": "1"})
    assert gone.status == 200
    assert b"<eFetchResult>\n\t<ERROR>Unable to obtain query #1</ERROR>" in gone.body


def test_summaries_by_id_and_history(mirror: Mirror) -> None:
    kept = history(mirror, "rash[ti]")
    by_history = json.loads(mirror.answer("esummary", {**kept, "retmode": "json", "retmax": "2"}).body)
    assert by_history["result"]["uids"] == ["90000005", "90000003"]
    by_id = json.loads(mirror.answer("esummary", {"id": "90000001,7", "retmode": "json"}).body)["result"]
    assert by_id["90000001"]["title"] == "An invented rash in a sailor."
    assert by_id["7"] == {"uid": "7", "error": "cannot get document summary"}
    assert b"Neither query_key nor id specified" in mirror.answer("esummary", {}).body
    assert b"Unable to obtain query #1" in mirror.answer("esummary", {"WebEnv": "x", "query_key": "1"}).body
    many = ",".join(str(number) for number in range(1, 502))
    assert b"Too many UIDs" in mirror.answer("esummary", {"id": many, "retmode": "json"}).body


def test_an_empty_key_is_refused(mirror: Mirror) -> None:
    reply = mirror.answer("esearch", {"term": "rash", "api_key": ""})
    assert (reply.status, json.loads(reply.body)["error"]) == (400, "API key invalid")
    assert mirror.answer("esearch", {"term": "rash", "api_key": "some"}).status == 200


def test_other_utilities_are_not_there(mirror: Mirror) -> None:
    assert mirror.answer("ecitmatch", {}).status == 404
    assert b"not served" in mirror.answer("elink", {"id": "1"}).body


# --- HTTP -------------------------------------------------------------------------------------------------------------


def test_get_and_post_are_answered_alike(url: str) -> None:
    by_get = ask(url, "esearch", method="GET", term="rash[ti]")
    by_post = ask(url, "esearch", term="rash[ti]")
    assert by_get.status == by_post.status == 200
    assert by_get.body == by_post.body
    assert by_get.headers["Content-Type"] == "text/xml; charset=UTF-8"


def test_ids_may_come_one_by_one(url: str) -> None:
    with urllib.request.urlopen(f"{url}efetch.fcgi?id=90000001&id=90000004&rettype=uilist") as answer:
        assert answer.read() == b"90000001\n90000004\n"


def test_one_connection_serves_many_requests(url: str) -> None:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
    for _ in range(3):
        connection.request("GET", f"{parts.path}einfo.fcgi")
        assert connection.getresponse().read().startswith(b"<?xml")
    connection.close()


def test_a_long_address_is_refused_and_a_long_form_is_not(url: str) -> None:
    ids = ",".join(str(number) for number in range(90_000_001, 90_000_500))
    assert ask(url, "efetch", method="GET", id=ids).status == 414
    assert len(fetched(ask(url, "efetch", id=ids))) == 5


def test_what_is_no_utility_is_not_found(url: str) -> None:
    assert ask(url, "espell", term="x").status == 404
    assert ask(f"{url}../", "esearch", term="x").status == 404


def test_no_more_than_the_rate_is_answered(mirror: Mirror) -> None:
    now = [0.0]
    with serve(mirror, rate=3, clock=lambda: now[0]) as url:
        answers = [ask(url, "einfo") for _ in range(5)]
        assert [answer.status for answer in answers] == [200, 200, 200, 429, 429]
        assert [answer.headers["X-RateLimit-Remaining"] for answer in answers] == ["2", "1", "0", "0", "0"]
        assert {answer.headers["X-RateLimit-Limit"] for answer in answers} == {"3"}
        assert answers[4].headers["Retry-After"] == "2"
        assert json.loads(answers[4].body) == {
            "error": "API rate limit exceeded",
            "api-key": "127.0.0.1",
            "count": "5",
            "limit": "3",
        }
        now[0] = 1.0
        assert ask(url, "einfo").status == 200


def test_a_port_that_is_taken_is_told(mirror: Mirror) -> None:
    with (
        serve(mirror) as url,
        pytest.raises(UsageError, match="cannot be used"),
        serve(mirror, port=urlsplit(url).port or 0),
    ):
        pass
    with pytest.raises(UsageError, match="port 70000 cannot be used"), serve(mirror, port=70_000):
        pass


def test_requests_can_be_watched(mirror: Mirror) -> None:
    lines: list[str] = []
    with serve(mirror, log=lines.append) as url:
        ask(url, "einfo", method="GET")
    assert lines == ['"GET /entrez/eutils/einfo.fcgi? HTTP/1.1" 200 -']


# --- faults -----------------------------------------------------------------------------------------------------------

JSON, XML = {"retmode": "json"}, {"retmode": "xml"}
TERM, ID = {"term": "rash[ti]"}, {"id": "90000001,90000002"}


@pytest.mark.parametrize(
    ("code", "utility", "form", "status", "told"),
    [
        ("F01", "esearch", TERM, 429, b'"API rate limit exceeded"'),
        ("F02", "efetch", {**ID, "api_key": "SECRET"}, 400, b'"api-key":"SECRET"'),
        ("F03", "esearch", {**TERM, **JSON}, 200, b"Exception:\n'retstart'"),
        ("F04", "esearch", TERM, 200, b"Database is not supported: pubmed"),
        ("F05", "esearch", TERM, 200, b"<RetMax>1</RetMax>"),
        ("F06", "efetch", {"query_key": "1", "WebEnv": "x"}, 400, b"cannot be larger than 9998"),
        ("F07", "efetch", {"query_key": "1", "WebEnv": "x"}, 400, b"OUT OF RANGE"),
        ("F08", "efetch", {"query_key": "3", "WebEnv": "x"}, 200, b"Unable to obtain query #3"),
        ("F09", "efetch", ID, 400, b"External viewer error: Empty Response"),
        ("F10", "efetch", ID, 400, b"ID list is empty!"),
        ("F11", "efetch", ID, 400, b"proxy_stream()"),
        ("F12", "efetch", ID, 200, b"<PubmedArticleSet></PubmedArticleSet>"),
        ("F13", "efetch", ID, 200, b"90000001"),
        ("F14", "efetch", ID, 200, b"pubmed_250101.dtd"),
        ("F15", "esummary", ID, 200, b""),
        ("F16", "epost", ID, 200, b"<!DOCTYPE html>"),
        ("F17", "einfo", {}, 500, b"WWW Error 500 Diagnostic"),
        ("F18", "einfo", {}, 503, b"503"),
        ("F23", "esummary", {**ID, **JSON}, 200, b"Too many UIDs"),
        ("F24", "esummary", {**ID, **JSON}, 200, b'"error":"cannot get document summary"'),
        ("F25", "esummary", {**ID, "version": "2.0"}, 200, b"DocSum Backend failed"),
        ("F26", "elink", ID, 200, b"exLinkSrv2"),
        ("F27", "elink", {**ID, **JSON}, 200, b"Exception:\n    Error: TXCLIENT"),
        ("F28", "esummary", ID, 200, b"EUTILSAPP"),
    ],
)
def test_every_fault_can_be_had(
    mirror: Mirror, code: str, utility: str, form: dict[str, str], status: int, told: bytes
) -> None:
    with serve(mirror, faults=read_faults(code)) as url:
        reply = ask(url, utility, **form)
    assert reply.status == status
    assert told in reply.body
    assert bool(reply.body) is (code != "F15")
    if code == "F13":
        assert fetched(reply) == ["90000001"]
    if code == "F05":
        assert b"<Count>4</Count>" in reply.body
        assert b"start and count adjusted to 0, 1" in reply.body


def test_every_fault_is_tried_here() -> None:
    marks = test_every_fault_can_be_had.pytestmark  # type: ignore[attr-defined]
    tried = {case[0] for mark in marks for case in mark.args[1]}
    assert tried | {"F19", "F20", "F21", "F22"} == set(FAULTS)


def test_an_address_can_be_too_long_by_chance(mirror: Mirror) -> None:
    with serve(mirror, faults=read_faults("F19")) as url:
        assert ask(url, "einfo", method="GET").status == 414
        assert ask(url, "einfo").status == 200


def test_a_connection_can_be_reset(mirror: Mirror) -> None:
    with serve(mirror, faults=read_faults("F20")) as url, pytest.raises(ConnectionResetError):
        ask(url, "esearch", term="rash[ti]")


def test_a_body_can_be_cut_short(mirror: Mirror) -> None:
    with serve(mirror, faults=read_faults("F21")) as url, pytest.raises(http.client.IncompleteRead) as caught:
        ask(url, "efetch", id="90000001")
    assert caught.value.partial.startswith(b"<?xml")
    assert caught.value.expected
    assert b"</PubmedArticleSet>" not in caught.value.partial


def test_a_request_can_wait_for_ever_and_the_server_still_stops(mirror: Mirror) -> None:
    started = time.monotonic()
    with serve(mirror, faults=read_faults("F22")) as url, pytest.raises(TimeoutError):
        ask(url, "efetch", id="90000001", timeout=0.2)
    assert time.monotonic() - started < 10


def test_a_fault_that_does_not_apply_is_none(mirror: Mirror) -> None:
    with serve(mirror, faults=read_faults("F03,F06,F12,F23,F25,F26,F27")) as url:
        assert ask(url, "esearch", term="rash[ti]").status == 200
        assert ask(url, "efetch", id="90000001", rettype="medline").body.startswith(b"\nPMID- 90000001")
        assert b"<DocSum>" not in ask(url, "esummary", id="90000001").body


def statuses(mirror: Mirror, seed: int, utilities: list[str], faults: str = "F17:0.3,F18:0.3") -> list[int]:
    with serve(mirror, faults=read_faults(faults), seed=seed) as url:
        return [ask(url, utility, term="rash", id="90000001").status for utility in utilities]


def test_faults_follow_from_the_seed_and_the_number_of_the_request(mirror: Mirror) -> None:
    asked = ["einfo"] * 30
    first = statuses(mirror, 1, asked)
    assert len(set(first)) == 4
    assert statuses(mirror, 1, asked) == first
    assert statuses(mirror, 1, ["esearch", "efetch"] * 15) == first
    assert statuses(mirror, 2, asked) != first
    assert [s == 500 for s in statuses(mirror, 1, asked, "F17:0.3")] == [s == 500 for s in first]


@pytest.mark.parametrize("text", ["F99", "F29", "F09:2", "F09:x", "F09:-1", "x", "F09:nan"])
def test_faults_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="expected"):
        read_faults(text)


def test_faults_are_read() -> None:
    assert read_faults(" f09:0.2, F21 ,F20:.5,") == (
        Fault(code="F09", chance=0.2),
        Fault(code="F21", chance=1),
        Fault(code="F20", chance=0.5),
    )


# --- Bio.Entrez -------------------------------------------------------------------------------------------------------

FULL = Article(
    pmid="90000007",
    title="An invented rash & <more>",
    vernacular_title="Ein Ausschlag",
    abstract=(Section(label="AIM", text="None."),),
    other_abstracts=(Section(text="Rien.", kind="Publisher", language="fre"),),
    authors=(
        Person(last="Doe", fore="Ann", initials="A", identifiers=("0000-0000-0000-0001",), affiliations=("Nowhere",)),
        Person(collective="Invented Group"),
    ),
    investigators=(Person(last="Moe", fore="Eve", initials="E"),),
    journal="Journal of invention",
    journal_abbreviation="J Invent",
    issns=("1111-2222", "3333-4444"),
    published="1998 Dec-1999 Jan",
    published_electronically="1998-11-01",
    pages="1-2",
    languages=("ger",),
    publication_types=("Case Reports",),
    headings=(Heading(name="Exanthema", is_major=True, qualifiers=(("etiology", True),)),),
    keywords=("rash",),
    substances=("Inventolin",),
    registry_numbers=("0",),
    supplementary_concepts=("Rash, Invented",),
    grants=("G1",),
    databanks=("ClinicalTrials.gov/NCT00000000",),
    doi="10.1234/7",
    subsets=("IM",),
    conflict_of_interest="None.",
    dates={"CRDT": "1998-11-01", "DCOM": "1999-01-01", "LR": "2000-01-01"},
)


@pytest.fixture
def entrez(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Bio.Entrez as it is, its requests sent to a mirror."""
    stored = [
        Stored(article=article)
        for article in (FULL, BOOK, *(Article(pmid=str(n), title="A rash") for n in range(1, 300)))
    ]
    with serve(Mirror(stored, today=TODAY)) as url:

        def rerouted(request: Any) -> Any:
            assert request.full_url.startswith("https://eutils.ncbi.nlm.nih.gov/entrez/eutils/")
            request.full_url = url + request.full_url.rpartition("/")[2]
            return urllib.request.urlopen(request, timeout=20)

        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setattr(Entrez, "urlopen", rerouted)
        monkeypatch.setattr(Entrez, "email", "someone@example.org")
        monkeypatch.setattr(Entrez, "max_tries", 1)
        yield Entrez


def read(handle: Any) -> Any:
    try:
        return Entrez.read(handle)
    finally:
        handle.close()


def test_bio_entrez_searches_and_fetches_from_the_history(entrez: Any) -> None:
    result = read(entrez.esearch(db="pubmed", term="invented[ti] AND rash[ti]", usehistory="y"))
    assert (result["Count"], list(result["IdList"])) == ("2", ["90000007", "90000003"])
    handle = entrez.efetch(db="pubmed", query_key=result["QueryKey"], WebEnv=result["WebEnv"], retmode="xml")
    records = read(handle)
    (article,), (book,) = records["PubmedArticle"], records["PubmedBookArticle"]
    citation = article["MedlineCitation"]
    assert citation["Article"]["ArticleTitle"] == "An invented rash & <more>"
    assert citation["Article"]["AuthorList"][0]["AffiliationInfo"][0]["Affiliation"] == "Nowhere"
    assert citation["MeshHeadingList"][0]["QualifierName"][0].attributes["MajorTopicYN"] == "Y"
    assert citation["Article"]["Journal"]["JournalIssue"]["PubDate"] == {"MedlineDate": "1998 Dec-1999 Jan"}
    assert book["BookDocument"]["Book"]["BookTitle"] == "A handbook of the invented rash"


def test_bio_entrez_fetches_medline(entrez: Any) -> None:
    handle = entrez.efetch(db="pubmed", id="90000007", rettype="medline", retmode="text")
    (record,) = Medline.parse(handle)
    handle.close()
    assert (record["PMID"], record["AU"], record["CN"]) == ("90000007", ["Doe A"], ["Invented Group"])
    assert record["MH"] == ["Exanthema/*etiology"]


def test_bio_entrez_posts_and_summarizes(entrez: Any) -> None:
    posted = read(entrez.epost("pubmed", id=",".join(str(number) for number in range(1, 300))))
    again = read(entrez.esearch(db="pubmed", term="#1 AND rash[ti]", WebEnv=posted["WebEnv"]))
    assert again["Count"] == "299"
    summary = read(entrez.esummary(db="pubmed", id="90000007"))
    assert summary[0]["Title"] == "An invented rash & <more>"
    assert summary[0]["AuthorList"] == ["Doe A", "Invented Group"]
    assert summary[0]["ArticleIds"]["doi"] == "10.1234/7"


def test_bio_entrez_reads_the_fields_and_the_diagnostics(entrez: Any) -> None:
    (info,) = read(entrez.einfo(db="pubmed"))["DbInfo"]
    assert (info["Count"], len(info["FieldList"])) == ("301", 50)
    assert list(read(entrez.einfo())["DbList"]) == ["pubmed"]
    nothing = read(entrez.esearch(db="pubmed", term='"no such thing"[ti]'))
    assert nothing["Count"] == "0"
    assert nothing["WarningList"]["OutputMessage"] == ["No items found."]
    with pytest.raises(RuntimeError, match="Unable to obtain query #4"):
        read(entrez.esearch(db="pubmed", term="#4", WebEnv="MCID_0"))


# --- EDirect ----------------------------------------------------------------------------------------------------------

HAS_EDIRECT = all(map(shutil.which, ("esearch", "efetch", "esummary", "epost", "einfo", "efilter", "xtract")))
# In CI it must be there; who tests at home may do without.
needs_edirect = pytest.mark.skipif(
    not (HAS_EDIRECT or os.environ.get("CI")), reason="EDirect (Debian's ncbi-entrez-direct) is not installed"
)


def edirect(url: str, command: str) -> str:
    """Runs EDirect commands in which `$TO` is its own option for another address."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("NCBI_")}
    # Whatever a tool may try beside the mirror goes nowhere.
    environment |= {"TO": f"-base {url}", "EMAIL": "someone@example.org", "https_proxy": "http://127.0.0.1:9"}
    done = subprocess.run(
        ["sh", "-c", command], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr
    return done.stdout


@pytest.fixture
def shell(url: str) -> Callable[[str], str]:
    return lambda command: edirect(url, command)


@needs_edirect
def test_edirect_searches_and_fetches(shell: Callable[[str], str]) -> None:
    search = 'esearch $TO -db pubmed -query "rash[ti]"'
    assert shell(f"{search} | efetch $TO -format uid").split() == ["90000001", "90000002", "90000003", "90000005"]
    medline = shell('esearch $TO -db pubmed -query "sailor[ti]" | efetch $TO -format medline')
    assert medline.startswith("\nPMID- 90000001\n")
    titles = shell(
        f"{search} | efetch $TO -format xml | xtract -pattern PubmedArticle -element MedlineCitation/PMID ArticleTitle"
    )
    assert titles.splitlines()[0] == "90000001\tAn invented rash in a sailor."
    assert titles.splitlines()[2].startswith("90000005\tThe")


@needs_edirect
def test_edirect_summarizes_posts_filters_and_asks_for_fields(shell: Callable[[str], str]) -> None:
    summary = shell(
        'esearch $TO -db pubmed -query "sailor" | esummary $TO | xtract -pattern DocumentSummary -element Id Source'
    )
    assert summary == "90000001\tZ Invent\n"
    assert shell("epost $TO -db pubmed -id 90000001,90000004 | efetch $TO -format uid") == "90000001\n90000004\n"
    filtered = (
        'esearch $TO -db pubmed -query "rash[ti]" | efilter $TO -mindate 2019 -maxdate 2021 | efetch $TO -format uid'
    )
    assert shell(filtered) == "90000001\n90000002\n"
    assert "CRDT\tDate - Create" in shell("einfo $TO -db pubmed -fields").splitlines()


@needs_edirect
def test_edirect_counts_and_slices_a_set_that_is_larger_than_the_window(large: Mirror) -> None:
    """As it does to get at such a set, save that its inner calls drop `-base` and would go to NCBI."""
    with serve(large) as url:
        assert edirect(url, 'esearch $TO -db pubmed -count "rash[ti]"') == "10000\n"
        half = edirect(url, 'esearch $TO -db pubmed -uids "( rash[ti] AND 00000001:00005000 [UID])"').split()
        assert (len(half), half[0], half[-1]) == (5000, "1", "5000")


# --- our own client ---------------------------------------------------------------------------------------------------


def test_our_own_reader_reads_what_comes_over_the_wire(url: str) -> None:
    answer = read_search(ask(url, "esearch", term="rash[ti]", **JSON).body)
    assert answer.pmids == ("90000005", "90000003", "90000002", "90000001")


def test_what_was_written_is_loaded_again(tmp_path: Path) -> None:
    (tmp_path / "a.nbib").write_bytes(write_medline(FULL))
    (tmp_path / "a.xml").write_bytes(SET % write_article(FULL))
    stored = load_articles([tmp_path / "a.xml"]).stored["90000007"]
    assert stored.article == FULL
    assert load_articles([tmp_path / "a.nbib"]).stored["90000007"].article.title == FULL.title


# --- the command ------------------------------------------------------------------------------------------------------


def test_the_command_serves_files_and_refresh_finds_them(tmp_path: Path) -> None:
    """`casetable mirror FILE` prints its address; a review's refresh works against it as against PubMed."""
    library = tmp_path / "invented.xml.gz"
    library.write_bytes(gzip.compress(b"".join(records_xml(30, seed=3))))
    root = write_files(
        tmp_path / "review",
        {
            "review.yaml": b"schema: 1\ntitle: t\n",
            "queries/main.yaml": b"schema: 1\nsource: PubMed\npurpose: p\nstrategy: j invent[ta]\n",
            "curated/screening.yaml": b"schema: 1\ndecisions: []\n",
        },
    )
    mirror = subprocess.Popen(
        [sys.executable, "-m", "casetable", "mirror", str(library)],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert mirror.stdout is not None
        url = mirror.stdout.readline().strip()
        assert url.startswith("http://127.0.0.1:")
        ran = casetable("refresh", cwd=root, CASETABLE_EUTILS_URL=url)
        assert ran.code == 0, ran.err
        assert "main: 30 hits at PubMed (first search)" in ran.out
        assert "fetched 30 records" in ran.out
    finally:
        mirror.send_signal(signal.SIGINT)
        _, err = mirror.communicate(timeout=20)
    assert mirror.returncode == 130
    assert "30 records; stop with Ctrl-C" in err
    assert '"POST /entrez/eutils/esearch.fcgi HTTP/1.1" 200' in err


def test_the_command_tells_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("nothing of PubMed")
    assert casetable("mirror", "x.txt", cwd=tmp_path).err.startswith("casetable: no record of PubMed in x.txt\n")
    assert casetable("mirror", "none.xml", cwd=tmp_path).code == 2
    wrong = casetable("mirror", "x.txt", "--fault", "F99:0.2", cwd=tmp_path)
    assert wrong.code == 2
    assert "'F99' is no fault of the catalogue; expected one of F01, F02" in wrong.err
