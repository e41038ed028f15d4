"""Duplicates on labelled sets, beside bib-dedupe in the same run: what is found, what is lost, seconds, memory.

    dedup.py [--synthetic NUMBER] [--seed SEED] [--alone] [FOLDER]

FOLDER holds CSV files with the columns of the command's CSV, and `label_duplicate` (1 on every record that has a duplicate)
or, where a file NAME.meta.json beside it says {"semantics": "cluster"}, `cluster_id`. Without a folder, or with --synthetic,
a seeded synthetic set is made. bib-dedupe runs with the Python that BIB_DEDUPE_PYTHON names; --alone leaves it out.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support.duplicates import synthetic

COLUMNS = (
    "record_id title authors year journal volume issue pages doi pmid abstract source label_duplicate cluster_id kinds"
)

OURS = """
import resource, sys, time
from pathlib import Path
from casetable.workflow.duplicates import dedupe_files, write_clusters
start = time.perf_counter()
found = dedupe_files([Path(sys.argv[1])])
write_clusters(Path(sys.argv[2]), found)
print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, len(found.found.possible))
"""

THEIRS = """
import csv, resource, sys, time
import pandas as pd
from bib_dedupe.bib_dedupe import block, cluster, match, prep
start = time.perf_counter()
rows = list(csv.DictReader(open(sys.argv[1], encoding="utf-8")))
frame = pd.DataFrame([{
    "ID": r["record_id"], "ENTRYTYPE": "article", "title": r["title"], "author": r["authors"].replace("; ", " and "),
    "year": r["year"], "journal": r["journal"], "volume": r["volume"], "number": r["issue"], "pages": r["pages"],
    "doi": r["doi"], "abstract": r["abstract"], "pubmedid": r["pmid"],
} for r in rows])
groups = cluster(match(block(prep(frame, verbosity_level=0), verbosity_level=0), verbosity_level=0), verbosity_level=0)
of = {name: str(at) for at, group in enumerate(groups) for name in group}
with open(sys.argv[2], "w", newline="", encoding="utf-8") as file:
    writer = csv.writer(file)
    writer.writerow(("record_id", "cluster_id"))
    writer.writerows((r["record_id"], of.get(r["record_id"], "alone " + r["record_id"])) for r in rows)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss + resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(time.perf_counter() - start, peak / 1024, 0)
