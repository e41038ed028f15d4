"""An invented report, its extraction, and what can go wrong between the two: wrong values, and the same ones typeset otherwise.

Nothing in it is of a real patient. `distortions` yields cells that the text does not bear out, `variants` other ways of
printing what it does; both are seeded.
"""

from __future__ import annotations

import copy
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import yaml

from casetable.curation.files import read_report
from casetable.curation.forms import read_form
from casetable.model import Form, Report
from casetable.quotes import Judged, Text, judge, read_text

TITLE = "Three invented patients with invented lung disease: a 41-year-old man, a girl and a woman of 67"

TEXT = f"""{TITLE}

Abstract

Background: Invented lung disease is rare. We describe three patients, the youngest aged 9 years.

Introduction

Reports of invented lung disease give a ferritin of up to 9,000 ng/ml and a mortality of 40%. Earlier patients got 12 mg/kg of inventumab.

Case presentation

Case 1

A 41-year-old man from Utopia City, Ruritania, was admitted with fever for 3 weeks and a dry cough. His body weight was 72.5 kg. Laboratory tests showed ferritin 1,271.4 ng/ml (reference range 11–306 ng/ml), ALT 345 U/L (7–30 U/L), AST 866 U/L (14–44 U/L), LDH 736 U/L and CK 485 U/L; C-reactive protein was 8.25 mg/L, the erythrocyte sedimentation rate 31 mm/h, and the white blood cell count 6.2 × 10⁹/L. Hemoglobin was 10.8 g/dL. Anti-MDA5 antibodies were positive, anti-Ro-52 antibodies were negative. Oxygen saturation was 92%–93% on room air, so that he needed high-flow nasal oxygen.

He was given methylprednisolone (500 mg/day for 3 days, then 40 mg/day), tacrolimus (0.05 mg/kg/day) and intravenous cyclophosphamide (700 mg/m² once a month). His ferritin fell from 1,271.4 to 316 ng/ml, while ALT and AST fell to 52 and 61 U/L, respectively. After four sessions of plasma exchange, inventumab was started at 8 mg/kg every 2 weeks, six doses in all. The consolidations were absorbed, and the treatment was well tolerated. After 18 months of follow-up he was in remission.

Case 2

A 9-year-old girl presented with rapidly progressive dyspnea and arthralgia. Her ferritin was 504.7 ng/ml, ALT 128 U/L and AST 97 U/L; LDH was 1,186 U/L, CK 2,045 U/L. C-reactive protein was below 0.5 mg/L. Her hemoglobin was 12.1 g/dL and her body weight 27.3 kg. Muscle strength was grade IV. She received prednisone (2 mg/kg/day), hydroxychloroquine (5 mg/kg/day) and IVIG (2 g/kg/month, a total of three infusions), but was intubated on day 20. Inventumab (10 mg/kg) was given twice. The lesions showed no improvement; she died 7 months after the onset.

Case 3

The third patient was a 67-year-old woman with a two-month history of rash and no fever. Ferritin was 89 µg/L, ALT 22 U/L, AST 25 U/L, LDH 240 U/L, and C-reactive protein 112 mg/L. Oxygen saturation was 97%. Anti-MDA5 antibodies were positive. She was treated with prednisone 15 mg daily and, from the third week, with mycophenolate mofetil 1.5 g/day; inventumab was not given. Imaging was unchanged at the last visit, 30 months later, and she is alive with stable disease.

Discussion

Inventumab was well tolerated in the man of case 1. In a series of 24 patients, ferritin was 1,820 ng/ml on average, and 12 patients died.

References

1. Doe J. A 55-year-old man with ferritin of 777 ng/ml. J Invent 2019;1:1–2.
"""

