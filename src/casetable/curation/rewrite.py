"""Changes single values of a hand-written file and leaves every other byte of it as it was.

Whoever edits an extraction on a person's behalf (a spreadsheet, the browser) comes through this door. A change names a
value by its way through the file; the text of that value alone is replaced, and what is new is put in as lines of its
own. The result is read again and held against what it must say before it is returned.
"""

from __future__ import annotations

import codecs
import json
import re
import textwrap
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import yaml

from casetable.curation.nodes import events_of, read_nodes, text_of
from casetable.errors import UsageError

Way = tuple[str | int, ...]
Plain: TypeAlias = str | list["Plain"] | dict[str, "Plain"] | None
WIDTH = 120


class RewriteError(UsageError):
    """A file is written in a way that keeps the change from being made as text; nothing was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Put:
    """The value at `way` is to be `value`, a blank where that is None. Its last step may be a key that is new there; it is then put behind the key
    that comes before it in `order`, or at the end.

    A key of a group (`order` may hold groups as tuples) goes behind the last key before it of its own group, else before
    the first one behind it, so that comments that head a group stay above it.
    """

    way: Way
    value: Plain
    order: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Insert:
    """`value` is to be a new item of the list at `way`, before the item that is now number `at` (from 0), or at the end."""

    way: Way
    at: int
    value: Plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Rename:
    """The key at the end of `way` is to be called `to`."""

    way: Way
    to: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Remove:
    """The entry of a mapping or the item of a list at `way` is to be taken out, with the lines that it stands in.

    What stands above it stays. A comment in its lines would be lost, and is a reason to refuse; only one behind the value
    of its own key `remark` goes with it. A mapping must keep an entry.
    """

    way: Way
    remark: str = ""


Edit = Put | Insert | Rename | Remove


def rewritten(path: str, data: bytes, edits: Sequence[Edit]) -> bytes:
    """Returns the file with all of the edits made, each named by its way in the file as it is now.

    Line ends, a byte order mark, comments, order and quoting of all else stay. Raises RewriteError where an edit cannot be
    made as text, or where the file then would not say exactly what it should.
    """
    if not edits:
        return data
    before, faults = read_nodes(path, data)
    if before is None or faults:
        raise RewriteError(f"{faults[0]}; mend it first, nothing was written")
    edits = _gathered(edits, before.plain())
    wanted = _applied(before.plain(), edits)
    page = _Page(data)
    page.gone = frozenset(edit.way for edit in edits if isinstance(edit, Remove))
    for edit in edits:
        page.change(path, edit)
    changed = page.bytes(path)
    after, faults = read_nodes(path, changed)
    said = None if after is None else after.plain()
    if page.gone:  # a list that lost its last item is a blank
        said, wanted = _without_blanks(said), _without_blanks(wanted)
    if after is None or faults or said != wanted:
        told = f" ({faults[0].message})" if faults else ""
        where = "/".join(map(str, edits[0].way))
        raise RewriteError(
            f"{path}: {where} could not be changed as text{told}; expected lines of 'key: value' as 'casetable new' writes"
            " them; nothing was written"
        )
    return changed


# --- what the file must say afterwards --------------------------------------------------------------------------------


def _gathered(edits: Sequence[Edit], plain: object) -> list[Edit]:
    """Returns the edits with the new items of a list that is empty or not there as one value."""
    found: list[Edit] = []
    lists: dict[Way, int] = {}
    for edit in edits:
        if isinstance(edit, Insert) and not _at(plain, edit.way):
            if edit.way in lists:
                at = lists[edit.way]
                put = found[at]
                assert isinstance(put, Put) and isinstance(put.value, list)  # noqa: S101, PT018
                found[at] = Put(way=put.way, value=[*put.value, edit.value], order=put.order)
                continue
            lists[edit.way] = len(found)
            found.append(Put(way=edit.way, value=[edit.value]))
        else:
            found.append(edit)
    return found


def _at(plain: object, way: Way) -> object:
    for step in way:
        if isinstance(plain, dict) and isinstance(step, str):
            plain = plain.get(step)
        elif isinstance(plain, list) and isinstance(step, int) and step < len(plain):
            plain = plain[step]
        else:
            return None
    return plain


def _applied(plain: object, edits: Iterable[Edit]) -> object:
    """Returns plain values with the edits made; later items of a list first, so that the numbers hold."""
    for edit in sorted(edits, key=lambda edit: not isinstance(edit, Put)):
        if isinstance(edit, Put):
            plain = _with(plain, edit.way, edit.value)
    for edit in edits:
        if isinstance(edit, Rename):
            held = _at(plain, edit.way[:-1])
            if isinstance(held, dict) and edit.way[-1] in held:
                renamed = {edit.to if key == edit.way[-1] else key: value for key, value in held.items()}
                plain = _with(plain, edit.way[:-1], renamed)
    gone = [edit.way for edit in edits if isinstance(edit, Remove)]
    for way in gone:
        if isinstance(_at(plain, way[:-1]), dict):
            plain = _without(plain, way)
    moved: list[tuple[int, int, Way, Plain]] = [
        (edit.at, number, edit.way, edit.value) for number, edit in enumerate(edits) if isinstance(edit, Insert)
    ]
    moved += [(way[-1], -1, way, None) for way in gone if isinstance(way[-1], int)]
    # From the end: what is inserted before an item comes after that item is gone.
    for at, number, way, value in sorted(moved, key=lambda each: (each[0], -(each[1] < 0), each[1]), reverse=True):
        if number < 0:
            plain = _without(plain, way)
        elif isinstance(held := _at(plain, way), list):
            plain = _with(plain, way, [*held[:at], value, *held[at:]])
    return plain


def _without(plain: object, way: Way) -> object:
    held = _at(plain, way[:-1])
    if isinstance(held, dict):
        return _with(plain, way[:-1], {key: each for key, each in held.items() if key != way[-1]})
    if isinstance(held, list):
        return _with(plain, way[:-1], [each for at, each in enumerate(held) if at != way[-1]])
    return plain


def _with(plain: object, way: Way, value: object) -> object:
    if not way:
        return value
    step, rest = way[0], way[1:]
    if isinstance(step, int) and isinstance(plain, list):
        return [_with(each, rest, value) if at == step else each for at, each in enumerate(plain)]
    held = plain if isinstance(plain, dict) else {}
    return {**held, str(step): _with(held.get(str(step)), rest, value)}


def _without_blanks(plain: object) -> object:
    if isinstance(plain, dict):
        return {key: _without_blanks(below) for key, below in plain.items()}
    return [_without_blanks(below) for below in plain] or None if isinstance(plain, list) else plain


# --- where things stand in the text -----------------------------------------------------------------------------------


@dataclass(slots=True)
class _Span:
    """A value's place in the text. `keys` are where the keys of a mapping stand, `below` its values or a list's items."""

    start: int
    end: int
    style: str = ""
    is_flow: bool = False
    keys: dict[str, tuple[int, int]] | None = None
    below: dict[str | int, _Span] = field(default_factory=dict)
    is_list: bool = False

    @property
    def is_collection(self) -> bool:
        return self.is_list or self.keys is not None


def _spans(text: str) -> _Span:
    root: _Span | None = None
    stack: list[tuple[_Span, list[tuple[str, int, int]]]] = []
    for event in events_of(text):
        start, end = event.start_mark, event.end_mark
        if start is None or end is None:
            continue
        if isinstance(event, yaml.CollectionEndEvent):
            closed, _ = stack.pop()
            if closed.is_flow:
                closed.end = end.index
            elif closed.below:
                closed.end = max(span.end for span in closed.below.values())
            continue
        if isinstance(event, yaml.ScalarEvent):
            is_block = event.style in {"|", ">"}
            last = start.index + len(text[start.index : end.index].rstrip()) if is_block else end.index
            span = _Span(start.index, last, style=event.style or "")
        elif isinstance(event, yaml.CollectionStartEvent):
            is_list = isinstance(event, yaml.SequenceStartEvent)
            span = _Span(
                start.index,
                end.index,
                is_flow=bool(event.flow_style),
                keys=None if is_list else {},
                is_list=is_list,
            )
        else:
            continue
        if stack:
            parent, pending = stack[-1]
            if parent.is_list:
                parent.below[len(parent.below)] = span
            elif parent.keys is not None and not pending:
                key = event.value if isinstance(event, yaml.ScalarEvent) else ""
                pending.append((str(key).strip(), span.start, span.end))
                continue
            else:
                key, first, last = pending.pop()
                assert parent.keys is not None  # noqa: S101
                parent.keys[key] = (first, last)
                parent.below[key] = span
        else:
            root = span
        if span.is_collection:
            stack.append((span, []))
    return root or _Span(0, 0, keys={})


class _Page:
    """The text of a file and what is to be changed in it; places count line ends as one character, as YAML does."""

    def __init__(self, data: bytes) -> None:
        self.bom = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
        self.raw = data.removeprefix(codecs.BOM_UTF8).decode("utf-8")
        self.text = text_of(data)
        self.root = _spans(self.text)
        self.changes: list[tuple[int, int, int, int, str]] = []
        self.gone: frozenset[Way] = frozenset()

    def bytes(self, path: str) -> bytes:
        """Returns the file with the changes made."""
        breaks = [found.start() - at for at, found in enumerate(re.finditer("\r\n", self.raw))]
        line_end = "\r\n" if 2 * len(breaks) > self.text.count("\n") else "\n"
        pieces: list[str] = []
        at = 0
        # Where two things are put at one place, what belongs further in comes first.
        for start, end, _, _, new in sorted(self.changes, key=lambda each: (each[0], each[1], -each[2], each[3])):
            first, last = (place + bisect_left(breaks, place) for place in (start, end))
            if first < at:
                raise RewriteError(f"{path}: two changes meet in one value; nothing was written")
            pieces += [self.raw[at:first], new.replace("\n", line_end)]
            at = last
        return self.bom + "".join([*pieces, self.raw[at:]]).encode()

    def put(self, depth: int, start: int, end: int, new: str) -> None:
        self.changes.append((start, end, depth, len(self.changes), new))

    def change(self, path: str, edit: Edit) -> None:
        ways = [self.root]
        for step in edit.way:
            below = ways[-1].below.get(step)
            if below is None:
                break
            ways.append(below)
        missing = len(edit.way) - (len(ways) - 1)
        parent = ways[-2] if len(ways) > 1 and not missing else ways[-1]
        is_flow = any(span.is_flow for span in (ways[:-1] if not missing else ways))
        depth = len(edit.way)
        if isinstance(edit, Rename):
            if missing or parent.keys is None:
                raise RewriteError(f"{path}: there is no {edit.way[-1]!r} to rename; nothing was written")
            self.put(depth, *parent.keys[str(edit.way[-1])], edit.to)
        elif isinstance(edit, Remove):
            left = [step for step in parent.below if (*edit.way[:-1], step) not in self.gone]
            if missing or edit.way[-1] not in parent.below:
                raise RewriteError(f"{path}: there is nothing at {edit.way!r} to take out; nothing was written")
            if not left and not parent.is_list:
                raise RewriteError(f"{path}: {edit.way[-1]!r} cannot be taken out alone; nothing was written")
            self._remove(path, parent, edit, left, depth)
        elif isinstance(edit, Insert):
            if missing or not ways[-1].is_list:
                raise RewriteError(f"{path}: there is no list at {edit.way!r}; nothing was written")
            self._insert(ways[-1], edit, depth)
        elif not missing:
            self._replace(path, parent, edit, ways[-1], depth, is_flow=is_flow)
        elif missing == 1 and parent.keys is not None:
            self._add_key(parent, edit, depth - 1, is_flow=is_flow)
        else:
            raise RewriteError(f"{path}: {edit.way[-1]!r} has nowhere to stand; nothing was written")

    # --- a new item, a new key ---

    def _insert(self, span: _Span, edit: Insert, depth: int) -> None:
        at = min(edit.at, len(span.below))
        if span.is_flow:
            new = _flow(edit.value)
            if at:
                self.put(depth, span.below[at - 1].end, span.below[at - 1].end, f", {new}")
            else:
                self.put(depth, span.start + 1, span.start + 1, f"{new}, ")
            return
        column = self._column(span.start)
        lines = _item(edit.value, column)
        if at:
            self._put_below(self._line_end(span.below[at - 1].end), lines, column, depth)
        else:
            self.put(depth, span.start, span.start, "".join(f"{line}\n{' ' * column}" for line in lines))

    def _add_key(self, span: _Span, edit: Put, depth: int, *, is_flow: bool) -> None:
        key = str(edit.way[-1])
        if is_flow:
            self._add_flow_key(span, edit, depth)
            return
        assert span.keys is not None  # noqa: S101
        column = self._column(next(iter(span.keys.values()))[0]) if span.keys else 0
        lines = _entry(key, edit.value, column)
        there = [name for name in span.keys if (*edit.way[:-1], name) not in self.gone]
        before, behind = _neighbor(key, there, edit.order)
        if behind:
            at = span.keys[behind][0]
            self.put(depth, at, at, "".join(f"{line}\n{' ' * column}" for line in lines))
            return
        end = self._line_end(max(span.below[before].end, span.keys[before][1])) if before else self._line_end(0)
        self._put_below(end, lines, column, depth)

    def _add_flow_key(self, span: _Span, edit: Put, depth: int) -> None:
        key = str(edit.way[-1])
        new = f"{_key(key)}: {_flow(edit.value)}"
        if not span.below or span.keys is None:
            self.put(depth, span.start + 1, span.start + 1, new)
            return
        there = [name for name in span.keys if (*edit.way[:-1], name) not in self.gone]
        before, behind = _neighbor(key, there or list(span.keys), edit.order)
        if behind:
            self.put(depth, span.keys[behind][0], span.keys[behind][0], f"{new}, ")
            return
        below = span.below[before]
        end = self._end_of(span, before)
        self.put(depth, end, end, f"{' ' if below.start == below.end else ''}, {new}")

    def _put_below(self, end: int, lines: list[str], column: int, depth: int) -> None:
        """Puts lines below the line that ends at a place; that line may be taken out at the same time."""
        indented = [f"{' ' * column}{line}" if line else "" for line in lines]
        if end < len(self.text):
            self.put(depth, end + 1, end + 1, "".join(f"{line}\n" for line in indented))
        else:
            self.put(depth, end, end, "".join(f"\n{line}" for line in indented))

    # --- what is taken out ---

    def _remove(self, path: str, parent: _Span, edit: Remove, left: list[str | int], depth: int) -> None:
        step, order = edit.way[-1], list(parent.below)
        at = order.index(step)
        places = {key: self._place_of(parent, key) for key in order}
        following = next((places[key] for key in order[at + 1 :] if key in left), None)
        if parent.is_flow:
            if following is not None:
                start, end = places[step], places[order[at + 1]]
            elif not at:
                start, end = places[step], self._end_of(parent, step)
            else:
                start, end = self._end_of(parent, order[at - 1]), self._end_of(parent, step)
        else:
            line = self.text.rfind("\n", 0, places[step]) + 1
            if (
                parent.is_list and not self.text[line : places[step]].strip()
            ):  # the dash stands in a line of its own above
                line = self._dash_line(parent, places[step])
            lead = self.text[line : places[step]]
            end = self._line_end(self._end_of(parent, step))
            is_alone = not lead.strip() if parent.keys is not None else re.match(r"[ \t]*-\s", lead) is not None
            is_led = parent.keys is not None and not self._is_first_alone(parent, order[0])
            if at and is_led and all(key not in left for key in order[:at]):
                return  # it goes with the first one, behind whose dash the next that stays is to stand
            if is_alone:
                start, end = (line, end + 1) if end < len(self.text) else (max(line - 1, 0), end)
            elif following is not None:
                start, end = places[step], following
            else:
                raise RewriteError(f"{path}: {step!r} cannot be taken out as text; nothing was written")
        self._refuse_comments(path, parent, start, end, parent.below[step].below.get(edit.remark))
        self.put(depth, start, end, "")

    def _dash_line(self, parent: _Span, at: int) -> int:
        """Returns where the line begins in which an item's dash stands, above the item."""
        dash = re.compile(rf" {{{self._column(parent.start)}}}-(?=\s|$)")
        first = self.text.rfind("\n", 0, at) + 1
        while first > 0 and not dash.match(self.text, first):
            first = self.text.rfind("\n", 0, first - 1) + 1
        return first

    def _is_first_alone(self, parent: _Span, step: str | int) -> bool:
        """Whether the first key of a block mapping begins its line, and stands behind no dash."""
        place = self._place_of(parent, step)
        return not self.text[self.text.rfind("\n", 0, place) + 1 : place].strip()

    def _place_of(self, parent: _Span, step: str | int) -> int:
        return parent.keys[str(step)][0] if parent.keys is not None else parent.below[step].start

    def _end_of(self, parent: _Span, step: str | int) -> int:
        below = parent.below[step]
        if parent.keys is not None and below.start == below.end:
            return self._after_colon(parent, str(step))
        return below.end

    def _refuse_comments(self, path: str, span: _Span, start: int, end: int, remark: _Span | None = None) -> None:
        """Raises RewriteError where a comment stands between two places; one behind `remark` in its line may."""
        rest = list(self.text[start:end])
        for low, high in self._leaves(span):
            if low < high and self.text[low] in "|>":  # behind the mark of a block a comment may stand
                low = min(self._line_end(low), high)
            low, high = max(low, start), min(high, end)
            if low < high:
                rest[low - start : high - start] = " " * (high - low)
        if remark is not None and (remark.is_flow or not remark.is_collection):
            low, high = remark.end, min(self._line_end(remark.end), end)
            rest[low - start : high - start] = " " * (high - low)
        if "#" in rest:
            line = self.text.count("\n", 0, start + rest.index("#")) + 1
            raise RewriteError(
                f"{path}:{line}: a comment stands in what is to be taken out, and would be lost; edit it there; nothing was"
                " written"
            )

    # --- another value ---

    def _blank(self, path: str, parent: _Span, key: str, old: _Span, depth: int) -> None:
        """Empties the value of a key; a comment behind it in its line stays."""
        if parent.keys is None or key not in parent.keys:
            raise RewriteError(f"{path}: {key!r} cannot be blank; nothing was written")
        if old.start == old.end and not old.is_collection:
            return
        if parent.is_flow:
            self.put(depth, old.start, old.end, _flow(None))
            return
        after = self._after_colon(parent, key)
        is_block = (old.is_collection and not old.is_flow) or old.style in {"|", ">"}
        start = self._line_end(after) if is_block and old.style not in {"|", ">"} else after
        self._refuse_comments(path, old, min(start, old.start), old.end)
        self.put(depth, start, max(old.end, start), "")

    def _replace(self, path: str, parent: _Span, edit: Put, old: _Span, depth: int, *, is_flow: bool) -> None:
        key = str(edit.way[-1])
        if edit.value is None:
            self._blank(path, parent, key, old, depth)
            return
        is_entry = parent.keys is not None and key in parent.keys
        is_block = old.is_collection and not old.is_flow
        first = self._line_end(self._after_colon(parent, key)) if is_entry and is_block else old.start
        is_marked = old.style in {"|", ">"} and "#" in self.text[old.start : self._line_end(old.start)]
        if is_marked or (old.is_collection and self._has_comment(old, min(first, old.start))):
            line = self.text.count("\n", 0, first) + 1
            raise RewriteError(
                f"{path}:{line}: what is to be replaced holds comments, which would be lost; edit it there; nothing was"
                " written"
            )
        column = self._column(parent.keys[key][0] if is_entry and parent.keys else old.start)
        if is_flow:
            self._put_inline(parent, key, old, depth, self._restyled(edit.value, old, is_flow=True), is_entry=is_entry)
            return
        if isinstance(edit.value, str) and not (is_block and is_entry):
            text = self._restyled(edit.value, old, is_flow=False)
            block = _block(edit.value, column + 2)
            is_of_lines = "\n" in self.text[old.start : old.end] and old.style not in {"|", ">"}
            is_tight = old.start == old.end or is_of_lines or self._has_tail(old.end)
            if block is not None and not is_tight and ("\n" in edit.value or old.style not in {"'", '"'}):
                text = "\n".join([block[0], *(f"{' ' * (column + 2)}{line}" if line else "" for line in block[1:])])
            self._put_inline(parent, key, old, depth, text, is_entry=is_entry)
            return
        if not is_entry:  # an item: the new one begins in the column of the old
            lines = _item(edit.value, column - 2)
            text = f"\n{' ' * (column - 2)}".join(lines).removeprefix("- ")
            self.put(depth, old.start, old.end, text)
            return
        head, *more = _entry(key, edit.value, column)
        inline = head.removeprefix(f"{_key(key)}:")
        after = self._after_colon(parent, key)
        below = "".join(f"\n{' ' * column}{line}" if line else "\n" for line in more)
        end = self._line_end(after)
        if old.end <= end:  # the old value stands in the line of its key; a comment behind it stays there
            self.put(depth, after, max(after, old.end), inline)
            self.put(depth, end, end, below)
        else:
            start = after if old.start <= end and not is_block else end
            if inline and start == end:
                self.put(depth, after, after, inline)
            self.put(depth, start, old.end, (inline if start != end else "") + below)

    def _put_inline(self, parent: _Span, key: str, old: _Span, depth: int, text: str, *, is_entry: bool) -> None:
        if old.start != old.end or not is_entry:
            is_bare_item = old.start == old.end and self.text[max(old.start - 1, 0) : old.start] != " "
            self.put(depth, old.start, old.end, f" {text}" if is_bare_item else text)
            return
        after = self._after_colon(parent, key)
        self.put(depth, after, after, f" {text}")

    def _restyled(self, value: Plain, old: _Span, *, is_flow: bool) -> str:
        """Returns a value as text, in the quotes of the old one."""
        if not isinstance(value, str):
            return _flow(value)
        if old.style == "'" and not re.search(r"[^\S ]|\s\s", value) and value.isprintable():
            return "'" + value.replace("'", "''") + "'"
        return _quoted(value) if old.style == '"' else _scalar(value, is_flow=is_flow)

    def _after_colon(self, parent: _Span, key: str) -> int:
        assert parent.keys is not None  # noqa: S101
        found = re.compile(r"\s*:").match(self.text, parent.keys[key][1])
        if found is None:
            raise RewriteError(f"{key!r} has no colon behind it; nothing was written")
        return found.end()

    def _has_comment(self, span: _Span, first: int) -> bool:
        """Whether a comment stands between a place before a value and the value's end."""
        rest = list(self.text[first : span.end])
        for start, end in self._leaves(span):
            rest[start - first : end - first] = " " * (end - start)
        return "#" in rest

    def _leaves(self, span: _Span) -> Iterator[tuple[int, int]]:
        yield from (span.keys or {}).values()
        if not span.is_collection:
            yield span.start, span.end
        for below in span.below.values():
            yield from self._leaves(below)

    def _has_tail(self, at: int) -> bool:
        return bool(self.text[at : self._line_end(at)].strip())

    def _line_end(self, at: int) -> int:
        end = self.text.find("\n", at)
        return len(self.text) if end < 0 else end

    def _column(self, at: int) -> int:
        return at - (self.text.rfind("\n", 0, at) + 1)


