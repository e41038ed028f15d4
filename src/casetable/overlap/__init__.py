"""Overlap of patients: which cases of different reports may be one person, why, and what persons ruled on it.

A pair is raised only where more speaks for one person than against, given how many cases there are to be confused; below that
it stays silent. Nothing is joined but by a ruling.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product

from casetable.model import Case, Form, Overlap, OverlapVerdict, Report
from casetable.overlap.score import (
    Comparison,
    Frequencies,
    Line,
    Sense,
    author_key,
    coincidences,
    compare,
    is_common,
    precision,
)
from casetable.overlap.traits import Person, Trait, person_of, trait_of, traits_of
from casetable.problems import Example, Place, Problem, Rule, Severity, did_you_mean, shown
from casetable.review import Item, Review, once

# The natural logarithm of the odds: two to one for one person.
RAISED_FROM = 0.69
# Where the clinical facts of a report are not accessible, nobody can look: a pair is raised if chance would hardly have brought
# its authors together, in so many pairs of the review's reports, and the reports are so many years apart at most.
UNREAD_CHANCE, UNREAD_YEARS = 0.2, 3
# A figure or an author that so many cases share tells none of them from the others; the fewer with a very common name.
MOST_IN_A_BLOCK, MOST_OF_A_COMMON_NAME, MOST_OF_ONE_FIGURE, MOST_OF_A_CENTER = 60, 15, 15, 100
# Years of age between two cases from which they are not compared: no report comes so much later.
DECADES = 20


@dataclass(frozen=True, kw_only=True)
class Possible:
    """Cases that may be one person: two, or one and those of another report of which nothing tells which it would be."""

    one: tuple[str, ...]
    other: tuple[str, ...]
    comparison: Comparison


def people_of(review: Review) -> tuple[Person, ...]:
    """Returns the eligible cases of the included reports, in the order of the table."""
    form = review.inputs.form
    if form is None:
        return ()
    traits = traits_of(form)
    return tuple(
        person_of(_name(report, case), report.name, case, item.record, form, traits)
        for item, report, case in _eligible(review)
    )


def _eligible(review: Review) -> Iterator[tuple[Item, Report, Case]]:
    return (
        (item, report, case)
        for item in review.included
        for report in item.extractions[:1]
        for case in report.cases
        if case.is_eligible
    )


def _name(report: Report, case: Case) -> str:
    return f"{report.name}/{case.id}"


def possible_among(people: Sequence[Person], form: Form, ruled: Iterable[Overlap] = ()) -> tuple[Possible, ...]:
    """Returns the pairs of cases that may be one person, the likelier first; pairs that were ruled on are left out."""
    known = Frequencies(people, form)
    by_name = {person.name: person for person in people}
    settled = _settled(tuple(ruled), by_name)
    by_reports: dict[tuple[str, str], list[Comparison]] = defaultdict(list)
    for one, other in sorted(candidates(people)):
        if frozenset((one, other)) in settled:
            continue
        found = compare(by_name[one], by_name[other], known)
        is_unread = not found.is_clinical and _is_open(by_name[one], by_name[other], known)
        if is_unread or found.score >= RAISED_FROM:
            by_reports[by_name[found.one].report, by_name[found.other].report].append(found)
    raised = [possible for listed in by_reports.values() for possible in _best_of(listed)]
    return tuple(sorted(raised, key=lambda each: (-each.comparison.score, each.one, each.other)))


def _is_open(one: Person, other: Person, known: Frequencies) -> bool:
    """Whether two cases, one of them of a report that could not be read, cannot be told apart, and share more than by chance."""
    if not (one.is_unread or other.is_unread) or one.year is None or other.year is None:
        return False
    pairs = known.reports * (known.reports - 1) / 2
    return abs(one.year - other.year) <= UNREAD_YEARS and coincidences(one, other, known) <= min(
        UNREAD_CHANCE, pairs / 2
    )


def _best_of(listed: Sequence[Comparison]) -> Iterator[Possible]:
    """Yields each case of a report with the one of the other that is likeliest; with several where none is likelier."""
    used: set[str] = set()
    ordered = sorted(listed, key=lambda found: (-found.score, found.one, found.other))
    for best in ordered:
        if best.one in used or best.other in used:
            continue
        alike = [each for each in ordered if each.score == best.score and not {each.one, each.other} & used]
        ones = tuple(dict.fromkeys(each.one for each in alike if each.other == best.other))
        others = tuple(dict.fromkeys(each.other for each in alike if each.one == best.one))
        if len(ones) > 1:
            others = (best.other,)
        used |= {*ones, *others}
        yield Possible(one=ones, other=others, comparison=best)


def candidates(people: Sequence[Person]) -> set[tuple[str, str]]:
    """Returns the pairs that are worth comparing: all others share nothing that could raise them, or are decades apart in age.

    They share an author, a center, one measured figure of three digits or two of two; a figure that is common is no such thing.
    """
    blocks: dict[tuple[str, ...], list[Person]] = defaultdict(list)
    figures: dict[tuple[str, ...], list[Person]] = defaultdict(list)
    centers: dict[str, list[Person]] = defaultdict(list)
    for person in people:
        for author in person.authors:
            family, _, initials = author_key(author).rpartition(" ")
            blocks["common" if is_common(author) else "author", family, initials[:1]].append(person)
        for center in person.centers:
            centers[center].append(person)
        for name, values in person.numbers.items():
            for figure in {f"{value.number.low:.1e}" for value in values}:
                figures["figure", name, figure].append(person)
            for figure in {f"{value.number.low:.2e}" for value in values if precision(value.number.low) > 2}:
                blocks["figure", name, figure].append(person)
    for center, block in centers.items():
        for person in block:
            # Of a center with so many cases age and sex tell at a glance who cannot be one.
            groups = _ages_near(person) if len(block) > MOST_OF_A_CENTER else ("",)
            for group in groups:
                blocks["center", center, group].append(person)
    pairs = {pair for key, block in blocks.items() if len(block) <= _most(key[0]) for pair in _pairs_of(block)}
    shared = Counter(
        pair for block in figures.values() if len(block) <= MOST_IN_A_BLOCK for pair in set(_pairs_of(block)) - pairs
    )
    return pairs | {pair for pair, count in shared.items() if count > 1}


def _most(kind: str) -> float:
    return {"center": math.inf, "common": MOST_OF_A_COMMON_NAME, "figure": MOST_OF_ONE_FIGURE}.get(
        kind, MOST_IN_A_BLOCK
    )


def _ages_near(person: Person) -> tuple[str, ...]:
    """Returns the groups of age and sex in which a case meets those that are up to three years older or younger."""
    if person.ages is None:
        return ()
    step = int(person.ages[0]) // 3
    return (f"{person.sex} {step}", f"{person.sex} {step + 1}")


def _pairs_of(block: Sequence[Person]) -> Iterator[tuple[str, str]]:
    for number, one in enumerate(block):
        for other in block[number + 1 :]:
            if one.report != other.report and not _are_decades_apart(one, other):
                yield (min(one.name, other.name), max(one.name, other.name))


def _are_decades_apart(one: Person, other: Person) -> bool:
    """Whether two ages are so far apart that nothing could outweigh it."""
    if one.ages is None or other.ages is None:
        return False
    return max(one.ages[0], other.ages[0]) - min(one.ages[1], other.ages[1]) > DECADES


# --- rulings ----------------------------------------------------------------------------------------------------------


def _settled(ruled: Sequence[Overlap], by_name: Mapping[str, Person]) -> set[frozenset[str]]:
    """Returns the pairs of cases on which nothing is open: those that a ruling speaks of, and those that follow from several.

    A report in a ruling speaks for all of its cases. Cases of one patient are settled, and so is what was ruled of one of them
    for all of them.
    """
    of_patient: dict[str, list[str]] = defaultdict(list)
    patient = patients_among(tuple(by_name), ruled)
    for name, first in patient.items():
        of_patient[first].append(name)
    found = {frozenset(pair) for names in of_patient.values() for pair in combinations(names, 2)}
    for ruling in ruled:
        named = [_cases_of(each, by_name) for each in ruling.cases]
        for ones, others in combinations(named, 2):
            for one, other in product(ones, others):
                pairs = product(of_patient[patient[one]], of_patient[patient[other]])
                found |= {frozenset(pair) for pair in pairs}
    return found


def _cases_of(name: str, by_name: Mapping[str, Person]) -> tuple[str, ...]:
    return (name,) if name in by_name else tuple(each for each, person in by_name.items() if person.report == name)


def named_in(ruling: Overlap, names: Iterable[str]) -> frozenset[str]:
    """Returns the cases that a ruling speaks of; a report in it stands for all of its cases."""
    return frozenset(name for name in names if name in ruling.cases or name.partition("/")[0] in ruling.cases)


@once
def patients(review: Review) -> Mapping[str, str]:
    """Returns the patient of each eligible case, as `report/case`: of cases that were ruled the same, the first of the table."""
    names = [_name(report, case) for _, report, case in _eligible(review)] if review.inputs.form else []
    return patients_among(names, review.inputs.overlaps)


def patients_among(names: Sequence[str], ruled: Iterable[Overlap]) -> Mapping[str, str]:
    """Returns the first of the cases that are one patient for each case, by the rulings."""
    first = {name: name for name in names}

    def root(name: str) -> str:
        while first[name] != name:
            name = first[name]
        return name

    order = {name: number for number, name in enumerate(names)}
    for ruling in ruled:
        if ruling.verdict is OverlapVerdict.SAME:
            cases = [root(name) for name in ruling.cases if name in first]
            for other in cases[1:]:
                low, high = sorted((root(cases[0]), root(other)), key=order.__getitem__)
                first[high] = low
    return {name: root(name) for name in names}


# --- rules ------------------------------------------------------------------------------------------------------------

_SCREENED = """\
schema: 1
decisions:
  - {record: pmid:11, stage: reports, decision: include, by: A. Curator, when: 2026-01-15}
  - {record: own:r1, stage: reports, decision: include, by: A. Curator, when: 2026-01-15}
  - {record: "doi:10.1234/invented.2", stage: records, decision: exclude, reason: other-drug, by: B. Curator, when: 2026-01-16}
