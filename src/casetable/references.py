"""The reports of a review as references for a manuscript: included, excluded, and all that any search ever found."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from casetable.formats.bibliography import Written, citation_keys
from casetable.model import Stage
from casetable.model.article import article_of
from casetable.notices import marks
from casetable.review import Item, Review


def list_references(review: Review) -> Mapping[str, tuple[Written, ...]]:
    """Returns the references that are "included", "excluded" and "all", one a report, by its best record.

    Included reports stand in the order of the table, the others by first key. `all` holds undecided reports and such that
    no search finds any more, too. A reference has the same citation key in each list, and keeps it when reports come: of
    reports whose keys would be the same, the one that was found first has it alone. What a reference manager has no place
    for, or drops, stands in notes: the decision, notices of retraction, types, headings, the record's key.
    """
    told = marks(review)
    articles = {item.record.key: article_of(item.record) for item in review.items}
    seen: dict[str, str] = {}
    for search in review.inputs.searches:
        for found in search.added:
            seen[found] = min(seen.get(found, search.when), search.when)

    def first_seen(item: Item) -> tuple[str, int, str]:
        known = item.record.pmid if re.fullmatch("[0-9]{1,9}", item.record.pmid) else ""
        return min(seen[key] for key in item.group.keys), int(known or 10**9), item.record.key

    keys = citation_keys({item.record.key: articles[item.record.key] for item in sorted(review.items, key=first_seen)})
    reasons = review.inputs.protocol.exclusion_reasons if review.inputs.protocol else {}

    def written(item: Item) -> Written:
        key = item.record.key
        mark = told.get(key)
        notes = [f"{mark.text}: {mark.note}"] if mark else []
        return Written(
            article=articles[key],
            key=key,
            source=item.record.origin,
            citation_key=keys[key],
            notes=(*notes, *_notes(item, reasons)),
        )

    every = {item.record.key: written(item) for item in review.items}
    return {
        "included": tuple(every[item.record.key] for item in review.included),
        "excluded": tuple(every[item.record.key] for item in review.items if item.screened.standing.is_excluded),
        "all": tuple(every.values()),
    }


def _notes(item: Item, reasons: Mapping[str, str]) -> Iterator[str]:
    decision = item.screened.decision
    if decision is None:
        yield "undecided"
    elif item.screened.standing.is_included:
        yield "included"
    else:
        stage = "on its title and abstract" if decision.stage is Stage.RECORDS else "on reading the report"
        why = reasons.get(decision.reason, decision.reason)
        yield f"excluded {stage}: {decision.reason}" + (f" ({why})" if why != decision.reason else "")
    if item.record.authors_truncated:
        yield "the source lists more authors"
    # Zotero has no place for types, takes no keywords from CSL-JSON, and parts those of BibTeX at their commas.
    for name, words in (("types", item.record.publication_types), ("headings", item.record.headings)):
        if words:
            yield f"{name}: {' | '.join(words)}"
    yield f"casetable: {item.record.key}"
