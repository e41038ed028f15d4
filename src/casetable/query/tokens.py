"""Cuts a query into tokens: comments are left out, numbered lines told apart, and lost parentheses put back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

from casetable.problems import shown
from casetable.query.tree import Boolean, QueryError

QUOTES = '"“”„‟＂'
MOST_FAULTS = 100

_SPACE = re.compile(r"\s+")
_QUOTE = re.compile(f"[{QUOTES}]")
_TAG = re.compile(r"\[([^\[\]]*)\]")
_OPEN_TAG = re.compile(r"\[[\w/:~-]*")
_COMMENT = re.compile(r"#(?![0-9])[^\n]*|/\*")
# What stands in quotes only if a quote is missing before: the end of a tag, or an operator at either end.
_SYNTAX = re.compile(r"\s*\[|[^\[\]]*\](?!\w)|\s*(?:AND|OR|NOT)\s|.*\s(?:AND|OR|NOT)\s*\Z", re.DOTALL)
# Identifiers hold parentheses and colons that are no part of the query: 10.1016/S0140-6736(20)30183-5[doi].
_WORD = re.compile(
    rf"10\.[0-9]{{4,9}}/(?:[^\s()\[\]{QUOTES}]|\([^\s()\[\]{QUOTES}]*\))++"
    rf"|S?[0-9]{{4}}-?[0-9]{{3}}[0-9X]\([0-9]{{2}}\)[0-9]{{5}}-?[0-9X]"
    rf"|[^\s()\[\]:{QUOTES}]++"
)
_REFERENCE = re.compile(r"#[0-9]{1,9}")
_NUMBER = re.compile(r"(#?)([0-9]{1,6})[.):]?(?=\s)")
BOOLEANS = {kind.value.lower(): kind for kind in Boolean}

Kind: TypeAlias = Literal["word", "reference", "operator", "quoted", "tag", "(", ")", ":", "end"]


class Token(NamedTuple):
    kind: Kind
    text: str
    start: int
    end: int


class Faults(list[QueryError]):
    """What is wrong with a text; of a text that is all faults, the first ones."""

    def add(self, message: str, start: int, end: int) -> None:
        if len(self) < MOST_FAULTS:
            self.append(QueryError(message, start, end))


# --- tokens -----------------------------------------------------------------------------------------------------------


def without_comments(text: str) -> str:
    """Returns a strategy's text in one line, without its comments."""
    return " ".join(comments_blanked(text).split())


def comments_blanked(text: str) -> str:
    """Returns a strategy's text with blanks in the place of its comments, so that all else keeps its place."""
    pieces, at = list[str](), 0
    for start, end in _comment_places(text):
        pieces += [text[at:start], " " * (end - start)]
        at = end
    return "".join([*pieces, text[at:]])


def comments_of(text: str) -> list[str]:
    """Returns the comments of a strategy."""
    return [text[start:end] for start, end in _comment_places(text)]


def _comment_places(text: str) -> list[tuple[int, int]]:
    places: list[tuple[int, int]] = []
    cut(text, Faults(), is_sent=False, comments=places)
    return places


def cut(text: str, faults: Faults, *, is_sent: bool, comments: list[tuple[int, int]] | None = None) -> list[Token]:
    """Returns the tokens of a query; the places of its comments go into `comments`."""
    tokens: list[Token] = []
    is_odd = len(_QUOTE.findall(text)) % 2 == 1
    at = 0
    while at < len(text):
        character = text[at]
        if character in "():":
            tokens.append(Token(character, character, at, at + 1))  # type: ignore[arg-type]
            at += 1
        elif character in QUOTES:
            closing = _QUOTE.search(text, at + 1)
            if closing is None or (is_odd and _SYNTAX.match(text, at + 1, closing.start())):
                is_odd = False
                message = "a quote is never closed; expected '\"' after the phrase"
                if closing is not None:
                    message = (
                        "a quote opens no phrase, so one is missing near it; expected '\"' on both sides of a phrase"
                    )
                faults.add(message, at, at + 1)
                at += 1
                continue
            tokens.append(Token("quoted", " ".join(text[at + 1 : closing.start()].split()), at, closing.end()))
            at = closing.end()
        elif character == "[":
            tag = _TAG.match(text, at)
            if tag is None:
                faults.add("'[' is never closed; expected ']' after the tag", at, at + 1)
                at = _OPEN_TAG.match(text, at).end()  # type: ignore[union-attr]
                continue
            tokens.append(Token("tag", " ".join(tag[1].split()), at, tag.end()))
            at = tag.end()
        elif character == "]":
            faults.add("']' closes no tag; expected '[' before it", at, at + 1)
            at += 1
        elif space := _SPACE.match(text, at):
            at = space.end()
        elif not is_sent and (comment := _COMMENT.match(text, at)):
            at = comment.end()
            if comment[0] == "/*":
                at = text.find("*/", at) + 2
                if at == 1:
                    faults.add("a comment is never closed; expected '*/'", comment.start(), comment.end())
                    at = len(text)
            if comments is not None:
                comments.append((comment.start(), at))
        elif word := _WORD.match(text, at):
            kind: Kind = "word"
            if word[0].lower() in BOOLEANS:
                kind = "operator"
            elif _REFERENCE.fullmatch(word[0]):
                kind = "reference"
            tokens.append(Token(kind, word[0], at, word.end()))
            at = word.end()
    tokens.append(Token("end", "", len(text), len(text)))
    return tokens


