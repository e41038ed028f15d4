"""The flow diagram: its boxes are the template's, its texts stay in them, and its bytes are the review's alone."""

from __future__ import annotations

import csv
import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casetable.diagram import Diagram, Frame, Line, Page, Tone, lay_out, spelled
from casetable.edition import Edition
from casetable.render.diagram import _width_of, render_diagram_png, render_diagram_svg
from casetable.render.prisma_csv import render_prisma_csv
from tests.support.diagrams import LONG, diagram_of, large_flow, small_flow
from tests.unit.test_flow import a_review
from tests.unit.test_review import review_of

REASONS = {f"reason-{number}": LONG if number % 3 == 0 else f"reason {number}" for number in range(25)}
HOSTILE = {
    "script": "<script>alert('x')</script> & \"quotes\" ]]> $x^2$ \\n",
    "chinese": "未使用的药物",
    "word": "x" * 5_000,
    "steering": "line\nbreak\u202e\x00\x1b[31m turned",
    "arabic": "سبب",
    "no-characters": "\ufffe\uffff\ud800",
    "emoji": "\U0001f600",
    "numbers": "(n = 9)",
}
SVG = "{http://www.w3.org/2000/svg}"


def told(diagram: Diagram) -> dict[str, list[str]]:
    return {box.name: [line.text for line in box.lines] for box in diagram.boxes}


def texts(svg: bytes) -> str:
    return " ".join("".join(each.itertext()) for each in ET.fromstring(svg).iter(f"{SVG}text"))


def test_the_boxes_of_a_new_review() -> None:
    edition = Edition(a_review())
    boxes = told(edition.diagram)
    assert list(boxes) == [
        "remarks",
        "main_head",
        "other_head",
        "identified",
        "removed",
        "other_identified",
        "other_removed",
        "screened",
        "records_excluded",
        "sought",
        "not_retrieved",
        "other_sought",
        "other_not_retrieved",
        "assessed",
        "excluded",
        "other_assessed",
        "other_excluded",
        "new",
        "described",
        "not_eligible",
        "eligible",
        "same_patients",
        "patients",
    ]
    assert boxes["main_head"] == ["Identification of studies via databases and registers"]
    assert boxes["other_head"] == ["Identification of studies via other methods"]
    assert boxes["identified"] == [
        "Records identified from:",
        "Databases (n = 6)",
        "PubMed (n = 6)",
        "Registers (n = 1)",
        "An invented register (n = 1)",
    ]
    assert boxes["removed"] == [
        "Records removed before screening:",
        "Duplicate records removed (n = 1)",
        "Records marked as ineligible by automation tools (n = 0)",
        "Records removed for other reasons (n = 0)",
    ]
    assert boxes["screened"] == ["Records screened (n = 6)", "of these, awaiting screening (n = 1)"]
    assert boxes["records_excluded"] == ["Records excluded (n = 1)"]
    assert boxes["sought"] == ["Reports sought for retrieval (n = 4)"]
    assert boxes["not_retrieved"] == [
        "Reports not retrieved (n = 2)",
        "of these, awaiting retrieval or extraction (n = 1)",
    ]
    assert boxes["assessed"] == ["Reports assessed for eligibility (n = 2)"]
    assert boxes["excluded"] == ["Reports excluded (n = 1):", "no case (n = 1)"]
    assert boxes["other_identified"] == [
        "Records identified from:",
        "Websites (n = 0)",
        "Organisations (n = 0)",
        "Citation searching (n = 2)",
        "Own report (n = 1)",
    ]
    assert boxes["other_removed"] == [
        "Records not sought:",
        "Duplicate records, also of databases and registers (n = 1)",
    ]
    assert boxes["other_sought"] == ["Reports sought for retrieval (n = 2)"]
    assert boxes["other_not_retrieved"] == ["Reports not retrieved (n = 0)"]
    assert boxes["other_assessed"] == ["Reports assessed for eligibility (n = 2)"]
    assert boxes["other_excluded"] == ["Reports excluded (n = 1):", "another drug (n = 1)"]
    assert boxes["new"] == ["Studies included in review (n = 2)", "Reports of included studies (n = 2)"]
    assert boxes["described"][:3] == [
        "Reports with cases extracted (n = 3)",
        "of these, not retrieved (n = 1)",
        "Cases described in them (n = 3)",
    ]
    assert boxes["not_eligible"] == [
        "Cases not eligible (n = 1):",
        "no case (n = 1)",
        "Cases not extracted (n = -1)",
        "Does not add up",
    ]
    assert boxes["eligible"] == ["Eligible cases, in the table (n = 3)", "of these, of reports not retrieved (n = 1)"]
    assert boxes["same_patients"] == ["Same patient as another case (n = 0)"]
    assert boxes["patients"] == ["Unique patients (n = 3)"]
    assert boxes["remarks"] == [
        "This diagram does not add up:",
        "cases not extracted: -1, less than none",
        "Provisional: 1 record awaits screening; 1 report awaits retrieval or extraction.",
    ]
    assert [box.name for box in edition.diagram.boxes if box.is_faulty] == ["not_eligible"]


