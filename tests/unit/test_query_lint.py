"""Lint: what is told beyond the examples of the rules, where, and what is mended."""

from __future__ import annotations

import datetime as dt
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casetable.model.article import Article, Section
from casetable.problems import Severity
from casetable.query import Term, parse, walk
from casetable.query.lint import RULES, edits_of, lint, lint_known, safe_edits, with_edits_made
from casetable.query.sent import unsendable
from casetable.query.tokens import comments_of
from tests.unit.test_query_parse import TEXTS

REAL = (
    '("Lung Diseases, Interstitial"[Mesh] OR “interstitial lung disease”[tiab] OR ILD[tiab]) AND (tocilizumab[tiab] OR'
    ' "tocilizumab" [Supplementary Concept] OR “IL-6 receptor”[tiab]) AND (“case reports”[pt] OR case[ti] OR cases[ti])'
    " NOT (Animals[Mesh] not (Animals[Mesh] and Humans[Mesh]))"
)


def codes(text: str) -> list[str]:
    return [finding.rule.code for finding in lint(text)]


def told(text: str) -> list[tuple[str, str, str]]:
    """Each finding: its code, the text that it points to, the message."""
    return [(found.rule.code, text[found.start : found.end], found.message) for found in lint(text)]


def test_a_strategy_without_a_fault_does_not_drown_in_notes() -> None:
    assert [(found.rule.code, found.rule.severity) for found in lint(REAL)] == [
        ("L117", Severity.NOTE),
        ("L124", Severity.NOTE),
    ]


PLANTED = [
    # what is replaced, by what, the rule, and what it points to
    ("ILD[tiab]", "ILD∗[tiab]", "L106", "∗"),
    ("ILD[tiab]", "ILD[tiabs]", "L102", "[tiabs]"),
    ("ILD[tiab]", "I&amp;D[tiab]", "L111", "&amp;"),
    ("ILD[tiab])", "ILD[tiab]", "L101", " "),
    ("ILD[tiab])", "ILD[tiab])[tw]", "L103", "[tw]"),
    ("(tocilizumab[tiab]", "tocilizumab[tiab]", "L101", "tocilizumab"),
    ("ILD[tiab]", "ILD[tiab:noexp]", "L104", "[tiab:noexp]"),
    ("ILD[tiab]", "il*[tiab]", "L107", "il*[tiab]"),
    ("ILD[tiab]", "ILD", "L120", "ILD"),
    ("OR ILD[tiab]", "ILD[tiab]", "L122", "ILD[tiab]"),
    ("ILD[tiab]", "ILD[tiab] AND lung[tiab]", "L123", "AND"),
    ("ILD[tiab]", "with[tiab]", "L110", "with[tiab]"),
    ("ILD[tiab]", "2019:[dp]", "L114", "2019:[dp]"),
    ("ILD[tiab]", "ILD.ti,ab.", "L133", "ILD.ti,ab."),
    ("ILD[tiab]", '"lung* disease"[tiab:~2]', "L105", "[tiab:~2]"),
]


@pytest.mark.parametrize(("before", "after", "code", "place"), PLANTED, ids=[after for _, after, _, _ in PLANTED])
def test_a_planted_fault_is_found_where_it_is(before: str, after: str, code: str, place: str) -> None:
    text = REAL.replace(before, after, 1)
    grave = [found for found in lint(text) if found.rule.severity is not Severity.NOTE]
    assert code in {found.rule.code for found in grave}
    [finding] = [found for found in grave if found.rule.code == code]
    assert text[finding.start : finding.end] == place
    assert all(found.rule.code in {code, "L108"} for found in grave), "one fault, one finding"