def numbered(text: str, tokens: Sequence[Token]) -> list[tuple[int, int, list[Token]]]:
    """Returns number, start and tokens of each numbered line, or nothing where the text is no line-by-line strategy.

    It is one where at least two lines begin with a number and something to search for, the first line among them:
    `#1` in any order, or plain numbers that count up from 1. Lines without a number go on with the one above.
    """
    marks: list[tuple[int, int, int]] = []
    is_hashed = [False, False]
    for at in _line_starts(text, tokens):
        token = tokens[at]
        found = _NUMBER.match(text, token.start)
        if found is None:
            if not marks:
                return []
            continue
        after = at
        while tokens[after].start < found.end():
            after += 1
        begun = tokens[after]
        is_query = (
            begun.kind not in {"operator", ")", "end"}
            and (bool(found[1]) or begun.kind != ":")
            and "\n" not in text[found.end() : begun.start]
        )
        if not is_query or (not found[1] and int(found[2]) != len(marks) + 1):
            if not marks:
                return []
            continue
        is_hashed[bool(found[1])] = True
        marks.append((int(found[2]), at, after))
    if len(marks) < 2 or all(is_hashed):
        return []
    ends = [*(at for _, at, _ in marks[1:]), len(tokens) - 1]
    lines = []
    for (number, at, after), end in zip(marks, ends, strict=True):
        within = list(tokens[after:end])
        within.append(Token("end", "", within[-1].end, within[-1].end))
        lines.append((number, tokens[at].start, within))
    return lines


def _line_starts(text: str, tokens: Sequence[Token]) -> Iterator[int]:
    before = 0
    for at, token in enumerate(tokens[:-1]):
        if at == 0 or "\n" in text[before : token.start]:
            yield at
        before = token.end


# --- parentheses ------------------------------------------------------------------------------------------------------

_MOST_GUESSES = 12


def balanced(text: str, tokens: list[Token], faults: Faults) -> list[Token]:
    """Returns the tokens with every parenthesis in a pair, and tells of those that had none.

    Where one is lost, its place is guessed: reviewers put terms joined by OR into one group and join groups by AND, so
    that a group in which both meet is where it was lost. With more than one lost, what has no pair is told where it is.
    """
    opened: list[int] = []
    strays: list[int] = []
    for at, token in enumerate(tokens):
        if token.kind == "(":
            opened.append(at)
        elif token.kind == ")" and opened:
            opened.pop()
        elif token.kind == ")":
            strays.append(at)
    if not opened and not strays:
        return tokens
    if len(opened) == 1 and not strays:
        at, group = _lost_end(tokens, opened[0])
        place = tokens[at - 1].end
        begun = text[tokens[group].start : place]
        where = "" if tokens[at].kind == "end" else ", most likely here"
        faults.add(
            f"the group {shown(begun, 30)} is never closed; expected ')'{where}", place, min(place + 1, len(text))
        )
        return [*tokens[:at], Token(")", ")", place, place), *tokens[at:]]
    begun_at = _lost_start(tokens, strays[0]) if len(strays) == 1 and not opened else None
    if begun_at is not None:
        at, place = begun_at, tokens[begun_at].start
        ending = text[place : tokens[strays[0]].end]
        message = f"'(' is missing before {shown(ending, 30)}, most likely here; expected as many '(' as ')'"
        faults.add(message, place, tokens[at].end)
        return [*tokens[:at], Token("(", "(", place, place), *tokens[at:]]
    for at in strays:
        faults.add("')' closes no group; expected '(' before it", tokens[at].start, tokens[at].end)
    for at in opened:
        faults.add("'(' is never closed; expected ')'", tokens[at].start, tokens[at].end)
    dropped = set(strays)
    end = tokens[-1]
    closing = [Token(")", ")", end.start, end.start)] * len(opened)
    return [*(token for at, token in enumerate(tokens[:-1]) if at not in dropped), *closing, end]


