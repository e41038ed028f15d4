"""Reads the cells of a case from nodes, as the form types them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal

from casetable.curation.nodes import Node
from casetable.model import (
    COURSE_PARTS,
    REASONS,
    Cell,
    Course,
    Entry,
    Field,
    FieldType,
    Number,
    Status,
    plain_number,
)
from casetable.problems import Example, Place, Problem, Rule, did_you_mean, joined, shown
from casetable.quantities import convert, is_known_unit, read_number, read_reference, unit_expression

_REPORT = "curated/reports/doe-2020.yaml"

E101 = Rule(
    code="E101",
    name="incomplete-cell",
    summary="a required cell of an eligible case is missing, or a cell is blank",
    why="A blank can mean that the report is silent, that nobody looked, or that the value was lost; "
    "a denominator needs to know which.",
    fix=f"Write the value, or why there is none: {joined(REASONS)}.",
    example=Example(
        path=_REPORT,
        good="    sex: female\n",
        bad="",
        message=f"case 1: has no cell; expected a value, or {joined(REASONS)}",
    ),
)
E102 = Rule(
    code="E102",
    name="unknown-field",
    summary="a case has a cell for a field that the form does not have",
    why="The cell would not reach the table.",
    fix="Correct the field's name, or add the field to curated/form.yaml.",
    example=Example(
        path=_REPORT,
        good="    sex: female\n",
        bad="    sex: female\n    sexx: female\n",
        message="case 1: the form has no field 'sexx'",
    ),
)
E103 = Rule(
    code="E103",
    name="not-a-number",
    summary="a cell of a number field is not a number",
    why="It can be neither converted nor compared.",
    fix="Write digits with a decimal point, a range (92-93) or a bound (<280); keep the printed form in `reported`.",
    example=Example(
        path=_REPORT,
        good="    age_years: 3\n",
        bad="    age_years: three\n",
        message="case 1: 'three' is not a number as 3, 12.5, 92-93 or <280",
    ),
)
E104 = Rule(
    code="E104",
    name="not-a-choice",
    summary="a cell is none of the choices that the form lists",
    why="Spelling variants of one choice would be counted as several.",
    fix="Write one of the choices; a new one is added to curated/form.yaml.",
    example=Example(
        path=_REPORT,
        good="    sex: female\n",
        bad="    sex: femail\n",
        message="case 1: 'femail' is not female or male",
    ),
)
E105 = Rule(
    code="E105",
    name="out-of-range",
    summary="a number is outside the range that the form gives",
    why="Mostly a slip of a digit or of the unit.",
    fix="Correct the number or its unit; if the report is right, widen the range in curated/form.yaml.",
    example=Example(
        path=_REPORT,
        good="    age_years: 3\n",
        bad="    age_years: 333\n",
        message="case 1: 333 year is not within 0 to 120 year",
    ),
)
E106 = Rule(
    code="E106",
    name="bad-unit",
    summary="a cell's unit is unknown or cannot be converted to the form's",
    why="A value in another unit is another value.",
    fix="Write the unit as the report prints it, in SI symbols (ng/ml, µg/l, mg/kg, month).",
    example=Example(
        path=_REPORT,
        good="    age_years: 3\n",
        bad="    age_years: {value: 3, unit: kg}\n",
        message="case 1: 'kg' cannot be converted to year",
    ),
)
E107 = Rule(
    code="E107",
    name="malformed-cell",
    summary="a cell has not the form of a cell",
    why="What it says of the case cannot be known.",
    fix="Write a plain value, a reason, or a mapping with value, unit, reported, where, note; "
    "`{derived: VALUE, from: TEXT}`; `{conflicting: [CELL, CELL]}`; a repeated field is a list of such mappings, each with "
    "`when`; a course of treatment is a mapping with drug, dose, unit, route, schedule, start, stop, count.",
    example=Example(
        path=_REPORT,
        good="    age_years: 3\n",
        bad="    age_years: {derived: 3}\n",
        message="case 1: a derived value does not say what it follows from; expected 'from'",
    ),
)

E115 = Rule(
    code="E115",
    name="not-a-reason",
    summary="a text cell says that there is no value, in words that are no reason",
    why="It would be counted as a value of the report.",
    fix=f"Write why there is no value: {joined(REASONS)}.",
    example=Example(
        path=_REPORT,
        good="    country: China\n",
        bad="    country: n/a\n",
        message=f"case 1: 'n/a' is neither a value nor a reason; expected {joined(REASONS)}",
    ),
)

RULES = (E101, E102, E103, E104, E105, E106, E107, E115)

CELL_KEYS = ("value", "unit", "reported", "where", "note", "when", "reference", "derived", "from", "conflicting")
COURSE_KEYS = (*COURSE_PARTS, "unit", "reported", "where", "note")
NUMBER_PARTS = frozenset(["dose", "count"])
_REASON_WORDS = {reason.value: reason for reason in REASONS}


class CellReader:
    """Reads the cells of one file's cases and collects their faults in `problems`."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def entry(self, node: Node, field: Field, case: str) -> Entry | None:
        """Returns a case's entry for a field, or None where it has a fault (which is then in `problems`)."""
        before = len(self.problems)
        told = _Told(self.problems, field, f"case {case}: " if case else "")
        if field.type is FieldType.COURSES:
            entry = _courses(node, field, told)
        elif field.series:
            entry = _series(node, field, told)
        else:
            cell = _cell(node, field, told)
            entry = Entry(place=node.place, cells=(cell,)) if cell else None
        return entry if len(self.problems) == before else None


