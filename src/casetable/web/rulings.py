"""The pages on which a person rules: on duplicates, on cases that may be one patient, on claims, and what a rule means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256

from starlette.responses import Response
from starlette.routing import Route

from casetable.claims import Verdict, lacking
from casetable.curation.rulings import claim_hash
from casetable.dedup import explain
from casetable.dedup.groups import Link
from casetable.errors import UsageError
from casetable.model import Overlap, OverlapVerdict, Record, Ruling, normal_key
from casetable.overlap import Possible
from casetable.review import Review
from casetable.web.frame import MANY, Asked, action, go_back, page_of, show, text_of, view
from casetable.workflow import rules
from casetable.workflow.rulings import accept, correct_claim, rule_duplicates, rule_overlap, withdraw

_FIELDS = ("title", "authors", "journal", "year", "volume", "issue", "pages", "doi", "pmid", "origin")
# So many pairs stand on one page, each with two records or cases side by side.
_PAIRS = 10


def duplicates(asked: Asked) -> Response:
    """The records that may be of one report, side by side."""
    review = asked.desk.review(is_quick=True)
    links = _open_links(review, asked.query.get("pair", ""))
    page = page_of(asked)
    return show(
        asked,
        "duplicates.html",
        "Duplicates",
        pairs=[_pair(review, link, apart) for link, apart in links[(page - 1) * _PAIRS : page * _PAIRS]],
        number=len(links),
        rulings=[(each, _mark(each)) for each in review.inputs.rulings[-MANY:][::-1]],
        ruled=len(review.inputs.rulings),
        page=page,
        pages=max(1, -(-len(links) // _PAIRS)),
    )


def _open_links(review: Review, pair: str) -> list[tuple[Link, Link | None]]:
    grouped = review.grouped
    links: list[tuple[Link, Link | None]] = [(link, None) for link in grouped.possible]
    links += list(grouped.broken)
    keys = set(pair.split())
    return [each for each in links if not keys or {each[0].one, each[0].other} == keys]


def _pair(review: Review, link: Link, apart: Link | None) -> dict[str, object]:
    one, other = review.records[link.one], review.records[link.other]
    decision, _ = explain(review.records, link.one, link.other)
    told = {line.partition(":")[0].strip(): line.partition(":")[2].strip() for line in decision.fields}
    return {
        "link": link,
        "apart": apart,
        "records": (one, other),
        "rows": [(name, _value(one, name), _value(other, name), told.get(name, "")) for name in _FIELDS],
        "items": (review.item_of(one.key), review.item_of(other.key)),
    }


def _value(record: Record, name: str) -> str:
    value = getattr(record, name)
    return "; ".join(value) if isinstance(value, tuple) else str(value)


def rule_pair(asked: Asked) -> Response:
    """Rules that records are of one report, or of different ones."""
    keys = [normal_key(key) for key in (text_of(asked.form, "one"), text_of(asked.form, "other"))]
    said = text_of(asked.form, "ruling")
    if said not in {"same", "different"}:
        raise UsageError("no ruling was sent; expected same or different; nothing was written")
    with asked.desk.lock:
        rule_duplicates(
            asked.desk.workspace,
            keys,
            is_same=said == "same",
            by=asked.session.by,
            note=text_of(asked.form, "note"),
            today=asked.desk.today(),
            review=asked.desk.review(is_quick=True),
        )
    asked.said(f"Ruled: {keys[0]} and {keys[1]} are {'one report' if said == 'same' else 'different reports'}.")
    return go_back(asked)


def take_back(asked: Asked) -> Response:
    """Takes a ruling out of its file, on duplicates or on patients."""
    with asked.desk.lock:
        review = asked.desk.review(is_quick=True)
        entries: tuple[Ruling | Overlap, ...] = (*review.inputs.rulings, *review.inputs.overlaps)
        entry = next((each for each in entries if str(each.place) == text_of(asked.form, "place")), None)
        if entry is None or _mark(entry) != text_of(asked.form, "was"):
            raise UsageError("the ruling does not stand there any more; nothing was written")
        withdraw(asked.desk.workspace, entry)
    asked.said("The ruling is taken back.")
    return go_back(asked)


def _mark(entry: Ruling | Overlap) -> str:
    return sha256(repr(entry).encode()).hexdigest()[:20]


# --- patients ---------------------------------------------------------------------------------------------------------


def overlaps(asked: Asked) -> Response:
    """The cases that may be one patient, with what speaks for it and against it."""
    survey, is_fresh = asked.desk.survey()
    found = survey.overlaps if survey else ()
    page = page_of(asked)
    review = survey.review if survey else asked.desk.review(is_quick=True)
    labels = {report.name: item.record.label for item in review.included for report in item.extractions}
    return show(
        asked,
        "overlaps.html",
        "Overlaps",
        pairs=[_told(each, labels) for each in found[(page - 1) * _PAIRS : page * _PAIRS]],
        number=len(found),
        is_fresh=is_fresh,
        survey=survey,
        rulings=[(each, _mark(each)) for each in review.inputs.overlaps[-MANY:][::-1]],
        ruled=len(review.inputs.overlaps),
        verdicts=list(OverlapVerdict),
        page=page,
        pages=max(1, -(-len(found) // _PAIRS)),
    )


def _told(each: Possible, labels: dict[str, str]) -> dict[str, object]:
    def named(cases: Sequence[str]) -> list[tuple[str, str, str]]:
        return [(name, name.partition("/")[2], labels.get(name.partition("/")[0], "")) for name in cases]

    return {
        "one": named(each.one),
        "other": named(each.other),
        "lines": each.comparison.lines,
        "score": each.comparison.score,
    }


def rule_patients(asked: Asked) -> Response:
    """Rules whether cases are one patient."""
    cases = (text_of(asked.form, "one"), text_of(asked.form, "other"))
    said = text_of(asked.form, "ruling")
    if said not in {verdict.value for verdict in OverlapVerdict}:
        raise UsageError("no ruling was sent; nothing was written")
    with asked.desk.lock:
        rule_overlap(
            asked.desk.workspace,
            cases,
            verdict=OverlapVerdict(said),
            by=asked.session.by,
            note=text_of(asked.form, "note"),
            today=asked.desk.today(),
            review=asked.desk.review(is_quick=True),
        )
    asked.said(f"Ruled: {cases[0]} and {cases[1]}: {said}.")
    return go_back(asked)


# --- claims -----------------------------------------------------------------------------------------------------------


def claims(asked: Asked) -> Response:
    """The sentences of the manuscript, each with what the table says to it."""
    survey, is_fresh = asked.desk.survey()
    verdicts = survey.verdicts if survey else ()
    accepted = {(problem.code, problem.field): entry for problem, entry in survey.checked.accepted} if survey else {}
    page = page_of(asked)
    return show(
        asked,
        "claims.html",
        "Claims",
        hashes={each.claim.name: claim_hash(each.claim) for each in verdicts},
        verdicts=[
            (each, list(_lacking(each)), _code(each), accepted.get((_code(each), each.claim.name)))
            for each in verdicts[(page - 1) * MANY : page * MANY]
        ],
        number=len(verdicts),
        is_fresh=is_fresh,
        survey=survey,
        page=page,
        pages=max(1, -(-len(verdicts) // MANY)),
    )


def _lacking(verdict: Verdict) -> Iterator[str]:
    if verdict.holds is None and verdict.fault is None:
        yield from lacking(verdict)


def _code(verdict: Verdict) -> str:
    return "" if verdict.fault is not None or verdict.holds else "C101" if verdict.holds is False else "C102"


def change_claim(asked: Asked) -> Response:
    """Changes a claim's sentence, and what it expects."""
    name = text_of(asked.form, "name")
    with asked.desk.lock:
        correct_claim(
            asked.desk.workspace,
            name,
            before_hash=text_of(asked.form, "was"),
            text=text_of(asked.form, "text"),
            expected=text_of(asked.form, "expected"),
        )
    asked.said(f"The claim {name} is changed.")
    return go_back(asked)


