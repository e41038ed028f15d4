"""The pages of `serve` in Chromium: axe, the console, widths, what is in sight, and the keyboard alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.support.paged_review import CURATOR, write_review
from tests.support.serving import serving

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
PAGES = {
    "overview": "/",
    "screening": "/screen",
    "a record that was decided": "/screen?record=pmid:10000004&stage=reports",
    "no abstract": "/screen?record=pmid:10000012",
    "records": "/records",
    "conflicts": "/conflicts",
    "extractions": "/extract",
    "extraction with a text": "/extract/doe-2020",
    "extraction of an abstract": "/extract/roe-2021",
    "duplicates": "/duplicates",
    "overlaps": "/overlaps",
    "claims": "/claims",
    "table": "/table",
    "a rule": "/rules?code=E101",
}
LOST = {"missing page": "/nowhere", "missing record": "/screen?record=pmid:1", "missing rule": "/rules?code=X999"}
# So wide and high a window has a small laptop; a tablet is held upright or across.
LAPTOP, UPRIGHT, ACROSS, PHONE = (1000, 700), (768, 1024), (1024, 768), (390, 800)

Open = Callable[..., Page]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_review(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def common(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A review that is only looked at, for all tests that change nothing."""
    folder = tmp_path_factory.mktemp("common")
    write_review(folder)
    with serving(folder, folder / "logs", by=CURATOR) as server:
        yield server.address


