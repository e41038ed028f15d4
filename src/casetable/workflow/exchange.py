"""Undecided records on their way to a screening tool, Rayyan or ASReview, and the decisions on their way back."""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from casetable.curation.edits import add_decisions
from casetable.curation.nodes import can_be_written
from casetable.dedup import Entry, merge, normalize
from casetable.errors import UsageError
from casetable.formats.articles import Flaw, Stored, read_articles_of
from casetable.formats.ris import write_ris
from casetable.formats.screened import KEY_NOTE, ScreenedRecord, Vote, read_screened
from casetable.model import Decision, Stage, Verdict
from casetable.model.article import Article, article_of
from casetable.problems import Place, joined, shown
from casetable.review import Item, Review
from casetable.screening import person
from casetable.workflow import screening_review
from casetable.workspace import SCREENING, Workspace
from casetable.workspace.articles import read_bytes
from casetable.workspace.cache import Answers
from casetable.workspace.files import write_whole


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What was written for a screening tool: how many reports, and how many of them without an abstract."""

    reports: int
    without_abstract: int


def export_undecided(workspace: Workspace, path: Path, *, by: str = "", is_dry: bool = False) -> Sent:
    """Writes the undecided reports as RIS for Rayyan and ASReview, one record each, and says what there is of them.

    Where two persons screen and one is named, without those that this person decided on, or that are to be settled.
    Abstracts come from the cache; what is not there any more has none. Raises UsageError, ReviewUnreadableError, WriteError.
    """
    review = screening_review(workspace)
    if workspace.holds(path):
        raise UsageError(f"{path} is a name of the review's own files; expected one as undecided.ris")
    if path.is_dir():
        raise UsageError(f"{path} is a folder; expected the name of a file")
    undecided = review.undecided
    if by and review.screeners > 1:
        undecided = tuple(item for item in undecided if item.screened.stage_for(by) is not None)
    wanted = {key for item in undecided for key in item.group.keys}
    cached = dict(cached_articles(workspace.answers(), wanted))
    articles = [
        (
            item.record.key,
            merge([cached.get(key) or article_of(review.records[key]) for key in item.group.keys]).article,
        )
        for item in undecided
    ]
    texts = [write_ris(article, notes=[f"{KEY_NOTE} {key}"]) for key, article in articles]
    data = "".join(f"{text}\n\n" for text in texts).encode("utf-8", errors="replace")
    if not is_dry:
        write_whole(path, data)
    return Sent(reports=len(articles), without_abstract=sum(not article.abstract for _, article in articles))


def cached_articles(answers: Answers, wanted: set[str]) -> Iterator[tuple[str, Article]]:
    """Yields the articles of keys as the cache has them, those kept last at the end."""
    for name, asked in answers.kept():
        keys = [key if ":" in key else f"pmid:{key}" for key in asked]
        if wanted.isdisjoint(keys) or (body := answers.body(name)) is None:
            continue
        articles = [read.article for read in read_articles_of(name, [body]) if isinstance(read, Stored)]
        if all(":" not in key for key in asked):  # PubMed's answer, which is in no order and may lack some
            yield from ((f"pmid:{article.pmid}", article) for article in articles)
        else:
            yield from zip(keys, articles, strict=False)


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What came back from a screening tool.

    `already` is how many reports were decided the same before, `unseen` how many nobody decided on in the tool. `open` are
    records that were decided on and are undecided here all the same, each with why.
    """

    decisions: tuple[Decision, ...]
    already: int
    unseen: int
    open: tuple[str, ...]
    faults: tuple[str, ...]


