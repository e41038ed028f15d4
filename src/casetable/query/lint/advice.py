"""What a peer reviewer asks of the terms: said twice, headings without words and words without headings, spellings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

from casetable.problems import Severity, shown
from casetable.query.lint.finding import CHECK_TAGS, Edit, Finding, Subject, or_lists, places_of, rule, several
from casetable.query.spelling import variants_of
from casetable.query.tags import Kind
from casetable.query.tree import Chain, Node, Reference, Term, blocks_of, walk
from casetable.query.words import key_of, words_of

L125 = rule(
    "L125",
    "repeated-term",
    Severity.NOTE,
    summary="a term stands twice in one list",
    why="It finds nothing more, and hides that another term was meant.",
    fix="Remove one of the two, or write what was meant.",
    good="asthma[tiab] OR wheeze[tiab]",
    bad="asthma[tiab] OR wheeze[tiab] OR Asthma[tiab]",
    message="'Asthma[tiab]' stands twice in one list; expected each term once",
)
L126 = rule(
    "L126",
    "subsumed-term",
    Severity.NOTE,
    summary="a term finds nothing that another term of its list does not find",
    why="It adds nothing; often the shorter term was meant to be narrower.",
    fix="Remove it, unless it stands there for a reader.",
    good='"asthma control"[tiab] OR wheeze[tiab]',
    bad='"asthma control"[tiab] OR asthma[tiab]',
    message="'\"asthma control\"[tiab]' is found by 'asthma[tiab]' already; expected it removed",
)
L127 = rule(
    "L127",
    "heading-without-words",
    Severity.NOTE,
    summary="a MeSH heading has no free-text term beside it that has a word of it",
    why="Records that are not indexed yet, or never will be, have no headings (PRESS, element 4).",
    fix="Add the words by which authors name it, joined by OR.",
    good='"dermatomyositis"[mh] OR dermatomyositis[tiab]',
    bad='"dermatomyositis"[mh] AND tocilizumab[tiab]',
    message="no free-text term beside '\"dermatomyositis\"[mh]' has a word of it; expected the words of authors, joined by OR",
)
L128 = rule(
    "L128",
    "words-without-heading",
    Severity.NOTE,
    summary="a concept is searched by its words alone, where the strategy uses MeSH",
    why="Records that name it by another word are found by their heading only (PRESS, element 3).",
    fix="Look the concept up in MeSH, and add its heading, joined by OR.",
    good='("lung diseases, interstitial"[mh] OR "interstitial lung"[tiab])'
    ' AND ("tocilizumab"[nm] OR tocilizumab[tiab] OR actemra[tiab])',
    bad='("lung diseases, interstitial"[mh] OR "interstitial lung"[tiab]) AND (tocilizumab[tiab] OR actemra[tiab])',
    message="'(tocilizumab[tiab] OR actemra[tiab])' holds no MeSH heading; expected one beside the words, if MeSH has it",
)
L129 = rule(
    "L129",
    "spelling-missing",
    Severity.NOTE,
    summary="a word is searched in its American or its British spelling only",
    why="PubMed does not add the other one to a term with a tag (PRESS, element 4).",
    fix="Add the other spelling, joined by OR, or truncate before the letters that differ.",
    good="(pediatric[tiab] OR paediatric[tiab])",
    bad="pediatric[tiab]",
    message="'pediatric' is spelled in one way only; expected 'paediatric' too",
)

# A field and those whose records hold all that it finds, with itself.
_WIDER = {"ti": ("ti", "tiab", "tw"), "tiab": ("tiab", "tw"), "tw": ("tw",), "ot": ("ot", "tiab", "tw")}
_CONTROLLED = frozenset({"mh", "majr", "sh", "nm", "pt", "pa", "sb", "la", "rn"})


def _words(term: Term) -> tuple[str, ...]:
    """A term's words, those with a hyphen whole: as a phrase, they can be an entry of PubMed's index of their own."""
    return tuple(term.text.casefold().rstrip("*").split())


def _is_free(node: Node) -> bool:
    return isinstance(node, Term) and node.field is not None and node.field.kind is Kind.WORDS


def _same(node: Node) -> object:
    """What two terms or groups have in common that find the same; None for what PubMed maps itself.

    A hyphen is no blank here: a hyphenated phrase and the words can be two entries of PubMed's index.
    """
    if isinstance(node, Chain):
        return node
    if not isinstance(node, Term) or node.field is None:
        return None
    text = node.text.casefold()
    return text, node.field.tag, node.tag.modifier if node.tag else "", " " in text and not node.is_quoted


def repeated(subject: Subject) -> Iterator[Finding]:
    twice: list[Node] = []
    edits: list[Edit] = []
    for root in subject.roots:
        for operands in or_lists(root):
            seen: set[object] = set()
            for before, node in zip((None, *operands), operands, strict=False):
                same = _same(node)
                if same is None or same not in seen:
                    seen.add(same)
                    continue
                twice.append(node)
                between = subject.text[before.end : node.start] if before is not None else ""
                if before is not None and re.fullmatch(r"\s*OR\s*", between, re.IGNORECASE):
                    edits.append(Edit(start=before.end, end=node.end, text=""))
    if twice:
        first = twice[0]
        stand = "stands" if len({subject.written(node) for node in twice}) == 1 else "stand"
        message = (
            f"{several(subject.written(node) for node in twice)} {stand} twice in one list; expected each term once"
        )
        yield Finding(
            rule=L125, start=first.start, end=first.end, message=message, edits=tuple(edits), also=places_of(twice)
        )


def subsumed(subject: Subject) -> Iterator[Finding]:
    found: list[tuple[Term, Term]] = []
    for root in subject.roots:
        for operands in or_lists(root):
            found += _subsumed([node for node in operands if isinstance(node, Term) and _is_free(node)])
    if found:
        terms = [term for term, _ in found]
        names = list(dict.fromkeys(subject.written(term) for term in terms))
        others = several(subject.written(by) for _, by in found)
        message = f"{several(names)} {'is' if len(names) == 1 else 'are'} found by {others} already; expected"
        message += " it removed" if len(names) == 1 else " them removed"
        yield Finding(rule=L126, start=terms[0].start, end=terms[0].end, message=message, also=places_of(terms))


def _subsumed(terms: Sequence[Term]) -> Iterator[tuple[Term, Term]]:
    whole: dict[tuple[str, tuple[str, ...]], Term] = {}
    stems: dict[tuple[str, str], Term] = {}
    for term in terms:
        words = _words(term)
        is_plain = term.field is not None and words and (term.is_quoted or len(words) == 1) and term.near is None
        if not is_plain or term.field is None:
            continue
        if not term.is_truncated:
            whole.setdefault((term.field.tag, words), term)
        elif len(words) == 1 and len(words[0]) >= 4:
            stems.setdefault((term.field.tag, words[0]), term)
    for term in terms:
        by = _narrower_than(term, whole, stems)
        if by is not None:
            yield term, by


def _narrower_than(
    term: Term, whole: dict[tuple[str, tuple[str, ...]], Term], stems: dict[tuple[str, str], Term]
) -> Term | None:
    words = _words(term)
    if term.field is None or not words or (not term.is_quoted and len(words) > 1):
        return None
    longest = 1 if term.near is not None else len(words)
    sure = words[:-1] if term.is_truncated else words
    for field in _WIDER.get(term.field.tag, ()):
        for length in range(1, min(longest, 6) + 1):
            for start in range(len(sure) - length + 1):
                by = whole.get((field, sure[start : start + length]))
                if by is not None and by is not term and _same(by) != _same(term):
                    return by
        for word in words:
            for length in range(4, min(len(word), 40) + 1):
                by = stems.get((field, word[:length]))
                if by is not None and by is not term and _same(by) != _same(term):
                    return by
    return None


def headings(subject: Subject) -> Iterator[Finding]:
    about = [term for term in subject.terms if _is_heading(term) and term.start not in subject.excluded]
    if not about:
        return
    bare: list[Term] = []
    wordy: list[Node] = []
    for root in subject.roots:
        for is_excluding, nodes, _ in blocks_of(root):
            parts = [part for node in nodes for part in walk(node)]
            if is_excluding or any(isinstance(part, Reference) for part in parts):
                continue
            terms = [part for part in parts if isinstance(part, Term) and part.start not in subject.excluded]
            free = [term for term in terms if _is_free(term) or term.field is None]
            stems = {stem for term in free for word in words_of(term.text) for stem in _stems(word)}
            bare += [
                term
                for term in terms
                if _is_heading(term)
                and not any(_stems(word) & stems for word in words_of(term.text.rpartition("/")[0] or term.text))
            ]
            is_free_only = len(free) > 1 and all(term.field is not None for term in free)
            if is_free_only and not any(t.field is not None and t.field.tag in _CONTROLLED for t in terms):
                wordy.append(nodes[0])
    if bare:
        told = several(subject.written(term) for term in bare)
        message = f"no free-text term beside {told} has a word of it; expected the words of authors, joined by OR"
        yield Finding(rule=L127, start=bare[0].start, end=bare[0].end, message=message, also=places_of(bare))
    if wordy and not subject.lines:
        hold = "holds" if len(wordy) == 1 else "hold"
        told = several(subject.written(node, 40) for node in wordy)
        message = f"{told} {hold} no MeSH heading; expected one beside the words, if MeSH has it"
        yield Finding(rule=L128, start=wordy[0].start, end=wordy[0].end, message=message, also=places_of(wordy))


def _is_heading(term: Term) -> bool:
    """A heading by which a concept is searched, and no limit."""
    return term.field is not None and term.field.tag in {"mh", "majr"} and key_of(term.text) not in CHECK_TAGS


@cache
def _stems(word: str) -> frozenset[str]:
    """Beginnings by which a heading's word and an author's are taken for the same."""
    return frozenset({word[:4]}) if len(word) > 3 else frozenset({word})


def spellings(subject: Subject) -> Iterator[Finding]:
    free = [term for term in subject.terms if _is_free(term)]
    there = {word for term in free for word in words_of(term.text)}
    stems = {words_of(term.text)[-1] for term in free if term.is_truncated and words_of(term.text)}
    missing: dict[str, tuple[Term, str]] = {}
    for term in free:
        for word in words_of(term.text):
            for other in variants_of(word):
                is_there = other in there or any(
                    other[:length] in stems for length in range(4, min(len(other), 30) + 1)
                )
                if not is_there and word not in missing:
                    missing[word] = (term, other)
    if missing:
        told = [term for term, _ in missing.values()]
        first = told[0]
        words = several(map(shown, missing))
        others = several(shown(other) for _, other in missing.values())
        are = "is" if len(missing) == 1 else "are"
        message = f"{words} {are} spelled in one way only; expected {others} too"
        yield Finding(rule=L129, start=first.start, end=first.end, message=message, also=places_of(told))


RULES = (L125, L126, L127, L128, L129)
CHECKS = (repeated, subsumed, headings, spellings)
