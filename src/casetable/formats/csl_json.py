"""Reads and writes CSL-JSON, an array of items as Zotero, Paperpile and citation processors export it.

Names of the fields: https://docs.citationstyles.org/en/stable/specification.html#appendix-iv-variables. Values may be
numbers where the schema wants text, and text may have markup (`<i>`); an item that is broken costs no other one.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from casetable.formats.export import (
    Exported,
    ExportFlaw,
    checked,
    date_parts,
    decoded,
    doi_of,
    initials_of,
    isbns_of,
    issns_of,
    joined_words,
    noted_pmid,
    one_line,
    published_of,
    split_words,
    whole,
)
from casetable.model import PMCID, PMID
from casetable.model.article import Article, Extent, Person, Section

_TOKEN = re.compile(r'"(?:[^"\\]|\\(?:.|\Z))*+(?:"|\Z)|[\[\]{}]', re.DOTALL)
_MARKUP = re.compile(r"</?(?:i|b|sub|sup|sc|span)(?: [^<>]{0,80})?>", re.IGNORECASE)
_BOOKS = {"book", "chapter"}


def is_csl(head: bytes) -> bool:
    """Says whether a file that begins so is an array of JSON, or one item."""
    start = decoded(head[:4096])
    if re.match(r"\s*\{", start):
        return '"schema"' not in start and re.search('"(?:type|title|DOI|container-title)" *:', start) is not None
    return re.match(r"\s*\[\s*(?:[{\]]|$)", start) is not None


def read_csl(data: bytes) -> Iterator[Exported | ExportFlaw]:
    """Yields the items of an array in order, or one item, and what cannot be read; raises nothing."""
    text = decoded(data)
    text = text if text.lstrip().startswith("[") else f"[{text}]"
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
        yield checked(_article(item), line, "'title'", text=_strict(text[start:end], item))
    if is_empty:
        yield ExportFlaw(line=1, message="holds no item; expected an array of CSL-JSON")


def _strict(text: str, item: object) -> str:
    """Returns an item as it is written, or, where that is no JSON by the standard, as it was read."""
    try:
        json.loads(text, parse_constant=_refused)
        text.encode()
    except ValueError:
        return _dumped(item)
    return text


def _refused(name: str) -> None:
    raise ValueError(name)


def _dumped(item: object) -> str:
    def plain(value: object) -> object:
        if isinstance(value, dict):
            return {key: plain(below) for key, below in value.items()}
        if isinstance(value, list):
            return [plain(below) for below in value]
        return None if isinstance(value, float) and not math.isfinite(value) else value

    return whole(json.dumps(plain(item), ensure_ascii=False, indent=2))


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
        isbns=isbns_of(text("ISBN")),
        publisher=text("publisher"),
        volume=text("volume"),
        issue=text("issue", "number"),
        pages=text("page"),
        published=_published(item.get("issued")),
        languages=split_words(text("language"), ";"),
        keywords=split_words(keywords),
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
    return whole(" ".join(_MARKUP.sub("", value).split()))


def _people(value: object) -> tuple[Person, ...]:
    people = []
    for name in value if isinstance(value, list) else ():
        if not isinstance(name, dict):
            continue
        parts = (_text(name.get(part)) for part in ("dropping-particle", "non-dropping-particle", "family"))
        last, given = " ".join(filter(None, parts)), _text(name.get("given"))
        fore, _, behind = given.partition(", ")  # "J. A., Jr", as Zotero keeps it
        if last:
            suffix = _text(name.get("suffix")) or behind
            people.append(Person(last=last, fore=fore, initials=initials_of(fore), suffix=suffix))
        elif collective := _text(name.get("literal")) or given:
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


# --- an article to an item --------------------------------------------------------------------------------------------

_NAMES_OF: dict[str, tuple[str, ...]] = {
    "title": ("title",),
    "authors": ("author",),
    "editors": ("editor",),
    "journal": ("container-title",),
    "journal_abbreviation": ("container-title-short", "journalAbbreviation"),
    "volume": ("volume",),
    "issue": ("issue",),
    "pages": ("page",),
    "published": ("issued",),
    "publisher": ("publisher",),
    "issns": ("ISSN",),
    "isbns": ("ISBN",),
    "languages": ("language",),
    "doi": ("DOI",),
    "pmid": ("PMID",),
    "pmcid": ("PMCID",),
    "keywords": ("keyword",),
    "abstract": ("abstract",),
}


def write_csl(article: Article, key: str, notes: Sequence[str] = ()) -> str:
    """Returns an article as an item of CSL-JSON under an id.

    With notes it is written for Zotero, which keeps the note as its field Extra: PMID and PMCID stand there too, as it
    reads them there alone, and a suffix stands behind the given name, as it drops one that stands by itself.
    """
    kind = "chapter" if article.is_book and article.book_title else "book" if article.is_book else "article-journal"
    values = {"id": key, "type": kind} | {
        _NAMES_OF[name][0]: value for name in _NAMES_OF if (value := _value(article, name))
    }
    if notes:
        if "author" in values:
            values["author"] = [_name(person, is_suffix_apart=False) for person in article.authors]
        ids = [f"{name}: {number}" for name, number in (("PMID", article.pmid), ("PMCID", article.pmcid)) if number]
        values["note"] = "\n".join(one_line(note) for note in (*ids, *notes))
    return json.dumps(values, ensure_ascii=False, indent=2)


def amend_csl(text: str, article: Article, fields: Iterable[str]) -> str:
    """Returns an item with some fields as an article has them; every other one stays as it is."""
    item = json.loads(text, strict=False)
    for name in fields:
        for known in _NAMES_OF.get(name, ()):
            item.pop(known, None)
        if name in _NAMES_OF and (value := _value(article, name)):
            item[_NAMES_OF[name][0]] = value
    return _dumped(item)


def _value(article: Article, name: str) -> object:
    match name:
        case "title":
            return article.any_title
        case "authors" | "editors":
            return [_name(person) for person in getattr(article, name)]
        case "journal":
            return article.journal or (article.book_title if article.title else "") or article.journal_abbreviation
        case "abstract":
            return article.abstract_text
        case "published":
            parts = date_parts(article.published)
            return {"date-parts": [list(parts)]} if parts else {"raw": article.published} if article.published else {}
        case "issns" | "isbns":
            return ", ".join(getattr(article, name))
        case "languages":
            return "; ".join(article.languages)
        case "keywords":
            return joined_words(article.subjects)
        case _:
            return getattr(article, name)


def _name(person: Person, *, is_suffix_apart: bool = True) -> dict[str, str]:
    if person.collective:
        return {"literal": person.collective}
    given = person.fore or ". ".join(person.initials) + "." * bool(person.initials)
    suffix = person.suffix
    if given and suffix and not is_suffix_apart:
        given, suffix = f"{given}, {suffix}", ""
    return {key: value for key, value in (("family", person.last), ("given", given), ("suffix", suffix)) if value}
