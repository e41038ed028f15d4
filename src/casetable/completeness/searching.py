"""Rules over strategies and the log of searches: was every strategy run, as it stands, and did it find what it must."""

from __future__ import annotations

import datetime as dt
import re
import shlex
from collections.abc import Iterator

from casetable import dedup
from casetable.model import Search, Strategy
from casetable.problems import Example, Place, Problem, Rule, Severity, joined, shown, visible
from casetable.query.lint import lint
from casetable.query.lint.structure import L101, L134
from casetable.query.sent import sent_blocks, unsendable
from casetable.review import Review, hits_by_search, strategy_hash

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


def check(review: Review, today: dt.date) -> Iterator[Problem]:
    """Yields what is wrong with the strategies, their last searches and the log."""
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


RULES = (Q101, Q102, Q103, Q104, Q105, Q106, Q107, Q108, Q109)
