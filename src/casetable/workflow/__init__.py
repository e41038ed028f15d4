"""One function a verb: read, compute, write. They return values and print nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from casetable import claims, completeness, overlap
from casetable.completeness import Checked
from casetable.completeness.extraction import awaiting_report
from casetable.completeness.notices import Impact
from casetable.curation import sheet_reading
from casetable.curation.edits import add_decision, new_report, report_name
from casetable.curation.files import read_decisions
from casetable.curation.forms import read_form
from casetable.curation.nodes import can_be_written
from casetable.curation.starter import starter_files
from casetable.curation.workflows import workflow_files
from casetable.dedup import Grouped, explain
from casetable.drift import Drift, Stood, drifts, stood_at
from casetable.errors import ReviewUnreadableError, UsageError
from casetable.model import Decision, Protocol, Search, Stage, Verdict, normal_key
from casetable.notices import Change, changed
from casetable.overlap import Comparison, Possible
from casetable.problems import Place, Rule, Severity, did_you_mean, in_order, joined, shown
from casetable.review import Item, Review, hits_by_search
from casetable.screening import Agreement, Screened, Staged, agreement
from casetable.summary import Summary
from casetable.workspace import (
    DUPLICATES,
    FORM,
    OVERLAPS,
    PROTOCOL,
    RECORDS,
    REPORTS,
    SCREENING,
    SEARCHES,
    Workspace,
    create,
    is_below,
)
from casetable.workspace.files import write_whole

Progress = Callable[[int, int], None]


def _quiet(*_: int) -> None:
    """Tells nobody how far the work is."""


def load_review(workspace: Workspace, progress: Progress = _quiet) -> Review:
    """Returns the review, whatever faults its files have; `progress` is told of each report that is read."""
    return Review(workspace.load(progress))


def readable_review(workspace: Workspace, *needed: str, progress: Progress = _quiet) -> Review:
    """Returns the review, if all files at or below the paths needed could be read; without paths, all files.

    Raises ReviewUnreadableError, naming every fault of the files that could not be read. Faults of other files do not
    matter for what is to be done.
    """
    review = load_review(workspace, progress)
    missing = [
        path for path in sorted(review.inputs.unread) if not needed or any(is_below(path, need) for need in needed)
    ]
    if missing:
        told = in_order(problem for problem in review.inputs.problems if problem.place.path in missing)
        lead = (
            f"{joined(missing, 'and')} cannot be used as it stands"
            if len(missing) == 1
            else (f"{joined(missing, 'and')} cannot be used as they stand")
        )
        raise ReviewUnreadableError("\n".join([f"{lead}; nothing was written:", *(str(problem) for problem in told)]))
    return review


LOGS = (SEARCHES, RECORDS)


def screening_review(workspace: Workspace) -> Review:
    """Returns the review, if what screening needs of it can be read; raises ReviewUnreadableError."""
    return readable_review(workspace, *LOGS, PROTOCOL, SCREENING)


def init(folder: Path, *, has_workflows: bool = False, is_dry: bool = False) -> tuple[str, ...]:
    """Writes a new review and returns its files; raises UsageError where one of them is there already.

    With workflows, those of GitHub Actions are added; in a folder that is a review they are all that is written.
    """
    files = {} if has_workflows and (folder / PROTOCOL).is_file() else starter_files()
    if has_workflows:
        files |= workflow_files()
    create(folder, files, is_dry=is_dry)
    if not is_dry and PROTOCOL in files:
        write_schemas(Workspace(folder))
    return tuple(sorted(files))


# --- check, status ----------------------------------------------------------------------------------------------------


def check(workspace: Workspace, today: dt.date, progress: Progress = _quiet) -> tuple[Checked, bool]:
    """Returns what a check of the review found, and whether some file could not be read at all."""
    review = load_review(workspace, progress)
    checked = checked_review(review, today)
    configuration = review.inputs.protocol is None or review.inputs.form is None
    return checked, configuration or any(completeness.is_unreadable(problem) for problem in checked.problems)


def checked_review(review: Review, today: dt.date) -> Checked:
    """What the rules over the review and its claims find, in one."""
    return checked_on(review, [today])[0]


def checked_on(review: Review, days: Sequence[dt.date]) -> tuple[Checked, ...]:
    """The same on each of some days."""
    return completeness.check_on(review, days, beside=tuple(claims.check(review)), rules_beside=claims.RULES)


@dataclass(frozen=True, kw_only=True)
class LastSearch:
    """A strategy and its last search; `age_days` is None where it was never run."""

    strategy: str
    source: str
    search: Search | None
    hits: int
    age_days: int | None


@dataclass(frozen=True, kw_only=True)
class ChangedReport:
    """A report that changed since it was published; `without` says what the table loses with it, where it is retracted."""

    item: Item
    changes: tuple[Change, ...]
    without: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Status:
    """Where a review stands."""

    title: str
    searches: tuple[LastSearch, ...]
    items: tuple[Item, ...]
    undecided: tuple[Item, ...]
    included: tuple[Item, ...]
    excluded: int
    gone: int
    awaiting_extraction: tuple[Item, ...]
    to_request: tuple[Item, ...]
    changed: tuple[ChangedReport, ...]
    table: Summary
    errors: int
    warnings: int
    cases: int
    patients: int
    cannot_tell: int
    screening: Screening | None


@dataclass(frozen=True, kw_only=True)
class Screening:
    """How two persons screen: the reports that await a second decision or differ, and how far they agree at each stage."""

    screeners: int
    awaiting: tuple[Item, ...]
    conflicts: tuple[Item, ...]
    agreement: tuple[Agreement, ...]


def status(workspace: Workspace, today: dt.date) -> Status:
    """Returns where the review stands, as far as its files can be read; raises ReviewUnreadableError."""
    review = readable_review(workspace, *LOGS, SCREENING)
    checked = checked_review(review, today)
    searches = []
    for strategy in review.inputs.strategies:
        search = review.last_searches.get(strategy.name)
        searches.append(
            LastSearch(
                strategy=strategy.name,
                source=strategy.source,
                search=search,
                hits=len(review.hits.get(strategy.name, ())),
                age_days=(today - dt.date.fromisoformat(search.when[:10])).days if search else None,
            )
        )
    protocol = review.inputs.protocol
    impact = Impact(review)
    patient_of = overlap.patients(review)
    return Status(
        title=protocol.title if protocol else "",
        searches=tuple(searches),
        items=review.items,
        undecided=review.undecided,
        included=review.included,
        excluded=sum(1 for item in review.items if item.screened.standing.is_excluded),
        gone=sum(1 for item in review.items if not item.is_hit),
        awaiting_extraction=tuple(item for item in review.included if not item.extractions),
        to_request=tuple(item for item in review.included if awaiting_report(item)),
        changed=_changed(review, impact),
        table=impact.summary,
        errors=sum(1 for problem in checked.problems if problem.severity is Severity.ERROR),
        warnings=sum(1 for problem in checked.problems if problem.severity is Severity.WARNING),
        cases=len(patient_of),
        patients=len(set(patient_of.values())),
        cannot_tell=overlap.untold(review),
        screening=_screening(review),
    )


def _screening(review: Review) -> Screening | None:
    """Returns how two persons screen; None where one screens, and no report has the decisions of two."""
    found = tuple(agreement((item.screened for item in review.items), stage) for stage in Stage)
    if review.screeners == 1 and not any(each.reports for each in found):
        return None
    hits = [item for item in review.items if item.is_hit]
    return Screening(
        screeners=review.screeners,
        awaiting=tuple(item for item in hits if item.screened.awaited),
        conflicts=tuple(item for item in hits if item.screened.conflict),
        agreement=tuple(each for each in found if each.reports),
    )


def _changed(review: Review, impact: Impact) -> tuple[ChangedReport, ...]:
    return tuple(
        ChangedReport(
            item=item,
            changes=changes,
            without=impact.without(item)
            if item.screened.standing.is_included and any(change.kind.is_retraction for change in changes)
            else (),
        )
        for item, changes in changed(review)
    )


def rule(code: str) -> Rule:
    """Returns a rule of the catalogue; raises UsageError where there is none of that code."""
    found = next((rule for rule in rules() if rule.code == code.upper()), None)
    if found is None:
        raise UsageError(f"there is no rule '{code}'; 'casetable rules' lists them")
    return found


def rules() -> tuple[Rule, ...]:
    """Returns the catalogue of rules."""
    return (*completeness.RULES, *claims.RULES, *sheet_reading.RULES)


# --- schemas ----------------------------------------------------------------------------------------------------------


def schema_names() -> dict[str, str]:
    """Returns the names of the schemas, each with the file that it is of, in words."""
    from casetable.curation.schemas import SHAPES

    return {name: title for name, (_, title) in SHAPES.items()}


def schema(name: str, find: Callable[[], Workspace]) -> bytes:
    """Returns the JSON Schema of that name; for that of an extraction `find` is asked for the review, and its form read.

    Raises UsageError for another name or where there is no review, ReviewUnreadableError for a form with faults.
    """
    from casetable.curation.schemas import REPORT, SHAPES, write_schema

    if name not in SHAPES:
        raise UsageError(f"there is no schema '{name}'; expected {joined(SHAPES)}")
    if name != REPORT:
        return write_schema(name)
    workspace = find()
    form, problems = read_form(FORM, workspace.read(FORM))
    if form is None:
        told = "\n".join(map(str, problems))
        raise ReviewUnreadableError(
            f"{FORM} cannot be used as it stands; the schema of extractions was not written:\n{told}"
        )
    return write_schema(name, form)


def write_schemas(workspace: Workspace, *, is_dry: bool = False) -> tuple[str, ...]:
    """Writes all schemas for the editor, and returns their paths.

    Raises ReviewUnreadableError for a form with faults, when all but the one that hangs on it are written.
    """
    schemas: dict[str, bytes] = {}
    fault: ReviewUnreadableError | None = None
    for name in schema_names():
        try:
            schemas[name] = schema(name, lambda: workspace)
        except ReviewUnreadableError as error:
            fault = error
    paths = workspace.write_schemas(schemas, is_dry=is_dry)
    if fault is not None:
        raise fault
    return paths


def write_schema_file(path: Path, data: bytes) -> None:
    """Writes one schema whole, wherever a person wants it."""
    write_whole(path, data)


# --- log, diff --------------------------------------------------------------------------------------------------------


def log(workspace: Workspace, names: Sequence[str]) -> tuple[tuple[Search, int], ...]:
    """Returns the searches of the strategies named, or all, oldest first, each with the number of its hits."""
    review = readable_review(workspace, *LOGS)
    _require_strategies(review, names)
    searches = review.inputs.searches
    hits = hits_by_search(searches)
    return tuple((search, len(hits[search.id])) for search in searches if not names or search.strategy in names)


def stood(workspace: Workspace, names: Sequence[str], day: dt.date) -> dict[str, Stood]:
    """Returns what the searches of the strategies named, or all, stood at on a day, by strategy."""
    review = readable_review(workspace, *LOGS)
    _require_strategies(review, names)
    found = stood_at(review, day)
    return {name: found[name] for name in sorted(found) if not names or name in names}


def diff(workspace: Workspace, names: Sequence[str], since: dt.date | None) -> tuple[Drift, ...]:
    """Returns what changed in the hits of the strategies named, or all, since a day or the search before."""
    review = readable_review(workspace, *LOGS)
    _require_strategies(review, names)
    return tuple(drifts(review, names, since))


def _require_strategies(review: Review, names: Sequence[str]) -> None:
    known = {search.strategy for search in review.inputs.searches} | {s.name for s in review.inputs.strategies}
    for name in names:
        if name not in known:
            raise UsageError(
                f"there is no strategy '{name}', now or in the log; there is {', '.join(sorted(known)) or 'none'}"
            )


# --- mirror -----------------------------------------------------------------------------------------------------------


@contextmanager
def mirror(
    files: Sequence[Path],
    *,
    today: dt.date,
    port: int,
    rate: int | None,
    faults: str,
    seed: int,
    log: Callable[[str], None] | None,
) -> Iterator[tuple[str, int, tuple[str, ...]]]:
    """Serves local PubMed files as E-utilities until the block ends.

    Yields the address, the number of records, and what could not be read. Raises UsageError for an unknown fault or a
    port that is taken, or where no record could be read.
    """
    from casetable.mirror import Mirror, read_faults, serve
    from casetable.workspace.articles import load_articles

    wanted = read_faults(faults)
    library = load_articles(files)
    if not library.stored:
        told = "\n".join(library.faults)
        raise UsageError(f"no record of PubMed in {joined([str(file) for file in files], 'and')}\n{told}".rstrip())
    with serve(
        Mirror(library.stored.values(), today=today), port=port, rate=rate, faults=wanted, seed=seed, log=log
    ) as url:
        yield url, len(library.stored), library.faults


# --- screening, extraction --------------------------------------------------------------------------------------------


def decide(
    workspace: Workspace,
    key: str,
    *,
    verdict: Verdict,
    reason: str,
    stage: Stage | None,
    by: str,
    note: str,
    today: dt.date,
    settle: bool = False,
    is_dry: bool = False,
    review: Review | None = None,
) -> tuple[Decision, bytes, bytes]:
    """Adds a decision to screening.yaml; returns it with the file's bytes before and after.

    Without a stage it is on the record, or on the report where the record is included already; with two screeners, at the
    stage that awaits a second decision. With `settle` it is the one that stands over those that differ. A `review` that
    was read before spares reading it again. Raises UsageError for an unknown record, a reason that the protocol does not
    have, a missing name, a decision that is there already, or nothing to settle; ReviewUnreadableError.
    """
    with workspace.locked():
        review = review or screening_review(workspace)
        item = known_item(review, key)
        if not by.strip():
            raise UsageError("a decision needs a name; give --by, or set git's user.name")
        require_text(("the name", by), ("the note", note))
        protocol = review.inputs.protocol
        if verdict is Verdict.EXCLUDE:
            require_reason(protocol, reason)
        before = workspace.read(SCREENING)
        # Read anew: somebody else may have decided since the review was read.
        taken, _ = read_decisions(SCREENING, before)
        now = review.screened([each for each in taken if review.group_of(each.key) == item.group])
        if stage is None:
            stage = (now.conflict if settle else None) or _stage_of(item.screened)
        if settle and not now.stages[stage].contradictions:
            raise UsageError(
                f"there is nothing to settle on {item.record.key} (stage {stage}); expected decisions that differ"
            )
        if not settle:
            _require_open(now.stages[stage], item.record.key, by)
        decision = Decision(
            key=item.record.key,
            stage=stage,
            verdict=verdict,
            reason=reason if verdict is Verdict.EXCLUDE else "",
            by=" ".join(by.split()),
            when=today,
            note=" ".join(note.split()),
            place=Place(path=SCREENING),
            settles=settle,
        )
        after = add_decision(SCREENING, before, decision, f"{item.record.label}, {item.record.title}")
        if not is_dry:
            workspace.write(SCREENING, after, before=before)
    return decision, before, after


def _stage_of(stood: Screened) -> Stage:
    """Returns the stage of a decision that does not say its own."""
    open_at = stood.awaited or (stood.conflict if stood.decision is None else None)
    return open_at or (Stage.REPORTS if stood.standing.is_included else Stage.RECORDS)


def _require_open(staged: Staged, key: str, by: str) -> None:
    """Raises UsageError where a person's decision at a stage is one too many; does not say how another one decided alone."""
    own = staged.vote_of(by)
    if staged.screeners == 1:
        own = staged.decision
    if own is not None:
        raise UsageError(
            f"{own.by} decided '{own.verdict}' on {own.key} already ({own.place}); to change it, edit that entry"
        )
    if staged.settled is not None:
        raise UsageError(
            f"{staged.settled.by} settled {key} already ({staged.settled.place}); to change it, edit that entry"
        )
    if len(staged.votes) >= staged.screeners:
        names = joined([vote.by for vote in staged.votes], "and")
        if staged.contradictions:
            raise UsageError(f"{names} differ on {key}; to settle it, give --settle")
        raise UsageError(f"{names} decided on {key} already, and agree; two persons screen, by review.yaml")


