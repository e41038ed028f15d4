"""How much speaks for two cases being one person, line by line.

Each line is worth the logarithm of a likelihood ratio (Fellegi and Sunter 1969): how much more often what is seen is seen of
one person described twice than of two persons of the same review. What is missing is worth nothing, for either.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache

from rapidfuzz import fuzz

from casetable.model import Form, Number
from casetable.overlap.names import plain
from casetable.overlap.traits import DEATH, Person, Value


class Sense(StrEnum):
    SUPPORTS = "supports"
    CONTRADICTS = "contradicts"
    MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing compared: what it says, and how much that is worth (natural logarithm, below 0 where it contradicts)."""

    what: str
    sense: Sense
    told: str
    worth: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two cases compared; `score` is the sum of all lines and of what is known before looking at any."""

    one: str
    other: str
    lines: tuple[Line, ...]
    before: float

    @property
    def score(self) -> float:
        return self.before + sum(line.worth for line in self.lines)

    @property
    def is_clinical(self) -> bool:
        """Whether anything of the patients themselves could be compared."""
        return any(line.sense is not Sense.MISSING and line.what not in _OF_REPORTS for line in self.lines)


_OF_REPORTS = frozenset(["authors", "year of publication"])

# Surnames that so many people bear that one of them, with one initial, says little, as PubMed spells them. Chosen by judgment.
_COMMON = frozenset(
    "wang li zhang liu chen yang huang zhao wu zhou xu sun ma zhu hu guo he lin gao luo zheng liang xie song tang deng han feng"  # noqa: SIM905
    " cao peng zeng xiao tian dong pan yuan cai jiang yu du ye cheng wei su lu ding ren lv yao shen zhong jin kim lee park choi"
    " jung nguyen tran le singh kumar sharma patel khan ali ahmed mohamed sato suzuki tanaka smith garcia silva santos".split()
)  # fmt: skip

# How many of a review's cases are told twice. Set by judgment.
TOLD_TWICE = 0.06
# How often two unrelated reports have an author of one name: of the very common, and of other names, six authors each.
COMMON_BY_CHANCE, RARE_BY_CHANCE = 0.03, 0.001
# Authors, center, country and years tell the group that reports, not the patient: they are worth no more than how rare such
# cases are in the review, and a little for who reports one patient twice.
OF_ONE_STAY = 0.7
# What the lines are worth at most, or where a ratio is set by judgment, with the reason.
SEX_DIFFERS = -4.6  # a slip in one report of a hundred
COUNTRY_DIFFERS = -3.0
CENTER_DIFFERS = -1.5  # patients are moved, and centers named in two ways
CENTER_AGREES = 1.6  # its patients are many
OF_A_NAME, OF_A_COMMON_NAME = 3.5, 2.2  # and half of it for each further one
NO_LISTED_AUTHOR = -0.7
NO_SHARED_AUTHOR = -2.0  # who reports a patient again mostly was there before
FEATURE_DIFFERS = -1.6
DIED_THEN_LIVED = -4.6
AGAIN = -0.5  # even of one person, two reports often give values of two days
MOST_OF_AGE = 3.5  # however exact: siblings and ages of one disease
MOST_OF_AUTHORS, MOST_OF_LABORATORY, MOST_OF_DRUGS, MOST_OF_FEATURES, MOST_OF_WORDING = 5.0, 12.0, 3.0, 2.0, 2.0
OF_A_WORD = 0.3  # words of one field hang together
LEAST_OF_LABORATORY, LEAST_OF_FEATURES = -6.0, -4.0


class Frequencies:
    """How often what is compared occurs in the review: what is common there says little."""

    def __init__(self, people: Sequence[Person], form: Form) -> None:
        self.people = len(people)
        self.labels = {name: about.label for name, about in form.fields.items()}
        by_report = {person.report: person for person in people}
        self.reports = len(by_report)
        self.drugs = Counter(drug for p in people for drug in set(p.drugs))
        self.sexes = Counter(p.sex for p in people if p.sex)
        self.countries = Counter(p.country for p in people if p.country)
        self.ages = sorted(p.ages[0] for p in people if p.ages)
        self.choices: Mapping[str, Counter[frozenset[str]]] = _counted(people)
        self.words = _counted_words(people)
        self.values: dict[str, list[float]] = {}
        for person in people:
            for name, values in person.numbers.items():
                self.values.setdefault(name, []).extend(float(value.number.low) for value in values)
        for listed in self.values.values():
            listed.sort()
        self._of_author: dict[str, set[str]] = {}
        self._of_center: dict[str, set[str]] = {}
        for person in people:
            for author in person.authors:
                self._of_author.setdefault(author_key(author), set()).add(person.name)
            for center in person.centers:
                self._of_center.setdefault(_sorted_words(center), set()).add(person.name)
        self._groups: dict[str, int] = {}

    def group(self, person: Person) -> int:
        """Returns how many cases of the review share an author or the center with a case, itself included."""
        found = self._groups.get(person.name)
        if found is None:
            own = [self._of_author.get(author_key(author), set()) for author in person.authors]
            own += [self._of_center.get(_sorted_words(center), set()) for center in person.centers]
            found = self._groups[person.name] = len(set().union(*own, {person.name}))
        return found

    def chance_of(self, name: str, number: Number, digits: int) -> float:
        """Returns how likely another case has the same figure, rounded to so many digits, by the values of the review near it."""
        value = abs(float(number.low))
        listed = self.values.get(name, [])
        if not value or len(listed) < 2:
            return 10.0**-digits
        width = 10.0 ** (math.floor(math.log10(value)) - digits + 1)
        reach = max(value / 4, width)
        near = (
            bisect_right(listed, value + reach) - bisect_left(listed, value - reach) - 2
        )  # without the two themselves
        return min(max((near + 1) / len(listed), 0.05) * width / (2 * reach), 0.7)

    def share(self, count: int, of: int) -> float:
        """Returns how often something is, between never and always: seen `count` times of `of`, drawn to one half."""
        return (count + 0.5) / (of + 1)

    def near_age(self, age: Decimal) -> float:
        """Returns the share of cases within a year of an age, at least what 80 years spread evenly would give."""
        near = bisect_right(self.ages, age + 1) - bisect_left(self.ages, age - 1)
        return max((near + 0.5) / (len(self.ages) + 20), 2 / 80)


def _counted(people: Iterable[Person]) -> dict[str, Counter[frozenset[str]]]:
    found: dict[str, Counter[frozenset[str]]] = {}
    for person in people:
        for name, chosen in person.choices.items():
            found.setdefault(name, Counter())[chosen] += 1
    return found


def _counted_words(people: Iterable[Person]) -> Mapping[str, Counter[str]]:
    """How many cases have a word in a field's free text, and under "" how many have any."""
    found: dict[str, Counter[str]] = {}
    for person in people:
        for name, words in person.words.items():
            found.setdefault(name, Counter()).update([*words, ""])
    return found


