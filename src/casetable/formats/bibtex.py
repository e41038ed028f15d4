"""Reads and writes BibTeX and BibLaTeX as reference managers and databases export them; bibtexparser reads their syntax.

Values are LaTeX: accents and macros become the characters that they print, braces go. Names of the fields: BibLaTeX's
manual, 2.2 (https://ctan.org/pkg/biblatex); Zotero, Scopus and Web of Science have some of their own.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache

from bibtexparser.entrypoint import parse_string
from bibtexparser.middlewares.names import parse_single_name_into_parts, split_multiple_persons_names
from bibtexparser.model import Entry, ParsingFailedBlock, Preamble, String
from pylatexenc.latex2text import LatexNodes2Text  # type: ignore[import-untyped]

from casetable.formats.export import (
    MONTHS,
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
)
from casetable.model import PMCID, PMID
from casetable.model.article import Article, Extent, Person, Section

logging.getLogger("bibtexparser").setLevel(logging.CRITICAL)  # its warnings are our flaws
logging.getLogger("pylatexenc").setLevel(logging.CRITICAL)

_HEAD = re.compile(r"^[ \t]*@[ \t]*[A-Za-z]{2,30}[ \t]*[{(]", re.MULTILINE)
# A macro with what it is set upon: {\"u}, {\'{\i}}, \'{e}, \"u, \alpha, \%
_MACRO = re.compile(
    r"\{\\[^{}]{0,60}(?:\{[^{}]{0,60}\})?[^{}]{0,60}\}"
    r"|\\[A-Za-z]{1,30}(?:[ \t]*\{[^{}]{0,60}\}|[ \t])?"
    r"|\\[\"'`^~=.](?:\{[^{}]{0,60}\}|\\[ij]\b|\w)"
    r"|\\[^A-Za-z]"
)
_MATH = re.compile(r"(?<!\\)\$([^$]{1,80})(?<!\\)\$")
# A brace or tilde that is printed has another character until the ones that are not printed are gone.
_PRINTED = {0xE000: "{", 0xE001: "}", 0xE002: "~"}
_CHARACTERS = {
    "textless": "<",
    "textgreater": ">",
    "textbar": "|",
    "textbackslash": "\\",
    "textbraceleft": "\ue000",
    "textbraceright": "\ue001",
    "textasciitilde": "\ue002",
    "textasciicircum": "^",
}
_BRACES = {"\\{": "\ue000", "\\}": "\ue001"}
_FACES = {
    "emph",
    "em",
    "it",
    "bf",
    "rm",
    "sc",
    "textit",
    "textbf",
    "textrm",
    "textsc",
    "textsf",
    "text",
    "mathrm",
    "mathit",
    "textsuperscript",
    "textsubscript",
}
_BOOKS = {"book", "inbook", "incollection", "collection", "mvbook", "booklet"}


def is_bibtex(head: bytes) -> bool:
    """Says whether a file that begins so is BibTeX: an entry opens on a line of its own."""
    return _HEAD.search(decoded(head[:4096])) is not None


def read_bibtex(data: bytes) -> Iterator[Exported | ExportFlaw]:
    """Yields the entries of a file in order, and what cannot be read; raises nothing.

    Of entries with one key each is yielded; of a field that an entry has twice the last one stands.
    """
    text = decoded(data).replace("\r\n", "\n").replace("\r", "\n")
    macros: dict[str, str] = {}
    preamble = ""
    for block in parse_string(text).blocks:
        if isinstance(block, String):
            macros[block.key.lower()] = _definition(block.raw or "")
        elif isinstance(block, Preamble):
            preamble += f"{block.raw}\n"
        line = (block.start_line or 0) + 1
        inner = block.ignore_error_block if isinstance(block, ParsingFailedBlock) else block
        if isinstance(inner, Entry):
            raw = block.raw or ""
            used = dict(_used(raw, macros))
            # What bibtexparser has not read: a key or a field that is there twice, and values that join others.
            if inner is not block or (used and "#" in raw + "".join(used.values())):
                inner = _read_again(raw, used) or inner
            head = preamble + "".join(f"@string{{{name} = {value}}}\n" for name, value in used.items())
            preamble = ""
            yield checked(_article(inner), line, "'title'", text=raw, head=head)
        elif isinstance(block, ParsingFailedBlock) and inner is None:
            why = " ".join(str(getattr(block.error, "abort_reason", "")).split()) or "it is no BibTeX"
            yield ExportFlaw(line=line, message=f"is a broken entry: {why[0].lower()}{why[1:]}")


# A macro stands bare, behind an equals sign or one that joins.
_BARE = re.compile(r"[=#]\s*([A-Za-z][\w:+./-]*)\s*(?=[,#}\n]|\Z)")


def bare_names(text: str) -> list[str]:
    """Returns the names in small letters that stand where a macro may stand, each once."""
    return list(dict.fromkeys(name.lower() for name in _BARE.findall(text)))


def _definition(raw: str) -> str:
    """Returns the value of @string{name = value} as it stands there."""
    return raw.partition("=")[2].strip().removesuffix("}").removesuffix(")").strip()


def _used(text: str, macros: Mapping[str, str]) -> list[tuple[str, str]]:
    """Returns the macros that an entry needs with their values, those that others need in front of them."""
    found: dict[str, str] = {}

    def take(name: str, depth: int) -> None:
        if name in found or name not in macros or depth > _MOST_NESTED:
            return
        for inner in bare_names(f"= {macros[name]}"):
            take(inner, depth + 1)
        found[name] = macros[name]

    for name in bare_names(text):
        take(name, 0)
    return list(found.items())


_MOST_NESTED = 20


def _read_again(raw: str, macros: Mapping[str, str]) -> Entry | None:
    """Returns an entry by itself, of a field that it has twice the last one."""
    kind, key, fields = _parts(raw)
    last = {name.strip().lower(): value for name, value in fields}
    blocks = parse_string(resolved(_entry(kind, key, last.items()), macros)).blocks
    return next((block for block in blocks if isinstance(block, Entry)), None)


def _article(entry: Entry) -> Article:
    fields: dict[str, str] = {
        field.key.strip().lower(): field.value for field in entry.fields if isinstance(field.value, str)
    }

    def text(*names: str) -> str:
        return next((plain for name in names if (plain := _plain(fields.get(name, "")))), "")

    authors = _people(fields.get("author", ""))
    is_complete = authors[-1:] != (_OTHERS,)
    pmid = text("pmid", "pubmed_id", "pubmedid") or (text("eprint") if text("eprinttype").lower() == "pubmed" else "")
    abstract = text("abstract")
    return Article(
        extent=Extent.EXPORT,
        pmid=pmid if PMID.fullmatch(pmid) else noted_pmid(text("note")),
        title=text("title"),
        is_book=entry.entry_type.lower() in _BOOKS,
        abstract=(Section(text=abstract),) if abstract else (),
        authors=authors if is_complete else authors[:-1],
        is_author_list_complete=is_complete,
        editors=_people(fields.get("editor", "")),
        journal=text("journal", "journaltitle", "booktitle"),
        journal_abbreviation=text("shortjournal", "journal-iso", "abbrev_source_title"),
        issns=issns_of(text("issn")),
        isbns=isbns_of(text("isbn")),
        publisher=text("publisher"),
        volume=text("volume"),
        issue=text("number", "issue"),
        pages=re.sub("[–—]+", "-", text("pages", "article-number", "art_number", "eid")),
        published=_published(fields, text("date") or text("year")),
        languages=tuple(filter(None, [text("language", "langid")])),
        publication_types=split_words(text("document_type", "type"), ";"),
        keywords=split_words(text("keywords", "author_keywords")),
        doi=doi_of([_address(fields.get("doi", "")), _address(fields.get("url", ""))]),
        pmcid=text("pmcid") if PMCID.fullmatch(text("pmcid")) else "",
    )


def _published(fields: Mapping[str, str], date: str) -> str:
    month = _plain(fields.get("month", "")).lower()[:3]
    if re.fullmatch("0?[1-9]|1[0-2]", month) and re.fullmatch("[0-9]{4}", date):
        return f"{date}-{month.zfill(2)}"
    if month in MONTHS and re.fullmatch("[0-9]{4}", date):
        return f"{date}-{MONTHS.index(month) + 1:02}"
    return published_of(date)


_OTHERS = Person(collective="others")


def _people(value: str) -> tuple[Person, ...]:
    """Returns the persons of names that `and` joins; a name within braces is a group's, and `others` a list cut short."""
    people = []
    for name in split_multiple_persons_names(" ".join(value.split())):
        if name.startswith("{") and name.endswith("}"):
            people.append(Person(collective=_plain(name)))
            continue
        parts = parse_single_name_into_parts(name, strict=False)
        last = _plain(" ".join([*parts.von, *parts.last]))
        fore, suffix = _plain(" ".join(parts.first)), _plain(" ".join(parts.jr))
        if name.lower() == "others":
            people.append(_OTHERS)
        elif last:
            people.append(Person(last=last, fore=fore, initials=initials_of(fore), suffix=suffix))
    return tuple(people)


