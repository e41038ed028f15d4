"""Reads a file of articles, whatever its format, which is told from its content.

PubMed XML, NBIB, RIS, BibTeX, EndNote XML and tagged text, CSL-JSON, Web of Science's tagged text, CSV, records.jsonl.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, zip_longest
from xml.etree import ElementTree

from casetable.formats.bibtex import is_bibtex, read_bibtex
from casetable.formats.csl_json import is_csl, read_csl
from casetable.formats.endnote_xml import is_endnote, read_endnote
from casetable.formats.export import (
    Exported,
    ExportFlaw,
    Form,
    Original,
    decoded,
    doi_of,
    issns_of,
    noted_pmid,
    people_of,
    split_words,
)
from casetable.formats.logs import read_records
from casetable.formats.medline import Entry, read_medline
from casetable.formats.pubmed_xml import cut_records, read_article
from casetable.formats.refer import is_refer, read_refer
from casetable.formats.ris import is_ris, read_ris
from casetable.formats.table_csv import CsvRow, is_csv, read_csv
from casetable.formats.wos import is_wos, read_wos
from casetable.model import PMCID, PMID, record_key
from casetable.model.article import Article, Extent, Section, article_of

_PMID_LINE = re.compile(rb"^(?:\xef\xbb\xbf)?PMID *- ", re.MULTILINE)
_DECLARED = re.compile(rb"\A\s*<\?xml[^>]{0,80}encoding=[\"']([A-Za-z0-9._-]{1,40})[\"'][^>]{0,80}\?>")
_TAGGED = re.compile(rb"^[A-Z]{2,4} *- ", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An article, the bytes of its record where it came as PubMed's XML, and how it is named: by a key of its own.

    `original` is the record as the file has it, where that was asked for.
    """

    article: Article
    xml: bytes = b""
    key: str = ""
    original: Original | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """PMIDs of records that PubMed deleted (DeleteCitation)."""

    pmids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """A record, or a whole file, that cannot be read: `message` names place and fault."""

    message: str


def read_articles_of(
    path: str, chunks: Iterable[bytes], *, keeps_originals: bool = False
) -> Iterator[Stored | Deleted | Flaw]:
    """Yields what a file holds, in its order; a broken record costs no other one. `path` is how the file is named.

    A key is `pmid:…`, else `doi:…`, else `path:line`; of CSV, the record's own id where it has one. Raises nothing.
    """
    pieces = iter(chunks)
    head = next(pieces, b"")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        head = decoded(head + b"".join(pieces)).encode()
        pieces = iter(())
    elif b"\n" not in head and b"\r" in head:  # as old Macintoshes end lines
        head = (head + b"".join(pieces)).replace(b"\r", b"\n")
        pieces = iter(())
    elif (declared := _DECLARED.match(head)) and (named := _codec(declared[1])):
        head = _DECLARED.sub(b"", (head + b"".join(pieces)).decode(named, errors="replace").encode(), count=1)
        pieces = iter(())
    whole = chain([head], pieces)
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if is_endnote(head):
        yield from _export(path, read_endnote(whole), Form.ENDNOTE_XML if keeps_originals else None)
    elif start == b"<":
        yield from _xml(path, whole, keeps_originals=keeps_originals)
    elif is_csv(head):
        yield from _csv(path, b"".join(whole), keeps_originals=keeps_originals)
    elif is_csl(head):
        yield from _export(path, read_csl(b"".join(whole)), Form.CSL_JSON if keeps_originals else None)
    elif start == b"{":
        yield from _lines(path, b"".join(whole))
    elif is_ris(head):
        yield from _export(path, read_ris(b"".join(whole)), Form.RIS if keeps_originals else None)
    elif is_refer(head):
        yield from _export(path, read_refer(b"".join(whole)), None)
    elif is_wos(head):
        yield from _export(path, read_wos(b"".join(whole)), Form.WOS if keeps_originals else None)
    elif _PMID_LINE.search(head):
        yield from _nbib(path, whole, keeps_originals=keeps_originals)
    elif is_bibtex(head):
        yield from _export(path, read_bibtex(b"".join(whole)), Form.BIBTEX if keeps_originals else None)
    elif _TAGGED.search(head):
        yield from _nbib(path, whole, keeps_originals=keeps_originals)
    else:
        fault = "is of no format that is read here" if start else "is empty"
        yield Flaw(
            message=f"{path}: {fault}; expected PubMed XML, NBIB, RIS, BibTeX, EndNote XML or tagged text, CSL-JSON, Web of Science text, CSV with a header or a records.jsonl"
        )


