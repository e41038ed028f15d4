"""The example review of the rules, as files in memory and on disk."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import settings

from casetable.curation.files import read_strategy
from casetable.formats.logs import search_id, write_notices, write_records, write_search
from casetable.model import Record, Search
from casetable.model.notice import NoticeLog
from casetable.review import strategy_hash

# A machine that is busy is no fault of what is tested.
settings.register_profile("casetable", deadline=None)
settings.load_profile("casetable")

EXAMPLE = Path(__file__).parent / "example"
TODAY = dt.date(2026, 1, 20)
SEARCHED = "2026-01-10T08:00:00Z"


def example_files() -> dict[str, bytes]:
    """The example review: hand-written files, and the two logs that the tool would have written for them."""
    files = {str(path.relative_to(EXAMPLE)): path.read_bytes() for path in sorted(EXAMPLE.rglob("*.yaml"))}
    listed = Record(key="pmid:11", origin="PubMed", title="An invented case", authors=("Doe A",), year="2020")
    doe = replace(listed, pmid="11", doi="10.1234/invented.1", journal="J Invent")
    records, searches = [doe], b""
    for name in ("main", "own"):
        path = f"queries/{name}.yaml"
        strategy, problems = read_strategy(path, name, files[path])
        assert strategy is not None
        assert not problems
        keys = ("pmid:11",) if name == "main" else tuple(sorted(record.key for record in strategy.records))
        records += strategy.records
        search = Search(
            id="",
            previous="",
            strategy=name,
            method=strategy.method,
            source=strategy.source,
            when=SEARCHED,
            strategy_hash=strategy_hash(strategy),
            count=len(keys),
            added=keys,
            removed=(),
            tool="casetable 0",
        )
        searches += write_search(replace(search, id=search_id(search)))
    files["queries/records.jsonl"] = write_records(records)
    files["queries/searches.jsonl"] = searches
    files["queries/notices.jsonl"] = write_notices(NoticeLog(asked={"doi:10.1234/invented.1": "2026-01-15"}))
    return files


def write_files(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """The example review in a folder of its own."""
    return write_files(tmp_path / "review", example_files())
