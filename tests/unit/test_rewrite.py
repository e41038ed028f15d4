"""One value of a hand-written file is changed; every other byte of it, comments included, stays as it was."""

from __future__ import annotations

import codecs
import re
from typing import Any

import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from casetable.curation.nodes import read_nodes
from casetable.curation.rewrite import Insert, Put, Remove, Rename, RewriteError, Way, rewritten
from tests.e2e.conftest import REPOSITORY

FLAGSHIP = {path.stem: path.read_bytes() for path in sorted((REPOSITORY / "curated/reports").glob("*.yaml"))}

REPORT = """\
# A report.
schema: 1
report: pmid:11
extracted:
  by:  # who
  when:
note: >-
  a long note
  on two lines

questions: []
cases:
  - case: 1
    eligible: yes

    # Patient
    age_years: {value: 3, unit: year}  # as of admission
    sex: 'female'  # "girl"

    # Laboratory
    ferritin:
      # the first
      - {value: 1271.4, when: baseline}
      - value: 316
        when: later   # the second
    crp: not reported
"""


def changed(*edits: Put | Insert | Rename | Remove, text: str = REPORT) -> str:
    return rewritten("r.yaml", text.encode(), edits).decode()


def plain(text: str) -> Any:
    node, faults = read_nodes("r.yaml", text.encode())
    assert node is not None
    assert not faults
    return node.plain()


@pytest.mark.parametrize(
    ("edit", "old", "new"),
    [
        (Put(way=("cases", 0, "age_years", "value"), value="4"), "{value: 3,", "{value: 4,"),
        (Put(way=("cases", 0, "sex"), value="male"), "'female'  # ", "'male'  # "),
        (Put(way=("cases", 0, "sex"), value="it's"), "'female'  # ", "'it''s'  # "),
        (Put(way=("extracted", "by"), value="A. Curator"), "  by:  # who", "  by: A. Curator  # who"),
        (Put(way=("extracted", "when"), value="2026-01-15"), "  when:\n", "  when: 2026-01-15\n"),
        (Put(way=("note",), value="short"), ">-\n  a long note\n  on two lines\n", "short\n"),
        (Put(way=("cases", 0, "ferritin", 1, "value"), value="317"), "value: 316", "value: 317"),
        (
            Put(way=("cases", 0, "ferritin", 1, "note"), value="a: b", order=(("value", "when", "note"),)),
            "later   # the second\n",
            'later   # the second\n        note: "a: b"\n',
        ),
        (
            Put(way=("cases", 0, "age_years", "where"), value="Results, line 2"),
            "unit: year}",
            'unit: year, where: "Results, line 2"}',
        ),
        (
            Insert(way=("cases", 0, "ferritin"), at=2, value={"value": "9", "when": "end"}),
            "later   # the second\n",
            "later   # the second\n      - {value: 9, when: end}\n",
        ),
        (
            Insert(way=("cases", 0, "ferritin"), at=0, value={"value": "9", "when": "end"}),
            "      - {value: 1271.4,",
            "      - {value: 9, when: end}\n      - {value: 1271.4,",
        ),
        (
            Insert(way=("cases",), at=1, value={"case": "2", "eligible": "no"}),
            "not reported\n",
            "not reported\n  - case: 2\n    eligible: no\n",
        ),
        (
            Insert(way=("questions",), at=0, value={"question": "which?"}),
            "questions: []\n",
            'questions:\n  - {question: "which?"}\n',
        ),
        (
            Put(way=("cases", 0, "crp"), value=[{"value": "5", "when": "day 1"}, {"value": "6", "when": "day 2"}]),
            "crp: not reported\n",
            "crp:\n      - {value: 5, when: day 1}\n      - {value: 6, when: day 2}\n",
        ),
        (
            Put(way=("cases", 0, "sex"), value={"value": "female", "note": "x"}),
            "sex: 'female'  # ",
            "sex: {value: female, note: x}  # ",
        ),
        (
            Put(
                way=("cases", 0, "weight_kg"),
                value="12",
                order=(("case", "eligible"), ("age_years", "weight_kg", "sex"), ("esr", "ferritin")),
            ),
            "  # as of admission\n",
            "  # as of admission\n    weight_kg: 12\n",
        ),
        (
            Put(
                way=("cases", 0, "esr"),
                value="12",
                order=(("case", "eligible"), ("age_years", "weight_kg", "sex"), ("esr", "ferritin")),
            ),
            "    ferritin:\n",
            "    esr: 12\n    ferritin:\n",
        ),
        (Rename(way=("cases", 0, "age_years", "value"), to="derived"), "{value: 3,", "{derived: 3,"),
    ],
)
def test_an_edit_changes_its_own_place_alone(edit: Put | Insert | Rename, old: str, new: str) -> None:
    assert REPORT.count(old) == 1
    assert changed(edit) == REPORT.replace(old, new)


