"""The rules over a whole review: is every hit, report, case and cell accounted for."""

from __future__ import annotations

import datetime as dt
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from casetable import dedup
from casetable.curation import cells, files, nodes, shapes
from casetable.curation.cells import E101
from casetable.formats import logs
from casetable.model import REASONS, Access, Cell, Number, Report, Search, Status, Strategy
from casetable.problems import Example, Place, Problem, Rule, Severity, did_you_mean, in_order, joined, shown, visible
from casetable.query.lint import RULES as LINT_RULES
from casetable.query.lint import lint
from casetable.query.lint.structure import L101, L134
from casetable.query.sent import sent_blocks, unsendable
from casetable.review import Item, Review, hits_by_search, strategy_hash

_REPORT = "curated/reports/doe-2020.yaml"

P104 = Rule(
    code="P104",
    name="protocol-not-filled-in",
    summary="the protocol leaves out what every review must fix before it begins",
    why="Eligibility and reasons that are chosen after reading bend the review to what was found (PRISMA 2020, item 5).",
    fix="Fill in review.yaml: title, question, eligibility, exclusion_reasons.",
    example=Example(
        path="review.yaml",
        good="question: What became of invented patients?",
        bad="question:",
        message="is not filled in yet; expected the question of the review",
    ),
)
P105 = Rule(
    code="P105",
    name="no-strategy",
    summary="the review has no strategy for a database",
    why="Without one nobody can repeat the search.",
    fix="Write queries/NAME.yaml with source, purpose and strategy; `casetable init` left one to fill in.",
    example=Example(
        path="queries/main.yaml",
        good="",
        bad=None,
        message="has no strategy for a database yet; expected a file NAME.yaml with source, purpose and strategy",
    ),
)
P106 = Rule(
    code="P106",
    name="index-report-unknown",
    summary="the protocol's index report is not among the records",
    why="The reviewers' own report is a case of the table like any other.",
    fix="List it under `records` in a strategy with `method: own report`, then run `casetable refresh`.",
    example=Example(
        path="review.yaml",
        good="index_report: pmid:11",
        bad="index_report: pmid:12",
        message="pmid:12 is no record of this review",
    ),
)
Q101 = Rule(
    code="Q101",
    name="never-searched",
    severity=Severity.WARNING,
    summary="a strategy was never run, so the known records that it must find are not tested",
    why="What it would find is not in the review.",
    fix="Run `casetable refresh`.",
    example=Example(
        path="queries/second.yaml",
        good="",
        bad="schema: 1\nsource: PubMed\npurpose: a second invented strategy\nstrategy: tocilizumab\n",
        message="was never run",
    ),
)
Q102 = Rule(
    code="Q102",
    name="search-too-old",
    severity=Severity.WARNING,
    summary="a strategy's last search is older than the protocol allows",
    why="Reports that were published since are missing.",
    fix="Run `casetable refresh`.",
    example=Example(
        path="review.yaml",
        good="max_search_age_days: 365",
        bad="max_search_age_days: 9",
        message="was last run 10 days ago, on 2026-01-10; the protocol allows 9",
    ),
)
Q109 = Rule(
    code="Q109",
    name="imported-without-strategy",
    severity=Severity.WARNING,
    summary="records were imported from a source, and the strategy that found them is not in the review",
    why="Nobody can repeat the search; PRISMA-S (item 8) asks for every strategy as it was run.",
    fix="Copy the query from the source into the strategy's file, behind `strategy: |`, with its line numbers.",
    example=Example(
        path="queries/embase.yaml",
        good="",
        bad="schema: 1\nsource: Embase\npurpose: an invented search\n",
        message="does not say how Embase was searched; expected the query behind 'strategy:', as it was run there",
    ),
)
Q103 = Rule(
    code="Q103",
    name="edited-since-search",
    summary="a strategy was edited since its last search",
    why="The hits in the review are those of another strategy.",
    fix="Run `casetable refresh`.",
    example=Example(
        path="queries/main.yaml",
        good="strategy: dermatomyositis AND tocilizumab\n",
        bad="strategy: dermatomyositis AND rituximab\n",
        message="was edited since it was last run, on 2026-01-10",
    ),
)
Q104 = Rule(
    code="Q104",
    name="log-incomplete",
    summary="the log of searches names a search or a record that is not there",
    why="The hits of a search follow from the log alone; with a gap they are not known.",
    fix="Restore queries/searches.jsonl and queries/records.jsonl from git.",
    example=Example(
        path="queries/records.jsonl",
        good='"key": "pmid:11"',
        bad='"key": "pmid:10"',
        message="main found pmid:11, which records.jsonl does not have",
    ),
)
Q105 = Rule(
    code="Q105",
    name="known-record-missed",
    summary="a strategy's last search did not find a record that it must find",
    why="A strategy that misses a known report misses others like it.",
    fix="Widen the block that is named until it finds the record, then run `casetable refresh`.",
    example=Example(
        path="queries/main.yaml",
        good="must_find: [pmid:11]",
        bad="must_find: [pmid:11, doi:10.1234/invented.2]",
        message="doi:10.1234/invented.2 was not found by the last search, on 2026-01-10; which block loses it was not asked",
    ),
)
Q108 = Rule(
    code="Q108",
    name="edited-since-peer-review",
    severity=Severity.WARNING,
    summary="a strategy is another one than its peer reviewer saw",
    why="A peer review says nothing of a strategy that was changed after it (PRISMA-S, item 14).",
    fix="Have the strategy reviewed again, and write when under `peer_reviewed`.",
    example=Example(
        path="queries/main.yaml",
        good="must_find: [pmid:11]\n",
        bad="must_find: [pmid:11]\nwritten: {by: A. Searcher, when: 2026-01-09}\n"
        "peer_reviewed: {by: B. Searcher, when: 2026-01-08}\n",
        message="was peer-reviewed by B. Searcher on 2026-01-08, before it was written on 2026-01-09",
    ),
)
Q106 = Rule(
    code="Q106",
    name="record-not-returned",
    severity=Severity.WARNING,
    summary="a source counted a hit and gave no record of it",
    why="Nobody can decide on a report of which nothing is known.",
    fix="Run `casetable refresh` again later; it asks for such records each time.",
    example=Example(
        path="queries/searches.jsonl",
        good='"count": 1, "added": ["pmid:11"], "removed": []',
        bad='"count": 2, "added": ["pmid:11"], "removed": [], "not_returned": ["pmid:12"]',
        message="PubMed counted pmid:12 on 2026-01-10, but gave no record of it",
    ),
)
Q107 = Rule(
    code="Q107",
    name="listed-facts-differ",
    severity=Severity.WARNING,
    summary="a record listed by hand has other facts than the source gives under its key",
    why="With one digit wrong in a PMID another report stands in the place of the one that was meant.",
    fix="Compare the two, and correct the listed PMID or DOI; a title or year that was mistyped does no harm.",
    example=Example(
        path="queries/records.jsonl",
        good='"origin": "list:own", "title": "Another invented report of a drug", "year": "2021"',
        bad='"origin": "PubMed", "title": "Quite another thing altogether", "year": "1999"',
        message="doi:10.1234/invented.2 is listed as 'Another invented report of a drug' (2021),"
        " but PubMed has 'Quite another thing altogether' (1999)",
    ),
)
S101 = Rule(
    code="S101",
    name="undecided-hit",
    summary="nobody decided on a hit",
    why="The review is complete only when every record that was found is accounted for.",
    fix="Run `casetable screen`.",
    example=Example(
        path="curated/screening.yaml",
        good="  - record: doi:10.1234/invented.2\n    stage: records\n    decision: exclude\n    reason: other-drug\n"
        "    by: A. Curator\n    when: 2026-01-15\n",
        bad="",
        message="nobody decided on doi:10.1234/invented.2, Roe 2021, 'Another invented report of a drug'",
    ),
)
S102 = Rule(
    code="S102",
    name="no-reason",
    summary="an exclusion has no reason of the protocol",
    why="Readers must be able to see why a report is not in the table (PRISMA 2020, item 16b).",
    fix="Give the decision a `reason` that review.yaml lists under exclusion_reasons.",
    example=Example(
        path="curated/screening.yaml",
        good="    reason: other-drug\n",
        bad="",
        message="the exclusion of doi:10.1234/invented.2 has no reason; expected other-drug or no-tocilizumab",
    ),
)
S103 = Rule(
    code="S103",
    name="decisions-contradict",
    summary="two decisions on one report, at one stage, contradict each other",
    why="A report cannot be both in the review and out of it.",
    fix="Talk it over, and keep one decision.",
    example=Example(
        path="curated/screening.yaml",
        good="decisions:\n",
        bad="decisions:\n  - record: pmid:11\n    stage: reports\n    decision: exclude\n    reason: other-drug\n"
        "    by: B. Curator\n    when: 2026-01-15\n",
        message="A. Curator decided 'include' on pmid:11, but B. Curator 'exclude' in line 3",
    ),
)
S104 = Rule(
    code="S104",
    name="decision-on-unknown-record",
    summary="a decision names a record that no search ever found",
    why="It counts for nothing, and a mistyped key would hide that.",
    fix="Correct the key; `casetable status --records` lists them.",
    example=Example(
        path="curated/screening.yaml",
        good="decisions:\n",
        bad="decisions:\n  - record: pmid:99\n    stage: records\n    decision: include\n"
        "    by: A. Curator\n    when: 2026-01-15\n",
        message="pmid:99 is no record of this review",
    ),
)
S105 = Rule(
    code="S105",
    name="not-extracted",
    summary="an included report has no extraction",
    why="Its cases are missing from the table.",
    fix="Run `casetable new RECORD`, and fill in the file that it writes.",
    example=Example(
        path=_REPORT,
        good="",
        bad=None,
        message="pmid:11, Doe 2020, is included but has no extraction",
    ),
)
S106 = Rule(
    code="S106",
    name="extracted-but-not-included",
    summary="a report is extracted that is not included",
    why="The table holds the cases of included reports only, so this extraction would be left out without a word.",
    fix="Decide on the report, or remove its file.",
    example=Example(
        path="curated/screening.yaml",
        good="    decision: include\n",
        bad="    decision: exclude\n    reason: other-drug\n",
        message="pmid:11, Doe 2020, is extracted but excluded on the report",
    ),
)
E108 = Rule(
    code="E108",
    name="report-unknown",
    summary="an extraction belongs to no record of the review",
    why="Nobody can say how the report was found.",
    fix="Correct `report`; a report found by hand is listed under `records` in a strategy file.",
    example=Example(
        path=_REPORT,
        good="report: pmid:11",
        bad="report: pmid:99",
        message="pmid:99 is no record of this review",
    ),
)
E109 = Rule(
    code="E109",
    name="extracted-twice",
    summary="a report is extracted in two files",
    why="Its patients would be counted twice.",
    fix="Merge the two files.",
    example=Example(
        path="curated/reports/doe-2020-b.yaml",
        good="",
        bad="schema: 1\nreport: doi:10.1234/invented.1\naccess: none\nextracted: {by: A. Curator, when: 2026-01-15}\n"
        "cases_in_report: 0\neligible_cases: 0\ncases: []\n",
        message="doi:10.1234/invented.1 is extracted in curated/reports/doe-2020.yaml already",
    ),
)
E110 = Rule(
    code="E110",
    name="counts-disagree",
    summary="a report's counts of cases do not agree with the cases extracted",
    why="A case may have been left out, or extracted twice.",
    fix="Correct `cases_in_report` or `eligible_cases`, or add the case.",
    example=Example(
        path=_REPORT,
        good="eligible_cases: 1",
        bad="eligible_cases: 2",
        message="says 2, but 1 eligible case is extracted",
    ),
)
E111 = Rule(
    code="E111",
    name="case-id-twice",
    summary="two cases of a report have one id",
    why="Nobody can tell which one a value belongs to.",
    fix="Give each case its own id, as the report numbers them.",
    example=Example(
        path=_REPORT,
        good="cases:\n",
        bad="cases:\n  - case: 1\n    eligible: no\n    reason: no-tocilizumab\n",
        message="case 1 stands already in line 9",
    ),
)
E112 = Rule(
    code="E112",
    name="eligibility-open",
    summary="a case does not say whether it is eligible, or not why it is not",
    why="Only eligible cases enter the table, and a reader may ask about the others.",
    fix="Write `eligible: yes`, or `eligible: no` with a `reason` of the protocol.",
    example=Example(
        path=_REPORT,
        good="    eligible: yes\n",
        bad="    eligible: no\n    reason: somehow\n",
        message="case 1: 'somehow' is no reason of the protocol; expected other-drug or no-tocilizumab",
    ),
)
E113 = Rule(
    code="E113",
    name="not-accessible-in-full-text",
    summary="a cell is 'not accessible' although the report was read in full",
    why="A report that was read either gives the value or does not report it; the denominators differ.",
    fix="Write the value, `not reported`, or correct `access`.",
    example=Example(
        path=_REPORT,
        good="    age_years: 3\n",
        bad="    age_years: not accessible\n",
        message="case 1: is 'not accessible', but the report's access is 'full text'; expected a value or 'not reported'",
    ),
)
E114 = Rule(
    code="E114",
    name="extraction-not-filled-in",
    summary="an extraction does not say how the report was accessed, by whom and when, or how many cases it holds",
    why="Whether a silent report was read, and whether a case was left out, rests on it.",
    fix="Fill in access, extracted, cases_in_report and eligible_cases.",
    example=Example(
        path=_REPORT,
        good="access: full text\n",
        bad="access:\n",
        message="is not filled in yet; expected full text, partial text, abstract or none",
    ),
)
E201 = Rule(
    code="E201",
    name="not-accessible",
    severity=Severity.WARNING,
    summary="a cell is not known because the report could not be read",
    why="The table is honest about it, and not yet complete.",
    fix="Obtain the report: `casetable status` lists what is still to be requested.",
    example=Example(
        path=_REPORT,
        good="access: full text\nextracted: {by: A. Curator, when: 2026-01-15}\ncases_in_report: 1\neligible_cases: 1\n"
        "note: the invented report of the examples\ncases:\n  - case: 1\n    eligible: yes\n    age_years: 3\n",
        bad="access: abstract\nextracted: {by: A. Curator, when: 2026-01-15}\ncases_in_report: 1\neligible_cases: 1\n"
        "note: the invented report of the examples\ncases:\n  - case: 1\n    eligible: yes\n    age_years: not accessible\n",
        message="case 1: is not accessible",
    ),
)
E202 = Rule(
    code="E202",
    name="open-question",
    severity=Severity.WARNING,
    summary="a question about a report or case has no answer yet",
    why="Until it is settled, the table rests on it.",
    fix="Settle it and write the `answer`.",
    example=Example(
        path=_REPORT,
        good="    eligible: yes\n",
        bad="    eligible: yes\n    questions:\n      - question: Is it the invented disease?\n",
        message="case 1: open question: 'Is it the invented disease?'",
    ),
)


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What a check found, and how much it looked at."""

    problems: tuple[Problem, ...]
    searches: int
    records: int
    hits: int
    reports: int
    cases: int
    eligible_cases: int
    cells: int


def check(review: Review, today: dt.date) -> Checked:
    """Returns every problem of a review, those of reading its files included, in order of place."""
    inputs = review.inputs
    problems = [
        *inputs.problems,
        *review.ruling_problems,
        *dedup.open_questions(review.grouped, review.records, Place(path=inputs.paths.duplicates)),
        *_protocol(review),
        *_searches(review, today),
        *_decisions(review),
        *_reports(review),
        *_cases(review),
    ]
    eligible = [case for report in inputs.reports for case in report.cases if case.is_eligible]
    return Checked(
        problems=in_order(problems),
        searches=len(inputs.searches),
        records=len(review.records),
        hits=sum(1 for item in review.items if item.is_hit),
        reports=len(inputs.reports),
        cases=sum(len(report.cases) for report in inputs.reports),
        eligible_cases=len(eligible),
        cells=sum(len(entry.all_cells) for case in eligible for entry in case.entries.values()),
    )


def _protocol(review: Review) -> Iterator[Problem]:
    protocol = review.inputs.protocol
    if protocol is None:
        return
    for key, value, expected in (
        ("title", protocol.title, "the title of the review"),
        ("question", protocol.question, "the question of the review"),
        ("eligibility", protocol.include, "what a case must have, as a list under 'include'"),
        ("exclusion_reasons", protocol.exclusion_reasons, "the reasons for exclusion, 'name: meaning'"),
    ):
        if not value:
            yield P104.at(protocol.places[key], f"is not filled in yet; expected {expected}", field=key)
    paths = review.inputs.paths
    searched = [strategy for strategy in review.inputs.strategies if not strategy.method.is_other]
    if not searched and review.is_read(paths.strategies):
        message = "has no strategy for a database yet; expected a file NAME.yaml with source, purpose and strategy"
        yield P105.at(Place(path=paths.strategies), message)
    if protocol.index_report and _is_unknown(review, protocol.index_report):
        place = protocol.places["index_report"]
        yield P106.at(place, f"{protocol.index_report} is no record of this review", field="index_report")


def _is_unknown(review: Review, key: str) -> bool:
    """Whether a key names no record, where the log is whole; with a gap in it nobody can say."""
    return review.is_log_whole and review.group_of(key) is None


def _searches(review: Review, today: dt.date) -> Iterator[Problem]:
    protocol = review.inputs.protocol
    for strategy in review.inputs.strategies:
        yield from _unreadable_strategy(strategy)
        yield from _peer_review(review, strategy)
        search = review.last_searches.get(strategy.name)
        if strategy.is_imported and not strategy.text:
            message = f"does not say how {strategy.source} was searched; expected the query behind 'strategy:', as it was run there"
            yield Q109.at(strategy.place, message, field=strategy.name)
            if search is None:
                continue
        if search is None:
            untested = ""
            if strategy.must_find:
                untested = f"; {joined([known.key for known in strategy.must_find], 'and')}: not tested"
            yield Q101.at(strategy.place, "was never run" + untested, field=strategy.name, hint=_next(strategy))
            continue
        day = search.when[:10]
        # The text that was not at hand when the records were imported may come later.
        is_told_later = strategy.is_imported and not search.term
        if search.strategy_hash != strategy_hash(strategy) and not is_told_later:
            message = f"was edited since it was last run, on {day}"
            yield Q103.at(strategy.place, message, field=strategy.name, hint=_next(strategy))
        elif protocol is not None and not strategy.method.is_other:
            age = _age_days(search, today)
            if age is not None and age > protocol.max_search_age_days:
                allowed = protocol.max_search_age_days
                message = f"was last run {age} days ago, on {day}; the protocol allows {allowed}"
                yield Q102.at(strategy.place, message, field=strategy.name)
        if search.not_returned:
            message = f"{search.source} counted {joined(search.not_returned, 'and')} on {day}, but gave no record of it"
            yield Q106.at(strategy.place, message, field=strategy.name, hint=_next(strategy))
        yield from _listed(review, strategy)
        found = {group for key in review.hits[strategy.name] if (group := review.group_of(key))}
        for known in strategy.must_find:
            if review.is_log_whole and review.group_of(known.key) not in found:
                message = (
                    f"{known.key} was not found by the last search, on {day}; {_loss(strategy, search, known.key)}"
                )
                hint = "" if known.key in search.missed else _next(strategy)
                yield Q105.at(known.place, message, field=strategy.name, hint=hint)
    yield from _log(review)


def _loss(strategy: Strategy, search: Search, key: str) -> str:
    """Says what loses a known record, as far as the source was asked when the search was run."""
    if key not in search.missed:
        return "which block loses it was not asked"
    losses = search.missed[key]
    is_same = search.strategy_hash == strategy_hash(strategy) and not unsendable(strategy.text)
    blocks = sent_blocks(strategy.text) if is_same else ()
    told = []
    for name in losses:
        number = int(name) if re.fullmatch("[0-9]{1,6}", name) else 0
        if 0 < number <= len(blocks):
            block = blocks[number - 1]
            verb = "takes it away" if block.is_excluding else "loses it"
            told.append(f"block {number}, {shown(block.text)}, {verb}")
        elif number:
            told.append(f"block {number} of the strategy as it was then loses it")
        else:
            told.append(_OTHER_LOSSES.get(name, name))
    return joined(told, "and") if told else f"each block finds it by itself, so {search.source} may have it since"


_OTHER_LOSSES = {
    "dates": "the limits of the date of publication lose it",
    "not in the source": "the source has no record of it under its PMID or DOI",
}


def _peer_review(review: Review, strategy: Strategy) -> Iterator[Problem]:
    """Holds the peer review against when the strategy was written, and against what was searched until it."""
    reviewed, written = strategy.peer_reviewed, strategy.written
    if reviewed is None:
        return
    lead = f"was peer-reviewed by {visible(reviewed.by)} on {reviewed.when}"
    if written is not None and written.when > reviewed.when:
        message = f"{lead}, before it was written on {written.when}"
        yield Q108.at(reviewed.place, message, field=strategy.name)
        return
    searches = [search for search in review.inputs.searches if search.strategy == strategy.name]
    until = [search for search in searches if search.when[:10] <= str(reviewed.when)]
    # A strategy that was not run before its review is taken to be reviewed as it was first run.
    seen = until[-1] if until else searches[0] if searches else None
    if seen is not None and seen.strategy_hash != strategy_hash(strategy):
        message = f"{lead}, and is another strategy now than it was on {seen.when[:10]}"
        yield Q108.at(reviewed.place, message, field=strategy.name)


def _unreadable_strategy(strategy: Strategy) -> Iterator[Problem]:
    """Tells why a strategy could not be sent; all else that lint finds is lint's."""
    if not strategy.text or strategy.is_imported or not unsendable(strategy.text):
        return
    for finding in lint(strategy.text):
        if finding.rule in {L101, L134}:
            place = strategy.place_of(finding.start)
            hint = f"see 'casetable lint {strategy.name}'"
            yield finding.rule.at(place, finding.message, field=strategy.name, hint=hint)


