"""JSON Schema of the hand-written files: whatever the readers take fits it, however a YAML server types it; faults of shape do not."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from ruamel.yaml import YAML

from casetable.completeness import RULES
from casetable.curation import files, forms
from casetable.curation.claims import read_claims
from casetable.curation.edits import new_report, new_strategy
from casetable.curation.schemas import SHAPES, write_schema
from casetable.curation.starter import starter_files
from casetable.model import Form, Method, Record
from casetable.problems import Rule
from tests.conftest import EXAMPLE, example_files
from tests.e2e.conftest import REPOSITORY
from tests.unit.test_cells import FORM as CELLS_FORM


def by_1_2(data: bytes) -> Any:
    """What a YAML 1.2 server reads: `no` is text, a date too."""
    text = data.decode()
    loader = YAML(typ="safe", pure=True)
    loader.version = (1, 2)
    loader.constructor.add_constructor("tag:yaml.org,2002:timestamp", lambda _, node: node.value)
    return _plain(loader.load(io.StringIO(text)))


class _Loader(yaml.SafeLoader):
    """What a YAML 1.1 server reads: `no` is false. JSON knows no dates, so they stay text."""


_Loader.add_constructor("tag:yaml.org,2002:timestamp", lambda _, node: node.value)


def by_1_1(data: bytes) -> Any:
    return _plain(yaml.load(data.decode(), Loader=_Loader))


def _plain(value: Any) -> Any:
    """As JSON has it: keys are text."""
    if isinstance(value, dict):
        return {str(key).lower() if isinstance(key, bool) else str(key): _plain(below) for key, below in value.items()}
    return [_plain(below) for below in value] if isinstance(value, list) else value


READINGS = {"1.2": by_1_2, "1.1": by_1_1}


def form_of(data: bytes) -> Form:
    form, problems = forms.read_form("curated/form.yaml", data)
    assert form is not None, problems
    return form


@cache
def validator(name: str, form: bytes = b"") -> Draft202012Validator:
    schema = json.loads(write_schema(name, form_of(form) if name == "report" else None))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def name_of(path: str) -> str:
    folder, _, stem = path.removesuffix(".yaml").rpartition("/")
    return {"queries": "strategy", "curated/reports": "report"}.get(folder, stem)


def faults(path: str, data: bytes, form: bytes, reading: str = "1.2") -> list[str]:
    found = validator(name_of(path), form).iter_errors(READINGS[reading](data))
    return [f"{error.json_path}: {error.message[:300]}" for error in found]


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("root", [REPOSITORY, EXAMPLE], ids=["flagship", "example"])
def test_every_file_of_a_faultless_review_fits_its_schema(root: Path, reading: str) -> None:
    paths = [root / "review.yaml", *root.glob("queries/*.yaml"), *root.glob("curated/*.yaml")]
    paths += root.glob("curated/reports/*.yaml")
    assert len(paths) >= 6
    seen = set()
    for path in paths:
        name = path.relative_to(root).as_posix()
        assert faults(name, path.read_bytes(), (root / "curated/form.yaml").read_bytes(), reading) == [], name
        seen.add(name_of(name))
    assert seen >= {"review", "strategy", "form", "screening", "duplicates", "report"}


# Rules of shape; the others hang on what a text means, on units, or on other files.
OF_SHAPE = ["F201", "F202", "F203", "F204", "E101", "E102", "E103", "E104", "E105", "E107"]


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.code in OF_SHAPE], ids=lambda rule: rule.code)
@pytest.mark.parametrize("reading", READINGS)
def test_a_bad_example_of_shape_does_not_fit(rule: Rule, reading: str) -> None:
    data, example = example_files(), rule.example
    assert example.bad is not None
    good = data[example.path]
    bad = good.replace(example.good.encode(), example.bad.encode(), 1)
    assert faults(example.path, good, data["curated/form.yaml"], reading) == []
    assert faults(example.path, bad, data["curated/form.yaml"], reading) != []


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("review.yaml", "title: An", "titel: An"),
        ("review.yaml", "max_search_age_days: 365", "max_search_age_days: soon"),
        ("review.yaml", "  other-drug: another drug", "  Other Drug: another drug"),
        ("review.yaml", "index_report: pmid:11", "index_report: 11"),
        ("review.yaml", "max_search", "accepts: [{rule: E201, by: A, when: 2026-01-15}]\nmax_search"),
        ("curated/form.yaml", "type: number", "type: numeral"),
        ("curated/form.yaml", "label: Age", "label:"),
        ("curated/form.yaml", "columns: [age_years, sex]", "columns: age_years"),
        ("curated/screening.yaml", "decision: include", "decision: maybe"),
        ("curated/duplicates.yaml", "same: []", "same: [{records: [pmid:1], by: A, when: 2026-01-15}]"),
        ("queries/main.yaml", "source: PubMed\n", ""),
        ("queries/own.yaml", "year: 2019", "year: last"),
        ("curated/reports/doe-2020.yaml", "access: full text", "access: all of it"),
        ("curated/reports/doe-2020.yaml", "sex: female", "sex:"),
        ("curated/reports/doe-2020.yaml", "age_years: 3", "age_years: {value: 3, derived: 3, from: x}"),
        ("curated/reports/doe-2020.yaml", "age_years: 3", "age_years: {value: 3, valu: 4}"),
        ("curated/reports/doe-2020.yaml", "age_years: 3", "age_years: {conflicting: [3]}"),
        ("curated/reports/doe-2020.yaml", "cases_in_report: 1", "cases_in_report: one"),
    ],
)
def test_a_fault_of_shape_does_not_fit(path: str, old: str, new: str) -> None:
    data = example_files()
    assert old.encode() in data[path]
    bad = data[path].replace(old.encode(), new.encode(), 1)
    for reading in READINGS:
        assert faults(path, bad, data["curated/form.yaml"], reading) != []


# --- cells ------------------------------------------------------------------------------------------------------------

CASE = """\
schema: 1
report: pmid:11
cases:
  - case: 1
    eligible: no
    reason: other-drug
    {}: {}