def undo(workspace: Workspace, before: bytes, after: bytes) -> None:
    """Takes a decision back; raises UsageError where the file was edited since it was taken."""
    take_back(workspace, SCREENING, before, after)


def take_back(workspace: Workspace, path: str, before: bytes, after: bytes) -> None:
    """Gives a file the bytes that it had before, none where it was not there; raises UsageError where it was edited since."""
    with workspace.locked():
        if workspace.read(path) != after:
            raise UsageError(f"{path} was edited meanwhile; nothing was taken back")
        if before or not after:
            workspace.write(path, before)
        else:
            workspace.remove(path)


def require_text(*texts: tuple[str, str]) -> None:
    """Raises UsageError for the first text, each with what it is, that cannot stand in a file and be read again."""
    for name, text in texts:
        if not can_be_written(text):
            raise UsageError(f"{name} holds a character that is no text; expected letters, digits and signs")


def require_reason(protocol: Protocol | None, reason: str) -> None:
    """Raises UsageError where a reason is none of the protocol."""
    reasons = protocol.exclusion_reasons if protocol else {}
    if reason not in reasons:
        found = f"'{reason}' is no reason of the protocol" if reason else "an exclusion needs a reason"
        listed = joined(reasons) if reasons else "a reason listed in review.yaml under exclusion_reasons"
        raise UsageError(f"{found}; expected {listed}")