def compare(one: Person, other: Person, known: Frequencies) -> Comparison:
    """Returns two cases compared; it does not matter which comes first."""
    if one.name > other.name:
        one, other = other, one
    of_group = [*_authors(one, other), *_years(one, other), *_center(one, other, known)]
    lines = [
        *_capped(of_group, math.log(known.people / min(known.group(one), known.group(other))) + OF_ONE_STAY),
        *_sex(one, other, known),
        *_age(one, other, known),
        *_features(one, other, known),
        *_drugs(one, other, known),
        *_laboratory(one, other, known),
        *_outcome(one, other),
        *_wording(one, other, known),
    ]
    # Before looking: a case has as many others to be confused with as there are.
    before = math.log(TOLD_TWICE) - math.log(max(known.people, 2))
    return Comparison(one=one.name, other=other.name, lines=tuple(lines), before=before)


def _capped(lines: Sequence[Line], most: float) -> Iterator[Line]:
    """Yields lines of which those that support are worth no more than so much together: they say one thing, the group."""
    support = sum(line.worth for line in lines if line.worth > 0)
    share = min(1.0, max(most, 0.1) / support) if support else 1.0
    for line in lines:
        yield replace(line, worth=round(line.worth * share, 3)) if line.worth > 0 else line


def _line(what: str, told: str, worth: float) -> Line:
    sense = Sense.SUPPORTS if worth > 0 else Sense.CONTRADICTS
    return Line(what=what, sense=sense, told=told, worth=round(worth, 3))


def _missing(what: str, one: object, other: object) -> Iterator[Line]:
    told = "known of one only" if one or other else "not known of either"
    yield Line(what=what, sense=Sense.MISSING, told=told)


# --- the reports ------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=65_536)
def author_key(name: str) -> str:
    """An author for comparison: family name and initials, in small letters without accents."""
    words = plain(name.replace("-", " ")).split()
    if len(words) > 1 and len(words[-1]) <= 4:
        return f"{' '.join(words[:-1])} {words[-1]}"
    return " ".join(words)


