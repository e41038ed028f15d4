"""build/report.html as the command writes it: from the review alone, whatever the day, and with what is open on the review's own day."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

from casetable.review import Review
from casetable.workflow import checked_on
from casetable.workflow.building import build
from casetable.workspace import Workspace
from tests.conftest import TODAY
from tests.e2e.conftest import casetable
from tests.unit.test_completeness import signed

LATER = dt.date(2029, 1, 20)


def test_the_page_does_not_hang_on_the_day_while_the_check_does(example: Path) -> None:
    workspace = Workspace(example)
    pages, codes = [], []
    for today in (TODAY, LATER):
        built = build(workspace, today)
        pages.append((example / "build/report.html").read_bytes())
        codes.append({problem.code for problem in built.problems})
    assert pages[0] == pages[1]
    assert b"The check of the review finds none, as of the day of the last search." in pages[0]
    assert codes == [set(), {"Q102", "R106"}]


def test_a_check_on_two_days_is_two_checks(example: Path) -> None:
    review = Review(Workspace(example).load())
    both = checked_on(review, [TODAY, LATER])
    assert both == (checked_on(review, [TODAY])[0], checked_on(review, [LATER])[0])
    assert both[0] != both[1]
    assert review.searched_on == dt.date(2026, 1, 10)


def test_a_search_that_was_too_old_on_the_day_of_the_last_is_told(example: Path) -> None:
    path = example / "queries/searches.jsonl"
    path.write_bytes(signed(path.read_bytes().replace(b"2026-01-10", b"2024-01-10", 1)))
    build(Workspace(example), TODAY)
    page = (example / "build/report.html").read_text()
    assert "The check of the review leaves open: " in page
    assert "was last run 731 days ago, on 2024-01-10; the protocol allows 365" in page


def test_a_verified_cell_is_marked_until_it_changes(example: Path) -> None:
    report = example / "curated/reports/doe-2020.yaml"
    review = Review(Workspace(example).load())
    name = next(name for name in review.verifiable if name[2] == "age_years")
    assert review.verified == {}
    text = example / "doe.txt"
    text.write_text("Case presentation\n\nA 3-year-old girl was seen.\n")
    casetable("verify", "doe-2020", "--text", str(text), cwd=example)
    assert name in Review(Workspace(example).load()).verified
    report.write_text(report.read_text().replace("age_years: 3", "age_years: 4"))
    assert name not in Review(Workspace(example).load()).verified


def test_what_is_open_is_told_with_its_rule_and_links_lead_to_the_files_beside(example: Path) -> None:
    report = example / "curated/reports/doe-2020.yaml"
    report.write_text(report.read_text().replace("age_years: 3", "age_years: not accessible"))
    assert casetable("build", cwd=example).code == 0
    page = (example / "build/report.html").read_text()
    assert (
        'E113 <span class="summary">a cell is &#39;not accessible&#39; although the report was read in full</span> <b>1</b>'
        in page
    )
    beside = {
        path.relative_to(example / "build").as_posix() for path in (example / "build").rglob("*") if path.is_file()
    }
    for name in beside - {"report.html"}:
        if not Path(name).name.startswith("."):
            assert f'<li><a href="{name}">{name}</a></li>' in page
    data = json.loads(page.split('id="data">')[1].split("</script>")[0])
    assert data["cases"][0][4][0][1] == [6], "a reason and nothing else"
