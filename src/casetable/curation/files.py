"""Reads the hand-written files of a review but its form: protocol, strategies, decisions, rulings, reports.

Every reader takes a path (for places) and bytes, raises nothing, and returns what could be read with every fault.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from decimal import Decimal

from casetable.curation.cells import E102, CellReader, not_accessible
from casetable.curation.nodes import Node, read_nodes
from casetable.curation.shapes import (
    CASE_KEYS,
    AcknowledgmentsShape,
    CaseShape,
    FreeRulingsShape,
    OverlapsShape,
    PreviousShape,
    ProtocolShape,
    QuestionShape,
    RecordShape,
    ReportShape,
    RulingShape,
    RulingsShape,
    ScreeningShape,
    SignedShape,
    StrategyShape,
    fit,
    key_place,
)
from casetable.curation.timelines import read_timeline
from casetable.curation.typed import typed_text
from casetable.model import (
    SEARCHED_SOURCE,
    Acceptance,
    Accepted,
    Access,
    Case,
    Cell,
    Decision,
    Entry,
    Event,
    Field,
    FieldType,
    Form,
    Joined,
    Known,
    Method,
    Overlap,
    OverlapVerdict,
    Previous,
    Protocol,
    Question,
    Record,
    Report,
    Ruling,
    Signed,
    Stage,
    Strategy,
    Verdict,
    record_key,
)
from casetable.model.notice import Acknowledgment, NoticeKind
from casetable.problems import Example, Place, Problem, Rule, did_you_mean, shown

P102 = Rule(
    code="P102",
    name="faulty-strategy",
    summary="a strategy does not say what is searched, or how",
    why="It could not be run, or nobody could repeat it.",
    fix="A search of PubMed has `strategy`, the query text, and one of another database that as it was run there; any other method"
    " lists what it found under `records`.",
    example=Example(
        path="queries/main.yaml",
        good="strategy: dermatomyositis AND tocilizumab\n",
        bad="",
        message="a database search has no query text; expected it behind 'strategy:'",
    ),
)
P103 = Rule(
    code="P103",
    name="record-without-id",
    summary="a record listed by hand has neither PMID, DOI nor an id of its own, or shares its key with another",
    why="Without a key no decision can be kept for it.",
    fix="Give the record `pmid`, `doi` or `id`, the last being its number in the list.",
    example=Example(
        path="queries/own.yaml",
        good="    id: r1\n",
        bad="",
        message="'A case of something invented' has no key; expected pmid, doi or id",
    ),
)

RULES = (P102, P103)

Read = tuple[Problem, ...]


def read_protocol(path: str, data: bytes) -> tuple[Protocol | None, Read]:
    """Returns the protocol of review.yaml; blanks in it are for the rules over the whole review."""
    node, problems = read_nodes(path, data)
    if node is None:
        return None, problems
    shape, faults = fit(ProtocolShape, node)
    problems += faults
    if shape is None:
        return None, problems
    keys = ("title", "question", "eligibility", "exclusion_reasons", "index_report")
    protocol = Protocol(
        title=shape.title or "",
        question=shape.question or "",
        include=tuple(shape.eligibility.include) if shape.eligibility else (),
        exclude=tuple(shape.eligibility.exclude) if shape.eligibility else (),
        exclusion_reasons=dict(shape.exclusion_reasons or {}),
        index_report=shape.index_report or "",
        max_search_age_days=shape.max_search_age_days,
        place=node.place,
        places={key: key_place(node, key) for key in keys},
        one_report=frozenset(map(Joined, shape.one_report)),
        accepts=tuple(
            Acceptance(
                code=entry.rule,
                reason=entry.reason,
                by=entry.by,
                when=entry.when,
                place=key_place(node, "accepts", index),
                path=entry.path or "",
                field=entry.field or "",
                case=entry.case or "",
            )
            for index, entry in enumerate(shape.accepts)
        ),
        previous=_previous(shape.previous, key_place(node, "previous")),
        screeners=shape.screeners,
    )
    return protocol, problems


def _previous(shape: PreviousShape | None, place: Place) -> Previous | None:
    if shape is None:
        return None
    return Previous(
        studies=shape.studies,
        reports=shape.reports,
        cases=shape.cases,
        patients=shape.patients,
        of=" ".join((shape.of or "").split()),
        place=place,
    )


# --- strategies -------------------------------------------------------------------------------------------------------


def read_strategy(path: str, name: str, data: bytes) -> tuple[Strategy | None, Read]:
    """Returns a strategy: a query text, or the records that another method found."""
    node, problems = read_nodes(path, data)
    if node is None:
        return None, problems
    shape, faults = fit(StrategyShape, node)
    problems += faults
    if shape is None:
        return None, problems
    method = Method(shape.method)
    is_comment = re.search(rb"^strategy:[ \t]*#[0-9]", data, re.MULTILINE) is not None
    found = list(_strategy_faults(node, shape, method, is_comment=is_comment))
    records = tuple(_listed_record(record, name) for record in shape.records or ())
    found += _listed_twice(node, records, shape.records or [])
    typed = typed_text(path, data, node.at("strategy").place) if shape.strategy is not None else None
    strategy = Strategy(
        name=name,
        place=node.place,
        method=method,
        source=shape.source,
        purpose=shape.purpose or "",
        text=typed.text if typed is not None else (shape.strategy or "").strip(),
        lines=typed.lines if typed is not None else (node.at("strategy").place,),
        written=_signed(shape.written, key_place(node, "written")),
        peer_reviewed=_signed(shape.peer_reviewed, key_place(node, "peer_reviewed")),
        accepts=tuple(
            Accepted(code=entry.rule, reason=entry.reason, place=key_place(node, "accepts", index))
            for index, entry in enumerate(shape.accepts)
        ),
        published_from=(shape.published.since or "") if shape.published else "",
        published_to=(shape.published.until or "") if shape.published else "",
        must_find=tuple(
            Known(key=key, place=key_place(node, "must_find", index)) for index, key in enumerate(shape.must_find)
        ),
        records=records,
    )
    return (None if found else strategy), (*problems, *found)


def _signed(shape: SignedShape | None, place: Place) -> Signed | None:
    if shape is None:
        return None
    return Signed(by=shape.by, when=shape.when, note=shape.note or "", place=place)


def _strategy_faults(node: Node, shape: StrategyShape, method: Method, *, is_comment: bool) -> Iterator[Problem]:
    if shape.purpose is None:
        yield P102.at(key_place(node, "purpose"), "does not say what it is for; expected 'purpose'", field="purpose")
    if method.is_other or shape.records is not None:
        if shape.records is None:
            yield P102.at(node.place, f"a {method} lists no records; expected 'records'", field="records")
        if shape.strategy is not None:
            message = f"a {method} with records has no query text; expected 'records' alone"
            yield P102.at(key_place(node, "strategy"), message, field="strategy")
    else:
        is_searched = shape.source == SEARCHED_SOURCE
        alike = "" if is_searched else did_you_mean(shape.source, [SEARCHED_SOURCE])
        if shape.strategy is None and (is_searched or is_comment):
            message = "a database search has no query text; expected it behind 'strategy:'"
            hint = (
                "YAML takes '#1 …' behind 'strategy:' for a comment; write the lines below 'strategy: |'"
                if is_comment
                else ""
            )
            yield P102.at(key_place(node, "strategy"), message, field="strategy", hint=hint)
        if alike:
            message = f"{shown(shape.source)} is no source that is known here; expected PubMed, or one whose exports are imported"
            yield P102.at(key_place(node, "source"), message, field="source", hint=alike)


def _listed_record(shape: RecordShape, name: str) -> Record:
    return Record(
        key=record_key(pmid=shape.pmid or "", doi=shape.doi or "", own=f"{name}:{shape.id}" if shape.id else ""),
        origin=f"list:{name}",
        title=" ".join(shape.title.split()),
        authors=tuple(shape.authors),
        authors_truncated=shape.authors_truncated,
        journal=shape.journal or "",
        year=shape.year or "",
        volume=shape.volume or "",
        issue=shape.issue or "",
        pages=shape.pages or "",
        pmid=shape.pmid or "",
        doi=shape.doi or "",
        pmcid=shape.pmcid or "",
        languages=tuple(shape.languages),
    )


def _listed_twice(node: Node, records: tuple[Record, ...], shapes: Iterable[RecordShape]) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for index, (record, shape) in enumerate(zip(records, shapes, strict=True)):
        place = key_place(node, "records", index)
        if not record.key:
            yield P103.at(place, f"{shown(shape.title)} has no key; expected pmid, doi or id", field="records")
        elif record.key in first:
            line = key_place(node, "records", first[record.key]).line
            yield P103.at(
                place, f"{record.key} is listed already, in line {line}; expected each record once", field="records"
            )
        else:
            first[record.key] = index


# --- decisions and rulings --------------------------------------------------------------------------------------------


def read_decisions(path: str, data: bytes) -> tuple[tuple[Decision, ...], Read]:
    """Returns the screening decisions in the order of the file."""
    node, problems = read_nodes(path, data)
    if node is None:
        return (), problems
    shape, faults = fit(ScreeningShape, node)
    if shape is None:
        return (), problems + faults
    decisions = tuple(
        Decision(
            key=entry.record,
            stage=Stage(entry.stage),
            verdict=Verdict(entry.decision),
            reason=entry.reason or "",
            by=entry.by,
            when=entry.when,
            note=entry.note or "",
            place=key_place(node, "decisions", index),
            settles=entry.settles,
        )
        for index, entry in enumerate(shape.decisions)
    )
    return decisions, problems + faults


def read_rulings(path: str, data: bytes, *, is_free: bool = False) -> tuple[tuple[Ruling, ...], Read]:
    """Returns what persons ruled on duplicates: `same` first, then `different`.

    Records are named by their keys; with `is_free` by any text, as the ids of bibliographic files are.
    """
    node, problems = read_nodes(path, data)
    if node is None:
        return (), problems
    shape: RulingsShape | FreeRulingsShape | None
    shape, faults = fit(FreeRulingsShape, node) if is_free else fit(RulingsShape, node)
    if shape is None:
        return (), problems + faults

    def rulings(entries: Sequence[RulingShape], key: str) -> Iterator[Ruling]:
        for index, entry in enumerate(entries):
            yield Ruling(
                is_same=key == "same",
                keys=tuple(dict.fromkeys(entry.records)),
                by=entry.by,
                when=entry.when,
                note=entry.note or "",
                place=key_place(node, key, index),
            )

    return (*rulings(shape.same, "same"), *rulings(shape.different, "different")), problems + faults


def read_overlaps(path: str, data: bytes) -> tuple[tuple[Overlap, ...], Read]:
    """Returns what persons ruled on cases that may be one patient, in the order of the file."""
    node, problems = read_nodes(path, data)
    if node is None:
        return (), problems
    shape, faults = fit(OverlapsShape, node)
    if shape is None:
        return (), problems + faults
    rulings = tuple(
        Overlap(
            cases=tuple(dict.fromkeys(entry.cases)),
            verdict=OverlapVerdict(entry.verdict),
            by=entry.by,
            when=entry.when,
            note=entry.note or "",
            place=key_place(node, "rulings", index),
        )
        for index, entry in enumerate(shape.rulings)
    )
    return rulings, problems + faults


def read_acknowledgments(path: str, data: bytes) -> tuple[tuple[Acknowledgment, ...], Read]:
    """Returns which notices about reports persons know of and why these stay in the review, in the order of the file."""
    node, problems = read_nodes(path, data)
    if node is None:
        return (), problems
    shape, faults = fit(AcknowledgmentsShape, node)
    if shape is None:
        return (), problems + faults
    acknowledged = tuple(
        Acknowledgment(
            report=entry.report,
            kind=NoticeKind(entry.notice),
            notice=entry.key or "",
            by=entry.by,
            when=entry.when,
            reason=entry.reason,
            place=key_place(node, "acknowledged", index),
        )
        for index, entry in enumerate(shape.acknowledged)
    )
    return acknowledged, problems + faults


# --- reports ----------------------------------------------------------------------------------------------------------

_COUNT = Field(
    name="count", label="", group="", type=FieldType.NUMBER, required=True, low=Decimal(0), place=Place(path="")
)


def read_report(path: str, name: str, data: bytes, form: Form | None) -> tuple[Report | None, Read]:
    """Returns an extracted report with the cells of its cases as the form types them.

    Without a form only the report's outer shape is read. Where the outer shape has a fault there is no report, yet the
    faults of its cells are told as well.
    """
    node, problems = read_nodes(path, data)
    if node is None:
        return None, problems
    report, faults = report_of(node, name, form)
    return report, (*problems, *faults)


def report_of(node: Node, name: str, form: Form | None) -> tuple[Report | None, Read]:
    """Returns the report that nodes hold, wherever they came from; see `read_report`."""
    shape, faults = fit(ReportShape, node)
    found = list(faults)
    cells = CellReader()
    counts: dict[str, Cell | None] = {}
    for key in ("cases_in_report", "eligible_cases"):
        below = (node.pairs or {}).get(key)
        count = cells.entry(below, replace(_COUNT, name=key), "") if below is not None and not below.is_blank else None
        counts[key] = count.cells[0] if count else None
    case_nodes = node.at("cases").items or []
    entries = [_entries(below, form, cells) for below in case_nodes]
    found += cells.problems
    if shape is None:
        return None, tuple(found)
    cases = []
    for case, below, (known, faulty) in zip(shape.cases, case_nodes, entries, strict=True):
        timeline, faults = read_timeline(case.timeline, below, known, case.case)
        found += faults
        cases.append(_case(case, below, known, faulty, timeline))
    keys = ("report", "access", "extracted", "cases_in_report", "eligible_cases", "cases")
    report = Report(
        name=name,
        key=shape.report,
        place=node.place,
        access=Access(shape.access) if shape.access else None,
        by=(shape.extracted.by or "") if shape.extracted else "",
        when=shape.extracted.when if shape.extracted else None,
        cases_in_report=counts["cases_in_report"],
        eligible_cases=counts["eligible_cases"],
        note=shape.note or "",
        questions=_questions(shape.questions, node),
        cases=tuple(cases),
        places={key: key_place(node, key) for key in keys},
    )
    return report, tuple(found)


def _entries(node: Node, form: Form | None, cells: CellReader) -> tuple[dict[str, Entry], frozenset[str]]:
    """Returns the entries of a case by field, and the fields whose cells have faults."""
    if node.pairs is None or form is None:
        return {}, frozenset()
    case = (node.at("case").text or "?") if "case" in node.pairs else "?"
    entries: dict[str, Entry] = {}
    faulty = set()
    for name, below in node.pairs.items():
        if name in CASE_KEYS:
            continue
        field = form.fields.get(name)
        if field is None:
            message = f"case {case}: the form has no field {shown(name)}"
            place = node.key_places[name]
            cells.problems.append(E102.at(place, message, field=name, hint=did_you_mean(name, form.fields)))
            continue
        if below.is_blank and not field.required:
            continue  # it may be left out, and is
        entry = cells.entry(below, field, case)
        if entry is None:
            faulty.add(name)
        else:
            entries[name] = entry
    if "otherwise" in node.pairs:
        place = node.pairs["otherwise"].place
        for name in form.fields:
            if name not in entries and name not in faulty:
                entries[name] = not_accessible(place)
    return {name: entries[name] for name in form.fields if name in entries}, frozenset(faulty)


def _case(
    shape: CaseShape, node: Node, entries: dict[str, Entry], faulty: frozenset[str], timeline: tuple[Event, ...]
) -> Case:
    return Case(
        id=shape.case,
        place=node.place,
        is_eligible=shape.eligible,
        reason=shape.reason or "",
        note=shape.note or "",
        questions=_questions(shape.questions, node),
        entries=entries,
        faulty=faulty,
        timeline=timeline,
    )


def _questions(shapes: Iterable[QuestionShape], node: Node) -> tuple[Question, ...]:
    return tuple(
        Question(
            text=re.sub(r"\s+", " ", shape.question),
            answer=shape.answer or "",
            place=key_place(node, "questions", index, "question"),
        )
        for index, shape in enumerate(shapes)
    )
