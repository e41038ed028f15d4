"""Holds the cells of an extraction against the text of its report: is what they quote there, and does it bear out their value."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import sha256
from itertools import islice

from casetable.model import Access, Case, Cell, Field, FieldType, Form, Number, Report, Status
from casetable.problems import joined, shown
from casetable.quotes.amounts import Amount, amounts, is_same, may_be_compared, units_named
from casetable.quotes.clauses import contradiction, dosings, is_denied, is_given, times_given
from casetable.quotes.labels import (
    Mention,
    Names,
    governing,
    is_of_person,
    mentions,
    mentions_in,
    names_age,
    names_beside,
    names_of,
    names_of_drugs,
    sentence,
)
from casetable.quotes.printed import Printed, case_name, place_words, snippet
from casetable.quotes.reading import Match, Reading, find, read_short, words_alike
from casetable.quotes.texts import Part, Text


class Outcome(StrEnum):
    """What became of a cell held against a text; the better outcome first.

    Verified: found where it should be, and it bears the value out. Elsewhere: so, but in another place. Near: what
    stands there is like it, and not the same. Absent: nothing like it. Unverifiable: no text is at hand that could say.
    """

    VERIFIED = "verified"
    ELSEWHERE = "elsewhere"
    NEAR = "near"
    ABSENT = "absent"
    UNVERIFIABLE = "unverifiable"


_BEST_FIRST = tuple(Outcome)


class Kind(StrEnum):
    """How a cell is verified: as a number with its unit, by a choice's printed forms, or by its quote."""

    NUMBER = "number"
    CHOICE = "choice"
    TEXT = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A cell that can be verified, with its place in the extraction: `name` as ferritin[2], tocilizumab[1].dose.

    Of a field that is in conflict each alternative is a slot of its own, as imaging(2). `drug` is the course's.
    """

    name: str
    case: str
    field: Field
    cell: Cell
    kind: Kind
    part: str = ""
    drug: str = ""
    drugs: tuple[str, ...] = ()
    schedule: str = ""

    @property
    def where(self) -> str:
        return self.cell.where

    @property
    def unit(self) -> str:
        return self.cell.unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What became of one cell. `start` and `end` are places in the text of that name, `found` what stands there.

    `also` are further places that bear the cell out as well.
    """

    slot: Slot
    outcome: Outcome
    message: str = ""
    text: str = ""
    hash: str = ""
    start: int = 0
    end: int = 0
    found: str = ""
    also: tuple[tuple[int, int], ...] = ()


def cell_hash(cell: Cell) -> str:
    """Returns a hash of what a cell says: value, unit, quote, place, time and how it is known; not of its note."""
    value = cell.value
    told = [
        cell.status.value,
        [str(part) for part in value] if isinstance(value, tuple) else "" if value is None else str(value),
        cell.unit,
        cell.reported,
        cell.where,
        cell.when,
        cell.source,
    ]
    return "sha256:" + sha256(json.dumps(told, ensure_ascii=True).encode()).hexdigest()[:24]


def slots(case: Case, form: Form) -> Iterator[Slot]:
    """Yields the cells of a case that can be verified: those with a value that was reported, and those with a quote."""
    drugs = tuple(
        dict.fromkeys(
            [each.drug for each in form.fields.values() if each.drug]
            + [course.drug for entry in case.entries.values() for course in entry.courses if course.drug]
        )
    )
    for name, entry in case.entries.items():
        about = form.fields[name]
        for number, cell in enumerate(entry.cells, start=1):
            yield from _slots(f"{name}[{number}]" if about.series else name, case.id, about, cell)
        for number, course in enumerate(entry.courses, start=1):
            for part, cell in course.parts.items():
                kind = Kind.NUMBER if part in {"dose", "count"} else Kind.TEXT
                for slot in _slots(f"{name}[{number}].{part}", case.id, about, cell):
                    schedule = course.parts["schedule"].text if "schedule" in course.parts else ""
                    yield replace(slot, kind=kind, part=part, drug=course.drug, drugs=drugs, schedule=schedule)


_KINDS = {FieldType.NUMBER: Kind.NUMBER, FieldType.CHOICE: Kind.CHOICE, FieldType.CHOICES: Kind.CHOICE}


