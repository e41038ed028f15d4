"""Invented reviews for the tests of the report page: one with a bit of everything, and one that attacks its reader."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from casetable.edition import Edition
from casetable.model import Acceptance, Signed, Verified
from casetable.problems import Place, Problem, Severity
from casetable.quotes import cell_hash
from casetable.review import Review
from tests.unit.test_review import (
    PROTOCOL,
    decision,
    form_of,
    record,
    report_of,
    review_of,
    search,
    strategy,
)

FORM = """\
fields:
  age: {label: Age, group: Patient, type: number, unit: year, help: at admission}
  sex: {label: Sex, group: Patient, type: choice, choices: {female: [], male: []}}
  city: {label: City, group: Patient, type: text, required: no}
  marker: {label: Marker, group: Laboratory, type: number, unit: ng/ml, series: yes, reference: <30}
  drug: {label: Drug, group: Treatment, type: courses, drug: drug X}
table:
  columns: [age, sex, {field: marker, take: highest, name: marker_highest, note: of all that were measured}, drug, city]
  notes: [All of this is invented.]
tables:
  by-sex: {columns: [age, drug], group_by: sex, order: [-age], title: By sex}
abbreviations: {CT: computed tomography}
"""
DOE = """\
  - case: a
    eligible: yes
    age: {value: 18, unit: month, reported: eighteen months, where: p. 1, note: counted from birth}
    sex: female
    city: Zürich, the old town
    marker:
      - {value: 900, when: day 1, reported: "900 ng/ml", where: Table 1}
      - {value: 1200, when: day 3}
      - {value: unclear, when: day 9}
    drug:
      - {dose: 8, unit: mg/kg, route: iv, start: day 3, where: p. 3, note: the only one}
      - {dose: not reported, stop: day 40}
  - case: b
    eligible: yes
    age: {conflicting: [{value: 30, reported: thirty, where: Text}, {value: 31, where: Table 1}], note: odd}
    sex: male
    city: '=SUM(A1); @x, "q"; -1; ''-2; Aarau'
    marker: not reported
    drug: not applicable
    questions: [{question: Is it?, answer: It is.}, {question: Why?}]
  - {case: c, eligible: no, reason: no-case}
"""
ROE = """\
  - case: 1
    eligible: yes
    age: 9
    sex: {derived: female, from: that she was pregnant}
    marker: [{value: <280, when: day 1}]
    drug: [{dose: 4, unit: mg/kg}]
  - {case: 2, eligible: yes, otherwise: not accessible}
