"""The names under which a report prints a field, and which of them an amount of the text stands for.

"AST 866 U/L" is no evidence for a cell of ALT, however right its figure and unit are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from casetable.model import Field, FieldType, Form
from casetable.quotes.amounts import Amount, may_be_compared
from casetable.quotes.reading import Reading, find, read_short

# The same measurement by its short and its long names, as laboratories print them.
_SYNONYMS = (
    ("alt", "alanine aminotransferase", "alanine transaminase", "sgpt", "gpt"),
    ("ast", "aspartate aminotransferase", "aspartate transaminase", "sgot", "got"),
    ("ldh", "lactate dehydrogenase", "lactic dehydrogenase"),
    ("ck", "cpk", "creatine kinase", "creatine phosphokinase"),
    ("ggt", "gamma-glutamyl transferase", "gamma-glutamyltransferase"),
    ("alp", "alkaline phosphatase"),
    ("crp", "c-reactive protein"),
    ("esr", "erythrocyte sedimentation rate", "sedimentation rate"),
    ("pct", "procalcitonin"),
    ("wbc", "white blood cell", "white blood cells", "white cell count", "leukocyte", "leukocytes", "leucocytes"),
    ("rbc", "red blood cell", "red blood cells", "erythrocytes"),
    ("hb", "hgb", "hemoglobin", "haemoglobin"),
    ("plt", "platelet", "platelets", "platelet count", "thrombocytes"),
    ("bun", "blood urea nitrogen"),
    ("creatinine", "serum creatinine", "scr"),
    ("spo2", "sao2", "oxygen saturation", "o2 saturation"),
    ("pao2", "partial pressure of oxygen", "arterial oxygen"),
    ("ferritin", "serum ferritin"),
    ("d-dimer", "d-dimers"),
    ("il-6", "interleukin-6", "interleukin 6"),
    ("kl-6", "krebs von den lungen-6"),
    ("age", "year-old", "years-old", "yo", "aged", "years of age", "month-old", "months of age", "day-old", "week-old"),
    ("bmi", "body mass index"),
    ("weight", "body weight"),
    ("fvc", "forced vital capacity"),
    ("dlco", "diffusing capacity"),
    ("tsh", "thyroid-stimulating hormone", "thyrotropin"),
    ("psa", "prostate-specific antigen"),
    ("afp", "alpha-fetoprotein"),
    ("gcs", "glasgow coma scale", "glasgow coma score"),
    ("titer", "titre"),
    ("follow-up", "followed up", "followed for", "follow up"),
)
# Those that a laboratory measures; ages, weights and times are no rivals of theirs.
_MEASURED = tuple(group for group in _SYNONYMS if not {"age", "weight", "follow-up", "bmi"} & set(group))
_NOT_OF_BLOOD = ("day", "kg", "cm", "°C", "mmHg", "bpm")
_BY_NAME: Mapping[str, tuple[str, ...]] = {name: group for group in _SYNONYMS for name in group}
# Words of a field's name or label that say its unit or what is counted, and name nothing by themselves.
_NO_NAMES = frozenset(
    "year years month months week weeks day days hour hours mg kg g ml l percent first last number of count value level levels"  # noqa: SIM905
    " total dose doses duration sessions session titer serum the in at on and or other worst best end start".split()
)


@lru_cache(maxsize=512)
def names_of(field: Field) -> tuple[str, ...]:
    """Returns the names by which a report may print a field: its label, its own name, those that the form lists."""
    own = [
        field.label,
        field.label.split("(")[0],
        field.label.split(",")[0],
        field.name.replace("_", " "),
        *field.names,
    ]
    own += re.findall(r"\(([^()]{2,40})\)", field.label)
    if field.drug:
        own.append(field.drug)
    trimmed = []
    for name in own:
        words = name.strip().split()
        while len(words) > 1 and words[-1].lower().strip(",()") in _NO_NAMES:
            words.pop()
        trimmed.append(" ".join(words).strip(" ,()"))
    found = [name for name in (*own, *trimmed) if name.strip() and name.strip().lower() not in _NO_NAMES]
    found += [other for name in found for other in _BY_NAME.get(_bare(name), ())]
    found += [
        name[:-1] if name.endswith("s") else f"{name}s" for name in found if len(name) > 3 and name[-1:].isalpha()
    ]
    return tuple(dict.fromkeys(name.strip().lower() for name in found))


def _bare(name: str) -> str:
    return " ".join(name.lower().split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A name of one or more things in a text, from `first` to `last` of its stream."""

    first: int
    last: int
    owners: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Names:
    """What may be taken for each other: the names of one thing, `own`, and of those that an amount could belong to instead."""

    own: str
    by_name: Mapping[str, frozenset[str]]


