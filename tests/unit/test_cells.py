"""The cells of a case, as the form types them: each kind of cell, and each fault."""

from __future__ import annotations

from decimal import Decimal

import pytest

from casetable.curation.cells import CellReader
from casetable.curation.forms import read_form
from casetable.curation.nodes import read_nodes
from casetable.model import Cell, Entry, Form, Number, Status

FORM = b"""\
schema: 1
fields:
  age: {label: Age, type: number, unit: year, range: 0 to 120}
  copies: {label: Copies, type: number}
  city: {label: City, type: text}
  sex: {label: Sex, type: choice, choices: {female: [girl, woman], male: [boy, man]}}
  signs: {label: Signs, type: choices, choices: {rash: [red skin], fever: []}}
  marker: {label: Marker, type: number, unit: ng/ml, series: yes}
  drug_x: {label: Drug X, type: courses, drug: drug X, parts: [dose]}
  others: {label: Other drugs, type: courses}
table: {columns: [age]}
"""
REASONS = "not reported, not applicable, unclear or not accessible"


def form() -> Form:
    read, problems = read_form("form.yaml", FORM)
    assert problems == ()
    assert read is not None
    return read


def read(field: str, text: str) -> tuple[Entry | None, list[str]]:
    node, problems = read_nodes("r.yaml", f"{field}: {text}\n".encode())
    assert node is not None
    assert problems == ()
    reader = CellReader()
    entry = reader.entry(node.at(field), form().fields[field], "1")
    return entry, [str(problem) for problem in reader.problems]


def cell(field: str, text: str) -> Cell:
    entry, problems = read(field, text)
    assert problems == []
    assert entry is not None
    (only,) = entry.cells
    return only


def cells(field: str, text: str) -> tuple[Cell, ...]:
    entry, problems = read(field, text)
    assert problems == []
    assert entry is not None
    return entry.cells


def number(low: str, high: str = "", sign: str = "") -> Number:
    return Number(low=Decimal(low), high=Decimal(high or low), sign=sign)


# --- each kind of cell ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "typed", "value", "unit"),
    [
        ("age", "3", number("3"), "year"),
        ("age", "92-93", number("92", "93"), "year"),
        ("age", "<2", number("2", sign="<"), "year"),
        ("copies", "012", number("12"), ""),
        ("city", "No", "No", ""),
        ("city", "1:30", "1:30", ""),
        ("city", '" two   words "', "two words", ""),
        ("sex", "female", "female", ""),
        ("signs", "rash", ("rash",), ""),
        ("signs", "[rash, fever, rash]", ("rash", "fever"), ""),
    ],
)
def test_a_plain_value(field: str, typed: str, value: object, unit: str) -> None:
    got = cell(field, typed)
    assert (got.status, got.value, got.unit) == (Status.REPORTED, value, unit)


@pytest.mark.parametrize("field", ["age", "city", "sex", "signs", "marker", "drug_x", "others"])
@pytest.mark.parametrize(
    ("typed", "status"),
    [
        ("not reported", Status.NOT_REPORTED),
        ("not applicable", Status.NOT_APPLICABLE),
        ("UNCLEAR", Status.UNCLEAR),
        ("not accessible", Status.NOT_ACCESSIBLE),
    ],
)
def test_a_reason_stands_for_a_value(field: str, typed: str, status: Status) -> None:
    got = cell(field, typed)
    assert (got.status, got.value, got.text) == (status, None, status.value)


def test_a_mapping_keeps_the_value_as_printed_and_its_place() -> None:
    got = cell("age", "{value: 18, unit: month, reported: 18-month-old, where: 'p. 2,  Case', note: at onset}")
    assert got.value == number("1.50")
    assert (got.text, got.unit) == ("1.5", "year")
    assert (got.reported, got.where, got.note) == ("18-month-old", "p. 2, Case", "entered as 18 month; at onset")


def test_a_reason_in_a_mapping_keeps_its_note() -> None:
    got = cell("age", "{value: not reported, note: only the decade}")
    assert (got.status, got.note) == (Status.NOT_REPORTED, "only the decade")


def test_a_derived_value_says_what_it_follows_from() -> None:
    got = cell("age", "{derived: 3, from: born 2017 and seen in 2020}")
    assert (got.status, got.value, got.source) == (Status.DERIVED, number("3"), "born 2017 and seen in 2020")


def test_conflicting_values_are_all_kept_in_one_unit() -> None:
    got = cell(
        "age", "{conflicting: [{value: 4, where: Results}, {value: 72, unit: month, where: Table 1}], note: odd}"
    )
    assert (got.status, got.value, got.text, got.note) == (Status.CONFLICTING, None, "4 / 6", "odd")
    assert [(each.text, each.unit, each.where) for each in got.alternatives] == [
        ("4", "year", "Results"),
        ("6", "year", "Table 1"),
    ]


