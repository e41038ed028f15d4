"""Reads a text so that what is typeset in two ways is one: its letters and figures, each with its place in the text.

A report prints "1,271.4 ng/mL", a spreadsheet "1271.4 ng/ml"; a PDF breaks "pro-gressive" over two lines and joins "fi";
a curator writes "3 sessions" for "three sessions". None of them is another value. Yet 12.7 is never 1.27, and 1,271 is
1.271 only in a text whose decimals have commas.
"""

from __future__ import annotations

import html
import re
import unicodedata
from bisect import bisect_left
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property, lru_cache

# What stands between two characters of a reading.
JOINED, HYPHEN, BLANK = 0, 1, 2
FIGURE = "#"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number as it stands in a text, from `start` to `end` there.

    `readings` are what it can mean, the likelier first: one, or two where a comma may group thousands or be a decimal
    comma. `sign` is "", <, >, ≤ or ≥. `is_attached`: part of a name (MDA5, IL-6) or of a power (m2, 10^9); `is_spread` follows ±.
    """

    start: int
    end: int
    readings: tuple[Decimal, ...]
    sign: str = ""
    is_ordinal: bool = False
    is_attached: bool = False
    is_spread: bool = False


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A text as read: `stream` holds its letters, lower case and without accents, and FIGURE for each figure.

    `starts` and `ends` are the places in the text of what each character of the stream stands for, `gaps` what stands
    before it, `figures` the figures by their place in the stream. `plain` is the text with one sign for each kind of
    dash, blank and dot, `offsets` the place in the text of each of its characters and one for the end.
    """

    text: str
    plain: str
    offsets: tuple[int, ...]
    stream: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]
    gaps: bytes
    figures: Mapping[int, Figure]

    @cached_property
    def by_start(self) -> Mapping[int, int]:
        """The figures' places in the stream by their start in the text."""
        return {figure.start: at for at, figure in self.figures.items()}

    def at_plain(self, offset: int) -> int:
        """Returns the first place in `plain` that stands at or behind a place in the text."""
        return bisect_left(self.offsets, offset, hi=len(self.plain))

    def at_stream(self, offset: int) -> int:
        """Returns the first place in the stream that stands at or behind a place in the text."""
        return bisect_left(self.starts, offset)


@lru_cache(maxsize=4096)
def read_short(text: str, *, has_decimal_commas: bool = False, joins_thousands: bool = True) -> Reading:
    """Returns a name or a quote as read; the same ones are looked for again and again."""
    return read(text, has_decimal_commas=has_decimal_commas, joins_thousands=joins_thousands)


def read(text: str, *, has_decimal_commas: bool | None = None, joins_thousands: bool = True) -> Reading:
    """Returns a text as read.

    Whether its decimals have commas is told from its own unambiguous figures where it is not given.
    `joins_thousands` takes a plain blank within "1 271.4" for a group's; in "day 2 300 mg" it is none.
    """
    plain, offsets = _plain(text)
    if has_decimal_commas is None:
        has_decimal_commas = _has_decimal_commas(plain)
    return _Reader(text, plain, offsets, has_decimal_commas=has_decimal_commas, joins=joins_thousands).read()


# --- one sign for each kind of sign -----------------------------------------------------------------------------------

