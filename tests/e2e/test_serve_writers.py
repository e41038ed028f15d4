"""Many who write at once through `serve`, two servers on one review, and somebody with an editor beside: nothing is lost."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from casetable.curation.files import read_decisions
from casetable.formats.logs import read_records, read_searches, search_id, write_records, write_search
from casetable.workflow.editing import base_of
from tests.conftest import example_files, write_files
from tests.e2e.conftest import casetable
from tests.support.serving import Server, serving

WRITERS = 100
SCREENING = "curated/screening.yaml"
HEAD = b"# Decisions, by hand and by serve.\nschema: 1  # of the tool\n\ndecisions:\n  # the first one\n"
REPORTS = [f"doe-{2021 + number}" for number in range(4)]
FIELDS = [f"field_{number}" for number in range(25)]
FORM = "schema: 1\nfields:\n" + "".join(f"  {name}: {{label: {name}, type: text, required: no}}\n" for name in FIELDS)
FORM += "table: {columns: [field_0]}\n"
REPORT = """\
# An extraction, by hand.
schema: 1
report: pmid:{pmid}
access: full text
extracted: {{by: A. Curator, when: 2026-01-15}}  # of the day
cases:
  - case: 1
    eligible: yes
    field_0: as it was  # a remark
"""


def files() -> dict[str, bytes]:
    """A review of the example's kind with so many records to screen, and reports with so many fields."""
    found = example_files()
    doe = next(each for each in read_records("r", found["queries/records.jsonl"])[0].values() if each.key == "pmid:11")
    more = [
        replace(doe, key=f"pmid:{pmid}", pmid=str(pmid), doi="", title=f"Invented case {pmid} of {pmid * 7919}", authors=(f"Author{pmid} A",))
        for pmid in range(1000, 1000 + WRITERS + len(REPORTS))
    ]  # fmt: skip
    searches = read_searches("s", found["queries/searches.jsonl"])[0]
    main, own = (next(each for each in searches if each.strategy == name) for name in ("main", "own"))
    keys = tuple(sorted({"pmid:11", *(each.key for each in more)}))
    main = replace(main, id="", added=keys, count=len(keys))
    records = [*read_records("r", found["queries/records.jsonl"])[0].values(), *more]
    found["queries/records.jsonl"] = write_records(records)
    found["queries/searches.jsonl"] = write_search(replace(main, id=search_id(main))) + write_search(own)
    included = "".join(
        f"  - {{record: pmid:{1000 + WRITERS + at}, stage: reports, decision: include, by: A. Curator, when: 2026-01-15}}  # {name}\n"
        for at, name in enumerate(REPORTS)
    )
    found[SCREENING] = HEAD + found[SCREENING].partition(b"decisions:\n")[2] + included.encode()
    found["curated/form.yaml"] = FORM.encode()
    del found["curated/reports/doe-2020.yaml"]
    for at, name in enumerate(REPORTS):
        found[f"curated/reports/{name}.yaml"] = REPORT.format(pmid=1000 + WRITERS + at).encode()
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_files(tmp_path / "review", files())


@pytest.fixture
def server(folder: Path, tmp_path: Path) -> Iterator[Server]:
    with serving(folder, tmp_path / "logs") as running:
        yield running


def at_once(work: Callable[[int], Any], number: int = WRITERS) -> list[Any]:
    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(work, range(number)))


def sent(server: Server, path: str, data: Any) -> requests.Response:
    """Sends something on a connection of its own."""
    headers = {"Cookie": server.cookie, "Origin": server.base, "Connection": "close"}
    with requests.Session() as session:
        session.trust_env = False
        return session.post(server.base + path, data, headers=headers, timeout=120, allow_redirects=False)


def decide(server: Server, number: int) -> requests.Response:
    form = {"record": f"pmid:{1000 + number}", "stage": "records", "note": f"note {number}",
            "decision": "include" if number % 2 else "exclude:other-drug"}  # fmt: skip
    return sent(server, "/screen/decide", form)


def save(server: Server, name: str, field: str, before: object, value: str) -> requests.Response:
    told = {
        "case": "1",
        "field": field,
        "base": base_of(before),
        "sent": {"cells": [{"status": "reported", "value": value}]},
    }
    return sent(server, f"/extract/{name}/save", json.dumps(told))


def notes(folder: Path) -> list[str]:
    """The notes of the decisions that stand in the file, which must be whole."""
    data = (folder / SCREENING).read_bytes()
    found, faults = read_decisions(SCREENING, data)
    assert faults == ()
    assert data.startswith(HEAD)
    for name in REPORTS:
        assert f"  # {name}\n".encode() in data
    return sorted(each.note for each in found if each.note)


def said(folder: Path, name: str) -> dict[str, str]:
    data = (folder / f"curated/reports/{name}.yaml").read_bytes()
    assert data.startswith(b"# An extraction, by hand.\nschema: 1\n")
    assert b"  # of the day\n" in data
    found: dict[str, str] = yaml.load(data, yaml.BaseLoader)["cases"][0]
    return found


def test_a_hundred_decisions_at_once(server: Server) -> None:
    answers = at_once(lambda number: decide(server, number))
    assert {answer.status_code for answer in answers} == {303}
    assert notes(server.folder) == sorted(f"note {number}" for number in range(WRITERS))
    assert not list(server.folder.rglob("*.tmp"))
    answers = at_once(lambda number: sent(server, "/screen/undo", {}))
    assert {answer.status_code for answer in answers} == {303}
    assert notes(server.folder) == []
    assert casetable("check", cwd=server.folder).code == 1  # the records are undecided again


