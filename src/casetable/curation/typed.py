"""A text of a YAML file as it was typed: with its line breaks, and with the place in the file of each character.

YAML folds lines and resolves escapes; whoever is told of a fault within a long text needs the place in the file, and a
comment within it ends where its line ends.
"""

from __future__ import annotations

import codecs
import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

import yaml

from casetable.curation.nodes import events_of, text_of
from casetable.problems import Place

_ESCAPED = {"n": "\n", "t": "\t", "\t": "\t", '"': '"', "/": "/", "\\": "\\", " ": " ", "_": "\u00a0", "0": "\0"}
_HEX = {"x": 2, "u": 4, "U": 8}


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """`offsets[n]` is the place of `text[n]` in the file's text; there is one more, for the end."""

    text: str
    offsets: tuple[int, ...]
    path: str
    starts: tuple[int, ...]
    style: str

    @property
    def lines(self) -> tuple[Place, ...]:
        """Returns where each line of the text begins in the file."""
        begins = [0, *(at + 1 for at, character in enumerate(self.text) if character == "\n")]
        return tuple(self.place(at) for at in begins)

    def place(self, at: int) -> Place:
        """Returns the place in the file of a place in the text."""
        offset = self.offsets[min(max(at, 0), len(self.offsets) - 1)]
        line = bisect_right(self.starts, offset)
        return Place(self.path, line, offset - self.starts[line - 1] + 1)


def typed_text(path: str, data: bytes, place: Place) -> Typed | None:
    """Returns the text that begins at a place of a file that is YAML, or None where none does."""
    whole = text_of(data)
    for event in events_of(whole):
        start, end = event.start_mark, event.end_mark
        if isinstance(event, yaml.ScalarEvent) and start and end and (start.line + 1, start.column + 1) == place[1:3]:
            aligned = _aligned(whole[start.index : end.index], event.value, event.style or "")
            if aligned is None:
                return None
            text, offsets = aligned
            starts = tuple(accumulate((len(line) for line in whole.splitlines(keepends=True)), initial=0))
            return Typed(
                text=text,
                offsets=tuple(start.index + offset for offset in offsets),
                path=path,
                starts=starts,
                style=event.style or "",
            )
    return None


def with_edits(data: bytes, typed: Typed, edits: Sequence[tuple[int, int, str]]) -> bytes | None:
    """Returns a file with places of a text of it replaced, each (start, end, new text), in order, none over another.

    Nothing else of the file changes. None where that cannot be done: the file's line ends are of two kinds, or the text
    would have to be written in another style; whoever calls must read the text again to see.
    """
    raw = data.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    is_crlf = "\r\n" in raw
    if is_crlf and raw.count("\r\n") != raw.count("\n"):
        return None
    whole = raw.replace("\r\n", "\n")  # as long as the text that the places are places of
    pieces: list[str] = []
    at = 0
    for start, end, new in edits:
        first = typed.offsets[start]
        last = typed.offsets[end] if end > start else first
        pieces += [whole[at:first], _escaped(new, typed.style)]
        at = max(at, last)
    text = "".join([*pieces, whole[at:]])
    bom = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
    return bom + (text.replace("\n", "\r\n") if is_crlf else text).encode()


def _escaped(text: str, style: str) -> str:
    if style == '"':
        return text.replace("\\", "\\\\").replace('"', '\\"')
    return text.replace("'", "''") if style == "'" else text


def _aligned(raw: str, value: str, style: str) -> tuple[str, list[int]] | None:
    """Follows a value through what was typed; line breaks that YAML folded come back."""
    text: list[str] = []
    offsets: list[int] = []
    at = _after_blank(raw, raw.find("\n") + 1 if style in {"|", ">"} else len(style), style)
    for is_blank, run in _runs(value.strip()):
        if is_blank:
            end = _after_blank(raw, at, style)
            if end == at:
                return None
            blank = raw[at:end]
            if "\n" in blank or "\\" in blank:
                text.append("\n" if "\n" in blank or "\n" in run else " ")
                offsets.append(at)
            else:
                text.append(blank)
                offsets += range(at, end)
            at = end
            continue
        for character in run:
            read = _read(raw, at, style)
            while read is not None and not read[0]:  # a line that goes on behind a backslash
                at = read[1]
                read = _read(raw, at, style)
            if read is None or read[0] != character:
                return None
            text.append(character)
            offsets.append(at)
            at = read[1]
    return "".join(text), [*offsets, at]


def _after_blank(raw: str, at: int, style: str) -> int:
    """Returns where the blanks that begin at a place end, those written as escapes too."""
    while (read := _read(raw, at, style)) is not None and not read[0].strip():
        at = read[1]
    return at


def _runs(value: str) -> Iterable[tuple[bool, str]]:
    return ((not run.strip(), run) for run in re.findall(r"\s+|\S+", value))


def _read(raw: str, at: int, style: str) -> tuple[str, int] | None:
    """Returns the character at a place of a scalar, and where the next one begins; nothing for a folded line end."""
    if at >= len(raw):
        return None
    if style == "'" and raw.startswith("''", at):
        return "'", at + 2
    if style != '"' or raw[at] != "\\":
        return raw[at], at + 1
    kind = raw[at + 1 : at + 2]
    if kind == "\n":
        after = at + 2
        while after < len(raw) and raw[after] in " \t":
            after += 1
        return "", after
    if kind in _HEX:
        end = at + 2 + _HEX[kind]
        try:
            return chr(int(raw[at + 2 : end], 16)), end
        except (ValueError, OverflowError):
            return None
    return (_ESCAPED[kind], at + 2) if kind in _ESCAPED else None
