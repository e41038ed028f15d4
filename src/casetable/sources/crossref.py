"""Crossref's REST API: what was published about reports since, asked by their DOIs, always by GET."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from urllib.parse import quote, urlencode

from casetable.errors import UsageError
from casetable.formats.crossref import Work, WorkList, notices_of, read_work, read_works
from casetable.model import normal_doi
from casetable.model.notice import Notice
from casetable.sources.http import Client, Pace, Transport, service_url

CROSSREF_URL = "https://api.crossref.org/"
BATCH = 20
# The most rows that a list gives out.
ROWS = 1000
# Since December 2025 lists are answered once a second in the public pool, three times in the polite one, whose askers give
# an address (Crossref, "Access and authentication"); one request at a time keeps within the limit of concurrency, too.
GAP_SECONDS, POLITE_GAP_SECONDS = 1.1, 0.4
# What a filter can hold: a comma ends its value, and of other signs nobody says how they are read.
_FILTERABLE = re.compile(r"[A-Za-z0-9._;()/:<>\[\]+-]+")
# Only these facts are asked for, so that a list of works stays small.
_SELECTED = "DOI,updated-by,update-to"


class Crossref:
    """Crossref, asked through one paced client. `email` is sent as `mailto`, and neither written nor shown."""

    def __init__(
        self,
        *,
        transport: Transport,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        email: str = "",
        url: str = CROSSREF_URL,
        pace: Pace | None = None,
    ) -> None:
        self._url = service_url(url, "CASETABLE_CROSSREF_URL")
        email = email.strip()
        if not (email.isascii() and email.isprintable()):
            raise UsageError("CASETABLE_EMAIL holds characters that cannot be sent; expected plain ASCII text")
        self._identity = {"mailto": email} if email else {}
        self._client = Client(
            name="Crossref",
            transport=transport,
            clock=clock,
            sleep=sleep,
            gap_seconds=POLITE_GAP_SECONDS if email else GAP_SECONDS,
            pace=pace,
            secrets=(email,),
            answers=frozenset({404}),  # "Resource not found.": a DOI of another agency
            attempts_unreachable=1,  # the searches do not hang on it, and the next refresh asks again
        )

    def notices(
        self, dois: Sequence[str], progress: Callable[[int, int], None]
    ) -> tuple[tuple[Notice, ...], frozenset[str]]:
        """Returns the notices about the works of DOIs, and those of the DOIs that Crossref has no work of.

        A list answers for many DOIs at once: a filter that is given several times finds what any of them finds (CrossRef,
        rest-api-doc, issue 234), and `select` may ask for `updated-by` (issue 289). Each batch is asked for from both
        sides, as either can be missing: the works themselves (`filter=doi:…`), and the works that update them
        (`filter=updates:…`), which also finds the notice to which a publisher redirected a retracted work's DOI, whose
        own record is gone then. `progress` is told how many DOIs are done, and of how many. Raises SourceError,
        SourceRefusedError.
        """
        wanted = sorted({normal_doi(doi) for doi in dois})
        batched = [doi for doi in wanted if _FILTERABLE.fullmatch(doi)]
        batches = [batched[start : start + BATCH] for start in range(0, len(batched), BATCH)]
        batches += [[doi] for doi in wanted if not _FILTERABLE.fullmatch(doi)]
        notices: list[Notice] = []
        unknown: set[str] = set()
        done = 0
        for batch in batches:
            works = self._works(batch)
            for doi in batch:
                notices += notices_of(doi, works)
                if not any(work.doi == doi or any(update.doi == doi for update in work.updates) for work in works):
                    unknown.add(doi)
            done += len(batch)
            progress(done, len(wanted))
        return tuple(notices), frozenset(unknown)

    def _works(self, batch: Sequence[str]) -> tuple[Work, ...]:
        if len(batch) == 1 and not _FILTERABLE.fullmatch(batch[0]):
            work = self._client.ask(self._address(f"works/{quote(batch[0], safe='')}", {}), None, read_work)
            return (work,) if work is not None else ()
        return (*self._listed("doi", batch), *self._listed("updates", batch))

    def _listed(self, name: str, batch: Sequence[str]) -> tuple[Work, ...]:
        """Returns the works that a filter finds for any of some DOIs, in smaller batches where a list holds not all."""
        found: WorkList = self._client.ask(
            self._address(
                "works",
                {"filter": ",".join(f"{name}:{doi}" for doi in batch), "select": _SELECTED, "rows": str(ROWS)},
            ),
            None,
            read_works,
        )
        if found.total > ROWS and len(batch) > 1:
            half = len(batch) // 2
            return (*self._listed(name, batch[:half]), *self._listed(name, batch[half:]))
        return found.works

    def _address(self, path: str, parameters: Mapping[str, str]) -> str:
        query = urlencode({**parameters, **self._identity}, quote_via=quote, safe=":,/")
        return self._url + path + (f"?{query}" if query else "")
