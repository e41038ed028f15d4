"""Runs the strategies again at their sources, and records what each search found."""

from __future__ import annotations

import datetime as dt
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from casetable import __version__
from casetable.errors import SourceError, UsageError
from casetable.formats.eutils import SearchAnswer, UnreadableAnswerError, read_articles
from casetable.formats.logs import search_id, write_records, write_search
from casetable.formats.pubmed_xml import ORIGIN
from casetable.model import Record, Search, Strategy, normal_doi
from casetable.query.sent import sent_blocks, sent_term
from casetable.review import Inputs, Item, Review, strategy_hash
from casetable.sources.crossref import Crossref
from casetable.sources.eutils import PubMed, search_parameters
from casetable.workflow import LOGS, readable_review
from casetable.workflow.notices import Noticed, update_notices
from casetable.workflow.strategies import refuse_unreadable
from casetable.workspace import STRATEGIES, Workspace
from casetable.workspace.cache import Answers

Progress = Callable[[str, int, int], None]

# How long what a broken-off refresh fetched is taken for fresh: a record may change meanwhile.
RESUMED_WITHIN = dt.timedelta(hours=24)

# What loses a known record beside a block.
NOT_THERE, DATES = "not in the source", "dates"
DATE_PARAMETERS = ("datetype", "mindate", "maxdate")


@dataclass(frozen=True, kw_only=True)
class Searched:
    """One search of a refresh, with the records that it brought and that vanished since the search before."""

    search: Search
    is_first: bool
    hits: int
    added: tuple[Record, ...]
    removed: tuple[Record, ...]
    changed: tuple[Record, ...]


@dataclass(frozen=True, kw_only=True)
class Refreshed:
    """What a refresh found. `unchanged` are hand-written lists without a change, which leave no line in the log;
    `fetched` counts the records asked for, `resumed` those taken from what a broken-off refresh had fetched."""

    searched: tuple[Searched, ...]
    unchanged: tuple[str, ...]
    fetched: int
    resumed: int
    undecided: tuple[Item, ...]
    noticed: Noticed = field(default_factory=Noticed)


def refresh(
    workspace: Workspace,
    names: Sequence[str],
    *,
    pubmed: Callable[[], PubMed],
    now: dt.datetime,
    progress: Progress,
    crossref: Callable[[], Crossref] | None = None,
    is_dry: bool = False,
) -> Refreshed:
    """Runs the strategies named, or all, and appends what they found; all of them land together or none does.

    Beside the searches PubMed is asked which of the known records it changed since the last search. `pubmed` gives the
    source when the first database strategy needs it; `now` is the time of every search of this refresh (UTC);
    `progress` is told what is under way, how far, and of how many. Raises SourceError, SourceRefusedError, UsageError,
    ReviewUnreadableError; then nothing was changed but the cache.

    When the searches are recorded, Crossref is asked what was published about the included reports since; that it does
    not answer undoes nothing, and is told in the result.
    """
    with workspace.locked():
        needed = (f"{STRATEGIES}/{name}.yaml" for name in names)
        review = readable_review(workspace, *(needed if names else [STRATEGIES]), *LOGS)
        chosen = _chosen(review.inputs, names)
        refuse_unreadable(chosen)
        source = crossref() if crossref is not None else None  # what is wrong with its address is told before all else
        run = _Run(review, workspace.answers(), pubmed, now, progress)
        try:
            found = run.run(chosen)
        except SourceError as error:
            raise SourceError(f"{error}; nothing was changed") from None
        if not is_dry and found:
            lines = b"".join(write_search(searched.search) for searched in found)
            workspace.commit_refresh(write_records(run.records.values()), lines)
        searches = (*review.inputs.searches, *(searched.search for searched in found))
        after = Review(replace(review.inputs, searches=searches, records=run.records))
        noticed = update_notices(workspace, after, source, now=now, progress=progress, is_dry=is_dry)
    return Refreshed(
        searched=tuple(found),
        unchanged=tuple(run.unchanged),
        fetched=run.fetched,
        resumed=run.resumed,
        undecided=after.undecided,
        noticed=noticed,
    )