@lru_cache(maxsize=65_536)
def _is_same_author(one: str, other: str) -> bool:
    first, second = one.rpartition(" "), other.rpartition(" ")
    if first[0] != second[0] or not first[0]:
        return one == other
    return first[2].startswith(second[2]) or second[2].startswith(first[2])


@lru_cache(maxsize=65_536)
def is_common(author: str) -> bool:
    """Whether an author's name says little: a very common surname with no more than one initial."""
    family, _, initials = author_key(author).rpartition(" ")
    return family in _COMMON and len(initials) <= 1


def _authors(one: Person, other: Person) -> Iterator[Line]:
    if not one.authors or not other.authors:
        yield from _missing("authors", one.authors, other.authors)
        return
    shared = [
        (mine, yours)
        for mine in one.authors
        for yours in other.authors
        if _is_same_author(author_key(mine), author_key(yours))
    ]
    if not shared:
        if not (one.has_more_authors or other.has_more_authors):
            yield _line("authors", "none in common", NO_SHARED_AUTHOR)
        else:
            yield _line("authors", "none in common of those listed, which are not all", NO_LISTED_AUTHOR)
        return
    worth = 0.0
    told: list[str] = []
    for mine, yours in shared:
        own = OF_A_COMMON_NAME if is_common(mine) or is_common(yours) else OF_A_NAME
        worth += own * (1 if not told else 0.5)
        told.append(f"{mine} (a common name)" if is_common(mine) or is_common(yours) else mine)
    yield _line("authors", f"in common: {', '.join(dict.fromkeys(told))}", min(worth, MOST_OF_AUTHORS))


def coincidences(one: Person, other: Person, known: Frequencies) -> float:
    """Returns in how many pairs of the review's reports chance alone would bring the authors that two share."""
    shared = {
        min(author_key(mine), author_key(yours)): is_common(mine) or is_common(yours)
        for mine in one.authors
        for yours in other.authors
        if _is_same_author(author_key(mine), author_key(yours))
    }
    pairs = known.reports * (known.reports - 1) / 2
    return pairs * math.prod(COMMON_BY_CHANCE if common else RARE_BY_CHANCE for common in shared.values())


def _years(one: Person, other: Person) -> Iterator[Line]:
    if one.year is None or other.year is None:
        yield from _missing("year of publication", one.year, other.year)
        return
    apart = abs(one.year - other.year)
    told = f"{one.year} and {other.year}" if apart else f"both {one.year}"
    if apart <= 2:
        yield _line("year of publication", told, 0.6)
    elif apart <= 6:
        yield _line("year of publication", told, 0.05)
    else:
        yield _line("year of publication", told, -0.15 * min(apart, 12))


def _sorted_words(center: str) -> str:
    return " ".join(sorted(set(center.split())))


# --- the patients -----------------------------------------------------------------------------------------------------


def _sex(one: Person, other: Person, known: Frequencies) -> Iterator[Line]:
    if not one.sex or not other.sex:
        yield from _missing("sex", one.sex, other.sex)
    elif plain(one.sex) == plain(other.sex):
        share = known.share(known.sexes[one.sex], sum(known.sexes.values()))
        yield _line("sex", f"both {one.sex}", max(-math.log(share), 0.01))
    else:
        yield _line("sex", f"{one.sex} and {other.sex}", SEX_DIFFERS)


def _age(one: Person, other: Person, known: Frequencies) -> Iterator[Line]:
    if one.ages is None or other.ages is None:
        yield from _missing("age", one.ages, other.ages)
        return
    apart = max(Decimal(0), max(one.ages[0], other.ages[0]) - min(one.ages[1], other.ages[1]))
    told = " and ".join(_years_told(person.ages) for person in (one, other)) + " years"
    # A later report may give the age of then; and a birthday lies between two reports of one stay.
    gap = abs(one.year - other.year) if one.year and other.year else 2
    older = one.ages[0] >= other.ages[0]
    is_later = one.year is None or other.year is None or (one.year >= other.year) == older
    if apart < 1:
        is_exact = one.ages == other.ages
        is_to_the_month = is_exact and one.ages[0] != int(one.ages[0])
        chance = known.near_age(one.ages[0]) / (12 if is_to_the_month else 1)
        worth = -math.log(chance) - (0.2 if is_exact else 0.6)
        yield _line("age", told, min(max(worth, 0.05), MOST_OF_AGE))
    elif apart <= 1 or (is_later and apart <= gap + 1):
        yield _line("age", told, max(-math.log(known.near_age(one.ages[0])) - 1.6, 0.05))
    else:
        yield _line("age", told, max(-1.2 * float(apart), -6.0))


