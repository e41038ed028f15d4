"""The whole of a review in the browser, by keyboard and mouse, and what git says of it afterwards."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.browsed import TEXT, commit, diff_of, write_review
from tests.support.window import opened


@pytest.fixture
def review(tmp_path: Path) -> Path:
    folder = write_review(tmp_path / "review")
    commit(folder)
    return folder


@pytest.fixture
def page(browser: Browser, review: Path) -> Iterator[Page]:
    # A browser tells of each answer that is an error; 409 is that of a stale tab.
    with opened(browser, review, unless="409") as page:
        yield page


def decided(folder: Path) -> list[str]:
    """What the tests added to the decisions, a line each, without the day."""
    lines = [line.strip("+ ") for line in diff_of(folder)]
    return [line for line in lines if not line.startswith(("when:", "by: A. Curator"))]


def press(page: Page, key: str) -> None:
    """Presses a key, and waits until the next record is shown."""
    before = page.locator("form.decide input[name=record]").input_value()
    page.keyboard.press(key)
    expect(page.locator("form.decide input[name=record]")).not_to_have_value(before)


def test_twenty_records_are_screened_by_keyboard(page: Page, review: Path) -> None:
    page.get_by_role("link", name="Screening", exact=True).click()
    expect(page.locator("h1 mark, .abstract mark").first).to_be_visible()
    expect(page.locator(".progress")).to_contain_text("0 of 22 decided by you, 22 left")
    keys = [("i", "include"), ("1", "exclude"), ("2", "exclude")]
    for number in range(20):
        press(page, keys[number % 3][0])
    expect(page.locator(".progress")).to_contain_text("20 of 22 decided by you, 2 left")
    lines = diff_of(review)
    assert len([line for line in lines if line.startswith("+") and "record: pmid:400000" in line]) == 20
    assert not [line for line in lines if line.startswith("-")]
    assert lines.count("+    reason: other-drug") == 7
    assert lines.count("+    reason: no-case") == 6
    assert lines.count(f"+    when: {dt.datetime.now(dt.UTC).date()}") == 20
    text = (review / "curated/screening.yaml").read_text()
    assert "# the first one that we found" in text
    assert "- record: pmid:40000001  # Lung A, the report that is extracted" in text


def test_a_note_undo_back_and_undecided(page: Page, review: Path) -> None:
    page.goto(page.url.rstrip("/") + "/screen")
    first = page.locator("form.decide input[name=record]").input_value()
    page.keyboard.press("n")
    page.keyboard.type("1 girl, interesting")
    page.keyboard.press("Enter")
    press(page, "i")
    assert [line for line in decided(review) if "note" in line] == ["note: 1 girl, interesting"]
    press(page, "z")
    expect(page.locator("form.decide input[name=record]")).to_have_value(first)
    expect(page.locator("form.decide [name=note]")).to_have_value("1 girl, interesting")  # what was typed is not lost
    assert not diff_of(review)
    press(page, "u")  # undecided: the next one, and nothing is written
    second = page.locator("form.decide input[name=record]").input_value()
    assert not diff_of(review)
    press(page, "1")
    press(page, "b")
    expect(page.locator("form.decide input[name=record]")).to_have_value(second)
    expect(page.locator("aside")).to_contain_text("You: excluded: other-drug")
    press(page, "2")  # another reason in place of the first
    assert [line for line in decided(review) if line.startswith("reason")] == ["reason: no-case"]
    press(page, "b")
    press(page, "u")  # taken back
    assert not diff_of(review)


def test_a_stale_tab_does_not_take_the_place_of_a_decision(page: Page, review: Path) -> None:
    base = page.url.rstrip("/")
    page.goto(f"{base}/screen?record=pmid:40000003")
    stale = page.context.new_page()
    stale.goto(f"{base}/screen?record=pmid:40000003")
    press(page, "i")
    before = (review / "curated/screening.yaml").read_bytes()
    stale.get_by_label("Note").fill("from the other tab")
    stale.get_by_label("Note").press("Enter")
    stale.keyboard.press("2")
    expect(stale.get_by_role("alert")).to_contain_text(
        "it was taken or changed meanwhile, in another tab or in the file"
    )
    expect(stale.locator("aside")).to_contain_text("You: included")
    expect(stale.get_by_label("Note")).to_have_value("from the other tab")
    assert (review / "curated/screening.yaml").read_bytes() == before


def test_a_conflict_is_settled(page: Page, review: Path) -> None:
    page.goto(page.url.rstrip("/") + "/conflicts")
    row = page.locator("article.conflict")
    expect(row).to_contain_text("B. Curator")
    expect(row).to_contain_text("excluded: no-case")
    expect(page.get_by_role("row", name="B. Curator and C. Curator")).to_contain_text("0 %")
    row.get_by_label("Settled by").fill("B. Curator and C. Curator")
    row.get_by_label("Note").fill("talked over")
    row.get_by_role("button", name="Include").click()
    expect(page.get_by_role("status")).to_contain_text("Settled: pmid:40000002 is included.")
    expect(page.locator("article.conflict")).to_have_count(0)
    added = [line.removeprefix("+").strip() for line in diff_of(review)]
    assert added[1:4] == ["stage: records", "decision: include", "by: B. Curator and C. Curator"]
    assert added[5:] == ["settles: yes", "note: talked over"]


EXTRACTED = """\
    # Patient
    age_years: {value: 7, reported: 7-year-old girl, where: Case presentation}  # Age; number in year, 0 to 120
    sex: {value: female, reported: girl, where: Case presentation}  # Sex; female or male

    # Disease
    signs:  # Signs; one or more of rash, fever or ulcer; may be left out
    ferritin:  # Ferritin; number in ng/ml, 0 to 100000; a list over time, each with 'when'
      - {value: 1271.4, when: admission, reported: "1,271.4 ng/ml", where: Case presentation}
      - {value: 316, when: day 20, reported: 316 ng/ml, where: Case presentation}

    # Treatment
    treatment:  # Treatment; a list of courses, each with drug, dose, route, schedule, start, stop and count, and 'unit' for the dose
      - {drug: tocilizumab, dose: 8, unit: mg/kg, reported: tocilizumab (8 mg/kg), where: Case presentation}
      - {drug: prednisolone, dose: not reported}
    outcome: {value: in remission, reported: in remission, where: Discussion}  # Outcome; text; at the end of follow-up
