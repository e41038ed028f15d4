"""A report's text made ready to be quoted from: where its title and references stand, and of which case it speaks where."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

from casetable.quotes.reading import Reading, find, read, read_short
from casetable.quotes.texts import Part, Section, Text


@dataclass(eq=False)
class Printed:
    """A text as read, with what in it bears nothing out; each part is computed on first use.

    `titles` are those of the report's records.
    """

    text: Text
    titles: tuple[str, ...]

    @cached_property
    def joined(self) -> Reading:
        return read(self.text.content)

    @cached_property
    def apart(self) -> Reading | None:
        """The text with no groups of thousands joined over plain blanks, if there are any."""
        if not re.search(r"\d \d{3}(?!\d)", self.joined.plain):
            return None
        return read(self.text.content, joins_thousands=False)

    @cached_property
    def barred(self) -> tuple[tuple[int, int, Part], ...]:
        """Where the title and the references stand."""
        found = [(s.start, s.end, s.part) for s in self.text.sections if not s.part.may_be_quoted]
        for title in self.titles:
            quote = read_short(title)
            if len(quote.stream) >= 12:
                found += [(match.start, match.end, Part.TITLE) for match in find(quote, self.joined)]
        return tuple(sorted(found))

    def bar_at(self, start: int, end: int) -> Part | None:
        return next((part for low, high, part in self.barred if low < end and start < high), None)

    @cached_property
    def owners(self) -> tuple[tuple[int, int, str], ...]:
        """Stretches of the text that speak of one case of several, by its number or letter."""
        return tuple(_owned(self.text))

    def is_of_another_case(self, start: int, case: str) -> str:
        """Returns the case that a place of the text speaks of, where it is another one; else nothing."""
        if case_name(case) not in self.named_cases:
            return ""
        owner = self.owner_at(start)
        return owner if owner != case_name(case) else ""

    @cached_property
    def named_cases(self) -> frozenset[str]:
        return frozenset(owner for _, _, owner in self.owners)

    def owner_at(self, start: int) -> str:
        """Returns the case that a place of the text speaks of, or nothing."""
        return next((name for low, high, name in reversed(self.owners) if low <= start < high), "")

    def is_at(self, start: int, where: str) -> bool | None:
        """Whether a place of the text is where a cell says; None where the text has no such place."""
        if not where or not any(_is_place(section, where) for section in self.text.sections):
            return None
        section = self.text.section_at(start)
        return section is not None and _is_place(section, where)

    def snippet(self, start: int, end: int, around: int = 30) -> str:
        """Returns what stands at a place, with some words around it, in one line."""
        return snippet(self.text, start, end, around)


def snippet(text: Text, start: int, end: int, around: int = 30) -> str:
    """Returns what stands at a place of a text, with some words around it, in one line."""
    content = text.content
    begin, stop = text.paragraph_at(start, end)
    low, high = max(begin, start - around), min(stop, end + around)
    while low > begin and not content[low - 1].isspace():
        low -= 1
    while high < stop and not content[high].isspace():
        high += 1
    told = " ".join(content[low:high].split())
    return f"{'…' if content[begin:low].strip() else ''}{told}{'…' if content[high:stop].strip() else ''}"


_COUNTED = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_ORDERED = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_CASE = re.compile(
    rf"(?:case|patient)\s+(?:no\.?\s*|number\s+|#\s*)?(?P<id>\d{{1,3}}[a-z]?|[A-Z](?![a-z])|{'|'.join(_COUNTED)})\b"
    rf"|(?:the\s+|our\s+)?(?P<order>{'|'.join(_ORDERED)})\s+(?:case|patient)\b",
    re.IGNORECASE,
)
_WORDS = {word: str(n) for words in (_COUNTED, _ORDERED) for n, word in enumerate(words, start=1)}
_MANY = re.compile(r"\s*(?:,|and|&|to|-|–)\s*(?:\d|case|patient)", re.IGNORECASE)


def case_name(text: str) -> str:
    lower = text.strip().lower()
    return _WORDS.get(lower, lower)


def _named_case(found: re.Match[str]) -> str:
    return case_name(found["id"] or found["order"])


def _owned(text: Text) -> Iterator[tuple[int, int, str]]:
    for section in text.sections:
        found = _CASE.match(section.heading.split(" > ")[-1])
        if found:
            yield section.start, section.end, _named_case(found)
        yield from _stretches(section.start, _by_paragraph(text.content[section.start : section.end]))
        yield from _stretches(section.start, _by_sentence(text.content, section))


def _stretches(start: int, said: Iterable[tuple[str, str | None]]) -> Iterator[tuple[int, int, str]]:
    """Yields the stretches of a text of which each speaks of one case.

    `said` are its pieces from `start` on, each with the case that it begins to speak of: "" for none, None to go on.
    """
    begin = at = start
    standing = ""
    for piece, case in said:
        if case is not None:
            if standing:
                yield begin, at, standing
            standing, begin = case, at
        at += len(piece)
    if standing:
        yield begin, at, standing


def _by_paragraph(content: str) -> Iterator[tuple[str, str | None]]:
    """A paragraph that begins with one case speaks of it, and so do those behind it."""
    for paragraph in re.split(r"(?<=\n\n)", content):
        found = _CASE.match(paragraph.lstrip())
        is_one = found is not None and not _MANY.match(paragraph.lstrip(), found.end())
        yield paragraph, _named_case(found) if found and is_one else None


def _by_sentence(content: str, section: Section) -> Iterator[tuple[str, str | None]]:
    """A sentence that names one case speaks of it, and so do those behind it, up to the next one or the paragraph's end."""
    at = section.start
    for sentence in re.split(r"(?<=[.!?;])(?=\s)|(?<=\n\n)", content[section.start : section.end]):
        found = [each for each in _CASE.finditer(sentence) if not _MANY.match(sentence, each.end())]
        names = {_named_case(each) for each in found}
        is_one = len(names) == 1 and not re.search(r"\b(?:cases|patients)\b", sentence, re.IGNORECASE)
        begins = sentence.startswith("\n\n") or content[max(0, at - 2) : at] == "\n\n"
        yield sentence, next(iter(names)) if is_one else "" if names or begins else None
        at += len(sentence)


