"""The table in numbers, and how they change without a report."""

from __future__ import annotations

from decimal import Decimal

import pytest

from casetable.summary import Spread, Summary, Tally, differences, summarize, summarize_fields
from casetable.table import Table, build_table
from tests.unit.test_review import decision, form_of, record, report_of, review_of, search, strategy

FORM = """\
fields:
  age: {label: Age, type: number, unit: year, required: no}
  sex: {label: Sex, type: choice, choices: {female: [], male: []}, required: no}
  signs: {label: Signs, type: choices, choices: {rash: [], fever: []}, required: no}
  marker: {label: Marker, type: number, unit: ng/ml, series: yes, required: no}
  drug: {label: Drug, type: courses, drug: drug X, required: no}
  city: {label: City, type: text, required: no}
table:
  columns: [age, sex, signs, {field: marker, take: last}, drug, {field: drug, name: dose, part: dose}, city]
"""


def table_of(**cases: str) -> Table:
    form = form_of(FORM)
    keys = [f"pmid:{number}" for number in range(11, 11 + len(cases))]
    reports = [
        report_of(name, key, form, f"  - case: 1\n    eligible: yes\n{text}", access="partial text")
        for key, (name, text) in zip(keys, cases.items(), strict=True)
    ]
    return build_table(
        review_of(
            records=[record(key, authors=(f"Doe {key}",)) for key in keys],
            strategies=[strategy("main")],
            searches=[search("main", keys)],
            decisions=[decision(key, "reports", "include") for key in keys],
            reports=reports,
            form=form,
        )
    )


def tally(summary: Summary, name: str) -> Tally:
    return next(each for each in summary.tallies if each.name == name)


def test_every_case_is_known_or_counted_by_the_reason_why_not() -> None:
    table = table_of(
        a="    age: 3\n",
        b="    age: {derived: 4, from: the date of birth}\n",
        c="    age: not reported\n",
        d="    age: not accessible\n",
        e="    age: not applicable\n",
        f="    age: unclear\n",
        g="    age: {conflicting: [{value: 5, where: Text}, {value: 6, where: Table}]}\n",
        h="    sex: male\n",
    )
    summary = summarize(table)
    age = tally(summary, "age")
    assert (summary.reports, summary.cases, age.of, age.known) == (8, 8, 8, 2)
    assert age.others == {
        "conflicting": 1,
        "not reported": 1,
        "not applicable": 1,
        "unclear": 1,
        "not accessible": 1,
        "incomplete": 1,
    }
    for each in summary.tallies:
        assert each.known + sum(each.others.values()) == each.of


def test_choices_are_counted_once_a_case_in_the_order_of_the_form() -> None:
    table = table_of(a="    signs: [fever, rash]\n    sex: female\n", b="    signs: [fever]\n    sex: not reported\n")
    summary = summarize(table)
    assert list(tally(summary, "signs").choices.items()) == [("rash", 1), ("fever", 2)]
    assert tally(summary, "sex").choices == {"female": 1}


def test_numbers_have_their_median_and_limits() -> None:
    table = table_of(a="    age: 3\n", b="    age: 10-20\n", c="    age: <90\n", d="    age: 6 \n")
    age = tally(summarize(table), "age")
    assert age.known == 4
    assert age.spread == Spread(number=3, median=Decimal(6), low=Decimal(3), high=Decimal(20))
    assert age.spread.limits == "3–20"


def test_a_column_takes_of_a_series_what_it_shows() -> None:
    table = table_of(a="    marker:\n      - {value: 900, when: day 1}\n      - {value: 12, when: day 9}\n")
    spread = tally(summarize(table), "marker").spread
    assert spread is not None
    assert spread.limits == "12"


def test_courses_are_known_where_any_is_and_parts_by_themselves() -> None:
    table = table_of(
        a="    drug:\n      - {dose: not reported, route: iv}\n",
        b="    drug: not applicable\n",
        c="    drug:\n      - {dose: 8, unit: mg/kg}\n",
    )
    summary = summarize(table)
    assert (tally(summary, "drug").known, tally(summary, "drug").others) == (2, {"not applicable": 1})
    assert (tally(summary, "dose").known, tally(summary, "dose").others) == (
        1,
        {"not reported": 1, "not applicable": 1},
    )


def test_what_changes_without_a_report_the_most_telling_first() -> None:
    table = table_of(
        a="    age: 3\n    sex: female\n    city: A\n    signs: [rash]\n",
        b="    age: 31\n    sex: male\n    city: not reported\n    signs: [rash]\n",
        c="    age: 63\n    sex: female\n    city: not reported\n    signs: [rash]\n",
    )
    assert differences(summarize(table), summarize(table, {"a"})) == (
        "2 eligible cases of 2 reports, not 3 of 3",
        "City: known of none of 2, not of 1 of 3",
        "Age (year): 31–63, not 3–63",
        "Age (year): median 47, not 31",
        "Sex: 'female' in 1 of 2, not 2 of 3",
        "Signs: 'rash' in 2 of 2, not 3 of 3",
        "Age (year): known of 2 of 2, not of 3 of 3",
    )
    assert "Sex: 'male' in 0 of 2, not 1 of 3" in differences(summarize(table), summarize(table, {"b"}))[1:3]


@pytest.mark.parametrize("names", [set(), {"unheard"}])
def test_nothing_changes_without_what_is_not_in_the_table(names: set[str]) -> None:
    table = table_of(a="    age: 3\n")
    assert differences(summarize(table), summarize(table, names)) == ()


def test_a_table_of_one_report_is_lost_with_it() -> None:
    table = table_of(a="    age: 3\n")
    assert differences(summarize(table), summarize(table, {"a"})) == ("0 eligible cases of 0 reports, not 1 of 1",)


def test_a_column_whose_only_number_goes_has_none_left() -> None:
    table = table_of(a="    age: 3\n", b="    age: <90\n")
    assert "Age (year): no number left, not 3" in differences(summarize(table), summarize(table, {"a"}))


def test_every_field_of_the_form_is_told_also_one_that_is_no_column() -> None:
    table = table_of(
        a="    age: 3\n    marker:\n      - {value: 900, when: day 1}\n      - {value: 12, when: day 9}\n",
        b="    marker: not reported\n    city: {derived: Rome, from: the address}\n",
    )
    tallies = {each.name: each for each in summarize_fields(table)}
    assert list(tallies) == ["age", "sex", "signs", "marker", "drug", "city"]
    assert (tallies["age"].known, tallies["age"].others) == (1, {"incomplete": 1})
    marker = tallies["marker"]
    assert (marker.label, marker.unit, marker.of, marker.known, marker.others) == (
        "Marker",
        "ng/ml",
        2,
        1,
        {"not reported": 1},
    )
    assert marker.spread is not None
    assert marker.spread.limits == "900", "the first of each case"
    assert tallies["city"].known == 1