def _neighbor(key: str, there: list[str], order: tuple[tuple[str, ...], ...]) -> tuple[str, str]:
    """Returns the key of a mapping that a new one goes behind, or, second, the one that it goes before."""
    ranks = {name: (number, at) for number, group in enumerate(order) for at, name in enumerate(group)}
    if not there or key not in ranks:
        return (there[-1] if there else ""), ""
    own = ranks[key]
    before = [name for name in there if name in ranks and ranks[name] < own]
    in_group = [name for name in before if ranks[name][0] == own[0]]
    behind = [name for name in there if name in ranks and ranks[name][0] == own[0] and ranks[name] > own]
    if in_group:
        return max(in_group, key=there.index), ""
    if behind and behind[0] != there[0]:
        return "", min(behind, key=there.index)
    return (max(before, key=there.index) if before else there[-1]), ""


# --- values as text ---------------------------------------------------------------------------------------------------


def _entry(key: str, value: Plain, column: int) -> list[str]:
    """Returns "key: value" as lines without the indent of the first."""
    head = f"{_key(key)}:"
    if value is None:
        return [head]
    if isinstance(value, str):
        block = _block(value, column + 2)
        is_wide = column + len(head) + 1 + len(_scalar(value, is_flow=False)) > WIDTH
        if block is not None and (is_wide or "\n" in value):
            return [f"{head} {block[0]}", *(f"  {line}" if line else "" for line in block[1:])]
        return [f"{head} {_scalar(value, is_flow=False)}"]
    if not value:
        return [f"{head} {_flow(value)}"]
    is_rows = isinstance(value, list) and any(not isinstance(each, str) for each in value)
    if not is_rows and column + len(head) + 1 + len(_flow(value)) <= WIDTH and not _holds_rows(value):
        return [f"{head} {_flow(value)}"]
    below = (
        [line for each in value for line in _item(each, column + 2)]
        if isinstance(value, list)
        else [line for name, each in value.items() for line in _entry(name, each, column + 2)]
    )
    return [head, *(f"  {line}" if line else "" for line in below)]


