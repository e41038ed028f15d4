"""One record as it is compared: without what databases print differently, and the keys under which its copies meet."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from casetable.model import normal_doi


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A record of any bibliographic file, as printed there; what is missing is empty. `authors` are one text or many."""

    id: str
    title: str = ""
    authors: tuple[str, ...] = ()
    year: str = ""
    journal: str = ""
    volume: str = ""
    issue: str = ""
    pages: str = ""
    doi: str = ""
    pmid: str = ""
    abstract: str = ""
    source: str = ""
    pmcid: str = ""


@dataclass(frozen=True, slots=True)
class Name:
    """An author: the family name in one word, and all words of the name longer than an initial."""

    family: str
    words: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Normal:
    """A record as it is compared.

    `numbers` are the figures of the title, Roman ones and number words among them, sorted; `is_notice` tells an erratum,
    reply or comment; `journals` are the words of each of the journal's names; `first_page` is the first page, `pages` the
    first and the last (of pages that a spreadsheet took for a date, both without their order).
    """

    title: str
    numbers: tuple[str, ...]
    is_notice: bool
    names: tuple[Name, ...]
    year: int | None
    journals: tuple[tuple[str, ...], ...]
    volume: str
    first_page: str
    pages: frozenset[str]
    doi: str
    pmid: str
    pmcid: str
    abstract: str
    is_preprint: bool

    @property
    def words(self) -> tuple[str, ...]:
        """The words of the title; they are not held, as they take more memory than all else of a record."""
        return tuple(self.title.split())

    @property
    def all_words(self) -> frozenset[str]:
        """The words of all names."""
        return frozenset().union(*[name.words for name in self.names])


_MARKUP = re.compile(r"</?(?:i|b|sub|sup|em|strong|p|br|italic|bold|jats:\w+)\b[^>]{0,80}>", re.IGNORECASE)
# What databases put behind a title, and is no part of it.
_SUFFIX = re.compile(
    r"\s*[\[(](?:(?:published )?erratum|corrected|correction|retract|see comment)\w*\b.{0,500}\Z"
    r"|\s*[\[(](?:comment|abstract|provisional abstract|review|letter|editorial|in process citation|summary for patients"
    r"|(?:article )?in [a-z]+)\b[^\])]{0,100}[\])]\.?\s*\Z",
    re.IGNORECASE | re.DOTALL,
)
_NOTICE_FIRST = re.compile(
    r"(?:erratum|errata|corrigend\w+|correction|retraction|retracted|comment\w*|reply|response|author\S* (?:reply|response)"
    r"|letter|in reply|re\b|editorial)\b",
    re.IGNORECASE,
)
_NOTICE = re.compile(
    r"\b(?:author\S* reply|response to|reply to|comment on|erratum|corrigendum)\b|\breply\Z", re.IGNORECASE
)
_WORD = re.compile(r"[^\W_]+")
_ASCII = {code: chr(code).lower() if chr(code).isalnum() else " " for code in range(128)}
_GREEK = {
    "α": "alpha",
    "β": "beta",
    "γ": "gamma",
    "δ": "delta",
    "ε": "epsilon",
    "θ": "theta",
    "κ": "kappa",
    "λ": "lambda",
    "μ": "mu",
    "µ": "mu",
    "σ": "sigma",
    "τ": "tau",
    "ω": "omega",
}
_ROMAN = {"ii": "2", "iii": "3", "iv": "4", "vi": "6", "vii": "7", "viii": "8", "ix": "9"}
# Letters that are numbers behind such a word only.
_LEADS = frozenset(
    ["part", "type", "phase", "class", "stage", "grade", "factor", "study", "trial", "section", "group", "level"]
)
_LETTERS = {"i": "1", "v": "5", "x": "10", "a": "a", "b": "b"}
_FIGURES = _ROMAN | {"one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6"}
_FIGURES |= {"first": "1", "second": "2", "third": "3", "fourth": "4"}
_PARTICLES = frozenset(
    [
        "van",
        "von",
        "de",
        "der",
        "den",
        "la",
        "le",
        "du",
        "del",
        "della",
        "di",
        "da",
        "dos",
        "das",
        "el",
        "al",
        "bin",
        "ten",
        "ter",
        "st",
        "jr",
        "sr",
        "ii",
        "iii",
    ]
)
_OF_JOURNALS = frozenset(["the", "of", "and", "for", "a", "an", "in", "on", "de", "la", "der", "und", "et", "journal"])
_MONTHS = {
    name: str(number)
    for number, name in enumerate(
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1
    )
}
_PREPRINTS = ("10.1101/", "10.21203/", "10.2139/", "10.20944/", "10.31219/", "10.48550/", "10.64898/")


