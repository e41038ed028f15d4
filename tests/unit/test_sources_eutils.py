"""PubMed through E-utilities: what is asked, at which pace, and which answers are not accepted."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable, Mapping

import pytest

from casetable.errors import SourceError, SourceRefusedError, UsageError
from casetable.sources.eutils import BATCH, PUBMED_URL, WINDOW, Identity, PubMed, search_parameters
from casetable.sources.http import ATTEMPTS, Response

TODAY = dt.date(2026, 1, 20)
EMAIL = "curator@review.example"


class Service:
    """A PubMed of so many records, each of a day of its own or of the days given; its clock moves by sleep alone."""

    def __init__(
        self, days: Mapping[str, dt.date] | None = None, answer: Callable[[str, dict[str, str]], bytes] | None = None
    ) -> None:
        self.days = dict(days or {})
        self.answer = answer or self.true_answer
        self.now = 0.0
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.times: list[float] = []

    def transport(self, url: str, form: Mapping[str, str]) -> Response:
        self.asked.append((url, dict(form)))
        self.times.append(round(self.now, 6))
        return Response(status=200, headers={}, body=self.answer(url, dict(form)))

    def true_answer(self, url: str, form: dict[str, str]) -> bytes:
        if url.endswith("efetch.fcgi"):
            return fetched(form["id"].split(","))
        found = list(self.days)
        if span := re.search(r"AND ([\d/]+):([\d/]+)\[crdt\]$", form["term"]):
            since, until = (dt.date.fromisoformat(day.replace("/", "-")) for day in span.groups())
            found = [pmid for pmid, day in self.days.items() if since <= day <= until]
        return searched(found[:WINDOW], len(found))

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def pubmed(self, api_key: str = "", email: str = EMAIL, url: str = PUBMED_URL) -> PubMed:
        identity = Identity(email=email, api_key=api_key)
        return PubMed(transport=self.transport, clock=lambda: self.now, sleep=self.sleep, identity=identity, url=url)


def searched(pmids: list[str], count: int | None = None) -> bytes:
    count = len(pmids) if count is None else count
    return json.dumps({"esearchresult": {"count": str(count), "idlist": pmids}}).encode()


def fetched(pmids: list[str]) -> bytes:
    articles = "".join(
        f"<PubmedArticle><MedlineCitation><PMID>{pmid}</PMID><Article><ArticleTitle>T{pmid}</ArticleTitle></Article>"
        "</MedlineCitation></PubmedArticle>"
        for pmid in pmids
    )
    return f"<PubmedArticleSet>{articles}</PubmedArticleSet>".encode()


def nothing(*_: object) -> None:
    """Takes progress, and answers to keep."""


# --- searching --------------------------------------------------------------------------------------------------------


def test_a_search_asks_as_ncbi_wants_to_be_asked() -> None:
    service = Service({"12": TODAY, "11": TODAY})
    answer = service.pubmed().search(search_parameters("rash AND x", since="2015", until="2024-05-31"), TODAY, nothing)
    assert answer.pmids == ("12", "11")
    assert service.asked == [
        (
            "https://eutils.ncbi.nlm.nih.gov/entrez/eutils/esearch.fcgi",
            {
                "db": "pubmed",
                "term": "rash AND x",
                "retmode": "json",
                "retmax": "9999",
                "retstart": "0",
                "datetype": "pdat",
                "mindate": "2015",
                "maxdate": "2024/05/31",
                "tool": "casetable",
                "email": EMAIL,
            },
        )
    ]


@pytest.mark.parametrize(
    ("since", "until", "dates"),
    [
        ("", "", None),
        ("2015-03", "", ("2015/03", "3000")),
        ("", "2020", ("1700", "2020")),
        ("2015", "2016", ("2015", "2016")),
    ],
)
def test_a_limit_by_date_has_both_ends_or_none(since: str, until: str, dates: tuple[str, str] | None) -> None:
    parameters = search_parameters("x", since=since, until=until)
    if dates is None:
        assert not {"datetype", "mindate", "maxdate"} & set(parameters)
    else:
        assert (parameters["datetype"], parameters["mindate"], parameters["maxdate"]) == ("pdat", *dates)


@pytest.mark.parametrize(("key", "email"), [("", ""), (" ", " "), ("K1", EMAIL), (" K1 ", f" {EMAIL} ")])
def test_an_empty_key_and_address_are_not_sent(key: str, email: str) -> None:
    service = Service({"11": TODAY})
    service.pubmed(api_key=key, email=email).search(search_parameters("x"), TODAY, nothing)
    (_, form), = service.asked  # fmt: skip
    assert form.get("api_key") == (key.strip() or None)
    assert form.get("email") == (email.strip() or None)
    assert form["tool"] == "casetable"


@pytest.mark.parametrize(("key", "gap"), [("", 0.4), ("  ", 0.4), ("K1", 0.1)])
def test_requests_are_paced_with_and_without_a_key(key: str, gap: float) -> None:
    service = Service({"11": TODAY})
    pubmed = service.pubmed(api_key=key)
    for _ in range(3):
        pubmed.search(search_parameters("x"), TODAY, nothing)
    assert service.times == [0.0, gap, round(2 * gap, 6)]


@pytest.mark.parametrize(
    ("pmids", "count", "reason"),
    [(["11"], 2, "1 ids for a count of 2"), (["11", "11"], 2, "1 ids for a count of 2"), (["11", "12"], 1, "2 ids for a count of 1"), ([], 3, "0 ids for a count of 3")],
)  # fmt: skip
def test_a_list_that_does_not_hold_its_count_is_asked_for_again_and_not_accepted(
    pmids: list[str], count: int, reason: str
) -> None:
    service = Service(answer=lambda url, form: searched(pmids, count))
    with pytest.raises(SourceError) as told:
        service.pubmed().search(search_parameters("x"), TODAY, nothing)
    assert str(told.value) == f"PubMed could not be reached ({reason})"
    assert len(service.asked) == ATTEMPTS


def test_a_wrong_key_is_asked_once_and_not_shown() -> None:
    service = Service(answer=lambda url, form: b'{"error":"API key invalid: S3CRET","api-key":"S3CRET"}')
    with pytest.raises(SourceRefusedError) as told:
        service.pubmed(api_key="S3CRET").search(search_parameters("x"), TODAY, nothing)
    assert str(told.value) == "PubMed refused the request: API key invalid: …"
    assert len(service.asked) == 1


# --- more than the window ---------------------------------------------------------------------------------------------


def many(count: int, first: dt.date, days: int) -> dict[str, dt.date]:
    """Records that are spread over some days."""
    return {str(n + 1): first + dt.timedelta(days=n * days // count) for n in range(count)}


@pytest.mark.parametrize(
    ("days", "count"),
    [
        (many(WINDOW, dt.date(2020, 1, 1), 300), WINDOW),
        (many(WINDOW + 1, dt.date(2020, 1, 1), 300), WINDOW + 1),
        (many(25_000, dt.date(1960, 1, 1), 24_000), 25_000),
        (many(25_000, dt.date(2026, 1, 19), 3), 25_000),  # nearly all of them of the last days, one in the future
        (many(30_000, dt.date(1950, 1, 1), 30_000), 30_000),  # some older than the first day, some of the future
    ],
    ids=["the window", "one more", "spread", "recent", "open ends"],
)
def test_every_record_is_found_however_many_there_are(days: dict[str, dt.date], count: int) -> None:
    service = Service(days)
    told: list[tuple[int, int]] = []
    answer = service.pubmed().search(search_parameters("a OR b"), TODAY, lambda *now: told.append(now))
    assert answer.count == count
    assert sorted(answer.pmids, key=int) == sorted(days, key=int)
    slices = [form["term"] for _, form in service.asked[1:]]
    assert all(re.fullmatch(r"\(a OR b\) AND \d{4}/\d\d/\d\d:\d{4}/\d\d/\d\d\[crdt\]", term) for term in slices)
    assert (told == []) == (count <= WINDOW)
    assert told == sorted(told)
    assert len(service.asked) < 120


def test_slices_keep_the_limit_by_date() -> None:
    service = Service(many(WINDOW + 1, dt.date(2020, 1, 1), 300))
    service.pubmed().search(search_parameters("x", since="2015"), TODAY, nothing)
    assert {form["mindate"] for _, form in service.asked} == {"2015"}


def test_more_records_of_one_day_than_the_window_are_refused_with_the_day() -> None:
    service = Service(many(WINDOW + 1, dt.date(2020, 5, 4), 1))
    with pytest.raises(SourceRefusedError) as told:
        service.pubmed().search(search_parameters("x"), TODAY, nothing)
    assert str(told.value) == (
        "PubMed created 10,000 of these records on 2020-05-04 and gives out 9,999 at most;"
        " nothing was changed: narrow the strategy"
    )


def test_slices_that_never_add_up_are_not_accepted() -> None:
    service = Service(many(WINDOW + 1, dt.date(2020, 1, 1), 300))

    sliced = Service({pmid: day for pmid, day in service.days.items() if pmid != "77"})

    def without_one(url: str, form: dict[str, str]) -> bytes:
        return (sliced if "[crdt]" in form["term"] else service).true_answer(url, form)

    service.answer = without_one
    with pytest.raises(SourceError) as told:
        service.pubmed().search(search_parameters("x"), TODAY, nothing)
    assert str(told.value) == ("PubMed counts 10,000 records and gave out 9,999, 3 times over")


# --- fetching ---------------------------------------------------------------------------------------------------------


def test_records_are_fetched_in_batches_in_the_order_asked_for() -> None:
    service = Service()
    pmids = [str(n) for n in range(450, 0, -1)]
    kept: list[tuple[int, int]] = []
    done: list[int] = []
    records = service.pubmed(api_key="K1").fetch(
        [*pmids, "450", "0", "x", ""], lambda body, asked: kept.append((len(body), len(asked))), done.append
    )
    assert [record.pmid for record in records] == pmids
    assert [url for url, _ in service.asked] == [PUBMED_URL + "efetch.fcgi"] * 3
    assert service.asked[0][1] == {
        "db": "pubmed",
        "retmode": "xml",
        "id": ",".join(pmids[:BATCH]),
        "tool": "casetable",
        "email": EMAIL,
        "api_key": "K1",
    }
    assert [len(form["id"].split(",")) for _, form in service.asked] == [200, 200, 50]
    assert [size for _, size in kept] == [200, 200, 50]
    assert done == [200, 400, 450]
    assert service.times == [0.0, 0.1, 0.2]


def test_what_was_not_asked_for_and_what_is_not_known_is_left_out() -> None:
    service = Service(answer=lambda url, form: fetched(["12", "99"]))
    records = service.pubmed().fetch(["11", "12"], nothing, nothing)
    assert [record.title for record in records] == ["T12"]


def test_nothing_to_fetch_asks_nothing() -> None:
    service = Service()
    assert service.pubmed().fetch([], nothing, nothing) == ()
    assert service.asked == []


def test_the_changed_are_asked_for_in_batches() -> None:
    service = Service(answer=lambda url, form: searched(["7", "999"]))
    found = service.pubmed().changed([str(n) for n in range(1, 251)], dt.date(2026, 1, 5), nothing)
    assert found == ("7",)
    first, second = (form["term"] for _, form in service.asked)
    assert first.startswith("(1[uid] OR 2[uid] OR ")
    assert first.endswith("200[uid]) AND 2026/01/05:3000/12/31[mdat]")
    assert second.startswith("(201[uid] OR ")


# --- the address ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000/entrez/eutils", "http://127.0.0.1:8000/entrez/eutils/"])
def test_another_address_is_asked(url: str) -> None:
    service = Service({"11": TODAY})
    service.pubmed(url=url).search(search_parameters("x"), TODAY, nothing)
    assert [asked for asked, _ in service.asked] == ["http://127.0.0.1:8000/entrez/eutils/esearch.fcgi"]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "eutils",
        "localhost:8000",
        "ftp://a.example/",
        "file:///etc/passwd",
        "http://",
        "//a.example/",
        "http://[::1",
        "http://é.example/",
    ],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(UsageError) as told:
        Service().pubmed(url=url)
    assert str(told.value) == "CASETABLE_EUTILS_URL is not a web address; expected http://… or https://…"


def test_a_server_in_pubmeds_place_is_named_without_what_may_be_secret() -> None:
    def server(url: str) -> str:
        return PubMed(
            transport=lambda *_: None,  # type: ignore[arg-type, return-value]
            clock=lambda: 0.0,
            sleep=lambda _: None,
            identity=Identity(),
            url=url,
        ).server

    assert server(PUBMED_URL) == ""
    assert server("http://user:s3cr3t@127.0.0.1:8000/eutils") == "http://127.0.0.1:8000/eutils/"
    with pytest.raises(
        UsageError, match=r"^CASETABLE_EUTILS_URL is not a web address; expected http://… or https://…$"
    ):
        server("http://127.0.0.1:8000/eutils?api_key=s3cr3t")