def _next(strategy: Strategy) -> str:
    if strategy.is_imported:
        return f"next: casetable import FILE --source {shlex.quote(strategy.source)}"
    return f"next: casetable refresh {strategy.name}"


def _age_days(search: Search, today: dt.date) -> int | None:
    try:
        return (today - dt.date.fromisoformat(search.when[:10])).days
    except ValueError:
        return None


def _listed(review: Review, strategy: Strategy) -> Iterator[Problem]:
    for listed in strategy.records:
        record = review.records.get(listed.key)
        if record is not None and record.origin != listed.origin and dedup.is_another(listed, record):
            message = (
                f"{listed.key} is listed as {shown(listed.title)} ({listed.year or 'no year'}),"
                f" but {record.origin} has {shown(record.title)} ({record.year or 'no year'})"
            )
            yield Q107.at(strategy.place, message, field=strategy.name)


def _log(review: Review) -> Iterator[Problem]:
    searches = review.inputs.searches
    strategies = {search.id: search.strategy for search in searches}
    paths = review.inputs.paths
    if not (review.is_read(paths.searches) and review.is_read(paths.records)):
        return
    log, records = Place(path=paths.searches), Place(path=paths.records)
    standing = hits_by_search(searches)
    told = set()
    for search in searches:
        if search.previous and strategies.get(search.previous) != search.strategy:
            message = (
                f"the search of {search.strategy} on {search.when[:10]} follows {search.previous}, which is not there"
            )
            yield Q104.at(log, message, field=search.strategy)
        elif search.count != len(standing[search.id]) + len(search.not_returned):
            message = (
                f"the search of {search.strategy} on {search.when[:10]} counts {search.count} hits,"
                f" but {len(standing[search.id])} follow from the log"
            )
            yield Q104.at(log, message, field=search.strategy)
        for key in search.added:
            if key not in review.inputs.records and key not in told:
                told.add(key)
                message = f"{search.strategy} found {key}, which records.jsonl does not have"
                yield Q104.at(records, message, field=search.strategy)


