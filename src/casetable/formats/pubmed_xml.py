"""Reads PubMed's XML (PubmedArticleSet), article by article, in one pass and with the memory of one record.

The bytes are cut into records first and each record is parsed by itself: as fast as a streaming parser, and a record
that is broken takes no other one with it. Structure: NLM's pubmed_250101.dtd.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from xml.etree import ElementTree

from casetable.model import DOI, PMCID, PMID, SEARCHED_SOURCE, Record, normal_doi, record_key
from casetable.model.article import Article, Heading, Link, Person, Section

ORIGIN = SEARCHED_SOURCE
MAX_RECORD_BYTES = 50_000_000

Element = ElementTree.Element


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A record as its bytes, and the line (from 1) on which it begins."""

    data: bytes
    line: int


_OPEN = re.compile(rb"<(PubmedArticle|PubmedBookArticle|DeleteCitation)[\s>]")


def cut_records(chunks: Iterable[bytes], opens: re.Pattern[bytes] = _OPEN) -> Iterator[Cut]:
    """Yields the records of a PubmedArticleSet from its bytes in pieces of any size.

    What stands between records is passed over; a record that is never closed is yielded as it is, up to the next one. UTF-8 only, as NLM
    writes it. `opens` finds the start tag of a record, whose name is its group 1.
    """
    rest, line = b"", 1
    closing: bytes | None = None
    at = searched = 0  # what stands before `at` is done with
    for chunk in chunks:
        rest, searched, at = rest[at:] + chunk, searched - at, 0
        while True:
            if closing is None:
                opened = opens.search(rest, searched)
                found = opened.start() if opened else max(len(rest) - 24, at)  # a tag may be torn between two pieces
                line += rest.count(b"\n", at, found)
                at = searched = found
                if opened is None:
                    break
                closing = b"</" + opened[1] + b">"
            end = rest.find(closing, searched)
            if end < 0:
                searched = max(len(rest) - len(closing), at)
                if len(rest) - at > MAX_RECORD_BYTES:
                    yield Cut(data=rest[at:], line=line)
                    return
                break
            end += len(closing)
            if (again := rest.rfind(b"<" + closing[2:-1], at + 1, end)) > 0 and opens.match(rest, again):
                yield Cut(data=rest[at:again], line=line)  # never closed: the record behind it is not lost with it
                line += rest.count(b"\n", at, again)
                at = again
            yield Cut(data=rest[at:end], line=line)
            line += rest.count(b"\n", at, end)
            at, searched, closing = end, end, None
    if closing is not None:
        yield Cut(data=rest[at:], line=line)


def parsed_whole(text: str) -> Element:
    """Returns a cut record with its comments, and its namespaces under the prefixes that it has them.

    Raises ElementTree.ParseError.
    """
    for prefix, uri in re.findall(r'xmlns:(\w{1,20})="([^"]{1,200})"', text):
        if not re.fullmatch(r"ns\d+|xml", prefix):
            ElementTree.register_namespace(prefix, uri)
    parser = ElementTree.XMLParser(target=ElementTree.TreeBuilder(insert_comments=True, insert_pis=True))  # noqa: S314
    parser.feed(text)  # a cut record has no DTD
    element: Element = parser.close()
    return element


def read_article(data: bytes) -> Article | tuple[str, ...] | None:
    """Returns what a record's bytes say: an article; the PMIDs that a DeleteCitation deletes; None for what is neither.

    Raises ElementTree.ParseError where the bytes are no XML, or use an entity, which only a DTD could define.
    """
    element = ElementTree.fromstring(data)  # noqa: S314  # a cut record has no DTD, so no entity can be defined
    if element.tag == "DeleteCitation":
        return tuple(pmid for e in element.findall("PMID") if PMID.fullmatch(pmid := _text(e)))
    return article_of(element)


def article_of(element: Element) -> Article | None:
    """Returns the article of a PubmedArticle or PubmedBookArticle element, or None where it has no PMID."""
    if element.tag == "PubmedArticle":
        return _article(element)
    return _book(element) if element.tag == "PubmedBookArticle" else None


