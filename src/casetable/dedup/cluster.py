"""All records: which pairs are compared, and the groups that the decisions make, the same in any order of the records."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from casetable.dedup.decide import Decision, Settings, Verdict, decide, is_plainly_another
from casetable.dedup.normalize import KEYS, Entry, Normal, normalize

_LARGEST_BLOCK = 60
_NEIGHBORS = 5
# Beyond so many pairs between two groups, only the pairs that were compared are held against a join.
_MOST_CROSSED = 400


Positions = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two records by their positions, the lower first, and what was decided."""

    one: int
    other: int
    decision: Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """A pair decided the same that was not joined, as that would join `apart`, two records that surely differ."""

    pair: Pair
    apart: Pair


@dataclass(frozen=True, slots=True, kw_only=True)
class Deduplicated:
    """The groups of records of one report, as positions; every record is in one, alone or with its duplicates.

    `same` are the pairs that joined them, `possible` those for a person and `linked` preprints with their articles, each
    between two groups. `unjoined` are pairs ruled the same that rulings also hold apart, each with the pair that is.
    """

    groups: tuple[tuple[int, ...], ...]
    same: tuple[Pair, ...]
    possible: tuple[Pair, ...]
    broken: tuple[Broken, ...]
    linked: tuple[Pair, ...]
    unjoined: tuple[tuple[Positions, Positions], ...]
    compared: int


