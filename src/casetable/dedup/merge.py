"""One record out of the records of one report: the best of each field, and from which of them it is.

Nothing is decided twice: the base is the fullest record and gives all that it has in good form. Another one gives a field
that the base lacks, or has cut short, in capitals or in a style that lost something.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from casetable.model.article import Article, Extent


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """One record: `base` and the values of `origins` are positions among the records that were merged.

    `origins` names the fields that are not the base's alone; `differing` those in which other records say another thing.
    """

    article: Article
    base: int
    origins: Mapping[str, tuple[int, ...]]
    differing: tuple[str, ...]


def merge(articles: Sequence[Article], favored: Collection[int] = ()) -> Merged:
    """Returns one record of one or more; their order does not matter but between records that say exactly the same.

    The base is one of the `favored` positions, where there are any.
    """
    order = sorted(range(len(articles)), key=lambda at: (at not in favored, *_rank(articles[at]), repr(articles[at])))
    base = order[0]
    origins: dict[str, tuple[int, ...]] = {}
    values: dict[str, object] = {}
    differing = []
    for name, worth in _WORTH.items():
        filled = [at for at in order if getattr(articles[at], name)]
        if not filled:
            continue
        # The base comes first among equals; PubMed's record is curated, and stands wherever it says something.
        curated = next((at for at in filled if articles[at].extent is Extent.FULL), None)
        best = max(filled, key=lambda at: (worth(articles[at]), -order.index(at))) if curated is None else curated
        if name == "doi" and curated is None:
            best = _most_said([articles[at].doi for at in filled], filled)
        if getattr(articles[best], name) != getattr(articles[base], name):
            origins[name] = (best,)
            values[name] = getattr(articles[best], name)
        if len({_plain(articles[at], name) for at in filled}) > 1:
            differing.append(name)
    for name in _UNITED:
        if articles[base].extent is Extent.FULL and getattr(articles[base], name):
            continue
        found: dict[str, object] = {}
        givers = []
        for at in order:
            before = len(found)
            for value in getattr(articles[at], name):
                found.setdefault(re.sub(r"[\W_]+", " ", value.casefold()).strip(), value)
            if len(found) > before:
                givers.append(at)
        if givers not in ([], [base]):
            origins[name], values[name] = tuple(givers), tuple(found.values())
    article: Article = replace(articles[base], **values) if values else articles[base]  # type: ignore[arg-type]
    if "authors" in origins:
        article = replace(article, is_author_list_complete=articles[origins["authors"][0]].is_author_list_complete)
    return Merged(article=article, base=base, origins=origins, differing=tuple(differing))


def _rank(article: Article) -> tuple[int, ...]:
    """Sorts the record that says most first, PubMed's in front of all."""
    filled = sum(bool(getattr(article, name)) for name in (*_WORTH, *_UNITED))
    return -(article.extent is Extent.FULL), -filled, -bool(article.pmid), -len(article.abstract_text)


def _most_said(values: Sequence[str], positions: Sequence[int]) -> int:
    counted = Counter(values)
    return max(zip(positions, values, strict=True), key=lambda each: (counted[each[1]], -positions.index(each[0])))[0]


def _plain(article: Article, name: str) -> str:
    value = getattr(article, name)
    if name == "abstract":
        value = article.abstract_text
    elif name == "authors":
        value = " ".join(person.last or person.collective for person in article.authors)
    elif name == "published":
        value = article.published[:4]
    elif name == "pages":  # 482-91 is 482-491
        value = value.partition("-")[0]
    return re.sub(r"[\W_]+", "", str(value).casefold())


Worth = Callable[[Article], object]


def _title(article: Article) -> object:
    """A title in small letters, not translated, not cut short; then the one with more of its characters kept."""
    title = article.title
    is_cut = title.rstrip().endswith(("...", "…"))
    is_loud = title.isupper()
    return not is_cut, not is_loud, not title.startswith("["), "\ufffd" not in title and "?" not in title[:-1]


def _abstract(article: Article) -> object:
    text = article.abstract_text
    return "\ufffd" not in text, len(text) // 100


def _authors(article: Article) -> object:
    """Whole lists, then more authors, then whole first names."""
    full = sum(len(person.fore.replace(".", "").split(" ")[0]) > 1 for person in article.authors)
    return article.is_author_list_complete, len(article.authors), full


def _journal(article: Article) -> object:
    """Whole words before abbreviated ones, and not in capitals."""
    name = article.journal
    long = [word for word in re.findall(r"[^\W\d_]+", name) if len(word) > 3 or word[0].isupper()]
    is_short = "." in name or (len(long) > 1 and sum(map(len, long)) < 5.5 * len(long))
    return not is_short, not name.isupper() or len(name) < 6


def _pages(article: Article) -> object:
    """Pages from first to last, and none that a spreadsheet took for a date."""
    is_date = re.search("[A-Za-z]{3}", article.pages) is not None
    return not is_date, "-" in article.pages


def _published(article: Article) -> object:
    """A date of the issue before one ahead of print, then the one that says more."""
    return bool(article.volume or article.pages), len(article.published)


def _any(_: Article) -> object:
    return 0


# Lists that lose nothing when they are put together.
_UNITED = ("issns", "isbns", "keywords")

# What a field is worth; the base's own stands among equals.
_WORTH: dict[str, Worth] = {
    "title": _title,
    "vernacular_title": _any,
    "abstract": _abstract,
    "authors": _authors,
    "editors": _any,
    "journal": _journal,
    "journal_abbreviation": _any,
    "publisher": _any,
    "volume": _any,
    "issue": _any,
    "pages": _pages,
    "published": _published,
    "languages": _any,
    "publication_types": _any,
    "doi": _any,
    "pmid": _any,
    "pmcid": _any,
}
