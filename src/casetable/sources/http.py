"""One way to ask a web service: paced, with timeouts, and repeated where repeating can help.

What may help is told by the body first and the status second: services answer errors as HTTP 200, and passing faults
as HTTP 400.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import Protocol, TypeVar
from urllib.parse import urlsplit

from casetable.errors import SourceError, SourceRefusedError, UsageError
from casetable.formats.eutils import UnreadableAnswerError

ATTEMPTS = 5
# Where there is no way to the service at all, waiting longer does not help.
ATTEMPTS_UNREACHABLE = 3
LONGEST_WAIT_SECONDS = 60.0
MAX_BODY_BYTES = 200_000_000
SHORTEST_SECRET = 8
TIMEOUTS_SECONDS = (10.0, 60.0)
LONGEST_ANSWER_SECONDS = 300.0

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What came over the wire; header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class NotReachedError(Exception):
    """A request got no whole answer: refused, reset, cut short, timed out. The message says which, without the URL.

    `is_closed`: there is no way to the service: its name is not known, or nobody listens there.
    """

    def __init__(self, message: str, *, is_closed: bool = False) -> None:
        super().__init__(message)
        self.is_closed = is_closed


class OverloadedError(SourceError):
    """The service's gateway answered 502 or 503 to every attempt: a smaller request may do."""


class Transport(Protocol):
    """Sends one request, a POST with a form or without one a GET, and returns the whole answer; raises NotReachedError."""

    def __call__(self, url: str, form: Mapping[str, str] | None) -> Response: ...


class Pace(Protocol):
    """Says how many seconds to wait before a request, so that `gap_seconds` lie between any two; it takes the turn."""

    def __call__(self, gap_seconds: float) -> float: ...


def service_url(url: str, variable: str) -> str:
    """Returns a service's address, given in an environment variable, with a slash at its end; raises UsageError."""
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in {"http", "https"} and bool(parts.hostname) and url.isascii()
    except ValueError:
        is_address = False
    if not is_address or parts.query or parts.fragment:
        raise UsageError(f"{variable} is not a web address; expected http://… or https://…")
    return url.rstrip("/") + "/"


class Client:
    """Asks one service. `gap_seconds` lie between two requests of this client, or of all who share its `pace`.

    A service that tells its pace (X-Rate-Limit-Limit, X-Rate-Limit-Interval) is asked no faster. `answers` are statuses
    beside 200 whose body is an answer too.
    """

    def __init__(
        self,
        *,
        name: str,
        transport: Transport,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        gap_seconds: float,
        pace: Pace | None = None,
        secrets: tuple[str, ...] = (),
        answers: frozenset[int] = frozenset(),
        attempts_unreachable: int = ATTEMPTS_UNREACHABLE,
    ) -> None:
        self._name = name
        self._transport = transport
        self._clock = clock
        self._sleep = sleep
        self._gap_seconds = gap_seconds
        self._pace = pace or self._own_pace
        self._secrets = tuple(secret for secret in secrets if secret)
        self._answers = answers
        self._attempts_unreachable = attempts_unreachable
        self._free_at = 0.0

    def ask(self, url: str, form: Mapping[str, str] | None, read: Callable[[bytes], T]) -> T:
        """Returns what `read` makes of the answer to a POST of the form, or without one to a GET.

        Raises SourceRefusedError where the service says that asking again cannot help, and SourceError where it could
        not be reached or gave no usable answer in ATTEMPTS attempts.
        """
        last = ""
        attempts = ATTEMPTS
        statuses = []
        for attempt in range(ATTEMPTS):
            if (wait := self._pace(self._gap_seconds)) > 0:
                self._sleep(wait)
            wait = 0.0
            try:
                response = self._transport(url, form)
            except NotReachedError as error:
                last = str(error)
                attempts = self._attempts_unreachable if error.is_closed else ATTEMPTS
            else:
                response = self._without_secrets(response)
                self._gap_seconds = max(self._gap_seconds, _told_gap_seconds(response))
                statuses.append(response.status)
                try:
                    return self._read(response, read)
                except UnreadableAnswerError as error:
                    last = self._redacted(str(error))
                    if not error.is_transient:
                        raise SourceRefusedError(f"{self._name} refused the request: {last}") from None
                    wait = _retry_after_seconds(response)
            if attempt >= attempts - 1:
                break
            self._sleep(max(wait, min(2.0**attempt, LONGEST_WAIT_SECONDS)))
        kind = OverloadedError if statuses and set(statuses) <= {502, 503} else SourceError
        raise kind(f"{self._name} could not be reached ({last})")

    def _own_pace(self, gap_seconds: float) -> float:
        now = self._clock()
        at = max(now, self._free_at)
        self._free_at = at + gap_seconds
        return at - now

    def _read(self, response: Response, read: Callable[[bytes], T]) -> T:
        status = response.status
        try:
            value = read(response.body)
        except UnreadableAnswerError as error:
            if status == 429 or status >= 500:
                raise UnreadableAnswerError(f"HTTP {status}", is_transient=True) from None
            if status >= 300 and error.is_transient and not response.body.lstrip().startswith((b"<?xml", b"<e", b"{")):
                raise UnreadableAnswerError(f"HTTP {status}", is_transient=False) from None
            raise
        if status >= 300 and status not in self._answers:
            is_transient = status == 429 or status >= 500
            raise UnreadableAnswerError(f"HTTP {status}", is_transient=is_transient)
        return value

    def _without_secrets(self, response: Response) -> Response:
        """What was sent as a secret is taken out of the answer: services echo keys, and answers are kept.

        A short one could stand in an answer by chance; it is taken out of messages only.
        """
        body = response.body
        for secret in self._secrets:
            if len(secret) >= SHORTEST_SECRET:
                body = body.replace(secret.encode(), "…".encode())
        return response if body is response.body else replace(response, body=body)

    def _redacted(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "…")
        return text[:300]


