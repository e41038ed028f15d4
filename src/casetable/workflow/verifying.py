"""Holds extractions against the texts of their reports, and records which cells were found there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from casetable import __version__
from casetable.errors import ReviewUnreadableError, UsageError
from casetable.formats.logs import read_verified, write_verified
from casetable.model import Report, Verified
from casetable.model.article import Article
from casetable.problems import Place, Problem, did_you_mean, in_order, joined, shown
from casetable.quotes import Judged, Outcome, Text, UnreadableTextError, abstract_text, cell_hash, judge, read_text
from casetable.quotes.findings import problems_of
from casetable.review import Item, Review
from casetable.workflow import load_review
from casetable.workflow.exchange import cached_articles
from casetable.workspace import REPORTS, VERIFIED, Workspace


@dataclass(frozen=True, kw_only=True)
class VerifiedReport:
    """One report: what became of its cells, the names of the texts at hand, and those that could not be read."""

    report: Report
    judged: tuple[Judged, ...]
    texts: tuple[str, ...]
    unread: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class VerifiedReview:
    """What `verify` found. `is_unread`: a file of the review that was asked for could not be read."""

    reports: tuple[VerifiedReport, ...]
    problems: tuple[Problem, ...]
    is_unread: bool

    @property
    def judged(self) -> tuple[Judged, ...]:
        return tuple(each for report in self.reports for each in report.judged)


def verify(
    workspace: Workspace,
    files: Sequence[str],
    *,
    text: Path | None,
    today: dt.date,
    is_dry: bool = False,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> VerifiedReview:
    """Verifies the extractions named, or all, and writes verified.jsonl; `text` is a file of the one report named.

    A text is the file given, those in `.casetable/texts/`, and the abstract in the cache. What was verified before stays
    recorded where no text is at hand now. Raises UsageError for an unknown report or a text that cannot be read,
    ReviewUnreadableError where verified.jsonl is damaged.
    """
    review = load_review(workspace)
    names = _named(review, workspace, files)
    if text is not None and len(names) != 1:
        raise UsageError(f"--text is the text of one report; expected its FILE, as {REPORTS}/NAME.yaml")
    form = review.inputs.form
    chosen = [report for report in review.inputs.reports if report.name in names] if form else []
    given = [_given(text)] if text is not None else None
    found = []
    for number, report in enumerate(chosen):
        progress(number, len(chosen))
        item = review.item_of(report.key)
        texts, unread = (given, []) if given is not None else _at_hand(workspace, report, item, review)
        titles = [review.records[key].title for key in item.group.keys] if item else []
        assert form is not None  # noqa: S101  # no report is chosen without one
        judged = judge(report, form, texts, titles)
        found.append(
            VerifiedReport(report=report, judged=judged, texts=tuple(each.name for each in texts), unread=tuple(unread))
        )
    progress(len(chosen), len(chosen))
    if not is_dry and any(each.texts for each in found):
        _record(workspace, found, today)
    paths = {f"{REPORTS}/{name}.yaml" for name in names}
    faults = [problem for problem in review.inputs.problems if problem.place.path in paths or form is None]
    problems = [*faults, *(problem for each in found for problem in problems_of(each.judged))]
    is_unread = form is None or any(path in review.inputs.unread for path in paths)
    return VerifiedReview(reports=tuple(found), problems=in_order(problems), is_unread=is_unread)


def _named(review: Review, workspace: Workspace, files: Sequence[str]) -> frozenset[str]:
    """Returns the names of the extractions that files or names stand for; all where none is given."""
    there = workspace.report_names()
    if not files:
        return frozenset(report.name for report in review.inputs.reports) | {
            path.removeprefix(f"{REPORTS}/").removesuffix(".yaml")
            for path in review.inputs.unread
            if path.startswith(f"{REPORTS}/")
        }
    names = set()
    for file in files:
        name = Path(file).name.removesuffix(".yaml")
        own = next((report.name for report in review.inputs.reports if report.name.lower() == name.lower()), name)
        if name.lower() not in there:
            by_key = review.item_of(file)
            if by_key is None or not by_key.extractions:
                hint = did_you_mean(name, there)
                told = f"; {hint}" if hint else f"; there is {joined(sorted(there), 'and')}" if there else ""
                raise UsageError(f"{shown(file)} is no extraction of this review{told}")
            own = by_key.extractions[0].name
        names.add(own)
    return frozenset(names)


def _given(path: Path) -> Text:
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise UsageError(f"{path} is no file; expected the text of a report")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror})") from None
    try:
        return read_text(path.name, data)
    except UnreadableTextError as error:
        raise UsageError(f"{path} {error}") from None


def _at_hand(workspace: Workspace, report: Report, item: Item | None, review: Review) -> tuple[list[Text], list[str]]:
    """Returns the texts of a report that are at hand, and what is wrong with those that cannot be read."""
    texts: list[Text] = []
    unread: list[str] = []
    for path in workspace.texts_of(names_of_texts(report.name, item, review)):
        try:
            texts.append(read_text(path.name, path.read_bytes()))
        except UnreadableTextError as error:
            unread.append(f"{path.name} {error}")
        except OSError as error:
            unread.append(f"{path.name} cannot be read ({error.strerror})")
    keys = item.group.keys if item else ()
    wanted = {f"pmid:{pmid}" for key in keys if (pmid := review.records[key].pmid)}
    cached = dict(cached_articles(workspace.answers(), wanted))
    return [*texts, *abstracts_of(article for key, article in cached.items() if key in wanted)], unread


def names_of_texts(name: str, item: Item | None, review: Review) -> list[str]:
    """Returns the names, without ending, under which the texts of an extraction's report are kept."""
    records = [review.records[key] for key in item.group.keys] if item else []
    found = [name]
    for record in records:
        found += [each for each in (record.pmcid, f"pmid{record.pmid}" if record.pmid else "") if each]
    return found


