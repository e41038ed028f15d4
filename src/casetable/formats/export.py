"""What the readers and writers of reference managers' exports share: what they yield, and how names, dates and bytes are read."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from casetable.model import DOI, normal_doi
from casetable.model.article import Article, Person, is_group

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_ISSN = re.compile(r"(?<![0-9-])([0-9]{4})-?([0-9]{3}[0-9Xx])(?![0-9Xx-])")
_ISBN = re.compile(r"(?<![0-9-])(?:97[89][0-9-]{10,14}|[0-9][0-9-]{8,11}[0-9Xx])(?![0-9Xx-])")
_NOTED_PMID = re.compile(r"\bPMID:? *(?:NLM)?([1-9][0-9]{0,8})\b")


class Form(StrEnum):
    """The formats of bibliographic records that are read and written, by the names that `--to` takes."""

    RIS = "ris"
    NBIB = "nbib"
    PUBMED_XML = "pubmed-xml"
    BIBTEX = "bibtex"
    ENDNOTE_XML = "endnote-xml"
    CSL_JSON = "csl-json"
    WOS = "wos"
    CSV = "csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """A record as its file has it, so that what is not modelled is written back: its text, or of CSV its cells.

    `head` is what must stand in front of `text` for it to be read: macros of BibTeX. `cells` pair the header, as it is
    printed, with the values.
    """

    form: Form
    text: str = ""
    head: str = ""
    cells: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """An article, the line (from 1) on which its record begins, and the text of the record, with what must stand in front."""

    article: Article
    line: int
    text: str = field(default="", compare=False, repr=False)
    head: str = field(default="", compare=False, repr=False)


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


def lines_of(text: str) -> list[str]:
    """Returns the lines of a text; unlike str.splitlines only what ends lines in files does, no separator within them."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def person_of(name: str) -> Person:
    """Returns the person of "Doe, Anna B., Jr" or "Doe A.B."; a name that is neither is a group's, as "Zebra Group," is."""
    last, comma, rest = name.partition(",")
    fore, _, suffix = rest.partition(",")
    if is_group(name) and not fore.strip():
        return Person(collective=last.strip())
    if not comma:
        found = re.fullmatch(r"((?:[a-z’\']{1,5} ){0,3}\S+(?: \S+)?) ((?:[A-Z]\.?[ -]?){1,4})", name.strip())
        if found:  # Smith J.A.
            initials = "".join(re.findall("[A-Z]", found[2]))
            return Person(last=found[1], initials=initials)
        if found := re.fullmatch(r"((?:[A-Z]\.[ -]?){1,4}) *((?:[a-z’\']{1,5} ){0,3}[^\W\d_][^\s.]+)", name.strip()):
            return Person(last=found[2], fore=found[1].strip(), initials=initials_of(found[1]))  # A. B. Doe
        return Person(collective=name.strip()) if " " in name.strip() else Person(last=name.strip())
    return Person(last=last.strip(), fore=fore.strip(), initials=initials_of(fore), suffix=suffix.strip())


def name_of(person: Person) -> str:
    """Returns a person as `person_of` reads it: "Doe, Anna B., Jr"; a group's name ends with a comma where it needs one."""
    if person.collective:
        is_read = person_of(person.collective) == Person(collective=person.collective)
        return person.collective if is_read or " " not in person.collective else f"{person.collective},"
    fore = person.fore or "".join(f"{initial}." for initial in person.initials)
    if person.suffix:
        return f"{person.last}, {fore}, {person.suffix}"
    return f"{person.last}, {fore}" if fore else person.last


# What stands where names of authors do, and is none.
NOBODY = {"et al", "no authors listed", "no author name available", "anonymous"}
_BETWEEN_NAMES = (";", "|", " and ", " & ")


def people_of(text: str) -> tuple[Person, ...]:
    """Returns the persons of one cell: "Doe, A.; Roe, B.", "Doe A, Roe B", "Doe, A. and Roe, B."."""
    mark = next((mark for mark in _BETWEEN_NAMES if mark in text), "")
    names = text.split(mark) if mark else [text]
    if not mark and "," in text:
        parts = [part.strip() for part in text.split(",")]
        if sum(re.search(r"\s(?:[A-Z]\.?-?){1,3}\Z", part) is not None for part in parts) * 5 >= len(parts) * 3:
            names = parts
    return tuple(person_of(name) for name in map(str.strip, names) if name and name.lower().strip(".[] ") not in NOBODY)


