"""An extraction in a spreadsheet: what is shown comes back, what is typed is taken or told, and nothing is lost."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casetable.curation.content import ReportContent, cells_of, content_of, report_node
from casetable.curation.edits import new_report
from casetable.curation.files import read_report, report_of
from casetable.curation.forms import read_form
from casetable.curation.merge import Merged, merge
from casetable.curation.nodes import read_nodes
from casetable.curation.rewrite import rewritten
from casetable.curation.sheet_reading import RULES, read_sheets
from casetable.curation.sheets import template_of
from casetable.formats.workbook import read_workbook
from casetable.model import REASONS, Form, Record
from casetable.problems import Rule
from casetable.render.template_xlsx import render_template
from tests.conftest import example_files
from tests.e2e.conftest import REPOSITORY
from tests.support import workbooks
from tests.support.workbooks import Filled

FORM_TEXT = """\
schema: 1
fields:
  age_years: {label: Age, group: Patient, type: number, unit: year, range: 0 to 120}
  sex: {label: Sex, group: Patient, type: choice, choices: {female: [girl], male: [boy]}}
  signs: {label: Signs, group: Disease, type: choices, choices: {fever: [], rash: [], "pain; dull": []}, required: no}
  course: {label: Course, group: Disease, type: text}
  skin: {label: Skin, group: Disease, type: text, series: yes, required: no}
  ferritin: {label: Ferritin, group: Laboratory, type: number, unit: ng/ml, range: 0 to 200000, series: yes}
  oxygen: {label: Oxygen, group: Laboratory, type: number, unit: "%", range: 0 to 100, required: no}
  treatment: {label: Treatment, group: Treatment, type: courses, required: no}
table: {columns: [age_years]}
"""
REPORT = """\
schema: 1
report: pmid:11
access: full text
extracted: {by: A. Curator, when: 2026-01-15}
cases_in_report: 1
eligible_cases: 1
cases:
  - case: 1
    eligible: yes
    age_years: {value: 3, reported: "3-year-old", where: Case}  # as printed
    sex: female
    course: not reported
    ferritin:
      - {value: 1271.4, unit: ng/ml, when: baseline}
      - {value: 316, unit: ng/ml, when: later}
    treatment:
      - {drug: A, dose: 2, unit: mg, start: {value: day 1, note: said so}}