_DOI = re.compile(r"10\.[0-9]{4,9}/\S+")
_YEAR = re.compile("(?:1[89]|20)[0-9]{2}")
_PMID = re.compile("[1-9][0-9]{0,8}")
_MANGLED_PMID = re.compile("[0-9]{4,9}")


def normalize(entry: Entry) -> Normal:
    """Returns a record as it is compared; raises nothing, whatever is missing or mangled."""
    title = _title(entry.title)
    words = _words(title)
    text = " ".join(words)
    doi = normal_doi(entry.doi)
    found = _DOI.search(doi) if doi else None
    first, pages = _pages(entry.pages)
    pmid = _PMID.fullmatch(entry.pmid) or _MANGLED_PMID.search(entry.pmid)
    doi = found[0].rstrip(".,;)") if found else ""
    return Normal(
        title=text,
        numbers=_numbers(words),
        is_notice=_is_notice(title),
        names=_names(entry.authors),
        year=_year(entry.year),
        journals=_journals(entry.journal),
        volume=_volume(entry.volume),
        first_page=first,
        pages=pages,
        doi=doi,
        pmid=pmid[0] if pmid else "",
        pmcid=entry.pmcid.strip().upper(),
        abstract=" ".join(_words(entry.abstract[:400]))[:240],
        is_preprint=doi.startswith(_PREPRINTS)
        or _fold(entry.journal).startswith(("biorxiv", "medrxiv", "research square")),
    )


def blocks(normal: Normal) -> Iterator[tuple[object, ...]]:
    """Yields the keys of a record; two records that share none are not compared."""
    for kind, keys_of in enumerate(KEYS):
        for key in keys_of(normal):
            yield kind, key


def _dois(normal: Normal) -> Iterable[str]:
    return (normal.doi,) if normal.doi else ()


def _pmids(normal: Normal) -> Iterable[str]:
    return (normal.pmid,) if normal.pmid else ()


def _pmcids(normal: Normal) -> Iterable[str]:
    return (normal.pmcid,) if normal.pmcid else ()


def _heads(normal: Normal) -> Iterable[str]:
    return (normal.title[:30],) if len(normal.title) > 10 else ()


def _tails(normal: Normal) -> Iterable[str]:
    return (normal.title[-30:],) if len(normal.title) > 10 else ()


def _initials(normal: Normal) -> Iterable[Hashable]:
    words = normal.words
    return (("".join([word[0] for word in words[:14]]), normal.year),) if len(words) > 3 else ()


def _author_pages(normal: Normal) -> Iterable[Hashable]:
    author = _first_author(normal)
    return [(author, normal.year, page) for page in normal.pages] if author else ()


def _volume_pages(normal: Normal) -> Iterable[Hashable]:
    return [(normal.volume, normal.year, page) for page in normal.pages] if normal.volume else ()


def _author_words(normal: Normal) -> Iterable[Hashable]:
    author = _first_author(normal)
    if not (author and normal.year):
        return ()
    long = sorted(word for word in normal.words if len(word) > 5)
    long.sort(key=len, reverse=True)
    return [(author, normal.year, word) for word in long[:2]]


def _first_author(normal: Normal) -> str:
    return normal.names[0].family[:8] if normal.names else ""


# Each kind of key by itself, so that those of all records need not be held at once. Copies meet under one of them at least.
KEYS: tuple[Callable[[Normal], Iterable[Hashable]], ...] = (
    _dois,
    _pmids,
    _pmcids,
    _heads,
    _tails,
    _initials,
    _author_pages,
    _volume_pages,
    _author_words,
)


def _fold(text: str) -> str:
    """Lower case, without accents; Greek letters by their names."""
    if text.isascii():
        return text.lower()
    text = "".join(_GREEK.get(character, character) for character in text.casefold())
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def _words(text: str) -> list[str]:
    if text.isascii():  # the same, and much faster
        return text.translate(_ASCII).split()
    return _WORD.findall(_fold(text))


def _title(printed: str) -> str:
    """Returns a title without markup, the brackets of a translation, and what a database put behind it."""
    title = printed[:2000]
    if "<" in title:
        title = _MARKUP.sub("", title)
    if "&" in title:
        title = html.unescape(title)
    title = title.strip(" \"'")
    while "[" in title or "(" in title:
        shorter = _SUFFIX.sub("", title)
        if shorter == title or len(shorter) < 10:
            break
        title = shorter
    return title.strip("[]. \"'")


def _is_notice(title: str) -> bool:
    if _NOTICE_FIRST.match(title):
        return True
    if title.isascii():
        # Each of these is in what is looked for next, and found much faster.
        lower = title.lower()
        if not (
            "reply" in lower
            or "response to" in lower
            or "comment on" in lower
            or "erratum" in lower
            or "corrigendum" in lower
        ):
            return False
    return _NOTICE.search(title) is not None


