"""The shapes of the hand-written files, and how a node is fitted to one.

pydantic finds all faults of a file at once; each is then told in the words of the house, at its place in the file.
"""

from __future__ import annotations

import datetime as dt
import re
import types
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic import Field as Described
from pydantic_core import ErrorDetails, PydanticCustomError

from casetable.curation.nodes import Node
from casetable.model import (
    COURSE_PARTS,
    DOI,
    PMCID,
    PMID,
    FieldType,
    Joined,
    Method,
    OverlapVerdict,
    Paper,
    Take,
    normal_doi,
    normal_key,
)
from casetable.model.claim import About
from casetable.model.notice import NoticeKind
from casetable.problems import Example, Place, Problem, Rule, did_you_mean, joined, shown

SCHEMA = "1"
_SCREENERS = ("1", "2")

F201 = Rule(
    code="F201",
    name="unknown-key",
    summary="a key does not belong here",
    why="A mistyped key would be left out of the review without a word.",
    fix="Correct the key, or move it to where it belongs.",
    example=Example(
        path="curated/screening.yaml",
        good="    stage: reports\n",
        bad="    stage: reports\n    coment: seen\n",
        message="'coment' is not a key of this mapping; expected by, decision, note, reason, record, settles, stage or when",
    ),
)
F202 = Rule(
    code="F202",
    name="missing-key",
    summary="a key that must be there is missing or blank",
    why="The entry cannot be understood without it.",
    fix="Add the key with its value.",
    example=Example(
        path="curated/screening.yaml",
        good="    by: A. Curator\n",
        bad="",
        message="is missing; expected who decided",
    ),
)
F203 = Rule(
    code="F203",
    name="wrong-value",
    summary="a value is not of the kind that belongs here",
    why="It cannot be read as what it should say.",
    fix="Write the value in the form that the message names.",
    example=Example(
        path="curated/screening.yaml",
        good="    when: 2026-01-15\n",
        bad="    when: last week\n",
        message="'last week' is not a date as 2026-11-22",
    ),
)
F204 = Rule(
    code="F204",
    name="unknown-schema",
    summary="a file is of another version than this casetable reads",
    why="A newer version may mean something else by the same words.",
    fix=f"Write `schema: {SCHEMA}`, or use the casetable that wrote the file.",
    example=Example(
        path="curated/screening.yaml",
        good="schema: 1",
        bad="schema: 2",
        message="'2' is not a version that this casetable reads; expected 1",
    ),
    unreadable=True,
)

