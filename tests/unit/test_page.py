"""The HTML page: every value is text, nothing runs or is loaded, and what stands behind a cell is shown."""

from __future__ import annotations

import base64
import datetime as dt
import re
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from importlib import resources

import pytest

from casetable.flow import count_flow
from casetable.model import Signed
from casetable.problems import Place
from casetable.render.page import render_page
from casetable.review import Review
from casetable.table import build_table
from tests.unit.test_review import PROTOCOL, decision, form_of, record, report_of, review_of, search, strategy

FORM = """\
fields:
  n: {label: N, group: G, type: number, unit: year}
  t: {label: T, group: G, type: text}
  d: {label: D, type: courses, drug: x, required: no}
table: {columns: [n, t]}
"""
HOSTILE = "\"><script>alert('x')</script><img src=x onerror=alert(1)>&amp;"
_VOID = {"meta", "br", "img", "link", "input", "hr"}


class Page(HTMLParser):
    """The page as a browser takes it apart: elements with their attributes, and all text."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(data.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        self.text += data + " "

    def with_tag(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def review_with(cases: str, *, text: str = "x", doi: str = "10.1234/x", access: str = "full text") -> Review:
    """A review with a text, hostile perhaps, wherever a person or a source may put one."""
    form = form_of(FORM)
    doe = record("pmid:11", title=text, authors=(text, "Roe B"), journal=text, doi=doi)
    other = record("own:r1", title=text, authors=("Poe C",))
    signed = Signed(by=text, when=dt.date(2026, 1, 2), place=Place(path="q.yaml"), note=text)
    main = replace(strategy("main", text=text), purpose=text, source=text, written=signed, peer_reviewed=signed)
    report = report_of("doe-2020", "pmid:11", form, cases, access)
    return review_of(
        records=[doe, other],
        strategies=[main, strategy("second")],
        searches=[search(main, ["pmid:11", "own:r1"])],
        decisions=[
            decision("pmid:11", "reports", "include"),
            decision("own:r1", "records", "exclude", reason="no-case"),
        ],
        reports=[replace(report, note=text, cases=tuple(replace(case, note=text) for case in report.cases))],
        form=form,
        protocol=replace(PROTOCOL, title=text, question=text, exclusion_reasons={"no-case": text}),
    )


def page_of(review: Review) -> bytes:
    return render_page(review, build_table(review), count_flow(review))


CASES = """\
  - case: 1
    eligible: yes
    n: {value: 18, unit: month, reported: HOSTILE, where: HOSTILE, note: HOSTILE}
    t: HOSTILE
    d: [{dose: 8, unit: mg, where: HOSTILE, note: HOSTILE}]
    questions: [{question: HOSTILE, answer: HOSTILE}, {question: HOSTILE}]
  - {case: 2, eligible: no, reason: no-case}
