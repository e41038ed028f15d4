"""Cells of CSV that no spreadsheet takes for a formula, and the way back to what they said.

A spreadsheet runs a cell that begins with =, +, - or @ (CWE-1236; OWASP, CSV Injection), at times behind blanks, and in
some languages with the full-width signs. Where it takes semicolons or tabs for what parts columns, as many a European
one does, a new cell begins within a quoted one, and behind a line break a new row. So an apostrophe stands in front of
each such sign, wherever a cell could begin. Numbers stay as they are, but where the next cell goes on with one: where the
comma is a decimal sign, -1 and 2+A1 in two columns are -1,2+A1 in one.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence

# Blanks, controls, invisible characters and quotes that may stand in front of the sign; the signs, also as wide or small forms.
_AHEAD = r"[\s\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\"]*"
_SIGNS = "=+-@＝＋－＠﹦﹢﹣﹫"
# The apostrophes between them are ours or others'.
_BEGINNING = re.compile(rf"\A({_AHEAD})('*)(?=[{re.escape(_SIGNS)}])")
_GUARDED = re.compile(rf"\A({_AHEAD})'('*)(?=[{re.escape(_SIGNS)}])")
_PARTS = re.compile(r"([;\t\r\n\v\f\u0085\u2028\u2029]+)")
_NUMBER = re.compile(r"\s*[+-]?\d+(?:[.,]\d+)*(?:[eE][+-]?\d+)?\s?%?\s*")
# The decimals of a number, if any, and an operator: what makes a formula of the number in front of it.
_GOES_ON = re.compile(rf"{_AHEAD}[\d.]*[eE]?[+-]?\d*[\s%]*[-+*/^&<>=|]")
_SUSPECT = frozenset(_SIGNS)


def harmless(text: str, behind: str = "") -> str:
    """Returns the text of a cell as it can stand in a CSV file in front of another one; `said` is the way back."""
    if _SUSPECT.isdisjoint(text):
        return text
    parts = _PARTS.split(text)
    last = len(parts) - 1

    def is_number(part: str, at: int) -> bool:
        return bool(at or not last) and bool(_NUMBER.fullmatch(part)) and not (at == last and _GOES_ON.match(behind))

    is_kept = [at % 2 == 1 or is_number(part, at) for at, part in enumerate(parts)]
    return "".join(
        part if kept else _BEGINNING.sub(r"\1'\2", part, count=1) for part, kept in zip(parts, is_kept, strict=True)
    )


def said(text: str) -> str:
    """Returns what the text of a cell said before it was made harmless."""
    if "'" not in text or _SUSPECT.isdisjoint(text):
        return text
    return "".join(
        part if at % 2 else _GUARDED.sub(r"\1\2", part, count=1) for at, part in enumerate(_PARTS.split(text))
    )


def write_csv(rows: Iterable[Sequence[str]]) -> str:
    """Returns rows as CSV (RFC 4180, but that lines end with LF), each cell harmless."""
    lines = _Lines()
    csv.writer(lines).writerows([*map(harmless, row, [*row[1:], ""])] for row in rows)
    return "".join(lines)


class _Lines(list[str]):
    """Takes the rows of a writer that ends them with CR LF, so that it quotes a cell that holds either."""

    def write(self, line: str) -> None:
        self.append(line.removesuffix("\r\n") + "\n")
