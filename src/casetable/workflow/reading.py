"""Screening one record at a time: what a screener is shown of it, what comes next, and what was decided."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from casetable.curation.edits import add_decision, with_decision_changed, without_decision
from casetable.curation.files import read_decisions
from casetable.dedup.groups import Link
from casetable.errors import UsageError
from casetable.model import Decision, Record, Stage, Verdict
from casetable.model.article import Article
from casetable.problems import Place, joined, shown
from casetable.query.marks import Marked
from casetable.review import Item, Review, once
from casetable.screening import Agreement, Standing, agreement, person
from casetable.workflow import known_item, require_reason, require_text
from casetable.workflow.desk import Desk
from casetable.workspace import PROTOCOL, RECORDS, SCREENING, SEARCHES


@dataclass(slots=True)
class Queue:
    """The reports that await one person's decision at one stage, of a review's items in their order."""

    by: str
    stage: Stage
    items: tuple[Item, ...] = ()
    awaiting: list[bool] = field(default_factory=list)
    place: dict[str, int] = field(default_factory=dict)
    left: int = 0
    decided: int = 0
    own: list[bool] = field(default_factory=list)

    def follow(self, review: Review) -> None:
        """Takes up what is another in the review since; the rest is not looked at again."""
        items = review.items
        if items is self.items:
            return
        if len(items) == len(self.items):
            changed = [at for at, (one, other) in enumerate(zip(self.items, items, strict=True)) if one is not other]
        else:
            changed = list(range(len(items)))
            self.awaiting, self.own = [False] * len(items), [False] * len(items)
            self.left = self.decided = 0
        if len(changed) == len(items):
            self.place = {item.group.keys[0]: at for at, item in enumerate(items)}
        for at in changed:
            awaits = is_awaited(items[at], self.by, self.stage)
            own = own_decision(items[at], self.by, self.stage) is not None
            self.left += awaits - self.awaiting[at]
            self.decided += own - self.own[at]
            self.awaiting[at], self.own[at] = awaits, own
        self.items = items

    def next_after(self, key: str) -> Item | None:
        """Returns the next report that awaits a decision behind one, round and round; not that one itself if there is another."""
        start = self.place.get(key, -1)
        for low, high in ((start + 1, len(self.items)), (0, start + 1)):
            try:
                return self.items[self.awaiting.index(True, low, high)]
            except ValueError:
                continue
        return None


def own_decision(item: Item, by: str, stage: Stage) -> Decision | None:
    """Returns the decision that a person took on a report at a stage, the last one that settles nothing."""
    return item.screened.stages[stage].vote_of(by)


def is_awaited(item: Item, by: str, stage: Stage) -> bool:
    """Whether a report awaits a person's decision at a stage: at its own only what was included on its record."""
    staged = item.screened.stages[stage]
    if not item.is_hit or staged.decision is not None or staged.contradictions or staged.vote_of(by) is not None:
        return False
    standing = item.screened.standing
    return standing is (Standing.UNDECIDED if stage is Stage.RECORDS else Standing.SOUGHT)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One report as a screener reads it. `others` are the decisions of others, none of them while the screener is blind to them."""

    item: Item
    article: Article
    records: tuple[Record, ...]
    marked: Mapping[str, Marked]
    possible: tuple[tuple[Link, Record], ...]
    own: Decision | None
    others: tuple[Decision, ...]
    is_blind: bool
    stage: Stage
    left: int
    decided: int
    following: Item | None


def read(desk: Desk, review: Review, key: str, *, by: str, stage: Stage) -> Reading:
    """Returns one report for a screener; raises UsageError where no search found it."""
    item = known_item(review, key)
    queue = queue_of(desk, review, by, stage)
    article = desk.article(review, item)
    own = own_decision(item, by, stage)
    others = tuple(each for each in item.decisions if person(each.by) != person(by) or each.settles)
    is_blind = own is None and review.screeners > 1 and item.screened.stages[stage].decision is None
    return Reading(
        item=item,
        article=article,
        records=tuple(review.records[key] for key in item.group.keys),
        marked={
            name: marker.marks(article) for name, marker in desk.markers(review).items() if name in item.strategies
        },
        possible=possible_of(review, item),
        own=own,
        others=tuple(each for each in others if each.stage is not stage) if is_blind else others,
        is_blind=is_blind,
        stage=stage,
        left=queue.left,
        decided=queue.decided,
        following=queue.next_after(item.group.keys[0]),
    )


def queue_of(desk: Desk, review: Review, by: str, stage: Stage) -> Queue:
    """Returns what awaits a person at a stage."""
    name = f"{person(by)}\0{stage}"
    with desk.lock:
        queue = desk.queues.get(name)
        if queue is None or not isinstance(queue, Queue):
            queue = Queue(by=by, stage=stage)
            desk.queues[name] = queue
            while len(desk.queues) > _MOST_QUEUES:
                desk.queues.pop(next(iter(desk.queues)))
        queue.follow(review)
        return queue


_MOST_QUEUES = 40
_NO_DECISION = Decision(
    key="",
    stage=Stage.RECORDS,
    verdict=Verdict.EXCLUDE,
    reason="",
    by="",
    when=dt.date.min,
    note="",
    place=Place(path=SCREENING),
)


def possible_of(review: Review, item: Item) -> tuple[tuple[Link, Record], ...]:
    """Returns the records that may be of the same report, each with why."""
    found: list[tuple[Link, Record]] = []
    for key in item.group.keys:
        for link in possible_by_key(review).get(key, ()):
            other = link.other if link.one == key else link.one
            if other not in item.group.keys:
                found.append((link, review.records[other]))
    return tuple(found)


@once
def possible_by_key(review: Review) -> Mapping[str, Sequence[Link]]:
    """Returns the pairs of records that may be of one report, by each of their keys."""
    found: dict[str, list[Link]] = defaultdict(list)
    for link in (*review.grouped.possible, *(pair for pair, _ in review.grouped.broken)):
        found[link.one].append(link)
        found[link.other].append(link)
    return found


@once
def conflicts_of(review: Review) -> tuple[tuple[Item, tuple[Decision, Decision]], ...]:
    """Returns what was decided differently and nobody settled."""
    return tuple((item, pair) for item in review.items if item.decisions for pair in item.screened.contradictions)


@once
def agreements_of(review: Review) -> tuple[Agreement, ...]:
    """Returns how far the screeners agree at each stage."""
    decided = [item.screened for item in review.items if len(item.decisions) > 1]
    return tuple(agreement(decided, stage) for stage in Stage)


# --- deciding ---------------------------------------------------------------------------------------------------------


def mark_of(decision: Decision | None) -> str:
    """Returns a mark of a decision, by which it is known that it did not change meanwhile; "" for none."""
    if decision is None:
        return ""
    told = (decision.verdict, decision.reason, decision.note, decision.when, decision.by)
    return hashlib.sha256("\0".join(map(str, told)).encode()).hexdigest()[:20]


def _require_as_seen(own: Decision | None, was: str | None) -> None:
    """Raises UsageError where a person's decision is another than they saw when they decided anew."""
    if was is None or mark_of(own) == was:
        return
    if own is None:
        told = "your decision on this is not there any more"
    else:
        about = f": {own.reason}" if own.reason else ""
        noted = f", note {shown(own.note)}" if own.note else ""
        told = f"by now your decision on this is '{own.verdict}{about}' of {own.when}{noted}"
    raise UsageError(
        f"{told}; it was taken or changed meanwhile, in another tab or in the file; nothing was written; decide again to"
        " change it"
    )


