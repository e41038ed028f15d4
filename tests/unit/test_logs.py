"""The files that the tool keeps itself: what is written is read back, lines in any order, damaged lines told."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from hashlib import sha256
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casetable.formats.logs import (
    MAX_LINE_BYTES,
    read_notices,
    read_records,
    read_searches,
    search_id,
    write_notices,
    write_records,
    write_search,
)
from casetable.model import Method, Record, Search
from casetable.model.notice import Notice, NoticeKind, NoticeLog

_TEXT = st.text(max_size=12) | st.sampled_from(
    ["\u2028", "\u2029", "\x85", "\x1c", "\r\n", '"', "\\", "\ufeff", "<<<<<<<", "é"]
)
_TEXTS = st.lists(_TEXT, max_size=3).map(tuple)
_KEYS = st.from_regex(r"[^\s\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,12}", fullmatch=True)
_TIMES = st.integers(0, 4 * 10**9).map(lambda s: f"{dt.datetime.fromtimestamp(s, dt.UTC):%Y-%m-%dT%H:%M:%SZ}")
_RECORDS = st.builds(
    Record,
    key=_KEYS,
    origin=_TEXT.filter(bool),
    title=_TEXT,
    authors=_TEXTS,
    authors_truncated=st.booleans(),
    journal=_TEXT,
    year=_TEXT,
    volume=_TEXT,
    pmid=st.just("") | st.integers(1, 10**9 - 1).map(str),
    doi=st.sampled_from(["", "10.1234/x", "10.1234/a(1)<2>", "10.1234/é", "10.123456789/\u202ex"]),
    pmcid=st.sampled_from(["", "PMC1"]),
    languages=_TEXTS,
    publication_types=_TEXTS,
    headings=_TEXTS,
    notices=_TEXTS,
    created=_TEXT,
    indexed=_TEXT,
    revised=_TEXT,
)
_SEARCHES = st.builds(
    Search,
    id=st.just(""),
    previous=_TEXT,
    strategy=_TEXT.filter(bool),
    method=st.sampled_from(Method),
    source=_TEXT,
    when=_TIMES,
    strategy_hash=_TEXT,
    count=st.integers(0, 10**6),
    added=_TEXTS,
    removed=_TEXTS,
    tool=_TEXT,
    term=_TEXT,
    translation=_TEXT,
    translations=st.lists(st.tuples(_TEXT, _TEXT), max_size=2).map(tuple),
    errors=st.dictionaries(_TEXT, _TEXTS, max_size=2),
    warnings=st.dictionaries(_TEXT, _TEXTS, max_size=2),
    parameters=st.dictionaries(_TEXT, _TEXT, max_size=2),
    not_returned=_TEXTS,
    changed=_TEXTS,
    deleted=_TEXTS,
).map(lambda search: replace(search, id=search_id(search)))

RECORD = Record(key="pmid:11", origin="PubMed", title="An invented case", year="2020")
SEARCH = Search(
    id="",
    previous="",
    strategy="main",
    method=Method.DATABASE,
    source="PubMed",
    when="2026-01-10T08:00:00Z",
    strategy_hash="sha256:x",
    count=1,
    added=("pmid:11",),
    removed=(),
    tool="casetable 0",
)
SEARCH = replace(SEARCH, id=search_id(SEARCH))
DAMAGED = "is not a search; expected a line as `refresh` writes it"


def line_of(value: dict[str, object]) -> bytes:
    """A line of the log with the id of what it holds, reckoned by itself."""
    content = {name: told for name, told in value.items() if name != "id"}
    own = sha256(json.dumps(content, ensure_ascii=True, sort_keys=True).encode()).hexdigest()[:16]
    return json.dumps({**content, "id": own} if value.get("id", "x") else value).encode() + b"\n"


# --- round trips ------------------------------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(st.lists(_RECORDS, max_size=5, unique_by=lambda record: record.key))
def test_records_are_read_back_as_written(records: list[Record]) -> None:
    data = write_records(records)
    read, problems = read_records("r.jsonl", data)
    assert problems == ()
    assert read == {record.key: record for record in records}
    assert list(read) == sorted(read)
    assert write_records(read.values()) == data == write_records(reversed(records))
    assert len(data.decode().splitlines()) == len(records)


@settings(max_examples=100, deadline=None)
@given(st.lists(_SEARCHES, max_size=4, unique_by=lambda search: search.id))
def test_searches_are_read_back_as_written(searches: list[Search]) -> None:
    data = b"".join(map(write_search, searches))
    read, problems = read_searches("s.jsonl", data)
    assert problems == ()
    assert sorted(read, key=lambda search: search.id) == sorted(searches, key=lambda search: search.id)
    assert len(data.decode().splitlines()) == len(searches)


@settings(max_examples=60, deadline=None)
@given(st.lists(_SEARCHES, max_size=5), st.lists(_RECORDS, max_size=5), st.randoms())
def test_lines_of_two_branches_are_read_in_any_order(
    searches: list[Search], records: list[Record], random: Random
) -> None:
    lines = [write_search(search) for search in searches] * 2
    shuffled = random.sample(lines, len(lines))
    assert read_searches("s", b"".join(shuffled)) == read_searches("s", b"".join(lines))
    lines = [write_records([record]) for record in records] * 2
    shuffled = random.sample(lines, len(lines))
    assert read_records("r", b"".join(shuffled)) == read_records("r", b"".join(lines))


def test_searches_are_read_oldest_first_and_once() -> None:
    later = replace(SEARCH, when="2026-02-10T08:00:00Z", previous=SEARCH.id)
    later = replace(later, id=search_id(later))
    data = write_search(later) + write_search(SEARCH) + write_search(later)
    assert read_searches("s", data) == ((SEARCH, later), ())


def test_a_search_that_was_changed_by_hand_is_told() -> None:
    data = write_search(SEARCH).replace(b"pmid:11", b"pmid:12")
    assert data != write_search(SEARCH)
    searches, problems = read_searches("s.jsonl", data)
    assert searches == ()
    assert [str(problem) for problem in problems] == [
        "s.jsonl:1:1: F205 does not hold what its id says; expected the line as `refresh` wrote it"
    ]


def test_the_id_of_a_search_does_not_hang_on_the_order_of_its_keys() -> None:
    value = json.loads(write_search(SEARCH))
    assert (
        line_of(value)
        == json.dumps({**{k: v for k, v in value.items() if k != "id"}, "id": SEARCH.id}).encode() + b"\n"
    )
    assert read_searches("s", json.dumps(dict(reversed(value.items()))).encode()) == ((SEARCH,), ())


def test_of_two_lines_of_a_record_the_fuller_stands() -> None:
    fuller = replace(RECORD, doi="10.1234/x", journal="J Invent")
    for data in (write_records([RECORD]) + write_records([fuller]), write_records([fuller]) + write_records([RECORD])):
        assert read_records("r", data) == ({"pmid:11": fuller}, ())


def test_a_search_is_known_by_all_that_it_holds() -> None:
    one = search_id(SEARCH)
    assert one == search_id(replace(SEARCH, id="another"))
    assert (
        len({one, *(search_id(replace(SEARCH, **{name: "x"})) for name in ("previous", "when", "term", "tool"))}) == 5
    )
    assert one != search_id(replace(SEARCH, removed=("pmid:12",)))


def test_records_are_written_as_sorted_lines_without_empty_facts() -> None:
    other = Record(key="own:r1", origin="own", title="B \u2028 µ", authors=("Roe B",), authors_truncated=True)
    assert write_records([RECORD, other]).decode() == (
        '{"schema": 1, "authors": ["Roe B"], "authors_truncated": true, "key": "own:r1", "origin": "own",'
        ' "title": "B \\u2028 µ"}\n'
        '{"schema": 1, "key": "pmid:11", "origin": "PubMed", "title": "An invented case", "year": "2020"}\n'
    )


# --- damage -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"<<<<<<< HEAD", "is not a JSON object; expected a line as `refresh` writes it"),
        (b"=======", "is not a JSON object; expected a line as `refresh` writes it"),
        (b'{"schema": 1, "key"', "is not a JSON object; expected a line as `refresh` writes it"),
        (b'["pmid:11"]', "is not a JSON object; expected a line as `refresh` writes it"),
        (b"\xff\xfe{", "is not a JSON object; expected a line as `refresh` writes it"),
        (b"[" * 100_000, "is not a JSON object; expected a line as `refresh` writes it"),
        (b'{"key": "pmid:12", "origin": "x", "title": "y"}', "is of schema 'None'; expected 1"),
        (b'{"schema": 2}', "is of schema '2'; expected 1"),
        (b'{"schema": 1, "key": "pmid:12"}', "is not a record; expected at least key, origin and title"),
        (b'{"schema": 1, "key": "", "origin": "x", "title": "y"}', "is not a record; expected at least key, origin and title"),
        (b'{"schema": 1, "key": 12, "origin": "x", "title": "y"}', "is not a record; expected at least key, origin and title"),
        (
            b'{"schema": 1, "key": "a:1", "origin": "x", "title": "y", "authors": "Doe A"}',
            "is not a record; expected at least key, origin and title",
        ),
        (b'{"schema": 1, "key": "' + b"x" * MAX_LINE_BYTES + b'"}', "is longer than 4,000,000 bytes"),
    ],
)  # fmt: skip
def test_a_damaged_record_is_told_with_its_line_and_the_rest_is_read(line: bytes, message: str) -> None:
    data = b"\n" + write_records([RECORD]) + line + b"\r\n" + write_records([replace(RECORD, key="pmid:12")])
    records, problems = read_records("queries/records.jsonl", data)
    assert list(records) == ["pmid:11", "pmid:12"]
    assert [str(problem) for problem in problems] == [f"queries/records.jsonl:3:1: F205 {message}"]


@pytest.mark.parametrize(
    "change",
    [
        {"id": ""},
        {"strategy": ""},
        {"when": None},
        {"when": ""},
        {"when": "2026-01-10"},
        {"when": "2026-1-10T08:00:00Z"},
        {"when": "2026-02-30T08:00:00Z"},
        {"count": True},
        {"count": 1.0},
        {"count": -1},
        {"method": "guess"},
        {"count": "many"},
        {"count": None},
        {"added": "pmid:11"},
        {"added": [11]},
        {"errors": ["x"]},
        {"warnings": {"x": "y"}},
        {"parameters": {"x": 1}},
        {"translations": [{"from": "x"}]},
        {"translations": 3},
        {"previous": 3},
    ],
)
def test_a_damaged_search_is_told_with_its_line_and_the_rest_is_read(change: dict[str, object]) -> None:
    damaged = line_of({**json.loads(write_search(SEARCH)), **change})
    searches, problems = read_searches("queries/searches.jsonl", damaged + write_search(SEARCH))
    assert searches == (SEARCH,)
    assert [str(problem) for problem in problems] == [f"queries/searches.jsonl:1:1: F205 {DAMAGED}"]


def test_a_search_without_its_later_keys_is_read() -> None:
    value = json.loads(write_search(SEARCH))
    for key in ("term", "translation", "translations", "errors", "warnings", "parameters", "not_returned"):
        value.pop(key, None)
    ((search,), problems) = read_searches("s", line_of(value))
    assert problems == ()
    assert replace(search, id=SEARCH.id) == SEARCH


def test_an_infinite_count_is_told() -> None:
    data = write_search(SEARCH).replace(b'"count": 1', b'"count": 1e999')
    assert [problem.message for problem in read_searches("s", data)[1]] == [DAMAGED]


@pytest.mark.parametrize(
    "line",
    [
        b'{"schema": 1, "key": "a:1", "origin": "x", "title": "\\ud800"}',
        b'{"schema": 1, "key": "a:1", "key": "a:2", "origin": "x", "title": "y"}',
    ],
)
def test_half_a_character_and_a_key_twice_are_told(line: bytes) -> None:
    records, problems = read_records("r", line + b"\n" + line)
    assert records == {}
    assert [problem.place.line for problem in problems] == [1, 2]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("key", "a b"),
        ("key", "a\x1b"),
        ("pmid", "11) <b>"),
        ("pmid", "0"),
        ("doi", "x"),
        ("doi", "10.1234/a b"),
        ("pmcid", "1"),
    ],
)
def test_an_identifier_of_another_shape_is_told(name: str, value: str) -> None:
    line = json.dumps({"schema": 1, "key": "a:1", "origin": "x", "title": "y", name: value}).encode()
    assert [problem.message for problem in read_records("r", line)[1]] == [
        "is not a record; expected at least key, origin and title"
    ]


@settings(max_examples=100, deadline=None)
@given(
    st.binary(max_size=100),
    st.dictionaries(
        st.sampled_from(["key", "title", "id", "count", "when", "schema"]),
        st.none() | st.integers() | _TEXT | st.lists(_TEXT),
    ),
)
def test_no_bytes_make_a_reader_raise(data: bytes, value: dict[str, object]) -> None:
    for lines in (data, json.dumps({"schema": 1, **value}).encode()):
        for _, problems in (read_records("f", lines), read_searches("f", lines)):
            assert all(problem.code == "F205" and problem.place.line >= 1 for problem in problems)


# --- notices ----------------------------------------------------------------------------------------------------------

NOTICE = Notice(
    report="doi:10.1234/one",
    kind=NoticeKind.RETRACTION,
    source="Crossref",
    key="doi:10.1234/n",
    by="publisher",
    told="retraction",
    date="2026-01-05",
    seen="2026-01-10",
)
_DAYS = st.dates(dt.date(1900, 1, 1), dt.date(2999, 12, 31)).map(str)
_NOTICES = st.builds(
    Notice,
    report=_KEYS,
    kind=st.sampled_from(NoticeKind),
    source=_TEXT.filter(bool),
    key=st.just("") | _KEYS,
    by=_TEXT,
    told=_TEXT,
    date=st.just("") | _DAYS | st.sampled_from(["2026", "2026-01"]),
    seen=st.just("") | _DAYS,
)
_ASKED = st.dictionaries(_KEYS, _DAYS, max_size=4)


@given(st.lists(_NOTICES, max_size=4, unique_by=lambda each: each.identity), _ASKED)
def test_notices_are_read_as_they_were_written(notices: list[Notice], asked: dict[str, str]) -> None:
    log = NoticeLog(
        notices=tuple(sorted(notices, key=lambda each: each.identity)),
        asked=asked,
        unknown=frozenset(sorted(asked)[:1]),
    )
    data = write_notices(log)
    assert read_notices("queries/notices.jsonl", data) == (log, ())
    lines = data.splitlines(keepends=True)
    assert read_notices("n", b"".join(reversed([*lines, *lines])))[0] == log, "in any order, and twice"


def test_of_two_lines_of_one_notice_the_earlier_day_and_the_later_date_stand() -> None:
    later = replace(NOTICE, seen="2026-02-01", date="2026-01-09")
    log, problems = read_notices("n", write_notices(NoticeLog(notices=(NOTICE, later))))
    assert problems == ()
    assert log.notices == (replace(later, seen=NOTICE.seen),)


def test_of_two_branches_that_both_asked_the_later_answer_stands() -> None:
    one = NoticeLog(asked={"doi:10.1/a": "2026-01-01", "doi:10.1/b": "2026-01-01"}, unknown=frozenset({"doi:10.1/b"}))
    two = NoticeLog(asked={"doi:10.1/b": "2026-01-09"})
    for data in (write_notices(one) + write_notices(two), write_notices(two) + write_notices(one)):
        log, _ = read_notices("n", data)
        assert log.asked == {"doi:10.1/a": "2026-01-01", "doi:10.1/b": "2026-01-09"}
        assert log.unknown == frozenset()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"report": ""}, "is not a notice; expected at least report, notice and source"),
        ({"report": 3}, "is not a notice; expected at least report, notice and source"),
        ({"notice": "rumor"}, "is not a notice; expected at least report, notice and source"),
        ({"source": ""}, "is not a notice; expected at least report, notice and source"),
        ({"key": "a b"}, "is not a notice; expected at least report, notice and source"),
        ({"date": "lately"}, "is not a notice; expected at least report, notice and source"),
        ({"seen": "2026-13-01"}, "is not a notice; expected at least report, notice and source"),
        ({"asked": "2026-1-1"}, "does not say when Crossref was asked of what; expected asked and reports"),
        ({"asked": "2026-01-01"}, "does not say when Crossref was asked of what; expected asked and reports"),
        ({"asked": "2026-01-01", "reports": [3]}, "does not say when Crossref was asked of what; expected asked and reports"),
        ({"asked": "20260101", "reports": []}, "does not say when Crossref was asked of what; expected asked and reports"),
    ],
)  # fmt: skip
def test_a_damaged_notice_is_told_with_its_line_and_the_rest_is_read(change: dict[str, object], message: str) -> None:
    line = json.loads(write_notices(NoticeLog(notices=(NOTICE,))))
    damaged = json.dumps({**line, **change}).encode() + b"\n"
    log, problems = read_notices("queries/notices.jsonl", damaged + write_notices(NoticeLog(notices=(NOTICE,))))
    assert log.notices == (NOTICE,)
    assert [str(problem) for problem in problems] == [f"queries/notices.jsonl:1:1: F205 {message}"]


@given(st.binary(max_size=80))
def test_any_bytes_are_notices_or_told(data: bytes) -> None:
    read_notices("n", data)
    read_notices("n", b'{"schema": 1, "asked": ' + data + b"}")
