"""Writing into a person's file: one decision more, and every other byte as it was."""

from __future__ import annotations

import codecs
import datetime as dt
import json
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casetable.curation.edits import add_decision, new_report, report_name, with_decision_changed, without_decision
from casetable.curation.files import read_decisions, read_report
from casetable.curation.forms import read_form
from casetable.curation.nodes import read_nodes
from casetable.curation.rewrite import scalar
from casetable.errors import UsageError
from casetable.model import Decision, Record, Stage, Verdict
from casetable.problems import Place
from tests.conftest import example_files

DECISION = Decision(
    key="pmid:12",
    stage=Stage.RECORDS,
    verdict=Verdict.EXCLUDE,
    reason="other-drug",
    by="B. Curator",
    when=dt.date(2026, 1, 20),
    note="",
    place=Place(path="s.yaml"),
)
LINES = (
    "- record: pmid:12  # Roe 2021, An invented title\n"
    "  stage: records\n"
    "  decision: exclude\n"
    "  reason: other-drug\n"
    "  by: B. Curator\n"
    "  when: 2026-01-20\n"
)
FIRST = (
    "schema: 1   # a remark\n"
    "\n"
    "decisions:   # newest last\n"
    "  # the first one\n"
    "  - when: 2026-01-15\n"
    "    record: 'pmid:11'   # seen twice\n"
    "    stage: reports\n"
    "    decision: include\n"
    '    by: "A. Curator"\n'
)


def added(data: bytes | str, decision: Decision = DECISION, remark: str = "Roe 2021, An invented title") -> bytes:
    return add_decision("s.yaml", data.encode() if isinstance(data, str) else data, decision, remark)


def indented(text: str, by: int) -> str:
    return "".join(" " * by + line for line in text.splitlines(keepends=True))


def test_a_decision_is_put_behind_the_last_one() -> None:
    assert added(FIRST).decode() == FIRST + indented(LINES, 2)


@pytest.mark.parametrize("by", [0, 1, 2, 4, 7])
def test_the_dashes_stand_below_each_other(by: int) -> None:
    item = "- {record: pmid:11, stage: reports, decision: include, by: A, when: 2026-01-15}\n"
    before = "schema: 1\ndecisions:\n" + indented(item, by)
    assert added(before).decode() == before + indented(LINES, by)


def test_what_follows_the_list_stays_behind_it() -> None:
    before = FIRST.removeprefix("schema: 1   # a remark\n")
    after = added(before + "# the end of the list\nschema: 1\n").decode()
    assert after == before + indented(LINES, 2) + "# the end of the list\nschema: 1\n"


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_byte_order_mark_and_line_ends_stay(mark: bytes, newline: str) -> None:
    before = mark + FIRST.replace("\n", newline).encode()
    assert added(before) == before + indented(LINES, 2).replace("\n", newline).encode()


def test_a_missing_last_line_end_is_put_there() -> None:
    before = FIRST.removesuffix("\n")
    assert added(before).decode() == before + "\n" + indented(LINES, 2)


@pytest.mark.parametrize(
    ("before", "start"),
    [
        ("schema: 1\ndecisions: []\n", "schema: 1\ndecisions:\n"),
        ("schema: 1\ndecisions:   [ ]   # none yet\n", "schema: 1\ndecisions:   # none yet\n"),
        ("schema: 1\ndecisions:\n", "schema: 1\ndecisions:\n"),
        ("schema: 1\ndecisions:", "schema: 1\ndecisions:\n"),
        ("schema: 1\ndecisions:  # none yet\n", "schema: 1\ndecisions:  # none yet\n"),
    ],
)
def test_the_first_decision_is_put_below_its_key(before: str, start: str) -> None:
    assert added(before).decode() == start + indented(LINES, 2)


def test_the_first_decision_goes_between_its_key_and_what_follows() -> None:
    assert added("decisions: []\n# why\nschema: 1\n").decode() == (
        "decisions:\n" + indented(LINES, 2) + "# why\nschema: 1\n"
    )


