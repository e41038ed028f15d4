"""How a printed table fits a page: which way the page lies, the size of the type, the widths of the columns.

All of it is estimated from the texts, without a font's own figures, so that it is the same on every machine.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from casetable.manuscript import Line, Printed, Run
from casetable.model import Paper

# A4 with margins of 2 cm, in points.
MARGIN = 57
PAGE = {Paper.PORTRAIT: (595, 842), Paper.LANDSCAPE: (842, 595)}
# Left and right of a cell's text, in points.
PADDING = 2.5
LEADING = 1.15  # a line's height, in sizes of its type

_SIZES = (10.0, 9.5, 9.0, 8.5, 8.0, 7.5, 7.0)
# Smaller type is for tables that would else be split; portrait is for tables that need none of it.
_SMALL = 8.0
_LARGEST_IN_PARTS = 9.0
_SMALLEST_IN_PORTRAIT = 9.0
# More lines in a cell make a table high and thin.
_MOST_LINES = {Paper.PORTRAIT: 6, Paper.LANDSCAPE: 12}
# A word longer than this many times its type's size may be broken.
_WIDEST_WORD = 13.0
# A line is rarely full, and a font may be wider than is thought.
_SLACK = 1.08
_BOLD = 1.08
# What may be tried: which share of a column's cells has one line each, unless they are wider than so many sizes of the
# type; and of which cell, from the narrowest to the widest, all columns take about as many lines.
_ON_ONE_LINE = ((0.0, 0.0), (0.5, 12.0), (0.75, 12.0), (0.9, 12.0), (0.9, 30.0))
_TARGETS = (1.0, 0.75, 0.5)
# Rows higher than this share of a page may be broken over pages: no row that is higher than a page can be whole.
_TALL = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Some of the columns, which stand side by side behind report and case: their numbers, and all widths in points."""

    columns: tuple[int, ...]
    widths: tuple[float, ...]
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A page and a size of type on which a table stands in as few parts as can be without a broken word.

    `tall` are the places of rows that are estimated to be higher than a page holds, in any of the parts.
    """

    paper: Paper
    size: float
    parts: tuple[Part, ...]
    tall: frozenset[int] = frozenset()

    @property
    def width(self) -> float:
        """What the page holds from margin to margin, in points."""
        return PAGE[self.paper][0] - 2 * MARGIN

    @property
    def height(self) -> float:
        """What the page holds from top to bottom margin, in points."""
        return PAGE[self.paper][1] - 2 * MARGIN


@dataclass(frozen=True, slots=True, kw_only=True)
class _Measured:
    """A column in sizes of its type: its widest word, and its cells, as they stand (the head first) and from narrow to wide."""

    word: float
    cells: tuple[float, ...]
    ranked: tuple[float, ...]

    @property
    def longest(self) -> float:
        return self.ranked[-1]


def fit(printed: Printed) -> Fit:
    """Returns how a table fits a page: in portrait if it well can, else in landscape, else in parts."""
    columns = [_measured(texts) for texts in zip(*_grid(printed), strict=True)]
    papers = (Paper.PORTRAIT, Paper.LANDSCAPE) if printed.paper is Paper.AUTO else (printed.paper,)
    whole = (_whole(columns, paper, must_be_low=paper is not papers[-1]) for paper in papers)
    return next(filter(None, whole), None) or _in_parts(columns, papers[-1])


def text_width(text: str) -> float:
    """Returns how wide a text in a serif type is, in sizes of the type; East Asian characters are one size each."""
    return sum(map(_character_width, text))


@lru_cache(maxsize=4096)
def _character_width(character: str) -> float:
    if character.isascii():
        for characters, width in _WIDTHS:
            if character in characters:
                return width
        return 0.7 if character.isupper() else 0.5
    if unicodedata.combining(character) or unicodedata.category(character) in ("Cf", "Mn", "Me"):
        return 0.0
    if unicodedata.east_asian_width(character) in "WF":
        return 1.0
    return 0.7 if character.isupper() else 0.55


# Groups of characters of about one width in the serif types of journals.
_WIDTHS = (("ijlt.,;:'!|`", 0.28), ("fr I()[]{}/\\-s", 0.34), ("ace z", 0.45), ("mwMW%@&", 0.85))


def _grid(printed: Printed) -> Iterator[tuple[str, ...]]:
    """Yields the rows of texts as they stand in the table, the head's first."""
    yield ("Report", "Case", *(_with_marks(run) for run in printed.heads))
    for line in printed.lines:
        yield (report_text(line), _with_marks(line.case), *("; ".join(map(_with_marks, runs)) for runs in line.cells))


def report_text(line: Line) -> str:
    """Returns what the first cell of a line says, with the marks."""
    standing = f" {_with_marks(line.standing)}" if line.standing.text else ""
    return f"{line.report.text} [{line.number}]{standing}"


def _with_marks(run: Run) -> str:
    return run.text + ",".join(run.marks)


def _measured(texts: Sequence[str]) -> _Measured:
    head, *cells = texts
    widths = [text_width(head) * _BOLD * _SLACK, *(text_width(text) * _SLACK for text in cells)]
    words = [_widest_word(head) * _BOLD, *map(_widest_word, cells)]
    return _Measured(word=max(words) * _SLACK, cells=tuple(widths), ranked=tuple(sorted(widths)))


@lru_cache(maxsize=4096)
def _widest_word(text: str) -> float:
    return min(max(map(text_width, _words(text)), default=0.0), _WIDEST_WORD)


