"""Duplicates in bibliographic files, in a review or outside one."""

from __future__ import annotations

import gc
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from casetable.curation.files import read_rulings
from casetable.dedup import (
    FIELDS,
    Decision,
    Deduplicated,
    Entry,
    Merged,
    Pair,
    Settings,
    decide,
    deduplicate,
    merge,
    normalize,
    told_fields,
)
from casetable.errors import UsageError
from casetable.formats.articles import Flaw, Stored, read_articles_of, stored_row
from casetable.formats.bibliography import Written, lacking_pmid, write_bibliography
from casetable.formats.csv_cells import write_csv
from casetable.formats.export import Form, doi_of, noted_pmid
from casetable.formats.table_csv import CsvRow, is_csv, read_csv
from casetable.model import PMID, Ruling, normal_key, record_key
from casetable.model.article import Article
from casetable.problems import did_you_mean, joined
from casetable.workspace.articles import read_bytes
from casetable.workspace.files import write_whole

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True)
class DedupedFiles:
    """The records of files in their order, what was found among them, and what could not be read or followed.

    `stored` are the records as they were read, where that was asked for; `ruled` the pairs that a person ruled on.
    """

    files: tuple[str, ...]
    entries: tuple[Entry, ...]
    found: Deduplicated
    faults: tuple[str, ...]
    stored: tuple[Stored, ...] = ()
    ruled: tuple[tuple[Ruling, tuple[int, int]], ...] = ()

    @property
    def duplicates(self) -> int:
        """How many records are left over when one of each report is kept."""
        return len(self.entries) - len(self.found.groups)


def dedupe_files(
    files: Sequence[Path],
    *,
    settings: Settings | None = None,
    rulings: Path | None = None,
    keeps_records: bool = False,
    progress: Progress = lambda *_: None,
) -> DedupedFiles:
    """Returns the groups of records of one report in files of any of the formats.

    `rulings` is a file of the form of a review's duplicates.yaml. Raises UsageError where no record can be read.
    """
    with _uncollected():
        read = _read(files, keeps_records=keeps_records)
        entries, faults = read.entries, read.faults
        if not entries:
            raise UsageError("\n".join([f"no record in {joined([str(file) for file in files], 'and')}", *faults]))
        same, apart = _ruled(rulings, entries, faults) if rulings else ([], [])
        found = deduplicate(
            entries,
            settings=settings,
            ruled_same=[pair for _, pair in same],
            ruled_apart=[pair for _, pair in apart],
            progress=lambda done, of: progress("comparing", done, of),
        )
        for pair, against in found.unjoined:
            one, other, a, b = (entries[at].id for at in (*pair, *against))
            faults.append(f"{rulings}: {one} and {other} are ruled the same, but {a} and {b} different; kept apart")
        return DedupedFiles(
            files=tuple(map(str, files)),
            entries=tuple(entries),
            found=found,
            faults=tuple(faults),
            stored=tuple(read.stored),
            ruled=(*same, *apart),
        )


def explain_entries(
    files: Sequence[Path], one: str, other: str, settings: Settings | None = None, rulings: Path | None = None
) -> tuple[Decision, tuple[str, ...], str]:
    """Returns what is decided of two records of files, by their ids, how each field compares, and what a person ruled.

    Raises UsageError for an unknown record.
    """
    entries = _read(files).entries
    by_id = {entry.id: entry for entry in entries}
    for name in (one, other):
        if name not in by_id:
            by_id.update({key: entry for entry in reversed(entries) for key in _identifiers(entry)})
    for name in (one, other):
        if name not in by_id:
            hint = did_you_mean(name, by_id)
            raise UsageError(f"there is no record {name!r} in the files{'; ' + hint if hint else ''}")
    a, b = by_id[one], by_id[other]
    decision = decide(normalize(a), normalize(b), settings=settings)
    ruled = ""
    if rulings:
        at = {id(entry): place for place, entry in enumerate(entries)}
        pair = {at[id(a)], at[id(b)]}
        same, apart = _ruled(rulings, entries, [])
        for ruling, found in (*same, *apart):
            if set(found) == pair:
                ruled = f"ruled {'the same' if ruling.is_same else 'different'} by {ruling.by} on {ruling.when}"
    return decision, told_fields(decision, a, b), ruled


def write_records(path: Path | None, deduped: DedupedFiles, form: Form, *, merges: bool = True) -> bytes:
    """Returns one record for each report in a format, in the order of the files, or every record where none is merged.

    Writes them to `path` where one is given. Raises UsageError where the format cannot hold them, WriteError.
    """
    if merges:
        written = [_written(deduped, group, merged) for group, merged in _merged(deduped, form)]
    else:
        written = [_written(deduped, (at,), None) for at in range(len(deduped.stored))]
    if lacking := lacking_pmid(form, written):
        many = f"{len(lacking):,} records have" if len(lacking) > 1 else f"{lacking[0]} has"
        raise UsageError(
            f"{many} no PMID, without which {form} holds no record; expected another format, as ris"
            + (f" (the first is {lacking[0]})" if len(lacking) > 1 else "")
        )
    data = write_bibliography(form, written)
    if path:
        _refuse_folder(path)
        write_whole(path, data)
    return data


