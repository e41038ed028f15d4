"""What ESearch would say of a query, over invented articles and without any."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casetable.model.article import Article, Heading
from casetable.query import FIELDS, Index, QueryError, Term, parse, translate, unparse

NONE: tuple[str, ...] = ()
INDEX = Index(
    (
        Article(
            pmid="10000001",
            title="Zebra fever and the knee: stripes fade",
            headings=(Heading(name="Fever, Striped"), Heading(name="Stripe's Disease"), Heading(name="Zebras")),
            substances=("zebrazumab",),
            journal_abbreviation="Ann Inv Med",
            journal="Annals of invented medicine",
            journal_id="9900001",
            published="2020 Mar",
        ),
        Article(pmid="10000002", title="Quiet zebra", published="1990"),
    ),
    today=dt.date(2025, 11, 26),
)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("zebra", '"zebra"[All Fields]'),
        ("Zebra Fever", '"zebra"[All Fields] AND "fever"[All Fields]'),
        ('"Zebra Fever"', '"Zebra Fever"[All Fields]'),
        ("zebr*", '"zebr*"[All Fields]'),
        ("Zebra[tiab]", '"Zebra"[Title/Abstract]'),
        ("zebr*[ti]", '"zebr*"[Title]'),
        ('"Zebras"[Mesh]', '"Zebras"[MeSH Terms]'),
        ("Zebras[mh:noexp]", '"zebras"[MeSH Terms:noexp]'),
        ("zebras[mh:~3]", '"zebras"[MeSH Terms]'),
        ("zebra[ti:noexp]", '"zebra"[Title]'),
        ('"zebra fever"[tiab:~2]', '"zebra fever"[Title/Abstract:~2]'),
        ("zebra fever[tiab:~2]", '"zebra fever"[Title/Abstract]'),
        ('"[1Z]Zebra"[tiab]', '"1z zebra"[Title/Abstract]'),
        ('"Stripe\'s disease"[tiab]', '"stripe s disease"[Title/Abstract]'),
        ('"QX-7 Zebra"[tiab]', '"QX-7 Zebra"[Title/Abstract]'),
        ("zebr∗[ti]", '"zebr"[Title]'),
        ("zebra[foo]", '"zebra"[All Fields]'),
        ("(zebra OR fever)[tiab]", '"zebra"[All Fields] OR "fever"[All Fields]'),
        ("(zebra)[tiab]", '"zebra"[Title/Abstract]'),
        ("2023[PDAT]", "2023/01/01:2023/12/31[Date - Publication]"),
        ("2024/02[crdt]", "2024/02/01:2024/02/29[Date - Create]"),
        ("2024/02/03[edat]", "2024/02/03:2024/02/03[Date - Entry]"),
        ("2009:2012[dp]", "2009/01/01:2012/12/31[Date - Publication]"),
        ('"2023/09/08"[PDAT] : "3000"[PDAT]', "2023/09/08:3000/12/31[Date - Publication]"),
        ('"last 6 months"[crdt]', '"last 6 months"[Date - Create]'),
        ("[pdat]", "[pdat]"),
        ("[pdat]:[pdat]", "[pdat]:[pdat]"),
        ("1:5[uid]", "1:5[UID]"),
        ("10000001 10000002", '"10000001"[UID] OR "10000002"[UID]'),
        ("#1 AND zebra[ti]", '#1 AND "zebra"[Title]'),
        ("smith j[au]", '"smith j"[Author]'),
        # from left to right, with parentheses where another operator goes before
        ("w[ti] or x[ti] AND y[ti]", '("w"[Title] OR "x"[Title]) AND "y"[Title]'),
        ("x[ti] OR (y[ti] OR z[ti])", '"x"[Title] OR ("y"[Title] OR "z"[Title])'),
        ("(x[ti] OR y[ti]) OR z[ti]", '"x"[Title] OR "y"[Title] OR "z"[Title]'),
        ("((x[ti]))", '"x"[Title]'),
        ("x[ti] y[ti] NOT z[ti]", '("x"[Title] AND "y"[Title]) NOT "z"[Title]'),
        ("zebra fever OR x[ti]", '("zebra"[All Fields] AND "fever"[All Fields]) OR "x"[Title]'),
    ],
)
def test_spells_out_tags_and_order(query: str, text: str) -> None:
    assert translate(parse(query)).text == text


@pytest.mark.parametrize("tag", [tag for tag, field in FIELDS.items() if field.kind != "date"])
def test_every_tag_is_spelled_out(tag: str) -> None:
    assert translate(parse(f'"zebra"[{tag}]')).text == f'"zebra"[{FIELDS[tag].name}]'


def test_a_heading_is_added_to_what_is_mapped() -> None:
    told = translate(parse("Zebras AND quiet"), INDEX)
    assert told.text == '("zebras"[MeSH Terms] OR "zebras"[All Fields]) AND "quiet"[All Fields]'
    assert told.translations == (("Zebras", '"zebras"[MeSH Terms] OR "zebras"[All Fields]'),)
    assert told.errors == {}


def test_a_heading_of_several_words_and_its_apostrophe() -> None:
    told = translate(parse("stripe's disease"), INDEX)
    to = (
        '"stripe\'s disease"[MeSH Terms] OR ("stripe\'s"[All Fields] AND "disease"[All Fields])'
        ' OR "stripe\'s disease"[All Fields]'
    )
    assert told.translations == (("stripe's disease", to),)
    assert told.text == to.replace("'", " ")
    assert told.warnings == {}


def test_a_heading_within_words_and_a_substance() -> None:
    told = translate(parse("quiet fever striped"), INDEX)
    assert told.text == (
        '"quiet"[All Fields] AND ("fever, striped"[MeSH Terms] OR ("fever"[All Fields] AND "striped"[All Fields])'
        ' OR "fever striped"[All Fields])'
    )
    told = translate(parse("zebrazumab OR knee[ti]"), INDEX)
    assert told.text == '"zebrazumab"[Supplementary Concept] OR "zebrazumab"[All Fields] OR "knee"[Title]'


def test_a_heading_with_a_tag_and_no_quotes_is_a_mapping() -> None:
    told = translate(parse("zebras[mh:~3]"), INDEX)
    assert told.translations == (("zebras[mh:~3]", '"zebras"[MeSH Terms]'),)
    assert translate(parse('"Zebras"[Mesh]'), INDEX).translations == ()


def test_a_journal_is_named_as_records_have_it() -> None:
    told = translate(parse("Annals of Invented Medicine[ta] AND 2020[dp]"), INDEX)
    assert told.text == '"ann inv med"[Journal] AND 2020/01/01:2020/12/31[Date - Publication]'
    assert told.translations == (("Annals of Invented Medicine[ta]", '"Ann Inv Med"[Journal:__jid9900001]'),)


def test_a_relative_date_counts_from_the_index_s_day() -> None:
    assert translate(parse('"last 60 days"[edat]'), INDEX).text == "2025/09/27:3000/01/01[Date - Entry]"


@pytest.mark.parametrize("query", ["zebra[foo]", "(zebra OR knee)[tiab]", "(zebra)[foo]"])
def test_an_ignored_tag_leaves_empty_lists_of_errors(query: str) -> None:
    told = translate(parse(query), INDEX)
    assert told.errors == {"phrasesnotfound": NONE, "fieldsnotfound": NONE}
    assert told.warnings == {}
    assert "[All Fields]" in told.text


def test_a_quoted_phrase_that_no_article_holds_leaves_an_or() -> None:
    query = '("zebra fever"[tiab] OR "green zebra"[tiab]) AND (knee[ti] OR ("blue zebra"[ti]))'
    told = translate(parse(query), INDEX)
    assert told.text == '"zebra fever"[Title/Abstract] AND "knee"[Title]'
    assert told.warnings == {
        "phrasesignored": NONE,
        "quotedphrasesnotfound": ('"green zebra"[tiab]', '"blue zebra"[ti]'),
        "outputmessages": NONE,
    }
    assert told.errors == {}
    assert unparse(told.effective) == '"zebra fever"[tiab] AND knee[ti]'
    assert INDEX.search(told.effective) == {0}
    assert translate(parse('"green zebra"[ti] OR knee[ti]'), INDEX).text == '"knee"[Title]'


@pytest.mark.parametrize(
    "query",
    [
        '"Green Zebras"[Mesh]',
        '"green zebra"[tiab] AND knee[ti]',
        '("green zebra"[ti] OR "blue zebra"[ti]) AND knee[ti]',
    ],
)
def test_a_quoted_phrase_elsewhere_stays_and_finds_nothing(query: str) -> None:
    told = translate(parse(query), INDEX)
    assert told.text == query
    assert told.warnings["outputmessages"] == ("No items found.",)
    assert told.warnings["quotedphrasesnotfound"]
    assert told.errors == {}


def test_what_is_subtracted_may_be_absent() -> None:
    told = translate(parse('zebra[ti] NOT "green zebra"[ti]'), INDEX)
    assert told.text == '"zebra"[Title] NOT "green zebra"[Title]'
    assert INDEX.search(told.effective) == {0, 1}


def test_a_word_that_no_article_holds_is_dropped() -> None:
    for query in ("xyzzy AND knee", "knee xyzzy", "knee AND (xyzzy)", "xyzzy OR knee", "knee NOT xyzzy", "xyzzy knee"):
        told = translate(parse(query), INDEX)
        assert told.text == '"knee"[All Fields]'
        assert told.errors == {"phrasesnotfound": ("xyzzy",), "fieldsnotfound": NONE}
        assert told.warnings == {}
        assert unparse(told.effective) in {"knee", "(knee)"}
    assert translate(parse("xyzzy NOT knee"), INDEX).warnings["outputmessages"] == ("No items found.",)


def test_nothing_but_words_that_no_article_holds() -> None:
    for query in ("xyzzy", "xyzzy plugh", "xyzzy OR plugh"):
        told = translate(parse(query), INDEX)
        assert told.text.split(" ")[0] == "xyzzy"
        assert told.errors["phrasesnotfound"][0] == "xyzzy"
        assert told.warnings["outputmessages"] == ("No items found.",)


def test_a_legitimate_zero_has_no_other_message() -> None:
    told = translate(parse('"Zebras"[Mesh] AND 1804[dp]'), INDEX)
    assert told.text == '"Zebras"[MeSH Terms] AND 1804/01/01:1804/12/31[Date - Publication]'
    assert told.errors == {}
    assert told.warnings == {
        "phrasesignored": NONE,
        "quotedphrasesnotfound": NONE,
        "outputmessages": ("No items found.",),
    }


def test_a_stop_word_with_a_tag_finds_nothing() -> None:
    told = translate(parse("the[tiab] AND zebra[tiab]"), INDEX)
    assert told.text == "the[tiab] AND zebra[tiab]"
    assert told.errors == {"phrasesnotfound": ("the",), "fieldsnotfound": NONE}
    assert told.warnings["outputmessages"] == ("No items found.",)


def test_a_stop_word_that_is_mapped_is_ignored() -> None:
    told = translate(parse("knee of the zebra"), INDEX)
    assert told.text == '"knee"[All Fields] AND "zebra"[All Fields]'
    assert told.warnings["phrasesignored"] == ("of", "the")
    assert told.errors == {}


def test_a_quoted_phrase_without_a_tag_is_mapped_where_it_stands_nowhere() -> None:
    told = translate(parse('"stripes zebra"'), INDEX)
    assert told.text == '"stripes"[All Fields] AND "zebra"[All Fields]'
    assert told.warnings["quotedphrasesnotfound"] == ('"stripes zebra"',)
    assert told.effective == Term(text="stripes zebra")


def test_words_with_one_tag_that_stand_together_nowhere_are_parted() -> None:
    told = translate(parse("quiet stripes[tw] OR knee[ti]"), INDEX)
    assert told.text == '("quiet"[All Fields] AND "stripes"[Text Word]) OR "knee"[Title]'
    assert translate(parse("quiet-stripes fade[tw]"), INDEX).text == '"quiet-stripes fade"[Text Word]'


def test_earlier_searches_are_given() -> None:
    assert translate(parse("#1"), INDEX, references={1: [0]}).warnings == {}
    with pytest.raises(QueryError):
        translate(parse("#1"), INDEX)


def test_depth_is_no_obstacle() -> None:
    depth = 20_000
    query = "(zebra[ti] OR " * depth + "knee[ti]" + ")" * depth
    told = translate(parse(query))
    assert told.text.startswith('"zebra"[Title] OR ("zebra"[Title] OR (')
    assert told.text.count(")") == depth - 1


PARTS = st.sampled_from(
    ['"zebra fever"[ti]', '"green zebra"[ti]', "knee", "xyzzy", "the[ti]", "zebras[mh]", "2020[dp]", "x[foo]", '"a b"']
)
OPERATORS = st.sampled_from([" AND ", " OR ", " NOT "])


@given(st.recursive(PARTS, lambda inner: st.builds(lambda a, o, b: f"({a}{o}{b})", inner, OPERATORS, inner)))
def test_what_is_searched_for_has_the_hits_that_are_told(query: str) -> None:
    told = translate(parse(query), INDEX)
    is_empty = told.warnings.get("outputmessages", ()) == ("No items found.",)
    assert is_empty == (not INDEX.search(told.effective))
    assert parse(unparse(told.effective)) == told.effective
    assert parse(told.text)
