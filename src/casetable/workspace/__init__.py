"""The review's folder on disk: the only place that knows its file names. Every write is atomic."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from operator import is_
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from filelock import FileLock, Timeout

from casetable.curation.claims import read_claims
from casetable.curation.files import (
    read_acknowledgments,
    read_decisions,
    read_overlaps,
    read_protocol,
    read_report,
    read_rulings,
    read_strategy,
)
from casetable.curation.forms import read_form
from casetable.curation.nodes import F101, F102, F107, MAX_FILE_BYTES
from casetable.errors import UsageError
from casetable.formats.logs import read_notices, read_records, read_searches, read_verified
from casetable.model import Form, Report, Strategy
from casetable.model.notice import NO_NOTICES
from casetable.problems import Place, Problem, visible
from casetable.review import Inputs, Paths
from casetable.workspace.cache import Answers
from casetable.workspace.files import WriteError, write_whole

PROTOCOL = "review.yaml"
STRATEGIES = "queries"
SEARCHES = "queries/searches.jsonl"
RECORDS = "queries/records.jsonl"
NOTICES = "queries/notices.jsonl"
FORM = "curated/form.yaml"
SCREENING = "curated/screening.yaml"
DUPLICATES = "curated/duplicates.yaml"
ACKNOWLEDGMENTS = "curated/notices.yaml"
REPORTS = "curated/reports"
OVERLAPS = "curated/overlaps.yaml"
VERIFIED = "curated/verified.jsonl"
CLAIMS = "curated/claims.yaml"
CACHE = ".casetable"
SCHEMAS = ".casetable/schema"
BUILD = "build"
TEXTS = "texts"

MAX_LOG_BYTES = 2_000_000_000
_NAME = re.compile(r"[^\W_][\w-]{0,99}")


class Part(NamedTuple):
    """What was read of a file, with its faults, and whether it counts as read in spite of them."""

    content: Any
    faults: tuple[Problem, ...]
    is_read: bool


Reader = Callable[[str, bytes], Part]
Stamp = tuple[int, ...] | None


@dataclass(slots=True, kw_only=True)
class Kept:
    """A file as it was read: its bytes, what came of them, and by what it is known that they did not change since.

    `hangs_on` is what else the reading took into account, as the form for an extraction.
    """

    stamp: Stamp
    data: bytes
    part: Part
    hangs_on: object = None


@dataclass(slots=True)
class Memory:
    """What was read of a review's files, by path, for whoever reads them again and again."""

    parts: dict[str, Kept] = field(default_factory=dict)
    lists: Lists | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lists:
    """The strategies and extractions of a review as they were last read, with the form that they were read by."""

    form: Form | None
    strategies: tuple[Strategy, ...]
    reports: tuple[Report, ...]
    problems: tuple[Problem, ...]
    unread: frozenset[str]