FORM = """\
schema: 1
fields:
  age_years: {label: Age, type: number, unit: year, range: 0 to 120}
  sex: {label: Sex, type: choice, choices: {female: [woman, girl], male: [man, boy]}}
  country: {label: Country, type: text}
  weight_kg: {label: Body weight, type: number, unit: kg}
  ferritin: {label: Ferritin, type: number, unit: ng/ml, series: yes}
  alt: {label: ALT, type: number, unit: U/l, series: yes}
  ast: {label: AST, type: number, unit: U/l, series: yes}
  ldh: {label: LDH, type: number, unit: U/l}
  ck: {label: CK, type: number, unit: U/l}
  crp: {label: CRP, type: number, unit: mg/l}
  esr: {label: ESR, type: number, unit: mm/h}
  wbc: {label: White blood cells, type: number, unit: 10^9/l}
  hemoglobin: {label: Hemoglobin, type: number, unit: g/dl}
  anti_mda5: {label: Anti-MDA5, type: choice, choices: {positive: [], negative: []}}
  oxygen_saturation: {label: Oxygen saturation, type: number, unit: "%"}
  support:
    label: Respiratory support
    type: choice
    choices:
      none: [room air only]
      high-flow oxygen: [high-flow nasal oxygen]
      mechanical ventilation: [intubated, ventilator]
  muscle: {label: Muscle, type: text}
  plasma_exchanges: {label: "Plasma exchange, sessions", type: number}
  treatment: {label: Treatment, type: courses}
  inventumab: {label: Inventumab, type: courses, drug: inventumab}
  inventumab_doses: {label: "Inventumab, number of doses", type: number}
  imaging:
    label: Imaging
    type: choice
    choices: {improved: [absorbed, improvement], unchanged: [no improvement], worse: [progression]}
  adverse_events: {label: Adverse events, type: choice, choices: {none stated: [well tolerated], serious: [serious adverse events]}}
  outcome: {label: Outcome, type: choice, choices: {remission: [], stable: [stable disease], died: []}}
  follow_up_months: {label: Follow-up, type: number, unit: month}
table: {columns: [age_years, sex]}
"""

_Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
_AT = "Case presentation"


def _cell(value: object, reported: str, unit: str = "", **more: str) -> dict[str, object]:
    return {"value": value, **({"unit": unit} if unit else {}), "reported": reported, "where": _AT, **more}


