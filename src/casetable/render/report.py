"""The review as one self-contained page, which opens from disk and asks nothing of the network."""

from __future__ import annotations

import base64
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from hashlib import sha256
from importlib import resources
from itertools import groupby
from typing import Any

import jinja2
from markupsafe import Markup

from casetable.drift import Drift
from casetable.edition import Edition
from casetable.flow import Flow
from casetable.manuscript import INCOMPLETE_MEANING, MEANINGS, head
from casetable.model import Form, Signed, Status, Strategy, plain_number
from casetable.notices import marks
from casetable.problems import Problem, Rule, Severity, visible
from casetable.render.report_data import case_data, table_data, written
from casetable.render.text import render_flow, table_name
from casetable.review import Review, hits_by_search
from casetable.summary import Tally
from casetable.table import INCOMPLETE, Row, Shown, Table

# So many are listed; the page says how many more there are, and which command tells them.
_PROBLEMS_LISTED = 100
_MOVES_LISTED = 200
# From so many rows on, a browser lays out only those in sight.
_MANY = 100


def render_report(
    edition: Edition,
    rules: Sequence[Rule] = (),
    *,
    diagram: bytes = b"",
    figures: Mapping[str, bytes] | None = None,
    beside: Collection[str] = (),
) -> bytes:
    """Returns report.html: question, flow, tables, every cell's provenance, the fields in numbers, searches, problems.

    `rules` are those of the edition's problems. `diagram` is the flow diagram and `figures` the clinical courses by
    "REPORT/CASE", all as SVG, shown as images, in which nothing runs; `beside` are files that stand in the same folder.
    Every value is escaped, nothing is loaded, and the Content-Security-Policy allows one style and one script, ours.
    """
    review, table = edition.review, edition.table
    style = (
        _file("palette.css")
        + _file("report.css")
        + "".join(_widths(f"t{at}", each) for at, each in enumerate(edition.tables))
    )
    script = _file("report.js")
    protocol = review.inputs.protocol
    places = {id(row.case): place for place, row in enumerate(table.rows)}
    images = {place: figures[name] for place, row in enumerate(table.rows) if figures and (name := row.name) in figures}
    text = _template().render(
        protocol=protocol,
        style=Markup(style),  # noqa: S704  # our own file, and numbers
        style_hash=_digest(style),
        script=Markup(script),  # noqa: S704  # our own file
        script_hash=_digest(script),
        layout=Markup(written([table_data(each, places, review.inputs.form) for each in edition.tables])),  # noqa: S704
        data=Markup(  # noqa: S704  # `written` leaves no < in it
            written(case_data(edition) | {"figures": {place: _image(image) for place, image in images.items()}})
        ),
        built_of=_built_of(review),
        counts=_counts(edition),
        banner=_banner(edition),
        diagram=_image(diagram) if diagram else "",
        boxes=_boxes(edition.flow),
        reasons=_reasons(edition),
        tables=[_table(f"t{at}", each, edition) for at, each in enumerate(edition.tables)],
        has_cases=bool(table.rows),
        many=_MANY,
        meanings=_legend(table),
        abbreviations=_abbreviations(review.inputs.form),
        fields=_fields(edition),
        reports=_reports(edition),
        not_eligible=_not_eligible(edition),
        questions=_questions(review),
        searches=_searches(edition),
        decisions=_decisions(edition),
        problems=_problems(edition.problems, rules),
        accepted=edition.accepted,
        flow_json=_data("application/json", render_flow(edition.flow)),
        beside=sorted(beside),
    )
    return (text.strip() + "\n").encode()


# --- files, bytes -----------------------------------------------------------------------------------------------------


