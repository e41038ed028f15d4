"""The pages of screening: one record at a time, all records in a list, and what two screeners decided differently."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from starlette.responses import Response
from starlette.routing import Route

from casetable.errors import UsageError
from casetable.model import Decision, Stage, Verdict
from casetable.query.marks import Marked, Span
from casetable.review import Item, Review
from casetable.screening import Standing
from casetable.web.frame import MANY, Asked, action, go, page_of, show, text_of, view
from casetable.workflow import reading
from casetable.workflow.reading import Reading

_TRAIL = 500
_STAGES = {stage.value: stage for stage in Stage}


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a text, and by which terms it was found."""

    text: str
    terms: tuple[str, ...] = ()


def _pieces(text: str, spans: Sequence[tuple[int, int, str]]) -> list[Piece]:
    """Returns a text cut where marks of one strategy or several begin and end."""
    cuts = sorted({0, len(text), *(at for start, end, _ in spans for at in (start, end) if 0 <= at <= len(text))})
    return [
        Piece(text[low:high], tuple(dict.fromkeys(told for start, end, told in spans if start <= low and high <= end)))
        for low, high in pairwise(cuts)
    ]


def _stage(given: str) -> Stage:
    return _STAGES.get(given, Stage.RECORDS)


def screen(asked: Asked) -> Response:
    """One record, or that nothing is left to decide."""
    desk, session = asked.desk, asked.session
    review = desk.review(is_quick=True)
    stage = _stage(asked.query.get("stage", ""))
    queue = reading.queue_of(desk, review, session.by, stage)
    key = asked.query.get("record", "")
    if not key:
        after = review.item_of(asked.query.get("after", ""))
        item = queue.next_after(after.group.keys[0] if after else "")
        if item is None:
            return show(
                asked,
                "screened.html",
                "Screening",
                stage=stage,
                queues=_queues(asked, review),
                decided=queue.decided,
                can_undo=bool(session.taken),
                can_go_back=bool(session.trail),
            )
        key = item.record.key
    elif (item := review.item_of(key)) is None:
        return show(
            asked, "missing.html", "No such record", status=404, what=f"There is no record {key[:100]} in this review."
        )
    elif "stage" not in asked.query and item.screened.standing not in (Standing.UNDECIDED, Standing.RECORD_EXCLUDED):
        stage = Stage.REPORTS
    found = reading.read(desk, review, key, by=session.by, stage=stage)
    _remember(asked, found.item)
    protocol = review.inputs.protocol
    return show(
        asked,
        "screen.html",
        "Screening",
        reading=found,
        record=found.item.record,
        parts=list(_parts(found)),
        found_by=[_found_by(found, name) for name in found.item.strategies],
        reasons=list((protocol.exclusion_reasons if protocol else {}).items()),
        include=protocol.include if protocol else (),
        stage=stage,
        queues=_queues(asked, review),
        can_go_back=len(session.trail) > 1,
        can_undo=bool(session.taken),
        note=_note(asked, found),
        was=reading.mark_of(found.own),
        is_protocol_read=protocol is not None,
    )


def _note(asked: Asked, found: Reading) -> str:
    """The note to a record: as it was typed and is not written, else that of the decision."""
    key, draft = asked.session.draft
    return draft if draft and key == found.item.record.key else found.own.note if found.own else ""


def _queues(asked: Asked, review: Review) -> list[tuple[Stage, str, int]]:
    labels = {Stage.RECORDS: "Titles and abstracts", Stage.REPORTS: "Full reports"}
    by = asked.session.by
    return [(stage, label, reading.queue_of(asked.desk, review, by, stage).left) for stage, label in labels.items()]


def _remember(asked: Asked, item: Item) -> None:
    trail, key = asked.session.trail, item.group.keys[0]
    if not trail or trail[-1] != key:
        trail.append(key)
        del trail[:-_TRAIL]