def _years_told(ages: tuple[Decimal, Decimal] | None) -> str:
    low, high = ages or (Decimal(0), Decimal(0))
    return str(Number(low=round(low, 1), high=round(high, 1)))


def _center(one: Person, other: Person, known: Frequencies) -> Iterator[Line]:
    if one.country and other.country:
        if fuzz.ratio(plain(one.country), plain(other.country)) >= 85:
            share = known.share(known.countries[one.country], sum(known.countries.values()))
            yield _line("country", f"both {one.country}", max(-math.log(share), 0.01))
        else:
            yield _line("country", f"{one.country} and {other.country}", COUNTRY_DIFFERS)
    else:
        yield from _missing("country", one.country, other.country)
    if not one.centers or not other.centers:
        yield from _missing("center", one.centers, other.centers)
        return
    likeness = max(fuzz.token_set_ratio(a, b) for a in one.centers for b in other.centers)
    if likeness >= 88:
        yield _line("center", f"the same, or one within the other: {one.centers[0]}", CENTER_AGREES)
    elif likeness < 60:
        yield _line("center", f"{one.centers[0]} and {other.centers[0]}", CENTER_DIFFERS)
    if one.periods and other.periods:
        apart = min(abs(a - b) for a in one.periods for b in other.periods)
        yield _line("period", f"{one.periods[0]} and {other.periods[0]}", 1.0 if apart <= 1 else -1.0 * min(apart, 5))


def _features(one: Person, other: Person, known: Frequencies) -> Iterator[Line]:
    left = {+1: MOST_OF_FEATURES, -1: -LEAST_OF_FEATURES}
    for name in sorted(one.choices.keys() | other.choices.keys()):
        label = known.labels[name]
        mine, yours = one.choices.get(name), other.choices.get(name)
        if not mine or not yours:
            yield from _missing(label, mine, yours)
            continue
        counts = known.choices[name]
        if mine & yours:
            share = known.share(counts[mine], sum(counts.values()))
            worth = min(max(-math.log(share), 0.01), left[+1])
            left[+1] -= worth
            yield _line(label, f"both {', '.join(sorted(mine & yours))}", max(worth, 0.001))
        else:
            worth = max(FEATURE_DIFFERS, -left[-1])
            left[-1] += worth
            yield _line(label, f"{', '.join(sorted(mine))} and {', '.join(sorted(yours))}", min(worth, -0.001))


def _drugs(one: Person, other: Person, known: Frequencies) -> Iterator[Line]:
    if not one.drugs or not other.drugs:
        yield from _missing("drugs", one.drugs, other.drugs)
        return
    shared = [drug for drug in one.drugs if any(_is_same_drug(drug, each) for each in other.drugs)]
    mine, yours = len(one.drugs), len(other.drugs)
    if not shared:
        yield _line("drugs", "none in common", -0.5 * min(mine, yours, 4))
        return
    worth = sum(0.5 * -math.log(known.share(known.drugs[drug], known.people)) for drug in shared)
    worth -= 0.5 * (min(mine, yours) - min(len(shared), min(mine, yours)))
    order = [drug for drug in other.drugs if any(_is_same_drug(drug, each) for each in shared)]
    is_in_order = len(shared) >= 3 and all(_is_same_drug(a, b) for a, b in zip(shared, order, strict=False))
    worth += 0.7 if is_in_order else 0.0
    told = f"in common: {', '.join(shared[:6])}" + (", in the same order" if is_in_order else "")
    yield _line("drugs", f"{told} (of {mine} and {yours})", max(min(worth, MOST_OF_DRUGS), -2.0) or 0.001)


def _is_same_drug(one: str, other: str) -> bool:
    return one == other or fuzz.ratio(one, other) >= 90


