"""PubMed through NCBI's E-utilities (NBK25497, NBK25499): ESearch and EFetch, always by POST."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from casetable.errors import SourceRefusedError, UsageError
from casetable.formats.eutils import SearchAnswer, UnreadableAnswerError, read_articles, read_search
from casetable.model import PMID, Record
from casetable.sources.http import Client, Transport

PUBMED_URL = "https://eutils.ncbi.nlm.nih.gov/entrez/eutils/"
TOOL = "casetable"
# ESearch gives no more than the first 9,999 records of PubMed, whatever `retmax` says.
WINDOW = 9_999
BATCH = 200
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
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise UsageError("CASETABLE_EUTILS_URL is not a web address; expected http://… or https://…")
        self._url = url.rstrip("/") + "/"
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
            secrets=(identity.api_key.strip(),),
        )

    def search(self, parameters: Mapping[str, str]) -> SearchAnswer:
        """Returns what ESearch answers to `search_parameters`; raises SourceError, SourceRefusedError."""
        form = {**parameters, **self._identity}
        answer = self._client.ask(self._url + "esearch.fcgi", form, _whole_search)
        if answer.count > WINDOW:
            raise SourceRefusedError(
                f"PubMed finds {answer.count:,} records and gives out the first {WINDOW:,} only;"
                " nothing was changed: narrow the strategy, or limit it with 'published'"
            )
        return answer

    def fetch(self, pmids: Sequence[str], progress: Callable[[int], None]) -> tuple[Record, ...]:
        """Returns the records of PMIDs, in batches of BATCH; ids that PubMed does not know are left out.

        `progress` is called with the number of ids asked for so far. Raises SourceError, SourceRefusedError.
        """
        records: dict[str, Record] = {}
        wanted = [pmid for pmid in dict.fromkeys(pmids) if PMID.fullmatch(pmid)]
        for start in range(0, len(wanted), BATCH):
            batch = wanted[start : start + BATCH]
            form = {"db": "pubmed", "retmode": "xml", "id": ",".join(batch), **self._identity}
            asked = set(batch)
            for record in self._client.ask(self._url + "efetch.fcgi", form, read_articles):
                if record.pmid in asked:
                    records[record.pmid] = record
            progress(start + len(batch))
        return tuple(records[pmid] for pmid in wanted if pmid in records)


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
