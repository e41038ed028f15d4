"""Reads the XML that EndNote exports, and Zotero and Covidence after it.

Each value stands in one or more `style` elements, its lines apart by carriage returns. EndNote lets control characters
through that XML forbids, as characters or as references; they are dropped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from xml.etree import ElementTree

from casetable.formats.export import (
    Exported,
    ExportFlaw,
    checked,
    doi_of,
    issns_of,
    noted_pmid,
    person_of,
    published_of,
)
from casetable.formats.pubmed_xml import cut_records
from casetable.model import PMCID, PMID
from casetable.model.article import Article, Extent, Section

_OPEN = re.compile(rb"<(record)[\s>]")
_HEAD = re.compile(rb"<records?[\s>]")
_FORBIDDEN = re.compile(
    rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|&#(?:0*(?:[0-8]|1[124-9]|2[0-9]|3[01])|x0*(?:[0-8bcef]|1[0-9a-f]));", re.I
)
_BOOKS = {"Book", "Book Section", "Edited Book", "Electronic Book", "Electronic Book Section"}
_HEAD_BYTES = 4096


def is_endnote(head: bytes) -> bool:
    """Says whether a file that begins so is XML of EndNote's."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:_HEAD_BYTES]
    return start.startswith(b"<") and b"<Pubmed" not in start and _HEAD.search(start) is not None


def read_endnote(chunks: Iterable[bytes]) -> Iterator[Exported | ExportFlaw]:
    """Yields the records of an EndNote XML file in order, and what cannot be read; raises nothing. UTF-8 only."""
    is_empty = True
    for cut in cut_records(chunks, _OPEN):
        is_empty = False
        try:
            record = ElementTree.fromstring(_FORBIDDEN.sub(b"", cut.data))  # noqa: S314  # a cut record has no DTD
        except ElementTree.ParseError as error:
            yield ExportFlaw(line=cut.line, message=f"is a record of broken XML: {error}")
            continue
        yield checked(_article(record), cut.line, "a title")
    if is_empty:
        yield ExportFlaw(line=1, message="holds no record; expected XML as EndNote exports it")


def _article(record: ElementTree.Element) -> Article:
    def every(path: str) -> tuple[str, ...]:
        texts = (" ".join("".join(element.itertext()).split()) for element in record.iterfind(path))
        return tuple(dict.fromkeys(text for text in texts if text))

    def first(*paths: str) -> str:
        return next((text for path in paths for text in every(path)), "")

    abstract = first("abstract")
    kind = record.find("ref-type")
    return Article(
        extent=Extent.EXPORT,
        pmid=_pmid(
            first("accession-num"), first("remote-database-name"), first("remote-database-provider"), first("notes")
        ),
        title=first("titles/title"),
        is_book=kind is not None and kind.get("name") in _BOOKS,
        abstract=(Section(text=abstract),) if abstract else (),
        authors=tuple(map(person_of, every("contributors/authors/author"))),
        editors=tuple(map(person_of, every("contributors/secondary-authors/author"))),
        journal=first("periodical/full-title", "titles/secondary-title", "alt-periodical/full-title"),
        journal_abbreviation=first("periodical/abbr-1", "alt-periodical/abbr-1"),
        issns=issns_of(first("isbn")),
        publisher=first("publisher"),
        volume=first("volume"),
        issue=first("number"),
        pages=first("pages"),
        published=published_of(first("dates/year", "dates/pub-dates/date")),
        languages=every("language"),
        publication_types=every("work-type"),
        keywords=every("keywords/keyword"),
        doi=doi_of((first("electronic-resource-num"), *every("urls/*/url"))),
        pmcid=next((value for value in every("custom2") if PMCID.fullmatch(value)), ""),
    )


def _pmid(accession: str, database: str, provider: str, notes: str) -> str:
    """Returns the PMID: an accession number is one only where the record came from MEDLINE."""
    is_medline = provider == "NLM" or re.search("pubmed|medline", database, re.IGNORECASE)
    if is_medline and PMID.fullmatch(accession):
        return accession
    return noted_pmid(f"{accession} {notes}")
