"""Joins the records of a review into groups of one report, under the rulings of its curators, which always win."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from casetable.dedup.cluster import Deduplicated, Pair, deduplicate
from casetable.dedup.decide import Decision, Settings, decide
from casetable.dedup.normalize import Entry, normalize
from casetable.model import Joined, Record, Ruling, normal_doi
from casetable.problems import Example, Place, Problem, Rule, Severity, shown

D101 = Rule(
    code="D101",
    name="ruling-names-unknown-record",
    summary="a ruling on duplicates names a record that the review does not have",
    why="The ruling has no effect, and a mistyped key would hide that.",
    fix="Correct the key; `casetable status --records` lists them.",
    example=Example(
        path="curated/duplicates.yaml",
        good="same: []\n",
        bad="same:\n  - records: [pmid:11, pmid:99]\n    by: A. Curator\n    when: 2026-01-15\n",
        message="pmid:99 is no record of this review",
    ),
)
D102 = Rule(
    code="D102",
    name="rulings-contradict",
    summary="records are ruled to be of the same report, and of different ones",
    why="Both cannot hold; they are kept apart until it is settled.",
    fix="Remove or correct one of the rulings.",
    example=Example(
        path="curated/duplicates.yaml",
        good="same: []\ndifferent: []\n",
        bad="same:\n  - records: [pmid:11, doi:10.1234/invented.2]\n    by: A. Curator\n    when: 2026-01-15\n"
        "different:\n  - records: [pmid:11, doi:10.1234/invented.2]\n    by: A. Curator\n    when: 2026-01-15\n",
        message="doi:10.1234/invented.2 and pmid:11 are ruled the same, but in line 7 different",
    ),
)

D103 = Rule(
    code="D103",
    name="possible-duplicates",
    severity=Severity.WARNING,
    summary="two records may be of the same report, which nobody has ruled on",
    why="Counted twice, a report brings its patients into the table twice; joined wrongly, one is lost.",
    fix="Look at both, and list them in curated/duplicates.yaml under `same` or `different`.",
    example=Example(
        path="queries/records.jsonl",
        good='"authors": ["Doe A"], "doi": "10.1234/invented.1", "journal": "J Invent", "key": "pmid:11", "origin": "PubMed", '
        '"pmid": "11", "title": "An invented case"',
        bad='"authors": ["Roe B"], "doi": "10.1234/invented.1", "journal": "J Invent", "key": "pmid:11", "origin": "PubMed", '
        '"pmid": "11", "title": "Another invented report of a drug"',
        message="doi:10.1234/invented.2 and pmid:11 may be one report: two DOIs over like titles",
    ),
)
RULES = (D101, D102, D103)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Why two records are of one report: the rule, or who ruled."""

    one: str
    other: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The records of one report, sorted by key; `links` say why each pair was joined."""

    keys: tuple[str, ...]
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouped:
    """The groups of a review's records by first key, what is wrong with the rulings, and what a person should look at.

    `possible` are pairs that may be of one report, `broken` pairs that are like but would join two that surely differ,
    with these, and `linked` preprints with their articles; each by key, with the rule.
    """

    groups: tuple[Group, ...]
    problems: tuple[Problem, ...]
    possible: tuple[Link, ...]
    broken: tuple[tuple[Link, Link], ...]
    linked: tuple[Link, ...]


def group_records(
    records: Mapping[str, Record],
    rulings: Sequence[Ruling],
    *,
    one_report: Collection[Joined] = (),
    is_whole: bool = True,
) -> Grouped:
    """Returns the groups of records of one report; `one_report` is what the protocol takes for one.

    The order of records and rulings does not matter. Rulings may name a record by any of its identifiers; with
    `is_whole` one that names an unknown record is a problem.
    """
    keys = sorted(records)
    at = {key: number for number, key in enumerate(keys)}
    names: dict[str, list[str]] = defaultdict(list)
    for key in keys:
        for name in records[key].identifiers:
            names[name].append(key)
    problems = [
        D101.at(ruling.place, f"{key} is no record of this review", field="records")
        for ruling in rulings
        for key in ruling.keys
        if is_whole and key not in names
    ]
    ruled: dict[bool, dict[tuple[str, str], Ruling]] = {True: {}, False: {}}
    for ruling in sorted(rulings, key=lambda ruling: (ruling.place, ruling.keys)):
        for pair in _ruled_pairs(ruling, names):
            ruled[ruling.is_same].setdefault(pair, ruling)

    def placed(pairs: Mapping[tuple[str, str], object]) -> list[tuple[int, int]]:
        return [(at[a], at[b]) for a, b in pairs]

    entries = [entry_of(records[key]) for key in keys]
    found = deduplicate(
        entries,
        settings=Settings(
            joins_cochrane_versions=Joined.COCHRANE_VERSIONS in one_report,
            joins_preprints=Joined.PREPRINTS in one_report,
        ),
        ruled_same=placed(ruled[True]),
        ruled_apart=placed(ruled[False]),
    )
    for same, against in found.unjoined:
        one, other = keys[same[0]], keys[same[1]]
        line = ruled[False][keys[against[0]], keys[against[1]]].place.line
        message = f"{one} and {other} are ruled the same, but in line {line} different"
        problems.append(D102.at(ruled[True][one, other].place, message, field="records"))

    def link(pair: Pair) -> Link:
        return Link(one=keys[pair.one], other=keys[pair.other], reason=pair.decision.rule)

    return Grouped(
        groups=_groups(found, keys, ruled[True]),
        problems=tuple(problems),
        possible=tuple(map(link, found.possible)),
        broken=tuple((link(broken.pair), link(broken.apart)) for broken in found.broken),
        linked=tuple(map(link, found.linked)),
    )


def entry_of(record: Record) -> Entry:
    """Returns a record of a review as it is compared."""
    return Entry(
        id=record.key,
        title=record.title,
        authors=record.authors,
        year=record.year,
        journal=record.journal,
        volume=record.volume,
        issue=record.issue,
        pages=record.pages,
        doi=record.doi,
        pmid=record.pmid,
        pmcid=record.pmcid,
        source=record.origin,
    )


def open_questions(grouped: Grouped, records: Mapping[str, Record], place: Place) -> Iterator[Problem]:
    """Yields what a person should rule on, at the place where rulings stand."""
    for pair in grouped.possible:
        message = f"{pair.one} and {pair.other} may be one report: {pair.reason}"
        title = records[pair.one].title
        yield D103.at(
            place,
            message,
            field=pair.one,
            hint=f"{shown(title, 60)}; 'casetable dedupe --explain {pair.one} {pair.other}'",
        )
    for pair, apart in grouped.broken:
        message = (
            f"{pair.one} and {pair.other} are like each other ({pair.reason}), but were not joined, as {apart.one} and"
            f" {apart.other} differ ({apart.reason})"
        )
        yield D103.at(place, message, field=pair.one)


def _groups(
    found: Deduplicated,
    keys: Sequence[str],
    ruled: Mapping[tuple[str, str], Ruling],
) -> tuple[Group, ...]:
    number_of = {keys[at]: number for number, group in enumerate(found.groups) for at in group}
    links: dict[int, list[Link]] = defaultdict(list)
    reasons = [(one, other, f"ruled the same by {ruling.by}") for (one, other), ruling in sorted(ruled.items())]
    reasons += [(keys[pair.one], keys[pair.other], pair.decision.rule) for pair in found.same]
    seen = set()
    for one, other, reason in reasons:
        if number_of[one] == number_of[other] and (one, other) not in seen:
            seen.add((one, other))
            links[number_of[one]].append(Link(one=one, other=other, reason=reason))
    groups = [
        Group(keys=tuple(sorted(keys[at] for at in group)), links=tuple(links[number]))
        for number, group in enumerate(found.groups)
    ]
    return tuple(sorted(groups, key=lambda group: group.keys))


def explain(records: Mapping[str, Record], one: str, other: str) -> tuple[Decision, tuple[str, ...]]:
    """Returns what is decided of two records by themselves, and how each field compares, with its values, a line each."""
    a, b = records[one], records[other]
    decision = decide(normalize(entry_of(a)), normalize(entry_of(b)))
    return decision, told_fields(decision, entry_of(a), entry_of(b))


def told_fields(decision: Decision, one: Entry, other: Entry) -> tuple[str, ...]:
    """Returns how each field of two records compares, with its values, a line a field; and both titles."""
    lines = []
    for field in decision.fields:
        name = field.partition(":")[0]
        values = [getattr(entry, name) for entry in (one, other)]
        if name == "title":
            lines += [field, *(f"  {value or '–'}" for value in values)]
        elif name in {"abstract", "authors"}:
            lines.append(field)
        else:
            lines.append(f"{field} ({', '.join(value or '–' for value in values)})")
    return tuple(lines)


def is_another(one: Record, other: Record) -> bool:
    """Whether two records with one key are plainly of different reports: another DOI, or another title."""
    if one.doi and other.doi and normal_doi(one.doi) != normal_doi(other.doi):
        return True
    titles = (normalize(entry_of(record)).title for record in (one, other))
    return fuzz.token_set_ratio(*titles) < _OTHER_TITLE


_OTHER_TITLE = 60.0


def _ruled_pairs(ruling: Ruling, names: Mapping[str, list[str]]) -> Iterator[tuple[str, str]]:
    """Yields the pairs of records that a ruling speaks of, each sorted; the records of one identifier are one side."""
    sides = [sorted(names[key]) for key in ruling.keys if key in names]
    for index, side in enumerate(sides):
        for other_side in sides[index + 1 :]:
            for one in side:
                for other in other_side:
                    if one != other:
                        yield (one, other) if one < other else (other, one)
