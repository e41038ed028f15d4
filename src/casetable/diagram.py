"""The PRISMA 2020 flow diagram as boxes with texts and arrows, and where they stand on the page.

Boxes and words are those of the template (Page et al., BMJ 2021;372:n71) in its four variants: a new review or an updated
one, with or without records that other methods found. Below stand the boxes of a review of case reports: from reports to
cases to unique patients. What is still open, or cannot be right, is said in the diagram.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from casetable.flow import Flow
from casetable.problems import visible
from casetable.review import Review


class Tone(StrEnum):
    """What a box is: a heading, a box of the template, one of its gray columns, one of cases, a remark."""

    HEAD = "head"
    GRAY_HEAD = "gray head"
    PLAIN = "plain"
    GRAY = "gray"
    CASES = "cases"
    REMARK = "remark"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of a box, to be wrapped. `spare` is what to write where a font lacks a character of `text`."""

    text: str
    indent: int = 0
    is_bold: bool = False
    is_warning: bool = False
    spare: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A box of the grid; `span` is the number of its columns, and `keys` are the numbers of the flow that it shows."""

    name: str
    row: int
    column: int
    tone: Tone
    lines: tuple[Line, ...]
    span: int = 1
    keys: tuple[str, ...] = ()
    is_faulty: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A stage of the flow, beside the rows from `first` to `last`."""

    label: str
    first: int
    last: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagram:
    """Boxes on a grid, arrows between them by name, stages beside them, and a line of small print."""

    title: str
    boxes: tuple[Box, ...]
    arrows: tuple[tuple[str, str], ...]
    bands: tuple[Band, ...]
    print: str

    @property
    def in_words(self) -> str:
        """All boxes with their numbers as one text: column by column, and then what the columns come together in."""
        ordered = sorted(
            self.boxes, key=lambda box: (box.row >= INCLUDED, box.row > REMARKS, _COLUMN_OF[box.column], box.row)
        )
        sentences = ("; ".join(line.text.rstrip(".") for line in box.lines).replace(":;", ":") for box in ordered)
        return " ".join(f"{sentence}." for sentence in sentences)


HEADS, IDENTIFIED, SCREENED, SOUGHT, ASSESSED, INCLUDED, DESCRIBED, ELIGIBLE, PATIENTS, TOTAL = range(10)
REMARKS = -1
PREVIOUS, MAIN, MAIN_OUT, OTHER, OTHER_OUT = range(5)
# The template's columns, each of boxes and what goes out of them.
_COLUMN_OF = {PREVIOUS: 0, MAIN: 1, MAIN_OUT: 1, OTHER: 2, OTHER_OUT: 2}
# A name is cut at so many characters.
_LONGEST = 300
_SMALL_PRINT = "Flow diagram after PRISMA 2020 (Page et al., BMJ 2021;372:n71); the green boxes go on from reports to cases and patients."


def build_diagram(review: Review, flow: Flow) -> Diagram:
    """Returns the flow diagram of a review, in the variant of the template that its data ask for."""
    protocol = review.inputs.protocol
    meanings = protocol.exclusion_reasons if protocol else {}
    boxes = [*_main(flow, meanings), *_included(flow), *_cases(flow, meanings)]
    arrows = [
        ("identified", "removed"),
        ("identified", "screened"),
        ("screened", "records_excluded"),
        ("screened", "sought"),
        ("sought", "not_retrieved"),
        ("sought", "assessed"),
        ("assessed", "excluded"),
        ("assessed", "new"),
        ("new", "described"),
        ("described", "not_eligible"),
        ("described", "eligible"),
        ("eligible", "same_patients"),
        ("eligible", "patients"),
    ]
    bands = [
        Band(label="Identification", first=IDENTIFIED, last=IDENTIFIED),
        Band(label="Screening", first=SCREENED, last=ASSESSED),
        Band(label="Included", first=INCLUDED, last=INCLUDED),
        Band(label="Cases", first=DESCRIBED, last=PATIENTS),
    ]
    if flow.has_other:
        boxes += _other(flow, meanings)
        arrows += [
            ("other_identified", "other_removed"),
            ("other_identified", "other_sought"),
            ("other_sought", "other_not_retrieved"),
            ("other_sought", "other_assessed"),
            ("other_assessed", "other_excluded"),
            ("other_assessed", "new"),
        ]
    if flow.is_update:
        boxes += _previous(flow, protocol.previous.of if protocol and protocol.previous else "")
        arrows += [("patients", "total"), ("previous", "total")]
        bands.append(Band(label="Total", first=TOTAL, last=TOTAL))
    faulty = {key for imbalance in flow.imbalances for key in imbalance.keys}
    boxes = [_marked(box) if faulty & set(box.keys) else box for box in boxes]
    remarks = tuple(_remarks(flow))
    if remarks:
        last = OTHER_OUT if flow.has_other else MAIN_OUT
        first = PREVIOUS if flow.is_update else MAIN
        boxes.append(
            Box(name="remarks", row=REMARKS, column=first, span=last - first + 1, tone=Tone.REMARK, lines=remarks)
        )
    names = {box.name for box in boxes}
    return Diagram(
        title=_clean(f"Flow diagram: {protocol.title}" if protocol and protocol.title else "Flow diagram"),
        boxes=tuple(sorted(boxes, key=lambda box: (box.row, box.column))),
        arrows=tuple((start, end) for start, end in arrows if {start, end} <= names),
        bands=tuple(bands),
        print=_SMALL_PRINT,
    )


