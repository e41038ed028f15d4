"""Reads EndNote's tagged text (Refer, `.enw`), in which CNKI, Wanfang and publishers export: a per cent sign, a letter, a value.

A record begins with %0; a value goes on in lines without a tag. Tags:
https://en.wikipedia.org/wiki/EndNote#Tags_and_fields.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from casetable.formats.export import (
    Exported,
    ExportFlaw,
    checked,
    date_parts,
    decoded,
    doi_of,
    isbns_of,
    issns_of,
    lines_of,
    noted_pmid,
    person_of,
    published_of,
    split_words,
)
from casetable.model import PMCID, PMID
from casetable.model.article import Article, Extent, Section
from casetable.problems import shown

_LINE = re.compile(r"%([0-9A-Za-z@!#$&()*+<=>?\[\]^{}~\\|,.;:/-])(?: +(.*)|\s*)")
_HEAD = re.compile(r"\s*%0 +[A-Za-z]")
_BOOKS = {"Book", "Book Section", "Edited Book", "Electronic Book"}
Values = Sequence[tuple[str, list[str]]]


def is_refer(head: bytes) -> bool:
    """Says whether a file that begins so is EndNote's tagged text."""
    return _HEAD.match(decoded(head[:4096])) is not None


def read_refer(data: bytes) -> Iterator[Exported | ExportFlaw]:
    """Yields the records of a file in order, and what cannot be read; raises nothing."""
    record: list[tuple[str, list[str]]] = []
    begun = 0
    for number, raw in enumerate(lines_of(decoded(data)), start=1):
        line = raw.strip("\ufeff\x1a").strip()
        found = _LINE.fullmatch(line)
        if found and found[1] == "0":
            if record:
                yield checked(_article(record), begun, "'%T '")
            record, begun = [("0", [(found[2] or "").strip()])], number
        elif found and record:
            record.append((found[1], [(found[2] or "").strip()]))
        elif line and record:
            record[-1][1].append(line)
        elif line:
            yield ExportFlaw(line=number, message=f"{shown(line, 40)} stands between records; expected '%0 '")
    if record:
        yield checked(_article(record), begun, "'%T '")


def _article(record: Values) -> Article:
    def every(*tags: str) -> tuple[str, ...]:
        values = (" ".join(filter(None, parts)) for tag, parts in record if tag in tags)
        return tuple(dict.fromkeys(value for value in values if value))

    def first(*tags: str) -> str:
        return next((value for tag in tags for value in every(tag)), "")

    def names(tag: str) -> list[str]:
        return [name for value in every(tag) for name in map(str.strip, value.split(";")) if name]

    accession, database, abstract = first("M"), first("~", "W"), first("X")
    is_medline = re.search("pubmed|medline", database, re.IGNORECASE) and PMID.fullmatch(accession)
    year, day = first("D"), first("8")
    full = date_parts(day) or date_parts(f"{year} {day}")
    is_full = len(full) > 1 and year in {"", str(full[0])}
    return Article(
        extent=Extent.EXPORT,
        pmid=accession if is_medline else noted_pmid(" ".join((accession, *every("Z", "<")))),
        title=first("T"),
        is_book=first("0") in _BOOKS,
        abstract=(Section(text=abstract),) if abstract else (),
        authors=tuple(map(person_of, names("A"))),
        editors=tuple(map(person_of, names("E"))),
        journal=first("J", "B"),
        issns=issns_of(*every("@")),
        isbns=isbns_of(*every("@")),
        publisher=first("I"),
        volume=first("V"),
        issue=first("N"),
        pages=first("P"),
        published="-".join(f"{part:02}" for part in full) if is_full else published_of(year or day),
        languages=every("G"),
        publication_types=every("9"),
        keywords=tuple(
            word for parts in (p for tag, p in record if tag == "K") for p in parts for word in split_words(p)
        ),
        doi=doi_of(every("R", "U")),
        pmcid=next((value for value in every("2") if PMCID.fullmatch(value)), ""),
    )
