"""A review held open: what changed on disk is read again, all else is as it was; decisions and fields are written."""

from __future__ import annotations

import datetime as dt
import random
import time
from pathlib import Path

import pytest

from casetable.curation.files import read_decisions
from casetable.errors import UsageError
from casetable.model import Stage, Verdict
from casetable.review import Review
from casetable.workflow import editing, new, reading
from casetable.workflow.desk import Desk
from casetable.workflow.editing import EditedError
from casetable.workspace import Workspace
from tests.support.browsed import TEXT, write_review

TODAY = dt.date(2026, 1, 20)
FIRST = "pmid:40000003"


def desk_of(folder: Path) -> Desk:
    return Desk(Workspace(folder), today=lambda: TODAY, clock=time.monotonic)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return desk_of(write_review(tmp_path / "review"))


def decide(desk: Desk, key: str, by: str = "A. Curator", reason: str = "", **more: object) -> None:
    verdict = Verdict.EXCLUDE if reason else Verdict.INCLUDE
    options = {"stage": Stage.RECORDS, "note": "", **more}
    reading.decide(desk, key, verdict=verdict, reason=reason, by=by, **options)  # type: ignore[arg-type]


def same_as_read_anew(desk: Desk) -> Review:
    """The review that the desk holds; it says the same as one that is read from scratch."""
    held = desk.review()
    anew = Review(Workspace(desk.workspace.root).load())
    assert held.inputs.decisions == anew.inputs.decisions
    assert held.inputs == anew.inputs
    assert held.items == anew.items
    assert held.undecided == anew.undecided
    return held


def test_nothing_is_another_until_a_file_is(desk: Desk) -> None:
    before = desk.review()
    assert desk.review() is before
    assert desk.review(is_quick=True) is before
    path = desk.workspace.root / "review.yaml"
    path.write_text(path.read_text().replace("a rash", "another rash"))
    after = desk.review(is_quick=True)
    assert after is not before
    assert after.inputs.protocol is not None
    assert after.inputs.protocol.title == "Invented cases of another rash"
    same_as_read_anew(desk)


def test_what_the_held_review_says_is_what_the_files_say(desk: Desk) -> None:
    chance = random.Random(4)
    keys = [f"pmid:{number}" for number in range(40_000_003, 40_000_015)]
    for _ in range(60):
        key, by = chance.choice(keys), "A. Curator"
        if chance.random() < 0.3:
            reading.take_back(desk, key, by=by, stage=Stage.RECORDS)
        else:
            decide(
                desk, key, by, chance.choice(["", "other-drug", "no-case"]), note=chance.choice(["", "so", "# no: 'x'"])
            )
    held = same_as_read_anew(desk)
    queue = reading.queue_of(desk, held, "A. Curator", Stage.RECORDS)
    fresh = reading.Queue(by="A. Curator", stage=Stage.RECORDS)
    fresh.follow(held)
    assert (queue.left, queue.decided, queue.awaiting) == (fresh.left, fresh.decided, fresh.awaiting)
    text = (desk.workspace.root / "curated/screening.yaml").read_text()
    assert "# the first one that we found" in text


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_a_decision_changes_only_its_own_lines(desk: Desk, line_end: str) -> None:
    path = desk.workspace.root / "curated/screening.yaml"
    path.write_bytes(path.read_bytes().replace(b"\n", line_end.encode()))
    before = path.read_bytes()
    decide(desk, FIRST)
    once = path.read_bytes()
    assert once.startswith(before)
    decide(desk, "pmid:40000004", reason="no-case", note="why not")
    assert path.read_bytes().startswith(once)
    decide(
        desk, FIRST, reason="other-drug"
    )  # another decision in place of the first, which is not the last of the file
    decisions, problems = read_decisions("s", path.read_bytes())
    assert not problems
    assert [(each.key, each.reason) for each in decisions[-2:]] == [(FIRST, "other-drug"), ("pmid:40000004", "no-case")]
    reading.take_back(desk, FIRST, by="a. curator", stage=Stage.RECORDS)
    reading.take_back(desk, "pmid:40000004", by="A. Curator", stage=Stage.RECORDS)
    assert path.read_bytes() == before