RULES = (F201, F202, F203, F204)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What one scalar of a file may be: `reads` returns its value, or None where the text is not what is `expected`.

    `words` (the only ones) or else `pattern`, which ECMAScript reads as Python does, tell an editor what `reads` takes;
    it may take less. `others` are the JSON types that a YAML server may take such a text for, as a number for 3.
    """

    expected: str
    reads: Callable[[str], Any]
    pattern: str = ""
    words: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    def __call__(self, value: object) -> Any:
        if isinstance(value, str):
            read = self.reads(value.strip())
            if read is not None:
                return read
        raise PydanticCustomError("expected", "{expected}", {"expected": self.expected})


def _kind(
    expected: str,
    reads: Callable[[str], Any],
    pattern: str = "",
    *,
    words: Iterable[str] = (),
    others: Iterable[str] = ("number", "boolean"),
) -> BeforeValidator:
    """A validator of one scalar; without a pattern, whatever is not blank looks right to an editor."""
    return BeforeValidator(
        Kind(expected=expected, reads=reads, pattern=pattern, words=tuple(words), others=tuple(others))
    )


def _matching(expected: str, pattern: str, *, others: Iterable[str] = ()) -> BeforeValidator:
    """A validator of a scalar that is text of some form, and stays as it is."""
    return _kind(expected, lambda text: text if re.fullmatch(pattern, text) else None, pattern, others=others)


def _date(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else None
    except ValueError:
        return None


def _truth(text: str) -> bool | None:
    return {"yes": True, "true": True, "no": False, "false": False}.get(text.lower())


def _key(text: str) -> str | None:
    key = normal_key(text)
    kind, _, rest = key.partition(":")
    shape = {"pmid": PMID, "doi": DOI, "pmcid": PMCID}.get(kind)
    return key if rest and not re.search(r"\s", key) and (shape is None or shape.fullmatch(rest)) else None


def _notice_key(text: str) -> str | None:
    """A PMID or DOI as a key; a DOI is taken as an address or bare, too."""
    if DOI.fullmatch(normal_doi(text)):
        return f"doi:{normal_doi(text)}"
    key = _key(text)
    return key if key is not None and key.startswith("pmid:") else None


def _number_of_days(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[1-9][0-9]{0,4}", text) else None


def _count(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,7}", text) else None


def _screeners(text: str) -> int | None:
    return int(text) if text in _SCREENERS else None


def _lint_code(text: str) -> str | None:
    return text.upper() if re.fullmatch(r"[Ll][0-9]{3}", text) else None


def _case(text: str) -> str | None:
    return text if re.fullmatch(r"[^\W_][\w-]{0,99}(/[A-Za-z0-9._-]{1,20})?", text) else None


def _rule_code(text: str) -> str | None:
    return text.upper() if re.fullmatch(r"[A-Za-z][0-9]{3}", text) else None


def _one_of(words: Iterable[str]) -> BeforeValidator:
    words = tuple(words)
    return _kind(joined(words), lambda text: text if text in words else None, words=words, others=())


def blank_list(value: object) -> object:
    """A list may be blank."""
    return [] if value is None else value


Text = Annotated[str, _kind("text", lambda text: text or None)]
Key = Annotated[
    str,
    _kind(
        "a record's key: pmid:…, doi:10.…, or the source's own id as SOURCE:ID",
        _key,
        r"[^\s:]*:\S+|(?:[pP][mM][iI][dD]|[dD][oO][iI]|[pP][mM][cC][iI][dD]):.*\S",
        others=(),
    ),
]
Slug = Annotated[
    str,
    _matching(
        "a name of lower-case letters, digits, '_' and '-'",
        "[a-z][a-z0-9_-]{0,59}",
        others=("boolean",),
    ),
]
CaseId = Annotated[
    str,
    _matching(
        "a short id of letters, digits, '.', '_' and '-', as 1 or 2a",
        "[A-Za-z0-9._-]{1,20}",
        others=("number", "boolean"),
    ),
]
Date = Annotated[
    dt.date,
    _kind("a date as 2026-11-22", _date, "[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])", others=()),
]
Truth = Annotated[
    bool,
    _kind(
        "yes or no",
        _truth,
        "[yY][eE][sS]|[nN][oO]|[tT][rR][uU][eE]|[fF][aA][lL][sS][eE]",
        words=("yes", "no"),
        others=("boolean",),
    ),
]
Days = Annotated[int, _kind("a number of days", _number_of_days, "[1-9][0-9]{0,4}", others=("integer",))]
Count = Annotated[int, _kind("a whole number as 12", _count, "[0-9]{1,7}", others=("integer",))]
Screeners = Annotated[int, _kind("1 or 2", _screeners, words=_SCREENERS, others=("integer",))]
Doi = Annotated[
    str,
    _kind(
        "a DOI as 10.3389/fped.2024.1497168",
        lambda text: normal_doi(text) if DOI.fullmatch(normal_doi(text)) else None,
        r".*10\.[0-9]{4,9}/\S+",
        others=(),
    ),
]
Pmid = Annotated[str, _matching("a PMID: digits only", PMID.pattern, others=("integer",))]
Pmcid = Annotated[str, _matching("a PMCID as PMC11631605", PMCID.pattern)]
Year = Annotated[str, _matching("a year as 2024", "[12][0-9]{3}", others=("integer",))]
Day = Annotated[
    str,
    _matching(
        "a date as 2024, 2024-05 or 2024-05-31",
        "[12][0-9]{3}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12][0-9]|3[01]))?)?",
        others=("integer",),
    ),
]


class Shape(BaseModel):
    """A mapping of a hand-written file; keys that it does not name are faults."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class EligibilityShape(Shape):
    include: Annotated[list[Text], BeforeValidator(blank_list)] = Described([], description="what a case must have")
    exclude: Annotated[list[Text], BeforeValidator(blank_list)] = Described([], description="what rules a case out")


class AcceptanceShape(Shape):
    rule: Annotated[str, _kind("the code of a rule of check, as E201", _rule_code, "[A-Za-z][0-9]{3}", others=())] = (
        Described(description="the code of a rule of check, as E201")
    )
    path: Text | None = Described(None, description="the file, as curated/reports/doe-2020.yaml")
    field: Text | None = Described(None, description="the field or record that check names")
    case: CaseId | None = Described(None, description="the case's id in its report, as 1")
    reason: Text = Described(description="why the problem is accepted")
    by: Text = Described(description="who accepts it")
    when: Date = Described(description="a date as 2026-11-22")


