"""The commands `template` and `import-cases`: extraction in a spreadsheet."""

from __future__ import annotations

import click

from casetable.cli.invocation import dry, echo, form_option, remark, today, workspace_of


@click.command()
@click.argument("record", required=False, default="")
@click.option("--out", required=True, metavar="FILE.xlsx", type=click.Path(), help="The spreadsheet to write.")
@click.option("--cases", type=click.IntRange(1, 200), default=1, help="How many cases it has rows for, at least.")
@dry
@click.pass_context
def template(context: click.Context, record: str, out: str, cases: int, *, is_dry: bool) -> None:
    """Write a spreadsheet to extract a report in, without YAML.

    RECORD is the key of an included report, or the name of its extraction, and the sheet is filled with what that says;
    without one it is blank. A row is one value: what it is, as the report prints it, and where. Choices are offered as
    lists, with the reasons for a missing value; the sheet 'How to' says the rest. Fill in the white cells in Excel or
    LibreOffice, save as .xlsx, and bring it back with 'casetable import-cases FILE.xlsx'.
    """
    from pathlib import Path

    from casetable.cli.show import counted
    from casetable.workflow.extraction import write_template

    written = write_template(workspace_of(context), record, Path(out), cases=cases, is_dry=is_dry)
    filled = f", filled with {counted(written.cells, 'cell')} of {written.source}" if written.source else ""
    echo(f"{'would write' if is_dry else 'wrote'} {written.path} for {counted(written.cases, 'case')}{filled}")
    if not is_dry:
        remark(f"next: fill in the white cells, and run 'casetable import-cases {written.path}'")


@click.command("import-cases")
@click.argument("file", metavar="FILE.xlsx", type=click.Path())
@click.option("--by", default="", help="Who extracted, where neither the sheet nor the file says it.")
@click.option("--replace", "is_replacing", is_flag=True, help="Let the sheet win where the file was changed meanwhile.")
@form_option()
@dry
@click.pass_context
def import_cases(context: click.Context, file: str, by: str, form: str, *, is_replacing: bool, is_dry: bool) -> int:
    """Bring what was filled in into the report's extraction.

    FILE.xlsx is a spreadsheet that 'casetable template' wrote. Only what differs is changed in the file; its comments and all
    else stay. A blank never deletes. Ends 2 where the sheet has a fault: each is named by its cell, and nothing is written.
    """
    from pathlib import Path

    from casetable.cli.show import counted, envelope, problem_lines
    from casetable.workflow.extraction import import_cases as run

    found = run(workspace_of(context), Path(file), by=by, today=today(), is_replacing=is_replacing, is_dry=is_dry)
    if form == "json":
        summary = {
            "changes": found.changes,
            "is_new": not found.before,
            "is_written": bool(found.changes) and not is_dry,
        }
        click.echo(envelope(found.problems, summary, path=found.path))
    else:
        for line in problem_lines(found.problems):
            click.echo(line)
        if found.is_refused:
            remark("nothing was written; mend the cells named, and import again")
        elif not found.changes:
            echo(f"{found.path} says all of it already; nothing was written")
        elif not found.before:
            echo(f"{'would write' if is_dry else 'wrote'} {found.path}")
        else:
            echo(f"{'would change' if is_dry else 'changed'} {found.path} in {counted(found.changes, 'place')}")
    if found.changes and not is_dry and form == "text":
        remark("next: 'casetable check' says what is still blank, and git diff shows what changed")
    return 2 if found.is_refused else 0
