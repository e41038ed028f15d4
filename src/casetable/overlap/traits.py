"""What is known of a case that tells one patient from another, drawn from any form.

Which field is the age, the sex or the center is told by the form (`identifies`), else by the field's type, unit and words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from casetable.model import Case, Cell, Field, FieldType, Form, Number, Record, Status
from casetable.overlap.names import country_of, drug_of, drugs_in, plain
from casetable.quantities import convert, unit_expression


class Trait(StrEnum):
    """What a field of a form says of a person; all but the last are what a form may name itself (`identifies`)."""

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
    WORDING = "wording"


_AGE, _NOT_OF_THE_PATIENT = frozenset({"age", "ages", "aged"}), frozenset({"gestational", "maternal", "donor", "bone"})
_SEX = frozenset({"sex", "gender"})
_CENTER = frozenset({"center", "centre", "hospital", "institution", "institute", "clinic"})
_COUNTRY = frozenset({"country", "nation", "nationality"})
_PERIOD = frozenset({"admission", "admitted", "period", "year", "date", "diagnosed"})
_OUTCOME = frozenset({"outcome", "outcomes", "survival", "mortality", "death", "prognosis"})
_DRUGS = frozenset({"drug", "drugs", "treatment", "treatments", "therapy", "medication", "medications"})
_SEXES = {
    **dict.fromkeys(("female", "f", "woman", "girl", "weiblich", "frau", "femme", "mujer", "donna", "女"), "female"),
    **dict.fromkeys(("male", "m", "man", "boy", "mannlich", "mann", "homme", "hombre", "uomo", "男"), "male"),
}
DEATH = re.compile(r"\b(?:died|dead|death|deceased|fatal|succumbed|nonsurvivor)\b")
# What is given to all by their size: no measurement of the patient, as grams a day may be (of protein).
_OF_A_DOSE = re.compile(r"^(?:mg|g|µg|ng|IU|U)/(?:kg|m2)\b")


def trait_of(about: Field) -> Trait:
    """Returns what a field says of a person: what the form says it does, or what its type, unit, choices and words tell."""
    if about.identifies:
        return Trait(about.identifies)
    if about.type is FieldType.COURSES:
        return Trait.DRUGS
    words = frozenset(plain(f"{about.name} {about.label}".replace("_", " ")).split())
    if about.type is FieldType.NUMBER:
        return _trait_of_number(about, words)
    # Of a stay in hospital, or of the hospital's course, the words are many; a center has a name.
    is_center = bool(words & _CENTER) and not words & {"course", "stay"}
    for trait, is_so in (
        (Trait.SEX, bool(words & _SEX)),
        (Trait.COUNTRY, bool(words & _COUNTRY)),
        (Trait.CENTER, is_center),
        (Trait.OUTCOME, bool(words & _OUTCOME) or {"vital", "status"} <= words or _may_end(about)),
        (Trait.DRUGS, bool(words & _DRUGS) and about.type is not FieldType.CHOICE),
        (Trait.PERIOD, bool(words & _PERIOD) and about.type is FieldType.TEXT),
    ):
        if is_so:
            return trait
    return Trait.WORDING if about.type is FieldType.TEXT else Trait.FEATURE


def traits_of(form: Form) -> Mapping[str, Trait]:
    """Returns what each field of a form says of a person, by name."""
    return {name: trait_of(about) for name, about in form.fields.items()}


def _trait_of_number(about: Field, words: frozenset[str]) -> Trait:
    is_time = _is_time(about.unit)
    if words & _AGE and not words & _NOT_OF_THE_PATIENT and (is_time or not about.unit):
        return Trait.AGE
    if words & _PERIOD and not about.unit:
        return Trait.PERIOD
    # Doses, durations and counts of a treatment are much alike in all patients of one review.
    is_dose = "dose" in words or bool(_OF_A_DOSE.search(unit_expression(about.unit)))
    return Trait.NOTHING if is_time or is_dose or not about.unit else Trait.LABORATORY


def _may_end(about: Field) -> bool:
    """Whether the choices of a field are ends, of which death is one."""
    return any(DEATH.search(plain(word)) for choice, forms in about.choices.items() for word in (choice, *forms))


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

    `authors` and `year` are the report's. `numbers` and `choices` are by field, `drugs` in the order given and under one name each;
    `words` are those of free text, by field.
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
    words: Mapping[str, frozenset[str]] = field(default_factory=dict)
    is_unread: bool = False


def person_of(name: str, report: str, case: Case, record: Record, form: Form, traits: Mapping[str, Trait]) -> Person:
    """Returns what is known of a case of a report; `traits` are those of the form's fields, which many cases share."""
    numbers: dict[str, tuple[Value, ...]] = {}
    choices: dict[str, frozenset[str]] = {}
    outcomes: dict[str, str] = {}
    words: dict[str, frozenset[str]] = {}
    texts: dict[Trait, list[str]] = {Trait.CENTER: [], Trait.COUNTRY: [], Trait.PERIOD: [], Trait.SEX: []}
    ages: tuple[Decimal, Decimal] | None = None
    drugs: list[str] = []
    cells = [cell for entry in case.entries.values() for cell in entry.all_cells]
    for field_name, entry in case.entries.items():
        about = form.fields[field_name]
        trait = traits[field_name]
        known = [each for cell in entry.cells for each in _known(cell)]
        if trait is Trait.DRUGS:
            named = [part for course in entry.courses if (part := course.parts.get("drug")) and any(_known(part))]
            drugs += [drug for part in named if (drug := drug_of(part.text)) != drug_of(about.drug)]
            drugs += [drug for cell in known for text in _texts(cell) for drug in drugs_in(text)]
        elif trait is Trait.AGE:
            found = [_in_years(cell.value, about.unit or "year") for cell in known if isinstance(cell.value, Number)]
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
            told = {Trait.SEX: _sex_of, Trait.COUNTRY: country_of}.get(trait, plain)
            texts[trait] += [told(cell.text) for cell in known]
        elif trait is Trait.WORDING and known:
            words[field_name] = frozenset(
                word for cell in known for word in plain(cell.text).split() if len(word) > 2 and word not in _IDLE
            )
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
        words=words,
        is_unread=bool(cells) and all(cell.status is Status.NOT_ACCESSIBLE for cell in cells),
    )


_IDLE = frozenset({"and", "the", "with", "was", "were", "not", "none", "for", "from", "had", "has", "both"})


def _sex_of(text: str) -> str:
    """A sex as a form's choices or a free text name it: of a known word its sex, else as it is written."""
    return _SEXES.get(plain(text), " ".join(text.split()))


def _known(cell: Cell) -> tuple[Cell, ...]:
    """A cell's values: one, those of a conflict, or none."""
    return tuple(each for each in (cell.alternatives or (cell,)) if each.value is not None)


def _texts(cell: Cell) -> tuple[str, ...]:
    return cell.value if isinstance(cell.value, tuple) else (str(cell.value),)


def _in_years(number: Number, unit: str) -> tuple[Decimal, Decimal] | None:
    found = convert(number, unit, "year")
    return (found.low, found.high) if found else None
