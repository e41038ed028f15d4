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
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from typing import TypeAlias

import yaml

from casetable.curation.nodes import events_of, read_nodes, text_of
from casetable.errors import UsageError

Way = tuple[str | int, ...]
Plain: TypeAlias = str | list["Plain"] | dict[str, "Plain"] | None
WIDTH = 120
_BLOCKS = frozenset("|>")
_QUOTES = frozenset("'\"")


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
    wanted = _settled(_made(before.plain(), [(edit.way, edit) for edit in edits]))
    told = ""
    # A long text stands folded below its key, unless that would swallow a comment below, or an indent is in the way.
    for is_folding in (True, False):
        changed = _Page(path, data, edits, is_folding=is_folding).changed()
        after, faults = read_nodes(path, changed)
        if after is not None and not faults and _settled(after.plain()) == wanted:
            return changed
        told = f" ({faults[0].message})" if faults else ""
    raise RewriteError(
        f"{path}: {'/'.join(map(str, edits[0].way))} could not be changed as text{told}; expected lines of 'key: value' as"
        " 'casetable new' writes them; nothing was written"
    )


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


def _made(plain: object, edits: Sequence[tuple[Way, Edit]]) -> object:
    """Returns plain values with the edits made, each beside the rest of its way."""
    for way, edit in edits:
        if not way and isinstance(edit, Put):
            return edit.value
    if isinstance(plain, list):
        added = [edit for way, edit in edits if not way and isinstance(edit, Insert)]
        listed: list[object] = []
        for at in range(len(plain) + 1):
            listed += [edit.value for edit in added if edit.at == at or edit.at > at == len(plain)]
            own = _below(edits, at)
            if at < len(plain) and not any(isinstance(edit, Remove) and not way for way, edit in own):
                listed.append(_made(plain[at], own))
        return listed
    held = plain if isinstance(plain, dict) else {}
    made: dict[str, object] = {}
    for key in dict.fromkeys([*held, *(str(way[0]) for way, _ in edits if way)]):
        own = _below(edits, key)
        if any(isinstance(edit, Remove) and not way for way, edit in own):
            continue
        name = next((edit.to for way, edit in own if isinstance(edit, Rename) and not way), key)
        own = [(way, edit) for way, edit in own if way or not isinstance(edit, Rename)]
        made[name] = _made(held.get(key), own) if own else held.get(key)
    return made if edits else plain


def _below(edits: Sequence[tuple[Way, Edit]], step: str | int) -> list[tuple[Way, Edit]]:
    return [(way[1:], edit) for way, edit in edits if way and way[0] == step]


