"""`verify` as a user runs it, and what `check` says of it in a clone that has no text."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.conftest import example_files, write_files
from tests.e2e.conftest import casetable, commit_all, git

DOE = """A case of something invented

Case presentation

A 3-year-old girl from China was given an invented drug. Her ferritin was 1,271.4 ng/ml.

Discussion

Invented drugs are rare.
"""
QUOTED = """\
    age_years: {value: 3, reported: "3-year-old", where: Case presentation}
    sex: {value: female, reported: girl, where: Case presentation}
    country: {value: China, reported: from China, where: Case presentation}
"""
PLAIN = "    age_years: 3\n    sex: female\n    country: China\n"
REPORT = "curated/reports/doe-2020.yaml"
VERIFIED = "curated/verified.jsonl"


@pytest.fixture
def review(tmp_path: Path) -> Path:
    """The example review with quotes, under git, and its report's text beside it."""
    files = example_files()
    files[REPORT] = files[REPORT].replace(PLAIN.encode(), QUOTED.encode())
    files["../doe.txt"] = DOE.encode()
    folder = write_files(tmp_path / "review", files)
    (folder / ".gitignore").write_text(".casetable/\nbuild/\n")
    commit_all(folder)
    return folder


def edit(folder: Path, old: str, new: str) -> None:
    path = folder / REPORT
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_true_extraction_is_verified_and_recorded(review: Path) -> None:
    ran = casetable("verify", "doe-2020", "--text", "../doe.txt", cwd=review)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.splitlines() == [
        "doe-2020: 3 verified (doe.txt)",
        "checked 3 cells: 3 verified, 0 elsewhere, 0 near, 0 absent, 0 unverifiable",
        "  numbers: 1 of 1 verified",
        "  choices: 1 of 1 verified",
        "  texts: 1 of 1 verified",
    ]
    lines = [json.loads(line) for line in (review / VERIFIED).read_text().splitlines()]
    assert [(line["report"], line["case"], line["cell"], line["outcome"], line["text"]) for line in lines] == [
        ("doe-2020", "1", cell, "verified", "doe.txt") for cell in ("age_years", "country", "sex")
    ]
    assert [DOE[line["start"] : line["end"]] for line in lines] == ["3-year-old", "from China", "girl"]
    assert git(review, "status", "--porcelain") == f"?? {VERIFIED}\n"
    before = (review / VERIFIED).read_bytes()
    casetable("verify", REPORT, "--text", "../doe.txt", cwd=review)
    assert (review / VERIFIED).read_bytes() == before


def test_the_verdict_of_check_needs_no_text(review: Path, tmp_path: Path) -> None:
    casetable("verify", "doe-2020", "--text", "../doe.txt", cwd=review)
    git(review, "add", "-A")
    git(review, "commit", "-q", "-m", "verified")
    git(tmp_path, "clone", "-q", str(review), str(tmp_path / "clone"))
    here, there = (casetable("check", cwd=folder) for folder in (review, tmp_path / "clone"))
    assert (here.code, here.out) == (there.code, there.out)
    assert "(3 of 3 with a quote or value verified)" in here.out
    for folder in (review, tmp_path / "clone"):
        edit(folder, '{value: 3, reported: "3-year-old"', '{value: 4, reported: "4-year-old"')
    here, there = (casetable("check", cwd=folder) for folder in (review, tmp_path / "clone"))
    assert (here.code, here.out) == (there.code, there.out) == (1, here.out)
    assert f"{REPORT}:11:24: V101 age_years: case 1: was found in 'doe.txt' on " in here.out
    assert "and says something else since; next: casetable verify doe-2020" in here.out


def test_wrong_cells_end_1_and_are_not_recorded(review: Path) -> None:
    edit(review, '{value: 3, reported: "3-year-old"', '{value: 13, reported: "13-year-old"')
    edit(review, "{value: female, reported: girl", "{value: male, reported: girl")
    edit(review, "reported: from China, where: Case presentation", "reported: from China, where: Discussion")
    ran = casetable("verify", "doe-2020", "--text", "../doe.txt", "--format", "json", cwd=review)
    assert ran.code == 1
    told = json.loads(ran.out)
    assert {name: told["summary"][name] for name in ("checked", "verified", "elsewhere", "near", "absent", "unverifiable")} == {
        "checked": 3, "verified": 0, "elsewhere": 1, "near": 2, "absent": 0, "unverifiable": 0,
    }  # fmt: skip
    assert told["summary"]["kinds"]["numbers"]["near"] == 1
    assert [(p["code"], p["severity"], p["field"], p["message"]) for p in told["problems"]] == [
        ("V202", "error", "age_years", "case 1: '13-year-old' is not in the text, but 'A 3-year-old girl from China…'"),
        (
            "V202",
            "error",
            "sex",
            "case 1: the quote has no printed form of 'male' ('male', 'boy' or 'man'), but of 'female':"
            " 'A 3-year-old girl from China was given an invented…'",
        ),
        (
            "V203",
            "warning",
            "country",
            "case 1: stands in 'Case presentation'; expected in 'Discussion', as the cell says",
        ),
    ]
    assert [json.loads(line)["cell"] for line in (review / VERIFIED).read_text().splitlines()] == ["country"]


