"""One snapshot of a review: what was found follows from the log alone, and decisions hold for groups of records."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casetable.curation.files import read_report
from casetable.curation.forms import read_form
from casetable.formats.logs import search_id
from casetable.model import (
    Decision,
    Form,
    Method,
    Protocol,
    Record,
    Report,
    Ruling,
    Search,
    Stage,
    Strategy,
    Verdict,
    normal_key,
)
from casetable.problems import Place
from casetable.review import Inputs, Paths, Review, best_record, hits_by_search, strategy_hash
from casetable.screening import Standing, screened

# --- building reviews -------------------------------------------------------------------------------------------------

PATHS = Paths(
    strategies="queries",
    searches="queries/searches.jsonl",
    records="queries/records.jsonl",
    screening="curated/screening.yaml",
    duplicates="curated/duplicates.yaml",
    reports="curated/reports",
)
PROTOCOL = Protocol(
    title="An invented review",
    question="What became of invented patients?",
    include=(),
    exclude=(),
    exclusion_reasons={"other-drug": "another drug", "no-case": "no case"},
    index_report="",
    max_search_age_days=180,
    place=Place(path="review.yaml"),
    places={},
)


def record(key: str, **facts: object) -> Record:
    kind, _, rest = key.partition(":")
    own = {kind: rest} if kind in {"pmid", "doi"} else {}
    values = {
        "origin": "PubMed" if kind == "pmid" else "list",
        "title": f"An invented report, {key}",
        "year": "2020",
        **own,
    }
    return Record(key=key, **{**values, **facts})  # type: ignore[arg-type]


def strategy(name: str, method: Method = Method.DATABASE, source: str = "PubMed", **values: object) -> Strategy:
    place = Place(path=f"queries/{name}.yaml", line=1, column=1)
    return Strategy(name=name, place=place, method=method, source=source, purpose="p", **values)  # type: ignore[arg-type]


def search(
    of: Strategy | str,
    added: Iterable[str],
    *,
    removed: Iterable[str] = (),
    previous: Search | None = None,
    when: str = "2026-01-10T08:00:00Z",
) -> Search:
    """A search of a strategy; `added` and `removed` are against the search `previous`."""
    of = strategy(of) if isinstance(of, str) else of
    told = Search(
        id="",
        previous=previous.id if previous else "",
        strategy=of.name,
        method=of.method,
        source=of.source,
        when=when,
        strategy_hash=strategy_hash(of),
        count=0,
        added=tuple(added),
        removed=tuple(removed),
        tool="casetable 0",
    )
    return replace(told, id=search_id(told))


def decision(
    key: str, stage: str, verdict: str, *, reason: str = "", line: int = 1, by: str = "A. Curator"
) -> Decision:
    return Decision(
        key=normal_key(key),
        stage=Stage(stage),
        verdict=Verdict(verdict),
        reason=reason,
        by=by,
        when=dt.date(2026, 1, 15),
        note="",
        place=Place(path="curated/screening.yaml", line=line),
    )


def form_of(text: str) -> Form:
    form, problems = read_form("curated/form.yaml", f"schema: 1\n{text}".encode())
    assert problems == ()
    assert form is not None
    return form


def report_of(name: str, key: str, form: Form, cases: str, access: str = "full text") -> Report:
    text = (
        f"schema: 1\nreport: {key}\naccess: {access}\nextracted: {{by: A, when: 2026-01-15}}\n"
        f"cases_in_report: 1\neligible_cases: 1\ncases:\n{cases}"
    )
    report, problems = read_report(f"curated/reports/{name}.yaml", name, text.encode(), form)
    assert problems == ()
    assert report is not None
    return report


def review_of(
    *,
    records: Iterable[Record] = (),
    strategies: Iterable[Strategy] = (),
    searches: Iterable[Search] = (),
    decisions: Iterable[Decision] = (),
    rulings: Iterable[Ruling] = (),
    reports: Iterable[Report] = (),
    form: Form | None = None,
    protocol: Protocol | None = PROTOCOL,
    unread: Iterable[str] = (),
) -> Review:
    return Review(
        Inputs(
            paths=PATHS,
            protocol=protocol,
            form=form,
            strategies=tuple(strategies),
            searches=tuple(sorted(searches, key=lambda each: (each.when, each.id))),
            records={each.key: each for each in records},
            decisions=tuple(decisions),
            rulings=tuple(rulings),
            reports=tuple(reports),
            problems=(),
            unread=frozenset(unread),
        )
    )


def standing(found: Mapping[str, frozenset[str]], *searches: Search) -> list[set[str]]:
    return [set(found[each.id]) for each in searches]


# --- hits from the log alone ------------------------------------------------------------------------------------------


def test_hits_follow_from_what_was_added_and_removed() -> None:
    one = search("main", ["a:1", "a:2"])
    two = search("main", ["a:3"], removed=["a:1"], previous=one, when="2026-02-10T08:00:00Z")
    three = search("main", ["a:1"], removed=["a:2", "a:3"], previous=two, when="2026-03-10T08:00:00Z")
    found = hits_by_search([three, one, two])
    assert standing(found, one, two, three) == [{"a:1", "a:2"}, {"a:2", "a:3"}, {"a:1"}]


def test_two_branches_that_both_refreshed_from_one_base_each_keep_their_hits() -> None:
    base = search("main", ["a:1", "a:2"])
    left = search("main", ["a:3"], removed=["a:1"], previous=base, when="2026-02-01T08:00:00Z")
    right = search("main", ["a:4"], removed=["a:2"], previous=base, when="2026-02-02T08:00:00Z")
    after = search("main", ["a:3"], previous=right, when="2026-03-01T08:00:00Z")
    found = hits_by_search([base, left, right, after])
    assert standing(found, left, right, after) == [{"a:2", "a:3"}, {"a:1", "a:4"}, {"a:1", "a:3", "a:4"}]
    review = review_of(strategies=[strategy("main")], searches=[left, after, right, base])
    assert review.hits == {"main": {"a:1", "a:3", "a:4"}}


def test_the_later_of_two_branches_stands() -> None:
    base = search("main", ["a:1"])
    left = search("main", ["a:2"], previous=base, when="2026-02-02T08:00:00Z")
    right = search("main", ["a:3"], previous=base, when="2026-02-01T08:00:00Z")
    review = review_of(strategies=[strategy("main")], searches=[base, left, right])
    assert review.last_searches["main"] == left
    assert review.hits == {"main": {"a:1", "a:2"}}


def test_a_search_whose_predecessor_is_not_there_counts_from_nothing() -> None:
    lost = search("main", ["a:1"])
    two = search("main", ["a:2"], previous=lost)
    assert hits_by_search([two]) == {two.id: {"a:2"}}


@pytest.mark.parametrize("previous", [("x", "x"), ("y", "x")])
def test_a_circle_in_the_log_ends(previous: tuple[str, str]) -> None:
    one, two = (replace(search("main", [f"a:{n}"]), id=n, previous=p) for n, p in zip("xy", previous, strict=True))
    assert set(hits_by_search([one, two])) == {"x", "y"}


_SETS = st.lists(st.frozensets(st.sampled_from("abcdef"), max_size=4), min_size=1, max_size=8)


@settings(max_examples=100, deadline=None)
@given(_SETS, st.lists(st.integers(0, 7), min_size=8, max_size=8), st.randoms())
def test_whatever_was_found_follows_from_the_log(
    sets: list[frozenset[str]], parents: list[int], random: Random
) -> None:
    searches: list[Search] = []
    for number, hits in enumerate(sets):
        base = searches[parents[number] % number] if number else None
        before = sets[searches.index(base)] if base else frozenset()
        searches.append(
            search(
                "main",
                sorted(hits - before),
                removed=sorted(before - hits),
                previous=base,
                when=f"2026-01-0{number + 1}",
            )
        )
    found = hits_by_search(random.sample(searches, len(searches)))
    assert [found[each.id] for each in searches] == sets


# --- the snapshot -----------------------------------------------------------------------------------------------------


def test_a_record_known_by_doi_that_later_comes_with_a_pmid_is_one_report_and_its_decision_stands() -> None:
    listed, main = strategy("list", Method.CITATION_SEARCH, "references"), strategy("main")
    review = review_of(
        records=[
            record("doi:10.1234/x", title="An invented report"),
            record("pmid:11", title="An invented report", doi="10.1234/X", authors=("Doe A",)),
        ],
        strategies=[listed, main],
        searches=[search(listed, ["doi:10.1234/x"]), search(main, ["pmid:11"], when="2026-02-10T08:00:00Z")],
        decisions=[decision("DOI: https://doi.org/10.1234/X", "records", "exclude", reason="other-drug")],
    )
    (item,) = review.items
    assert item.group.keys == ("doi:10.1234/x", "pmid:11")
    assert item.record.key == "pmid:11"
    assert item.screened.standing is Standing.RECORD_EXCLUDED
    assert item.strategies == ("list", "main")
    assert review.undecided == ()
    for key in ("pmid:11", "PMID: 11", "doi:10.1234/x", "doi:10.1234/X"):
        assert review.item_of(key) is item
    assert review.item_of("pmid:12") is None


def test_a_record_that_no_search_names_is_not_of_the_review() -> None:
    review = review_of(
        records=[record("pmid:11"), record("pmid:12")],
        strategies=[strategy("main")],
        searches=[search("main", ["pmid:11"])],
    )
    assert [item.group.keys for item in review.items] == [("pmid:11",)]
    assert review.is_log_whole


def test_a_record_that_is_no_longer_found_stays_without_being_a_hit() -> None:
    one = search("main", ["pmid:11", "pmid:12"])
    two = search("main", [], removed=["pmid:12"], previous=one, when="2026-02-10T08:00:00Z")
    review = review_of(
        records=[record("pmid:11"), record("pmid:12")], strategies=[strategy("main")], searches=[one, two]
    )
    assert [(item.group.keys[0], item.is_hit, item.strategies) for item in review.items] == [
        ("pmid:11", True, ("main",)),
        ("pmid:12", False, ()),
    ]
    assert [item.group.keys[0] for item in review.undecided] == ["pmid:11"]


def test_a_strategy_that_is_gone_finds_nothing_any_more() -> None:
    review = review_of(
        records=[record("pmid:11")], strategies=[strategy("other")], searches=[search("main", ["pmid:11"])]
    )
    assert (review.last_searches, review.hits) == ({}, {})
    assert [item.is_hit for item in review.items] == [False]


def test_an_identifier_over_two_reports_names_the_record_whose_key_it_is() -> None:
    review = review_of(
        records=[
            record("pmid:11", pmcid="PMC1"),
            record("pmid:12", doi="10.1234/x"),
            record("pmid:13", doi="10.1234/x"),
        ],
        strategies=[strategy("main")],
        searches=[search("main", ["pmid:11", "pmid:12", "pmid:13"])],
    )
    assert [item.group.keys for item in review.items] == [("pmid:11",), ("pmid:12",), ("pmid:13",)]
    assert review.group_of("pmcid:PMC1") == review.items[0].group
    assert review.group_of("pmid:13") == review.items[2].group
    assert review.group_of("doi:10.1234/x") in {review.items[1].group, review.items[2].group}


def test_a_records_own_key_outranks_the_same_identifier_of_another() -> None:
    apart = Ruling(
        is_same=False,
        keys=("aaa:1", "doi:10.1234/x"),
        by="A. Curator",
        when=dt.date(2026, 1, 15),
        note="",
        place=Place(path="curated/duplicates.yaml", line=3),
    )
    review = review_of(
        records=[record("aaa:1", doi="10.1234/x"), record("doi:10.1234/x")],
        strategies=[strategy("main")],
        searches=[search("main", ["aaa:1", "doi:10.1234/x"])],
        rulings=[apart],
    )
    assert [item.group.keys for item in review.items] == [("aaa:1",), ("doi:10.1234/x",)]
    assert review.item_of("doi:10.1234/x") is review.items[1]
    assert review.item_of("aaa:1") is review.items[0]


@pytest.mark.parametrize(
    ("unread", "is_whole"),
    [
        ((), True),
        (("queries/searches.jsonl",), False),
        (("queries/records.jsonl",), False),
        (("curated/form.yaml",), True),
    ],
)
def test_a_log_is_whole_where_all_of_it_was_read(unread: tuple[str, ...], is_whole: bool) -> None:
    review = review_of(
        records=[record("pmid:11")],
        strategies=[strategy("main")],
        searches=[search("main", ["pmid:11"])],
        unread=unread,
    )
    assert review.is_log_whole is is_whole


def test_a_log_that_names_a_record_which_is_not_there_is_not_whole() -> None:
    assert not review_of(strategies=[strategy("main")], searches=[search("main", ["pmid:11"])]).is_log_whole


def test_a_folder_is_read_where_all_files_below_it_are() -> None:
    review = review_of(unread=["curated/reports/a.yaml", "queries.txt"])
    assert not review.is_read("curated/reports")
    assert review.is_read("queries")
    assert review.is_read("curated/reports/b.yaml")


def test_the_included_come_by_year_then_name() -> None:
    form = form_of("fields: {n: {label: N, type: number}}\ntable: {columns: [n]}\n")
    keys = {"pmid:11": "2022", "pmid:12": "2020", "pmid:13": "2020", "pmid:14": "", "pmid:15": "2019"}
    review = review_of(
        records=[record(key, year=year) for key, year in keys.items()],
        strategies=[strategy("main")],
        searches=[search("main", keys)],
        decisions=[decision(key, "reports", "include") for key in keys if key != "pmid:15"],
        reports=[report_of("b", "pmid:12", form, "  []\n"), report_of("a", "pmid:13", form, "  []\n")],
        form=form,
    )
    assert [item.group.keys[0] for item in review.included] == ["pmid:13", "pmid:12", "pmid:11", "pmid:14"]


def test_the_record_of_pubmed_stands_for_a_group() -> None:
    short, full = record("pmid:11"), record("own:r1", pmid="11", journal="J Invent", authors=("Doe A",))
    assert best_record([full, short]) == best_record([short, full]) == short
    fuller = record("own:r2", journal="J Invent", authors=("Doe A",))
    assert best_record([record("own:r1"), fuller]) == fuller


# --- strategies and screening -----------------------------------------------------------------------------------------


def test_the_hash_of_a_strategy_is_of_what_it_searches_for() -> None:
    main = strategy("main", text="a AND b", published_from="2015")
    assert strategy_hash(main) == strategy_hash(replace(main, name="x", purpose="y", place=Place(path="z")))
    changed = [
        replace(main, text="a OR b"),
        replace(main, published_from="2016"),
        replace(main, published_to="2020"),
        replace(main, source="Embase"),
        replace(main, method=Method.CITATION_SEARCH),
        replace(main, records=(record("a:1"),)),
        replace(main, published_from="", published_to="2015"),
    ]
    assert len({strategy_hash(each) for each in (main, *changed)}) == 1 + len(changed)


@pytest.mark.parametrize(
    ("decisions", "outcome", "contradictions"),
    [
        ([], Standing.UNDECIDED, 0),
        ([("records", "include")], Standing.SOUGHT, 0),
        ([("records", "exclude")], Standing.RECORD_EXCLUDED, 0),
        ([("records", "include"), ("reports", "exclude")], Standing.REPORT_EXCLUDED, 0),
        ([("reports", "include"), ("records", "exclude")], Standing.INCLUDED, 0),
        ([("records", "include"), ("records", "exclude")], Standing.RECORD_EXCLUDED, 1),
        ([("records", "include"), ("records", "include")], Standing.SOUGHT, 0),
        ([("reports", "exclude"), ("reports", "include"), ("reports", "exclude")], Standing.REPORT_EXCLUDED, 2),
    ],
)
def test_a_report_stands_where_its_last_decision_at_the_last_stage_puts_it(
    decisions: list[tuple[str, str]], outcome: Standing, contradictions: int
) -> None:
    result = screened([decision("pmid:11", stage, verdict) for stage, verdict in decisions])
    assert result.standing is outcome
    assert len(result.contradictions) == contradictions
    assert (result.decision is None) == (outcome is Standing.UNDECIDED)


@pytest.mark.parametrize("is_decided", [False, True])
def test_what_is_taken_over_from_an_earlier_review_is_of_the_same_searches(*, is_decided: bool) -> None:
    one = search("main", ["a:1"])
    two = search("main", ["a:2"], previous=one, when="2026-02-10T08:00:00Z")
    decisions = [decision("a:1", "records", "include")] if is_decided else []
    records, strategies = [record("a:1"), record("a:2")], [strategy("main")]
    earlier = review_of(records=records, strategies=strategies, searches=[one], decisions=decisions)
    assert [item.record.key for item in earlier.items] == ["a:1"]
    later = review_of(records=records, strategies=strategies, searches=[one, two], decisions=decisions).after(earlier)
    assert [item.record.key for item in later.items] == ["a:1", "a:2"]
