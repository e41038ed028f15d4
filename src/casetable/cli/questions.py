"""The commands that ask the tables: sql, value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from casetable.cli.invocation import echo, form_option, remark, workspace_of

if TYPE_CHECKING:
    from casetable.claims import Asked, Verdict
    from casetable.claims.possible import CellRef, Value
    from casetable.workflow.questions import Numbered

# What a column of the text form shows of a long value; CSV and JSON have it whole.
_WIDTH = 60


@click.command()
@click.argument("query", metavar="SELECT")
@form_option("csv")
@click.pass_context
def sql(context: click.Context, query: str, form: str) -> None:
    """Ask the tables of the review with one SELECT.

    The tables are cases, cells, reports, records and searches; the README lists their columns. A cell without a value is
    NULL, and stderr says how many there are.
    """
    from casetable.workflow import questions

    asked = questions.ask(workspace_of(context), query)
    columns, rows = asked.answer.columns, asked.answer.rows
    if form == "json":
        from casetable.cli.show import envelope

        listed = [list(row) for row in rows]
        click.echo(
            envelope((), {"rows": len(rows), **_amounts(asked)}, columns=list(columns), rows=listed, **_lacks(asked))
        )
        return
    if form == "csv":
        from casetable.render.text import render_rows

        told = [[_plain(value) for value in row] for row in rows]
        click.echo(render_rows(columns, told), nl=False)
    else:
        for line in _aligned(columns, rows):
            echo(line)
    remark_missing(asked)


@click.command()
@click.argument("name", required=False)
@form_option()
@click.pass_context
def value(context: click.Context, name: str | None, form: str) -> None:
    """Give a number of the table by its name, or without one list all numbers and the verdicts on all claims.

    Numbers and claims stand in curated/claims.yaml.
    """
    from casetable.workflow import questions

    workspace = workspace_of(context)
    if name is None:
        numbers, verdicts, faults = questions.all_named(workspace)
        _list(numbers, verdicts, form)
        if faults:
            remark("not all of curated/claims.yaml can be used; 'casetable check' says why")
        return
    found = questions.named(workspace, name)
    if not isinstance(found, questions.Numbered):
        _list([], [found], form)
        return
    from casetable.errors import UsageError

    if found.fault:
        raise UsageError(f"{found.number.place}: {name} {found.fault}")
    if form == "json":
        from casetable.cli.show import envelope

        click.echo(envelope((), _number_value(found)))
        return
    if found.asked is not None and found.value is None:
        remark_missing(found.asked)
        raise UsageError(f"{name} has no value: no cell that it is taken from has one")
    echo(_plain(found.value))
    if found.asked is not None:
        remark_missing(found.asked)


def remark_missing(asked: Asked) -> None:
    """Says on stderr how many cells an answer is taken from, and which are missing."""
    from casetable.claims import listed_cells
    from casetable.claims.held import limits_text
    from casetable.cli.show import counted

    parts = [f"read {counted(asked.cells, 'cell')} with a value"] if asked.cells else []
    if asked.derived:
        parts.append(f"{asked.derived} of them derived")
    if asked.missing:
        told = listed_cells(asked.missing, most=20)
        parts.append(f"{counted(len(asked.missing), 'cell')} missing: {told}")
    if asked.open:
        parts.append(f"open: {'; '.join(asked.open)}")
    if asked.low is not None and asked.high is not None and asked.low < asked.high:
        parts.append(f"whatever is missing, it is {limits_text(asked.low, asked.high)}")
    if parts:
        remark("; ".join(parts))


_VERDICTS = {True: "true", False: "false", None: "cannot be decided"}


def _list(numbers: Sequence[Numbered], verdicts: Sequence[Verdict], form: str) -> None:
    from casetable.claims import lacking
    from casetable.cli.show import counted, envelope

    kinds = [_word(verdict) for verdict in verdicts]
    if form == "json":
        summary = {
            "values": len(numbers),
            "claims": len(verdicts),
            "true": kinds.count("true"),
            "false": kinds.count("false"),
            "undecided": kinds.count("cannot be decided"),
            "faulty": kinds.count("faulty"),
        }
        listed = [_number_value(number) for number in numbers]
        click.echo(envelope((), summary, values=listed, claims=[_verdict_value(verdict) for verdict in verdicts]))
        return
    width = max((len(number.number.name) for number in numbers), default=0)
    for number in numbers:
        lacks = (
            f"  ({counted(len(number.asked.missing), 'cell')} missing)" if number.asked and number.asked.missing else ""
        )
        told = number.fault or (_plain(number.value) if number.value is not None else "no value")
        about = f"  {number.number.text}" if number.number.text else ""
        echo(f"{number.number.name:<{width}}  {told}{about}{lacks}")
    for at, (verdict, kind) in enumerate(zip(verdicts, kinds, strict=True)):
        if at or numbers:
            echo()
        echo(f"{verdict.claim.name}: {kind}")
        echo(f'    "{verdict.claim.text}"')
        if verdict.fault is not None:
            echo(f"    {verdict.fault.message}")
            continue
        if verdict.found:
            echo(f"    expected {verdict.claim.expected.text}; {verdict.found}")
        if verdict.holds is None:
            for part in lacking(verdict):
                echo(f"    {part}")
        if verdict.derived:
            echo(f"    rests on {counted(verdict.derived, 'derived cell')}")
    if not numbers and not verdicts:
        echo("curated/claims.yaml names no numbers and no claims")


def _word(verdict: Verdict) -> str:
    return "faulty" if verdict.fault is not None else _VERDICTS[verdict.holds]


def _amounts(asked: Asked) -> dict[str, Any]:
    return {"cells": asked.cells, "missing": len(asked.missing), "derived": asked.derived}


def _lacks(asked: Asked) -> dict[str, Any]:
    return {"missing": [_cell_value(cell) for cell in asked.missing], "open": list(asked.open)}


def _cell_value(cell: CellRef) -> dict[str, str]:
    return {"report": cell.report, "case": cell.case, "field": cell.field}


def _number_value(numbered: Numbered) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": numbered.number.name,
        "text": numbered.number.text,
        "value": numbered.value,
        "fault": numbered.fault,
    }
    if numbered.asked is None:
        return told
    lacks = _lacks(numbered.asked)
    return {**told, **_amounts(numbered.asked), "missing_cells": lacks["missing"], "open": lacks["open"]}


def _verdict_value(verdict: Verdict) -> dict[str, Any]:
    return {
        "name": verdict.claim.name,
        "text": verdict.claim.text,
        "verdict": _word(verdict),
        "expected": verdict.claim.expected.text,
        "found": verdict.found,
        "breaking": list(verdict.breaking),
        "missing": [_cell_value(cell) for cell in verdict.missing],
        "circular": [_cell_value(cell) for cell in verdict.circular],
        "open": list(verdict.open),
        "derived": verdict.derived,
        "fault": verdict.fault.message if verdict.fault is not None else "",
    }


def _plain(value: Value) -> str:
    from casetable.claims.held import number_text

    if isinstance(value, float):
        return number_text(value)
    return "" if value is None else str(value)


def _aligned(columns: Sequence[str], rows: Sequence[Sequence[Value]]) -> list[str]:
    """Returns the lines of a table: numbers to the right, long texts cut."""
    from casetable.problems import visible

    def cut(text: str) -> str:
        text = visible(text)
        return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"

    cells = [[cut(column) for column in columns], *([cut(_plain(value)) for value in row] for row in rows)]
    widths = [max(len(line[at]) for line in cells) for at in range(len(columns))]
    is_number = [
        all(row[at] is None or isinstance(row[at], int | float) for row in rows) and bool(rows)
        for at in range(len(columns))
    ]
    lines = [
        "  ".join(
            text.rjust(width) if right else text.ljust(width)
            for text, width, right in zip(line, widths, is_number, strict=True)
        ).rstrip()
        for line in cells
    ]
    rule = "  ".join("-" * width for width in widths)
    return [lines[0], rule, *lines[1:]]
