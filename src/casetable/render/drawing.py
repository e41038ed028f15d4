"""A drawing of texts, lines and shapes in points from its upper left corner, and its bytes as SVG, PDF and PNG.

Fonts are those that come with matplotlib, and no setting of the machine reaches a drawing: it has the same bytes anywhere.
"""

from __future__ import annotations

import functools
import io
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import escape

from casetable.problems import visible

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.figure import Figure
    from matplotlib.ft2font import FT2Font

XY = tuple[float, float]

PNG_DPI = 600
# A picture of more rows has fewer dots per inch: the renderer takes no more than 65,535.
_MOST_ROWS = 30_000
_INCH = 72.0
# In place of a character that the font does not have.
_ABSENT = "□"
_LOOK: Any = {
    "svg.fonttype": "none",  # text stays text: it can be found, copied and read aloud
    "svg.hashsalt": "casetable",
    "pdf.fonttype": 42,  # TrueType, as journals ask for
    "font.sans-serif": ["DejaVu Sans", "Verdana", "sans-serif"],  # Verdana is as wide, where a browser has no DejaVu
    "path.simplify": False,
}


@dataclass(slots=True)
class Drawing:
    """Collects what is drawn, in the order from behind to front; `width` and all places are in points."""

    width: float
    _drawn: list[tuple[Sequence[XY], Callable[[list[XY]], Artist]]] = field(default_factory=list)

    def text(
        self,
        at: XY,
        text: str,
        *,
        size: float,
        is_bold: bool = False,
        color: str = "#000000",
        align: str = "left",
        is_vertical: bool = False,
    ) -> None:
        """Puts one line of text with its baseline at a place; upwards where it is vertical."""
        properties = _properties(size, is_bold=is_bold)
        self._drawn.append(
            (
                [at],
                partial(
                    _text, text=printable(text), font=properties, color=color, align=align, is_vertical=is_vertical
                ),
            )
        )

    def line(
        self, points: Sequence[XY], *, color: str = "#000000", width: float = 0.5, dashes: tuple[float, ...] = ()
    ) -> None:
        self._drawn.append((points, partial(_line, color=color, width=width, dashes=dashes)))

    def shape(self, points: Sequence[XY], *, fill: str, edge: str = "none", width: float = 0.5) -> None:
        """Draws a closed shape."""
        self._drawn.append((points, partial(_shape, fill=fill, edge=edge, width=width)))

    def box(self, left: float, top: float, right: float, bottom: float, *, fill: str, edge: str = "none") -> None:
        self.shape([(left, top), (right, top), (right, bottom), (left, bottom)], fill=fill, edge=edge)

    def marker(self, at: XY, kind: str, *, size: float, color: str = "#000000", fill: str = "") -> None:
        """Draws a marker as matplotlib names it; `fill` is its color, unless it is another inside."""
        self._drawn.append(([at], partial(_marker, marker=kind, size=size, color=color, fill=fill or color)))

    def behind(self, other: Drawing) -> None:
        """Puts another drawing of the same width behind this one."""
        self._drawn[:0] = other._drawn

    def figure(self, height: float) -> Figure:
        """Returns the drawing as matplotlib's figure, so many points high."""
        from matplotlib.figure import Figure

        with _look():
            figure = Figure(figsize=(self.width / _INCH, height / _INCH), facecolor="white")
            for order, (points, artist_of) in enumerate(self._drawn):
                artist = artist_of([(x / _INCH, (height - y) / _INCH) for x, y in points])
                artist.set_transform(figure.dpi_scale_trans)
                artist.set_zorder(order)
                figure.add_artist(artist)
                artist.set_clip_path(None)
        return figure


def _text(places: list[XY], *, text: str, font: Any, color: str, align: Any, is_vertical: bool) -> Artist:
    from matplotlib.text import Text

    (x, y) = places[0]
    return Text(
        x,
        y,
        text,
        fontproperties=font,
        color=color,
        ha=align,
        va="baseline",
        rotation=90 if is_vertical else 0,
        rotation_mode="anchor",
        parse_math=False,
    )


def _line(places: list[XY], *, color: str, width: float, dashes: tuple[float, ...]) -> Artist:
    from matplotlib.lines import Line2D

    # Dashes are given in points; matplotlib takes them in widths of the line.
    style: Any = (0, tuple(dash / width for dash in dashes)) if dashes else "solid"
    return Line2D(*zip(*places, strict=True), color=color, linewidth=width, linestyle=style, dash_capstyle="butt")


def _shape(places: list[XY], *, fill: str, edge: str, width: float) -> Artist:
    from matplotlib.patches import Polygon

    return Polygon(places, closed=True, facecolor=fill, edgecolor=edge, linewidth=width if edge != "none" else 0)


def _marker(places: list[XY], *, marker: str, size: float, color: str, fill: str) -> Artist:
    from matplotlib.lines import Line2D

    (x, y) = places[0]
    return Line2D(
        [x], [y], marker=marker, markersize=size, color=color, markerfacecolor=fill, markeredgewidth=0.8, linestyle=""
    )


@contextmanager
def as_it_comes() -> Iterator[None]:
    """Matplotlib as it comes: what a user's matplotlibrc says would change the bytes."""
    import matplotlib

    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        yield


@contextmanager
def _look() -> Iterator[None]:
    """The same, with what these drawings need."""
    import matplotlib

    with as_it_comes(), matplotlib.rc_context(_LOOK):
        yield


# --- bytes ------------------------------------------------------------------------------------------------------------


