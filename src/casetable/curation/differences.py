"""What is to be edited in a file so that a value says something else: as little as can be, so that all else of it stays."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import cast

from rapidfuzz import fuzz

from casetable.curation.content import COURSE_ORDER, ITEM_ORDER
from casetable.curation.editor import is_same, settled
from casetable.curation.rewrite import Edit, Insert, Plain, Put, Remove, Rename, Way

# The orders of the keys that a mapping may have: of a cell, a course, a question, an event of a timeline, who extracted.
_ORDERS = (*ITEM_ORDER, *COURSE_ORDER, ("question", "answer"), ("event", "also", "day"), ("by", "when"))
# Of these a cell has one, and a change from one to another leaves the key where it is.
_KINDS = ("value", "derived", "conflicting")
# Where more pairs of items than this come into question, texts that differ are not held against each other.
_MANY = 20_000


def edits_between(
    way: Way, before: object, after: object, *, order: tuple[tuple[str, ...], ...] = ()
) -> tuple[Edit, ...]:
    """Returns the edits that make the value at a way say `after` in place of `before`, both as `Node.plain` gives them.

    `order` is that of the keys beside the value, where it is new. Blanks within a text do not count.
    """
    return tuple(_edits(way, before, after, order))


def _edits(way: Way, before: object, after: object, order: tuple[tuple[str, ...], ...]) -> Iterator[Edit]:
    if is_same(before, after):
        return
    if isinstance(before, dict) and isinstance(after, dict):
        yield from _of_mappings(way, before, after, order)
    elif isinstance(before, list) and isinstance(after, list) and before and after:
        yield from _of_lists(way, before, after)
    else:
        yield Put(way=way, value=_plain(after), order=order)


def _of_mappings(
    way: Way, before: dict[str, object], after: dict[str, object], order: tuple[tuple[str, ...], ...]
) -> Iterator[Edit]:
    old = [key for key in _KINDS if key in before and key not in after]
    new = [key for key in _KINDS if key in after and key not in before]
    renamed = {new[0]: old[0]} if len(old) == len(new) == 1 else {}
    if not any(renamed.get(key, key) in before for key in after):
        yield Put(way=way, value=_plain(after), order=order)
        return
    keys = _order_of({*before, *after})
    for key in sorted(after, key=lambda key: keys.index(key) if key in keys else len(keys)):
        own, value = renamed.get(key, key), after[key]
        if own in before:
            yield from _edits((*way, own), before[own], value, ())
        elif settled(value) is not None:
            yield Put(way=(*way, key), value=_plain(value), order=(keys,))
    for key, own in renamed.items():
        yield Rename(way=(*way, own), to=key)
    for key in before:
        if key not in after and key not in renamed.values() and settled(before[key]) is not None:
            yield Remove(way=(*way, key))


def _order_of(names: Iterable[str]) -> tuple[str, ...]:
    """Returns the order that has the most of some keys."""
    return max(_ORDERS, key=lambda order: sum(name in order for name in names))


def _of_lists(way: Way, before: list[object], after: list[object]) -> Iterator[Edit]:
    pairs = _paired(before, after)
    kept = {at for at, _ in pairs}
    made = dict.fromkeys(to for _, to in pairs)
    for at, to in pairs:
        yield from _edits((*way, at), before[at], after[to], ())
    for at in range(len(before)):
        if at not in kept:
            yield Remove(way=(*way, at))
    for to in range(len(after)):
        if to not in made:
            behind = next((at for at, paired in pairs if paired > to), len(before))
            yield Insert(way=way, at=behind, value=_plain(after[to]))


def _paired(before: Sequence[object], after: Sequence[object]) -> list[tuple[int, int]]:
    """Returns which items of two lists are one, in their order: as many as can be that say the same, then the most alike."""
    one, other = ([json.dumps(settled(each), sort_keys=True) for each in listed] for listed in (before, after))
    least = min(len(one), len(other))
    head = next((at for at in range(least) if one[at] != other[at]), least)
    tail = next((at for at in range(least - head) if one[-1 - at] != other[-1 - at]), least - head)
    rows, columns = len(one) - head - tail, len(other) - head - tail
    is_many = rows * columns > _MANY
    told = [[_told(each) for each in listed] if is_many else [] for listed in (before, after)]

    def worth(row: int, column: int) -> float:
        at, to = head + row, head + column
        if one[at] == other[to]:
            return float(least + 1)
        alike = _overlap(told[0][at], told[1][to]) if is_many else _likeness(before[at], after[to])
        return 0.01 + alike * alike / 2  # rather one pair that is alike than two that are a little

    worths = [[worth(row, column) for column in range(columns)] for row in range(rows)]
    best = [[0.0] * (columns + 1) for _ in range(rows + 1)]
    for row in range(rows - 1, -1, -1):
        for column in range(columns - 1, -1, -1):
            paired = best[row + 1][column + 1] + worths[row][column]
            best[row][column] = max(paired, best[row + 1][column], best[row][column + 1])
    pairs = [(at, at) for at in range(head)]
    row = column = 0
    while row < rows and column < columns:
        if best[row][column] == best[row + 1][column + 1] + worths[row][column]:
            pairs.append((head + row, head + column))
            row, column = row + 1, column + 1
        elif best[row][column] == best[row + 1][column]:
            row += 1
        else:
            column += 1
    return [*pairs, *((len(one) - at, len(other) - at) for at in range(tail, 0, -1))]


def _likeness(one: object, other: object) -> float:
    """Returns how much of two items is the same, from 0 to 1."""
    if isinstance(one, dict) and isinstance(other, dict):
        return sum(_likeness(one[key], other[key]) for key in one if key in other) / len({*one, *other})
    if isinstance(one, dict):
        return max((_likeness(one[key], other) / 2 for key in _KINDS if key in one), default=0.0)
    if isinstance(other, dict):
        return _likeness(other, one)
    if isinstance(one, str) and isinstance(other, str):
        return fuzz.ratio(one[:500], other[:500]) / 100
    return float(is_same(one, other))


def _told(plain: object) -> frozenset[str]:
    """Returns what an item says in parts, to tell fast how much of it another says, too."""
    parts = plain.items() if isinstance(plain, dict) else [("value", plain)]
    return frozenset(json.dumps([key, settled(each)], sort_keys=True) for key, each in parts)


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / (len(one | other) or 1)


def _plain(value: object) -> Plain:
    return cast("Plain", value)
