"""The flow diagram as `build` writes it: of the flagship, of an updated review, and of one that cannot be right."""

from __future__ import annotations

import csv
import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.conftest import example_files, write_files
from tests.e2e.conftest import casetable

SVG = "{http://www.w3.org/2000/svg}"
INDEX = "index_report: pmid:11\n"


def texts(path: Path) -> list[str]:
    return ["".join(each.itertext()) for each in ET.parse(path).iter(f"{SVG}text")]


def with_previous(folder: Path, previous: str) -> Path:
    files = example_files()
    changed = files["review.yaml"].replace(INDEX.encode(), f"{INDEX}previous: {previous}\n".encode())
    assert changed != files["review.yaml"]
    return write_files(folder, files | {"review.yaml": changed})


def test_the_flagships_diagram_goes_from_reports_to_patients_and_says_what_is_open(
    flagship: Path,
) -> None:
    ran = casetable("build", cwd=flagship)
    assert ran.code == 0, ran.err
    assert "does not add up" not in ran.err
    told = texts(flagship / "build" / "prisma.svg")
    assert "Provisional: 2 searches were never run; 1 possible overlap of patients awaits a ruling." in told
    # What of the template's words stands on one line.
    for line in (
        "Identification of studies via databases and registers",
        "Identification of studies via other methods",
        "Citation searching (n = 19)",
        "Own report (n = 1)",
        "Records excluded (n = 16)",
        "Reports sought for retrieval (n = 4)",
        "Reports not retrieved (n = 1)",
        "Studies included in review (n = 3)",
        "Reports with cases extracted (n = 4)",
        "of these, not retrieved (n = 1)",
        "Cases described in them (n = 10)",
        "Cases not eligible (n = 1):",
        "Eligible cases, in the table (n = 9)",
        "Same patient as another case (n = 0)",
        "Perhaps the same, not ruled on (n = 1)",
        "Unique patients (n = 9)",
        "Included",
    ):
        assert line in told, line
    assert "Previous studies" not in told
    png = (flagship / "build" / "prisma.png").read_bytes()
    assert int.from_bytes(png[16:20], "big") > 3000


def test_an_updated_review_has_the_version_before_and_the_totals(tmp_path: Path) -> None:
    folder = with_previous(tmp_path, "{studies: 12, reports: 14, cases: 15, patients: 13, of: 'Doe A, 2019'}")
    checked = casetable("check", cwd=folder)
    assert checked.code == 0, checked.out
    assert casetable("build", cwd=folder).code == 0
    told = " ".join(texts(folder / "build" / "prisma.svg"))
    for words in (
        "Identification of new studies via databases and registers",
        "Studies included in previous version of review (n = 12)",
        "Reports of studies included in previous version of review (n = 14)",
        "Cases (n = 15) Patients (n = 13) (Doe A, 2019)",
        "New studies included in review (n = 1) Reports of new included studies (n = 1)",
        "Total studies included in review (n = 13) Reports of total included studies (n = 15) Cases (n = 16) Patients (n = 14)",
    ):
        assert words in told
    with (folder / "build" / "prisma.csv").open(newline="") as file:
        rows = {row["data"]: row["n"] for row in csv.DictReader(file)}
    assert (rows["previous_studies"], rows["total_reports"], rows["database_specific_results"]) == (
        "12",
        "15",
        "PubMed, 1",
    )
    numbers = json.loads((folder / "build" / "prisma.json").read_text())
    assert (numbers["prisma"]["previous_reports"], numbers["cases"]["total_patients"]) == (14, 14)
    assert numbers["imbalances"] == []


def test_an_impossible_diagram_is_an_error_and_is_not_drawn_silently(tmp_path: Path) -> None:
    folder = with_previous(tmp_path, "{studies: 15, reports: 14}")
    checked = casetable("check", cwd=folder)
    assert checked.code == 1
    assert (
        "review.yaml:11:11: N101 previous: says 15 studies, but only 14 reports; expected no more studies than reports"
        in checked.out
    )
    built = casetable("build", cwd=folder)
    assert built.code == 0
    fault = "15 studies in the previous version, but only 14 reports of them"
    assert f"the flow diagram does not add up: {fault}" in built.err
    told = texts(folder / "build" / "prisma.svg")
    assert "This diagram does not add up:" in told
    assert fault in told
    assert told.count("Does not add up") == 1
    assert json.loads((folder / "build" / "prisma.json").read_text())["imbalances"] == [fault]


@pytest.mark.parametrize(
    ("previous", "told"),
    [
        ("{studies: -3, reports: a dozen}", "F203 studies: '-3' is not a whole number as 12"),
        ("{studies: -3, reports: a dozen}", "F203 reports: 'a dozen' is not a whole number as 12"),
        ("{reports: 12}", "F202 studies: is missing; expected how many studies the previous version included"),
        ("{studies: 1, reports: 1, patient: 1}", "F201 patient: 'patient' is not a key of this mapping"),
        ("12", "F203 previous: '12' is not a mapping of 'key: value' lines"),
    ],
)
def test_what_is_wrong_with_the_version_before_is_told_at_its_place(tmp_path: Path, previous: str, told: str) -> None:
    checked = casetable("check", cwd=with_previous(tmp_path, previous))
    assert checked.code != 0
    [line] = [line for line in checked.out.splitlines() if told in line]
    assert line.startswith("review.yaml:11:")