def _file(name: str) -> str:
    return resources.files("casetable.render").joinpath(name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    """The hash by which a Content-Security-Policy names an element's text."""
    return base64.b64encode(sha256(text.encode()).digest()).decode()


def _data(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _image(svg: bytes) -> str:
    return _data("image/svg+xml", svg)


def _finalize(value: object) -> object:
    """Makes visible in every text that is shown what could steer its reader."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return "\n".join(visible(line) for line in value.split("\n"))


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined, finalize=_finalize
    )
    return environment.from_string(_file("report.html"))


# --- head -------------------------------------------------------------------------------------------------------------


def _built_of(review: Review) -> list[str]:
    """On which day each source was last searched, in words; those that were never searched last."""
    days: dict[str, list[str]] = defaultdict(list)
    for strategy in review.inputs.strategies:
        search = review.last_searches.get(strategy.name)
        days[search.when[:10] if search else ""].append(_source(strategy))
    told = []
    for day in sorted(days, key=lambda day: (not day, day)):
        sources = ", ".join(dict.fromkeys(days[day]))
        told.append(f"{sources}: searched on {day}" if day else f"{sources}: not searched yet")
    return told


def _source(strategy: Strategy) -> str:
    return f"{strategy.source} ({strategy.name})"


def _counts(edition: Edition) -> list[tuple[int, str]]:
    review, table = edition.review, edition.table
    found = sum(1 for item in review.items if item.is_hit)
    return [
        (found, "report found" if found == 1 else "reports found"),
        (len(review.included), "included report" if len(review.included) == 1 else "included reports"),
        (len(table.rows), "eligible case" if len(table.rows) == 1 else "eligible cases"),
        (table.patients, "unique patient" if table.patients == 1 else "unique patients"),
    ]


def _banner(edition: Edition) -> list[tuple[str, str]]:
    """What a reader must know before all else, each with the part of the page that says more."""
    review = edition.review
    told = []
    marked = marks(review)
    labels = {item.record.key: item.record.label for item in review.included}
    for text, group in groupby(sorted(marked.items(), key=lambda each: each[1].text), key=lambda each: each[1].text):
        names = [labels[key] for key, _ in group]
        told.append((f"{_counted(len(names), 'included report')}: {text} ({', '.join(names)}).", "reports"))
    if review.undecided:
        told.append((f"{_counted(len(review.undecided), 'report')} found, and not decided on yet.", "decisions"))
    if edition.table.not_extracted:
        told.append((f"{_counted(len(edition.table.not_extracted), 'included report')} not extracted yet.", "reports"))
    severities = Counter(problem.severity for problem in edition.problems)
    if severities:
        words = [_counted(severities[each], each.value) for each in Severity if severities[each]]
        told.append((f"The check of the review leaves open: {', '.join(words)}.", "problems"))
    return told


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


# --- the flow in words ------------------------------------------------------------------------------------------------

# What each box is called, with its keys of the PRISMA template for databases and registers, and for other methods.
_BOXES = (
    ("Records identified from databases", "database_results", ""),
    ("Records identified from registers", "register_results", ""),
    ("Records identified from websites", "", "website_results"),
    ("Records identified from organizations", "", "organisation_results"),
    ("Records identified from citation searching", "", "citations_results"),
    ("Own reports", "", "own_report_results"),
    ("Duplicate records removed", "duplicates", ""),
    ("Records screened", "records_screened", ""),
    ("Records excluded", "records_excluded", "other_records_excluded"),
    ("Reports sought for retrieval", "dbr_sought_reports", "other_sought_reports"),
    ("Reports not retrieved", "dbr_notretrieved_reports", "other_notretrieved_reports"),
    ("Reports assessed for eligibility", "dbr_assessed", "other_assessed"),
    ("Reports excluded", "dbr_excluded", "other_excluded"),
)


def _boxes(flow: Flow) -> list[tuple[str, str, str]]:
    numbers = {**flow.prisma, **flow.cases}
    rows = []
    for label, main, other in _BOXES:
        told = [str(numbers[key]) if key in numbers else "" for key in (main, other)]
        rows.append((label, told[0], told[1]))
    return rows


def _reasons(edition: Edition) -> list[tuple[str, int]]:
    """The reasons for which reports were excluded, in the protocol's words, most frequent first."""
    protocol = edition.review.inputs.protocol
    meanings = protocol.exclusion_reasons if protocol else {}
    total: Counter[str] = Counter()
    for reasons in edition.flow.reasons.values():
        total.update(reasons)
    return [(meanings.get(reason, reason), number) for reason, number in total.most_common()]


# --- tables -----------------------------------------------------------------------------------------------------------


def _widths(name: str, table: Table) -> str:
    """Returns the style of a table's columns: how wide each is at least, in rem, by what stands in it."""
    widths = [_width(table, index) for index in range(len(table.columns))]
    columns = " ".join(f"minmax({width}rem,{width}fr)" for width in widths)
    return f"#{name}{{--columns:{columns};--least:{sum(widths):g}rem}}\n"


def _width(table: Table, index: int) -> float:
    lengths = sorted(max((len(p.text) for p in row.columns[index].pieces), default=0) for row in table.rows)
    usual = lengths[len(lengths) * 9 // 10] if lengths else 0
    label = max((len(word) for word in table.columns[index].label.split()), default=0) + 3
    return min(max(5.5, round(0.5 * max(min(usual, 36), label) + 1.5, 2)), 18)


def _table(name: str, table: Table, edition: Edition) -> dict[str, Any]:
    layout, form = table.layout, edition.review.inputs.form
    marked = marks(edition.review)
    units = {field.name: field for field in table.fields}
    notes = [(column.label, column.note) for column in table.columns if column.note]
    return {
        "id": name,
        "title": layout.title or layout.name.replace("-", " ").capitalize() or "The cases",
        "heads": [head(column, form) for column in table.columns],
        "widths": [_width(table, index) for index in range(len(table.columns))],
        "group_by": units[layout.group_by].label if layout.group_by else "",
        "groups": [
            (group, [(row, marked.get(row.record.key), _cells(row)) for row in rows])
            for group, rows in groupby(table.rows, key=lambda row: row.group)
        ],
        "notes": notes,
        "below": layout.notes,
        "size": len(table.rows),
        "file": table_name(table),
    }


def _cells(row: Row) -> Markup:
    """A row's cells; the one part of the page that is too large for the template's pace."""
    return Markup("").join(map(_cell, row.columns))


_CELL = Markup("<td role=cell><button{}>{}</button></td>")
_PIECE = Markup("<span{}>{}</span>")


def _cell(shown: Shown) -> Markup:
    if not shown.pieces:
        return _CELL.format(Markup(" class=incomplete"), INCOMPLETE)
    pieces = [(visible(piece.text), piece.cell.status if piece.cell else Status.REPORTED) for piece in shown.pieces]
    if len(pieces) == 1:
        text, status = pieces[0]
        return _CELL.format(_class(status), text)
    return _CELL.format("", Markup("").join(_PIECE.format(_class(status), text) for text, status in pieces))


def _class(status: Status) -> Markup:
    return _CLASSES[status]


_CLASSES = {
    status: Markup("") if status is Status.REPORTED else Markup(" class={}").format(status.value.replace(" ", "-"))
    for status in Status
}


def _legend(table: Table) -> list[tuple[str, str, str]]:
    """Name, class and meaning of each way in which a cell of this page is known."""
    shown = [shown for row in table.rows for shown in (*row.columns, *row.fields)]
    used = {status for each in shown for status in each.statuses}
    legend = [
        (status.value, status.value.replace(" ", "-"), meaning)
        for status, meaning in MEANINGS.items()
        if status in used
    ]
    if any(not each.pieces for each in shown):
        legend.append((INCOMPLETE, INCOMPLETE, INCOMPLETE_MEANING.replace("`", "")))
    return legend


def _abbreviations(form: Form | None) -> list[tuple[str, str]]:
    return sorted(form.abbreviations.items(), key=lambda each: each[0].casefold()) if form else []


# --- fields in numbers ------------------------------------------------------------------------------------------------


def _fields(edition: Edition) -> list[tuple[str, list[dict[str, Any]]]]:
    """The fields of the form in numbers, by group."""
    pairs = zip(edition.table.fields, edition.fields, strict=True)
    return [
        (group, [_field(tally, is_series=field.series) for field, tally in told])
        for group, told in groupby(pairs, key=lambda pair: pair[0].group)
    ]


def _field(tally: Tally, *, is_series: bool) -> dict[str, Any]:
    spread = tally.spread
    numbers = ""
    if spread is not None:
        limits = f"median {plain_number(spread.median)} [{spread.limits}]" if spread.number > 1 else spread.limits
        of = f", of {_counted(spread.number, 'number')}" if spread.number != tally.known else ""
        numbers = ("first of each case: " if is_series else "") + limits + of
    bars, start = [], 0
    for css, number in (("known", tally.known), *((why.replace(" ", "-"), n) for why, n in tally.others.items())):
        if number:
            bars.append((css, start, number))
            start += number
    return {
        "label": f"{tally.label} ({tally.unit})" if tally.unit else tally.label,
        "known": tally.known,
        "of": tally.of,
        "choices": [
            (choice, number, tally.known, f"{100 * number / tally.known:.0f}")
            for choice, number in tally.choices.items()
        ],
        "numbers": numbers,
        "others": list(tally.others.items()),
        "bars": bars,
    }


# --- reports, cases, questions ----------------------------------------------------------------------------------------


def _reports(edition: Edition) -> list[dict[str, Any]]:
    marked = marks(edition.review)
    cases = Counter(row.report.name for row in edition.table.rows)
    return [
        {
            "record": item.record,
            "report": item.extractions[0] if item.extractions else None,
            "mark": marked.get(item.record.key),
            "cases": cases[item.extractions[0].name] if item.extractions else 0,
        }
        for item in edition.review.included
    ]


def _not_eligible(edition: Edition) -> list[dict[str, Any]]:
    protocol = edition.review.inputs.protocol
    reasons = protocol.exclusion_reasons if protocol else {}
    return [
        {"label": record.label, "case": case, "reason": reasons.get(case.reason, case.reason)}
        for _, record, case in edition.table.not_eligible
    ]


def _questions(review: Review) -> list[dict[str, str]]:
    return [
        {"label": item.record.label, "case": case_id, "text": question.text, "answer": question.answer}
        for item in review.included
        for report in item.extractions[:1]
        for case_id, questions in (("", report.questions), *((case.id, case.questions) for case in report.cases))
        for question in questions
    ]


def _decisions(edition: Edition) -> list[dict[str, Any]]:
    protocol = edition.review.inputs.protocol
    reasons = protocol.exclusion_reasons if protocol else {}
    told = []
    for item in edition.review.items:
        decision = item.screened.decision
        told.append(
            {
                "record": item.record,
                "found_by": ", ".join(item.strategies) or "no longer found",
                "standing": item.screened.standing.value,
                "reason": reasons.get(decision.reason, decision.reason) if decision else "",
            }
        )
    return told


# --- searches, problems -----------------------------------------------------------------------------------------------


def _searches(edition: Edition) -> list[dict[str, Any]]:
    hits = hits_by_search(edition.review.inputs.searches)
    drifts = {drift.strategy: drift for drift in edition.drifts}
    return [
        _search(strategy, edition.review, hits, drifts.get(strategy.name))
        for strategy in edition.review.inputs.strategies
    ]


def _search(
    strategy: Strategy, review: Review, hits: Mapping[str, frozenset[str]], drift: Drift | None
) -> dict[str, Any]:
    moves = drift.moves if drift is not None and drift.before is not None else ()
    search = review.last_searches.get(strategy.name)
    return {
        "strategy": strategy,
        "search": search,
        "hits": len(review.hits.get(strategy.name, ())),
        "signed": _signed(strategy),
        "log": [
            (each.when[:10], len(hits[each.id]), len(each.added), len(each.removed))
            for each in reversed(review.inputs.searches)
            if each.strategy == strategy.name
        ],
        "warnings": [
            f"{kind}: {text}" for kind, texts in (search.warnings.items() if search else ()) for text in texts
        ],
        "drift": drift if drift is not None and drift.before is not None else None,
        "came": sum(1 for move in moves if move.is_gain),
        "went": sum(1 for move in moves if not move.is_gain),
        "moves": moves[:_MOVES_LISTED],
        "more": max(0, len(moves) - _MOVES_LISTED),
    }


def _signed(strategy: Strategy) -> list[tuple[str, Signed]]:
    told = [("Written", strategy.written), ("Peer-reviewed", strategy.peer_reviewed)]
    return [(label, signed) for label, signed in told if signed is not None]


def _problems(problems: Sequence[Problem], rules: Sequence[Rule]) -> list[dict[str, Any]]:
    """The problems by rule, the gravest first."""
    known = {rule.code: rule for rule in rules}
    by_code: dict[str, list[Problem]] = defaultdict(list)
    for problem in problems:
        by_code[problem.code].append(problem)
    severities = list(Severity)
    return [
        {
            "code": code,
            "severity": told[0].severity.value,
            "summary": known[code].summary if code in known else "",
            "count": len(told),
            "problems": told[:_PROBLEMS_LISTED],
            "more": max(0, len(told) - _PROBLEMS_LISTED),
        }
        for code, told in sorted(by_code.items(), key=lambda each: (severities.index(each[1][0].severity), each[0]))
    ]
