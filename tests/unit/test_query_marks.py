"""Marks: what a strategy finds an article by, in the article's own characters, and never otherwise than `match` says."""

from __future__ import annotations

import datetime as dt
import random
import re
from collections.abc import Iterator
from dataclasses import fields, replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casetable.model.article import Article, Extent, Heading, Link, Person, Section
from casetable.query import Blind, Index, Term, Verdict, match, parse, walk, words_of
from casetable.query.held import COLUMNS, HELD_KEYS, SEARCHED
from casetable.query.marks import LONGEST, Marked, Marker, Other, Span
from casetable.query.words import placed_words
from tests.support.matching import invented, pattern, strategy, vocabulary
from tests.support.queries import queries

TODAY = dt.date(2026, 1, 20)


def marked(query: str, title: str = "", *sections: str, **more: object) -> Marked:
    article = Article(pmid="1", title=title, abstract=tuple(Section(text=text) for text in sections), **more)  # type: ignore[arg-type]
    return Marker(query, today=TODAY).marks(article)


def shown(found: Marked, title: str, *sections: str) -> list[str]:
    parts = [(title, found.title), *zip(sections, found.abstract, strict=True)]
    return [text[span.start : span.end] for text, spans in parts for span in spans]


# --- in title and abstract --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "text", "expected"),
    [
        ("rash[ti]", "A rash, and a Rash", ["rash", "Rash"]),
        ("rash[ti]", "rashes", []),
        ('"lung disease"[tiab]', "Interstitial lung disease of the lung", ["lung disease"]),
        ('"lung disease"[tiab]', "Interstitial lung-disease; lung. Disease", ["lung-disease", "lung. Disease"]),
        ('"lung-disease"[tiab]', "lung disease, lung diseases", ["lung disease"]),
        ("dermatomyosit*[tiab]", "Dermatomyositis and dermatomyositides", ["Dermatomyositis", "dermatomyositides"]),
        ('"lung dis*"[ti]', "lung disease, lung", ["lung disease"]),
        ("ras*[ti]", "rash", []),  # too short for the asterisk to count
        ("gottron[tiab]", "Gottron’s papules", ["Gottron"]),
        ('"gottron\'s papules"[ti]', "Gottron’s papules", ["Gottron’s papules"]),
        ("sjogren[tiab]", "Sjögren syndrome", ["Sjögren"]),
        ("sjögren[tiab]", "Sjogren and SJÖGREN", ["Sjogren", "SJÖGREN"]),
        ("naive[ti]", "na\u0308i\u0308ve? nai\u0308ve\u0301.", ["na\u0308i\u0308ve", "nai\u0308ve\u0301"]),
        ("strasse[ti]", "die Straße,", ["Straße"]),
        ("tnf[ti]", "TNF-α blockade", ["TNF"]),
        ('"tnf α"[ti]', "TNF-α blockade", ["TNF-α"]),
        ("β[ti]", "Β and β-blockers, ß", ["Β", "β"]),
        ("first[ti]", "the ﬁrst ligature", ["ﬁrst"]),
        ("11[ti]", "1½ mg", ["1½"]),
        ("i[ti] OR h2o[ti]", "H₂O", ["H₂O"]),
        ("b[ti]", "a&lt;b <b>bold</b>", ["b", "b", "b"]),
        ('"lung skin"[tiab:~2]', "skin of the lung, and skin", ["skin", "lung", "skin"]),
        ('"lung skin"[tiab:~2]', "skin or not in the lung", []),
        ('"skin skin"[ti:~0]', "skin skin lung skin", ["skin", "skin"]),
        ("rash fever", "fever without a rash", ["fever", "rash"]),
        ("rash without fever", "fever without a rash", ["fever", "rash"]),  # a stop word is not sought
        ('"without a rash"', "fever without a rash", ["without a rash"]),
        ("rash[tw]", "rash", ["rash"]),
        ("rash[all]", "rash", ["rash"]),
        ("rash[nonsense]", "rash", ["rash"]),
        ("(rash)[ti]", "rash", ["rash"]),
        ("(rash OR fever)[ti]", "rash", ["rash"]),
        ("rash[ti] NOT fever[ti]", "rash only", ["rash"]),
        ("#1 rash[ti]\n#2 fever[ti]\n#3 #1 OR #2", "rash", ["rash"]),
        ("the[ti]", "the rash", []),
        ("rash[au]", "rash", []),
        ("?![ti]", "rash", []),
    ],
)
def test_the_words_of_a_title(query: str, text: str, expected: list[str]) -> None:
    assert shown(marked(query, text), text) == expected


