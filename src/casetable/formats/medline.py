"""Reads and writes NBIB, the tagged text in which PubMed exports records (EFetch's `rettype=medline`).

A line is a tag padded to four characters, `- ` and a value; six spaces continue the value. Tags:
https://pubmed.ncbi.nlm.nih.gov/help/#pubmed-format. The order of the lines carries meaning: AD and AUID belong to the
AU or CN before them, which is why the tags are read here and not with Bio.Medline, whose records are dictionaries.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby

from casetable.formats.export import amended_lines, decoded
from casetable.model import DOI, PMCID, PMID, normal_doi
from casetable.model.article import Article, Heading, Link, Person, Section


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An article, the line (from 1) on which its record begins, and the record as the file has it."""

    article: Article
    line: int
    text: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unread:
    """A record that cannot be read: the line of the fault, and what is wrong with it."""

    line: int
    message: str


def read_medline(source: str | bytes | Iterable[bytes]) -> Iterator[Entry | Unread]:
    """Yields the records of an NBIB text, in order; for one that is broken the fault, and then goes on with the next.

    `source` is the text, or its UTF-8 bytes in pieces of any size, with or without a byte order mark. A record begins
    with its PMID line: a blank line within a record, as some editors leave it, does not end it.
    """
    record: _Lines | None = None
    after_blank = True
    for number, line in _numbered(source):
        if not line.strip():
            after_blank = after_blank or not line
            continue
        tag = _tag(line)
        if record is None:
            record = _Lines(line=number)
        elif tag == "PMID" or (after_blank and _is_of_another(record, line, tag)):
            yield _entry(record)
            record = _Lines(line=number)
        after_blank = False
        _add(record, number, line, tag)
    if record is not None:
        yield _entry(record)


# Tags that a record has no more than once.
_SINGLE = {
    "OWN",
    "STAT",
    "TI",
    "AB",
    "DP",
    "TA",
    "JT",
    "JID",
    "SO",
    "VI",
    "IP",
    "PG",
    "LR",
    "DCOM",
    "CRDT",
    "EDAT",
    "BTI",
}


def _is_of_another(record: _Lines, line: str, tag: str) -> bool:
    """Whether a line behind a blank one begins another record, whose PMID is missing; NLM has OWN and STAT behind it."""
    if not tag:
        return not line.startswith(" ")
    return tag in {"OWN", "STAT"} or (tag in _SINGLE and any(known == tag for known, _ in record.values))


@dataclass(slots=True)
class _Lines:
    """The tagged values of one record, and the first fault in it."""

    line: int
    values: list[tuple[str, str]] = field(default_factory=list)
    fault: Unread | None = None
    lines: list[str] = field(default_factory=list)


def _numbered(source: str | bytes | Iterable[bytes]) -> Iterator[tuple[int, str]]:
    """Yields the lines with their numbers."""
    if isinstance(source, str):
        source = source.encode("utf-8", errors="surrogatepass")
    chunks = (source,) if isinstance(source, bytes) else source
    rest, number = b"", 0
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            number += 1
            yield number, _decoded(line, number)
    if rest:
        yield number + 1, _decoded(rest, number + 1)


def _decoded(line: bytes, number: int) -> str:
    try:
        return line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r")
    except UnicodeDecodeError:
        return decoded(line).rstrip("\r")


_TAG = re.compile(r"(?=.{4}-(?: |$))([A-Z][A-Z0-9]{1,3}) *-")


def _tag(line: str) -> str:
    found = _TAG.match(line)
    return found[1] if found else ""


def _add(record: _Lines, number: int, line: str, tag: str) -> None:
    if tag:
        record.values.append((tag, line[6:].strip()))
        record.lines.append(line)
    elif line[:1].isspace() and record.values:
        tag, value = record.values[-1]
        record.values[-1] = tag, f"{value} {line.strip()}".strip()
        record.lines.append(line)
    else:
        message = "is no line of an NBIB record; expected a tag as 'TI  - ' or six spaces in front of a continuation"
        record.fault = record.fault or Unread(line=number, message=message)


