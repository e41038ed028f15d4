"""Reads the tagged text of Web of Science ("plain text file"): two letters, a blank, a value; three blanks continue it.

A record begins with PT and ends with ER; lists (AU, AF, C1) have an entry on each line, other values are wrapped. Tags:
https://bibliome.github.io/alvisnlp (WebOfKnowledgeReader).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from casetable.formats.export import (
    MONTHS,
    Exported,
    ExportFlaw,
    checked,
    decoded,
    doi_of,
    issns_of,
    person_of,
    published_of,
)
from casetable.model import PMID
from casetable.model.article import Article, Extent, Section
from casetable.problems import shown

_LINE = re.compile(r"([A-Z][A-Z0-9])(?: (.*))?")
_HEAD = re.compile(r"\s*(?:FN [^\n]*\n\s*(?:VR [^\n]*\n\s*)?)?PT [A-Z]\s*(?:\n|$)")
_BOOKS = {"B"}


def is_wos(head: bytes) -> bool:
    """Says whether a file that begins so is Web of Science's tagged text."""
    return _HEAD.match(decoded(head[:4096]).replace("\r\n", "\n").replace("\r", "\n")) is not None


def read_wos(data: bytes) -> Iterator[Exported | ExportFlaw]:
    """Yields the records of a file in order, and what cannot be read; raises nothing."""
    record: dict[str, list[str]] | None = None
    begun, last = 0, ""
    for number, line in enumerate(decoded(data).splitlines(), start=1):
        found = _LINE.fullmatch(line.strip("\ufeff\x1a").rstrip())
        if found and found[1] == "ER":
            if record is not None:
                yield checked(_article(record), begun, "'TI '")
            record = None
        elif found and found[1] in {"FN", "VR", "EF"} and record is None:
            continue
        elif found and found[1] == "PT":
            if record is not None:
                yield checked(_article(record), begun, "'TI '")
            record, begun, last = {"PT": [found[2] or ""]}, number, "PT"
        elif record is None:
            if line.strip():
                yield ExportFlaw(
                    line=number, message=f"{shown(line.strip(), 40)} stands between records; expected 'PT '"
                )
        elif found:
            last = found[1]
            record.setdefault(last, []).append((found[2] or "").strip())
        elif line.strip():
            record[last].append(line.strip())
    if record is not None:
        yield checked(_article(record), begun, "'TI '")


def _article(record: dict[str, list[str]]) -> Article:
    def text(tag: str) -> str:
        return " ".join(filter(None, record.get(tag, ())))

    def words(*tags: str) -> tuple[str, ...]:
        found = (word.strip() for tag in tags for word in text(tag).split(";"))
        return tuple(dict.fromkeys(word for word in found if word))

    full = [name for name in record.get("AF", ()) if name]
    groups = [name for name in record.get("CA", ()) if name]
    start, end = text("BP"), text("EP")
    return Article(
        extent=Extent.EXPORT,
        pmid=text("PM") if PMID.fullmatch(text("PM")) else "",
        title=text("TI"),
        is_book=text("PT") in _BOOKS,
        abstract=(Section(text=text("AB")),) if text("AB") else (),
        authors=tuple(map(person_of, [*(full or filter(None, record.get("AU", ()))), *groups])),
        editors=tuple(map(person_of, filter(None, record.get("BE", ())))),
        journal=text("SO"),
        journal_abbreviation=text("JI") or text("J9"),
        issns=issns_of(text("SN"), text("EI")),
        publisher=text("PU"),
        volume=text("VL"),
        issue=text("IS"),
        pages=(f"{start}-{end}" if end and end != start else start) or text("AR"),
        published=_published(text("PY") or published_of(text("EA")), text("PD")),
        languages=words("LA"),
        publication_types=words("DT"),
        keywords=words("DE", "ID"),
        doi=doi_of([text("DI")]),
    )


def _published(year: str, day: str) -> str:
    """Returns 2019 and "SEP 18" as 2019-09-18."""
    found = re.fullmatch(r"([a-z]{3})(?: ([0-9]{1,2}))?", day.lower())
    if not found or found[1] not in MONTHS:
        return published_of(year)
    month = f"{MONTHS.index(found[1]) + 1:02}"
    return published_of("-".join(filter(None, (year, month, (found[2] or "").zfill(2) if found[2] else ""))))
