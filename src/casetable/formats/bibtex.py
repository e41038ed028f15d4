"""Reads BibTeX and BibLaTeX as reference managers and databases export them; bibtexparser reads their syntax.

Values are LaTeX: accents and macros become the characters that they print, braces go. Names of the fields: BibLaTeX's
manual, 2.2 (https://ctan.org/pkg/biblatex); Zotero, Scopus and Web of Science have some of their own.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from bibtexparser.entrypoint import parse_string
from bibtexparser.middlewares.names import parse_single_name_into_parts, split_multiple_persons_names
from bibtexparser.model import Entry, ParsingFailedBlock
from pylatexenc.latex2text import LatexNodes2Text  # type: ignore[import-untyped]

from casetable.formats.export import (
    MONTHS,
    Exported,
    ExportFlaw,
    checked,
    decoded,
    doi_of,
    initials_of,
    issns_of,
    noted_pmid,
    published_of,
)
from casetable.model import PMCID, PMID
from casetable.model.article import Article, Extent, Person, Section

logging.getLogger("bibtexparser").setLevel(logging.CRITICAL)  # its warnings are our flaws
logging.getLogger("pylatexenc").setLevel(logging.CRITICAL)

_HEAD = re.compile(r"^[ \t]*@[ \t]*[A-Za-z]{2,30}[ \t]*[{(]", re.MULTILINE)
# A macro with what it is set upon: {\"u}, {\'{\i}}, \'{e}, \"u, \alpha, \%
_MACRO = re.compile(
    r"\{\\[^{}]{0,60}(?:\{[^{}]{0,60}\})?[^{}]{0,60}\}"
    r"|\\[A-Za-z]{1,30}(?:[ \t]*\{[^{}]{0,60}\}|[ \t])?"
    r"|\\[\"'`^~=.](?:\{[^{}]{0,60}\}|\\[ij]\b|\w)"
    r"|\\[^A-Za-z]"
)
_MATH = re.compile(r"\$([^$]{1,80})\$")
_CHARACTERS = {"textless": "<", "textgreater": ">", "textbar": "|", "textbackslash": "\\", "textasciitilde": "~"}
_FACES = {
    "emph",
    "em",
    "it",
    "bf",
    "rm",
    "sc",
    "textit",
    "textbf",
    "textrm",
    "textsc",
    "textsf",
    "text",
    "mathrm",
    "mathit",
    "textsuperscript",
    "textsubscript",
}
_BOOKS = {"book", "inbook", "incollection", "collection", "mvbook", "booklet"}


def is_bibtex(head: bytes) -> bool:
    """Says whether a file that begins so is BibTeX: an entry opens on a line of its own."""
    return _HEAD.search(decoded(head[:4096])) is not None


def read_bibtex(data: bytes) -> Iterator[Exported | ExportFlaw]:
    """Yields the entries of a file in order, and what cannot be read; raises nothing.

    Of entries with one key each is yielded; of a field that an entry has twice the last one stands.
    """
    text = decoded(data).replace("\r\n", "\n").replace("\r", "\n")
    for block in parse_string(text).blocks:
        line = (block.start_line or 0) + 1
        inner = block.ignore_error_block if isinstance(block, ParsingFailedBlock) else block
        if isinstance(inner, Entry):
            yield checked(_article(inner), line, "'title'")
        elif isinstance(block, ParsingFailedBlock) and inner is None:
            why = " ".join(str(getattr(block.error, "abort_reason", "")).split()) or "it is no BibTeX"
            yield ExportFlaw(line=line, message=f"is a broken entry: {why[0].lower()}{why[1:]}")


def _article(entry: Entry) -> Article:
    fields: dict[str, str] = {
        field.key.strip().lower(): field.value for field in entry.fields if isinstance(field.value, str)
    }

    def text(*names: str) -> str:
        return next((plain for name in names if (plain := _plain(fields.get(name, "")))), "")

    authors = _people(fields.get("author", ""))
    is_complete = authors[-1:] != (_OTHERS,)
    pmid = text("pmid", "pubmed_id", "pubmedid") or (text("eprint") if text("eprinttype").lower() == "pubmed" else "")
    abstract = text("abstract")
    return Article(
        extent=Extent.EXPORT,
        pmid=pmid if PMID.fullmatch(pmid) else noted_pmid(text("note")),
        title=text("title"),
        is_book=entry.entry_type.lower() in _BOOKS,
        abstract=(Section(text=abstract),) if abstract else (),
        authors=authors if is_complete else authors[:-1],
        is_author_list_complete=is_complete,
        editors=_people(fields.get("editor", "")),
        journal=text("journal", "journaltitle", "booktitle"),
        journal_abbreviation=text("shortjournal", "journal-iso", "abbrev_source_title"),
        issns=issns_of(text("issn")),
        publisher=text("publisher"),
        volume=text("volume"),
        issue=text("number", "issue"),
        pages=re.sub("[–—]+", "-", text("pages", "article-number", "art_number", "eid")),
        published=_published(fields, text("date") or text("year")),
        languages=tuple(filter(None, [text("language", "langid")])),
        publication_types=tuple(filter(None, [text("document_type", "type")])),
        keywords=tuple(word for word in map(str.strip, re.split("[;,]", text("keywords", "author_keywords"))) if word),
        doi=doi_of([text("doi"), text("url")]),
        pmcid=text("pmcid") if PMCID.fullmatch(text("pmcid")) else "",
    )


def _published(fields: Mapping[str, str], date: str) -> str:
    month = _plain(fields.get("month", "")).lower()[:3]
    if re.fullmatch("0?[1-9]|1[0-2]", month) and re.fullmatch("[0-9]{4}", date):
        return f"{date}-{month.zfill(2)}"
    if month in MONTHS and re.fullmatch("[0-9]{4}", date):
        return f"{date}-{MONTHS.index(month) + 1:02}"
    return published_of(date)


_OTHERS = Person(collective="others")


def _people(value: str) -> tuple[Person, ...]:
    """Returns the persons of names that `and` joins; a name within braces is a group's, and `others` a list cut short."""
    people = []
    for name in split_multiple_persons_names(" ".join(value.split())):
        if name.startswith("{") and name.endswith("}"):
            people.append(Person(collective=_plain(name)))
            continue
        parts = parse_single_name_into_parts(name, strict=False)
        last = _plain(" ".join([*parts.von, *parts.last]))
        fore, suffix = _plain(" ".join(parts.first)), _plain(" ".join(parts.jr))
        if name.lower() == "others":
            people.append(_OTHERS)
        elif last:
            people.append(Person(last=last, fore=fore, initials=initials_of(fore), suffix=suffix))
    return tuple(people)