def test_an_update_has_the_previous_version_and_the_totals() -> None:
    diagram = diagram_of(large_flow(REASONS), reasons=REASONS, of="Doe A.  An invented\nreview")
    boxes = told(diagram)
    assert boxes["previous_head"] == ["Previous studies"]
    assert boxes["previous"] == [
        "Studies included in previous version of review (n = 1,234,567)",
        "Reports of studies included in previous version of review (n = 1,234,569)",
        "Cases (n = 5,000,000)",
        "Patients (n = 4,000,000)",
        "(Doe A. An invented review)",
    ]
    assert boxes["main_head"] == ["Identification of new studies via databases and registers"]
    assert boxes["new"][:2] == ["New studies included in review (n = 100)", "Reports of new included studies (n = 100)"]
    assert boxes["total"] == [
        "Total studies included in review (n = 1,234,667)",
        "Reports of total included studies (n = 1,234,669)",
        "Cases (n = 5,000,499)",
        "Patients (n = 4,000,490)",
    ]
    assert {("previous", "total"), ("patients", "total"), ("other_assessed", "new")} <= set(diagram.arrows)
    assert not any(box.is_faulty for box in diagram.boxes)
    assert boxes["remarks"] == [
        "Provisional: 1 search was never run; 5 records await screening; 2 reports await retrieval or extraction;"
        " 2 included reports await extraction; 1 case awaits a decision on eligibility;"
        " 2 possible overlaps of patients await a ruling."
    ]


@pytest.mark.parametrize("has_other", [True, False])
@pytest.mark.parametrize("is_update", [True, False])
def test_the_data_choose_one_of_the_four_variants(*, is_update: bool, has_other: bool) -> None:
    flow = replace(large_flow(REASONS), is_update=is_update, has_other=has_other)
    names = set(told(diagram_of(flow)))
    assert ("previous" in names, "total" in names) == (is_update, is_update)
    assert ("other_identified" in names, "other_head" in names) == (has_other, has_other)


def test_a_review_of_a_database_alone_whose_work_is_done_says_nothing_beside() -> None:
    flow = small_flow()
    finished = replace(flow, cases={**flow.cases, "undecided_records": 0})
    assert "remarks" in told(diagram_of(flow))
    assert "remarks" not in told(diagram_of(finished))


def test_an_impossible_diagram_says_where_it_does_not_add_up() -> None:
    flow = large_flow(REASONS)
    diagram = diagram_of(replace(flow, prisma={**flow.prisma, "dbr_assessed": 3}))
    boxes = told(diagram)
    assert boxes["remarks"][0] == "This diagram does not add up:"
    assert "30,360 reports sought via databases and registers, but 5,003 not retrieved or assessed" in boxes["remarks"]
    faulty = {box.name for box in diagram.boxes if box.is_faulty}
    assert {"sought", "not_retrieved", "assessed"} <= faulty
    assert not {"screened", "removed", "patients", "other_sought"} & faulty
    assert boxes["assessed"][-1] == "Does not add up"
    assert texts(render_diagram_svg(diagram)).count("Does not add up") == len(faulty)


# --- the page ---------------------------------------------------------------------------------------------------------


def assert_fits(page: Page) -> None:
    """No two boxes touch, every text lies in its box and every box on the page, and no arrow crosses a box."""
    for frame in page.frames:
        assert 0 < frame.x < frame.x + frame.width < page.width
        assert 0 < frame.y < frame.y + frame.height < page.height
        for writing in frame.writings:
            wide = _width_of(writing.text, writing.is_bold) * writing.size
            if writing.is_upright:
                assert frame.y < writing.y - wide / 2 < writing.y + wide / 2 < frame.y + frame.height
                continue
            left = writing.x - wide / 2 if writing.is_centered else writing.x
            assert frame.x < left
            assert left + wide < frame.x + frame.width + 0.01, writing.text
            assert frame.y < writing.y - writing.size * 0.76
            assert writing.y + writing.size * 0.24 < frame.y + frame.height
        for one, other in combinations(frame.writings, 2):
            assert abs(one.y - other.y) >= one.size
    for one, other in combinations(page.frames, 2):
        assert not _meet(one, other), (one, other)
    for arrow in page.arrows:
        for (x0, y0), (x1, y1) in pairwise(arrow):
            assert x0 == x1 or y0 == y1
            for frame in page.frames:
                inside = max(x0, x1) > frame.x + 0.1 and min(x0, x1) < frame.x + frame.width - 0.1
                across = max(y0, y1) > frame.y + 0.1 and min(y0, y1) < frame.y + frame.height - 0.1
                assert not (inside and across), (arrow, frame)


