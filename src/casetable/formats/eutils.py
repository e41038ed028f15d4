"""Reads what NCBI's E-utilities answer: ESearch in JSON, EFetch in XML.

NCBI answers errors as HTTP 200 and puts raw line breaks into its JSON, so the body is read before the status counts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree

from casetable.formats.pubmed_xml import cut_records, read_article, record_of
from casetable.model import PMID, Record
from casetable.model.article import Article


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
        count = _count(result["count"])
        pmids = _pmids(result.get("idlist", []))
    except (KeyError, TypeError, ValueError):
        raise UnreadableAnswerError(
            "a search result without a count, or with ids that are none", is_transient=True
        ) from None
    return SearchAnswer(
        count=count,
        pmids=pmids,
        translation=_plain(result.get("querytranslation") or ""),
        translations=tuple(
            (_plain(item.get("from", "")), _plain(item.get("to", "")))
            for item in _items(result.get("translationset"))
            if isinstance(item, dict)
        ),
        errors=_told_lists(result.get("errorlist")),
        warnings=_told_lists(result.get("warninglist")),
    )


def _count(value: object) -> int:
    """NCBI sends its numbers as strings."""
    if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,10}", str(value)):
        raise ValueError("no count")
    return int(str(value))


def _pmids(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(pmid, str) and PMID.fullmatch(pmid) for pmid in value):
        raise TypeError("no list of PMIDs")
    return tuple(value)


def _plain(value: object) -> str:
    """A text of an answer; half a character, which JSON can smuggle in, becomes a question mark."""
    return str(value).encode("utf-8", "replace").decode()


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value in (None, "", {}) else [value]


def _told_lists(value: Any) -> dict[str, tuple[str, ...]]:
    """Returns the non-empty lists of a diagnostic, in the order of their names."""
    if not isinstance(value, dict):
        return {}
    lists = {_plain(name): tuple(_plain(item) for item in _items(told)) for name, told in value.items()}
    return {name: lists[name] for name in sorted(lists) if lists[name]}


def _told_error(message: Any) -> UnreadableAnswerError:
    text = " ".join(_plain(message or "no search result").split())
    return UnreadableAnswerError(text, is_transient=message is None or bool(_TRANSIENT.search(text)))


# --- PubMed XML -------------------------------------------------------------------------------------------------------


def read_articles(data: bytes) -> tuple[Record, ...]:
    """Returns the records of an EFetch answer (PubmedArticleSet), articles and books. Raises UnreadableAnswerError.

    An empty set is an answer: none of the ids asked for is known. A set without its end is cut short, however many
    whole records it holds. The prolog is never parsed, so an answer cannot define entities.
    """
    data = data.strip()
    if not data:
        raise UnreadableAnswerError("an empty answer", is_transient=True)
    head = data[:4000]
    if head.lower().startswith((b"<!doctype html", b"<html")):
        raise UnreadableAnswerError("an HTML page where records were due", is_transient=True)
    if error := _ERROR.search(head):
        raise _told_error(error[1].decode("utf-8", errors="replace"))
    if head.startswith(b"{"):
        raise _told_error(_json_error(data.decode("utf-8", errors="replace")))
    if b"<PubmedArticleSet" not in head:
        raise UnreadableAnswerError("no records where records were due", is_transient=True)
    if not data.endswith((b"</PubmedArticleSet>", b"<PubmedArticleSet/>")):
        raise UnreadableAnswerError("XML that is cut short", is_transient=True)
    try:
        articles = [read_article(cut.data) for cut in cut_records([data])]
    except ElementTree.ParseError:
        raise UnreadableAnswerError("XML that is broken", is_transient=True) from None
    return tuple(record_of(article) for article in articles if isinstance(article, Article))


_ERROR = re.compile(rb"<ERROR>(.*?)</ERROR>", re.DOTALL)


def _json_error(text: str) -> Any:
    try:
        answer = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None
    return answer.get("error") if isinstance(answer, dict) else None