"""
CELLS = [
    ("age", "3", True),
    ("age", '"3"', True),
    ("age", "{value: 18, unit: month}", True),
    ("age", "{value: 999, unit: day}", True),
    ("age", "92-93", True),
    ("age", "<= 3", True),
    ("age", "≥3", True),
    ("age", "3 to 4", True),
    ("age", "Not Reported", True),
    ("age", "{value: not reported, note: x}", True),
    ("age", "{conflicting: [3, {value: 4, where: Results}]}", True),
    ("age", "{conflicting: [3, unclear]}", True),
    ("age", "300", False),
    ("age", "3,5", False),
    ("age", "[3]", False),
    ("age", "{derived: 3}", False),
    ("age", "{derived: 3, from: ' '}", False),
    ("age", "{conflicting: [3, {conflicting: [3, 4]}]}", False),
    ("age", "{unit: year}", False),
    ("copies", "-1.5", True),
    ("city", "12", True),
    ("city", "no", True),
    ("city", '""', False),
    ("city", "[a, b]", False),
    ("sex", "female", True),
    ("sex", "{value: male, reported: boy}", True),
    ("sex", "girl", False),
    ("sex", "[female]", False),
    ("signs", "rash", True),
    ("signs", "[rash, fever]", True),
    ("signs", "{value: [rash], where: x}", True),
    ("signs", "[]", False),
    ("signs", "[rash, cough]", False),
    ("marker", "not reported", True),
    ("marker", "{value: unclear}", True),
    ("marker", "[{value: 3, unit: ng/ml, when: day 2}, {value: <3, when: 20}]", True),
    ("marker", "[{value: unclear, when: day 2}]", True),
    ("marker", "[{conflicting: [3, 4], when: day 2}]", True),
    ("marker", "3", False),
    ("marker", "[{value: 3}]", False),
    ("marker", "[3]", False),
    ("marker", "[]", False),
    ("drug_x", "[{dose: 8-10, unit: mg/kg, route: oral, count: 4, where: x}]", True),
    ("drug_x", "[{dose: {derived: 3, from: y}, unit: mg}]", True),
    ("drug_x", "not applicable", True),
    ("drug_x", "[{route: oral}]", False),
    ("drug_x", "[{dose: high}]", False),
    ("drug_x", "[{dose: 3, unit: mg, dosis: 4}]", False),
    ("drug_x", "{dose: 3, unit: mg}", False),
    ("others", "[{drug: X}, {drug: Y, start: day 1, stop: unclear, schedule: 2}]", True),
    ("others", "[{dose: 3, unit: mg}]", False),
    ("other", "x", False),
]


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize(("field", "text", "fits"), CELLS)
def test_a_cell_fits_as_the_reader_takes_it(field: str, text: str, fits: bool, reading: str) -> None:
    data = CASE.format(field, text).encode()
    _, problems = files.read_report("curated/reports/r.yaml", "r", data, form_of(CELLS_FORM))
    assert (problems == ()) is fits, "the reader is what the schema follows"
    assert (faults("curated/reports/r.yaml", data, CELLS_FORM, reading) == []) is fits


def test_an_eligible_case_needs_the_required_cells_unless_otherwise_speaks_for_them() -> None:
    form = b"schema: 1\nfields:\n  a: {label: A, type: text}\n  b: {label: B, type: text, required: no}\ntable: {columns: [a]}\n"
    case = "schema: 1\nreport: pmid:1\ncases:\n  - case: 1\n    {}\n"
    for more, fits in (
        ("eligible: yes", False),
        ("eligible: True", False),
        ("eligible: yes\n    a: x", True),
        ("eligible: yes\n    otherwise: not accessible", True),
        ("eligible: no", True),
        ("eligible:", True),
    ):
        for reading in READINGS:
            assert (faults("curated/reports/r.yaml", case.format(more).encode(), form, reading) == []) is fits, more


@pytest.mark.parametrize(
    "choice", ["yes", "no", "on", "1", "2.50", "true", "1e3", "NaN", "Infinity", "+", "a|b (c)", "null x"]
)
def test_a_choice_that_yaml_takes_for_something_else_fits(choice: str) -> None:
    form = (
        f'schema: 1\nfields:\n  a: {{label: A, type: choice, choices: {{"{choice}": []}}}}\ntable: {{columns: [a]}}\n'
    )
    for quoted in (choice, f'"{choice}"', f'" {choice} "'):
        data = f"schema: 1\nreport: pmid:1\ncases: [{{case: 1, a: {quoted}}}]\n".encode()
        _, problems = files.read_report("curated/reports/r.yaml", "r", data, form_of(form.encode()))
        if problems:
            assert quoted == choice, "what YAML makes of it is no choice either"
            continue
        for reading in READINGS:
            assert faults("curated/reports/r.yaml", data, form.encode(), reading) == []


# --- whatever a reader takes ------------------------------------------------------------------------------------------

# As a person may type them; the first is a blank.
TYPED = """
~
null
""
" "
0
1
3
12.50
-1
1e3
.5
0x1F
yes
No
TRUE
on
off
2026-01-15
2026-1-5
2024
2024-05
pmid:11
'PMID: 11'
doi:10.1234/x
own:r1
other-drug
female
' female '
rash
not reported
' Unclear'
92-93
< 3
≤3.5
3 to 4
ng/ml
text
PMC12
E201
l113
include
' records '
database
all
number
full text
10.1234/x
[]
{}
[a]
"""


READERS: dict[str, Callable[[bytes], tuple[Any, Any]]] = {
    "review": lambda data: files.read_protocol("review.yaml", data),
    "strategy": lambda data: files.read_strategy("queries/a.yaml", "a", data),
    "form": lambda data: forms.read_form("curated/form.yaml", data),
    "screening": lambda data: files.read_decisions("curated/screening.yaml", data),
    "duplicates": lambda data: files.read_rulings("curated/duplicates.yaml", data),
    "overlaps": lambda data: files.read_overlaps("curated/overlaps.yaml", data),
    "notices": lambda data: files.read_acknowledgments("curated/notices.yaml", data),
    "claims": lambda data: (None, read_claims("curated/claims.yaml", data)[2]),
    "report": lambda data: files.read_report("curated/reports/a.yaml", "a", data, form_of(CELLS_FORM)),
}
# A file of each kind that is faultless, of which a few places are changed.
FAULTLESS = {
    "review": """\