"""


def select(page: Page, words: str) -> None:
    """Selects a passage of the report's text, as a mouse would."""
    page.evaluate(
        """(words) => {
          const at = [...document.querySelectorAll("#content p")].find((each) => each.textContent.includes(words)).firstChild;
          const start = at.textContent.indexOf(words);
          const range = document.createRange();
          range.setStart(at, start);
          range.setEnd(at, start + words.length);
          const selection = document.getSelection();
          selection.removeAllRanges();
          selection.addRange(range);
        }""",
        words,
    )


def quote(page: Page, words: str) -> None:
    select(page, words)
    page.locator("#take button").click()
    expect(page.locator("#take")).to_be_hidden()


def saved(page: Page) -> None:
    expect(page.locator("#state")).to_have_text("All is saved.")


def test_a_case_is_extracted_and_the_table_built(page: Page, review: Path) -> None:
    texts = review / ".casetable/texts"
    page.get_by_role("link", name="Extraction", exact=True).click()
    page.get_by_role("button", name="Begin").click()
    page.wait_for_url("**/extract/*")
    name = page.url.rpartition("/")[2]
    path = review / f"curated/reports/{name}.yaml"
    begun = path.read_text()
    assert "  by: A. Curator" in begun
    # the text of the report, from a file
    page.locator("#file").set_input_files({"name": "mine.txt", "mimeType": "text/plain", "buffer": TEXT.encode()})
    expect(page.locator("#content")).to_contain_text("A 7-year-old girl")
    assert (texts / f"{name}.txt").read_text() == TEXT
    # the report itself
    page.locator("#report > summary").click()
    page.locator("#f-report-access select").select_option("full text")
    page.locator("#f-report-cases_in_report").get_by_label("Value").fill("1")
    page.locator("#f-report-eligible_cases").get_by_label("Value").fill("1")
    page.locator("#f-eligible select").select_option("yes")
    # the two panes scroll, the page does not
    page.locator("#f-outcome").evaluate("(field) => field.scrollIntoView({block: 'start'})")
    assert page.evaluate("document.scrollingElement.scrollTop + document.querySelector('main').scrollTop") == 0
    # cells, by quotes
    page.locator("#f-age_years").get_by_label("Value").focus()
    quote(page, "7-year-old girl")
    expect(page.locator("#f-age_years").get_by_label("Value")).to_have_value("7")
    expect(page.locator("#f-age_years .outcome")).to_contain_text("stands in the text")
    page.locator("#f-sex select[data-key=value]").select_option("female")
    quote(page, "girl")
    expect(page.locator("#f-sex .outcome")).to_contain_text("stands in the text")
    # a measure over time
    field = page.locator("#f-ferritin")
    for number, (words, when) in enumerate([("1,271.4 ng/ml", "admission"), ("316 ng/ml", "day 20")]):
        if number:
            field.get_by_role("button", name="Add a value over time").click()
        row = field.locator(".row").nth(number)
        row.get_by_label("Value").focus()
        quote(page, words)
        row.get_by_label("When").fill(when)
    expect(field.locator(".outcome")).to_have_count(2)
    # courses of treatment
    field = page.locator("#f-treatment")
    field.get_by_role("button", name="Add a course").click()
    row = field.locator(".row.course").nth(0)
    row.get_by_label("Drug").fill("tocilizumab")
    row.get_by_label("Dose").fill("8")
    row.get_by_label("Unit").fill("mg/kg")
    quote(page, "tocilizumab (8 mg/kg)")
    field.get_by_role("button", name="Add a course").click()
    row = field.locator(".row.course").nth(1)
    row.get_by_label("Drug").fill("prednisolone")
    row.get_by_label("Dose").fill("not reported")
    page.locator("#f-outcome").get_by_label("Value").focus()
    quote(page, "in remission")
    saved(page)
    expect(page.locator("#counts")).to_contain_text("0 problems")
    page.get_by_role("button", name="Record what stands in the text").click()
    expect(page.locator("p.said")).to_contain_text("cells with a value or quote stand in the text; it is recorded.")
    assert '"cell": "ferritin[2]"' in (review / "curated/verified.jsonl").read_text()
    text = path.read_text()
    assert text[text.index("    # Patient") :].startswith(EXTRACTED), text
    comments = [line.partition("#")[2] for line in begun.split("\n") if "#" in line]
    assert [line.partition("#")[2] for line in text.split("\n") if "#" in line] == comments
    # the table
    page.get_by_role("link", name="Table", exact=True).click()
    expect(page.locator("table.grid tbody")).to_contain_text("in remission")
    page.get_by_role("button", name="Build").click()
    expect(page.locator("[data-job=build]")).to_contain_text("files are in build/", timeout=60_000)
    assert "in remission" in (review / "build/table.csv").read_text()
    assert not diff_of(review)  # the extraction is new, and nothing else was touched


