"""All that a build shows of a review, computed once each: its tables, its numbers, the flow diagram."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property

from casetable.course import Chart, charts
from casetable.diagram import Diagram, build_diagram
from casetable.drift import Drift, drifts
from casetable.flow import Flow, count_flow
from casetable.formats.bibliography import Written
from casetable.manuscript import Printed, print_tables
from casetable.model import Acceptance
from casetable.problems import Problem
from casetable.references import list_references
from casetable.review import Review
from casetable.summary import Tally, summarize_fields
from casetable.table import Table, build_tables


class Edition:
    """A review as it is shown to its readers. Everything is computed on first use, and never changes."""

    def __init__(
        self,
        review: Review,
        problems: Sequence[Problem] = (),
        accepted: Sequence[tuple[Problem, Acceptance]] = (),
    ) -> None:
        """Takes a review and what its rules find on the day of its last search, as the clock is in no file of a build."""
        self.review = review
        self.problems = tuple(problems)
        self.accepted = tuple(accepted)

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
    def diagram(self) -> Diagram:
        """The flow diagram."""
        return build_diagram(self.review, self.flow)

    @cached_property
    def references(self) -> Mapping[str, tuple[Written, ...]]:
        """The reports as references: included, excluded, all."""
        return list_references(self.review)

    @cached_property
    def charts(self) -> tuple[Chart, ...]:
        """The clinical courses that are drawn, each of one case."""
        return charts(self.review)

    @cached_property
    def fields(self) -> tuple[Tally, ...]:
        """Every field of the form in numbers, over the cases of the table."""
        return summarize_fields(self.table)

    @cached_property
    def drifts(self) -> tuple[Drift, ...]:
        """What came and went with the last search of each strategy."""
        return tuple(drifts(self.review, (), None))