CASES: list[dict[str, Any]] = [
    {
        "case": "1", "eligible": "yes",
        "age_years": _cell("41", "41-year-old man", "year"), "sex": _cell("male", "41-year-old man"),
        "country": _cell("Ruritania", "Utopia City, Ruritania"), "weight_kg": _cell("72.5", "72.5 kg", "kg"),
        "ferritin": [_cell("1271.4", "ferritin 1,271.4 ng/ml", "ng/ml", when="admission"), _cell("316", "from 1,271.4 to 316 ng/ml", "ng/ml", when="later")],
        "alt": [_cell("345", "345 U/L", "U/L", when="admission"), _cell("52", "ALT and AST fell to 52 and 61 U/L, respectively", "U/L", when="later")],
        "ast": [_cell("866", "866 U/L", "U/L", when="admission"), _cell("61", "ALT and AST fell to 52 and 61 U/L, respectively", "U/L", when="later")],
        "ldh": _cell("736", "LDH 736 U/L", "U/L"), "ck": _cell("485", "485 U/L", "U/L"), "crp": _cell("8.25", "8.25 mg/L", "mg/l"),
        "esr": _cell("31", "31 mm/h", "mm/h"), "wbc": _cell("6.2", "6.2 × 10⁹/L", "10^9/l"), "hemoglobin": _cell("10.8", "10.8 g/dL", "g/dl"),
        "anti_mda5": _cell("positive", "Anti-MDA5 antibodies were positive"), "oxygen_saturation": _cell("92-93", "92%–93% on room air", "%"),
        "support": _cell("high-flow oxygen", "needed high-flow nasal oxygen"), "plasma_exchanges": _cell("4", "four sessions of plasma exchange"),
        "treatment": [
            {"drug": "methylprednisolone", "dose": "500", "unit": "mg/day", "schedule": "3 days", "reported": "methylprednisolone (500 mg/day for 3 days", "where": _AT},
            {"drug": "tacrolimus", "dose": "0.05", "unit": "mg/kg/day", "reported": "tacrolimus (0.05 mg/kg/day)", "where": _AT},
            {"drug": "cyclophosphamide", "dose": "700", "unit": "mg/m2", "route": "intravenous", "schedule": "once a month", "reported": "intravenous cyclophosphamide (700 mg/m² once a month)", "where": _AT},
        ],
        "inventumab": [{"dose": "8", "unit": "mg/kg", "schedule": "every 2 weeks", "count": "6", "reported": "inventumab was started at 8 mg/kg every 2 weeks, six doses in all", "where": _AT}],
        "inventumab_doses": _cell("6", "six doses in all"), "imaging": _cell("improved", "The consolidations were absorbed"),
        "adverse_events": _cell("none stated", "the treatment was well tolerated"), "outcome": _cell("remission", "he was in remission"),
        "follow_up_months": _cell("18", "18 months of follow-up", "month"),
    },
    {
        "case": "2", "eligible": "yes",
        "age_years": _cell("9", "A 9-year-old girl", "year"), "sex": _cell("female", "A 9-year-old girl"), "weight_kg": _cell("27.3", "body weight 27.3 kg", "kg"),
        "ferritin": [_cell("504.7", "504.7 ng/ml", "ng/ml", when="admission")], "alt": [_cell("128", "ALT 128 U/L", "U/L", when="admission")],
        "ast": [_cell("97", "97 U/L", "U/L", when="admission")], "ldh": _cell("1186", "LDH was 1,186 U/L", "U/L"), "ck": _cell("2045", "2,045 U/L", "U/L"),
        "crp": _cell("<0.5", "below 0.5 mg/L", "mg/l"), "hemoglobin": _cell("12.1", "hemoglobin was 12.1 g/dL", "g/dl"),
        "muscle": _cell("strength grade IV", "Muscle strength was grade IV"), "support": _cell("mechanical ventilation", "was intubated on day 20"),
        "treatment": [
            {"drug": "prednisone", "dose": "2", "unit": "mg/kg/day", "reported": "prednisone (2 mg/kg/day)", "where": _AT},
            {"drug": "hydroxychloroquine", "dose": "5", "unit": "mg/kg/day", "reported": "hydroxychloroquine (5 mg/kg/day)", "where": _AT},
            {"drug": "IVIG", "dose": "2", "unit": "g/kg", "schedule": "monthly", "count": "3", "reported": "IVIG (2 g/kg/month, a total of three infusions)", "where": _AT},
        ],
        "inventumab": [{"dose": "10", "unit": "mg/kg", "count": "2", "reported": "Inventumab (10 mg/kg) was given twice", "where": _AT}],
        "imaging": _cell("unchanged", "The lesions showed no improvement"), "outcome": _cell("died", "she died 7 months after the onset"),
    },
    {
        "case": "3", "eligible": "yes",
        "age_years": _cell("67", "67-year-old woman", "year"), "sex": _cell("female", "67-year-old woman"),
        "ferritin": [_cell("89", "Ferritin was 89 µg/L", "µg/l", when="admission")], "alt": [_cell("22", "22 U/L", "U/L", when="admission")],
        "ast": [_cell("25", "25 U/L", "U/L", when="admission")], "ldh": _cell("240", "240 U/L", "U/L"), "crp": _cell("112", "C-reactive protein 112 mg/L", "mg/l"),
        "oxygen_saturation": _cell("97", "Oxygen saturation was 97%", "%"), "anti_mda5": _cell("positive", "Anti-MDA5 antibodies were positive"),
        "treatment": [
            {"drug": "prednisone", "dose": "15", "unit": "mg/day", "reported": "prednisone 15 mg daily", "where": _AT},
            {"drug": "mycophenolate mofetil", "dose": "1.5", "unit": "g/day", "reported": "mycophenolate mofetil 1.5 g/day", "where": _AT},
        ],
        "imaging": _cell("unchanged", "Imaging was unchanged at the last visit"), "outcome": _cell("stable", "alive with stable disease"),
        "follow_up_months": _cell("30", "30 months later", "month"),
    },
]  # fmt: skip


