"""A patient who is told in two reports: raised, compared, ruled on, and counted once."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from casetable.overlap import O103
from tests.conftest import example_files, write_files
from tests.e2e.conftest import casetable, commit_all, git

OVERLAPS = "curated/overlaps.yaml"


@pytest.fixture
def review(tmp_path: Path) -> Path:
    """The example review with a second report, whose patient may be the first one's."""
    files = example_files()
    files.update({path: text.encode() for path, text in O103.example.also})
    other = files["curated/reports/poe-2019.yaml"]
    files["curated/reports/poe-2019.yaml"] = other.replace(b"502.3", b"1271.4").replace(b"15.2", b"13.25")
    folder = write_files(tmp_path / "review", files)
    commit_all(folder)
    return folder


def rule(folder: Path, verdict: str, *cases: str) -> None:
    listed = "".join(f"  - {{cases: [{', '.join(cases)}], verdict: {verdict}, by: A. Curator, when: 2026-01-16}}\n")
    (folder / OVERLAPS).write_text(f"schema: 1\nrulings:\n{listed}")


def patients(folder: Path) -> tuple[str, int]:
    ran = casetable("build", cwd=folder)
    assert ran.code == 0, ran.err
    prisma = json.loads((folder / "build/prisma.json").read_text())
    assert prisma["cases"]["cases_in_table"] == 2
    return ran.out.splitlines()[0], prisma["cases"]["unique_patients"]


def test_from_a_possible_overlap_to_one_patient(review: Path) -> None:
    checked = casetable("check", cwd=review)
    assert checked.code == 0
    assert "O101 warning: overlap: doe-2020/1 and poe-2019/1 may be one patient: ferritin (both 1271.4)" in checked.out
    assert casetable("check", "--strict", cwd=review).code == 1
    told = casetable("overlap", cwd=review).out.splitlines()
    assert told[0] == "doe-2020/1 and poe-2019/1"
    assert "  supports     " in told[1]
    assert told[-2:] == [
        "2 cases of 2 patients, 1 possible overlap",
        "next: casetable overlap A B --same (or --different, --cannot-tell); or rule in curated/overlaps.yaml",
    ]
    first, unique = patients(review)
    assert "a table of 2 cases in" in first
    assert unique == 2

    rule(review, "same", "doe-2020/1", "poe-2019/1")
    assert "O101" not in casetable("check", "--strict", cwd=review).out
    assert "2 eligible cases of 1 patient\n" in casetable("status", cwd=review).out
    first, unique = patients(review)
    assert "a table of 2 cases (1 patient) in" in first
    assert unique == 1
    assert "| 1 (the patient of poe-2019/1) |" in (review / "build/table.md").read_text()
    page = (review / "build/report.html").read_text()
    assert "<small>case 1, the patient of poe-2019/1</small>" in page
    with (review / "build/table.csv").open(encoding="utf-8", newline="") as file:
        assert [row["report"] for row in csv.DictReader(file)] == ["poe-2019", "doe-2020"]
    explained = casetable("overlap", "poe-2019/1", "doe-2020/1", cwd=review)
    assert explained.out.splitlines()[-1] == "ruled: same by A. Curator on 2026-01-16"


def test_a_ruling_on_the_command_line_stands_in_the_file_and_is_not_contradicted(review: Path) -> None:
    cases = ("doe-2020/1", "poe-2019/1")
    dry = casetable("overlap", *cases, "--same", "--by", "B. Curator", "--dry-run", cwd=review)
    assert dry.out == "would record in curated/overlaps.yaml: doe-2020/1 and poe-2019/1 same\n"
    assert not (review / OVERLAPS).exists()
    ran = casetable("overlap", *cases, "--same", "--by", "B. Curator", "--note", "asked: yes", cwd=review)
    assert (ran.code, ran.out) == (0, "recorded in curated/overlaps.yaml: doe-2020/1 and poe-2019/1 same\n")
    written = (review / OVERLAPS).read_text()
    assert "  - cases: [doe-2020/1, poe-2019/1]\n    verdict: same\n    by: B. Curator\n" in written
    assert written.endswith('    note: "asked: yes"\n')
    assert casetable("overlap", *cases, cwd=review).out.splitlines()[-1].startswith("ruled: same by B. Curator on ")
    again = casetable("overlap", *cases, "--cannot-tell", "--by", "C", cwd=review)
    assert again.code == 2
    assert "B. Curator ruled 'same' on doe-2020/1 and poe-2019/1 already (curated/overlaps.yaml:" in again.err
    assert (review / OVERLAPS).read_text() == written
    alone = casetable("overlap", *cases, "--by", "C", cwd=review)
    assert (alone.code, "expected --same, --different or --cannot-tell" in alone.err) == (2, True)


