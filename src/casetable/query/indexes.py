"""Inverted indexes of a column of articles: its words by place, its whole values, its days."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain, compress, count

from casetable.model.article import Article
from casetable.query.words import words_of

_END = 2**64  # after every place


class Wanted(dict[str, bool]):
    """Says of each word whether it will be asked for, as a whole or by its beginning; found once a word."""

    def __init__(self, words: Iterable[str], stems: Iterable[str]) -> None:
        self._words = frozenset(words)
        super().__init__(dict.fromkeys(self._words, True))
        self._stems = frozenset(stems)
        self._lengths = sorted({len(stem) for stem in self._stems})

    def afresh(self) -> Wanted:
        """Returns the same without what was found since."""
        return Wanted(self._words, self._stems)

    def __missing__(self, word: str) -> bool:
        self[word] = is_wanted = any(word[:length] in self._stems for length in self._lengths)
        return is_wanted


class Words:
    """Where each word of a column stands: an array of running numbers a word, in order.

    With `wanted`, nothing is known of other words: for one query over many articles, that is much faster.
    """

    __slots__ = ("_ends", "_owners", "_starts", "_vocabulary", "_where")

    def __init__(
        self,
        articles: Sequence[Article],
        values: Callable[[Article], Iterable[str]],
        wanted: Wanted | None = None,
    ) -> None:
        self._where: dict[str, array[int]] = {}
        self._starts: array[int] = array("I")
        self._ends: array[int] = array("I")
        self._owners: array[int] = array("I")
        self._vocabulary: list[str] | None = None
        where, known, at = self._where, self._where.get, 0
        for owner, article in enumerate(articles):
            for value in values(article):
                words = words_of(value) if value else None
                if not words:
                    continue
                if wanted is not None:
                    chosen = list(map(wanted.__getitem__, words))
                    if True not in chosen:
                        continue
                    here_and_word = zip(compress(count(at), chosen), compress(words, chosen), strict=False)
                else:
                    here_and_word = zip(count(at), words, strict=False)
                self._starts.append(at)
                self._owners.append(owner)
                for here, word in here_and_word:
                    places = known(word)
                    if places is None:
                        where[word] = array("I", (here,))
                    else:
                        places.append(here)
                at += len(words)
                self._ends.append(at)
                at += 1  # the gap

    def phrase(self, words: Sequence[str], *, is_truncated: bool) -> set[int]:
        """Returns the articles in which the words stand side by side; the last may be the beginning of one."""
        places: list[list[array[int]]] = []
        for number, word in enumerate(words, start=1):
            arrays = self._beginning(word) if is_truncated and number == len(words) else self._exactly(word)
            if not arrays:
                return set()
            places.append(arrays)
        if len(places) == 1:
            return self._owners_of(places[0])
        sizes = [sum(map(len, arrays)) for arrays in places]
        rare, *others = sorted(range(len(places)), key=lambda n: sizes[n])
        begins = {at - rare for found in places[rare] for at in found}
        for n in others:
            if not begins:
                break
            if len(places[n]) == 1 and len(begins) * 16 < sizes[n]:
                begins = {at for at in begins if _holds(places[n][0], at + n)}
            else:
                begins &= {at - n for found in places[n] for at in found}
        return self._owners_of([sorted(begins)])

    def near(self, words: Sequence[str], gap: int) -> set[int]:
        """Returns the articles with a value in which all the words stand, in any order, `gap` others between at most."""
        needed = Counter(words)
        if any(word not in self._where for word in needed):
            return set()
        width = len(words) + gap
        rare = min(needed, key=lambda word: len(self._where[word]))
        found: set[int] = set()
        for at in self._where[rare]:
            value = bisect_right(self._starts, at) - 1
            if self._owners[value] in found:
                continue
            low, high = max(self._starts[value], at - width + 1), min(self._ends[value], at + width)
            places: list[tuple[int, str]] = []
            for word in needed:
                where = self._where[word]
                here = where[bisect_left(where, low) : bisect_left(where, high)]
                if len(here) < needed[word]:
                    break
                places += ((place, word) for place in here)
            else:
                if _fits(sorted(places), needed, width):
                    found.add(self._owners[value])
        return found

    def _exactly(self, word: str) -> list[array[int]]:
        return [self._where[word]] if word in self._where else []

    def _beginning(self, stem: str) -> list[array[int]]:
        if self._vocabulary is None:
            self._vocabulary = sorted(self._where)
        return [self._where[word] for word in _beginning(self._vocabulary, stem)]

    def _owners_of(self, places: Iterable[Sequence[int]]) -> set[int]:
        starts, owners, found = self._starts, self._owners, set()
        last = len(starts)
        for ordered in places:
            value, following = 0, -1
            for at in ordered:
                if at < following:
                    continue
                value = bisect_right(starts, at, value) - 1
                following = starts[value + 1] if value + 1 < last else _END
                found.add(owners[value])
        return found


class Keys:
    """The articles of each whole value of a column."""

    __slots__ = ("_ordered", "_owners")

    def __init__(self, articles: Sequence[Article], keys: Callable[[Article], Iterable[str]]) -> None:
        self._owners: dict[str, array[int]] = {}
        self._ordered: list[str] | None = None
        for owner, article in enumerate(articles):
            for key in keys(article):
                if not key:
                    continue
                if key in self._owners:
                    if self._owners[key][-1] != owner:
                        self._owners[key].append(owner)
                else:
                    self._owners[key] = array("I", (owner,))

    def exact(self, key: str) -> set[int]:
        return set(self._owners.get(key, ()))

    def prefixed(self, stem: str) -> set[int]:
        if self._ordered is None:
            self._ordered = sorted(self._owners)
        return set(chain.from_iterable(self._owners[key] for key in _beginning(self._ordered, stem)))


class Days:
    """The articles of a column of days or other numbers, in their order."""

    __slots__ = ("_days", "_owners")

    def __init__(self, articles: Sequence[Article], days: Callable[[Article], Iterable[int | None]]) -> None:
        pairs = sorted(
            (day, owner) for owner, article in enumerate(articles) for day in days(article) if day is not None
        )
        self._days = array("Q", (day for day, _ in pairs))
        self._owners = array("I", (owner for _, owner in pairs))

    def between(self, first: int, last: int) -> set[int]:
        return set(self._owners[bisect_left(self._days, first) : bisect_right(self._days, last)])


def _beginning(ordered: Sequence[str], stem: str) -> Sequence[str]:
    first = bisect_left(ordered, stem)
    return ordered[first : bisect_left(ordered, stem + "\U0010ffff", first)]


def _holds(ordered: array[int], value: int) -> bool:
    at = bisect_left(ordered, value)
    return at < len(ordered) and ordered[at] == value


def _fits(places: Sequence[tuple[int, str]], needed: Mapping[str, int], width: int) -> bool:
    """Says whether all needed words stand within `width` running numbers of each other."""
    missing, held, first = sum(needed.values()), Counter[str](), 0
    for at, word in places:
        held[word] += 1
        missing -= held[word] <= needed[word]
        while places[first][0] <= at - width:
            gone = places[first][1]
            missing += held[gone] <= needed[gone]
            held[gone] -= 1
            first += 1
        if missing == 0:
            return True
    return False
