"""JSON Schema of every hand-written file, for editors: from the shapes, and for an extraction from the review's form.

Scalars are typed by casetable, not by YAML. A YAML server takes `3` for a number and, by YAML 1.1, `no` for false; so a
schema takes what the readers take however it was typed there. It may take more: ranges, units and all that hangs on
other files are for `casetable check`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from casetable.curation import shapes
from casetable.curation.cells import CELL_KEYS, COURSE_KEYS, NUMBER_PARTS
from casetable.curation.edits import wanted
from casetable.model import COURSE_PARTS, REASONS, Field, FieldType, Form
from casetable.quantities import NUMBER_PATTERN

DIALECT = "https://json-schema.org/draft/2020-12/schema"

# Every hand-written file by the name of its schema: its shape, and what it is.
SHAPES: Mapping[str, tuple[type[shapes.Shape], str]] = {
    "review": (shapes.ProtocolShape, "the protocol"),
    "strategy": (shapes.StrategyShape, "a strategy, or records found by another method"),
    "form": (shapes.FormShape, "the extraction form"),
    "screening": (shapes.ScreeningShape, "decisions on records and reports"),
    "duplicates": (shapes.RulingsShape, "rulings on duplicates"),
    "overlaps": (shapes.OverlapsShape, "rulings on cases that may be one patient"),
    "notices": (shapes.AcknowledgmentsShape, "notices about reports that somebody knows of"),
    "claims": (shapes.ClaimsShape, "sentences of the manuscript, and numbers by name"),
    "report": (shapes.ReportShape, "the extraction of a report, by the review's form"),
}
# Its cases hold the fields of the form.
REPORT = "report"

Schema = dict[str, Any]


def write_schema(name: str, form: Form | None = None) -> bytes:
    """Returns the schema of that name (draft 2020-12); that of an extraction needs the form."""
    shape, title = SHAPES[name]
    body: Schema = _Generator(by_alias=False).generate(_core(shape), mode="validation")
    body = _untitled(body)
    # The version of the file stands beside what its shape holds.
    body["properties"] = {"schema": {"enum": [int(shapes.SCHEMA), shapes.SCHEMA]}, **body["properties"]}
    body["required"] = ["schema", *body.get("required", [])]
    if name == REPORT:
        assert form is not None, "an extraction is typed by a form"  # noqa: S101
        _with_cells(body, form)
    told = {"$schema": DIALECT, "title": f"casetable: {title}", **body}
    return (json.dumps(told, ensure_ascii=False, indent=1) + "\n").encode()


def _core(shape: type[shapes.Shape]) -> core_schema.CoreSchema:
    return shape.__pydantic_core_schema__


# --- from the shapes --------------------------------------------------------------------------------------------------

# What a reader takes for no value: nothing, null, ~, and quotes around nothing.
_BLANK: Schema = {"type": ["null", "string"], "pattern": r"^\s*$"}
_TEXT: Schema = {"type": ["string", "number", "boolean"], "pattern": r"\S"}
_OPTIONAL_TEXT: Schema = {"type": ["string", "number", "boolean", "null"]}


class _Generator(GenerateJsonSchema):
    """What pydantic makes of the shapes, but for scalars, blanks and short forms, of which it knows only the code."""

    def function_before_schema(self, schema: core_schema.BeforeValidatorFunctionSchema) -> JsonSchemaValue:
        function = schema["function"]["function"]
        if isinstance(function, shapes.Kind):
            return _scalar(function)
        inner = self.generate_inner(schema["schema"])
        if function in (shapes.blank_list, shapes.blank_mapping):
            return _any_of(inner, _BLANK)
        if function in (shapes.short_column, shapes.short_event):
            return _any_of(_TEXT, inner)
        return inner

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return _any_of(self.generate_inner(schema["schema"]), _BLANK)

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        # An editor would write a default into the file.
        return self.generate_inner(schema["schema"])

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        keys, values = schema.get("keys_schema"), schema.get("values_schema")
        return {
            "type": "object",
            **({"propertyNames": self.generate_inner(keys)} if keys else {}),
            **({"additionalProperties": self.generate_inner(values)} if values else {}),
        }


def _any_of(*branches: Schema) -> Schema:
    flat = [inner for each in branches for inner in (each["anyOf"] if each.keys() == {"anyOf"} else [each])]
    return {"anyOf": flat}


def _scalar(kind: shapes.Kind) -> Schema:
    # Words are listed, so that an editor offers them; the pattern takes them in quotes with blanks around, too.
    pattern = kind.pattern or "|".join(_exactly(word) for word in kind.words)
    numbers = [int(word) for word in kind.words] if "integer" in kind.others else []
    branches: list[Schema] = [{"enum": [*numbers, *kind.words]}] if kind.words else []
    branches.append({"type": "string", "pattern": rf"^\s*(?:{pattern})\s*$" if pattern else r"\S"})
    branches += [{"type": other} for other in kind.others if not numbers]
    return _any_of(*branches) if len(branches) > 1 else branches[0]


def _exactly(text: str) -> str:
    """Returns a pattern for a text, its blanks as many as one likes, as ECMAScript reads it."""
    return r"\s+".join(re.sub(r"[\\^$.*+?()\[\]{}|/]", r"\\\g<0>", word) for word in text.split())


def _without_case(text: str) -> str:
    return "".join(f"[{c.lower()}{c.upper()}]" if c.isascii() and c.isalpha() else _exactly(c) or c for c in text)


def _untitled(value: Any) -> Any:
    """Returns a schema without the titles that pydantic makes of the names of classes and keys."""
    if isinstance(value, dict):
        return {
            key: _untitled(below) for key, below in value.items() if not (key == "title" and isinstance(below, str))
        }
    return [_untitled(below) for below in value] if isinstance(value, list) else value


# --- from the form ----------------------------------------------------------------------------------------------------


def _reason() -> Schema:
    words = [reason.value for reason in REASONS]
    pattern = "|".join(map(_without_case, words))
    return _any_of({"enum": words}, {"type": "string", "pattern": rf"^\s*(?:{pattern})\s*$"})


def _with_cells(body: Schema, form: Form) -> None:
    """Puts the cells of the form's fields into the cases of an extraction's schema."""
    definitions = body["$defs"]
    definitions |= {
        "reason": _reason(),
        "text": _TEXT,
        "optional": _OPTIONAL_TEXT,
        "number": _number(None, None),
        "number-cell": _cell_mapping(_NUMBER),
        "text-cell": _cell_mapping(_ANY_TEXT),
    }
    count = _any_of(_number(Decimal(0), None), _REASON, _NUMBER_CELL, _BLANK)
    for key in ("cases_in_report", "eligible_cases"):
        body["properties"][key] = {**count, "description": body["properties"][key]["description"]}
    case = definitions["CaseShape"]
    case["properties"] |= {
        field.name: {**_entry(field), "description": wanted(field)} for field in form.fields.values()
    }
    case["additionalProperties"] = False
    # `otherwise` speaks for the fields that are not listed; the cells of a case that is not eligible are not asked for.
    is_eligible = {"properties": {"eligible": _any_of({"const": True}, _as_true())}, "required": ["eligible"]}
    case["if"] = {**is_eligible, "not": {"required": ["otherwise"]}}
    case["then"] = {"required": [field.name for field in form.fields.values() if field.required]}


def _as_true() -> Schema:
    pattern = "|".join(_without_case(word) for word in ("yes", "true"))
    return {"type": "string", "pattern": rf"^\s*(?:{pattern})\s*$"}


_REASON, _OPTIONAL = {"$ref": "#/$defs/reason"}, {"$ref": "#/$defs/optional"}
_NUMBER, _NUMBER_CELL = {"$ref": "#/$defs/number"}, {"$ref": "#/$defs/number-cell"}
_ANY_TEXT, _TEXT_CELL = {"$ref": "#/$defs/text"}, {"$ref": "#/$defs/text-cell"}


def _entry(field: Field) -> Schema:
    if field.type is FieldType.COURSES:
        return _any_of(_REASON, {"type": "array", "minItems": 1, "items": _course(field)})
    if field.series:
        texts = dict.fromkeys((key for key in CELL_KEYS if key not in _VALUES), _OPTIONAL)
        reason = _mapping({"value": _REASON, **texts}, required=["value"])
        dated = {"allOf": [_holding(field), {"properties": {"when": _ANY_TEXT}, "required": ["when"]}]}
        return _any_of(_REASON, reason, {"type": "array", "minItems": 1, "items": dated})
    plain = _number(field.low, field.high) if field.type is FieldType.NUMBER else _value(field)
    return _any_of(plain, _REASON, _holding(field))


def _holding(field: Field) -> Schema:
    """The mapping of a field's cell, in which a number may be in another unit."""
    if field.type is FieldType.NUMBER:
        return _NUMBER_CELL
    return _TEXT_CELL if field.type is FieldType.TEXT else _cell_mapping(_value(field))