def names_beside(field: Field, form: Form, *, is_bare: bool = False) -> Names:
    """Returns the names of a number field, and of the others whose numbers could be taken for its own.

    Those are the fields whose unit can be compared, or all where the number has none (`is_bare`), and what laboratories
    commonly measure, whether the form has it or not.
    """
    rivals = [
        other
        for other in form.fields.values()
        if other.name != field.name
        and other.type is FieldType.NUMBER
        and (is_bare or may_be_compared(other.unit, field.unit))
    ]
    names = {each.name: names_of(each) for each in (field, *rivals)}
    known = {name for listed in names.values() for name in listed}
    is_measured = (
        not is_bare and bool(field.unit) and not any(may_be_compared(field.unit, unit) for unit in _NOT_OF_BLOOD)
    )
    measured = {group[0].upper(): group for group in _MEASURED if is_measured and not known & set(group)}
    return _names(field.name, {**names, **measured})


def names_of_drugs(drug: str, drugs: Iterable[str]) -> Names:
    """Returns the names of a drug, and of the others that the case was given."""
    return _names(drug.lower(), {each.lower(): (each.lower(),) for each in (drug, *drugs) if each.strip()})


def _names(own: str, names: Mapping[str, Sequence[str]]) -> Names:
    found: dict[str, set[str]] = {}
    for owner, listed in names.items():
        for name in listed:
            found.setdefault(name, set()).add(owner)
    return Names(own=own, by_name={name: frozenset(owners) for name, owners in found.items()})


def mentions(text: Reading, names: Names, first: int, last: int) -> tuple[Mention, ...]:
    """Returns where the names stand between two places of the stream; of two over each other the longer one."""
    found = [
        Mention(first=match.first, last=match.last, owners=owners)
        for name, owners in names.by_name.items()
        for match in find(read_short(name), text, first, last)
    ]
    found.sort(key=lambda mention: (mention.first - mention.last, mention.first))
    kept: list[Mention] = []
    for mention in found:
        over = [k for k in kept if k.first < mention.last and mention.first < k.last]
        if any((k.first, k.last) != (mention.first, mention.last) for k in over):
            continue
        if over:
            kept.remove(over[0])
            mention = Mention(first=mention.first, last=mention.last, owners=over[0].owners | mention.owners)
        kept.append(mention)
    return tuple(sorted(kept, key=lambda mention: mention.first))


_AGE = frozenset(next(group for group in _SYNONYMS if "age" in group))
_PERSON = re.compile(
    r"\b(?:man|woman|boy|girl|male|female|lady|gentleman|patient|infant|child|neonate),?\s+(?:of\s+|aged\s+)?$|\bage[sd]?\b[^.\d]{0,14}$",
    re.IGNORECASE,
)
_OLD = re.compile(
    r"[\s-]*(?:years?|yrs?|y|months?|mo|weeks?|wk|days?)?[\s-]*(?:old|of\s+age|jahrig\w*|anos?|ans|anni)\b(?!\s+(?:mother|father|brother|sister|son|daughter|donor))",
    re.IGNORECASE,
)


def names_age(field: Field) -> bool:
    """Whether a field is an age, which a report gives with a person, not with a label."""
    return bool(_AGE & set(names_of(field)))


def is_of_person(text: Reading, amount: Amount) -> bool:
    """Whether an amount stands as an age does: "a 54-year-old man", "aged 54", "a man of 54", "a girl, 9,"."""
    at, figure = text.at_plain(amount.start), text.figures[text.by_start[amount.start]]
    behind = text.plain[text.at_plain(figure.end) : text.at_plain(figure.end) + 40]
    return _PERSON.search(text.plain, max(0, at - 30), at) is not None or _OLD.match(behind) is not None


def mentions_in(head: str, names: Names) -> tuple[Mention, ...]:
    """Returns where the names stand in a short text, as the head of a column."""
    text = read_short(head)
    return mentions(text, names, 0, len(text.stream))


# How far a name reaches, in letters; and how many letters a comma or an "and" between counts for.
_REACH = 60
_BREAK = 12
_BEHIND = 3
_BREAKS = re.compile(r"[,;:]|\band\b|\bwhile\b|\bwhereas\b|\bbut\b|\bwith\b|\bthen\b", re.IGNORECASE)
_END = re.compile(r"[.!?;](?:\s+(?=[A-Z(\[\"'])|$)|;\s|\n\s*\n|\t|\n(?=[^\n]*\t)")


