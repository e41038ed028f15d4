"""The figure of a clinical course: what stands in its files, that nothing leaves or covers anything, and its bytes."""

from __future__ import annotations

import io
import math
import os
import subprocess
import sys
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text
from PIL import Image
from pypdf import PdfReader

from casetable.course import Chart
from casetable.render.drawing import text_width, wrapped
from casetable.render.figure import (
    WIDTH,
    _flags,
    draw_chart,
    render_course_pdf,
    render_course_png,
    render_course_svg,
)
from tests.support.courses import CASES, DAYS, chart_of

SVG = "{http://www.w3.org/2000/svg}"
ZERO = "{cases: all, zero: first dose of drug X}"


@cache
def chart(name: str) -> Chart:
    return chart_of(CASES[name], course=ZERO)


@cache
def drawn(name: str) -> Figure:
    drawing, height = draw_chart(chart(name))
    return drawing.figure(height)


def boxes(figure: Figure) -> list[tuple[str, tuple[float, float, float, float]]]:
    """Every text of a figure with the place that its ink takes, in points, as matplotlib's own renderer measures it."""
    figure.set_dpi(72 * 4)
    renderer = FigureCanvasAgg(figure).get_renderer()
    found = []
    for text in figure.findobj(Text):
        if isinstance(text, Text) and text.get_text():
            box = text.get_window_extent(renderer)
            found.append((text.get_text(), (box.x0 / 4, box.y0 / 4, box.x1 / 4, box.y1 / 4)))
    return found


@pytest.mark.parametrize("name", CASES)
def test_no_text_leaves_the_figure_or_covers_another(name: str) -> None:
    figure = drawn(name)
    width, height = figure.get_size_inches() * 72
    assert width == pytest.approx(85 / 25.4 * 72)
    found = boxes(figure)
    assert len(found) > 8
    for text, (left, bottom, right, top) in found:
        assert left >= 0, text
        assert right <= width, text
        assert bottom >= 0, text
        assert top <= height, text
    for (one, a), (other, b) in combinations(found, 2):
        across = min(a[2], b[2]) - max(a[0], b[0])
        along = min(a[3], b[3]) - max(a[1], b[1])
        # Lines of text stand so close that their ascents and descents may touch.
        assert across <= 0.3 or along <= 1.5, (one, other)


@pytest.mark.parametrize("name", CASES)
def test_type_and_lines_can_be_read_at_one_column(name: str) -> None:
    figure = drawn(name)
    assert min(text.get_fontsize() for text in figure.findobj(Text) if isinstance(text, Text)) >= 6
    lines = [line for line in figure.findobj(Line2D) if isinstance(line, Line2D) and line.get_linestyle() != "None"]
    assert min(line.get_linewidth() for line in lines) >= 0.5


def test_texts_of_the_svg_are_text_and_all_is_told_in_words() -> None:
    root = ElementTree.fromstring(render_course_svg(chart("days")))
    assert root.get("role") == "img"
    assert [child.tag for child in root][:2] == [f"{SVG}title", f"{SVG}desc"]
    assert root.findtext(f"{SVG}title") == "Doe 2020, case days".replace("days", "1")
    assert root.findtext(f"{SVG}desc") == chart("days").words
    texts = ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]
    for text in (
        "weeks; day 0: first dose of drug X",
        "Marker (ng/ml), log scale",
        "reference <30",
        "methylprednisolone",
        "30 mg/kg, daily, ×3",
        "1250.4",
        "admission to intensive care",
        "10⁵",
    ):
        assert text in texts
    assert not [element.tag for element in root.iter() if element.tag in {f"{SVG}script", f"{SVG}image"}]


def test_hostile_texts_stay_texts() -> None:
    data = render_course_svg(chart("hostile"))
    assert b"<b>" not in data
    root = ElementTree.fromstring(data)
    texts = ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]
    assert any("<b>$x_2$ & □□ \\u202e</b>" in text for text in texts)
    assert "中文" in (root.findtext(f"{SVG}desc") or "")
    assert any("□: a character that this figure's font does not have." in text for text in [" ".join(texts)])


def test_an_axis_of_order_says_so_in_the_picture() -> None:
    root = ElementTree.fromstring(render_course_svg(chart("long")))
    texts = ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]
    assert "order of events; distances are not to scale" in texts
    assert "30 the event of the course with number 30" in " ".join(texts)


def test_the_pdf_is_one_page_of_one_column_with_its_fonts_embedded() -> None:
    reader = PdfReader(io.BytesIO(render_course_pdf(chart("days"))))
    (page,) = reader.pages
    assert float(page.mediabox.width) == pytest.approx(WIDTH, abs=0.01)
    fonts = [font.get_object() for font in page["/Resources"]["/Font"].values()]  # type: ignore[index]
    descendants = [each.get_object() for font in fonts for each in font.get("/DescendantFonts", [font])]
    assert {str(font["/BaseFont"]).rpartition("+")[2] for font in fonts} == {"DejaVuSans", "DejaVuSans-Bold"}
    assert all(font["/Subtype"] in ("/CIDFontType2", "/TrueType") for font in descendants)
    assert all("/FontFile2" in font["/FontDescriptor"] for font in descendants)
    assert "first dose of drug X" in page.extract_text()
    assert reader.metadata is not None
    assert (reader.metadata.title, reader.metadata.creation_date) == ("Doe 2020, case 1", None)


