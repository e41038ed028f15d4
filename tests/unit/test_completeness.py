"""The catalogue: every rule is unique and documented, and its examples do just what they say."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path

import pytest

from casetable import workflow
from casetable.curation import sheet_reading
from casetable.problems import Problem, Rule, Severity
from casetable.query.lint import RULES as LINT_RULES
from casetable.query.lint import known, lint
from casetable.quotes import findings
from casetable.workflow import strategies, verifying
from casetable.workspace import Workspace
from tests.conftest import TODAY, example_files, write_files

RULES = workflow.rules()


def problems_of(folder: Path, files: dict[str, bytes]) -> tuple[Problem, ...]:
    checked, _ = workflow.check(Workspace(write_files(folder, files)), TODAY)
    return checked.problems


def signed(log: bytes) -> bytes:
    """The log with each line's id made anew, as `refresh` would have written the changed line."""
    lines = []
    for line in log.splitlines():
        value = json.loads(line)
        content = {name: told for name, told in value.items() if name != "id"}
        value["id"] = sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
        lines.append(json.dumps(value).encode() + b"\n")
    return b"".join(lines)


def test_the_example_review_has_no_problem(tmp_path: Path) -> None:
    assert problems_of(tmp_path, example_files()) == ()


@pytest.mark.parametrize(
    "rule",
    # Those of a sheet stand in test_sheets.
    [rule for rule in RULES if rule not in (*LINT_RULES, *findings.RULES, *sheet_reading.RULES)],
    ids=lambda rule: rule.code,
)
def test_the_bad_example_yields_exactly_its_message_and_the_good_one_nothing(rule: Rule, tmp_path: Path) -> None:
    files, example = example_files(), rule.example
    files.update({path: text.encode() for path, text in example.also})
    good = example.good.encode()
    if example.bad is None:
        del files[example.path]
    elif example.path in files:
        assert good in files[example.path], "the good example is in the example review, which has no problem"
        bad = example.bad.encode("utf-8", "surrogateescape")
        files[example.path] = files[example.path].replace(good, bad, 1)
        if example.path.endswith("searches.jsonl"):
            files[example.path] = signed(files[example.path])
    else:
        files[example.path] = good
        assert problems_of(tmp_path / "good", files if good else example_files()) == ()
        files[example.path] = example.bad.encode()
    found = problems_of(tmp_path, files)
    assert [(problem.code, problem.message) for problem in found] == [(rule.code, example.message)]
    assert found[0].place.path.startswith(("review.yaml", "queries", "curated"))


DOE = """A case of something invented

Case presentation

A 3-year-old girl from China was given an invented drug.

Discussion

Invented drugs are rare.
"""


@pytest.mark.parametrize("rule", findings.RULES, ids=lambda rule: rule.code)
def test_the_bad_cell_yields_exactly_its_message_against_the_text(rule: Rule, tmp_path: Path) -> None:
    files, example = example_files(), rule.example
    (tmp_path / "doe.txt").write_text(DOE)
    assert example.bad is not None
    for text, expected in ((example.good, []), (example.bad, [(rule.code, example.message)])):
        files[example.path] = files[example.path].replace(example.good.encode(), text.encode())
        workspace = Workspace(write_files(tmp_path / "review", files))
        found = verifying.verify(workspace, ["doe-2020"], text=tmp_path / "doe.txt", today=TODAY)
        assert [(problem.code, problem.message) for problem in found.problems] == expected


ON_TEXTS = [rule for rule in LINT_RULES if rule not in known.RULES]


@pytest.mark.parametrize("rule", ON_TEXTS, ids=lambda rule: rule.code)
def test_the_bad_strategy_yields_exactly_its_message_and_the_good_one_nothing(rule: Rule) -> None:
    assert rule.example.bad is not None
    assert [(found.rule.code, found.message) for found in lint(rule.example.bad)] == [(rule.code, rule.example.message)]
    assert lint(rule.example.good) == ()


@pytest.mark.parametrize("rule", known.RULES, ids=lambda rule: rule.code)
def test_the_bad_strategy_of_a_review_yields_exactly_its_message(rule: Rule, tmp_path: Path) -> None:
    files, example = example_files(), rule.example
    assert example.bad is not None
    for text, expected in ((example.good, []), (example.bad, [(rule.code, example.message)])):
        files[example.path] = files[example.path].replace(example.good.encode(), text.encode())
        [linted], _ = strategies.lint_review(Workspace(write_files(tmp_path, files)), (), TODAY)
        graver = [problem for problem in linted.problems if problem.severity is not Severity.NOTE]
        assert [(problem.code, problem.message) for problem in graver] == expected


def test_rules_are_unique_and_documented() -> None:
    codes = [rule.code for rule in RULES]
    assert len(set(codes)) == len(codes)
    assert len({rule.name for rule in RULES}) == len(RULES)
    for rule in RULES:
        assert rule.summary, rule.code
        assert rule.why.endswith("."), rule.code
        assert rule.fix.endswith("."), rule.code


def test_messages_have_the_form_of_the_house() -> None:
    for rule in RULES:
        message = rule.example.message
        assert not message.endswith("."), rule.code
        assert "please" not in message.lower(), rule.code
        assert message != "invalid", rule.code


def test_warnings_are_what_is_honest_but_not_complete() -> None:
    assert {rule.code for rule in RULES if rule.severity is Severity.WARNING and rule not in LINT_RULES} == {
        "Q101",
        "Q102",
        "Q106",
        "Q107",
        "Q108",
        "Q109",
        "D103",
        "O101",
        "O104",
        "E201",
        "E202",
        "V203",
        "V204",
        "R102",
        "R103",
        "R104",
        "R105",
        "R106",
        "C102",
        "A103",
        "E117",
        "S108",
    }