def test_spans_that_overlap_are_one_that_knows_all_its_terms() -> None:
    title = "a rapid lung disease of the skin"
    found = marked('"rapid lung"[ti] OR "lung disease"[ti] OR lung[ti] OR skin[ti] OR skin[tiab]', title)
    assert found.title == (Span(start=2, end=20, terms=(1, 2, 3)), Span(start=28, end=32, terms=(4, 5)))


def test_sections_of_an_abstract_are_marked_each_for_itself() -> None:
    texts = ["A girl had a rash.", "The rash went."]
    found = marked("rash[tiab]", "No", *texts)
    assert shown(found, "No", *texts) == ["rash", "rash"]
    assert found.labels == ((), ())


def test_labels_are_words_of_the_abstract_and_phrases_run_over_them() -> None:
    sections = (Section(label="CASE REPORT", text="She had fever."), Section(label="RASH", text="It went."))
    article = Article(pmid="1", title="No", abstract=sections)
    found = Marker('"case report"[tiab] AND "fever rash it"[tiab]', today=TODAY).marks(article)
    assert found.labels == ((Span(start=0, end=11, terms=(1,)),), (Span(start=0, end=4, terms=(2,)),))
    assert found.abstract == ((Span(start=8, end=13, terms=(2,)),), (Span(start=0, end=2, terms=(2,)),))


def test_the_title_of_a_book_that_stands_alone_is_marked() -> None:
    found = marked("zebras", "", book_title="All zebras")
    assert found.title == (Span(start=4, end=10, terms=(1,)),)
    assert found.others == ()
    assert marked("zebras[ti]", "", book_title="All zebras").title == ()
    assert marked("zebras[book]", "", book_title="All zebras").title == found.title
    beside = marked("zebras[book]", "Zebras", book_title="All zebras")
    assert (beside.title, beside.others) == ((), (Other(kind="book title", text="All zebras", terms=(1,)),))


# --- terms, blocks and what is elsewhere ------------------------------------------------------------------------------


def test_a_term_is_told_by_its_number_and_as_it_is_written() -> None:
    found = marked('fever[ti] AND ("rash"[ti] OR ulcer[ti])', "Fever and rash")
    assert [(term.number, term.text) for term in found.terms] == [(1, "fever[ti]"), (2, '"rash"[ti]')]
    assert [span.terms for span in found.title] == [(1,), (2,)]


def test_an_excluded_block_is_told_as_one_and_its_words_are_marked() -> None:
    title = "Rash of a mouse"
    found = marked("(rash[ti] OR fever[ti]) AND lung[tiab] NOT (mouse[ti] OR rat[ti])", title)
    assert shown(found, title) == ["Rash", "mouse"]
    assert [(term.text, term.is_excluding) for term in found.terms] == [("rash[ti]", False), ("mouse[ti]", True)]
    assert [(block.text, block.is_excluding, block.verdict, block.terms) for block in found.blocks] == [
        ("(rash[ti] OR fever[ti])", False, Verdict.FOUND, (1,)),
        ("lung[tiab]", False, Verdict.UNKNOWN, ()),
        ("(mouse[ti] OR rat[ti])", True, Verdict.FOUND, (4,)),
    ]
    assert found.verdict is Verdict.MISSED


def test_lines_fall_into_their_blocks() -> None:
    query = "#1 rash[ti] OR fever[ti]\n#2 lung[ti]\n#3 skin[ti]\n#4 #1 AND #2"
    found = marked(query, "Rash of lung and skin")
    assert [(block.text, block.terms) for block in found.blocks] == [
        ("#1: rash[ti] OR fever[ti]", (1,)),
        ("#2: lung[ti]", (3,)),
    ]
    assert found.verdict is Verdict.FOUND


