"""Marks in an article what a strategy finds it by: where in title and abstract, and which of its headings, names and days.

What finds it is what `match` is sure of; here is only where that stands, in the article's own characters.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from casetable.model.article import Article, Section
from casetable.query.evaluate import Index, is_open_ended, is_stop_word, pmids_of
from casetable.query.held import COLUMNS, SEARCHED, names_of
from casetable.query.match import Blind, Matcher, Verdict
from casetable.query.parse import parse
from casetable.query.tags import Kind
from casetable.query.tree import QueryError, Range, Term
from casetable.query.words import LANGUAGES, key_of, placed_words, words_of

# A text elsewhere that is longer is shown around what was found in it.
LONGEST = 200
_BEFORE = 60

_DAYS = {
    "CRDT": "day created",
    "EDAT": "day entered",
    "MHDA": "day indexed",
    "DCOM": "day completed",
    "LR": "day revised",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of a text, in its own characters, and the numbers of the terms that find it."""

    start: int
    end: int
    terms: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedTerm:
    """A term that surely finds the article: its number in the strategy, and its text as written there.

    It `is_excluding` where it only takes away, being in a block of NOT.
    """

    number: int
    text: str
    is_excluding: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedBlock:
    """A part that AND joins, or that NOT takes away, and whether the article is in it; `terms` are those that find it."""

    number: int
    text: str
    is_excluding: bool
    verdict: Verdict
    terms: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """What is found elsewhere than in title and abstract: what it is, its text as the article has it, and by which terms."""

    kind: str
    text: str
    terms: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """What a strategy finds an article by.

    `title` has the spans of the article's `any_title`; `abstract` and `labels` those of the texts and the labels of its
    sections, in their order. The spans of one text stand apart, in order. `verdict` is of the whole strategy, and `blind`
    why it cannot be known. A `fault` says why nothing is known; then all else is empty.
    """

    title: tuple[Span, ...] = ()
    abstract: tuple[tuple[Span, ...], ...] = ()
    labels: tuple[tuple[Span, ...], ...] = ()
    others: tuple[Other, ...] = ()
    terms: tuple[MarkedTerm, ...] = ()
    blocks: tuple[MarkedBlock, ...] = ()
    verdict: Verdict = Verdict.UNKNOWN
    blind: tuple[Blind, ...] = ()
    fault: str = ""


class Marker:
    """Marks articles for one strategy, whose text is read once. One that cannot be read has a `fault`, and marks nothing.

    `today` is the day from which "last 6 months" counts.
    """

    def __init__(self, text: str, *, today: dt.date) -> None:
        self.fault = ""
        self._today = today
        self._matcher: Matcher | None = None
        self._sought: tuple[_Sought, ...] = ()
        try:
            self._matcher = Matcher(parse(text), today=today, text=text)
        except QueryError as error:
            self.fault = f"the strategy cannot be read: {error.message}"
        else:
            self._sought = tuple(map(_sought, self._matcher.terms))

    def marks(self, article: Article) -> Marked:
        """Returns what finds an article; nothing where the strategy cannot be read."""
        if self._matcher is None:
            return Marked(fault=self.fault)
        matched = self._matcher.match([article])
        spans = _Spans(article)
        elsewhere = _Elsewhere(article, self._today)
        found = [term for term in matched.terms if term.sure]
        for term in found:
            sought = self._sought[term.number - 1]
            spans.mark(sought, term.number)
            elsewhere.mark(sought, term.number)
        numbers = {term.number for term in found}
        return Marked(
            title=spans.merged("title", 0, is_label=False),
            abstract=tuple(spans.merged("abstract", at, is_label=False) for at in range(len(article.abstract))),
            labels=tuple(spans.merged("abstract", at, is_label=True) for at in range(len(article.abstract))),
            others=elsewhere.told(),
            terms=tuple(
                MarkedTerm(number=term.number, text=term.text, is_excluding=term.is_excluding) for term in found
            ),
            blocks=tuple(
                MarkedBlock(
                    number=block.number,
                    text=block.text,
                    is_excluding=block.is_excluding,
                    verdict=_verdict(block.sure, block.maybe),
                    terms=tuple(number for number in block.terms if number in numbers),
                )
                for block in matched.blocks
            ),
            verdict=_verdict(matched.sure, matched.maybe),
            blind=tuple(matched.blind),
        )


def _verdict(sure: int, maybe: int) -> Verdict:
    return Verdict.FOUND if sure else Verdict.UNKNOWN if maybe else Verdict.MISSED


