"""Rulings, acceptances and claims as text: one entry more or less, and every other byte as it was."""

from __future__ import annotations

import codecs
import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casetable.curation.claims import read_claims
from casetable.curation.files import read_overlaps, read_protocol, read_rulings
from casetable.curation.nodes import MAX_FILE_BYTES
from casetable.curation.rulings import (
    Entry,
    add_acceptance,
    add_overlap,
    add_ruling,
    change_claim,
    claim_hash,
    claim_hash_in,
    without_entry_of,
)
from casetable.curation.starter import REVIEW, starter_files
from casetable.errors import UsageError
from casetable.model import Acceptance, Overlap, OverlapVerdict, Ruling
from casetable.problems import Place, Problem

PLACE, DAY = Place(path="f.yaml"), dt.date(2026, 1, 20)
SAME = Ruling(is_same=True, keys=("pmid:11", "doi:10.1234/b"), by="A. Curator", when=DAY, note="", place=PLACE)
APART = replace(SAME, is_same=False, note="two: cases")
OVERLAP = Overlap(
    cases=("doe-2020/1", "roe-2021"),
    verdict=OverlapVerdict.CANNOT_TELL,
    by="A. Curator",
    when=DAY,
    note="",
    place=PLACE,
)
ACCEPTANCE = Acceptance(
    code="E201",
    reason="so: it is",
    by="A. Curator",
    when=DAY,
    place=PLACE,
    path="curated/reports",
    field="sex",
    case="2a",
)
SAME_LINES = "- records: [pmid:11, doi:10.1234/b]  # Doe 2020\n  by: A. Curator\n  when: 2026-01-20\n"
APART_LINES = SAME_LINES + '  note: "two: cases"\n'
OVERLAP_LINES = "- cases: [doe-2020/1, roe-2021]\n  verdict: cannot tell\n  by: A. Curator\n  when: 2026-01-20\n"
ACCEPTANCE_LINES = (
    "- rule: E201\n  path: curated/reports\n  field: sex\n  case: 2a\n"
    '  reason: "so: it is"\n  by: A. Curator\n  when: 2026-01-20\n'
)


def ruled(data: bytes, ruling: Ruling = SAME) -> bytes:
    return add_ruling("f.yaml", data, ruling, "Doe 2020")


def entries(data: bytes, entry: Entry) -> list[Any]:
    """All entries of a file of the kind of one, as they are read, without faults."""
    found: tuple[Any, ...]
    problems: tuple[Problem, ...]
    if isinstance(entry, Ruling):
        found, problems = read_rulings("f.yaml", data)
    elif isinstance(entry, Overlap):
        found, problems = read_overlaps("f.yaml", data)
    else:
        protocol, problems = read_protocol("f.yaml", data)
        found = protocol.accepts if protocol else ()
    assert problems == ()
    return list(found)


def placeless(found: list[Any]) -> list[Any]:
    return [replace(each, place=PLACE) for each in found]


def indented(text: str, by: int) -> str:
    return "".join(" " * by + line for line in text.splitlines(keepends=True))


ADD: dict[str, tuple[Callable[[bytes], bytes], Entry, str, str]] = {
    "same": (ruled, SAME, "same", SAME_LINES),
    "different": (lambda data: ruled(data, APART), APART, "different", APART_LINES),
    "overlap": (lambda data: add_overlap("f.yaml", data, OVERLAP), OVERLAP, "rulings", OVERLAP_LINES),
    "acceptance": (lambda data: add_acceptance("f.yaml", data, ACCEPTANCE), ACCEPTANCE, "accepts", ACCEPTANCE_LINES),
}


# --- one more ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("same", "curated/duplicates.yaml"),
        ("different", "curated/duplicates.yaml"),
        ("overlap", "curated/overlaps.yaml"),
    ],
)
def test_a_file_that_is_not_there_is_written_as_the_starter_writes_it(kind: str, name: str) -> None:
    add, entry, key, lines = ADD[kind]
    starter = starter_files()[name].decode()
    after = add(b"")
    assert after.decode() == starter.replace(f"{key}: []\n", f"{key}:\n{indented(lines, 2)}")
    assert after == add(starter.encode())
    assert placeless(entries(after, entry)) == [entry]


def test_the_protocol_gets_its_first_acceptance_at_its_end() -> None:
    after = ADD["acceptance"][0](REVIEW.encode()).decode()
    assert after == REVIEW + "accepts:\n" + indented(ACCEPTANCE_LINES, 2)


