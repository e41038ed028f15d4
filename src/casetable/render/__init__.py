"""An edition of a review to the bytes of its files, each by its name.

The bytes depend on the review alone: no clock, no locale, no folder.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial

from casetable.edition import Edition
from casetable.formats.bibliography import write_bibliography
from casetable.formats.export import Form
from casetable.problems import Rule
from casetable.render.diagram import render_diagram_png, render_diagram_svg
from casetable.render.document import render_document
from casetable.render.figure import render_course_pdf, render_course_png, render_course_svg
from casetable.render.prisma_csv import render_prisma_csv
from casetable.render.report import render_report
from casetable.render.text import render_cells, render_flow, render_markdown, render_table
from casetable.render.workbook import render_workbook

Output = Callable[[], bytes]


def outputs(edition: Edition, rules: Sequence[Rule] = ()) -> Mapping[str, Output]:
    """Returns what `build` writes by file name, each to be rendered when it is called.

    `rules` are those that found the edition's problems.
    """
    found: dict[str, Output] = {}
    for index, table in enumerate(edition.tables):
        name = table_name(table.layout.name)
        found[f"{name}.docx"] = lambda index=index: render_document(edition.printed[index])  # type: ignore[misc]
        found[f"{name}.md"] = lambda index=index, table=table: render_markdown(  # type: ignore[misc]
            edition.review, table, edition.printed[index]
        )
        found[f"{name}.csv"] = lambda table=table: render_table(table)  # type: ignore[misc]
    found["table.xlsx"] = lambda: render_workbook(edition.review, edition.tables, edition.printed)
    found["cells.csv"] = lambda: render_cells(edition.table)
    found["prisma.json"] = lambda: render_flow(edition.flow)
    found["prisma.csv"] = lambda: render_prisma_csv(edition.review, edition.flow)
    diagram = cache(lambda: render_diagram_svg(edition.diagram))
    found["prisma.svg"] = diagram
    found["prisma.png"] = lambda: render_diagram_png(edition.diagram)
    courses = {chart.name: cache(partial(render_course_svg, chart)) for chart in edition.charts}
    for chart in edition.charts:
        found[f"figures/{chart.name}.svg"] = courses[chart.name]
        found[f"figures/{chart.name}.pdf"] = partial(render_course_pdf, chart)
        found[f"figures/{chart.name}.png"] = partial(render_course_png, chart)
    for name, records in edition.references.items():
        for form, ending in _REFERENCES.items():
            found[f"references/{name}.{ending}"] = lambda records=records, form=form: write_bibliography(form, records)  # type: ignore[misc]
    found["report.html"] = lambda: render_report(
        edition,
        rules,
        diagram=diagram(),
        figures={chart.case: courses[chart.name]() for chart in edition.charts},
        beside=found.keys() - {"report.html"},
    )
    return found


_REFERENCES = {Form.CSL_JSON: "json", Form.RIS: "ris", Form.BIBTEX: "bib"}


def table_name(name: str) -> str:
    """Returns what the files of a table are called, without ending: "table" for the manuscript's, "table-NAME" for others."""
    return f"table-{name}" if name else "table"
