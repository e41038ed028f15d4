"""Invented reviews with patients who are reported twice, and with others who only look so; seeded.

A world has centers with their authors, patients with a course, and reports of them. A patient told again is told by some of
the same authors, perhaps with the center named otherwise, older, in other units, with fewer values, at another point of the
course. Look-alikes are other patients of the same center, year, sex and age; families of cases share their disease.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from decimal import Decimal

from casetable.curation.forms import read_form
from casetable.model import Case, Cell, Course, Entry, Form, Number, Record, Status
from casetable.overlap import Person, person_of, traits_of
from casetable.problems import Place

PLACE = Place(path="curated/reports/invented.yaml", line=1, column=1)

FORMS = {
    "rich": """\
schema: 1
fields:
  age_years: {label: Age, type: number, unit: year}
  sex: {label: Sex, type: choice, choices: {female: [], male: []}}
  country: {label: Country, type: text}
  center: {label: Center, type: text}
  antibody: {label: Antibody, type: choice, choices: {MDA5: [], Ro52: [], Jo1: [], none: []}}
  subtype: {label: Subtype, type: choice, choices: {classic: [], amyopathic: [], juvenile: []}}
  ferritin: {label: Ferritin, type: number, unit: ng/ml, series: yes}
  ldh: {label: LDH, type: number, unit: U/l, series: yes}
  crp: {label: CRP, type: number, unit: mg/l}
  hemoglobin: {label: Hemoglobin, type: number, unit: g/dl}
  treatment: {label: Treatment, type: courses}
  outcome: {label: Outcome, type: choice, choices: {improved: [], stable: [], died: []}}
table: {columns: [age_years]}
""",
    "sparse": """\
schema: 1
fields:
  age_m: {label: Age at presentation, type: number, unit: month}
  gender: {label: Gender, type: choice, choices: {f: [], m: []}}
  hospital: {label: Hospital, type: text}
  creatinine: {label: Creatinine, type: number, unit: mg/dl}
  platelets: {label: Platelets, type: number, unit: 10^9/l}
  therapy: {label: Therapy, type: courses}
  vital_status: {label: Vital status, type: choice, choices: {alive: [], dead: []}}
table: {columns: [age_m]}
""",
    "laboratory": """\
schema: 1
fields:
  onset_age: {label: Age at onset, type: number, unit: year}
  sex: {label: Sex, type: choice, choices: {female: [], male: []}}
  nation: {label: Country of the patient, type: text}
  alt: {label: ALT, type: number, unit: U/l, series: yes}
  ck: {label: CK, type: number, unit: U/l, series: yes}
  ferritin: {label: Ferritin, type: number, unit: µg/l, series: yes}
  drugs: {label: Drugs, type: courses}
  status: {label: Status at the last visit, type: choice, choices: {remission: [], relapse: [], death: []}}
table: {columns: [onset_age]}
""",
}
_RARE = "Abernathy Bjornstad Cazorla Dvorakova Eilertsen Fontanini Grzybowski Halvorsen Iturralde Jokinen Kovalenko Lindqvist Moskowitz Nakayama Oyelaran Petrosyan Quintanilla Rasmussen Szymanski Thibodeau Urquhart Vasilescu Westergaard Yamaguchi Zubkov".split()  # fmt: skip  # noqa: SIM905
_COMMON = "Wang Li Zhang Liu Chen Yang Huang Zhao Wu Zhou Kim Lee Park Nguyen Singh Smith Garcia".split()  # noqa: SIM905
_CITIES = "Northport Eastvale Highcombe Lowmere Stonebridge Ashford Westbury Redhill Oakhurst Millbrook Fairview Greenwich Lakeside Hilltop Riverton".split()  # fmt: skip  # noqa: SIM905
_COUNTRIES = ("Ruritania", "Utopia", "Freedonia", "Sylvania")
_DRUGS = ("prednisone", "methylprednisolone", "cyclophosphamide", "tacrolimus", "cyclosporine", "mycophenolate", "rituximab",
          "IVIG", "tofacitinib", "azathioprine", "methotrexate", "hydroxychloroquine", "plasma exchange", "baricitinib")  # fmt: skip


@dataclass
class Patient:
    center: int
    age: float
    sex: int
    year: int
    numbers: dict[str, list[float]]
    choices: dict[str, str]
    drugs: list[str]
    outcome: int


@dataclass
class World:
    """A review's cases as `people`, with the pairs that are one person, as names, in `same`."""

    form: Form
    people: list[Person] = field(default_factory=list)
    same: set[frozenset[str]] = field(default_factory=set)


