"""A review that is held open for somebody who works on it: read once, and again where a file changed.

Whoever asks from several threads gets one snapshot at a time. What takes its time (the rules over the whole review, its
tables) is computed beside, by `Survey`, and told with the snapshot that it is of.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from casetable import claims, overlap, quotes
from casetable.claims import Verdict
from casetable.completeness import Checked
from casetable.dedup import merge
from casetable.drift import Drift
from casetable.edition import Edition
from casetable.errors import CasetableError
from casetable.model import Report
from casetable.model.article import Article, article_of
from casetable.overlap import Possible
from casetable.problems import Problem, Severity
from casetable.query.marks import Marker
from casetable.quotes import Judged, Text, UnreadableTextError, judge, read_text
from casetable.review import Item, Review
from casetable.workflow import checked_on
from casetable.workflow.abstracts import Abstracts
from casetable.workflow.strategies import markers
from casetable.workspace import REPORTS, Memory, Workspace

# What was surveyed so fast is waited for; the reader of a page sees it whole at once.
FAST_SECONDS = 0.4
# Of so many reports it is remembered how their cells fared, and of each so many cells as they were typed.
MOST_REPORTS, MOST_JUDGED = 8, 20_000
_OUR_FAULT = "a fault of casetable, not of the review; the same command in a terminal writes a log of it"


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What takes its time to compute of a review: its problems, its tables, what persons should rule on."""

    review: Review
    checked: Checked
    edition: Edition
    overlaps: tuple[Possible, ...]
    cannot_tell: int
    verdicts: tuple[Verdict, ...]
    drifts: tuple[Drift, ...]
    open_in: Mapping[str, tuple[int, int]]


def survey(review: Review, today: dt.date) -> Survey:
    """Returns the survey of a review on a day."""
    checked, on_its_day = checked_on(review, [today, review.searched_on or dt.date.min])
    edition = Edition(review, on_its_day.problems, on_its_day.accepted)
    if review.inputs.form is not None:
        _ = edition.tables
    found, untold = overlap.opened(review)
    return Survey(
        review=review,
        checked=checked,
        edition=edition,
        overlaps=found,
        cannot_tell=untold,
        verdicts=claims.judge(review),
        drifts=edition.drifts,
        open_in=_open_in(checked.problems),
    )


def _open_in(problems: Sequence[Problem]) -> Mapping[str, tuple[int, int]]:
    """Returns how many problems, and how many remarks, the extraction of each name has."""
    found: dict[str, tuple[int, int]] = {}
    for problem in problems:
        if problem.place.path.startswith(f"{REPORTS}/"):
            name = problem.place.path.removeprefix(f"{REPORTS}/").removesuffix(".yaml")
            errors, others = found.get(name, (0, 0))
            is_error = problem.severity is Severity.ERROR
            found[name] = (errors + is_error, others + (not is_error))
    return found


@dataclass(slots=True)
class Job:
    """Work that takes its time: what it is, how far, and how it ended ("" while it runs)."""

    name: str
    label: str = ""
    done: int = 0
    of: int = 0
    outcome: str = ""
    told: str = ""

    def __call__(self, label: str, done: int, of: int) -> None:
        self.label, self.done, self.of = label, done, of

    @property
    def is_running(self) -> bool:
        return not self.outcome


@dataclass(slots=True)
class _Held:
    review: Review | None = None
    survey: Survey | None = None
    seconds: float = 0.0
    thread: threading.Thread | None = None
    fault: str = ""


@dataclass(slots=True, kw_only=True)
class _KeptText:
    stamp: tuple[int, ...]
    text: Text | None
    fault: str = ""


