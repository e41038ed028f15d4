"""lint, match and the known-item gate as a user meets them: exit code, answer, and the files afterwards."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

import pytest

from casetable.formats.articles import Stored
from casetable.mirror import Mirror, serve
from casetable.model.article import Article, Heading, Person, Section
from tests.conftest import TODAY
from tests.e2e.conftest import REPOSITORY, casetable, commit_all, environment, git

MAIN = "queries/main.yaml"
FAULTY = """\
# The strategy.
schema: 1
source: PubMed
purpose: an invented strategy
strategy: >-
  (dermatomyositis OR myositis)[tiab]  # the disease
  and “tocilizumab”[tiab]
  AND intervent∗[ti]
must_find: [pmid:11]
"""


def write_main(review: Path, text: str) -> None:
    (review / MAIN).write_text(text, encoding="utf-8")


# --- lint -------------------------------------------------------------------------------------------------------------


def test_lint_names_file_line_and_column_and_points(example: Path) -> None:
    write_main(example, FAULTY)
    ran = casetable("lint", "main", cwd=example)
    assert ran.code == 1
    assert ran.out.splitlines()[:6] == [
        "queries/main.yaml:6:32: L103 main: the tag [tiab] stands behind a group, where PubMed ignores it;"
        " expected it behind each term",
        "    (dermatomyositis OR myositis)[tiab]  # the disease",
        "                                 ^^^^^^",
        "queries/main.yaml:8:16: L106 main: '∗' (U+2217) is no '*', so PubMed searches for the whole word 'intervent';"
        " expected '*'",
        "    AND intervent∗[ti]",
        "                 ^",
    ]
    assert "queries/main.yaml:7:7: L117 note: main: 2 quotes are typographic, as '“'; expected '\"'" in ran.out
    assert ran.out.splitlines()[-1] == (
        "linted 1 strategy: 2 errors, 0 warnings, 2 notes; 'casetable lint --fix' mends 4 of them"
    )


def test_lint_as_json_has_start_and_end(example: Path) -> None:
    write_main(example, FAULTY)
    ran = casetable("lint", "--format", "json", cwd=example)
    value = json.loads(ran.out)
    assert value["summary"] == {"strategies": 1, "errors": 2, "warnings": 0, "notes": 2, "fixable": 4}
    [problem] = [each for each in value["problems"] if each["code"] == "L106"]
    assert problem == {
        "path": "queries/main.yaml",
        "line": 8,
        "column": 16,
        "code": "L106",
        "severity": "error",
        "field": "main",
        "message": "'∗' (U+2217) is no '*', so PubMed searches for the whole word 'intervent'; expected '*'",
        "hint": "",
        "start": 88,
        "end": 89,
    }
    [quotes] = [each for each in value["problems"] if each["code"] == "L117"]
    assert (quotes["start"], quotes["end"], quotes["also"]) == (55, 56, [{"start": 67, "end": 68}])
    [fix] = [each for each in value["fixes"] if each["code"] == "L106"]
    assert fix["edits"] == [{"start": 88, "end": 89, "text": "*"}]


def test_lint_at_the_lines_of_a_pull_request_the_gravest_first(example: Path) -> None:
    write_main(example, FAULTY)
    ran = casetable("lint", "queries/main.yaml", "--format", "github", cwd=example)
    assert ran.code == 1
    assert [line.split(" ")[0] for line in ran.out.splitlines()] == ["::error", "::error", "::notice", "::notice"]
    assert ran.out.startswith("::error file=queries/main.yaml,line=6,col=32,title=L103::main: the tag [tiab] stands")


def test_a_line_that_yaml_takes_for_a_comment_is_told(example: Path) -> None:
    write_main(example, "schema: 1\nsource: PubMed\npurpose: p\nstrategy: #1 asthma[tiab]\n")
    told = casetable("check", cwd=example).out
    assert "YAML takes '#1 …' behind 'strategy:' for a comment; write the lines below 'strategy: |'" in told


def test_fix_mends_the_file_and_nothing_else_of_it(example: Path) -> None:
    write_main(example, FAULTY)
    (example / ".gitignore").write_text(".casetable/\n")
    commit_all(example)
    dry = casetable("lint", "--fix", "--dry-run", cwd=example)
    assert dry.out.splitlines()[0] == "would mend queries/main.yaml: 7 edits"
    assert git(example, "status", "--porcelain") == ""
    ran = casetable("lint", "--fix", cwd=example)
    assert ran.code == 0
    assert ran.out.splitlines() == [
        "mended queries/main.yaml: 7 edits",
        "linted 1 strategy: 0 errors, 0 warnings, 0 notes",
    ]
    expected = FAULTY.replace("(dermatomyositis OR myositis)[tiab]", "(dermatomyositis[tiab] OR myositis[tiab])")
    expected = expected.replace("and “tocilizumab”", 'AND "tocilizumab"').replace("∗", "*")
    assert (example / MAIN).read_text(encoding="utf-8") == expected
    assert casetable("lint", "--fix", cwd=example).out == "linted 1 strategy: 0 errors, 0 warnings, 0 notes\n"


def test_what_the_yaml_cannot_take_is_left_and_told(example: Path) -> None:
    plain = "schema: 1\nsource: PubMed\npurpose: p\nstrategy: asthma control[tiab:~2]\n"
    write_main(example, plain)
    ran = casetable("lint", "--fix", cwd=example)
    assert ran.code == 1
    assert ran.err == (
        "queries/main.yaml cannot be mended as it is written in YAML; write the strategy below 'strategy: >-', indented,"
        " and run this again\n"
    )
    assert (example / MAIN).read_text() == plain


def test_a_strategy_that_stands_in_no_file(tmp_path: Path) -> None:
    ran = casetable("lint", "--strategy", "asthma[tiabb]", cwd=tmp_path)
    assert ran.code == 1
    assert ran.out.splitlines()[:3] == [
        "strategy:1:7: L102 PubMed knows no tag [tiabb] and ignores it; expected one of its tags, as [tiab] or [mh];"
        " did you mean 'tiab'?",
        "    asthma[tiabb]",
        "          ^^^^^^^",
    ]
    fixed = casetable("lint", "--fix", "--strategy", "a1∗[ti] OR asthma∗[ti]", cwd=tmp_path)
    assert fixed.out == "a1*[ti] OR asthma*[ti]\n"
    assert fixed.code == 1
    assert "strategy:1:1: L107 'a1*' has 2 characters before '*'" in fixed.err
    piped = subprocess.run(
        [sys.executable, "-m", "casetable", "lint", "--strategy", "-"],
        input="asthma[tiab]\nOR (wheeze[tiab]\n",
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment(),
        check=False,
    )
    assert piped.returncode == 1
    assert "strategy:2:17: L101 the group '(wheeze[tiab]' is never closed; expected ')'" in piped.stdout


def test_a_fault_is_accepted_with_a_reason_only_and_while_it_is_there(example: Path) -> None:
    text = FAULTY + "accepts:\n  - {rule: L103, reason: an invented reason}\n  - {rule: L106, reason: and another}\n"
    write_main(example, text)
    ran = casetable("lint", cwd=example)
    assert ran.code == 0
    assert "L103" not in ran.out
    write_main(example, text.replace("∗", "*"))
    told = casetable("lint", "--strict", cwd=example)
    assert told.code == 1
    assert (
        "queries/main.yaml:12:5: L140 main: L106 is accepted, but lint finds none; expected the entry removed"
        in told.out
    )
    write_main(example, FAULTY + "accepts:\n  - {rule: L999, reason: r}\n")
    assert (
        "L140 warning: main: there is no rule L999; expected one that 'casetable rules' lists"
        in casetable("lint", cwd=example).out
    )
    write_main(example, FAULTY + "accepts:\n  - {rule: L103}\n")
    assert "F202 reason: is missing; expected why the fault is accepted" in casetable("check", cwd=example).out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nothing",), "there is no strategy 'nothing' with a query text in queries/; there is main"),
        (("main", "--strategy", "a"), "a strategy is given by its name or by --strategy; expected one of them"),
        (("--dry-run",), "--dry-run is for --fix; without it nothing is written"),
    ],
)
def test_wrong_usage_of_lint(example: Path, arguments: tuple[str, ...], message: str) -> None:
    ran = casetable("lint", *arguments, cwd=example)
    assert (ran.code, ran.err) == (2, f"casetable: {message}\n")


# --- match ------------------------------------------------------------------------------------------------------------

NBIB = """\
PMID- 90000001
TI  - Zebra fever treated with zebrazumab.
AB  - A foal was given quietol.
AU  - Doe A
MH  - Zebras

