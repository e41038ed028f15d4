"""The reports that changed after they were published: what PubMed and Crossref tell of each, joined, and what persons made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from casetable.model import SEARCHED_SOURCE, Record, normal_key
from casetable.model.notice import Acknowledgment, Notice, NoticeKind, kind_of_ref_type
from casetable.review import Item, Review, once

_GRAVEST_FIRST = tuple(NoticeKind)
# PubMed gives a retracted article this type, at times without a link to the notice.
RETRACTED_TYPE = "Retracted Publication"
NOTICE_TYPES = ("Retraction Notice", "Retraction of Publication")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of a report, as all sources that know of it tell it.

    `keys` are the notice's own, under every key that it is known by; `date` is when it was published and `seen` when a
    refresh met it first, each the earliest that is told, or nothing. `acknowledgment` is the one that covers it.
    """

    kind: NoticeKind
    notices: tuple[Notice, ...]
    keys: tuple[str, ...]
    date: str
    seen: str
    acknowledgment: Acknowledgment | None = None

    @property
    def sources(self) -> tuple[str, ...]:
        """Who tells it: "PubMed", "Crossref (publisher, Retraction Watch)"."""
        words: dict[str, dict[str, None]] = {}
        for notice in self.notices:
            words.setdefault(notice.source, {}).update({notice.by: None} if notice.by else {})
        return tuple(
            f"{source} ({', '.join(sorted(by, key=str.lower))})" if by else source for source, by in words.items()
        )

    @property
    def text(self) -> str:
        """The change in one line: "retraction of 2026-01-12 (doi:10.1234/n; PubMed, Crossref (publisher))"."""
        day = f" of {self.date}" if self.date else ""
        named = self.keys or tuple(
            notice.told for notice in self.notices if notice.source == SEARCHED_SOURCE and notice.told
        )
        told = "; ".join(part for part in (", ".join(named), ", ".join(self.sources)) if part)
        return f"{self.kind}{day} ({told})"


def pubmed_notices(record: Record) -> tuple[Notice, ...]:
    """Returns the notices that a PubMed record carries about its report; a type without a link is one without a key."""
    found = []
    for link in record.notices:
        ref_type, _, rest = link.partition(" ")
        kind = kind_of_ref_type(ref_type)
        if kind is not None:
            key = normal_key(rest) if rest.startswith("pmid:") else ""
            found.append(
                Notice(report=record.key, kind=kind, source=SEARCHED_SOURCE, key=key, told="" if key else rest.strip())
            )
    if RETRACTED_TYPE in record.publication_types and not any(notice.kind.is_retraction for notice in found):
        found.append(Notice(report=record.key, kind=NoticeKind.RETRACTION, source=SEARCHED_SOURCE))
    return tuple(found)


def is_retraction_notice(record: Record) -> bool:
    """Whether a PubMed record is itself the notice of a retraction."""
    return any(kind in record.publication_types for kind in NOTICE_TYPES)


def changes(review: Review) -> Mapping[str, tuple[Change, ...]]:
    """Returns what changed each report, by the report's first key, gravest and latest first, with what covers it.

    What PubMed tells is taken from its records, which it corrects itself; what Crossref told stays in the log. Notices of
    one kind are one change where they share a key, also by the identifiers of a notice that is itself a record of the
    review. PubMed gives no DOI of a notice and Crossref no PMID: where each of them knows a single one, it is taken to be
    the same, unless Crossref's was published after PubMed's was seen.
    """
    words: dict[str, list[Acknowledgment]] = {}
    for word in review.inputs.acknowledgments:
        if (group := review.group_of(word.report)) is not None:
            words.setdefault(group.keys[0], []).append(word)
    found = {}
    for key, notices in _by_report(review).items():
        by_kind: dict[NoticeKind, list[Notice]] = {}
        for notice in notices:
            by_kind.setdefault(notice.kind, []).append(notice)
        told = []
        for kind in sorted(by_kind, key=_GRAVEST_FIRST.index):
            joined = [_change(kind, group) for group in _joined(review, by_kind[kind])]
            told += sorted(joined, key=lambda change: (change.date, change.seen, change.keys), reverse=True)
        found[key] = tuple(
            replace(change, acknowledgment=next((w for w in words.get(key, ()) if covers(review, w, change)), None))
            for change in told
        )
    return found


