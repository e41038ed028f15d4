"""Tells what ESearch would say of a query: its translation, and what it ignored or did not find.

Shapes are those of ESearch's JSON. PubMed's own mapping knows inflections, entry terms and the MeSH tree; here only the
headings and substances that the articles carry are known.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from casetable.query.dates import span_of, spell_day
from casetable.query.evaluate import Index, is_stop_word, pmids_of, single_value
from casetable.query.tags import FIELDS, Field, Kind
from casetable.query.tree import (
    Boolean,
    Chain,
    Group,
    Line,
    Lines,
    Node,
    Operator,
    Range,
    Reference,
    Term,
    fold,
    unparse,
)
from casetable.query.words import words_of

NO_ITEMS = "No items found."

_LONGEST_HEADING = 8  # units of a text that are tried together as a heading
_QUIET = frozenset("[](){}'’‘`")


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """What ESearch says of a query. `errors` and `warnings` are empty, or have all lists that ESearch sends then.

    `effective` is what is searched for once PubMed has dropped what it drops: its hits are the hits of the search.
    """

    text: str
    translations: tuple[tuple[str, str], ...]
    errors: dict[str, tuple[str, ...]]
    warnings: dict[str, tuple[str, ...]]
    effective: Node


def translate(
    node: Node, index: Index | None = None, *, references: Mapping[int, Collection[int]] | None = None
) -> Translation:
    """Returns what ESearch would say of the query.

    Without an index it is what can be told from the query alone. With one, what no article holds counts as not found:
    a quoted phrase with a tag leaves its OR, a word that PubMed maps itself is dropped, a quoted phrase without a tag is
    mapped word by word, words with one tag and no quotes are parted and the last keeps the tag. Where there are no hits
    and a term that was not found stays, the translation is the query as it was sent.
    """
    translator = _Translator(index, references)
    part = fold(fold(node, settled), translator.visit)
    effective = part.node
    messages: tuple[str, ...] = ()
    text = _flat(part.text)
    if index is not None and not index.search(effective, references=references):
        messages = (NO_ITEMS,)
        if part.is_wanting:
            text = unparse(node)
    errors: dict[str, tuple[str, ...]] = {}
    if translator.not_found or translator.is_tag_ignored:
        errors = {"phrasesnotfound": _distinct(translator.not_found), "fieldsnotfound": ()}
    warnings: dict[str, tuple[str, ...]] = {}
    if translator.ignored or translator.quoted_not_found or messages:
        warnings = {
            "phrasesignored": _distinct(translator.ignored),
            "quotedphrasesnotfound": _distinct(translator.quoted_not_found),
            "outputmessages": messages,
        }
    return Translation(
        text=text,
        translations=tuple(dict.fromkeys(translator.mapped)),
        errors=errors,
        warnings=warnings,
        effective=effective,
    )


Text: TypeAlias = "str | list[Text]"


@dataclass(slots=True, kw_only=True)
class _Part:
    """A piece of the translation and of what is searched for.

    `operator` joins the text's outermost operands, and is None where there is one. A part that `is_dropped` leaves any
    chain, one that `is_absent` leaves only an OR; one that `is_wanting` holds a term that was not found and yet stays.
    """

    text: Text
    node: Node
    operator: Boolean | None = None
    is_dropped: bool = False
    is_absent: bool = False
    is_wanting: bool = False


class _Translator:
    def __init__(self, index: Index | None, references: Mapping[int, Collection[int]] | None) -> None:
        self._index = index
        self._references = references
        self.mapped: list[tuple[str, str]] = []
        self.not_found: list[str] = []
        self.quoted_not_found: list[str] = []
        self.ignored: list[str] = []
        self.is_tag_ignored = False

    def visit(self, node: Node, parts: Sequence[_Part]) -> _Part:
        if isinstance(node, Term):
            return self._term(node)
        if isinstance(node, Range):
            return self._range(node)
        if isinstance(node, Group):
            return self._group(node, parts[0])
        if isinstance(node, Chain):
            return _chained(node, parts)
        if isinstance(node, Reference):
            return _Part(text=f"#{node.number}", node=node)
        raise TypeError(type(node))  # ESearch is sent one line

    # --- terms --------------------------------------------------------------------------------------------------------

    def _term(self, term: Term) -> _Part:
        field = term.field
        if field is None:
            self.is_tag_ignored |= term.tag is not None
            return self._untagged(replace(term, tag=None)) if term.text else _Part(text=unparse(term), node=term)
        if field.kind is Kind.DATE:
            return self._date(term, field)
        words = words_of(term.text)
        if not words:
            return _Part(text=unparse(term), node=term)
        if field.kind is Kind.WORDS and is_stop_word(words) and not term.is_truncated:
            self.not_found.append(term.text)
            return _Part(text=unparse(term), node=term, is_wanting=True)
        is_found = self._is_found(term)
        part = _Part(text=self._spelled(term, field), node=term)
        if term.is_quoted:
            if not is_found:
                self.quoted_not_found.append(unparse(term))
                part.is_absent = part.is_wanting = True
        elif field.kind is Kind.WORDS and not is_found and self._falls_apart(term):
            return self._parted(term)
        elif field.tag in {"mh", "majr"} and self._index is not None and is_found:
            self.mapped.append((unparse(term), str(part.text)))
        return part

    def _spelled(self, term: Term, field: Field) -> str:
        tag = term.tag
        text = spelled(term.text)
        modifier = ""
        if tag is not None and tag.is_noexp:
            modifier = ":noexp"
        elif term.near is not None:
            modifier = f":~{term.near}"
        if field.tag in {"mh", "majr"} and not term.is_quoted:
            text = text.lower()
        if field.tag == "ta" and self._index is not None and (journal := self._index.journal(term.text)):
            abbreviation, journal_id = journal
            self.mapped.append((unparse(term), f'"{abbreviation}"[{field.name}:__jid{journal_id}]'))
            text = spelled(abbreviation).lower()
        return f'"{text}"[{field.name}{modifier}]'

    def _date(self, term: Term, field: Field) -> _Part:
        span = span_of(term.text, self._index.today if self._index is not None else None)
        if span is not None:
            return _Part(text=f"{spell_day(span[0])}:{spell_day(span[1])}[{field.name}]", node=term)
        return _Part(text=f'"{spelled(term.text)}"[{field.name}]' if term.text else unparse(term), node=term)

    def _range(self, asked: Range) -> _Part:
        field, low, high = asked.field, asked.low.text, asked.high.text
        if field is None:
            self.is_tag_ignored |= asked.tag is not None
            return _Part(text=unparse(asked), node=asked)
        if field.kind is Kind.DATE:
            today = self._index.today if self._index is not None else None
            first, last = span_of(low, today), span_of(high, today)
            if first is None or last is None:
                return _Part(text=unparse(asked), node=asked)
            low, high = spell_day(first[0]), spell_day(last[1])
        return _Part(text=f"{low}:{high}[{field.name}]", node=asked)

    def _parted(self, term: Term) -> _Part:
        """Words that stand together nowhere are sought one by one, and only the last has the tag."""
        first, _, last = term.text.rpartition(" ")
        nodes = (Term(text=first, start=term.start, end=term.end), replace(term, text=last))
        operators = (Operator(kind=Boolean.AND, is_implied=True),)
        both = Chain(operands=nodes, operators=operators, start=term.start, end=term.end)
        part = _chained(both, [self._untagged(nodes[0]), self._term(nodes[1])])
        return replace(part, node=Group(inner=part.node, start=term.start, end=term.end))

    def _falls_apart(self, term: Term) -> bool:
        return " " in term.text and "-" not in term.text and "*" not in term.text

    # --- what PubMed maps itself --------------------------------------------------------------------------------------

    def _untagged(self, term: Term) -> _Part:
        """A term without a tag; with an index, only words that some article holds stay."""
        plain = _Part(text=f'"{spelled(term.text)}"[All Fields]', node=term)
        if not words_of(term.text):
            return _Part(text=unparse(term), node=term)
        if term.is_quoted:
            if self._is_found(term):
                return plain
            self.quoted_not_found.append(unparse(term))
            return self._mapped(replace(term, is_quoted=False))
        if term.is_truncated:
            return plain
        if pmids := pmids_of(term):
            return _Part(text=" OR ".join(f'"{pmid}"[UID]' for pmid in pmids), node=term, operator=Boolean.OR)
        return self._mapped(term)

    def _mapped(self, term: Term) -> _Part:
        units = [unit for unit in term.text.split(" ") if words_of(unit)]
        kept: list[str] = []
        pieces: list[tuple[str, bool]] = []
        at = 0
        while at < len(units):
            length, piece = self._heading_at(units, at)
            if length:
                segment = " ".join(units[at : at + length])
                self.mapped.append((segment, piece))
                kept += units[at : at + length]
                pieces.append((piece, True))
                at += length
                continue
            unit = units[at]
            at += 1
            if is_stop_word(words_of(unit)):
                self.ignored.append(unit)
            elif not self._is_found(Term(text=unit, is_quoted=True)):
                self.not_found.append(unit)
            else:
                kept.append(unit)
                pieces.append((f'"{spelled(unit).lower()}"[All Fields]', False))
        if not kept:
            return _Part(text=unparse(term), node=term, is_dropped=True, is_wanting=True)
        node = replace(term, text=" ".join(kept))
        if len(pieces) == 1:
            text, is_or = pieces[0]
            return _Part(text=text.replace("'", " "), node=node, operator=Boolean.OR if is_or else None)
        joined = " AND ".join(f"({text})" if is_or else text for text, is_or in pieces)
        return _Part(text=joined.replace("'", " "), node=node, operator=Boolean.AND)

    def _heading_at(self, units: Sequence[str], at: int) -> tuple[int, str]:
        """Returns how many units from here are a heading or a substance, the most that are, and what they become."""
        if self._index is None:
            return 0, ""
        for length in range(min(_LONGEST_HEADING, len(units) - at), 0, -1):
            segment = units[at : at + length]
            text = " ".join(segment)
            if is_stop_word(words_of(text)):
                continue
            named = [
                f'"{name.lower()}"[{FIELDS[tag].name}]'
                for tag, name in (("mh", self._index.heading(text)), ("nm", self._index.substance(text)))
                if name
            ]
            if not named:
                continue
            if length > 1:
                named.append("(" + " AND ".join(f'"{word.lower()}"[All Fields]' for word in segment) + ")")
            return length, " OR ".join([*named, f'"{text.lower()}"[All Fields]'])
        return 0, ""

    def _is_found(self, term: Term) -> bool:
        return self._index is None or bool(self._index.search(term, references=self._references))

    # --- groups -------------------------------------------------------------------------------------------------------

    def _group(self, group: Group, inner: _Part) -> _Part:
        self.is_tag_ignored |= group.tag is not None
        if isinstance(inner.node, Chain):
            inner.node = Group(inner=inner.node, start=group.start, end=group.end)
        return inner


def spelled(text: str) -> str:
    """Returns a term's text as a translation has it: brackets, apostrophes and signs are gone, and then the case too."""
    kept = "".join(" " if c in _QUIET or (not c.isascii() and unicodedata.category(c)[0] == "S") else c for c in text)
    return text if kept == text else " ".join(kept.split()).lower()