def form_of(text: str = FORM) -> Form:
    form, problems = read_form("curated/form.yaml", text.encode())
    assert form is not None, problems
    return form


def report_of(cases: list[dict[str, Any]]) -> Report:
    """The extraction of cases, read as the file that a person would have written."""
    file = {
        "schema": "1", "report": "pmid:11", "access": "full text", "extracted": {"by": "A. Curator", "when": "2026-01-15"},
        "cases_in_report": "3", "eligible_cases": "3", "cases": cases,
    }  # fmt: skip
    data = yaml.dump(file, Dumper=_Dumper, allow_unicode=True, sort_keys=False).encode()
    report, problems = read_report("curated/reports/doe-2020.yaml", "doe-2020", data, form_of())
    assert report is not None, problems
    assert not problems, [str(problem) for problem in problems]
    return report


def text_of(content: str = TEXT) -> Text:
    return read_text("invented.txt", content.encode())


def judged(cases: list[dict[str, Any]], text: Text | None = None) -> tuple[Judged, ...]:
    return judge(report_of(cases), form_of(), [text or text_of()], [TITLE])


# --- distortions ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Distorted:
    """An extraction in which one cell is wrong: `slot` of `case`, and what was done to it."""

    how: str
    case: str
    slot: str
    cases: list[dict[str, Any]]
    said: str


Spot = tuple[int, str, int | None, str]  # case, field, index, key of the value


def spots() -> list[Spot]:
    """Where the extraction has values: the case's index, field, index in it, and the key."""
    found: list[Spot] = []
    for number, case in enumerate(CASES):
        for name, entry in case.items():
            if name in {"case", "eligible"}:
                continue
            for index, cell in enumerate(entry if isinstance(entry, list) else [entry]):
                keys = ["value"] if "value" in cell else [key for key in ("dose", "count") if key in cell]
                found += [(number, name, index if isinstance(entry, list) else None, key) for key in keys]
    return found


def _at(cases: list[dict[str, Any]], spot: Spot) -> dict[str, Any]:
    number, name, index, _ = spot
    entry = cases[number][name]
    cell: dict[str, Any] = entry if index is None else entry[index]
    return cell


def _slot(spot: Spot) -> str:
    _, name, index, key = spot
    told = name if index is None else f"{name}[{index + 1}]"
    return told if key == "value" else f"{told}.{key}"


NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_OTHER_UNITS = {
    "ng/ml": ["mg/ml", "pg/ml", "mg/l"], "µg/l": ["mg/l", "pg/ml"], "u/l": ["U/ml"], "mg/l": ["g/l", "µg/l", "mg/dl"], "mm/h": ["mm/day"],
    "10^9/l": ["10^6/l", "10^12/l"], "g/dl": ["g/l", "mg/dl"], "kg": ["g", "mg"], "year": ["month", "week"], "month": ["year", "week", "day"],
    "mg/day": ["g/day", "mg/week", "µg/day"], "mg/kg/day": ["mg/day", "mg/kg/week", "g/kg/day"], "mg/m2": ["mg/kg", "g/m2"], "mg/kg": ["mg", "g/kg", "mg/m2"],
    "g/kg": ["mg/kg", "g"], "g/day": ["mg/day", "g/week"],
}  # fmt: skip


