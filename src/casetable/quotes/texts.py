"""Reads the text of a report: plain text, JATS XML (PMC), an HTML page, a PDF, or PubMed's abstract.

What comes out is plain text with its sections, so that a place in it can be named: its title, which is no evidence for
any value, and its list of references, which speaks of other patients, are told apart.
"""

from __future__ import annotations

import codecs
import io
import logging
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from xml.etree import ElementTree

MAX_TEXT_BYTES = 100_000_000
MAX_LETTERS = 5_000_000


class Part(StrEnum):
    """What a section is of a report."""

    TITLE = "title"
    FRONT = "front matter"
    ABSTRACT = "abstract"
    BODY = "body"
    CAPTION = "caption"
    TABLE = "table"
    REFERENCES = "references"

    @property
    def may_be_quoted(self) -> bool:
        """Whether what stands there can bear a value out."""
        return self not in (Part.TITLE, Part.REFERENCES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A stretch of a text, from `start` to `end`; `heading` are its headings from the outermost in, joined by " > "."""

    start: int
    end: int
    heading: str
    part: Part


@dataclass(frozen=True, kw_only=True)
class Text:
    """A report's text. `name` says where it is from, `hash` which bytes it was read from.

    `is_abstract` where no more than title and abstract are known. `columns` are the cells of tables, each with the head of its
    column, in their order.
    """

    name: str
    hash: str
    content: str
    sections: tuple[Section, ...]
    is_abstract: bool = False
    columns: tuple[tuple[int, int, str], ...] = ()

    def section_at(self, offset: int) -> Section | None:
        """Returns the section in which a place of the text stands."""
        return next((section for section in self.sections if section.start <= offset < section.end), None)

    def paragraph_at(self, start: int, end: int) -> tuple[int, int]:
        """Returns from where to where the paragraph goes, or the row of a table, that holds a place of the text."""
        before, stop = self.content.rfind("\n\n", 0, start), self.content.find("\n\n", end)
        return before + 2 if before >= 0 else 0, stop if stop >= 0 else len(self.content)

    def head_at(self, offset: int) -> str:
        """Returns the head of the table's column in which a place of the text stands, or nothing."""
        at = bisect_right(self.columns, offset, key=lambda column: column[0]) - 1
        return self.columns[at][2] if at >= 0 and offset < self.columns[at][1] else ""


class UnreadableTextError(Exception):
    """A file is no text of a report that can be read; the message says what was found and expected."""


def read_text(name: str, data: bytes) -> Text:
    """Returns the text of a file, told apart by its content; raises UnreadableTextError."""
    if len(data) > MAX_TEXT_BYTES:
        raise UnreadableTextError(f"is larger than {MAX_TEXT_BYTES:,} bytes")
    head = data[:1024].lstrip(codecs.BOM_UTF8 + b" \t\r\n")
    if head.startswith(b"%PDF-"):
        blocks = _of_pages(_pdf_pages(data))
    elif (b"\0" in data[:4096] and not data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))) or head.startswith(
        _NO_TEXTS
    ):
        raise UnreadableTextError("is no text that can be read; expected text, PDF, HTML or JATS XML")
    elif head.startswith(b"PK\x03\x04"):
        raise UnreadableTextError(
            "is a Word file or an archive; expected text, PDF, HTML or JATS XML: save it as one of them"
        )
    else:
        start = head[:600].lower()
        is_jats = (
            b"<front" in data[:20_000]
            or b"article-type=" in data[:4000]
            or head.startswith((b"<?xml", b"<!DOCTYPE article"))
        )
        if is_jats and b"<article" in data[:4000] and head.startswith((b"<?xml", b"<article", b"<!DOCTYPE article")):
            blocks = _jats_blocks(data)
        elif b"<html" in start or b"<!doctype html" in start or re.match(rb"<(?:div|p|h1|body|main)\b", start):
            blocks = _html_blocks(_decoded(data))
        else:
            blocks = _plain_blocks(_decoded(data))
    try:
        text = assembled(name, "sha256:" + sha256(data).hexdigest(), blocks)
    except RecursionError:
        raise UnreadableTextError("is nested too deeply to be a report") from None
    if not text.content.strip():
        raise UnreadableTextError("holds no text that can be read; expected text, not pictures of pages")
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A paragraph, a heading's text or a row of a table, its cells apart by tabs, with where it stands.

    `heads` are the heads of the columns of a row.
    """

    text: str
    part: Part
    heading: str = ""
    heads: tuple[str, ...] = ()


def assembled(name: str, digest: str, blocks: Iterable[Block], *, is_abstract: bool = False) -> Text:
    """Returns blocks as one text, a blank line between them; blocks under one heading make a section."""
    pieces: list[str] = []
    sections: list[Section] = []
    columns: list[tuple[int, int, str]] = []
    at = 0
    for block in blocks:
        content = block.text if block.heads else block.text.strip()
        if not content:
            continue
        if at + len(content) > MAX_LETTERS:
            raise UnreadableTextError(f"holds more than {MAX_LETTERS:,} letters; expected the text of one report")
        pieces.append(content)
        cells = content.split("\t") if block.heads else []
        begin = at
        for cell, head in zip(cells, block.heads, strict=False):
            columns.append((begin, begin + len(cell), head))
            begin += len(cell) + 1
        end = at + len(content) + 2
        last = sections[-1] if sections else None
        if last is not None and (last.heading, last.part) == (block.heading, block.part):
            sections[-1] = Section(start=last.start, end=end, heading=last.heading, part=last.part)
        else:
            sections.append(Section(start=at, end=end, heading=block.heading, part=block.part))
        at = end
    return Text(
        name=name, hash=digest, content="\n\n".join(pieces), sections=tuple(sections), is_abstract=is_abstract, columns=tuple(columns)
    )  # fmt: skip


def abstract_text(name: str, title: str, sections: Sequence[tuple[str, str]]) -> Text:
    """Returns PubMed's title and abstract, its sections as label and text, as the text of a report."""
    told = "\0".join([title, *(part for section in sections for part in section)])
    blocks = [Block(text=title, part=Part.TITLE)]
    blocks += [
        Block(text=text, part=Part.ABSTRACT, heading=f"Abstract > {label}" if label else "Abstract")
        for label, text in sections
    ]
    return assembled(name, "sha256:" + sha256(told.encode()).hexdigest(), blocks, is_abstract=True)


