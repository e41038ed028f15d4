"""Marks in an article what a strategy's terms find it by: where in title and abstract, and which of its headings and names."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from casetable.model.article import Article
from casetable.query.evaluate import LEAST_TRUNCATED, is_stop_word, pmids_of, single_value
from casetable.query.held import COLUMNS, SEARCHED
from casetable.query.match import match
from casetable.query.tags import Kind
from casetable.query.tree import Group, Lines, Node, QueryError, Term, walk
from casetable.query.words import words_of

# What is not in title or abstract is told in words: so many at most, as a strategy may have hundreds of headings.
MOST_OTHERS = 12
_IN_TEXT = ("title", "abstract")
_COLUMNS = {
    "other abstracts": "another abstract",
    "keywords": "keyword",
    "indexing": "heading",
    "vernacular title": "original title",
    "book": "book",
    "names": "name",
    "affiliations": "affiliation",
    "collectives": "group",
    "publication": "publication",
    "identity": "identifier",
    "notes": "note",
}
_TAGS = {"mh": "MeSH heading", "majr": "MeSH heading", "sh": "subheading", "nm": "substance", "pt": "publication type"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of a text, in its own characters, and the numbers of the terms that find it."""

    start: int
    end: int
    terms: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedTerm:
    """A term that finds the article: its number in the strategy, and its text as written there."""

    number: int
    text: str
    is_excluding: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """What a term finds elsewhere than in title and abstract: what it is, and its text."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """What a strategy finds an article by. `abstract` has the spans of each of its sections; a `fault` says why nothing is known."""

    title: tuple[Span, ...] = ()
    abstract: tuple[tuple[Span, ...], ...] = ()
    terms: tuple[MarkedTerm, ...] = ()
    others: tuple[Other, ...] = ()
    fault: str = ""


@dataclass(slots=True)
class _Word:
    """A word as the index has it, and where it stands: in which part (-1 for a label), and its characters there."""

    word: str
    part: int
    start: int
    end: int


@dataclass(slots=True)
class _Column:
    """The words of a column in their order, and the places of each."""

    words: list[_Word]
    places: dict[str, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for at, each in enumerate(self.words):
            self.places.setdefault(each.word, []).append(at)


class Marker:
    """Marks articles for one strategy, which is read once."""

    def __init__(self, node: Node | None, text: str, *, today: dt.date, fault: str = "") -> None:
        self._node, self._text, self._today, self._fault = node, text, today, fault
        self._terms: Mapping[tuple[int, int], Term] = {}
        if node is not None:
            roots = [line.inner for line in node.lines] if isinstance(node, Lines) else [node]
            self._terms = {(each.start, each.end): each for root in roots for each in _terms(root)}

    def marks(self, article: Article) -> Marked:
        """Returns what finds an article; nothing where the strategy cannot be read."""
        if self._node is None:
            return Marked(fault=self._fault)
        try:
            found = match(self._node, [article], today=self._today, text=self._text)
        except QueryError as error:
            return Marked(fault=error.message)
        title = _Column(list(_placed(article.title, 0)))
        abstract = _Column(list(_sections(article)))
        spans: list[tuple[int, int, int, int]] = []  # part (0: the title), start, end, term
        others: dict[Other, None] = {}
        terms = []
        for each in found.terms:
            if not each.sure:
                continue
            terms.append(MarkedTerm(number=each.number, text=each.text, is_excluding=each.is_excluding))
            term = self._terms.get((each.start, each.end))
            if term is None:
                continue
            for name, column, shift in (("title", title, 0), ("abstract", abstract, 1)):
                if name in _columns_of(term):
                    spans += [
                        (word.part + shift, word.start, word.end, each.number)
                        for word in _found(term, column)
                        if word.part >= 0
                    ]
            if not each.is_excluding:
                others.update(dict.fromkeys(_others(term, article)))
        return Marked(
            title=_merged(spans, 0, article.title),
            abstract=tuple(_merged(spans, at + 1, section.text) for at, section in enumerate(article.abstract)),
            terms=tuple(terms),
            others=tuple(others)[:MOST_OTHERS],
        )


def _terms(root: Node) -> Iterator[Term]:
    for part in walk(root):
        if isinstance(part, Term):
            yield part
        elif isinstance(part, Group) and (value := single_value(part)) is not None:
            yield value
            inner = part.inner
            yield Term(text=value.text, is_quoted=value.is_quoted, tag=value.tag, start=inner.start, end=inner.end)


# --- words and where they stand ---------------------------------------------------------------------------------------


def _placed(text: str, part: int) -> Iterator[_Word]:
    """Yields the words of a text as `words_of` gives them, each with the characters that it is made of."""
    at = 0
    for found in re.finditer(r"\S+", text):
        chunk, at = found[0], found.start()
        if chunk.isascii():
            for plain in re.finditer("[A-Za-z0-9]+", chunk):
                yield _Word(plain[0].lower(), part, at + plain.start(), at + plain.end())
            continue
        word, start, end = "", at, at
        for number, character in enumerate(chunk, at):
            folded = words_of(f"a{character}a")  # a word alone would hide that it parts
            if len(folded) == 1:  # it goes on
                if not word:
                    start = number
                word += folded[0][1:-1]
                end = number + 1 if folded[0][1:-1] or word else end
                continue
            parts = [folded[0][1:], *folded[1:-1], folded[-1][:-1]]
            for piece in parts[:-1]:
                word += piece
                if piece:
                    end = number + 1
                if word:
                    yield _Word(word, part, start, end)
                word, start = "", number
            word, start = parts[-1], number if parts[-1] else number + 1
            end = number + 1
        if word:
            yield _Word(word, part, start, end)


def _sections(article: Article) -> Iterator[_Word]:
    for at, section in enumerate(article.abstract):
        yield from _placed(section.label, -1)
        yield from _placed(section.text, at)


def _merged(spans: Sequence[tuple[int, int, int, int]], part: int, text: str) -> tuple[Span, ...]:
    """Returns the spans of one part, apart from each other; words of one term with no more than a blank between are one."""
    by_term: dict[int, list[tuple[int, int]]] = {}
    for where, start, end, number in spans:
        if where == part:
            by_term.setdefault(number, []).append((start, end))
    joined: list[tuple[int, int, int]] = []
    for number, places in by_term.items():
        ordered = sorted(set(places))
        low, high = ordered[0]
        for start, end in ordered[1:]:
            if start <= high or not re.search(r"[\w.,;:?!()]", text[high:start]):
                high = max(high, end)
            else:
                joined.append((low, high, number))
                low, high = start, end
        joined.append((low, high, number))
    found: list[Span] = []
    for low, high, number in sorted(joined):
        if found and low < found[-1].end:
            last = found.pop()
            terms = tuple(dict.fromkeys((*last.terms, number)))
            found.append(Span(start=last.start, end=max(last.end, high), terms=terms))
        else:
            found.append(Span(start=low, end=high, terms=(number,)))
    return tuple(found)


# --- what a term finds ------------------------------------------------------------------------------------------------


def _columns_of(term: Term) -> Sequence[str]:
    about = term.field
    if about is None:
        return () if pmids_of(term) else SEARCHED["all"]
    return SEARCHED[about.tag] if about.kind is Kind.WORDS else ()


def _found(term: Term, column: _Column) -> Iterator[_Word]:
    """Yields the words of a column that a term finds."""
    for words, is_truncated in _phrases(term):
        if term.near is not None and term.field is not None:
            yield from _near(words, term.near, column)
        else:
            yield from _phrase(words, column, is_truncated=is_truncated)


def _phrases(term: Term) -> Iterator[tuple[list[str], bool]]:
    """Yields what must stand side by side: a phrase, or of a term without tag and quotes each of its words."""
    words = words_of(term.text)
    is_truncated = term.is_truncated and sum(map(len, words)) >= LEAST_TRUNCATED
    if term.field is not None or term.is_quoted or term.is_truncated:
        if words and (is_truncated or not is_stop_word(words)):
            yield words, is_truncated
        return
    for unit in term.text.split():
        if (words := words_of(unit)) and not is_stop_word(words):
            yield words, False


def _phrase(words: Sequence[str], column: _Column, *, is_truncated: bool) -> Iterator[_Word]:
    first, last = words[0], len(words) - 1
    if is_truncated and not last:
        for word, places in column.places.items():
            if word.startswith(first):
                yield from (column.words[at] for at in places)
        return
    for at in column.places.get(first, ()):
        here = column.words[at : at + len(words)]
        if len(here) == len(words) and all(
            each.word.startswith(word) if is_truncated and number == last else each.word == word
            for number, (each, word) in enumerate(zip(here, words, strict=True))
        ):
            yield from here


def _near(words: Sequence[str], gap: int, column: _Column) -> Iterator[_Word]:
    needed = Counter(words)
    width = len(words) + gap
    for at in sorted(at for word in needed for at in column.places.get(word, ())):
        here = column.words[at : at + width]
        there = Counter(each.word for each in here if each.word in needed)
        if all(there[word] >= number for word, number in needed.items()):
            yield from (each for each in here if each.word in needed)


def _others(term: Term, article: Article) -> Iterator[Other]:
    about = term.field
    if about is not None and about.kind is not Kind.WORDS:
        yield Other(kind=_TAGS.get(about.tag, about.name.lower()), text=term.text)
        return
    for name in _columns_of(term):
        if name in _IN_TEXT or name not in _COLUMNS:
            continue
        for value in COLUMNS[name](article):
            column = _Column(list(_placed(value, 0)))
            if any(True for _ in _found(term, column)):
                yield Other(kind=_COLUMNS[name], text=value if len(value) <= 200 else f"{value[:199]}…")
