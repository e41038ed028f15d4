"""The sheets in which an extraction is filled in without YAML: their columns, and what stands in them.

One row is one datum, as in the data collection forms of Cochrane reviews: the value, what the report prints, and where.
Repeated cells have a row each, statements that contradict each other too; courses of treatment have a sheet of their own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from casetable.curation.content import COUNTS, CaseContent, CourseItem, Item, ReportContent, plain_text
from casetable.curation.nodes import Node
from casetable.model import COURSE_PARTS, NOWHERE, REASONS, Access, Field, FieldType, Form, plain_number
from casetable.problems import Place, joined

REPORT, CASES, TREATMENTS, DETAILS, QUESTIONS, HOW_TO, LISTS = (
    "Report",
    "Cases",
    "Treatments",
    "Treatment details",
    "Questions",
    "How to",
    "Lists",
)
CONFLICTING = "conflicting"
SPARE_ROWS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetColumn:
    """A column: the key of what it holds, its heading, and its width in characters (0: hidden)."""

    key: str
    heading: str
    width: int


def _columns(**named: tuple[str, int]) -> tuple[SheetColumn, ...]:
    return tuple(
        SheetColumn(key=key.strip("_"), heading=heading, width=width) for key, (heading, width) in named.items()
    )


_CASE, _FIELD, _VALUE, _UNIT = ("Case", 7), ("Field", 22), ("Value", 32), ("Unit", 10)
_REPORTED, _WHERE, _NOTE, _FROM = ("As printed", 32), ("Where", 18), ("Note", 28), ("Derived from", 20)
_WHEN, _REFERENCE, _STATUS, _HELP = ("When", 16), ("Reference range", 16), ("Conflict", 12), ("What belongs here", 30)
_NAME, _MARK, _COURSE = ("Name in the form", 0), ("Mark", 0), ("Course", 8)

COLUMNS: Mapping[str, tuple[SheetColumn, ...]] = {
    REPORT: _columns(
        field=("Item", 24),
        help=_HELP,
        value=("Value", 48),
        reported=_REPORTED,
        where=_WHERE,
        note=_NOTE,
        from_=_FROM,
        status=_STATUS,
        name=_NAME,
        mark=_MARK,
    ),
    CASES: _columns(
        case=_CASE,
        field=_FIELD,
        help=_HELP,
        value=_VALUE,
        unit=_UNIT,
        when=_WHEN,
        reported=_REPORTED,
        where=_WHERE,
        note=_NOTE,
        from_=_FROM,
        reference=_REFERENCE,
        status=_STATUS,
        name=_NAME,
        mark=_MARK,
    ),
    TREATMENTS: _columns(
        case=_CASE,
        field=_FIELD,
        course=_COURSE,
        drug=("Drug", 22),
        dose=("Dose", 12),
        unit=_UNIT,
        route=("Route", 14),
        schedule=("Schedule", 20),
        start=("Start", 20),
        stop=("Stop", 18),
        count=("Count", 9),
        reported=_REPORTED,
        where=_WHERE,
        note=_NOTE,
        name=_NAME,
        mark=_MARK,
    ),
    DETAILS: _columns(
        case=_CASE,
        field=_FIELD,
        course=_COURSE,
        part=("Part", 10),
        value=_VALUE,
        unit=_UNIT,
        when=_WHEN,
        reported=_REPORTED,
        where=_WHERE,
        note=_NOTE,
        from_=_FROM,
        status=_STATUS,
        name=_NAME,
    ),
    QUESTIONS: _columns(case=_CASE, question=("Question", 70), answer=("Answer", 60), mark=_MARK),
}
# What stands in every row, whether or not anybody filled it in.
FIXED = frozenset({"case", "field", "help", "name", "mark", "course", "part"})

REPORT_LABELS = {
    "report": "Record",
    "citation": "Citation",
    "access": "Access",
    "by": "Extracted by",
    "when": "Extracted on",
    "cases_in_report": "Cases in the report",
    "eligible_cases": "Eligible cases",
    "note": "Note on the report",
}
CASE_LABELS = {
    "eligible": "Eligible",
    "reason": "Reason, if not eligible",
    "note": "Note on the case",
    "otherwise": "All other fields",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetRow:
    """A row: its texts by the keys of columns. A group's heading has one text, its `group`.

    `choices` are offered in a cell's list, and are all that is expected there where `is_closed`; `inputs` are the cells
    that are to be filled in; `prompt` is shown where the value is.
    """

    texts: Mapping[str, str] = field(default_factory=dict)
    group: str = ""
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    is_closed: bool = False
    inputs: frozenset[str] = frozenset()
    prompt: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetPage:
    """A sheet to be written: the title above its head, its columns, its rows."""

    name: str
    title: str
    columns: tuple[SheetColumn, ...]
    rows: tuple[SheetRow, ...]
    frozen: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A spreadsheet to be filled in: its sheets, and the lines that say how."""

    title: str
    pages: tuple[SheetPage, ...]
    how_to: tuple[str, ...]


