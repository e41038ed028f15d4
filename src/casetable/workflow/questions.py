"""Questions to the tables of a review: a reader's own, the named numbers, and the verdicts on the claims."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from casetable.claims import Asked, Verdict, ask_table, judge, number_of
from casetable.claims.database import SqlError
from casetable.errors import UsageError
from casetable.model.claim import NamedNumber
from casetable.problems import did_you_mean, joined, pointed, shown
from casetable.review import Review
from casetable.workflow import LOGS, readable_review
from casetable.workspace import CLAIMS, FORM, PROTOCOL, REPORTS, SCREENING, Workspace


@dataclass(frozen=True, kw_only=True)
class Numbered:
    """A named number and what the table gives for it; `fault` says in its place why it cannot be had."""

    number: NamedNumber
    value: float | None = None
    asked: Asked | None = None
    fault: str = ""


def _asked_review(workspace: Workspace) -> Review:
    return readable_review(workspace, *LOGS, PROTOCOL, SCREENING, FORM, REPORTS, CLAIMS)


def ask(workspace: Workspace, sql: str) -> Asked:
    """Returns the answer to a reader's own SELECT; raises UsageError where it cannot be answered."""
    review = readable_review(workspace, *LOGS, PROTOCOL, SCREENING, FORM, REPORTS)
    try:
        return ask_table(review, sql)
    except SqlError as error:
        place = "\n" + "\n".join(pointed(sql, error.span)) if error.span else ""
        raise UsageError(_told(error) + place) from None


def _told(error: SqlError) -> str:
    return f"{error.message}; {error.hint}" if error.hint else error.message


def named(workspace: Workspace, name: str) -> Numbered | Verdict:
    """Returns the number or the verdict on the claim of that name; raises UsageError where there is none."""
    review = _asked_review(workspace)
    for number in review.inputs.numbers:
        if number.name == name:
            return _numbered(review, number)
    for verdict in judge(review):
        if verdict.claim.name == name:
            return verdict
    names = [number.name for number in review.inputs.numbers] + [claim.name for claim in review.inputs.claims]
    listed = did_you_mean(name, names) or (f"there is {joined(names, 'and')}" if names else f"{CLAIMS} names none")
    raise UsageError(f"there is no number or claim {shown(name)}; {listed}")


def all_named(workspace: Workspace) -> tuple[Sequence[Numbered], Sequence[Verdict], int]:
    """Returns every named number, the verdict on every claim, and how many faults keep others from being read."""
    review = _asked_review(workspace)
    faults = sum(problem.place.path == CLAIMS for problem in review.inputs.problems)
    return [_numbered(review, number) for number in review.inputs.numbers], judge(review), faults


def _numbered(review: Review, number: NamedNumber) -> Numbered:
    try:
        asked = ask_table(review, number.sql)
        return Numbered(number=number, value=number_of(asked), asked=asked)
    except SqlError as error:
        return Numbered(number=number, fault=_told(error))
