"""build: what it tells, and that no work of a person is lost in its folder."""

from __future__ import annotations

import json
from pathlib import Path

from tests.e2e.conftest import casetable


def test_a_file_that_a_person_changed_is_kept_and_told(example: Path) -> None:
    assert casetable("build", cwd=example).code == 0
    table = example / "build/table.csv"
    built = table.read_bytes()
    table.write_bytes(built + b"a line of mine\n")
    ran = casetable("build", cwd=example)
    assert ran.code == 0
    told = "table.csv was changed since it was built: your version is kept as table.changed.csv\n"
    assert told in ran.out
    assert table.read_bytes() == built
    assert (example / "build/table.changed.csv").read_bytes() == built + b"a line of mine\n"
    assert told not in casetable("build", cwd=example).out


def test_what_is_not_built_any_more_is_removed_and_told(example: Path) -> None:
    form = example / "curated/form.yaml"
    before = form.read_text()
    form.write_text(before + "tables:\n  more: {columns: [country]}\n  other: {columns: [country]}\n")
    assert casetable("build", cwd=example).code == 0
    assert (example / "build/table-more.csv").read_text() == "report,case,country\ndoe-2020,1,China\n"
    (example / "build/table-other.csv").write_text("mine\n")
    form.write_text(before)
    answer = json.loads(casetable("build", "--format", "json", cwd=example).out)
    assert "table-more.csv" in answer["removed"]
    assert answer["left"] == ["table-other.csv"]
    assert not [path.name for path in (example / "build").glob("table-more*")]
    assert (example / "build/table-other.csv").read_text() == "mine\n"


def test_a_dry_run_writes_nothing(example: Path) -> None:
    ran = casetable("build", "--dry-run", cwd=example)
    assert (ran.code, ran.out.splitlines()[0]) == (0, f"would build a table of 1 case in {example / 'build'}:")
    assert not (example / "build").exists()
