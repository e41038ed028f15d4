"""What persons rule on beside screening: duplicates, overlaps, problems they accept, claims they correct.

Each verb holds the review, reads its file anew, refuses what contradicts what stands there, and returns the file's bytes before and
after. Whatever is refused, nothing is written.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from typing import NamedTuple, TypeVar

from casetable import claims, completeness, overlap
from casetable.completeness import Checked
from casetable.completeness.acceptance import speaks_of, told
from casetable.curation import rulings as texts
from casetable.curation.files import read_overlaps, read_protocol, read_rulings
from casetable.errors import UsageError
from casetable.model import Acceptance, Overlap, OverlapVerdict, Ruling
from casetable.problems import Place, Problem, joined, shown
from casetable.review import Review
from casetable.workflow import LOGS, check, known_case, known_item, own_key, readable_review, require_text
from casetable.workspace import (
    CLAIMS,
    DUPLICATES,
    FORM,
    OVERLAPS,
    PROTOCOL,
    REPORTS,
    SCREENING,
    Workspace,
)

_SAME, _DIFFERENT = OverlapVerdict.SAME.value, OverlapVerdict.DIFFERENT.value


class Edited(NamedTuple):
    """A file and its bytes before and after; with them `workflow.take_back` undoes the change."""

    path: str
    before: bytes
    after: bytes


# --- duplicates and overlaps ------------------------------------------------------------------------------------------


def rule_duplicates(
    workspace: Workspace,
    keys: Sequence[str],
    *,
    is_same: bool,
    by: str,
    note: str = "",
    today: dt.date,
    is_dry: bool = False,
    review: Review | None = None,
) -> Edited:
    """Adds a ruling that records are of one report, or of different ones, to duplicates.yaml.

    A record is named by any of its identifiers. A `review` that was read before spares reading it again. Raises UsageError for
    an unknown record, a missing name, or what contradicts an earlier ruling or says nothing new; ReviewUnreadableError.
    """
    by, note = _name(by, "ruling"), _line(note, "the note")
    with workspace.locked():
        review = review or readable_review(workspace, *LOGS, PROTOCOL, DUPLICATES)
        items = {own_key(review, key, item): item for key in keys for item in [known_item(review, key)]}
        if len(items) < 2:
            raise UsageError("a ruling on duplicates is of two records at least; expected the keys of both")
        before = workspace.read(DUPLICATES)
        place = Place(path=DUPLICATES)
        ruling = Ruling(is_same=is_same, keys=tuple(items), by=by, when=today, note=note, place=place)
        said = _said_of_records(review, _read_if_there(read_rulings, DUPLICATES, before))
        pairs = {each.pair for each in _said_of_records(review, [ruling])}
        verdict = _SAME if is_same else _DIFFERENT
        _require_news(pairs, verdict, said)
        _require_consistent(pairs, verdict, said)
        labels = dict.fromkeys(review.records[key].label for key in items)
        after = texts.add_ruling(DUPLICATES, before, ruling, "; ".join(labels))
        return _written(workspace, DUPLICATES, before, after, is_dry=is_dry)


def rule_overlap(
    workspace: Workspace,
    cases: Sequence[str],
    *,
    verdict: OverlapVerdict,
    by: str,
    note: str = "",
    today: dt.date,
    is_dry: bool = False,
    review: Review | None = None,
) -> Edited:
    """Adds a ruling on cases that may be one patient, each as `report/case`, to overlaps.yaml.

    A report's name alone stands for all of its cases, where they are not ruled the same. Otherwise as `rule_duplicates`.
    """
    by, note = _name(by, "ruling"), _line(note, "the note")
    cases = tuple(dict.fromkeys(name.strip() for name in cases))
    with workspace.locked():
        review = review or readable_review(workspace, *LOGS, FORM, SCREENING, OVERLAPS, REPORTS)
        names = tuple(overlap.patients(review))
        reports = {_report_of(name) for name in names}
        for name in cases:
            if name not in reports:
                known_case(names, name)
            elif verdict is OverlapVerdict.SAME:
                raise UsageError(f"{shown(name)} is a report, and its cases are not one patient; expected a case of it")
        pairs = _pairs_of(cases, names)
        if not pairs:
            raise UsageError("a ruling on an overlap is of cases of two reports at least; expected each as REPORT/CASE")
        before = workspace.read(OVERLAPS)
        said = [
            _Said(pair=pair, verdict=each.verdict.value, by=each.by, place=each.place)
            for each in _read_if_there(read_overlaps, OVERLAPS, before)
            for pair in _pairs_of(each.cases, names)
        ]
        _require_news(pairs, verdict.value, said)
        together = _require_consistent(pairs, verdict.value, said)
        for one, other in combinations([name for name in names if name in together], 2):
            if _report_of(one) == _report_of(other):
                raise UsageError(
                    f"{one} and {other} would be one patient, but their report describes them as two; nothing was written"
                )
        place = Place(path=OVERLAPS)
        ruling = Overlap(cases=cases, verdict=verdict, by=by, when=today, note=note, place=place)
        after = texts.add_overlap(OVERLAPS, before, ruling)
        return _written(workspace, OVERLAPS, before, after, is_dry=is_dry)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What an earlier ruling says of two records, or of two cases."""

    pair: frozenset[str]
    verdict: str
    by: str
    place: Place


