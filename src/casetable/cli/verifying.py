"""The command `verify`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from casetable.cli.invocation import Progress, dry, echo, form_option, remark, today, workspace_of

if TYPE_CHECKING:
    from casetable.quotes import Judged
    from casetable.workflow.verifying import VerifiedReview


@click.command()
@click.argument("files", nargs=-1, metavar="[FILE]...")
@click.option("--text", type=click.Path(), help="The report's text: txt, PDF, HTML or JATS XML; for one FILE.")
@click.option("--strict", is_flag=True, help="Turn every warning into an error: unverifiable cells too.")
@form_option()
@dry
@click.pass_context
def verify(
    context: click.Context, files: tuple[str, ...], text: str | None, form: str, *, strict: bool, is_dry: bool
) -> int:
    """Verify that what the cells quote stands in the reports' texts, and bears their values out.

    FILE is an extraction, by its name or path; without one it is all. A text is looked for in .casetable/texts/ and in what
    'refresh --texts' fetched. What was verified is recorded in curated/verified.jsonl, so that 'check' tells when a cell
    changes. Ends 1 where a cell is not in its text, or only something like it.
    """
    from pathlib import Path

    from casetable.cli.show import envelope, folded, problem_lines
    from casetable.problems import Severity
    from casetable.problems import strict as made_strict
    from casetable.workflow.verifying import verify as run

    with Progress(is_shown=True) as progress:
        found = run(
            workspace_of(context),
            files,
            text=Path(text) if text else None,
            today=today(),
            is_dry=is_dry,
            progress=progress.of("verifying reports"),
        )
    problems = made_strict(found.problems) if strict else found.problems
    errors = sum(1 for problem in problems if problem.severity is Severity.ERROR)
    for report in found.reports:
        for fault in report.unread:
            remark(f"a text of {report.report.name} was not read: {fault}")
    if form == "json":
        click.echo(envelope(problems, _summary(found), cells=[_cell(name, each) for name, each in _all(found)]))
    else:
        for line in problem_lines(problems if strict else folded(problems, "verify")):
            click.echo(line)
        for told in _lines(found):
            echo(told)
    return 2 if found.is_unread else 1 if errors else 0


def _all(found: VerifiedReview) -> Iterator[tuple[str, Judged]]:
    for report in found.reports:
        for each in report.judged:
            yield report.report.name, each


def _summary(found: VerifiedReview) -> dict[str, Any]:
    from casetable.quotes import Kind, count_outcomes

    def told(judged: list[Judged]) -> dict[str, int]:
        return {"checked": len(judged), **{name.value: number for name, number in count_outcomes(judged).items()}}

    kinds = {f"{kind.value}s": told([each for each in found.judged if each.slot.kind is kind]) for kind in Kind}
    return {**told(list(found.judged)), "kinds": kinds}


def _cell(report: str, each: Judged) -> dict[str, Any]:
    slot = each.slot
    return {
        "report": report,
        "case": slot.case,
        "field": slot.field.name,
        "cell": slot.name,
        "kind": slot.kind.value,
        "value": slot.cell.text,
        "unit": slot.unit,
        "reported": slot.cell.reported,
        "where": slot.where,
        "outcome": each.outcome.value,
        "message": each.message,
        "text": each.text,
        "start": each.start,
        "end": each.end,
        "found": each.found,
    }


def _lines(found: VerifiedReview) -> Iterator[str]:
    from casetable.cli.show import counted
    from casetable.quotes import count_outcomes

    summary = _summary(found)
    for report in found.reports:
        counts = count_outcomes(report.judged)
        texts = "; ".join(report.texts) or "no text at hand"
        told = ", ".join(f"{number} {name}" for name, number in counts.items() if number)
        yield f"{report.report.name}: {told or 'no cell to verify'} ({texts})"
    yield (
        f"checked {counted(summary['checked'], 'cell')}: {summary['verified']} verified, {summary['elsewhere']} elsewhere,"
        f" {summary['near']} near, {summary['absent']} absent, {summary['unverifiable']} unverifiable"
    )
    for kind, counts_ in summary["kinds"].items():
        if counts_["checked"]:
            yield f"  {kind}: {counts_['verified']} of {counts_['checked']} verified"