def _marked(box: Box) -> Box:
    fault = Line(text="Does not add up", is_bold=True, is_warning=True)
    return replace(box, lines=(*box.lines, fault), is_faulty=True)


def _remarks(flow: Flow) -> Iterator[Line]:
    """Yields what the diagram's reader must know before all else: what cannot be right, and what is still open."""
    if flow.imbalances:
        yield Line(text="This diagram does not add up:", is_bold=True, is_warning=True)
        for imbalance in flow.imbalances:
            yield Line(text=imbalance.told, indent=1, is_warning=True)
    cases = flow.cases
    told = [
        _phrase(cases[key], one, several)
        for key, one, several in (
            ("searches_not_run", "search was never run", "searches were never run"),
            ("undecided_records", "record awaits screening", "records await screening"),
            ("awaiting_reports", "report awaits retrieval or extraction", "reports await retrieval or extraction"),
            (
                "reports_included_not_extracted",
                "included report awaits extraction",
                "included reports await extraction",
            ),
            ("cases_undecided", "case awaits a decision on eligibility", "cases await a decision on eligibility"),
            (
                "possible_overlaps",
                "possible overlap of patients awaits a ruling",
                "possible overlaps of patients await a ruling",
            ),
        )
        if cases[key]
    ]
    if told:
        yield Line(text=f"Provisional: {'; '.join(told)}.", is_bold=True, is_warning=True)


def _phrase(number: int, one: str, several: str) -> str:
    return f"{number:,} {one if number == 1 else several}"


def _n(text: str, number: int, *, indent: int = 0, spare: str = "", is_warning: bool = False) -> Line:
    """A line that ends in its number, as the template writes it."""
    return Line(
        text=f"{_clean(text)} (n = {number:,})",
        indent=indent,
        is_warning=is_warning,
        spare=f"{spare} (n = {number:,})" if spare else "",
    )


def _clean(text: str) -> str:
    """A text of the review on one line, with nothing in it that steers, cut where it is no name any more."""
    told = visible(" ".join(text.split()))
    return told if len(told) <= _LONGEST else told[: _LONGEST - 1] + "…"


def _if_any(text: str, number: int, *, indent: int = 1, is_warning: bool = False) -> tuple[Line, ...]:
    return (_n(text, number, indent=indent, is_warning=is_warning),) if number else ()


def _reasons(head: str, numbers: Mapping[str, int], meanings: Mapping[str, str]) -> tuple[Line, ...]:
    """A head with a line a reason, the most frequent first; or the head with its n = 0."""
    if not numbers:
        return (_n(head, 0),)
    ordered = sorted(
        numbers.items(), key=lambda told: (-told[1], list(meanings).index(told[0]) if told[0] in meanings else 999)
    )
    lines = [
        _n(meanings.get(reason, reason) or "No reason given", number, indent=1, spare=reason or "No reason given")
        for reason, number in ordered
    ]
    return (Line(text=f"{head} (n = {sum(numbers.values()):,}):"), *lines)


