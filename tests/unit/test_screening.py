"""Where a report stands by the decisions of one screener or two, and how far two agree."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casetable.model import Decision, Stage, Verdict
from casetable.screening import Agreement, Compared, Screened, Standing, agreement, person, screened
from tests.unit.test_review import decision

INCLUDE, EXCLUDE = Verdict.INCLUDE, Verdict.EXCLUDE


def voted(told: str) -> list[Decision]:
    """Decisions from words as "A+ b- A+! /B-": name, verdict, "!" where it settles, "/" where it is on the report."""
    decisions = []
    for line, word in enumerate(told.split(), start=1):
        stage = "reports" if word.startswith("/") else "records"
        word = word.removeprefix("/")
        settles = word.endswith("!")
        word = word.removesuffix("!")
        verdict = "include" if word.endswith("+") else "exclude"
        made = decision("pmid:11", stage, verdict, by=word[:-1], line=line)
        decisions.append(replace(made, settles=settles))
    return decisions


@pytest.mark.parametrize(
    ("told", "standing", "awaited", "conflict"),
    [
        ("", Standing.UNDECIDED, None, None),
        ("A+", Standing.UNDECIDED, Stage.RECORDS, None),
        ("A+ A-", Standing.UNDECIDED, Stage.RECORDS, None),
        ("A+ B+", Standing.SOUGHT, None, None),
        ("A- B-", Standing.RECORD_EXCLUDED, None, None),
        ("A+ a+", Standing.UNDECIDED, Stage.RECORDS, None),
        ("A+ B-", Standing.UNDECIDED, None, Stage.RECORDS),
        ("A+ B- A-", Standing.RECORD_EXCLUDED, None, None),
        ("A+ B- C+", Standing.UNDECIDED, None, Stage.RECORDS),
        ("A+ B+ C+", Standing.SOUGHT, None, None),
        ("A+ B- C+!", Standing.SOUGHT, None, None),
        ("A+ B-!", Standing.RECORD_EXCLUDED, None, None),
        ("A+ B- C+! D-", Standing.SOUGHT, None, Stage.RECORDS),
        ("A+ B- C+! C-!", Standing.RECORD_EXCLUDED, None, None),
        ("A+ B+ /A-", Standing.SOUGHT, Stage.REPORTS, None),
        ("A+ B+ /A- /B-", Standing.REPORT_EXCLUDED, None, None),
        ("A+ B+ /A- /B+", Standing.SOUGHT, None, Stage.REPORTS),
        ("A+ /A+ /B+", Standing.INCLUDED, None, None),
        ("A+ B- /A+ /B+", Standing.INCLUDED, None, None),
        ("A+ /B+", Standing.UNDECIDED, Stage.REPORTS, None),
        ("A- B- /A+", Standing.RECORD_EXCLUDED, Stage.REPORTS, None),
    ],
)
def test_with_two_screeners_two_persons_decide(
    told: str, standing: Standing, awaited: Stage | None, conflict: Stage | None
) -> None:
    found = screened(voted(told), 2)
    assert (found.standing, found.awaited, found.conflict) == (standing, awaited, conflict)
    assert (found.decision is None) == (standing is Standing.UNDECIDED)


@pytest.mark.parametrize(
    ("told", "standing", "contradictions"),
    [
        ("A+ B-", Standing.RECORD_EXCLUDED, 1),
        ("A+ B+!", Standing.SOUGHT, 0),
        ("A+ B- A+!", Standing.SOUGHT, 0),
        ("A+ B-! C+", Standing.RECORD_EXCLUDED, 1),
        ("A+ B- C+! /A- /B+!", Standing.INCLUDED, 0),
    ],
)
def test_a_decision_that_settles_stands_with_one_screener_too(
    told: str, standing: Standing, contradictions: int
) -> None:
    found = screened(voted(told))
    assert (found.standing, len(found.contradictions), found.awaited) == (standing, contradictions, None)


def test_the_last_decision_of_each_person_is_their_vote() -> None:
    staged = screened(voted("A+ B- a- C+! D+"), 2).stages[Stage.RECORDS]
    assert [(vote.by, vote.verdict, vote.place.line) for vote in staged.votes] == [("a", EXCLUDE, 3), ("B", EXCLUDE, 2)]
    assert staged.settled is not None
    assert staged.settled.by == "C"
    vote = staged.vote_of(" b ")
    assert vote is not None
    assert vote.by == "B"
    assert staged.vote_of("C") is None
    assert person("  Ann\tÄPFEL ") == person("ann äpfel")


def test_of_different_reasons_the_first_is_counted() -> None:
    one, two = voted("A- B-")
    found = screened([replace(one, reason="x"), replace(two, reason="y")], 2)
    assert found.decision is not None
    assert found.decision.reason == "x"
    assert found.stages[Stage.RECORDS].reasons == ("x", "y")
    assert screened([replace(one, reason="x"), replace(two, reason="x")], 2).stages[Stage.RECORDS].reasons == ()
    assert screened([replace(one, reason="x"), replace(two, reason="y")]).stages[Stage.RECORDS].reasons == ()


@pytest.mark.parametrize(
    ("told", "stage", "of_a", "of_c"),
    [
        ("", None, Stage.RECORDS, Stage.RECORDS),
        ("", Stage.REPORTS, Stage.REPORTS, Stage.REPORTS),
        ("A+", None, None, Stage.RECORDS),
        ("A+", Stage.REPORTS, Stage.REPORTS, Stage.REPORTS),
        ("A+ B-", None, None, None),
        ("A+ B+", None, None, None),
        ("A+ B+ /A+", None, None, Stage.REPORTS),
        ("A+ B+ /A+", Stage.RECORDS, None, None),
        ("/A+", None, None, Stage.REPORTS),
        ("/A+", Stage.RECORDS, Stage.RECORDS, Stage.RECORDS),
        ("A+ B- C+!", None, None, None),
        ("/A+ /B-", None, None, None),
        ("A+ B-", Stage.REPORTS, None, None),
        ("A+ B- /A+", None, None, Stage.REPORTS),
    ],
)
def test_a_person_is_asked_where_their_decision_is_wanted(
    told: str, stage: Stage | None, of_a: Stage | None, of_c: Stage | None
) -> None:
    found = screened(voted(told), 2)
    assert (found.stage_for("a", stage), found.stage_for("C", stage)) == (of_a, of_c)


_WORDS = st.lists(
    st.builds(
        lambda on, name, verdict, settles: f"{on}{name}{verdict}{settles}",
        st.sampled_from(["", "/"]),
        st.sampled_from("ABC"),
        st.sampled_from("+-"),
        st.sampled_from(["", "", "!"]),
    ),
    max_size=8,
).map(" ".join)


@given(_WORDS)
def test_an_open_report_awaits_somebody_or_is_to_be_settled(told: str) -> None:
    found = screened(voted(told), 2)
    if told and found.decision is None:
        assert (found.awaited is None) != (found.conflict is None) or found.conflict is Stage.RECORDS
        assert found.awaited or found.conflict
    for staged in found.stages.values():
        assert staged.decision is None or staged.decision in (*staged.votes, staged.settled)
        assert len({person(vote.by) for vote in staged.votes}) == len(staged.votes)


@given(_WORDS.map(lambda told: told.replace("!", "")))
def test_one_screener_without_settling_is_the_later_decision_of_the_later_stage(told: str) -> None:
    decisions = voted(told)
    found = screened(decisions)
    on_report = [each for each in decisions if each.stage is Stage.REPORTS]
    assert found.decision is (on_report or decisions or [None])[-1]
    assert found.awaited is None


# --- agreement --------------------------------------------------------------------------------------------------------


def of(*told: str) -> list[Screened]:
    return [screened(voted(each), 2) for each in told]


def test_agreement_counts_what_two_persons_decided_before_it_was_settled() -> None:
    reports = of("A+ b+", "B+ A+", "A+ B- C-!", "B+ A-", "A- B-", "A- B-", "A+", "", "C+!", "/A- /B+")
    found = agreement(reports, Stage.RECORDS)
    assert found.pairs == (Compared(persons=("A", "b"), both_include=2, only_first=1, only_second=1, both_exclude=2),)
    assert (found.reports, found.compared, found.agreed) == (6, 6, 4)
    assert agreement(reports, Stage.REPORTS).pairs == (
        Compared(persons=("A", "B"), both_include=0, only_first=0, only_second=1, both_exclude=0),
    )


def pair(a: int, b: int, c: int, d: int) -> Compared:
    return Compared(persons=("A", "B"), both_include=a, only_first=b, only_second=c, both_exclude=d)


@pytest.mark.parametrize(
    ("cells", "share", "kappa"),
    [
        # 35 of 50 agree, where chance gives 25: 10 of 25 beyond it.
        ((20, 5, 10, 15), 0.7, 0.4),
        # The first includes 70 of 100, the second 60: chance gives 42 + 12.
        ((45, 25, 15, 15), 0.6, 6 / 46),
        # 60 and 30 of 100: 18 + 28.
        ((25, 35, 5, 35), 0.6, 14 / 54),
        ((0, 5, 5, 0), 0.0, -1.0),
        ((3, 0, 0, 3), 1.0, 1.0),
        ((3, 2, 0, 0), 0.6, 0.0),
    ],
)
def test_kappa_is_what_is_left_beyond_chance(cells: tuple[int, int, int, int], share: float, kappa: float) -> None:
    found = pair(*cells)
    assert found.share == pytest.approx(share)
    assert found.kappa == pytest.approx(kappa)
    assert found.pabak == pytest.approx(2 * share - 1)


@pytest.mark.parametrize("cells", [(0, 0, 0, 0), (7, 0, 0, 0), (0, 0, 0, 7)])
def test_kappa_is_undefined_where_all_is_one_verdict(cells: tuple[int, int, int, int]) -> None:
    assert pair(*cells).kappa is None
    assert (pair(*cells).share is None) == (sum(cells) == 0)


_CELLS = st.tuples(*[st.integers(0, 50)] * 4)


@given(_CELLS)
def test_kappa_does_not_hang_on_who_is_first_nor_on_what_is_included(cells: tuple[int, int, int, int]) -> None:
    a, b, c, d = cells
    kappa = pair(*cells).kappa
    assert kappa is None or -1 - 1e-9 <= kappa <= 1 + 1e-9
    for other in (pair(a, c, b, d), pair(d, b, c, a)):
        assert other.kappa == (None if kappa is None else pytest.approx(kappa))


@given(st.lists(_CELLS, min_size=1, max_size=3))
def test_kappa_over_all_pairs_is_that_of_one_pair_where_all_are_alike(tables: list[tuple[int, int, int, int]]) -> None:
    found = Agreement(stage=Stage.RECORDS, reports=1, pairs=tuple(pair(*cells) for cells in tables))
    alike = Agreement(stage=Stage.RECORDS, reports=1, pairs=(pair(*tables[0]),) * 3)
    one = pair(*tables[0]).kappa
    assert alike.kappa == (None if one is None else pytest.approx(one))
    kappas = [each.kappa for each in found.pairs]
    defined = [kappa for kappa in kappas if kappa is not None]
    if len(defined) == len(kappas):
        assert found.kappa is not None
        assert min(defined) - 1e-9 <= found.kappa <= max(defined) + 1e-9


def test_three_persons_are_three_pairs() -> None:
    found = agreement(of("A+ B+ C-", "A- C-"), Stage.RECORDS)
    assert [(each.persons, each.reports) for each in found.pairs] == [(("A", "B"), 1), (("A", "C"), 2), (("B", "C"), 1)]
    assert (found.reports, found.compared, found.agreed) == (2, 4, 2)
    assert found.share == pytest.approx(0.5)
