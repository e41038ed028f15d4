"""All records: which pairs are compared, and the groups that the decisions make, the same in any order of the records."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from casetable.dedup.decide import Decision, Settings, Sieve, Verdict, decide, is_plainly_another
from casetable.dedup.normalize import KEYS, Entry, Normal, normalize

_LARGEST_BLOCK = 60
_NEIGHBORS = 5
# Beyond so many pairs between two groups, only the pairs that were compared are held against a join.
_MOST_CROSSED = 400


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

    `same` are the pairs that joined them, `possible` those for a person, each between two groups.
    """

    groups: tuple[tuple[int, ...], ...]
    same: tuple[Pair, ...]
    possible: tuple[Pair, ...]
    broken: tuple[Broken, ...]
    compared: int


def deduplicate(
    entries: Sequence[Entry],
    *,
    settings: Settings | None = None,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Deduplicated:
    """Returns the groups of records of one report.

    Any order of the records gives the same groups. `progress` is told how many pairs are decided, and of how many.
    """
    normals = [normalize(entry) for entry in entries]
    # Records are told apart by what they say, never by where they stand.
    rank = _ranked(entries, normals)
    titles_of_doi = _titles_of_doi(normals)
    same: list[Pair] = []
    possible: list[Pair] = []
    different: dict[tuple[int, int], Decision] = {}
    count = len(entries)
    codes = sorted(_candidates(normals, rank))
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
        if done % 10_000 == 0:
            progress(done, len(codes))
    progress(len(codes), len(codes))
    joined, broken = _joined(count, same, different, decided, rank)
    groups = _groups(joined)
    group_of = {at: number for number, group in enumerate(groups) for at in group}
    return Deduplicated(
        groups=groups,
        same=tuple(same),
        possible=tuple(pair for pair in possible if group_of[pair.one] != group_of[pair.other]),
        broken=tuple(broken),
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
        if normal.doi:
            titles[normal.doi].add(normal.title[:40])
    return {doi: len(found) for doi, found in titles.items() if len(found) > 1}


def _candidates(normals: Sequence[Normal], rank: Sequence[int]) -> array[int]:
    """Returns the pairs that share a key and are not plainly different, each as one number: lower × count + higher.

    Of a large block those are taken that are neighbors by title, so that time stays linear.
    """
    ordered = sorted(range(len(normals)), key=rank.__getitem__)
    small: list[list[list[int]]] = [[] for _ in normals]
    large: dict[int, list[list[int]]] = defaultdict(list)
    for keys_of in KEYS:
        for block in _shared(keys_of, normals, ordered):
            for at in block:
                (small if len(block) <= _LARGEST_BLOCK else large)[at].append(block)
    count = len(normals)
    sieve = Sieve(normals)
    pairs = array("q")
    for at in ordered:
        others: set[int] = set()
        # Each record leaves its blocks when its turn has come, so that each pair is met once.
        for block in small[at]:
            block.pop()
            others.update(block)
        small[at] = []
        for block in large.pop(at, ()):
            block.pop()
            others.update(block[-_NEIGHBORS:])
        one = normals[at]
        for other in sieve.near(at, others):
            if not is_plainly_another(one, normals[other]):
                pairs.append(at * count + other if at < other else other * count + at)
    return pairs


def _shared(
    keys_of: Callable[[Normal], Iterable[Hashable]], normals: Sequence[Normal], ordered: Sequence[int]
) -> Iterator[list[int]]:
    """Yields the records that share a key of one kind, for each key, the first in the order last."""
    first: dict[Hashable, int] = {}
    blocks: dict[Hashable, list[int]] = {}
    for at in reversed(ordered):
        for key in keys_of(normals[at]):
            other = first.setdefault(key, at)
            if other == at:
                continue
            block = blocks.setdefault(key, [other])
            if block[-1] != at:
                block.append(at)
    yield from blocks.values()


def _joined(
    count: int,
    same: Sequence[Pair],
    different: dict[tuple[int, int], Decision],
    decided: Callable[[int, int], Decision],
    rank: Sequence[int],
) -> tuple[list[int], list[Broken]]:
    """Joins the pairs decided the same, the most alike first, but for those that would join two that surely differ."""
    parent = list(range(count))
    members: dict[int, list[int]] = {}
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
        if len(ours) * len(theirs) <= _MOST_CROSSED:
            crossed = {(min(a, b), max(a, b)) for a in ours for b in theirs} - likes
        else:
            crossed = {(min(a, b), max(a, b)) for b in theirs for a in unlikes.get(b, ()) if find(a) == one}
        apart = next(_apart(crossed, different, decided, rank), None)
        if apart is not None:
            broken.append(Broken(pair=pair, apart=apart))
            continue
        parent[other] = one
        members[one] = ours
        ours.extend(members.pop(other, theirs))
    return [find(at) for at in range(count)], broken


def _apart(
    pairs: Iterable[tuple[int, int]],
    different: dict[tuple[int, int], Decision],
    decided: Callable[[int, int], Decision],
    rank: Sequence[int],
) -> Iterator[Pair]:
    """Yields the pairs that surely differ, compared now where they were not."""
    for one, other in sorted(pairs, key=lambda pair: sorted((rank[pair[0]], rank[pair[1]]))):
        decision = different.get((one, other)) or decided(one, other)
        if decision.is_firm:
            yield Pair(one=one, other=other, decision=decision)


def _groups(roots: Sequence[int]) -> tuple[tuple[int, ...], ...]:
    found: dict[int, list[int]] = defaultdict(list)
    for at, root in enumerate(roots):
        found[root].append(at)
    return tuple(sorted(map(tuple, found.values())))
