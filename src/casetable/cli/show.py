"""What a person reads in the terminal, and what a program reads as JSON."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from casetable.problems import Problem, Severity

if TYPE_CHECKING:
    from casetable.model import Record
    from casetable.review import Item

FOLDED_FROM = 4


def clean(text: str) -> str:
    """Returns a text that cannot steer a terminal: what is not printable is shown as its escape."""
    return "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)


def envelope(problems: Iterable[Problem], summary: Mapping[str, Any], **own: Any) -> str:
    """Returns the JSON that every command answers with."""
    listed = [
        {
            "path": problem.place.path,
            "line": problem.place.line,
            "column": problem.place.column,
            "code": problem.code,
            "severity": problem.severity.value,
            "field": problem.field,
            "message": problem.message,
            "hint": problem.hint,
        }
        for problem in problems
    ]
    return json.dumps({"schema": 1, "problems": listed, "summary": dict(summary), **own}, ensure_ascii=False, indent=2)


def problem_lines(problems: Sequence[Problem], *, is_folded: bool) -> Iterator[str]:
    """Yields a line a problem; where one rule warns often in one file, one line with the number of places."""
    if not is_folded:
        yield from (_line(problem) for problem in problems)
        return
    alike: dict[tuple[str, str], list[Problem]] = defaultdict(list)
    for problem in problems:
        if problem.severity is Severity.WARNING:
            alike[problem.place.path, problem.code].append(problem)
    for problem in problems:
        group = alike.get((problem.place.path, problem.code), []) if problem.severity is Severity.WARNING else []
        if len(group) < FOLDED_FROM:
            yield _line(problem)
        elif group[0] is problem:
            fields = len({other.field for other in group})
            told = problem.message.rpartition(": ")[2]
            message = f"{len(group)} cells of {fields} fields: {told}; 'casetable check --strict' names each"
            yield f"{problem.place}: {problem.code} warning: {message}"


def _line(problem: Problem) -> str:
    text = str(problem)
    if problem.severity is Severity.WARNING:
        head = f"{problem.place}: {problem.code}"
        text = f"{head} warning:{text.removeprefix(head)}"
    return clean(text)


def github_lines(problems: Sequence[Problem]) -> Iterator[str]:
    """Yields workflow commands that GitHub shows at the lines of a pull request, errors first."""
    for problem in sorted(problems, key=lambda problem: problem.severity is Severity.WARNING):
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
        yield f"::{problem.severity.value} {told}::{_github(clean(field + problem.message + hint))}"


def _github(text: str, *, is_property: bool = False) -> str:
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(":", "%3A").replace(",", "%2C") if is_property else text


def counted(number: int, noun: str, plural: str = "") -> str:
    """Returns "1 case", "9 cases", "1,024 cases"."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def named(record: Record, key: str = "") -> str:
    """Returns a record in one line: its key, label and title."""
    return clean(f"{key or record.key}  {record.label}. {record.title}")


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
        "access": [report.access.value for report in item.extractions],
    }
