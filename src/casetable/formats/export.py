"""What the readers of reference managers' exports share: what they yield, and how names, dates and bytes are read."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from dataclasses import dataclass

from casetable.model import DOI, normal_doi
from casetable.model.article import Article, Person

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_ISSN = re.compile(r"\b[0-9]{4}-[0-9]{3}[0-9Xx]\b")
_NOTED_PMID = re.compile(r"\bPMID:? *([1-9][0-9]{0,8})\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """An article and the line (from 1) on which its record begins."""

    article: Article
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFlaw:
    """What cannot be read: its line, and what is wrong."""

    line: int
    message: str


def decoded(data: bytes) -> str:
    """Returns the text of an export: UTF-8 or UTF-16 by its mark, UTF-8, GB18030 where it is Chinese, else cp1252."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data" and error.end == len(data):
            return data[: error.start].decode("utf-8-sig")  # the head of a file ends within a character
    # A damaged byte does not make another encoding: UTF-8 whose characters outweigh what is none of them is UTF-8.
    text = data.decode("utf-8-sig", errors="replace")
    damaged = text.count("\ufffd")
    if damaged * 4 < len(re.findall(r"[^\x00-\x7f]", text)):
        return text
    try:
        chinese = data.decode("gb18030")
    except UnicodeDecodeError as error:
        if error.end < len(data):
            return data.decode("cp1252", errors="replace")
        chinese = data[: error.start].decode("gb18030")
    # Accented letters of cp1252 stand alone between plain ones; Chinese ones stand in rows.
    rows = sum(map(len, re.findall("[\u4e00-\u9fff]{2,}", chinese)))
    return chinese if rows * 2 > len(re.findall(r"[^\x00-\x7f]", chinese)) else data.decode("cp1252", errors="replace")


def person_of(name: str) -> Person:
    """Returns the person of "Doe, Anna B., Jr" or "Doe A.B."; a name that is neither is a group's."""
    last, comma, rest = name.partition(",")
    fore, _, suffix = rest.partition(",")
    if not comma:
        found = re.fullmatch(r"((?:[a-z’\']{1,5} ){0,3}\S+(?: \S+)?) ((?:[A-Z]\.?[ -]?){1,4})", name.strip())
        if found:  # Smith J.A.
            initials = "".join(re.findall("[A-Z]", found[2]))
            return Person(last=found[1], initials=initials)
        return Person(collective=name.strip()) if " " in name.strip() else Person(last=name.strip())
    return Person(last=last.strip(), fore=fore.strip(), initials=initials_of(fore), suffix=suffix.strip())


def initials_of(fore: str) -> str:
    """Returns Anna-Maria B. as AMB."""
    return "".join(part[0] for part in re.split(r"[\s.-]+", fore) if part).upper()


def issns_of(*texts: str) -> tuple[str, ...]:
    """Returns the ISSNs in fields that may say more: 1234-5678 (Print)."""
    return tuple(issn for text in texts for issn in _ISSN.findall(text))


def noted_pmid(text: str) -> str:
    """Returns the PMID that a note names as one, or ""."""
    found = _NOTED_PMID.search(text)
    return found[1] if found else ""


def published_of(text: str) -> str:
    """Returns 2020/11//Nov-Dec2020 as 2020-11."""
    if found := re.match(r"\s*([12][0-9]{3})(?:[/-]([01]?[0-9]))?(?:[/-]([0-3]?[0-9]))?", text):
        return "-".join(part for part in found.groups() if part)
    year = re.search(r"(?<![0-9])[12][0-9]{3}(?![0-9])", text)  # c2019; 18 Sep 2019
    return year[0] if year else ""


def doi_of(values: Iterable[str]) -> str:
    """Returns the first DOI of fields that hold one by itself or at the end of an address, or ""."""
    for value in values:
        found = DOI.search(re.sub("%2f", "/", value, flags=re.IGNORECASE))
        if found is None:
            continue
        doi = found[0]
        if is_address := "://" in value[: value.find("10.")]:
            doi = re.split("[?&#]", doi)[0]
        if is_address and "doi.org/" not in value.lower():
            doi = re.sub("/(?:full|abstract|pdf|epdf|html|meta)$", "", doi)
        doi = doi.rstrip(".,;:")
        return normal_doi(doi[:-1] if doi.endswith(")") and "(" not in doi else doi)
    return ""


def checked(article: Article, line: int, expected: str) -> Exported | ExportFlaw:
    """Returns an article as read, or the flaw that it cannot be told from any other one."""
    if article.title or article.doi or article.pmid:
        return Exported(article=article, line=line)
    return ExportFlaw(line=line, message=f"is a record without title, DOI or PMID; expected {expected} in it")
