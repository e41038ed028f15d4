"""A second world of invented reviews, made independently of `overlaps`: what is set by the one is measured by the other.

A world has hospitals with their groups of authors, patients with a course, and reports of them. It is made in three steps, so that
what is planted is known: patients; who of them is reported where; and how a report prints what it says. A patient is told
again in one of these ways:

- a case report, then a series of the same group that holds the case;
- another department of the hospital, with few authors in common or none;
- a second language, with the same figures and most of the authors;
- a later report with the follow-up: older, other points of the course, more drugs.

Look-alikes are other patients of the same group and year with the same sex and nearly the same age; siblings, who share their
antibodies and center too; and patients whose commonest values are the same.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from decimal import Decimal

from casetable.curation.forms import read_form
from casetable.model import Case, Cell, Course, Entry, Field, FieldType, Form, Number, Record, Status
from casetable.overlap import person_of, traits_of
from casetable.problems import Place
from casetable.quantities import convert
from tests.support.overlaps import World

PLACE = Place(path="curated/reports/invented.yaml", line=1, column=1)

_RICH = """\
schema: 1
fields:
  age_years: {label: Age, type: number, unit: year}
  sex: {label: Sex, type: choice, choices: {female: [woman], male: [man]}}
  country: {label: Country, type: text}
  center: {label: Center, type: text}
  admitted: {label: Year of admission, type: text, required: no}
  anti_xy: {label: Anti-XY antibody, type: choice, choices: {positive: [], negative: []}}
  other_antibodies: {label: Other antibodies, type: text}
  subtype: {label: Subtype, type: choice, choices: {classic: [], amyopathic: [], overlap: [], juvenile: []}}
  ferritin: {label: Ferritin, type: number, unit: ng/ml, series: yes}
  ldh: {label: LDH, type: number, unit: U/l, series: yes}
  ck: {label: CK, type: number, unit: U/l, series: yes}
  crp: {label: CRP, type: number, unit: mg/l, series: yes}
  hemoglobin: {label: Hemoglobin, type: number, unit: g/l}
  saturation: {label: Worst saturation, type: number, unit: "%"}
  treatment: {label: Treatment, type: courses}
  follow_up: {label: Follow-up, type: number, unit: month}
  outcome: {label: Outcome, type: choice, choices: {remission: [], stable: [], died: []}}
table: {columns: [age_years]}
"""
_SPARSE = """\
schema: 1
fields:
  age: {label: Age at presentation, type: number, unit: month}
  gender: {label: Gender, type: choice, choices: {f: [], m: []}}
  nation: {label: Country, type: text}
  creatinine: {label: Creatinine, type: number, unit: mg/l}
  platelets: {label: Platelets, type: number, unit: 10^9/l}
  therapy: {label: Therapy, type: text}
  vital_status: {label: Vital status, type: choice, choices: {alive: [], dead: []}}
table: {columns: [age]}
"""
_CLINICAL = """\
schema: 1
fields:
  alter: {label: Alter, type: number, unit: year, identifies: age}
  geschlecht: {label: Geschlecht, type: choice, choices: {weiblich: [], männlich: []}}
  klinik: {label: Klinik, type: text, identifies: center}
  onset: {label: First sign, type: choice, choices: {rash: [], fever: [], weakness: [], cough: [], pain: [], seizure: []}}
  organs: {label: Organs, type: choices, choices: {lung: [], skin: [], kidney: [], heart: [], brain: []}}
  mutation: {label: Mutation, type: text}
  weight: {label: Weight, type: number, unit: kg}
  titer: {label: Titer, type: number, unit: U/ml}
  mittel: {label: Mittel, type: text, identifies: drugs}
  ende: {label: Ende, type: choice, choices: {lebt: [alive], gestorben: [died]}, identifies: outcome}
