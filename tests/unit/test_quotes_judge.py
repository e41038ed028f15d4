"""Cells held against the text of an invented report: true ones, distorted ones, and quotes typeset otherwise."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from casetable.curation.files import read_report
from casetable.quotes import (
    Judged,
    Kind,
    Outcome,
    Text,
    abstract_text,
    cell_hash,
    count_outcomes,
    judge,
    read_text,
    slots,
)
from tests.support.quotes import (
    CASES,
    TEXT,
    TITLE,
    Distorted,
    Variant,
    distortions,
    form_of,
    judged,
    report_of,
    spots,
    text_of,
    variants,
    varied_texts,
)

# A tenth of them; `make bench-quotes` takes 500 of each, on a seed of its own.
SEED, CHUNKS, EACH = 20261126, 5, 10


def of(found: tuple[Judged, ...], case: str, slot: str) -> Judged:
    [one] = [each for each in found if (each.slot.case, each.slot.name) == (case, slot)]
    return one


def changed(case: int, field: str, **cell: str) -> Judged:
    """What becomes of one cell of the invented extraction when some of it is replaced."""
    cases: list[dict[str, Any]] = copy.deepcopy(CASES)
    entry = cases[case - 1].setdefault(field, {})
    at = entry[0] if isinstance(entry, list) else entry
    at.update(cell)
    for key in [key for key, value in at.items() if value == ""]:
        del at[key]
    name = f"{field}[1]" if isinstance(entry, list) else field
    found = judged(cases)
    return of(found, str(case), name if any(each.slot.name == name for each in found) else f"{name}.dose")


def test_the_true_cells_are_verified_where_they_stand() -> None:
    found = judged(CASES)
    accepted = [each for each in found if each.outcome is Outcome.VERIFIED]
    print(f"undistorted: {len(accepted)} of {len(found)} verified")
    assert [(each.slot.name, each.message) for each in found if each not in accepted] == []
    assert {each.slot.kind for each in found} == set(Kind)
    text = text_of().content
    ferritin = of(found, "1", "ferritin[1]")
    assert text[ferritin.start : ferritin.end] == "ferritin 1,271.4 ng/ml"
    assert of(found, "3", "anti_mda5").start > text.index("Case 3")
    assert of(found, "1", "anti_mda5").start < text.index("Case 2")


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_distorted_cells_are_refused(chunk: int) -> None:
    accepted = [
        wrong
        for wrong in distortions(SEED + chunk, EACH)
        if of(judged(wrong.cases), wrong.case, wrong.slot).outcome in {Outcome.VERIFIED, Outcome.ELSEWHERE}
    ]
    assert [(each.how, each.case, each.slot, each.said) for each in accepted] == []


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_quotes_typeset_otherwise_are_accepted(chunk: int) -> None:
    refused = [
        (same.how, same.said)
        for same in variants(SEED + chunk, EACH)
        if of(judged(same.cases), same.case, same.slot).outcome is not Outcome.VERIFIED
    ]
    assert refused == []  # the bar is 99 of 100; today it is all of them


def test_the_generator_distorts_and_varies() -> None:
    wrong: list[Distorted] = list(distortions(SEED, 200))
    assert {each.how for each in wrong} == {
        "digits swapped", "decimal moved", "unit changed", "neighbor's value", "other choice"
    }  # fmt: skip
    assert len({each.said for each in wrong}) > 120
    same: list[Variant] = list(variants(SEED, 200))
    assert len({each.how for each in same}) > 25
    assert len(spots()) > 50


def test_the_whole_text_may_be_typeset_otherwise() -> None:
    for how, text in varied_texts(SEED):
        refused = [each for each in judged(CASES, text) if each.outcome is not Outcome.VERIFIED]
        # "é" in a heading is no typesetting of "Case"
        assert how == "accents" or [(how, each.slot.name, each.message) for each in refused] == []


@pytest.mark.parametrize(
    ("case", "field", "cell", "outcome", "message"),
    [
        (1, "alt", {"value": "866", "reported": "866 U/L"}, Outcome.NEAR, "'866 U/l' stands there for AST: "),
        (1, "ferritin", {"value": "12714"}, Outcome.NEAR, "the quote does not say '12714 ng/ml': "),
        (1, "ferritin", {"reported": "ferritin 1,217.4 ng/ml"}, Outcome.NEAR, "'ferritin 1,217.4 ng/ml' is not in the text, but "),
        (1, "ferritin", {"reported": "no such words at all here"}, Outcome.ABSENT, "'no such words at all here' is not in the text"),
        (1, "ferritin", {"where": "Discussion"}, Outcome.ELSEWHERE, "stands in 'Case presentation > Case 1'; expected in 'Discussion', as the cell says"),
        (1, "ferritin", {"where": "page 3"}, Outcome.VERIFIED, ""),
        (1, "age_years", {"value": "55", "reported": "55-year-old man"}, Outcome.ABSENT, "'55-year-old man' stands in the list of references only, which is no evidence"),
        (1, "sex", {"value": "female"}, Outcome.NEAR, "the quote has no printed form of 'female' ('female', 'woman' or 'girl'), but of 'male': "),
        (2, "sex", {"value": "male", "reported": "a 41-year-old man, a girl"}, Outcome.ABSENT, "'a 41-year-old man, a girl' stands in the title only, which is no evidence"),
        (2, "imaging", {"value": "improved"}, Outcome.NEAR, "the quote has no printed form of 'improved' ('improved', 'absorbed' or 'improvement'), but of 'unchanged': "),
        (2, "age_years", {"value": "41", "reported": "41-year-old man"}, Outcome.NEAR, "stands in the text for case 1: "),
        (1, "support", {"value": "high-flow oxygen", "reported": "on room air … high-flow nasal oxygen"}, Outcome.VERIFIED, ""),
        (1, "support", {"value": "high-flow oxygen", "reported": "high-flow nasal oxygen … on room air"}, Outcome.NEAR, "'high-flow nasal oxygen … on room air' is not in the text, but "),
        (1, "country", {"value": "Ruritania 1984"}, Outcome.NEAR, "the quote does not say '1984': "),
        (1, "country", {"value": "methylprednisolone"}, Outcome.NEAR, "the quote says nothing of 'methylprednisolone', which stands elsewhere: "),
        (3, "alt", {"value": "22", "reported": ""}, Outcome.VERIFIED, ""),
        (3, "alt", {"value": "25", "reported": ""}, Outcome.NEAR, "'25 U/l' stands in the text, but not with the name of the field: "),
        (3, "alt", {"value": "23", "reported": ""}, Outcome.ABSENT, "'23 U/l' is not in the text"),
        (3, "age_years", {"reported": ""}, Outcome.VERIFIED, ""),
        (2, "sex", {"reported": ""}, Outcome.VERIFIED, ""),
        (2, "sex", {"value": "male", "reported": ""}, Outcome.NEAR, "no printed form of 'male' stands in the text, but one of 'female': "),
        (1, "country", {"value": "Ruritania", "reported": ""}, Outcome.VERIFIED, ""),
        (1, "country", {"value": "Atlantis", "reported": ""}, Outcome.UNVERIFIABLE, "'Atlantis' has no quote; expected 'reported', as the report prints it"),
        (2, "follow_up_months", {"value": "1.5", "unit": "year", "reported": "18 months of follow-up"}, Outcome.NEAR, "stands in the text for case 1: "),
        (1, "follow_up_months", {"value": "1.5", "unit": "year"}, Outcome.VERIFIED, ""),
        (3, "ferritin", {"value": "0.089", "unit": "mg/l"}, Outcome.VERIFIED, ""),
        (3, "ferritin", {"value": "89", "unit": "mg/l"}, Outcome.NEAR, "the quote does not say '89000 ng/ml': "),
        (2, "crp", {"value": "0.5"}, Outcome.NEAR, "the quote does not say '0.5 mg/l': "),
    ],
)  # fmt: skip
def test_outcomes(case: int, field: str, cell: dict[str, str], outcome: Outcome, message: str) -> None:
    found = changed(case, field, **cell)
    assert (found.outcome, found.message[: len(message)]) == (outcome, message)
    assert bool(found.message) is (outcome is not Outcome.VERIFIED)


def test_a_course_is_of_the_drug_that_its_quote_names() -> None:
    cases: list[dict[str, Any]] = copy.deepcopy(CASES)
    cases[0]["treatment"][0]["drug"] = "tacrolimus"
    cases[0]["treatment"][1]["dose"] = "500"
    found = judged(cases)
    drug = of(found, "1", "treatment[1].drug")
    assert (drug.outcome, drug.message.split(":")[0]) == (
        Outcome.NEAR,
        "the quote says nothing of 'tacrolimus', which stands elsewhere",
    )
    assert of(found, "1", "treatment[2].dose").outcome is Outcome.NEAR


def test_no_text_is_unverifiable_and_an_abstract_refutes_only_what_it_should_hold() -> None:
    report, form = report_of(CASES), form_of()
    counts = count_outcomes(judge(report, form, []))
    assert counts[Outcome.UNVERIFIABLE] == sum(counts.values()) > 70
    abstract = abstract_text("PubMed", TITLE, [("", "A 41-year-old man from Ruritania had ferritin 1,271.4 ng/ml.")])
    found = judge(report, form, [abstract])
    assert of(found, "1", "age_years").outcome is Outcome.VERIFIED
    assert (of(found, "1", "ldh").outcome, of(found, "1", "ldh").message) == (
        Outcome.UNVERIFIABLE,
        "only the abstract is at hand, and it does not hold it",
    )


def test_of_several_texts_the_best_counts() -> None:
    other = read_text("other.txt", b"Quite another text without any of it.")
    found = judge(report_of(CASES), form_of(), [other, text_of()])
    assert {each.outcome for each in found} == {Outcome.VERIFIED}
    assert {each.text for each in found} == {"invented.txt"}


def test_the_records_title_is_no_evidence_wherever_it_stands() -> None:
    running = read_text("a.txt", f"Introduction\n\nJ Invent. {TITLE}. Page 2\n\nNothing else.".encode())
    cases = [
        {"case": "1", "eligible": "yes", "age_years": {"value": "41", "unit": "year", "reported": "41-year-old man"}}
    ]
    report, _ = read_report("r.yaml", "r", _yaml(cases), form_of())
    assert report is not None
    assert judge(report, form_of(), [running])[0].outcome is Outcome.VERIFIED
    assert judge(report, form_of(), [running], [TITLE])[0].outcome is Outcome.ABSENT


def test_a_quote_of_two_cases_belongs_to_the_one_that_the_paragraph_is_about() -> None:
    text = Text(name="t", hash="h", content="", sections=())
    told = "A girl of 9 years had ALT 128 U/L, LDH 240 U/L, and a body weight of 27.3 kg.\n\nA man of 41 years had ALT 345 U/L."
    text = read_text("t", told.encode())
    girl = {"case": "a", "eligible": "yes", "age_years": _of("9", "A girl of 9 years", "year"), "alt": [_of("128", "ALT 128 U/L", "U/L", when="first")],
            "ldh": _of("240", "LDH 240 U/L", "U/L"), "weight_kg": _of("27.3", "body weight of 27.3 kg", "kg")}  # fmt: skip
    man = {
        "case": "b",
        "eligible": "yes",
        "age_years": _of("9", "A girl of 9 years", "year"),
        "alt": [_of("345", "ALT 345 U/L", "U/L", when="first")],
    }
    report, _ = read_report("r.yaml", "r", _yaml([girl, man]), form_of())
    assert report is not None
    found = judge(report, form_of(), [text])
    assert of(found, "a", "age_years").outcome is Outcome.VERIFIED
    assert of(found, "b", "age_years").outcome is Outcome.NEAR
    assert of(found, "b", "age_years").message.startswith("stands among what is said of case a: ")


def _of(value: str, reported: str, unit: str, **more: str) -> dict[str, str]:
    return {"value": value, "unit": unit, "reported": reported, **more}


def _yaml(cases: list[dict[str, Any]]) -> bytes:
    import yaml

    return yaml.safe_dump({"schema": "1", "report": "pmid:1", "cases": cases}, sort_keys=False).encode()


def test_the_hash_of_a_cell_is_of_what_it_says() -> None:
    form = form_of()
    [first, *_] = slots(report_of(CASES).cases[0], form)
    cases = copy.deepcopy(CASES)
    cases[0]["age_years"]["note"] = "a remark"
    [noted, *_] = slots(report_of(cases).cases[0], form)
    cases[0]["age_years"]["reported"] = "41 year old man"
    [other, *_] = slots(report_of(cases).cases[0], form)
    assert cell_hash(first.cell) == cell_hash(noted.cell) != cell_hash(other.cell)


def test_all_of_the_text_is_invented_and_its_title_in_it() -> None:
    assert TEXT.startswith(TITLE)