# The ties that change how a report is to be read: what was published about it, and its other versions.
NOTICES = frozenset(
    [
        "RetractionIn",
        "RetractedandRepublishedIn",
        "ExpressionOfConcernIn",
        "ErratumIn",
        "CorrectedandRepublishedIn",
        "UpdateIn",
        "UpdateOf",
    ]
)


def record_of(article: Article) -> Record:
    """Returns the bibliographic facts of an article."""
    found = re.search(r"\b[12]\d{3}\b", article.published)
    return Record(
        key=record_key(pmid=article.pmid),
        origin=ORIGIN,
        title=article.title,
        authors=tuple(person.name for person in article.authors if person.name),
        authors_truncated=not article.is_author_list_complete,
        journal=article.journal_abbreviation or article.journal or article.book_title,
        year=found[0] if found else "",
        volume=article.volume,
        issue=article.issue,
        pages=article.pages,
        pmid=article.pmid,
        doi=article.doi,
        pmcid=article.pmcid,
        languages=article.languages,
        publication_types=article.publication_types,
        headings=tuple(sorted({heading.name for heading in article.headings})),
        notices=tuple(
            sorted(
                {
                    f"{link.kind} pmid:{link.pmid}" if link.pmid else f"{link.kind} {link.citation}".strip()
                    for link in article.links
                    if link.kind in NOTICES
                }
            )
        ),
        created=article.dates.get("CRDT", ""),
        indexed=article.dates.get("MHDA", "") if article.headings else "",
        revised=article.dates.get("LR", ""),
    )


# NLM's dates and the status under which an article's history holds them. Of 131 real records that have both, NBIB's CRDT
# is the history's `entrez`, EDAT its `pubmed` and MHDA its `medline` in all.
_HISTORY = {"entrez": "CRDT", "pubmed": "EDAT", "medline": "MHDA"}


def _article(element: Element) -> Article | None:
    citation = element.find("MedlineCitation")
    article = citation.find("Article") if citation is not None else None
    pmid = _at(citation, "PMID")
    if citation is None or article is None or not PMID.fullmatch(pmid):
        return None
    # The article's own ids only: references carry ids too, deeper down.
    ids = {i.get("IdType", ""): _text(i) for i in element.findall("PubmedData/ArticleIdList/ArticleId")}
    located = {e.get("EIdType", ""): _text(e) for e in article.findall("ELocationID") if e.get("ValidYN", "Y") == "Y"}
    issue = article.find("Journal/JournalIssue")
    authors = article.find("AuthorList")
    dates = _history(element.find("PubmedData/History"))
    for name, tag in (("DateCompleted", "DCOM"), ("DateRevised", "LR")):
        if day := _day(citation.find(name)):
            dates[tag] = day
    chemicals = citation.findall("ChemicalList/Chemical")
    return Article(
        pmid=pmid,
        title=_at(article, "ArticleTitle") or _at(article, "VernacularTitle"),
        vernacular_title=_at(article, "VernacularTitle"),
        abstract=_sections(article.findall("Abstract/AbstractText")),
        other_abstracts=tuple(
            section
            for other in citation.findall("OtherAbstract")
            for section in _sections(other.findall("AbstractText"), other.get("Type", ""), other.get("Language", ""))
        ),
        authors=_people(authors, "Author"),
        is_author_list_complete=authors is None or authors.get("CompleteYN", "Y") == "Y",
        investigators=_people(citation.find("InvestigatorList"), "Investigator"),
        journal=_at(article, "Journal/Title"),
        journal_abbreviation=_at(citation, "MedlineJournalInfo/MedlineTA") or _at(article, "Journal/ISOAbbreviation"),
        journal_id=_at(citation, "MedlineJournalInfo/NlmUniqueID"),
        issns=_distinct([*_texts(article, "Journal/ISSN"), *_texts(citation, "MedlineJournalInfo/ISSNLinking")]),
        country=_at(citation, "MedlineJournalInfo/Country"),
        volume=_at(issue, "Volume"),
        issue=_at(issue, "Issue"),
        pages=_at(article, "Pagination/MedlinePgn") or _at(article, "Pagination/StartPage"),
        published=_published(issue.find("PubDate") if issue is not None else None),
        published_electronically=_day(article.find("ArticleDate")),
        languages=_texts(article, "Language"),
        publication_types=_texts(article, "PublicationTypeList/PublicationType"),
        headings=_headings(citation.findall("MeshHeadingList/MeshHeading")),
        keywords=_texts(citation, "KeywordList/Keyword"),
        substances=tuple(_at(e, "NameOfSubstance") for e in chemicals),
        registry_numbers=tuple(_at(e, "RegistryNumber") for e in chemicals),
        supplementary_concepts=_texts(citation, "SupplMeshList/SupplMeshName"),
        grants=tuple(_at(e, "GrantID") for e in article.findall("GrantList/Grant") if _at(e, "GrantID")),
        databanks=tuple(
            f"{_at(bank, 'DataBankName')}/{number}"
            for bank in article.findall("DataBankList/DataBank")
            for number in _texts(bank, "AccessionNumberList/AccessionNumber")
        ),
        doi=_doi(located.get("doi", ""), ids.get("doi", "")),
        pii=located.get("pii", "") or ids.get("pii", ""),
        pmcid=ids.get("pmc", "") if PMCID.fullmatch(ids.get("pmc", "")) else "",
        manuscript_id=ids.get("mid", ""),
        status=citation.get("Status", ""),
        indexing=citation.get("IndexingMethod", ""),
        owner=citation.get("Owner", ""),
        publication_status=_at(element, "PubmedData/PublicationStatus"),
        conflict_of_interest=_at(citation, "CoiStatement"),
        copyright=_at(article, "Abstract/CopyrightInformation"),
        subsets=_texts(citation, "CitationSubset"),
        dates=dates,
        links=_links(citation.find("CommentsCorrectionsList")),
    )


