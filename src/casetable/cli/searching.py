"""The commands of searching: refresh, log, diff, mirror. Each imports its workflow when it runs."""

from __future__ import annotations

import datetime as dt
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from casetable.cli.invocation import SHOWN_AT_MOST, Progress, dry, echo, form_option, remark, today, workspace_of

if TYPE_CHECKING:
    from casetable.drift import Drift
    from casetable.model import Search
    from casetable.sources.crossref import Crossref
    from casetable.sources.europepmc import EuropePmc
    from casetable.sources.eutils import PubMed
    from casetable.workflow.refresh import Refreshed
    from casetable.workflow.texts import Fetched
    from casetable.workspace import Workspace


# --- refresh ----------------------------------------------------------------------------------------------------------


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@form_option()
@dry
@click.option("--quiet", "-q", is_flag=True, help="No progress on stderr.")
@click.option(
    "--texts", "has_texts", is_flag=True, help="Then fetch open full texts and abstracts of included reports."
)
@click.option("--rebuild", "is_rebuild", is_flag=True, help="Read the records anew from the cache, without a request.")
@click.pass_context
def refresh(
    context: click.Context,
    names: tuple[str, ...],
    form: str,
    *,
    is_dry: bool,
    quiet: bool,
    has_texts: bool,
    is_rebuild: bool,
) -> None:
    """Run the strategies again at their sources and record what each search found.

    PubMed is asked through NCBI's E-utilities; NCBI_API_KEY and NCBI_EMAIL are taken from the environment. A database
    strategy and a hand-written list are refreshed alike; all of them land together, or none does.

    Then Crossref is asked which of the included reports were retracted, corrected or questioned since. CASETABLE_EMAIL, if it is
    set, is given to it, as it asks of its users. That it does not answer is told, and undoes nothing.

    With --texts, what Europe PMC gives out in full and PubMed's abstracts are kept in .casetable/, out of git, for 'verify'.
    """
    from casetable.cli.show import change_value, counted, envelope
    from casetable.errors import SourceError, SourceRefusedError, UsageError
    from casetable.workflow.refresh import rebuild
    from casetable.workflow.refresh import refresh as run

    workspace = workspace_of(context)
    if is_rebuild and (names or has_texts):
        raise UsageError(
            "--rebuild reads all records anew, without a request; expected no strategy names, and no --texts"
        )
    if is_rebuild:
        read, missing = rebuild(workspace, is_dry=is_dry)
        if form == "json":
            click.echo(envelope((), {"read": read, "not_in_cache": len(missing)}, not_in_cache=list(missing)))
        else:
            echo(f"read {counted(read, 'record')} anew from the cache")
            if missing:
                echo(f"not in the cache, or older there, and left as they are: {', '.join(missing)}")
        return
    europepmc = _europepmc() if has_texts else None  # what is wrong with its address is told before all else
    failure: SourceError | SourceRefusedError | None = None
    texts: Fetched | None = None
    with Progress(is_shown=not quiet) as progress:
        found = run(
            workspace,
            names,
            pubmed=pubmed_source,
            crossref=crossref_source,
            now=now(),
            progress=progress,
            is_dry=is_dry,
        )
        if europepmc is not None:
            try:
                texts = _texts(workspace, europepmc, progress, is_dry=is_dry)
            except (SourceError, SourceRefusedError) as error:
                failure = error
    if form == "json":
        changes = [
            {"keys": list(item.group.keys), "changes": [change_value(change) for change in told]}
            for item, told in found.noticed.new
        ]
        searches = [_search_value(each.search) for each in found.searched]
        crossref = {
            "asked": found.noticed.asked,
            "unknown": list(found.noticed.unknown),
            "failure": found.noticed.failure,
        }
        told = {"texts": asdict(texts)} if texts else {}
        click.echo(envelope((), _refresh_summary(found), searches=searches, changed=changes, crossref=crossref, **told))
    else:
        for line in (*_refresh_lines(found, is_dry=is_dry), *(_text_lines(texts) if texts else ())):
            echo(line)
    _tell_failure(found)
    if failure is not None:
        done = "" if is_dry else "; all else is done, and the next 'refresh --texts' fetches what is still missing"
        raise type(failure)(f"{failure}{done}")