def _told_gap_seconds(response: Response) -> float:
    """Seconds between requests at the pace that a service tells, as Crossref does: so many requests in so many seconds."""
    limit = response.headers.get("x-rate-limit-limit", "").strip()
    interval = response.headers.get("x-rate-limit-interval", "").strip()
    if not re.fullmatch(r"[1-9]\d{0,5}", limit) or not re.fullmatch(r"\d{1,4}s", interval):
        return 0.0
    return min(int(interval[:-1]) / int(limit), LONGEST_WAIT_SECONDS)


def _retry_after_seconds(response: Response) -> float:
    """Seconds that `Retry-After` asks for; a date is measured against the answer's own `Date` (RFC 9110, 10.2.3)."""
    text = response.headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,6}", text):
        return min(float(text), LONGEST_WAIT_SECONDS)
    try:
        wait = parsedate_to_datetime(text) - parsedate_to_datetime(response.headers.get("date", ""))
    except (TypeError, ValueError, OverflowError):
        return 0.0
    return min(max(wait.total_seconds(), 0.0), LONGEST_WAIT_SECONDS)


def requests_transport(
    user_agent: str, clock: Callable[[], float], timeouts_seconds: tuple[float, float] = TIMEOUTS_SECONDS
) -> Transport:
    """Returns a transport over `requests`: timeouts, one connection pool, no redirects, answers bounded in size and time."""
    from http.client import HTTPException

    import requests  # heavy, and most commands never reach out
    from urllib3.exceptions import HTTPError

    session = requests.Session()
    session.headers["User-Agent"] = user_agent

    def send(url: str, form: Mapping[str, str] | None) -> Response:
        until = clock() + LONGEST_ANSWER_SECONDS
        method, data = ("GET", None) if form is None else ("POST", dict(form))
        try:
            with session.request(
                method, url, data=data, timeout=timeouts_seconds, allow_redirects=False, stream=True
            ) as answer:
                body = bytearray()
                for chunk in answer.iter_content(65536):
                    body += chunk
                    if len(body) > MAX_BODY_BYTES:
                        raise NotReachedError(f"an answer of more than {MAX_BODY_BYTES:,} bytes")
                    if clock() > until:
                        raise NotReachedError("no whole answer in time")
                headers = {name.lower(): value for name, value in answer.headers.items()}
                return Response(status=answer.status_code, headers=headers, body=bytes(body))
        except requests.Timeout:
            raise NotReachedError("no answer in time") from None
        except requests.exceptions.ChunkedEncodingError:
            raise NotReachedError("the answer was cut short") from None
        except requests.ConnectionError as error:
            reason, is_closed = _plain_reason(error)
            raise NotReachedError(reason, is_closed=is_closed) from None
        except (requests.RequestException, HTTPError, HTTPException, ValueError, OSError) as error:
            # What the libraries below raise for answers that are no HTTP.
            raise NotReachedError(f"the answer was no HTTP ({type(error).__name__})") from None

    return send


_REASONS = (
    ("Name or service not known", "its name could not be resolved", True),
    ("name resolution", "its name could not be resolved", True),
    ("getaddrinfo", "its name could not be resolved", True),
    ("Connection refused", "the connection was refused", True),
    ("Network is unreachable", "the network is unreachable", True),
    ("certificate", "its certificate could not be verified", True),
    ("proxy", "the proxy refused the connection", True),
    ("Remote end closed", "the connection was closed", False),
    ("Connection reset", "the connection was reset", False),
    ("IncompleteRead", "the answer was cut short", False),
)


def _plain_reason(error: Exception) -> tuple[str, bool]:
    """Returns why a connection failed, in words without an address, and whether there is no way to the service."""
    text = str(error).lower()
    for sign, reason, is_closed in _REASONS:
        if sign.lower() in text:
            return reason, is_closed
    return "the connection failed", False