def test_a_file_that_was_edited_by_hand_meanwhile_is_followed(desk: Desk) -> None:
    desk.review()
    path = desk.workspace.root / "curated/screening.yaml"
    by_hand = path.read_text().replace("read in full", "read twice")
    path.write_text(by_hand)
    decide(desk, FIRST)
    assert path.read_text().startswith(by_hand)
    path.write_text("decisions: [\n")
    with pytest.raises(UsageError, match=r"curated/screening\.yaml cannot be used as it stands; nothing was written"):
        decide(desk, "pmid:40000005")
    assert path.read_text() == "decisions: [\n"


def test_a_decision_that_changed_since_it_was_seen_is_told_and_kept(desk: Desk) -> None:
    path = desk.workspace.root / "curated/screening.yaml"
    decide(desk, FIRST, note="seen first", was="")
    before = path.read_bytes()
    with pytest.raises(
        UsageError,
        match=r"by now your decision on this is 'include' of 2026-01-20, note 'seen first'; it was taken or changed meanwhile",
    ):
        decide(desk, FIRST, reason="no-case", was="")
    with pytest.raises(UsageError, match="it was taken or changed meanwhile, in another tab or in the file"):
        reading.take_back(desk, FIRST, by="A. Curator", stage=Stage.RECORDS, was="")
    assert path.read_bytes() == before
    reading.take_back(desk, FIRST, by="A. Curator", stage=Stage.RECORDS)
    with pytest.raises(UsageError, match="your decision on this is not there any more"):
        decide(desk, FIRST, was="something")


def test_a_decision_that_was_changed_is_what_it_was_before(desk: Desk) -> None:
    path = desk.workspace.root / "curated/screening.yaml"
    decide(desk, FIRST, note="the first")
    path.write_text(path.read_text().replace("pmid:40000003  #", "pmid:40000003  # by hand,"))
    before = path.read_bytes()
    taken, earlier = reading.decide(
        desk, FIRST, verdict=Verdict.EXCLUDE, reason="no-case", stage=Stage.RECORDS, by="A. Curator", note=""
    )
    assert path.read_bytes() != before
    was = reading.mark_of(taken)
    reading.take_back(desk, FIRST, by="A. Curator", stage=Stage.RECORDS, was=was, before=earlier)
    assert path.read_bytes() == before


def test_what_cannot_be_decided(desk: Desk) -> None:
    before = (desk.workspace.root / "curated/screening.yaml").read_bytes()
    for message, options in (
        ("a decision needs a name; say who you are", {"by": " "}),
        ("the note holds a character that is no text", {"note": "a\x00b"}),
        ("'dull' is no reason of the protocol; expected other-drug or no-case", {"reason": "dull"}),
        ("nothing is decided differently on 'pmid:40000003'", {"settles": True}),
    ):
        with pytest.raises(UsageError, match=message):
            decide(desk, FIRST, **options)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="is no record of this review"):
        decide(desk, "pmid:1")
    with pytest.raises(UsageError, match=r"B\. Curator decided 'include' on pmid:40000001 already"):
        decide(desk, "pmid:40000001", stage=Stage.REPORTS)
    assert (desk.workspace.root / "curated/screening.yaml").read_bytes() == before


def test_two_screeners_are_blind_until_both_decided(tmp_path: Path) -> None:
    desk = desk_of(write_review(tmp_path / "review", screeners=2, has_conflict=False))

    def shown(by: str) -> tuple[list[str], bool]:
        found = reading.read(desk, desk.review(), FIRST, by=by, stage=Stage.RECORDS)
        return [each.by for each in found.others], found.is_blind

    decide(desk, FIRST, by="A. Curator", note="quite so")
    assert shown("B. Curator") == ([], True)
    assert shown("A. Curator") == ([], False)
    queue = reading.queue_of(desk, desk.review(), "B. Curator", Stage.RECORDS)
    assert queue.place[FIRST] in [at for at, awaits in enumerate(queue.awaiting) if awaits]
    decide(desk, FIRST, by="B. Curator", reason="no-case")
    assert shown("B. Curator") == (["A. Curator"], False)
    [(item, pair)] = reading.conflicts_of(desk.review())
    assert [each.by for each in pair] == ["A. Curator", "B. Curator"]
    with pytest.raises(UsageError, match="two persons decided differently on this; settle it under Conflicts"):
        decide(desk, FIRST, by="C. Curator")
    decide(desk, FIRST, by="A. Curator and B. Curator", settles=True)
    assert not reading.conflicts_of(desk.review())
    assert reading.agreements_of(desk.review())[0].pairs[0].reports == 1
    item = desk.review().item_of(FIRST)
    assert item is not None
    assert str(item.screened.standing) == "included on its record"


