"""Pairs of records that are hard to tell, each with its verdict and the rule; and what holds for any records."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casetable.dedup import Entry, Settings, Verdict, blocks, compare, decide, deduplicate, normalize
from casetable.dedup.decide import is_plainly_another
from tests.support.duplicates import synthetic

BASE = Entry(
    id="a",
    title="Zebrazumab for severe striped fever in children: a randomized trial",
    authors=("van der Doe, Anna; Roe, Boris; Poe, Carla",),
    year="2019",
    journal="Journal of Invented Medicine",
    volume="12",
    issue="3",
    pages="482-491",
    doi="10.1234/inv.1",
    pmid="30000001",
    abstract="A trial of zebrazumab in one hundred children with striped fever. Most recovered within a week of treatment.",
)
OTHER_TEXT = (
    "The knee of the okapi was studied with light from below. It seemed longer than in any other beast of the wood."
)
CN = replace(BASE, authors=("Zhang, Xiangdong; Lan, Jian; Li, Ting",), doi="", pmid="")
PLAIN = replace(BASE, doi="", pmid="")
MEETING = replace(PLAIN, journal="Utopian Medical Journal", volume="40", pages="S12", year="2018", abstract="")

S, P, D = Verdict.SAME, Verdict.POSSIBLE, Verdict.DIFFERENT
PAIRS: list[tuple[str, Entry, Entry, Verdict, str]] = [
    ("the same PMID", BASE, replace(BASE, doi="", title="Zebrazumab for severe striped fever"), S, "the same PMID"),
    ("a PMID over two titles", BASE, replace(BASE, title="Knees", pages="", doi=""), P, "the same PMID over two titles"),
    ("two PMIDs", BASE, replace(BASE, pmid="30000002", doi=""), D, "two PMIDs"),
    ("the same DOI", PLAIN, replace(PLAIN, doi="10.1234/inv.1"), S, "the same place, authors and a like title"),
    ("an erratum", PLAIN, replace(PLAIN, title=f"Erratum: {BASE.title}", pages="600"), D, "one is a notice, reply or comment"),
    ("a reply", PLAIN, replace(PLAIN, title=f"Reply to: {BASE.title}"), D, "one is a notice, reply or comment"),
    ("an erratum told behind", PLAIN, replace(PLAIN, title=f"{BASE.title}.[Erratum appears in J Inv (2020);3(2):4]"), S, ""),
    ("part II", PLAIN, replace(PLAIN, title=f"{BASE.title}. Part II", pages="500-510"), D, "other numbers in the titles"),
    ("another phase", replace(PLAIN, title="Phase I study of zebrazumab"), replace(PLAIN, title="Phase II study of zebrazumab", pages="1-9"), D, ""),
    ("another sex", replace(PLAIN, title="Striped fever in men with zebras", pages=""), replace(PLAIN, title="Striped fever in women with zebras"), D, ""),
    ("another drug", PLAIN, replace(PLAIN, title=BASE.title.replace("Zebrazumab", "Foalinib"), pages="", abstract=""), D, "other words in like titles"),
    ("another population, another text", PLAIN, replace(PLAIN, pages="", abstract=OTHER_TEXT), D, "other abstracts"),
    ("a conference abstract", PLAIN, MEETING, D, "another place"),
    ("one abstract at two meetings", MEETING, replace(MEETING, journal="Acta Chimerica", volume="7", pages="S99"), D, "another place"),
    ("several letters under one heading", replace(PLAIN, title="A trial of zebrazumab in striped fever"), replace(PLAIN, title="A trial of zebrazumab in striped fever", authors=("Moe, D",)), P, "the same place and title, other authors"),
    ("a preprint", PLAIN, replace(PLAIN, doi="10.1101/2019.01.01.1", journal="medRxiv", volume="", pages=""), D, "a preprint and its article"),
    ("online first and print", PLAIN, replace(PLAIN, year="2018", volume="", issue="", pages="e12"), S, "online first and print"),
    ("a translated title in brackets", PLAIN, replace(PLAIN, title=f"[{BASE.title}]"), S, ""),
    ("a title in the original language", PLAIN, replace(PLAIN, title="Zebrazumab bei schwerem Streifenfieber von Kindern"), S, "the same pages from first to last, and authors, under a translated title"),
    ("an abbreviated journal", PLAIN, replace(PLAIN, journal="J Invent Med"), S, ""),
    ("pages in another style", PLAIN, replace(PLAIN, pages="482-91"), S, ""),
    ("pages with another hyphen", PLAIN, replace(PLAIN, pages="482‐491"), S, ""),
    ("pages that are a date", replace(PLAIN, pages="1-10"), replace(PLAIN, pages="01-Oct"), S, ""),
    ("initials only", PLAIN, replace(PLAIN, authors=("van der Doe A; Roe B; Poe C",)), S, ""),
    ("names in one text", PLAIN, replace(PLAIN, authors=("Doe A, Roe B, Poe C",)), S, ""),
    ("Chinese names in their order", CN, replace(CN, authors=("Xiangdong Zhang; Jian Lan; Ting Li",), pages=""), S, ""),
    ("a wrong DOI on one side", BASE, replace(BASE, pmid="", doi="10.1234/wrong"), S, ""),
    ("two DOIs, no place", replace(BASE, pmid="", pages=""), replace(BASE, pmid="", doi="10.1234/other", pages="", volume=""), P, "two DOIs over like titles"),
    ("no authors", PLAIN, replace(PLAIN, authors=()), S, ""),
    ("no abstract, pages, volume", PLAIN, replace(PLAIN, abstract="", pages="", volume="", issue=""), S, "the same title and authors"),
    ("short items on neighboring pages", replace(PLAIN, title="Editorial comment", pages="5", abstract=""), replace(PLAIN, title="Editorial comment", pages="6", abstract=""), D, "other pages"),
    ("a typing error", PLAIN, replace(PLAIN, title=BASE.title.replace("severe", "severre")), S, ""),
    ("Greek letters", replace(PLAIN, title="β-Zebrin and TNF-α in striped fever of the okapi"), replace(PLAIN, title="beta-zebrin and TNF-alpha in striped fever of the okapi"), S, ""),
    ("nothing at all", Entry(id="a"), Entry(id="b"), D, "no title to compare"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("one", "other", "verdict", "rule"), [pair[1:] for pair in PAIRS], ids=[pair[0] for pair in PAIRS]
)
def test_hard_pairs(one: Entry, other: Entry, verdict: Verdict, rule: str) -> None:
    for a, b in ((one, other), (other, one)):
        decision = decide(normalize(a), normalize(b))
        assert decision.verdict is verdict, decision
        assert not rule or decision.rule == rule
        if verdict is S:
            assert set(blocks(normalize(a))) & set(blocks(normalize(b))), "they must meet, to be compared"


def test_the_versions_of_a_cochrane_review_are_a_setting() -> None:
    one = replace(BASE, doi="10.1002/14651858.CD000001.pub2", pmid="", pages="CD000001", year="2008", volume="")
    other = replace(one, doi="10.1002/14651858.CD000001.pub3", year="2012")
    assert decide(normalize(one), normalize(other)).verdict is D
    joined = decide(normalize(one), normalize(other), settings=Settings(joins_cochrane_versions=True))
    assert joined.verdict is S


def test_one_doi_over_a_supplement() -> None:
    abstracts = [
        replace(PLAIN, id=str(n), title=f"{word} of the okapi and its stripes", doi="10.1234/supplement", pages=f"S{n + 10}", abstract="")
        for n, word in enumerate(("Fever", "Knees", "Sleep and hunger", "Weight"))
    ]  # fmt: skip
    found = deduplicate(abstracts)
    assert len(found.groups) == 4
    assert found.possible == ()


def test_a_decision_tells_its_fields() -> None:
    decision = decide(normalize(PLAIN), normalize(replace(PLAIN, year="2021", authors=(), volume="13")))
    assert decision.fields == (
        "title: 100 % alike",
        "abstract: 100 % alike",
        "authors: missing",
        "year: 2 apart",
        "journal: agrees",
        "volume: differs",
        "pages: agrees",
        "doi: missing",
        "pmid: missing",
        "pmcid: missing",
    )


def test_a_chain_that_joins_two_that_surely_differ_is_broken_and_told() -> None:
    one = replace(BASE, id="1", doi="", pmid="30000001")
    between = replace(PLAIN, id="2")
    other = replace(BASE, id="3", doi="", pmid="30000002")
    found = deduplicate([one, between, other])
    assert sorted(len(group) for group in found.groups) == [1, 2]
    [broken] = found.broken
    assert broken.apart.decision.rule == "two PMIDs"
    assert (broken.apart.one, broken.apart.other) == (0, 2)


# --- any records ------------------------------------------------------------------------------------------------------

TEXTS = st.one_of(
    st.just(""),
    st.sampled_from([BASE.title, "Knees", "[x]", "1-3", "01-Oct", "10.1234/x", "2020"]),
    st.text(max_size=30),
)
ENTRIES = st.builds(
    Entry,
    id=st.just(""),
    title=TEXTS,
    authors=st.lists(TEXTS, max_size=3).map(tuple),
    year=TEXTS,
    journal=TEXTS,
    volume=TEXTS,
    issue=TEXTS,
    pages=TEXTS,
    doi=TEXTS,
    pmid=TEXTS,
    abstract=TEXTS,
)


@given(ENTRIES, ENTRIES)
def test_any_two_records_are_decided_the_same_both_ways(one: Entry, other: Entry) -> None:
    a, b = normalize(one), normalize(other)
    assert decide(a, b).verdict is decide(b, a).verdict
    assert compare(a, a).title in {None, 100.0}
    if is_plainly_another(a, b):
        assert decide(a, b).verdict is D


SAMPLE = [each.entry for each in synthetic(120, 3)]


@given(st.permutations(range(len(SAMPLE))))
@settings(max_examples=15, deadline=None)
def test_the_order_of_the_records_does_not_matter(order: list[int]) -> None:
    def groups(entries: list[Entry]) -> set[frozenset[str]]:
        return {frozenset(entries[at].id for at in group) for group in deduplicate(entries).groups}

    assert groups([SAMPLE[at] for at in order]) == groups(SAMPLE)


def test_plainly_different_pairs_are_different_on_closer_look() -> None:
    normals = [normalize(entry) for entry in SAMPLE]
    plain = 0
    for at, one in enumerate(normals):
        for other in normals[:at]:
            if is_plainly_another(one, other):
                plain += 1
                assert decide(one, other).verdict is D
    assert plain > 1000


def test_one_record_of_each_group_has_no_duplicates() -> None:
    found = deduplicate(SAMPLE)
    kept = [SAMPLE[group[0]] for group in found.groups]
    assert len(deduplicate(kept).groups) == len(kept)


def test_a_synthetic_set_is_told_well() -> None:
    labelled = synthetic(1500, 11)
    found = deduplicate([each.entry for each in labelled])
    reports = [each.report for each in labelled]
    removed = {at for group in found.groups for at in group[1:]}
    lost = sum(
        1 for report in set(reports) if all(at in removed for at in range(len(reports)) if reports[at] == report)
    )
    copies = len(reports) - len(set(reports))
    assert lost <= 3, "distinct reports"
    assert len(removed) >= 0.96 * copies
    assert len(found.possible) <= 0.02 * len(reports)


def test_of_many_records_of_one_title_only_neighbors_are_compared() -> None:
    many = [replace(PLAIN, id=str(at), abstract="") for at in range(500)]
    found = deduplicate(many)
    assert len(found.groups) == 1
    assert found.compared <= 5 * len(many)


def test_two_large_groups_that_surely_differ_are_not_joined() -> None:
    """Two groups of 30 are more pairs than are compared anew: what was compared before holds them apart."""
    place, other_place = replace(PLAIN, abstract=""), replace(PLAIN, abstract="", title=f"{BASE.title} in adults")
    ones = [replace(place, id=f"a{at}", pmid="30000001") for at in range(30)]
    others = [replace(other_place, id=f"b{at}", pmid="30000002") for at in range(30)]
    found = deduplicate([*ones, *others, replace(place, id="c", pmid="")])
    assert sorted(len(group) for group in found.groups) == [30, 31]
