"""The claims of a manuscript as values: a sentence, the question to the table that bears it out, and what is expected."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from casetable.problems import Place


class Kind(StrEnum):
    """What a claim expects of the answer to its SQL."""

    NUMBER = "number"
    DATE = "date"
    NONE = "none"
    SOME = "some"
    ALL = "all"
    SHARE = "share"
    ONLY = "only"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a claim expects; `text` is how its author wrote it.

    A NUMBER lies from `low` to `high`, both included unless `is_open`. Of a SHARE, `low` rows of `high` are true. ONLY
    names its `cases` as (report, case). A DATE is its `text`.
    """

    kind: Kind
    text: str
    low: float = 0.0
    high: float = 0.0
    is_open: bool = False
    cases: tuple[tuple[str, str], ...] = ()


class About(StrEnum):
    """Whom a claim speaks of: of patients a silent report leaves a fact open; of reports silence is itself the fact."""

    PATIENTS = "patients"
    REPORTS = "reports"


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A name that stands somewhere, and its place."""

    name: str
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A sentence of the manuscript that the table must bear out.

    `source_of` names cells that were derived from this very sentence, as REPORT/FIELD or REPORT/CASE/FIELD: for this
    claim they are missing.
    """

    name: str
    text: str
    sql: str
    sql_place: Place
    expected: Expected
    about: About
    source_of: tuple[Named, ...]
    note: str
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedNumber:
    """A number of the table that the manuscript gives, by name."""

    name: str
    sql: str
    text: str
    place: Place
