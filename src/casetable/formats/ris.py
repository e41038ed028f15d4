"""Reads and writes RIS, the tagged text in which reference managers and databases export records; each has a dialect of its own.

A line is a two-letter tag, two blanks, a hyphen and a value; `TY` begins a record and `ER` ends it. Databases break all
of this: one blank, a value that goes on in the next line, `TY` not first or missing, lines that are no tag (the issue
trackers of asreview, synthesisr and CiteSource tell of them). Tags: https://en.wikipedia.org/wiki/RIS_(file_format).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from casetable.formats.export import (
    Exported,
    ExportFlaw,
    amended_lines,
    checked,
    date_parts,
    decoded,
    doi_of,
    isbns_of,
    issns_of,
    lines_of,
    name_of,
    one_line,
    page_range,
    person_of,
    published_of,
    split_words,
)
from casetable.model import DOI, PMCID, PMID
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
# The whole name before shorter ones: databases differ in what JO and T2 are.
_JOURNALS = (("JF",), ("JO", "T2"), ("JA", "J2"))
_BOOKS = {"BOOK", "CHAP", "EBOOK", "ECHAP", "EDBOOK"}
_PUBLISHED = ("PY", "Y1", "DA")
_DOIS = ("DO", "UR", "L3", "M3")


@dataclass(slots=True)
class _Record:
    line: int
    values: list[tuple[str, list[str]]] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    @property
    def tags(self) -> set[str]:
        return {tag for tag, _ in self.values}


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
    is_after_blank = True
    for number, raw in enumerate(lines_of(decoded(data)), start=1):
        kept = raw.strip("\x1a\ufeff")
        line = kept.strip()
        tag, value = _tag(line)
        if tag == _END and not value:
            if record is not None:
                record.lines.append(kept)
                yield _entry(record)
            record = None
        elif tag == "TY" and record is not None and _is_begun_anew(record, is_after_blank=is_after_blank):
            yield _entry(record)
            record = _Record(number, [(tag, [value])], [kept])
        elif tag:
            record = record or _Record(number)
            record.values.append((tag, [value]))
            record.lines.append(kept)
        elif value and record is not None and record.values:
            record.values[-1][1].append(value)
            record.lines.append(kept)
        elif value:
            yield ExportFlaw(line=number, message=f"{shown(value, 40)} stands between records; expected 'TY  - '")
        elif record is not None:
            record.lines.append(kept)
        is_after_blank = not line
    if record is not None:
        yield _entry(record)


def _tag(line: str) -> tuple[str, str]:
    """Returns the tag of a line, "" where it has none, and its value."""
    found = _LINE.fullmatch(line)
    return (found[1], (found[2] or "").strip()) if found else ("", line.strip())


def _is_begun_anew(record: _Record, *, is_after_blank: bool) -> bool:
    """Whether a TY begins a record though the one before was not ended; some databases write TY later than first."""
    return "TY" in record.tags or (is_after_blank and not record.tags.isdisjoint(_TITLES))


def _entry(record: _Record) -> Exported | ExportFlaw:
    values = [(tag, (";" if tag == "KW" else " ").join(parts).strip()) for tag, parts in record.values]
    article = _article(values)
    return checked(article, record.line, "'TI  - '", text="\n".join(record.lines).rstrip("\n"))


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
        journal=next((v for tags in _JOURNALS for v in sorted(every(*tags), key=len, reverse=True) if v != title), ""),
        journal_abbreviation=first("JA", "J2"),
        issns=issns_of(*every("SN")),
        isbns=isbns_of(*every("SN")),
        publisher=first("PB"),
        volume=first("VL", "VO"),
        issue=first("IS"),
        pages=f"{start}-{end}" if start and end and "-" not in start else start or end or first("C7"),
        published=_published([day for tag in _PUBLISHED for value in every(tag) if (day := published_of(value))]),
        languages=tuple(dict.fromkeys(word for value in every("LA") for word in split_words(value, ";"))),
        publication_types=tuple(kind for kind in every("M3") if not DOI.search(kind)),
        keywords=tuple(
            dict.fromkeys(word for value in every("KW") for word in map(str.strip, value.split(";")) if word)
        ),
        doi=doi_of(
            [*every(*_DOIS), *(note for note in every("N1") if re.match(r"(?:doi:? *)?10\.", note, re.IGNORECASE))]
        ),
        pmcid=next((value for value in every("C2", "U1") if PMCID.fullmatch(value)), ""),
    )


def _published(days: Sequence[str]) -> str:
    """Returns the first of several dates, or the one that says more of the same year."""
    return max((day for day in days if day[:4] == days[0][:4]), key=len, default="")


def _pmid(values: Iterable[tuple[str, str]]) -> str:
    """Returns the PMID: Embase has it in C5, PubMed's own exports in AN, others in a note."""
    is_pubmed = any(
        tag in {"DB", "DP"} and re.search(r"pubmed|medline|^NLM$", value, re.IGNORECASE) for tag, value in values
    )
    for tag, value in values:
        if (tag in {"C2", "C5", "PM"} or (tag == "AN" and is_pubmed)) and PMID.fullmatch(value) and len(value) > 4:
            return value
        if tag in {"AN", "N1", "M1", "C3", "C5"} and (
            found := re.search(r"(?:PMID|PUBMED|MEDLINE):? *(?:NLM)?([1-9][0-9]{4,8})\b", value)
        ):
            return found[1]
    return ""


