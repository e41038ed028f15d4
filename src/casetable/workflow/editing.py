"""Extraction field by field: what a person made of one is written into the report's file, and nothing else of it.

A change says what the field held when the person began (`base`). Where the file says something else by now, nothing is written,
and the person is shown both: whoever edited it meanwhile, in another tab or by hand, loses nothing.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from casetable.completeness import check_report
from casetable.curation.content import REPORT_ORDER, case_order
from casetable.curation.differences import edits_between
from casetable.curation.editor import EditError, is_same, plain_of, questions_of
from casetable.curation.files import read_report
from casetable.curation.nodes import Node, read_nodes
from casetable.curation.rewrite import Insert, Plain, Put, Way, rewritten
from casetable.errors import CasetableError, UsageError
from casetable.model import Access, Field, FieldType, Form, Protocol, Report, Status
from casetable.problems import Place, Problem, shown
from casetable.quotes import UnreadableTextError, read_text
from casetable.review import Item, Review
from casetable.workspace import REPORTS, Kept, Workspace

_NOWHERE = Place(path="")
_YES_NO: Mapping[str, tuple[str, ...]] = {"yes": (), "no": ()}
_CASE_ID = re.compile(r"(?=.*[A-Za-z0-9])[A-Za-z0-9._-]{1,20}")


def _fact(
    name: str, label: str, type_: FieldType = FieldType.TEXT, choices: Iterable[str] = (), help_: str = ""
) -> Field:
    return Field(
        name=name,
        label=label,
        group="",
        type=type_,
        required=False,
        choices=dict.fromkeys(choices, ()),
        help=help_,
        place=_NOWHERE,
    )


# What a report's file says of itself, and each case beside the fields of the form.
REPORT_FIELDS = {
    each.name: each
    for each in (
        _fact("access", "How it was read", FieldType.CHOICE, Access),
        _fact("cases_in_report", "Cases in the report", FieldType.NUMBER),
        _fact("eligible_cases", "Eligible cases", FieldType.NUMBER),
        _fact("by", "Extracted by"),
        _fact("when", "Extracted on", help_="a date as 2026-11-22"),
        _fact("note", "Note on the report"),
    )
}
_SIGNED = ("by", "when")


def case_fields(protocol: Protocol | None) -> Mapping[str, Field]:
    """Returns what a case says of itself; the reason is one of the protocol's."""
    reasons = protocol.exclusion_reasons if protocol else {}
    return {
        "eligible": _fact("eligible", "Eligible", FieldType.CHOICE, _YES_NO),
        "reason": _fact("reason", "Reason, if not eligible", FieldType.CHOICE, reasons),
        "otherwise": _fact("otherwise", "What is left blank is", FieldType.CHOICE, [Status.NOT_ACCESSIBLE.value]),
        "note": _fact("note", "Note on the case"),
    }


class EditedError(CasetableError):
    """The field says something else than when the person began: `there` is what it says now, None for nothing."""

    def __init__(self, there: object) -> None:
        super().__init__(
            "this field was edited meanwhile, in another tab, by somebody else or in its file; nothing was written"
        )
        self.there = there


@dataclass(frozen=True, kw_only=True)
class OpenReport:
    """An extraction as its file is now; `root` is None where it cannot be read as YAML."""

    item: Item | None
    name: str
    path: str
    data: bytes
    root: Node | None
    report: Report | None
    problems: tuple[Problem, ...]

    def at(self, case: str, field: str) -> object:
        """Returns what a field says; of a case, or with "" of the report itself."""
        way = _way(self, case, field)
        found = self.root.at(*way) if self.root is not None else None
        return found.plain() if found is not None and _is_there(self.root, way) else None

    def line_of(self, case: str, field: str) -> int:
        """Returns the line in its file where a field stands, 0 where it does not."""
        way = _way(self, case, field)
        return self.root.at(*way).place.line if self.root is not None and _is_there(self.root, way) else 0

    @cached_property
    def cases(self) -> tuple[str, ...]:
        """The ids of its cases, in their order."""
        listed = self.root.at("cases").items if self.root is not None and _is_there(self.root, ("cases",)) else None
        return tuple(
            (each.at("case").text or "").strip() if _is_there(each, ("case",)) else "" for each in listed or ()
        )


@dataclass(frozen=True, kw_only=True)
class Edited:
    """A field after an edit: what it says, its new `base`, and what the rules find in the whole extraction now."""

    path: str
    before: bytes
    after: bytes
    plain: object
    base: str
    report: Report | None
    problems: tuple[Problem, ...]


def base_of(plain: object) -> str:
    """Returns a mark of what a field says, by which it is known that it did not change meanwhile."""
    told = json.dumps(plain, ensure_ascii=True, sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:20]


def open_report(
    workspace: Workspace, review: Review, name: str, memory: Mapping[str, Kept] | None = None
) -> OpenReport:
    """Returns the extraction of that name as its file is now; raises UsageError where the review has none.

    What `memory` holds of the very bytes is not read again.
    """
    path = f"{REPORTS}/{name}.yaml"
    known = any(report.name == name for report in review.inputs.reports) or path in review.inputs.unread
    if not known or not workspace.exists(path):
        raise UsageError(f"{shown(name)} is no extraction of this review")
    data = workspace.read(path)
    root, faults = read_nodes(path, data)
    kept = memory.get(path) if memory is not None else None
    if kept is not None and kept.data == data and kept.hangs_on is review.inputs.form:
        report, problems = kept.part.content, kept.part.faults
    else:
        report, problems = read_report(path, name, data, review.inputs.form)
    return OpenReport(
        item=review.item_of(report.key) if report else None,
        name=name,
        path=path,
        data=data,
        root=None if faults or root is None or root.pairs is None else root,
        report=report,
        problems=check_report(review, path, report, problems),
    )


