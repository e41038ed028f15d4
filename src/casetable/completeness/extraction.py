"""Rules over reports and their cases: is every included report extracted, and every cell accounted for."""

from __future__ import annotations

from collections.abc import Iterator

from casetable.curation.cells import E101
from casetable.model import REASONS, Access, Report, Status
from casetable.problems import Example, Place, Problem, Rule, Severity, did_you_mean, joined, shown
from casetable.quotes import cell_hash
from casetable.review import Item, Review

_REPORT = "curated/reports/doe-2020.yaml"
P107 = Rule(
    code="P107",
    name="figure-of-no-case",
    summary="the form asks for the figure of a case that is not extracted",
    why="The figure would be missing without a word.",
    fix="Correct the case in `course`, as REPORT/CASE, or extract it.",
    example=Example(
        path="curated/form.yaml",
        good="table:\n",
        bad="course: {cases: [doe-2020/2]}\ntable:\n",
        message="'doe-2020/2' is no case of this review",
    ),
)
S105 = Rule(
    code="S105",
    name="not-extracted",
    summary="an included report has no extraction",
    why="Its cases are missing from the table.",
    fix="Run `casetable new RECORD`, and fill in the file that it writes.",
    example=Example(
        path=_REPORT,
        good="",
        bad=None,
        message="pmid:11, Doe 2020, is included but has no extraction",
    ),
)
S106 = Rule(
    code="S106",
    name="extracted-but-not-included",
    summary="a report is extracted that is not included",
    why="The table holds the cases of included reports only, so this extraction would be left out without a word.",
    fix="Decide on the report, or remove its file.",
    example=Example(
        path="curated/screening.yaml",
        good="    decision: include\n",
        bad="    decision: exclude\n    reason: other-drug\n",
        message="pmid:11, Doe 2020, is extracted but excluded on the report",
    ),
)
E108 = Rule(
    code="E108",
    name="report-unknown",
    summary="an extraction belongs to no record of the review",
    why="Nobody can say how the report was found.",
    fix="Correct `report`; a report found by hand is listed under `records` in a strategy file.",
    example=Example(
        path=_REPORT,
        good="report: pmid:11",
        bad="report: pmid:99",
        message="pmid:99 is no record of this review",
    ),
)
E109 = Rule(
    code="E109",
    name="extracted-twice",
    summary="a report is extracted in two files",
    why="Its patients would be counted twice.",
    fix="Merge the two files.",
    example=Example(
        path="curated/reports/doe-2020-b.yaml",
        good="",
        bad="schema: 1\nreport: doi:10.1234/invented.1\naccess: none\nextracted: {by: A. Curator, when: 2026-01-15}\n"
        "cases_in_report: 0\neligible_cases: 0\ncases: []\n",
        message="doi:10.1234/invented.1 is extracted in curated/reports/doe-2020.yaml already",
    ),
)
E110 = Rule(
    code="E110",
    name="counts-disagree",
    summary="a report's counts of cases do not agree with the cases extracted",
    why="A case may have been left out, or extracted twice.",
    fix="Correct `cases_in_report` or `eligible_cases`, or add the case.",
    example=Example(
        path=_REPORT,
        good="eligible_cases: 1",
        bad="eligible_cases: 2",
        message="says 2, but 1 eligible case is extracted",
    ),
)
E111 = Rule(
    code="E111",
    name="case-id-twice",
    summary="two cases of a report have one id",
    why="Nobody can tell which one a value belongs to.",
    fix="Give each case its own id, as the report numbers them.",
    example=Example(
        path=_REPORT,
        good="cases:\n",
        bad="cases:\n  - case: 1\n    eligible: no\n    reason: no-tocilizumab\n",
        message="case 1 stands already in line 9",
    ),
)
E112 = Rule(
    code="E112",
    name="eligibility-open",
    summary="a case does not say whether it is eligible, or not why it is not",
    why="Only eligible cases enter the table, and a reader may ask about the others.",
    fix="Write `eligible: yes`, or `eligible: no` with a `reason` of the protocol.",
    example=Example(
        path=_REPORT,
        good="    eligible: yes\n",
        bad="    eligible: no\n    reason: somehow\n",
        message="case 1: 'somehow' is no reason of the protocol; expected other-drug or no-tocilizumab",
    ),
)
E113 = Rule(
    code="E113",
    name="not-accessible-in-full-text",
    summary="a cell is 'not accessible' although the report was read in full",
    why="A report that was read either gives the value or does not report it; the denominators differ.",
    fix="Write the value, `not reported`, or correct `access`.",
    example=Example(
        path=_REPORT,
        good="    age_years: 3\n",
        bad="    age_years: not accessible\n",
        message="case 1: is 'not accessible', but the report's access is 'full text'; expected a value or 'not reported'",
    ),
)
E114 = Rule(
    code="E114",
    name="extraction-not-filled-in",
    summary="an extraction does not say how the report was accessed, by whom and when, or how many cases it holds",
    why="Whether a silent report was read, and whether a case was left out, rests on it.",
    fix="Fill in access, extracted, cases_in_report and eligible_cases.",
    example=Example(
        path=_REPORT,
        good="access: full text\n",
        bad="access:\n",
        message="is not filled in yet; expected full text, partial text, abstract or none",
    ),
)
E201 = Rule(
    code="E201",
    name="not-accessible",
    severity=Severity.WARNING,
    summary="a cell is not known because the report could not be read",
    why="The table is honest about it, and not yet complete.",
    fix="Obtain the report: `casetable status` lists what is still to be requested.",
    example=Example(
        path=_REPORT,
        good="access: full text\nextracted: {by: A. Curator, when: 2026-01-15}\ncases_in_report: 1\neligible_cases: 1\n"
        "note: the invented report of the examples\ncases:\n  - case: 1\n    eligible: yes\n    age_years: 3\n",
        bad="access: abstract\nextracted: {by: A. Curator, when: 2026-01-15}\ncases_in_report: 1\neligible_cases: 1\n"
        "note: the invented report of the examples\ncases:\n  - case: 1\n    eligible: yes\n    age_years: not accessible\n",
        message="case 1: is not accessible",
    ),
)
E202 = Rule(
    code="E202",
    name="open-question",
    severity=Severity.WARNING,
    summary="a question about a report or case has no answer yet",
    why="Until it is settled, the table rests on it.",
    fix="Settle it and write the `answer`.",
    example=Example(
        path=_REPORT,
        good="    eligible: yes\n",
        bad="    eligible: yes\n    questions:\n      - question: Is it the invented disease?\n",
        message="case 1: open question: 'Is it the invented disease?'",
    ),
)

