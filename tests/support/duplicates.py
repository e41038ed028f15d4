"""Seeded synthetic bibliographies: invented reports as several databases print them, with noise, and with near-twins.

Every record is invented. A copy has the style of its database and some noise, each of a named kind; a near-twin is a
distinct report that is like another one in a named way.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from casetable.dedup import Entry


@dataclass(frozen=True, slots=True)
class Labelled:
    """A record with the number of its report, and the kinds of noise or likeness that it has."""

    entry: Entry
    report: int
    kinds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Journal:
    whole: str
    short: str
    medline: str


FAMILIES = [
    "Abadi",
    "Becker",
    "Castillo",
    "Dupont",
    "Eriksen",
    "Fischer",
    "Garcia",
    "Hansen",
    "Ivanova",
    "Jovanovic",
    "Kowalski",
    "Larsen",
    "Moreau",
    "Nakamura",
    "Okafor",
    "Petrov",
    "Quintero",
    "Rossi",
    "Schneider",
    "Tanaka",
    "Ueda",
    "Villanueva",
    "Weber",
    "Xu",
    "Yamamoto",
    "Zhang",
    "Li",
    "Wang",
    "Chen",
    "Liu",
    "Zhao",
    "Huang",
    "Wu",
    "Zhou",
    "Sun",
    "Kim",
    "Lee",
    "Park",
    "Choi",
    "Nguyen",
    "Tran",
    "Singh",
    "Patel",
    "Sharma",
    "Kumar",
    "Silva",
    "Santos",
    "Oliveira",
    "Murphy",
    "Walsh",
    "Campbell",
    "Stewart",
    "Mueller",
    "Bjork",
    "Ozturk",
    "Yilmaz",
    "Haddad",
    "Mansour",
    "Cohen",
    "Levi",
    "Novak",
    "Horvat",
    "Popescu",
    "Papadopoulos",
    "Costa",
    "Bruno",
    "Ferrari",
    "Marino",
]
PARTICLES = ["van der ", "de ", "von ", "El ", "Al-", "Mc", "O'"]
FIRST = [
    "Anna",
    "Boris",
    "Carla",
    "David",
    "Elena",
    "Felix",
    "Greta",
    "Hugo",
    "Irene",
    "Jonas",
    "Karin",
    "Luca",
    "Maria",
    "Nina",
    "Oscar",
    "Paula",
    "Rosa",
    "Stefan",
    "Tania",
    "Ugo",
    "Vera",
    "Wei",
    "Xin",
    "Yun",
    "Zhen",
    "Min",
    "Jun",
    "Hao",
    "Ling",
    "Akira",
    "Yuki",
    "Hiroshi",
    "Priya",
    "Arjun",
    "Fatima",
    "Omar",
    "Sofia",
    "Mateo",
    "Lars",
    "Ingrid",
]
DRUGS = [
    "zebrazumab",
    "quietolimus",
    "foalinib",
    "striparin",
    "marinavir",
    "colonifene",
    "duraxol",
    "fenapride",
    "lutromab",
    "nevirastat",
    "oxilumab",
    "pelvadine",
    "rigacept",
    "sotanivir",
    "tevoquine",
    "umbrafil",
    "vontizole",
    "welimab",
    "xanodrine",
    "ylotimab",
    "zorafenib",
    "bexatinib",
    "carmilast",
    "doxapride",
]
DISEASES = [
    "asthma",
    "psoriasis",
    "sarcoidosis",
    "dermatomyositis",
    "epilepsy",
    "migraine",
    "osteoporosis",
    "pneumonia",
    "sepsis",
    "leukemia",
    "lymphoma",
    "melanoma",
    "glaucoma",
    "hepatitis",
    "pancreatitis",
    "nephritis",
    "myocarditis",
    "endocarditis",
    "tuberculosis",
    "malaria",
    "stroke",
    "anemia",
    "obesity",
    "gout",
]
DESIGNS = [
    "a randomized controlled trial",
    "a case report and review of the literature",
    "a prospective cohort study",
    "a retrospective analysis",
    "a systematic review and meta-analysis",
    "a multicenter study",
    "a pilot study",
    "a double-blind placebo-controlled study",
]
POPULATIONS = [
    "children",
    "adults",
    "elderly patients",
    "pregnant women",
    "men",
    "women",
    "infants",
    "adolescents",
    "rats",
    "mice",
]
OUTCOMES = [
    "mortality",
    "survival",
    "quality-of-life",
    "relapse",
    "toxicity",
    "pharmacokinetics",
    "adherence",
    "hospitalization",
    "pain",
    "fatigue",
    "fertility",
    "growth",
    "cognition",
    "inflammation",
    "fibrosis",
    "recurrence",
    "readmission",
    "disability",
]
SETTINGS = [
    "Denmark",
    "Brazil",
    "Japan",
    "Kenya",
    "Canada",
    "Turkey",
    "Poland",
    "Chile",
    "Norway",
    "Vietnam",
    "Morocco",
    "Ireland",
    "Portugal",
    "Iceland",
    "Peru",
    "Nepal",
]
ADJECTIVES = [
    "acute",
    "chronic",
    "severe",
    "refractory",
    "early",
    "advanced",
    "recurrent",
    "juvenile",
    "familial",
    "occupational",
    "seasonal",
    "invasive",
]
JOURNALS = [
    _Journal("Journal of Invented Medicine", "J Invent Med", "Journal of invented medicine"),
    _Journal("The Annals of Imaginary Surgery", "Ann Imag Surg", "The Annals of imaginary surgery"),
    _Journal(
        "Archives of Fictional Neurology",
        "Arch Fict Neurol",
        "Archives of fictional neurology (Sometown, Utopia : 1990)",
    ),
    _Journal("Utopian Medical Journal", "Utopian Med J", "Utopian medical journal"),
    _Journal(
        "International Journal of Unreal Cardiology",
        "Int J Unreal Cardiol",
        "International journal of unreal cardiology",
    ),
    _Journal("European Review of Pretended Oncology", "Eur Rev Pretend Oncol", "European review of pretended oncology"),
    _Journal("Clinical and Experimental Fancy", "Clin Exp Fancy", "Clinical and experimental fancy"),
    _Journal("Pediatric Dreams", "Pediatr Dreams", "Pediatric dreams"),
    _Journal("Revista Imaginaria de Medicina", "Rev Imag Med", "Revista imaginaria de medicina"),
    _Journal("Acta Chimerica Scandinavica", "Acta Chimer Scand", "Acta chimerica Scandinavica"),
]


def synthetic(number: int, seed: int) -> list[Labelled]:
    """Returns about `number` records in random order: one to four copies of a report, and near-twins."""
    chance = random.Random(seed)
    found: list[Labelled] = []
    report = 0
    while len(found) < number:
        base = _report(chance)
        found += _copies(base, report, chance)
        report += 1
        while chance.random() < 0.3:
            kind = chance.choice(sorted(TWINS))
            found += [
                replace(copy, kinds=(*copy.kinds, kind)) for copy in _copies(TWINS[kind](base, chance), report, chance)
            ]
            report += 1
    chance.shuffle(found)
    return [replace(each, entry=replace(each.entry, id=str(at))) for at, each in enumerate(found[:number])]


@dataclass(frozen=True, slots=True)
class _Report:
    title: str
    authors: tuple[tuple[str, str], ...]
    year: int
    journal: _Journal
    volume: int
    issue: int
    page: int
    length: int
    doi: str
    pmid: str
    abstract: str
    notes: tuple[str, ...] = ()


def _report(chance: random.Random) -> _Report:
    drug, disease, outcome = chance.choice(DRUGS), chance.choice(DISEASES), chance.choice(OUTCOMES)
    adjective, population, design = chance.choice(ADJECTIVES), chance.choice(POPULATIONS), chance.choice(DESIGNS)
    title = chance.choice(
        [
            f"{drug} for {adjective} {disease} in {population}: {design}",
            f"Effect of {drug} on {outcome} in {population} with {adjective} {disease}",
            f"{outcome} after {drug} in {disease}: {design} in {chance.choice(SETTINGS)}",
            f"Phase {chance.choice(('I', 'II', 'III', '1', '2', '3'))} study of {drug} in {population} with {adjective} {disease}",
            f"{adjective} {disease} and {outcome} in {chance.choice(SETTINGS)}, {chance.randrange(1980, 2000)}-{chance.randrange(2000, 2024)}",
            f"Comparison of {drug} and {chance.choice(DRUGS)} in the treatment of {adjective} {disease}",
            f"Risk factors for {outcome} in {population} with {disease}: {design}",
        ]
    )
    journal = chance.choice(JOURNALS)
    year = chance.randrange(1985, 2025)
    number = chance.randrange(10**7)
    return _Report(
        title=title[0].upper() + title[1:],
        authors=tuple((_family(chance), chance.choice(FIRST)) for _ in range(chance.choice((1, 2, 3, 4, 5, 6, 8)))),
        year=year,
        journal=journal,
        volume=year - 1960,
        issue=chance.randrange(1, 13),
        page=chance.randrange(1, 2400),
        length=chance.randrange(1, 14),
        doi=f"10.{chance.choice((1234, 5555, 10123))}/inv.{year}.{number:07}",
        pmid=str(10_000_000 + number),
        abstract=_text(chance),
    )


def _text(chance: random.Random) -> str:
    return " ".join(
        chance.choice(chance.choice((DRUGS, DISEASES, OUTCOMES, ADJECTIVES, POPULATIONS))) for _ in range(90)
    )


def _family(chance: random.Random) -> str:
    return (chance.choice(PARTICLES) if chance.random() < 0.08 else "") + chance.choice(FAMILIES)


# --- near-twins -------------------------------------------------------------------------------------------------------


def _swap(options: list[str]) -> Callable[[_Report, random.Random], _Report]:
    def twin(base: _Report, chance: random.Random) -> _Report:
        title = base.title
        for word in options:
            if word in title.lower().split():
                other = chance.choice([option for option in options if option != word])
                at = title.lower().index(word)
                title = title[:at] + other + title[at + len(word) :]
                break
        else:
            title = f"{title}: {chance.choice(options)}"
        return _elsewhere(replace(base, title=title[0].upper() + title[1:]), chance)

    return twin


def _elsewhere(base: _Report, chance: random.Random) -> _Report:
    """The same group of authors, another report: another DOI and PMID, another page, perhaps another volume."""
    number = chance.randrange(10**7)
    shift = chance.choice((0, 0, 1))
    return replace(
        base,
        doi=f"10.1234/inv.{base.year}.{number:07}",
        pmid=str(10_000_000 + number),
        page=base.page + base.length + chance.randrange(1, 200),
        year=base.year + shift,
        volume=base.volume + shift,
        abstract=_text(chance),
    )


def _part(base: _Report, chance: random.Random) -> _Report:
    number = chance.choice(("Part 2", "Part II", "II", "2"))
    return _elsewhere(replace(base, title=f"{base.title}. {number}"), chance)


def _erratum(base: _Report, chance: random.Random) -> _Report:
    lead = chance.choice(("Erratum: ", "Correction to: ", "Corrigendum to: ", "Reply to: ", "Comment on: "))
    return replace(_elsewhere(base, chance), title=f"{lead}{base.title}", length=1, abstract="")


def _conference(base: _Report, chance: random.Random) -> _Report:
    number = chance.randrange(10**7)
    return replace(
        base,
        journal=chance.choice([journal for journal in JOURNALS if journal != base.journal]),
        volume=base.volume + 31,
        page=chance.randrange(3000, 4000),
        length=0,
        year=base.year - 1,
        doi="",
        pmid="",
        abstract=base.abstract[: len(base.abstract) // 2],
        issue=chance.randrange(1, 13),
        notes=(f"meeting {number}",),
    )


def _neighbor(base: _Report, chance: random.Random) -> _Report:
    other = _report(chance)
    return replace(
        other,
        journal=base.journal,
        year=base.year,
        volume=base.volume,
        issue=base.issue,
        page=base.page + base.length + 1,
        authors=base.authors[:1] + other.authors[1:],
    )


TWINS: dict[str, Callable[[_Report, random.Random], _Report]] = {
    "twin: another drug": _swap(DRUGS),
    "twin: another population": _swap(POPULATIONS),
    "twin: another outcome": _swap(OUTCOMES),
    "twin: second part": _part,
    "twin: notice": _erratum,
    "twin: meeting abstract": _conference,
    "twin: neighbor": _neighbor,
}


# --- copies -----------------------------------------------------------------------------------------------------------


def _copies(base: _Report, report: int, chance: random.Random) -> list[Labelled]:
    count = chance.choices((1, 2, 3, 4), weights=(50, 28, 15, 7))[0]
    sources = chance.sample(sorted(STYLES), count)
    found = []
    for source in sources:
        entry = STYLES[source](base, chance)
        kinds: list[str] = []
        for kind in sorted(NOISE):
            if chance.random() < NOISE_CHANCE:
                entry = NOISE[kind](entry, chance)
                kinds.append(kind)
        found.append(Labelled(replace(entry, source=source), report, tuple(kinds)))
    return found


def _last(base: _Report) -> int:
    return base.page + base.length


def _pubmed(base: _Report, chance: random.Random) -> Entry:
    return Entry(
        id="",
        title=f"{base.title}.",
        authors=("; ".join(f"{family}, {first}" for family, first in base.authors),),
        year=str(base.year),
        journal=base.journal.medline,
        volume=str(base.volume),
        issue=str(base.issue),
        pages=_short_range(base.page, _last(base)),
        doi=base.doi,
        pmid=base.pmid,
        abstract=base.abstract,
    )


def _embase(base: _Report, chance: random.Random) -> Entry:
    return Entry(
        id="",
        title=base.title,
        authors=("; ".join(f"{family} {first[0]}." for family, first in base.authors),),
        year=str(base.year),
        journal=base.journal.whole,
        volume=str(base.volume),
        issue=str(base.issue),
        pages=f"{base.page}-{_last(base)}",
        doi=base.doi if chance.random() < 0.7 else "",
        pmid=base.pmid if chance.random() < 0.4 else "",
        abstract=base.abstract,
    )


def _scopus(base: _Report, chance: random.Random) -> Entry:
    return Entry(
        id="",
        title=base.title.title() if chance.random() < 0.3 else base.title,
        authors=("; ".join(f"{family}, {first[0]}." for family, first in base.authors),),
        year=str(base.year),
        journal=base.journal.whole,
        volume=str(base.volume),
        issue=str(base.issue),
        pages=f"{base.page}–{_last(base)}",
        doi=base.doi if chance.random() < 0.9 else "",
        abstract=base.abstract,
    )


def _wos(base: _Report, chance: random.Random) -> Entry:
    return Entry(
        id="",
        title=base.title.upper() if chance.random() < 0.2 else base.title,
        authors=("; ".join(f"{family}, {first[0]}" for family, first in base.authors),),
        year=str(base.year),
        journal=base.journal.whole.upper(),
        volume=str(base.volume),
        issue="",
        pages=f"{base.page}-{_last(base)}",
        doi=base.doi.upper() if chance.random() < 0.8 else "",
        abstract=base.abstract if chance.random() < 0.8 else "",
    )


def _central(base: _Report, chance: random.Random) -> Entry:
    return Entry(
        id="",
        title=base.title,
        authors=(" and ".join(f"{family}, {first[0]}" for family, first in base.authors[:6]),),
        year=str(base.year),
        journal=base.journal.short,
        volume=str(base.volume),
        issue=str(base.issue),
        pages=f"{base.page}-{_last(base)}",
        abstract=base.abstract,
    )


STYLES: dict[str, Callable[[_Report, random.Random], Entry]] = {
    "PubMed": _pubmed,
    "Embase": _embase,
    "Scopus": _scopus,
    "Web of Science": _wos,
    "CENTRAL": _central,
}


def _short_range(first: int, last: int) -> str:
    one, other = str(first), str(last)
    common = 0
    while common < len(one) - 1 and len(one) == len(other) and one[common] == other[common]:
        common += 1
    return f"{one}-{other[common:]}"


# --- noise ------------------------------------------------------------------------------------------------------------

NOISE_CHANCE = 0.07


def _typo(entry: Entry, chance: random.Random) -> Entry:
    at = chance.randrange(len(entry.title))
    return replace(entry, title=entry.title[:at] + entry.title[at + 1 :])


def _mangled(entry: Entry, chance: random.Random) -> Entry:
    first, _, last = entry.pages.replace("–", "-").partition("-")
    months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    if first.isdigit() and last.isdigit() and int(first) <= 31 and 1 <= int(last) <= 12:
        return replace(entry, pages=f"{int(first):02}-{months[int(last) - 1]}")
    return replace(entry, pages=entry.pages.replace("-", "‐"))


def _names_turned(entry: Entry, chance: random.Random) -> Entry:
    names = [name.replace(",", "") for text in entry.authors for name in text.replace(" and ", "; ").split("; ")]
    return replace(entry, authors=("; ".join(" ".join(reversed(name.split(" ", 1))) for name in names),))


NOISE: dict[str, Callable[[Entry, random.Random], Entry]] = {
    "typo in the title": _typo,
    "no DOI": lambda entry, _: replace(entry, doi=""),
    "no pages": lambda entry, _: replace(entry, pages=""),
    "no abstract": lambda entry, _: replace(entry, abstract=""),
    "no volume": lambda entry, _: replace(entry, volume="", issue=""),
    "no authors": lambda entry, _: replace(entry, authors=()),
    "first author only": lambda entry, _: replace(
        entry, authors=(entry.authors[0].split(";")[0],) if entry.authors else ()
    ),
    "year off by one": lambda entry, _: replace(entry, year=str(int(entry.year) + 1)),
    "mangled pages": _mangled,
    "first page only": lambda entry, _: replace(entry, pages=entry.pages.replace("–", "-").split("-")[0]),
    "suffix": lambda entry, _: replace(
        entry, title=f"{entry.title.rstrip('.')}.[Erratum appears in J Invent Med 1999;3(2):4]"
    ),
    "brackets": lambda entry, _: replace(entry, title=f"[{entry.title.rstrip('.')}]"),
    "family behind": _names_turned,
    "cut title": lambda entry, _: replace(entry, title=entry.title[: max(40, len(entry.title) * 2 // 3)]),
    "wrong DOI": lambda entry, _: replace(entry, doi="10.1234/wrong" if entry.doi else ""),
}
