"""The flagship review: its table, its gate, and that the same input gives the same bytes anywhere."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import docx
import openpyxl
import pytest

from tests.e2e.conftest import REPOSITORY, casetable, casetable_anew, environment, git, required


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_table(flagship: Path) -> None:
    ran = casetable("build", cwd=flagship)
    assert ran.code == 0, ran.err
    assert "built a table of 9 cases" in ran.out
    table = rows(flagship / "build/table.csv")
    assert len(table) == 9
    [index] = [row for row in table if row["report"] == "qiu-2024"]
    assert (index["case"], index["age_years"], index["sex"]) == ("1", "3", "female")
    assert (index["ferritin_first"], index["tocilizumab_dose"]) == ("1271.4", "10 mg/kg")
    assert [row["report"] for row in table].count("zhang-2021") == 6
    assert {
        value
        for row in table
        if row["report"] == "zhang-2021"
        for name, value in row.items()
        if name not in {"report", "case"}
    } == {"not accessible"}
    assert "The patient was not given tocilizumab".lower() in (flagship / "build/table.md").read_text()
    assert git(flagship, "status", "--porcelain", "--ignored=no", "--", "review.yaml", "queries", "curated") == ""


def test_the_printed_tables(flagship: Path) -> None:
    casetable("build", cwd=flagship)
    document = docx.Document(str(flagship / "build/table.docx"))
    texts = [paragraph.text for paragraph in document.paragraphs]
    assert texts[0] == "Table 1. Published cases of tocilizumab for RP-ILD in anti-MDA5-positive dermatomyositis"
    assert any(text.startswith("Abbreviations: ") and "JDM, juvenile dermatomyositis" in text for text in texts)
    assert "b 3 (derived): from weekly for three weeks." in texts
    assert "Not eligible: Wang 2023 [3], case 1: the patient was not given tocilizumab." in texts
    assert [text for text in texts if text.startswith("4.\tQiu L, Shao X, Ma L, Fan Z, Yu H. ")]
    assert [len(table.rows) for table in document.tables] == [10, 10]
    book = openpyxl.load_workbook(flagship / "build/table.xlsx")
    assert book.sheetnames == ["Table 1", "Table S1", "Table S2", "Table S3", "Cells", "Fields", "Reports", "Notes"]
    [index] = [row for row in book["Table 1"].iter_rows(values_only=True) if row[0] == "qiu-2024"]
    assert index[:8] == ("qiu-2024", 1, 3, "female", "China", "JDM", "positive", 1271.4)
    [ferritin] = [
        row for row in rows(flagship / "build/table-supplement-laboratory.csv") if row["report"] == "qiu-2024"
    ]
    assert ferritin["ferritin"].startswith(
        "1271.4 (baseline); 316 (after initial therapy); 504.7 (RP-ILD deterioration)"
    )


def test_the_long_form(flagship: Path) -> None:
    casetable("build", cwd=flagship)
    cells = rows(flagship / "build/cells.csv")
    assert list(cells[0]) == ["report", "case", "field", "when", "value", "unit", "status", "reported", "where"]
    index = [cell for cell in cells if cell["report"] == "qiu-2024"]
    ferritin = [
        (c["when"], c["value"], c["unit"], c["reported"]) for c in index if c["field"] == "ferritin" and c["value"]
    ]
    assert ferritin == [
        ("baseline", "1271.4", "ng/ml", "1,271.4 ng/ml"),
        ("after initial therapy", "316", "ng/ml", "from 1,271.4 to 316 ng/ml"),
        ("RP-ILD deterioration", "504.7", "ng/ml", "from 316 to 504.7 ng/ml"),
    ]
    conflicting = [(c["field"], c["value"]) for c in index if c["status"] == "conflicting"]
    assert conflicting == [
        ("ild_pattern", "no significant changes"),
        ("ild_pattern", "no improvement"),
        ("treatment_before.start", "before the deterioration"),
        ("treatment_before.start", "after the deterioration"),
    ]
    for cell in index:
        if cell["status"] == "reported" and cell["field"] != "treatment_before.start":
            assert cell["where"], cell
            assert cell["reported"] or cell["field"].endswith(".drug"), cell


def test_every_quote_of_the_index_case_is_short(flagship: Path) -> None:
    casetable("build", cwd=flagship)
    for cell in rows(flagship / "build/cells.csv"):
        assert len(cell["reported"].split()) <= 15, cell["reported"]


def test_the_gate_is_green_with_honest_warnings(flagship: Path) -> None:
    ran = casetable("check", cwd=flagship)
    assert ran.code == 0, ran.out
    last = ran.out.splitlines()[-1]
    assert last.startswith("checked 2 searches, 20 hits, 4 reports, 10 cases (9 eligible), ")
    assert ": 0 errors, " in last
    for name in ("paper-keywords", "synonyms"):
        assert f"queries/{name}.yaml:2:1: Q101 warning: {name}: was never run" in ran.out
    strict = casetable("check", "--strict", cwd=flagship)
    assert strict.code == 1
    assert "curated/reports/zhang-2021.yaml:24:41: E201 age_years: case 1: is not accessible" in strict.out


def test_a_deleted_cell_is_named_with_file_line_and_field(flagship: Path) -> None:
    path = flagship / "curated/reports/qiu-2024.yaml"
    text = path.read_text()
    line = next(line for line in text.splitlines(keepends=True) if line.startswith("    sex:"))
    path.write_text(text.replace(line, ""))
    ran = casetable("check", cwd=flagship)
    assert ran.code == 1
    assert (
        "curated/reports/qiu-2024.yaml:16:5: E101 sex: case 1: has no cell; expected a value, or not reported"
        in ran.out
    )
    as_json = json.loads(casetable("check", "--format", "json", cwd=flagship).out)
    [problem] = [problem for problem in as_json["problems"] if problem["severity"] == "error"]
    assert (problem["path"], problem["line"], problem["field"]) == ("curated/reports/qiu-2024.yaml", 16, "sex")
    github = casetable("check", "--format", "github", cwd=flagship)
    assert github.code == 1
    assert github.out.startswith(
        "::error file=curated/reports/qiu-2024.yaml,line=16,col=5,title=E101::sex: case 1: has no cell;"
    )


def test_a_removed_decision_names_the_record(flagship: Path) -> None:
    path = flagship / "curated/screening.yaml"
    text = path.read_text()
    start = text.index("  - record: doi:10.1056/nejmc1900045")
    path.write_text(text[:start] + text[text.index("  - record:", start + 5) :])
    ran = casetable("check", cwd=flagship)
    assert ran.code == 1
    assert (
        "S101 doi:10.1056/nejmc1900045: nobody decided on doi:10.1056/nejmc1900045, Chen 2019, 'Tofacitinib in"
        in ran.out
    )


def test_same_bytes_in_any_folder_zone_locale_umask_and_on_any_day(flagship: Path, tmp_path: Path) -> None:
    required("faketime")
    assert casetable_anew("build", cwd=flagship, TZ="America/Los_Angeles", LC_ALL="C", PYTHONHASHSEED="1").code == 0
    other = tmp_path / "another folder"
    shutil.copytree(flagship, other, ignore=shutil.ignore_patterns("build", ".git", ".casetable"))
    done = subprocess.run(
        ["faketime", "2031-02-03 04:05:06", sys.executable, "-m", "casetable", "build"],
        cwd=other,
        env=environment(TZ="Pacific/Kiritimati", LC_ALL="tr_TR.UTF-8", PYTHONHASHSEED="77"),
        preexec_fn=lambda: os.umask(0o077),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    built, again = (
        {
            path.relative_to(root / "build").as_posix(): path.read_bytes()
            for path in (root / "build").rglob("*")
            if path.is_file()
        }
        for root in (flagship, other)
    )
    assert built.keys() == again.keys()
    assert {
        "table.md",
        "table.csv",
        "cells.csv",
        "prisma.json",
        "prisma.csv",
        "prisma.svg",
        "prisma.png",
        "figures/qiu-2024-1.svg",
        "figures/qiu-2024-1.pdf",
        "figures/qiu-2024-1.png",
    } <= built.keys()
    assert [name for name in built if built[name] != again[name]] == []
    assert all(not path.stat().st_mode & 0o077 for path in (other / "build").rglob("*") if path.is_file())


def test_the_course_of_the_index_case(flagship: Path) -> None:
    casetable("build", cwd=flagship)
    assert [path.name for path in sorted((flagship / "build/figures").iterdir())] == [
        "qiu-2024-1.pdf",
        "qiu-2024-1.png",
        "qiu-2024-1.svg",
    ]
    root = ElementTree.fromstring((flagship / "build/figures/qiu-2024-1.svg").read_bytes())  # our own output
    space = "{http://www.w3.org/2000/svg}"
    texts = " ".join("".join(text.itertext()) for text in root.iter(f"{space}text"))
    for text in (
        "order of events; distances are not to scale",
        "0: first dose of tocilizumab",
        "RP-ILD deterioration",
        "Ferritin (ng/ml)",
        "1271.4",
        "reference 11–306",
        "Cyclophosphamide: the report contradicts itself on its start",
        "Measured once, at baseline: ESR 31 mm/h (reference 0–20)",
    ):
        assert text in texts
    words = root.findtext(f"{space}desc") or ""
    assert "Ferritin after 3 plasma exchanges: not reported (a decrease without a number)." in words
    assert "IVIG, 2 g/kg, at a 1-month interval, start: initial therapy, stop: not given" in words


def test_prisma_numbers(flagship: Path) -> None:
    casetable("build", cwd=flagship)
    flow = json.loads((flagship / "build/prisma.json").read_text())
    prisma, cases = flow["prisma"], flow["cases"]
    assert (prisma["database_results"], prisma["citations_results"], cases["own_report_results"]) == (0, 19, 1)
    assert (prisma["other_sought_reports"], prisma["other_notretrieved_reports"], prisma["other_assessed"]) == (4, 1, 3)
    assert (cases["other_records_excluded"], cases["cases_in_table"]) == (16, 9)


def test_check_imports_nothing_heavy(flagship: Path) -> None:
    code = (
        "import sys\nfrom casetable.cli import run\ncode = run(['check'])\n"
        "heavy = {'requests', 'openpyxl', 'docx', 'matplotlib', 'starlette', 'jinja2'} & set(sys.modules)\n"
        "sys.exit(f'imported {sorted(heavy)}' if heavy else code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=flagship, env=environment(), capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_help_imports_click_and_little_else() -> None:
    code = (
        "import sys\nfrom casetable.cli import run\nrun(['--help'])\n"
        "heavy = {'pydantic', 'yaml', 'rapidfuzz', 'requests', 'jinja2', 'filelock'} & set(sys.modules)\n"
        "sys.exit(f'imported {sorted(heavy)}' if heavy else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Keeps a review of published cases in git" in done.stdout


@pytest.mark.parametrize("name", ["reports still to be requested", "Zhang 2021", "Wang 2023", "Teng 2021"])
def test_status_lists_what_is_still_to_be_requested(flagship: Path, name: str) -> None:
    out = casetable("status", cwd=flagship).out
    assert "20 reports found: 4 included, 16 excluded, 0 undecided" in out
    tail = out[out.index("still to be requested") :]
    assert name.removeprefix("reports ") in tail
    assert "Qiu 2024" not in tail


# The columns of table.md that the README shows, by their place in a line.
README_COLUMNS = (1, 2, 3, 4, 6, 8, 12, 13, 14, 16, 17, 19)


def test_readme_shows_the_table_that_is_built(flagship: Path) -> None:
    casetable("build", cwd=flagship)
    built = [
        [cells[column] for column in README_COLUMNS]
        for line in (flagship / "build/table.md").read_text().splitlines()
        if line.startswith("| ") and (cells := [cell.strip() for cell in line.split("|")])
    ]
    readme = (REPOSITORY / "README.md").read_text()
    start = readme.index("| Report | Case |")
    shown = [[cell.strip() for cell in line.split("|")[1:-1]] for line in readme[start:].split("\n\n")[0].splitlines()]
    assert len(built) == 11, "head, rule, nine cases"
    assert shown == built


def test_the_check_is_told_to_code_scanning_and_to_test_reports() -> None:
    told = json.loads(casetable("check", "--format", "json", cwd=REPOSITORY).out)["summary"]
    sarif = casetable("check", "--strict", "--format", "sarif", cwd=REPOSITORY)
    assert sarif.code == 1
    results = json.loads(sarif.out)["runs"][0]["results"]
    assert len(results) == told["errors"] + told["warnings"]
    junit = casetable("check", "--format", "junit", cwd=REPOSITORY)
    assert junit.code == 0
    suite = ElementTree.fromstring(junit.out).find("testsuite")  # our own output
    assert suite is not None
    assert suite.get("failures") == "0"
    warned = [test.get("name") for test in suite if test.find("system-out") is not None]
    assert any(str(name).startswith("E201 ") for name in warned)
    assert not any(str(name).startswith("S101 ") for name in warned)
