"""A printed table as a Word document: caption, three-line table, notes, references.

The document has no author, no date and no picture; its bytes depend on the table alone.
"""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from casetable.manuscript import Line, Printed, Reference, Run
from casetable.manuscript.fit import MARGIN, PADDING, PAGE, Fit, Part, fit
from casetable.model import Paper
from casetable.render.archive import timeless

if TYPE_CHECKING:
    from docx.document import Document
    from docx.text.paragraph import Paragraph

FONT = "Times New Roman"
_TEXT_SIZE = 10.0
_NOTES_SIZE = 9.0
_SMALLEST_NOTES = 8.0
# The rules of the table in eighths of a point: top and bottom, and below the head.
_THICK, _THIN = 8, 4
_STYLES = ("Normal", "Caption", "Footer", "FooterChar", "DefaultParagraphFont", "TableNormal", "NoList")
_NOT_OURS = ("thumbnail", "stylesWithEffects", "customXml", "numbering", "webSettings")
# A table that is estimated to fill less of a page than this is kept on one.
_ONE_PAGE = 0.8


def render_document(printed: Printed) -> bytes:
    """Returns the table as .docx (ECMA-376), on A4, with its notes and references below it."""
    fitted = fit(printed)
    document = _blank(printed, fitted)
    for number, part in enumerate(fitted.parts):
        caption = document.add_paragraph(style="Caption")
        caption.paragraph_format.keep_with_next = True
        label = f"{printed.label} (continued)." if number else f"{printed.label}."
        caption.add_run(label).bold = True
        if not number:
            caption.add_run(f" {printed.title}")
        document.element.body.insert_element_before(_table(printed, fitted, part, number), "w:sectPr")
    _notes(document, printed, max(_SMALLEST_NOTES, min(_NOTES_SIZE, fitted.size)))
    _references(document, printed.references)
    if document.element.body[-2].tag == _name("w:tbl"):
        document.add_paragraph()  # Word wants one behind a table
    buffer = io.BytesIO()
    document.save(buffer)
    return timeless(buffer.getvalue())


def _blank(printed: Printed, fitted: Fit) -> Document:
    """An empty document with the page, the type and the properties of all of ours."""
    from docx import Document
    from docx.enum.section import WD_ORIENT
    from docx.shared import Pt

    document = Document()
    # The library's template brings a picture, styles and lists that nothing of ours has.
    for related in (document.part.package.rels, document.part.rels):
        for key in [key for key, each in related.items() if each.reltype.rpartition("/")[2] in _NOT_OURS]:
            related.pop(key)
    for style in list(document.styles):
        if style.style_id not in _STYLES:
            style.delete()
    for setting in document.settings.element.iter(_name("w:compatSetting")):
        if setting.get(_name("w:name")) == "compatibilityMode":
            setting.set(_name("w:val"), "15")  # that of Word 2013 and later
    properties = document.core_properties
    properties.title = f"{printed.label}. {printed.title}"[:255]
    properties.language = "en-US"
    for name in ("author", "comments", "last_modified_by", "keywords", "subject", "category"):
        setattr(properties, name, "")
    properties.revision = 1
    section = document.sections[0]
    width, height = PAGE[fitted.paper]
    section.page_width, section.page_height = Pt(width), Pt(height)
    section.orientation = WD_ORIENT.LANDSCAPE if fitted.paper is Paper.LANDSCAPE else WD_ORIENT.PORTRAIT
    section.left_margin = section.right_margin = section.top_margin = section.bottom_margin = Pt(MARGIN)
    section.header_distance = section.footer_distance = Pt(MARGIN / 2)
    styles: Any = document.styles
    for name, size, before, after in (
        ("Normal", _TEXT_SIZE, 0, 0),
        ("Caption", _TEXT_SIZE, 12, 4),
        ("Footer", 8.0, 0, 0),
    ):
        style = styles[name]
        style.font.name = FONT
        style.font.size = Pt(size)
        style.font.bold = False
        style.font.color.rgb = None
        fonts = style.element.rPr.rFonts
        for key in list(fonts.attrib):
            del fonts.attrib[key]
        for key in ("ascii", "hAnsi", "eastAsia", "cs"):
            fonts.set(_name(f"w:{key}"), FONT)
        for color in style.element.rPr.findall(_name("w:color")):
            style.element.rPr.remove(color)
        style.paragraph_format.tab_stops.clear_all()
        style.paragraph_format.space_before, style.paragraph_format.space_after = Pt(before), Pt(after)
        style.paragraph_format.line_spacing = 1.0
    _footer(section.footer.paragraphs[0], printed, fitted)
    return document