def _meet(one: Frame, other: Frame) -> bool:
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    )


@pytest.mark.parametrize("reasons", [REASONS, HOSTILE, {}], ids=["many", "hostile", "none"])
def test_everything_fits(reasons: Mapping[str, str]) -> None:
    assert_fits(lay_out(diagram_of(large_flow(reasons), reasons=reasons, of="W" * 90), _width_of))


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.from_regex("[a-z]{1,60}", fullmatch=True), st.text(max_size=120), max_size=25),
    st.integers(1, 12),
    st.booleans(),
    st.booleans(),
    st.sampled_from([1, 10**6]),
)
def test_everything_fits_whatever_is_said(
    reasons: dict[str, str], sources: int, is_update: bool, has_other: bool, factor: int
) -> None:
    flow = large_flow(reasons, sources)
    flow = replace(
        flow,
        is_update=is_update,
        has_other=has_other,
        prisma={key: number * factor for key, number in flow.prisma.items()},
    )
    diagram = diagram_of(flow, reasons=reasons, of="".join(reasons.values()))
    assert_fits(lay_out(diagram, _width_of))
    ET.fromstring(render_diagram_svg(diagram))


# --- the files --------------------------------------------------------------------------------------------------------


def test_the_svg_is_text_escaped_and_told_to_readers_of_screens() -> None:
    diagram = diagram_of(large_flow(HOSTILE), reasons=HOSTILE, of="<b>bold</b>")
    svg = render_diagram_svg(diagram)
    root = ET.fromstring(svg)
    assert (root.get("role"), root.get("lang")) == ("img", "en")
    title, description = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None
    assert description is not None
    assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
    assert title.text == "Flow diagram: An invented review"
    assert "Records screened (n = 999,976); of these, awaiting screening (n = 3)." in (description.text or "")
    # Column by column: what follows a heading is under it, and the same words do not stand side by side.
    heads = [
        "Provisional: ",
        "Previous studies.",
        "via databases and registers.",
        "via other methods.",
        "New studies included",
    ]
    places = [(description.text or "").index(head) for head in heads]
    assert places == sorted(places)
    assert "Records identified from: Databases (n = 1,234,560); " in (description.text or "")
    assert not re.search(r"\.\.|:;", description.text or "")
    assert {each.tag for each in root.iter()} == {
        f"{SVG}{name}" for name in ("svg", "title", "desc", "rect", "g", "text", "polyline", "polygon")
    }
    told = texts(svg)
    for word in ("<script>alert('x')</script>", "$x^2$", "未使用的药物", "سبب", "<b>bold</b>", "\U0001f600"):
        assert word in told
    assert "\\u202e\\x00\\x1b[31m" in told
    assert b"<script" not in svg
    assert re.search(rb"(?i)href|style=|url\(|on\w+=|@import", svg.replace(HOSTILE["script"].encode(), b"")) is None


def test_the_png_has_300_dots_an_inch_and_says_in_its_own_font_what_that_can_write() -> None:
    diagram = diagram_of(large_flow(HOSTILE, 1), reasons=HOSTILE)
    png = render_diagram_png(diagram)
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    wide, high = int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")
    assert max(wide, high) <= 8000
    page = lay_out(diagram, _width_of)
    assert abs(wide - page.width * 300 / 72) <= 1
    assert b"Software" not in png
    assert b"Date" not in png


def test_what_a_font_cannot_write_is_spelled_otherwise() -> None:
    diagram = diagram_of(large_flow(HOSTILE), reasons=HOSTILE, of="中文")
    lines = [line.text for box in spelled(diagram, lambda c: ord(c) < 0x3000).boxes for line in box.lines]
    assert "chinese (n = 1,001)" in lines
    assert "emoji (n = 1,006)" in lines
    assert "(previous version)" in lines
    bare = replace(diagram, boxes=(replace(diagram.boxes[0], lines=(Line(text="a中b"),)),))
    assert spelled(bare, str.isascii).boxes[0].lines[0].text == "a□b"


@pytest.mark.parametrize("render", [render_diagram_svg, render_diagram_png])
def test_the_bytes_are_the_same_twice_and_do_not_depend_on_matplotlibs_settings(render: object) -> None:
    import matplotlib

    diagram = diagram_of(small_flow())
    assert callable(render)
    once = render(diagram)
    with matplotlib.rc_context({"font.size": 30, "text.antialiased": False, "savefig.dpi": 10, "lines.linewidth": 9}):
        assert render(diagram) == once
        assert matplotlib.rcParams["font.size"] == 30


