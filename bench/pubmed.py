"""PubMed in numbers: reading its XML, sets beyond its window, and a pace that draws no refusals.

Prints ratios of one run:
- records read per second against Bio.Entrez.read (at least 2.5 times as many), on varied invented records;
- peak memory for a file ten times as large (at most 1.1 times as much);
- requests for 25,000 records of one strategy, against the least possible, with every record proved by its id;
- a refresh against a service that answers 3 requests a second: seconds against requests / 2.5, and refusals drawn.
"""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Mapping
from pathlib import Path

from tests.support.faults import NOW, review
from tests.support.invented import records_xml

from casetable.formats.articles import Stored
from casetable.formats.logs import read_records
from casetable.mirror import Mirror, serve
from casetable.model.article import Article
from casetable.sources.eutils import BATCH, WINDOW, Identity, PubMed
from casetable.sources.http import Response, Transport, requests_transport
from casetable.workflow.refresh import refresh
from casetable.workspace.articles import load_articles

READ_ALL = """
import resource, sys
from casetable.formats.pubmed_xml import cut_records, read_article, record_of
count = 0
with open(sys.argv[1], "rb") as file:
    for cut in cut_records(iter(lambda: file.read(1 << 16), b"")):
        record_of(read_article(cut.data))
        count += 1
print(count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def reading(folder: Path) -> None:
    from Bio import Entrez

    from casetable.formats.pubmed_xml import cut_records, read_article, record_of

    small, large = folder / "small.xml", folder / "large.xml"
    small.write_bytes(b"".join(records_xml(1500)))
    with large.open("wb") as file:
        for piece in records_xml(15000):
            file.write(piece)
    own, theirs = [], []
    for _ in range(3):
        start = time.perf_counter()
        with small.open("rb") as file:
            count = sum(
                1
                for cut in cut_records(iter(lambda f=file: f.read(1 << 16), b""))
                if record_of(read_article(cut.data))  # type: ignore[misc, arg-type]
            )
        own.append(time.perf_counter() - start)
        assert count == 1500
        start = time.perf_counter()
        with small.open("rb") as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            read = Entrez.read(file)
        theirs.append(time.perf_counter() - start)
        assert len(read["PubmedArticle"]) == 1500
    ratio = sorted(theirs)[1] / sorted(own)[1]
    print(f"reading XML: {1500 / sorted(own)[1]:,.0f} records/s, {ratio:.1f} × Bio.Entrez.read (at least 2.5)")
    peaks = []
    for path in (small, large):
        told = subprocess.run([sys.executable, "-c", READ_ALL, str(path)], capture_output=True, text=True, check=True)
        peaks.append(int(told.stdout.split()[1]))
    size = large.stat().st_size / small.stat().st_size
    print(f"peak memory: {peaks[1] / peaks[0]:.2f} × for a file {size:.1f} × as large (at most 1.1)")


class Counted:
    """A transport that counts requests and refusals."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.sent: list[str] = []
        self.refused = 0

    def __call__(self, url: str, form: Mapping[str, str]) -> Response:
        self.sent.append(url.rpartition("/")[2])
        response = self._transport(url, form)
        self.refused += response.status == 429
        return response


def large_set(number: int) -> None:
    first = dt.date(1975, 1, 1)
    stored = [
        Stored(
            article=Article(
                pmid=str(1_000_000 + n),
                title=f"Invented case {n} of the lung",
                journal_abbreviation="J Invent",
                # More and more records a year, as PubMed grows.
                dates={"CRDT": (first + dt.timedelta(days=int(18_600 * (n / number) ** 0.5))).isoformat()},
            )
        )
        for n in range(number)
    ]
    with review() as workspace, serve(Mirror(stored, today=NOW.date())) as url:
        counted = Counted(requests_transport("casetable-bench", time.monotonic))
        refresh(
            workspace,
            (),
            pubmed=lambda: PubMed(
                transport=counted, clock=lambda: 0.0, sleep=lambda _: None, identity=Identity(), url=url
            ),
            now=NOW,
            progress=lambda *_: None,
        )
        records, faults = read_records("r", workspace.read("queries/records.jsonl"))
    assert not faults
    assert set(records) == {f"pmid:{1_000_000 + n}" for n in range(number)}, "every record arrived, by its id"
    searches = counted.sent.count("esearch.fcgi")
    least = 1 + -(-number // WINDOW)
    least_all = least + -(-number // BATCH)
    print(
        f"{number:,} records of one strategy: all arrived; {searches} searches, {searches / least:.2f} × the least"
        f" possible ({least}); {len(counted.sent)} requests in all, {len(counted.sent) / least_all:.2f} × ({least_all})"
    )


def pace(folder: Path) -> None:
    path = folder / "paced.xml"
    path.write_bytes(b"".join(records_xml(3000, seed=5)))
    mirror = Mirror(load_articles([path]).stored.values(), today=NOW.date())
    with review() as workspace, serve(mirror, rate=3) as url:
        counted = Counted(requests_transport("casetable-bench", time.monotonic))
        start = time.perf_counter()
        refresh(
            workspace,
            (),
            pubmed=lambda: PubMed(
                transport=counted, clock=time.monotonic, sleep=time.sleep, identity=Identity(), url=url
            ),
            now=NOW,
            progress=lambda *_: None,
        )
        took = time.perf_counter() - start
    least = len(counted.sent) / 2.5
    print(
        f"3 requests a second allowed: {len(counted.sent)} requests in {took:.1f} s, {took / least:.2f} × requests / 2.5"
        f" (at most 1.15); {counted.refused} refusals"
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        reading(Path(temporary))
        large_set(25_000)
        pace(Path(temporary))


if __name__ == "__main__":
    main()
