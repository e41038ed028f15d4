"""Draws the clinical course of a case, one column of a journal wide: treatments as bars above, laboratory series below.

Nothing is told by color alone: bars stand under the name of their group, each series in a panel of its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from casetable.course import Axis, Bar, Chart, End, Line, Point
from casetable.problems import visible
from casetable.render.drawing import Drawing, Run, printable, text_width, wrapped, write_pdf, write_png, write_svg

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# One column of a journal, 85 mm, and its smallest type, in points.
WIDTH = 85 / 25.4 * 72
_TYPE = 6.0
_LEADING = 7.4
_MARGIN = 3.0
# Okabe and Ito's palette, which readers with any color vision tell apart.
_BAR_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
_INK, _SOFT, _GRID, _BAND = "#000000", "#404040", "#c8c8c8", "#e2e2e2"
_BAR = 4.0
_TAIL = 20.0
_GAP = 1.0
_PANEL = 42.0
_MOST_VALUES = 10


def render_course_svg(chart: Chart) -> bytes:
    """Returns the figure of a clinical course as SVG: its text is text, and all of it is told to readers of screens."""
    return write_svg(_figure_of(chart), chart.title, chart.words)


def render_course_pdf(chart: Chart) -> bytes:
    """Returns the figure as PDF, its fonts embedded as TrueType."""
    return write_pdf(_figure_of(chart), chart.title)


def render_course_png(chart: Chart) -> bytes:
    """Returns the figure as PNG at 600 dots per inch."""
    return write_png(_figure_of(chart), chart.title)


@lru_cache(maxsize=1)
def _figure_of(chart: Chart) -> Figure:
    """The figure of the last chart that was asked for: its three files are mostly written one after the other."""
    drawing, height = draw_chart(chart)
    return drawing.figure(height)


def draw_chart(chart: Chart) -> tuple[Drawing, float]:
    """Returns the figure of a chart, and its height in points."""
    return _Picture(chart).drawn()


@dataclass(slots=True)
class _Scale:
    """From the values of a panel to its points: linear, or logarithmic."""

    low: float
    high: float
    top: float
    bottom: float
    is_log: bool

    def __call__(self, value: float) -> float:
        low, high, at = self.low, self.high, min(max(value, self.low), self.high)
        if self.is_log:
            low, high, at = math.log10(low), math.log10(high), math.log10(at)
        return self.bottom - (at - low) / (high - low) * (self.bottom - self.top)


class _Picture:
    """Draws from above downwards; `_y` is where the next thing begins."""

    def __init__(self, chart: Chart) -> None:
        self._chart = chart
        self._drawing = Drawing(WIDTH)
        self._y = _MARGIN
        scales = [_value_range(line) for line in chart.lines]
        self._ticks = [
            _value_ticks(*scale, is_log=line.is_log) for scale, line in zip(scales, chart.lines, strict=True)
        ]
        self._ranges = scales
        labels = [text_width(_figure(tick), _TYPE) for ticks in self._ticks for tick in ticks]
        self._left = max([_MARGIN + 5, *(width + _MARGIN + 5 for width in labels)])
        self._right = WIDTH - _MARGIN - 3
        self._keys: tuple[str, ...] = ()

    def _x(self, at: float) -> float:
        axis = self._chart.axis
        return self._left + (at - axis.low) / (axis.high - axis.low) * (self._right - self._left)

    def drawn(self) -> tuple[Drawing, float]:
        chart = self._chart
        self._lines_of(wrapped([(chart.title, True)], WIDTH - 2 * _MARGIN, 7.0) or [], size=7.0)
        self._y += 1.5
        top = self._y
        self._events()
        self._bars()
        for index, line in enumerate(chart.lines):
            self._panel(index, line)
        self._y += 2
        bottom = self._y
        self._behind(top, bottom)
        self._axis(bottom)
        self._notes()
        return self._drawing, self._y + _MARGIN

    def _lines_of(
        self, lines: Sequence[Sequence[Run]], *, size: float = _TYPE, color: str = _INK, x: float = _MARGIN
    ) -> None:
        for line in lines:
            self._y += size * 1.23
            for run in line:
                self._drawing.text(
                    (x + run.x, self._y - 0.25 * size), run.text, size=size, is_bold=run.is_bold, color=color
                )

    # --- events, zero, axis -------------------------------------------------------------------------------------------

    def _events(self) -> None:
        """Names the time zero and, on an axis of days, the events above the bars, in as few rows as they need."""
        axis = self._chart.axis
        marks = axis.events if not axis.is_ordered else () if axis.zero is None else (axis.zero,)
        flags = _flags([(self._x(mark.at), mark.label) for mark in marks])
        if not flags:
            return
        rows = [
            max(len(flag.lines) for flag in flags if flag.row == row) for row in range(1 + max(f.row for f in flags))
        ]
        bottom = self._y + sum(rows) * _LEADING + 3.5
        for flag in flags:
            top = self._y + sum(rows[: flag.row]) * _LEADING
            self._drawing.line([(flag.at, top + 1.2), (flag.at, bottom - 3)], color=_SOFT)
            self._drawing.shape(
                [(flag.at - 1.8, bottom - 3), (flag.at + 1.8, bottom - 3), (flag.at, bottom)], fill=_SOFT
            )
        for flag in flags:
            baseline = self._y + sum(rows[: flag.row]) * _LEADING - 1.8
            for line in flag.lines:
                baseline += _LEADING
                right = flag.x + _run_width(line[0])
                self._drawing.box(flag.x - 0.6, baseline - 5, right + 0.6, baseline + 1.5, fill="#ffffff")
                self._drawing.text((flag.x, baseline), line[0].text, size=_TYPE)
        self._y = bottom + 1

    def _behind(self, top: float, bottom: float) -> None:
        """Draws the events' lines and the time zero behind everything else."""
        axis = self._chart.axis
        behind = Drawing(WIDTH)
        for mark in axis.events:
            behind.line([(self._x(mark.at), top), (self._x(mark.at), bottom)], color=_GRID)
        if axis.zero is not None:
            x = self._x(axis.zero.at)
            behind.line([(x, top), (x, bottom)], color=_SOFT, width=0.9, dashes=(3.0, 1.5))
        self._drawing.behind(behind)

    def _axis(self, y: float) -> None:
        axis, drawing = self._chart.axis, self._drawing
        drawing.line([(self._left, y), (self._right, y)], width=0.7)
        if axis.is_ordered:
            for mark in axis.events:
                drawing.line([(self._x(mark.at), y), (self._x(mark.at), y + 2.2)], width=0.7)
            self._y = y + 3.2
            self._event_names()
        else:
            ticks = _time_ticks(axis, self._right - self._left)
            for tick in ticks:
                x = self._x(tick)
                drawing.line([(x, y), (x, y + 2.2)], width=0.7)
                drawing.text((x, y + 9), _figure(tick), size=_TYPE, align="center")
            self._y = y + 10.5
        for line in wrapped([(axis.label, False)], self._right - self._left, _TYPE) or []:
            self._y += _LEADING
            text = line[0].text
            middle = (self._left + self._right) / 2
            drawing.text((middle, self._y), text, size=_TYPE, align="center")
        self._y += 3
        self._lines_of(wrapped([("; ".join(self._keys), False)], WIDTH - 2 * _MARGIN, _TYPE) or [])

    def _event_names(self) -> None:
        """Names the steps of an ordered axis: across, else upright, else by numbers with a key below."""
        marks, drawing = self._chart.axis.events, self._drawing
        step = (self._right - self._left) / len(marks)
        across = [wrapped([(mark.label, False)], step - 3, _TYPE, may_break=False) for mark in marks]
        if all(lines is not None and len(lines) <= 5 for lines in across):
            deepest = 0
            for mark, lines in zip(marks, across, strict=True):
                for number, line in enumerate(lines or [], start=1):
                    at = (self._x(mark.at), self._y + number * _LEADING - 1.5)
                    drawing.text(at, line[0].text, size=_TYPE, align="center")
                deepest = max(deepest, len(lines or []))
            self._y += deepest * _LEADING + 1
            return
        upright = _upright([mark.label for mark in marks], step)
        if upright is not None:
            longest = 0.0
            for mark, texts in zip(marks, upright, strict=True):
                for number, text in enumerate(texts):
                    x = self._x(mark.at) + (number - (len(texts) - 1) / 2) * _LEADING + 0.36 * _TYPE
                    drawing.text((x, self._y), text, size=_TYPE, align="right", is_vertical=True)
                    longest = max(longest, text_width(text, _TYPE))
            self._y += longest + 2
            return
        every = max(1, math.ceil((text_width(str(len(marks)), _TYPE) + 2) / step))
        for number, mark in enumerate(marks, start=1):
            if (number - 1) % every == 0:
                drawing.text((self._x(mark.at), self._y + 5.5), str(number), size=_TYPE, align="center")
        self._y += 7
        self._keys = tuple(f"{number} {mark.label}" for number, mark in enumerate(marks, start=1))

    # --- bars ---------------------------------------------------------------------------------------------------------

    def _bars(self) -> None:
        groups = list(dict.fromkeys(bar.group for bar in self._chart.bars))
        for index, group in enumerate(groups):
            color = _BAR_COLORS[index % len(_BAR_COLORS)]
            bars = [bar for bar in self._chart.bars if bar.group == group]
            self._y += 2
            if len({bar.drug for bar in bars}) > 1 or bars[0].drug.casefold() != group.casefold():
                self._lines_of(wrapped([(group, True)], WIDTH - 2 * _MARGIN, 6.5) or [], size=6.5, color=color)
            for bar in bars:
                self._lane(bar, color)
        self._y += 2

    def _lane(self, bar: Bar, color: str) -> None:
        """Draws a bar with its name beside it, on the side that has room; above it where neither has."""
        beside = wrapped([(bar.drug, True), (bar.detail, False)], math.inf, _TYPE) or []
        wide = max((line[-1].x + _run_width(line[-1]) for line in beside), default=0.0)
        left, right = self._extent(bar)
        x = right + 3
        if bar.has_place and x + wide > WIDTH - _MARGIN:
            x = left - 3 - wide
        if bar.has_place and x < _MARGIN:
            self._labels(wrapped([(bar.drug, True), (bar.detail, False)], WIDTH - 2 * _MARGIN, _TYPE) or [], _MARGIN)
            self._bar(bar, self._y + 0.7, color)
            self._y += _BAR + 1.7
        elif bar.has_place:
            self._bar(bar, self._y + 0.25 * _TYPE + 0.4, color)
            self._labels(beside, x)
            self._y += _GAP
        else:
            lines = wrapped([(bar.drug, True), (bar.detail, False)], WIDTH - 2 * _MARGIN, _TYPE) or []
            self._labels(lines, _MARGIN)
            end = _MARGIN + lines[-1][-1].x + _run_width(lines[-1][-1]) + 3 if lines else self._left
            middle = self._y - 0.6 * _TYPE
            if end < self._right:
                self._drawing.line([(end, middle), (self._right, middle)], color=color, width=0.9, dashes=(0.9, 2.4))
            self._y += _GAP

    def _labels(self, lines: Sequence[Sequence[Run]], x: float) -> None:
        """Writes lines of text on white, so that no line of the axis passes through them."""
        for line in lines:
            baseline = self._y + 0.98 * _TYPE
            right = x + line[-1].x + _run_width(line[-1])
            self._drawing.box(x - 0.6, baseline - 4.8, right + 0.6, baseline + 1.4, fill="#ffffff")
            self._lines_of([line], x=x)

    def _extent(self, bar: Bar) -> tuple[float, float]:
        """From where to where a bar is drawn."""
        if bar.start is None:
            stop = self._x(bar.stop or 0.0)
            return max(stop - _TAIL, self._left), stop
        start = self._x(bar.start)
        left = start if bar.earliest is None else self._x(bar.earliest)
        places = [start + 2, *(self._x(at) + 0.9 for at in bar.doses)]
        if bar.stop is not None:
            places.append(self._x(bar.stop))
        elif bar.end is End.ONGOING:
            places.append(self._right)
        elif not bar.doses:
            places.append(min(start + _TAIL, self._right + 2))
        return left - (0.9 if bar.doses else 0), max(places)

    def _bar(self, bar: Bar, top: float, color: str) -> None:
        drawing, bottom, middle = self._drawing, top + _BAR, top + _BAR / 2
        if bar.start is None and bar.stop is not None:
            self._broken(self._x(bar.stop), -1, top, bottom, color)
            return
        start = self._x(bar.start or 0.0)
        if bar.earliest is not None:
            self._hatched(self._x(bar.earliest), start, top, bottom, color)
        if bar.doses:
            self._doses(bar, top, bottom, color)
        elif bar.end is End.UNKNOWN or (bar.stop is None and bar.end is not End.ONGOING):
            self._broken(start, 1, top, bottom, color, is_hatched=bar.is_derived)
        else:
            stop = self._right if bar.end is End.ONGOING or bar.stop is None else self._x(bar.stop)
            body = stop - 4 if bar.end is End.ONGOING else max(stop, start + 2)
            if bar.is_derived:
                self._hatched(start, body, top, bottom, color)
            else:
                drawing.box(start, top, body, bottom, fill=color)
            if bar.end is End.ONGOING:
                head = [(body, top - 1.2), (stop, middle), (body, bottom + 1.2)]
                drawing.shape(head, fill=color)

    def _doses(self, bar: Bar, top: float, bottom: float, color: str) -> None:
        middle = (top + bottom) / 2
        places = [self._x(at) for at in bar.doses]
        last = max(places[-1], self._x(bar.stop)) if bar.stop is not None else places[-1]
        if last > places[0]:
            self._drawing.line([(places[0], middle), (last, middle)], color=color, width=0.7)
        for x in places:
            self._drawing.box(x - 0.9, top - 0.6, x + 0.9, bottom + 0.6, fill=color)

    def _broken(
        self, start: float, way: int, top: float, bottom: float, color: str, *, is_hatched: bool = False
    ) -> None:
        """Draws a bar of which one end is known: a piece, and ever shorter ones on the way to the end that is not."""
        room = (self._right + 2 - start) if way > 0 else (start - self._left)
        scale = min(1.0, max(room, 6.0) / _TAIL)
        x = start
        for length, gap in ((9.0, 1.2), (3.2, 1.4), (1.9, 1.6), (1.0, 0.0)):
            left, right = sorted((x, x + way * length * scale))
            if is_hatched and length > 3:
                self._hatched(left, right, top, bottom, color)
            else:
                self._drawing.box(left, top, right, bottom, fill=color)
            x += way * (length + gap) * scale

    def _hatched(self, left: float, right: float, top: float, bottom: float, color: str) -> None:
        self._drawing.shape(
            [(left, top), (right, top), (right, bottom), (left, bottom)], fill="#ffffff", edge=color, width=0.6
        )
        high = bottom - top
        x = left - high + 1.0
        while x < right:
            first, last = max(x, left), min(x + high, right)
            if last > first:
                ends = [(first, bottom - (first - x)), (last, bottom - (last - x))]
                self._drawing.line(ends, color=color, width=0.6)
            x += 2.0

    # --- panels -------------------------------------------------------------------------------------------------------

    def _panel(self, index: int, line: Line) -> None:
        drawing, marker = self._drawing, _MARKERS[index % len(_MARKERS)]
        self._y += 3
        head = f"{line.head}, log scale" if line.is_log else line.head
        self._panel_head(head, line)
        low, high = self._ranges[index]
        scale = _Scale(low=low, high=high, top=self._y + 3, bottom=self._y + _PANEL, is_log=line.is_log)
        if line.reference is not None:
            floor = low if line.reference.sign in {"<", "≤"} else float(line.reference.low)
            ceiling = high if line.reference.sign in {">", "≥"} else float(line.reference.high)
            band = Drawing(WIDTH)
            band.box(self._left, scale(ceiling), self._right, scale(floor), fill=_BAND)
            drawing.behind(band)
        drawing.line([(self._left, scale.top), (self._left, scale.bottom)], width=0.7)
        drawing.line([(self._left, scale.bottom), (self._right, scale.bottom)], color=_SOFT)
        for tick in self._ticks[index]:
            y = scale(tick)
            drawing.line([(self._left - 2, y), (self._left, y)], width=0.7)
            drawing.text(
                (self._left - 3, y + 0.36 * _TYPE), _figure(tick, is_power=line.is_log), size=_TYPE, align="right"
            )
        self._series(line, scale, marker)
        self._y = scale.bottom + 2

    def _panel_head(self, head: str, line: Line) -> None:
        reference = f"reference {line.reference}" if line.reference is not None else ""
        wide = text_width(reference, _TYPE) + 12 if reference else 0.0
        for number, text in enumerate(wrapped([(head, True)], self._right - _MARGIN - wide, 6.5) or []):
            self._y += 8
            left = text_width(text[0].text, 6.5, is_bold=True)
            self._drawing.box(_MARGIN - 0.6, self._y - 6.6, _MARGIN + left + 0.6, self._y + 0.2, fill="#ffffff")
            self._drawing.text((_MARGIN, self._y - 1.5), text[0].text, size=6.5, is_bold=True)
            if number == 0 and reference:
                start = self._right - wide + 12
                self._drawing.box(start - 10.6, self._y - 6.6, self._right + 0.6, self._y + 0.2, fill="#ffffff")
                self._drawing.box(start - 10, self._y - 6, start - 2, self._y - 1.5, fill=_BAND, edge=_SOFT)
                self._drawing.text((start, self._y - 1.5), reference, size=_TYPE, color=_SOFT)

    def _series(self, line: Line, scale: _Scale, marker: str) -> None:
        drawing = self._drawing
        middles = [(self._x((p.at + p.until) / 2), scale((p.low + p.high) / 2)) for p in line.points]
        for (one, other), (point, follower) in zip(pairwise(middles), pairwise(line.points), strict=True):
            # Between two values there may have been one that is not given.
            is_broken = any(point.at < gap.at < follower.at for gap in line.gaps)
            drawing.line([one, other], width=0.9, dashes=(2.5, 1.8) if is_broken else ())
        for point, at in zip(line.points, middles, strict=True):
            self._point(point, at, scale, marker)
        for gap in line.gaps:
            drawing.marker((self._x(gap.at), scale.bottom - 3.2), "x", size=3.6)
        self._values(line, middles, scale)

    def _point(self, point: Point, at: tuple[float, float], scale: _Scale, marker: str) -> None:
        drawing, (x, y) = self._drawing, at
        if point.high > point.low:
            ends = scale(point.low), scale(point.high)
            drawing.line([(x, ends[0]), (x, ends[1])], width=0.9)
            for end in ends:
                drawing.line([(x - 1.8, end), (x + 1.8, end)], width=0.9)
        if point.until > point.at:
            drawing.line([(self._x(point.at), y), (self._x(point.until), y)], width=0.9)
        if point.sign:
            marker = "v" if point.sign in "<≤" else "^"
        is_open = bool(point.sign) or point.is_conflicting or point.is_derived
        drawing.marker(at, marker, size=3.6, fill="#ffffff" if is_open else _INK)

    def _values(self, line: Line, middles: Sequence[tuple[float, float]], scale: _Scale) -> None:
        """Writes values at their points where there is room: first, last, highest and lowest before others."""
        points = line.points
        by_height = sorted(range(len(points)), key=lambda index: points[index].high)
        order = dict.fromkeys([by_height[-1], by_height[0], 0, len(points) - 1, *range(len(points))])
        taken = [(x - 2.6, y - 2.6, x + 2.6, y + 2.6) for x, y in middles]
        taken += [(self._x(gap.at) - 2.5, scale.bottom - 6, self._x(gap.at) + 2.5, scale.bottom) for gap in line.gaps]
        segments = list(pairwise(middles))
        chosen = list(order)[: len(points) if len(points) <= _MOST_VALUES else 4]
        for number, index in enumerate(chosen):
            text, (x, y) = points[index].text, middles[index]
            wide = text_width(text, _TYPE) / 2
            places = [
                (left, baseline, (left - 0.8, baseline - 4.6, left + 2 * wide + 0.8, baseline + 0.2))
                for left, baseline in (
                    (x - wide, y - 4.2),
                    (x - wide, y + 8.6),
                    (x + 4.2, y + 2),
                    (x - 2 * wide - 4.2, y + 2),
                    (x + 3, y - 3.6),
                    (x - 2 * wide - 3, y - 3.6),
                    (x + 3, y + 7.4),
                    (x - 2 * wide - 3, y + 7.4),
                )
            ]
            free = [
                each
                for each in places
                if each[2][0] >= self._left + 0.7
                and each[2][2] <= WIDTH - _MARGIN
                and each[2][1] >= scale.top - 1.5
                and each[2][3] <= scale.bottom
                and not any(_overlap(each[2], other) for other in taken)
            ]
            # A line may run through one of the values that matter most, before it is left out.
            clear = [each for each in free if not any(_crosses(each[2], *segment) for segment in segments)]
            for left, baseline, place in (clear or (free if number < 4 else []))[:1]:
                self._drawing.text((left, baseline), text, size=_TYPE)
                taken.append(place)

    # --- notes --------------------------------------------------------------------------------------------------------

    def _notes(self) -> None:
        notes = list(self._chart.notes)
        if printable(self._chart.words) != visible(self._chart.words):
            notes.append("□: a character that this figure's font does not have.")
        self._lines_of(wrapped([(" ".join(notes), False)], WIDTH - 2 * _MARGIN, _TYPE) or [], color=_SOFT)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Flag:
    """The name of an event beside its pole, which stands at `at`; rows count from above."""

    at: float
    x: float
    lines: list[list[Run]]
    row: int