def test_a_hundred_fields_at_once(server: Server) -> None:
    def work(number: int) -> requests.Response:
        name, field = REPORTS[number % len(REPORTS)], FIELDS[number // len(REPORTS)]
        return save(server, name, field, "as it was" if field == "field_0" else None, f"value {number}")

    answers = at_once(work)
    assert [answer.status_code for answer in answers] == [200] * WRITERS
    for at, name in enumerate(REPORTS):
        found = said(server.folder, name)
        assert {field: found[field] for field in FIELDS} == {
            field: f"value {at + len(REPORTS) * number}" for number, field in enumerate(FIELDS)
        }
    assert not list(server.folder.rglob("*.tmp"))


def test_a_hundred_values_of_one_field_from_one_base(server: Server) -> None:
    answers = at_once(lambda number: save(server, REPORTS[0], "field_0", "as it was", f"value {number}"))
    written = [number for number, answer in enumerate(answers) if answer.status_code == 200]
    assert len(written) == 1
    value = f"value {written[0]}"
    assert said(server.folder, REPORTS[0])["field_0"] == value
    for number, answer in enumerate(answers):
        if number != written[0]:
            assert answer.status_code == 409
            told = answer.json()
            assert told["there"] == [value]
            assert told["mine"] == [f"value {number}"]
            assert told["base"] == base_of(value)
    assert save(server, REPORTS[0], "field_0", value, "at last").status_code == 200


def test_two_servers_on_one_review(server: Server, tmp_path: Path) -> None:
    with serving(server.folder, tmp_path / "other", by="B. Curator") as other:
        both = (server, other)
        answers = at_once(lambda number: decide(both[number % 2], number))
        assert {answer.status_code for answer in answers} == {303}
        assert notes(server.folder) == sorted(f"note {number}" for number in range(WRITERS))
        answers = at_once(
            lambda number: save(both[number % 2], REPORTS[1], "field_0", "as it was", f"value {number}"), 40
        )
        assert sorted(answer.status_code for answer in answers) == [200] + [409] * 39
        answers = at_once(
            lambda number: save(both[number % 2], REPORTS[2], FIELDS[number + 1], None, f"value {number}"), 20
        )
        assert {answer.status_code for answer in answers} == {200}
        found = said(server.folder, REPORTS[2])
        assert [found[FIELDS[number + 1]] for number in range(20)] == [f"value {number}" for number in range(20)]
        for number in (0, WRITERS - 1):  # each shows what the other wrote
            for each in both:
                assert f"note {number}" in each.get(f"/screen?record=pmid:{1000 + number}&stage=records").text


# Takes a file as it is, adds a remark at its end, and puts it in its place, as an editor does; tells the remarks.
EDITOR = """
import os, pathlib, sys, time
path = pathlib.Path(sys.argv[1])
for number in range(int(sys.argv[2])):
    beside = path.with_name(f"by-hand-{number}~")
    beside.write_bytes(path.read_bytes() + f"# by hand {number}\\n".encode())
    os.replace(beside, path)
    time.sleep(0.004)
"""
EDITS = 200


@pytest.mark.parametrize("path", [SCREENING, f"curated/reports/{REPORTS[0]}.yaml"])
def test_an_editor_beside_is_never_overwritten(server: Server, path: str) -> None:
    file = server.folder / path
    with subprocess.Popen([sys.executable, "-c", EDITOR, str(file), str(EDITS)]) as editor:
        number = written = 0
        while editor.poll() is None:
            if path == SCREENING:
                answers = at_once(lambda at, start=number: decide(server, (start + at) % WRITERS), 4)  # type: ignore[misc]
                assert {answer.status_code for answer in answers} == {303}
            else:
                answers = at_once(
                    lambda at, start=number: save(server, REPORTS[0], FIELDS[at + 1], said(server.folder, REPORTS[0]).get(FIELDS[at + 1]), f"value {start}"),  # type: ignore[misc]
                    4,
                )  # fmt: skip
                assert {answer.status_code for answer in answers} <= {200, 409, 422}
                for answer in answers:
                    assert answer.status_code != 422 or "was edited meanwhile" in answer.json()["error"]
                written += sum(answer.status_code == 200 for answer in answers)
            number += 4
    data = file.read_text()
    assert [line for line in data.splitlines() if line.startswith("# by hand")] == [
        f"# by hand {at}" for at in range(EDITS)
    ]
    if path == SCREENING:
        notes(server.folder)
        assert server.get("/screen?record=pmid:1000&stage=records").status_code == 200
    else:
        said(server.folder, REPORTS[0])
        assert written


def test_what_is_written_by_hand_is_shown_at_once(server: Server) -> None:
    assert decide(server, 1).status_code == 303
    file = server.folder / SCREENING
    for number in range(5):
        file.write_bytes(file.read_bytes().replace(b"note 1", b"note 1" + b"0" * number, 1))
        assert "note 1" + "0" * number in server.get("/screen?record=pmid:1001&stage=records").text
        assert decide(server, 2 + number).status_code == 303
    assert len(notes(server.folder)) == 6
