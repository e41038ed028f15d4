"""Reads YAML into nodes that keep every scalar as the curator typed it, with its place.

The form gives a scalar its type, never YAML: plain YAML turns `No` into false, `1:30` into 90 and swallows the first
of two equal keys. Equal keys, anchors, aliases and tags are refused, and every such fault of a file is reported.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

from casetable.problems import Example, Place, Problem, Rule, shown

MAX_FILE_BYTES = 5_000_000
MAX_DEPTH = 24

_REPORT = "curated/reports/doe-2020.yaml"

F101 = Rule(
    code="F101",
    name="missing-file",
    summary="a file that the review needs is not there or cannot be opened",
    why="Without it nothing can be said about the review.",
    fix="Restore the file from git, or write it; `casetable init` shows what each file looks like.",
    example=Example(path="curated/screening.yaml", good="", bad=None, message="is missing"),
    unreadable=True,
)
F102 = Rule(
    code="F102",
    name="file-too-large",
    summary=f"a hand-written file is larger than {MAX_FILE_BYTES:,} bytes",
    why="A file of that size was not written by hand; reading it could exhaust the machine.",
    fix="Split the report's file, or remove what does not belong there.",
    example=Example(
        path=_REPORT,
        good="note: the invented report of the examples",
        bad="note: " + "x" * MAX_FILE_BYTES,
        message=f"is larger than {MAX_FILE_BYTES:,} bytes",
    ),
    unreadable=True,
)
F103 = Rule(
    code="F103",
    name="not-utf-8",
    summary="a file is not UTF-8",
    why="In another encoding a name or a unit would be read as something else.",
    fix="Save the file as UTF-8; every editor has it in its save dialog.",
    example=Example(
        path=_REPORT,
        good="note: the invented report of the examples",
        bad="note: na\udcefve",
        message="byte 0xef is not UTF-8; expected a file saved as UTF-8",
    ),
    unreadable=True,
)
F104 = Rule(
    code="F104",
    name="not-yaml",
    summary="a file is not YAML as casetable reads it",
    why="What follows the fault cannot be understood.",
    fix="Mend the place named; indent with spaces, and put a text that holds `: ` or ` #` in quotes.",
    example=Example(
        path=_REPORT,
        good="note: the invented report of the examples",
        bad="note:\n\tthe invented report of the examples",
        message="a tab stands where the line is indented; expected spaces",
    ),
    unreadable=True,
)
F105 = Rule(
    code="F105",
    name="key-twice",
    summary="a key stands twice in one mapping",
    why="YAML keeps only the last one, so a curated value would vanish without a word.",
    fix="Remove one of the two.",
    example=Example(
        path=_REPORT,
        good="    sex: female\n",
        bad="    sex: female\n    sex: male\n",
        message="'sex' stands here a second time, first in line 12; expected each key once",
    ),
    unreadable=True,
)
F106 = Rule(
    code="F106",
    name="anchor-alias-tag",
    summary="a file uses an anchor, an alias or a tag",
    why="They make a file say something that its reader does not see, and can blow it up to any size.",
    fix="Write the value out where it is needed.",
    example=Example(
        path=_REPORT,
        good="    sex: female\n",
        bad="    sex: &sex female\n",
        message="the anchor '&sex' is not read here; expected the plain value",
    ),
    unreadable=True,
)

F107 = Rule(
    code="F107",
    name="wrong-ending",
    summary="a file has another ending than .yaml, so it is not read",
    why="What it holds would be left out of the review without a word.",
    fix="Rename the file to NAME.yaml.",
    example=Example(
        path="curated/reports/roe-2021.yml",
        good="",
        bad="schema: 1\n",
        message="is not read; expected the ending .yaml",
    ),
    unreadable=True,
)

RULES = (F101, F102, F103, F104, F105, F106, F107)


@dataclass(slots=True)
class Node:
    """A value of a YAML file and its place: a scalar (`text`), a list (`items`) or a mapping (`pairs`).

    `text` is None for a blank. `end` is the line (from 1) on which the value's last scalar ends.
    """

    place: Place
    text: str | None = None
    items: list[Node] | None = None
    pairs: dict[str, Node] | None = None
    key_places: dict[str, Place] = field(default_factory=dict)
    is_flow: bool = False
    end: int = 0

    @property
    def is_blank(self) -> bool:
        return self.items is None and self.pairs is None and (self.text is None or not self.text.strip())

    @property
    def kind(self) -> str:
        """What the node is, in words for a message."""
        if self.pairs is not None:
            return "a mapping"
        return "a list" if self.items is not None else "blank" if self.is_blank else shown(self.text)

    def plain(self) -> object:
        """Returns the value as plain lists, dicts and strings; a blank is None."""
        if self.pairs is not None:
            return {key: node.plain() for key, node in self.pairs.items()}
        if self.items is not None:
            return [node.plain() for node in self.items]
        return None if self.is_blank else self.text

    def at(self, *path: str | int) -> Node:
        """Returns the node at a path of keys and indexes, or the deepest one on the way that exists."""
        node = self
        for step in path:
            below: Node | None = None
            if isinstance(step, int) and node.items is not None and step < len(node.items):
                below = node.items[step]
            elif isinstance(step, str) and node.pairs is not None:
                below = node.pairs.get(step)
            if below is None:
                break
            node = below
        return node


def read_nodes(path: str, data: bytes) -> tuple[Node | None, tuple[Problem, ...]]:
    """Returns the nodes of a YAML file and its faults; no node where it is not YAML.

    Where keys stand twice or anchors, aliases and tags are used, the nodes are there too, so that all other faults of
    the file can be told at once; yet the file does not count as read. Raises nothing, whatever the bytes are.
    """
    whole = Place(path=path)
    if len(data) > MAX_FILE_BYTES:
        return None, (F102.at(whole, f"is larger than {MAX_FILE_BYTES:,} bytes"),)
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", errors="replace")
        place = Place(path=path, line=before.count("\n") + 1, column=len(before) - (before.rfind("\n") + 1) + 1)
        message = f"byte 0x{data[error.start]:02x} is not UTF-8; expected a file saved as UTF-8"
        return None, (F103.at(place, message),)
    if found := _CONTROL.search(text):
        line_start = text.rfind("\n", 0, found.start()) + 1
        place = Place(path, text.count("\n", 0, line_start) + 1, found.start() - line_start + 1)
        return None, (F104.at(place, f"the control character {shown(found[0])} is not allowed; expected text"),)
    text = _with_plain_lines(text)
    composer = _Composer(path)
    try:
        node = composer.compose(text)
    except yaml.MarkedYAMLError as error:
        return None, (*composer.problems, F104.at(*_syntax_fault(path, text, error)))
    except _TooDeepError as error:
        return None, (*composer.problems, F104.at(error.place, _TOO_DEEP))
    except yaml.YAMLError as error:
        return None, (*composer.problems, F104.at(whole, f"cannot be read as YAML ({shown(error)})"))
    return node or Node(place=Place(path=path, line=1, column=1), pairs={}), tuple(composer.problems)


def text_of(data: bytes) -> str:
    """Returns the text of a file that `read_nodes` could read, as the places of its nodes count it."""
    return _with_plain_lines(data.removeprefix(codecs.BOM_UTF8).decode("utf-8"))


def _with_plain_lines(text: str) -> str:
    """YAML breaks lines at more than line feeds; editors and git do not, and the places are theirs."""
    return text.replace("\r\n", "\n").translate({0x85: " ", 0x2028: " ", 0x2029: " "})


# What YAML 1.2 does not allow in a stream (5.1), tabs and line breaks aside.
_CONTROL = re.compile(
    "\\r(?!\\n)|[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f-\\x84\\x86-\\x9f\\ud800-\\udfff\\ufffe\\uffff]"
)


def can_be_written(text: str) -> bool:
    """Whether a text can stand in a YAML file and be read again."""
    return not _CONTROL.search(" ".join(text.split()))


def _syntax_fault(path: str, text: str, error: yaml.MarkedYAMLError) -> tuple[Place, str]:
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return Place(path=path), f"cannot be read as YAML ({error.problem})"
    place = Place(path=path, line=mark.line + 1, column=mark.column + 1)
    lines = text.split("\n")
    problem = error.problem or ""
    if "maximum nesting depth" in problem:  # PyYAML's own limit, since 6.0.4, is met while it looks ahead
        return place, _TOO_DEEP
    for number in (mark.line, mark.line - 1):
        line = lines[number] if 0 <= number < len(lines) else ""
        indent = line[: len(line) - len(line.lstrip(" \t"))]
        if "\t" in indent:
            at = Place(path=path, line=number + 1, column=indent.index("\t") + 1)
            return at, "a tab stands where the line is indented; expected spaces"
    before = (lines[mark.line] if mark.line < len(lines) else "")[: mark.column]
    if "mapping values are not allowed" in problem:
        if before.count(": ") or ": " in before.lstrip():
            return place, "a second ': ' stands in one line; expected the text after the first one in quotes"
        return (
            place,
            "the indent fits no line above, or a line above has no ': '; expected the keys of one mapping in one column",
        )
    if re.search(r"""["']\s*$""", before) and ":" in before:
        message = "text goes on after a closing quote; expected the whole in '…', or below '>-' in a line of its own"
        return place, message
    if "expected <document start>" in problem or "document" in problem:
        return place, "something stands after the end of the file's mapping; expected one mapping of 'key: value' lines"
    if "could not find expected ':'" in problem:
        above = next((n for n in range(mark.line - 1, -1, -1) if n < len(lines) and lines[n].strip()), mark.line)
        place = Place(path, above + 1, len(lines[above]) - len(lines[above].lstrip()) + 1)
        return (
            place,
            "a line without ': ' stands where a key is due; expected 'key: value', with a blank after the colon",
        )
    if "flow" in (error.context or ""):
        return place, "a quote or bracket is opened and not closed; expected its end"
    if "did not find expected" in problem or "expected <block end>" in problem or "block" in problem:
        return place, "the indent fits no line above; expected the keys of one mapping to begin in one column"
    if "quoted scalar" in (error.context or "") or "unexpected end of stream" in problem:
        return place, "a quote or bracket is opened and not closed; expected its end"
    if "cannot start any token" in problem or "character" in problem:
        line = lines[mark.line] if mark.line < len(lines) else ""
        char = line[mark.column : mark.column + 1]
        return place, f"a value begins with {shown(char)}; expected it in quotes"
    return place, f"cannot be read as YAML ({problem})"