"""
_FORM = """\
schema: 1
fields:
  age_years: {label: Age, type: number, unit: year, range: 0 to 120}
  sex: {label: Sex, type: choice, choices: {female: [girl, woman], male: [boy, man]}}
  country: {label: Country, type: text}
  ferritin: {label: Ferritin, type: number, unit: ng/ml, required: no}
  weight: {label: Weight, type: number, unit: kg, required: no}
table:
  columns: [age_years, sex]
"""
_CASE = """\
schema: 1
report: {key}
access: full text
extracted: {{by: A. Curator, when: 2026-01-15}}
cases_in_report: 1
eligible_cases: 1
cases:
  - {{case: 1, eligible: yes, age_years: 3, sex: female, country: {country}, ferritin: {ferritin}, weight: {weight}}}
"""
_DOE = _CASE.format(key="pmid:11", country="China", ferritin="1271.4", weight="13.25")
_POE = {"key": "own:r1", "country": "China"}
_TWO = (
    ("curated/screening.yaml", _SCREENED),
    ("curated/form.yaml", _FORM),
    ("curated/reports/doe-2020.yaml", _DOE),
)
_RULED = """\
schema: 1
rulings:
  - {{cases: [{cases}], verdict: {verdict}, by: A. Curator, when: 2026-01-16}}