def test_why_it_cannot_be_known_is_told() -> None:
    found = marked("lung[tiab] AND rash[ti]", "A rash")
    assert (found.verdict, found.blind) == (Verdict.UNKNOWN, (Blind.ABSTRACT,))


WHOLE = Article(
    pmid="11111111",
    title="Zebra fever",
    vernacular_title="Zebrafieber",
    book_title="Beasts",
    abstract=(Section(label="CASE", text="A foal with stripes was given quietol."), Section(text="The knee healed.")),
    other_abstracts=(Section(label="FALL", text="Ein Fohlen.", kind="publisher", language="ger"),),
    authors=(
        Person(last="Doe", fore="Anna", initials="A", affiliations=("Stable of Utopia",)),
        Person(last="Müller-Roe", fore="Bert", initials="B", suffix="Jr", identifiers=("0000-0001-2345-6789",)),
        Person(collective="Zebra Group"),
    ),
    editors=(Person(last="Edit", fore="Ed", initials="E"),),
    investigators=(Person(last="Seeker", fore="Sue", initials="S"),),
    journal="Annals of invented medicine",
    journal_abbreviation="Ann Inv Med",
    journal_id="0372351",
    issns=("1234-5678",),
    country="Utopia",
    publisher="Invented Press",
    volume="12",
    issue="3",
    pages="45-67",
    published="2020 Mar 5",
    published_electronically="2019 Dec 1",
    languages=("eng", "ger"),
    publication_types=("Case Reports", "Journal Article"),
    headings=(
        Heading(name="Fever, Striped", is_major=True, qualifiers=(("therapy", True), ("etiology", False))),
        Heading(name="Zebras", is_major=True),
        Heading(name="Humans"),
    ),
    keywords=("striped fever", "foals"),
    substances=("Quietol",),
    registry_numbers=("0", "50-00-0"),
    supplementary_concepts=("zebrazumab",),
    grants=("R01 AB123",),
    databanks=("NCT00000001",),
    isbns=("978-3-16-148410-0",),
    doi="10.1234/one",
    pii="S0001-2345(20)12345-6",
    pmcid="PMC7654321",
    manuscript_id="NIHMS99999",
    status="MEDLINE",
    owner="NLM",
    conflict_of_interest="None declared",
    subsets=("IM",),
    dates={"CRDT": "2020-03-06", "EDAT": "2020-03-07", "MHDA": "2020-04-01", "DCOM": "2020-04-02", "LR": "2021-01-01"},
    links=(Link(kind="CommentIn", citation="Lancet. 2021;1:1", pmid="22222222"),),
)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ('"fever, striped"[mh]', [("MeSH heading", "Fever, Striped")]),
        ('"fever striped/etiology"[mh]', [("MeSH heading", "Fever, Striped/etiology")]),
        ('"fever, striped/et"[mh]', [("MeSH heading", "Fever, Striped/etiology")]),
        ('"fever, striped/etiology"[majr]', []),
        ('"fever, striped/therapy"[majr]', [("MeSH heading", "Fever, Striped/therapy")]),
        ('"humans"[majr]', []),
        ("therapy[sh]", [("MeSH heading", "Fever, Striped/therapy")]),
        ("striped[tw]", [("keyword", "striped fever"), ("MeSH heading", "Fever, Striped")]),
        ("striped[tiab]", [("keyword", "striped fever")]),
        ("fohlen[tiab]", [("other abstract", "FALL Ein Fohlen.")]),
        ("zebrafieber[tt]", [("title in its own language", "Zebrafieber")]),
        ("quietol[nm]", [("substance", "Quietol")]),
        ("zebrazu*[nm]", [("substance", "zebrazumab")]),
        ('"50-00-0"[rn]', [("registry number", "50-00-0")]),
        ("case reports[pt]", [("publication type", "Case Reports")]),
        ("muller roe b[au]", [("author", "Müller-Roe B Jr")]),
        ("doe[au]", [("author", "Doe A")]),
        ("doe[1au]", [("author", "Doe A")]),
        ("muller roe[1au]", []),
        ("doe anna[fau]", [("author", "Doe A")]),
        ("zebra group[cn]", [("author", "Zebra Group")]),
        ("seeker s[ir]", [("investigator", "Seeker S")]),
        ("edit e[ed]", [("editor", "Edit E")]),
        ('"ann inv med"[ta]', [("journal", "Ann Inv Med")]),
        ("1234-5678[ta]", [("ISSN", "1234-5678")]),
        ("utopia[ad]", [("affiliation", "Stable of Utopia")]),
        ("utopia[pl]", [("country", "Utopia")]),
        ("english[la]", [("language", "eng")]),
        ("2020[dp]", [("date of publication", "2020 Mar 5")]),
        ("2019:2020[dp]", [("date of publication", "2020 Mar 5"), ("date of publication online", "2019 Dec 1")]),
        ("2020/03[crdt]", [("day created", "2020-03-06")]),
        ("10.1234/one[doi]", [("DOI", "10.1234/one")]),
        ("11111111[pmid]", [("PMID", "11111111")]),
        ("11111111 22222222", [("PMID", "11111111")]),
        ("hasabstract[sb]", [("filter", "hasabstract")]),
        ("all[sb]", []),
        ("medline[sb]", [("status", "MEDLINE")]),
        ("lancet[tw]", [("note", "Lancet. 2021;1:1")]),
        ("utopia zebras", [("MeSH heading", "Zebras"), ("affiliation", "Stable of Utopia")]),
        ("gnu[tw]", []),
    ],
)
def test_what_is_elsewhere_is_told_in_words(query: str, expected: list[tuple[str, str]]) -> None:
    found = Marker(query, today=TODAY).marks(WHOLE)
    assert [(other.kind, other.text) for other in found.others] == expected
    assert shown(found, WHOLE.title, *(section.text for section in WHOLE.abstract)) == []


