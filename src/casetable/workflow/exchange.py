"""Undecided records on their way to a screening tool, Rayyan or ASReview, and the decisions on their way back."""

from __future__ import annotations

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
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
from casetable.workflow import screening_review
from casetable.workspace import SCREENING, Workspace
from casetable.workspace.articles import read_bytes
from casetable.workspace.cache import Answers
from casetable.workspace.files import write_whole


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What was written for a screening tool: how many reports, how many of them without an abstract, and the file."""

    reports: int
    without_abstract: int
    data: bytes


def export_undecided(workspace: Workspace, path: Path | None) -> Sent:
    """Returns the undecided reports as RIS for Rayyan and ASReview, one record each, and writes them to `path`.

    Abstracts come from the cache; what is not there any more has none. Raises UsageError, ReviewUnreadableError, WriteError.
    """
    review = screening_review(workspace)
    if path and path.is_dir():
        raise UsageError(f"{path} is a folder; expected the name of a file")
    wanted = {key for item in review.undecided for key in item.group.keys}
    cached = dict(_cached(workspace.answers(), wanted))
    articles = [
        (
            item.record.key,
            merge([cached.get(key) or article_of(review.records[key]) for key in item.group.keys]).article,
        )
        for item in review.undecided
    ]
    texts = [write_ris(article, notes=[f"{KEY_NOTE} {key}"]) for key, article in articles]
    data = "".join(f"{text}\n\n" for text in texts).encode("utf-8", errors="replace")
    if path:
        write_whole(path, data)
    return Sent(reports=len(articles), without_abstract=sum(not article.abstract for _, article in articles), data=data)


def _cached(answers: Answers, wanted: set[str]) -> Iterator[tuple[str, Article]]:
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

    A decision is taken where all who voted agree. `by` names who decided where the tool does not, or in place of it, and
    `reason` is the reason of exclusions for which the tool has none of the protocol. Raises UsageError,
    ReviewUnreadableError, WriteError.
    """
    records, faults = _read(files)
    with workspace.locked():
        review = screening_review(workspace)
        reasons = review.inputs.protocol.exclusion_reasons if review.inputs.protocol else {}
        if reason and reason not in reasons:
            raise UsageError(
                f"{shown(reason)} is no reason of the protocol; expected {joined(reasons) or 'one in review.yaml'}"
            )
        found = _Taking(review, reasons, reason, by, stage, today)
        for record in records:
            found.take(record)
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
        self._seen: dict[str, Verdict] = {}

    def take(self, record: ScreenedRecord) -> None:
        votes = {vote for _, vote in record.votes}
        if not votes:
            self.unseen += 1
            return
        item = self._item(record)
        if item is None:
            self._leave(record, "is no record of this review")
            return
        if Vote.MAYBE in votes or len(votes) > 1:
            said = ", ".join(f"{name or 'somebody'} {vote}" for name, vote in record.votes)
            self._leave(record, f"is not agreed on: {said}")
            return
        verdict = Verdict.INCLUDE if votes == {Vote.INCLUDE} else Verdict.EXCLUDE
        earlier = next((d for d in reversed(item.decisions) if d.stage is self._stage), None)
        before = earlier.verdict if earlier else self._seen.get(item.record.key)
        if before is not None:
            self.already += before is verdict
            if before is not verdict:
                who = f"{earlier.by} ({earlier.place})" if earlier else "another record of the export"
                self._leave(record, f"is to {verdict}, but {who} decided to {before}")
            return
        reason = self._reason_for(record) if verdict is Verdict.EXCLUDE else ""
        if verdict is Verdict.EXCLUDE and not reason:
            given = f"; {joined([shown(r) for r in record.reasons], 'and')} is none" if record.reasons else ""
            self._leave(record, f"is excluded without a reason of the protocol{given}; give --reason")
            return
        by = self._by or ", ".join(dict.fromkeys(name for name, _ in record.votes if name))
        if not by.strip() or not can_be_written(by):
            self._leave(record, "was decided by nobody who is named; give --by")
            return
        self._seen[item.record.key] = verdict
        decision = Decision(
            key=item.record.key,
            stage=self._stage,
            verdict=verdict,
            reason=reason,
            by=" ".join(by.split()),
            when=self._today,
            note="",
            place=Place(path=SCREENING),
        )
        self.decisions.append((decision, item))

    def _leave(self, record: ScreenedRecord, why: str) -> None:
        self.open.append(f"{shown(record.article.title or record.key, 80)} {why}")

    def _item(self, record: ScreenedRecord) -> Item | None:
        article = record.article
        names = (
            record.key,
            f"pmid:{article.pmid}" if article.pmid else "",
            f"doi:{article.doi}" if article.doi else "",
        )
        for name in filter(None, names):
            if item := self._review.item_of(name):
                return item
        like = _once(self._titles.get(_title(article.title), ())) if article.title else []
        return like[0] if len(like) == 1 else None

    def _reason_for(self, record: ScreenedRecord) -> str:
        known = (self._reason_of.get(_plain(reason)) for reason in record.reasons)
        return next((reason for reason in known if reason), self._reason)


def _once(items: Iterable[Item]) -> list[Item]:
    return list({item.group.keys: item for item in items}.values())


def _title(title: str) -> str:
    return normalize(Entry(id="", title=title)).title


def _plain(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text.casefold()).strip()
