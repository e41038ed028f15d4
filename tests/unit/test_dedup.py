"""Duplicates: what is joined, what is kept apart, and that a person's ruling always wins."""

from __future__ import annotations

import datetime as dt
from itertools import combinations, permutations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casetable.dedup import Link, explain, group_records, open_questions
from casetable.model import Joined, Record, Ruling
from casetable.problems import Place, Problem

FACTS = {"year": "2020", "authors": ("Doe A", "Roe B")}
TITLE = "Tocilizumab in an invented disease of children: a case of something rare"


def record(key: str, title: str = "", **facts: object) -> Record:
    kind, _, rest = key.partition(":")
    own = {kind: rest} if kind in {"pmid", "doi"} else {}
    return Record(key=key, origin="o", title=title, **{**own, **facts})  # type: ignore[arg-type]


def ruling(verdict: str, *keys: str, line: int = 1, by: str = "A. Curator") -> Ruling:
    return Ruling(
        is_same=verdict == "same",
        keys=keys,
        by=by,
        when=dt.date(2026, 1, 15),
        note="",
        place=Place(path="curated/duplicates.yaml", line=line),
    )


def grouped(*records: Record, rulings: tuple[Ruling, ...] = ()) -> list[tuple[str, ...]]:
    """The groups of more than one record, whatever the order of the records."""
    found = [
        [group.keys for group in group_records({r.key: r for r in order}, rulings).groups if len(group.keys) > 1]
        for order in (records, records[::-1])
    ]
    assert found[0] == found[1]
    return found[0]


def reasons(*records: Record, rulings: tuple[Ruling, ...] = ()) -> list[str]:
    groups = group_records({r.key: r for r in records}, rulings).groups
    return [link.reason for group in groups for link in group.links]


def problems(*records: Record, rulings: tuple[Ruling, ...], is_whole: bool = True) -> tuple[Problem, ...]:
    return group_records({r.key: r for r in records}, rulings, is_whole=is_whole).problems


# --- identifiers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        (record("pmid:11"), record("own:r1", pmid="11"), "the same PMID"),
        (record("a:1", pmcid="PMC11"), record("b:1", pmcid="PMC11"), "the same PMCID"),
        (record("pmid:11", doi="10.1234/ABC"), record("doi:10.1234/abc"), "the same DOI, one without a title"),
        (
            record("a:1", doi="https://doi.org/10.1234/x"),
            record("b:1", doi="doi: 10.1234/X "),
            "the same DOI, one without a title",
        ),
    ],
)
def test_an_identifier_joins(one: Record, other: Record, reason: str) -> None:
    assert grouped(one, other) == [tuple(sorted((one.key, other.key)))]
    assert reasons(one, other) == [reason]


def test_one_doi_over_two_titles_is_for_a_person() -> None:
    records = (record("a:1", "One title", doi="10.1234/x"), record("b:1", "Another", doi="10.1234/x"))
    assert grouped(*records) == []
    assert group_records({r.key: r for r in records}, ()).possible == (
        Link(one="a:1", other="b:1", reason="the same DOI over two titles"),
    )


def test_what_is_open_is_told_where_rulings_stand() -> None:
    known = {r.key: r for r in (record("a:1", "One title", doi="10.1234/x"), record("b:1", "Another", doi="10.1234/x"))}
    place = Place(path="curated/duplicates.yaml")
    [problem] = open_questions(group_records(known, ()), known, place)
    assert str(problem) == (
        "curated/duplicates.yaml: D103 a:1: a:1 and b:1 may be one report: the same DOI over two titles;"
        " 'One title'; 'casetable dedupe --explain a:1 b:1'"
    )
    assert not list(open_questions(group_records(known, (ruling("different", "a:1", "b:1"),)), known, place))