def template_of(
    form: Form, content: ReportContent | None, *, key: str, citation: str, reasons: Sequence[str], cases: int
) -> Template:
    """Returns the spreadsheet of a report with what its extraction says, or one to be filled in for `cases` cases.

    `key` and `citation` are of its record, or blank; `reasons` are those that the protocol has for an exclusion.
    """
    there = content.cases if content is not None else ()
    free = (
        str(number) for number in range(1, cases + len(there) + 1) if str(number) not in {case.id for case in there}
    )
    blank = tuple(
        CaseContent(id=next(free), place=form_place(form)) for _ in range(max(cases - len(there), 0 if there else 1))
    )
    shown = (*there, *blank)
    lead = f"{key} · {citation}" if citation else key or "a report: fill in its record in sheet 'Report'"
    pages = [
        _page(REPORT, lead, _report_rows(content, key, citation), 2),
        _page(CASES, lead, (*_case_rows(form, shown, reasons), *_spare_cases(form)), 2),
    ]
    courses = [known for known in form.fields.values() if known.type is FieldType.COURSES]
    if courses:
        pages.append(_page(TREATMENTS, lead, (*_course_rows(courses, shown), *_spare_courses(courses)), 3))
        pages.append(_page(DETAILS, lead, tuple(_detail_rows(courses, shown)), 4))
    pages.append(_page(QUESTIONS, lead, tuple(_question_rows(content)), 1))
    return Template(title=lead, pages=tuple(pages), how_to=_HOW_TO)


def form_place(form: Form) -> Place:
    """Returns where the form stands, for what a blank template holds."""
    return next((known.place for known in form.fields.values()), NOWHERE)


def _page(name: str, title: str, rows: Sequence[SheetRow], frozen: int) -> SheetPage:
    return SheetPage(name=name, title=title, columns=COLUMNS[name], rows=tuple(rows), frozen=frozen)


# --- Report -----------------------------------------------------------------------------------------------------------

_REPORT_HELP = {
    "report": "the key of the report's record, as pmid:39664278 or doi:10.…",
    "citation": "for your eyes; not read back",
    "access": f"how much of the report could be read: {joined(Access)}",
    "by": "who extracted",
    "when": "a date as 2026-11-22",
    "cases_in_report": "how many cases the report describes",
    "eligible_cases": "how many of them are eligible",
    "note": "may be left out",
}


def _report_rows(content: ReportContent | None, key: str, citation: str) -> tuple[SheetRow, ...]:
    rows: list[SheetRow] = []
    for name, label in REPORT_LABELS.items():
        fixed = {"field": label, "help": _REPORT_HELP[name], "name": name}
        if name in COUNTS:
            item = content.counts.get(name) if content is not None else None
            lines = list(item_lines(item)) if item is not None else [{}]
            inputs = frozenset({"value", "reported", "where", "note", "from", "status"})
            choices = {"value": _words(REASONS), "status": (CONFLICTING,)}
            rows += [SheetRow(texts={**fixed, **line}, inputs=inputs, choices=choices) for line in lines]
            continue
        item = content.facts.get(name) if content is not None else None
        line = _as_typed(item) if item is not None else {}
        if name in {"report", "citation"} and (key or citation) and not line:
            line = {"value": key if name == "report" else citation}
        is_fixed = name == "citation" or (name == "report" and bool(line))
        rows.append(
            SheetRow(
                texts={**fixed, **line},
                inputs=frozenset() if is_fixed else frozenset({"value"}),
                choices={"value": _words(Access)} if name == "access" else {},
                is_closed=name == "access",
            )
        )
    return tuple(rows)


# --- Cases ------------------------------------------------------------------------------------------------------------

_CASE_HELP = {
    "eligible": "yes or no",
    "reason": "a reason of the protocol, where the case is not eligible",
    "note": "may be left out",
    "otherwise": "'not accessible' says so of every field that is left blank",
}


