"""Holds the cells of an extraction against the text of its report: is what they quote there, and does it bear out their value."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from functools import cached_property, lru_cache
from hashlib import sha256

from casetable.model import Access, Case, Cell, Field, FieldType, Form, Number, Report, Status
from casetable.problems import joined, shown
from casetable.quotes.amounts import Amount, amounts, is_same, may_be_compared
from casetable.quotes.labels import (
    Mention,
    Names,
    governing,
    mentions,
    names_beside,
    names_of,
    names_of_drugs,
    read_name,
    sentence,
)
from casetable.quotes.reading import Match, Reading, find, read, words_alike
from casetable.quotes.texts import Part, Section, Text


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

    @property
    def where(self) -> str:
        return self.cell.where

    @property
    def unit(self) -> str:
        return self.cell.unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What became of one cell. `start` and `end` are places in the text of that name, `found` what stands there."""

    slot: Slot
    outcome: Outcome
    message: str = ""
    text: str = ""
    hash: str = ""
    start: int = 0
    end: int = 0
    found: str = ""


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
                    yield replace(slot, kind=kind, part=part, drug=course.drug, drugs=drugs)


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


def judge(report: Report, form: Form, texts: Sequence[Text], titles: Iterable[str] = ()) -> tuple[Judged, ...]:
    """Returns what becomes of every cell of a report's cases that can be verified, in the order of the extraction.

    `titles` are those of its records: wherever they stand in a text, they are no evidence. Of several texts the one
    counts in which a cell fares best.
    """
    evidence = [_Evidence(text, tuple(titles)) for text in texts]
    found = []
    for case in report.cases:
        for slot in slots(case, form):
            judged = [_judged(slot, each, form, report) for each in evidence]
            judged = judged or [
                Judged(slot=slot, outcome=Outcome.UNVERIFIABLE, message="no text of the report is at hand")
            ]
            found.append(min(judged, key=lambda each: _BEST_FIRST.index(each.outcome)))
    return tuple(found)


# --- a text, ready to be searched -------------------------------------------------------------------------------------


@dataclass(eq=False)
class _Evidence:
    """A text as read, with what in it is no evidence; each part is computed on first use."""

    text: Text
    titles: tuple[str, ...]
    known: tuple[str, ...] = field(default=())

    @cached_property
    def joined(self) -> Reading:
        return read(self.text.content)

    @cached_property
    def apart(self) -> Reading | None:
        """The text with no groups of thousands joined over plain blanks, if there are any."""
        if not re.search(r"\d \d{3}(?!\d)", self.joined.plain):
            return None
        return read(self.text.content, joins_thousands=False)

    @cached_property
    def barred(self) -> tuple[tuple[int, int, Part], ...]:
        """Where the title and the references stand."""
        found = [(s.start, s.end, s.part) for s in self.text.sections if not s.part.is_evidence]
        for title in self.titles:
            quote = read_name(title)
            if len(quote.stream) >= 12:
                found += [(match.start, match.end, Part.TITLE) for match in find(quote, self.joined)]
        return tuple(sorted(found))

    def bar_at(self, start: int, end: int) -> Part | None:
        return next((part for low, high, part in self.barred if low < end and start < high), None)

    @cached_property
    def owners(self) -> tuple[tuple[int, int, str], ...]:
        """Stretches of the text that speak of one case of several, by its number or letter."""
        return tuple(_owned(self.text))

    def is_of_another_case(self, start: int, case: str) -> str:
        """Returns the case that a place of the text speaks of, where it is another one; else nothing."""
        named = {owner for _, _, owner in self.owners}
        if _case_name(case) not in named:
            return ""
        owner = ""
        for low, high, name in self.owners:  # the innermost one comes last
            if low <= start < high:
                owner = name
        return owner if owner and owner != _case_name(case) else ""

    def is_at(self, start: int, where: str) -> bool | None:
        """Whether a place of the text is where a cell says; None where the text has no such place."""
        if not where or not any(_is_place(section, where) for section in self.text.sections):
            return None
        section = self.text.section_at(start)
        return section is not None and _is_place(section, where)

    def snippet(self, start: int, end: int, around: int = 30) -> str:
        """Returns what stands at a place, with some words around it, in one line."""
        content = self.text.content
        low, high = max(0, start - around), min(len(content), end + around)
        low = content.rfind(" ", 0, low + 1) + 1 if low else 0
        after = content.find(" ", high)
        high = len(content) if after < 0 or after - high > around else after
        told = " ".join(content[low:high].split())
        return f"{'…' if low else ''}{told}{'…' if high < len(content) else ''}"