def test_a_record_that_is_like_two_that_differ_is_told() -> None:
    known = {
        r.key: r
        for r in (
            record("pmid:11", TITLE, **FACTS),
            record("pmid:12", TITLE, **FACTS),
            record("own:r1", TITLE, **FACTS),
        )
    }
    [problem] = open_questions(group_records(known, ()), known, Place(path="curated/duplicates.yaml"))
    assert problem.message == (
        "own:r1 and pmid:12 are like each other (the same title and authors), but were not joined, as pmid:11 and"
        " pmid:12 differ (two PMIDs)"
    )


def test_a_copy_of_a_record_that_was_ruled_the_same_as_another_is_joined_with_both() -> None:
    records = (record("pmid:11", TITLE, **FACTS), record("pmid:12", TITLE, **FACTS), record("own:r1", pmid="12"))
    ruled = ruling("same", "pmid:11", "pmid:12")
    assert grouped(*records, rulings=(ruled,)) == [("own:r1", "pmid:11", "pmid:12")]


def test_versions_and_preprints_are_one_report_where_the_protocol_says_so() -> None:
    preprint = record("doi:10.1101/2019.01.01.1", TITLE, journal="medRxiv", **FACTS)
    article = record("doi:10.1234/x", TITLE, journal="J Invent", volume="7", **FACTS)
    versions = [
        record(
            f"doi:10.1002/14651858.cd000001.pub{number}",
            "Zebras for all kinds of invented fever",
            journal="Cochrane Database Syst Rev",
            **FACTS,
        )
        for number in (2, 3)
    ]
    known = {r.key: r for r in (preprint, article, *versions)}
    apart = group_records(known, ())
    assert all(len(group.keys) == 1 for group in apart.groups)
    assert apart.linked == (
        Link(one="doi:10.1101/2019.01.01.1", other="doi:10.1234/x", reason="a preprint and its article"),
    )
    joined = group_records(known, (), one_report=list(Joined))
    assert [group.keys for group in joined.groups if len(group.keys) > 1] == [
        tuple(sorted(version.key for version in versions)),
        ("doi:10.1101/2019.01.01.1", "doi:10.1234/x"),
    ]


def test_one_doi_over_two_pmids_is_not_joined() -> None:
    assert grouped(record("pmid:11", doi="10.1234/x"), record("pmid:12", doi="10.1234/x")) == []


def test_one_doi_over_two_pmids_is_not_joined_by_a_third_record() -> None:
    third = record("doi:10.1234/x")
    joined = grouped(record("pmid:11", doi="10.1234/x"), record("pmid:12", doi="10.1234/x"), third)
    assert not any({"pmid:11", "pmid:12"} <= set(keys) for keys in joined)


def test_like_titles_with_two_pmids_are_not_joined_by_a_third_record() -> None:
    facts = {"year": "2020", "authors": ("Doe A",)}
    joined = grouped(*(record(key, TITLE, **facts) for key in ("pmid:11", "pmid:12", "own:r1")))
    assert not any({"pmid:11", "pmid:12"} <= set(keys) for keys in joined)


# --- titles -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "facts"),
    [
        (TITLE, {}),
        (TITLE.upper() + ".", {}),
        (TITLE.replace(":", " –"), {"authors": ("Doe AB",)}),
        (TITLE.replace("children", "childrén"), {"authors": ("DOE, Anna", "Poe C")}),
        (TITLE, {"year": "2021"}),
        (TITLE, {"year": "2019"}),
        (TITLE, {"year": ""}),
        (TITLE, {"volume": "7"}),
        (TITLE, {"doi": "10.1234/x"}),
    ],
)
def test_like_titles_with_like_years_and_authors_are_joined(title: str, facts: dict[str, object]) -> None:
    one, other = record("pmid:11", TITLE, **FACTS), record("own:r1", title, **{**FACTS, **facts})
    assert grouped(one, other) == [("own:r1", "pmid:11")]
    assert reasons(one, other) == ["the same title and authors"]


def test_a_like_title_without_authors_to_compare_is_for_a_person() -> None:
    one, other = record("pmid:11", TITLE, **FACTS), record("own:r1", TITLE, year="2020")
    assert grouped(one, other) == []
    assert group_records({r.key: r for r in (one, other)}, ()).possible == (
        Link(one="own:r1", other="pmid:11", reason="the same title, no authors to compare"),
    )


