"""Edits between what a field says and what it is to say: as few as can be, and the file keeps all else."""

from __future__ import annotations

import codecs
import json
import re
from collections import Counter
from random import Random
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import LCSseq

from casetable.curation.differences import edits_between
from casetable.curation.editor import is_same, settled
from casetable.curation.nodes import read_nodes
from casetable.curation.rewrite import Insert, Put, Remove, Rename, RewriteError, Way, rewritten
from tests.support import handwritten

WAY = ("cases", 0, "skin")
FILE = """\
# above all
schema: 1
cases:
  - case: 1

    # Patient
    sex: female  # as printed
    # about the skin
{field}
    # about the joints
    joints: none  # said twice

  # a further case
  - case: 2
    sex: male
"""


def file_with(field: str) -> bytes:
    return FILE.format(field="\n".join(f"    {line}" if line else "" for line in field.split("\n"))).encode()


def changed(field: str, after: object) -> str:
    """The lines of the field's part of the file when it says something else; all else is held to be the same."""
    data = file_with(field)
    root, faults = read_nodes("x.yaml", data)
    assert root is not None
    assert not faults
    before = root.at(*WAY).plain()
    done = rewritten("x.yaml", data, edits_between(WAY, before, after)).decode()
    head, tail = FILE.split("{field}")
    assert done.startswith(head), done
    assert done.endswith(tail), done
    return "\n".join(line.removeprefix("    ") for line in done[len(head) : -len(tail)].split("\n"))


@pytest.mark.parametrize(
    ("field", "after", "expected"),
    [
        ("skin: rash", "ulcers", "skin: ulcers"),
        ("skin: rash  # seen", "ulcers", "skin: ulcers  # seen"),
        ("skin: rash  # seen", None, "skin:  # seen"),
        ("skin:  # what is seen", "rash", "skin: rash  # what is seen"),
        ("skin: {value: rash, where: Case}", {"value": "rash"}, "skin: {value: rash}"),
        ("skin: {value: rash, where: Case}", {"where": "Case", "value": None}, 'skin: {value: "", where: Case}'),
        ("skin: {value: rash, where: Case, note: x}", {"value": "rash", "note": "x"}, "skin: {value: rash, note: x}"),
        ("skin: {value: 3, where: Case}", {"derived": "3", "from": "x"}, "skin: {derived: 3, from: x}"),
        ("skin:\n  value: rash\n  where: Case", {"value": "rash"}, "skin:\n  value: rash"),
        (
            "skin:\n  value: rash\n  where: Case",
            {"where": "Case", "derived": "4"},
            "skin:\n  derived: 4\n  where: Case",
        ),
        (
            "skin:\n  - {value: a, when: day 1}\n  # before the second\n  - {value: b, when: day 2}\n  - {value: c, when: day 3}",
            [{"value": "a", "when": "day 1"}, {"value": "c", "when": "day 3"}],
            "skin:\n  - {value: a, when: day 1}\n  # before the second\n  - {value: c, when: day 3}",
        ),
        (
            "skin:\n  - value: a\n    when: day 1\n  - {value: c, when: day 3}",
            [{"value": "a", "when": "day 1"}, {"value": "b", "when": "day 2"}, {"value": "c", "when": "day 3"}],
            "skin:\n  - value: a\n    when: day 1\n  - {value: b, when: day 2}\n  - {value: c, when: day 3}",
        ),
        (
            "skin:\n  - value: a\n    when: day 1\n    note: x",
            [{"when": "day 1", "note": "x"}],
            "skin:\n  - when: day 1\n    note: x",
        ),
        ("skin: [a, b, c]", ["a", "c"], "skin: [a, c]"),
        ("skin: [a, b, c]", ["a"], "skin: [a]"),
        ("skin: [a, b, c]", ["c"], "skin: [c]"),
        ("skin:\n  - a\n  - b", None, "skin:"),
    ],
)
def test_a_field_says_something_else(field: str, after: object, expected: str) -> None:
    assert changed(field, after) == expected