class PreviousShape(Shape):
    studies: Count = Described(description="how many studies the previous version included")
    reports: Count = Described(description="how many reports of them it had")
    cases: Count | None = Described(None, description="how many cases its table had")
    patients: Count | None = Described(None, description="how many patients they were")
    of: Text | None = Described(None, description="the previous version's reference or key")


class ProtocolShape(Shape):
    title: Text | None = Described(None, description="the title of the review")
    question: Text | None = Described(None, description="the question of the review")
    eligibility: EligibilityShape | None = Described(None, description="'include' and 'exclude', each a list")
    exclusion_reasons: dict[Slug, Text] | None = Described(
        None, description="the reasons for exclusion, 'name: meaning'"
    )
    index_report: Key | None = Described(None, description="the key of the reviewers' own report")
    max_search_age_days: Days = Described(180, description="a number of days")
    screeners: Screeners = Described(1, description="how many persons decide on each record: 1 or 2")
    one_report: Annotated[list[Annotated[str, _one_of(Joined)]], BeforeValidator(blank_list)] = Described(
        [], description=f"what counts as one report: {joined(Joined)}"
    )
    previous: PreviousShape | None = Described(
        None, description="'studies' and 'reports' of the version that this one updates"
    )
    accepts: Annotated[list[AcceptanceShape], BeforeValidator(blank_list)] = Described(
        [], description="a list of problems, each with 'rule', 'reason', 'by' and 'when'"
    )


class RecordShape(Shape):
    title: Text = Described(description="the title")
    pmid: Pmid | None = None
    doi: Doi | None = None
    pmcid: Pmcid | None = None
    id: Slug | None = None
    authors: Annotated[list[Text], BeforeValidator(blank_list)] = []
    authors_truncated: Truth = False
    journal: Text | None = None
    year: Year | None = None
    volume: Text | None = None
    issue: Text | None = None
    pages: Text | None = None
    languages: Annotated[list[Text], BeforeValidator(blank_list)] = []


class PublishedShape(Shape):
    since: Day | None = None
    until: Day | None = None


class SignedShape(Shape):
    by: Text = Described(description="who it was")
    when: Date = Described(description="a date as 2026-11-22")
    note: Text | None = None


class AcceptedShape(Shape):
    rule: Annotated[str, _kind("the code of a rule of lint, as L113", _lint_code, "[Ll][0-9]{3}", others=())] = (
        Described(description="the code of a rule of lint, as L113")
    )
    reason: Text = Described(description="why the fault is accepted")


class StrategyShape(Shape):
    method: Annotated[str, _one_of(Method)] = Described(Method.DATABASE.value, description=joined(Method))
    source: Text = Described(description="the name of the source, as PubMed")
    purpose: Text | None = Described(None, description="what the strategy is for")
    strategy: Text | None = Described(None, description="the query text")
    published: PublishedShape | None = Described(None, description="'since' and 'until'")
    must_find: Annotated[list[Key], BeforeValidator(blank_list)] = Described([], description="a list of record keys")
    written: SignedShape | None = Described(None, description="'by' and 'when'")
    peer_reviewed: SignedShape | None = Described(None, description="'by' and 'when'")
    accepts: Annotated[list[AcceptedShape], BeforeValidator(blank_list)] = Described(
        [], description="a list of faults, each with 'rule' and 'reason'"
    )
    records: list[RecordShape] | None = Described(None, description="a list of records, each with title and id")


class DecisionShape(Shape):
    record: Key = Described(description="the key of a record")
    stage: Annotated[str, _one_of(("records", "reports"))] = Described(description="records or reports")
    decision: Annotated[str, _one_of(("include", "exclude"))] = Described(description="include or exclude")
    reason: Text | None = None
    by: Text = Described(description="who decided")
    when: Date = Described(description="a date as 2026-11-22")
    settles: Truth = Described(False, description="yes where it stands over decisions that differ")
    note: Text | None = None


class ScreeningShape(Shape):
    decisions: Annotated[list[DecisionShape], BeforeValidator(blank_list)] = Described(
        description="a list of decisions"
    )


class RulingShape(Shape):
    records: list[Key] = Described(description="a list of at least two record keys", min_length=2)
    by: Text = Described(description="who ruled")
    when: Date = Described(description="a date as 2026-11-22")
    note: Text | None = None


class RulingsShape(Shape):
    same: Annotated[list[RulingShape], BeforeValidator(blank_list)] = []
    different: Annotated[list[RulingShape], BeforeValidator(blank_list)] = []


