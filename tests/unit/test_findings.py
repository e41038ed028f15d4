"""Problems as SARIF and JUnit, read by the libraries that others read them with."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from junitparser import Failure, JUnitXml
from sarif_pydantic import Sarif

from casetable.completeness import RULES
from casetable.model import Acceptance
from casetable.problems import Place, Problem, Severity
from casetable.render.findings import render_junit, render_sarif


def problem(path: str = "curated/a.yaml", line: int = 3, **values: object) -> Problem:
    given = {
        "code": "S101",
        "severity": Severity.ERROR,
        "field": "pmid:11",
        "message": "nobody decided on it",
        **values,
    }
    return Problem(place=Place(path=path, line=line, column=min(line, 2)), **given)  # type: ignore[arg-type]


PROBLEMS = [
    problem(hint="next: casetable screen"),
    problem(line=9, message="nobody decided on that"),
    problem(code="E201", severity=Severity.WARNING, message="is not accessible"),
    problem(code="L101", severity=Severity.NOTE, path="queries/é x.yaml", line=0),
]


def test_sarif_holds_every_rule_and_every_problem_at_its_place() -> None:
    data = render_sarif(PROBLEMS, RULES, "1.2.3")
    run = Sarif.model_validate_json(data).runs[0]
    assert [rule.id for rule in run.tool.driver.rules or []] == [rule.code for rule in RULES]
    value = json.loads(data)
    assert value["version"] == "2.1.0"
    results = value["runs"][0]["results"]
    assert [(r["ruleId"], r["level"]) for r in results] == [
        ("S101", "error"),
        ("S101", "error"),
        ("E201", "warning"),
        ("L101", "note"),
    ]
    for result in results:
        assert RULES[result["ruleIndex"]].code == result["ruleId"]
    assert results[0]["message"]["text"] == "pmid:11: nobody decided on it; next: casetable screen"
    assert results[0]["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "curated/a.yaml", "uriBaseId": "REVIEW"},
        "region": {"startLine": 3, "startColumn": 2},
    }
    assert results[3]["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "queries/%C3%A9%20x.yaml", "uriBaseId": "REVIEW"}
    }


def test_a_fingerprint_does_not_hang_on_the_line() -> None:
    def prints(*problems: Problem) -> list[str]:
        results = json.loads(render_sarif(problems, RULES, "1"))["runs"][0]["results"]
        return [result["partialFingerprints"]["casetable/v1"] for result in results]

    assert prints(problem(line=3)) == prints(problem(line=30))
    assert prints(problem()) != prints(problem(message="another"))


def test_junit_has_a_test_for_each_rule_and_file_and_an_error_fails_it() -> None:
    rules = [rule for rule in RULES if rule.code in {"S101", "S102", "E201"}]
    [suite] = JUnitXml.fromstring(render_junit(PROBLEMS, rules))
    assert (suite.tests, suite.failures, suite.errors) == (4, 1, 0)
    cases = {case.name.split(" ")[0]: case for case in suite}
    assert set(cases) == {"S101", "S102", "E201", "L101"}
    [failure] = cases["S101"].result
    assert isinstance(failure, Failure)
    assert (failure.type, failure.message) == ("S101", "2 errors")
    assert "curated/a.yaml:9:2: S101 pmid:11: nobody decided on that" in failure.text
    assert (cases["S102"].classname, cases["S102"].is_passed) == ("review", True)
    assert cases["E201"].is_passed
    assert "is not accessible" in cases["E201"].system_out


def test_an_accepted_problem_is_a_suppressed_result_with_its_reason() -> None:
    entry = Acceptance(
        code="E201", reason="not at the library", by="A. Curator", when=dt.date(2026, 1, 15), place=Place(path="r.yaml")
    )
    data = render_sarif(PROBLEMS[:1], RULES, "1", [(PROBLEMS[2], entry)])
    assert Sarif.model_validate_json(data)
    standing, accepted = json.loads(data)["runs"][0]["results"]
    assert (standing["ruleId"], standing["suppressions"]) == ("S101", [])
    assert accepted["ruleId"] == "E201"
    assert accepted["suppressions"] == [
        {"kind": "external", "status": "accepted", "justification": "not at the library (A. Curator, 2026-01-15)"}
    ]
    assert "suppressions" not in render_sarif(PROBLEMS, RULES, "1").decode()


@pytest.mark.parametrize("text", ["\x1b[31m", "\x00", "]]>", "<b>&\"'", "\ud800", "a\nb"])
def test_any_text_is_well_formed(text: str) -> None:
    nasty = [problem(message=text, path=f"curated/{text}.yaml", field=text)]
    assert Sarif.model_validate_json(render_sarif(nasty, RULES, "1"))
    assert JUnitXml.fromstring(render_junit(nasty, RULES))
