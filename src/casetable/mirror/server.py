"""The mirror on a port of this machine."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from urllib.parse import parse_qsl

from casetable.errors import UsageError
from casetable.formats import answers
from casetable.formats.answers import Reply
from casetable.mirror.faults import Asked, Breakage, Fault, Outcome, outcome
from casetable.mirror.handler import Mirror

HOST = "127.0.0.1"
PATH = "/entrez/eutils/"
MAX_BODY_BYTES = 20_000_000
# The real service was seen to answer 414 from about 3.3 kB of address on.
MAX_TARGET_BYTES = 3_300


@dataclass(slots=True)
class _Rate:
    """Counts the requests of each second; every request counts, refused ones too."""

    limit: int
    clock: Callable[[], float]
    since: float = float("-inf")
    number: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self) -> int:
        """Counts a request; returns which one of its second it is."""
        with self.lock:
            now = self.clock()
            if now - self.since >= 1:
                self.since, self.number = now, 0
            self.number += 1
            return self.number


@contextmanager
def serve(
    mirror: Mirror,
    *,
    port: int = 0,
    rate: int | None = None,
    faults: Sequence[Fault] = (),
    seed: int = 0,
    clock: Callable[[], float] = time.monotonic,
    log: Callable[[str], None] | None = None,
) -> Iterator[str]:
    """Serves a mirror on 127.0.0.1 until the block ends; yields the utilities' address, `http://…/entrez/eutils/`.

    Port 0 takes a free one. `rate` is the number of requests a second that are answered; the others get 429. `log`
    is called with a line for each request. Raises UsageError where the port is taken.
    """
    stopped = threading.Event()
    numbers = count(1)
    limiter = _Rate(rate, clock) if rate is not None else None

    class Handler(_Handler):
        def outcome(self, method: str, utility: str, form: dict[str, str]) -> Outcome:
            number = next(numbers)
            headers: dict[str, str] = {}
            if limiter is not None:
                this = limiter.count()
                left = max(limiter.limit - this, 0)
                headers = {"X-RateLimit-Limit": str(limiter.limit), "X-RateLimit-Remaining": str(left)}
                if this > limiter.limit:
                    address = form.get("api_key") or HOST
                    refused = answers.rate_exceeded(address, this, limiter.limit)
                    return Outcome(reply=answers.with_headers(refused, headers))
            asked = Asked(number=number, method=method, utility=utility, form=form)
            found = outcome(asked, mirror, faults, seed)
            return Outcome(reply=answers.with_headers(found.reply, headers), breakage=found.breakage)

        def wait_for_the_end(self) -> None:
            stopped.wait()

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002  # the name in the base class
            if log is not None:
                log(format % arguments)

    try:
        server = _Server((HOST, port), Handler)
    except (OSError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "is no port"
        raise UsageError(f"port {port} cannot be used: {reason}") from None
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_port}{PATH}"
    finally:
        stopped.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "casetable-mirror"
    timeout = 120

    def outcome(self, method: str, utility: str, form: dict[str, str]) -> Outcome:
        raise NotImplementedError

    def wait_for_the_end(self) -> None:
        raise NotImplementedError

    def do_GET(self) -> None:
        self._answer("GET", "")

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()) or int(length) > MAX_BODY_BYTES:
            self.close_connection = True
            self.send_error(411 if not length else 413)
            return
        self._answer("POST", self.rfile.read(int(length)).decode("utf-8", errors="replace"))

    def _answer(self, method: str, body: str) -> None:
        path, _, query = self.path.partition("?")
        folder, _, utility = path.rpartition("/")
        if folder + "/" != PATH or not utility.endswith(".fcgi"):
            self._send(Outcome(reply=answers.not_found(path)))
        elif len(self.path) > MAX_TARGET_BYTES:
            self._send(Outcome(reply=answers.uri_too_long()))
        else:
            self._send(self.outcome(method, utility.removesuffix(".fcgi"), _form(query, body)))

    def _send(self, outcome: Outcome) -> None:
        if outcome.breakage is Breakage.SILENCE:
            self.wait_for_the_end()
            self.close_connection = True
        elif outcome.breakage is Breakage.RESET:
            # Closing with nothing to linger for makes it a reset, and no orderly end.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
        else:
            self._write(outcome.reply, is_cut=outcome.breakage is Breakage.CUT)

    def _write(self, reply: Reply, *, is_cut: bool) -> None:
        self.send_response(reply.status)
        for name, value in {**reply.headers, "Content-Length": str(len(reply.body))}.items():
            self.send_header(name, value)
        if is_cut:
            self.close_connection = True
        self.end_headers()
        self.wfile.write(reply.body[: len(reply.body) * 2 // 3] if is_cut else reply.body)


def _form(*encoded: str) -> dict[str, str]:
    """Returns the parameters of the address and of the body; ids that come one by one are joined, else the first holds."""
    form: dict[str, str] = {}
    for text in encoded:
        for name, value in parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=100_000):
            form[name] = f"{form[name]},{value}" if name == "id" and name in form else form.get(name, value)
    return form