"""


def form_of(text: str = FORM_TEXT) -> Form:
    form, problems = read_form("curated/form.yaml", text.encode())
    assert form is not None, problems
    return form


FORM = form_of()


def held(text: str = REPORT, form: Form = FORM) -> ReportContent:
    node, faults = read_nodes("r.yaml", text.encode())
    assert node is not None
    assert not faults
    return content_of(node, form)


def sheet_of(text: str | None = REPORT, form: Form = FORM, cases: int = 1) -> bytes:
    content = held(text, form) if text is not None else None
    key = content.facts["report"].text if content is not None and "report" in content.facts else ""
    template = template_of(form, content, key=key, citation="Doe 2020", reasons=("not-a-case",), cases=cases)
    return render_template(template)


def imported(data: bytes, text: str = REPORT, form: Form = FORM, **how: bool) -> tuple[Merged, str, list[str]]:
    """What is merged, the file afterwards, and all that is told."""
    filled = read_sheets("s.xlsx", read_workbook(data), form)
    merged = merge(held(text, form), filled, form, **how)
    _, earlier = read_report("r.yaml", "r", text.encode(), form)
    _, faults = report_of(report_node(merged.content, form), "r", form)
    told = [*filled.problems, *merged.problems, *(fault for fault in faults if fault not in earlier)]
    after = rewritten("r.yaml", text.encode(), merged.edits).decode()
    assert told_by(held(after, form)) == told_by(merged.content)
    return merged, after, [str(problem) for problem in told]


def told_by(content: ReportContent) -> list[tuple[str, str, object]]:
    return [(case, name, each.content) for case, name, each in cells_of(content) if each.content]


def test_what_is_shown_comes_back_and_changes_nothing() -> None:
    _, after, told = imported(sheet_of())
    assert after == REPORT
    assert told == []


def test_two_writes_are_the_same_bytes() -> None:
    assert sheet_of() == sheet_of()


def test_an_edit_in_a_sheet_changes_that_cell_alone() -> None:
    sheet = Filled(sheet_of())
    sheet.put("Cases", "Age", "Value", "4", case="1")
    sheet.put("Cases", "Course", "Value", "3-4 days", case="1")
    sheet.put("Cases", "Ferritin", "Value", "<280", case="1", at=1)
    sheet.put("Cases", "Ferritin", "Value", "12.5", case="1", at=2)
    sheet.put("Cases", "Ferritin", "When", "day 20", case="1", at=2)
    sheet.put("Treatments", "Treatment", "Dose", "2.5", case="1")
    _, after, told = imported(sheet.saved())
    assert told == []
    assert after == (
        REPORT.replace("{value: 3, reported", "{value: 4, reported")
        .replace("course: not reported", "course: 3-4 days")
        .replace("{value: 316,", '{value: "<280",')
        .replace("when: later}\n", "when: later}\n      - {value: 12.5, when: day 20}\n")
        .replace("dose: 2,", "dose: 2.5,")
    )


def test_a_row_that_was_put_in_between_stays_there() -> None:
    sheet = Filled(sheet_of())
    first = sheet.rows("Cases", "Ferritin", "1")[0]
    sheet.book["Cases"].insert_rows(first + 1)
    for heading, value in {"Case": "1", "Field": "Ferritin", "Value": "900", "When": "day 3"}.items():
        sheet.book["Cases"].cell(first + 1, sheet.column("Cases", heading)).value = value
    _, after, told = imported(sheet.saved())
    assert told == []
    assert after == REPORT.replace("when: baseline}\n", "when: baseline}\n      - {value: 900, when: day 3}\n")


def test_what_no_sheet_shows_is_said_there_and_stays_in_the_file() -> None:
    text = REPORT.replace("    age_years", "    timeline: [baseline, later, {event: end, day: 30}]\n    age_years", 1)
    sheet = Filled(sheet_of(text))
    [row] = sheet.rows("Cases", "timeline", "1")
    assert sheet.book["Cases"].cell(row, 3).value == "stands in the file alone, and stays as it is"
    sheet.put("Cases", "Age", "Value", "4", case="1")
    _, after, told = imported(sheet.saved(), text)
    assert told == []
    assert after == text.replace("{value: 3, reported", "{value: 4, reported")


def test_conflicting_and_derived_values_can_be_said() -> None:
    sheet = Filled(sheet_of())
    sheet.put("Cases", "Age", "Conflict", "conflicting", case="1")
    row = sheet.rows("Cases", "Age", "1")[0]
    sheet.book["Cases"].insert_rows(row + 1)
    texts = {"Case": 1, "Field": "Age", "Value": "4", "Where": "Discussion", "Conflict": "conflicting"}
    for heading, value in texts.items():
        sheet.book["Cases"].cell(row + 1, sheet.column("Cases", heading)).value = value
    sheet.put("Cases", "Sex", "Derived from", "the name", case="1")
    merged, after, told = imported(sheet.saved())
    assert told == []
    assert "sex: {derived: female, from: the name}" in after
    assert (
        "    age_years:  # as printed\n      conflicting:\n"
        "        - {value: 3, reported: 3-year-old, where: Case}\n        - {value: 4, where: Discussion}\n"
    ) in after
    assert imported(sheet_of(after), after)[1:] == (after, [])
    assert len(merged.edits) == 2


def test_a_further_case_is_added() -> None:
    sheet = Filled(sheet_of(cases=2))
    sheet.put("Cases", "Eligible", "Value", "no", case="2")
    sheet.put("Cases", "Reason, if not eligible", "Value", "not-a-case", case="2")
    sheet.put("Cases", "Signs", "Value", "fever; rash", case="2")
    _, after, told = imported(sheet.saved())
    assert told == []
    assert after == REPORT + ("  - case: 2\n    eligible: no\n    reason: not-a-case\n    signs: [fever, rash]\n")


def test_a_blank_template_becomes_a_file() -> None:
    sheet = Filled(sheet_of(None))
    sheet.put("Report", "Access", "Value", "abstract")
    sheet.put("Report", "Cases in the report", "Value", 1)
    sheet.put("Cases", "Age", "Value", 3.0, case="1")
    sheet.put("Cases", "Ferritin", "Value", "not reported", case="1")
    text = new_report(Record(key="pmid:11", origin="PubMed", title="A case"), "pmid:11", FORM).decode()
    _, after, told = imported(sheet.saved(), text, is_new=True)
    assert told == []
    assert "access: abstract  # full text, partial text, abstract or none\n" in after
    assert "    age_years: 3  # Age; number in year, 0 to 120\n" in after
    assert "    ferritin: not reported  # Ferritin;" in after


# --- what is wrong is told by its cell --------------------------------------------------------------------------------

TYPED: list[tuple[str, str, str, Any, str, str]] = [
    ("Age", "Value", "", dt.date(2026, 4, 3), "", "X101 age_years: case 1: the spreadsheet made the date 2026-04-03 of what was typed; expected a number; format the cell as text, and type it again"),
    ("Age", "Value", "", "=1+2", "", "X101 age_years: case 1: the formula '=1+2' stands here, and no formula is worked out; expected what it gives"),
    ("Age", "Value", "", "#N/A", "", "X101 age_years: case 1: the error '#N/A' stands here; expected a number"),
    ("Age", "Value", "", True, "", "X101 age_years: case 1: the spreadsheet made a truth value of what was typed; expected a number; format the cell as text, and type it again"),
    ("Age", "Value", "", "1,5", "", "E103 age_years: case 1: '1,5' is not a number as 3, 12.5, 92-93 or <280; write a decimal with a point (1.5), and thousands without a comma (1500)"),
    ("Age", "Value", "", "333", "", "E105 age_years: case 1: 333 year is not within 0 to 120 year"),
    ("Age", "Value", "", 0.07, "0%", "X101 age_years: case 1: the spreadsheet keeps 7 % as 0.07; expected a number; format the cell as text, and type it again"),
    ("Age", "As printed", "", 1271.4, "#,##0.0", "X101 age_years: case 1: the spreadsheet keeps the number 1271.4 and shows it as #,##0.0; expected text; format the cell as text, and type it again"),
    ("Sex", "Value", "", "femail", "", "E104 sex: case 1: 'femail' is not female or male; did you mean 'female'?"),
    ("Sex", "Conflict", "", "perhaps", "", "X102 sex: case 1: 'perhaps' is not 'conflicting' or blank"),
    ("Eligible", "Value", "", "perhaps", "", "F203 eligible: 'perhaps' is not yes or no"),
    ("Course", "Value", "", "n/a", "", "E115 course: case 1: 'n/a' is neither a value nor a reason; expected not reported, not applicable, unclear or not accessible"),
]  # fmt: skip


@pytest.mark.parametrize(("label", "heading", "case", "value", "shown_as", "message"), TYPED)
def test_what_was_typed_wrongly_is_told(
    label: str, heading: str, case: str, value: Any, shown_as: str, message: str
) -> None:
    sheet = Filled(sheet_of())
    cell = sheet.put("Cases", label, heading, value, case="1", shown_as=shown_as)
    _, _, told = imported(sheet.saved())
    assert told == [f"s.xlsx:{cell}: {message}"]


def test_numbers_percentages_dates_and_truths_that_are_meant_are_taken() -> None:
    sheet = Filled(sheet_of())
    sheet.put("Cases", "Oxygen", "Value", 0.92, case="1", shown_as="0%")
    sheet.put("Cases", "Eligible", "Value", True, case="1")
    sheet.put("Cases", "Ferritin", "Value", 0.1, case="1", at=2)
    cell = sheet.put("Cases", "Ferritin", "When", dt.date(2020, 3, 4), case="1", at=2, shown_as="yyyy-mm-dd")
    sheet.put("Report", "Extracted on", "Value", dt.date(2026, 1, 16), shown_as="dd.mm.yyyy")
    _, after, told = imported(sheet.saved())
    assert told == [f"s.xlsx:{cell}: X104 ferritin: case 1: a date stands here, and is read as 2020-03-04"]
    assert "    oxygen: 92\n" in after
    assert "- {value: 0.1, when: 2020-03-04}\n" in after
    assert "when: 2026-01-16}" in after
    assert "eligible: yes\n" in after


def test_blanks_around_a_text_do_not_count_and_texts_of_any_kind_survive() -> None:
    sheet = Filled(sheet_of())
    sheet.put("Cases", "Sex", "Value", "\u00a0 female \n", case="1")
    for number, text in enumerate(["=1+1", "+3", "-3", "@x", "'quoted", "_x0041_", "a\nb", "Ωµ – “x”", "3-4", "1/2"]):
        sheet.put("Cases", "Skin", "Value", None, case="1")
        row = sheet.spare("Cases", "Skin", "1")
        cell = sheet.book["Cases"].cell(row, sheet.column("Cases", "Value"))
        cell.value, cell.data_type = text.replace("_x0041_", "_x005F_x0041_"), "s"
        sheet.book["Cases"].cell(row, sheet.column("Cases", "When")).value = f"day {number}"
    _, after, told = imported(sheet.saved())
    assert told == []
    assert [item.texts["value"].text for item in held(after).cases[0].items["skin"]] == [
        "=1+1", "+3", "-3", "@x", "'quoted", "_x0041_", "a\nb", "Ωµ – “x”", "3-4", "1/2",
    ]  # fmt: skip
    assert imported(sheet_of(after), after)[1:] == (after, [])


def test_no_cell_that_is_written_is_a_formula() -> None:
    import io

    import openpyxl

    text = REPORT.replace("course: not reported", "course: '=HYPERLINK(\"http://x\")'").replace("drug: A", "drug: '+A'")
    cells = [cell for sheet in openpyxl.load_workbook(io.BytesIO(sheet_of(text))) for row in sheet for cell in row]
    texts = [cell for cell in cells if cell.value is not None]
    assert {cell.data_type for cell in texts} == {"s"}
    marked = {cell.value for cell in texts if cell.quotePrefix}
    assert {'=HYPERLINK("http://x")', "+A"} <= marked
    assert all(value.startswith(("=", "+", "'")) for value in marked)


def refused(change: Callable[[Filled], Any]) -> list[str]:
    sheet = Filled(sheet_of())
    change(sheet)
    return imported(sheet.saved())[2]


def test_sheets_headings_and_rows_without_place_are_told() -> None:
    def renamed(sheet: Filled) -> None:
        sheet.put("Cases", "Sex", "Note", "p. 3", case="1")
        sheet.book["Cases"].cell(2, sheet.column("Cases", "Note")).value = "Notes on it"

    assert refused(renamed) == [
        "s.xlsx:Cases!I2: X102 the column 'Notes on it' is not known, and Note is missing; expected that"
    ]

    def further(sheet: Filled) -> None:
        sheet.book.create_sheet("My sheet").cell(1, 1).value = "x"
        sheet.book["Cases"].cell(2, 20).value = "My own"
        sheet.book["Cases"].cell(5, 20).value = "kept"
        sheet.book["Cases"].cell(6, 21).value = "kept"

    assert refused(further) == [
        "s.xlsx:My sheet: X104 this sheet is not read",
        "s.xlsx:Cases!T2: X104 the column 'My own' is not read",
        "s.xlsx:Cases!U2: X104 a column without a heading is not read",
    ]

    def dropped(sheet: Filled) -> None:
        sheet.book.remove(sheet.book["Cases"])

    assert refused(dropped) == ["s.xlsx:Cases: X102 is not there; expected it as the template has it"]

    def merged(sheet: Filled) -> None:
        row = sheet.rows("Cases", "Ferritin", "1")[0]
        sheet.book["Cases"].merge_cells(start_row=row, end_row=row + 1, start_column=1, end_column=1)
        value = sheet.column("Cases", "Value")
        sheet.book["Cases"].merge_cells(start_row=row, end_row=row + 1, start_column=value, end_column=value)

    assert [line for line in refused(merged) if "X102" in line] == [
        "s.xlsx:Cases!D16: X102 is merged with others; expected a cell of its own"
    ]

    def twice(sheet: Filled) -> None:
        sheet.book["Cases"].cell(sheet.spare("Cases", "Age", "1"), sheet.column("Cases", "Value")).value = "5"

    assert [line.partition(" ")[2] for line in refused(twice)] == [
        "X102 age_years: case 1: a second value stands here, the first in Cases!D9; expected one, or 'conflicting' in the"
        " rows of both"
    ]

    def nowhere(sheet: Filled) -> None:
        row = sheet.spare("Cases", "", "")
        sheet.book["Cases"].cell(row, sheet.column("Cases", "Value")).value = "5"

    assert [line.partition(": ")[2] for line in refused(nowhere)] == [
        "X102 the row does not say of which field it is",
        "X102 the row does not say of which case it is; expected its number",
    ]


def test_a_deleted_column_leaves_the_file_as_it_is() -> None:
    sheet = Filled(sheet_of())
    sheet.book["Cases"].delete_cols(sheet.column("Cases", "Where"))
    sheet.put("Cases", "Age", "Value", "4", case="1")
    _, after, told = imported(sheet.saved())
    assert after == REPORT.replace("{value: 3, reported", "{value: 4, reported")
    assert told == ["s.xlsx:Cases!2: X104 there is no column 'Where'; what the file has there stays"]


# --- what the file says meanwhile -------------------------------------------------------------------------------------


def test_a_blank_never_deletes() -> None:
    sheet = Filled(sheet_of())
    age = sheet.put("Cases", "Age", "As printed", None, case="1")
    sex = sheet.put("Cases", "Sex", "Value", None, case="1")
    _, after, told = imported(sheet.saved())
    assert after == REPORT
    assert told == [
        f"s.xlsx:{age.replace('G', 'D')}: X104 age_years: case 1: 'reported' is blank; the file's '3-year-old' stays",
        f"s.xlsx:{sex}: X104 sex: case 1: is blank; the file's 'female' stays",
    ]


def test_a_later_change_of_the_file_is_not_overwritten() -> None:
    sheet = Filled(sheet_of())
    cell = sheet.put("Cases", "Sex", "Value", "male", case="1")
    meanwhile = REPORT.replace("sex: female", "sex: unclear").replace("value: 316", "value: 317")
    _, after, told = imported(sheet.saved(), meanwhile)
    assert after == meanwhile
    assert told == [
        f"s.xlsx:{cell}: X103 sex: case 1: 'male' stands here, and the file says 'unclear', which it did not when the sheet"
        " was written; expected the file's; --replace writes the sheet's"
    ]
    _, after, told = imported(sheet.saved(), meanwhile, is_replacing=True)
    assert after == meanwhile.replace("sex: unclear", "sex: male")
    assert told == []


def test_without_its_marks_a_sheet_replaces_only_what_is_asked_for() -> None:
    sheet = Filled(sheet_of())
    sheet.without_marks()
    cell = sheet.put("Cases", "Sex", "Value", "male", case="1")
    sheet.put("Cases", "Signs", "Value", "fever", case="1")
    _, after, told = imported(sheet.saved())
    assert after == REPORT.replace("sex: female\n", "sex: female\n    signs: fever\n") or "signs: fever" in after
    assert told == [
        f"s.xlsx:{cell}: X103 sex: case 1: 'male' stands here, and the file says 'female'; the row does not tell what it was"
        " filled with; expected the file's; --replace writes the sheet's"
    ]


def test_an_import_that_is_repeated_changes_nothing_more() -> None:
    sheet = Filled(sheet_of())
    sheet.put("Cases", "Age", "Value", "4", case="1")
    for heading, value in {"Value": "12", "When": "end"}.items():
        sheet.put("Cases", "Ferritin", heading, value, case="1", at=2)
    for heading, value in {"Drug": "B", "Dose": "not reported"}.items():
        sheet.put("Treatments", "Treatment", heading, value, case="1", at=1)
    _, after, told = imported(sheet.saved())
    assert told == []
    assert imported(sheet.saved(), after)[1:] == (after, [])


# --- properties -------------------------------------------------------------------------------------------------------

WORDS = st.text(
    st.one_of(
        st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), st.sampled_from(list("=+-@;_x0041 \n'\"#"))
    ),
    min_size=1,
    max_size=30,
).filter(lambda text: bool(text.strip()) and text.strip().lower() not in {"n/a", "~"})
REASON = st.sampled_from([reason.value for reason in REASONS])
NUMBER = st.one_of(st.integers(0, 100).map(str), st.sampled_from(["12.5", "92-93", "<28"]), REASON)
EVIDENCE = {"reported": WORDS, "where": WORDS, "note": WORDS}


def cell(value: st.SearchStrategy[Any], *, needs: dict[str, Any] | None = None, **more: Any) -> st.SearchStrategy[Any]:
    needs = needs or {}
    full = st.fixed_dictionaries({"value": value, **needs}, optional={**EVIDENCE, **more})
    derived = st.fixed_dictionaries({"derived": value, "from": WORDS, **needs}, optional={**EVIDENCE, **more})
    inner = st.one_of(full, derived) if not needs else st.fixed_dictionaries({"value": value}, optional=EVIDENCE)
    conflict = st.fixed_dictionaries(
        {"conflicting": st.lists(inner, min_size=2, max_size=3), **needs}, optional={"note": WORDS, "where": WORDS}
    )
    return st.one_of(full, derived, conflict)


def listed(value: st.SearchStrategy[Any], **more: Any) -> st.SearchStrategy[Any]:
    return st.lists(cell(value, needs={"when": WORDS}, **more), min_size=1, max_size=3)


PART = st.one_of(WORDS, cell(WORDS))
COURSE = st.fixed_dictionaries(
    {"drug": PART}, optional={"route": PART, "schedule": WORDS, "start": PART, "stop": WORDS, **EVIDENCE}
)
CASE = st.fixed_dictionaries(
    {"eligible": st.sampled_from(["yes", "no"])},
    optional={
        "note": WORDS,
        "age_years": st.one_of(NUMBER, cell(NUMBER, unit=st.just("year"))),
        "sex": st.one_of(st.sampled_from(["female", "male"]), cell(st.sampled_from(["female", "unclear"]))),
        "signs": st.lists(st.sampled_from(["fever", "rash", "pain; dull"]), min_size=1, max_size=3, unique=True),
        "course": st.one_of(WORDS, cell(WORDS)),
        "skin": st.one_of(REASON, listed(WORDS)),
        "ferritin": st.one_of(REASON, listed(NUMBER, reference=st.just("11-306"))),
        "treatment": st.one_of(REASON, st.lists(COURSE, min_size=1, max_size=3)),
        "questions": st.lists(
            st.fixed_dictionaries({"question": WORDS}, optional={"answer": WORDS}),
            min_size=1,
            max_size=2,
            unique_by=lambda asked: " ".join(asked["question"].split()),
        ),
    },
)


def written(report: dict[str, Any]) -> str:
    return json.dumps(report, ensure_ascii=True)


REPORTS = st.builds(
    lambda cases, note: {
        "schema": "1",
        "report": "pmid:11",
        "access": "full text",
        "note": note,
        "cases": [{"case": str(number), **case} for number, case in enumerate(cases, start=1)],
    },
    st.lists(CASE, min_size=1, max_size=2),
    WORDS,
)


@settings(max_examples=25, deadline=None)
@given(REPORTS)
def test_any_extraction_comes_back_from_its_sheet(report: dict[str, Any]) -> None:
    text = written(report)
    _, faults = read_report("r.yaml", "r", text.encode(), FORM)
    if any(fault.code in {"E107", "E115", "E106"} or fault.code.startswith("F") for fault in faults):
        return
    data = sheet_of(text)
    merged, after, told = imported(data, text)
    assert (after, merged.edits) == (text, ())
    assert not [line for line in told if ": X" in line]
    stripped = Filled(data)
    stripped.without_marks()
    assert imported(stripped.saved(), text)[0].edits == ()
    blank = new_report(Record(key="pmid:11", origin="PubMed", title="A case"), "pmid:11", FORM).decode()
    anew, after, _ = imported(data, blank, is_new=True)
    assert told_by(anew.content) == told_by(held(text))
    assert workbooks.cells_of(sheet_of(after)) == workbooks.cells_of(data)


# --- the rules --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_the_bad_example_yields_exactly_its_message_and_the_good_one_nothing(rule: Rule) -> None:
    files = example_files()
    form, report = (files[name].decode() for name in ("curated/form.yaml", "curated/reports/doe-2020.yaml"))
    assert rule.example.bad is not None
    for text, expected in ((rule.example.good, []), (rule.example.bad, [f"{rule.code} {rule.example.message}"])):
        sheet = Filled(sheet_of(report, form_of(form)))
        name, label, heading, *value = (part.strip() for part in text.split("|"))
        sheet.put(name, label, heading, value[0] or None, case="1")
        meanwhile = dict(rule.example.also).get("curated/reports/doe-2020.yaml", report)
        filled = read_sheets("sheet.xlsx", read_workbook(sheet.saved()), form_of(form))
        merged = merge(held(meanwhile, form_of(form)), filled, form_of(form))
        found = [f"{problem.code} {problem.message}" for problem in (*filled.problems, *merged.problems)]
        assert found == expected


@pytest.mark.parametrize("path", sorted((REPOSITORY / "curated/reports").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_report_of_the_flagship_comes_back_with_and_without_marks(path: Any) -> None:
    form = form_of((REPOSITORY / "curated/form.yaml").read_text())
    sheet = Filled(sheet_of(path.read_text(), form))
    assert imported(sheet.saved(), path.read_text(), form)[1:] == (path.read_text(), [])
    sheet.without_marks()
    assert imported(sheet.saved(), path.read_text(), form)[1:] == (path.read_text(), [])
