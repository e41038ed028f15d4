"""The commands. Each imports its workflow when it runs: `--help` and `check` stay light."""

from __future__ import annotations

import datetime as dt
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from casetable.drift import Drift
    from casetable.model import Search
    from casetable.review import Item
    from casetable.sources.eutils import PubMed
    from casetable.workflow import Status
    from casetable.workflow.refresh import Refreshed
    from casetable.workspace import Workspace

F = TypeVar("F", bound=Callable[..., Any])


def _format(*more: str) -> Callable[[F], F]:
    return click.option(
        "--format",
        "form",
        type=click.Choice(["text", "json", *more]),
        default="text",
        help="How the answer is written.",
    )


_dry = click.option("--dry-run", "is_dry", is_flag=True, help="Say what would be written, and write nothing.")


def _workspace(context: click.Context) -> Workspace:
    from casetable.errors import UsageError
    from casetable.workspace import Workspace

    root = context.obj
    try:
        return Workspace.find(Path(root).resolve() if root else Path.cwd())
    except OSError as error:
        raise UsageError(f"the folder cannot be read ({error.strerror})") from None


def _today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()


def _echo(text: str = "") -> None:
    from casetable.problems import visible

    click.echo(visible(text))


def _note(text: str) -> None:
    from casetable.problems import visible

    click.echo(visible(text), err=True)


# --- init -------------------------------------------------------------------------------------------------------------


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@_dry
def init(folder: Path, *, is_dry: bool) -> None:
    """Write a new review, ready to fill in."""
    from casetable import workflow

    names = workflow.init(folder, is_dry=is_dry)
    for name in names:
        _echo(f"{'would write' if is_dry else 'wrote'} {folder / name}")
    _note(f"next: cd {folder}, fill in review.yaml, and run 'casetable check': it names what is still to do")


# --- refresh ----------------------------------------------------------------------------------------------------------


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@_format()
@_dry
@click.option("--quiet", "-q", is_flag=True, help="No progress on stderr.")
@click.option("--rebuild", "is_rebuild", is_flag=True, help="Read the records anew from the cache, without a request.")
@click.pass_context
def refresh(
    context: click.Context, names: tuple[str, ...], form: str, *, is_dry: bool, quiet: bool, is_rebuild: bool
) -> None:
    """Run the strategies again at their sources and record what each search found.

    PubMed is asked through NCBI's E-utilities; NCBI_API_KEY and NCBI_EMAIL are taken from the environment. A database
    strategy and a hand-written list are refreshed alike; all of them land together, or none does.
    """
    from casetable.cli.show import counted, envelope
    from casetable.workflow.refresh import rebuild
    from casetable.workflow.refresh import refresh as run

    workspace = _workspace(context)
    if is_rebuild:
        read, missing = rebuild(workspace, is_dry=is_dry)
        if form == "json":
            click.echo(envelope((), {"read": read, "not_in_cache": len(missing)}, not_in_cache=list(missing)))
        else:
            _echo(f"read {counted(read, 'record')} anew from the cache")
            if missing:
                _echo(f"not in the cache, and left as they are: {', '.join(missing)}")
        return
    with _Progress(is_shown=not quiet) as progress:
        found = run(
            workspace,
            names,
            pubmed=_pubmed,
            now=dt.datetime.now(dt.UTC),
            progress=progress,
            is_dry=is_dry,
        )
    if form == "json":
        click.echo(
            envelope((), _refresh_summary(found), searches=[_search_value(each.search) for each in found.searched])
        )
        return
    for line in _refresh_lines(found, is_dry=is_dry):
        _echo(line)


def _pubmed() -> PubMed:
    import time

    from casetable import __version__
    from casetable.sources.eutils import PUBMED_URL, Identity, PubMed
    from casetable.sources.http import requests_transport
    from casetable.sources.pace import MachinePace

    return PubMed(
        transport=requests_transport(f"casetable/{__version__}", time.monotonic),
        clock=time.monotonic,
        sleep=time.sleep,
        identity=Identity(email=os.environ.get("NCBI_EMAIL", ""), api_key=os.environ.get("NCBI_API_KEY", "")),
        url=os.environ.get("CASETABLE_EUTILS_URL") or PUBMED_URL,
        pace=MachinePace("eutils", time.time),
    )


MANY = 100


