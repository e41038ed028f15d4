"""What GitHub shows beside a change: the problems of a check as a job's summary, and drift as a pull request's text.

Both are GitHub's Markdown, into which titles of records and words of files go. `inert` makes them text and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from casetable.drift import Drift
from casetable.model import Acceptance, Record
from casetable.problems import Problem, Severity, visible

# GitHub's limits: a step's summary of more than 1024 KiB is not shown at all ("upload aborted, supports content up to a
# size of 1024k"), nor is a pull request opened with a text of more than 65,536 characters.
MAX_SUMMARY_BYTES = 1024 * 1024
MAX_TEXT = 60_000

_GRAVEST_FIRST = (Severity.ERROR, Severity.WARNING, Severity.NOTE)
# What is markup within a line; a text never begins one.
_MARKUP = re.compile(r"[\\`*_{}\[\]<>#|~$&]")
_NAMES = {"<": "&lt;", ">": "&gt;", "&": "&amp;", "|": "&#124;"}
# What GitHub links without any markup, and tells the person or issue so named: @name, #1, GH-1, addresses.
_LINKING = re.compile(r"@(?=\w)|#(?=\d)|\bgh-(?=\d)|:(?=//)|\bwww(?=\.)", re.IGNORECASE)


def inert(text: str) -> str:
    """Returns a text as Markdown that shows it within a line, and is neither markup nor a link, mention or reference."""
    parted = _LINKING.sub(lambda found: found[0] + "\u200b", visible(" ".join(text.split())))
    return unmarked(parted)


def unmarked(text: str) -> str:
    """Returns a text as Markdown that shows it within a line as it is, without markup."""
    return _MARKUP.sub(lambda found: _NAMES.get(found[0], "\\" + found[0]), text)


def render_summary(
    problems: Sequence[Problem],
    accepted: Sequence[tuple[Problem, Acceptance]],
    told: str,
    limit: int = MAX_SUMMARY_BYTES,
) -> bytes:
    """Returns a check as a job's summary of at most `limit` bytes: what was checked, its problems, what is accepted.

    The gravest problems come first; how many found no room is told. Nothing where not even the head has room.
    """
    graver = sorted(problems, key=lambda problem: _GRAVEST_FIRST.index(problem.severity))
    head = f"## casetable check\n\n{inert(told)}\n"
    rows = [
        *_table(("", "Place", "Rule", "Problem"), [_problem_row(problem) for problem in graver]),
        *_table(("Accepted", "Place", "Rule", "Reason"), [_accepted_row(*each) for each in accepted]),
    ]
    return _within(head, rows, limit)


def _table(heads: Sequence[str], rows: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """Yields the lines of a table, each with whether it is a row that can be left out."""
    if rows:
        yield "\n" + _row(*heads), False
        yield "|" + " --- |" * len(heads), False
        yield from ((row, True) for row in rows)


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _problem_row(problem: Problem) -> str:
    field = f"{problem.field}: " if problem.field else ""
    hint = f"; {problem.hint}" if problem.hint else ""
    place, code = inert(str(problem.place)), inert(problem.code)
    return _row(problem.severity.value, place, code, inert(f"{field}{problem.message}{hint}"))


def _accepted_row(problem: Problem, entry: Acceptance) -> str:
    field = f"{problem.field}: " if problem.field else ""
    why = f"{entry.reason} ({entry.by}, {entry.when.isoformat()})"
    return _row(inert(field + problem.message), inert(str(problem.place)), inert(problem.code), inert(why))


# Room for the line that tells how many rows found none.
_ROOM = 80


def _within(head: str, lines: Iterable[tuple[str, bool]], limit: int) -> bytes:
    size = len(head.encode())
    if size + _ROOM > limit:
        return b""
    kept, left = [head], 0
    for line, can_go in lines:
        size += len(line.encode("utf-8", "replace")) + 1
        if left or size + _ROOM > limit:
            left += can_go
        else:
            kept.append(line + "\n")
    if left:
        kept.append(f"\nand {left:,} more, for which there is no room here\n")
    return "".join(kept).encode("utf-8", "replace")


# --- drift ------------------------------------------------------------------------------------------------------------


def render_drifts(drifts: Sequence[Drift], limit: int = MAX_TEXT) -> bytes:
    """Returns what changed between two searches of each strategy, and why, in at most `limit` bytes."""
    rows: list[tuple[str, bool]] = []
    for drift in drifts:
        rows += _drift_lines(drift)
    text = _within("# What the searches found\n", rows, limit)
    return text if drifts else b"# What the searches found\n\nno search yet\n"


def _drift_lines(drift: Drift) -> Iterator[tuple[str, bool]]:
    if drift.before is None:
        yield (
            f"\n## {inert(drift.strategy)}: first search on {drift.after.when[:10]}\n\n{drift.hits_after:,} hits",
            False,
        )
        return
    span = f"{drift.before.when[:10]} to {drift.after.when[:10]}"
    yield f"\n## {inert(drift.strategy)}: {drift.hits_before:,} → {_hits(drift.hits_after)}\n\n{span}\n", False
    for sign, words in (
        ("added to the strategy", drift.words_added),
        ("removed from the strategy", drift.words_removed),
    ):
        if words:
            yield f"- {sign}: {inert('; '.join(words))}", True
    if drift.before.translation != drift.after.translation:
        yield f"- translated before: {inert(drift.before.translation)}", True
        yield f"- translated now: {inert(drift.after.translation)}", True
    for move in drift.moves:
        yield (
            f"- **{'gained' if move.is_gain else 'lost'}** {_named(move.key, move.record)}: {inert(move.reason)}",
            True,
        )
    for key, record in drift.changed:
        notices = [notice for notice in (record.standing, *record.notices) if notice] if record else []
        yield (
            f"- **changed** {_named(key, record)}: {inert('; '.join(notices) or 'its facts, headings or dates')}",
            True,
        )
    if not drift.moves and not drift.changed:
        yield "no change", False


def _hits(number: int) -> str:
    return f"{number:,} hit{'' if number == 1 else 's'}"


def _named(key: str, record: Record | None) -> str:
    return inert(f"{key}, {record.label}, “{record.title}”") if record else inert(key)
