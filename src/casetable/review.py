"""One frozen snapshot that joins all that a review holds: what was found, decided and extracted, report by report."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property, wraps
from hashlib import sha256
from operator import is_
from typing import TypeVar
from weakref import WeakKeyDictionary

from casetable.dedup import Group, Grouped, group_records
from casetable.formats.logs import write_records
from casetable.model import (
    SEARCHED_SOURCE,
    Decision,
    Form,
    Method,
    Overlap,
    Protocol,
    Record,
    Report,
    Ruling,
    Search,
    Stage,
    Strategy,
    Verified,
    normal_key,
)
from casetable.model.claim import Claim, NamedNumber
from casetable.model.notice import NO_NOTICES, Acknowledgment, NoticeLog
from casetable.problems import Problem
from casetable.query.sent import searched_as
from casetable.quotes import Slot, cell_hash, slots
from casetable.screening import Screened, screened


@dataclass(frozen=True, kw_only=True)
class Paths:
    """Where the parts of a review stand, for the places of problems; only the workspace knows the names."""

    strategies: str
    searches: str
    records: str
    screening: str
    duplicates: str
    reports: str
    notices: str = ""
    acknowledgments: str = ""


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """All that was read of a review, and the problems met while reading; `unread` are paths without content."""

    paths: Paths

    protocol: Protocol | None
    form: Form | None
    strategies: tuple[Strategy, ...]
    searches: tuple[Search, ...]
    records: Mapping[str, Record]
    decisions: tuple[Decision, ...]
    rulings: tuple[Ruling, ...]
    reports: tuple[Report, ...]
    problems: tuple[Problem, ...]
    verified: tuple[Verified, ...] = ()
    overlaps: tuple[Overlap, ...] = ()
    unread: frozenset[str] = frozenset()
    notices: NoticeLog = NO_NOTICES
    acknowledgments: tuple[Acknowledgment, ...] = ()
    claims: tuple[Claim, ...] = ()
    numbers: tuple[NamedNumber, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Item:
    """One report of the review with everything known of it: its records, where it stands, its extraction."""

    group: Group
    record: Record
    screened: Screened
    decisions: tuple[Decision, ...]
    extractions: tuple[Report, ...]
    strategies: tuple[str, ...]

    @property
    def is_hit(self) -> bool:
        """Whether a strategy's last search still finds it."""
        return bool(self.strategies)