def known_item(review: Review, key: str) -> Item:
    """Returns the report that a key names; raises UsageError where no search ever found it."""
    item = review.item_of(key)
    if item is None:
        raise UsageError(
            f"'{key}' is no record of this review; expected a key as pmid:39664278; 'casetable status --records' lists them"
        )
    return item


def new(workspace: Workspace, key: str, *, is_dry: bool = False) -> tuple[str, bytes]:
    """Writes an extraction to fill in and returns its path and text; raises UsageError where there is one already."""
    with workspace.locked():
        review = readable_review(workspace, *LOGS, FORM, SCREENING)
        item = known_item(review, key)
        if not item.screened.standing.is_included:
            raise UsageError(
                f"{item.record.label} is {item.screened.standing}; nothing was written; next: casetable screen {item.record.key}"
            )
        if item.extractions:
            name = f"{REPORTS}/{item.extractions[0].name}.yaml"
            raise UsageError(f"{item.record.label} is extracted in {name} already; nothing was written")
        if review.inputs.form is None:
            raise UsageError("the review has no form")
        path = f"{REPORTS}/{report_name(item.record, workspace.report_names())}.yaml"
        data = new_report(item.record, item.record.key, review.inputs.form)
        if not is_dry:
            workspace.write(path, data, is_new=True)
            write_schemas(workspace)
    return path, data


