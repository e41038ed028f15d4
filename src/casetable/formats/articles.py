"""Reads a file of articles, whatever its format, which is told from its content.

PubMed XML, NBIB, RIS, BibTeX, EndNote XML, CSL-JSON, Web of Science's tagged text, records.jsonl.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from xml.etree import ElementTree

from casetable.formats.bibtex import is_bibtex, read_bibtex
from casetable.formats.csl_json import is_csl, read_csl
from casetable.formats.endnote_xml import is_endnote, read_endnote
from casetable.formats.export import Exported, ExportFlaw, decoded
from casetable.formats.logs import read_records
from casetable.formats.medline import Entry, read_medline
from casetable.formats.pubmed_xml import cut_records, read_article
from casetable.formats.ris import is_ris, read_ris
from casetable.formats.wos import is_wos, read_wos
from casetable.model import record_key
from casetable.model.article import Article, article_of

_TAGGED = re.compile(rb"^[A-Z]{2,4} *- ", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An article, the bytes of its record where it came as PubMed's XML, and how it is named: by a key of its own."""

    article: Article
    xml: bytes = b""
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """PMIDs of records that PubMed deleted (DeleteCitation)."""

    pmids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """A record, or a whole file, that cannot be read: `message` names place and fault."""

    message: str


def read_articles_of(path: str, chunks: Iterable[bytes]) -> Iterator[Stored | Deleted | Flaw]:
    """Yields what a file holds, in its order; a broken record costs no other one. `path` is how the file is named.

    A key is `pmid:…`, else `doi:…`, else `path:line`. Raises nothing.
    """
    pieces = iter(chunks)
    head = next(pieces, b"")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        head = decoded(head + b"".join(pieces)).encode()
        pieces = iter(())
    whole = chain([head], pieces)
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if is_endnote(head):
        yield from _export(path, read_endnote(whole))
    elif start == b"<":
        yield from _xml(path, whole)
    elif start == b"{":
        yield from _lines(path, b"".join(whole))
    elif is_csl(head):
        yield from _export(path, read_csl(b"".join(whole)))
    elif is_ris(head):
        yield from _export(path, read_ris(b"".join(whole)))
    elif is_wos(head):
        yield from _export(path, read_wos(b"".join(whole)))
    elif is_bibtex(head):
        yield from _export(path, read_bibtex(b"".join(whole)))
    elif _TAGGED.search(head):
        yield from _nbib(path, whole)
    else:
        fault = "is of no format that is read here" if start else "is empty"
        yield Flaw(
            message=f"{path}: {fault}; expected PubMed XML, NBIB, RIS, BibTeX, EndNote XML, CSL-JSON, Web of Science text or a records.jsonl"
        )


def _stored(article: Article, own: str, xml: bytes = b"") -> Stored:
    return Stored(article=article, xml=xml, key=record_key(pmid=article.pmid, doi=article.doi, own=own))


def _xml(path: str, chunks: Iterable[bytes]) -> Iterator[Stored | Deleted | Flaw]:
    is_empty = True
    for cut in cut_records(chunks):
        is_empty = False
        try:
            read = read_article(cut.data)
        except ElementTree.ParseError as error:
            yield Flaw(message=f"{path}:{cut.line}: is a record of broken XML: {error}")
            continue
        if isinstance(read, Article):
            yield _stored(read, f"{path}:{cut.line}", cut.data)
        elif read is None:
            yield Flaw(message=f"{path}:{cut.line}: is a record without a PMID")
        else:
            yield Deleted(pmids=read)
    if is_empty:
        yield Flaw(message=f"{path}: holds no PubmedArticle; expected PubMed XML as EFetch sends it, or EndNote's XML")


def _nbib(path: str, chunks: Iterable[bytes]) -> Iterator[Stored | Flaw]:
    for read in read_medline(chunks):
        if isinstance(read, Entry):
            yield _stored(read.article, f"{path}:{read.line}")
        else:
            yield Flaw(message=f"{path}:{read.line}: {read.message}")


def _export(path: str, records: Iterable[Exported | ExportFlaw]) -> Iterator[Stored | Flaw]:
    for read in records:
        if isinstance(read, Exported):
            yield _stored(read.article, f"{path}:{read.line}")
        else:
            yield Flaw(message=f"{path}:{read.line}: {read.message}")


def _lines(path: str, data: bytes) -> Iterator[Stored | Flaw]:
    records, problems = read_records(path, data)
    for problem in problems:
        yield Flaw(message=str(problem))
    for record in records.values():
        yield Stored(article=article_of(record), key=record.key)