def test_what_several_terms_find_is_told_once_with_all_of_them() -> None:
    found = Marker('"zebras"[mh] OR zebras[tw] NOT zebras[mh]', today=TODAY).marks(WHOLE)
    assert found.others == (Other(kind="MeSH heading", text="Zebras", terms=(1, 2, 3)),)
    assert [term.is_excluding for term in found.terms] == [False, False, True]


def test_a_subheading_that_is_no_major_topic_is_none_beside_one_that_is() -> None:
    heading = Heading(name="Zebras", is_major=True, qualifiers=(("therapeutic use", False), ("therapy", True)))
    found = marked('"zebras/therap*"[majr]', "No", headings=(heading,))
    assert found.others == (Other(kind="MeSH heading", text="Zebras/therapy", terms=(1,)),)


def test_words_near_each_other_stand_in_one_value() -> None:
    found = marked('"striped foals"[tiab:~3]', "No", keywords=("striped foals", "foals", "striped"))
    assert found.others == (Other(kind="keyword", text="striped foals", terms=(1,)),)


def test_a_long_text_elsewhere_is_shown_around_what_was_found() -> None:
    long = "Clinic of beasts, " * 30 + "Sjögren street, " + "Town of beasts, " * 30
    found = marked("sjogren[ad]", "No", authors=(Person(last="Doe", affiliations=(long,)),))
    [other] = found.others
    assert "Sjögren street" in other.text
    assert other.text.strip("…") in long
    assert other.text[0] == other.text[-1] == "…"
    assert len(other.text) <= LONGEST + 2


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("(rash", "the group '(rash' is never closed"),
        ("", "nothing is asked for"),
        ("rash AND #2", "#2 names no line of the strategy"),
        ("#1 rash\n#2 #2 OR fever", "names #2"),
    ],
)
def test_a_strategy_that_cannot_be_read_says_so_and_marks_nothing(query: str, why: str) -> None:
    marker = Marker(query, today=TODAY)
    assert marker.fault.startswith("the strategy cannot be read: ")
    assert why in marker.fault
    assert marker.marks(WHOLE) == Marked(fault=marker.fault)


