"""In CI: what check tells GitHub, what is accepted with a reason, the Action's steps, the workflows and the hooks."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from casetable.curation.workflows import workflow_files
from tests.conftest import example_files, write_files
from tests.e2e.conftest import REPOSITORY, UNREACHABLE, casetable, commit_all, environment, git
from tests.e2e.eutils_server import Service
from tests.support.actions import Runner

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
    assert "zhang-2021.yaml:24:41: E201" not in ran.out
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


def test_a_claim_is_accepted_like_any_other_problem(flagship: Path) -> None:
    before = json.loads(casetable("check", "--format", "json", cwd=flagship).out)
    accepting(flagship, "accepts: [{rule: C102, field: nine-cases, reason: waits, by: A. Curator, when: 2026-11-22}]\n")
    told = json.loads(casetable("check", "--format", "json", cwd=flagship).out)
    assert [(one["code"], one["field"]) for one in told["accepted"]] == [("C102", "nine-cases")]
    assert len(told["problems"]) == len(before["problems"]) - 1


def test_under_strict_what_is_accepted_stays_accepted(flagship: Path) -> None:
    accepting(flagship)
    strict = casetable("check", "--strict", cwd=flagship)
    assert strict.code == 1
    assert "zhang-2021.yaml:24:41: E201" not in strict.out


def test_without_a_reason_nothing_is_accepted(flagship: Path) -> None:
    accepting(flagship, ACCEPTS.replace('    reason: "the library could not get it"\n', ""))
    ran = casetable("check", cwd=flagship)
    assert ran.code == 2
    assert "review.yaml:25:5: F202 reason: is missing; expected why the problem is accepted" in ran.out


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
    assert "| error | curated/reports/qiu-2024.yaml:16:5 | E101 | sex: case 1: has no cell;" in told
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


def test_in_a_folder_of_the_repository_places_are_those_of_the_repository(flagship: Path, tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    where = {"GITHUB_WORKSPACE": str(flagship.parent), "GITHUB_STEP_SUMMARY": str(summary)}
    ran = casetable("check", "--format", "github", cwd=flagship, **where)
    assert "::warning file=flagship/curated/claims.yaml,line=6,col=5,title=C102::" in ran.out
    assert "| warning | flagship/queries/synonyms.yaml:2:1 | Q101 |" in summary.read_text()
    run = json.loads(casetable("check", "--format", "sarif", cwd=flagship, **where).out)["runs"][0]
    assert run["originalUriBaseIds"]["REVIEW"]["description"]["text"] == "the folder that holds flagship/review.yaml"
    paths = {r["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for r in run["results"]}
    assert all(path.startswith("flagship/") for path in paths)
    elsewhere = casetable("check", "--format", "github", cwd=flagship, GITHUB_WORKSPACE=str(tmp_path / "elsewhere"))
    assert "::warning file=queries/synonyms.yaml," in elsewhere.out


def test_the_page_of_the_rules_is_what_the_command_writes(tmp_path: Path) -> None:
    assert casetable("rules", "--format", "markdown", cwd=tmp_path).out == (REPOSITORY / "docs/rules.md").read_text()
    one = casetable("rules", "a103", "--format", "markdown", cwd=tmp_path).out
    assert one.count("\n### ") == 1
    assert "### A103 acceptance-unneeded" in one


# --- the composite action ---------------------------------------------------------------------------------------------

ACTION = yaml.safe_load((REPOSITORY / "action.yml").read_text())


def run_action(folder: Path, scratch: Path, **inputs: str) -> tuple[int, Runner, dict[str, str]]:
    """Runs the action's steps; returns the exit code, what happened, and the action's outputs."""
    given = {name: spec["default"] for name, spec in ACTION["inputs"].items()} | inputs
    assert given.keys() == ACTION["inputs"].keys()
    expressions = {f"inputs.{name}": value for name, value in given.items()}
    runner = Runner(folder, scratch, environment(), expressions | {"github.action_path": "/where the action is"})
    code = runner.run(ACTION["runs"]["steps"])
    outputs = {name: runner.value(spec["value"]) for name, spec in ACTION["outputs"].items()}
    return code, runner, outputs


def test_the_action_checks_a_review(flagship: Path, tmp_path: Path) -> None:
    code, runner, outputs = run_action(flagship, tmp_path / "runner")
    assert code == 0
    count = json.loads(casetable("check", "--format", "json", cwd=flagship).out)["summary"]
    assert outputs == {"errors": "0", "warnings": str(count["warnings"]), "exit-code": "0"}
    assert runner.noted("pip") == [["--disable-pip-version-check", "install", "-q", "/where the action is"]]
    assert "::warning file=curated/claims.yaml,line=6,col=5,title=C102::" in runner.said
    assert runner.summary.read_text().count("## casetable check") == 1
    assert git(flagship, "status", "--porcelain") == ""


def test_the_action_fails_with_the_check_and_says_how_many(flagship: Path, tmp_path: Path) -> None:
    sarif = tmp_path / "a file.sarif"
    given = {"root": "flagship", "strict": "true", "sarif-file": str(sarif)}
    code, runner, outputs = run_action(flagship.parent, tmp_path / "runner", **given)
    assert code == 1
    assert (outputs["warnings"], outputs["exit-code"]) == ("0", "1")
    assert int(outputs["errors"]) == len(json.loads(sarif.read_text())["runs"][0]["results"]) > 70
    assert runner.said.count("::error file=flagship/") == 10
    assert int(outputs["errors"]) == runner.summary.read_text().count("\n| error | flagship/")


@pytest.mark.parametrize("root", [".", "$(touch broken)", "; touch broken", "--help"])
def test_no_input_of_the_action_is_a_command(root: str, tmp_path: Path) -> None:
    folder = tmp_path / "empty"
    folder.mkdir()
    code, runner, outputs = run_action(folder, tmp_path / "runner", root=root)
    assert code == 2
    assert outputs == {"errors": "", "warnings": "", "exit-code": "2"}
    assert "is not in a review: no review.yaml here or above" in runner.said
    assert list(folder.iterdir()) == []


def test_the_action_uses_nothing_but_githubs_own_by_their_major_versions() -> None:
    used = [step["uses"] for step in ACTION["runs"]["steps"] if "uses" in step]
    for text in (data.decode() for data in workflow_files().values()):
        used += re.findall(r"uses: (\S+)", text)
    assert set(used) == {"actions/checkout@v4", "actions/setup-python@v5"}


# --- the workflows of a review ----------------------------------------------------------------------------------------


@pytest.fixture
def repository(tmp_path: Path, service: Service) -> Path:
    """A review under git with workflows and a remote; one of its two records is found only from now on."""
    folder = tmp_path / "review"
    write_files(folder, {name: data for name, data in example_files().items() if not name.endswith(".jsonl")})
    assert casetable("init", "--github", str(folder), cwd=tmp_path).code == 0
    (folder / ".gitignore").write_text(".casetable/\nbuild/\n")
    service.add("11", "An invented case", doi="10.1234/invented.1")
    service.found = ["11"]
    assert casetable("refresh", cwd=folder, CASETABLE_EUTILS_URL=service.url).code == 0
    commit_all(folder)
    git(tmp_path, "init", "-q", "--bare", "-b", "main", "remote.git")
    git(folder, "remote", "add", "origin", str(tmp_path / "remote.git"))
    git(folder, "push", "-q", "-u", "origin", "main")
    service.add("12", "An @octocat [case](http://evil.example) <b>", author="Moe", year="2022")
    service.found = ["11", "12"]
    return folder


def workflow_steps(folder: Path, name: str) -> list[dict[str, Any]]:
    [job] = yaml.safe_load((folder / ".github/workflows" / name).read_text())["jobs"].values()
    steps: list[dict[str, Any]] = job["steps"]
    return steps


def refreshing(folder: Path, scratch: Path, url: str, **more: str) -> Runner:
    expressions = {
        "vars.CASETABLE": "casetable @ git+https://example.org/casetable@v1",
        "github.token": "a token",
        "secrets.NCBI_API_KEY": "",
        "secrets.NCBI_EMAIL": "a@curator.example",
    }
    where = {"GITHUB_RUN_ID": "77", "GITHUB_REF_NAME": "main", "CASETABLE_EUTILS_URL": url}
    return Runner(folder, scratch, environment(**where, **more), expressions)


def test_the_workflow_checks_the_review(repository: Path, tmp_path: Path) -> None:
    runner = refreshing(repository, tmp_path / "runner", "")
    assert runner.run(workflow_steps(repository, "review.yml")) == 0, runner.said
    assert runner.noted("pip")[0][-1] == "casetable @ git+https://example.org/casetable@v1"
    assert "## casetable check" in runner.summary.read_text()


def test_a_weeks_search_becomes_a_pull_request_with_the_drift_as_its_text(
    repository: Path, service: Service, tmp_path: Path
) -> None:
    runner = refreshing(repository, tmp_path / "runner", service.url)
    assert runner.run(workflow_steps(repository, "refresh.yml")) == 0, runner.said
    assert service.asked[-1].form["email"] == "a@curator.example"
    listed, created = runner.noted("gh")
    assert listed[:2] == ["pr", "list"]
    told = created.pop()
    title = created[created.index("--title") + 1]
    assert re.fullmatch(r"Searches of \d{4}-\d\d-\d\d", title)
    assert created[:6] == ["pr", "create", "--base", "main", "--head", "casetable-refresh-77"]
    assert told["token"] == "a token"
    body = told["body"]
    assert "## main: 1 → 2 hits\n" in body
    assert "- **gained** pmid:12, Moe 2022, “An @\u200boctocat \\[case\\](http:\u200b//evil.example) &lt;b&gt;" in body
    assert re.search(r"\n\nchecked 3 searches, 4 hits, .*: 1 error, \d+ warnings?\n$", body)
    # The branch holds the search and nothing else, and main is as it was.
    remote = str(tmp_path / "remote.git")
    changed = git(repository, "--git-dir", remote, "diff", "--name-only", "main", "casetable-refresh-77").split()
    assert changed == ["queries/records.jsonl", "queries/searches.jsonl"]
    assert git(repository, "--git-dir", remote, "log", "--format=%s", "main").split("\n")[0] == "as it stands"
    assert title in git(repository, "--git-dir", remote, "log", "-1", "--format=%s", "casetable-refresh-77")


def test_while_a_pull_request_is_open_the_next_search_goes_on_top_of_it(
    repository: Path, service: Service, tmp_path: Path
) -> None:
    first = refreshing(repository, tmp_path / "runner", service.url)
    assert first.run(workflow_steps(repository, "refresh.yml")) == 0, first.said
    ruled = casetable("screen", "pmid:12", "--exclude", "other-drug", cwd=repository)
    assert ruled.code == 0, ruled.err
    git(repository, "commit", "-qam", "a decision")
    git(repository, "push", "-q", "origin", "casetable-refresh-77")
    git(repository, "switch", "-q", "main")
    git(repository, "branch", "-q", "-D", "casetable-refresh-77")
    service.add("13", "A third invented case", author="Noe")
    service.found = ["11", "12", "13"]
    opened = [
        {"headRefName": "casetable-refresh-5", "isCrossRepository": True},
        {"headRefName": "another", "isCrossRepository": False},
        {"headRefName": "casetable-refresh-77", "isCrossRepository": False},
    ]
    more = {"STUB_PULL_REQUESTS": json.dumps(opened)}
    second = refreshing(repository, tmp_path / "second", service.url, **more)
    assert second.run(workflow_steps(repository, "refresh.yml")) == 0, second.said
    _, commented = second.noted("gh")
    assert commented[:3] == ["pr", "comment", "casetable-refresh-77"]
    assert "## main: 2 → 3 hits\n" in commented[-1]["body"]
    remote = str(tmp_path / "remote.git")
    subjects = git(repository, "--git-dir", remote, "log", "--format=%s", "casetable-refresh-77").splitlines()
    assert [subject[:11] for subject in subjects] == ["Searches of", "a decision", "Searches of", "as it stand"]


def test_without_pubmed_nothing_is_proposed_and_nobody_is_woken(repository: Path, tmp_path: Path) -> None:
    runner = refreshing(repository, tmp_path / "runner", UNREACHABLE)
    assert runner.run(workflow_steps(repository, "refresh.yml")) == 0
    assert "::warning::PubMed could not be reached; nothing changed" in runner.said
    assert [asked[:2] for asked in runner.noted("gh")] == [["pr", "list"]]
    assert git(repository, "--git-dir", str(tmp_path / "remote.git"), "branch").split() == ["*", "main"]


def test_a_faulty_strategy_fails_the_weeks_search(repository: Path, service: Service, tmp_path: Path) -> None:
    path = repository / "queries/main.yaml"
    path.write_text(path.read_text().replace("dermatomyositis AND", "(dermatomyositis AND"))
    runner = refreshing(repository, tmp_path / "runner", service.url)
    assert runner.run(workflow_steps(repository, "refresh.yml")) == 2
    assert [asked[:2] for asked in runner.noted("gh")] == [["pr", "list"]]


def test_the_workflows_say_what_is_to_be_set(repository: Path, service: Service, tmp_path: Path) -> None:
    for number, name in enumerate(("review.yml", "refresh.yml")):
        runner = refreshing(repository, tmp_path / str(number), service.url)
        runner.expressions["vars.CASETABLE"] = ""
        assert runner.run(workflow_steps(repository, name)) == 2
        assert "::error::set the variable CASETABLE of this repository to what pip installs" in runner.said


def test_workflows_may_do_as_little_as_they_need(repository: Path) -> None:
    for name, allowed in (
        ("review.yml", {"contents": "read"}),
        ("refresh.yml", {"contents": "write", "pull-requests": "write"}),
    ):
        value = yaml.safe_load((repository / ".github/workflows" / name).read_text())
        assert value["permissions"] == allowed
        assert all("permissions" not in job for job in value["jobs"].values())


def test_workflows_come_with_a_new_review_or_to_one_that_is_there(tmp_path: Path) -> None:
    new = casetable("init", "--github", "new", cwd=tmp_path)
    assert new.code == 0
    assert "wrote new/.github/workflows/refresh.yml" in new.out
    assert "wrote new/review.yaml" in new.out
    assert "the head of refresh.yml says what to set there" in new.err
    assert casetable("init", "plain", cwd=tmp_path).code == 0
    assert not (tmp_path / "plain/.github").exists()
    would = casetable("init", "--github", "--dry-run", "plain", cwd=tmp_path)
    assert would.out.split() == [
        *("would", "write", "plain/.github/workflows/refresh.yml"),
        *("would", "write", "plain/.github/workflows/review.yml"),
    ]
    assert not (tmp_path / "plain/.github").exists()
    assert casetable("init", "--github", "plain", cwd=tmp_path).code == 0
    again = casetable("init", "--github", "plain", cwd=tmp_path)
    assert again.code == 2
    assert ".github/workflows/refresh.yml, .github/workflows/review.yml already; nothing was written" in again.err


# --- pre-commit -------------------------------------------------------------------------------------------------------


def pre_commit(folder: Path, scratch: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    runner = Runner(folder, scratch, environment())
    path = f"{runner.stubs}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [sys.executable, "-m", "pre_commit", *arguments],
        cwd=folder,
        env=environment(PRE_COMMIT_HOME=str(scratch), PATH=path),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_the_hooks_are_hooks(tmp_path: Path) -> None:
    done = pre_commit(REPOSITORY, tmp_path / "home", "validate-manifest", ".pre-commit-hooks.yaml")
    assert done.returncode == 0, done.stdout


def test_the_hooks_run_where_the_review_changed(flagship: Path, tmp_path: Path) -> None:
    """As pre-commit runs them, but for the environment that it would install casetable in."""
    hooks = yaml.safe_load((REPOSITORY / ".pre-commit-hooks.yaml").read_text())
    assert {hook["id"]: hook["language"] for hook in hooks} == {"casetable-check": "python", "casetable-lint": "python"}
    local = {"repos": [{"repo": "local", "hooks": [{**hook, "language": "system"} for hook in hooks]}]}
    (flagship / ".pre-commit-config.yaml").write_text(yaml.safe_dump(local))
    git(flagship, "add", "-A")
    done = pre_commit(flagship, tmp_path / "one", "run", "--all-files")
    assert done.returncode == 0, done.stdout
    assert re.findall(r"casetable (check|lint)\.+(\w+)", done.stdout) == [("check", "Passed"), ("lint", "Passed")]
    report = flagship / "curated/reports/qiu-2024.yaml"
    report.write_text(re.sub(r"(?m)^    sex:.*$", "    sex: femail", report.read_text()))
    git(flagship, "add", "-A")
    done = pre_commit(flagship, tmp_path / "two", "run", "--files", "curated/reports/qiu-2024.yaml")
    assert done.returncode == 1
    assert re.findall(r"casetable (check|lint)\.+(?:\(.*\))?(\w+)", done.stdout) == [
        ("check", "Failed"),
        ("lint", "Skipped"),
    ]
    assert "E104 sex: case 1: 'femail' is not" in done.stdout
    done = pre_commit(flagship, tmp_path / "three", "run", "--files", ".gitignore")
    assert done.returncode == 0


# --- schemas for the editor -------------------------------------------------------------------------------------------


def test_a_new_review_is_checked_and_completed_by_an_editor_at_once(tmp_path: Path) -> None:
    assert casetable("init", "bees", cwd=tmp_path).code == 0
    folder = tmp_path / "bees"
    for path in folder.rglob("*.yaml"):
        line = path.read_text().splitlines()[0]
        schema = path.parent / line.removeprefix("# yaml-language-server: $schema=")
        assert json.loads(schema.read_text())["$schema"] == "https://json-schema.org/draft/2020-12/schema", path
    commit_all(folder)
    assert ".casetable" not in git(folder, "ls-files")


def test_the_schema_of_an_extraction_follows_the_form(tmp_path: Path) -> None:
    write_files(tmp_path, example_files())
    form = tmp_path / "curated/form.yaml"
    before = casetable("schema", "report", cwd=tmp_path)
    assert before.code == 0
    form.write_text(form.read_text().replace("female: [girl, woman]", "girl: []"))
    after = casetable("schema", "report", cwd=tmp_path)
    cell = json.loads(after.out)["$defs"]["CaseShape"]["properties"]["sex"]
    assert cell["anyOf"][0] == {"enum": ["girl", "male"]}
    assert cell["description"] == "Sex; girl or male"
    assert after.out != before.out
    dry = casetable("schema", "--write", "--dry-run", cwd=tmp_path)
    assert "would write .casetable/schema/report.json\n" in dry.out
    assert not (tmp_path / ".casetable").exists()
    assert casetable("schema", "--write", cwd=tmp_path).code == 0
    assert (tmp_path / ".casetable/schema/report.json").read_text() == after.out
    names = {path.stem for path in (tmp_path / ".casetable/schema").iterdir()}
    assert names == {line.split()[0] for line in casetable("schema", cwd=tmp_path).out.splitlines()}


def test_a_faulty_form_leaves_the_other_schemas(tmp_path: Path) -> None:
    write_files(tmp_path, example_files())
    form = tmp_path / "curated/form.yaml"
    form.write_text(form.read_text().replace("unit: year", "unit: yeer"))
    ran = casetable("schema", "--write", cwd=tmp_path)
    assert ran.code == 2
    assert "the schema of extractions was not written" in ran.err
    assert "curated/form.yaml:6:11: P101 age_years: 'yeer' is not a unit" in ran.err
    names = {path.name for path in (tmp_path / ".casetable/schema").iterdir()}
    assert names == {f"{line.split()[0]}.json" for line in casetable("schema", cwd=tmp_path).out.splitlines()} - {
        "report.json"
    }


def test_new_writes_the_schemas_anew(tmp_path: Path) -> None:
    files = example_files()
    del files["curated/reports/doe-2020.yaml"]
    write_files(tmp_path, files)
    assert casetable("new", "pmid:11", cwd=tmp_path).code == 0
    first = (tmp_path / "curated/reports/doe-2020.yaml").read_text().split("\n")[0]
    assert first == "# yaml-language-server: $schema=../../.casetable/schema/report.json"
    assert "country" in (tmp_path / ".casetable/schema/report.json").read_text()


def test_outside_a_review_all_but_the_extractions(tmp_path: Path) -> None:
    listed = casetable("schema", cwd=tmp_path)
    assert listed.code == 0
    names = [line.split()[0] for line in listed.out.splitlines()]
    assert names[0] == "review"
    assert names[-1] == "report"
    told = json.loads(casetable("schema", "--format", "json", cwd=tmp_path).out)
    assert [one["name"] for one in told["schemas"]] == names
    for name in names[:-1]:
        ran = casetable("schema", name, "--out", f"{name}.json", cwd=tmp_path)
        assert (ran.code, ran.out) == (0, f"wrote {name}.json\n")
    assert (tmp_path / "review.json").read_text() == casetable("schema", "review", cwd=tmp_path).out
    assert casetable("schema", "report", cwd=tmp_path).code == 2
    wrong = casetable("schema", "reports", cwd=tmp_path)
    assert wrong.code == 2
    assert f"there is no schema 'reports'; expected {', '.join(names[:-1])} or report" in wrong.err
    assert casetable("schema", "--write", cwd=tmp_path).code == 2
    assert casetable("schema", "--write", "form", cwd=tmp_path).code == 2
    assert casetable("schema", "--out", "x", cwd=tmp_path).code == 2


def test_a_decision_leaves_the_first_line(flagship: Path) -> None:
    path = flagship / "curated/screening.yaml"
    start = path.read_text().index("  - record: doi:10.1056/nejmc1900045")
    text = path.read_text()
    path.write_text(text[:start] + text[text.index("  - record:", start + 5) :])
    ran = casetable("screen", "doi:10.1056/nejmc1900045", "--exclude", "no-tocilizumab", cwd=flagship)
    assert ran.code == 0, ran.err
    assert path.read_text().startswith(text[:400])
