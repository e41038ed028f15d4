"""The hand-written files of a review: what is read of each, and the faults that only its reader can see."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from casetable.curation.files import (
    read_acknowledgments,
    read_decisions,
    read_protocol,
    read_report,
    read_rulings,
    read_strategy,
)
from casetable.curation.forms import read_form
from casetable.model import Access, FieldType, Method, Number, Paper, Stage, Take, Verdict

# --- protocol, decisions, rulings -------------------------------------------------------------------------------------


def test_a_protocol_is_read_and_blanks_are_left_to_the_rules() -> None:
    protocol, problems = read_protocol(
        "review.yaml",
        b"schema: 1\ntitle: An invented review\nquestion:\neligibility:\n  include: [x]\n"
        b"exclusion_reasons: {no: No}\nindex_report: PMID:11\n",
    )
    assert problems == ()
    assert protocol is not None
    assert (protocol.title, protocol.question, protocol.include, protocol.exclude) == (
        "An invented review",
        "",
        ("x",),
        (),
    )
    assert protocol.exclusion_reasons == {"no": "No"}
    assert (protocol.index_report, protocol.max_search_age_days) == ("pmid:11", 180)
    assert str(protocol.places["index_report"]) == "review.yaml:7:15"
    assert str(protocol.places["question"]).startswith("review.yaml:3:")


@pytest.mark.parametrize("days", ["0", "-1", "1.5", "100000", "half a year"])
def test_an_age_of_searches_is_a_number_of_days(days: str) -> None:
    protocol, (problem,) = read_protocol("review.yaml", f"schema: 1\nmax_search_age_days: {days}\n".encode())
    assert protocol is None
    assert str(problem) == f"review.yaml:2:22: F203 max_search_age_days: '{days}' is not a number of days"


def test_decisions_are_read_in_the_order_of_the_file() -> None:
    decisions, problems = read_decisions(
        "s.yaml",
        b"schema: 1\ndecisions:\n"
        b"  - {record: own:r1, stage: reports, decision: include, by: B, when: 2026-01-16, note: 'a  b'}\n"
        b"  - {record: pmid:11, stage: records, decision: exclude, reason: x, by: A, when: 2026-01-15}\n",
    )
    assert problems == ()
    assert [(d.key, d.stage, d.verdict, d.reason, d.by, d.when, d.note, d.place.line) for d in decisions] == [
        ("own:r1", Stage.REPORTS, Verdict.INCLUDE, "", "B", dt.date(2026, 1, 16), "a  b", 3),
        ("pmid:11", Stage.RECORDS, Verdict.EXCLUDE, "x", "A", dt.date(2026, 1, 15), "", 4),
    ]


def test_rulings_are_read_same_first_and_each_key_once() -> None:
    rulings, problems = read_rulings(
        "d.yaml",
        b"schema: 1\ndifferent:\n  - {records: [a:1, a:2], by: A, when: 2026-01-15}\n"
        b"same:\n  - {records: [pmid:1, PMID:1, 'DOI:10.1234/X'], by: B, when: 2026-01-16, note: n}\n",
    )
    assert problems == ()
    assert [(r.is_same, r.keys, r.by, r.note, r.place.line) for r in rulings] == [
        (True, ("pmid:1", "doi:10.1234/x"), "B", "n", 5),
        (False, ("a:1", "a:2"), "A", "", 3),
    ]


def test_a_ruling_on_one_record_is_told() -> None:
    rulings, (problem,) = read_rulings("d.yaml", b"schema: 1\nsame:\n  - {records: [a:1], by: A, when: 2026-01-15}\n")
    assert rulings == ()
    assert problem.code == "F203"
    assert problem.message.endswith("is not a list of at least two record keys")


# --- strategies -------------------------------------------------------------------------------------------------------


def strategy_faults(text: str) -> list[str]:
    strategy, problems = read_strategy("queries/q.yaml", "q", text.encode())
    assert (strategy is None) == bool(problems)
    return [str(problem) for problem in problems]


def test_a_database_strategy_is_read() -> None:
    strategy, problems = read_strategy(
        "queries/q.yaml",
        "q",
        b"schema: 1\nsource: PubMed\npurpose: p\nstrategy: |\n  a AND\n    b\npublished: {since: 2015, until: 2024-05-31}\n"
        b"must_find: [pmid:11, 'doi:10.1234/X']\n",
    )
    assert problems == ()
    assert strategy is not None
    assert (strategy.method, strategy.text, strategy.records) == (Method.DATABASE, "a AND\nb", ())
    assert [str(strategy.place_of(at)) for at in (0, 2, 6)] == [f"queries/q.yaml:{at}" for at in ("5:3", "5:5", "6:5")]
    assert (strategy.published_from, strategy.published_to) == ("2015", "2024-05-31")
    assert [(known.key, str(known.place)) for known in strategy.must_find] == [
        ("pmid:11", "queries/q.yaml:8:13"),
        ("doi:10.1234/x", "queries/q.yaml:8:22"),
    ]


def test_a_list_of_records_is_read() -> None:
    strategy, problems = read_strategy(
        "queries/q.yaml",
        "q",
        b"schema: 1\nmethod: citation search\nsource: reference lists\npurpose: p\nrecords:\n"
        b"  - {title: '  An invented   case ', id: r1, authors: [Doe A], authors_truncated: yes, year: 2020, pages: 1-2}\n"
        b"  - {title: B, doi: 'https://doi.org/10.1234/B'}\n"
        b"  - {title: C, pmid: 12, doi: 10.1234/c, pmcid: PMC12}\n",
    )
    assert problems == ()
    assert strategy is not None
    assert [record.key for record in strategy.records] == ["q:r1", "doi:10.1234/b", "pmid:12"]
    one = strategy.records[0]
    assert (one.title, one.authors, one.authors_truncated, one.year, one.pages, one.origin) == (
        "An invented case",
        ("Doe A",),
        True,
        "2020",
        "1-2",
        "list:q",
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "schema: 1\nsource: PubMed\npurpose: p\n",
            ["1:1: P102 strategy: a database search has no query text; expected it behind 'strategy:'"],
        ),
        (
            "schema: 1\nsource: Pubmed\npurpose: p\nstrategy: s\n",
            [
                "2:9: P102 source: 'Pubmed' is no source that is known here; expected PubMed, or one whose exports are"
                " imported; did you mean 'PubMed'?"
            ],
        ),
        (
            "schema: 1\nmethod: website\nsource: x\npurpose: p\n",
            ["1:1: P102 records: a website lists no records; expected 'records'"],
        ),
        (
            "schema: 1\nsource: Embase\npurpose: p\nstrategy: s\nrecords: []\n",
            ["4:11: P102 strategy: a database with records has no query text; expected 'records' alone"],
        ),
        (
            "schema: 1\nsource: Embase\npurpose: p\nrecords:\n  - {title: A}\n  - {title: B, id: r1}\n  - {title: C, id: r1}\n",
            [
                "5:5: P103 records: 'A' has no key; expected pmid, doi or id",
                "7:5: P103 records: q:r1 is listed already, in line 6; expected each record once",
            ],
        ),
        (
            "schema: 1\nmethod: citaton search\nsource: x\npurpose: p\n",
            [
                "2:9: F203 method: 'citaton search' is not database, register, citation search, website, organisation"
                " or own report; did you mean 'citation search'?"
            ],
        ),
        (
            "schema: 1\nsource: x\npurpose: p\nrecords:\n  - {title: A, pmid: 1x, year: 20, doi: 11.1/x, pmcid: 7}\n",
            [
                "5:22: F203 pmid: '1x' is not a PMID: digits only",
                "5:56: F203 pmcid: '7' is not a PMCID as PMC11631605",
                "5:32: F203 year: '20' is not a year as 2024",
                "5:41: F203 doi: '11.1/x' is not a DOI as 10.3389/fped.2024.1497168",
            ],
        ),
        (
            "schema: 1\nsource: PubMed\npurpose: p\nstrategy: s\nrecords: x\n",
            ["5:10: F203 records: 'x' is not a list of records, each with title and id"],
        ),
    ],
)
def test_a_faulty_strategy_is_told(text: str, told: list[str]) -> None:
    assert sorted(strategy_faults(text)) == sorted(f"queries/q.yaml:{each}" for each in told)


# --- the form ---------------------------------------------------------------------------------------------------------

FORM = """\
schema: 1
fields:
  age:
    label: Age
    type: number
    unit: year
    range: 0 to 120
  sex:
    label: Sex
    type: choice
    choices:
      female: [girl]
      male:
  marker:
    label: Marker
    type: number
    series: yes
  drug_x:
    label: Drug X
    type: courses
    drug: drug X
    parts: [dose]
    required: no