class FreeRulingShape(RulingShape):
    """A ruling on records of bibliographic files, whose ids are whatever these say."""

    records: list[Text] = Described(description="a list of at least two ids of records", min_length=2)


class FreeRulingsShape(Shape):
    same: Annotated[list[FreeRulingShape], BeforeValidator(blank_list)] = []
    different: Annotated[list[FreeRulingShape], BeforeValidator(blank_list)] = []


class OverlapShape(Shape):
    cases: list[Annotated[str, _kind("a case as REPORT/CASE, as doe-2020/1", _case)]] = Described(
        description="a list of at least two cases, each as REPORT/CASE", min_length=2
    )
    verdict: Annotated[str, _one_of(OverlapVerdict)] = Described(description=joined(OverlapVerdict))
    by: Text = Described(description="who ruled")
    when: Date = Described(description="a date as 2026-11-22")
    note: Text | None = None


class OverlapsShape(Shape):
    rulings: Annotated[list[OverlapShape], BeforeValidator(blank_list)] = Described([], description="a list of rulings")


IDENTIFIES = ("age", "sex", "center", "country", "period", "drugs", "outcome", "laboratory", "feature", "nothing")


class AcknowledgmentShape(Shape):
    report: Key = Described(description="the key of a report")
    notice: Annotated[str, _one_of(NoticeKind)] = Described(description=joined(NoticeKind))
    key: Annotated[str, _kind("the notice's own key: pmid:… or doi:10.…", _notice_key)] | None = Described(
        None, description="the notice's own key: pmid:… or doi:10.…"
    )
    by: Text = Described(description="who acknowledges it")
    when: Date = Described(description="a date as 2026-11-22")
    reason: Text = Described(description="why the report stays in the review")


class AcknowledgmentsShape(Shape):
    acknowledged: Annotated[list[AcknowledgmentShape], BeforeValidator(blank_list)] = Described(
        description="a list of notices, each with report, notice, by, when and reason"
    )


class ClaimShape(Shape):
    name: Slug = Described(description="a short name")
    text: Text = Described(description="the sentence, as the manuscript has it")
    sql: Text = Described(description="one SELECT over the tables")
    expected: Text = Described(description="what the answer must be, as 9, none or 'only REPORT/CASE'")
    about: Annotated[str, _one_of(About)] = Described(About.PATIENTS.value, description=joined(About))
    source_of: Annotated[list[Text], BeforeValidator(blank_list)] = Described(
        [], description="a list of derived cells, each as REPORT/FIELD or REPORT/CASE/FIELD"
    )
    note: Text | None = None


class NamedNumberShape(Shape):
    sql: Text = Described(description="one SELECT that gives one number")
    text: Text | None = None


def blank_mapping(value: object) -> object:
    """A mapping may be blank."""
    return {} if value is None else value


class ClaimsShape(Shape):
    claims: Annotated[list[ClaimShape], BeforeValidator(blank_list)] = Described([], description="a list of claims")
    values: Annotated[dict[Slug, NamedNumberShape], BeforeValidator(blank_mapping)] = Described(
        {}, description="a mapping from each name to its 'sql'"
    )


class FieldShape(Shape):
    label: Text = Described(description="the name that a reader sees")
    type: Annotated[str, _one_of(FieldType)] = Described(description=joined(FieldType))
    group: Text | None = None
    unit: Text | None = None
    range: Text | None = Described(None, description="a range as '0 to 120'")
    choices: dict[Text, Annotated[list[Text], BeforeValidator(blank_list)]] | None = Described(
        None, description="a mapping from each choice to its printed forms"
    )
    required: Truth = True
    series: Truth = False
    drug: Text | None = None
    parts: list[Annotated[str, _one_of(COURSE_PARTS)]] = []
    names: Annotated[list[Text], BeforeValidator(blank_list)] = Described(
        [], description="a list of names by which reports print the field"
    )
    identifies: Annotated[str, _one_of(IDENTIFIES)] | None = Described(None, description=joined(IDENTIFIES))
    reference: Text | None = Described(None, description="a reference range as '11 to 306' or '<280'")
    help: Text | None = None


class ColumnShape(Shape):
    field: Slug = Described(description="a field of the form")
    name: Slug | None = None
    label: Text | None = None
    take: Annotated[str, _one_of(Take)] = Take.ALL.value
    part: Annotated[str, _one_of(COURSE_PARTS)] | None = None
    note: Text | None = Described(None, description="a note printed below the table")