def write_merges(path: Path, deduped: DedupedFiles, form: Form | None = None) -> None:
    """Writes how each group of records became one, a line of JSON each, with every record whole, so that it can be undone.

    `form` is the format in which the records are written, whose own records are the base.

    Raises UsageError, WriteError.
    """
    _refuse_folder(path)
    because: dict[int, list[list[str]]] = defaultdict(list)
    group_of = {at: group[0] for group in deduped.found.groups for at in group}
    for ruling, (a, b) in deduped.ruled:
        if ruling.is_same and group_of[a] == group_of[b]:
            because[group_of[a]].append([deduped.entries[a].id, deduped.entries[b].id, f"ruled by {ruling.by}"])
    for pair in deduped.found.same:
        if group_of[pair.one] == group_of[pair.other]:
            one, other = deduped.entries[pair.one].id, deduped.entries[pair.other].id
            because[group_of[pair.one]].append([one, other, pair.decision.rule])
    lines = [
        json.dumps(_merge_value(deduped, group, merged, because[group[0]]), ensure_ascii=False)
        for group, merged in _merged(deduped, form)
        if len(group) > 1
    ]
    write_whole(path, "".join(f"{line}\n" for line in lines).encode("utf-8", errors="replace"))


def _merged(deduped: DedupedFiles, form: Form | None) -> Iterator[tuple[tuple[int, ...], Merged]]:
    for group in deduped.found.groups:
        # A record of the format that is written keeps what only that format has.
        favored = [n for n, at in enumerate(group) if (o := deduped.stored[at].original) and o.form is form]
        yield group, merge([deduped.stored[at].article for at in group], favored)


def _written(deduped: DedupedFiles, group: Sequence[int], merged: Merged | None) -> Written:
    at = group[merged.base] if merged else group[0]
    stored = deduped.stored[at]
    return Written(
        article=merged.article if merged else stored.article,
        key=deduped.entries[at].id,
        source=deduped.entries[at].source,
        original=stored.original,
        changed=frozenset(merged.origins) if merged else frozenset(),
    )


def _merge_value(
    deduped: DedupedFiles, group: Sequence[int], merged: Merged, because: list[list[str]]
) -> dict[str, Any]:
    names = [deduped.entries[at].id for at in group]
    return {
        "schema": 1,
        "record": names[merged.base],
        "fields": {field: [names[at] for at in givers] for field, givers in sorted(merged.origins.items())},
        "differing": list(merged.differing),
        "because": because,
        "records": [_original_value(deduped, at) for at in group],
    }


def _original_value(deduped: DedupedFiles, at: int) -> dict[str, Any]:
    entry, original = deduped.entries[at], deduped.stored[at].original
    value: dict[str, Any] = {"id": entry.id, "source": entry.source}
    if original is None:
        return value | {"format": "", "text": "", "title": entry.title}
    if original.cells:
        return value | {"format": original.form.value, "cells": [list(cell) for cell in original.cells]}
    head = {"head": original.head} if original.head else {}
    return value | {"format": original.form.value, **head, "text": original.text}


def write_clusters(path: Path, deduped: DedupedFiles) -> None:
    """Writes `record_id,cluster_id`, a row for each record in the order of the files; raises UsageError, WriteError."""
    cluster = {at: str(number) for number, group in enumerate(deduped.found.groups, start=1) for at in group}
    rows = [(entry.id, cluster[at]) for at, entry in enumerate(deduped.entries)]
    _write(path, ("record_id", "cluster_id"), rows)


def write_pairs(path: Path, deduped: DedupedFiles) -> None:
    """Writes each pair that is the same, possibly so, or linked, with the rule and how each field stands.

    Raises UsageError, WriteError.
    """
    found = deduped.found
    pairs = (*found.same, *found.possible, *found.linked)
    verdicts = dict.fromkeys(map(_positions, found.linked), "linked")
    ruled = {positions: ruling for ruling, positions in deduped.ruled}
    decisions = {_positions(pair): pair.decision for pair in pairs}
    rows = []
    for one, other in sorted({*decisions, *((min(pair), max(pair)) for pair in ruled)}):
        decision = decisions.get((one, other))
        ruling = ruled.get((one, other)) or ruled.get((other, one))
        if ruling is not None:
            verdict, rule = "same" if ruling.is_same else "different", f"ruled by {ruling.by}"
        elif decision is not None:
            verdict, rule = verdicts.get((one, other), decision.verdict.value), decision.rule
        fields = [field.partition(": ")[2] for field in decision.fields] if decision else [""] * len(FIELDS)
        rows.append((deduped.entries[one].id, deduped.entries[other].id, verdict, rule, *fields))
    # No name of a bibliographic column, so that the file is not taken for records.
    _write(path, ("id_a", "id_b", "verdict", "rule", *(f"{name}_compared" for name in FIELDS)), rows)