def test_a_value_is_turned_into_a_conflict() -> None:
    value = {"conflicting": [{"value": "3"}, {"value": "4", "where": "Discussion"}]}
    found = changed(Put(way=("cases", 0, "age_years"), value=value))
    assert plain(found)["cases"][0]["age_years"] == value
    assert "    age_years:  # as of admission\n      conflicting:\n        - {value: 3}\n" in found


def test_many_edits_are_made_at_once() -> None:
    found = changed(
        Put(way=("extracted", "by"), value="X"),
        Insert(way=("cases",), at=1, value={"case": "2"}),
        Insert(way=("cases",), at=1, value={"case": "3"}),
        Insert(way=("cases", 0, "ferritin"), at=2, value={"value": "7", "when": "a"}),
        Insert(way=("cases", 0, "ferritin"), at=2, value={"value": "8", "when": "b"}),
        Put(way=("cases", 0, "d_dimer"), value="5"),
        Put(way=("cases", 0, "crp"), value="6"),
    )
    assert found.endswith(
        "        when: later   # the second\n      - {value: 7, when: a}\n      - {value: 8, when: b}\n"
        "    crp: 6\n    d_dimer: 5\n  - case: 2\n  - case: 3\n"
    )


def test_what_would_lose_a_comment_is_refused() -> None:
    with pytest.raises(RewriteError, match=r"r.yaml:22: a comment stands in what is to be replaced"):
        changed(Put(way=("cases", 0, "ferritin"), value="not reported"))


def test_what_is_not_there_is_told() -> None:
    with pytest.raises(RewriteError, match="nowhere to stand"):
        changed(Put(way=("cases", 7, "sex", "value"), value="male"))


def test_a_faulty_file_is_not_touched() -> None:
    with pytest.raises(RewriteError, match="F105"):
        changed(Put(way=("a",), value="c"), text="a: 1\na: 2\n")


@pytest.mark.parametrize("name", FLAGSHIP)
@pytest.mark.parametrize("bom", [b"", codecs.BOM_UTF8])
@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
def test_line_ends_and_byte_order_mark_stay(name: str, bom: bytes, ending: bytes) -> None:
    data = bom + FLAGSHIP[name].replace(b"\n", ending)
    found = rewritten(
        "r.yaml", data, [Put(way=("extracted", "by"), value="Ö"), Insert(way=("cases",), at=99, value={"case": "99"})]
    )
    expected = re.sub(rb"(?m)^  by: casetable curators", '  by: "Ö"'.encode(), data) + b"  - case: 99" + ending
    assert found == expected


# --- properties -------------------------------------------------------------------------------------------------------

TEXTS = st.text(
    st.one_of(
        st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")),
        st.sampled_from(list(":#-,[]{}'\"\\&*!|>%@` \n\t~?=abcABC019")),
    ),
    min_size=1,
    max_size=130,
).filter(lambda text: bool(text.strip()))
VALUES = st.recursive(
    TEXTS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3),
        st.dictionaries(st.sampled_from(["value", "unit", "note", "where"]), inner, min_size=1),
    ),
    max_leaves=5,
)
SOURCES = [*(data.decode() for data in FLAGSHIP.values()), REPORT]


