"""Reads the extraction form: the fields of a case, the tables, and the figure of the clinical course."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from casetable.curation.nodes import Node, read_nodes
from casetable.curation.shapes import (
    CASE_KEYS,
    ColumnShape,
    CourseFigureShape,
    FieldShape,
    FormShape,
    TableShape,
    fit,
    key_place,
)
from casetable.model import (
    Column,
    CourseFigure,
    Field,
    FieldType,
    Form,
    Layout,
    Paper,
    SortKey,
    Take,
)
from casetable.problems import Example, Place, Problem, Rule, did_you_mean, shown
from casetable.quantities import is_known_unit, read_number, read_reference

P101 = Rule(
    code="P101",
    name="faulty-form",
    summary="a field or column of the form cannot be used as it stands",
    why="Every cell of every case is read by the form.",
    fix="Mend the definition in curated/form.yaml.",
    example=Example(
        path="curated/form.yaml",
        good="    unit: year\n",
        bad="    unit: yeer\n",
        message="'yeer' is not a unit; expected one as ng/ml, month or mg/kg",
    ),
)
RULES = (P101,)

YEAR = "year"


def read_form(path: str, data: bytes) -> tuple[Form | None, tuple[Problem, ...]]:
    """Returns the extraction form; None where a definition in it is faulty, so that no cell is read by half a form."""
    node, problems = read_nodes(path, data)
    if node is None:
        return None, problems
    shape, faults = fit(FormShape, node)
    problems += faults
    if shape is None:
        return None, problems
    found: list[Problem] = []
    fields = {name: _field(name, below, node, found) for name, below in shape.fields.items()}
    form = Form(
        fields=fields,
        layout=_layout("", shape.table, fields, node, ("table",), found),
        further=tuple(
            _layout(name, below, fields, node, ("tables", name), found) for name, below in shape.tables.items()
        ),
        abbreviations=dict(shape.abbreviations),
        figure=_figure(shape.course, fields, node, found) if shape.course else None,
    )
    return (None if found else form), (*problems, *found)


def _layout(
    name: str,
    shape: TableShape,
    fields: dict[str, Field],
    node: Node,
    way: tuple[str, ...],
    found: list[Problem],
) -> Layout:
    columns = [
        _column(column, fields, key_place(node, *way, "columns", index), found)
        for index, column in enumerate(shape.columns)
    ]
    names: set[str] = set()
    for column in columns:
        if column.name in {"report", "case", *names}:
            message = f"the table has a column {shown(column.name)} already; expected another 'name'"
            found.append(P101.at(column.place, message, field=column.name))
        names.add(column.name)
    order = [SortKey(by=text.removeprefix("-").strip(), is_descending=text.startswith("-")) for text in shape.order]
    for index, key in enumerate(order):
        if key.by != YEAR:
            _require(fields, key.by, key_place(node, *way, "order", index), "order", found, f", and is not {YEAR!r}")
    if shape.group_by:
        _require(fields, shape.group_by, key_place(node, *way, "group_by"), "group_by", found)
    return Layout(
        columns=tuple(columns),
        name=name,
        title=shape.title or "",
        order=tuple(order),
        group_by=shape.group_by or "",
        paper=Paper(shape.paper),
        notes=tuple(shape.notes),
        place=key_place(node, *way),
    )


def _require(
    fields: dict[str, Field], name: str, place: Place, key: str, found: list[Problem], more: str = ""
) -> Field | None:
    if name not in fields:
        message = f"the form has no field {shown(name)}{more}"
        found.append(P101.at(place, message, field=key, hint=did_you_mean(name, fields)))
    return fields.get(name)


def _figure(shape: CourseFigureShape, fields: dict[str, Field], node: Node, found: list[Problem]) -> CourseFigure:
    for index, name in enumerate(shape.bars):
        place = key_place(node, "course", "bars", index)
        drawn = _require(fields, name, place, "bars", found)
        if drawn is not None and drawn.type is not FieldType.COURSES:
            found.append(
                P101.at(place, f"{name} has no courses of treatment; expected a field of type courses", field="bars")
            )
    for index, name in enumerate(shape.lines):
        place = key_place(node, "course", "lines", index)
        drawn = _require(fields, name, place, "lines", found)
        if drawn is not None and (drawn.type is not FieldType.NUMBER or not drawn.series):
            found.append(
                P101.at(place, f"{name} has no numbers over time; expected a number field with 'series'", field="lines")
            )
    is_for_all = shape.cases == ["all"]
    for index, name in enumerate(() if is_for_all else shape.cases):
        report, slash, case = name.partition("/")
        if not (report and slash and case):
            place = key_place(node, "course", "cases", index)
            found.append(
                P101.at(place, f"{shown(name)} is not a case as REPORT/CASE; expected one as doe-2020/1", field="cases")
            )
    return CourseFigure(
        bars=tuple(shape.bars),
        lines=tuple(shape.lines),
        zero=shape.zero or "",
        cases=() if is_for_all else tuple(shape.cases),
        is_for_all=is_for_all,
        place=key_place(node, "course"),
    )


def _field(name: str, shape: FieldShape, node: Node, found: list[Problem]) -> Field:
    place = node.at("fields").key_places.get(name, node.place)
    type_ = FieldType(shape.type)
    low: Decimal | None = None
    high: Decimal | None = None

    def told(key: str, message: str) -> None:
        found.append(P101.at(node.at("fields", name, key).place, message, field=name))

    if name in CASE_KEYS:
        told("", f"{shown(name)} is a word of every case; expected another name")
    if shape.unit and not is_known_unit(shape.unit):
        told("unit", f"{shown(shape.unit)} is not a unit; expected one as ng/ml, month or mg/kg")
    if (shape.unit or shape.range) and type_ is not FieldType.NUMBER:
        told("unit" if shape.unit else "range", f"a {type_} field has no unit or range; expected type number")
    if shape.range:
        limits = read_number(shape.range)
        if limits is None or limits.sign or limits.low == limits.high:
            told("range", f"{shown(shape.range)} is not a range as '0 to 120'")
        else:
            low, high = limits.low, limits.high
    if shape.reference and type_ is not FieldType.NUMBER:
        told("reference", f"a {type_} field has no reference range; expected type number")
    reference = read_reference(shape.reference or "")
    if shape.reference and reference is None:
        told("reference", f"{shown(shape.reference)} is not a range as '11 to 306' or '<280'")
    is_choice = type_ in (FieldType.CHOICE, FieldType.CHOICES)
    if is_choice and not shape.choices:
        told("choices", "a choice field lists no choices; expected 'choices', each with its printed forms")
    if shape.choices and not is_choice:
        told("choices", f"a {type_} field has no choices; expected type choice or choices")
    if (shape.drug or shape.parts) and type_ is not FieldType.COURSES:
        told("drug" if shape.drug else "parts", f"a {type_} field has no drug or parts; expected type courses")
    if shape.series and type_ is FieldType.COURSES:
        told("series", "courses are repeated by themselves; expected no 'series'")
    _forms_once(shape, told)
    return Field(
        name=name,
        label=shape.label,
        group=shape.group or "",
        type=type_,
        required=shape.required,
        unit=shape.unit or "",
        low=low,
        high=high,
        choices={choice: tuple(forms) for choice, forms in (shape.choices or {}).items()},
        series=shape.series,
        drug=shape.drug or "",
        parts=tuple(shape.parts),
        names=tuple(shape.names),
        identifies=shape.identifies or "",
        help=shape.help or "",
        reference=reference,
        place=place,
    )


def _forms_once(shape: FieldShape, told: Callable[[str, str], None]) -> None:
    owner: dict[str, str] = {}
    for choice, forms in (shape.choices or {}).items():
        for form in {choice.lower(), *(form.lower() for form in forms)}:
            if owner.setdefault(form, choice) != choice:
                told("choices", f"{shown(form)} is a printed form of both {shown(owner[form])} and {shown(choice)}")


def _column(shape: ColumnShape, fields: dict[str, Field], place: Place, found: list[Problem]) -> Column:
    field = fields.get(shape.field)
    take = Take(shape.take)
    name = shape.name or shape.field
    if field is None:
        message = f"the form has no field {shown(shape.field)}"
        found.append(P101.at(place, message, field=shape.field, hint=did_you_mean(shape.field, fields)))
    else:
        is_repeated = field.series or field.type is FieldType.COURSES
        if take is not Take.ALL and not is_repeated:
            found.append(P101.at(place, f"{field.name} is not repeated; expected no 'take'", field=name))
        if take in (Take.LOWEST, Take.HIGHEST) and field.type is not FieldType.NUMBER:
            found.append(
                P101.at(place, f"{field.name} has no numbers to compare; expected take first or last", field=name)
            )
        if shape.part and field.type is not FieldType.COURSES:
            found.append(P101.at(place, f"{field.name} has no courses; expected no 'part'", field=name))
    return Column(
        name=name,
        label=shape.label or (field.label if field else name),
        field=shape.field,
        take=take,
        part=shape.part or "",
        place=place,
        note=shape.note or "",
    )