schema: 1
title: a
question: b
eligibility: {include: [a], exclude: [b]}
exclusion_reasons: {a: b}
index_report: pmid:1
max_search_age_days: 9
one_report: [preprints]
accepts: [{rule: E201, path: a, field: b, case: 1, reason: r, by: A, when: 2026-01-15}]
""",
    "strategy": """\
schema: 1
source: PubMed
purpose: a
strategy: b
published: {since: 2010, until: 2020-05}
must_find: [pmid:1]
written: {by: A, when: 2026-01-15, note: x}
accepts: [{rule: L113, reason: r}]
""",
    "form": """\
schema: 1
fields: {a: {label: A, type: choice, choices: {x: [y]}, required: no, series: yes, names: [b], help: c, group: d}}
table: {columns: [a, {field: a, name: b, label: c, take: first}]}
""",
    "screening": """\
schema: 1
decisions: [{record: pmid:1, stage: reports, decision: exclude, reason: a, by: A, when: 2026-01-15, note: n}]
""",
    "duplicates": """\
schema: 1
same: [{records: [pmid:1, doi:10.1234/a], by: A, when: 2026-01-15, note: x}]
different: []
""",
    "overlaps": """\
schema: 1
rulings: [{cases: [doe-2020/1, roe-2021/1], verdict: same, by: A, when: 2026-01-15, note: x}]
""",
    "notices": """\
schema: 1
acknowledged: [{report: pmid:1, notice: retraction, key: pmid:2, by: A, when: 2026-01-15, reason: r}]
""",
    "claims": """\
schema: 1
claims: [{name: a, text: b, sql: SELECT 1, expected: 1}]
values: {b: {sql: SELECT 1}}
""",
    "report": """\
