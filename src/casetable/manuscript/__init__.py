"""The tables as a journal prints them: heads with units, cells with marks, notes, abbreviations and numbered references."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from casetable.model import REASONS, Column, Form, Paper, Record, Status
from casetable.notices import Mark, marks
from casetable.problems import visible
from casetable.review import Review
from casetable.table import INCOMPLETE, Piece, Row, Shown, Table, worded

# What each way of knowing a cell means to a reader, in the order of the legend.
MEANINGS = {
    Status.REPORTED: "as the report gives it",
    Status.DERIVED: "follows from what the report gives, and is not said there",
    Status.CONFLICTING: "the report contradicts itself; each version is shown",
    Status.NOT_REPORTED: "the report was read and does not say it",
    Status.NOT_APPLICABLE: "cannot be said of this patient",
    Status.UNCLEAR: "the report can be read in more than one way",
    Status.NOT_ACCESSIBLE: "the report could not be read as far as this",
}
INCOMPLETE_MEANING = "the extraction is not finished here; `casetable check` names the cell"

# More notes on single cells than this are a list that nobody reads: the cells then say in words how they are known.
MOST_CELL_NOTES = 26


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A text of the printed table and the marks of its notes; a reason is printed where there is no value."""

    text: str
    marks: tuple[str, ...] = ()
    is_reason: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A case as it is printed: the head it stands under, its report with its number in the references, its cells.

    `standing` is what a reader must know of the report before all else ("retracted"), or nothing.
    """

    group: str
    report: Run
    number: int
    standing: Run
    case: Run
    cells: tuple[tuple[Run, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A note below the table, by the mark that stands where it belongs, or the word that it explains."""

    mark: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """An entry of the list of references, in Vancouver style without its number; `identifier` is its DOI or PMID."""

    number: int
    text: str
    identifier: str
    url: str
    standing: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Printed:
    """A table as it is printed. All texts are one line each, without control characters.

    `label` is its number ("Table 1"), `heads` are of the columns behind report and case. Below it come the spelled-out
    `abbreviations`, what the `words` mean that stand in place of a value, the `remarks`, and the `notes` by their marks in
    the order in which these are read. References are numbered as they are first met.
    """

    label: str
    name: str
    title: str
    paper: Paper
    heads: tuple[Run, ...]
    lines: tuple[Line, ...]
    abbreviations: tuple[tuple[str, str], ...]
    words: tuple[Note, ...]
    remarks: tuple[str, ...]
    notes: tuple[Note, ...]
    references: tuple[Reference, ...]
    searched: str


def print_tables(review: Review, tables: Sequence[Table]) -> tuple[Printed, ...]:
    """Returns the tables as a journal prints them, in their order.

    They are Table 1, Table 2 and so on; those whose name begins with "supplement" are Table S1, S2.
    """
    standing = marks(review)
    printed = []
    counts = {"": 0, "S": 0}
    for table in tables:
        series = "S" if table.layout.name.startswith("supplement") else ""
        counts[series] += 1
        press = _Press(review, table, standing)
        printed.append(press.printed(f"Table {series}{counts[series]}"))
    return tuple(printed)


def head(column: Column, form: Form | None) -> str:
    """Returns a column's head as a reader sees it: its label, with the unit of its field."""
    of = form.fields.get(column.field) if form else None
    return f"{column.label} ({of.unit})" if of and of.unit else column.label


@dataclass(slots=True)
class _Notes:
    """Gives notes their marks as they are met; equal notes share one."""

    by_text: dict[str, str] = field(default_factory=dict)

    def mark(self, text: str) -> str:
        return self.by_text.setdefault(text, _letters(len(self.by_text)))


def _letters(number: int) -> str:
    """a, b, … z, aa, ab: the mark of a note by its place from 0."""
    text = ""
    number += 1
    while number:
        number, digit = divmod(number - 1, 26)
        text = chr(ord("a") + digit) + text
    return text