def abstracts_of(articles: Iterable[Article]) -> list[Text]:
    """Returns the abstracts of articles as texts of their report."""
    return [
        abstract_text(
            f"PubMed's abstract of pmid:{article.pmid}",
            article.title,
            [(section.label, section.text) for section in article.abstract],
        )
        for article in articles
        if article.pmid and article.abstract
    ]


def _record(workspace: Workspace, found: Iterable[VerifiedReport], today: dt.date) -> None:
    """Writes what was found now in place of what was recorded of the same cells before.

    A cell without a text now keeps its line, which `check` holds against what the cell says.
    """
    with workspace.locked():
        data = workspace.read(VERIFIED)
        before, faults = read_verified(VERIFIED, data)
        if faults:
            told = "\n".join(map(str, faults))
            raise ReviewUnreadableError(f"{VERIFIED} cannot be used as it stands; nothing was written:\n{told}")
        lines = {(each.report, each.case, each.cell): each for each in before}
        for verified in found:
            name = verified.report.name
            of_report = {(each.slot.case, each.slot.name) for each in verified.judged}
            if verified.texts:  # cells that are not there any more were looked for in vain
                lines = {key: each for key, each in lines.items() if key[0] != name or key[1:] in of_report}
            for each in verified.judged:
                key = (name, each.slot.case, each.slot.name)
                if each.outcome is Outcome.UNVERIFIABLE:
                    continue
                lines.pop(key, None)
                if each.outcome in {Outcome.VERIFIED, Outcome.ELSEWHERE}:
                    lines[key] = _line(name, each, today)
        after = write_verified(_unchanged(lines.values(), before))
        if after != data:
            workspace.write(VERIFIED, after)


def _unchanged(lines: Iterable[Verified], before: Iterable[Verified]) -> Iterable[Verified]:
    """Yields the lines; one that says what was recorded before but for its day and tool stays as it was."""
    known = {_said(each): each for each in before}
    return [known.get(_said(each), each) for each in lines]


def _said(each: Verified) -> tuple[object, ...]:
    return each.report, each.case, each.cell, each.content, each.outcome, each.text_hash, each.start, each.end


def _line(report: str, each: Judged, today: dt.date) -> Verified:
    return Verified(
        report=report,
        case=each.slot.case,
        cell=each.slot.name,
        content=cell_hash(each.slot.cell),
        outcome=each.outcome.value,
        text=each.text,
        text_hash=each.hash,
        start=each.start,
        end=each.end,
        when=today,
        tool=f"casetable {__version__}",
        place=Place(path=VERIFIED),
    )
