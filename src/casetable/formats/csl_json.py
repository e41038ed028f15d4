"""Reads CSL-JSON, an array of items as Zotero, Paperpile and citation processors export it.

Names of the fields: https://docs.citationstyles.org/en/stable/specification.html#appendix-iv-variables. Values may be
numbers where the schema wants text, and text may have markup (`<i>`); an item that is broken costs no other one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from casetable.formats.export import (
    Exported,
    ExportFlaw,
    checked,
    decoded,
    doi_of,
    initials_of,
    issns_of,
    noted_pmid,
    published_of,
)
from casetable.model import PMCID, PMID
from casetable.model.article import Article, Extent, Person, Section

_TOKEN = re.compile(r'"(?:[^"\\]|\\(?:.|\Z))*+(?:"|\Z)|[\[\]{}]', re.DOTALL)
_MARKUP = re.compile(r"</?(?:i|b|sub|sup|sc|span)(?: [^<>]{0,80})?>", re.IGNORECASE)
_BOOKS = {"book", "chapter"}


def is_csl(head: bytes) -> bool:
    """Says whether a file that begins so is an array of JSON."""
    return re.match(r"\s*\[\s*(?:[{\]]|$)", decoded(head[:4096])) is not None


def read_csl(data: bytes) -> Iterator[Exported | ExportFlaw]:
    """Yields the items of an array in order, and what cannot be read; raises nothing."""
    text = decoded(data)
    counted, line, is_empty = 0, 1, True
    for start, end in _items(text):
        is_empty = False
        line += text.count("\n", counted, start)
        counted = start
        try:
            item = json.loads(text[start:end], strict=False)
        except (ValueError, RecursionError) as error:
            why = (
                error.msg if isinstance(error, json.JSONDecodeError) else "it is nested too deep, or a number too long"
            )
            place = line + error.lineno - 1 if isinstance(error, json.JSONDecodeError) else line
            yield ExportFlaw(line=place, message=f"is an item of broken JSON: {why}")
            continue
        yield checked(_article(item), line, "'title'")
    if is_empty:
        yield ExportFlaw(line=1, message="holds no item; expected an array of CSL-JSON")


def _items(text: str) -> Iterator[tuple[int, int]]:
    """Yields where each object of the outermost array begins and ends; the last one may never be closed.

    A bracket that closes nothing is passed over, and a brace closes the brackets that were left open within it, so that
    a slip costs the item in which it stands.
    """
    within: list[str] = []
    braces, start = 0, -1
    for token in _TOKEN.finditer(text):
        mark = token[0]
        if mark in "[{":
            if len(within) == 1 and mark == "{":
                start = token.start()
            within.append(mark)
            braces += mark == "{"
        elif mark == "}" and braces:
            while within.pop() != "{":
                pass
            braces -= 1
            if len(within) == 1 and start >= 0:
                yield start, token.end()
                start = -1
        elif mark == "]" and within[-1:] == ["["] and len(within) > 1:
            within.pop()
    if start >= 0:
        yield start, len(text)


def _article(item: Mapping[str, object]) -> Article:
    def text(*names: str) -> str:
        return next((value for name in names if (value := _text(item.get(name)))), "")

    pmid, pmcid, note = text("PMID"), text("PMCID"), text("note")
    found_pmcid = re.search(r"\bPMC[1-9][0-9]{0,9}\b", note)
    abstract, keywords = text("abstract"), text("keyword")
    return Article(
        extent=Extent.EXPORT,
        pmid=pmid if PMID.fullmatch(pmid) else noted_pmid(note),
        title=text("title"),
        is_book=text("type") in _BOOKS,
        abstract=(Section(text=abstract),) if abstract else (),
        authors=_people(item.get("author")),
        editors=_people(item.get("editor")),
        journal=text("container-title"),
        journal_abbreviation=text("container-title-short", "journalAbbreviation"),
        issns=issns_of(text("ISSN")),
        publisher=text("publisher"),
        volume=text("volume"),
        issue=text("issue", "number"),
        pages=text("page"),
        published=_published(item.get("issued")),
        languages=tuple(filter(None, [text("language")])),
        keywords=tuple(word for word in map(str.strip, re.split("[;,]", keywords)) if word),
        doi=doi_of([text("DOI"), text("URL")]),
        pmcid=pmcid if PMCID.fullmatch(pmcid) else found_pmcid[0] if found_pmcid else "",
    )


def _text(value: object) -> str:
    if isinstance(value, list):
        return _text(value[0]) if value and not isinstance(value[0], list) else ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    if not isinstance(value, str):
        return repr(value)[:40]
    return " ".join(_MARKUP.sub("", value).split())


def _people(value: object) -> tuple[Person, ...]:
    people = []
    for name in value if isinstance(value, list) else ():
        if not isinstance(name, dict):
            continue
        parts = (_text(name.get(part)) for part in ("dropping-particle", "non-dropping-particle", "family"))
        last, fore = " ".join(filter(None, parts)), _text(name.get("given"))
        if last:
            people.append(Person(last=last, fore=fore, initials=initials_of(fore), suffix=_text(name.get("suffix"))))
        elif collective := _text(name.get("literal")) or fore:
            people.append(Person(collective=collective))
    return tuple(people)


def _published(value: object) -> str:
    """Returns {"date-parts": [[2019, 9, 18]]} as 2019-09-18."""
    if not isinstance(value, dict):
        return published_of(_text(value))
    parts = value.get("date-parts")
    first = parts[0] if isinstance(parts, list) and parts else None
    if isinstance(first, list) and first:
        numbers = [_text(part).zfill(2) for part in first[:3]]
        return published_of("-".join(numbers))
    return published_of(_text(value.get("raw")) or _text(value.get("literal")))