def settled(node: Node, parts: Sequence[Node]) -> Node:
    """Puts the tag of a group that is one value on the value; for `fold`."""
    if isinstance(node, Group):
        return single_value(node) or replace(node, inner=parts[0])
    if isinstance(node, Line):
        return replace(node, inner=parts[0])
    if isinstance(node, Lines):
        return replace(node, lines=tuple(line for line in parts if isinstance(line, Line)))
    return replace(node, operands=tuple(parts)) if isinstance(node, Chain) else node


def _chained(node: Chain, parts: Sequence[_Part]) -> _Part:
    """Joins operands from left to right without those that PubMed drops.

    An operand stands in parentheses where its own outermost operator is another, and on the right wherever it has one.
    """
    whole = parts[0]
    text: list[Text] = [whole.text]
    operands, operators = [whole.node], list[Operator]()
    for operator, part in zip(node.operators, parts[1:], strict=True):
        kind = operator.kind
        if part.is_dropped or (part.is_absent and kind is Boolean.OR and not (whole.is_absent or whole.is_dropped)):
            continue
        if kind is not Boolean.NOT and (
            whole.is_dropped or (whole.is_absent and not part.is_absent and kind is Boolean.OR)
        ):
            whole, text, operands, operators = part, [part.text], [part.node], []
            continue
        is_absent = whole.is_absent and part.is_absent and kind is Boolean.OR
        if whole.operator not in {None, kind}:
            text = ["(", text, ")"]
        text.append(f" {kind} ")
        text += [part.text] if part.operator is None else ["(", part.text, ")"]
        operands.append(part.node)
        operators.append(operator)
        whole = _Part(
            text=text,
            node=node,
            operator=kind,
            is_absent=is_absent,
            is_wanting=whole.is_wanting or part.is_wanting,
        )
    if not operators:
        return whole
    chain = Chain(operands=tuple(operands), operators=tuple(operators), start=node.start, end=node.end)
    return replace(whole, text=text, node=chain)


def _flat(text: Text) -> str:
    parts: list[str] = []
    stack: list[Text] = [text]
    while stack:
        top = stack.pop()
        if isinstance(top, str):
            parts.append(top)
        else:
            stack.extend(reversed(top))
    return "".join(parts)


def _distinct(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))
