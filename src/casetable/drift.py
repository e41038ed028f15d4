"""What changed between two searches of a strategy, and why, from recorded facts alone.

A reason is told only where the log or the records show it; else the change is "unexplained", never a guess.
"""

from __future__ import annotations

import datetime as dt
import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from casetable.model import Record, Search
from casetable.model.article import article_of
from casetable.query import Boolean, Chain, Group, Index, Node, QueryError, Term, parse, unparse
from casetable.review import Review, hits_by_search


class Cause(StrEnum):
    """Why a hit came or went, in the order in which causes are looked for."""

    FIRST = "first search"
    CREATED = "created"
    DELETED = "deleted"
    STRATEGY = "strategy edited"
    TRANSLATION = "translation changed"
    INDEXED = "indexed"
    REVISED = "record changed"
    UNEXPLAINED = "unexplained"


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A hit that came or went, and the reason; `record` is what is known of it now."""

    key: str
    record: Record | None
    is_gain: bool
    cause: Cause
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """What changed in a strategy's hits from one search to another, and which of its records changed."""

    strategy: str
    before: Search | None
    after: Search
    hits_before: int
    hits_after: int
    moves: tuple[Move, ...]
    changed: tuple[tuple[str, Record | None], ...]
    words_added: tuple[str, ...]
    words_removed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stood:
    """What a strategy's last search until a day found."""

    search: Search
    hits: frozenset[str]


def stood_at(review: Review, day: dt.date) -> Mapping[str, Stood]:
    """Returns where each strategy's searches stood at the end of a day (UTC), from the log alone."""
    hits = hits_by_search(review.inputs.searches)
    limit = day.isoformat() + "T99"
    return {
        search.strategy: Stood(search=search, hits=hits[search.id])
        for search in review.inputs.searches
        if search.when <= limit
    }


def drifts(review: Review, names: Sequence[str], since: dt.date | None) -> Iterator[Drift]:
    """Yields what changed in each strategy named, or in all, up to its last search.

    Compared is the last search until the end of `since`; without it, the search before the last.
    """
    hits = hits_by_search(review.inputs.searches)
    by_strategy: dict[str, list[Search]] = {}
    for search in review.inputs.searches:
        by_strategy.setdefault(search.strategy, []).append(search)
    for name, searches in sorted(by_strategy.items()):
        if names and name not in names:
            continue
        after = searches[-1]
        if since is None:
            before = searches[-2] if len(searches) > 1 else None
        else:
            before = next((s for s in reversed(searches) if s.when <= since.isoformat() + "T99"), None)
        if before is after:
            before_hits, between = hits[after.id], []
        else:
            before_hits = hits[before.id] if before else frozenset()
            between = searches[searches.index(before) + 1 :] if before else searches
        yield _drift(review, name, before, after, before_hits, hits[after.id], between)


def _drift(
    review: Review,
    name: str,
    before: Search | None,
    after: Search,
    hits_before: frozenset[str],
    hits_after: frozenset[str],
    between: Sequence[Search],
) -> Drift:
    records = review.inputs.records
    # The last search that says of a key that it came or went; only that one knows why.
    came = {key: search for search in between for key in search.added}
    went = {key: search for search in between for key in search.removed}
    added, removed = _words(before.term if before else "", after.term)
    moves = []
    for key in sorted(hits_before ^ hits_after):
        record, is_gain = records.get(key), key in hits_after
        if before is None:
            first = came.get(key, after)
            cause, reason = Cause.FIRST, f"there is no search to compare with; found on {first.when[:10]}"
        else:
            cause, reason = _cause(key, record, before, after, went.get(key), is_gain=is_gain)
        if cause is Cause.STRATEGY and before is not None and record is not None:
            reason += _told_terms(record, before.term, after.term, is_gain=is_gain)
        moves.append(Move(key=key, record=record, is_gain=is_gain, cause=cause, reason=reason))
    changed = sorted({key for search in between for key in search.changed})
    return Drift(
        strategy=name,
        before=before,
        after=after,
        hits_before=len(hits_before),
        hits_after=len(hits_after),
        moves=tuple(moves),
        changed=tuple((key, records.get(key)) for key in changed) if before else (),
        words_added=added if before else (),
        words_removed=removed,
    )


