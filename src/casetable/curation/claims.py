"""Reads curated/claims.yaml: the claims of a manuscript, and its named numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from casetable.curation.nodes import Node, read_nodes
from casetable.curation.shapes import ClaimsShape, fit, key_place
from casetable.model.claim import About, Claim, Expected, Kind, Named, NamedNumber
from casetable.problems import Example, Place, Problem, Rule, shown

# The forms of expectation, in words.
EXPECTED = "a number (9, 31.5, >= 3, 3 to 80), a date, none, some, all, '7 of 9' or 'only REPORT/CASE'"

_PATH = "curated/claims.yaml"
_GOOD = """\
schema: 1
claims:
  - name: cases
    text: We found one case.
    sql: SELECT count(*) FROM cases
    expected: 1
"""

C104 = Rule(
    code="C104",
    name="claim-expects-nothing-known",
    summary="what a claim expects is not a form of expectation",
    why="Without it the table cannot be held against the sentence.",
    fix=f"Write `expected` as {EXPECTED}.",
    example=Example(
        path=_PATH,
        good="",
        bad=_GOOD.replace("expected: 1", "expected: one"),
        message=f"'one' is not something to expect; expected {EXPECTED}",
    ),
)
C105 = Rule(
    code="C105",
    name="claim-named-twice",
    summary="two claims or named numbers have one name",
    why="`casetable value NAME`, and whoever speaks of the claim, must mean one of them.",
    fix="Give one of them another name.",
    example=Example(
        path=_PATH,
        good="",
        bad=f"{_GOOD}values:\n  cases: {{sql: SELECT count(*) FROM cases}}\n",  # noqa: S608  # an example
        message="'cases' is a name already, in line 3; expected another",
    ),
)

RULES = (C104, C105)

_NUMBER = r"[+-]?\d+(?:\.\d+)?"
_WORDS = {word.value: word for word in (Kind.NONE, Kind.SOME, Kind.ALL)}
_CASE = re.compile(r"([\w-]{1,100})/([A-Za-z0-9._-]{1,20})")


def read_claims(path: str, data: bytes) -> tuple[tuple[Claim, ...], tuple[NamedNumber, ...], tuple[Problem, ...]]:
    """Returns the claims and the named numbers in the order of the file, and every fault of it."""
    node, problems = read_nodes(path, data)
    if node is None:
        return (), (), problems
    shape, faults = fit(ClaimsShape, node)
    if shape is None:
        return (), (), problems + faults
    found = list(_twice(node, [claim.name for claim in shape.claims], list(shape.values)))
    claims = []
    for index, below in enumerate(shape.claims):
        place = key_place(node, "claims", index)
        item = node.at("claims", index)
        expected = read_expected(below.expected)
        if expected is None:
            message = f"{shown(below.expected)} is not something to expect; expected {EXPECTED}"
            found.append(C104.at(item.at("expected").place, message, field=below.name))
            continue
        sources = item.at("source_of")
        claims.append(
            Claim(
                name=below.name,
                text=" ".join(below.text.split()),
                sql=below.sql,
                sql_place=item.at("sql").place,
                expected=expected,
                about=About(below.about),
                source_of=tuple(
                    Named(name=name, place=sources.at(number).place) for number, name in enumerate(below.source_of)
                ),
                note=below.note or "",
                place=place,
            )
        )
    numbers = tuple(
        NamedNumber(name=name, sql=value.sql, text=value.text or "", place=node.at("values", name, "sql").place)
        for name, value in shape.values.items()
    )
    return tuple(claims), numbers, (*problems, *faults, *found)


def _twice(node: Node, claims: list[str], numbers: list[str]) -> Iterator[Problem]:
    first: dict[str, Place] = {}
    places = [node.at("claims", index, "name").place for index in range(len(claims))]
    places += [node.at("values").key_places[name] for name in numbers]
    for name, place in zip([*claims, *numbers], places, strict=True):
        if name in first:
            message = f"{shown(name)} is a name already, in line {first[name].line}; expected another"
            yield C105.at(place, message, field=name)
        first.setdefault(name, place)


def read_expected(text: str) -> Expected | None:
    """Returns what a claim expects, or None where the text says nothing of the kind.

    A number is met as it would be printed: 31.5 by all that rounds to it. Bounds are met exactly.
    """
    text = " ".join(text.split())
    if word := _WORDS.get(text.lower()):
        return Expected(kind=word, text=text)
    if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
        return Expected(kind=Kind.DATE, text=text)
    if re.fullmatch(_NUMBER, text):
        decimals = len(text.partition(".")[2])
        half = 0.5 * 10**-decimals
        return Expected(kind=Kind.NUMBER, text=text, low=float(text) - half, high=float(text) + half)
    if found := re.fullmatch(rf"(<=|>=|≤|≥|<|>) ?({_NUMBER})", text):
        sign, number, far = found[1], float(found[2]), float("inf")
        low, high = (-far, number) if sign in {"<", "<=", "≤"} else (number, far)
        return Expected(kind=Kind.NUMBER, text=text, low=low, high=high, is_open=sign in {"<", ">"})
    if found := re.fullmatch(rf"({_NUMBER})(?: to |-|–)({_NUMBER})", text):
        low, high = float(found[1]), float(found[2])
        return Expected(kind=Kind.NUMBER, text=text, low=low, high=high) if low <= high else None
    if found := re.fullmatch(r"(\d{1,9}) of (\d{1,9})", text):
        low, high = float(found[1]), float(found[2])
        return Expected(kind=Kind.SHARE, text=text, low=low, high=high) if low <= high else None
    if text.lower().startswith("only "):
        cases = [_CASE.fullmatch(part) for part in re.split(r" ?, ?| and ", text[5:])]
        named = tuple((case[1], case[2]) for case in cases if case)
        return Expected(kind=Kind.ONLY, text=text, cases=named) if len(named) == len(cases) else None
    return None
