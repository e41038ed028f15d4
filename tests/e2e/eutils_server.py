"""A loopback server that answers ESearch and EFetch in the shapes of real E-utilities answers, about invented records."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

HEAD = (
    '<?xml version="1.0" ?>\n<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMedArticle, 1st January 2025//EN"'
    ' "https://dtd.nlm.nih.gov/ncbi/pubmed/out/pubmed_250101.dtd">\n<PubmedArticleSet>\n'
)


def article(pmid: str, title: str, *, author: str = "Doe", year: str = "2020", doi: str = "") -> str:
    """An invented record as EFetch sends it, with markup in its title and a reference that carries other ids."""
    ids = f'<ArticleId IdType="doi">{escape(doi)}</ArticleId>' if doi else ""
    return f"""<PubmedArticle><MedlineCitation Status="MEDLINE" Owner="NLM"><PMID Version="1">{pmid}</PMID>
<DateRevised><Year>2026</Year><Month>01</Month><Day>05</Day></DateRevised><Article PubModel="Print"><Journal>
<JournalIssue CitedMedium="Internet"><Volume>7</Volume><Issue>2</Issue><PubDate><Year>{year}</Year><Month>Mar</Month></PubDate>
</JournalIssue><Title>Journal of invention</Title><ISOAbbreviation>J Invent</ISOAbbreviation></Journal>
<ArticleTitle>{escape(title)} with <i>italics</i>.</ArticleTitle><Pagination><StartPage>11</StartPage><EndPage>15</EndPage>
<MedlinePgn>11-5</MedlinePgn></Pagination><Abstract><AbstractText>Invented.</AbstractText></Abstract>
<AuthorList CompleteYN="Y"><Author ValidYN="Y"><LastName>{escape(author)}</LastName><ForeName>Ann</ForeName>
<Initials>A</Initials></Author></AuthorList><Language>eng</Language><PublicationTypeList>
<PublicationType UI="D002363">Case Reports</PublicationType></PublicationTypeList></Article><MedlineJournalInfo>
<MedlineTA>J Invent</MedlineTA></MedlineJournalInfo></MedlineCitation><PubmedData><History><PubMedPubDate PubStatus="entrez">
<Year>{year}</Year><Month>3</Month><Day>9</Day></PubMedPubDate></History><PublicationStatus>ppublish</PublicationStatus>
<ArticleIdList><ArticleId IdType="pubmed">{pmid}</ArticleId>{ids}</ArticleIdList><ReferenceList><Reference><Citation>Other.
</Citation><ArticleIdList><ArticleId IdType="pubmed">999</ArticleId><ArticleId IdType="doi">10.9999/other</ArticleId>
</ArticleIdList></Reference></ReferenceList></PubmedData></PubmedArticle>
"""


@dataclass
class Asked:
    """A request as it arrived."""

    method: str
    utility: str
    form: dict[str, str]
    at: float


@dataclass
class Service:
    """What the server knows and was asked. `faults` answer the next requests instead: (status, headers, body)."""

    url: str = ""
    articles: dict[str, str] = field(default_factory=dict)
    found: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    warnings: dict[str, list[str]] = field(default_factory=dict)
    down_after: int | None = None
    faults: list[tuple[int, dict[str, str], bytes]] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)

    def add(self, pmid: str, title: str, *, author: str = "Doe", year: str = "2020", doi: str = "") -> None:
        self.articles[pmid] = article(pmid, title, author=author, year=year, doi=doi)

    def utilities(self) -> list[str]:
        return [asked.utility for asked in self.asked]

    def answer(self, utility: str, form: dict[str, str]) -> bytes:
        if utility == "esearch.fcgi":
            newest_first = sorted(self.changed if "[mdat]" in form["term"] else self.found, key=int, reverse=True)
            result: dict[str, object] = {
                "count": str(len(newest_first)),
                "retmax": str(len(newest_first)),
                "retstart": "0",
                "idlist": newest_first,
                "translationset": [{"from": "dermatomyositis", "to": '"dermatomyositis"[MeSH Terms]'}],
                "querytranslation": f"({form['term']}[All Fields])",
            }
            if self.warnings:
                result["warninglist"] = {"phrasesignored": [], "outputmessages": [], **self.warnings}
            return json.dumps({"header": {"type": "esearch", "version": "0.3"}, "esearchresult": result}).encode()
        wanted = form["id"].split(",")
        known = "".join(self.articles[pmid] for pmid in wanted if pmid in self.articles)
        return (HEAD + known + "</PubmedArticleSet>").encode()


@contextmanager
def serving() -> Iterator[Service]:
    """Serves on loopback until the block ends."""
    service = Service()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._serve("POST", body)

        def do_GET(self) -> None:
            self._serve("GET", self.path.partition("?")[2])

        def _serve(self, method: str, encoded: str) -> None:
            utility = self.path.partition("?")[0].rpartition("/")[2]
            form = dict(parse_qsl(encoded, keep_blank_values=True))
            service.asked.append(Asked(method, utility, form, time.monotonic()))
            status, headers, data = 200, {}, b""
            if service.down_after is not None and len(service.asked) > service.down_after:
                status = 0
            elif service.faults:
                status, headers, data = service.faults.pop(0)
            else:
                data = service.answer(utility, form)
            if status == 0:  # the connection is dropped without an answer
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in {"Content-Length": str(len(data)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)
            if int(headers.get("Content-Length", len(data))) != len(data):
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    service.url = f"http://127.0.0.1:{server.server_port}/entrez/eutils/"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