def _footer(paragraph: Paragraph, printed: Printed, fitted: Fit) -> None:
    from docx.enum.text import WD_TAB_ALIGNMENT
    from docx.shared import Pt

    stops = paragraph.paragraph_format.tab_stops
    stops.add_tab_stop(Pt(fitted.width), WD_TAB_ALIGNMENT.RIGHT)
    told = f"Last search: {printed.searched}" if printed.searched else ""
    paragraph.add_run(f"{printed.label}. {told}\tPage ")
    for field in ("PAGE", "NUMPAGES"):
        if field == "NUMPAGES":
            paragraph.add_run(" of ")
        element = _element("w:fldSimple", {"w:instr": field}, [_element("w:r", {}, [_text("1")])])
        paragraph._p.append(element)


def _table(printed: Printed, fitted: Fit, part: Part, number: int) -> Any:
    """The XML of one part of the table; built by hand, as the library takes minutes for a thousand rows."""
    twips = [round(width * 20) for width in part.widths]
    continued = f", part {number + 1} of {len(fitted.parts)}" if len(fitted.parts) > 1 else ""
    rule = {"w:val": "single", "w:sz": str(_THICK), "w:space": "0", "w:color": "000000"}
    margins = {"w:w": str(round(PADDING * 20)), "w:type": "dxa"}
    table = _element(
        "w:tbl",
        {},
        [
            _element(
                "w:tblPr",
                {},
                [
                    _element("w:tblW", {"w:w": str(sum(twips)), "w:type": "dxa"}),
                    _element("w:tblBorders", {}, [_element("w:top", rule), _element("w:bottom", rule)]),
                    _element("w:tblLayout", {"w:type": "fixed"}),
                    _element("w:tblCellMar", {}, [_element("w:left", margins), _element("w:right", margins)]),
                    _element("w:tblLook", {"w:val": "0020", "w:firstRow": "1", "w:noVBand": "1"}),
                    _element("w:tblCaption", {"w:val": f"{printed.label}. {printed.title}"[:255]}),
                    _element("w:tblDescription", {"w:val": f"{_described(printed)}{continued}."}),
                ],
            ),
            _element("w:tblGrid", {}, [_element("w:gridCol", {"w:w": str(width)}) for width in twips]),
        ],
    )
    size = fitted.size
    is_kept = part.height < fitted.height * _ONE_PAGE
    heads = [[Run(text="Report")], [Run(text="Case")], *([printed.heads[index]] for index in part.columns)]
    cells = [
        _cell([_run(run, size, bold=True) for run in runs], runs[0].text, width, is_kept=True, rule=_THIN)
        for runs, width in zip(heads, twips, strict=True)
    ]
    table.append(_row(cells, is_head=True))
    group = ""
    for place, line in enumerate(printed.lines):
        if line.group != group:
            group = line.group
            runs = [_run(Run(text=group), size, bold=True)]
            table.append(_row([_cell(runs, group, sum(twips), is_kept=True, span=len(twips))]))
        keep = is_kept and place + 1 < len(printed.lines)
        texts = [_report_cell(line, size), _joined([line.case], size)]
        texts += [_joined(line.cells[index], size) for index in part.columns]
        plain = [line.report.text, line.case.text, *(line.cells[index][0].text for index in part.columns)]
        cells = [_cell(runs, text, width, is_kept=keep) for runs, text, width in zip(texts, plain, twips, strict=True)]
        table.append(_row(cells, can_split=place in fitted.tall))
    return table


def _described(printed: Printed) -> str:
    rows = len(printed.lines)
    return f"One row for each of {rows} cases, by report" if rows != 1 else "One row for one case"


def _report_cell(line: Line, size: float) -> list[Any]:
    runs = [_run(Run(text=f"{line.report.text} [{line.number}]"), size)]
    if line.standing.text:
        runs += [_run(Run(text=" "), size), _run(line.standing, size, bold=True)]
    return runs


def _joined(runs: Sequence[Run], size: float) -> list[Any]:
    found: list[Any] = []
    for number, run in enumerate(runs):
        if number:
            found.append(_run(Run(text="; "), size))
        found.append(_run(run, size, italic=run.is_reason))
    return found


def _row(cells: Iterable[Any], *, is_head: bool = False, can_split: bool = False) -> Any:
    flags = [] if can_split else [_element("w:cantSplit")]
    flags += [_element("w:tblHeader")] if is_head else []
    return _element("w:tr", {}, [_element("w:trPr", {}, flags), *cells])


def _cell(runs: Iterable[Any], text: str, width: int, *, is_kept: bool, span: int = 1, rule: int = 0) -> Any:
    properties = [_element("w:tcW", {"w:w": str(width), "w:type": "dxa"})]
    if span > 1:
        properties.append(_element("w:gridSpan", {"w:val": str(span)}))
    if rule:
        line = {"w:val": "single", "w:sz": str(rule), "w:space": "0", "w:color": "000000"}
        properties.append(_element("w:tcBorders", {}, [_element("w:bottom", line)]))
        properties.append(_element("w:vAlign", {"w:val": "bottom"}))
    paragraph = [_element("w:keepNext")] if is_kept else []
    paragraph += [_element("w:bidi")] if _is_right_to_left(text) else []
    paragraph.append(_element("w:spacing", {"w:before": "30", "w:after": "30"}))
    return _element(
        "w:tc",
        {},
        [_element("w:tcPr", {}, properties), _element("w:p", {}, [_element("w:pPr", {}, paragraph), *_all(runs)])],
    )


