"""Duplicates in files: the one page that a person reads, and what a program reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import click

from casetable.cli.invocation import Progress, echo, remark

if TYPE_CHECKING:
    from casetable.dedup import Pair
    from casetable.workflow.duplicates import DedupedFiles

MOST_PAIRS = 20


def dedupe_files(
    files: Sequence[str],
    explain: tuple[str, str] | None,
    clusters: str | None,
    pairs: str | None,
    form: str,
    *,
    joins_cochrane_versions: bool,
) -> None:
    """Deduplicates files, writes what was asked for, and tells what was found."""
    from pathlib import Path

    from casetable.cli.show import envelope
    from casetable.workflow import duplicates

    paths = [Path(file) for file in files]
    if explain:
        decision = duplicates.explain_entries(paths, *explain)
        if form == "json":
            value = {"verdict": decision.verdict.value, "rule": decision.rule}
            click.echo(envelope((), value, fields=list(decision.fields)))
            return
        echo(f"{explain[0]} and {explain[1]}: {decision.verdict} ({decision.rule})")
        for line in decision.fields:
            echo(f"  {line}")
        return
    with Progress(is_shown=True) as progress:
        deduped = duplicates.dedupe_files(paths, joins_cochrane_versions=joins_cochrane_versions, progress=progress)
    for fault in deduped.faults:
        remark(fault)
    if clusters:
        duplicates.write_clusters(Path(clusters), deduped)
    if pairs:
        duplicates.write_pairs(Path(pairs), deduped)
    if form == "json":
        groups = [[deduped.entries[at].id for at in group] for group in deduped.found.groups if len(group) > 1]
        possible = [_pair_value(deduped, pair) for pair in deduped.found.possible]
        click.echo(envelope((), _summary(deduped), groups=groups, possible=possible))
        return
    for line in _page(deduped):
        echo(line)


def _summary(deduped: DedupedFiles) -> dict[str, int]:
    found = deduped.found
    return {
        "records": len(deduped.entries),
        "reports": len(found.groups),
        "duplicates": deduped.duplicates,
        "groups": sum(len(group) > 1 for group in found.groups),
        "possible": len(found.possible),
        "broken": len(found.broken),
        "unread": len(deduped.faults),
    }


def _pair_value(deduped: DedupedFiles, pair: Pair) -> dict[str, Any]:
    return {
        "one": deduped.entries[pair.one].id,
        "other": deduped.entries[pair.other].id,
        "rule": pair.decision.rule,
        "fields": list(pair.decision.fields),
    }


def _page(deduped: DedupedFiles) -> Iterator[str]:
    from casetable.cli.show import counted

    summary, found = _summary(deduped), deduped.found
    yield (
        f"{counted(summary['records'], 'record')} of {counted(len(deduped.files), 'file')}:"
        f" {counted(summary['reports'], 'report')}, {counted(summary['duplicates'], 'duplicate')}"
        f" in {counted(summary['groups'], 'group')}"
    )
    rules = Counter(pair.decision.rule for pair in found.same)
    if rules:
        yield ""
        yield "pairs of one report, by what makes them one"
        yield from (
            f"  {number:>7,}  {rule}" for rule, number in sorted(rules.items(), key=lambda row: (-row[1], row[0]))
        )
    if found.possible:
        yield ""
        yield f"possible pairs, for a person to decide ({len(found.possible)}); --explain A B compares two"
        for pair in found.possible[:MOST_PAIRS]:
            one, other = deduped.entries[pair.one], deduped.entries[pair.other]
            yield f"  {one.id} and {other.id}: {pair.decision.rule}"
            yield f"    {one.title[:110]}"
            if other.title != one.title:
                yield f"    {other.title[:110]}"
        if len(found.possible) > MOST_PAIRS:
            yield f"  and {len(found.possible) - MOST_PAIRS:,} more; --pairs FILE writes all"
    if found.broken:
        yield ""
        yield f"not joined, as that would join two that surely differ ({len(found.broken)})"
        for broken in found.broken[:MOST_PAIRS]:
            one, other = deduped.entries[broken.pair.one], deduped.entries[broken.pair.other]
            a, b = deduped.entries[broken.apart.one], deduped.entries[broken.apart.other]
            yield f"  {one.id} and {other.id}: {a.id} and {b.id} differ ({broken.apart.decision.rule})"
        if len(found.broken) > MOST_PAIRS:
            yield f"  and {len(found.broken) - MOST_PAIRS:,} more"
