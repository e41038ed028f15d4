"""A loopback server that answers as Crossref's REST API does, about invented works and the notices that update them."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote


@dataclass
class Asked:
    """A request as it arrived."""

    path: str
    query: dict[str, str]
    agent: str
    at: float


@dataclass
class Crossref:
    """What the server knows and was asked. `faults` answer the next requests instead: (status, headers, body)."""

    url: str = ""
    works: dict[str, dict[str, Any]] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    faults: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)

    def add(self, doi: str) -> None:
        self.works.setdefault(doi, {"DOI": doi, "title": ["An invented <b>work</b>"]})

    def update(
        self,
        doi: str,
        notice: str,
        kind: str = "retraction",
        *,
        source: str = "publisher",
        day: tuple[int, ...] = (2026, 1, 12),
        sides: tuple[str, ...] = ("updated-by", "update-to"),
    ) -> None:
        """Links a work and a notice, on the sides asked for."""
        self.add(notice)
        told = {"type": kind, "label": kind.title(), "source": source, "updated": {"date-parts": [list(day)]}}
        for name, owner, other in (("updated-by", doi, notice), ("update-to", notice, doi)):
            if name in sides:
                self.works[owner].setdefault(name, []).append({"DOI": other.upper(), **told})

    def answer(self, path: str, query: dict[str, str]) -> tuple[int, bytes]:
        if path.startswith("/works/"):
            work = self.works.get(unquote(path.removeprefix("/works/")).lower())
            if work is None:
                return 404, b"Resource not found."
            return 200, json.dumps({"status": "ok", "message-type": "work", "message": work}).encode()
        wanted = [value.split(":", 1) for value in query["filter"].split(",")]
        names = {name for name, _ in wanted}
        dois = {doi for _, doi in wanted}
        items = [
            work
            for doi, work in sorted(self.works.items())
            if (names == {"doi"} and doi in dois)
            or (names == {"updates"} and dois & {each["DOI"].lower() for each in work.get("update-to", [])})
        ]
        fields = set(query["select"].split(","))
        cut = [{name: told for name, told in work.items() if name in fields} for work in items]
        message = {"total-results": len(cut), "items": cut[: int(query["rows"])]}
        return 200, json.dumps({"status": "ok", "message-type": "work-list", "message": message}).encode()


@contextmanager
def serving_crossref() -> Iterator[Crossref]:
    """Serves on loopback until the block ends."""
    crossref = Crossref()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path, _, encoded = self.path.partition("?")
            query = dict(parse_qsl(encoded, keep_blank_values=True))
            crossref.asked.append(Asked(path, query, self.headers["User-Agent"], time.monotonic()))
            headers = dict(crossref.headers)
            if crossref.faults:
                status, headers, data = crossref.faults.pop(0)
            else:
                status, data = crossref.answer(path, query)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(data)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    crossref.url = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield crossref
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
