"""Runs the strategies again at their sources, and records what each search found."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from casetable import __version__
from casetable.errors import UsageError
from casetable.formats.logs import search_id, write_records, write_search
from casetable.formats.pubmed_xml import ORIGIN
from casetable.model import Record, Search, Strategy
from casetable.review import Inputs, Item, Review, strategy_hash
from casetable.sources.eutils import PubMed, search_parameters
from casetable.workflow import readable_review
from casetable.workspace import Workspace

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True)
class Searched:
    """One search of a refresh, with the records that it brought and that vanished since the search before."""

    search: Search
    is_first: bool
    hits: int
    added: tuple[Record, ...]
    removed: tuple[Record, ...]


@dataclass(frozen=True, kw_only=True)
class Refreshed:
    """What a refresh found. `unchanged` are hand-written lists without a change, which leave no line in the log."""

    searched: tuple[Searched, ...]
    unchanged: tuple[str, ...]
    fetched: int
    undecided: tuple[Item, ...]


def refresh(
    workspace: Workspace,
    names: Sequence[str],
    *,
    pubmed: Callable[[], PubMed],
    now: dt.datetime,
    progress: Progress,
    is_dry: bool = False,
) -> Refreshed:
    """Runs the strategies named, or all, and appends what they found; all of them land together or none does.

    `pubmed` gives the source when the first database strategy needs it; `now` is the time of every search of this
    refresh (UTC); `progress` is told what is under way, how far, and of how many. Raises SourceError,
    SourceRefusedError, UsageError, ReviewUnreadableError; then nothing was changed.
    """
    with workspace.locked():
        review = readable_review(workspace)
        strategies = _chosen(review.inputs, names)
        records = dict(review.inputs.records)
        found, unchanged, fetched = _run(review, strategies, records, pubmed, now, progress)
        if not is_dry and found:
            workspace.commit_refresh(write_records(records.values()), b"".join(write_search(s.search) for s in found))
        searches = (*review.inputs.searches, *(searched.search for searched in found))
        after = Review(replace(review.inputs, searches=searches, records=records))
    return Refreshed(searched=tuple(found), unchanged=unchanged, fetched=fetched, undecided=after.undecided)


def _chosen(inputs: Inputs, names: Sequence[str]) -> list[Strategy]:
    known = {strategy.name: strategy for strategy in inputs.strategies}
    for name in names:
        if name not in known:
            there = ", ".join(known) or "none"
            raise UsageError(f"there is no strategy '{name}' in queries/; there is {there}")
    if not known:
        raise UsageError("the review has no strategy; write queries/NAME.yaml with source, purpose and strategy")
    return [known[name] for name in dict.fromkeys(names)] or list(known.values())


def _run(
    review: Review,
    strategies: Sequence[Strategy],
    records: dict[str, Record],
    pubmed: Callable[[], PubMed],
    now: dt.datetime,
    progress: Progress,
) -> tuple[list[Searched], tuple[str, ...], int]:
    """Runs the searches, puts the records they bring into `records`; returns searches, unchanged lists, fetched."""
    searches: list[tuple[Strategy, Search, tuple[str, ...]]] = []
    unchanged = []
    wanted: dict[str, None] = {}
    source: PubMed | None = None
    asked = [strategy for strategy in strategies if not strategy.method.is_other and not strategy.records]
    for number, strategy in enumerate(asked):
        progress(f"searching {strategy.source}", number, len(asked))
        source = source or pubmed()
        parameters = search_parameters(strategy.text, since=strategy.published_from, until=strategy.published_to)
        answer = source.search(parameters)
        keys = tuple(f"pmid:{pmid}" for pmid in answer.pmids)
        for key in keys:
            if key not in records or records[key].origin != ORIGIN:
                wanted[key.removeprefix("pmid:")] = None
        search = _search(
            strategy,
            now,
            count=answer.count,
            term=strategy.text,
            translation=answer.translation,
            translations=answer.translations,
            errors=answer.errors,
            warnings=answer.warnings,
            parameters={name: value for name, value in parameters.items() if name != "term"},
        )
        searches.append((strategy, search, keys))
    if asked:
        progress(f"searching {asked[0].source}", len(asked), len(asked))
    fetched: tuple[Record, ...] = ()
    if wanted and source is not None:
        progress("fetching records", 0, len(wanted))
        fetched = source.fetch(tuple(wanted), lambda done: progress("fetching records", done, len(wanted)))
    records.update({record.key: record for record in fetched})
    for strategy in strategies:
        if strategy in asked:
            continue
        for record in strategy.records:
            if records.get(record.key, record).origin != ORIGIN:
                records[record.key] = record
        keys = tuple(record.key for record in strategy.records)
        last = review.last_searches.get(strategy.name)
        if last and last.strategy_hash == strategy_hash(strategy):
            unchanged.append(strategy.name)
            continue
        searches.append((strategy, _search(strategy, now, count=len(keys)), keys))
    found = [_compared(review, search, keys, records) for _, search, keys in searches]
    return found, tuple(unchanged), len(fetched)


def _search(strategy: Strategy, now: dt.datetime, *, count: int, **answered: object) -> Search:
    values: Mapping[str, object] = {
        "id": "",
        "previous": "",
        "strategy": strategy.name,
        "method": strategy.method,
        "source": strategy.source,
        "when": now.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "strategy_hash": strategy_hash(strategy),
        "count": count,
        "added": (),
        "removed": (),
        "tool": f"casetable {__version__}",
    }
    return Search(**{**values, **answered})  # type: ignore[arg-type]


def _compared(review: Review, search: Search, keys: Sequence[str], records: Mapping[str, Record]) -> Searched:
    """Completes a search with what it adds and removes against the search before."""
    last = review.last_searches.get(search.strategy)
    before = review.hits.get(search.strategy, frozenset())
    hits = [key for key in keys if key in records]
    search = replace(
        search,
        previous=last.id if last else "",
        added=tuple(sorted(set(hits) - before)),
        removed=tuple(sorted(before - set(hits))),
        not_returned=tuple(sorted(key for key in keys if key not in records)),
    )
    search = replace(search, id=search_id(search))
    return Searched(
        search=search,
        is_first=last is None,
        hits=len(hits),
        added=tuple(records[key] for key in search.added),
        removed=tuple(records[key] for key in search.removed if key in records),
    )