# --- an article to tags -----------------------------------------------------------------------------------------------

# The tags in which a field of an article is read, and so those that give way to another value of it.
_TAGS_OF: dict[str, tuple[str, ...]] = {
    "title": _TITLES,
    "authors": _AUTHORS,
    "editors": _EDITORS,
    "journal": ("JO", "JF", "T2"),
    "journal_abbreviation": ("JA", "J2"),
    "issns": ("SN",),
    "publisher": ("PB",),
    "volume": ("VL", "VO"),
    "issue": ("IS",),
    "pages": ("SP", "EP", "C7"),
    "published": _PUBLISHED,
    "languages": ("LA",),
    "publication_types": ("M3",),
    "doi": ("DO",),
    "pmid": ("PM",),
    "pmcid": ("C2",),
    "keywords": ("KW",),
    "abstract": _ABSTRACTS,
}


def values_of(text: str) -> tuple[tuple[str, str], ...]:
    """Returns the tags of a record with their values, each in one line."""
    values: list[tuple[str, str]] = []
    for line in lines_of(text):
        tag, value = _tag(line.strip())
        if tag:
            values.append((tag, value))
        elif values and value:
            values[-1] = values[-1][0], f"{values[-1][1]} {value}".strip()
    return tuple(values)


def write_ris(article: Article, notes: Iterable[str] = ()) -> str:
    """Returns an article as a record of RIS, its lines ended by LF but for the last, as the common reference managers read it.

    Notes are one line, of which Zotero makes one note; it reads no PMCID elsewhere, and of several languages one line.
    """
    kind = "CHAP" if article.is_book and article.book_title else "BOOK" if article.is_book else "JOUR"
    lines = [f"TY  - {kind}"]
    places = dict.fromkeys(place for person in article.authors for place in person.affiliations)
    for name in _TAGS_OF:
        lines += [f"AD  - {one_line(place)}" for place in places] if name == "editors" else []
        if name != "pmid":
            lines += _lines(article, name)
        elif article.pmid:  # PM is known to few readers; an accession number of PubMed's to all
            lines += [f"AN  - {article.pmid}", "DB  - PubMed"]
    told = [plain for note in notes if (plain := one_line(note))]
    if told:
        lines.append("N1  - " + "; ".join([*([f"PMCID: {article.pmcid}"] if article.pmcid else []), *told]))
    return "\n".join([*lines, "ER  - "])


def amend_ris(text: str, article: Article, fields: Iterable[str]) -> str:
    """Returns a record of RIS with some fields as an article has them; every other line stays as it is."""
    names = [name for name in _TAGS_OF if name in set(fields)]
    dropped = {tag for name in names for tag in _TAGS_OF[name]}
    values = values_of(text)
    title = next((value for tag in _TITLES for known, value in values if known == tag and value), "")
    has_pages = any(tag == "SP" and value for tag, value in values)

    def is_dropped(tag: str, value: str) -> bool:
        """Of a tag that holds several things only the one that the field was read from gives way."""
        match tag:
            case "TI" | "T1" | "CT" | "BT" if tag in dropped:
                return title.startswith(value)
            case "C2":
                return tag in dropped and PMCID.fullmatch(value) is not None
            case "C7":
                return tag in dropped and not has_pages
            case "M3":
                return tag in dropped and not DOI.search(value)
            case _:
                return tag in dropped

    added = [line for name in names for line in _lines(article, name)]
    return closed(amended_lines(text, lambda line: _tag(line.strip()), is_dropped, added, end=_END))


def closed(text: str) -> str:
    """Returns a record with the line that ends it, which some databases leave out."""
    return text if _tag(text.rsplit("\n", 1)[-1].strip())[0] == _END else f"{text}\nER  - "


def _lines(article: Article, name: str) -> Iterator[str]:
    return (f"{tag}  - {plain}" for tag, value in _values(article, name) if (plain := one_line(value)))


def _values(article: Article, name: str) -> Iterator[tuple[str, str]]:
    match name:
        case "title":
            yield "TI", article.any_title
        case "abstract":
            yield "AB", article.abstract_text
        case "authors":
            yield from (("AU", name_of(person)) for person in article.authors)
        case "editors":
            yield from (("A2", name_of(person)) for person in article.editors)
        case "journal":
            yield "T2", article.journal or (article.book_title if article.title else "") or article.journal_abbreviation
        case "journal_abbreviation":
            yield "J2", article.journal_abbreviation
        case "issns":
            yield from (("SN", number) for number in (*article.issns, *article.isbns))
        case "pages":
            first, last = page_range(article.pages)
            yield "SP", first
            yield "EP", last
        case "published":
            parts = date_parts(article.published)
            yield "PY", f"{parts[0]}" if parts else article.published
            yield "DA", "/".join(f"{part:02}" for part in parts) if len(parts) > 1 else ""
        case "languages":
            yield "LA", "; ".join(article.languages)
        case "publication_types":
            yield from (("M3", kind) for kind in article.publication_types)
        case "keywords":
            yield from (("KW", word) for word in article.subjects)
        case "doi":
            yield "DO", article.doi
        case "pmid":
            yield "PM", article.pmid
        case "pmcid":
            yield "C2", article.pmcid
        case _:
            yield _TAGS_OF[name][0], getattr(article, name)
