"""Rules over reports that changed after they were published: does an included report still stand, and was it asked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from functools import cached_property

from casetable.model import normal_doi
from casetable.model.notice import NoticeKind
from casetable.notices import Change, changes, covers, is_retraction_notice
from casetable.problems import Example, Place, Problem, Rule, Severity, visible
from casetable.review import Item, Review
from casetable.summary import Summary, differences, summarize
from casetable.table import Table, build_table

_LOG = "queries/notices.jsonl"
TOLD_AT_MOST = 3


def _line(kind: str, date: str) -> str:
    return (
        f'{{"schema": 1, "report": "doi:10.1234/invented.1", "notice": "{kind}", "source": "Crossref", '
        f'"key": "doi:10.1234/notice.1", "by": "publisher", "date": "{date}", "seen": "2026-01-19"}}\n'
    )


R101 = Rule(
    code="R101",
    name="retracted-report",
    summary="an included report was retracted, and nobody has acknowledged it",
    why="Its cases may not be as described, or not exist; most such retractions come after the review.",
    fix="Exclude the report (`casetable screen RECORD --exclude REASON --stage reports`), or write in curated/notices.yaml"
    " who decided that it stays, when and why.",
    example=Example(
        path=_LOG,
        good="",
        bad=_line("retraction", "2026-01-12"),
        message="pmid:11, Doe 2020, is included, and there is a retraction of 2026-01-12 (doi:10.1234/notice.1; Crossref"
        " (publisher)); expected its exclusion, or an acknowledgment in curated/notices.yaml",
    ),
)
R102 = Rule(
    code="R102",
    name="expression-of-concern",
    severity=Severity.WARNING,
    summary="there is an expression of concern about an included report, and nobody has acknowledged it",
    why="The journal doubts the report and has not decided yet; a retraction may follow.",
    fix="Read the notice; exclude the report, or write in curated/notices.yaml who decided that it stays, when and why.",
    example=Example(
        path=_LOG,
        good="",
        bad=_line("expression of concern", "2026-01-12"),
        message="pmid:11, Doe 2020, is included, and there is an expression of concern of 2026-01-12 (doi:10.1234/notice.1;"
        " Crossref (publisher)); expected an acknowledgment in curated/notices.yaml",
    ),
)
R103 = Rule(
    code="R103",
    name="corrected-since-extraction",
    severity=Severity.WARNING,
    summary="a report was corrected or updated after it was extracted",
    why="A cell may hold what the correction changed.",
    fix="Compare the extraction with the notice. Then set its `extracted` to the day of that, or acknowledge the notice in"
    " curated/notices.yaml.",
    example=Example(
        path=_LOG,
        good="",
        bad=_line("correction", "2026-01-18"),
        message="was extracted on 2026-01-15, and there is a correction of 2026-01-18 (doi:10.1234/notice.1; Crossref"
        " (publisher)); expected the two compared",
    ),
)
R104 = Rule(
    code="R104",
    name="acknowledgment-unused",
    severity=Severity.WARNING,
    summary="an acknowledgment is of a report or of a notice that is not known",
    why="It covers nothing, and a mistyped key would hide that.",
    fix="Correct `report`, `notice` or `key`, or take the entry out.",
    example=Example(
        path="curated/notices.yaml",
        good="",
        bad="schema: 1\nacknowledged:\n  - report: pmid:11\n    notice: retraction\n    by: A. Curator\n"
        "    when: 2026-01-15\n    reason: the case was seen by ourselves\n",
        message="pmid:11 has no retraction that was known on 2026-01-15",
    ),
)
R105 = Rule(
    code="R105",
    name="retraction-notice-included",
    severity=Severity.WARNING,
    summary="the notice of a retraction is included as a report",
    why="It describes no case of its own; the report that it retracts may be what is meant.",
    fix="Exclude the notice, and decide on the report that it retracts.",
    example=Example(
        path="queries/records.jsonl",
        good='"origin": "PubMed"',
        bad='"origin": "PubMed", "publication_types": ["Retraction Notice"]',
        message="pmid:11, Doe 2020, is included, and is itself the notice of a retraction",
    ),
)
R106 = Rule(
    code="R106",
    name="notices-not-asked",
    severity=Severity.WARNING,
    summary="Crossref was not asked whether an included report was retracted or corrected, or too long ago",
    why="A retraction may stand at Crossref and not in PubMed, which can tell nothing of reports that it does not hold.",
    fix="Run `casetable refresh`.",
    example=Example(
        path=_LOG,
        good='{"schema": 1, "asked": "2026-01-15", "reports": ["doi:10.1234/invented.1"]}\n',
        bad="",
        message="Crossref was never asked whether pmid:11, Doe 2020, was retracted or corrected",
    ),
)

RULES = (R101, R102, R103, R104, R105, R106)


def check(review: Review, today: dt.date) -> Iterator[Problem]:
    """Yields what is wrong with the included reports by what was published about them since."""
    told = changes(review)
    impact = Impact(review)
    for item in review.included:
        key, name = item.group.keys[0], _named(item)
        for change in told.get(key, ()):
            if change.acknowledgment is None:
                yield from _change(
                    review, item, change, impact, reinstated=told[key][-1].kind is NoticeKind.REINSTATEMENT
                )
        if any(is_retraction_notice(review.records[own]) for own in item.group.keys):
            yield R105.at(
                _place(review, item), f"{name}, is included, and is itself the notice of a retraction", field=key
            )
    yield from _unused(review, told)
    yield from _not_asked(review, today)


class Impact:
    """What the table loses with a report, in words; the table is built when it is first asked for."""

    def __init__(self, review: Review) -> None:
        self._review = review

    @cached_property
    def _table(self) -> Table:
        return build_table(self._review)

    @cached_property
    def summary(self) -> Summary:
        """The table as it stands, in numbers."""
        return summarize(self._table)

    def without(self, item: Item) -> tuple[str, ...]:
        """Returns how the table's summary changes without a report, the most telling first; nothing where it has no case in it."""
        names = frozenset(report.name for report in item.extractions)
        return differences(self.summary, summarize(self._table, names))


