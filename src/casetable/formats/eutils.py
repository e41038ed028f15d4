"""Reads what NCBI's E-utilities answer: ESearch in JSON, EFetch in XML.

NCBI answers errors as HTTP 200 and puts raw line breaks into its JSON, so the body is read before the status counts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree

from casetable.model import DOI, PMCID, PMID, Record, normal_doi, record_key

ORIGIN = "PubMed"


class UnreadableAnswerError(Exception):
    """An answer is not what the utility documents: cut short, an HTML page, an error. `is_transient`: ask again."""

    def __init__(self, message: str, *, is_transient: bool) -> None:
        super().__init__(message)
        self.is_transient = is_transient


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchAnswer:
    """What ESearch answered: the count, the PMIDs in the order sent, and every diagnostic, none left out."""

    count: int
    pmids: tuple[str, ...]
    translation: str = ""
    translations: tuple[tuple[str, str], ...] = ()
    errors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    warnings: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


# What a passing fault at NCBI says in a body that otherwise looks like an answer.
_TRANSIENT = re.compile(
    r"rate limit exceeded|Database is not supported: pubmed|External viewer error|proxy_stream|PubOne|C\+\+ Exception"
    r"|exLinkSrv2|Backend failed: (?!Exception)|temporarily|TXCLIENT|EUTILSAPP",
    re.IGNORECASE,
)


def read_search(data: bytes) -> SearchAnswer:
    """Returns what ESearch answered in JSON (`retmode=json`). Raises UnreadableAnswerError."""
    text = data.decode("utf-8", errors="replace").strip()
    if not text:
        raise UnreadableAnswerError("an empty answer", is_transient=True)
    try:
        # strict=False: NCBI puts raw line breaks into the text of an error.
        answer = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        kind = "an HTML page" if text[:200].lower().lstrip().startswith(("<!doctype html", "<html")) else "no JSON"
        raise UnreadableAnswerError(f"{kind} where a search result was due", is_transient=True) from None
    result = answer.get("esearchresult") if isinstance(answer, dict) else None
    if not isinstance(result, dict):
        raise _told_error(answer.get("error") or answer.get("ERROR") if isinstance(answer, dict) else None)
    if "ERROR" in result:
        raise _told_error(result["ERROR"])
    try:
        count = int(result["count"])
        pmids = tuple(str(pmid) for pmid in result.get("idlist") or ())
    except (KeyError, TypeError, ValueError):
        raise UnreadableAnswerError("a search result without a count", is_transient=True) from None
    if not all(PMID.fullmatch(pmid) for pmid in pmids):
        raise UnreadableAnswerError("a search result with an id that is no PMID", is_transient=True)
    return SearchAnswer(
        count=count,
        pmids=pmids,
        translation=str(result.get("querytranslation") or ""),
        translations=tuple(
            (str(item.get("from", "")), str(item.get("to", "")))
            for item in _items(result.get("translationset"))
            if isinstance(item, dict)
        ),
        errors=_told_lists(result.get("errorlist")),
        warnings=_told_lists(result.get("warninglist")),
    )


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value in (None, "", {}) else [value]


def _told_lists(value: Any) -> dict[str, tuple[str, ...]]:
    """Returns the non-empty lists of a diagnostic, in the order of their names."""
    if not isinstance(value, dict):
        return {}
    lists = {str(name): tuple(str(item) for item in _items(told)) for name, told in value.items()}
    return {name: lists[name] for name in sorted(lists) if lists[name]}


def _told_error(message: Any) -> UnreadableAnswerError:
    text = " ".join(str(message or "no search result").split())
    return UnreadableAnswerError(text, is_transient=message is None or bool(_TRANSIENT.search(text)))


# --- PubMed XML -------------------------------------------------------------------------------------------------------


def read_articles(data: bytes) -> tuple[Record, ...]:
    """Returns the records of an EFetch answer (PubmedArticleSet), articles and books. Raises UnreadableAnswerError.

    An empty set is an answer: none of the ids asked for is known. PubMed's XML: dtd.nlm.nih.gov, pubmed_250101.dtd.
    """
    if not data.strip():
        raise UnreadableAnswerError("an empty answer", is_transient=True)
    head = data[:4000].lstrip().lower()
    if head.startswith((b"<!doctype html", b"<html")):
        raise UnreadableAnswerError("an HTML page where records were due", is_transient=True)
    if b"<!entity" in head:
        raise UnreadableAnswerError("XML that declares entities, which PubMed never does", is_transient=False)
    try:
        root = ElementTree.fromstring(data)  # noqa: S314  # entities are refused above
    except ElementTree.ParseError:
        text = " ".join(data.decode("utf-8", errors="replace").split())
        if text.startswith("{"):
            raise _told_error(_json_error(text)) from None
        raise UnreadableAnswerError("XML that is cut short", is_transient=True) from None
    error = next(root.iter("ERROR"), None)
    if error is not None:
        raise _told_error(_text(error))
    if root.tag != "PubmedArticleSet":
        raise UnreadableAnswerError(f"<{root.tag}> where records were due", is_transient=True)
    return tuple(record for element in root if (record := _record(element)))


def _json_error(text: str) -> Any:
    try:
        answer = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None
    return answer.get("error") if isinstance(answer, dict) else None


def _record(element: ElementTree.Element) -> Record | None:
    if element.tag == "PubmedArticle":
        return _article(element)
    return _book(element) if element.tag == "PubmedBookArticle" else None


def _article(element: ElementTree.Element) -> Record | None:
    citation = element.find("MedlineCitation")
    article = citation.find("Article") if citation is not None else None
    pmid = _at(citation, "PMID")
    if citation is None or article is None or not PMID.fullmatch(pmid):
        return None
    # The record's own ids only: references carry ids too, deeper down.
    ids = {i.get("IdType", ""): _text(i) for i in element.findall("PubmedData/ArticleIdList/ArticleId")}
    located = next((_text(e) for e in article.findall("ELocationID") if _is_valid_doi(e)), "")
    authors, truncated = _authors(article.find("AuthorList"))
    issue = article.find("Journal/JournalIssue")
    return Record(
        key=record_key(pmid=pmid),
        origin=ORIGIN,
        title=_at(article, "ArticleTitle") or _at(article, "VernacularTitle"),
        authors=authors,
        authors_truncated=truncated,
        journal=_at(citation, "MedlineJournalInfo/MedlineTA") or _at(article, "Journal/ISOAbbreviation"),
        year=_year(issue.find("PubDate") if issue is not None else None),
        volume=_at(issue, "Volume"),
        issue=_at(issue, "Issue"),
        pages=_at(article, "Pagination/MedlinePgn") or _at(article, "Pagination/StartPage"),
        pmid=pmid,
        doi=_doi(located or ids.get("doi", "")),
        pmcid=ids.get("pmc", "") if PMCID.fullmatch(ids.get("pmc", "")) else "",
        languages=tuple(_text(e) for e in article.findall("Language")),
        publication_types=tuple(_text(e) for e in article.findall("PublicationTypeList/PublicationType")),
        created=_created(element.find("PubmedData/History")),
    )


def _book(element: ElementTree.Element) -> Record | None:
    document = element.find("BookDocument")
    pmid = _at(document, "PMID")
    if document is None or not PMID.fullmatch(pmid):
        return None
    ids = {i.get("IdType", ""): _text(i) for i in document.findall("ArticleIdList/ArticleId")}
    lists = document.findall("AuthorList") or document.findall("Book/AuthorList")
    of_authors = next((e for e in lists if e.get("Type", "authors") == "authors"), None)
    authors, truncated = _authors(of_authors)
    return Record(
        key=record_key(pmid=pmid),
        origin=ORIGIN,
        title=_at(document, "ArticleTitle") or _at(document, "Book/BookTitle"),
        authors=authors,
        authors_truncated=truncated,
        journal=_at(document, "Book/BookTitle"),
        year=_year(document.find("Book/PubDate")),
        pmid=pmid,
        doi=_doi(ids.get("doi", "")),
        languages=tuple(_text(e) for e in document.findall("Language")),
        publication_types=tuple(_text(e) for e in document.findall("PublicationType")),
        created=_created(element.find("PubmedBookData/History")),
    )


def _text(element: ElementTree.Element) -> str:
    """All text below an element: titles hold inline markup, and `.text` would cut them at the first one."""
    return " ".join("".join(element.itertext()).split())


def _at(element: ElementTree.Element | None, path: str) -> str:
    found = element.find(path) if element is not None else None
    return _text(found) if found is not None else ""


def _is_valid_doi(element: ElementTree.Element) -> bool:
    return element.get("EIdType") == "doi" and element.get("ValidYN", "Y") == "Y"


def _doi(text: str) -> str:
    return normal_doi(text) if DOI.fullmatch(normal_doi(text)) else ""


def _authors(authors: ElementTree.Element | None) -> tuple[tuple[str, ...], bool]:
    if authors is None:
        return (), False
    names = []
    for author in authors.findall("Author"):
        if author.get("ValidYN", "Y") == "N":
            continue
        parts = (_at(author, "LastName"), _at(author, "Initials"), _at(author, "Suffix"))
        names.append(_at(author, "CollectiveName") or " ".join(part for part in parts if part))
    return tuple(name for name in names if name), authors.get("CompleteYN", "Y") == "N"


def _year(date: ElementTree.Element | None) -> str:
    year = _at(date, "Year") or _at(date, "MedlineDate")
    found = re.search(r"\b[12]\d{3}\b", year)
    return found[0] if found else ""


def _created(history: ElementTree.Element | None) -> str:
    """The day PubMed created the record, as 2024-12-10: the `pubmed` date of its history."""
    for date in _elements(history, "PubMedPubDate"):
        if date.get("PubStatus") == "pubmed":
            year, month, day = (_at(date, name) for name in ("Year", "Month", "Day"))
            if year.isdigit() and month.isdigit() and day.isdigit():
                return f"{int(year):04d}-{int(month):02d}-{int(day):02d}"
    return ""


def _elements(element: ElementTree.Element | None, tag: str) -> Iterator[ElementTree.Element]:
    if element is not None:
        yield from element.findall(tag)