_CASE = re.compile(
    r"(?:case|patient)s?\s+(?:no\.?\s*|#\s*)?(?P<id>\d{1,3}[a-z]?|[A-Z]|one|two|three|four|five|six|seven|eight|nine|ten)\b",
    re.IGNORECASE,
)
_WORDS = {
    w: str(n) for n, w in enumerate(["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"], 1)
}
_MANY = re.compile(r"\s*(?:,|and|&|to|-|–)\s*(?:\d|case|patient)", re.IGNORECASE)


def _case_name(text: str) -> str:
    lower = text.strip().lower()
    return _WORDS.get(lower, lower)


def _owned(text: Text) -> Iterator[tuple[int, int, str]]:
    for section in text.sections:
        found = _CASE.match(section.heading.split(" > ")[-1])
        own = _case_name(found["id"]) if found else ""
        if own:
            yield section.start, section.end, own
        low = section.start
        standing = ""
        begin = low
        for paragraph in re.split(r"(?<=\n\n)", text.content[section.start : section.end]):
            marked = _CASE.match(paragraph.lstrip())
            if marked and not _MANY.match(paragraph.lstrip(), marked.end()):
                if standing:
                    yield begin, low, standing
                standing, begin = _case_name(marked["id"]), low
            low += len(paragraph)
        if standing:
            yield begin, section.end, standing
        # A sentence that names one case speaks of it.
        at = section.start
        for sentence_ in re.split(r"(?<=[.!?;])(?=\s)|(?<=\n\n)", text.content[section.start : section.end]):
            named_ = [found for found in _CASE.finditer(sentence_) if not _MANY.match(sentence_, found.end())]
            names = {_case_name(found["id"]) for found in named_}
            if len(names) == 1 and not re.search(r"\b(?:cases|patients)\b", sentence_, re.IGNORECASE):
                yield at, at + len(sentence_), names.pop()
            at += len(sentence_)


@lru_cache(maxsize=1024)
def _place_words(where: str) -> str:
    """Returns what of a place is its section's name: "Discussion, paragraph 4" is in the Discussion."""
    told = re.sub(r"\bfig(?:ure)?s?\b\.?", "figure", where.lower())
    told = re.split(r"[,;:(]", told)[0]
    told = re.sub(r"\b(legend|caption|section|footnotes?|row|column|the|text of|in)\b", " ", told)
    return " ".join(re.findall(r"[a-z0-9]+", told))


_SAME_PLACES = (
    frozenset(
        ["case presentation", "case report", "case description", "case history", "case", "case summary", "case reports"]
    ),
    frozenset(["affiliation", "affiliations", "author affiliations"]),
    frozenset(["conclusion", "conclusions"]),
    frozenset(["abstract", "summary"]),
)


def _is_place(section: Section, where: str) -> bool:
    wanted = _place_words(where)
    if not wanted:
        return False
    if wanted == "title":
        return section.part is Part.TITLE
    if wanted in {"abstract", "summary"}:
        return section.part is Part.ABSTRACT
    alike = next((names for names in _SAME_PLACES if wanted in names), frozenset([wanted]))
    for heading in section.heading.split(" > "):
        words = _place_words(heading)
        if words and any(_holds(words, name) or _holds(name, words) for name in alike):
            return True
    return False


def _holds(words: str, name: str) -> bool:
    return re.search(rf"(?<![a-z0-9]){re.escape(name)}(?![a-z0-9])", words) is not None


