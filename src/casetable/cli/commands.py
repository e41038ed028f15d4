"""The commands of a review as a whole: init, check, status, dedupe, build, rules. Each imports its workflow when it runs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from casetable.cli.invocation import (
    SHOWN_AT_MOST,
    Progress,
    below_repository,
    dry,
    echo,
    form_option,
    remark,
    today,
    workspace_of,
)

if TYPE_CHECKING:
    from casetable.model import Acceptance
    from casetable.problems import Problem
    from casetable.workflow import Status


# --- init -------------------------------------------------------------------------------------------------------------


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path())
@click.option(
    "--github", is_flag=True, help="Add workflows of GitHub Actions: a check of each change, a search each week."
)
@dry
def init(folder: str, *, github: bool, is_dry: bool) -> None:
    """Write a new review, ready to fill in. With --github, DIR may be a review already."""
    from pathlib import Path

    from casetable import workflow

    names = workflow.init(Path(folder), has_workflows=github, is_dry=is_dry)
    for name in names:
        echo(f"{'would write' if is_dry else 'wrote'} {Path(folder) / name}")
    if github:
        remark(
            "GitHub reads workflows at the root of a repository alone; the head of refresh.yml says what to set there"
        )
    if "review.yaml" not in names:
        return
    remark(f"next: cd {folder}, fill in review.yaml, and run 'casetable check': it names what is still to do")


# --- check ------------------------------------------------------------------------------------------------------------


@click.command()
@click.option("--strict", is_flag=True, help="Turn every warning into an error.")
@form_option("github", "sarif", "junit")
@click.pass_context
def check(context: click.Context, form: str, *, strict: bool) -> int:
    """Check that every hit, report, case and cell is accounted for.

    Ends 1 where there are errors, and 2 where a file cannot be read; all that can be read is checked all the same.
    """
    from casetable import workflow
    from casetable.cli.show import (
        SHOWN_OF_A_KIND,
        accepted_value,
        counted,
        envelope,
        folded,
        github_lines,
        problem_lines,
    )
    from casetable.problems import Severity, moved
    from casetable.problems import strict as made_strict

    with Progress(is_shown=True) as progress:
        workspace = workspace_of(context)
        checked, is_unread = workflow.check(workspace, today(), progress.of("reading reports"))
    # What GitHub reads names places from the root of the repository; the review may stand in a folder of it.
    below = below_repository(workspace.root) if form in {"github", "sarif"} else ""
    accepted = [(moved(problem, below), entry) for problem, entry in checked.accepted]
    problems = [moved(problem, below) for problem in (made_strict(checked.problems) if strict else checked.problems)]
    errors = sum(1 for problem in problems if problem.severity is Severity.ERROR)
    warnings = len(problems) - errors
    listed = problems if strict else folded(problems)
    if form in {"sarif", "junit"}:
        from casetable import __version__
        from casetable.render.findings import render_junit, render_sarif

        rules = workflow.rules()
        if form == "sarif":
            told = render_sarif(listed, rules, __version__, accepted, below=below)
        else:  # a rule of 'lint' or 'import-cases' that was not looked for has not passed
            told = render_junit(listed, [rule for rule in rules if rule.code[0] not in "LX"])
        click.echo(told, nl=False)
    elif form == "json":
        amounts = (
            "searches",
            "records",
            "hits",
            "reports",
            "cases",
            "eligible_cases",
            "cells",
            "verifiable",
            "verified",
        )
        summary = {name: getattr(checked, name) for name in amounts}
        summary |= {"errors": errors, "warnings": warnings, "accepted": len(accepted)}
        click.echo(envelope(problems, summary, accepted=[accepted_value(*each) for each in accepted]))
    else:
        last = (
            f"checked {counted(checked.searches, 'search', 'searches')}, {counted(checked.hits, 'hit')},"
            f" {counted(checked.reports, 'report')}, {counted(checked.cases, 'case')}"
            f" ({checked.eligible_cases:,} eligible), {counted(checked.cells, 'cell')}"
            f" ({checked.verified:,} of {checked.verifiable:,} with a quote or value verified):"
            f" {counted(errors, 'error')}, {counted(warnings, 'warning')}"
            + (f" ({counted(len(accepted), 'problem')} accepted)" if checked.accepted else "")
        )
        if form == "github":
            is_summarized = _summarize(problems, accepted, last)
            lines = github_lines(listed, SHOWN_OF_A_KIND if is_summarized else None)
        else:
            lines = problem_lines(listed)
        for line in lines:
            click.echo(line)
        click.echo(last)
    return 2 if is_unread else 1 if errors else 0


def _summarize(problems: Sequence[Problem], accepted: Sequence[tuple[Problem, Acceptance]], told: str) -> bool:
    """Adds a check to the summary of the job of GitHub Actions that it runs in; returns whether that was done."""
    import os
    from pathlib import Path

    from casetable.render.github import MAX_SUMMARY_BYTES, render_summary

    name = os.environ.get("GITHUB_STEP_SUMMARY", "")
    if not name:
        return False
    path = Path(name)
    try:
        taken = path.stat().st_size if path.exists() else 0
        text = render_summary(problems, accepted, told, MAX_SUMMARY_BYTES - taken)
        with path.open("ab") as file:
            file.write(text)
    except OSError as error:
        remark(f"the job's summary cannot be written ({error.strerror}); all problems follow as annotations")
        return False
    return bool(text)


# --- status -----------------------------------------------------------------------------------------------------------


@click.command()
@click.option("--records", "is_listing", is_flag=True, help="List every report that a search ever found.")
@form_option()
@click.pass_context
def status(context: click.Context, form: str, *, is_listing: bool) -> None:
    """Show where the review stands: searches, undecided hits, reports still to be requested."""
    from casetable import workflow
    from casetable.cli.show import change_value, envelope, item_value, screening_value, summary_value

    found = workflow.status(workspace_of(context), today())
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
                changed=[
                    {
                        **item_value(each.item),
                        "changed": next((c.kind.standing for c in each.changes if c.kind.standing), ""),
                        "changes": [change_value(change) for change in each.changes],
                        "without": list(each.without),
                    }
                    for each in found.changed
                ],
                table=summary_value(found.table),
                **({"screening": screening_value(found.screening)} if found.screening else {}),
                **({"records": [item_value(item) for item in found.items]} if is_listing else {}),
            )
        )
        return
    for line in _status_lines(found, is_listing=is_listing):
        echo(line)


def _status_summary(found: Status) -> dict[str, int]:
    return {
        "reports_found": len(found.items),
        "no_longer_found": found.gone,
        "undecided": len(found.undecided),
        "excluded": found.excluded,
        "included": len(found.included),
        "awaiting_extraction": len(found.awaiting_extraction),
        "to_request": len(found.to_request),
        "cases": found.cases,
        "patients": found.patients,
        "cannot_tell": found.cannot_tell,
        "errors": found.errors,
        "warnings": found.warnings,
    }


def _status_lines(found: Status, *, is_listing: bool) -> Iterator[str]:
    from casetable.cli.show import agreement_lines, counted, named

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
    if found.cases != found.patients or found.cannot_tell:
        told = f"; of {counted(found.cannot_tell, 'overlap')} nobody can tell" if found.cannot_tell else ""
        yield f"{counted(found.cases, 'eligible case')} of {counted(found.patients, 'patient')}{told}"
    screening = found.screening
    for title, items, hint in (
        ("undecided", found.undecided, "next: casetable screen"),
        (
            "awaiting a second decision",
            screening.awaiting if screening else (),
            "next: the second person's casetable screen",
        ),
        (
            "decisions differ",
            screening.conflicts if screening else (),
            "next: casetable screen RECORD --include --settle, or --exclude REASON --settle",
        ),
        ("awaiting extraction", found.awaiting_extraction, "next: casetable new RECORD"),
        ("still to be requested, as they could not be read in full", found.to_request, ""),
    ):
        if items:
            yield ""
            yield f"{title} ({len(items)})" + (f"; {hint}" if hint else "")
            yield from (f"  {named(item.record)}" for item in items[:SHOWN_AT_MOST])
            if len(items) > SHOWN_AT_MOST:
                yield f"  and {len(items) - SHOWN_AT_MOST} more"
    if screening is not None and screening.agreement:
        yield ""
        yield "agreement of screeners, before anything was settled"
        for agreed in screening.agreement:
            yield from agreement_lines(agreed)
    if found.changed:
        yield ""
        yield f"changed since it was published ({len(found.changed)})"
        for each in found.changed:
            yield f"  {named(each.item.record)} ({each.item.screened.standing})"
            for change in each.changes:
                word = change.acknowledgment
                kept = f"; acknowledged by {word.by} on {word.when}: {word.reason}" if word else ""
                yield f"      {change.text}{kept}"
            if each.without:
                yield "      without it:"
                yield from (f"        {text}" for text in each.without)
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


# The formats that are written: formats.export.Form, which is not imported before a command needs it.
FORMS = ("ris", "nbib", "pubmed-xml", "bibtex", "endnote-xml", "csl-json", "wos", "csv")


# --- dedupe, build, rules ---------------------------------------------------------------------------------------------


@click.command()
@click.argument("files", nargs=-1, metavar="[FILE]...", type=click.Path())
@click.option("--explain", nargs=2, metavar="A B", help="Say why two records are one report, or are not.")
@click.option("--clusters", metavar="FILE", help="Write record_id,cluster_id, a row a record.")
@click.option("--pairs", metavar="FILE", help="Write the pairs that are the same, may be, or are linked, and why.")
@click.option(
    "--to",
    metavar="FORMAT",
    type=click.Choice(FORMS, case_sensitive=False),
    help=f"Write one record a report, as {', '.join(FORMS)}.",
)
@click.option("--out", metavar="FILE", help="Where --to writes (default: stdout).")
@click.option("--keep-all", is_flag=True, help="With --to: write every record, none merged.")
@click.option("--merges", metavar="FILE", help="Write which records became one, what each gave, and each as it was.")
@click.option(
    "--rulings", metavar="FILE", help="What persons ruled the same and different, as curated/duplicates.yaml."
)
@click.option("--cochrane-versions", is_flag=True, help="Take the versions of a Cochrane review for one report.")
@click.option("--preprints", is_flag=True, help="Take a preprint and its article for one report.")
@form_option()
@click.pass_context
def dedupe(
    context: click.Context,
    files: tuple[str, ...],
    explain: tuple[str, str] | None,
    clusters: str | None,
    pairs: str | None,
    to: str | None,
    out: str | None,
    merges: str | None,
    rulings: str | None,
    form: str,
    *,
    keep_all: bool,
    cochrane_versions: bool,
    preprints: bool,
) -> None:
    """Find the records of one report, in files or in the review, and say why they are one.

    FILE is CSV, RIS, NBIB, PubMed XML, BibTeX, EndNote XML or tagged text, CSL-JSON, Web of Science text or records.jsonl,
    also gzipped; it need not belong to a review, and is never changed. Without a file it is the review's own records.
    """
    from pathlib import Path

    from casetable.cli.duplicates import Asked, dedupe_files

    asked = Asked(
        explain=explain,
        clusters=clusters,
        pairs=pairs,
        to=to,
        out=out,
        merges=merges,
        rulings=rulings,
        form=form,
        joins_cochrane_versions=cochrane_versions,
        joins_preprints=preprints,
        keeps_all=keep_all,
    )
    if files:
        dedupe_files([Path(file) for file in files], asked)
        return
    from casetable import workflow
    from casetable.cli.show import counted, envelope
    from casetable.errors import UsageError

    try:
        workspace = workspace_of(context)
    except UsageError as error:
        raise UsageError(f"no FILE to deduplicate, and no review: {error}") from None
    if asked.is_of_files:
        own = workspace.duplicates_path
        dedupe_files([workspace.records_path], asked if rulings or not own else replace(asked, rulings=str(own)))
        return
    if rulings or out or keep_all or cochrane_versions or preprints:
        raise UsageError(
            "--rulings, --out, --keep-all, --cochrane-versions and --preprints are for files, or for --clusters, --pairs,"
            " --to and --merges"
        )
    if explain:
        is_same, reasons, fields = workflow.explain_pair(workspace, *explain)
        if form == "json":
            click.echo(envelope((), {"same": is_same}, reasons=list(reasons), fields=list(fields)))
            return
        echo(f"{explain[0]} and {explain[1]} are {'one report' if is_same else 'different reports'}")
        for line in (*reasons, *fields):
            echo(f"  {line}")
        return
    grouped = workflow.groups(workspace)
    found = [group for group in grouped.groups if len(group.keys) > 1]
    if form == "json":
        value = [
            {"keys": list(group.keys), "reasons": [[link.one, link.other, link.reason] for link in group.links]}
            for group in found
        ]
        summary = {
            "groups": len(found),
            "possible": len(grouped.possible),
            "linked": len(grouped.linked),
            "broken": len(grouped.broken),
        }
        click.echo(
            envelope(
                (),
                summary,
                groups=value,
                possible=[[link.one, link.other, link.reason] for link in grouped.possible],
                linked=[[link.one, link.other] for link in grouped.linked],
            )
        )
        return
    for group in found:
        echo(", ".join(group.keys))
        for link in group.links:
            echo(f"  {link.one} and {link.other}: {link.reason}")
    echo(f"{counted(len(found), 'report')} with more than one record")
    if grouped.possible:
        echo()
        echo(f"possible pairs, for a person to rule on in curated/duplicates.yaml ({len(grouped.possible)})")
        for link in grouped.possible:
            echo(f"  {link.one} and {link.other}: {link.reason}")
    if grouped.broken:
        echo()
        echo(f"not joined, as that would join two that surely differ ({len(grouped.broken)})")
        for pair, apart in grouped.broken:
            echo(f"  {pair.one} and {pair.other}: {apart.one} and {apart.other} differ ({apart.reason})")
    if grouped.linked:
        echo()
        echo(f"preprints and their articles, which are two reports of one work ({len(grouped.linked)})")
        for link in grouped.linked:
            echo(f"  {link.one} and {link.other}")


@click.command()
@click.option("--out", "folder", type=click.Path(), help="Where to write (default: build/ in the review).")
@form_option()
@dry
@click.pass_context
def build(context: click.Context, folder: str | None, form: str, *, is_dry: bool) -> None:
    """Build the table: Markdown, CSV, one HTML page, and the PRISMA numbers."""
    from pathlib import Path

    from casetable.cli.show import counted, envelope, item_value, named
    from casetable.problems import Severity
    from casetable.workflow import building

    with Progress(is_shown=True) as progress:
        reading = progress.of("reading reports")
        target = Path(folder) if folder else None
        built = building.build(
            workspace_of(context),
            today(),
            target,
            is_dry=is_dry,
            progress=lambda done, of: progress("building", done, of),
            reading=reading,
        )
    errors = sum(1 for problem in built.problems if problem.severity is Severity.ERROR)
    warnings = len(built.problems) - errors
    if form == "json":
        summary = {
            "cases": len(built.table.rows),
            "patients": built.table.patients,
            "undecided": len(built.undecided),
            "errors": errors,
            "warnings": warnings,
        }
        listed = [item_value(item) for item in built.undecided]
        outcome = {"set_aside": dict(built.set_aside), "removed": list(built.removed), "left": list(built.left)}
        click.echo(
            envelope((), summary, folder=str(built.folder), files=list(built.files), undecided=listed, **outcome)
        )
        return
    several = len(built.table.rows) != built.table.patients
    patients = f" ({counted(built.table.patients, 'patient')})" if several else ""
    echo(
        f"{'would build' if is_dry else 'built'} a table of {counted(len(built.table.rows), 'case')}{patients} in {built.folder}:"
    )
    echo(f"  {', '.join(built.files)}")
    for name, kept in built.set_aside.items():
        echo(f"{name} was changed since it was built: your version is kept as {kept}")
    if built.removed:
        echo(f"removed, as they are not built any more: {', '.join(built.removed)}")
    for name in built.left:
        echo(f"{name} is not built any more, and was changed since: it is left as it is")
    if built.undecided:
        echo(f"undecided, so not in the table yet ({len(built.undecided)}):")
        for item in built.undecided[:SHOWN_AT_MOST]:
            echo(f"  {named(item.record)}")
        if len(built.undecided) > SHOWN_AT_MOST:
            echo(f"  and {len(built.undecided) - SHOWN_AT_MOST} more")
    for item in built.table.not_extracted:
        echo(f"included, but not extracted yet: {named(item.record)}")
    for imbalance in built.flow.imbalances:
        remark(f"the flow diagram does not add up: {imbalance.told}")
    if errors:
        remark(f"the review has {counted(errors, 'error')}; 'casetable check' names them")


@click.command()
@click.argument("name", required=False)
@click.option("--out", metavar="FILE", help="Write it there (default: stdout).")
@click.option("--write", "is_writing", is_flag=True, help="Write all where the files of the review name them.")
@form_option()
@dry
@click.pass_context
def schema(
    context: click.Context, name: str | None, out: str | None, form: str, *, is_writing: bool, is_dry: bool
) -> None:
    """Print the JSON Schema of a hand-written file, by which an editor completes and checks it; without NAME, list them.

    That of an extraction follows from the review's form.
    """
    from pathlib import Path

    from casetable import workflow
    from casetable.errors import UsageError

    if is_writing:
        if name or out:
            raise UsageError(
                "--write writes all schemas where the review's files name them; expected no NAME and no --out"
            )
        for path in workflow.write_schemas(workspace_of(context), is_dry=is_dry):
            echo(f"{'would write' if is_dry else 'wrote'} {path}")
    elif name is None:
        if out:
            raise UsageError(f"--out needs a NAME: {', '.join(workflow.schema_names())}")
        names = workflow.schema_names()
        if form == "json":
            listed = [{"name": each, "file": title} for each, title in names.items()]
            click.echo(
                json.dumps(
                    {"schema": 1, "problems": [], "summary": {"schemas": len(listed)}, "schemas": listed}, indent=2
                )
            )
            return
        for each, title in names.items():
            echo(f"{each:<{max(map(len, names))}}  {title}")
    else:
        data = workflow.schema(name, lambda: workspace_of(context))
        if out is None:
            click.echo(data, nl=False)
            return
        if not is_dry:
            workflow.write_schema_file(Path(out), data)
        echo(f"{'would write' if is_dry else 'wrote'} {out}")


@click.command()
@click.argument("code", required=False)
@form_option("markdown")
def rules(code: str | None, form: str) -> None:
    """List the rules of 'check' and 'lint', or explain one; as Markdown, the page of all."""

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
    if form == "markdown":
        from casetable.render.catalogue import render_rules

        click.echo(render_rules(listed), nl=False)
        return
    if not code:
        for rule in listed:
            echo(f"{rule.code}  {rule.severity.value:<7}  {rule.summary}")
        return
    rule = listed[0]
    for line in (
        f"{rule.code} {rule.name} ({rule.severity})",
        rule.summary,
        "",
        f"why: {rule.why}",
        f"fix: {rule.fix}",
    ):
        echo(line)
    bad = "the file is missing" if rule.example.bad is None else rule.example.bad or "the lines are missing"
    for title, text in (("good", rule.example.good), ("bad", bad)):
        if text:
            echo()
            echo(f"{title}, in {rule.example.path}:")
            for line in text[:600].rstrip("\n").split("\n"):
                echo(f"    {line[:160]}")
