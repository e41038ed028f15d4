"""Rulings and acceptances as text: one more, or one less; and a claim that says something else.

All else of a file stays byte for byte. A file that is not there yet (b"") is written anew. What is in the way of a change is told
in a UsageError, and then nothing is to be written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Generic, TypeVar

from casetable.curation.claims import C104, C105, EXPECTED, read_claims, read_expected
from casetable.curation.entries import Read, Written, with_entries, without_entry
from casetable.curation.files import read_overlaps, read_protocol, read_rulings
from casetable.curation.nodes import Node, can_be_written, read_nodes
from casetable.curation.rewrite import Edit, Put, Remove, rewritten
from casetable.curation.starter import DUPLICATES, OVERLAPS
from casetable.errors import UsageError
from casetable.model import Acceptance, Overlap, Ruling
from casetable.model.claim import Claim
from casetable.problems import Problem, did_you_mean, shown

Entry = Ruling | Overlap | Acceptance
T = TypeVar("T", Ruling, Overlap, Acceptance)


@dataclass(frozen=True, kw_only=True)
class _Kind(Generic[T]):
    """How entries of a kind stand in their file: under which key, how they are read, and written."""

    what: str
    key: str
    read: Read[T]
    write: Callable[[T, str], Written]
    new: str = ""

    def added(self, path: str, data: bytes, entry: T, remark: str = "") -> bytes:
        data = data or self.new.encode()
        return with_entries(path, data, self.key, [(entry, self.write(entry, remark))], self.read, what=self.what)

    def taken_out(self, path: str, data: bytes, entry: T) -> bytes:
        remark = next(iter(self.write(entry, "").values))
        what = f"{self.what} of {entry.by}"
        return without_entry(path, data, self.key, entry, self.read, what=what, remark=remark)


# --- duplicates -------------------------------------------------------------------------------------------------------


def add_ruling(path: str, data: bytes, ruling: Ruling, remark: str = "") -> bytes:
    """Returns duplicates.yaml with a ruling more, under `same` or `different`, and a comment behind its records."""
    return _rulings(is_same=ruling.is_same).added(path, data, ruling, remark)


def without_ruling(path: str, data: bytes, ruling: Ruling) -> bytes:
    """Returns duplicates.yaml without one ruling, which must still stand at its place."""
    return _rulings(is_same=ruling.is_same).taken_out(path, data, ruling)


def _rulings(*, is_same: bool) -> _Kind[Ruling]:
    def read(path: str, data: bytes) -> tuple[tuple[Ruling, ...], tuple[Problem, ...]]:
        rulings, problems = read_rulings(path, data)
        return tuple(ruling for ruling in rulings if ruling.is_same is is_same), problems

    def write(ruling: Ruling, remark: str) -> Written:
        values = {"records": ruling.keys, "by": ruling.by, "when": ruling.when.isoformat(), "note": ruling.note}
        return Written(values=values, remark=remark)

    return _Kind(what="a ruling", key="same" if is_same else "different", read=read, write=write, new=DUPLICATES)


# --- overlaps ---------------------------------------------------------------------------------------------------------


def add_overlap(path: str, data: bytes, overlap: Overlap) -> bytes:
    """Returns overlaps.yaml with a ruling more."""
    return _OVERLAPS.added(path, data, overlap)


def without_overlap(path: str, data: bytes, overlap: Overlap) -> bytes:
    """Returns overlaps.yaml without one ruling, which must still stand at its place."""
    return _OVERLAPS.taken_out(path, data, overlap)


def _written_overlap(overlap: Overlap, remark: str) -> Written:
    return Written(
        values={
            "cases": overlap.cases,
            "verdict": overlap.verdict.value,
            "by": overlap.by,
            "when": overlap.when.isoformat(),
            "note": overlap.note,
        },
        remark=remark,
    )


_OVERLAPS = _Kind(what="a ruling", key="rulings", read=read_overlaps, write=_written_overlap, new=OVERLAPS)


# --- problems that are accepted -----------------------------------------------------------------------------------------


def add_acceptance(path: str, data: bytes, acceptance: Acceptance) -> bytes:
    """Returns review.yaml with one accepted problem more under `accepts`."""
    return _ACCEPTANCES.added(path, data, acceptance)


def without_acceptance(path: str, data: bytes, acceptance: Acceptance) -> bytes:
    """Returns review.yaml without one accepted problem, which must still stand at its place."""
    return _ACCEPTANCES.taken_out(path, data, acceptance)


def _read_acceptances(path: str, data: bytes) -> tuple[tuple[Acceptance, ...], tuple[Problem, ...]]:
    protocol, problems = read_protocol(path, data)
    return (protocol.accepts if protocol else ()), problems


def _written_acceptance(acceptance: Acceptance, remark: str) -> Written:
    return Written(
        values={
            "rule": acceptance.code,
            "path": acceptance.path,
            "field": acceptance.field,
            "case": acceptance.case,
            "reason": acceptance.reason,
            "by": acceptance.by,
            "when": acceptance.when.isoformat(),
        },
        remark=remark,
    )


_ACCEPTANCES = _Kind(what="an acceptance", key="accepts", read=_read_acceptances, write=_written_acceptance)


def without_entry_of(path: str, data: bytes, entry: Entry) -> bytes:
    """Returns a file without one entry of any of these kinds, which must still stand at its place."""
    if isinstance(entry, Ruling):
        return without_ruling(path, data, entry)
    if isinstance(entry, Overlap):
        return without_overlap(path, data, entry)
    return without_acceptance(path, data, entry)


# --- claims -----------------------------------------------------------------------------------------------------------

_CLAIM_ORDER = (("name", "text", "sql", "expected", "about", "source_of", "note"),)


def change_claim(
    path: str,
    data: bytes,
    name: str,
    *,
    text: str | None = None,
    expected: str | None = None,
    sql: str | None = None,
    note: str | None = None,
) -> bytes:
    """Returns claims.yaml with what is given of one claim changed; a blank note is taken out, None leaves a value as it is.

    Blanks do not count, but for those of the SQL. Another claim that expects nothing known is no hindrance, so that this one
    can be mended.
    """
    at, claim = _found_claim(path, data, name)
    edits: list[Edit] = []
    for key, given in (("text", text), ("sql", sql), ("expected", expected), ("note", note)):
        if given is None:
            continue
        value = given.replace("\r\n", "\n").strip() if key == "sql" else " ".join(given.split())
        _require_value(key, value)
        if value == _said(claim, key):
            continue
        way = ("claims", at, key)
        edits.append(Put(way=way, value=value, order=_CLAIM_ORDER) if value else Remove(way=way))
    changed = rewritten(path, data, edits)
    _, _, faults = read_claims(path, changed)
    # A fault that was there before, of another claim, may stand.
    if new := [fault for fault in faults if fault.code not in {C104.code, C105.code} or fault.field == name]:
        raise UsageError(f"{new[0]}; nothing was written")
    return changed


def claim_hash(claim: Claim) -> str:
    """Returns a hash of what can be changed of a claim, by which it is known whether it is still what a person saw."""
    return _hash(claim.name, claim.text, claim.sql, claim.expected.text, claim.note)


def claim_hash_in(path: str, data: bytes, name: str) -> str:
    """Returns the `claim_hash` of a claim as it stands in a file."""
    _, claim = _found_claim(path, data, name)
    return _hash(name, *(_said(claim, key) for key in ("text", "sql", "expected", "note")))


def _hash(name: str, text: str, sql: str, expected: str, note: str) -> str:
    parts = (name, text, sql.strip(), expected, " ".join(note.split()))
    return "sha256:" + sha256("\0".join(parts).encode()).hexdigest()


def _said(claim: Node, key: str) -> str:
    """Returns what a claim says under a key, blanks as they are compared."""
    told = claim.at(key).text or "" if key in (claim.pairs or ()) else ""
    return told.strip() if key == "sql" else " ".join(told.split())


def _found_claim(path: str, data: bytes, name: str) -> tuple[int, Node]:
    """Returns the number of a claim in its file, from 0, and the claim as it is written there."""
    root, faults = read_nodes(path, data)
    if root is not None and not faults:
        faults = tuple(fault for fault in read_claims(path, data)[2] if fault.code.startswith("F"))
    if root is None or faults:
        raise UsageError(f"{faults[0]}; mend it first, nothing was written")
    listed = root.at("claims").items or []
    named = [(at, item) for at, item in enumerate(listed) if item.at("name").text == name]
    if not named:
        hint = did_you_mean(name, [item.at("name").text or "" for item in listed])
        raise UsageError(f"{path}: there is no claim {shown(name)}{f'; {hint}' if hint else ''}; nothing was written")
    if len(named) > 1:
        raise UsageError(
            f"{named[1][1].place}: a second claim is named {shown(name)}; mend it first, nothing was written"
        )
    return named[0]


def _require_value(key: str, value: str) -> None:
    if not can_be_written(value):
        raise UsageError(f"'{key}' holds a character that is no text; nothing was written")
    if not value and key != "note":
        raise UsageError(f"a claim needs '{key}'; nothing was written")
    if key == "expected" and read_expected(value) is None:
        raise UsageError(f"{shown(value)} is not something to expect; expected {EXPECTED}; nothing was written")
