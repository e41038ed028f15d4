"""What is known of a case that tells one patient from another, drawn from any form.

Which field is the age, the sex or the center is told by the form (`identifies`), else by the field's type, unit and words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from casetable.model import Case, Cell, Field, FieldType, Form, Number, Record, Status
from casetable.quantities import convert


class Trait(StrEnum):
    """What a field of a form says of a person."""

    AGE = "age"
    SEX = "sex"
    CENTER = "center"
    COUNTRY = "country"
    PERIOD = "period"
    DRUGS = "drugs"
    OUTCOME = "outcome"
    LABORATORY = "laboratory"
    FEATURE = "feature"
    NOTHING = "nothing"


_WORDS = (
    (Trait.AGE, r"age|ages"),
    (Trait.SEX, r"sex|gender"),
    (Trait.CENTER, r"center|centre|hospital|institution|clinic|site"),
    (Trait.COUNTRY, r"country|nation|region"),
    (Trait.PERIOD, r"admission|admitted|period|onset|year|date"),
    (Trait.OUTCOME, r"outcome|survival|vital|status|death|mortality"),
)


def trait_of(about: Field) -> Trait:
    """Returns what a field says of a person: what the form says it does, or what its type, unit and words tell."""
    if about.identifies:
        return Trait(about.identifies)
    words = set(re.findall(r"[a-z]+", f"{about.name.replace('_', ' ')} {about.label}".lower()))
    named = next((trait for trait, pattern in _WORDS if any(re.fullmatch(pattern, word) for word in words)), None)
    if about.type is FieldType.COURSES:
        return Trait.DRUGS
    if about.type is FieldType.NUMBER:
        is_time = _is_time(about.unit)
        if named is Trait.AGE and is_time:
            return Trait.AGE
        if named is Trait.PERIOD and not about.unit:
            return Trait.PERIOD
        # Doses, durations and counts of a treatment are much alike in all patients of one review.
        return Trait.NOTHING if is_time or not about.unit else Trait.LABORATORY
    if about.type in {FieldType.CHOICE, FieldType.CHOICES}:
        return named if named in {Trait.SEX, Trait.COUNTRY, Trait.CENTER, Trait.OUTCOME} else Trait.FEATURE
    return named if named in {Trait.CENTER, Trait.COUNTRY, Trait.PERIOD, Trait.SEX} else Trait.NOTHING


def _is_time(unit: str) -> bool:
    one = Number(low=Decimal(1), high=Decimal(1))
    return bool(unit) and convert(one, unit, "day") is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A measured value in the form's unit, with the point of the course that it is of, if that is said."""

    number: Number
    when: str


@dataclass(frozen=True, kw_only=True)
class Person:
    """One case with what tells it from others; `name` is report/case. What is not known is empty.

    `authors` and `year` are the report's. `numbers` and `choices` are by field, `drugs` in the order given.
    `is_unread`: nothing clinical could be read, as the report is not accessible.
    """

    name: str
    report: str
    authors: tuple[str, ...]
    has_more_authors: bool
    year: int | None
    ages: tuple[Decimal, Decimal] | None = None
    sex: str = ""
    centers: tuple[str, ...] = ()
    country: str = ""
    periods: tuple[int, ...] = ()
    drugs: tuple[str, ...] = ()
    numbers: Mapping[str, tuple[Value, ...]] = field(default_factory=dict)
    choices: Mapping[str, frozenset[str]] = field(default_factory=dict)
    outcomes: Mapping[str, str] = field(default_factory=dict)
    is_unread: bool = False


def person_of(name: str, report: str, case: Case, record: Record, form: Form) -> Person:
    """Returns what is known of a case of a report."""
    numbers: dict[str, tuple[Value, ...]] = {}
    choices: dict[str, frozenset[str]] = {}
    outcomes: dict[str, str] = {}
    texts: dict[Trait, list[str]] = {Trait.CENTER: [], Trait.COUNTRY: [], Trait.PERIOD: [], Trait.SEX: []}
    ages: tuple[Decimal, Decimal] | None = None
    drugs: list[str] = []
    cells = [cell for entry in case.entries.values() for cell in entry.all_cells]
    for field_name, entry in case.entries.items():
        about = form.fields[field_name]
        trait = trait_of(about)
        known = [each for cell in entry.cells for each in _known(cell)]
        if trait is Trait.DRUGS:
            drugs += [plain(course.drug) for course in entry.courses if course.drug and course.drug != about.drug]
        elif trait is Trait.AGE:
            found = [_in_years(cell.value, about.unit) for cell in known if isinstance(cell.value, Number)]
            ages = next((each for each in found if each), ages)
        elif trait is Trait.LABORATORY:
            measured = [Value(number=c.value, when=plain(c.when)) for c in known if isinstance(c.value, Number)]
            if measured:
                numbers[field_name] = tuple(measured)
        elif trait is Trait.FEATURE:
            chosen = frozenset(text for cell in known for text in _texts(cell))
            if chosen:
                choices[field_name] = chosen
        elif trait is Trait.OUTCOME and known:
            outcomes[field_name] = plain(known[-1].text)
        elif trait in texts:
            is_shown = trait in {Trait.SEX, Trait.COUNTRY}
            texts[trait] += [cell.text if is_shown else plain(cell.text) for cell in known]
    return Person(
        name=name,
        report=report,
        authors=record.authors,
        has_more_authors=record.authors_truncated,
        year=int(record.year) if re.fullmatch(r"\d{4}", record.year) else None,
        ages=ages,
        sex=(texts[Trait.SEX] or [""])[0],
        centers=tuple(dict.fromkeys(texts[Trait.CENTER])),
        country=(texts[Trait.COUNTRY] or [""])[0],
        periods=tuple(int(year) for text in texts[Trait.PERIOD] for year in re.findall(r"\b(?:19|20)\d\d\b", text)),
        drugs=tuple(dict.fromkeys(drugs)),
        numbers=numbers,
        choices=choices,
        outcomes=outcomes,
        is_unread=bool(cells) and all(cell.status is Status.NOT_ACCESSIBLE for cell in cells),
    )


def _known(cell: Cell) -> tuple[Cell, ...]:
    """A cell's values: one, those of a conflict, or none."""
    return tuple(each for each in (cell.alternatives or (cell,)) if each.value is not None)


def _texts(cell: Cell) -> tuple[str, ...]:
    return cell.value if isinstance(cell.value, tuple) else (str(cell.value),)


def _in_years(number: Number, unit: str) -> tuple[Decimal, Decimal] | None:
    found = convert(number, unit, "year")
    return (found.low, found.high) if found else None


def plain(text: str) -> str:
    """Returns a text for comparison: lower case, without accents and signs, words apart by one blank."""
    letters = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return " ".join(re.findall(r"[a-z0-9]+", letters))
