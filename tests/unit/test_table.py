"""The review table: one row a case for readers, one row a cell for programs."""

from __future__ import annotations

import pytest

from casetable.model import Status
from casetable.table import CELL_COLUMNS, Table, build_table, build_tables, filed_under, long_cells, ranked
from tests.unit.test_review import decision, form_of, record, report_of, review_of, search, strategy

FORM = """\
fields:
  age: {label: Age, type: number, unit: year}
  city: {label: City, type: text, required: no}
  signs: {label: Signs, type: choices, choices: {rash: [], fever: []}}
  marker: {label: Marker, type: number, unit: ng/ml, series: yes}
  drug_x: {label: Drug X, type: courses, drug: drug X}
  others: {label: Others, type: courses}
table:
  columns:
"""
CASE = """\
  - case: 1
    eligible: yes
    age: {value: 18, unit: month, reported: 18 months, where: p. 1}
    signs: [rash, fever]
    marker:
      - {value: 900, when: admission, reported: "900", where: p. 2}
      - {value: unclear, when: day 3}
      - {value: <280, when: day 20}
      - {value: 1200-1300, when: day 9}
    drug_x:
      - {dose: 8, unit: mg/kg, route: iv, start: day 3, count: 2, reported: 8 mg/kg, where: p. 3}
      - {dose: not reported, stop: {derived: day 40, from: the discharge}}
    others:
      - {drug: drug Y, dose: {conflicting: [{value: 1, unit: mg, where: Text}, {value: 2, unit: mg}]}, schedule: daily, stop: day 9}
      - {drug: drug Z}
"""


def table_of(columns: str = "age", cases: str = CASE, form: str = FORM) -> Table:
    read = form_of(form + f"    - {columns}\n")
    return build_table(
        review_of(
            records=[record("pmid:11", authors=("Doe A",))],
            strategies=[strategy("main")],
            searches=[search("main", ["pmid:11"])],
            decisions=[decision("pmid:11", "reports", "include")],
            reports=[report_of("doe-2020", "pmid:11", read, cases)],
            form=read,
        )
    )


def test_rows_stand_in_the_order_and_the_groups_of_the_layout() -> None:
    cases = "".join(
        f"  - case: {number}\n    eligible: yes\n    age: {age}\n    signs: {signs}\n    marker: not reported\n"
        "    drug_x: not reported\n    others: not reported\n"
        for number, (age, signs) in enumerate(
            [
                ("30", "fever"),
                ("unclear", "rash"),
                ("92-93", "[rash]"),
                ("<18", "not accessible"),
                ("40", "{derived: [fever], from: x}"),
            ],
            1,
        )
    )
    read = form_of(
        FORM
        + "    - age\n  order: [-age]\ntables:\n  grouped: {columns: [age], group_by: signs, order: [age]}\n"
        + "  by-year: {columns: [age], order: [year]}\n"
    )
    review = review_of(
        records=[record("pmid:11", authors=("Doe A",)), record("pmid:12", authors=("Roe B",))],
        strategies=[strategy("main")],
        searches=[search("main", ["pmid:11", "pmid:12"])],
        decisions=[decision("pmid:11", "reports", "include"), decision("pmid:12", "reports", "include")],
        reports=[
            report_of("doe-2020", "pmid:11", read, cases),
            report_of("roe-2020", "pmid:12", read, cases[: cases.index("  - case: 2")]),
        ],
        form=read,
    )
    descending, grouped, by_year = build_tables(review)
    assert [f"{row.report.name[:3]}/{row.case.id}" for row in descending.rows] == [
        "doe/3", "doe/5", "doe/1", "roe/1", "doe/4", "doe/2",
    ]  # fmt: skip
    assert [(row.group, row.case.id) for row in grouped.rows] == [
        ("rash", "3"),
        ("rash", "2"),
        ("fever", "1"),
        ("fever", "1"),
        ("fever", "5"),
        ("not accessible", "4"),
    ]
    assert [row.case.id for row in by_year.rows] == ["1", "2", "3", "4", "5", "1"]
    assert {row.group for row in by_year.rows} == {""}
    assert [table.layout.name for table in (descending, grouped, by_year)] == ["", "grouped", "by-year"]


def text(column: str, cases: str = CASE) -> str:
    (row,) = table_of(column, cases).rows
    (shown,) = row.columns
    return shown.text


