"""The command `overlap`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from casetable.cli.invocation import dry, echo, form_option, today, workspace_of

if TYPE_CHECKING:
    from casetable.overlap import Comparison, Possible
    from casetable.workspace import Workspace


@click.command()
@click.argument("cases", nargs=-1, metavar="[A B]")
@click.option("--same", "verdict", flag_value="same", help="Rule that A and B are one patient.")
@click.option("--different", "verdict", flag_value="different", help="Rule that they are not.")
@click.option("--cannot-tell", "verdict", flag_value="cannot tell", help="Rule that nobody can tell.")
@click.option("--by", help="Who rules (default: git's user.name).")
@click.option("--note", default="", help="A note to the ruling.")
@dry
@form_option()
@click.pass_context
def overlap(
    context: click.Context,
    cases: tuple[str, ...],
    verdict: str | None,
    by: str | None,
    note: str,
    form: str,
    *,
    is_dry: bool,
) -> None:
    """Show which cases of different reports may be one patient, and what speaks for and against it; or rule on it.

    A and B are two cases, each as REPORT/CASE (doe-2020/1): whether it is raised or not, they are compared line by line. What you
    rule stands in curated/overlaps.yaml.
    """
    from casetable import workflow
    from casetable.cli.show import counted, envelope
    from casetable.errors import UsageError

    if verdict is not None:
        _rule(workspace_of(context), cases, verdict, by, note, is_dry=is_dry)
        return
    if by is not None or note or is_dry:
        raise UsageError("--by, --note and --dry-run are of a ruling; expected --same, --different or --cannot-tell")
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
        echo("next: casetable overlap A B --same (or --different, --cannot-tell); or rule in curated/overlaps.yaml")


def _rule(
    workspace: Workspace, cases: tuple[str, ...], verdict: str, by: str | None, note: str, *, is_dry: bool
) -> None:
    from casetable.model import OverlapVerdict
    from casetable.problems import joined
    from casetable.workflow.rulings import rule_overlap

    edited = rule_overlap(
        workspace,
        cases,
        verdict=OverlapVerdict(verdict),
        by=by if by is not None else workspace.curator(),
        note=note,
        today=today(),
        is_dry=is_dry,
    )
    echo(f"{'would record' if is_dry else 'recorded'} in {edited.path}: {joined(cases, 'and')} {verdict}")


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