def _case_rows(form: Form, cases: Sequence[CaseContent], reasons: Sequence[str]) -> Iterator[SheetRow]:
    lists = {"eligible": ("yes", "no"), "reason": tuple(reasons), "otherwise": ("not accessible",)}
    for case in cases:
        yield SheetRow(group=f"Case {case.id}")
        for name, label in CASE_LABELS.items():
            item = case.facts.get(name)
            fixed = {"case": case.id, "field": label, "help": _CASE_HELP[name], "name": name}
            yield SheetRow(
                texts={**fixed, **(_as_typed(item) if item is not None else {})},
                inputs=frozenset({"value"}),
                choices={"value": lists[name]} if lists.get(name) else {},
                is_closed=name in lists,
            )
        for key in case.kept:
            yield SheetRow(
                texts={"case": case.id, "field": key, "help": "stands in the file alone, and stays as it is"}
            )
        group = ""
        for known in form.fields.values():
            if known.group != group:
                group = known.group
                yield SheetRow(group=f"Case {case.id}: {group}" if group else f"Case {case.id}")
            items = case.items.get(known.name, ())
            lines = [
                line for before, item in zip((None, *items), items, strict=False) for line in item_lines(item, before)
            ]
            for number, line in enumerate([*lines, {}] if known.series or not lines else lines):
                yield _field_row(case.id, known, line, is_first=not number)


def _field_row(case: str, known: Field, line: Mapping[str, str], *, is_first: bool) -> SheetRow:
    inputs = {"value", "reported", "where", "note", "from", "status"}
    inputs |= {"unit", "reference"} if known.type is FieldType.NUMBER else set()
    inputs |= {"when"} if known.series else set()
    if known.type is FieldType.COURSES:
        inputs = {"value"}
    is_closed = known.type is FieldType.CHOICE
    listed = known.type in (FieldType.CHOICE, FieldType.CHOICES)
    choices = {"value": (*(known.choices if listed else ()), *_words(REASONS)), "status": (CONFLICTING,)}
    return SheetRow(
        texts={
            "case": case,
            "field": known.label,
            "help": what_belongs(known) if is_first else "",
            "name": known.name,
            **line,
        },
        inputs=frozenset(inputs),
        choices=choices if known.type is not FieldType.COURSES else {"value": _words(REASONS)},
        is_closed=is_closed or known.type is FieldType.COURSES,
        prompt=what_belongs(known),
    )


def _spare_cases(form: Form) -> Iterator[SheetRow]:
    labels = tuple(dict.fromkeys(known.label for known in form.fields.values() if known.type is not FieldType.COURSES))
    yield SheetRow(group="Further rows: give the case, and choose the field")
    inputs = frozenset(column.key for column in COLUMNS[CASES]) - {"help", "name", "mark"}
    choices = {"field": labels, "status": (CONFLICTING,)}
    yield from (SheetRow(inputs=inputs, choices=choices, is_closed=True) for _ in range(SPARE_ROWS))


def what_belongs(known: Field) -> str:
    """Returns what belongs into the value of a field, in the words of a sheet."""
    what = {
        FieldType.TEXT: "text",
        FieldType.CHOICE: f"one of {joined(known.choices)}" if known.choices else "",
        FieldType.CHOICES: f"one or more of {joined(known.choices)}, with ';' between" if known.choices else "",
        FieldType.NUMBER: f"number in {known.unit}" if known.unit else "number",
        FieldType.COURSES: f"the courses stand in sheet '{TREATMENTS}'; here only why there are none",
    }[known.type]
    if known.low is not None and known.high is not None:
        what += f", {plain_number(known.low)} to {plain_number(known.high)}"
    told = (
        what,
        "over time: a row for each, with 'When'" if known.series else "",
        "" if known.required else "may be left out",
        known.help,
    )
    return "; ".join(text for text in told if text)


# --- Treatments -------------------------------------------------------------------------------------------------------


def _course_rows(courses: Sequence[Field], cases: Sequence[CaseContent]) -> Iterator[SheetRow]:
    for case in cases:
        for known in courses:
            there = case.courses.get(known.name, ())
            yield SheetRow(group=f"Case {case.id}: {known.label}")
            for number, course in enumerate(there, start=1):
                yield _course_row(case.id, known, str(number), _course_line(course))
            yield _course_row(case.id, known, str(len(there) + 1), {})


def _course_row(case: str, known: Field, number: str, line: Mapping[str, str]) -> SheetRow:
    inputs = {column.key for column in COLUMNS[TREATMENTS]} - FIXED
    prompt = f"may be left blank: {known.drug}" if known.drug else ""
    return SheetRow(
        texts={"case": case, "field": known.label, "course": number, "name": known.name, **line},
        inputs=frozenset(inputs),
        choices=dict.fromkeys(COURSE_PARTS, _words(REASONS)),
        prompt=prompt,
    )


def _course_line(course: CourseItem) -> dict[str, str]:
    texts = {key: _shown(node) for key, node in course.texts.items()}
    return {**texts, **{key: item.text for key, item in course.details.items()}, "mark": course.mark}


def _spare_courses(courses: Sequence[Field]) -> Iterator[SheetRow]:
    yield SheetRow(group="Further courses: give the case, and choose the field")
    inputs = frozenset(column.key for column in COLUMNS[TREATMENTS]) - {"name", "mark"}
    choices = dict.fromkeys(COURSE_PARTS, _words(REASONS)) | {
        "field": tuple(dict.fromkeys(known.label for known in courses))
    }
    yield from (SheetRow(inputs=inputs, choices=choices) for _ in range(SPARE_ROWS))