def _all(runs: Iterable[Any]) -> list[Any]:
    """The elements of runs, each of which is its text and perhaps its marks."""
    return [element for run in runs for element in run]


def _run(run: Run, size: float, *, bold: bool = False, italic: bool = False) -> list[Any]:
    found = [_styled(run.text, size, bold=bold, italic=italic)] if run.text else []
    if run.marks:
        found.append(_styled(",".join(run.marks), size, bold=False, italic=False, is_raised=True))
    return found


def _styled(text: str, size: float, *, bold: bool, italic: bool, is_raised: bool = False) -> Any:
    half_points = {"w:val": str(round(size * 2))}
    properties = [_element("w:b"), _element("w:bCs")] if bold else []
    properties += [_element("w:i"), _element("w:iCs")] if italic else []
    properties += [_element("w:sz", half_points), _element("w:szCs", half_points)]
    properties += [_element("w:vertAlign", {"w:val": "superscript"})] if is_raised else []
    properties += [_element("w:rtl")] if _is_right_to_left(text) else []
    return _element("w:r", {}, [_element("w:rPr", {}, properties), _text(text)])


def _text(text: str) -> Any:
    element = _element("w:t")
    element.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    element.text = text
    return element


def _element(name: str, attributes: Mapping[str, str] | None = None, children: Sequence[Any] = ()) -> Any:
    element = _maker()(_name(name))
    for key, value in (attributes or {}).items():
        element.set(_name(key), value)
    element.extend(children)
    return element


@cache
def _maker() -> Any:
    """Makes elements by their full names, as the library's parser would."""
    from docx.oxml.parser import oxml_parser

    return oxml_parser.makeelement


@cache
def _name(name: str) -> str:
    from docx.oxml.ns import qn

    return qn(name)


def _is_right_to_left(text: str) -> bool:
    """Whether a text runs from the right: its first letter does (UAX #9, P2 and P3)."""
    if text.isascii():
        return False
    kinds = (unicodedata.bidirectional(character) for character in text)
    return next((kind in ("R", "AL") for kind in kinds if kind in ("L", "R", "AL")), False)


def _notes(document: Document, printed: Printed, size: float) -> None:
    from docx.shared import Pt

    def paragraph() -> Paragraph:
        added = document.add_paragraph()
        added.paragraph_format.space_before = Pt(2)
        return added

    def add(to: Paragraph, text: str, *, italic: bool = False, raised: bool = False) -> None:
        run = to.add_run(text)
        run.font.size = Pt(size)
        run.italic = italic or None
        run.font.superscript = raised or None

    if printed.abbreviations:
        spelled = "; ".join(f"{short}, {long}" for short, long in printed.abbreviations)
        add(paragraph(), f"Abbreviations: {spelled}.")
    if printed.words:
        told = paragraph()
        for number, note in enumerate(printed.words):
            add(told, " " if number else "")
            add(told, note.mark[:1].upper() + note.mark[1:], italic=True)
            add(told, f": {note.text}")
    for remark in printed.remarks:
        add(paragraph(), remark)
    for note in printed.notes:
        told = paragraph()
        add(told, note.mark, raised=True)
        add(told, f" {note.text}")


def _references(document: Document, references: Sequence[Reference]) -> None:
    from docx.shared import Pt

    if not references:
        return
    head = document.add_paragraph()
    head.paragraph_format.space_before, head.paragraph_format.space_after = Pt(12), Pt(2)
    head.paragraph_format.keep_with_next = True
    head.add_run("References").bold = True
    for reference in references:
        entry = document.add_paragraph()
        entry.paragraph_format.left_indent, entry.paragraph_format.first_line_indent = Pt(20), Pt(-20)
        entry.paragraph_format.tab_stops.add_tab_stop(Pt(20))
        entry.paragraph_format.space_after = Pt(2)
        runs = [entry.add_run(f"{reference.number}.\t{reference.text}")]
        if reference.identifier:
            runs.append(entry.add_run(" "))
            _link(entry, reference.identifier, reference.url)
        if reference.standing:
            runs.append(entry.add_run(f" {reference.standing}"))
            runs[-1].bold = True
        for run in runs:
            run.font.size = Pt(_NOTES_SIZE)


def _link(paragraph: Paragraph, text: str, url: str) -> None:
    """Adds a link out of the document, which a reader sees as plain text."""
    from docx.opc.constants import RELATIONSHIP_TYPE

    related = paragraph.part.relate_to(url, RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
    paragraph._p.append(
        _element("w:hyperlink", {"r:id": related}, [_styled(text, _NOTES_SIZE, bold=False, italic=False)])
    )