table:
  columns:
    - age
    - {field: marker, name: peak, label: Peak, take: highest}
    - {field: drug_x, name: dose, part: dose, take: first}
"""


def form_faults(old: str, new: str) -> list[str]:
    assert old in FORM
    form, problems = read_form("form.yaml", FORM.replace(old, new).encode())
    assert (form is None) == bool(problems)
    return [str(problem) for problem in problems]


def test_a_form_is_read() -> None:
    form, problems = read_form("form.yaml", FORM.encode())
    assert problems == ()
    assert form is not None
    assert list(form.fields) == ["age", "sex", "marker", "drug_x"]
    age, sex, marker, drug = form.fields.values()
    assert (age.type, age.unit, age.low, age.high, age.required) == (
        FieldType.NUMBER,
        "year",
        Decimal(0),
        Decimal(120),
        True,
    )
    assert str(age.place) == "form.yaml:3:3"
    assert sex.choices == {"female": ("girl",), "male": ()}
    assert marker.series
    assert (drug.drug, drug.parts, drug.required) == ("drug X", ("dose",), False)
    assert [(column.name, column.label, column.field, column.take, column.part) for column in form.columns] == [
        ("age", "Age", "age", Take.ALL, ""),
        ("peak", "Peak", "marker", Take.HIGHEST, ""),
        ("dose", "Drug X", "drug_x", Take.FIRST, "dose"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("unit: year", "unit: yeer", "6:11: P101 age: 'yeer' is not a unit; expected one as ng/ml, month or mg/kg"),
        ("0 to 120", "120 to 0", "7:12: P101 age: '120 to 0' is not a range as '0 to 120'"),
        ("0 to 120", "<120", "7:12: P101 age: '<120' is not a range as '0 to 120'"),
        ("0 to 120", "5", "7:12: P101 age: '5' is not a range as '0 to 120'"),
        ("0 to 120", "x", "7:12: P101 age: 'x' is not a range as '0 to 120'"),
        (
            "type: choice\n    choices:\n      female: [girl]\n      male:",
            "type: choice",
            "9:5: P101 sex: a choice field lists no choices; expected 'choices', each with its printed forms",
        ),
        ("type: choice\n", "type: text\n", "12:7: P101 sex: a text field has no choices; expected type choice or choices"),
        ("      male:", "      male: [Girl]", "12:7: P101 sex: 'girl' is a printed form of both 'female' and 'male'"),
        ("type: number\n    unit", "type: text\n    unit", "6:11: P101 age: a text field has no unit or range; expected type number"),
        ("0 to 120\n", "0 to 120\n    drug: x\n", "8:11: P101 age: a number field has no drug or parts; expected type courses"),
        ("    required: no", "    series: yes", "23:13: P101 drug_x: courses are repeated by themselves; expected no 'series'"),
        ("    - age\n", "    - agee\n", "26:7: P101 agee: the form has no field 'agee'; did you mean 'age'?"),
        ("    - age\n", "    - age\n    - age\n", "27:7: P101 age: the table has a column 'age' already; expected another 'name'"),
        (
            "    - age\n",
            "    - {field: age, name: case}\n",
            "26:7: P101 case: the table has a column 'case' already; expected another 'name'",
        ),
        ("    - age\n", "    - {field: age, take: last}\n", "26:7: P101 age: age is not repeated; expected no 'take'"),
        ("    - age\n", "    - {field: age, part: dose}\n", "26:7: P101 age: age has no courses; expected no 'part'"),
        (
            "take: first",
            "take: lowest",
            "28:7: P101 dose: drug_x has no numbers to compare; expected take first or last",
        ),
        ("type: courses", "type: course", "20:11: F203 type: 'course' is not number, text, choice, choices or courses; did you mean 'courses'?"),
        ("[dose]", "[dosage]", "22:13: F203 parts: 'dosage' is not drug, dose, route, schedule, start, stop or count; did you mean 'dose'?"),
        ("    required: no", "    required: maybe", "23:15: F203 required: 'maybe' is not yes or no"),
        ("  age:", "  Age years:", "3:3: F203 Age years: 'Age years' is not a name of lower-case letters, digits, '_' and '-'"),
    ],
)  # fmt: skip
def test_a_faulty_form_is_told(old: str, new: str, told: str) -> None:
    assert form_faults(old, new) == [f"form.yaml:{told}"]


LAID_OUT = """\
  title: Published cases
  order: [-year, age]
  group_by: sex
  paper: landscape
  notes: [Ages are at admission.]