class _Press:
    """Prints one table."""

    def __init__(self, review: Review, table: Table, standing: Mapping[str, Mark]) -> None:
        self.review = review
        self.table = table
        self.form = review.inputs.form or Form()
        self.standing = standing
        self.notes = _Notes()
        records = [row.record for row in table.rows]
        records += [record for _, record, _ in table.not_eligible]
        records += [item.record for item in table.not_extracted]
        self.numbers: dict[str, int] = {}
        self.records: dict[str, Record] = {}
        for record in records:
            self.numbers.setdefault(record.key, len(self.numbers) + 1)
            self.records[record.key] = record
        self.rows = {row.name: row for row in table.rows}
        told = {note for row in table.rows for shown in row.columns for piece in shown.pieces for note in _told(piece)}
        self.is_in_words = len(told) > MOST_CELL_NOTES

    def printed(self, label: str) -> Printed:
        layout = self.table.layout
        protocol = self.review.inputs.protocol
        title = _plain(layout.title or (protocol.title if protocol else ""))
        heads = tuple(
            Run(text=_plain(head(column, self.form)), marks=self._marks(_sentence(column.note)))
            for column in layout.columns
        )
        lines = tuple(self._line(row) for row in self.table.rows)
        words = tuple(_words(self.table))
        remarks = (*map(_sentence, layout.notes), *self._missing())
        notes = tuple(Note(mark=mark, text=text) for text, mark in self.notes.by_text.items())
        return Printed(
            label=label,
            name=layout.name,
            title=title,
            paper=layout.paper,
            heads=heads,
            lines=lines,
            abbreviations=_abbreviations(self.form, [title, *_texts(heads, lines), *remarks, *(n.text for n in notes)]),
            words=words,
            remarks=remarks,
            notes=notes,
            references=tuple(self._reference(key, number) for key, number in self.numbers.items()),
            searched=str(self.review.searched_on or ""),
        )

    def _marks(self, text: str) -> tuple[str, ...]:
        return (self.notes.mark(text),) if text else ()

    def _line(self, row: Row) -> Line:
        mark = self.standing.get(row.record.key)
        first = self.rows.get(row.patient, row)
        before = f"The patient of {self._named(first.record)}, case {first.case.id}." if row.is_told_before else ""
        return Line(
            group=_plain(row.group),
            report=Run(text=_plain(row.record.label)),
            number=self.numbers[row.record.key],
            standing=Run(text=_plain(mark.text), marks=self._marks(_sentence(mark.note))) if mark else Run(text=""),
            case=Run(text=_plain(row.case.id), marks=self._marks(_plain(before))),
            cells=tuple(self._cell(shown) for shown in row.columns),
        )

    def _cell(self, shown: Shown) -> tuple[Run, ...]:
        if not shown.pieces:
            return (Run(text=INCOMPLETE, is_reason=True),)
        runs = []
        for piece in shown.pieces:
            is_reason = piece.cell is not None and piece.cell.status in REASONS and not piece.parts
            if self.is_in_words:
                runs.append(Run(text=_plain(piece.text), is_reason=is_reason))
            else:
                told = tuple(self.notes.mark(note) for note in _told(piece))
                runs.append(Run(text=_plain(piece.plain), marks=told, is_reason=is_reason))
        return tuple(runs)

    def _missing(self) -> Iterator[str]:
        """Yields what is not in the table and yet of these reports."""
        protocol = self.review.inputs.protocol
        reasons = protocol.exclusion_reasons if protocol else {}
        if self.table.not_eligible:
            cases = (
                f"{self._named(record)}, case {case.id}"
                + (f": {why}" if (why := reasons.get(case.reason, case.reason)) else "")
                for _, record, case in self.table.not_eligible
            )
            yield _sentence("Not eligible: " + "; ".join(cases))
        if self.table.not_extracted:
            reports = (self._named(item.record) for item in self.table.not_extracted)
            yield _sentence("Included and not extracted yet: " + "; ".join(reports))

    def _named(self, record: Record) -> str:
        return f"{record.label} [{self.numbers[record.key]}]"

    def _reference(self, key: str, number: int) -> Reference:
        record = self.records[key]
        mark = self.standing.get(key)
        identifier = f"doi:{record.doi}" if record.doi else f"PMID: {record.pmid}" if record.pmid else ""
        return Reference(
            number=number,
            text=_plain(record.citation),
            identifier=_plain(identifier),
            url=record.url,
            standing=_sentence(f"{mark.text}: {mark.note}") if mark else "",
        )


def _told(piece: Piece) -> Iterator[str]:
    """Yields the notes of a piece: what a derived value follows from, and where the versions of a conflict stand."""
    for cell in piece.cells:
        if cell.status not in (Status.DERIVED, Status.CONFLICTING):
            continue
        text = worded(cell) if piece.parts else piece.text
        if cell.status is Status.DERIVED:
            yield _sentence(f"{text}: from {cell.source}" if cell.source else text, keep_case=True)
        else:
            places = dict.fromkeys(each.where or cell.where for each in cell.alternatives)
            where = " / ".join(place for place in places if place)
            yield _sentence(f"{text}: {where}" if where else text, keep_case=True)


def _words(table: Table) -> Iterator[Note]:
    """Yields the meaning of each way in which a cell of the table is known, if it is no plain value."""
    shown = [shown for row in table.rows for shown in row.columns]
    cells = [cell for each in shown for piece in each.pieces for cell in piece.cells]
    used = {each.status for cell in cells for each in (cell, *cell.alternatives)}
    groups = {row.group for row in table.rows}
    for status, meaning in MEANINGS.items():
        if status is not Status.REPORTED and (status in used or status.value in groups):
            yield Note(mark=status.value, text=f"{meaning}.")
    if INCOMPLETE in groups or any(not each.pieces for each in shown):
        yield Note(mark=INCOMPLETE, text=f"{INCOMPLETE_MEANING.replace('`', '')}.")


def _texts(heads: Iterable[Run], lines: Iterable[Line]) -> Iterator[str]:
    yield from (run.text for run in heads)
    for line in lines:
        yield line.group
        yield from (run.text for runs in line.cells for run in runs)


def _abbreviations(form: Form, texts: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Returns those of the form's abbreviations that stand in texts as words, or in what one of them is spelled out to.

    Of two that begin at one place the longer one stands there: RP-ILD is no ILD.
    """
    known = form.abbreviations
    if not known:
        return ()
    longest = sorted(known, key=lambda word: (-len(word), word))
    pattern = re.compile(rf"(?<!\w)({'|'.join(map(re.escape, longest))})s?(?!\w)")
    found: set[str] = set()
    waiting = list(dict.fromkeys(texts))
    while waiting:
        met = {each for text in waiting for each in pattern.findall(text)} - found
        found |= met
        waiting = [known[word] for word in met]
    return tuple((_plain(word), _plain(known[word])) for word in sorted(found, key=lambda w: (w.casefold(), w)))


def _plain(text: str) -> str:
    """Returns a text as one line that steers nothing and that XML can hold (XML 1.0, 2.2)."""
    return visible(" ".join(text.split())).replace("\ufffe", "\\ufffe").replace("\uffff", "\\uffff")


def _sentence(text: str, *, keep_case: bool = False) -> str:
    """Returns a note as it is printed: with a full stop, and a capital unless it begins with a cell's own text."""
    text = _plain(text)
    if not text:
        return ""
    if not keep_case and text.partition(" ")[0].islower():
        text = text[0].upper() + text[1:]
    return text if text.endswith((".", "!", "?", "。")) else text + "."
