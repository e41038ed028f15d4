"""Joins the records of one report into groups: by identifiers first, then by title, year and authors.

Losing a distinct report is worse than keeping a copy, so anything that speaks against a pair keeps it apart, and a
person's ruling always wins.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from rapidfuzz import fuzz

from casetable.model import Record, Ruling, normal_doi
from casetable.problems import Example, Problem, Rule

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

RULES = (D101, D102)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Why two records are of one report: the reason in words, strongest kind first."""

    one: str
    other: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The records of one report, sorted by key; `links` say why each pair was joined."""

    keys: tuple[str, ...]
    links: tuple[Link, ...]


def group_records(
    records: Mapping[str, Record], rulings: Sequence[Ruling], *, is_whole: bool = True
) -> tuple[tuple[Group, ...], tuple[Problem, ...]]:
    """Returns the groups of records of one report, by first key, and what is wrong with the rulings.

    The order of records and rulings does not matter. Rulings may name a record by any of its identifiers; with
    `is_whole` one that names an unknown record is a problem.
    """
    names: dict[str, list[str]] = defaultdict(list)
    for record in records.values():
        for name in record.identifiers:
            names[name].append(record.key)
    problems = [
        D101.at(ruling.place, f"{key} is no record of this review", field="records")
        for ruling in rulings
        for key in ruling.keys
        if is_whole and key not in names
    ]
    clusters = _Clusters(records)
    ruled_apart: dict[tuple[str, str], Ruling] = {}
    for ruling in rulings:
        if not ruling.is_same:
            for one, other in _ruled_pairs(ruling, names):
                ruled_apart[one, other] = ruling
                clusters.keep_apart(one, other)
    same = sorted(
        ((*pair, ruling) for ruling in rulings if ruling.is_same for pair in _ruled_pairs(ruling, names)),
        key=lambda ruled: (ruled[0], ruled[1], ruled[2].place),
    )
    for one, other, ruling in same:
        against = clusters.join(Link(one=one, other=other, reason=f"ruled the same by {ruling.by}"), held=())
        if against:
            line = ruled_apart[against].place.line
            message = f"{one} and {other} are ruled the same, but in line {line} different"
            problems.append(D102.at(ruling.place, message, field="records"))
    for link in sorted(_identifier_links(records), key=lambda link: (link.one, link.other, link.reason)):
        clusters.join(link, held=("pmid",))
    for _, link in sorted(_title_links(records), key=lambda scored: (-scored[0], scored[1].one, scored[1].other)):
        clusters.join(link, held=("pmid", "doi"))
    return clusters.groups(), tuple(problems)


def explain(records: Mapping[str, Record], one: str, other: str) -> tuple[str, ...]:
    """Returns what the two records share and where they differ, a line a field."""
    a, b = records[one], records[other]
    lines = []
    for name in ("pmid", "doi", "pmcid"):
        x, y = getattr(a, name), getattr(b, name)
        if name == "doi":
            x, y = normal_doi(x), normal_doi(y)
        verdict = "missing" if not (x and y) else "agrees" if x == y else "differs"
        lines.append(f"{name}: {verdict} ({x or '–'}, {y or '–'})")
    similarity = fuzz.ratio(_normal_title(a.title), _normal_title(b.title))
    lines.append(f"title: {similarity:.0f} % alike")
    lines.append(f"year: {'agrees' if _years_agree(a, b) else 'differs'} ({a.year or '–'}, {b.year or '–'})")
    shared = _families(a) & _families(b)
    lines.append(f"authors: {len(shared)} shared of {len(a.authors)} and {len(b.authors)}")
    against = _against(a, b)
    lines.append(f"speaks against: {', '.join(against)}" if against else "nothing speaks against")
    return tuple(lines)


def is_another(one: Record, other: Record) -> bool:
    """Whether two records with one key are plainly of different reports: another DOI, or another title."""
    if one.doi and other.doi and normal_doi(one.doi) != normal_doi(other.doi):
        return True
    return fuzz.token_set_ratio(_normal_title(one.title), _normal_title(other.title)) < _OTHER_TITLE


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


class _Clusters:
    """Joined records, under the pairs that must stay apart."""

    def __init__(self, records: Mapping[str, Record]) -> None:
        self._parent = {key: key for key in records}
        self._members: dict[str, list[str]] = {key: [key] for key in records}
        self._apart: dict[str, set[str]] = defaultdict(set)
        self._links: list[Link] = []
        self._known = {
            name: {key: {value} if (value := _identifier(record, name)) else set() for key, record in records.items()}
            for name in ("pmid", "doi")
        }

    def keep_apart(self, one: str, other: str) -> None:
        self._apart[one].add(other)
        self._apart[other].add(one)

    def join(self, link: Link, *, held: tuple[str, ...]) -> tuple[str, str] | None:
        """Joins two records and all that is joined with them; returns the pair of records that forbids it, if one does.

        `held` names the identifiers that must not differ: two PMIDs are two reports, also through a third record.
        """
        root, other = self._find(link.one), self._find(link.other)
        if root == other:
            self._links.append(link)
            return None
        if len(self._members[root]) < len(self._members[other]):
            root, other = other, root
        if self._apart:
            there = set(self._members[root])
            for member in sorted(self._members[other]):
                for forbidden in sorted(self._apart.get(member, ())):
                    if forbidden in there:
                        return (member, forbidden) if member < forbidden else (forbidden, member)
        for name in held:
            known = self._known[name]
            if known[root] and known[other] and known[root].isdisjoint(known[other]):
                return None
        for known in self._known.values():
            known[root] |= known[other]
        self._parent[other] = root
        self._members[root] += self._members.pop(other)
        self._links.append(link)
        return None

    def groups(self) -> tuple[Group, ...]:
        links = defaultdict(list)
        for link in self._links:
            links[self._find(link.one)].append(link)
        groups = [
            Group(keys=tuple(sorted(members)), links=tuple(links[root])) for root, members in self._members.items()
        ]
        return tuple(sorted(groups, key=lambda group: group.keys))

    def _find(self, key: str) -> str:
        while self._parent[key] != key:
            self._parent[key] = self._parent[self._parent[key]]
            key = self._parent[key]
        return key


def _identifier_links(records: Mapping[str, Record]) -> Iterator[Link]:
    """Yields a link for each identifier that two records share, unless the records are plainly of different reports."""
    for name in ("pmid", "pmcid", "doi"):
        owners: dict[str, list[Record]] = defaultdict(list)
        for record in records.values():
            value = getattr(record, name)
            if value:
                owners[normal_doi(value) if name == "doi" else value].append(record)
        for value, owned in owners.items():
            # One DOI can stand over many abstracts; a PMID stands over one record.
            if len({record.pmid for record in owned if record.pmid}) > 1:
                continue
            owned.sort(key=lambda record: record.key)
            for one, other in combinations(owned, 2) if len(owned) <= _FEW else pairwise(owned):
                yield Link(one=one.key, other=other.key, reason=f"the same {name.upper()} {value}")


def _identifier(record: Record, name: str) -> str:
    return normal_doi(record.doi) if name == "doi" else str(getattr(record, name))


_FEW = 20
_SIMILAR_TITLE = 95.0
_SHORTEST_TITLE = 20


def _title_links(records: Mapping[str, Record]) -> Iterator[tuple[float, Link]]:
    """Yields scored links of records whose titles are alike, whose years agree and whose authors do not differ."""
    blocks: dict[tuple[str, ...], list[Record]] = defaultdict(list)
    titles = {key: _normal_title(record.title) for key, record in records.items()}
    for key, record in records.items():
        if len(titles[key]) >= _SHORTEST_TITLE:
            for block in _blocks(record, titles[key]):
                blocks[block].append(record)
    seen = set()
    for members in blocks.values():
        for one, other in _pairs(members, titles):
            pair = (one.key, other.key) if one.key < other.key else (other.key, one.key)
            if pair in seen:
                continue
            seen.add(pair)
            similarity = fuzz.ratio(titles[one.key], titles[other.key], score_cutoff=_SIMILAR_TITLE)
            if similarity and _years_agree(one, other) and not _against(one, other):
                reason = f"titles {similarity:.0f} % alike, same year, {_told_authors(one, other)}"
                yield similarity, Link(one=pair[0], other=pair[1], reason=reason)


_LARGEST_BLOCK = 60
_NEIGHBORS = 8


def _pairs(members: list[Record], titles: Mapping[str, str]) -> Iterator[tuple[Record, Record]]:
    """Yields all pairs of a block; of a large one those that are neighbors by title, so that time stays linear."""
    if len(members) <= _LARGEST_BLOCK:
        yield from combinations(members, 2)
        return
    members = sorted(members, key=lambda record: (titles[record.key], record.key))
    for index, one in enumerate(members):
        for other in members[index + 1 : index + 1 + _NEIGHBORS]:
            yield one, other


def _blocks(record: Record, title: str) -> set[tuple[str, ...]]:
    words = title.split()
    author = _normal_title(record.authors[0]).split(" ")[0] if record.authors else ""
    return {("head", *words[:6]), ("tail", *words[-6:]), ("author", author, record.year, *words[:1])}


def _normal_title(title: str) -> str:
    text = unicodedata.normalize("NFKD", title.casefold())
    text = "".join(c for c in text if not unicodedata.combining(c))
    return " ".join(re.findall(r"\w+", text))


def _years_agree(one: Record, other: Record) -> bool:
    """Online-first and print can be a year apart."""
    if not (one.year.isdecimal() and other.year.isdecimal()):
        return True
    return abs(int(one.year[:4]) - int(other.year[:4])) <= 1


_NOTICE = re.compile(
    r"\b(erratum|corrigendum|correction|retract\w*|reply|response|comment|author'?s?)\b", re.IGNORECASE
)


# Figures, Roman numbers, single letters and number words: what tells the parts of a series apart.
_NUMBERS = re.compile(
    r"\d+|\b(?:[ivxlc]+|[a-z]|one|two|three|four|five|six|seven|eight|nine|ten|first|second|third|fourth)\b"
)


def _against(one: Record, other: Record) -> list[str]:
    """Returns what speaks against two records with like titles being of one report."""
    found = [
        f"different {name.upper()}s"
        for name in ("pmid", "doi", "pmcid")
        if (a := getattr(one, name)) and (b := getattr(other, name)) and a.lower() != b.lower()
    ]
    if one.volume and other.volume and one.volume != other.volume and one.year == other.year:
        found.append("different volumes")
    if one.authors and other.authors and not _families(one) & _families(other):
        found.append("no author in common")
    if not (one.authors and other.authors) and not (one.year and other.year):
        found.append("neither authors nor years to compare")
    numbers = [_NUMBERS.findall(_normal_title(record.title)) for record in (one, other)]
    if numbers[0] != numbers[1]:
        found.append("different numbers in the titles")
    if bool(_NOTICE.search(one.title)) != bool(_NOTICE.search(other.title)):
        found.append("one is a notice or a reply")
    return found


def _families(record: Record) -> set[str]:
    return {_normal_title(author).split(" ")[0] for author in record.authors}


def _told_authors(one: Record, other: Record) -> str:
    shared = len(_families(one) & _families(other))
    return f"{shared} authors in common" if shared else "no authors to compare"