PMID- 90000002
TI  - Zebra knee.
AU  - Roe B
"""
RIS = "TY  - JOUR\nTI  - Zebra fever in Utopia\nAB  - Nothing was given.\nDO  - 10.1234/ris\nER  - \n"


def test_match_says_what_is_found_missed_and_not_to_be_known(tmp_path: Path) -> None:
    (tmp_path / "a.nbib").write_text(NBIB)
    (tmp_path / "b.ris").write_text(RIS)
    query = "(zebra[ti] OR gnu[ti]) AND (quietol[tiab] OR zebrazumab[tiab])"
    ran = casetable("match", "--strategy", query, "a.nbib", "b.ris", cwd=tmp_path)
    assert ran.code == 0
    assert (
        ran.out
        == """\
the strategy over 3 records: 1 found, 1 missed, 1 cannot be known

why it cannot be known, and of how many records
        1  no abstract

   no.     hits    alone  unknown  term ('alone': hits that no other term brings)
     1        3        1        0  zebra[ti]
     2        0        0        0  gnu[ti]
     3        1        0        1  quietol[tiab]
     4        1        0        1  zebrazumab[tiab]

   no.     hits           unknown  block (a record must be in each, and in none behind NOT)
     1        3                 0  (zebra[ti] OR gnu[ti])
     2        1                 1  (quietol[tiab] OR zebrazumab[tiab])

