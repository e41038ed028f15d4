"""What the utilities answer to a request, without the network: parameters in, status, headers and bytes out."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from threading import Lock
from typing import Protocol

from casetable.formats import answers
from casetable.formats.answers import WINDOW, Found, Reply
from casetable.formats.articles import Stored
from casetable.formats.pubmed_xml_write import write_article
from casetable.model.article import Article
from casetable.query import Index, QueryError, parse, translate

MAX_ID = 18446744073709551615
# The kinds of date that a request may name, and the field of a term that holds each.
_DATE_FIELDS = {"pdat": "dp", "edat": "edat", "mdat": "lr", "crdt": "crdt", "mhda": "mhda"}
_DATE = re.compile(r"\d{4}(?:/\d{1,2}(?:/\d{1,2})?)?")


class UnreadableTermError(Exception):
    """A term is no query."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hits:
    """What a term finds, and what was made of it; `errors` and `warnings` by NCBI's names."""

    pmids: frozenset[str]
    translation: str = ""
    translations: Sequence[tuple[str, str]] = ()
    errors: Mapping[str, Sequence[str]] = field(default_factory=dict)
    warnings: Mapping[str, Sequence[str]] = field(default_factory=dict)


class Finder(Protocol):
    """Whoever answers a term."""

    def find(self, term: str, sets: Mapping[int, Collection[str]]) -> Hits:
        """Returns what a term finds, in which `#1` stands for the PMIDs of `sets[1]`. Raises UnreadableTermError."""
        ...


