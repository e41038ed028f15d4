"""An invented review that has something for every page of `serve`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from casetable.formats.logs import search_id, write_records, write_search
from casetable.formats.pubmed_xml import ORIGIN
from casetable.model import Method, Record, Search
from casetable.review import strategy_hash
from casetable.workspace import Workspace
from tests.support.invented import HEAD, TAIL

CURATOR = "A. Curator"
WHEN = "2026-01-10T08:00:00Z"

_REVIEW = """\
schema: 1
title: "Plasma exchange and tocilizumab for rapidly progressive lung disease in invented patients: a review of cases"
question: What became, case by case, of invented patients whose lung disease progressed within weeks?
eligibility:
  include: [an individual patient in a published report, rapidly progressive lung disease, tocilizumab given for it]
exclusion_reasons:
  other-treatment: by its title, a report of another treatment
  other-condition: of another condition than lung disease
  no-case: no individual patient is described
  guideline: recommendations or a guideline, not a report of cases
  no-tocilizumab: the patient was not given tocilizumab
screeners: 2
"""
_FORM = """\
schema: 1
fields:
  age_years: {label: Age, group: Patient, type: number, unit: year, range: 0 to 120, help: at the admission that led to tocilizumab}
  sex: {label: Sex, group: Patient, type: choice, choices: {female: [girl, woman], male: [boy, man]}}
  country: {label: Country, group: Patient, type: text}
  antibodies: {label: Antibodies, group: Disease, type: choices, choices: {anti-MDA5: [], anti-Ro52: [], anti-Jo1: []}}
  skin: {label: Skin, group: Disease, type: text, series: yes}
  ferritin: {label: Ferritin, group: Laboratory, type: number, unit: ng/ml, range: 0 to 200000, series: yes}
  imaging: {label: Response of imaging, group: Response, type: choice, choices: {improved: [], unchanged: [], worse: []}}
  tocilizumab: {label: Tocilizumab, group: Treatment, type: courses, drug: tocilizumab, parts: [dose, route]}
  treatment: {label: Treatment with and after tocilizumab, group: Treatment, type: courses, parts: [dose]}
  follow_up_months: {label: Follow-up, group: Outcome, type: number, unit: month, required: no}
  outcome: {label: Outcome, group: Outcome, type: choice, choices: {improved: [], stable: [], died: []}}
table:
  columns: [age_years, sex, country, antibodies, skin, ferritin, tocilizumab, treatment, imaging, outcome]
tables:
  outcomes: {title: By outcome, columns: [outcome, age_years, sex]}
"""
_CLAIMS = """\
schema: 1
claims:
  - name: three-cases
    text: "three patients were described, none of them a child"
    sql: SELECT count(*) FROM cases
    expected: 3
  - name: nobody-died
    text: "no patient who was given tocilizumab within a fortnight of the first sign of lung disease died"
    sql: SELECT report, case_id FROM cases WHERE outcome = 'died'
    expected: none
    note: death is read at the last follow-up
  - name: broken
    text: "a sentence whose question names a column that is not there"
    sql: SELECT nowhere FROM cases
    expected: 1
"""
_DOE = """\
schema: 1
report: pmid:10000001
access: full text
extracted: {by: A. Curator, when: 2026-01-15}
cases_in_report: 2
eligible_cases: 2
note: the supplement was not at hand
questions:
  - {question: Was the second patient given plasma exchange before or after tocilizumab?}