def _main(flow: Flow, meanings: Mapping[str, str]) -> Iterator[Box]:
    boxes, cases = flow.prisma, flow.cases
    new = "new studies" if flow.is_update else "studies"

    def box(name: str, row: int, column: int, *lines: Line, keys: Sequence[str]) -> Box:
        return Box(name=name, row=row, column=column, tone=Tone.PLAIN, lines=lines, keys=tuple(keys))

    head = Line(text=f"Identification of {new} via databases and registers", is_bold=True)
    yield Box(name="main_head", row=HEADS, column=MAIN, span=2, tone=Tone.HEAD, lines=(head,))
    sources: list[Line] = []
    for word, key in (("Databases", "database"), ("Registers", "register")):
        sources.append(_n(word, boxes[f"{key}_results"], indent=1))
        sources += [
            _n(source, number, indent=2, spare=f"{word[:-1]} {at}")
            for at, (source, number) in enumerate(flow.specific[f"{key}_specific_results"].items(), 1)
        ]
    yield box(
        "identified",
        IDENTIFIED,
        MAIN,
        Line(text="Records identified from:"),
        *sources,
        keys=("database_results", "register_results"),
    )
    yield box(
        "removed",
        IDENTIFIED,
        MAIN_OUT,
        Line(text="Records removed before screening:"),
        _n("Duplicate records removed", boxes["duplicates"], indent=1),
        _n("Records marked as ineligible by automation tools", boxes["excluded_automatic"], indent=1),
        _n("Records removed for other reasons", boxes["excluded_other"], indent=1),
        keys=("duplicates", "excluded_automatic", "excluded_other"),
    )
    yield box(
        "screened",
        SCREENED,
        MAIN,
        _n("Records screened", boxes["records_screened"]),
        *_if_any("of these, awaiting screening", cases["dbr_undecided_records"], is_warning=True),
        keys=("records_screened", "dbr_undecided_records"),
    )
    yield box(
        "records_excluded",
        SCREENED,
        MAIN_OUT,
        _n("Records excluded", boxes["records_excluded"]),
        keys=("records_excluded",),
    )
    yield from _retrieval(flow, "", MAIN, Tone.PLAIN, meanings)


def _other(flow: Flow, meanings: Mapping[str, str]) -> Iterator[Box]:
    boxes, cases = flow.prisma, flow.cases
    new = "new studies" if flow.is_update else "studies"
    head = Line(text=f"Identification of {new} via other methods", is_bold=True)
    yield Box(name="other_head", row=HEADS, column=OTHER, span=2, tone=Tone.GRAY_HEAD, lines=(head,))
    yield Box(
        name="other_identified",
        row=IDENTIFIED,
        column=OTHER,
        tone=Tone.GRAY,
        lines=(
            Line(text="Records identified from:"),
            _n("Websites", boxes["website_results"], indent=1),
            _n("Organisations", boxes["organisation_results"], indent=1),
            _n("Citation searching", boxes["citations_results"], indent=1),
            *_if_any("Own report", cases["own_report_results"]),
        ),
        keys=("website_results", "organisation_results", "citations_results", "own_report_results"),
    )
    removed = (
        *_if_any("Duplicate records, also of databases and registers", cases["other_duplicates"]),
        *_if_any("Records excluded", cases["other_records_excluded"]),
        *_if_any("Awaiting screening", cases["other_undecided_records"], is_warning=True),
    )
    if removed:
        yield Box(
            name="other_removed",
            row=IDENTIFIED,
            column=OTHER_OUT,
            tone=Tone.GRAY,
            lines=(Line(text="Records not sought:"), *removed),
            keys=("other_duplicates", "other_records_excluded", "other_undecided_records"),
        )
    yield from _retrieval(flow, "other_", OTHER, Tone.GRAY, meanings)


def _retrieval(flow: Flow, prefix: str, column: int, tone: Tone, meanings: Mapping[str, str]) -> Iterator[Box]:
    boxes = flow.prisma
    key = prefix or "dbr_"
    awaiting = flow.cases[f"{key}awaiting_reports"]
    excluded = _reasons("Reports excluded", flow.reasons[f"{key}excluded"], meanings)
    for name, row, at, lines, shown in (
        (
            "sought",
            SOUGHT,
            column,
            (_n("Reports sought for retrieval", boxes[f"{key}sought_reports"]),),
            "sought_reports",
        ),
        (
            "not_retrieved",
            SOUGHT,
            column + 1,
            (
                _n("Reports not retrieved", boxes[f"{key}notretrieved_reports"]),
                *_if_any("of these, awaiting retrieval or extraction", awaiting, is_warning=True),
            ),
            "notretrieved_reports",
        ),
        ("assessed", ASSESSED, column, (_n("Reports assessed for eligibility", boxes[f"{key}assessed"]),), "assessed"),
        ("excluded", ASSESSED, column + 1, excluded, "excluded"),
    ):
        yield Box(name=prefix + name, row=row, column=at, tone=tone, lines=lines, keys=(f"{key}{shown}",))