# --- duplicates -------------------------------------------------------------------------------------------------------


def groups(workspace: Workspace) -> Grouped:
    """Returns the records joined by report, and what is open of that."""
    return readable_review(workspace, *LOGS, DUPLICATES).grouped


def explain_pair(workspace: Workspace, one: str, other: str) -> tuple[bool, tuple[str, ...], tuple[str, ...]]:
    """Returns whether two records are one report, the reasons for joining them, and what their fields say by themselves."""
    review = readable_review(workspace, *LOGS, DUPLICATES)
    first, second = known_item(review, one), known_item(review, other)
    keys = [own_key(review, key, item) for key, item in ((one, first), (other, second))]
    reasons = tuple(f"{link.one} and {link.other}: {link.reason}" for link in first.group.links)
    is_same = first.group == second.group
    decision, fields = explain(review.records, *keys)
    own = f"by themselves: {decision.verdict} ({decision.rule})"
    return is_same, reasons if is_same else (), (own, *fields)


# --- overlap of patients ----------------------------------------------------------------------------------------------


def overlaps(workspace: Workspace) -> tuple[tuple[Possible, ...], int, int, int]:
    """Returns the cases that may be one patient, and how many patients, cases and rulings "cannot tell" there are."""
    review = readable_review(workspace, *LOGS, FORM, SCREENING, OVERLAPS, REPORTS)
    found, untold = overlap.opened(review)
    patient_of = overlap.patients(review)
    return found, len(set(patient_of.values())), len(patient_of), untold


