"""Characters that PubMed takes for others than they look like."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator

from casetable.problems import Severity, shown
from casetable.query.lint.finding import Edit, Finding, Subject, rule
from casetable.query.tokens import QUOTES

L106 = rule(
    "L106",
    "no-asterisk",
    Severity.ERROR,
    summary="a character looks like '*' and is another one",
    why="PubMed searches for the beginning as a whole word: the truncation is lost, and most records with it.",
    fix="Type '*' in its place; word processors and PDFs put '∗' there.",
    good="intervent*[ti]",
    bad="intervent∗[ti]",
    message="'∗' (U+2217) is no '*', so PubMed searches for the whole word 'intervent'; expected '*'",
)
L111 = rule(
    "L111",
    "html-entity",
    Severity.ERROR,
    summary="a character is written as HTML",
    why="PubMed searches for the letters of the entity: where '&' finds hundreds of records, '&amp;' finds none.",
    fix="Write the character itself.",
    good='"Diabetes & metabolism"[ta]',
    bad='"Diabetes &amp; metabolism"[ta]',
    message="'&amp;' is HTML for '&'; expected the character itself",
)
L117 = rule(
    "L117",
    "typographic-quotes",
    Severity.NOTE,
    summary="quotes are typographic",
    why="PubMed takes them for straight ones; other databases do not, and nor do all that copy the strategy.",
    fix='Type straight quotes: "…".',
    good='"face mask"[tiab]',
    bad="“face mask”[tiab]",
    message="2 quotes are typographic, as '“'; expected '\"'",
)
L118 = rule(
    "L118",
    "single-quotes",
    Severity.WARNING,
    summary="a phrase stands in single quotes",
    why="PubMed takes them for apostrophes: the words are not held together.",
    fix='Use double quotes: "…".',
    good='"face mask"[tiab]',
    bad="'face mask'[tiab]",
    message='single quotes make no phrase for PubMed; expected "face mask"',
)
L119 = rule(
    "L119",
    "invisible-character",
    Severity.WARNING,
    summary="a character that nobody sees stands in the strategy",
    why="It parts or spoils a word, and comes with a copy from a web page or a PDF.",
    fix="Remove it.",
    good="asthma[tiab]",
    bad="asth\u00adma[tiab]",
    message="U+00AD (soft hyphen) stands here, which nobody sees; expected it removed",
)

L141 = rule(
    "L141",
    "full-width-character",
    Severity.ERROR,
    summary="characters are in full width, as East Asian keyboards write them",
    why="A full-width bracket begins no tag, and a full-width word is another word.",
    fix="Type them in half width.",
    good="asthma[tiab]",
    bad="asthma［tiab］",
    message="'［tiab］' is in full-width characters; expected '[tiab]'",
)
L142 = rule(
    "L142",
    "typographic-dash",
    Severity.NOTE,
    summary="a hyphen within a word is a dash or another sign",
    why="Whether PubMed takes it for a hyphen is documented nowhere; other databases do not.",
    fix="Type '-'.",
    good='"COVID-19"[tiab]',
    bad='"COVID–19"[tiab]',
    message="'\"COVID–19\"' has a typographic dash (U+2013); expected '-'",
)
_FULL_WIDTH = re.compile("［[^［］]{0,40}］|[！＃-）＋-～]+")
_OPERATOR = re.compile(r"\b(?:AND|OR|NOT)\b", re.IGNORECASE)
_MEANINGFUL = frozenset('"#[]()/*:')
_DASH = re.compile(r"(?<=\w)[‐‑–—−](?=\w)")
_ASTERISKS = re.compile("[∗＊⁎✱✲﹡⋆٭]")
_ENTITY = re.compile(r"&(?:[a-zA-Z]{2,8}|#[0-9]{2,6}|#[xX][0-9a-fA-F]{2,5});")
_TYPOGRAPHIC = re.compile(f"[{QUOTES.replace(chr(34), '')}]")
_SINGLE = re.compile(
    r"(?<![\w'’])['‘’]([^'‘’\"“”\[\]()]{1,100} [^'‘’\"“”\[\]()]{1,100})['’‘](?=\s*[\[)]|\s+(?:AND|OR|NOT)\b|\s*\Z)"
)
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\u202a-\u202e\u2066-\u2069\ufeff]")


def asterisks(subject: Subject) -> Iterator[Finding]:
    for found in _ASTERISKS.finditer(subject.code):
        at = found.start()
        before = re.search(r"[\w-]*\Z", subject.code[max(0, at - 40) : at])
        word = before[0] if before else ""
        searched = f", so PubMed searches for the whole word {shown(word)}" if word else ""
        message = f"{shown(found[0])} (U+{ord(found[0]):04X}) is no '*'{searched}; expected '*'"
        yield Finding(rule=L106, start=at, end=at + 1, message=message, edits=(Edit(start=at, end=at + 1, text="*"),))


def entities(subject: Subject) -> Iterator[Finding]:
    for found in _ENTITY.finditer(subject.code):
        meant = html.unescape(found[0])
        if meant == found[0] or len(meant) != 1:
            continue
        start, end = found.span()
        message = f"{shown(found[0])} is HTML for {shown(meant)}; expected the character itself"
        # What has a meaning in the language would change more than the word that it stands in.
        edits = (Edit(start=start, end=end, text=meant),) if meant not in _MEANINGFUL and not meant.isspace() else ()
        yield Finding(rule=L111, start=start, end=end, message=message, edits=edits)


def quotes(subject: Subject) -> Iterator[Finding]:
    places = [found.start() for found in _TYPOGRAPHIC.finditer(subject.code)]
    if places:
        first = places[0]
        count = f"{len(places)} quotes are" if len(places) > 1 else "a quote is"
        message = f"{count} typographic, as {shown(subject.code[first])}; expected '\"'"
        edits = tuple(Edit(start=at, end=at + 1, text='"') for at in places)
        also = tuple((at, at + 1) for at in places[1:])
        yield Finding(rule=L117, start=first, end=first + 1, message=message, edits=edits, also=also)
    for found in _SINGLE.finditer(subject.code):
        if _OPERATOR.search(found[1]):
            continue
        start, end = found.span()
        message = f'single quotes make no phrase for PubMed; expected "{found[1][:60]}"'
        edits = (Edit(start=start, end=end, text=f'"{found[1]}"'),)
        yield Finding(rule=L118, start=start, end=end, message=message, edits=edits)


def invisible(subject: Subject) -> Iterator[Finding]:
    for found in _INVISIBLE.finditer(subject.code):
        at = found.start()
        name = unicodedata.name(found[0], "a control character").lower()
        message = f"U+{ord(found[0]):04X} ({name}) stands here, which nobody sees; expected it removed"
        before, after = subject.code[at - 1 : at] if at else " ", subject.code[at + 1 : at + 2] or " "
        # A zero-width space may stand between two words, and what is removed may join signs to another meaning.
        is_within = before.isalnum() and after.isalnum() and found[0] != "\u200b"
        is_sure = is_within or before.isspace() or after.isspace()
        edits = (Edit(start=at, end=at + 1, text=""),) if is_sure else ()
        yield Finding(rule=L119, start=at, end=at + 1, message=message, edits=edits)


def full_width(subject: Subject) -> Iterator[Finding]:
    for found in _FULL_WIDTH.finditer(subject.code):
        start, end = found.span()
        meant = unicodedata.normalize("NFKC", found[0])
        message = f"{shown(found[0])} is in full-width characters; expected {shown(meant)}"
        yield Finding(rule=L141, start=start, end=end, message=message, edits=(Edit(start=start, end=end, text=meant),))


def dashes(subject: Subject) -> Iterator[Finding]:
    places = [found.start() for found in _DASH.finditer(subject.code)]
    if places:
        first = places[0]
        begun = re.search(r"\S*\Z", subject.code[max(0, first - 30) : first])
        after = re.match(r"[^\s\[]*", subject.code[first : first + 30])
        word = f"{begun[0] if begun else ''}{after[0] if after else ''}"
        message = f"{shown(word)} has a typographic dash (U+{ord(subject.code[first]):04X}); expected '-'"
        edits = tuple(Edit(start=at, end=at + 1, text="-") for at in places)
        also = tuple((at, at + 1) for at in places[1:])
        yield Finding(rule=L142, start=first, end=first + 1, message=message, edits=edits, also=also)


RULES = (L106, L111, L117, L118, L119, L141, L142)
CHECKS = (asterisks, entities, quotes, invisible, full_width, dashes)
