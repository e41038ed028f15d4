"""Single cells against a sentence: what looks like evidence and is none, and what is, however it is put."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from casetable.curation.files import read_report
from casetable.curation.forms import read_form
from casetable.quotes import Judged, Outcome, judge, read_text

FIELDS = """\
schema: 1
fields:
  age: {label: Age, type: number, unit: year}
  ferritin: {label: Ferritin, type: number, unit: ng/ml}
  alt: {label: ALT, type: number, unit: U/l}
  platelets: {label: Platelets, type: number, unit: 10^9/l}
  temperature: {label: Temperature, type: number, unit: °C}
  stay: {label: Hospital stay, type: number, unit: day}
  exchanges: {label: "Plasma exchange, sessions", type: number}
  imaging: {label: Imaging, type: choice, choices: {improved: [improvement], worse: [progression]}}
  sepsis: {label: Sepsis, type: choice, choices: {present: [sepsis, septic shock], excluded: []}}
  lesion: {label: Lesion, type: text}
  drugs: {label: Drugs, type: courses}
table: {columns: [age]}
"""


def probe(field: str, cell: dict[str, Any], text: str, part: str = "") -> Judged:
    form, problems = read_form("form.yaml", FIELDS.encode())
    assert form is not None, problems
    entry: object = [cell] if field == "drugs" else cell
    file = {"schema": "1", "report": "pmid:1", "cases": [{"case": "1", "eligible": "yes", field: entry}]}
    report, faults = read_report(
        "r.yaml", "r", yaml.safe_dump(file, sort_keys=False, allow_unicode=True).encode(), form
    )
    assert report is not None, faults
    found = judge(report, form, [read_text("t", f"Case report\n\n{text}".encode())])
    [one] = [each for each in found if each.slot.part == part]
    return one


def number(value: str, reported: str, unit: str = "") -> dict[str, str]:
    return {"value": value, "reported": reported, **({"unit": unit} if unit else {})}


@pytest.mark.parametrize(
    ("field", "cell", "text"),
    [
        ("ferritin", number("1271", "ferritin 1271 AU", "ng/ml"), "A ferritin 1271 AU was found."),
        ("ferritin", number("20", "ferritin 20k", "ng/ml"), "A ferritin 20k was found."),
        ("ferritin", number("12", "high ferritin [12]", "ng/ml"), "It has high ferritin [12] in all."),
        ("ferritin", number("3", "ferritin (Table 3)", "ng/ml"), "The rise of ferritin (Table 3) was steep."),
        ("ferritin", number("5", "day 5 ferritin", "ng/ml"), "On day 5 ferritin rose to 812 ng/ml."),
        ("ferritin", number("12", "ferritin on 12 May", "ng/ml"), "The ferritin on 12 May was high."),
        ("ferritin", number("20", "twenty thousand ng/ml", "ng/ml"), "Ferritin was twenty thousand ng/ml."),
        ("ferritin", number("2000", "over 2000 ng/ml", "ng/ml"), "Ferritin was over 2000 ng/ml."),
        ("ferritin", number("2000", "⩽2000 ng/ml", "ng/ml"), "Ferritin was ⩽2000 ng/ml."),
        ("ferritin", number("11-306", "11–306 ng/ml", "ng/ml"), "Ferritin was 1271 ng/ml (11–306 ng/ml)."),
        ("ferritin", number("200", "normal 200 ng/ml", "ng/ml"), "Ferritin was 1271 ng/ml (normal 200 ng/ml)."),
        ("alt", number("3", "ALT rose 3-fold", "U/l"), "The ALT rose 3-fold."),
        ("alt", number("408", "AST 408 U/L", "U/l"), "AST 408 U/L was found."),
        ("alt", number("408", "AST/ALT 408/312 U/L", "U/l"), "Then AST/ALT 408/312 U/L was found."),
        ("alt", number("408", "ALT and AST were 312 and 408 U/L", "U/l"), "His ALT and AST were 312 and 408 U/L."),
        ("temperature", number("101", "101 F", "°C"), "The temperature was 101 F."),
        ("age", number("10", "10-year history", "year"), "A 54-year-old man with a 10-year history of it."),
        ("age", number("31", "31-year-old", "year"), "The girl was born to a 31-year-old mother."),
        ("exchanges", number("13", "score was 13"), "The coma score was 13. She had plasma exchange."),
        ("exchanges", number("2", "Fig. 2"), "Plasma exchange is shown in Fig. 2."),
        ("imaging", number("improved", "no signs of any improvement"), "There were no signs of any improvement."),
        ("imaging", number("improved", "did not show an improvement"), "CT did not show an improvement."),
        ("sepsis", number("present", "sepsis was ruled out"), "Finally, sepsis was ruled out."),
        ("sepsis", number("present", "sepsis"), "There was no fever, sepsis or cough."),
        ("sepsis", number("present", "brother had septic shock"), "Her brother had septic shock."),
        ("lesion", number("left lung", "right lung"), "The right lung was affected."),
        ("lesion", number("HLA-B27", "HLA-B51"), "He had HLA-B51."),
    ],
)
def test_what_is_no_evidence(field: str, cell: dict[str, str], text: str) -> None:
    assert probe(field, cell, text).outcome in {Outcome.NEAR, Outcome.ABSENT}


@pytest.mark.parametrize(
    ("field", "cell", "text"),
    [
        ("platelets", number("11", "platelets 11,000/mm³", "10^9/l"), "He had platelets 11,000/mm³."),
        ("platelets", number("11", "11 × 10<sup>9</sup>/L", "10^9/l"), "The platelets were 11 x10(9)/L."),
        ("ferritin", number(">2000", "over 2000 ng/ml", "ng/ml"), "Ferritin was over 2000 ng/ml."),
        ("ferritin", number("<280", "less than 280 ng/ml", "ng/ml"), "Ferritin was <280 ng/ml."),
        ("ferritin", number("20000", "twenty thousand ng/ml", "ng/ml"), "Ferritin was twenty thousand ng/ml."),
        ("ferritin", number("91-94", "91 to 94 ng/ml", "ng/ml"), "Ferritin was 91–94 ng/ml."),
        ("ferritin", number("1271", "1,271 ng per litre", "ng/l"), "The ferritin was 1,271 ng/L."),
        ("alt", number("312", "AST/ALT 408/312 U/L", "U/l"), "Then AST/ALT 408/312 U/L was found."),
        ("alt", number("312", "ALT and AST were 312 and 408 U/L", "U/l"), "His ALT and AST were 312 and 408 U/L."),
        ("stay", number("19", "discharged on day 19", "day"), "He was discharged on day 19."),
        ("age", number("54", "a man of 54", "year"), "There came a man of 54 with it."),
        ("age", number("54", "54 y/o", "year"), "A 54 y/o man came."),
        ("age", number("48", "48-jähriger Mann", "year"), "Ein 48-jähriger Mann kam."),
        ("age", number("1.5", "1 1/2 years", "year"), "At the age of 1 1/2 years she came."),
        (
            "exchanges",
            number("3", "three sessions of plasma exchange"),
            "After three sessions of plasma exchange he left.",
        ),
        ("imaging", number("improved", "showed improvement"), "There was no fever, and imaging showed improvement."),
        ("temperature", number("40.1", "40.1 ºC", "°C"), "His temperature was 40.1°C."),
        ("lesion", number("anti-Ro52", "anti-RO-52"), "He had anti-RO-52 antibodies² in serum."),
    ],
)
def test_what_is_evidence(field: str, cell: dict[str, str], text: str) -> None:
    found = probe(field, cell, text)
    assert (found.outcome, found.message) == (Outcome.VERIFIED, "")


@pytest.mark.parametrize(
    ("course", "text", "part", "outcome"),
    [
        ({"dose": "15", "unit": "mg/day"}, "methotrexate 15 mg every week", "dose", Outcome.NEAR),
        ({"dose": "15", "unit": "mg/day"}, "methotrexate 15 mg twice daily", "dose", Outcome.NEAR),
        ({"dose": "15", "unit": "mg/day"}, "methotrexate 15 mg daily", "dose", Outcome.VERIFIED),
        ({"dose": "15", "unit": "mg/week"}, "methotrexate 15 mg once a week", "dose", Outcome.VERIFIED),
        ({"dose": "1", "unit": "mg/kg"}, "methotrexate 1 mg/kg/day", "dose", Outcome.NEAR),
        ({"dose": "1", "unit": "mg/kg", "schedule": "daily"}, "methotrexate 1 mg/kg/day", "dose", Outcome.VERIFIED),
        ({"dose": "5", "unit": "mg", "count": "2"}, "methotrexate 5 mg twice daily", "count", Outcome.NEAR),
        ({"dose": "5", "unit": "mg", "count": "1"}, "methotrexate 5 mg was given once", "count", Outcome.VERIFIED),
        ({"dose": "5", "unit": "mg", "count": "14"}, "methotrexate 5 mg on day 14", "count", Outcome.NEAR),
        ({"dose": "5", "unit": "mg", "schedule": "monthly"}, "methotrexate 5 mg weekly", "schedule", Outcome.NEAR),
        ({"dose": "5", "unit": "mg", "route": "oral"}, "intravenous methotrexate 5 mg", "route", Outcome.NEAR),
        ({"dose": "5", "unit": "mg"}, "not given methotrexate 5 mg", "drug", Outcome.NEAR),
    ],
)
def test_courses(course: dict[str, str], text: str, part: str, outcome: Outcome) -> None:
    cell = {"drug": "methotrexate", **course, "reported": text}
    assert probe("drugs", cell, f"She was {text}, and left.", part).outcome is outcome


TABLE = """<!DOCTYPE article><article><front/><body><sec><title>Results</title><table-wrap><label>Table 1</label><table>
<tr><th>Case</th><th>Age (years)</th><th>Ferritin (ng/ml)</th><th>ALT (U/L)</th></tr>
<tr><td>1</td><td>41</td><td>1,271.4</td><td>345</td></tr><tr><td>2</td><td>9</td><td>504.7</td><td>128</td></tr></table></table-wrap>
</sec></body></article>"""


@pytest.mark.parametrize(
    ("field", "cell", "outcome"),
    [
        ("ferritin", number("1271.4", "1,271.4", "ng/ml"), Outcome.VERIFIED),
        ("alt", number("345", "345", "U/l"), Outcome.VERIFIED),
        ("alt", number("1271.4", "1,271.4", "U/l"), Outcome.NEAR),
        ("ferritin", number("345", "345", "ng/ml"), Outcome.NEAR),
        ("age", number("41", "41", "year"), Outcome.VERIFIED),
    ],
)
def test_a_table_gives_a_figure_to_the_head_of_its_column(field: str, cell: dict[str, str], outcome: Outcome) -> None:
    form, _ = read_form("form.yaml", FIELDS.encode())
    assert form is not None
    file = {"schema": "1", "report": "pmid:1", "cases": [{"case": "1", "eligible": "yes", field: cell}, {"case": "2"}]}
    report, faults = read_report("r.yaml", "r", yaml.safe_dump(file).encode(), form)
    assert report is not None, faults
    [found] = judge(report, form, [read_text("t.xml", TABLE.encode())])
    assert found.outcome is outcome
