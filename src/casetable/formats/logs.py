"""Reads and writes the files that the tool itself keeps: records, searches, notices and verified cells, one JSON value a line.

Two branches that both refreshed are merged by taking all lines of both; so a reader takes equal lines once, and lines
in any order.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, replace
from hashlib import sha256
from typing import Any

from casetable.model import DOI, PMCID, PMID, ExportFile, Method, Record, Search, Verified
from casetable.model.notice import Notice, NoticeKind, NoticeLog
from casetable.problems import Example, Place, Problem, Rule, shown

MAX_LINE_BYTES = 4_000_000
SCHEMA = 1

F205 = Rule(
    code="F205",
    name="damaged-line",
    summary="a line of a file that the tool wrote cannot be read",
    why="A search or a record would be lost from the review.",
    fix="Restore the line from git; after a merge, remove conflict markers and keep the lines of both sides.",
    example=Example(
        path="queries/records.jsonl",
        good='{"schema": 1, "authors": ["Roe B"]',
        bad='"schema": 1, "authors": ["Roe B"]',
        message="is not a JSON object; expected a line as `refresh` writes it",
    ),
    unreadable=True,
)

RULES = (F205,)

_RECORD_FIELDS = {field.name: field for field in fields(Record)}
_LISTS = {"authors", "languages", "publication_types", "headings", "notices"}


def write_records(records: Iterable[Record]) -> bytes:
    """Returns records.jsonl: one record a line, sorted by key, empty facts left out."""
    lines = []
    for record in sorted(records, key=lambda record: record.key):
        values = {name: getattr(record, name) for name in sorted(_RECORD_FIELDS)}
        lines.append(_line({name: v for name, v in values.items() if name == "title" or v not in ("", (), False)}))
    return b"".join(lines)


def read_records(path: str, data: bytes) -> tuple[dict[str, Record], tuple[Problem, ...]]:
    """Returns the records by key. Of two lines with one key, which a merge can leave, the one revised last stands."""
    records: dict[str, Record] = {}
    problems: list[Problem] = []
    for place, value in _values(path, data, problems):
        record = _record(value)
        if record is None:
            problems.append(F205.at(place, "is not a record; expected at least key, origin and title"))
            continue
        known = records.get(record.key)
        if known is None or _freshness(record) > _freshness(known):
            records[record.key] = record
    return dict(sorted(records.items())), tuple(problems)


def _freshness(record: Record) -> tuple[bool, str, int, str]:
    return not record.origin.startswith("list:"), record.revised, len(repr(record)), repr(record)


def _record(value: Mapping[str, Any]) -> Record | None:
    given: dict[str, Any] = {}
    for name in _RECORD_FIELDS:
        content = value.get(name)
        if content is None:
            continue
        if name in _LISTS:
            if not _is_list_of_text(content):
                return None
            given[name] = tuple(content)
        elif isinstance(content, bool if name == "authors_truncated" else str):
            given[name] = content
        else:
            return None
    if not (given.get("key") and {"origin", "title"} <= given.keys()):
        return None
    shapes = {"key": _KEY, "pmid": PMID, "doi": DOI, "pmcid": PMCID}
    if any(given.get(name) and not shape.fullmatch(given[name]) for name, shape in shapes.items()):
        return None
    return Record(**given)


_KEY = re.compile(r"[^\s\x00-\x1f\x7f-\x9f]{1,400}")


def _is_list_of_text(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def search_id(search: Search) -> str:
    """Returns the id of a search: a hash of all that its line holds beside the id, so that no line can change unseen."""
    return _hash({"schema": SCHEMA, **_search_value(search)})


def _hash(value: Mapping[str, Any]) -> str:
    content = {name: told for name, told in value.items() if name != "id"}
    return sha256(json.dumps(content, ensure_ascii=True, sort_keys=True).encode()).hexdigest()[:16]


def write_search(search: Search) -> bytes:
    """Returns the line of searches.jsonl for a search."""
    return _line(_search_value(search))


def read_searches(path: str, data: bytes) -> tuple[tuple[Search, ...], tuple[Problem, ...]]:
    """Returns the searches, oldest first, each once; of two in one second the one comes first that the other follows."""
    searches: dict[str, Search] = {}
    problems: list[Problem] = []
    for place, value in _values(path, data, problems):
        search = _search(value)
        if search is None:
            problems.append(F205.at(place, "is not a search; expected a line as `refresh` writes it"))
        elif search.id != _hash(value):
            problems.append(F205.at(place, "does not hold what its id says; expected the line as `refresh` wrote it"))
        else:
            searches[search.id] = search
    steps = _steps(searches)
    ordered = sorted(searches.values(), key=lambda search: (search.when, steps[search.id], search.id))
    return tuple(ordered), tuple(problems)


def _steps(searches: Mapping[str, Search]) -> dict[str, int]:
    """Returns how many searches of the log each one follows, directly or not."""
    steps: dict[str, int] = {}
    for search in searches.values():
        chain: list[str] = []
        at: Search | None = search
        while at is not None and at.id not in steps:
            steps[at.id] = 0  # ids are hashes of what they name, so a chain cannot close
            chain.append(at.id)
            at = searches.get(at.previous)
        before = steps[at.id] + 1 if at is not None else 0
        for offset, name in enumerate(reversed(chain)):
            steps[name] = before + offset
    return steps


def write_verified(lines: Iterable[Verified]) -> bytes:
    """Returns verified.jsonl: a line a cell, by report, case and cell, each once."""
    values = sorted(
        {(each.report, each.case, each.cell, each.when.isoformat(), each.content): each for each in lines}.items()
    )
    return b"".join(
        _line({**{name: getattr(each, name) for name in _VERIFIED}, "when": each.when.isoformat()})
        for _, each in values
    )


_VERIFIED = ("report", "case", "cell", "content", "outcome", "text", "text_hash", "start", "end", "when", "tool")


def read_verified(path: str, data: bytes) -> tuple[tuple[Verified, ...], tuple[Problem, ...]]:
    """Returns which cells were verified, in the order of the file; of two lines for one cell, which a merge can leave, the later one."""
    found: dict[tuple[str, str, str], Verified] = {}
    problems: list[Problem] = []
    for place, value in _values(path, data, problems, "verify"):
        try:
            texts = {name: _as_text(value[name]) for name in _VERIFIED if name not in {"start", "end", "when"}}
            each = Verified(
                **texts,
                start=_as_count(value["start"]),
                end=_as_count(value["end"]),
                when=dt.date.fromisoformat(_as_text(value["when"])),
                place=place,
            )
            if each.outcome not in {"verified", "elsewhere"}:
                raise ValueError("only what was found is recorded")
        except (KeyError, TypeError, ValueError):
            problems.append(F205.at(place, "is not a verified cell; expected a line as `verify` writes it"))
            continue
        key = (each.report, each.case, each.cell)
        if key not in found or found[key].when <= each.when:
            found[key] = each
    return tuple(found.values()), tuple(problems)


def _search_value(search: Search) -> dict[str, Any]:
    return {
        "id": search.id,
        "previous": search.previous,
        "strategy": search.strategy,
        "method": search.method.value,
        "source": search.source,
        "when": search.when,
        "strategy_hash": search.strategy_hash,
        "count": search.count,
        "added": list(search.added),
        "removed": list(search.removed),
        "tool": search.tool,
        "term": search.term,
        "translation": search.translation,
        "translations": [{"from": sent, "to": to} for sent, to in search.translations],
        "errors": {name: list(told) for name, told in search.errors.items()},
        "warnings": {name: list(told) for name, told in search.warnings.items()},
        "parameters": dict(search.parameters),
        **{name: list(keys) for name in _LATER if (keys := getattr(search, name))},
        **({"missed": {key: list(lost) for key, lost in search.missed.items()}} if search.missed else {}),
        **({"server": search.server} if search.server else {}),
        **({"by": search.by} if search.by else {}),
        **(
            {"files": [{"name": f.name, "sha256": f.sha256, "records": f.records} for f in search.files]}
            if search.files
            else {}
        ),
    }


# What most searches do not have is left out of their lines.
_LATER = ("not_returned", "changed", "deleted")


def _search(value: Mapping[str, Any]) -> Search | None:
    try:
        search = Search(
            **{
                name: _as_text(value[name])
                for name in ("id", "previous", "strategy", "source", "when", "strategy_hash", "tool")
            },
            **{name: _as_text(value.get(name, "")) for name in ("term", "translation", "server", "by")},
            method=Method(value["method"]),
            count=_as_count(value["count"]),
            added=_as_texts(value["added"]),
            removed=_as_texts(value["removed"]),
            not_returned=_as_texts(value.get("not_returned", [])),
            changed=_as_texts(value.get("changed", [])),
            deleted=_as_texts(value.get("deleted", [])),
            missed={_as_text(key): _as_texts(lost) for key, lost in value.get("missed", {}).items()},
            files=tuple(
                ExportFile(name=_as_text(f["name"]), sha256=_as_text(f["sha256"]), records=_as_count(f["records"]))
                for f in value.get("files", [])
            ),
            translations=tuple((_as_text(t["from"]), _as_text(t["to"])) for t in value.get("translations", [])),
            errors={_as_text(name): _as_texts(told) for name, told in value.get("errors", {}).items()},
            warnings={_as_text(name): _as_texts(told) for name, told in value.get("warnings", {}).items()},
            parameters={_as_text(name): _as_text(told) for name, told in value.get("parameters", {}).items()},
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    return search if search.id and search.strategy and _is_time(search.when) else None


# --- notices ----------------------------------------------------------------------------------------------------------

# A date as a source may give it, of a notice; a day, of the tool's own.
_DATE = re.compile(r"[12][0-9]{3}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12][0-9]|3[01]))?)?")
_NOTICE_FACTS = ("key", "by", "told", "date", "seen")


def write_notices(log: NoticeLog) -> bytes:
    """Returns notices.jsonl: one notice a line, sorted, and a line for each day on which Crossref was last asked about some reports."""
    notices = sorted(log.notices, key=lambda notice: (*notice.identity, notice.date, notice.seen))
    lines = [
        _line(
            {
                "report": notice.report,
                "notice": notice.kind.value,
                "source": notice.source,
                **{name: told for name in _NOTICE_FACTS if (told := getattr(notice, name))},
            }
        )
        for notice in notices
    ]
    days: dict[str, list[str]] = {}
    for key, day in sorted(log.asked.items()):
        days.setdefault(day, []).append(key)
    for day, keys in sorted(days.items()):
        unknown = [key for key in keys if key in log.unknown]
        lines.append(_line({"asked": day, "reports": keys, **({"unknown": unknown} if unknown else {})}))
    return b"".join(lines)


def read_notices(path: str, data: bytes) -> tuple[NoticeLog, tuple[Problem, ...]]:
    """Returns the notices, each once and with the earliest day on which it was seen, and when Crossref was last asked of what."""
    notices: dict[tuple[str, ...], Notice] = {}
    asked: dict[str, str] = {}
    unknown: dict[str, bool] = {}
    problems: list[Problem] = []
    for place, value in _values(path, data, problems):
        if "asked" in value:
            found = _asked(value)
            if found is None:
                problems.append(
                    F205.at(place, "does not say when Crossref was asked of what; expected asked and reports")
                )
                continue
            day, keys, missing = found
            for key in keys:
                if day >= asked.get(key, ""):
                    unknown[key] = key in missing and (day > asked.get(key, "") or unknown.get(key, True))
                    asked[key] = day
            continue
        notice = _notice(value)
        if notice is None:
            problems.append(F205.at(place, "is not a notice; expected at least report, notice and source"))
            continue
        known = notices.get(notice.identity)
        if known is not None:
            seen = min(filter(None, (known.seen, notice.seen)), default="")
            notice = replace(max(known, notice, key=lambda each: (each.date, each.told)), seen=seen)
        notices[notice.identity] = notice
    log = NoticeLog(
        notices=tuple(notices[identity] for identity in sorted(notices)),
        asked=dict(sorted(asked.items())),
        unknown=frozenset(key for key, is_unknown in unknown.items() if is_unknown),
    )
    return log, tuple(problems)


def _notice(value: Mapping[str, Any]) -> Notice | None:
    try:
        notice = Notice(
            report=_as_text(value["report"]),
            kind=NoticeKind(value["notice"]),
            source=_as_text(value["source"]),
            **{name: _as_text(value.get(name, "")) for name in _NOTICE_FACTS},
        )
    except (KeyError, TypeError, ValueError):
        return None
    keys = (notice.report, *([notice.key] if notice.key else []))
    dates = [date for date in (notice.date, notice.seen) if date]
    is_fit = notice.source and all(map(_KEY.fullmatch, keys)) and all(map(_DATE.fullmatch, dates))
    return notice if is_fit else None


def _asked(value: Mapping[str, Any]) -> tuple[str, tuple[str, ...], frozenset[str]] | None:
    try:
        day = _as_text(value["asked"])
        keys, unknown = _as_texts(value["reports"]), _as_texts(value.get("unknown", []))
        dt.date.fromisoformat(day)
    except (KeyError, TypeError, ValueError):
        return None
    return (day, keys, frozenset(unknown)) if len(day) == 10 and all(map(_KEY.fullmatch, keys)) else None


def _is_time(text: str) -> bool:
    """Whether a text is a time as the log holds it: 2026-11-22T20:14:05Z."""
    try:
        return dt.datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").isoformat() + "Z" == text  # noqa: DTZ007
    except ValueError:
        return False


def _as_count(value: object) -> int:
    if type(value) is not int or not 0 <= value < 10**9:
        raise TypeError
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _as_text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _as_texts(value: object) -> tuple[str, ...]:
    if not _is_list_of_text(value):
        raise TypeError
    return tuple(value)  # type: ignore[arg-type]


def _line(value: Mapping[str, Any]) -> bytes:
    text = json.dumps({"schema": SCHEMA, **value}, ensure_ascii=False, sort_keys=False)
    # The separators that some tools take for line ends would tear a line in two.
    return text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029").replace("\x85", "\\u0085").encode() + b"\n"


def _values(
    path: str, data: bytes, problems: list[Problem], writer: str = "refresh"
) -> Iterator[tuple[Place, Mapping[str, Any]]]:
    for number, line in enumerate(data.split(b"\n"), start=1):
        if not line.strip():
            continue
        place = Place(path=path, line=number, column=1)
        if len(line) > MAX_LINE_BYTES:
            problems.append(F205.at(place, f"is longer than {MAX_LINE_BYTES:,} bytes"))
            continue
        try:
            value = json.loads(line, object_pairs_hook=_once)
            if b"\\u" in line or b"\xed" in line:
                json.dumps(value, ensure_ascii=False).encode()  # half a character cannot be written again
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            problems.append(F205.at(place, f"is not a JSON object; expected a line as `{writer}` writes it"))
        elif value.get("schema") != SCHEMA:
            message = f"is of schema {shown(value.get('schema'))}; expected {SCHEMA}"
            problems.append(F205.at(place, message))
        else:
            yield place, value
