"""A browser's window on a served review that must stay silent: nothing on its console, no error on a page."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page

from tests.support.serving import serving


@contextmanager
def opened(browser: Browser, folder: Path, *, unless: str = "", **environment: str) -> Iterator[Page]:
    """Serves a review and opens it; fails at the end if the console said anything, but for what holds `unless`."""
    with serving(folder, folder.parent / "logs", **environment) as server:
        context = browser.new_context(viewport={"width": 1000, "height": 700}, base_url=server.base)
        page = context.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(server.address)
        page.wait_for_url(server.base + "/")
        yield page
        context.close()
        assert not [text for text in said if not unless or unless not in text]
