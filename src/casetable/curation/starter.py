"""The files of a new review, ready to fill in."""

from __future__ import annotations

REVIEW = """\
# yaml-language-server: $schema=.casetable/schema/review.json
# The protocol of the review. `casetable check` says what is still to fill in.
schema: 1
title:
question:
eligibility:
  include:
    # - what a case must have, one line each
  exclude:
    # - what rules a case out
exclusion_reasons:
  # name: meaning; a decision to exclude names one of these
  not-a-case: describes no individual patient
  other-condition: the patients have another condition
  other-treatment: the patients had another treatment
max_search_age_days: 180
# screeners: 2  # two persons decide on each record, without seeing what the other decided
# one_report: [cochrane versions, preprints]  # of what each record is else a report of its own
# index_report: doi:10.…  # your own report, if the review accompanies one; list it in queries/own-report.yaml
# previous: {studies: 12, reports: 14, cases: 15, patients: 15}  # of the version that this review updates, if it updates one
"""

STRATEGY = """\
# yaml-language-server: $schema=../.casetable/schema/strategy.json
# A strategy: the file's name is the strategy's name. `casetable refresh` runs it.
schema: 1
source: PubMed
purpose:  # what the strategy is for
strategy:  # the query as you would type it into PubMed, below '|' and indented, on one line or line by line, as:
#  strategy: |
#    #1 "dermatomyositis"[mh] OR dermatomyositis[tiab]   # a comment
#    #2 tocilizumab[tiab]
#    #3 #1 AND #2
must_find:
  # - pmid:…  # a report that the strategy must find
# written: {by: …, when: 2026-11-22}
# peer_reviewed: {by: …, when: 2026-11-22}  # by another searcher, before it is run (PRESS)
"""

FORM = """\
# yaml-language-server: $schema=../.casetable/schema/form.json
# The extraction form: what is collected of each case, and the columns of the table. Change it to fit your question.
schema: 1
fields:
  age_years:
    label: Age
    group: Patient
    type: number
    unit: year
    range: 0 to 120
  sex:
    label: Sex
    group: Patient
    type: choice
    choices:  # write the choice in a case; behind it stand the words by which a report prints it
      female: [woman, girl]
      male: [man, boy]
  country:
    label: Country
    group: Patient
    type: text
  diagnosis:
    label: Diagnosis
    group: Disease
    type: text
  treatment:
    label: Treatment
    group: Treatment
    type: courses
  outcome:
    label: Outcome
    group: Outcome
    type: choice
    choices:
      recovered: [recovery, cured, remission]
      improved: [improvement, better]
      unchanged: [no change, stable]
      worse: [deterioration, progression]
      died: [death, fatal]
  follow_up_months:
    label: Follow-up
    group: Outcome
    type: number
    unit: month
    range: 0 to 1200
table:
  columns:
    - age_years
    - sex
    - country
    - diagnosis
    - treatment
    - outcome
    - follow_up_months
"""

SCREENING = """\
# yaml-language-server: $schema=../.casetable/schema/screening.json
# Decisions on records and reports. `casetable screen` adds to it; so can you.
schema: 1
decisions: []
"""

DUPLICATES = """\
# yaml-language-server: $schema=../.casetable/schema/duplicates.json
# Rulings on duplicates. casetable joins records by their identifiers, or by title, year and authors; a ruling wins.
#   same:
#     - records: [pmid:…, doi:…]
#       by: …
#       when: 2026-11-22
schema: 1
same: []
different: []
"""

OVERLAPS = """\
# yaml-language-server: $schema=../.casetable/schema/overlaps.json
# Rulings on cases of different reports that may be one patient; `casetable overlap` shows them, and what speaks for it.
#   rulings:
#     - cases: [doe-2020/1, roe-2021/3]  # REPORT/CASE: the name of the extraction, and the case's id in it
#       verdict: same  # or: different, cannot tell
#       by: …
#       when: 2026-11-22
schema: 1
rulings: []
"""

NOTICES = """\
# yaml-language-server: $schema=../.casetable/schema/notices.json
# Retractions, corrections and other notices about included reports that you know of, and why the reports stay in the review.
#   acknowledged:
#     - report: pmid:…
#       notice: retraction  # or: expression of concern, correction, …, as `casetable check` names it
#       key: doi:10.…       # the notice's own key; without it, all of the kind that were known on that day
#       by: …
#       when: 2026-11-22
#       reason: …
schema: 1
acknowledged: []
"""

CLAIMS = """\
# yaml-language-server: $schema=../.casetable/schema/claims.json
# Sentences of the manuscript that the table must bear out, each with a question to it in SQL; `casetable check` holds
# the one against the other, and `casetable value` lists all. The tables and their columns stand in the README.
#   claims:
#     - name: first-child
#       text: This is the first child who was treated so.
#       sql: SELECT report, case_id FROM cases WHERE age_years < 18
#       expected: only doe-2026/1  # or a number, >= 3, none, some, all, 7 of 9
#   values:  # numbers to paste: casetable value median-age
#     median-age: {sql: SELECT median(age_years) FROM cases}
schema: 1
claims: []
values: {}
"""

GITIGNORE = """\
.casetable/
build/
"""

# Two branches that both refreshed, or verified, merge by taking all lines of both.
GITATTRIBUTES = """\
queries/searches.jsonl merge=union
queries/records.jsonl merge=union
curated/verified.jsonl merge=union
queries/notices.jsonl merge=union
"""

REPORTS_README = """\
One file a report, written by `casetable new RECORD`.
"""


def starter_files() -> dict[str, bytes]:
    """Returns the files of a new review by their path."""
    files = {
        "review.yaml": REVIEW,
        "queries/main.yaml": STRATEGY,
        "curated/form.yaml": FORM,
        "curated/screening.yaml": SCREENING,
        "curated/duplicates.yaml": DUPLICATES,
        "curated/overlaps.yaml": OVERLAPS,
        "curated/notices.yaml": NOTICES,
        "curated/claims.yaml": CLAIMS,
        "curated/reports/README": REPORTS_README,
        ".gitignore": GITIGNORE,
        ".gitattributes": GITATTRIBUTES,
    }
    return {name: text.encode() for name, text in files.items()}