def sentence(text: Reading, first: int, last: int) -> tuple[int, int]:
    """Returns where in the stream the sentence begins and ends in which a stretch of it stands."""
    begin, end = text.at_plain(text.starts[first]), text.at_plain(text.ends[max(first, last - 1)])
    low = 0
    for found in _END.finditer(text.plain, max(0, begin - 600), begin):
        low = found.end()
    after = _END.search(text.plain, end, min(len(text.plain), end + 600))
    low, high = max(low, begin - 600), after.start() if after else min(len(text.plain), end + 600)
    return text.at_stream(text.offsets[low]), text.at_stream(text.offsets[high])


def governing(text: Reading, amount: Amount, names: Names, listed: Sequence[Amount] = ()) -> frozenset[str] | None:
    """Returns whose name stands with an amount, in its sentence, or None where none does.

    `listed` are the amounts of that sentence: "ALT and AST were 345 and 866 U/L, respectively" gives each its own.
    """
    at = text.by_start[amount.start]
    first, last = sentence(text, at, at + 1)
    found = mentions(text, names, first, last)
    if not found:
        return None
    if (own := _respectively(text, at, found, listed, first, last)) is not None:
        return own
    if (own := _in_a_row(text, at, found)) is not None:
        return own
    best: tuple[float, frozenset[str]] | None = None
    for mention in found:
        is_behind = mention.first >= at
        between = text.plain[slice(*_between(text, mention, at))]
        breaks = len(_BREAKS.findall(between))
        letters = (mention.first - at - 1) if is_behind else at - mention.last
        if is_behind and breaks:
            continue  # the name of the next one
        distance = letters + _BREAK * breaks + (_BEHIND if is_behind else 0)
        if distance <= _REACH and (best is None or distance < best[0]):
            best = (distance, mention.owners)
    return best[1] if best else None


def _between(text: Reading, mention: Mention, at: int) -> tuple[int, int]:
    if mention.first >= at:
        return text.at_plain(text.ends[at]), text.at_plain(text.starts[mention.first])
    return text.at_plain(text.ends[mention.last - 1]), text.at_plain(text.starts[at])


def _respectively(
    text: Reading, at: int, found: Sequence[Mention], listed: Sequence[Amount], first: int, last: int
) -> frozenset[str] | None:
    stop = text.stream.find("respectively", first, min(len(text.stream), last + 40))
    if stop < 0:
        return None
    places = [text.by_start[amount.start] for amount in listed if amount.start in text.by_start]
    places = [place for place in places if first <= place < stop]
    if at not in places:
        return None
    before = [mention for mention in found if mention.last <= places[0]]
    run = before[-len(places) :]
    if len(run) != len(places) or len(places) < 2:
        return None
    return run[places.index(at)].owners


_UNIT_AMID = re.compile(r"^\s?(?:[nmpuk]?g|[mdnu]?[lL]|[kmu]?I?U|%|[mu]?mol)(?:/\w{1,4})?(?![A-Za-z])")
_AMID = re.compile(r"[\s,/]*(?:and|or|&)?[\s,/]*", re.IGNORECASE)


def _in_a_row(text: Reading, at: int, found: Sequence[Mention]) -> frozenset[str] | None:
    """Returns whose an amount is in "ALT and AST were 345 and 866 U/L" or "AST/ALT 866/345", as many names as amounts."""

    def between(first: int, second: int) -> str:
        return text.plain[text.at_plain(text.ends[first]) : text.at_plain(text.starts[second])]

    figures = [place for place in sorted(text.figures) if not text.figures[place].is_attached]
    where = figures.index(at) if at in figures else -1
    if where < 0:
        return None
    row = [at]
    for step in (-1, 1):
        place = where
        while 0 <= place + step < len(figures):
            pair = sorted((figures[place], figures[place + step]))
            amid = _UNIT_AMID.sub("", between(*pair))
            if not (amid.strip() and _AMID.fullmatch(amid)):
                break
            place += step
            row.append(figures[place])
    row.sort()
    names: list[Mention] = []
    for mention in reversed([mention for mention in found if mention.last <= row[0]]):
        if names and not _AMID.fullmatch(between(mention.last - 1, names[-1].first)):
            break
        names.append(mention)
    names.reverse()
    if len(names) < 2 or len(names) != len(row) or len(between(names[-1].last - 1, row[0])) > 30:
        return None
    return names[row.index(at)].owners