def _texts(workspace: Workspace, europepmc: EuropePmc, progress: Progress, *, is_dry: bool) -> Fetched:
    from casetable.workflow.texts import fetch_texts

    return fetch_texts(
        workspace,
        pubmed=pubmed_source,
        europepmc=europepmc,
        now=now(),
        progress=progress,
        is_dry=is_dry,
    )


def _text_lines(texts: Fetched) -> Iterator[str]:
    from casetable.cli.show import counted

    yield (
        f"texts: {counted(len(texts.full), 'full text')} fetched, {len(texts.kept)} in the cache already,"
        f" {counted(texts.abstracts, 'abstract')} fetched; next: casetable verify"
    )
    for told, keys in (
        ("not given out in full by Europe PMC", texts.closed),
        ("not in PMC, as far as is known", texts.without),
    ):
        if keys:
            yield f"  {told}: {', '.join(keys[:SHOWN_AT_MOST])}" + (", …" if len(keys) > SHOWN_AT_MOST else "")


def _tell_failure(found: Refreshed) -> None:
    if found.noticed.failure:
        remark(
            f"{found.noticed.failure}: whether included reports were retracted or corrected since is not known from it;"
            " all else is done, and the next refresh asks again"
        )


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _europepmc() -> EuropePmc:
    from casetable.sources.europepmc import EUROPEPMC_URL, EuropePmc

    return EuropePmc(**_connection("CASETABLE_EUROPEPMC_URL", EUROPEPMC_URL, "europepmc"))


def crossref_source() -> Crossref:
    from casetable.sources.crossref import CROSSREF_URL, Crossref

    connection = _connection("CASETABLE_CROSSREF_URL", CROSSREF_URL, "crossref")
    return Crossref(**connection, email=os.environ.get("CASETABLE_EMAIL", ""))


def pubmed_source() -> PubMed:
    from casetable.sources.eutils import PUBMED_URL, Identity, PubMed

    identity = Identity(email=os.environ.get("NCBI_EMAIL", ""), api_key=os.environ.get("NCBI_API_KEY", ""))
    return PubMed(**_connection("CASETABLE_EUTILS_URL", PUBMED_URL, "eutils"), identity=identity)


def _connection(variable: str, usual: str, service: str) -> dict[str, Any]:
    """Returns how a service is reached: at its usual address, or the one that an environment variable names."""
    from casetable import __version__
    from casetable.sources.http import requests_transport
    from casetable.sources.pace import MachinePace

    url = os.environ.get(variable) or usual
    return {
        "transport": requests_transport(f"casetable/{__version__}", time.monotonic),
        "clock": time.monotonic,
        "sleep": time.sleep,
        "url": url,
        # A service counts the requests of a machine; another server has a limit of its own, or none.
        "pace": MachinePace(service, time.time) if url == usual else None,
    }


def _refresh_summary(found: Refreshed) -> dict[str, Any]:
    return {
        "searches": len(found.searched),
        "unchanged_lists": len(found.unchanged),
        "fetched": found.fetched,
        "resumed": found.resumed,
        "added": sum(len(each.search.added) for each in found.searched),
        "removed": sum(len(each.search.removed) for each in found.searched),
        "changed": sum(len(each.search.changed) for each in found.searched),
        "undecided": len(found.undecided),
    }


def _refresh_lines(found: Refreshed, *, is_dry: bool) -> Iterator[str]:
    from casetable.cli.show import counted, named

    for each in found.searched:
        search = each.search
        change = "first search" if each.is_first else f"{len(search.added)} new, {len(search.removed)} gone"
        yield f"{search.strategy}: {counted(each.hits, 'hit')} at {search.source} ({change})"
        if search.server:
            yield f"  {search.server} answered, not {search.source} itself"
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
        yield from _missed_lines(search)
        if search.not_returned:
            yield f"  asked for and not returned: {', '.join(search.not_returned)}"
    for name in found.unchanged:
        yield f"{name}: the list is unchanged"
    resumed = f", and took {found.resumed} from what a broken-off refresh had fetched" if found.resumed else ""
    yield f"fetched {counted(found.fetched, 'record')}{resumed}" + (
        "; nothing was written but the cache" if is_dry else ""
    )
    if found.noticed.asked:
        unknown = f", and has no record of {len(found.noticed.unknown)}" if found.noticed.unknown else ""
        yield f"asked Crossref about {counted(found.noticed.asked, 'DOI')} of included reports{unknown}"
    for item, changes in found.noticed.new[:SHOWN_AT_MOST]:
        yield f"changed since it was published: {named(item.record)} ({item.screened.standing})"
        yield from (f"  {change.text}" for change in changes)
    if len(found.noticed.new) > SHOWN_AT_MOST:
        yield f"and {len(found.noticed.new) - SHOWN_AT_MOST} more; 'casetable status' lists them"
    if found.undecided:
        yield f"undecided: {counted(len(found.undecided), 'report')}; next: casetable screen"