records, and the terms that find each
  found            pmid:90000001  Zebra fever treated with zebrazumab.  [terms 1, 3, 4]
  cannot be known  pmid:90000002  Zebra knee.  [terms 1]
  missed           doi:10.1234/ris  Zebra fever in Utopia  [terms 1, missed by block 2]
"""
    )
    value = json.loads(casetable("match", "--format", "json", "--strategy", query, "a.nbib", "b.ris", cwd=tmp_path).out)
    assert value["summary"] == {"records": 3, "found": 1, "missed": 1, "unknown": 1, "terms": 4, "unread": 0}
    assert value["records"][1] == {
        "key": "pmid:90000002",
        "title": "Zebra knee.",
        "verdict": "cannot be known",
        "terms": [1],
        "missed_by": [],
        "open": [2],
        "unknown": ["no abstract"],
    }


def test_match_of_the_known_records_of_a_review(flagship: Path) -> None:
    value = json.loads(casetable("match", "synonyms", "--format", "json", cwd=flagship).out)
    assert value["summary"] == {"records": 20, "found": 3, "missed": 0, "unknown": 17, "terms": 29, "unread": 0}
    assert [(item["key"], item["verdict"], item["open"]) for item in value["known"]] == [
        ("doi:10.3389/fped.2024.1497168", "found", []),
        ("doi:10.1093/rheumatology/keaa906", "found", []),
        ("doi:10.12998/wjcc.v11.i22.5351", "cannot be known", [3]),
        ("doi:10.1097/cm9.0000000000001235", "found", []),
    ]
    keywords = json.loads(casetable("match", "paper-keywords", "--format", "json", cwd=flagship).out)
    assert keywords["summary"]["unknown"] == 20
    assert {"reason": "PubMed's mapping of words without a tag", "records": 20} in keywords["caveats"]
    (flagship / "one.ris").write_text(RIS)
    there = json.loads(casetable("match", "synonyms", "one.ris", "--format", "json", cwd=flagship).out)
    assert {item["verdict"] for item in there["known"]} == {"not among the records"}


def test_the_limits_of_a_strategy_are_part_of_it(example: Path) -> None:
    (example / "a.nbib").write_text(NBIB.replace("AU  - Doe A", "DP  - 1999 May\nAU  - Doe A"))
    for text in ("zebra[ti] OR gnu[ti]", "|\n  #1 zebra[ti]\n  #2 #1 OR gnu[ti]"):
        write_main(example, f"schema: 1\nsource: PubMed\npurpose: p\nstrategy: {text}\npublished: {{since: 2000}}\n")
        value = json.loads(casetable("match", "main", "a.nbib", "--format", "json", cwd=example).out)
        assert [record["verdict"] for record in value["records"]] == ["missed", "cannot be known"]
        assert value["blocks"][-1]["text"] == "2000:3000[dp]"
        assert value["records"][0]["missed_by"] == [2]


def test_a_file_that_cannot_be_read_is_told_and_the_others_are_linted(example: Path) -> None:
    write_main(example, FAULTY)
    (example / "queries/broken.yaml").write_text("schema: 1\nstrategy: [\n")
    (example / "queries/blank.yaml").write_text("schema: 1\nsource: PubMed\npurpose: p\nstrategy:\n")
    ran = casetable("lint", cwd=example)
    assert ran.code == 2
    assert "queries/broken.yaml:3:1: F104 " in ran.out
    assert "queries/blank.yaml:4:10: P102 strategy: a database search has no query text" in ran.out
    assert "queries/main.yaml:6:32: L103 main:" in ran.out
    blank = casetable("lint", "blank", cwd=example)
    assert (blank.code, "P102" in blank.out, "L103" in blank.out) == (1, True, False)
    matched = casetable("match", "blank", cwd=example)
    assert matched.code == 2


@pytest.mark.parametrize("command", ["lint paper-keywords", "match paper-keywords"])
def test_the_readme_shows_what_is_said(flagship: Path, command: str) -> None:
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    shown = readme.split(f"    $ casetable {command}\n", 1)[1]
    block = "\n".join(line.removeprefix("    ") for line in shown.split("\n\n\n")[0].split("\n"))
    block = block[: block.index("\n\n**" if command.startswith("lint") else "\n\nSo nine titles")]
    assert casetable(*command.split(), cwd=flagship).out.startswith(block + "\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "expected the name of a strategy, or --strategy TEXT, and files"),
        (("--strategy", "a"), "--strategy needs files to look into; expected one or more"),
        (
            ("--strategy", "a[ti", "x.ris"),
            "the strategy cannot be read:\nstrategy:1:2: '[' is never closed; expected ']' after the tag\n    a[ti\n     ^",
        ),
        (
            ("--strategy", "a[ti]", "none.ris"),
            "no record in none.ris\nnone.ris: cannot be read: No such file or directory",
        ),
    ],
)
def test_wrong_usage_of_match(tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    (tmp_path / "x.ris").write_text(RIS)
    ran = casetable("match", *arguments, cwd=tmp_path)
    assert (ran.code, ran.out, ran.err) == (2, "", f"casetable: {message}\n")


def test_a_broken_record_is_told_and_the_others_are_matched(tmp_path: Path) -> None:
    (tmp_path / "x.ris").write_text("TY  - JOUR\nER  - \n" + RIS)
    ran = casetable("match", "--strategy", "zebra[ti]", "x.ris", cwd=tmp_path)
    assert ran.code == 0
    assert ran.err == "x.ris:1: is a record without title, DOI or PMID; expected 'TI  - ' in it\n"
    assert "the strategy over 1 record: 1 found" in ran.out


def test_hostile_files_are_told_and_end(tmp_path: Path) -> None:
    record = '{"schema": 1, "key": "pmid:1", "origin": "pubmed", "title": "zebra", "year": "²²²²", "pmid": "1"}\n'
    (tmp_path / "digits.jsonl").write_text(record)
    (tmp_path / "half.jsonl").write_bytes(record.encode().replace(b"zebra", b"\xed\xa0\x80"))
    (tmp_path / "bomb.ris.gz").write_bytes(gzip.compress(b"TY  - JOUR\nTI  - " + b"A" * 40_000_000))
    os.mkfifo(tmp_path / "pipe")
    names = ("digits.jsonl", "half.jsonl", "bomb.ris.gz", "pipe")
    ran = casetable("match", "--strategy", "zebra[ti] AND 2020[dp]", *names, cwd=tmp_path)
    assert ran.code == 0
    assert "1 record: 0 found, 0 missed, 1 cannot be known" in ran.out
    assert ran.err.splitlines() == [
        "half.jsonl:1:1: F205 is not a JSON object; expected a line as `refresh` writes it",
        "bomb.ris.gz: unpacks to more than 60 times its size; expected a file of records",
        "pipe: cannot be read: is no file that ends",
    ]


def test_what_lint_prints_mended_is_the_mended_text(tmp_path: Path) -> None:
    piped = subprocess.run(
        [sys.executable, "-m", "casetable", "lint", "--strategy", "-", "--fix"],
        input=b"asthma[tiab] or\r\n\tcopd[tiab]\r\n",
        capture_output=True,
        cwd=tmp_path,
        env=environment(),
        check=False,
    )
    assert piped.stdout == b"asthma[tiab] OR\n\tcopd[tiab]\n\n"


def test_a_log_that_names_impossible_blocks_is_told_plainly(example: Path) -> None:
    log = example / "queries/searches.jsonl"
    lines = []
    for line in log.read_text().splitlines():
        value = json.loads(line)
        if value["strategy"] == "main":
            value |= {"count": 0, "added": [], "missed": {"pmid:11": ["9" * 5000, "²", "7", "0"]}}
        content = {name: told for name, told in value.items() if name != "id"}
        value["id"] = sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]
        lines.append(json.dumps(value))
    log.write_text("\n".join(lines) + "\n")
    ran = casetable("check", cwd=example)
    assert ran.code == 1
    assert "Q105 main: pmid:11 was not found" in ran.out


# --- the known-item gate ----------------------------------------------------------------------------------------------


def article(pmid: str, title: str, abstract: str, *headings: str, doi: str = "", day: str = "2020-03-05") -> Article:
    return Article(
        pmid=pmid,
        title=title,
        abstract=(Section(text=abstract),),
        authors=(Person(last="Doe", fore="Anna", initials="A"),),
        journal="Annals of invented medicine",
        journal_abbreviation="Ann Inv Med",
        published=day,
        headings=tuple(Heading(name=name) for name in headings),
        doi=doi,
        dates={"CRDT": day, "EDAT": day},
    )


LIBRARY = (
    article("90000001", "Zebra fever", "quietol was given", "Humans"),
    article("90000002", "Zebra fever again", "rest was given"),
    article("90000003", "Zebra fever in foals", "quietol was given", "Animals", doi="10.1234/three"),
    article("90000004", "Zebra fever of old", "quietol was given", day="1990-01-05"),
)
GATE = """\
schema: 1
source: PubMed
purpose: an invented strategy
strategy: |
  #1 zebra[tiab]   # the disease
  #2 quietol[tiab] OR gnu[tiab]
  #3 (#1 AND #2) NOT animals[mh]
