"""Values of a built review to the bytes of its files: Markdown, CSV, JSON, one HTML page.

The bytes depend on the values alone: no clock, no locale, no folder.
"""

from __future__ import annotations

from casetable.flow import Flow
from casetable.render.page import render_page
from casetable.render.text import render_cells, render_flow, render_markdown, render_table
from casetable.review import Review
from casetable.table import Table


def render_files(review: Review, table: Table, flow: Flow) -> dict[str, bytes]:
    """Returns what `build` writes, by file name."""
    return {
        "table.md": render_markdown(review, table),
        "table.csv": render_table(table),
        "cells.csv": render_cells(table),
        "table.html": render_page(review, table, flow),
        "prisma.json": render_flow(flow),
    }
