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
from casetable.render.text import render_cells, render_flow, render_markdown, render_table, table_name
from casetable.render.workbook import render_workbook

Output = Callable[[], bytes]


def outputs(edition: Edition, rules: Sequence[Rule] = ()) -> Mapping[str, Output]:
    """Returns what `build` writes by file name, each to be rendered when it is called.

    `rules` are those that found the edition's problems.
    """
    found: dict[str, Output] = {}
    for table, printed in zip(edition.tables, edition.printed, strict=True):
        name = table_name(table)
        found[f"{name}.docx"] = partial(render_document, printed)
        found[f"{name}.md"] = partial(render_markdown, edition.review, table, printed)
        found[f"{name}.csv"] = partial(render_table, table)
    found["table.xlsx"] = partial(render_workbook, edition.review, edition.tables, edition.printed)
    found["cells.csv"] = partial(render_cells, edition.table)
    found["prisma.json"] = partial(render_flow, edition.flow)
    found["prisma.csv"] = partial(render_prisma_csv, edition.review, edition.flow)
    # The page holds these pictures, too.
    diagram = cache(partial(render_diagram_svg, edition.diagram))
    found["prisma.svg"] = diagram
    found["prisma.png"] = partial(render_diagram_png, edition.diagram)
    courses = {chart.case: cache(partial(render_course_svg, chart)) for chart in edition.charts}
    for chart in edition.charts:
        found[f"figures/{chart.name}.svg"] = courses[chart.case]
        found[f"figures/{chart.name}.pdf"] = partial(render_course_pdf, chart)
        found[f"figures/{chart.name}.png"] = partial(render_course_png, chart)
    for name, records in edition.references.items():
        for form, ending in _REFERENCES.items():
            found[f"references/{name}.{ending}"] = partial(write_bibliography, form, records)
    beside = frozenset(found)
    found["report.html"] = lambda: render_report(
        edition,
        rules,
        diagram=diagram(),
        figures={case: render() for case, render in courses.items()},
        beside=beside,
    )
    return found


_REFERENCES = {Form.CSL_JSON: "json", Form.RIS: "ris", Form.BIBTEX: "bib"}
