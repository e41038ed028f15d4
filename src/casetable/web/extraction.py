"""The pages of extraction: the form of a case with the report's text beside it, saved field by field."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import PurePath

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from casetable.curation.editor import STATUSES, CellRow, CourseRow, Kind, Rows, kind_of, rows_of, told_lines
from casetable.errors import UsageError
from casetable.model import COURSE_PARTS, REASONS, Field, FieldType, Report, Status
from casetable.problems import Problem, visible
from casetable.quotes import Judged, Outcome, Text
from casetable.review import Review
from casetable.web.frame import MANY, Asked, action, answer, go, go_back, page_of, raw, required, show, text_of, view
from casetable.workflow import editing, new
from casetable.workflow.editing import EditedError, OpenReport
from casetable.workflow.verifying import verify

# The endings of the files of texts that can be read, as `verify` tells them by their content.
_ENDINGS = {".txt", ".pdf", ".html", ".htm", ".xml", ".nxml"}
_MOST_SHOWN = 1_500_000


@dataclass(frozen=True, kw_only=True)
class Editor:
    """A field as the page shows it: what it is, its rows (None where only its file can show it), and its mark."""

    about: Field
    kind: Kind
    rows: Rows | None
    base: str
    line: int
    is_blank: bool

    @property
    def is_choice(self) -> bool:
        return self.about.type is FieldType.CHOICE

    @property
    def is_many(self) -> bool:
        return self.about.type is FieldType.CHOICES

    @property
    def is_number(self) -> bool:
        return self.about.type is FieldType.NUMBER


def extractions(asked: Asked) -> Response:
    """The included reports, each with its extraction or how to begin one."""
    review = asked.desk.review()
    survey, _ = asked.desk.last_survey()
    page = page_of(asked)
    items = review.included
    return show(
        asked,
        "extractions.html",
        "Extraction",
        items=items[(page - 1) * MANY : page * MANY],
        number=len(items),
        page=page,
        pages=max(1, -(-len(items) // MANY)),
        open_in=survey.open_in if survey else None,
    )


def begin(asked: Asked) -> Response:
    """Writes an extraction to fill in, signed by who begins it, and opens it."""
    path, _ = new(asked.desk.workspace, text_of(asked.form, "record"))
    name = PurePath(path).stem
    review = asked.desk.review()
    opened = editing.open_report(asked.desk.workspace, review, name)
    for key, text in editing.sign(opened, asked.session.by, asked.desk.today()).items():
        sent = {"cells": [{"status": "reported", "value": text}]}
        base = editing.base_of(None)
        editing.save(asked.desk.workspace, review, name, case="", field=key, base=base, sent=sent)
    return go(f"/extract/{name}")


def extract(asked: Asked) -> Response:
    """The form of one case, with the texts of the report that are at hand."""
    review = asked.desk.review(is_quick=True)
    name = asked.name
    try:
        opened = editing.open_report(asked.desk.workspace, review, name, asked.desk.memory.parts)
    except UsageError:
        review = asked.desk.review()  # it may have been written since
        try:
            opened = editing.open_report(asked.desk.workspace, review, name)
        except UsageError as error:
            return show(asked, "missing.html", "No such extraction", status=404, what=f"{visible(str(error))[:300]}.")
    form = review.inputs.form
    if opened.root is None or form is None:
        return show(asked, "unreadable.html", "Extraction", opened=opened, problems=opened.problems, form=form)
    wanted = asked.query.get("case", "")
    case = wanted if wanted in opened.cases else next(iter(opened.cases), "")
    texts, unread = asked.desk.texts(review, opened.item, name)
    chosen = asked.query.get("text", "")
    text = next((each for each in texts if each.name == chosen), texts[0] if texts else None)
    return show(
        asked,
        "extract.html",
        opened.item.record.label if opened.item else name,
        opened=opened,
        record=opened.item.record if opened.item else None,
        name=name,
        case=case,
        otherwise=_otherwise(opened, case),
        facts=[_editor(opened, "", about) for about in editing.REPORT_FIELDS.values()],
        case_facts=[_editor(opened, case, about) for about in editing.case_fields(review.inputs.protocol).values()]
        if case
        else [],
        groups=[
            (group, [_editor(opened, case, about) for about in fields])
            for group, fields in groupby(form.fields.values(), key=lambda about: about.group)
        ]
        if case
        else [],
        questions=[("", _asked(opened, "")), *([(case, _asked(opened, case))] if case else [])],
        events=_events(opened, case),
        texts=[each.name for each in texts],
        text=text,
        sections=list(_sections(text)) if text else [],
        unread=unread,
        statuses=STATUSES,
        reasons=REASONS,
        parts=COURSE_PARTS,
        blank_cell=CellRow(status=Status.REPORTED),
        blank_course=CourseRow(),
        needs_more=len(opened.cases),
    )


def _editor(opened: OpenReport, case: str, about: Field) -> Editor:
    plain = opened.at(case, about.name)
    return Editor(
        about=about,
        kind=kind_of(about),
        rows=rows_of(plain, kind_of(about)),
        base=editing.base_of(plain),
        line=opened.line_of(case, about.name),
        is_blank=plain is None,
    )


def _otherwise(opened: OpenReport, case: str) -> str:
    """Returns why all that is left blank in a case has no value, or nothing."""
    told = opened.at(case, "otherwise") if case else None
    return told if isinstance(told, str) else ""


def _asked(opened: OpenReport, case: str) -> tuple[str, list[tuple[str, str]] | None]:
    """Returns the questions of a report or case with their mark; None where only the file can show them."""
    plain = opened.at(case, "questions")
    rows: list[tuple[str, str]] = []
    for each in plain if isinstance(plain, list) else []:
        if not isinstance(each, dict) or not all(text is None or isinstance(text, str) for text in each.values()):
            return editing.base_of(plain), None
        rows.append((each.get("question") or "", each.get("answer") or ""))
    return editing.base_of(plain), rows if plain is None or isinstance(plain, list) else None


def _events(opened: OpenReport, case: str) -> list[str]:
    """The points of the course that a case knows: those of its timeline, and what its cells say."""
    found = next((each for each in opened.report.cases if each.id == case), None) if opened.report else None
    if found is None:
        return []
    named = [event.name for event in found.timeline]
    said = [cell.when for entry in found.entries.values() for cell in entry.cells if cell.when]
    return list(dict.fromkeys([*named, *said]))


def _sections(text: Text) -> Iterator[tuple[str, str, list[tuple[int, str]]]]:
    """Yields the sections of a text: heading, the words for its place, and its paragraphs with where they begin."""
    for section in text.sections:
        if section.start > _MOST_SHOWN:
            return
        heading = section.heading or section.part.value.capitalize()
        paragraphs = []
        at = section.start
        for paragraph in text.content[section.start : section.end].split("\n\n"):
            if paragraph.strip():
                paragraphs.append((at, paragraph))
            at += len(paragraph) + 2
        if paragraphs:
            yield heading, heading.rpartition(" > ")[2], paragraphs


# --- what the form asks for and sends ---------------------------------------------------------------------------------


def save(asked: Asked) -> object:
    """Writes one field; 409 with both sides where it says something else by now."""
    review, name = _named(asked)
    case, field, base = required(asked.data, "case", "field", "base")
    try:
        with asked.desk.lock:
            done = editing.save(
                asked.desk.workspace, review, name, case=case, field=field, base=base, sent=asked.data.get("sent")
            )
    except EditedError as error:
        found = editing.edited(
            review,
            editing.open_report(asked.desk.workspace, review, name),
            case=case,
            field=field,
            sent=asked.data.get("sent"),
        )
        told = {
            "error": str(error),
            "base": editing.base_of(error.there),
            "there": told_lines(error.there),
            "mine": told_lines(found.plain),
        }
        return JSONResponse(told, 409)
    return {"base": done.base, "wrote": done.after != done.before, **_found(asked, review, name, done)}


def attempt(asked: Asked) -> object:
    """What the rules and `verify` say of the extraction as it is, or with one field as it stands on the page."""
    review, name = _named(asked)
    opened = editing.open_report(asked.desk.workspace, review, name)
    if not isinstance(asked.data, dict) or "field" not in asked.data:
        return _found(asked, review, name, opened)
    case, field = required(asked.data, "case", "field")
    return _found(
        asked, review, name, editing.edited(review, opened, case=case, field=field, sent=asked.data.get("sent"))
    )


def _named(asked: Asked) -> tuple[Review, str]:
    return asked.desk.review(is_quick=True), asked.name


def _found(asked: Asked, review: Review, name: str, found: OpenReport | editing.Edited) -> dict[str, object]:
    report = found.report
    item = review.item_of(report.key) if report else None
    cells = asked.desk.judged(review, item, report, name)
    return {
        "problems": [_problem_value(problem, report) for problem in found.problems],
        "cells": [_cell_value(each) for each in cells],
    }


def _problem_value(problem: Problem, report: Report | None) -> dict[str, object]:
    return {
        "case": editing.in_case(problem, report),
        "field": problem.field,
        "code": problem.code,
        "severity": problem.severity.value,
        "message": visible(problem.message) + (f"; {visible(problem.hint)}" if problem.hint else ""),
        "line": problem.place.line,
    }


def _cell_value(each: Judged) -> dict[str, object]:
    told = {Outcome.VERIFIED: "stands in the text"}.get(each.outcome, each.message)
    return {
        "case": each.slot.case,
        "cell": each.slot.name,
        "outcome": each.outcome.value,
        "message": visible(told),
        "text": each.text,
        "start": each.start,
        "end": each.end,
    }


def add_case(asked: Asked) -> Response:
    """Adds a case to an extraction, and shows it."""
    review, name = _named(asked)
    with asked.desk.lock:
        added = editing.add_case(asked.desk.workspace, review, name, text_of(asked.form, "id"))
    return go(f"/extract/{name}", case=added)


def record(asked: Asked) -> Response:
    """Records which cells stand in the texts at hand, as `verify` does."""
    _, name = _named(asked)
    with asked.desk.lock:
        found = verify(asked.desk.workspace, [name], text=None, today=asked.desk.today())
    stood = sum(each.outcome in {Outcome.VERIFIED, Outcome.ELSEWHERE} for each in found.judged)
    asked.said(f"{stood} of {len(found.judged)} cells with a value or quote stand in the text; it is recorded.")
    return go_back(asked)


def keep_text(asked: Asked) -> object:
    """Keeps a text of the report in the cache, which git does not hold."""
    review, name = _named(asked)
    editing.open_report(asked.desk.workspace, review, name)
    ending = PurePath(asked.query.get("name", "")).suffix.lower()
    if ending not in _ENDINGS:
        raise UsageError("the file is none of text, PDF, HTML or JATS XML, by its ending; nothing was kept")
    editing.keep_text(asked.desk.workspace, name, ending, asked.body)
    return {"kept": f"{name}{ending}"}


ROUTES = [
    Route("/extract", view(extractions)),
    Route("/extract/new", action(begin), methods=["POST"]),
    Route("/extract/{name}", view(extract)),
    Route("/extract/{name}/save", answer(save), methods=["POST"]),
    Route("/extract/{name}/try", answer(attempt), methods=["POST"]),
    Route("/extract/{name}/case", action(add_case), methods=["POST"]),
    Route("/extract/{name}/verify", action(record), methods=["POST"]),
    Route("/extract/{name}/texts", raw(keep_text), methods=["POST"]),
]
