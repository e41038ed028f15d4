"""Flow diagrams of invented reviews: large, updated, hostile and impossible ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from casetable.diagram import Diagram, build_diagram
from casetable.flow import Flow, count_flow
from casetable.model import Previous
from tests.unit.test_review import PROTOCOL, form_of, record, report_of, review_of, search, strategy

FORM = form_of("fields: {n: {label: N, type: number}}\ntable: {columns: [n]}\n")
LONG = "not a report of cases but of a group of patients, whose treatment is told for all of them together"


def diagram_of(flow: Flow, *, reasons: Mapping[str, str] | None = None, of: str = "") -> Diagram:
    """The diagram of numbers, in a review whose protocol has these reasons for exclusion."""
    previous = Previous(studies=0, reports=0, of=of) if flow.is_update else None
    return build_diagram(
        review_of(protocol=replace(PROTOCOL, exclusion_reasons=reasons or {}, previous=previous)), flow
    )


def small_flow() -> Flow:
    """The numbers of a review with one record, one report, one case."""
    main = strategy("main")
    return count_flow(
        review_of(
            records=[record("pmid:11")],
            strategies=[main],
            searches=[search(main, ["pmid:11"])],
            reports=[report_of("a", "pmid:11", FORM, "  - {case: 1, eligible: yes, n: 3}\n")],
            form=FORM,
        )
    )


def large_flow(reasons: Mapping[str, str], sources: int = 12) -> Flow:
    """A flow of every box, with large numbers that add up."""
    told = {name: 1_000 + number for number, name in enumerate(reasons)}
    excluded = sum(told.values())
    databases = {f"Database {number} of invented journals": 1_234_560 // sources for number in range(sources)}
    found = sum(databases.values())
    registers = {"An invented register of trials in every land": 7}
    screened = found + 7 - 234_567 - 11 - 13
    assessed, other_assessed = excluded + 60, excluded + 40
    sought, other_sought = assessed + 5_000, other_assessed + 6_000
    return Flow(
        prisma={
            "previous_studies": 1_234_567,
            "previous_reports": 1_234_569,
            "database_results": found,
            "register_results": 7,
            "website_results": 1_234,
            "organisation_results": 0,
            "citations_results": other_sought + 5_000 - 1_234,
            "duplicates": 234_567,
            "excluded_automatic": 11,
            "excluded_other": 13,
            "records_screened": screened,
            "records_excluded": screened - sought - 3,
            "dbr_sought_reports": sought,
            "dbr_notretrieved_reports": 5_000,
            "dbr_assessed": assessed,
            "dbr_excluded": excluded,
            "other_sought_reports": other_sought,
            "other_notretrieved_reports": 6_000,
            "other_assessed": other_assessed,
            "other_excluded": excluded,
            "new_studies": 100,
            "new_reports": 100,
            "total_studies": 1_234_667,
            "total_reports": 1_234_669,
        },
        specific={"database_specific_results": databases, "register_specific_results": registers},
        reasons={"dbr_excluded": told, "other_excluded": told},
        cases={
            "own_report_results": 1,
            "searches_not_run": 1,
            "undecided_records": 5,
            "dbr_undecided_records": 3,
            "other_undecided_records": 2,
            "other_duplicates": 4_000,
            "other_records_excluded": 999,
            "dbr_awaiting_reports": 1,
            "other_awaiting_reports": 1,
            "awaiting_reports": 2,
            "reports_in_table": 99,
            "reports_in_table_not_retrieved": 1,
            "reports_included_not_extracted": 2,
            "reports_included_not_found": 0,
            "cases_described": 1_000,
            "reports_without_number_of_cases": 1,
            "cases_not_extracted": 100,
            "cases_undecided": 1,
            "cases_in_table": 499,
            "unique_patients": 490,
            "overlaps_cannot_tell": 3,
            "possible_overlaps": 2,
            "cases_in_table_of_reports_not_retrieved": 2,
            "cases_not_eligible": 400,
            "previous_cases": 5_000_000,
            "total_cases": 5_000_499,
            "previous_patients": 4_000_000,
            "total_patients": 4_000_490,
        },
        case_reasons=dict.fromkeys(list(reasons)[:4], 100),
        is_update=True,
        has_other=True,
    )