def _entry(record: _Lines) -> Entry | Unread:
    if record.fault is not None:
        return record.fault
    pmid = next((value for tag, value in record.values if tag == "PMID"), None)
    if pmid is None:
        return Unread(line=record.line, message="is a record without a PMID; expected 'PMID- ' as its first line")
    if not PMID.fullmatch(pmid):
        return Unread(line=record.line, message=f"PMID {pmid[:40]!r} is no number of up to nine digits")
    values = [(tag, " ".join(value.split())) for tag, value in record.values]
    return Entry(article=_article(pmid, values), line=record.line, text="\n".join(record.lines))


# --- tags to an article -----------------------------------------------------------------------------------------------

# NLM's names of the ties between reports (RefType in its XML) and their tags.
_LINKS = {
    "CIN": "CommentIn",
    "CON": "CommentOn",
    "CRF": "CorrectedandRepublishedFrom",
    "CRI": "CorrectedandRepublishedIn",
    "DDIN": "AssociatedPublication",
    "ECF": "ExpressionOfConcernFor",
    "ECI": "ExpressionOfConcernIn",
    "EFR": "ErratumFor",
    "EIN": "ErratumIn",
    "ORI": "OriginalReportIn",
    "RIN": "RetractionIn",
    "ROF": "RetractionOf",
    "RPF": "RepublishedFrom",
    "RPI": "RepublishedIn",
    "RRF": "RetractedandRepublishedFrom",
    "RRI": "RetractedandRepublishedIn",
    "SPIN": "SummaryForPatientsIn",
    "UIN": "UpdateIn",
    "UOF": "UpdateOf",
}
_LINK_TAGS = {kind: tag for tag, kind in _LINKS.items()}
_LINKS_READ = {**_LINKS, "DRIN": "AssociatedPublication", "PRIN": "RetractionIn", "PROF": "RetractionOf"}
# The status of PHST lines that NBIB also gives under a tag of its own.
_STATUS = {"entrez": "CRDT", "pubmed": "EDAT", "medline": "MHDA"}
_ET_AL = {"et al", "et al."}


def _article(pmid: str, values: list[tuple[str, str]]) -> Article:
    lists: dict[str, list[str]] = {}
    for tag, value in values:
        if value:
            lists.setdefault(tag, []).append(value)

    def one(tag: str) -> str:
        return lists.get(tag, [""])[0]

    def all_of(tag: str) -> tuple[str, ...]:
        return tuple(lists.get(tag, ()))

    people = _people(values)
    chemicals, concepts = _chemicals([*all_of("RN"), *all_of("NM")])
    located = _identifiers(all_of("LID"))
    ids = _identifiers(all_of("AID"))
    return Article(
        pmid=pmid,
        title=one("TI") or one("BTI") or one("TT"),
        is_book="BTI" in lists,
        vernacular_title=one("TT"),
        book_title=one("BTI"),
        abstract=_sections(one("AB")),
        other_abstracts=_other_abstracts(values),
        authors=people["authors"],
        is_author_list_complete=not any(v.lower() in _ET_AL for t in ("FAU", "AU", "CN") for v in all_of(t)),
        editors=people["editors"],
        investigators=people["investigators"],
        journal=one("JT"),
        journal_abbreviation=one("TA"),
        journal_id=one("JID"),
        issns=tuple(dict.fromkeys(value.split(" (")[0] for value in all_of("IS"))),
        country=one("PL"),
        publisher=one("PB"),
        volume=one("VI"),
        issue=one("IP"),
        pages=one("PG"),
        published=one("DP"),
        published_electronically=_day(one("DEP") or one("CTDT")),
        languages=all_of("LA"),
        publication_types=all_of("PT"),
        headings=tuple(_heading(value) for value in all_of("MH")),
        keywords=tuple(keyword for value in all_of("OT") if (keyword := value.removeprefix("*").strip())),
        substances=tuple(name for _, name in chemicals),
        registry_numbers=tuple(number for number, _ in chemicals),
        supplementary_concepts=concepts,
        grants=tuple(grant for value in all_of("GR") if (grant := _grant(value))),
        databanks=tuple(value for value in all_of("SI") if "/" in value.strip("/")),
        isbns=tuple(value.split(" (")[0] for value in all_of("ISBN")),
        doi=next((doi for found in (located, ids) for t in found.get("doi", ()) if (doi := _doi(t))), ""),
        pii=next((found["pii"][-1] for found in (located, ids) if "pii" in found), ""),
        pmcid=one("PMC") if PMCID.fullmatch(one("PMC")) else "",
        manuscript_id=one("MID"),
        status=one("STAT"),
        owner=one("OWN"),
        publication_status=one("PST"),
        conflict_of_interest=one("COIS") or one("COI"),
        copyright=one("CI"),
        subsets=all_of("SB"),
        dates=_dates(values),
        links=tuple(_link(_LINKS_READ[tag], value) for tag, value in values if tag in _LINKS_READ and value),
    )