V101 = Rule(
    code="V101",
    name="changed-since-verified",
    summary="a cell says something else than when it was found in the report's text, or is gone",
    why="What was verified is not what stands in the table now.",
    fix="Run `casetable verify` where the report's text is at hand, and commit curated/verified.jsonl.",
    example=Example(
        path="curated/verified.jsonl",
        good="",
        bad='{"schema": 1, "report": "doe-2020", "case": "1", "cell": "age_years", "content": "sha256:0", "outcome": "verified",'
        ' "text": "doe.txt", "text_hash": "sha256:0", "start": 1, "end": 2, "when": "2026-01-16", "tool": "casetable 0"}\n',
        message="case 1: was found in 'doe.txt' on 2026-01-16, and says something else since",
    ),
)


def check(review: Review) -> Iterator[Problem]:
    """Yields what is wrong with the extractions and their cases."""
    yield from _reports(review)
    yield from _cases(review)
    yield from _figures(review)


def _reports(review: Review) -> Iterator[Problem]:
    paths = review.inputs.paths
    strays = [report for report in review.inputs.reports if review.group_of(report.key) is None]
    if review.is_log_whole:
        for report in strays:
            hint = did_you_mean(report.key, review.records) or "'casetable status --records' lists them"
            yield E108.at(
                report.places["report"], f"{report.key} is no record of this review", field="report", hint=hint
            )
    for item in review.items:
        for report in item.extractions[1:]:
            message = f"{report.key} is extracted in {item.extractions[0].place.path} already"
            yield E109.at(report.places["report"], message, field="report")
        standing = item.screened.standing
        key = item.group.keys[0]
        if standing.is_included and not item.extractions:
            # A report's file that could not be read, or that belongs nowhere, may be the one that is looked for.
            if review.is_read(paths.reports) and not strays:
                place = item.screened.decision.place if item.screened.decision else Place(path=paths.screening)
                message = f"{key}, {item.record.label}, is included but has no extraction"
                yield S105.at(place, message, field=key, hint=f"next: casetable new {key}")
        elif not standing.is_included and review.is_read(paths.screening):
            for report in item.extractions:
                message = f"{key}, {item.record.label}, is extracted but {standing}"
                yield S106.at(report.places["report"], message, field="report")


def _cases(review: Review) -> Iterator[Problem]:
    for report in review.inputs.reports:
        yield from check_one(review, report)


def check_one(review: Review, report: Report) -> Iterator[Problem]:
    """Yields what is wrong with one extraction by itself, as the form and the protocol of a review want it."""
    yield from _filled_in(report)
    doubtful = tuple(_eligibility(review, report))
    yield from doubtful
    yield from _counts(report, is_settled=not doubtful)
    yield from _completeness(review, report)
    for question in report.questions:
        if not question.answer:
            yield E202.at(question.place, f"open question: {shown(question.text, 200)}", field="questions")


def _figures(review: Review) -> Iterator[Problem]:
    figure = review.inputs.form.figure if review.inputs.form else None
    if figure is None or not review.is_read(review.inputs.paths.reports):
        return
    known = [f"{report.name}/{case.id}" for report in review.inputs.reports for case in report.cases]
    for name in figure.cases:
        if name not in known:
            message = f"{shown(name)} is no case of this review"
            yield P107.at(figure.place, message, field="cases", hint=did_you_mean(name, known))


