"""The flow diagram as SVG and as PNG, both drawn from one page.

Texts are measured in DejaVu Sans, which matplotlib brings along. In the SVG they stay text, in a font that the reader has:
those that are named are all narrower, so that nothing leaves its box. The PNG is drawn in DejaVu Sans itself, whatever fonts
the machine has; what that font cannot write is spelled otherwise there (`diagram.spelled`).
"""

from __future__ import annotations

import io
import unicodedata
from functools import cache
from html import escape
from typing import Any

from casetable.diagram import Diagram, Frame, Tone, Writing, lay_out, spelled
from casetable.render.drawing import AT_FONT, EM, as_it_comes, font, font_file

_FONTS = "Arial, Helvetica, 'Liberation Sans', 'DejaVu Sans', sans-serif"
# Fill and edge of each box; the tints are of the palette of Okabe and Ito, which the color-blind can tell apart.
_COLORS = {
    Tone.HEAD: ("#FBE3B0", "#E69F00"),
    Tone.GRAY_HEAD: ("#DEDEDE", "#8A8A8A"),
    Tone.PLAIN: ("#FFFFFF", "#333333"),
    Tone.GRAY: ("#F1F1F1", "#8A8A8A"),
    Tone.CASES: ("#E2F3EC", "#009E73"),
    Tone.REMARK: ("#FCEBDD", "#D55E00"),
}
_STAGE = ("#D3E9F8", "#D3E9F8")
_INK, _WARNING, _GRAY, _FAULT, _LINE = "#111111", "#9A3F00", "#595959", "#D55E00", "#333333"
_EDGE, _HEAD_LENGTH, _HEAD_WIDTH, _ROUND = 0.8, 5.5, 4.4, 4.0
_DPI, _MOST_PIXELS = 300, 8000


def render_diagram_svg(diagram: Diagram) -> bytes:
    """Returns prisma.svg: no script, nothing loaded, every text as text; a reader of screens is told all numbers."""
    page = lay_out(diagram, _width_of)
    width, height = _number(page.width), _number(page.height)
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}pt" height="{height}pt" viewBox="0 0 {width} {height}"'
        f' role="img" lang="en" aria-labelledby="prisma-title prisma-desc" font-family="{escape(_FONTS)}">\n'
        f'<title id="prisma-title">{_escaped(diagram.title)}</title>\n<desc id="prisma-desc">{_escaped(diagram.in_words)}</desc>\n'
        f'<rect width="{width}" height="{height}" fill="#FFFFFF"/>\n'
    ]
    for arrow in page.arrows:
        way = " ".join(f"{_number(x)},{_number(y)}" for x, y in _shaft(arrow))
        head = " ".join(f"{_number(x)},{_number(y)}" for x, y in _head(arrow))
        parts.append(f'<polyline points="{way}" fill="none" stroke="{_LINE}" stroke-width="{_EDGE}"/>\n')
        parts.append(f'<polygon points="{head}" fill="{_LINE}"/>\n')
    for frame in page.frames:
        fill, edge, thick, radius = _style(frame)
        name = f' id="prisma-{frame.box.name}"' if frame.box else ""
        parts.append(
            f'<g{name}>\n<rect x="{_number(frame.x)}" y="{_number(frame.y)}" width="{_number(frame.width)}"'
            f' height="{_number(frame.height)}" rx="{_number(radius)}" fill="{fill}" stroke="{edge}" stroke-width="{thick}"/>\n'
        )
        parts += [*map(_svg_text, frame.writings), "</g>\n"]
    parts += [*map(_svg_text, page.writings), "</svg>\n"]
    return "".join(parts).encode("utf-8", "replace")


def _svg_text(writing: Writing) -> str:
    x, y = _number(writing.x), _number(writing.y)
    more = ' font-weight="bold"' if writing.is_bold else ""
    if writing.is_centered:
        more += ' text-anchor="middle"'
    if writing.is_upright:
        # The baseline of upright text is to the right of its middle by about a third of its size.
        x = _number(writing.x + writing.size * 0.35)
        more += f' transform="rotate(-90 {x} {y})"'
    return f'<text x="{x}" y="{y}" font-size="{writing.size}" fill="{_color(writing)}"{more}>{_escaped(writing.text)}</text>\n'


def _escaped(text: str) -> str:
    # U+FFFE and U+FFFF are no characters of XML (XML 1.0, 2.2).
    return escape(text).replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")


def _number(value: float) -> str:
    return format(value, ".2f").rstrip("0").rstrip(".")


