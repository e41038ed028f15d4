"""Why a hit came or went: from what is recorded, or "unexplained"."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from casetable.drift import Cause, drifts, stood_at
from casetable.formats.logs import read_searches, search_id, write_search
from casetable.model import Method, Record, Search
from casetable.review import Inputs, Paths, Review

THEN, NOW = "2026-01-10T08:00:00Z", "2026-02-10T08:00:00Z"


def search(when: str, *, previous: str = "", **more: object) -> Search:
    values: dict[str, object] = {
        "id": "",
        "previous": previous,
        "strategy": "main",
        "method": Method.DATABASE,
        "source": "PubMed",
        "when": when,
        "strategy_hash": "sha256:1",
        "count": 0,
        "added": (),
        "removed": (),
        "tool": "casetable 0",
        "term": "lung[ti] AND fever[ti]",
        "translation": "t",
    }
    made = Search(**{**values, **more})  # type: ignore[arg-type]
    return replace(made, id=search_id(made))


def record(key: str, **more: str) -> Record:
    values = {"title": "An invented case", "created": "2020-01-01", "revised": "2020-02-01", **more}
    return Record(key=key, origin="PubMed", pmid=key.removeprefix("pmid:"), **values)  # type: ignore[arg-type]


def review_of(searches: list[Search], records: list[Record]) -> Review:
    return Review(
        Inputs(
            paths=Paths(strategies="q", searches="s", records="r", screening="c", duplicates="d", reports="p"),
            protocol=None,
            form=None,
            strategies=(),
            searches=tuple(searches),
            records={each.key: each for each in records},
            decisions=(),
            rulings=(),
            reports=(),
            problems=(),
        )
    )


def cause_of(one: Record, *, is_gain: bool = True, **after: object) -> tuple[Cause, str]:
    key = (one.key,)
    first = search(THEN, added=() if is_gain else key)
    moved = {"added": key} if is_gain else {"removed": key}
    second = search(NOW, previous=first.id, **{**moved, **after})
    [drift] = drifts(review_of([first, second], [one]), (), None)
    [move] = drift.moves
    assert move.is_gain is is_gain
    return move.cause, move.reason


def test_a_record_made_since_is_created() -> None:
    assert cause_of(record("pmid:1", created="2026-01-20")) == (
        Cause.CREATED,
        "created on 2026-01-20, since the search of 2026-01-10",
    )


def test_an_old_record_with_new_headings_is_indexed() -> None:
    cause, reason = cause_of(record("pmid:1", indexed="2026-01-20", revised="2026-01-20"))
    assert (cause, reason) == (Cause.INDEXED, "existed, and got its subject headings on 2026-01-20")


@pytest.mark.parametrize("is_gain", [True, False])
def test_a_record_that_was_changed(is_gain: bool) -> None:
    cause, reason = cause_of(record("pmid:1", revised="2026-01-20"), is_gain=is_gain)
    assert (cause, reason) == (Cause.REVISED, "its record was changed on 2026-01-20")


def test_what_the_source_has_no_more_is_deleted() -> None:
    cause, reason = cause_of(record("pmid:1"), is_gain=False, deleted=("pmid:1",))
    assert cause is Cause.DELETED
    assert reason == "the source had no such record any more on 2026-02-10: deleted, or merged with another"


@pytest.mark.parametrize("is_gain", [True, False])
def test_another_translation_of_the_same_strategy(is_gain: bool) -> None:
    cause, reason = cause_of(record("pmid:1"), is_gain=is_gain, translation="u")
    assert (cause, reason) == (
        Cause.TRANSLATION,
        "PubMed translates the strategy otherwise since the search of 2026-01-10",
    )


def test_an_edit_tells_the_term_that_brings_a_hit() -> None:
    lung = record("pmid:1", title="A lung and a rash")
    cause, reason = cause_of(lung, strategy_hash="sha256:2", term="lung[ti] AND (fever[ti] OR rash[ti])")
    assert cause is Cause.STRATEGY
    assert reason == (
        "the strategy was edited since the search of 2026-01-10; its new term rash[ti] can be seen in the record"
    )


def test_an_edit_tells_the_term_that_loses_a_hit() -> None:
    lung = record("pmid:1", title="A lung and a fever")
    _, reason = cause_of(lung, is_gain=False, strategy_hash="sha256:2", term="lung[ti] AND rash[ti]")
    assert "fever[ti], which can be seen in the record, is no longer asked for" in reason
    assert "rash[ti], not to be seen in what is known of the record, is asked for now" in reason


def test_what_happened_after_the_later_search_is_no_cause_of_it() -> None:
    for later in ({"revised": "2026-06-01"}, {"indexed": "2026-06-01"}, {"created": "2026-06-01"}):
        assert cause_of(record("pmid:1", **later))[0] is Cause.UNEXPLAINED


def test_a_record_made_on_the_day_of_the_search_before() -> None:
    same_day = record("pmid:1", created="2026-01-10")
    assert cause_of(same_day) == (Cause.CREATED, "created on 2026-01-10, the day of the search before")
    assert cause_of(same_day, strategy_hash="sha256:2")[0] is Cause.STRATEGY, "it may have been there already"


def test_a_record_that_came_back_and_was_lost_by_an_edit_is_not_deleted() -> None:
    first = search(THEN, added=("pmid:1",))
    gone = search("2026-01-20T08:00:00Z", previous=first.id, removed=("pmid:1",), deleted=("pmid:1",))
    back = search("2026-01-30T08:00:00Z", previous=gone.id, added=("pmid:1",))
    edited = search(NOW, previous=back.id, removed=("pmid:1",), strategy_hash="sha256:2")
    [drift] = drifts(review_of([first, gone, back, edited], [record("pmid:1")]), (), dt.date(2026, 1, 10))
    assert [move.cause for move in drift.moves] == [Cause.STRATEGY]


def test_an_excluded_term_is_not_told_as_one_that_is_asked_for() -> None:
    _, reason = cause_of(
        record("pmid:1"), is_gain=False, strategy_hash="sha256:2", term="lung[ti] AND fever[ti] NOT rat[tiab]"
    )
    assert reason == "the strategy was edited since the search of 2026-01-10"


@pytest.mark.parametrize("is_gain", [True, False])
def test_what_nothing_tells_is_unexplained(is_gain: bool) -> None:
    cause, reason = cause_of(record("pmid:1"), is_gain=is_gain)
    assert (cause, reason) == (Cause.UNEXPLAINED, "unexplained: nothing that is recorded tells why")


def test_of_two_searches_in_one_second_the_later_follows_the_earlier() -> None:
    for number in range(20):  # whatever their ids are
        first = search(THEN, added=("pmid:1",), term=str(number))
        second = search(THEN, previous=first.id, added=("pmid:2",), term=str(number))
        third = search(THEN, previous=second.id, added=("pmid:3",), term=str(number))
        log = b"".join(write_search(each) for each in (third, first, second))
        searches, problems = read_searches("s", log)
        assert not problems
        assert [each.id for each in searches] == [first.id, second.id, third.id]


def test_a_past_day_follows_from_the_log_alone() -> None:
    first = search(THEN, added=("pmid:1", "pmid:2"))
    second = search(NOW, previous=first.id, added=("pmid:3",), removed=("pmid:1",))
    review = review_of([first, second], [])
    assert stood_at(review, dt.date(2026, 1, 9)) == {}
    assert stood_at(review, dt.date(2026, 1, 10))["main"].hits == {"pmid:1", "pmid:2"}
    assert stood_at(review, dt.date(2026, 3, 1))["main"].hits == {"pmid:2", "pmid:3"}
    [drift] = drifts(review, (), dt.date(2026, 1, 9))
    assert drift.before is None
    assert [move.key for move in drift.moves] == ["pmid:2", "pmid:3"]
    [same] = drifts(review, ("main",), dt.date(2026, 3, 1))
    assert same.moves == ()
