"""The words of a review as values: records, searches, decisions, the form, reports and their cases.

All of them are frozen; sequences are tuples; keys are strings as `record_key` writes them.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from urllib.parse import quote

from casetable.problems import Place

# What stands in no file.
NOWHERE = Place(path="")

# --- records ----------------------------------------------------------------------------------------------------------

_DOI_PREFIX = re.compile(r"^\s*(?:https?://(?:dx\.)?doi\.org/|doi:\s*)", re.IGNORECASE)
PMID = re.compile(r"[1-9][0-9]{0,8}")
DOI = re.compile(r"10\.[0-9]{4,9}/[^\s\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,300}")
PMCID = re.compile(r"PMC[1-9][0-9]{0,9}")


def normal_doi(text: str) -> str:
    """Returns a DOI without resolver or `doi:` in front, lower case (DOIs compare without case: DOI Handbook, 2.4)."""
    return _DOI_PREFIX.sub("", text).strip().lower()


def record_key(*, pmid: str = "", doi: str = "", own: str = "") -> str:
    """Returns the key of a record: `pmid:…`, else `doi:…`, else the source's own id."""
    if pmid:
        return f"pmid:{pmid}"
    if doi:
        return f"doi:{normal_doi(doi)}"
    return own


def normal_key(text: str) -> str:
    """Returns a key as a person may have typed it in the form that `record_key` writes."""
    text = text.strip()
    kind, colon, rest = text.partition(":")
    if colon and kind.lower() in {"pmid", "doi", "pmcid"}:
        rest = rest.strip()
        return f"doi:{normal_doi(rest)}" if kind.lower() == "doi" else f"{kind.lower()}:{rest}"
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A title/abstract entry of a source: bibliographic facts only, no abstract.

    `origin` is the source that gave the facts (`PubMed`, or the name of a hand-written list). `authors` are as
    "Family IN"; `authors_truncated` says that the source listed more. `headings` are MeSH headings; `notices` say what
    was published about the report since ("RetractionIn pmid:123"); `created`, `indexed` and `revised` are the days on
    which the source made the record, gave it its headings, and last changed it.
    """

    key: str
    origin: str
    title: str
    authors: tuple[str, ...] = ()
    authors_truncated: bool = False
    journal: str = ""
    year: str = ""
    volume: str = ""
    issue: str = ""
    pages: str = ""
    pmid: str = ""
    doi: str = ""
    pmcid: str = ""
    languages: tuple[str, ...] = ()
    publication_types: tuple[str, ...] = ()
    headings: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()
    created: str = ""
    indexed: str = ""
    revised: str = ""

    @property
    def identifiers(self) -> tuple[str, ...]:
        """All keys under which the record may be named; the first is its own."""
        known = (
            self.key,
            f"pmid:{self.pmid}" if self.pmid else "",
            f"doi:{normal_doi(self.doi)}" if self.doi else "",
            f"pmcid:{self.pmcid}" if self.pmcid else "",
        )
        return tuple(dict.fromkeys(key for key in known if key))

    @property
    def standing(self) -> str:
        """What a reader must know of the report before all else, or nothing: "retracted", "expression of concern".

        The notice of a retraction is not itself retracted (NLM's RefTypes RetractionIn and RetractionOf).
        """
        kinds = {notice.split(" ")[0] for notice in self.notices}
        if "Retracted Publication" in self.publication_types or "RetractionIn" in kinds:
            return "retracted"
        if "RetractedandRepublishedIn" in kinds:
            return "retracted and republished"
        return "expression of concern" if "ExpressionOfConcernIn" in kinds else ""

    @property
    def label(self) -> str:
        """How a reader names the record: "Qiu 2024" (the first author's family name, without initials)."""
        family = self.authors[0] if self.authors else ""
        head, _, tail = family.rpartition(" ")
        if head and tail.isupper() and len(tail) <= 4:
            family = head
        return " ".join(part for part in (family or "Anonymous", self.year) if part)

    @property
    def citation(self) -> str:
        """The record in one line, Vancouver style."""
        names = list(self.authors[:6])
        if self.authors_truncated or len(self.authors) > 6:
            names.append("et al")
        place = self.year
        if self.volume:
            place += f";{self.volume}" + (f"({self.issue})" if self.issue else "")
        if self.pages:
            place += f":{self.pages}"
        parts = (", ".join(names), self.title.rstrip("."), self.journal.rstrip("."), place)
        text = ""
        for part in filter(None, parts):
            text += (" " if text.endswith(("?", "!")) else ". " if text else "") + part
        return text + "."

    @property
    def url(self) -> str:
        """Where the record can be read, or nothing."""
        if self.doi:
            return f"https://doi.org/{quote(normal_doi(self.doi), safe='/:;.-_')}"
        if self.pmid:
            return f"https://pubmed.ncbi.nlm.nih.gov/{quote(self.pmid, safe='')}/"
        return ""


# --- searches ---------------------------------------------------------------------------------------------------------


SEARCHED_SOURCE = "PubMed"


class Method(StrEnum):
    """Where a strategy looks (PRISMA 2020, identification). All but the first two are "other methods"."""

    DATABASE = "database"
    REGISTER = "register"
    CITATION_SEARCH = "citation search"
    WEBSITE = "website"
    ORGANISATION = "organisation"
    OWN_REPORT = "own report"

    @property
    def is_other(self) -> bool:
        return self not in (Method.DATABASE, Method.REGISTER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A record that a strategy must find."""

    key: str
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """Who did something, and when."""

    by: str
    when: dt.date
    place: Place
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A fault that lint finds and a person accepts, with the reason."""

    code: str
    reason: str
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """A query text for a source, or a list of records that a person found by another method.

    `text` is as typed, with its lines and comments, and `lines` are the places in the file where its lines begin.
    `peer_reviewed` is a review of the strategy by another searcher (PRESS; PRISMA-S, item 14).
    """

    name: str
    place: Place
    method: Method
    source: str
    purpose: str
    text: str = ""
    lines: tuple[Place, ...] = ()
    published_from: str = ""
    published_to: str = ""
    must_find: tuple[Known, ...] = ()
    records: tuple[Record, ...] = ()
    written: Signed | None = None
    peer_reviewed: Signed | None = None
    accepts: tuple[Accepted, ...] = ()

    @property
    def is_imported(self) -> bool:
        """Whether a person runs it at its source, and its records come as exports: no source but PubMed is searched from here."""
        return not (self.method.is_other or self.records or self.source == SEARCHED_SOURCE)

    def place_of(self, at: int) -> Place:
        """Returns the place in the file of a place in the text."""
        number = min(self.text.count("\n", 0, at), len(self.lines) - 1)
        if number < 0:
            return self.place
        line = self.lines[number]
        return line._replace(column=line.column + at - (self.text.rfind("\n", 0, at) + 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFile:
    """A file that a source's records were imported from: its name, SHA-256 and number of records."""

    name: str
    sha256: str
    records: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """One run of one strategy at one time, as a line of searches.jsonl holds it.

    `added` and `removed` are relative to the search `previous` ("" for the first one), so that the hits of any search
    follow from the log alone, also after two branches that both searched were merged. `not_returned` are hits of which
    the source gave no record, `changed` records that it changed since the search before (hits, and such that no search finds any more), `deleted` those removed
    of which it has no record any more. `missed` are known records that it did not find, each with what loses it: the
    numbers of the strategy's blocks, "dates" or "not in the source"; nothing where the source finds it block by block.
    `server` is the address that answered in the source's place, or nothing. Of records that were imported, `files` are
    the exports and `by` is who searched.
    """

    id: str
    previous: str
    strategy: str
    method: Method
    source: str
    when: str
    strategy_hash: str
    count: int
    added: tuple[str, ...]
    removed: tuple[str, ...]
    tool: str
    term: str = ""
    translation: str = ""
    translations: tuple[tuple[str, str], ...] = ()
    errors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    warnings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    not_returned: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    deleted: tuple[str, ...] = ()
    missed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    server: str = ""
    by: str = ""
    files: tuple[ExportFile, ...] = ()


# --- protocol and decisions -------------------------------------------------------------------------------------------


class Joined(StrEnum):
    """What a protocol may take for one report, where by default each is a report of its own."""

    COCHRANE_VERSIONS = "cochrane versions"
    PREPRINTS = "preprints"


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """What a person accepts of what `check` finds: the problems of a rule, all or those in a file, of a field or of a case."""

    code: str
    reason: str
    by: str
    when: dt.date
    place: Place
    path: str = ""
    field: str = ""
    case: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Previous:
    """The version of the review that this one updates: what it included; cases and patients where it counted them."""

    studies: int
    reports: int
    cases: int | None = None
    patients: int | None = None
    of: str = ""
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """What review.yaml fixes: question, eligibility, the reasons for exclusion, the index report, the version updated.

    `screeners` is how many persons decide on each record and report, 1 or 2, blind to each other (PRISMA 2020, item 8).
    """

    title: str
    question: str
    include: tuple[str, ...]
    exclude: tuple[str, ...]
    exclusion_reasons: Mapping[str, str]
    index_report: str
    max_search_age_days: int
    place: Place
    places: Mapping[str, Place]
    one_report: frozenset[Joined] = frozenset()
    accepts: tuple[Acceptance, ...] = ()
    previous: Previous | None = None
    screeners: int = 1


class Stage(StrEnum):
    """What a decision was taken on: the record (title, abstract) or the report itself."""

    RECORDS = "records"
    REPORTS = "reports"


class Verdict(StrEnum):
    INCLUDE = "include"
    EXCLUDE = "exclude"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A person's decision on a record or report; it holds for the whole group of records of that report.

    One that `settles` stands over those of its stage that differ; `by` then names who agreed on it.
    """

    key: str
    stage: Stage
    verdict: Verdict
    reason: str
    by: str
    when: dt.date
    note: str
    place: Place
    settles: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """A person's ruling that records are of the same report, or of different ones."""

    is_same: bool
    keys: tuple[str, ...]
    by: str
    when: dt.date
    note: str
    place: Place


class OverlapVerdict(StrEnum):
    """What a person ruled on cases of different reports that may be one patient."""

    SAME = "same"
    DIFFERENT = "different"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """A person's ruling on cases, each `report/case`; a report's name alone stands for all of its cases."""

    cases: tuple[str, ...]
    verdict: OverlapVerdict
    by: str
    when: dt.date
    note: str
    place: Place


# --- the form ---------------------------------------------------------------------------------------------------------


class FieldType(StrEnum):
    NUMBER = "number"
    TEXT = "text"
    CHOICE = "choice"
    CHOICES = "choices"
    COURSES = "courses"


COURSE_PARTS = ("drug", "dose", "route", "schedule", "start", "stop", "count")


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A data item of the form. `choices` maps each choice to its printed forms (female → girl, woman).

    `names` are further names by which reports print the field (ALT: alanine aminotransferase, SGPT); `identifies` is what
    it says of a person, where the form says so itself (age, sex, center).
    `parts` are the parts that every course of a `courses` field must state. `reference` is the reference range, in the
    field's unit, where a cell does not give that of its laboratory.
    """

    name: str
    label: str
    group: str
    type: FieldType
    required: bool
    unit: str = ""
    low: Decimal | None = None
    high: Decimal | None = None
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    series: bool = False
    drug: str = ""
    parts: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    identifies: str = ""
    help: str = ""
    reference: Number | None = None
    place: Place

    def __hash__(self) -> int:
        """Fields of a form are told apart by name and place; their choices are a mapping."""
        return hash((self.name, self.place))


class Take(StrEnum):
    """Which of a field's repeated cells a column shows."""

    ALL = "all"
    FIRST = "first"
    LAST = "last"
    LOWEST = "lowest"
    HIGHEST = "highest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table, taken from a field of the form; `note` is printed below the table, with a mark at the head."""

    name: str
    label: str
    field: str
    take: Take
    part: str
    place: Place
    note: str = ""


class Paper(StrEnum):
    """How a table's page lies; "auto" is landscape where the table is too wide for portrait."""

    AUTO = "auto"
    PORTRAIT = "portrait"
    LANDSCAPE = "landscape"


@dataclass(frozen=True, slots=True, kw_only=True)
class SortKey:
    """What rows are ordered by: a field of the form, or "year"; `is_descending` turns it round."""

    by: str
    is_descending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One table as the form lays it out. `name` is "" for the manuscript's own.

    Rows come in the order of `order`, then by year, report and their order in it; with `group_by`, a field of the form,
    they stand in groups, each under a row that names it. `notes` are printed below.
    """

    columns: tuple[Column, ...] = ()
    name: str = ""
    title: str = ""
    order: tuple[SortKey, ...] = ()
    group_by: str = ""
    paper: Paper = Paper.AUTO
    notes: tuple[str, ...] = ()
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseFigure:
    """The figure of the clinical course of a case as the form asks for it.

    `bars` are fields of courses and `lines` numeric fields over time, in the order from above; `zero` says in words what
    day 0 is. `cases` are those drawn, each `report/case`; nothing stands for the cases of the index report.
    """

    bars: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()
    zero: str = ""
    cases: tuple[str, ...] = ()
    is_for_all: bool = False
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """The extraction form: the fields of a case by name, in their order, and the tables that are built of them.

    `layout` is the manuscript's table, `further` are the others; `abbreviations` are spelled out below a table that has
    them.
    """

    fields: Mapping[str, Field] = field(default_factory=dict)
    layout: Layout = Layout()
    further: tuple[Layout, ...] = ()
    abbreviations: Mapping[str, str] = field(default_factory=dict)
    figure: CourseFigure | None = None

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of the manuscript's table."""
        return self.layout.columns


# --- reports, cases, cells --------------------------------------------------------------------------------------------


class Status(StrEnum):
    """How a cell is known. All but the first three are the reason why it has no value."""

    REPORTED = "reported"
    DERIVED = "derived"
    CONFLICTING = "conflicting"
    NOT_REPORTED = "not reported"
    NOT_APPLICABLE = "not applicable"
    UNCLEAR = "unclear"
    NOT_ACCESSIBLE = "not accessible"


REASONS = (Status.NOT_REPORTED, Status.NOT_APPLICABLE, Status.UNCLEAR, Status.NOT_ACCESSIBLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number as a report gives it: 3, 92–93, <280. `low` is `high` unless it is a range; `sign` is "", <, >, ≤, ≥."""

    low: Decimal
    high: Decimal
    sign: str = ""

    def __str__(self) -> str:
        text = plain_number(self.low)
        if self.high != self.low:
            text += "–" + plain_number(self.high)
        return self.sign + text


def plain_number(number: Decimal) -> str:
    """Returns a number without exponent or idle zeros: 1271.4, 3, 0.05."""
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in {"", "-0"} else text


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What is known of one field at one time: a value, or why there is none.

    `value` is in `unit` (the form's, where it has one); `reported` is the value as the report prints it and `where`
    its place there; `source` says what a derived value follows from; `reference` is the laboratory's reference range, in
    `unit`. Conflicting cells keep their `alternatives`.
    """

    status: Status
    place: Place
    value: Number | str | tuple[str, ...] | None = None
    unit: str = ""
    reported: str = ""
    where: str = ""
    note: str = ""
    source: str = ""
    when: str = ""
    reference: Number | None = None
    alternatives: tuple[Cell, ...] = ()

    @property
    def text(self) -> str:
        """The value in words, without its unit; for a cell without value, the reason."""
        if self.status is Status.CONFLICTING:
            return " / ".join(dict.fromkeys(cell.text for cell in self.alternatives))
        if self.value is None:
            return self.status.value
        return "; ".join(self.value) if isinstance(self.value, tuple) else str(self.value)

    @property
    def count(self) -> int | None:
        """The value where it is one whole number, else None."""
        value = self.value
        if isinstance(value, Number) and value.low == value.high and not value.sign and value.low == int(value.low):
            return int(value.low)
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """One course of treatment; `parts` hold the cells of those COURSE_PARTS that it states."""

    parts: Mapping[str, Cell]
    place: Place
    note: str = ""

    @property
    def drug(self) -> str:
        return self.parts["drug"].text if "drug" in self.parts else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A field of a case as extracted: one cell, cells over time, or courses of treatment."""

    place: Place
    cells: tuple[Cell, ...] = ()
    courses: tuple[Course, ...] = ()

    @property
    def all_cells(self) -> tuple[Cell, ...]:
        return (*self.cells, *(cell for course in self.courses for cell in course.parts.values()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A question about a report that the curators must settle; open until it has an answer."""

    text: str
    answer: str
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A point of a case's course: its name, others by which cells refer to it, and its day or date where it is known."""

    name: str
    place: Place
    also: tuple[str, ...] = ()
    day: Decimal | dt.date | None = None

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, *self.also)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One patient as described in a report. `is_eligible` is None where the file does not say it.

    `timeline` are the events of the course in their order, where the file gives it.
    """

    id: str
    place: Place
    is_eligible: bool | None
    reason: str
    note: str
    questions: tuple[Question, ...]
    entries: Mapping[str, Entry]
    faulty: frozenset[str] = frozenset()
    timeline: tuple[Event, ...] = ()


class Access(StrEnum):
    """How much of a report could be read."""

    FULL_TEXT = "full text"
    PARTIAL_TEXT = "partial text"
    ABSTRACT = "abstract"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One extracted report: the record it belongs to, how it was accessed, by whom, and its cases.

    What the file leaves blank is None or "".
    """

    name: str
    key: str
    place: Place
    access: Access | None
    by: str
    when: dt.date | None
    cases_in_report: Cell | None
    eligible_cases: Cell | None
    note: str
    questions: tuple[Question, ...]
    cases: tuple[Case, ...]
    places: Mapping[str, Place]

    @property
    def number_described(self) -> int | None:
        """How many cases the report describes, where its extraction says a whole number."""
        return self.cases_in_report.count if self.cases_in_report else None

    @property
    def number_eligible(self) -> int | None:
        """How many of them are eligible, where its extraction says a whole number."""
        return self.eligible_cases.count if self.eligible_cases else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """That a cell was found in a text, as a line of verified.jsonl holds it.

    `cell` is the cell's place in its extraction (ferritin[2], tocilizumab[1].dose) and `content` a hash of what it said
    then; `text` names the text, `text_hash` is of its bytes, `start` and `end` are places in what was read of it.
    """

    report: str
    case: str
    cell: str
    content: str
    outcome: str
    text: str
    text_hash: str
    start: int
    end: int
    when: dt.date
    tool: str
    place: Place