def take_decisions(
    workspace: Workspace,
    files: Sequence[Path],
    *,
    by: str,
    reason: str,
    stage: Stage,
    today: dt.date,
    is_dry: bool = False,
) -> Taken:
    """Adds the decisions of exports of Rayyan and ASReview to screening.yaml, all at once.

    A decision is taken where all who voted agree; where two persons screen, that of each who is named, as a decision of
    their own, also where they differ. `by` names who decided where the tool does not, or in place of it, and
    `reason` is the reason of exclusions for which the tool has none of the protocol. Raises UsageError,
    ReviewUnreadableError, WriteError.
    """
    records, faults = _read(files)
    with workspace.locked():
        review = screening_review(workspace)
        reasons = review.inputs.protocol.exclusion_reasons if review.inputs.protocol else {}
        if reason and reason not in reasons:
            raise UsageError(
                f"{shown(reason)} is no reason of the protocol; expected {joined(reasons) if reasons else 'one in review.yaml'}"
            )
        found = _Taking(review, reasons, reason, by, stage, today)
        for record in records:
            found.collect(record)
        found.decide()
        if found.decisions and not is_dry:
            added = [(decision, f"{item.record.label}, {item.record.title}") for decision, item in found.decisions]
            workspace.write(SCREENING, add_decisions(SCREENING, workspace.read(SCREENING), added))
    return Taken(
        decisions=tuple(decision for decision, _ in found.decisions),
        already=found.already,
        unseen=found.unseen,
        open=tuple(found.open),
        faults=tuple(faults),
    )


def _read(files: Sequence[Path]) -> tuple[list[ScreenedRecord], list[str]]:
    records: list[ScreenedRecord] = []
    faults: list[str] = []
    for path in files:
        data, fault = read_bytes(path)
        if fault:
            raise UsageError(fault)
        for read in read_screened(str(path), data):
            if isinstance(read, Flaw):
                faults.append(read.message)
            else:
                records.append(read)
    if not any(record.votes for record in records):
        told = joined([str(file) for file in files], "and")
        raise UsageError(
            "\n".join([f"no decision in {told}; expected an export of Rayyan or ASReview with its decisions", *faults])
        )
    return records, faults


@dataclass(slots=True)
class _Voted:
    """A report with all votes on it, in the order in which they came."""

    record: ScreenedRecord
    item: Item
    votes: dict[tuple[str, Vote], None] = field(default_factory=dict)
    reasons: dict[str, None] = field(default_factory=dict)