class Workspace:
    """A review's folder. `root` holds review.yaml."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def find(cls, start: Path) -> Workspace:
        """Returns the workspace of the folder, or of the nearest one above it that holds a review.yaml."""
        for folder in (start, *start.parents):
            if (folder / PROTOCOL).is_file():
                return cls(folder)
        other = next((f for f in ("review.yml", "Review.yaml", "REVIEW.yaml") if (start / f).is_file()), "")
        if other:
            raise UsageError(f"{start / other} is not read; rename it to {PROTOCOL}")
        raise UsageError(
            f"{start} is not in a review: no {PROTOCOL} here or above; 'casetable init DIR' writes a new review"
        )

    # --- reading ---

    def load(
        self,
        progress: Callable[[int, int], None] = lambda *_: None,
        memory: Memory | None = None,
        *,
        is_quick: bool = False,
    ) -> Inputs:
        """Returns all that the review's files say, with every fault of every file; raises nothing for a faulty file.

        `progress` is told how many reports are read, and of how many. A file that `memory` holds and that did not change since
        is not read again; with `is_quick` strategies and extractions that it holds are not even looked at.
        """
        memory = memory if memory is not None else Memory()
        problems: list[Problem] = []
        unread: set[str] = set()

        def part(name: str, reader: Reader, blank: Any, *, is_needed: bool = False, hangs_on: object = None) -> Any:
            """Returns what a file holds, `blank` where it cannot be opened or is not there."""
            kept = memory.parts.get(name)
            stamp = self._stamp(name)
            if kept is None or kept.stamp != stamp or kept.hangs_on is not hangs_on:
                limit = MAX_LOG_BYTES if name.endswith(".jsonl") else MAX_FILE_BYTES
                data, faults = self._bytes(name, is_needed=is_needed, limit=limit)
                found = Part(blank, faults, is_read=not faults) if data is None else reader(name, data)
                kept = memory.parts[name] = Kept(stamp=stamp, data=data or b"", part=found, hangs_on=hangs_on)
            problems.extend(kept.part.faults)
            if kept.part.faults and not kept.part.is_read:
                unread.add(name)
            return kept.part.content

        protocol = part(PROTOCOL, _single(read_protocol), None, is_needed=True)
        form = part(FORM, _single(read_form), None, is_needed=True)
        lists = memory.lists
        if lists is None or lists.form is not form or not is_quick:
            before, unread_before, problems, unread = problems, unread, [], set()
            names = tuple(self._yaml_names(STRATEGIES, problems, unread))
            strategies = [part(name, _named(read_strategy), None, is_needed=True) for name in names]
            names = tuple(self._yaml_names(REPORTS, problems, unread))
            read_one = _named(partial(read_report, form=form))
            reports = []
            for number, name in enumerate(names, start=1):
                progress(number, len(names))
                reports.append(part(name, read_one, None, is_needed=True, hangs_on=form))
            lists = memory.lists = Lists(
                form=form,
                strategies=_same_or(tuple(each for each in strategies if each), lists.strategies if lists else ()),
                reports=_same_or(tuple(each for each in reports if each), lists.reports if lists else ()),
                problems=tuple(problems),
                unread=frozenset(unread),
            )
            problems, unread = before, unread_before
        problems.extend(lists.problems)
        unread.update(lists.unread)
        decisions = part(SCREENING, _listing(read_decisions), (), is_needed=True)
        rulings = part(DUPLICATES, _listing(read_rulings), ())
        claims, numbers = part(CLAIMS, _claims, ((), ()))
        searches = part(SEARCHES, _listing(read_searches), ())
        records = part(RECORDS, _listing(read_records), {})
        overlaps = part(OVERLAPS, _listing(read_overlaps), ())
        verified = part(VERIFIED, _listing(read_verified), ())
        notices = part(NOTICES, _listing(read_notices), NO_NOTICES)
        acknowledgments = part(ACKNOWLEDGMENTS, _listing(read_acknowledgments), ())
        return Inputs(
            paths=Paths(
                strategies=STRATEGIES,
                searches=SEARCHES,
                records=RECORDS,
                screening=SCREENING,
                duplicates=DUPLICATES,
                reports=REPORTS,
                notices=NOTICES,
                acknowledgments=ACKNOWLEDGMENTS,
            ),
            protocol=protocol,
            form=form,
            strategies=lists.strategies,
            searches=searches,
            records=records,
            decisions=decisions,
            rulings=rulings,
            reports=lists.reports,
            problems=tuple(problems),
            verified=verified,
            overlaps=overlaps,
            unread=frozenset(unread),
            notices=notices,
            acknowledgments=acknowledgments,
            claims=claims,
            numbers=numbers,
        )

    def kept(self, name: str, data: bytes, content: object) -> Kept:
        """Returns what a `Memory` holds of a file that was just written, within the lock, and has no fault."""
        stamp = self._stamp(name)
        is_as_written = self.read(name) == data  # else somebody edited it since, and it is to be read
        return Kept(stamp=stamp if is_as_written else (), data=data, part=Part(content, (), is_read=True))

    def read(self, name: str) -> bytes:
        """Returns the bytes of a file of the review, b"" where it is not there; raises UsageError for a link out of it."""
        path = self.root / name
        try:
            if not path.is_file():
                return b""
            self._require_inside(name)
            return path.read_bytes()
        except OSError as error:
            raise UsageError(f"{name} cannot be read ({error.strerror})") from None

    def exists(self, name: str) -> bool:
        return (self.root / name).exists()

    def _require_inside(self, name: str) -> None:
        """Raises UsageError where a file is a link to one outside the review, or its folder is."""
        if not (self.root / name).resolve().is_relative_to(self.root.resolve()):
            raise UsageError(f"{name} is a link to a file outside the review; expected the file itself")

    def report_names(self) -> frozenset[str]:
        """The names of the extractions that are there, without folder and ending."""
        folder = self.root / REPORTS
        return frozenset(path.stem.lower() for path in folder.iterdir()) if folder.is_dir() else frozenset()

    def _stamp(self, name: str) -> Stamp:
        """Returns what tells a file from what it was before, None where there is none."""
        try:
            found = os.stat(self.root / name)  # noqa: PTH116  # a Path for each of a thousand files takes its time
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino, found.st_ctime_ns

    def _bytes(self, name: str, *, is_needed: bool, limit: int) -> tuple[bytes | None, tuple[Problem, ...]]:
        path, place = self.root / name, Place(path=name)
        try:
            if not path.exists() and not path.is_symlink():
                return None, (F101.at(place, "is missing"),) if is_needed else ()
            if not path.is_file():
                return None, (F101.at(place, "is not a file that can be read"),)
            if not path.resolve().is_relative_to(self.root.resolve()):
                return None, (F101.at(place, "is a link to a file outside the review; expected the file itself"),)
            if path.stat().st_size > limit:
                return None, (F102.at(place, f"is larger than {limit:,} bytes"),)
            return path.read_bytes(), ()
        except OSError as error:
            return None, (F101.at(place, f"cannot be read ({error.strerror})"),)

    def _yaml_names(self, folder: str, problems: list[Problem], unread: set[str]) -> Iterator[str]:
        """Yields the YAML files of a folder by name; a file that only looks like one is a problem, not passed over."""
        path = self.root / folder
        try:
            entries = [(entry.name, entry.is_dir()) for entry in path.iterdir()] if path.is_dir() else []
        except OSError as error:
            problems.append(F101.at(Place(path=folder), f"cannot be read ({error.strerror})"))
            return
        for name, is_folder in sorted(entries, key=lambda entry: _stem_first(entry[0])):
            whole = f"{folder}/{name}"
            if name.startswith(".") or not (is_folder or name.lower().endswith((".yml", ".yaml"))):
                continue
            if is_folder and whole != REPORTS:
                expected = f"is a folder, and not read; expected its files in {folder}/ itself"
            elif not name.endswith(".yaml"):
                expected = "is not read; expected the ending .yaml"
            elif not _NAME.fullmatch(name.removesuffix(".yaml")):
                expected = "is not read; expected a name of letters, digits, '_' and '-'"
            else:
                yield whole
                continue
            unread.add(whole)
            problems.append(F107.at(Place(path=visible(whole)), expected))

    def holds(self, path: Path) -> bool:
        """Whether a path is of the kind of the review's own files, which no output may take the place of."""
        return path.resolve().is_relative_to(self.root.resolve()) and path.suffix.lower() in {".yaml", ".jsonl"}

    @property
    def records_path(self) -> Path:
        """Where the records of the review stand."""
        return self.root / RECORDS

    @property
    def duplicates_path(self) -> Path | None:
        """Where the rulings on duplicates stand, if there are any."""
        path = self.root / DUPLICATES
        return path if path.is_file() else None

    # --- writing ---

    def write(self, name: str, data: bytes, *, is_new: bool = False, before: bytes | None = None) -> None:
        """Writes a file of the review whole; with `is_new`, raises UsageError where there is one already.

        With `before`, which it was read as, raises ChangedError where somebody edited it since.
        """
        path = self.root / name
        if is_new and (path.exists() or path.is_symlink()):
            raise UsageError(f"{name} is there already; nothing was written")
        self._require_inside(name)
        write_whole(path, data, name=name, before=before)

    def remove(self, name: str) -> None:
        """Removes a file of the review that is to be as it was before it was written."""
        try:
            (self.root / name).unlink()
        except OSError as error:
            raise WriteError(f"{name} cannot be removed ({error.strerror})") from error

    def write_schemas(self, schemas: Mapping[str, bytes], *, is_dry: bool = False) -> tuple[str, ...]:
        """Writes schemas where the first lines of the hand-written files name them; returns their paths."""
        for name, data in () if is_dry else schemas.items():
            write_whole(self.root / SCHEMAS / f"{name}.json", data)
        return tuple(f"{SCHEMAS}/{name}.json" for name in schemas)

    def commit_refresh(self, records: bytes, appended: bytes) -> None:
        """Writes what a refresh found: the records first, then the log, whose new lines are the commit point."""
        if records != self.read(RECORDS):
            self.write(RECORDS, records)
        if appended:
            before = self.read(SEARCHES)
            if before and not before.endswith(b"\n"):
                before += b"\n"
            self.write(SEARCHES, before + appended)

    def answers(self) -> Answers:
        """The raw answers of sources, in the cache."""
        return Answers(self.root / CACHE / "answers")

    def texts_of(self, names: Sequence[str]) -> list[Path]:
        """The texts of a report that are at hand, in `.casetable/texts/`: files of any of the names, with any ending."""
        folder = self.root / CACHE / TEXTS
        wanted = {name.lower() for name in names}
        try:
            there = os.listdir(folder)  # noqa: PTH208  # a Path for each of a thousand texts takes its time
        except OSError:
            return []
        found = sorted(folder / name for name in there if os.path.splitext(name)[0].lower() in wanted)  # noqa: PTH122
        return [path for path in found if self._is_own_file(path)]

    def _is_own_file(self, path: Path) -> bool:
        """Whether a path is a file of the review, and no link out of it."""
        try:
            is_own = path.is_file() and path.resolve().is_relative_to(self.root.resolve())
        except OSError:
            return False
        return is_own and not path.name.startswith(".")

    def keep_text(self, name: str, data: bytes) -> None:
        """Keeps a text of a report in `.casetable/texts/`, under a name with its ending."""
        told = f"{CACHE}/{TEXTS}/{name}"
        self._require_inside(told)
        write_whole(self.root / told, data, name=told)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Holds the review for writing; raises UsageError where another casetable holds it."""
        folder = self.root / CACHE
        try:
            folder.mkdir(exist_ok=True)
            lock = FileLock(folder / "lock", timeout=10)
            lock.acquire()
        except Timeout:
            raise UsageError("another casetable is writing to this review; try again when it is done") from None
        except OSError as error:
            raise UsageError(f"{CACHE} cannot be written ({error.strerror})") from None
        try:
            yield
        finally:
            lock.release()

    def curator(self) -> str:
        """Returns the name that git knows the user by, or nothing."""
        git = shutil.which("git")
        if git is None:
            return ""
        answer = subprocess.run(  # noqa: S603  # no part of the command comes from outside
            [git, "-C", str(self.root), "config", "user.name"], capture_output=True, check=False
        )
        return answer.stdout.decode("utf-8", "replace").strip()


T = TypeVar("T")


def _same_or(new: tuple[T, ...], old: tuple[T, ...]) -> tuple[T, ...]:
    """Returns the old list where the new one holds the very same things, so that whoever compares them need not look."""
    return old if len(new) == len(old) and all(map(is_, new, old)) else new


def _single(read: Callable[[str, bytes], tuple[Any, tuple[Problem, ...]]]) -> Reader:
    """Of a file that counts as read where something came of it."""

    def reader(path: str, data: bytes) -> Part:
        content, faults = read(path, data)
        return Part(content, faults, is_read=content is not None)

    return reader


def _named(read: Callable[[str, str, bytes], tuple[Any, tuple[Problem, ...]]]) -> Reader:
    """The same of a file whose name counts."""
    return _single(lambda path, data: read(path, Path(path).stem, data))


def _listing(read: Callable[[str, bytes], tuple[Any, tuple[Problem, ...]]]) -> Reader:
    """Of a file that counts as read only where it has no fault, as any entry of it may be the one that is looked for."""

    def reader(path: str, data: bytes) -> Part:
        content, faults = read(path, data)
        return Part(content, faults, is_read=not faults)

    return reader


def _claims(path: str, data: bytes) -> Part:
    claims, numbers, faults = read_claims(path, data)
    return Part((claims, numbers), faults, is_read=all(fault.code.startswith("C") for fault in faults))


def is_below(path: str, folder: str) -> bool:
    """Whether a path is a folder's, or of something below it."""
    return path == folder or path.startswith(folder + "/")


def _stem_first(name: str) -> tuple[str, str]:
    """Orders doe-2020.yaml before doe-2020-b.yaml."""
    return Path(name).stem, name


def create(folder: Path, files: Mapping[str, bytes], *, is_dry: bool = False) -> None:
    """Writes a new review; raises UsageError, before anything is written, where one of its files cannot be new."""
    try:
        there = sorted(name for name in files if (folder / name).exists())
        in_the_way = sorted(
            {str(above) for name in files for above in (folder / name).parents if above.exists() and not above.is_dir()}
        )
    except OSError as error:
        raise UsageError(f"{folder} cannot be a folder ({error.strerror})") from None
    if there or in_the_way:
        raise UsageError(f"{folder} holds {', '.join(there or in_the_way)} already; nothing was written")
    if is_dry:
        return
    for name, data in files.items():
        write_whole(folder / name, data)
