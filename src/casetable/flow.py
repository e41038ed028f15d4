"""The numbers of the PRISMA 2020 flow diagram, computed from the log and the decisions.

The keys are those of the PRISMA 2020 flow diagram's data file (Haddaway et al. 2022, doi 10.1002/cl2.1230); keys of our
own, which the template has no box for, are in a mapping of their own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from casetable.model import Access, Method
from casetable.overlap import patients
from casetable.review import Item, Review
from casetable.screening import Standing


@dataclass(frozen=True, kw_only=True)
class Flow:
    """`prisma`: the template's boxes; `reasons`: exclusions of reports by reason, for each column of the template;
    `cases`: from reports to cases, which the template does not know."""

    prisma: Mapping[str, int]
    specific: Mapping[str, Mapping[str, int]]
    reasons: Mapping[str, Mapping[str, int]]
    cases: Mapping[str, int]


def count_flow(review: Review) -> Flow:
    """Returns the numbers of the flow diagram.

    A record counts once for each source that found it. A report that any database or register found is in the
    template's first column, with its copies counted as duplicates; one that only other methods found is in the second.
    """
    # Searches of one database are one source; every list is one of its own, whatever its name.
    found: dict[tuple[bool, str], set[str]] = {}
    methods: dict[tuple[bool, str], Method] = {}
    for strategy in review.inputs.strategies:
        is_other = strategy.method.is_other
        source = (is_other, strategy.name if is_other else strategy.source)
        found.setdefault(source, set()).update(review.hits.get(strategy.name, ()))
        methods[source] = strategy.method
    by_method: Counter[Method] = Counter()
    for source, keys in found.items():
        by_method[methods[source]] += len(keys)
    method_of = {strategy.name: strategy.method for strategy in review.inputs.strategies}
    main: list[Item] = []
    other: list[Item] = []
    for item in review.items:
        if item.is_hit:
            column = other if all(method_of[name].is_other for name in item.strategies) else main
            column.append(item)
    identified = by_method[Method.DATABASE] + by_method[Method.REGISTER]
    prisma = {
        "previous_studies": 0,
        "previous_reports": 0,
        "database_results": by_method[Method.DATABASE],
        "register_results": by_method[Method.REGISTER],
        "website_results": by_method[Method.WEBSITE],
        "organisation_results": by_method[Method.ORGANISATION],
        "citations_results": by_method[Method.CITATION_SEARCH],
        "duplicates": identified - len(main),
        "excluded_automatic": 0,
        "excluded_other": 0,
        "records_screened": len(main),
        "records_excluded": _standing(main, Standing.RECORD_EXCLUDED),
    }
    reasons: dict[str, Mapping[str, int]] = {}
    new = 0
    for prefix, items in (("dbr", main), ("other", other)):
        sought = [item for item in items if item.screened.standing in _SOUGHT]
        retrieved = [item for item in sought if _is_retrieved(item)]
        excluded = [item for item in retrieved if item.screened.standing is Standing.REPORT_EXCLUDED]
        prisma[f"{prefix}_sought_reports"] = len(sought)
        prisma[f"{prefix}_notretrieved_reports"] = len(sought) - len(retrieved)
        prisma[f"{prefix}_assessed"] = len(retrieved)
        prisma[f"{prefix}_excluded"] = len(excluded)
        told = Counter(item.screened.decision.reason for item in excluded if item.screened.decision)
        reasons[f"{prefix}_excluded"] = dict(sorted(told.items()))
        new += len(retrieved) - len(excluded)
    prisma |= {"new_studies": new, "new_reports": new, "total_studies": new, "total_reports": new}
    return Flow(
        prisma=prisma,
        specific={
            f"{method}_specific_results": {
                source[1]: len(keys) for source, keys in sorted(found.items()) if methods[source] is method
            }
            for method in (Method.DATABASE, Method.REGISTER)
        },
        reasons=reasons,
        cases=_cases(review, by_method, main, other),
    )


_SOUGHT = (Standing.SOUGHT, Standing.INCLUDED, Standing.REPORT_EXCLUDED)


def _is_retrieved(item: Item) -> bool:
    """Whether any of the report could be read: it was extracted with access to some of it, or excluded on reading it."""
    if item.screened.standing is Standing.REPORT_EXCLUDED:
        return True
    return any(report.access not in (None, Access.NONE) for report in item.extractions)


def _standing(items: list[Item], standing: Standing) -> int:
    return sum(1 for item in items if item.screened.standing is standing)


def _cases(review: Review, by_method: Counter[Method], main: list[Item], other: list[Item]) -> Mapping[str, int]:
    extracted = [(item, report) for item in review.included for report in item.extractions[:1]]
    eligible = {
        access: sum(
            1 for _, report in extracted for case in report.cases if case.is_eligible and (report.access is access)
        )
        for access in Access
    }
    return {
        "own_report_results": by_method[Method.OWN_REPORT],
        "undecided_records": sum(1 for item in (*main, *other) if item.screened.standing is Standing.UNDECIDED),
        "other_records_excluded": _standing(other, Standing.RECORD_EXCLUDED),
        "reports_in_table": len(extracted),
        "reports_in_table_not_retrieved": sum(1 for _, report in extracted if report.access is Access.NONE),
        "cases_in_table": sum(eligible.values()),
        "unique_patients": len(set(patients(review).values())),
        "cases_in_table_of_reports_not_retrieved": eligible[Access.NONE],
        "cases_not_eligible": sum(1 for _, report in extracted for case in report.cases if case.is_eligible is False),
    }
