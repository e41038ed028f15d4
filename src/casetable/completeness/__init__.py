"""The rules over a whole review: is every hit, report, case and cell accounted for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from casetable import dedup, overlap
from casetable.completeness import acceptance, extraction, flow, notices, searching
from casetable.curation import cells, files, forms, nodes, shapes, timelines
from casetable.formats import logs
from casetable.model import Acceptance, Report
from casetable.problems import Example, Place, Problem, Rule, Severity, did_you_mean, in_order, joined, shown
from casetable.query.lint import RULES as LINT_RULES
from casetable.quotes import findings
from casetable.review import Item, Review

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
_TWICE = """\
schema: 1
decisions:
  - {record: pmid:11, stage: reports, decision: include, by: A. Curator, when: 2026-01-15}
  - {record: pmid:11, stage: reports, decision: include, by: B. Curator, when: 2026-01-16}
  - {record: own:r1, stage: records, decision: exclude, reason: other-drug, by: B. Curator, when: 2026-01-16}
"""
_ROE = """\
  - {record: "doi:10.1234/invented.2", stage: records, decision: exclude, reason: other-drug, by: A. Curator, when: 2026-01-15}
"""
_POE_AGAIN = """\
  - record: own:r1
    stage: records
    decision: exclude
    reason: {}
    by: A. Curator
    when: 2026-01-16
"""
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
    fix="Talk it over, and keep one decision; or, where both are to stay, write what you agree on: `casetable screen RECORD --include"
    " --settle`, or `--exclude REASON --settle`, with `--by` for all who agreed.",
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
S107 = Rule(
    code="S107",
    name="second-decision-awaited",
    summary="one of two screeners decided on a hit, and the second one did not yet",
    why="The protocol says that two persons screen (PRISMA 2020, item 8); until both decided the report is undecided.",
    fix="The second person runs `casetable screen`, which shows what they did not decide on, and not what the other decided.",
    example=Example(
        path="review.yaml",
        good="max_search_age_days: 365\n",
        bad="max_search_age_days: 365\nscreeners: 2\n",
        message="A. Curator alone decided on doi:10.1234/invented.2, Roe 2021 (stage records); expected a second person's"
        " decision",
        also=(("curated/screening.yaml", _TWICE + _ROE + _POE_AGAIN.format("other-drug")),),
    ),
)
S108 = Rule(
    code="S108",
    name="nothing-to-settle",
    severity=Severity.WARNING,
    summary="a decision settles decisions that do not differ",
    why="Whoever reads it would look for a disagreement that there never was, or that was on another record or stage.",
    fix="Correct `record` or `stage`, or take `settles` out.",
    example=Example(
        path="curated/screening.yaml",
        good="    by: B. Curator\n    when: 2026-01-16\n",
        bad="    by: B. Curator\n    when: 2026-01-16\n    settles: yes\n",
        message="the decision on own:r1 settles nothing; expected decisions of its stage (records) that differ",
    ),
)
S109 = Rule(
    code="S109",
    name="reasons-differ",
    severity=Severity.NOTE,
    summary="two screeners exclude a report for different reasons",
    why="It is excluded all the same, and the reason of the first is counted; the flow diagram may need the other one.",
    fix="Agree on one reason, and write it into both decisions; or leave it.",
    example=Example(
        path="review.yaml",
        good="max_search_age_days: 365\n",
        bad="max_search_age_days: 365\nscreeners: 2\n",
        message="own:r1, Poe 2019, is excluded for different reasons: other-drug by B. Curator, which is counted, and"
        " no-tocilizumab by A. Curator",
        also=(
            (
                "curated/screening.yaml",
                _TWICE + _ROE + _ROE.replace("A. Cur", "B. Cur") + _POE_AGAIN.format("no-tocilizumab"),
            ),
        ),
    ),
)


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What a check found, what of it persons accepted, and how much it looked at."""

    problems: tuple[Problem, ...]
    accepted: tuple[tuple[Problem, Acceptance], ...]
    searches: int
    records: int
    hits: int
    reports: int
    cases: int
    eligible_cases: int
    cells: int
    verifiable: int
    verified: int


def check(
    review: Review, today: dt.date, *, beside: Sequence[Problem] = (), rules_beside: Sequence[Rule] = ()
) -> Checked:
    """Returns every problem of a review, those of reading its files included, in order of place; accepted ones apart.

    `beside` are problems that other rules, `rules_beside`, found; they can be accepted like the others.
    """
    return check_on(review, [today], beside=beside, rules_beside=rules_beside)[0]


def check_on(
    review: Review, days: Sequence[dt.date], *, beside: Sequence[Problem] = (), rules_beside: Sequence[Rule] = ()
) -> tuple[Checked, ...]:
    """Returns what `check` finds on each of some days; what does not hang on the day is looked at once."""
    inputs = review.inputs
    verifiable, verified, changed = extraction.verified_cells(review)
    timeless = (
        *inputs.problems,
        *review.ruling_problems,
        *dedup.open_questions(review.grouped, review.records, Place(path=inputs.paths.duplicates)),
        *_protocol(review),
        *_decisions(review),
        *extraction.check(review),
        *overlap.problems_of(review, inputs.paths.reports),
        *flow.check(review),
        *changed,
        *beside,
    )
    return tuple(
        _checked(
            review,
            (*timeless, *searching.check(review, day), *notices.check(review, day)),
            rules_beside,
            verifiable=verifiable,
            verified=verified,
        )
        for day in days
    )