_APART = [
    ("part I", f"{TITLE}: part I", f"{TITLE}: part II", {}, {}),
    ("part IV", f"{TITLE}: part IV", f"{TITLE}: part VI", {}, {}),
    ("part 1", f"{TITLE}: part 1", f"{TITLE}: part 2", {}, {}),
    ("numbers", f"12 cases: {TITLE}", f"13 cases: {TITLE}", {}, {}),
    ("numbers inside", "Invented disease with anti-X52 antibodies in 2 sisters of one family", "Invented disease with anti-X56 antibodies in 2 sisters of one family", {}, {}),
    ("a reply", f"{TITLE} and treatment of it in the long run", f"Reply: {TITLE} and treatment of it in the long run", {}, {}),
    ("an erratum", TITLE, f"Erratum: {TITLE}", {}, {}),
    ("a correction", f"{TITLE}, {TITLE}, {TITLE}", f"Correction: {TITLE}, {TITLE}, {TITLE}", {}, {}),
    ("a retraction", f"{TITLE}, {TITLE}, {TITLE}", f"Retracted: {TITLE}, {TITLE}, {TITLE}", {}, {}),
    ("volumes", TITLE, TITLE, {"volume": "7"}, {"volume": "8"}),
    ("DOIs", TITLE, TITLE, {"doi": "10.1234/a"}, {"doi": "10.1234/b"}),
    ("PMCIDs", TITLE, TITLE, {"pmcid": "PMC1"}, {"pmcid": "PMC2"}),
    ("PMIDs", TITLE, TITLE, {"pmid": "11"}, {"pmid": "12"}),
    ("years", TITLE, TITLE, {"year": "2018"}, {"year": "2020"}),
    ("authors", TITLE, TITLE, {"authors": ("Doe A",)}, {"authors": ("Poe C",)}),
    ("nothing to compare", TITLE, TITLE, {"authors": (), "year": ""}, {"authors": (), "year": ""}),
    ("another title", TITLE, TITLE.replace("something rare", "a common cold"), {}, {}),
    ("short titles", "A case report", "A case report", {}, {}),
    ("no titles", "", "", {}, {}),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other", "first", "second"), [t[1:] for t in _APART], ids=[t[0] for t in _APART])
def test_traps_are_kept_apart(one: str, other: str, first: dict[str, object], second: dict[str, object]) -> None:
    assert grouped(record("a:1", one, **{**FACTS, **first}), record("b:1", other, **{**FACTS, **second})) == []


@pytest.mark.parametrize(("one", "other"), [("VII", "VIII"), ("IX", "X"), ("A", "B"), ("one", "two")])
def test_later_parts_are_kept_apart(one: str, other: str) -> None:
    titles = [f"{TITLE}, described over many long years: part {part}" for part in (one, other)]
    assert grouped(record("a:1", titles[0], **FACTS), record("b:1", titles[1], **FACTS)) == []


# --- rulings ----------------------------------------------------------------------------------------------------------


def test_a_ruling_joins_what_nothing_else_joins() -> None:
    records = (record("pmid:11", "One"), record("doi:10.1234/x", "Another"))
    same = ruling("same", "pmid:11", "doi:10.1234/x")
    assert grouped(*records, rulings=(same,)) == [("doi:10.1234/x", "pmid:11")]
    assert reasons(*records, rulings=(same,)) == ["ruled the same by A. Curator"]


def test_a_ruling_keeps_apart_what_identifiers_and_titles_join() -> None:
    records = (record("pmid:11", TITLE, doi="10.1234/x", **FACTS), record("doi:10.1234/x", TITLE, **FACTS))
    assert grouped(*records) != []
    assert grouped(*records, rulings=(ruling("different", "doi:10.1234/x", "pmid:11"),)) == []


def test_a_ruling_keeps_apart_two_records_with_keys_of_their_own() -> None:
    records = (record("a:1", TITLE, doi="10.1234/x", **FACTS), record("b:1", TITLE, doi="10.1234/x", **FACTS))
    assert grouped(*records) == [("a:1", "b:1")]
    assert grouped(*records, rulings=(ruling("different", "a:1", "b:1"),)) == []


def test_a_ruling_names_a_record_by_any_of_its_identifiers() -> None:
    records = (record("pmid:11", "One", pmcid="PMC11"), record("own:r1", "Another"))
    assert grouped(*records, rulings=(ruling("same", "pmcid:PMC11", "own:r1"),)) == [("own:r1", "pmid:11")]


def test_a_ruling_breaks_a_chain() -> None:
    records = (
        record("a:1", doi="10.1234/x"),
        record("b:1", doi="10.1234/x", pmcid="PMC1"),
        record("c:1", pmcid="PMC1"),
    )
    assert grouped(*records) == [("a:1", "b:1", "c:1")]
    (keys,) = grouped(*records, rulings=(ruling("different", "a:1", "c:1"),))
    assert "b:1" in keys
    assert len(keys) == 2


def test_a_record_that_is_kept_apart_does_not_part_the_others() -> None:
    records = tuple(record(f"{name}:1", doi="10.1234/x") for name in "abc")
    apart = (ruling("different", "a:1", "b:1"), ruling("different", "b:1", "c:1"))
    assert grouped(*records, rulings=apart) == [("a:1", "c:1")]


def test_three_records_ruled_different_stay_apart() -> None:
    records = tuple(record(f"{name}:1", doi="10.1234/x") for name in "abc")
    assert grouped(*records, rulings=(ruling("different", "a:1", "b:1", "c:1"),)) == []


def test_rulings_that_contradict_are_told_and_the_records_kept_apart() -> None:
    records = (record("a:1"), record("b:1"))
    rulings = (ruling("same", "b:1", "a:1", line=3), ruling("different", "a:1", "b:1", line=7))
    assert [str(problem) for problem in problems(*records, rulings=rulings)] == [
        "curated/duplicates.yaml:3: D102 records: a:1 and b:1 are ruled the same, but in line 7 different"
    ]
    assert grouped(*records, rulings=rulings) == []


def test_a_contradiction_over_a_chain_is_told() -> None:
    records = (record("a:1"), record("b:1"), record("c:1"))
    rulings = (
        ruling("same", "a:1", "b:1"),
        ruling("same", "b:1", "c:1", line=4),
        ruling("different", "a:1", "c:1", line=7),
    )
    assert [problem.code for problem in problems(*records, rulings=rulings)] == ["D102"]


def test_a_ruling_on_an_unknown_record_is_told_where_the_log_is_whole() -> None:
    rulings = (ruling("same", "a:1", "z:9", line=5),)
    assert [str(problem) for problem in problems(record("a:1"), rulings=rulings)] == [
        "curated/duplicates.yaml:5: D101 records: z:9 is no record of this review"
    ]
    assert problems(record("a:1"), rulings=rulings, is_whole=False) == ()


def test_the_order_of_rulings_does_not_matter() -> None:
    records = {key: record(key) for key in ("a:1", "b:1", "c:1")}
    rulings = (ruling("different", "a:1", "c:1"), ruling("same", "a:1", "b:1"), ruling("same", "b:1", "c:1"))
    found = {tuple(group.keys for group in group_records(records, order).groups) for order in permutations(rulings)}
    assert len(found) == 1


# --- why --------------------------------------------------------------------------------------------------------------


def test_a_pair_is_explained() -> None:
    one = record("pmid:11", TITLE, doi="10.1234/X", year="2020", authors=("Doe A", "Roe B"))
    other = record("own:r1", TITLE, doi="10.1234/x", year="2018", authors=("Doe A",))
    decision, fields = explain({r.key: r for r in (one, other)}, "pmid:11", "own:r1")
    assert (decision.verdict, decision.rule) == ("same", "the same DOI and title")
    assert fields == (
        "title: 100 % alike",
        f"  {TITLE}",
        f"  {TITLE}",
        "abstract: missing",
        "authors: agree",
        "year: 2 apart (2020, 2018)",
        "journal: missing (–, –)",
        "volume: missing (–, –)",
        "pages: missing (–, –)",
        "doi: agrees (10.1234/X, 10.1234/x)",
        "pmid: missing (11, –)",
        "pmcid: missing (–, –)",
    )


# --- any records ------------------------------------------------------------------------------------------------------

_ANY = st.builds(
    lambda key, pmid, doi, pmcid, title, year, volume, authors: Record(
        key=f"o:{key}",
        origin="o",
        title=title,
        pmid=pmid,
        doi=doi,
        pmcid=pmcid,
        year=year,
        volume=volume,
        authors=authors,
    ),
    st.integers(0, 9),
    st.sampled_from(["", "", "11", "12"]),
    st.sampled_from(["", "", "10.1234/x", "10.1234/X", "https://doi.org/10.1234/y", "x"]),
    st.sampled_from(["", "", "PMC1", "pmc1"]),
    st.sampled_from(["", TITLE, TITLE + ".", TITLE + " II", f"Reply: {TITLE}", "Ⅳ", "٣"]) | st.text(max_size=30),
    st.sampled_from(["", "2020", "2021", "20200", "x", "²", "٢٠٢٠"]),
    st.sampled_from(["", "7", "8"]),
    st.sampled_from([(), ("",), ("Doe A",), ("Doe A", "Roe B"), ("–",)]),
)
_SOME = st.lists(_ANY, max_size=7, unique_by=lambda r: r.key)
_KEY = st.sampled_from([f"o:{n}" for n in range(10)] + ["pmid:11", "doi:10.1234/x", "pmcid:PMC1", "z:9", ""])
_RULINGS = st.lists(
    st.builds(
        lambda verdict, keys: ruling(verdict, *dict.fromkeys(keys)),
        st.sampled_from(["same", "different"]),
        st.lists(_KEY, min_size=1, max_size=3),
    ),
    max_size=3,
)


@settings(max_examples=150, deadline=None)
@given(_SOME, _RULINGS, st.randoms())
def test_grouping_is_blind_to_order_whole_and_heeds_every_ruling(
    records: list[Record], rulings: list[Ruling], random: Random
) -> None:
    known = {r.key: r for r in records}
    grouped = group_records(known, rulings)
    groups, found = grouped.groups, grouped.problems
    shuffled = random.sample(records, len(records))
    assert group_records({r.key: r for r in shuffled}, rulings) == grouped
    assert sorted(key for group in groups for key in group.keys) == sorted(known)
    assert [group.keys for group in groups] == sorted(group.keys for group in groups)
    of = {key: group for group in groups for key in group.keys}
    for link in (link for group in groups for link in group.links):
        assert of[link.one] == of[link.other]
    for ruled in rulings:
        if not ruled.is_same:
            for one, other in combinations([key for key in ruled.keys if key in known], 2):
                assert of[one] != of[other]
    told = {(problem.code, problem.place.line) for problem in found}
    if not any(code == "D102" for code, _ in told):
        for ruled in rulings:
            if ruled.is_same:
                assert len({of[key].keys for key in ruled.keys if key in known}) <= 1


@settings(max_examples=60, deadline=None)
@given(_SOME)
def test_grouping_the_groups_again_joins_nothing_more(records: list[Record]) -> None:
    known = {r.key: r for r in records}
    groups = group_records(known, ()).groups
    rulings = [ruling("same", *group.keys) for group in groups if len(group.keys) > 1]
    again = group_records(known, rulings)
    assert [group.keys for group in again.groups] == [group.keys for group in groups]
    assert again.problems == ()
    for one, other in combinations(sorted(known), 2):
        assert explain(known, one, other)[1]