# --- one cell and one text --------------------------------------------------------------------------------------------


def _judged(slot: Slot, evidence: _Evidence, form: Form, report: Report) -> Judged:
    judge_ = _OfQuote(slot, evidence, form) if slot.cell.reported else _OfValue(slot, evidence, form)
    found = judge_.judged(evidence.joined)
    if found.outcome not in {Outcome.VERIFIED, Outcome.ELSEWHERE} and evidence.apart is not None:
        again = judge_.judged(evidence.apart)
        found = min(found, again, key=lambda each: _BEST_FIRST.index(each.outcome))
    is_poor = found.outcome in {Outcome.NEAR, Outcome.ABSENT}
    is_of_abstract = report.access is Access.ABSTRACT or _place_words(slot.where) in {"abstract", "summary"}
    if is_poor and evidence.text.is_abstract and not is_of_abstract:
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
    def __init__(self, slot: Slot, evidence: _Evidence, form: Form) -> None:
        self.slot, self.evidence, self.form = slot, evidence, form
        self.units = tuple(dict.fromkeys(each.unit for each in (slot.field, *form.fields.values()) if each.unit))

    def _result(self, outcome: Outcome, message: str = "", at: tuple[int, int] | None = None) -> Judged:
        text = self.evidence.text
        start, end = at or (0, 0)
        return Judged(
            slot=self.slot,
            outcome=outcome,
            message=message,
            text=text.name,
            hash=text.hash,
            start=start,
            end=end,
            found=self.evidence.snippet(start, end) if at else "",
        )

    def _placed(self, at: tuple[int, int]) -> Judged:
        """The outcome for a value found and borne out at a place: verified there, or found elsewhere."""
        if self.evidence.is_at(at[0], self.slot.where) is False:
            section = self.evidence.text.section_at(at[0])
            place = section.heading or section.part.value if section else "the text"
            return self._result(
                Outcome.ELSEWHERE,
                f"stands in {shown(place)}; expected in {shown(self.slot.where)}, as the cell says",
                at,
            )
        return self._result(Outcome.VERIFIED, "", at)

    def _names(self) -> Names | None:
        slot = self.slot
        if slot.drug:
            return names_of_drugs(slot.drug, slot.drugs)
        return names_beside(slot.field, self.form) if slot.kind is Kind.NUMBER else None

    def _is_own(self, text: Reading, amount: Amount, *, must_be_named: bool = False) -> tuple[bool, str]:
        """Whether an amount stands there for the cell's field; else for what it stands."""
        names = self._names()
        if names is None:
            return True, ""
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
        labels = [self.form.fields[owner].label if owner in self.form.fields else owner for owner in sorted(owners)]
        return False, joined(labels)

    def _told(self) -> str:
        """The cell's value in words, with its unit."""
        return shown(f"{self.slot.cell.text} {self.slot.unit}".strip())