class _Told:
    """Adds problems of one field of one case."""

    def __init__(self, problems: list[Problem], field: Field, lead: str) -> None:
        self._problems, self._field, self._lead = problems, field.name, lead

    def __call__(self, rule: Rule, place: Place, message: str, hint: str = "") -> None:
        self._problems.append(rule.at(place, self._lead + message, field=self._field, hint=hint))


def not_accessible(place: Place) -> Entry:
    """Returns the entry of any field that `otherwise: not accessible` speaks for."""
    return Entry(place=place, cells=(Cell(status=Status.NOT_ACCESSIBLE, place=place),))


def _series(node: Node, field: Field, told: _Told) -> Entry | None:
    if node.items is None:
        cell = _cell(node, field, told)
        if cell is None:
            return None
        if cell.value is not None or cell.status is Status.CONFLICTING:
            told(E107, node.place, "is repeated over time; expected a list of cells, each with 'when', or a reason")
            return None
        return Entry(place=node.place, cells=(cell,))
    cells = []
    for item in node.items:
        cell = _cell(item, field, told)
        if cell is None:
            continue
        if not cell.when:
            told(
                E107, item.place, "does not say when; expected 'when', a point of the course as 'admission' or 'day 20'"
            )
        cells.append(cell)
    if not node.items:
        told(E101, node.place, f"is an empty list; expected a value, or {joined(REASONS)}")
    return Entry(place=node.place, cells=tuple(cells))


def _courses(node: Node, field: Field, told: _Told) -> Entry | None:
    if node.items is None:
        cell = _cell(node, field, told) if node.pairs is None else None
        if cell is not None and cell.value is None:
            return Entry(place=node.place, cells=(cell,))
        if cell is not None or node.pairs is not None:
            told(E107, node.place, "holds courses of treatment; expected a list of courses, or a reason")
        return None
    courses = [course for item in node.items if (course := _course(item, field, told))]
    if not node.items:
        told(E101, node.place, f"is an empty list; expected courses, or {joined(REASONS)}")
    return Entry(place=node.place, courses=tuple(courses))


_PART_FIELDS = {
    part: Field(
        name=part,
        label=part,
        group="",
        type=FieldType.NUMBER if part in NUMBER_PARTS else FieldType.TEXT,
        required=False,
        place=Place(path=""),
    )
    for part in COURSE_PARTS
}


def _course(node: Node, field: Field, told: _Told) -> Course | None:
    if node.pairs is None:
        told(E107, node.place, f"{node.kind} stands here; expected a course as a mapping with {joined(COURSE_PARTS)}")
        return None
    _unknown_keys(node, COURSE_KEYS, told)
    common = {key: _plain_text(node, key, told) for key in ("unit", "reported", "where", "note")}
    parts = {}
    for part in COURSE_PARTS:
        below = node.pairs.get(part)
        if below is None:
            if part == "drug" and field.drug:
                parts[part] = Cell(
                    status=Status.REPORTED,
                    place=node.place,
                    value=field.drug,
                    reported=common["reported"],
                    where=common["where"],
                )
            elif part == "drug" or part in field.parts:
                told(E101, node.place, f"the course has no '{part}'; expected it, or {joined(REASONS)}")
            continue
        cell = _cell(below, _PART_FIELDS[part], told, unit=common["unit"] if part == "dose" else "", is_part=True)
        if cell is None:
            continue
        if cell.status is Status.REPORTED and not (cell.reported or cell.where):
            cell = _with_place(cell, common["reported"], common["where"])
        parts[part] = cell
    return Course(parts=parts, place=node.place, note=common["note"])


def _with_place(cell: Cell, reported: str, where: str) -> Cell:
    return Cell(
        status=cell.status,
        place=cell.place,
        value=cell.value,
        unit=cell.unit,
        reported=reported,
        where=where,
        note=cell.note,
    )


