"""Finds the articles that a query asks for, by an inverted index: never by going through the articles.

Each column of an article (title, abstract, headings, …) has its own index, built when a query first asks for it. Words
have one running number through a column, with a gap after each value: neighbors differ by one, and no phrase runs from
one value into the next.
"""

from __future__ import annotations

import datetime as dt
import re
from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import chain, groupby

from casetable.model import normal_doi
from casetable.model.article import Article, Heading, Person
from casetable.query.dates import day_of, span_of
from casetable.query.tags import Field, Kind
from casetable.query.tree import Boolean, Chain, Group, Node, QueryError, Range, Reference, Term, fold
from casetable.query.words import LANGUAGES, STOP_WORDS, key_of, subheading_key, words_of

LEAST_TRUNCATED = 4

_PMIDS = re.compile(r"[1-9][0-9]{0,8}(?: [1-9][0-9]{0,8})*")
_NOTHING: frozenset[int] = frozenset()
_END = 2**64  # after every place


class Index:
    """The articles of a sequence, found by query. It keeps the sequence; a position is an article's place in it.

    `today` is the day from which "last 6 months" counts.
    """

    def __init__(self, articles: Sequence[Article], *, today: dt.date) -> None:
        self.today = today
        self._articles = articles
        self._words: dict[str, _Words] = {}
        self._keys: dict[str, _Keys] = {}
        self._days: dict[str, _Days] = {}

    def __len__(self) -> int:
        return len(self._articles)

    def search(self, node: Node, *, references: Mapping[int, Collection[int]] | None = None) -> frozenset[int]:
        """Returns the positions of the articles that match, by what the query says, term by term.

        A term without a tag, or with one that PubMed does not know, is sought in all fields: each word by itself where
        it has no quotes, the phrase where it has. Headings are matched as the records carry them; there is no tree here
        to find the narrower ones by. `*` counts at the end of a term, after four characters or more. A stop word by
        itself finds nothing. A term that no article holds finds nothing; that PubMed drops some such terms is told by
        `translate`. `references` are the positions that earlier searches (`#1`) found; raises QueryError for others.
        """
        earlier = references or {}

        def visit(part: Node, found: Sequence[AbstractSet[int]]) -> AbstractSet[int]:
            if isinstance(part, Term):
                return self._term(part)
            if isinstance(part, Range):
                return self._range(part)
            if isinstance(part, Reference):
                if part.number not in earlier:
                    raise QueryError(f"#{part.number} is no earlier search", part.start, part.end)
                return frozenset(earlier[part.number])
            if isinstance(part, Group):
                return self._group(part, found[0])
            if not isinstance(part, Chain):
                raise TypeError(type(part))
            matched = set(found[0])
            for operator, more in zip(part.operators, found[1:], strict=True):
                if operator.kind is Boolean.AND:
                    matched &= more
                elif operator.kind is Boolean.OR:
                    matched |= more
                else:
                    matched -= more
            return matched

        found: AbstractSet[int] = fold(node, visit)
        return frozenset(found)

    def heading(self, text: str) -> str:
        """Returns the MeSH heading of these words as a record has it, or nothing."""
        return self._name_held("mh", key_of(text), lambda article: (heading.name for heading in article.headings))

    def substance(self, text: str) -> str:
        """Returns the substance or supplementary concept of these words as a record has it, or nothing."""
        return self._name_held("nm", key_of(text), _substances)

    def journal(self, text: str) -> tuple[str, str] | None:
        """Returns the abbreviation and NLM's id of the journal that a title, abbreviation or ISSN names, if it has both."""
        for at in sorted(self._keys_of("ta").exact(key_of(text))):
            article = self._articles[at]
            if article.journal_abbreviation and article.journal_id:
                return article.journal_abbreviation, article.journal_id
        return None

    def _name_held(self, column: str, key: str, names: Callable[[Article], Iterable[str]]) -> str:
        held = self._keys_of(column).exact(key) if key else _NOTHING
        return next((name for at in sorted(held)[:1] for name in names(self._articles[at]) if key_of(name) == key), "")

    # --- terms --------------------------------------------------------------------------------------------------------

    def _group(self, group: Group, found: AbstractSet[int]) -> AbstractSet[int]:
        value = single_value(group)
        return self._term(value) if value is not None else found

    def _term(self, term: Term) -> AbstractSet[int]:
        field = term.field
        if field is None:
            return self._untagged(term)
        if field.kind is Kind.DATE:
            span = span_of(term.text, self.today)
            return self._days_of(field.tag).between(*span) if span is not None else _NOTHING
        is_truncated = _is_truncated(term)
        if field.kind is Kind.WORDS:
            return self._phrase(_SEARCHED[field.tag], words_of(term.text), is_truncated=is_truncated, near=term.near)
        if field.kind is Kind.NAME:
            return self._name(field, term, is_truncated=is_truncated)
        keys = self._keys_of(field.tag)
        found: set[int] = set()
        for key in _ASKED_KEYS.get(field.tag, _plain_keys)(term.text):
            found |= keys.prefixed(key) if is_truncated else keys.exact(key)
        return found

    def _untagged(self, term: Term) -> AbstractSet[int]:
        if term.is_quoted or term.is_truncated:
            return self._phrase(_SEARCHED["all"], words_of(term.text), is_truncated=_is_truncated(term))
        if pmids := pmids_of(term):
            keys = self._keys_of("uid")
            return set(chain.from_iterable(keys.exact(pmid) for pmid in pmids))
        matched: AbstractSet[int] | None = None
        for unit in term.text.split():
            words = words_of(unit)
            if not words or is_stop_word(words):
                continue
            found = self._phrase(_SEARCHED["all"], words)
            matched = found if matched is None else matched & found
        return matched if matched is not None else _NOTHING

    def _phrase(
        self, columns: Iterable[str], words: list[str], *, is_truncated: bool = False, near: int | None = None
    ) -> AbstractSet[int]:
        if not words or (is_stop_word(words) and not is_truncated):
            return _NOTHING
        found: set[int] = set()
        for column in columns:
            index = self._words_of(column)
            found |= index.phrase(words, is_truncated=is_truncated) if near is None else index.near(words, near)
        return found

    def _name(self, field: Field, term: Term, *, is_truncated: bool) -> AbstractSet[int]:
        """A name is found with all initials that may follow, unless it is quoted; a family name alone finds all of it."""
        keys, key = self._keys_of(field.tag), key_of(term.text)
        if not key:
            return _NOTHING
        if is_truncated:
            return keys.prefixed(key)
        found = keys.exact(key)
        if not term.is_quoted and " " in key:
            has_initials = len(key.rpartition(" ")[2]) <= 2
            found |= keys.prefixed(key if has_initials else key + " ")
        return found

    def _range(self, asked: Range) -> AbstractSet[int]:
        field = asked.field
        if field is None or not field.takes_range:
            return _NOTHING
        if field.kind is not Kind.DATE:
            low, high = asked.low.text, asked.high.text
            is_number = low.isascii() and low.isdigit() and high.isascii() and high.isdigit()
            return self._days_of("uid").between(int(low[:12]), int(high[:12])) if is_number else _NOTHING
        first, last = span_of(asked.low.text, self.today), span_of(asked.high.text, self.today)
        return self._days_of(field.tag).between(first[0], last[1]) if first and last else _NOTHING

    # --- columns ------------------------------------------------------------------------------------------------------

    def _words_of(self, column: str) -> _Words:
        if column not in self._words:
            self._words[column] = _Words(self._articles, _COLUMNS[column])
        return self._words[column]

    def _keys_of(self, column: str) -> _Keys:
        if column not in self._keys:
            self._keys[column] = _Keys(self._articles, _HELD_KEYS[column])
        return self._keys[column]

    def _days_of(self, column: str) -> _Days:
        if column not in self._days:
            self._days[column] = _Days(self._articles, _HELD_DAYS[column])
        return self._days[column]