def world(seed: int, cases: int, regime: str) -> World:
    """Returns an invented review of about so many cases: regime is "rich", "sparse" or "laboratory"."""
    dice = random.Random(f"{seed} {regime}")
    form, problems = read_form("curated/form.yaml", FORMS[regime].encode())
    assert form is not None, problems
    made = _Maker(
        dice, form, centers=max(15, cases // 12), missing={"rich": 0.15, "sparse": 0.25, "laboratory": 0.2}[regime]
    )
    told: list[tuple[Patient, str, bool]] = []
    while len(made.world.people) < cases:
        chance = dice.random()
        if chance < 0.06 and told:
            made.tell_again(*dice.choice(told), told)
        elif chance < 0.14 and told:
            made.look_alike(dice.choice(told)[0], told)
        else:
            made.tell_new(told)
    return made.world


class _Maker:
    def __init__(self, dice: random.Random, form: Form, centers: int, missing: float) -> None:
        self.dice, self.form, self.missing, self.centers = dice, form, missing, centers
        self.world = World(form=form)
        self.authors: list[list[str]] = []
        for _ in range(centers):
            names = _COMMON if dice.random() < 0.5 else _RARE
            initials = "ABCDEFGHJKLMNPQRSTWXYZ"
            self.authors.append(
                [
                    f"{dice.choice(names)} {dice.choice(initials)}{dice.choice(['', '', dice.choice(initials)])}"
                    for _ in range(14)
                ]
            )
        self.reports = 0
        self.told_again: dict[str, list[str]] = {}

    def patient(self, center: int, year: int) -> Patient:
        dice = self.dice
        numbers, choices = {}, {}
        for name, about in self.form.fields.items():
            if about.type.value == "number" and about.unit not in {"year", "month"}:
                middle = {
                    "ferritin": 900,
                    "ldh": 450,
                    "ck": 300,
                    "alt": 90,
                    "crp": 30,
                    "hemoglobin": 11,
                    "creatinine": 1.1,
                    "platelets": 210,
                }[name]
                spread = 0.15 if name == "hemoglobin" else 0.9
                numbers[name] = [dice.lognormvariate(0, spread) * middle for _ in range(3 if about.series else 1)]
            elif about.choices and name not in {"sex", "gender", "outcome", "vital_status", "status"}:
                choices[name] = dice.choices(list(about.choices), weights=[6, 2, 1, 1][: len(about.choices)])[0]
        return Patient(
            center=center,
            age=max(1.0, dice.gauss(48, 16)) if dice.random() < 0.8 else dice.uniform(2, 16),
            sex=dice.randint(0, 1),
            year=year,
            numbers=numbers,
            choices=choices,
            drugs=dice.sample(_DRUGS, dice.randint(2, 6)),
            outcome=dice.choices([0, 1, 2], weights=[5, 3, 2])[0],
        )

    def tell_new(self, told: list[tuple[Patient, str, bool]]) -> None:
        center, year = self.dice.randrange(self.centers), self.dice.randint(2005, 2025)
        names = self.names(center)
        report, new = self.report(), []
        for number in range(1, self.dice.choice([1, 1, 1, 2, 3, 6]) + 1):
            patient = self.patient(center, year)
            new.append((patient, self.tell(patient, report, number, year, names, 0.0), True))
        told += new

    def tell_again(self, patient: Patient, name: str, is_first: bool, told: list[tuple[Patient, str, bool]]) -> None:
        if not is_first:
            return
        year = patient.year + self.dice.choice([0, 0, 1, 1, 2, 3, 5])
        first = next(person for person in self.world.people if person.name == name)
        kept = self.dice.sample(list(first.authors), min(len(first.authors), self.dice.randint(1, 4)))
        names = list(dict.fromkeys([*kept, *self.dice.sample(self.authors[patient.center], self.dice.randint(1, 4))]))
        report = self.report()
        again = self.tell(
            patient, report, 1, year, names, self.dice.choice([0.0, 0.15, 0.3]), later=year - patient.year
        )
        told_before = self.told_again.setdefault(name, [name])
        self.world.same |= {frozenset((before, again)) for before in told_before}
        told_before.append(again)
        for number in range(2, self.dice.choice([2, 3, 5])):  # the others of a series
            other = self.patient(patient.center, year)
            told.append((other, self.tell(other, report, number, year, names, 0.0), True))

    def look_alike(self, patient: Patient, told: list[tuple[Patient, str, bool]]) -> None:
        """Another patient of the same center, year, sex and nearly the same age, told by some of the same authors."""
        other = self.patient(patient.center, patient.year)
        other.age, other.sex = max(1.0, patient.age + self.dice.uniform(-1.2, 1.2)), patient.sex
        other.choices = dict(patient.choices)
        shared = self.dice.sample(patient.drugs, min(len(patient.drugs), 2))
        other.drugs = list(dict.fromkeys([*shared, *self.dice.sample(_DRUGS, 2)]))
        year = patient.year + self.dice.choice([0, 0, 1])
        told.append((other, self.tell(other, self.report(), 1, year, self.names(patient.center), 0.0), True))

    def report(self) -> str:
        self.reports += 1
        return f"r{self.reports}"

    def names(self, center: int) -> list[str]:
        return list(dict.fromkeys(self.dice.sample(self.authors[center], self.dice.randint(2, 8))))

    def tell(
        self, patient: Patient, report: str, number: int, year: int, names: list[str], more_missing: float, later: int = 0
    ) -> str:  # fmt: skip
        dice = self.dice
        gaps = self.missing + more_missing
        entries = {}
        for name in self.form.fields:
            if dice.random() < gaps:
                entries[name] = Entry(place=PLACE, cells=(Cell(status=Status.NOT_REPORTED, place=PLACE),))
                continue
            entries[name] = self.entry(name, patient, later)
        case = Case(id=str(number), place=PLACE, is_eligible=True, reason="", note="", questions=(), entries=entries)
        record = Record(
            key=f"own:{report}", origin="list:own", title=report, authors=tuple(names[:6]),
            authors_truncated=len(names) > 6, year=str(year),
        )  # fmt: skip
        person = person_of(f"{report}/{number}", report, case, record, self.form, traits_of(self.form))
        self.world.people.append(person)
        return person.name

    def entry(self, name: str, patient: Patient, later: int) -> Entry:
        about, dice = self.form.fields[name], self.dice
        if about.type.value == "courses":
            drugs = (
                patient.drugs
                if not later and dice.random() < 0.6
                else [d for d in patient.drugs if dice.random() < 0.8]
            )
            courses = [Course(parts={"drug": _cell(drug)}, place=PLACE) for drug in drugs or patient.drugs[:1]]
            return Entry(place=PLACE, courses=tuple(courses))
        if about.unit in {"year", "month"}:
            age = patient.age + (later if dice.random() < 0.3 else 0)
            value = Decimal(int(age * 12)) if about.unit == "month" else Decimal(int(age))
            return Entry(place=PLACE, cells=(_cell(Number(low=value, high=value), about.unit),))
        if name in patient.numbers:
            values = patient.numbers[name]
            chosen = (
                values[:1]
                if dice.random() < 0.7
                else values[-1:]
                if len(values) > 1 and dice.random() < 0.4
                else values
            )
            digits = dice.choice([3, 3, 4]) if not later else dice.choice([2, 3, 3])
            cells = [
                _cell(_figure(v, digits), about.unit, when="admission" if v == values[0] else "later") for v in chosen
            ]
            return Entry(place=PLACE, cells=tuple(cells))
        if name in patient.choices:
            return Entry(place=PLACE, cells=(_cell(patient.choices[name]),))
        if name in {"sex", "gender"}:
            wrong = dice.random() < 0.005
            return Entry(place=PLACE, cells=(_cell(list(about.choices)[patient.sex ^ wrong]),))
        if name in {"center", "hospital"}:
            city = _city(patient.center)
            forms = (
                f"{city} University Hospital",
                f"University Hospital, {city}",
                f"Department of Rheumatology, {city} University Hospital",
            )
            return Entry(place=PLACE, cells=(_cell(dice.choice(forms)),))
        if name in {"country", "nation"}:
            return Entry(place=PLACE, cells=(_cell(_COUNTRIES[patient.center % len(_COUNTRIES)]),))
        outcomes = list(about.choices)
        outcome = patient.outcome if len(outcomes) == 3 else int(patient.outcome == 2)
        return Entry(place=PLACE, cells=(_cell(outcomes[outcome]),))


def _city(number: int) -> str:
    """A center's town: there are more centers than names, so that some are told apart by a second one."""
    name = _CITIES[number % len(_CITIES)]
    again = number // len(_CITIES)
    return f"{name} {_RARE[again % len(_RARE)]}" if again else name


def _figure(value: float, digits: int) -> Number:
    number = Decimal(f"{value:.{digits - 1}e}")
    return Number(low=number, high=number)


def _cell(value: Number | str, unit: str = "", when: str = "") -> Cell:
    return Cell(status=Status.REPORTED, place=PLACE, value=value, unit=unit, when=when)


@dataclass(frozen=True)
class Measured:
    """How well the raised pairs are those that are one person."""

    raised: int
    right: int
    planted: int

    @property
    def precision(self) -> float:
        return self.right / self.raised if self.raised else 1.0

    @property
    def recall(self) -> float:
        return self.right / self.planted if self.planted else 1.0


def measured(made: World) -> Measured:
    """Holds what is raised in a world against what was planted in it."""
    from casetable.overlap import possible_among

    raised = {frozenset((each.one[0], each.other[0])) for each in possible_among(made.people, made.form)}
    return Measured(raised=len(raised), right=len(raised & made.same), planted=len(made.same))