def short_column(value: object) -> object:
    """A column may be the name of its field alone."""
    return {"field": value} if isinstance(value, str) else value


class TableShape(Shape):
    columns: list[Annotated[ColumnShape, BeforeValidator(short_column)]] = Described(description="a list of columns")
    title: Text | None = Described(None, description="the table's title")
    order: Annotated[list[Text], BeforeValidator(blank_list)] = Described(
        [], description="a list of what rows are ordered by: a field or 'year', with '-' in front for descending"
    )
    group_by: Slug | None = Described(None, description="a field of the form")
    paper: Annotated[str, _one_of(Paper)] = Described(Paper.AUTO.value, description=joined(Paper))
    notes: Annotated[list[Text], BeforeValidator(blank_list)] = Described(
        [], description="a list of notes printed below the table"
    )


def _all_or_list(value: object) -> object:
    """Cases may be the word `all`."""
    return ["all"] if value == "all" else blank_list(value)


class CourseFigureShape(Shape):
    bars: Annotated[list[Slug], BeforeValidator(blank_list)] = Described(
        [], description="a list of fields with courses of treatment"
    )
    lines: Annotated[list[Slug], BeforeValidator(blank_list)] = Described(
        [], description="a list of numeric fields over time"
    )
    zero: Text | None = Described(None, description="what day 0 is, in words")
    cases: Annotated[list[Text], BeforeValidator(_all_or_list)] = Described(
        [], description="a list of cases, each as REPORT/CASE, or all"
    )


class FormShape(Shape):
    fields: dict[Slug, FieldShape] = Described(description="a mapping from field name to its definition")
    table: TableShape = Described(description="the table's 'columns'")
    tables: Annotated[dict[Slug, TableShape], BeforeValidator(blank_mapping)] = Described(
        {}, description="a mapping from the name of each further table to its 'columns'"
    )
    abbreviations: Annotated[dict[Text, Text], BeforeValidator(blank_mapping)] = Described(
        {}, description="a mapping from each abbreviation to what it stands for"
    )
    course: CourseFigureShape | None = Described(None, description="the figure's 'bars', 'lines' and 'zero'")


class ExtractedShape(Shape):
    by: Text | None = Described(None, description="who extracted")
    when: Date | None = Described(None, description="a date as 2026-11-22")


class QuestionShape(Shape):
    question: Text = Described(description="the question")
    answer: Text | None = None


class EventShape(Shape):
    event: Text = Described(description="the name of the event, as the cells' 'when' has it")
    also: Annotated[list[Text], BeforeValidator(blank_list)] = Described(
        [], description="a list of other names of the event"
    )
    day: (
        Annotated[
            Decimal | dt.date,
            _kind(
                "a number of days as 12 or -3, or a date as 2026-11-22",
                lambda text: (
                    Decimal(text) if re.fullmatch(r"[+-]?[0-9]{1,5}(\.[0-9]{1,3})?", text, re.ASCII) else _date(text)
                ),
                r"[+-]?[0-9]{1,5}(?:\.[0-9]{1,3})?|[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])",
                others=("number",),
            ),
        ]
        | None
    ) = Described(None, description="a number of days as 12 or -3, or a date as 2026-11-22")


def short_event(value: object) -> object:
    """An event may be its name alone."""
    return {"event": value} if isinstance(value, str) else value


class CaseShape(Shape):
    """A case; keys that it does not name are the form's fields."""

    model_config = ConfigDict(frozen=True, extra="allow")
    case: CaseId = Described(description="the case's id in its report, as 1")
    eligible: Truth | None = None
    reason: Slug | None = None
    note: Text | None = None
    questions: Annotated[list[QuestionShape], BeforeValidator(blank_list)] = []
    otherwise: Literal["not accessible"] | None = Described(None, description="not accessible")
    timeline: Annotated[list[Annotated[EventShape, BeforeValidator(short_event)]], BeforeValidator(blank_list)] = (
        Described([], description="a list of the events of the course, in their order")
    )


class ReportShape(Shape):
    report: Key = Described(description="the key of the report's record")
    access: Annotated[str, _one_of(("full text", "partial text", "abstract", "none"))] | None = Described(
        None, description="full text, partial text, abstract or none"
    )
    extracted: ExtractedShape | None = Described(None, description="'by' and 'when'")
    cases_in_report: Any = Described(None, description="how many cases the report describes")
    eligible_cases: Any = Described(None, description="how many of them are eligible")
    note: Text | None = None
    questions: Annotated[list[QuestionShape], BeforeValidator(blank_list)] = []
    cases: Annotated[list[CaseShape], BeforeValidator(blank_list)] = Described([], description="a list of cases")