class _Progress:
    """A progress bar on stderr for each thing that takes its time; silent where stderr is no terminal."""

    def __init__(self, *, is_shown: bool) -> None:
        self._is_shown = is_shown and sys.stderr.isatty()
        self._label = ""
        self._bar: Any = None

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def __call__(self, label: str, done: int, of: int) -> None:
        if not self._is_shown:
            return
        if label != self._label:
            self._close()
            self._label = label
            self._bar = click.progressbar(length=of, label=label, file=sys.stderr)
            self._bar.__enter__()
            self._bar.render_progress()
        self._bar.update(done - self._bar.pos)

    def of(self, label: str) -> Callable[[int, int], None]:
        """Returns what tells how far one kind of work is; a bar comes only for work of some size."""

        def told(done: int, of: int) -> None:
            if of >= MANY:
                self(label, done, of)

        return told

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.__exit__(None, None, None)
            self._bar = None


def _refresh_summary(found: Refreshed) -> dict[str, Any]:
    return {
        "searches": len(found.searched),
        "unchanged_lists": len(found.unchanged),
        "fetched": found.fetched,
        "resumed": found.resumed,
        "added": sum(len(each.search.added) for each in found.searched),
        "removed": sum(len(each.search.removed) for each in found.searched),
        "undecided": len(found.undecided),
    }


SHOWN_AT_MOST = 40


def _refresh_lines(found: Refreshed, *, is_dry: bool) -> Iterator[str]:
    from casetable.cli.show import counted, named

    for each in found.searched:
        search = each.search
        change = "first search" if each.is_first else f"{len(search.added)} new, {len(search.removed)} gone"
        yield f"{search.strategy}: {counted(each.hits, 'hit')} at {search.source} ({change})"
        if search.translation:
            yield f"  searched as: {search.translation}"
        for name, told in (*search.errors.items(), *search.warnings.items()):
            yield f"  {search.source} says {name}: {'; '.join(told)}"
        for sign, records in (("new ", each.added), ("gone", each.removed), ("changed", each.changed)):
            for record in records[:SHOWN_AT_MOST]:
                gone = " (deleted or merged at the source)" if record.key in search.deleted else ""
                standing = f" [{record.standing}]" if record.standing else ""
                yield f"  {sign} {named(record)}{standing}{gone}"
            if len(records) > SHOWN_AT_MOST:
                yield f"  {sign} and {len(records) - SHOWN_AT_MOST} more"
        if search.not_returned:
            yield f"  asked for and not returned: {', '.join(search.not_returned)}"
    for name in found.unchanged:
        yield f"{name}: the list is unchanged"
    yield f"{'would fetch' if is_dry else 'fetched'} {counted(found.fetched, 'record')}"
    if found.undecided:
        yield f"undecided: {counted(len(found.undecided), 'report')}; next: casetable screen"


# --- log, diff ---------------------------------------------------------------------------------------------------------


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--at", "day", metavar="DATE", help="What each search stood at on a past day, from the log alone.")
@_format()
@click.pass_context
def log(context: click.Context, names: tuple[str, ...], day: str | None, form: str) -> None:
    """List the searches: when, how many hits, what came and went, every warning of the source."""
    from casetable import workflow
    from casetable.cli.show import counted, envelope

    at = _day(day) if day else None
    if at:
        stood = workflow.stood(_workspace(context), names, at)
        if form == "json":
            value = [
                {"strategy": name, "when": each.search.when, "count": len(each.hits), "hits": sorted(each.hits)}
                for name, each in stood.items()
            ]
            click.echo(envelope((), {"strategies": len(stood)}, at=at.isoformat(), searches=value))
            return
        for name, each in stood.items():
            _echo(f"{name}: {counted(len(each.hits), 'hit')} on {at}, by the search of {each.search.when}")
            for key in sorted(each.hits):
                _echo(f"  {key}")
        if not stood:
            _echo(f"no search until {at}")
        return
    searches = workflow.log(_workspace(context), names)
    if form == "json":
        value = [{**_search_value(search), "hits": hits} for search, hits in searches]
        click.echo(envelope((), {"searches": len(searches)}, searches=value))
        return
    for search, hits in searches:
        parts = [f"+{len(search.added)}", f"-{len(search.removed)}"]
        parts += [f"{len(search.changed)} changed"] if search.changed else []
        _echo(f"{search.when}  {search.strategy}  {counted(hits, 'hit')}  ({', '.join(parts)})")
        for name, told in (*search.errors.items(), *search.warnings.items()):
            _echo(f"  {search.source} says {name}: {'; '.join(told)}")
        if search.not_returned:
            _echo(f"  asked for and not returned: {', '.join(search.not_returned)}")
    _echo(counted(len(searches), "search", "searches"))


