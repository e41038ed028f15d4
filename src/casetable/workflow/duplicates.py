"""Duplicates in bibliographic files, in a review or outside one."""

from __future__ import annotations

import csv
import gc
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from casetable.dedup import Decision, Deduplicated, Entry, Settings, decide, deduplicate, normalize
from casetable.errors import UsageError
from casetable.formats.articles import Flaw, Stored, read_articles_of
from casetable.formats.table_csv import CsvRow, is_csv, read_csv
from casetable.model.article import Article
from casetable.problems import did_you_mean, joined
from casetable.workspace.articles import read_bytes
from casetable.workspace.files import write_whole

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True)
class DedupedFiles:
    """The records of files in their order, what was found among them, and what could not be read."""

    files: tuple[str, ...]
    entries: tuple[Entry, ...]
    found: Deduplicated
    faults: tuple[str, ...]

    @property
    def duplicates(self) -> int:
        """How many records are left over when one of each report is kept."""
        return len(self.entries) - len(self.found.groups)


def dedupe_files(
    files: Sequence[Path], *, joins_cochrane_versions: bool = False, progress: Progress = lambda *_: None
) -> DedupedFiles:
    """Returns the groups of records of one report in CSV files and all that formats.articles reads.

    Raises UsageError where no record can be read.
    """
    with _uncollected():
        entries, faults = _entries(files)
        if not entries:
            raise UsageError("\n".join([f"no record in {joined([str(file) for file in files], 'and')}", *faults]))
        settings = Settings(joins_cochrane_versions=joins_cochrane_versions)
        found = deduplicate(entries, settings=settings, progress=lambda done, of: progress("comparing", done, of))
        return DedupedFiles(files=tuple(map(str, files)), entries=tuple(entries), found=found, faults=tuple(faults))


def explain_entries(files: Sequence[Path], one: str, other: str) -> Decision:
    """Returns what is decided of two records of files, by their ids, and why; raises UsageError for an unknown one."""
    entries, _ = _entries(files)
    by_id = {entry.id: entry for entry in entries}
    for name in (one, other):
        if name not in by_id:
            hint = did_you_mean(name, by_id)
            raise UsageError(f"there is no record {name!r} in the files{'; ' + hint if hint else ''}")
    return decide(normalize(by_id[one]), normalize(by_id[other]))


def write_clusters(path: Path, deduped: DedupedFiles) -> None:
    """Writes `record_id,cluster_id`, a row for each record in the order of the files; raises UsageError, WriteError."""
    cluster = {at: str(number) for number, group in enumerate(deduped.found.groups, start=1) for at in group}
    rows = [(entry.id, cluster[at]) for at, entry in enumerate(deduped.entries)]
    _write(path, ("record_id", "cluster_id"), rows)


def write_pairs(path: Path, deduped: DedupedFiles) -> None:
    """Writes each pair that is the same or possibly so, with the rule and how each field stands; raises UsageError, WriteError."""
    pairs = sorted((*deduped.found.same, *deduped.found.possible), key=lambda pair: (pair.one, pair.other))
    rows = [
        (
            deduped.entries[pair.one].id,
            deduped.entries[pair.other].id,
            pair.decision.verdict.value,
            pair.decision.rule,
            *(field.partition(": ")[2] for field in pair.decision.fields),
        )
        for pair in pairs
    ]
    names = ("title", "abstract", "authors", "year", "journal", "volume", "pages", "doi", "pmid")
    _write(path, ("id_a", "id_b", "verdict", "rule", *names), rows)


def _write(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    if path.is_dir():
        raise UsageError(f"{path} is a folder; expected the name of a file")
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    write_whole(path, text.getvalue().encode())


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


def _entries(files: Sequence[Path]) -> tuple[list[Entry], list[str]]:
    entries: list[Entry] = []
    faults: list[str] = []
    names: dict[str, int] = {}

    def add(entry: Entry) -> None:
        names[entry.id] = names.get(entry.id, 0) + 1
        # A second record of one id is another copy, and has a name of its own.
        entries.append(entry if names[entry.id] == 1 else _renamed(entry, f"{entry.id}#{names[entry.id]}"))

    for path in files:
        stem = path.stem
        data, fault = read_bytes(path)
        if fault:
            faults.append(fault)
        elif is_csv(data[:4096]):
            for row in read_csv(data):
                if isinstance(row, CsvRow):
                    add(_of_row(row, f"{path}:{row.line}", stem))
                else:
                    faults.append(f"{path}:{row.line}: {row.message}")
        else:
            for read in read_articles_of(str(path), [data]):
                if isinstance(read, Stored):
                    add(_of_article(read.article, read.key, stem))
                elif isinstance(read, Flaw):
                    faults.append(read.message)
    return entries, faults


def _renamed(entry: Entry, name: str) -> Entry:
    return Entry(**{field: getattr(entry, field) for field in Entry.__slots__} | {"id": name})


def _of_row(row: CsvRow, own: str, source: str) -> Entry:
    value = row.values
    return Entry(
        id=value["record_id"] or own,
        title=value["title"],
        authors=(value["authors"],) if value["authors"] else (),
        year=value["year"],
        journal=value["journal"],
        volume=value["volume"],
        issue=value["issue"],
        pages=value["pages"],
        doi=value["doi"],
        pmid=value["pmid"],
        abstract=value["abstract"],
        source=value["source"] or source,
    )


def _of_article(article: Article, key: str, source: str) -> Entry:
    return Entry(
        id=key,
        title=article.title or article.book_title,
        authors=tuple(f"{p.last}, {p.fore or p.initials}" if p.last else p.collective for p in article.authors),
        year=article.published,
        journal=article.journal or article.journal_abbreviation,
        volume=article.volume,
        issue=article.issue,
        pages=article.pages,
        doi=article.doi,
        pmid=article.pmid,
        abstract=article.abstract_text,
        source=source,
    )
