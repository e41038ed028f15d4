"""Rulings in a review: what is written, what is refused because somebody ruled otherwise, and what is taken back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from casetable import workflow
from casetable.claims import judge
from casetable.curation.rulings import claim_hash
from casetable.errors import CasetableError, ReviewUnreadableError
from casetable.model import OverlapVerdict
from casetable.workflow import load_review, rulings, take_back
from casetable.workflow.rulings import Edited
from casetable.workspace import CLAIMS, DUPLICATES, OVERLAPS, PROTOCOL, Workspace
from tests.conftest import TODAY, example_files, write_files

DOE, ROE, POE = "pmid:11", "doi:10.1234/invented.2", "own:r1"
SAME, DIFFERENT, CANNOT_TELL = OverlapVerdict
BY: dict[str, Any] = {"by": "B.  Curator", "today": TODAY}
CASES = """\
schema: 1
report: {key}
access: full text
extracted: {{by: A. Curator, when: 2026-01-15}}
cases_in_report: 2
eligible_cases: 2
cases:
  - {{case: 1, eligible: yes, age_years: 3, sex: female, country: China}}
  - {{case: 2, eligible: yes, age_years: 63, sex: male, country: China}}
"""
CLAIM = """\
schema: 1
claims:
  - name: children
    text: One child was treated so.
    sql: SELECT count(*) FROM cases WHERE age_years < 18
    expected: 7