CASES = [
    ("asthma[ab]", [("L102", "[ab]", "PubMed knows no tag [ab] and ignores it; expected [tiab]")]),
    ("asthma[]", [("L102", "[]", "PubMed knows no tag [] and ignores it; expected one of its tags, as [tiab] or [mh]")]),
    ("asthma[mh:~3] OR asthma[tiab]", [("L104", "[mh:~3]", "[mh] takes no ':~3', and PubMed ignores it; expected [mh], or [tiab:~3] behind words in quotes")]),
    (
        '"asthma"[tiab:~2]',
        [("L105", "[tiab:~2]", "PubMed ignores ':~2' behind one word; expected two or more in quotes, or [tiab]")],
    ),
    ("a*[ti]", [("L107", "a*[ti]", "'a*' has 1 character before '*'; expected 4 or more, or the words written out")]),
    ('"lung* disease"[ti]', [("L108", '"lung* disease"[ti]', "'*' stands within 'lung* disease'; expected it at the end of the term, or the forms written out")]),
    (":2012[dp]", [("L114", ":2012[dp]", "the range has no begin; expected both ends, as 1800:2012[dp]")]),
    ("[pdat] : [pdat]", [("L114", "[pdat] : [pdat]", "the range has no begin and no end; expected both ends, as 2019:2021[pdat]")]),
    ("2021:2019[dp]", [("L115", "2021:2019[dp]", "the range '2021:2019' runs backwards; expected the earlier date first")]),
    ("2019/13[dp]", [("L115", "2019/13[dp]", "'2019/13' is no date that PubMed reads; expected 2019, 2019/05 or 2019/05/31, or a range as 2019:2021[dp]")]),
    ("asthma[tiab] AND 2019:2021", [("L115", "2019:2021", "'2019:2021' has no tag, so PubMed searches for the numbers; expected a tag, as [dp]")]),
    ("[pdat]", [("L116", "[pdat]", "'[pdat]' holds no word; expected a term before the tag")]),
    ("asthma[tiab] OR (-)", [("L116", "-", "'-' holds no word; expected a term")]),
    ("tumor$[tiab] OR tumour[tiab]", [("L109", "tumor$[tiab]", "'$' in 'tumor$' is no wildcard of PubMed; expected the forms written out, or '*' at the end")]),
    ("asthma[tiab] adj3 control[tiab]", [("L133", "adj3 control[tiab]", "'adj3' is the proximity of another database; expected whole words in quotes, with [tiab:~2]")]),
    ("asthma NEAR/4 control", [("L133", "asthma NEAR/4 control", "'NEAR/4' is the proximity of another database; expected whole words in quotes, with [tiab:~4]")]),
    ("1. asthma[tiab]\n2. copd[tiab]\n3. or/1-2", [("L133", "or/1-2", "'or/1-2' is Ovid's way to join lines; expected #1 OR #2")]),
    ("(asthma[tiab] OR copd[tiab]).ti,ab.", [("L133", ".ti,ab.", "'.ti,ab.' is Ovid's; expected [tiab]")]),
    ("asthma[tiab] AND TI copd AND wheeze[tiab]", [("L133", "TI copd", "'TI' is EBSCO's; expected a tag behind each term, as [ti] or [mh]")]),
    ("asthma[tiab] filters: humans", [("L133", "filters: humans", "'filters:' is text of PubMed's page; expected the strategy alone, and filters as terms, as english[la]")]),
    ("asthma[tiab] 123,456", [("L133", "123,456", "'123,456' is a count of PubMed's history; expected the strategy alone")]),
    ('"search engine"[tiab]', []),
    ("asthma[tiab] AND hasabstract AND copd[tiab]", []),
    ('"lung cancer" AND diabet*', [("L121", '"lung cancer"', "PubMed seeks '\"lung cancer\"' and 'diabet*' in all fields, as they have no tag; expected tags")]),
    ("#1 asthma[tiab]", [("L134", "#1", "#1 numbers the only line; expected no number, or more lines")]),
    ("asthma[tiab] NOT child[mh]", [("L130", "child[mh]", "NOT takes away records about 'child' and others too; expected NOT (child[mh] NOT those that are meant)")]),
    ("asthma[tiab] NOT (animals[mh] NOT (animals[mh] AND humans[mh]))", []),
    ("a1[tiab] OR (b1[ti] AND c1[ti]) OR (b1[ti] AND c1[ti])", [("L125", "b1[ti] AND c1[ti]", "'b1[ti] AND c1[ti]' stands twice in one list; expected each term once")]),
    ('"practice-based"[tiab] OR "practice based"[tiab]', []),
    ("IL-6*[ti]", [("L107", "IL-6*[ti]", "'IL-6*' has 3 characters before '*' (a hyphen is none); expected 4 or more, or the words written out")]),
    ("exp Asthma/", [("L133", "exp Asthma/", "'exp Asthma/' is a heading of Ovid's; expected it in quotes, with [mh]")]),
    ("#1 asthma[tiab]\n#2 #3 NOT a1[tiab]\n#3 #1 AND #2", [
        ("L134", "#3", "line #2 names #3, which does not stand before it; expected a lower number"),
    ]),
    ("asthma[tiab] OR b1[tiab] NOT c1[tiab]", [("L123", "NOT", "NOT follows OR without parentheses, and PubMed reads all before it as one group; expected parentheses")]),
    ("(asthma)[tiab]", []),
    ("Front Immunol (Lausanne)[ta]", []),
    ("asthma [tiab]", []),
    ('"last 5 years"[dp]', []),
    ("2019:3000[dp]", []),
    ("asthma[tiab] AND b1[tiab] NOT c1[tiab]", []),
    ('"asthma control"[tiab:~2]', []),
    ("12345678 23456789", []),
    ("asthma[mh:noexp] OR asthma*[tiab]", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), CASES, ids=[text for text, _ in CASES])
