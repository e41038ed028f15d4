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

_KEY = re.compile(KEY_NOTE + r" *(\S{1,400})")
_INCLUSION = re.compile(r"RAYYAN-INCLUSION: *\\?\{(.{0,20000}?)\\?\} *(?=\||\}|<|\Z)")
_VOTE = re.compile(r'"([^"]{0,2000})" *(?:=>|:) *"(\w{1,20})" *(?:, *|\Z)')
_REASONS = re.compile(r"RAYYAN-EXCLUSION-REASONS: *([^|{}<>\n]{0,1000})")
_LABEL = re.compile(r"\bASReview_(relevant|irrelevant|not_seen)\b")
_LABEL_COLUMNS = ("asreview_label", "included", "label_included", "label")


# What a report says of itself is no decision on it.
_TEXTS = {"abstract", "title", "ab", "n2", "ti", "t1"}


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

    `key` is the one under which it left the review, where the tool kept it. `is_unclear` tells that there is a decision in a
    form that is not known.
    """

    article: Article
    key: str
    votes: tuple[tuple[str, Vote], ...]
    reasons: tuple[str, ...]
    is_unclear: bool = False


def read_screened(path: str, data: bytes) -> Iterator[ScreenedRecord | Flaw]:
    """Yields the records of an export of Rayyan or ASReview in order, and what cannot be read; raises nothing."""
    for read in read_articles_of(path, [data], keeps_originals=True):
        if isinstance(read, Stored) and read.original is None:
            yield Flaw(
                message=f"{path}: is of a format in which no screening tool writes decisions; expected RIS, BibTeX or CSV"
            )
            return
        if isinstance(read, Stored) and read.original is not None:
            yield _screened(read.article, read.original)
        elif isinstance(read, Flaw):
            yield read


def _screened(article: Article, original: Original) -> ScreenedRecord:
    notes = _notes(original)
    votes: list[tuple[str, Vote]] = []
    reasons: list[str] = []
    is_unclear = False
    for note in notes:
        inclusions = _INCLUSION.findall(note)
        is_unclear |= note.count("RAYYAN-INCLUSION:") != len(inclusions)
        for inclusion in inclusions:
            cast = [(name, word.lower()) for name, word in _VOTE.findall(inclusion)]
            votes += [(name, _RAYYAN[word]) for name, word in cast if word in _RAYYAN]
            is_unclear |= bool(_VOTE.sub("", inclusion).strip()) or any(word not in _RAYYAN for _, word in cast)
        for found in _REASONS.findall(note):
            reasons += [reason for part in found.split(",") if (reason := part.strip().removeprefix("__EXR__").strip())]
        votes += [("", _ASREVIEW[label]) for label in _LABEL.findall(note) if label in _ASREVIEW]
    labels = {name.strip().lower(): value.strip() for name, value in original.cells}
    column = next((column for column in _LABEL_COLUMNS if column in labels), "")
    if not votes and labels.get(column) in _LABELS:
        votes.append(("", _LABELS[labels[column]]))
    key = next((found[1] for note in notes if (found := _KEY.search(note))), "")
    return ScreenedRecord(
        article=article,
        key=key,
        votes=tuple(dict.fromkeys(votes)),
        reasons=tuple(dict.fromkeys(reasons)),
        is_unclear=is_unclear,
    )


def _notes(original: Original) -> list[str]:
    if original.cells:
        return [value for name, value in original.cells if name.strip().lower() not in _TEXTS]
    if original.form is Form.RIS:
        return [value for tag, value in values_of(original.text) if tag.lower() not in _TEXTS]
    return [" ".join(original.text.replace("&quot;", '"').replace("&gt;", ">").split())]