def _filled_in(report: Report) -> Iterator[Problem]:
    for key, field, value, expected in (
        ("access", "access", report.access, joined(Access)),
        ("extracted", "by", report.by, "who extracted"),
        ("extracted", "when", report.when, "a date as 2026-11-22"),
        ("cases_in_report", "cases_in_report", report.cases_in_report, "how many cases the report describes"),
        ("eligible_cases", "eligible_cases", report.eligible_cases, "how many of them are eligible"),
        (
            "cases",
            "cases",
            report.cases or report.number_eligible == 0,
            "a list of cases, each with '- case: ID'",
        ),
    ):
        if not value:
            yield E114.at(report.places[key], f"is not filled in yet; expected {expected}", field=field)


def _counts(report: Report, *, is_settled: bool) -> Iterator[Problem]:
    """Holds the counts against the cases; while a case's eligibility is not settled, the eligible are not counted."""
    first: dict[str, int] = {}
    for case in report.cases:
        if case.id in first:
            yield E111.at(case.place, f"case {case.id} stands already in line {first[case.id]}", field="case")
        first.setdefault(case.id, case.place.line)
    eligible = sum(1 for case in report.cases if case.is_eligible)
    said, described = report.number_eligible, report.number_described
    if is_settled and said is not None and said != eligible:
        message = f"says {said}, but {_counted(eligible, 'eligible case')} extracted"
        yield E110.at(report.places["eligible_cases"], message, field="eligible_cases")
    if described is not None and described < len(first):
        message = f"says {described}, but {_counted(len(first), 'case')} extracted"
        yield E110.at(report.places["cases_in_report"], message, field="cases_in_report")


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun} is" if number == 1 else f"{number} {noun}s are"


def _eligibility(review: Review, report: Report) -> Iterator[Problem]:
    reasons = review.inputs.protocol.exclusion_reasons if review.inputs.protocol else {}
    for case in report.cases:
        if case.is_eligible is None:
            yield E112.at(case.place, f"case {case.id}: does not say 'eligible'; expected yes or no", field="eligible")
        elif not case.is_eligible and reasons and case.reason not in reasons:
            found = f"{shown(case.reason)} is no reason of the protocol" if case.reason else "has no reason"
            message = f"case {case.id}: {found}; expected {joined(reasons)}"
            yield E112.at(case.place, message, field="reason")


def _completeness(review: Review, report: Report) -> Iterator[Problem]:
    form = review.inputs.form
    if form is None:
        return
    for case in report.cases:
        for question in case.questions:
            if not question.answer:
                message = f"case {case.id}: open question: {shown(question.text, 200)}"
                yield E202.at(question.place, message, field="questions")
        if not case.is_eligible:
            continue
        for name, field in form.fields.items():
            entry = case.entries.get(name)
            if entry is None:
                if field.required and name not in case.faulty:
                    message = f"case {case.id}: has no cell; expected a value, or {joined(REASONS)}"
                    yield E101.at(case.place, message, field=name)
                continue
            for cell in entry.all_cells:
                if cell.status is not Status.NOT_ACCESSIBLE:
                    continue
                if report.access is Access.FULL_TEXT:
                    message = (
                        f"case {case.id}: is 'not accessible', but the report's access is 'full text';"
                        " expected a value or 'not reported'"
                    )
                    yield E113.at(cell.place, message, field=name)
                else:
                    yield E201.at(cell.place, f"case {case.id}: is not accessible", field=name)


def verified_cells(review: Review) -> tuple[int, int, tuple[Problem, ...]]:
    """Returns how many cells can be verified, how many are, as they stand, and those that changed since they were.

    All of it follows from the extractions and verified.jsonl; no text is needed.
    """
    if review.inputs.form is None:
        return 0, 0, ()
    there = review.verifiable
    # Of a report with faulty cells, or one that could not be read, it is not known what is gone.
    unsure = {r.name for r in review.inputs.reports if any(case.faulty for case in r.cases)}
    problems = []
    verified = 0
    for line in review.inputs.verified:
        lead = f"case {line.case}: was found in {shown(line.text)} on {line.when}"
        hint = f"next: casetable verify {line.report}"
        found = there.get((line.report, line.case, line.cell))
        if found is None:
            if line.report not in unsure and review.is_read(review.inputs.paths.reports):
                problems.append(
                    V101.at(line.place, f"{lead}, and is not in the extraction any more", field=line.cell, hint=hint)
                )
            continue
        if cell_hash(found.cell) == line.content:
            verified += 1
        else:
            message = f"{lead}, and says something else since"
            problems.append(V101.at(found.cell.place, message, field=found.name, hint=hint))
    return len(there), verified, tuple(problems)


def awaiting_report(item: Item) -> bool:
    """Whether an included report is still to be requested: it is not extracted yet, or could not be read in full."""
    return not item.extractions or any(report.access is not Access.FULL_TEXT for report in item.extractions)


RULES = (P107, S105, S106, E108, E109, E110, E111, E112, E113, E114, E201, E202, V101)