def _course(field: Field) -> Schema:
    number, text = _any_of(_NUMBER, _REASON, _NUMBER_CELL), _any_of(_ANY_TEXT, _REASON, _TEXT_CELL)
    parts = {part: number if part in NUMBER_PARTS else text for part in COURSE_PARTS}
    texts = dict.fromkeys((key for key in COURSE_KEYS if key not in COURSE_PARTS), _OPTIONAL)
    required = [part for part in COURSE_PARTS if (not field.drug if part == "drug" else part in field.parts)]
    return _mapping({**parts, **texts}, required=required)


def _value(field: Field) -> Schema:
    """What a field's cell holds, whatever its unit."""
    if field.type in (FieldType.NUMBER, FieldType.TEXT):
        return _NUMBER if field.type is FieldType.NUMBER else _ANY_TEXT
    choice = _choice(field.choices)
    if field.type is FieldType.CHOICE:
        return choice
    return _any_of(choice, {"type": "array", "minItems": 1, "items": choice})


def _number(low: Decimal | None, high: Decimal | None) -> Schema:
    """A number, or a range or bound as text; limits hold for a number in the form's unit."""
    limits = {key: _json_number(limit) for key, limit in (("minimum", low), ("maximum", high)) if limit is not None}
    return _any_of({"type": "number", **limits}, {"type": "string", "pattern": rf"^\s*(?:{NUMBER_PATTERN})\s*$"})


