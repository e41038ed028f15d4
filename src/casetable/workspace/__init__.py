"""The review's folder on disk: the only place that knows its file names. Every write is atomic."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

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
from casetable.model import Report, Strategy
from casetable.model.notice import NO_NOTICES
from casetable.problems import Place, Problem, visible
from casetable.review import Inputs, Paths
from casetable.workspace.cache import Answers
from casetable.workspace.files import write_whole

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

    def load(self, progress: Callable[[int, int], None] = lambda *_: None) -> Inputs:
        """Returns all that the review's files say, with every fault of every file; raises nothing for a faulty file.

        `progress` is told how many reports are read, and of how many.
        """
        problems: list[Problem] = []
        unread: set[str] = set()

        def content(name: str, *, is_needed: bool, limit: int = MAX_FILE_BYTES) -> bytes | None:
            data, faults = self._bytes(name, is_needed=is_needed, limit=limit)
            problems.extend(faults)
            if faults:
                unread.add(name)
            return data

        def told(name: str, faults: tuple[Problem, ...], *, is_read: bool) -> None:
            problems.extend(faults)
            if faults and not is_read:
                unread.add(name)

        protocol = form = None
        if (data := content(PROTOCOL, is_needed=True)) is not None:
            protocol, faults = read_protocol(PROTOCOL, data)
            told(PROTOCOL, faults, is_read=protocol is not None)
        if (data := content(FORM, is_needed=True)) is not None:
            form, faults = read_form(FORM, data)
            told(FORM, faults, is_read=form is not None)
        strategies: list[Strategy] = []
        for name in self._yaml_names(STRATEGIES, problems, unread):
            if (data := content(name, is_needed=True)) is not None:
                strategy, faults = read_strategy(name, Path(name).stem, data)
                told(name, faults, is_read=strategy is not None)
                strategies += [strategy] if strategy else []
        reports: list[Report] = []
        names = tuple(self._yaml_names(REPORTS, problems, unread))
        for number, name in enumerate(names, start=1):
            progress(number, len(names))
            if (data := content(name, is_needed=True)) is not None:
                report, faults = read_report(name, Path(name).stem, data, form)
                told(name, faults, is_read=report is not None)
                reports += [report] if report else []
        data = content(SCREENING, is_needed=True)
        decisions, faults = read_decisions(SCREENING, data) if data is not None else ((), ())
        told(SCREENING, faults, is_read=not faults)
        data = content(DUPLICATES, is_needed=False)
        rulings, faults = read_rulings(DUPLICATES, data) if data is not None else ((), ())
        told(DUPLICATES, faults, is_read=not faults)
        data = content(CLAIMS, is_needed=False)
        claims, numbers, faults = read_claims(CLAIMS, data) if data is not None else ((), (), ())
        told(CLAIMS, faults, is_read=all(fault.code.startswith("C") for fault in faults))
        data = content(SEARCHES, is_needed=False, limit=MAX_LOG_BYTES)
        searches, faults = read_searches(SEARCHES, data) if data is not None else ((), ())
        told(SEARCHES, faults, is_read=not faults)
        data = content(RECORDS, is_needed=False, limit=MAX_LOG_BYTES)
        records, faults = read_records(RECORDS, data) if data is not None else ({}, ())
        told(RECORDS, faults, is_read=not faults)
        data = content(OVERLAPS, is_needed=False)
        overlaps, faults = read_overlaps(OVERLAPS, data) if data is not None else ((), ())
        told(OVERLAPS, faults, is_read=not faults)
        data = content(VERIFIED, is_needed=False, limit=MAX_LOG_BYTES)
        verified, faults = read_verified(VERIFIED, data) if data is not None else ((), ())
        told(VERIFIED, faults, is_read=not faults)
        data = content(NOTICES, is_needed=False, limit=MAX_LOG_BYTES)
        notices, faults = read_notices(NOTICES, data) if data is not None else (NO_NOTICES, ())
        told(NOTICES, faults, is_read=not faults)
        data = content(ACKNOWLEDGMENTS, is_needed=False)
        acknowledgments, faults = read_acknowledgments(ACKNOWLEDGMENTS, data) if data is not None else ((), ())
        told(ACKNOWLEDGMENTS, faults, is_read=not faults)
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
            strategies=tuple(strategies),
            searches=searches,
            records=records,
            decisions=decisions,
            rulings=rulings,
            reports=tuple(reports),
            problems=tuple(problems),
            verified=verified,
            overlaps=overlaps,
            unread=frozenset(unread),
            notices=notices,
            acknowledgments=acknowledgments,
            claims=claims,
            numbers=numbers,
        )

    def read(self, name: str) -> bytes:
        """Returns the bytes of a file of the review, b"" where it is not there."""
        path = self.root / name
        return path.read_bytes() if path.is_file() else b""

    def exists(self, name: str) -> bool:
        return (self.root / name).exists()

    def report_names(self) -> frozenset[str]:
        """The names of the extractions that are there, without folder and ending."""
        folder = self.root / REPORTS
        return frozenset(path.stem.lower() for path in folder.iterdir()) if folder.is_dir() else frozenset()

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

    def write(self, name: str, data: bytes, *, is_new: bool = False) -> None:
        """Writes a file of the review whole; with `is_new`, raises UsageError where there is one already."""
        path = self.root / name
        if is_new and (path.exists() or path.is_symlink()):
            raise UsageError(f"{name} is there already; nothing was written")
        write_whole(path, data)

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
        there = sorted(folder.iterdir()) if folder.is_dir() else []
        return [path for path in there if path.stem.lower() in wanted and self._is_own_file(path)]

    def _is_own_file(self, path: Path) -> bool:
        """Whether a path is a file of the review, and no link out of it."""
        try:
            is_own = path.is_file() and path.resolve().is_relative_to(self.root.resolve())
        except OSError:
            return False
        return is_own and not path.name.startswith(".")

    def keep_text(self, name: str, data: bytes) -> None:
        """Keeps a text of a report in `.casetable/texts/`, under a name with its ending."""
        write_whole(self.root / CACHE / TEXTS / name, data)

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
            raise UsageError(f"{folder} cannot be written ({error.strerror})") from None
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