class _Query:
    """PubMed's language over the articles."""

    def __init__(self, articles: Sequence[Article], today: dt.date) -> None:
        self._articles = articles
        self._positions = {article.pmid: position for position, article in enumerate(articles)}
        self._index = Index(articles, today=today)

    def find(self, term: str, sets: Mapping[int, Collection[str]]) -> Hits:
        references = {
            number: frozenset(self._positions[pmid] for pmid in pmids if pmid in self._positions)
            for number, pmids in sets.items()
        }
        try:
            node = parse(term, is_sent=True)
            told = translate(node, self._index, references=references)
            # PubMed searches for what is left once it has dropped what it drops, and not for what was sent.
            positions = self._index.search(told.effective, references=references)
        except QueryError as error:
            raise UnreadableTermError(str(error)) from None
        return Hits(
            pmids=frozenset(self._articles[position].pmid for position in positions),
            translation=told.text,
            translations=told.translations,
            errors=told.errors,
            warnings=told.warnings,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Set:
    """A set in a history: its ids in order, and how the search that made it was translated."""

    pmids: tuple[str, ...]
    translation: str = ""


@dataclass(frozen=True, slots=True)
class _Form:
    """The parameters of a request."""

    values: Mapping[str, str]

    def text(self, name: str, default: str = "") -> str:
        return self.values.get(name, "").strip() or default

    def number(self, name: str, default: int) -> int:
        text = self.text(name)
        return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else default

    @property
    def mode(self) -> str:
        return "json" if self.text("retmode").lower() == "json" else "xml"

    @property
    def has_history(self) -> bool:
        return bool(self.text("query_key")) and not self.text("id")


class _RefusedError(Exception):
    """A request ends with an error of its utility."""


class Mirror:
    """Answers ESearch, EFetch, ESummary, EPost and EInfo over a set of records; safe in several threads.

    The answers follow from the requests so far and nothing else: also the names of histories are the same every time.
    """

    def __init__(self, stored: Iterable[Stored], *, today: dt.date, finder: Finder | None = None) -> None:
        self._stored = {each.article.pmid: each for each in stored}
        self._today = today
        self._finder = finder or _Query([each.article for each in self._stored.values()], today)
        self._histories: dict[str, list[_Set]] = {}
        self._found: dict[tuple[str, str], Hits] = {}
        self._lock = Lock()
        self._utilities: dict[str, Callable[[_Form, str], Reply]] = {
            "esearch": self._search,
            "efetch": self._fetch,
            "esummary": self._summarize,
            "epost": self._post,
            "einfo": self._inform,
            "elink": self._link,
        }

    def answer(self, utility: str, form: Mapping[str, str], *, fault: str = "") -> Reply:
        """Returns what a utility ("esearch" or "esearch.fcgi") answers to its parameters.

        `fault` spoils the answer as F05 (a clamped page), F13 (a record short) or F24 (a summary short) of the
        catalogue do, which only who knows the records can.
        """
        answer = self._utilities.get(utility.removesuffix(".fcgi"))
        if answer is None:
            return answers.not_found(utility)
        if "api_key" in form and not form["api_key"].strip():
            return answers.key_invalid("")
        with self._lock:
            return answer(_Form(form), fault)

    # --- ESearch ------------------------------------------------------------------------------------------------------

    def _search(self, form: _Form, fault: str) -> Reply:
        mode = form.mode
        start = form.number("retstart", 0)
        try:
            term = self._term(form)
            hits = self._hits(term, form.text("WebEnv"))
        except (_RefusedError, UnreadableTermError) as error:
            return answers.search_error(str(error), mode)
        if form.text("rettype").lower() == "count":
            return answers.count(len(hits.pmids), mode)
        if start >= WINDOW:
            return answers.search_error(answers.PAST_WINDOW, mode)
        window = start + 1 if fault == "F05" else WINDOW
        asked = form.number("retmax", 20)
        ordered = self._in_order(hits.pmids, form.text("sort"), term)
        warnings = {name: list(told) for name, told in hits.warnings.items()}
        messages = warnings.setdefault("outputmessages", [])
        if start + asked > window:
            messages.append(answers.restrictions(start, window - start))
        if not ordered and "No items found." not in messages:
            messages.append("No items found.")
        if not any(warnings.values()) and "outputmessages" not in hits.warnings:
            del warnings["outputmessages"]
        web_env, key = ("", "")
        if form.text("usehistory").lower() in {"y", "yes", "1"}:
            web_env, key = self._keep(form, _Set(pmids=ordered, translation=hits.translation))
        found = Found(
            count=len(ordered),
            pmids=ordered[start : min(start + asked, window)],
            start=start,
            query_key=key,
            web_env=web_env,
            translation=hits.translation,
            translations=hits.translations,
            errors=hits.errors,
            warnings=warnings,
        )
        return answers.search(found, mode)

    def _term(self, form: _Form) -> str:
        """Returns the term with the set and the dates of the request written into it."""
        self._check_database(form)
        term = form.text("term")
        if key := form.text("query_key"):
            term = f"#{key} AND ({term})" if term else f"#{key}"
        if not term:
            raise _RefusedError("Empty term and query_key - nothing todo")
        if (name := form.text("field")) and not re.search(r"\[[^\]]+\]", term):
            term = f"{term}[{name}]"
        dates = self._dates(form)
        return f"({term}) AND {dates}" if dates else term

    def _dates(self, form: _Form) -> str:
        """Returns the dates of a request as a term, or nothing: with one of two ends missing NCBI ignores the other.

        Without a `datetype` they are dates of entry.
        """
        kind = _DATE_FIELDS.get(form.text("datetype", "edat").lower(), "edat")
        if days := form.number("reldate", 0):
            first = self._today - dt.timedelta(days=min(days, 700_000))
            return f"{first:%Y/%m/%d}:{self._today:%Y/%m/%d}[{kind}]"
        first_day, last_day = form.text("mindate"), form.text("maxdate")
        if not (_DATE.fullmatch(first_day) and _DATE.fullmatch(last_day)):
            return ""
        return f"{first_day}:{last_day}[{kind}]"

    def _hits(self, term: str, web_env: str) -> Hits:
        sets: dict[int, _Set] = {}
        for key in _REFERENCE.findall(_QUOTED.sub(" ", term)):
            known = self._set(web_env, key)
            if known is None:
                raise _RefusedError(answers.unknown_query(key))
            sets[int(key)] = known
        asked = (term, web_env if sets else "")
        if asked not in self._found:
            while len(self._found) >= 32:
                del self._found[next(iter(self._found))]
            hits = self._finder.find(term, {number: known.pmids for number, known in sets.items()})
            self._found[asked] = replace(hits, translation=_expanded(hits.translation, sets))
        return self._found[asked]

    def _in_order(self, pmids: Iterable[str], sort: str, term: str) -> tuple[str, ...]:
        """Newest PMID first, and by that among equals; an order that is not known is ignored, as NCBI does."""
        newest = sorted(pmids, key=int, reverse=True)
        name = re.sub(r"[ +_]", "", sort).lower()
        if name == "pubdate":
            newest.sort(key=lambda pmid: answers.published_day(self._article(pmid)), reverse=True)
        elif name in {"author", "firstauthor"}:
            newest.sort(key=lambda pmid: _first_author(self._article(pmid)))
        elif name in {"journalname", "journal"}:
            newest.sort(key=lambda pmid: _journal(self._article(pmid)))
        elif name == "relevance":
            words = set(re.findall(r"\w{3,}", re.sub(r"\[[^\]]*\]", " ", term).lower()))
            newest.sort(key=lambda pmid: -len(words & set(re.findall(r"\w+", self._article(pmid).title.lower()))))
        return tuple(newest)

    def _article(self, pmid: str) -> Article:
        return self._stored[pmid].article

    # --- history ------------------------------------------------------------------------------------------------------

    def _keep(self, form: _Form, kept: _Set) -> tuple[str, str]:
        web_env = form.text("WebEnv")
        if web_env not in self._histories:
            web_env = "MCID_" + sha256(f"history {len(self._histories)}".encode()).hexdigest()[:24]
        sets = self._histories.setdefault(web_env, [])
        sets.append(kept)
        return web_env, str(len(sets))

    def _set(self, web_env: str, key: str) -> _Set | None:
        sets = self._histories.get(web_env, [])
        return sets[int(key) - 1] if key.isascii() and key.isdigit() and 0 < int(key) <= len(sets) else None

    def _check_database(self, form: _Form) -> None:
        if (name := form.text("db", "pubmed").lower()) != "pubmed":
            raise _RefusedError(f"Invalid db name specified: {name}")

    # --- EFetch -------------------------------------------------------------------------------------------------------

    def _fetch(self, form: _Form, fault: str) -> Reply:
        kind, mode = _form_of_records(form)
        try:
            self._check_database(form)
        except _RefusedError as error:
            return answers.fetch_error(str(error), mode)
        if form.has_history:
            start = form.number("retstart", 0)
            known = self._set(form.text("WebEnv"), form.text("query_key"))
            if known is None:
                return answers.fetch_error(answers.unknown_query(form.text("query_key")), status=200)
            if start >= WINDOW:
                return answers.fetch_error(answers.PAST_WINDOW_IN_HISTORY, mode)
            if start >= len(known.pmids):
                return answers.fetch_error(answers.out_of_range(start, len(known.pmids)), mode)
            # The last page of a set beyond the window is short, and nothing says so (F29).
            pmids = known.pmids[start : min(start + form.number("retmax", WINDOW), WINDOW)]
        else:
            pmids = _tokens(form.text("id"))
            if not pmids:
                return answers.fetch_error(answers.NO_IDS, mode)
            start = form.number("retstart", 0)
            pmids = pmids[start : start + form.number("retmax", len(pmids))]
        stored = [self._stored[pmid] for pmid in pmids if pmid in self._stored]
        if fault == "F13":
            stored = stored[:-1]
        return _records(stored, kind, mode)

    # --- the others ---------------------------------------------------------------------------------------------------

    def _summarize(self, form: _Form, fault: str) -> Reply:
        mode, version = form.mode, form.text("version", "1.0")
        try:
            self._check_database(form)
            pmids = self._asked_for(form)
        except _RefusedError as error:
            return answers.summary_error(str(error), mode, version)
        found = {pmid: self._article(pmid) if pmid in self._stored else None for pmid in pmids}
        if fault == "F24":
            found[pmids[-1]] = None
        return answers.summaries(found, mode, version)

    def _asked_for(self, form: _Form) -> tuple[str, ...]:
        if not form.has_history:
            if not form.text("id"):
                raise _RefusedError("Neither query_key nor id specified")
            pmids = _tokens(form.text("id"))
            if not pmids:
                raise _RefusedError(answers.NO_IDS)
            return pmids
        start = form.number("retstart", 0)
        known = self._set(form.text("WebEnv"), form.text("query_key"))
        if known is None:
            raise _RefusedError(answers.unknown_query(form.text("query_key")))
        if start >= len(known.pmids):
            raise _RefusedError(answers.out_of_range(start, len(known.pmids)))
        return known.pmids[start : start + form.number("retmax", 10_000)]

    def _post(self, form: _Form, _: str) -> Reply:
        try:
            self._check_database(form)
        except _RefusedError as error:
            return answers.post_error(str(error))
        given = [text for text in re.split(r"[,\s]+", form.text("id")) if text]
        valid = [text for text in given if re.fullmatch(r"[0-9]{1,20}", text) and 0 < int(text) <= MAX_ID]
        if not valid:
            return answers.post_error()
        pmids = tuple(dict.fromkeys(str(int(text)) for text in valid))
        web_env, key = self._keep(form, _Set(pmids=pmids))
        return answers.posted(key, web_env, omitted=len(valid) < len(given))

    def _inform(self, form: _Form, _: str) -> Reply:
        name = form.text("db").lower()
        if not name:
            return answers.databases(form.mode)
        if name != "pubmed":
            return answers.database_error(name, form.mode)
        return answers.database(len(self._stored), f"{self._today:%Y/%m/%d} 00:00", form.mode)

    def _link(self, form: _Form, _: str) -> Reply:
        return answers.link_error("ELink is not served by this mirror", form.mode)


_QUOTED = re.compile(r'"[^"]*"')
_REFERENCE = re.compile(r"(?<![\w#])#([0-9]{1,9})\b")


def _expanded(translation: str, sets: Mapping[int, _Set]) -> str:
    """Returns a translation with those of the sets that it names, as PubMed tells it."""

    def of_set(found: re.Match[str]) -> str:
        known = sets.get(int(found[1]))
        told = known.translation if known else ""
        return f"({told})" if re.search(r" (?:AND|OR|NOT) ", told) else told or found[0]

    return _REFERENCE.sub(of_set, translation)


def _first_author(article: Article) -> tuple[bool, str]:
    name = article.authors[0].name.casefold() if article.authors else ""
    return not name, name


def _journal(article: Article) -> tuple[bool, str]:
    name = (article.journal_abbreviation or article.journal).casefold()
    return not name, name


def _tokens(text: str) -> tuple[str, ...]:
    """Returns the ids of a list as NCBI finds them: each once, without leading zeros, and 42.9 is 42 and 9."""
    numbers = (int(digits) for digits in re.findall(r"[0-9]+", text) if len(digits) <= 40)
    return tuple(dict.fromkeys(str(number) for number in numbers if 0 < number <= MAX_ID))


def _form_of_records(form: _Form) -> tuple[str, str]:
    """Returns what EFetch sends (`full`, `medline`, `abstract`, `uilist`) and whether as `xml` or `text`."""
    kind, mode = form.text("rettype").lower(), form.text("retmode").lower()
    if mode == "json" or kind in {"uilist", "uid"}:
        return "uilist", "xml" if mode == "xml" else "text"
    if kind in {"medline", "abstract"} and mode != "xml":
        return kind, "text"
    return ("medline", "text") if mode == "text" else ("full", "xml")


def _records(stored: Sequence[Stored], kind: str, mode: str) -> Reply:
    articles = [each.article for each in stored]
    if kind == "uilist":
        return answers.uids([article.pmid for article in articles], mode)
    if kind == "medline":
        return answers.articles_medline(articles)
    if kind == "abstract":
        return answers.articles_abstract(articles)
    return answers.articles_xml([each.xml or write_article(each.article) for each in stored])