@pytest.fixture
def address(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of the test's own review, where it has a `folder`, else of the common one."""
    if "folder" not in request.fixturenames:
        yield request.getfixturevalue("common")
        return
    folder = request.getfixturevalue("folder")
    with serving(folder, folder / "logs", by=CURATOR) as server:
        yield server.address


@pytest.fixture
def opened(browser: Browser, address: str) -> Iterator[Open]:
    """Opens the review in a window of its own. At the end nothing may have been said to the console or asked for elsewhere."""
    contexts: list[BrowserContext] = []
    heard: list[str] = []
    base = address.partition("/?")[0]

    def opened(way: str = "/", size: tuple[int, int] = LAPTOP, **options: object) -> Page:
        context = browser.new_context(
            base_url=base, viewport={"width": size[0], "height": size[1]}, reduced_motion="reduce", **options
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda message: heard.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: heard.append(str(error)))
        page.on("popup", lambda popup: heard.append(popup.url))
        page.on(
            "request", lambda request: None if request.url.startswith((base, "data:")) else heard.append(request.url)
        )
        page.goto(address)
        page.wait_for_url(f"{base}/")
        visit(page, way)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert [each for each in heard if "the server responded with a status of 40" not in each] == []


def visit(page: Page, way: str) -> None:
    """Goes to a page, and waits until all that it says is there."""
    page.goto(way)
    expect(page.locator("[data-waiting]")).to_have_count(0, timeout=30_000)
    if way.startswith("/extract/"):
        expect(page.locator("#counts")).not_to_be_empty()


def violations(page: Page, *rules: str) -> list[tuple[str, list[str]]]:
    """What axe-core finds by all of its rules, or by those named."""
    page.evaluate(AXE)
    found = page.evaluate("(rules) => axe.run(rules.length ? {runOnly: rules} : {})", list(rules))
    assert found["passes"], (page.url, found["incomplete"])
    return [(each["id"], [node["html"][:300] for node in each["nodes"]]) for each in found["violations"]]


def unfold(page: Page) -> None:
    page.locator("details").evaluate_all("all => all.forEach(each => each.open = true)")


def test_axe_finds_nothing(opened: Open, address: str) -> None:
    page = opened()
    for name, way in {**PAGES, **LOST}.items():
        visit(page, way)
        unfold(page)
        assert violations(page) == [], name
    page.goto(f"{address[: address.index('=')]}=wrong")
    expect(page.get_by_role("heading", name="The token is not that of this casetable")).to_be_visible()
    assert violations(page) == []


def test_axe_finds_no_poor_contrast_in_the_dark(opened: Open, address: str) -> None:
    page = opened(color_scheme="dark")
    for name, way in {**PAGES, **LOST}.items():
        visit(page, way)
        unfold(page)
        assert violations(page, "color-contrast") == [], name
    page.goto(f"{address[: address.index('=')]}=wrong")
    assert violations(page) == []


@pytest.mark.parametrize("sizes", [(LAPTOP,), (UPRIGHT, ACROSS, PHONE)], ids=["mouse", "touch"])
def test_no_page_scrolls_sideways(opened: Open, sizes: Sequence[tuple[int, int]]) -> None:
    page = opened(has_touch=LAPTOP not in sizes)
    for name, way in {**PAGES, **LOST}.items():
        visit(page, way)
        for is_unfolded in (False, True):
            if is_unfolded:
                page.locator("main details, .who").evaluate_all("all => all.forEach(each => each.open = true)")
            for width, height in sizes:
                page.set_viewport_size({"width": width, "height": height})
                told = f"{name}, {width} px, {'all unfolded' if is_unfolded else 'as it comes'}"
                assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth"), told


def test_no_control_of_a_form_is_crushed(opened: Open) -> None:
    for size in (LAPTOP, UPRIGHT, PHONE):
        page = opened("/extract/doe-2020", size=size)
        narrow = page.locator("#form :is(input, select, textarea):visible").evaluate_all(
            "all => all.filter(each => each.getBoundingClientRect().width < 44)"
            ".map(each => each.closest('fieldset')?.id + ' ' + each.dataset.key)"
        )
        assert narrow == []


def in_sight(page: Page, selector: str) -> bool:
    """Whether the middle of an element is what one sees there, without scrolling."""
    return page.locator(selector).first.evaluate(
        "each => { const box = each.getBoundingClientRect(), x = box.x + box.width / 2, y = box.y + box.height / 2;"
        " const there = document.elementFromPoint(x, y);"
        " return box.top >= 0 && box.bottom <= innerHeight && !!there && (each.contains(there) || there.contains(each)); }"
    )


def test_what_is_done_most_is_in_sight_on_a_small_screen(opened: Open) -> None:
    page = opened("/screen")
    for key in "i12345ubz":
        assert in_sight(page, f'[data-key="{key}"]'), key
    assert in_sight(page, ".decide [name=note]")
    top = page.locator(".decide").bounding_box()
    assert top is not None
    assert top["height"] < 130  # half of the screen is left for the abstract
    for way, seen in {
        "/": (".steps-of a", ".jobs button"),
        "/conflicts": (".include",),
        "/extract": ('form[action="/extract/new"] button',),
        "/extract/doe-2020": ("#state", "#undo", "#next-problem", "#f-age_years [data-key=value]", "#content p"),
        "/duplicates": ('[name="ruling"]',),
        "/table": (".jobs button", ".grid tbody th"),
    }.items():
        visit(page, way)
        for selector in seen:
            assert in_sight(page, selector), (way, selector)
    visit(page, "/extract/doe-2020")
    page.locator("#form").evaluate("each => each.scrollTo(0, each.scrollHeight)")
    assert in_sight(page, "#state")


# --- the keyboard alone -----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("folder")
def test_a_day_of_screening_needs_no_mouse(opened: Open) -> None:
    page = opened("/screen")
    title = page.locator("#title")
    first = title.inner_text()
    left = page.locator(".progress span")
    expect(left).to_contain_text("4 left")
    page.keyboard.press("n")
    expect(page.get_by_label("Note")).to_be_focused()
    page.keyboard.type("i was 12")
    expect(title).to_have_text(first)  # what is typed decides nothing
    page.keyboard.press("Escape")
    expect(page.get_by_label("Note")).not_to_be_focused()
    page.keyboard.press("2")
    expect(title).not_to_have_text(first)
    expect(left).to_contain_text("3 left")
    second = title.inner_text()
    page.keyboard.press("i")
    expect(left).to_contain_text("2 left")
    third = title.inner_text()
    page.keyboard.press("z")
    expect(title).to_have_text(second)
    expect(left).to_contain_text("3 left")
    page.keyboard.press("b")
    expect(title).to_have_text(third)
    visit(page, "/records?q=unknown+cause")
    page.get_by_role("link", name=first, exact=True).press("Enter")
    expect(page.locator(".exclude.chosen")).to_have_attribute("data-key", "2")
    expect(page.get_by_label("Note")).to_have_value("i was 12")
    page.keyboard.press("u")
    expect(left).to_contain_text("4 left")


@pytest.mark.usefixtures("folder")
def test_the_last_decision_is_undone_where_nothing_is_left(opened: Open) -> None:
    page = opened("/screen?stage=reports")
    title = page.locator("#title").inner_text()
    page.keyboard.press("i")
    expect(page.get_by_role("heading", name="Nothing is left for you to decide here")).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("n")
    page.keyboard.press("z")
    expect(page.locator("#title")).to_have_text(title)
    expect(page.locator(".progress span")).to_contain_text("1 left")


def test_the_abstract_scrolls_with_the_keys(opened: Open) -> None:
    page = opened("/screen", size=(1000, 420))
    page.keyboard.press("PageDown")
    page.wait_for_timeout(300)
    assert page.evaluate("document.scrollingElement.scrollTop") > 50
    assert in_sight(page, '[data-key="i"]')


def test_tab_reaches_all_controls_in_order_shows_where_it_is_and_leaves_again(opened: Open) -> None:
    page = opened()
    for way in ("/screen", "/conflicts", "/duplicates", "/extract/doe-2020"):
        visit(page, way)
        wanted = page.evaluate(
            "[...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex=\"0\"]')]"
            ".filter(each => !each.disabled && each.type !== 'hidden' && each.checkVisibility({visibilityProperty: true}))"
            ".map((each, at) => each.dataset.tabbed = String(at)).length"
        )
        reached: list[int] = []
        while True:
            page.keyboard.press("Tab")
            at, is_shown, is_left = page.evaluate(
                "(() => { const each = document.activeElement, style = getComputedStyle(each);"
                " const seen = each.matches('.unseen') ? getComputedStyle(each.parentElement) : style;"
                " return [each.dataset.tabbed, seen.outlineStyle !== 'none' && parseFloat(seen.outlineWidth) > 1,"
                " each === document.body || each.dataset.tabbed === undefined && !each.closest('[data-row]')]; })()"
            )
            if is_left:
                break
            assert is_shown, f"{way}: nothing shows that the focus is on control {at}"
            reached += [] if at is None else [int(at)]  # a row unfolds more of its own while one is in it
            assert len(reached) <= wanted, way
        assert reached == list(range(wanted)), way


def test_the_focus_is_not_hidden_behind_what_stands_still(opened: Open) -> None:
    page = opened("/extract/doe-2020")
    page.locator("#f-age_years [data-key=status]").focus()
    for _ in range(40):
        page.keyboard.press("Tab")
        assert page.evaluate(
            "(() => { const each = document.activeElement, box = each.getBoundingClientRect();"
            " const there = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);"
            " return each.contains(there); })()"
        ), page.evaluate("document.activeElement.outerHTML")


def test_what_is_typed_is_saved_and_only_the_end_is_announced(opened: Open, folder: Path) -> None:
    page = opened("/extract/doe-2020")
    state = page.locator("#state")
    box = page.locator("#f-country [data-key=value]")
    box.focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("Utopia")
    expect(state).to_have_text("Not saved yet.")
    expect(state).to_have_attribute("aria-live", "off")
    page.keyboard.press("Tab")
    page.keyboard.press("Control+s")
    expect(state).to_have_text("All is saved.")
    expect(state).to_have_attribute("aria-live", "polite")
    assert "country: Utopia" in (folder / "curated/reports/doe-2020.yaml").read_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_difference_shows_both_sides_and_can_be_reached(opened: Open, folder: Path, scheme: str) -> None:
    page = opened("/extract/doe-2020", color_scheme=scheme)
    report = folder / "curated/reports/doe-2020.yaml"
    report.write_text(report.read_text().replace("country: China", "country: Freedonia"))
    page.locator("#f-country [data-key=value]").fill("Utopia")
    page.locator("#f-sex [data-key=status]").focus()
    box = page.locator("#f-country [data-differs]")
    expect(box).to_contain_text("Freedonia")
    expect(box).to_contain_text("Utopia")
    expect(box).to_have_attribute("role", "alert")
    assert violations(page) == []
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    box.get_by_role("button", name="Write mine in its place").press("Enter")
    expect(box).to_be_hidden()
    assert "country: Utopia" in report.read_text()


def test_problems_belong_to_their_field(opened: Open) -> None:
    page = opened("/extract/roe-2021")
    field = page.locator("#f-antibodies")
    expect(field).to_have_accessible_description(re.compile("anti-MDA5; anti-Ro52"))
    expect(page.locator("#f-skin")).to_contain_text("While it is blank, it is not accessible")
    expect(page.locator("#f-sex")).not_to_contain_text("While it is blank")


def test_the_page_that_is_open_is_in_sight_among_the_pages_of_a_phone(opened: Open) -> None:
    page = opened("/table", size=PHONE)
    expect(page.locator(".top nav [aria-current]")).to_be_in_viewport(ratio=0.9)
