"""In CI: what check tells GitHub, what is accepted with a reason, the Action's steps, the workflows and the hooks."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.conftest import casetable

ACCEPTS = """\
accepts:
  - rule: E201
    path: curated/reports/zhang-2021.yaml
    reason: "the library could not get it"
    by: A. Curator
    when: 2026-11-22
"""


def accepting(review: Path, text: str = ACCEPTS) -> None:
    with (review / "review.yaml").open("a") as file:
        file.write(text)


# --- what is accepted -------------------------------------------------------------------------------------------------


def test_what_is_accepted_is_counted_and_told_apart(flagship: Path) -> None:
    before = json.loads(casetable("check", "--format", "json", cwd=flagship).out)
    accepting(flagship)
    ran = casetable("check", cwd=flagship)
    assert ran.code == 0
    assert "zhang-2021.yaml:23:41: E201" not in ran.out
    assert ran.out.splitlines()[-1].endswith(" (258 problems accepted)")
    told = json.loads(casetable("check", "--format", "json", cwd=flagship).out)
    assert told["summary"]["accepted"] == len(told["accepted"]) == 258
    assert told["summary"]["warnings"] == before["summary"]["warnings"] - 258
    assert {(one["code"], one["path"], one["reason"], one["by"], one["when"]) for one in told["accepted"]} == {
        ("E201", "curated/reports/zhang-2021.yaml", "the library could not get it", "A. Curator", "2026-11-22")
    }
    every = [*told["problems"], *({k: v for k, v in a.items() if k in told["problems"][0]} for a in told["accepted"])]
    assert sorted(map(str, every)) == sorted(map(str, before["problems"])), "nothing is hidden"
    results = json.loads(casetable("check", "--strict", "--format", "sarif", cwd=flagship).out)["runs"][0]["results"]
    suppressed = [result for result in results if result["suppressions"]]
    assert len(suppressed) == 258
    assert len(results) == len(before["problems"])


def test_under_strict_what_is_accepted_stays_accepted(flagship: Path) -> None:
    accepting(flagship)
    strict = casetable("check", "--strict", cwd=flagship)
    assert strict.code == 1
    assert "zhang-2021.yaml:23:41: E201" not in strict.out


def test_without_a_reason_nothing_is_accepted(flagship: Path) -> None:
    accepting(flagship, ACCEPTS.replace('    reason: "the library could not get it"\n', ""))
    ran = casetable("check", cwd=flagship)
    assert ran.code == 2
    assert "review.yaml:24:5: F202 reason: is missing; expected why the problem is accepted" in ran.out


# --- GitHub's annotations and the job's summary -----------------------------------------------------------------------


def test_what_github_does_not_show_is_in_the_summary_of_the_job(flagship: Path, tmp_path: Path) -> None:
    accepting(flagship)
    (flagship / "curated/reports/qiu-2024.yaml").write_text(
        "\n".join(
            line
            for line in (flagship / "curated/reports/qiu-2024.yaml").read_text().split("\n")
            if not line.startswith("    sex:")
        )
    )
    summary = tmp_path / "summary.md"
    summary.write_text("# of an earlier command\n")
    ran = casetable("check", "--strict", "--format", "github", cwd=flagship, GITHUB_STEP_SUMMARY=str(summary))
    assert ran.code == 1
    assert ran.err == ""
    assert [line[:7] for line in ran.out.splitlines()[:-1]] == ["::error"] * 10
    told = summary.read_text()
    assert told.startswith("# of an earlier command\n## casetable check\n\nchecked 2 searches, 20 hits, 4 reports")
    count = len(json.loads(casetable("check", "--format", "json", cwd=flagship).out)["problems"])
    assert told.count("\n| error | ") == count > 70
    assert "| error | curated/reports/qiu-2024.yaml:15:5 | E101 | sex: case 1: has no cell;" in told
    assert told.count("| E201 | the library could not get it (A. Curator, 2026-11-22) |") == 258
    alone = casetable("check", "--strict", "--format", "github", cwd=flagship)
    assert alone.out.count("::error ") == count


def test_a_summary_that_cannot_be_written_changes_nothing_else(flagship: Path, tmp_path: Path) -> None:
    ran = casetable("check", "--strict", "--format", "github", cwd=flagship, GITHUB_STEP_SUMMARY=str(tmp_path))
    assert ran.code == 1
    assert ran.out.count("::error ") > 70
    assert "the job's summary cannot be written (Is a directory)" in ran.err


@pytest.mark.parametrize("form", ["text", "json", "sarif", "junit"])
def test_only_github_gets_a_summary(form: str, flagship: Path, tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    assert casetable("check", "--format", form, cwd=flagship, GITHUB_STEP_SUMMARY=str(summary)).code == 0
    assert not summary.exists()
