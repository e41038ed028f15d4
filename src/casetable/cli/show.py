"""What a person reads in the terminal, and what a program reads as JSON."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from casetable.model import plain_number
from casetable.problems import STEERING, Problem, Severity, visible

if TYPE_CHECKING:
    from casetable.model import Acceptance, Record
    from casetable.notices import Change
    from casetable.review import Item
    from casetable.screening import Agreement, Compared
    from casetable.summary import Summary
    from casetable.workflow import Screening

FOLDED_FROM = 4
_GRAVEST_FIRST = (Severity.ERROR, Severity.WARNING, Severity.NOTE)


def problem_value(problem: Problem) -> dict[str, Any]:
    """Returns a problem for JSON."""
    return {
        "path": problem.place.path,
        "line": problem.place.line,
        "column": problem.place.column,
        **({"cell": problem.place.cell} if problem.place.sheet else {}),
        "code": problem.code,
        "severity": problem.severity.value,
        "field": problem.field,
        "message": problem.message,
        "hint": problem.hint,
        **({"start": problem.span[0], "end": problem.span[1]} if problem.span is not None else {}),
        **({"also": [{"start": start, "end": end} for start, end in problem.also]} if problem.also else {}),
    }


def accepted_value(problem: Problem, entry: Acceptance) -> dict[str, Any]:
    """Returns for JSON a problem that a person accepted, and why."""
    return {**problem_value(problem), "reason": entry.reason, "by": entry.by, "when": entry.when.isoformat()}


def envelope(problems: Iterable[Problem], summary: Mapping[str, Any], **own: Any) -> str:
    """Returns the JSON that every command answers with."""
    listed = [problem_value(problem) for problem in problems]
    text = json.dumps({"schema": 1, "problems": listed, "summary": dict(summary), **own}, ensure_ascii=False, indent=2)
    # A terminal may show it all the same; line breaks here are the JSON's own.
    return STEERING.sub(lambda found: found[0] if found[0] == "\n" else f"\\u{ord(found[0]):04x}", text)


def folded(problems: Sequence[Problem], command: str = "check") -> list[Problem]:
    """Returns the problems with one in place of many where a rule warns often in one file."""
    alike: dict[tuple[str, str], list[Problem]] = defaultdict(list)
    for problem in problems:
        if problem.severity is Severity.WARNING and not problem.code.startswith("C"):  # each claim is told
            alike[problem.place.path, problem.code].append(problem)
    shown = []
    for problem in problems:
        group = alike.get((problem.place.path, problem.code), []) if problem.severity is Severity.WARNING else []
        if len(group) < FOLDED_FROM:
            shown.append(problem)
        elif group[0] is problem:
            told = problem.message.rpartition(": ")[2]
            message = f"{told}, and so are {len(group) - 1} more cells of this file"
            shown.append(replace(problem, message=message, hint=f"'casetable {command} --strict' names each"))
    return shown


def problem_lines(problems: Sequence[Problem]) -> Iterator[str]:
    """Yields a line a problem."""
    yield from (_line(problem) for problem in problems)


def _line(problem: Problem) -> str:
    text = str(problem)
    if problem.severity is not Severity.ERROR:
        head = f"{problem.place}: {problem.code}"
        text = f"{head} {problem.severity}:{text.removeprefix(head)}"
    return visible(text)


# Of one step GitHub shows at most so many annotations of each kind; it leaves out the later ones without a word
# (github.com/orgs/community/discussions/26680).
SHOWN_OF_A_KIND = 10


def github_lines(problems: Sequence[Problem], limit: int | None = None) -> Iterator[str]:
    """Yields workflow commands that GitHub shows at the lines of a pull request, errors first.

    With a limit, at most so many of each severity.
    """
    count: Counter[Severity] = Counter()
    for problem in sorted(problems, key=lambda problem: _GRAVEST_FIRST.index(problem.severity)):
        count[problem.severity] += 1
        if limit is not None and count[problem.severity] > limit:
            continue
        place = problem.place
        parts = {
            "file": place.path,
            "line": str(max(place.line, 1)),
            "col": str(max(place.column, 1)),
            "title": problem.code,
        }
        told = ",".join(f"{name}={_github(value, is_property=True)}" for name, value in parts.items())
        hint = f"; {problem.hint}" if problem.hint else ""
        field = f"{problem.field}: " if problem.field else ""
        level = "notice" if problem.severity is Severity.NOTE else problem.severity.value
        yield f"::{level} {told}::{_github(visible(field + problem.message + hint))}"


def _github(text: str, *, is_property: bool = False) -> str:
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(":", "%3A").replace(",", "%2C") if is_property else text


def counted(number: int, noun: str, plural: str = "") -> str:
    """Returns "1 case", "9 cases", "1,024 cases"."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def named(record: Record, key: str = "") -> str:
    """Returns a record in one line: its key, label and title."""
    return visible(f"{key or record.key}  {record.label}. {record.title}")


