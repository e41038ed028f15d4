"""One pair of records: where its fields agree, differ or are missing, and what follows, with the rule that says so.

Losing a distinct report is worse than keeping a copy. So "same" needs agreement that two reports do not have by chance, and
what is like but not certain is "possible", for a person.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import pairwise
from string import ascii_lowercase

from rapidfuzz import fuzz
from rapidfuzz.distance import JaroWinkler

from casetable.dedup.normalize import Normal


class Verdict(StrEnum):
    SAME = "same"
    POSSIBLE = "possible"
    DIFFERENT = "different"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What is a matter of policy: whether the versions of one Cochrane review, or a preprint and its article, are one report."""

    joins_cochrane_versions: bool = False
    joins_preprints: bool = False


# What is compared, in the order in which it is told.
FIELDS = ("title", "abstract", "authors", "year", "journal", "volume", "pages", "doi", "pmid", "pmcid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """How the fields of two records stand to each other; None where one of them lacks the field.

    `title` is from 0 to 100; `authors` from 0 (none in common) to 1; `years` is how far they are apart.
    """

    title: float | None
    authors: float | None
    years: int | None
    journal: bool | None
    volume: bool | None
    pages: bool | None
    doi: bool | None
    pmid: bool | None
    pmcid: bool | None
    abstract: float | None

    @property
    def is_one_place(self) -> bool:
        """The same volume and page, in one year or the next."""
        return bool(self.pages and self.volume and (self.years or 0) <= 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is decided of a pair, by which rule, and what the fields say.

    `is_firm` is a difference that nothing outweighs. `is_linked` are two reports of one work, a preprint and its article.
    """

    verdict: Verdict
    rule: str
    compared: Compared
    is_firm: bool = False

    @property
    def is_linked(self) -> bool:
        return self.rule == _PREPRINT

    @property
    def fields(self) -> tuple[str, ...]:
        """Each field in words: agrees, differs or is missing."""
        compared = self.compared
        told = []
        for name in FIELDS[:2]:
            value = getattr(compared, name)
            told.append(f"{name}: missing" if value is None else f"{name}: {value:.0f} % alike")
        authors = "missing" if compared.authors is None else _AUTHORS[compared.authors]
        told.append(f"authors: {authors}")
        years = "missing" if compared.years is None else f"{compared.years} apart" if compared.years else "agrees"
        told.append(f"year: {years}")
        for name in FIELDS[4:]:
            value = getattr(compared, name)
            told.append(f"{name}: {'missing' if value is None else 'agrees' if value else 'differs'}")
        return tuple(told)


_PREPRINT = "a preprint and its article"
_COCHRANE = "10.1002/14651858."

# How two lists of authors stand to each other.
_ALIKE, _MOST, _FIRST, _NONE = 1.0, 0.8, 0.6, 0.0
_AUTHORS = {_ALIKE: "agree", _MOST: "most agree", _FIRST: "the first agrees", _NONE: "differ"}

# Titles, in per cent alike: the same but for typing; near; of one report at all; and of one if the place is the same.
_TITLE_SAME, _TITLE_NEAR, _TITLE_LEAST, _TITLE_OF_PLACE = 95.0, 88.0, 80.0, 60.0
_WITHIN = 97.0  # of a title with a part of another
_SHORT_TITLE, _SHORT_CHARACTERS = 5, 25  # words; shorter ones stand over many reports
_ABSTRACT_LEAST = 80  # characters
_ABSTRACT_OTHER = 50.0  # two texts of one language have about so much in common


def compare(one: Normal, other: Normal) -> Compared:
    """Returns how the fields of two records stand to each other."""
    title = None
    if one.title and other.title:
        title = 100.0 if one.title == other.title else fuzz.ratio(one.title, other.title)
        if title < _TITLE_SAME:
            title = max(title, fuzz.token_sort_ratio(one.title, other.title, score_cutoff=title))
            if one.title.replace(" ", "") == other.title.replace(" ", ""):
                title = 100.0
    abstract = None
    if min(len(one.abstract), len(other.abstract)) > _ABSTRACT_LEAST:
        abstract = fuzz.ratio(one.abstract, other.abstract)
    return Compared(
        title=title,
        authors=_authors(one, other),
        years=abs(one.year - other.year) if one.year and other.year else None,
        journal=_journal(one, other),
        volume=one.volume == other.volume if one.volume and other.volume else None,
        pages=_pages(one, other),
        doi=one.doi == other.doi if one.doi and other.doi else None,
        pmid=one.pmid == other.pmid if one.pmid and other.pmid else None,
        pmcid=one.pmcid == other.pmcid if one.pmcid and other.pmcid else None,
        abstract=abstract,
    )


def is_plainly_another(one: Normal, other: Normal) -> bool:
    """Says at once of most pairs that are different that they are, so that only the others need a closer look.

    Where it says so, `decide` says "different".
    """
    doi, pmid, volume = one.doi, one.pmid, one.volume
    if (pmid and pmid == other.pmid) or (doi and doi == other.doi) or not (one.title and other.title):
        return False
    if one.pmcid and one.pmcid == other.pmcid:
        return False
    has_dois = doi and other.doi
    if has_dois and doi.startswith(_COCHRANE) and other.doi.startswith(_COCHRANE):
        return False
    if one.is_preprint != other.is_preprint:
        return False
    if (pmid and other.pmid) or one.is_notice != other.is_notice:
        return True
    has_volumes = volume and other.volume
    is_other_volume = has_volumes and volume != other.volume
    is_other_year = one.year and other.year and abs(one.year - other.year) > 1
    if is_other_volume and (is_other_year or has_dois):
        return True
    if is_other_year and not (has_volumes and one.pages and other.pages):
        return True
    is_page = _pages(one, other)
    if is_page is False and (is_other_volume or is_other_year or has_dois):
        return True
    if has_dois and _journal(one, other) is False:
        return True
    if not (is_page and has_volumes and not is_other_volume):
        return _is_other_text(one, other) or _is_other_title(one, other, _TITLE_LEAST)
    is_translated = _is_one_range(one, other) and min(len(one.names), len(other.names)) > 2
    return not is_translated and _is_other_title(one, other, _TITLE_OF_PLACE)


def _is_other_title(one: Normal, other: Normal, least: float) -> bool:
    """Says whether two titles are less alike than is asked for, and neither is the other without its end."""
    alike = fuzz.ratio(one.title, other.title)
    if alike >= least or fuzz.token_sort_ratio(one.title, other.title, score_cutoff=least):
        return False
    if _may_be_within(one, other, alike) and fuzz.partial_ratio(one.title, other.title, score_cutoff=_WITHIN):
        return False
    return one.title.replace(" ", "") != other.title.replace(" ", "")


def _is_other_text(one: Normal, other: Normal) -> bool:
    if min(len(one.abstract), len(other.abstract)) <= _ABSTRACT_LEAST:
        return False
    return fuzz.ratio(one.abstract, other.abstract, score_cutoff=_ABSTRACT_OTHER) < _ABSTRACT_OTHER


def decide(
    one: Normal,
    other: Normal,
    *,
    titles_of_doi: int = 1,
    settings: Settings | None = None,
    compared: Compared | None = None,
) -> Decision:
    """Returns what is decided of two records.

    `titles_of_doi` is how many different titles stand under their DOI, where they share one: a supplement's abstracts may
    have one DOI for all.
    """
    c = compared or compare(one, other)
    verdict, rule, is_firm = _ruled(one, other, c, titles_of_doi, settings or Settings())
    return Decision(verdict=verdict, rule=rule, compared=c, is_firm=is_firm)


Ruled = tuple[Verdict, str, bool]
_S, _P, _D = Verdict.SAME, Verdict.POSSIBLE, Verdict.DIFFERENT


def _ruled(one: Normal, other: Normal, c: Compared, titles_of_doi: int, settings: Settings) -> Ruled:
    numbers_differ = one.numbers != other.numbers
    if c.pmid:
        if c.title is None or c.title >= 60 or c.pages:
            return _S, "the same PMID", False
        return _P, "the same PMID over two titles", False
    if one.is_notice != other.is_notice and not (c.doi and c.pages and (c.title or 0) >= _TITLE_SAME):
        return _D, "one is a notice, reply or comment", True
    is_preprint_pair = one.is_preprint != other.is_preprint
    if c.pmid is False and not (c.doi and (c.title or 0) >= 97) and not is_preprint_pair:
        return _D, "two PMIDs", True
    if c.pmcid:
        return (_S if c.doi is not False else _P), "the same PMCID", False
    if c.pmcid is False:
        return _D, "two PMCIDs", True
    if is_preprint_pair and not c.doi:
        if not _is_its_preprint(one, other, c):
            return _D, "a preprint and another article", True
        return (_S, _PREPRINT, False) if settings.joins_preprints else (_D, _PREPRINT, True)
    if _is_version(one, other):
        versions = "two versions of one Cochrane review"
        return (_S, versions, False) if settings.joins_cochrane_versions else (_D, versions, True)
    if c.title is None:
        return _without_title(c)
    if c.doi:
        is_within = _is_within(one, other, c)
        return _with_doi(c, numbers_differ=numbers_differ, titles_of_doi=titles_of_doi, is_within=is_within)
    if c.doi is False and (c.pages is False or c.volume is False or c.journal is False):
        return _D, "two DOIs, and another place", True
    return _by_place_and_title(one, other, c, numbers_differ=numbers_differ)


def _is_its_preprint(one: Normal, other: Normal, c: Compared) -> bool:
    """Whether a preprint and an article are of one work: like titles, the same authors, no other numbers, near in time."""
    is_like = (c.title or 0) >= _TITLE_NEAR or _is_within(one, other, c)
    return is_like and bool(c.authors) and one.numbers == other.numbers and (c.years or 0) <= 3


def _without_title(c: Compared) -> Ruled:
    if c.doi and c.authors != _NONE:
        return _S, "the same DOI, one without a title", False
    if c.is_one_place and c.authors and c.journal:
        return _S, "the same place and authors, one without a title", False
    return _D, "no title to compare", False


def _with_doi(c: Compared, *, numbers_differ: bool, titles_of_doi: int, is_within: bool) -> Ruled:
    title = c.title or 0
    is_shared = titles_of_doi > 2
    is_alike = (title >= 75 or is_within) and c.authors != _NONE and (not numbers_differ or c.is_one_place or is_within)
    if is_alike and not (is_shared and (c.pages is False or title < _TITLE_SAME)):
        return _S, "the same DOI and title", False
    if c.pages and c.volume is not False and c.authors and not is_shared:
        return _S, "the same DOI, page and author", False
    if not is_shared and c.pages is not False:
        return _P, "the same DOI over two titles", False
    return _D, "one DOI over several items", is_shared


def _by_place_and_title(one: Normal, other: Normal, c: Compared, *, numbers_differ: bool) -> Ruled:
    title = c.title or 0
    authors = c.authors
    if c.abstract is not None and c.abstract < _ABSTRACT_OTHER and not c.is_one_place:
        return _D, "other abstracts", True
    is_within = _is_within(one, other, c)
    if c.is_one_place and c.journal is not False:
        if numbers_differ and title >= 85 and "".join(one.numbers) != "".join(other.numbers) and not is_within:
            return _P, "the same place, other numbers in the titles", False
        if c.journal and authors and (title >= _TITLE_OF_PLACE or is_within):
            return _S, "the same place, authors and a like title", False
        if authors and authors >= _MOST and title >= 75:
            return _S, "the same place, authors and a like title", False
        if c.journal and authors == _ALIKE and _is_one_range(one, other) and min(len(one.names), len(other.names)) > 2:
            return _S, "the same pages from first to last, and authors, under a translated title", False
        if c.journal and authors is None and title >= 80:
            return _S, "the same place and title, no authors to compare", False
    if title < _TITLE_LEAST and not is_within:
        return _D, "other titles", False
    if numbers_differ:
        return _D, "other numbers in the titles", True
    if authors == _NONE:
        if title >= 97 and c.is_one_place and len(one.words) >= _SHORT_TITLE:
            return _P, "the same place and title, other authors", False
        return _D, "other authors", True
    if not c.is_one_place and _is_swapped(one, other, is_one_text=(c.abstract or 0) > 90):
        return _D, "other words in like titles", True
    return _by_title(one, other, c, is_within=is_within)


def _by_title(one: Normal, other: Normal, c: Compared, *, is_within: bool) -> Ruled:
    """Decides of like titles whose authors do not differ."""
    title, authors = c.title or 0, c.authors
    is_same = title >= _TITLE_SAME
    is_unhurt = authors == _ALIKE and c.journal and c.years == 0 and min(len(one.names), len(other.names)) > 1
    has_words = len(one.words) >= _SHORT_TITLE or (len(one.title) >= _SHORT_CHARACTERS and bool(is_unhurt))
    if c.years is not None and c.years > 1 and not (c.pages and c.volume):
        return _D, "other years", True
    if c.pages is False and c.volume is False:
        return _D, "another place", True
    if c.doi is False and not c.is_one_place:
        return (_P if is_same and authors and has_words else _D), "two DOIs over like titles", False
    if c.pages is False:
        is_online_first = not (one.volume and other.volume)
        if is_online_first and title >= 97 and authors and has_words and c.journal is not False:
            return _S, "online first and print", False
        is_near = title >= 97 and authors and c.journal and not c.years and c.volume is not False and has_words
        return (_P if is_near else _D), "other pages", False
    if c.volume is False:
        if c.pages and is_same and authors and c.journal:
            return _S, "the same page, title and authors, another volume", False
        is_near = title >= 97 and authors and c.journal and has_words
        return (_P if is_near else _D), "another volume", False
    if c.journal is False and not (c.pages and c.volume):
        if c.pages and is_same and authors:
            return _S, "the same page, title and authors", False
        is_near = title >= 97 and authors and not c.years and has_words and (c.abstract is None or c.abstract > 90)
        return (_P if is_near else _D), "another journal", False
    agreeing = sum(bool(field) for field in (c.pages, c.volume, c.journal))
    if is_same and title < 100 and not c.pages and not (c.abstract or 0) > 80 and _has_more(one, other):
        return _P, "a like title with a word more, the same authors", False
    if is_same and authors and has_words and (agreeing or (c.abstract or 0) > 80 or len(one.words) >= 7):
        return _S, "the same title and authors", False
    if is_same and authors and c.pages and c.volume:
        return _S, "the same title, authors and place", False
    if (
        is_same
        and authors is None
        and (c.years or 0) <= 1
        and has_words
        and (c.pages or c.volume or len(one.words) >= 8)
    ):
        return (_S if agreeing else _P), "the same title, no authors to compare", False
    if (title >= _TITLE_NEAR or is_within) and authors and (c.pages or (c.volume and c.journal)):
        if c.pages or (c.abstract or 0) > 80 or not (is_within or _has_more(one, other)):
            return _S, "a like title, the same authors and place", False
        return _P, "a like title with a word more, the same authors", False
    if authors and (title >= 92 or (is_within and c.journal and authors >= _MOST)) and has_words:
        return _P, "a like title and the same authors", False
    return _D, "too little in common", False


# --- fields -----------------------------------------------------------------------------------------------------------


def _authors(one: Normal, other: Normal) -> float | None:
    """Names are looked for anywhere in the other list, by any of their words: their order differs from database to database."""
    if not (one.names and other.names):
        return None
    first, second = one.names[0], other.names[0]
    is_first = (
        not first.words.isdisjoint(second.words)
        or not first.words.isdisjoint(other.all_words)
        or not second.words.isdisjoint(one.all_words)
        or any(JaroWinkler.similarity(first.family, name.family) > 0.92 for name in other.names[:3])
    )
    fewer, more = (one, other) if len(one.names) <= len(other.names) else (other, one)
    others = more.all_words
    share = sum([name.family in others for name in fewer.names]) / len(fewer.names)
    if is_first and (share >= 0.5 or min(len(one.names), len(other.names)) <= 2):
        return _ALIKE
    if share >= 0.5:
        return _MOST
    return _FIRST if is_first else _NONE


def _journal(one: Normal, other: Normal) -> bool | None:
    if not (one.journals and other.journals):
        return None
    return any(_is_one_journal(a, b) for a in one.journals for b in other.journals)


@lru_cache(maxsize=1 << 14)
def _is_one_journal(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Abbreviated words begin like the whole ones; an acronym has their initials."""
    if one == other:
        return True
    short, long = (one, other) if len(one) <= len(other) else (other, one)
    if all(any(a.startswith(b) or b.startswith(a) for b in long) for a in short):
        return True
    if len(short) == 1 and short[0] == "".join(word[0] for word in long):
        return True
    return fuzz.ratio(" ".join(one), " ".join(other)) > 85


def _pages(one: Normal, other: Normal) -> bool | None:
    if not (one.pages and other.pages):
        return None
    if one.pages == other.pages:
        return True
    if not (one.first_page and other.first_page):  # a spreadsheet took one of them for a date
        return len(one.pages & other.pages) == min(len(one.pages), len(other.pages))
    if one.first_page == other.first_page:
        return True
    if one.first_page.isdigit() and other.first_page.isdigit():
        return False
    digits = [page.lstrip(ascii_lowercase) for page in (one.first_page, other.first_page)]
    return digits[0] == digits[1] and len(digits[0]) > 1


def _is_within(one: Normal, other: Normal, c: Compared) -> bool:
    """Whether one title is the other without its end, or its beginning."""
    title = c.title or 0
    if title >= _TITLE_SAME or not _may_be_within(one, other, title):
        return False
    return fuzz.partial_ratio(one.title, other.title, score_cutoff=_WITHIN) >= _WITHIN


def _may_be_within(one: Normal, other: Normal, alike: float) -> bool:
    """Says at once of most titles that neither can be within the other, by how much the whole titles are alike.

    Of the shorter one, w % alike with a part of the other that is no longer, at least w / (200 - w) is there in order.
    """
    shorter, longer = sorted((len(one.title), len(other.title)))
    return shorter > 25 and alike > 200 * _WITHIN / (200 - _WITHIN) * shorter / (shorter + longer) - 1


def _is_one_range(one: Normal, other: Normal) -> bool:
    """Whether both have first and last page, and the same: a range belongs to one item, where one page may hold several."""
    return len(one.pages) == 2 and one.pages == other.pages


def _is_version(one: Normal, other: Normal) -> bool:
    """Whether two records are of versions of one Cochrane review: 10.1002/14651858.CD006828.pub2 and .pub3."""
    if not (one.doi.startswith(_COCHRANE) and other.doi.startswith(_COCHRANE)):
        return False
    stems = [record.doi.rpartition(".pub")[0] or record.doi for record in (one, other)]
    return one.doi != other.doi and stems[0] == stems[1]


_OPPOSED = ({"male", "female"}, {"males", "females"}, {"men", "women"}, {"boys", "girls"}, {"adults", "children"})
_LIGHT = frozenset({"the", "and", "for", "with", "from", "its", "une", "des", "les", "der", "die", "das", "del", "los"})
_OPPOSED_PREFIXES = (("hyper", "hypo"), ("pre", "post"), ("intra", "inter"))


def _is_swapped(one: Normal, other: Normal, *, is_one_text: bool) -> bool:
    """Whether each title has a word that is no misspelling of one of the other's: another drug, sex or species.

    Over one text, only opposed words count, as men and women.
    """
    ours, theirs = _beyond(one.words, other.words), _beyond(other.words, one.words)
    if "".join(ours) == "".join(theirs):
        return False
    if any(_are_opposed(word, candidate) for word in ours for candidate in theirs):
        return True
    if is_one_text:
        return False
    for word in list(ours):
        near = max(theirs, key=lambda candidate: fuzz.ratio(word, candidate), default=None)
        if near is not None and _is_misspelling(word, near):
            ours.remove(word)
            theirs.remove(near)
    return bool(ours and theirs)


def _has_more(one: Normal, other: Normal) -> bool:
    """Whether one title has a word of weight that the other has not, not even misspelled: a subgroup, another country."""
    ours, theirs = _beyond(one.words, other.words), _beyond(other.words, one.words)
    if "".join(ours) == "".join(theirs):
        return False
    for word in list(ours):
        near = next((candidate for candidate in theirs if _is_misspelling(word, candidate)), None)
        if near is not None:
            ours.remove(word)
            theirs.remove(near)
    # A word that was torn in two, or two that were run together, are no more.
    if any("".join(pair) in {*one.words, *other.words} for side in (ours, theirs) for pair in pairwise(side)):
        return False
    return any(len(word) > 2 and word not in _LIGHT for word in (*ours, *theirs))


def _beyond(words: tuple[str, ...], others: tuple[str, ...]) -> list[str]:
    """Returns the words that the others lack, each as often as it is more often."""
    more = Counter(words)
    more.subtract(others)
    return [word for word, number in more.items() for _ in range(number)]


def _are_opposed(one: str, other: str) -> bool:
    return {one, other} in _OPPOSED or any(
        (one.startswith(a) and other.startswith(b)) or (one.startswith(b) and other.startswith(a))
        for a, b in _OPPOSED_PREFIXES
    )


def _is_misspelling(one: str, other: str) -> bool:
    if fuzz.ratio(one, other) >= 82:
        return True
    return min(len(one), len(other)) >= 3 and (one.startswith(other) or other.startswith(one))