def _json_number(number: Decimal) -> int | float:
    return int(number) if number == int(number) else float(number)


# What a YAML server may take a choice for, by YAML 1.1 or 1.2.
_TRUTHS = {"yes": True, "true": True, "on": True, "y": True, "no": False, "false": False, "off": False, "n": False}


def _choice(choices: Iterable[str]) -> Schema:
    words = list(choices)
    typed: list[Any] = []
    for word in words:
        if word.lower() in _TRUTHS:
            typed.append(_TRUTHS[word.lower()])
        else:
            try:
                typed.append(_json_number(Decimal(word)))
            except (ArithmeticError, ValueError, OverflowError):
                continue
    pattern = "|".join(map(_exactly, words))
    return _any_of({"enum": [*words, *dict.fromkeys(typed)]}, {"type": "string", "pattern": rf"^\s*(?:{pattern})\s*$"})


_VALUES = ("value", "derived", "conflicting")


def _cell_mapping(inner: Schema) -> Schema:
    alternatives = _any_of(inner, _REASON, _with_one_of(inner, _VALUES[:2]))
    conflicting = {"type": "array", "minItems": 2, "items": alternatives}
    return _with_one_of(inner, _VALUES, conflicting=conflicting)


def _with_one_of(inner: Schema, kinds: tuple[str, ...], **more: Schema) -> Schema:
    texts = dict.fromkeys((key for key in CELL_KEYS if key not in _VALUES), _OPTIONAL)
    held = {"value": _any_of(inner, _REASON), "derived": inner, **more}
    alone = [{"required": [kind], "not": _any_of(*({"required": [o]} for o in kinds if o != kind))} for kind in kinds]
    for each in alone:
        if each["required"] == ["derived"]:
            each |= {"required": ["derived", "from"], "properties": {"from": {"$ref": "#/$defs/text"}}}
    return {**_mapping({**held, **texts}), "anyOf": alone}


def _mapping(properties: Schema, required: Iterable[str] = ()) -> Schema:
    needed = list(required)
    mapping: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**mapping, **({"required": needed} if needed else {})}