def _decisions(review: Review) -> Iterator[Problem]:
    protocol = review.inputs.protocol
    screening = review.inputs.paths.screening
    for item in review.undecided if review.is_read(screening) else ():
        record = item.record
        message = f"nobody decided on {item.group.keys[0]}, {record.label}, {shown(record.title, 90)}"
        yield S101.at(Place(path=screening), message, field=item.group.keys[0])
    for decision in review.inputs.decisions:
        if _is_unknown(review, decision.key):
            hint = did_you_mean(decision.key, review.records) or "'casetable status --records' lists them"
            yield S104.at(decision.place, f"{decision.key} is no record of this review", field=decision.key, hint=hint)
        reasons = protocol.exclusion_reasons if protocol else {}
        if protocol and reasons and decision.verdict.value == "exclude" and decision.reason not in reasons:
            has = f"has the reason {shown(decision.reason)}" if decision.reason else "has no reason"
            message = f"the exclusion of {decision.key} {has}; expected {joined(reasons)}"
            hint = did_you_mean(decision.reason, reasons) if decision.reason else ""
            yield S102.at(decision.place, message, field=decision.key, hint=hint)
    for item in review.items:
        for one, other in item.screened.contradictions:
            message = (
                f"{other.by} decided '{other.verdict}' on {other.key}, but {one.by} '{one.verdict}'"
                f" in line {one.place.line}"
            )
            yield S103.at(other.place, message, field=other.key)


