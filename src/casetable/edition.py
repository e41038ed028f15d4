"""All that a build shows of a review, computed once each: its tables, its numbers, the flow diagram."""

from __future__ import annotations

from functools import cached_property

from casetable.flow import Flow, count_flow
from casetable.manuscript import Printed, print_tables
from casetable.review import Review
from casetable.summary import Summary, summarize
from casetable.table import Table, build_tables


class Edition:
    """A review as it is shown to its readers. Everything is computed on first use, and never changes."""

    def __init__(self, review: Review) -> None:
        self.review = review

    @cached_property
    def tables(self) -> tuple[Table, ...]:
        """The tables that the form lays out, the manuscript's first."""
        return build_tables(self.review)

    @property
    def table(self) -> Table:
        """The manuscript's table."""
        return self.tables[0]

    @cached_property
    def printed(self) -> tuple[Printed, ...]:
        """The tables as a journal prints them."""
        return print_tables(self.review, self.tables)

    @cached_property
    def flow(self) -> Flow:
        """The numbers of the flow diagram."""
        return count_flow(self.review)

    @cached_property
    def summary(self) -> Summary:
        """The manuscript's table in numbers."""
        return summarize(self.table)