published: {since: 2000}
must_find: [pmid:90000001, pmid:90000002, 'doi:10.1234/three', pmid:90000004, 'doi:10.1234/nowhere']
"""


@contextmanager
def mirrored(*articles: Article) -> Iterator[str]:
    with serve(Mirror([Stored(article=each) for each in articles], today=TODAY)) as url:
        yield url


def test_a_known_record_that_is_missed_is_told_with_what_loses_it(example: Path) -> None:
    write_main(example, GATE)
    before = casetable("check", cwd=example)
    assert "was edited since it was last run" in before.out
    with mirrored(*LIBRARY) as url:
        ran = casetable("refresh", "main", cwd=example, CASETABLE_EUTILS_URL=url)
    assert ran.code == 0, ran.err
    assert [line for line in ran.out.splitlines() if "known record" in line] == [
        "  known record pmid:90000002 was not found: block 2 loses it",
        "  known record doi:10.1234/three was not found: block 3 loses it",
        "  known record pmid:90000004 was not found: the limits of dates lose it",
        "  known record doi:10.1234/nowhere was not found: not in the source",
    ]
    assert f"  {url} answered, not PubMed itself" in ran.out.splitlines()
    line = json.loads((example / "queries/searches.jsonl").read_text().splitlines()[-1])
    assert line["server"] == url
    assert line["term"] == "( (zebra[tiab]) AND (quietol[tiab] OR gnu[tiab]) ) NOT animals[mh]"
    assert line["missed"] == {
        "pmid:90000002": ["2"],
        "doi:10.1234/three": ["3"],
        "pmid:90000004": ["dates"],
        "doi:10.1234/nowhere": ["not in the source"],
    }
    after = casetable("check", cwd=example)
    assert after.code == 1
    told = [line for line in after.out.splitlines() if "Q105" in line]
    head = "queries/main.yaml:9:"
    day = line["when"][:10]
    assert told == [
        f"{head}28: Q105 main: pmid:90000002 was not found by the last search, on {day}; block 2, '#2: quietol[tiab] OR gnu[tiab]', loses it",
        f"{head}43: Q105 main: doi:10.1234/three was not found by the last search, on {day};"
        " block 3, 'animals[mh]', takes it away",
        f"{head}64: Q105 main: pmid:90000004 was not found by the last search, on {day};"
        " the limits of the date of publication lose it",
        f"{head}79: Q105 main: doi:10.1234/nowhere was not found by the last search, on {day};"
        " the source has no record of it under its PMID or DOI",
    ]


def test_before_any_search_nothing_is_tested_and_an_edit_is_an_error_until_refreshed(example: Path) -> None:
    (example / "queries/second.yaml").write_text(GATE)
    ran = casetable("check", cwd=example)
    assert ran.code == 0
    assert "queries/second.yaml:1:1: Q101 warning: second: was never run; pmid:90000001, pmid:90000002," in ran.out
    assert "doi:10.1234/nowhere: not tested" in ran.out
    with mirrored(LIBRARY[0]) as url:
        narrow = GATE[: GATE.index("must_find")] + "must_find: [pmid:90000001]\n"
        (example / "queries/second.yaml").write_text(narrow)
        assert casetable("refresh", "second", cwd=example, CASETABLE_EUTILS_URL=url).code == 0
        assert "second" not in casetable("check", cwd=example).out
        # A comment is no edit, a term is one.
        (example / "queries/second.yaml").write_text(narrow.replace("# the disease", "# the condition"))
        assert "Q103" not in casetable("check", cwd=example).out
        (example / "queries/second.yaml").write_text(narrow.replace("gnu", "foal"))
        edited = casetable("check", cwd=example)
        assert edited.code == 1
        assert "queries/second.yaml:1:1: Q103 second: was edited since it was last run" in edited.out
        assert casetable("refresh", "second", cwd=example, CASETABLE_EUTILS_URL=url).code == 0
        assert "Q103" not in casetable("check", cwd=example).out


def test_a_strategy_that_does_not_parse_is_refused_before_anything_is_asked(example: Path) -> None:
    write_main(example, FAULTY.replace("myositis)[tiab]", "myositis[tiab]"))
    before = (example / "queries/searches.jsonl").read_bytes()
    ran = casetable("refresh", "main", cwd=example)
    assert ran.code == 2
    assert (
        ran.err
        == """\