# --- what a term asks for ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sought:
    """What a term asks for: phrases, each by itself, in columns, their words `near` each other; or a `value` of a field."""

    phrases: tuple[tuple[str, ...], ...] = ()
    is_truncated: bool = False
    near: int | None = None
    columns: tuple[str, ...] = ()
    value: Term | Range | None = None

    @property
    def elsewhere(self) -> tuple[str, ...]:
        """The columns that are neither title nor abstract."""
        return tuple(column for column in self.columns if column not in {"title", "abstract"})


def _sought(asked: Term | Range) -> _Sought:
    about = asked.field
    if isinstance(asked, Range):
        return _Sought(value=asked)
    if about is not None and about.kind is not Kind.WORDS:
        # The filter "all" is of no value of an article.
        return _Sought() if about.tag == "sb" and key_of(asked.text) == "all" else _Sought(value=asked)
    if about is not None or asked.is_quoted or asked.is_truncated:
        return _Sought(
            phrases=(tuple(words_of(asked.text)),),
            is_truncated=is_open_ended(asked),
            near=asked.near if about is not None else None,
            columns=SEARCHED[about.tag if about is not None else "all"],
        )
    if pmids_of(asked):
        return _Sought(value=asked)
    # Words without a tag and without quotes are sought one by one, wherever they stand.
    return _Sought(phrases=tuple(tuple(words_of(unit)) for unit in asked.text.split()), columns=SEARCHED["all"])


# --- title and abstract -----------------------------------------------------------------------------------------------


_PART = ""  # no word: here a value ends


@dataclass(slots=True)
class _Column:
    """The words of a column in their order, each with the text that it is of, and its characters there."""

    words: list[str] = field(default_factory=list)
    stands: list[tuple[tuple[int, bool], int, int]] = field(default_factory=list)
    places: dict[str, list[int]] = field(default_factory=dict)

    def add(self, text: str, where: tuple[int, bool]) -> None:
        for word, start, end in placed_words(text):
            self.places.setdefault(word, []).append(len(self.words))
            self.words.append(word)
            self.stands.append((where, start, end))

    def part(self) -> None:
        """Lets no phrase run on from here."""
        self.words.append(_PART)
        self.stands.append(((-1, False), 0, 0))


class _Spans:
    """The spans of title and abstract. A text is told by its number in its column, and whether it is a label."""

    def __init__(self, article: Article) -> None:
        title, abstract = _Column(), _Column()
        title.add(article.any_title, (0, False))
        for at, section in enumerate(article.abstract):
            abstract.add(section.label, (at, True))
            abstract.add(section.text, (at, False))
        # A book that stands alone has its own title in the title's place.
        asked = "title" if article.title else "book"
        self._columns = {"title": (asked, title), "abstract": ("abstract", abstract)}
        self._found: dict[tuple[str, int, bool], list[tuple[int, int, int]]] = {}

    def mark(self, sought: _Sought, number: int) -> None:
        for name, (asked, column) in self._columns.items():
            if asked not in sought.columns:
                continue
            for first, last in _runs(sought, column):
                at = first
                while at <= last:  # what runs over the end of a section is a span in each
                    (part, is_label), start, end = column.stands[at]
                    while at < last and column.stands[at + 1][0] == (part, is_label):
                        at += 1
                        end = column.stands[at][2]
                    self._found.setdefault((name, part, is_label), []).append((start, end, number))
                    at += 1

    def merged(self, name: str, part: int, *, is_label: bool) -> tuple[Span, ...]:
        merged: list[tuple[int, int, set[int]]] = []
        for start, end, number in sorted(self._found.get((name, part, is_label), ())):
            if merged and start < merged[-1][1]:
                low, high, numbers = merged[-1]
                merged[-1] = (low, max(high, end), numbers | {number})
            else:
                merged.append((start, end, {number}))
        return tuple(Span(start=low, end=high, terms=tuple(sorted(numbers))) for low, high, numbers in merged)


def _runs(sought: _Sought, column: _Column) -> Iterator[tuple[int, int]]:
    """Yields the first and last word of each stretch of a column that is found; of words near each other, each word."""
    for words in sought.phrases:
        if not words or (is_stop_word(words) and not sought.is_truncated):
            continue
        if sought.near is not None:
            yield from ((at, at) for at in _near(words, sought.near, column))
        else:
            yield from _phrase(words, column, is_truncated=sought.is_truncated)


def _phrase(words: Sequence[str], column: _Column, *, is_truncated: bool) -> Iterator[tuple[int, int]]:
    *firsts, last = words
    more = len(firsts)
    if is_truncated and not firsts:
        begins: Iterable[int] = (at for word, places in column.places.items() if word.startswith(last) for at in places)
    else:
        begins = column.places.get(words[0], ())
    for at in begins:
        if at + more < len(column.words) and column.words[at : at + more] == firsts:
            word = column.words[at + more]
            if word == last or (is_truncated and word.startswith(last)):
                yield at, at + more