def _plain(value: str) -> str:
    """Returns LaTeX as the text that it prints, in one line."""
    if value.startswith('"') and value.endswith('"') and len(value) > 1:  # "one" # " and two"
        value = re.sub(r'"\s*#\s*"', "", value)[1:-1]
    if "$" in value:
        value = _MATH.sub(_of_math, value)
    if "\\" in value:
        value = _MACRO.sub(lambda found: _printed(found[0]), value)
    value = value.replace("---", "—").replace("--", "–").replace("~", " ")
    return " ".join(value.replace("{", "").replace("}", "").translate(_PRINTED).split())


def _address(value: str) -> str:
    """Returns a DOI or URL, in which hyphens and tildes stand for themselves; some programs write it as LaTeX all the same."""
    return _plain(value) if re.search(r"[\\{}$]", value) else value.strip()


def _of_math(found: re.Match[str]) -> str:
    """Returns $H_2O$ as H2O; what holds nothing of mathematics is an amount of money, and stays."""
    if not re.search(r"[\\_^]", found[1]):
        return found[0]
    return _MACRO.sub(lambda macro: _printed(macro[0]), re.sub("[_^]", "", found[1]))


@lru_cache(maxsize=4096)
def _printed(macro: str) -> str:
    """Returns what a macro prints; of one that is unknown or has lost its argument, the argument or the name."""
    if macro in _BRACES:
        return _BRACES[macro]
    name = macro.strip("{} \t").removeprefix("\\").partition("{")[0].strip()
    if name in _CHARACTERS:
        return _CHARACTERS[name]
    if macro.strip() == "\\" + name and name in _FACES:
        return ""
    try:
        printed = str(LatexNodes2Text(math_mode="text").latex_to_text(macro))
    except Exception:  # noqa: BLE001  # pylatexenc raises whatever its tables make of a macro without arguments
        printed = ""
    return printed if printed and "%s" not in printed else re.sub(r"^\W*([A-Za-z]+\s*(?=\{))?", "", macro).rstrip("}")