def decide(
    desk: Desk,
    key: str,
    *,
    verdict: Verdict,
    reason: str,
    stage: Stage,
    by: str,
    note: str,
    settles: bool = False,
    was: str | None = None,
) -> tuple[Decision, Decision | None]:
    """Writes a person's decision on a report at a stage, in place of the one that they took before; returns both.

    With `settles` it is the decision of all on what was decided differently. `was` is the mark of the decision that the person
    saw. Raises UsageError where it cannot be taken, or where another stands there by now.
    """
    require_text(("the name", by), ("the note", note))
    if not by.strip():
        raise UsageError("a decision needs a name; say who you are, at the top right")
    with desk.lock, desk.workspace.locked():
        review = _whole(desk)
        item = known_item(review, key)
        if verdict is Verdict.EXCLUDE:
            require_reason(review.inputs.protocol, reason)
        staged = item.screened.stages[stage]
        own = None if settles else staged.vote_of(by)
        if settles and not staged.contradictions:
            raise UsageError(f"nothing is decided differently on {shown(key)}; nothing was written")
        if not settles:
            _require_as_seen(own, was)
        if not settles and own is None:
            _require_free(item, stage, review)
        decision = Decision(
            key=own.key if own else item.record.key,
            stage=stage,
            verdict=verdict,
            reason=reason if verdict is Verdict.EXCLUDE else "",
            by=own.by if own else " ".join(by.split()),
            when=desk.today(),
            note=" ".join(note.split()),
            place=Place(path=SCREENING),
            settles=settles,
        )
        if own is None:
            remark = f"{item.record.label}, {item.record.title}"
            _write(desk, None, lambda data, _: add_decision(SCREENING, data, decision, remark))
        elif (own.verdict, own.reason, own.note) != (decision.verdict, decision.reason, decision.note):
            _write(desk, own, lambda data, old: with_decision_changed(SCREENING, data, old, decision))
    return decision, own


