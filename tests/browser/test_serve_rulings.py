"""Rulings, claims and the refresh in the browser, and what the files say of them afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e import eutils_server
from tests.support.browsed import add_rulings, commit, diff_of, write_review
from tests.support.serving import serving
from tests.support.window import opened


@pytest.fixture
def review(tmp_path: Path) -> Path:
    folder = write_review(tmp_path / "review")
    add_rulings(folder)
    commit(folder)
    return folder


def test_duplicates_overlaps_and_claims_are_ruled_on(browser: Browser, review: Path) -> None:
    with opened(browser, review) as page:
        page.goto("/duplicates")
        pair = page.locator("article.pair")
        expect(pair).to_contain_text("The same title, no authors to compare")
        pair.get_by_label("Note").fill("a conference abstract")
        pair.get_by_role("button", name="Different reports").click()
        expect(page.get_by_role("status")).to_contain_text("Ruled: embase:7 and pmid:40000003 are different reports.")
        expect(pair).to_have_count(0)
        told = (review / "curated/duplicates.yaml").read_text()
        assert 'records: ["embase:7", pmid:40000003]' in told
        assert "note: a conference abstract" in told
        page.get_by_role("button", name="Take back").click()
        expect(page.get_by_role("status")).to_contain_text("The ruling is taken back.")
        expect(pair).to_have_count(1)

        page.goto("/overlaps")
        pair = page.locator("article.pair")
        expect(pair).to_contain_text("doe-2020/1 and roe-2021/1")
        pair.get_by_role("button", name="One patient").click()
        expect(page.get_by_role("status").first).to_contain_text("Ruled: doe-2020/1 and roe-2021/1: same.")
        assert "cases: [doe-2020/1, roe-2021/1]" in (review / "curated/overlaps.yaml").read_text()
        page.goto("/table")
        expect(page.locator(".count")).to_have_text("2 cases of 1 patient")

        page.goto("/claims")
        claim = page.locator("article.claim")
        expect(claim).to_contain_text("false")
        expect(claim).to_contain_text("doe-2020/1, roe-2021/1")
        claim.locator("details.edit > summary").click()
        claim.get_by_label("Sentence").fill("Some children were treated so.")
        claim.get_by_label("Expected").fill("some")
        claim.get_by_role("button", name="Change the claim").click()
        expect(claim.locator(".tag")).to_have_text("true")
    assert diff_of(review) == [
        "-    text: No child was treated so.",
        "+    text: Some children were treated so.",
        "-    expected: none",
        "+    expected: some",
    ]


def test_a_claim_is_accepted_with_a_reason(browser: Browser, review: Path) -> None:
    with opened(browser, review) as page:
        page.goto("/claims")
        claim = page.locator("article.claim")
        claim.locator("details.edit > summary").click()
        claim.get_by_label("Why it is accepted").fill("the third came after the search")
        claim.get_by_role("button", name="Accept C101").click()
        expect(claim).to_contain_text("Accepted by A. Curator")
    told = "\n".join(diff_of(review))
    assert "+    reason: the third came after the search" in told
    assert "# decided in January" in (review / "review.yaml").read_text()


def test_a_refresh_is_told_while_it_runs(browser: Browser, tmp_path: Path) -> None:
    folder = write_review(tmp_path / "review", has_conflict=False)
    with eutils_server.serving() as service:
        service.add("50000001", "A new invented case of a rash")
        service.found = ["50000001"]
        with opened(browser, folder, CASETABLE_EUTILS_URL=service.url) as page:
            expect(page.get_by_role("row", name="main")).to_contain_text("2026-01-10")
            page.get_by_role("button", name="Search again").click()
            job = page.locator("[data-job=refresh]")
            expect(job).to_contain_text("1 search was run: 1 hit is new, 24 are gone", timeout=30_000)
            expect(page.get_by_role("row", name="main")).to_contain_text("1 new, 24 gone")
            page.goto("/screen?record=pmid:50000001")
            expect(page.locator(".abstract")).to_have_text("Invented.")
    assert "pmid:50000001" in (folder / "queries/records.jsonl").read_text()


def test_a_refresh_that_cannot_reach_its_source_changes_nothing(browser: Browser, tmp_path: Path) -> None:
    folder = write_review(tmp_path / "review", has_conflict=False)
    commit(folder)
    with opened(browser, folder, CASETABLE_EUTILS_URL="http://127.0.0.1:9/", NCBI_API_KEY="") as page:
        page.get_by_role("button", name="Search again").click()
        expect(page.locator("[data-job=refresh]")).to_contain_text("nothing was changed", timeout=60_000)
    assert not diff_of(folder)


def test_two_screeners_in_two_browsers(browser: Browser, tmp_path: Path) -> None:
    folder = write_review(tmp_path / "review", screeners=2, has_conflict=False)
    with serving(folder, tmp_path / "logs") as server:
        pages = []
        for name in ("A. Curator", "B. Curator"):
            page = browser.new_context(viewport={"width": 1000, "height": 700}, base_url=server.base).new_page()
            page.goto(server.address)
            page.wait_for_url(server.base + "/")
            page.locator("details.who > summary").click()
            page.get_by_label("Your name").fill(name)
            page.get_by_role("button", name="Use this name").click()
            expect(page.locator("details.who > summary")).to_have_text(name)
            pages.append(page)
        one, other = pages
        one.goto("/screen?record=pmid:40000003")
        one.keyboard.press("n")
        one.keyboard.type("surely")
        one.keyboard.press("Escape")
        one.keyboard.press("i")
        one.wait_for_url("**/screen?*after*")
        other.goto("/screen?record=pmid:40000003")
        expect(other.locator("aside")).to_contain_text("What others decide is shown when you have decided.")
        told = other.content()
        assert "surely" not in told
        assert "included" not in told
        other.keyboard.press("2")
        other.wait_for_url("**/screen?*after*")
        other.goto("/conflicts")
        expect(other.locator("article.conflict")).to_contain_text("surely")
        for page in pages:
            page.context.close()