def shortened(texts: tuple[str, ...]) -> str:
    """Returns the most telling of some differences in one line."""
    more = len(texts) - TOLD_AT_MOST
    return "; ".join(texts[:TOLD_AT_MOST]) + (f"; and {more} more, in 'casetable status'" if more > 0 else "")


def _change(review: Review, item: Item, change: Change, impact: Impact, *, reinstated: bool) -> Iterator[Problem]:
    key = item.group.keys[0]
    article = "an" if change.kind.value[0] in "aeiou" else "a"
    there = f"there is {article} {visible(change.text)}"
    earlier = next(
        (
            word
            for word in review.inputs.acknowledgments
            if word.kind is change.kind and review.group_of(word.report) == item.group
        ),
        None,
    )
    late = ""
    if earlier is not None:
        late = f"{visible(earlier.by)}'s acknowledgment of {earlier.when} is of another or earlier notice; "
    if change.kind.is_retraction:
        lost = impact.without(item)
        late += "there is a reinstatement too; " if reinstated else ""
        hint = late + (f"without it: {shortened(lost)}" if lost else "no case of it is in the table")
        message = f"{_named(item)}, is included, and {there}; expected its exclusion, or an acknowledgment in {review.inputs.paths.acknowledgments}"
        yield R101.at(_place(review, item), message, field=key, hint=hint)
    elif change.kind is NoticeKind.CONCERN:
        message = f"{_named(item)}, is included, and {there}; expected an acknowledgment in {review.inputs.paths.acknowledgments}"
        yield R102.at(_place(review, item), message, field=key, hint=late.removesuffix("; "))
    elif change.kind in (NoticeKind.CORRECTION, NoticeKind.UPDATE):
        for report in item.extractions[:1]:
            # What a source does not date was there at the latest when it was seen.
            day = change.date or change.seen
            if report.when is not None and not (day and _ends(day) <= report.when.isoformat()):
                message = f"was extracted on {report.when}, and {there}; expected the two compared"
                yield R103.at(report.places["extracted"], message, field=key)


def _ends(date: str) -> str:
    """The last day that a date may mean: 2026 may be any day until its end."""
    return date + "-12-31"[3 * (date.count("-")) :]


def _unused(review: Review, told: Mapping[str, tuple[Change, ...]]) -> Iterator[Problem]:
    logs = (review.inputs.paths.notices, review.inputs.paths.records)
    if not (review.is_log_whole and all(map(review.is_read, logs))):
        return
    for word in review.inputs.acknowledgments:
        group = review.group_of(word.report)
        if group is None:
            yield R104.at(word.place, f"{word.report} is no record of this review", field=word.report)
        elif not any(covers(review, word, change) for change in told.get(group.keys[0], ())):
            known = f"that is {word.notice}" if word.notice else f"that was known on {word.when}"
            yield R104.at(word.place, f"{word.report} has no {word.kind} {known}", field=word.report)


def _not_asked(review: Review, today: dt.date) -> Iterator[Problem]:
    """Tells in one problem which included reports Crossref was not asked about within the protocol's days."""
    paths = review.inputs.paths
    if not review.is_read(paths.notices):
        return
    asked = review.inputs.notices.asked
    never, old = [], []
    allowed = review.inputs.protocol.max_search_age_days if review.inputs.protocol else None
    for item in review.included:
        keys = dois_of(review, item)
        if not keys:
            continue
        day = min(asked.get(key, "") for key in keys)
        if not day:
            never.append(item)
        elif allowed is not None and (today - dt.date.fromisoformat(day)).days > allowed:
            old.append((day, item))
    place = Place(path=paths.notices)
    if never:
        message = f"Crossref was never asked whether {_named(never[0])}, {_were(len(never))} retracted or corrected"
        yield R106.at(place, message, hint="next: casetable refresh")
    if old:
        day, first = min(old, key=lambda each: each[0])
        message = (
            f"Crossref was last asked on {day} whether {_named(first)}, {_were(len(old))} retracted or corrected; the"
            f" protocol allows {allowed} days"
        )
        yield R106.at(place, message, hint="next: casetable refresh")


def _were(number: int) -> str:
    if number == 1:
        return "was"
    return f"and {number - 1} other included report{'s' if number > 2 else ''} were"


def dois_of(review: Review, item: Item) -> tuple[str, ...]:
    """Returns the DOIs of a report as keys, by which Crossref is asked."""
    dois = {normal_doi(review.records[key].doi) for key in item.group.keys if review.records[key].doi}
    return tuple(sorted(f"doi:{doi}" for doi in dois))


def _named(item: Item) -> str:
    return f"{item.group.keys[0]}, {visible(item.record.label)}"


def _place(review: Review, item: Item) -> Place:
    """The report's extraction, else the decision that includes it."""
    for report in item.extractions[:1]:
        return report.places["report"]
    return item.screened.decision.place if item.screened.decision else Place(path=review.inputs.paths.screening)
