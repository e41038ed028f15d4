"""The boxes of the PRISMA 2020 flow diagram: they add up, whatever was found and decided."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casetable.completeness import check
from casetable.flow import Flow, count_flow
from casetable.model import Method, Previous
from casetable.problems import Severity
from casetable.review import Review
from tests.unit.test_review import PROTOCOL, decision, form_of, record, report_of, review_of, search, strategy

FORM = form_of("fields: {n: {label: N, type: number}}\ntable: {columns: [n]}\n")
ONE = "  - {case: 1, eligible: yes, n: 3}\n"


def assert_adds_up(review: Review, flow: Flow) -> None:
    """Every record goes somewhere, and nothing is counted twice or below none."""
    boxes, cases = flow.prisma, flow.cases
    # What a report says of its own number of cases is E110's.
    own = {"cases_not_extracted", "cases_described"}
    assert all(number >= 0 for number in (*boxes.values(), *(cases[key] for key in cases.keys() - own))), boxes
    identified = boxes["database_results"] + boxes["register_results"]
    assert identified - boxes["duplicates"] == boxes["records_screened"]
    assert sum(flow.specific["database_specific_results"].values()) == boxes["database_results"]
    assert sum(flow.specific["register_specific_results"].values()) == boxes["register_results"]
    for prefix in ("dbr", "other"):
        assert (
            boxes[f"{prefix}_sought_reports"] == boxes[f"{prefix}_notretrieved_reports"] + boxes[f"{prefix}_assessed"]
        )
        assert sum(flow.reasons[f"{prefix}_excluded"].values()) == boxes[f"{prefix}_excluded"]
        assert cases[f"{prefix}_awaiting_reports"] <= boxes[f"{prefix}_notretrieved_reports"]
    assert boxes["records_screened"] == (
        boxes["records_excluded"] + cases["dbr_undecided_records"] + boxes["dbr_sought_reports"]
    )
    listed = sum(boxes[f"{kind}_results"] for kind in ("website", "organisation", "citations"))
    assert listed + cases["own_report_results"] - cases["other_duplicates"] == (
        cases["other_records_excluded"] + cases["other_undecided_records"] + boxes["other_sought_reports"]
    )
    assert cases["undecided_records"] == cases["dbr_undecided_records"] + cases["other_undecided_records"]
    hits = sum(1 for item in review.items if item.is_hit)
    assert hits == (
        boxes["records_excluded"]
        + cases["other_records_excluded"]
        + cases["undecided_records"]
        + boxes["dbr_sought_reports"]
        + boxes["other_sought_reports"]
    )
    assert boxes["new_reports"] == sum(boxes[f"{p}_assessed"] - boxes[f"{p}_excluded"] for p in ("dbr", "other"))
    assert boxes["total_reports"] == boxes["new_reports"] + boxes["previous_reports"]
    assert cases["cases_in_table_of_reports_not_retrieved"] <= cases["cases_in_table"]
    assert cases["reports_in_table_not_retrieved"] <= cases["reports_in_table"]
    assert cases["unique_patients"] <= cases["cases_in_table"] <= cases["cases_in_table"] + cases["cases_not_eligible"]
    assert sum(flow.case_reasons.values()) == cases["cases_not_eligible"]
    wrong = [each for each in flow.imbalances if not own & set(each.keys)]
    assert [each.told for each in wrong] == (
        [f"{cases['reports_included_not_found']} of the included reports that no search finds any more"]
        if cases["reports_included_not_found"]
        else []
    )


def a_review() -> Review:
    main, second = strategy("main"), strategy("second")
    register = strategy("trials", Method.REGISTER, "An invented register")
    refs = strategy("refs", Method.CITATION_SEARCH, "reference lists")
    own = strategy("own", Method.OWN_REPORT, "by hand")
    keys = [f"pmid:1{n}" for n in range(6)]
    return review_of(
        records=[
            *map(record, keys),
            record("reg:1", pmid="10"),
            record("refs:1"),
            record("refs:2", pmid="11"),
            record("own:1"),
        ],
        strategies=[main, second, register, refs, own],
        searches=[
            search(main, keys[:4]),
            search(second, keys[2:]),  # PubMed again: a record counts once for each source
            search(register, ["reg:1"]),
            search(refs, ["refs:1", "refs:2"]),
            search(own, ["own:1"]),
        ],
        decisions=[
            decision("pmid:10", "reports", "include"),
            decision("pmid:11", "records", "include"),
            decision("pmid:12", "records", "exclude", reason="other-drug"),
            decision("pmid:13", "reports", "exclude", reason="no-case"),
            decision("pmid:14", "records", "include"),
            decision("refs:1", "reports", "exclude", reason="other-drug"),
            decision("own:1", "reports", "include"),
        ],
        reports=[
            report_of("a", "pmid:10", FORM, ONE + "  - {case: 2, eligible: no, reason: no-case}\n"),
            report_of("b", "pmid:11", FORM, ONE, access="none"),
            report_of("c", "own:1", FORM, ONE, access="abstract"),
        ],
        form=FORM,
    )


def test_the_boxes_of_a_review() -> None:
    review = a_review()
    flow = count_flow(review)
    assert_adds_up(review, flow)
    assert flow.prisma == {
        "previous_studies": 0,
        "previous_reports": 0,
        "database_results": 6,
        "register_results": 1,
        "website_results": 0,
        "organisation_results": 0,
        "citations_results": 2,
        "duplicates": 1,
        "excluded_automatic": 0,
        "excluded_other": 0,
        "records_screened": 6,
        "records_excluded": 1,
        "dbr_sought_reports": 4,
        "dbr_notretrieved_reports": 2,
        "dbr_assessed": 2,
        "dbr_excluded": 1,
        "other_sought_reports": 2,
        "other_notretrieved_reports": 0,
        "other_assessed": 2,
        "other_excluded": 1,
        "new_studies": 2,
        "new_reports": 2,
        "total_studies": 2,
        "total_reports": 2,
    }
    assert flow.specific == {
        "database_specific_results": {"PubMed": 6},
        "register_specific_results": {"An invented register": 1},
    }
    assert flow.reasons == {"dbr_excluded": {"no-case": 1}, "other_excluded": {"other-drug": 1}}
    assert flow.cases == {
        "own_report_results": 1,
        "searches_not_run": 0,
        "undecided_records": 1,
        "dbr_undecided_records": 1,
        "other_undecided_records": 0,
        "other_duplicates": 1,
        "other_records_excluded": 0,
        "awaiting_reports": 1,
        "dbr_awaiting_reports": 1,
        "other_awaiting_reports": 0,
        "reports_in_table": 3,
        "reports_in_table_not_retrieved": 1,
        "reports_included_not_extracted": 0,
        "reports_included_not_found": 0,
        "cases_described": 3,
        "reports_without_number_of_cases": 0,
        "cases_not_extracted": -1,
        "cases_undecided": 0,
        "cases_in_table": 3,
        "unique_patients": 3,
        "overlaps_cannot_tell": 0,
        "possible_overlaps": 0,
        "cases_in_table_of_reports_not_retrieved": 1,
        "cases_not_eligible": 1,
    }
    assert flow.case_reasons == {"no-case": 1}
    # The first report says that it describes one case, and two are extracted.
    assert [(each.keys, each.told) for each in flow.imbalances] == [
        (("cases_not_extracted",), "cases not extracted: -1, less than none")
    ]
    assert (flow.is_update, flow.has_other) == (False, True)


def test_a_review_without_a_search_has_empty_boxes() -> None:
    review = review_of(strategies=[strategy("main")])
    flow = count_flow(review)
    assert_adds_up(review, flow)
    assert set(flow.prisma.values()) == {0}
    assert flow.cases["searches_not_run"] == 1
    assert not flow.has_other
    assert flow.specific["database_specific_results"] == {"PubMed": 0}


def test_what_is_no_longer_found_leaves_the_diagram() -> None:
    one = search("main", ["pmid:11", "pmid:12"])
    two = search("main", [], removed=["pmid:12"], previous=one, when="2026-02-10T08:00:00Z")
    review = review_of(
        records=[record("pmid:11"), record("pmid:12")],
        strategies=[strategy("main")],
        searches=[one, two],
        decisions=[decision("pmid:12", "records", "exclude")],
    )
    flow = count_flow(review)
    assert_adds_up(review, flow)
    assert (flow.prisma["database_results"], flow.prisma["records_excluded"]) == (1, 0)


def test_a_list_named_as_a_source_is_counted_apart() -> None:
    main, listed = strategy("main", source="scopus"), strategy("scopus", Method.CITATION_SEARCH, "references")
    review = review_of(
        records=[record("pmid:11"), record("scopus:1")],
        strategies=[main, listed],
        searches=[search(main, ["pmid:11"]), search(listed, ["scopus:1"])],
    )
    flow = count_flow(review)
    assert (flow.prisma["database_results"], flow.prisma["citations_results"]) == (1, 1)
    assert_adds_up(review, flow)


_STRATEGIES = (
    strategy("main"),
    strategy("second"),
    strategy("embase", Method.DATABASE, "Embase"),
    strategy("trials", Method.REGISTER, "Register"),
    strategy("refs", Method.CITATION_SEARCH, "lists"),
    strategy("site", Method.WEBSITE, "a site"),
    strategy("group", Method.ORGANISATION, "a group"),
    strategy("own", Method.OWN_REPORT, "by hand"),
)
_RECORDS = [record(f"r:{n}", doi=f"10.1234/{n % 6}" if n % 2 else "") for n in range(9)]
_KEYS = st.sampled_from([each.key for each in _RECORDS])
_DECISIONS = st.tuples(
    _KEYS,
    st.sampled_from(["records", "reports"]),
    st.sampled_from(["include", "exclude"]),
    st.sampled_from(["", "no-case", "x"]),
)
_EXTRACTIONS = st.tuples(
    st.sampled_from(["full text", "partial text", "abstract", "none"]),
    st.sampled_from(
        [ONE, "  []\n", "  - {case: 1, eligible: no, reason: x}\n  - {case: 2}\n" + ONE.replace("1", "3", 1)]
    ),
)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.frozensets(_KEYS, max_size=6), min_size=8, max_size=8),
    st.lists(_DECISIONS, max_size=10),
    st.dictionaries(_KEYS, _EXTRACTIONS, max_size=4),
)
def test_the_boxes_add_up(
    found: list[frozenset[str]], decisions: list[tuple[str, str, str, str]], extractions: dict[str, tuple[str, str]]
) -> None:
    review = review_of(
        records=_RECORDS,
        strategies=_STRATEGIES,
        searches=[search(each, sorted(keys)) for each, keys in zip(_STRATEGIES, found, strict=True)],
        decisions=[decision(key, stage, verdict, reason=reason) for key, stage, verdict, reason in decisions],
        reports=[
            report_of(f"n{i}", key, FORM, cases, access) for i, (key, (access, cases)) in enumerate(extractions.items())
        ],
        form=FORM,
    )
    assert_adds_up(review, count_flow(review))


def test_a_report_included_on_reading_it_was_retrieved_before_it_is_extracted() -> None:
    main = strategy("main")
    review = review_of(
        records=[record("pmid:11"), record("pmid:12")],
        strategies=[main],
        searches=[search(main, ["pmid:11", "pmid:12"])],
        decisions=[decision("pmid:11", "reports", "include"), decision("pmid:12", "records", "include")],
    )
    flow = count_flow(review)
    assert_adds_up(review, flow)
    assert (flow.prisma["dbr_assessed"], flow.prisma["dbr_notretrieved_reports"], flow.prisma["new_reports"]) == (
        1,
        1,
        1,
    )
    assert (flow.cases["reports_included_not_extracted"], flow.cases["awaiting_reports"]) == (1, 1)


def updated(**numbers: int | None) -> Flow:
    previous = Previous(**{"studies": 12, "reports": 14, **numbers})  # type: ignore[arg-type]
    return count_flow(review_of(protocol=replace(PROTOCOL, previous=previous), strategies=[strategy("main")]))


def test_an_update_adds_what_is_new_to_the_previous_version() -> None:
    flow = updated(cases=20, patients=19)
    assert flow.is_update
    assert (flow.prisma["previous_studies"], flow.prisma["total_studies"]) == (12, 12)
    assert (flow.prisma["previous_reports"], flow.prisma["total_reports"]) == (14, 14)
    assert (flow.cases["previous_cases"], flow.cases["total_cases"]) == (20, 20)
    assert (flow.cases["previous_patients"], flow.cases["total_patients"]) == (19, 19)
    assert flow.imbalances == ()
    assert not {"previous_cases", "total_cases", "total_patients"} & updated().cases.keys()


@pytest.mark.parametrize(
    ("numbers", "told"),
    [
        ({"studies": 15}, "15 studies in the previous version, but only 14 reports of them"),
        ({"cases": 3, "patients": 1_004}, "1,004 patients in the previous version, but only 3 cases of them"),
    ],
)
def test_an_impossible_previous_version_is_told(numbers: dict[str, int], told: str) -> None:
    assert [each.told for each in updated(**numbers).imbalances] == [told]


def test_a_record_that_the_log_names_and_does_not_have_is_no_duplicate() -> None:
    main = strategy("main")
    flow = count_flow(
        review_of(records=[record("pmid:11")], strategies=[main], searches=[search(main, ["pmid:11", "pmid:12"])])
    )
    assert flow.prisma["duplicates"] == 0
    [imbalance] = flow.imbalances
    assert imbalance.told == "2 records identified from databases and registers, but 1 removed or screened"
    assert {"database_results", "records_screened"} <= set(imbalance.keys)


@settings(max_examples=60, deadline=None)
@given(
    st.frozensets(_KEYS, max_size=9),
    st.lists(st.frozensets(_KEYS, max_size=6), min_size=8, max_size=8),
    st.sets(st.sampled_from(range(8)), max_size=3),
    st.lists(_DECISIONS, max_size=8),
    st.dictionaries(_KEYS, _EXTRACTIONS, max_size=4),
    st.tuples(*[st.integers(0, 3)] * 4),
)
def test_an_impossible_diagram_is_an_error_of_check(
    kept: frozenset[str],
    found: list[frozenset[str]],
    gone: set[int],
    decisions: list[tuple[str, str, str, str]],
    extractions: dict[str, tuple[str, str]],
    numbers: tuple[int, int, int, int],
) -> None:
    """Whatever is missing of the log, decided, extracted or said of the version before."""
    studies, reports, cases, patients = numbers
    previous = Previous(studies=studies, reports=reports, cases=cases, patients=patients)
    review = review_of(
        records=[each for each in _RECORDS if each.key in kept],
        strategies=[each for number, each in enumerate(_STRATEGIES) if number not in gone],
        searches=[search(each, sorted(keys)) for each, keys in zip(_STRATEGIES, found, strict=True)],
        decisions=[decision(key, stage, verdict, reason=reason) for key, stage, verdict, reason in decisions],
        reports=[
            report_of(f"n{i}", key, FORM, told, access) for i, (key, (access, told)) in enumerate(extractions.items())
        ],
        form=FORM,
        protocol=replace(PROTOCOL, include=("an invented patient",), previous=previous),
    )
    if count_flow(review).imbalances:
        problems = check(review, dt.date(2026, 1, 20)).problems
        errors = {problem.code for problem in problems if problem.severity is Severity.ERROR}
        assert errors & {"N101", "N102", "E110", "Q104", "P105"}
