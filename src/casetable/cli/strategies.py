"""The commands on strategies as texts: lint, match. Each imports its workflow when it runs."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from casetable.cli.invocation import SHOWN_AT_MOST, dry, echo, form_option, remark, today, workspace_of

if TYPE_CHECKING:
    from casetable.problems import Problem
    from casetable.query.match import Matched
    from casetable.workflow.strategies import Linted, MatchResult

MOST_BYTES = 5_000_000

strategy_option = click.option(
    "--strategy", "text", metavar="TEXT", help="A strategy that stands in no file; '-' reads it from standard input."
)


# --- lint -------------------------------------------------------------------------------------------------------------


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@strategy_option
@click.option("--fix", "is_fixing", is_flag=True, help="Mend what has one safe fix, in the strategies' files.")
@click.option("--strict", is_flag=True, help="Turn every warning into an error.")
@form_option()
@dry
@click.pass_context
def lint(
    context: click.Context,
    names: tuple[str, ...],
    text: str | None,
    form: str,
    *,
    is_fixing: bool,
    strict: bool,
    is_dry: bool,
) -> int:
    """Find the faults of a strategy: what PubMed rewrites silently, what a peer reviewer asks.

    Ends 1 where there are errors. With --strategy, --fix prints the mended strategy.
    """
    from casetable.errors import UsageError
    from casetable.workflow import strategies

    if text is not None and names:
        raise UsageError("a strategy is given by its name or by --strategy; expected one of them")
    if is_dry and not is_fixing:
        raise UsageError("--dry-run is for --fix; without it nothing is written")
    changed: list[dict[str, Any]] = []
    if text is not None:
        text = _typed(text)
        if is_fixing:
            text, edits = strategies.mended(text)
            changed.append({"path": strategies.TYPED, "edits": edits, "written": False, "text": text})
            if form == "text":
                click.echo(_shown_lines(text))
        linted: tuple[Linted, ...] = (strategies.lint_text(text),)
    else:
        workspace = workspace_of(context)
        if is_fixing:
            for mended in strategies.fix_review(workspace, names, is_dry=is_dry):
                changed.append(
                    {
                        "path": mended.path,
                        "edits": mended.edits,
                        "written": mended.is_written and not is_dry,
                        "text": mended.after,
                    }
                )
                if form == "text":
                    _say_mended(mended.path, mended.edits, is_written=mended.is_written, is_dry=is_dry)
        linted = strategies.lint_review(workspace, names, today())
    return _told(linted, form, changed, is_strict=strict, to_stderr=is_fixing and text is not None)


def _typed(text: str) -> str:
    """Returns the strategy given, or that of standard input."""
    if text != "-":
        return text
    from casetable.errors import UsageError

    data = sys.stdin.buffer.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise UsageError(f"standard input is larger than {MOST_BYTES:,} bytes; expected a strategy")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"byte {error.start + 1} of standard input is not UTF-8; expected UTF-8") from None


def _shown_lines(text: str) -> str:
    from casetable.problems import visible

    return "\n".join(visible(line) for line in text.split("\n"))


def _say_mended(path: str, edits: int, *, is_written: bool, is_dry: bool) -> None:
    from casetable.cli.show import counted

    if is_written:
        echo(f"{'would mend' if is_dry else 'mended'} {path}: {counted(edits, 'edit')}")
    else:
        remark(
            f"{path} cannot be mended as it is written in YAML; write the strategy below 'strategy: >-', indented,"
            " and run this again"
        )


def _told(
    linted: Sequence[Linted], form: str, changed: list[dict[str, Any]], *, is_strict: bool, to_stderr: bool
) -> int:
    from casetable.cli.show import counted, envelope
    from casetable.problems import Severity
    from casetable.problems import strict as made_strict

    by_strategy = [made_strict(each.problems) if is_strict else each.problems for each in linted]
    problems = [problem for group in by_strategy for problem in group]
    numbers = {
        severity: sum(problem.severity is severity for problem in problems)
        for severity in (Severity.ERROR, Severity.WARNING, Severity.NOTE)
    }
    fixable = sum(1 for each in linted for finding in each.findings if finding.edits)
    if form == "json":
        fixes = [
            {
                "strategy": each.name,
                "code": finding.rule.code,
                "start": finding.start,
                "end": finding.end,
                "edits": [{"start": edit.start, "end": edit.end, "text": edit.text} for edit in finding.edits],
            }
            for each in linted
            for finding in each.findings
            if finding.edits
        ]
        summary = {
            "strategies": len(linted),
            **{f"{severity.value}s": number for severity, number in numbers.items()},
            "fixable": fixable,
        }
        click.echo(envelope(problems, summary, fixes=fixes, mended=changed))
    else:
        say = remark if to_stderr else echo
        for each, group in zip(linted, by_strategy, strict=True):
            for line in _lint_lines(each, group):
                say(line)
        hint = f"; 'casetable lint --fix' mends {fixable} of them" if fixable and not changed else ""
        say(
            f"linted {counted(len(linted), 'strategy', 'strategies')}: {counted(numbers[Severity.ERROR], 'error')},"
            f" {counted(numbers[Severity.WARNING], 'warning')}, {counted(numbers[Severity.NOTE], 'note')}{hint}"
        )
    return 1 if numbers[Severity.ERROR] else 0


def _lint_lines(linted: Linted, problems: Sequence[Problem]) -> Iterator[str]:
    """Yields each problem with the place that it points to; the gravest first, of those the first ones in the text."""
    from casetable.cli.show import problem_lines
    from casetable.problems import Severity, pointed

    for severity in (Severity.ERROR, Severity.WARNING, Severity.NOTE):
        for problem in problems:
            if problem.severity is severity:
                yield from problem_lines([problem])
                if problem.span is not None:
                    yield from pointed(linted.text, *problem.span)


# --- match ------------------------------------------------------------------------------------------------------------


@click.command()
@click.argument("arguments", nargs=-1, metavar="NAME [FILE]...")
@strategy_option
@click.option("--all", "is_listing", is_flag=True, help="List every record, not the first 40.")
@form_option()
@click.pass_context
def match(context: click.Context, arguments: tuple[str, ...], text: str | None, form: str, *, is_listing: bool) -> None:
    """Say which records a strategy finds, by which of its terms, and what cannot be known.

    FILE is NBIB, PubMed XML (also gzipped), RIS or records.jsonl; without one, the review's own records are looked at.
    With --strategy, all arguments are files.
    """
    from pathlib import Path

    from casetable.cli.show import envelope
    from casetable.errors import UsageError
    from casetable.workflow import strategies

    if text is not None:
        if not arguments:
            raise UsageError("--strategy needs files to look into; expected one or more")
        found = strategies.match_text(_typed(text), [Path(name) for name in arguments], today())
    elif arguments:
        name, *files = arguments
        found = strategies.match_review(workspace_of(context), name, [Path(file) for file in files], today())
    else:
        raise UsageError("expected the name of a strategy, or --strategy TEXT, and files")
    for fault in found.faults:
        remark(fault)
    if form == "json":
        click.echo(envelope((), _match_summary(found), **_match_value(found)))
        return
    for line in _match_lines(found, None if is_listing else SHOWN_AT_MOST):
        echo(line)


def _match_summary(found: MatchResult) -> dict[str, int]:
    matched = found.matched
    sure, maybe = matched.sure.bit_count(), matched.maybe.bit_count()
    return {
        "records": matched.count,
        "found": sure,
        "missed": matched.count - maybe,
        "unknown": maybe - sure,
        "terms": len(matched.terms),
        "unread": len(found.faults),
    }


def _match_value(found: MatchResult) -> dict[str, Any]:
    matched = found.matched
    finders = matched.terms_of()
    return {
        "strategy": found.text,
        "caveats": [{"reason": reason, "records": number} for reason, number in _caveats(matched)],
        "terms": [
            {
                "number": term.number,
                "text": term.text,
                "start": term.start,
                "end": term.end,
                "hits": term.sure.bit_count(),
                "unknown": (term.maybe & ~term.sure).bit_count(),
                "unique": term.unique.bit_count(),
                "excluding": term.is_excluding,
            }
            for term in matched.terms
        ],
        "blocks": [
            {
                "number": block.number,
                "text": block.text,
                "start": block.start,
                "end": block.end,
                "hits": block.sure.bit_count(),
                "unknown": (block.maybe & ~block.sure).bit_count(),
                "excluding": block.is_excluding,
                "terms": list(block.terms),
            }
            for block in matched.blocks
        ],
        "known": [
            {
                "key": item.key,
                "verdict": _known_verdict(found, item.positions),
                "missed_by": list(_lost(matched, item.positions)),
                "unknown": [spot.value for spot in _open(matched, item.positions)],
                "records": [found.articles[at].key for at in item.positions],
            }
            for item in found.known
        ],
        "records": [
            {
                "key": stored.key,
                "title": stored.article.title,
                "verdict": matched.verdict(at).value,
                "terms": finders[at],
                "missed_by": list(matched.lost_by(at)),
                "unknown": [spot.value for spot in matched.blind_spots(at)],
            }
            for at, stored in enumerate(found.articles)
        ],
    }


NOT_THERE = "not among the records"


def _known_verdict(found: MatchResult, positions: Sequence[int]) -> str:
    """The best verdict of a known record's articles: one that is found is enough."""
    from casetable.query.match import Verdict

    verdicts = {found.matched.verdict(at) for at in positions}
    return next(
        (verdict.value for verdict in (Verdict.FOUND, Verdict.UNKNOWN, Verdict.MISSED) if verdict in verdicts),
        NOT_THERE,
    )


