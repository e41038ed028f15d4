"""Reads and writes CSV of bibliographic records, with whatever header databases and reference managers write."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from casetable.formats.csv_cells import said, write_csv
from casetable.formats.export import date_parts, decoded, joined_words, name_of
from casetable.model.article import Article

# The columns of a record, and what they are called elsewhere (lower case, letters only).
_HEADERS: dict[str, tuple[str, ...]] = {
    "record_id": ("recordid", "id", "key", "recordnumber", "uid", "ut"),
    "title": ("title", "articletitle", "documenttitle", "ti", "primarytitle", "题名", "标题", "篇名"),
    "authors": ("authors", "author", "authorfullnames", "authornames", "au", "creator", "作者"),
    "year": (
        "year",
        "publicationyear",
        "pubyear",
        "py",
        "yearofpublication",
        "date",
        "publicationdate",
        "年",
        "年份",
        "出版年",
        "发表时间",
    ),
    "journal": (
        "journal",
        "sourcetitle",
        "publicationtitle",
        "journalbook",
        "journaltitle",
        "secondarytitle",
        "containertitle",
        "so",
        "刊名",
        "期刊",
        "文献来源",
        "来源",
    ),
    "volume": ("volume", "vol", "vl", "卷"),
    "issue": ("issue", "number", "iss", "is", "期"),
    "pages": ("pages", "page", "pg", "pagination", "artno", "articlenumber", "页码", "页", "起止页"),
    "first_page": ("pagestart", "startpage", "firstpage", "sp", "bp"),
    "last_page": ("pageend", "endpage", "lastpage", "ep"),
    "doi": ("doi", "do", "digitalobjectidentifier", "di"),
    "pmid": ("pmid", "pubmedid", "pm", "medlinepmid"),
    "abstract": ("abstract", "abstractnote", "ab", "摘要"),
    "keywords": ("keywords", "keyword", "authorkeywords", "manualtags", "indexkeywords", "关键词"),
    "languages": ("language", "languages", "languageoforiginaldocument", "la"),
    "publication_types": ("publicationtypes", "publicationtype", "documenttype", "doctype"),
    "issns": ("issn", "issns", "sn"),
    "publisher": ("publisher",),
    "pmcid": ("pmcid",),
    "extra": ("extra",),
    "citation": ("citation",),
    "label": ("included", "asreviewlabel", "labelincluded"),
    "source": ("source", "database", "db", "databasename", "数据库", "来源库"),
}
# Web of Science's tab-delimited text has its tags for a header, some of which mean other things elsewhere.
_TAGS = {
    "ut": "record_id",
    "ti": "title",
    "af": "authors",
    "py": "year",
    "so": "journal",
    "vl": "volume",
    "is": "issue",
    "ar": "pages",
    "bp": "first_page",
    "ep": "last_page",
    "di": "doi",
    "pm": "pmid",
    "ab": "abstract",
}
_CITATION = re.compile(r"\b[12][0-9]{3}\b[^;:]{0,30};([^():;]{0,20})(?:\(([^()]{0,30})\))?:([^.;]{1,40})\.")
_SEPARATOR = re.compile(r'\s*"?sep=(.)"?\n')
_NAMED = {name: column for column, names in _HEADERS.items() for name in names}
MOST_BYTES = 2_000_000_000
_HEAD_BYTES = 1 << 14


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvRow:
    """A record's values by column, "" where it has none, the line (from 1) on which it ends, and its cells as printed."""

    values: Mapping[str, str]
    line: int
    header: tuple[str, ...] = ()
    cells: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvFlaw:
    """What cannot be read: its line, and what is wrong."""

    line: int
    message: str


def is_csv(head: bytes) -> bool:
    """Says whether a file that begins so is CSV: its first line names a title or DOI, and another column."""
    first = _SEPARATOR.sub("", _text(head[:_HEAD_BYTES])).lstrip("\n").split("\n", 1)[0]
    if first.lstrip()[:1] in {"[", "{", "@", "<", "%"}:
        return False
    columns = {_NAMED.get(_plain(name)) for name in next(csv.reader([first], delimiter=_delimiter(first)), [])}
    return bool(columns & {"title", "doi"}) and len(columns - {None}) > 1