def test_a_cell_that_turns_wrong_loses_its_line(review: Path) -> None:
    casetable("verify", "--text", "../doe.txt", cwd=review)
    edit(review, '{value: 3, reported: "3-year-old"', '{value: 13, reported: "13-year-old"')
    assert casetable("check", cwd=review).code == 1
    assert casetable("verify", "--text", "../doe.txt", cwd=review).code == 1
    assert casetable("check", cwd=review).code == 0
    assert "(2 of 3 with a quote or value verified)" in casetable("check", cwd=review).out


def test_a_cell_that_was_verified_and_is_gone_is_told(review: Path) -> None:
    casetable("verify", "--text", "../doe.txt", cwd=review)
    edit(review, "    country: {value: China, reported: from China, where: Case presentation}\n", "")
    edit(review, "    sex:", "    country: not reported\n    sex:")
    ran = casetable("check", cwd=review)
    assert ran.code == 1
    assert f"{VERIFIED}:2:1: V101 country: case 1: was found in 'doe.txt' on " in ran.out
    assert "and is not in the extraction any more" in ran.out


def test_texts_at_hand_are_found_by_name_and_without_one_nothing_is_judged(review: Path) -> None:
    ran = casetable("verify", cwd=review)
    assert ran.code == 0
    assert "doe-2020: 3 unverifiable (no text at hand)" in ran.out
    assert not (review / VERIFIED).exists()
    assert casetable("verify", "--strict", cwd=review).code == 1
    folder = review / ".casetable/texts"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(review.parent / "doe.txt", folder / "Doe-2020.txt")
    (folder / "doe-2020.docx").write_bytes(b"PK\x03\x04")
    ran = casetable("verify", cwd=review)
    assert (ran.code, ran.out.splitlines()[0]) == (0, "doe-2020: 3 verified (Doe-2020.txt)")
    assert ran.err == (
        "a text of doe-2020 was not read: doe-2020.docx is a Word file or an archive; expected text, PDF, HTML or JATS"
        " XML: save it as one of them\n"
    )


def test_dry_run_writes_nothing(review: Path) -> None:
    assert casetable("verify", "--text", "../doe.txt", "--dry-run", cwd=review).code == 0
    assert git(review, "status", "--porcelain") == ""


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("quite-another",), "'quite-another' is no extraction of this review; there is doe-2020"),
        (("doe-2021",), "'doe-2021' is no extraction of this review; did you mean 'doe-2020'?"),
        (("doe-2020", "--text", "no.txt"), "no.txt cannot be read (No such file or directory)"),
        (("doe-2020", "--text", "curated"), "curated cannot be read (Is a directory)"),
        (("../../etc/passwd",), "'../../etc/passwd' is no extraction of this review; there is doe-2020"),
    ],
)
def test_wrong_usage(review: Path, arguments: tuple[str, ...], told: str) -> None:
    ran = casetable("verify", *arguments, cwd=review)
    assert (ran.code, ran.out, ran.err) == (2, "", f"casetable: {told}\n")


def test_a_damaged_verified_file_is_named(review: Path) -> None:
    (review / VERIFIED).write_text("<<<<<<< ours\n{}\n")
    ran = casetable("check", cwd=review)
    assert ran.code == 2
    assert f"{VERIFIED}:1:1: F205 is not a JSON object; expected a line as `verify` writes it" in ran.out
    assert f"{VERIFIED}:2:1: F205 is of schema 'None'; expected 1" in ran.out


def test_the_flagship_is_unverifiable_as_none_of_its_reports_is_at_hand(flagship: Path) -> None:
    ran = casetable("verify", "--format", "json", cwd=flagship)
    summary = json.loads(ran.out)["summary"]
    assert ran.code == 0
    assert summary["checked"] == summary["unverifiable"] > 100
    assert git(flagship, "status", "--porcelain") == ""