tables:
  supplement:
    columns: [{field: marker, note: by ELISA}]
abbreviations: {DX: drug X}
course: {bars: [drug_x], lines: [marker], zero: first dose, cases: [doe-2020/1]}
"""


def test_a_form_lays_out_tables_and_the_figure() -> None:
    form, problems = read_form(
        "form.yaml", (FORM.replace("0 to 120", "0 to 120\n    reference: <18") + LAID_OUT).encode()
    )
    assert problems == ()
    assert form is not None
    first, (other,) = form.layout, form.further
    assert (first.name, first.title, first.group_by, first.paper) == ("", "Published cases", "sex", Paper.LANDSCAPE)
    assert [(key.by, key.is_descending) for key in first.order] == [("year", True), ("age", False)]
    assert first.notes == ("Ages are at admission.",)
    assert (other.name, other.paper, other.order, other.group_by) == ("supplement", Paper.AUTO, (), "")
    assert [(column.name, column.note) for column in other.columns] == [("marker", "by ELISA")]
    assert form.abbreviations == {"DX": "drug X"}
    assert str(form.fields["age"].reference) == "<18"
    figure = form.figure
    assert figure is not None
    assert (figure.bars, figure.lines, figure.zero, figure.cases) == (
        ("drug_x",),
        ("marker",),
        "first dose",
        ("doe-2020/1",),
    )
    every, _ = read_form("form.yaml", (FORM + "course: {cases: all}\n").encode())
    assert every is not None
    assert every.figure is not None
    assert (every.figure.is_for_all, every.figure.cases) == (True, ())


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("[-year, age]", "[-yeer]", "30:11: P101 order: the form has no field 'yeer', and is not 'year'"),
        ("[-year, age]", "[agee]", "30:11: P101 order: the form has no field 'agee', and is not 'year'; did you mean 'age'?"),
        ("group_by: sex", "group_by: sexx", "31:13: P101 group_by: the form has no field 'sexx'; did you mean 'sex'?"),
        ("landscape", "wide", "32:10: F203 paper: 'wide' is not auto, portrait or landscape"),
        ("{field: marker, note: by ELISA}", "marke", "36:15: P101 marke: the form has no field 'marke'; did you mean 'marker'?"),
        ("bars: [drug_x]", "bars: [age]", "38:17: P101 bars: age has no courses of treatment; expected a field of type courses"),
        ("lines: [marker]", "lines: [age]", "38:34: P101 lines: age has no numbers over time; expected a number field with 'series'"),
        ("lines: [marker]", "lines: [x]", "38:34: P101 lines: the form has no field 'x'"),
        ("[doe-2020/1]", "[doe-2020]", "38:69: P101 cases: 'doe-2020' is not a case as REPORT/CASE; expected one as doe-2020/1"),
    ],
)  # fmt: skip
def test_a_faulty_layout_is_told(old: str, new: str, told: str) -> None:
    assert old in LAID_OUT
    form, problems = read_form("form.yaml", (FORM + LAID_OUT.replace(old, new)).encode())
    assert (form, [str(problem) for problem in problems]) == (None, [f"form.yaml:{told}"])


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("0 to 120\n", "0 to 120\n    reference: 5\n", "8:16: P101 age: '5' is not a range as '11 to 306' or '<280'"),
        ("type: choice\n", "type: choice\n    reference: 1-2\n", "11:16: P101 sex: a choice field has no reference range; expected type number"),
    ],
)  # fmt: skip
def test_a_faulty_reference_range_is_told(old: str, new: str, told: str) -> None:
    assert form_faults(old, new) == [f"form.yaml:{told}"]


def test_a_field_may_not_be_a_word_of_every_case() -> None:
    assert form_faults("  age:", "  note:")[0].endswith(
        "P101 note: 'note' is a word of every case; expected another name"
    )


def test_a_misspelt_key_of_a_field_is_told_twice_as_missing_and_as_unknown() -> None:
    missing, unknown = form_faults("    label: Age\n", "    lable: Age\n")
    assert missing == "form.yaml:4:5: F202 label: is missing; expected the name that a reader sees"
    assert unknown.startswith("form.yaml:4:5: F201 lable: 'lable' is not a key of this mapping; expected choices, ")
    assert unknown.endswith("did you mean 'label'?")


# --- reports ----------------------------------------------------------------------------------------------------------

REPORT = """\
schema: 1
report: pmid:11
access: full text
extracted: {by: A. Curator, when: 2026-01-15}
cases_in_report: 3
eligible_cases: 2
questions:
  - question: |
      Is it
      so?
