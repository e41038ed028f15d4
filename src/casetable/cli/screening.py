"""The commands of screening and extraction: screen, new. Each imports its workflow when it runs."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from casetable.cli.invocation import SHOWN_AT_MOST, dry, echo, remark, today, workspace_of

if TYPE_CHECKING:
    from casetable.review import Item
    from casetable.workspace import Workspace


# --- screen, new ------------------------------------------------------------------------------------------------------


@click.command()
@click.argument("record", required=False)
@click.option("--include", "verdict", flag_value="include", help="Include RECORD.")
@click.option("--exclude", "reason", metavar="REASON", help="Exclude RECORD for a reason of the protocol.")
@click.option("--settle", is_flag=True, help="Let this stand over decisions on RECORD that differ; --by: who agreed.")
@click.option("--stage", type=click.Choice(["records", "reports"]), help="What the decision was taken on.")
@click.option("--by", help="Who decides (default: git's user.name).")
@click.option("--note", default="", help="A note to the decision.")
@click.option("--export", metavar="FILE", help="Write the undecided records as RIS, for Rayyan or ASReview.")
@click.option(
    "--decisions", metavar="FILE", multiple=True, help="Take the decisions of an export of Rayyan or ASReview."
)
@click.option("--reason", "fallback", default="", help="With --decisions: the reason of exclusions that have none.")
@dry
@click.pass_context
def screen(
    context: click.Context,
    record: str | None,
    verdict: str | None,
    reason: str | None,
    stage: str | None,
    by: str | None,
    note: str,
    export: str | None,
    decisions: tuple[str, ...],
    fallback: str,
    *,
    settle: bool,
    is_dry: bool,
) -> None:
    """Decide on records: one after the other at the keyboard, one on the command line, or all in Rayyan or ASReview."""
    from casetable import workflow
    from casetable.errors import UsageError
    from casetable.model import Stage, Verdict

    workspace = workspace_of(context)
    if export or decisions:
        if record or verdict or settle or reason is not None or note or bool(export) == bool(decisions):
            raise UsageError(
                "--export and --decisions each stand alone; expected one of them, with --by, --reason or --stage"
            )
        if export:
            _export(workspace, export, by or "", is_dry=is_dry)
        else:
            _take(workspace, decisions, by or "", fallback, stage or "records", is_dry=is_dry)
        return
    if fallback:
        raise UsageError(
            "--reason goes with --decisions; to exclude one record: casetable screen RECORD --exclude REASON"
        )
    by = by if by is not None else workspace.curator()
    if record is None:
        if verdict or settle or reason is not None:
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
        today=today(),
        settle=settle,
        is_dry=is_dry,
    )
    told = f"excluded: {decision.reason}" if decision.reason else "included"
    echo(
        f"{'would record' if is_dry else 'recorded'}: {decision.key} {told} (stage {decision.stage}, by {decision.by})"
        + ("; this settles it" if settle else "")
    )


def _export(workspace: Workspace, path: str, by: str, *, is_dry: bool) -> None:
    from pathlib import Path

    from casetable.cli.show import counted
    from casetable.workflow.exchange import export_undecided

    sent = export_undecided(workspace, Path(path), by=by, is_dry=is_dry)
    echo(f"{'would write' if is_dry else 'wrote'} {counted(sent.reports, 'undecided report')} to {path}")
    if sent.without_abstract:
        echo(
            f"  {sent.without_abstract:,} of them without an abstract: abstracts are kept in the cache only, which has none"
            " of these"
        )
    echo(
        "next: screen them in Rayyan or ASReview, export them with the decisions, and: casetable screen --decisions FILE"
    )


def _take(workspace: Workspace, files: tuple[str, ...], by: str, reason: str, stage: str, *, is_dry: bool) -> None:
    from pathlib import Path

    from casetable.cli.show import counted
    from casetable.model import Stage, Verdict
    from casetable.workflow.exchange import take_decisions

    taken = take_decisions(
        workspace,
        [Path(file) for file in files],
        by=by,
        reason=reason,
        stage=Stage(stage),
        today=today(),
        is_dry=is_dry,
    )
    for fault in taken.faults:
        remark(fault)
    included = sum(decision.verdict is Verdict.INCLUDE for decision in taken.decisions)
    verb = "would record" if is_dry else "recorded"
    echo(
        f"{verb} {counted(len(taken.decisions), 'decision')}: {included:,} to include,"
        f" {len(taken.decisions) - included:,} to exclude"
    )
    if taken.already:
        echo(f"  {counted(taken.already, 'record')} decided the same before")
    if taken.unseen:
        echo(f"  {counted(taken.unseen, 'record')} that nobody decided on there")
    if taken.open:
        echo(f"left open ({len(taken.open)})")
        for told in taken.open[:SHOWN_AT_MOST]:
            echo(f"  {told}")
        if len(taken.open) > SHOWN_AT_MOST:
            echo(f"  and {len(taken.open) - SHOWN_AT_MOST:,} more")


_HELP = "i include   e exclude   n note   s skip   u undo   q quit"


def _screen_all(workspace: Workspace, by: str, stage: str | None) -> None:
    """Goes through the undecided reports at the keyboard; every decision is in the file before the next is asked.

    Where two persons screen, each sees only what they did not decide on themselves, and nothing of the other's decisions.
    """
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
    wanted = Stage(stage) if stage else None
    items = review.undecided_by(by, wanted)
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
                echo("  taken back")
            else:
                echo("  nothing to take back")
            continue
        if key == "n":
            note = click.prompt("  note", default="", show_default=False)
            continue
        if key == "s":
            at, note = at + 1, ""
            continue
        if key not in {"i", "e"}:
            echo(f"  {_HELP}")
            continue
        reason = _ask_reason(reasons) if key == "e" else ""
        if key == "e" and not reason:
            continue
        _, before, after = workflow.decide(
            workspace,
            item.record.key,
            verdict=Verdict.EXCLUDE if key == "e" else Verdict.INCLUDE,
            reason=reason,
            stage=wanted,
            by=by,
            note=note,
            today=today(),
            review=review,
        )
        echo(f"  excluded: {reason}" if reason else "  included")
        taken.append((at, before, after))
        at, note = at + 1, ""
    review = workflow.load_review(workspace)
    left = f"{len(review.undecided)} undecided"
    if review.screeners > 1:
        left += f", {len(review.undecided_by(by, wanted))} left for {by}"
    echo(f"{len(taken)} decided, {left}; every decision is in the file")


def _show_item(item: Item, number: int, of: int, note: str) -> None:
    record = item.record
    echo("")
    echo(f"[{number}/{of}] {record.title}")
    echo(f"  {record.citation}")
    echo(f"  found by {', '.join(item.strategies)}" + (f"; {record.url}" if record.url else ""))
    if note:
        echo(f"  note: {note}")
    echo(f"  {_HELP}")


def _ask_reason(reasons: dict[str, str]) -> str:
    """Returns the reason chosen by its number, or nothing where it was left."""
    if not reasons:
        echo("  review.yaml lists no exclusion_reasons")
        return ""
    names = list(reasons)
    for number, name in enumerate(names, start=1):
        echo(f"  {number} {name}: {reasons[name]}")
    answer = click.prompt("  reason (number, empty to go back)", default="", show_default=False).strip()
    if answer.isdecimal() and 1 <= int(answer) <= len(names):
        return names[int(answer) - 1]
    if answer in reasons:
        return str(answer)
    if answer:
        echo(f"  there is no reason {answer}")
    return ""


@click.command()
@click.argument("record")
@dry
@click.pass_context
def new(context: click.Context, record: str, *, is_dry: bool) -> None:
    """Write an extraction of RECORD to fill in: every field of the form in place."""
    from casetable import workflow

    path, data = workflow.new(workspace_of(context), record, is_dry=is_dry)
    if is_dry:
        click.echo(data.decode(), nl=False)
    else:
        echo(f"wrote {path}")
        remark("next: fill it in, and run 'casetable check'")