def _book(element: Element) -> Article | None:
    document = element.find("BookDocument")
    pmid = _at(document, "PMID")
    if document is None or not PMID.fullmatch(pmid):
        return None
    ids = {i.get("IdType", ""): _text(i) for i in document.findall("ArticleIdList/ArticleId")}
    lists = [*document.findall("AuthorList"), *document.findall("Book/AuthorList")]
    authors = next((e for e in lists if e.get("Type", "authors") == "authors"), None)
    editors = next((e for e in lists if e.get("Type") == "editors"), None)
    dates = _history(element.find("PubmedBookData/History"))
    if day := _day(document.find("DateRevised")):
        dates["LR"] = day
    return Article(
        pmid=pmid,
        title=_at(document, "ArticleTitle") or _at(document, "Book/BookTitle"),
        is_book=True,
        book_title=_at(document, "Book/BookTitle"),
        vernacular_title=_at(document, "VernacularTitle"),
        abstract=_sections(document.findall("Abstract/AbstractText")),
        authors=_people(authors, "Author"),
        is_author_list_complete=authors is None or authors.get("CompleteYN", "Y") == "Y",
        editors=_people(editors, "Author"),
        publisher=_at(document, "Book/Publisher/PublisherName"),
        country=_at(document, "Book/Publisher/PublisherLocation"),
        volume=_at(document, "Book/Volume"),
        pages=_at(document, "Pagination/MedlinePgn"),
        published=_published(document.find("Book/PubDate")),
        published_electronically=_day(document.find("ContributionDate")),
        languages=_texts(document, "Language"),
        publication_types=_texts(document, "PublicationType"),
        keywords=_texts(document, "KeywordList/Keyword"),
        isbns=_texts(document, "Book/Isbn"),
        doi=_doi(ids.get("doi", "")),
        pmcid=ids.get("pmc", "") if PMCID.fullmatch(ids.get("pmc", "")) else "",
        copyright=_at(document, "Abstract/CopyrightInformation"),
        publication_status=_at(element, "PubmedBookData/PublicationStatus"),
        dates=dates,
    )


def _text(element: Element) -> str:
    """All text below an element: titles and abstracts hold markup, and `.text` would cut them at the first of it.

    An exponent keeps its sign, as 10<sup>9</sup> read as 109 is another number.
    """
    if len(element) == 0:
        return " ".join((element.text or "").split())
    parts: list[str] = []
    _collect(element, parts)
    return " ".join("".join(parts).split())