def ways(value: Any, way: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = [way] if way else []
    if isinstance(value, dict):
        for key, below in value.items():
            found += ways(below, (*way, key))
    elif isinstance(value, list):
        for at, below in enumerate(value):
            found += ways(below, (*way, at))
    return found


def marks(text: str, way: tuple[str | int, ...]) -> tuple[int, int]:
    """Where a value stands, as PyYAML's own composer says: an oracle that shares nothing with the code under test."""
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    for step in way:
        node = (
            node.value[step]
            if isinstance(node, yaml.SequenceNode)
            else next(value for key, value in node.value if key.value == step)
        )
    return node.start_mark.index, node.end_mark.index


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_all_outside_a_changed_text_stays_byte_for_byte(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(SOURCES))
    tree = plain(text)
    way = data.draw(st.sampled_from(ways(tree)))
    held = tree
    for step in way:
        held = held[step]
    assume(isinstance(held, str))
    found = changed(Put(way=way, value=data.draw(TEXTS)), text=text)
    start, end = marks(text, way)
    end = start + len(text[start:end].rstrip())
    assert found.startswith(text[:start])
    assert found.endswith(text[end:])


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_any_value_can_be_put_and_the_comments_stay(data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(SOURCES))
    tree = plain(text)
    ending = data.draw(st.sampled_from(["\n", "\r\n"]))
    way = data.draw(st.sampled_from(ways(tree)))
    edit: Put | Insert = Put(way=way, value=data.draw(VALUES))
    held = tree
    for step in way:
        held = held[step]
    if isinstance(held, list) and data.draw(st.booleans()):
        edit = Insert(way=way, at=data.draw(st.integers(0, len(held))), value=data.draw(VALUES))
    elif isinstance(held, dict) and data.draw(st.booleans()):
        edit = Put(way=(*way, "newly"), value=data.draw(VALUES))
    raw = text.replace("\n", ending).encode()
    try:
        found = rewritten("r.yaml", raw, [edit])
    except RewriteError as error:
        if "a comment stands in" not in str(error):
            raise
        return
    comments = re.findall(r"(?m)(?:^|\s)# .*$", text)
    kept = found.decode().replace("\r\n", "\n")
    assert all(comment.strip() in kept for comment in comments)
    assert (b"\r\n" in found) == (ending == "\r\n")
    assert found.count(b"\n") == found.count(ending.encode())


# --- taken out --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("way", "old", "new"),
    [
        (("cases", 0, "eligible"), "    eligible: yes\n", ""),
        (("extracted", "when"), "  when:\n", ""),
        (("cases", 0, "age_years", "unit"), "{value: 3, unit: year}", "{value: 3}"),
        (("cases", 0, "age_years", "value"), "{value: 3, unit: year}", "{unit: year}"),
        (("cases", 0, "case"), "  - case: 1\n    eligible: yes\n", "  - eligible: yes\n"),
        (("cases", 0, "ferritin", 0), "      - {value: 1271.4, when: baseline}\n", ""),
        (("cases", 0, "crp"), "    crp: not reported\n", ""),
        (("note",), "note: >-\n  a long note\n  on two lines\n", ""),
    ],
)
def test_a_key_or_an_item_goes_with_its_lines(way: tuple[str | int, ...], old: str, new: str) -> None:
    assert changed(Remove(way=way)) == REPORT.replace(old, new)


@pytest.mark.parametrize(
    ("way", "told"),
    [
        (("extracted", "by"), "r.yaml:5: a comment stands in what is to be taken out"),
        (("cases", 0, "ferritin", 1), "r.yaml:25: a comment stands in what is to be taken out"),
        (("cases", 0, "ferritin"), "r.yaml:22: a comment stands in what is to be taken out"),
        (("cases", 0, "d_dimer"), "there is nothing at"),
        (("cases", 3), "there is nothing at"),
    ],
)
def test_what_cannot_be_taken_out_is_said(way: tuple[str | int, ...], told: str) -> None:
    with pytest.raises(RewriteError, match=re.escape(told)):
        changed(Remove(way=way))


def test_of_two_changes_beside_what_goes_none_is_lost() -> None:
    order = (("decision", "reason", "when", "note"),)
    text = "a:\n  - decision: exclude\n    when: 2026\n    reason: x\n  - decision: b\n"
    edits = (
        Put(way=("a", 0, "decision"), value="include"),
        Remove(way=("a", 0, "reason")),
        Put(way=("a", 0, "note"), value="y", order=order),
        Remove(way=("a", 1)),
    )
    assert changed(*edits, text=text) == "a:\n  - decision: include\n    when: 2026\n    note: y\n"


@pytest.mark.parametrize(
    ("text", "way", "after"),
    [
        ("a: [1, 2, 3]\n", ("a", 1), "a: [1, 3]\n"),
        ("a: [1, 2, 3]\n", ("a", 0), "a: [2, 3]\n"),
        ("a: [1]  # one\n", ("a", 0), "a: []  # one\n"),
        ("a:\n- 1\nb: 2\n", ("a", 0), "a:\nb: 2\n"),
        ("a:\n- 1\n- 2", ("a", 1), "a:\n- 1"),
        ("a: 1\nb: '#2'\n", ("b",), "a: 1\n"),
    ],
)
def test_a_list_may_become_a_blank(text: str, way: tuple[str | int, ...], after: str) -> None:
    assert changed(Remove(way=way), text=text) == after


