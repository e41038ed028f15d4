"""A new review by someone else: init, the steps that check names, screening at the keyboard, extraction, the table."""

from __future__ import annotations

import csv
from pathlib import Path

from tests.e2e.conftest import at_keyboard, casetable, commit_all, git
from tests.e2e.eutils_server import Service


def filled_in(folder: Path, name: str, **blanks: str) -> None:
    path = folder / name
    text = path.read_text()
    for key, value in blanks.items():
        lines = [f"{key}: {value}" if line.startswith(f"{key}:") else line for line in text.splitlines()]
        text = "\n".join(lines) + "\n"
    path.write_text(text)


def test_from_init_to_the_table(tmp_path: Path, service: Service) -> None:
    folder = tmp_path / "bees"
    ran = casetable("init", "bees", cwd=tmp_path)
    assert ran.code == 0
    assert "next: cd bees, fill in review.yaml, and run 'casetable check'" in ran.err
    again = casetable("init", "bees", cwd=tmp_path)
    assert again.code == 2
    assert "already; nothing was written" in again.err
    commit_all(folder)

    first = casetable("check", cwd=folder)
    assert first.code == 1
    for step in (
        "review.yaml:4:7: P104 title: is not filled in yet; expected the title of the review",
        "P104 question: is not filled in yet",
        "P104 eligibility: is not filled in yet; expected what a case must have, as a list under 'include'",
        "queries/main.yaml:5:9: P102 purpose: does not say what it is for; expected 'purpose'",
        "queries/main.yaml:6:10: P102 strategy: a database search has no query text; expected it behind 'strategy:'",
    ):
        assert step in first.out

    filled_in(folder, "review.yaml", title="Bee stings in invented patients", question="What became of them?")
    text = (folder / "review.yaml").read_text()
    (folder / "review.yaml").write_text(text.replace("    # - what a case must have, one line each", "    - a sting"))
    filled_in(folder, "queries/main.yaml", purpose="to find stings", strategy="bee sting[tiab]")
    second = casetable("check", cwd=folder)
    assert second.code == 0
    assert "queries/main.yaml:3:1: Q101 warning: main: was never run" in second.out

    service.add("21", "A girl stung by a bee", author="Apis")
    service.add("22", "A boy stung by a wasp", author="Vespa")
    service.add("23", "A review of stings", author="Bombus")
    service.found = ["21", "22", "23"]
    assert casetable("refresh", cwd=folder, CASETABLE_EUTILS_URL=service.url).code == 0
    assert casetable("check", cwd=folder).out.count("nobody decided on") == 3

    # The newest comes first: 21, then 22; the first decision is taken back and taken again.
    screen = at_keyboard(folder, ["i", "u", "i", ("e", "2"), "s", "q"])
    assert "[1/3] A girl stung by a bee with italics." in screen
    assert "taken back" in screen
    assert "excluded: other-condition" in screen
    assert "2 decided, 1 undecided; every decision is in the file" in screen
    ran = casetable("screen", "pmid:23", "--exclude", "not-a-case", "--note", "a review: no patient", cwd=folder)
    assert ran.out == "recorded: pmid:23 excluded: not-a-case (stage records, by A. Curator)\n"
    decisions = (folder / "curated/screening.yaml").read_text()
    head = "# yaml-language-server: $schema=../.casetable/schema/screening.json\n# Decisions on records and reports."
    assert decisions.startswith(head)
    assert decisions.count("- record: pmid:21  # Apis 2020, A girl stung by a bee") == 1
    assert 'note: "a review: no patient"' in decisions
    twice = casetable("screen", "pmid:23", "--include", cwd=folder)
    assert twice.code == 2
    assert "A. Curator decided 'exclude' on pmid:23 already" in twice.err
    wrong = casetable("screen", "pmid:21", "--exclude", "boring", cwd=folder)
    assert "'boring' is no reason of the protocol; expected not-a-case, other-condition or other-treatment" in wrong.err

    check = casetable("check", cwd=folder)
    assert (
        "S105 pmid:21: pmid:21, Apis 2020, is included but has no extraction; next: casetable new pmid:21" in check.out
    )
    new = casetable("new", "pmid:21", cwd=folder)
    assert new.out == "wrote curated/reports/apis-2020.yaml\n"
    assert casetable("new", "pmid:21", cwd=folder).code == 2, "an extraction is never overwritten"
    report = folder / "curated/reports/apis-2020.yaml"
    text = report.read_text()
    for field in ("age_years", "sex", "country", "diagnosis", "treatment", "outcome", "follow_up_months"):
        assert f"\n    {field}:  # " in text
    assert "age_years:  # Age; number in year, 0 to 120" in text
    assert "sex:  # Sex; female or male" in text
    blank = casetable("check", cwd=folder)
    assert "apis-2020.yaml" in blank.out
    assert "E101 sex: case 1: is blank; expected a value, or not reported" in blank.out

    for old, value in (
        ("access:  #", "access: full text  #"),
        ("  by:", "  by: A. Curator"),
        ("  when:  #", "  when: 2026-02-03  #"),
        ("cases_in_report:", "cases_in_report: 1"),
        ("eligible_cases:", "eligible_cases: 1"),
        ("    eligible:  #", "    eligible: yes  #"),
        ("    age_years:  #", "    age_years: {value: 30, unit: month, reported: 30-month-old, where: Case}  #"),
        ("    sex:  #", "    sex: {value: female, reported: girl, where: Case}  #"),
        ("    country:  #", "    country: not reported  #"),
        ("    diagnosis:  #", "    diagnosis: {derived: bee sting, from: the title}  #"),
        ("    treatment:  #", "    treatment: [{drug: adrenaline, dose: 0.01, unit: mg/kg, where: Case}]  #"),
        ("    outcome:  #", "    outcome: recovered  #"),
        ("    follow_up_months:  #", "    follow_up_months: {value: 26, unit: week, where: Case}  #"),
    ):
        assert old in text
        text = text.replace(old, value, 1)
    report.write_text(text)
    done = casetable("check", cwd=folder)
    assert done.code == 0, done.out
    assert (
        done.out.splitlines()[-1]
        == "checked 1 search, 3 hits, 1 report, 1 case (1 eligible), 8 cells (0 of 6 with a quote or value verified): 0 errors, 0 warnings"
    )
    assert casetable("build", cwd=folder).code == 0
    with (folder / "build/table.csv").open(newline="") as file:
        [row] = csv.DictReader(file)
    assert row == {
        "report": "apis-2020",
        "case": "1",
        "age_years": "2.5",
        "sex": "female",
        "country": "not reported",
        "diagnosis": "bee sting (derived)",
        "treatment": "adrenaline 0.01 mg/kg",
        "outcome": "recovered",
        "follow_up_months": "5.98",
    }
    changed = git(folder, "status", "--porcelain").split()
    assert "build/" not in changed, "what was built stays out of git"