def _included(flow: Flow) -> Iterator[Box]:
    boxes = flow.prisma
    studies = "New studies included in review" if flow.is_update else "Studies included in review"
    reports = "Reports of new included studies" if flow.is_update else "Reports of included studies"
    yield Box(
        name="new",
        row=INCLUDED,
        column=MAIN,
        tone=Tone.PLAIN,
        lines=(
            _n(studies, boxes["new_studies"]),
            _n(reports, boxes["new_reports"]),
            *_if_any("of these, awaiting extraction", flow.cases["reports_included_not_extracted"], is_warning=True),
        ),
        keys=("new_studies", "new_reports"),
    )


def _cases(flow: Flow, meanings: Mapping[str, str]) -> Iterator[Box]:
    cases = flow.cases
    unknown = cases["reports_without_number_of_cases"]
    yield Box(
        name="described",
        row=DESCRIBED,
        column=MAIN,
        tone=Tone.CASES,
        lines=(
            _n("Reports with cases extracted", cases["reports_in_table"]),
            *_if_any("of these, not retrieved", cases["reports_in_table_not_retrieved"]),
            _n("Cases described in them", cases["cases_described"]),
            *_if_any("reports that do not tell how many", unknown),
        ),
        keys=("reports_in_table", "cases_described"),
    )
    ineligible = flow.case_reasons
    yield Box(
        name="not_eligible",
        row=DESCRIBED,
        column=MAIN_OUT,
        tone=Tone.CASES,
        lines=(
            *_reasons("Cases not eligible", ineligible, meanings),
            *_if_any("Cases not extracted", cases["cases_not_extracted"], indent=0),
            *_if_any("Eligibility not decided", cases["cases_undecided"], indent=0, is_warning=True),
        ),
        keys=("cases_not_eligible", "cases_not_extracted", "cases_undecided"),
    )
    yield Box(
        name="eligible",
        row=ELIGIBLE,
        column=MAIN,
        tone=Tone.CASES,
        lines=(
            _n("Eligible cases, in the table", cases["cases_in_table"]),
            *_if_any("of these, of reports not retrieved", cases["cases_in_table_of_reports_not_retrieved"]),
        ),
        keys=("cases_in_table",),
    )
    yield Box(
        name="same_patients",
        row=ELIGIBLE,
        column=MAIN_OUT,
        tone=Tone.CASES,
        lines=(
            _n("Same patient as another case", cases["cases_in_table"] - cases["unique_patients"]),
            *_if_any("Ruled that it cannot be told", cases["overlaps_cannot_tell"], indent=0),
            *_if_any("Perhaps the same, not ruled on", cases["possible_overlaps"], indent=0, is_warning=True),
        ),
    )
    yield Box(
        name="patients",
        row=PATIENTS,
        column=MAIN,
        tone=Tone.CASES,
        lines=(_n("Unique patients", cases["unique_patients"]),),
        keys=("unique_patients",),
    )


def _previous(flow: Flow, of: str) -> Iterator[Box]:
    boxes, cases = flow.prisma, flow.cases
    head = Line(text="Previous studies", is_bold=True)
    yield Box(name="previous_head", row=HEADS, column=PREVIOUS, tone=Tone.GRAY_HEAD, lines=(head,))
    yield Box(
        name="previous",
        row=IDENTIFIED,
        column=PREVIOUS,
        tone=Tone.GRAY,
        lines=(
            _n("Studies included in previous version of review", boxes["previous_studies"]),
            _n("Reports of studies included in previous version of review", boxes["previous_reports"]),
            *(_n(word, cases[key]) for word, key in _counted(cases, "previous")),
            *((Line(text=f"({_clean(of)})", spare="(previous version)"),) if of else ()),
        ),
        keys=("previous_studies", "previous_reports", "previous_cases", "previous_patients"),
    )
    yield Box(
        name="total",
        row=TOTAL,
        column=MAIN,
        tone=Tone.GRAY,
        lines=(
            _n("Total studies included in review", boxes["total_studies"]),
            _n("Reports of total included studies", boxes["total_reports"]),
            *(_n(word, cases[key]) for word, key in _counted(cases, "total")),
        ),
        keys=("total_studies", "total_reports", "total_cases", "total_patients"),
    )