def rebuild(workspace: Workspace, *, is_dry: bool = False) -> tuple[int, tuple[str, ...]]:
    """Reads the known records anew from the answers kept in the cache, without a request.

    Returns how many records were read anew, and the keys of those that are not in the cache, or older there than in the
    review, which stay as they are.
    """
    with workspace.locked():
        review = readable_review(workspace, *LOGS)
        answers = workspace.answers()
        wanted = {record.pmid for record in review.inputs.records.values() if record.origin == ORIGIN and record.pmid}
        kept = _kept(answers, wanted, after="")
        records = dict(review.inputs.records)
        kept = {pmid: r for pmid, r in kept.items() if r.key in records and r.revised >= records[r.key].revised}
        records.update({record.key: record for record in kept.values()})
        if not is_dry:
            workspace.commit_refresh(write_records(records.values()), b"")
    return len(kept), tuple(sorted(f"pmid:{pmid}" for pmid in wanted - kept.keys()))


def _chosen(inputs: Inputs, names: Sequence[str]) -> list[Strategy]:
    known = {strategy.name: strategy for strategy in inputs.strategies}
    for name in names:
        if name not in known:
            there = ", ".join(known) or "none"
            raise UsageError(f"there is no strategy '{name}' in queries/; there is {there}")
    if not known:
        raise UsageError("the review has no strategy; write queries/NAME.yaml with source, purpose and strategy")
    for name in names:
        if known[name].is_imported:
            source = known[name].source
            raise UsageError(
                f"{source} is not searched from here; search it there, and then: casetable import FILE --source {shlex.quote(source)}"
            )
    return [known[name] for name in dict.fromkeys(names)] or [s for s in known.values() if not s.is_imported]


def _kept(answers: Answers, pmids: set[str], *, after: str) -> dict[str, Record]:
    """Returns the records of PMIDs that stand in answers kept after a time, each from the last answer that has it."""
    by_answer: dict[str, set[str]] = {}
    for pmid, (name, when) in answers.latest().items():
        if pmid in pmids and when > after:
            by_answer.setdefault(name, set()).add(pmid)
    found: dict[str, Record] = {}
    for name, wanted in sorted(by_answer.items()):
        body = answers.body(name)
        if body is None:
            continue
        try:
            records = read_articles(body)
        except UnreadableAnswerError:
            continue
        found.update({record.pmid: record for record in records if record.pmid in wanted})
    return found


