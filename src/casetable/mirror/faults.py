"""The faults of the real service, to be had on demand: which one a request meets, and what it then gets."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

from casetable.errors import UsageError
from casetable.formats import answers
from casetable.formats.answers import Reply
from casetable.mirror.handler import Mirror


class Breakage(StrEnum):
    """What becomes of an answer on its way."""

    NONE = "none"
    RESET = "reset"
    CUT = "cut"
    SILENCE = "silence"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a request gets."""

    reply: Reply
    breakage: Breakage = Breakage.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request: its number from 1, its utility without `.fcgi`, and its parameters."""

    number: int
    method: str
    utility: str
    form: Mapping[str, str]

    @property
    def mode(self) -> str:
        """`json`, `xml` or `text`: in what the answer is due."""
        mode = self.form.get("retmode", "").lower()
        kind = self.form.get("rettype", "").lower()
        if self.utility == "efetch":
            is_text = mode in {"text", "json"} or (kind in {"medline", "abstract", "uilist", "uid"} and mode != "xml")
            return "text" if is_text else "xml"
        return "json" if mode == "json" and self.utility != "epost" else "xml"

    @property
    def has_history(self) -> bool:
        return bool(self.form.get("query_key")) and not self.form.get("id")

    @property
    def start(self) -> int:
        text = self.form.get("retstart", "")
        return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """A row of the catalogue: the requests it can meet, and the answer that it puts in the place of the true one.

    Without a `reply` it is the true answer, which the mirror spoils or which breaks on its way.
    """

    summary: str
    applies: Callable[[Asked], bool]
    reply: Callable[[Asked], Reply] | None = None
    breakage: Breakage = Breakage.NONE


def _any(_: Asked) -> bool:
    return True


def _on(utility: str, *, mode: str = "", history: bool = False) -> Callable[[Asked], bool]:
    def applies(asked: Asked) -> bool:
        return asked.utility == utility and (not mode or asked.mode == mode) and (not history or asked.has_history)

    return applies


FAULTS: dict[str, _Row] = {
    "F01": _Row(
        summary="429, API rate limit exceeded",
        applies=_any,
        reply=lambda _: answers.rate_exceeded("127.0.0.1", 17, 3),
    ),
    "F02": _Row(
        summary="400, API key invalid; the key is in the answer",
        applies=_any,
        reply=lambda asked: answers.key_invalid(asked.form.get("api_key", "")),
    ),
    "F03": _Row(
        summary="ESearch: an error with a raw line break in its JSON",
        applies=_on("esearch", mode="json"),
        reply=lambda _: answers.search_error(answers.PAST_WINDOW, "json"),
    ),
    "F04": _Row(
        summary="ESearch: 'Database is not supported: pubmed', status 200",
        applies=_on("esearch"),
        reply=lambda asked: answers.backend_down(asked.mode),
    ),
    "F05": _Row(
        summary="ESearch: a page clamped to one id, with a notice",
        applies=lambda asked: asked.utility == "esearch" and asked.form.get("retmax", "") not in {"0", "1"},
    ),
    "F06": _Row(
        summary="EFetch from a history: 400, retstart cannot be larger than 9998",
        applies=_on("efetch", history=True),
        reply=lambda asked: answers.fetch_error(answers.PAST_WINDOW_IN_HISTORY, asked.mode),
    ),
    "F07": _Row(
        summary="EFetch from a history: 400, OUT OF RANGE",
        applies=_on("efetch", history=True),
        reply=lambda asked: answers.fetch_error(answers.out_of_range(asked.start, asked.start), asked.mode),
    ),
    "F08": _Row(
        summary="EFetch from a history: 'Unable to obtain query', status 200",
        applies=_on("efetch", history=True),
        reply=lambda asked: answers.fetch_error(answers.unknown_query(asked.form.get("query_key", "1")), status=200),
    ),
    "F09": _Row(
        summary="EFetch: 400 that passes, External viewer error",
        applies=_on("efetch"),
        reply=lambda _: answers.viewer_timeout(),
    ),
    "F10": _Row(
        summary="EFetch: 400, ID list is empty",
        applies=_on("efetch"),
        reply=lambda asked: answers.fetch_error(answers.NO_IDS, asked.mode),
    ),
    "F11": _Row(
        summary="EFetch: 400 around a backend's error page",
        applies=_on("efetch"),
        reply=lambda _: answers.backend_page(),
    ),
    "F12": _Row(
        summary="EFetch: an empty set of records",
        applies=_on("efetch", mode="xml"),
        reply=lambda _: answers.articles_xml([]),
    ),
    "F13": _Row(
        summary="EFetch: one record fewer than asked for",
        applies=_on("efetch"),
    ),
    "F14": _Row(
        summary="XML that ends before its root",
        applies=lambda asked: asked.mode == "xml",
        reply=lambda asked: answers.prolog_only(asked.utility),
    ),
    "F15": _Row(summary="an empty body", applies=_any, reply=lambda asked: answers.empty_body(asked.mode)),
    "F16": _Row(summary="an HTML page with status 200", applies=_any, reply=lambda _: answers.html_page()),
    "F17": _Row(summary="500, a diagnostic page", applies=_any, reply=lambda _: answers.diagnostic_page()),
    "F18": _Row(
        summary="502 or 503",
        applies=_any,
        reply=lambda asked: answers.bad_gateway(502 + asked.number % 2),
    ),
    "F19": _Row(
        summary="414 to a GET",
        applies=lambda asked: asked.method == "GET",
        reply=lambda _: answers.uri_too_long(),
    ),
    "F20": _Row(summary="the connection is reset", applies=_any, breakage=Breakage.RESET),
    "F21": _Row(summary="a body shorter than its Content-Length", applies=_any, breakage=Breakage.CUT),
    "F22": _Row(summary="no answer, ever", applies=_any, breakage=Breakage.SILENCE),
    "F23": _Row(
        summary="ESummary: too many UIDs, in JSON without a result",
        applies=_on("esummary", mode="json"),
        reply=lambda _: answers.too_many_summaries(),
    ),
    "F24": _Row(
        summary="ESummary: 'cannot get document summary' for an id",
        applies=_on("esummary"),
    ),
    "F25": _Row(
        summary="ESummary: a set that is OK and holds a comment",
        applies=_on("esummary", mode="xml"),
        reply=lambda _: answers.summaries_failed(),
    ),
    "F26": _Row(
        summary="ELink: the address table is empty",
        applies=_on("elink"),
        reply=lambda asked: answers.link_error(answers.NO_ADDRESS, asked.mode),
    ),
    "F27": _Row(
        summary="ELink: an exception with a raw line break in its JSON",
        applies=_on("elink", mode="json"),
        reply=lambda _: answers.link_error(answers.LINK_EXCEPTION, "json"),
    ),
    "F28": _Row(
        summary="ESummary: 'NCBI C++ Exception', status 200",
        applies=_on("esummary"),
        reply=lambda asked: answers.summary_exception(asked.mode),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A fault of the catalogue and how often, from 0 to 1, a request that it can meet does meet it."""

    code: str
    chance: float