@dataclass(slots=True)
class _Open:
    """A group under way: where it begins, its last operator, and where the operands begin that this one joins."""

    start: int
    kind: str = ""
    run: int = 0
    after: int = 0


def _lost_end(tokens: Sequence[Token], orphan: int) -> tuple[int, int]:
    """Returns the token before which ')' was lost, and the '(' whose group it ended."""
    groups: list[_Open] = []
    guesses: list[tuple[int, int]] = []
    for at in range(orphan, len(tokens)):
        kind = tokens[at].kind
        if kind == "(":
            groups.append(_Open(at))
        elif kind == ")":
            groups.pop()
        elif kind == "operator":
            joins = _joins(tokens, at)
            is_break = groups[-1].kind == "not" or joins != groups[-1].kind
            if groups[-1].kind and joins and is_break and len(guesses) < _MOST_GUESSES:
                guesses.append((at, groups[-1].start))
            groups[-1].kind = joins or groups[-1].kind
    guesses.append((len(tokens) - 1, orphan))
    return min(guesses, key=lambda guess: _disorder(tokens, guess[0], ")"))


def _lost_start(tokens: Sequence[Token], stray: int) -> int | None:
    """Returns the token before which '(' was lost, or None where nothing tells that one was."""
    groups = [_Open(-1)]
    guesses: list[int] = []
    for at in range(stray + 1):
        kind = tokens[at].kind
        if kind == "(":
            groups.append(_Open(at, run=at + 1, after=at + 1))
        elif kind == "operator":
            joins, group = _joins(tokens, at), groups[-1]
            if joins and (joins != group.kind or joins == "not"):
                group.run, group.kind = group.after, joins
            group.after = at + 1
        elif kind == ")":
            group = groups.pop()
            if group.run > group.start + 1 and len(guesses) < _MOST_GUESSES:
                guesses.append(group.run)
    if not groups and group.kind and group.run == 0:
        guesses.append(0)
    return min(guesses, key=lambda guess: _disorder(tokens, guess, "("), default=None)


def _joins(tokens: Sequence[Token], at: int) -> str:
    """Returns the operator, of which the NOT of an `AND NOT` is no other one."""
    return "" if tokens[at - 1].kind == "operator" else tokens[at].text.lower()


def _disorder(tokens: Sequence[Token], at: int, parenthesis: str) -> int:
    """Returns how unlike a reviewer's query this is once a parenthesis stands before a token.

    Groups in which OR meets AND or NOT count most, then groups in which anything follows a NOT.
    """
    disorder = 0
    groups: list[_Weighed] = [_Weighed()]
    for number, token in enumerate(tokens):
        if number == at and parenthesis == "(":
            groups.append(_Weighed())
        elif (number == at or token.kind == ")") and len(groups) > 1:
            disorder += groups.pop().weight
        if token.kind == "(":
            groups.append(_Weighed())
        elif number == at and token.kind == ")" and parenthesis == ")" and len(groups) > 1:
            disorder += groups.pop().weight
        elif token.kind == "operator":
            group, joins = groups[-1], _joins(tokens, number)
            group.after_not += "not" in group.kinds and len(groups) > 1
            if joins:
                group.kinds.add(joins)
    return disorder + sum(group.weight for group in groups)


@dataclass(slots=True)
class _Weighed:
    """The operators of a group, and how many of them stand after a NOT."""

    kinds: set[str] = field(default_factory=set)
    after_not: int = 0

    @property
    def weight(self) -> int:
        return 4 * ("or" in self.kinds and len(self.kinds) > 1) + self.after_not
