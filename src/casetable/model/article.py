"""A source's whole entry of a report, abstract and subject headings included: what is read, never what is kept in git."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from casetable.model import DOI, Record, normal_doi


class Extent(StrEnum):
    """How much of a source's entry an article holds, so that what it does not hold is not taken for absent."""

    FULL = "the whole entry"
    EXPORT = "an export, which may leave fields out"
    FACTS = "bibliographic facts only"


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A part of an abstract; `label` as printed ("" where there is none), `kind` tells an abstract of another kind."""

    text: str
    label: str = ""
    kind: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An author, editor or investigator with the affiliations that are its own; a group has only a collective name."""

    last: str = ""
    fore: str = ""
    initials: str = ""
    suffix: str = ""
    collective: str = ""
    identifiers: tuple[str, ...] = ()
    affiliations: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """ "Family IN", as PubMed prints it, or the collective name."""
        return self.collective or " ".join(part for part in (self.last, self.initials, self.suffix) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A MeSH heading with its qualifiers; it is major where the descriptor or any qualifier is."""

    name: str
    is_major: bool = False
    qualifiers: tuple[tuple[str, bool], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A tie to another report (CommentsCorrections): `kind` is NLM's RefType, as RetractionIn."""

    kind: str
    citation: str = ""
    pmid: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """An entry of PubMed with all that its XML or NBIB says of it and that is asked of it here.

    `dates` are days as 2024-12-10 by NLM's tags: CRDT created, EDAT entered, MHDA headings assigned, DCOM completed,
    LR revised, PHST ones by their status. `published` is the date as printed (2020 Mar 5).
    """

    pmid: str
    title: str
    is_book: bool = False
    vernacular_title: str = ""
    book_title: str = ""
    abstract: tuple[Section, ...] = ()
    other_abstracts: tuple[Section, ...] = ()
    authors: tuple[Person, ...] = ()
    is_author_list_complete: bool = True
    editors: tuple[Person, ...] = ()
    investigators: tuple[Person, ...] = ()
    journal: str = ""
    journal_abbreviation: str = ""
    journal_id: str = ""
    issns: tuple[str, ...] = ()
    country: str = ""
    publisher: str = ""
    volume: str = ""
    issue: str = ""
    pages: str = ""
    published: str = ""
    published_electronically: str = ""
    languages: tuple[str, ...] = ()
    publication_types: tuple[str, ...] = ()
    headings: tuple[Heading, ...] = ()
    keywords: tuple[str, ...] = ()
    substances: tuple[str, ...] = ()
    registry_numbers: tuple[str, ...] = ()
    supplementary_concepts: tuple[str, ...] = ()
    grants: tuple[str, ...] = ()
    databanks: tuple[str, ...] = ()
    isbns: tuple[str, ...] = ()
    doi: str = ""
    pii: str = ""
    pmcid: str = ""
    manuscript_id: str = ""
    status: str = ""
    indexing: str = ""
    owner: str = ""
    publication_status: str = ""
    conflict_of_interest: str = ""
    copyright: str = ""
    subsets: tuple[str, ...] = ()
    dates: Mapping[str, str] = field(default_factory=dict)
    links: tuple[Link, ...] = ()
    extent: Extent = Extent.FULL

    @property
    def subjects(self) -> tuple[str, ...]:
        """What the report is about, each once: the keywords, then the names of the headings."""
        return tuple(dict.fromkeys((*self.keywords, *(heading.name for heading in self.headings))))

    @property
    def any_title(self) -> str:
        """The title, or that of the book where it stands alone."""
        return self.title or self.book_title

    @property
    def abstract_text(self) -> str:
        """The abstract in one line, its labels in front of their sections."""
        return " ".join(f"{s.label}: {s.text}" if s.label else s.text for s in self.abstract)


def article_of(record: Record) -> Article:
    """Returns the article of which only the bibliographic facts are known: no abstract, no keywords, no affiliations."""
    links = (notice.partition(" ") for notice in record.notices)
    return Article(
        extent=Extent.FACTS,
        pmid=record.pmid,
        title=record.title,
        authors=tuple(_person(name) for name in record.authors),
        is_author_list_complete=not record.authors_truncated,
        journal_abbreviation=record.journal,
        volume=record.volume,
        issue=record.issue,
        pages=record.pages,
        published=record.year,
        languages=record.languages,
        publication_types=record.publication_types,
        headings=tuple(Heading(name=name) for name in record.headings),
        doi=record.doi,
        pmcid=record.pmcid,
        dates={
            tag: day
            for tag, day in (
                ("CRDT", record.created),
                ("EDAT", record.created),
                ("MHDA", record.indexed),
                ("LR", record.revised),
            )
            if day
        },
        links=tuple(
            Link(kind=kind, pmid=rest.removeprefix("pmid:"))
            if rest.startswith("pmid:")
            else Link(kind=kind, citation=rest)
            for kind, _, rest in links
        ),
    )


def record_of(article: Article, *, key: str, origin: str) -> Record:
    """Returns the bibliographic facts of an article under a key and the name of its source."""
    return Record(
        key=key,
        origin=origin,
        title=" ".join(article.any_title.split()),
        authors=tuple(name for person in article.authors if (name := " ".join(person.name.split()))),
        authors_truncated=not article.is_author_list_complete,
        journal=article.journal_abbreviation or article.journal,
        year=article.published[:4] if article.published[:4].isdecimal() else "",
        volume=article.volume,
        issue=article.issue,
        pages=article.pages,
        pmid=article.pmid,
        doi=normal_doi(article.doi) if DOI.fullmatch(normal_doi(article.doi)) else "",
        pmcid=article.pmcid,
        languages=article.languages,
        publication_types=article.publication_types,
        headings=tuple(heading.name for heading in article.headings),
        notices=tuple(
            f"{link.kind} pmid:{link.pmid}" if link.pmid else f"{link.kind} {link.citation}" for link in article.links
        ),
    )


_GROUP = re.compile(r"\b(?:group|study|consortium|network|collaborat\w+|committee|investigators|team)\b", re.IGNORECASE)


def is_group(name: str) -> bool:
    """Whether a name says that it is a group's, or ends with a comma as EndNote writes one of several words."""
    text = name.strip()
    return " " in text and (text.endswith(",") or ("," not in text and _GROUP.search(text) is not None))


def _person(name: str) -> Person:
    found = re.fullmatch(r"(.+) ([^\W\d_a-z-]{1,4})(?: (Jr|Sr|2nd|3rd|4th))?", name)
    if not found or not found[2].isupper() or is_group(name):
        return Person(collective=name) if " " in name else Person(last=name)
    return Person(last=found[1], initials=found[2], suffix=found[3] or "")
