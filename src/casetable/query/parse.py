"""Reads PubMed's query language into a tree, in one pass and in linear time."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

from casetable.problems import shown
from casetable.query.tags import FIELDS, Tag
from casetable.query.tree import Boolean, Chain, Group, Node, Operator, QueryError, Range, Reference, Term

QUOTES = '"“”„‟＂'

_SPACE = re.compile(r"\s+")
_QUOTE = re.compile(f"[{QUOTES}]")
_TAG = re.compile(r"\[([^\[\]]*)\]")
# Identifiers hold parentheses and colons that are no part of the query: 10.1016/S0140-6736(20)30183-5[doi].
_WORD = re.compile(
    rf"10\.[0-9]{{4,9}}/(?:[^\s()\[\]{QUOTES}]|\([^\s()\[\]{QUOTES}]*\))++"
    rf"|S?[0-9]{{4}}-?[0-9]{{3}}[0-9X]\([0-9]{{2}}\)[0-9]{{5}}-?[0-9X]"
    rf"|[^\s()\[\]:{QUOTES}]++"
)
_REFERENCE = re.compile(r"#([0-9]{1,9})")
_BOOLEANS = {kind.value.lower(): kind for kind in Boolean}

_Kind: TypeAlias = Literal["word", "reference", "operator", "quoted", "tag", "(", ")", ":", "end"]


class _Token(NamedTuple):
    kind: _Kind
    text: str
    start: int
    end: int


@dataclass(slots=True)
class _Level:
    """What was read of the query, or of a group that is still open."""

    start: int
    operands: list[Node] = field(default_factory=list)
    operators: list[Operator] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        return len(self.operands) > len(self.operators)


def parse(text: str) -> Node:
    """Returns the tree of a query, with its places in the text (`text[node.start:node.end]`).

    Operators count in any case and are read from left to right, none closer than another; `AND NOT` is NOT. Operands
    with nothing between them are joined by an implied AND, but words without quotes or a tag between them are one term.
    What PubMed passes over without a word stays in the tree: unknown tags, tags on groups, modifiers out of place,
    tags that stand alone. Raises QueryError, and nothing else, where the text is no query.
    """
    tokens = _cut(text)
    levels = [_Level(start=0)]
    at = 0
    while (token := tokens[at]).kind != "end":
        level = levels[-1]
        if token.kind == "operator":
            _operate(level, token)
            at += 1
            continue
        if token.kind == ")":
            at = _close(levels, tokens, at)
            continue
        if level.is_complete:
            if token.kind == "tag":
                raise QueryError(f"a second tag {shown(token.text)}; expected an operator", token.start, token.end)
            level.operators.append(Operator(kind=Boolean.AND, is_implied=True, start=token.start, end=token.start))
        if token.kind == "(":
            levels.append(_Level(start=token.start))
            at += 1
        else:
            operand, at = _operand(text, tokens, at)
            level.operands.append(operand)
    level = levels.pop()
    if not level.operands:
        raise QueryError("nothing is asked for; expected a term", 0, len(text))
    return _combined(level)


def _cut(text: str) -> list[_Token]:
    """Returns the tokens of a query; all parentheses among them have their pair."""
    tokens: list[_Token] = []
    opened: list[int] = []
    at = 0
    while at < len(text):
        character = text[at]
        if character in "():":
            if character == "(":
                opened.append(at)
            elif character == ")" and not opened:
                raise QueryError("')' closes no group; expected '(' before it", at, at + 1)
            elif character == ")":
                opened.pop()
            tokens.append(_Token(character, character, at, at + 1))  # type: ignore[arg-type]
            at += 1
        elif character in QUOTES:
            closing = _QUOTE.search(text, at + 1)
            if closing is None:
                raise QueryError("a quote is never closed; expected '\"' after the phrase", at, at + 1)
            tokens.append(_Token("quoted", " ".join(text[at + 1 : closing.start()].split()), at, closing.end()))
            at = closing.end()
        elif character == "[":
            tag = _TAG.match(text, at)
            if tag is None:
                raise QueryError("'[' is never closed; expected ']' after the tag", at, at + 1)
            tokens.append(_Token("tag", " ".join(tag[1].split()), at, tag.end()))
            at = tag.end()
        elif character == "]":
            raise QueryError("']' closes no tag; expected '[' before it", at, at + 1)
        elif space := _SPACE.match(text, at):
            at = space.end()
        elif word := _WORD.match(text, at):
            kind: _Kind = "word"
            if word[0].lower() in _BOOLEANS:
                kind = "operator"
            elif _REFERENCE.fullmatch(word[0]):
                kind = "reference"
            tokens.append(_Token(kind, word[0], at, word.end()))
            at = word.end()
    if opened:
        raise QueryError("'(' is never closed; expected ')'", opened[-1], opened[-1] + 1)
    tokens.append(_Token("end", "", len(text), len(text)))
    return tokens


def _operate(level: _Level, token: _Token) -> None:
    kind = _BOOLEANS[token.text.lower()]
    operator = Operator(kind=kind, text=token.text, start=token.start, end=token.end)
    if level.is_complete:
        level.operators.append(operator)
        return
    if not level.operators:
        raise QueryError(
            f"nothing stands before {shown(token.text)}; expected a term on either side", token.start, token.end
        )
    last = level.operators[-1]
    if last.kind is Boolean.AND and kind is Boolean.NOT:
        level.operators[-1] = Operator(kind=kind, text=f"{last.text} {token.text}", start=last.start, end=token.end)
        return
    raise QueryError(
        f"{shown(token.text)} follows {shown(last.text)}; expected a term between them", last.start, token.end
    )


def _close(levels: list[_Level], tokens: list[_Token], at: int) -> int:
    level, token, after = levels[-1], tokens[at], tokens[at + 1]
    if not level.operands:
        raise QueryError("an empty group; expected a term between '(' and ')'", level.start, token.end)
    levels.pop()
    tag = _tag(after)
    end = tag.end if tag is not None else token.end
    levels[-1].operands.append(Group(inner=_combined(level), tag=tag, start=level.start, end=end))
    return at + 1 + (tag is not None)


def _combined(level: _Level) -> Node:
    if not level.is_complete:
        last = level.operators[-1]
        raise QueryError(f"nothing stands after {shown(last.text)}; expected a term", last.start, last.end)
    if len(level.operands) == 1:
        return level.operands[0]
    return Chain(
        operands=tuple(level.operands),
        operators=tuple(level.operators),
        start=level.operands[0].start,
        end=level.operands[-1].end,
    )


def _tag(token: _Token) -> Tag | None:
    return Tag(text=token.text, start=token.start, end=token.end) if token.kind == "tag" else None


def _operand(text: str, tokens: list[_Token], at: int) -> tuple[Node, int]:
    """Returns the term, range or reference that begins here, and where it ends."""
    token = tokens[at]
    if token.kind == "reference" and not _is_word(tokens, at):
        return Reference(number=int(token.text[1:]), start=token.start, end=token.end), at + 1
    parts: list[Term] = []
    while True:
        part, at = _part(text, tokens, at)
        parts.append(part)
        if tokens[at].kind != ":":
            break
        at += 1
    first, last = parts[0], parts[-1]
    if len(parts) == 1:
        return first, at
    tag = last.tag or first.tag
    is_text = all(not part.is_quoted for part in parts) and all(part.tag is None for part in parts[:-1])
    is_range = tag is not None and tag.field is not None and tag.field.takes_range
    if len(parts) == 2 and (is_range or not is_text):
        return Range(low=first, high=last, start=first.start, end=last.end), at
    if not is_text:
        raise QueryError("a range of more than two; expected two dates, as 2009:2012[dp]", first.start, last.end)
    # A colon between words is text, as in HLA-B*27:05.
    end = last.tag.start if last.tag is not None else last.end
    words = " ".join(text[first.start : end].split())
    return Term(text=words, tag=last.tag, start=first.start, end=last.end), at


def _part(text: str, tokens: list[_Token], at: int) -> tuple[Term, int]:
    """Returns what stands on one side of a colon, which may be nothing at all."""
    first = tokens[at]
    if first.kind in {"word", "reference"}:
        after = at + 1
        while _is_word(tokens, after):
            after += 1
        after = _after_place(tokens, after)
    elif first.kind == "quoted":
        after = at + 1
    else:
        after = at
    tag = _tag(tokens[after])
    if after > at:
        start, end = first.start, tokens[after - 1].end
    else:
        start = end = first.start if first.kind in {"tag", ":"} else tokens[at - 1].end
    words = first.text if first.kind == "quoted" else " ".join(text[start:end].split())
    end = tag.end if tag is not None else end
    term = Term(text=words, is_quoted=first.kind == "quoted", tag=tag, start=start, end=end)
    return term, after + (tag is not None)


def _is_word(tokens: list[_Token], at: int) -> bool:
    """Says whether a word stands here; a number that has a tag or a colon after it refers to no search."""
    kind = tokens[at].kind
    return kind == "word" or (kind == "reference" and tokens[at + 1].kind in {"tag", ":"})


def _after_place(tokens: list[_Token], at: int) -> int:
    """Returns where a journal's name ends that has its place in parentheses, as `Rheumatology (Oxford)[ta]`."""
    if tokens[at].kind != "(":
        return at
    after = at + 1
    while tokens[after].kind == "word":
        after += 1
    if after == at + 1 or tokens[after].kind != ")":
        return at
    tag = _tag(tokens[after + 1])
    is_journal = tag is not None and tag.field is FIELDS["ta"]
    return after + 1 if is_journal else at