def _collect(element: Element, parts: list[str]) -> None:
    stack: list[tuple[Element, Iterator[Element]]] = [(element, iter(element))]
    parts.append(element.text or "")
    while stack:
        _, children = stack[-1]
        child = next(children, None)
        if child is None:
            closed, _ = stack.pop()
            if stack:
                parts.append(closed.tail or "")
            continue
        if child.tag == "sup" and parts[-1][-1:].isdigit() and re.match(r"[-+−–]?\d", child.text or ""):
            parts.append("^")
        parts.append(child.text or "")
        stack.append((child, iter(child)))


def _at(element: Element | None, path: str) -> str:
    found = element.find(path) if element is not None else None
    return _text(found) if found is not None else ""


def _texts(element: Element, path: str) -> tuple[str, ...]:
    return tuple(text for found in element.findall(path) if (text := _text(found)))


def _distinct(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))


def _sections(elements: Iterable[Element], kind: str = "", language: str = "") -> tuple[Section, ...]:
    sections = (Section(text=_text(e), label=e.get("Label", ""), kind=kind, language=language) for e in elements)
    return tuple(section for section in sections if section.text)


def _people(people: Element | None, tag: str) -> tuple[Person, ...]:
    """Returns the people of a list, without those that NLM marks as superseded names."""
    return tuple(
        Person(
            last=_at(e, "LastName"),
            fore=_at(e, "ForeName"),
            initials=_at(e, "Initials"),
            suffix=_at(e, "Suffix"),
            collective=_at(e, "CollectiveName"),
            identifiers=_texts(e, "Identifier"),
            affiliations=_texts(e, "AffiliationInfo/Affiliation"),
        )
        for e in (people.findall(tag) if people is not None else ())
        if e.get("ValidYN", "Y") == "Y"
    )


def _headings(elements: Iterable[Element]) -> tuple[Heading, ...]:
    headings = []
    for element in elements:
        descriptor = element.find("DescriptorName")
        if descriptor is None:
            continue
        qualifiers = tuple((_text(q), q.get("MajorTopicYN") == "Y") for q in element.findall("QualifierName"))
        is_major = descriptor.get("MajorTopicYN") == "Y" or any(major for _, major in qualifiers)
        headings.append(Heading(name=_text(descriptor), is_major=is_major, qualifiers=qualifiers))
    return tuple(headings)


def _links(element: Element | None) -> tuple[Link, ...]:
    return tuple(
        Link(kind=e.get("RefType", ""), citation=_at(e, "RefSource"), pmid=_at(e, "PMID"))
        for e in (element.findall("CommentsCorrections") if element is not None else ())
        if e.get("RefType") != "Cites"
    )


def _doi(*texts: str) -> str:
    return next((doi for text in texts if DOI.fullmatch(doi := normal_doi(text))), "")


def _published(date: Element | None) -> str:
    """The date as printed: "2020 Mar 5", "1990 Spring", "1998 Dec-1999 Jan"."""
    if date is None:
        return ""
    parts = (_at(date, "Year"), _at(date, "Month") or _at(date, "Season"), _at(date, "Day"))
    return " ".join(part for part in parts if part) or _at(date, "MedlineDate")


_MONTHS = {
    name: number
    for number, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], start=1
    )
}


def _day(date: Element | None) -> str:
    """A full date as 2024-12-10, or nothing."""
    year, month, day = (_at(date, name) for name in ("Year", "Month", "Day"))
    number = int(month) if month.isascii() and month.isdigit() else _MONTHS.get(month[:3].lower(), 0)
    if not (re.fullmatch(r"[12]\d{3}", year) and 1 <= number <= 12 and re.fullmatch(r"[0-3]?\d", day, re.ASCII)):
        return ""
    return f"{year}-{number:02d}-{int(day):02d}"


def _history(history: Element | None) -> dict[str, str]:
    dates: dict[str, str] = {}
    for date in history.findall("PubMedPubDate") if history is not None else ():
        status = date.get("PubStatus", "")
        if day := _day(date):
            dates[_HISTORY.get(status, status)] = day
    return dates
