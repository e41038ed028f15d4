"""The commands on strategies as texts: lint, match. Each imports its workflow when it runs."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from casetable.cli.invocation import SHOWN_AT_MOST, dry, echo, form_option, remark, today, workspace_of

if TYPE_CHECKING:
    from casetable.problems import Problem
    from casetable.query.match import Found, MatchedArticle
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
@form_option("github")
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

    Ends 1 where there are errors, and 2 where a file cannot be read; all others are linted all the same. With
    --strategy, --fix prints the mended strategy.
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
        unread: tuple[Problem, ...] = ()
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
        linted, unread = strategies.lint_review(workspace, names, today())
    return _told(linted, unread, form, changed, is_strict=strict, to_stderr=is_fixing and text is not None)


def _typed(text: str) -> str:
    """Returns the strategy given, or that of standard input."""
    if text != "-":
        return text
    from casetable.errors import UsageError

    data = sys.stdin.buffer.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise UsageError(f"standard input is larger than {MOST_BYTES:,} bytes; expected a strategy")
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise UsageError(f"byte {error.start + 1} of standard input is not UTF-8; expected UTF-8") from None


def _shown_lines(text: str) -> str:
    """Returns a text whose lines and tabs stay, and in which nothing else steers a terminal."""
    from casetable.problems import STEERING

    return STEERING.sub(lambda found: found[0] if found[0] in "\n\t" else repr(found[0])[1:-1], text)


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
    linted: Sequence[Linted],
    unread: Sequence[Problem],
    form: str,
    changed: list[dict[str, Any]],
    *,
    is_strict: bool,
    to_stderr: bool,
) -> int:
    from casetable.cli.show import counted, envelope, github_lines, problem_lines
    from casetable.completeness import is_unreadable
    from casetable.problems import Severity
    from casetable.problems import strict as made_strict

    by_strategy = [made_strict(each.problems) if is_strict else each.problems for each in linted]
    problems = [*unread, *(problem for group in by_strategy for problem in group)]
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
    elif form == "github":
        for line in github_lines(problems):
            click.echo(line)
    else:
        say = remark if to_stderr else echo
        for line in problem_lines(unread):
            say(line)
        for each, group in zip(linted, by_strategy, strict=True):
            for line in _lint_lines(each, group):
                say(line)
        hint = f"; 'casetable lint --fix' mends {fixable} of them" if fixable and not changed else ""
        say(
            f"linted {counted(len(linted), 'strategy', 'strategies')}: {counted(numbers[Severity.ERROR], 'error')},"
            f" {counted(numbers[Severity.WARNING], 'warning')}, {counted(numbers[Severity.NOTE], 'note')}{hint}"
        )
    return 2 if any(map(is_unreadable, unread)) else 1 if numbers[Severity.ERROR] else 0


def _lint_lines(linted: Linted, problems: Sequence[Problem]) -> Iterator[str]:
    """Yields each problem with the place that it points to; the gravest first, of those the first ones in the text."""
    from casetable.cli.show import problem_lines
    from casetable.problems import Severity, pointed

    for severity in (Severity.ERROR, Severity.WARNING, Severity.NOTE):
        for problem in problems:
            if problem.severity is severity:
                yield from problem_lines([problem])
                if problem.span is not None and linted.text.strip():
                    yield from pointed(linted.text, problem.span, *problem.also)


# --- match ------------------------------------------------------------------------------------------------------------


@click.command()
@click.argument("arguments", nargs=-1, metavar="NAME [FILE]...")
@strategy_option
@click.option("--all", "is_listing", is_flag=True, help="List every record, not the first 40.")
@form_option()
@click.pass_context
def match(context: click.Context, arguments: tuple[str, ...], text: str | None, form: str, *, is_listing: bool) -> None:
    """Say which records a strategy finds, by which of its terms, and what cannot be known.

    FILE is NBIB, PubMed XML, RIS, BibTeX, EndNote XML, CSL-JSON, Web of Science text or records.jsonl, also gzipped;
    without one, the review's own records are looked at. With --strategy, all arguments are files.
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
    return {
        "records": matched.count,
        "found": matched.sure.bit_count(),
        "missed": matched.count - matched.maybe.bit_count(),
        "unknown": matched.unknown.bit_count(),
        "terms": len(matched.terms),
        "unread": len(found.faults),
    }