def _near(words: Sequence[str], gap: int, column: _Column) -> Iterator[int]:
    needed = Counter(words)
    width = len(words) + gap
    places = sorted(at for word in needed for at in column.places.get(word, ()))
    for first, low in enumerate(places):
        here = []
        for at in places[first:]:
            if at >= low + width or _PART in column.words[low:at]:
                break
            here.append(at)
        there = Counter(column.words[at] for at in here)
        if all(there[word] >= number for word, number in needed.items()):
            yield from here


# --- elsewhere --------------------------------------------------------------------------------------------------------


class _Elsewhere:
    """What is found elsewhere: words in the other columns, and whole values of fields."""

    def __init__(self, article: Article, today: dt.date) -> None:
        self._article, self._today = article, today
        self._columns: dict[str, tuple[list[tuple[str, str]], _Column]] = {}
        self._fields: dict[str, tuple[list[_Value], Index]] = {}
        self._found: dict[tuple[str, str], tuple[str, list[int]]] = {}

    def mark(self, sought: _Sought, number: int) -> None:
        for name in sought.elsewhere:
            told, column = self._column(name)
            found = {column.stands[first][0][0] for first, _ in _runs(sought, column)} if column.words else ()
            for at in sorted(found):
                self._tell(*told[at], sought, number)
        if sought.value is not None:
            self._mark_value(sought.value, sought, number)

    def told(self) -> tuple[Other, ...]:
        return tuple(
            Other(kind=kind, text=shown, terms=tuple(numbers)) for (kind, _), (shown, numbers) in self._found.items()
        )

    def _tell(self, kind: str, text: str, sought: _Sought, number: int) -> None:
        if (kind, text) not in self._found:
            self._found[kind, text] = (_excerpt(text, sought), [])
        numbers = self._found[kind, text][1]
        if number not in numbers:
            numbers.append(number)

    def _column(self, name: str) -> tuple[list[tuple[str, str]], _Column]:
        if name not in self._columns:
            told: list[tuple[str, str]] = []
            column = _Column()
            for kind, shown, text in _texts_in(name, self._article):
                column.add(text, (len(told), False))
                column.part()
                told.append((kind, shown))
            self._columns[name] = (told, column)
        return self._columns[name]

    def _mark_value(self, asked: Term | Range, sought: _Sought, number: int) -> None:
        """Tells what the index finds of the values of a field, each of which is an article by itself."""
        tag = asked.field.tag if asked.field is not None else "uid"
        group = _GROUPS.get(tag, "") if asked.field is None or asked.field.kind is not Kind.DATE else "days"
        if group not in self._fields:
            values = list(_VALUES[group](self._article))
            self._fields[group] = (values, Index([value.article for value in values], today=self._today))
        values, index = self._fields[group]
        hits = index.search(asked)
        if tag in {"1au", "lastau"}:  # by itself each is both first and last
            hits &= {0 if tag == "1au" else len(self._article.authors) - 1}
        for at in sorted(hits):
            if values[at].within not in hits:
                self._tell(values[at].kind, values[at].text, sought, number)


# The columns of words, of which an article's fields each hold what; "" where it is no column's.
_HELD = (
    ("keywords", "keyword", "keywords"),
    ("indexing", "substance", "supplementary_concepts"),
    ("indexing", "substance", "substances"),
    ("indexing", "publication type", "publication_types"),
    ("indexing", "registry number", "registry_numbers"),
    ("vernacular title", "title in its own language", "vernacular_title"),
    ("grants", "grant", "grants"),
    ("databanks", "databank", "databanks"),
    ("publisher", "publisher", "publisher"),
    ("conflicts", "conflict of interest", "conflict_of_interest"),
    ("publication", "journal", "journal"),
    ("publication", "journal", "journal_abbreviation"),
    ("publication", "journal", "journal_id"),
    ("publication", "ISSN", "issns"),
    ("publication", "date of publication", "published"),
    ("publication", "volume", "volume"),
    ("publication", "issue", "issue"),
    ("publication", "pages", "pages"),
    ("identity", "PMID", "pmid"),
    ("identity", "DOI", "doi"),
    ("identity", "PII", "pii"),
    ("identity", "PMCID", "pmcid"),
    ("identity", "manuscript", "manuscript_id"),
    ("identity", "ISBN", "isbns"),
    ("identity", "language", "languages"),
    ("", "country", "country"),
    ("", "status", "status"),
    ("", "subset", "subsets"),
    ("", "owner", "owner"),
)
_PEOPLE = (("author", "authors"), ("editor", "editors"), ("investigator", "investigators"))
_HAS_ABSTRACT = ("filter", "hasabstract")