def test_what_the_rules_say_is_told_as_one_types(page: Page, review: Path) -> None:
    page.goto(page.url.rstrip("/") + "/extract")
    page.get_by_role("button", name="Begin").click()
    page.wait_for_url("**/extract/*")
    path = next((review / "curated/reports").iterdir())
    before = path.read_bytes()
    field = page.locator("#f-age_years")
    field.get_by_label("Value").press_sequentially("140")
    expect(field.locator(".problems")).to_contain_text("140 year is not within 0 to 120 year")
    assert path.read_bytes() == before  # it is tried, not written
    field.get_by_label("Value").fill("14")
    expect(field.locator(".problems li")).to_have_count(0)
    page.locator("#f-outcome").get_by_label("Value").focus()  # leaving the field writes it
    saved(page)
    assert b"age_years: 14" in path.read_bytes()
    page.locator("#undo").click()
    page.wait_for_load_state()
    expect(page.locator("#f-age_years").get_by_label("Value")).to_have_value("")
    assert path.read_bytes() == before


def test_a_field_that_was_edited_meanwhile_is_shown_and_not_overwritten(page: Page, review: Path) -> None:
    page.goto(page.url.rstrip("/") + "/extract")
    page.get_by_role("button", name="Begin").click()
    page.wait_for_url("**/extract/*")
    path = next((review / "curated/reports").iterdir())
    path.write_text(
        path.read_text().replace("    outcome:  #", "    outcome: died  #").replace("    sex:  #", "    sex: male  #")
    )
    outcome = page.locator("#f-outcome")
    outcome.get_by_label("Value").fill("in remission")
    page.locator("#f-age_years").get_by_label("Value").fill("7")
    expect(outcome.locator("[data-differs]")).to_contain_text("This field was edited meanwhile.")
    expect(outcome.locator("[data-differs] pre").nth(0)).to_have_text("died")
    expect(outcome.locator("[data-differs] pre").nth(1)).to_have_text("in remission")
    assert "outcome: died" in path.read_text()
    page.locator("#f-sex select[data-key=status]").focus()
    expect(page.locator("#f-age_years .problems li")).to_have_count(0)
    page.wait_for_function("!document.querySelector('.saving')")
    assert "age_years: 7  #" in path.read_text()  # another field of the file is no matter
    assert "sex: male  #" in path.read_text()
    outcome.get_by_role("button", name="Write mine in its place").click()
    saved(page)
    assert "outcome: in remission  #" in path.read_text()
