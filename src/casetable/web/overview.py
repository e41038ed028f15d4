"""The overview of a review, its searches, the table as it will be, and the work that takes its time."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from pathlib import PurePath
from urllib.parse import quote

from starlette.responses import Response
from starlette.routing import Route

from casetable.manuscript import head
from casetable.model import Stage
from casetable.problems import Problem, Severity
from casetable.render.diagram import render_diagram_svg
from casetable.review import Review
from casetable.web.frame import MANY, Asked, action, address, answer, go_back, one_line, page_of, show, text_of, view
from casetable.workflow import reading, rules
from casetable.workflow.building import build as build_review
from casetable.workflow.desk import Job, Survey
from casetable.workflow.editing import in_case
from casetable.workflow.refresh import refresh as refresh_review

_MAX_NAME = 100
_BY_SEARCHING = frozenset({"Q101", "Q102", "R106"})
# Reports that nobody, or one of two, decided on: their page is that of screening, and there may be thousands.
_APART = frozenset({"S101", "S107"})


def overview(asked: Asked) -> Response:
    """What is open, and where: the next steps, the searches, and every problem with a link to its place."""
    desk = asked.desk
    survey, is_fresh = desk.survey()
    review = survey.review if survey else desk.review()
    problems = survey.checked.problems if survey else ()
    wanted, kind = asked.query.get("code", ""), asked.query.get("severity", "")
    apart = sum(1 for each in problems if each.code in _APART) if not wanted else 0
    chosen = [
        each
        for each in problems
        if (each.code == wanted or (not wanted and each.code not in _APART)) and kind in ("", each.severity.value)
    ]
    page = page_of(asked)
    return show(
        asked,
        "overview.html",
        "Overview",
        survey=survey,
        is_fresh=is_fresh,
        fault=desk.fault,
        protocol=review.inputs.protocol,
        steps=_steps(asked, review, survey),
        searches=_searches(review, survey, desk.today()),
        problems=[
            (each, way := _way_to(each, review), _hint(each) if way else each.hint)
            for each in chosen[(page - 1) * MANY : page * MANY]
        ],
        number=len(chosen),
        apart=apart,
        errors=sum(1 for each in problems if each.severity is Severity.ERROR),
        codes=sorted(Counter(each.code for each in problems).items()),
        names={rule.code: rule.name for rule in rules()},
        wanted=wanted,
        kind=kind,
        page=page,
        pages=max(1, -(-len(chosen) // MANY)),
        jobs=[job for name in ("refresh", "build") if (job := desk.jobs.get(name))],
    )


def _steps(asked: Asked, review: Review, survey: Survey | None) -> list[tuple[str, int, str, str]]:
    """Returns what is to be done: what, how many, the page where it is done, and what is told of it."""
    by = asked.session.by
    queues = {stage: reading.queue_of(asked.desk, review, by, stage) for stage in Stage}
    conflicts = len(reading.conflicts_of(review))
    awaiting = sum(1 for item in review.included if not item.extractions)
    found = [
        ("Records to screen", queues[Stage.RECORDS].left, "/screen", "titles and abstracts"),
        ("Reports to screen", queues[Stage.REPORTS].left, address("/screen", stage="reports"), "in full"),
        ("Conflicts", conflicts, "/conflicts", "decided differently"),
        ("To extract", awaiting, "/extract", "included, not begun"),
        (
            "Possible duplicates",
            len(review.grouped.possible) + len(review.grouped.broken),
            "/duplicates",
            "to be ruled on",
        ),
    ]
    if survey is not None:
        false = sum(1 for each in survey.verdicts if each.holds is False)
        undecided = sum(1 for each in survey.verdicts if each.holds is None)
        found += [
            ("Possible overlaps", len(survey.overlaps), "/overlaps", "cases that may be one patient"),
            ("Claims", false + undecided, "/claims", f"{false} false, {undecided} not decided"),
        ]
    return found


def _searches(review: Review, survey: Survey | None, today: dt.date) -> list[dict[str, object]]:
    drifts = {drift.strategy: drift for drift in survey.drifts} if survey else {}
    found: list[dict[str, object]] = []
    for strategy in review.inputs.strategies:
        search = review.last_searches.get(strategy.name)
        drift = drifts.get(strategy.name)
        found.append(
            {
                "name": strategy.name,
                "source": strategy.source,
                "when": search.when[:10] if search else "",
                "age": (today - dt.date.fromisoformat(search.when[:10])).days if search else None,
                "hits": len(review.hits.get(strategy.name, ())),
                "drift": drift if drift is not None and drift.before is not None else None,
                "added": [move for move in drift.moves if move.is_gain] if drift else [],
                "removed": [move for move in drift.moves if not move.is_gain] if drift else [],
            }
        )
    return found


def _way_to(problem: Problem, review: Review) -> str:
    """Returns the page on which a problem can be mended, or nothing."""
    place, field, paths = problem.place, problem.field, review.inputs.paths
    if place.path.startswith(f"{paths.reports}/"):
        name = PurePath(place.path).stem
        report = next((each for each in review.inputs.reports if each.name == name), None)
        if report is None:
            return address(f"/extract/{name}") if place.path.endswith(".yaml") and _is_name(name) else ""
        case = in_case(problem, report)
        anchor = f"f-{'' if case else 'report-'}{field.partition('[')[0].partition('.')[0].partition('(')[0]}"
        return f"{address(f'/extract/{name}', case=case)}#{quote(anchor)}"
    if problem.code == "S105":
        return "/extract"
    if place.path == paths.screening and review.group_of(field) is not None:
        return address("/screen", record=field)
    if place.path == paths.duplicates or problem.code.startswith("D"):
        return "/duplicates"
    if problem.code in _BY_SEARCHING:
        return "/#searches"
    return "/overlaps" if problem.code.startswith("O") else "/claims" if problem.code.startswith("C") else ""


def _hint(problem: Problem) -> str:
    """What to do next; not the command where a page does it."""
    return "" if problem.hint.startswith("next: casetable") else problem.hint


def _is_name(name: str) -> bool:
    return name.replace("-", "").replace("_", "").isalnum() and len(name) <= _MAX_NAME


# --- work that takes its time -----------------------------------------------------------------------------------------


def refresh(asked: Asked) -> Response:
    """Begins a refresh of all strategies; the overview tells how far it is."""
    desk, sources = asked.desk, asked.sources

    def work(job: Job) -> str:
        found = refresh_review(
            desk.workspace, (), pubmed=sources.pubmed, crossref=sources.crossref, now=sources.now(), progress=job
        )
        added = sum(len(each.added) for each in found.searched)
        removed = sum(len(each.removed) for each in found.searched)
        failure = f" Crossref was not asked: {found.noticed.failure}" if found.noticed.failure else ""
        return (
            f"{_were(len(found.searched), 'search', 'searches')} run: {_were(added, 'hit', 'hits', 'is', 'are')} new, {removed:,}"
            f" {'is' if removed == 1 else 'are'} gone; {_were(len(found.undecided), 'report', 'reports', 'is', 'are')} undecided.{failure}"
        )

    desk.start("refresh", work)
    return go_back(asked)


def _were(number: int, one: str, many: str, verb: str = "was", verbs: str = "were") -> str:
    return f"{number:,} {one} {verb}" if number == 1 else f"{number:,} {many} {verbs}"


def build(asked: Asked) -> Response:
    """Begins a build; the page of the table tells how far it is."""
    desk = asked.desk

    def work(job: Job) -> str:
        built = build_review(
            desk.workspace,
            desk.today(),
            progress=lambda done, of: job("writing files", done, of),
            reading=lambda done, of: job("reading reports", done, of),
        )
        aside = "".join(f" {name} was changed by hand and is kept as {kept}." for name, kept in built.set_aside.items())
        return f"{len(built.files)} files are in {built.folder.name}/.{aside}"

    desk.start("build", work)
    return go_back(asked)


def jobs(asked: Asked) -> object:
    """How far work is, and whether the survey is of the review as it is."""
    _, is_fresh = asked.desk.last_survey()
    return {
        "fresh": is_fresh,
        "jobs": [
            {
                "name": job.name,
                "label": job.label,
                "done": job.done,
                "of": job.of,
                "outcome": job.outcome,
                "told": one_line(job.told),
            }
            for job in list(asked.desk.jobs.values())
        ],
    }


# --- the table --------------------------------------------------------------------------------------------------------


def table(asked: Asked) -> Response:
    """The tables as they will be built, a page of cases at a time."""
    survey, is_fresh = asked.desk.survey()
    tables = survey.edition.tables if survey and survey.review.inputs.form is not None else ()
    chosen = next(
        (each for each in tables if each.layout.name == asked.query.get("name", "")), tables[0] if tables else None
    )
    page = page_of(asked)
    rows = chosen.rows[(page - 1) * MANY : page * MANY] if chosen else ()
    return show(
        asked,
        "table.html",
        "Table",
        tables=[(each.layout.name, each.layout.title or each.layout.name or "The cases") for each in tables],
        table=chosen,
        heads=[head(column, survey.review.inputs.form) for column in chosen.layout.columns]
        if survey and chosen
        else [],
        rows=rows,
        is_fresh=is_fresh,
        page=page,
        pages=max(1, -(-len(chosen.rows) // MANY)) if chosen else 1,
        job=asked.desk.jobs.get("build"),
    )


def diagram(asked: Asked) -> Response:
    """The flow diagram as it will be built."""
    survey, _ = asked.desk.survey()
    if survey is None:
        return Response(status_code=404)
    return Response(render_diagram_svg(survey.edition.diagram), media_type="image/svg+xml")


def who(asked: Asked) -> Response:
    """Takes the name under which this browser decides."""
    by = " ".join(text_of(asked.form, "by").split())
    if not by or len(by) > _MAX_NAME or not by.isprintable():
        asked.said(f"a name has 1 to {_MAX_NAME} characters; it is still {asked.session.by or 'none'}", "fault")
    else:
        asked.session.by = by
        asked.session.taken.clear()
    return go_back(asked)


ROUTES = [
    Route("/", view(overview)),
    Route("/table", view(table)),
    Route("/table/flow.svg", view(diagram)),
    Route("/refresh", action(refresh), methods=["POST"]),
    Route("/build", action(build), methods=["POST"]),
    Route("/who", action(who), methods=["POST"]),
    Route("/jobs", answer(jobs), methods=["POST"]),
]
