"""YAML nodes: scalars stay as typed, and every fault is told with its place."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casetable.curation.nodes import MAX_DEPTH, MAX_FILE_BYTES, Node, read_nodes

DEEP = f"is nested deeper than {MAX_DEPTH} levels; expected the shape that `casetable new` writes"


def plain(data: bytes) -> object:
    node, problems = read_nodes("f.yaml", data)
    assert problems == ()
    assert node is not None
    return node.plain()


def told(data: bytes) -> list[str]:
    return [str(problem) for problem in read_nodes("f.yaml", data)[1]]


# --- what is read -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed",
    ["No", "yes", "on", "1:30", "012", "0x1f", "1_000", "1e3", ".5", "2026-01-15", "3.10", "+3", "True", "=", "Null"],
)
def test_a_scalar_stays_as_typed(typed: str) -> None:
    assert plain(f"a: {typed}\n".encode()) == {"a": typed}


@pytest.mark.parametrize("typed", ["", "~", "null", '""', "'  '"])
def test_a_blank_is_none(typed: str) -> None:
    assert plain(f"a: {typed}\n".encode()) == {"a": None}


@pytest.mark.parametrize("typed", ['"null"', "'~'"])
def test_a_quoted_blank_word_is_text(typed: str) -> None:
    assert plain(f"a: {typed}\n".encode()) == {"a": typed[1:-1]}


def test_the_merge_key_is_a_key_like_any_other() -> None:
    assert plain(b"<<: {a: 1}\n") == {"<<": {"a": "1"}}


@pytest.mark.parametrize("data", [b"", b"\n\n", b"# only a comment\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_an_empty_mapping(data: bytes) -> None:
    assert plain(data) == {}


@pytest.mark.parametrize("data", [b"\xef\xbb\xbfa: 1\nb: 2\n", b"a: 1\r\nb: 2\r\n", b"a: 1\nb: 2"])
def test_byte_order_mark_line_ends_and_a_missing_last_one_change_nothing(data: bytes) -> None:
    assert plain(data) == {"a": "1", "b": "2"}


def test_a_text_block_keeps_its_lines() -> None:
    assert plain(b"a: |\r\n  one\r\n  two\r\nb: >\r\n  three\r\n  four\r\n") == {
        "a": "one\ntwo\n",
        "b": "three four\n",
    }


def test_clinicians_characters_are_text() -> None:
    text = "µg/l – ≤280 °C ²³ “quoted” 患者 é 😀 \ue000"
    assert plain(f"a: {text}\n".encode()) == {"a": text}


def test_nodes_know_their_places() -> None:
    node, _ = read_nodes("f.yaml", b"schema: 1\ncases:\n  - case: 1\n    sex: female\n  - {case: 2}\n")
    assert node is not None
    assert str(node.at("cases", 0, "sex").place) == "f.yaml:4:10"
    assert str(node.at("cases", 0).key_places["sex"]) == "f.yaml:4:5"
    assert str(node.at("cases", 1, "case").place) == "f.yaml:5:12"
    assert node.at("cases", 1).is_flow
    assert not node.at("cases", 0).is_flow
    assert (node.at("cases", 0).end, node.at("cases").end) == (4, 5)


def test_a_path_that_does_not_exist_leads_to_what_holds_it() -> None:
    node, _ = read_nodes("f.yaml", b"a: [x]\n")
    assert node is not None
    assert node.at("a", 7) is node.at("a")
    assert node.at("b", "c") is node
    assert node.at("a", "b") is node.at("a")


def test_places_count_from_behind_the_byte_order_mark() -> None:
    node, _ = read_nodes("f.yaml", b"\xef\xbb\xbfa: 1\n")
    assert node is not None
    assert str(node.at("a").place) == "f.yaml:1:4"


@pytest.mark.parametrize(
    ("data", "kind"),
    [(b"a: {b: 1}", "a mapping"), (b"a: [b]", "a list"), (b"a:", "blank"), (b"a: b c", "'b c'")],
)
def test_a_node_names_its_kind_for_a_message(data: bytes, kind: str) -> None:
    node, _ = read_nodes("f.yaml", data)
    assert node is not None
    assert node.at("a").kind == kind


# --- faults -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a:\n\tb: c\n", "f.yaml:2:1: F104 a tab stands where the line is indented; expected spaces"),
        (b"a:\n  - b\n \t- c\n", "f.yaml:3:2: F104 a tab stands where the line is indented; expected spaces"),
        (
            b"a: b: c\n",
            "f.yaml:1:5: F104 a second ': ' stands in one line; expected the text after the first one in quotes",
        ),
        (b"a: @b\n", "f.yaml:1:4: F104 a value begins with '@'; expected it in quotes"),
        (b"a: `b`\n", "f.yaml:1:4: F104 a value begins with '`'; expected it in quotes"),
        (b"a: %b\n", "f.yaml:1:4: F104 a value begins with '%'; expected it in quotes"),
        (
            b"a: 1\nb\nc: 2\n",
            "f.yaml:2:1: F104 a line without ': ' stands where a key is due; expected 'key: value', with a blank after the colon",
        ),
        (b"a: 1\nb: \x07\n", "f.yaml:2:4: F104 the control character '\\x07' is not allowed; expected text"),
        (b"a: \x00\n", "f.yaml:1:4: F104 the control character '\\x00' is not allowed; expected text"),
        (b"a: 1\n---\nb: 2\n", "f.yaml:2:1: F104 a second YAML document begins here; expected one"),
        (b"[a, b]: c\n", "f.yaml:1:1: F104 a list stands where a key is due; expected a plain key"),
        (b"? {a: b}\n: c\n", "f.yaml:1:3: F104 a mapping stands where a key is due; expected a plain key"),
        (b"a: \xff\n", "f.yaml:1:4: F103 byte 0xff is not UTF-8; expected a file saved as UTF-8"),
        (b"a: 1\r\nb: na\xefve\r\n", "f.yaml:2:6: F103 byte 0xef is not UTF-8; expected a file saved as UTF-8"),
        ("a: µµ".encode() + b"\xb5\n", "f.yaml:1:6: F103 byte 0xb5 is not UTF-8; expected a file saved as UTF-8"),
        (b"a: &x 1\n", "f.yaml:1:4: F106 the anchor '&x' is not read here; expected the plain value"),
        (b"a: *x\n", "f.yaml:1:4: F106 the alias '*x' is not read here; expected the value itself"),
        (b"a: !!int 1\n", "f.yaml:1:4: F106 the tag '!!int' is not read here; expected the plain value"),
        (b"a: !x 1\n", "f.yaml:1:4: F106 the tag '!x' is not read here; expected the plain value"),
        (
            b"a: 1\nb: 2\na: 3\n",
            "f.yaml:3:1: F105 'a' stands here a second time, first in line 1; expected each key once",
        ),
        (
            b"a: {b: 1, b: 2}\n",
            "f.yaml:1:11: F105 'b' stands here a second time, first in line 1; expected each key once",
        ),
        (b'a: 1\n"a": 2\n', "f.yaml:2:1: F105 'a' stands here a second time, first in line 1; expected each key once"),
        (b"[" * 40, f"f.yaml:1:{MAX_DEPTH + 1}: F104 {DEEP}"),
        (b"x" * (MAX_FILE_BYTES + 1), "f.yaml: F102 is larger than 5,000,000 bytes"),
    ],
)
def test_a_fault_is_told_with_its_place(data: bytes, message: str) -> None:
    assert told(data) == [message]


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b'a: "b\nc: d\n', 3),
        (b"a: 'b\nc: d\n", 3),
        (b"a:\n   b: 2\n  c: 3\n", 3),
        (b"a: [1, 2\nb: 3\n", 2),
        (b"a: 1\n}\n", 2),
    ],
)
def test_what_is_not_closed_or_fits_nowhere_is_one_fault(data: bytes, line: int) -> None:
    node, problems = read_nodes("f.yaml", data)
    assert node is None
    assert [(problem.code, problem.place.line) for problem in problems] == [("F104", line)]
    assert "; expected " in problems[0].message


def test_a_file_of_the_largest_size_is_read() -> None:
    assert plain(b"a: 1\n#" + b"x" * (MAX_FILE_BYTES - 6)) == {"a": "1"}


def test_nesting_up_to_the_limit_is_read() -> None:
    assert told(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH) == []


def test_equal_keys_leave_the_first_value_and_all_other_faults_are_told_too() -> None:
    node, problems = read_nodes("f.yaml", b"a: 1\na: &x 2\nb: *x\n")
    assert node is not None
    assert node.plain() == {"a": "1", "b": "*x"}
    assert {(problem.code, problem.place.line) for problem in problems} == {("F105", 2), ("F106", 2), ("F106", 3)}


def test_a_bomb_of_aliases_stays_small() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    node, problems = read_nodes("f.yaml", "\n".join(lines).encode())
    assert node is not None
    assert {problem.code for problem in problems} == {"F106"}
    assert len(str(node.plain())) < 2_000


@pytest.mark.parametrize("start", [b"[", b"{a: ", b"- ", b"? ", b"a: [", b"[[],"])
def test_hostile_nesting_answers_at_once(start: bytes) -> None:
    plain = b"- a\n" * 250_000  # as long, and read to its end
    began = time.process_time()
    read_nodes("f.yaml", plain)
    reading = time.process_time() - began
    began = time.process_time()
    assert any(DEEP in message for message in told(start * (1_000_000 // len(start)))), start
    assert time.process_time() - began < 2 * reading


def test_a_wrong_byte_behind_a_byte_order_mark_is_named() -> None:
    expected = "f.yaml:2:4: F103 byte 0xff is not UTF-8; expected a file saved as UTF-8"
    assert told(b"\xef\xbb\xbfa: b\nc: \xff\n") == [expected]


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85"])
def test_a_line_separator_inside_a_text_does_not_shift_the_lines_below(separator: str) -> None:
    expected = "f.yaml:2:4: F106 the alias '*c' is not read here; expected the value itself"
    assert told(f'a: "x{separator} y"\nb: *c\n'.encode()) == [expected]


@pytest.mark.parametrize(("data", "column"), [(b"a: b\rc: d\r\n", 5), (b"a: b\r", 5)])
def test_a_line_end_of_old_is_refused(data: bytes, column: int) -> None:
    expected = f"f.yaml:1:{column}: F104 the control character '\\r' is not allowed; expected text"
    assert told(data) == [expected]


# --- any input --------------------------------------------------------------------------------------------------------

# Texts near to YAML reach deeper into the reader than arbitrary ones do.
_PIECES = st.sampled_from(
    [
        "a",
        "b",
        ":",
        ": ",
        "- ",
        "\n",
        "\n  ",
        "[",
        "]",
        "{",
        "}",
        ", ",
        '"',
        "'",
        "#",
        " #",
        "&x ",
        "*x",
        "!t ",
        "|\n",
        ">\n",
        "---\n",
        "...\n",
        "%YAML 1.2\n",
        "? ",
        "~",
        "\t",
        "\r\n",
        "\ufeff",
        "µ",
        "<<",
        "null",
        "\\",
        "@",
        "\x07",
    ]
)
_YAML_LIKE = st.lists(_PIECES, max_size=30).map("".join)


def _assert_sound(data: bytes) -> None:
    node, problems = read_nodes("f.yaml", data)
    text = data.decode("utf-8", errors="replace")
    lines = text.split("\n")
    assert node is not None or problems
    for place in [problem.place for problem in problems] + _places(node):
        assert place.path == "f.yaml"
        assert 0 <= place.line <= len(lines) + 1  # what is due at the end of the file stands in the line behind it
        assert 0 <= place.column <= max(map(len, lines)) + 1
    for problem in problems:
        assert problem.message
        assert not any(char < " " or char in "\x7f\x85\u2028\u2029\u202e" for char in problem.message)


def _places(node: Node | None) -> list:
    if node is None:
        return []
    below = [*(node.items or ()), *(node.pairs or {}).values()]
    return [node.place, *node.key_places.values(), *(place for each in below for place in _places(each))]


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_make_the_reader_raise(data: bytes) -> None:
    _assert_sound(data)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=100))
def test_no_text_makes_the_reader_raise(text: str) -> None:
    _assert_sound(text.encode())


@settings(max_examples=400, deadline=None)
@given(_YAML_LIKE)
def test_nothing_that_looks_like_yaml_makes_the_reader_raise(text: str) -> None:
    _assert_sound(text.encode())