def _laboratory(one: Person, other: Person, known: Frequencies) -> Iterator[Line]:
    """Compares measured values: the same printed figure says the more the more digits it has."""
    support = contradiction = 0.0
    for name in sorted(one.numbers.keys() | other.numbers.keys()):
        label = known.labels[name]
        mine, yours = one.numbers.get(name, ()), other.numbers.get(name, ())
        if not mine or not yours:
            yield from _missing(label, mine, yours)
            continue
        same = max(
            ((_digits(a.number, b.number), a) for a in mine for b in yours if _is_same_figure(a.number, b.number)),
            key=lambda found: found[0],
            default=None,
        )
        if same is not None:
            digits, value = same
            chance = min(known.chance_of(name, value.number, digits) * len(mine) * len(yours), 0.7)
            worth = min(-math.log(chance) + AGAIN, MOST_OF_LABORATORY - support)
            support += worth
            yield _line(label, f"both {value.number}", max(worth, 0.001))
            continue
        worth = _difference(mine, yours)
        worth = max(worth, LEAST_OF_LABORATORY - contradiction)
        contradiction += worth
        yield _line(label, f"{mine[0].number} and {yours[0].number}", min(worth, -0.001))


# Rounding to two digits moves a figure by at most one part in so many: 1.05 to 1.1, or 1.15 to 1.1.
ONE_PART = 9


def _is_same_figure(one: Number, other: Number) -> bool:
    """Whether two figures are one, the one perhaps rounded to fewer digits than the other."""
    if one.sign != other.sign:
        return False
    if one.low == other.low and one.high == other.high:
        return True
    if one.low != one.high or other.low != other.high or not one.low or not other.low:
        return False
    if abs(one.low - other.low) * ONE_PART > max(abs(one.low), abs(other.low)):
        return False
    digits = min(precision(one.low), precision(other.low))
    return digits >= 2 and _rounded(one.low, digits) == _rounded(other.low, digits)


@lru_cache(maxsize=65_536)
def precision(number: Decimal) -> int:
    """How many digits of a number say something: 1271.4 has five, 1200 two, 0.05 one."""
    digits = "".join(map(str, number.normalize().as_tuple().digits))
    return len(digits.rstrip("0").lstrip("0")) or 1


def _rounded(number: Decimal, digits: int) -> Decimal:
    return Decimal(f"{number:.{digits - 1}e}")


def _digits(one: Number, other: Number) -> int:
    digits = min(precision(one.low), precision(other.low))
    return digits + (1 if one.low != one.high else 0)


def _difference(mine: Sequence[Value], yours: Sequence[Value]) -> float:
    """What other values of one measurement speak against: much at the same point of the course, little at another one."""
    moments = {value.when for value in mine} & {value.when for value in yours} - {""}
    if moments:
        pairs = [(a, b) for a in mine for b in yours if a.when == b.when and a.when in moments]
    else:
        pairs = [(mine[0], yours[0])]
    ratio = min(_ratio(a.number, b.number) for a, b in pairs)
    if ratio < 1.05:
        return -0.6
    is_single = len(mine) == len(yours) == 1
    return (-2.3 if ratio > 3 else -1.6) if moments or is_single else -0.5


def _ratio(one: Number, other: Number) -> float:
    low, high = sorted((abs(float(one.low)), abs(float(other.low))))
    return high / low if low else math.inf


def _outcome(one: Person, other: Person) -> Iterator[Line]:
    if not one.outcomes or not other.outcomes:
        yield from _missing("outcome", one.outcomes, other.outcomes)
        return
    deaths = [any(DEATH.search(text) for text in person.outcomes.values()) for person in (one, other)]
    told = " and ".join(dict.fromkeys(next(iter(person.outcomes.values())) for person in (one, other)))
    if deaths[0] == deaths[1]:
        yield _line("outcome", told, 0.7 if all(deaths) else 0.2)
        return
    died, lived = (one, other) if deaths[0] else (other, one)
    is_after = died.year is not None and lived.year is not None and lived.year > died.year
    yield _line("outcome", told, DIED_THEN_LIVED if is_after else -1.2)


def _wording(one: Person, other: Person, known: Frequencies) -> Iterator[Line]:
    """Compares free text by the words that few other cases have; other words contradict nothing, and none are missed."""
    left = MOST_OF_WORDING
    for name in sorted(one.words.keys() & other.words.keys()):
        mine, yours, counts = one.words[name], other.words[name], known.words[name]
        rare = sorted(mine & yours, key=lambda word: (counts[word], word))[:4]
        # Drawn to one half, and without the two themselves: in a small review no word is known to be rare.
        chances = [(max(counts[word] - 2, 0) + 1) / (max(counts[""] - 2, 0) + 2) for word in rare]
        worth = (
            OF_A_WORD
            * sum(-math.log(chance) for chance in chances)
            * len(mine & yours)
            / max(min(len(mine), len(yours)), 1)
        )
        worth = min(worth, left)
        left -= worth
        if worth >= 0.05:
            yield _line(known.labels[name], f"both say {', '.join(rare)}", worth)
