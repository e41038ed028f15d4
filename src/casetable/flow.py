"""The numbers of the PRISMA 2020 flow diagram, computed from the log and the decisions, and what must hold among them.

The keys are those of the PRISMA 2020 flow diagram's data file (Haddaway et al. 2022, doi 10.1002/cl2.1230); keys of our
own, which the template has no box for, are in a mapping of their own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from casetable.model import Access, Method
from casetable.overlap import opened, patients
from casetable.review import Item, Review
from casetable.screening import Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Imbalance:
    """Numbers that cannot all be right: the keys of those concerned, and what does not add up, in words."""

    keys: tuple[str, ...]
    told: str


@dataclass(frozen=True, kw_only=True)
class Flow:
    """`prisma`: the template's boxes; `reasons`: exclusions of reports by reason, for each column of the template;
    `cases`: from reports to cases to patients, and what is open, which the template does not know. `case_reasons` are the
    reasons of cases that are not eligible. `is_update` and `has_other` say which of the template's variants it is.
    """

    prisma: Mapping[str, int]
    specific: Mapping[str, Mapping[str, int]]
    reasons: Mapping[str, Mapping[str, int]]
    cases: Mapping[str, int]
    case_reasons: Mapping[str, int]
    is_update: bool
    has_other: bool

    @property
    def imbalances(self) -> tuple[Imbalance, ...]:
        """What of the diagram is impossible, from the top of it to the bottom."""
        return tuple(_imbalances(self))


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
    previous = review.inputs.protocol.previous if review.inputs.protocol else None
    prisma = {
        "previous_studies": previous.studies if previous else 0,
        "previous_reports": previous.reports if previous else 0,
        "database_results": by_method[Method.DATABASE],
        "register_results": by_method[Method.REGISTER],
        "website_results": by_method[Method.WEBSITE],
        "organisation_results": by_method[Method.ORGANISATION],
        "citations_results": by_method[Method.CITATION_SEARCH],
        "duplicates": _copies(review, found, main, is_other=False),
        "excluded_automatic": 0,
        "excluded_other": 0,
        "records_screened": len(main),
        "records_excluded": _standing(main, Standing.RECORD_EXCLUDED),
    }
    reasons: dict[str, Mapping[str, int]] = {}
    cases = {
        "own_report_results": by_method[Method.OWN_REPORT],
        "searches_not_run": sum(1 for each in review.inputs.strategies if each.name not in review.last_searches),
        "undecided_records": _standing((*main, *other), Standing.UNDECIDED),
        "other_duplicates": _copies(review, found, other, is_other=True),
        "other_records_excluded": _standing(other, Standing.RECORD_EXCLUDED),
    }
    new = 0
    for prefix, items in (("dbr", main), ("other", other)):
        sought = [item for item in items if item.screened.standing in _SOUGHT]
        retrieved = [item for item in sought if _is_retrieved(item)]
        excluded = [item for item in retrieved if item.screened.standing is Standing.REPORT_EXCLUDED]
        prisma[f"{prefix}_sought_reports"] = len(sought)
        prisma[f"{prefix}_notretrieved_reports"] = len(sought) - len(retrieved)
        prisma[f"{prefix}_assessed"] = len(retrieved)
        prisma[f"{prefix}_excluded"] = len(excluded)
        cases[f"{prefix}_undecided_records"] = _standing(items, Standing.UNDECIDED)
        cases[f"{prefix}_awaiting_reports"] = sum(1 for item in sought if _is_awaiting(item))
        cases["awaiting_reports"] = cases.get("awaiting_reports", 0) + cases[f"{prefix}_awaiting_reports"]
        told = Counter(item.screened.decision.reason for item in excluded if item.screened.decision)
        reasons[f"{prefix}_excluded"] = dict(sorted(told.items()))
        new += len(retrieved) - len(excluded)
    prisma |= {
        "new_studies": new,
        "new_reports": new,
        "total_studies": prisma["previous_studies"] + new,
        "total_reports": prisma["previous_reports"] + new,
    }
    counted, case_reasons = _cases(review)
    cases |= counted
    if previous is not None and previous.cases is not None:
        cases |= {"previous_cases": previous.cases, "total_cases": previous.cases + cases["cases_in_table"]}
    if previous is not None and previous.patients is not None:
        cases |= {
            "previous_patients": previous.patients,
            "total_patients": previous.patients + cases["unique_patients"],
        }
    return Flow(
        prisma=prisma,
        specific={
            f"{method}_specific_results": {
                source[1]: len(keys) for source, keys in sorted(found.items()) if methods[source] is method
            }
            for method in (Method.DATABASE, Method.REGISTER)
        },
        reasons=reasons,
        cases=cases,
        case_reasons=case_reasons,
        is_update=previous is not None,
        has_other=any(method.is_other for method in methods.values()),
    )


_SOUGHT = (Standing.SOUGHT, Standing.INCLUDED, Standing.REPORT_EXCLUDED)


def _copies(
    review: Review, found: Mapping[tuple[bool, str], set[str]], items: Sequence[Item], *, is_other: bool
) -> int:
    """How many records of a column's sources are no report of it of their own: copies, and such that the other column has."""
    known = sum(
        1 for (is_list, _), keys in found.items() if is_list is is_other for key in keys if key in review.records
    )
    return known - len(items)


def _is_retrieved(item: Item) -> bool:
    """Whether any of the report could be read: it was extracted with access to some of it, or decided on by reading it."""
    accesses = {report.access for report in item.extractions}
    if item.screened.standing is Standing.REPORT_EXCLUDED or accesses - {None, Access.NONE}:
        return True
    return item.screened.standing is Standing.INCLUDED and Access.NONE not in accesses


