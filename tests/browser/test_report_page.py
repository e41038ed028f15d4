"""The report page in Chromium, from disk and without a network: sort, filter, columns, provenance, keyboard, print, axe."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from pypdf import PdfReader

from casetable.edition import Edition
from casetable.render.report import render_report
from casetable.render.text import render_cells, render_table
from tests.support.paged import HOSTILE, hostile, sample

SVG = b"<svg xmlns='http://www.w3.org/2000/svg' width='60' height='40'><rect width='60' height='40'/></svg>"
EDITIONS: dict[str, Callable[[], Edition]] = {"sample": sample, "hostile": hostile}

Open = Callable[..., Page]


@pytest.fixture(scope="session")
def pages(folder: Path) -> dict[str, str]:
    """The addresses of the pages, as files."""
    found = {}
    for name, make in EDITIONS.items():
        path = folder / f"{name}.html"
        figures = {"doe-2020/a": SVG, "doe-2020/1": SVG}
        path.write_bytes(render_report(make(), diagram=SVG, figures=figures, beside=["table.docx"]))
        found[name] = path.as_uri()
    return found


@pytest.fixture
def opened(browser: Browser, pages: dict[str, str]) -> Iterator[Open]:
    """Opens a page in a window of its own. At the end nothing may have been said to the console, asked for or popped up."""
    contexts: list[BrowserContext] = []
    heard: list[str] = []

    def opened(name: str = "sample", **options: Any) -> Page:
        context = browser.new_context(offline=True, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(5000)
        page.on("console", lambda message: heard.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: heard.append(str(error)))
        page.on("dialog", lambda box: (heard.append(box.message), box.dismiss()))
        page.on("popup", lambda popup: heard.append(popup.url))
        page.on(
            "request",
            lambda request: (
                None if request.url == pages[name] or request.url.startswith("data:") else heard.append(request.url)
            ),
        )
        page.goto(pages[name])
        return page

    yield opened
    for context in contexts:
        context.close()
    assert heard == []


def table(page: Page, number: int = 0) -> Locator:
    return page.locator("main .table").nth(number)


def cases(page: Page, number: int = 0) -> list[str]:
    """The rows that are shown, each as "Doe 2020 a"."""
    rows = table(page, number).locator("tbody tr:not(.group):visible th")
    return [re.sub(r"\s*case ", " ", text.replace("\n", " ")) for text in rows.all_inner_texts()]


def head(page: Page, label: str) -> Locator:
    return table(page).get_by_role("columnheader", name=label)


def cell(page: Page, row: int, column: int) -> Locator:
    return table(page).locator("tbody tr:not(.group)").nth(row).locator("td button").nth(column)


BUILT = ["Doe 2020 a", "Doe 2020 b", "Roe 2022 1", "Roe 2022 2"]


def test_heads_sort_up_down_and_back_with_reasons_last(opened: Open) -> None:
    page = opened()
    assert cases(page) == BUILT
    age = head(page, "Age (year)")
    age.get_by_role("button").click()
    expect(age).to_have_attribute("aria-sort", "ascending")
    assert cases(page) == ["Doe 2020 a", "Roe 2022 1", "Doe 2020 b", "Roe 2022 2"]
    age.get_by_role("button").press("Enter")
    expect(age).to_have_attribute("aria-sort", "descending")
    assert cases(page) == ["Doe 2020 b", "Roe 2022 1", "Doe 2020 a", "Roe 2022 2"]
    expect(age.get_by_role("button")).to_be_focused()
    age.get_by_role("button").press("Enter")
    assert age.get_attribute("aria-sort") is None
    assert cases(page) == BUILT


def test_choices_sort_in_the_forms_order_and_reports_by_name(opened: Open) -> None:
    page = opened()
    head(page, "Sex").get_by_role("button").click()
    assert cases(page) == ["Doe 2020 a", "Roe 2022 1", "Doe 2020 b", "Roe 2022 2"]
    report = head(page, "Report").get_by_role("button")
    report.click()
    report.click()
    assert cases(page) == ["Roe 2022 1", "Roe 2022 2", "Doe 2020 a", "Doe 2020 b"]
    page.get_by_role("button", name="Show all").click()
    assert cases(page) == BUILT


def test_a_word_finds_cases_and_the_count_is_told(opened: Open) -> None:
    page = opened()
    box = page.get_by_role("searchbox", name="Find in the cases").first
    status = table(page).get_by_role("status")
    expect(status).to_have_text("4 of 4 cases shown")
    box.fill("zürich OLD")
    assert cases(page) == ["Doe 2020 a"]
    expect(status).to_have_text("1 of 4 cases shown")
    box.fill("nowhere")
    expect(status).to_have_text("0 of 4 cases shown")
    page.get_by_role("button", name="Show all").click()
    assert cases(page) == BUILT
    expect(box).to_be_focused()


def test_columns_filter_by_choice_and_by_how_a_cell_is_known(opened: Open) -> None:
    page = opened()
    page.locator("summary", has_text="Filter by column").first.click()
    sex = page.get_by_role("combobox", name="Sex").first
    expect(sex.locator("option")).to_have_text(["any", "female", "male", "not accessible"])
    sex.select_option("female")
    assert cases(page) == ["Doe 2020 a", "Roe 2022 1"]
    page.get_by_role("combobox", name="City").first.select_option("incomplete")
    assert cases(page) == ["Roe 2022 1"]
    expect(page.locator(".filters .active").first).to_have_text("2")
    page.keyboard.press("Escape")
    expect(page.locator("summary", has_text="Filter by column").first).to_be_focused()


def test_columns_can_be_left_out(opened: Open) -> None:
    page = opened()
    page.locator("summary", has_text="Columns").first.click()
    page.get_by_role("checkbox", name="Sex").first.uncheck()
    expect(head(page, "Sex")).to_be_hidden()
    expect(cell(page, 0, 1)).to_be_hidden()
    expect(cell(page, 0, 2)).to_be_visible()
    page.get_by_role("checkbox", name="Sex").first.check()
    expect(cell(page, 0, 1)).to_be_visible()


def test_further_tables_are_a_choice_away_with_their_groups(opened: Open) -> None:
    page = opened()
    expect(table(page, 1)).to_be_hidden()
    page.get_by_text("By sex", exact=True).first.click()
    expect(table(page)).to_be_hidden()
    assert table(page, 1).locator(".group").all_inner_texts() == ["Sex: female", "Sex: male", "Sex: not accessible"]
    assert cases(page, 1) == ["Roe 2022 1", "Doe 2020 a", "Doe 2020 b", "Roe 2022 2"]
    table(page, 1).get_by_role("searchbox").fill("aarau")
    assert table(page, 1).locator(".group:visible").all_inner_texts() == []
    table(page, 1).get_by_role("searchbox").fill("30")
    assert table(page, 1).locator(".group:visible").all_inner_texts() == ["Sex: male"]


def test_a_cell_tells_what_stands_behind_it(opened: Open) -> None:
    page = opened()
    cell(page, 0, 0).click()
    dialog = page.get_by_role("dialog", name="Age (year)")
    expect(dialog).to_contain_text("Doe 2020, case a")
    expect(dialog).to_contain_text("1.5 year")
    expect(dialog.locator("blockquote")).to_have_text("“eighteen months”")
    expect(dialog).to_contain_text("Place: p. 1 · found in the report's text (verified): doe.pdf, 2026-01-12")
    expect(dialog).to_contain_text("counted from birth")
    expect(dialog).to_contain_text("The form asks: at admission")
    expect(dialog).to_contain_text("access: full text; extracted by A on 2026-01-15")
    expect(dialog.get_by_role("link")).to_have_attribute("href", "https://doi.org/10.1234/doe")
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()
    cell(page, 0, 2).click()
    taken = page.locator("dialog .behind.taken")
    expect(taken).to_have_count(1)
    expect(taken).to_contain_text("1200 ng/ml (day 3) in the table")
    expect(page.locator("dialog .behind")).to_have_count(3)


def test_conflicts_derived_values_courses_and_reasons_are_explained(opened: Open) -> None:
    page = opened()
    dialog = page.get_by_role("dialog")
    for row, column, told in (
        (1, 0, ["30 year / 31 year", "conflicting: the report contradicts itself", "Version 1: 30 year", "“thirty”", "Place: Text", "Place: Table 1", "odd"]),
        (2, 1, ["female", "derived: follows from", "Derived from: that she was pregnant"]),
        (0, 3, ["Course 1", "dose: 8 mg/kg", "route: iv", "the only one", "Course 2", "dose: not reported", "the report was read and does not say it"]),
        (3, 0, ["not accessible: the report could not be read as far as this", "access: abstract"]),
        (2, 4, ["incomplete", "the extraction is not finished here"]),
    ):  # fmt: skip
        cell(page, row, column).click()
        for text in told:
            expect(dialog).to_contain_text(text)
        page.keyboard.press("Escape")


def test_a_report_opens_all_fields_of_its_case_with_the_figure(opened: Open) -> None:
    page = opened()
    table(page).get_by_role("button", name="Doe 2020").first.click()
    dialog = page.get_by_role("dialog", name="Doe 2020, case a")
    assert dialog.locator("dt").all_inner_texts() == ["Age (year)", "Sex", "City", "Marker (ng/ml)", "Drug"]
    assert dialog.locator("h3").all_text_contents() == ["Patient", "Laboratory", "Treatment"]
    figure = dialog.get_by_role("img", name="Clinical course of Doe 2020, case a")
    assert figure.evaluate("image => image.decode().then(() => image.naturalWidth)") == 60


def test_the_keyboard_suffices(opened: Open) -> None:
    page = opened()
    expect(page.get_by_text("need JavaScript")).to_be_hidden()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the review")).to_be_focused()
    page.get_by_role("link", name="Skip the table").first.focus()
    page.keyboard.press("Tab")
    for _ in range(1 + 6 + 2):  # the region, its heads, the first row's head and first cell
        page.keyboard.press("Tab")
    page.keyboard.press("Shift+Tab")
    expect(cell(page, 0, 0)).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    expect(cell(page, 1, 1)).to_be_focused()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Sex")
    expect(dialog).to_be_visible()
    assert page.evaluate("document.activeElement.closest('dialog') !== null")
    dialog.get_by_role("button", name="All fields of this case").press("Enter")
    expect(page.get_by_role("dialog", name="Doe 2020, case b")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(cell(page, 1, 1)).to_be_focused()


def test_downloads_are_the_files_that_stand_beside(opened: Open, tmp_path: Path) -> None:
    page = opened()
    edition = sample()
    head(page, "Age (year)").get_by_role("button").click()
    for name, data in (("table.csv", render_table(edition.table)), ("cells.csv", render_cells(edition.table))):
        assert downloaded(page, name, tmp_path) == data
    page.locator("summary", has_text="Columns").first.click()
    for label in ("Sex", "Drug", "City"):
        page.get_by_role("checkbox", name=label).first.uncheck()
    page.get_by_role("searchbox").first.fill("doe")
    assert downloaded(page, "table-shown.csv", tmp_path) == (
        b"report,case,age,marker_highest\ndoe-2020,a,1.5,1200\ndoe-2020,b,30 / 31 (conflicting),not reported\n"
    )
    expect(page.get_by_role("link", name="table.docx")).to_have_attribute("href", "table.docx")


def downloaded(page: Page, name: str, folder: Path) -> bytes:
    with page.expect_download() as waited:
        page.get_by_role("button", name=name, exact=True).click()
    assert waited.value.suggested_filename == name
    waited.value.save_as(folder / name)
    return (folder / name).read_bytes()


@pytest.mark.parametrize("width", [375, 1000])
def test_the_page_does_not_scroll_sideways(opened: Open, width: int) -> None:
    for name in EDITIONS:
        page = opened(name, viewport={"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        head_row, first = table(page).locator("thead"), table(page).locator("tbody th").last
        scroll = table(page).locator(".scroll")
        left = first.bounding_box()
        scroll.evaluate("box => box.scrollBy(200, 0)")
        assert left is not None
        assert first.bounding_box() == left
        assert head_row.evaluate("head => getComputedStyle(head).position") == "sticky"


def test_the_dark_page_is_dark(opened: Open) -> None:
    color = "getComputedStyle(document.body).backgroundColor"
    assert opened(color_scheme="light").evaluate(color) == "rgb(251, 251, 249)"
    assert opened(color_scheme="dark").evaluate(color) == "rgb(19, 24, 29)"


def test_print_has_every_row_and_no_controls(opened: Open, tmp_path: Path) -> None:
    page = opened()
    page.pdf(path=tmp_path / "page.pdf", prefer_css_page_size=True)
    printed = PdfReader(tmp_path / "page.pdf")
    assert float(printed.pages[0].mediabox.width) > float(printed.pages[0].mediabox.height)
    # The fonts of a print have ligatures.
    text = unicodedata.normalize("NFKC", " ".join(" ".join(each.extract_text() for each in printed.pages).split()))
    for told in ("eighteen months", "Find in the cases", "Filter by column", "table-shown.csv"):
        assert told not in text
    for told in ("Zürich, the old town", "30 / 31 (conflicting)", "dose not reported", "not accessible", "Sex: male"):
        assert told in text


def test_without_javascript_the_tables_are_all_there(opened: Open) -> None:
    page = opened(java_script_enabled=False)
    assert cases(page) == BUILT
    expect(page.get_by_role("heading", name="By sex")).to_be_visible()
    expect(page.get_by_role("searchbox")).to_have_count(0)
    expect(page.get_by_text("need JavaScript")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(opened: Open, scheme: str) -> None:
    source = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
    for name in EDITIONS:
        page = opened(name, color_scheme=scheme, reduced_motion="reduce", viewport={"width": 1200, "height": 900})
        page.evaluate(source)
        page.locator("details").evaluate_all("all => all.forEach(each => each.open = true)")
        assert violations(page) == []
        page.locator("details.menu").evaluate_all("all => all.forEach(each => each.open = false)")
        for opener in (cell(page, 0, 1), table(page).locator("tbody tr:not(.group) th button").first):
            opener.click()
            assert violations(page) == []
            page.keyboard.press("Escape")


def violations(page: Page) -> list[tuple[str, list[str]]]:
    found = page.evaluate("axe.run()")
    assert len(found["passes"]) > 15
    return [(each["id"], [node["html"][:300] for node in each["nodes"]]) for each in found["violations"]]


def test_a_title_is_an_attacker_and_gets_nowhere(opened: Open) -> None:
    page = opened("hostile")
    tags = set(page.evaluate("[...new Set([...document.querySelectorAll('*')].map(each => each.localName))]"))
    assert not tags & {"iframe", "object", "embed", "base", "form"}
    for opener in table(page).locator("tbody tr:not(.group) button").all():
        opener.click()
        expect(page.get_by_role("dialog")).to_be_visible()
        page.keyboard.press("Escape")
    table(page).locator("tbody tr:not(.group) button").first.click()
    expect(page.get_by_role("dialog")).to_contain_text(HOSTILE)
    page.keyboard.press("Escape")
    page.locator("summary", has_text="Filter by column").first.click()
    assert HOSTILE in page.locator(".filters option").all_inner_texts()
    page.keyboard.press("Escape")
    page.get_by_role("searchbox").first.fill(HOSTILE)
    assert page.evaluate("[typeof window.__pwned, document.scripts.length, document.querySelectorAll('[onerror]').length]") == [
        "undefined", 3, 0,
    ]  # fmt: skip
    assert page.evaluate("[...document.images].every(image => image.src.startsWith('data:image/svg+xml;base64,'))")