class _Taking:
    """The decisions of a tool, record by record."""

    def __init__(
        self, review: Review, reasons: Mapping[str, str], reason: str, by: str, stage: Stage, today: dt.date
    ) -> None:
        self.decisions: list[tuple[Decision, Item]] = []
        self.already = 0
        self.unseen = 0
        self.open: list[str] = []
        self._review = review
        self._reason = reason
        self._by = " ".join(by.split())
        self._stage = stage
        self._today = today
        self._reason_of = {_plain(text): name for name, meaning in reasons.items() for text in (meaning, name)}
        self._titles: dict[str, list[Item]] = defaultdict(list)
        for item in review.items:
            for key in item.group.keys:
                self._titles[_title(review.records[key].title)].append(item)
        self._voted: dict[tuple[str, ...], _Voted] = {}

    def collect(self, record: ScreenedRecord) -> None:
        """Takes the votes on a record, of which several files, or one, may hold more."""
        if record.is_unclear:
            self._leave(record, "has a decision that cannot be read; expected one as Rayyan writes it")
            return
        if not record.votes:
            self.unseen += 1
            return
        items = self._items(record)
        if len(items) == 1:
            voted = self._voted.setdefault(items[0].group.keys, _Voted(record, items[0]))
            voted.votes.update(dict.fromkeys(record.votes))
            voted.reasons.update(dict.fromkeys(record.reasons))
        elif items:
            named = joined([item.record.key for item in items], "and")
            self._leave(record, f"may be one of several records: {named}")
        else:
            self._leave(record, "is no record of this review")

    def decide(self) -> None:
        """Makes a decision of every record on which all votes agree, or where two persons screen, of each person's vote."""
        for voted in self._voted.values():
            cast: dict[str, list[tuple[str, Vote]]] = defaultdict(list)
            for name, vote in voted.votes:
                cast["" if self._review.screeners == 1 else person(self._by or name)].append((name, vote))
            number = len(self.decisions)
            known = [self._decide(voted, votes) for votes in cast.values()]
            self.already += any(known) and len(self.decisions) == number

    def _decide(self, voted: _Voted, cast: Sequence[tuple[str, Vote]]) -> bool:
        """Makes one decision of votes that agree; returns whether the same was decided before."""
        record, item = voted.record, voted.item
        votes = {vote for _, vote in cast}
        if Vote.MAYBE in votes or len(votes) > 1:
            said = ", ".join(f"{name or 'somebody'} {vote}" for name, vote in cast)
            self._leave(record, f"is not agreed on: {said}" if len(cast) > 1 else f"is undecided: {said}")
            return False
        verdict = Verdict.INCLUDE if votes == {Vote.INCLUDE} else Verdict.EXCLUDE
        by = self._by or ", ".join(dict.fromkeys(name for name, _ in cast if name))
        staged = item.screened.stages[self._stage]
        own = staged.vote_of(by) if self._review.screeners > 1 else None
        earlier = own or staged.decision
        if earlier is not None:
            if earlier.verdict is not verdict:
                self._leave(record, f"is to {verdict}, but {earlier.by} ({earlier.place}) decided to {earlier.verdict}")
            return earlier.verdict is verdict
        if len(staged.votes) >= self._review.screeners:
            differ = joined([vote.by for vote in staged.votes], "and")
            self._leave(
                record, f"is to {verdict} by {by}, but {differ} differ on it; settle it with 'casetable screen'"
            )
            return False
        known = [self._reason_of[plain] for reason in voted.reasons if (plain := _plain(reason)) in self._reason_of]
        reason = next(iter(known), self._reason) if verdict is Verdict.EXCLUDE else ""
        lacking = []
        if verdict is Verdict.EXCLUDE and not reason:
            given = [shown(reason) for reason in voted.reasons]
            none = f" ({joined(given, 'and')} is none)" if given else ""
            lacking.append(f"is excluded without a reason of the protocol{none}; give --reason")
        if not by.strip() or not can_be_written(by):
            lacking.append("was decided by nobody who is named; give --by")
        if lacking:
            self._leave(record, "; ".join(lacking))
            return False
        # What the tool said where the protocol's reason says it in other words, or less.
        others = [
            told for told in voted.reasons if verdict is Verdict.EXCLUDE and self._reason_of.get(_plain(told)) != reason
        ]
        note = f"reason given: {', '.join(others)}" if others else ""
        decision = Decision(
            key=item.record.key,
            stage=self._stage,
            verdict=verdict,
            reason=reason,
            by=" ".join(by.split()),
            when=self._today,
            note=note if can_be_written(note) else "",
            place=Place(path=SCREENING),
        )
        self.decisions.append((decision, item))
        return False

    def _leave(self, record: ScreenedRecord, why: str) -> None:
        self.open.append(f"{shown(record.article.title or record.key, 80)} {why}")

    def _items(self, record: ScreenedRecord) -> list[Item]:
        """Returns the reports that a record may be: one where its key and its identifiers agree."""
        article = record.article
        names = [f"pmid:{article.pmid}" if article.pmid else "", f"doi:{article.doi}" if article.doi else ""]
        named = [item for name in names if name and (item := self._review.item_of(name))]
        keys = dict.fromkeys((record.key, record.key.rstrip("|;},<")))
        own = next((item for key in keys if key and (item := self._review.item_of(key))), None)
        if own is not None and not named and article.title and not self._is_titled(own, article.title):
            named = _once(self._titles.get(_title(article.title), ()))
        found = _once([*([own] if own else []), *named])
        return found or (_once(self._titles.get(_title(article.title), ())) if article.title else [])

    def _is_titled(self, item: Item, title: str) -> bool:
        return any(_title(self._review.records[key].title) == _title(title) for key in item.group.keys)


def _once(items: Iterable[Item]) -> list[Item]:
    return list({item.group.keys: item for item in items}.values())


def _title(title: str) -> str:
    return normalize(Entry(id="", title=title)).title


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text.casefold()).strip()