cases:
  - case: a
    eligible: yes
    age_years: {value: 12, unit: year, reported: "a 12-year-old girl", where: Case report}
    sex: {value: female, reported: girl, where: Case report}
    country: China
    antibodies: [anti-MDA5, anti-Ro52]
    skin:
      - {value: heliotrope rash and ulcers over the knuckles, when: admission, where: Case report}
      - {value: fading, when: day 28, where: Case report}
    ferritin:
      - {value: 1520, unit: ng/ml, when: admission, reported: "ferritin 1520 ng/ml", where: Results}
      - {value: 2310.4, unit: ng/ml, when: day 9, reported: "2310.4 ng/ml on day 9", where: Results, reference: 11 to 307}
      - {value: 410, unit: ng/ml, when: day 28, reported: "four hundred and ten", where: Results}
    imaging:
      conflicting:
        - {value: unchanged, reported: no change on day 20, where: Results}
        - {value: improved, reported: improved imaging, where: Discussion}
    tocilizumab:
      - {dose: {value: 8, unit: mg/kg}, route: intravenous, schedule: every 4 weeks, start: day 10, count: 3, reported: "tocilizumab 8 mg/kg every 4 weeks", where: Results}
    treatment:
      - {drug: prednisone, dose: {value: 1, unit: mg/kg}, start: admission, stop: day 40, where: Results}
      - {drug: tacrolimus, dose: not reported, start: day 4, where: Results}
    follow_up_months: {derived: 14, from: the dates of the first and the last visit, where: Discussion}
    outcome: {value: improved, reported: improved, where: Discussion}
  - case: b
    eligible: yes
    age_years: 41
    sex: male
    country: not reported
    antibodies: not reported
    skin: not reported
    ferritin: not reported
    imaging: worse
    tocilizumab: not reported
    outcome: died
"""
_ROE = """\
schema: 1
report: pmid:10000002
access: abstract
extracted: {by: B. Curator, when: 2026-01-16}
cases_in_report: 1
eligible_cases: 1
cases:
  - case: 1
    eligible: yes
    otherwise: not accessible
    age_years: 12
    sex: female
    country: China
    antibodies: anti-MDA5; anti-Ro52
    ferritin:
      - {value: 1520, unit: ng/ml, when: admission, where: Abstract}
      - {value: 2310.4, unit: ng/ml, when: day 9, where: Abstract}
    outcome: improved
"""
_TEXT = """\
An invented girl with lung disease

Case report

A 12-year-old girl was admitted in China with a heliotrope rash and ulcers over the knuckles. She had anti-MDA5 and anti-Ro52 antibodies. She had been well before.

Results

At admission she had ferritin 1520 ng/ml; it rose to 2310.4 ng/ml on day 9. She was given tocilizumab 8 mg/kg every 4 weeks, three times, and prednisone. There was no change on day 20.

Discussion