def test_what_says_the_same_is_not_touched() -> None:
    assert edits_between(WAY, "a long\n text", "a long text") == ()
    assert edits_between(WAY, {"value": "3", "note": None}, {"value": "3"}) == ()


def test_the_edits_are_as_few_as_can_be() -> None:
    before = [{"value": str(n), "when": f"day {n}"} for n in range(5)]
    assert edits_between(WAY, before, [*before[:2], *before[3:]]) == (Remove(way=(*WAY, 2)),)
    new = {"value": "7", "when": "day 7"}
    assert edits_between(WAY, before, [*before[:2], new, *before[2:]]) == (Insert(way=WAY, at=2, value=new),)
    other = [*before[:4], {"value": "4", "when": "day 44"}]
    assert edits_between(WAY, before, other) == (Put(way=(*WAY, 4, "when"), value="day 44"),)
    assert edits_between(WAY, {"value": "3", "note": "x"}, {"derived": "3", "note": "x"}) == (
        Rename(way=(*WAY, "value"), to="derived"),
    )


def test_what_is_taken_out_loses_no_comment() -> None:
    field = "skin:\n  - {value: a, when: day 1}\n  - {value: b, when: day 2}  # doubtful"
    with pytest.raises(
        RewriteError, match=r"^x\.yaml:11: a comment stands in what is to be taken out, and would be lost"
    ):
        changed(field, [{"value": "a", "when": "day 1"}])


# --- any field, any other -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "touched"),
    [
        ("abcd", "abxd", {2}),
        ("abcd", "acd", {1}),
        ("abcd", "abcxd", {"+3"}),
        ("abcd", "bcda", {0, "+4"}),
        ("abcab", "bcab", {0}),
        ("ab", "xyz", {0, 1, "+2"}),
    ],
)
def test_only_the_items_that_differ_are_touched(before: str, after: str, touched: set[object]) -> None:
    edits = edits_between(WAY, list(before), list(after))
    assert {f"+{edit.at}" if isinstance(edit, Insert) else edit.way[-1] for edit in edits} == touched


def test_what_is_most_alike_is_one_item() -> None:
    before = [{"value": "316", "when": "day 1", "where": "Results"}, {"value": "rash of the face", "when": "day 9"}]
    after = [{"value": "rash on the face", "when": "day 9"}, {"value": "none", "note": "new"}]
    assert edits_between(WAY, before, after) == (
        Put(way=(*WAY, 1, "value"), value="rash on the face", order=()),
        Remove(way=(*WAY, 0)),
        Insert(way=WAY, at=2, value={"value": "none", "note": "new"}),
    )


def test_a_new_key_stands_where_a_cell_a_course_or_a_question_has_it() -> None:
    assert changed("skin: {value: 3, where: x}", {"value": "3", "unit": "g", "where": "x"}) == (
        "skin: {value: 3, unit: g, where: x}"
    )
    assert changed("skin: {when: x, note: y}", {"when": "x", "value": "3", "note": "y"}) == (
        "skin: {value: 3, when: x, note: y}"
    )
    course = "skin:\n  - drug: x\n    # by mouth\n    note: y"
    assert changed(course, [{"drug": "x", "start": "day 1", "dose": "3", "note": "y"}]) == (
        "skin:\n  - drug: x\n    dose: 3\n    start: day 1\n    # by mouth\n    note: y"
    )
    assert changed("skin:\n  - question: why?\n    # later", [{"question": "why?", "answer": "so"}]) == (
        "skin:\n  - question: why?\n    answer: so\n    # later"
    )


def drawn_file(chance: Random, remarks: float) -> tuple[bytes, Way]:
    """A file as a person may have written it, and the way to a field of one of its cases, which may not be there."""
    cases = [
        {
            "case": str(number),
            **{name: handwritten.field(chance) for name in handwritten.FIELDS if chance.random() < 0.4},
        }
        for number in range(chance.choice([1, 2]))
    ]
    at = chance.randrange(len(cases))
    there = [name for name in cases[at] if name != "case"]
    name = chance.choice(there if there and chance.random() < 0.9 else handwritten.FIELDS)
    return handwritten.Writer(chance, remarks).file(cases), ("cases", at, name)