def _item(value: Plain, column: int) -> list[str]:
    """Returns "- value" as lines without the indent of the first."""
    if not isinstance(value, dict):
        return [f"- {_scalar(value, is_flow=False)}" if isinstance(value, str) else f"- {_flow(value)}"]
    if "case" not in value and not _holds_rows(value) and column + 2 + len(_flow(value)) <= WIDTH:
        return [f"- {_flow(value)}"]
    lines = [line for name, each in value.items() for line in _entry(name, each, column + 2)]
    return [f"- {lines[0]}", *(f"  {line}" if line else "" for line in lines[1:])]


def _holds_rows(value: Plain) -> bool:
    """Whether a list with mappings stands somewhere in a value."""
    if isinstance(value, Mapping):
        return any(_holds_rows(each) for each in value.values())
    return isinstance(value, list) and any(not isinstance(each, str) for each in value)


def _flow(value: Plain) -> str:
    if value is None:
        return '""'
    if isinstance(value, str):
        return _scalar(value, is_flow=True)
    if isinstance(value, list):
        return f"[{', '.join(_flow(each) for each in value)}]"
    return "{" + ", ".join(f"{_key(key)}: {_flow(each)}" for key, each in value.items()) + "}"


def _key(key: str) -> str:
    return _scalar(key, is_flow=True)