def _counted(cases: Mapping[str, int], what: str) -> Iterator[tuple[str, str]]:
    for word, key in (("Cases", f"{what}_cases"), ("Patients", f"{what}_patients")):
        if key in cases:
            yield word, key


def spelled(diagram: Diagram, is_drawn: Callable[[str], bool]) -> Diagram:
    """Returns a diagram for a font that does not have every character: a line that it cannot write says its `spare`,
    and where that fails each character that is lacking is a square."""

    def line(of: Line) -> Line:
        if all(map(is_drawn, of.text)):
            return of
        if of.spare and all(map(is_drawn, of.spare)):
            return replace(of, text=of.spare)
        return replace(of, text="".join(c if is_drawn(c) else "\u25a1" for c in of.text))

    boxes = tuple(replace(box, lines=tuple(map(line, box.lines))) for box in diagram.boxes)
    return replace(diagram, boxes=boxes)


# --- the page ---------------------------------------------------------------------------------------------------------

# The width of a text in ems, in the normal or the bold font: the sum of those of its characters.
Measure = Callable[[str, bool], float]
SIZE, SMALL = 8.5, 6.5
_LEADING, _PADDING, _INDENT, _HANG = 11.5, 6.0, 9.0, 6.0
_MOST_LINES_OF_EMPTINESS = 8
_MARGIN, _ROW_GAP, _COLUMN_GAP, _BAND = 12.0, 16.0, 24.0, 20.0
_WIDTHS = {PREVIOUS: 132.0, MAIN: 178.0, MAIN_OUT: 196.0, OTHER: 172.0, OTHER_OUT: 186.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """A line on the page: the left end of its baseline, or with `is_centered` its middle; upright ones turn about it."""

    text: str
    x: float
    y: float
    size: float = SIZE
    is_bold: bool = False
    is_warning: bool = False
    is_centered: bool = False
    is_upright: bool = False
    is_gray: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A box on the page, or a stage where `box` is None: its upper left corner, its size, and what is written in it."""

    box: Box | None
    x: float
    y: float
    width: float
    height: float
    writings: tuple[Writing, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A diagram laid out, in points from the upper left corner. An arrow is a line of points, with its head at the last."""

    width: float
    height: float
    frames: tuple[Frame, ...]
    arrows: tuple[tuple[tuple[float, float], ...], ...]
    writings: tuple[Writing, ...]


def lay_out(diagram: Diagram, measure: Measure) -> Page:
    """Returns a diagram on a page that is as large as its texts need; texts are wrapped, and a box grows with its own."""
    columns = range(min(box.column for box in diagram.boxes), max(box.column + box.span for box in diagram.boxes))
    lefts: dict[int, float] = {}
    at = _MARGIN + _BAND + 10.0
    for column in columns:
        lefts[column] = at
        at += _WIDTHS[column] + _COLUMN_GAP
    width = at - _COLUMN_GAP + _MARGIN
    wrapped = {}
    for box in diagram.boxes:
        last = box.column + box.span - 1
        wide = lefts[last] + _WIDTHS[last] - lefts[box.column]
        wrapped[box.name] = (wide, _wrapped(box, wide, measure))
    rows = sorted({box.row for box in diagram.boxes})
    heights = {row: max(_height(len(wrapped[box.name][1])) for box in diagram.boxes if box.row == row) for row in rows}
    for band in diagram.bands:
        spanned = [row for row in rows if band.first <= row <= band.last]
        tall = sum(heights[row] for row in spanned) + _ROW_GAP * (len(spanned) - 1)
        needed = measure(band.label, True) * SIZE + 2 * _PADDING
        heights[spanned[-1]] += max(0.0, needed - tall)
    tops: dict[int, float] = {}
    down = _MARGIN
    for row in rows:
        tops[row] = down
        down += heights[row] + (_ROW_GAP if row > HEADS else _ROW_GAP / 2)
    frames = {
        box.name: _framed(box, lefts[box.column], tops[box.row], *wrapped[box.name], heights[box.row])
        for box in diagram.boxes
    }
    stages = [_stage(band.label, tops[band.first], tops[band.last] + heights[band.last]) for band in diagram.bands]
    small = [
        Writing(text=text, x=lefts[columns[0]], y=down + SMALL + number * SMALL * 1.35, size=SMALL, is_gray=True)
        for number, text in enumerate(_lines(diagram.print, width - _MARGIN - lefts[columns[0]], SMALL, False, measure))
    ]
    return Page(
        width=width,
        height=down + len(small) * SMALL * 1.35 + _MARGIN,
        frames=(*stages, *frames.values()),
        arrows=tuple(_route(frames[start], frames[end]) for start, end in diagram.arrows),
        writings=tuple(small),
    )


def _wrapped(box: Box, wide: float, measure: Measure) -> list[tuple[str, float, Line]]:
    """Returns each line of a box as it is written, with how far it is set in; what goes on from the line above hangs."""
    written = []
    for line in box.lines:
        hang = _HANG if line.indent else 0.0
        room = wide - 2 * _PADDING - line.indent * _INDENT - hang
        for number, text in enumerate(_lines(line.text, room, SIZE, line.is_bold, measure)):
            written.append((text, line.indent * _INDENT + (hang if number else 0.0), line))
    return written


def _height(lines: int) -> float:
    return lines * _LEADING + 2 * _PADDING - 2.0


def _framed(
    box: Box, x: float, y: float, wide: float, lines: Sequence[tuple[str, float, Line]], row_height: float
) -> Frame:
    is_centered = box.tone in (Tone.HEAD, Tone.GRAY_HEAD)
    # Boxes of a row are of one height, but none is drawn out by a long neighbor; texts stand in the middle.
    own = _height(len(lines))
    height = row_height if row_height <= max(own, _height(_MOST_LINES_OF_EMPTINESS)) else own
    top = y + (height - own) / 2 + _PADDING - 1.0
    writings = tuple(
        Writing(
            text=text,
            x=x + wide / 2 if is_centered else x + _PADDING + indent,
            y=top + number * _LEADING + SIZE * 0.93,
            is_bold=line.is_bold,
            is_warning=line.is_warning,
            is_centered=is_centered,
        )
        for number, (text, indent, line) in enumerate(lines)
    )
    return Frame(box=box, x=x, y=y, width=wide, height=height, writings=writings)


def _stage(label: str, top: float, bottom: float) -> Frame:
    middle = Writing(
        text=label,
        x=_MARGIN + _BAND / 2,
        y=(top + bottom) / 2,
        is_bold=True,
        is_centered=True,
        is_upright=True,
    )
    return Frame(box=None, x=_MARGIN, y=top, width=_BAND, height=bottom - top, writings=(middle,))


def _route(start: Frame, end: Frame) -> tuple[tuple[float, float], ...]:
    """The way of an arrow: sideways in a row, down in a column, else down and then sideways."""
    if start.y == end.y:
        level = start.y + min(start.height, end.height) / 2
        return ((start.x + start.width, level), (end.x, level))
    middle = start.x + start.width / 2
    if start.x == end.x:
        return ((middle, start.y + start.height), (middle, end.y))
    level = end.y + end.height / 2
    side = end.x if start.x < end.x else end.x + end.width
    return ((middle, start.y + start.height), (middle, level), (side, level))


def _lines(text: str, wide: float, size: float, is_bold: bool, measure: Measure) -> list[str]:  # noqa: FBT001
    """Wraps a text at its blanks, and within a word only where that is wider than the line; "(n = 3)" stays whole."""
    lines: list[str] = []
    line = ""
    for word in re.findall(r"\(n = [-\d,]+\):?|\S+", text):
        longer = f"{line} {word}" if line else word
        if measure(longer, is_bold) * size <= wide:
            line = longer
            continue
        if line:
            lines.append(line)
        line, used = "", 0.0
        for character in word:
            used += measure(character, is_bold) * size
            if used > wide and line:
                lines.append(line)
                line, used = "", measure(character, is_bold) * size
            line += character
    return [*lines, line] if line or not lines else lines