def changed(review: Review) -> tuple[tuple[Item, tuple[Change, ...]], ...]:
    """Returns the reports that changed and are not excluded, included ones first, with their changes."""
    told = changes(review)
    found = [item for item in review.items if item.group.keys[0] in told and not item.screened.standing.is_excluded]
    found.sort(key=lambda item: not item.screened.standing.is_included)
    return tuple((item, told[item.group.keys[0]]) for item in found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What stands at a report in the table: "retracted"; and by which notice, and who decided that its cases stay, and why."""

    text: str
    note: str


@once
def marks(review: Review) -> Mapping[str, Mark]:
    """Returns the marks of the included reports, by the key of their record."""
    found = {}
    for item, told in changed(review):
        change = next((change for change in told if change.kind.standing), None)
        if change is not None and item.screened.standing.is_included:
            word = change.acknowledgment
            kept = f"; kept by {word.by} on {word.when}: {word.reason}" if word else ""
            found[item.record.key] = Mark(text=change.kind.standing, note=change.text + kept)
    return found


def covers(review: Review, word: Acknowledgment, change: Change) -> bool:
    """Whether an acknowledgment of a report is of a change of it: of its kind, and of the notice that it names.

    One that names no notice is of those of the kind that were known on its day; a later one is another matter.
    """
    if word.kind is not change.kind:
        return False
    if word.notice:
        names = _identities(review, word.notice)
        return any(names & _identities(review, key) for key in change.keys)
    return (change.seen or change.date) <= word.when.isoformat()


def _by_report(review: Review) -> Mapping[str, Sequence[Notice]]:
    """The notices of both sources by the first key of their report, PubMed's first."""
    log = review.inputs.notices.notices
    seen = {notice.identity: notice.seen for notice in log if notice.source == SEARCHED_SOURCE}
    found: dict[str, list[Notice]] = {}
    for item in review.items:
        for key in item.group.keys:
            for notice in pubmed_notices(review.records[key]):
                dated = _dated(review, replace(notice, seen=seen.get(notice.identity, "")))
                found.setdefault(item.group.keys[0], []).append(dated)
    for notice in log:
        group = review.group_of(notice.report)
        if notice.source != SEARCHED_SOURCE and group is not None:
            found.setdefault(group.keys[0], []).append(notice)
    return found


def _dated(review: Review, notice: Notice) -> Notice:
    """Returns a notice of PubMed's with the day on which PubMed created its record, if that is in the review."""
    group = review.group_of(notice.key) if notice.key else None
    created = [review.records[key].created for key in group.keys] if group else []
    return replace(notice, date=min(filter(None, created), default=""))


def _identities(review: Review, key: str) -> frozenset[str]:
    """All keys under which a notice is known: its own, and those of its records where it is in the review."""
    group = review.group_of(key)
    more = (name for one in group.keys for name in review.records[one].identifiers) if group else ()
    return frozenset({normal_key(key), *more})


def _joined(review: Review, notices: Sequence[Notice]) -> list[list[Notice]]:
    """Returns notices of one kind with those together that are one."""
    groups: list[tuple[frozenset[str], list[Notice]]] = []
    nameless: list[Notice] = []
    for notice in notices:
        if notice.key:
            names = _identities(review, notice.key)
        elif notice.source == SEARCHED_SOURCE and notice.told:
            names = frozenset({notice.told})  # a notice that PubMed has no record of, by its citation
        else:
            nameless.append(notice)
            continue
        alike = [group for group in groups if group[0] & names]
        groups = [group for group in groups if not group[0] & names]
        groups.append((names.union(*(group[0] for group in alike)), [*(n for g in alike for n in g[1]), notice]))
    told = [group for _, group in groups]
    pubmed = [group for group in told if all(notice.source == SEARCHED_SOURCE for notice in group)]
    others = [group for group in told if all(notice.source != SEARCHED_SOURCE for notice in group)]
    if len(told) == 2 and len(pubmed) == len(others) == 1 and _can_be_one(pubmed[0], others[0]):
        told = [pubmed[0] + others[0]]
    for notice in nameless:
        # A report is retracted once; of corrections in place each is one of its own, by its date.
        host = next(
            (
                group
                for group in told
                if notice.kind.is_retraction or not notice.date or any(other.date == notice.date for other in group)
            ),
            None,
        )
        if host is None:
            told.append([notice])
        else:
            host.append(notice)
    return told


def _can_be_one(pubmed: Sequence[Notice], others: Sequence[Notice]) -> bool:
    known = min((notice.seen for notice in pubmed if notice.seen), default="")
    published = min((notice.date for notice in others if notice.date), default="")
    return not known or published <= known


def _change(kind: NoticeKind, notices: Sequence[Notice]) -> Change:
    return Change(
        kind=kind,
        notices=tuple(notices),
        keys=tuple(dict.fromkeys(notice.key for notice in notices if notice.key)),
        date=min((notice.date for notice in notices if notice.date), default=""),
        seen=min((notice.seen for notice in notices if notice.seen), default=""),
    )
