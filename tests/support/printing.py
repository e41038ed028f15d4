"""A review of invented cases that is hard to print, and LibreOffice to see what came of it."""

from __future__ import annotations

import datetime as dt
import subprocess
from dataclasses import replace
from pathlib import Path

from casetable.model import Overlap, OverlapVerdict
from casetable.problems import Place
from casetable.review import Review
from tests.e2e.conftest import required
from tests.unit.test_review import PROTOCOL, decision, form_of, record, report_of, review_of, search, strategy

GIANT = "Wort" * 75
FORM = """\
fields:
  age: {label: Age, type: number, unit: year}
  sex: {label: Sex, type: choice, choices: {female: [girl], male: [boy]}}
  story: {label: "Story & <b>more</b>", type: text}
  marker: {label: Marker, type: number, unit: ng/ml, series: yes}
  center: {label: Center, type: text, required: no}
  drug_x: {label: Drug X, type: courses, drug: drug X}
  others: {label: Other drugs, type: courses}
abbreviations: {ILD: interstitial lung disease, RP-ILD: rapidly progressive ILD, IVIG: "immunoglobulin, i.v.", XYZ: never met}
table:
  title: A <b>hard</b> table & its ]]> title
  columns:
    - {field: age, note: at admission}
    - sex
    - story
    - {field: marker, take: highest, note: the highest of all}
    - drug_x
    - {field: others, part: drug}
    - center
  group_by: sex
  notes: [Invented cases all.]
tables:
  over-time: {columns: [marker, center], paper: portrait, title: Over time}
  supplement:
    title: All of it
    columns: [age, sex, story, marker, {field: marker, take: first, name: m1}, {field: marker, take: last, name: m2},
      {field: marker, take: lowest, name: m3}, {field: marker, take: highest, name: m4}, center, drug_x,
      {field: drug_x, part: dose, name: d1}, {field: drug_x, part: schedule, name: d2}, {field: drug_x, part: stop, name: d3}, others,
      {field: others, part: drug, name: o1}, {field: others, part: dose, name: o2}, {field: story, name: s1}, {field: center, name: c1}]
"""
STORIES = [
    "RP-ILD after IVIGs",
    "=1+1",
    "-2 and @sum",
    "a <script>alert(1)</script> & more | that",
    GIANT,
    "bell \\a, not a character \\uffff, over\\u202eridden, two\\nlines",
    "急速進行性間質性肺炎の症例報告",
    "تقرير حالة واحدة",
    "cafe\\u0301 and 👩\\u200d⚕️ and ﬁbrosis",
    "ILD " + "and then this and that came to pass in the course of the illness, " * 12,
]


def hard_review() -> Review:
    """Three reports: one retracted, one whose patient was told before, one with all of the stories; and one not extracted."""
    form = form_of(FORM)
    cases = "".join(
        f"  - case: {number}\n    eligible: yes\n    age: {age}\n    sex: {sex}\n    story: {quoted(story)}\n    marker:\n"
        f"      - {{value: {number * 100}, when: admission}}\n      - {{{marker}, when: day 9}}\n"
        f"    drug_x:\n      - {{dose: {number}, unit: mg/kg, route: not reported, start: day 3}}\n"
        "      - {dose: unclear, stop: {derived: day 40, from: the discharge}}\n"
        "    others:\n      - {drug: drug Y, dose: {conflicting: [{value: 1, unit: mg, where: Text}, {value: 2, unit: mg, where: Table 2}]}, schedule: daily}\n"
        "      - {drug: {derived: IVIG, from: its dose}}\n"
        for number, (story, age, sex, marker) in enumerate(
            zip(
                STORIES,
                ["3", "0.25", "{derived: 63, from: the year of birth}", "92-93", "<18", "unclear", "not reported"]
                + ["40"] * 3,
                ["female", "male", "not accessible", "{derived: male, from: his beard}"] * 3,
                [
                    "value: not applicable",
                    "conflicting: [{value: 900, where: Text}, {value: 950, where: Table 1}]",
                    "value: 1200-1300",
                ]
                * 4,
                strict=False,
            ),
            1,
        )
    )
    short = "  - case: 1\n    eligible: yes\n    age: 40\n    sex: male\n    story: short\n    marker: not accessible\n    drug_x: not reported\n    others: not reported\n"
    records = [
        record(
            "pmid:11",
            authors=("Doe A", "Smith JB"),
            doi="10.1234/one",
            title="An \x07 invented <i>report</i> & more",
            journal="J Invent",
            volume="1",
            issue="2",
            pages="3–9",
        ),
        record("pmid:12", authors=("de la Cruz É",), title="Why this?", notices=("RetractionIn pmid:99",)),
        record("pmid:13", authors=("Roe B",), year="2021"),
        record("pmid:14", authors=("Moe C",), year="2022"),
    ]
    made = review_of(
        records=records,
        strategies=[strategy("main")],
        searches=[search("main", [each.key for each in records])],
        decisions=[decision(each.key, "reports", "include") for each in records],
        reports=[
            report_of("doe-2020", "pmid:11", form, cases),
            report_of("cruz-2020", "pmid:12", form, short + "  - {case: 2b, eligible: no, reason: other-drug}\n"),
            report_of("roe-2021", "pmid:13", form, short),
        ],
        form=form,
        protocol=replace(PROTOCOL, title="A hard review"),
    )  # fmt: skip
    same = Overlap(
        cases=("cruz-2020/1", "roe-2021/1"),
        verdict=OverlapVerdict.SAME,
        by="A. Curator",
        when=dt.date(2026, 1, 15),
        note="",
        place=Place(path="curated/overlaps.yaml"),
    )
    return Review(replace(made.inputs, overlaps=(same,)))


def quoted(text: str) -> str:
    """A text as YAML between double quotes; its escapes are YAML's."""
    return '"' + text.replace('"', '\\"') + '"'


def converted(data: bytes, name: str, to: str, folder: Path) -> bytes:
    """What LibreOffice makes of a document in another format."""
    required("soffice")
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(data)
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    subprocess.run(
        ["soffice", profile, "--headless", "--convert-to", to, "--outdir", str(folder / "made"), str(folder / name)],
        check=True,
        capture_output=True,
        timeout=180,
    )
    return (folder / "made" / name).with_suffix(f".{to}").read_bytes()