def deduplicate(
    entries: Sequence[Entry],
    *,
    settings: Settings | None = None,
    ruled_same: Iterable[Positions] = (),
    ruled_apart: Iterable[Positions] = (),
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Deduplicated:
    """Returns the groups of records of one report.

    Any order of the records gives the same groups. What a person ruled of two records, given by their positions, stands
    against all that is found, and apart against the same. `progress` is told how many pairs are decided, and of how many.
    """
    normals = [normalize(entry) for entry in entries]
    # Records are told apart by what they say, never by where they stand.
    rank = _ranked(entries, normals)
    titles_of_doi = _titles_of_doi(normals)
    same: list[Pair] = []
    possible: list[Pair] = []
    linked: list[Pair] = []
    different: dict[tuple[int, int], Decision] = {}
    count = len(entries)
    # Likely copies one after another: of a million records, most time goes into waiting for memory that was not used just now.
    order = sorted(range(count), key=lambda at: (entries[at].year, entries[at].volume, entries[at].pages))
    codes = _candidates(normals, rank, order)
    chosen = settings or Settings()

    def decided(one: int, other: int) -> Decision:
        shared = titles_of_doi.get(normals[one].doi, 1)
        return decide(normals[one], normals[other], titles_of_doi=shared, settings=chosen)

    for done, code in enumerate(codes):
        one, other = divmod(code, count)
        decision = decided(one, other)
        if decision.verdict is Verdict.SAME:
            same.append(Pair(one=one, other=other, decision=decision))
        elif decision.verdict is Verdict.POSSIBLE:
            possible.append(Pair(one=one, other=other, decision=decision))
        elif decision.is_firm:
            different[one, other] = decision
            if decision.is_linked:
                linked.append(Pair(one=one, other=other, decision=decision))
        if done % 10_000 == 0:
            progress(done, len(codes))
    progress(len(codes), len(codes))
    for pairs in (same, possible, linked):
        pairs.sort(key=lambda pair: (pair.one, pair.other))
    rulings = _Rulings(count, ruled_same, ruled_apart, rank)
    joined, broken = _joined(count, same, different, decided, rank, rulings)
    groups = _groups(joined)
    group_of = {at: number for number, group in enumerate(groups) for at in group}

    def is_between(pair: Pair) -> bool:
        return group_of[pair.one] != group_of[pair.other] and not rulings.holds_apart(pair.one, pair.other)

    return Deduplicated(
        groups=groups,
        same=tuple(pair for pair in same if not rulings.holds_apart(pair.one, pair.other)),
        possible=tuple(filter(is_between, possible)),
        broken=tuple(broken),
        linked=tuple(filter(is_between, linked)),
        unjoined=tuple(rulings.unjoined),
        compared=len(codes),
    )


def _ranked(entries: Sequence[Entry], normals: Sequence[Normal]) -> list[int]:
    """Returns for each record its place in an order that depends on the records alone."""
    ordered = sorted(
        range(len(entries)),
        key=lambda at: (
            normals[at].title,
            entries[at].title,
            entries[at].authors,
            entries[at].year,
            entries[at].journal,
            entries[at].volume,
            entries[at].issue,
            entries[at].pages,
            entries[at].doi,
            entries[at].pmid,
            entries[at].pmcid,
            entries[at].abstract,
            entries[at].source,
            entries[at].id,
        ),
    )
    rank = [0] * len(entries)
    for place, at in enumerate(ordered):
        rank[at] = place
    return rank


def _titles_of_doi(normals: Iterable[Normal]) -> dict[str, int]:
    titles: dict[str, set[str]] = defaultdict(set)
    for normal in normals:
        if normal.doi and normal.title:
            titles[normal.doi].add(normal.title[:40])
    return {doi: len(found) for doi, found in titles.items() if len(found) > 1}


def _candidates(normals: Sequence[Normal], rank: Sequence[int], order: Sequence[int]) -> array[int]:
    """Returns the pairs that share a key and are not plainly different, each as one number: lower × count + higher.

    Of a large block those are taken that are neighbors by title, so that time stays linear. The order in which records
    are looked at, any, does not matter for what is found.
    """
    count = len(normals)
    place = [0] * count
    for number, at in enumerate(order):
        place[at] = number
    small: list[list[list[int]]] = [[] for _ in normals]
    neighbors: dict[int, list[int]] = defaultdict(list)
    for keys_of in KEYS:
        for block in _shared(keys_of, normals, order):
            if len(block) <= _LARGEST_BLOCK:
                for at in block:
                    small[at].append(block)
                continue
            block.sort(key=rank.__getitem__)
            for gap in range(1, _NEIGHBORS + 1):
                for one, other in zip(block, block[gap:], strict=False):
                    earlier, later = (one, other) if place[one] < place[other] else (other, one)
                    neighbors[earlier].append(later)
    pairs = array("q")
    for at in order:
        others = set(neighbors.pop(at, ()))
        # Each record leaves its blocks when its turn has come, so that each pair is met once.
        for block in small[at]:
            block.pop()
            others.update(block)
        small[at] = []
        normal = normals[at]
        for other in others:
            if not is_plainly_another(normal, normals[other]):
                pairs.append(at * count + other if at < other else other * count + at)
    return pairs


def _shared(
    keys_of: Callable[[Normal], Iterable[Hashable]], normals: Sequence[Normal], order: Sequence[int]
) -> Iterator[list[int]]:
    """Yields the records that share a key of one kind, for each key, the first in the order last."""
    first: dict[Hashable, int] = {}
    blocks: dict[Hashable, list[int]] = {}
    for at in reversed(order):
        for key in keys_of(normals[at]):
            other = first.setdefault(key, at)
            if other == at:
                continue
            block = blocks.setdefault(key, [other])
            if block[-1] != at:
                block.append(at)
    yield from blocks.values()


class _Rulings:
    """What persons ruled: records ruled the same are one bundle, and no two ruled apart are in one."""

    def __init__(self, count: int, same: Iterable[Positions], apart: Iterable[Positions], rank: Sequence[int]) -> None:
        def ordered(pairs: Iterable[Positions]) -> list[Positions]:
            return sorted({(min(pair), max(pair)) for pair in pairs}, key=lambda p: sorted((rank[p[0]], rank[p[1]])))

        self.bundle = list(range(count))
        self.members: dict[int, list[int]] = {}
        self.unjoined: list[tuple[Positions, Positions]] = []
        self._apart: dict[int, set[int]] = defaultdict(set)
        for one, other in ordered(apart):
            self._apart[one].add(other)
            self._apart[other].add(one)
        for one, other in ordered(same):
            ours, theirs = self.bundle[one], self.bundle[other]
            if ours == theirs:
                continue
            here, there = self.members.get(ours, [ours]), self.members.get(theirs, [theirs])
            if found := self.between(here, there):
                self.unjoined.append(((one, other), found))
                continue
            self.members[ours] = here + there
            self.members.pop(theirs, None)
            for at in there:
                self.bundle[at] = ours

    def holds_apart(self, one: int, other: int) -> bool:
        return other in self._apart.get(one, ())

    def between(self, ours: Sequence[int], theirs: Sequence[int]) -> Positions | None:
        """Returns two records, one of each side, that are ruled apart, if there are any."""
        if not self._apart:
            return None
        there = set(theirs)
        pairs = ((one, other) for one in ours if one in self._apart for other in self._apart[one] & there)
        return min(((min(pair), max(pair)) for pair in pairs), default=None)


def _joined(
    count: int,
    same: Sequence[Pair],
    different: dict[Positions, Decision],
    decided: Callable[[int, int], Decision],
    rank: Sequence[int],
    rulings: _Rulings,
) -> tuple[list[int], list[Broken]]:
    """Joins the pairs decided the same, the most alike first, but for those that would join two that surely differ."""
    parent = list(rulings.bundle)
    members = {bundle: list(faces) for bundle, faces in rulings.members.items()}
    broken: list[Broken] = []
    joining = {at for pair in same for at in (pair.one, pair.other)}
    likes = {(pair.one, pair.other) for pair in same}
    unlikes: dict[int, list[int]] = defaultdict(list)
    for one, other in different:
        if one in joining and other in joining:
            unlikes[one].append(other)
            unlikes[other].append(one)

    def find(at: int) -> int:
        while parent[at] != at:
            parent[at] = parent[parent[at]]
            at = parent[at]
        return at

    def strength(pair: Pair) -> tuple[object, ...]:
        compared = pair.decision.compared
        agreeing = (compared.doi, compared.pmid, compared.pages, compared.volume, compared.journal).count(True)
        places = sorted((rank[pair.one], rank[pair.other]))
        return -agreeing, -(compared.title or 0), -(compared.authors or 0), *places

    for pair in sorted(same, key=strength):
        one, other = find(pair.one), find(pair.other)
        if one == other:
            continue
        if len(members.get(one, ())) < len(members.get(other, ())):
            one, other = other, one
        ours, theirs = members.get(one, [one]), members.get(other, [other])
        if rulings.between(ours, theirs):
            continue
        if len(ours) * len(theirs) <= _MOST_CROSSED:
            crossed = {(min(a, b), max(a, b)) for a in ours for b in theirs} - likes
        else:
            crossed = {(min(a, b), max(a, b)) for b in theirs for a in unlikes.get(b, ()) if find(a) == one}
        apart = _apart(crossed, different, decided, rank, rulings)
        if apart is not None:
            broken.append(Broken(pair=pair, apart=apart))
            continue
        parent[other] = one
        members[one] = ours
        ours.extend(members.pop(other, theirs))
    return [find(at) for at in range(count)], broken


def _apart(
    pairs: Iterable[Positions],
    different: dict[Positions, Decision],
    decided: Callable[[int, int], Decision],
    rank: Sequence[int],
    rulings: _Rulings,
) -> Pair | None:
    """Returns two records of some pairs that surely differ, compared now where they were not.

    Where a ruling joined two that surely differ, the like of one is not held against the other.
    """

    def firm(one: int, other: int) -> Decision | None:
        pair = min(one, other), max(one, other)
        decision = different.get(pair) or decided(*pair)
        return decision if decision.is_firm else None

    def is_overruled(one: int, other: int) -> bool:
        """Whether another face of `one`'s bundle, which is as different from `one`, is like `other`."""
        faces = rulings.members.get(rulings.bundle[one], ())
        return any(face != one and firm(face, one) and not firm(face, other) for face in faces)

    for one, other in sorted(pairs, key=lambda pair: sorted((rank[pair[0]], rank[pair[1]]))):
        decision = firm(one, other)
        if decision is not None and not is_overruled(one, other) and not is_overruled(other, one):
            return Pair(one=one, other=other, decision=decision)
    return None


def _groups(roots: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    found: dict[int, list[int]] = defaultdict(list)
    for at, root in enumerate(roots):
        found[root].append(at)
    return tuple(sorted(map(tuple, found.values())))
