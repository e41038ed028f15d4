"""A field of an extraction as an editor shows it, cell by cell with a status each, and back as its file says it.

`rows_of` takes what a file says (`Node.plain()`) apart, `plain_of` puts together what a person made of it. What a person did
not change comes back as it was written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from casetable.curation.content import COURSE_TEXTS, joined_choices, split_choices
from casetable.curation.nodes import can_be_written
from casetable.errors import CasetableError
from casetable.model import COURSE_PARTS, REASONS, Field, FieldType, Status
from casetable.problems import joined, shown

# What stands beside a cell's value, in the order in which it is written.
CELL_TEXTS = ("unit", "when", "from", "reference", "reported", "where", "note")
STATUSES = (Status.REPORTED, Status.DERIVED, *REASONS, Status.CONFLICTING)
MAX_TEXT = 20_000
MAX_ROWS = 1_000
_REASONS = {reason.value: reason for reason in REASONS}


class EditError(CasetableError):
    """What was sent is no content of a field; nothing was written."""


class Kind(StrEnum):
    """What a field's editor is: one cell, cells over time, or courses of treatment."""

    CELL = "cell"
    SERIES = "series"
    COURSES = "courses"


@dataclass(frozen=True, slots=True, kw_only=True)
class CellRow:
    """One cell: its status (none while it is blank), its value as text, what stands beside it, and for a conflict its
    alternatives. `is_list` where several choices stood as a list."""

    status: Status | None = None
    value: str = ""
    texts: Mapping[str, str] = field(default_factory=dict)
    alternatives: tuple[CellRow, ...] = ()
    is_list: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseRow:
    """One course of treatment: its texts, and those parts that are cells of their own."""

    texts: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, CellRow] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """All of a field. `is_alone` where one cell stands for a whole series or all courses, as "not reported" does."""

    kind: Kind
    cells: tuple[CellRow, ...] = ()
    courses: tuple[CourseRow, ...] = ()
    is_alone: bool = False


def kind_of(about: Field) -> Kind:
    """Returns what the editor of a field is."""
    return Kind.COURSES if about.type is FieldType.COURSES else Kind.SERIES if about.series else Kind.CELL


# --- from the file ----------------------------------------------------------------------------------------------------


def rows_of(plain: object, kind: Kind) -> Rows | None:
    """Returns what a field says as rows, None where it is written in a way that only its file can show."""
    if plain is None:
        return Rows(kind=kind, cells=(CellRow(),), is_alone=True)
    try:
        if kind is Kind.CELL or not isinstance(plain, list):
            return Rows(kind=kind, cells=(_cell(plain),), is_alone=True)
        if kind is Kind.SERIES:
            return Rows(kind=kind, cells=tuple(_cell(each) for each in plain))
        return Rows(kind=kind, courses=tuple(_course(each) for each in plain))
    except _OddError:
        return None


class _OddError(Exception):
    """A cell of a shape that the editor does not show."""


def _cell(plain: object, *, may_conflict: bool = True) -> CellRow:
    if not isinstance(plain, dict):
        status, value, is_list = _value(plain)
        return CellRow(status=status, value=value, is_list=is_list)
    kinds = [key for key in ("value", "derived", "conflicting") if key in plain]
    if len(kinds) > 1 or set(plain) - {*kinds, *CELL_TEXTS}:
        raise _OddError
    texts = {key: _text(plain[key]) for key in CELL_TEXTS if plain.get(key) is not None}
    if kinds == ["conflicting"]:
        listed = plain["conflicting"]
        if not isinstance(listed, list) or not may_conflict:
            raise _OddError
        alternatives = tuple(_cell(each, may_conflict=False) for each in listed)
        return CellRow(status=Status.CONFLICTING, texts=texts, alternatives=alternatives)
    status, value, is_list = _value(plain[kinds[0]] if kinds else None)
    if kinds == ["derived"]:
        status = Status.DERIVED
    return CellRow(status=status, value=value, texts=texts, is_list=is_list)


def _value(plain: object) -> tuple[Status | None, str, bool]:
    if isinstance(plain, list):
        return Status.REPORTED, joined_choices([_text(each) for each in plain]), True
    text = _text(plain)
    if reason := _REASONS.get(" ".join(text.split()).lower()):
        return reason, "", False
    return (Status.REPORTED if text else None), text, False


def _course(plain: object) -> CourseRow:
    if not isinstance(plain, dict) or set(plain) - set(COURSE_TEXTS):
        raise _OddError
    parts = {key: _cell(plain[key]) for key in COURSE_PARTS if isinstance(plain.get(key), dict)}
    texts = {key: _text(plain[key]) for key in COURSE_TEXTS if key not in parts and plain.get(key) is not None}
    return CourseRow(texts=texts, parts=parts)


def _text(plain: object) -> str:
    if plain is None:
        return ""
    if not isinstance(plain, str):
        raise _OddError
    return " ".join(plain.split())


# --- to the file ------------------------------------------------------------------------------------------------------