# --- any strategy, any article ----------------------------------------------------------------------------------------

WORDS = ["rash", "fever", "lung", "Sjögren", "IL-6", "β-blocker", "x/y", "¾", "ﬁne", "don’t", "Ärzte—und", "(s)"]
WORDS += ["nai\u0308ve", "İstanbul", "H₂O", "µg", "the", "<i>", "&lt;"]
TEXT = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)
TERM = st.lists(
    st.sampled_from(["rash", "fever", "lung", "sjogren", "il", "6", "blocker", "3 4", "fine", "the"]),
    min_size=1,
    max_size=3,
)


@given(st.one_of(TEXT, st.text(max_size=40)))
def test_words_are_those_of_the_index_and_stand_where_they_say(text: str) -> None:
    placed = placed_words(text)
    assert [word for word, _, _ in placed] == words_of(text)
    for word, start, end in placed:
        assert any(word in held for held in words_of(text[start:end]))
    for (_, low, high), (_, start, end) in pairwise(placed):
        assert low <= start
        assert high <= end
        assert high <= start + 1


LEAVES = [
    *("zebra[ti]", "quietol[tiab]", "gnu[tiab]", "foal*[tiab]", '"striped fever"[tiab]', '"zebras"[mh]', "the"),
    *('"gnus"[mh]', "fever", "gnu", '"case reports"[pt]', '"stripes knee"[tiab:~7]', "doe[au]", "quietol the zebra"),
    *("quietol fever[ti]", "2020[dp]", "2020/03[dp]", '"gnu fever"[tw]', "striped[ot]", "eng[la]", "knee[tw]"),
    *("zebra f", "(foal)[tiab]", '"given quietol the knee"[all]', "stripe*", '"zebra"[foo]', "case[tiab]", "doe[1au]"),
]
LESS = [
    WHOLE,
    replace(WHOLE, abstract=()),
    replace(WHOLE, headings=(), publication_types=()),
    replace(WHOLE, title=""),
    replace(WHOLE, headings=(), dates={}, extent=Extent.EXPORT),
    replace(WHOLE, abstract=(), other_abstracts=(), keywords=(), published="2020", extent=Extent.FACTS),
]


def numbers_in(found: Marked) -> set[int]:
    texts = (found.title, *found.abstract, *found.labels)
    return {number for spans in texts for span in spans for number in span.terms}


@given(queries(st.sampled_from(LEAVES)), st.sampled_from(LESS), st.booleans())
def test_marks_are_what_match_says(query: str, article: Article, is_in_lines: bool) -> None:
    if is_in_lines:
        query = f"#1 {query}\n#2 zebra[ti]\n#3 #1 AND #2"
    found = Marker(query, today=TODAY).marks(article)
    matched = match(parse(query), [article], today=TODAY, text=query)
    [told] = matched.articles
    assert [(term.number, term.text, term.is_excluding) for term in found.terms] == [
        (term.number, term.text, term.is_excluding) for term in matched.terms if term.sure
    ]
    assert {term.number for term in found.terms} == numbers_in(found) | {
        number for other in found.others for number in other.terms
    }
    assert (found.verdict, found.blind) == (told.verdict, told.blind)
    assert [block.text for block in found.blocks] == [block.text for block in matched.blocks]
    for block, other in zip(found.blocks, matched.blocks, strict=True):
        known = Verdict.FOUND if other.sure else Verdict.UNKNOWN if other.maybe else Verdict.MISSED
        assert block.verdict is known
        assert set(block.terms) == {number for number in other.terms if matched.terms[number - 1].sure}