def _reports(review: Review) -> Iterator[Problem]:
    paths = review.inputs.paths
    strays = [report for report in review.inputs.reports if review.group_of(report.key) is None]
    if review.is_log_whole:
        for report in strays:
            hint = did_you_mean(report.key, review.records) or "'casetable status --records' lists them"
            yield E108.at(
                report.places["report"], f"{report.key} is no record of this review", field="report", hint=hint
            )
    for item in review.items:
        for report in item.extractions[1:]:
            message = f"{report.key} is extracted in {item.extractions[0].place.path} already"
            yield E109.at(report.places["report"], message, field="report")
        standing = item.screened.standing
        key = item.group.keys[0]
        if standing.is_included and not item.extractions:
            # A report's file that could not be read, or that belongs nowhere, may be the one that is looked for.
            if review.is_read(paths.reports) and not strays:
                place = item.screened.decision.place if item.screened.decision else Place(path=paths.screening)
                message = f"{key}, {item.record.label}, is included but has no extraction"
                yield S105.at(place, message, field=key, hint=f"next: casetable new {key}")
        elif not standing.is_included and review.is_read(paths.screening):
            for report in item.extractions:
                message = f"{key}, {item.record.label}, is extracted but {standing}"
                yield S106.at(report.places["report"], message, field="report")