@pytest.mark.parametrize(
    ("before", "message"),
    [
        (
            "schema: 1\ndecisions: [{record: pmid:11, stage: reports, decision: include, by: A, when: 2026-01-15}]\n",
            "s.yaml:2: the list stands in brackets; expected each item in lines of its own",
        ),
        (
            "{schema: 1, decisions: []}\n",
            "s.yaml: is not written as lines of 'key: value'; expected 'decisions:' in a line of its own",
        ),
        (
            "schema: 1\ndecisions: [\n]\n",
            "s.yaml:2: the list stands in brackets; expected each item in lines of its own",
        ),
        (
            "schema: 1\ndecisions: null\n",
            "s.yaml: a decision could not be added; expected 'decisions:' with '- ' items below it",
        ),
        (
            "schema: 1\n",
            "s.yaml:1:1: F202 decisions: is missing; expected a list of decisions; mend it first, nothing was written",
        ),
        (
            FIRST + "    when: 2026-01-15\n",
            "s.yaml:10:5: F105 'when' stands here a second time, first in line 5; expected each key once;"
            " mend it first, nothing was written",
        ),
    ],
)
def test_a_file_that_cannot_be_added_to_is_refused(before: str, message: str) -> None:
    with pytest.raises(UsageError) as refused:
        added(before)
    assert str(refused.value).startswith(message.removesuffix("; mend it first, nothing was written"))
    assert ("mend it first, nothing was written" in message) == ("mend it first" in str(refused.value))


def test_a_remark_is_one_line_of_100_characters() -> None:
    first = added("schema: 1\ndecisions:\n", remark="a\nb\tc " + "x" * 200).decode().split("\n")[2]
    assert first == "  - record: pmid:12  # a b c " + "x" * 94


def test_without_a_remark_there_is_no_comment() -> None:
    assert "#" not in added("schema: 1\ndecisions:\n", remark="").decode()


# A text as the command line hands it on: words with one space between them.
_TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn"))).map(lambda t: " ".join(t.split()))
_HOSTILE = st.sampled_from(
    [
        "- x",
        "a: b",
        "a #b",
        "# a",
        "'",
        '"',
        "\\",
        "[",
        "{a: 1}",
        "*a",
        "&a",
        "!t",
        "|",
        ">",
        "%",
        "@",
        "`",
        "null",
        "~",
        "No",
        "1:30",
        "---",
        "...",
        "? a",
        ": ",
        "a:",
        "<<",
        "é",
        "–",
        "患者",
        "\ufeff",
        "\\n",
        "\\u0041",
        "x" * 500,
        "'a'",
    ]
)


@settings(max_examples=200, deadline=None)
@given(_TEXTS | _HOSTILE, _TEXTS | _HOSTILE, st.sampled_from([FIRST, "schema: 1\ndecisions: []\n"]))
def test_what_is_written_is_read_back(note: str, by: str, before: str) -> None:
    by = " ".join(by.split()) or "A"
    decision = replace(DECISION, note=" ".join(note.split()), by=by)
    decisions, problems = read_decisions("s.yaml", added(before, decision, note))
    assert problems == ()
    assert replace(decisions[-1], place=DECISION.place) == decision


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Zl", "Zp"))) | _HOSTILE)
def test_a_scalar_is_read_back_unchanged(text: str) -> None:
    node, problems = read_nodes("f.yaml", f"- {scalar(text)}\n- a: {scalar(text)}\n".encode())
    assert problems == ()
    assert node is not None
    assert node.at(0).text == text
    assert node.at(1, "a").text == text


@pytest.mark.parametrize("text", ["A. Curator", "2026-01-15", "no", "pmid:11", "doi:10.1234/x(1)<2>a", "a, b; c/d (e)"])
def test_a_plain_text_is_written_plain(text: str) -> None:
    assert scalar(text) == text


def test_mixed_line_ends_stay_as_they_are() -> None:
    before = b"schema: 1\r\n# a remark\ndecisions:\r\n"
    assert added(before).startswith(before)


def test_half_a_character_is_refused_in_words() -> None:
    with pytest.raises(UsageError):
        added("schema: 1\ndecisions:\n", replace(DECISION, note="na\udcefve"))


# --- one decision less, one decision changed ---------------------------------------------------------------------------