def _day(text: str) -> dt.date:
    from casetable.errors import UsageError

    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"'{text}' is not a date; expected one as 2026-11-22") from None


def _search_value(search: Search) -> dict[str, Any]:
    return {
        "id": search.id,
        "strategy": search.strategy,
        "source": search.source,
        "when": search.when,
        "count": search.count,
        "term": search.term,
        "translation": search.translation,
        "errors": {name: list(told) for name, told in search.errors.items()},
        "warnings": {name: list(told) for name, told in search.warnings.items()},
        "added": list(search.added),
        "removed": list(search.removed),
        "changed": list(search.changed),
        "deleted": list(search.deleted),
        "not_returned": list(search.not_returned),
    }


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "--since", metavar="DATE", help="Compare with the last search until this day (default: the search before)."
)
@_format()
@click.pass_context
def diff(context: click.Context, names: tuple[str, ...], since: str | None, form: str) -> None:
    """Show what changed between two searches, and why: the reason for every hit gained or lost."""
    from casetable import workflow
    from casetable.cli.show import envelope

    found = workflow.diff(_workspace(context), names, _day(since) if since else None)
    if form == "json":
        moves = [move for drift in found for move in drift.moves]
        summary = {
            "gained": sum(move.is_gain for move in moves),
            "lost": sum(not move.is_gain for move in moves),
            "changed": sum(len(drift.changed) for drift in found),
            "unexplained": sum(move.cause.value == "unexplained" for move in moves),
        }
        click.echo(envelope((), summary, strategies=[_drift_value(drift) for drift in found]))
        return
    for drift in found:
        for line in _drift_lines(drift):
            _echo(line)
    if not found:
        _echo("no search yet")


def _drift_value(drift: Drift) -> dict[str, Any]:
    return {
        "strategy": drift.strategy,
        "before": drift.before.when if drift.before else None,
        "after": drift.after.when,
        "hits_before": drift.hits_before,
        "hits_after": drift.hits_after,
        "translation_before": drift.before.translation if drift.before else None,
        "translation_after": drift.after.translation,
        "words_added": list(drift.words_added),
        "words_removed": list(drift.words_removed),
        "moves": [
            {
                "key": move.key,
                "gained": move.is_gain,
                "cause": move.cause.value,
                "reason": move.reason,
                "label": move.record.label if move.record else "",
                "title": move.record.title if move.record else "",
            }
            for move in drift.moves
        ],
        "changed": [
            {
                "key": key,
                "label": record.label if record else "",
                "standing": record.standing if record else "",
                "notices": list(record.notices) if record else [],
                "revised": record.revised if record else "",
            }
            for key, record in drift.changed
        ],
    }


def _drift_lines(drift: Drift) -> Iterator[str]:
    from casetable.cli.show import counted, named

    if drift.before is None:
        yield f"{drift.strategy}: first search on {drift.after.when[:10]}, {counted(drift.hits_after, 'hit')}"
        return
    span = f"{drift.before.when[:10]} to {drift.after.when[:10]}"
    yield f"{drift.strategy}: {drift.hits_before} → {counted(drift.hits_after, 'hit')}, {span}"
    for sign, words in (
        ("added to the strategy", drift.words_added),
        ("removed from the strategy", drift.words_removed),
    ):
        if words:
            yield f"  {sign}: {'; '.join(words)}"
    if drift.before.translation != drift.after.translation:
        yield f"  translated before: {drift.before.translation}"
        yield f"  translated now:    {drift.after.translation}"
    for move in drift.moves:
        told = named(move.record, move.key) if move.record else move.key
        yield f"  {'+' if move.is_gain else '-'} {told}"
        yield f"      {move.reason}"
    for key, record in drift.changed:
        told = named(record, key) if record else key
        notices = [record.standing, *record.notices] if record else []
        yield f"  ~ {told}"
        yield f"      changed at the source: {'; '.join(n for n in notices if n) or 'its facts, headings or dates'}"
    if not drift.moves and not drift.changed:
        yield "  no change"