@pytest.mark.parametrize("kind", ADD)
@pytest.mark.parametrize(
    ("before", "start", "end"),
    [
        ("schema: 1\nKEY: []\n", "schema: 1\nKEY:\n", ""),
        ("schema: 1\nKEY:  [ ]  # none: yet\n# the end\n", "schema: 1\nKEY:  # none: yet\n", "# the end\n"),
        ("schema: 1\nKEY:\n", "schema: 1\nKEY:\n", ""),
        ("schema: 1\nKEY:", "schema: 1\nKEY:\n", ""),
        ("KEY: []\nschema: 1", "KEY:\n", "schema: 1"),
        ("KEY:\n\nschema: 1  # last", "KEY:\n", "\nschema: 1  # last"),
    ],
)
@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_first_entry_stands_below_its_key(
    kind: str, before: str, start: str, end: str, mark: bytes, newline: str
) -> None:
    add, _, key, lines = ADD[kind]
    text = (start + indented(lines, 2) + end).replace("KEY", key).replace("\n", newline)
    assert add(mark + before.replace("KEY", key).replace("\n", newline).encode()) == mark + text.encode()


@pytest.mark.parametrize(
    ("before", "start", "end"),
    [
        ("schema: 1\n", "schema: 1\nsame:\n", ""),
        ("schema: 1", "schema: 1\nsame:\n", ""),
        ("schema: 1\n...\n", "schema: 1\nsame:\n", "...\n"),
        ("schema: 1\n# a remark\n\n\n", "schema: 1\n# a remark\nsame:\n", "\n\n"),
        (
            f"schema: 1\ndifferent:\n{indented(APART_LINES, 2)}  # the end\n",
            f"schema: 1\ndifferent:\n{indented(APART_LINES, 2)}  # the end\nsame:\n",
            "",
        ),
    ],
)
def test_a_key_that_is_not_there_comes_last(before: str, start: str, end: str) -> None:
    assert ruled(before.encode()).decode() == start + indented(SAME_LINES, 2) + end


def test_a_comment_of_the_last_entry_stays_with_it_and_any_other_behind_the_list() -> None:
    first = "same:\n  - records: [pmid:1, pmid:2]\n    by: B\n    when: 2026-01-15\n    # looked at both\n"
    behind = "  # none of these is sure\n# the others\ndifferent: []\nschema: 1\n"
    assert ruled((first + behind).encode()).decode() == first + indented(SAME_LINES, 2) + behind


@pytest.mark.parametrize(
    ("before", "message"),
    [
        (
            "schema: 1\nsame: [{records: [pmid:1, pmid:2], by: A, when: 2026-01-15}]\n",
            "f.yaml:2: the list stands in brackets; expected each item in lines of its own",
        ),
        (
            "{schema: 1, same: []}\n",
            "f.yaml: is not written as lines of 'key: value'; expected 'same:' in a line of its own",
        ),
        ("schema: 1\nsame: null\n", "f.yaml: a ruling could not be added; expected 'same:' with '- ' items below it"),
        (
            "schema: 1\nsame: []\nother: 1\n",
            "f.yaml:3:1: F201 other: 'other' is not a key of this mapping; expected different or same; mend it"
            " first, nothing was written",
        ),
        ("same: [}\n", "f.yaml:1:8: F104"),
    ],
)
def test_a_file_that_cannot_be_added_to_is_refused(before: str, message: str) -> None:
    with pytest.raises(UsageError) as refused:
        ruled(before.encode())
    assert str(refused.value).startswith(message)


def test_what_the_file_cannot_hold_is_told_with_its_reason() -> None:
    with pytest.raises(UsageError) as refused:
        add_overlap("f.yaml", b"", replace(OVERLAP, cases=("doe-2020/1", "no case")))
    assert "a ruling could not be added (cases: 'no case' is not a case as REPORT/CASE" in str(refused.value)
    with pytest.raises(UsageError) as refused:
        add_acceptance("f.yaml", b"schema: 1\n", replace(ACCEPTANCE, case="a b"))
    assert "an acceptance could not be added (case: 'a b' is not a short id" in str(refused.value)
    with pytest.raises(UsageError, match="'reason' holds a character that is no text"):
        add_acceptance("f.yaml", b"schema: 1\n", replace(ACCEPTANCE, reason="na\udcefve"))
    with pytest.raises(UsageError, match=r"a ruling could not be added: f\.yaml: F102"):
        ruled(b"schema: 1\n#" + b"x" * (MAX_FILE_BYTES - 30) + b"\n")


# --- one less ---------------------------------------------------------------------------------------------------------