def single_value(group: Group) -> Term | None:
    """Returns the one value of a group with the group's tag, which counts there; None for any other group."""
    inner = group.inner
    if group.tag is None or not isinstance(inner, Term) or inner.tag is not None:
        return None
    return Term(text=inner.text, is_quoted=inner.is_quoted, tag=group.tag, start=group.start, end=group.end)


def pmids_of(term: Term) -> tuple[str, ...]:
    """Returns the PMIDs that a term without a tag lists, which PubMed joins by OR; a single short number is no PMID."""
    if term.is_quoted or not _PMIDS.fullmatch(term.text):
        return ()
    numbers = tuple(term.text.split())
    return numbers if len(numbers) > 1 and all(len(number) > 4 for number in numbers) else ()


def is_stop_word(words: Sequence[str]) -> bool:
    return len(words) == 1 and words[0] in STOP_WORDS


def _is_truncated(term: Term) -> bool:
    return term.is_truncated and sum(len(word) for word in words_of(term.text)) >= LEAST_TRUNCATED


# --- indexes ----------------------------------------------------------------------------------------------------------


class _Words:
    """Where each word of a column stands: an array of running numbers a word, in order."""

    __slots__ = ("_ends", "_owners", "_starts", "_vocabulary", "_where")

    def __init__(self, articles: Sequence[Article], values: Callable[[Article], Iterable[str]]) -> None:
        self._where: dict[str, array[int]] = {}
        self._starts: array[int] = array("I")
        self._ends: array[int] = array("I")
        self._owners: array[int] = array("I")
        self._vocabulary: list[str] | None = None
        where, known, at = self._where, self._where.get, 0
        for owner, article in enumerate(articles):
            for value in values(article):
                words = words_of(value) if value else None
                if not words:
                    continue
                self._starts.append(at)
                self._owners.append(owner)
                for here, word in enumerate(words, start=at):
                    places = known(word)
                    if places is None:
                        where[word] = array("I", (here,))
                    else:
                        places.append(here)
                at += len(words)
                self._ends.append(at)
                at += 1  # the gap

    def phrase(self, words: Sequence[str], *, is_truncated: bool) -> set[int]:
        """Returns the articles in which the words stand side by side; the last may be the beginning of one."""
        places: list[list[array[int]]] = []
        for number, word in enumerate(words, start=1):
            arrays = self._beginning(word) if is_truncated and number == len(words) else self._exactly(word)
            if not arrays:
                return set()
            places.append(arrays)
        if len(places) == 1:
            return self._owners_of(places[0])
        sizes = [sum(map(len, arrays)) for arrays in places]
        rare, *others = sorted(range(len(places)), key=lambda n: sizes[n])
        begins = {at - rare for found in places[rare] for at in found}
        for n in others:
            if not begins:
                break
            if len(places[n]) == 1 and len(begins) * 16 < sizes[n]:
                begins = {at for at in begins if _holds(places[n][0], at + n)}
            else:
                begins &= {at - n for found in places[n] for at in found}
        return self._owners_of([sorted(begins)])

    def near(self, words: Sequence[str], gap: int) -> set[int]:
        """Returns the articles with a value in which all the words stand, in any order, `gap` others between at most."""
        needed = Counter(words)
        if any(word not in self._where for word in needed):
            return set()
        width = len(words) + gap
        rare = min(needed, key=lambda word: len(self._where[word]))
        found: set[int] = set()
        for at in self._where[rare]:
            value = bisect_right(self._starts, at) - 1
            if self._owners[value] in found:
                continue
            low, high = max(self._starts[value], at - width + 1), min(self._ends[value], at + width)
            places: list[tuple[int, str]] = []
            for word in needed:
                where = self._where[word]
                here = where[bisect_left(where, low) : bisect_left(where, high)]
                if len(here) < needed[word]:
                    break
                places += ((place, word) for place in here)
            else:
                if _fits(sorted(places), needed, width):
                    found.add(self._owners[value])
        return found

    def _exactly(self, word: str) -> list[array[int]]:
        return [self._where[word]] if word in self._where else []

    def _beginning(self, stem: str) -> list[array[int]]:
        if self._vocabulary is None:
            self._vocabulary = sorted(self._where)
        return [self._where[word] for word in _beginning(self._vocabulary, stem)]

    def _owners_of(self, places: Iterable[Sequence[int]]) -> set[int]:
        starts, owners, found = self._starts, self._owners, set()
        last = len(starts)
        for ordered in places:
            value, following = 0, -1
            for at in ordered:
                if at < following:
                    continue
                value = bisect_right(starts, at, value) - 1
                following = starts[value + 1] if value + 1 < last else _END
                found.add(owners[value])
        return found


