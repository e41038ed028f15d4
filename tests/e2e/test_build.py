"""build: what it tells, and that no work of a person is lost in its folder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import casetable, environment, required


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


# Texts that leave as Markdown, CSV, LaTeX, RIS, XML, HTML and pictures; drugs and findings that are drawn.
FIELDS = """\
  ferritin: {label: "Ferritin | $x$ & <b>", type: number, unit: ng/ml, range: 0 to 100000, series: yes, required: no}
  drugs: {label: Drugs, type: courses, required: no}
  remark: {label: Remark, type: text, required: no}
"""
TABLES = """\
  title: "Cases & <others> of 100%"
  order: [-age_years]
  group_by: sex
tables:
  more: {columns: [country, ferritin], title: Further}
abbreviations: {CT: computed tomography}
course: {bars: [drugs], lines: [ferritin], zero: first day, cases: all}
"""
CASE = """\
    ferritin:
      - {value: 900, unit: ng/ml, when: day 1, where: Results}
      - {value: 120.5, unit: ng/ml, when: day 8, where: Results}
    drugs:
      - {drug: tocilizumab, dose: 8, unit: mg/kg, start: day 2, stop: day 6, where: Results}
    remark: '=HYPERLINK("https://a.example"); {x} \\ & % $ # _ ~ ^ | `a` <script> "q" ﬁ İı ß שלום 日本'
  - case: 2
    eligible: yes
    age_years: 41
    sex: male
    country: Türkiye
    drugs:
      - {drug: rituximab, dose: 375, unit: mg, start: day 3, where: Results}
"""


@pytest.fixture
def hard(example: Path) -> Path:
    """The example with several tables, groups, series, courses to be drawn, and texts that each format must escape."""
    form = example / "curated/form.yaml"
    form.write_text(form.read_text().replace("table:\n", FIELDS + "table:\n") + TABLES)
    report = example / "curated/reports/doe-2020.yaml"
    report.write_text(
        report.read_text().replace("_cases: 1", "_cases: 2").replace("cases_in_report: 1", "cases_in_report: 2") + CASE
    )
    return example


def built(root: Path) -> dict[str, bytes]:
    """Every file of a build by name."""
    return {
        path.relative_to(root / "build").as_posix(): path.read_bytes()
        for path in sorted((root / "build").rglob("*"))
        if path.is_file()
    }


def test_all_that_build_writes_is_the_same_in_any_folder_zone_locale_umask_and_on_any_day(
    hard: Path, tmp_path: Path
) -> None:
    required("faketime")
    other = tmp_path / "ein anderer Ordner/ü"
    shutil.copytree(hard, other)

    def build(root: Path, umask: int, *ahead: str, **environ: str) -> None:
        done = subprocess.run(
            [*ahead, sys.executable, "-m", "casetable", "build"],
            cwd=root,
            env=environment(**environ),
            preexec_fn=lambda: os.umask(umask),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    build(hard, 0o022, TZ="America/Los_Angeles", LC_ALL="C", PYTHONHASHSEED="1", COLUMNS="40")
    build(
        other,
        0o077,
        "faketime",
        "2031-05-05 12:34:56",
        TZ="Pacific/Kiritimati",
        LC_ALL="C.UTF-8",
        LANG="tr_TR.UTF-8",
        PYTHONHASHSEED="77",
        PYTHONUTF8="0",
        HOME=str(tmp_path),
    )
    one, two = built(hard), built(other)
    assert one.keys() == two.keys()
    endings = {name.rpartition(".")[2] for name in one}
    assert endings >= {"docx", "xlsx", "md", "csv", "json", "svg", "png", "pdf", "html", "ris", "bib"}
    assert any(name.startswith("figures/") for name in one)
    assert [name for name in one if one[name] != two[name]] == []
    paths = [(hard / "build" / name, other / "build" / name) for name in one]
    assert {(ours.stat().st_mode & 0o777, theirs.stat().st_mode & 0o777) for ours, theirs in paths} == {(0o644, 0o600)}
    # Nor does a second build in a folder that has one change a byte.
    build(hard, 0o022, TZ="UTC", LC_ALL="C", PYTHONHASHSEED="5")
    assert built(hard) == one