@pytest.mark.parametrize(
    ("column", "shown"),
    [
        ("age", "1.5"),
        ("city", "incomplete"),
        ("signs", "rash; fever"),
        ("marker", "900 (admission); unclear (day 3); <280 (day 20); 1200–1300 (day 9)"),
        ("{field: marker, take: all}", "900 (admission); unclear (day 3); <280 (day 20); 1200–1300 (day 9)"),
        ("{field: marker, take: first}", "900"),
        ("{field: marker, take: last}", "1200–1300"),
        ("{field: marker, take: lowest}", "<280"),
        ("{field: marker, take: highest}", "1200–1300"),
        (
            "drug_x",
            "8 mg/kg, iv, start: day 3, times: 2; dose not reported, stop: day 40 (derived)",
        ),
        ("{field: drug_x, part: dose}", "8 mg/kg; not reported"),
        ("{field: drug_x, part: dose, take: first}", "8 mg/kg"),
        ("{field: drug_x, part: dose, take: last}", "not reported"),
        ("{field: drug_x, part: stop}", "day 40 (derived)"),
        ("{field: drug_x, take: last}", "dose not reported, stop: day 40 (derived)"),
        ("others", "drug Y 1 mg / 2 mg (conflicting), daily, stop: day 9; drug Z"),
        ("{field: others, part: drug}", "drug Y; drug Z"),
    ],
)
def test_a_column_shows_what_it_takes(column: str, shown: str) -> None:
    assert text(column) == shown


@pytest.mark.parametrize(
    ("cell", "shown", "status"),
    [
        ("not reported", "not reported", Status.NOT_REPORTED),
        ("{derived: 3, from: x}", "3 (derived)", Status.DERIVED),
        ("{conflicting: [4, {value: 60, unit: month}, 4]}", "4 / 5 (conflicting)", Status.CONFLICTING),
        ("{conflicting: [4, unclear]}", "4 / unclear (conflicting)", Status.CONFLICTING),
        ("<3", "<3", Status.REPORTED),
    ],
)
def test_a_cell_says_how_it_is_known(cell: str, shown: str, status: Status) -> None:
    (row,) = table_of("age", f"  - case: 1\n    eligible: yes\n    age: {cell}\n").rows
    assert (row.columns[0].text, row.columns[0].statuses) == (shown, (status,))


def test_a_reason_for_a_whole_series_is_shown() -> None:
    assert (
        text("{field: marker, take: highest}", "  - case: 1\n    eligible: yes\n    marker: not reported\n")
        == "not reported"
    )


def test_the_highest_of_no_numbers_is_the_first_cell() -> None:
    cases = "  - case: 1\n    eligible: yes\n    marker: [{value: unclear, when: a}, {value: not reported, when: b}]\n"
    assert text("{field: marker, take: highest}", cases) == "unclear"


def test_the_highest_may_be_one_of_a_conflict() -> None:
    cases = "  - case: 1\n    eligible: yes\n    marker: [{value: 5, when: a}, {conflicting: [9, 8], when: b}]\n"
    assert "9" in text("{field: marker, take: highest}", cases)


def test_eligible_cases_have_rows_and_the_others_are_named() -> None:
    table = table_of(
        "age",
        "  - {case: 1, eligible: yes, age: 3}\n  - {case: 2, eligible: no, reason: no-case}\n  - {case: 3}\n"
        "  - {case: 4, eligible: yes, age: 4}\n",
    )
    assert [(row.report.name, row.case.id, row.columns[0].text) for row in table.rows] == [
        ("doe-2020", "1", "3"),
        ("doe-2020", "4", "4"),
    ]
    assert [case.id for _, _, case in table.not_eligible] == ["2", "3"]


def test_an_included_report_without_an_extraction_is_named() -> None:
    form = form_of(FORM + "    - age\n")
    table = build_table(
        review_of(
            records=[record("pmid:11"), record("pmid:12")],
            strategies=[strategy("main")],
            searches=[search("main", ["pmid:11", "pmid:12"])],
            decisions=[decision("pmid:11", "records", "include"), decision("pmid:12", "reports", "exclude")],
            reports=[report_of("roe", "pmid:12", form, CASE)],
            form=form,
        )
    )
    assert table.rows == ()
    assert [item.group.keys for item in table.not_extracted] == [("pmid:11",)]


def test_a_review_without_a_form_has_an_empty_table() -> None:
    table = build_table(review_of())
    assert (table.columns, table.fields, table.rows) == ((), (), ())


# --- the long form ----------------------------------------------------------------------------------------------------