class _Keys:
    """The articles of each whole value of a column."""

    __slots__ = ("_ordered", "_owners")

    def __init__(self, articles: Sequence[Article], keys: Callable[[Article], Iterable[str]]) -> None:
        self._owners: dict[str, array[int]] = {}
        self._ordered: list[str] | None = None
        for owner, article in enumerate(articles):
            for key in keys(article):
                if not key:
                    continue
                if key in self._owners:
                    if self._owners[key][-1] != owner:
                        self._owners[key].append(owner)
                else:
                    self._owners[key] = array("I", (owner,))

    def exact(self, key: str) -> set[int]:
        return set(self._owners.get(key, ()))

    def prefixed(self, stem: str) -> set[int]:
        if self._ordered is None:
            self._ordered = sorted(self._owners)
        return set(chain.from_iterable(self._owners[key] for key in _beginning(self._ordered, stem)))


class _Days:
    """The articles of a column of days or other numbers, in their order."""

    __slots__ = ("_days", "_owners")

    def __init__(self, articles: Sequence[Article], days: Callable[[Article], Iterable[int | None]]) -> None:
        pairs = sorted(
            (day, owner) for owner, article in enumerate(articles) for day in days(article) if day is not None
        )
        self._days = array("Q", (day for day, _ in pairs))
        self._owners = array("I", (owner for _, owner in pairs))

    def between(self, first: int, last: int) -> set[int]:
        return set(self._owners[bisect_left(self._days, first) : bisect_right(self._days, last)])


