"""Refreshes against the mirror with one kind of fault: what was asked for, what came, what was told."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from casetable.errors import CasetableError
from casetable.formats.logs import read_records, read_searches
from casetable.mirror import Mirror, read_faults, serve
from casetable.sources.eutils import Identity, PubMed
from casetable.sources.http import ATTEMPTS, Response, Transport, requests_transport
from casetable.workflow.refresh import refresh
from casetable.workspace import Workspace
from casetable.workspace.articles import load_articles
from tests.support.invented import records_xml

NOW = dt.datetime(2026, 1, 20, 8, 0, tzinfo=dt.UTC)
NUMBER = 230

# The rows of the catalogue that pass by, and those of which asking again cannot help.
TRANSIENT = ("F01", "F04", "F05", "F09", "F11", "F14", "F15", "F16", "F17", "F18", "F20", "F21", "F22")
# Rows that look like data: records that are not returned. What does not come is named, and asked for again next time.
SHORT = ("F12", "F13")
PERMANENT = {"F02": "API key invalid", "F03": "'retstart' cannot be larger than 9998", "F10": "ID list is empty"}


@dataclass(frozen=True)
class Run:
    """How a refresh ended: its exit code, whether the records are the right ones, whether those that did not come are
    named, whether the files are unchanged, the most times that one request was sent, and the words."""

    code: int
    is_right: bool
    is_named: bool
    is_unchanged: bool
    attempts: int
    message: str


@contextmanager
def review() -> Iterator[Workspace]:
    """A review with one strategy, before its first search."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "queries").mkdir()
        (root / "curated").mkdir()
        (root / "review.yaml").write_text("schema: 1\ntitle: t\n")
        (root / "curated/screening.yaml").write_text("schema: 1\ndecisions: []\n")
        (root / "queries/main.yaml").write_text(
            "schema: 1\nsource: PubMed\npurpose: p\nstrategy: lung OR fever OR skin OR drug OR cell OR cohort\n"
        )
        yield Workspace(root)


class Counting:
    """A transport that counts how often each request was sent."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.sent: dict[str, int] = {}
        self.total = 0

    def __call__(self, url: str, form: Mapping[str, str]) -> Response:
        key = url + repr(sorted(form.items()))
        self.sent[key] = self.sent.get(key, 0) + 1
        self.total += 1
        return self._transport(url, form)


def library(number: int = NUMBER) -> Mirror:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "invented.xml"
        path.write_bytes(b"".join(records_xml(number)))
        return Mirror(load_articles([path]).stored.values(), today=NOW.date())


def run(mirror: Mirror, code: str, chance: float, seed: int, transport: Transport) -> Run:
    """Refreshes a new review against a mirror with one kind of fault; no time is waited between requests."""
    counting = Counting(transport)
    with review() as workspace, serve(mirror, faults=read_faults(f"{code}:{chance}"), seed=seed) as url:
        before = tree(workspace.root)
        message, exit_code = "", 0
        try:
            refresh(
                workspace,
                (),
                pubmed=lambda: PubMed(
                    transport=counting, clock=lambda: 0.0, sleep=lambda _: None, identity=Identity(), url=url
                ),
                now=NOW,
                progress=lambda *_: None,
            )
        except CasetableError as error:
            exit_code, message = error.exit_code, str(error)
        after = tree(workspace.root)
        records, faults = read_records("r", after.get("queries/records.jsonl", b""))
        searches, more = read_searches("s", after.get("queries/searches.jsonl", b""))
        expected = {f"pmid:{10_000_000 + index}" for index in range(NUMBER)}
        named = {key for search in searches for key in search.not_returned}
        is_named = bool(searches) and set(searches[0].added) | named == expected
        is_right = (
            not faults
            and not more
            and set(records) == expected
            and set(searches[0].added if searches else ()) == expected
        )
    return Run(exit_code, is_right, is_named, after == before, max(counting.sent.values(), default=0), message)


def tree(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and ".casetable" not in path.parts
    }


def quick_transport() -> Transport:
    """Real HTTP with short timeouts: the mirror is near, and silence is one of its faults."""
    import time

    return requests_transport("casetable-tests", time.monotonic, timeouts_seconds=(2.0, 0.4))


__all__ = [
    "ATTEMPTS",
    "NUMBER",
    "PERMANENT",
    "SHORT",
    "TRANSIENT",
    "Run",
    "library",
    "quick_transport",
    "run",
]
