"""Marks: what a strategy finds an article by, in the article's own characters."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casetable.model.article import Article, Heading, Section
from casetable.query import parse
from casetable.query.evaluate import Index
from casetable.query.marks import Marked, Marker, Other
from casetable.query.words import words_of

TODAY = dt.date(2026, 1, 20)


def marked(query: str, title: str = "", *sections: str, **more: object) -> Marked:
    article = Article(pmid="1", title=title, abstract=tuple(Section(text=text) for text in sections), **more)  # type: ignore[arg-type]
    return Marker(parse(query), query, today=TODAY).marks(article)


def shown(found: Marked, title: str, *sections: str) -> list[str]:
    parts = [(title, found.title), *zip(sections, found.abstract, strict=True)]
    return [text[span.start : span.end] for text, spans in parts for span in spans]


@pytest.mark.parametrize(
    ("query", "text", "expected"),
    [
        ("rash[ti]", "A rash, and a Rash", ["rash", "Rash"]),
        ('"lung disease"[tiab]', "Interstitial lung-disease of the lung", ["lung-disease"]),
        ("dermatomyosit*[tiab]", "Dermatomyositis and dermatomyositides", ["Dermatomyositis", "dermatomyositides"]),
        ("gottron[tiab]", "Gottron’s papules", ["Gottron"]),
        ("sjogren[tiab]", "Sjögren syndrome", ["Sjögren"]),
        ("naive[ti]", "na\u0308i\u0308ve? nai\u0308ve", ["na\u0308i\u0308ve", "nai\u0308ve"]),
        ("tnf[ti]", "TNF-α blockade", ["TNF"]),
        ('"tnf α"[ti]', "TNF-α blockade", ["TNF-α"]),
        ('"lung skin"[tiab:~2]', "skin of the lung, and skin", ["skin", "lung", "skin"]),
        ("rash fever", "fever without a rash", ["fever", "rash"]),
        ("rash[ti] NOT fever[ti]", "rash only", ["rash"]),
        ('"rapid lung"[ti] OR "lung disease"[ti]', "a rapid lung disease", ["rapid lung disease"]),
        ("#1 rash[ti]\n#2 fever[ti]\n#3 #1 OR #2", "rash", ["rash"]),
        ("ligature[ti]", "the ﬁrst ligature", ["ligature"]),
        ("first[ti]", "the ﬁrst ligature", ["ﬁrst"]),
    ],
)
def test_the_words_of_a_title(query: str, text: str, expected: list[str]) -> None:
    assert shown(marked(query, text), text) == expected


def test_sections_of_an_abstract_are_marked_each_for_itself() -> None:
    texts = ["A girl had a rash.", "The rash went."]
    assert shown(marked("rash[tiab]", "No", *texts), "No", *texts) == ["rash", "rash"]


def test_a_term_is_told_by_its_number_and_as_it_is_written() -> None:
    found = marked('fever[ti] AND ("rash"[ti] OR ulcer[ti])', "Fever and rash")
    assert [(term.number, term.text) for term in found.terms] == [(1, "fever[ti]"), (2, '"rash"[ti]')]
    assert [span.terms for span in found.title] == [(1,), (2,)]


def test_an_excluding_term_is_told_as_one() -> None:
    found = marked("rash[ti] NOT mouse[ti]", "Rash of a mouse")
    assert [(term.text, term.is_excluding) for term in found.terms] == [("rash[ti]", False), ("mouse[ti]", True)]


def test_headings_and_keywords_are_told_in_words() -> None:
    found = marked(
        '"Dermatomyositis"[mh] OR ulcer[tiab]',
        "No",
        "Nothing",
        headings=(Heading(name="Dermatomyositis"),),
        keywords=("skin ulcer",),
    )
    assert found.others == (
        Other(kind="MeSH heading", text="Dermatomyositis"),
        Other(kind="keyword", text="skin ulcer"),
    )
    assert shown(found, "No", "Nothing") == []


def test_a_strategy_that_cannot_be_read_says_so() -> None:
    assert Marker(None, "(rash", today=TODAY, fault="a bracket is open").marks(
        Article(pmid="1", title="rash")
    ) == Marked(fault="a bracket is open")


WORDS = [
    "rash",
    "fever",
    "lung",
    "Sjögren",
    "IL-6",
    "β-blocker",
    "x/y",
    "¾",
    "ﬁne",
    "don’t",
    "Ärzte—und",
    "(s)",
    "naïve",
]
TEXT = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)
ANY = st.one_of(TEXT, st.text(max_size=40))
TERM = st.lists(
    st.sampled_from(["rash", "fever", "lung", "sjogren", "il", "6", "blocker", "3 4", "fine"]), min_size=1, max_size=3
)


@given(ANY)
def test_words_are_those_of_the_index_and_stand_where_they_say(text: str) -> None:
    from casetable.query.marks import _placed

    placed = list(_placed(text, 0))
    assert [each.word for each in placed] == words_of(text)
    for each in placed:
        assert each.word in "".join(words_of(text[each.start : each.end])) or each.word in words_of(
            text[each.start : each.end]
        )


@given(TEXT, TEXT, TERM, st.sampled_from(["ti", "tiab", "ab"]), st.sampled_from(["", "*"]))
def test_what_the_index_finds_is_marked_and_nothing_else(
    title: str, abstract: str, words: list[str], tag: str, star: str
) -> None:
    query = f'"{" ".join(words)}{star}"[{tag}]'
    article = Article(pmid="1", title=title, abstract=(Section(text=abstract),))
    node = parse(query)
    is_found = bool(Index([article], today=TODAY).search(node))
    found = Marker(node, query, today=TODAY).marks(article)
    assert bool(found.title or any(found.abstract)) == is_found
    for text, spans in ((title, found.title), (abstract, found.abstract[0] if found.abstract else ())):
        ends = [0, *(span.end for span in spans)]
        assert all(end <= span.start < span.end <= len(text) for end, span in zip(ends, spans, strict=False))
