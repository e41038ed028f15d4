"""PubMed through NCBI's E-utilities (NBK25497, NBK25499): ESearch and EFetch, always by POST."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from urllib.parse import urlsplit

from casetable.errors import SourceError, SourceRefusedError, UsageError
from casetable.formats.eutils import SearchAnswer, UnreadableAnswerError, read_articles, read_search
from casetable.model import PMID, Record
from casetable.sources.http import Client, OverloadedError, Pace, Transport, service_url

PUBMED_URL = "https://eutils.ncbi.nlm.nih.gov/entrez/eutils/"
TOOL = "casetable"
# ESearch gives no more than the first 9,999 records of PubMed, whatever `retmax` says.
WINDOW = 9_999
BATCH = 200
SMALLEST_BATCH = 25
# No record of PubMed was created before; the first span of days is open to the past, the last one to the future.
FIRST_DAY = dt.date(1960, 1, 1)
SLICING_ATTEMPTS = 3
# At the documented 3 requests a second, requests 334 ms apart still draw refusals; 400 ms apart drew none.
GAP_SECONDS, GAP_WITH_KEY_SECONDS = 0.4, 0.1


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who asks, as NCBI wants to know it. The key is a secret: it is sent, and neither written nor shown."""

    email: str = ""
    api_key: str = ""


class PubMed:
    """PubMed, asked through one paced client."""

    def __init__(
        self,
        *,
        transport: Transport,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        identity: Identity,
        url: str = PUBMED_URL,
        pace: Pace | None = None,
    ) -> None:
        self._url = service_url(url, "CASETABLE_EUTILS_URL")
        for name, value in (("NCBI_EMAIL", identity.email), ("NCBI_API_KEY", identity.api_key)):
            if not (value.strip().isascii() and value.strip().isprintable()):
                raise UsageError(f"{name} holds characters that cannot be sent; expected plain ASCII text")
        parts = urlsplit(self._url)
        # Without what may be a secret: a user's name and password.
        self.server = (
            "" if self._url == PUBMED_URL else f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
        )
        self._identity = {
            name: value.strip()
            for name, value in (("tool", TOOL), ("email", identity.email), ("api_key", identity.api_key))
            if value.strip()  # NCBI answers an empty api_key with an error
        }
        self._client = Client(
            name="PubMed",
            transport=transport,
            clock=clock,
            sleep=sleep,
            gap_seconds=GAP_WITH_KEY_SECONDS if "api_key" in self._identity else GAP_SECONDS,
            pace=pace,
            secrets=(identity.api_key.strip(), identity.email.strip()),
        )

    def search(
        self, parameters: Mapping[str, str], today: dt.date, progress: Callable[[int, int], None]
    ) -> SearchAnswer:
        """Returns what ESearch answers to `search_parameters`, with every PMID however many there are.

        Sets larger than the window are asked for in slices of their creation date, and the slices' PMIDs are held
        against the count of the whole; `progress` is told how many are there, and of how many. Raises SourceError,
        SourceRefusedError.
        """
        answer = self._search(parameters)
        last = today + dt.timedelta(days=1)
        found: dict[str, None] = {}
        for _ in range(SLICING_ATTEMPTS):
            if answer.count <= WINDOW:
                return answer
            found.clear()
            slices = _split(FIRST_DAY, last, answer.count)
            while slices:
                since, until = slices.pop()
                span = f"{_day(since, FIRST_DAY, '1800/01/01')}:{_day(until, last, '3000/12/31')}[crdt]"
                part = self._search({**parameters, "term": f"({parameters['term']}) AND {span}"})
                if part.count <= WINDOW:
                    found.update(dict.fromkeys(part.pmids))
                    progress(len(found), answer.count)
                elif since == until:
                    raise SourceRefusedError(
                        f"PubMed created {part.count:,} of these records on {since} and gives out {WINDOW:,} at most;"
                        " nothing was changed: narrow the strategy"
                    )
                else:
                    slices += _split(since, until, part.count)
            if len(found) == answer.count:
                return replace(answer, pmids=tuple(found))
            answer = self._search(parameters)  # records came or went meanwhile: count anew
        raise SourceError(
            f"PubMed counts {answer.count:,} records and gave out {len(found):,}, {SLICING_ATTEMPTS} times over"
        )

    def changed(self, pmids: Sequence[str], since: dt.date, progress: Callable[[int, int], None]) -> tuple[str, ...]:
        """Returns those of the PMIDs whose records PubMed changed on a day or later, asking for BATCH at once."""
        found: list[str] = []
        wanted = [pmid for pmid in pmids if PMID.fullmatch(pmid)]
        for start in range(0, len(wanted), BATCH):
            batch = wanted[start : start + BATCH]
            known = " OR ".join(f"{pmid}[uid]" for pmid in batch)
            answer = self._search(search_parameters(f"({known}) AND {since:%Y/%m/%d}:3000/12/31[mdat]"))
            asked = set(batch)
            found += [pmid for pmid in answer.pmids if pmid in asked]
            progress(min(start + BATCH, len(wanted)), len(wanted))
        return tuple(found)

    def _search(self, parameters: Mapping[str, str]) -> SearchAnswer:
        return self._client.ask(self._url + "esearch.fcgi", {**parameters, **self._identity}, _whole_search)

    def fetch(
        self, pmids: Sequence[str], keep: Callable[[bytes, Sequence[str]], None], progress: Callable[[int], None]
    ) -> tuple[Record, ...]:
        """Returns the records of PMIDs, in batches of BATCH; ids that PubMed does not know are left out.

        What an answer leaves out is asked for once more: an answer can be short for a passing fault, too.

        `keep` is given each answer as it came and the PMIDs that were asked for, before the next one is asked for;
        `progress` is called with the number of ids asked for so far. Raises SourceError, SourceRefusedError.
        """
        records: dict[str, Record] = {}
        wanted = [pmid for pmid in dict.fromkeys(pmids) if PMID.fullmatch(pmid)]
        batches = [wanted[start : start + BATCH] for start in range(0, len(wanted), BATCH)][::-1]
        asked_again: set[str] = set()
        done = 0
        while batches:
            batch = batches.pop()
            form = {"db": "pubmed", "retmode": "xml", "id": ",".join(batch), **self._identity}
            try:
                body, answered = self._client.ask(
                    self._url + "efetch.fcgi", form, lambda data: (data, read_articles(data))
                )
            except OverloadedError:
                # NCBI's gateway gives up on requests that are too large for it at the moment.
                if len(batch) <= SMALLEST_BATCH:
                    raise
                half = len(batch) // 2
                batches += [batch[half:], batch[:half]]
                continue
            keep(body, batch)
            asked = set(batch)
            records.update({record.pmid: record for record in answered if record.pmid in asked})
            missing = [pmid for pmid in batch if pmid not in records and pmid not in asked_again]
            asked_again.update(missing)
            if missing:
                batches.append(missing)
            done += len(batch) - len(missing)
            progress(done)
        return tuple(records[pmid] for pmid in wanted if pmid in records)