# --- check ------------------------------------------------------------------------------------------------------------


@click.command()
@click.option("--strict", is_flag=True, help="Turn every warning into an error.")
@_format("github")
@click.pass_context
def check(context: click.Context, form: str, *, strict: bool) -> int:
    """Check that every hit, report, case and cell is accounted for.

    Ends 1 where there are errors, and 2 where a file cannot be read; all that can be read is checked all the same.
    """
    from casetable import workflow
    from casetable.cli.show import counted, envelope, folded, github_lines, problem_lines
    from casetable.problems import Severity
    from casetable.problems import strict as made_strict

    with _Progress(is_shown=True) as progress:
        checked, is_unread = workflow.check(_workspace(context), _today(), progress.of("reading reports"))
    problems = made_strict(checked.problems) if strict else checked.problems
    errors = sum(1 for problem in problems if problem.severity is Severity.ERROR)
    warnings = len(problems) - errors
    if form == "json":
        amounts = ("searches", "records", "hits", "reports", "cases", "eligible_cases", "cells")
        summary = {name: getattr(checked, name) for name in amounts}
        click.echo(envelope(problems, {"errors": errors, "warnings": warnings, **summary}))
    else:
        listed = problems if strict else folded(problems)
        for line in github_lines(listed) if form == "github" else problem_lines(listed):
            click.echo(line)
        click.echo(
            f"checked {counted(checked.searches, 'search', 'searches')}, {counted(checked.hits, 'hit')},"
            f" {counted(checked.reports, 'report')}, {counted(checked.cases, 'case')}"
            f" ({checked.eligible_cases:,} eligible), {counted(checked.cells, 'cell')}:"
            f" {counted(errors, 'error')}, {counted(warnings, 'warning')}"
        )
    return 2 if is_unread else 1 if errors else 0


# --- status -----------------------------------------------------------------------------------------------------------


@click.command()
@click.option("--records", "is_listing", is_flag=True, help="List every report that a search ever found.")
@_format()
@click.pass_context
def status(context: click.Context, form: str, *, is_listing: bool) -> None:
    """Show where the review stands: searches, undecided hits, reports still to be requested."""
    from casetable import workflow
    from casetable.cli.show import envelope, item_value

    found = workflow.status(_workspace(context), _today())
    if form == "json":
        click.echo(
            envelope(
                (),
                _status_summary(found),
                searches=[
                    {
                        "strategy": last.strategy,
                        "source": last.source,
                        "when": last.search.when if last.search else None,
                        "age_days": last.age_days,
                        "hits": last.hits,
                    }
                    for last in found.searches
                ],
                undecided=[item_value(item) for item in found.undecided],
                awaiting_extraction=[item_value(item) for item in found.awaiting_extraction],
                to_request=[item_value(item) for item in found.to_request],
                changed=[item_value(item) for item in found.noticed],
                **({"records": [item_value(item) for item in found.items]} if is_listing else {}),
            )
        )
        return
    for line in _status_lines(found, is_listing=is_listing):
        _echo(line)


def _status_summary(found: Status) -> dict[str, int]:
    return {
        "reports_found": len(found.items),
        "no_longer_found": found.gone,
        "undecided": len(found.undecided),
        "excluded": found.excluded,
        "included": len(found.included),
        "awaiting_extraction": len(found.awaiting_extraction),
        "to_request": len(found.to_request),
        "errors": found.errors,
        "warnings": found.warnings,
    }


