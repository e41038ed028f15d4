"""One SELECT over tables in memory: what it may do, what is refused, and that it always ends."""

from __future__ import annotations

import contextlib
import re
import resource
import sqlite3
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casetable.claims.database import FUNCTIONS, MAX_STEPS, Answer, SqlError, ask, columns_read, like, median

TABLES = {
    "cases": (("report", "TEXT"), ("case_id", "TEXT"), ("age", "REAL"), ("sex", "TEXT")),
    "reports": (("report", "TEXT"), ("year", "INTEGER")),
}
ROWS = {
    "cases": [("doe", "1", 3.0, "female"), ("doe", "2", None, "male"), ("roe", "1", 64.5, None)],
    "reports": [("doe", 2020), ("roe", 2021)],
}


def answer(sql: str) -> Answer:
    return ask(sql, TABLES, ROWS)


def refusal(sql: str) -> SqlError:
    with pytest.raises(SqlError) as raised:
        answer(sql)
    return raised.value


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT count(*) FROM cases", [(3,)]),
        ("select age from cases where age is not null order by age desc", [(64.5,), (3.0,)]),
        (
            "SELECT median(age), avg(age), min(age), max(age), sum(age), total(age) FROM cases",
            [(33.75, 33.75, 3.0, 64.5, 67.5, 67.5)],
        ),
        ("SELECT sex FROM cases WHERE sex LIKE 'FEM%'", [("female",)]),
        ("SELECT c.case_id FROM cases c JOIN reports r USING (report) WHERE r.year = 2021", [("1",)]),
        ("WITH young AS (SELECT * FROM cases WHERE age < 18) SELECT count(*) FROM young", [(1,)]),
        ("WITH t AS (SELECT age FROM cases LIMIT 2) SELECT count(*) FROM t", [(2,)]),
        ("SELECT report, count(*) FROM cases GROUP BY report", [("doe", 2), ("roe", 1)]),
        ('SELECT "age" AS "How old" FROM cases LIMIT 1 -- a comment; with a semicolon', [(3.0,)]),
        (
            "SELECT upper(sex), lower('ÄB'), length(sex), coalesce(age, -1) FROM cases WHERE case_id = 2",
            [("MALE", "Äb", 4, -1)],
        ),
        ("SELECT 1 WHERE 'a;b' <> '--'", [(1,)]),
        ("SELECT median(age) FROM cases WHERE age > 100", [(None,)]),
        ("SELECT cast(x'ff41' AS TEXT)", [("�A",)]),
        ("SELECT x'41'", [("A",)]),
        ("SELECT 9e999, -9e999", [("inf", "-inf")]),
    ],
)
def test_a_select_is_answered(sql: str, rows: list[tuple[object, ...]]) -> None:
    assert list(answer(sql).rows) == rows