"""

O101 = Rule(
    code="O101",
    name="possible-overlap",
    severity=Severity.WARNING,
    summary="cases of two reports may be one patient",
    why="A patient who is counted twice makes every count of the review wrong.",
    fix="`casetable overlap A B` shows what speaks for and against. Ask the authors where it is not clear; then rule in curated/overlaps.yaml:"
    " same, different or cannot tell.",
    example=Example(
        path="curated/reports/poe-2019.yaml",
        good=_CASE.format(**_POE, ferritin="502.3", weight="15.2"),
        bad=_CASE.format(**_POE, ferritin="1271.4", weight="13.25"),
        message="doe-2020/1 and poe-2019/1 may be one patient: ferritin (both 1271.4), weight (both 13.25), age (3 and 3 years);"
        " against it: authors (none in common)",
        also=_TWO,
    ),
)
O102 = Rule(
    code="O102",
    name="overlap-of-unknown-case",
    summary="a ruling on an overlap names a case that is not in the table",
    why="It counts for nothing, and a mistyped name would hide that.",
    fix="Write each case as REPORT/CASE, as doe-2020/1: the name of the extraction, and the case's id in it.",
    example=Example(
        path="curated/overlaps.yaml",
        good="",
        bad=_RULED.format(cases="doe-2020/1, poe-2019/1", verdict="same"),
        message="'poe-2019/1' is no eligible case of an included report; expected one as doe-2020/1",
    ),
)
O103 = Rule(
    code="O103",
    name="overlap-rulings-contradict",
    summary="rulings on overlaps contradict each other, or the report that tells its patients apart",
    why="Two cases cannot be one patient and two.",
    fix="Talk it over, and keep one of them.",
    example=Example(
        path="curated/overlaps.yaml",
        good=_RULED.format(cases="doe-2020/1, poe-2019/1", verdict="different"),
        bad=_RULED.format(cases="doe-2020/1, poe-2019/1", verdict="different")
        + "  - {cases: [poe-2019/1, doe-2020/1], verdict: same, by: B. Curator, when: 2026-01-17}\n",
        message="A. Curator ruled doe-2020/1 and poe-2019/1 different, but by other rulings they are the same patient",
        also=(*_TWO, ("curated/reports/poe-2019.yaml", _CASE.format(**_POE, ferritin="502.3", weight="15.2"))),
    ),
)
O104 = Rule(
    code="O104",
    name="same-patient-though-they-differ",
    severity=Severity.WARNING,
    summary="cases that were ruled one patient contradict each other in what does not change",
    why="One of the reports, one of the extractions or the ruling is wrong.",
    fix="Look at both reports, and correct the cell or the ruling.",
    example=Example(
        path="curated/reports/poe-2019.yaml",
        good=_CASE.format(**_POE, ferritin="1271.4", weight="13.25"),
        bad=_CASE.format(**_POE, ferritin="1271.4", weight="13.25").replace("female", "male"),
        message="doe-2020/1 and poe-2019/1 were ruled one patient by A. Curator; against it: sex (female and male)",
        also=(*_TWO, ("curated/overlaps.yaml", _RULED.format(cases="doe-2020/1, poe-2019/1", verdict="same"))),
    ),
)

RULES = (O101, O102, O103, O104)
# What a slip or a year in between does not explain, of what does not change in a patient.
PLAINLY, LASTING = -3.0, frozenset({"sex", "age", "country"})


def problems_of(review: Review, path: str) -> Iterator[Problem]:
    """Yields the overlaps that are open, and what is wrong with the rulings in the file at a path."""
    form = review.inputs.form
    if form is None:
        return
    by_name = {person.name: person for person in people_of(review)}
    yield from _rulings(review, by_name, form)
    for possible in opened(review)[0]:
        one, other = (_named(names) for names in (possible.one, possible.other))
        lead = possible.one[0] if len(possible.one) == 1 else possible.other[0]
        place = _place_of(review, lead) or Place(path=path)
        told = reasons(possible.comparison)
        hint = f"next: casetable overlap {possible.one[0]} {possible.other[0]}"
        yield O101.at(place, f"{one} and {other} may be one patient: {told}", field="overlap", hint=hint)


def reasons(comparison: Comparison) -> str:
    """Returns the strongest reasons of a comparison in one line: what supports, and what contradicts, if anything."""
    ordered = sorted(comparison.lines, key=lambda line: -abs(line.worth))
    supports = [line for line in ordered if line.sense is Sense.SUPPORTS][:3]
    against = [line for line in ordered if line.sense is Sense.CONTRADICTS][:2]
    missing = [line for line in comparison.lines if line.sense is Sense.MISSING]
    told = ", ".join(f"{_lower(line.what)} ({line.told})" for line in supports)
    if against:
        told += f"; against it: {', '.join(f'{_lower(line.what)} ({line.told})' for line in against)}"
    if not comparison.is_clinical:
        told += f"; nothing of the patients can be compared ({len(missing)} missing)"
    return told


def _lower(what: str) -> str:
    return what if what[1:2].isupper() else what[:1].lower() + what[1:]


def _named(names: Sequence[str]) -> str:
    if len(names) == 1:
        return names[0]
    report = names[0].partition("/")[0]
    return f"one of the {len(names)} cases of {report}"


def _place_of(review: Review, name: str) -> Place | None:
    report, _, case = name.partition("/")
    return next(
        (
            each.place
            for found in review.inputs.reports
            if found.name == report
            for each in found.cases
            if each.id == case
        ),
        None,
    )


def _rulings(review: Review, by_name: Mapping[str, Person], form: Form) -> Iterator[Problem]:
    ruled = review.inputs.overlaps
    reports = {person.report for person in by_name.values()}
    is_whole = review.is_read(review.inputs.paths.reports) and review.is_read(review.inputs.paths.screening)
    for ruling in ruled:
        for name in ruling.cases:
            is_report = name in reports and ruling.verdict is not OverlapVerdict.SAME
            if name in by_name or is_report or not is_whole:
                continue
            hint = did_you_mean(name, by_name)
            expected = f"expected one as {next(iter(by_name))}" if by_name else "there is none yet"
            message = f"{shown(name)} is no eligible case of an included report; {expected}"
            yield O102.at(ruling.place, message, field="cases", hint=hint)
    yield from _contradictory(ruled, by_name)
    known = Frequencies(tuple(by_name.values()), form)
    for ruling in ruled:
        if ruling.verdict is OverlapVerdict.SAME:
            yield from _differing(ruling, by_name, known)


def _contradictory(ruled: Sequence[Overlap], by_name: Mapping[str, Person]) -> Iterator[Problem]:
    """Yields rulings that contradict others, and those by which two cases of one report become one patient."""
    patient = patients_among(tuple(by_name), ruled)
    told: set[frozenset[str]] = set()
    for ruling in ruled:
        for one, other in combinations([name for name in ruling.cases if name in patient], 2):
            if ruling.verdict is OverlapVerdict.DIFFERENT and patient[one] == patient[other]:
                message = (
                    f"{ruling.by} ruled {one} and {other} different, but by other rulings they are the same patient"
                )
            elif ruling.verdict is OverlapVerdict.SAME and by_name[one].report == by_name[other].report:
                message = f"{ruling.by} ruled {one} and {other} the same patient, but one report describes them as two"
            else:
                continue
            if frozenset((one, other)) not in told:
                told.add(frozenset((one, other)))
                yield O103.at(ruling.place, message, field="cases")
    first: dict[tuple[str, str], str] = {}
    for name, person in by_name.items():
        one = first.setdefault((person.report, patient[name]), name)
        if one != name and frozenset((one, name)) not in told:
            place = next(each.place for each in ruled if each.verdict is OverlapVerdict.SAME and name in each.cases)
            message = (
                f"the rulings together make {one} and {name} the same patient, but one report describes them as two"
            )
            yield O103.at(place, message, field="cases")


def _differing(ruling: Overlap, by_name: Mapping[str, Person], known: Frequencies) -> Iterator[Problem]:
    for one, other in combinations([name for name in ruling.cases if name in by_name], 2):
        lines = compare(by_name[one], by_name[other], known).lines
        against = [line for line in lines if line.what in LASTING and line.worth <= PLAINLY]
        if against and by_name[one].report != by_name[other].report:
            told = ", ".join(f"{line.what} ({line.told})" for line in against)
            message = f"{one} and {other} were ruled one patient by {ruling.by}; against it: {told}"
            yield O104.at(ruling.place, message, field="cases")


@once
def opened(review: Review) -> tuple[tuple[Possible, ...], int]:
    """Returns the overlaps that are open, and how many pairs were ruled "cannot tell"."""
    form = review.inputs.form
    if form is None:
        return (), 0
    return possible_among(people_of(review), form, review.inputs.overlaps), untold(review)


def untold(review: Review) -> int:
    """Returns how many rulings say "cannot tell": they are not raised again, and stay open."""
    return sum(1 for ruling in review.inputs.overlaps if ruling.verdict is OverlapVerdict.CANNOT_TELL)


def compared(review: Review, one: str, other: str) -> Comparison | None:
    """Returns two cases of the review compared, by their names `report/case`; None where either is not in the table."""
    form = review.inputs.form
    people = people_of(review)
    by_name = {person.name: person for person in people}
    if form is None or one not in by_name or other not in by_name:
        return None
    return compare(by_name[one], by_name[other], Frequencies(people, form))


__all__ = [
    "RULES",
    "Comparison",
    "Line",
    "Person",
    "Possible",
    "Sense",
    "Trait",
    "compared",
    "is_common",
    "named_in",
    "opened",
    "patients",
    "patients_among",
    "people_of",
    "possible_among",
    "problems_of",
    "reasons",
    "trait_of",
    "untold",
]