CASE_KEYS = frozenset(CaseShape.model_fields)

S = TypeVar("S", bound=Shape)


def fit(shape: type[S], node: Node) -> tuple[S | None, tuple[Problem, ...]]:
    """Returns the file's content in its shape, and every fault; no content where there is a fault of shape."""
    if node.pairs is None:
        return None, (F203.at(node.place, f"{node.kind} stands here; expected a mapping of 'key: value' lines"),)
    problems: list[Problem] = []
    schema = node.pairs.get("schema")
    if schema is None:
        problems.append(F202.at(node.place, f"is missing; expected {SCHEMA}", field="schema"))
    elif schema.text != SCHEMA:
        message = f"{schema.kind} is not a version that this casetable reads; expected {SCHEMA}"
        problems.append(F204.at(schema.place, message, field="schema"))
    plain = {key: below.plain() for key, below in node.pairs.items() if key != "schema"}
    try:
        return shape.model_validate(plain), tuple(problems)
    except ValidationError as error:
        seen = set()
        for details in error.errors(include_url=False):
            problem = _told(shape, node, details)
            if problem not in seen:
                seen.add(problem)
                problems.append(problem)
        return None, tuple(problems)


def _told(shape: type[Shape], root: Node, details: ErrorDetails) -> Problem:
    # The steps of the path that are keys and indexes of the file; unions add steps of their own, which name no key.
    path: list[str | int] = []
    is_key = False
    for step in details["loc"]:
        below = root.at(*path)
        if step == "[key]" and "[key]" not in (below.pairs or ()):
            is_key = True
            continue
        known = (isinstance(step, int) and below.items is not None) or (
            isinstance(step, str) and below.pairs is not None
        )
        if known:
            path.append(step)
    name = next((step for step in reversed(path) if isinstance(step, str)), "")
    parent, found = root.at(*path[:-1]), root.at(*path)
    model, described = _described(shape, path)
    if details["type"] == "missing":
        return F202.at(parent.place, f"is missing; expected {described}", field=name)
    if details["type"] == "extra_forbidden":
        keys = sorted(model.model_fields) if model else []
        place = parent.key_places.get(name, found.place)
        message = f"{shown(name)} is not a key of this mapping; expected {joined(keys)}"
        return F201.at(place, message, field=name, hint=did_you_mean(name, keys))
    expected = str(details.get("ctx", {}).get("expected", "")) or described
    if details["type"] in {"list_type", "too_short"}:
        expected = described if described.startswith("a list") else "a list, each item on a line with '- '"
    elif details["type"] in {"dict_type", "model_type", "model_attributes_type"}:
        expected = "a mapping of 'key: value' lines"
    if is_key:
        return F203.at(parent.key_places.get(name, found.place), f"{shown(name)} is not {expected}", field=name)
    if found.is_blank:
        return F202.at(found.place, f"is blank; expected {described or expected}", field=name)
    return F203.at(found.place, f"{found.kind} is not {expected}", field=name, hint=_nearest(found.text, expected))


def _nearest(text: str | None, expected: str) -> str:
    words = re.split(r", | or ", expected)
    is_choice = len(words) > 1 and not re.search(r"[\d:…]", expected)
    return did_you_mean(text, words) if text and is_choice else ""


def _described(shape: type[Shape], path: list[str | int]) -> tuple[type[Shape] | None, str]:
    """Returns the shape that holds the last key of a path, and what that key's description says is expected."""
    model: type[Shape] | None = shape
    inner: Any = shape
    description = ""
    for step in path:
        inner = _without_optional(inner)
        if isinstance(inner, type) and issubclass(inner, Shape):
            model = inner
            info = inner.model_fields.get(str(step))
            if info is None:
                return model, ""
            inner, description = info.annotation, info.description or description
        elif get_origin(inner) in {list, dict}:
            inner = get_args(inner)[-1]
    return model, description


def _without_optional(annotation: Any) -> Any:
    while True:
        origin = get_origin(annotation)
        if origin is Annotated:
            annotation = get_args(annotation)[0]
        elif origin in {Union, types.UnionType}:
            annotation = next(arg for arg in get_args(annotation) if arg is not type(None))
        else:
            return annotation


def key_place(node: Node, *path: str | int) -> Place:
    """Returns the place of the value at a path, or of what holds it where the key is not there."""
    return node.at(*path).place