def _slots(name: str, case: str, about: Field, cell: Cell) -> Iterator[Slot]:
    for number, each in enumerate(cell.alternatives, start=1):
        yield from _slots(f"{name}({number})", case, about, each if each.where else replace(each, where=cell.where))
    if cell.alternatives:
        return
    has_value = cell.value is not None and cell.status is Status.REPORTED
    if has_value or cell.reported:
        kind = _KINDS.get(about.type, Kind.TEXT) if has_value else Kind.TEXT
        yield Slot(name=name, case=case, field=about, cell=cell, kind=kind)


class Memory:
    """What was judged before, for whoever holds the same texts against a report again and again, of one form.

    A cell that says what it said fares as it did; so only what changed is looked for again.
    """

    def __init__(self, form: Form) -> None:
        self.form = form
        self.printed: dict[tuple[str, str, tuple[str, ...]], Printed] = {}
        self.judged: dict[tuple[object, ...], Judged] = {}


def judge(
    report: Report, form: Form, texts: Sequence[Text], titles: Iterable[str] = (), memory: Memory | None = None
) -> tuple[Judged, ...]:
    """Returns what becomes of every cell of a report's cases that can be verified, in the order of the extraction.

    `titles` are those of its records: wherever they stand in a text, they are no evidence. Of several texts the one
    counts in which a cell fares best. What `memory` holds of the same form is not judged again.
    """
    memory = memory if memory is not None and memory.form is form else Memory(form)
    titles = tuple(titles)
    held = [memory.printed.setdefault((text.name, text.hash, titles), Printed(text, titles)) for text in texts]
    names = (report.access, tuple(case.id for case in report.cases))
    found: list[Judged] = []
    for case in report.cases:
        for slot in slots(case, form):
            told = (*names, slot.case, slot.name, slot.kind, slot.part, slot.drug, slot.drugs, slot.schedule)
            judged = []
            for each in held:
                key = (each.text.name, each.text.hash, titles, told, cell_hash(slot.cell))
                if (known := memory.judged.get(key)) is None:
                    known = memory.judged[key] = _judged(slot, each, form, report)
                judged.append(replace(known, slot=slot))
            judged = judged or [
                Judged(slot=slot, outcome=Outcome.UNVERIFIABLE, message="no text of the report is at hand")
            ]
            found.append(min(judged, key=lambda each: _BEST_FIRST.index(each.outcome)))
    return _each_its_own(found, {text.name: text for text in texts})


_OF_ALL = re.compile(r"\b(?:both|all|each|either|patients|cases|siblings|twins|two|they)\b", re.IGNORECASE)


def _each_its_own(found: Sequence[Judged], texts: Mapping[str, Text]) -> tuple[Judged, ...]:
    """Settles which of several places a cell is from: the one among most other cells of its case.

    And takes a cell back that quotes what another case quotes for the same field, in a paragraph that holds more cells
    of that case; a sentence that names both speaks of both.
    """
    begins = {name: [at.end() for at in re.finditer(r"\n\n", text.content)] for name, text in texts.items()}

    def paragraph(text: str, start: int) -> tuple[str, int]:
        return text, bisect_right(begins[text], start)

    stood = [each for each in found if each.outcome in {Outcome.VERIFIED, Outcome.ELSEWHERE}]
    counts = Counter((each.slot.case, paragraph(each.text, each.start)) for each in stood if not each.also)
    settled = {id(each): _settled(each, counts, paragraph, texts) for each in stood}
    counts = Counter((each.slot.case, paragraph(each.text, each.start)) for each in settled.values())
    by_field: dict[tuple[str, str], list[Judged]] = {}
    for each in settled.values():
        by_field.setdefault((each.text, each.slot.field.name), []).append(each)
    for name, one in settled.items():
        at = paragraph(one.text, one.start)
        for other in by_field[one.text, one.slot.field.name]:
            is_shared = other.start < one.end and one.start < other.end and other.slot.case != one.slot.case
            if not is_shared or counts[one.slot.case, at] >= counts[other.slot.case, at]:
                continue
            content = texts[one.text].content
            low = max(content.rfind(". ", 0, one.start), content.rfind("\n", 0, one.start), 0)
            if not _OF_ALL.search(content, low, one.end + 80):
                message = f"stands among what is said of case {other.slot.case}: {shown(one.found, 120)}"
                settled[name] = replace(one, outcome=Outcome.NEAR, message=message)
    return tuple(settled.get(id(each), each) for each in found)