def test_a_conflict_gives_its_unit_to_its_cells() -> None:
    got = cell("age", "{conflicting: [24, 36], unit: month}")
    assert got.text == "2 / 3"


def test_a_series_is_cells_over_time_in_their_order() -> None:
    got = cells(
        "marker",
        "[{value: 900, when: admission}, {value: <280, unit: µg/l, when: day 20}, {value: unclear, when: end}]",
    )
    assert [(each.text, each.unit, each.when, each.status.value) for each in got] == [
        ("900", "ng/ml", "admission", "reported"),
        ("<280", "ng/ml", "day 20", "reported"),
        ("unclear", "", "end", "unclear"),
    ]


def test_a_conflict_in_a_series_has_a_time() -> None:
    (got,) = cells("marker", "[{conflicting: [1, 2], when: day 1}]")
    assert (got.when, got.text) == ("day 1", "1 / 2")


def test_courses_of_the_forms_drug() -> None:
    entry, problems = read(
        "drug_x",
        "[{dose: 8, unit: mg/kg, route: iv, schedule: every 4 weeks, start: day 3, stop: not reported, count: 4,"
        " reported: 8 mg/kg, where: p. 2, note: tolerated}, {dose: {value: 162, unit: mg, where: p. 3}}]",
    )
    assert problems == []
    assert entry is not None
    one, two = entry.courses
    assert (one.drug, one.note) == ("drug X", "tolerated")
    assert {part: each.text for part, each in one.parts.items()} == {
        "drug": "drug X",
        "dose": "8",
        "route": "iv",
        "schedule": "every 4 weeks",
        "start": "day 3",
        "stop": "not reported",
        "count": "4",
    }
    assert (one.parts["dose"].unit, one.parts["dose"].reported, one.parts["dose"].where) == ("mg/kg", "8 mg/kg", "p. 2")
    assert one.parts["stop"].where == ""
    assert (two.parts["dose"].text, two.parts["dose"].unit, two.parts["dose"].where) == ("162", "mg", "p. 3")
    assert len(entry.all_cells) == 9


def test_a_course_of_another_drug_names_it() -> None:
    entry, problems = read("others", "[{drug: drug Y}, {drug: unclear}]")
    assert problems == []
    assert entry is not None
    assert [course.drug for course in entry.courses] == ["drug Y", "unclear"]


@pytest.mark.parametrize(
    ("typed", "reference"),
    [
        ("{value: 18, unit: month, reference: 6-12}", "0.5–1"),
        ("{value: 3, reference: <5}", "<5"),
        ("{value: 3}", "None"),
        ("{conflicting: [{value: 3}, {value: 4}], reference: 1 to 2}", "1–2"),
        ("{value: not reported, reference: 1-2}", "1–2"),
    ],
)
def test_a_reference_range_is_in_the_unit_of_the_form(typed: str, reference: str) -> None:
    assert str(cell("age", typed).reference) == reference


# --- each fault -------------------------------------------------------------------------------------------------------

CELL_KEYS = "value, unit, reported, where, note, when, reference, derived, from or conflicting"
COURSE_KEYS = "drug, dose, route, schedule, start, stop, count, unit, reported, where or note"