def _plain(value: str) -> str:
    """Returns LaTeX as the text that it prints, in one line."""
    if value.startswith('"') and value.endswith('"') and len(value) > 1:  # "one" # " and two"
        value = re.sub(r'"\s*#\s*"', "", value)[1:-1]
    if "$" in value:
        value = _MATH.sub(_of_math, value)
    if "\\" in value:
        value = _MACRO.sub(lambda found: _printed(found[0]), value)
    value = value.replace("---", "—").replace("--", "–").replace("~", " ")
    return " ".join(value.replace("{", "").replace("}", "").split())


def _of_math(found: re.Match[str]) -> str:
    """Returns $H_2O$ as H2O; what holds nothing of mathematics is an amount of money, and stays."""
    if not re.search(r"[\\_^]", found[1]):
        return found[0]
    return _MACRO.sub(lambda macro: _printed(macro[0]), re.sub("[_^]", "", found[1]))


@lru_cache(maxsize=4096)
def _printed(macro: str) -> str:
    """Returns what a macro prints; of one that is unknown or has lost its argument, the argument or the name."""
    name = macro.strip("{} \t").removeprefix("\\").partition("{")[0].strip()
    if name in _CHARACTERS:
        return _CHARACTERS[name]
    if macro.strip() == "\\" + name and name in _FACES:
        return ""
    try:
        printed = str(LatexNodes2Text(math_mode="text").latex_to_text(macro))
    except Exception:  # noqa: BLE001  # pylatexenc raises whatever its tables make of a macro without arguments
        printed = ""
    return printed if printed and "%s" not in printed else re.sub(r"^\W*([A-Za-z]+\s*(?=\{))?", "", macro).rstrip("}")
