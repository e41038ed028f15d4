"""Where a report stands by the decisions that were taken on its records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from casetable.model import Decision, Stage, Verdict


class Standing(StrEnum):
    """The outcome of screening so far, for a report."""

    UNDECIDED = "undecided"
    RECORD_EXCLUDED = "excluded on its record"
    SOUGHT = "included on its record"
    REPORT_EXCLUDED = "excluded on the report"
    INCLUDED = "included on the report"

    @property
    def is_included(self) -> bool:
        return self in (Standing.SOUGHT, Standing.INCLUDED)

    @property
    def is_excluded(self) -> bool:
        return self in (Standing.RECORD_EXCLUDED, Standing.REPORT_EXCLUDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Screened:
    """A report's standing, the decision it follows from, and pairs of decisions that contradict each other."""

    standing: Standing
    decision: Decision | None
    contradictions: tuple[tuple[Decision, Decision], ...]


_STANDINGS = {
    (Stage.RECORDS, Verdict.INCLUDE): Standing.SOUGHT,
    (Stage.RECORDS, Verdict.EXCLUDE): Standing.RECORD_EXCLUDED,
    (Stage.REPORTS, Verdict.INCLUDE): Standing.INCLUDED,
    (Stage.REPORTS, Verdict.EXCLUDE): Standing.REPORT_EXCLUDED,
}


def screened(decisions: Sequence[Decision]) -> Screened:
    """Returns where a report stands, given all decisions on its records in the order of the file.

    A decision on the report outranks one on its record; of two at one stage the later stands, and if they disagree the
    pair is a contradiction that people must resolve.
    """
    last: dict[Stage, Decision] = {}
    contradictions = []
    for decision in decisions:
        before = last.get(decision.stage)
        if before is not None and before.verdict is not decision.verdict:
            contradictions.append((before, decision))
        last[decision.stage] = decision
    final = last.get(Stage.REPORTS) or last.get(Stage.RECORDS)
    standing = _STANDINGS[final.stage, final.verdict] if final else Standing.UNDECIDED
    return Screened(standing=standing, decision=final, contradictions=tuple(contradictions))