def test_which_columns_are_read() -> None:
    read = columns_read("SELECT count(*) FROM cases WHERE age < 18 AND Sex = 'female'", TABLES)
    assert read - {("cases", "")} == {("cases", "age"), ("cases", "sex")}
    assert columns_read("SELECT count(*) FROM reports", TABLES) == {("reports", "")}
    nested = "WITH t AS (SELECT age FROM cases) SELECT (SELECT max(year) FROM reports) FROM t"
    assert columns_read(nested, TABLES) >= {("cases", "age"), ("reports", "year")}


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("ATTACH DATABASE '/tmp/stolen.db' AS stolen", "'ATTACH' stands first; expected one SELECT"),
        ("PRAGMA hard_heap_limit = 0", "'PRAGMA' stands first"),
        ("DELETE FROM cases", "'DELETE' stands first"),
        ("EXPLAIN SELECT 1", "'EXPLAIN' stands first"),
        ("VACUUM INTO '/tmp/stolen.db'", "'VACUUM' stands first"),
        ("/* SELECT */ DROP TABLE cases", "'DROP' stands first"),
        ("", "nothing stands first"),
        ("-- SELECT 1", "nothing stands first"),
        ("SELECT 1; DROP TABLE cases", "a second statement stands behind the first"),
        ("WITH t AS (SELECT 1) DELETE FROM cases", "only a SELECT from the tables can be asked here"),
        ("WITH t AS (SELECT 1) INSERT INTO cases SELECT 1, 2, 3, 4", "only a SELECT from the tables can be asked here"),
        ("SELECT load_extension('/tmp/evil.so')", "the function 'load_extension' cannot be used here"),
        ("SELECT readfile('/etc/passwd')", "there is no function 'readfile'"),
        ("SELECT writefile('/tmp/stolen', 'x')", "there is no function 'writefile'"),
        ("SELECT random()", "the function 'random' cannot be used here"),
        ("SELECT date('now')", "the function 'date' cannot be used here"),
        ("SELECT current_timestamp", "the function 'current_timestamp' cannot be used here"),
        ("SELECT sqlite_version()", "the function 'sqlite_version' cannot be used here"),
        ("SELECT zeroblob(1000000000)", "the function 'zeroblob' cannot be used here"),
        ("SELECT randomblob(1000000000)", "the function 'randomblob' cannot be used here"),
        ("SELECT printf('%1000000000d', 1)", "the function 'printf' cannot be used here"),
        ("SELECT replace('aa', 'a', 'bbbbbbbbbb')", "the function 'replace' cannot be used here"),
        ("SELECT group_concat(sex) FROM cases", "the function 'group_concat' cannot be used here"),
        ("SELECT instr('aaa', 'a')", "the function 'instr' cannot be used here"),
        ("SELECT * FROM sqlite_master", "'sqlite_master' is no table here; expected cases or reports"),
        ("SELECT count(*) FROM sqlite_master", "'sqlite_master' is no table here"),
        ("SELECT count(*) FROM pragma_database_list", "only a SELECT from the tables can be asked here"),
        ("SELECT * FROM pragma_database_list", "only a SELECT from the tables can be asked here"),
        ("SELECT * FROM json_each('[1]')", "only a SELECT from the tables can be asked here"),
        ("SELECT * FROM fts5vocab", "there is no table 'fts5vocab'"),
        (
            "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t",
            "a WITH that calls itself",
        ),
        (
            "WITH RECURSIVE t(s) AS (SELECT 'x' UNION ALL SELECT s || s FROM t) SELECT s FROM t",
            "a WITH that calls itself",
        ),
        ("SELECT ?", "the SQL holds a '?' or a ':name'"),
        ("SELECT :age", "the SQL holds a '?' or a ':name'"),
        ("SELECT agee FROM cases", "there is no column 'agee'"),
        ('SELECT report FROM cases WHERE "femal" = sex', "there is no column 'femal'"),
        ("SELECT report FROM casse", "there is no table 'casse'; expected cases or reports"),
        ("SELECT mediann(age) FROM cases", "there is no function 'mediann'"),
        ("SELECT case FROM cases", "cannot be read as SQL at 'FROM'"),
        ("SELECT (1", "the SQL is not complete"),
        ("SELECT 'a", "the SQL is not complete"),
        ("SELECT abs(-9223372036854775808)", "cannot be answered (integer overflow)"),
        ("SELECT '\x00'", "the SQL holds '\\x00'"),
        ("SELECT '\ud800'", "the SQL holds"),
        ("SELECT " + "(" * 2000 + "1" + ")" * 2000, "cannot be answered"),
        ("SELECT " + "+".join(["1"] * 3000), "cannot be answered"),
        ("SELECT '" + "x" * 20_000 + "'", "the SQL is longer than 10,000 characters"),
        ("SELECT sex LIKE '" + "%a" * 500 + "' FROM cases", "a pattern of LIKE is longer than 200 characters"),
    ],
)
def test_all_else_is_refused_in_plain_words(sql: str, told: str) -> None:
    assert told in str(refusal(sql))


def test_a_refusal_names_the_place_and_what_may_be_meant() -> None:
    fault = refusal("SELECT agee FROM cases")
    assert (fault.hint, fault.span) == ("did you mean 'age'?", (7, 11))
    assert refusal("SELECT case FROM cases").hint == "the column is called case_id"
    assert refusal("SELECT mediann(age) FROM cases").hint == "did you mean 'median'?"
    assert refusal('SELECT "female"').hint == "a text stands in single quotes"