def test_the_abstract_comes_from_the_cache_with_what_it_was_found_by(desk: Desk) -> None:
    found = reading.read(desk, desk.review(), FIRST, by="A. Curator", stage=Stage.RECORDS)
    assert [section.label for section in found.article.abstract] == ["BACKGROUND", "METHODS", "RESULTS", "CONCLUSIONS"]
    marks = found.marked["main"]
    assert {term.text for term in marks.terms} <= {"rash[tiab]", "skin[tiab]", "girl*[tiab]", "case[tiab]"}
    text = found.article.abstract[0].text
    for span in marks.abstract[0]:
        assert text[span.start : span.end].lower().startswith(("rash", "skin", "girl", "case"))
    (desk.workspace.root / ".casetable/answers/index.jsonl").unlink()
    found = reading.read(desk, desk.review(), FIRST, by="A. Curator", stage=Stage.RECORDS)
    assert found.article.abstract == ()
    assert found.article.title


# --- fields -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def name(desk: Desk) -> str:
    path, _ = new(desk.workspace, "pmid:40000001")
    desk.review()
    return Path(path).stem


def cell(value: str, **texts: str) -> dict[str, object]:
    return {"cells": [{"status": "reported", "value": value, **texts}]}


def save(desk: Desk, name: str, field: str, sent: object, *, case: str = "1", base: str = "") -> editing.Edited:
    opened = editing.open_report(desk.workspace, desk.review(), name)
    base = base or editing.base_of(opened.at(case, field))
    return editing.save(desk.workspace, desk.review(), name, case=case, field=field, base=base, sent=sent)


def test_a_field_is_written_and_nothing_else(desk: Desk, name: str) -> None:
    path = desk.workspace.root / f"curated/reports/{name}.yaml"
    before = path.read_text()
    done = save(desk, name, "age_years", cell("7", where="Case presentation"))
    after = path.read_text()
    assert after == before.replace("age_years:  #", "age_years: {value: 7, where: Case presentation}  #")
    assert not [each for each in done.problems if each.field == "age_years"]
    save(desk, name, "age_years", {"cells": []})
    assert path.read_text() == before


def test_who_read_the_report_stands_in_a_mapping_of_its_own(desk: Desk, name: str) -> None:
    path = desk.workspace.root / f"curated/reports/{name}.yaml"
    save(desk, name, "by", cell("D. Curator"), case="")
    assert "extracted:\n  by: D. Curator\n  when:  # a date" in path.read_text()
    path.write_text(
        path.read_text().replace("extracted:\n  by: D. Curator\n  when:  # a date as 2026-11-22\n", "extracted:\n")
    )
    save(desk, name, "when", cell("2026-01-20"), case="")
    assert "extracted: {when: 2026-01-20}\n" in path.read_text()


def test_a_field_that_says_something_else_by_now_is_not_written(desk: Desk, name: str) -> None:
    path = desk.workspace.root / f"curated/reports/{name}.yaml"
    base = editing.base_of(None)
    save(desk, name, "outcome", cell("died"))
    before = path.read_bytes()
    with pytest.raises(EditedError, match="was edited meanwhile") as raised:
        save(desk, name, "outcome", cell("in remission"), base=base)
    assert raised.value.there == "died"
    assert path.read_bytes() == before
    save(desk, name, "outcome", cell("died"), base=base)  # the same in both is no matter
    assert path.read_bytes() == before