def _status_lines(found: Status, *, is_listing: bool) -> Iterator[str]:
    from casetable.cli.show import counted, named

    yield found.title or "a review without a title"
    yield ""
    yield "searches"
    width = max((len(last.strategy) for last in found.searches), default=0)
    for last in found.searches:
        if last.search is None:
            yield f"  {last.strategy:<{width}}  never run"
        else:
            yield f"  {last.strategy:<{width}}  {counted(last.hits, 'hit')}, {last.search.when[:10]} ({counted(last.age_days or 0, 'day')} ago)"
    summary = _status_summary(found)
    yield ""
    yield (
        f"{counted(summary['reports_found'], 'report')} found: {summary['included']} included,"
        f" {summary['excluded']} excluded, {summary['undecided']} undecided"
        + (f" ({summary['no_longer_found']} of them no longer found by a search)" if found.gone else "")
    )
    for title, items, hint in (
        ("undecided", found.undecided, "next: casetable screen"),
        ("awaiting extraction", found.awaiting_extraction, "next: casetable new RECORD"),
        ("still to be requested, as they could not be read in full", found.to_request, ""),
    ):
        if items:
            yield ""
            yield f"{title} ({len(items)})" + (f"; {hint}" if hint else "")
            yield from (f"  {named(item.record)}" for item in items[:SHOWN_AT_MOST])
            if len(items) > SHOWN_AT_MOST:
                yield f"  and {len(items) - SHOWN_AT_MOST} more"
    if found.noticed:
        yield ""
        yield f"changed since it was published ({len(found.noticed)})"
        for item in found.noticed:
            notices = (item.record.standing, *item.record.notices)
            yield f"  {named(item.record)} [{'; '.join(notice for notice in notices if notice)}]"
    if is_listing:
        yield ""
        yield "all reports found"
        for item in found.items:
            gone = "" if item.is_hit else " (no longer found)"
            yield f"  {item.screened.standing.value:<24}  {named(item.record)}{gone}"
            others = [key for key in item.group.keys if key != item.record.key]
            if others:
                yield f"  {'':<24}  also {', '.join(others)}"
    yield ""
    yield f"problems: {counted(found.errors, 'error')}, {counted(found.warnings, 'warning')} ('casetable check' names them)"


# --- screen, new ------------------------------------------------------------------------------------------------------


@click.command()
@click.argument("record", required=False)
@click.option("--include", "verdict", flag_value="include", help="Include RECORD.")
@click.option("--exclude", "reason", metavar="REASON", help="Exclude RECORD for a reason of the protocol.")
@click.option("--stage", type=click.Choice(["records", "reports"]), help="What the decision was taken on.")
@click.option("--by", help="Who decides (default: git's user.name).")
@click.option("--note", default="", help="A note to the decision.")
@_dry
@click.pass_context
def screen(
    context: click.Context,
    record: str | None,
    verdict: str | None,
    reason: str | None,
    stage: str | None,
    by: str | None,
    note: str,
    *,
    is_dry: bool,
) -> None:
    """Decide on records: one after the other at the keyboard, or one on the command line."""
    from casetable import workflow
    from casetable.errors import UsageError
    from casetable.model import Stage, Verdict

    workspace = _workspace(context)
    by = by if by is not None else workspace.curator()
    if record is None:
        if verdict or reason is not None:
            raise UsageError("which record? expected 'casetable screen RECORD --include' or '--exclude REASON'")
        _screen_all(workspace, by, stage)
        return
    if bool(verdict) == (reason is not None):
        raise UsageError("a decision is either --include or --exclude REASON")
    decision, _, _ = workflow.decide(
        workspace,
        record,
        verdict=Verdict.INCLUDE if verdict else Verdict.EXCLUDE,
        reason=reason or "",
        stage=Stage(stage) if stage else None,
        by=by,
        note=note,
        today=_today(),
        is_dry=is_dry,
    )
    told = f"excluded: {decision.reason}" if decision.reason else "included"
    _echo(
        f"{'would record' if is_dry else 'recorded'}: {decision.key} {told} (stage {decision.stage}, by {decision.by})"
    )


_HELP = "i include   e exclude   n note   s skip   u undo   q quit"


def _screen_all(workspace: Workspace, by: str, stage: str | None) -> None:
    """Goes through the undecided reports at the keyboard; every decision is in the file before the next is asked."""
    from casetable import workflow
    from casetable.errors import UsageError
    from casetable.model import Stage, Verdict

    if not by.strip():
        raise UsageError("decisions need a name; give --by, or set git's user.name")
    if not sys.stdin.isatty():
        raise UsageError(
            "there is no keyboard here; expected 'casetable screen RECORD --include' or '--exclude REASON'"
        )
    review = workflow.screening_review(workspace)
    reasons = dict(review.inputs.protocol.exclusion_reasons) if review.inputs.protocol else {}
    items = review.undecided
    taken: list[tuple[int, bytes, bytes]] = []
    at, note = 0, ""
    while at < len(items):
        item = items[at]
        _show_item(item, at + 1, len(items), note)
        key = click.getchar().lower()
        if key == "q":
            break
        if key == "u":
            if taken:
                at, before, after = taken.pop()
                workflow.undo(workspace, before, after)
                _echo("  taken back")
            else:
                _echo("  nothing to take back")
            continue
        if key == "n":
            note = click.prompt("  note", default="", show_default=False)
            continue
        if key == "s":
            at, note = at + 1, ""
            continue
        if key not in {"i", "e"}:
            _echo(f"  {_HELP}")
            continue
        reason = _ask_reason(reasons) if key == "e" else ""
        if key == "e" and not reason:
            continue
        _, before, after = workflow.decide(
            workspace,
            item.record.key,
            verdict=Verdict.EXCLUDE if key == "e" else Verdict.INCLUDE,
            reason=reason,
            stage=Stage(stage) if stage else None,
            by=by,
            note=note,
            today=_today(),
            review=review,
        )
        _echo(f"  excluded: {reason}" if reason else "  included")
        taken.append((at, before, after))
        at, note = at + 1, ""
    left = len(workflow.load_review(workspace).undecided)
    _echo(f"{len(taken)} decided, {left} undecided; every decision is in the file")