def test_cannot_tell_is_counted_and_not_raised_again(review: Path) -> None:
    rule(review, "cannot tell", "doe-2020/1", "poe-2019")
    assert "O101" not in casetable("check", cwd=review).out
    answer = json.loads(casetable("overlap", "--format", "json", cwd=review).out)
    assert answer["summary"] == {"cases": 2, "patients": 2, "possible": 0, "cannot_tell": 1}
    told = casetable("status", cwd=review).out
    assert "2 eligible cases of 2 patients; of 1 overlap nobody can tell" in told
    summary = json.loads(casetable("status", "--format", "json", cwd=review).out)["summary"]
    assert (summary["cases"], summary["patients"], summary["cannot_tell"]) == (2, 2, 1)


def test_faults_of_rulings_are_named_at_their_places(review: Path) -> None:
    (review / OVERLAPS).write_text(
        "schema: 1\nrulings:\n  - {cases: [doe-2020/1], verdict: perhaps, by: A, when: today}\n  - {cases: [a b, doe-2020/1]}\n"
    )
    ran = casetable("check", cwd=review)
    assert ran.code == 1
    for told in (
        f"{OVERLAPS}:3:13: F203 cases: a list is not a list of at least two cases, each as REPORT/CASE",
        f"{OVERLAPS}:3:36: F203 verdict: 'perhaps' is not same, different or cannot tell",
        f"{OVERLAPS}:3:58: F203 when: 'today' is not a date as 2026-11-22",
        f"{OVERLAPS}:4:14: F203 cases: 'a b' is not a case as REPORT/CASE, as doe-2020/1",
        f"{OVERLAPS}:4:5: F202 verdict: is missing; expected same, different or cannot tell",
    ):
        assert told in ran.out, told
    rule(review, "same", "doe-2020/1", "poe-2019/2")
    ran = casetable("check", cwd=review)
    assert f"{OVERLAPS}:3:5: O102 cases: 'poe-2019/2' is no eligible case of an included report" in ran.out
    assert "did you mean 'poe-2019/1'?" in ran.out


@pytest.mark.parametrize(
    ("cases", "told"),
    [
        (("doe-2020/1",), "two cases are compared; expected both, each as REPORT/CASE, or none"),
        (("doe-2020/1", "doe-2020/1"), "a case is the same patient as itself; expected two cases"),
        (
            ("doe-2020/1", "doe-2020/7"),
            "'doe-2020/7' is no eligible case of an included report; did you mean 'doe-2020/1'?",
        ),
    ],
)
def test_wrong_usage(review: Path, cases: tuple[str, ...], told: str) -> None:
    ran = casetable("overlap", *cases, cwd=review)
    assert (ran.code, ran.out, ran.err) == (2, "", f"casetable: {told}\n")


def test_the_flagship_raises_teng_and_zhang_and_nothing_else(flagship: Path) -> None:
    ran = casetable("check", cwd=flagship)
    assert ran.code == 0
    assert [line for line in ran.out.splitlines() if " O101 " in line] == [
        "curated/reports/teng-2021.yaml:17:5: O101 warning: overlap: teng-2021/1 and one of the 6 cases of zhang-2021 may be one"
        " patient: authors (in common: Wang Q (a common name)), year of publication (both 2021); nothing of the patients can be"
        " compared (9 missing); next: casetable overlap teng-2021/1 zhang-2021/1"
    ]
    assert git(flagship, "status", "--porcelain") == ""
