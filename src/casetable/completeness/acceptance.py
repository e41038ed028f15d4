"""What persons accept of what a check finds, each with a reason; and entries that accept nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from casetable.model import Acceptance
from casetable.problems import Example, Problem, Rule, Severity, did_you_mean, shown
from casetable.query.lint import RULES as LINT_RULES
from casetable.review import Review

_GOOD = "max_search_age_days: 365\n"
_SIGNED = "reason: it is so, by: A. Curator, when: 2026-01-15"

A101 = Rule(
    code="A101",
    name="accepts-unknown-rule",
    summary="review.yaml accepts a rule that does not exist",
    why="What was to be accepted is told all the same, or a mistyped code hides another rule's problems.",
    fix="Correct the code; `casetable check` prints it behind the place of each problem.",
    example=Example(
        path="review.yaml",
        good=_GOOD,
        bad=f"{_GOOD}accepts:\n  - {{rule: E999, {_SIGNED}}}\n",
        message="'E999' is no rule; expected a code that 'casetable rules' lists",
    ),
)
A102 = Rule(
    code="A102",
    name="never-accepted",
    summary="review.yaml accepts a problem that must be mended",
    why="Behind a file, a cell or a log that cannot be read as it stands, nobody can see what else is wrong.",
    fix="Mend the problem, and remove the entry under `accepts`. What `lint` finds is accepted in the strategy's own `accepts`.",
    example=Example(
        path="review.yaml",
        good=_GOOD,
        bad=f"{_GOOD}accepts:\n  - {{rule: F101, {_SIGNED}}}\n",
        message="F101 (missing-file) cannot be accepted; expected the problem mended",
    ),
)
A103 = Rule(
    code="A103",
    name="acceptance-unneeded",
    severity=Severity.WARNING,
    summary="review.yaml accepts a problem that is not there",
    why="A reason that no longer holds hides the next problem of its kind.",
    fix="Remove the entry under `accepts`, or correct its path, field or case.",
    example=Example(
        path="review.yaml",
        good=_GOOD,
        bad=f"{_GOOD}accepts:\n  - {{rule: E201, path: curated/reports/doe-2020.yaml, case: 1, {_SIGNED}}}\n",
        message="check finds no E201 in 'curated/reports/doe-2020.yaml' of case '1'; expected the entry removed",
    ),
)

RULES = (A101, A102, A103)


def sorted_out(
    review: Review, problems: Sequence[Problem], rules: Sequence[Rule], never: Collection[str]
) -> tuple[list[Problem], tuple[tuple[Problem, Acceptance], ...]]:
    """Returns the problems that stand, those of the acceptances among them, and the accepted ones, each with why.

    A problem is accepted by the first entry that speaks of it. `never` are the codes of rules whose problems keep other
    rules from looking: accepting one would hide what is behind it.
    """
    entries = review.inputs.protocol.accepts if review.inputs.protocol else ()
    known = {rule.code: rule for rule in rules}
    refused = dict(_refused(entries, known, never))
    able = [entry for entry in entries if entry not in refused]
    standing, accepted = list(refused.values()), []
    used = set()
    for problem in problems:
        speaking = [entry for entry in able if speaks_of(entry, problem)]
        used.update(speaking)
        if speaking:
            accepted.append((problem, speaking[0]))
        else:
            standing.append(problem)
    for entry in able:
        # What a file that cannot be read holds is not known, nor whether the entry is needed for it.
        is_known = review.is_read(entry.path) if entry.path else not review.inputs.unread
        if entry not in used and is_known:
            message = f"check finds no {told(entry)}; expected the entry removed"
            standing.append(A103.at(entry.place, message, field="accepts"))
    return standing, tuple(accepted)


def _refused(
    entries: Sequence[Acceptance], known: Mapping[str, Rule], never: Collection[str]
) -> Iterator[tuple[Acceptance, Problem]]:
    for entry in entries:
        if found := refusal(entry.code, known, never):
            rule, message = found
            hint = did_you_mean(entry.code, known) if rule is A101 else ""
            yield entry, rule.at(entry.place, message, field="accepts", hint=hint)


def refusal(code: str, known: Mapping[str, Rule], never: Collection[str]) -> tuple[Rule, str] | None:
    """Returns why no problem of a code can be accepted, and the rule that says so; None where it can."""
    rule = known.get(code)
    if rule is None:
        return A101, f"{shown(code)} is no rule; expected a code that 'casetable rules' lists"
    if rule in LINT_RULES:
        return A102, f"{code} ({rule.name}) is a rule of lint; expected it under 'accepts' of the strategy"
    if rule.unreadable or rule in RULES or code in never:
        return A102, f"{code} ({rule.name}) cannot be accepted; expected the problem mended"
    return None


def speaks_of(entry: Acceptance, problem: Problem) -> bool:
    """Whether an entry accepts a problem, if its code can be accepted."""
    path = problem.place.path
    return (
        entry.code == problem.code
        and (not entry.path or path == entry.path or path.startswith(entry.path.rstrip("/") + "/"))
        and (not entry.field or problem.field == entry.field)
        # Every problem of a case begins so.
        and (not entry.case or problem.message.startswith(f"case {entry.case}: "))
    )


def told(entry: Acceptance) -> str:
    """Returns what an entry accepts, in words."""
    parts = (
        f"in {shown(entry.path)}" if entry.path else "",
        f"of {shown(entry.field)}" if entry.field else "",
        f"of case {shown(entry.case)}" if entry.case else "",
    )
    return " ".join(part for part in (entry.code, *parts) if part)