def _match_value(found: MatchResult) -> dict[str, Any]:
    matched = found.matched
    return {
        "strategy": found.text,
        "caveats": [{"reason": reason.value, "records": mask.bit_count()} for reason, mask in matched.blind.items()],
        "terms": [
            {**_found_value(term), "unique": term.unique.bit_count(), "excluding": term.is_excluding}
            for term in matched.terms
        ],
        "blocks": [
            {**_found_value(block), "excluding": block.is_excluding, "terms": list(block.terms)}
            for block in matched.blocks
        ],
        "known": [
            {"key": item.key, **_article_value(item.article), "records": list(item.records)} for item in found.known
        ],
        "records": [
            {"key": stored.key, "title": stored.article.title, **_article_value(article)}
            for stored, article in zip(found.articles, matched.articles, strict=True)
        ],
    }


def _found_value(part: Found) -> dict[str, Any]:
    return {
        "number": part.number,
        "text": part.text,
        "start": part.start,
        "end": part.end,
        "hits": part.sure.bit_count(),
        "unknown": (part.maybe & ~part.sure).bit_count(),
    }


def _article_value(article: MatchedArticle | None) -> dict[str, Any]:
    if article is None:
        return {"verdict": NOT_THERE, "terms": [], "missed_by": [], "open": [], "unknown": []}
    return {
        "verdict": article.verdict.value,
        "terms": list(article.terms),
        "missed_by": list(article.missed_by),
        "open": list(article.open_blocks),
        "unknown": [reason.value for reason in article.blind],
    }


NOT_THERE = "not among the records"


def _match_lines(found: MatchResult, most: int | None) -> Iterator[str]:
    from casetable.cli.show import counted

    matched, summary = found.matched, _match_summary(found)
    yield (
        f"{found.name or 'the strategy'} over {counted(matched.count, 'record')}: {summary['found']:,} found,"
        f" {summary['missed']:,} missed, {summary['unknown']:,} cannot be known"
    )
    if matched.blind:
        yield ""
        yield "why it cannot be known, and of how many records"
        yield from (f"  {mask.bit_count():>7,}  {reason.value}" for reason, mask in matched.blind.items())
    yield ""
    yield "   no.     hits    alone  unknown  term ('alone': hits that no other term brings)"
    for term in matched.terms:
        yield _row(term, f"{term.unique.bit_count():,}", is_excluding=term.is_excluding)
    yield ""
    yield "   no.     hits           unknown  block (a record must be in each, and in none behind NOT)"
    for block in matched.blocks:
        yield _row(block, "", is_excluding=block.is_excluding)
    if found.known:
        yield ""
        yield "records that the strategy must find"
        yield from (f"  {item.key}  {_known_text(item.article)}" for item in found.known)
    yield ""
    yield "records, and the terms that find each"
    for stored, article in list(zip(found.articles, matched.articles, strict=True))[:most]:
        by = f"terms {', '.join(map(str, article.terms))}" if article.terms else "no term"
        missed = f", missed by block {', '.join(map(str, article.missed_by))}" if article.missed_by else ""
        yield f"  {article.verdict:<15}  {stored.key}  {_cut(stored.article.title, 70)}  [{by}{missed}]"
    if most is not None and len(found.articles) > most:
        yield f"  and {len(found.articles) - most:,} more; --all lists them"


def _row(part: Found, unique: str, *, is_excluding: bool) -> str:
    unknown = (part.maybe & ~part.sure).bit_count()
    sign = "NOT " if is_excluding else ""
    return f"  {part.number:>4}  {part.sure.bit_count():>7,}  {unique:>7}  {unknown:>7,}  {sign}{_cut(part.text, 80)}"


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _known_text(article: MatchedArticle | None) -> str:
    if article is None:
        return NOT_THERE
    text = str(article.verdict)
    if article.missed_by:
        text += f" by block {', '.join(map(str, article.missed_by))}"
    elif article.open_blocks:
        text += f" for block {', '.join(map(str, article.open_blocks))}: {'; '.join(map(str, article.blind))}"
    return text
