"""Points in the course of a case, as extractions write them."""

from __future__ import annotations

import datetime as dt
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casetable.times import DAYS, Moment, read_interval, read_moment


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("day 12", 12, 12),
        ("Day 12", 12, 12),
        ("d 12", 12, 12),
        ("d12", 12, 12),
        ("on day 12", 12, 12),
        ("day 0", 0, 0),
        ("day -3", -3, -3),
        ("day −3", -3, -3),
        ("day +3", 3, 3),
        ("day 1-8", 1, 8),
        ("days 1 to 8", 1, 8),
        ("day 1 to day 8", 1, 8),
        ("day 12 (after drug X)", 12, 12),
        ("week 3", 21, 21),
        ("weeks 2–4", 14, 28),
        ("month 6", Fraction(1461, 8), Fraction(1461, 8)),
        ("at 6 months", Fraction(1461, 8), Fraction(1461, 8)),
        ("year 1", Fraction(1461, 4), Fraction(1461, 4)),
        ("3 weeks", 21, 21),
        ("after 3 weeks", 21, 21),
        ("3 weeks after", 21, 21),
        ("2-3 weeks", 14, 21),
        ("2 days before", -2, -2),
        ("2-3 days before", -3, -2),
        ("36 hours", Fraction(3, 2), Fraction(3, 2)),
        ("2.5 days", Fraction(5, 2), Fraction(5, 2)),
    ],
)
def test_a_time_in_days(text: str, low: Fraction, high: Fraction) -> None:
    moment = read_moment(text)
    assert moment is not None
    assert (moment.low, moment.high, moment.is_date) == (low, high, False)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("2020-03-01", "2020-03-01", "2020-03-01"),
        ("on 2020-03-01", "2020-03-01", "2020-03-01"),
        ("2020-02", "2020-02-01", "2020-02-29"),
        ("2020-03-01 to 2020-03-08", "2020-03-01", "2020-03-08"),
    ],
)
def test_a_date(text: str, low: str, high: str) -> None:
    ends = [Fraction(dt.date.fromisoformat(day).toordinal()) for day in (low, high)]
    assert read_moment(text) == Moment(low=ends[0], high=ends[1], is_date=True)


@pytest.mark.parametrize(
    "text",
    [
        "", "baseline", "20 days later", "3 weeks ago", "for 3 weeks", "hospital day 3", "day-3", "postoperative day 3",
        "day 8-1", "2020-13-01", "2020-02-30", "2020-03-08 to 2020-03-01", "2020", "day", "week three",
        "after 2 days before", "3 weeks after the first dose", "6 months of follow-up", "day 1234567", "12",
    ],
)  # fmt: skip
def test_what_counts_from_no_known_zero_is_no_time(text: str) -> None:
    assert read_moment(text) is None


@given(st.integers(0, 99999), st.sampled_from(["day", "week", "month", "year"]))
def test_every_number_of_every_unit_is_read(number: int, unit: str) -> None:
    for text in (f"{unit} {number}", f"{number} {unit}s", f"{unit.upper()} {number}"):
        assert read_moment(text) == Moment(low=number * DAYS[unit], high=number * DAYS[unit], unit=unit)


@given(st.text())
def test_any_text_is_read_or_not(text: str) -> None:
    moment = read_moment(text)
    assert moment is None or moment.low <= moment.high
    assert (read_interval(text) or 1) > 0


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("daily", 1),
        ("weekly", 7),
        ("once weekly", 7),
        ("every 2 weeks", 14),
        ("once every 2 weeks", 14),
        ("every other day", 2),
        ("q4w", 28),
        ("per week", 7),
        ("monthly", Fraction(1461, 48)),
        ("twice a day", None),
        ("every 0 days", None),
        ("biweekly", None),
        ("with a gradual taper", None),
    ],
)
def test_a_schedule(text: str, days: Fraction | None) -> None:
    assert read_interval(text) == days
