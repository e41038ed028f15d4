"""Reads and writes the XML that EndNote exports, and Zotero and Covidence after it.

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
    date_parts,
    doi_of,
    isbns_of,
    issns_of,
    name_of,
    noted_pmid,
    person_of,
    published_of,
)
from casetable.formats.pubmed_xml import cut_records, parsed_whole
from casetable.model import PMCID, PMID
from casetable.model.article import Article, Extent, Section

_OPEN = re.compile(rb"<(record)[\s>]")
_HEAD = re.compile(rb"<records?[\s>]")
_FORBIDDEN = re.compile(
    rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|&#(?:0*(?:[0-8]|1[124-9]|2[0-9]|3[01])|x0*(?:[0-8bcef]|1[0-9a-f]));", re.I
)
_BOOKS = {"Book", "Book Section", "Edited Book", "Electronic Book", "Electronic Book Section"}
_HEAD_BYTES = 4096
_LEAD = re.compile(rb"\A\s*(?:<\?xml[^>]{0,200}\?>\s*)?(?:<!--.*?-->\s*)+", re.DOTALL)


def is_endnote(head: bytes) -> bool:
    """Says whether a file that begins so is XML of EndNote's."""
    start = _LEAD.sub(b"", head.removeprefix(b"\xef\xbb\xbf")).lstrip()[:_HEAD_BYTES]
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
        text = _FORBIDDEN.sub(b"", cut.data).decode(errors="replace")
        yield checked(_article(record), cut.line, "a title", text=text)
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
        isbns=isbns_of(first("isbn")),
        publisher=first("publisher"),
        volume=first("volume"),
        issue=first("number"),
        pages=first("pages"),
        published=_published(first("dates/year"), first("dates/pub-dates/date")),
        languages=every("language"),
        publication_types=every("work-type"),
        keywords=every("keywords/keyword"),
        doi=doi_of((first("electronic-resource-num"), *every("urls/*/url"))),
        pmcid=next((value for value in every("custom2") if PMCID.fullmatch(value)), ""),
    )


def _published(year: str, day: str) -> str:
    """Returns 2019 and "Sep 18", or "2019-09-18", as 2019-09-18."""
    parts = date_parts(f"{year} {day}") if not date_parts(day) else date_parts(day)
    if len(parts) > 1 and (not year or year == str(parts[0])):
        return "-".join(f"{part:02}" for part in parts)
    return published_of(year or day)


def _pmid(accession: str, database: str, provider: str, notes: str) -> str:
    """Returns the PMID: an accession number is one only where the record came from MEDLINE."""
    is_medline = provider == "NLM" or re.search("pubmed|medline", database, re.IGNORECASE)
    if is_medline and PMID.fullmatch(accession):
        return accession
    return noted_pmid(f"{accession} {notes}")


# --- an article to a record -------------------------------------------------------------------------------------------

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<xml><records>\n'
END = "</records></xml>\n"

# Where a field stands in a record: those of its paths are taken out where another value takes its place.
_PATHS: dict[str, tuple[str, ...]] = {
    "authors": ("contributors/authors",),
    "editors": ("contributors/secondary-authors",),
    "title": ("titles/title",),
    "journal": ("titles/secondary-title", "periodical/full-title", "alt-periodical/full-title"),
    "journal_abbreviation": ("periodical/abbr-1", "alt-periodical/abbr-1"),
    "pages": ("pages",),
    "volume": ("volume",),
    "issue": ("number",),
    "keywords": ("keywords",),
    "published": ("dates/year", "dates/pub-dates"),
    "publisher": ("publisher",),
    "issns": ("isbn",),
    "doi": ("electronic-resource-num",),
    "pmid": ("accession-num", "remote-database-name"),
    "pmcid": ("custom2",),
    "languages": ("language",),
    "publication_types": ("work-type",),
    "abstract": ("abstract",),
}
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_KINDS = {"article": ("Journal Article", 17), "book": ("Book", 6), "chapter": ("Book Section", 5)}


def write_endnote(article: Article) -> str:
    """Returns an article as a record of EndNote's XML."""
    kind, number = _KINDS["article" if not article.is_book else "chapter" if article.book_title else "book"]
    record = ElementTree.Element("record")
    ElementTree.SubElement(record, "ref-type", name=kind).text = str(number)
    for name in _PATHS:
        _set(record, article, name)
    return ElementTree.tostring(record, encoding="unicode")


def amend_endnote(text: str, article: Article, fields: Iterable[str]) -> str:
    """Returns a record with some fields as an article has them; every other element stays as it is."""
    record = parsed_whole(text)
    for name in _PATHS:
        if name in set(fields):
            for path in _PATHS[name]:
                parent, _, last = path.rpartition("/")
                for above in record.findall(parent) if parent else [record]:
                    for element in above.findall(last):
                        if name != "pmcid" or PMCID.fullmatch("".join(element.itertext()).strip()):
                            above.remove(element)
            _set(record, article, name)
    return ElementTree.tostring(record, encoding="unicode")


def _set(record: ElementTree.Element, article: Article, name: str) -> None:
    for path, value in _values(article, name):
        if not (plain := " ".join(_UNPRINTABLE.sub("", value).split())):
            continue
        element = record
        *above, last = path.split("/")
        for part in above:
            found = element.find(part)
            element = ElementTree.SubElement(element, part) if found is None else found
        element = ElementTree.SubElement(element, last)
        ElementTree.SubElement(element, "style", face="normal", font="default", size="100%").text = plain


def _values(article: Article, name: str) -> Iterator[tuple[str, str]]:
    path = _PATHS[name][0]
    match name:
        case "authors" | "editors":
            yield from ((f"{path}/author", name_of(person)) for person in getattr(article, name))
        case "title":
            yield path, article.any_title
        case "journal":
            journal = article.journal or (article.book_title if article.title else "") or article.journal_abbreviation
            yield path, journal
            yield "periodical/full-title", journal
        case "keywords":
            yield from ((f"{path}/keyword", word) for word in article.subjects)
        case "published":
            parts = date_parts(article.published)
            yield "dates/year", str(parts[0]) if parts else article.published
            yield "dates/pub-dates/date", "-".join(f"{part:02}" for part in parts) if len(parts) > 1 else ""
        case "issns":
            yield path, " ".join((*article.issns, *article.isbns))
        case "pmid":
            yield "accession-num", article.pmid
            yield "remote-database-name", "PubMed" if article.pmid else ""
        case "languages" | "publication_types":
            yield from ((path, value) for value in getattr(article, name))
        case "abstract":
            yield path, article.abstract_text
        case _:
            yield path, getattr(article, name)