def take_back(
    desk: Desk, key: str, *, by: str, stage: Stage, was: str | None = None, before: Decision | None = None
) -> None:
    """Takes a person's decision on a report at a stage out of the file, or makes it again the one `before`.

    Does nothing where there is none; `was` is the mark of the decision as it was seen or taken.
    """
    with desk.lock, desk.workspace.locked():
        item = known_item(_whole(desk), key)
        own = own_decision(item, by, stage)
        _require_as_seen(own, was)
        if own is not None and before is not None:
            _write(desk, own, lambda data, old: with_decision_changed(SCREENING, data, old, before))
        elif own is not None:
            _write(desk, own, lambda data, old: without_decision(SCREENING, data, old))


def _whole(desk: Desk) -> Review:
    """Returns the review, if what screening needs of it could be read; raises UsageError.

    The decisions are those of the file as it is: its bytes are held against those that they were read from.
    """
    review = desk.review(is_quick=True)
    if desk.workspace.read(SCREENING) != desk.memory.parts[SCREENING].data:
        del desk.memory.parts[SCREENING]
        review = desk.review(is_quick=True)
    needed = [path for path in (*_NEEDED, SCREENING) if not review.is_read(path)]
    if needed:
        told = [str(problem) for problem in review.inputs.problems if problem.place.path in needed]
        raise UsageError(
            "; ".join([f"{joined(needed, 'and')} cannot be used as it stands; nothing was written", *told[:3]])
        )
    return review


_NEEDED = (SEARCHES, RECORDS, PROTOCOL)


def _require_free(item: Item, stage: Stage, review: Review) -> None:
    """Raises UsageError where a person more cannot decide: as many as screen did, or persons are to settle it."""
    staged = item.screened.stages[stage]
    standing = staged.decision or (item.screened.decision if stage is Stage.RECORDS else None)
    if staged.contradictions:
        raise UsageError("two persons decided differently on this; settle it under Conflicts; nothing was written")
    if standing is not None and (staged.decision is not None or review.screeners == 1):
        raise UsageError(
            f"{standing.by} decided '{standing.verdict}' on {standing.key} already ({standing.place}); to change it, edit"
            " that entry; nothing was written"
        )


def _write(desk: Desk, own: Decision | None, edit: Callable[[bytes, Decision], bytes]) -> None:
    """Writes screening.yaml as an edit makes it of a decision, or of the file's end where that is None.

    Of a long file only the end is read again, from the decision before on: an entry of a list says the same whatever stands
    above it. The file is the one that the review was read from, as it was read again within this lock.
    """
    kept = desk.memory.parts[SCREENING]
    decisions: tuple[Decision, ...] = kept.part.content
    at = len(decisions) - 1 if own is None else decisions.index(own) - 1
    first = decisions[at] if at >= 0 else None
    line = first.place.line if first is not None else 0
    cut = _cut(kept.data, line) if first is not None else None
    if cut is None or first is None:
        after = edit(kept.data, own) if own is not None else edit(kept.data, _NO_DECISION)
        desk.workspace.write(SCREENING, after, before=kept.data)
        return
    head, tail = cut
    lead = b"schema: 1\ndecisions:\n" if b"\r\n" not in tail else b"schema: 1\r\ndecisions:\r\n"
    shift = line - 3
    moved = replace(own, place=own.place._replace(line=own.place.line - shift)) if own is not None else _NO_DECISION
    edited = edit(lead + tail, moved)
    if not edited.startswith(lead):
        raise UsageError(f"{SCREENING} could not be changed as text; edit it there; nothing was written")
    data = head + edited.removeprefix(lead)
    desk.workspace.write(SCREENING, data, before=kept.data)
    found, faults = read_decisions(SCREENING, edited)
    if not faults:
        placed = [replace(each, place=each.place._replace(line=each.place.line + shift)) for each in found]
        desk.remember(SCREENING, data, (*decisions[:at], first, *placed[1:]))


def _cut(data: bytes, line: int) -> tuple[bytes, bytes] | None:
    """Returns a file's bytes before and from the line on which an item of its list begins; None where it is not so written."""
    at = -1
    for _ in range(line - 1):
        at = data.find(b"\n", at + 1)
        if at < 0:
            return None
    return (data[: at + 1], data[at + 1 :]) if re.match(rb" *- ", data[at + 1 :]) else None