def _cell(node: Node, field: Field, told: _Told, *, unit: str = "", is_part: bool = False) -> Cell | None:
    """Reads one cell; None where it has no value and no reason, which is then told."""
    if node.is_blank:
        told(E101, node.place, f"is blank; expected a value, or {joined(REASONS)}")
        return None
    if node.pairs is None:
        return _valued(node, field, told, Status.REPORTED, {"unit": unit}, is_part=is_part)
    _unknown_keys(node, CELL_KEYS, told)
    kinds = [key for key in ("value", "derived", "conflicting") if key in node.pairs]
    if len(kinds) != 1:
        found = joined(kinds, "and") if kinds else "none of them"
        told(E107, node.place, f"has {found}; expected one of value, derived and conflicting")
        return None
    texts = {key: _plain_text(node, key, told) for key in ("unit", "reported", "where", "note", "when", "from")}
    texts["unit"] = texts["unit"] or unit
    below = node.pairs[kinds[0]]
    reference = _reference(node, field, told, texts["unit"], is_part=is_part)
    if kinds == ["conflicting"]:
        conflict = _conflict(node, below, field, told, texts, is_part=is_part)
        return replace(conflict, reference=reference) if conflict else None
    if below.is_blank:
        told(E101, below.place, f"is blank; expected a value, or {joined(REASONS)}")
        return None
    is_derived = kinds == ["derived"]
    if is_derived and not texts["from"]:
        told(E107, node.place, "a derived value does not say what it follows from; expected 'from'")
    if texts["from"] and not is_derived:
        told(E107, node.place, "only a derived value has 'from'; expected 'derived' in place of 'value'")
    status = Status.DERIVED if is_derived else Status.REPORTED
    unit_node = node.pairs.get("unit")
    cell = _valued(
        below, field, told, status, texts, is_part=is_part, unit_place=unit_node.place if unit_node else None
    )
    return replace(cell, reference=reference) if cell else None


def _reference(node: Node, field: Field, told: _Told, unit: str, *, is_part: bool) -> Number | None:
    """Returns the reference range of a cell in the form's unit; it is written in the cell's own."""
    below = (node.pairs or {}).get("reference")
    if below is None or below.is_blank:
        return None
    if field.type is not FieldType.NUMBER or is_part:
        told(
            E107,
            node.key_places["reference"],
            "only a number of the form has a reference range; expected no 'reference'",
        )
        return None
    found = read_reference(below.text or "")
    if found is None:
        told(E107, below.place, f"{below.kind} is not a range as '11-306' or '<280'")
        return None
    return convert(found, unit, field.unit) if unit and field.unit else found


def _conflict(
    node: Node, below: Node, field: Field, told: _Told, texts: dict[str, str], *, is_part: bool
) -> Cell | None:
    if below.items is None or len(below.items) < 2:
        told(E107, below.place, f"{below.kind} stands after 'conflicting'; expected a list of two or more cells")
        return None
    for item in below.items:
        if item.pairs is not None and "conflicting" in item.pairs:
            told(E107, item.place, "a conflict stands within a conflict; expected the alternatives in one list")
            return None
    cells = [_cell(item, field, told, unit=texts["unit"], is_part=is_part) for item in below.items]
    if not all(cells):
        return None
    return Cell(
        status=Status.CONFLICTING,
        place=node.place,
        unit=field.unit,
        note=texts["note"],
        when=texts["when"],
        where=texts["where"],
        alternatives=tuple(cell for cell in cells if cell),
    )


def _valued(
    node: Node,
    field: Field,
    told: _Told,
    status: Status,
    texts: dict[str, str],
    *,
    is_part: bool,
    unit_place: Place | None = None,
) -> Cell | None:
    reason = _REASON_WORDS.get((node.text or "").strip().lower()) if node.items is None else None
    value: Number | str | tuple[str, ...] | None = None
    unit = ""
    if reason is not None:
        if status is Status.DERIVED:
            told(E107, node.place, f"'{reason}' is not a derived value; expected a value")
        status = reason
    else:
        value = _value(node, field, told)
        if value is None:
            return None
        if isinstance(value, Number):
            converted = _in_unit(value, texts.get("unit", ""), unit_place or node.place, field, told, is_part=is_part)
            if converted is None:
                return None
            entered = f"{value} {texts.get('unit', '')}".strip()
            if value != converted[0]:
                texts = {**texts, "note": "; ".join(t for t in (f"entered as {entered}", texts.get("note", "")) if t)}
            value, unit = converted
    return Cell(
        status=status,
        place=node.place,
        value=value,
        unit=unit,
        reported=texts.get("reported", ""),
        where=texts.get("where", ""),
        note=texts.get("note", ""),
        source=texts.get("from", ""),
        when=texts.get("when", ""),
    )