@dataclass(slots=True)
class _Name:
    """A person as the lines give it."""

    full: str = ""
    short: str = ""
    collective: str = ""
    identifiers: list[str] = field(default_factory=list)
    affiliations: list[str] = field(default_factory=list)


_PEOPLE = {
    "FAU": ("authors", True),
    "AU": ("authors", False),
    "CN": ("authors", False),
    "FED": ("editors", True),
    "ED": ("editors", False),
    "FIR": ("investigators", True),
    "IR": ("investigators", False),
}


def _people(values: list[tuple[str, str]]) -> dict[str, tuple[Person, ...]]:
    """Returns the authors, editors and investigators, each with the AD and AUID lines that follow its name.

    Until 2014 a record had one AD, of its first author, and in front of the names.
    """
    lists: dict[str, list[_Name]] = {"authors": [], "editors": [], "investigators": []}
    first = _Name()
    last = first
    for tag, value in values:
        if tag in _PEOPLE and value and value.lower() not in _ET_AL:
            kind, is_full = _PEOPLE[tag]
            known = lists[kind]
            if not (known and known[-1].full and not known[-1].short and tag in {"AU", "ED", "IR"}):
                known.append(_Name())
            last = known[-1]
            if tag == "CN":
                last.collective = value
            elif is_full:
                last.full = value
            else:
                last.short = value
        elif tag in {"AD", "IRAD"} and value:
            last.affiliations.append(value)
        elif tag == "AUID" and value:
            last.identifiers.append(value.removeprefix("ORCID:").strip())
    if lists["authors"]:
        lists["authors"][0].affiliations[:0] = first.affiliations
        lists["authors"][0].identifiers[:0] = first.identifiers
    return {kind: tuple(_person(name) for name in names) for kind, names in lists.items()}


# No Roman numerals: NLM writes 3rd for III, and "V" alone is somebody's initial.
_SUFFIXES = {"Jr", "Sr", "2nd", "3rd", "4th", "5th", "6th", "Jr.", "Sr."}


def _person(name: _Name) -> Person:
    identifiers, affiliations = tuple(name.identifiers), tuple(name.affiliations)
    if name.collective:
        return Person(collective=name.collective, identifiers=identifiers, affiliations=affiliations)
    last, _, fore = name.full.partition(", ")
    initials, suffix = "", ""
    if last and (name.short == last or name.short.startswith(last + " ")):
        first, _, more = name.short[len(last) :].strip().partition(" ")
        initials, suffix = ("", first) if first in _SUFFIXES and not more else (first, more)
        fore = "" if fore == suffix else fore.removesuffix(" " + suffix) if suffix else fore
    elif last:
        words = fore.split(" ")
        if len(words) > 1 and words[-1] in _SUFFIXES:
            suffix = words.pop()
        fore = " ".join(words)
        initials = "".join(word[0] for word in re.split(r"[ -]", fore) if word)
    else:
        last, initials, suffix = _short_name(name.short)
    return Person(
        last=last,
        fore=fore,
        initials=initials,
        suffix=suffix,
        identifiers=identifiers,
        affiliations=affiliations,
    )


def _short_name(text: str) -> tuple[str, str, str]:
    """Splits "Hambrick GW Jr" into family name, initials and suffix."""
    words = text.split(" ")
    suffix = words.pop() if len(words) > 2 and words[-1] in _SUFFIXES else ""
    is_initials = len(words) > 1 and len(words[-1]) <= 4 and words[-1].isupper()
    initials = words.pop() if is_initials else ""
    return " ".join(words), initials, suffix