@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [
        ("age", "", f"r.yaml:1:5: E101 age: case 1: is blank; expected a value, or {REASONS}"),
        ("age", "~", f"r.yaml:1:6: E101 age: case 1: is blank; expected a value, or {REASONS}"),
        ("age", "{value: }", f"r.yaml:1:14: E101 age: case 1: is blank; expected a value, or {REASONS}"),
        ("marker", "[]", f"r.yaml:1:9: E101 marker: case 1: is an empty list; expected a value, or {REASONS}"),
        ("others", "[]", f"r.yaml:1:9: E101 others: case 1: is an empty list; expected courses, or {REASONS}"),
        ("others", "[{route: iv}]", f"r.yaml:1:10: E101 others: case 1: the course has no 'drug'; expected it, or {REASONS}"),
        ("drug_x", "[{route: iv}]", f"r.yaml:1:10: E101 drug_x: case 1: the course has no 'dose'; expected it, or {REASONS}"),
        ("age", "three", "r.yaml:1:6: E103 age: case 1: 'three' is not a number as 3, 12.5, 92-93 or <280"),
        (
            "copies",
            "1,271.4",
            "r.yaml:1:9: E103 copies: case 1: '1,271.4' is not a number as 3, 12.5, 92-93 or <280;" " write a decimal with a point (1.5), and thousands without a comma (1500)",
        ),
        ("copies", "1:30", "r.yaml:1:9: E103 copies: case 1: '1:30' is not a number as 3, 12.5, 92-93 or <280"),
        ("copies", "1,x", "r.yaml:1:9: E103 copies: case 1: '1,x' is not a number as 3, 12.5, 92-93 or <280"),
        ("sex", "femail", "r.yaml:1:6: E104 sex: case 1: 'femail' is not female or male; did you mean 'female'?"),
        ("sex", "Girl", "r.yaml:1:6: E104 sex: case 1: 'Girl' is not female or male; did you mean 'female'?"),
        ("sex", "Female", "r.yaml:1:6: E104 sex: case 1: 'Female' is not female or male; did you mean 'female'?"),
        ("sex", "both", "r.yaml:1:6: E104 sex: case 1: 'both' is not female or male"),
        ("signs", "[rash, itch]", "r.yaml:1:15: E104 signs: case 1: 'itch' is not rash or fever"),
        ("signs", "[[rash]]", "r.yaml:1:9: E104 signs: case 1: a list is not rash or fever"),
        ("age", "333", "r.yaml:1:6: E105 age: case 1: 333 year is not within 0 to 120 year"),
        ("age", "119-121", "r.yaml:1:6: E105 age: case 1: 119–121 year is not within 0 to 120 year"),
        ("age", "-1", "r.yaml:1:6: E105 age: case 1: -1 year is not within 0 to 120 year"),
        (
            "age",
            "{value: 1464, unit: month}",
            "r.yaml:1:26: E105 age: case 1: 122 year is not within 0 to 120 year",
        ),
        ("age", "{value: 3, unit: kg}", "r.yaml:1:23: E106 age: case 1: 'kg' cannot be converted to year"),
        ("age", "{value: 3, unit: yeer}", "r.yaml:1:23: E106 age: case 1: 'yeer' cannot be converted to year"),
        (
            "age",
            "{value: 3, unit: years old}",
            "r.yaml:1:23: E106 age: case 1: 'years old' is not a unit; expected one that converts to year",
        ),
        (
            "copies",
            "{value: 3, unit: ml}",
            "r.yaml:1:26: E106 copies: case 1: 'ml' stands here, but the field has no unit; expected none",
        ),
        ("drug_x", "[{dose: 8}]", "r.yaml:1:17: E106 drug_x: case 1: 8 has no unit; expected 'unit', as mg/kg"),
        (
            "drug_x",
            "[{dose: 8, unit: mgs per kg}]",
            "r.yaml:1:17: E106 drug_x: case 1: 'mgs per kg' is not a unit; expected one as mg/kg or g/day",
        ),
        ("age", "{derived: 3}", "r.yaml:1:6: E107 age: case 1: a derived value does not say what it follows from; expected 'from'"),
        (
            "age",
            "{value: 3, from: birth}",
            "r.yaml:1:6: E107 age: case 1: only a derived value has 'from'; expected 'derived' in place of 'value'",
        ),
        (
            "age",
            "{derived: unclear, from: birth}",
            "r.yaml:1:16: E107 age: case 1: 'unclear' is not a derived value; expected a value",
        ),
        ("age", "{unit: year}", "r.yaml:1:6: E107 age: case 1: has none of them; expected one of value, derived and conflicting"),
        (
            "age",
            "{value: 3, derived: 4, from: x}",
            "r.yaml:1:6: E107 age: case 1: has value and derived; expected one of value, derived and conflicting",
        ),
        (
            "age",
            "{value: 3, vlaue: 4}",
            f"r.yaml:1:17: E107 age: case 1: 'vlaue' is not a key here; expected {CELL_KEYS}; did you mean 'value'?",
        ),
        (
            "age",
            "{value: 3, reference: 4}",
            "r.yaml:1:28: E107 age: case 1: '4' is not a range as '11-306' or '<280'",
        ),
        (
            "city",
            "{value: X, reference: 1-2}",
            "r.yaml:1:18: E107 city: case 1: only a number of the form has a reference range; expected no 'reference'",
        ),
        ("age", "{value: {a: b}}", "r.yaml:1:14: E107 age: case 1: a mapping stands where a value is due; expected a plain value"),
        ("age", "[3, 4]", "r.yaml:1:6: E107 age: case 1: a list stands where one value is due; expected a plain value"),
        ("age", "{value: 3, note: [x]}", "r.yaml:1:23: E107 age: case 1: a list stands after 'note'; expected text"),
        (
            "age",
            "{conflicting: 3}",
            "r.yaml:1:20: E107 age: case 1: '3' stands after 'conflicting'; expected a list of two or more cells",
        ),
        (
            "age",
            "{conflicting: [3]}",
            "r.yaml:1:20: E107 age: case 1: a list stands after 'conflicting'; expected a list of two or more cells",
        ),
        (
            "age",
            "{conflicting: [1, {conflicting: [2, 3]}]}",
            "r.yaml:1:24: E107 age: case 1: a conflict stands within a conflict; expected the alternatives in one list",
        ),
        (
            "marker",
            "900",
            "r.yaml:1:9: E107 marker: case 1: is repeated over time; expected a list of cells, each with 'when', or a reason",
        ),
        (
            "marker",
            "{conflicting: [1, 2]}",
            "r.yaml:1:9: E107 marker: case 1: is repeated over time; expected a list of cells, each with 'when', or a reason",
        ),
        (
            "marker",
            "[900]",
            "r.yaml:1:10: E107 marker: case 1: does not say when; expected 'when', a point of the course as 'admission' or 'day 20'",
        ),
        ("others", "drug Y", "r.yaml:1:9: E107 others: case 1: holds courses of treatment; expected a list of courses, or a reason"),
        ("others", "{drug: Y}", "r.yaml:1:9: E107 others: case 1: holds courses of treatment; expected a list of courses, or a reason"),
        (
            "others",
            "[drug Y]",
            "r.yaml:1:10: E107 others: case 1: 'drug Y' stands here; expected a course as a mapping with"
            " drug, dose, route, schedule, start, stop or count",
        ),
        (
            "others",
            "[{drug: Y, rout: iv}]",
            f"r.yaml:1:20: E107 others: case 1: 'rout' is not a key here; expected {COURSE_KEYS}; did you mean 'route'?",
        ),
    ],
)  # fmt: skip
def test_a_fault_is_told_at_its_place(field: str, typed: str, told: str) -> None:
    assert read(field, typed) == (None, [told])