def save(workspace: Workspace, review: Review, name: str, *, case: str, field: str, base: str, sent: object) -> Edited:
    """Writes what a person made of a field; see `edited`. Raises EditedError where it says something else by now."""
    with workspace.locked():
        opened = open_report(workspace, review, name)
        found = edited(review, opened, case=case, field=field, sent=sent)
        there = opened.at(case, field)
        if base_of(there) != base and not is_same(there, found.plain):
            raise EditedError(there)
        if found.after != found.before:
            workspace.write(opened.path, found.after, before=found.before)
    return found


def edited(review: Review, opened: OpenReport, *, case: str, field: str, sent: object) -> Edited:
    """Returns an extraction with a field as a person made it, and what the rules find in it then; writes nothing.

    Raises EditError for what is no content of the field, RewriteError where it cannot be written as text, UsageError for an
    unknown case or field.
    """
    form = _form(review)
    if opened.root is None:
        raise UsageError(f"{opened.path} cannot be read as it stands; mend it first: {opened.problems[0]}")
    there = opened.at(case, field)
    plain = _sent_plain(sent, case, field, form, review.inputs.protocol)
    after = opened.data
    if not is_same(there, plain):
        way = _way(opened, case, field)
        before: object = there
        wanted: object = plain
        if way[0] == "extracted":  # its mapping may not be there yet
            way, held = (
                ("extracted",),
                opened.root.at("extracted").plain() if _is_there(opened.root, ("extracted",)) else None,
            )
            before = held if isinstance(held, dict) else None
            wanted = {**(held if isinstance(held, dict) else {}), field: plain}
        order = REPORT_ORDER if len(way) < 3 else case_order(form)
        after = rewritten(opened.path, opened.data, edits_between(way, before, wanted, order=order))
    report, faults = read_report(opened.path, opened.name, after, form)
    return Edited(
        path=opened.path,
        before=opened.data,
        after=after,
        plain=plain,
        base=base_of(plain),
        report=report,
        problems=check_report(review, opened.path, report, faults),
    )


def add_case(workspace: Workspace, review: Review, name: str, id_: str) -> str:
    """Adds a case of that id to an extraction, or of the next free number; returns the id."""
    with workspace.locked():
        opened = open_report(workspace, review, name)
        if opened.root is None:
            raise UsageError(f"{opened.path} cannot be read as it stands; mend it first: {opened.problems[0]}")
        id_ = " ".join(id_.split()) or next(
            str(n) for n in range(1, len(opened.cases) + 2) if str(n) not in opened.cases
        )
        if id_ in opened.cases:
            raise UsageError(f"there is a case {shown(id_)} already")
        if not _CASE_ID.fullmatch(id_):
            raise UsageError(f"{shown(id_)} is no id of a case; expected up to 20 letters, digits, '.', '_' and '-'")
        case: Plain = {"case": id_}
        edit = (
            Insert(way=("cases",), at=len(opened.cases), value=case)
            if opened.cases
            else Put(way=("cases",), value=[case], order=REPORT_ORDER)
        )
        after = rewritten(opened.path, opened.data, [edit])
        workspace.write(opened.path, after, before=opened.data)
    return id_


def keep_text(workspace: Workspace, name: str, ending: str, data: bytes) -> None:
    """Keeps a text of an extraction's report in the cache, if it can be read; raises UsageError where not."""
    try:
        read_text(f"{name}{ending}", data)
    except UnreadableTextError as error:
        raise UsageError(f"the file {error}; nothing was kept") from None
    workspace.keep_text(f"{name}{ending}", data)


def sign(opened: OpenReport, by: str, today: dt.date) -> Mapping[str, str]:
    """Returns who extracts, and when, where the extraction does not say it yet."""
    wanted = {"by": by, "when": today.isoformat()}
    return {key: text for key, text in wanted.items() if opened.at("", key) is None and text}


def _form(review: Review) -> Form:
    if review.inputs.form is None:
        raise UsageError("the form cannot be read; mend curated/form.yaml first")
    return review.inputs.form


def _way(opened: OpenReport, case: str, field: str) -> Way:
    if not case:
        return ("extracted", field) if field in _SIGNED else (field,)
    if case not in opened.cases:
        raise UsageError(f"{opened.path} has no case {shown(case)}, or not any more")
    return ("cases", opened.cases.index(case), field)


def _is_there(root: Node | None, way: Way) -> bool:
    for step in way:
        if root is None:
            return False
        if isinstance(step, int):
            root = root.items[step] if root.items is not None and step < len(root.items) else None
        else:
            root = root.pairs.get(step) if root.pairs is not None else None
    return root is not None


def _sent_plain(sent: object, case: str, field: str, form: Form, protocol: Protocol | None) -> object:
    if field == "questions":
        return questions_of(sent)
    about = field_of(case, field, form, protocol)
    if about is None:
        raise UsageError(f"{shown(field)} is no field of a {'case' if case else 'report'}")
    plain = plain_of(sent, about)
    if about.place is _NOWHERE and about.type is not FieldType.NUMBER and not isinstance(plain, str | None):
        raise EditError(f"{field}: expected a text alone")
    return plain


def field_of(case: str, field: str, form: Form, protocol: Protocol | None) -> Field | None:
    """Returns a field of a case, or with "" of the report itself; None where there is none of that name."""
    if not case:
        return REPORT_FIELDS.get(field)
    return form.fields.get(field) or case_fields(protocol).get(field)


def in_case(problem: Problem, report: Report | None) -> str:
    """Returns the id of the case in whose lines a problem is, or nothing."""
    found = ""
    for case in report.cases if report else ():
        if case.place.line <= problem.place.line:
            found = case.id
    return found
