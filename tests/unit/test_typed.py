"""A text of a YAML file as it was typed: its line breaks, the place of each character, and edits that change nothing else."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from casetable.curation.nodes import read_nodes
from casetable.curation.typed import Typed, typed_text, with_edits

STYLES = [
    ("s: a OR b  # c\n", "a OR b", ["1:4"]),
    ("s: >-\n  #1 a  b\n  #2 c  # note\n\n  #3 #1 OR #2\nx: y\n", "#1 a  b\n#2 c  # note\n#3 #1 OR #2", ["2:3", "3:3", "5:3"]),
    ("s: |\n    a\n      b\n", "a\nb", ["2:5", "3:7"]),
    ('s: "a \\"b c\\"[ti] OR\n  d\\u2217 e\\\n   f"\n', 'a "b c"[ti] OR\nd∗ ef', ["1:5", "2:3"]),
    ('s: "a # b\\nOR c"\n', "a # b\nOR c", ["1:5", "1:12"]),
    ("s: 'it''s\n   b'\n", "it's\nb", ["1:5", "2:4"]),
    ("s: a\n   b\n\n   c\nz: 1\n", "a\nb\nc", ["1:4", "2:4", "4:4"]),
    ("x: 1\r\ns: >-\r\n  é a\r\n  b\r\n", "é a\nb", ["3:3", "4:3"]),
    ("\ufeffs: a\n", "a", ["1:4"]),
    ('s: ""\n', "", ["1:5"]),
]  # fmt: skip


def typed_of(data: bytes) -> Typed:
    node, problems = read_nodes("q.yaml", data)
    assert node is not None
    assert not problems
    typed = typed_text("q.yaml", data, node.at("s").place)
    assert typed is not None
    return typed


@pytest.mark.parametrize(("source", "text", "lines"), STYLES, ids=[source for source, _, _ in STYLES])
def test_each_style_is_followed_to_its_places(source: str, text: str, lines: list[str]) -> None:
    typed = typed_of(source.encode())
    assert typed.text == text
    assert [f"{place.line}:{place.column}" for place in typed.lines] == lines
    assert len(typed.offsets) == len(text) + 1


def test_where_no_text_begins_there_is_none() -> None:
    node, _ = read_nodes("q.yaml", b"s: [a]\n")
    assert node is not None
    assert typed_text("q.yaml", b"s: [a]\n", node.at("s").place) is None


@pytest.mark.parametrize(
    ("source", "edits", "expected"),
    [
        ("# c\ns: a b  # d\nx: 1\n", [(0, 1, "Q"), (3, 3, "Z")], "# c\ns: Q bZ  # d\nx: 1\n"),
        ("s: >-\n  a\n  b c\n", [(2, 3, '"b"')], 's: >-\n  a\n  "b" c\n'),
        ('s: "a b"\n', [(0, 1, '"q"')], 's: "\\"q\\" b"\n'),
        ("s: 'a b'\n", [(0, 1, "it's")], "s: 'it''s b'\n"),
        ("s: |\r\n  a b\r\n", [(1, 3, "")], "s: |\r\n  a\r\n"),
        ('s: "a\\u2217b"\n', [(1, 2, "*")], 's: "a*b"\n'),
        ('x: "a\u2028b\x85c"\ns: a\n', [(0, 1, "b")], 'x: "a\u2028b\x85c"\ns: b\n'),
    ],
)
def test_an_edit_changes_nothing_else(source: str, edits: list[tuple[int, int, str]], expected: str) -> None:
    data = source.encode()
    assert with_edits(data, typed_of(data), edits) == expected.encode()


def test_line_ends_of_two_kinds_are_left_alone() -> None:
    data = b"x: 1\r\ns: a\n"
    assert with_edits(data, typed_of(data), [(0, 1, "b")]) is None


TEXTS = st.text(alphabet="ab \n\"'#:[]*∗é\\-", min_size=1, max_size=40).map(
    lambda text: "\n".join(line.strip() for line in text.split("\n"))
)


@given(TEXTS, st.sampled_from([None, "'", '"', "|", ">"]), st.integers(10, 60))
def test_whatever_yaml_writes_is_followed(text: str, style: str | None, width: int) -> None:
    data = yaml.dump({"s": text}, default_style=style, allow_unicode=True, width=width).encode()
    node, _ = read_nodes("q.yaml", data)
    assert node is not None
    [place] = [found.place for key, found in (node.pairs or {}).items() if key == "s"]
    typed = typed_text("q.yaml", data, place)
    assert typed is not None
    assert typed.text.split() == text.split()
    whole = data.decode()
    for at, character in enumerate(typed.text):
        if character.isalpha() and style != '"':
            assert whole[typed.offsets[at]] == character
