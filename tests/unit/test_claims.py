"""Claims held against the table: what is missing never makes one true, and never makes one false by not being there."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casetable import claims
from casetable.claims import Verdict, ask_table, judge, lacking, listed_cells
from casetable.claims.database import SqlError
from casetable.claims.possible import CellRef
from casetable.curation.claims import read_claims, read_expected
from casetable.model import Form, Report
from casetable.review import Review
from tests.unit.test_review import decision, form_of, record, report_of, review_of, search, strategy

FORM = form_of("""\
fields:
  age: {label: Age, type: number, unit: year, range: 0 to 120}
  kind: {label: Kind, type: choice, choices: {JDM: [], DM: [], CADM: []}}
  city: {label: City, type: text, required: no}
  marker: {label: Marker, type: number, unit: ng/ml, series: yes}
  drugs: {label: Drugs, type: courses}
table:
  columns: [age]
""")
MISSING = ("not accessible", "unclear", "not reported", "", "{conflicting: [3, 60]}")


def case(number: int, **cells: str) -> str:
    lines = "".join(f"    {name}: {cell}\n" for name, cell in cells.items() if cell)
    return f"  - case: {number}\n    eligible: yes\n{lines}"


def reviewed(*reports: Report, form: Form = FORM) -> Review:
    keys = [report.key for report in reports]
    return review_of(
        records=[record(key, authors=(f"Doe {key[-1]}",)) for key in keys],
        strategies=[strategy("main")],
        searches=[search("main", keys)],
        decisions=[decision(key, "reports", "include") for key in keys],
        reports=reports,
        form=form,
    )


def of_cases(*cells: dict[str, str]) -> Review:
    """A review of one report with these cases."""
    text = "".join(case(number, **each) for number, each in enumerate(cells, start=1))
    return reviewed(report_of("doe-2020", "pmid:11", FORM, text))


def claiming(review: Review, sql: str, expected: str, more: str = "") -> Review:
    text = f"schema: 1\nclaims:\n  - name: it\n    text: An invented sentence.\n    sql: >-\n      {sql}\n    expected: {expected!r}\n{more}"
    read, numbers, problems = read_claims("curated/claims.yaml", text.encode())
    assert problems == ()
    return Review(replace(review.inputs, claims=read, numbers=numbers))


def verdict(review: Review, sql: str, expected: str, more: str = "") -> Verdict:
    (found,) = judge(claiming(review, sql, expected, more))
    return found


CHILDREN = "SELECT report, case_id FROM cases WHERE age < 18"
THREE = of_cases(
    {"age": "3", "kind": "JDM"}, {"age": "31", "kind": "DM"}, {"age": "63", "kind": "{derived: DM, from: x}"}
)


# --- what is known ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sql", "expected", "holds"),
    [
        ("SELECT count(*) FROM cases", "3", True),
        ("SELECT count(*) FROM cases", "4", False),
        ("SELECT median(age) FROM cases", "31", True),
        ("SELECT avg(age) FROM cases", "32.3", True),
        ("SELECT avg(age) FROM cases", "32.33", True),
        ("SELECT avg(age) FROM cases", "32.4", False),
        ("SELECT min(age) FROM cases", ">= 3", True),
        ("SELECT min(age) FROM cases", "> 3", False),
        ("SELECT max(age) FROM cases", "3 to 63", True),
        ("SELECT age FROM cases WHERE kind = 'JDM'", "3", True),
        ("SELECT age FROM cases WHERE kind = 'CADM'", "3", False),
        (CHILDREN, "none", False),
        (CHILDREN, "some", True),
        (CHILDREN, "only doe-2020/1", True),
        (CHILDREN, "only doe-2020/1 and doe-2020/2", False),
        (CHILDREN, "only doe-2020/2", False),
        ("SELECT age < 18 FROM cases", "1 of 3", True),
        ("SELECT age < 18 FROM cases", "1 of 4", False),
        ("SELECT age < 18 FROM cases", "2 of 3", False),
        ("SELECT age > 1 FROM cases", "all", True),
        ("SELECT age > 3 FROM cases", "all", False),
        ("SELECT age > 3 FROM cases WHERE age > 200", "all", False),
        ("SELECT max(searched_on) FROM searches", "2026-01-10", True),
        ("SELECT max(searched_on) FROM searches", "2026-01-11", False),
        ("SELECT count(*) FROM records WHERE screening = 'included on the report'", "1", True),
        ("SELECT kind, count(*) FROM cases GROUP BY kind HAVING count(*) > 1", "some", True),
    ],
)
def test_without_missing_cells_the_answer_decides(sql: str, expected: str, holds: bool) -> None:
    found = verdict(THREE, sql, expected)
    assert (found.holds, found.missing, found.open) == (holds, (), ())


def test_a_false_claim_names_the_cases() -> None:
    found = verdict(THREE, CHILDREN, "none")
    assert (found.breaking, found.found) == (("doe-2020/1",), "the table gives doe-2020/1")
    assert verdict(THREE, "SELECT age > 3 FROM cases", "all").found.startswith("the table says otherwise of ")
    only = verdict(THREE, CHILDREN, "only doe-2020/2")
    assert only.found == "the table gives doe-2020/1 too; the table does not give doe-2020/2"


def test_a_verdict_counts_the_derived_cells_it_rests_on() -> None:
    assert verdict(THREE, "SELECT count(*) FROM cases WHERE kind = 'DM'", "2").derived == 1
    assert verdict(THREE, "SELECT count(*) FROM cases WHERE age < 18", "1").derived == 0


# --- what is missing --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", MISSING)
def test_a_missing_cell_makes_no_claim_true_nor_false(missing: str) -> None:
    review = of_cases({"age": "31"}, {"age": missing})
    age = CellRef("doe-2020", "2", "age")
    for sql, expected in (
        (CHILDREN, "none"),
        (CHILDREN, "some"),
        (CHILDREN, "only doe-2020/2"),
        ("SELECT age >= 18 FROM cases", "all"),
        ("SELECT age >= 18 FROM cases", "2 of 2"),
        ("SELECT age >= 18 FROM cases", "1 of 2"),
        ("SELECT count(*) FROM cases WHERE NOT age < 18", "2"),
        ("SELECT count(*) FROM cases WHERE NOT age < 18", "1"),
        ("SELECT count(*) FROM cases WHERE coalesce(age, 50) < 18", "0"),
        ("SELECT median(age) FROM cases", "17"),
        ("SELECT sum(age) FROM cases", "34"),
        ("SELECT count(*) FROM cases c WHERE NOT EXISTS (SELECT 1 FROM cases d WHERE d.age > 40)", "2"),
    ):
        found = verdict(review, sql, expected)
        assert (found.holds, found.missing) == (None, (age,)), (sql, expected)


def test_not_applicable_is_known() -> None:
    review = of_cases({"age": "31"}, {"age": "not applicable"})
    assert verdict(review, CHILDREN, "none").holds is True
    assert verdict(review, "SELECT count(age) FROM cases", "1").holds is True


def test_what_a_report_does_not_say_is_known_only_to_a_claim_about_reports() -> None:
    review = of_cases({"age": "31"}, {"age": "not reported"})
    assert verdict(review, CHILDREN, "none").holds is None
    assert verdict(review, CHILDREN, "none", "    about: reports\n").holds is True
    assert verdict(of_cases({"age": "unclear"}), CHILDREN, "none", "    about: reports\n").holds is None


@pytest.mark.parametrize(
    ("sql", "expected", "holds"),
    [
        (CHILDREN, "none", False),
        (CHILDREN, "some", True),
        (CHILDREN, "only doe-2020/2", False),
        ("SELECT age >= 18 FROM cases", "all", False),
        ("SELECT age >= 18 FROM cases", "3 of 3", False),
        ("SELECT age >= 18 FROM cases", "0 of 4", False),
        ("SELECT count(*) FROM cases WHERE age < 18", ">= 1", True),
        ("SELECT count(*) FROM cases WHERE age < 18", ">= 4", False),
        ("SELECT min(age) FROM cases", "<= 3", True),
        ("SELECT count(*) FROM cases", "3", True),
        ("SELECT count(*) FROM cases WHERE age < 121", "4 to 9", False),
        ("SELECT report, case_id FROM cases WHERE age > 120", "none", True),
        ("SELECT report, case_id FROM cases WHERE age < 18 AND kind = 'DM'", "none", True),
        ("SELECT report, case_id FROM cases WHERE age < 18 AND case_id = 1", "only doe-2020/1", True),
    ],
)
def test_what_is_known_decides_where_the_missing_cells_cannot_matter(sql: str, expected: str, holds: bool) -> None:
    review = of_cases({"age": "3", "kind": "JDM"}, {"age": "unclear", "kind": "JDM"}, {"age": "60", "kind": "DM"})
    assert verdict(review, sql, expected).holds is holds


def test_only_the_cells_that_matter_are_named() -> None:
    review = of_cases(
        {"age": "unclear", "kind": "JDM"}, {"age": "unclear", "kind": "DM"}, {"age": "3", "kind": "unclear"}
    )
    found = verdict(review, "SELECT report, case_id FROM cases WHERE kind = 'DM' AND age < 18", "none")
    assert list(map(str, found.missing)) == ["doe-2020/2/age", "doe-2020/3/kind"]


def test_a_conflict_is_each_of_its_versions() -> None:
    review = of_cases({"age": "{conflicting: [3, 5]}", "kind": "JDM"})
    assert verdict(review, CHILDREN, "only doe-2020/1").holds is True
    assert verdict(review, "SELECT age FROM cases", "3").holds is None
    assert verdict(review, "SELECT age FROM cases", "4").holds is False
    either = of_cases({"age": "{conflicting: [3, unclear]}"})
    assert verdict(either, CHILDREN, "only doe-2020/1").holds is None


def test_a_few_ways_of_filling_are_all_tried() -> None:
    review = of_cases({"age": "{conflicting: [3, 5]}"}, {"age": "60"})
    pairs = "SELECT count(*) FROM cases a JOIN cases b ON a.age < b.age"
    assert verdict(review, pairs, "1").holds is True
    assert verdict(review, "SELECT max(n) FROM (SELECT age AS n FROM cases WHERE age < 18)", "3").holds is None


def test_a_range_is_all_that_lies_in_it() -> None:
    review = of_cases({"age": "15-17"}, {"age": "<10"}, {"age": "'>65'"})
    assert verdict(review, CHILDREN, "only doe-2020/1, doe-2020/2").holds is True
    assert verdict(review, "SELECT report, case_id FROM cases WHERE age < 16", "none").holds is False
    assert verdict(review, "SELECT report, case_id FROM cases WHERE age < 16", "only doe-2020/2").holds is None


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT report, case_id FROM cells WHERE field = 'marker' AND number > 1000", "none"),
        ("SELECT report, case_id FROM cells WHERE field = 'drugs' AND part = 'drug' AND value = 'X'", "none"),
        ("SELECT count(*) FROM cells WHERE field = 'drugs' AND part = 'drug'", "1"),
        ("SELECT report, case_id FROM cells WHERE field = 'drugs' AND part = 'stop'", "none"),
        ("SELECT report, case_id FROM cases WHERE drugs LIKE '%X%'", "none"),
        ("SELECT count(*) FROM cases WHERE marker_status = 'reported'", "1"),
    ],
)
def test_what_a_missing_series_or_course_may_hold_is_not_taken_for_nothing(sql: str, expected: str) -> None:
    known = {"marker": "[{value: 5, when: day 1}]", "drugs": "[{drug: Y, dose: 1, unit: mg}]"}
    review = of_cases(known, {"marker": "not accessible", "drugs": "not accessible"})
    assert verdict(review, sql, expected).holds is None
    if "stop" not in sql:  # of which a course that does not name it says nothing
        assert verdict(of_cases(known), sql, expected).holds is True


def test_reports_that_are_not_in_the_table_are_told() -> None:
    whole = reviewed(report_of("doe-2020", "pmid:11", FORM, case(1, age="31")))
    inputs = whole.inputs
    not_extracted = review_of(
        records=[record("pmid:11"), record("pmid:12")],
        strategies=inputs.strategies,
        searches=[search("main", ["pmid:11", "pmid:12"])],
        decisions=[decision("pmid:11", "reports", "include"), decision("pmid:12", "reports", "include")],
        reports=inputs.reports,
        form=FORM,
    )
    undecided = Review(replace(not_extracted.inputs, decisions=inputs.decisions))
    unread = Review(replace(inputs, unread=frozenset({"curated/reports/roe.yaml"})))
    for review, told in (
        (not_extracted, "the cases of pmid:12, which is not extracted"),
        (undecided, "1 undecided hit"),
        (unread, "what cannot be read in curated/reports"),
    ):
        found = verdict(review, CHILDREN, "none")
        assert (found.holds, found.open) == (None, (told,))
        assert lacking(found) == (f"open: {told}",)
        assert verdict(review, "SELECT count(*) FROM cases", "1").holds is None
        assert verdict(review, "SELECT count(*) FROM cases", "0").holds is False
        assert verdict(review, "SELECT age >= 18 FROM cases", "all").holds is None
        assert verdict(review, "SELECT age < 18 FROM cases", "all").holds is False


# --- circularity ------------------------------------------------------------------------------------------------------


def derived_count(eligible: str) -> Review:
    report = report_of("roe-2021", "pmid:12", FORM, case(1, age="30") + case(2, age="40"))
    other = report_of("doe-2020", "pmid:11", FORM, case(1, age="3"))
    text = (
        f"schema: 1\nreport: pmid:12\naccess: none\neligible_cases: {eligible}\ncases:\n"
        + case(1, age="{derived: 30, from: x}")
        + case(2, age="40")
    )
    from casetable.curation.files import read_report

    read, problems = read_report("curated/reports/roe-2021.yaml", "roe-2021", text.encode(), FORM)
    assert read is not None
    assert problems == ()
    return reviewed(other, replace(report, eligible_cases=read.eligible_cases, cases=read.cases))


CIRCULAR = "    source_of: [roe-2021/eligible_cases]\n"


@pytest.mark.parametrize("sql", ["SELECT sum(eligible_cases) FROM reports", "SELECT count(*) FROM cases"])
def test_a_derived_cell_never_supports_the_claim_it_was_derived_from(sql: str) -> None:
    review = derived_count("{derived: 2, from: the three cases that doe-2020 counts}")
    count = CellRef("roe-2021", "", "eligible_cases")
    assert (verdict(review, sql, "3").holds, verdict(review, sql, "3").derived) in {(True, 1), (True, 0)}
    found = verdict(review, sql, "3", CIRCULAR)
    assert (found.holds, found.missing, found.circular) == (None, (count,), (count,))
    assert "circular: roe-2021/eligible_cases was derived from this claim" in lacking(found)


def test_a_count_of_its_own_decides_it() -> None:
    review = derived_count("2")
    assert verdict(review, "SELECT count(*) FROM cases", "3").holds is True


def test_a_cell_of_a_case_can_be_derived_from_a_claim_too() -> None:
    review = derived_count("2")
    assert verdict(review, CHILDREN, "only doe-2020/1").holds is True
    found = verdict(review, CHILDREN, "only doe-2020/1", "    source_of: [roe-2021/1/age]\n")
    assert (found.holds, list(map(str, found.circular))) == (None, ["roe-2021/1/age"])


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("roe-2021", "names no cell; expected REPORT/FIELD or REPORT/CASE/FIELD"),
        ("poe-2021/eligible_cases", "names no cell: there is no extraction 'poe-2021'"),
        ("roe-2021/age", "names no cell of a report; expected cases_in_report or eligible_cases, or REPORT/CASE/FIELD"),
        ("roe-2021/3/age", "names no cell: roe-2021 has no case '3'"),
        ("roe-2021/1/aeg", "names no cell: case 1 has no 'aeg'"),
        ("roe-2021/2/age", "is not derived; expected a cell with 'derived' and 'from'"),
        ("roe-2021/eligible_cases", "is not derived; expected a cell with 'derived' and 'from'"),
    ],
)
def test_a_name_under_source_of_is_that_of_a_derived_cell(name: str, told: str) -> None:
    review = claiming(derived_count("2"), CHILDREN, "only doe-2020/1", f"    source_of: [{name}]\n")
    (problem,) = claims.check(review)
    assert (problem.code, problem.message) == ("C106", f"'{name}' {told}")
    assert (problem.place.line, problem.place.column) == (8, 17)


# --- what cannot be asked ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sql", "expected", "told"),
    [
        ("SELECT agee FROM cases", "3", "there is no column 'agee'"),
        ("SELECT report, age FROM cases", "3", "gives 3 rows of 2 columns; expected one value"),
        ("SELECT age FROM cases", "3", "gives 3 rows of 1 column; expected one value"),
        ("SELECT max(kind) FROM cases", "3", "gives the text 'JDM'; expected one number"),
        ("SELECT age FROM cases", "only doe-2020/1", "does not give cases"),
        ("SELECT kind FROM cases", "all", "does not give one column of true or false"),
        ("SELECT age, 1 FROM cases", "1 of 3", "does not give one column of true or false"),
        ("SELECT 1; SELECT 2", "1", "a second statement stands behind the first; expected one SELECT"),
    ],
)
def test_a_claim_that_cannot_be_asked_is_a_problem_at_its_sql(sql: str, expected: str, told: str) -> None:
    (problem,) = claims.check(claiming(THREE, sql, expected))
    assert (problem.code, problem.message, problem.field) == ("C103", told, "it")
    assert (problem.place.path, problem.place.line, problem.place.column) == ("curated/claims.yaml", 5, 10)


def test_a_named_number_that_is_none_is_a_problem() -> None:
    review = claiming(THREE, CHILDREN, "some", "values:\n  kinds: {sql: SELECT kind FROM cases}\n")
    (problem,) = claims.check(review)
    assert (problem.code, problem.field, problem.place.line) == ("C103", "kinds", 9)


def test_without_a_form_nothing_is_asked() -> None:
    review = claiming(THREE, CHILDREN, "none")
    assert list(claims.check(Review(replace(review.inputs, form=None)))) == []


def test_a_field_that_is_called_as_a_column_stands_behind_it() -> None:
    form = form_of(
        "fields:\n  report: {label: R, type: text}\n  order: {label: O, type: number}\ntable:\n  columns: [order]\n"
    )
    review = reviewed(report_of("doe-2020", "pmid:11", form, case(1, report="a letter", order="7")), form=form)
    answer = ask_table(review, 'SELECT report, report_, "order" FROM cases').answer
    assert answer.rows == (("doe-2020", "a letter", 7.0),)


def test_a_field_keeps_its_name_before_a_status() -> None:
    form = form_of(
        "fields:\n  vital: {label: V, type: number}\n  vital_status: {label: S, type: text}\ntable:\n  columns: [vital]\n"
    )
    report = report_of("doe-2020", "pmid:11", form, case(1, vital="7", vital_status="alive"))
    asked = ask_table(reviewed(report, form=form), "SELECT vital, vital_status, vital_status_ FROM cases")
    assert asked.answer.rows == ((7.0, "alive", "reported"),)
    assert asked.cells == 2


# --- questions --------------------------------------------------------------------------------------------------------


def test_a_question_tells_what_it_read_and_what_is_missing() -> None:
    review = of_cases({"age": "3"}, {"age": "unclear"}, {"age": "{derived: 60, from: x}"})
    asked = ask_table(review, "SELECT count(*) FROM cases WHERE age < 18")
    assert asked.answer.rows == ((1,),)
    assert (asked.cells, asked.derived, list(map(str, asked.missing))) == (2, 1, ["doe-2020/2/age"])
    assert (asked.low, asked.high) == (1, 2)
    assert ask_table(THREE, "SELECT median(age) FROM cases").low is None


def test_a_status_stands_beside_each_value() -> None:
    review = of_cases({"age": "not reported"}, {"age": "not accessible"}, {}, {"age": "92-93"})
    answer = ask_table(review, "SELECT age, age_status FROM cases").answer
    assert answer.rows == (
        (None, "not reported"),
        (None, "not accessible"),
        (None, "incomplete"),
        (None, "reported"),
    )
    (number,) = ask_table(review, "SELECT value, number FROM cells WHERE field = 'age' AND case_id = 4").answer.rows
    assert number == ("92–93", None)


def test_cells_are_listed_by_field_and_report() -> None:
    cells = [CellRef("a", "1", "age"), CellRef("a", "2", "age"), CellRef("b", "", "eligible_cases")]
    assert listed_cells(cells) == "age of a (cases 1 and 2); eligible_cases of b"
    assert listed_cells(cells, most=1) == "age of a (case 1); and 2 more cells"


def test_a_question_that_is_refused_says_so() -> None:
    with pytest.raises(SqlError, match="there is no table 'patients'"):
        ask_table(THREE, "SELECT * FROM patients")


# --- what is expected -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "one",
        "",
        "-",
        "9 or 10",
        "7 of 6",
        "80 to 3",
        "only",
        "only doe",
        "only doe/1 or",
        "> x",
        "1e3",
        "nan",
        "2026-1-1",
    ],
)
def test_what_is_no_expectation_is_none(text: str) -> None:
    assert read_expected(text) is None


def test_a_number_is_met_by_what_rounds_to_it() -> None:
    found = read_expected("31.5")
    assert found is not None
    assert (round(found.low, 9), round(found.high, 9)) == (31.45, 31.55)
    for text in (">= 3", "≥3", "3 to 80", "3–80", "-2", "7 of 9", "ALL", "Only doe-2020/1", "2026-01-31"):
        assert read_expected(text) is not None, text


@settings(deadline=None)
@given(data=st.binary(max_size=80))
def test_any_bytes_are_read_or_told(data: bytes) -> None:
    read_claims("curated/claims.yaml", data)
    found, numbers, problems = read_claims("curated/claims.yaml", b"schema: 1\nclaims:\n" + data)
    assert problems or not data.strip() or not found or numbers == ()


# --- whatever the missing cells are -----------------------------------------------------------------------------------

AGES = ("3", "17", "18", "31", "63")
KINDS = ("JDM", "DM", "CADM")
ANY_CELLS = st.lists(st.tuples(st.sampled_from(AGES), st.sampled_from(KINDS)), min_size=1, max_size=3)
CONDITIONS = st.recursive(
    st.sampled_from(
        [
            "age < 18",
            "age >= 18",
            "age = 31",
            "age <> 17",
            "age BETWEEN 17 AND 31",
            "age + 1 < 19",
            "age / 2 > 15",
            "age IS NULL",
            "age IS NOT 3",
            "kind = 'JDM'",
            "kind <> 'DM'",
            "kind IN ('DM', 'CADM')",
            "kind NOT IN ('DM', 'CADM')",
            "kind LIKE '%DM'",
            "kind NOT LIKE 'c%'",
            "kind IS NOT NULL",
            "kind < 'E'",
            "case_id = 1",
            "coalesce(age, 5) < 18",
            "coalesce(kind, 'JDM') = 'JDM'",
            "CASE WHEN age < 18 THEN kind = 'JDM' ELSE kind = 'DM' END",
            "iif(kind = 'DM', age, 0) > 20",
        ]
    ),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["AND", "OR"]), inner).map(lambda part: f"({part[0]} {part[1]} {part[2]})"),
        inner.map(lambda part: f"NOT ({part})"),
    ),
    max_leaves=3,
)
ROWS = CONDITIONS.map(lambda condition: f"SELECT report, case_id FROM cases WHERE {condition}")
MARKS = st.tuples(CONDITIONS, CONDITIONS).map(lambda two: f"SELECT {two[0]} FROM cases WHERE {two[1]}")
SUMS = st.tuples(
    st.sampled_from(
        [
            "count(*)",
            "count(age)",
            "sum(age)",
            "avg(age)",
            "min(age)",
            "max(age)",
            "median(age)",
            "count(*) FILTER (WHERE age < 18)",
            "sum(CASE WHEN kind = 'DM' THEN 1 ELSE 0 END)",
            "100 * count(*) FILTER (WHERE kind = 'DM') / count(*)",
            "100.0 * count(*) FILTER (WHERE kind = 'DM') / count(*)",
            "max(age) - min(age)",
            "count(DISTINCT kind)",
            "total(age)",
        ]
    ),
    CONDITIONS,
).map(lambda two: f"SELECT {two[0]} FROM cases WHERE {two[1]}")
HARD = st.sampled_from(
    [
        "SELECT max(n) FROM (SELECT count(*) AS n FROM cases GROUP BY kind)",
        "SELECT count(*) FROM cases a JOIN cases b ON a.age < b.age",
        "SELECT age FROM cases ORDER BY age LIMIT 1",
        "SELECT count(*) FROM cases WHERE age > (SELECT avg(age) FROM cases)",
    ]
)
NUMBERS = st.sampled_from(["0", "1", "2", "3", "17", "18", "31", ">= 1", "<= 2", "> 17", "0 to 2", "50", "33.3"])
CLAIMED = st.one_of(
    st.tuples(ROWS, st.sampled_from(["none", "some", "only doe-2020/1", "only doe-2020/1, doe-2020/2"])),
    st.tuples(MARKS, st.sampled_from(["all", "0 of 1", "1 of 1", "1 of 2", "2 of 2", "1 of 3", "2 of 3"])),
    st.tuples(SUMS, NUMBERS),
    st.tuples(HARD, NUMBERS),
)
WAYS = st.sampled_from(["not accessible", "unclear", "not reported", "", "conflicting", "range"])


def hidden(cell: str, way: str, *, is_age: bool) -> tuple[str, list[str]]:
    """A cell that is not known, and some of what it can turn out to be; its true value is one of them."""
    if way == "conflicting":
        other = "40" if is_age else "CADM"
        return f"{{conflicting: [{cell}, {other}]}}", [cell, other]
    if way == "range" and is_age:
        return f"{int(cell) - 2}-{int(cell) + 2}", [str(int(cell) - 2), cell, str(int(cell) + 2)]
    way = "unclear" if way == "range" else way
    return way, [*((*AGES, "0", "120") if is_age else KINDS), "not applicable"]


@settings(max_examples=40, deadline=None)
@given(
    cells=ANY_CELLS,
    masks=st.lists(st.tuples(st.booleans(), st.booleans(), WAYS), min_size=3, max_size=3),
    claim=CLAIMED,
)
def test_what_is_decided_holds_however_the_missing_cells_turn_out(
    cells: list[tuple[str, str]], masks: list[tuple[bool, bool, str]], claim: tuple[str, str]
) -> None:
    sql, expected = claim
    shown, options = [], []
    for (age, kind), (hides_age, hides_kind, way) in zip(cells, masks, strict=False):
        age_shown, ages = hidden(age, way, is_age=True) if hides_age else (age, [age])
        kind_shown, kinds = hidden(kind, way, is_age=False) if hides_kind else (kind, [kind])
        shown.append({"age": age_shown, "kind": kind_shown})
        options += [ages, kinds]
    found = verdict(of_cases(*shown), sql, expected)
    if found.fault is not None:
        return
    if found.holds is None:
        assert found.missing
        return
    every = list(itertools.product(*options))
    for turned_out in every[:: max(1, len(every) // 6)]:
        whole = [{"age": age, "kind": kind} for age, kind in zip(turned_out[::2], turned_out[1::2], strict=True)]
        other = verdict(of_cases(*whole), sql, expected)
        assert other.holds is found.holds, (sql, expected, shown, whole)


@settings(max_examples=30, deadline=None)
@given(cells=ANY_CELLS, claim=CLAIMED)
def test_with_every_cell_known_what_is_followed_is_what_sqlite_says(
    cells: list[tuple[str, str]], claim: tuple[str, str]
) -> None:
    from casetable.claims.follow import follow
    from casetable.claims.held import hold_possibly
    from casetable.claims.possible import NotFollowedError
    from casetable.claims.tables import Tables

    sql, expected = claim
    review = of_cases(*({"age": age, "kind": kind} for age, kind in cells))
    found = verdict(review, sql, expected)
    assert found.fault is not None or found.holds is not None
    wanted = read_expected(expected)
    assert wanted is not None
    table = Tables(review).named("cases")
    try:
        held = hold_possibly(wanted, follow(sql, table), table)
    except NotFollowedError:
        return
    except SqlError:
        assert found.fault is not None
        return
    assert found.fault is not None or held.holds is found.holds, sql