def _split(since: dt.date, until: dt.date, count: int) -> list[tuple[dt.date, dt.date]]:
    """Returns spans of days that cover a span, as many as would hold `count` records if these were spread evenly."""
    days = (until - since).days + 1
    parts = min(days, max(2, -(-count // (WINDOW * 4 // 5))))
    cuts = [since + dt.timedelta(days=days * part // parts) for part in range(parts + 1)]
    return [(start, end - dt.timedelta(days=1)) for start, end in pairwise(cuts)]


def _day(day: dt.date, limit: dt.date, open_end: str) -> str:
    """The day as PubMed reads it; at the limit of what is known, the open end."""
    return open_end if day == limit else f"{day:%Y/%m/%d}"


def _whole_search(data: bytes) -> SearchAnswer:
    """Reads an answer and holds it against its own count: a short list is a loss that nothing else would show."""
    answer = read_search(data)
    if answer.count <= WINDOW and len(set(answer.pmids)) != answer.count:
        message = f"{len(set(answer.pmids))} ids for a count of {answer.count}"
        raise UnreadableAnswerError(message, is_transient=True)
    return answer


def search_parameters(term: str, *, since: str = "", until: str = "") -> dict[str, str]:
    """Returns the parameters of an ESearch for a term, limited to a span of publication dates.

    With one of the two dates missing NCBI would ignore the other, so the open end is filled.
    """
    parameters = {"db": "pubmed", "term": term, "retmode": "json", "retmax": str(WINDOW), "retstart": "0"}
    if since or until:
        parameters |= {
            "datetype": "pdat",
            "mindate": (since or "1700").replace("-", "/"),
            "maxdate": (until or "3000").replace("-", "/"),
        }
    return parameters
