"""Invented records and strategies of any size, and a naive evaluation by regular expressions to hold `match` against."""

from __future__ import annotations

import itertools
import random
import re
from collections.abc import Callable, Sequence

from casetable.model.article import Article, Section
from casetable.query import Boolean, Chain, Group, Node, Term, fold
from casetable.query.match import mask_of

SYLLABLES = ["ar", "bel", "cor", "dem", "el", "fer", "gal", "hep", "in", "jor", "kal", "lum", "mor", "nef", "or", "pul"]
SYLLABLES += ["qui", "ros", "sal", "tor", "ul", "ven", "wor", "xan", "yor", "zin"]


def vocabulary(chance: random.Random, size: int) -> list[str]:
    words: dict[str, None] = {}
    while len(words) < size:
        words["".join(chance.choice(SYLLABLES) for _ in range(chance.choice((2, 3, 3, 4, 4))))] = None
    return list(words)


def invented(number: int, words: Sequence[str], chance: random.Random) -> list[Article]:
    """Records with a title of 14 words and, nine times in ten, an abstract of 210; frequent words as in a language."""
    weights = list(itertools.accumulate(1 / (rank + 3) for rank in range(len(words))))
    articles = []
    for at in range(number):
        title = " ".join(chance.choices(words, cum_weights=weights, k=14)).capitalize()
        text = " ".join(chance.choices(words, cum_weights=weights, k=210)) if chance.random() < 0.9 else ""
        abstract = (Section(text=text.capitalize() + "."),) if text else ()
        articles.append(Article(pmid=str(10_000_000 + at), title=title + ".", abstract=abstract))
    return articles


def strategy(words: Sequence[str], chance: random.Random) -> str:
    """Three blocks of 20 terms each: words, phrases, truncation, proximity, in title or title and abstract."""

    def term(at: int) -> str:
        tag = "ti" if at % 4 == 0 else "tiab"
        rank = int(30 * 1.35 ** (at % 20))
        word, other = words[rank % len(words)], words[(rank * 7 + 11) % 300]
        if at % 5 == 1:
            return f'"{other} {word}"[{tag}]'
        if at % 5 == 2:
            return f"{word[: max(5, len(word) - 2)]}*[{tag}]"
        if at % 5 == 3:
            return f'"{word} {other}"[{tag}:~{chance.choice((2, 3, 5))}]'
        return f"{word}[{tag}]"

    blocks = (" OR ".join(term(at) for at in range(start, start + 20)) for start in (0, 20, 40))
    return " AND ".join(f"({block})" for block in blocks)


def pattern(term: Term) -> re.Pattern[str]:
    words = [re.escape(word) for word in term.text.rstrip("*").split()]
    if term.near is not None:
        between = rf"\W+(?:\w+\W+){{0,{term.near}}}?"
        body = "|".join(between.join(order) for order in itertools.permutations(words))
    else:
        body = r"\W+".join(words)
    return re.compile(rf"\b(?:{body})" + (r"\w*" if term.is_truncated else "") + r"\b", re.IGNORECASE)


def naive(node: Node, articles: Sequence[Article]) -> tuple[int, int]:
    """Each term's expression over each field of each record, and then the operators: what is found, and may be."""
    expressions: dict[int, re.Pattern[str]] = {}
    found: list[int] = []
    maybe: list[int] = []

    def visitor(title: str, abstract: str) -> Callable[[Node, Sequence[tuple[bool, bool]]], tuple[bool, bool]]:
        def visit(part: Node, inner: Sequence[tuple[bool, bool]]) -> tuple[bool, bool]:
            if isinstance(part, Term):
                expression = expressions.setdefault(id(part), pattern(part))
                is_everywhere = part.field is not None and part.field.tag == "tiab"
                is_seen = bool(expression.search(title) or (is_everywhere and expression.search(abstract)))
                return is_seen, is_seen or (is_everywhere and not abstract)
            if isinstance(part, Group):
                return inner[0]
            assert isinstance(part, Chain)
            whole = inner[0]
            for operator, right in zip(part.operators, inner[1:], strict=True):
                join = any if operator.kind is Boolean.OR else all
                whole = (join((whole[0], right[0])), join((whole[1], right[1])))
            return whole

        return visit

    for at, article in enumerate(articles):
        is_found, is_possible = fold(node, visitor(article.title, article.abstract_text))
        if is_found:
            found.append(at)
        if is_possible:
            maybe.append(at)
    return mask_of(found, len(articles)), mask_of(maybe, len(articles))