def _settled(
    each: Judged,
    counts: Mapping[tuple[str, tuple[str, int]], int],
    paragraph: Callable[[str, int], tuple[str, int]],
    texts: Mapping[str, Text],
) -> Judged:
    places = ((each.start, each.end), *each.also)
    start, end = max(places, key=lambda at: counts.get((each.slot.case, paragraph(each.text, at[0])), 0))
    return (
        each
        if start == each.start
        else replace(each, start=start, end=end, found=snippet(texts[each.text], start, end))
    )


# --- one cell and one text --------------------------------------------------------------------------------------------


def _judged(slot: Slot, printed: Printed, form: Form, report: Report) -> Judged:
    cases = frozenset(case_name(case.id) for case in report.cases)
    kind = _OfQuote if slot.cell.reported else _OfValue
    judge_of = kind(slot, printed, form, cases)
    found = judge_of.judged(printed.joined)
    if found.outcome not in {Outcome.VERIFIED, Outcome.ELSEWHERE} and printed.apart is not None:
        again = judge_of.judged(printed.apart)
        found = min(found, again, key=lambda each: _BEST_FIRST.index(each.outcome))
    is_poor = found.outcome in {Outcome.NEAR, Outcome.ABSENT}
    is_of_abstract = report.access is Access.ABSTRACT or place_words(slot.where) in {"abstract", "summary"}
    if is_poor and printed.text.is_abstract and not is_of_abstract:
        return replace(
            found, outcome=Outcome.UNVERIFIABLE, message="only the abstract is at hand, and it does not hold it"
        )
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Borne:
    """Whether a stretch of text bears a value out, else why not; `at` is where what does or does not stands."""

    is_borne: bool
    why: str = ""
    at: tuple[int, int] | None = None


class _Judge:
    def __init__(self, slot: Slot, printed: Printed, form: Form, cases: frozenset[str]) -> None:
        self.slot, self.printed, self.form, self.cases = slot, printed, form, cases
        self.units = tuple(dict.fromkeys(each.unit for each in (slot.field, *form.fields.values()) if each.unit))

    def _result(self, outcome: Outcome, message: str = "", at: tuple[int, int] | None = None) -> Judged:
        text = self.printed.text
        start, end = at or (0, 0)
        return Judged(
            slot=self.slot,
            outcome=outcome,
            message=message,
            text=text.name,
            hash=text.hash,
            start=start,
            end=end,
            found=self.printed.snippet(start, end) if at else "",
        )

    def _placed(self, places: Sequence[tuple[int, int]]) -> Judged:
        """The outcome for a value that some places bear out: verified where the cell says, or found elsewhere."""
        wanted = [at for at in places if self.printed.is_at(at[0], self.slot.where) is not False]
        if wanted:
            return replace(self._result(Outcome.VERIFIED, "", wanted[0]), also=tuple(wanted[1:]))
        at = places[0]
        section = self.printed.text.section_at(at[0])
        place = section.heading or section.part.value if section else "the text"
        message = f"stands in {shown(place)}; expected in {shown(self.slot.where)}, as the cell says"
        return replace(self._result(Outcome.ELSEWHERE, message, at), also=tuple(places[1:]))

    @property
    def _is_age(self) -> bool:
        return names_age(self.slot.field) and bool(self.slot.unit) and not self.slot.drug

    def _is_in_table(self, amount: Amount) -> bool:
        section = self.printed.text.section_at(amount.start)
        return section is not None and section.part is Part.TABLE

    def _names(self, *, is_bare: bool = False) -> Names | None:
        slot = self.slot
        if slot.drug:
            return names_of_drugs(slot.drug, slot.drugs)
        return names_beside(slot.field, self.form, is_bare=is_bare) if slot.kind is Kind.NUMBER else None

    def _is_own(self, text: Reading, amount: Amount, *, must_be_named: bool = False) -> tuple[bool, str]:
        """Whether an amount stands there for the cell's field; else for what it stands."""
        names = self._names(is_bare=not amount.unit and bool(self.slot.unit))
        if names is None:
            return True, ""
        if self._is_in_table(amount):
            return self._is_own_in_table(amount)
        if self._is_age:
            return is_of_person(text, amount), ""
        must_be_named = must_be_named or not (self.slot.unit or self.slot.drug)
        at = text.by_start[amount.start]
        first, last = sentence(text, at, at + 1)
        listed = [
            each
            for each in amounts(text, first, last, known=self.units)
            if may_be_compared(each.unit, self.slot.unit) or not each.unit
        ]
        owners = governing(text, amount, names, listed)
        if owners is None:
            return not must_be_named, ""
        if names.own in owners:
            return True, ""
        return False, self._labels(owners)

    def _is_own_in_table(self, amount: Amount) -> tuple[bool, str]:
        """Whether an amount of a table stands in a row or column that names the cell's field, and none that names another case."""
        text = self.printed.text
        names = (
            names_of_drugs(self.slot.drug, self.slot.drugs)
            if self.slot.drug
            else names_beside(self.slot.field, self.form, is_bare=True)
        )
        begin, stop = text.paragraph_at(amount.start, amount.end)
        beside = [text.content[begin:stop].split("\t")[0].strip(), text.head_at(amount.start)]
        others = [
            name
            for name in beside
            if name and case_name(name) in self.cases and case_name(name) != case_name(self.slot.case)
        ]
        if others:
            return False, f"case {others[0]}"
        owners = {owner for name in beside if name for mention in mentions_in(name, names) for owner in mention.owners}
        if names.own in owners:
            return True, ""
        if owners:
            return False, self._labels(owners)
        units = {amount.unit, *(each.unit for name in beside for each in units_named(name))}
        return any(unit and may_be_compared(unit, self.slot.unit) for unit in units), ""

    def _labels(self, owners: Iterable[str]) -> str:
        return joined(
            [self.form.fields[owner].label if owner in self.form.fields else owner for owner in sorted(owners)]
        )

    def _told(self) -> str:
        """The cell's value in words, with its unit."""
        return shown(f"{self.slot.cell.text} {self.slot.unit}".strip())