def test_the_long_form_has_a_row_for_every_cell() -> None:
    rows = list(long_cells(table_of()))
    assert len(CELL_COLUMNS) == 9
    assert {row[:2] for row in rows} == {("doe-2020", "1")}
    assert [row[2:] for row in rows] == [
        ("age", "", "1.5", "year", "reported", "18 months", "p. 1"),
        ("city", "", "", "", "incomplete", "", ""),
        ("signs", "", "rash; fever", "", "reported", "", ""),
        ("marker", "admission", "900", "ng/ml", "reported", "900", "p. 2"),
        ("marker", "day 3", "", "", "unclear", "", ""),
        ("marker", "day 20", "<280", "ng/ml", "reported", "", ""),
        ("marker", "day 9", "1200–1300", "ng/ml", "reported", "", ""),
        ("drug_x.drug", "course 1: day 3", "drug X", "", "reported", "8 mg/kg", "p. 3"),
        ("drug_x.dose", "course 1: day 3", "8", "mg/kg", "reported", "8 mg/kg", "p. 3"),
        ("drug_x.route", "course 1: day 3", "iv", "", "reported", "8 mg/kg", "p. 3"),
        ("drug_x.start", "course 1: day 3", "day 3", "", "reported", "8 mg/kg", "p. 3"),
        ("drug_x.count", "course 1: day 3", "2", "", "reported", "8 mg/kg", "p. 3"),
        ("drug_x.drug", "course 2", "drug X", "", "reported", "", ""),
        ("drug_x.dose", "course 2", "", "", "not reported", "", ""),
        ("drug_x.stop", "course 2", "day 40", "", "derived", "", ""),
        ("others.drug", "course 1", "drug Y", "", "reported", "", ""),
        ("others.dose", "course 1", "1", "mg", "conflicting", "", "Text"),
        ("others.dose", "course 1", "2", "mg", "conflicting", "", ""),
        ("others.schedule", "course 1", "daily", "", "reported", "", ""),
        ("others.stop", "course 1", "day 9", "", "reported", "", ""),
        ("others.drug", "course 2", "drug Z", "", "reported", "", ""),
    ]


def test_the_values_of_a_conflict_are_a_row_each_and_share_its_place() -> None:
    cases = (
        "  - case: 1\n    eligible: yes\n"
        "    age: {conflicting: [{value: 3, reported: three}, {value: unclear, where: p. 9}], where: p. 1}\n"
    )
    assert [row[4:] for row in long_cells(table_of("age", cases)) if row[2] == "age"] == [
        ("3", "year", "conflicting", "three", "p. 1"),
        ("", "", "conflicting", "", "p. 9"),
    ]


def ordered(column: str, *values: str) -> tuple[int | None, ...]:
    """The ranks of cases that have these cells in a column."""
    name = column.removeprefix("{field: ").split(",")[0]
    rows = "".join(f"  - case: {at}\n    eligible: yes\n    {name}: {value}\n" for at, value in enumerate(values, 1))
    return ranked(table_of(column, rows), 0)


def test_rows_are_ranked_as_numbers_choices_and_texts_and_reasons_have_no_rank() -> None:
    assert ordered("age", "30", "not reported", "4", "92-93", "{value: 48, unit: month}") == (1, None, 0, 2, 0)
    assert ordered("signs", "[fever]", "unclear", "[rash, fever]") == (1, None, 0)
    assert ordered("city", "b", "A", "{derived: c, from: x}", "{conflicting: [A, b]}") == (1, 0, 2, 0)
    marker = "[{value: 3, when: day 1}, {value: 900, when: day 2}]"
    assert ordered("{field: marker, take: highest}", "[{value: 20, when: day 1}]", marker) == (0, 1)
    assert ordered("marker", "[{value: 20, when: day 1}]", marker) == (1, 0)


def test_cells_are_filed_under_their_choices_or_as_known_and_under_their_reasons() -> None:
    def filed(column: str, value: str) -> tuple[str, ...]:
        table = table_of(column, f"  - case: 1\n    eligible: yes\n    {column}: {value}\n")
        return filed_under(table.rows[0].columns[0], next(field for field in table.fields if field.name == column))

    assert filed("signs", "[rash, fever]") == ("rash", "fever")
    assert filed("signs", "{conflicting: [[rash], unclear]}") == ("rash", "unclear")
    assert filed("age", "3") == ("known",)
    assert filed("age", "not applicable") == ("not applicable",)
    assert filed("marker", "[{value: 3, when: day 1}, {value: unclear, when: day 2}]") == ("known", "unclear")
    assert filed("drug_x", "[{dose: 3, unit: mg}]") == ("known",)
    missing = table_of("age", "  - {case: 1, eligible: yes, city: x}\n")
    assert filed_under(missing.rows[0].columns[0], missing.fields[0]) == ("incomplete",)
