"""`template` and `import-cases`: from a report to a spreadsheet, filled in, and back into the extraction's file."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.e2e.conftest import casetable, commit_all, git
from tests.support.workbooks import Filled, cells_of, saved_by_libreoffice

REPORT = "curated/reports/doe-2020.yaml"
FIELDS = """\
  symptoms: {label: Symptoms, type: choices, choices: {fever: [], rash: []}, required: no}
  ferritin: {label: Ferritin, type: number, unit: ng/ml, series: yes, required: no}
  treatment: {label: Treatment, type: courses, required: no}
table:
"""


@pytest.fixture
def review(example: Path) -> Path:
    form = example / "curated/form.yaml"
    form.write_text(form.read_text().replace("table:\n", FIELDS))
    commit_all(example)
    return example


def filled(path: Path) -> Filled:
    return Filled(path.read_bytes())


def save(path: Path, sheet: Filled) -> None:
    path.write_bytes(sheet.saved())


def test_a_report_is_extracted_in_a_spreadsheet_from_beginning_to_end(review: Path) -> None:
    (review / REPORT).unlink()
    ran = casetable("template", "pmid:11", "--out", "doe.xlsx", "--cases", "2", cwd=review)
    assert (ran.code, ran.out) == (0, "wrote doe.xlsx for 2 cases\n")
    assert ran.err == "next: fill in the white cells, and run 'casetable import-cases doe.xlsx'\n"
    sheet = filled(review / "doe.xlsx")
    sheet.put("Report", "Access", "Value", "full text")
    sheet.put("Report", "Cases in the report", "Value", 2)
    sheet.put("Report", "Eligible cases", "Value", 1)
    sheet.put("Cases", "Eligible", "Value", "yes", case="1")
    for heading, text in {"Value": "3", "As printed": "3-year-old girl", "Where": "Case report"}.items():
        sheet.put("Cases", "Age", heading, text, case="1")
    sheet.put("Cases", "Sex", "Value", "female", case="1")
    sheet.put("Cases", "Country", "Value", "not reported", case="1")
    sheet.put("Cases", "Symptoms", "Value", "fever; rash", case="1")
    sheet.put("Cases", "Ferritin", "Value", "1271.4", case="1")
    sheet.put("Cases", "Ferritin", "When", "admission", case="1")
    row = sheet.spare("Cases", "Ferritin", "1")
    sheet.book["Cases"].cell(row, sheet.column("Cases", "Value")).value = "<280"
    sheet.book["Cases"].cell(row, sheet.column("Cases", "When")).value = "day 20"
    for heading, text in {"Drug": "tocilizumab", "Dose": 8, "Unit": "mg/kg", "Start": "day 3"}.items():
        sheet.put("Treatments", "Treatment", heading, text, case="1")
    sheet.put("Cases", "Eligible", "Value", "no", case="2")
    sheet.put("Cases", "Reason, if not eligible", "Value", "other-drug", case="2")
    save(review / "doe.xlsx", sheet)

    dry = casetable("import-cases", "doe.xlsx", "--dry-run", cwd=review)
    assert (dry.code, dry.out) == (0, f"would write {REPORT}\n")
    assert not (review / REPORT).exists()
    ran = casetable("import-cases", "doe.xlsx", "--by", "B. Curator", cwd=review)
    assert (ran.code, ran.out) == (0, f"wrote {REPORT}\n")
    text = (review / REPORT).read_text()
    lines = [line.partition("  #")[0].rstrip() for line in text.splitlines() if not line.lstrip().startswith("#")]
    when = next(line for line in lines if line.startswith("  when: "))
    assert [line for line in lines if line and line != when] == [
        "schema: 1",
        "report: pmid:11",
        "access: full text",
        "extracted:",
        "  by: B. Curator",
        "cases_in_report: 2",
        "eligible_cases: 1",
        "cases:",
        "  - case: 1",
        "    eligible: yes",
        "    age_years: {value: 3, reported: 3-year-old girl, where: Case report}",
        "    sex: female",
        "    country: not reported",
        "    weight_kg:",
        "    symptoms: [fever, rash]",
        "    ferritin:",
        "      - {value: 1271.4, when: admission}",
        '      - {value: "<280", when: day 20}',
        "    treatment:",
        "      - {drug: tocilizumab, dose: 8, unit: mg/kg, start: day 3}",
        "  - case: 2",
        "    eligible: no",
        "    reason: other-drug",
    ]
    assert (
        "    age_years: {value: 3, reported: 3-year-old girl, where: Case report}  # Age; number in year, 0 to 120\n"
        in text
    )

    again = casetable("import-cases", "doe.xlsx", cwd=review)
    assert (again.code, again.out) == (0, f"{REPORT} says all of it already; nothing was written\n")
    assert (review / REPORT).read_text() == text
    assert casetable("template", "doe-2020", "--out", "second.xlsx", cwd=review).code == 0
    assert casetable("import-cases", "second.xlsx", cwd=review).code == 0
    assert casetable("template", "pmid:11", "--out", "third.xlsx", cwd=review).code == 0
    assert (review / REPORT).read_text() == text
    assert (review / "second.xlsx").read_bytes() == (review / "third.xlsx").read_bytes()
    shown = cells_of((review / "second.xlsx").read_bytes()).values()
    assert {"3-year-old girl", "fever; rash", "<280", "tocilizumab", "mg/kg", "other-drug"} <= set(shown)


def test_an_edit_keeps_the_comments_and_every_other_byte(review: Path) -> None:
    path = review / REPORT
    path.write_bytes(
        path.read_bytes().replace(b"age_years: 3", b"age_years: 3  # as the girl's mother said").replace(b"\n", b"\r\n")
    )
    before = path.read_bytes()
    assert casetable("template", REPORT, "--out", "doe.xlsx", cwd=review).code == 0
    sheet = filled(review / "doe.xlsx")
    sheet.put("Cases", "Age", "Value", "4", case="1")
    sheet.put("Cases", "Weight", "Value", "12.5", case="1")
    save(review / "doe.xlsx", sheet)
    ran = casetable("import-cases", "doe.xlsx", cwd=review)
    assert (ran.code, ran.out) == (0, f"changed {REPORT} in 2 places\n")
    assert before.endswith(b"country: China\r\n")
    assert path.read_bytes() == before.replace(b"age_years: 3 ", b"age_years: 4 ") + b"    weight_kg: 12.5\r\n"


def test_all_faults_are_told_at_once_by_their_cells_and_nothing_is_written(review: Path) -> None:
    before = git(review, "status", "--porcelain")
    casetable("template", "doe-2020", "--out", "doe.xlsx", cwd=review)
    sheet = filled(review / "doe.xlsx")
    age = sheet.put("Cases", "Age", "Value", "three", case="1")
    sex = sheet.put("Cases", "Sex", "Value", "femail", case="1")
    weight = sheet.put("Cases", "Weight", "Value", "=1+2", case="1")
    access = sheet.put("Report", "Access", "Value", "some text")
    save(review / "doe.xlsx", sheet)
    ran = casetable("import-cases", "doe.xlsx", cwd=review)
    assert ran.code == 2
    assert ran.out.splitlines() == [
        f"doe.xlsx:{age}: E103 age_years: case 1: 'three' is not a number as 3, 12.5, 92-93 or <280",
        f"doe.xlsx:{sex}: E104 sex: case 1: 'femail' is not female or male; did you mean 'female'?",
        f"doe.xlsx:{weight}: X101 weight_kg: case 1: the formula '=1+2' stands here, and no formula is worked out; expected what it gives",
        f"doe.xlsx:{access}: F203 access: 'some text' is not full text, partial text, abstract or none",
    ]
    assert ran.err == "nothing was written; mend the cells named, and import again\n"
    told = json.loads(casetable("import-cases", "doe.xlsx", "--format", "json", cwd=review).out)
    assert told["problems"][0]["cell"] == age
    assert told["problems"][0]["path"] == "doe.xlsx"
    assert told["summary"] == {"changes": 0, "is_new": False, "is_written": False}
    assert git(review, "status", "--porcelain", "--untracked-files=no") == before


def test_what_cannot_be_done_is_told_in_one_line(review: Path) -> None:
    casetable("template", "--out", "blank.xlsx", cwd=review)
    ran = casetable("import-cases", "blank.xlsx", cwd=review)
    assert ran.code == 2
    assert ran.out.startswith(
        "blank.xlsx:Report: X102 report: does not say of which report it is; expected the key of its record behind 'Record'"
    )
    again = casetable("template", "--out", "blank.xlsx", cwd=review)
    assert (again.code, again.err) == (
        2,
        "casetable: blank.xlsx is there already, perhaps filled in; nothing was written; give another name\n",
    )
    (review / "a.csv").write_text("a,b\n")
    ran = casetable("import-cases", "a.csv", cwd=review)
    assert (ran.code, ran.err) == (
        2,
        "casetable: a.csv is no spreadsheet (a text or CSV file?); expected .xlsx as 'casetable template' writes it;"
        " nothing was written\n",
    )
    assert casetable("import-cases", "none.xlsx", cwd=review).err == (
        "casetable: none.xlsx cannot be read (No such file or directory)\n"
    )
    assert (
        "'pmid:404' is no record of this review" in casetable("template", "pmid:404", "--out", "x.xlsx", cwd=review).err
    )
    assert "expected the ending .xlsx" in casetable("template", "--out", "x.ods", cwd=review).err
    faulty = (review / REPORT).read_text()
    (review / REPORT).write_text(faulty + "    sexx: female\n")
    ran = casetable("template", "doe-2020", "--out", "x.xlsx", cwd=review)
    assert ran.code == 2
    assert "cannot be shown in a sheet as it stands" in ran.err
    assert "E102 sexx: case 1: the form has no field 'sexx'" in ran.err


def test_the_same_review_gives_the_same_bytes_anywhere(review: Path, tmp_path: Path) -> None:
    other = tmp_path / "other folder"
    shutil.copytree(review, other)
    casetable("template", "doe-2020", "--out", "a.xlsx", cwd=review)
    casetable(
        "template", "doe-2020", "--out", "b.xlsx", cwd=other, TZ="Pacific/Auckland", LC_ALL="C", PYTHONHASHSEED="7"
    )
    assert (review / "a.xlsx").read_bytes() == (other / "b.xlsx").read_bytes()


def test_a_template_that_comes_back_as_it_was_changes_no_report_of_the_flagship(flagship: Path, tmp_path: Path) -> None:
    names = sorted(path.stem for path in (flagship / "curated/reports").glob("*.yaml"))
    paths = []
    for name in names:
        path = tmp_path / f"{name}.xlsx"
        assert casetable("template", name, "--out", str(path), cwd=flagship).code == 0
        paths.append(path)
    saved = saved_by_libreoffice(paths, tmp_path) if shutil.which("soffice") else {}
    for name in names:
        data = saved.get(f"{name}.xlsx")
        if data is not None:
            assert b"LibreOffice" in data or data != (tmp_path / f"{name}.xlsx").read_bytes()
            (tmp_path / f"{name}.xlsx").write_bytes(data)
        ran = casetable("import-cases", str(tmp_path / f"{name}.xlsx"), cwd=flagship)
        assert (ran.code, ran.out) == (0, f"curated/reports/{name}.yaml says all of it already; nothing was written\n")
    assert git(flagship, "status", "--porcelain", "--untracked-files=no") == ""
