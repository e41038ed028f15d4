"""What of a strategy is sent to PubMed, which knows neither comments nor line numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from casetable.query.parse import read
from casetable.query.tokens import without_comments
from casetable.query.tree import Group, Lines, Node, QueryError, Reference, blocks_of, stray_references, walk

LONGEST = 500_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SentBlock:
    """One of the parts that AND joins, or one that NOT takes away, as it is sent by itself; `text` as typed."""

    term: str
    text: str
    is_excluding: bool


def sent_term(text: str) -> str:
    """Returns the term that a strategy is sent as, in one line: as typed, without comments.

    Of a line-by-line strategy it is the last line, with each `#n` replaced by that line in parentheses. Raises the first
    of `unsendable`.
    """
    node = _sendable(text)
    return _line_terms(text, node)[node.last.number] if isinstance(node, Lines) else without_comments(text)


def sent_blocks(text: str) -> tuple[SentBlock, ...]:
    """Returns the blocks of a strategy in their order, as `match` numbers them from 1; raises like `sent_term`."""
    node = _sendable(text)
    terms = _line_terms(text, node) if isinstance(node, Lines) else {}
    found = []
    lines = {line.number: line.inner for line in node.lines} if isinstance(node, Lines) else {}
    for is_excluding, nodes, _ in blocks_of(node.last.inner if isinstance(node, Lines) else node, lines):
        start, end = nodes[0].start, nodes[-1].end
        references = [part for node in nodes for part in walk(node) if isinstance(part, Reference)]
        term = _expanded(text, start, end, references, terms)
        found.append(SentBlock(term=term, text=block_text(text, nodes, lines), is_excluding=is_excluding))
    return tuple(found)


def block_text(text: str, nodes: Sequence[Node], lines: Mapping[int, Node]) -> str:
    """Returns a block as typed; one that is a line by its number, with what the line says."""
    written = " ".join(text[nodes[0].start : nodes[-1].end].split())
    inner = nodes[0]
    while isinstance(inner, Group):
        inner = inner.inner
    if len(nodes) == 1 and isinstance(inner, Reference) and inner.number in lines:
        line = lines[inner.number]
        return f"{written}: {without_comments(text[line.start : line.end])}"
    return written


def unsendable(text: str) -> tuple[QueryError, ...]:
    """Returns all that keeps a strategy from being sent, in the order of its text."""
    node, faults = read(text)
    strays = tuple(stray_references(node)) if node is not None else ()
    found = tuple(sorted((*faults, *strays), key=lambda fault: fault.start))
    if found:
        return found
    try:
        sent_term(text)
    except QueryError as error:
        return (error,)
    return ()


def searched_as(text: str) -> str:
    """Returns what a strategy's text searches for, whatever its comments and line breaks; also of a faulty one."""
    try:
        return sent_term(text)
    except QueryError:
        return without_comments(text)


def _sendable(text: str) -> Node:
    node, faults = read(text)
    for fault in (*faults, *(stray_references(node) if node is not None else ())):
        raise fault
    assert node is not None  # noqa: S101  # a text without a tree has a fault
    return node


def _line_terms(text: str, lines: Lines) -> dict[int, str]:
    terms: dict[int, str] = {}
    named = {line.number: [part for part in walk(line.inner) if isinstance(part, Reference)] for line in lines.lines}
    wanted, stack = {lines.last.number}, [lines.last.number]
    while stack:
        more = {part.number for part in named[stack.pop()]} - wanted
        wanted |= more
        stack += more
    total = 0
    for line in sorted(lines.lines, key=lambda line: line.number):
        if line.number not in wanted:
            continue
        inner, references = line.inner, named[line.number]
        terms[line.number] = term = _expanded(text, inner.start, inner.end, references, terms)
        total += len(term)
        if len(term) > LONGEST or total > 10 * LONGEST:
            message = (
                f"line #{line.number} grows to more than {LONGEST:,} characters; expected fewer lines in one another"
            )
            raise QueryError(message, line.start, line.end)
    return terms


def _expanded(text: str, start: int, end: int, references: Sequence[Reference], terms: Mapping[int, str]) -> str:
    pieces: list[str] = []
    at = start
    for part in references:
        pieces += [without_comments(text[at : part.start]), f"({terms[part.number]})"]
        at = part.end
    pieces.append(without_comments(text[at:end]))
    return " ".join(piece for piece in pieces if piece)