def test_screening_that_is_broken_off_loses_nothing(tmp_path: Path, service: Service) -> None:
    casetable("init", "bees", cwd=tmp_path)
    folder = tmp_path / "bees"
    filled_in(folder, "queries/main.yaml", purpose="to find stings", strategy="bee sting[tiab]")
    commit_all(folder)
    service.add("21", "A girl stung by a bee", author="Apis")
    service.add("22", "A boy stung by a wasp", author="Vespa")
    service.found = ["21", "22"]
    assert casetable("refresh", cwd=folder, CASETABLE_EUTILS_URL=service.url).code == 0
    at_keyboard(folder, ["i", "q"])
    assert "record: pmid:21" in (folder / "curated/screening.yaml").read_text()
    ran = casetable("screen", cwd=folder)
    assert ran.code == 2
    assert "there is no keyboard here; expected 'casetable screen RECORD --include' or '--exclude REASON'" in ran.err


def test_new_and_screen_dry_run_write_nothing(example: Path) -> None:
    before = {path: path.read_bytes() for path in example.rglob("*") if path.is_file()}
    (example / "curated/reports/doe-2020.yaml").unlink()
    ran = casetable("new", "pmid:11", "--dry-run", cwd=example)
    assert ran.code == 0
    assert "report: pmid:11" in ran.out
    assert not (example / "curated/reports/doe-2020.yaml").exists()
    commit_all(example)
    ran = casetable("screen", "own:r1", "--include", "--stage", "reports", "--dry-run", cwd=example)
    assert ran.out == "would record: own:r1 included (stage reports, by A. Curator)\n"
    path = example / "curated/screening.yaml"
    assert path.read_bytes() == before[path]
