"""Exports of other sources in a review, and undecided records on their way to a screening tool and back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.conftest import Ran, casetable, git

RIS = """\
TY  - JOUR
TI  - Zebra fever in foals: a case of quietol
AU  - Doe, Anna
AU  - Roe, Bo
T2  - Journal of Invented Medicine
PY  - 2020
VL  - 7
SP  - 11
EP  - 15
DO  - 10.1234/one
AB  - A foal was treated.
ER  -

TY  - JOUR
TI  - Knees of the okapi, measured in the wild
AU  - Poe, Cleo
PY  - 2019
ER  -
"""
BIBTEX = """\
@article{doe,
  title = {Zebra fever in foals: a case of quietol},
  author = {Doe, Anna and Roe, Bo},
  journal = {J Invent Med},
  year = 2020,
  volume = 7,
  pages = {11--15},
}
@article{poe,
  title = {Elbows of the okapi},
  author = {Poe, Cleo},
  year = 2018,
  doi = {10.1234/two},
}
"""
REVIEW = """\
schema: 1
title: An invented review
question: What became of foals?
eligibility:
  include: [a foal]
  exclude: [a horse]
exclusion_reasons:
  not-a-case: describes no individual patient
  other-animal: Wrong population
"""


@pytest.fixture
def review(tmp_path: Path) -> Path:
    casetable("init", "review", cwd=tmp_path)
    folder = tmp_path / "review"
    git(folder, "init", "-q")
    git(folder, "config", "user.name", "A. Curator")
    (folder / "review.yaml").write_text(REVIEW)
    (folder / "queries" / "main.yaml").unlink()
    (tmp_path / "scopus.ris").write_text(RIS)
    (tmp_path / "embase.bib").write_text(BIBTEX)
    return folder


def imported(review: Path, *arguments: str) -> Ran:
    return casetable("import", *arguments, cwd=review)


def test_two_sources_are_imported_joined_and_counted(review: Path) -> None:
    ran = imported(review, "../scopus.ris", "--source", "Scopus", "--searched", "2026-01-10")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (
        "scopus: 2 records of Scopus in 1 file, searched on 2026-01-10 by A. Curator (first search)\n"
        "wrote queries/scopus.yaml; put the query there as it was run\n"
        "next: casetable dedupe, to see what was joined, and casetable screen\n"
    )
    (review / "query.txt").write_text("#1 'zebra'/exp\n#2 #1 AND quietol\n")
    options = ("--source", "Embase", "--searched", "2026-01-12", "--by", "B. Searcher", "--strategy", "query.txt")
    ran = imported(review, "../embase.bib", *options)
    assert ran.out.splitlines()[:2] == [
        "embase: 2 records of Embase in 1 file, searched on 2026-01-12 by B. Searcher (first search)",
        "wrote queries/embase.yaml",
    ]
    assert (review / "queries" / "embase.yaml").read_text() == (
        "# yaml-language-server: $schema=../.casetable/schema/strategy.json\n# Run in Embase by hand; its exports come in with `casetable import`.\n"
        "schema: 1\n"
        "source: Embase\n"
        "purpose: the search of Embase\n"
        "strategy: |-\n"
        "  #1 'zebra'/exp\n"
        "  #2 #1 AND quietol\n"
    )
    line = json.loads((review / "queries" / "searches.jsonl").read_text().splitlines()[-1])
    assert (line["strategy"], line["source"], line["when"], line["count"], line["by"], line["term"]) == (
        "embase",
        "Embase",
        "2026-01-12T00:00:00Z",
        2,
        "B. Searcher",
        "#1 'zebra'/exp\n#2 #1 AND quietol",
    )
    assert [(file["name"], file["records"]) for file in line["files"]] == [("embase.bib", 2)]
    assert "A foal was treated" not in (review / "queries" / "records.jsonl").read_text()
    joined = casetable("dedupe", "--format", "json", cwd=review)
    [group] = json.loads(joined.out)["groups"]
    assert group["reasons"][0][2] == "the same place, authors and a like title"
    casetable("build", cwd=review)
    prisma = json.loads((review / "build" / "prisma.json").read_text())
    numbers = prisma["prisma"]
    assert (numbers["database_results"], numbers["duplicates"], numbers["records_screened"]) == (4, 1, 3)
    assert prisma["specific"]["database_specific_results"] == {"Embase": 2, "Scopus": 2}
    checked = casetable("check", cwd=review)
    assert "queries/scopus.yaml:3:1: Q109 warning: scopus: does not say how Scopus was searched" in checked.out
    assert "embase" not in "".join(line for line in checked.out.splitlines(keepends=True) if " Q109 " in line)
    log = casetable("log", cwd=review)
    assert "  Embase was searched by B. Searcher; imported from embase.bib (2)\n" in log.out


def test_a_later_export_takes_the_place_of_the_one_before(review: Path) -> None:
    imported(review, "../scopus.ris", "--source", "Scopus", "--searched", "2026-01-10")
    (review.parent / "later.ris").write_text(RIS.split("\n\n")[0] + "\n\nTY  - JOUR\nTI  - Ears of the okapi\nER  -\n")
    ran = imported(review, "../later.ris", "--source", "scopus", "--searched", "2026-02-10")
    assert ran.out.startswith(
        "scopus: 2 records of Scopus in 1 file, searched on 2026-02-10 by A. Curator (1 new, 1 gone)\n"
    )
    assert "Ears of the okapi" in ran.out
    status = json.loads(casetable("status", "--format", "json", cwd=review).out)
    assert (status["summary"]["reports_found"], status["summary"]["no_longer_found"]) == (3, 1)
    before = imported(review, "../scopus.ris", "--source", "Scopus", "--searched", "2026-01-01")
    assert (before.code, before.err) == (
        2,
        "casetable: the last search of scopus is of 2026-02-10, after 2026-01-01; expected the export of a later one\n",
    )


def test_two_records_of_one_doi_are_two_records_of_the_source(review: Path) -> None:
    (review.parent / "twice.ris").write_text(RIS + "\n" + RIS)
    ran = imported(review, "../twice.ris", "--source", "Scopus")
    assert ran.out.startswith("scopus: 4 records of Scopus")
    assert casetable("check", cwd=review).out.count(" Q104 ") == 0
    assert len(json.loads(casetable("dedupe", "--format", "json", cwd=review).out)["groups"]) == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["../scopus.ris", "--source", "PubMed"], "PubMed is searched from here; write a strategy in queries/"),
        (["../scopus.ris", "--source", " "], "the source has no name; expected one as --source Embase"),
        (["../scopus.ris", "--source", "Scopus", "--searched", "2999-01-01"], "2999-01-01 is yet to come"),
        (["../scopus.ris", "--source", "Scopus", "--by", " "], "a search needs a name; give --by"),
        (
            ["../none.ris", "--source", "Scopus"],
            "../none.ris: cannot be read: No such file or directory; nothing was written",
        ),
        (["../scopus.ris", "../scopus.ris", "--source", "Scopus"], "../scopus.ris is the same as ../scopus.ris"),
        (["review.yaml", "--source", "Scopus"], "no record in review.yaml; nothing was written"),
        (["../scopus.ris", "--source", "Scopus", "--name", "a/b"], "'a/b' is no name of a strategy"),
        (["../scopus.ris", "--source", "Scopus", "--strategy", "none.txt"], "none.txt: cannot be read"),
    ],
)
def test_what_cannot_be_imported_is_said_and_nothing_is_written(review: Path, arguments: list[str], told: str) -> None:
    before = sorted(path.name for path in (review / "queries").iterdir())
    ran = imported(review, *arguments)
    assert ran.code == 2
    assert told in ran.err
    assert ran.out == ""
    assert sorted(path.name for path in (review / "queries").iterdir()) == before


def test_a_broken_record_is_told_and_the_rest_is_imported(review: Path) -> None:
    (review.parent / "broken.ris").write_text(RIS + "\nTY  - JOUR\nAU  - Noe, Body\nER  -\n")
    ran = imported(review, "../broken.ris", "--source", "Scopus", "--dry-run")
    assert ran.err == "../broken.ris:20: is a record without title, DOI or PMID; expected 'TI  - ' in it\n"
    assert ran.out.startswith("scopus: 2 records of Scopus")
    assert ran.out.endswith("would write queries/scopus.yaml; put the query there as it was run\nnothing was written\n")
    assert not (review / "queries" / "scopus.yaml").exists()


def test_an_imported_strategy_is_neither_refreshed_nor_linted(review: Path) -> None:
    imported(review, "../scopus.ris", "--source", "Scopus")
    assert casetable("refresh", cwd=review).code == 0
    named = casetable("refresh", "scopus", cwd=review)
    assert (named.code, named.err) == (
        2,
        "casetable: Scopus is not searched from here; search it there, and then: casetable import FILE --source Scopus\n",
    )


# --- to a screening tool and back -------------------------------------------------------------------------------------


def sent(review: Path) -> str:
    imported(review, "../scopus.ris", "--source", "Scopus")
    imported(review, "../embase.bib", "--source", "Embase")
    ran = casetable("screen", "--export", "out.ris", cwd=review)
    assert ran.code == 0
    assert ran.out.splitlines()[:2] == [
        "wrote 3 undecided reports to out.ris",
        "  2 of them without an abstract: abstracts are kept in the cache only, which has none of these",
    ]
    return (review / "out.ris").read_text()


def test_undecided_records_go_to_rayyan_and_come_back_decided(review: Path) -> None:
    text = sent(review)
    assert text.count("TY  - JOUR") == 3
    assert "AB  - A foal was treated.\n" in text
    assert "N1  - casetable-record: doi:10.1234/two\n" in text
    elbows, zebra, knees = (text.index(word) for word in ("Elbows", "Zebra fever", "Knees"))
    notes = {
        elbows: 'RAYYAN-INCLUSION: {"Anna"=>"Excluded", "Bo"=>"Excluded"} | RAYYAN-EXCLUSION-REASONS: no foal,wrong population',
        zebra: 'RAYYAN-INCLUSION: {"Anna"=>"Included"} | RAYYAN-LABELS: nice',
        knees: 'RAYYAN-INCLUSION: {"Anna"=>"Included", "Bo"=>"Excluded"}',
    }
    for at, note in sorted(notes.items(), reverse=True):
        end = text.index("ER  -", at)
        text = f"{text[:end]}N1  - {note}\n{text[end:]}"
    (review / "back.ris").write_text(text)
    ran = casetable("screen", "--decisions", "back.ris", cwd=review)
    assert ran.out == (
        "recorded 2 decisions: 1 to include, 1 to exclude\n"
        "left open (1)\n"
        "  'Knees of the okapi, measured in the wild' is not agreed on: Anna include, Bo exclude\n"
    )
    decided = (review / "curated" / "screening.yaml").read_text()
    assert "    reason: other-animal\n    by: Anna, Bo\n    when: " in decided
    assert '    note: "reason given: no foal"\n' in decided
    assert "    decision: include\n    by: Anna\n" in decided
    again = casetable("screen", "--decisions", "back.ris", cwd=review)
    assert again.out.startswith(
        "recorded 0 decisions: 0 to include, 0 to exclude\n  2 records decided the same before\n"
    )
    assert (review / "curated" / "screening.yaml").read_text() == decided


def test_decisions_of_asreview_need_a_name_and_a_reason(review: Path) -> None:
    sent(review)
    (review / "back.csv").write_text(
        "title,doi,included\n"
        "Elbows of the okapi,10.1234/two,0\n"
        "ZEBRA FEVER IN FOALS - a case of quietol,,1\n"
        '"Knees of the okapi, measured in the wild",,\n'
        "Nobody knows this,10.1234/none,1\n"
    )
    ran = casetable("screen", "--decisions", "back.csv", cwd=review)
    assert ran.out == (
        "recorded 0 decisions: 0 to include, 0 to exclude\n"
        "  1 record that nobody decided on there\n"
        "left open (3)\n"
        "  'Nobody knows this' is no record of this review\n"
        "  'Elbows of the okapi' is excluded without a reason of the protocol; give --reason;"
        " was decided by nobody who is named; give --by\n"
        "  'ZEBRA FEVER IN FOALS - a case of quietol' was decided by nobody who is named; give --by\n"
    )
    options = ("--by", "A. Curator", "--reason", "not-a-case")
    ran = casetable("screen", "--decisions", "back.csv", *options, "--dry-run", cwd=review)
    assert ran.out.startswith("would record 2 decisions: 1 to include, 1 to exclude\n")
    ran = casetable("screen", "--decisions", "back.csv", *options, cwd=review)
    assert ran.out.startswith("recorded 2 decisions: 1 to include, 1 to exclude\n")
    status = json.loads(casetable("status", "--format", "json", cwd=review).out)["summary"]
    assert (status["included"], status["excluded"], status["undecided"]) == (1, 1, 1)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ["--decisions", "out.ris"],
            "no decision in out.ris; expected an export of Rayyan or ASReview with its decisions",
        ),
        (["--decisions", "none.ris"], "none.ris: cannot be read"),
        (["--decisions", "out.ris", "--export", "x.ris"], "--export and --decisions each stand alone"),
        (["--reason", "not-a-case"], "--reason goes with --decisions"),
        (["--export", "."], ". is a folder; expected the name of a file"),
    ],
)
def test_what_cannot_be_exchanged_is_said(review: Path, arguments: list[str], told: str) -> None:
    sent(review)
    ran = casetable("screen", *arguments, cwd=review)
    assert ran.code == 2
    assert told in ran.err


def test_votes_of_several_files_are_one_vote_and_a_wrong_key_decides_nothing(review: Path) -> None:
    text = sent(review)
    zebra = text[text.index("TY  - JOUR\nTI  - Zebra") :].split("\n\n")[0]
    for name, vote in (("a", '"Anna"=>"Included"'), ("b", '"Bo"=>"Excluded"')):
        (review / f"{name}.ris").write_text(zebra.replace("ER  -", f"N1  - RAYYAN-INCLUSION: {{{vote}}}\nER  -"))
    for order in (("a", "b"), ("b", "a")):
        files = [part for name in order for part in ("--decisions", f"{name}.ris")]
        ran = casetable("screen", *files, cwd=review)
        assert ran.out.startswith("recorded 0 decisions")
        assert "is not agreed on: " in ran.out
    stolen = zebra.replace("casetable-record: doi:10.1234/one", "casetable-record: doi:10.1234/two")
    (review / "c.ris").write_text(stolen.replace("ER  -", 'N1  - RAYYAN-INCLUSION: {"Anna"=>"Included"}\nER  -'))
    ran = casetable("screen", "--decisions", "c.ris", cwd=review)
    assert "may be one of several records: doi:10.1234/two and doi:10.1234/one\n" in ran.out


def test_an_export_does_not_take_the_place_of_the_reviews_files(review: Path) -> None:
    sent(review)
    before = (review / "curated" / "screening.yaml").read_text()
    ran = casetable("screen", "--export", "curated/screening.yaml", cwd=review)
    assert ran.code == 2
    assert "is a name of the review's own files; expected one as undecided.ris" in ran.err
    assert (review / "curated" / "screening.yaml").read_text() == before


def test_a_record_that_gains_a_doi_keeps_its_key(review: Path) -> None:
    imported(review, "../scopus.ris", "--source", "Scopus", "--searched", "2026-01-10")
    (review.parent / "later.ris").write_text(RIS.replace("AU  - Poe, Cleo\n", "AU  - Poe, Cleo\nDO  - 10.1234/knees\n"))
    ran = imported(review, "../later.ris", "--source", "Scopus", "--searched", "2026-02-10")
    assert "(0 new, 0 gone)" in ran.out
