"""Duplicates in files: the one page that a person reads, and what a program reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from casetable.cli.invocation import Progress, echo, remark

if TYPE_CHECKING:
    from pathlib import Path

    from casetable.dedup import Pair
    from casetable.workflow.duplicates import DedupedFiles

MOST_PAIRS = 20


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What `dedupe` was asked for on files."""

    explain: tuple[str, str] | None
    clusters: str | None
    pairs: str | None
    to: str | None
    out: str | None
    merges: str | None
    rulings: str | None
    form: str
    joins_cochrane_versions: bool
    joins_preprints: bool
    keeps_all: bool

    @property
    def is_of_files(self) -> bool:
        """Whether anything is asked that is answered record by record, and not of a review's own groups."""
        return bool(self.clusters or self.pairs or self.to or self.merges)


def dedupe_files(files: Sequence[Path], asked: Asked) -> None:
    """Deduplicates files, writes what was asked for, and tells what was found."""
    from pathlib import Path

    from casetable.cli.show import envelope
    from casetable.dedup import Settings
    from casetable.errors import UsageError
    from casetable.formats.export import Form
    from casetable.workflow import duplicates

    settings = Settings(joins_cochrane_versions=asked.joins_cochrane_versions, joins_preprints=asked.joins_preprints)
    if asked.explain:
        rulings = Path(asked.rulings) if asked.rulings else None
        decision, fields, ruled = duplicates.explain_entries(files, *asked.explain, settings, rulings)
        if asked.form == "json":
            value = {"verdict": decision.verdict.value, "rule": decision.rule, "ruled": ruled or None}
            click.echo(envelope((), value, fields=list(decision.fields)))
            return
        if ruled:
            echo(f"{asked.explain[0]} and {asked.explain[1]} are {ruled}; by themselves:")
        echo(f"{asked.explain[0]} and {asked.explain[1]}: {decision.verdict} ({decision.rule})")
        for line in fields:
            echo(f"  {line}")
        return
    _refuse_overwriting(files, asked)
    if not asked.to and (asked.out or asked.keeps_all):
        raise UsageError("--out and --keep-all are of the records that --to writes; expected --to FORMAT")
    is_on_stdout = bool(asked.to and not asked.out)
    if is_on_stdout and asked.form == "json":
        raise UsageError("--format json and the records of --to would be mixed on stdout; expected --out FILE")
    with Progress(is_shown=True) as progress:
        deduped = duplicates.dedupe_files(
            files,
            settings=settings,
            rulings=Path(asked.rulings) if asked.rulings else None,
            keeps_records=bool(asked.to or asked.merges),
            progress=progress,
        )
    for told in deduped.faults:
        remark(told)
    if asked.clusters:
        duplicates.write_clusters(Path(asked.clusters), deduped)
    if asked.pairs:
        duplicates.write_pairs(Path(asked.pairs), deduped)
    if asked.merges:
        duplicates.write_merges(Path(asked.merges), deduped, Form(asked.to) if asked.to else None)
    if asked.to:
        out = Path(asked.out) if asked.out else None
        data = duplicates.write_records(out, deduped, Form(asked.to), merges=not asked.keeps_all)
        if is_on_stdout:
            click.echo(data, nl=False)
    if asked.form == "json":
        groups = [[deduped.entries[at].id for at in group] for group in deduped.found.groups if len(group) > 1]
        possible = [_pair_value(deduped, pair) for pair in deduped.found.possible]
        linked = [_pair_value(deduped, pair) for pair in deduped.found.linked]
        click.echo(envelope((), _summary(deduped), groups=groups, possible=possible, linked=linked))
        return
    for line in _page(deduped):
        if is_on_stdout:
            remark(line)
        else:
            echo(line)


def _refuse_overwriting(files: Sequence[Path], asked: Asked) -> None:
    """Raises UsageError where what is to be written would take the place of a file that is read, or of another one."""
    from pathlib import Path

    from casetable.errors import UsageError

    inputs = {file.resolve(): file for file in (*files, *([Path(asked.rulings)] if asked.rulings else []))}
    outputs: dict[Path, str] = {}
    for option in ("out", "clusters", "pairs", "merges"):
        if (name := getattr(asked, option)) is None:
            continue
        path = Path(name).resolve()
        if path in inputs:
            raise UsageError(f"--{option} would write over {inputs[path]}, which is read; expected another file")
        if path in outputs:
            raise UsageError(f"--{option} and --{outputs[path]} would both write {name}; expected two files")
        outputs[path] = option


def _summary(deduped: DedupedFiles) -> dict[str, int]:
    found = deduped.found
    return {
        "records": len(deduped.entries),
        "reports": len(found.groups),
        "duplicates": deduped.duplicates,
        "groups": sum(len(group) > 1 for group in found.groups),
        "possible": len(found.possible),
        "linked": len(found.linked),
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
    if deduped.faults:
        yield f"  could not be read or followed, as told above: {len(deduped.faults):,}"
    rules = Counter(pair.decision.rule for pair in found.same)
    if rules:
        yield ""
        yield "pairs of one report, by what makes them one"
        yield from (
            f"  {number:>7,}  {rule}" for rule, number in sorted(rules.items(), key=lambda row: (-row[1], row[0]))
        )
    if deduped.ruled:
        same = sum(ruling.is_same for ruling, _ in deduped.ruled)
        yield ""
        yield f"pairs that persons ruled on: {same:,} the same, {len(deduped.ruled) - same:,} different"
    if found.possible:
        yield ""
        yield f"possible pairs, for a person to decide ({len(found.possible)}); --explain A B compares two, --rulings FILE settles them"
        for pair in found.possible[:MOST_PAIRS]:
            one, other = deduped.entries[pair.one], deduped.entries[pair.other]
            yield f"  {one.id} and {other.id}: {pair.decision.rule}"
            yield f"    {one.title[:110]}"
            if other.title != one.title:
                yield f"    {other.title[:110]}"
        if len(found.possible) > MOST_PAIRS:
            yield f"  and {len(found.possible) - MOST_PAIRS:,} more; --pairs FILE writes all"
    if found.linked:
        yield ""
        yield f"preprints and their articles, which are two reports of one work ({len(found.linked)}); --preprints merges them"
        yield from (
            f"  {deduped.entries[pair.one].id} and {deduped.entries[pair.other].id}"
            for pair in found.linked[:MOST_PAIRS]
        )
        if len(found.linked) > MOST_PAIRS:
            yield f"  and {len(found.linked) - MOST_PAIRS:,} more; --pairs FILE writes all"
    if found.broken:
        yield ""
        yield f"not joined, as that would join two that surely differ ({len(found.broken)})"
        for broken in found.broken[:MOST_PAIRS]:
            one, other = deduped.entries[broken.pair.one], deduped.entries[broken.pair.other]
            a, b = deduped.entries[broken.apart.one], deduped.entries[broken.apart.other]
            yield f"  {one.id} and {other.id}: {a.id} and {b.id} differ ({broken.apart.decision.rule})"
        if len(found.broken) > MOST_PAIRS:
            yield f"  and {len(found.broken) - MOST_PAIRS:,} more"