class _OfQuote(_Judge):
    """Judges a cell by what it quotes of the report."""

    def judged(self, text: Reading) -> Judged:
        cell, evidence = self.slot.cell, self.evidence
        joins = text is evidence.joined
        parts = [part for part in re.split(r"\s*(?:\[?…\]?|\[?\.\.\.\]?)\s*", cell.reported) if part.strip()]
        quotes = [read(part, joins_thousands=joins) for part in parts]
        quotes = [quote for quote in quotes if quote.stream]
        if not quotes:
            return self._result(Outcome.ABSENT, f"the quote {shown(cell.reported)} holds neither letter nor figure")
        barred: Part | None = None
        other = ""
        refused: tuple[str, tuple[int, int]] | None = None
        elsewhere: Judged | None = None
        for match in _in_order(quotes, text):
            at = (match.start, match.end)
            if part := evidence.bar_at(*at):
                barred = part
                continue
            if owner := evidence.is_of_another_case(at[0], self.slot.case):
                other = other or owner
                refused = refused or (f"stands in the text for case {owner}", at)
                continue
            borne = self._borne(text, match)
            if not borne.is_borne:
                if refused is None or other:
                    refused, other = (borne.why, borne.at or at), ""
                continue
            placed = self._placed(at)
            if placed.outcome is Outcome.VERIFIED:
                return placed
            elsewhere = elsewhere or placed
        if elsewhere is not None:
            return elsewhere
        if refused is not None:
            why, at = refused
            return self._result(Outcome.NEAR, f"{why}: {shown(evidence.snippet(*at), 120)}", at)
        if barred is not None:
            place = "title" if barred is Part.TITLE else "list of references"
            return self._result(
                Outcome.ABSENT, f"{shown(cell.reported)} stands in the {place} only, which is no evidence"
            )
        return self._near(quotes[0], text)

    def _near(self, quote: Reading, text: Reading) -> Judged:
        """What is like the quote: the same words with other figures, or nearly the same words."""
        reported = shown(self.slot.cell.reported)
        at = next((at for at in words_alike(quote, text) if self.evidence.bar_at(*at) is None), None)
        if (at is None or not re.search(r"[a-z]{2}", quote.stream)) and len(quote.stream) >= 6:
            at = self._alike(quote, text) or at
        if at is None or not re.search(r"[a-z]", quote.stream):
            return self._result(Outcome.ABSENT, f"{reported} is not in the text")
        told = shown(self.evidence.snippet(*at, around=12), 120)
        return self._result(Outcome.NEAR, f"{reported} is not in the text, but {told}", at)

    def _alike(self, quote: Reading, text: Reading) -> tuple[int, int] | None:
        from rapidfuzz import fuzz

        found = fuzz.partial_ratio_alignment(quote.stream, text.stream, score_cutoff=_LIKENESS)
        if found is None or found.dest_end <= found.dest_start:
            return None
        at = text.starts[found.dest_start], text.ends[found.dest_end - 1]
        return at if self.evidence.bar_at(*at) is None else None

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
        same = [each for each in there if is_same(value, self.slot.unit, each, is_dose=is_dose)]
        if self.slot.part == "count" and not same and value.low in _dosings(text.plain):
            return _Borne(is_borne=True)
        if not same:
            return _Borne(is_borne=False, why=f"the quote does not say {self._told()}")
        owner = ""
        for each in same:
            # A number without its unit needs the name of its field, but in a table, whose head has both.
            is_bare = bool(self.slot.unit) and not each.unit and not self._is_in_table(each)
            is_own, owner = self._is_own(text, each, must_be_named=is_bare)
            if is_own:
                return _Borne(is_borne=True)
        at = (same[0].start, same[0].end)
        what = f"stands there for {owner}" if owner else "stands there without its unit, and not with the name of the field"
        return _Borne(is_borne=False, why=f"{self._told()} {what}", at=at)

    def _is_in_table(self, amount: Amount) -> bool:
        section = self.evidence.text.section_at(amount.start)
        return section is not None and section.part is Part.TABLE

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
        own = read(value)
        if next(find(own, text, match.first, match.last), None) is not None:
            return _Borne(is_borne=True)
        if self.slot.part == "drug":
            names = names_of_drugs(value, self.slot.drugs)
            there = {owner for m in mentions(text, names, match.first, match.last) for owner in m.owners}
            if there and value.lower() not in there:
                return _Borne(is_borne=False, why=f"the quote names {joined(sorted(there), 'and')}, not {shown(value)}")
        there_ = tuple(amounts(text, match.first, match.last, match.meant, self.units))
        dosings = _dosings(text.plain[text.at_plain(match.start) : text.at_plain(match.end)])
        for amount in amounts(own, 0, len(own.stream), known=self.units):
            if amount.number.low == amount.number.high and amount.number.low in dosings:
                continue
            if not any(_is_said(amount, each) for each in there_):
                told = shown(value[amount.start : amount.end])
                return _Borne(is_borne=False, why=f"the quote does not say {told}")
        if (
            not _share_words(own, text, match)
            and (at := next(find(own, text), None)) is not None
            and len(own.stream) > 3
        ):
            return _Borne(
                is_borne=False,
                why=f"the quote says nothing of {shown(value)}, which stands elsewhere",
                at=(at.start, at.end),
            )
        return _Borne(is_borne=True)