_LABEL = re.compile(r"(?:^|(?<=[.?!)\]%] ))([A-Z][A-Z0-9 ,/&'()–-]*[A-Z)]): (?=\S)")


def _sections(text: str) -> tuple[Section, ...]:
    """Splits an abstract at its labels, which NBIB prints as capitals and a colon; joined it is the same text again."""
    if not text:
        return ()
    found = list(_LABEL.finditer(text))
    if not found or found[0].start() != 0:
        return (Section(text=text),)
    ends = [*(match.start() for match in found[1:]), len(text)]
    return tuple(
        Section(label=match[1], text=text[match.end() : end].strip()) for match, end in zip(found, ends, strict=True)
    )


_KINDS = re.compile(r"(AAMC|AIDS|KIE|PIP|NASA|Publisher|plain-language-summary): ")


def _other_abstracts(values: list[tuple[str, str]]) -> tuple[Section, ...]:
    sections: list[tuple[str, str, str]] = []
    for tag, value in values:
        if tag == "OAB" and value:
            kind = _KINDS.match(value)
            sections.append((value[kind.end() :] if kind else value, kind[1] if kind else "", ""))
        elif tag == "OABL" and sections:
            text, name, _ = sections[-1]
            sections[-1] = text, name, value
    return tuple(Section(text=text, kind=kind, language=language) for text, kind, language in sections)


def _heading(value: str) -> Heading:
    name, *qualifiers = value.split("/")
    pairs = tuple((qualifier.removeprefix("*"), qualifier.startswith("*")) for qualifier in qualifiers)
    is_major = name.startswith("*") or any(major for _, major in pairs)
    return Heading(name=name.removeprefix("*"), is_major=is_major, qualifiers=pairs)


# "0 (name)" where a substance has no number; else a CAS number, an EC number, a UNII or a taxonomy id.
_CHEMICAL = re.compile(r"(0|EC [\d.n-]+|\d{2,7}-\d\d-\d|[A-Z0-9]{10}|txid\d+) \((.+)\)")


def _chemicals(values: list[str]) -> tuple[list[tuple[str, str]], tuple[str, ...]]:
    """Returns the substances with their numbers, and what stands without one: supplementary concepts."""
    chemicals, concepts = [], []
    for value in values:
        if found := _CHEMICAL.fullmatch(value):
            chemicals.append((found[1], found[2]))
        else:
            concepts.append(value)
    return chemicals, tuple(concepts)


def _grant(value: str) -> str:
    """Returns the number out of "number/acronym/agency/country": acronym and country may be missing, slashes not."""
    *rest, agency, _ = ["", *value.split("/")]
    rest = rest[1:]
    if len(rest) > 1 and agency and re.fullmatch(r"[A-Z]{2,4}_?", rest[-1]):
        rest.pop()
    return "/".join(rest)