def _show_item(item: Item, number: int, of: int, note: str) -> None:
    record = item.record
    _echo("")
    _echo(f"[{number}/{of}] {record.title}")
    _echo(f"  {record.citation}")
    _echo(f"  found by {', '.join(item.strategies)}" + (f"; {record.url}" if record.url else ""))
    if note:
        _echo(f"  note: {note}")
    _echo(f"  {_HELP}")


def _ask_reason(reasons: dict[str, str]) -> str:
    """Returns the reason chosen by its number, or nothing where it was left."""
    if not reasons:
        _echo("  review.yaml lists no exclusion_reasons")
        return ""
    names = list(reasons)
    for number, name in enumerate(names, start=1):
        _echo(f"  {number} {name}: {reasons[name]}")
    answer = click.prompt("  reason (number, empty to go back)", default="", show_default=False).strip()
    if answer.isdecimal() and 1 <= int(answer) <= len(names):
        return names[int(answer) - 1]
    if answer in reasons:
        return str(answer)
    if answer:
        _echo(f"  there is no reason {answer}")
    return ""


@click.command()
@click.argument("record")
@_dry
@click.pass_context
def new(context: click.Context, record: str, *, is_dry: bool) -> None:
    """Write an extraction of RECORD to fill in: every field of the form in place."""
    from casetable import workflow

    path, data = workflow.new(_workspace(context), record, is_dry=is_dry)
    if is_dry:
        click.echo(data.decode(), nl=False)
    else:
        _echo(f"wrote {path}")
        _note("next: fill it in, and run 'casetable check'")


# --- dedupe, build, rules ---------------------------------------------------------------------------------------------


@click.command()
@click.option("--explain", nargs=2, metavar="A B", help="Say why two records are one report, or are not.")
@_format()
@click.pass_context
def dedupe(context: click.Context, explain: tuple[str, str] | None, form: str) -> None:
    """Show which records were joined as one report, and why."""
    from casetable import workflow
    from casetable.cli.show import counted, envelope

    workspace = _workspace(context)
    if explain:
        is_same, reasons, fields = workflow.explain_pair(workspace, *explain)
        if form == "json":
            click.echo(envelope((), {"same": is_same}, reasons=list(reasons), fields=list(fields)))
            return
        _echo(f"{explain[0]} and {explain[1]} are {'one report' if is_same else 'different reports'}")
        for line in (*reasons, *fields):
            _echo(f"  {line}")
        return
    found = workflow.groups(workspace)
    if form == "json":
        value = [
            {"keys": list(group.keys), "reasons": [[link.one, link.other, link.reason] for link in group.links]}
            for group in found
        ]
        click.echo(envelope((), {"groups": len(found)}, groups=value))
        return
    for group in found:
        _echo(", ".join(group.keys))
        for link in group.links:
            _echo(f"  {link.one} and {link.other}: {link.reason}")
    _echo(f"{counted(len(found), 'report')} with more than one record")