def render_diagram_png(diagram: Diagram) -> bytes:
    """Returns prisma.png at 300 dpi, with less where it would be larger than 8000 pixels."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.font_manager import FontProperties
    from matplotlib.lines import Line2D
    from matplotlib.patches import FancyBboxPatch, Polygon, Rectangle
    from matplotlib.transforms import Affine2D

    page = lay_out(spelled(diagram, _is_drawn), _width_of)
    dpi = min(_DPI, int(_MOST_PIXELS * 72 / max(page.width, page.height)))
    with as_it_comes():
        figure = Figure(figsize=(page.width / 72, page.height / 72), dpi=dpi, facecolor="#FFFFFF")
        canvas = FigureCanvasAgg(figure)
        points = Affine2D().scale(1, -1).translate(0, page.height).scale(dpi / 72)
        fonts = {is_bold: FontProperties(fname=font_file(is_bold=is_bold)) for is_bold in (False, True)}

        def write(writing: Writing) -> None:
            figure.text(
                writing.x,
                writing.y,
                writing.text,
                transform=points,
                fontproperties=fonts[writing.is_bold],
                fontsize=writing.size,
                color=_color(writing),
                ha="center" if writing.is_centered else "left",
                va="center" if writing.is_upright else "baseline",
                rotation=90 if writing.is_upright else 0,
                parse_math=False,
            )

        for arrow in page.arrows:
            ways = zip(*_shaft(arrow), strict=True)
            line = Line2D(*map(list, ways), color=_LINE, linewidth=_EDGE, transform=points, solid_joinstyle="miter")
            figure.add_artist(line)
            figure.add_artist(Polygon(_head(arrow), facecolor=_LINE, edgecolor="none", transform=points))
        for frame in page.frames:
            fill, edge, thick, radius = _style(frame)
            look: dict[str, Any] = {"facecolor": fill, "edgecolor": edge, "linewidth": thick, "transform": points}
            corner, size = (frame.x, frame.y), (frame.width, frame.height)
            if radius:
                style = f"round,pad=0,rounding_size={radius}"
                figure.add_artist(FancyBboxPatch(corner, *size, boxstyle=style, **look))
            else:
                figure.add_artist(Rectangle(corner, *size, **look))
            for writing in frame.writings:
                write(writing)
        for writing in page.writings:
            write(writing)
        data = io.BytesIO()
        canvas.print_png(data, metadata={"Software": None})  # type: ignore[no-untyped-call]
    return data.getvalue()


def _style(frame: Frame) -> tuple[str, str, float, float]:
    """Fill, edge, thickness of the edge and radius of the corners."""
    if frame.box is None:
        return (*_STAGE, _EDGE, _ROUND)
    fill, edge = _COLORS[frame.box.tone]
    if frame.box.is_faulty:
        return fill, _FAULT, 2 * _EDGE, 0.0
    return fill, edge, _EDGE, _ROUND if frame.box.tone in (Tone.HEAD, Tone.GRAY_HEAD) else 0.0


def _color(writing: Writing) -> str:
    return _WARNING if writing.is_warning else _GRAY if writing.is_gray else _INK


def _shaft(arrow: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    """The arrow without its tip, which the head draws."""
    (x, y), (dx, dy) = arrow[-1], _direction(arrow)
    return (*arrow[:-1], (x - dx * _HEAD_LENGTH, y - dy * _HEAD_LENGTH))


def _head(arrow: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    (x, y), (dx, dy) = arrow[-1], _direction(arrow)
    back, aside = (x - dx * _HEAD_LENGTH, y - dy * _HEAD_LENGTH), _HEAD_WIDTH / 2
    return ((x, y), (back[0] - dy * aside, back[1] + dx * aside), (back[0] + dy * aside, back[1] - dx * aside))


def _direction(arrow: tuple[tuple[float, float], ...]) -> tuple[float, float]:
    """The direction of the last piece, which is upright or level."""
    (x0, y0), (x, y) = arrow[-2:]
    return (0.0, 1.0 if y > y0 else -1.0) if x == x0 else (1.0 if x > x0 else -1.0, 0.0)


# --- the measure ------------------------------------------------------------------------------------------------------


@cache
def _width_of_character(character: str, *, is_bold: bool) -> float:
    face = font(is_bold=is_bold)
    if face.get_char_index(ord(character)):
        with AT_FONT:
            return face.load_char(ord(character)).linearHoriAdvance / 65536 / EM
    if unicodedata.combining(character):
        return 0.0
    return 1.0 if unicodedata.east_asian_width(character) in "WF" else 0.8


def _width_of(text: str, is_bold: bool) -> float:  # noqa: FBT001  # the signature that the page asks for
    """The width of a text in ems of DejaVu Sans; characters that it lacks count as in a font that has them."""
    # Two in a hundred for what fitting to pixels adds.
    return 1.02 * sum(_width_of_character(character, is_bold=is_bold) for character in text)


def _is_drawn(character: str) -> bool:
    return bool(font(is_bold=False).get_char_index(ord(character)))
