"""Writes into hand-written files without touching a person's text, and writes new ones to fill in.

A decision is put behind the last one as text; every other byte of the file, comments included, stays as it was.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import replace

from casetable.curation.entries import Written, found_entry, holding, with_entries, without_entry
from casetable.curation.files import read_decisions
from casetable.curation.nodes import can_be_written
from casetable.curation.rewrite import Edit, Put, Remove, rewritten, scalar
from casetable.errors import UsageError
from casetable.model import COURSE_PARTS, REASONS, Access, Decision, Field, FieldType, Form, Method, Record
from casetable.problems import joined


def add_decision(path: str, data: bytes, decision: Decision, remark: str) -> bytes:
    """Returns screening.yaml with one decision more; see `add_decisions`."""
    return add_decisions(path, data, [(decision, remark)])


def add_decisions(path: str, data: bytes, added: Sequence[tuple[Decision, str]]) -> bytes:
    """Returns screening.yaml with more decisions at the end of its list, each with a comment naming the record.

    Raises UsageError where the file has faults, or is written so that a decision cannot be added as text.
    """
    entries = [(decision, _written(decision, remark)) for decision, remark in added]
    return with_entries(path, data, "decisions", entries, read_decisions, what="a decision")


def _written(decision: Decision, remark: str) -> Written:
    return Written(
        values={
            "record": decision.key,
            "stage": decision.stage.value,
            "decision": decision.verdict.value,
            "reason": decision.reason,
            "by": decision.by,
            "when": decision.when.isoformat(),
            "settles": "yes" if decision.settles else "",
            "note": decision.note,
        },
        remark=remark,
    )


# --- one decision less, one decision changed -----------------------------------------------------------------------------

_ORDER = (("record", "stage", "decision", "reason", "by", "when", "settles", "note"),)


def without_decision(path: str, data: bytes, decision: Decision) -> bytes:
    """Returns screening.yaml without one of its decisions, which is found by its place.

    The remark behind its `record` goes with it; what stands above it stays. Raises UsageError where the file has faults or
    does not hold the decision there any more, or where another comment in its lines would be lost.
    """
    what = _told(decision)
    return without_entry(path, data, "decisions", decision, read_decisions, what=what, remark="record")


def with_decision_changed(path: str, data: bytes, old: Decision, new: Decision) -> bytes:
    """Returns screening.yaml with one decision, found by its place, changed in its verdict, reason, day and note.

    Its other values and comments stay. Raises UsageError as `without_decision` does.
    """
    for name, text in (("note", new.note), ("reason", new.reason)):
        if not can_be_written(text):
            raise UsageError(f"'{name}' holds a character that is no text; nothing was written")
    at, decisions = found_entry(path, data, old, read_decisions, what=_told(old))
    changed = replace(old, verdict=new.verdict, reason=new.reason.strip(), when=new.when, note=new.note.strip())
    values = {
        "decision": (old.verdict.value, changed.verdict.value),
        "reason": (old.reason, changed.reason),
        "when": (old.when.isoformat(), changed.when.isoformat()),
        "note": (old.note, changed.note),
    }
    edits: list[Edit] = []
    for key, (before, after) in values.items():
        way = ("decisions", at, key)
        if before != after:
            edits.append(Put(way=way, value=after, order=_ORDER) if after else Remove(way=way))
    expected = [*decisions[:at], changed, *decisions[at + 1 :]]
    return holding(path, rewritten(path, data, edits), expected, read_decisions, what="the decision")


def _told(decision: Decision) -> str:
    return f"the decision of {decision.by} on {decision.key}"


# --- new files --------------------------------------------------------------------------------------------------------


def report_name(record: Record, taken: Collection[str]) -> str:
    """Returns a free name for a report's file: qiu-2024, then qiu-2024-b."""
    plain = unicodedata.normalize("NFKD", record.label).encode("ascii", "ignore").decode().lower()
    stem = "-".join(re.findall(r"[a-z0-9]+", plain))[:60] or "report"
    names = [stem, *(f"{stem}-{letter}" for letter in "bcdefghijklmnopqrstuvwxyz")]
    names += [f"{stem}-{number}" for number in range(2, len(taken) + 3)]
    return next(name for name in names if name not in taken)


def new_strategy(source: str, text: str, *, method: Method) -> bytes:
    """Returns the file of a strategy whose records are imported, with the query as it was run, where that is known."""
    lines = [
        "# yaml-language-server: $schema=../.casetable/schema/strategy.json",
        f"# Run in {_comment(source)} by hand; its exports come in with `casetable import`.",
        "schema: 1",
        *([f"method: {method.value}"] if method is not Method.DATABASE else []),
        f"source: {scalar(source)}",
        f"purpose: {scalar(f'the search of {source}')}",
    ]
    if text:
        # The mark of the indent is needed where the first line begins with blanks of its own.
        lines += ["strategy: |2-" if text.startswith((" ", "\t")) else "strategy: |-"]
        lines += [f"  {line}".rstrip() for line in text.split("\n")]
    else:
        lines += ["# strategy: |  # the query as it was run there, with its line numbers"]
    return ("\n".join(lines) + "\n").encode()


def new_report(record: Record, key: str, form: Form, *, case: str = "1") -> bytes:
    """Returns an extraction to fill in: every field of the form in place, with what belongs there as a comment.

    `case` is the id of its one case.
    """
    reasons = joined(REASONS)
    lines = [
        "# yaml-language-server: $schema=../../.casetable/schema/report.json",
        f"# {_comment(record.citation)}",
        *([f"# {_comment(record.url)}"] if record.url else []),
        "#",
        f"# A cell is a plain value (sex: female), or why there is none: {reasons}; or",
        "#   {value: 1271.4, unit: ng/ml, reported: the value as printed, where: its place in the report, note: ...}",
        "#   {derived: 3, from: what it follows from}",
        "#   {conflicting: [{value: 4, where: Results}, {value: 6, where: Discussion}]}",
        "schema: 1",
        f"report: {scalar(key)}",
        f"access:  # {joined(Access)}",
        "extracted:",
        "  by:",
        "  when:  # a date as 2026-11-22",
        "cases_in_report:",
        "eligible_cases:",
        "cases:",
        f"  - case: {scalar(case)}",
        "    eligible:  # yes, or no with a 'reason' of the protocol",
    ]
    group = ""
    for field in form.fields.values():
        if field.group != group:
            group = field.group
            lines += ["", f"    # {_comment(group)}"]
        lines.append(f"    {field.name}:  # {_comment(wanted(field))}")
    lines += ["", "  # a further case of the report begins with '- case: 2' and holds the same fields", ""]
    return "\n".join(lines).encode()


def wanted(field: Field) -> str:
    """Returns what belongs into a cell of a field, in words."""
    what: str = field.type.value
    if field.type in (FieldType.CHOICE, FieldType.CHOICES):
        what = ("one or more of " if field.type is FieldType.CHOICES else "") + joined(field.choices)
    elif field.type is FieldType.NUMBER:
        what = f"number in {field.unit}" if field.unit else "number"
        if field.low is not None and field.high is not None:
            what += f", {field.low} to {field.high}"
    elif field.type is FieldType.COURSES:
        parts = joined([part for part in COURSE_PARTS if part != "drug" or not field.drug], "and")
        what = f"a list of courses, each with {parts}, and 'unit' for the dose"
    if field.series:
        what += "; a list over time, each with 'when'"
    told = (field.label, what, "" if field.required else "may be left out", field.help)
    return "; ".join(text for text in told if text)


def _comment(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)