def check_report(review: Review, path: str, report: Report | None, faults: Sequence[Problem]) -> tuple[Problem, ...]:
    """Returns every problem of one extraction by itself, in the words of `check`, without what persons accepted.

    The extraction need not be one of the review yet; `faults` are those of reading its file.
    """
    found = in_order([*faults, *(extraction.check_one(review, report) if report is not None else ())])
    standing, _ = acceptance.sorted_out(review, found, RULES, _NEVER_ACCEPTED)
    return in_order(problem for problem in standing if problem.place.path == path)


def _checked(
    review: Review, problems: Sequence[Problem], rules_beside: Sequence[Rule], *, verifiable: int, verified: int
) -> Checked:
    inputs = review.inputs
    standing, accepted = acceptance.sorted_out(review, in_order(problems), (*RULES, *rules_beside), _NEVER_ACCEPTED)
    eligible = [case for report in inputs.reports for case in report.cases if case.is_eligible]
    return Checked(
        problems=in_order(standing),
        accepted=accepted,
        searches=len(inputs.searches),
        records=len(review.records),
        hits=sum(1 for item in review.items if item.is_hit),
        reports=len(inputs.reports),
        cases=sum(len(report.cases) for report in inputs.reports),
        eligible_cases=len(eligible),
        cells=sum(len(entry.all_cells) for case in eligible for entry in case.entries.values()),
        verifiable=verifiable,
        verified=verified,
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


def _decisions(review: Review) -> Iterator[Problem]:
    protocol = review.inputs.protocol
    screening = review.inputs.paths.screening
    for item in review.undecided if review.is_read(screening) else ():
        if item.decisions:  # by one of two screeners, or by two who differ
            continue
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
        if item.decisions:
            yield from _votes(item, review.screeners)


def _votes(item: Item, screeners: int) -> Iterator[Problem]:
    """Yields what is open among the decisions on one report."""
    key, label = item.group.keys[0], item.record.label
    settle = f"'casetable screen {key} --include --settle', or '--exclude REASON --settle', writes what you agree on"
    for one, other in item.screened.contradictions:
        message = (
            f"{other.by} decided '{other.verdict}' on {other.key}, but {one.by} '{one.verdict}'"
            f" in line {one.place.line}"
        )
        yield S103.at(other.place, message, field=other.key, hint=settle if screeners > 1 else "")
    if item.is_hit and (awaited := item.screened.awaited):
        (vote,) = item.screened.stages[awaited].votes
        message = f"{vote.by} alone decided on {key}, {label} (stage {awaited}); expected a second person's decision"
        yield S107.at(vote.place, message, field=key)
    for stage, staged in item.screened.stages.items():
        told = [decision for decision in item.decisions if decision.stage is stage]
        if staged.settled is not None and len({decision.verdict for decision in told}) == 1:
            message = f"the decision on {staged.settled.key} settles nothing; expected decisions of its stage ({stage}) that differ"
            yield S108.at(staged.settled.place, message, field=key)
        if staged.reasons:
            first, *others = (next(vote for vote in staged.votes if vote.reason == reason) for reason in staged.reasons)
            rest = joined([f"{vote.reason or 'none'} by {vote.by}" for vote in others], "and")
            message = f"{key}, {label}, is excluded for different reasons: {first.reason or 'none'} by {first.by}, which is counted, and {rest}"
            yield S109.at(others[0].place, message, field=key)


RULES: tuple[Rule, ...] = (
    *nodes.RULES,
    *shapes.RULES,
    *logs.RULES,
    *files.RULES,
    *forms.RULES,
    P104,
    P105,
    P106,
    *searching.RULES,
    *LINT_RULES,
    S101,
    S102,
    S103,
    S104,
    S107,
    S108,
    S109,
    *dedup.RULES,
    *cells.RULES,
    *timelines.RULES,
    *extraction.RULES,
    *findings.RULES,
    *overlap.RULES,
    *flow.RULES,
    *notices.RULES,
    *acceptance.RULES,
)
# A file, cell or log with one of these is not in the review as it stands, so that other rules cannot look at it; those of
# `verify` are no problems of a check.
_NEVER_ACCEPTED = frozenset(
    rule.code
    for rule in (
        *nodes.RULES,
        *shapes.RULES,
        *logs.RULES,
        *files.RULES,
        *forms.RULES,
        *(rule for rule in cells.RULES if rule is not cells.E101),
        timelines.E116,
        *findings.RULES,
        P104,
        searching.Q104,
        extraction.E108,
        extraction.E112,
    )
)
_UNREADABLE = frozenset(rule.code for rule in RULES if rule.unreadable)


def refusal(code: str, rules_beside: Sequence[Rule] = ()) -> str:
    """Returns why no problem of a code can be accepted, nothing where it can; `rules_beside` are those of other checks."""
    found = acceptance.refusal(code, {rule.code: rule for rule in (*RULES, *rules_beside)}, _NEVER_ACCEPTED)
    return found[1] if found else ""


def is_unreadable(problem: Problem) -> bool:
    """Whether a problem means that a file could not be read."""
    return problem.code in _UNREADABLE