class _OfQuote(_Judge):
    """Judges a cell by what it quotes of the report."""

    def judged(self, text: Reading) -> Judged:
        cell, printed = self.slot.cell, self.printed
        joins = text is printed.joined
        parts = [part for part in re.split(r"\s*(?:\[?…\]?|\[?\.\.\.\]?)\s*", cell.reported) if part.strip()]
        quotes = [read_short(part, joins_thousands=joins) for part in parts]
        quotes = [quote for quote in quotes if quote.stream]
        if not quotes:
            return self._result(Outcome.ABSENT, f"the quote {shown(cell.reported)} holds neither letter nor figure")
        barred: Part | None = None
        other = ""
        refused: tuple[str, tuple[int, int]] | None = None
        good: list[tuple[int, int]] = []
        found = list(islice(_in_order(quotes, text), _MOST_PLACES))
        if not found and joins and re.search(r"\d \d{3}(?!\d)", cell.reported):
            apart = [read_short(part, joins_thousands=False) for part in parts]
            found = list(islice(_in_order([quote for quote in apart if quote.stream], text), _MOST_PLACES))
        found.sort(
            key=lambda match: (
                bool(printed.owner_at(match.start)) and printed.owner_at(match.start) != case_name(self.slot.case)
            )
        )
        for match in found:
            at = (match.start, match.end)
            if part := printed.bar_at(*at):
                barred = part
                continue
            if owner := printed.is_of_another_case(at[0], self.slot.case):
                other = other or owner
                refused = refused or (f"stands in the text for case {owner}", at)
                continue
            borne = self._borne(text, match)
            if not borne.is_borne:
                if refused is None or other:
                    refused, other = (borne.why, borne.at or at), ""
                continue
            good.append(at)
        if good:
            return self._placed(good)
        if refused is not None:
            why, at = refused
            return self._result(Outcome.NEAR, f"{why}: {shown(printed.snippet(*at), 120)}", at)
        if barred is not None:
            place = "title" if barred is Part.TITLE else "list of references"
            return self._result(
                Outcome.ABSENT, f"{shown(cell.reported)} stands in the {place} only, which is no evidence"
            )
        return self._near(quotes[0], text)

    def _near(self, quote: Reading, text: Reading) -> Judged:
        """What is like the quote: the same words with other figures, or nearly the same words."""
        reported = shown(self.slot.cell.reported)
        at = next((at for at in words_alike(quote, text) if self.printed.bar_at(*at) is None), None)
        if (at is None or not re.search(r"[a-z]{2}", quote.stream)) and len(quote.stream) >= 6:
            at = self._alike(quote, text) or at
        if at is None or not re.search(r"[a-z]", quote.stream):
            return self._result(Outcome.ABSENT, f"{reported} is not in the text")
        told = shown(self.printed.snippet(*at, around=12), 120)
        return self._result(Outcome.NEAR, f"{reported} is not in the text, but {told}", at)

    def _alike(self, quote: Reading, text: Reading) -> tuple[int, int] | None:
        from rapidfuzz import fuzz

        if len(quote.stream) > _LONGEST_ALIKE or len(text.stream) > _LONGEST_TEXT_ALIKE:
            return None
        found = fuzz.partial_ratio_alignment(quote.stream, text.stream, score_cutoff=_LIKENESS)
        if found is None or found.dest_end <= found.dest_start:
            return None
        at = text.starts[found.dest_start], text.ends[found.dest_end - 1]
        return at if self.printed.bar_at(*at) is None else None

    def _borne(self, text: Reading, match: Match) -> _Borne:
        if self.slot.cell.value is None or self.slot.cell.status is not Status.REPORTED:
            return _Borne(is_borne=True)
        if self.slot.kind is Kind.NUMBER:
            return self._number(text, match)
        if self.slot.kind is Kind.CHOICE:
            return self._choice(text, match)
        return self._text(text, match)

    def _number(self, text: Reading, match: Match) -> _Borne:
        value = self.slot.cell.value
        if not isinstance(value, Number):
            return _Borne(is_borne=True)
        is_dose = self.slot.part == "dose"
        there = tuple(amounts(text, match.first, match.last, match.meant, self.units))
        if self._is_age:  # "a man of 54 came": what is counted stands before
            there = tuple(replace(each, is_loose=each.is_loose and not is_of_person(text, each)) for each in there)
        same = [
            each for each in there if is_same(value, self.slot.unit, each, is_dose=is_dose, schedule=self.slot.schedule)
        ]
        if self.slot.part == "count":
            same = [each for each in same if is_given(text, each)]
            if not same and value.low in times_given(_plain_of(text, match)):
                return _Borne(is_borne=True)
        if not same:
            return _Borne(is_borne=False, why=f"the quote does not say {self._told()}")
        owner = ""
        for each in same:
            # A number without its unit needs the name of its field, but in a table, whose head has both.
            is_bare = bool(self.slot.unit) and not each.unit
            is_own, owner = self._is_own(text, each, must_be_named=is_bare)
            if is_own:
                return _Borne(is_borne=True)
        at = (same[0].start, same[0].end)
        what = f"stands there for {owner}" if owner else "stands there, but not with its unit or the name of the field"
        if self._is_age and not owner:
            what = "is not said there as an age"
        return _Borne(is_borne=False, why=f"{self._told()} {what}", at=at)

    def _choice(self, text: Reading, match: Match) -> _Borne:
        value = self.slot.cell.value
        wanted = value if isinstance(value, tuple) else (str(value),)
        found = _printed(self.slot.field, text, match.first, match.last)
        named = {owner for mention in found for owner in mention.owners}
        lacking = [choice for choice in wanted if choice not in named]
        others = sorted(named - set(wanted))
        if lacking:
            forms = joined([shown(form) for form in (lacking[0], *self.slot.field.choices[lacking[0]])])
            said = f", but of {joined(map(shown, others), 'and')}" if others else ""
            return _Borne(is_borne=False, why=f"the quote has no printed form of {shown(lacking[0])} ({forms}){said}")
        if others:
            rival = joined(map(shown, others), "and")
            return _Borne(
                is_borne=False,
                why=f"the quote has a printed form of {rival} too; expected a quote of {self._told()} alone",
            )
        return _Borne(is_borne=True)

    def _text(self, text: Reading, match: Match) -> _Borne:
        value = str(self.slot.cell.value)
        own = read_short(value)
        is_quoted = next(find(own, text, match.first, match.last), None) is not None
        if is_quoted and self.slot.part != "drug":
            return _Borne(is_borne=True)
        if pair := contradiction(own.plain, _plain_of(text, match)):
            return _Borne(is_borne=False, why=f"the quote says {shown(pair[1])}, not {shown(pair[0])}")
        if self.slot.part == "drug" and (why := self._other_drug(text, match)):
            return _Borne(is_borne=False, why=why)
        if is_quoted:
            return _Borne(is_borne=True)
        if lacking := self._unsaid(own, text, match):
            return _Borne(is_borne=False, why=f"the quote does not say {shown(lacking)}")
        if len(own.stream) > 3 and not _share_words(own, text, match):
            there = next(find(own, text), None)
            if there is not None:
                why = f"the quote says nothing of {shown(value)}, which stands elsewhere"
                return _Borne(is_borne=False, why=why, at=(there.start, there.end))
        return _Borne(is_borne=True)

    def _other_drug(self, text: Reading, match: Match) -> str:
        """Returns why a quote does not bear out which drug was given, or nothing."""
        value = str(self.slot.cell.value)
        named = mentions(text, names_of_drugs(value, self.slot.drugs), match.first, match.last)
        own = [mention for mention in named if value.lower() in mention.owners]
        if own:
            return f"the text denies {shown(value)}" if all(is_denied(text, mention) for mention in own) else ""
        others = sorted({owner for mention in named for owner in mention.owners})
        return f"the quote names {joined(others, 'and')}, not {shown(value)}" if others else ""

    def _unsaid(self, own: Reading, text: Reading, match: Match) -> str:
        """Returns a figure of the value, with its unit, that the quote lacks, or nothing."""
        value = own.text
        figures = {r for at, f in text.figures.items() if match.first <= at < match.last for r in f.readings}
        for figure in own.figures.values():  # HLA-B27 is not HLA-B51
            if figure.is_attached and figures and not figures & set(figure.readings):
                return value[max(0, figure.start - 6) : figure.end].split(" ")[-1]
        said = tuple(amounts(text, match.first, match.last, match.meant, self.units))
        times = dosings(_plain_of(text, match))
        for amount in amounts(own, 0, len(own.stream), known=self.units):
            is_dosing = amount.number.low == amount.number.high and amount.number.low in times
            if not is_dosing and not any(_is_said(amount, each) for each in said):
                return value[amount.start : amount.end]
        return ""