def _cases(review: Review) -> Iterator[Problem]:
    for report in review.inputs.reports:
        yield from _filled_in(report)
        doubtful = tuple(_eligibility(review, report))
        yield from doubtful
        yield from _counts(report, is_settled=not doubtful)
        yield from _completeness(review, report)
        for question in report.questions:
            if not question.answer:
                yield E202.at(question.place, f"open question: {shown(question.text, 200)}", field="questions")


def _filled_in(report: Report) -> Iterator[Problem]:
    for key, field, value, expected in (
        ("access", "access", report.access, joined(Access)),
        ("extracted", "by", report.by, "who extracted"),
        ("extracted", "when", report.when, "a date as 2026-11-22"),
        ("cases_in_report", "cases_in_report", report.cases_in_report, "how many cases the report describes"),
        ("eligible_cases", "eligible_cases", report.eligible_cases, "how many of them are eligible"),
        (
            "cases",
            "cases",
            report.cases or _count(report.eligible_cases) == 0,
            "a list of cases, each with '- case: ID'",
        ),
    ):
        if not value:
            yield E114.at(report.places[key], f"is not filled in yet; expected {expected}", field=field)


def _counts(report: Report, *, is_settled: bool) -> Iterator[Problem]:
    """Holds the counts against the cases; while a case's eligibility is not settled, the eligible are not counted."""
    first: dict[str, int] = {}
    for case in report.cases:
        if case.id in first:
            yield E111.at(case.place, f"case {case.id} stands already in line {first[case.id]}", field="case")
        first.setdefault(case.id, case.place.line)
    eligible = sum(1 for case in report.cases if case.is_eligible)
    said, described = _count(report.eligible_cases), _count(report.cases_in_report)
    if is_settled and said is not None and said != eligible:
        message = f"says {said}, but {_counted(eligible, 'eligible case')} extracted"
        yield E110.at(report.places["eligible_cases"], message, field="eligible_cases")
    if described is not None and described < len(first):
        message = f"says {described}, but {_counted(len(first), 'case')} extracted"
        yield E110.at(report.places["cases_in_report"], message, field="cases_in_report")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun} is" if number == 1 else f"{number} {noun}s are"


