"""What persons accept of what a check finds: each with a reason, nothing hidden behind it, and nothing kept for long."""

from __future__ import annotations

from pathlib import Path

import pytest

from casetable import workflow
from casetable.completeness import Checked
from casetable.curation.cells import RULES as CELL_RULES
from casetable.problems import Severity, strict
from casetable.query.lint import RULES as LINT_RULES
from casetable.workspace import Workspace
from tests.conftest import TODAY, example_files, write_files

PROTOCOL, REPORT = "review.yaml", "curated/reports/doe-2020.yaml"
WHO = "reason: it is so, by: A. Curator, when: 2026-01-15"


def checked_with(folder: Path, *accepts: str, report: bytes | None = None, more: bytes = b"") -> tuple[Checked, bool]:
    """The example review with entries under `accepts`, each without its reason, name and date."""
    files = example_files()
    listed = "".join(f"  - {{{entry}, {WHO}}}\n" for entry in accepts)
    files[PROTOCOL] += f"accepts:\n{listed}".encode() + more
    if report is not None:
        files[REPORT] = report
    return workflow.check(Workspace(write_files(folder, files)), TODAY)


def told(checked: Checked) -> list[tuple[str, str]]:
    return [(problem.code, problem.message) for problem in checked.problems]


def without_texts() -> bytes:
    """The report with two cells that are not accessible, and an open question."""
    text = example_files()[REPORT].replace(b"full text", b"abstract")
    text = text.replace(b"sex: female", b"sex: not accessible").replace(b"country: China", b"country: not accessible")
    return text + b"questions:\n  - question: Is it so?\n"


@pytest.mark.parametrize(
    ("entry", "accepted"),
    [
        ("rule: E201", ["sex", "country"]),
        ("rule: e201", ["sex", "country"]),
        (f"rule: E201, path: {REPORT}", ["sex", "country"]),
        ("rule: E201, path: curated/reports", ["sex", "country"]),
        ("rule: E201, field: sex", ["sex"]),
        ("rule: E201, case: 1", ["sex", "country"]),
        (f"rule: E201, path: {REPORT}, field: country, case: 1", ["country"]),
    ],
)
def test_an_entry_accepts_the_problems_it_speaks_of_and_no_other(
    entry: str, accepted: list[str], tmp_path: Path
) -> None:
    checked, is_unread = checked_with(tmp_path, entry, report=without_texts())
    assert not is_unread
    assert [problem.field for problem, _ in checked.accepted] == accepted
    assert {(problem.code, why.reason, why.by) for problem, why in checked.accepted} == {
        ("E201", "it is so", "A. Curator")
    }
    others = [problem.field for problem in checked.problems if problem.code == "E201"]
    assert sorted([*others, *accepted]) == ["country", "sex"]
    assert [problem.code for problem in checked.problems if problem.code != "E201"] == ["E202"]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("rule: E201, path: curated/rep", "E201 in 'curated/rep'"),
        ("rule: E201, field: age_years", "E201 of 'age_years'"),
        ("rule: E201, case: 2", "E201 of case '2'"),
        ("rule: E113", "E113"),
    ],
)
def test_an_entry_that_accepts_nothing_is_told_with_what_it_was_for(entry: str, message: str, tmp_path: Path) -> None:
    checked, _ = checked_with(tmp_path, entry, report=without_texts())
    assert checked.accepted == ()
    assert ("A103", f"check finds no {message}; expected the entry removed") in told(checked)
    assert [code for code, _ in told(checked)] == ["E201", "E201", "E202", "A103"]


def test_of_two_entries_both_are_needed_and_the_first_speaks(tmp_path: Path) -> None:
    checked, _ = checked_with(tmp_path, "rule: E201, field: sex", "rule: E201", report=without_texts())
    assert [(problem.field, why.field) for problem, why in checked.accepted] == [("sex", "sex"), ("country", "")]
    assert told(checked) == [("E202", "open question: 'Is it so?'")]


