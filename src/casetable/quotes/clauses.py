"""What the words around a name or a figure make of it: denied, said of a relative, its opposite, a number of times."""

from __future__ import annotations

import re
from decimal import Decimal

from casetable.quotes.amounts import Amount
from casetable.quotes.labels import Mention
from casetable.quotes.reading import Reading

_DENIAL = re.compile(
    r"\b(?:no|not|without|never|denied|denies|nor|neither|absence of|lack of|failed to|free of|ruled out|excluded)\b",
    re.IGNORECASE,
)
# What ends the reach of a denial: another clause. A list goes on behind its commas.
_CLAUSE = re.compile(
    r"[.;:]|\b(?:but|however|although|though|except|while|whereas|which|who|and then|was|were|is|are|had|has|showed|revealed|with)\b",
    re.IGNORECASE,
)
_DENIED_BEHIND = re.compile(
    r"\s+(?:was|were|is|are|could be|had been)?\s*(?:not|excluded|ruled out|absent|denied|unlikely)\b", re.IGNORECASE
)
_RELATIVES = r"mother|father|parents?|brother|sister|son|daughter|aunt|uncle|cousin|husband|wife|grandmother|grandfather|relatives?|family|donor"
_OF_RELATIVE = re.compile(rf"\b(?:{_RELATIVES})(?:'s)?\s+(?:\w+\s+){{0,2}}$", re.IGNORECASE)
_RELATIVE = re.compile(rf"\s+(?:{_RELATIVES})\b", re.IGNORECASE)


def is_denied(text: Reading, mention: Mention) -> bool:
    """Whether the clause denies what stands there, or says it of a relative."""
    begin, end = text.at_plain(text.starts[mention.first]), text.at_plain(text.ends[mention.last - 1])
    before = text.plain[max(0, begin - 70) : begin]
    denials = list(_DENIAL.finditer(before))
    if denials and not _CLAUSE.search(before, denials[-1].end()):
        return True
    behind = text.plain[end : end + 40]
    return bool(_DENIED_BEHIND.match(behind) or _OF_RELATIVE.search(before) or _RELATIVE.match(behind))


# Words that are never both true of one thing: a value with one of them is not borne out by a quote with another.
_OPPOSITES: tuple[tuple[tuple[str, str], ...], ...] = (
    (("left", r"left"), ("right", r"right"), ("bilateral", r"bilateral\w*|both")),
    (("increased", r"increas\w*|elevated|rose|higher"), ("decreased", r"decreas\w*|fell|lower|reduc\w*")),
    (("positive", r"positive"), ("negative", r"negative")),
    (("oral", r"oral\w*|p\.?o\.?"), ("intravenous", r"intravenous\w*|i\.?v\.?"), ("subcutaneous", r"subcutaneous\w*|s\.?c\.?"), ("intramuscular", r"intramuscular\w*|i\.?m\.?")),
    (("daily", r"daily|days?|q\.?d\.?|[bt]\.?i\.?d\.?"), ("weekly", r"weekly|weeks?"), ("monthly", r"monthly|months?"), ("yearly", r"yearly|years?|annual\w*")),
    (("upper", r"upper"), ("lower", r"lower")),
    (("male", r"male|man|boy"), ("female", r"female|woman|girl")),
)  # fmt: skip


def contradiction(value: str, quote: str) -> tuple[str, str] | None:
    """Returns what a value says and the other that its quote says in its place, or None."""
    for group in _OPPOSITES:
        said, printed = (
            [
                name
                for name, pattern in group
                if re.search(rf"(?<![A-Za-z])(?:{pattern})(?![A-Za-z])", each, re.IGNORECASE)
            ]
            for each in (value, quote)
        )
        if said and printed and not set(said) & set(printed):
            return said[0], printed[0]
    return None


_ONCE = ((r"once|a single|one single|one (?:dose|infusion|session|course|cycle)", 1), (r"twice", 2), (r"thrice", 3))
_OFTEN = r"(?!\s+(?:daily|weekly|monthly|(?:a|per|each|every)\s+(?:day|week|month)))"


def times_given(plain: str) -> frozenset[Decimal]:
    """Returns how often something was given, in words: "once", "a single dose"; "twice daily" is no count."""
    return frozenset(
        Decimal(n) for pattern, n in _ONCE if re.search(rf"\b(?:{pattern})\b{_OFTEN}", plain, re.IGNORECASE)
    )


_GIVEN = re.compile(
    r"\s?-?\s?(?:times?|doses?|infusions?|sessions?|courses?|cycles?|pulses?|injections?|exchanges?|applications?|administrations?|of)\b",
    re.IGNORECASE,
)


def is_given(text: Reading, amount: Amount) -> bool:
    """Whether an amount counts how often something was given."""
    at, end = text.at_plain(amount.start), text.at_plain(amount.end)
    return (
        _GIVEN.match(text.plain, end) is not None
        or re.search(r"(?:\btotal of|[×x])\s?$", text.plain[max(0, at - 12) : at]) is not None
    )


_DOSINGS = ((r"q\.?\s?d\.?|o\.?d\.?", 1), (r"b\.?i\.?d\.?|twice", 2), (r"t\.?i\.?d\.?|thrice", 3), (r"q\.?i\.?d\.?", 4))


def dosings(plain: str) -> frozenset[Decimal]:
    """Returns the numbers of doses a day that a text gives in words or by abbreviation: b.i.d. is two."""
    return frozenset(
        Decimal(n) for pattern, n in _DOSINGS if re.search(rf"\b(?:{pattern})(?![A-Za-z])", plain, re.IGNORECASE)
    )