def _detail_rows(courses: Sequence[Field], cases: Sequence[CaseContent]) -> Iterator[SheetRow]:
    inputs = frozenset(column.key for column in COLUMNS[DETAILS]) - {"name"}
    choices = {
        "field": tuple(dict.fromkeys(known.label for known in courses)),
        "part": COURSE_PARTS,
        "value": _words(REASONS),
        "status": (CONFLICTING,),
    }
    for case in cases:
        for known in courses:
            for number, course in enumerate(case.courses.get(known.name, ()), start=1):
                for part, item in course.details.items():
                    fixed = {"case": case.id, "field": known.label, "course": str(number), "part": part}
                    for line in item_lines(item):
                        texts = {**fixed, "name": known.name, **line}
                        yield SheetRow(texts=texts, inputs=inputs - FIXED, choices=choices)
    yield SheetRow(group="Further parts of courses that need their own place, note or source")
    yield from (SheetRow(inputs=inputs, choices=choices) for _ in range(SPARE_ROWS))


# --- Questions --------------------------------------------------------------------------------------------------------


def _question_rows(content: ReportContent | None) -> Iterator[SheetRow]:
    asked = [("", each) for each in content.questions] if content is not None else []
    asked += [(case.id, each) for case in content.cases for each in case.questions] if content is not None else []
    inputs = frozenset({"case", "question", "answer"})
    for case, each in asked:
        answer = _shown(each.answer.texts["value"]) if not each.answer.is_blank else ""
        texts = {"case": case, "question": _shown(each.question), "answer": answer, "mark": each.answer.mark}
        yield SheetRow(texts=texts, inputs=frozenset({"answer"}))
    yield from (SheetRow(inputs=inputs) for _ in range(4))


# --- cells as lines ---------------------------------------------------------------------------------------------------


def item_lines(item: Item, before: Item | None = None) -> Iterator[dict[str, str]]:
    """Yields the rows that a cell takes, each with its texts by column; a conflict takes one for each statement, and one
    above them for what is said of all where that is more than `when`, or where the cell before is a conflict too.
    """
    if not item.alternatives:
        yield {**_as_typed(item), "mark": item.mark}
        return
    is_each = any("when" in each.texts for each in item.alternatives)
    is_next = before is not None and bool(before.alternatives)
    if set(item.texts) - {"when"} or ((is_each or is_next) and item.texts):
        yield {**_as_typed(item), "status": CONFLICTING, "mark": item.mark}
        shared: dict[str, str] = {}
    else:
        shared = _as_typed(item)
    for each in item.alternatives:
        yield {**shared, **_as_typed(each), "status": CONFLICTING, "mark": item.mark}


def _as_typed(item: Item) -> dict[str, str]:
    return {**{key: _shown(node) for key, node in item.texts.items()}, "mark": item.mark}


def _shown(node: Node) -> str:
    """Returns a text with the line breaks that it has within; of a list of choices all of them."""
    return plain_text(node) if node.items is not None else (node.text or "").strip()


def _words(words: Sequence[str] | type[Access]) -> tuple[str, ...]:
    return tuple(str(word.value) if hasattr(word, "value") else str(word) for word in words)


_HOW_TO = (
    "Fill in the white cells. Then: casetable import-cases FILE.xlsx",
    "A value is typed as the report gives it, in its unit: 3, 12.5, 92-93, <280. Lists offer the choices of a field.",
    f"Where there is no value, say why: {joined(REASONS)}. A blank is no reason: 'casetable check' lists what is still blank.",
    "'As printed' is the report's own wording, 'Where' its place there (Results, Table 2, paragraph 3).",
    "A value that you worked out from others: say from what, in 'Derived from'.",
    f"Statements that contradict each other: a row each, one below the other, and '{CONFLICTING}' in the column"
    " 'Conflict' of both. A row above them that has no value holds what is said of both.",
    "Values over time: a row each, with 'When' (admission, day 20). Need more rows? Insert or copy one, or take one of the"
    " further rows at the end; case and field say where it belongs.",
    f"Courses of treatment stand in '{TREATMENTS}', a row each. Where a part of a course needs a place, a note or a source of"
    f" its own, it has a row in '{DETAILS}', by the number of the course.",
    "A further case: write its number in the column 'Case' of further rows, or copy the rows of a case.",
    "Cells are kept as text, so that 3-4 stays 3-4 and does not become a date. Paste values only, to keep it so.",
    "A blank never deletes: what the extraction already says stays, and is told. To delete, edit the file in the review.",
    "The hidden column 'Mark' tells what a row was filled with, so that nobody's later change is overwritten.",
)