# --- an article to an entry -------------------------------------------------------------------------------------------

_NAMES_OF: dict[str, tuple[str, ...]] = {
    "title": ("title",),
    "authors": ("author",),
    "editors": ("editor",),
    "journal": ("journal", "journaltitle"),
    "journal_abbreviation": ("shortjournal", "journal-iso", "abbrev_source_title"),
    "published": ("year", "month", "date"),
    "volume": ("volume",),
    "issue": ("number", "issue"),
    "pages": ("pages", "article-number", "art_number", "eid"),
    "publisher": ("publisher",),
    "issns": ("issn", "isbn"),
    "languages": ("language", "langid"),
    "publication_types": ("document_type",),
    "doi": ("doi",),
    "pmid": ("pmid", "pubmed_id", "pubmedid"),
    "pmcid": ("pmcid",),
    "keywords": ("keywords", "author_keywords"),
    "abstract": ("abstract",),
}
_ESCAPED = str.maketrans(
    {
        "\\": r"{\textbackslash}",  # in braces, as Zotero takes {} for a brace
        "{": r"\{",
        "}": r"\}",
        "~": r"{\textasciitilde}",
        "^": r"{\textasciicircum}",
        **{character: "\\" + character for character in "&%$#_"},
    }
)


def write_bibtex(article: Article, key: str, notes: Iterable[str] = ()) -> str:
    """Returns an article as an entry under a key; letters outside ASCII stay as they are.

    Notes are an `annote`, which Zotero keeps as a note: a `note` would be printed in the list of references.
    """
    kind = "incollection" if article.is_book and article.book_title else "book" if article.is_book else "article"
    fields = [field for name in _NAMES_OF for field in _fields(article, name)]
    if told := _escaped("; ".join(one_line(note) for note in notes)):
        fields.append(("annote", f"{{{told}}}"))
    return _entry(kind, key, fields)


def amend_bibtex(text: str, article: Article, fields: Iterable[str]) -> str:
    """Returns an entry with some fields as an article has them; the others keep their value, macros included."""
    kind, key, known = _parts(text)
    names = [name for name in _NAMES_OF if name in set(fields)]
    gone = {alias for name in names for alias in _NAMES_OF[name]}
    kept = [(field, value) for field, value in known if field.strip().lower() not in gone]
    return _entry(kind, key, [*kept, *(field for name in names for field in _fields(article, name))])


def key_of(text: str) -> str:
    """Returns the key of an entry."""
    return _parts(text)[1]


def rekeyed(text: str, key: str) -> str:
    """Returns an entry under another key."""
    return re.sub(r"([{(]\s*)[^,\s]*", lambda found: found[1] + key, text, count=1)


def macros_of(head: str) -> dict[str, str]:
    """Returns the macros that a head defines, by name in small letters, with their values as they stand there."""
    found = (re.match(r"@string\{\s*([^\s=]+)\s*=", line) for line in head.split("\n"))
    return {match[1].lower(): _definition(match.string) for match in found if match}