schema: 1
report: pmid:1
access: abstract
extracted: {by: A, when: 2026-01-15}
cases_in_report: {derived: 2, from: a}
eligible_cases: 1
note: a
questions: [{question: a, answer: b}]
cases: [{case: 1, eligible: no, reason: a, note: b, questions: [], age: 3, sex: female, signs: [rash],
    marker: [{value: 3, unit: ng/ml, reported: a, where: b, note: c, when: d}],
    drug_x: [{dose: 3, unit: mg, route: a}],
    others: [{drug: a, count: 3}], city: {derived: a, from: b}, copies: {conflicting: [1, {value: 2}]}}]
""",
}


@pytest.mark.parametrize("name", SHAPES)
def test_the_faultless_files_are_faultless(name: str) -> None:
    assert READERS[name](FAULTLESS[name].encode())[1] == ()


def with_typed(name: str, changes: list[tuple[tuple[int, int], str]]) -> bytes:
    text = FAULTLESS[name]
    for (start, end), typed in sorted(changes, reverse=True):
        text = text[:start] + typed + text[end:]
    return text.encode()


@cache
def taken(name: str) -> tuple[tuple[tuple[int, int], str], ...]:
    """Every place of the faultless file with everything that the reader takes in it."""
    places = re.finditer(r"(?:: |\[|, )((?:[^\[\]{}, ]| (?!\w+:))+|\[\]|\{\})", FAULTLESS[name])
    changes = [(found.span(1), typed) for found in places for typed in TYPED.splitlines()]
    return tuple(change for change in changes if READERS[name](with_typed(name, [change]))[1] == ())


def assert_fits(name: str, data: bytes) -> None:
    for reading in READINGS:
        try:
            value = READINGS[reading](data)
        except ValueError:  # what a YAML server cannot read either, as 0x to PyYAML
            continue
        found = list(validator(name, CELLS_FORM if name == "report" else b"").iter_errors(value))
        assert found == [], data.decode()


@pytest.mark.parametrize("name", SHAPES)
def test_what_the_reader_takes_in_one_place_the_schema_takes(name: str) -> None:
    changes = taken(name)
    assert len(changes) >= 3, "else hardly anything is tried"
    for change in changes:
        assert_fits(name, with_typed(name, [change]))


@pytest.mark.parametrize("name", SHAPES)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_what_the_reader_takes_the_schema_takes(name: str, data: st.DataObject) -> None:
    """A faultless file, with some places of it replaced by what a person may type there."""
    several = st.lists(st.sampled_from(taken(name)), max_size=4, unique_by=lambda change: change[0])
    text = with_typed(name, data.draw(several))
    if READERS[name](text)[1] == ():
        assert_fits(name, text)


@given(st.text(), st.sampled_from(["city", "sex", "age", "signs", "drug_x"]))
def test_whatever_text_the_reader_takes_for_a_cell_the_schema_takes(text: str, field: str) -> None:
    typed = CASE.format(field, json.dumps(text)).encode("utf-8", "replace")
    if files.read_report("r.yaml", "r", typed, form_of(CELLS_FORM))[1] == ():
        assert_fits("report", typed)


# --- the first line ---------------------------------------------------------------------------------------------------


def test_written_files_name_their_schema_in_their_first_line() -> None:
    form = form_of((EXAMPLE / "curated/form.yaml").read_bytes())
    written = {path: data for path, data in starter_files().items() if path.endswith(".yaml")}
    written["curated/reports/doe-2020.yaml"] = new_report(
        Record(key="pmid:1", origin="PubMed", title="A"), "pmid:1", form
    )
    written["queries/embase.yaml"] = new_strategy("Embase", "a", method=Method.DATABASE)
    for path in (REPOSITORY / "review.yaml", *REPOSITORY.glob("queries/*.yaml"), *REPOSITORY.glob("curated/**/*.yaml")):
        written[path.relative_to(REPOSITORY).as_posix()] = path.read_bytes()
    assert len(written) >= 15
    for name, data in written.items():
        first = data.decode().split("\n")[0]
        target = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
        assert target is not None, name
        resolved = (Path("/review") / name).parent / target[1]
        assert resolved.resolve() == Path(f"/review/.casetable/schema/{name_of(name)}.json"), name


@pytest.mark.parametrize("name", SHAPES)
def test_a_schema_is_the_same_bytes_and_reads_as_ecmascript(name: str) -> None:
    form = form_of(CELLS_FORM)
    assert write_schema(name, form) == write_schema(name, form)
    for pattern in re.findall(r'"pattern": ("(?:[^"\\]|\\.)*")', write_schema(name, form).decode()):
        read = json.loads(pattern)
        assert not re.search(r"\(\?[^:]|\\[dwbAZ\- ]|\[\^\]", read), read
