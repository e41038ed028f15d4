"""What an article holds in each of its columns, and as what a query asks for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, groupby

from casetable.model import normal_doi
from casetable.model.article import Article, Extent, Heading, Person
from casetable.query.dates import day_of
from casetable.query.words import LANGUAGES, key_of, subheading_key


def _other_abstracts(article: Article) -> Iterator[str]:
    for _, sections in groupby(article.other_abstracts, key=lambda section: (section.kind, section.language)):
        yield " ".join(f"{section.label} {section.text}" for section in sections)


def _indexing(article: Article) -> Iterator[str]:
    for heading in article.headings:
        yield heading.name
        yield from (name for name, _ in heading.qualifiers)
    yield from substances_of(article)
    yield from article.publication_types
    yield from article.registry_numbers
    if article.abstract:
        yield "hasabstract"


def _people(article: Article) -> Iterator[Person]:
    yield from article.authors
    yield from article.editors
    yield from article.investigators


def _affiliations(article: Article) -> Iterator[str]:
    return (affiliation for person in _people(article) for affiliation in person.affiliations)


def _names(article: Article) -> Iterator[str]:
    return (name for person in _people(article) for name in names_of(person))


def names_of(person: Person) -> Iterator[str]:
    """Yields what is searched of a person: the name, in full both ways round, and identifiers."""
    yield person.name
    if person.fore:
        yield f"{person.fore} {person.last} {person.fore}"
    yield from person.identifiers


def _publication(article: Article) -> tuple[str, ...]:
    return (
        article.journal,
        article.journal_abbreviation,
        article.journal_id,
        *article.issns,
        article.published,
        article.volume,
        article.issue,
        article.pages,
    )


def _identity(article: Article) -> tuple[str, ...]:
    return (
        article.pmid,
        article.doi,
        article.pii,
        article.pmcid,
        article.manuscript_id,
        *article.isbns,
        *article.languages,
        *(LANGUAGES.get(language.lower(), "") for language in article.languages),
    )


def substances_of(article: Article) -> tuple[str, ...]:
    return (*article.supplementary_concepts, *article.substances)


COLUMNS: dict[str, Callable[[Article], Iterable[str]]] = {
    "title": lambda a: (a.title,),
    "abstract": lambda a: (a.abstract_text,),
    "other abstracts": _other_abstracts,
    "keywords": lambda a: a.keywords,
    "indexing": _indexing,
    "vernacular title": lambda a: (a.vernacular_title,),
    "book": lambda a: (a.book_title,),
    "names": _names,
    "affiliations": _affiliations,
    "collectives": lambda a: (person.collective for person in a.authors),
    "grants": lambda a: a.grants,
    "databanks": lambda a: a.databanks,
    "publisher": lambda a: (a.publisher,),
    "conflicts": lambda a: (a.conflict_of_interest,),
    "publication": _publication,
    "identity": _identity,
    "notes": lambda a: (link.citation for link in a.links),
}
_TEXT = ("title", "abstract", "other abstracts", "keywords")
SEARCHED: dict[str, tuple[str, ...]] = {
    # Place of publication and transliterated title are left out of all fields (PubMed's help).
    "all": tuple(column for column in COLUMNS if column != "vernacular title"),
    "tiab": _TEXT,
    "tw": (*_TEXT, "indexing", "collectives", "databanks", "notes"),
    "ti": ("title",),
    "ot": ("keywords",),
    "tt": ("vernacular title",),
    "ad": ("affiliations",),
    "cn": ("collectives",),
    "cois": ("conflicts",),
    "gr": ("grants",),
    "si": ("databanks",),
    "pubn": ("publisher",),
    "book": ("book",),
    "so": ("publication",),
}

_ORCID = re.compile(r"([0-9]{4})-?([0-9]{4})-?([0-9]{4})-?([0-9]{3}[0-9Xx])")
_STATUSES = {"In-Data-Review": "inprocess", "In-Process": "inprocess"}


def _heading_keys(heading: Heading, *, is_major_only: bool) -> Iterator[str]:
    key = key_of(heading.name)
    if is_major_only and not heading.is_major:
        return
    yield key
    is_descriptor_major = heading.is_major and not any(is_major for _, is_major in heading.qualifiers)
    for name, is_major in heading.qualifiers:
        if not is_major_only or is_major or is_descriptor_major:
            yield f"{key}/{subheading_key(name)}"


def _asked_heading_keys(text: str) -> tuple[str, ...]:
    heading, slash, subheading = text.rpartition("/")
    whole = key_of(text)
    return (f"{key_of(heading)}/{subheading_key(subheading)}", whole) if slash and key_of(heading) else (whole,)


def _name_keys(people: Iterable[Person], *, is_full_only: bool = False) -> Iterator[str]:
    """A name as "family initials", the family name alone, and in full both ways round."""
    for person in people:
        last, fore = key_of(person.last), key_of(person.fore)
        if not last:
            continue
        if not is_full_only:
            yield last
            yield key_of(f"{person.last} {person.initials}")
            yield key_of(person.name)
        if fore:
            yield f"{last} {fore}"
            yield f"{fore} {last}"


def _identifier_key(text: str) -> str:
    found = _ORCID.search(text)
    return "".join(found.groups()).lower() if found else key_of(text)


def _journal_keys(article: Article) -> Iterator[str]:
    yield from map(key_of, (article.journal, article.journal_abbreviation, article.journal_id, *article.issns))
    yield from (issn.replace("-", "").lower() for issn in article.issns)


def _page_keys(article: Article) -> Iterator[str]:
    yield _compact(article.pages)
    yield _compact(re.split(r"[-–,;]", article.pages, maxsplit=1)[0])


def _filter_keys(article: Article) -> Iterator[str]:
    yield "all"
    status = key_of(_STATUSES.get(article.status, article.status))
    yield from {status, status.replace(" ", "")}
    for subset in map(key_of, article.subsets):
        yield subset
        yield f"jsubset{subset}"
    if article.abstract:
        yield from ("hasabstract", "has abstract")
    if article.pmcid:
        yield "pubmed pmc"
    if article.is_book:
        yield from ("books", "pubmed books")
    yield from (LANGUAGES.get(language.lower(), "") for language in article.languages)
    yield from (heading.name.lower() for heading in article.headings if heading.name in _CHECK_TAGS)
    yield from map(key_of, article.publication_types)


_CHECK_TAGS = {"Humans", "Animals", "Male", "Female"}


def _compact(text: str) -> str:
    return "".join(text.split()).lower()


def _identifiers(article: Article) -> tuple[str, ...]:
    return normal_doi(article.doi), article.pii.lower()


HELD_KEYS: dict[str, Callable[[Article], Iterable[str]]] = {
    "mh": lambda a: chain.from_iterable(_heading_keys(h, is_major_only=False) for h in a.headings),
    "majr": lambda a: chain.from_iterable(_heading_keys(h, is_major_only=True) for h in a.headings),
    "sh": lambda a: (subheading_key(name) for h in a.headings for name, _ in h.qualifiers),
    "nm": lambda a: map(key_of, substances_of(a)),
    "rn": lambda a: (key_of(number) for number in a.registry_numbers if number != "0"),
    "pa": lambda _: (),
    "tag": lambda _: (),
    "ps": lambda _: (),
    "au": lambda a: _name_keys(a.authors),
    "fau": lambda a: _name_keys(a.authors, is_full_only=True),
    "1au": lambda a: _name_keys(a.authors[:1]),
    "lastau": lambda a: _name_keys(a.authors[-1:]),
    "auid": lambda a: (_identifier_key(text) for person in _people(a) for text in person.identifiers),
    "ir": lambda a: _name_keys(a.investigators),
    "fir": lambda a: _name_keys(a.investigators, is_full_only=True),
    "ed": lambda a: _name_keys(a.editors),
    "ta": _journal_keys,
    "jid": lambda a: (key_of(a.journal_id),),
    "vi": lambda a: (key_of(a.volume),),
    "ip": lambda a: (key_of(a.issue),),
    "pg": _page_keys,
    "la": lambda a: (
        name
        for code in map(str.lower, a.languages)
        for name in (code, key_of(LANGUAGES.get(code, "")), LANGUAGES.get(code, "").partition(",")[0])
    ),
    "pl": lambda a: (key_of(a.country),),
    "pt": lambda a: map(key_of, a.publication_types),
    "sb": _filter_keys,
    "uid": lambda a: (a.pmid,),
    "aid": _identifiers,
    "lid": _identifiers,
    "pmc": lambda a: (a.pmcid.lower(), a.pmcid.lower().removeprefix("pmc"), a.manuscript_id.lower()),
    "isbn": lambda a: (re.sub(r"[\s-]+", "", isbn).lower() for isbn in a.isbns),
    "owner": lambda a: (key_of(a.owner),),
}


def plain_keys(text: str) -> tuple[str, ...]:
    return (key_of(text),)


def _compact_keys(text: str) -> tuple[str, ...]:
    return (_compact(text.rstrip("*")),)


ASKED_KEYS: dict[str, Callable[[str], tuple[str, ...]]] = {
    "mh": _asked_heading_keys,
    "majr": _asked_heading_keys,
    "sh": lambda text: (subheading_key(text),),
    "auid": lambda text: (_identifier_key(text),),
    "pg": _compact_keys,
    "aid": lambda text: (normal_doi(text.rstrip("*")),),
    "lid": lambda text: (normal_doi(text.rstrip("*")),),
    "pmc": _compact_keys,
    "uid": _compact_keys,
    "isbn": lambda text: (re.sub(r"[\s*-]+", "", text).lower(),),
}

HELD_DAYS: dict[str, Callable[[Article], Iterable[int | None]]] = {
    "dp": lambda a: {day_of(a.published), day_of(a.published_electronically)},
    "ppdat": lambda a: (day_of(a.published),),
    "epdat": lambda a: (day_of(a.published_electronically),),
    "edat": lambda a: (day_of(a.dates.get("EDAT", "")),),
    "crdt": lambda a: (day_of(a.dates.get("CRDT", "")),),
    "mhda": lambda a: (day_of(a.dates.get("MHDA", "")),),
    "dcom": lambda a: (day_of(a.dates.get("DCOM", "")),),
    "lr": lambda a: (day_of(a.dates.get("LR", "")),),
    "uid": lambda a: (int(a.pmid) if a.pmid.isascii() and a.pmid.isdigit() and len(a.pmid) < 19 else None,),
}


# --- what an article is known not to hold -----------------------------------------------------------------------------


def _is_full(article: Article) -> bool:
    return article.extent is Extent.FULL


def _has_headings(article: Article) -> bool:
    return bool(article.headings)


def _has_all_authors(article: Article) -> bool:
    return bool(article.authors) and article.is_author_list_complete


# Columns and fields of which an article tells all there is; what it does not hold there, PubMed's record lacks too. A
# record without abstract or headings may get them, so that their absence tells nothing. Those not named are known
# where the entry is whole.
KNOWN: dict[str, Callable[[Article], bool]] = {
    "title": lambda a: bool(a.title),
    "abstract": lambda a: bool(a.abstract),
    # An export that carries abstracts carries what else belongs to the text.
    "keywords": lambda a: _is_full(a) or bool(a.keywords) or (a.extent is Extent.EXPORT and bool(a.abstract)),
    "other abstracts": lambda a: _is_full(a) or (a.extent is Extent.EXPORT and bool(a.abstract)),
    "indexing": _has_headings,
    "names": _has_all_authors,
    "identity": lambda _: True,
    "mh": _has_headings,
    "majr": lambda a: _is_full(a) and _has_headings(a),
    "sh": lambda a: _is_full(a) and _has_headings(a),
    "pt": lambda a: _has_headings(a) and bool(a.publication_types),
    "nm": lambda a: _is_full(a) and _has_headings(a),
    "rn": lambda a: _is_full(a) and _has_headings(a),
    "au": _has_all_authors,
    "1au": _has_all_authors,
    "lastau": _has_all_authors,
    "vi": lambda a: bool(a.volume),
    "ip": lambda a: bool(a.issue),
    "pg": lambda a: bool(a.pages) and _is_full(a),
    "la": lambda a: bool(a.languages) and a.extent is not Extent.EXPORT,
    "uid": lambda a: bool(a.pmid),
    "aid": lambda a: _is_full(a) or bool(a.doi),
    "lid": lambda a: _is_full(a) or bool(a.doi),
    "pmc": lambda a: _is_full(a) or bool(a.pmcid),
    "sb": lambda _: False,
    "pa": lambda _: False,
    "ps": lambda _: False,
    "tag": lambda _: False,
    "dp": lambda a: day_of(a.published) is not None,
    "crdt": lambda a: "CRDT" in a.dates,
    "lr": lambda a: "LR" in a.dates,
}
DEFAULT_KNOWN = _is_full

# Publication types that have no narrower ones in MeSH (tree V03).
NARROWEST_TYPES = frozenset({"case reports", "letter", "editorial", "comment", "news", "published erratum"})
