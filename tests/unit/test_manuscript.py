"""The table as a journal prints it: heads, marks and notes, abbreviations, references; and how it fits a page."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casetable.edition import Edition
from casetable.manuscript import MOST_CELL_NOTES, Line, Note, Printed, Run
from casetable.manuscript.fit import MARGIN, PADDING, PAGE, fit, text_width
from casetable.model import Paper
from casetable.review import Review
from tests.support.printing import GIANT, hard_review
from tests.unit.test_review import decision, form_of, record, report_of, review_of, search, strategy

FORM = """\
fields:
  age: {label: Age, type: number, unit: year}
  city: {label: City, type: text, required: no}
  marker: {label: Marker, type: number, unit: ng/ml, series: yes, required: no}
  drug: {label: Drug, type: courses, drug: drug X, required: no}
"""


def review_with(*cases: str, table: str = "{columns: [age, city]}", more: str = "") -> Review:
    form = form_of(f"{FORM}{more}table: {table}\n")
    text = "".join(f"  - case: {number}\n    eligible: yes\n    {case}\n" for number, case in enumerate(cases, 1))
    return review_of(
        records=[record("pmid:11", authors=("Doe A",))],
        strategies=[strategy("main")],
        searches=[search("main", ["pmid:11"])],
        decisions=[decision("pmid:11", "reports", "include")],
        reports=[report_of("doe-2020", "pmid:11", form, text)],
        form=form,
    )


def printed(review: Review, number: int = 0) -> Printed:
    return Edition(review).printed[number]


def texts(line: Line) -> list[str]:
    return ["; ".join(run.text + "".join(f"^{mark}" for mark in run.marks) for run in runs) for runs in line.cells]


# --- marks and notes --------------------------------------------------------------------------------------------------


def test_a_derived_value_is_printed_with_a_mark_and_the_note_says_from_what() -> None:
    told = printed(review_with("age: {derived: 3, from: the birth date}\n    city: Paris"))
    assert texts(told.lines[0]) == ["3^a", "Paris"]
    assert told.notes == (Note(mark="a", text="3 (derived): from the birth date."),)
    assert told.words == (Note(mark="derived", text="follows from what the report gives, and is not said there."),)


def test_a_conflict_shows_each_version_and_the_note_where_they_stand() -> None:
    case = "age: {conflicting: [{value: 4, where: Text}, {value: 6, where: Table 1}]}\n    city: unclear"
    told = printed(review_with(case))
    assert texts(told.lines[0]) == ["4 / 6^a", "unclear"]
    assert [note.text for note in told.notes] == ["4 / 6 (conflicting): Text / Table 1."]
    assert [word.mark for word in told.words] == ["conflicting", "unclear"]


def test_a_reason_within_a_conflict_is_explained() -> None:
    told = printed(review_with("age: {conflicting: [4, not reported]}\n    city: Paris"))
    assert texts(told.lines[0]) == ["4 / not reported^a", "Paris"]
    assert [word.mark for word in told.words] == ["conflicting", "not reported"]


def test_reasons_are_printed_as_words_and_explained() -> None:
    told = printed(review_with("age: not reported", "age: not applicable\n    city: not accessible"))
    assert [texts(line) for line in told.lines] == [
        ["not reported", "incomplete"],
        ["not applicable", "not accessible"],
    ]
    assert all(runs[0].is_reason for line in told.lines for runs in line.cells)
    assert [word.mark for word in told.words] == ["not reported", "not applicable", "not accessible", "incomplete"]
    assert told.words[0].text == "the report was read and does not say it."
    assert told.notes == ()


def test_a_plain_table_has_no_notes() -> None:
    told = printed(review_with("age: 3\n    city: Paris"))
    assert (told.words, told.notes, told.remarks, told.abbreviations) == ((), (), (), ())


def test_marks_run_in_reading_order_from_the_heads_and_equal_notes_share_one() -> None:
    told = printed(
        review_with(
            "age: {derived: 3, from: x}\n    city: Paris",
            "age: {derived: 4, from: x}\n    city: {derived: Rome, from: y}",
            "age: {derived: 3, from: x}\n    city: Paris",
            table="{columns: [age, {field: city, note: where they lived}]}",
        )
    )
    assert [run.marks for run in told.heads] == [(), ("a",)]
    assert [texts(line) for line in told.lines] == [["3^b", "Paris"], ["4^c", "Rome^d"], ["3^b", "Paris"]]
    assert told.notes[0] == Note(mark="a", text="Where they lived.")
    assert [note.mark for note in told.notes] == ["a", "b", "c", "d"]


@pytest.mark.parametrize("many", [MOST_CELL_NOTES, MOST_CELL_NOTES + 1])
def test_where_notes_would_be_too_many_cells_say_it_in_words(many: int) -> None:
    cases = [f"age: {{derived: {number}, from: x}}\n    city: Paris" for number in range(1, many + 1)]
    told = printed(review_with(*cases, table="{columns: [{field: age, note: at onset}]}"))
    if many == MOST_CELL_NOTES:
        assert texts(told.lines[-1]) == ["26^aa"]  # 'a' is the head's
        assert len(told.notes) == many + 1
    else:
        assert texts(told.lines[-1]) == ["27 (derived)"]
        assert [note.text for note in told.notes] == ["At onset."]
    assert [word.mark for word in told.words] == ["derived"]


def test_a_course_has_marks_in_the_order_of_its_parts() -> None:
    told = printed(
        review_with(
            "age: 3\n    drug:\n      - {dose: {derived: 8, from: p, unit: mg}, stop: {derived: day 9, from: q}}\n"
            "      - {dose: 7, unit: mg, route: not reported}",
            table="{columns: [drug]}",
        )
    )
    assert texts(told.lines[0]) == ["8 mg (derived), stop: day 9 (derived)^a^b; 7 mg, route not reported"]
    assert [note.text for note in told.notes] == ["8 mg (derived): from p.", "day 9 (derived): from q."]
    assert [word.mark for word in told.words] == ["derived", "not reported"]


def test_heads_have_units_and_rows_their_group() -> None:
    told = printed(
        review_with("age: 3\n    city: Rome", "age: 4\n    city: Bern", table="{columns: [age], group_by: city}")
    )
    assert told.heads == (Run(text="Age (year)"),)
    assert [(line.group, line.case.text) for line in told.lines] == [("Bern", "2"), ("Rome", "1")]


def test_a_reason_that_heads_a_group_is_explained() -> None:
    told = printed(review_with("age: 3\n    city: unclear", table="{columns: [age], group_by: city}"))
    assert [word.mark for word in told.words] == ["unclear"]


# --- titles, remarks, abbreviations -----------------------------------------------------------------------------------


def test_the_title_is_the_layouts_or_the_reviews() -> None:
    assert printed(review_with("age: 3", table="{columns: [age], title: Ages}")).title == "Ages"
    assert printed(review_with("age: 3")).title == "An invented review"


def test_tables_are_numbered_and_supplements_by_themselves() -> None:
    more = "tables: {supplement: {columns: [age]}, doses: {columns: [drug]}, supplement-two: {columns: [city]}}\n"
    assert [each.label for each in Edition(review_with("age: 3", more=more)).printed] == [
        "Table 1",
        "Table S1",
        "Table 2",
        "Table S2",
    ]


def test_abbreviations_are_those_of_the_table_as_words() -> None:
    more = 'abbreviations: {ILD: interstitial lung disease, RP-ILD: rapid ILD, "C++": odd, DM: dermatomyositis, MDA5: a gene, IVIG: globulin}\n'
    cases = ["age: 3\n    city: ADM and anti-MDA5 after IVIGs", "age: 3\n    city: C++"]
    found = printed(review_with(*cases, more=more)).abbreviations
    assert found == (("C++", "odd"), ("IVIG", "globulin"), ("MDA5", "a gene"))


def test_an_abbreviation_within_a_longer_one_is_not_met_but_within_its_meaning_is() -> None:
    table = "abbreviations: {ILD: lung disease, RP-ILD: %s}\n"
    case = "age: 3\n    city: RP-ILD"
    assert printed(review_with(case, more=table % "rapid disease")).abbreviations == (("RP-ILD", "rapid disease"),)
    assert [short for short, _ in printed(review_with(case, more=table % "rapid ILD")).abbreviations] == [
        "ILD",
        "RP-ILD",
    ]


# --- references, and what readers must know of reports ----------------------------------------------------------------


def test_references_are_numbered_as_they_are_met() -> None:
    told = printed(hard_review())
    assert [(line.report.text, line.number) for line in told.lines][:4] == [
        ("Doe 2020", 1), ("Doe 2020", 1), ("Doe 2020", 1), ("de la Cruz 2020", 2),
    ]  # fmt: skip
    assert [(each.number, each.identifier) for each in told.references] == [
        (1, "doi:10.1234/one"),
        (2, "PMID: 12"),
        (3, "PMID: 13"),
        (4, "PMID: 14"),
    ]
    assert told.references[0].text.endswith("& more. J Invent. 2020;1(2):3–9.")
    assert told.references[0].url == "https://doi.org/10.1234/one"
    assert told.references[1].text == "de la Cruz É. Why this? 2020."


def test_a_retracted_report_is_marked_in_the_table_and_in_the_list() -> None:
    told = printed(hard_review())
    line = next(line for line in told.lines if line.number == 2)
    (mark,) = line.standing.marks
    assert line.standing.text == "retracted"
    assert {note.mark: note.text for note in told.notes}[mark] == "Retraction (pmid:99; PubMed)."
    assert told.references[1].standing == "Retracted: retraction (pmid:99; PubMed)."
    assert {each.standing for each in told.references if each.number != 2} == {""}


def test_a_patient_who_was_told_before_is_marked() -> None:
    told = printed(hard_review())
    line = next(line for line in told.lines if line.report.text == "Roe 2021")
    (mark,) = line.case.marks
    assert {note.mark: note.text for note in told.notes}[mark] == "The patient of de la Cruz 2020 [2], case 1."


def test_what_is_not_in_the_table_is_told_below_it() -> None:
    assert printed(hard_review()).remarks == (
        "Invented cases all.",
        "Not eligible: de la Cruz 2020 [2], case 2b: another drug.",
        "Included and not extracted yet: Moe 2022 [4].",
    )


def test_the_last_search_is_told() -> None:
    assert printed(hard_review()).searched == "2026-01-10"


def test_texts_are_one_line_and_steer_nothing() -> None:
    told = printed(hard_review())
    every = [run.text for line in told.lines for runs in line.cells for run in runs]
    every += [reference.text for reference in told.references]
    assert "bell \\x07, not a character \\uffff, over\\u202eridden, two lines" in every
    assert any("An \\x07 invented" in text for text in every)
    assert all(text.isprintable() or "\u200d" in text for text in every)


def test_a_review_without_a_form_is_printed() -> None:
    told = printed(review_of(protocol=None))
    assert (told.title, told.heads, told.lines, told.references, told.searched) == ("", (), (), (), "")
    assert len(fit(told).parts) == 1


# --- how it fits a page -----------------------------------------------------------------------------------------------


def table_of(columns: list[list[str]], paper: Paper = Paper.AUTO) -> Printed:
    """A table of columns, each a head and its cells."""
    heads = tuple(Run(text=column[0]) for column in columns)
    lines = tuple(
        Line(
            group="",
            report=Run(text="Doe 2020"),
            number=1,
            standing=Run(text=""),
            case=Run(text=str(index)),
            cells=tuple((Run(text=column[index]),) for column in columns),
        )
        for index in range(1, len(columns[0]))
    )
    empty = printed(review_of(protocol=None))
    return replace(empty, heads=heads, lines=lines, paper=paper)


def test_a_few_narrow_columns_stand_in_portrait_in_large_type() -> None:
    fitted = fit(table_of([["Age", "3"]] * 5))
    assert (fitted.paper, fitted.size, len(fitted.parts)) == (Paper.PORTRAIT, 10.0, 1)


def test_more_columns_turn_the_page_then_make_the_type_smaller_then_part_the_table() -> None:
    found = [fit(table_of([["Subtype", "not accessible"]] * count)) for count in range(1, 30)]
    as_told = [(len(each.parts), each.paper is Paper.LANDSCAPE, -each.size) for each in found]
    whole = [each for each in as_told if each[0] == 1]
    assert whole == sorted(whole, key=lambda each: each[1:])
    assert {each.size for each in found if len(each.parts) == 1} >= {10.0, 8.0, 7.0}
    assert [len(each.parts) for each in found] == sorted(len(each.parts) for each in found)
    assert max(len(each.parts) for each in found) == 2
    assert all(7.0 <= each.size <= 9.0 for each in found if len(each.parts) > 1)


def test_the_form_may_lay_the_page() -> None:
    columns = [["Subtype", "not accessible"]] * 14
    landscape = fit(table_of(columns))
    assert (landscape.paper, len(landscape.parts)) == (Paper.LANDSCAPE, 1)
    portrait = fit(table_of(columns, Paper.PORTRAIT))
    assert (portrait.paper, len(portrait.parts)) == (Paper.PORTRAIT, 2)
    assert fit(table_of(columns[:2], Paper.LANDSCAPE)).paper is Paper.LANDSCAPE


def test_long_texts_get_the_room_and_a_giant_word_takes_no_other_column_its_own() -> None:
    long = "word " * 60
    (part,) = fit(table_of([["Age", "3"], ["Story", long], ["Outcome", "improved"]])).parts
    assert part.widths[3] > 3 * part.widths[2]
    fitted = fit(table_of([["Age", "3"], ["Story", GIANT], ["Outcome", "improved"]]))
    assert fitted.parts[0].widths[4] >= text_width("improved") * fitted.size + 2 * PADDING


def test_a_row_that_no_page_holds_may_be_broken() -> None:
    fitted = fit(table_of([["Story", "short", "many words " * 3000]]))
    assert fitted.tall == {1}


@pytest.mark.parametrize(
    ("text", "width"), [("", 0.0), ("症例", 2.0), ("e\u0301", text_width("e")), ("\u200d", 0.0), ("0000", 2.0)]
)
def test_widths_of_texts(text: str, width: float) -> None:
    assert text_width(text) == width


_WORDS = st.text(st.sampled_from("abcdefgh ij-klm症é"), max_size=60)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(_WORDS, min_size=4, max_size=4), min_size=1, max_size=25), st.sampled_from(Paper))
def test_every_column_stands_once_within_the_margins_and_holds_its_words(
    columns: list[list[str]], paper: Paper
) -> None:
    fitted = fit(table_of(columns, paper))
    assert [index for part in fitted.parts for index in part.columns] == list(range(len(columns)))
    assert paper is Paper.AUTO or fitted.paper is paper
    for part in fitted.parts:
        assert sum(part.widths) <= PAGE[fitted.paper][0] - 2 * MARGIN + 1
        for index, width in zip(part.columns, part.widths[2:], strict=True):
            words = [word for text in columns[index] for word in text.replace("-", "- ").replace("症", " ").split()]
            short = [text_width(word) for word in words if len(word) <= 12]
            assert width + 0.1 >= max(short, default=0) * fitted.size
