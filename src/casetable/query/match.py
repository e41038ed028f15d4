"""Says which articles a strategy finds, by which of its terms, and what cannot be known from what they hold.

Every answer is one of three: found, missed, or not to be known. They are two sets: what is surely found, and what may
be. Sets of articles are whole numbers with a bit for each, so that a Boolean operator is one operation of the machine.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from itertools import chain
from typing import TypeVar

from casetable.model.article import Article, Extent
from casetable.query.dates import span_of
from casetable.query.evaluate import LEAST_TRUNCATED, Index, is_stop_word, wanted_of
from casetable.query.held import DEFAULT_KNOWN, KNOWN, NARROWEST_TYPES, SEARCHED
from casetable.query.sent import block_text
from casetable.query.tags import Field, Kind
from casetable.query.translate import translate
from casetable.query.tree import (
    Boolean,
    Chain,
    Group,
    Line,
    Lines,
    Node,
    Range,
    Reference,
    Term,
    blocks_of,
    check_references,
    unparse,
    walk,
)
from casetable.query.words import key_of, words_of

# How many years before it is printed a report may be online.
YEARS_AHEAD = 5

_NAME = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)? [a-z]{1,2}", re.IGNORECASE)
_KEPT_ID = re.compile(r"10\.|PMC[0-9]|[0-9]+\Z", re.IGNORECASE)

T = TypeVar("T")


class Verdict(StrEnum):
    """What is known of an article, the best first."""

    FOUND = "found"
    UNKNOWN = "cannot be known"
    MISSED = "missed"


class Blind(StrEnum):
    """Why a term that is not seen in an article may find it at PubMed all the same."""

    ABSTRACT = "no abstract"
    HEADINGS = "no MeSH headings"
    FIELD = "a field that the file does not carry"
    NARROWER = "narrower headings, which PubMed searches too"
    MAPPING = "PubMed's mapping of words without a tag"
    ENTRY = "entry terms, which PubMed maps to their heading"
    PHRASE = "words without quotes, which PubMed may part"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a part of a strategy finds: `sure` surely, `maybe` all that it may find; `text` as written, and its place."""

    number: int
    text: str
    start: int
    end: int
    sure: int
    maybe: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundTerm(Found):
    """A term; `unique` are the articles that the strategy would not find without it, or find if it `is_excluding`."""

    unique: int
    is_excluding: bool
    blind: Mapping[Blind, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundBlock(Found):
    """One of the parts that AND joins, of which an article must be in all; or one that NOT takes away."""

    is_excluding: bool
    terms: tuple[int, ...]

    @property
    def loses(self) -> int:
        """The articles that the strategy surely misses because of this block."""
        return self.sure if self.is_excluding else ~self.maybe

    @property
    def is_open(self) -> int:
        """The articles of which it cannot be known."""
        return self.maybe & ~self.sure


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchedArticle:
    """What is known of one article: the terms that find it, the blocks that lose it, those that are open, and why.

    Terms and blocks are told by their numbers.
    """

    verdict: Verdict
    terms: tuple[int, ...]
    missed_by: tuple[int, ...]
    open_blocks: tuple[int, ...]
    blind: tuple[Blind, ...]


@dataclass(frozen=True, kw_only=True)
class Matched:
    """What a strategy finds among `count` articles: `sure` surely, `maybe` all that it may find."""

    count: int
    sure: int
    maybe: int
    terms: tuple[FoundTerm, ...]
    blocks: tuple[FoundBlock, ...]

    @property
    def unknown(self) -> int:
        """The articles of which it cannot be known whether the strategy finds them."""
        return self.maybe & ~self.sure

    @cached_property
    def blind(self) -> Mapping[Blind, int]:
        """Why it cannot be known, and of which articles: what is open in a block that is."""
        open_terms: dict[int, int] = {}
        for block in self.blocks:
            for number in block.terms:
                open_terms[number] = open_terms.get(number, 0) | block.is_open
        found = dict.fromkeys(Blind, 0)
        for term in self.terms:
            for reason, mask in term.blind.items():
                found[reason] |= mask & open_terms.get(term.number, 0) & self.unknown
        return {reason: mask for reason, mask in found.items() if mask}

    @cached_property
    def articles(self) -> tuple[MatchedArticle, ...]:
        """What is known of each article, in their order."""
        everything = (1 << self.count) - 1

        def told(masks: Iterable[tuple[T, int]]) -> list[list[T]]:
            rows: list[list[T]] = [[] for _ in range(self.count)]
            for value, mask in masks:
                for position in positions(mask & everything):
                    rows[position].append(value)
            return rows

        verdicts = told(((Verdict.FOUND, self.sure), (Verdict.UNKNOWN, self.unknown), (Verdict.MISSED, ~self.maybe)))
        return tuple(
            MatchedArticle(
                verdict=verdict[0],
                terms=tuple(terms),
                missed_by=tuple(missed),
                open_blocks=tuple(open_),
                blind=tuple(blind),
            )
            for verdict, terms, missed, open_, blind in zip(
                verdicts,
                told((term.number, term.sure) for term in self.terms),
                told((block.number, block.loses) for block in self.blocks),
                told((block.number, block.is_open) for block in self.blocks),
                told(self.blind.items()),
                strict=True,
            )
        )


def match(node: Node, articles: Sequence[Article], *, today: dt.date, text: str = "") -> Matched:
    """Returns what a strategy finds among articles, in time linear in them.

    What PubMed does to the strategy first is done here too: words that it drops are dropped, tags that it ignores are
    ignored. A term finds an article where it is seen in it. It misses one only where every field that it searches is
    there; without an abstract or headings, with words that PubMed maps itself, with narrower headings that it searches
    too, that cannot be known. `text` is what the places of the nodes are places of. Raises QueryError where the
    strategy names lines that it does not have.
    """
    return Matcher(node, today=today, text=text).match(articles)


def mask_of(found: Iterable[int], count: int) -> int:
    """Returns positions below `count` as one number."""
    bits = bytearray(count // 8 + 1)
    for position in found:
        bits[position >> 3] |= 1 << (position & 7)
    return int.from_bytes(bits, "little")


def positions(mask: int) -> Iterator[int]:
    """Yields the positions in a mask, in order."""
    digits = bin(mask)[:1:-1]
    at = digits.find("1")
    while at >= 0:
        yield at
        at = digits.find("1", at + 1)


@dataclass(slots=True)
class _Value:
    sure: int
    maybe: int


@dataclass(frozen=True, slots=True)
class _Block:
    is_excluding: bool
    nodes: tuple[Node, ...]
    kinds: Sequence[Boolean]
    text: str
    terms: tuple[int, ...]


class Matcher:
    """A strategy that is read once, to be matched with articles again and again; it holds nothing of them.

    `terms` are those that are searched for, in the order of their numbers from 1. Raises as `match` does.
    """

    def __init__(self, node: Node, *, today: dt.date, text: str = "") -> None:
        check_references(node)
        lines = node.lines if isinstance(node, Lines) else (Line(number=0, inner=node),)
        ordered = sorted(lines, key=lambda line: line.number)
        self._today = today
        self._lines = {line.number: translate(line.inner).effective for line in ordered}
        self._orders = {number: list(walk(inner)) for number, inner in self._lines.items()}
        whole = Lines(lines=tuple(Line(number=number, inner=inner) for number, inner in self._lines.items()))
        self._wanted = wanted_of(whole)
        named = [part.number for order in self._orders.values() for part in order if isinstance(part, Reference)]
        self._is_shared = len(set(named)) < len(named)
        parts = chain.from_iterable(self._orders.values())
        self.terms: tuple[Term | Range, ...] = tuple(part for part in parts if isinstance(part, Term | Range))
        self._written = [" ".join(text[term.start : term.end].split()) or unparse(term) for term in self.terms]
        self._blocks = tuple(self._parted(text))

    def match(self, articles: Sequence[Article]) -> Matched:
        """Returns what the strategy finds among articles."""
        index = Index(articles, today=self._today, only_for=self._wanted.afresh())
        run = _Run(self._lines, self._orders, articles, index, self._today)
        return run.matched(self.terms, self._written, self._blocks, is_shared=self._is_shared)

    def _parted(self, text: str) -> Iterator[_Block]:
        numbers = {id(term): number for number, term in enumerate(self.terms, start=1)}
        for is_excluding, nodes, kinds in blocks_of(self._lines[max(self._lines)], self._lines):
            written = block_text(text, nodes, self._lines) or " ".join(unparse(node) for node in nodes)
            below = {numbers[id(part)] for node in nodes for part in self._below(node) if id(part) in numbers}
            yield _Block(is_excluding, nodes, kinds, written, tuple(sorted(below)))

    def _below(self, node: Node) -> Iterator[Node]:
        seen: set[int] = set()
        stack = [node]
        while stack:
            for part in walk(stack.pop()):
                yield part
                if isinstance(part, Reference) and part.number not in seen:
                    seen.add(part.number)
                    stack.append(self._lines[part.number])


class _Run:
    def __init__(
        self,
        lines: Mapping[int, Node],
        orders: Mapping[int, Sequence[Node]],
        articles: Sequence[Article],
        index: Index,
        today: dt.date,
    ) -> None:
        self._lines = lines
        self._orders = orders
        self._articles = articles
        self._count = len(articles)
        self._all = (1 << self._count) - 1
        self._today = today
        self._index = index
        self._known: dict[str, int] = {}
        self._lacks: dict[str, list[tuple[Blind, int]]] = {}
        self._values: dict[int, _Value] = {}
        self._weights: dict[int, int] = {}
        self._blind: dict[int, dict[Blind, int]] = {}
        self._excluding: set[int] = set()
        self._including: set[int] = set()

    def matched(
        self, parts: Sequence[Term | Range], written: Sequence[str], blocks: Sequence[_Block], *, is_shared: bool
    ) -> Matched:
        orders = self._orders
        for order in orders.values():
            for node in reversed(order):
                self._values[id(node)] = self._valued(node)
        last = self._lines[max(self._lines)]
        root = self._values[id(last)]
        weights = dict.fromkeys(self._lines, 0)
        weights[max(self._lines)] = self._all
        excluded: dict[int, set[bool]] = {}
        for number in sorted(orders, reverse=True):
            self._pass(orders[number][0], weights[number], is_excluding=excluded.get(number, {False}) == {True})
            self._weigh(orders[number], weights, excluded)
        terms: list[FoundTerm] = []
        for number, (node, text) in enumerate(zip(parts, written, strict=True), start=1):
            value = self._values[id(node)]
            is_excluding = id(node) in self._excluding and id(node) not in self._including
            if is_shared:
                unique = self._changed_without(node, orders, is_excluding=is_excluding)
            else:
                unique = self._weights[id(node)] & value.sure & (self._all if is_excluding else root.sure)
            terms.append(
                FoundTerm(
                    number=number,
                    text=text,
                    start=node.start,
                    end=node.end,
                    sure=value.sure,
                    maybe=value.maybe,
                    unique=unique,
                    is_excluding=is_excluding,
                    blind=self._blind[id(node)],
                )
            )
        found = tuple(self._block(number, block) for number, block in enumerate(blocks, start=1))
        return Matched(count=self._count, sure=root.sure, maybe=root.maybe, terms=tuple(terms), blocks=found)

    def _block(self, number: int, block: _Block) -> FoundBlock:
        value = _joined([self._values[id(node)] for node in block.nodes], block.kinds)[-1]
        return FoundBlock(
            number=number,
            text=block.text,
            start=block.nodes[0].start,
            end=block.nodes[-1].end,
            sure=value.sure,
            maybe=value.maybe,
            is_excluding=block.is_excluding,
            terms=block.terms,
        )

    def _changed_without(self, term: Node, orders: Mapping[int, Sequence[Node]], *, is_excluding: bool) -> int:
        """Returns what the strategy would lose without a term, or find if it is excluding.

        A line that is named more than once cannot be weighed use by use: the whole is found anew.
        """
        last = self._lines[max(self._lines)]
        before, kept = self._values[id(last)].sure, self._values
        self._values = dict(kept)
        for order in orders.values():
            for node in reversed(order):
                if node is term:
                    self._values[id(node)] = _Value(0, 0)
                elif not isinstance(node, Term | Range):
                    self._values[id(node)] = self._valued(node)
        after, self._values = self._values[id(last)].sure, kept
        return after & ~before if is_excluding else before & ~after

    # --- values -------------------------------------------------------------------------------------------------------

    def _valued(self, node: Node) -> _Value:
        if isinstance(node, Term | Range):
            return self._leaf(node)
        if isinstance(node, Reference):
            return self._values[id(self._lines[node.number])]
        if isinstance(node, Chain):
            kinds = [operator.kind for operator in node.operators]
            return _joined([self._values[id(operand)] for operand in node.operands], kinds)[-1]
        if isinstance(node, Group):
            return self._values[id(node.inner)]
        raise TypeError(type(node))  # lines are taken apart

    def _leaf(self, node: Term | Range) -> _Value:
        sure = mask_of(self._index.search(node), self._count)
        field = node.field
        if field is not None and field.tag == "dp":
            sure &= self._whole_year_in(node)
        if field is not None and field.tag == "edat":
            sure &= self._full  # bibliographic facts have the day of creation in its place
        doubtful = self._doubtful(node, field) & sure
        sure &= ~doubtful
        blind: dict[Blind, int] = {}
        maybe = sure
        for reason, mask in ((Blind.FIELD, doubtful), *self._blind_spots(node, field)):
            if open_ := mask & ~sure:
                blind[reason] = blind.get(reason, 0) | open_
                maybe |= open_
        self._blind[id(node)] = blind
        return _Value(sure, maybe)

    def _doubtful(self, node: Term | Range, field: Field | None) -> int:
        """The articles that hold a term where it may count for nothing at PubMed.

        Keywords of another database's export may be its thesaurus; a name without a tag may be sought among authors.
        """
        if not isinstance(node, Term):
            return 0
        if field is None and not node.is_quoted and _NAME.fullmatch(node.text):
            return self._all
        exports = self._all & ~self._full
        if not exports or "keywords" not in SEARCHED.get(field.tag if field is not None else "all", ()):
            return 0
        others = self._index.search(node, without=("keywords",))
        return exports & ~mask_of(others, self._count)

    def _blind_spots(self, node: Term | Range, field: Field | None) -> Iterator[tuple[Blind, int]]:
        if field is None or field.tag == "all":
            yield from self._lacking("all")
            if not (isinstance(node, Term) and node.is_truncated):
                yield Blind.MAPPING, self._all
            return
        if field.kind is Kind.WORDS:
            if isinstance(node, Term) and words_of(node.text):
                yield from self._lacking(field.tag)
                yield from self._parted(node)
            return
        if field.tag in {"mh", "majr", "sh", "pt", "nm", "rn"}:
            yield from self._headed(node, field)
            return
        if field.kind is Kind.NAME:
            yield Blind.FIELD, self._all & ~self._where(lambda article: _lacks_name(article, field, node))
            return
        known = self._known_to_hold(field.tag)
        if field.tag in {"aid", "lid", "pmc"}:
            # Of several identifiers, bibliographic facts have the DOI and the PMCID.
            is_kept = isinstance(node, Term) and _KEPT_ID.match(node.text) is not None
            known &= self._all if is_kept else self._full
        yield Blind.FIELD, self._all & ~known
        if field.tag == "dp":
            yield Blind.FIELD, self._year_near(node)

    def _headed(self, node: Term | Range, field: Field) -> Iterator[tuple[Blind, int]]:
        known, text = self._known_to_hold(field.tag), node.text if isinstance(node, Term) else ""
        if "/" in text:
            known &= self._full  # bibliographic facts have headings without their subheadings
        without = self._all & ~self._known_to_hold("mh")
        yield Blind.HEADINGS, without
        yield Blind.FIELD, self._all & ~known & ~without
        is_narrowest = field.tag in {"nm", "rn"} or (
            isinstance(node, Term) and ((node.tag is not None and node.tag.is_noexp) or key_of(text) in NARROWEST_TYPES)
        )
        if not is_narrowest:
            yield Blind.NARROWER, known
        # A text that some article has for its heading is one; any other may be an entry term of one.
        heading = text.partition("/")[0]
        if (field.tag in {"mh", "majr"} and not self._index.heading(heading)) or (
            field.tag == "nm" and not self._index.substance(text)
        ):
            yield Blind.ENTRY, known

    def _lacking(self, tag: str) -> Iterable[tuple[Blind, int]]:
        if tag not in self._lacks:
            reasons = {"abstract": Blind.ABSTRACT, "indexing": Blind.HEADINGS}
            masks = [
                (reasons.get(column, Blind.FIELD), self._all & ~self._known_to_hold(column)) for column in SEARCHED[tag]
            ]
            self._lacks[tag] = [(reason, mask) for reason, mask in masks if mask]
        return self._lacks[tag]

    def _parted(self, term: Term) -> Iterator[tuple[Blind, int]]:
        """Words that PubMed does not know as a phrase are sought one by one, the last of them in the field."""
        if term.is_truncated:
            if sum(map(len, words_of(term.text))) < LEAST_TRUNCATED:
                yield Blind.PHRASE, self._all  # what PubMed makes of it is documented nowhere
            return
        if term.is_quoted or " " not in term.text or "-" in term.text:
            return
        last = Term(text=term.text.rpartition(" ")[2], tag=term.tag)
        is_dropped = is_stop_word(words_of(last.text))
        yield Blind.PHRASE, self._all if is_dropped else mask_of(self._index.search(last), self._count)

    def _known_to_hold(self, name: str) -> int:
        if name not in self._known:
            self._known[name] = self._where(KNOWN.get(name, DEFAULT_KNOWN))
        return self._known[name]

    @cached_property
    def _full(self) -> int:
        return self._where(lambda article: article.extent is Extent.FULL)

    def _where(self, is_so: Callable[[Article], bool]) -> int:
        return mask_of((at for at, article in enumerate(self._articles) if is_so(article)), self._count)

    # A year of bibliographic facts stands for a day that is not known, or for the year after an early one online.

    def _whole_year_in(self, node: Term | Range) -> int:
        first, last = self._span(node)

        def is_within(article: Article) -> bool:
            year = _year(article)
            return article.extent is Extent.FULL or (
                year is not None and year * 10_000 + 101 >= first and year * 10_000 + 1231 <= last
            )

        return self._where(is_within)

    def _year_near(self, node: Term | Range) -> int:
        first, last = self._span(node)

        def is_near(article: Article) -> bool:
            year = _year(article)
            if article.extent is Extent.FULL or year is None:
                return False
            return (year - YEARS_AHEAD) * 10_000 <= last and (year + YEARS_AHEAD + 1) * 10_000 >= first

        return self._where(is_near)

    def _span(self, node: Term | Range) -> tuple[int, int]:
        low, high = (node.low, node.high) if isinstance(node, Range) else (node, node)
        first, last = span_of(low.text, self._today), span_of(high.text, self._today)
        return (first[0], last[1]) if first and last else (1, 0)

    # --- what depends on what -----------------------------------------------------------------------------------------

    def _weigh(self, order: Sequence[Node], weights: dict[int, int], excluded: dict[int, set[bool]]) -> None:
        """Finds for each node of a line the articles whose verdict would change if the node's value did.

        `weights` and `excluded` take up the same of the lines that this one names.
        """
        for node in order:
            weight = self._weights[id(node)]
            turned = id(node) in self._excluding
            if isinstance(node, Group):
                self._pass(node.inner, weight, is_excluding=turned)
            elif isinstance(node, Reference):
                weights[node.number] |= weight
                excluded.setdefault(node.number, set()).add(turned)
            elif isinstance(node, Chain):
                values = [self._values[id(operand)] for operand in node.operands]
                kinds = [operator.kind for operator in node.operators]
                before = _joined(values, kinds)
                for at in range(len(values) - 1, 0, -1):
                    kind, left, right = kinds[at - 1], before[at - 1].sure, values[at].sure
                    others = ~left if kind is Boolean.OR else left
                    is_taken = turned != (kind is Boolean.NOT)
                    self._pass(node.operands[at], weight & others, is_excluding=is_taken)
                    weight &= right if kind is Boolean.AND else ~right
                self._pass(node.operands[0], weight, is_excluding=turned)

    def _pass(self, node: Node, weight: int, *, is_excluding: bool) -> None:
        self._weights[id(node)] = weight
        (self._excluding if is_excluding else self._including).add(id(node))


def _joined(values: Sequence[_Value], kinds: Sequence[Boolean]) -> list[_Value]:
    """Returns what stands after each operand, from left to right."""
    whole = [values[0]]
    for kind, right in zip(kinds, values[1:], strict=True):
        left = whole[-1]
        if kind is Boolean.AND:
            whole.append(_Value(left.sure & right.sure, left.maybe & right.maybe))
        elif kind is Boolean.OR:
            whole.append(_Value(left.sure | right.sure, left.maybe | right.maybe))
        else:
            whole.append(_Value(left.sure & ~right.maybe, left.maybe & ~right.sure))
    return whole


def _year(article: Article) -> int | None:
    found = re.match("[0-9]{4}", article.published)
    return int(found[0]) if found else None


def _lacks_name(article: Article, field: Field, node: Term | Range) -> bool:
    """Says whether an article surely has no such name: its names are all there, and in full, or of other families."""
    if field.tag not in {"au", "fau", "1au", "lastau"}:
        return KNOWN.get(field.tag, DEFAULT_KNOWN)(article)
    if not (article.authors and article.is_author_list_complete):
        return False
    if article.extent is Extent.FULL:
        return True
    asked = f" {key_of(node.text)} " if isinstance(node, Term) else ""
    return not any(
        f" {key_of(person.last or person.collective)} " in asked or not person.last for person in article.authors
    )