def _is_awaiting(item: Item) -> bool:
    """Whether nobody said yet if the report could be retrieved."""
    return not _is_retrieved(item) and all(report.access is None for report in item.extractions)


def _standing(items: Sequence[Item], standing: Standing) -> int:
    return sum(1 for item in items if item.screened.standing is standing)


def _cases(review: Review) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """Returns the numbers of the included reports' cases and patients, and the reasons of those not eligible."""
    extracted = [(item, report) for item in review.included for report in item.extractions[:1]]
    listed = [(report, case) for _, report in extracted for case in report.cases]
    eligible = [report.access for report, case in listed if case.is_eligible]
    reasons = Counter(case.reason for _, case in listed if case.is_eligible is False)
    numbers = [(report.number_described, report) for _, report in extracted]
    described = sum(len(report.cases) if number is None else number for number, report in numbers)
    possible, untold = opened(review)
    counted = {
        "reports_in_table": len(extracted),
        "reports_in_table_not_retrieved": sum(1 for item, _ in extracted if not _is_retrieved(item)),
        "reports_included_not_extracted": sum(
            1 for item in review.included if item.is_hit and not item.extractions and _is_retrieved(item)
        ),
        "reports_included_not_found": sum(1 for item in review.included if not item.is_hit),
        "cases_described": described,
        "reports_without_number_of_cases": sum(1 for number, _ in numbers if number is None),
        "cases_not_extracted": described - len(listed),
        "cases_undecided": sum(1 for _, case in listed if case.is_eligible is None),
        "cases_in_table": len(eligible),
        "unique_patients": len(set(patients(review).values())),
        "possible_overlaps": len(possible),
        "overlaps_cannot_tell": untold,
        "cases_in_table_of_reports_not_retrieved": eligible.count(Access.NONE),
        "cases_not_eligible": reasons.total(),
    }
    return counted, dict(sorted(reasons.items()))


# --- what must hold ---------------------------------------------------------------------------------------------------


def _imbalances(flow: Flow) -> Iterator[Imbalance]:
    boxes, cases = flow.prisma, flow.cases
    numbers = {**boxes, **cases}

    def sums(whole: Sequence[str], parts: Sequence[str], *, of: str, into: str) -> Iterator[Imbalance]:
        left, right = (sum(numbers.get(key, 0) for key in keys) for keys in (whole, parts))
        if left != right:
            told = f"{_told(left)} {of}, but {_told(right)} {into}"
            yield Imbalance(keys=(*whole, *parts), told=told)

    def at_most(low: str, high: str, told: str) -> Iterator[Imbalance]:
        if low in numbers and high in numbers and numbers[low] > numbers[high]:
            message = told.format(_told(numbers[low]), _told(numbers[high]))
            yield Imbalance(keys=(low, high), told=message)

    for key, number in numbers.items():
        if number < 0:
            yield Imbalance(keys=(key,), told=f"{key.replace('_', ' ')}: {_told(number)}, less than none")
    yield from at_most(
        "previous_studies", "previous_reports", "{} studies in the previous version, but only {} reports of them"
    )
    yield from at_most(
        "previous_patients", "previous_cases", "{} patients in the previous version, but only {} cases of them"
    )
    yield from sums(
        ("database_results", "register_results"),
        ("duplicates", "excluded_automatic", "excluded_other", "records_screened"),
        of="records identified from databases and registers",
        into="removed or screened",
    )
    yield from sums(
        ("records_screened",),
        ("records_excluded", "dbr_undecided_records", "dbr_sought_reports"),
        of="records screened",
        into="excluded, undecided or sought",
    )
    yield from sums(
        ("website_results", "organisation_results", "citations_results", "own_report_results"),
        ("other_duplicates", "other_records_excluded", "other_undecided_records", "other_sought_reports"),
        of="records identified via other methods",
        into="removed, undecided or sought",
    )
    for prefix, column in (("dbr", "via databases and registers"), ("other", "via other methods")):
        yield from sums(
            (f"{prefix}_sought_reports",),
            (f"{prefix}_notretrieved_reports", f"{prefix}_assessed"),
            of=f"reports sought {column}",
            into="not retrieved or assessed",
        )
    yield from sums(
        ("dbr_assessed", "other_assessed"),
        ("dbr_excluded", "other_excluded", "new_reports"),
        of="reports assessed",
        into="excluded or included",
    )
    if cases["reports_included_not_found"]:
        told = f"{_told(cases['reports_included_not_found'])} of the included reports that no search finds any more"
        yield Imbalance(keys=("new_reports", "reports_in_table"), told=told)
    yield from sums(
        ("new_reports", "reports_in_table_not_retrieved", "reports_included_not_found"),
        ("reports_in_table", "reports_included_not_extracted"),
        of="reports included or in the table without being retrieved",
        into="extracted or still to be extracted",
    )
    yield from sums(
        ("cases_described",),
        ("cases_not_extracted", "cases_not_eligible", "cases_undecided", "cases_in_table"),
        of="cases described",
        into="not extracted, not eligible, undecided or in the table",
    )
    yield from at_most("unique_patients", "cases_in_table", "{} unique patients, but only {} cases in the table")
    for kind in ("studies", "reports", "cases", "patients"):
        new = {"cases": "cases_in_table", "patients": "unique_patients"}.get(kind, f"new_{kind}")
        if f"total_{kind}" in numbers:
            yield from sums(
                (f"total_{kind}",),
                (f"previous_{kind}", new),
                of=f"{kind} in all",
                into="in the previous version or new",
            )


def _told(number: int) -> str:
    return f"{number:,}"
