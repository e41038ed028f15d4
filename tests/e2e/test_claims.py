"""Claims of the manuscript in the real review, and questions to its tables."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import casetable, environment, git

ZHANG = [{"report": "zhang-2021", "case": str(number)} for number in range(1, 7)]


def claims_of(folder: Path) -> dict[str, dict[str, object]]:
    listed = json.loads(casetable("value", "--format", "json", cwd=folder).out)
    return {claim["name"]: claim for claim in listed["claims"]}


def test_the_five_claims_of_the_paper_cannot_be_decided(flagship: Path) -> None:
    found = claims_of(flagship)
    assert [claim["verdict"] for claim in found.values()] == ["cannot be decided"] * 5
    assert found["nine-cases"]["circular"] == [{"report": "zhang-2021", "case": "", "field": "eligible_cases"}]
    assert found["only-adults-before"]["missing"] == [{**case, "field": "age_years"} for case in ZHANG]
    serious = [(cell["report"], cell["field"]) for cell in found["no-serious-side-effects"]["missing"]]  # type: ignore[attr-defined]
    assert len(serious) == 8
    assert {field for _, field in serious} == {"adverse_events"}
    for name in ("first-with-plasma-exchange", "first-in-jdm"):
        needed = {cell["field"] for cell in found[name]["missing"]}  # type: ignore[attr-defined]
        assert {"subtype", "response_imaging"} <= needed, name
    assert found["first-in-jdm"]["derived"] == 2


def test_check_tells_each_claim_as_a_warning_and_strict_as_an_error(flagship: Path) -> None:
    ran = casetable("check", cwd=flagship)
    assert ran.code == 0, ran.out
    told = [line for line in ran.out.splitlines() if " C102 " in line]
    assert len(told) == 5
    assert told[0] == (
        "curated/claims.yaml:6:5: C102 warning: nine-cases: cannot be decided: 'our case and the eight cases from the"
        " literature'; missing: eligible_cases of zhang-2021; circular: zhang-2021/eligible_cases was derived from this claim"
    )
    assert "missing: age_years of zhang-2021 (cases 1, 2, 3, 4, 5 and 6)" in told[1]
    strict = casetable("check", "--strict", cwd=flagship)
    assert strict.code == 1
    assert strict.out.count(" C102 ") == 5


def test_a_new_case_that_breaks_the_first_child_turns_the_check_red(flagship: Path) -> None:
    path = flagship / "curated/reports/wang-2023.yaml"
    text = path.read_text().replace("eligible_cases: 1", "eligible_cases: 2")
    path.write_text(
        text.replace(
            "  - case: 1\n    eligible: no\n    reason: no-tocilizumab\n",
            "  - case: 1\n    eligible: yes\n    otherwise: not accessible\n    age_years: 7\n    subtype: JDM\n"
            "    response_imaging: improved\n    plasma_exchange: before tocilizumab\n",
        )
    )
    ran = casetable("check", cwd=flagship)
    assert ran.code == 1
    assert (
        "curated/claims.yaml:13:5: C101 only-adults-before: is false: 'all existing reports are limited to adult cases, with"
        " no studies involving children'; expected none, but the table gives wang-2023/1\n" in ran.out
    )
    for name in ("first-with-plasma-exchange", "first-in-jdm"):
        assert f"C101 {name}: is false: 'first" in ran.out
    assert ran.out.count("but the table gives wang-2023/1 too\n") == 2
    as_json = json.loads(casetable("check", "--format", "json", cwd=flagship).out)
    assert [(p["code"], p["field"]) for p in as_json["problems"] if p["severity"] == "error"] == [
        ("C101", "only-adults-before"),
        ("C101", "first-with-plasma-exchange"),
        ("C101", "first-in-jdm"),
    ]


def test_a_report_that_was_read_decides_and_not_by_the_derived_count(flagship: Path) -> None:
    path = flagship / "curated/reports/zhang-2021.yaml"
    known = "otherwise: not accessible, age_years: 50, adverse_events: none stated, subtype: CADM, response_imaging: improved"
    path.write_text(path.read_text().replace("otherwise: not accessible", known))
    found = claims_of(flagship)
    assert {name: claim["verdict"] for name, claim in found.items()} == {
        "nine-cases": "cannot be decided",
        "only-adults-before": "true",
        "no-serious-side-effects": "cannot be decided",
        "first-with-plasma-exchange": "true",
        "first-in-jdm": "true",
    }
    start = path.read_text().index("eligible_cases:")
    text = path.read_text()
    path.write_text(text[:start] + "eligible_cases: 6\n" + text[text.index("note: >-", start) :])
    claims = flagship / "curated/claims.yaml"
    claims.write_text(claims.read_text().replace("[zhang-2021/eligible_cases, zhang-2021/cases_in_report]", "[]"))
    assert claims_of(flagship)["nine-cases"]["verdict"] == "true"


def test_patients_cannot_be_counted_while_cases_may_be_one_patient(flagship: Path) -> None:
    path = flagship / "curated/claims.yaml"
    sql = "SELECT count(DISTINCT patient) FROM cases"
    path.write_text(f"schema: 1\nclaims:\n  - {{name: nine, text: Nine patients., sql: {sql}, expected: 9}}\n")
    found = claims_of(flagship)["nine"]
    assert found["verdict"] == "cannot be decided"
    assert [told.startswith("whether teng-2021/1 is zhang-2021/1") for told in found["open"]] == [True]  # type: ignore[attr-defined]
    (flagship / "curated/overlaps.yaml").write_text(
        "schema: 1\nrulings:\n  - {cases: [teng-2021/1, zhang-2021], verdict: different, by: A. Curator, when: 2026-11-25}\n"
    )
    assert claims_of(flagship)["nine"]["verdict"] == "true"


def test_a_named_number_is_printed_bare(flagship: Path) -> None:
    ran = casetable("value", "median-age", cwd=flagship)
    assert (ran.code, ran.out) == (0, "31\n")
    assert "6 cells missing: age_years of zhang-2021 (cases 1, 2, 3, 4, 5 and 6)" in ran.err
    as_json = json.loads(casetable("value", "median-age", "--format", "json", cwd=flagship).out)
    assert (as_json["summary"]["value"], as_json["summary"]["cells"], len(as_json["summary"]["missing_cells"])) == (
        31,
        3,
        6,
    )
    unknown = casetable("value", "median-aeg", cwd=flagship)
    assert (unknown.code, unknown.err) == (
        2,
        "casetable: there is no number or claim 'median-aeg'; did you mean 'median-age'?\n",
    )
    listed = casetable("value", cwd=flagship)
    assert listed.code == 0
    assert listed.out.startswith(
        "cases       9  eligible cases\nmedian-age  31  median age, in years  (6 cells missing)\n"
    )
    assert 'only-adults-before: cannot be decided\n    "all existing reports' in listed.out


def test_a_question_is_answered_as_table_csv_and_json(flagship: Path) -> None:
    query = "SELECT report, age_years FROM cases WHERE age_years > 18 ORDER BY age_years"
    ran = casetable("sql", query, cwd=flagship)
    assert ran.code == 0
    assert ran.out.splitlines() == [
        "report     age_years",
        "---------  ---------",
        "wang-2023         31",
        "teng-2021         63",
    ]
    assert "6 cells missing" in ran.err
    as_csv = casetable("sql", query, "--format", "csv", cwd=flagship).out
    assert list(csv.reader(io.StringIO(as_csv))) == [["report", "age_years"], ["wang-2023", "31"], ["teng-2021", "63"]]
    as_json = json.loads(casetable("sql", query, "--format", "json", cwd=flagship).out)
    assert (as_json["columns"], as_json["rows"]) == (
        ["report", "age_years"],
        [["wang-2023", 31.0], ["teng-2021", 63.0]],
    )
    assert as_json["summary"] == {"rows": 2, "cells": 3, "missing": 6, "derived": 0}


@pytest.mark.parametrize(
    ("query", "told"),
    [
        (
            "SELECT age FROM cases",
            "there is no column 'age'; there is age_years, age_years_status\n    SELECT age FROM cases\n",
        ),
        ("ATTACH 'stolen.db' AS s", "'ATTACH' stands first; expected one SELECT"),
        ("SELECT readfile('review.yaml')", "there is no function 'readfile'"),
        ("SELECT 1; DELETE FROM cases", "a second statement stands behind the first"),
        (
            "SELECT count(*) FROM " + ", ".join(f"cells c{n}" for n in range(9)),
            "takes more than 20,000,000 steps, and was stopped",
        ),
    ],
)
def test_a_question_that_is_refused_ends_2_and_touches_nothing(flagship: Path, query: str, told: str) -> None:
    ran = casetable("sql", query, cwd=flagship)
    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err
    assert git(flagship, "status", "--porcelain") == ""


def test_a_faulty_claims_file_is_told_whole_with_its_places(flagship: Path) -> None:
    (flagship / "curated/claims.yaml").write_text(
        "schema: 1\nclaims:\n"
        "  - name: One\n    text: A.\n    sql: SELECT 1\n    expected: 1\n"
        "  - name: two\n    sql: SELECT 1\n    expected: 1\n    expects: 2\n"
    )
    ran = casetable("check", cwd=flagship)
    assert ran.code == 1
    for told in (
        "curated/claims.yaml:3:11: F203 name: 'One' is not a name of lower-case letters",
        "curated/claims.yaml:7:5: F202 text: is missing; expected the sentence, as the manuscript has it",
        "curated/claims.yaml:10:5: F201 expects: 'expects' is not a key of this mapping",
    ):
        assert told in ran.out
    assert casetable("value", cwd=flagship).code == 2


def test_a_claim_from_a_pull_request_cannot_run_for_ever(flagship: Path) -> None:
    path = flagship / "curated/claims.yaml"
    endless = "SELECT count(*) FROM " + ", ".join(f"cases c{n}" for n in range(30))
    path.write_text(f"schema: 1\nclaims:\n  - name: endless\n    text: A.\n    sql: {endless}\n    expected: 1\n")
    ran = casetable("check", cwd=flagship)
    assert ran.code == 1
    assert (
        "curated/claims.yaml:5:10: C103 endless: the SQL takes more than 20,000,000 steps, and was stopped" in ran.out
    )


def test_a_review_without_claims_imports_no_parser_of_sql(flagship: Path) -> None:
    (flagship / "curated/claims.yaml").unlink()
    code = "import sys\nfrom casetable.cli import run\ncode = run(['check'])\nsys.exit(3 if 'sqlglot' in sys.modules else code)\n"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=flagship, env=environment(), capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_a_new_review_shows_what_a_claim_looks_like(tmp_path: Path) -> None:
    assert casetable("init", "mine", cwd=tmp_path).code == 0
    text = (tmp_path / "mine/curated/claims.yaml").read_text()
    assert "claims: []" in text
    ran = casetable("value", cwd=tmp_path / "mine")
    assert (ran.code, ran.out) == (0, "curated/claims.yaml names no numbers and no claims\n")


def test_a_claim_that_expects_nothing_known_is_told_and_keeps_nothing_else_from_work(flagship: Path) -> None:
    path = flagship / "curated/claims.yaml"
    path.write_text(path.read_text().replace("expected: 9", "expected: nine"))
    ran = casetable("check", cwd=flagship)
    assert ran.code == 1
    assert "C104 nine-cases: 'nine' is not something to expect; expected a number" in ran.out
    assert casetable("build", cwd=flagship).code == 0
    listed = casetable("value", cwd=flagship)
    assert listed.code == 0
    assert listed.err == "not all of curated/claims.yaml can be used; 'casetable check' says why\n"
