"""Where a report stands by the decisions that were taken on its records, and how far two screeners agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from itertools import combinations

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
class Staged:
    """What was decided at one stage.

    `votes` are the last decisions of each person before any that settles, in the order in which the persons came;
    `settled` is the last that settles, and `decision` the one that stands, None while the stage is open. `contradictions`
    are pairs of decisions that differ and that nobody settled.
    """

    votes: tuple[Decision, ...] = ()
    settled: Decision | None = None
    decision: Decision | None = None
    contradictions: tuple[tuple[Decision, Decision], ...] = ()
    screeners: int = 1

    @property
    def is_awaiting(self) -> bool:
        """Whether one of two screeners decided and the second one did not yet."""
        return self.screeners > 1 and len(self.votes) == 1 and self.settled is None

    @property
    def reasons(self) -> tuple[str, ...]:
        """The reasons of two screeners who agree to exclude, where these differ; the first is the one that is counted."""
        if self.screeners == 1 or self.settled is not None or self.contradictions:
            return ()
        found = tuple(dict.fromkeys(vote.reason for vote in self.votes if vote.verdict is Verdict.EXCLUDE))
        return found if len(found) > 1 else ()

    def vote_of(self, name: str) -> Decision | None:
        """Returns what a person decided."""
        return next((vote for vote in self.votes if person(vote.by) == person(name)), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Screened:
    """A report's standing, the decision it follows from, and what was decided at each stage."""

    standing: Standing
    decision: Decision | None
    stages: Mapping[Stage, Staged]

    @property
    def contradictions(self) -> tuple[tuple[Decision, Decision], ...]:
        """The pairs of decisions at one stage that differ, and that nobody settled."""
        return tuple(pair for staged in self.stages.values() for pair in staged.contradictions)

    @property
    def awaited(self) -> Stage | None:
        """The stage at which a second person is still to decide; the report itself outranks its record."""
        for stage in (Stage.REPORTS, Stage.RECORDS):
            if self.stages[stage].is_awaiting:
                return stage
            if self.stages[stage].votes or self.stages[stage].settled:
                return None
        return None

    @property
    def conflict(self) -> Stage | None:
        """The stage at which decisions differ and persons are to settle it; the report itself outranks its record."""
        for stage in (Stage.REPORTS, Stage.RECORDS):
            if self.stages[stage].contradictions:
                return stage
            if self.stages[stage].decision is not None:
                return None
        return None

    def stage_for(self, name: str, stage: Stage | None = None) -> Stage | None:
        """Returns the stage at which a person's decision is wanted, the one given or any; None where none is.

        Nobody is asked twice, nor where decisions differ already: that is for all to settle.
        """
        if self.awaited is None and (self.decision is not None or self.conflict is not None):
            return None
        wanted = stage or self.awaited or Stage.RECORDS
        staged = self.stages[wanted]
        is_open = staged.decision is None and not staged.contradictions
        return wanted if is_open and staged.vote_of(name) is None else None


_STANDINGS = {
    (Stage.RECORDS, Verdict.INCLUDE): Standing.SOUGHT,
    (Stage.RECORDS, Verdict.EXCLUDE): Standing.RECORD_EXCLUDED,
    (Stage.REPORTS, Verdict.INCLUDE): Standing.INCLUDED,
    (Stage.REPORTS, Verdict.EXCLUDE): Standing.REPORT_EXCLUDED,
}


def person(name: str) -> str:
    """Returns a name as it is compared with others: without regard to case and blanks."""
    return " ".join(name.split()).casefold()


def screened(decisions: Sequence[Decision], screeners: int = 1) -> Screened:
    """Returns where a report stands, given all decisions on its records in the order of the file.

    A decision on the report outranks one on its record. At one stage a decision that settles stands. Else, with one
    screener, the later of two stands, and if they disagree the pair is a contradiction that people must resolve. With two
    screeners the last decision of each person counts; the stage is open until two persons decided, and while any of them
    disagree, who may be more than two. Of two that exclude the reason of the first is kept.
    """
    if not decisions:
        return _undecided(screeners)
    stages = {stage: _staged([each for each in decisions if each.stage is stage], screeners) for stage in Stage}
    final = stages[Stage.REPORTS].decision or stages[Stage.RECORDS].decision
    standing = _STANDINGS[final.stage, final.verdict] if final else Standing.UNDECIDED
    return Screened(standing=standing, decision=final, stages=stages)


@cache
def _undecided(screeners: int) -> Screened:
    stages = {stage: Staged(screeners=screeners) for stage in Stage}
    return Screened(standing=Standing.UNDECIDED, decision=None, stages=stages)