def _swapped(digits: str, dice: random.Random) -> str:
    """Digits of a number with two neighbors swapped, or where they are equal one of them changed."""
    places = [
        n
        for n in range(len(digits) - 1)
        if digits[n].isdigit() and digits[n + 1].isdigit() and digits[n] != digits[n + 1]
    ]
    if places:
        n = dice.choice(places)
        return digits[:n] + digits[n + 1] + digits[n] + digits[n + 2 :]
    n = dice.choice([n for n, character in enumerate(digits) if character.isdigit()])
    return digits[:n] + str((int(digits[n]) + dice.randint(1, 8)) % 9 + 1) + digits[n + 1 :]


def _moved(number: str, dice: random.Random) -> str:
    return f"{Decimal(number) * dice.choice([Decimal(10), Decimal('0.1'), Decimal('0.01'), Decimal(100)]):f}"


def distortions(seed: int, count: int) -> Iterator[Distorted]:
    """Yields extractions with one wrong cell each. None of them says what is true of the case by another way."""
    dice = random.Random(seed)
    form = form_of()
    made = 0
    while made < count:
        spot = dice.choice(spots())
        cases = copy.deepcopy(CASES)
        cell, key = _at(cases, spot), spot[3]
        about = form.fields[spot[1]]
        number = NUMBER.search(str(cell[key]))
        if about.choices:
            how = "other choice"
            others = [choice for choice in about.choices if choice != cell[key]]
            cell[key] = dice.choice(others)
            if dice.random() < 0.3 and about.choices[cell[key]]:
                cell["reported"] = dice.choice(about.choices[cell[key]])
        elif number is None:
            continue
        else:
            how = dice.choice(["digits swapped", "decimal moved", "unit changed", "neighbor's value"])
            if not _spoil(how, cell, key, spot, number[0], dice):
                continue
        if _is_true_all_the_same(cases, spot):
            continue
        made += 1
        yield Distorted(how=how, case=CASES[spot[0]]["case"], slot=_slot(spot), cases=cases, said=str(cell))


def _spoil(how: str, cell: dict[str, Any], key: str, spot: Spot, number: str, dice: random.Random) -> bool:
    old = str(cell[key])
    if how in {"digits swapped", "decimal moved"}:
        new = _swapped(number, dice) if how == "digits swapped" else _moved(number, dice)
        if Decimal(new) == Decimal(number) or ("-" in old and Decimal(new) >= Decimal(old.split("-")[1])):
            return False
        value = old.replace(number, new, 1)
        where = dice.choice(["value", "both", "quote"])
        printed = next(
            (f[0] for f in NUMBER.finditer(cell["reported"]) if Decimal(f[0].replace(",", "")) == Decimal(number)), None
        )
        if where != "value" and printed is None:
            where = "value"
        if where != "quote":
            cell[key] = value
        if where != "value" and printed is not None:
            cell["reported"] = cell["reported"].replace(printed, new, 1)
        return True
    if how == "unit changed":
        unit = str(cell.get("unit", "")) if key != "count" else ""
        others = _OTHER_UNITS.get(unit.lower(), [])
        if not others:
            return False
        new = dice.choice(others)
        cell["unit"] = new
        printed_unit = re.search(
            rf"{re.escape(unit)}|{re.escape(unit.replace('2', '²'))}", cell["reported"], re.IGNORECASE
        )
        if printed_unit and dice.random() < 0.5:
            cell["reported"] = cell["reported"].replace(printed_unit[0], new)
        return True
    other = dice.choice(
        [each for each in spots() if each[:3] != spot[:3] and (each[0] == spot[0] or dice.random() < 0.3)]
    )
    taken = _at(CASES, other)
    found = NUMBER.search(str(taken[other[3]]))
    if found is None or not NUMBER.fullmatch(str(taken[other[3]])):
        return False
    cell[key] = str(taken[other[3]])
    if dice.random() < 0.6:
        cell["reported"] = taken["reported"]
    return True