# How like a stretch of text must be to be shown beside a quote, of 100.
_LIKENESS = 80
# Beyond this, in letters, likeness takes too long to tell.
_LONGEST_ALIKE, _LONGEST_TEXT_ALIKE = 300, 400_000
# In how many places a quote is looked at.
_MOST_PLACES = 40
# Words of a quote that may stand apart ("…" in the quote), in letters of the text.
_APART = 1200


def _in_order(quotes: Sequence[Reading], text: Reading) -> Iterator[Match]:
    """Yields where all parts of a quote stand, one behind the other."""
    for match in find(quotes[0], text):
        whole: Match | None = match
        for quote in quotes[1:]:
            if whole is None:
                break
            after = next(find(quote, text, whole.last, min(len(text.stream), whole.last + _APART)), None)
            whole = after and Match(
                start=match.start,
                end=after.end,
                first=match.first,
                last=after.last,
                meant={**whole.meant, **after.meant},
            )
        if whole is not None:
            yield whole


def _printed(about: Field, text: Reading, first: int, last: int) -> list[Mention]:
    """Returns where a stretch has printed forms of the field's choices, each owner a choice; what is denied is none."""
    forms: dict[str, set[str]] = {}
    for choice, listed in about.choices.items():
        for form in (choice, *listed):
            forms.setdefault(form, set()).add(choice)
            if form[-1:].isalpha() and not form.endswith("s") and len(form) > 3:
                forms.setdefault(f"{form}s", set()).add(choice)
    names = Names(own="", by_name={form: frozenset(owners) for form, owners in forms.items()})
    return [mention for mention in mentions(text, names, first, last) if not is_denied(text, mention)]