def _missed_lines(search: Search) -> Iterator[str]:
    for key, lost in search.missed.items():
        yield f"  known record {key} was not found: {'; '.join(map(_loss, lost)) or 'each block finds it by itself'}"


def _loss(name: str) -> str:
    return f"block {name} loses it" if name.isdecimal() else {"dates": "the limits of dates lose it"}.get(name, name)


# --- import -----------------------------------------------------------------------------------------------------------


@click.command("import")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path())
@click.option("--source", required=True, help="The database or register that was searched, as Embase.")
@click.option("--searched", metavar="DATE", help="The day of the search, as 2026-11-22 (default: today).")
@click.option("--by", help="Who searched (default: git's user.name).")
@click.option("--strategy", metavar="FILE", help="The query as it was run there, in a text file.")
@click.option("--name", default="", help="The name of the strategy (default: from the source).")
@click.option("--register", "is_register", is_flag=True, help="The source is a register, as ClinicalTrials.gov.")
@form_option()
@dry
@click.pass_context
def import_(
    context: click.Context,
    files: tuple[str, ...],
    source: str,
    searched: str | None,
    by: str | None,
    strategy: str | None,
    name: str,
    form: str,
    *,
    is_register: bool,
    is_dry: bool,
) -> None:
    """Record a search of another source by the exports of all that it found.

    FILE is RIS, NBIB, BibTeX, EndNote XML or tagged text, CSL-JSON, Web of Science text or CSV. Several files are one
    search, as a source exports no more than so many at once. A later import of the source takes the place of the one before.
    """
    from pathlib import Path

    from casetable.cli.show import counted, envelope, named
    from casetable.workflow.importing import import_exports

    workspace = workspace_of(context)
    found = import_exports(
        workspace,
        [Path(file) for file in files],
        source=source,
        searched=_day(searched) if searched else today(),
        by=by if by is not None else workspace.curator(),
        today=today(),
        name=name,
        strategy=Path(strategy) if strategy else None,
        is_register=is_register,
        is_dry=is_dry,
    )
    for fault in found.faults:
        remark(fault)
    search = found.search
    if form == "json":
        summary = {
            "records": found.records,
            "added": len(found.added),
            "removed": len(found.removed),
            "known": found.known,
            "unread": len(found.faults),
        }
        click.echo(envelope((), summary, search=_search_value(search), new_file=found.new_file or None))
        return
    change = "first search" if found.is_first else f"{len(found.added)} new, {len(found.removed)} gone"
    many = counted(len(search.files), "file")
    echo(
        f"{search.strategy}: {counted(found.records, 'record')} of {search.source} in {many}, searched on"
        f" {search.when[:10]} by {search.by} ({change})"
    )
    if found.known:
        echo(f"  under the PMID or DOI of a record that another source found: {found.known:,}")
    if len(found.removed) > found.records:
        echo(
            f"  {counted(len(found.removed), 'record')} of the import before are not in this one: an import holds all that"
            " the source found; of an update alone, give --name NAME"
        )
    if not found.is_first:
        for sign, records in (("new ", found.added), ("gone", found.removed)):
            for record in records[:SHOWN_AT_MOST]:
                echo(f"  {sign} {named(record)}")
            if len(records) > SHOWN_AT_MOST:
                echo(f"  {sign} and {len(records) - SHOWN_AT_MOST} more")
    if found.new_file:
        verb = "would write" if is_dry else "wrote"
        hint = "" if search.term else "; put the query there as it was run"
        echo(f"{verb} {found.new_file}{hint}")
    if is_dry:
        echo("nothing was written")
    else:
        echo("next: casetable dedupe, to see what was joined, and casetable screen")


