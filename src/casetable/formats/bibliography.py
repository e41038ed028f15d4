"""Writes records as one file of any format: as they were read where they came in it, converted where they did not."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from casetable.formats import bibtex, csl_json, endnote_xml, medline, pubmed_xml_write, ris, table_csv, wos
from casetable.formats.export import MONTHS, Form, Original, date_parts
from casetable.model.article import Article


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A record to be written: its original where it has one, and the fields in which the article now differs from that.

    `citation_key` is its id in CSL-JSON and its key in BibTeX, where it is not to be made here; `notes` are written with
    records that have no original, in RIS, BibTeX and CSL-JSON.
    """

    article: Article
    key: str
    source: str = ""
    original: Original | None = None
    changed: frozenset[str] = frozenset()
    citation_key: str = ""
    notes: tuple[str, ...] = ()


def write_bibliography(form: Form, records: Sequence[Written]) -> bytes:
    """Returns records as a file in UTF-8, in their order.

    A record that came in this format is written as it was read but for its changed fields, so that nothing of it is lost;
    of others, what an Article holds and the format has a place for. NBIB and PubMed's XML need PMIDs: see `lacking_pmid`.
    """
    match form:
        case Form.CSV:
            text = table_csv.write_rows(_rows(records))
        case Form.BIBTEX:
            text = _bibtex(records)
        case Form.CSL_JSON:
            items = [
                _own(record, form, csl_json.amend_csl) or csl_json.write_csl(record.article, key, record.notes)
                for record, key in zip(records, _keys(records), strict=True)
            ]
            text = "[\n" + ",\n".join(items) + "\n]\n"
        case Form.ENDNOTE_XML:
            text = _joined(form, records, endnote_xml.amend_endnote, endnote_xml.write_endnote, "\n")
            text = f"{endnote_xml.HEAD}{text}{endnote_xml.END}"
        case Form.PUBMED_XML:
            text = _joined(form, records, _amended_pubmed, _pubmed_article, "\n")
            text = f"{pubmed_xml_write.HEAD}{text}{pubmed_xml_write.END}"
        case Form.NBIB:
            text = _joined(form, records, _amended_nbib, _nbib, "\n\n")
        case Form.WOS:
            text = wos.HEAD + _joined(form, records, wos.amend_wos, wos.write_wos, "\n\n") + wos.END
        case Form.RIS:
            texts = [
                _own(record, form, ris.amend_ris) or ris.write_ris(record.article, record.notes) for record in records
            ]
            text = "".join(f"{each}\n\n" for each in texts)
    return text.encode("utf-8", errors="replace")


def lacking_pmid(form: Form, records: Iterable[Written]) -> tuple[str, ...]:
    """Returns the keys of records that a format cannot hold, as PubMed knows every record by its PMID."""
    if form not in {Form.NBIB, Form.PUBMED_XML}:
        return ()
    return tuple(record.key for record in records if not record.article.pmid)


Amend = Callable[[str, Article, Iterable[str]], str]


def _own(record: Written, form: Form, amend: Amend) -> str:
    """Returns a record as it was read, amended, or "" where it was not read in this format."""
    if record.original is None or record.original.form is not form:
        return ""
    text = record.original.text
    if record.changed:
        return amend(text, record.article, sorted(record.changed))
    return _CLOSED[form](text) if form in _CLOSED else text


# Formats in which a record that was left open would take the next one with it.
_CLOSED = {Form.RIS: ris.closed, Form.WOS: wos.closed}


def _joined(form: Form, records: Iterable[Written], amend: Amend, write: Callable[[Article], str], between: str) -> str:
    return "".join((_own(record, form, amend) or write(record.article)) + between for record in records)


def _amended_nbib(text: str, article: Article, fields: Iterable[str]) -> str:
    return medline.amend_medline(text, _as_printed(article), fields)


def _amended_pubmed(text: str, article: Article, fields: Iterable[str]) -> str:
    return pubmed_xml_write.amend_article(text, _as_printed(article), fields)


def _nbib(article: Article) -> str:
    return medline.write_medline(_as_printed(article)).decode().rstrip("\n")


def _pubmed_article(article: Article) -> str:
    return pubmed_xml_write.write_article(_as_printed(article)).decode()