"""


def counted(rows: Sequence[Mapping[str, str]], cluster: Mapping[str, str], semantics: str) -> tuple[int, int, int]:
    """Returns true positives, false positives and false negatives.

    By members: a record that has a duplicate and is in a group of two or more is a true positive. By clusters: of each
    report one record is to be kept; a report of which none is kept is a false positive.
    """
    predicted = [cluster[row["record_id"]] for row in rows]
    if semantics == "member":
        sizes = Counter(predicted)
        found = [sizes[name] > 1 for name in predicted]
        labels = [row["label_duplicate"] == "1" for row in rows]
        pairs = Counter(zip(labels, found, strict=True))
        return pairs[True, True], pairs[False, True], pairs[True, False]
    kept: set[str] = set()
    removed: dict[str, int] = defaultdict(int)
    size: dict[str, int] = defaultdict(int)
    for row, name in zip(rows, predicted, strict=True):
        size[row["cluster_id"]] += 1
        removed[row["cluster_id"]] += name in kept
        kept.add(name)
    right = sum(min(removed[report], count - 1) for report, count in size.items())
    return (
        right,
        sum(removed[r] == n for r, n in size.items()),
        sum(max(0, n - 1 - removed[r]) for r, n in size.items()),
    )


def run(script: str, python: str, data: Path, out: Path) -> tuple[dict[str, str], float, float, int]:
    done = subprocess.run([python, "-c", script, str(data), str(out)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    seconds, peak, possible = done.stdout.split()[-3:]
    with out.open(encoding="utf-8", newline="") as file:
        cluster = {row["record_id"]: row["cluster_id"] for row in csv.DictReader(file)}
    return cluster, float(seconds), float(peak), int(possible)


def told(name: str, data: Path, theirs: str) -> None:
    meta = data.with_suffix(".meta.json")
    semantics = json.loads(meta.read_text(encoding="utf-8")).get("semantics", "cluster") if meta.exists() else "cluster"
    csv.field_size_limit(1 << 30)
    with data.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    print(f"{name}: {len(rows):,} records, judged by {semantics}")
    base = 0.0
    for tool, script, python in (("casetable", OURS, sys.executable), ("bib-dedupe", THEIRS, theirs)):
        if not python:
            continue
        with tempfile.TemporaryDirectory() as folder:
            cluster, seconds, peak, possible = run(script, python, data, Path(folder) / "clusters.csv")
        right, wrong, missed = counted(rows, cluster, semantics)
        f1 = 2 * right / max(2 * right + wrong + missed, 1)
        base = base or seconds
        print(
            f"  {tool:<10}  TP {right:,}  FP {wrong}  FN {missed}  F1 {f1:.4f}  possible {possible}"
            f"  {seconds:.2f} s ({seconds / base:.1f} ×)  {peak:,.0f} MiB"
        )
        if tool == "casetable" and rows and rows[0].get("kinds") is not None:
            by_kind(rows, cluster)


def by_kind(rows: Sequence[Mapping[str, str]], cluster: Mapping[str, str]) -> None:
    """Prints recall for each kind of noise, and of each kind of near-twin how many were lost."""
    members: dict[str, list[Mapping[str, str]]] = defaultdict(list)
    for row in rows:
        members[row["cluster_id"]].append(row)
    reports: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        reports[cluster[row["record_id"]]].add(row["cluster_id"])
    there, found, twins, lost = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for group in members.values():
        for row in group:
            kinds = [kind for kind in row["kinds"].split("|") if kind]
            is_joined = any(
                cluster[row["record_id"]] == cluster[other["record_id"]] for other in group if other is not row
            )
            is_mixed = len(reports[cluster[row["record_id"]]]) > 1
            for kind in kinds:
                if kind.startswith("twin"):
                    twins[kind] += 1
                    lost[kind] += is_mixed
                elif len(group) > 1:
                    there[kind] += 1
                    found[kind] += is_joined
    for kind in sorted(there):
        print(f"    {kind:<26} recall {found[kind] / there[kind]:.3f} of {there[kind]}")
    for kind in sorted(twins):
        print(f"    {kind:<26} {lost[kind]} of {twins[kind]} joined with another report")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--synthetic", type=int, default=0)
    parser.add_argument("--seed", type=int, default=20261125)
    parser.add_argument("--alone", action="store_true")
    asked = parser.parse_args()
    theirs = "" if asked.alone else os.environ.get("BIB_DEDUPE_PYTHON", "")
    if not asked.alone and not theirs:
        print("bib-dedupe is left out, as BIB_DEDUPE_PYTHON names no Python that has it", file=sys.stderr)
    for data in sorted(asked.folder.glob("*.csv")) if asked.folder else ():
        told(data.stem, data, theirs)
    if asked.synthetic or not asked.folder:
        number = asked.synthetic or 5000
        with tempfile.TemporaryDirectory() as folder:
            data = Path(folder) / "synthetic.csv"
            with data.open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file)
                writer.writerow(COLUMNS.split())
                for each in synthetic(number, asked.seed):
                    e = each.entry
                    row = (
                        e.id,
                        e.title,
                        "; ".join(e.authors),
                        e.year,
                        e.journal,
                        e.volume,
                        e.issue,
                        e.pages,
                        e.doi,
                        e.pmid,
                    )
                    writer.writerow((*row, e.abstract, e.source, "", each.report, "|".join(each.kinds)))
            told(f"synthetic, seed {asked.seed}", data, theirs)


if __name__ == "__main__":
    main()
