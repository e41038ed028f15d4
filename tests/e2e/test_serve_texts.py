"""`serve` on a review in which every text attacks its reader: each page has the elements of a harmless one, and no other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from bs4 import BeautifulSoup

from casetable.web.guard import POLICY
from casetable.workflow.editing import base_of
from tests.conftest import write_files
from tests.support.hostile import ATTACK, HARMLESS, LINK, REPORT, hostile_files
from tests.support.serving import Server, serving

PAGES = [
    "/", "/?severity=error", "/screen", "/screen?stage=reports", "/screen?record=pmid:11", "/screen?record=pmid:12&stage=records",
    "/screen?record=pmid:13", "/screen?record=pmid:15", "/records", "/records?show=excluded", "/conflicts", "/extract",
    f"/extract/{REPORT}", f"/extract/{REPORT}?case=2", f"/extract/{REPORT}?text={REPORT}.html", "/extract/roe-2021", "/duplicates",
    "/duplicates?pair=pmid:15+pmid:16", "/overlaps", "/claims", "/table", "/rules?code=E201",
]  # fmt: skip
HOLDS = {"src", "href", "action", "formaction", "data", "poster", "srcset", "xlink:href", "background", "content"}
NAMED = ("q", "show", "record", "stage", "after", "case", "text", "code", "severity", "name", "pair", "page")
# Where texts may lead: to pages of ours, or to where records are read.
ELSEWHERE = ("https://doi.org/10.1234/", "https://pubmed.ncbi.nlm.nih.gov/")


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Server]]:
    """One on a harmless review, and one on the same review with attacks for texts."""
    folder = tmp_path_factory.mktemp("texts")
    for name, text, link in (("harmless", HARMLESS, ""), ("hostile", ATTACK, LINK)):
        write_files(folder / name, hostile_files(text, link))
    with (
        serving(folder / "harmless", folder / "logs-of-harmless", by=HARMLESS) as one,
        serving(folder / "hostile", folder / "logs-of-hostile", by=ATTACK[:90]) as other,
    ):
        yield one, other


def settled(server: Server, path: str) -> str:
    """A page as it is when what takes its time is computed."""
    for _ in range(100):
        answer = server.get(path)
        assert answer.status_code == 200, path
        assert answer.headers["content-security-policy"] == POLICY
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        if "data-waiting" not in answer.text:
            return answer.text
    pytest.fail(f"{path} is never ready")


def skeleton(page: str) -> list[tuple[str, tuple[str, ...]]]:
    """The elements of a page in their order, each with the names of its attributes."""
    return [(each.name, tuple(sorted(each.attrs))) for each in BeautifulSoup(page, "lxml").find_all()]


def is_harmless(page: str) -> None:
    """Holds that nothing of a page runs, loads or leads elsewhere but what a page of ours may."""
    soup = BeautifulSoup(page, "html.parser")
    for each in soup.find_all():
        assert each.name not in {"iframe", "object", "embed", "base", "svg", "math", "style", "a:href", "applet"}
        if each.name == "script":
            assert str(each.get("src")).startswith("/static/")
            assert not each.get_text().strip()
        if each.name == "img":
            assert each["src"] == "/table/flow.svg"
        for name, value in each.attrs.items():
            assert not name.lower().startswith("on"), each
            assert name not in {"style", "srcdoc"}, each
            if name in HOLDS and each.name not in {"meta"}:
                address = str(value)
                assert address.startswith(("/", "#", *ELSEWHERE)), each
                assert not address.startswith(("//", "/\\")), each
    assert "{{" not in page.replace("{{7*7}}", "")
    assert "Traceback" not in page


@pytest.mark.parametrize("path", PAGES)
def test_a_page_is_built_alike_whatever_its_texts_are(servers: tuple[Server, Server], path: str) -> None:
    harmless, hostile = (settled(server, path) for server in servers)
    assert HARMLESS in harmless
    assert "&lt;script&gt;alert(1)" in hostile
    is_harmless(harmless)
    is_harmless(hostile)
    assert skeleton(hostile) == skeleton(harmless)
    text = BeautifulSoup(hostile, "lxml").get_text()
    assert ATTACK[:25] in text or path.startswith("/rules")
    assert ">49<" not in hostile
    assert "$49" not in hostile


@pytest.mark.parametrize("name", NAMED)
def test_what_is_asked_for_builds_no_element(servers: tuple[Server, Server], name: str) -> None:
    for path in sorted({each.partition("?")[0] for each in PAGES}):
        answer = servers[1].get(path, params={name: ATTACK, ATTACK: ATTACK})
        assert answer.status_code in {200, 404}
        is_harmless(answer.text)


def test_what_is_said_builds_no_element(servers: tuple[Server, Server]) -> None:
    forms = [
        ("/who", {"by": ATTACK}), ("/screen/decide", {"record": ATTACK}), ("/screen/decide", {"record": ATTACK, "decision": "include"}),
        ("/screen/decide", {"record": "pmid:15", "decision": f"exclude:{ATTACK}"}), ("/extract/new", {"record": ATTACK}),
        (f"/extract/{REPORT}/case", {"id": ATTACK}), ("/duplicates/rule", {"one": ATTACK, "other": ATTACK, "ruling": "same"}),
        ("/overlaps/rule", {"one": ATTACK, "other": ATTACK, "ruling": "same"}), ("/claims/change", {"name": ATTACK}),
        ("/claims/accept", {"name": ATTACK, "code": ATTACK, "reason": ATTACK}),
    ]  # fmt: skip
    for path, form in forms:
        assert servers[1].post(path, {"back": "/records", **form}).status_code == 303
        page = servers[1].get("/records").text
        assert 'class="said fault"' in page, form
        is_harmless(page)


def test_what_is_answered_in_json_is_no_page(servers: tuple[Server, Server]) -> None:
    server = servers[1]
    whole = {
        "case": "1",
        "field": "city",
        "base": base_of("x"),
        "sent": {"cells": [{"status": "reported", "value": ATTACK + "!"}]},
    }
    for way, status in (("save", 409), ("try", 200)):
        answer = server.post(f"/extract/{REPORT}/{way}", json.dumps(whole))
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-security-policy"] == POLICY


def test_a_case_has_an_id_that_can_be_read(servers: tuple[Server, Server]) -> None:
    file = servers[1].folder / f"curated/reports/{REPORT}.yaml"
    before = file.read_bytes()
    for id_ in ("<b>x</b>", "a b", "a/b", "../x", "\u202e1", "{{7*7}}", "ü", "?", "1"):
        assert servers[1].post(f"/extract/{REPORT}/case", {"id": id_, "back": "/records"}).status_code == 303
        assert 'class="said fault"' in servers[1].get("/records").text, id_
    assert file.read_bytes() == before


def test_an_extraction_begun_has_a_name_of_its_own(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "review", hostile_files(ATTACK, LINK, letter="../../../"))
    with serving(folder, tmp_path / "logs") as server:
        answer = server.post("/extract/new", {"record": "pmid:14"})
        assert answer.status_code == 303
        name = urlsplit(answer.headers["location"]).path.removeprefix("/extract/")
        assert (folder / f"curated/reports/{name}.yaml").is_file()
        assert name.replace("-", "").isalnum()
        is_harmless(server.get(f"/extract/{name}").text)
    assert {path.name for path in tmp_path.iterdir()} == {"review", "logs"}
