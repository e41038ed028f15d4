"""Europe PMC's REST API: the full text of open-access reports, as JATS XML, by PMCID."""

from __future__ import annotations

from collections.abc import Callable

from casetable.formats.eutils import UnreadableAnswerError
from casetable.model import PMCID
from casetable.sources.http import Client, Pace, Transport, service_url

EUROPEPMC_URL = "https://www.ebi.ac.uk/europepmc/webservices/rest/"
# No limit is published; a handful of reports can wait.
GAP_SECONDS = 0.5


class EuropePmc:
    """Europe PMC, asked through one paced client."""

    def __init__(
        self,
        *,
        transport: Transport,
        clock: Callable[[], float],
        sleep: Callable[[float], None],
        url: str = EUROPEPMC_URL,
        pace: Pace | None = None,
    ) -> None:
        self._url = service_url(url, "CASETABLE_EUROPEPMC_URL")
        self._client = Client(
            name="Europe PMC",
            transport=transport,
            clock=clock,
            sleep=sleep,
            gap_seconds=GAP_SECONDS,
            pace=pace,
            answers=frozenset({404}),  # with an empty body: not open access, or not known
        )

    def full_text(self, pmcid: str) -> bytes | None:
        """Returns a report's full text as JATS XML, or None where Europe PMC gives none out (not open access, or unknown).

        Raises SourceError, SourceRefusedError.
        """
        if not PMCID.fullmatch(pmcid):
            return None
        return self._client.ask(f"{self._url}{pmcid}/fullTextXML", None, _full_text)


def _full_text(body: bytes) -> bytes | None:
    if not body.strip():
        return None
    if b"<article" not in body[:20_000]:
        raise UnreadableAnswerError("no JATS where a full text was due", is_transient=False)
    if b"</article>" not in body[-20_000:]:
        raise UnreadableAnswerError("a full text that was cut short", is_transient=True)
    return body