class Desk:
    """A review held open. `today` gives the day and `clock` seconds that only grow."""

    def __init__(self, workspace: Workspace, *, today: Callable[[], dt.date], clock: Callable[[], float]) -> None:
        self.workspace = workspace
        self.today = today
        self.lock = threading.RLock()
        self.memory = Memory()
        self.jobs: dict[str, Job] = {}
        self.queues: dict[str, object] = {}
        self._clock = clock
        self._held = _Held()
        self._abstracts = Abstracts(workspace.answers())
        self._markers: tuple[object, Mapping[str, Marker]] = ((), {})
        self._texts: dict[Path, _KeptText] = {}
        self._judged: OrderedDict[str, quotes.Memory] = OrderedDict()

    # --- the review ---

    @property
    def last(self) -> Review | None:
        """The review as it was last read."""
        return self._held.review

    def review(self, *, is_quick: bool = False) -> Review:
        """Returns the review as its files are now; with `is_quick`, extractions and strategies as they were last read."""
        with self.lock:
            found = Review(self.workspace.load(memory=self.memory, is_quick=is_quick))
            if self._held.review is not None:
                found = found.after(self._held.review)
            self._held.review = found
            return found

    def remember(self, path: str, data: bytes, content: object) -> None:
        """Takes up what a file says that was just written, so that it is not read again."""
        self.memory.parts[path] = self.workspace.kept(path, data, content)

    def last_survey(self) -> tuple[Survey | None, bool]:
        """Returns the last survey without waiting for another, and whether it is of the review as it was last read."""
        return self._held.survey, self._held.survey is not None and self._held.survey.review is self._held.review

    def survey(self) -> tuple[Survey | None, bool]:
        """Returns the last survey, and whether it is of the review as it is now; if not, a new one is on its way."""
        review = self.review()
        held = self._held
        with self.lock:
            is_fresh = held.survey is not None and held.survey.review is review
            if not is_fresh and (held.thread is None or not held.thread.is_alive()):
                held.thread = threading.Thread(target=self._survey, args=(review,), daemon=True)
                held.thread.start()
            thread = held.thread
        if not is_fresh and thread is not None and held.seconds < FAST_SECONDS:
            thread.join(FAST_SECONDS if held.survey is not None else 3 * FAST_SECONDS)
            is_fresh = held.survey is not None and held.survey.review is review
        return held.survey, is_fresh

    def _survey(self, review: Review) -> None:
        begin = self._clock()
        try:
            found = survey(review, self.today())
        except Exception as error:  # noqa: BLE001  # a thread's fault would be told nowhere else
            self._held.fault = str(error) if isinstance(error, CasetableError) else _OUR_FAULT
            return
        self._held.survey, self._held.seconds, self._held.fault = found, self._clock() - begin, ""

    @property
    def fault(self) -> str:
        """Why the last survey came to nothing, or nothing."""
        return self._held.fault

    # --- one record ---

    def warm(self) -> None:
        """Reads the review and its abstracts beside, before anybody asks for them."""

        def work() -> None:
            try:
                self.survey()
                self._abstracts.warm()
            except CasetableError:
                return  # whoever asks is told

        threading.Thread(target=work, daemon=True).start()

    def article(self, review: Review, item: Item) -> Article:
        """Returns the article of a report, of all its records in one; with its abstract, where the cache has it."""
        keys = item.group.keys
        found = self._abstracts.articles(keys)
        if not found:
            return article_of(item.record)
        return (
            merge([*found, *(article_of(review.records[key]) for key in keys)]).article if len(keys) > 1 else found[0]
        )

    def markers(self, review: Review) -> Mapping[str, Marker]:
        """Returns what marks the words by which each strategy finds a record."""
        if self._markers[0] != review.inputs.strategies:
            self._markers = (review.inputs.strategies, markers(review, self.today()))
        return self._markers[1]

    # --- the texts of a report ---

    def texts(self, review: Review, item: Item | None, name: str) -> tuple[list[Text], list[str]]:
        """Returns the texts of a report that are at hand, and what is wrong with those that cannot be read."""
        from casetable.workflow.verifying import abstracts_of, names_of_texts

        texts: list[Text] = []
        unread: list[str] = []
        for path in self.workspace.texts_of(names_of_texts(name, item, review)):
            kept = self._text(path)
            if kept.text is not None:
                texts.append(kept.text)
            else:
                unread.append(kept.fault)
        records = [review.records[key] for key in item.group.keys] if item else []
        articles = self._abstracts.articles(record.key for record in records)
        return [*texts, *abstracts_of(articles)], unread

    def judged(self, review: Review, item: Item | None, report: Report | None, name: str) -> tuple[Judged, ...]:
        """Returns what `verify` says of every cell of an extraction, which need not be written yet; nothing without a text."""
        form = review.inputs.form
        texts, _ = self.texts(review, item, name)
        if report is None or form is None or not texts:
            return ()
        with self.lock:
            memory = self._judged.get(name)
            if memory is None or memory.form is not form or len(memory.judged) > MOST_JUDGED:
                memory = self._judged[name] = quotes.Memory(form)
            self._judged.move_to_end(name)
            while len(self._judged) > MOST_REPORTS:
                self._judged.popitem(last=False)
        titles = [review.records[key].title for key in item.group.keys] if item else []
        return judge(report, form, texts, titles, memory)

    def _text(self, path: Path) -> _KeptText:
        try:
            found = path.stat()
            stamp = (found.st_mtime_ns, found.st_size, found.st_ino)
            kept = self._texts.get(path)
            if kept is None or kept.stamp != stamp:
                kept = self._texts[path] = _KeptText(stamp=stamp, text=read_text(path.name, path.read_bytes()))
        except UnreadableTextError as error:
            kept = self._texts[path] = _KeptText(stamp=stamp, text=None, fault=f"{path.name} {error}")
        except OSError as error:
            kept = _KeptText(stamp=(), text=None, fault=f"{path.name} cannot be read ({error.strerror})")
        return kept

    # --- work beside ---

    def start(self, name: str, work: Callable[[Job], str]) -> Job:
        """Begins work under a name, unless that runs already; `work` returns in words what it did."""
        with self.lock:
            job = self.jobs.get(name)
            if job is not None and job.is_running:
                return job
            job = self.jobs[name] = Job(name)

        def run() -> None:
            try:
                job.told = work(job)
                job.outcome = "done"
            except CasetableError as error:
                job.told, job.outcome = str(error), "failed"
            except Exception:  # noqa: BLE001  # a thread's fault would be told nowhere else
                job.told, job.outcome = _OUR_FAULT, "failed"

        threading.Thread(target=run, daemon=True).start()
        return job
