"""Two persons screen, each without seeing what the other decided, and settle what they differ on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import write_files
from tests.e2e.conftest import Ran, at_keyboard, casetable, commit_all

SCREENING = "curated/screening.yaml"
ROE, POE = "doi:10.1234/invented.2", "own:r1"


@pytest.fixture
def review(example: Path) -> Path:
    """The example review, to be screened by two, of whom A. Curator is git's user; nobody decided yet."""
    protocol = (example / "review.yaml").read_text()
    write_files(
        example,
        {
            "review.yaml": f"{protocol}screeners: 2\n".encode(),
            SCREENING: b"schema: 1\ndecisions:  # of both\n",
        },
    )
    commit_all(example)
    return example


def screen(review: Path, *arguments: str, by: str = "A. Curator") -> Ran:
    return casetable("screen", *arguments, "--by", by, cwd=review)


def problems(review: Path) -> list[tuple[str, str]]:
    told = json.loads(casetable("check", "--format", "json", cwd=review).out)["problems"]
    return [(each["code"], each["field"]) for each in told if each["code"].startswith("S")]


def test_two_persons_decide_differ_and_settle(review: Path) -> None:
    assert [code for code, _ in problems(review)] == ["S106", "S101", "S101", "S101"]
    assert screen(review, POE, "--include").code == 0
    assert ("S107", POE) in problems(review)
    twice = screen(review, POE, "--exclude", "other-drug", by="a.  curator")
    assert (twice.code, twice.err) == (
        2,
        f"casetable: A. Curator decided 'include' on {POE} already ({SCREENING}:3:5); to change it, edit that entry\n",
    )
    early = screen(review, POE, "--include", "--settle")
    assert early.err == (
        f"casetable: there is nothing to settle on {POE} (stage records); expected decisions that differ\n"
    )
    assert screen(review, POE, "--exclude", "other-drug", by="B. Curator").code == 0
    third = screen(review, POE, "--include", by="C. Curator")
    assert third.err == f"casetable: A. Curator and B. Curator differ on {POE}; to settle it, give --settle\n"

    check = casetable("check", cwd=review)
    assert (
        f"{SCREENING}:8:5: S103 {POE}: B. Curator decided 'exclude' on {POE}, but A. Curator 'include' in line 3;"
        f" 'casetable screen {POE} --include --settle', or '--exclude REASON --settle', writes what you agree on\n"
    ) in check.out
    status = casetable("status", cwd=review).out
    assert "3 reports found: 0 included, 0 excluded, 3 undecided\n" in status
    assert "decisions differ (1); next: casetable screen RECORD --include --settle" in status

    both = "A. Curator and B. Curator"
    settled = screen(review, POE, "--exclude", "no-tocilizumab", "--settle", "--note", "talked over", by=both)
    assert settled.out == (f"recorded: {POE} excluded: no-tocilizumab (stage records, by {both}); this settles it\n")
    assert (review / SCREENING).read_text().endswith("    settles: yes\n    note: talked over\n")
    assert not [code for code, field in problems(review) if field == POE]
    late = screen(review, POE, "--include", by="C. Curator")
    assert f"{both} settled {POE} already" in late.err
    assert "3 reports found: 0 included, 1 excluded, 2 undecided\n" in casetable("status", cwd=review).out


def test_the_stage_of_a_decision_follows_what_both_decided(review: Path) -> None:
    for by in ("A. Curator", "B. Curator"):
        assert "(stage records, by" in screen(review, ROE, "--include", by=by).out
    for by in ("A. Curator", "B. Curator"):
        assert "(stage reports, by" in screen(review, ROE, "--include", by=by).out
    third = screen(review, ROE, "--include", by="C. Curator")
    assert f"A. Curator and B. Curator decided on {ROE} already, and agree; two persons screen" in third.err
    assert screen(review, POE, "--include", "--stage", "reports").code == 0
    told = screen(review, POE, "--exclude", "other-drug", by="B. Curator").out
    assert "(stage reports, by B. Curator)" in told
    assert "differ on own:r1" in screen(review, POE, "--include", by="C").err
    assert "(stage reports, by C)" in screen(review, POE, "--include", "--settle", by="C").out

    # The report outranks its record: a second decision on it is awaited, whatever is open on the record.
    assert screen(review, "pmid:11", "--include").code == 0
    assert screen(review, "pmid:11", "--exclude", "other-drug", by="B. Curator").code == 0
    assert screen(review, "pmid:11", "--include", "--stage", "reports").code == 0
    assert "(stage reports, by B. Curator)" in screen(review, "pmid:11", "--include", by="B. Curator").out


