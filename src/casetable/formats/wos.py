"""Reads and writes the tagged text of Web of Science ("plain text file"): two letters, a blank, a value; three blanks continue it.

A record begins with PT and ends with ER; lists (AU, AF, C1) have an entry on each line, other values are wrapped. Tags:
https://bibliome.github.io/alvisnlp (WebOfKnowledgeReader).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from casetable.formats.export import (
    MONTHS,
    Exported,
    ExportFlaw,
    amended_lines,
    checked,
    date_parts,
    decoded,
    doi_of,
    issns_of,
    lines_of,
    name_of,
    one_line,
    page_range,
    person_of,
    published_of,
)
from casetable.model import PMID
from casetable.model.article import Article, Extent, Person, Section
from casetable.problems import shown

_LINE = re.compile(r"([A-Z][A-Z0-9])(?: (.*))?")
_HEAD = re.compile(r"\s*(?:FN [^\n]*\n\s*(?:VR [^\n]*\n\s*)?)?PT [A-Z]\s*(?:\n|$)")
_BOOKS = {"B"}


def is_wos(head: bytes) -> bool:
    """Says whether a file that begins so is Web of Science's tagged text."""
    return _HEAD.match(decoded(head[:4096]).replace("\r\n", "\n").replace("\r", "\n")) is not None


def read_wos(data: bytes) -> Iterator[Exported | ExportFlaw]:
    """Yields the records of a file in order, and what cannot be read; raises nothing."""
    record: _Record | None = None
    last = ""
    for number, raw in enumerate(lines_of(decoded(data)), start=1):
        line = raw.strip("\ufeff\x1a").rstrip()
        found = _LINE.fullmatch(line)
        if found and found[1] == "ER":
            if record is not None:
                record.lines.append(line)
                yield _entry(record)
            record = None
        elif found and found[1] in {"FN", "VR", "EF"} and record is None:
            continue
        elif found and found[1] == "PT":
            if record is not None:
                yield _entry(record)
            record, last = _Record(number, {"PT": [found[2] or ""]}, [line]), "PT"
        elif record is None:
            if line:
                yield ExportFlaw(
                    line=number, message=f"{shown(line.strip(), 40)} stands between records; expected 'PT '"
                )
        else:
            record.lines.append(line)
            if found:
                last = found[1]
                record.values.setdefault(last, []).append((found[2] or "").strip())
            elif line:
                record.values[last].append(line.strip())
    if record is not None:
        yield _entry(record)


@dataclass(slots=True)
class _Record:
    line: int
    values: dict[str, list[str]]
    lines: list[str] = field(default_factory=list)


def _entry(record: _Record) -> Exported | ExportFlaw:
    return checked(_article(record.values), record.line, "'TI '", text="\n".join(record.lines).rstrip("\n"))


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


# --- an article to tags -----------------------------------------------------------------------------------------------

HEAD = "FN casetable\nVR 1.0\n"
END = "EF\n"

_TAGS_OF: dict[str, tuple[str, ...]] = {
    "authors": ("AU", "AF", "CA"),
    "editors": ("BE",),
    "title": ("TI",),
    "journal": ("SO",),
    "languages": ("LA",),
    "publication_types": ("DT",),
    "keywords": ("DE", "ID"),
    "abstract": ("AB",),
    "publisher": ("PU",),
    "issns": ("SN", "EI"),
    "journal_abbreviation": ("J9", "JI"),
    "published": ("PD", "PY", "EA"),
    "volume": ("VL",),
    "issue": ("IS",),
    "pages": ("BP", "EP", "AR"),
    "doi": ("DI",),
    "pmid": ("PM",),
}


def write_wos(article: Article) -> str:
    """Returns an article as a record of Web of Science's text, its lines ended by LF but for the last."""
    lines = (line for name in _TAGS_OF for line in _lines(article, name))
    return "\n".join([f"PT {'B' if article.is_book else 'J'}", *lines, "ER"])


def amend_wos(text: str, article: Article, fields: Iterable[str]) -> str:
    """Returns a record with some fields as an article has them; every other line stays as it is."""
    names = [name for name in _TAGS_OF if name in set(fields)]
    dropped = {tag for name in names for tag in _TAGS_OF[name]}
    added = [line for name in names for line in _lines(article, name)]
    return closed(amended_lines(text, _tag, lambda tag, _: tag in dropped, added, end="ER"))


def closed(text: str) -> str:
    """Returns a record with the line that ends it."""
    return text if _tag(text.rsplit("\n", 1)[-1])[0] == "ER" else f"{text}\nER"


def _tag(line: str) -> tuple[str, str]:
    found = _LINE.fullmatch(line)
    return (found[1], found[2] or "") if found else ("", line)


def _lines(article: Article, name: str) -> Iterator[str]:
    """Yields the lines of a field; the entries of a list of names are lines of their own, wrapped by none."""
    for tag, values in _values(article, name):
        lead = f"{tag} "
        for plain in filter(None, map(one_line, values)):
            yield lead + plain
            lead = "   "


def _values(article: Article, name: str) -> Iterator[tuple[str, list[str]]]:
    match name:
        case "authors":
            people = [person for person in article.authors if not person.collective]
            yield "AU", [_short(person) for person in people]
            yield "AF", [name_of(person) for person in people]
            yield "CA", [name_of(person) for person in article.authors if person.collective]
        case "editors":
            yield "BE", [name_of(person) for person in article.editors]
        case "title":
            yield "TI", [article.any_title]
        case "abstract":
            yield "AB", [article.abstract_text]
        case "journal":
            yield "SO", [article.journal or article.book_title or article.journal_abbreviation]
        case "journal_abbreviation":
            yield "JI", [article.journal_abbreviation]
        case "issns":
            yield "SN", list(article.issns[:1])
            yield "EI", ["; ".join(article.issns[1:])]
        case "published":
            parts = date_parts(article.published)
            month = f"{MONTHS[parts[1] - 1].upper()} {parts[2] if len(parts) > 2 else ''}" if len(parts) > 1 else ""
            yield "PD", [month]
            yield "PY", [str(parts[0]) if parts else article.published]
        case "pages":
            first, last = page_range(article.pages)
            yield "BP", [first]
            yield "EP", [last]
        case "languages" | "publication_types":
            yield _TAGS_OF[name][0], ["; ".join(getattr(article, name))]
        case "keywords":
            yield "DE", ["; ".join(article.subjects)]
        case _:
            yield _TAGS_OF[name][0], [getattr(article, name)]


def _short(person: Person) -> str:
    """Returns Doe, AB."""
    return ", ".join(part for part in (person.last, person.initials, person.suffix) if part)