cases:
  - case: 1
    eligible: yes
    age: 3
    sex: female
  - case: 2a
    eligible: no
    reason: other
    note: n
"""


def report_faults(*edits: tuple[str, str]) -> list[str]:
    text = REPORT
    for old, new in edits:
        assert old in text
        text = text.replace(old, new)
    form, _ = read_form("form.yaml", FORM.encode())
    return [str(problem) for problem in read_report("r.yaml", "r", text.encode(), form)[1]]


def test_a_report_is_read() -> None:
    form, _ = read_form("form.yaml", FORM.encode())
    report, problems = read_report("r.yaml", "r", REPORT.encode(), form)
    assert problems == ()
    assert report is not None
    assert (report.name, report.key, report.access, report.by, report.when) == (
        "r",
        "pmid:11",
        Access.FULL_TEXT,
        "A. Curator",
        dt.date(2026, 1, 15),
    )
    assert report.cases_in_report.value == Number(low=Decimal(3), high=Decimal(3))
    assert [(question.text, question.answer) for question in report.questions] == [("Is it so?", "")]
    one, two = report.cases
    assert (one.id, one.is_eligible, list(one.entries)) == ("1", True, ["age", "sex"])
    assert (two.id, two.is_eligible, two.reason, two.note, dict(two.entries)) == ("2a", False, "other", "n", {})
    assert str(one.entries["age"].place) == "r.yaml:14:10"


def test_otherwise_speaks_for_the_fields_without_a_cell() -> None:
    form, _ = read_form("form.yaml", FORM.encode())
    text = REPORT.replace("    sex: female\n", "    sex: x\n    otherwise: not accessible\n")
    report, problems = read_report("r.yaml", "r", text.encode(), form)
    assert [problem.code for problem in problems] == ["E104"]
    assert report is not None
    case = report.cases[0]
    assert {name: entry.cells[0].text for name, entry in case.entries.items()} == {
        "age": "3",
        "marker": "not accessible",
        "drug_x": "not accessible",
    }
    assert case.faulty == {"sex"}


def test_without_a_form_only_the_outer_shape_is_read() -> None:
    report, problems = read_report("r.yaml", "r", REPORT.encode(), None)
    assert problems == ()
    assert report is not None
    assert [dict(case.entries) for case in report.cases] == [{}, {}]


def test_a_broken_outer_shape_still_tells_the_faults_of_the_cells() -> None:
    form, _ = read_form("form.yaml", FORM.encode())
    text = (
        REPORT.replace("access: full text", "access: fulltext").replace("age: 3", "age: 333").replace("sex:", "sexx:")
    )
    report, problems = read_report("r.yaml", "r", text.encode(), form)
    assert report is None
    assert [str(problem) for problem in problems] == [
        "r.yaml:3:9: F203 access: 'fulltext' is not full text, partial text, abstract or none; did you mean 'full text'?",
        "r.yaml:14:10: E105 age: case 1: 333 year is not within 0 to 120 year",
        "r.yaml:15:5: E102 sexx: case 1: the form has no field 'sexx'; did you mean 'sex'?",
    ]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("report: pmid:11\n", "", ["1:1: F202 report: is missing; expected the key of the report's record"]),
        ("extracted: {by: A. Curator, when: 2026-01-15}", "extracted: A. Curator", ["4:12: F203 extracted: 'A. Curator' is not a mapping of 'key: value' lines"]),
        ("case: 1\n", "case: case one\n", ["12:11: F203 case: 'case one' is not a short id of letters, digits, '.', '_' and '-', as 1 or 2a"]),
        ("  - case: 1\n    eligible", "  - eligible", ["12:5: F202 case: is missing; expected the case's id in its report, as 1"]),
        ("eligible: yes", "eligible: perhaps", ["13:15: F203 eligible: 'perhaps' is not yes or no"]),
        ("cases_in_report: 3", "cases_in_report: three", ["5:18: E103 cases_in_report: 'three' is not a number as 3, 12.5, 92-93 or <280"]),
        ("    sex: female\n", "    otherwise: unclear\n", ["15:16: F203 otherwise: 'unclear' is not 'not accessible'"]),
        ("  - question: |\n      Is it\n      so?\n", "  - Is it so?\n", ["8:5: F203 questions: 'Is it so?' is not a mapping of 'key: value' lines"]),
    ],
)  # fmt: skip
def test_a_faulty_report_is_told(old: str, new: str, told: list[str]) -> None:
    assert report_faults((old, new)) == [f"r.yaml:{each}" for each in told]


@pytest.mark.parametrize("typed", ["not reported", "2-3", "{value: 3, reported: three patients, where: Abstract}"])
def test_a_count_is_a_cell(typed: str) -> None:
    assert report_faults(("cases_in_report: 3", f"cases_in_report: {typed}")) == []


@pytest.mark.parametrize("blank", ["", "~", '""'])
def test_what_is_left_blank_is_left_to_the_rules(blank: str) -> None:
    form, _ = read_form("form.yaml", FORM.encode())
    text = f"schema: 1\nreport: pmid:11\naccess: {blank}\nextracted:\n  by: {blank}\n  when: {blank}\ncases_in_report: {blank}\n"
    report, problems = read_report("r.yaml", "r", text.encode(), form)
    assert problems == ()
    assert report is not None
    assert (report.access, report.by, report.when) == (None, "", None)
    assert (report.cases_in_report, report.eligible_cases, report.cases) == (None, None, ())


def test_what_is_not_yaml_is_told_by_every_reader() -> None:
    for problems in (
        read_protocol("f.yaml", b"a: b: c")[1],
        read_form("f.yaml", b"a: b: c")[1],
        read_strategy("f.yaml", "f", b"a: b: c")[1],
        read_decisions("f.yaml", b"a: b: c")[1],
        read_rulings("f.yaml", b"a: b: c")[1],
        read_report("f.yaml", "f", b"a: b: c", None)[1],
    ):
        assert [(problem.code, problem.place.column) for problem in problems] == [("F104", 5)]


# --- acknowledgments --------------------------------------------------------------------------------------------------

ACKNOWLEDGED = """\
schema: 1
acknowledged:
  - report: PMID:11
    notice: expression of concern
    key: https://doi.org/10.1234/N
    by: A. Curator
    when: 2026-01-15
    reason: the case was seen by ourselves  # a comment
