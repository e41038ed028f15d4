"""`serve` as a stranger attacks it: no token, another's name, another site's page, paths that lead out, bodies that are none."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, cast

import pytest
import requests
from starlette.routing import Route

from casetable.web.app import application
from casetable.web.guard import HEADERS, MAX_BODY_BYTES, POLICY
from tests.conftest import example_files, write_files
from tests.support.serving import Server, serving, tree

SECRETS = ("invented", "Doe", "pmid:11", "curated", "other-drug", "A. Curator")
EXTRACTION = "/extract/doe-2020"


def routes() -> list[tuple[str, str]]:
    """Each route of the application with its method, and an address of the example for it."""
    app = cast(
        "Any", application(cast("Any", None), sources=cast("Any", None), token="t", hosts=(), port=1, by="", fault=str)
    )
    found = []
    for route in app._app.routes:
        assert isinstance(route, Route)
        name = "app.js" if route.path.startswith("/static/") else "doe-2020"
        found += [(method, route.path.replace("{name}", name)) for method in sorted(route.methods or ())]
    return found


ROUTES = routes()
PAGES = sorted({path for method, path in ROUTES if method == "GET"})
ACTIONS = sorted({path for method, path in ROUTES if method == "POST"})
# What would change something, if it were let through.
FORMS: dict[str, Any] = {
    "/screen/decide": {"record": "doi:10.1234/invented.2", "stage": "records", "decision": "undecided"},
    "/who": {"by": "Somebody Else"},
    "/extract/doe-2020/case": {"id": "2"},
    "/extract/new": {"record": "pmid:11"},
}


def sent_to(path: str) -> dict[str, Any]:
    """What a page of ours would send there."""
    if path.endswith("/save"):
        return {"data": json.dumps({"case": "1", "field": "country", "base": base("China"), "sent": cell("Japan")})}
    if path.endswith("/texts"):
        return {"data": b"A text of an invented report.", "params": {"name": "a.txt"}}
    return {"data": FORMS.get(path, {})}


def cell(value: str) -> dict[str, object]:
    return {"cells": [{"status": "reported", "value": value}]}


def base(plain: object) -> str:
    from casetable.workflow.editing import base_of

    return base_of(plain)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("served")
    write_files(folder / "review", example_files())
    (folder / "secret.txt").write_text("nobody may read this")
    (folder / "secret.yaml").write_text("schema: 1\nreport: pmid:11\nnote: nobody may read this\n")
    with serving(folder / "review", folder / "logs") as running:
        yield running


@pytest.fixture
def untouched(server: Server) -> Iterator[Server]:
    """The server, at the end of whose test every file of the review, and beside it, is as it was."""
    before = tree(server.folder.parent)
    yield server
    assert tree(server.folder.parent) == before
    assert server.bugs() == []


def is_silent(answer: requests.Response, server: Server) -> None:
    """Holds that an answer tells nothing of the review or the machine."""
    whole = answer.text + str(answer.headers)
    for word in (*SECRETS, server.token, str(server.folder), "Traceback"):
        assert word not in whole
    assert "access-control-allow-origin" not in answer.headers
    assert "set-cookie" not in answer.headers


def is_guarded(answer: requests.Response) -> None:
    """Holds that an answer has each header that says what a browser may do with it, once."""
    for name, value in HEADERS:
        assert answer.headers[name.decode()] == value.decode()
    assert answer.headers["content-security-policy"] == POLICY
    assert not {name for name in answer.headers if name.lower().startswith("access-control-")}
    assert "server" not in answer.headers


def ask(server: Server, method: str, path: str, headers: dict[str, str], **options: Any) -> requests.Response:
    """Asks without a session."""
    with requests.Session() as session:
        session.trust_env = False
        return session.request(
            method, server.base + path, headers=headers, timeout=30, allow_redirects=False, **options
        )


# --- the token and the session ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_nothing_without_the_session(untouched: Server, method: str, path: str) -> None:
    name, value = untouched.cookie.split("=")
    other = name.replace(str(untouched.port), str(untouched.port + 1))
    strangers = [
        "",
        f"{name}=",
        f"{name}={value[:-1]}",
        f"{other}={value}",
        f"{name}={untouched.token}",
        'a="; b=\\',
        value,
    ]
    for cookie in strangers:
        headers = {"Origin": untouched.base} | ({"Cookie": cookie} if cookie else {})
        answer = ask(untouched, method, path, headers, **sent_to(path))
        assert answer.status_code == 403, cookie
        is_silent(answer, untouched)
        is_guarded(answer)


@pytest.mark.parametrize(
    "path",
    ["/?token=", "/?token=x", "/?token=%00", "/?token=%ff&token=x", "/?TOKEN={}", "/?token={}x", "/screen?token={}",
     "/?a=1;token={}", "//?token={}", "/%3Ftoken={}", "/?token=x&token={}", "/#?token={}", "/static/app.js?token={}"],
)  # fmt: skip
def test_only_the_first_address_opens_a_session(untouched: Server, path: str) -> None:
    answer = ask(untouched, "GET", path.replace("{}", untouched.token), {})
    assert answer.status_code in {403, 404}
    is_silent(answer, untouched)
    is_guarded(answer)


def test_the_token_of_another_server(untouched: Server, tmp_path: Path) -> None:
    folder = write_files(tmp_path / "other", example_files())
    with serving(folder, tmp_path / "logs") as other:
        assert other.token != untouched.token
        for one, two in ((untouched, other), (other, untouched)):
            answer = ask(one, "GET", f"/?token={two.token}", {})
            assert answer.status_code == 403
            is_silent(answer, one)
            assert ask(one, "GET", "/records", {"Cookie": two.cookie}).status_code == 403


def test_the_session_is_for_this_browser_alone(untouched: Server) -> None:
    answer = ask(untouched, "GET", f"/?token={untouched.token}", {})
    assert answer.status_code == 200
    is_guarded(answer)
    told = answer.headers["set-cookie"]
    assert told.startswith(f"casetable-{untouched.port}=")
    assert {part.strip() for part in told.split(";")[1:]} == {"Path=/", "HttpOnly", "SameSite=Strict"}
    assert untouched.token not in answer.text
    assert untouched.token not in str(answer.headers)
    assert answer.headers["cache-control"] == "no-store"


def test_the_token_stands_nowhere(untouched: Server) -> None:
    for path in PAGES:
        answer = untouched.get(path)
        assert untouched.token not in answer.text + str(answer.headers)
    for data in tree(untouched.folder.parent).values():
        assert untouched.token.encode() not in data


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_answer_has_the_headers(server: Server, method: str, path: str) -> None:
    answer = server.session.request(method, server.base + path, timeout=60, allow_redirects=False)
    assert answer.status_code < 500
    is_guarded(answer)
    assert answer.headers["cache-control"].startswith("private" if path.startswith("/static/") else "no-store")


@pytest.mark.parametrize(
    "path", ["/nothing", "/static/nothing", "/extract/nothing", "/screen?record=nothing", "/rules?code=X", "/extract/"]
)
def test_what_is_not_there_has_the_headers(untouched: Server, path: str) -> None:
    answer = untouched.get(path)
    assert answer.status_code in {404, 307}
    is_guarded(answer)


# --- Host, Origin, method ---------------------------------------------------------------------------------------------

HOSTS = [
    "evil.example", "evil.example:{port}", "127.0.0.1:1", "127.0.0.1", "localhost", "localhost.evil:{port}", "localhost.:{port}",
    "127.0.0.1.nip.io:{port}", "127.0.0.1:{port}.evil.example", "evil.example@127.0.0.1:{port}", "127.1:{port}", "0.0.0.0:{port}",
    "2130706433:{port}", "[::ffff:127.0.0.1]:{port}", "LOCALHOST:{port}", "127.0.0.1:{port}, evil.example", "127.0.0.1:0{port}", "",
]  # fmt: skip


@pytest.mark.parametrize("host", HOSTS)
def test_another_name_is_not_answered(untouched: Server, host: str) -> None:
    host = host.format(port=untouched.port)
    for method, path in [("GET", "/records"), ("GET", f"/?token={untouched.token}"), ("POST", "/screen/decide")]:
        headers = {"Host": host, "Cookie": untouched.cookie, "Origin": f"http://{host}"}
        answer = ask(untouched, method, path, headers, **sent_to(path))
        assert answer.status_code in {400, 421}
        is_silent(answer, untouched)


@pytest.mark.parametrize(
    ("target", "hosts", "version"),
    [
        ("/records", ["127.0.0.1:{port}", "evil.example"], "1.1"),
        ("/records", ["evil.example", "127.0.0.1:{port}"], "1.1"),
        ("/records", ["127.0.0.1:{port}", "127.0.0.1:{port}"], "1.1"),
        ("/records", [], "1.1"),
        ("/records", [], "1.0"),
        ("http://evil.example/records", ["127.0.0.1:{port}"], "1.1"),
        ("http://127.0.0.1:{port}/records", ["evil.example"], "1.1"),
        ("http://127.0.0.1:{port}/records", ["127.0.0.1:{port}"], "1.1"),
        ("evil.example:80", ["127.0.0.1:{port}"], "1.1"),
        ("*", ["127.0.0.1:{port}"], "1.1"),
        ("records", ["127.0.0.1:{port}"], "1.1"),
        ("/records", ["127.0.0.1:{port}\x00"], "1.1"),
    ],
)
def test_odd_requests_are_not_answered(untouched: Server, target: str, hosts: list[str], version: str) -> None:
    lines = [f"GET {target} HTTP/{version}", *(f"Host: {host}" for host in hosts), f"Cookie: {untouched.cookie}"]
    text = "\r\n".join([*lines, "Connection: close", "", ""]).replace("{port}", str(untouched.port))
    answer = untouched.raw(text.encode()).decode()
    assert answer.split(" ")[1] in {"400", "421"}
    for word in SECRETS:
        assert word not in answer


def test_the_names_of_this_server_are_answered(untouched: Server) -> None:
    for host in (f"127.0.0.1:{untouched.port}", f"localhost:{untouched.port}"):
        assert ask(untouched, "GET", "/records", {"Host": host, "Cookie": untouched.cookie}).status_code == 200


FOREIGN: list[dict[str, str | None]] = [
    {"Origin": None},
    {"Origin": "null"},
    {"Origin": ""},
    {"Origin": "http://evil.example"},
    {"Origin": "http://127.0.0.1:1"},
    {"Origin": "http://127.0.0.1"},
    {"Origin": "https://127.0.0.1:{port}"},
    {"Origin": "http://127.0.0.1:{port}.evil.example"},
    {"Origin": "http://127.0.0.1:{port}/"},
    {"Origin": "http://127.0.0.1:{port} http://evil.example"},
    {"Origin": "file://"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
]


@pytest.mark.parametrize("path", ACTIONS)
def test_what_another_site_sends_is_refused(untouched: Server, path: str) -> None:
    for each in FOREIGN:
        headers = {name: value and value.format(port=untouched.port) for name, value in each.items()}
        answer = untouched.post(path, headers=headers, **sent_to(path))
        assert answer.status_code == 403, each
        is_silent(answer, untouched)
        is_guarded(answer)


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("site", ["cross-site", "same-site", "anything"])
def test_what_another_site_asks_for_is_refused(untouched: Server, path: str, site: str) -> None:
    for method in ("GET", "HEAD"):
        answer = untouched.session.request(method, untouched.base + path, headers={"Sec-Fetch-Site": site}, timeout=30)
        assert answer.status_code == 403
        is_silent(answer, untouched)
        is_guarded(answer)


@pytest.mark.parametrize("path", sorted({*PAGES, *ACTIONS}))
def test_other_methods_change_nothing(untouched: Server, path: str) -> None:
    for method in ("PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "CONNECT", "PROPFIND"):
        for headers in ({}, {"Origin": "http://evil.example", "Access-Control-Request-Method": "POST"}):
            answer = untouched.session.request(
                method, untouched.base + path, headers=headers, timeout=30, **sent_to(path)
            )
            assert answer.status_code in {403, 405}
            is_guarded(answer)
            assert untouched.cookie not in answer.text
    if path in ACTIONS:
        answer = untouched.session.request(
            "GET", untouched.base + path, timeout=30, allow_redirects=False, **sent_to(path)
        )
        assert answer.status_code in {404, 405, 200}
    if path not in ACTIONS:
        assert untouched.post(path).status_code in {405, 404}


def test_no_upgrade_to_another_protocol(untouched: Server) -> None:
    for protocol in ("websocket", "h2c"):
        text = (
            f"GET /records HTTP/1.1\r\nHost: 127.0.0.1:{untouched.port}\r\nConnection: Upgrade, close\r\nUpgrade: {protocol}\r\n"
            "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        answer = untouched.raw(text.encode()).decode()
        assert answer.startswith("HTTP/1.1 403")


# --- paths ------------------------------------------------------------------------------------------------------------

PATHS = [
    "..", "../../secret", "..%2f..%2fsecret", "..%5c..%5csecret", "%2e%2e%2f%2e%2e%2fsecret", "%252e%252e%252fsecret", "/etc/passwd",
    "%2fetc%2fpasswd", "doe-2020%00", "%00", "doe-2020%00.yaml", "a" * 5000, "%F0%9F%92%A9", "%ff%fe", "doe-2020.yaml", "doe-2020/",
    "%E2%80%AEdoe", "DOE-2020", "doe-2020%0d%0aX: y", "CON", "../form", "..%2fform", "%3F", "%23", "doe-2020%23", "doe-2020%3Fx",
    "link", "~", "*", "${HOME}", "{{7*7}}",
]  # fmt: skip


@pytest.mark.parametrize("name", PATHS)
def test_no_path_leads_out(untouched: Server, name: str) -> None:
    (untouched.folder / "curated/reports/link.yaml").symlink_to(untouched.folder.parent / "secret.yaml")
    try:
        untouched.get("/")  # reads all files
        heads = f"Host: 127.0.0.1:{untouched.port}\r\nCookie: {untouched.cookie}\r\nOrigin: {untouched.base}\r\nConnection: close"
        body = json.dumps({"case": "", "field": "note", "base": base(None), "sent": cell("x")})
        for target in (f"/extract/{name}", f"/static/{name}", f"/static/..%2fpages/{name}", f"/{name}"):
            answer = untouched.raw(f"GET {target} HTTP/1.1\r\n{heads}\r\n\r\n".encode()).decode("utf-8", "replace")
            assert answer.split(" ")[1] in {"200", "307", "400", "404", "421"}, target
            assert "nobody may read this" not in answer
            assert "root:" not in answer
            assert str(untouched.folder) not in answer
            assert "X: y" not in answer.partition("\r\n\r\n")[0]
            if answer.split(" ")[1] == "200":
                assert name in {"..", "doe-2020/"}
        for tail in ("save", "try", "case", "texts?name=a.txt"):
            sent = f"POST /extract/{name}/{tail} HTTP/1.1\r\n{heads}\r\nContent-Length: {len(body)}\r\n\r\n{body}"
            answer = untouched.raw(sent.encode()).decode("utf-8", "replace")
            assert answer.split(" ")[1] in {"303", "307", "400", "404", "405", "421", "422"}, tail
            assert "nobody may read this" not in answer
            assert str(untouched.folder) not in answer
    finally:
        (untouched.folder / "curated/reports/link.yaml").unlink()
        untouched.get("/")


@pytest.mark.parametrize(
    "key", ["../../secret", "\0", "pmid:", "doi:../../x", "a" * 100_000, "\u202e", "own:r1\r\nX: y", "{{7*7}}", "💩"]
)
def test_keys_that_are_none(untouched: Server, key: str) -> None:
    for path, form in [
        ("/screen/decide", {"record": key, "stage": "records", "decision": "include"}),
        ("/screen/decide", {"record": key, "stage": key, "decision": "exclude:other-drug"}),
        ("/screen/decide", {"record": "own:r1", "stage": key, "decision": "exclude:" + key}),
        ("/screen/decide", {"record": key, "stage": "reports", "decision": "undecided"}),
        ("/conflicts/settle", {"record": key, "stage": "records", "decision": "include", "by": key}),
        ("/extract/new", {"record": key}),
        ("/duplicates/rule", {"one": key, "other": key, "ruling": "same"}),
        ("/duplicates/rule", {"one": key, "other": "pmid:11", "ruling": "different", "note": key}),
        ("/overlaps/rule", {"one": key, "other": "doe-2020/1", "ruling": "same"}),
        ("/claims/change", {"name": key, "was": key, "text": key, "expected": key}),
        ("/claims/accept", {"name": key, "code": key, "reason": key}),
    ]:
        answer = untouched.post(path, form)
        assert answer.status_code == 303, path
        assert answer.headers["location"].startswith("/")
        page = untouched.get("/records")
        assert 'class="said fault"' in page.text, form
        assert str(untouched.folder) not in page.text
        assert ">49<" not in page.text
    for query in ("record", "after", "stage", "pair", "q", "show", "page", "code", "severity", "name", "case", "text"):
        for path in PAGES:
            assert untouched.get(path, params={query: key[:20_000]}).status_code in {200, 404}


@pytest.mark.parametrize(
    "back",
    ["//evil.example", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)", "https://evil.example/", "evil.example",
     "/\t/evil.example", "/\n/evil.example", "\t//evil.example", " //evil.example", "/%5Cevil.example", "/\r\nX-Evil: y", "///evil.example",
     "/\u2028/evil", "data:text/html,x", "/.//evil.example", "/..//evil.example", "http:evil.example", "", "/\ud800x"],
)  # fmt: skip
def test_no_way_back_leads_elsewhere(untouched: Server, back: str) -> None:
    from urllib.parse import quote, urljoin, urlsplit

    body = "by=A.+Curator&back=" + quote(back.encode("utf-8", "surrogatepass"))
    answer = untouched.post("/who", body, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert answer.status_code == 303
    assert "x-evil" not in answer.headers
    way = answer.headers["location"]
    assert way.startswith("/")
    assert not way.startswith(("//", "/\\"))
    for spelt in (way, way.replace("\\", "/")):
        assert urlsplit(urljoin(untouched.base + "/who", spelt)).netloc == urlsplit(untouched.base).netloc


@pytest.mark.parametrize(
    "name", ["../../x.txt", "/etc/passwd", "x", "x.exe", "x.yaml", ".txt", "x.txt/../../y", "x.pdf\0.txt", "x.TXT", "a" * 9000 + ".zip", "..%2fx.sh", ""]
)  # fmt: skip
def test_an_upload_stays_in_its_folder(server: Server, name: str) -> None:
    kept = server.folder / ".casetable/texts/doe-2020.txt"
    before = tree(server.folder.parent)
    answer = server.post(EXTRACTION + "/texts", b"A text of an invented report.", params={"name": name})
    assert answer.status_code in {200, 422}
    if answer.status_code == 200:
        assert answer.json() == {"kept": "doe-2020.txt"}
        assert kept.read_bytes() == b"A text of an invented report."
        kept.unlink()
    assert tree(server.folder.parent) == before


def test_an_upload_for_what_is_no_extraction(untouched: Server) -> None:
    for name in ("nothing", "form", "..", "doe-2020.yaml"):
        answer = untouched.post(f"/extract/{name}/texts", b"A text.", params={"name": "x.txt"})
        assert answer.status_code in {404, 405, 422}


def test_links_out_of_the_review_are_not_followed(untouched: Server, tmp_path: Path) -> None:
    folder = write_files(tmp_path / "review", example_files())
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "duplicates.yaml").write_text("schema: 1\nsame: []\ndifferent: []\n# nobody may read this\n")
    (outside / "doe-2020.yaml").write_bytes(
        (folder / "curated/reports/doe-2020.yaml").read_bytes() + b"# nobody may read this\n"
    )
    (folder / ".casetable").mkdir()
    (folder / ".casetable/texts").symlink_to(outside)
    for name in ("curated/duplicates.yaml", "curated/reports/doe-2020.yaml"):
        (folder / name).unlink()
        (folder / name).symlink_to(outside / Path(name).name)
    before = tree(outside)
    with serving(folder, tmp_path / "logs") as server:
        page = server.get(EXTRACTION)
        assert "nobody may read this" not in page.text
        assert "China" not in page.text
        sent = {"case": "1", "field": "country", "base": base("China"), "sent": cell("Japan")}
        assert server.post(EXTRACTION + "/save", json.dumps(sent)).status_code == 422
        assert server.post(EXTRACTION + "/texts", b"A text.", params={"name": "x.txt"}).status_code == 422
        server.post("/duplicates/rule", {"one": "own:r1", "other": "pmid:11", "ruling": "different"})
        assert 'class="said fault"' in server.get("/records").text
        assert (folder / "curated/duplicates.yaml").is_symlink()
    assert tree(outside) == before


def test_no_path_of_the_machine_is_told(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "review", example_files())
    with serving(folder, tmp_path / "logs") as server:
        import shutil

        shutil.rmtree(folder / ".casetable", ignore_errors=True)
        (folder / ".casetable").write_text("in the way of the lock")
        for path in ACTIONS:
            answer = server.post(path, **sent_to(path))
            assert answer.status_code in {200, 303, 409, 422}
            assert str(folder) not in answer.text
            assert str(folder) not in server.get("/records").text


# --- bodies -----------------------------------------------------------------------------------------------------------

ODD: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    "",
    "x",
    "\ud800",
    "\0",
    "a" * 30_000,
    [],
    [None],
    [[]],
    {},
    {"a": 1},
    {"cells": []},
    float("nan"),
]
WHOLE = {"case": "1", "field": "country", "base": base("China"), "sent": cell("China")}


@pytest.mark.parametrize("way", ["save", "try"])
@pytest.mark.parametrize("key", sorted(WHOLE))
def test_wrong_types_are_told(untouched: Server, way: str, key: str) -> None:
    whole = {**WHOLE, "base": "stale"} if key == "sent" else WHOLE
    sent = [{**whole, key: odd} for odd in ODD] + [{name: value for name, value in whole.items() if name != key}]
    for each in sent:
        answer = untouched.post(f"{EXTRACTION}/{way}", json.dumps(each))
        expected = {200, 422} if way == "try" or key in {"base", "sent", "case"} else {422}
        assert answer.status_code in expected | {409}, each
        assert answer.headers["content-type"] == "application/json"
        if answer.status_code != 200:
            assert answer.json()["error"]


@pytest.mark.parametrize("way", ["save", "try"])
def test_wrong_contents_are_told(untouched: Server, way: str) -> None:
    for key in (
        "status",
        "value",
        "unit",
        "when",
        "from",
        "reference",
        "reported",
        "where",
        "note",
        "alternatives",
        "other",
    ):
        for odd in ODD:
            row = {"status": "reported", "value": "China", key: odd}
            for sent in (
                {"cells": [row]},
                {"courses": [row]},
                {"cells": [{"status": "conflicting", "alternatives": [row, row]}]},
            ):
                answer = untouched.post(f"{EXTRACTION}/{way}", json.dumps({**WHOLE, "base": "stale", "sent": sent}))
                assert answer.status_code in ({200, 422} if way == "try" else {200, 409, 422}), sent


@pytest.mark.parametrize("way", ["save", "try"])
@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"[]", b"1", b"{", b"\xff\xfe", b'{"a"', b"[" * 200_000, b'{"sent":' * 5_000 + b"1" + b"}" * 5_000, b"1" * 9_000,
     b'{"case": "1", "field": "country", "base": "", "sent": ' + b"[" * 900 + b"]" * 900 + b"}",
     b'{"case": "1", "field": "country", "base": "", "sent": ' + b'{"cells":[' * 400 + b"]}" * 400 + b"}",
     b'{"case": 1e999}', b'{"case": NaN}', b'{"case": "1", "case": "2"}', b"<x/>", b"--x\r\nContent-Disposition: form-data\r\n", b"\0" * 1000],
)  # fmt: skip
def test_what_is_no_json_is_told(untouched: Server, way: str, body: bytes) -> None:
    for kind in ("application/json", "text/plain", "multipart/form-data; boundary=x"):
        answer = untouched.post(f"{EXTRACTION}/{way}", body, headers={"Content-Type": kind})
        if way == "try" and body in {
            b"",
            b"null",
            b"[]",
            b"1",
            b'{"case": NaN}',
            b'{"case": 1e999}',
            b'{"case": "1", "case": "2"}',
        }:
            assert answer.status_code == 200
        else:
            assert answer.status_code in {400, 422} or (way == "try" and answer.status_code == 200)
        assert "Traceback" not in answer.text


# Files may be thirty times as large.
@pytest.mark.parametrize("path", [path for path in ACTIONS if not path.endswith("/texts")])
def test_bodies_that_are_too_large(untouched: Server, path: str) -> None:
    answer = untouched.post(path, b"x" * (MAX_BODY_BYTES + 1))
    assert answer.status_code == 413
    is_guarded(answer)

    def pieces() -> Iterator[bytes]:
        for _ in range(20):
            yield b"record=" + b"x" * 100_000

    try:
        status = untouched.post(path, pieces()).status_code
    except requests.ConnectionError:
        status = 413  # the server has shut the door
    assert status in {400, 413}
    assert untouched.get("/records").status_code == 200


NO_FORMS = ("/texts", "/save", "/try", "/refresh", "/build", "/jobs")


@pytest.mark.parametrize("path", [path for path in ACTIONS if not path.endswith(NO_FORMS)])
def test_forms_of_no_end(untouched: Server, path: str) -> None:
    bodies = [b"&".join([b"a=1"] * 240_000), b"&" * 900_000, b"record[]=1&record=%", b"\xff" * 100, b"=" * 3000]
    for body in bodies[:2] if path.endswith("/case") else bodies:  # a case needs no id
        answer = untouched.post(path, body, headers={"Content-Type": "application/x-www-form-urlencoded"})
        assert answer.status_code in {303, 400, 413}
        is_guarded(answer)
    untouched.get("/records")


@pytest.mark.parametrize("length", ["-1", "+5", "5x", "1e3", "٣", "99999999999999999999", "0x10", "5, 6", ""])
def test_lengths_that_are_none(untouched: Server, length: str) -> None:
    head = f"POST /who HTTP/1.1\r\nHost: 127.0.0.1:{untouched.port}\r\nOrigin: {untouched.base}\r\nCookie: {untouched.cookie}\r\n"
    answer = untouched.raw(f"{head}Content-Length: {length}\r\nConnection: close\r\n\r\nby=Eve".encode()).decode()
    assert answer.split(" ")[1] in {"400", "413"}
    answer = untouched.raw(
        f"{head}Content-Length: 6\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n0\r\n\r\nGET /records HTTP/1.1\r\n\r\n".encode()
    ).decode()
    assert answer.count("HTTP/1.1 ") == 1
    assert 'value="Eve"' not in untouched.get("/records").text


def test_requests_that_never_end_do_not_hold_up_others(untouched: Server) -> None:
    heads = [
        f"GET /records HTTP/1.1\r\nHost: 127.0.0.1:{untouched.port}\r\nX: ",
        f"POST /who HTTP/1.1\r\nHost: 127.0.0.1:{untouched.port}\r\nOrigin: {untouched.base}\r\nCookie: {untouched.cookie}\r\n"
        "Content-Length: 900000\r\n\r\nby=",
        f"POST {EXTRACTION}/save HTTP/1.1\r\nHost: 127.0.0.1:{untouched.port}\r\nOrigin: {untouched.base}\r\nCookie: {untouched.cookie}\r\n"
        "Transfer-Encoding: chunked\r\n\r\n5\r\n{",
        "",
    ]
    with ExitStack() as opened:
        connections = []
        for number in range(300):
            connection = opened.enter_context(socket.create_connection(("127.0.0.1", untouched.port), timeout=10))
            connection.sendall(heads[number % len(heads)].encode())
            connections.append(connection)
        begin = time.monotonic()
        for path in ("/records", "/screen", EXTRACTION):
            assert untouched.get(path).status_code == 200
        assert time.monotonic() - begin < 10
    assert untouched.get("/records").status_code == 200


def test_connections_that_bring_nothing_are_closed(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "review", example_files())
    first = (
        "import casetable.web as web, casetable.web.guard as guard; web.SILENT_SECONDS = guard.STALLED_SECONDS = 0.5"
    )
    with serving(folder, tmp_path / "logs", first=first) as server:
        host = f"Host: 127.0.0.1:{server.port}\r\nCookie: {server.cookie}\r\nOrigin: {server.base}\r\n"
        for head in (
            "",
            "GET /rec",
            f"GET /no-such-page HTTP/1.1\r\n{host}\r\nGET /rec",
            f"GET /no-such-page HTTP/1.1\r\n{host}\r\n",
        ):
            begin = time.monotonic()
            answer = server.raw(head.encode(), seconds=30)
            assert time.monotonic() - begin < 10
            assert answer.startswith(b"HTTP/1.1 404" if "no-such" in head else b"")
        for path, length in [("/who", "Content-Length: 99"), (EXTRACTION + "/save", "Transfer-Encoding: chunked")]:
            answer = server.raw(f"POST {path} HTTP/1.1\r\n{host}{length}\r\n\r\n5\r\nb".encode(), seconds=30)
            assert answer.startswith(b"HTTP/1.1 413")


def test_an_endless_head_is_cut_off(untouched: Server) -> None:
    answer = untouched.raw(b"GET / HTTP/1.1\r\nX: " + b"x" * 300_000, seconds=5)
    assert answer == b"" or answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 431"))
    assert untouched.get("/records").status_code == 200