def _said_of_records(review: Review, rulings: Iterable[Ruling]) -> list[_Said]:
    """The records of one identifier are one side of a ruling."""
    names: dict[str, list[str]] = defaultdict(list)
    for key, record in review.records.items():
        for name in record.identifiers:
            names[name].append(key)
    return [
        _Said(pair=frozenset(pair), verdict=_SAME if each.is_same else _DIFFERENT, by=each.by, place=each.place)
        for each in rulings
        for one, other in combinations([names.get(key, ()) for key in each.keys], 2)
        for pair in product(one, other)
        if len(set(pair)) == 2
    ]


def _pairs_of(cases: Iterable[str], names: Sequence[str]) -> set[frozenset[str]]:
    """Returns the pairs of cases of different reports that a ruling speaks of."""
    sides = [[each for each in names if name in (each, _report_of(each))] for name in cases]
    return {
        frozenset((one, other))
        for ones, others in combinations(sides, 2)
        for one, other in product(ones, others)
        if _report_of(one) != _report_of(other)
    }


def _report_of(name: str) -> str:
    return name.partition("/")[0]


def _require_news(pairs: Collection[frozenset[str]], verdict: str, said: Sequence[_Said]) -> None:
    """Raises UsageError where an earlier ruling says otherwise of a pair, or the earlier ones say the same of all."""
    of_these = [each for each in said if each.pair in pairs]
    otherwise = next((each for each in of_these if each.verdict != verdict), None)
    if otherwise is None and {each.pair for each in of_these} != set(pairs):
        return
    earlier = otherwise or of_these[0]
    raise UsageError(
        f"{earlier.by} ruled '{earlier.verdict}' on {_named(earlier.pair)} already ({earlier.place}); to change it, edit"
        " that entry or take it out; nothing was written"
    )


def _require_consistent(pairs: Collection[frozenset[str]], verdict: str, said: Sequence[_Said]) -> frozenset[str]:
    """Returns all that are the same by this ruling and the earlier ones; raises UsageError where these say otherwise."""
    joins: dict[str, list[tuple[str, _Said]]] = defaultdict(list)
    for each in said:
        if each.verdict == _SAME:
            one, other = sorted(each.pair)
            joins[one].append((other, each))
            joins[other].append((one, each))
    if verdict == _SAME:
        together = frozenset(name for pair in pairs for start in pair for name in _reached(joins, start))
        for each in said:
            if each.verdict == _DIFFERENT and each.pair <= together:
                raise UsageError(
                    f"{each.by} ruled '{each.verdict}' on {_named(each.pair)} ({each.place}), and with this ruling they"
                    " would be the same; nothing was written"
                )
        return together
    for pair in sorted(pairs, key=sorted):
        one, other = sorted(pair)
        if chain := _reached(joins, one).get(other):
            by = joined(dict.fromkeys(f"{each.by} ({each.place})" for each in chain), "and")
            raise UsageError(f"{_named(pair)} are the same by the rulings of {by}; nothing was written")
    return frozenset()


def _reached(joins: Mapping[str, Sequence[tuple[str, _Said]]], start: str) -> Mapping[str, tuple[_Said, ...]]:
    """Returns all that are the same as one, itself included, each with the rulings that lead to it."""
    found: dict[str, tuple[_Said, ...]] = {start: ()}
    queue = [start]
    for name in queue:
        for other, each in joins.get(name, ()):
            if other not in found:
                found[other] = (*found[name], each)
                queue.append(other)
    return found


def _named(pair: Iterable[str]) -> str:
    return joined(sorted(pair), "and")


# --- what is accepted ---------------------------------------------------------------------------------------------------


