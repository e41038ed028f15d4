"""Finds the articles that a query asks for, by an inverted index: never by going through the articles.

Each column of an article (title, abstract, headings, …) has its own index, built when a query first asks for it. Words
have one running number through a column, with a gap after each value: neighbors differ by one, and no phrase runs from
one value into the next.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from itertools import chain

from casetable.model.article import Article
from casetable.query.dates import span_of
from casetable.query.held import ASKED_KEYS, COLUMNS, HELD_DAYS, HELD_KEYS, SEARCHED, plain_keys, substances_of
from casetable.query.indexes import Days, Keys, Wanted, Words
from casetable.query.tags import Field, Kind
from casetable.query.tree import (
    Boolean,
    Chain,
    Group,
    Lines,
    Node,
    QueryError,
    Range,
    Reference,
    Term,
    check_references,
    fold,
    walk,
)
from casetable.query.words import STOP_WORDS, key_of, words_of

LEAST_TRUNCATED = 4

_PMIDS = re.compile(r"[1-9][0-9]{0,8}(?: [1-9][0-9]{0,8})*")
_NOTHING: frozenset[int] = frozenset()
_END = 2**64  # after every place


class Index:
    """The articles of a sequence, found by query. It keeps the sequence; a position is an article's place in it.

    `today` is the day from which "last 6 months" counts. An index made `only_for` a query knows the words of that one
    (`wanted_of`).
    """

    def __init__(self, articles: Sequence[Article], *, today: dt.date, only_for: Wanted | None = None) -> None:
        self.today = today
        self._wanted = only_for
        self._articles = articles
        self._words: dict[str, Words] = {}
        self._keys: dict[str, Keys] = {}
        self._days: dict[str, Days] = {}

    def __len__(self) -> int:
        return len(self._articles)

    def search(
        self,
        node: Node,
        *,
        references: Mapping[int, Collection[int]] | None = None,
        without: Collection[str] = (),
    ) -> frozenset[int]:
        """Returns the positions of the articles that match, by what the query says, term by term.

        A term without a tag, or with one that PubMed does not know, is sought in all fields: each word by itself where
        it has no quotes, the phrase where it has. Headings are matched as the records carry them; there is no tree here
        to find the narrower ones by. `*` counts at the end of a term, after four characters or more. A stop word by
        itself finds nothing. A term that no article holds finds nothing; that PubMed drops some such terms is told by
        `translate`. `references` are the positions that earlier searches (`#1`) found; raises QueryError for others.
        Of a line-by-line strategy it is what the last line finds. Words are not sought in the columns `without`.
        """
        if isinstance(node, Term):
            return frozenset(self._term(node, without))
        earlier: dict[int, Collection[int]] = dict(references or {})
        if isinstance(node, Lines):
            check_references(node)
            for line in sorted(node.lines, key=lambda line: line.number):
                earlier[line.number] = self.search(line.inner, references=earlier)
            return frozenset(earlier[node.last.number])

        def visit(part: Node, found: Sequence[AbstractSet[int]]) -> AbstractSet[int]:
            if isinstance(part, Term):
                return self._term(part, without)
            if isinstance(part, Range):
                return self._range(part)
            if isinstance(part, Reference):
                if part.number not in earlier:
                    raise QueryError(f"#{part.number} is no earlier search", part.start, part.end)
                return frozenset(earlier[part.number])
            if isinstance(part, Group):
                return self._group(part, found[0], without)
            if not isinstance(part, Chain):
                raise TypeError(type(part))  # lines stand at the root only
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
        return self._name_held("nm", key_of(text), substances_of)

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

    def _group(self, group: Group, found: AbstractSet[int], without: Collection[str]) -> AbstractSet[int]:
        value = single_value(group)
        return self._term(value, without) if value is not None else found

    def _term(self, term: Term, without: Collection[str]) -> AbstractSet[int]:
        field = term.field
        if field is None:
            return self._untagged(term, without)
        if field.kind is Kind.DATE:
            span = span_of(term.text, self.today)
            return self._days_of(field.tag).between(*span) if span is not None else _NOTHING
        is_truncated = is_open_ended(term)
        if field.kind is Kind.WORDS:
            columns = [column for column in SEARCHED[field.tag] if column not in without]
            return self._phrase(columns, words_of(term.text), is_truncated=is_truncated, near=term.near)
        if field.kind is Kind.NAME:
            return self._name(field, term, is_truncated=is_truncated)
        keys = self._keys_of(field.tag)
        found: set[int] = set()
        for key in ASKED_KEYS.get(field.tag, plain_keys)(term.text):
            found |= keys.prefixed(key) if is_truncated else keys.exact(key)
        return found

    def _untagged(self, term: Term, without: Collection[str]) -> AbstractSet[int]:
        columns = [column for column in SEARCHED["all"] if column not in without]
        if term.is_quoted or term.is_truncated:
            return self._phrase(columns, words_of(term.text), is_truncated=is_open_ended(term))
        if pmids := pmids_of(term):
            keys = self._keys_of("uid")
            return set(chain.from_iterable(keys.exact(pmid) for pmid in pmids))
        matched: AbstractSet[int] | None = None
        for unit in term.text.split():
            words = words_of(unit)
            if not words or is_stop_word(words):
                continue
            found = self._phrase(columns, words)
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

    def _words_of(self, column: str) -> Words:
        if column not in self._words:
            self._words[column] = Words(self._articles, COLUMNS[column], self._wanted)
        return self._words[column]

    def _keys_of(self, column: str) -> Keys:
        if column not in self._keys:
            self._keys[column] = Keys(self._articles, HELD_KEYS[column])
        return self._keys[column]

    def _days_of(self, column: str) -> Days:
        if column not in self._days:
            self._days[column] = Days(self._articles, HELD_DAYS[column])
        return self._days[column]


def wanted_of(node: Node) -> Wanted:
    """Returns the words that a query asks for."""
    words: set[str] = set()
    stems: set[str] = set()
    for part in walk(node):
        if isinstance(part, Term):
            found = words_of(part.text)
            words.update(found)
            if part.is_truncated and found:
                stems.add(found[-1])
    return Wanted(words, stems)


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


def is_open_ended(term: Term) -> bool:
    """Whether the `*` of a term counts: after four characters or more."""
    return term.is_truncated and sum(len(word) for word in words_of(term.text)) >= LEAST_TRUNCATED