def _cause(
    key: str, record: Record | None, before: Search, after: Search, went: Search | None, *, is_gain: bool
) -> tuple[Cause, str]:
    """Returns why a hit came or went between two searches; a day counts only if it lies between them."""
    then, now = before.when[:10], after.when[:10]
    if is_gain and record is not None and then < record.created <= now:
        return Cause.CREATED, f"created on {record.created}, since the search of {then}"
    if not is_gain and went is not None and key in went.deleted:
        return (
            Cause.DELETED,
            f"the source had no such record any more on {went.when[:10]}: deleted, or merged with another",
        )
    if before.strategy_hash != after.strategy_hash:
        return Cause.STRATEGY, f"the strategy was edited since the search of {then}"
    if before.translation != after.translation:
        return Cause.TRANSLATION, f"{after.source} translates the strategy otherwise since the search of {then}"
    if is_gain and record is not None and record.created == then:
        return Cause.CREATED, f"created on {record.created}, the day of the search before"
    if is_gain and record is not None and then <= record.indexed <= now:
        return Cause.INDEXED, f"existed, and got its subject headings on {record.indexed}"
    if record is not None and then <= record.revised <= now:
        return Cause.REVISED, f"its record was changed on {record.revised}"
    return Cause.UNEXPLAINED, "unexplained: nothing that is recorded tells why"


def _told_terms(record: Record, before: str, after: str, *, is_gain: bool) -> str:
    """Returns which of the terms that an edit added or removed the record holds, as far as its facts tell.

    A gain can come of a term added by OR or of one taken away from AND, so both kinds of terms are told; what stands in
    the abstract only is not known here.
    """
    try:
        old, new = _terms(before), _terms(after)
    except QueryError:
        return ""
    index = Index([article_of(record)], today=dt.date.min)
    came, went = (
        [term for term, node in terms.items() if term not in others and index.search(node)]
        for terms, others in ((new, old), (old, new))
    )
    missing = [
        term
        for term, node in (old if is_gain else new).items()
        if term not in (new if is_gain else old) and not index.search(node)
    ]
    parts = []
    if is_gain and came:
        parts.append(f"its new {'terms' if len(came) > 1 else 'term'} {', '.join(came)} can be seen in the record")
    elif not is_gain and went:
        parts.append(f"{', '.join(went)}, which can be seen in the record, is no longer asked for")
    if missing:
        word = "no longer asked for" if is_gain else "asked for now"
        parts.append(f"{', '.join(missing)}, not to be seen in what is known of the record, is {word}")
    return f"; {'; '.join(parts)}" if parts else ""


def _terms(strategy: str) -> dict[str, Node]:
    """Returns the terms that a strategy asks for; those that it excludes by NOT are left out."""
    found: dict[str, Node] = {}
    stack: list[Node] = [parse(strategy)]
    while stack:
        node = stack.pop()
        if isinstance(node, Term):
            found[unparse(node)] = node
        elif isinstance(node, Group):
            stack.append(node.inner)
        elif isinstance(node, Chain):
            wanted = [node.operands[0]]
            wanted += [
                operand
                for operator, operand in zip(node.operators, node.operands[1:], strict=True)
                if operator.kind is not Boolean.NOT
            ]
            stack += reversed(wanted)
    return found


def _words(before: str, after: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Returns the pieces of a strategy that were added, and those that were removed."""
    old, new = (re.findall(r'"[^"]*"(?:\[[^\]]*\])?|[^\s()]+', text) for text in (before, after))
    added: list[str] = []
    removed: list[str] = []
    for kind, i1, i2, j1, j2 in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind != "equal":
            removed.append(" ".join(old[i1:i2]))
            added.append(" ".join(new[j1:j2]))
    return tuple(text for text in added if text), tuple(text for text in removed if text)
