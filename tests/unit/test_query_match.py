"""What a strategy finds among articles, what it misses, and what cannot be known of articles that do not hold all."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casetable.model.article import Article, Extent, Heading, Link, Person, Section
from casetable.query import Blind, Index, QueryError, Verdict, match, parse
from casetable.query.match import mask_of, positions
from tests.support.matching import invented, naive, strategy, vocabulary
from tests.support.queries import queries

TODAY = dt.date(2025, 11, 26)
FULL = Article(
    pmid="10000001",
    title="Zebra fever treated with zebrazumab",
    abstract=(Section(text="A foal with stripes was given quietol. The knee of it healed."),),
    keywords=("striped fever",),
    headings=(Heading(name="Fever, Striped"), Heading(name="Zebras", qualifiers=(("therapy", False),))),
    publication_types=("Case Reports", "Journal Article"),
    authors=(Person(last="Doe", fore="Anna", initials="A"),),
    journal="Annals of invented medicine",
    journal_abbreviation="Ann Inv Med",
    languages=("eng",),
    published="2020 Mar 5",
    dates={"CRDT": "2020-03-06"},
    doi="10.1234/one",
)
NO_ABSTRACT = replace(FULL, pmid="10000002", abstract=())
NOT_INDEXED = replace(FULL, pmid="10000003", headings=(), publication_types=("Journal Article",))
FACTS = Article(
    extent=Extent.FACTS,
    pmid="10000004",
    title="Zebra fever",
    authors=(Person(last="Doe", initials="A"),),
    published="2020",
)
EXPORT = Article(
    extent=Extent.EXPORT, pmid="", title="Zebra fever", abstract=(Section(text="A foal."),), published="2020"
)
ALL = (FULL, NO_ABSTRACT, NOT_INDEXED, FACTS, EXPORT)
SIGNS = {Verdict.FOUND: "+", Verdict.MISSED: "-", Verdict.UNKNOWN: "?"}


def verdicts(query: str, articles: Sequence[Article] = ALL) -> str:
    matched = match(parse(query), articles, today=TODAY, text=query)
    return "".join(SIGNS[article.verdict] for article in matched.articles)


VERDICTS = [
    # whole entry, without abstract, without headings, facts only, export with an abstract
    ("zebra[ti]", "+++++"),
    ("gnu[ti]", "-----"),
    ("quietol[tiab]", "+?+?-"),
    ("gnu[tiab]", "-?-?-"),
    ('"striped fever"[tiab]', "+++?-"),
    ("striped[ot]", "+++?-"),
    ('"gnu fever"[tw]', "-????"),
    ('"knee stripes"[tiab:~3]', "-?-?-"),
    ('"stripes knee"[tiab:~5]', "+?+?-"),
    # headings: narrower ones are searched too
    ('"zebras"[mh]', "++???"),
    ('"gnus"[mh]', "?????"),
    ('"gnus"[mh:noexp]', "?????"),  # it may be an entry term of another heading
    ('"fever, striped"[mh:noexp] NOT "zebras"[mh:noexp]', "--???"),
    ('"zebras/surgery"[mh:noexp]', "--???"),
    ('"zebras/therapy"[mh]', "++???"),
    ('"case reports"[pt]', "++???"),
    ('"letter"[pt]', "--???"),
    ('"review"[pt]', "?????"),
    # words that PubMed maps itself
    ("zebra", "+++++"),
    ("gnu", "?????"),
    ("gnus*", "-????"),
    ('"gnu fever"', "?????"),
    ("gnu[foo]", "?????"),
    ("(zebra OR gnu)[tiab]", "+++++"),
    # words without quotes may be parted; the last one must stand in the field
    ("quietol fever[ti]", "?????"),
    ("fever quietol[ti]", "-----"),
    ("zebra-gnu[ti]", "-----"),
    # other fields
    ("doe a[au]", "++++?"),
    ("roe b[au]", "----?"),
    ("eng[la]", "+++??"),
    ('"j invent"[ta]', "---??"),
    ("2020[dp]", "+++++"),
    ("2020/03[dp]", "+++??"),
    ("2018[dp]", "---??"),  # it may have been online before
    ("2010[dp]", "-----"),
    ("2021[dp]", "---??"),
    ("2020/03[crdt]", "+++??"),
    ("humans[sb]", "?????"),
    ("zebrazumab[nm]", "?????"),
    # operators
    ("zebra[ti] AND quietol[tiab]", "+?+?-"),
    ("gnu[ti] AND quietol[tiab]", "-----"),
    ("zebra[ti] OR gnu", "+++++"),
    ("gnu[ti] OR quietol[tiab]", "+?+?-"),
    ("zebra[ti] NOT quietol[tiab]", "-?-?+"),
    ("zebra[ti] NOT gnu[ti]", "+++++"),
    ("zebra[ti] NOT (gnu NOT zebra[ti])", "+++++"),
    ("zebra[ti] AND the", "+++++"),
    ("zebra[ti] AND the[tiab]", "-?-?-"),
    ("#1 zebra[ti]\n#2 quietol[tiab]\n#3 #1 NOT #2", "-?-?+"),
]


@pytest.mark.parametrize(("query", "expected"), VERDICTS, ids=[query for query, _ in VERDICTS])
def test_finds_misses_or_cannot_know(query: str, expected: str) -> None:
    assert verdicts(query) == expected


@pytest.mark.parametrize(
    ("query", "article", "reasons"),
    [
        ("quietol[tiab]", NO_ABSTRACT, [Blind.ABSTRACT]),
        ('"gnus"[mh]', FULL, [Blind.NARROWER, Blind.ENTRY]),
        ('"gnus"[mh]', NOT_INDEXED, [Blind.HEADINGS]),
        ("gnu", FULL, [Blind.MAPPING]),
        ("quietol fever[ti]", FULL, [Blind.PHRASE]),
        ("gnu[ad]", FACTS, [Blind.FIELD]),
        ("zebra[ti]", FULL, []),
        ("gnu[ti] AND gnu", FULL, []),
        # what is open in a block that is settled otherwise plays no part
        ("(zebra[ti] OR gnu) AND quietol[tiab]", NO_ABSTRACT, [Blind.ABSTRACT]),
    ],
)
def test_says_why_it_cannot_be_known(query: str, article: Article, reasons: list[Blind]) -> None:
    [told] = match(parse(query), [article], today=TODAY).articles
    assert list(told.blind) == reasons


LESS_CERTAIN = [
    # the query, the article, and what is known of it
    ("doe anna[au]", FACTS, "?"),
    ("doe b[au]", FACTS, "?"),
    ("doe a[au]", replace(EXPORT, authors=(Person(last="Doe", initials="A"),)), "+"),
    ("doe ab[au]", replace(EXPORT, authors=(Person(last="Doe", initials="A"),)), "?"),
    ("zebra group[au]", replace(FACTS, authors=(Person(collective="The Zebra Group"),)), "?"),
    ('"zebras/therapy"[mh:noexp]', replace(FACTS, headings=(Heading(name="Zebras"),)), "?"),
    ("s0001-2345(20)12345-6[aid]", replace(FACTS, doi="10.1234/one"), "?"),
    ("10.1234/two[aid]", replace(FACTS, doi="10.1234/one"), "-"),
    ("2020/03/06[edat]", replace(FACTS, dates={"CRDT": "2020-03-06", "EDAT": "2020-03-06"}), "?"),
    ("striped[tiab]", replace(EXPORT, keywords=("striped",)), "?"),
    ("foal[tiab]", replace(EXPORT, keywords=("striped",)), "+"),
    ("eng[la]", replace(EXPORT, languages=("English",)), "?"),
    ("11-5[pg]", replace(EXPORT, pages="11-15"), "?"),
    ("gnu[all]", FULL, "?"),
    ("utopia[all]", replace(FULL, country="Utopia"), "?"),
    ("zebra fe", FULL, "?"),
    ("foa*[tiab]", FULL, "?"),
    ("foal a[tiab]", FULL, "?"),
    ("2020[dp]", replace(FACTS, published="²²²²"), "?"),
]


@pytest.mark.parametrize(("query", "article", "expected"), LESS_CERTAIN, ids=[query for query, _, _ in LESS_CERTAIN])
def test_what_looks_certain_and_is_not(query: str, article: Article, expected: str) -> None:
    assert verdicts(query, [article]) == expected


def test_notes_on_other_reports_are_text_words() -> None:
    noted = replace(FULL, links=(Link(kind="CommentIn", citation="Lancet. 2021;1:1"),))
    assert verdicts("lancet[tw]", [noted, FULL]) == "+-"


@pytest.mark.parametrize(
    ("query", "unique"),
    [
        ("#1 foal[tiab]\n#2 #1 OR #1", [1]),
        ("#1 foal[tiab]\n#2 quietol[tiab]\n#3 knee[tiab]\n#4 #1 AND #2\n#5 #1 AND #3\n#6 #4 OR #5", [1, 0, 0]),
        ("#1 foal[tiab]\n#2 knee[tiab]\n#3 #1 NOT #2\n#4 #2 NOT #1\n#5 #3 OR #4", [0, 0]),
    ],
)
def test_a_line_that_is_named_twice_is_weighed_as_one(query: str, unique: list[int]) -> None:
    matched = match(parse(query), [FULL], today=TODAY, text=query)
    assert [(term.unique.bit_count(), term.is_excluding) for term in matched.terms] == [(n, False) for n in unique]


def test_terms_blocks_and_unique_yield() -> None:
    query = "(zebra[ti] OR fever[ti] OR gnu[ti]) AND (quietol[tiab] OR foal[tiab]) NOT (letter[pt] OR knee[tiab])"
    others = (
        replace(FULL, title="Zebra", abstract=(Section(text="quietol foal"),)),
        replace(FULL, title="Fever", abstract=(Section(text="foal"),)),
        replace(FULL, title="Gnu", abstract=(Section(text="none"),)),
    )
    matched = match(parse(query), (FULL, *others), today=TODAY, text=query)
    assert [(t.number, t.text, t.sure.bit_count(), t.unique.bit_count(), t.is_excluding) for t in matched.terms] == [
        (1, "zebra[ti]", 2, 1, False),
        (2, "fever[ti]", 2, 1, False),
        (3, "gnu[ti]", 1, 0, False),
        (4, "quietol[tiab]", 2, 0, False),
        (5, "foal[tiab]", 3, 1, False),
        (6, "letter[pt]", 0, 0, True),
        (7, "knee[tiab]", 1, 1, True),
    ]
    assert [query[term.start : term.end] for term in matched.terms] == [term.text for term in matched.terms]
    assert [(b.number, b.text, b.is_excluding, b.terms) for b in matched.blocks] == [
        (1, "(zebra[ti] OR fever[ti] OR gnu[ti])", False, (1, 2, 3)),
        (2, "(quietol[tiab] OR foal[tiab])", False, (4, 5)),
        (3, "(letter[pt] OR knee[tiab])", True, (6, 7)),
    ]
    told = [(article.verdict, article.terms, article.missed_by) for article in matched.articles]
    assert told == [
        (Verdict.MISSED, (1, 2, 4, 5, 7), (3,)),
        (Verdict.FOUND, (1, 4, 5), ()),
        (Verdict.FOUND, (2, 5), ()),
        (Verdict.MISSED, (3,), (2,)),
    ]


@pytest.mark.parametrize(
    ("query", "blocks"),
    [
        ("a1[ti]", ["a1[ti]"]),
        ("a1[ti] OR b1[ti]", ["a1[ti] OR b1[ti]"]),
        ("a1[ti] AND b1[ti] NOT c1[ti]", ["a1[ti]", "b1[ti]", "NOT c1[ti]"]),
        ("((a1[ti]) AND (b1[ti] AND c1[ti])) NOT d1[ti]", ["a1[ti]", "b1[ti]", "c1[ti]", "NOT d1[ti]"]),
        ("a1[ti] AND b1[ti] OR c1[ti] AND d1[ti]", ["a1[ti] AND b1[ti] OR c1[ti]", "d1[ti]"]),
        ("a1[ti] NOT (b1[ti] AND c1[ti])", ["a1[ti]", "NOT (b1[ti] AND c1[ti])"]),
        ("#1 a1[ti]\n#2 b1[ti]\n#3 #1 AND #2", ["#1: a1[ti]", "#2: b1[ti]"]),
        (
            "#1 a1[ti] OR b1[ti]\n#2 c1[ti]\n#3 #1 AND #2\n#4 #3 NOT d1[ti]",
            ["#1: a1[ti] OR b1[ti]", "#2: c1[ti]", "NOT d1[ti]"],
        ),
    ],
)
def test_a_strategy_falls_into_the_blocks_that_and_joins(query: str, blocks: list[str]) -> None:
    matched = match(parse(query), [FULL], today=TODAY, text=query)
    assert [("NOT " if block.is_excluding else "") + block.text for block in matched.blocks] == blocks


def test_a_line_that_is_not_there_is_refused() -> None:
    with pytest.raises(QueryError, match="#2 names no line of the strategy"):
        match(parse("zebra AND #2"), [FULL], today=TODAY)


def test_masks_and_positions() -> None:
    assert list(positions(mask_of([0, 7, 8, 63, 64, 999], 1000))) == [0, 7, 8, 63, 64, 999]
    assert list(positions(mask_of([], 5))) == []


def test_depth_and_length_are_no_obstacle() -> None:
    query = "(" * 5_000 + "zebra[ti]" + ")" * 5_000 + " OR gnu[ti]" * 2_000
    assert verdicts(query, [FULL]) == "+"


# --- any strategy, any article ----------------------------------------------------------------------------------------

QUERIES = queries(
    st.sampled_from(
        [
            *("zebra[ti]", "quietol[tiab]", "gnu[tiab]", "foal*[tiab]", '"striped fever"[tiab]', '"zebras"[mh]', "the"),
            *(
                '"gnus"[mh]',
                '"gnus"[mh:noexp]',
                "fever",
                "gnu",
                '"case reports"[pt]',
                '"stripes knee"[tiab:~5]',
                "doe[au]",
            ),
            *("quietol fever[ti]", "2020[dp]", "2020/03[dp]", '"gnu fever"[tw]', "striped[ot]", "eng[la]", "knee[tw]"),
        ]
    )
)
LESS = [
    lambda a: replace(a, abstract=()),
    lambda a: replace(a, headings=(), publication_types=()),
    lambda a: replace(a, abstract=(), headings=(), keywords=(), publication_types=(), dates={}, extent=Extent.FACTS),
    lambda a: replace(a, headings=(), publication_types=(), dates={}, extent=Extent.EXPORT),
    lambda a: replace(a, published="2020", authors=(), languages=(), extent=Extent.FACTS, headings=(), abstract=()),
]


@given(QUERIES, st.sampled_from(LESS))
def test_with_less_known_a_verdict_stays_or_becomes_unknown(query: str, less: object) -> None:
    whole, part = match(parse(query), [FULL, less(FULL)], today=TODAY).articles  # type: ignore[operator]
    assert part.verdict in {whole.verdict, Verdict.UNKNOWN}


@given(QUERIES)
def test_what_is_surely_found_is_what_the_index_finds(query: str) -> None:
    """Without NOT, of which the index takes all that is not seen for absent."""
    query = query.replace(" NOT ", " AND ").replace("the", "fever")
    found = Index([FULL, NOT_INDEXED], today=TODAY).search(parse(query))
    assert set(positions(match(parse(query), [FULL, NOT_INDEXED], today=TODAY).sure)) == found


@given(QUERIES)
def test_unique_hits_are_those_lost_without_the_term(query: str) -> None:
    matched = match(parse(query), [FULL, NOT_INDEXED], today=TODAY, text=query)
    for term in matched.terms:
        if term.is_excluding or " NOT " in query:
            continue
        without = f"{query[: term.start]}gnugnu[ti]{query[term.end :]}"
        lost = matched.sure & ~match(parse(without), [FULL, NOT_INDEXED], today=TODAY).sure
        assert term.unique == lost, term.text


def test_the_same_as_a_naive_evaluation() -> None:
    chance = random.Random(11)
    words = vocabulary(chance, 400)
    articles = invented(300, words, chance)
    text = strategy(words, chance)
    matched = match(parse(text), articles, today=TODAY, text=text)
    assert (matched.sure, matched.maybe) == naive(parse(text), articles)
    assert 0 < matched.sure.bit_count() < 300