def read_faults(text: str) -> tuple[Fault, ...]:
    """Returns the faults of a text as "F09:0.2,F21"; without a chance it is 1. Raises UsageError."""
    faults = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        code, _, chance = part.partition(":")
        code = code.strip().upper()
        if code not in FAULTS:
            raise UsageError(f"'{code}' is no fault of the catalogue; expected one of {', '.join(FAULTS)}")
        if not re.fullmatch(r"|0|1|[01]?\.\d+", chance.strip()) or float(chance or 1) > 1:
            raise UsageError(f"'{chance}' is no chance for {code}; expected a number from 0 to 1, as {code}:0.2")
        faults.append(Fault(code=code, chance=float(chance or 1)))
    return tuple(faults)


def outcome(asked: Asked, mirror: Mirror, faults: Iterable[Fault], seed: int) -> Outcome:
    """Returns what a request gets: the first of the faults that it meets, or the true answer.

    Whether it meets one follows from the seed and the request's number alone.
    """
    for fault in faults:
        row = FAULTS[fault.code]
        if row.applies(asked) and _draw(seed, asked.number, fault.code) < fault.chance:
            spoilt = row.reply(asked) if row.reply else mirror.answer(asked.utility, asked.form, fault=fault.code)
            return Outcome(reply=spoilt, breakage=row.breakage)
    return Outcome(reply=mirror.answer(asked.utility, asked.form))


def _draw(seed: int, number: int, code: str) -> float:
    """A number from 0 to 1 (not 1) that only these decide; not `random`, whose streams would depend on the order."""
    digest = sha256(f"{seed} {number} {code}".encode()).digest()
    return int.from_bytes(digest[:7]) / 256**7