class Review:
    """A review as it stands. Everything is computed from the inputs, on first use, and never changes."""

    def __init__(self, inputs: Inputs) -> None:
        self.inputs = inputs

    def after(self, earlier: Review) -> Review:
        """Returns this review with what an earlier one computed of the very same inputs, which is not computed again.

        Returns the earlier one where nothing is another.
        """
        if all(
            _is_same(getattr(self.inputs, each.name), getattr(earlier.inputs, each.name)) for each in fields(Inputs)
        ):
            return earlier
        for names, computed in _COMPUTED_OF:
            if all(_is_same(getattr(self.inputs, name), getattr(earlier.inputs, name)) for name in names):
                self.__dict__.update({key: earlier.__dict__[key] for key in computed if key in earlier.__dict__})
        if "items" in earlier.__dict__ and "grouped" in self.__dict__:  # taken over, as all that items hang on besides
            self.__dict__["items"] = self._items_after(earlier)
        return self

    def _items_after(self, earlier: Review) -> tuple[Item, ...]:
        """Returns the items, those anew that a decision or an extraction speaks of that one of both reviews has alone."""
        changed: set[int] = set()  # groups by their id: both reviews have the same ones
        for name in ("decisions", "reports"):
            one, other = getattr(self.inputs, name), getattr(earlier.inputs, name)
            mine, theirs = {id(each) for each in one}, {id(each) for each in other}
            changed |= {id(self.group_of(each.key)) for each in one if id(each) not in theirs}
            changed |= {id(self.group_of(each.key)) for each in other if id(each) not in mine}
        if not changed:
            return earlier.items
        decisions: dict[int, list[Decision]] = defaultdict(list)
        for decision in self.inputs.decisions:
            if (at := id(self.group_of(decision.key))) in changed:
                decisions[at].append(decision)
        extractions: dict[int, list[Report]] = defaultdict(list)
        for report in self.inputs.reports:
            if (at := id(self.group_of(report.key))) in changed:
                extractions[at].append(report)
        return tuple(
            replace(
                item,
                decisions=tuple(decisions[at]),
                screened=self.screened(decisions[at]),
                extractions=tuple(extractions[at]),
            )
            if (at := id(item.group)) in changed
            else item
            for item in earlier.items
        )

    def is_read(self, path: str) -> bool:
        """Whether all files at or below a path could be read: what is missing there is not known otherwise."""
        return not any(unread == path or unread.startswith(path + "/") for unread in self.inputs.unread)

    @cached_property
    def last_searches(self) -> Mapping[str, Search]:
        """The last search of each strategy that is still in the review."""
        names = {strategy.name for strategy in self.inputs.strategies}
        return {search.strategy: search for search in self.inputs.searches if search.strategy in names}

    @property
    def searched_on(self) -> dt.date | None:
        """The day of the last search, on which the review stands; None before any."""
        days = [day for search in self.last_searches.values() if (day := _day(search.when))]
        return max(days, default=None)

    @cached_property
    def hits(self) -> Mapping[str, frozenset[str]]:
        """The keys that each strategy's last search found."""
        standing = hits_by_search(self.inputs.searches)
        return {name: standing[search.id] for name, search in self.last_searches.items()}

    @cached_property
    def is_log_whole(self) -> bool:
        """Whether the log and the records could be read, and every record that a search names is there."""
        inputs = self.inputs
        return (
            self.is_read(inputs.paths.searches)
            and self.is_read(inputs.paths.records)
            and all(key in inputs.records for search in inputs.searches for key in search.added)
        )

    @cached_property
    def records(self) -> Mapping[str, Record]:
        """The records that a search ever named; others are ignored."""
        named = {key for search in self.inputs.searches for key in search.added}
        return {key: record for key, record in self.inputs.records.items() if key in named}

    @cached_property
    def grouped(self) -> Grouped:
        """The records joined by report, and what is open of that."""
        protocol = self.inputs.protocol
        return group_records(
            self.records,
            self.inputs.rulings,
            one_report=protocol.one_report if protocol else (),
            is_whole=self.is_log_whole,
        )

    @property
    def groups(self) -> tuple[Group, ...]:
        return self.grouped.groups

    @property
    def ruling_problems(self) -> tuple[Problem, ...]:
        return self.grouped.problems

    @cached_property
    def _group_of(self) -> Mapping[str, Group]:
        found: dict[str, Group] = {}
        for group in self.groups:
            for key in group.keys:
                for name in self.records[key].identifiers:
                    found.setdefault(name, group)
        # A record's own key outranks an identifier that two groups share.
        found.update({key: group for group in self.groups for key in group.keys})
        return found

    def group_of(self, key: str) -> Group | None:
        """Returns the group that a key names, by whatever identifier of its records."""
        return self._group_of.get(normal_key(key))

    @property
    def screeners(self) -> int:
        """How many persons are to decide on each record, by the protocol."""
        return self.inputs.protocol.screeners if self.inputs.protocol else 1

    def screened(self, decisions: Sequence[Decision]) -> Screened:
        """Returns where a report of this review stands by all decisions on it."""
        return screened(decisions, self.screeners)

    @cached_property
    def items(self) -> tuple[Item, ...]:
        """All reports that a search ever named, by first key."""
        decisions: dict[Group, list[Decision]] = defaultdict(list)
        for decision in self.inputs.decisions:
            if group := self.group_of(decision.key):
                decisions[group].append(decision)
        extractions: dict[Group, list[Report]] = defaultdict(list)
        for report in self.inputs.reports:
            if group := self.group_of(report.key):
                extractions[group].append(report)
        finders: dict[str, list[str]] = defaultdict(list)
        for name, keys in sorted(self.hits.items()):
            for key in keys:
                finders[key].append(name)
        return tuple(
            Item(
                group=group,
                record=best_record(self.records[key] for key in group.keys),
                screened=self.screened(decisions[group]),
                decisions=tuple(decisions[group]),
                extractions=tuple(extractions[group]),
                strategies=tuple(dict.fromkeys(name for key in group.keys for name in finders[key])),
            )
            for group in self.groups
        )

    @cached_property
    def _item_of(self) -> Mapping[str, Item]:
        return {item.group.keys[0]: item for item in self.items}

    def item_of(self, key: str) -> Item | None:
        """Returns the report that a key names."""
        group = self.group_of(key)
        return self._item_of[group.keys[0]] if group else None

    @cached_property
    def undecided(self) -> tuple[Item, ...]:
        """The reports that a last search finds and that are not decided on: by nobody, or not by as many as screen."""
        return tuple(item for item in self.items if item.is_hit and item.screened.decision is None)

    def undecided_by(self, name: str, stage: Stage | None = None) -> tuple[Item, ...]:
        """Returns the reports that a last search finds and on which this person's decision is wanted, at one stage or any."""
        return tuple(item for item in self.items if item.is_hit and item.screened.stage_for(name, stage) is not None)

    @cached_property
    def included(self) -> tuple[Item, ...]:
        """The included reports, by year, then by their extraction's name or key."""
        chosen = [item for item in self.items if item.screened.standing.is_included]
        return tuple(
            sorted(
                chosen,
                key=lambda item: (
                    item.record.year or "9999",
                    item.extractions[0].name if item.extractions else item.group.keys[0],
                ),
            )
        )

    @cached_property
    def verifiable(self) -> Mapping[tuple[str, str, str], Slot]:
        """The cells that can be held against a text, by report, case and the cell's place in the extraction."""
        form = self.inputs.form
        return {
            (report.name, case.id, slot.name): slot
            for report in (self.inputs.reports if form else ())
            for case in report.cases
            for slot in slots(case, form or Form())
        }

    @cached_property
    def verified(self) -> Mapping[tuple[str, str, str], Verified]:
        """Those of them that were found in their report's text, and say the same since."""
        found = {(line.report, line.case, line.cell): line for line in self.inputs.verified}
        return {
            name: line
            for name, line in found.items()
            if name in self.verifiable and cell_hash(self.verifiable[name].cell) == line.content
        }