def _texts_in(column: str, article: Article) -> Iterator[tuple[str, str, str]]:
    """Yields what stands in a column: what it is, how it is shown, and the text that is searched."""
    for each, kind, name in _HELD:
        if each == column:
            yield from ((kind, text, text) for text in _texts(article, name))
    match column:
        case "other abstracts":
            yield from (("other abstract", text.strip(), text) for text in COLUMNS[column](article))
        case "indexing":
            for heading in article.headings:
                yield "MeSH heading", heading.name, heading.name
                yield from (("MeSH heading", f"{heading.name}/{name}", name) for name, _ in heading.qualifiers)
            if article.abstract:
                yield *_HAS_ABSTRACT, "hasabstract"
        case "book" if article.title:  # else it stands in the title's place
            yield "book title", article.book_title, article.book_title
        case "names":
            for kind, name in _PEOPLE:
                yield from ((kind, person.name, text) for person in getattr(article, name) for text in names_of(person))
        case "affiliations":
            yield from (("affiliation", text, text) for text in COLUMNS[column](article))
        case "collectives":
            yield from (("author", person.name, person.collective) for person in article.authors)
        case "identity":
            yield from (("language", code, LANGUAGES.get(code.lower(), "")) for code in article.languages)
        case "notes":
            yield from (("note", link.citation, link.citation) for link in article.links)


def _texts(article: Article, name: str) -> tuple[str, ...]:
    held: str | tuple[str, ...] = getattr(article, name)
    return held if isinstance(held, tuple) else (held,) if held else ()


@dataclass(frozen=True, slots=True)
class _Value:
    """A value of an article as an article by itself, with what it is; not told where the one that it is `within` is."""

    kind: str
    text: str
    article: Article
    within: int = -1


def _only(name: str, value: object) -> Article:
    fields: dict[str, Any] = {"pmid": "", "title": "", name: value}
    return Article(**fields)


def _heading_values(article: Article) -> Iterator[_Value]:
    at = 0
    for heading in article.headings:
        yield _Value("MeSH heading", heading.name, _only("headings", (replace(heading, qualifiers=()),)))
        is_one_major = any(is_major for _, is_major in heading.qualifiers)
        for name, is_major in heading.qualifiers:
            is_topic = heading.is_major and (is_major or not is_one_major)
            alone = replace(heading, is_major=is_topic, qualifiers=((name, is_major),))
            yield _Value("MeSH heading", f"{heading.name}/{name}", _only("headings", (alone,)), at)
        at += 1 + len(heading.qualifiers)


def _person_values(article: Article) -> Iterator[_Value]:
    """Yields the persons, the authors first."""
    for kind, name in _PEOPLE:
        yield from (_Value(kind, person.name, _only(name, (person,))) for person in getattr(article, name))


def _day_values(article: Article) -> Iterator[_Value]:
    for kind, name in (
        ("date of publication", "published"),
        ("date of publication online", "published_electronically"),
    ):
        yield from (_Value(kind, text, _only(name, text)) for text in _texts(article, name))
    for tag, day in article.dates.items():
        yield _Value(_DAYS.get(tag, f"day ({tag})"), day, _only("dates", {tag: day}))


def _other_values(article: Article) -> Iterator[_Value]:
    for _, kind, name in _HELD:
        is_list = isinstance(getattr(article, name), tuple)
        yield from (_Value(kind, text, _only(name, (text,) if is_list else text)) for text in _texts(article, name))
    for heading in article.headings:
        yield _Value("MeSH heading", heading.name, _only("headings", (heading,)))
    if article.abstract:
        yield _Value(*_HAS_ABSTRACT, _only("abstract", (Section(text="-"),)))
    if article.is_book:
        yield _Value("filter", "books", _only("is_book", True))


_VALUES = {"headings": _heading_values, "people": _person_values, "days": _day_values, "": _other_values}
_GROUPS = {
    **dict.fromkeys(("mh", "majr", "sh"), "headings"),
    **dict.fromkeys(("au", "fau", "1au", "lastau", "auid", "ir", "fir", "ed"), "people"),
}


def _excerpt(text: str, sought: _Sought) -> str:
    """Returns a text, or, where it is long, what stands around the first words that are found in it."""
    if len(text) <= LONGEST:
        return text
    column = _Column()
    column.add(text, (0, False))
    first = min((column.stands[first][1] for first, _ in _runs(sought, column)), default=0)
    low = 0 if first <= _BEFORE else text.rfind(" ", 0, first - _BEFORE) + 1
    low = low if first - low <= 2 * _BEFORE else first
    high = low + LONGEST if low + LONGEST < len(text) else len(text)
    if high < len(text) and (blank := text.rfind(" ", first + _BEFORE, high)) > 0:
        high = blank
    return f"{'…' if low else ''}{text[low:high]}{'…' if high < len(text) else ''}"