def _scalar(text: str, *, is_flow: bool) -> str:
    plain = scalar(text)
    return _quoted(text) if plain.startswith('"') or (is_flow and "," in plain) else plain


_PLAIN = re.compile(r"[A-Za-z0-9](?:[\w.()/,;+ -]*[\w.)])?")


def scalar(text: str) -> str:
    """Returns a text as YAML reads it back unchanged: plain where that is safe, else in double quotes."""
    if _PLAIN.fullmatch(text) and text.isascii() and text not in {"null"}:
        return text
    if re.fullmatch(r"(pmid|doi|pmcid):[\w./()<>;+-]+", text, re.ASCII) and not text.endswith(":"):
        return text
    return json.dumps(text, ensure_ascii=False)


# What JSON leaves as it is, and YAML does not read, or reads as a line's end.
_TO_ESCAPE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


def _quoted(text: str) -> str:
    return _TO_ESCAPE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(text, ensure_ascii=False))


def _block(text: str, column: int) -> list[str] | None:
    """Returns a text of several lines, or a long one, as a block: its mark, then its lines; None where it cannot be one."""
    lines = text.split("\n")
    if len(lines) > 1:
        is_plain = text == text.strip() and all(line.replace("\t", " ").isprintable() for line in lines)
        return ["|-", *lines] if is_plain else None
    folded = _folded(text, column)
    return None if folded is None else [">-", *folded]


def _folded(text: str, column: int) -> list[str] | None:
    """Returns a long text as lines that YAML folds into one again, or None where it is short or has blanks of its own."""
    if len(text) <= 100 or text != " ".join(text.split(" ")) or not text.isprintable() or "  " in text:
        return None
    if text != text.strip() or re.search(r"[^\S ]", text):
        return None
    return textwrap.wrap(text, max(WIDTH - column, 40), break_long_words=False, break_on_hyphens=False)