def _beginning(ordered: Sequence[str], stem: str) -> Sequence[str]:
    first = bisect_left(ordered, stem)
    return ordered[first : bisect_left(ordered, stem + "\U0010ffff", first)]


def _holds(ordered: array[int], value: int) -> bool:
    at = bisect_left(ordered, value)
    return at < len(ordered) and ordered[at] == value


def _fits(places: Sequence[tuple[int, str]], needed: Mapping[str, int], width: int) -> bool:
    """Says whether all needed words stand within `width` running numbers of each other."""
    missing, held, first = sum(needed.values()), Counter[str](), 0
    for at, word in places:
        held[word] += 1
        missing -= held[word] <= needed[word]
        while places[first][0] <= at - width:
            gone = places[first][1]
            missing += held[gone] <= needed[gone]
            held[gone] -= 1
            first += 1
        if missing == 0:
            return True
    return False


# --- what an article holds --------------------------------------------------------------------------------------------


def _other_abstracts(article: Article) -> Iterator[str]:
    for _, sections in groupby(article.other_abstracts, key=lambda section: (section.kind, section.language)):
        yield " ".join(f"{section.label} {section.text}" for section in sections)


def _indexing(article: Article) -> Iterator[str]:
    for heading in article.headings:
        yield heading.name
        yield from (name for name, _ in heading.qualifiers)
    yield from _substances(article)
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
    for person in _people(article):
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
        article.country,
    )


def _substances(article: Article) -> tuple[str, ...]:
    return (*article.supplementary_concepts, *article.substances)


_COLUMNS: dict[str, Callable[[Article], Iterable[str]]] = {
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
}
_TEXT = ("title", "abstract", "other abstracts", "keywords")
_SEARCHED: dict[str, tuple[str, ...]] = {
    "all": tuple(_COLUMNS),
    "tiab": _TEXT,
    "tw": (*_TEXT, "indexing", "collectives", "databanks"),
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


_HELD_KEYS: dict[str, Callable[[Article], Iterable[str]]] = {
    "mh": lambda a: chain.from_iterable(_heading_keys(h, is_major_only=False) for h in a.headings),
    "majr": lambda a: chain.from_iterable(_heading_keys(h, is_major_only=True) for h in a.headings),
    "sh": lambda a: (subheading_key(name) for h in a.headings for name, _ in h.qualifiers),
    "nm": lambda a: map(key_of, _substances(a)),
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


def _plain_keys(text: str) -> tuple[str, ...]:
    return (key_of(text),)


def _compact_keys(text: str) -> tuple[str, ...]:
    return (_compact(text.rstrip("*")),)


_ASKED_KEYS: dict[str, Callable[[str], tuple[str, ...]]] = {
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

_HELD_DAYS: dict[str, Callable[[Article], Iterable[int | None]]] = {
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