ENDLESS = [
    "SELECT count(*) FROM " + ", ".join(f"cases c{n}" for n in range(40)),
    "SELECT max(a.age + b.age) FROM " + ", ".join(f"cases {name}" for name in "abcdefghijklmnopqrstuvwxyz"),
    "SELECT count(*) FROM (SELECT 1 x UNION ALL SELECT 2) a" + ", (SELECT 1 x UNION ALL SELECT 2)" * 60,
    "SELECT median(a.age) FROM " + ", ".join(f"cases {name}" for name in "abcdefghijklmnopqrstuvwxyz"),
]


@pytest.mark.parametrize("sql", ENDLESS)
def test_what_would_run_for_ever_is_stopped(sql: str) -> None:
    begun = time.monotonic()
    assert re.search(f"takes more than {MAX_STEPS:,} steps|needs more than", str(refusal(sql)))
    assert time.monotonic() - begun < 60


GREEDY = [
    # Sorting all pairs of everything, in memory.
    "SELECT a.sex || b.sex FROM " + ", ".join(f"cases {name}" for name in "abcdefghijklmnopqrst") + " ORDER BY 1",
    "SELECT DISTINCT " + " || ".join(f"{name}.report || {name}.case_id" for name in "abcdefghijklm")
    + " FROM " + ", ".join(f"cases {name}" for name in "abcdefghijklm"),
    "SELECT count(*) OVER (ORDER BY a.age) FROM " + ", ".join(f"cases {name}" for name in "abcdefghijklmnopqrst"),
    "WITH a AS (SELECT 'xxxxxxxxxx' s)"
    + "".join(f", {new} AS (SELECT s || s || s || s s FROM {old})" for old, new in zip("abcdefghij", "bcdefghijk", strict=True))
    + " SELECT s FROM k",
    "SELECT * FROM cases a, cases b, cases c, cases d, cases e, cases f, cases g, cases h, cases i, cases j",
]  # fmt: skip


@pytest.mark.parametrize("sql", GREEDY)
def test_what_would_fill_the_memory_is_stopped(sql: str) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert re.search("steps|needs more than|too long|larger than", str(refusal(sql)))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000, "kilobytes"


def test_a_table_that_is_too_large_is_told() -> None:
    rows = (("x" * 10_000, "1", 1.0, "y") for _ in range(20_000))
    with pytest.raises(SqlError, match="the table cases is too large to be asked"):
        ask("SELECT count(*) FROM cases", TABLES, {"cases": rows})


def test_the_functions_are_all_there() -> None:
    called = {
        "like": "like('a', 'b')",
        "coalesce": "coalesce(1, 2)",
        "ifnull": "ifnull(1, 2)",
        "iif": "iif(1, 2, 3)",
        "nullif": "nullif(1, 2)",
    }
    for name in FUNCTIONS:
        assert len(answer(f"SELECT {called.get(name, f'{name}(1)')}").rows) == 1, name


def test_nothing_of_a_question_is_left_for_the_next() -> None:
    refusal("WITH t AS (SELECT 1) DELETE FROM cases")
    assert answer("SELECT count(*) FROM cases").rows == ((3,),)


LETTERS = st.text(alphabet="aAbB%_xÄ", max_size=8)


@settings(deadline=None)
@given(pattern=LETTERS, text=LETTERS)
def test_like_is_as_in_sqlite(pattern: str, text: str) -> None:
    connection = sqlite3.connect(":memory:")
    expected = connection.execute("SELECT ? LIKE ?", (text, pattern)).fetchone()[0]
    connection.close()
    assert like(pattern, text)[0] == bool(expected)


def test_like_needs_no_more_than_pattern_times_text() -> None:
    _, work = like("%a" * 100 + "b", "a" * 10_000)
    assert work <= 201 * 10_001


def test_the_median() -> None:
    assert median([]) is None
    assert median([5, 1, 3]) == 3
    assert median([4, 1, 3, 2]) == 2.5


@settings(deadline=None)
@given(sql=st.text(alphabet=st.sampled_from(list("SELECTcaserpotg *(),'\"=;-/|%?@\x00é")), max_size=60))
def test_whatever_is_asked_there_is_an_answer_or_a_refusal(sql: str) -> None:
    with contextlib.suppress(SqlError):
        assert isinstance(answer("SELECT " + sql), Answer)
