"""The clinical course of a case as data: the axis, the bars, the lines, and what is said in words."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casetable.course import Bar, Chart, End, charts
from casetable.course.axis import ORDER_ONLY, Times
from casetable.course.order import merge_orders
from tests.support.courses import CASES, DATES, DAYS, FORM, chart_of, reviewed

# --- the order of events ----------------------------------------------------------------------------------------------


def test_orders_are_merged() -> None:
    merged = merge_orders([["baseline", "worse", "end"], ["baseline", "first dose", "worse"]])
    assert merged.events == ("baseline", "first dose", "worse", "end")
    assert merged.contradicted == merged.unsettled == ()


def test_a_contradiction_is_told_and_the_first_order_stands() -> None:
    merged = merge_orders([["a", "b", "c"], ["c", "a", "d"]])
    assert merged.events[:3] == ("a", "b", "c")
    assert merged.contradicted == (("c", "a"),)


def test_what_no_sequence_says_is_told_as_unsettled() -> None:
    merged = merge_orders([["a", "b"]], [["x"]])
    assert merged.events == ("a", "b", "x")
    assert merged.unsettled == (("b", "x"),)


def test_a_loose_order_gives_way_without_a_word() -> None:
    merged = merge_orders([["a", "b"]], [["b", "a", "c"]])
    assert (merged.events, merged.contradicted) == (("a", "b", "c"), ())


NAMES = st.sampled_from("abcdefg")


@given(st.lists(st.lists(NAMES)), st.lists(st.lists(NAMES)))
def test_every_event_stands_once_and_the_first_order_is_kept(firm: list[list[str]], loose: list[list[str]]) -> None:
    merged = merge_orders(firm, loose)
    assert sorted(merged.events) == sorted({name for names in (*firm, *loose) for name in names})
    first = list(dict.fromkeys(firm[0])) if firm and len(set(firm[0])) == len(firm[0]) else []
    at = [merged.events.index(name) for name in first]
    assert at == sorted(at)


@given(st.lists(st.permutations("abcdef").map(lambda names: list(names[:4])), max_size=1), st.permutations("abcdef"))
def test_orders_that_agree_are_all_kept(one: list[list[str]], whole: list[str]) -> None:
    agreeing = [sorted(names, key=whole.index) for names in one] + [list(whole[::2]), list(whole[1::2])]
    merged = merge_orders(agreeing)
    assert merged.contradicted == ()
    for names in agreeing:
        at = [merged.events.index(name) for name in names]
        assert at == sorted(at)


# --- the axis ---------------------------------------------------------------------------------------------------------


def marker(*whens: str) -> str:
    return "    marker:\n" + "".join(f"      - {{value: {at + 1}, when: {when}}}\n" for at, when in enumerate(whens))


def places(chart: Chart) -> list[float]:
    return [round(point.at, 3) for line in chart.lines for point in line.points]


@pytest.mark.parametrize(
    ("whens", "label", "at"),
    [
        (("day 0", "day 3", "day 12"), "days; day 0 as the report counts", [0, 3, 12]),
        (("day 12", "day 3"), "days; day 0 as the report counts", [3, 12]),
        (("day 0", "week 10"), "weeks; day 0 as the report counts", [0, 10]),
        (("day -70", "3 weeks"), "weeks; day 0 as the report counts", [-10, 3]),
        (("month 1", "month 18"), "months; day 0 as the report counts", [1, 18]),
        (("month 1", "year 6"), "years; day 0 as the report counts", [0.083, 6]),
        (("2020-03-01", "2020-03-08"), "days; day 0: 2020-03-01, the first date", [0, 7]),
        (("admission", "day 3"), ORDER_ONLY, [0, 1]),
        (("day 3", "2020-03-01"), ORDER_ONLY, [0, 1]),
        (("day 1-8", "day 20"), "days; day 0 as the report counts", [1, 20]),
    ],
)
def test_where_all_times_are_known_the_axis_counts_them(whens: tuple[str, ...], label: str, at: list[float]) -> None:
    chart = chart_of(marker(*whens))
    assert chart.axis.label == label
    assert places(chart) == at
    assert chart.axis.is_ordered == (label == ORDER_ONLY)
    assert chart.axis.low < min(at) <= max(at) < chart.axis.high


def test_a_time_of_the_timeline_has_its_day_and_the_zero_is_day_0() -> None:
    timeline = "    timeline: [{event: admission, day: 0}, {event: first dose, also: [start], day: 20}]\n"
    chart = chart_of(timeline + marker("admission", "start", "day 30"), course="{cases: all, zero: first dose}")
    assert chart.axis.label == "days; day 0: first dose"
    assert places(chart) == [-20, 0, 10]
    assert [(mark.at, mark.label) for mark in chart.axis.events] == [(-20, "admission"), (0, "first dose")]
    assert chart.notes == ("“first dose” is day 20 of the report, and day 0 here.",)


def test_days_count_from_a_zero_whose_date_is_known() -> None:
    timeline = "    timeline: [{event: first dose, day: 2020-03-01}]\n"
    chart = chart_of(timeline + marker("2020-02-29", "day 10"), course="{cases: all, zero: First dose}")
    assert places(chart) == [-1, 10]
    assert chart.axis.label == "days; day 0: First dose"


def test_a_zero_without_a_date_is_told() -> None:
    chart = chart_of(DATES, course="{cases: all, zero: first dose}")
    assert chart.axis.label == "weeks; day 0: 2020-01-10, the first date"
    assert "The date of “first dose” is not known." in chart.notes


def test_where_only_the_order_is_known_the_axis_says_so_and_keeps_the_days_that_are() -> None:
    timeline = "    timeline: [admission, {event: worsening, day: 20}, first dose, discharge]\n"
    chart = chart_of(timeline + marker("Admission", "first dose"), course="{cases: all, zero: first dose}")
    assert chart.axis.is_ordered
    assert chart.axis.label == "order of events; distances are not to scale"
    assert [(mark.at, mark.label) for mark in chart.axis.events] == [
        (0, "admission"),
        (1, "worsening (day 20)"),
        (2, "first dose"),
        (3, "discharge"),
    ]
    assert places(chart) == [0, 2]
    assert chart.axis.zero is not None
    assert (chart.axis.zero.at, chart.axis.zero.label) == (2, "0: first dose")


def test_without_a_timeline_the_order_is_merged_from_the_cells() -> None:
    body = marker("baseline", "worsening", "discharge") + (
        "    alt:\n      - {value: 1, when: baseline}\n      - {value: 2, when: first dose}\n      - {value: 3, when: worsening}\n"
        "    before: [{drug: drug A, start: maintenance}]\n"
    )
    chart = chart_of(body)
    assert [mark.label for mark in chart.axis.events] == [
        "baseline", "first dose", "worsening", "discharge", "maintenance",
    ]  # fmt: skip
    assert chart.notes[-1] == (
        "Which came first is not known of “discharge” and “maintenance”: they stand as the extraction names them."
    )


def test_series_that_contradict_each_other_are_told() -> None:
    body = marker("a", "b") + "    alt:\n      - {value: 1, when: b}\n      - {value: 2, when: a}\n"
    chart = chart_of(body)
    assert [mark.label for mark in chart.axis.events] == ["a", "b"]
    assert "The extraction names “b” before “a” in one place, and behind it in another." in chart.notes


def test_days_among_events_come_in_their_order() -> None:
    chart = chart_of(marker("day 9", "day 2", "discharge"))
    assert [mark.label for mark in chart.axis.events] == ["day 2", "day 9", "discharge"]


def test_what_is_not_on_the_timeline_is_told_and_not_drawn() -> None:
    chart = chart_of("    timeline: [admission, discharge]\n" + marker("admission", "some time", "discharge"))
    assert places(chart) == [0, 1]
    assert chart.notes == ("Marker at some time: 2 ng/ml; its time has no place on this axis.",)


WHEN = st.one_of(
    st.sampled_from(
        ["a", "b", "day 1", "d 1", "day 3-9", "2020-01-01", "2020-02", "after a", "before b", "week 1", "A"]
    ),
    st.text(min_size=1, max_size=5),
)


@given(st.lists(st.lists(WHEN, max_size=6), max_size=4), st.lists(WHEN, max_size=4), WHEN)
def test_any_times_have_an_axis_on_which_days_stand_in_order(
    series: list[list[str]], courses: list[str], zero: str
) -> None:
    times = Times((), zero)
    axis = times.axis(series, [courses])
    names = [name for names in (*series, courses) for name in names]
    assert (axis is None) == (not names)
    if axis is None:
        return
    assert axis.low < axis.high
    found = [times.place(name) for name in names]
    assert all(place is not None and axis.low < place[0] <= place[1] < axis.high for place in found)
    assert times.place("day 1") == times.place("d 1")
    days = [times.place(day) for day in ("day 1", "day 2", "day 4") if day in names]
    assert all(one and other and one[0] < other[0] for one, other in pairwise(days))
    assert [mark.at for mark in axis.events] == sorted(mark.at for mark in axis.events)


# --- bars -------------------------------------------------------------------------------------------------------------


def bar_of(course: str, more: str = "") -> tuple[Bar, tuple[str, ...]]:
    """The bar of a course among values of days 0 and 40."""
    chart = chart_of(f"    before:\n      - {{drug: drug A, {course}}}\n{more}" + marker("day 0", "day 40"))
    return chart.bars[0], chart.notes


BROKEN = "A bar breaks up where its stop is not known."
HATCHED = "Hatched: a start or stop that is derived or in doubt."


@pytest.mark.parametrize(
    ("course", "start", "stop", "end", "notes"),
    [
        ("start: day 3, stop: day 9", 3, 9, End.KNOWN, ()),
        ("start: day 3", 3, None, End.UNKNOWN, (BROKEN,)),
        ("start: day 3, stop: not reported", 3, None, End.UNKNOWN, (BROKEN,)),
        ("start: day 3, stop: Ongoing", 3, None, End.ONGOING, ("An arrow: still given at the end.",)),
        ("start: day 3-9", 3, 9, End.KNOWN, ()),
        ("stop: day 9", None, 9, End.KNOWN, ()),
        ("dose: 1, unit: mg", None, None, End.UNKNOWN, ("Dotted: when is not known (drug A).",)),
        (
            "start: day 9, stop: day 3",
            9,
            None,
            End.UNKNOWN,
            (BROKEN, "Drug A: its stop (day 3) is before its start (day 9), and is not drawn."),
        ),
        (
            "start: {derived: day 3, from: the text}, stop: day 9",
            3,
            9,
            End.KNOWN,
            (HATCHED, "Drug A: its start (day 3) is derived from the text."),
        ),
        (
            "start: {conflicting: [{value: day 12}, {value: day 3}]}, stop: day 20",
            12,
            20,
            End.KNOWN,
            (HATCHED, "Drug A: the report contradicts itself on its start (day 12 / day 3)."),
        ),
    ],
)
def test_the_ends_of_a_bar(
    course: str, start: float | None, stop: float | None, end: End, notes: tuple[str, ...]
) -> None:
    bar, told = bar_of(course)
    assert (bar.start, bar.stop, bar.end) == (start, stop, end)
    assert told == notes


def test_a_start_in_doubt_is_between_its_alternatives() -> None:
    bar, _ = bar_of("start: {conflicting: [{value: day 12}, {value: day 3}]}")
    assert (bar.earliest, bar.start) == (3, 12)
    timeline = "    timeline: [admission, {event: worsening, also: [the worsening]}, discharge]\n"
    course = "    before: [{drug: drug A, start: {conflicting: [{value: before the worsening}, {value: after the worsening}]}}]\n"
    (bar,) = chart_of(timeline + course + marker("admission", "discharge")).bars
    assert bar.earliest is not None
    assert bar.start is not None
    assert 0 < bar.earliest < 1 < bar.start < 2


@pytest.mark.parametrize(
    ("course", "doses"),
    [
        ("count: 1, start: day 3", (3,)),
        ("count: 3, schedule: every 2 weeks, start: day 3", (3, 17, 31)),
        ("count: 3, schedule: every 2 weeks, start: day 3, stop: day 31", (3, 17, 31)),
        ("count: 3, schedule: every 2 weeks, start: day 3, stop: day 10", ()),
        ("count: 2-3, schedule: every 2 weeks, start: day 3", ()),
        ("count: 3, schedule: with a taper, start: day 3", ()),
        ("count: 3, schedule: weekly", ()),
        ("count: 5000, schedule: daily, start: day 3", ()),
    ],
)
def test_single_doses(course: str, doses: tuple[float, ...]) -> None:
    bar, notes = bar_of(course)
    assert bar.doses == doses
    told = [note for note in notes if note.startswith("Doses drawn")]
    assert told == (["Doses drawn by their schedule: drug A (every 2 weeks)."] if len(doses) > 1 else [])


def test_an_order_of_events_has_no_doses_by_schedule() -> None:
    course = "    before: [{drug: drug A, count: 3, schedule: weekly, start: admission}]\n"
    (bar,) = chart_of(course + marker("admission", "discharge")).bars
    assert (bar.start, bar.doses, bar.end) == (0, (), End.UNKNOWN)


def test_what_is_given_in_words() -> None:
    bars = chart_of(DAYS).bars
    assert [(bar.drug, bar.detail) for bar in bars[:7]] == [
        ("prednisolone", "2 mg/kg/day, oral"),
        ("prednisolone", "1 mg/kg/day"),
        ("methylprednisolone", "30 mg/kg, daily, ×3"),
        ("immunoglobulin", "2 g/kg, ×1"),
        ("drug A", "5 mg/kg/day"),
        ("drug B", "dose not reported"),
        ("drug C", "700 mg/m2"),
    ]
    assert [bar.group for bar in bars] == ["Treatment before drug X"] * 9 + ["Drug X"] * 2 + [
        "Treatment after drug X"
    ] * 3


# --- lines ------------------------------------------------------------------------------------------------------------


def test_lines_have_values_ranges_bounds_and_gaps() -> None:
    marker_line, alt, ast, platelets, saturation = chart_of(DAYS).lines
    assert [(p.text, p.low, p.high, p.sign) for p in marker_line.points] == [
        ("1250.4", 1250.4, 1250.4, ""),
        ("316", 316, 316, ""),
        ("120000", 120000, 120000, ""),
        ("4000–5000", 4000, 5000, ""),
        ("<10", 10, 10, "<"),
        ("25", 25, 25, ""),
    ]
    assert [(gap.text, gap.when) for gap in marker_line.gaps] == [("not reported", "day 75")]
    assert [line.is_log for line in (marker_line, alt, ast, platelets, saturation)] == [
        True,
        False,
        False,
        False,
        False,
    ]
    assert [str(line.reference) for line in (marker_line, alt, ast, platelets)] == ["<30", "7–30", "14–44", "150–400"]
    assert (alt.points[-1].at, alt.points[-1].until) == (60 / 7, 10)
    assert [(p.low, p.high, p.is_conflicting) for p in ast.points[1:2]] == [(100, 130, True)]
    notes = chart_of(DAYS).notes
    assert "Marker at day 75: not reported (normal)." in notes
    assert "AST at day 12: the report contradicts itself (100 / 130)." in notes


def test_other_reference_ranges_are_told() -> None:
    body = (
        "    alt:\n      - {value: 9, when: day 1, reference: 7-30}\n      - {value: 8, when: day 2, reference: <40}\n"
    )
    chart = chart_of(body)
    assert str(chart.lines[0].reference) == "7–30"
    assert chart.notes == ("ALT: other reference ranges are given too (<40); the first is drawn.",)


def test_values_of_zero_or_less_have_no_logarithm() -> None:
    body = "    alt:\n      - {value: 0, when: day 1}\n      - {value: 9000, when: day 2}\n"
    assert not chart_of(body).lines[0].is_log


# --- which cases, which fields ----------------------------------------------------------------------------------------


def test_what_was_measured_once_in_all_cases_is_told_and_no_line() -> None:
    body = marker("day 1", "day 9") + "    alt: [{value: 345, when: day 1, reference: 7-30}]\n"
    chart = chart_of(body)
    assert [line.label for line in chart.lines] == ["Marker"]
    assert chart.notes == ("Measured once, at day 1: ALT 345 U/l (reference 7–30).",)
    chart = chart_of(body, course="{cases: all, lines: [alt]}")
    assert ([line.label for line in chart.lines], chart.notes) == (["ALT"], ())


def test_bars_come_in_the_order_of_the_form_s_figure() -> None:
    chart = chart_of(DAYS, course="{cases: all, bars: [after, drug_x], lines: [ast, alt]}")
    assert list(dict.fromkeys(bar.group for bar in chart.bars)) == ["Treatment after drug X", "Drug X"]
    assert [line.label for line in chart.lines] == ["AST", "ALT"]


def test_the_cases_that_are_asked_for_are_drawn() -> None:
    assert [chart.name for chart in charts(reviewed(CASES))] == [f"doe-2020-{name}" for name in CASES]
    assert [chart.case for chart in charts(reviewed(CASES, course="{cases: [doe-2020/two, doe-2020/days]}"))] == [
        "doe-2020/days",
        "doe-2020/two",
    ]
    assert charts(reviewed(CASES, course="{}")) == ()  # this review has no index report
    assert charts(reviewed(CASES, course="")) == ()


def test_a_case_without_anything_in_time_has_no_figure() -> None:
    nothing = "    marker: not reported\n    before: [{drug: drug A, dose: 1, unit: mg}]\n    signs: [{value: x, when: day 1}]\n"
    assert charts(reviewed({"1": nothing})) == ()
    only_gaps = "    marker: [{value: unclear, when: day 1}]\n"
    assert charts(reviewed({"1": only_gaps})) == ()


def test_names_of_files_never_meet() -> None:
    assert [chart.name for chart in charts(reviewed({"a": CASES["two"], "A": CASES["two"]}))] == [
        "doe-2020-a",
        "doe-2020-A-2",
    ]


def test_the_whole_course_in_words() -> None:
    body = marker("admission", "discharge") + "    before: [{drug: drug A, dose: 1, unit: mg, start: admission}]\n"
    assert chart_of(body).words == (
        "The clinical course of Doe 2020, case 1. Time: order of events; distances are not to scale. "
        "Events in their order: admission; discharge. "
        "Treatment before drug X: drug A, 1 mg, start: admission, stop: not given. "
        "Marker (ng/ml): admission 1, discharge 2; reference range <30. "
        "A bar breaks up where its stop is not known."
    )


def test_forms_with_the_figure_s_keys_are_read() -> None:
    assert reviewed(CASES, course="{bars: [before], lines: [marker], zero: x, cases: all}", form=FORM).inputs.form