"""


@pytest.fixture
def workspace(example: Path) -> Workspace:
    """The example review with three included reports of two cases each and a claim."""
    included = "".join(
        f'  - {{record: "{key}", stage: reports, decision: include, by: A. Curator, when: 2026-01-15}}\n'
        for key in (DOE, ROE, POE)
    )
    reports = {"doe-2020": DOE, "roe-2021": ROE, "poe-2019": POE}
    files = {f"curated/reports/{name}.yaml": CASES.format(key=key).encode() for name, key in reports.items()}
    files["curated/screening.yaml"] = f"schema: 1\ndecisions:\n{included}".encode()
    files[CLAIMS] = CLAIM.encode()
    return Workspace(write_files(example, files))


def duplicates(workspace: Workspace, *keys: str, is_same: bool = True, **given: Any) -> Edited:
    return rulings.rule_duplicates(workspace, keys, is_same=is_same, **{**BY, **given})


def overlaps(workspace: Workspace, *cases: str, verdict: OverlapVerdict = SAME, **given: Any) -> Edited:
    return rulings.rule_overlap(workspace, cases, verdict=verdict, **{**BY, **given})


def tree(workspace: Workspace) -> dict[str, bytes]:
    return {
        str(path.relative_to(workspace.root)): path.read_bytes()
        for path in sorted(workspace.root.rglob("*"))
        if path.is_file() and ".casetable" not in path.parts
    }


def refused(workspace: Workspace, ruling: Callable[[], object]) -> str:
    """The words with which something is refused; nothing was written."""
    before = tree(workspace)
    with pytest.raises(CasetableError) as told:
        ruling()
    assert tree(workspace) == before
    return str(told.value)


# --- duplicates -------------------------------------------------------------------------------------------------------


def test_a_ruling_joins_records_and_is_taken_back(workspace: Workspace) -> None:
    before = tree(workspace)
    edited = duplicates(workspace, "doi:10.1234/INVENTED.1", POE, note="the  same\ncase")
    assert edited == (DUPLICATES, before[DUPLICATES], workspace.read(DUPLICATES))
    lines = (
        '  - records: [pmid:11, "own:r1"]  # Doe 2020; Poe 2019\n    by: B. Curator\n    when: 2026-01-20\n'
        "    note: the same case\n"
    )
    assert edited.after == before[DUPLICATES].replace(b"same: []\n", f"same:\n{lines}".encode())
    assert [group.keys for group in workflow.groups(workspace).groups] == [(ROE,), (POE, DOE)]
    take_back(workspace, *edited)
    assert tree(workspace) == before


def with_one_doi(workspace: Workspace) -> None:
    """Gives two records one DOI, which names both of them from then on."""
    records = workspace.read("queries/records.jsonl").replace(b"10.1234/invented.1", b"10.1234/invented.2")
    workspace.write("queries/records.jsonl", records)


def test_what_may_be_one_report_is_no_question_any_more(workspace: Workspace) -> None:
    with_one_doi(workspace)
    assert [(pair.one, pair.other) for pair in workflow.groups(workspace).possible] == [(ROE, DOE)]
    edited = duplicates(workspace, DOE, ROE, is_same=False)
    assert (workflow.groups(workspace).possible, len(workflow.groups(workspace).groups)) == ((), 3)
    take_back(workspace, *edited)
    duplicates(workspace, DOE, ROE)
    assert (workflow.groups(workspace).possible, len(workflow.groups(workspace).groups)) == ((), 2)


def test_a_ruling_is_of_all_records_of_an_identifier(workspace: Workspace) -> None:
    with_one_doi(workspace)
    duplicates(workspace, DOE, POE, is_same=False)
    told = refused(workspace, lambda: duplicates(workspace, ROE, POE))
    assert told.startswith("B. Curator ruled 'different' on own:r1 and pmid:11 already")


def test_without_a_file_one_is_written_and_removed_again(workspace: Workspace) -> None:
    workspace.remove(DUPLICATES)
    before = tree(workspace)
    edited = duplicates(workspace, DOE, POE)
    assert edited.before == b""
    assert workflow.check(workspace, TODAY)[1] is False
    take_back(workspace, *edited)
    assert tree(workspace) == before


def test_a_dry_run_writes_nothing(workspace: Workspace) -> None:
    before = tree(workspace)
    edited = duplicates(workspace, DOE, POE, is_dry=True)
    assert edited.before != edited.after
    assert tree(workspace) == before


def test_what_was_edited_since_is_not_taken_back(workspace: Workspace) -> None:
    edited = duplicates(workspace, DOE, POE)
    workspace.write(DUPLICATES, edited.after + b"# more\n")
    told = refused(workspace, lambda: take_back(workspace, *edited))
    assert told == "curated/duplicates.yaml was edited meanwhile; nothing was taken back"


@pytest.mark.parametrize(
    ("keys", "given", "message"),
    [
        ((DOE, "pmid:99"), {}, "'pmid:99' is no record of this review; expected a key as pmid:39664278;"),
        (
            (DOE, "doi:10.1234/invented.1"),
            {},
            "a ruling on duplicates is of two records at least; expected the keys of",
        ),
        ((DOE, POE), {"by": " "}, "a ruling needs a name; give --by, or set git's user.name"),
        (
            (DOE, POE),
            {"note": "na\udcefve"},
            "the note holds a character that is no text; expected letters, digits and",
        ),
    ],
)
def test_a_ruling_on_duplicates_that_cannot_be_is_refused(
    workspace: Workspace, keys: tuple[str, ...], given: dict[str, Any], message: str
) -> None:
    assert refused(workspace, lambda: duplicates(workspace, *keys, **given)).startswith(message)


@pytest.mark.parametrize(
    ("earlier", "keys", "is_same", "message"),
    [
        (
            [((DOE, POE), True)],
            (POE, DOE),
            True,
            "A. Curator ruled 'same' on own:r1 and pmid:11 already (curated/duplicates.yaml:3:5); to change it, edit that"
            " entry or take it out; nothing was written",
        ),
        ([((DOE, POE), True)], (DOE, POE), False, "A. Curator ruled 'same' on own:r1 and pmid:11 already"),
        (
            [((DOE, ROE), False)],
            (POE, DOE, ROE),
            True,
            "A. Curator ruled 'different' on doi:10.1234/invented.2 and pmid:11",
        ),
        (
            [((DOE, POE), True), ((POE, ROE), True)],
            (DOE, ROE),
            False,
            "doi:10.1234/invented.2 and pmid:11 are the same by the rulings of A. Curator (curated/duplicates.yaml:6:5) and"
            " A. Curator (curated/duplicates.yaml:3:5); nothing was written",
        ),
        (
            [((DOE, POE), True), ((POE, ROE), False)],
            (DOE, ROE),
            True,
            "A. Curator ruled 'different' on doi:10.1234/invented.2 and own:r1 (curated/duplicates.yaml:7:5), and with this"
            " ruling they would be the same; nothing was written",
        ),
    ],
)
def test_what_contradicts_a_ruling_on_duplicates_is_refused(
    workspace: Workspace, earlier: list[Any], keys: tuple[str, ...], is_same: bool, message: str
) -> None:
    review = load_review(workspace)  # what was ruled since is read anew
    for ruled, is_one in earlier:
        duplicates(workspace, *ruled, is_same=is_one, by="A. Curator")
    told = refused(workspace, lambda: duplicates(workspace, *keys, is_same=is_same, review=review))
    assert told.startswith(message)


def test_a_ruling_may_add_to_earlier_ones(workspace: Workspace) -> None:
    duplicates(workspace, DOE, POE)
    duplicates(workspace, DOE, POE, ROE)
    assert len(workflow.groups(workspace).groups) == 1
    assert workflow.groups(workspace).problems == ()


def test_a_file_that_cannot_be_read_is_not_written(workspace: Workspace) -> None:
    review = load_review(workspace)
    workspace.write(DUPLICATES, b"schema: 1\nsame: [}\n")
    told = refused(workspace, lambda: duplicates(workspace, DOE, POE, review=review))
    assert told.startswith("curated/duplicates.yaml:2:8: F104")
    with pytest.raises(ReviewUnreadableError, match="nothing was written"):
        duplicates(workspace, DOE, POE)


def test_whoever_holds_the_review_is_waited_for(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("casetable.workspace.FileLock", lambda path, timeout: FileLock(path, timeout=timeout / 100))
    with workspace.locked():
        told = refused(workspace, lambda: duplicates(workspace, DOE, POE))
    assert told == "another casetable is writing to this review; try again when it is done"


# --- overlaps ---------------------------------------------------------------------------------------------------------


def test_a_ruling_makes_two_cases_one_patient(workspace: Workspace) -> None:
    before = tree(workspace)
    edited = overlaps(workspace, "doe-2020/1", "poe-2019/1")
    assert (edited.path, edited.before) == (OVERLAPS, b"")
    lines = "  - cases: [doe-2020/1, poe-2019/1]\n    verdict: same\n    by: B. Curator\n    when: 2026-01-20\n"
    assert edited.after.decode().endswith(f"\nschema: 1\nrulings:\n{lines}")
    assert workflow.overlaps(workspace)[1:] == (5, 6, 0)
    overlaps(workspace, "doe-2020/2", "roe-2021", verdict=CANNOT_TELL)
    assert workflow.overlaps(workspace)[1:] == (5, 6, 1)
    second = overlaps(workspace, "doe-2020/1", "roe-2021", verdict=DIFFERENT)
    assert [
        problem for problem in workflow.check(workspace, TODAY)[0].problems if problem.code in ("O102", "O103")
    ] == []
    take_back(workspace, *second)
    found = load_review(workspace).inputs.overlaps
    rulings.withdraw(workspace, found[1])
    assert workspace.read(OVERLAPS) == edited.after
    rulings.withdraw(workspace, load_review(workspace).inputs.overlaps[0])
    assert workflow.overlaps(workspace)[1:] == (6, 6, 0)
    told = refused(workspace, lambda: rulings.withdraw(workspace, found[0]))
    assert "a ruling of B. Curator does not stand there any more; nothing was written" in told
    take_back(workspace, OVERLAPS, b"", workspace.read(OVERLAPS))
    assert tree(workspace) == before


@pytest.mark.parametrize(
    ("cases", "verdict", "message"),
    [
        (
            ("doe-2020/1", "poe-2019/3"),
            SAME,
            "'poe-2019/3' is no eligible case of an included report; did you mean 'poe-2019/",
        ),
        (("doe-2020/1", "doe-2020/2"), DIFFERENT, "a ruling on an overlap is of cases of two reports at least;"),
        (("doe-2020/1",), SAME, "a ruling on an overlap is of cases of two reports at least;"),
        (
            ("doe-2020/1", "poe-2019"),
            SAME,
            "'poe-2019' is a report, and its cases are not one patient; expected a case of",
        ),
        (
            ("doe-2020/1", "poe-2019/1", "poe-2019/2"),
            SAME,
            "poe-2019/1 and poe-2019/2 would be one patient, but their report describes them as two; nothing was written",
        ),
    ],
)
def test_a_ruling_on_an_overlap_that_cannot_be_is_refused(
    workspace: Workspace, cases: tuple[str, ...], verdict: OverlapVerdict, message: str
) -> None:
    assert refused(workspace, lambda: overlaps(workspace, *cases, verdict=verdict)).startswith(message)


@pytest.mark.parametrize(
    ("earlier", "cases", "verdict", "message"),
    [
        (
            [(("doe-2020/1", "poe-2019/1"), CANNOT_TELL)],
            ("poe-2019/1", "doe-2020/1"),
            SAME,
            "A. Curator ruled 'cannot tell' on doe-2020/1 and poe-2019/1 already (curated/overlaps.yaml:10:5); to change",
        ),
        (
            [(("doe-2020/1", "poe-2019"), DIFFERENT)],
            ("poe-2019/2", "doe-2020/1"),
            SAME,
            "A. Curator ruled 'different' on doe-2020/1 and poe-2019/2 already",
        ),
        (
            [(("doe-2020/1", "poe-2019/1"), SAME), (("poe-2019/1", "roe-2021/1"), SAME)],
            ("doe-2020", "roe-2021/1"),
            DIFFERENT,
            "doe-2020/1 and roe-2021/1 are the same by the rulings of A. Curator (curated/overlaps.yaml:10:5) and A. Curator",
        ),
        (
            [(("doe-2020/1", "poe-2019/1"), SAME), (("doe-2020/1", "roe-2021"), DIFFERENT)],
            ("poe-2019/1", "roe-2021/2"),
            SAME,
            "A. Curator ruled 'different' on doe-2020/1 and roe-2021/2 (curated/overlaps.yaml:14:5), and with this ruling",
        ),
        (
            [(("doe-2020/1", "poe-2019/1"), SAME), (("doe-2020/2", "roe-2021/1"), SAME)],
            ("poe-2019/1", "roe-2021/1"),
            SAME,
            "doe-2020/1 and doe-2020/2 would be one patient, but their report describes them as two; nothing was written",
        ),
    ],
)
def test_what_contradicts_a_ruling_on_an_overlap_is_refused(
    workspace: Workspace, earlier: list[Any], cases: tuple[str, ...], verdict: OverlapVerdict, message: str
) -> None:
    review = load_review(workspace)
    for ruled, said in earlier:
        overlaps(workspace, *ruled, verdict=said, by="A. Curator")
    assert refused(workspace, lambda: overlaps(workspace, *cases, verdict=verdict, review=review)).startswith(message)


# --- acceptances ------------------------------------------------------------------------------------------------------


def accept(workspace: Workspace, code: str = "C101", **given: Any) -> Edited:
    return rulings.accept(workspace, code=code, **{"reason": "it  is so", **BY, **given})


def test_a_problem_is_accepted_with_a_reason_and_then_no_more(workspace: Workspace) -> None:
    edited = accept(workspace, "c101", path=CLAIMS, field="children")
    lines = (
        "  - rule: C101\n    path: curated/claims.yaml\n    field: children\n    reason: it is so\n    by: B. Curator\n"
    )
    assert edited.after == edited.before + f"accepts:\n{lines}    when: 2026-01-20\n".encode()
    checked, _ = workflow.check(workspace, TODAY)
    assert [(problem.code, why.by) for problem, why in checked.accepted] == [("C101", "B. Curator")]
    told = refused(workspace, lambda: accept(workspace))
    assert told.startswith("B. Curator accepted C101 in 'curated/claims.yaml' of 'children' already (review.yaml:13:5)")
    assert refused(workspace, lambda: accept(workspace, path=CLAIMS, field="children", checked=checked)) == told
    (entry,) = (each for _, each in checked.accepted)
    assert rulings.withdraw(workspace, entry).after == edited.before + b"accepts:\n"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"code": "E999"}, "'E999' is no rule; expected a code that 'casetable rules' lists; nothing was written"),
        ({"code": "F101"}, "F101 (missing-file) cannot be accepted; expected the problem mended; nothing was written"),
        ({"code": "A103"}, "A103 (acceptance-unneeded) cannot be accepted; expected the problem mended"),
        ({"code": "L101"}, "L101 "),
        ({"field": "adults"}, "check finds no C101 of 'adults'; nothing was written"),
        ({"path": "curated/reports"}, "check finds no C101 in 'curated/reports'; nothing was written"),
        ({"reason": " \n"}, "an acceptance needs a reason; expected why the problem may stand"),
        ({"by": ""}, "an acceptance needs a name; give --by, or set git's user.name"),
        ({"reason": "\x00"}, "the reason holds a character that is no text"),
    ],
)
def test_what_cannot_be_accepted_is_refused(workspace: Workspace, given: dict[str, str], message: str) -> None:
    assert refused(workspace, lambda: accept(workspace, **given)).startswith(message)


# --- claims -----------------------------------------------------------------------------------------------------------


def test_a_claim_is_corrected_as_long_as_it_is_what_was_seen(workspace: Workspace) -> None:
    (claim,) = load_review(workspace).inputs.claims
    edited = rulings.correct_claim(workspace, "children", expected="3", before_hash=claim_hash(claim))
    assert edited.after == CLAIM.replace("7", "3").encode() == workspace.read(CLAIMS)
    assert judge(load_review(workspace))[0].holds
    told = refused(
        workspace,
        lambda: rulings.correct_claim(workspace, "children", text="Four.", before_hash=claim_hash(claim)),
    )
    assert told == "curated/claims.yaml: the claim 'children' was edited meanwhile; nothing was written"
    assert refused(workspace, lambda: rulings.correct_claim(workspace, "child", text="Four.")).startswith(
        "curated/claims.yaml: there is no claim 'child'"
    )
    same = rulings.correct_claim(workspace, "children", expected=" 3 ")
    assert same.before == same.after == edited.after
    take_back(workspace, *edited)
    assert workspace.read(CLAIMS) == CLAIM.encode()


def test_the_protocol_is_written_by_acceptances_alone(workspace: Workspace) -> None:
    before = workspace.read(PROTOCOL)
    duplicates(workspace, DOE, POE)
    overlaps(workspace, "doe-2020/1", "roe-2021/1")
    assert workspace.read(PROTOCOL) == before == example_files()[PROTOCOL]