casetable: the strategy cannot be read, and nothing was searched:
queries/main.yaml:6:37: main: the group '(dermatomyositis OR myositis[…' is never closed; expected ')', most likely here
    (dermatomyositis OR myositis[tiab]  # the disease
                                      ^
"""
    )
    assert (example / "queries/searches.jsonl").read_bytes() == before
    checked = casetable("check", cwd=example)
    assert checked.code == 1
    assert (
        "queries/main.yaml:6:37: L101 main: the group '(dermatomyositis OR myositis[…' is never closed" in checked.out
    )
    assert casetable("match", "main", cwd=example).code == 2
    assert casetable("lint", "main", cwd=example).code == 1


def test_who_wrote_and_who_reviewed_a_strategy(example: Path) -> None:
    text = (example / MAIN).read_text()
    signed = "written: {by: A. Searcher, when: 2026-01-02}\npeer_reviewed:\n  by: B. Searcher\n  when: 2026-01-15\n  note: PRESS\n"
    write_main(example, text + signed)
    assert casetable("check", cwd=example).code == 0
    # It was reviewed after the search of 10 January, and is another strategy now.
    write_main(example, text.replace("tocilizumab", "rituximab") + signed)
    assert (
        "queries/main.yaml:8:3: Q108 warning: main: was peer-reviewed by B. Searcher on 2026-01-15, and is another strategy"
        " now than it was on 2026-01-10" in casetable("check", cwd=example).out
    )
    # A review before the first search is of what was searched first.
    early = signed.replace("2026-01-15", "2026-01-03")
    write_main(example, text + early)
    assert casetable("check", cwd=example).code == 0
    write_main(example, text.replace("tocilizumab", "rituximab") + early)
    assert (
        "Q108 warning: main: was peer-reviewed by B. Searcher on 2026-01-03, and is another"
        in casetable("check", cwd=example).out
    )
    write_main(example, text + "written: A. Searcher\n")
    assert "queries/main.yaml:6:10: F203 written:" in casetable("check", cwd=example).out