HELD = """\
schema: 1   # a remark
decisions:   # newest last
  # the first one
  - record: pmid:11   # Doe 2020
    stage: reports
    decision: include
    by: "A. Curator"
    when: 2026-01-15

  # of another drug
  - when: 2026-01-16
    record: 'pmid:12'  # Roe 2021
    stage: records
    decision: exclude  # hesitating
    reason: other-drug
    by: B. Curator
    note: >-
      a long note
      on two lines
  - {record: pmid:13, stage: records, decision: exclude, reason: other-drug, by: C, when: 2026-01-17}  # Poe
  # the end
"""


def held(text: str | bytes = HELD) -> list[Decision]:
    decisions, problems = read_decisions("s.yaml", text.encode() if isinstance(text, str) else text)
    assert problems == ()
    return list(decisions)


def lines_of(text: str, first: str, last: str) -> str:
    """The lines of a text from the one that holds `first` to the one that holds `last`."""
    start, end = text.rindex("\n", 0, text.index(first)) + 1, text.index("\n", text.index(last)) + 1
    return text[start:end]


@pytest.mark.parametrize(("at", "gone"), [(0, ("- record: pmid:11", "2026-01-15")), (2, ("{record: pmid:13", "# Poe"))])
def test_a_decision_is_taken_out_with_its_remark(at: int, gone: tuple[str, str]) -> None:
    after = without_decision("s.yaml", HELD.encode(), held()[at]).decode()
    assert after == HELD.replace(lines_of(HELD, *gone), "")


def test_a_decision_with_a_comment_of_its_own_is_not_taken_out() -> None:
    with pytest.raises(UsageError) as refused:
        without_decision("s.yaml", HELD.encode(), held()[1])
    assert str(refused.value) == (
        "s.yaml:14: a comment stands in what is to be taken out, and would be lost; edit it there; nothing was written"
    )


@pytest.mark.parametrize(
    ("comment", "line"),
    [
        ("  # why\n    stage: reports\n", 5),
        ("  -  # why\n    record: pmid:11\n", 4),
        ("    note: |  # why\n      text\n", 9),
    ],
)
def test_each_comment_within_a_decision_is_told_with_its_line(comment: str, line: int) -> None:
    old = {5: "    stage: reports\n", 4: "  - record: pmid:11   # Doe 2020\n", 9: "\n  # of another drug\n"}[line]
    text = HELD.replace(old, comment + ("\n" if line == 9 else ""), 1)
    with pytest.raises(UsageError, match=f"^s.yaml:{line}: a comment stands"):
        without_decision("s.yaml", text.encode(), held(text)[0])


def test_the_last_decision_leaves_its_key_behind() -> None:
    text = "schema: 1\ndecisions:  # none yet\n" + indented(LINES, 2)
    assert without_decision("s.yaml", text.encode(), held(text)[0]) == b"schema: 1\ndecisions:  # none yet\n"


def test_a_dash_in_a_line_of_its_own_goes_too() -> None:
    text = "decisions:\n  -\n    " + indented(LINES, 2).removeprefix("  - ") + indented(LINES, 2) + "schema: 1\n"
    after = without_decision("s.yaml", text.encode(), held(text)[0]).decode()
    assert after == "decisions:\n" + indented(LINES, 2) + "schema: 1\n"


def test_a_decision_that_stands_there_no_more_is_not_touched() -> None:
    decision = held()[0]
    moved = HELD.replace("schema: 1", "# more\nschema: 1").encode()
    with pytest.raises(UsageError) as refused:
        without_decision("s.yaml", moved, decision)
    told = "the decision of A. Curator on pmid:11 does not stand there any more; nothing was written"
    assert str(refused.value) == f"s.yaml:4:5: {told}"
    with pytest.raises(UsageError, match="does not stand there any more"):
        with_decision_changed("s.yaml", HELD.replace("include", "exclude").encode(), decision, decision)