def _plain_of(text: Reading, match: Match) -> str:
    return text.plain[text.at_plain(match.start) : text.at_plain(match.end)]


def _is_said(amount: Amount, other: Amount) -> bool:
    if amount.unit and other.unit:
        return is_same(amount.number, amount.unit, replace(other, is_ordinal=False), is_dose=True)
    return (amount.number.low, amount.number.high) == (other.number.low, other.number.high)


def _share_words(own: Reading, text: Reading, match: Match) -> bool:
    """Whether a value and a stretch of text have a word of some length in common, or its beginning."""
    there = {word[:5] for word in _long_words(text, match.first, match.last)}
    return any(word[:5] in there for word in _long_words(own, 0, len(own.stream)))


def _long_words(text: Reading, first: int, last: int) -> list[str]:
    words = (
        re.findall(
            r"[a-z]+", text.plain[text.at_plain(text.starts[first]) : text.at_plain(text.ends[last - 1])].lower()
        )
        if last > first
        else []
    )
    return [word for word in words if len(word) >= 4]


class _OfValue(_Judge):
    """Judges a cell without a quote by its value: it must stand in the text with the name of its field."""

    def judged(self, text: Reading) -> Judged:
        if self.slot.kind is Kind.NUMBER:
            return self._number(text)
        if self.slot.kind is Kind.CHOICE:
            return self._choice(text)
        value = read_short(str(self.slot.cell.value))
        found = self._best((match.start, match.end) for match in find(value, text))
        return found or self._result(
            Outcome.UNVERIFIABLE, f"{self._told()} has no quote; expected 'reported', as the report prints it"
        )

    def _best(self, places: Iterable[tuple[int, int]]) -> Judged | None:
        good = [
            at
            for at in islice(places, _MOST_PLACES)
            if not (self.printed.bar_at(*at) or self.printed.is_of_another_case(at[0], self.slot.case))
        ]
        return self._placed(good) if good else None

    def _number(self, text: Reading) -> Judged:
        value = self.slot.cell.value
        if not isinstance(value, Number):
            return self._result(Outcome.UNVERIFIABLE, "has no quote")
        slot = self.slot
        is_dose = slot.part == "dose"
        is_alone = bool(slot.unit) and not slot.drug and len({o for os in names_beside(slot.field, self.form).by_name.values() for o in os}) == 1  # fmt: skip
        same = [
            each
            for each in amounts(text, 0, len(text.stream), known=self.units)
            if is_same(value, slot.unit, each, is_dose=is_dose, schedule=slot.schedule) and not each.is_loose
        ]
        named = []
        for each in same:
            is_own, _ = self._is_own(text, each, must_be_named=not (is_alone and each.unit))
            if is_own:
                named.append((each.start, each.end))
        if found := self._best(named):
            return found
        near = next((each for each in same if each.unit and self.printed.bar_at(each.start, each.end) is None), None)
        if near is not None:
            at = (near.start, near.end)
            told = shown(self.printed.snippet(*at), 120)
            return self._result(
                Outcome.NEAR, f"{self._told()} stands in the text, but not with the name of the field: {told}", at
            )
        return self._result(Outcome.ABSENT, f"{self._told()} is not in the text")

    def _choice(self, text: Reading) -> Judged:
        slot = self.slot
        wanted = slot.cell.value if isinstance(slot.cell.value, tuple) else (str(slot.cell.value),)
        shared = {
            form.lower()
            for other in self.form.fields.values()
            if other.name != slot.field.name
            for choice, forms in other.choices.items()
            for form in (choice, *forms)
        }
        places: dict[str, list[tuple[int, int]]] = {}
        for mention in _printed(slot.field, text, 0, len(text.stream)):
            at = text.starts[mention.first], text.ends[mention.last - 1]
            if self.printed.bar_at(*at) or self.printed.is_of_another_case(at[0], slot.case):
                continue
            form = " ".join(text.text[at[0] : at[1]].lower().split())
            if form in shared and not self._is_about(text, mention):
                continue
            for owner in mention.owners:
                places.setdefault(owner, []).append(at)
        lacking = [choice for choice in wanted if choice not in places]
        rival = min(set(places) - set(wanted), default="")
        if lacking and not rival:
            return self._result(Outcome.ABSENT, f"no printed form of {shown(lacking[0])} is in the text")
        if rival and (lacking or slot.field.type is FieldType.CHOICE):
            at = places[rival][0]
            told = shown(self.printed.snippet(*at), 120)
            if lacking:
                message = (
                    f"no printed form of {shown(lacking[0])} stands in the text, but one of {shown(rival)}: {told}"
                )
            else:
                message = f"the text has a printed form of {shown(rival)} too, {told}; expected 'reported', the quote that decides"
            return self._result(Outcome.NEAR, message, at)
        return self._best(places[wanted[0]]) or self._result(Outcome.ABSENT, f"{self._told()} is not in the text")

    def _is_about(self, text: Reading, mention: Mention) -> bool:
        """Whether the sentence of a printed form names the field."""
        first, last = sentence(text, mention.first, mention.last)
        names = Names(
            own=self.slot.field.name, by_name={n: frozenset([self.slot.field.name]) for n in names_of(self.slot.field)}
        )
        return bool(mentions(text, names, first, last))


def count_outcomes(judged: Iterable[Judged]) -> Mapping[Outcome, int]:
    """Returns how many cells had each outcome, all outcomes included."""
    counts = dict.fromkeys(Outcome, 0)
    for each in judged:
        counts[each.outcome] += 1
    return counts
