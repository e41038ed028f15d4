"""What is wrong with a review, as values: places, problems, and the rules that find them."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Place(NamedTuple):
    """A place in a file of the review: path relative to its root, line and column from 1 (0: the whole file).

    In a spreadsheet `sheet` is the sheet's name, line and column are those of the cell, and it is told as a person who
    works in one reads it: "doe.xlsx:Cases!C7". A tuple, as every scalar of every file has one.
    """

    path: str
    line: int = 0
    column: int = 0
    sheet: str = ""

    def __str__(self) -> str:
        if self.sheet:
            return f"{self.path}:{self.cell}"
        return ":".join([self.path, *(str(number) for number in (self.line, self.column) if number)])

    @property
    def cell(self) -> str:
        """The place within a spreadsheet, as "Cases!C7", "Cases!7" for a row and "Cases" for a sheet; else nothing."""
        inner = column_letters(self.column) + (str(self.line) if self.line else "")
        return f"{self.sheet}!{inner}" if self.sheet and inner else self.sheet


def column_letters(number: int) -> str:
    """Returns a column of a spreadsheet, counted from 1, by its letters: A, Z, AA; nothing for 0."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong with the review: where, which rule, what is wrong and was expected, and the next step if known.

    `span` are start and end in the text of a strategy, where the problem is one of it; `also` are further such places.
    """

    place: Place
    code: str
    severity: Severity
    field: str
    message: str
    hint: str = ""
    span: tuple[int, int] | None = None
    also: tuple[tuple[int, int], ...] = ()

    def __str__(self) -> str:
        field = f" {self.field}:" if self.field else ""
        hint = f"; {self.hint}" if self.hint else ""
        return visible(f"{self.place}: {self.code}{field} {self.message}{hint}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """Shows a rule at work: in `path`, the text `good` passes, and `bad` in its place gives `message` and nothing else.

    Where `bad` is None the file is missing altogether. `also` are files that both need beside those of the example review.
    """

    path: str
    good: str
    bad: str | None
    message: str
    also: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule of the catalogue. Codes are never reused.

    `unreadable` marks rules after which the file's content cannot be known: they end a command with 2.
    """

    code: str
    name: str
    severity: Severity = Severity.ERROR
    summary: str
    why: str
    fix: str
    example: Example
    unreadable: bool = False

    def at(self, place: Place, message: str, *, field: str = "", hint: str = "") -> Problem:
        """Returns the problem that this rule found at a place."""
        return Problem(
            place=place, code=self.code, severity=self.severity, field=field, message=message, hint=hint or ""
        )


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Returns the problems by path, line, column, code; each once."""
    return tuple(
        sorted(set(problems), key=lambda p: (*p.place[:1], p.place.sheet, *p.place[1:3], p.code, p.field, p.message))
    )


def strict(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Returns the problems with every warning turned into an error; a note stays a note."""
    return tuple(
        replace(problem, severity=Severity.ERROR) if problem.severity is Severity.WARNING else problem
        for problem in problems
    )


def moved(problem: Problem, below: str) -> Problem:
    """Returns a problem with its path as seen from a folder further up; `below` is the way down, as "reviews/lung/"."""
    return replace(problem, place=problem.place._replace(path=below + problem.place.path)) if below else problem


# What can steer a terminal, break a line, or turn the direction of what follows; and half characters.
STEERING = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u061c\\u2028-\\u202e\\u2066-\\u2069\\ud800-\\udfff]")


def visible(text: str) -> str:
    """Returns a text as one line that steers nothing: each character of STEERING as its escape."""
    return STEERING.sub(lambda found: repr(found[0])[1:-1], text)


def shown(value: object, limit: int = 60) -> str:
    """Returns an offending value quoted for a message: one line, what could steer made visible, cut at `limit`."""
    text = str(value)
    return f"'{visible(text if len(text) <= limit else text[: limit - 1] + '…')}'"


def joined(words: Iterable[str], last: str = "or") -> str:
    """Returns words as a reader lists them: "a, b or c"."""
    *most, end = words
    return f"{', '.join(most)} {last} {end}" if most else end


def pointed(text: str, *spans: tuple[int, int], width: int = 100) -> tuple[str, str]:
    """Returns the line of a text around the first of some places, at most so wide, and a line with carets under each."""
    start = spans[0][0]
    first = text.rfind("\n", 0, start) + 1
    last = text.find("\n", start)
    last = len(text) if last < 0 else last
    begin = max(first, min(start - width // 3, last - width))
    end = min(last, begin + width)
    shown_line, under = ("… ", "  ") if begin > first else ("", "")
    marked = {at for low, high in spans for at in range(max(low, begin), min(max(high, low + 1), end + 1))}
    for at in range(begin, end):
        character = visible(text[at])
        shown_line += character
        under += ("^" if at in marked else " ") * _columns(character)
    under += "^" if end in marked else ""
    return f"    {shown_line}{' …' if end < last else ''}", f"    {under.rstrip()}"


def _columns(text: str) -> int:
    """How many columns a text takes in a terminal: two for each wide character, none for an accent of its own."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def did_you_mean(text: str, words: Iterable[str], *, likeness: float = 0.7) -> str:
    """Returns "did you mean '…'?" where one of the words is near (from 0 to 1), else nothing."""
    lower = {word.lower(): word for word in words}
    near = difflib.get_close_matches(text.lower(), list(lower), n=1, cutoff=likeness)
    return f"did you mean {shown(lower[near[0]])}?" if near else ""
