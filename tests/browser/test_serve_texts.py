"""`serve` in Chromium on a review whose texts attack their reader: nothing runs, nothing is asked of elsewhere, no policy is broken."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect

from tests.conftest import write_files
from tests.e2e.test_serve_texts import PAGES
from tests.support.hostile import ATTACK, LINK, REPORT, hostile_files
from tests.support.serving import Server, serving, tree

_REFUSED = re.compile(r"status of (409|413)|ERR_CONNECTION_(RESET|ABORTED)|ERR_EMPTY_RESPONSE")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("texts")
    write_files(folder / "review", hostile_files(ATTACK, LINK))
    with serving(folder / "review", folder / "logs", by=ATTACK[:90]) as running:
        yield running


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    """A page that opened the first address. At the end nothing may have popped up, failed, or been asked of elsewhere."""
    heard: list[str] = []

    def asked(request: Request) -> None:
        if not request.url.startswith((server.base + "/", "data:,")):
            heard.append(f"asked for {request.url}")
        if server.token in (request.headers.get("referer") or "") and request.url != server.base + "/":
            heard.append(f"told {request.url} the token")

    def told(message: ConsoleMessage) -> None:
        # Chromium asks for an icon beside a picture, and tells of what was rightly refused.
        if not message.location["url"].endswith("/favicon.ico") and not _REFUSED.search(message.text):
            heard.append(f"{message.type}: {message.text}")

    with browser.new_context() as context:
        context.on("page", lambda each: each.on("dialog", lambda box: (heard.append(box.message), box.dismiss())))
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("console", told)
        page.on("pageerror", lambda error: heard.append(f"error: {error}"))
        page.on("popup", lambda popup: heard.append(f"opened {popup.url}"))
        context.on("request", asked)
        page.add_init_script(
            "addEventListener('securitypolicyviolation', (e) => console.error('policy', e.violatedDirective, e.blockedURI))"
        )
        page.goto(server.address)
        page.wait_for_url(server.base + "/")
        expect(page.locator("h1")).to_be_visible()
        yield page
    assert heard == []


@pytest.mark.parametrize("path", PAGES)
def test_a_page_runs_nothing_of_its_texts(page: Page, server: Server, path: str) -> None:
    answer = page.goto(server.base + path)
    assert answer is not None
    assert answer.status == 200
    page.wait_for_load_state("networkidle")
    for summary in page.locator("summary").all():
        if summary.is_visible():
            summary.click()
    page.locator("body").hover()
    assert page.evaluate("document.cookie") == ""
    assert page.locator("iframe, object, embed, main svg, script:not([src])").count() == 0


def test_the_diagram_by_itself_runs_nothing(page: Page, server: Server) -> None:
    answer = page.goto(server.base + "/table/flow.svg")
    assert answer is not None
    assert answer.status == 200
    assert page.locator("script, foreignObject, image").count() == 0


def test_a_field_takes_such_texts_as_texts(page: Page, server: Server) -> None:
    page.goto(f"{server.base}/extract/{REPORT}")
    page.wait_for_load_state("networkidle")
    field = page.locator("#f-city")
    text = f"{ATTACK} and {LINK}"
    for key in ("value", "reported", "where", "note"):
        box = field.locator(f"[data-key={key}]").first
        box.evaluate("(each) => each.closest('details')?.setAttribute('open', '')")
        box.fill(text, force=True)
    page.keyboard.press("Control+s")
    expect(page.locator("#state")).to_contain_text("aved")
    expect(page.locator("#state")).not_to_contain_text("Not saved")
    page.wait_for_load_state("networkidle")
    told = yaml.load((server.folder / f"curated/reports/{REPORT}.yaml").read_bytes(), yaml.BaseLoader)
    assert told["cases"][0]["city"] == {"value": text, "reported": text, "where": text, "note": text}
    page.reload()
    page.wait_for_load_state("networkidle")
    assert field.locator("[data-key=value]").first.input_value() == text


def test_both_sides_of_a_difference_are_texts(page: Page, server: Server) -> None:
    page.goto(f"{server.base}/extract/roe-2021")
    page.wait_for_load_state("networkidle")
    file = server.folder / "curated/reports/roe-2021.yaml"
    told = yaml.load(file.read_bytes(), yaml.BaseLoader)
    told["cases"][0]["city"] = f"theirs {ATTACK}"
    file.write_text(yaml.safe_dump(told, sort_keys=False, width=100_000))
    with page.expect_response(lambda answer: answer.url.endswith("/save")) as saved:
        page.locator("#f-city [data-key=value]").first.fill(f"mine {ATTACK}")
        page.keyboard.press("Control+s")
    assert saved.value.status == 409
    differs = page.locator("#f-city [data-differs]")
    expect(differs).to_contain_text(f"theirs {ATTACK[:25]}")
    expect(differs).to_contain_text(f"mine {ATTACK[:25]}")
    assert differs.locator("script, img, svg, a, iframe").count() == 0


def test_a_text_that_is_uploaded_is_a_text(page: Page, server: Server, tmp_path: Path) -> None:
    page.goto(f"{server.base}/extract/roe-2021")
    page.wait_for_load_state("networkidle")
    file = tmp_path / "x.html"
    file.write_text(
        "<html><body><script>alert(1)</script><p onclick=alert(1)>Uploaded &lt;img src=x onerror=alert(1)&gt;</p></body></html>"
    )
    page.locator("#file").set_input_files(file)
    expect(page.locator("#content")).to_contain_text("Uploaded <img src=x")
    assert page.locator("#content").locator("script, img").count() == 0


def test_a_text_that_is_too_large_is_told(page: Page, server: Server, tmp_path: Path) -> None:
    page.goto(f"{server.base}/extract/{REPORT}")
    page.wait_for_load_state("networkidle")
    before = tree(server.folder)
    file = tmp_path / "large.txt"
    file.write_bytes(b"x" * 31_000_000)
    page.locator("#file").set_input_files(file)
    expect(page.locator("#kept")).to_contain_text(re.compile("too large|does not answer"))
    assert tree(server.folder) == before


def test_another_site_cannot_reach_in(page: Page, server: Server, browser: Browser) -> None:
    """A page of another origin on this machine, in the browser that has the session, gets and changes nothing."""
    import threading
    from http.server import BaseHTTPRequestHandler, HTTPServer

    attack = f"""<body><script>
      const told = [];
      const tell = (name, what) => {{ told.push(name + ': ' + what); }};
      (async () => {{
        for (const options of [{{}}, {{mode: 'no-cors'}}, {{credentials: 'include'}}, {{method: 'POST', mode: 'no-cors', credentials: 'include', body: 'by=Eve'}}]) {{
          try {{ const answer = await fetch('{server.base}/who', options); tell('fetch', answer.type + answer.status + await answer.text()); }}
          catch (error) {{ tell('fetch', 'failed'); }}
        }}
        for (const tag of ['img', 'script']) await new Promise((done) => {{
          const each = document.createElement(tag); each.src = '{server.base}' + (tag === 'img' ? '/table/flow.svg' : '/static/app.js');
          each.onload = () => {{ tell(tag, 'loaded'); done(); }}; each.onerror = () => {{ tell(tag, 'failed'); done(); }}; document.body.append(each);
        }});
        document.title = told.join('; ') || 'nothing';
      }})();
    </script><form id=f method=post action="{server.base}/who"><input name=by value=Eve><button>x</button></form></body>"""

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.end_headers()
            self.wfile.write(attack.encode())

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Site) as site, browser.new_context() as context:
        threading.Thread(target=site.serve_forever, daemon=True).start()
        theirs = context.new_page()
        theirs.goto(server.address)
        theirs.wait_for_url(server.base + "/")
        theirs.goto(f"http://127.0.0.1:{site.server_port}/")
        theirs.wait_for_function("document.title !== ''")
        told = theirs.title()
        theirs.click("button")
        theirs.wait_for_load_state()
        assert "does not come from a page of casetable" in theirs.content()
        site.shutdown()
    assert told == "fetch: failed; fetch: failed; fetch: failed; fetch: failed; img: failed; script: failed"
    page.goto(server.base + "/records")
    assert "Eve" not in page.content()
