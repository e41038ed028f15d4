"""Reads PubMed's query language into a tree, in one pass and in linear time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from casetable.problems import shown
from casetable.query.tags import FIELDS, Tag
from casetable.query.tokens import BOOLEANS, Faults, Token, balanced, cut, numbered
from casetable.query.tree import Boolean, Chain, Group, Line, Lines, Node, Operator, QueryError, Range, Reference, Term


@dataclass(slots=True)
class _Level:
    """What was read of the query, or of a group that is still open."""

    start: int
    operands: list[Node] = field(default_factory=list)
    operators: list[Operator] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        return len(self.operands) > len(self.operators)


def parse(text: str, *, is_sent: bool = False) -> Node:
    """Returns the tree of a query, with its places in the text (`text[node.start:node.end]`).

    Operators count in any case and are read from left to right, none closer than another; `AND NOT` is NOT. Operands
    with nothing between them are joined by an implied AND, but words without quotes or a tag between them are one term.
    What PubMed passes over without a word stays in the tree: unknown tags, tags on groups, modifiers out of place,
    tags that stand alone. Raises QueryError, and nothing else, where the text is no query.

    A strategy may have comments (`# …` to the end of the line, `/* … */`), and numbered lines (`#1 …`, or `1. …` from 1
    on) of which later ones name earlier ones by `#1`: then the tree is `Lines`. A term that `is_sent` has neither, as
    PubMed knows neither.
    """
    node, faults = read(text, is_sent=is_sent)
    if faults:
        raise faults[0]
    assert node is not None  # noqa: S101  # a text without a tree has a fault
    return node


def read(text: str, *, is_sent: bool = False) -> tuple[Node | None, tuple[QueryError, ...]]:
    """Returns the tree of whatever can be read of a query, and all that is wrong with it, in the order of the text.

    With faults, the tree is the one that the text would have if what is missing were there and what is too much were
    not; None where nothing is left. The first 100 faults are told.
    """
    faults = Faults()
    tokens = cut(text, faults, is_sent=is_sent)
    lines = [] if is_sent else numbered(text, tokens)
    if not lines:
        node = _tree(text, tokens, faults)
    else:
        read_lines: dict[int, Line] = {}
        for number, start, within in lines:
            inner = _tree(text, within, faults)
            if number in read_lines:
                faults.add(f"line #{number} stands here a second time; expected another number", start, within[0].start)
            elif inner is not None:
                read_lines[number] = Line(number=number, inner=inner, start=start, end=inner.end)
        told = tuple(read_lines.values())
        node = Lines(lines=told, start=told[0].start, end=told[-1].end) if told else None
    return node, tuple(sorted(faults, key=lambda fault: fault.start))


def _tree(text: str, tokens: list[Token], faults: Faults) -> Node | None:
    tokens = balanced(text, tokens, faults)
    levels = [_Level(start=tokens[0].start)]
    at = 0
    while (token := tokens[at]).kind != "end":
        level = levels[-1]
        if token.kind == "operator":
            _operate(level, token, faults)
            at += 1
            continue
        if token.kind == ")":
            at = _close(levels, tokens, at, faults)
            continue
        if level.is_complete:
            if token.kind == "tag":
                faults.add(f"a second tag {shown(token.text)}; expected an operator", token.start, token.end)
                at += 1
                continue
            level.operators.append(Operator(kind=Boolean.AND, is_implied=True, start=token.start, end=token.start))
        if token.kind == "(":
            levels.append(_Level(start=token.start))
            at += 1
        else:
            operand, at = _operand(tokens, at, faults)
            level.operands.append(operand)
    level = levels.pop()
    if not level.operands and not faults:
        start = tokens[0].start if len(tokens) > 1 else 0
        faults.add("nothing is asked for; expected a term", start, token.end)
    return _combined(level, faults)


def _operate(level: _Level, token: Token, faults: Faults) -> None:
    kind = BOOLEANS[token.text.lower()]
    operator = Operator(kind=kind, text=token.text, start=token.start, end=token.end)
    if level.is_complete:
        level.operators.append(operator)
        return
    if not level.operators:
        message = f"nothing stands before {shown(token.text)}; expected a term on either side"
        faults.add(message, token.start, token.end)
        return
    last = level.operators[-1]
    if last.kind is Boolean.AND and kind is Boolean.NOT:
        level.operators[-1] = Operator(kind=kind, text=f"{last.text} {token.text}", start=last.start, end=token.end)
        return
    message = f"{shown(token.text)} follows {shown(last.text)}; expected a term between them"
    faults.add(message, last.start, token.end)


def _close(levels: list[_Level], tokens: list[Token], at: int, faults: Faults) -> int:
    level, token = levels.pop(), tokens[at]
    tag = _tag(tokens[at + 1])
    inner = _combined(level, faults)
    if inner is not None:
        end = tag.end if tag is not None else token.end
        levels[-1].operands.append(Group(inner=inner, tag=tag, start=level.start, end=end))
    else:
        faults.add("an empty group; expected a term between '(' and ')'", level.start, token.end)
        if levels[-1].operators:
            levels[-1].operators.pop()
    return at + 1 + (tag is not None)


def _combined(level: _Level, faults: Faults) -> Node | None:
    if not level.operands:
        return None
    if not level.is_complete:
        last = level.operators.pop()
        faults.add(f"nothing stands after {shown(last.text)}; expected a term", last.start, last.end)
    if len(level.operands) == 1:
        return level.operands[0]
    return Chain(
        operands=tuple(level.operands),
        operators=tuple(level.operators),
        start=level.operands[0].start,
        end=level.operands[-1].end,
    )


def _tag(token: Token) -> Tag | None:
    return Tag(text=token.text, start=token.start, end=token.end) if token.kind == "tag" else None


def _operand(tokens: list[Token], at: int, faults: Faults) -> tuple[Node, int]:
    """Returns the term, range or reference that begins here, and where it ends."""
    token = tokens[at]
    if token.kind == "reference" and not _is_word(tokens, at):
        return Reference(number=int(token.text[1:]), start=token.start, end=token.end), at + 1
    begun = at
    parts: list[Term] = []
    while True:
        part, at = _part(tokens, at)
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
    if not is_text and len(parts) > 2:
        faults.add("a range of more than two; expected two dates, as 2009:2012[dp]", first.start, last.end)
    elif len(parts) == 2 and (is_range or not is_text):
        return Range(low=first, high=last, start=first.start, end=last.end), at
    # A colon between words is text, as in HLA-B*27:05.
    words = _words(tokens[begun : at - (last.tag is not None)])
    return Term(text=words, tag=last.tag, start=first.start, end=last.end), at


def _part(tokens: list[Token], at: int) -> tuple[Term, int]:
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
    words = first.text if first.kind == "quoted" else _words(tokens[at:after])
    end = tag.end if tag is not None else end
    term = Term(text=words, is_quoted=first.kind == "quoted", tag=tag, start=start, end=end)
    return term, after + (tag is not None)


def _words(tokens: Sequence[Token]) -> str:
    """Returns the tokens' text, with one space where something stood between them."""
    pieces: list[str] = []
    for at, token in enumerate(tokens):
        pieces += [" ", token.text] if at and tokens[at - 1].end != token.start else [token.text]
    return "".join(pieces)


def _is_word(tokens: list[Token], at: int) -> bool:
    """Says whether a word stands here; a number that has a tag or a colon after it refers to no search."""
    kind = tokens[at].kind
    return kind == "word" or (kind == "reference" and tokens[at + 1].kind in {"tag", ":"})


def _after_place(tokens: list[Token], at: int) -> int:
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