def test_status_tells_how_far_two_agree(review: Path) -> None:
    before = json.loads(casetable("status", "--format", "json", cwd=review).out)["screening"]
    assert before == {"screeners": 2, "awaiting_second": [], "conflicts": [], "agreement": []}
    for key, *verdicts in (
        ("pmid:11", "--include", "--include"),
        (ROE, "--exclude", "--exclude"),
        (POE, "--include", "--exclude"),
    ):
        for by, verdict in zip(("A. Curator", "B. Curator"), verdicts, strict=True):
            reason = ["other-drug"] if verdict == "--exclude" else []
            assert screen(review, key, verdict, *reason, by=by).code == 0
    told = (
        "agreement of screeners, before anything was settled\n"
        "  records: A. Curator and B. Curator, 3 reports: both include 1, only A. Curator 1, only B. Curator 0,"
        " both exclude 1; agreement 67%, kappa 0.40\n"
    )
    assert told in casetable("status", cwd=review).out
    screen(review, POE, "--include", "--settle")
    assert told in casetable("status", cwd=review).out
    screening = json.loads(casetable("status", "--format", "json", cwd=review).out)["screening"]
    [agreed] = screening["agreement"]
    assert (agreed["reports"], agreed["agreed"], agreed["kappa"]) == (3, 2, pytest.approx(0.4))
    assert agreed["pairs"] == [
        {
            "persons": ["A. Curator", "B. Curator"],
            "both_include": 1,
            "only_first_includes": 1,
            "only_second_includes": 0,
            "both_exclude": 1,
            "share": pytest.approx(2 / 3),
            "kappa": pytest.approx(0.4),
            "pabak": pytest.approx(1 / 3),
        }
    ]


def test_status_of_a_review_that_one_person_screens_has_nothing_of_it(example: Path) -> None:
    assert "agreement" not in casetable("status", cwd=example).out
    assert "screening" not in json.loads(casetable("status", "--format", "json", cwd=example).out)


def test_at_the_keyboard_each_sees_only_what_they_did_not_decide_on(review: Path) -> None:
    first = at_keyboard(review, ["i", ("e", "1"), "q"])
    assert "[1/3]" in first
    assert "2 decided, 3 undecided, 1 left for A. Curator; every decision is in the file" in first
    second = at_keyboard(review, ["i", ("e", "2"), "q"], "--by", "B. Curator")
    assert "[1/3]" in second, "what one decided on is still to be decided on by the other"
    assert "A. Curator" not in second
    assert "2 decided, 1 undecided, 1 left for B. Curator" in second
    again = at_keyboard(review, ["q"])
    assert "[1/1]" in again


VOTES = 'RAYYAN-INCLUSION: {{"Anna"=>"{}", "Bo"=>"{}"}}'


def test_the_decisions_of_two_in_a_screening_tool_are_two_decisions(review: Path) -> None:
    assert casetable("screen", "--export", "out.ris", cwd=review).out.startswith("wrote 3 undecided reports")
    records = (review / "out.ris").read_text().split("\n\n")
    votes = {
        "pmid:11": VOTES.format("Included", "Included"),
        ROE: VOTES.format("Included", "Excluded"),
        POE: VOTES.format("Included", "Maybe"),
    }
    for key, vote in votes.items():
        [at] = [number for number, record in enumerate(records) if f"casetable-record: {key}" in record]
        records[at] = records[at].replace("ER  -", f"N1  - {vote}\nER  -")
    (review / "back.ris").write_text("\n\n".join(records))
    arguments = ("screen", "--decisions", "back.ris", "--reason", "other-drug")
    ran = casetable(*arguments, cwd=review)
    assert ran.out == (
        "recorded 5 decisions: 4 to include, 1 to exclude\n"
        "left open (1)\n"
        "  'Yet another report' is undecided: Bo maybe\n"
    ).replace("Yet another report", titled(review, POE))
    decided = (review / SCREENING).read_text()
    assert decided.count("by: Anna\n") == 3
    assert decided.count("by: Bo\n") == 2
    assert [(code, field) for code, field in problems(review) if code in {"S101", "S103", "S107"}] == [
        ("S103", ROE),
        ("S107", POE),
    ]
    again = casetable(*arguments, cwd=review)
    assert again.out.startswith(
        "recorded 0 decisions: 0 to include, 0 to exclude\n  3 records decided the same before\n"
    )
    assert (review / SCREENING).read_text() == decided
    mine = screen(review, "--export", "mine.ris", by="Anna")
    assert mine.out.startswith("wrote 0 undecided reports")
    assert screen(review, "--export", "mine.ris", by="Bo").out.startswith("wrote 1 undecided report ")

    taken = casetable("screen", "--decisions", "back.ris", "--by", "Cleo", "--reason", "other-drug", cwd=review)
    assert taken.out.startswith(
        "recorded 0 decisions: 0 to include, 0 to exclude\n  1 record decided the same before\n"
    )
    assert "is not agreed on: Anna include, Bo exclude" in taken.out


def titled(review: Path, key: str) -> str:
    records = [json.loads(line) for line in (review / "queries/records.jsonl").read_text().splitlines()]
    return next(str(record["title"]) for record in records if record["key"] == key)


def test_a_number_of_screeners_is_one_or_two(review: Path) -> None:
    path = review / "review.yaml"
    path.write_text(path.read_text().replace("screeners: 2", "screeners: 3"))
    ran = casetable("check", cwd=review)
    assert ran.code == 2
    assert "review.yaml:12:12: F203 screeners: '3' is not 1 or 2\n" in ran.out
