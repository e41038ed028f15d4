"""The command `overlap`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from casetable.cli.invocation import echo, form_option, workspace_of

if TYPE_CHECKING:
    from casetable.overlap import Comparison, Possible


@click.command()
@click.argument("cases", nargs=-1, metavar="[A B]")
@form_option()
@click.pass_context
def overlap(context: click.Context, cases: tuple[str, ...], form: str) -> None:
    """Show which cases of different reports may be one patient, and what speaks for and against it.

    A and B are two cases, each as REPORT/CASE (doe-2020/1): whether it is raised or not, they are compared line by line. What you
    rule stands in curated/overlaps.yaml.
    """
    from casetable import workflow
    from casetable.cli.show import counted, envelope
    from casetable.errors import UsageError

    if len(cases) not in {0, 2}:
        raise UsageError("two cases are compared; expected both, each as REPORT/CASE, or none")
    if cases:
        compared, ruled = workflow.explain_cases(workspace_of(context), *cases)
        if form == "json":
            click.echo(envelope((), {"score": round(compared.score, 2)}, comparison=_value(compared), ruled=ruled))
            return
        for line in _lines(compared):
            echo(line)
        if ruled:
            echo(f"ruled: {ruled}")
        return
    found, patients, cases_, untold = workflow.overlaps(workspace_of(context))
    summary = {"cases": cases_, "patients": patients, "possible": len(found), "cannot_tell": untold}
    if form == "json":
        possible = [
            {"one": list(each.one), "other": list(each.other), **_value(each.comparison)} for each in found
        ]  # fmt: skip
        click.echo(envelope((), summary, possible=possible))
        return
    for each in found:
        for line in _lines(each.comparison, each):
            echo(line)
        echo()
    told = f", {counted(untold, 'ruling')} 'cannot tell'" if untold else ""
    echo(
        f"{counted(cases_, 'case')} of {counted(patients, 'patient')}, {counted(len(found), 'possible overlap')}{told}"
    )
    if found:
        echo("rule in curated/overlaps.yaml: same, different or cannot tell")


def _value(compared: Comparison) -> dict[str, Any]:
    return {
        "cases": [compared.one, compared.other],
        "score": round(compared.score, 2),
        "lines": [
            {"what": line.what, "sense": line.sense.value, "told": line.told, "worth": round(line.worth, 2)}
            for line in compared.lines
        ],
    }


def _lines(compared: Comparison, possible: Possible | None = None) -> Iterator[str]:
    from casetable.overlap import Sense

    several = [names for names in (possible.one, possible.other) if len(names) > 1] if possible else []
    others = f" (nothing tells which of {', '.join(several[0])})" if several else ""
    yield f"{compared.one} and {compared.other}{others}"
    for sense in Sense:
        lines = [line for line in compared.lines if line.sense is sense]
        if sense is Sense.MISSING:
            if lines:
                yield f"  missing      {', '.join(line.what for line in lines)}"
            continue
        for line in sorted(lines, key=lambda line: -abs(line.worth)):
            yield f"  {sense.value:<11}  {line.worth:+.1f}  {line.what}: {line.told}"
    if possible and compared.score < 0:
        yield "  raised, as nothing of the patients of one report could be read, and chance would hardly bring its authors together"
    yield f"  in all       {compared.score:+.1f}  (before looking {compared.before:+.1f}; above 0 more speaks for one patient)"