@click.command()
@click.option(
    "--out", "folder", type=click.Path(path_type=Path), help="Where to write (default: build/ in the review)."
)
@_format()
@_dry
@click.pass_context
def build(context: click.Context, folder: Path | None, form: str, *, is_dry: bool) -> None:
    """Build the table: Markdown, CSV, one HTML page, and the PRISMA numbers."""
    from casetable import workflow
    from casetable.cli.show import counted, envelope, item_value, named
    from casetable.problems import Severity

    with _Progress(is_shown=True) as progress:
        told = progress.of("reading reports")
        built = workflow.build(_workspace(context), _today(), folder, is_dry=is_dry, progress=told)
    errors = sum(1 for problem in built.problems if problem.severity is Severity.ERROR)
    warnings = len(built.problems) - errors
    if form == "json":
        summary = {
            "cases": len(built.table.rows),
            "undecided": len(built.undecided),
            "errors": errors,
            "warnings": warnings,
        }
        listed = [item_value(item) for item in built.undecided]
        click.echo(envelope((), summary, folder=str(built.folder), files=list(built.files), undecided=listed))
        return
    _echo(
        f"{'would build' if is_dry else 'built'} a table of {counted(len(built.table.rows), 'case')} in {built.folder}:"
    )
    _echo(f"  {', '.join(built.files)}")
    if built.undecided:
        _echo(f"undecided, so not in the table yet ({len(built.undecided)}):")
        for item in built.undecided[:SHOWN_AT_MOST]:
            _echo(f"  {named(item.record)}")
        if len(built.undecided) > SHOWN_AT_MOST:
            _echo(f"  and {len(built.undecided) - SHOWN_AT_MOST} more")
    for item in built.table.not_extracted:
        _echo(f"included, but not extracted yet: {named(item.record)}")
    if errors:
        _note(f"the review has {counted(errors, 'error')}; 'casetable check' names them")


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port on 127.0.0.1 (default: a free one).")
@click.option("--rate", type=click.IntRange(1), help="Requests a second that are answered; the others get 429.")
@click.option("--fault", "faults", default="", metavar="F09:0.2,…", help="Faults of the service, each with its chance.")
@click.option("--seed", type=int, default=0, help="Decides which requests meet a fault.")
@click.option("--quiet", "-q", is_flag=True, help="Do not log each request on stderr.")
def mirror(files: tuple[Path, ...], port: int, rate: int | None, faults: str, seed: int, *, quiet: bool) -> None:
    """Serve local PubMed files as NCBI's E-utilities, until it is interrupted.

    FILE is NBIB, PubMed XML (also gzipped) or records.jsonl. Set CASETABLE_EUTILS_URL to the address that is printed.
    """
    import threading

    from casetable import workflow
    from casetable.cli.show import counted

    with workflow.mirror(
        files, today=_today(), port=port, rate=rate, faults=faults, seed=seed, log=None if quiet else _note
    ) as (url, number, unread):
        for line in unread:
            _note(line)
        _note(f"{counted(number, 'record')}; stop with Ctrl-C")
        _echo(url)
        sys.stdout.flush()
        threading.Event().wait()


@click.command()
@click.argument("code", required=False)
@_format()
def rules(code: str | None, form: str) -> None:
    """List the rules of 'check', or explain one."""
    import json

    from casetable import workflow

    listed = [workflow.rule(code)] if code else list(workflow.rules())
    if form == "json":
        value = [
            {
                "code": rule.code,
                "name": rule.name,
                "severity": rule.severity.value,
                "summary": rule.summary,
                "why": rule.why,
                "fix": rule.fix,
                "example": {"path": rule.example.path, "good": rule.example.good, "bad": rule.example.bad},
            }
            for rule in listed
        ]
        click.echo(
            json.dumps({"schema": 1, "problems": [], "summary": {"rules": len(value)}, "rules": value}, indent=2)
        )
        return
    if not code:
        for rule in listed:
            _echo(f"{rule.code}  {rule.severity.value:<7}  {rule.summary}")
        return
    rule = listed[0]
    for line in (
        f"{rule.code} {rule.name} ({rule.severity})",
        rule.summary,
        "",
        f"why: {rule.why}",
        f"fix: {rule.fix}",
    ):
        _echo(line)
    bad = "the file is missing" if rule.example.bad is None else rule.example.bad or "the lines are missing"
    for title, text in (("good", rule.example.good), ("bad", bad)):
        if text:
            _echo()
            _echo(f"{title}, in {rule.example.path}:")
            for line in text[:600].rstrip("\n").split("\n"):
                _echo(f"    {line[:160]}")


COMMANDS = (init, refresh, status, log, diff, screen, new, check, dedupe, build, mirror, rules)