def initials_of(fore: str) -> str:
    """Returns Anna-Maria B. as AMB."""
    return "".join(part[0] for part in re.split(r"[\s.-]+", fore) if part).upper()


def issns_of(*texts: str) -> tuple[str, ...]:
    """Returns the ISSNs in fields that may say more, each once: 1234-5678 of 12345678 (Print)."""
    return tuple(dict.fromkeys(f"{found[1]}-{found[2]}".upper() for text in texts for found in _ISSN.finditer(text)))


def isbns_of(*texts: str) -> tuple[str, ...]:
    """Returns the ISBNs in fields that may say more, each once, without hyphens."""
    found = (isbn.replace("-", "") for text in texts for isbn in _ISBN.findall(text))
    return tuple(dict.fromkeys(isbn for isbn in found if len(isbn) in {10, 13}))


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


def date_parts(published: str) -> tuple[int, ...]:
    """Returns year, month and day, as far as they are known, of 2020-11-03, 2020 Nov 3 or 2016 Jan-Feb."""
    found = re.match(
        r"\s*([12][0-9]{3})(?:[ /-]+([A-Za-z]{3}|[01]?[0-9])(?![0-9])[a-z]*)?(?:[ /-]+([0-3]?[0-9])(?![0-9]))?",
        published,
    )
    if not found:
        return ()
    parts = [int(found[1])]
    name = (found[2] or "").lower()
    month = int(name) if name.isdecimal() else MONTHS.index(name) + 1 if name in MONTHS else 0
    if 1 <= month <= 12:
        parts.append(month)
        if found[3] and 1 <= int(found[3]) <= 31:
            parts.append(int(found[3]))
    return tuple(parts)


def page_range(pages: str) -> tuple[str, str]:
    """Returns the first and the last page of 482-91, and all of pages that are no such range, as 1-3, 7, with ""."""
    found = re.fullmatch(r"\s*([^\s,-]+)\s*[-\u2010-\u2014]\s*([^\s,-]+)\s*", pages)
    return (found[1], found[2]) if found else (pages, "")


def split_words(text: str, marks: str = ";,") -> tuple[str, ...]:
    """Returns the words of a list; where one of `marks` parts them, those behind it are parts of words."""
    mark = next((mark for mark in marks if mark in text), marks[-1])
    return tuple(word for word in map(str.strip, text.split(mark)) if word)


def joined_words(words: Iterable[str]) -> str:
    """Returns a list of words as `split_words` reads it."""
    text = "; ".join(words)
    return f"{text};" if "," in text and ";" not in text else text


def one_line(text: str) -> str:
    """Returns a value without what would end its line."""
    return " ".join(text.split())


def whole(text: str) -> str:
    """Returns a text without halves of characters, which JSON can escape and no file can hold."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def amended_lines(
    text: str,
    tag_of: Callable[[str], tuple[str, str]],
    is_dropped: Callable[[str, str], bool],
    added: Sequence[str],
    *,
    end: str,
) -> str:
    """Returns a record of tagged lines without some of its fields, others added in front of the tag `end`, or last.

    `tag_of` returns the tag and the value of a line, the tag "" where it goes on with the line before; `is_dropped` says of a
    tag and the first line of its value whether the field gives way.
    """
    kept, is_gone = [], False
    for line in text.rstrip("\n").split("\n"):
        tag, value = tag_of(line)
        is_gone = is_dropped(tag, value) if tag else is_gone
        if not is_gone:
            kept.append(line)
    at = next((at for at in reversed(range(len(kept))) if tag_of(kept[at])[0] == end), len(kept))
    return "\n".join([*kept[:at], *added, *kept[at:]])


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


def checked(article: Article, line: int, expected: str, *, text: str = "", head: str = "") -> Exported | ExportFlaw:
    """Returns an article as read, or the flaw that it cannot be told from any other one."""
    if article.title or article.doi or article.pmid:
        return Exported(article=article, line=line, text=text, head=head)
    return ExportFlaw(line=line, message=f"is a record without title, DOI or PMID; expected {expected} in it")