class _Run:
    """One refresh under way; `records` are the review's with what it brought."""

    def __init__(
        self, review: Review, answers: Answers, pubmed: Callable[[], PubMed], now: dt.datetime, progress: Progress
    ) -> None:
        self.review = review
        self.records = dict(review.inputs.records)
        self.unchanged: list[str] = []
        self.fetched = 0
        self.resumed = 0
        self._answers = answers
        self._pubmed = pubmed
        # Never before the searches that these follow: another machine's clock may be ahead.
        latest = max((s.when for s in review.last_searches.values()), default="")
        self._now = now.astimezone(dt.UTC)
        self._when = max(self._now.strftime("%Y-%m-%dT%H:%M:%SZ"), latest)
        self._progress = progress
        self._changed: frozenset[str] = frozenset()
        self._gone: frozenset[str] = frozenset()

    def run(self, strategies: Sequence[Strategy]) -> list[Searched]:
        asked = [strategy for strategy in strategies if not strategy.method.is_other and not strategy.records]
        searches = self._ask(asked) if asked else []
        for strategy in strategies:
            if strategy in asked:
                continue
            for record in strategy.records:
                if self.records.get(record.key, record).origin != ORIGIN:
                    self.records[record.key] = record
            last = self.review.last_searches.get(strategy.name)
            if last and last.strategy_hash == strategy_hash(strategy):
                self.unchanged.append(strategy.name)
                continue
            keys = tuple(record.key for record in strategy.records)
            searches.append((self._search(strategy, count=len(keys)), keys))
        told = {key for search, keys in searches for key in (*keys, *self.review.hits.get(search.strategy, ()))}
        aside = self._changed - told
        found = []
        for search, keys in searches:
            is_first = bool(asked) and search.strategy == asked[0].name
            found.append(self._compared(search, keys, aside if is_first else frozenset()))
        return found

    def _ask(self, strategies: Sequence[Strategy]) -> list[tuple[Search, tuple[str, ...]]]:
        source = self._pubmed()
        answers: list[tuple[Strategy, Mapping[str, str], SearchAnswer]] = []
        for number, strategy in enumerate(strategies):
            self._progress("searching PubMed", number, len(strategies))
            parameters = search_parameters(
                sent_term(strategy.text), since=strategy.published_from, until=strategy.published_to
            )
            answer = source.search(
                parameters, self._now.date(), lambda done, of: self._progress("searching a large set", done, of)
            )
            answers.append((strategy, parameters, answer))
        self._progress("searching PubMed", len(strategies), len(strategies))
        self._fetch(source, strategies, [answer for _, _, answer in answers])
        missed = [self._missed(source, strategy, parameters, answer) for strategy, parameters, answer in answers]
        return [
            (
                self._search(
                    strategy,
                    count=answer.count,
                    term=parameters["term"],
                    translation=answer.translation,
                    translations=answer.translations,
                    errors=answer.errors,
                    warnings=answer.warnings,
                    parameters={name: value for name, value in parameters.items() if name != "term"},
                    missed=lost,
                    server=source.server,
                ),
                tuple(f"pmid:{pmid}" for pmid in answer.pmids),
            )
            for (strategy, parameters, answer), lost in zip(answers, missed, strict=True)
        ]

    def _missed(
        self, source: PubMed, strategy: Strategy, parameters: Mapping[str, str], answer: SearchAnswer
    ) -> Mapping[str, tuple[str, ...]]:
        """Asks PubMed which of the strategy's blocks loses each known record that the search did not find."""
        hits = set(answer.pmids)
        pmids = {known.key: self._pmids_of(source, known.key, hits) for known in strategy.must_find}
        lost: dict[str, list[str]] = {key: [] for key, found in pmids.items() if not found & hits}
        there = {pmid for key in lost for pmid in pmids[key]}
        there &= self._among(source, {}, there)
        for key, losses in lost.items():
            if not pmids[key] & there:
                losses.append(NOT_THERE)
        limits = {name: value for name, value in parameters.items() if name in DATE_PARAMETERS}
        asked: list[tuple[str, Mapping[str, str], str, bool]] = [
            (str(number), {}, f"({block.term}) AND ", block.is_excluding)
            for number, block in enumerate(sent_blocks(strategy.text), start=1)
        ]
        if limits:
            asked.append((DATES, limits, "", False))
        for number, (name, more, term, is_excluding) in enumerate(asked if there else ()):
            self._progress("asking what loses known records", number, len(asked))
            found = self._among(source, more, there, term)
            for key, losses in lost.items():
                if pmids[key] & there and bool(pmids[key] & found) is is_excluding:
                    losses.append(name)
        return {key: tuple(losses) for key, losses in lost.items()}

    def _pmids_of(self, source: PubMed, key: str, hits: set[str]) -> set[str]:
        """Returns the PMIDs under which a known record may be found."""
        group = self.review.group_of(key)
        named = {key, *(name for one in (group.keys if group else ()) for name in self.review.records[one].identifiers)}
        found = {name.removeprefix("pmid:") for name in named if name.startswith("pmid:")}
        dois = {name.removeprefix("doi:") for name in named if name.startswith("doi:")}
        found |= {record.pmid for record in self.records.values() if record.pmid and normal_doi(record.doi) in dois}
        if not found & hits:
            for doi in sorted(dois):
                if not found:
                    found.update(
                        source.search(search_parameters(f"{doi}[aid]"), self._now.date(), lambda *_: None).pmids[:1]
                    )
        return found

    def _among(self, source: PubMed, more: Mapping[str, str], pmids: set[str], term: str = "") -> set[str]:
        """Returns those of some PMIDs that a term finds."""
        if not pmids:
            return set()
        listed = " OR ".join(f"{pmid}[uid]" for pmid in sorted(pmids))
        parameters = {**search_parameters(f"{term}({listed})"), **more}
        return set(source.search(parameters, self._now.date(), lambda *_: None).pmids) & pmids

    def _fetch(self, source: PubMed, strategies: Sequence[Strategy], answers: Sequence[SearchAnswer]) -> None:
        """Fetches what is not known yet, what PubMed changed, and what a search no longer finds."""
        before = self.review.inputs.records
        known = sorted(record.pmid for record in before.values() if record.origin == ORIGIN and record.pmid)
        asked_until = self._asked_until()
        changed: tuple[str, ...] = ()
        if known and asked_until:
            # PubMed's day may end hours before or after ours.
            since = dt.date.fromisoformat(asked_until[:10]) - dt.timedelta(days=1)
            changed = source.changed(known, since, lambda done, of: self._progress("asking for changes", done, of))
        hits = {pmid for answer in answers for pmid in answer.pmids}
        new = {pmid for pmid in hits if before.get(f"pmid:{pmid}") is None or before[f"pmid:{pmid}"].origin != ORIGIN}
        earlier = {key for strategy in strategies for key in self.review.hits.get(strategy.name, ())}
        vanished = {key.removeprefix("pmid:") for key in earlier if key.startswith("pmid:")} - hits
        kept = _kept(self._answers, new, after=(self._now - RESUMED_WITHIN).strftime("%Y-%m-%dT%H:%M:%SZ"))
        self.resumed = len(kept)
        wanted = sorted((new - kept.keys()) | set(changed) | vanished, key=int, reverse=True)
        fetched: tuple[Record, ...] = ()
        if wanted:
            when = self._now.strftime("%Y-%m-%dT%H:%M:%SZ")
            self._progress("fetching records", 0, len(wanted))
            fetched = source.fetch(
                wanted,
                lambda body, pmids: self._answers.keep(body, pmids, when),
                lambda done: self._progress("fetching records", done, len(wanted)),
            )
        self.fetched = len(fetched)
        came = {record.key: record for record in (*kept.values(), *fetched)}
        self._changed = frozenset(
            key
            for key, record in came.items()
            if key in before and before[key].origin == ORIGIN and before[key] != record
        )
        self._gone = frozenset(f"pmid:{pmid}" for pmid in vanished) - came.keys()
        self.records.update(came)

    def _asked_until(self) -> str:
        """Returns the time until which PubMed was asked for changes: the earliest end of the log's chains.

        Branches that were merged, and strategies that were run one by one, have each asked for the records they knew.
        """
        names = set(self.review.last_searches)
        own = [s for s in self.review.inputs.searches if s.strategy in names and s.source == ORIGIN]
        followed = {search.previous for search in own}
        return min((search.when for search in own if search.id not in followed), default="")

    def _search(self, strategy: Strategy, *, count: int, **answered: object) -> Search:
        values: Mapping[str, object] = {
            "id": "",
            "previous": "",
            "strategy": strategy.name,
            "method": strategy.method,
            "source": strategy.source,
            "when": self._when,
            "strategy_hash": strategy_hash(strategy),
            "count": count,
            "added": (),
            "removed": (),
            "tool": f"casetable {__version__}",
        }
        return Search(**{**values, **answered})  # type: ignore[arg-type]

    def _compared(self, search: Search, keys: Sequence[str], aside: frozenset[str]) -> Searched:
        """Completes a search with what it adds and removes against the search before.

        `aside` are changed records that no search of this refresh finds, told with this one.
        """
        last = self.review.last_searches.get(search.strategy)
        before = self.review.hits.get(search.strategy, frozenset())
        hits = {key for key in keys if key in self.records}
        search = replace(
            search,
            previous=last.id if last else "",
            added=tuple(sorted(hits - before)),
            removed=tuple(sorted(before - hits)),
            not_returned=tuple(sorted(set(keys) - hits)),
            changed=tuple(sorted((self._changed & (hits | before)) | aside)),
            deleted=tuple(sorted(self._gone & before)),
        )
        search = replace(search, id=search_id(search))
        return Searched(
            search=search,
            is_first=last is None,
            hits=len(hits),
            added=tuple(self.records[key] for key in search.added),
            removed=tuple(self.records[key] for key in search.removed if key in self.records),
            changed=tuple(self.records[key] for key in search.changed),
        )