"""


def hostile_page(doi: str = "10.1234/x") -> bytes:
    cases = CASES.replace("HOSTILE", "'" + HOSTILE.replace("'", "''") + "'")
    return page_of(review_with(cases, text=HOSTILE, doi=doi))


# --- nothing runs -----------------------------------------------------------------------------------------------------


def test_markup_is_text_wherever_it_stands() -> None:
    data = hostile_page()
    page = Page(data)
    assert page.open == []
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "img", "iframe", "object", "embed", "link", "base", "form", "svg"}
    assert page.text.count("<script>alert('x')</script>") >= 16
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    assert b"&lt;script&gt;" in data
    assert b"<script" not in data


@pytest.mark.parametrize(
    "doi",
    [
        "javascript:alert(1)",
        '10.1234/"onclick="alert(1)',
        "10.1234/<script>",
        "10.1234/x y",
        "data:text/html,x",
        "//evil.example",
    ],
)
def test_a_link_leads_to_doi_org_whatever_the_doi(doi: str) -> None:
    page = Page(hostile_page(doi))
    links = [attributes["href"] or "" for attributes in page.with_tag("a")]
    assert links
    for link in links:
        assert link.startswith(("https://doi.org/", "https://pubmed.ncbi.nlm.nih.gov/", "#"))
        assert not set(link) & set("\"'<> ")
    assert not [name for attributes in page.with_tag("a") for name in attributes if name not in {"href", "rel"}]


def test_a_pmid_that_is_none_stays_inside_its_link() -> None:
    review = review_with("  - {case: 1, eligible: yes, n: 3}\n", doi="")
    records = {key: replace(r, pmid=r.pmid and f"{r.pmid}{HOSTILE}") for key, r in review.inputs.records.items()}
    page = Page(page_of(Review(replace(review.inputs, records=records))))
    assert not page.with_tag("script")
    assert not page.with_tag("img")


def test_the_policy_allows_the_one_style_and_nothing_else() -> None:
    data = hostile_page()
    page = Page(data)
    (policy,) = [a["content"] for a in page.with_tag("meta") if a.get("http-equiv") == "Content-Security-Policy"]
    (style,) = re.findall(r"<style>(.*?)</style>", data.decode(), re.DOTALL)
    digest = base64.b64encode(sha256(style.encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'"
    assert style == resources.files("casetable.render").joinpath("page.css").read_text(encoding="utf-8")
    assert not [attributes for _, attributes in page.elements if {"style", "src", "srcset"} & set(attributes)]
    assert "url(" not in style
    assert "@import" not in style


def test_the_page_is_the_same_bytes_twice() -> None:
    assert hostile_page() == hostile_page()


# --- what a reader sees -----------------------------------------------------------------------------------------------


def words(data: bytes) -> str:
    return " ".join(Page(data).text.split())


def test_what_stands_behind_a_cell_is_shown() -> None:
    cases = (
        "  - case: 1\n    eligible: yes\n    note: the first\n"
        "    n: {conflicting: [{value: 4, reported: four years, where: p. 1}, {value: 72, unit: month, where: p. 2}], note: odd}\n"
        "    t: {derived: y, from: the rest}\n    d: [{dose: 8, unit: mg, route: iv, where: p. 3, note: once}]\n"
    )
    data = page_of(review_with(cases))
    text = words(data)
    assert "N (year) 4 / 6 (conflicting) four years p. 1 p. 2 odd" in text
    assert "T y (derived) derived from: the rest" in text
    assert "D 8 mg, iv p. 3 once" in text
    assert "3 of 3 fields have a value; access: full text" in text


def test_what_stands_behind_a_cell_has_a_line_each_in_its_tooltip() -> None:
    cases = (
        "  - case: 1\n    eligible: yes\n"
        "    n: {conflicting: [{value: 4, reported: four years, where: p. 1}, {value: 6, where: p. 2}], note: odd}\n"
    )
    titles = [a["title"] for a in Page(page_of(review_with(cases))).with_tag("span") if a.get("title")]
    assert titles == ["“four years” — p. 1\np. 2\nodd"]


def test_what_could_steer_a_reader_is_made_visible() -> None:
    data = page_of(review_with("  - {case: 1, eligible: yes, n: 3}\n", text="a\u202eb\x1bc\u2066d")).decode()
    assert not set(data) & set("\u202e\x1b\u2066")
    assert "a\\u202eb\\x1bc\\u2066d" in data


def test_a_case_of_one_reason_says_it_once() -> None:
    data = page_of(review_with("  - {case: 1, eligible: yes, otherwise: not accessible}\n", access="none"))
    assert '<td colspan="2"><span class="piece not-accessible">not accessible</span></td>' in data.decode()
    assert "no field has a value; access: none" in words(data)


def test_a_missing_cell_is_shown_as_incomplete() -> None:
    data = page_of(review_with("  - {case: 1, eligible: yes, n: 3}\n"))
    assert '<span class="incomplete">incomplete</span>' in data.decode()


def test_numbers_searches_decisions_and_questions_are_shown() -> None:
    cases = "  - {case: 1, eligible: yes, n: 3, questions: [{question: Is it?, answer: It is.}, {question: Why?}]}\n"
    text = words(page_of(review_with(cases)))
    assert "1 eligible cases 1 included reports 2 reports found 0 not decided on yet" in text
    assert "case 1: Is it? It is." in text
    assert "case 1: Why? open" in text
    assert "main x (database) x Written by x, 2026-01-02: x Peer-reviewed by x, 2026-01-02: x 2026-01-10 2" in text
    assert "second PubMed (database) p never run –" in text
    assert "main included on the report" in text
    assert "main excluded on its record x" in text


def test_a_review_without_cases_says_so() -> None:
    text = words(page_of(review_of(protocol=None)))
    assert "Review of published cases" in text
    assert "No case is in the table yet." in text
