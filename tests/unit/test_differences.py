"""Edits between what a field says and what it is to say: as few as can be, and the file keeps all else."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casetable.curation.differences import edits_between
from casetable.curation.editor import is_same
from casetable.curation.nodes import read_nodes
from casetable.curation.rewrite import Insert, Put, Remove, Rename, RewriteError, rewritten

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

TEXTS = st.sampled_from(
    ["a", "rash", "3", "12.5", "yes", "no # hash", "x: y", "- dash", "it's", '"quoted"', "ü, μg", "{curly}", "1,271.4 ng/ml",
     "a text of some length that goes on and on, so that an editor would fold it, as it does not fit into a line of a file"]
)  # fmt: skip
REASONED = st.one_of(TEXTS, st.just("not reported"))
CELL = st.fixed_dictionaries(
    {"value": REASONED}, optional=dict.fromkeys(("unit", "when", "reported", "where", "note"), TEXTS)
)
DERIVED = st.fixed_dictionaries({"derived": TEXTS, "from": TEXTS}, optional={"where": TEXTS})
CONFLICT = st.fixed_dictionaries(
    {"conflicting": st.lists(st.one_of(REASONED, CELL), min_size=2, max_size=3)},
    optional={"note": TEXTS, "when": TEXTS},
)
COURSE = st.fixed_dictionaries(
    {"drug": TEXTS}, optional={"dose": st.one_of(TEXTS, CELL), "unit": TEXTS, "start": TEXTS, "note": TEXTS}
)
ONE = st.one_of(REASONED, CELL, DERIVED, CONFLICT)
FIELD = st.one_of(st.none(), ONE, st.lists(ONE, min_size=1, max_size=5), st.lists(COURSE, min_size=1, max_size=4))


def written(value: object, chance: random.Random, indent: int = 0) -> list[str]:
    """A value as somebody may have written it, as lines; the first belongs behind a key or a dash."""
    if value is None:
        return [""]
    if isinstance(value, str):
        return [chance.choice([quoted, f'"{escaped(value)}"'])] if (quoted := plain(value)) else [f'"{escaped(value)}"']
    if chance.random() < 0.4:
        return [flow(value)]
    lines = [""]
    if isinstance(value, list):
        for each in value:
            first, *more = written(each, chance, indent + 2)
            if first:
                lines += [f"- {first}", *(f"  {line}" for line in more)]
            else:
                lines += (
                    [f"- {more[0].removeprefix('  ')}", *more[1:]] if isinstance(each, dict) else [f"- {flow(each)}"]
                )
    else:
        for key, each in value.items():
            first, *more = written(each, chance, indent + 2)
            lines += [f"{key}:{' ' if first else ''}{first}", *more]
    return [lines[0], *(f"  {line}" for line in lines[1:])]


def plain(text: str) -> str:
    is_safe = text.replace(" ", "").replace(".", "").replace("/", "").isalnum() and text.isascii()
    return text if is_safe else ""


def escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def flow(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(flow, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(each)}" for key, each in value.items()) + "}"
    return f'"{escaped(str(value))}"'


def held_to_be_changed(before: object, after: object, seed: int) -> None:
    chance = random.Random(seed)
    first, *more = written(before, chance)
    data = file_with("\n".join([f"skin:{' ' if first else ''}{first}", *more]))
    if chance.random() < 0.2:
        data = data.replace(b"\n", b"\r\n")
    root, faults = read_nodes("x.yaml", data)
    assert root is not None
    assert not faults, data.decode()
    held = root.plain()
    assert is_same(root.at(*WAY).plain(), before)
    done = rewritten("x.yaml", data, edits_between(WAY, root.at(*WAY).plain(), after))
    changed_root, _ = read_nodes("x.yaml", done)
    assert changed_root is not None
    assert is_same(changed_root.at(*WAY).plain(), after)
    assert isinstance(held, dict)
    held["cases"][0]["skin"] = changed_root.at(*WAY).plain()
    assert changed_root.plain() == held
    line_end = "\r\n" if b"\r\n" in data else "\n"
    head, tail = (part.replace("\n", line_end) for part in FILE.split("{field}"))
    assert done.decode().startswith(head)
    assert done.decode().endswith(tail)


@given(FIELD, FIELD, st.integers(0, 2**32))
def test_any_field_comes_to_say_anything(before: object, after: object, seed: int) -> None:
    held_to_be_changed(before, after, seed)


@given(st.lists(st.one_of(CELL, COURSE), min_size=1, max_size=6), st.data(), st.integers(0, 2**32))
def test_items_come_and_go(before: list[object], data: st.DataObject, seed: int) -> None:
    after = list(before)
    for _ in range(data.draw(st.integers(1, 3))):
        kind = data.draw(st.sampled_from(["remove", "insert", "change", "swap"]))
        at = data.draw(st.integers(0, len(after)))
        if kind == "insert" or not after:
            after.insert(at, data.draw(CELL))
        elif kind == "remove" and len(after) > 1:
            del after[at % len(after)]
        elif kind == "swap":
            after.append(after.pop(at % len(after)))
        else:
            after[at % len(after)] = data.draw(st.one_of(CELL, DERIVED))
    held_to_be_changed(before, after, seed)
