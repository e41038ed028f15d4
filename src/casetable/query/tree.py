"""A query as a tree that knows its places in the text, and how it is written again.

No function here recurses: a query may be nested as deep as its text is long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias, TypeVar

from casetable.errors import CasetableError
from casetable.query.tags import Field, Tag


class QueryError(CasetableError):
    """A query cannot be read, or names what is not there: what is wrong, and where in the text."""

    def __init__(self, message: str, start: int, end: int) -> None:
        super().__init__(message)
        self.message = message
        self.start = start
        self.end = end


class Boolean(StrEnum):
    AND = "AND"
    OR = "OR"
    NOT = "NOT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """A Boolean operator as it stands in the text; `is_implied` where two operands have none between them."""

    kind: Boolean
    is_implied: bool = False
    text: str = field(default="", compare=False)
    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class _Placed:
    """A node's place in the text. Nodes are equal when they say the same, wherever they stand."""

    start: int = 0
    end: int = 0

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, _Placed) and _shape(self) == _shape(other))

    def __hash__(self) -> int:
        return hash(_shape(self))

    def __repr__(self) -> str:
        return _join(self, _shown)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Term(_Placed):
    """Words to be found together, with their tag, if any; whitespace within is one space.

    Unquoted words without a tag are what PubMed maps itself. A tag that stands alone is a term without text.
    """

    text: str
    is_quoted: bool = False
    tag: Tag | None = None

    @property
    def field(self) -> Field | None:
        """The field that is searched, or None where there is no tag, or one that PubMed does not know."""
        return self.tag.field if self.tag is not None else None

    @property
    def is_truncated(self) -> bool:
        """The term ends in `*`."""
        return self.text.endswith("*")

    @property
    def near(self) -> int | None:
        """How many other words may stand between these, in any order; None where they are to stand as written.

        PubMed ignores `:~N` after words without quotes, after a single word, and where there is a `*`.
        """
        if self.tag is None or not self.is_quoted or "*" in self.text or " " not in self.text:
            return None
        return self.tag.near


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Range(_Placed):
    """Two terms with a colon between them, as `2009:2012[dp]`; either or both carry the tag."""

    low: Term
    high: Term

    @property
    def tag(self) -> Tag | None:
        return self.high.tag or self.low.tag

    @property
    def field(self) -> Field | None:
        return self.tag.field if self.tag is not None else None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Reference(_Placed):
    """An earlier search by its number, as `#3`."""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Group(_Placed):
    """What stands in parentheses; PubMed ignores a tag on it, unless it holds a single value."""

    inner: Node
    tag: Tag | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Chain(_Placed):
    """Two or more operands, read from left to right; no operator binds closer than another."""

    operands: tuple[Node, ...]
    operators: tuple[Operator, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Line(_Placed):
    """A numbered line of a line-by-line strategy; other lines name it as `#1`."""

    number: int
    inner: Node


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Lines(_Placed):
    """A line-by-line strategy, in the order of its text; it stands at the root only."""

    lines: tuple[Line, ...]

    @property
    def last(self) -> Line:
        """The line that is the strategy's answer: the one with the highest number."""
        return max(self.lines, key=lambda line: line.number)


Node: TypeAlias = Term | Range | Reference | Group | Chain | Line | Lines
T = TypeVar("T")


def fold(node: Node, visit: Callable[[Node, Sequence[T]], T]) -> T:
    """Returns what `visit` makes of the node, given what it made of each operand or of a group's inside."""
    values: list[T] = []
    stack: list[tuple[Node, bool]] = [(node, False)]
    while stack:
        top, is_visited = stack.pop()
        inside = _inside(top)
        if inside and not is_visited:
            stack.append((top, True))
            stack.extend((child, False) for child in reversed(inside))
            continue
        first = len(values) - len(inside)
        given = values[first:]
        del values[first:]
        values.append(visit(top, given))
    return values[0]


def walk(node: Node) -> Iterator[Node]:
    """Yields the node and all below it in the order of the text; the ends of a range are part of it."""
    stack = [node]
    while stack:
        top = stack.pop()
        yield top
        stack.extend(reversed(_inside(top)))


def blocks_of(
    root: Node, lines: Mapping[int, Node] | None = None
) -> list[tuple[bool, tuple[Node, ...], Sequence[Boolean]]]:
    """Returns the parts of a query that AND joins, in its order: whether NOT takes it away, its nodes, what joins these.

    Operators count from left to right, so that all before the last OR of a chain is one part. `lines` are those that the
    query names; a line that AND joins falls into its own parts.
    """
    named = lines or {}
    found: list[tuple[bool, tuple[Node, ...], Sequence[Boolean]]] = []
    stack: list[tuple[bool, tuple[Node, ...], Sequence[Boolean]]] = [(False, (root,), ())]
    while stack:
        is_excluding, nodes, kinds = stack.pop()
        inner = nodes[0]
        while isinstance(inner, Group) or (isinstance(inner, Reference) and inner.number in named):
            inner = inner.inner if isinstance(inner, Group) else named[inner.number]
        if is_excluding or len(nodes) > 1 or not isinstance(inner, Chain) or inner.operators[-1].kind is Boolean.OR:
            found.append((is_excluding, nodes, kinds))
            continue
        kinds = [operator.kind for operator in inner.operators]
        mixed = len(kinds) - kinds[::-1].index(Boolean.OR) if Boolean.OR in kinds else 0
        parts: list[tuple[bool, tuple[Node, ...], Sequence[Boolean]]] = [
            (False, inner.operands[: mixed + 1], kinds[:mixed])
        ]
        for kind, operand in zip(kinds[mixed:], inner.operands[mixed + 1 :], strict=True):
            parts.append((kind is Boolean.NOT, (operand,), ()))
        stack += reversed(parts)
    return found


def stray_references(node: Node) -> Iterator[QueryError]:
    """Yields what is wrong with each `#n` of a strategy: it is to name a line with a lower number."""
    lines = node.lines if isinstance(node, Lines) else (Line(number=0, inner=node),)
    there = {line.number for line in lines} if isinstance(node, Lines) else set[int]()
    for line in lines:
        for part in walk(line.inner):
            if not isinstance(part, Reference):
                continue
            if part.number not in there:
                message = f"#{part.number} names no line of the strategy; expected the number of a line above"
                yield QueryError(message, part.start, part.end)
            elif part.number >= line.number:
                message = (
                    f"line #{line.number} names #{part.number}, which does not stand before it; expected a lower number"
                )
                yield QueryError(message, part.start, part.end)


def check_references(node: Node) -> None:
    """Raises the first of `stray_references`."""
    for fault in stray_references(node):
        raise fault


def unparse(node: Node) -> str:
    """Returns the query's text: operators in capitals, straight quotes, tags as written, one space between, no comments."""
    return _join(node, _written)


def _inside(node: Node) -> tuple[Node, ...]:
    if isinstance(node, Chain):
        return node.operands
    if isinstance(node, Lines):
        return node.lines
    return (node.inner,) if isinstance(node, Group | Line) else ()


def _shape(node: _Placed) -> tuple[object, ...]:
    """All that a tree says, flat and without places."""
    shape: list[object] = []
    stack = [node]
    while stack:
        top = stack.pop()
        if isinstance(top, Term):
            shape.append(("term", top.text, top.is_quoted, top.tag))
        elif isinstance(top, Range):
            shape.append("range")
            stack += [top.high, top.low]
        elif isinstance(top, Reference):
            shape.append(("reference", top.number))
        elif isinstance(top, Group):
            shape.append(("group", top.tag))
            stack.append(top.inner)
        elif isinstance(top, Chain):
            shape.append(("chain", len(top.operands), top.operators))
            stack += reversed(top.operands)
        elif isinstance(top, Line):
            shape.append(("line", top.number))
            stack.append(top.inner)
        elif isinstance(top, Lines):
            shape.append(("lines", len(top.lines)))
            stack += reversed(top.lines)
    return tuple(shape)


Pieces: TypeAlias = list["str | _Placed"]


def _join(node: _Placed, pieces_of: Callable[[_Placed], Pieces]) -> str:
    parts: list[str] = []
    stack: Pieces = [node]
    while stack:
        top = stack.pop()
        if isinstance(top, str):
            parts.append(top)
        else:
            stack.extend(reversed(pieces_of(top)))
    return "".join(parts)


def _bracketed(tag: Tag | None) -> str:
    return f"[{tag.text}]" if tag is not None else ""


def _written(node: _Placed) -> Pieces:
    if isinstance(node, Term):
        quote = '"' if node.is_quoted else ""
        return [f"{quote}{node.text}{quote}{_bracketed(node.tag)}"]
    if isinstance(node, Range):
        return [node.low, ":", node.high]
    if isinstance(node, Reference):
        return [f"#{node.number}"]
    if isinstance(node, Group):
        return ["(", node.inner, ")" + _bracketed(node.tag)]
    if isinstance(node, Line):
        return [f"#{node.number} ", node.inner]
    pieces: Pieces = []
    if isinstance(node, Lines):
        for line in node.lines:
            pieces += [line, "\n"]
        return pieces[:-1]
    if not isinstance(node, Chain):
        raise TypeError(type(node))
    left: Node | None = None
    for operator, operand in zip((None, *node.operators), node.operands, strict=True):
        if operator is not None and left is not None:
            is_silent = operator.is_implied and operator.kind is Boolean.AND and _stand_apart(left, operand)
            pieces.append(" " if is_silent else f" {operator.kind} ")
        pieces += ["(", operand, ")"] if isinstance(operand, Chain) else [operand]
        left = operand
    return pieces


def _stand_apart(left: Node, right: Node) -> bool:
    """Says whether two operands are read as two when nothing stands between them."""
    first = right.low if isinstance(right, Range) else right
    is_bare = isinstance(first, Term) and not first.is_quoted
    if isinstance(first, Term) and is_bare and not first.text:
        # A tag alone would be the left one's tag, and a colon would make a range with it.
        return isinstance(left, Group) and (left.tag is not None or first.tag is None)
    last = left.high if isinstance(left, Range) else left
    return not (isinstance(last, Term) and last.tag is None and not last.is_quoted and is_bare)


def _shown(node: _Placed) -> Pieces:
    name = type(node).__name__
    place = f" {node.start}:{node.end}"
    if isinstance(node, Group):
        return [f"{name}({_bracketed(node.tag)}", node.inner, f"{place})"]
    if isinstance(node, Chain):
        pieces: Pieces = [f"{name}("]
        for operator, operand in zip((None, *node.operators), node.operands, strict=True):
            if operator is not None:
                pieces.append(f" {operator.kind}{' (implied)' if operator.is_implied else ''} ")
            pieces.append(operand)
        return [*pieces, f"{place})"]
    return [f"{name}(", *_written(node), f"{place})"]
