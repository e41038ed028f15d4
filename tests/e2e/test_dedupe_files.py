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

possible pairs, for a person to decide (1); --explain A B compares two, --rulings FILE settles them
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
        "linked": 0,
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
        "    Zebra fever in foals: a randomized trial of quietol",
        "    Zebra fever in foals: a randomized trial of quietol.",
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
        (
            ("--clusters", "x.csv"),
            "no FILE to deduplicate, and no review: FOLDER is not in a review: no review.yaml here or above;"
            " 'casetable init DIR' writes a new review",
        ),
        (("a.csv", "--clusters", "."), ". is a folder; expected the name of a file"),
    ],
)
def test_wrong_usage(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    ran = dedupe(tmp_path, *arguments)
    assert ran.code == 2
    assert ran.err == f"casetable: {message}\n".replace("FOLDER", str(tmp_path))


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


RULINGS = """\
schema: 1
same:
  - records: ["4", "5"]
    by: A. Curator
    when: 2026-01-15
different:
  - records: ["1", "2"]
    by: A. Curator
    when: 2026-01-15
  - records: ["1", "9"]
    by: A. Curator
    when: 2026-01-15
"""


def test_one_record_a_report_comes_on_stdout_and_the_page_on_stderr(tmp_path: Path) -> None:
    ran = dedupe(tmp_path, "b.nbib", "a.csv", "--to", "ris")
    assert ran.code == 0
    assert ran.out.splitlines()[:16] == [
        "TY  - JOUR",
        "TI  - Zebra fever in foals: a randomized trial of quietol.",
        "AU  - Doe, Anna",
        "T2  - Journal of Invented Medicine",
        "J2  - J Invent Med",
        "VL  - 7",
        "IS  - 2",
        "SP  - 11",
        "EP  - 5",
        "PY  - 2020",
        "DA  - 2020/03",
        "DO  - 10.1234/one",
        "AN  - 90000001",
        "DB  - PubMed",
        "ER  - ",
        "",
    ]
    assert ran.out.count("TY  - JOUR") == 4
    assert ran.err.startswith("6 records of 2 files: 4 reports, 2 duplicates in 1 group\n")


def test_a_csv_stays_the_csv_that_it_was(tmp_path: Path) -> None:
    ran = dedupe(tmp_path, "a.csv", "--to", "csv", "--out", "out.csv")
    assert ran.out.startswith("5 records of 1 file: 4 reports, 1 duplicate in 1 group\n")
    rows = CSV.splitlines(keepends=True)
    with (tmp_path / "out.csv").open(newline="") as file:
        read = list(csv.DictReader(file))
    assert list(read[0]) == rows[0].strip().split(",")
    assert [row["record_id"] for row in read] == ["1", "3", "4", "5"]
    assert (read[0]["doi"], read[0]["pmid"], read[0]["source"]) == ("10.1234/one", "90000001", "Scopus")


def test_every_record_is_written_where_none_is_to_be_merged(tmp_path: Path) -> None:
    dedupe(tmp_path, "a.csv", "--to", "csv", "--out", "out.csv", "--keep-all")
    with (tmp_path / "out.csv").open(newline="") as file, (tmp_path / "a.csv").open(newline="") as before:
        assert list(csv.reader(file)) == list(csv.reader(before))


def test_rulings_win_and_one_of_unknown_records_is_told(tmp_path: Path) -> None:
    (tmp_path / "rulings.yaml").write_text(RULINGS)
    ran = dedupe(tmp_path, "a.csv", "--rulings", "rulings.yaml", "--format", "json")
    value = json.loads(ran.out)
    assert value["groups"] == [["4", "5"]]
    assert value["possible"] == []
    assert ran.err == "rulings.yaml:10:5: 9 is no record of the files\n"


def test_rulings_that_contradict_each_other_keep_records_apart(tmp_path: Path) -> None:
    (tmp_path / "rulings.yaml").write_text(
        RULINGS.replace('["4", "5"]', '["1", "2"]').replace('["1", "9"]', '["4", "5"]')
    )
    ran = dedupe(tmp_path, "a.csv", "--rulings", "rulings.yaml", "--format", "json")
    assert json.loads(ran.out)["groups"] == []
    assert ran.err == "rulings.yaml: 1 and 2 are ruled the same, but 1 and 2 different; kept apart\n"


def test_a_merge_is_told_whole_so_that_it_can_be_undone(tmp_path: Path) -> None:
    dedupe(tmp_path, "a.csv", "b.nbib", "--merges", "merges.jsonl")
    [line] = (tmp_path / "merges.jsonl").read_text().splitlines()
    value = json.loads(line)
    assert value["record"] == "pmid:90000001"
    assert value["fields"]["doi"] == ["1"]
    assert [pair[:2] for pair in value["because"]] == [["1", "2"], ["1", "pmid:90000001"], ["2", "pmid:90000001"]]
    assert [record["id"] for record in value["records"]] == ["1", "2", "pmid:90000001"]
    assert dict(value["records"][0]["cells"])["journal"] == "Journal of Invented Medicine"
    assert value["records"][2]["text"] == NBIB.rstrip("\n")


def test_a_preprint_is_linked_with_its_article_and_merged_where_asked(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text(
        "record_id,title,authors,year,journal,volume,pages,doi\n"
        'p,"Zebra fever in foals: a randomized trial","Doe, A.; Roe, B.",2019,medRxiv,,,10.1101/2019.01.01.1\n'
        'a,"Zebra fever in foals: a randomized trial","Doe, A.; Roe, B.",2020,J Invent Med,7,11-15,10.1234/one\n'
    )
    ran = casetable("dedupe", "p.csv", cwd=tmp_path)
    assert (
        ran.out
        == """\
2 records of 1 file: 2 reports, 0 duplicates in 0 groups

preprints and their articles, which are two reports of one work (1); --preprints merges them
  p and a
"""
    )
    casetable("dedupe", "p.csv", "--pairs", "pairs.csv", cwd=tmp_path)
    assert "p,a,linked,a preprint and its article" in (tmp_path / "pairs.csv").read_text()
    ran = casetable("dedupe", "p.csv", "--preprints", "--format", "json", cwd=tmp_path)
    assert json.loads(ran.out)["groups"] == [["p", "a"]]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ["--to", "nbib"],
            "3 records have no PMID, without which nbib holds no record; expected another format, as ris",
        ),
        (["--out", "x.ris"], "--out and --keep-all are of the records that --to writes; expected --to FORMAT"),
        (["--to", "ris", "--format", "json"], "would be mixed on stdout; expected --out FILE"),
        (["--to", "ris", "--out", "."], ". is a folder; expected the name of a file"),
        (["--to", "ris", "--out", "a.csv"], "--out would write over a.csv, which is read; expected another file"),
        (["--pairs", "x", "--merges", "x"], "--merges and --pairs would both write x; expected two files"),
        (["--rulings", "none.yaml"], "none.yaml: cannot be read: No such file or directory"),
        (["--rulings", "a.csv"], "a.csv:"),
    ],
)
def test_what_cannot_be_done_with_files_is_said(tmp_path: Path, arguments: list[str], told: str) -> None:
    ran = dedupe(tmp_path, "a.csv", *arguments)
    assert ran.code == 2
    assert told in ran.err
    assert ran.out == ""


def test_a_reviews_own_records_come_in_any_format_under_its_rulings(tmp_path: Path) -> None:
    casetable("init", "review", cwd=tmp_path)
    review = tmp_path / "review"
    (review / "queries" / "records.jsonl").write_text(
        '{"schema": 1, "key": "pmid:11", "pmid": "11", "origin": "PubMed", "title": "Zebra fever"}\n'
        '{"schema": 1, "key": "pmid:12", "pmid": "12", "origin": "PubMed", "title": "Zebra cough"}\n'
    )
    (review / "curated" / "duplicates.yaml").write_text(
        "schema: 1\nsame:\n  - records: [pmid:11, pmid:12]\n    by: A. Curator\n    when: 2026-01-15\n"
    )
    ran = casetable("dedupe", "--to", "csl-json", cwd=review)
    assert ran.code == 0
    assert [item["PMID"] for item in json.loads(ran.out)] == ["11"]