def resolved(text: str, macros: Mapping[str, str]) -> str:
    """Returns an entry with the values of macros in their place, as far as macros go into each other."""
    kind, key, known = _parts(text)
    return _entry(kind, key, [(name, _resolved(value, macros, 0)) for name, value in known])


def _resolved(value: str, macros: Mapping[str, str], depth: int) -> str:
    parts = [part.strip() for part in value.split("#")]
    if depth > _MOST_NESTED or not all(re.fullmatch(r'[\w:+./-]+|\{[^{}]*\}|"[^"]*"', part) for part in parts):
        return value
    return " # ".join(
        _resolved(macros[part.lower()], macros, depth + 1) if part.lower() in macros else part for part in parts
    )


def _parts(text: str) -> tuple[str, str, list[tuple[str, str]]]:
    [block] = parse_string(text, parse_stack=[]).blocks
    inner = block.ignore_error_block if isinstance(block, ParsingFailedBlock) else block
    if not isinstance(inner, Entry):  # read once, it is read again
        raise TypeError(text[:80])
    return inner.entry_type, inner.key, [(field.key, field.value) for field in inner.fields]


def _entry(kind: str, key: str, fields: Iterable[tuple[str, str]]) -> str:
    return "\n".join([f"@{kind}{{{key},", *(f"  {name} = {value}," for name, value in fields), "}"])


def _fields(article: Article, name: str) -> Iterator[tuple[str, str]]:
    """Yields the fields of an entry, each value within its braces."""
    for field, value in _values(article, name):
        if plain := one_line(value):
            yield field, f"{{{plain}}}"


def _values(article: Article, name: str) -> Iterator[tuple[str, str]]:
    field = _NAMES_OF[name][0]
    match name:
        case "title":  # the second pair of braces keeps its capitals
            title = _escaped(article.any_title)
            yield field, f"{{{title}}}" if title else ""
        case "authors" | "editors":
            names = [_bibtex_name(person) for person in getattr(article, name)]
            is_cut = name == "authors" and not article.is_author_list_complete
            yield field, " and ".join([*names, *["others"] * is_cut])
        case "journal":
            journal = _escaped(article.journal or article.book_title or article.journal_abbreviation)
            yield "booktitle" if article.is_book else field, journal
        case "published":
            parts = date_parts(article.published)
            yield "year", str(parts[0]) if parts else _escaped(article.published)
            yield "month", str(parts[1]) if len(parts) > 1 else ""
            yield "date", "-".join(f"{part:02}" for part in parts) if len(parts) > 2 else ""
        case "pages":
            yield field, _escaped(article.pages).replace("-", "--")
        case "issns":
            yield field, ", ".join(article.issns)
            yield "isbn", ", ".join(article.isbns)
        case "languages":
            yield field, _escaped("; ".join(article.languages))
        case "publication_types":
            yield field, _escaped("; ".join(article.publication_types))
        case "keywords":
            yield field, _escaped(joined_words(article.subjects))
        case "abstract":
            yield field, _escaped(article.abstract_text)
        case "doi":  # BibLaTeX and reference managers take it as it stands
            yield field, article.doi if _is_balanced(article.doi) and "\\" not in article.doi else _escaped(article.doi)
        case _:
            yield field, _escaped(getattr(article, name))


def _escaped(text: str) -> str:
    """Returns a text as LaTeX. BibTeX counts braces whether escaped or not: where they do not match, macros stand for them."""
    if not _is_balanced(text):
        for brace, macro in (("{", _LEFT), ("}", _RIGHT)):
            text = text.replace(brace, macro)
    escaped = _LIGATURE.sub(r"\g<0>{}", text.translate(_ESCAPED))
    return escaped.replace(_LEFT, r"{\textbraceleft}").replace(_RIGHT, r"{\textbraceright}")


# Two characters of which TeX makes one that is another: --, '', ``, ?`, !`, and with the fonts of today ,, << >>.
_LIGATURE = re.compile(r"-(?=-)|'(?=')|[`?!](?=`)|,(?=,)|<(?=<)|>(?=>)")
# Stand-ins, which are no characters of any text.
_LEFT, _RIGHT = "\ufdd0", "\ufdd1"


def _is_balanced(text: str) -> bool:
    depth = 0
    for character in text:
        depth += (character == "{") - (character == "}")
        if depth < 0:
            return False
    return depth == 0


def _bibtex_name(person: Person) -> str:
    if person.collective:
        return f"{{{_escaped(person.collective)}}}"
    fore = person.fore or " ".join(f"{initial}." for initial in person.initials)
    last = _escaped(person.last)
    last = f"{{{last}}}" if " and " in last or "," in last else last
    return ", ".join(part for part in (last, _escaped(person.suffix), _escaped(fore)) if part)