def _parts(found: Reading) -> Iterator[tuple[list[Piece], list[Piece]]]:
    """Yields title and abstract, each with its label; both in pieces, the marked ones with what marks them."""
    article, marked = found.article, found.marked.items()
    yield [], _pieces(article.any_title, [each for name, marks in marked for each in _told(name, marks, marks.title)])
    readable = [(name, marks) for name, marks in marked if not marks.fault]
    for at, section in enumerate(article.abstract):
        # A label in capitals is shown as a heading is written, if all its letters keep their places.
        lower = section.label[:1] + section.label[1:].lower() if section.label.isupper() else section.label
        label = lower if len(lower) == len(section.label) else section.label
        yield (
            _pieces(label, [each for name, marks in readable for each in _told(name, marks, marks.labels[at])]),
            _pieces(
                section.text, [each for name, marks in readable for each in _told(name, marks, marks.abstract[at])]
            ),
        )


def _told(name: str, marks: Marked, spans: Sequence[Span]) -> Iterator[tuple[int, int, str]]:
    terms = {term.number: term for term in marks.terms}
    for span in spans:
        for number in span.terms:
            if number in terms and not terms[number].is_excluding:
                yield span.start, span.end, f"{terms[number].text} ({name})"


def _found_by(found: Reading, name: str) -> dict[str, object]:
    marks = found.marked.get(name)
    terms = {term.number: term.text for term in marks.terms if not term.is_excluding} if marks else {}
    return {
        "name": name,
        "terms": list(terms.values()),
        "others": [(each.kind, each.text) for each in marks.others if not terms.keys().isdisjoint(each.terms)]
        if marks
        else [],
        "fault": marks.fault if marks else "",
    }


