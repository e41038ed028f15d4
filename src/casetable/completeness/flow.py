"""Rules over the numbers of the flow diagram: an impossible diagram is an error.

Its numbers follow from the log, the decisions and the extractions, so that most of what must hold among them is held by the
rules over these: records that the log names and does not have, and searches that counted others (Q104), exclusions without
a reason (S102), reports extracted though they are not included, or twice (S106, E109), counts of cases that differ from the
cases extracted (E110). Here stands what none of them sees.
"""

from __future__ import annotations

from collections.abc import Iterator

from casetable.model import Previous
from casetable.problems import Example, Place, Problem, Rule
from casetable.review import Review

_SCREENED = """\
schema: 1
decisions:
  - {record: pmid:11, stage: reports, decision: include, by: A. Curator, when: 2026-01-15}
  - {record: own:r1, stage: reports, decision: include, by: A. Curator, when: 2026-01-15}
  - {record: "doi:10.1234/invented.2", stage: records, decision: exclude, reason: other-drug, by: B. Curator, when: 2026-01-16}
"""
_POE = """\
schema: 1
report: own:r1
access: full text
extracted: {by: A. Curator, when: 2026-01-15}
cases_in_report: 1
eligible_cases: 1
cases:
  - case: 1
    eligible: yes
    age_years: 60
    sex: male
    country: not reported
"""
N101 = Rule(
    code="N101",
    name="previous-version-impossible",
    summary="the numbers of the previous version contradict each other",
    why="Every study has a report, and every patient is a case; a flow diagram with such numbers cannot be right.",
    fix="Take the numbers from the flow diagram of the previous version.",
    example=Example(
        path="review.yaml",
        good="index_report: pmid:11\n",
        bad="index_report: pmid:11\nprevious: {studies: 12, reports: 10}\n",
        message="says 12 studies, but only 10 reports; expected no more studies than reports",
    ),
)
N102 = Rule(
    code="N102",
    name="included-but-not-found",
    summary="a report is included that no search finds any more",
    why="Its cases are in the table, but the flow diagram cannot say where they come from.",
    fix="Mend the strategy that should find it, or list the report under `records` in a strategy of the method by which it was found.",
    example=Example(
        path="queries/own.yaml",
        good="schema: 1\nmethod: own report\n",
        bad=None,
        message="own:r1, Poe 2019, is included, but no search finds it any more",
        also=(("curated/screening.yaml", _SCREENED), ("curated/reports/poe-2019.yaml", _POE)),
    ),
)
N103 = Rule(
    code="N103",
    name="included-without-case",
    summary="an included report has no eligible case",
    why="The flow diagram counts the report as included, and nothing of it is in the table.",
    fix="Exclude the report with a reason, and remove its extraction; or correct `eligible` of its cases.",
    example=Example(
        path="curated/reports/doe-2020.yaml",
        good="eligible_cases: 1\nnote: the invented report of the examples\ncases:\n  - case: 1\n    eligible: yes\n",
        bad="eligible_cases: 0\nnote: the invented report of the examples\ncases:\n  - case: 1\n    eligible: no\n"
        "    reason: other-drug\n",
        message="pmid:11, Doe 2020, is included, but none of its cases is eligible",
    ),
)
N104 = Rule(
    code="N104",
    name="index-report-excluded",
    summary="the protocol's index report is excluded",
    why="The reviewers' own report is a case of the table like any other, and is counted once among the included reports.",
    fix="Include it, or take `index_report` out of review.yaml.",
    example=Example(
        path="review.yaml",
        good="index_report: pmid:11\n",
        bad="index_report: own:r1\n",
        message="own:r1, Poe 2019, is excluded on its record; expected the index report to be included",
    ),
)
RULES = (N101, N102, N103, N104)


def check(review: Review) -> Iterator[Problem]:
    """Yields what makes the flow diagram impossible."""
    protocol, paths = review.inputs.protocol, review.inputs.paths
    if protocol is not None and protocol.previous is not None:
        yield from _previous(protocol.previous)
    if not review.is_read(paths.screening):
        return
    if protocol is not None and protocol.index_report:
        index = review.item_of(protocol.index_report)
        # An extraction of an excluded report is S106's.
        if index is not None and index.screened.standing.is_excluded and not index.extractions:
            told = f"{protocol.index_report}, {index.record.label}, is {index.screened.standing}"
            message = f"{told}; expected the index report to be included"
            yield N104.at(protocol.places["index_report"], message, field="index_report")
    # Where no strategy stands, P105 says so.
    is_found = review.is_log_whole and review.is_read(paths.strategies)
    is_searched = any(not strategy.method.is_other for strategy in review.inputs.strategies)
    reasons = protocol.exclusion_reasons if protocol else {}
    for item in review.included:
        key, decision = item.group.keys[0], item.screened.decision
        lead = f"{key}, {item.record.label}, is included"
        if is_found and is_searched and not item.is_hit:
            place = decision.place if decision else Place(path=paths.screening)
            yield N102.at(place, f"{lead}, but no search finds it any more", field=key)
        for report in item.extractions[:1]:
            # A case without a reason of the protocol is not settled: E112 asks for it.
            is_settled = all(
                case.is_eligible is False and case.reason in (reasons or {case.reason}) for case in report.cases
            )
            if is_settled and (report.cases or report.number_eligible == 0):
                message = f"{lead}, but none of its cases is eligible"
                yield N103.at(report.places["eligible_cases"], message, field="eligible_cases")


def _previous(previous: Previous) -> Iterator[Problem]:
    for low, high in (("studies", "reports"), ("patients", "cases")):
        fewer, more = getattr(previous, low), getattr(previous, high)
        if fewer is not None and more is not None and fewer > more:
            message = f"says {fewer} {low}, but only {more} {high}; expected no more {low} than {high}"
            yield N101.at(previous.place, message, field="previous")
