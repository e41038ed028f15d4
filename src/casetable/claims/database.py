"""Puts one SELECT to tables in memory, and lets it do nothing else: a claim comes with a pull request.

Nothing is read but the tables given and nothing written; what would reach the machine, the clock or chance is refused;
steps, memory, rows and lengths are limited. Steps are counted and time is not, so that an answer is the same anywhere.
"""

from __future__ import annotations

import math
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from casetable.claims.possible import Value
from casetable.problems import did_you_mean, joined, shown, visible

MAX_STEPS = 20_000_000
MAX_MEMORY = 96_000_000
MAX_ROWS = 10_000
MAX_ANSWER = 4_000_000
MAX_SQL = 10_000
MAX_PATTERN = 200
_STEPS_AT_ONCE = 1_000

_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: 50_000,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: MAX_SQL * 4,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 100,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 20,
    sqlite3.SQLITE_LIMIT_VDBE_OP: 50_000,
    sqlite3.SQLITE_LIMIT_FUNCTION_ARG: 10,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: MAX_PATTERN,
    sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER: 0,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 0,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}

# All are pure, and need little time and memory whatever they are given.
FUNCTIONS = (
    "abs",
    "avg",
    "coalesce",
    "count",
    "ifnull",
    "iif",
    "length",
    "like",
    "lower",
    "max",
    "median",
    "min",
    "nullif",
    "round",
    "sum",
    "total",
    "upper",
)

Columns = Sequence[tuple[str, str]]


