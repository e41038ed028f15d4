"""How `check` and `build` grow with a review, and how fast `--help` answers.

Prints seconds and ratios of one run: generated reviews of 100 and of 1,000 reports, 3 cases each, 25 fields a case.
Ten times the reports are to take at most eleven times as long; `--help` at most 1.5 times as long as importing click.
"""

from __future__ import annotations

import datetime as dt
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from casetable import workflow
from casetable.formats.logs import search_id, write_records, write_search
from casetable.model import Method, Record, Search
from casetable.review import strategy_hash
from casetable.workflow import building
from casetable.workspace import Workspace

CASES, FIELDS = 3, 25
TODAY = dt.date(2026, 1, 20)


def write_review(folder: Path, reports: int, seed: int = 1, more: str = "") -> None:
    """Writes a complete review of invented reports: plain cells, quoted cells, series, courses, reasons, choices.

    `more` stands at the end of its form.
    """
    chance = random.Random(seed)
    (folder / "curated/reports").mkdir(parents=True)
    (folder / "queries").mkdir()
    (folder / "review.yaml").write_text(
        "schema: 1\ntitle: generated\nquestion: how long\neligibility: {include: [any]}\nexclusion_reasons: {other: other}\n"
    )
    fields = ["fields:"]
    for number in range(FIELDS):
        kind = number % 5
        fields.append(f"  f{number}:\n    label: Field {number}\n    group: Group {number // 5}")
        if kind in (0, 1):
            fields.append(
                "    type: number\n    unit: ng/ml\n    range: 0 to 100000" + ("\n    series: yes" if kind else "")
            )
        elif kind == 2:
            fields.append("    type: choice\n    choices: {yes: [present], no: [absent], maybe: []}")
        else:
            fields.append("    type: text" if kind == 3 else "    type: courses")
    columns = "".join(f"\n    - f{number}" for number in range(FIELDS))
    (folder / "curated/form.yaml").write_text(
        "schema: 1\n" + "\n".join(fields) + f"\ntable:\n  columns:{columns}\n{more}"
    )
    (folder / "queries/main.yaml").write_text("schema: 1\nsource: PubMed\npurpose: generated\nstrategy: generated\n")
    records, decisions = [], ["schema: 1", "decisions:"]
    for number in range(1, reports + 1):
        pmid = str(10_000_000 + number)
        title = " ".join(chance.choice(WORDS) for _ in range(12)) + f" {number}"
        author = f"{chance.choice(WORDS).title()} {chr(65 + number % 26)}"
        records.append(
            Record(
                key=f"pmid:{pmid}",
                origin="PubMed",
                title=title,
                authors=(author,),
                year=str(1990 + number % 30),
                pmid=pmid,
            )
        )
        decisions.append(
            f"  - record: pmid:{pmid}\n    stage: reports\n    decision: include\n    by: bench\n    when: 2026-01-15"
        )
        cases = "\n".join(_case(case, chance) for case in range(1, CASES + 1))
        (folder / f"curated/reports/report-{number:05}.yaml").write_text(
            f"schema: 1\nreport: pmid:{pmid}\naccess: full text\nextracted: {{by: bench, when: 2026-01-15}}\n"
            f"cases_in_report: {CASES}\neligible_cases: {CASES}\ncases:\n{cases}\n"
        )
    (folder / "curated/screening.yaml").write_text("\n".join(decisions) + "\n")
    (folder / "queries/records.jsonl").write_bytes(write_records(records))
    strategy = Workspace(folder).load().strategies[0]
    search = Search(
        id="",
        previous="",
        strategy="main",
        method=Method.DATABASE,
        source="PubMed",
        when="2026-01-10T08:00:00Z",
        strategy_hash=strategy_hash(strategy),
        count=reports,
        added=tuple(record.key for record in records),
        removed=(),
        tool="bench",
    )
    (folder / "queries/searches.jsonl").write_bytes(write_search(replace(search, id=search_id(search))))


WORDS = [
    "lung",
    "skin",
    "fever",
    "drug",
    "dose",
    "cell",
    "case",
    "girl",
    "boy",
    "rash",
    "renal",
    "liver",
    "rapid",
    "acute",
    "rare",
    "novel",
    "severe",
    "mild",
    "onset",
    "relapse",
]


def _case(number: int, chance: random.Random) -> str:
    lines = [f"  - case: {number}\n    eligible: yes"]
    for field in range(FIELDS):
        kind, figure = field % 5, chance.randrange(1, 9999)
        if chance.random() < 0.2:
            lines.append(f"    f{field}: not reported")
        elif kind == 0:
            lines.append(f'    f{field}: {{value: {figure}, unit: ng/ml, reported: "{figure} ng/ml", where: Results}}')
        elif kind == 1:
            lines.append(
                f"    f{field}:\n      - {{value: {figure}, when: day 1, where: Results}}\n"
                f"      - {{value: {figure + 1}, when: day 8, where: Results}}"
            )
        elif kind == 2:
            lines.append(f"    f{field}: {chance.choice(['yes', 'no', 'maybe'])}")
        elif kind == 3:
            lines.append(f"    f{field}: {chance.choice(WORDS)} {chance.choice(WORDS)}")
        else:
            lines.append(
                f"    f{field}:\n      - {{drug: {chance.choice(WORDS)}, dose: {figure}, unit: mg/day, start: day 1, where: Results}}"
            )
    return "\n".join(lines)


def seconds(work: Callable[[], object], times: int) -> float:
    measured = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        measured.append(time.perf_counter() - start)
    return statistics.median(measured)


def main() -> None:
    took: dict[tuple[str, int], float] = {}
    with tempfile.TemporaryDirectory() as temporary:
        for reports in (100, 1000):
            folder = Path(temporary) / str(reports)
            folder.mkdir()
            write_review(folder, reports)
            workspace = Workspace(folder)
            found, is_unread = workflow.check(workspace, TODAY)
            assert found.problems == (), found.problems[:3]
            assert not is_unread
            assert len(building.build(workspace, TODAY).table.rows) == reports * CASES
            for verb in ("check", "build"):
                took[verb, reports] = seconds(partial(run, "-m", "casetable", "--root", str(folder), verb), 3)
    for verb in ("check", "build"):
        small, large = took[verb, 100], took[verb, 1000]
        print(f"{verb}: 100 reports {small:.2f} s, 1,000 reports {large:.2f} s, ratio {large / small:.1f} (at most 11)")
    click, own = [], []
    for _ in range(15):
        click.append(seconds(partial(run, "-c", "import click"), 1))
        own.append(seconds(partial(run, "-m", "casetable", "--help"), 1))
    ratio = statistics.median(own) / statistics.median(click)
    print(f"casetable --help: {ratio:.2f} × python -c 'import click' (at most 1.5)")


def run(*arguments: str) -> None:
    subprocess.run([sys.executable, *arguments], check=False, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
