"""How long the pages of `serve` take, beside a bare page of Starlette in the same run, and how that grows with the review.

Serves two invented reviews, one of ten times the records and cases of the other, and a bare Starlette page, each by the
same server in a process of its own, and asks for their pages by turns over one connection each. Prints the 95th percentile
of each page, its ratio to that of the bare page (at most 30), and for the pages of one record or case the ratio of the large
review to the small one (about 1: they do not grow with the review).
"""

from __future__ import annotations

import argparse
import datetime as dt
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import requests
from bench.scale import WORDS, write_review
from tests.support.invented import HEAD, TAIL, record_xml

from casetable.formats.logs import read_records, read_searches, search_id, write_records, write_search
from casetable.formats.pubmed_xml import ORIGIN
from casetable.model import Record
from casetable.workspace import Workspace

RECORDS, REPORTS, CASES = 10_000, 334, 3
BARE = """\
import uvicorn
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route

async def page(request):
    return HTMLResponse("<!doctype html><title>bare</title><p>A page.</p>")

uvicorn.run(Starlette(routes=[Route("/", page)]), port={port}, log_level="critical", access_log=False)
"""
BARE_PORT = 8391


def write(folder: Path, records: int, reports: int, seed: int = 3) -> None:
    """Writes an invented review: of its records all reports are extracted, three of five decided, with abstracts in the cache."""
    chance = random.Random(seed)
    folder.mkdir()
    write_review(folder, reports)
    known, _ = read_records("", (folder / "queries/records.jsonl").read_bytes())
    found = list(known.values())
    for number in range(reports + 1, records + 1):
        title = " ".join(chance.choice(WORDS) for _ in range(12)) + f" {number}"
        pmid = str(10_000_000 + number)
        found.append(Record(key=f"pmid:{pmid}", origin=ORIGIN, title=title, year="2019", pmid=pmid))
    (folder / "queries/records.jsonl").write_bytes(write_records(found))
    query = '(lung[tiab] OR skin[tiab] OR rash[tiab]) AND (case[tiab] OR girl*[tiab] OR "acute onset"[tiab])'
    (folder / "queries/main.yaml").write_text(f"schema: 1\nsource: PubMed\npurpose: generated\nstrategy: '{query}'\n")
    searches, _ = read_searches("", (folder / "queries/searches.jsonl").read_bytes())
    search = replace(searches[0], count=len(found), added=tuple(each.key for each in found))
    (folder / "queries/searches.jsonl").write_bytes(write_search(replace(search, id=search_id(search))))
    lines = [
        f"  - record: pmid:{10_000_000 + number}\n    stage: records\n    decision: exclude\n    reason: other\n    by: bench\n"
        "    when: 2026-01-15\n"
        for number in range(reports + 1, records * 3 // 5)
    ]
    with (folder / "curated/screening.yaml").open("a") as file:
        file.write("".join(lines))
    answers = Workspace(folder).answers()
    pmids = [each.pmid for each in found]
    for start in range(0, len(pmids), 200):
        some = pmids[start : start + 200]
        xml = [record_xml(int(pmid), chance, dt.date(2020, 1, 1), 900) for pmid in some]
        answers.keep(b"".join([HEAD, *xml, TAIL]), some, "2026-01-10T08:00:00Z")
    texts = folder / ".casetable/texts"
    texts.mkdir(parents=True)
    for number in range(1, reports + 1):
        paragraphs = [
            " ".join(chance.choice(WORDS) for _ in range(90)) + f" {chance.randrange(1, 9999)} ng/ml."
            for _ in range(40)
        ]
        (texts / f"report-{number:05}.txt").write_text("\n\n".join(["A report", "Results", *paragraphs]))


@contextmanager
def served(folder: Path) -> Iterator[tuple[requests.Session, str]]:
    """Serves a review, and yields a session that opened it, and its address."""
    command = [sys.executable, "-m", "casetable", "--root", str(folder), "serve", "--port", "0", "--by", "bench"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        session = requests.Session()
        session.get(url).raise_for_status()
        try:
            yield session, url.partition("/?")[0]
        finally:
            session.close()
            process.terminate()


@contextmanager
def bare() -> Iterator[tuple[requests.Session, str]]:
    """Serves a page that holds nothing."""
    with subprocess.Popen([sys.executable, "-c", BARE.format(port=BARE_PORT)]) as process:
        session = requests.Session()
        address = f"http://127.0.0.1:{BARE_PORT}"
        for _ in range(100):
            try:
                session.get(address)
                break
            except requests.ConnectionError:
                time.sleep(0.1)
        try:
            yield session, address
        finally:
            session.close()
            process.terminate()


def pages(records: int, reports: int, chance: random.Random) -> dict[str, tuple[str, bool]]:
    """Returns the pages by name, each with an address, any of its kind, and whether it shows one record or case."""
    record = 10_000_000 + chance.randrange(1, records)
    report = chance.randrange(1, reports)
    return {
        "overview": ("/", False),
        "screening, the next": ("/screen", True),
        "screening, any record": (f"/screen?record=pmid:{record}", True),
        "records, a page of them": (f"/records?page={chance.randrange(1, records // 50)}", False),
        "records, found": ("/records?q=rapid+girl", False),
        "conflicts": ("/conflicts", False),
        "extractions": ("/extract", False),
        "extraction of a case": (f"/extract/report-{report:05}?case={chance.randrange(1, CASES + 1)}", True),
        "duplicates": ("/duplicates", False),
        "overlaps": ("/overlaps", False),
        "claims": ("/claims", False),
        "table, a page of it": (f"/table?page={chance.randrange(1, reports * CASES // 50 + 1)}", False),
        "rule": ("/rules?code=E101", True),
    }


def p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--records", type=int, default=RECORDS)
    arguments = parser.parse_args()
    sizes = ((arguments.records // 10, REPORTS // 10), (arguments.records, REPORTS))
    with tempfile.TemporaryDirectory() as temporary, ExitStack() as stack:
        reviews = []
        for number, (records, reports) in enumerate(sizes):
            folder = Path(temporary) / str(number)
            write(folder, records, reports)
            reviews.append(stack.enter_context(served(folder)))
        nothing, bare_address = stack.enter_context(bare())
        for session, address in reviews:  # what is computed beside is there before anything is measured
            while (
                not re.search("accounted for|problems? and", session.get(address + "/").text)
                or "checked again" in session.get(address + "/").text
            ):
                time.sleep(0.5)
        took: dict[tuple[str, int], list[float]] = {}
        bare_times: list[float] = []
        chance = random.Random(5)
        for _ in range(arguments.rounds):
            for place, (records, reports) in enumerate(sizes):
                session, address = reviews[place]
                for name, (way, _) in pages(records, reports, chance).items():
                    took.setdefault((name, place), []).append(asked(session, address + way))
            bare_times += [asked(nothing, bare_address) for _ in range(10)]
        for _ in range(arguments.rounds):
            for place, (session, address) in enumerate(reviews):
                took.setdefault(("deciding, and the next", place), []).append(decided(session, address))
        print(f"{'':26}{sizes[0][0]:>8,} records{sizes[1][0]:>8,} records{'beside bare':>14}{'growth':>9}")
        floor = p95(bare_times)
        print(f"{'a bare page of Starlette':26}{1000 * floor:>13.2f} ms")
        single = {name for name, (_, is_one) in pages(*sizes[1], chance).items() if is_one} | {"deciding, and the next"}
        for name in dict.fromkeys(name for name, _ in took):
            small, large = p95(took[name, 0]), p95(took[name, 1])
            growth = f"{large / small:>9.2f}" if name in single else ""
            print(f"{name:26}{1000 * small:>13.2f} ms{1000 * large:>13.2f} ms{large / floor:>14.1f}{growth}")


def asked(session: requests.Session, address: str) -> float:
    start = time.perf_counter()
    answer = session.get(address)
    took = time.perf_counter() - start
    assert answer.status_code == 200, (address, answer.status_code)
    return took


def decided(session: requests.Session, address: str) -> float:
    """Excludes the next record, as its page does, which shows the one behind it."""
    page = session.get(f"{address}/screen").text
    found = re.search('name="record" value="([^"]+)"', page)
    assert found is not None
    form = {"record": found[1], "stage": "records", "decision": "exclude:other", "note": ""}
    start = time.perf_counter()
    answer = session.post(f"{address}/screen/decide", data=form, headers={"origin": address})
    took = time.perf_counter() - start
    assert answer.status_code == 200, answer.status_code
    return took


if __name__ == "__main__":
    main()