def _flags(marks: Sequence[tuple[float, str]]) -> list[_Flag]:
    """Places names so that no pole passes through one: to the right of theirs, each below those that reach over it.

    Where there is no room at the right, a name stands to the left of its pole, in a row above all others.
    """
    flags: list[_Flag] = []
    for at, label in sorted(marks, key=lambda mark: mark[0]):
        room = max(WIDTH - _MARGIN - at, at - _MARGIN) - 2
        lines = wrapped([(label, False)], room, _TYPE) or []
        wide = max((_run_width(line[0]) for line in lines), default=0.0)
        if at + 2 + wide <= WIDTH - _MARGIN:
            below = [flag.row for flag in flags if flag.x > flag.at and _end(flag) + 3 > at]
            flags.append(_Flag(at=at, x=at + 2, lines=lines, row=max(below, default=-1) + 1))
        else:
            flags = [replace(flag, row=flag.row + 1) for flag in flags]
            flags.append(_Flag(at=at, x=at - 2 - wide, lines=lines, row=0))
    rows = sorted({flag.row for flag in flags})
    return [replace(flag, row=rows.index(flag.row)) for flag in flags]


def _end(flag: _Flag) -> float:
    return flag.x + max((_run_width(line[0]) for line in flag.lines), default=0.0)


