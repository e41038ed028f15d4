"""What people and merges do to files: each fault is told with its place, all of them at once, never a traceback."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.e2e.conftest import casetable, casetable_anew

REPORT = "curated/reports/doe-2020.yaml"


def edited(review: Path, name: str, old: str, new: str) -> None:
    path = review / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_all_faults_of_all_files_are_told_at_once(example: Path) -> None:
    edited(example, REPORT, "age_years: 3", "age_years: {value: 3, unit: kg}")
    edited(example, REPORT, "sex: female", "sex: femail")
    edited(example, REPORT, "access: full text", "access: fulltext")
    edited(example, "curated/screening.yaml", "when: 2026-01-16", "when: 16.1.2026")
    edited(example, "queries/own.yaml", "year: 2019", "yaer: 2019")
    edited(example, "review.yaml", "question: What became of invented patients?", "question:")
    (example / "curated/reports/roe-2021.yaml").write_bytes(b"schema: 1\nreport: &a pmid:11\naccess:\tx\n\tnote: y\n")
    (example / "curated/reports/poe-2019.yaml").write_bytes(b"schema: 1\nnote: caf\xe9\n")
    ran = casetable("check", cwd=example)
    assert ran.code == 2, "a file that cannot be read wins over problems"
    told = ran.out
    for expected in (
        f"{REPORT}:11:33: E106 age_years: case 1: 'kg' cannot be converted to year",
        f"{REPORT}:3:9: F203 access: 'fulltext' is not full text, partial text, abstract or none; did you mean 'full text'?",
        f"{REPORT}:12:10: E104 sex: case 1: 'femail' is not female or male; did you mean 'female'?",
        "curated/screening.yaml:19:11: F203 when: '16.1.2026' is not a date as 2026-11-22",
        "queries/own.yaml:9:5: F201 yaer: 'yaer' is not a key of this mapping; expected authors, ",
        "review.yaml:3:10: P104 question: is not filled in yet; expected the question of the review",
        "curated/reports/roe-2021.yaml:4:1: F104 a tab stands where the line is indented; expected spaces",
        "curated/reports/poe-2019.yaml:2:10: F103 byte 0xe9 is not UTF-8; expected a file saved as UTF-8",
    ):
        assert expected in told
    assert told.splitlines()[-1].startswith("checked ")


@pytest.mark.parametrize(
    ("data", "expected", "code"),
    [
        (
            b"schema: 1\nreport: pmid:11\nreport: pmid:12\n",
            "F105 'report' stands here a second time, first in line 2",
            2,
        ),
        (b"a: &x 1\nb: *x\n", "F106 the alias '*x' is not read here; expected the value itself", 2),
        (b"a: !!python/object/apply:os.system [id]\n", "F106 the tag '!!python/object/apply:os.system' is not read", 2),
        (b"\tschema: 1\n", "F104 a tab stands where the line is indented; expected spaces", 2),
        (b"schema: 1\nx: " + b"y" * 50_000_000, "F102 is larger than 5,000,000 bytes", 2),
        (b"[" * 100_000, "F104 is nested deeper than 24 levels", 2),
        (b"", "F202 report: is missing; expected the key of the report's record", 1),
        (b"- 1\n- 2\n", "F203 a list stands here; expected a mapping of 'key: value' lines", 1),
        (b"schema: 1\nreport: [a]\n", "F203 report: a list is not a record's key", 1),
        (b"schema: 1\n\x1b[2Jx: 1\n", "F104 the control character '\\x1b' is not allowed", 2),
    ],
)
def test_a_faulty_report(example: Path, data: bytes, expected: str, code: int) -> None:
    (example / REPORT).write_bytes(data)
    ran = casetable("check", cwd=example)
    assert expected in ran.out
    assert f"{REPORT}" in ran.out
    assert ran.code == code
    assert "\x1b" not in ran.out


@pytest.mark.parametrize("name", ["curated/form.yaml", "curated/screening.yaml"])
def test_a_missing_file(example: Path, name: str) -> None:
    (example / name).unlink()
    ran = casetable("--root", str(example), "check", cwd=example.parent)
    assert ran.code == 2
    assert f"{name}: F101 is missing" in ran.out


def test_build_refuses_what_it_cannot_read_and_writes_nothing(example: Path) -> None:
    (example / REPORT).write_bytes(b"schema: 1\nnote: \xff\n")
    ran = casetable("build", cwd=example)
    assert ran.code == 2
    assert f"{REPORT}:2:7: F103 byte 0xff is not UTF-8" in ran.err
    assert not (example / "build").exists()


@pytest.mark.skipif(os.name == "nt", reason="needs named pipes")
def test_what_is_no_file_is_told_not_waited_for(example: Path) -> None:
    (example / REPORT).unlink()
    os.mkfifo(example / REPORT)
    ran = casetable("check", cwd=example)
    assert ran.code == 2
    assert f"{REPORT}: F101 is not a file that can be read" in ran.out


def test_conflict_markers_in_the_log_are_told_with_their_lines(example: Path) -> None:
    path = example / "queries/searches.jsonl"
    path.write_text("<<<<<<< HEAD\n" + path.read_text() + "=======\n>>>>>>> other\n")
    ran = casetable("check", cwd=example)
    assert ran.code == 2
    assert "queries/searches.jsonl:1:1: F205 is not a JSON object; expected a line as `refresh` writes it" in ran.out
    assert "queries/searches.jsonl:5:1: F205" in ran.out


def test_outside_a_review(tmp_path: Path) -> None:
    ran = casetable("check", cwd=tmp_path)
    assert ran.code == 2
    assert "is not in a review: no review.yaml here or above; 'casetable init DIR' writes a new review" in ran.err


def test_wrong_usage_ends_2(example: Path) -> None:
    for arguments in (
        ["chek"],
        ["check", "--fromat", "json"],
        ["screen", "pmid:11"],
        ["new", "pmid:77"],
        ["rules", "X1"],
        [],
    ):
        ran = casetable(*arguments, cwd=example)
        assert ran.code == 2, arguments
        assert ran.err, arguments


def test_our_own_bug_ends_3_and_names_a_log_file(example: Path) -> None:
    # A folder where the tool keeps its cache as a file is foreseen; a broken installation is not.
    (example / "pydantic.py").write_text("raise RuntimeError('a broken installation')\n")
    ran = casetable_anew("check", cwd=example, PYTHONPATH=str(example), NCBI_API_KEY="s3cr3t")
    assert ran.code == 3
    assert ran.err.startswith("casetable: a fault of casetable, not of the review; what happened is in ")
    log = Path(ran.err.strip().rpartition(" ")[2])
    assert "a broken installation" in log.read_text()
    log.unlink()


def test_a_hostile_title_steers_no_terminal_and_no_page(example: Path) -> None:
    path = example / "queries/records.jsonl"
    hostile = "\x1b]0;owned\x07<script>alert(1)</script>|=cmd()"
    changed = []
    for text in path.read_text().splitlines():
        value = json.loads(text)
        value["title"] = hostile + " " + value["title"]
        changed.append(json.dumps(value))
    path.write_text("\n".join(changed) + "\n")
    for arguments in (["status", "--records"], ["check"], ["build"]):
        ran = casetable(*arguments, cwd=example)
        assert "\x1b" not in ran.out + ran.err
    page = (example / "build/report.html").read_text()
    assert page.count("<script") == 3, "the page's own"
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
