"""Who may ask, and what a browser may do with the answer: the token, Host and Origin, the Content-Security-Policy.

A page of any other site can send requests to a server on this machine, under its own name (CSRF) or, with a name that it
makes point here, as if it were that server (DNS rebinding). So a request must name this server as it was told to, what
changes something must come from its own pages, and everything needs the session that the token of the first address opens.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from html import escape
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES = 1_000_000
# A session is as long as the server runs; so many browsers are more than one person has.
MAX_SESSIONS = 200
# A body of which nothing more comes for so long is not waited for.
STALLED_SECONDS = 30

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=(), payment=()"),
)
_READING = {"GET", "HEAD"}
# What a browser says of a request that somebody typed, or that a page of ours made; a page of another port is "same-site".
_OWN_SITES = {"none", "same-origin"}


@dataclass(slots=True)
class Session:
    """One browser: who uses it, the records that were looked at and those that were decided on, the last at the end.

    `draft` is a note that was typed to a record and is not written. `said` is what the next page tells: "done" or "fault", and the words.
    """

    by: str
    trail: list[str] = field(default_factory=list)
    taken: list[object] = field(default_factory=list)
    draft: tuple[str, str] = ("", "")
    said: tuple[str, str] | None = None


class Guard:
    """Lets through to `app` only what comes from a browser that opened the first address.

    `hosts` are the names, with port, under which this server is asked for; `by` is whose name a new session takes.
    """

    def __init__(self, app: ASGIApp, *, token: str, hosts: Collection[str], by: str, port: int) -> None:
        self._app = app
        self._token = token
        self._hosts = frozenset(hosts)
        self._origins = frozenset(f"http://{host}" for host in hosts)
        self._by = by
        self._cookie = f"casetable-{port}"
        self._sessions: dict[str, Session] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            return
        headers = Headers(scope=scope)
        asked = headers.getlist("host")
        if len(asked) != 1 or asked[0] not in self._hosts:
            await _refuse(
                send, 421, "This address is not the one that casetable serves", "open the address that it printed"
            )
            return
        if not scope["path"].startswith("/"):  # as a proxy is asked, under a name that is not looked at
            await _refuse(send, 400, "This is no address of a page", "open the address that casetable printed")
            return
        method = scope["method"]
        if method not in _READING and not self._is_own(headers):
            await _refuse(send, 403, "The request does not come from a page of casetable", "nothing was changed")
            return
        if (given := _token_of(scope)) is not None:
            if not secrets.compare_digest(given.encode(), self._token.encode()):
                await _refuse(send, 403, "The token is not that of this casetable", "open the address that it printed")
                return
            await self._open(send)
            return
        if headers.get("sec-fetch-site", "none") not in _OWN_SITES:
            await _refuse(send, 403, "Another site asked for this page", "open the address that casetable printed")
            return
        session = self._session(headers)
        if session is None:
            await _refuse(send, 403, "This browser has not opened casetable yet", "open the address that it printed")
            return
        length = headers.get("content-length", "0")
        if not length.isdecimal() or int(length[:18]) > _most(scope):
            await _refuse(send, 413, "What was sent is too large", "nothing was changed")
            return
        scope["state"] = {**scope.get("state", {}), "session": session}
        await self._app(scope, _limited(receive, _most(scope)), _with_headers(send))

    def _is_own(self, headers: Headers) -> bool:
        """Whether a request that may change something comes from one of our pages, as only a browser's own headers tell."""
        return headers.get("origin") in self._origins and headers.get("sec-fetch-site", "same-origin") == "same-origin"

    def _session(self, headers: Headers) -> Session | None:
        try:
            cookie = SimpleCookie(headers.get("cookie", "")).get(self._cookie)
        except CookieError:
            return None
        return self._sessions.get(cookie.value) if cookie else None

    async def _open(self, send: Send) -> None:
        """Opens a session, and leads on to the first page from one of ours, so that the browser sends the cookie there."""
        name = secrets.token_urlsafe(32)
        while len(self._sessions) >= MAX_SESSIONS:
            self._sessions.pop(next(iter(self._sessions)))
        self._sessions[name] = Session(by=self._by)
        cookie = f"{self._cookie}={name}; Path=/; HttpOnly; SameSite=Strict"
        page = _page(
            "casetable", '<p><a href="/">Open the review</a></p>', more='<meta http-equiv="refresh" content="0;url=/">'
        )
        await _answer(send, 200, page, ((b"set-cookie", cookie.encode()),))


def _token_of(scope: Scope) -> str | None:
    if scope["path"] != "/" or not scope["query_string"]:
        return None
    given = parse_qs(scope["query_string"].decode("latin-1")).get("token")
    return given[0] if given else None


def _most(scope: Scope) -> int:
    return 30 * MAX_BODY_BYTES if scope["path"].endswith("/texts") else MAX_BODY_BYTES


def _limited(receive: Receive, most: int) -> Receive:
    """Ends a request whose body is too large, or does not come, as if the browser had gone."""
    read = 0

    async def limited() -> Message:
        nonlocal read
        try:
            message = await asyncio.wait_for(receive(), STALLED_SECONDS)
        except TimeoutError:
            return {"type": "http.disconnect"}
        read += len(message.get("body", b""))
        return {"type": "http.disconnect"} if read > most else message

    return limited


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            own = {name.lower() for name, _ in message["headers"]}
            kept = [each for each in HEADERS if each[0] not in own]
            if b"cache-control" not in own:
                kept.append((b"cache-control", b"no-store"))
            message = {**message, "headers": [*message["headers"], *kept]}
        await send(message)

    return sending


async def _refuse(send: Send, status: int, what: str, then: str) -> None:
    await _answer(send, status, _page(what, f"<h1>{escape(what)}</h1><p>{escape(then[:1].upper() + then[1:])}.</p>"))


async def _answer(send: Send, status: int, page: bytes, more: Collection[tuple[bytes, bytes]] = ()) -> None:
    headers = [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-length", str(len(page)).encode()),
        (b"cache-control", b"no-store"),
        *HEADERS,
        *more,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": page})


def _page(title: str, body: str, *, more: str = "") -> bytes:
    head = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">{more}<title>{escape(title)}</title></head>'
    )
    return f"{head}<body><main>{body}</main></body></html>".encode()