def _settled(plain: object) -> object:
    """Returns plain values to compare: a list that lost its last item is a blank, line ends behind a text do not count."""
    if isinstance(plain, dict):
        return {key: _settled(below) for key, below in plain.items()}
    if isinstance(plain, list):
        return [_settled(below) for below in plain] or None
    return plain.rstrip("\n") if isinstance(plain, str) else plain


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

    def __init__(self, path: str, data: bytes, edits: Sequence[Edit], *, is_folding: bool) -> None:
        self.path = path
        self.bom = codecs.BOM_UTF8 if data.startswith(codecs.BOM_UTF8) else b""
        self.raw = data.removeprefix(codecs.BOM_UTF8).decode("utf-8")
        self.text = text_of(data)
        self.root = _spans(self.text)
        self.edits = edits
        self.is_folding = is_folding
        self.changes: list[tuple[int, int, int, int, str]] = []
        # What is taken out of each mapping and list.
        self.gone: dict[Way, dict[str | int, Remove]] = {}
        for edit in edits:
            if isinstance(edit, Remove):
                self.gone.setdefault(edit.way[:-1], {})[edit.way[-1]] = edit

    def changed(self) -> bytes:
        """Returns the file with the changes made."""
        for way, steps in self.gone.items():
            self._take_out(way, steps)
        for edit in sorted(self.edits, key=lambda edit: edit.at if isinstance(edit, Insert) else 0):
            self._change(edit)
        breaks = [found.start() - at for at, found in enumerate(re.finditer("\r\n", self.raw))]
        line_end = "\r\n" if 2 * len(breaks) > self.text.count("\n") else "\n"
        pieces: list[str] = []
        at = 0
        # Where two things are put at one place, what belongs further in comes first.
        for start, end, _, _, new in sorted(self.changes, key=lambda each: (each[0], each[1], -each[2], each[3])):
            first, last = (place + bisect_left(breaks, place) for place in (start, end))
            if first < at:
                raise self._refusal("two changes meet in one value")
            pieces += [self.raw[at:first], new.replace("\n", line_end)]
            at = last
        return self.bom + "".join([*pieces, self.raw[at:]]).encode()

    def _refusal(self, told: str, at: int | None = None) -> RewriteError:
        line = "" if at is None else f":{self.text.count(chr(10), 0, at) + 1}"
        return RewriteError(f"{self.path}{line}: {told}; nothing was written")

    def put(self, depth: int, start: int, end: int, new: str) -> None:
        if start < end or new:
            self.changes.append((start, end, depth, len(self.changes), new))

    def _spans_on(self, way: Way) -> list[_Span]:
        """Returns the spans on a way, from the root on, as far as it goes."""
        spans = [self.root]
        for step in way:
            below = spans[-1].below.get(step)
            if below is None:
                break
            spans.append(below)
        return spans

    def _change(self, edit: Edit) -> None:
        spans = self._spans_on(edit.way)
        missing = len(edit.way) - (len(spans) - 1)
        parent = spans[-2] if len(spans) > 1 and not missing else spans[-1]
        depth = len(edit.way)
        if isinstance(edit, Rename):
            if missing or parent.keys is None:
                raise self._refusal(f"there is no {edit.way[-1]!r} to rename")
            self.put(depth, *parent.keys[str(edit.way[-1])], _key(edit.to))
        elif isinstance(edit, Insert):
            if missing or not spans[-1].is_list:
                raise self._refusal(f"there is no list at {edit.way!r}")
            self._insert(spans[-1], edit, depth)
        elif isinstance(edit, Put):
            if not missing:
                self._replace(parent, edit, spans[-1], depth)
            elif missing == 1 and parent.keys is not None:
                self._add_key(parent, edit, depth - 1)
            else:
                raise self._refusal(f"{edit.way[-1]!r} has nowhere to stand")

    # --- a new item, a new key ---

    def _insert(self, span: _Span, edit: Insert, depth: int) -> None:
        gone = self.gone.get(edit.way, {})
        before = [step for step in span.below if isinstance(step, int) and step < edit.at and step not in gone]
        behind = next(
            (step for step in span.below if isinstance(step, int) and step >= edit.at and step not in gone), None
        )
        if not before and behind is None:
            raise self._refusal(f"nothing is left of the list at {edit.way!r}, and more is put in")
        if span.is_flow:
            new = _flow(edit.value)
            place = self._end_of(span, before[-1]) if before else self._start_of(span, behind or 0)
            self.put(depth, place, place, f", {new}" if before else f"{new}, ")
            return
        column = self._column(span.start)
        lines = _item(edit.value, column, is_folding=self.is_folding)
        if before:
            self._put_below(self._end_of(span, before[-1]), lines, column, depth)
        else:
            self._put_above(self._start_of(span, behind or 0), lines, column, depth)

    def _add_key(self, span: _Span, edit: Put, depth: int) -> None:
        key = str(edit.way[-1])
        gone = self.gone.get(edit.way[:-1], {})
        before, behind = _neighbor(key, [name for name in span.keys or () if name not in gone], edit.order)
        if span.is_flow:
            new = f"{_key(key)}: {_flow(edit.value)}"
            if behind:
                self.put(depth, self._start_of(span, behind), self._start_of(span, behind), f"{new}, ")
            elif before:
                place = self._end_of(span, before)
                is_blank = span.below[before].start == span.below[before].end
                self.put(depth, place, place, f"{' ' if is_blank else ''}, {new}")
            else:
                self.put(depth, span.start + 1, span.start + 1, new)
            return
        column = self._column(next(iter(span.keys.values()))[0]) if span.keys else 0
        lines = _entry(key, edit.value, column, is_folding=self.is_folding)
        if behind:
            self._put_above(self._start_of(span, behind), lines, column, depth)
        else:
            self._put_below(self._end_of(span, before) if before else 0, lines, column, depth)

    def _put_above(self, at: int, lines: list[str], column: int, depth: int) -> None:
        self.put(depth, at, at, "".join(f"{line}\n{' ' * column}" for line in lines))

    def _put_below(self, at: int, lines: list[str], column: int, depth: int) -> None:
        """Puts lines below the line in which a place stands."""
        end = self._line_end(at)
        self.put(depth, end, end, "".join(f"\n{' ' * column}{line}" if line else "\n" for line in lines))

    # --- what is taken out ---

    def _take_out(self, way: Way, steps: dict[str | int, Remove]) -> None:
        spans = self._spans_on(way)
        span = spans[-1]
        unknown = next((step for step in steps if step not in span.below), None)
        if len(spans) <= len(way) or unknown is not None:
            raise self._refusal(f"there is nothing at {(*way, unknown)!r} to take out")
        left = [step for step in span.below if step not in steps]
        if not left and not span.is_list:
            raise self._refusal(f"{next(iter(steps))!r} cannot be taken out alone")
        for step, edit in steps.items():
            start, end = self._start_of(span, step), self._end_of(span, step)
            behind = re.compile(r"[ \t]*,?[ \t]*(?=#)" if span.is_flow else r"[ \t]+(?=#)").match(self.text, end)
            remark = span.below[step].below.get(edit.remark)
            keys = None if span.keys is None else {str(step): span.keys[str(step)]}
            own = _Span(start, end, keys=keys, below={step: span.below[step]}, is_list=span.is_list)
            self._refuse_comments(own, start, self._line_end(end) if behind else end, "taken out", remark)
        if span.is_flow:
            self._take_out_of_flow(span, steps, len(way) + 1)
        else:
            self._take_out_of_block(span, steps, left, len(way) + 1)

    def _take_out_of_block(self, span: _Span, steps: Collection[str | int], left: list[str | int], depth: int) -> None:
        done = top = 0
        for step in span.below:
            if step not in steps:
                continue
            start, end = self._start_of(span, step), self._line_end(self._end_of(span, step))
            line = self.text.rfind("\n", 0, start) + 1
            if end <= done:
                continue
            if not self.text[line:start].strip():
                if line == top:  # nothing stands above it
                    top = min(end + 1, len(self.text))
                    self.put(depth, line, top, "")
                else:
                    self.put(depth, line - 1, end, "")
                continue
            # It stands behind the dash of the list around it: what comes next is to stand there.
            following = self._start_of(span, left[0]) if left else 0
            if not left:
                raise self._refusal(f"{step!r} cannot be taken out as text", start)
            if self._comment_in(span, start, following) is None:
                self.put(depth, start, following, "")
                done = following
            else:
                self.put(depth, line + len(self.text[line:start].rstrip()), end, "")

    def _take_out_of_flow(self, span: _Span, steps: Collection[str | int], depth: int) -> None:
        order = list(span.below)
        at = 0
        while at < len(order):
            run = list(takewhile(lambda step: step in steps, order[at:]))
            if not run:
                at += 1
                continue
            bounds = [(self._start_of(span, step), self._end_of(span, step)) for step in run]
            start, end = bounds[0][0], bounds[-1][1]
            if at:
                start = self._end_of(span, order[at - 1])
            elif len(run) < len(order):
                end = self._start_of(span, order[len(run)])
            elif comma := self._comma(end):
                end = comma
            if self._comment_in(span, start, end) is None:
                self.put(depth, start, end, "")
            else:
                self._take_out_around_comments(span, order, at, len(run), depth)
            at += len(run)

    def _take_out_around_comments(self, span: _Span, order: list[str | int], at: int, count: int, depth: int) -> None:
        """Takes items of a flow collection out one by one with their commas; comments between them stay."""
        if at and at + count == len(order) and (comma := self._comma(self._end_of(span, order[at - 1]))):
            self.put(depth, comma - 1, comma, "")
        for step in order[at : at + count]:
            start, end = self._start_of(span, step), self._end_of(span, step)
            comma = self._comma(end) if step != order[-1] else 0
            if comma and self.text[end : comma - 1].strip():  # a comment stands before it
                self.put(depth, comma - 1, comma, "")
            else:
                end = comma or end
            line, line_end = self.text.rfind("\n", 0, start), self._line_end(end)
            is_alone = not self.text[line + 1 : start].strip() and not self.text[end:line_end].strip()
            self.put(depth, *((line, line_end) if is_alone and line >= 0 else (start, end)), "")

    def _comma(self, at: int) -> int:
        """Returns where the next comma behind an item ends, 0 where none follows."""
        found = re.compile(r"(?:\s|#[^\n]*\n)*,").match(self.text, at)
        return found.end() if found else 0

    def _start_of(self, span: _Span, step: str | int) -> int:
        """Returns where an entry begins, at its key or at its dash."""
        if span.keys is not None:
            return span.keys[str(step)][0]
        if span.is_flow or not isinstance(step, int):
            return span.below[step].start
        if step == 0:
            return span.start
        found = re.compile(r"(?:\s|#[^\n]*\n)*").match(self.text, self._line_end(self._end_of(span, step - 1)))
        return found.end() if found else span.below[step].start

    def _end_of(self, span: _Span, step: str | int) -> int:
        below = span.below[step]
        if span.keys is not None and not span.is_flow and below.start == below.end:
            return self._after_colon(span, str(step))
        return below.end

    # --- another value ---

    def _replace(self, parent: _Span, edit: Put, old: _Span, depth: int) -> None:
        key, value = str(edit.way[-1]), edit.value
        is_entry = parent.keys is not None and key in parent.keys
        is_blank = old.start == old.end
        is_block = old.is_collection and not old.is_flow
        if value is None and is_blank and not old.is_collection:
            return
        after = self._after_colon(parent, key) if is_entry and (is_blank or not parent.is_flow) else old.start
        if old.is_collection:
            first = self._line_end(after) if is_entry and is_block else old.start
            self._refuse_comments(old, min(first, old.start), old.end, "replaced")
        if parent.is_flow:
            text = self._restyled(value, old, is_flow=True)
            start, end = (after, after) if is_blank else (old.start, old.end)
            self.put(depth, start, end, f" {text}" if is_blank else text)
            return
        head, rest = self._lines(parent, key, value, old, is_entry=is_entry)
        line_end = self._line_end(after)
        is_below = old.start > line_end
        self.put(depth, self._line_end(old.end), self._line_end(old.end), rest)
        if is_below and head and not rest and not is_block:  # it stays below its key
            self.put(depth, old.start, old.end, head)
        elif is_below:
            self.put(depth, after, after, f" {head}" if head else "")
            line = self.text.rfind("\n", 0, old.start)
            self.put(depth, line_end if is_block else line, old.end, "")
        elif is_blank:
            bare = self.text[max(old.start - 1, 0) : old.start] != " "
            at = after if is_entry else old.start
            self.put(depth, at, at, f" {head}" if head and (is_entry or bare) else head)
        else:
            start = old.start
            if not head:
                start = after if is_entry else len(self.text[: old.start].rstrip(" \t"))
            if old.style in _BLOCKS:  # a comment may stand behind the mark of a block
                mark = self.text[old.start : old.end].split(None, 1)[0]
                self.put(depth, start, old.start + len(mark), head)
                self.put(depth, line_end, max(old.end, line_end), "")
            else:
                self.put(depth, start, old.end, head)

    def _lines(self, parent: _Span, key: str, value: Plain, old: _Span, *, is_entry: bool) -> tuple[str, str]:
        """Returns what stands behind a key or dash, and all below it, each line of that with the end of the one above.

        So a comment behind the old value stays in the first line.
        """
        column = self._column(old.start) - (1 if old.start == old.end and self.text[old.start - 1] == "-" else 2)
        if is_entry and parent.keys is not None:
            column = self._column(parent.keys[key][0])
        if isinstance(value, str):
            is_quoted = old.style in _QUOTES and "\n" not in value
            block = _block(value, column + 2) if self.is_folding and not is_quoted else None
            text = self._restyled(value, old, is_flow=False)
            is_wide = len(text) > WIDTH - column - (len(key) + 2 if is_entry else 2)
            if block is None or not (is_wide or "\n" in value or old.style in _BLOCKS):
                return text, ""
            head, more = block[0], [f"  {line}" if line else "" for line in block[1:]]
        elif is_entry:
            head, *more = _entry(key, value, column, is_folding=self.is_folding)
            head = head.removeprefix(f"{_key(key)}:").removeprefix(" ")
        else:
            head, *more = _item(value, column, is_folding=self.is_folding)
            head = head.removeprefix("-").removeprefix(" ")
        return head, "".join(f"\n{' ' * column}{line}" if line else "\n" for line in more)

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

    def _refuse_comments(self, span: _Span, start: int, end: int, what: str, remark: _Span | None = None) -> None:
        """Raises RewriteError where a comment stands between two places; one behind `remark` in its line may."""
        at = self._comment_in(span, start, end, remark)
        if at is not None:
            raise self._refusal(f"a comment stands in what is to be {what}, and would be lost; edit it there", at)

    def _comment_in(self, span: _Span, start: int, end: int, remark: _Span | None = None) -> int | None:
        """Returns where the first comment stands between two places of a value, behind `remark` aside."""
        rest = list(self.text[start:end])
        leaves = list(self._leaves(span))
        if remark is not None and (remark.is_flow or not remark.is_collection):
            leaves.append((remark.end, self._line_end(remark.end)))
        for low, high in leaves:
            low, high = max(low, start), min(high, end)
            if low < high:
                rest[low - start : high - start] = " " * (high - low)
        return start + rest.index("#") if "#" in rest else None

    def _leaves(self, span: _Span) -> Iterator[tuple[int, int]]:
        yield from (span.keys or {}).values()
        if not span.is_collection:  # behind the mark of a block a comment may stand
            yield self._line_end(span.start) if span.style in _BLOCKS else span.start, span.end
        for below in span.below.values():
            yield from self._leaves(below)

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
    if behind and (behind[0] != there[0] or not before):
        return "", min(behind, key=there.index)
    return (max(before, key=there.index) if before else there[-1]), ""


# --- values as text ---------------------------------------------------------------------------------------------------


def _entry(key: str, value: Plain, column: int, *, is_folding: bool) -> list[str]:
    """Returns "key: value" as lines without the indent of the first."""
    head = f"{_key(key)}:"
    if value is None:
        return [head]
    if isinstance(value, str):
        block = _block(value, column + 2) if is_folding else None
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
        [line for each in value for line in _item(each, column + 2, is_folding=is_folding)]
        if isinstance(value, list)
        else [line for name, each in value.items() for line in _entry(name, each, column + 2, is_folding=is_folding)]
    )
    return [head, *(f"  {line}" if line else "" for line in below)]


def _item(value: Plain, column: int, *, is_folding: bool) -> list[str]:
    """Returns "- value" as lines without the indent of the first."""
    if not isinstance(value, dict):
        return [f"- {_scalar(value, is_flow=False)}" if isinstance(value, str) else f"- {_flow(value)}"]
    if "case" not in value and not _holds_rows(value) and column + 2 + len(_flow(value)) <= WIDTH:
        return [f"- {_flow(value)}"]
    lines = [line for name, each in value.items() for line in _entry(name, each, column + 2, is_folding=is_folding)]
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
