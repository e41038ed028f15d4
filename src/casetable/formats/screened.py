"""Reads what was decided on records in a screening tool, from the tool's own export: Rayyan and ASReview.

Rayyan writes decisions into the notes of a record (`RAYYAN-INCLUSION: {"Anna"=>"Included"} | RAYYAN-EXCLUSION-REASONS: …`),
in RIS, BibTeX and CSV alike. ASReview writes ASReview_relevant, ASReview_irrelevant or ASReview_not_seen into the notes of
RIS, and a column of 1 and 0 into CSV (https://asreview.readthedocs.io).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from casetable.formats.articles import Flaw, Stored, read_articles_of
from casetable.formats.export import Form, Original
from casetable.formats.ris import values_of
from casetable.model.article import Article

KEY_NOTE = "casetable-record:"

_KEY = re.compile(KEY_NOTE + r" *([^\s|;}<]{1,400})")
_INCLUSION = re.compile(r"RAYYAN-INCLUSION: *\{([^{}]{0,4000})\}")
_VOTE = re.compile(r'"([^"]{0,200})" *=> *"(\w{1,20})"')
_REASONS = re.compile(r"RAYYAN-EXCLUSION-REASONS: *([^|{}<>\n]{0,1000})")
_LABEL = re.compile(r"\bASReview_(relevant|irrelevant|not_seen)\b")
_LABEL_COLUMNS = ("asreview_label", "included", "label_included", "label")


class Vote(StrEnum):
    """What one screener said of a record."""

    INCLUDE = "include"
    EXCLUDE = "exclude"
    MAYBE = "maybe"


_RAYYAN = {"included": Vote.INCLUDE, "excluded": Vote.EXCLUDE, "maybe": Vote.MAYBE}
_ASREVIEW = {"relevant": Vote.INCLUDE, "irrelevant": Vote.EXCLUDE}
_LABELS = {"1": Vote.INCLUDE, "1.0": Vote.INCLUDE, "0": Vote.EXCLUDE, "0.0": Vote.EXCLUDE}


@dataclass(frozen=True, slots=True, kw_only=True)
class ScreenedRecord:
    """A record of a screening tool's export: what was said of it and by whom ("" where the tool does not tell).

    `key` is the one under which it left the review, where the tool kept it.
    """

    article: Article
    key: str
    votes: tuple[tuple[str, Vote], ...]
    reasons: tuple[str, ...]


def read_screened(path: str, data: bytes) -> Iterator[ScreenedRecord | Flaw]:
    """Yields the records of an export of Rayyan or ASReview in order, and what cannot be read; raises nothing."""
    for read in read_articles_of(path, [data], keeps_originals=True):
        if isinstance(read, Stored) and read.original is not None:
            yield _screened(read.article, read.original)
        elif isinstance(read, Flaw):
            yield read


def _screened(article: Article, original: Original) -> ScreenedRecord:
    notes = _notes(original)
    votes: list[tuple[str, Vote]] = []
    reasons: list[str] = []
    for note in notes:
        for found in _INCLUSION.findall(note):
            votes += [(name, _RAYYAN[word.lower()]) for name, word in _VOTE.findall(found) if word.lower() in _RAYYAN]
        for found in _REASONS.findall(note):
            reasons += [reason for part in found.split(",") if (reason := part.strip().removeprefix("__EXR__").strip())]
        votes += [("", _ASREVIEW[label]) for label in _LABEL.findall(note) if label in _ASREVIEW]
    for name, value in original.cells:
        if name.strip().lower() in _LABEL_COLUMNS and not votes and value.strip() in _LABELS:
            votes.append(("", _LABELS[value.strip()]))
    key = next((found[1] for note in notes if (found := _KEY.search(note))), "")
    return ScreenedRecord(
        article=article, key=key, votes=tuple(dict.fromkeys(votes)), reasons=tuple(dict.fromkeys(reasons))
    )


def _notes(original: Original) -> list[str]:
    if original.cells:
        return [value for _, value in original.cells]
    if original.form is Form.RIS:
        return [value for _, value in values_of(original.text)]
    return [" ".join(original.text.replace("&quot;", '"').replace("&gt;", ">").split())]