HELD = """\
# rulings
schema: 1
same:  # newest last
  # the first
  - records: [pmid:1, pmid:2]  # Doe; Roe
    by: A
    when: 2026-01-15

  # the second
  - by: B
    records:
      - pmid:3
      - pmid:4
    when: 2026-01-16
    note: >-
      a long
      note
different:
  - {records: [pmid:1, pmid:3], by: C, when: 2026-01-17}  # sure
"""


@pytest.mark.parametrize(
    ("at", "gone"),
    [
        (0, "  - records: [pmid:1, pmid:2]  # Doe; Roe\n    by: A\n    when: 2026-01-15\n"),
        (1, HELD[HELD.index("  - by: B") : HELD.index("different")]),
        (2, "  - {records: [pmid:1, pmid:3], by: C, when: 2026-01-17}  # sure\n"),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_an_entry_is_taken_out_and_what_stands_around_it_stays(at: int, gone: str, newline: str) -> None:
    data = HELD.replace("\n", newline).encode()
    entry = entries(data, SAME)[at]
    after = without_entry_of("f.yaml", data, entry)
    assert after.decode() == HELD.replace(gone, "").replace("\n", newline)
    with pytest.raises(UsageError) as refused:
        without_entry_of("f.yaml", after, entry)
    told = f"{entry.place}: a ruling of {entry.by} does not stand there any more; nothing was written"
    assert str(refused.value) == told


def test_an_entry_with_a_comment_of_its_own_is_not_taken_out() -> None:
    data = HELD.replace("    by: A\n", "    by: A\n    # looked at both\n").encode()
    with pytest.raises(UsageError, match=r"^f\.yaml:7: a comment stands in what is to be taken out"):
        without_entry_of("f.yaml", data, entries(data, SAME)[0])


_TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Zl", "Zp")), max_size=40) | (
    st.sampled_from(
        ["- x", "a: b", "a #b", "'", '"', "\\", "[", "{a: 1}", "*a", "|", "%", "null", "~", "No", "---", "a, b"]
    )
)
_LINES = _TEXTS.map(lambda text: " ".join(text.split()))
_NAMES = _LINES.map(lambda text: text or "A")
_KEYS = st.lists(
    st.sampled_from(["pmid:1", "doi:10.1234/a(1)<2>b", "doi:10.1234/a,b[1]", "own:r1", "own:a,b"]),
    min_size=2,
    max_size=4,
    unique=True,
).map(tuple)
_DAYS = st.dates(dt.date(2000, 1, 1), dt.date(2099, 1, 1))
_ENTRIES: dict[str, st.SearchStrategy[Entry]] = {
    "rulings": st.builds(
        Ruling, is_same=st.booleans(), keys=_KEYS, by=_NAMES, when=_DAYS, note=_LINES, place=st.just(PLACE)
    ),
    "overlaps": st.builds(
        Overlap,
        cases=st.just(("doe-2020/1", "róe-2021/2.b")),
        verdict=st.sampled_from(OverlapVerdict),
        by=_NAMES,
        when=_DAYS,
        note=_LINES,
        place=st.just(PLACE),
    ),
    "protocol": st.builds(
        Acceptance,
        code=st.sampled_from(["E201", "O101"]),
        reason=_NAMES,
        by=_NAMES,
        when=_DAYS,
        place=st.just(PLACE),
        path=_LINES,
        field=_LINES,
        case=st.sampled_from(["", "1", "2a"]),
    ),
}
_HEADS = {
    "rulings": ["", HELD, "schema: 1\n", "# a\nsame: []\nschema: 1\n# b", "schema: 1\ndifferent:\n\n# b\nsame:\n"],
    "overlaps": ["", "schema: 1\n", "rulings: [ ]  # none\nschema: 1", "schema: 1\nrulings:\n# end\n"],
    "protocol": [
        REVIEW,
        "schema: 1\ntitle: |\n  a\n\n# b\n",
        "accepts:\nschema: 1\ntitle: x # y",
        "title: x\nschema: 1",
    ],
}


def _added(data: bytes, entry: Entry) -> bytes:
    if isinstance(entry, Ruling):
        return add_ruling("f.yaml", data, entry, "Doe: #2020")
    if isinstance(entry, Overlap):
        return add_overlap("f.yaml", data, entry)
    return add_acceptance("f.yaml", data, entry)


@settings(max_examples=150)
@given(st.data())
def test_entries_come_and_go_and_every_other_byte_stays(data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(sorted(_ENTRIES)))
    newline = data.draw(st.sampled_from(["\n", "\r\n"]))
    mark = data.draw(st.sampled_from([b"", codecs.BOM_UTF8]))
    head = data.draw(st.sampled_from(_HEADS[kind])).replace("\n", newline)
    if newline not in head.split("#")[0]:  # where the first line has no end, the file's are not known
        newline = "\n"
    before = mark + head.encode() if head else b""
    states = [before]
    wanted = placeless(entries(before, _an(kind))) if before else []
    for entry in data.draw(st.lists(_ENTRIES[kind], min_size=1, max_size=3)):
        states.append(_added(states[-1], entry))
        wanted.append(entry)
        assert sorted(map(repr, placeless(entries(states[-1], entry)))) == sorted(map(repr, wanted))
        assert _without_what_is_new(states[-2], states[-1])
    for at, earlier in reversed(list(enumerate(states))[1:-1]):
        newest = wanted[-1]
        found = [each for each in entries(states[at + 1], newest) if replace(each, place=PLACE) == newest]
        after = without_entry_of("f.yaml", states[at + 1], found[-1])
        wanted.pop()
        assert sorted(map(repr, placeless(entries(after, newest)))) == sorted(map(repr, wanted))
        if earlier.endswith(newline.encode()) and _key_of(newest) in _keys_with_entries(earlier):
            assert after == earlier


def _an(kind: str) -> Entry:
    return {"rulings": SAME, "overlaps": OVERLAP, "protocol": ACCEPTANCE}[kind]


def _key_of(entry: Entry) -> str:
    if isinstance(entry, Ruling):
        return "same" if entry.is_same else "different"
    return "rulings"


def _keys_with_entries(data: bytes) -> set[str]:
    try:
        rulings, problems = read_rulings("f.yaml", data)
    except UsageError:
        return set()
    return set() if problems else {_key_of(each) for each in rulings}


def _without_what_is_new(before: bytes, after: bytes) -> bool:
    """Whether a text is the earlier one with lines put in at one place; an empty list may have lost its brackets."""
    if not before:
        return True
    old, new = before.decode().splitlines(), after.decode().splitlines()
    first = next((at for at, (one, other) in enumerate(zip(old, new, strict=False)) if one != other), len(old))
    if (
        first < len(old)
        and "[" in old[first]
        and old[first].replace("[]", "").replace("[ ]", "").split() == new[first].split()
    ):
        first += 1
    behind = len(old) - first
    return new[len(new) - behind :] == old[first:] if behind else True


# --- claims -----------------------------------------------------------------------------------------------------------

CLAIMS = """\
# the claims
schema: 1
claims:
  - name: cases   # counted
    text: "One case."
    sql: SELECT count(*) FROM cases
    expected: 1   # as printed

  - name: children
    text: >-
      A sentence that is long enough to be written on more lines than one, as a person would write it in this
      file.
    sql: |
      SELECT report, case_id FROM cases
      WHERE age_years < 18
    expected: none
    note: of all   # for now
values:
  cases-too: {sql: SELECT count(*) FROM cases}
"""
LONG = "A sentence that is now of other words, and still long enough to be written on more lines than one in this file."


def changed(claim: str, held: str = CLAIMS, **given: str) -> str:
    return change_claim("c.yaml", held.encode(), claim, **given).decode()


@pytest.mark.parametrize(
    ("name", "given", "old", "new"),
    [
        ("cases", {"text": "Two\n cases: #2."}, '"One case."', '"Two cases: #2."'),
        ("cases", {"expected": ">= 2"}, "expected: 1   # as", 'expected: ">= 2"   # as'),
        (
            "cases",
            {"note": "so, it: is"},
            "expected: 1   # as printed\n",
            'expected: 1   # as printed\n    note: "so, it: is"\n',
        ),
        (
            "cases",
            {"sql": "SELECT count(*)\r\nFROM cases\r\n\r\n-- all\r\n"},
            "sql: SELECT count(*) FROM cases\n    expected",
            "sql: |-\n      SELECT count(*)\n      FROM cases\n\n      -- all\n    expected",
        ),
        (
            "children",
            {"text": LONG},
            CLAIMS[CLAIMS.index("      A sentence") : CLAIMS.index("    sql: |")],
            f"      {LONG}\n",
        ),
        (
            "children",
            {"sql": "SELECT report, case_id FROM cases"},
            "|\n      SELECT report, case_id FROM cases\n      WHERE age_years < 18\n",
            "SELECT report, case_id FROM cases\n",
        ),
        ("children", {"text": " ".join(CLAIMS.split('"')), "expected": "none"}, "", ""),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_claim_is_changed_where_it_stands(name: str, given: dict[str, str], old: str, new: str, newline: str) -> None:
    after = changed(name, CLAIMS.replace("\n", newline), **given)
    if old:
        assert after == CLAIMS.replace(old, new, 1).replace("\n", newline)
    claims, _, problems = read_claims("c.yaml", after.encode())
    assert problems == ()
    claim = next(each for each in claims if each.name == name)
    said = {"text": claim.text, "sql": claim.sql.strip(), "expected": claim.expected.text, "note": claim.note}
    for key, value in given.items():
        wanted = value.replace("\r\n", "\n").strip() if key == "sql" else " ".join(value.split())
        assert said[key] == wanted


def test_what_a_claim_says_already_is_not_written_anew() -> None:
    claims, _, _ = read_claims("c.yaml", CLAIMS.encode())
    for claim in claims:
        same = {"text": claim.text, "sql": claim.sql, "expected": claim.expected.text, "note": claim.note}
        assert changed(claim.name, **same) == CLAIMS


def test_a_blank_note_takes_the_note_out_unless_its_comment_would_be_lost() -> None:
    without = CLAIMS.replace("   # for now", "")
    assert changed("children", without, note=" ") == without.replace("    note: of all\n", "")
    with pytest.raises(UsageError, match=r"^c.yaml:17: a comment stands"):
        changed("children", note="")


def test_a_claim_that_expects_nothing_known_can_be_mended_and_does_not_hinder_others() -> None:
    faulty = CLAIMS.replace("expected: none", "expected: nothing at all")
    assert changed("children", faulty, expected="none") == CLAIMS
    assert changed("cases", faulty, expected="2") == faulty.replace("expected: 1", "expected: 2")


@pytest.mark.parametrize(
    ("text", "name", "given", "message"),
    [
        (CLAIMS, "case", {}, "c.yaml: there is no claim 'case'; did you mean 'cases'?; nothing was written"),
        (CLAIMS, "cases", {"expected": "one"}, "'one' is not something to expect; expected a number (9, 31.5,"),
        (CLAIMS, "cases", {"text": " \n"}, "a claim needs 'text'; nothing was written"),
        (CLAIMS, "cases", {"sql": "a\x00b"}, "'sql' holds a character that is no text; nothing was written"),
        (
            CLAIMS.replace("children", "cases"),
            "cases",
            {},
            "c.yaml:9:5: a second claim is named 'cases'; mend it first",
        ),
        (CLAIMS + "more: 1\n", "cases", {}, "c.yaml:20:1: F201 more: 'more' is not a key of this mapping"),
        ("", "cases", {}, "c.yaml:1:1: F202 schema: is missing; expected 1; mend it first, nothing was written"),
    ],
)
def test_a_claim_that_cannot_be_changed_is_told(text: str, name: str, given: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError) as refused:
        changed(name, text, **given)
    assert str(refused.value).startswith(message)


def test_a_comment_behind_the_mark_of_a_query_stays() -> None:
    text = CLAIMS.replace("sql: |", "sql: |  # why")
    query = "|  # why\n      SELECT report, case_id FROM cases\n      WHERE age_years < 18\n"
    assert changed("children", text, sql="SELECT 1") == text.replace(query, "SELECT 1  # why\n")


def test_the_hash_of_a_claim_is_that_of_what_stands_in_the_file() -> None:
    claims, _, _ = read_claims("c.yaml", CLAIMS.encode())
    hashes = {claim_hash(claim) for claim in claims}
    assert len(hashes) == len(claims)
    assert hashes == {claim_hash_in("c.yaml", CLAIMS.encode(), claim.name) for claim in claims}
    after = changed("cases", note="other").encode()
    assert claim_hash_in("c.yaml", after, "cases") not in hashes
    assert claim_hash_in("c.yaml", after, "children") in hashes


@given(_NAMES, st.lists(_LINES, min_size=1, max_size=4).map("\n".join), _LINES)
def test_whatever_a_claim_is_to_say_it_says_and_nothing_else_changes(text: str, sql: str, note: str) -> None:
    sql = sql.strip() or "SELECT 1"
    data = CLAIMS.replace("   # for now", "").encode()
    after = change_claim("c.yaml", data, "children", text=text, sql=sql, note=note)
    claims, numbers, problems = read_claims("c.yaml", after)
    assert problems == ()
    assert (claims[1].text, claims[1].sql, claims[1].note) == (text, sql, note)
    assert after.startswith(data[: data.index(b"    text: >-")])
    assert after.endswith(data[data.index(b"values:") :])
    assert [claims[0].name, numbers[0].name] == ["cases", "cases-too"]