def _as_printed(article: Article) -> Article:
    """Returns an article as PubMed prints it: 2020-11-03 as 2020 Nov 3, initials in place of a first name."""
    if any(person.initials and not person.fore for person in article.authors):
        authors = tuple(replace(p, fore=p.fore or " ".join(p.initials)) for p in article.authors)
        article = replace(article, authors=authors)
    parts = date_parts(article.published)
    if not parts or not re.fullmatch("[0-9-]+", article.published):
        return article
    printed = [str(parts[0]), *(MONTHS[month - 1].title() for month in parts[1:2]), *map(str, parts[2:])]
    return replace(article, published=" ".join(printed))


def _bibtex(records: Sequence[Written]) -> str:
    """Macros are defined once; an entry whose macros have other values here, or none of its own, gets the values in place."""
    texts: list[str] = []
    defined: dict[str, str] = {}
    taken = _Taken()
    for record, made in zip(records, _keys(records), strict=True):
        own = _own(record, Form.BIBTEX, bibtex.amend_bibtex)
        free = taken.free(bibtex.key_of(own) if own else made)
        if not own or record.original is None:
            texts.append(bibtex.write_bibtex(record.article, free, record.notes))
            continue
        macros = bibtex.macros_of(record.original.head)
        leaking = {name: f"{{{name}}}" for name in bibtex.bare_names(own) if name in defined and name not in macros}
        if leaking or any(defined.get(name, value) != value for name, value in macros.items()):
            own = bibtex.resolved(own, {**leaking, **macros})
        else:
            lines = record.original.head.rstrip("\n").split("\n") if record.original.head else []
            new = [
                line for line in lines if not bibtex.macros_of(line) or bibtex.macros_of(line).keys() - defined.keys()
            ]
            defined |= macros
            texts += ["\n".join(new)] if new else []
        texts.append(own if bibtex.key_of(own) == free else bibtex.rekeyed(own, free))
    return "".join(f"{text}\n\n" for text in texts)


def citation_keys(articles: Mapping[str, Article]) -> dict[str, str]:
    """Returns keys as reference managers make them, doe2020zebra, by the names of the articles, each once.

    Where a key is taken by an article in front, the name of the article itself stands behind it, so that no key hangs on
    how many others there are.
    """
    taken = _Taken()
    keys = {}
    for name, article in articles.items():
        key = _key(article)
        own = re.sub("[^a-z0-9]+", "-", name.lower().removeprefix("pmid:")).strip("-")
        keys[name] = taken.free(f"{key}-{own}" if own and taken.holds(key) else key)
    return keys


def _keys(records: Sequence[Written]) -> list[str]:
    taken = _Taken()
    return [record.citation_key or taken.free(_key(record.article)) for record in records]


def _key(article: Article) -> str:
    author = next((person.last or person.collective for person in article.authors), "")
    year = next(iter(date_parts(article.published)), "")
    plain = unicodedata.normalize("NFKD", f"{author} {article.title}").encode("ascii", "ignore").decode().lower()
    family = re.sub("[^a-z0-9]", "", unicodedata.normalize("NFKD", author).encode("ascii", "ignore").decode().lower())
    word = next(iter(re.findall("[a-z]{4,}", plain[len(family) :])), "")
    return f"{family}{year}{word}" or "record"


class _Taken:
    """Keys that are taken; a second one of a kind has a number."""

    def __init__(self) -> None:
        self._keys: set[str] = set()
        self._numbers: Counter[str] = Counter()

    def holds(self, key: str) -> bool:
        """Says whether a key is taken."""
        return key.lower() in self._keys

    def free(self, key: str) -> str:
        """Returns a key that is not taken, and takes it."""
        free = key
        while free.lower() in self._keys:
            self._numbers[key.lower()] += 1
            free = f"{key}-{self._numbers[key.lower()] + 1}"
        self._keys.add(free.lower())
        return free


def _rows(records: Sequence[Written]) -> list[table_csv.Cells]:
    """Returns rows of CSV: as they are where all came from CSV of one header, else under common names."""
    rows = []
    for record in records:
        if record.original is not None and record.original.form is Form.CSV:
            rows.append(table_csv.amend_cells(record.original.cells, record.article, sorted(record.changed)))
        else:
            rows.append(table_csv.cells_of(record.article, record.key, record.source))
    headers = {
        tuple(name for name, _ in record.original.cells if name) if record.original and record.original.cells else None
        for record in records
    }
    if len(headers) == 1 and None not in headers:
        return rows
    return [table_csv.standard(row, record.key, record.source) for record, row in zip(records, rows, strict=True)]