def test_tells_what_and_where(text: str, expected: list[tuple[str, str, str]]) -> None:
    found = told(text)
    if text.startswith("#1"):
        found = [each for each in found if each[0] == "L134"]
    assert found == expected


def test_all_that_is_wrong_is_told_at_once() -> None:
    assert codes("(asthma OR copd)[tiab] AND intervent∗[ti] NOT (lun*[tiab] OR b1[foo] AND ") == [
        "L103",
        "L106",
        "L107",
        "L102",
        "L101",
        "L101",
    ]


FIXED = [
    ("“face mask”[tiab]", '"face mask"[tiab]'),
    ("(asthma OR copd)[tiab]", "(asthma[tiab] OR copd[tiab])"),
    ("asthma control[tiab:~2]", '"asthma control"[tiab:~2]'),
    ('"asthma"[tiab:~2]', '"asthma"[tiab]'),
    ("intervent∗[ti]", "intervent*[ti]"),
    ("asthma[ti:noexp] or copd[ti]", "asthma[ti] OR copd[ti]"),
    ("a&amp;b[tiab]", "a&b[tiab]"),
    ("'face mask'[tiab]", '"face mask"[tiab]'),
    ("asth\u00adma[tiab]", "asthma[tiab]"),
    ("doe[author identifier]", "doe[auid]"),
    ("asthma(tiab)", "asthma[tiab]"),
    ("1. asthma[tiab]\n2. copd[tiab]\n3. 1 OR 2", "1. asthma[tiab]\n2. copd[tiab]\n3. #1 OR #2"),
    ("asthma[tiab] OR copd[tiab] OR Asthma[tiab] # twice", "asthma[tiab] OR copd[tiab] # twice"),
    ("y1[Mesh:no exp]", "y1[Mesh:noexp]"),
    ('"a1 b1"[ti:3]', '"a1 b1"[ti:~3]'),
    ("#1 asthma[tiab]", "asthma[tiab]"),
    ("1. asthma[tiab]\n2. copd[tiab]\n3. or/1-2", "1. asthma[tiab]\n2. copd[tiab]\n3. #1 OR #2"),
    ("ＣＯＰＤ［ti］", "COPD[ti]"),
    ("COVID–19[ti]", "COVID-19[ti]"),
    # what has no single safe fix stays
    ("asthma[mh:~3]", "asthma[mh:~3]"),
    ('"a1 b1"[tw:~2]', '"a1 b1"[tw:~2]'),
    ("asthma[tiabb]", "asthma[tiabb]"),
    ("(asthma[ti] OR copd)[tiab]", "(asthma[ti] OR copd)[tiab]"),
    ("lun*[tiab]", "lun*[tiab]"),
    ("asthma[ab]", "asthma[ab]"),
    ("a1[tiab] OR b1[tiab] AND c1[tiab]", "a1[tiab] OR b1[tiab] AND c1[tiab]"),
]


@pytest.mark.parametrize(("text", "expected"), FIXED, ids=[text for text, _ in FIXED])
def test_what_has_one_safe_fix_is_mended(text: str, expected: str) -> None:
    assert with_edits_made(text, edits_of(lint(text))) == expected