def _staged(decisions: Sequence[Decision], screeners: int) -> Staged:
    last: dict[str, Decision] = {}
    settled: Decision | None = None
    before: Decision | None = None
    successive: list[tuple[Decision, Decision]] = []
    behind: list[tuple[Decision, Decision]] = []
    for decision in decisions:
        if decision.settles:
            settled = decision
            successive, behind = [], []
        elif settled is not None:
            behind += [(settled, decision)] if decision.verdict is not settled.verdict else []
        else:
            last[person(decision.by)] = decision
            successive += [(before, decision)] if before is not None and before.verdict is not decision.verdict else []
        before = decision
    votes = tuple(last.values())
    standing: Decision | None
    if settled is not None:
        standing, contradictions = settled, behind
    elif screeners == 1:
        standing, contradictions = before, successive
    else:
        contradictions = [(votes[0], vote) for vote in votes if vote.verdict is not votes[0].verdict]
        standing = votes[0] if len(votes) >= screeners and not contradictions else None
    return Staged(
        votes=votes, settled=settled, decision=standing, contradictions=tuple(contradictions), screeners=screeners
    )


# --- agreement --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """How two persons decided on the same reports: the four cells of the table of both."""

    persons: tuple[str, str]
    both_include: int
    only_first: int
    only_second: int
    both_exclude: int

    @property
    def reports(self) -> int:
        return self.both_include + self.only_first + self.only_second + self.both_exclude

    @property
    def agreed(self) -> int:
        return self.both_include + self.both_exclude

    @property
    def by_chance(self) -> float:
        """The number of reports on which they would agree by chance, as each of them includes so many."""
        first, second = self.both_include + self.only_first, self.both_include + self.only_second
        excluded = (self.reports - first) * (self.reports - second)
        return (first * second + excluded) / self.reports if self.reports else 0.0

    @property
    def share(self) -> float | None:
        """The share of the reports on which they agree; None where there is no report."""
        return share_of([self])

    @property
    def kappa(self) -> float | None:
        """Cohen's kappa; see `kappa_of`."""
        return kappa_of([self])

    @property
    def pabak(self) -> float | None:
        """Kappa adjusted for prevalence and bias, 2 po - 1 (Byrt 1993, doi:10.1016/0895-4356(93)90018-V)."""
        return None if self.share is None else 2 * self.share - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far the screeners agree at one stage: each pair of persons, by name, and all pairs in one.

    `reports` is how many reports two or more persons decided on, before anybody settled anything.
    """

    stage: Stage
    reports: int
    pairs: tuple[Compared, ...]

    @property
    def compared(self) -> int:
        """The number of comparisons: a report that three persons decided on is compared three times."""
        return sum(pair.reports for pair in self.pairs)

    @property
    def agreed(self) -> int:
        return sum(pair.agreed for pair in self.pairs)

    @property
    def share(self) -> float | None:
        return share_of(self.pairs)

    @property
    def kappa(self) -> float | None:
        return kappa_of(self.pairs)


def share_of(pairs: Sequence[Compared]) -> float | None:
    """Returns the share of all comparisons that agree; None where there are none."""
    compared = sum(pair.reports for pair in pairs)
    return sum(pair.agreed for pair in pairs) / compared if compared else None


def kappa_of(pairs: Sequence[Compared]) -> float | None:
    """Returns kappa, (po - pe) / (1 - pe), the agreement beyond what chance gives; None where chance alone gives all.

    po is the share of reports on which two persons agree, pe what it would be if each included as many at random (Cohen
    1960, doi:10.1177/001316446002000104). Over several pairs po and pe are the means, each pair by its number of reports
    (pooled kappa, de Vries 2008, doi:10.1177/1525822X08317166).
    """
    compared = sum(pair.reports for pair in pairs)
    by_chance = sum(pair.by_chance for pair in pairs)
    # Exact, without rounding: all is left to chance where both always include, or both always exclude.
    if all(pair.reports in (pair.both_include, pair.both_exclude) for pair in pairs):
        return None
    return (sum(pair.agreed for pair in pairs) - by_chance) / (compared - by_chance)


def agreement(reports: Iterable[Screened], stage: Stage) -> Agreement:
    """Returns how far those agree who decided on the same reports at a stage, before any decision that settles."""
    cells: dict[tuple[str, str], Counter[tuple[Verdict, Verdict]]] = {}
    names: dict[str, str] = {}
    number = 0
    for each in reports:
        votes = {person(vote.by): vote for vote in each.stages[stage].votes}
        number += len(votes) > 1
        for key, vote in votes.items():
            names.setdefault(key, " ".join(vote.by.split()))
        for one, other in combinations(sorted(votes), 2):
            cells.setdefault((one, other), Counter())[votes[one].verdict, votes[other].verdict] += 1
    include, exclude = Verdict.INCLUDE, Verdict.EXCLUDE
    return Agreement(
        stage=stage,
        reports=number,
        pairs=tuple(
            Compared(
                persons=(names[one], names[other]),
                both_include=counted[include, include],
                only_first=counted[include, exclude],
                only_second=counted[exclude, include],
                both_exclude=counted[exclude, exclude],
            )
            for (one, other), counted in sorted(cells.items())
        ),
    )