def test_what_is_tried_is_not_written(desk: Desk, name: str) -> None:
    path = desk.workspace.root / f"curated/reports/{name}.yaml"
    before = path.read_bytes()
    opened = editing.open_report(desk.workspace, desk.review(), name)
    found = editing.edited(desk.review(), opened, case="1", field="age_years", sent=cell("140"))
    assert [(each.code, each.message) for each in found.problems if each.field == "age_years"] == [
        ("E105", "case 1: 140 year is not within 0 to 120 year")
    ]
    assert path.read_bytes() == before


def test_what_is_no_field_or_case_or_extraction(desk: Desk, name: str) -> None:
    for message, options in (
        ("'colour' is no field of a case", {"field": "colour"}),
        ("'age_years' is no field of a report", {"field": "age_years", "case": ""}),
        ("has no case '2', or not any more", {"field": "age_years", "case": "2"}),
    ):
        with pytest.raises(UsageError, match=message):
            save(desk, name, sent=cell("3"), **options)  # type: ignore[arg-type]
    for odd in ("nobody-2020", "../../review", ""):
        with pytest.raises(UsageError, match="is no extraction of this review"):
            editing.open_report(desk.workspace, desk.review(), odd)


def test_a_case_more(desk: Desk, name: str) -> None:
    assert editing.add_case(desk.workspace, desk.review(), name, "") == "2"
    assert editing.add_case(desk.workspace, desk.review(), name, "twin-B") == "twin-B"
    with pytest.raises(UsageError, match="there is a case 'twin-B' already"):
        editing.add_case(desk.workspace, desk.review(), name, "twin-B")
    for odd in ("a b", "..", "x" * 21, "<b>"):
        with pytest.raises(UsageError, match="is no id of a case; expected up to 20 letters, digits"):
            editing.add_case(desk.workspace, desk.review(), name, odd)
    save(desk, name, "sex", cell("male"), case="2")
    report = next(each for each in desk.review().inputs.reports if each.name == name)
    assert [case.id for case in report.cases] == ["1", "2", "twin-B"]
    assert report.cases[1].entries["sex"].cells[0].value == "male"


def test_verify_says_of_a_cell_where_it_stands(desk: Desk, name: str) -> None:
    editing.keep_text(desk.workspace, name, ".txt", TEXT.encode())
    review = desk.review()
    texts, unread = desk.texts(review, review.item_of("pmid:40000001"), name)
    assert [text.name for text in texts] == [f"{name}.txt", "PubMed's abstract of pmid:40000001"]
    assert not unread
    done = save(desk, name, "age_years", cell("7", reported="7-year-old girl", where="Case presentation"))
    assert done.report is not None
    [judged] = desk.judged(review, review.item_of("pmid:40000001"), done.report, name)
    assert (judged.outcome.value, TEXT[judged.start : judged.end]) == ("verified", "7-year-old girl")
    with pytest.raises(UsageError, match="the file holds no text that can be read"):
        editing.keep_text(desk.workspace, name, ".txt", b"  ")


def test_the_survey_is_of_the_review_as_it_is(desk: Desk) -> None:
    deadline = time.monotonic() + 30
    survey, is_fresh = desk.survey()
    while not is_fresh and time.monotonic() < deadline:
        survey, is_fresh = desk.survey()
    assert is_fresh
    assert survey is not None
    assert "S103" in {problem.code for problem in survey.checked.problems}
    assert sum(problem.code == "S101" for problem in survey.checked.problems) == 22
    decide(desk, FIRST)
    before, is_fresh = desk.last_survey()
    assert before is survey
    desk.review()
    assert not desk.last_survey()[1]


def test_work_is_told_while_it_runs_and_how_it_ended(desk: Desk) -> None:
    def refuse(_: object) -> str:
        raise UsageError("not today")

    job = desk.start("build", refuse)
    deadline = time.monotonic() + 30
    while job.is_running and time.monotonic() < deadline:
        time.sleep(0.01)
    assert (job.outcome, job.told) == ("failed", "not today")
