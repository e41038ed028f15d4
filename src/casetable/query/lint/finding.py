"""What lint finds: a place in a strategy, the rule that it breaks, and how to mend it where there is one safe way."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from casetable.problems import Example, Rule, Severity, joined, shown
from casetable.query.parse import read
from casetable.query.tokens import comments_blanked
from casetable.query.translate import settled
from casetable.query.tree import Boolean, Chain, Group, Line, Lines, Node, Range, Term, fold, unparse, walk

PATH = "queries/main.yaml"
MOST_NAMED = 4

# Headings that say whom a record is about, as indexers give them; authors do not name them.
CHECK_TAGS = frozenset(
    """humans, animals, animal, male, female, adult, child, child preschool, infant, infant newborn, adolescent, aged,
    aged 80 and over, middle aged, young adult""".replace("\n    ", " ").split(", ")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What stands in a strategy from `start` to `end` is to become `text`."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A fault of a strategy, at `start` to `end` of its text. `edits`, where there are any, mend it safely.

    What a rule finds in many places it may tell once: then `also` are the other places.
    """

    rule: Rule
    start: int
    end: int
    message: str
    hint: str = ""
    edits: tuple[Edit, ...] = ()
    also: tuple[tuple[int, int], ...] = ()


def places_of(nodes: Iterable[Node]) -> tuple[tuple[int, int], ...]:
    """Returns where nodes but the first one stand, for a finding that is told with the first."""
    return tuple((node.start, node.end) for node in nodes)[1:]


def rule(
    code: str, name: str, severity: Severity, *, summary: str, why: str, fix: str, good: str, bad: str, message: str
) -> Rule:
    """Returns a rule of lint; its examples are the texts of strategies."""
    example = Example(path=PATH, good=good, bad=bad, message=message)
    return Rule(code=code, name=name, severity=severity, summary=summary, why=why, fix=fix, example=example)


class Subject:
    """A strategy as lint looks at it: its text, as much of its tree as can be read, and what cannot be.

    `code` is the text with blanks for its comments. A group that is one value with a tag counts as that value.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.code = comments_blanked(text)
        node, self.faults = read(text)
        self.root: Node | None = fold(node, settled) if node is not None else None
        self._told: list[tuple[int, int]] = []

    def tell(self, findings: Iterable[Finding]) -> None:
        """Takes up what was found, for `is_told`; notes do not count."""
        self._told += [(found.start, found.end) for found in findings if found.rule.severity is not Severity.NOTE]
        self._told.sort()

    def is_told(self, node: Node) -> bool:
        """Says whether a more particular rule has told of a node, so that a general one need not."""
        at = bisect_right(self._told, (node.start, len(self.text) + 1))
        return any(start <= node.start < end for start, end in self._told[max(0, at - 8) : at])

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        """All nodes, in the order of the text."""
        return tuple(walk(self.root)) if self.root is not None else ()

    @cached_property
    def terms(self) -> tuple[Term, ...]:
        """All terms, the ends of ranges left out."""
        return tuple(node for node in self.nodes if isinstance(node, Term))

    @cached_property
    def chains(self) -> tuple[Chain, ...]:
        return tuple(node for node in self.nodes if isinstance(node, Chain))

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """The lines of a line-by-line strategy, else none."""
        return self.root.lines if isinstance(self.root, Lines) else ()

    @cached_property
    def roots(self) -> tuple[Node, ...]:
        """What each line searches for, or the whole."""
        return tuple(line.inner for line in self.lines) or ((self.root,) if self.root is not None else ())

    @cached_property
    def excluded(self) -> frozenset[int]:
        """The places at which terms begin that stand behind a NOT."""
        found: set[int] = set()
        for chain in self.chains:
            for operator, operand in zip(chain.operators, chain.operands[1:], strict=True):
                if operator.kind is Boolean.NOT and operand.start not in found:
                    found.update(node.start for node in walk(operand))
        return frozenset(found)

    @cached_property
    def in_tagged_groups(self) -> frozenset[int]:
        """The places at which terms begin that stand in a group with a tag."""
        found: set[int] = set()
        end = -1
        for node in self.nodes:  # in the order of the text, so that an outer group comes before those within
            if isinstance(node, Group) and node.tag is not None and node.start >= end:
                found.update(part.start for part in walk(node.inner))
                end = node.end
        return frozenset(found)

    def written(self, node: Node, limit: int = 60) -> str:
        """Returns a node as it stands in the text, in quotes for a message."""
        return shown(" ".join(self.text[node.start : node.end].split()) or unparse(node), limit)


def several(texts: Iterable[str], last: str = "and") -> str:
    """Returns "a, b and 4 more"; each once."""
    told = list(dict.fromkeys(texts))
    if len(told) > MOST_NAMED + 1:
        told = [*told[:MOST_NAMED], f"{len(told) - MOST_NAMED} more"]
        last = "and"
    return joined(told, last)


def or_lists(root: Node) -> Iterator[tuple[Node, ...]]:
    """Yields the operands of each list that OR joins, lists within it taken apart, largest first."""
    seen: set[int] = set()
    for node in walk(root):
        if isinstance(node, Chain) and id(node) not in seen and is_or(node):
            operands: list[Node] = []
            stack: list[Node] = list(reversed(node.operands))
            while stack:
                top = stack.pop()
                inner = top
                while isinstance(inner, Group):
                    inner = inner.inner
                if isinstance(inner, Chain) and is_or(inner):
                    seen.add(id(inner))
                    stack += reversed(inner.operands)
                else:
                    operands.append(inner)
            yield tuple(operands)


def is_or(chain: Chain) -> bool:
    return all(operator.kind is Boolean.OR for operator in chain.operators)


def ends_of(node: Node) -> tuple[Term, ...]:
    """Returns the terms in which a node's own words stand: itself, or the ends of a range."""
    if isinstance(node, Term):
        return (node,)
    return (node.low, node.high) if isinstance(node, Range) else ()