def test_an_accepted_problem_stays_accepted_under_strict(tmp_path: Path) -> None:
    checked, _ = checked_with(tmp_path, "rule: E201", "rule: E202", report=without_texts())
    assert strict(checked.problems) == ()
    assert len(checked.accepted) == 3


def test_an_unneeded_entry_is_an_error_under_strict(tmp_path: Path) -> None:
    checked, _ = checked_with(tmp_path, "rule: E201")
    assert [(problem.code, problem.severity) for problem in strict(checked.problems)] == [("A103", Severity.ERROR)]


@pytest.mark.parametrize("key", ["reason", "by", "when"])
def test_an_entry_without_reason_name_or_date_is_a_fault_of_shape(key: str, tmp_path: Path) -> None:
    files = example_files()
    entry = {"rule": "E201", "reason": "it is so", "by": "A. Curator", "when": "2026-01-15"}
    del entry[key]
    files[PROTOCOL] += b"accepts:\n  - " + "\n    ".join(f"{k}: {v}" for k, v in entry.items()).encode() + b"\n"
    checked, is_unread = workflow.check(Workspace(write_files(tmp_path, files)), TODAY)
    assert is_unread
    assert [(problem.code, problem.field) for problem in checked.problems] == [("F202", key)]


@pytest.mark.parametrize(
    "code",
    ["F101", "F201", "F203", "F205", "P101", "P102", "P104", "Q104", "E108", "E112", "A101", "A102", "A103"]
    + [rule.code for rule in CELL_RULES if rule.code != "E101"],
)
def test_what_keeps_other_rules_from_looking_cannot_be_accepted(code: str, tmp_path: Path) -> None:
    rule = workflow.rule(code)
    checked, _ = checked_with(tmp_path, f"rule: {code}")
    assert told(checked) == [("A102", f"{code} ({rule.name}) cannot be accepted; expected the problem mended")]


def test_a_fault_of_a_strategy_is_accepted_in_the_strategy(tmp_path: Path) -> None:
    rule = LINT_RULES[0]
    checked, _ = checked_with(tmp_path, f"rule: {rule.code}")
    message = f"{rule.code} ({rule.name}) is a rule of lint; expected it under 'accepts' of the strategy"
    assert told(checked) == [("A102", message)]


def test_a_refused_entry_accepts_nothing(tmp_path: Path) -> None:
    report = example_files()[REPORT].replace(b"age_years: 3", b"age_years: three")
    checked, _ = checked_with(tmp_path, "rule: E103", report=report)
    assert [code for code, _ in told(checked)] == ["E103", "A102"]
    assert checked.accepted == ()


def test_whether_an_entry_is_needed_is_not_known_while_the_file_cannot_be_read(tmp_path: Path) -> None:
    checked, is_unread = checked_with(
        tmp_path, f"rule: E201, path: {REPORT}", "rule: E202", "rule: E201, path: curated/form.yaml", report=b"a: b: c"
    )
    assert is_unread
    assert [(code, message[:47]) for code, message in told(checked) if code.startswith("A")] == [
        ("A103", "check finds no E201 in 'curated/form.yaml'; exp")
    ]


def test_an_unknown_code_near_a_known_one_is_told(tmp_path: Path) -> None:
    checked, _ = checked_with(tmp_path, "rule: S901")
    [problem] = checked.problems
    assert (problem.code, problem.place.path, problem.place.line) == ("A101", PROTOCOL, 13)


def test_every_problem_of_a_case_begins_with_its_id(tmp_path: Path) -> None:
    report = example_files()[REPORT].replace(b"sex: female", b"sex: femail\n    age: 1")
    report = report.replace(b"    eligible: yes\n", b"")
    checked, _ = checked_with(tmp_path, report=report)
    found = [p for p in checked.problems if p.place.path == REPORT and p.field != "eligible_cases"]
    assert len(found) >= 3
    assert all(problem.message.startswith("case 1: ") for problem in found), found