_DASHES = frozenset("‐‑‒–—―−﹣－")
_APOSTROPHES = frozenset("'’‘ʼ`´′")
_NARROW = frozenset("\u00a0\u2007\u2008\u2009\u200a\u202f\u2005\u2006")
_DOTS = frozenset("·⋅∙•․‧・")
_NOTHING = frozenset("\u00ad\u200b\u200c\u200d\u2060\ufeff")
_TIMES = frozenset("×✕✖∗")
_GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "ζ": "zeta", "η": "eta", "θ": "theta",
    "ι": "iota", "κ": "kappa", "λ": "lambda", "ν": "nu", "ξ": "xi", "π": "pi", "ρ": "rho", "σ": "sigma", "τ": "tau",
    "φ": "phi", "χ": "chi", "ψ": "psi", "ω": "omega",
}  # fmt: skip
_LETTERS = {"ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "đ": "d", "ı": "i", "œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE", "ß": "ss"}  # fmt: skip
_BOUNDS = {"⩽": "≤", "≦": "≤", "⩾": "≥", "≧": "≥", "≲": "≤", "≳": "≥", "﹤": "<", "﹥": ">"}
_SUPERSCRIPTS = {"⁰": "0", "¹": "1", "²": "2", "³": "3", "⁴": "4", "⁵": "5", "⁶": "6", "⁷": "7", "⁸": "8", "⁹": "9"}
_HAS_POWERS = r"(?i)(?:^|[^A-Za-z])(?:[cdkmnu]?m|s)$|(?:^|\D)10$"
_ENTITY = re.compile(r"&(?:[A-Za-z]{2,6}\d{0,2}|#\d{2,6}|#[xX][0-9a-fA-F]{2,5});")


def _plain(text: str) -> tuple[str, list[int]]:
    out: list[str] = []
    offsets: list[int] = []
    at = 0
    while at < len(text):
        character = text[at]
        step = 1
        if character < "\x80" and character not in "&'`":
            piece = character
        elif character == "&" and (found := _ENTITY.match(text, at)):
            piece, step = _signs(html.unescape(found[0]), out), len(found[0])
        else:
            piece = _signs(character, out)
        out += piece
        offsets += [at] * len(piece)
        at += step
    return _one_way("".join(out), [*offsets, len(text)])


def _signs(characters: str, out: list[str]) -> str:
    return "".join(_sign(character, out) for character in characters)


def _sign(character: str, out: list[str]) -> str:
    if character in _DASHES:
        return "-"
    if character in _APOSTROPHES:
        return "'"
    if character in _NARROW:
        return "\u00a0"
    if character in _DOTS:
        return "·"
    if character in _TIMES:
        return "×"
    if character in _NOTHING or unicodedata.combining(character):
        return ""
    if character in "µμ":
        return "u"
    if character in "∕⁄":
        return "/"
    if character in "º˚":
        return "°"
    if character in _BOUNDS:
        return _BOUNDS[character]
    if character.lower() in _GREEK:
        return _GREEK[character.lower()]
    if character in _LETTERS:
        return _LETTERS[character]
    if character in "⁻₋":
        return "^-"
    if character in _SUPERSCRIPTS:
        if out[-1:] == ["^"] or out[-2:] == ["^", "-"] or (out[-2:-1] == ["^"] and out[-1].isdigit()):
            return _SUPERSCRIPTS[character]
        # A power of ten or of a length; behind another word or figure the number of a reference, which is no part of the text.
        return "^" + _SUPERSCRIPTS[character] if re.search(_HAS_POWERS, "".join(out[-8:])) else ""
    if unicodedata.category(character) == "No" and (value := unicodedata.numeric(character, 0)) and 0 < value < 1:
        fraction = format(Decimal(str(round(value, 3))).normalize(), "f")
        return fraction.removeprefix("0") if out and out[-1].isdigit() else fraction
    return "".join(c for c in unicodedata.normalize("NFKD", character) if not unicodedata.combining(c)) or " "


# ng ml^-1 and ng ml-1 are ng/ml.
_POWERS = (
    (re.compile(r"[\s*·]{0,4}(?<![\w/^])([A-Za-z]{1,3}2?)\s?\^\s?-\s?1(?!\d|\.\d)"), r"/\1"),
    (re.compile(r"(?<=[glLU])[\s*·]{1,4}(kg|g|mg|dl|ml|l|h|hr|min|s|day|d|week|wk|month|m2)-1(?!\d|\.\d)", re.IGNORECASE), r"/\1"),
)  # fmt: skip
# Ways of writing that are brought to one, in this order: pattern, and what stands for it.
_WAYS = (
    (re.compile(r"</?(?:sup|sub|i|b|em|strong)>(?=[\d-])"), "^"),
    (re.compile(r"</?(?:sup|sub|i|b|em|strong)>"), ""),
    (re.compile(r"(?<=[\d.])\s*[×xX*·]\s*10\s*[\^eE]?\s*\(?([+-]?\d{1,2})\)?(?=\s*/)"), r" 10^\1"),  # ×10⁹/l, x 10^9/l, *10 9/l
    (re.compile(r"(?<=[\d.])\s*[eE](\d{1,2})(?=\s*/)"), r" 10^\1"),
    (re.compile(r"(?:(?<=[a-z]{4})|(?<=[.,;)]))\s?\[\d{1,3}(?:\s?[,-]\s?\d{1,3})*\]"), ""),  # the number of a reference
    (re.compile(r"\bminus\s+(?=\d)", re.IGNORECASE), "-"),
    (re.compile(r"\b(?:no|not)\s+more\s+than\s+(?=\d)|\bat\s+most\s+(?=\d)", re.IGNORECASE), "≤"),
    (re.compile(r"\b(?:no|not)\s+less\s+than\s+(?=\d)|\bat\s+least\s+(?=\d)", re.IGNORECASE), "≥"),
    (re.compile(r"\b(?:less|fewer|lower)\s+than\s+(?=\d)|\bbelow\s+(?=\d)", re.IGNORECASE), "<"),
    (re.compile(r"\b(?:more|greater|higher)\s+than\s+(?=\d)|\b(?:above|in\s+excess\s+of|exceeding)\s+(?=\d)", re.IGNORECASE), ">"),
    # "over 2000 ng/ml" is more than that; "over 4 months" is during them
    (re.compile(r"\bover\s+(?=\d[\d.,]*\s?(?:[nmpku]?g|[km]?IU|[km]?U|mm|%|10\^|[mu]?mol))"), ">"),
    (re.compile(r"\by\s?[/.]?\s?o\b\.?", re.IGNORECASE), "year-old"),
    (re.compile(r"/\s?\(\s?([A-Za-z]{1,3})\s?[·*.]\s?([A-Za-z]{1,4})\s?\)"), r"/\1/\2"),  # mg/(kg*day)
    (re.compile(r"(?<=/)\s?lit(?:er|re)s?\b|(?<=per )lit(?:er|re)s?\b", re.IGNORECASE), "l"),
    *_POWERS,
    *_POWERS,  # the second of mg kg-1 d-1
    (re.compile(r"(?<=/)\s?(?:d|24\s?h)\b"), "day"),
    (re.compile(r"(?<![A-Za-z])((?:mg|ug|g|ng|IU|U|mg/kg|g/kg|ug/kg))\s+(?:once\s+)?(?:daily|(?:a|each|every|per)\s+day)\b", re.IGNORECASE), r"\1/day"),
    (re.compile(r"(?<=[A-Za-z])[ao]e(?=[a-z])|\b[ao]e(?=[a-z])"), "e"),  # haemoglobin, oedema
    (re.compile(r"(?<=\d)\s?·\s?(?=\d)"), "."),  # a decimal point in the middle of the line
    (re.compile(r"(?<=\d)\s+10[eE](\d{1,2})(?=\s*/)"), r" 10^\1"),
    (re.compile(r"\bmcg\b|\bmicrograms?\b", re.IGNORECASE), "ug"),
    (re.compile(r"\bmicromol(?:e|es)?\b", re.IGNORECASE), "umol"),
    (re.compile(r"\bmilligrams?\b", re.IGNORECASE), "mg"),
    (re.compile(r"\bper\s+cent\b", re.IGNORECASE), "percent"),
    (re.compile(r"(?<=\d)\s?%(?=\s?(?:-|to)\s?\d+(?:[.,]\d+)?\s?%)"), ""),  # 92%-93% is 92-93%
)  # fmt: skip


def _one_way(plain: str, offsets: list[int]) -> tuple[str, list[int]]:
    for pattern, way in _WAYS:
        pieces: list[str] = []
        places: list[int] = []
        at = 0
        for found in pattern.finditer(plain):
            new = found.expand(way)
            pieces += [plain[at : found.start()], new]
            places += offsets[at : found.start()]
            places += [offsets[found.start()]] * len(new)
            at = found.end()
        if pieces:
            plain = "".join([*pieces, plain[at:]])
            offsets = [*places, *offsets[at:]]
    return plain, offsets


# --- figures ----------------------------------------------------------------------------------------------------------

_UNITS_OF_WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
_TEENS = ["ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_WORDS = {word: number for number, word in enumerate(_UNITS_OF_WORDS + _TEENS)}
_WORDS.update({word: 10 * number for number, word in enumerate(_TENS, start=2)})
_ORDINAL_WORDS = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh", "twelfth"]  # fmt: skip
_ORDINALS = {word: number for number, word in enumerate(_ORDINAL_WORDS, start=1)}
_ROMAN_NUMERALS = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"]
_ROMANS = {roman: number for number, roman in enumerate(_ROMAN_NUMERALS, start=1)}
# Behind these a Roman figure is one; elsewhere IV is "intravenous", and I a person.
_COUNTED_IN_ROMANS = r"grade|stage|class|type|phase|degree|level|category|score|strength|case|patient|group|table|figure|part|NYHA|WHO|CKD"

_FIGURE = re.compile(
    r"(?P<sign>[<>≤≥]=?\s*)?(?P<minus>(?<![\w)\].%-])-(?=\d))?"
    r"(?P<figure>\d+(?:[.,\u00a0']\d+)*|\.\d+(?![\d.]))(?P<ordinal>(?:st|nd|rd|th)\b)?"
)
_BLANK_GROUPS = re.compile(r"[1-9]\d{0,2}(?: \d{3})+(?![\d])(?:[.,]\d+(?!\d))?")
_NUMBER_WORD = re.compile(
    rf"\b(?:(?P<tens>{'|'.join(_TENS)})(?:[\s-]+(?P<ones>{'|'.join(_UNITS_OF_WORDS[1:])}))?"
    rf"|(?P<word>{'|'.join([*_UNITS_OF_WORDS, *_TEENS])})|(?P<ordinal>{'|'.join(_ORDINALS)}))\b",
    re.IGNORECASE,
)
_ROMAN = re.compile(
    rf"(?<=\s)(?P<roman>{'|'.join(sorted(_ROMANS, key=len, reverse=True))})\b(?!\s*[.]\s*[A-Z]\.)", re.IGNORECASE
)
_BEFORE_ROMAN = re.compile(rf"\b(?:{_COUNTED_IN_ROMANS})s?\s+$", re.IGNORECASE)
_SIGNS = {"<": "<", ">": ">", "≤": "≤", "≥": "≥", "<=": "≤", ">=": "≥", "≤=": "≤", "≥=": "≥"}


def _has_decimal_commas(plain: str) -> bool:
    """Whether the unambiguous figures of a text have decimal commas more often than points."""
    commas = len(
        re.findall(r"(?<![\d.,])(?:\d+,(?:\d{1,2}|\d{4,})|0,\d+|\d{1,3}(?:\.\d{3})+,\d+)(?![\d,.]\d|\d)", plain)
    )
    points = len(
        re.findall(r"(?<![\d.,])(?:\d+\.(?:\d{1,2}|\d{4,})|0\.\d+|\d{1,3}(?:,\d{3})+\.\d+)(?![\d,.]\d|\d)", plain)
    )
    return commas > points


def _meant(figure: str, *, has_decimal_commas: bool) -> tuple[Decimal, ...]:
    """Returns what a figure can mean, the likelier first; nothing where it is no single number (a date, a version)."""
    groups = re.split(r"[.,\u00a0' ]", figure)
    marks = re.findall(r"[.,\u00a0' ]", figure)
    if not marks:
        return (Decimal(figure),)
    *leading, last = marks
    is_grouped = len(groups[0]) <= 3 and groups[0].strip("0") != "" and all(len(group) == 3 for group in groups[1:-1])
    if leading:
        if not is_grouped or len(set(leading)) > 1:
            return ()
        if last == leading[0]:
            return (Decimal("".join(groups)),) if len(groups[-1]) == 3 else ()
        return (Decimal("".join(groups[:-1]) + "." + groups[-1]),) if last in ".," else ()
    if last not in ".,":
        return (Decimal("".join(groups)),) if is_grouped and len(groups[1]) == 3 else ()
    broken = Decimal(f"{groups[0] or '0'}.{groups[1]}")
    if not (is_grouped and len(groups[1]) == 3):
        return (broken,)
    whole = Decimal("".join(groups))
    return (broken, whole) if (last == ",") == has_decimal_commas else (whole, broken)


class _Reader:
    """Goes through a plain text and writes down its letters and figures."""

    def __init__(self, text: str, plain: str, offsets: list[int], *, has_decimal_commas: bool, joins: bool) -> None:
        self._text, self._plain, self._offsets = text, plain, offsets
        self._has_decimal_commas, self._joins = has_decimal_commas, joins
        self._stream: list[str] = []
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._gaps = bytearray()
        self._figures: dict[int, Figure] = {}
        self._gap = BLANK

    def read(self) -> Reading:
        for start, end, kind, value in self._pieces():
            if kind == "figure":
                self._figure(start, end, value)
            elif kind == "letters":
                self._letters(start, end, value)
        return Reading(
            text=self._text,
            plain=self._plain,
            offsets=tuple(self._offsets),
            stream="".join(self._stream),
            starts=tuple(self._starts),
            ends=tuple(self._ends),
            gaps=bytes(self._gaps),
            figures=self._figures,
        )

    def _pieces(self) -> Iterator[tuple[int, int, str, str]]:
        plain = self._plain
        at = 0
        while at < len(plain):
            character = plain[at]
            if character.isalpha():
                found = _NUMBER_WORD.match(plain, at) or (
                    _ROMAN.match(plain, at) if _BEFORE_ROMAN.search(plain, max(0, at - 14), at) else None
                )
                if found:
                    yield at, found.end(), "figure", found[0]
                    at = found.end()
                    continue
                end = at + 1
                while end < len(plain) and plain[end].isalpha():
                    end += 1
                if (
                    plain[at:end].lower() == "to"
                    and self._stream[-1:] == [FIGURE]
                    and re.match(r"\s+\d", plain[end : end + 4])
                ):
                    self._gap = HYPHEN  # "8 to 10" is 8-10
                else:
                    yield at, end, "letters", plain[at:end]
                at = end
                continue
            if character.isdigit() or character in "<>≤≥.-":
                found = self._figure_at(at)
                if found:
                    yield at, found.end(), "figure", found[0]
                    at = found.end()
                    continue
            at = yield from self._sign(at)

    def _figure_at(self, at: int) -> re.Match[str] | None:
        plain = self._plain
        if self._joins and (found := _BLANK_GROUPS.match(plain, at)) and not plain[max(0, at - 1) : at].isalnum():
            return found
        return _FIGURE.match(plain, at)

    def _sign(self, at: int) -> Generator[tuple[int, int, str, str], None, int]:
        """Takes a sign that is neither letter nor figure; what it means is written in letters, or is a gap."""
        plain, character = self._plain, self._plain[at]
        end = at + 1
        if character == "/":
            self._gap = max(self._gap, HYPHEN)
            yield at, end, "letters", "per"
            self._gap = HYPHEN
        elif character == "%":
            yield at, end, "letters", "percent"
        elif character == "&":
            yield at, end, "letters", "and"
        elif character == "±":
            yield at, end, "letters", "pm"
        elif character == "+" and (found := re.match(r"\++(?!\s?[\d-])", plain[at : at + 9])):
            end = at + found.end()
            yield at, end, "letters", "plus" * found.end()
        elif character == "-" and plain[max(0, at - 1) : at + 2] == "(-)":
            yield at, end, "letters", "minus"
        elif character == "'" and at and plain[at - 1].isalpha() and plain[end : end + 1].isalpha():
            self._gap = max(self._gap, HYPHEN)
        elif character == "-":
            # A word broken over a line end goes on behind it.
            if plain[max(0, at - 1) : at].isalpha():
                while plain[end : end + 1].isspace():
                    end += 1
            self._gap = max(self._gap, HYPHEN)
        elif character == "^":
            self._gap = max(self._gap, HYPHEN)
        else:
            self._gap = BLANK
        return end

    def _put(self, character: str, start: int, end: int) -> None:
        self._stream.append(character)
        self._starts.append(start)
        self._ends.append(end)
        self._gaps.append(self._gap)
        self._gap = JOINED

    def _letters(self, start: int, end: int, letters: str) -> None:
        is_word = len(letters) == end - start
        for number, letter in enumerate(letters.lower()):
            at = start + number if is_word else start
            self._put(letter, self._offsets[at], self._end_of(at if is_word else end - 1))

    def _end_of(self, at: int) -> int:
        """Returns where in the text the character ends that a place in the plain text stands for."""
        offset = self._offsets[at]
        after = at + 1
        while after < len(self._offsets) - 1 and self._offsets[after] == offset:
            after += 1
        return max(self._offsets[after], offset + 1) if self._offsets[after] > offset else offset + 1

    def _figure(self, start: int, end: int, text: str) -> None:
        plain = self._plain
        before = plain[max(0, start - 3) : start]
        is_power = before.endswith("^")
        is_named = bool(re.search(r"[A-Za-z]-?\Z", before))
        if is_named and re.search(r"\d\s?[A-Za-z/%]{1,8}-\Z", plain[max(0, start - 14) : start]):
            is_named = False  # the upper end of "61 kg-64 kg"
        is_attached = is_power or is_named or plain.startswith("^", end)
        is_spread = bool(re.search(r"(?:±|\+/-)\s?\Z", before))
        found = _FIGURE.fullmatch(text)
        if found is None and not text[:1].isdigit():
            value, is_ordinal = _worded(text)
            self._add(start, end, (Decimal(value),), "", is_ordinal=is_ordinal, attached=False, spread=False)
            return
        body = found["figure"] if found else text
        sign = _SIGNS.get((found["sign"] or "").strip(), "") if found else ""
        readings = _meant(body, has_decimal_commas=self._has_decimal_commas)
        if found and found["minus"] and readings:
            readings = tuple(-reading for reading in readings)
        ordinal = bool(found and found["ordinal"])
        if readings:
            self._add(start, end, readings, sign, is_ordinal=ordinal, attached=is_attached, spread=is_spread)
            return
        at = start + (found.start("figure") if found else 0)
        for part in re.finditer(r"\d+", body):  # a date or a version: its parts, one by one
            spot = at + part.start()
            self._add(
                spot, spot + len(part[0]), (Decimal(part[0]),), "", is_ordinal=False, attached=True, spread=is_spread
            )
            self._gap = HYPHEN

    def _add(
        self, start: int, end: int, readings: tuple[Decimal, ...], sign: str, *, is_ordinal: bool, attached: bool, spread: bool
    ) -> None:  # fmt: skip
        place, stop = self._offsets[start], self._end_of(end - 1)
        self._figures[len(self._stream)] = Figure(
            start=place,
            end=stop,
            readings=readings,
            sign=sign,
            is_ordinal=is_ordinal,
            is_attached=attached,
            is_spread=spread,
        )
        self._put(FIGURE, place, stop)


def _worded(text: str) -> tuple[int, bool]:
    word = text.lower()
    if text.upper() in _ROMANS:
        return _ROMANS[text.upper()], False
    if word in _ORDINALS:
        return _ORDINALS[word], True
    parts = re.split(r"[\s-]+", word)
    return sum(_WORDS[part] for part in parts), False


# --- finding ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Where a quote stands in a text: `start` and `end` there, `first` and `last` in the stream (`last` behind it).

    `meant` says for each figure of the match, by its place in the stream, what it must mean for both to be one.
    """

    start: int
    end: int
    first: int
    last: int
    meant: Mapping[int, Decimal]


def find(quote: Reading, text: Reading, first: int = 0, last: int | None = None) -> Iterator[Match]:
    """Yields where a quote stands in a text, between two places of its stream."""
    if not quote.stream:
        return
    stop = len(text.stream) if last is None else last
    at = text.stream.find(quote.stream, first, stop)
    while at >= 0:
        meant = _same(quote, text, at)
        if meant is not None:
            end = at + len(quote.stream)
            yield Match(start=text.starts[at], end=text.ends[end - 1], first=at, last=end, meant=meant)
        at = text.stream.find(quote.stream, at + 1, stop)


def words_alike(quote: Reading, text: Reading, first: int = 0, last: int | None = None) -> Iterator[tuple[int, int]]:
    """Yields where a quote's words stand in a text whatever its figures are: start and end in the text."""
    stop = len(text.stream) if last is None else last
    at = text.stream.find(quote.stream, first, stop) if quote.stream else -1
    while at >= 0:
        if _has_ends(text, at, at + len(quote.stream)):
            yield text.starts[at], text.ends[at + len(quote.stream) - 1]
        at = text.stream.find(quote.stream, at + 1, stop)


def _has_ends(text: Reading, first: int, last: int) -> bool:
    """Whether a stretch of the stream begins and ends where a word or figure does."""
    return _is_edge(text, first) and _is_edge(text, last)


def _is_edge(text: Reading, at: int) -> bool:
    if at in {0, len(text.stream)}:
        return True
    return bool(text.gaps[at]) or FIGURE in {text.stream[at], text.stream[at - 1]}


def _same(quote: Reading, text: Reading, at: int) -> dict[int, Decimal] | None:
    size = len(quote.stream)
    if not _has_ends(text, at, at + size):
        return None
    for step in range(1, size):
        gaps = quote.gaps[step], text.gaps[at + step]
        if gaps[0] == gaps[1]:
            continue
        is_figure = FIGURE in (quote.stream[step - 1], quote.stream[step])
        if not is_figure and {*gaps} == {JOINED, BLANK}:
            return None
    meant: dict[int, Decimal] = {}
    for step, one in quote.figures.items():
        other = text.figures[at + step]
        common = [reading for reading in other.readings if reading in one.readings]
        if not common or one.sign != other.sign or one.is_ordinal != other.is_ordinal:
            return None
        meant[at + step] = common[0]
    return meant