def _run_width(run: Run) -> float:
    return text_width(run.text, _TYPE, is_bold=run.is_bold)


Box = tuple[float, float, float, float]


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _crosses(box: Box, start: tuple[float, float], end: tuple[float, float]) -> bool:
    """Whether a line passes through a box, as far as some places along it tell."""
    steps = 24
    return any(
        box[0] <= start[0] + (end[0] - start[0]) * at / steps <= box[2]
        and box[1] <= start[1] + (end[1] - start[1]) * at / steps <= box[3]
        for at in range(steps + 1)
    )


def _upright(labels: Sequence[str], step: float) -> list[list[str]] | None:
    """Returns labels in as many lines as stand upright side by side in a step, as short as they can be; None if none do."""
    for width in (44, 56, 68, 80, 95):
        found = [wrapped([(label, False)], width, _TYPE, may_break=False) for label in labels]
        if all(lines is not None and len(lines) * _LEADING <= step - 1 for lines in found):
            return [[line[0].text for line in lines or []] for lines in found]
    return None


# --- ticks ------------------------------------------------------------------------------------------------------------


def _value_range(line: Line) -> tuple[float, float]:
    """From where to where a panel goes: all values and the reference range, with some room."""
    values = [value for point in line.points for value in (point.low, point.high)]
    if line.reference is not None:
        values += [float(end) for end in {line.reference.low, line.reference.high} if end > 0 or not line.is_log]
    low, high = min(values), max(values)
    if line.is_log:
        return low / 2, high * 4
    room = 0.1 * (high - low) or abs(high) * 0.1 or 1.0
    # A scale that nearly begins at zero begins there.
    return (0.0 if 0 <= low <= 0.4 * high else low - room), high + 2.5 * room