def test_colors_are_never_all_that_tells_a_fault() -> None:
    flow = large_flow(REASONS)
    diagram = diagram_of(replace(flow, prisma={**flow.prisma, "dbr_assessed": 3}))
    for box in diagram.boxes:
        assert box.is_faulty == (box.lines[-1].text == "Does not add up")
        assert (box.tone is Tone.REMARK) == (box.name == "remarks")


# --- the data file of PRISMA2020 --------------------------------------------------------------------------------------

# The keys by which PRISMA_data() of the package looks for a number or text, as regular expressions on the column `data`.
PATTERNS = [
    "previous_studies",
    "previous_reports",
    "register_results",
    "database_results",
    "database_specific_results",
    "register_specific_results",
    "website_results",
    "organisation_results",
    "citations_results",
    "duplicates",
    "excluded_automatic",
    "excluded_other",
    "records_screened",
    "records_excluded",
    "dbr_sought_reports",
    "dbr_notretrieved_reports",
    "other_sought_reports",
    "other_notretrieved_reports",
    "dbr_assessed",
    "dbr_excluded",
    "other_assessed",
    "other_excluded",
    "new_studies",
    "new_reports",
    "total_studies",
    "total_reports",
    "identification",
    "screening",
    "included",
]


def parsed(reasons: str) -> list[tuple[str, str]]:
    """Reasons and numbers as the package takes them apart: at each ';', and there at the first ','."""
    if re.fullmatch("[0-9,]*", reasons):
        return [("", reasons)]
    return [
        (re.sub(",.*$", "", each), re.sub(r".*?,([ 0-9,]*)|.*()", r"\1", each, count=1).strip())
        for each in re.split("; ?", reasons)
    ]


def rows_of(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode(), newline="")))


def test_the_data_file_is_as_the_package_reads_it() -> None:
    reasons = {"a": "another drug, or none; not said", "b": "=SUM(A1)", "c": ""}
    flow = large_flow(reasons, 2)
    data = render_prisma_csv(review_of(), flow)
    rows = rows_of(data)
    assert list(rows[0]) == ["data", "node", "box", "description", "boxtext", "tooltips", "url", "n"]
    for pattern in PATTERNS:
        found = [row for row in rows if re.search(pattern, row["data"])]
        assert len(found) == 1, pattern
        number = flow.prisma.get(found[0]["data"])
        if number is not None and not pattern.endswith("_excluded"):
            assert found[0]["n"] == str(number)
    for box in ("prevstud", "newstud", "othstud"):
        assert sum(1 for row in rows if box in row["box"]) == 1
    by_key = {row["data"]: row["n"] for row in rows}
    assert by_key["dbr_excluded"] == "a, 1000; b, 1001; c, 1002"
    assert parsed(by_key["database_specific_results"]) == [
        ("Database 0 of invented journals", "617280"),
        ("Database 1 of invented journals", "617280"),
    ]


def test_a_reason_cannot_break_the_data_file() -> None:
    edition = Edition(a_review())
    protocol = edition.review.inputs.protocol
    assert protocol is not None
    meanings = {"other-drug": "=another 'drug', or none; not \\\"said\"", "no-case": "no\ncase"}
    hostile = replace(edition.review.inputs, protocol=replace(protocol, exclusion_reasons=meanings))
    rows = {row["data"]: row["n"] for row in rows_of(render_prisma_csv(type(edition.review)(hostile), edition.flow))}
    assert parsed(rows["other_excluded"]) == [("'=another ’drug’ / or none / not /”said”", "1")]
    assert parsed(rows["dbr_excluded"]) == [("no case", "1")]


def test_what_the_variant_does_not_have_is_na_and_no_reasons_are_0() -> None:
    rows = {row["data"]: row["n"] for row in rows_of(render_prisma_csv(review_of(), small_flow()))}
    absent = ("previous_studies", "previous_reports", "citations_results", "website_results", "organisation_results")
    assert {rows[key] for key in absent} == {"NA"}
    assert {rows[key] for key in ("other_assessed", "other_excluded", "total_studies")} == {"0"}
    assert (rows["dbr_excluded"], rows["register_specific_results"], rows["database_results"]) == ("0", "0", "1")
    assert parsed(rows["dbr_excluded"]) == [("", "0")]


def test_widths_are_measured_from_several_threads_at_once() -> None:
    """A page of the server and a build measure at the same time, with one font."""
    from casetable.render import diagram, drawing

    characters = [chr(code) for code in range(33, 0x24F) if chr(code).isalpha()]

    def measure(_: int) -> list[float]:
        diagram._width_of_character.cache_clear()
        drawing._advance.cache_clear()
        return [
            diagram._width_of_character(each, is_bold=False) + drawing._advance(each, is_bold=False)
            for each in characters
        ]

    expected = measure(0)
    with ThreadPoolExecutor(8) as pool:
        assert all(found == expected for found in pool.map(measure, range(24)))