SPOILING = [
    "((asthma OR copd)[ti] OR wheeze)[tiab]",
    "1. asthma[tiab]\n2. 31978945 OR 32007143\n3. #1 AND #2",
    "1. asthma[tiab]\n2. copd[tiab]\n3. ١ AND ٢",
    "asthma[tiab] (title)",
    "asthma[tiab] (tiab)",
    '"5&quot; tube"[tiab] OR x1[tiab]',
    "asthma[tiab] OR copd &#35; foo[tiab] OR x1[tiab]",
    "b1&#47;&#42; x1[tiab]",
    "in 't Veld OR nurses' OR doctors",
    "foo/\u200b* bar[tiab]",
    "a1[tiab] OR\u200bb1[tiab]",
    "\u200b",
    "a1[tiab] and /* keep: reviewed */ not b1[tiab]",
    "a1[tiab] # “a comment” ∗ &amp; or \n",
]


@pytest.mark.parametrize("text", SPOILING, ids=repr)
def test_a_fix_that_would_spoil_the_strategy_is_not_made(text: str) -> None:
    after = with_edits_made(text, safe_edits(text, lint(text)))
    assert comments_of(after) == comments_of(text)
    assert bool(unsendable(after)) == bool(unsendable(text))
    if not unsendable(text):
        words = [term.text.lower() for term in terms_of(text)]
        assert [term.text.lower() for term in terms_of(after)] == words


def terms_of(text: str) -> list[Term]:
    return [node for node in walk(parse(text)) if isinstance(node, Term)]


def test_of_two_fixes_that_spoil_it_together_one_is_made() -> None:
    text = "((asthma OR copd)[ti] OR wheeze[tiab]) AND “a1 b1”[ti]"
    after = with_edits_made(text, safe_edits(text, lint(text)))
    assert after == '((asthma[ti] OR copd[ti]) OR wheeze[tiab]) AND "a1 b1"[ti]'


def test_every_rule_with_a_fix_finds_nothing_after_it() -> None:
    mended = 0
    for rule in RULES:
        text = rule.example.bad or ""
        edits = edits_of(finding for finding in lint(text) if finding.rule is rule)
        if edits:
            mended += 1
            assert rule.code not in codes(with_edits_made(text, edits))
    assert mended == 14


def test_what_not_takes_away_of_the_known_records() -> None:
    known = [
        ("pmid:1", Article(pmid="1", title="Zebra fever", abstract=(Section(text="A review of it."),))),
        ("pmid:2", Article(pmid="2", title="Zebra knee")),
    ]
    text = "zebra[ti] NOT (review[tiab] OR case[ti])"
    [finding] = lint_known(text, known, dt.date(2026, 1, 1))
    assert finding.message == (
        "'(review[tiab] OR case[ti])' takes pmid:1 away, which the strategy must find; expected it to be kept"
    )
    assert text[finding.start : finding.end] == "(review[tiab] OR case[ti])"
    assert lint_known("zebra[ti] NOT (", known, dt.date(2026, 1, 1)) == []


# --- any text ---------------------------------------------------------------------------------------------------------


@given(st.one_of(TEXTS, st.text(max_size=30)))
def test_any_text_is_linted(text: str) -> None:
    for finding in lint(text):
        assert 0 <= finding.start <= finding.end <= len(text)
        assert finding.message
        for edit in finding.edits:
            assert 0 <= edit.start <= edit.end <= len(text)


@given(TEXTS)
def test_a_fix_never_spoils_a_strategy_that_can_be_read(text: str) -> None:
    after = with_edits_made(text, safe_edits(text, lint(text)))
    assert comments_of(after) == comments_of(text)
    assert unsendable(text) or not unsendable(after)


@pytest.mark.parametrize(
    "piece",
    [
        "a-",
        "exp ",
        "Acute, ",
        "'a ",
        "a /* b */ ",
        "a[tiab] OR ",
        "&amp;",
        "(a OR ",
        "1. b\n",
        '"a"b',
        "x",
        '"OR" ',
        "a∗ OR ",
    ],
    ids=repr,
)
def test_eight_times_the_text_takes_about_eight_times_as_long(piece: str) -> None:
    def least_seconds(count: int) -> float:
        taken = []
        for _ in range(3):
            start = time.process_time()
            lint(piece * count + "a")
            taken.append(time.process_time() - start)
        return min(taken)

    assert least_seconds(8_000) < 40 * max(least_seconds(1_000), 0.001)


def test_groups_with_tags_within_groups_take_linear_time() -> None:
    def least_seconds(depth: int) -> float:
        start = time.process_time()
        lint("(a OR " * depth + "b" + ")[tiab]" * depth)
        return time.process_time() - start

    assert least_seconds(4_000) < 40 * max(least_seconds(500), 0.001)