table: {columns: [alter]}
"""
_LABORATORY = """\
schema: 1
fields:
  onset_age: {label: Age at onset, type: number, unit: year}
  sex: {label: Sex, type: choice, choices: {female: [], male: []}}
  alt: {label: ALT, type: number, unit: U/l, series: yes}
  ast: {label: AST, type: number, unit: U/l, series: yes}
  ferritin: {label: Ferritin, type: number, unit: µg/l, series: yes}
  sodium: {label: Sodium, type: number, unit: mmol/l}
  lymphocytes: {label: Lymphocytes, type: number, unit: 10^9/l}
  d_dimer: {label: D-dimer, type: number, unit: ng/ml}
  drugs: {label: Drugs, type: courses}
  status: {label: Outcome, type: choice, choices: {recovered: [], relapsed: [], died: []}}
table: {columns: [onset_age]}
"""
# Per regime: the form, and how often a report does not say what it could.
REGIMES = {
    "rich": (_RICH, 0.15),
    "sparse": (_SPARSE, 0.1),
    "clinical": (_CLINICAL, 0.15),
    "laboratory": (_LABORATORY, 0.2),
    "gappy": (_RICH, 0.4),
}
# Of each measurement: its middle, how far it spreads (of a logarithm), how many digits reports print, and other units of reports.
_MEASURED = {
    "ferritin": (900, 0.9, 4, ("ng/ml", "µg/l", "mg/l")), "ldh": (420, 0.4, 3, ("U/l",)), "ck": (250, 1.2, 3, ("U/l",)),
    "crp": (25, 1.1, 3, ("mg/l", "mg/dl")), "hemoglobin": (115, 0.15, 3, ("g/l", "g/dl")), "saturation": (86, 0.07, 2, ("%",)),
    "creatinine": (10, 0.4, 2, ("mg/l", "mg/dl")), "platelets": (210, 0.4, 3, ("10^9/l",)), "weight": (61, 0.22, 3, ("kg",)),
    "titer": (120, 1.0, 3, ("U/ml",)), "alt": (80, 0.9, 3, ("U/l",)), "ast": (75, 0.9, 3, ("U/l",)), "sodium": (137, 0.03, 3, ("mmol/l",)),
    "lymphocytes": (0.9, 0.5, 2, ("10^9/l",)), "d_dimer": (900, 1.0, 3, ("ng/ml", "mg/l")),
}  # fmt: skip
_HAN = [
    "Wang",
    "Li",
    "Zhang",
    "Liu",
    "Chen",
    "Yang",
    "Huang",
    "Zhao",
    "Wu",
    "Zhou",
    "Xu",
    "Sun",
    "Ma",
    "Zhu",
    "Hu",
    "Lin",
    "Guo",
    "He",
    "Gao",
    "Luo",
    "Tang",
    "Xie",
    "Peng",
    "Cui",
]
_NIPPON = [
    "Sato",
    "Suzuki",
    "Tanaka",
    "Watanabe",
    "Ito",
    "Nakashima",
    "Hosono",
    "Tsuji",
    "Kojima",
    "Komatsuda",
    "Shirakashi",
    "Kawasumi",
    "Horai",
    "Yoshifuji",
]
_WEST = [
    "Abernathy",
    "Bjornstad",
    "Cazorla",
    "Dvorak",
    "Eilertsen",
    "Fontanini",
    "Grzybowski",
    "Halvorsen",
    "Iturralde",
    "Jokinen",
    "Kovalenko",
    "Lindqvist",
    "Moskowitz",
    "Oyelaran",
    "Petrosyan",
    "Quintanilla",
    "Rasmussen",
    "Szymanski",
    "Thibodeau",
    "Urquhart",
    "Vasilescu",
    "Westergaard",
    "Zubkov",
    "Smith",
    "Garcia",
    "Muller",
    "Jones",
    "Rossi",
    "Silva",
    "Martin",
]
_LANDS = (
    ("China", _HAN, 5),
    ("Japan", _NIPPON, 3),
    ("USA", _WEST, 2),
    ("Italy", _WEST, 1),
    ("Norway", _WEST, 1),
    ("South Korea", ["Kim", "Lee", "Park", "Choi", "Jung"], 1),
)
_TOWNS = [
    "Northport",
    "Eastvale",
    "Highcombe",
    "Lowmere",
    "Stonebridge",
    "Ashford",
    "Westbury",
    "Redhill",
    "Oakhurst",
    "Millbrook",
    "Fairview",
    "Greenhaven",
    "Lakeside",
    "Hilltop",
    "Riverton",
    "Elmwood",
    "Clearwater",
    "Maplefield",
    "Kingsmere",
    "Saltford",
    "Thornbury",
    "Wychwood",
    "Foxley",
    "Harrowgate",
    "Brightsea",
    "Coldwell",
    "Dunmore",
    "Ferncliff",
    "Goldcrest",
    "Ironbridge",
    "Juniper",
    "Larkspur",
    "Moorgate",
    "Newhaven",
    "Otterburn",
    "Pinewood",
]
_DRUGS = {
    "methylprednisolone": ("methylprednisolone", "methylprednisolone pulse", "mPSL"), "prednisolone": ("prednisolone", "prednisone"),
    "cyclophosphamide": ("cyclophosphamide", "CYC", "Endoxan"), "tacrolimus": ("tacrolimus", "FK506", "Prograf"),
    "cyclosporine": ("cyclosporine", "ciclosporin", "CsA"), "mycophenolate": ("mycophenolate mofetil", "MMF"),
    "rituximab": ("rituximab", "RTX", "MabThera"), "immunoglobulin": ("IVIG", "intravenous immunoglobulin"),
    "tofacitinib": ("tofacitinib",), "azathioprine": ("azathioprine", "AZA"), "methotrexate": ("methotrexate", "MTX"),
    "hydroxychloroquine": ("hydroxychloroquine", "HCQ"), "plasma exchange": ("plasma exchange", "plasmapheresis"),
    "baricitinib": ("baricitinib",), "anakinra": ("anakinra", "Kineret"), "pirfenidone": ("pirfenidone",),
}  # fmt: skip
_LIKELY = [9, 9, 5, 4, 4, 4, 3, 4, 2, 2, 3, 2, 2, 1, 1, 1]
_WORDS = ["Ro52", "SSA", "Jo1", "ANA", "Scl70", "RNP", "Sm", "PL7", "PL12", "EJ", "OJ", "SRP", "Ku", "PMScl"]


@dataclass
class Group:
    """Authors who report together, at a hospital."""

    hospital: int
    land: str
    authors: list[str]


@dataclass
class Patient:
    group: Group
    age: float
    is_male: bool
    year: int
    measured: dict[str, list[float]]
    features: dict[str, tuple[str, ...]]
    drugs: list[str]
    has_died: bool


@dataclass
class Telling:
    """How one report tells of a patient: the year, how much later than before, what it leaves out, and where it looks."""

    patient: Patient
    later: int = 0
    point: int = 0
    gaps: float = 0.0


def world(seed: int, cases: int, regime: str) -> World:
    """Returns an invented review of about so many cases, in a regime of REGIMES."""
    text, gaps = REGIMES[regime]
    form, problems = read_form("curated/form.yaml", text.encode())
    assert form is not None, problems
    made = _Maker(random.Random(f"{regime} {seed}"), form, gaps, groups=max(12, cases // 5))
    while len(made.world.people) < cases:
        made.more()
    return made.world


class _Maker:
    def __init__(self, dice: random.Random, form: Form, gaps: float, groups: int) -> None:
        self.dice, self.form, self.gaps = dice, form, gaps
        self.world = World(form=form)
        self.reports = 0
        self.groups: list[Group] = []
        for number in range(groups):
            self.groups.append(self.group(number))
        self.told: list[tuple[Patient, str, list[str], int]] = []

    def group(self, number: int) -> Group:
        dice = self.dice
        [(land, families, _)] = dice.choices(_LANDS, weights=[weight for _, _, weight in _LANDS])
        letters = "ABCDEFGHJKLMNPQRSTWXYZ"
        authors = {
            f"{dice.choice(families)} {dice.choice(letters)}{dice.choice(['', '', dice.choice(letters)])}"
            for _ in range(12)
        }
        # Departments of one hospital share it, and its land, but not their authors.
        hospital = number if dice.random() < 0.8 or not number else dice.randrange(number)
        if hospital != number:
            land = self.groups[hospital].land
        return Group(hospital=hospital, land=land, authors=sorted(authors))

    # --- who is told where ---

    def more(self) -> None:
        """Adds a report, of patients who were not told before or of some who were."""
        dice = self.dice
        chance = dice.random()
        if chance < 0.09 and self.told:
            self.again(*dice.choice(self.told))
        elif chance < 0.24 and self.told:
            self.look_alike(dice.choice(self.told)[0])
        else:
            group = dice.choice(self.groups)
            year = dice.randint(2004, 2025)
            size = dice.choices([1, 2, 4, 12], weights=[12, 4, 2, 1])[0]
            self.report(group, year, self.authors(group), [Telling(self.patient(group, year)) for _ in range(size)])

    def again(self, patient: Patient, name: str, authors: list[str], year: int) -> None:
        """Tells a patient a second time, in one of four ways; nobody is told a third time."""
        dice = self.dice
        self.told = [each for each in self.told if each[0] is not patient]
        way = dice.choices(["series", "department", "language", "follow-up"], weights=[4, 2, 2, 3])[0]
        kept = dice.sample(authors, max(1, round(len(authors) * dice.uniform(0.3, 0.9))))
        group, others = (
            patient.group,
            [Telling(self.patient(patient.group, year)) for _ in range(dice.choice([1, 2, 5, 10]))],
        )
        if way == "series":
            telling = Telling(patient, gaps=0.25)
            names = self.report(
                group, year + dice.choice([0, 1, 2, 3]), [*kept, *self.authors(group)], [*others, telling]
            )
            again = names[-1]
        elif way == "department":
            near = [each for each in self.groups if each.hospital == group.hospital and each is not group] or [group]
            other = dice.choice(near)
            few = dice.sample(authors, dice.choice([0, 1, 1]))
            [again] = self.report(
                other, year + dice.choice([0, 1, 2]), [*self.authors(other), *few], [Telling(patient, gaps=0.1)]
            )
        elif way == "language":
            [again] = self.report(group, year + dice.choice([0, 1]), kept, [Telling(patient, gaps=0.05)])
        else:
            later = dice.choice([1, 2, 3, 4])
            telling = Telling(patient, later=later, point=dice.choice([0, 0, 1]), gaps=0.15)
            [again] = self.report(group, year + later, [*kept, *self.authors(group)[:3]], [telling])
        self.world.same.add(frozenset((name, again)))
        self.told = [each for each in self.told if each[0] is not patient]

    def look_alike(self, patient: Patient) -> None:
        """Tells of somebody else who has much in common with a patient."""
        dice = self.dice
        year = patient.year + dice.choice([0, 0, 0, 1])
        other = self.patient(patient.group, year)
        kind = dice.choice(["same center and year", "sibling", "twin of common values"])
        other.is_male = patient.is_male
        other.age = max(1.0, patient.age + dice.choice([0, 0, 1, -1, 2, -2]))
        if kind == "sibling":
            other.is_male = dice.random() < 0.5
            other.age = max(1.0, patient.age + dice.choice([-6, -4, -3, -2, 2, 3, 5]))
            other.features = dict(patient.features)
        elif kind == "twin of common values":
            other.features = dict(patient.features)
            other.drugs = list(patient.drugs)
            other.has_died = patient.has_died
        self.report(patient.group, year + dice.choice([0, 0, 1, 2]), self.authors(patient.group), [Telling(other)])

    def authors(self, group: Group) -> list[str]:
        return self.dice.sample(group.authors, min(len(group.authors), self.dice.randint(2, 9)))

    def patient(self, group: Group, year: int) -> Patient:
        dice = self.dice
        measured, features = {}, {}
        for name, about in self.form.fields.items():
            if name in _MEASURED:
                middle, spread, _, _ = _MEASURED[name]
                at = dice.lognormvariate(0, spread) * middle
                low, high = (50.0, 99.0) if about.unit == "%" else (0.0, 1e9)
                measured[name] = [
                    min(max(at * dice.lognormvariate(0, spread / 2), low), high)
                    for _ in range(3 if about.series else 1)
                ]
            elif about.type is FieldType.CHOICES:
                features[name] = tuple(sorted(dice.sample(list(about.choices), dice.choice([1, 1, 2, 3]))))
            elif about.type is FieldType.CHOICE and not about.identifies and name not in _SAID_OTHERWISE:
                features[name] = (
                    dice.choices(list(about.choices), weights=[6, 3, 2, 1, 1, 1][: len(about.choices)])[0],
                )
            elif name in {"other_antibodies", "mutation"}:
                features[name] = (", ".join(sorted(dice.sample(_WORDS, dice.choice([0, 1, 1, 2])))) or "none",)
        age = dice.gauss(50, 15) if dice.random() < 0.75 else dice.uniform(1.5, 17)
        drugs = list(dict.fromkeys(dice.choices(list(_DRUGS), weights=_LIKELY, k=dice.randint(2, 6))))
        return Patient(
            group=group, age=min(max(age, 1.2), 92), is_male=dice.random() < 0.4, year=year - dice.choice([0, 1, 1, 2]),
            measured=measured, features=features, drugs=drugs, has_died=dice.random() < 0.3,
        )  # fmt: skip

    # --- how a report prints it ---

    def report(self, group: Group, year: int, authors: list[str], tellings: list[Telling]) -> list[str]:
        """Writes a report of patients; returns the names of its cases."""
        dice = self.dice
        self.reports += 1
        name, listed = f"r{self.reports}", list(dict.fromkeys(authors))
        is_cut = len(listed) > 6 and dice.random() < 0.5
        record = Record(
            key=f"own:{name}", origin="list:own", title=name, year=str(year),
            authors=tuple(listed[:6] if is_cut else listed), authors_truncated=is_cut,
        )  # fmt: skip
        center, style = self.center(group), dice.random()
        names = []
        for number, telling in enumerate(tellings, start=1):
            entries = {
                about.name: self.entry(about, telling, center, group.land, style)
                for about in self.form.fields.values()
                if dice.random() >= self.gaps + telling.gaps
            }
            case = Case(
                id=str(number), place=PLACE, is_eligible=True, reason="", note="", questions=(), entries=entries
            )
            person = person_of(f"{name}/{number}", name, case, record, self.form, traits_of(self.form))
            self.world.people.append(person)
            names.append(person.name)
            self.told.append((telling.patient, person.name, listed, year))
        return names

    def center(self, group: Group) -> str:
        town = _TOWNS[group.hospital % len(_TOWNS)] + (
            "" if group.hospital < len(_TOWNS) else f" {_WEST[group.hospital // len(_TOWNS) % len(_WEST)]}"
        )
        return self.dice.choice(
            [
                f"{town} University Hospital",
                f"University Hospital of {town}",
                f"Department of Rheumatology, {town} University Hospital",
                f"{town} Medical Center",
                f"{town} Univ Hospital",
            ]
        )

    def entry(self, about: Field, telling: Telling, center: str, land: str, style: float) -> Entry:
        patient, dice, name = telling.patient, self.dice, about.name
        if name in {"center", "klinik"}:
            return _entry(_cell(center))
        if name in {"country", "nation"}:
            return _entry(_cell({"USA": dice.choice(["USA", "United States"])}.get(land, land)))
        if name == "admitted":
            return _entry(_cell(str(patient.year)))
        if about.unit in {"year", "month"} and name != "follow_up":
            age = (
                patient.age
                + (telling.later if dice.random() < 0.4 else 0)
                + (dice.choice([-1, 1]) if dice.random() < 0.05 else 0)
            )
            return _entry(self.age(age, about))
        if name == "follow_up":
            return _entry(_cell(_number(Decimal(dice.choice([3, 6, 12, 24]) + 12 * telling.later)), about.unit))
        if name in {"sex", "gender", "geschlecht"}:
            is_male = patient.is_male ^ (dice.random() < 0.004)
            return _entry(_cell(list(about.choices)[is_male]))
        if name in _MEASURED:
            return self.measured(about, telling, style)
        if name in _SAID_OTHERWISE:
            ends = list(about.choices)
            return _entry(_cell(ends[-1] if patient.has_died else ends[0 if style < 0.7 or len(ends) == 2 else 1]))
        if name in patient.features:
            told = patient.features[name]
            if about.type is FieldType.CHOICE and dice.random() < 0.05:
                told = (dice.choice(list(about.choices)),)
            return _entry(_cell(told if about.type is FieldType.CHOICES else told[0]))
        drugs = [drug for drug in patient.drugs if dice.random() < 0.88] or patient.drugs[:1]
        if telling.later and dice.random() < 0.5:
            drugs = [*drugs, dice.choice(list(_DRUGS))]
        printed = [dice.choice(_DRUGS[drug]) for drug in dict.fromkeys(drugs)]
        if about.type is FieldType.COURSES:
            return Entry(
                place=PLACE, courses=tuple(Course(parts={"drug": _cell(drug)}, place=PLACE) for drug in printed)
            )
        return _entry(_cell(", ".join(printed)))

    def age(self, age: float, about: Field) -> Cell:
        if about.unit == "month":
            return _cell(_number(Decimal(int(age * 12) if age < 3 else int(age) * 12)), about.unit)
        if age < 3 and self.dice.random() < 0.7:
            months = convert(_number(Decimal(int(age * 12))), "month", "year")
            assert months is not None
            return Cell(
                status=Status.REPORTED, place=PLACE, value=months, unit="year", reported=f"{int(age * 12)} months"
            )
        return _cell(_number(Decimal(int(age))), about.unit)

    def measured(self, about: Field, telling: Telling, style: float) -> Entry:
        dice = self.dice
        values = telling.patient.measured[about.name]
        _, _, digits, units = _MEASURED[about.name]
        digits = max(2, digits - (style > 0.6) - (dice.random() < 0.1))
        unit = units[int(style * 97) % len(units)]
        first = min(telling.point, len(values) - 1)
        count = dice.choice([1, 1, 2, 3])
        cells = []
        for at in range(first, min(first + count, len(values))):
            inner = convert(_number(Decimal(f"{values[at]:.6g}")), about.unit, unit)
            assert inner is not None
            printed = Decimal(f"{inner.low:.{digits - 1}e}")
            if dice.random() < 0.02:  # a slip
                printed = Decimal(f"{float(printed) * dice.choice([0.1, 10, 1.1]):.{digits - 1}e}")
            value = convert(_number(printed), unit, about.unit)
            assert value is not None
            cells.append(
                _cell(value, about.unit, when=("admission", "week 2", "discharge")[at] if about.series else "")
            )
        return Entry(place=PLACE, cells=tuple(cells))


_SAID_OTHERWISE = {"sex", "gender", "geschlecht", "outcome", "vital_status", "status", "ende"}


def _entry(cell: Cell) -> Entry:
    return Entry(place=PLACE, cells=(cell,))


def _cell(value: Number | str | tuple[str, ...], unit: str = "", when: str = "") -> Cell:
    return Cell(status=Status.REPORTED, place=PLACE, value=value, unit=unit, when=when)


def _number(value: Decimal) -> Number:
    return Number(low=value, high=value)