def decide(asked: Asked) -> Response:
    """Takes a decision, and shows the next record."""
    key, stage = text_of(asked.form, "record"), _stage(text_of(asked.form, "stage"))
    chosen, note, was = (text_of(asked.form, name) for name in ("decision", "note", "was"))
    by = asked.session.by
    asked.session.draft = (key, note)  # where it cannot be written, it is not lost
    if chosen == "undecided":
        reading.take_back(asked.desk, key, by=by, stage=stage, was=was)
    elif chosen == "include" or chosen.startswith("exclude:"):
        verdict = Verdict.INCLUDE if chosen == "include" else Verdict.EXCLUDE
        reason = chosen.removeprefix("exclude:") if verdict is Verdict.EXCLUDE else ""
        taken, before = reading.decide(
            asked.desk, key, verdict=verdict, reason=reason, stage=stage, by=by, note=note, was=was
        )
        asked.session.taken.append(Taken(key=key, stage=stage, note=note, mark=reading.mark_of(taken), before=before))
        del asked.session.taken[:-_TRAIL]
    else:
        raise UsageError("no decision was sent; nothing was written")
    asked.session.draft = ("", "")
    return go("/screen", stage=stage.value, after=key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A decision that was taken in a browser: its note and mark, and the one that stood there before."""

    key: str
    stage: Stage
    note: str
    mark: str
    before: Decision | None


def undo(asked: Asked) -> Response:
    """Takes back what was decided last in this browser, and shows that record."""
    try:
        taken = asked.session.taken.pop()
    except IndexError:
        told = "nothing was decided in this browser yet; open a record to change what was decided on it"
        raise UsageError(told) from None
    assert isinstance(taken, Taken)  # noqa: S101
    reading.take_back(
        asked.desk, taken.key, by=asked.session.by, stage=taken.stage, was=taken.mark, before=taken.before
    )
    if taken.before is None:
        asked.session.draft = (taken.key, taken.note)
    return go("/screen", stage=taken.stage.value, record=taken.key)


def back(asked: Asked) -> Response:
    """Shows the record that was looked at before."""
    trail = asked.session.trail
    stage = _stage(text_of(asked.form, "stage"))
    if len(trail) > 1 and not text_of(asked.form, "stay"):
        trail.pop()
    return go("/screen", stage=stage.value, record="".join(trail[-1:]))


# --- all records ------------------------------------------------------------------------------------------------------

_SHOWN = {
    "all": "All",
    "undecided": "Undecided",
    "included": "Included",
    "excluded": "Excluded",
    "conflicts": "Decided differently",
    "gone": "Found no more",
}


def records(asked: Asked) -> Response:
    """The records in a list, by where they stand and by words of title and authors."""
    review = asked.desk.review(is_quick=True)
    wanted = asked.query.get("show", "all")
    words = asked.query.get("q", "").casefold().split()
    is_hidden = review.screeners > 1
    items = [item for item in review.items if _is_shown(item, wanted) and _holds(item, words)]
    page = page_of(asked)
    return show(
        asked,
        "records.html",
        "Records",
        rows=[
            (item, _standing(item, asked.session.by, is_hidden=is_hidden))
            for item in items[(page - 1) * MANY : page * MANY]
        ],
        kinds=_SHOWN,
        queues=_queues(asked, review),
        wanted=wanted if wanted in _SHOWN else "all",
        words=asked.query.get("q", ""),
        number=len(items),
        page=page,
        pages=max(1, -(-len(items) // MANY)),
    )


def _is_shown(item: Item, wanted: str) -> bool:
    standing = item.screened.standing
    match wanted:
        case "undecided":
            return item.is_hit and item.screened.decision is None
        case "included":
            return standing.is_included
        case "excluded":
            return standing.is_excluded
        case "conflicts":
            return bool(item.screened.contradictions)
        case "gone":
            return not item.is_hit
    return True


def _holds(item: Item, words: Sequence[str]) -> bool:
    if not words:
        return True
    record = item.record
    told = f"{record.title} {' '.join(record.authors)} {record.journal} {record.year} {' '.join(item.group.keys)}".casefold()
    return all(word in told for word in words)


def _standing(item: Item, by: str, *, is_hidden: bool) -> str:
    """Where a report stands, in words; nothing of a decision that the reader is blind to."""
    if (
        is_hidden
        and item.screened.decision is None
        and all(reading.own_decision(item, by, stage) is None for stage in Stage)
    ):
        return "undecided"
    return str(item.screened.standing)


# --- two screeners ----------------------------------------------------------------------------------------------------


def conflicts(asked: Asked) -> Response:
    """What was decided differently, to be settled, and how well the screeners agree."""
    review = asked.desk.review(is_quick=True)
    found = reading.conflicts_of(review)
    page = page_of(asked)
    protocol = review.inputs.protocol
    return show(
        asked,
        "conflicts.html",
        "Conflicts",
        rows=found[(page - 1) * MANY : page * MANY],
        number=len(found),
        page=page,
        pages=max(1, -(-len(found) // MANY)),
        agreements=[(each.stage, each) for each in reading.agreements_of(review)],
        reasons=list((protocol.exclusion_reasons if protocol else {}).items()),
        is_double=review.screeners > 1,
        queues=_queues(asked, review),
    )


def settle(asked: Asked) -> Response:
    """Settles what two screeners decided differently."""
    key, stage = text_of(asked.form, "record"), _stage(text_of(asked.form, "stage"))
    chosen = text_of(asked.form, "decision")
    if chosen != "include" and not chosen.startswith("exclude:"):
        raise UsageError("no decision was sent; nothing was written")
    verdict = Verdict.INCLUDE if chosen == "include" else Verdict.EXCLUDE
    reading.decide(
        asked.desk,
        key,
        verdict=verdict,
        reason=chosen.removeprefix("exclude:") if verdict is Verdict.EXCLUDE else "",
        stage=stage,
        by=text_of(asked.form, "by") or asked.session.by,
        note=text_of(asked.form, "note"),
        settles=True,
    )
    asked.said(f"Settled: {key} is {'included' if verdict is Verdict.INCLUDE else 'excluded'}.")
    return go("/conflicts")


ROUTES = [
    Route("/screen", view(screen)),
    Route("/screen/decide", action(decide), methods=["POST"]),
    Route("/screen/undo", action(undo), methods=["POST"]),
    Route("/screen/back", action(back), methods=["POST"]),
    Route("/records", view(records)),
    Route("/conflicts", view(conflicts)),
    Route("/conflicts/settle", action(settle), methods=["POST"]),
]