def _lost(matched: Matched, positions: Sequence[int]) -> tuple[int, ...]:
    return tuple(sorted({number for at in positions for number in matched.lost_by(at)}))


def _open(matched: Matched, positions: Sequence[int]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(spot for at in positions for spot in matched.blind_spots(at)))


def _caveats(matched: Matched) -> Iterator[tuple[str, int]]:
    """Yields why something cannot be known, and of how many records."""
    from casetable.query.match import Blind

    for reason in Blind:
        mask = 0
        for term in matched.terms:
            mask |= term.blind.get(reason, 0)
        if number := (mask & matched.maybe & ~matched.sure).bit_count():
            yield reason.value, number


def _match_lines(found: MatchResult, most: int | None) -> Iterator[str]:
    from casetable.cli.show import counted

    matched, summary = found.matched, _match_summary(found)
    yield (
        f"{found.name or 'the strategy'} over {counted(matched.count, 'record')}: {summary['found']:,} found,"
        f" {summary['missed']:,} missed, {summary['unknown']:,} cannot be known"
    )
    caveats = list(_caveats(matched))
    if caveats:
        yield "what cannot be known from these records, and for how many"
        yield from (f"  {number:>7,}  {reason}" for reason, number in caveats)
    yield ""
    yield "terms: records that hold it, those that no other term brings, those where it cannot be known"
    for term in matched.terms:
        unknown = (term.maybe & ~term.sure).bit_count()
        sign = "NOT " if term.is_excluding else ""
        yield (
            f"  {term.number:>4}  {term.sure.bit_count():>7,}  {term.unique.bit_count():>7,}  {unknown:>7,}"
            f"  {sign}{_cut(term.text, 80)}"
        )
    yield ""
    yield "blocks: records in all of which the strategy finds"
    for block in matched.blocks:
        unknown = (block.maybe & ~block.sure).bit_count()
        sign = "NOT " if block.is_excluding else ""
        yield f"  {block.number:>4}  {block.sure.bit_count():>7,}  {'':>7}  {unknown:>7,}  {sign}{_cut(block.text, 80)}"
    if found.known:
        yield ""
        yield "known records, which the strategy must find"
        yield from (_known_line(found, item.key, item.positions) for item in found.known)
    yield ""
    yield "records, and the terms that find each"
    finders = matched.terms_of()
    for at, stored in enumerate(found.articles[:most]):
        yield f"  {_record_line(found, at, finders[at], stored.key, stored.article.title)}"
    if most is not None and len(found.articles) > most:
        yield f"  and {len(found.articles) - most:,} more; --all lists them"


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _known_line(found: MatchResult, key: str, positions: Sequence[int]) -> str:
    line = f"  {key}  {_known_verdict(found, positions)}"
    if lost := _lost(found.matched, positions):
        line += f" by block {', '.join(map(str, lost))}"
    if spots := _open(found.matched, positions):
        line += f": {'; '.join(spot.value for spot in spots)}"
    return line


def _record_line(found: MatchResult, at: int, terms: Sequence[int], key: str, title: str) -> str:
    verdict = found.matched.verdict(at).value
    by = ", ".join(map(str, terms)) or "none"
    lost = found.matched.lost_by(at)
    missed = f", missed by block {', '.join(map(str, lost))}" if lost else ""
    return f"{verdict:<15}  {key}  {_cut(title, 70)}  [terms {by}{missed}]"
