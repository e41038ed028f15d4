"""`refresh --texts`: open full texts and abstracts come into the cache, and `verify` holds the cells against them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.conftest import example_files, write_files
from tests.e2e.conftest import casetable, commit_all, git
from tests.e2e.eutils_server import Service

JATS = (
    "<?xml version='1.0'?><article><front><article-meta><title-group><article-title>An invented case</article-title></title-group>"
    "</article-meta></front><body><sec><title>Case presentation</title><p>A 3-year-old girl from China.</p></sec></body></article>"
)


@dataclass
class FullTexts:
    """What a loopback Europe PMC knows by PMCID, and was asked; `status` is what it answers for others."""

    url: str = ""
    known: dict[str, bytes] = field(default_factory=dict)
    status: int = 404
    asked: list[tuple[str, str, str]] = field(default_factory=list)


@contextmanager
def full_texts() -> Iterator[FullTexts]:
    service = FullTexts()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            service.asked.append(("GET", self.path, self.headers["User-Agent"]))
            body = service.known.get(self.path.split("/")[-2], b"")
            self.send_response(200 if body else service.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.url = f"http://127.0.0.1:{server.server_port}/rest"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def review(tmp_path: Path) -> Path:
    files = example_files()
    line = b'"pmid": "11"'
    assert line in files["queries/records.jsonl"]
    files["queries/records.jsonl"] = files["queries/records.jsonl"].replace(line, line + b', "pmcid": "PMC77"')
    # What is read anew from PubMed would have no PMCID: only the list of our own is refreshed.
    folder = write_files(tmp_path / "review", files)
    (folder / ".gitignore").write_text(".casetable/\nbuild/\n")
    commit_all(folder)
    return folder


def test_open_texts_and_abstracts_are_fetched_and_verified_against(review: Path, service: Service) -> None:
    service.add("11", "An invented case")
    with full_texts() as texts:
        texts.known["PMC77"] = JATS.encode()
        urls = {"CASETABLE_EUTILS_URL": service.url, "CASETABLE_EUROPEPMC_URL": texts.url}
        ran = casetable("refresh", "own", "--texts", cwd=review, **urls)
        assert ran.code == 0, ran.err
        assert (
            "texts: 1 full text fetched, 0 in the cache already, 1 abstract fetched; next: casetable verify" in ran.out
        )
        assert [(method, path) for method, path, _ in texts.asked] == [("GET", "/rest/PMC77/fullTextXML")]
        assert texts.asked[0][2].startswith("casetable/")
        assert [(asked.method, asked.form["id"]) for asked in service.asked] == [("POST", "11")]
        again = casetable("refresh", "own", "--texts", "--format", "json", cwd=review, **urls)
        told = json.loads(again.out)["texts"]
        assert (told["full"], told["kept"], told["abstracts"]) == ([], ["pmid:11"], 0)
        assert len(texts.asked) == 1
    assert (review / ".casetable/texts/PMC77.xml").read_bytes() == JATS.encode()
    ran = casetable("verify", cwd=review)
    assert (ran.code, ran.out.splitlines()[0]) == (0, "doe-2020: 3 verified (PMC77.xml; PubMed's abstract of pmid:11)")
    assert git(review, "status", "--porcelain").split() == ["??", "curated/verified.jsonl"]


def test_what_is_not_open_is_told(review: Path, service: Service) -> None:
    with full_texts() as texts:
        urls = {"CASETABLE_EUTILS_URL": service.url, "CASETABLE_EUROPEPMC_URL": texts.url}
        ran = casetable("refresh", "own", "--texts", cwd=review, **urls)
        assert ran.code == 0, ran.err
        assert "  not given out in full by Europe PMC: pmid:11" in ran.out
        texts.known["PMC77"] = b"<html>maintenance</html>"
        assert "not given out in full" in casetable("refresh", "own", "--texts", cwd=review, **urls).out


def test_a_source_that_cannot_be_reached_ends_4(review: Path, service: Service) -> None:
    urls = {"CASETABLE_EUTILS_URL": service.url, "CASETABLE_EUROPEPMC_URL": "http://127.0.0.1:9/"}
    ran = casetable("refresh", "own", "--texts", cwd=review, **urls)
    crossref, told, *more = ran.err.splitlines()
    assert (ran.code, more) == (4, [])
    assert crossref.startswith("Crossref could not be reached (the connection was refused)")
    assert told == (
        "casetable: Europe PMC could not be reached (the connection was refused); all else is done, and the next"
        " 'refresh --texts' fetches what is still missing"
    )
    assert ran.out.startswith("own: ")
    as_json = casetable("refresh", "own", "--texts", "--format", "json", cwd=review, **urls)
    assert (as_json.code, "texts" in json.loads(as_json.out)) == (4, False)


@pytest.mark.parametrize("url", ["nonsense", "ftp://127.0.0.1/", "http://127.0.0.1/?a=b"])
def test_a_wrong_address_is_told(review: Path, service: Service, url: str) -> None:
    urls = {"CASETABLE_EUTILS_URL": service.url, "CASETABLE_EUROPEPMC_URL": url}
    ran = casetable("refresh", "own", "--texts", cwd=review, **urls)
    assert (ran.code, ran.err.splitlines()[-1]) == (
        2,
        "casetable: CASETABLE_EUROPEPMC_URL is not a web address; expected http://… or https://…",
    )
