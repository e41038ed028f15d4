"""`dedupe` on files, outside any review."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.e2e.conftest import Ran, casetable

CSV = """\
record_id,title,authors,year,journal,volume,issue,pages,doi,pmid,abstract,source
1,"Zebra fever in foals: a randomized trial of quietol","Doe, Anna; Roe, Boris",2020,Journal of Invented Medicine,7,2,11-15,10.1234/one,,,Scopus
2,"Zebra fever in foals: a randomized trial of quietol.","Doe A; Roe B",2020,J Invent Med,7,,11-5,,90000001,,Embase
3,"Erratum: Zebra fever in foals: a randomized trial of quietol","Doe A; Roe B",2020,J Invent Med,7,,88,,,,Embase
4,"Knees of the okapi, measured in the wild","Poe, Carla",2019,Utopian Medical Journal,3,1,4,,,,Embase
5,"Knees of the okapi, measured in the wild","Poe, Carla",2019,Utopian Medical Journal,3,1,44,,,,CENTRAL
"""
NBIB = """\
PMID- 90000001
TI  - Zebra fever in foals: a randomized trial of quietol.
FAU - Doe, Anna
AU  - Doe A
DP  - 2020 Mar
TA  - J Invent Med
VI  - 7
PG  - 11-5
"""


def dedupe(folder: Path, *arguments: str) -> Ran:
    (folder / "a.csv").write_text(CSV)
    (folder / "b.nbib").write_text(NBIB)
    return casetable("dedupe", *arguments, cwd=folder)


def test_the_page(tmp_path: Path) -> None:
    ran = dedupe(tmp_path, "a.csv", "b.nbib")
    assert ran.code == 0
    assert (
        ran.out
        == """\
6 records of 2 files: 4 reports, 2 duplicates in 1 group

pairs of one report, by what makes them one
        2  the same place, authors and a like title
        1  the same PMID

possible pairs, for a person to decide (1); --explain A B compares two
  4 and 5: other pages
    Knees of the okapi, measured in the wild
"""
    )


def test_clusters_have_a_row_a_record_in_the_order_of_the_files(tmp_path: Path) -> None:
    ran = dedupe(tmp_path, "a.csv", "b.nbib", "--clusters", "out.csv", "--pairs", "pairs.csv", "--format", "json")
    assert (tmp_path / "out.csv").read_text() == ("record_id,cluster_id\n1,1\n2,1\n3,2\n4,3\n5,4\npmid:90000001,1\n")
    with (tmp_path / "pairs.csv").open(newline="") as file:
        pairs = list(csv.DictReader(file))
    assert [(p["id_a"], p["id_b"], p["verdict"]) for p in pairs] == [
        ("1", "2", "same"),
        ("1", "pmid:90000001", "same"),
        ("2", "pmid:90000001", "same"),
        ("4", "5", "possible"),
    ]
    value = json.loads(ran.out)
    assert value["summary"] == {
        "records": 6,
        "reports": 4,
        "duplicates": 2,
        "groups": 1,
        "possible": 1,
        "broken": 0,
        "unread": 0,
    }
    assert value["groups"] == [["1", "2", "pmid:90000001"]]


def test_the_order_of_the_rows_changes_no_group(tmp_path: Path) -> None:
    dedupe(tmp_path)
    head, *rows = CSV.splitlines()
    (tmp_path / "turned.csv").write_text("\n".join([head, *reversed(rows)]) + "\n")
    groups = [
        json.loads(casetable("dedupe", name, "--format", "json", cwd=tmp_path).out)["groups"]
        for name in ("a.csv", "turned.csv")
    ]
    assert [[sorted(group) for group in found] for found in groups] == [[["1", "2"]], [["1", "2"]]]


def test_why_two_records_are_one_or_are_not(tmp_path: Path) -> None:
    same = dedupe(tmp_path, "a.csv", "--explain", "1", "2")
    assert same.out.splitlines()[:4] == [
        "1 and 2: same (the same place, authors and a like title)",
        "  title: 100 % alike",
        "  abstract: missing",
        "  authors: agree",
    ]
    other = dedupe(tmp_path, "a.csv", "--explain", "1", "3")
    assert other.out.splitlines()[0] == "1 and 3: different (one is a notice, reply or comment)"
    unknown = dedupe(tmp_path, "a.csv", "--explain", "1", "9")
    assert (unknown.code, unknown.err) == (2, "casetable: there is no record '9' in the files\n")


def test_two_copies_of_one_file(tmp_path: Path) -> None:
    ran = dedupe(tmp_path, "b.nbib", "b.nbib", "--clusters", "out.csv")
    assert ran.out.startswith("2 records of 2 files: 1 report, 1 duplicate in 1 group\n")
    assert (tmp_path / "out.csv").read_text() == "record_id,cluster_id\npmid:90000001,1\npmid:90000001#2,1\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("none.csv",), "no record in none.csv\nnone.csv: cannot be read: No such file or directory"),
        (("--clusters", "x.csv"), "--clusters, --pairs and --cochrane-versions are for files; expected one or more"),
        (("a.csv", "--clusters", "."), ". is a folder; expected the name of a file"),
    ],
)
def test_wrong_usage(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    ran = dedupe(tmp_path, *arguments)
    assert ran.code == 2
    assert ran.err == f"casetable: {message}\n"


def test_exports_of_every_kind(tmp_path: Path) -> None:
    title = "Zebra fever in foals: a randomized trial of quietol"
    record = f"<titles><title>{title}</title></titles><electronic-resource-num>10.1234/one</electronic-resource-num>"
    (tmp_path / "e.xml").write_text(f"<xml><records><record>{record}</record></records></xml>")
    (tmp_path / "z.json").write_text(json.dumps([{"title": title, "DOI": "10.1234/one"}, {"author": []}]))
    (tmp_path / "w.txt").write_text(f"FN Clarivate\nVR 1.0\nPT J\nTI {title}\nDI 10.1234/ONE\nER\nEF\n")
    (tmp_path / "r.ris").write_text(f"TY  - JOUR\nTI  - {title}\nDO  - 10.1234/one\nER  - \n", encoding="utf-16")
    entry = f"title={{{title}}}, author={{Doe, Anna and Roe, Boris}}, doi={{10.1234/one}}"
    (tmp_path / "b.bib").write_text(f"@article{{one, {entry}}}\n")
    ran = casetable("dedupe", "e.xml", "z.json", "w.txt", "r.ris", "b.bib", cwd=tmp_path)
    assert ran.out.splitlines()[0] == "5 records of 5 files: 1 report, 4 duplicates in 1 group"
    assert "z.json:1: is a record without title, DOI or PMID; expected 'title' in it" in ran.out + ran.err