def _identifiers(values: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for value in values:
        if match := re.fullmatch(r"(.*\S)\s*\[(\w+)\]", value):
            found.setdefault(match[2], []).append(match[1])
    return found


def _doi(text: str) -> str:
    return doi if DOI.fullmatch(doi := normal_doi(text)) else ""


_DAY = re.compile(r"([12]\d{3})[/-]?(0[1-9]|1[0-2])[/-]?([0-3]\d)(?: .*)?")


def _day(text: str) -> str:
    found = _DAY.fullmatch(text)
    return f"{found[1]}-{found[2]}-{found[3]}" if found else ""


def _dates(values: list[tuple[str, str]]) -> dict[str, str]:
    dates: dict[str, str] = {}
    for tag, value in values:
        name = {"DRDT": "LR"}.get(tag, tag)
        if tag == "PHST" and (status := re.search(r"\[([^\]]+)\]", value)):
            name = _STATUS.get(status[1], status[1])
            if name in dates:
                continue
        elif tag not in {"CRDT", "EDAT", "MHDA", "DCOM", "LR", "DRDT"}:
            continue
        if day := _day(value.partition(" ")[0]):
            dates[name] = day
    return dates


def _link(kind: str, value: str) -> Link:
    found = re.search(r"(?:^|\.? )PMID: ?([1-9]\d{0,8})\.?$", value)
    return Link(kind=kind, citation=value[: found.start()] if found else value, pmid=found[1] if found else "")


# --- an article to tags -----------------------------------------------------------------------------------------------

WIDTH = 90


def write_medline(article: Article) -> bytes:
    """Returns an article as NBIB in NLM's order and line width, with a line end and no blank line after it.

    What NBIB has no place for is lost: labels of other abstracts, the kind of an ISSN, agencies of grants.
    """
    lines: list[str] = []
    for tag, value in _tagged(article):
        if value := " ".join(value.split()):
            lines += _wrapped(f"{tag:<4}- ", value)
    return ("\n".join(lines) + "\n").encode("utf-8", errors="replace")


_TAGS_OF: dict[str, tuple[str, ...]] = {
    "title": ("TI",),
    "abstract": ("AB",),
    "authors": ("FAU", "AU", "CN", "AD", "AUID"),
    "editors": ("FED", "ED"),
    "journal": ("JT",),
    "journal_abbreviation": ("TA",),
    "issns": ("IS",),
    "publisher": ("PB",),
    "volume": ("VI",),
    "issue": ("IP",),
    "pages": ("PG",),
    "published": ("DP",),
    "languages": ("LA",),
    "publication_types": ("PT",),
    "keywords": ("OTO", "OT"),
    "doi": ("LID", "AID"),
    "pmcid": ("PMC",),
}


def amend_medline(text: str, article: Article, fields: Iterable[str]) -> str:
    """Returns a record of NBIB with some fields as an article has them; every other line stays as it is."""
    dropped = {tag for name in fields for tag in _TAGS_OF.get(name, ())}
    added = [
        line
        for tag, value in _tagged(article)
        if tag in dropped and (plain := " ".join(value.split()))
        for line in _wrapped(f"{tag:<4}- ", plain)
        if tag not in {"LID", "AID"} or "[doi]" in value
    ]

    def is_dropped(tag: str, value: str) -> bool:
        # LID and AID hold other identifiers, too.
        return tag in dropped and (tag not in {"LID", "AID"} or "[doi]" in value)

    return amended_lines(text, lambda line: (_tag(line), line[6:]), is_dropped, added, end="SO")


def _wrapped(lead: str, value: str) -> Iterator[str]:
    line = lead.rstrip() if not value else lead
    is_empty = True
    for word in value.split(" "):
        if not is_empty and len(line) + 1 + len(word) > WIDTH:
            yield line
            line, is_empty = " " * 6, True
        line += word if is_empty else " " + word
        is_empty = False
    yield line


def _tagged(article: Article) -> Iterator[tuple[str, str]]:
    dates = article.dates
    yield "PMID", article.pmid
    yield "OWN", article.owner
    yield "STAT", article.status
    yield "DCOM", dates.get("DCOM", "").replace("-", "")
    yield "DRDT" if article.is_book else "LR", dates.get("LR", "").replace("-", "")
    yield from (("IS", issn) for issn in article.issns)
    yield from (("ISBN", isbn) for isbn in article.isbns)
    yield "PB", article.publisher
    yield "VI", article.volume
    yield "IP", article.issue
    yield "DP", article.published
    if article.title not in {article.book_title, article.vernacular_title} or not article.title:
        yield "TI", article.title
    yield "BTI", article.book_title
    yield "PG", article.pages
    yield "LID", f"{article.doi} [doi]" if article.doi else ""
    yield "AB", article.abstract_text
    for (kind, language), sections in groupby(article.other_abstracts, key=lambda s: (s.kind, s.language)):
        text = " ".join(section.text for section in sections)
        yield "OAB", f"{kind}: {text}" if kind else text
        yield "OABL", language
    yield "CI", article.copyright
    yield from _named(article.authors, "AU", "AD")
    if not article.is_author_list_complete:
        yield "FAU", "et al."
        yield "AU", "et al."
    yield from _named(article.editors, "ED", "AD")
    yield from (("LA", language) for language in article.languages)
    yield from (("SI", number) for number in article.databanks)
    yield from (("GR", f"{number}//") for number in article.grants)
    yield from (("PT", kind) for kind in article.publication_types)
    yield "TT", article.vernacular_title
    yield "CTDT" if article.is_book else "DEP", article.published_electronically.replace("-", "")
    yield "PL", article.country
    yield "TA", article.journal_abbreviation
    yield "JT", article.journal
    yield "JID", article.journal_id
    for number, name in zip(article.registry_numbers, article.substances, strict=False):
        yield "RN", f"{number or '0'} ({name})"
    yield from (("RN", concept) for concept in article.supplementary_concepts)
    yield from (("SB", subset) for subset in article.subsets)
    for link in article.links:
        if tag := _LINK_TAGS.get(link.kind):
            pmid = f"PMID: {link.pmid}" if link.pmid else ""
            stop = "." if pmid and link.citation and not link.citation.endswith(".") else ""
            yield tag, f"{link.citation}{stop} {pmid}"
    yield from (("MH", _marked(heading)) for heading in article.headings)
    yield "PMC", article.pmcid
    yield "MID", article.manuscript_id
    if article.keywords:
        yield "OTO", "NOTNLM"
    yield from (("OT", keyword) for keyword in article.keywords)
    yield from _named(article.investigators, "IR", "IRAD")
    yield "COIS", article.conflict_of_interest
    yield from _written_dates(article)
    if article.pii:
        yield "AID", f"{article.pii} [pii]"
    if article.doi:
        yield "AID", f"{article.doi} [doi]"
    yield "PST", article.publication_status
    yield "SO", source_line(article)


def _named(people: Iterable[Person], tag: str, affiliation: str) -> Iterator[tuple[str, str]]:
    for person in people:
        if person.collective:
            yield "CN", person.collective
        else:
            fore = " ".join(part for part in (person.fore, person.suffix) if part)
            yield f"F{tag}", f"{person.last}, {fore}" if fore else person.last
            yield tag, person.name
        for identifier in person.identifiers:
            yield "AUID", f"ORCID: {identifier}" if re.search(r"(\d{4}-){3}\d{3}[\dX]$", identifier) else identifier
        yield from ((affiliation, text) for text in person.affiliations)


def _marked(heading: Heading) -> str:
    qualifiers = "".join(f"/{'*' if major else ''}{name}" for name, major in heading.qualifiers)
    on_name = heading.is_major and not any(major for _, major in heading.qualifiers)
    return f"{'*' if on_name else ''}{heading.name}{qualifiers}"


def _written_dates(article: Article) -> Iterator[tuple[str, str]]:
    def minute(day: str) -> str:
        return f"{day.replace('-', '/')} 00:00"

    dates = article.dates
    for tag in ("EDAT", "MHDA", "CRDT"):
        if tag in dates:
            yield tag, minute(dates[tag])
    if not article.is_book:
        own = sorted((day, name) for name, day in dates.items() if not name.isupper())
        known = [(dates[tag], status) for status, tag in _STATUS.items() if tag in dates]
        yield from (("PHST", f"{minute(day)} [{status}]") for day, status in [*own, *known])


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def issue_line(article: Article) -> str:
    """Returns where in its journal an article stands: "2015 Jul;30(4):183-92"."""
    place = article.volume + (f"({article.issue})" if article.issue else "")
    text = article.published + (f";{place}" if place else "")
    return text + (f":{article.pages}" if article.pages else "")


def source_line(article: Article) -> str:
    """Returns the source as PubMed prints it, "J Invent. 2015 Jul;30(4):183-92. doi: 10.1/x. Epub 2015 Jan 7."."""
    journal = article.journal_abbreviation or article.journal
    if not journal:
        return ""
    parts = [f"{journal}.", f"{issue_line(article)}."]
    if article.doi:
        parts.append(f"doi: {article.doi}.")
    if (day := article.published_electronically) and article.publication_status == "ppublish":
        year, month, number = day.split("-")
        parts.append(f"Epub {year} {_MONTHS[int(month) - 1]} {int(number)}.")
    return " ".join(parts)