_BLANKS = frozenset({"", "~", "null"})
_TOO_DEEP = f"is nested deeper than {MAX_DEPTH} levels; expected the shape that `casetable new` writes"


class _TooDeepError(Exception):
    def __init__(self, place: Place) -> None:
        self.place = place


class _Composer:
    """Builds nodes from the parser's events, without recursion, and collects what is refused."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.problems: list[Problem] = []

    def compose(self, text: str) -> Node | None:
        root: Node | None = None
        documents = 0
        # An open collection, and for a mapping the key whose value is due (None: a key is due).
        stack: list[tuple[Node, list[tuple[str, Place]] | None]] = []
        for event in events_of(text):
            kind = type(event)
            if kind is yaml.SequenceEndEvent or kind is yaml.MappingEndEvent:
                closed, _ = stack.pop()
                if stack:
                    stack[-1][0].end = max(stack[-1][0].end, closed.end)
                continue
            start, end = event.start_mark, event.end_mark
            if start is None or end is None:
                continue
            place = Place(self.path, start.line + 1, start.column + 1)
            if kind is yaml.DocumentStartEvent:
                documents += 1
                if documents > 1:
                    self.problems.append(F104.at(place, "a second YAML document begins here; expected one"))
                    break
                continue
            node = self._node(event, place)
            if node is None:
                continue
            node.end = max(end.line + (1 if end.column else 0), place.line)
            if stack:
                parent, pending = stack[-1]
                parent.end = max(parent.end, node.end)
                if not self._put(node, parent, pending):
                    continue
            elif root is None:
                root = node
            if node.items is not None or node.pairs is not None:
                if len(stack) >= MAX_DEPTH:
                    raise _TooDeepError(place)
                stack.append((node, [] if node.pairs is not None else None))
        return root

    def _node(self, event: yaml.Event, place: Place) -> Node | None:
        if isinstance(event, yaml.AliasEvent):
            message = f"the alias '*{event.anchor}' is not read here; expected the value itself"
            self.problems.append(F106.at(place, message))
            return Node(place=place, text=f"*{event.anchor}")
        if not isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent):
            return None
        if event.anchor is not None:
            message = f"the anchor '&{event.anchor}' is not read here; expected the plain value"
            self.problems.append(F106.at(place, message))
        if event.tag is not None:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            self.problems.append(F106.at(place, f"the tag {shown(tag)} is not read here; expected the plain value"))
        if isinstance(event, yaml.ScalarEvent):
            is_blank = not event.style and event.value in _BLANKS
            return Node(place=place, text=None if is_blank else event.value)
        if isinstance(event, yaml.SequenceStartEvent):
            return Node(place=place, items=[], is_flow=bool(event.flow_style))
        return Node(place=place, pairs={}, is_flow=bool(event.flow_style))

    def _put(self, node: Node, parent: Node, pending: list[tuple[str, Place]] | None) -> bool:
        """Puts a node into its open collection; False where the node was only a key."""
        if parent.items is not None:
            parent.items.append(node)
            return True
        assert parent.pairs is not None and pending is not None  # noqa: S101, PT018
        if pending:
            key, place = pending.pop()
            if key in parent.pairs:
                first = parent.key_places[key].line
                message = f"{shown(key)} stands here a second time, first in line {first}; expected each key once"
                self.problems.append(F105.at(place, message))
            else:
                parent.pairs[key] = node
                parent.key_places[key] = place
            return True
        if node.items is not None or node.pairs is not None:
            self.problems.append(F104.at(node.place, f"{node.kind} stands where a key is due; expected a plain key"))
            pending.append((f"<{node.kind} at {node.place}>", node.place))
            return True
        pending.append(((node.text or "").strip(), node.place))
        return False


def events_of(text: str) -> Iterator[yaml.Event]:
    """Yields YAML's events of a text; raises yaml.YAMLError."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    yield from yaml.parse(text, Loader=loader)