# RTF, gzip, PNG, JPEG, GIF, the Word files of old.
_NO_TEXTS = (b"{\\rtf", b"\x1f\x8b", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"\xd0\xcf\x11\xe0")


def _decoded(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace")
    try:
        return data.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


# --- plain text, and PDF ----------------------------------------------------------------------------------------------

# The headings of reports of cases, and those that end them.
_HEADINGS = re.compile(
    r"(?:abstract|summary|introduction|background|objectives?|aims?|purpose|case(?:s)? (?:presentation|report|description|series|history|summary)s?"
    r"|case|patients?(?: and methods| information)?|clinical (?:findings|course|history)|timeline|diagnostic assessment|therapeutic interventions?|materials? and methods|methods?|results?|follow[- ]up(?: and outcomes?)?|outcomes?"
    r"|discussion|literature review|review of the literature|conclusions?|patient perspective|key ?words|limitations?|acknowledge?ments?|funding"
    r"|author contributions?|ethics(?: statement| approval)?|informed consent|data availability(?: statement)?|conflicts? of interests?|declarations?"
    r"|references|bibliography|literature cited|supplementary materials?|appendix|figure legends?|tables?)",
    re.IGNORECASE,
)
_REFERENCES = re.compile(
    r"(?:references?|reference list|bibliograph\w*|literature cited|works cited|literatur(?:verzeichnis)?|r[ée]f[ée]rences|referencias|refer[êe]ncias|bibliografia"
    r"|riferimenti|r ?e ?f ?e ?r ?e ?n ?c ?e ?s)(?:\s+and\s+notes?|\s+bibliogr\w+)?\s*:?$",
    re.IGNORECASE,
)
_REFERENCES_BEGIN = re.compile(r"references\s+\[?1[\].)\s]", re.IGNORECASE)
_NUMBERED = re.compile(r"(?:\d{1,2}(?:\.\d{1,2}){0,3}\.?|[IVX]{1,4}\.)\s+")
_CASE_HEADING = re.compile(
    r"(?:case|patient)\s+(?:no\.?\s*)?(?:\d{1,3}[a-z]?|[A-Z]|one|two|three|four|five|six)\b[^.]{0,40}$", re.IGNORECASE
)
_CAPTION = re.compile(
    r"(?P<name>(?:supplementary\s+)?(?:fig(?:ure)?\.?|table|box)\s+[A-Z]?\d{1,3})\b[.:)\s|]", re.IGNORECASE
)
_LABELED = re.compile(r"(?P<name>[A-Z][A-Za-z ]{3,40}):\s+(?=\S)")


def _plain_blocks(text: str) -> Iterator[Block]:
    return _in_sections(_paragraphs(text.replace("\r\n", "\n").replace("\r", "\n")))


def _paragraphs(text: str) -> list[str]:
    """Cuts a text into paragraphs at blank lines; a heading on a line of its own is one too."""
    found: list[str] = []
    for chunk in re.split(r"\n[ \t\f]*\n\s*|\f", text):
        lines: list[str] = []
        split = chunk.split("\n")
        for number, line in enumerate(split):
            # In a text of broken lines "results" may stand on one by itself: a heading begins anew on both sides.
            is_apart = not lines or re.search(r"[.!?:)\]]\s*$", lines[-1]) is not None
            follows = split[number + 1].strip() if number + 1 < len(split) else ""
            if is_apart and not follows[:1].islower() and _heading_of(line):
                if lines:
                    found.append("\n".join(lines))
                found.append(line)
                lines = []
            else:
                lines.append(line)
        if lines:
            found.append("\n".join(lines))
    return [paragraph for paragraph in found if paragraph.strip()]


def _heading_of(line: str) -> str:
    """Returns a line's heading, without number or mark, or nothing where it is none."""
    bare = line.strip()
    marked = re.match(r"#{1,6}\s+(?P<text>\S.*)", bare)
    if marked:
        return marked["text"].strip("# ")
    if not bare or len(bare) > 80 or bare[0].islower():
        return ""
    bare = _NUMBERED.sub("", bare, count=1).strip(" :")
    is_one = _HEADINGS.fullmatch(bare) or _CASE_HEADING.fullmatch(bare) or _REFERENCES.match(bare)
    return bare if is_one else ""


def _in_sections(paragraphs: Sequence[str]) -> Iterator[Block]:
    heading, part = "", Part.BODY
    for number, paragraph in enumerate(paragraphs):
        bare = paragraph.strip()
        is_line = "\n" not in bare
        following = paragraphs[number + 1].strip() if number + 1 < len(paragraphs) else ""
        if number == 0 and is_line and following and _is_title(bare, is_before_heading=bool(_heading_of(following))):
            yield Block(text=bare.lstrip("# "), part=Part.TITLE)
            continue
        if is_line and (found := _heading_of(bare)):
            is_case = bool(_CASE_HEADING.fullmatch(found))
            outer = "" if not is_case else heading.split(" > ")[0]
            heading = f"{outer} > {found}" if outer and not _CASE_HEADING.fullmatch(outer) else found
            part = _part_of(found) if not is_case or part is Part.REFERENCES else part
            yield Block(text=bare.lstrip("# "), part=part, heading=heading)
            continue
        if _REFERENCES_BEGIN.match(bare):
            heading, part = "References", Part.REFERENCES
        caption = _CAPTION.match(bare)
        if caption and part is not Part.REFERENCES:
            kind = Part.TABLE if caption["name"].lower().startswith(("table", "supplementary table")) else Part.CAPTION
            yield Block(text=bare, part=kind, heading=caption["name"])
            continue
        labeled = _LABELED.match(bare)
        if labeled and _HEADINGS.fullmatch(labeled["name"].strip()) and part is not Part.REFERENCES:
            heading, part = labeled["name"].strip(), _part_of(labeled["name"])
        yield Block(text=bare, part=part, heading=heading)


def _is_title(line: str, *, is_before_heading: bool) -> bool:
    """Whether the first line of a text is its title: it stands alone, is of some length, and is no sentence.

    What stands alone before the first heading is the title, also with a full stop, as PubMed prints it.
    """
    if line.startswith("# "):
        return True
    ends = (";", ",") if is_before_heading and not re.search(r"[.!?]\s", line) else (".", ";", ",")
    return not _heading_of(line) and 3 <= len(line.split()) <= 45 and not line.rstrip().endswith(ends)


def _part_of(heading: str) -> Part:
    if _REFERENCES.match(heading.strip()):
        return Part.REFERENCES
    return Part.ABSTRACT if re.match(r"(?:abstract|summary)\b", heading.strip(), re.IGNORECASE) else Part.BODY


def _pdf_pages(data: bytes) -> list[str]:
    from pypdf import PdfReader  # takes its time, and few texts are PDF

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise UnreadableTextError("is a PDF with a password; expected one that opens without")
        return [page.extract_text() for page in reader.pages]
    except UnreadableTextError:
        raise
    except Exception as error:  # noqa: BLE001  # pypdf raises what a broken file makes it meet
        raise UnreadableTextError(f"cannot be read as PDF ({type(error).__name__})") from None


def _of_pages(pages: Sequence[str]) -> Iterator[Block]:
    """Yields the paragraphs of a PDF; lines that stand on most pages, as running heads do, are left out."""
    lines = [[line.strip() for line in page.split("\n")] for page in pages]
    often = {
        line
        for line in {line for page in lines for line in (*page[:2], *page[-2:]) if line}
        if len(pages) > 2 and sum(line in (*page[:2], *page[-2:]) for page in lines) > len(pages) / 2
    }
    kept = [[line for line in page if line not in often] for page in lines]
    return _in_sections(_paragraphs("\n".join("\n".join(page) for page in kept)))


# --- JATS -------------------------------------------------------------------------------------------------------------

_SUPERSCRIPTS = str.maketrans("0123456789-−–+", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁻⁻⁺")
_BLOCKS = frozenset(
    ["p", "title", "td", "th", "tr", "list-item", "def", "term", "label", "caption", "disp-quote", "speech"]
)
_LEFT_OUT = frozenset(["object-id", "tex-math", "alternatives", "graphic", "media", "permissions", "counts"])


def _jats_blocks(data: bytes) -> Iterator[Block]:
    try:
        root = ElementTree.fromstring(data)  # noqa: S314  # expat bounds what entities unfold to
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise UnreadableTextError(f"cannot be read as XML ({error})") from None
    article = root if _tag(root) == "article" else next((e for e in root.iter() if _tag(e) == "article"), None)
    if article is None:
        raise UnreadableTextError("is XML without an <article>; expected JATS, as PMC has it")
    return _article_blocks(article)


def _article_blocks(article: ElementTree.Element) -> Iterator[Block]:
    for child in article:
        name = _tag(child)
        if name in {"front", "front-stub"}:
            yield from _front(child)
        elif name == "body":
            yield from _section(child, "", Part.BODY)
        elif name in {"back", "floats-group"}:
            for part in child:
                is_references = _tag(part) == "ref-list"
                kind = Part.REFERENCES if is_references else Part.BODY
                yield from _section(part, "References" if is_references else "", kind)
        elif name in {"sub-article", "response"}:
            yield from _article_blocks(child)


def _front(front: ElementTree.Element) -> Iterator[Block]:
    for element in front.iter():
        name = _tag(element)
        if name in {"article-title", "subtitle", "alt-title", "trans-title"}:
            yield Block(text=_words(element), part=Part.TITLE)
        elif name == "aff":
            yield Block(text=_words(element), part=Part.FRONT, heading="Affiliation")
        elif name in {"abstract", "trans-abstract"}:
            yield from _section(element, "Abstract", Part.ABSTRACT)
        elif name in {"kwd-group", "author-notes"}:
            yield Block(text=_words(element), part=Part.FRONT, heading=name.replace("kwd-group", "Keywords"))


def _section(element: ElementTree.Element, heading: str, part: Part) -> Iterator[Block]:
    title = next((child for child in element if _tag(child) == "title"), None)
    if title is not None:
        own = " ".join(_words(title).split())
        if own:
            heading = f"{heading} > {own}" if heading and own.lower() != heading.lower() else own
        yield Block(text=own, part=part, heading=heading)
    for child in element:
        name = _tag(child)
        if child is title:
            continue
        if name in {"sec", "ack", "app", "app-group", "notes", "fn-group", "boxed-text", "glossary"}:
            yield from _section(child, heading, part)
        elif name in {"fig", "fig-group"}:
            yield from _figure(child, Part.CAPTION)
        elif name in {"table-wrap", "table-wrap-group"}:
            yield from _figure(child, Part.TABLE)
        elif name == "p":
            yield from _paragraph(child, heading, part)
        else:
            yield Block(text=_words(child), part=part, heading=heading)


def _paragraph(element: ElementTree.Element, heading: str, part: Part) -> Iterator[Block]:
    floats = [each for each in element.iter() if _tag(each) in {"fig", "table-wrap"}]
    yield Block(text=_words(element, without=frozenset(map(id, floats))), part=part, heading=heading)
    for each in floats:
        yield from _figure(each, Part.TABLE if _tag(each) == "table-wrap" else Part.CAPTION)


def _figure(element: ElementTree.Element, part: Part) -> Iterator[Block]:
    label = next((" ".join(_words(child).split()) for child in element if _tag(child) == "label"), "")
    heading = label.rstrip(".:") or ("Table" if part is Part.TABLE else "Figure")
    heads: tuple[str, ...] = ()
    for child in element.iter():
        name = _tag(child)
        if name in {"caption", "table-wrap-foot"}:
            yield Block(text=_words(child), part=part, heading=heading)
        elif name == "tr":
            cells = [" ".join(_words(cell).split()) for cell in child if _tag(cell) in {"td", "th"}]
            is_head = not heads or all(_tag(cell) == "th" for cell in child)
            yield Block(text="\t".join(cells), part=part, heading=heading, heads=() if is_head else heads)
            heads = tuple(cells) if is_head else heads


def _tag(element: ElementTree.Element) -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _words(element: ElementTree.Element, *, without: frozenset[int] = frozenset()) -> str:
    """Returns the words of an element; powers as superscripts, and without the numbers of references."""
    pieces: list[str] = []
    stack: list[tuple[ElementTree.Element | None, str]] = [(element, "")]
    while stack:
        at, text = stack.pop()
        if at is None:
            pieces.append(text)
            continue
        name = _tag(at)
        is_reference = name == "xref" and at.get("ref-type") == "bibr"
        if is_reference or not name or name in _LEFT_OUT or id(at) in without:
            continue
        if name == "sup":
            inner = "".join(at.itertext())
            is_reference_number = any(_tag(child) == "xref" for child in at)
            pieces.append("" if is_reference_number else inner.translate(_SUPERSCRIPTS) if len(inner) <= 3 else inner)
            continue
        edge = "\n" if name in _BLOCKS else ""
        following: list[tuple[ElementTree.Element | None, str]] = [(None, edge + (at.text or ""))]
        for child in at:
            following += [(child, ""), (None, child.tail or "")]
        stack += reversed([*following, (None, edge)])
    return re.sub(r"\n\s*\n+", "\n", "".join(pieces))


# --- HTML -------------------------------------------------------------------------------------------------------------

_NO_TEXT = ["script", "style", "noscript", "nav", "header", "footer", "aside", "form", "button", "svg", "template"]
_HTML_BLOCKS = ["h1", "h2", "h3", "h4", "h5", "h6", "p", "li", "tr", "figcaption", "caption", "blockquote", "dd", "dt", "pre"]  # fmt: skip


def _html_blocks(text: str) -> Iterator[Block]:
    from bs4 import BeautifulSoup, Tag  # few texts are HTML

    page = BeautifulSoup(text, "html.parser")
    for element in page.find_all(_NO_TEXT):
        element.decompose()
    for element in page.find_all("br"):
        element.replace_with("\n")
    for element in page.find_all("sup"):
        inner = element.get_text()
        element.replace_with("" if element.find("a") else inner.translate(_SUPERSCRIPTS) if len(inner) <= 3 else inner)
    levels: list[tuple[int, str]] = []
    heads: dict[int, tuple[str, ...]] = {}
    part = Part.BODY
    captions: dict[int, str] = {}
    found = page.find_all(
        lambda tag: tag.name in _HTML_BLOCKS or (tag.name == "div" and not tag.find([*_HTML_BLOCKS, "div"]))
    )
    if not found:
        yield from _plain_blocks(page.get_text("\n"))
        return
    for element in found:
        if not isinstance(element, Tag) or element.find_parent(["p", "li", "tr", "figcaption", "caption"]) is not None:
            continue
        name = element.name
        words = " ".join(element.get_text(" " if name == "tr" else "").split())
        if name == "tr":
            cells = [" ".join(cell.get_text().split()) for cell in element.find_all(["td", "th"])]
            table = element.find_parent("table")
            if isinstance(table, Tag) and id(table) not in captions:
                caption = table.find("caption")
                captions[id(table)] = " ".join(caption.get_text().split())[:20] if caption else "Table"
            heading = captions.get(id(table), "Table")
            known = heads.get(id(table), ())
            yield Block(text="\t".join(cells), part=Part.TABLE, heading=_caption_name(heading), heads=known)
            heads.setdefault(id(table), tuple(cells))
        elif name in {"figcaption", "caption"}:
            kind = Part.TABLE if name == "caption" else Part.CAPTION
            yield Block(text=words, part=kind, heading=_caption_name(words))
        elif name == "h1":
            yield Block(text=words, part=Part.TITLE)
        elif re.fullmatch(r"h[2-6]", name):
            level = int(name[1])
            levels = [each for each in levels if each[0] < level]
            bare = _NUMBERED.sub("", words, count=1)
            levels.append((level, bare))
            if level <= 2 or _REFERENCES.match(bare):
                part = _part_of(bare)
            yield Block(text=words, part=part, heading=" > ".join(text for _, text in levels))
        else:
            yield Block(text=words, part=part, heading=" > ".join(text for _, text in levels))


def _caption_name(words: str) -> str:
    found = _CAPTION.match(words + " ")
    return found["name"] if found else words[:40]
