"""Asks what was published about the reports since, and keeps it: PubMed's notices from its records, Crossref's by DOI."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from casetable.completeness.notices import dois_of
from casetable.errors import SourceError, SourceRefusedError
from casetable.formats.logs import write_notices
from casetable.model.notice import Notice, NoticeLog
from casetable.notices import Change, changed, pubmed_notices
from casetable.review import Item, Review
from casetable.sources.crossref import Crossref
from casetable.workspace import NOTICES, Workspace

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True)
class Noticed:
    """What a refresh learned of reports that changed since they were published.

    `new` are the changes that no refresh had met, of the reports that are not excluded; `asked` counts the DOIs of
    included reports that Crossref answered about, `unknown` are those of them that it has no record of; `failure` says
    why it did not answer, and then nothing is known anew from it.
    """

    new: tuple[tuple[Item, tuple[Change, ...]], ...] = ()
    asked: int = 0
    unknown: tuple[str, ...] = ()
    failure: str = ""


def update_notices(
    workspace: Workspace,
    review: Review,
    crossref: Crossref | None,
    *,
    now: dt.datetime,
    progress: Progress,
    is_dry: bool = False,
) -> Noticed:
    """Brings notices.jsonl up to date with the review's records and with what Crossref says of its included reports.

    Nothing is taken out of it: a notice that Crossref no longer tells is for a person to judge. A Crossref that fails
    leaves all as it was, but for PubMed's notices. The caller holds the review for writing.
    """
    today = now.astimezone(dt.UTC).date().isoformat()
    log = review.inputs.notices
    found: list[Notice] = [each for record in review.records.values() for each in pubmed_notices(record)]
    keys = sorted({key for item in review.included for key in dois_of(review, item)})
    asked, missing, failure, is_answered = dict(log.asked), log.unknown, "", False
    if crossref is not None and keys:
        try:
            told, unknown = crossref.notices(
                [key.removeprefix("doi:") for key in keys], lambda done, of: progress("asking Crossref", done, of)
            )
        except (SourceError, SourceRefusedError) as error:
            failure = str(error)
        else:
            found += told
            asked, missing = dict.fromkeys(keys, today), frozenset(f"doi:{doi}" for doi in unknown)
            is_answered = True
    after = NoticeLog(notices=_merged(log.notices, found, today), asked=asked, unknown=missing)
    data = write_notices(after)
    if not is_dry and data != workspace.read(NOTICES):
        workspace.write(NOTICES, data)
    known = {each.identity for each in log.notices}
    reports = changed(Review(replace(review.inputs, notices=after)))
    new = (
        (item, tuple(change for change in changes if not any(each.identity in known for each in change.notices)))
        for item, changes in reports
    )
    return Noticed(
        new=tuple((item, changes) for item, changes in new if changes),
        asked=len(keys) if is_answered else 0,
        unknown=tuple(sorted(missing)) if is_answered else (),
        failure=failure,
    )


def _merged(before: Iterable[Notice], found: Iterable[Notice], today: str) -> tuple[Notice, ...]:
    """Returns all notices, each with the day on which it was first seen, and with what a source says of it now."""
    merged = {each.identity: each for each in before}
    for each in found:
        known = merged.get(each.identity)
        seen = known.seen if known is not None else today
        date = each.date or (known.date if known is not None else "")
        merged[each.identity] = replace(each, seen=seen, date=date)
    return tuple(merged[identity] for identity in sorted(merged))