"""


def sample() -> Edition:
    """Four eligible cases of two reports: conflicts, derived values, reasons, numbers over time, courses, drift, problems."""
    form = form_of(FORM)
    main = strategy("main", text="drug AND x")
    first = search(main, ["pmid:11", "pmid:13"], when="2025-06-01T08:00:00Z")
    second = search(main, ["pmid:12"], removed=["pmid:13"], previous=first)
    doe = report_of("doe-2020", "pmid:11", form, DOE)
    age = doe.cases[0].entries["age"].cells[0]
    verified = Verified(
        report="doe-2020", case="a", cell="age", content=cell_hash(age), outcome="verified", text="doe.pdf",
        text_hash="sha256:0", start=1, end=2, when=dt.date(2026, 1, 12), tool="casetable 0", place=Place(path="v"),
    )  # fmt: skip
    review = review_of(
        records=[
            record("pmid:11", authors=("Doe A",), doi="10.1234/doe"),
            record("pmid:12", authors=("Roe B",), year="2022"),
            record("pmid:13", authors=("Poe C",)),
        ],
        strategies=[main, strategy("second")],
        searches=[first, second],
        decisions=[
            decision("pmid:11", "reports", "include"),
            decision("pmid:12", "reports", "include"),
            decision("pmid:13", "records", "exclude", reason="no-case"),
        ],
        reports=[doe, report_of("roe-2022", "pmid:12", form, ROE, access="abstract")],
        form=form,
    )
    return Edition(Review(replace(review.inputs, verified=(verified,))), PROBLEMS, [(PROBLEMS[1], ACCEPTED)])


PROBLEMS = [
    Problem(place=Place(path="curated/reports/doe-2020.yaml", line=4), code="E202", severity=Severity.WARNING,
            field="questions", message="case b: open question: 'Why?'"),
    Problem(place=Place(path="curated/screening.yaml"), code="S101", severity=Severity.ERROR, field="", message="nobody decided"),
]  # fmt: skip
ACCEPTED = Acceptance(
    code="S101", reason="it is known", by="A. Curator", when=dt.date(2026, 1, 1), place=Place(path="review.yaml")
)

HOSTILE = "\"></script><script>window.__pwned=1;alert('x')</script><img src=x onerror=alert(1)>&amp;]]><!--"


def hostile(doi: str = "10.1234/x", pmid: str = "") -> Edition:
    """A review with the hostile text wherever a person or a source may put one; its form's labels too."""
    quoted = "'" + HOSTILE.replace("'", "''") + "'"
    form = form_of(
        f"fields:\n  n: {{label: {quoted}, group: {quoted}, type: number, unit: year, help: {quoted}}}\n"
        f"  t: {{label: {quoted}, group: {quoted}, type: text}}\n"
        f"  c: {{label: {quoted}, type: choice, choices: {{{quoted}: []}}}}\n"
        f"  d: {{label: {quoted}, type: courses, required: no}}\n"
        f"table: {{columns: [n, {{field: t, note: {quoted}}}, c, d], notes: [{quoted}], title: {quoted}, group_by: t}}\n"
        f"abbreviations: {{{quoted}: {quoted}}}\n"
    )
    cases = (
        f"  - case: 1\n    eligible: yes\n    note: {quoted}\n"
        f"    n: {{value: 18, unit: month, reported: {quoted}, where: {quoted}, note: {quoted}}}\n    t: {quoted}\n    c: {quoted}\n"
        f"    d: [{{drug: {quoted}, dose: 8, unit: mg, where: {quoted}, note: {quoted}}}]\n"
        f"    questions: [{{question: {quoted}, answer: {quoted}}}, {{question: {quoted}}}]\n"
        f"  - case: 2\n    eligible: yes\n    n: {{conflicting: [{{value: 1, where: {quoted}}}, {{value: 2, reported: {quoted}}}]}}\n"
        f"    t: {{derived: x, from: {quoted}}}\n    c: unclear\n"
        f"  - {{case: 3, eligible: no, reason: no-case, note: {quoted}}}\n"
    )
    doe = record(
        "pmid:11", title=HOSTILE, authors=(HOSTILE, "Roe B"), journal=HOSTILE, doi=doi, year=HOSTILE,
        publication_types=("Retracted Publication",),
    )  # fmt: skip
    if pmid:
        doe = replace(doe, pmid=pmid, doi="")
    other = record("own:r1", title=HOSTILE, authors=("Poe C",))
    signed = Signed(by=HOSTILE, when=dt.date(2026, 1, 2), place=Place(path="q.yaml"), note=HOSTILE)
    main = replace(
        strategy("main", text=HOSTILE),
        name=HOSTILE,
        purpose=HOSTILE,
        source=HOSTILE,
        written=signed,
        peer_reviewed=signed,
    )
    first = search(main, ["own:r1"], when="2025-06-01T08:00:00Z")
    second = replace(
        search(main, ["pmid:11"], removed=["own:r1"], previous=first),
        translation=HOSTILE,
        warnings={HOSTILE: (HOSTILE,)},
        term=HOSTILE,
    )
    report = report_of("doe-2020", "pmid:11", form, cases)
    review = review_of(
        records=[doe, other],
        strategies=[main, strategy("second")],
        searches=[first, second],
        decisions=[
            decision("pmid:11", "reports", "include"),
            decision("own:r1", "reports", "exclude", reason="no-case"),
        ],
        reports=[replace(report, note=HOSTILE, by=HOSTILE)],
        form=form,
        protocol=replace(PROTOCOL, title=HOSTILE, question=HOSTILE, exclusion_reasons={"no-case": HOSTILE}),
    )
    place = Place(path=HOSTILE, line=1)
    problem = Problem(place=place, code="E101", severity=Severity.ERROR, field=HOSTILE, message=HOSTILE, hint=HOSTILE)
    entry = replace(ACCEPTED, by=HOSTILE, reason=HOSTILE)
    return Edition(review, [problem], [(problem, entry)])