def test_the_png_has_600_dots_per_inch() -> None:
    image = Image.open(io.BytesIO(render_course_png(chart("two"))))
    assert image.info["dpi"] == pytest.approx((600, 600), abs=0.1)
    assert image.width == int(85 / 25.4 * 600)
    assert len(set(image.convert("L").tobytes())) > 10, "an empty picture"


def test_a_long_picture_has_fewer_dots_per_inch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("casetable.render.drawing._MOST_ROWS", 400)
    image = Image.open(io.BytesIO(render_course_png(chart("days"))))
    assert 300 < image.height <= 400
    assert image.info["dpi"][0] == pytest.approx(400 / (draw_chart(chart("days"))[1] / 72), abs=1)


CODE = """
import sys
from hashlib import sha256
from casetable.render.figure import render_course_pdf, render_course_png, render_course_svg
from tests.support.courses import HOSTILE, chart_of
for render in (render_course_svg, render_course_pdf, render_course_png):
    print(sha256(render(chart_of(HOSTILE))).hexdigest())
"""


def test_the_same_bytes_whatever_the_machine_is_set_to(tmp_path: Path) -> None:
    settings_ = "font.family: serif\nlines.linewidth: 9\nfigure.dpi: 31\nsavefig.bbox: tight\ntext.usetex: True\n"
    (tmp_path / "matplotlibrc").write_text(settings_)
    told = []
    for more in (
        {},
        {"PYTHONHASHSEED": "77", "TZ": "Asia/Tokyo", "LC_ALL": "C", "MATPLOTLIBRC": str(tmp_path / "matplotlibrc")},
    ):
        done = subprocess.run(
            [sys.executable, "-c", CODE],
            cwd=Path(__file__).parents[2],
            env={**os.environ, "SOURCE_DATE_EPOCH": str(len(more)), **more},
            capture_output=True,
            text=True,
            check=True,
        )
        told.append(done.stdout.split())
    assert len(told[0]) == 3
    assert told[0] == told[1]


def test_rendering_leaves_matplotlib_as_it_was() -> None:
    import matplotlib

    before = dict(matplotlib.rcParams)
    render_course_svg(chart("two"))
    assert dict(matplotlib.rcParams) == before


# --- the measure ------------------------------------------------------------------------------------------------------


def test_texts_are_as_wide_as_they_are_drawn() -> None:
    for text, (left, _, right, _) in boxes(drawn("two")):
        size = 7 if text.startswith("Doe") else 6.5 if text.startswith("Marker") else 6
        is_bold = size > 6
        assert text_width(text, size, is_bold=is_bold) == pytest.approx(right - left, abs=1.2), text


@given(st.text(), st.booleans(), st.floats(20, 300))
@settings(deadline=None)
def test_lines_are_no_wider_than_they_may_be_and_lose_nothing(text: str, is_bold: bool, width: float) -> None:
    lines = wrapped([(text, is_bold), ("more of it", not is_bold)], width, 6)
    assert lines is not None
    for line in lines:
        last = line[-1]
        assert last.x + text_width(last.text, 6, is_bold=last.is_bold) <= width + 1e-6
    from casetable.render.drawing import printable

    told = "".join(run.text for line in lines for run in line)
    assert "".join(told.split()) == "".join(printable(text).split()) + "moreofit"


def test_a_word_that_may_not_be_broken_has_no_lines() -> None:
    assert wrapped([("cyclophosphamide", False)], 20, 6, may_break=False) is None
    assert wrapped([("a b", False)], 20, 6, may_break=False) is not None


@given(st.lists(st.tuples(st.floats(20, WIDTH - 6), st.integers(1, 30)), max_size=12))
@settings(deadline=None)
def test_no_pole_passes_through_the_name_of_an_earlier_event(marks: list[tuple[float, int]]) -> None:
    flags = _flags([(at, "x" * length) for at, length in marks])
    assert len(flags) == len(marks)
    for one, other in combinations(flags, 2):
        if one.row == other.row:
            ends = [flag.x + text_width(flag.lines[0][0].text, 6) for flag in (one, other)]
            assert ends[0] <= other.x or ends[1] <= one.x
    assert all(flag.x >= 0 and math.isfinite(flag.x) for flag in flags)


def test_days_are_drawn_where_they_are() -> None:
    """The markers of a series stand apart as its days do."""
    figure = drawn("days")
    values = {text.get_text(): text for text in figure.findobj(Text) if isinstance(text, Text)}
    assert {"1250.4", "316", "120000"} <= values.keys()
    tops = [
        line.get_xdata()[0]
        for line in figure.findobj(Line2D)
        if isinstance(line, Line2D) and line.get_marker() == "s" and line.get_linestyle() == "None"
    ]
    assert len(tops) == len(chart_of(DAYS, course=ZERO).lines[1].points) == 4
    gaps = [later - earlier for earlier, later in pairwise(tops)]
    assert gaps[1] / gaps[0] == pytest.approx(8 / 12)
    assert gaps[2] / gaps[0] == pytest.approx(45 / 12)


def test_a_first_value_that_is_the_highest_is_written() -> None:
    """Beside the axis, at the top, with the line falling from it, and the pole of day 0 through it."""
    case = """\
    marker:
      - {value: 1271.4, when: day 0}
      - {value: 316, when: day 12}
      - {value: 504.7, when: week 3}
"""
    drawing, height = draw_chart(chart_of(case))
    texts = [text.get_text() for text in drawing.figure(height).findobj(Text) if isinstance(text, Text)]
    assert {"1271.4", "316", "504.7"} <= set(texts)