def item_value(item: Item) -> dict[str, Any]:
    """Returns a report of the review for JSON."""
    decision = item.screened.decision
    return {
        "keys": list(item.group.keys),
        "label": item.record.label,
        "title": item.record.title,
        "citation": item.record.citation,
        "url": item.record.url,
        "changed": item.record.standing,
        "notices": list(item.record.notices),
        "strategies": list(item.strategies),
        "standing": item.screened.standing.value,
        "reason": decision.reason if decision else "",
        "extractions": [report.name for report in item.extractions],
        "access": [report.access.value if report.access else "" for report in item.extractions],
    }


def change_value(change: Change) -> dict[str, Any]:
    """Returns a change of a report for JSON: what it is, who tells it, and who acknowledged it."""
    word = change.acknowledgment
    return {
        "kind": change.kind.value,
        "keys": list(change.keys),
        "date": change.date,
        "seen": change.seen,
        "sources": list(change.sources),
        "acknowledged": {"by": word.by, "when": word.when.isoformat(), "reason": word.reason} if word else None,
    }


def screening_value(found: Screening) -> dict[str, Any]:
    """Returns for JSON how two persons screen; shares and kappas are null where there is nothing to divide by."""
    return {
        "screeners": found.screeners,
        "awaiting_second": [item_value(item) for item in found.awaiting],
        "conflicts": [item_value(item) for item in found.conflicts],
        "agreement": [
            {
                "stage": each.stage.value,
                "reports": each.reports,
                "compared": each.compared,
                "agreed": each.agreed,
                "share": each.share,
                "kappa": each.kappa,
                "pairs": [
                    {
                        "persons": list(pair.persons),
                        "both_include": pair.both_include,
                        "only_first_includes": pair.only_first,
                        "only_second_includes": pair.only_second,
                        "both_exclude": pair.both_exclude,
                        "share": pair.share,
                        "kappa": pair.kappa,
                        "pabak": pair.pabak,
                    }
                    for pair in each.pairs
                ],
            }
            for each in found.agreement
        ],
    }


def agreement_lines(found: Agreement) -> Iterator[str]:
    """Yields how far persons agree at one stage: a line for each pair of them, and one over all where there are more."""
    for pair in found.pairs:
        first, second = pair.persons
        yield visible(
            f"  {found.stage}: {first} and {second}, {counted(pair.reports, 'report')}: both include {pair.both_include:,},"
            f" only {first} {pair.only_first:,}, only {second} {pair.only_second:,}, both exclude {pair.both_exclude:,};"
            f" {_agreed(pair)}"
        )
    if len(found.pairs) > 1:
        yield f"  {found.stage}: all pairs, {counted(found.reports, 'report')}: {_agreed(found)}"


def _agreed(found: Compared | Agreement) -> str:
    told = f"agreement {100 * (found.share or 0):.0f}%, kappa "
    return told + (f"{found.kappa:.2f}" if found.kappa is not None else "undefined, as all decided alike")


def summary_value(summary: Summary) -> dict[str, Any]:
    """Returns the table in numbers for JSON; numbers of cases are as text, since they are as exact as they were reported."""
    return {
        "reports": summary.reports,
        "cases": summary.cases,
        "columns": [
            {
                "name": tally.name,
                "label": tally.label,
                "unit": tally.unit,
                "of": tally.of,
                "known": tally.known,
                "not_known": dict(tally.others),
                "choices": dict(tally.choices),
                "numbers": {
                    "number": tally.spread.number,
                    "median": plain_number(tally.spread.median),
                    "low": plain_number(tally.spread.low),
                    "high": plain_number(tally.spread.high),
                }
                if tally.spread
                else None,
            }
            for tally in summary.tallies
        ],
    }