def _is_true_all_the_same(cases: list[dict[str, Any]], spot: Spot) -> bool:
    """Whether the text bears out the spoiled cell too, as a series' other value does; or the form does not take it."""
    number, name, _, key = spot
    cell = _at(cases, spot)
    entry = CASES[number][name]
    same_field = entry if isinstance(entry, list) else [entry]
    if cell == _at(CASES, spot):
        return True
    true = {(str(each.get(key)), str(each.get("unit", ""))) for each in same_field}
    if (str(cell.get(key)), str(cell.get("unit", ""))) in true and cell["reported"] in {
        e["reported"] for e in same_field
    }:
        return True
    data = yaml.dump(
        {"schema": "1", "report": "pmid:11", "cases": [cases[number]]}, Dumper=_Dumper, allow_unicode=True
    ).encode()
    _, problems = read_report("r.yaml", "r", data, form_of())
    return bool(problems)  # what check refuses needs no text


# --- typographic variants ---------------------------------------------------------------------------------------------

_DIGIT_WORDS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
]
_SUPERSCRIPT = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def _grouped(mark: str) -> Callable[[str, random.Random], str]:
    return lambda text, _: re.sub(r"(?<![\d.,])(\d{1,3}),?(\d{3})(?=\.\d|(?![\d,]))(?!\s*;)", rf"\1{mark}\2", text)


