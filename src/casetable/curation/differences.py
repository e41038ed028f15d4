"""What is to be edited in a file so that a value says something else: as little as can be, so that all else of it stays."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import cast

from casetable.curation.content import COURSE_TEXTS
from casetable.curation.editor import is_same
from casetable.curation.rewrite import Edit, Insert, Plain, Put, Remove, Rename, Way

# The keys of a cell, a course and a question in the order in which they are written.
CELL_ORDER = (("value", "derived", "conflicting", "unit", "when", "from", "reference", "reported", "where", "note"),)
COURSE_ORDER = (COURSE_TEXTS,)
QUESTION_ORDER = (("question", "answer"),)
# Of these a cell has one, and a change from one to another leaves the key where it is.
_KINDS = ("value", "derived", "conflicting")


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
    if before is None or after is None:
        yield Put(way=way, value=_plain(after), order=order)
    elif isinstance(before, dict) and isinstance(after, dict):
        yield from _of_mappings(way, before, after)
    elif isinstance(before, list) and isinstance(after, list) and before and after:
        yield from _of_lists(way, before, after)
    else:
        yield Put(way=way, value=_plain(after), order=order)


def _of_mappings(way: Way, before: dict[str, object], after: dict[str, object]) -> Iterator[Edit]:
    old = [key for key in _KINDS if key in before]
    new = [key for key in _KINDS if key in after]
    renamed = {new[0]: old[0]} if len(old) == len(new) == 1 and old != new else {}
    kept = [key for key in after if renamed.get(key, key) in before]
    if not kept:
        yield Put(way=way, value=_plain(after))
        return
    order = CELL_ORDER if new or old else QUESTION_ORDER if "question" in after else COURSE_ORDER
    for key, value in after.items():
        own = renamed.get(key, key)
        if own in before:
            yield from _edits((*way, own), before[own], value, ())
        elif value is not None:
            yield Put(way=(*way, key), value=_plain(value), order=order)
    for key, own in renamed.items():
        yield Rename(way=(*way, own), to=key)
    for key in before:
        if key not in after and key not in renamed.values():
            yield Remove(way=(*way, key))


def _of_lists(way: Way, before: list[object], after: list[object]) -> Iterator[Edit]:
    one, other = ([json.dumps(each, sort_keys=True) for each in listed] for listed in (before, after))
    for kind, low, high, first, last in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        pairs = _paired(before[low:high], after[first:last])
        taken = {at for at, _ in pairs}
        made = {to for _, to in pairs}
        for at, to in pairs:
            yield from _edits((*way, low + at), before[low + at], after[first + to], ())
        for at in range(high - low):
            if at not in taken:
                yield Remove(way=(*way, low + at))
        for to in range(last - first):
            if to not in made:
                place = next((low + at for at, paired in pairs if paired > to), high)
                yield Insert(way=way, at=place, value=_plain(after[first + to]))


def _paired(before: Sequence[object], after: Sequence[object]) -> list[tuple[int, int]]:
    """Returns which items of two stretches are one, changed: as many as can be, the most alike, in their order."""
    rows, columns = len(before), len(after)
    best = [[0.0] * (columns + 1) for _ in range(rows + 1)]
    for one in range(rows - 1, -1, -1):
        for other in range(columns - 1, -1, -1):
            best[one][other] = max(
                best[one + 1][other],
                best[one][other + 1],
                best[one + 1][other + 1] + 1 + _likeness(before[one], after[other]),
            )
    pairs = []
    one = other = 0
    while one < rows and other < columns:
        if best[one][other] == best[one + 1][other + 1] + 1 + _likeness(before[one], after[other]):
            pairs.append((one, other))
            one, other = one + 1, other + 1
        elif best[one][other] == best[one + 1][other]:
            one += 1
        else:
            other += 1
    return pairs


def _likeness(one: object, other: object) -> float:
    """Returns how much of two items is the same, from 0 to less than 1 for a pair."""
    if isinstance(one, dict) and isinstance(other, dict):
        shared = sum(1 for key in one if key in other and is_same(one[key], other[key]))
        return shared / (max(len(one), len(other)) + 1) / 1000
    return 0.0


def _plain(value: object) -> Plain:
    return cast("Plain", value)
