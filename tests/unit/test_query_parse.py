"""PubMed's query language: each construct with its tree and places, and that reading never fails but with QueryError."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from casetable.query import (
    FIELDS,
    Boolean,
    Chain,
    Group,
    Line,
    Lines,
    Node,
    Operator,
    QueryError,
    Range,
    Reference,
    Tag,
    Term,
    parse,
    read,
    sent_term,
    unparse,
    walk,
)

AND, OR, NOT = (Operator(kind=kind) for kind in Boolean)
IMPLIED = Operator(kind=Boolean.AND, is_implied=True)


def term(text: str, tag: str | None = None) -> Term:
    """A term; its text in single quotes stands for one in quotes."""
    is_quoted = len(text) > 1 and text[0] == text[-1] == "'"
    return Term(
        text=text[1:-1] if is_quoted else text, is_quoted=is_quoted, tag=Tag(text=tag) if tag is not None else None
    )


def group(inner: Node, tag: str | None = None) -> Group:
    return Group(inner=inner, tag=Tag(text=tag) if tag is not None else None)


def chain(first: Node, *rest: Node | Operator) -> Chain:
    return Chain(operands=(first, *rest[1::2]), operators=rest[::2])  # type: ignore[arg-type]


def lines(*numbered: tuple[int, Node]) -> Node:
    return Lines(lines=tuple(Line(number=number, inner=inner) for number, inner in numbered))


def both(one: int, other: int) -> Node:
    return chain(Reference(number=one), AND, Reference(number=other))


def years(low: str, high: str) -> Node:
    return Range(low=term(low), high=term(high, "dp"))


TREES: list[tuple[str, Node]] = [
    ("asthma", term("asthma")),
    ("  juvenile \n dermatomyositis ", term("juvenile dermatomyositis")),
    ("a AND b", chain(term("a"), AND, term("b"))),
    ("a and b Or c nOt d", chain(term("a"), AND, term("b"), OR, term("c"), NOT, term("d"))),
    ("a AND NOT b", chain(term("a"), NOT, term("b"))),
    ("a AND (b OR c)", chain(term("a"), AND, group(chain(term("b"), OR, term("c"))))),
    ("((a))", group(group(term("a")))),
    ("sand", term("sand")),
    ("or-gate", term("or-gate")),
    # what stands side by side
    ("(a) b c", chain(group(term("a")), IMPLIED, term("b c"))),
    ("a (b)", chain(term("a"), IMPLIED, group(term("b")))),
    ("a[ti] b", chain(term("a", "ti"), IMPLIED, term("b"))),
    ("a b[ti]", term("a b", "ti")),
    ('a "b c" d', chain(term("a"), IMPLIED, term("'b c'"), IMPLIED, term("d"))),
    ("(a)(b)", chain(group(term("a")), IMPLIED, group(term("b")))),
    # tags
    ("a[tiab]", term("a", "tiab")),
    ("a [ TiAb ]", term("a", "TiAb")),
    ("a[Title/Abstract]", term("a", "Title/Abstract")),
    ("a[mh:noexp]", term("a", "mh:noexp")),
    ('"a b"[tiab:~3]', term("'a b'", "tiab:~3")),
    ("a[nonsense]", term("a", "nonsense")),
    ("a[]", term("a", "")),
    ("a[ti:noexp]", term("a", "ti:noexp")),
    ("(a OR b)[tiab]", group(chain(term("a"), OR, term("b")), "tiab")),
    ("[pdat]", term("", "pdat")),
    ("Rheumatology (Sometown)[ta]", term("Rheumatology (Sometown)", "ta")),
    ("Rheumatology (Sometown)[ti]", chain(term("Rheumatology"), IMPLIED, group(term("Sometown"), "ti"))),
    # quotes
    ('"a  b"', term("'a b'")),
    ("“a b”[ti]", term("'a b'", "ti")),
    ("“a b“ OR „c d“", chain(term("'a b'"), OR, term("'c d'"))),
    ('"a b”[ti]', term("'a b'", "ti")),
    ('"[1H]b (c) AND d: e"[ti]', term("'[1H]b (c) AND d: e'", "ti")),
    ('"Lung/adverse effects"[mh]', term("'Lung/adverse effects'", "mh")),
    ('""', Term(text="", is_quoted=True)),
    ("Crohn's[ti]", term("Crohn's", "ti")),
    # truncation
    ("wear*[tiab]", term("wear*", "tiab")),
    ('"early wear*"', term("'early wear*'")),
    # dates and ranges
    ("2020[dp]", term("2020", "dp")),
    ("2020/03/05[dp]", term("2020/03/05", "dp")),
    ("2009:2012[dp]", Range(low=term("2009"), high=term("2012", "dp"))),
    ("2009 : 2012 [ dp ]", Range(low=term("2009"), high=term("2012", "dp"))),
    ('"2023/09/08"[PDAT] : "3000"[PDAT]', Range(low=term("'2023/09/08'", "PDAT"), high=term("'3000'", "PDAT"))),
    ("2009[dp]:2012", Range(low=term("2009", "dp"), high=term("2012"))),
    ('"last 6 months"[crdt]', term("'last 6 months'", "crdt")),
    ("([pdat] : [pdat])", group(Range(low=term("", "pdat"), high=term("", "pdat")))),
    (":2012[dp]", Range(low=term(""), high=term("2012", "dp"))),
    ("1:5[uid]", Range(low=term("1"), high=term("5", "uid"))),
    ('"a":"b"[ti]', Range(low=term("'a'"), high=term("'b'", "ti"))),
    # a colon between words is text
    ("HLA-Z*27:05[tiab]", term("HLA-Z*27:05", "tiab")),
    ("a: b", term("a: b")),
    ("a : AND b", chain(term("a :"), AND, term("b"))),
    ("1:2:3[dp]", term("1:2:3", "dp")),
    # identifiers hold parentheses and colons
    ("10.1234/S0001-2(20)3-5[doi]", term("10.1234/S0001-2(20)3-5", "doi")),
    ("(10.1234/abc:1)", group(term("10.1234/abc:1"))),
    ("S0001-2345(20)12345-6[aid]", term("S0001-2345(20)12345-6", "aid")),
    # earlier searches
    ("#1 AND #12", chain(Reference(number=1), AND, Reference(number=12))),
    ("a #2 b", chain(term("a"), IMPLIED, Reference(number=2), IMPLIED, term("b"))),
    ("#2[ti]", term("#2", "ti")),
    ("a #2[ti]", term("a #2", "ti")),
    # comments
    ("a # a word\nOR b", chain(term("a"), OR, term("b"))),
    ("# a heading\na", term("a")),
    ("a /* b\nc */ d", term("a d")),
    ("a/*b", term("a/*b")),
    ("C# AND b", chain(term("C#"), AND, term("b"))),
    ('"a # b"[ti]', term("'a # b'", "ti")),
    # line by line
    ("#1 a\n#2 b[ti]\n#3 #1 AND #2", lines((1, term("a")), (2, term("b", "ti")), (3, both(1, 2)))),
    ("1. a\n2. b\n3. #1 and #2", lines((1, term("a")), (2, term("b")), (3, both(1, 2)))),
    ("1 a\n2 b", lines((1, term("a")), (2, term("b")))),
    ("#1: a\n  OR b\n\n#2) c", lines((1, chain(term("a"), OR, term("b"))), (2, term("c")))),
    ("#3 #1 AND #2\n#2 b\n#1 a", lines((3, both(1, 2)), (2, term("b")), (1, term("a")))),
    ("# asthma\n#1 a # the drug\n#2 b", lines((1, term("a")), (2, term("b")))),
    # not line by line
    ("#1 AND #2", both(1, 2)),
    ("#1 AND a\n#2 OR b", chain(Reference(number=1), AND, term("a"), IMPLIED, Reference(number=2), OR, term("b"))),
    ("#1 a", chain(Reference(number=1), IMPLIED, term("a"))),
    ("2019 a\n2020 b", term("2019 a 2020 b")),
    ("2019:2020[dp]\n2021:2022[dp]", chain(years("2019", "2020"), IMPLIED, years("2021", "2022"))),
    (
        "x\n#1 a\n#2 b",
        chain(
            term("x"),
            IMPLIED,
            Reference(number=1),
            IMPLIED,
            term("a"),
            IMPLIED,
            Reference(number=2),
            IMPLIED,
            term("b"),
        ),
    ),
]


@pytest.mark.parametrize(("text", "tree"), TREES, ids=[text for text, _ in TREES])
def test_reads_each_construct_and_writes_it_again(text: str, tree: Node) -> None:
    read = parse(text)
    assert read == tree
    assert hash(read) == hash(tree)
    assert parse(unparse(read)) == tree


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("", "nothing is asked for; expected a term", (0, 0)),
        (" \n", "nothing is asked for; expected a term", (0, 2)),
        ("a OR (b AND c", "the group '(b AND c' is never closed; expected ')'", (13, 13)),
        ("a) OR b", "')' closes no group; expected '(' before it", (1, 2)),
        ("a OR ()", "an empty group; expected a term between '(' and ')'", (5, 7)),
        ("a OR ( )[ti]", "an empty group; expected a term between '(' and ')'", (5, 8)),
        ('a OR "b c', "a quote is never closed; expected '\"' after the phrase", (5, 6)),
        ("a[ti OR b[ab]", "'[' is never closed; expected ']' after the tag", (1, 2)),
        ("a ti] OR b", "']' closes no tag; expected '[' before it", (4, 5)),
        ("OR a", "nothing stands before 'OR'; expected a term on either side", (0, 2)),
        ("not a", "nothing stands before 'not'; expected a term on either side", (0, 3)),
        ("a AND (or b)", "nothing stands before 'or'; expected a term on either side", (7, 9)),
        ("a OR", "nothing stands after 'OR'; expected a term", (2, 4)),
        ("(a AND) b", "nothing stands after 'AND'; expected a term", (3, 6)),
        ("a OR OR b", "'OR' follows 'OR'; expected a term between them", (2, 7)),
        ("a OR NOT b", "'NOT' follows 'OR'; expected a term between them", (2, 8)),
        ("a[ti][ab]", "a second tag 'ab'; expected an operator", (5, 9)),
        ('"a":"b":"c"[dp]', "a range of more than two; expected two dates, as 2009:2012[dp]", (0, 15)),
    ],
)
def test_tells_what_is_wrong_and_where(text: str, message: str, place: tuple[int, int]) -> None:
    with pytest.raises(QueryError) as caught:
        parse(text)
    assert (caught.value.message, (caught.value.start, caught.value.end)) == (message, place)
    assert str(caught.value) == message


LOST = [
    # the text, what stands in the place that is told, and the message
    ("(a OR b AND (c OR d)", " ", "the group '(a OR b' is never closed; expected ')', most likely here"),
    ("((a OR b AND (c OR d)) AND e", " ", "the group '(a OR b' is never closed; expected ')', most likely here"),
    ("(a OR b) AND (c OR d", "", "the group '(c OR d' is never closed; expected ')'"),
    ("(a OR b) AND c OR d)", "c", "'(' is missing before 'c OR d)', most likely here; expected as many '(' as ')'"),
    (
        "((a OR b) AND c OR d)) AND e",
        "c",
        "'(' is missing before 'c OR d))', most likely here; expected as many '(' as ')'",
    ),
    ("a OR b) AND (c OR d)", "a", "'(' is missing before 'a OR b)', most likely here; expected as many '(' as ')'"),
    (
        "a[ti] NOT b not (b and c))",
        "b",
        "'(' is missing before 'b not (b and c))', most likely here; expected as many '(' as ')'",
    ),
    ("a) OR b) OR (c", ")", "')' closes no group; expected '(' before it"),
    ('"a OR b" OR c"', '"', "a quote is never closed; expected '\"' after the phrase"),
    (
        'a" OR "b" OR "c"',
        '"',
        "a quote opens no phrase, so one is missing near it; expected '\"' on both sides of a phrase",
    ),
    ("a /* b", "/*", "a comment is never closed; expected '*/'"),
    ("#1 a\n#1 b\n#2 c", "#1 ", "line #1 stands here a second time; expected another number"),
]


@pytest.mark.parametrize(("text", "place", "message"), LOST, ids=[text for text, _, _ in LOST])
def test_tells_where_something_was_lost(text: str, place: str, message: str) -> None:
    _, faults = read(text)
    fault = faults[0]
    assert (fault.message, text[fault.start : fault.end]) == (message, place)


@pytest.mark.parametrize(
    ("text", "tree", "count"),
    [
        ("(a OR b AND (c OR d)", "(a OR b) AND (c OR d)", 1),
        ("(a OR b) AND c OR d)", "(a OR b) AND (c OR d)", 1),
        ("a OR OR b AND", "a OR b", 2),
        ("OR a[ti][tiab] OR ()", "a[ti]", 3),
        ("a] OR b[ti AND c", "a OR b AND c", 2),
        ("))", "", 2),
    ],
)
def test_with_faults_the_tree_is_that_of_what_was_meant(text: str, tree: str, count: int) -> None:
    node, faults = read(text)
    assert (unparse(node) if node is not None else "") == tree
    assert len(faults) == count
    assert [fault.start for fault in faults] == sorted(fault.start for fault in faults)


def test_of_a_text_that_is_all_faults_the_first_hundred_are_told() -> None:
    assert len(read(")" * 1000)[1]) == 100


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("a OR\n  “b”  # note\n  [ti]", "a OR “b” [ti]"),
        ("#1 a OR b # x\n#2 c[ti]\n#3 #1 AND (#2 OR d)", "(a OR b) AND ( (c[ti]) OR d)"),
        ("1. a\n2. #1 NOT b", "(a) NOT b"),
        ("#2 #1 AND b\n#1 a", "(a) AND b"),
    ],
)
def test_what_is_sent_has_neither_comments_nor_line_numbers(text: str, term: str) -> None:
    assert sent_term(text) == term
    assert parse(term, is_sent=True) is not None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("#1 AND a", "#1 names no line of the strategy; expected the number of a line above"),
        ("#1 a\n#2 #3\n#3 b", "line #2 names #3, which does not stand before it; expected a lower number"),
        ("(a", "the group '(a' is never closed; expected ')'"),
        (
            "#1 a b c d e f\n" + "\n".join(f"#{n} #{n - 1} OR #{n - 1}" for n in range(2, 40)),
            "line #16 grows to more than 500,000 characters; expected fewer lines in one another",
        ),
    ],
)
def test_what_cannot_be_sent_is_refused(text: str, message: str) -> None:
    with pytest.raises(QueryError) as caught:
        sent_term(text)
    assert caught.value.message == message


def test_what_is_sent_is_read_as_pubmed_reads_it() -> None:
    assert parse("a # b", is_sent=True) == term("a # b")
    assert parse("#1 a\n#2 b", is_sent=True) == parse("#1 a #2 b")


def test_knows_its_places() -> None:
    text = " (alpha beta [ti] or  “gamma”[tiab:~2] )[ab] AND not 2009 : 2012[dp] #3 "
    places = [text[node.start : node.end] for node in walk(parse(text))]
    assert places == [
        text.strip(),
        "(alpha beta [ti] or  “gamma”[tiab:~2] )[ab]",
        "alpha beta [ti] or  “gamma”[tiab:~2]",
        "alpha beta [ti]",
        "“gamma”[tiab:~2]",
        "2009 : 2012[dp]",
        "#3",
    ]
    tree = parse(text)
    assert isinstance(tree, Chain)
    assert [(o.kind, o.text, text[o.start : o.end]) for o in tree.operators] == [
        (Boolean.NOT, "AND not", "AND not"),
        (Boolean.AND, "", ""),
    ]
    first = tree.operands[0]
    assert isinstance(first, Group)
    assert first.tag is not None
    assert text[first.tag.start : first.tag.end] == "[ab]"


def test_trees_are_equal_wherever_they_stand() -> None:
    assert parse(" a[ti]  or b") == parse("a [ti] OR b")
    assert len({parse("a"), parse(" a"), parse('"a"')}) == 2
    assert parse("a") != parse("a[ti]")
    assert parse("a OR b") != parse("a AND b")
    assert parse("a OR b OR c") != parse("a OR (b OR c)")
    assert parse("a") != "a"
    assert repr(parse("a[ti] AND (b)[ab]")) == "Chain(Term(a[ti] 0:5) AND Group([ab]Term(b 11:12) 10:17) 0:17)"


def test_writes_what_is_read_the_same_even_where_nothing_may_stand_between() -> None:
    tree = Chain(operands=(term("a"), term("b")), operators=(IMPLIED,))
    assert unparse(tree) == "a AND b"
    assert unparse(Chain(operands=(tree, term("c")), operators=(NOT,))) == "(a AND b) NOT c"


# --- tags -------------------------------------------------------------------------------------------------------------

USER_TAGS = """
1au ad aid all au auid book cn cois crdt dcom dp edat ed fau fir gr ip ir isbn issn jid la lastau lid lr majr mh mhda nm
ot pa pg pl pmcid pmid ps pt pubn rn sb sh si so subs ta tag ti tiab tt tw vi mesh doi pmc uid pdat mdat jo jour
"""


@pytest.mark.parametrize("tag", [tag for tag in USER_TAGS.split() if tag != "pmcid"])
def test_knows_the_tags_that_users_write(tag: str) -> None:
    found = parse(f"a [{tag.upper()}]")
    assert isinstance(found, Term)
    assert found.field is not None
    assert parse(f"a[{found.field.name}]").field is not None  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("written", "tag"),
    [
        ("MeSH Major Topic", "majr"),
        ("Date - Publication", "dp"),
        ("Publication Date", "dp"),
        ("pmcid", "pmc"),
        ("Supplementary  Concept", "nm"),
        ("all fields", "all"),
        ("filter", "sb"),
        ("Author", "au"),
        ("Author - Last", "lastau"),
        ("Full Author Name", "fau"),
        ("title:~2", "ti"),
    ],
)
def test_knows_long_names(written: str, tag: str) -> None:
    assert Tag(text=written).field is FIELDS[tag]


@pytest.mark.parametrize("written", ["tiabb", "ab", "abstract", "foo", "author identifier", "", "noexp"])
def test_other_names_are_no_field(written: str) -> None:
    assert Tag(text=written).field is None


@pytest.mark.parametrize(
    ("query", "is_noexp", "near", "is_ignored"),
    [
        ("a[mh:noexp]", True, None, False),
        ("a[MAJR:NoExp]", True, None, False),
        ("a[ti:noexp]", False, None, True),
        ("a[mh:~3]", False, None, True),
        ('"a b"[ti:~0]', False, 0, False),
        ('"a b"[Affiliation:~12]', False, 12, False),
        ('"a b"[tiab:3]', False, None, True),
        ("a b[tiab:~2]", False, None, False),
        ('"a"[tiab:~2]', False, None, False),
        ('"a b*"[tiab:~2]', False, None, False),
        ("a[ti]", False, None, False),
    ],
)
def test_tells_modifiers_that_count_from_those_that_do_not(
    query: str, is_noexp: bool, near: int | None, is_ignored: bool
) -> None:
    found = parse(query)
    assert isinstance(found, Term)
    assert found.tag is not None
    assert (found.tag.is_noexp, found.near, found.tag.is_modifier_ignored) == (is_noexp, near, is_ignored)


# --- any tree, any text -----------------------------------------------------------------------------------------------

WORDS = st.lists(
    st.text("abcXYZ019-'*,./é", min_size=1, max_size=6).filter(
        lambda word: word.lower() not in {"and", "or", "not"} and not word.startswith(("10.", "/*"))
    ),
    min_size=1,
    max_size=3,
).map(" ".join)
PHRASES = st.text("ab *:()[]#-'\tAND", max_size=8).map(lambda text: " ".join(text.split()))
TAGS = st.one_of(
    st.none(),
    st.sampled_from(["ti", "TIAB", "mh:noexp", "tiab:~2", "foo", "", "Date - Publication", "ti:x"]).map(
        lambda text: Tag(text=text)
    ),
)
TERMS = st.one_of(
    st.builds(Term, text=WORDS, tag=TAGS),
    st.builds(Term, text=PHRASES, is_quoted=st.just(True), tag=TAGS),
    st.builds(Term, text=st.just(""), tag=TAGS.filter(bool)),
)
DATES = st.sampled_from(["2009", "2009/02", "2009/02/03", ""])
RANGES = st.builds(
    Range,
    low=st.builds(Term, text=DATES, is_quoted=st.booleans(), tag=st.sampled_from([None, Tag(text="dp")])),
    high=st.builds(Term, text=DATES, is_quoted=st.booleans(), tag=st.sampled_from([Tag(text="edat")])),
)
REFERENCES = st.builds(Reference, number=st.integers(0, 999_999_999))


def chains(operands: list[Node], operators: list[Operator]) -> Node:
    """A chain in which an AND is implied only where it could be."""
    told = []
    for left, right, operator in zip(operands, operands[1:], operators, strict=False):
        has_end = isinstance(left, Group | Reference) or (isinstance(left, Term) and left.tag is not None)
        has_begin = isinstance(right, Group | Reference) or (isinstance(right, Term) and right.text != "")
        told.append(operator if (has_end and has_begin) or not operator.is_implied else AND)
    return Chain(operands=tuple(operands), operators=tuple(told))


def wider(nodes: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    inner = st.one_of(
        nodes,
        st.builds(
            chains,
            st.lists(nodes, min_size=2, max_size=4),
            st.lists(st.sampled_from([AND, OR, NOT, IMPLIED]), min_size=3, max_size=3),
        ),
    )
    return st.builds(Group, inner=inner, tag=TAGS)


NODES = st.recursive(st.one_of(TERMS, RANGES, REFERENCES), wider, max_leaves=12)


@given(NODES)
def test_any_tree_is_read_as_it_was_written(tree: Node) -> None:
    assert parse(unparse(tree)) == tree


@given(st.lists(NODES, min_size=2, max_size=4), st.permutations([1, 2, 3, 4]))
def test_any_line_by_line_strategy_is_read_as_it_was_written(inner: list[Node], numbers: list[int]) -> None:
    tree = lines(*zip(numbers, inner, strict=False))
    assert parse(unparse(tree)) == tree


PIECES = ["a", "b c", "#1", "2009", "é", "10.1234/a(b)c", "(x)[ta]", "\x00", "\u2028", "١", "\ud800"]
PIECES += ["\n#1 ", "\n#2 ", "\n1. ", "\n2. ", "# c\n", "/*", "*/"]
PIECES += [" AND ", " or ", " NOT ", "[dp]", "[ti]", "[foo]", "[mh:noexp]", "[ta]", *"()[]:\"“”*#'- \n"]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=14).map("".join)


@given(st.one_of(TEXTS, st.text(max_size=20)))
@example("a:#1")
@example("a : ")
@example("x(b)[ta]")
@example('"a" : [dp]')
@example("(x)[ta]:[dp]")
@example("(x) : [dp]")
def test_any_text_is_read_or_told_to_be_wrong(text: str) -> None:
    error = None
    _, faults = read(text)
    try:
        tree = parse(text)
    except QueryError as caught:
        error = caught
    assert bool(faults) == (error is not None)
    if error is not None:
        assert 0 <= error.start <= error.end <= len(text)
        assert error.message
        return
    assert parse(unparse(tree)) == tree
    for node in walk(tree):
        assert 0 <= node.start <= node.end <= len(text)
        assert parse(text[node.start : node.end]) == node


@pytest.mark.parametrize(
    "text",
    [
        "(" * 300_000,
        ")" * 300_000,
        "[" * 300_000,
        '"' * 300_001,
        "(" * 100_000 + ")" * 100_000,
        "NOT " * 50_000,
        "(a " * 100_000,
    ],
    ids=lambda text: text[:4],
)
def test_a_long_faulty_text_is_told_to_be_wrong(text: str) -> None:
    with pytest.raises(QueryError):
        parse(text)


def test_depth_is_no_obstacle() -> None:
    depth = 100_000
    tree = parse("(" * depth + "a" + ")" * depth)
    assert sum(1 for _ in walk(tree)) == depth + 1
    assert unparse(tree) == "(" * depth + "a" + ")" * depth
    assert tree == parse(unparse(tree))
    assert hash(tree) == hash(parse(unparse(tree)))
    assert repr(tree).startswith("Group(Group(")


@pytest.mark.parametrize(
    "piece",
    ["(a OR ", "a OR ", "a ", "a:", '"a" ', "a[ti] ", "a (", "10.1234/a(b", "(a) ", "#1 ", ":", " ", "*", "[x] OR "],
    ids=repr,
)
def test_eight_times_the_text_takes_about_eight_times_as_long(piece: str) -> None:
    def least_seconds(count: int) -> float:
        text = piece * count + "a" + ")" * (piece.count("(") - piece.count(")")) * count
        taken = []
        for _ in range(3):
            start = time.process_time()
            parse(text)
            taken.append(time.process_time() - start)
        return min(taken)

    assert least_seconds(16_000) < 40 * max(least_seconds(2_000), 0.001)
