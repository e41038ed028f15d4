"""A field as an editor shows it: rows of what the file says, and the file's words of what a person made of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casetable.curation.editor import (
    CellRow,
    CourseRow,
    EditError,
    Kind,
    Rows,
    is_same,
    kind_of,
    plain_of,
    questions_of,
    rows_of,
    told_lines,
)
from casetable.model import Field, FieldType, Status
from casetable.problems import Place


def field(kind: FieldType = FieldType.TEXT, **more: object) -> Field:
    return Field(name="skin", label="Skin", group="", type=kind, required=True, place=Place(path=""), **more)  # type: ignore[arg-type]


TEXT, COURSES = field(), field(FieldType.COURSES)
SERIES = field(series=True)
CHOICES = field(FieldType.CHOICES, choices={"rash": (), "fever": (), "a; b": ()})


@pytest.mark.parametrize(
    ("plain", "expected"),
    [
        (None, CellRow()),
        ("rash", CellRow(status=Status.REPORTED, value="rash")),
        ("Not  Reported", CellRow(status=Status.NOT_REPORTED)),
        ({"value": "3", "unit": "g"}, CellRow(status=Status.REPORTED, value="3", texts={"unit": "g"})),
        ({"value": "unclear", "note": "x"}, CellRow(status=Status.UNCLEAR, texts={"note": "x"})),
        ({"derived": "3", "from": "x"}, CellRow(status=Status.DERIVED, value="3", texts={"from": "x"})),
        ({"value": None, "where": "x"}, CellRow(texts={"where": "x"})),
        (
            {"conflicting": ["4", {"value": "6"}], "note": "x"},
            CellRow(
                status=Status.CONFLICTING,
                texts={"note": "x"},
                alternatives=(
                    CellRow(status=Status.REPORTED, value="4"),
                    CellRow(status=Status.REPORTED, value="6"),
                ),
            ),
        ),
        (["rash", "fever"], CellRow(status=Status.REPORTED, value="rash; fever", is_list=True)),
    ],
)
def test_a_cell_is_shown_with_its_status(plain: object, expected: CellRow) -> None:
    assert rows_of(plain, Kind.CELL) == Rows(kind=Kind.CELL, cells=(expected,), is_alone=True)


@pytest.mark.parametrize(
    "odd",
    [
        {"value": "3", "derived": "4"},
        {"value": "3", "colour": "red"},
        {"value": {"x": "y"}},
        {"conflicting": "3"},
        {"conflicting": [{"conflicting": ["1", "2"]}, "3"]},
        {"value": "3", "note": ["x"]},
    ],
)
def test_a_cell_of_another_shape_is_left_to_its_file(odd: object) -> None:
    assert rows_of(odd, Kind.CELL) is None
    assert rows_of([odd], Kind.SERIES) is None


def test_a_reason_stands_for_a_whole_series_or_all_courses() -> None:
    reason = CellRow(status=Status.NOT_REPORTED)
    assert rows_of("not reported", Kind.SERIES) == Rows(kind=Kind.SERIES, cells=(reason,), is_alone=True)
    assert rows_of("not reported", Kind.COURSES) == Rows(kind=Kind.COURSES, cells=(reason,), is_alone=True)
    courses = [{"drug": "a", "dose": {"value": "unclear", "note": "x"}}]
    assert rows_of(courses, Kind.COURSES) == Rows(
        kind=Kind.COURSES,
        courses=(CourseRow(texts={"drug": "a"}, parts={"dose": CellRow(status=Status.UNCLEAR, texts={"note": "x"})}),),
    )


@pytest.mark.parametrize(
    ("sent", "about", "expected"),
    [
        ({"cells": [{"status": "reported", "value": "rash"}]}, TEXT, "rash"),
        ({"cells": [{"status": "reported", "value": " a \n b "}]}, TEXT, "a b"),
        ({"cells": [{"status": "reported"}]}, TEXT, None),
        ({"cells": []}, TEXT, None),
        ({"cells": [{"status": "unclear", "value": "rash"}]}, TEXT, "unclear"),
        ({"cells": [{"status": "unclear", "from": "y", "note": "x"}]}, TEXT, {"value": "unclear", "note": "x"}),
        ({"cells": [{"status": "reported", "value": "3", "where": "x"}]}, TEXT, {"value": "3", "where": "x"}),
        ({"cells": [{"status": "reported", "where": "x"}]}, TEXT, {"value": None, "where": "x"}),
        ({"cells": [{"status": "derived", "value": "3", "from": "y"}]}, TEXT, {"derived": "3", "from": "y"}),
        (
            {"cells": [{"status": "conflicting", "alternatives": [{"value": "4"}, {"value": "6", "where": "x"}, {}]}]},
            TEXT,
            {"conflicting": ["4", {"value": "6", "where": "x"}]},
        ),
        (
            {"cells": [{"value": "a", "when": "day 1"}, {"status": "reported"}, {"value": "b"}]},
            SERIES,
            [{"value": "a", "when": "day 1"}, "b"],
        ),
        ({"cells": [{"status": "not reported"}], "alone": True}, SERIES, "not reported"),
        ({"courses": [{"drug": "a", "dose": "3", "unit": ""}, {}]}, COURSES, [{"drug": "a", "dose": "3"}]),
        ({"courses": [{"drug": "a", "dose": {"status": "unclear"}}]}, COURSES, [{"drug": "a", "dose": "unclear"}]),
        ({"courses": []}, COURSES, None),
        ({"cells": [{"value": "rash; fever"}]}, CHOICES, ["rash", "fever"]),
        ({"cells": [{"value": "a; b"}]}, CHOICES, "a; b"),
    ],
)
def test_what_a_person_made_of_a_field_is_what_its_file_says(sent: object, about: Field, expected: object) -> None:
    assert plain_of(sent, about) == expected


@pytest.mark.parametrize(
    ("sent", "about", "message"),
    [
        ([], TEXT, r"'\[\]' is no content of a field; expected keys of alone, cells and courses"),
        ({"cells": [{"colour": "red"}]}, TEXT, "is no content of a cell"),
        ({"cells": "x"}, TEXT, "'cells' is no list of at most 1,000; expected one"),
        ({"cells": [{}] * 1001}, SERIES, "'cells' is no list of at most 1,000"),
        ({"cells": [{"value": 3}]}, TEXT, "'value' is no text; expected one"),
        ({"cells": [{"value": "x" * 20_001}]}, TEXT, "'value' holds 20,001 characters; expected at most 20,000"),
        ({"cells": [{"note": "a\x00b"}]}, TEXT, "'note' holds a character that is no text"),
        ({"cells": [{"value": "\ud800"}]}, TEXT, "'value' holds a character that is no text"),
        (
            {"cells": [{"status": "maybe"}]},
            TEXT,
            "'maybe' is no status of a cell; expected reported, derived, not reported,",
        ),
        (
            {"cells": [{"status": "conflicting", "alternatives": [{"value": "3"}]}]},
            TEXT,
            "a conflict has fewer than two statements",
        ),
        ({"cells": [{}, {}]}, TEXT, "skin: 2 cells were sent; expected one"),
        ({"courses": []}, TEXT, "skin: courses of treatment were sent; expected cells"),
        ({"cells": [{"value": "x"}]}, COURSES, "skin: cells were sent; expected courses of treatment"),
        ({"courses": [{"drug": ["x"]}]}, COURSES, "'drug' is no text; expected one"),
        ({"courses": [{"dose": {"colour": "x"}}]}, COURSES, "is no content of a cell"),
    ],
)
def test_anything_else_is_refused(sent: object, about: Field, message: str) -> None:
    with pytest.raises(EditError, match=message):
        plain_of(sent, about)


def test_questions() -> None:
    assert questions_of({"questions": [{"question": "why?", "answer": ""}, {"question": " ", "answer": ""}]}) == [
        {"question": "why?", "answer": None}
    ]
    assert questions_of({"questions": []}) is None
    with pytest.raises(EditError, match="an answer has no question"):
        questions_of({"questions": [{"question": "", "answer": "so"}]})


def test_what_is_said_in_lines() -> None:
    assert told_lines([{"value": "3", "note": None}, "x"]) == ["value: 3, note: (nothing)", "x"]
    assert told_lines(None) == ["(nothing)"]


# --- there and back -----------------------------------------------------------------------------------------------------

WORDS = st.sampled_from(["rash", "3", "a b", "x; y", "1,271.4 ng/ml", "ü"])
REASONED = st.one_of(WORDS, st.sampled_from(["not reported", "unclear"]))
CELL = st.one_of(
    REASONED,
    st.fixed_dictionaries(
        {"value": REASONED, "where": WORDS}, optional=dict.fromkeys(("unit", "when", "reported", "note"), WORDS)
    ),
    st.fixed_dictionaries({"derived": WORDS, "from": WORDS}, optional={"note": WORDS}),
)
CONFLICT = st.fixed_dictionaries({"conflicting": st.lists(CELL, min_size=2, max_size=3)}, optional={"note": WORDS})
COURSE = st.fixed_dictionaries(
    {"drug": WORDS}, optional={"dose": st.one_of(WORDS, st.fixed_dictionaries({"value": REASONED, "note": WORDS}))}
)


def sent_cell(row: CellRow) -> dict[str, object]:
    """What the page sends of a row that nobody touched."""
    sent: dict[str, object] = {
        "status": row.status.value if row.status else "reported",
        "value": row.value,
        **row.texts,
    }
    if row.alternatives:
        sent["alternatives"] = [sent_cell(each) for each in row.alternatives]
    return sent


def sent_of(rows: Rows) -> dict[str, object]:
    if rows.courses:
        return {
            "courses": [
                {**course.texts, **{key: sent_cell(cell) for key, cell in course.parts.items()}}
                for course in rows.courses
            ]
        }
    return {"cells": [sent_cell(row) for row in rows.cells], "alone": rows.is_alone}


@given(st.one_of(CELL, CONFLICT))
def test_a_cell_that_nobody_touched_comes_back(plain: object) -> None:
    rows = rows_of(plain, kind_of(TEXT))
    assert rows is not None
    assert is_same(plain_of(sent_of(rows), TEXT), plain)


@given(st.one_of(REASONED, st.lists(st.one_of(CELL, CONFLICT), min_size=1, max_size=4)))
def test_a_series_that_nobody_touched_comes_back(plain: object) -> None:
    rows = rows_of(plain, kind_of(SERIES))
    assert rows is not None
    assert is_same(plain_of(sent_of(rows), SERIES), plain)


@given(st.lists(COURSE, min_size=1, max_size=3))
def test_courses_that_nobody_touched_come_back(plain: list[object]) -> None:
    rows = rows_of(plain, kind_of(COURSES))
    assert rows is not None
    assert is_same(plain_of(sent_of(rows), COURSES), plain)