def held_to_be_changed(chance: Random, remarks: float) -> str:
    """Changes a field of a file, holds that all else stays, and returns how it went."""
    data, way = drawn_file(chance, remarks)
    root, faults = read_nodes("x.yaml", data)
    assert root is not None
    assert not faults, data.decode()
    held: Any = root.plain()
    case = held["cases"][way[1]]
    before = case.get(way[2])
    after = handwritten.other(chance, before)
    edits = edits_between(way, before, after, order=handwritten.ORDER)
    whole = handwritten.plain_text(data)
    is_there = way[2] in case
    start, end = handwritten.place_of(whole, way) if is_there else (0, 0)
    if is_same(before, after):
        assert edits == ()
        return "the same"
    done, told = b"", ""
    try:
        done = rewritten("x.yaml", data, edits)
    except RewriteError as error:
        told = str(error)
    if told:  # a comment stands in the field, in the very line that is named
        found = re.match(r"x\.yaml:(\d+): a comment stands in what is to be (replaced|taken out)", told)
        assert found, told
        line = int(found[1]) - 1
        assert "# " in whole.split("\n")[line]
        assert whole.count("\n", 0, start) <= line <= whole.count("\n", 0, end)
        return "refused"
    new = handwritten.plain_text(done)
    assert is_said(done, held, way, after)
    comments = re.findall(r"# [a-z: ]+ c\d+c", whole)
    assert all(comment in new or comment in json.dumps(before) for comment in comments)
    line_end = "\r\n" if b"\r\n" in data else "\n"
    assert done.count(b"\n") == done.count(line_end.encode())
    assert done.startswith(codecs.BOM_UTF8) == data.startswith(codecs.BOM_UTF8)
    if not is_there:
        left = iter(new.split("\n"))
        assert all(line in left for line in whole.rstrip("\n").split("\n"))
        return "new"
    assert new.startswith(whole[:start])
    assert new.endswith(whole[end:])
    held_to_keep_its_parts(whole, new, way, before, after)
    return "changed"


def is_said(done: bytes, held: Any, way: Way, after: object) -> bool:
    """Whether a file says what it is to say in one place, and elsewhere what it said; line ends behind a text aside."""
    root, faults = read_nodes("x.yaml", done)
    assert root is not None
    assert not faults
    found: Any = root.plain()
    said = found["cases"][way[1]].pop(way[2])
    held["cases"][way[1]].pop(way[2], None)
    return is_same(said, after) and settled(found) == settled(held)


def held_to_keep_its_parts(whole: str, new: str, way: Way, before: object, after: object) -> None:
    """Holds that what a field says as before is written as before: of a list as many items as can be, of a cell its texts."""
    one, other = handwritten.parts_of(whole, way), handwritten.parts_of(new, way)
    if isinstance(before, dict) and isinstance(after, dict):
        same = [key for key in before if key in after and before[key] is not None and is_same(before[key], after[key])]
        assert [one[key] for key in same] == [other[key] for key in same]
    elif isinstance(before, list) and isinstance(after, list):
        kept = LCSseq.similarity(list(one.values()), list(other.values()))
        assert kept >= LCSseq.similarity(
            *([json.dumps(settled(each), sort_keys=True) for each in listed] for listed in (before, after))
        )


@settings(max_examples=150)
@given(st.integers(0, 2**32), st.sampled_from([0.0, 0.05, 0.2, 0.5]))
def test_any_field_of_any_file_comes_to_say_anything(seed: int, remarks: float) -> None:
    event(held_to_be_changed(Random(seed), remarks))


@pytest.mark.parametrize(("remarks", "most"), [(0.0, 0.0), (0.03, 0.06)])
def test_a_change_is_seldom_refused(remarks: float, most: float) -> None:
    went = Counter(held_to_be_changed(Random(seed), remarks) for seed in range(200))
    assert went["changed"] > 100
    assert went["refused"] <= most * went["changed"]
