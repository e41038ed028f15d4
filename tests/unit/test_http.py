"""Asking a web service: paced, repeated where that can help, and never with the secret in a message."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from casetable.errors import SourceError, SourceRefusedError
from casetable.formats.eutils import UnreadableAnswerError
from casetable.sources.http import ATTEMPTS, ATTEMPTS_UNREACHABLE, Client, NotReachedError, Response

URL = "https://service.example/ask"
FORM = {"term": "x", "api_key": "S3CRET"}


class World:
    """A service that answers from a list, and a clock that only sleep and the service move."""

    def __init__(self, *answers: Response | Exception, took: float = 0.0) -> None:
        self.answers = list(answers)
        self.took = took
        self.now = 1000.0
        self.asked: list[tuple[float, str, dict[str, str]]] = []
        self.slept: list[float] = []

    def transport(self, url: str, form: Mapping[str, str]) -> Response:
        self.asked.append((self.now, url, dict(form)))
        self.now += self.took
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.slept.append(seconds)
        self.now += seconds

    def client(self, gap_seconds: float = 0.4, **values: object) -> Client:
        return Client(
            name="PubMed",
            transport=self.transport,
            clock=self.clock,
            sleep=self.sleep,
            gap_seconds=gap_seconds,
            secrets=("", "S3CRET"),
            **values,  # type: ignore[arg-type]
        )

    @property
    def times(self) -> list[float]:
        return [round(at - 1000.0, 6) for at, _, _ in self.asked]


def answer(body: bytes = b"fine", status: int = 200, **headers: str) -> Response:
    return Response(status=status, headers={k.replace("_", "-"): v for k, v in headers.items()}, body=body)


def read(data: bytes) -> str:
    """A reader as those of the formats: it takes an answer for one, or says whether asking again can help."""
    if data.startswith(b"fine"):
        return data.decode()
    text = data.decode()
    raise UnreadableAnswerError(text, is_transient="again" in text)


# --- one answer -------------------------------------------------------------------------------------------------------


def test_an_answer_is_read_and_the_form_sent() -> None:
    world = World(answer(b"fine: 1"))
    assert world.client().ask(URL, FORM, read) == "fine: 1"
    assert world.asked == [(1000.0, URL, FORM)]
    assert world.slept == []


@pytest.mark.parametrize(("took", "times"), [(0.0, [0.0, 0.4, 0.8]), (0.1, [0.0, 0.4, 0.8]), (2.0, [0.0, 2.0, 4.0])])
def test_a_gap_lies_between_the_starts_of_requests(took: float, times: list[float]) -> None:
    world = World(answer(), answer(), answer(), took=took)
    client = world.client()
    for _ in range(3):
        client.ask(URL, FORM, read)
    assert world.times == times


def test_a_gap_lies_before_a_repeated_request_too() -> None:
    world = World(answer(b"again"), answer(), answer())
    client = world.client(gap_seconds=5.0)
    client.ask(URL, FORM, read)
    client.ask(URL, FORM, read)
    assert world.times == [0.0, 5.0, 10.0]


def test_a_pace_that_is_shared_says_how_long_to_wait() -> None:
    world = World(answer(), answer())
    turns = iter([0.0, 3.5])
    gaps: list[float] = []

    def pace(gap_seconds: float) -> float:
        gaps.append(gap_seconds)
        return next(turns)

    client = world.client(pace=pace)
    client.ask(URL, FORM, read)
    client.ask(URL, FORM, read)
    assert (gaps, world.slept) == ([0.4, 0.4], [3.5])


# --- again ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        answer(b"again", 200),
        answer(b"", 429),
        answer(b"fine", 429),
        answer(b"fine", 503),
        answer(b"<html>down</html>", 500),
        answer(b"no good", 502),
        answer(b'{"error": "again"}', 400),
        answer(b"<eFetchResult><ERROR>again</ERROR></eFetchResult>", 400),
        NotReachedError("the connection was reset"),
        NotReachedError("the connection was refused", is_closed=True),
    ],
    ids=lambda fault: str(fault)[:60],
)
def test_what_may_pass_is_asked_again(fault: Response | Exception) -> None:
    world = World(fault, answer(b"fine again"))
    assert world.client().ask(URL, FORM, read) == "fine again"
    assert len(world.asked) == 2
    assert world.times == [0.0, 1.0]


def test_waits_grow_from_one_attempt_to_the_next() -> None:
    world = World(*[answer(b"again")] * ATTEMPTS)
    with pytest.raises(SourceError):
        world.client().ask(URL, FORM, read)
    assert world.slept == [1.0, 2.0, 4.0, 8.0]


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry_after": "7"}, 7.0),
        ({"retry_after": " 30 "}, 30.0),
        ({"retry_after": "0"}, 1.0),
        ({"retry_after": "9999"}, 60.0),
        ({"retry_after": "Sun, 22 Nov 2026 08:00:20 GMT", "date": "Sun, 22 Nov 2026 08:00:00 GMT"}, 20.0),
        ({"retry_after": "Sun, 22 Nov 2026 09:00:00 GMT", "date": "Sun, 22 Nov 2026 08:00:00 GMT"}, 60.0),
        ({"retry_after": "Sun, 22 Nov 2026 07:00:00 GMT", "date": "Sun, 22 Nov 2026 08:00:00 GMT"}, 1.0),
        ({"retry_after": "Sun, 22 Nov 2026 08:00:20 GMT"}, 1.0),
        ({"retry_after": "Sun, 22 Nov 2026 08:00:20 -0000", "date": "Sun, 22 Nov 2026 08:00:00 GMT"}, 1.0),
        ({"retry_after": "soon"}, 1.0),
        ({"retry_after": "-5"}, 1.0),
        ({}, 1.0),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_heeded(headers: dict[str, str], wait: float, status: int) -> None:
    world = World(answer(b"busy", status, **headers), answer())
    world.client().ask(URL, FORM, read)
    assert world.slept == [wait]


# --- no more ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (answer(b"the term is faulty"), "PubMed refused the request: the term is faulty"),
        (answer(b"the term is faulty", 400), "PubMed refused the request: the term is faulty"),
        (answer(b"<html>again</html>", 404), "PubMed refused the request: HTTP 404"),
        (answer(b"again", 302), "PubMed refused the request: HTTP 302"),
        (answer(b"fine", 403), "PubMed refused the request: HTTP 403"),
        (answer(b"the api_key S3CRET is wrong: S3CRET"), "PubMed refused the request: the api_key … is wrong: …"),
        (answer(b"no " + b"x" * 1000), "PubMed refused the request: no " + "x" * 297),
    ],
    ids=lambda value: str(value)[:50],
)
def test_what_cannot_pass_is_asked_once(fault: Response, message: str) -> None:
    world = World(fault)
    with pytest.raises(SourceRefusedError) as refused:
        world.client().ask(URL, FORM, read)
    assert str(refused.value) == message
    assert refused.value.exit_code == 2
    assert len(world.asked) == 1
    assert world.slept == []


@pytest.mark.parametrize(
    ("fault", "reason", "attempts"),
    [
        (answer(b"again, S3CRET"), "again, …", ATTEMPTS),
        (answer(b"", 503), "HTTP 503", ATTEMPTS),
        (answer(b"again", 429), "HTTP 429", ATTEMPTS),
        (NotReachedError("no answer in time"), "no answer in time", ATTEMPTS),
        (
            NotReachedError("the connection was refused", is_closed=True),
            "the connection was refused",
            ATTEMPTS_UNREACHABLE,
        ),
    ],
    ids=lambda value: str(value)[:50],
)
def test_after_the_last_attempt_the_reason_is_told(fault: Response | Exception, reason: str, attempts: int) -> None:
    world = World(*[fault] * ATTEMPTS)
    with pytest.raises(SourceError) as told:
        world.client().ask(URL, FORM, read)
    assert str(told.value) == f"PubMed could not be reached ({reason})"
    assert told.value.exit_code == 4
    assert len(world.asked) == attempts
    assert len(world.slept) == attempts - 1  # none after the last one


def test_a_fault_of_ours_is_not_asked_again() -> None:
    world = World(answer())

    def faulty(data: bytes) -> str:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        world.client().ask(URL, FORM, faulty)
    assert len(world.asked) == 1