We saw improved imaging in the end. She was improved fourteen months later.
"""
_TITLES = [
    "Tocilizumab and plasma exchange in an invented girl with rapidly progressive interstitial lung disease: a case report and review of the literature",
    "A girl with lung disease who was given tocilizumab",
    "Tocilizumab for lung disease in two brothers",
    "Retracted: tocilizumab in myositis",
    "Deoxyribonucleoside-diphosphate-alpha-D-galactosaminyltransferase-associated myositis under tocilizumab",
    "Tocilizumab in myositis of unknown cause",
    "Tocilizumab in a myositis of an unknown cause",
    "Recommendations for the use of tocilizumab in dermatomyositis",
    "Ferritin as a marker of myositis under tocilizumab",
    "Dermatomyositis, tocilizumab, and a rash of the knuckles",
    "Juvenile dermatomyositis treated with tocilizumab: a cohort of thirty",
    "Tocilizumab after rituximab in myositis",
]
_VOTES = {
    5: [("records", "include", "", "A. Curator"), ("records", "exclude", "other-condition", "B. Curator")],
    8: [("records", "exclude", "guideline", "A. Curator"), ("records", "exclude", "guideline", "B. Curator")],
    9: [("records", "include", "", "A. Curator"), ("records", "exclude", "no-case", "B. Curator")],
    11: [("records", "include", "", "A. Curator"), ("records", "include", "", "B. Curator")],
} | {
    number: [
        (stage, "include", "", by) for stage in ("records", "reports") for by in ("A. Curator", "B. Curator")
    ]
    for number in (1, 2, 3, 4)
}  # fmt: skip


def write_review(folder: Path) -> None:
    """Writes the review: two reports extracted, two not begun, conflicts, possible duplicates, an overlap, claims."""
    for name in ("queries", "curated/reports", ".casetable/texts"):
        (folder / name).mkdir(parents=True)
    for name, text in {
        "review.yaml": _REVIEW,
        "curated/form.yaml": _FORM,
        "curated/claims.yaml": _CLAIMS,
        "curated/duplicates.yaml": "schema: 1\nsame: []\ndifferent: []\n",
        "curated/screening.yaml": "schema: 1\ndecisions:\n" + "".join(_votes()),
        "curated/reports/doe-2020.yaml": _DOE,
        "curated/reports/roe-2021.yaml": _ROE,
        "queries/main.yaml": "schema: 1\nsource: PubMed\npurpose: an invented strategy\n"
        "strategy: (dermatomyositis[tiab] OR myositis[tiab] OR lung[tiab]) AND tocilizumab[tiab]\n",
        ".casetable/texts/doe-2020.txt": _TEXT,
    }.items():
        (folder / name).write_text(text)
    records = [_record(number, title) for number, title in enumerate(_TITLES, 1)]
    (folder / "queries/records.jsonl").write_bytes(write_records(records))
    workspace = Workspace(folder)
    search = Search(
        id="",
        previous="",
        strategy="main",
        method=Method.DATABASE,
        source="PubMed",
        when=WHEN,
        strategy_hash=strategy_hash(workspace.load().strategies[0]),
        count=len(records),
        added=tuple(record.key for record in records),
        removed=(),
        tool="invented",
    )
    (folder / "queries/searches.jsonl").write_bytes(write_search(replace(search, id=search_id(search))))
    with_abstract = [record for record in records if record.pmid not in ("", "10000012")]
    body = b"".join([HEAD, *(_article(record) for record in with_abstract), TAIL])
    workspace.answers().keep(body, [record.pmid for record in with_abstract], WHEN)


def _votes() -> Iterator[str]:
    for number, votes in sorted(_VOTES.items()):
        for stage, decision, reason, by in votes:
            yield (
                f"  - record: pmid:{10_000_000 + number}\n    stage: {stage}\n    decision: {decision}\n"
                + (f"    reason: {reason}\n" if reason else "")
                + f"    by: {by}\n    when: 2026-01-15\n"
            )


def _record(number: int, title: str) -> Record:
    is_twin = number in (6, 7)  # one of PubMed's and one without its number, which may be the same report
    return Record(
        key="doi:10.1234/invented.7" if number == 7 else f"pmid:{10_000_000 + number}",
        origin=ORIGIN,
        title=title,
        authors=("Poe C", "Moe D")[: 8 - number]
        if is_twin
        else (f"{('Doe', 'Roe', 'Low', 'Day', 'Fay')[number % 5 - 1]} A", "Ray B"),
        journal="Invented Journal of Rheumatology and Pulmonology",
        year="2021" if is_twin else str(2019 + number % 5),
        volume="" if number == 7 else "12",
        pages="" if number == 7 else f"{number * 10}-9",
        pmid="" if number == 7 else str(10_000_000 + number),
        doi="" if number == 6 else f"10.1234/invented.{number}",
        publication_types=("Case Reports", "Journal Article"),
        notices=("RetractionIn pmid:10000099",) if number == 4 else (),
    )


def _article(record: Record) -> bytes:
    abstract = "".join(
        f'<AbstractText Label="{label}" NlmCategory="{label}">{text}</AbstractText>'
        for label, text in (
            ("BACKGROUND", "Lung disease in dermatomyositis can progress within weeks, and little is known of what helps. "
             "Tocilizumab, an antibody to the receptor of interleukin 6, was tried in some patients."),
            ("CASE PRESENTATION", "We describe an invented patient who was admitted with a rash, fever and shortness of breath. "
             "Ferritin was high and rose further; imaging showed ground-glass opacities in both lungs. Steroids, tacrolimus and "
             "immunoglobulins did not help. Tocilizumab was given with plasma exchange, and the patient improved slowly."),
            ("CONCLUSIONS", "Tocilizumab may be of use where lung disease progresses although much was tried. "
             "More cases of dermatomyositis are needed to tell."),
        )
    )  # fmt: skip
    authors = "".join(
        f"<Author><LastName>{name.split()[0]}</LastName><Initials>{name.split()[1]}</Initials></Author>"
        for name in record.authors
    )
    return (
        f'<PubmedArticle><MedlineCitation Status="MEDLINE"><PMID Version="1">{record.pmid}</PMID><Article PubModel="Print">'
        f"<Journal><JournalIssue><Volume>{record.volume}</Volume><PubDate><Year>{record.year}</Year></PubDate></JournalIssue>"
        f"<Title>{record.journal}</Title></Journal><ArticleTitle>{record.title}</ArticleTitle><Abstract>{abstract}</Abstract>"
        f"<AuthorList>{authors}</AuthorList></Article></MedlineCitation></PubmedArticle>"
    ).encode()