"""


def test_an_acknowledgment_is_read_with_its_place() -> None:
    (word,), problems = read_acknowledgments("curated/notices.yaml", ACKNOWLEDGED.encode())
    assert problems == ()
    assert (word.report, word.kind, word.notice) == ("pmid:11", "expression of concern", "doi:10.1234/n")
    assert (word.by, str(word.when), word.reason) == ("A. Curator", "2026-01-15", "the case was seen by ourselves")
    assert str(word.place) == "curated/notices.yaml:3:5"


@pytest.mark.parametrize(
    ("line", "instead", "message"),
    [
        ("    notice: expression of concern\n", "    notice: concern\n", "'concern' is not retraction, "),
        ("    by: A. Curator\n", "", "is missing; expected who acknowledges it"),
        ("    reason: the case was seen by ourselves  # a comment\n", "    reason:\n", "is blank; expected why the report stays"),
        ("    key: https://doi.org/10.1234/N\n", "    key: notice 3\n", "'notice 3' is not the notice's own key: pmid:… or doi:10.…"),
        ("    when: 2026-01-15\n", "    when: today\n", "'today' is not a date as 2026-11-22"),
        ("  - report: PMID:11\n", "  - report: eleven\n    kind: x\n", "'kind' is not a key of this mapping"),
    ],
)  # fmt: skip
def test_a_faulty_acknowledgment_is_told(line: str, instead: str, message: str) -> None:
    _, problems = read_acknowledgments("curated/notices.yaml", ACKNOWLEDGED.replace(line, instead).encode())
    assert any(message in problem.message for problem in problems), problems