def _words(text: str) -> Iterator[str]:
    """Yields what no line breaks within: words, each East Asian character, the parts of a long word with hyphens."""
    for word in text.split():
        for piece in re.split(r"(?<=[-–])", word) if len(word) > 12 else (word,):
            narrow = "".join(" " if unicodedata.east_asian_width(c) in "WF" else c for c in piece)
            yield from narrow.split() if narrow.split() else ("字",)


def _whole(columns: Sequence[_Measured], paper: Paper, *, must_be_low: bool) -> Fit | None:
    """Returns how all columns fit side by side, in the largest type that keeps the rows low; None where they do not.

    Where another paper can be tried, only large type will do.
    """
    space = PAGE[paper][0] - 2 * MARGIN
    sizes = [size for size in _SIZES if size >= _SMALLEST_IN_PORTRAIT] if must_be_low else _SIZES
    possible = [size for size in sizes if sum(_least(columns, size)) <= space]
    low = [size for size in possible if _is_low(columns, size, space, paper)]
    if low:
        return _fitted(columns, paper, low[0], [range(2, len(columns))])
    if must_be_low or not possible:
        return None
    return _fitted(columns, paper, max(possible[-1], min(possible[0], _SMALL)), [range(2, len(columns))])


def _is_low(columns: Sequence[_Measured], size: float, space: float, paper: Paper) -> bool:
    widths = _shared(columns, size, space, floor=_least(columns, size))
    room = [(width - 2 * PADDING) / size for width in widths]
    return max(c.longest / width for c, width in zip(columns, room, strict=True)) <= _MOST_LINES[paper]


def _in_parts(columns: Sequence[_Measured], paper: Paper) -> Fit:
    """Returns how columns fit in as few parts as the smallest type allows, in the largest type that needs no more."""
    space = PAGE[paper][0] - 2 * MARGIN
    fewest = len(_filled(_least(columns, _SIZES[-1]), space))
    sizes = [size for size in _SIZES if size <= _LARGEST_IN_PARTS]
    size = next(size for size in sizes if len(_filled(_least(columns, size), space)) <= fewest)
    least = _least(columns, size)
    # The narrowest limit that needs no more parts makes them about equally wide.
    low, high = 0.0, float(space)
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (low, middle) if len(_filled(least, middle)) <= fewest else (middle, high)
    return _fitted(columns, paper, size, _filled(least, high))


def _filled(least: Sequence[float], space: float) -> list[range]:
    """Returns the parts that the columns behind the first two make if each part takes as many as it can."""
    stub = sum(least[:2])
    starts = [2]
    taken = stub
    for index in range(2, len(least)):
        if taken + least[index] > space and index > starts[-1]:
            starts.append(index)
            taken = stub
        taken += least[index]
    return [range(start, end) for start, end in pairwise([*starts, len(least)])]


def _least(columns: Sequence[_Measured], size: float) -> list[float]:
    return [column.word * size + 2 * PADDING for column in columns]


def _shared(
    columns: Sequence[_Measured], size: float, space: float, *, floor: Sequence[float], target: float = 1.0
) -> list[float]:
    """Returns the widths with which a cell of every column takes about as many lines as that of any other.

    It is the cell that is wider than the share `target` of its column; no column is narrower than its `floor`.
    """
    at = round(target * (len(columns[0].cells) - 1))

    def widths(lines: float) -> list[float]:
        return [max(least, c.ranked[at] * size / lines + 2 * PADDING) for least, c in zip(floor, columns, strict=True)]

    low, high = 1.0, 10_000.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (low, middle) if sum(widths(middle)) <= space else (middle, high)
    found = widths(high)
    return [width * space / sum(found) for width in found]


def _lowest(columns: Sequence[_Measured], size: float, space: float) -> tuple[list[float], list[float]]:
    """Returns the widths, of some that are likely, with which the table is lowest, and its rows' heights, in points."""
    least = _least(columns, size)
    found = []
    for share, cap in _ON_ONE_LINE:
        at = round(share * (len(columns[0].cells) - 1))
        floor = [max(m, min(c.ranked[at], cap) * size + 2 * PADDING) for m, c in zip(least, columns, strict=True)]
        if sum(floor) <= space:
            for target in _TARGETS:
                widths = _shared(columns, size, space, floor=floor, target=target)
                found.append((widths, _heights(columns, widths, size)))
    return min(found, key=lambda each: sum(each[1]))


def _heights(columns: Sequence[_Measured], widths: Sequence[float], size: float) -> list[float]:
    return [
        max(-(-cell * size // (width - 2 * PADDING)) for cell, width in zip(cells, widths, strict=True))
        * size
        * LEADING
        + 2 * PADDING
        for cells in zip(*(column.cells for column in columns), strict=True)
    ]


def _fitted(columns: Sequence[_Measured], paper: Paper, size: float, parts: Sequence[range]) -> Fit:
    space = PAGE[paper][0] - 2 * MARGIN
    room = PAGE[paper][1] - 2 * MARGIN
    found = []
    tall: set[int] = set()
    for part in parts:
        widths, heights = _lowest([*columns[:2], *(columns[index] for index in part)], size, space)
        tall |= {index for index, height in enumerate(heights[1:]) if height > _TALL * room}
        found.append(
            Part(
                columns=tuple(index - 2 for index in part),
                widths=tuple(round(width, 1) for width in widths),
                height=round(sum(heights), 1),
            )
        )
    return Fit(paper=paper, size=size, parts=tuple(found), tall=frozenset(tall))