def _count(cell: Cell | None) -> int | None:
    value = cell.value if cell else None
    if isinstance(value, Number) and value.low == value.high and not value.sign and value.low == int(value.low):
        return int(value.low)
    return None


def _eligibility(review: Review, report: Report) -> Iterator[Problem]:
    reasons = review.inputs.protocol.exclusion_reasons if review.inputs.protocol else {}
    for case in report.cases:
        if case.is_eligible is None:
            yield E112.at(case.place, f"case {case.id}: does not say 'eligible'; expected yes or no", field="eligible")
        elif not case.is_eligible and reasons and case.reason not in reasons:
            found = f"{shown(case.reason)} is no reason of the protocol" if case.reason else "has no reason"
            message = f"case {case.id}: {found}; expected {joined(reasons)}"
            yield E112.at(case.place, message, field="reason")


def _completeness(review: Review, report: Report) -> Iterator[Problem]:
    form = review.inputs.form
    if form is None:
        return
    for case in report.cases:
        for question in case.questions:
            if not question.answer:
                message = f"case {case.id}: open question: {shown(question.text, 200)}"
                yield E202.at(question.place, message, field="questions")
        if not case.is_eligible:
            continue
        for name, field in form.fields.items():
            entry = case.entries.get(name)
            if entry is None:
                if field.required and name not in case.faulty:
                    message = f"case {case.id}: has no cell; expected a value, or {joined(REASONS)}"
                    yield E101.at(case.place, message, field=name)
                continue
            for cell in entry.all_cells:
                if cell.status is not Status.NOT_ACCESSIBLE:
                    continue
                if report.access is Access.FULL_TEXT:
                    message = (
                        f"case {case.id}: is 'not accessible', but the report's access is 'full text';"
                        " expected a value or 'not reported'"
                    )
                    yield E113.at(cell.place, message, field=name)
                else:
                    yield E201.at(cell.place, f"case {case.id}: is not accessible", field=name)


def awaiting_report(item: Item) -> bool:
    """Whether an included report is still to be requested: it is not extracted yet, or could not be read in full."""
    return not item.extractions or any(report.access is not Access.FULL_TEXT for report in item.extractions)


RULES: tuple[Rule, ...] = (
    *nodes.RULES,
    *shapes.RULES,
    *logs.RULES,
    *files.RULES,
    P104,
    P105,
    P106,
    Q101,
    Q102,
    Q103,
    Q104,
    Q105,
    Q106,
    Q107,
    Q108,
    Q109,
    *LINT_RULES,
    S101,
    S102,
    S103,
    S104,
    S105,
    S106,
    *dedup.RULES,
    *cells.RULES,
    E108,
    E109,
    E110,
    E111,
    E112,
    E113,
    E114,
    E201,
    E202,
)

_UNREADABLE = frozenset(rule.code for rule in RULES if rule.unreadable)


def is_unreadable(problem: Problem) -> bool:
    """Whether a problem means that a file could not be read."""
    return problem.code in _UNREADABLE
