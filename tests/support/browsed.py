"""An invented review to be worked on in the browser: records with abstracts, an included report with its text, a conflict."""

from __future__ import annotations

import datetime as dt
import random
import re
import subprocess
from dataclasses import replace
from pathlib import Path

from casetable.curation.files import read_strategy
from casetable.formats.logs import read_records, read_searches, search_id, write_records, write_search
from casetable.formats.pubmed_xml import ORIGIN, read_article
from casetable.model import Record, Search
from casetable.model.article import Article, record_of
from casetable.review import strategy_hash
from casetable.workspace import Workspace
from tests.support.invented import HEAD, TAIL, record_xml

FIRST, WHEN = 40_000_001, "2026-01-10T08:00:00Z"
PROTOCOL = """\
# The protocol of an invented review.
schema: 1
title: Invented cases of a rash
question: What became of invented patients?
eligibility:
  include: [an invented patient]
exclusion_reasons:
  other-drug: another drug  # decided in January
  no-case: not a case
screeners: {screeners}
"""
FORM = """\
schema: 1
fields:
  age_years: {label: Age, group: Patient, type: number, unit: year, range: 0 to 120}
  sex:
    label: Sex
    group: Patient
    type: choice
    choices: {female: [girl, woman], male: [boy, man]}
  signs: {label: Signs, group: Disease, type: choices, choices: {rash: [], fever: [], ulcer: []}, required: no}
  ferritin: {label: Ferritin, group: Disease, type: number, unit: ng/ml, range: 0 to 100000, series: yes}
  treatment: {label: Treatment, group: Treatment, type: courses, parts: [dose]}
  outcome: {label: Outcome, group: Treatment, type: text, help: at the end of follow-up}
table:
  columns: [age_years, sex, ferritin, outcome]
"""
STRATEGY = """\
schema: 1
source: PubMed
purpose: invented
strategy: (rash[tiab] OR skin[tiab]) AND (girl*[tiab] OR case[tiab])
"""
SCREENING = """\
# What was decided, and by whom.
schema: 1
decisions:
  # the first one that we found
  - record: pmid:40000001  # Lung A, the report that is extracted
    stage: reports
    decision: include
    by: B. Curator
    when: 2026-01-15
    note: read in full
"""
CONFLICT = """\
  - record: pmid:40000002
    stage: records
    decision: include
    by: B. Curator
    when: 2026-01-15
  - record: pmid:40000002
    stage: records
    decision: exclude
    reason: no-case
    by: C. Curator
    when: 2026-01-16
"""
SECOND = """\
  - record: pmid:40000001
    stage: reports
    decision: include
    by: C. Curator
    when: 2026-01-15
"""
TEXT = """\
An invented report

Introduction

Nothing of this was ever seen.

Case presentation

A 7-year-old girl had a rash for three months. Ferritin was 1,271.4 ng/ml on admission, and 316 ng/ml on day 20. She was given
tocilizumab (8 mg/kg) and prednisolone.

Discussion

At the last visit she was in remission.
"""


TWICE = """\
schema: 1
report: {key}
access: full text
extracted: {{by: B. Curator, when: 2026-01-15}}
cases_in_report: 1
eligible_cases: 1
cases:
  - case: 1
    eligible: yes
    age_years: 7
    sex: female
    ferritin:
      - {{value: 1271.4, when: admission}}  # as printed
      - {{value: 316, when: day 20}}
    treatment:
      - {{drug: tocilizumab, dose: 8, unit: mg/kg}}
    outcome: in remission
"""
CLAIMS = """\
schema: 1
claims:
  # the sentence of the abstract
  - name: children
    text: No child was treated so.
    sql: SELECT report, case_id FROM cases WHERE age_years < 18
    expected: none
"""


def add_rulings(folder: Path) -> None:
    """Adds what a person is to rule on: a record that may be a duplicate, a patient who is told twice, a claim that is false."""
    records, _ = read_records("", (folder / "queries/records.jsonl").read_bytes())
    first, second = records["pmid:40000001"], records["pmid:40000003"]
    twin = Record(key="embase:7", origin="Embase", title=second.title)
    told = replace(records["pmid:40000004"], authors=first.authors)
    found = {**records, twin.key: twin, told.key: told}
    (folder / "queries/records.jsonl").write_bytes(write_records(found.values()))
    searches, _ = read_searches("", (folder / "queries/searches.jsonl").read_bytes())
    search = replace(searches[0], id="", count=len(found), added=tuple(sorted(found)))
    (folder / "queries/searches.jsonl").write_bytes(write_search(replace(search, id=search_id(search))))
    with (folder / "curated/screening.yaml").open("a") as file:
        file.write("  - {record: pmid:40000004, stage: reports, decision: include, by: B. Curator, when: 2026-01-15}\n")
    for name, key in (("doe-2020", "pmid:40000001"), ("roe-2021", "pmid:40000004")):
        (folder / f"curated/reports/{name}.yaml").write_text(TWICE.format(key=key))
    (folder / "curated/claims.yaml").write_text(CLAIMS)


def write_review(folder: Path, records: int = 24, *, screeners: int = 1, has_conflict: bool = True) -> Path:
    """Writes the review and returns its folder: the first record is included, the second decided differently."""
    chance = random.Random(8)
    (folder / "curated/reports").mkdir(parents=True)
    (folder / "queries").mkdir()
    (folder / ".gitignore").write_text(".casetable/\nbuild/\n")
    (folder / "review.yaml").write_text(PROTOCOL.format(screeners=screeners))
    (folder / "curated/form.yaml").write_text(FORM)
    (folder / "queries/main.yaml").write_text(STRATEGY)
    second = SECOND if screeners > 1 else ""
    (folder / "curated/screening.yaml").write_text(SCREENING + second + (CONFLICT if has_conflict else ""))
    strategy, problems = read_strategy("queries/main.yaml", "main", STRATEGY.encode())
    assert strategy is not None
    assert not problems
    xml = [record_xml(FIRST + number, chance, dt.date(2020, 1, 1), 900) for number in range(records)]
    found: list[Record] = []
    for each in xml:
        article = read_article(each)
        assert isinstance(article, Article)
        found.append(record_of(article, key=f"pmid:{article.pmid}", origin=ORIGIN))
    search = Search(
        id="",
        previous="",
        strategy="main",
        method=strategy.method,
        source="PubMed",
        when=WHEN,
        strategy_hash=strategy_hash(strategy),
        count=records,
        added=tuple(record.key for record in found),
        removed=(),
        tool="casetable 0",
    )
    (folder / "queries/records.jsonl").write_bytes(write_records(found))
    (folder / "queries/searches.jsonl").write_bytes(write_search(replace(search, id=search_id(search))))
    Workspace(folder).answers().keep(b"".join([HEAD, *xml, TAIL]), [record.pmid for record in found], WHEN)
    return folder


def commit(folder: Path) -> None:
    """Makes the folder a git repository with all that is in it."""
    for command in (
        ["init", "-q"],
        ["add", "-A"],
        ["-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-qm", "x"],
    ):
        subprocess.run(["git", "-C", str(folder), *command], check=True)


def diff_of(folder: Path) -> list[str]:
    """Returns the lines that were added or removed since the commit, of files that git knows."""
    told = subprocess.run(["git", "-C", str(folder), "diff", "-U0"], check=True, capture_output=True, text=True).stdout
    return [line for line in told.split("\n") if re.match(r"[+-](?![+-]{2} )", line)]
