"""PubMed's query language: `parse` reads a query, `Index` finds what it asks for, `match` says what cannot be known,
`translate` tells what PubMed makes of it."""

from casetable.query.evaluate import Index
from casetable.query.match import Blind, Matched, Verdict, match
from casetable.query.parse import parse, read
from casetable.query.sent import sent_term
from casetable.query.tags import FIELDS, Field, Kind, Tag
from casetable.query.translate import NO_ITEMS, Translation, translate
from casetable.query.tree import (
    Boolean,
    Chain,
    Group,
    Line,
    Lines,
    Node,
    Operator,
    QueryError,
    Range,
    Reference,
    Term,
    fold,
    unparse,
    walk,
)
from casetable.query.words import STOP_WORDS, words_of

__all__ = [
    "FIELDS",
    "NO_ITEMS",
    "STOP_WORDS",
    "Blind",
    "Boolean",
    "Chain",
    "Field",
    "Group",
    "Index",
    "Kind",
    "Line",
    "Lines",
    "Matched",
    "Node",
    "Operator",
    "QueryError",
    "Range",
    "Reference",
    "Tag",
    "Term",
    "Translation",
    "Verdict",
    "fold",
    "match",
    "parse",
    "read",
    "sent_term",
    "translate",
    "unparse",
    "walk",
    "words_of",
]
