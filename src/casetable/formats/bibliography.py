"""Writes records as one file of any format: as they were read where they came in it, converted where they did not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from casetable.formats import bibtex, csl_json, endnote_xml, medline, pubmed_xml_write, ris, table_csv, wos
from casetable.formats.export import MONTHS, Form, Original, date_parts
from casetable.model.article import Article


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A record to be written: its original where it has one, and the fields in which the article now differs from that."""

    article: Article
    key: str
    source: str = ""
    original: Original | None = None
    changed: frozenset[str] = frozenset()


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
            keys = _keys(record.article for record in records)
            items = [
                _own(record, form, csl_json.amend_csl) or csl_json.write_csl(record.article, key)
                for record, key in zip(records, keys, strict=True)
            ]
            text = "[\n" + ",\n".join(items) + "\n]\n"
        case Form.ENDNOTE_XML:
            text = _joined(form, records, endnote_xml.amend_endnote, endnote_xml.write_endnote, "\n")
            text = f"{endnote_xml.HEAD}{text}{endnote_xml.END}"
        case Form.PUBMED_XML:
            text = _joined(form, records, pubmed_xml_write.amend_article, _pubmed_article, "\n")
            text = f"{pubmed_xml_write.HEAD}{text}{pubmed_xml_write.END}"
        case Form.NBIB:
            text = _joined(form, records, medline.amend_medline, _nbib, "\n\n")
        case Form.WOS:
            text = wos.HEAD + _joined(form, records, wos.amend_wos, wos.write_wos, "\n\n") + wos.END
        case Form.RIS:
            text = _joined(form, records, ris.amend_ris, ris.write_ris, "\n\n")
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
    return amend(text, record.article, sorted(record.changed)) if record.changed else text


def _joined(form: Form, records: Iterable[Written], amend: Amend, write: Callable[[Article], str], between: str) -> str:
    return "".join((_own(record, form, amend) or write(record.article)) + between for record in records)


def _nbib(article: Article) -> str:
    return medline.write_medline(_as_printed(article)).decode().rstrip("\n")


def _pubmed_article(article: Article) -> str:
    return pubmed_xml_write.write_article(_as_printed(article)).decode()


def _as_printed(article: Article) -> Article:
    """Returns an article with its date as PubMed prints it: 2020-11-03 as 2020 Nov 3."""
    parts = date_parts(article.published)
    if not parts or not re.fullmatch("[0-9-]+", article.published):
        return article
    printed = [str(parts[0]), *(MONTHS[month - 1].title() for month in parts[1:2]), *map(str, parts[2:])]
    return replace(article, published=" ".join(printed))


def _bibtex(records: Sequence[Written]) -> str:
    texts, head = [], ""
    defined: dict[str, str] = {}
    macros: dict[str, str] = {}
    written: set[str] = set()
    is_other = False  # macros of another file that have the same names and other values
    taken: set[str] = set()
    for record, made in zip(records, _keys(record.article for record in records), strict=True):
        own = _own(record, Form.BIBTEX, bibtex.amend_bibtex)
        key = bibtex.key_of(own) if own else made
        free = _free(key, taken)
        if own and record.original is not None:
            if record.original.head != head:
                head = record.original.head
                macros = bibtex.macros_of(head)
                is_other = any(defined.get(name, value) != value for name, value in macros.items())
                if head and not is_other and head not in written:
                    defined |= macros
                    written.add(head)
                    texts.append(head)
            own = bibtex.resolved(own, macros) if is_other else own
            texts.append(own if free == key else bibtex.rekeyed(own, free))
        else:
            texts.append(bibtex.write_bibtex(record.article, free))
    return "".join(f"{text}\n\n" for text in texts)


def _keys(articles: Iterable[Article]) -> list[str]:
    """Returns keys as reference managers make them, doe2020zebra, each once."""
    taken: set[str] = set()
    return [_free(_key(article), taken) for article in articles]


def _key(article: Article) -> str:
    author = next((person.last or person.collective for person in article.authors), "")
    year = next(iter(date_parts(article.published)), "")
    word = next((word for word in re.findall(r"[A-Za-z]{4,}", article.title)), "")
    return re.sub("[^a-z0-9]", "", f"{author}{year}{word}".lower()) or "record"


def _free(key: str, taken: set[str]) -> str:
    """Returns a key that is not taken, and takes it: a second one has a number."""
    number, free = 1, key
    while free.lower() in taken:
        number += 1
        free = f"{key}-{number}"
    taken.add(free.lower())
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
        tuple(name for name, _ in record.original.cells) if record.original and record.original.cells else None
        for record in records
    }
    return rows if len(headers) == 1 and None not in headers else [table_csv.standard(row) for row in rows]
