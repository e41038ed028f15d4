"""The report page: every value is text, only our style and script are allowed, and what a reader must see is there."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casetable.edition import Edition
from casetable.render.report import render_report
from casetable.render.report_data import written
from casetable.review import Review
from tests.support.paged import HOSTILE, hostile, sample
from tests.unit.test_review import review_of

_VOID = {"meta", "br", "img", "link", "input", "hr"}
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"


class Page(HTMLParser):
    """The page as a browser takes it apart: elements with their attributes, all text, and what scripts hold."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.scripts: list[str] = []
        self.feed(data.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append("")
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        if self.open[-1:] == ["script"]:
            self.scripts[-1] += data
        elif self.open[-1:] != ["style"]:
            self.text += data + " "

    def with_tag(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def words(edition: Edition) -> str:
    return " ".join(Page(render_report(edition)).text.split())


# --- nothing runs -----------------------------------------------------------------------------------------------------


def test_markup_is_text_wherever_it_stands() -> None:
    data = render_report(hostile(), diagram=SVG, figures={"doe-2020/1": SVG})
    page = Page(data)
    assert page.open == []
    assert len(page.with_tag("script")) == 3
    assert not {tag for tag, _ in page.elements} & {"iframe", "object", "embed", "link", "base", "form"}
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    assert page.text.count("<script>window.__pwned=1;alert('x')</script>") >= 45
    assert data.count(b"<script") == 3
    assert data.count(b"</script>") == 3
    assert data.count(b"<img") == 1, "the diagram; the figure is made by the script"


def test_no_value_ends_the_data_or_is_lost_in_it() -> None:
    page = Page(render_report(hostile()))
    layout, data = page.scripts[0], page.scripts[1]
    assert not set(layout + data) & set("<>&")
    assert HOSTILE in json.loads(data)["strings"]
    assert json.loads(data)["fields"][0][1] == HOSTILE
    assert json.loads(layout)[0]["columns"][2]["words"] == [HOSTILE, "unclear"]


@given(
    st.recursive(
        st.text() | st.integers() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_what_is_written_for_the_script_is_read_back_and_steers_nothing(value: object) -> None:
    text = written(value)
    assert json.loads(text) == value
    assert not re.search("[<>&\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]", text)
    assert text.encode()


def test_half_a_character_does_not_stop_the_page() -> None:
    assert json.loads(written(["\ud800x"])) == ["\ud800x"]
    assert written("\u202e") == '"\\u202e"'


@pytest.mark.parametrize(
    "doi",
    ["javascript:alert(1)", '10.1234/"onclick="alert(1)', "10.1234/<script>", "10.1234/x y", "data:text/html,x", "//evil.example"],
)  # fmt: skip
def test_a_link_leads_to_doi_org_whatever_the_doi(doi: str) -> None:
    page = Page(render_report(hostile(doi), beside=["javascript:x.csv", "a b.csv"]))
    links = [attributes["href"] or "" for attributes in page.with_tag("a")]
    for link in links:
        assert link.startswith(
            ("https://doi.org/", "#", "data:application/json;base64,", "javascript%3Ax.csv", "a%20b.csv")
        )
        assert not set(link) & set("\"'<> ")
    assert any(link.startswith("https://doi.org/") for link in links)
    for report in json.loads(page.scripts[1])["reports"]:
        assert report[3].startswith("https://doi.org/")


def test_a_pmid_that_is_none_stays_inside_its_link() -> None:
    page = Page(render_report(hostile(pmid=f"11{HOSTILE}")))
    links = [attributes["href"] or "" for attributes in page.with_tag("a")]
    assert any(link.startswith("https://pubmed.ncbi.nlm.nih.gov/11%22%3E") for link in links)
    assert not page.with_tag("img")


def test_the_policy_allows_our_style_and_our_script_and_nothing_else() -> None:
    data = render_report(hostile(), diagram=SVG)
    page = Page(data)
    (policy,) = [a["content"] for a in page.with_tag("meta") if a.get("http-equiv") == "Content-Security-Policy"]
    (style,) = re.findall(r"<style>(.*?)</style>", data.decode(), re.DOTALL)
    hashes = [base64.b64encode(sha256(text.encode()).digest()).decode() for text in (style, page.scripts[2])]
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{hashes[0]}'; script-src 'sha256-{hashes[1]}';"
        " img-src data:; base-uri 'none'; form-action 'none'"
    )
    folder = resources.files("casetable.render")
    assert page.scripts[2] == folder.joinpath("report.js").read_text(encoding="utf-8")
    own = [folder.joinpath(name).read_text(encoding="utf-8") for name in ("palette.css", "report.css")]
    assert style.startswith("".join(own))
    assert not [attributes for _, attributes in page.elements if {"style", "srcset"} & set(attributes)]
    assert [attributes["src"] for attributes in page.with_tag("img")] == [
        "data:image/svg+xml;base64," + base64.b64encode(SVG).decode()
    ]
    assert "url(" not in style
    assert "@import" not in style


def test_the_script_makes_no_markup_of_texts_and_keeps_and_asks_nothing() -> None:
    script = resources.files("casetable.render").joinpath("report.js").read_text(encoding="utf-8")
    for word in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval", "Function(", "fetch", "XMLHttp",
                 "Storage", "import(", "cookie"):  # fmt: skip
        assert word not in script


def test_the_page_is_the_same_bytes_twice() -> None:
    assert render_report(hostile()) == render_report(hostile())
    assert render_report(sample()) == render_report(sample())


def test_what_could_steer_a_reader_is_made_visible() -> None:
    edition = sample()
    inputs = edition.review.inputs
    assert inputs.protocol is not None
    protocol = replace(inputs.protocol, title="a\u202eb\x1bc\u2066d")
    data = render_report(Edition(Review(replace(inputs, protocol=protocol)))).decode()
    assert not set(data) & set("\u202e\x1b\u2066")
    assert "a\\u202eb\\x1bc\\u2066d" in data


# --- what a reader sees -----------------------------------------------------------------------------------------------


def test_the_head_says_what_the_review_is_and_is_built_of() -> None:
    text = words(sample())
    assert "An invented review What became of invented patients?" in text
    assert "Built of PubMed (main): searched on 2026-01-10; PubMed (second): not searched yet." in text
    assert "2 reports found 2 included reports 4 eligible cases 4 unique patients" in text
    assert "The check of the review leaves open: 1 error, 1 warning." in text


def test_the_banner_names_retracted_reports() -> None:
    assert "1 included report: retracted (" in words(hostile())


def test_the_tables_are_there_without_the_script() -> None:
    data = render_report(sample()).decode()
    text = words(sample())
    assert "Doe 2020 case a 1.5 female 1200 8 mg/kg, iv, start: day 3 dose not reported, stop: day 40 Zürich" in text
    assert "<td role=cell><button class=conflicting>30 / 31 (conflicting)</button></td>" in data
    assert "<td role=cell><button class=incomplete>incomplete</button></td>" in data
    assert "<td role=cell><button class=not-applicable>not applicable</button></td>" in data
    assert "Sex: male Doe 2020 case b" in text
    assert "Marker: of all that were measured All of this is invented." in text
    assert "CT computed tomography" in text
    assert "not applicable cannot be said of this patient" in text
    assert "Doe 2020, case c: no case" in text


def test_every_field_is_told_in_numbers_with_its_denominators() -> None:
    text = words(sample())
    assert "Age (year) 2/4 median 5.25 [1.5–9] conflicting 1 not accessible 1" in text
    assert "Sex 3/4 female 2/3 (67%) male 1/3 (33%) not accessible 1" in text
    assert "City 2/4 not accessible 1 incomplete 1" in text
    assert "Marker (ng/ml) 2/4 first of each case: 900, of 1 number not reported 1 not accessible 1" in text
    bars = [(a["class"], a["x"], a["width"]) for a in Page(render_report(sample())).with_tag("rect")][:3]
    assert bars == [("known", "0", "2"), ("conflicting", "2", "1"), ("not-accessible", "3", "1")]


def test_reports_questions_searches_and_decisions_are_shown() -> None:
    text = words(sample())
    assert (
        "Doe A. An invented report, pmid:11. 2020. 10.1234/doe 2 eligible cases; access: full text; extracted by A on 2026-01-15"
        in text
    )
    assert "Doe 2020, case b: Is it? It is." in text
    assert "Doe 2020, case b: Why? open" in text
    assert "main PubMed (database): 2 hits on 2026-01-10. p drug AND x" in text
    assert "Since the search of 2025-06-01: 1 came, 1 went came Roe 2022 . An invented report, pmid:12" in text
    assert "went Poe 2020 . An invented report, pmid:13 unexplained: nothing that is recorded tells why" in text
    assert "second PubMed (database): never run" in text
    assert "Poe 2020 . An invented report, pmid:13 no longer found excluded on its record no case" in text


def test_open_problems_are_told_by_rule_the_gravest_first_and_the_accepted_with_their_reason() -> None:
    text = words(sample())
    assert text.index("error S101 1 curated/screening.yaml nobody decided") < text.index("warning E202 1")
    assert "curated/reports/doe-2020.yaml:4 questions: case b: open question: 'Why?'" in text
    assert (
        "1 accepted problem curated/screening.yaml S101 nobody decided accepted by A. Curator on 2026-01-01: it is known"
        in text
    )


def test_a_review_without_cases_says_so() -> None:
    text = words(Edition(review_of(protocol=None)))
    assert "Review of published cases" in text
    assert "No case is in the table yet." in text
    assert "There is no strategy yet." in text
    assert "No report is included yet." in text
    assert "The check of the review finds none, as of the day of the last search." in text
