"""Texts as they are typeset: what is one, and what is never one."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casetable.quotes.amounts import amounts
from casetable.quotes.reading import find, read


def is_in(quote: str, text: str) -> bool:
    return next(find(read(quote), read(text)), None) is not None


@pytest.mark.parametrize(
    ("quote", "text"),
    [
        ("1,271.4 ng/ml", "ferritin 1271.4 ng/mL"),
        ("1 271.4 ng/ml", "ferritin 1,271.4 ng/ml"),
        ("1.271,4 ng/ml", "ferritin 1,271.4 ng/ml"),
        ("1271·4 ng/ml", "ferritin 1,271.4 ng/ml"),
        ("12,345", "12 345 cells"),
        ("1,186 ng/ml", "Ferritin 3,5 mg/l, D-Dimer 1.186 ng/ml"),
        ("92-93%", "92%–93% at rest"),
        ("3 sessions", "three sessions of plasma exchange"),
        ("twenty-one days", "after 21 days"),
        ("muscle strength grade 4", "muscle strength grade IV"),
        ("3rd week", "in the third week"),
        ("pro-gressive", "rapidly pro-\ngressive"),
        ("rapidly progressive", "rapidly pro-\ngressive disease"),
        ("fibrosis", "lung ﬁbrosis"),
        ("50 mcg/ml", "50 µg ml⁻¹"),
        ("50 μg/ml", "50 µg·mL−1"),
        ("700 mg/m2", "700 mg/m²"),
        ("700 mg/m^2", "700 mg/m²"),
        ("6.2×10^9/L", "6.2 × 10⁹/L"),
        ("6.2 x 109/l", "6.2 × 10⁹/L"),
        ("2 mg per kg", "2 mg/kg/day"),
        ("97 per cent", "97%"),
        ("anti MDA-5 positive", "anti-MDA5-positive"),
        ("Sjogren", "Sjögren's syndrome"),
        ("Gottron's papules", "Gottron’s papules"),
        ("IFN-alpha", "IFN-α"),
        ("3 year old girl", "A 3-year-old girl"),
        ("high flow", "high-flow nasal oxygen"),
        ("a & b", "a and b"),
        ("<280", "below the limit (< 280 ng/ml)"),
        ("1.5 years", "1½ years"),
        ("trau\u00admatic", "traumatic"),
        ("5 &micro;g", "5 µg"),
        ("ANA (+)", "ANA (+) and RF (−)"),
    ],
)
def test_what_is_one(quote: str, text: str) -> None:
    assert is_in(quote, text)


@pytest.mark.parametrize(
    ("quote", "text"),
    [
        ("1.27", "12.7"),
        ("12.7", "1.27"),
        ("127", "1,271.4"),
        ("271.4", "1,271.4"),
        ("1271", "1,271.4"),
        ("280 ng/ml", "<280 ng/ml"),
        (">280", "<280"),
        ("male", "female"),
        ("gress", "progressive"),
        ("progress", "progressive"),
        ("not able", "notable"),
        ("1,271.4 mg/ml", "1,271.4 ng/ml"),
        ("5 mg", "5 µg"),
        ("5 mg", "5 g"),
        ("mg/kg", "mg/kp"),
        ("grade 4", "intravenous (IV) fluids, grade"),
        ("4 mg", "IV mg"),
        ("third", "3"),
        ("ANA (-)", "ANA (+)"),
        ("700 mg/m2", "700 mg/m³"),
        ("10^9/l", "10^6/l"),
        ("5-6", "56"),
        ("", "anything"),
    ],
)
def test_what_is_never_one(quote: str, text: str) -> None:
    assert not is_in(quote, text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from 1,271.4 to 316 ng/ml", [("1271.4", "ng/ml"), ("316", "ng/ml")]),
        ("92%–93% at rest", [("92–93", "%")]),
        ("8–10 mg/kg/dose, once every 2 weeks for four times", [("8–10", "mg/kg"), ("2", "week"), ("4", "")]),
        ("345, 335 and 350 U/L", [("345", "U/l"), ("335", "U/l"), ("350", "U/l")]),
        ("a 3-year-old girl", [("3", "year")]),
        ("IL-6 7.5 pg/mL, anti-MDA5, T2", [("7.5", "pg/ml")]),
        ("less than 5 days, <280 ng/ml", [("<5", "day"), ("<280", "ng/ml")]),
        ("at least 8 mg", [("≥8", "mg")]),
        ("6.2 × 10⁹/L", [("6.2", "10^9/l")]),
        ("between 8 and 10 mg", [("8–10", "mg"), ("8", "mg"), ("10", "mg")]),
        ("39.5 °C", [("39.5", "°C")]),
        ("−2.5 SD", [("-2.5", "")]),
    ],
)
def test_amounts(text: str, expected: list[tuple[str, str]]) -> None:
    read_ = read(text)
    assert [(str(each.number), each.unit) for each in amounts(read_, 0, len(read_.stream))] == expected


def test_a_spread_is_no_amount_of_its_own() -> None:
    read_ = read("5 ± 2 mg")
    assert [(str(a.number), a.is_spread) for a in amounts(read_, 0, len(read_.stream))] == [("5", False), ("2", True)]


def test_commas_are_decimal_where_the_text_has_them_so() -> None:
    assert read("CRP 3,5 mg/l, Ferritin 1,271 µg/l").figures[3].readings == (Decimal("3.5"),)
    ferritin = read("CRP 3,5 mg/l, Ferritin 1,271 µg/l")
    assert [f.readings[0] for f in ferritin.figures.values()] == [Decimal("3.5"), Decimal("1.271")]
    assert [f.readings[0] for f in read("CRP 3.5, ferritin 1,271").figures.values()] == [Decimal("3.5"), Decimal(1271)]


texts = st.text(
    st.one_of(
        st.characters(codec="utf-8"), st.sampled_from(list("0123456789.,-–·⁹²µﬁ½ \n%/±<>×IVabm\u00a0\u2009\u00ad&;"))
    ),
    max_size=80,
)


@settings(deadline=None)  # the first unit that is no common one loads pint
@given(texts)
def test_a_reading_says_where_all_of_it_stands(text: str) -> None:
    read_ = read(text)
    assert len(read_.stream) == len(read_.starts) == len(read_.ends) == len(read_.gaps)
    assert list(read_.starts) == sorted(read_.starts)
    assert all(0 <= start < end <= len(text) for start, end in zip(read_.starts, read_.ends, strict=True))
    list(amounts(read_, 0, len(read_.stream)))


@given(texts, st.data())
def test_what_stands_in_a_text_is_found_where_it_stands(text: str, data: st.DataObject) -> None:
    words = text.split()
    if not words:
        return
    first = data.draw(st.integers(0, len(words) - 1))
    quote = " ".join(words[first : data.draw(st.integers(first + 1, len(words)))])
    whole = read(" ".join(words), joins_thousands=False, has_decimal_commas=False)
    wanted = read(quote, joins_thousands=False, has_decimal_commas=False)
    for match in find(wanted, whole):
        again = read(whole.text[match.start : match.end], joins_thousands=False, has_decimal_commas=False)
        assert again.stream == wanted.stream