def _numbers(words: list[str]) -> tuple[str, ...]:
    numbers = [digits.lstrip("0") or "0" for word in words if not word.isalpha() for digits in _DIGITS.findall(word)]
    numbers += [_FIGURES[word] for word in words if word in _FIGURES]
    if not _LETTERS.keys().isdisjoint(words):
        numbers += [_LETTERS[letter] for lead, letter in pairwise(words) if letter in _LETTERS and lead in _LEADS]
    return tuple(sorted(numbers))


# As many authors as tell two lists apart.
_MOST_NAMES = 30
_BETWEEN = re.compile(r";|\||\band\b|&")
_INITIALS = re.compile(r"(?:[A-Z]\.?-?){1,4}")


def _names(authors: tuple[str, ...]) -> tuple[Name, ...]:
    parts = [part for text in authors for part in map(str.strip, _parted(text)) if part]
    if len(parts) == 1 and parts[0].count(",") >= 2:
        listed = [part.strip() for part in parts[0].split(",")]  # Smith J, Doe A, Roe B
        if sum(re.search(r"\s[A-Z]{1,3}\Z", part) is not None for part in listed) * 5 >= len(listed) * 3:
            parts = listed
    return tuple([name for name in map(_name, parts[:_MOST_NAMES]) if name is not None])


def _parted(authors: str) -> list[str]:
    if "and" in authors or "&" in authors or "|" in authors:
        return _BETWEEN.split(authors)
    return authors.split(";")  # the same, and much faster


@lru_cache(maxsize=1 << 17)
def _name(printed: str) -> Name | None:
    """Reads "Family, First", "Family FM", "F. M. Family" and "First Family"; None for "et al."."""
    if printed.lower().strip(". ") == "et al":
        return None
    family, comma, rest = printed.partition(",")
    tokens = printed.split()
    if not comma and len(tokens) > 1:
        if _INITIALS.fullmatch(tokens[-1]):
            family, rest = " ".join(tokens[:-1]), tokens[-1]
        else:
            family, rest = tokens[-1], " ".join(tokens[:-1])
    words = _words(family)
    core = [word for word in words if word not in _PARTICLES] or words
    given = [word for word in _words(rest) if len(word) > 1]
    joined = "".join(core)
    return Name(joined, frozenset((joined, *core, *given)))


@lru_cache(maxsize=1 << 14)
def _journals(printed: str) -> tuple[tuple[str, ...], ...]:
    found = []
    for name in printed.split("="):
        words = tuple(word for word in _words(re.sub(r"\([^)]*\)", "", name)) if word not in _OF_JOURNALS)
        if words:
            found.append(words)
    return tuple(found)


# Of years and volumes there are few: each is held once, however many records have it.
@lru_cache(maxsize=1 << 14)
def _year(printed: str) -> int | None:
    found = _YEAR.search(printed)
    return int(found[0]) if found else None


@lru_cache(maxsize=1 << 14)
def _volume(printed: str) -> str:
    found = _DIGITS.search(printed)
    return (found[0].lstrip("0") or "0") if found else _fold(printed).strip()


_DIGITS = re.compile("[0-9]+")
_DASHES = re.compile("[‐‑–—]")
_PAGES_LEAD = re.compile(r"\A(?:pp?|pages?)\.?\s*")
_DAY_MONTH = re.compile(r"(?P<day>[0-9]{1,2})[-/ ](?P<month>[a-z]{3})(?:[-/ ][0-9]+)?")
_MONTH_DAY = re.compile(r"(?P<month>[a-z]{3})[-/ ](?P<day>[0-9]{1,2})")
_PAGE = re.compile("[a-z]{0,2}[0-9]+")
_ZEROS = re.compile(r"\A([a-z]*)0+(?=[0-9])")


def _pages(printed: str) -> tuple[str, frozenset[str]]:
    """Returns the first page and the set of first and last; of 01-Oct, the pages 1 to 10, the set alone."""
    text = printed.strip()
    if not text.isascii():
        text = _DASHES.sub("-", text)
    first, dash, last = text.partition("-")
    if text.isascii() and first.isdigit() and (last.isdigit() or not dash):  # as most are
        numbers = [page.lstrip("0") or "0" for page in (first, last) if page]
    else:
        text = _PAGES_LEAD.sub("", _fold(text))
        for pattern in (_DAY_MONTH, _MONTH_DAY):
            found = pattern.fullmatch(text)
            if found is not None and found["month"] in _MONTHS:
                return "", frozenset((found["day"].lstrip("0"), _MONTHS[found["month"]]))
        numbers = [_ZEROS.sub(r"\1", page) for page in _PAGE.findall(text)]
    if not numbers:
        return "", frozenset()
    first, last = numbers[0], numbers[1] if len(numbers) > 1 else ""
    if last.isdigit() and first.isdigit() and len(last) < len(first):
        last = first[: len(first) - len(last)] + last
    return first, frozenset(page for page in (first, last) if page)
