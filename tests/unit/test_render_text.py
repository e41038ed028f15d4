"""The table as Markdown and CSV, the flow as JSON: harmless to spreadsheets and renderers, and the same bytes twice."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pytest

from casetable.edition import Edition
from casetable.flow import count_flow
from casetable.manuscript import head
from casetable.model import Form, Record
from casetable.render import outputs
from casetable.render.text import render_cells, render_flow, render_markdown, render_table
from casetable.review import Review
from casetable.table import CELL_COLUMNS, build_table
from tests.unit.test_review import PROTOCOL, decision, form_of, record, report_of, review_of, search, strategy

FORM = """\
fields:
  n: {label: "N|m", type: number, unit: year}
  t: {label: T, type: text}
  s: {label: S, type: text, series: yes, required: no}
table: {columns: [n, t]}
"""


def review_with(
    cases: str, *, title: str = "An invented review", facts: Record | None = None, form: Form | None = None
) -> Review:
    form = form or form_of(FORM)
    return review_of(
        records=[facts or record("pmid:11", authors=("Doe A",), journal="J Invent", doi="10.1234/x")],
        strategies=[strategy("main")],
        searches=[search("main", ["pmid:11"])],
        decisions=[decision("pmid:11", "reports", "include")],
        reports=[report_of("doe-2020", "pmid:11", form, cases)],
        form=form,
        protocol=replace(PROTOCOL, title=title),
    )


def case(n: str = "3", t: str = "x") -> str:
    return f"  - case: 1\n    eligible: yes\n    n: {n}\n    t: {t}\n"


def rows(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode())))


def table_rows(t: str, n: str = "3") -> list[list[str]]:
    return rows(render_table(build_table(review_with(case(n, t)))))


# --- CSV --------------------------------------------------------------------------------------------------------------


def test_the_table_has_a_row_a_case() -> None:
    assert table_rows("x") == [["report", "case", "n", "t"], ["doe-2020", "1", "3", "x"]]


@pytest.mark.parametrize(
    "text",
    ["=1+1", "=HYPERLINK(\"https://a.example\",\"x\")", "+1+1", "-1+1", "-a", "- a", "@SUM(A1)", "=", "-5 to -3", "+", "=cmd|' /C x'!A0", "'=1"],
)  # fmt: skip
def test_a_text_that_a_spreadsheet_would_run_is_made_harmless(text: str) -> None:
    quoted = "'" + text.replace("'", "''") + "'"
    assert table_rows(quoted)[1][3] == "'" + text


@pytest.mark.parametrize("text", ["-5", "+5", "-0.5", "a=b", "a-b", "'a", 'x, "y"', "µ; ≤3", "1-2", "<5"])
def test_numbers_and_other_texts_stay(text: str) -> None:
    quoted = "'" + text.replace("'", "''") + "'"
    assert table_rows(quoted)[1][3] == text


@pytest.mark.parametrize(("typed", "shown"), [("-5", "-5"), ("-5–-3", "'-5–-3"), ("<5", "<5"), ("-0.5", "-0.5")])
def test_a_negative_number_stays_and_a_range_of_them_is_text(typed: str, shown: str) -> None:
    assert table_rows("x", n=typed)[1][2] == shown


def test_the_long_form_is_made_harmless_in_every_column() -> None:
    cells = "  - case: 1\n    eligible: yes\n    n: {value: 3, reported: =1, where: '@p. 1'}\n    t: +x\n    s: [{value: -y, when: =z}]\n"
    head_row, *found = rows(render_cells(build_table(review_with(cells))))
    assert tuple(head_row) == CELL_COLUMNS
    assert found == [
        ["doe-2020", "1", "n", "", "3", "year", "reported", "'=1", "'@p. 1"],
        ["doe-2020", "1", "t", "", "'+x", "", "reported", "", ""],
        ["doe-2020", "1", "s", "'=z", "'-y", "", "reported", "", ""],
    ]


def test_lines_end_with_a_line_feed_and_hold_no_break() -> None:
    data = render_table(build_table(review_with(case(t='"a\\nb\\rc"'))))
    assert data.count(b"\n") == 2
    assert b"\r" not in data
    assert data.endswith(b"a b c\n")


# --- Markdown ---------------------------------------------------------------------------------------------------------


def markdown(review: Review) -> list[str]:
    edition = Edition(review)
    return render_markdown(review, edition.table, edition.printed[0]).decode().splitlines()


def test_the_table_in_markdown() -> None:
    lines = markdown(review_with(case("{derived: 3, from: y}", "not reported")))
    assert lines == [
        "# An invented review",
        "",
        "What became of invented patients?",
        "",
        "| Report | Case | N\\|m (year) | T |",
        "| --- | --- | --- | --- |",
        "| [Doe 2020](https://doi.org/10.1234/x) | 1 | 3 (derived) | not reported |",
        "",
        "- *derived*: follows from what the report gives, and is not said there.",
        "- *not reported*: the report was read and does not say it.",
        "",
        "## Reports",
        "",
        "- Doe A. An invented report, pmid:11. J Invent. 2020. <https://doi.org/10.1234/x> Access: full text.",
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a | b", "a \\| b"),
        ("<script>", "\\<script\\>"),
        ("[a](javascript:b)", "\\[a\\](javascript:b)"),
        ("*a* _b_ `c` ~d~", "\\*a\\* \\_b\\_ \\`c\\` \\~d\\~"),
        ("a\\|b", "a\\\\\\|b"),
        ("# a", "\\# a"),
        ("$x$", "\\$x\\$"),
    ],
)
def test_markup_in_a_value_is_text(text: str, shown: str) -> None:
    line = next(line for line in markdown(review_with(case(t=f"'{text}'"))) if line.startswith("| [Doe"))
    assert line.endswith(f"| 3 | {shown} |")


def test_markup_in_titles_and_names_is_text() -> None:
    facts = record("pmid:11", title="A <b>case</b> | x", authors=("[Doe](x) A",), journal="J `Invent`")
    lines = markdown(review_with(case(), title="A | <i>review</i>", facts=facts))
    assert lines[0] == "# A \\| \\<i\\>review\\</i\\>"
    assert "| [\\[Doe\\](x) 2020](https://pubmed.ncbi.nlm.nih.gov/11/) | 1 | 3 | x |" in lines
    assert lines[-1].startswith("- \\[Doe\\](x) A. A \\<b\\>case\\</b\\> \\| x. J \\`Invent\\`. 2020. <https://pubmed")


@pytest.mark.parametrize("doi", ["10.1234/a|b", "10.1234/a<b>", "10.1234/a[b]", "10.1234/a`b", '10.1234/a"b'])
def test_a_doi_cannot_leave_its_link(doi: str) -> None:
    line = next(
        line
        for line in markdown(review_with(case(), facts=record("pmid:11", authors=("Doe A",), doi=doi)))
        if "| 3 |" in line
    )
    address = line.removeprefix("| [Doe 2020](https://doi.org/10.1234/a").partition(")")[0]
    assert not set(address) & set("|<>[]`\"' ")
    assert line.endswith(") | 1 | 3 | x |")


def test_a_doi_with_a_bracket_that_is_not_opened_cannot_leave_its_link() -> None:
    facts = record("pmid:11", authors=("Doe A",), doi="10.1234/a)b")
    assert "| [Doe 2020](https://doi.org/10.1234/a)b)" not in "\n".join(markdown(review_with(case(), facts=facts)))


def test_a_pmid_that_is_none_cannot_leave_its_link() -> None:
    facts = replace(record("pmid:11", authors=("Doe A",)), pmid="11) <script>alert(1)</script>")
    assert "<script>" not in "\n".join(markdown(review_with(case(), facts=facts)))


def test_cases_that_are_not_eligible_are_named_with_their_reason() -> None:
    cases = (
        case()
        + "  - {case: 2, eligible: no, reason: other-drug, note: 'a | b'}\n  - {case: 3, eligible: no, reason: x}\n"
    )
    lines = markdown(review_with(cases))
    start = lines.index("## Cases of these reports that are not eligible")
    assert lines[start + 2 : start + 4] == ["- Doe 2020, case 2: another drug (a \\| b)", "- Doe 2020, case 3: x"]


def test_a_title_groups_notes_and_abbreviations_stand_around_the_table() -> None:
    form = form_of(
        "fields:\n  n: {label: N, type: number, unit: year}\n  t: {label: T, type: text}\nabbreviations: {ILD: 'lung | disease', XYZ: never met}\n"
        "table: {columns: [n, {field: t, note: 'as | told'}], title: 'All *cases*', group_by: t, notes: [invented <all>]}\n"
    )
    cases = case("{derived: 3, from: y}", "b") + case("4", "a ILD").replace("case: 1", "case: 2")
    lines = markdown(review_with(cases, form=form))
    assert lines[4:14] == [
        "**Table 1.** All \\*cases\\*",
        "",
        "| Report | Case | N (year) | T<sup>a</sup> |",
        "| --- | --- | --- | --- |",
        "| **a ILD** |  |  |  |",
        "| [Doe 2020](https://doi.org/10.1234/x) | 2 | 4 | a ILD |",
        "| **b** |  |  |  |",
        "| [Doe 2020](https://doi.org/10.1234/x) | 1 | 3 (derived) | b |",
        "",
        "- *derived*: follows from what the report gives, and is not said there.",
    ]
    assert lines[14:18] == [
        "- <sup>a</sup> As \\| told.",
        "- invented \\<all\\>",
        "- ILD: lung \\| disease.",
        "",
    ]


def test_what_a_part_of_a_course_is_known_by_is_explained() -> None:
    form = form_of("fields:\n  d: {label: D, type: courses, drug: drug D}\ntable: {columns: [d]}\n")
    cases = "  - case: 1\n    eligible: yes\n    d: [{dose: 3, unit: mg, stop: {derived: day 9, from: x}}]\n"
    lines = markdown(review_with(cases, form=form))
    assert "| [Doe 2020](https://doi.org/10.1234/x) | 1 | 3 mg, stop: day 9 (derived) |" in lines
    assert "- *derived*: follows from what the report gives, and is not said there." in lines


def test_a_report_without_an_extraction_says_so() -> None:
    review = review_of(
        records=[record("own:r1", authors=("Doe A",))],
        strategies=[strategy("main")],
        searches=[search("main", ["own:r1"])],
        decisions=[decision("own:r1", "records", "include")],
        form=form_of(FORM),
    )
    assert markdown(review)[-1] == "- Doe A. An invented report, own:r1. 2020. Access: not extracted yet."


def test_a_head_has_the_unit_of_its_field() -> None:
    form = form_of(FORM)
    assert [head(column, form) for column in form.columns] == ["N|m (year)", "T"]
    assert [head(column, None) for column in form.columns] == ["N|m", "T"]


# --- flow, and all files ----------------------------------------------------------------------------------------------


def test_the_flow_is_json_with_a_line_a_box() -> None:
    flow = count_flow(review_with(case()))
    value = json.loads(render_flow(flow))
    assert list(value) == ["schema", "prisma", "specific", "reasons", "cases", "case_reasons", "imbalances"]
    assert value["prisma"] == dict(flow.prisma)
    assert value["specific"]["database_specific_results"] == {"PubMed": 1}
    assert b'\n    "records_screened": 1,\n' in render_flow(flow)


def test_a_build_gives_the_same_bytes_twice() -> None:
    built = []
    for _ in range(2):
        review = review_with(case("{conflicting: [3, 4]}", "'=x'"))
        built.append({name: render() for name, render in outputs(Edition(review)).items()})
    assert built[0] == built[1]
    texts = {name: data for name, data in built[0].items() if name.endswith((".md", ".csv", ".json", ".html", ".svg"))}
    assert {
        "cells.csv",
        "prisma.json",
        "prisma.csv",
        "prisma.svg",
        "table.csv",
        "table.md",
        "references/all.json",
    } <= texts.keys()
    for data in texts.values():
        assert data.endswith(b"\n")
        assert b"\r" not in data
        assert data.decode("utf-8")


def test_an_empty_review_is_rendered() -> None:
    review = review_of(protocol=None)
    files = {name: render() for name, render in outputs(Edition(review)).items()}
    assert files["table.csv"] == b"report,case\n"
    assert files["table.md"].startswith(b"# Review\n")
