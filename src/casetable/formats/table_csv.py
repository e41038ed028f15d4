"""Reads CSV of bibliographic records, with whatever header databases and reference managers write."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from casetable.formats.export import decoded

# The columns of a record, and what they are called elsewhere (lower case, letters only).
_HEADERS: dict[str, tuple[str, ...]] = {
    "record_id": ("recordid", "id", "key", "recordnumber", "uid"),
    "title": ("title", "articletitle", "documenttitle", "ti", "primarytitle"),
    "authors": ("authors", "author", "authorfullnames", "authornames", "au", "creator"),
    "year": ("year", "publicationyear", "pubyear", "py", "yearofpublication", "date", "publicationdate"),
    "journal": (
        "journal",
        "sourcetitle",
        "publicationtitle",
        "journalbook",
        "journaltitle",
        "secondarytitle",
        "containertitle",
        "so",
    ),
    "volume": ("volume", "vol", "vl"),
    "issue": ("issue", "number", "iss", "is"),
    "pages": ("pages", "page", "pg", "pagination", "artno", "articlenumber"),
    "first_page": ("pagestart", "startpage", "firstpage", "sp", "bp"),
    "last_page": ("pageend", "endpage", "lastpage", "ep"),
    "doi": ("doi", "do", "digitalobjectidentifier"),
    "pmid": ("pmid", "pubmedid", "pm", "medlinepmid"),
    "abstract": ("abstract", "abstractnote", "ab"),
    "source": ("source", "database", "db", "databasename"),
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
_NAMED = {name: column for column, names in _HEADERS.items() for name in names}
MOST_BYTES = 2_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvRow:
    """A record's values by column, "" where it has none, and the line (from 1) on which it ends."""

    values: Mapping[str, str]
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvFlaw:
    """What cannot be read: its line, and what is wrong."""

    line: int
    message: str


def is_csv(head: bytes) -> bool:
    """Says whether a file that begins so is CSV: its first line names a title or DOI, and another column."""
    first = _text(head).lstrip("\n").split("\n", 1)[0]
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
    first = text.lstrip("\n").split("\n", 1)[0]
    is_tagged = {"PT", "TI", "SO", "UT"} <= set(first.split("\t"))
    lines = _lines(text)
    rows = (
        csv.reader(lines, csv.excel_tab, quoting=csv.QUOTE_NONE)
        if is_tagged
        else csv.reader(lines, delimiter=_delimiter(first))
    )
    header: list[str] | None = None
    began = before = 0
    while True:
        began, before = before, rows.line_num
        try:
            row = next(rows)
        except StopIteration:
            if not is_tagged and before - began > 1 and text.count('"') % 2:
                yield CsvFlaw(
                    line=began + 1, message="has a quote that is never closed, so that rows may be run together"
                )
            return
        except csv.Error as error:
            yield CsvFlaw(line=rows.line_num, message=f"cannot be read as CSV ({error})")
            return
        if not any(map(str.strip, row)):
            continue
        if header is None:
            header = [(_TAGS if is_tagged else _NAMED).get(_plain(name), "") for name in row]
            continue
        values = dict.fromkeys(_HEADERS, "")
        for column, cell in zip(header, row, strict=False):
            if column and not values[column]:
                values[column] = cell.strip()
        if len(row) > len(header):
            more = len(row) - len(header)
            yield CsvFlaw(line=rows.line_num, message=f"has {more} more cells than the header; expected {len(header)}")
        if not values["pages"] and values["first_page"]:
            values["pages"] = "-".join(page for page in (values["first_page"], values["last_page"]) if page)
        yield CsvRow(values=values, line=rows.line_num)


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
    return re.sub("[^a-z]", "", name.lower())


def _delimiter(line: str) -> str:
    return max(",;\t", key=line.count)
