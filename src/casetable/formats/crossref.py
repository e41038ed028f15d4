"""Reads what Crossref's REST API answers about works that were updated: retracted, corrected, questioned.

A work that was updated lists the notices in `updated-by`; a notice lists what it updates in `update-to`; `source` says on
whose word, the publisher's or Retraction Watch's, whose database Crossref has carried since 2025 (Crossref, "Retraction Watch
retractions now in the Crossref API"). Publishers deposit the link with the notice alone, so that one side can be missing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from casetable.formats.eutils import UnreadableAnswerError
from casetable.model import DOI, normal_doi
from casetable.model.notice import Notice, NoticeKind
from casetable.problems import STEERING

ORIGIN = "Crossref"
LONGEST_WORD = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """A link between a notice and what it updates; `doi` is the other end's. `kind` is the source's word for it."""

    doi: str
    kind: str
    source: str = ""
    date: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A work at Crossref, by its DOI: the notices that update it, and what it updates itself."""

    doi: str
    updated_by: tuple[Update, ...] = ()
    updates: tuple[Update, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkList:
    """What a query answered: the works that were sent, and how many there are."""

    works: tuple[Work, ...]
    total: int


def read_works(data: bytes) -> WorkList:
    """Returns the works of a list of Crossref's (`/works?…`); what in it is no work or no update is left out.

    Raises UnreadableAnswerError where the answer is no list of works.
    """
    message = _message(data)
    items = message.get("items")
    if not isinstance(items, list):
        raise UnreadableAnswerError("no list of works where one was due", is_transient=True)
    works = tuple(work for work in map(_work, items) if work is not None)
    total = message.get("total-results")
    return WorkList(works=works, total=total if type(total) is int and total >= 0 else len(items))


def read_work(data: bytes) -> Work | None:
    """Returns the work that Crossref has under a DOI (`/works/DOI`), or None where it has none; raises UnreadableAnswerError.

    The work may stand under another DOI: publishers redirect a retracted one to the notice.
    """
    if re.match(rb"\s*resource (?:is )?not found", data, re.IGNORECASE):
        return None
    work = _work(_message(data))
    if work is None:
        raise UnreadableAnswerError("no work where one was due", is_transient=True)
    return work


def notices_of(doi: str, works: Iterable[Work]) -> tuple[Notice, ...]:
    """Returns the notices about the work of a DOI, from both sides of the links, each once for each who tells it.

    A notice that Crossref names by the work's own DOI has none of its own: the work was changed in place, or Retraction
    Watch knows no DOI of the notice.
    """
    doi = normal_doi(doi)
    found: dict[tuple[str, ...], Notice] = {}
    for work in works:
        links = [(update.doi, update) for update in work.updated_by] if work.doi == doi else []
        links += [(work.doi, update) for update in work.updates if update.doi == doi]
        for other, update in links:
            notice = Notice(
                report=f"doi:{doi}",
                kind=kind_of(update.kind),
                source=ORIGIN,
                key="" if other == doi else f"doi:{other}",
                by=_SOURCES.get(update.source, update.source),
                told=update.kind,
                date=update.date,
            )
            known = found.get(notice.identity)
            if known is None or (bool(notice.date), notice.date) > (bool(known.date), known.date):
                found[notice.identity] = notice
    return tuple(found[identity] for identity in sorted(found))


# The words of Crossref's schema; any other word that publishers deposit is told as an update.
_KINDS = {
    "expression of concern": NoticeKind.CONCERN,
    "addendum": NoticeKind.CORRECTION,
    "clarification": NoticeKind.CORRECTION,
    "correction": NoticeKind.CORRECTION,
    "corrigendum": NoticeKind.CORRECTION,
    "erratum": NoticeKind.CORRECTION,
    "partial retraction": NoticeKind.PARTIAL_RETRACTION,
    "retraction and republication": NoticeKind.REPUBLICATION,
    "retracted and republished": NoticeKind.REPUBLICATION,
    "reinstatement": NoticeKind.REINSTATEMENT,
}
# As "retraction", "retracted" and the misspelled "retration" that stands in real deposits.
_RETRACTS = re.compile(r"retra|withdr|remov")
_SOURCES = {"retraction-watch": "Retraction Watch"}


def kind_of(word: str) -> NoticeKind:
    """Returns what an update does, by the word that Crossref has for it."""
    plain = re.sub(r"[\s_-]+", " ", word).strip().lower()
    if plain in _KINDS:
        return _KINDS[plain]
    if "concern" in plain:
        return NoticeKind.CONCERN
    return NoticeKind.RETRACTION if _RETRACTS.match(plain) else NoticeKind.UPDATE


def _message(data: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(data.decode("utf-8", errors="replace"))
    except (ValueError, RecursionError):
        kind = "an HTML page" if data[:200].lower().lstrip().startswith((b"<!doctype html", b"<html")) else "no JSON"
        raise UnreadableAnswerError(f"{kind} where works were due", is_transient=True) from None
    message = answer.get("message") if isinstance(answer, dict) else None
    if isinstance(answer, dict) and answer.get("status") not in ("ok", None):
        raise UnreadableAnswerError(f"an error: {_told_error(message)}", is_transient=False)
    if not isinstance(message, dict):
        raise UnreadableAnswerError("no works where works were due", is_transient=True)
    return message


def _told_error(message: object) -> str:
    first = message[0] if isinstance(message, list) and message else message
    told = first.get("message") if isinstance(first, dict) else first
    return _word(told) if isinstance(told, str) else "without a reason"


def _work(value: object) -> Work | None:
    doi = _doi(value.get("DOI")) if isinstance(value, dict) else ""
    if not isinstance(value, dict) or not doi:
        return None
    return Work(
        doi=doi, updated_by=tuple(_updates(value.get("updated-by"))), updates=tuple(_updates(value.get("update-to")))
    )


def _updates(value: object) -> Iterator[Update]:
    for item in value if isinstance(value, list) else ():
        doi = _doi(item.get("DOI")) if isinstance(item, dict) else ""
        if not isinstance(item, dict) or not doi:
            continue
        kind, label, source = (item.get(name) for name in ("type", "label", "source"))
        word = next((_word(told) for told in (kind, label) if isinstance(told, str) and _word(told)), "update")
        yield Update(
            doi=doi, kind=word, source=_word(source) if isinstance(source, str) else "", date=_date(item.get("updated"))
        )


def _doi(value: object) -> str:
    doi = normal_doi(value) if isinstance(value, str) else ""
    return doi if DOI.fullmatch(doi) and not STEERING.search(doi) else ""


def _word(text: str) -> str:
    """A word of an answer as one short line; half a character becomes a question mark."""
    line = " ".join(text.encode("utf-8", "replace").decode().split())
    return STEERING.sub("?", line)[:LONGEST_WORD].strip()


def _date(value: object) -> str:
    """Returns a date of Crossref's (`date-parts`, of which month and day may be missing) as 2026, 2026-01 or 2026-01-31."""
    parts = value.get("date-parts") if isinstance(value, dict) else None
    parts = parts[0] if isinstance(parts, list) and parts else None
    if not isinstance(parts, list) or not parts:
        return ""
    text = ""
    for number, limit in zip(parts[:3], ((1000, 2999), (1, 12), (1, 31)), strict=False):
        if type(number) is not int or not limit[0] <= number <= limit[1]:
            break
        text += f"-{number:02}" if text else str(number)
    return text
