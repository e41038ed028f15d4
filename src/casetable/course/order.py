"""The order of the events of a case: merged from the orders in which its cells name them."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """All events in one order.

    `contradicted` are pairs that one sequence has in this order and an earlier sequence in the other; `unsettled` are
    neighbors in the order of which no sequence says which came first.
    """

    events: tuple[str, ...]
    contradicted: tuple[tuple[str, str], ...] = ()
    unsettled: tuple[tuple[str, str], ...] = ()


def merge_orders(firm: Iterable[Sequence[str]], loose: Iterable[Sequence[str]] = ()) -> Merged:
    """Returns the events of all sequences in an order that keeps that of each, the firm ones before the loose.

    What contradicts an earlier sequence is left out, and told where it is firm. Where nothing says which of two events
    came first, they come in the order in which they are named.
    """
    firm, loose = list(firm), list(loose)
    rank: dict[str, int] = {}
    for sequence in (*firm, *loose):
        for name in sequence:
            rank.setdefault(name, len(rank))
    after: dict[str, list[str]] = {name: [] for name in rank}
    contradicted: list[tuple[str, str]] = []
    for is_firm, sequences in ((True, firm), (False, loose)):
        for sequence in sequences:
            for one, other in pairwise(sequence):
                if one == other or other in after[one]:
                    continue
                if not _leads(after, other, one):
                    after[one].append(other)
                elif is_firm:
                    contradicted.append((one, other))
    events = _sorted(after, rank)
    return Merged(
        events=events,
        contradicted=tuple(dict.fromkeys(contradicted)),
        unsettled=tuple((one, other) for one, other in pairwise(events) if not _leads(after, one, other)),
    )


def _leads(after: dict[str, list[str]], start: str, goal: str) -> bool:
    seen, waiting = {start}, [start]
    while waiting:
        name = waiting.pop()
        if name == goal:
            return True
        new = [follower for follower in after[name] if follower not in seen]
        seen.update(new)
        waiting += new
    return False


def _sorted(after: dict[str, list[str]], rank: dict[str, int]) -> tuple[str, ...]:
    """The events in topological order, those named first before others (Kahn's algorithm)."""
    before = dict.fromkeys(after, 0)
    for followers in after.values():
        for name in followers:
            before[name] += 1
    ready = [(rank[name], name) for name, number in before.items() if not number]
    heapq.heapify(ready)
    events = []
    while ready:
        _, name = heapq.heappop(ready)
        events.append(name)
        for follower in after[name]:
            before[follower] -= 1
            if not before[follower]:
                heapq.heappush(ready, (rank[follower], follower))
    return tuple(events)