@pytest.mark.parametrize(
    ("text", "ways", "after"),
    [
        ("a: 1\nb: 2\n# c\nc: 3\n", [("a",), ("b",)], "# c\nc: 3\n"),
        ("a: 1\n\n# group\nb: 2\nc: 3\n", [("b",)], "a: 1\n\n# group\nc: 3\n"),
        ("a:\n- - 1\n  - 2\n- 3\n", [("a", 0, 0)], "a:\n- - 2\n- 3\n"),
        ("a:\n- b: 1\n  # c\n  c: 2\n", [("a", 0, "b")], "a:\n-\n  # c\n  c: 2\n"),
        ("a:\n- b: 1\n  c: 2\n  d: 3\n", [("a", 0, "b"), ("a", 0, "c")], "a:\n- d: 3\n"),
        ("a:\n-\n  b: 1\n# x\n- 2\n", [("a", 0)], "a:\n# x\n- 2\n"),
        ("a: {b: 1, c: , d: }\n", [("a", "c")], "a: {b: 1, d: }\n"),
        ("a: {b: 1, c: , d: }\n", [("a", "b"), ("a", "d")], "a: {c: }\n"),
        ("a: [1,  # one\n  2,\n  3]\n", [("a", 1)], "a: [1,  # one\n  3]\n"),
        ("a: [1,  # one\n  2]\n", [("a", 1)], "a: [1  # one\n  ]\n"),
        ("a: [1,\n  # two\n  2, 3]\n", [("a", 0), ("a", 1)], "a: [\n  # two\n   3]\n"),
    ],
)
def test_comments_between_neighbors_stay(text: str, ways: list[Way], after: str) -> None:
    assert changed(*(Remove(way=way) for way in ways), text=text) == after


@pytest.mark.parametrize(
    "text",
    [
        "a: [1,  # one\n  2]\n",
        "a: [1  # one\n  , 2]\n",
        "a:\n- 1  # one\n- 2\n",
        "a:\n- |  # one\n  1\n- 2\n",
        "a:\n-  # one\n  b: 1\n- 2\n",
        "a:\n- b: 1\n  # one\n  c: 1\n- 2\n",
    ],
)
def test_a_comment_of_an_item_is_not_lost_with_it(text: str) -> None:
    line = 1 + text[: text.index("# one")].count("\n")
    with pytest.raises(RewriteError, match=f"^r.yaml:{line}: a comment stands in what is to be taken out"):
        changed(Remove(way=("a", 0)), text=text)


FIRST, SECOND = "x" * 100, "y" * 60
LONG = f"{FIRST} {SECOND}"


@pytest.mark.parametrize(
    ("text", "value", "after"),
    [
        ("a: 1  # one\n", None, "a:  # one\n"),
        ("a: |  # one\n  1\n  2\nb: 3\n", None, "a:  # one\nb: 3\n"),
        ("a: |-  # one\n  1\n  2\nb: 3\n", "4", "a: 4  # one\nb: 3\n"),
        ("a:  # one\n  # two\n  b  # three\n", None, "a:  # one\n  # two  # three\n"),
        ("a:  # one\n  b  # two\n", "c", "a:  # one\n  c  # two\n"),
        ("a:\n  b: 1  # one\n", None, "a:  # one\n"),
        ("a:\n  b: 1  # one\n", {"c": LONG}, f"a:  # one\n  c: >-\n    {FIRST}\n    {SECOND}\n"),
        ("a: b  # one\n", LONG, f"a: >-  # one\n  {FIRST}\n  {SECOND}\n"),
        ("a: >-  # one\n  b\n", LONG, f"a: >-  # one\n  {FIRST}\n  {SECOND}\n"),
        ("a: b\n   # one\nc: 2\n", LONG, f"a: {LONG}\n   # one\nc: 2\n"),
    ],
)
def test_a_comment_beside_a_value_stays(text: str, value: Any, after: str) -> None:
    assert changed(Put(way=("a",), value=value), text=text) == after


def test_a_comment_behind_an_item_that_becomes_a_mapping_stays_in_its_first_line() -> None:
    found = changed(Put(way=("a", 0), value={"b": "1", "c": LONG}), text="a:\n- 1  # one\n- 2\n")
    assert found == f"a:\n- b: 1  # one\n  c: >-\n    {FIRST}\n    {SECOND}\n- 2\n"