def accept(
    workspace: Workspace,
    *,
    code: str,
    path: str = "",
    field: str = "",
    case: str = "",
    reason: str,
    by: str,
    today: dt.date,
    is_dry: bool = False,
    checked: Checked | None = None,
) -> Edited:
    """Adds what a person accepts of what `check` finds to review.yaml: the problems of a rule, in a file, of a field or case.

    What was `checked` before spares checking again. Raises UsageError for a code that is no rule's or can never be accepted, a
    missing name or reason, and where no problem, or none that is not accepted yet, is of that kind.
    """
    by = _name(by, "acceptance")
    reason = _line(reason, "the reason")
    if not reason:
        raise UsageError("an acceptance needs a reason; expected why the problem may stand")
    entry = Acceptance(
        code=_line(code, "the code").upper(),
        reason=reason,
        by=by,
        when=today,
        place=Place(path=PROTOCOL),
        path=_line(path, "the path"),
        field=_line(field, "the field"),
        case=_line(case, "the case"),
    )
    if fault := completeness.refusal(entry.code, claims.RULES):
        raise UsageError(f"{fault}; nothing was written")
    with workspace.locked():
        before = workspace.read(PROTOCOL)
        protocol, _ = read_protocol(PROTOCOL, before)
        checked = checked or check(workspace, today)[0]
        is_found = any(speaks_of(entry, problem) for problem in checked.problems)
        earlier = next((each for each in (protocol.accepts if protocol else ()) if told(each) == told(entry)), None)
        if earlier is None and not is_found:
            earlier = next((each for problem, each in checked.accepted if speaks_of(entry, problem)), None)
        if earlier is not None:
            raise UsageError(
                f"{earlier.by} accepted {told(earlier)} already ({earlier.place}); to change it, edit that entry or take it"
                " out; nothing was written"
            )
        if not is_found:
            raise UsageError(f"check finds no {told(entry)}; nothing was written")
        after = texts.add_acceptance(PROTOCOL, before, entry)
        return _written(workspace, PROTOCOL, before, after, is_dry=is_dry)


def withdraw(workspace: Workspace, entry: texts.Entry, *, is_dry: bool = False) -> Edited:
    """Takes a ruling or an acceptance, as it was read, out of its file.

    Raises UsageError where it does not stand at its place any more, or where a comment in its lines would be lost.
    """
    path = entry.place.path
    with workspace.locked():
        before = workspace.read(path)
        return _written(workspace, path, before, texts.without_entry_of(path, before, entry), is_dry=is_dry)


# --- claims -----------------------------------------------------------------------------------------------------------


def correct_claim(
    workspace: Workspace,
    name: str,
    *,
    text: str | None = None,
    expected: str | None = None,
    sql: str | None = None,
    note: str | None = None,
    before_hash: str = "",
    is_dry: bool = False,
) -> Edited:
    """Changes what is given of a claim in claims.yaml; `before_hash` is the `claim_hash` of the claim as a person saw it.

    Raises UsageError for an unknown claim, one that was edited meanwhile, and what cannot be expected or written.
    """
    with workspace.locked():
        before = workspace.read(CLAIMS)
        if before_hash and texts.claim_hash_in(CLAIMS, before, name) != before_hash:
            raise UsageError(f"{CLAIMS}: the claim {shown(name)} was edited meanwhile; nothing was written")
        after = texts.change_claim(CLAIMS, before, name, text=text, expected=expected, sql=sql, note=note)
        return _written(workspace, CLAIMS, before, after, is_dry=is_dry)


# --- all of them ------------------------------------------------------------------------------------------------------


T = TypeVar("T")


def _read_if_there(
    read: Callable[[str, bytes], tuple[tuple[T, ...], tuple[Problem, ...]]], path: str, data: bytes
) -> tuple[T, ...]:
    """Returns the entries of a file that may not be there yet; its faults are told when it is to be written."""
    return read(path, data)[0] if data else ()


def _written(workspace: Workspace, path: str, before: bytes, after: bytes, *, is_dry: bool) -> Edited:
    if not is_dry and after != before:
        workspace.write(path, after, before=before)
    return Edited(path, before, after)


def _name(by: str, what: str) -> str:
    """Returns the name of a person in one line; raises UsageError where there is none."""
    name = _line(by, "the name")
    if not name:
        article = "an" if what[0] in "aeiou" else "a"
        raise UsageError(f"{article} {what} needs a name; give --by, or set git's user.name")
    return name


def _line(text: str, what: str) -> str:
    require_text((what, text))
    return " ".join(text.split())