@given(
    TEXT,
    st.lists(st.builds(Section, text=TEXT, label=st.sampled_from(["", "RASH", "IL-6"])), max_size=3),
    TERM,
    st.sampled_from(["[ti]", "[tiab]", "[tw]", "[all]", "", "[tiab:~2]"]),
    st.sampled_from(["", "*"]),
)
def test_what_the_index_finds_in_title_and_abstract_is_marked_and_nothing_else(
    title: str, sections: list[Section], words: list[str], tag: str, star: str
) -> None:
    query = f'"{" ".join(words)}{star}"{tag}'
    article = Article(pmid="1", title=title, abstract=tuple(sections), keywords=("rash fever",))
    elsewhere = [name for name in SEARCHED["all"] if name not in {"title", "abstract"}]
    is_found = bool(Index([article], today=TODAY).search(parse(query), without=elsewhere))
    found = Marker(query, today=TODAY).marks(article)
    assert bool(numbers_in(found)) == is_found
    texts = [title, *(section.text for section in sections), *(section.label for section in sections)]
    for text, spans in zip(texts, (found.title, *found.abstract, *found.labels), strict=True):
        ends = [0, *(span.end for span in spans)]
        assert all(end <= span.start < span.end <= len(text) for end, span in zip(ends, spans, strict=False))


def stretches(term: Term, text: str) -> Iterator[tuple[int, int]]:
    """Where a term's expression finds it, also where the places overlap."""
    expression, at = pattern(term), 0
    while found := expression.search(text, at):
        yield found.span()
        at = found.start() + 1


def test_marks_stand_where_a_regular_expression_finds_the_terms() -> None:
    chance = random.Random(5)
    words = vocabulary(chance, 300)
    seen = 0
    for _ in range(4):
        query = strategy(words, chance)
        marker = Marker(query, today=TODAY)
        terms = [part for part in walk(parse(query)) if isinstance(part, Term)]
        for article in invented(25, words, chance):
            found = marker.marks(article)
            for text, spans, is_title in (
                (article.title, found.title, True),
                *(
                    (section.text, spans, False)
                    for section, spans in zip(article.abstract, found.abstract, strict=True)
                ),
            ):
                inside = {at: span.terms for span in spans for at in range(span.start, span.end)}
                for number, term in enumerate(terms, start=1):
                    if not is_title and term.field is not None and term.field.tag == "ti":
                        assert all(number not in span.terms for span in spans)
                        continue
                    places = list(stretches(term, text))
                    assert bool(places) == any(number in span.terms for span in spans)
                    for start, end in places if term.near is None else ():
                        assert all(number in inside[at] for at in range(start, end))
                        seen += 1
                assert all(re.fullmatch(r"\w.*\w|\w", text[span.start : span.end]) for span in spans)
    assert seen > 500


@pytest.mark.parametrize("column", COLUMNS)
def test_every_word_of_every_column_is_told_where_it_finds(column: str) -> None:
    values = [value for value in COLUMNS[column](WHOLE) if value]
    assert values
    tag = "tt" if column == "vernacular title" else "all"
    for value in values:
        for word in words_of(value):
            found = Marker(f'"{word}"[{tag}]', today=TODAY).marks(WHOLE)
            assert not found.terms or numbers_in(found) or found.others, word


@pytest.mark.parametrize("tag", HELD_KEYS)
def test_every_value_of_every_field_is_told_where_it_finds(tag: str) -> None:
    for key in filter(None, HELD_KEYS[tag](WHOLE)):
        found = Marker(f'"{key}"[{tag}]', today=TODAY).marks(WHOLE)
        assert not found.terms or found.others or key == "all", key


def test_the_article_of_these_tests_holds_everything() -> None:
    plain = {"is_book", "is_author_list_complete", "extent", "indexing", "publication_status", "copyright"}
    assert [each.name for each in fields(Article) if each.name not in plain and not getattr(WHOLE, each.name)] == []


@given(
    st.one_of(
        st.text(max_size=60), st.lists(st.sampled_from([*LEAVES, "(", ")", "AND", "NOT", "#1", "\n"])).map(" ".join)
    )
)
def test_whatever_the_text_of_a_strategy_there_is_an_answer(text: str) -> None:
    found = Marker(text, today=TODAY).marks(WHOLE)
    assert not found.fault or found == Marked(fault=found.fault)
