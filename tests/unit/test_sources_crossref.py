"""Asking Crossref: what is sent, how often, and what its answers come to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from casetable.errors import SourceError, SourceRefusedError, UsageError
from casetable.sources.crossref import BATCH, GAP_SECONDS, POLITE_GAP_SECONDS, Crossref
from casetable.sources.http import NotReachedError, Response

URL = "https://crossref.example/"
COMMA = "10.1234/a,b"


class World:
    """A Crossref that knows some works, and a clock that only sleep moves."""

    def __init__(self, *works: Mapping[str, object]) -> None:
        self.works = {str(work["DOI"]): work for work in works}
        self.headers: dict[str, str] = {}
        self.faults: list[Response | Exception] = []
        self.asked: list[str] = []
        self.times: list[float] = []
        self.now = 0.0
        self.total: int | None = None

    def transport(self, url: str, form: Mapping[str, str] | None) -> Response:
        assert form is None, "Crossref is asked by GET"
        self.asked.append(url)
        self.times.append(round(self.now, 6))
        if self.faults:
            fault = self.faults.pop(0)
            if isinstance(fault, Exception):
                raise fault
            return fault
        parts = urlsplit(url)
        if parts.path.startswith("/works/"):
            work = self.works.get(unquote(parts.path.removeprefix("/works/")))
            if work is None:
                return Response(status=404, headers={}, body=b"Resource not found.")
            return Response(status=200, headers={}, body=json.dumps({"status": "ok", "message": work}).encode())
        wanted = [each.split(":", 1) for each in parse_qs(parts.query)["filter"][0].split(",")]
        items = [
            work
            for doi, work in self.works.items()
            for name, value in wanted
            if (name == "doi" and doi == value) or (name == "updates" and value in str(work.get("update-to")))
        ]
        total = len(items) if self.total is None else self.total
        body = json.dumps({"status": "ok", "message": {"total-results": total, "items": items}}).encode()
        return Response(status=200, headers=self.headers, body=body)

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def crossref(self, **values: str) -> Crossref:
        return Crossref(
            transport=self.transport, clock=lambda: self.now, sleep=self.sleep, **{"url": URL, **values}  # type: ignore[arg-type]
        )  # fmt: skip


def retracted(doi: str, notice: str) -> dict[str, object]:
    return {"DOI": doi, "updated-by": [{"DOI": notice, "type": "retraction"}]}


def quiet(*_: int) -> None:
    """Tells nobody."""


def test_both_sides_are_asked_for_in_one_request_each() -> None:
    world = World(retracted("10.1234/a", "10.1234/n"), {"DOI": "10.1234/b"})
    told: list[tuple[int, int]] = []
    notices, unknown = world.crossref().notices(
        ["10.1234/B", "https://doi.org/10.1234/a", "10.1234/c"], lambda done, of: told.append((done, of))
    )
    assert world.asked == [
        "https://crossref.example/works?filter=doi:10.1234/a,doi:10.1234/b,doi:10.1234/c&select=DOI,updated-by,update-to&rows=1000",
        "https://crossref.example/works?filter=updates:10.1234/a,updates:10.1234/b,updates:10.1234/c"
        "&select=DOI,updated-by,update-to&rows=1000",
    ]
    assert [(notice.report, notice.key) for notice in notices] == [("doi:10.1234/a", "doi:10.1234/n")]
    assert unknown == {"10.1234/c"}
    assert told == [(3, 3)]


def test_a_redirected_work_is_found_by_its_notice_and_is_not_unknown() -> None:
    world = World({"DOI": "10.1234/n", "update-to": [{"DOI": "10.1234/a", "type": "retraction"}]})
    notices, unknown = world.crossref().notices(["10.1234/a"], quiet)
    assert [notice.key for notice in notices] == ["doi:10.1234/n"]
    assert unknown == frozenset()


def test_many_dois_are_asked_for_in_batches() -> None:
    world = World()
    _, unknown = world.crossref().notices([f"10.1234/{number}" for number in range(BATCH + 1)], quiet)
    assert [unquote(url).count("10.1234/") for url in world.asked] == [BATCH, BATCH, 1, 1]
    assert len(unknown) == BATCH + 1


def test_a_batch_with_more_notices_than_a_list_holds_is_asked_for_in_halves() -> None:
    world = World()
    world.total = 1001
    world.crossref().notices(["10.1234/a", "10.1234/b"], quiet)
    asked = [parse_qs(urlsplit(url).query)["filter"][0] for url in world.asked]
    assert asked == [f"{name}:10.1234/a,{name}:10.1234/b".replace("X", name) if both else f"{name}:10.1234/{one}"
                     for name in ("doi", "updates") for both, one in ((True, ""), (False, "a"), (False, "b"))]  # fmt: skip


@pytest.mark.parametrize("doi", [COMMA, "10.1234/é", "10.1234/a&rows=0#x?y%"])
def test_a_doi_that_no_filter_can_hold_is_asked_for_by_name(doi: str) -> None:
    world = World(retracted(doi, "10.1234/n"))
    notices, unknown = world.crossref().notices([doi], quiet)
    (url,) = world.asked
    parts = urlsplit(url)
    assert (unquote(parts.path), parts.query, parts.fragment) == (f"/works/{doi}", "", "")
    assert "/" not in parts.path.removeprefix("/works/")
    assert [notice.key for notice in notices] == ["doi:10.1234/n"]
    assert unknown == frozenset()


def test_a_doi_of_another_agency_is_unknown_and_no_fault() -> None:
    world = World()
    assert world.crossref().notices([COMMA], quiet) == ((), {COMMA})
    assert len(world.asked) == 1


@pytest.mark.parametrize(("email", "gap"), [("", GAP_SECONDS), ("a@curator.example", POLITE_GAP_SECONDS)])
def test_who_gives_an_address_may_ask_more_often(email: str, gap: float) -> None:
    world = World()
    world.crossref(email=email).notices(["10.1234/a"], quiet)
    assert world.times == [0.0, gap]
    assert [parse_qs(urlsplit(url).query).get("mailto", [""])[0] for url in world.asked] == [email, email]


def test_the_pace_that_crossref_tells_is_kept() -> None:
    world = World()
    world.headers = {"x-rate-limit-limit": "2", "x-rate-limit-interval": "7s"}
    world.crossref().notices([f"10.1234/{number}" for number in range(BATCH + 1)], quiet)
    assert world.times[2:] == pytest.approx([world.times[1] + 3.5, world.times[1] + 7.0])


@pytest.mark.parametrize(
    "headers", [{"x-rate-limit-limit": "0", "x-rate-limit-interval": "1s"}, {"x-rate-limit-limit": "50", "x-rate-limit-interval": "x"}]
)  # fmt: skip
def test_a_pace_that_makes_no_sense_changes_nothing(headers: dict[str, str]) -> None:
    world = World()
    world.headers = headers
    world.crossref().notices(["10.1234/a"], quiet)
    assert world.times == [0.0, GAP_SECONDS]


def test_a_passing_fault_is_asked_again_as_crossref_wants() -> None:
    world = World(retracted("10.1234/a", "10.1234/n"))
    world.faults = [
        Response(status=429, headers={"retry-after": "9"}, body=b"slow down"),
        Response(status=503, headers={}, body=b"<html>"),
    ]
    notices, _ = world.crossref().notices(["10.1234/a"], quiet)
    assert len(notices) == 1
    assert world.times[1] >= 9.0
    assert len(world.asked) == 4


def test_what_cannot_be_answered_raises() -> None:
    world = World()
    world.faults = [NotReachedError("the connection was refused", is_closed=True)]
    with pytest.raises(SourceError, match="Crossref could not be reached \\(the connection was refused\\)"):
        world.crossref().notices(["10.1234/a"], quiet)
    assert len(world.asked) == 1, "where nobody listens, waiting does not help"
    world.faults = [
        Response(status=400, headers={}, body=b'{"status": "failed", "message": [{"message": "no such filter"}]}')
    ]
    with pytest.raises(SourceRefusedError, match="an error: no such filter"):
        world.crossref().notices(["10.1234/a"], quiet)
    world.faults = [Response(status=302, headers={"location": "https://elsewhere.example"}, body=b"")]
    with pytest.raises(SourceRefusedError, match="HTTP 302"):
        world.crossref().notices(["10.1234/a"], quiet)


def test_the_address_is_in_no_message() -> None:
    world = World()
    body = b'{"status": "failed", "message": [{"message": "no mailto a@curator.example"}]}'
    world.faults = [Response(status=400, headers={}, body=body)]
    with pytest.raises(SourceRefusedError) as caught:
        world.crossref(email="a@curator.example").notices(["10.1234/a"], quiet)
    assert "curator" not in str(caught.value)


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"url": "ftp://crossref.example/"}, "CASETABLE_CROSSREF_URL is not a web address"),
        ({"url": "https://crossref.example/?a=b"}, "CASETABLE_CROSSREF_URL is not a web address"),
        ({"url": "http://["}, "CASETABLE_CROSSREF_URL is not a web address"),
        ({"email": "a\r\nb"}, "CASETABLE_EMAIL holds characters that cannot be sent"),
        ({"email": "ä@curator.example"}, "CASETABLE_EMAIL holds characters that cannot be sent"),
    ],
)
def test_what_cannot_be_sent_is_told_before_anything_is(values: dict[str, str], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        World().crossref(**values)


def test_no_doi_needs_no_request() -> None:
    world = World()
    assert world.crossref().notices([], quiet) == ((), frozenset())
    assert world.asked == []
