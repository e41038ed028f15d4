"""What is published about a report after it: retractions, expressions of concern, corrections; and what a person makes of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from casetable.problems import Place


class NoticeKind(StrEnum):
    """What a notice does to the report, gravest first. A withdrawal and a removal are a retraction: the report no longer stands."""

    RETRACTION = "retraction"
    REPUBLICATION = "retraction and republication"
    PARTIAL_RETRACTION = "partial retraction"
    CONCERN = "expression of concern"
    CORRECTION = "correction"
    UPDATE = "update"
    REINSTATEMENT = "reinstatement"

    @property
    def is_retraction(self) -> bool:
        """Whether the report, as it was extracted, no longer stands, wholly or in part."""
        return self in (NoticeKind.RETRACTION, NoticeKind.REPUBLICATION, NoticeKind.PARTIAL_RETRACTION)

    @property
    def standing(self) -> str:
        """What a reader of the table must know of the report, or nothing."""
        return _STANDINGS.get(self, "")


_STANDINGS = {
    NoticeKind.RETRACTION: "retracted",
    NoticeKind.REPUBLICATION: "retracted and republished",
    NoticeKind.PARTIAL_RETRACTION: "partly retracted",
    NoticeKind.CONCERN: "expression of concern",
}

# NLM's RefTypes, as a record's `notices` begin (NLM, "Errata, Retractions, and Other Linked Citations in PubMed"). That a
# record is an update *of* another (UpdateOf) is no change of its report.
_REF_TYPES = {
    "RetractionIn": NoticeKind.RETRACTION,
    "PartialRetractionIn": NoticeKind.PARTIAL_RETRACTION,
    "RetractedandRepublishedIn": NoticeKind.REPUBLICATION,
    "ExpressionOfConcernIn": NoticeKind.CONCERN,
    "ErratumIn": NoticeKind.CORRECTION,
    "CorrectedandRepublishedIn": NoticeKind.CORRECTION,
    "UpdateIn": NoticeKind.UPDATE,
}


def kind_of_ref_type(ref_type: str) -> NoticeKind | None:
    """Returns what a link of a PubMed record does to its report, or None where it does nothing to it."""
    return _REF_TYPES.get(ref_type)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A notice as one source tells it: a line of notices.jsonl.

    `report` is the key under which the source was asked; `key` the notice's own, or nothing where the source gives none;
    `by` says on whose word Crossref tells it ("publisher", "Retraction Watch"); `told` is the source's own word for it;
    `date` is when it was published, as 2026, 2026-01 or 2026-01-31, or nothing; `seen` the day on which a refresh met it first.
    """

    report: str
    kind: NoticeKind
    source: str
    key: str = ""
    by: str = ""
    told: str = ""
    date: str = ""
    seen: str = ""

    @property
    def identity(self) -> tuple[str, ...]:
        """What makes two lines the same notice of the same source; one without a key goes by its word and date."""
        own = (self.key, "") if self.key else (self.told, self.date)
        return (self.report, self.kind.value, *own, self.source, self.by)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeLog:
    """What notices.jsonl holds: the notices, and for each DOI, as a key, the day on which Crossref last answered about it.

    `unknown` are those of them that Crossref has no record of.
    """

    notices: tuple[Notice, ...] = ()
    asked: Mapping[str, str] = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()


NO_NOTICES = NoticeLog()


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledgment:
    """A person's word that a notice is known and the report stays: of which kind, and, with `notice`, of which one alone."""

    report: str
    kind: NoticeKind
    notice: str
    by: str
    when: dt.date
    reason: str
    place: Place