def _european(text: str, _: random.Random) -> str:
    def swap(found: re.Match[str]) -> str:
        return found[0].replace(",", "\0").replace(".", ",").replace("\0", ".")

    return re.sub(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?(?![\d,])|\d+\.\d{1,2}(?!\d)", swap, text)


def _worded(text: str, _: random.Random) -> str:
    return re.sub(
        r"(?<![\d.,–-])(\d|1[0-2])(?=-year| months| doses| sessions| weeks| days)",
        lambda f: _DIGIT_WORDS[int(f[1])],
        text,
    )


def _in_figures(text: str, _: random.Random) -> str:
    return re.sub(
        rf"\b({'|'.join(_DIGIT_WORDS[2:])})\b(?=[ -](?:sessions|doses|month|infusions))",
        lambda f: str(_DIGIT_WORDS.index(f[1])),
        text,
    )


def _hyphenated(text: str, dice: random.Random) -> str:
    words = list(re.finditer(r"[a-z]{8,}", text))
    if not words:
        return text
    word = dice.choice(words)
    at = word.start() + dice.randint(3, len(word[0]) - 3)
    return text[:at] + "-\n" + text[at:]


VARIANTS: dict[str, Callable[[str, random.Random], str]] = {
    "thousands without a mark": lambda text, _: re.sub(r"(?<=\d),(?=\d{3})", "", text),
    "thousands by a thin space": _grouped("\u2009"),
    "thousands by a no-break space": _grouped("\u00a0"),
    "thousands by a blank": _grouped(" "),
    "thousands by an apostrophe": _grouped("'"),
    "decimal comma": _european,
    "middle dot": lambda text, _: re.sub(r"(?<=\d)\.(?=\d)", "·", text),
    "number words": _worded,
    "figures for words": _in_figures,
    "en dash for hyphen": lambda text, _: text.replace("-", "–"),
    "hyphen for dash": lambda text, _: text.replace("–", "-"),
    "no-break hyphen": lambda text, _: text.replace("-", "\u2011"),
    "minus for dash": lambda text, _: text.replace("–", "−"),
    "to for dash": lambda text, _: text.replace("92%–93%", "92–93%"),
    "other micro": lambda text, _: text.replace("µ", "μ"),
    "mcg": lambda text, _: text.replace("µg", "mcg"),
    "liter": lambda text, _: text.replace("/L", "/l").replace("ml", "mL"),
    "negative power": lambda text, _: re.sub(r"\b(ng|mg|µg|U|g)/(ml|mL|L|l|dL)\b", lambda f: f"{f[1]} {f[2]}⁻¹", text),
    "negative power with a dot": lambda text, _: re.sub(
        r"\b(ng|mg|µg|U|g)/(ml|mL|L|l|dL)\b", lambda f: f"{f[1]}·{f[2]}−1", text
    ),
    "per": lambda text, _: text.replace("mg/kg", "mg per kg").replace("mg/day", "mg per day"),
    "square by a caret": lambda text, _: text.replace("m²", "m^2"),
    "square on the line": lambda text, _: text.replace("m²", "m2"),
    "power by a caret": lambda text, _: text.replace("× 10⁹/L", "x 10^9/L"),
    "power on the line": lambda text, _: text.replace("× 10⁹/L", "×109/L"),
    "power with a star": lambda text, _: text.replace(" × 10⁹/L", "*10^9/L"),
    "no blank before the unit": lambda text, _: re.sub(r"(?<=\d) (?=(?:mg|ng|g|kg|U|µg)\b)", "", text),
    "no-break space before the unit": lambda text, _: re.sub(r"(?<=\d) (?=[a-zA-Zµ])", "\u00a0", text),
    "thin space before the unit": lambda text, _: re.sub(r"(?<=\d) (?=[a-zA-Zµ])", "\u2009", text),
    "blank before percent": lambda text, _: text.replace("%", " %"),
    "percent in words": lambda text, _: text.replace("97%", "97 per cent"),
    "ligatures": lambda text, _: text.replace("ffl", "ﬄ").replace("fi", "ﬁ").replace("fl", "ﬂ"),
    "hyphenated line end": _hyphenated,
    "line break": lambda text, dice: re.sub(" ", lambda _: "\n" if dice.random() < 0.3 else " ", text),
    "soft hyphen": lambda text, _: re.sub(r"([a-z]{4})([a-z]{4})", "\\1\u00ad\\2", text),
    "zero-width space": lambda text, _: text.replace("/", "/\u200b"),
    "capitals": lambda text, _: text.upper().replace("Μ", "µ") if not re.search(r"[µ⁹]|\bIV\b", text) else text,
    "first letter": lambda text, _: text[:1].swapcase() + text[1:],
    "roman and figure": lambda text, _: text.replace("grade IV", "grade 4"),
    "curly quotes": lambda text, _: f"“{text}”",
    "full width figures": lambda text, _: text.translate(str.maketrans("0123456789", "０１２３４５６７８９")),
    "accents": lambda text, _: text.replace("e", "é", 1) if " " in text else text,
    "no hyphen": lambda text, _: (
        text.replace("-year-old", " year old").replace("Anti-MDA5", "Anti MDA5").replace("high-flow", "high flow")
    ),
    "entity": lambda text, _: text.replace("–", "&ndash;").replace("µ", "&micro;"),
    "superscript reference": lambda text, _: text,
}


@dataclass(frozen=True)
class Variant:
    """A quote of the extraction typeset in another way."""

    how: str
    case: str
    slot: str
    cases: list[dict[str, Any]]
    said: str


def variants(seed: int, count: int) -> Iterator[Variant]:
    """Yields extractions in which one quote is printed otherwise than in the text, and says the same."""
    dice = random.Random(seed)
    made = 0
    while made < count:
        spot = dice.choice(spots())
        cases = copy.deepcopy(CASES)
        cell = _at(cases, spot)
        how = dice.choice(sorted(VARIANTS))
        printed = VARIANTS[how](str(cell["reported"]), dice)
        if printed == cell["reported"]:
            continue
        cell["reported"] = printed
        made += 1
        yield Variant(how=how, case=CASES[spot[0]]["case"], slot=_slot(spot), cases=cases, said=printed)


def varied_texts(seed: int) -> Iterator[tuple[str, Text]]:
    """Yields the report's text with every token that a variant knows typeset in that way."""
    dice = random.Random(seed)
    for how in sorted(VARIANTS):
        content = "\n\n".join(VARIANTS[how](part, dice) for part in TEXT.split("\n\n"))
        if content != TEXT and how not in {"capitals", "curly quotes"}:
            yield how, text_of(content)