# How like a stretch of text must be to be shown beside a quote, of 100.
_LIKENESS = 80
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
    names = Names(own="", by_name={form: frozenset(owners) for form, owners in forms.items()})
    return [mention for mention in mentions(text, names, first, last) if not _is_denied(text, mention)]


_DENIALS = frozenset(["no", "not", "without", "never", "denied", "denies", "nor", "neither", "absence", "lack"])


def _is_denied(text: Reading, mention: Mention) -> bool:
    """Whether one of the two words before it, in the same clause, denies what stands there."""
    at = text.at_plain(text.starts[mention.first])
    clause = re.split(r"[,;.:()]", text.plain[max(0, at - 40) : at])[-1]
    words = re.findall(r"[A-Za-z]+", clause.lower())[-2:]
    return bool(_DENIALS & set(words))


_DOSINGS = ((r"q\.?\s?d\.?|o\.?d\.?", 1), (r"b\.?i\.?d\.?|twice", 2), (r"t\.?i\.?d\.?|thrice", 3), (r"q\.?i\.?d\.?", 4))


def _dosings(plain: str) -> frozenset[Decimal]:
    """Returns the numbers of doses a day that a text gives in words or by abbreviation: b.i.d. is two."""
    return frozenset(Decimal(times) for pattern, times in _DOSINGS if re.search(rf"\b(?:{pattern})(?![A-Za-z])", plain, re.IGNORECASE))  # fmt: skip


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
        value = read(str(self.slot.cell.value))
        found = self._best((match.start, match.end) for match in find(value, text))
        return found or self._result(
            Outcome.UNVERIFIABLE, f"{self._told()} has no quote; expected 'reported', as the report prints it"
        )

    def _best(self, places: Iterable[tuple[int, int]]) -> Judged | None:
        elsewhere: Judged | None = None
        for at in places:
            if self.evidence.bar_at(*at) or self.evidence.is_of_another_case(at[0], self.slot.case):
                continue
            placed = self._placed(at)
            if placed.outcome is Outcome.VERIFIED:
                return placed
            elsewhere = elsewhere or placed
        return elsewhere

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
            if is_same(value, slot.unit, each, is_dose=is_dose)
        ]
        named = []
        for each in same:
            is_own, _ = self._is_own(text, each, must_be_named=not (is_alone and each.unit))
            if is_own:
                named.append((each.start, each.end))
        if found := self._best(named):
            return found
        near = next((each for each in same if each.unit and self.evidence.bar_at(each.start, each.end) is None), None)
        if near is not None:
            at = (near.start, near.end)
            told = shown(self.evidence.snippet(*at), 120)
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
            if self.evidence.bar_at(*at) or self.evidence.is_of_another_case(at[0], slot.case):
                continue
            form = " ".join(text.text[at[0] : at[1]].lower().split())
            if form in shared and not self._is_about(text, mention):
                continue
            for owner in mention.owners:
                places.setdefault(owner, []).append(at)
        lacking = [choice for choice in wanted if choice not in places]
        rivals = sorted(set(places) - set(wanted))
        if lacking:
            if rivals:
                at = places[rivals[0]][0]
                told = shown(self.evidence.snippet(*at), 120)
                return self._result(
                    Outcome.NEAR,
                    f"no printed form of {shown(lacking[0])} stands in the text, but one of {shown(rivals[0])}: {told}",
                    at,
                )
            return self._result(Outcome.ABSENT, f"no printed form of {shown(lacking[0])} is in the text")
        if rivals and slot.field.type is FieldType.CHOICE:
            at = places[rivals[0]][0]
            told = shown(self.evidence.snippet(*at), 120)
            return self._result(
                Outcome.NEAR,
                f"the text has a printed form of {shown(rivals[0])} too, {told}; expected 'reported', the quote that decides",
                at,
            )
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