@pytest.mark.parametrize(
    ("at", "changes", "old", "new"),
    [
        (
            0,
            {"verdict": Verdict.EXCLUDE, "reason": "other-drug", "note": "read: anew"},
            '    decision: include\n    by: "A. Curator"\n    when: 2026-01-15\n',
            '    decision: exclude\n    reason: other-drug\n    by: "A. Curator"\n    when: 2026-01-15\n'
            '    note: "read: anew"\n',
        ),
        (
            1,
            {"verdict": Verdict.INCLUDE, "reason": "", "note": "", "when": dt.date(2026, 1, 20)},
            HELD[HELD.index("  - when") : HELD.index("  - {")],
            "  - when: 2026-01-20\n    record: 'pmid:12'  # Roe 2021\n    stage: records\n"
            "    decision: include  # hesitating\n    by: B. Curator\n",
        ),
        (
            2,
            {"verdict": Verdict.INCLUDE, "reason": "", "note": "a, b"},
            "decision: exclude, reason: other-drug, by: C, when: 2026-01-17}",
            'decision: include, by: C, when: 2026-01-17, note: "a, b"}',
        ),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_decision_is_changed_where_it_stands(
    at: int, changes: dict[str, Any], old: str, new: str, newline: str
) -> None:
    text = HELD.replace("\n", newline)
    decision = held(text)[at]
    after = with_decision_changed("s.yaml", text.encode(), decision, replace(decision, **changes))
    assert after.decode() == HELD.replace(old, new).replace("\n", newline)


def test_a_change_does_not_lose_a_comment() -> None:
    text = HELD.replace("reason: other-drug\n", "reason: other-drug  # or not\n")
    decision = held(text)[1]
    changed = replace(decision, verdict=Verdict.INCLUDE, reason="")
    with pytest.raises(UsageError, match=r"^s.yaml:15: a comment stands in what is to be taken out"):
        with_decision_changed("s.yaml", text.encode(), decision, changed)


_PLAINLY = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Zl", "Zp")), max_size=30)
_NOTES = (_PLAINLY | _HOSTILE).map(lambda text: " ".join(text.split()))
_DECISIONS = st.builds(
    Decision,
    key=st.sampled_from(["pmid:11", "doi:10.1234/a(1)<2>b", "own:r1"]),
    stage=st.sampled_from(Stage),
    verdict=st.sampled_from(Verdict),
    reason=st.sampled_from(["", "other-drug"]),
    by=_NOTES.map(lambda text: text or "A"),
    when=st.dates(dt.date(2000, 1, 1), dt.date(2099, 1, 1)),
    note=_NOTES,
    place=st.just(Place(path="s.yaml")),
    settles=st.booleans(),
)


def _in_quotes(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


@st.composite
def _item(draw: st.DrawFn, indent: int) -> str:
    """A decision as persons write one: keys in any order, in any quotes, in lines or in brackets, with what is around it."""
    decision = draw(_DECISIONS)
    quoted = draw(st.sampled_from([scalar, _in_quotes]))
    is_flow = draw(st.booleans())
    values = {
        "record": scalar(decision.key),
        "stage": decision.stage.value,
        "decision": decision.verdict.value,
        "reason": decision.reason,
        "by": _in_quotes(decision.by),
        "when": decision.when.isoformat(),
        "settles": draw(st.sampled_from(["yes", "no", "true"])) if decision.settles else "",
        "note": "" if not decision.note else _in_quotes(decision.note) if is_flow else quoted(decision.note),
    }
    keys = draw(st.permutations([key for key, value in values.items() if value]))
    above = draw(st.sampled_from(["", "\n", f"{' ' * indent}# the next: - one\n"]))
    remark = draw(st.sampled_from(["", "  # a remark: #1"]))
    if is_flow:
        inner = ", ".join(f"{key}: {values[key]}" for key in keys)
        return above + f"{' ' * indent}- {{{inner}}}{remark}\n"
    lines = [f"{key}: {values[key]}{remark if key == 'record' else ''}" for key in keys]
    return above + "".join(f"{' ' * indent}{' ' if number else '-'} {line}\n" for number, line in enumerate(lines))


@st.composite
def _files(draw: st.DrawFn) -> tuple[list[str], int, bytes, str]:
    """The pieces of a file (head, an item each, tail), the number of one item, a byte order mark and line ends."""
    indent = draw(st.sampled_from([0, 2, 4]))
    items = draw(st.lists(_item(indent), min_size=1, max_size=4))
    head, tail = draw(st.sampled_from([("schema: 1\ndecisions:\n", ""), ("decisions:  # all\n", "# end\nschema: 1\n")]))
    at = draw(st.integers(0, len(items) - 1))
    return (
        [head, *items, tail],
        at,
        draw(st.sampled_from([b"", codecs.BOM_UTF8])),
        draw(st.sampled_from(["\n", "\r\n"])),
    )


def _whole(pieces: list[str], mark: bytes, newline: str) -> bytes:
    return mark + "".join(pieces).replace("\n", newline).encode()


@settings(max_examples=200, deadline=None)
@given(_files())
def test_what_is_taken_out_is_one_item_and_no_other_byte(made: tuple[list[str], int, bytes, str]) -> None:
    pieces, at, mark, newline = made
    data = _whole(pieces, mark, newline)
    decisions = held(data)
    after = without_decision("s.yaml", data, decisions[at])
    item = pieces[at + 1]
    above = item[: item.index("\n") + 1] if item.startswith("\n") or item.lstrip().startswith("#") else ""
    assert after == _whole([*pieces[: at + 1], above, *pieces[at + 2 :]], mark, newline)
    expected = [replace(each, place=DECISION.place) for each in (*decisions[:at], *decisions[at + 1 :])]
    assert [replace(each, place=DECISION.place) for each in held(after)] == expected


@settings(max_examples=300, deadline=None)
@given(_files(), _DECISIONS)
def test_what_is_changed_is_one_item_and_no_other_byte(made: tuple[list[str], int, bytes, str], new: Decision) -> None:
    pieces, at, mark, newline = made
    data = _whole(pieces, mark, newline)
    decisions = held(data)
    after = with_decision_changed("s.yaml", data, decisions[at], new)
    before, behind = _whole(pieces[: at + 1], mark, newline), _whole(pieces[at + 2 :], b"", newline)
    assert after.startswith(before)
    assert after.endswith(behind)
    assert after.count(b"# a remark: #1") == data.count(b"# a remark: #1")
    told = replace(decisions[at], verdict=new.verdict, reason=new.reason, when=new.when, note=new.note)
    expected = [replace(each, place=DECISION.place) for each in (*decisions[:at], told, *decisions[at + 1 :])]
    assert [replace(each, place=DECISION.place) for each in held(after)] == expected
    if told == decisions[at]:
        assert after == data


def test_a_decision_that_settles_is_written_so() -> None:
    after = added("schema: 1\ndecisions:\n", replace(DECISION, settles=True, note="agreed")).decode()
    assert after.endswith("    when: 2026-01-20\n    settles: yes\n    note: agreed\n")
    assert held(after)[0].settles


# --- new reports ------------------------------------------------------------------------------------------------------

RECORD = Record(
    key="pmid:12", origin="PubMed", title="An invented: 'case' #1", authors=("Qiu XY", "Roe B"), year="2024", pmid="12"
)
FORM = b"""\
schema: 1
fields:
  age: {label: Age, group: Patient, type: number, unit: year, range: 0 to 120, help: "at #1: the start"}
  sex: {label: Sex, group: Patient, type: choice, choices: {female: [], male: []}}
  signs: {label: Signs, group: Disease, type: choices, choices: {rash: [], fever: []}, required: no}
  marker: {label: Marker, group: Disease, type: number, series: yes}
  drug_x: {label: Drug X, type: courses, drug: drug X}
  others: {label: Others, type: courses}
table: {columns: [age]}
"""


def test_a_new_report_has_every_field_of_the_form_and_what_belongs_there() -> None:
    form, _ = read_form("form.yaml", FORM)
    assert form is not None
    lines = new_report(RECORD, "pmid:12", form).decode().splitlines()
    assert lines[0] == "# yaml-language-server: $schema=../../.casetable/schema/report.json"
    assert lines[1] == "# Qiu XY, Roe B. An invented: 'case' #1. 2024."
    assert lines[2] == "# https://pubmed.ncbi.nlm.nih.gov/12/"
    assert "report: pmid:12" in lines
    assert "access:  # full text, partial text, abstract or none" in lines
    fields = [line.strip() for line in lines[lines.index("    # Patient") :] if line.strip()]
    assert fields[:-1] == [
        "# Patient",
        "age:  # Age; number in year, 0 to 120; at #1: the start",
        "sex:  # Sex; female or male",
        "# Disease",
        "signs:  # Signs; one or more of rash or fever; may be left out",
        "marker:  # Marker; number; a list over time, each with 'when'",
        "#",
        "drug_x:  # Drug X; a list of courses, each with dose, route, schedule, start, stop and count, and 'unit' for the dose",
        "others:  # Others; a list of courses, each with drug, dose, route, schedule, start, stop and count, and 'unit' for the dose",
    ]


def test_a_new_report_only_waits_to_be_filled_in() -> None:
    form, _ = read_form("form.yaml", FORM)
    assert form is not None
    report, problems = read_report("r.yaml", "r", new_report(RECORD, "pmid:12", form), form)
    assert report is not None
    assert (report.key, report.access, report.by, report.when) == ("pmid:12", None, "", None)
    assert (report.cases_in_report, report.eligible_cases) == (None, None)
    assert [(case.id, case.is_eligible) for case in report.cases] == [("1", None)]
    assert {problem.code for problem in problems} == {"E101"}
    required = {field.name for field in form.fields.values() if field.required}
    assert {problem.field for problem in problems} == required < set(form.fields)
    assert all(problem.message.startswith("case 1: is blank; expected a value, or ") for problem in problems)


def test_a_new_report_that_is_filled_in_is_read() -> None:
    files = example_files()
    form, _ = read_form("form.yaml", files["curated/form.yaml"])
    assert form is not None
    text = new_report(RECORD, "own:r1", form).decode()
    for key, value in {
        "access": "abstract",
        "by": "A",
        "when": "2026-01-15",
        "cases_in_report": "1",
        "eligible_cases": "1",
        "eligible": "yes",
        "age_years": "3",
        "sex": "female",
        "country": "Nowhere",
        "weight_kg": "14",
    }.items():
        text, count = re.subn(rf"(?m)^( *){key}:", rf"\g<1>{key}: {value}", text)
        assert count == 1, key
    report, problems = read_report("r.yaml", "r", text.encode(), form)
    assert problems == ()
    assert report is not None
    assert report.key == "own:r1"
    assert {name: entry.cells[0].text for name, entry in report.cases[0].entries.items()} == {
        "age_years": "3",
        "sex": "female",
        "country": "Nowhere",
        "weight_kg": "14",
    }


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60), st.text(max_size=30))
def test_no_title_and_no_author_breaks_a_new_report(title: str, author: str) -> None:
    form, _ = read_form("form.yaml", FORM)
    assert form is not None
    record = replace(RECORD, title=title, authors=(author,))
    report, problems = read_report("r.yaml", "r", new_report(record, "pmid:12", form), form)
    assert report is not None
    assert {problem.code for problem in problems} == {"E101"}


@pytest.mark.parametrize(
    ("authors", "year", "name"),
    [
        (("Qiu XY",), "2024", "qiu-2024"),
        (("van der Müller-Ångström A",), "2020", "van-der-muller-angstrom-2020"),
        ((), "2020", "anonymous-2020"),
        (("The Invented Study Group",), "", "the-invented-study-group"),
        (("邱",), "", "report"),
        (("../../x",), "", "x"),
    ],
)
def test_a_report_is_named_after_its_first_author_and_year(authors: tuple[str, ...], year: str, name: str) -> None:
    assert report_name(replace(RECORD, authors=authors, year=year), set()) == name


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=80), st.integers(0, 60))
def test_a_name_never_collides(author: str, taken: int) -> None:
    record = replace(RECORD, authors=(author,))
    names: list[str] = []
    for _ in range(taken):
        name = report_name(record, set(names))
        assert name not in names
        assert re.fullmatch(r"[a-z0-9-]{1,70}", name)
        names.append(name)
    assert names[1:3] == [f"{name}-{letter}" for name in names[:1] for letter in "bc"][: max(taken - 1, 0)]