def _codec(name: bytes) -> str:
    """Returns the encoding that an XML declaration names where it is another one than UTF-8, and known."""
    try:
        found = codecs.lookup(name.decode()).name
    except LookupError:
        return ""
    return "" if found in {"utf-8", "ascii"} or found.startswith("utf-16") else found


def _stored(article: Article, own: str, xml: bytes = b"", original: Original | None = None) -> Stored:
    key = record_key(pmid=article.pmid, doi=article.doi, own=own)
    return Stored(article=article, xml=xml, key=key, original=original)


def _xml(path: str, chunks: Iterable[bytes], *, keeps_originals: bool) -> Iterator[Stored | Deleted | Flaw]:
    is_empty = True
    for cut in cut_records(chunks):
        is_empty = False
        try:
            read = read_article(cut.data)
        except ElementTree.ParseError as error:
            yield Flaw(message=f"{path}:{cut.line}: is a record of broken XML: {error}")
            continue
        if isinstance(read, Article):
            text = cut.data.decode(errors="replace") if keeps_originals else ""
            original = Original(form=Form.PUBMED_XML, text=text) if keeps_originals else None
            yield _stored(read, f"{path}:{cut.line}", cut.data, original)
        elif read is None:
            yield Flaw(message=f"{path}:{cut.line}: is a record without a PMID")
        else:
            yield Deleted(pmids=read)
    if is_empty:
        yield Flaw(message=f"{path}: holds no PubmedArticle; expected PubMed XML as EFetch sends it, or EndNote's XML")


def _nbib(path: str, chunks: Iterable[bytes], *, keeps_originals: bool) -> Iterator[Stored | Flaw]:
    for read in read_medline(chunks):
        if isinstance(read, Entry):
            original = Original(form=Form.NBIB, text=read.text) if keeps_originals else None
            yield _stored(read.article, f"{path}:{read.line}", original=original)
        else:
            yield Flaw(message=f"{path}:{read.line}: {read.message}")


def _csv(path: str, data: bytes, *, keeps_originals: bool) -> Iterator[Stored | Flaw]:
    for read in read_csv(data):
        if isinstance(read, CsvRow):
            yield stored_row(path, read, keeps_original=keeps_originals)
        else:
            yield Flaw(message=f"{path}:{read.line}: {read.message}")


def stored_row(path: str, row: CsvRow, *, keeps_original: bool = False) -> Stored:
    """Returns the article of a row of CSV."""
    values = row.values
    abstract = values["abstract"]
    article = Article(
        extent=Extent.EXPORT,
        pmid=values["pmid"]
        if PMID.fullmatch(values["pmid"])
        else noted_pmid(values["extra"]) or _written_pmid(values["pmid"]),
        title=values["title"],
        abstract=(Section(text=abstract),) if abstract else (),
        authors=people_of(values["authors"]),
        published=values["year"],
        journal=values["journal"],
        volume=values["volume"],
        issue=values["issue"],
        pages=values["pages"],
        doi=doi_of([values["doi"]]),
        keywords=split_words(values["keywords"]),
        languages=split_words(values["languages"], ";"),
        publication_types=split_words(values["publication_types"], ";"),
        issns=issns_of(values["issns"]),
        publisher=values["publisher"],
        pmcid=values["pmcid"] if PMCID.fullmatch(values["pmcid"]) else "",
    )
    cells = tuple(zip_longest(row.header, row.cells, fillvalue="")) if keeps_original else ()
    key = values["record_id"] or record_key(pmid=article.pmid, doi=article.doi, own=f"{path}:{row.line}")
    return Stored(article=article, key=key, original=Original(form=Form.CSV, cells=cells) if keeps_original else None)


def _written_pmid(text: str) -> str:
    """Returns the PMID of "PUBMED 30123459"."""
    found = re.search(r"(?<![0-9.])[1-9][0-9]{4,8}(?![0-9.])", text)
    return found[0] if found else ""


def _export(path: str, records: Iterable[Exported | ExportFlaw], form: Form | None) -> Iterator[Stored | Flaw]:
    for read in records:
        if isinstance(read, Exported):
            original = Original(form=form, text=read.text, head=read.head) if form else None
            yield _stored(read.article, f"{path}:{read.line}", original=original)
        else:
            yield Flaw(message=f"{path}:{read.line}: {read.message}")


def _lines(path: str, data: bytes) -> Iterator[Stored | Flaw]:
    records, problems = read_records(path, data)
    for problem in problems:
        yield Flaw(message=str(problem))
    for record in records.values():
        yield Stored(article=article_of(record), key=record.key)
