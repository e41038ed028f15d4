"""Invented clinical courses: of days, of dates, of an order alone; long, crowded and hostile ones."""

from __future__ import annotations

from casetable.course import Chart, charts
from casetable.review import Review
from tests.unit.test_review import decision, form_of, record, report_of, review_of, search, strategy

FORM = """\
fields:
  before: {label: Treatment before drug X, type: courses, required: no}
  drug_x: {label: Drug X, type: courses, drug: drug X, required: no}
  after: {label: Treatment after drug X, type: courses, required: no}
  marker: {label: Marker, type: number, unit: ng/ml, series: yes, reference: <30, required: no}
  alt: {label: ALT, type: number, unit: U/l, series: yes, required: no}
  ast: {label: AST, type: number, unit: U/l, series: yes, required: no}
  platelets: {label: Platelets, type: number, unit: 10^9/l, series: yes, reference: 150-400, required: no}
  saturation: {label: Oxygen saturation, type: number, unit: "%", series: yes, reference: ">94", required: no}
  signs: {label: Signs, type: text, series: yes, required: no}
table:
  columns: [signs]
"""

DAYS = """\
    timeline:
      - {event: admission, day: 0}
      - {event: worsening, day: 20}
      - {event: admission to intensive care, day: 22}
      - {event: first dose of drug X, day: 28}
      - {event: discharge, day: 90}
    before:
      - {drug: prednisolone, dose: 2, unit: mg/kg/day, route: oral, start: admission, stop: day 14}
      - {drug: prednisolone, dose: 1, unit: mg/kg/day, start: day 14, stop: ongoing}
      - {drug: methylprednisolone, dose: 30, unit: mg/kg, schedule: daily, count: 3, start: day 20}
      - {drug: immunoglobulin, dose: 2, unit: g/kg, start: week 1, count: 1}
      - {drug: drug A, dose: 5, unit: mg/kg/day, start: day 2}
      - {drug: drug B, dose: not reported, start: {derived: day 3, from: the text}, stop: day 40}
      - {drug: drug C, dose: 700, unit: mg/m2, start: {conflicting: [{value: day 10, where: Text}, {value: day 25, where: Table}]}}
      - {drug: drug D, start: not reported, stop: day 15}
      - {drug: drug E, dose: 1, unit: g, start: not reported}
    drug_x:
      - {dose: 8, unit: mg/kg, schedule: every 2 weeks, count: 4, start: first dose of drug X}
      - {dose: 8, unit: mg/kg, schedule: monthly, count: 2, start: day 98}
    after:
      - {drug: drug F, dose: 50, unit: mg, schedule: three times a day, start: day 30, stop: still given}
      - {drug: drug G, dose: 100, unit: mg, start: day 35 to 60}
      - {drug: drug H, dose: 1, unit: mg, start: 10 days before, stop: discharge}
    marker:
      - {value: 1250.4, when: admission}
      - {value: 316, when: day 12}
      - {value: 120000, when: worsening}
      - {value: 4000-5000, when: day 33}
      - {value: <10, when: day 60}
      - {value: not reported, when: day 75, note: normal}
      - {value: 25, when: discharge}
    alt:
      - {value: 345, when: admission, reference: 7-30}
      - {value: 335, when: day 12}
      - {value: 350, when: worsening}
      - {value: 41, when: day 60-70}
    ast:
      - {value: 200, when: admission, reference: 14-44}
      - {conflicting: [{value: 100}, {value: 130}], when: day 12}
      - {value: 90, when: day 30}
    platelets:
      - {value: 90, when: admission}
      - {value: 40, when: day 5}
      - {value: 60, when: day 6}
      - {value: 65, when: day 7}
      - {value: 70, when: day 8}
      - {value: 72, when: day 9}
      - {value: 80, when: day 10}
      - {value: 180, when: day 30}
      - {value: 250, when: discharge}
    saturation:
      - {value: 92-93, when: worsening}
      - {value: ">98", when: discharge}
"""
TWO = """\
    marker:
      - {value: 900, when: admission}
      - {value: 30, when: discharge}
"""
DATES = """\
    drug_x:
      - {dose: 8, unit: mg/kg, schedule: monthly, count: 5, start: 2020-03-01}
    before:
      - {drug: drug A, dose: 1, unit: g, start: 2020-01-15, stop: 2020-02}
    marker:
      - {value: 900, when: 2020-01-10}
      - {value: 450, when: 2020-03-01}
      - {value: 30, when: 2020-08-31}
"""
LONG = "    marker:\n" + "".join(
    f"      - {{value: {10 + 37 * at % 90}, when: the event of the course with number {at}}}\n" for at in range(1, 31)
)
HOSTILE = """\
    before:
      - drug: a combination of an unusually named immunosuppressant, its metabolite and a third constituent that is hardly ever given
        dose: 12.5
        unit: mg/kg
        schedule: on the first, the third and the fifth day of each cycle of three weeks, as long as it is tolerated
        start: admission
      - {drug: "<b>$x_2$ & \\u4e2d\\u6587 \\u202e</b>", dose: 1, unit: mg, start: "\\u4e2d"}
      - {drug: Donaudampfschifffahrtselektrizitatenhauptbetriebswerkbauunterbeamtengesellschaftspulverundtablettenundmehrdavon, dose: 1, unit: g, start: admission, stop: discharge}
    marker:
      - {value: 900000000000000, when: admission}
      - {value: 0.000000001, when: "\\u4e2d"}
      - {value: -5, when: discharge}
    alt:
      - {value: 5, when: discharge}
      - {value: 4, when: admission}
"""
CASES = {"days": DAYS, "two": TWO, "dates": DATES, "long": LONG, "hostile": HOSTILE}


def reviewed(cases: dict[str, str], *, course: str = "{cases: all}", form: str = FORM) -> Review:
    """A review of one report with these cases by their ids."""
    read = form_of(form + (f"course: {course}\n" if course else ""))
    text = "".join(f"  - case: {name}\n    eligible: yes\n{body}" for name, body in cases.items())
    return review_of(
        records=[record("pmid:11", authors=("Doe A",))],
        strategies=[strategy("main")],
        searches=[search("main", ["pmid:11"])],
        decisions=[decision("pmid:11", "reports", "include")],
        reports=[report_of("doe-2020", "pmid:11", read, text)],
        form=read,
    )


def chart_of(case: str, *, course: str = "{cases: all}", form: str = FORM) -> Chart:
    """The chart of one case."""
    (chart,) = charts(reviewed({"1": case}, course=course, form=form))
    return chart