# --- log, diff ---------------------------------------------------------------------------------------------------------


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--at", "day", metavar="DATE", help="What each search stood at on a past day, from the log alone.")
@form_option()
@click.pass_context
def log(context: click.Context, names: tuple[str, ...], day: str | None, form: str) -> None:
    """List the searches: when, how many hits, what came and went, every warning of the source."""
    from casetable import workflow
    from casetable.cli.show import counted, envelope

    at = _day(day) if day else None
    if at:
        stood = workflow.stood(workspace_of(context), names, at)
        if form == "json":
            value = [
                {"strategy": name, "when": each.search.when, "count": len(each.hits), "hits": sorted(each.hits)}
                for name, each in stood.items()
            ]
            click.echo(envelope((), {"strategies": len(stood)}, at=at.isoformat(), searches=value))
            return
        for name, each in stood.items():
            echo(f"{name}: {counted(len(each.hits), 'hit')} on {at}, by the search of {each.search.when}")
            for key in sorted(each.hits):
                echo(f"  {key}")
        if not stood:
            echo(f"no search until {at}")
        return
    searches = workflow.log(workspace_of(context), names)
    if form == "json":
        value = [{**_search_value(search), "hits": hits} for search, hits in searches]
        click.echo(envelope((), {"searches": len(searches)}, searches=value))
        return
    for search, hits in searches:
        parts = [f"+{len(search.added)}", f"-{len(search.removed)}"]
        parts += [f"{len(search.changed)} changed"] if search.changed else []
        echo(f"{search.when}  {search.strategy}  {counted(hits, 'hit')}  ({', '.join(parts)})")
        if search.files:
            names_of = ", ".join(f"{file.name} ({file.records:,})" for file in search.files)
            echo(f"  {search.source} was searched by {search.by}; imported from {names_of}")
        if search.server:
            echo(f"  {search.server} answered, not {search.source} itself")
        for line in _missed_lines(search):
            echo(line)
        for name, told in (*search.errors.items(), *search.warnings.items()):
            echo(f"  {search.source} says {name}: {'; '.join(told)}")
        if search.not_returned:
            echo(f"  asked for and not returned: {', '.join(search.not_returned)}")
    echo(counted(len(searches), "search", "searches"))


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
        "server": search.server,
        "by": search.by,
        "files": [{"name": f.name, "sha256": f.sha256, "records": f.records} for f in search.files],
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
        "missed": {key: list(lost) for key, lost in search.missed.items()},
    }


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option(
    "--since", metavar="DATE", help="Compare with the last search until this day (default: the search before)."
)
@form_option("markdown")
@click.pass_context
def diff(context: click.Context, names: tuple[str, ...], since: str | None, form: str) -> None:
    """Show what changed between two searches, and why: the reason for every hit gained or lost."""
    from casetable import workflow
    from casetable.cli.show import envelope

    found = workflow.diff(workspace_of(context), names, _day(since) if since else None)
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
    if form == "markdown":
        from casetable.render.github import render_drifts

        click.echo(render_drifts(found), nl=False)
        return
    for drift in found:
        for line in _drift_lines(drift):
            echo(line)
    if not found:
        echo("no search yet")


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


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=click.Path())
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port on 127.0.0.1 (default: a free one).")
@click.option("--rate", type=click.IntRange(1), help="Requests a second that are answered; the others get 429.")
@click.option("--fault", "faults", default="", metavar="F09:0.2,…", help="Faults of the service, each with its chance.")
@click.option("--seed", type=int, default=0, help="Decides which requests meet a fault.")
@click.option("--quiet", "-q", is_flag=True, help="Do not log each request on stderr.")
def mirror(files: tuple[str, ...], port: int, rate: int | None, faults: str, seed: int, *, quiet: bool) -> None:
    """Serve local PubMed files as NCBI's E-utilities, until it is interrupted.

    FILE is NBIB, PubMed XML (also gzipped) or records.jsonl. Set CASETABLE_EUTILS_URL to the address that is printed.
    """
    import threading
    from pathlib import Path

    from casetable import workflow
    from casetable.cli.show import counted

    with workflow.mirror(
        [Path(file) for file in files],
        today=today(),
        port=port,
        rate=rate,
        faults=faults,
        seed=seed,
        log=None if quiet else remark,
    ) as (url, number, unread):
        for line in unread:
            remark(line)
        remark(f"{counted(number, 'record')}; stop with Ctrl-C")
        echo(url)
        sys.stdout.flush()
        threading.Event().wait()