def explain_cases(workspace: Workspace, one: str, other: str) -> tuple[Comparison, str]:
    """Returns two cases compared line by line, and what was ruled on them; raises UsageError for an unknown case."""
    review = readable_review(workspace, *LOGS, FORM, SCREENING, OVERLAPS, REPORTS)
    names = [person.name for person in overlap.people_of(review)]
    for name in (one, other):
        known_case(names, name)
    compared = overlap.compared(review, one, other)
    if compared is None or one == other:
        raise UsageError("a case is the same patient as itself; expected two cases")
    ruled = [
        f"{ruling.verdict} by {ruling.by} on {ruling.when}"
        for ruling in review.inputs.overlaps
        if {one, other} <= overlap.named_in(ruling, names)
    ]
    return compared, "; ".join(ruled)


def known_case(names: Sequence[str], name: str) -> None:
    """Raises UsageError for a case that is not among the eligible ones, each as `report/case`."""
    if name not in names:
        hint = did_you_mean(name, names)
        told = f"; {hint}" if hint else f"; expected one as {names[0]}" if names else ""
        raise UsageError(f"{shown(name)} is no eligible case of an included report{told}")


def own_key(review: Review, key: str, item: Item) -> str:
    """Returns the key of the record that a key names, which may be another identifier of it, among those of its report."""
    named = normal_key(key)
    if named in review.records:
        return named
    return next((own for own in item.group.keys if named in review.records[own].identifiers), item.record.key)