def _value_ticks(low: float, high: float, *, is_log: bool) -> list[float]:
    from matplotlib.ticker import MaxNLocator

    if is_log:
        first, last = math.ceil(math.log10(low)), math.floor(math.log10(high))
        every = max(1, math.ceil((last - first) / 4))
        return [10.0**power for power in range(first, last + 1, every)]
    return [float(tick) for tick in MaxNLocator(nbins=3).tick_values(low, high) if low <= tick <= high]


def _time_ticks(axis: Axis, width: float) -> list[float]:
    from matplotlib.ticker import MaxNLocator

    wide = max(text_width(_figure(end), _TYPE) for end in (axis.low, axis.high))
    number = max(2, min(9, int(width / (wide + 8))))
    is_whole = axis.high - axis.low >= number
    ticks = MaxNLocator(nbins=number, integer=is_whole, steps=[1, 2, 5, 10]).tick_values(axis.low, axis.high)
    return [float(tick) for tick in ticks if axis.low <= tick <= axis.high]


_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def _figure(value: float, *, is_power: bool = False) -> str:
    """Returns a tick's number: plain up to five places, else as a power of ten."""
    if value and not 1e-3 <= abs(value) < (1e3 if is_power else 1e5):
        mantissa, _, power = f"{value:.3e}".partition("e")
        mantissa = mantissa.rstrip("0").rstrip(".")
        raised = str(int(power)).translate(_RAISED)
        text = f"10{raised}" if mantissa == "1" else f"{mantissa}×10{raised}"
    else:
        text = f"{round(value, 6):g}" if abs(value) >= 1e4 or value != int(value) else str(int(value))
    return text.replace("-", "−")
