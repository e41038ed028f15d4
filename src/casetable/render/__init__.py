"""An edition of a review to the bytes of its files, each by its name.

The bytes depend on the review alone: no clock, no locale, no folder.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from casetable.edition import Edition
from casetable.render.document import render_document
from casetable.render.page import render_page
from casetable.render.text import render_cells, render_flow, render_markdown, render_table
from casetable.render.workbook import render_workbook

Output = Callable[[], bytes]


def outputs(edition: Edition) -> Mapping[str, Output]:
    """Returns what `build` writes by file name, each to be rendered when it is called."""
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
    found["table.html"] = lambda: render_page(edition.review, edition.table, edition.flow)
    found["prisma.json"] = lambda: render_flow(edition.flow)
    return found


def table_name(name: str) -> str:
    """Returns what the files of a table are called, without ending: "table" for the manuscript's, "table-NAME" for others."""
    return f"table-{name}" if name else "table"