@lru_cache(maxsize=1024)
def place_words(where: str) -> str:
    """Returns what of a place is its section's name: "Discussion, paragraph 4" is in the Discussion."""
    told = re.sub(r"\bfig(?:ure)?s?\b\.?", "figure", where.lower())
    told = re.split(r"[,;:(]", told)[0]
    told = re.sub(r"\b(legend|caption|section|footnotes?|row|column|the|text of|in)\b", " ", told)
    return " ".join(re.findall(r"[a-z0-9]+", told))


_SAME_PLACES = (
    frozenset(
        ["case presentation", "case report", "case description", "case history", "case", "case summary", "case reports"]
    ),
    frozenset(["affiliation", "affiliations", "author affiliations"]),
    frozenset(["conclusion", "conclusions"]),
    frozenset(["abstract", "summary"]),
)


def _is_place(section: Section, where: str) -> bool:
    wanted = place_words(where)
    if not wanted:
        return False
    if wanted == "title":
        return section.part is Part.TITLE
    if wanted in {"abstract", "summary"}:
        return section.part is Part.ABSTRACT
    alike = next((names for names in _SAME_PLACES if wanted in names), frozenset([wanted]))
    for heading in section.heading.split(" > "):
        words = place_words(heading)
        if words and any(_holds(words, name) or _holds(name, words) for name in alike):
            return True
    return False


def _holds(words: str, name: str) -> bool:
    return re.search(rf"(?<![a-z0-9]){re.escape(name)}(?![a-z0-9])", words) is not None
