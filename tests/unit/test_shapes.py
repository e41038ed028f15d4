"""The shapes of the hand-written files: all faults of a file at once, each at its place, in the words of the house."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casetable.curation.files import (
    read_decisions,
    read_protocol,
    read_report,
    read_rulings,
    read_strategy,
)
from casetable.curation.forms import read_form
from casetable.curation.nodes import read_nodes
from casetable.curation.shapes import ProtocolShape, ScreeningShape, fit
from casetable.problems import did_you_mean, joined

DECISION = """\
schema: 1
decisions:
  - record: pmid:11
    stage: records
    decision: exclude
    reason: other-drug
    by: A. Curator
    when: 2026-01-15
"""


def told(text: str) -> list[str]:
    return [str(problem) for problem in read_decisions("s.yaml", text.encode())[1]]


def test_a_faultless_file_fits() -> None:
    assert told(DECISION) == []


def test_all_faults_of_a_file_are_told_at_once() -> None:
    assert told(
        "schema: 2\n"
        "decisions:\n"
        "  - record: 39664278\n"
        "    stage: record\n"
        "    decision: inclde\n"
        "    by:\n"
        "    when: 2026-02-30\n"
        "    coment: seen\n"
        "  - just text\n"
        "  - stage: reports\n"
        "    decision: include\n"
        "notes: x\n"
    ) == [
        "s.yaml:1:9: F204 schema: '2' is not a version that this casetable reads; expected 1",
        "s.yaml:3:13: F203 record: '39664278' is not a record's key: pmid:…, doi:10.…, or the source's own id as SOURCE:ID",
        "s.yaml:4:12: F203 stage: 'record' is not records or reports; did you mean 'records'?",
        "s.yaml:5:15: F203 decision: 'inclde' is not include or exclude; did you mean 'include'?",
        "s.yaml:6:8: F202 by: is blank; expected who decided",
        "s.yaml:7:11: F203 when: '2026-02-30' is not a date as 2026-11-22",
        "s.yaml:8:5: F201 coment: 'coment' is not a key of this mapping; expected by, decision, note, reason, record, settles, stage or when",
        "s.yaml:9:5: F203 decisions: 'just text' is not a mapping of 'key: value' lines",
        "s.yaml:10:5: F202 record: is missing; expected the key of a record",
        "s.yaml:10:5: F202 by: is missing; expected who decided",
        "s.yaml:10:5: F202 when: is missing; expected a date as 2026-11-22",
        "s.yaml:12:1: F201 notes: 'notes' is not a key of this mapping; expected decisions",
    ]


@pytest.mark.parametrize(
    ("typed", "hint"),
    [("reson: x", "reason"), ("recrd: x", "record"), ("Note: x", "note"), ("dicision: x", "decision")],
)
def test_an_unknown_key_names_the_nearest(typed: str, hint: str) -> None:
    (message,) = told(DECISION + f"    {typed}\n")
    assert message.startswith(f"s.yaml:9:5: F201 {typed[:-3]}: '{typed[:-3]}' is not a key of this mapping")
    assert message.endswith(f"; did you mean '{hint}'?")


def test_an_unknown_key_far_from_any_has_no_hint() -> None:
    (message,) = told(DECISION + "    zzz: x\n")
    assert message.endswith("expected by, decision, note, reason, record, settles, stage or when")


@pytest.mark.parametrize(
    "typed",
    [
        "2026-02-30",
        "2026-13-01",
        "2026-1-5",
        "20260115",
        "15.01.2026",
        "2026-W03-4",
        "2026-01-15T08:00:00",
        "0000-01-01",
        "today",
        "２０２６-01-15",
    ],
)
def test_a_wrong_date_is_told(typed: str) -> None:
    assert told(DECISION.replace("2026-01-15", typed)) == [
        f"s.yaml:8:11: F203 when: '{typed}' is not a date as 2026-11-22"
    ]


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("pmid:11", "pmid:11"),
        ("PMID: 11", "pmid:11"),
        ('"doi: https://doi.org/10.1234/ABC"', "doi:10.1234/abc"),
        ("DOI:10.1234/Abc", "doi:10.1234/abc"),
        ("pmcid:PMC11", "pmcid:PMC11"),
        ("own:r1", "own:r1"),
    ],
)
def test_a_key_is_read_as_people_write_it(typed: str, key: str) -> None:
    typed = f'"{typed}"' if ": " in typed and not typed.startswith('"') else typed
    decisions, problems = read_decisions("s.yaml", DECISION.replace("pmid:11", typed).encode())
    assert problems == ()
    assert [decision.key for decision in decisions] == [key]


@pytest.mark.parametrize(
    "typed", ["11", "pmid:", "pmid:0", "pmid:1234567890", "pmid:x", "doi:11.1/x", "pmcid:11", "own:r 1", "own:"]
)
def test_what_is_no_key_is_told(typed: str) -> None:
    (message,) = told(DECISION.replace("pmid:11", f'"{typed}"'))
    assert message == (
        f"s.yaml:3:13: F203 record: '{typed}' is not a record's key: pmid:…, doi:10.…, or the source's own id as SOURCE:ID"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["s.yaml:1:1: F202 schema: is missing; expected 1", "s.yaml:1:1: F202 decisions: is missing; expected a list of decisions"]),
        ("- a\n", ["s.yaml:1:1: F203 a list stands here; expected a mapping of 'key: value' lines"]),
        ("just text\n", ["s.yaml:1:1: F203 'just text' stands here; expected a mapping of 'key: value' lines"]),
        ("---\n", ["s.yaml:2:1: F203 blank stands here; expected a mapping of 'key: value' lines"]),
        ("schema: 1\ndecisions: x\n", ["s.yaml:2:12: F203 decisions: 'x' is not a list of decisions"]),
        ("schema: 1\ndecisions: {a: b}\n", ["s.yaml:2:12: F203 decisions: a mapping is not a list of decisions"]),
        ("schema: [1]\ndecisions: []\n", ["s.yaml:1:9: F204 schema: a list is not a version that this casetable reads; expected 1"]),
        ("schema: 1.0\ndecisions: []\n", ["s.yaml:1:9: F204 schema: '1.0' is not a version that this casetable reads; expected 1"]),
    ],
)  # fmt: skip
def test_a_file_of_another_shape_is_told(text: str, expected: list[str]) -> None:
    assert told(text) == expected


def test_a_blank_list_is_an_empty_one() -> None:
    assert told("schema: 1\ndecisions:\n") == []
    assert told("schema: 1\ndecisions: []\n") == []


def test_a_key_is_told_once_where_it_stands() -> None:
    node, _ = read_nodes("r.yaml", b"schema: 1\nexclusion_reasons:\n  Other Drug: x\n  none:\n")
    assert node is not None
    shape, problems = fit(ProtocolShape, node)
    assert shape is None
    assert [str(problem) for problem in problems] == [
        "r.yaml:3:3: F203 Other Drug: 'Other Drug' is not a name of lower-case letters, digits, '_' and '-'",
        "r.yaml:4:8: F202 none: is blank; expected the reasons for exclusion, 'name: meaning'",
    ]


def test_the_content_comes_with_a_fault_of_the_version_alone() -> None:
    node, _ = read_nodes("s.yaml", b"schema: 9\ndecisions: []\n")
    assert node is not None
    shape, problems = fit(ScreeningShape, node)
    assert shape is not None
    assert [problem.code for problem in problems] == ["F204"]


def test_an_unknown_key_of_an_odd_name_is_named() -> None:
    assert "'[key]' is not a key of this mapping" in told("schema: 1\ndecisions: []\n'[key]': x\n")[0]


@pytest.mark.parametrize("line", ["published: {since: 2024-13}", "must_find: ['doi:10.1234/']"])
def test_an_example_is_not_offered_as_a_value(line: str) -> None:
    data = f"schema: 1\nsource: PubMed\npurpose: p\nstrategy: s\n{line}\n".encode()
    assert read_strategy("q.yaml", "q", data)[1][0].hint == ""


def test_a_word_that_differs_by_its_capitals_is_near() -> None:
    assert did_you_mean("pubmed", ["PubMed"]) == "did you mean 'PubMed'?"


def test_words_are_joined_as_a_reader_lists_them() -> None:
    assert joined(["a"]) == "a"
    assert joined(["a", "b"]) == "a or b"
    assert joined(["a", "b", "c"], "and") == "a, b and c"


# --- any content ------------------------------------------------------------------------------------------------------

_WORDS = st.sampled_from(
    [
        "",
        "x",
        "1",
        "yes",
        "pmid:11",
        "2026-01-15",
        "number",
        "choices",
        "courses",
        "[]",
        "{}",
        "[x]",
        "[[]]",
        "{x: y}",
        "not reported",
        "PubMed",
        "database",
        "own report",
        "include",
        "records",
        "full text",
        "{value: 3, unit: nan}",
        "[{case: 1, eligible: yes, n: 3}]",
        "[{title: T, id: r1}]",
        "{a: {label: A, type: number}}",
        "{columns: [a]}",
        "{derived: 3}",
        "{conflicting: [1, {value: 2}]}",
        "[{drug: d}]",
        "~",
        "'[key]'",
        "{by: A, when: 2026-01-15}",
    ]
)
_KEYS = st.sampled_from(
    [
        "title",
        "question",
        "eligibility",
        "exclusion_reasons",
        "index_report",
        "max_search_age_days",
        "method",
        "source",
        "purpose",
        "strategy",
        "published",
        "must_find",
        "records",
        "decisions",
        "same",
        "different",
        "fields",
        "table",
        "report",
        "access",
        "extracted",
        "cases_in_report",
        "eligible_cases",
        "cases",
        "questions",
        "note",
        "[key]",
        "0",
    ]
)
_FORM = b"""\
schema: 1
fields:
  n: {label: N, type: number, unit: month, series: yes}
  c: {label: C, type: choices, choices: {a: [], b: []}}
  d: {label: D, type: courses, drug: x}
table: {columns: [n]}
"""


@settings(max_examples=250, deadline=None)
@given(st.dictionaries(_KEYS, _WORDS, max_size=10), st.dictionaries(st.sampled_from("ncdx"), _WORDS, max_size=4))
def test_no_content_makes_a_reader_raise(content: dict[str, str], cells: dict[str, str]) -> None:
    text = "schema: 1\n" + "".join(f"'{key}': {value}\n" for key, value in content.items())
    if "cases" not in content:
        text += "cases:\n  - case: 1\n" + "".join(f"    {key}: {value}\n" for key, value in cells.items())
    data = text.encode()
    form, _ = read_form("form.yaml", _FORM)
    results = (
        read_protocol("f.yaml", data),
        read_strategy("f.yaml", "f", data),
        read_decisions("f.yaml", data),
        read_rulings("f.yaml", data),
        read_form("f.yaml", data),
        read_report("f.yaml", "f", data, form),
    )
    for _, problems in results:
        for problem in problems:
            assert re.match(r"f\.yaml(:\d+:\d+)?: [FEP]\d{3} ", str(problem))
            assert problem.message == problem.message.strip()
