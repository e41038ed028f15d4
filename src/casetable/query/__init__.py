"""PubMed's query language: `parse` reads a query, `Index` finds what it asks for, `translate` tells what PubMed makes of it."""

from casetable.query.evaluate import Index
from casetable.query.parse import parse
from casetable.query.tags import FIELDS, Field, Kind, Tag
from casetable.query.translate import NO_ITEMS, Translation, translate
from casetable.query.tree import (
    Boolean,
    Chain,
    Group,
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
    "Boolean",
    "Chain",
    "Field",
    "Group",
    "Index",
    "Kind",
    "Node",
    "Operator",
    "QueryError",
    "Range",
    "Reference",
    "Tag",
    "Term",
    "Translation",
    "fold",
    "parse",
    "translate",
    "unparse",
    "walk",
    "words_of",
]