def _positions(pair: Pair) -> tuple[int, int]:
    return pair.one, pair.other


def _refuse_folder(path: Path) -> None:
    if path.is_dir():
        raise UsageError(f"{path} is a folder; expected the name of a file")


def _write(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    _refuse_folder(path)
    write_whole(path, write_csv([header, *rows]).encode("utf-8", errors="replace"))


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keeps Python from looking for cycles, of which records have none: it would look at each of millions again and again."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()  # nor at what is left of them
        if was_enabled:
            gc.enable()


@dataclass(kw_only=True)
class _Records:
    """What files hold, in their order: `stored` is filled where the records themselves are asked for."""

    entries: list[Entry]
    stored: list[Stored]
    faults: list[str]


def _read(files: Sequence[Path], *, keeps_records: bool = False) -> _Records:
    read = _Records(entries=[], stored=[], faults=[])
    names: dict[str, int] = {}

    def add(entry: Entry, stored: Stored | None) -> None:
        names[entry.id] = names.get(entry.id, 0) + 1
        # A second record of one id is another copy, and has a name of its own.
        read.entries.append(entry if names[entry.id] == 1 else _renamed(entry, f"{entry.id}#{names[entry.id]}"))
        if stored is not None:
            read.stored.append(stored)

    for path in files:
        stem = path.stem
        data, fault = read_bytes(path)
        if fault:
            read.faults.append(fault)
        elif is_csv(data):  # without the way over an article, which a hundred thousand rows would feel
            for row in read_csv(data):
                if isinstance(row, CsvRow):
                    stored = stored_row(str(path), row, keeps_original=True) if keeps_records else None
                    add(_of_row(row, f"{path}:{row.line}", stem), stored)
                else:
                    read.faults.append(f"{path}:{row.line}: {row.message}")
        else:
            for article in read_articles_of(str(path), [data], keeps_originals=keeps_records):
                if isinstance(article, Stored):
                    add(_of_article(article.article, article.key, stem), article if keeps_records else None)
                elif isinstance(article, Flaw):
                    read.faults.append(article.message)
    return read


Ruled = list[tuple[Ruling, tuple[int, int]]]


def _ruled(path: Path, entries: Sequence[Entry], faults: list[str]) -> tuple[Ruled, Ruled]:
    """Returns the pairs of records that a file rules to be the same, and different; adds what is wrong to `faults`.

    Raises UsageError where the file cannot be read.
    """
    data, fault = read_bytes(path)
    if fault:
        raise UsageError(fault)
    rulings, problems = read_rulings(str(path), data, is_free=True)
    if problems:
        raise UsageError("\n".join(map(str, problems)))
    places: dict[str, list[int]] = defaultdict(list)
    for at, entry in enumerate(entries):
        for name in dict.fromkeys((entry.id, *_identifiers(entry))):
            places[name].append(at)
    same: Ruled = []
    apart: Ruled = []
    for ruling in rulings:
        sides = []
        for key in ruling.keys:
            side = places.get(key) or places.get(normal_key(key))
            if not side:
                faults.append(f"{ruling.place}: {key} is no record of the files")
            else:
                sides.append(side)
        pairs = [
            (a, b) for n, one in enumerate(sides) for other in sides[n + 1 :] for a in one for b in other if a != b
        ]
        (same if ruling.is_same else apart).extend((ruling, pair) for pair in pairs)
    return same, apart


def _identifiers(entry: Entry) -> Iterator[str]:
    if entry.pmid:
        yield f"pmid:{entry.pmid}"
    if entry.doi:
        yield normal_key(f"doi:{entry.doi}")


def _renamed(entry: Entry, name: str) -> Entry:
    return Entry(**{field: getattr(entry, field) for field in Entry.__slots__} | {"id": name})


def _of_row(row: CsvRow, own: str, source: str) -> Entry:
    value = row.values
    key = record_key(pmid=value["pmid"] if PMID.fullmatch(value["pmid"]) else "", doi=doi_of([value["doi"]]), own=own)
    return Entry(
        id=value["record_id"] or key,
        title=value["title"],
        authors=(value["authors"],) if value["authors"] else (),
        year=value["year"],
        journal=value["journal"],
        volume=value["volume"],
        issue=value["issue"],
        pages=value["pages"],
        doi=value["doi"],
        pmid=value["pmid"] or noted_pmid(value["extra"]),
        abstract=value["abstract"],
        source=value["source"] or source,
    )


def _of_article(article: Article, key: str, source: str) -> Entry:
    return Entry(
        id=key,
        title=article.any_title,
        authors=tuple(f"{p.last}, {p.fore or p.initials}" if p.last else p.collective for p in article.authors),
        year=article.published,
        journal=article.journal or article.journal_abbreviation,
        volume=article.volume,
        issue=article.issue,
        pages=article.pages,
        doi=article.doi,
        pmid=article.pmid,
        pmcid=article.pmcid,
        abstract=article.abstract_text,
        source=source,
    )