def write_svg(figure: Figure, title: str, words: str) -> bytes:
    """Returns the figure as SVG with its title and what it shows in words, for those who have it read to them."""
    text = _saved(figure, "svg", metadata={"Date": None, "Creator": None, "Title": _plain(title)}).decode()
    head, open_, rest = text.partition("<svg ")
    attributes, close, body = rest.partition(">")
    plain = f"\n <title>{escape(_plain(title))}</title>"
    _, _, body = body.partition("</title>")
    described = f"{plain}\n <desc>{escape(_plain(words))}</desc>"
    return f'{head}{open_}{attributes} role="img"{close}{described}{body}'.encode()


def write_pdf(figure: Figure, title: str) -> bytes:
    """Returns the figure as PDF, its fonts embedded."""
    metadata = {"CreationDate": None, "Creator": "casetable", "Producer": None, "Title": _plain(title)}
    return _saved(figure, "pdf", metadata=metadata)


def write_png(figure: Figure, title: str) -> bytes:
    """Returns the figure as PNG at 600 dots per inch."""
    dpi = min(PNG_DPI, int(_MOST_ROWS / figure.get_size_inches()[1]))
    # Beyond level 3 a file is a tenth smaller and takes twice the time.
    options = {"compress_level": 3}
    return _saved(figure, "png", dpi=dpi, metadata={"Software": None, "Title": _plain(title)}, pil_kwargs=options)


def _plain(text: str) -> str:
    # U+FFFE and U+FFFF are no characters of XML (XML 1.0, 2.2).
    return visible(text).translate({0xFFFE: "\ufffd", 0xFFFF: "\ufffd"})


def _saved(figure: Figure, format_: str, **options: Any) -> bytes:
    written = io.BytesIO()
    with _look():
        figure.savefig(written, format=format_, **options)
    return written.getvalue()


# --- text -------------------------------------------------------------------------------------------------------------


@functools.cache
def font_file(*, is_bold: bool) -> Path:
    """Returns where DejaVu Sans is, which matplotlib brings along."""
    import matplotlib

    return Path(matplotlib.get_data_path()) / "fonts" / "ttf" / ("DejaVuSans-Bold.ttf" if is_bold else "DejaVuSans.ttf")


@functools.cache
def _properties(size: float, *, is_bold: bool) -> Any:
    from matplotlib.font_manager import FontProperties

    with _look():
        return FontProperties(fname=font_file(is_bold=is_bold), size=size, weight="bold" if is_bold else "normal")


@functools.cache
def font(*, is_bold: bool) -> FT2Font:
    """Returns DejaVu Sans, EM points large, to be measured."""
    from matplotlib.ft2font import FT2Font

    face = FT2Font(str(font_file(is_bold=is_bold)))
    face.set_size(EM, 72)
    return face


EM = 100
# A face of a font holds one character at a time: whoever measures from several threads takes turns.
AT_FONT = threading.Lock()


@functools.cache
def _advance(character: str, *, is_bold: bool) -> float:
    """How far a character goes, in widths of an em."""
    from matplotlib.ft2font import LoadFlags

    with AT_FONT:
        glyph = font(is_bold=is_bold).load_char(ord(character), flags=LoadFlags.NO_HINTING)
    return float(glyph.linearHoriAdvance) / 65536 / EM


@functools.cache
def _has(character: str) -> bool:
    return all(font(is_bold=is_bold).get_char_index(ord(character)) for is_bold in (False, True))


def printable(text: str) -> str:
    """Returns a text as one line of characters that the fonts have; others are a box."""
    return "".join(character if _has(character) else _ABSENT for character in visible(text))


def text_width(text: str, size: float, *, is_bold: bool = False) -> float:
    """Returns how wide a line of text is, in points."""
    return size * sum(_advance(character, is_bold=is_bold) for character in printable(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A piece of a line, so many points from its left."""

    x: float
    text: str
    is_bold: bool


def wrapped(
    runs: Sequence[tuple[str, bool]], width: float, size: float, *, may_break: bool = True
) -> list[list[Run]] | None:
    """Returns texts, each bold or not, one behind the other in lines of a width.

    A word that is too long for a line is broken; where it may not be, None is returned.
    """
    lines: list[list[Run]] = [[]]
    x = 0.0
    for text, is_bold in runs:
        if not may_break and any(text_width(word, size, is_bold=is_bold) > width for word in text.split()):
            return None
        for word in _words(text, width, size, is_bold=is_bold):
            wide, blank = (text_width(each, size, is_bold=is_bold) for each in (word, " "))
            if lines[-1] and x + blank + wide > width:
                lines.append([])
                x = 0.0
            x += blank if lines[-1] else 0.0
            last = lines[-1][-1] if lines[-1] else None
            if last is not None and last.is_bold == is_bold:
                lines[-1][-1] = Run(x=last.x, text=f"{last.text} {word}", is_bold=is_bold)
            else:
                lines[-1].append(Run(x=x, text=word, is_bold=is_bold))
            x += wide
    return lines if lines[0] else []


def _words(text: str, width: float, size: float, *, is_bold: bool) -> Iterator[str]:
    """The words of a text; of one that is wider than a line, pieces that are not."""
    for word in printable(text).split():
        if text_width(word, size, is_bold=is_bold) <= width:
            yield word
            continue
        piece = ""
        for character in word:
            if piece and text_width(piece + character, size, is_bold=is_bold) > width:
                yield piece
                piece = ""
            piece += character
        yield piece
