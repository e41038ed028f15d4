"""Puts entries at the end of a list of a hand-written file as text, or takes one out; every other byte stays as it was.

An entry is what a person would have written: a dash, and below each other its keys with their values.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, TypeVar

from casetable.curation.nodes import F102, Node, can_be_written, read_nodes
from casetable.curation.rewrite import Remove, rewritten, scalar
from casetable.errors import UsageError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from casetable.problems import Problem

T = TypeVar("T", bound="DataclassInstance")
Read = Callable[[str, bytes], tuple[tuple[T, ...], "tuple[Problem, ...]"]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """An entry as it is written: its keys in their order, each with a text or a list of texts; a blank one is left out.

    `remark` is a comment behind the first key.
    """

    values: Mapping[str, str | Sequence[str]]
    remark: str = ""


def with_entries(
    path: str, data: bytes, key: str, entries: Sequence[tuple[T, Written]], read: Read[T], *, what: str
) -> bytes:
    """Returns a file with entries put at the end of the list under a key of its own; the key may be new there.

    `read` gives the entries of that list. What it then gives must be what it gave before, and the new ones. Raises UsageError
    where the file has faults, is written so that `what` cannot be added as text, or cannot hold it.
    """
    before, problems = read(path, data)
    root, faults = read_nodes(path, data)
    if root is None or faults or problems:
        raise UsageError(f"{(*problems, *faults)[0]}; mend it first, nothing was written")
    for _, written in entries:
        _require_text(written)
    changed = _appended(path, data, root, key, [written for _, written in entries])
    after, problems = read(path, changed)
    if problems and problems[0].code == F102.code:
        raise UsageError(f"{what} could not be added: {problems[0]}")
    found, _ = read_nodes(path, changed)
    wanted = [*map(_content, before), *(_content(entry) for entry, _ in entries)]
    if problems or list(map(_content, after)) != wanted or _rest(found, key, len(before)) != _rest(root, key):
        told = (
            f" ({problems[0].field}: {problems[0].message})" if problems and problems[0].code.startswith("F2") else ""
        )
        raise UsageError(f"{path}: {what} could not be added{told}; expected '{key}:' with '- ' items below it")
    return changed


def without_entry(path: str, data: bytes, key: str, entry: T, read: Read[T], *, what: str, remark: str = "") -> bytes:
    """Returns a file without one entry of the list under a key, which is found by its place.

    The comment behind its `remark`, a key of it, goes with it; what stands above it stays. Raises UsageError where the file
    has faults or does not hold the entry there any more, or where another comment in its lines would be lost.
    """
    at, entries = found_entry(path, data, entry, read, what=what)
    changed = rewritten(path, data, [Remove(way=(key, at), remark=remark)])
    return holding(path, changed, [*entries[:at], *entries[at + 1 :]], read, what=what)


def found_entry(path: str, data: bytes, entry: T, read: Read[T], *, what: str) -> tuple[int, list[T]]:
    """Returns the number of an entry in its list, from 0, and all entries; raises UsageError where it is not there as it was."""
    entries, problems = read(path, data)
    if problems:
        raise UsageError(f"{problems[0]}; mend it first, nothing was written")
    at = next((at for at, each in enumerate(entries) if each == entry), None)
    if at is None:
        place = getattr(entry, "place", path)
        raise UsageError(f"{place}: {what} does not stand there any more; nothing was written")
    return at, list(entries)


def holding(path: str, data: bytes, expected: Sequence[T], read: Read[T], *, what: str) -> bytes:
    """Returns the bytes of a file if they say what is expected; raises UsageError otherwise."""
    entries, problems = read(path, data)
    if problems or list(map(_content, entries)) != list(map(_content, expected)):
        raise UsageError(f"{path}: {what} could not be changed as text; edit it there; nothing was written")
    return data


def _require_text(written: Written) -> None:
    for name, value in written.values.items():
        if not all(map(can_be_written, [value] if isinstance(value, str) else value)):
            raise UsageError(f"'{name}' holds a character that is no text; nothing was written")


def _content(entry: DataclassInstance) -> tuple[object, ...]:
    return tuple(getattr(entry, each.name) for each in fields(entry) if each.name != "place")


def _rest(root: Node | None, key: str, first: int | None = None) -> object:
    """Returns what a file says but for the items of a list from a number on."""
    if root is None or root.pairs is None:
        return None
    plain = {name: below.plain() for name, below in root.pairs.items() if name != key}
    items = root.pairs[key].items if key in root.pairs else None
    return plain, [item.plain() for item in (items or [])[:first]]


def _appended(path: str, data: bytes, root: Node, key: str, entries: Sequence[Written]) -> bytes:
    lines = data.decode("utf-8-sig").split("\n")
    ending = "\r" if lines[0].endswith("\r") else ""
    is_open = bool(lines[-1])
    if is_open:  # the last line has no end yet
        lines[-1] += ending
        lines.append("")
    at, indent = _end_of_list(path, lines, root, key, ending)
    is_last = at == len(lines) - 1
    lines[at:at] = [
        f"{' ' * indent}{' ' if number else '-'} {line}{ending}"
        for written in entries
        for number, line in enumerate(_lines(written))
    ]
    text = "\n".join(lines)
    if is_open and not is_last:
        text = text.removesuffix(f"{ending}\n")
    return (codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b"") + text.encode()


def _lines(written: Written) -> Iterator[str]:
    comment = "".join(c if c.isprintable() else " " for c in written.remark)[:100]
    for name, value in written.values.items():
        if value:
            told = scalar(value) if isinstance(value, str) else f"[{', '.join(map(scalar, value))}]"
            yield f"{name}: {told}" + (f"  # {comment}" if comment else "")
            comment = ""


def _end_of_list(path: str, lines: list[str], root: Node, key: str, ending: str) -> tuple[int, int]:
    """Returns the index of the line to insert before, and the indent of the list's dashes."""
    known = (root.pairs or {}).get(key)
    if known is not None and known.items and not known.is_flow:
        indent = known.place.column - 1
        return _past_own_comments(lines, known.end, indent), indent
    if not root.pairs or root.is_flow:
        raise UsageError(f"{path}: is not written as lines of 'key: value'; expected '{key}:' in a line of its own")
    place = root.key_places.get(key)
    if place is None:
        return _new_key(lines, root, key, ending)
    line = lines[place.line - 1]
    if known is not None and known.items is not None:  # an empty list in brackets
        emptied = re.sub(rf"^(\s*{re.escape(key)}\s*:)[ \t]*\[[ \t]*\]", r"\1", line)
        if emptied == line or known.items:
            raise UsageError(
                f"{path}:{place.line}: the list stands in brackets; expected each item in lines of its own"
            )
        lines[place.line - 1] = emptied
    return place.line, place.column + 1


def _past_own_comments(lines: Sequence[str], at: int, indent: int) -> int:
    """Returns the line behind comments that are further in than a list's dashes: they are of the item above."""
    while at < len(lines) and lines[at].lstrip(" ").startswith("#") and lines[at].index("#") > indent:
        at += 1
    return at


def _new_key(lines: list[str], root: Node, key: str, ending: str) -> tuple[int, int]:
    """Puts a key behind all others, and behind the comments at the end of the file."""
    indent = min(place.column for place in root.key_places.values()) - 1
    at = behind = root.end
    while behind < len(lines) and (not lines[behind].strip() or lines[behind].lstrip(" ").startswith("#")):
        behind += 1
        if lines[behind - 1].strip():
            at = behind
    lines[at:at] = [f"{' ' * indent}{key}:{ending}"]
    return at + 1, indent + 2
