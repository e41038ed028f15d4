"""Local PubMed files as one set of records."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from xml.etree import ElementTree

from casetable.formats.logs import read_records
from casetable.formats.medline import Entry, read_medline
from casetable.formats.pubmed_xml import cut_records, read_article
from casetable.model import PMID
from casetable.model.article import Article, article_of

_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An article, and the bytes of its record where it came as PubMed's XML."""

    article: Article
    xml: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """Records by PMID, in the order of the files, and what could not be read, each as `path:line: what is wrong`."""

    stored: Mapping[str, Stored]
    faults: tuple[str, ...] = ()


@dataclass(slots=True)
class _Shelf:
    stored: dict[str, tuple[int, Stored]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def add(self, stored: Stored, fullness: int) -> None:
        """Of two records with one PMID the fuller form stands, else the later one."""
        pmid = stored.article.pmid
        if pmid not in self.stored or self.stored[pmid][0] <= fullness:
            self.stored[pmid] = fullness, stored


def load_articles(paths: Iterable[Path]) -> Library:
    """Returns the records of PubMed XML (also gzipped), NBIB and records.jsonl files, told apart by their content.

    A record that cannot be read, or a file, is named in `faults` and costs no other one. A record of records.jsonl
    has bibliographic facts only, and one without a PMID is no record of PubMed and left out. DeleteCitation deletes
    what was loaded before it.
    """
    shelf = _Shelf()
    for path in paths:
        try:
            _load(path, shelf)
        except (OSError, EOFError, zlib.error) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else "is damaged"
            shelf.faults.append(f"{path}: cannot be read: {reason}")
    return Library(stored={pmid: stored for pmid, (_, stored) in shelf.stored.items()}, faults=tuple(shelf.faults))


def _load(path: Path, shelf: _Shelf) -> None:
    chunks = _chunks(path)
    head = next(chunks, b"")
    whole = chain([head], chunks)
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if start == b"<":
        _load_xml(path, whole, shelf)
    elif start == b"{":
        _load_lines(path, b"".join(whole), shelf)
    elif start:
        _load_nbib(path, whole, shelf)
    else:
        shelf.faults.append(f"{path}: is empty; expected PubMed XML, NBIB or a records.jsonl")


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        is_gzip = file.peek(2)[:2] == b"\x1f\x8b"
        read = gzip.GzipFile(fileobj=file).read if is_gzip else file.read
        while chunk := read(_CHUNK_BYTES):
            yield chunk


def _load_xml(path: Path, chunks: Iterable[bytes], shelf: _Shelf) -> None:
    is_empty = True
    for cut in cut_records(chunks):
        is_empty = False
        try:
            read = read_article(cut.data)
        except ElementTree.ParseError as error:
            shelf.faults.append(f"{path}:{cut.line}: is a record of broken XML: {error}")
            continue
        if isinstance(read, Article):
            shelf.add(Stored(article=read, xml=cut.data), fullness=2)
        elif read is None:
            shelf.faults.append(f"{path}:{cut.line}: is a record without a PMID")
        else:
            for pmid in read:
                shelf.stored.pop(pmid, None)
    if is_empty:
        shelf.faults.append(f"{path}: holds no PubmedArticle; expected PubMed XML as EFetch sends it")


def _load_nbib(path: Path, chunks: Iterable[bytes], shelf: _Shelf) -> None:
    for read in read_medline(chunks):
        if isinstance(read, Entry):
            shelf.add(Stored(article=read.article), fullness=1)
        else:
            shelf.faults.append(f"{path}:{read.line}: {read.message}")


def _load_lines(path: Path, data: bytes, shelf: _Shelf) -> None:
    records, problems = read_records(str(path), data)
    shelf.faults += [str(problem) for problem in problems]
    for record in records.values():
        if PMID.fullmatch(record.pmid):
            shelf.add(Stored(article=article_of(record)), fullness=0)
