"""Reads RIS, the tagged text in which reference managers and databases export records; each has a dialect of its own.

A line is a two-letter tag, two blanks, a hyphen and a value; `TY` begins a record and `ER` ends it. Databases break all
of this: one blank, a value that goes on in the next line, `TY` not first or missing, lines that are no tag (the issue
trackers of asreview, synthesisr and CiteSource tell of them). Tags: https://en.wikipedia.org/wiki/RIS_(file_format).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from casetable.formats.export import Exported, ExportFlaw, checked, decoded, doi_of, person_of, published_of
from casetable.model import PMCID, PMID
from casetable.model.article import Article, Extent, Section
from casetable.problems import shown

_LINE = re.compile(r"([A-Z][A-Z0-9]) {1,2}-(?: (.*))?")
_FIRST = re.compile(r"\s*[A-Z][A-Z0-9] {1,2}-(?: |$)", re.MULTILINE)
_TYPE = re.compile(r"^\s*TY {1,2}- [A-Z]{3,8}\s*$", re.MULTILINE)
_NBIB = re.compile(r"^PMID *- ", re.MULTILINE)
_END = "ER"

_TITLES = ("TI", "T1", "CT", "BT")
_ABSTRACTS = ("AB", "N2")
_AUTHORS = ("AU", "A1")
_EDITORS = ("ED", "A2")
_JOURNALS = ("JO", "JF", "T2", "JA", "J2")
_BOOKS = {"BOOK", "CHAP", "EBOOK", "ECHAP", "EDBOOK"}
_PUBLISHED = ("PY", "Y1", "DA")
_DOIS = ("DO", "UR", "L3", "M3")


@dataclass(slots=True)
class _Record:
    line: int
    values: list[tuple[str, list[str]]] = field(default_factory=list)


def is_ris(head: bytes) -> bool:
    """Says whether a file that begins so is RIS; NBIB has such lines too, but a PMID line to begin a record."""
    text = decoded(head)
    if _TYPE.search(text) and not _NBIB.search(text):
        return True  # what stands in front is a database's
    return _FIRST.match(text) is not None and (text.lstrip().startswith("TY") or not _NBIB.search(text))


def read_ris(data: bytes) -> Iterator[Exported | ExportFlaw]:
    """Yields the records of a RIS file in order, and what cannot be read; raises nothing.

    The bytes are UTF-8, UTF-16 with a byte order mark, or else cp1252.
    """
    record: _Record | None = None
    for number, line in enumerate(decoded(data).splitlines(), start=1):
        found = _LINE.fullmatch(line.strip("\x1a\ufeff ").rstrip())
        tag = found[1] if found else ""
        value = (found[2] or "").strip() if found else line.strip()
        if tag == _END and not value:
            if record is not None:
                yield _entry(record)
            record = None
        elif tag == "TY" and record is not None and any(known == "TY" for known, _ in record.values):
            yield _entry(record)
            record = _Record(number, [(tag, [value])])
        elif tag:
            record = record or _Record(number)
            record.values.append((tag, [value]))
        elif value and record is not None and record.values:
            record.values[-1][1].append(value)
        elif value:
            yield ExportFlaw(line=number, message=f"{shown(value, 40)} stands between records; expected 'TY  - '")
    if record is not None:
        yield _entry(record)


def _entry(record: _Record) -> Exported | ExportFlaw:
    article = _article([(tag, " ".join(parts).strip()) for tag, parts in record.values])
    return checked(article, record.line, "'TI  - '")


def _article(values: list[tuple[str, str]]) -> Article:
    def first(*tags: str) -> str:
        return next((value for tag in tags for known, value in values if known == tag and value), "")

    def every(*tags: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(value for known, value in values if known in tags and value))

    abstract = first(*_ABSTRACTS)
    start, end = first("SP"), first("EP")
    title = first(*_TITLES)
    return Article(
        extent=Extent.EXPORT,
        pmid=_pmid(values),
        title=title,
        is_book=first("TY") in _BOOKS,
        abstract=(Section(text=abstract),) if abstract else (),
        authors=tuple(
            person_of(name) for value in every(*_AUTHORS) for name in map(str.strip, value.split(";")) if name
        ),
        editors=tuple(map(person_of, every(*_EDITORS))),
        journal=next((value for tag in _JOURNALS for value in every(tag) if value != title), ""),
        journal_abbreviation=first("JA", "J2"),
        issns=tuple(
            found[0] for value in every("SN") for found in [re.search(r"[0-9]{4}-?[0-9]{3}[0-9Xx]", value)] if found
        ),
        publisher=first("PB"),
        volume=first("VL"),
        issue=first("IS"),
        pages=f"{start}-{end}" if start and end and "-" not in start else start or end or first("C7"),
        published=next((day for value in every(*_PUBLISHED) if (day := published_of(value))), ""),
        languages=every("LA"),
        publication_types=every("M3"),
        keywords=tuple(
            dict.fromkeys(word for value in every("KW") for word in map(str.strip, value.split(";")) if word)
        ),
        doi=doi_of(
            [*every(*_DOIS), *(note for note in every("N1") if re.match(r"(?:doi:? *)?10\.", note, re.IGNORECASE))]
        ),
        pmcid=next((value for value in every("C2", "U1") if PMCID.fullmatch(value)), ""),
    )


def _pmid(values: Iterable[tuple[str, str]]) -> str:
    """Returns the PMID: Embase has it in C5, PubMed's own exports in AN, others in a note."""
    is_pubmed = any(tag in {"DB", "DP"} and re.search(r"pubmed|medline", value, re.IGNORECASE) for tag, value in values)
    for tag, value in values:
        if (tag in {"C2", "C5", "PM"} or (tag == "AN" and is_pubmed)) and PMID.fullmatch(value) and len(value) > 4:
            return value
        if tag in {"AN", "N1", "M1", "C3", "C5"} and (
            found := re.search(r"(?:PMID|PUBMED|MEDLINE):? *([1-9][0-9]{4,8})\b", value)
        ):
            return found[1]
    return ""