def _value(node: Node, field: Field, told: _Told) -> Number | str | tuple[str, ...] | None:
    if node.pairs is not None:
        told(E107, node.place, "a mapping stands where a value is due; expected a plain value")
        return None
    if node.items is not None:
        if field.type is FieldType.CHOICES:
            if not node.items:
                told(E101, node.place, f"is an empty list; expected a choice, or {joined(REASONS)}")
            chosen = [_choice(item, field, told) for item in node.items]
            return tuple(dict.fromkeys(c for c in chosen if c)) or None
        told(E107, node.place, "a list stands where one value is due; expected a plain value")
        return None
    text = " ".join((node.text or "").split())
    if field.type is FieldType.NUMBER:
        number = read_number(text)
        if number is None:
            told(E103, node.place, f"{shown(text)} is not a number as 3, 12.5, 92-93 or <280", _number_hint(text))
        return number
    if field.type is FieldType.CHOICE:
        return _choice(node, field, told)
    if field.type is FieldType.CHOICES:
        choice = _choice(node, field, told)
        return (choice,) if choice else None
    near = did_you_mean(text, _REASON_WORDS, likeness=0.9)
    if text.lower() in _NO_REASON or near:
        told(E115, node.place, f"{shown(text)} is neither a value nor a reason; expected {joined(REASONS)}", near)
        return None
    return text


def _number_hint(text: str) -> str:
    if read_number(text.replace(",", "")):
        return "write a decimal with a point (1.5), and thousands without a comma (1500)"
    found = re.fullmatch(r"(.*\d)\s*([A-Za-zµμ%/]+)", text)
    if (
        found
        and read_number(found[1])
        and (unit := next((u for u in (found[2], found[2].rstrip("s")) if is_known_unit(u)), ""))
    ):
        return f"write {{value: {found[1]}, unit: {unit}}}"
    return ""


# What people write for a reason; in a text field it would pass for a value.
_NO_REASON = frozenset(
    [
        "n/a",
        "na",
        "n.a.",
        "nr",
        "n.r.",
        "nd",
        "unknown",
        "-",
        "–",
        "—",
        "?",
        "not available",
        "not stated",
        "not given",
        "not known",
        "not mentioned",
        "missing",
        "tbd",
        "todo",
        "null",
        "nil",
    ]
)


def _choice(node: Node, field: Field, told: _Told) -> str | None:
    text = " ".join((node.text or "").split())
    if node.items is None and node.pairs is None and text in field.choices:
        return text
    meant = next(
        (c for c, forms in field.choices.items() if text.lower() in {form.lower() for form in (c, *forms)}), ""
    )
    hint = f"did you mean {shown(meant)}?" if meant else did_you_mean(text, field.choices)
    found = shown(text) if text else node.kind
    told(E104, node.place, f"{found} is not {joined(field.choices)}", hint)
    return None


def _in_unit(
    number: Number, unit: str, place: Place, field: Field, told: _Told, *, is_part: bool
) -> tuple[Number, str] | None:
    """Returns the number in the form's unit, checked against its range; a course's dose keeps its own unit."""
    if is_part:
        if unit and not is_known_unit(unit):
            told(E106, place, f"{shown(unit)} is not a unit; expected one as mg/kg or g/day")
            return None
        if field.name == "dose" and not unit:
            told(E106, place, f"{number} has no unit; expected 'unit', as mg/kg")
            return None
        return number, unit
    if unit and not field.unit:
        told(E106, place, f"{shown(unit)} stands here, but the field has no unit; expected none")
        return None
    if unit and not unit_expression(unit):
        told(E106, place, f"{shown(unit)} is not a unit; expected one that converts to {field.unit}")
        return None
    converted = convert(number, unit, field.unit) if unit else number
    if converted is None:
        told(E106, place, f"{shown(unit)} cannot be converted to {field.unit}")
        return None
    if _is_outside(converted, field.low, field.high):
        limits = f"{_limit(field.low)} to {_limit(field.high)} {field.unit}".rstrip()
        told(E105, place, f"{f'{converted} {field.unit}'.rstrip()} is not within {limits}")
    return converted, field.unit


def _is_outside(number: Number, low: Decimal | None, high: Decimal | None) -> bool:
    return (low is not None and number.low < low) or (high is not None and number.high > high)


def _limit(limit: Decimal | None) -> str:
    return "any" if limit is None else plain_number(limit)


def _plain_text(node: Node, key: str, told: _Told) -> str:
    below = (node.pairs or {}).get(key)
    if below is None or below.is_blank:
        return ""
    if below.text is None:
        told(E107, below.place, f"{below.kind} stands after '{key}'; expected text")
        return ""
    return " ".join(below.text.split())


def _unknown_keys(node: Node, keys: Iterable[str], told: _Told) -> None:
    keys = tuple(keys)
    for key in node.pairs or ():
        if key not in keys:
            place = node.key_places[key]
            told(E107, place, f"{shown(key)} is not a key here; expected {joined(keys)}", did_you_mean(key, keys))