def accept_claim(asked: Asked) -> Response:
    """Accepts what the rules find of a claim, with the reason."""
    name, code = text_of(asked.form, "name"), text_of(asked.form, "code")
    with asked.desk.lock:
        survey, is_fresh = asked.desk.last_survey()
        accept(
            asked.desk.workspace,
            code=code,
            field=name,
            reason=text_of(asked.form, "reason"),
            by=asked.session.by,
            today=asked.desk.today(),
            checked=survey.checked if survey and is_fresh else None,
        )
    asked.said(f"Accepted: {code} of {name}.")
    return go_back(asked)


def rule_page(asked: Asked) -> Response:
    """What a rule means, and what to do."""
    code = asked.query.get("code", "").upper()
    found = [rule for rule in rules() if code in ("", rule.code)]
    title = f"Rule {code[:8]}" if code else "Rules"
    return show(asked, "rules.html", title, status=200 if found else 404, rules=found, is_one=bool(code))


ROUTES = [
    Route("/duplicates", view(duplicates)),
    Route("/duplicates/rule", action(rule_pair), methods=["POST"]),
    Route("/overlaps", view(overlaps)),
    Route("/overlaps/rule", action(rule_patients), methods=["POST"]),
    Route("/rulings/take-back", action(take_back), methods=["POST"]),
    Route("/claims", view(claims)),
    Route("/claims/change", action(change_claim), methods=["POST"]),
    Route("/claims/accept", action(accept_claim), methods=["POST"]),
    Route("/rules", view(rule_page)),
]
