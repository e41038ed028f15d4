"""Fetches the texts of included reports: full texts of Europe PMC where they are open, and PubMed's abstracts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from casetable.errors import SourceRefusedError
from casetable.review import Item, Review
from casetable.sources.europepmc import EuropePmc
from casetable.sources.eutils import PubMed
from casetable.workflow import LOGS, readable_review
from casetable.workspace import SCREENING, Workspace

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True)
class Fetched:
    """What became of the included reports' texts, each a report by its key.

    `full` were fetched now, `kept` are in the cache already, `closed` have a PMCID, but no full text is given out,
    `without` have no PMCID; `abstracts` counts the abstracts fetched now.
    """

    full: tuple[str, ...]
    kept: tuple[str, ...]
    closed: tuple[str, ...]
    without: tuple[str, ...]
    abstracts: int


def fetch_texts(
    workspace: Workspace,
    *,
    pubmed: Callable[[], PubMed],
    europepmc: EuropePmc,
    now: dt.datetime,
    progress: Progress,
    is_dry: bool = False,
) -> Fetched:
    """Fetches what is not in the cache yet and keeps it there, out of git: full texts and abstracts may be in copyright.

    Each is kept as it comes, so that a fetch that is broken off goes on where it stopped. Raises SourceError,
    SourceRefusedError, ReviewUnreadableError.
    """
    review = readable_review(workspace, *LOGS, SCREENING)
    full: list[str] = []
    kept: list[str] = []
    closed: list[str] = []
    without: list[str] = []
    for number, item in enumerate(review.included):
        progress("fetching full texts", number, len(review.included))
        key = item.record.key
        pmcids = [pmcid for each in item.group.keys if (pmcid := review.records[each].pmcid)]
        if not pmcids:
            without.append(key)
            continue
        if workspace.texts_of(pmcids):
            kept.append(key)
            continue
        (full if _fetch_full(workspace, europepmc, pmcids, is_dry=is_dry) else closed).append(key)
    progress("fetching full texts", len(review.included), len(review.included))
    return Fetched(
        full=tuple(full),
        kept=tuple(kept),
        closed=tuple(closed),
        without=tuple(without),
        abstracts=_fetch_abstracts(workspace, review, pubmed, now, progress, is_dry=is_dry),
    )


def _fetch_full(workspace: Workspace, source: EuropePmc, pmcids: list[str], *, is_dry: bool) -> bool:
    for pmcid in pmcids:
        try:
            body = source.full_text(pmcid)
        except SourceRefusedError:
            continue
        if body is not None:
            if not is_dry:
                workspace.keep_text(f"{pmcid}.xml", body)
            return True
    return False


def _fetch_abstracts(
    workspace: Workspace,
    review: Review,
    pubmed: Callable[[], PubMed],
    now: dt.datetime,
    progress: Progress,
    *,
    is_dry: bool,
) -> int:
    answers = workspace.answers()
    there = answers.latest()
    wanted = sorted({pmid for item in review.included for pmid in _pmids(review, item)} - there.keys(), key=int)
    if not wanted:
        return 0
    when = now.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    progress("fetching abstracts", 0, len(wanted))

    def keep(body: bytes, pmids: Sequence[str]) -> None:
        if not is_dry:
            answers.keep(body, pmids, when)

    found = pubmed().fetch(wanted, keep, lambda done: progress("fetching abstracts", done, len(wanted)))
    return len(found)


def _pmids(review: Review, item: Item) -> list[str]:
    return [review.records[key].pmid for key in item.group.keys if review.records[key].pmid]