def read_csv(data: bytes) -> Iterator[CsvRow | CsvFlaw]:
    """Yields the rows of a CSV file in order, and what cannot be read; raises nothing.

    Commas, semicolons and tabs part the columns; a header names them as a database, Zotero or EndNote does.
    """
    csv.field_size_limit(MOST_BYTES)
    text = _text(data)
    counted = 0
    if found := _SEPARATOR.match(text):  # Excel's own line
        text, counted = text[found.end() :], 1
    first = text.lstrip("\n").split("\n", 1)[0]
    is_tagged = {"PT", "TI", "SO", "UT"} <= set(first.split("\t"))
    lines = _lines(text)
    rows = (
        csv.reader(lines, csv.excel_tab, quoting=csv.QUOTE_NONE)
        if is_tagged
        else csv.reader(lines, delimiter=_delimiter(first))
    )
    header: list[str] | None = None
    printed: tuple[str, ...] = ()
    began = before = 0
    while True:
        began, before = before, rows.line_num
        try:
            row = next(rows)
        except StopIteration:
            if not is_tagged and before - began > 1 and text.count('"') % 2:
                yield CsvFlaw(
                    line=began + 1 + counted,
                    message="has a quote that is never closed, so that rows may be run together",
                )
            return
        except csv.Error as error:
            yield CsvFlaw(line=rows.line_num + counted, message=f"cannot be read as CSV ({error})")
            return
        row = [said(cell) for cell in row]
        if not any(map(str.strip, row)) or (header is not None and row[0] == printed[0] and tuple(row) == printed):
            continue  # an empty row, or the header of a file that was put behind another one
        if header is None:
            printed = tuple(row)
            header = [(_TAGS if is_tagged else _NAMED).get(_plain(name), "") for name in row]
            continue
        values = dict.fromkeys(_HEADERS, "")
        for column, cell in zip(header, row, strict=False):
            if column and not values[column]:
                values[column] = cell.strip()
        if len(row) > len(header):
            more = len(row) - len(header)
            yield CsvFlaw(
                line=rows.line_num + counted, message=f"has {more} more cells than the header; expected {len(header)}"
            )
        if values["citation"] and (found := _CITATION.search(values["citation"])):  # PubMed's website
            for column, part in zip(("volume", "issue", "pages"), found.groups(), strict=True):
                values[column] = values[column] or part or ""
        if not values["pages"] and values["first_page"]:
            values["pages"] = "-".join(page for page in (values["first_page"], values["last_page"]) if page)
        yield CsvRow(values=values, line=rows.line_num + counted, header=printed, cells=row)


def _lines(text: str) -> Iterator[str]:
    """Yields the lines with their ends; io.StringIO would hold the text a second time, at four bytes a character."""
    at = 0
    while at < len(text):
        end = text.find("\n", at) + 1 or len(text)
        yield text[at:end]
        at = end


def _text(data: bytes) -> str:
    return decoded(data).replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "")


def _plain(name: str) -> str:
    return re.sub("[^a-z\u4e00-\u9fff]", "", name.lower())


def _delimiter(line: str) -> str:
    return max(",;\t", key=line.count)


COLUMNS = (
    "record_id",
    "title",
    "authors",
    "year",
    "journal",
    "volume",
    "issue",
    "pages",
    "doi",
    "pmid",
    "abstract",
    "source",
    "keywords",
    "languages",
    "publication_types",
    "issns",
    "publisher",
    "pmcid",
)
Cells = tuple[tuple[str, str], ...]


def cells_of(article: Article, key: str, source: str) -> Cells:
    """Returns an article as cells under `COLUMNS`."""
    values = (
        key,
        article.any_title,
        "; ".join(map(name_of, article.authors)),
        str(next(iter(date_parts(article.published)), article.published)),
        article.journal or article.journal_abbreviation,
        article.volume,
        article.issue,
        article.pages,
        article.doi,
        article.pmid,
        article.abstract_text,
        source,
        joined_words(article.subjects),
        "; ".join(article.languages),
        "; ".join(article.publication_types),
        "; ".join(article.issns),
        article.publisher,
        article.pmcid,
    )
    return tuple(zip(COLUMNS, values, strict=True))


def amend_cells(cells: Cells, article: Article, fields: Iterable[str]) -> Cells:
    """Returns a row with some fields as an article has them, in the first column that holds each, or in one of its own."""
    new = dict(cells_of(article, "", ""))
    amended = list(cells)
    for field in fields:
        column = "year" if field == "published" else field
        if column not in new:
            continue
        at = next((at for at, (name, _) in enumerate(amended) if _NAMED.get(_plain(name)) == column), None)
        if at is None:
            amended.append((column, new[column]))
        else:
            amended[at] = amended[at][0], new[column]
    return tuple(amended)


def standard(cells: Cells, key: str, source: str) -> Cells:
    """Returns a row under the names of `COLUMNS`, with its key and source where it lacks them.

    A column that is none of them, or the second of one, keeps its own name.
    """
    taken: set[str] = set()
    renamed = []
    for name, value in cells:
        column = _NAMED.get(_plain(name), "")
        known = column if column in COLUMNS and column not in taken else name
        taken.add(known)
        renamed.append((known, value or {"record_id": key, "source": source}.get(known, "")))
    lead = () if "record_id" in taken else (("record_id", key),)
    return (*lead, *renamed, *((("source", source),) if source and "source" not in taken else ()))


def write_rows(rows: Sequence[Cells]) -> str:
    """Returns rows as CSV under the columns of all, in the order in which they come; a name twice in a row is two columns."""
    numbered = [_numbered(cells) for cells in rows]
    columns = list(dict.fromkeys(column for cells in numbered for column in cells))
    return write_csv([[name for name, _ in columns], *([cells.get(at, "") for at in columns] for cells in numbered)])


def _numbered(cells: Cells) -> dict[tuple[str, int], str]:
    seen: Counter[str] = Counter()
    numbered = {}
    for name, value in cells:
        seen[name] += 1
        numbered[name, seen[name]] = value
    return numbered