# What of a review is computed of which inputs alone.
_COMPUTED_OF = (
    (
        ("paths", "protocol", "strategies", "searches", "records", "rulings", "unread"),
        ("last_searches", "hits", "is_log_whole", "records", "grouped", "_group_of"),
    ),
    (("reports", "form"), ("verifiable",)),
    (("reports", "form", "verified"), ("verified",)),
)


def _is_same(one: object, other: object) -> bool:
    """Whether two inputs are one, or hold the very same things in one order."""
    if one is other:
        return True
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(is_, one, other))
    return isinstance(one, frozenset | Paths) and one == other


def _day(when: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(when[:10])
    except ValueError:
        return None


T = TypeVar("T")


def once(compute: Callable[[Review], T]) -> Callable[[Review], T]:
    """Makes a function compute its answer once for each review, which never changes; the answer must not either."""
    answers: WeakKeyDictionary[Review, T] = WeakKeyDictionary()

    @wraps(compute)
    def answer(review: Review) -> T:
        if review not in answers:
            answers[review] = compute(review)
        return answers[review]

    return answer


def best_record(records: Iterable[Record]) -> Record:
    """Returns the record whose facts stand for a group: PubMed's before a list's, then the fuller one."""
    return max(
        records,
        key=lambda r: (bool(r.pmid), r.origin == SEARCHED_SOURCE, not r.title.isupper(), len(r.citation), r.key),
    )


def hits_by_search(searches: Sequence[Search]) -> Mapping[str, frozenset[str]]:
    """Returns the keys that each search found, by its id, from the log alone.

    A search whose predecessor is not in the log counts from nothing: `completeness` reports the gap.
    """
    by_id = {search.id: search for search in searches}
    found: dict[str, frozenset[str]] = {}
    for search in searches:
        chain: list[Search] = []
        at: Search | None = search
        while at is not None and at.id not in found and len(chain) <= len(searches):
            chain.append(at)
            at = by_id.get(at.previous)
        for link in reversed(chain):
            before = found.get(link.previous, frozenset())
            found[link.id] = (before - set(link.removed)) | set(link.added)
    return found


def strategy_hash(strategy: Strategy) -> str:
    """Returns a hash of what a strategy searches for: its term, limits and listed records, not its purpose or comments."""
    listed = write_records(strategy.records).decode()
    parts = (
        strategy.method.value if strategy.method.is_other else Method.DATABASE.value,
        strategy.source,
        searched_as(strategy.text),
        strategy.published_from,
        strategy.published_to,
        listed,
    )
    return "sha256:" + sha256("\0".join(parts).encode()).hexdigest()