def test_all_faults_of_an_entry_are_told() -> None:
    entry, problems = read("marker", "[{value: x, when: a}, {value: 3, unit: kg, when: b}, 4]")
    assert entry is None
    assert [problem.split(" ")[1] for problem in problems] == ["E103", "E106", "E107"]


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("3 months", "'3 months' is not a number as 3, 12.5, 92-93 or <280; write {value: 3, unit: months}"),
        ("450 ng/ml", "'450 ng/ml' is not a number as 3, 12.5, 92-93 or <280; write {value: 450, unit: ng/ml}"),
        ("3 apples", "'3 apples' is not a number as 3, 12.5, 92-93 or <280"),
    ],
)
def test_a_number_with_its_unit_in_one_text_is_told_how_to_write_it(typed: str, told: str) -> None:
    assert read("age", typed) == (None, [f"r.yaml:1:6: E103 age: case 1: {told}"])


@pytest.mark.parametrize("typed", ["n/a", "NA", "unknown", '"-"', "–", '"?"', '"null"', "not  mentioned"])
def test_words_that_are_no_reason_are_no_text_either(typed: str) -> None:
    entry, (problem,) = read("city", typed)
    assert entry is None
    shown = " ".join(typed.strip('"').split())
    assert problem == f"r.yaml:1:7: E115 city: case 1: '{shown}' is neither a value nor a reason; expected {REASONS}"


def test_a_misspelt_reason_is_told_with_the_nearest() -> None:
    _, (problem,) = read("city", "not repored")
    assert problem.endswith(
        f"'not repored' is neither a value nor a reason; expected {REASONS}; did you mean 'not reported'?"
    )


@pytest.mark.parametrize(
    "typed", ["Nara", "none", "naïve", "not given before day 3 of the course", "unknown to the family"]
)
def test_a_text_that_only_holds_such_words_is_a_value(typed: str) -> None:
    assert cell("city", typed).value == typed


@pytest.mark.parametrize("typed", ["clear", "reported", "accessible"])
def test_a_text_that_is_near_to_a_reason_and_means_something_else_is_a_value(typed: str) -> None:
    assert cell("city", typed).value == typed


@pytest.mark.parametrize("typed", ["[]", "{value: []}", "{derived: [], from: x}", "{conflicting: [[], rash]}"])
def test_an_empty_list_of_choices_is_told(typed: str) -> None:
    entry, problems = read("signs", typed)
    assert entry is None
    assert problems != []


@pytest.mark.parametrize(("value", "unit"), [("3", "nan"), ("0", "inf")])
def test_a_unit_that_is_not_finite_is_told(value: str, unit: str) -> None:
    node, _ = read_nodes("r.yaml", f"age: {{value: {value}, unit: {unit}}}\n".encode())
    loaded, _ = read_form("form.yaml", FORM.replace(b"unit: year, range", b"unit: '%', range"))
    assert node is not None
    assert loaded is not None
    reader = CellReader()
    assert reader.entry(node.at("age"), loaded.fields["age"], "1") is None
    assert [problem.code for problem in reader.problems] == ["E106"]


def test_a_fault_of_a_count_of_the_report_names_no_case() -> None:
    node, _ = read_nodes("r.yaml", b"age: x\n")
    assert node is not None
    reader = CellReader()
    assert reader.entry(node.at("age"), form().fields["age"], "") is None
    assert reader.problems[0].message == "'x' is not a number as 3, 12.5, 92-93 or <280"