def plain_of(sent: object, about: Field) -> object:
    """Returns what a person made of a field as its file says it; None where nothing is left of it.

    `sent` is what an editor sends: {"cells": [{"status", "value", "unit", …}]} or {"courses": [{"drug", …}]}, with
    {"alone": true} where one cell stands for all. Raises EditError for anything else.
    """
    sent = _mapping(sent, {"cells", "courses", "alone"}, "a field")
    kind = kind_of(about)
    cells = [_plain_cell(each, about) for each in _list(sent.get("cells", []), "cells")]
    if "courses" in sent:
        if kind is not Kind.COURSES or cells:
            raise EditError(f"{about.name}: courses of treatment were sent; expected cells")
        courses = [_plain_course(each) for each in _list(sent["courses"], "courses")]
        return [each for each in courses if each] or None
    if kind is Kind.CELL or sent.get("alone"):
        if len(cells) > 1:
            raise EditError(f"{about.name}: {len(cells)} cells were sent; expected one")
        return cells[0] if cells else None
    if kind is Kind.COURSES:
        raise EditError(f"{about.name}: cells were sent; expected courses of treatment")
    return [each for each in cells if each is not None] or None


def questions_of(sent: object) -> object:
    """Returns questions to the curators as the file holds them; `sent` is {"questions": [{"question", "answer"}]}."""
    found: list[dict[str, object]] = []
    for each in _list(_mapping(sent, {"questions"}, "questions").get("questions", []), "questions"):
        given = _mapping(each, {"question", "answer"}, "a question")
        question = _sent_text(given.get("question", ""), "question")
        answer = _sent_text(given.get("answer", ""), "answer")
        if question:
            found.append({"question": question, "answer": answer or None})
        elif answer:
            raise EditError("an answer has no question; expected one")
    return found or None


def _plain_cell(sent: object, about: Field | None, *, may_conflict: bool = True) -> object:
    sent = _mapping(sent, {"status", "value", "alternatives", *CELL_TEXTS}, "a cell")
    texts = {key: text for key in CELL_TEXTS if (text := _sent_text(sent.get(key, ""), key))}
    value = _sent_value(sent.get("value", ""), about)
    said = _sent_text(sent.get("status", ""), "status")
    if said and said not in {status.value for status in STATUSES}:
        raise EditError(f"{shown(said)} is no status of a cell; expected {joined(STATUSES)}")
    status = Status(said) if said else None
    if status is Status.CONFLICTING:
        listed = _list(sent.get("alternatives", []), "alternatives") if may_conflict else []
        alternatives = [_plain_cell(each, about, may_conflict=False) for each in listed]
        alternatives = [each for each in alternatives if each is not None]
        if len(alternatives) < 2:
            raise EditError("a conflict has fewer than two statements; expected two or more cells with a value each")
        texts.pop("from", None)
        return {"conflicting": alternatives, **texts}
    if status in REASONS:
        texts.pop("from", None)
        return {"value": status.value, **texts} if texts else status.value
    if status is Status.DERIVED:
        return {"derived": value, **texts} if value is not None or texts else None
    texts.pop("from", None)
    if value is None and not texts:
        return None
    return {"value": value, **texts} if texts else value


def _plain_course(sent: object) -> dict[str, object]:
    sent = _mapping(sent, set(COURSE_TEXTS), "a course")
    course: dict[str, object] = {}
    for key in COURSE_TEXTS:
        given = sent.get(key, "")
        if isinstance(given, dict) and key in COURSE_PARTS:
            plain = _plain_cell(given, None)
            if plain is not None:
                course[key] = plain
        elif text := _sent_text(given, key):
            course[key] = text
    return course


def _sent_value(given: object, about: Field | None) -> object:
    """Returns a value as the file holds it: of a field of several choices a list where there are several."""
    text = _sent_text(given, "value")
    if about is not None and about.type is FieldType.CHOICES and text:
        choices = split_choices(str(given).strip(), about.choices)
        return [" ".join(each.split()) for each in choices] if len(choices) > 1 else " ".join(choices[0].split())
    return text or None


def _sent_text(given: object, name: str) -> str:
    if not isinstance(given, str):
        raise EditError(f"'{name}' is no text; expected one")
    if len(given) > MAX_TEXT:
        raise EditError(f"'{name}' holds {len(given):,} characters; expected at most {MAX_TEXT:,}")
    if not can_be_written(given):
        raise EditError(f"'{name}' holds a character that is no text; expected letters, digits and signs")
    return " ".join(given.split())


def _mapping(given: object, keys: Iterable[str], what: str) -> dict[str, Any]:
    keys = set(keys)
    if not isinstance(given, dict) or not set(given) <= keys:
        raise EditError(f"{shown(given)} is no content of {what}; expected keys of {joined(sorted(keys), 'and')}")
    return given


def _list(given: object, name: str) -> list[Any]:
    if not isinstance(given, list) or len(given) > MAX_ROWS:
        raise EditError(f"'{name}' is no list of at most {MAX_ROWS:,}; expected one")
    return given


def is_same(one: object, other: object) -> bool:
    """Whether two plain values say the same: blanks within a text do not count, nor does a list of one choice."""
    return settled(one) == settled(other)


def settled(plain: object) -> object:
    """Returns what a plain value says: its texts on one line each, without what is blank."""
    if isinstance(plain, str):
        return " ".join(plain.split()) or None
    if isinstance(plain, list):
        return [settled(each) for each in plain]
    if isinstance(plain, dict):
        return {key: said for key, each in plain.items() if (said := settled(each)) is not None}
    return plain


def told_lines(plain: object) -> list[str]:
    """Returns what a field says as lines for a reader, one for each cell or course."""
    listed = plain if isinstance(plain, list) else [plain]
    return [_told(each) for each in listed]


def _told(plain: object) -> str:
    if plain is None:
        return "(nothing)"
    if isinstance(plain, list):
        return "; ".join(map(_told, plain))
    if isinstance(plain, dict):
        return ", ".join(f"{key}: {_told(each)}" for key, each in plain.items())
    return " ".join(str(plain).split())
