"""Field tags of PubMed: which field a tag names, what ESearch calls it, and which modifiers it takes.

Users' tags are those of PubMed's help, ESearch's names those of its EInfo. A name that is neither is no field, as [ab]:
PubMed ignores the tag without a word, and searches all fields.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache


class Kind(StrEnum):
    """How a field is searched."""

    WORDS = "words"  # adjacent words anywhere in a value
    WHOLE = "whole"  # the whole value
    NAME = "name"  # a person's name, initials open at the end
    DATE = "date"


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field of PubMed: `tag` is its usual tag, `name` is as ESearch spells it out."""

    tag: str
    name: str
    kind: Kind
    takes_noexp: bool = False
    takes_near: bool = False

    @property
    def takes_range(self) -> bool:
        return self.kind is Kind.DATE or self.tag == "uid"


# Tag, name, kind, and what else users write for it; the tag and the name are always understood.
_ROWS: tuple[tuple[str, str, Kind, tuple[str, ...]], ...] = (
    ("all", "All Fields", Kind.WORDS, ()),
    ("tiab", "Title/Abstract", Kind.WORDS, ()),
    ("ti", "Title", Kind.WORDS, ("titl",)),
    ("tw", "Text Word", Kind.WORDS, ("word", "text", "text words")),
    ("ot", "Other Term", Kind.WORDS, ("otrm",)),
    ("tt", "Transliterated Title", Kind.WORDS, ()),
    ("ad", "Affiliation", Kind.WORDS, ("affl",)),
    ("cn", "Author - Corporate", Kind.WORDS, ("coln", "corporate author")),
    ("cois", "Conflict of Interest Statements", Kind.WORDS, ("conflict of interest statement",)),
    ("gr", "Grants and Funding", Kind.WORDS, ("grnt", "grant number")),
    ("si", "Secondary Source ID", Kind.WORDS, ()),
    ("pubn", "Publisher", Kind.WORDS, ()),
    ("book", "Book", Kind.WORDS, ()),
    ("so", "Source", Kind.WORDS, ()),
    ("tag", "Tag", Kind.WHOLE, ()),  # accepted; what it holds is documented nowhere
    ("mh", "MeSH Terms", Kind.WHOLE, ("mesh", "mesh term")),
    ("majr", "MeSH Major Topic", Kind.WHOLE, ("mj",)),
    ("sh", "MeSH Subheading", Kind.WHOLE, ("subh", "subheading", "mesh subheadings")),
    ("nm", "Supplementary Concept", Kind.WHOLE, ("subs", "substance", "substance name")),
    ("rn", "EC/RN Number", Kind.WHOLE, ("ecno",)),
    ("pa", "Pharmacological Action", Kind.WHOLE, ("papx",)),
    ("ps", "Subject - Personal Name", Kind.NAME, ("personal name as subject",)),
    ("au", "Author", Kind.NAME, ("auth", "author name")),
    ("fau", "Author", Kind.NAME, ("full", "full author name")),
    ("1au", "Author - First", Kind.NAME, ("faut", "first author", "first author name")),
    ("lastau", "Author - Last", Kind.NAME, ("laut", "last author", "last author name")),
    ("auid", "Author - Identifier", Kind.WHOLE, ()),  # [author identifier] is not understood
    ("ir", "Investigator", Kind.NAME, ("finv",)),
    ("fir", "Investigator", Kind.NAME, ("full investigator name",)),
    ("ed", "Editor", Kind.NAME, ()),
    ("ta", "Journal", Kind.WHOLE, ("jo", "jour", "issn")),
    ("jid", "NLM Unique ID", Kind.WHOLE, ()),
    ("vi", "Volume", Kind.WHOLE, ("vol",)),
    ("ip", "Issue", Kind.WHOLE, ("iss",)),
    ("pg", "Pagination", Kind.WHOLE, ("page",)),
    ("la", "Language", Kind.WHOLE, ("lang",)),
    ("pl", "Place of Publication", Kind.WHOLE, ("cnty",)),
    ("pt", "Publication Type", Kind.WHOLE, ("ptyp",)),
    ("sb", "Filter", Kind.WHOLE, ("filt", "subset")),
    ("uid", "UID", Kind.WHOLE, ("pmid",)),
    ("aid", "Article Identifier", Kind.WHOLE, ("doi", "pii", "pid", "publisher id")),
    ("lid", "Location ID", Kind.WHOLE, ()),
    ("pmc", "PMCID", Kind.WHOLE, ("mid", "pmcid and mid")),
    ("isbn", "ISBN", Kind.WHOLE, ()),
    ("owner", "Owner", Kind.WHOLE, ()),
    ("dp", "Date - Publication", Kind.DATE, ("pdat", "publication date")),
    ("ppdat", "Print Publication Date", Kind.DATE, ("ppdt",)),
    ("epdat", "Electronic Publication Date", Kind.DATE, ("epdt",)),
    ("edat", "Date - Entry", Kind.DATE, ("entry date", "entrez date")),
    ("crdt", "Date - Create", Kind.DATE, ("create date",)),
    ("mhda", "Date - MeSH", Kind.DATE, ("mesh date",)),
    ("dcom", "Date - Completion", Kind.DATE, ("cdat", "completion date")),
    ("lr", "Date - Modification", Kind.DATE, ("mdat", "modification date")),
)
_TAKES_NOEXP = {"mh", "majr"}
_TAKES_NEAR = {"ti", "tiab", "ad"}

FIELDS: dict[str, Field] = {
    tag: Field(tag=tag, name=name, kind=kind, takes_noexp=tag in _TAKES_NOEXP, takes_near=tag in _TAKES_NEAR)
    for tag, name, kind, _ in _ROWS
}
_NAMED: dict[str, Field] = {}
for _tag, _name, _, _others in _ROWS:
    for _written in (_tag, _name, *_others):
        _NAMED.setdefault(_written.lower(), FIELDS[_tag])

TAG_NAMES = tuple(_NAMED)

_NEAR = re.compile(r"~([0-9]{1,4})")


@lru_cache(maxsize=1 << 12)
def _field_named(text: str) -> Field | None:
    return _NAMED.get(" ".join(text.partition(":")[0].lower().split()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """What stands between brackets after a term, as written: `mh:noexp`. Equal tags may stand in different places."""

    text: str
    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)

    @property
    def name(self) -> str:
        """What stands before the colon, lower case."""
        return " ".join(self.text.partition(":")[0].lower().split())

    @property
    def modifier(self) -> str:
        """What stands after the colon, lower case: `noexp`, `~3`, or whatever was written there."""
        return self.text.partition(":")[2].strip().lower()

    @property
    def field(self) -> Field | None:
        """The field that is searched, or None where PubMed knows no such tag and ignores it."""
        return _field_named(self.text)

    @property
    def is_noexp(self) -> bool:
        """The heading alone, without the narrower ones."""
        return self.modifier == "noexp" and self.field is not None and self.field.takes_noexp

    @property
    def near(self) -> int | None:
        """How many other words may stand between the words of the phrase, where the field can be searched so."""
        found = _NEAR.fullmatch(self.modifier)
        return int(found[1]) if found and self.field is not None and self.field.takes_near else None

    @property
    def is_modifier_ignored(self) -> bool:
        """A modifier stands here that the field does not take; PubMed ignores it without a word."""
        return bool(self.modifier) and not self.is_noexp and self.near is None
