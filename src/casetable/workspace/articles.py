"""Local files of articles as one set."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from casetable.formats.articles import Deleted, Flaw, Stored, read_articles_of
from casetable.model import PMID
from casetable.model.article import Extent

# PubMed's own files unpack to about ten times their size.
MOST_UNPACKED = 60
_CHUNK_BYTES = 1 << 20
_SMALL_BYTES = 10 << 20


@dataclass(frozen=True, kw_only=True)
class Library:
    """Articles in the order of the files, each key once, and what could not be read, as `path:line: what is wrong`."""

    articles: tuple[Stored, ...]
    faults: tuple[str, ...] = ()

    @cached_property
    def stored(self) -> Mapping[str, Stored]:
        """PubMed's records by PMID: an export of another database is none, and one without a PMID is none."""
        return {
            each.article.pmid: each
            for each in self.articles
            if PMID.fullmatch(each.article.pmid) and each.article.extent is not Extent.EXPORT
        }


def load_articles(paths: Iterable[Path]) -> Library:
    """Returns the articles of files, told apart by their content: PubMed XML, NBIB, RIS, other exports, records.jsonl; also gzipped.

    A record that cannot be read, or a file, is named in `faults` and costs no other one. Of two records with one key the
    fuller form stands, else the later one. DeleteCitation deletes what was loaded before it.
    """
    shelf: dict[str, Stored] = {}
    faults: list[str] = []
    for path in paths:
        try:
            for read in read_articles_of(str(path), _chunks(path)):
                if isinstance(read, Flaw):
                    faults.append(read.message)
                elif isinstance(read, Deleted):
                    for pmid in read.pmids:
                        shelf.pop(f"pmid:{pmid}", None)
                elif read.key not in shelf or _fullness(shelf[read.key]) <= _fullness(read):
                    shelf[read.key] = read
        except (OSError, EOFError, zlib.error) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else "is damaged"
            faults.append(f"{path}: cannot be read: {reason}")
        except _BombError:
            faults.append(f"{path}: unpacks to more than {MOST_UNPACKED} times its size; expected a file of records")
    return Library(articles=tuple(shelf.values()), faults=tuple(faults))


def read_bytes(path: Path) -> tuple[bytes, str]:
    """Returns the bytes of a file, unpacked where it is gzipped, or what is wrong with it."""
    try:
        return b"".join(_chunks(path)), ""
    except (OSError, EOFError, zlib.error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "is damaged"
        return b"", f"{path}: cannot be read: {reason}"
    except _BombError:
        return b"", f"{path}: unpacks to more than {MOST_UNPACKED} times its size; expected a file of records"


def _fullness(stored: Stored) -> tuple[bool, bool, bool]:
    extent = stored.article.extent
    return bool(stored.xml), extent is Extent.FULL, extent is Extent.EXPORT


class _BombError(Exception):
    """A compressed file that unpacks to far more than records do."""


def _chunks(path: Path) -> Iterator[bytes]:
    if path.exists() and not path.is_file() and not path.is_dir():
        raise OSError(0, "is no file that ends")  # a pipe, a device
    with path.open("rb") as file:
        is_gzip = file.peek(2)[:2] == b"\x1f\x8b"
        read = gzip.GzipFile(fileobj=file).read if is_gzip else file.read
        most = max(path.stat().st_size * MOST_UNPACKED, _SMALL_BYTES)
        total = 0
        while chunk := read(_CHUNK_BYTES):
            total += len(chunk)
            if is_gzip and total > most:
                raise _BombError
            yield chunk