class SqlError(Exception):
    """Why SQL was not answered: a message, the next step, and where in the SQL, if that is known."""

    def __init__(self, message: str, hint: str = "", *, word: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.word = word
        self.span: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What SQL gives: the names of its columns, and its rows."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]


def columns_read(sql: str, tables: Mapping[str, Columns]) -> frozenset[tuple[str, str]]:
    """Returns which columns SQL reads, as (table, column), "" for a table whose rows are only counted.

    Raises SqlError where it is not one SELECT over these tables.
    """
    with _Database(tables) as database:
        database.answer(sql)
        return frozenset(database.read)


def ask(sql: str, tables: Mapping[str, Columns], rows: Mapping[str, Iterable[Sequence[Value]]]) -> Answer:
    """Returns the answer of SQL; `rows` are those of the tables that it reads. Raises SqlError."""
    with _Database(tables) as database:
        for name, listed in rows.items():
            database.fill(name, listed)
        return database.answer(sql)


class _Database:
    def __init__(self, tables: Mapping[str, Columns]) -> None:
        self._tables = tables
        self._steps = 0
        self._refused = ""
        self.read: set[tuple[str, str]] = set()
        self._connection = sqlite3.connect(":memory:", isolation_level=None)
        for pragma in (f"hard_heap_limit = {MAX_MEMORY}", "temp_store = MEMORY", "trusted_schema = OFF"):
            self._connection.execute(f"PRAGMA {pragma}").fetchall()
        self._connection.text_factory = lambda data: data.decode("utf-8", "replace")
        for name, columns in tables.items():
            listed = ", ".join(f"{_quoted(column)} {kind}" for column, kind in columns)
            self._connection.execute(f"CREATE TABLE {_quoted(name)} ({listed})")

    def __enter__(self) -> _Database:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def fill(self, name: str, rows: Iterable[Sequence[Value]]) -> None:
        marks = ", ".join("?" for _ in self._tables[name])
        try:
            self._connection.execute("BEGIN")
            self._connection.executemany(f"INSERT INTO {_quoted(name)} VALUES ({marks})", rows)  # noqa: S608  # our names
            self._connection.execute("COMMIT")
        except (sqlite3.Error, MemoryError):
            raise SqlError(
                f"the table {name} is too large to be asked; it and the answer may take {MAX_MEMORY // 1_000_000} MB"
            ) from None

    def answer(self, sql: str) -> Answer:
        try:
            return self._answer(sql)
        except SqlError as error:
            pattern = rf"(?<!\w){re.escape(error.word)}(?!\w)" if error.word.isidentifier() else re.escape(error.word)
            found = re.search(pattern, sql, re.IGNORECASE) if error.word else None
            error.span = found.span() if found else None
            raise

    def _answer(self, sql: str) -> Answer:
        self._look_over(sql)
        self._lock()
        try:
            cursor = self._connection.execute(sql)
            columns = tuple(column[0] for column in cursor.description or ())
            rows = tuple(self._rows(cursor))
        except SqlError:
            raise
        except (sqlite3.Error, sqlite3.Warning, ValueError, OverflowError, MemoryError) as error:
            raise self._told(error, sql) from None
        return Answer(columns=columns, rows=rows)

    def _look_over(self, sql: str) -> None:
        if len(sql) > MAX_SQL:
            raise SqlError(f"the SQL is longer than {MAX_SQL:,} characters")
        if found := re.search("[\\x00\\ud800-\\udfff]", sql):
            raise SqlError(f"the SQL holds {shown(found[0])}; expected text")
        bare = _COMMENT.sub(lambda part: " " if part[0][:1] in "-/" else part[0], sql)
        if not re.match(r"\s*(SELECT|WITH)\b", bare, re.IGNORECASE):
            first = bare.split()[:1]
            raise SqlError(f"{shown(first[0]) if first else 'nothing'} stands first; expected one SELECT")
        names = {*self._tables, *(column for columns in self._tables.values() for column, _ in columns)}
        aliases = {found[1].lower() for found in re.finditer(r'\bAS\s+"([^"]+)"', bare, re.IGNORECASE)}
        for part in _COMMENT.finditer(bare):
            if part[0][:1] == '"' and (name := part[0][1:-1]).lower() not in names | aliases:
                # SQLite would take it for a text without a word.
                near = did_you_mean(name, names)
                raise SqlError(f"there is no column {shown(name)}", near or "a text stands in single quotes", word=name)

    def _lock(self) -> None:
        connection = self._connection
        for limit, most in _LIMITS.items():
            connection.setlimit(limit, most)
        connection.execute("PRAGMA query_only = ON")
        connection.create_aggregate("median", 1, self._median)  # type: ignore[arg-type]  # a median need be no int
        for name, function in (("lower", _lower), ("upper", _upper), ("length", _length)):
            connection.create_function(name, 1, self._charged(function), deterministic=True)
        connection.create_function("like", 2, self._like, deterministic=True)
        connection.set_progress_handler(self._step, _STEPS_AT_ONCE)
        connection.set_authorizer(self._allows)

    def _rows(self, cursor: sqlite3.Cursor) -> Iterator[tuple[Value, ...]]:
        size = number = 0
        while listed := cursor.fetchmany(100):
            for row in listed:
                number += 1
                values = tuple(_plain(value) for value in row)
                size += sum(len(value) if isinstance(value, str) else 8 for value in values)
                if number > MAX_ROWS or size > MAX_ANSWER:
                    raise SqlError(
                        f"the answer is larger than {MAX_ROWS:,} rows or {MAX_ANSWER // 1_000_000} MB", "ask for less"
                    )
                yield values

    # --- limits ---

    def _step(self, more: int = _STEPS_AT_ONCE) -> int:
        self._steps += more
        return int(self._steps > MAX_STEPS)

    def _charge(self, work: int) -> None:
        if self._step(1 + work):
            raise SqlError("too many steps")

    def _charged(self, function: Callable[[str], Value]) -> Callable[[object], Value]:
        def charged(value: object) -> Value:
            text = _text(value)
            self._charge(len(text or "") // 50)
            return None if text is None else function(text)

        return charged

    def _median(self) -> _Median:
        return _Median(self._charge)

    def _like(self, pattern: object, value: object) -> int | None:
        wanted, text = _text(pattern), _text(value)
        if wanted is None or text is None:
            return None
        if len(wanted) > MAX_PATTERN:
            raise SqlError("the pattern is too long")
        is_like, work = like(wanted, text)
        self._charge(work)
        return int(is_like)

    def _allows(self, action: int, first: str | None, second: str | None, _: str | None, __: str | None) -> int:
        if action == sqlite3.SQLITE_SELECT:
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_READ and first is not None and first in self._tables:
            self.read.add((first, (second or "").lower()))
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_READ and not second and not str(first).startswith(("sqlite_", "pragma_")):
            return sqlite3.SQLITE_OK  # the rows of a subquery or WITH are counted; what it reads is told by itself
        if action == sqlite3.SQLITE_FUNCTION and (second or "").lower() in FUNCTIONS:
            return sqlite3.SQLITE_OK
        if not self._refused:
            self._refused = self._refusal(action, first or "", second or "")
        return sqlite3.SQLITE_DENY

    def _refusal(self, action: int, first: str, second: str) -> str:
        if action == sqlite3.SQLITE_FUNCTION:
            return f"the function {shown(second)} cannot be used here; expected {joined(FUNCTIONS)}"
        if action == sqlite3.SQLITE_RECURSIVE:
            return "a WITH that calls itself cannot be used here"
        if action == sqlite3.SQLITE_READ:
            return f"{shown(first)} is no table here; expected {joined(self._tables)}"
        return "only a SELECT from the tables can be asked here"

    # --- what went wrong, in plain words ---

    def _told(self, error: BaseException, sql: str) -> SqlError:
        text = visible(str(error))
        if self._refused:
            return SqlError(self._refused)
        if self._steps > MAX_STEPS:
            return SqlError(
                f"the SQL takes more than {MAX_STEPS:,} steps, and was stopped", "join fewer tables, or ask for less"
            )
        if isinstance(error, MemoryError) or "out of memory" in text:
            return SqlError(f"the SQL needs more than {MAX_MEMORY // 1_000_000} MB, and was stopped", "ask for less")
        if found := re.search(r"no such column: (\S+)", text):
            return SqlError(f"there is no column {shown(found[1])}", self._near_column(found[1]), word=found[1])
        if found := re.search(r"no such table: (\S+)", text):
            return SqlError(f"there is no table {shown(found[1])}; expected {joined(self._tables)}", word=found[1])
        if found := re.search(r"no such function: (\S+)", text):
            return SqlError(
                f"there is no function {shown(found[1])}; expected {joined(FUNCTIONS)}",
                did_you_mean(found[1], FUNCTIONS),
                word=found[1],
            )
        if "one statement at a time" in text:
            return SqlError("a second statement stands behind the first; expected one SELECT")
        if found := re.search(r'near "(.*)": syntax error', text, re.DOTALL):
            return SqlError(f"cannot be read as SQL at {shown(found[1])}", self._near_keyword(sql), word=found[1])
        if "incomplete input" in text or "unrecognized token" in text:
            return SqlError("the SQL is not complete: a bracket, a quote or a part is missing")
        if "inding" in text or "SQL variables" in text:
            return SqlError("the SQL holds a '?' or a ':name'; expected values")
        if "user-defined function" in text:
            return SqlError(f"a pattern of LIKE is longer than {MAX_PATTERN} characters")
        if "too big" in text:
            return SqlError("the SQL makes a text that is too long")
        return SqlError(f"cannot be answered ({text})")

    def _near_column(self, name: str) -> str:
        bare = name.rpartition(".")[2].strip('"')
        columns = [column for listed in self._tables.values() for column, _ in listed]
        tables = {table for table, _ in self.read if table in self._tables}
        own = [column for table in sorted(tables) for column, _ in self._tables[table]]
        if near := did_you_mean(bare, own or columns) or did_you_mean(bare, columns):
            return near
        if begins := [column for column in own or columns if column.startswith(bare[:3].lower())]:
            return f"there is {_some(begins[:6])}"
        table = (sorted(tables) or ["cases"])[0]
        listed = [column for column, _ in self._tables[table] if not column.endswith("_status")]
        return f"{table} has {_some(listed)}"

    def _near_keyword(self, sql: str) -> str:
        if re.search(r"\bcase\b", sql, re.IGNORECASE) and not re.search(r"\bend\b", sql, re.IGNORECASE):
            return "the column is called case_id"
        if re.search(r"\bwhen\b(?! .*\bthen\b)", sql, re.IGNORECASE):
            return "the column is called timepoint"
        return "what a report calls 'where' is the column place" if len(re.findall(r"(?i)\bwhere\b", sql)) > 1 else ""


_COMMENT = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|/\*.*?(?:\*/|\Z)""", re.DOTALL)


def _some(names: Sequence[str]) -> str:
    most = 30
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _plain(value: object) -> Value:
    """A value as the answer gives it: bytes as text, and what is no finite number in words."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value if isinstance(value, int | float | str) else None


def _text(value: object) -> str | None:
    if value is None:
        return None
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


_UPPER = {lower: lower - 32 for lower in range(ord("a"), ord("z") + 1)}
_LOWER = {lower - 32: lower for lower in _UPPER}


def _lower(text: str) -> str:
    return text.translate(_LOWER)


def _upper(text: str) -> str:
    return text.translate(_UPPER)


def _length(text: str) -> int:
    return len(text)


def like(pattern: str, text: str) -> tuple[bool, int]:
    """Returns whether a text is like a pattern, as SQLite's LIKE (% and _, A to Z as a to z), and the work it took.

    Goes back to the last % only, so that the work is at most pattern times text.
    """
    wanted, given = _lower(pattern), _lower(text)
    at = work = here = 0
    star = marked = -1
    while here < len(given):
        work += 1
        if at < len(wanted) and wanted[at] == "%":
            star, marked = at, here
            at += 1
        elif at < len(wanted) and wanted[at] in {"_", given[here]}:
            at += 1
            here += 1
        elif star >= 0:
            marked += 1
            at, here = star + 1, marked
        else:
            return False, work
    return not wanted[at:].strip("%"), work


class _Median:
    """The median of the numbers; NULL of none."""

    def __init__(self, charge: Callable[[int], None]) -> None:
        self._charge = charge
        self._numbers: list[float] = []

    def step(self, value: object) -> None:
        self._charge(20)
        if isinstance(value, int | float):
            self._numbers.append(value)

    def finalize(self) -> float | None:
        return median(self._numbers)


def median(numbers: Sequence[float]) -> float | None:
    """Returns the median of numbers, the mean of the two in the middle where there are such; None of none."""
    ordered = sorted(numbers)
    if not ordered:
        return None
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
