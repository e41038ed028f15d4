"""refresh against a loopback server: what is asked, what is written, what a reader is told."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from casetable.formats.logs import read_records, read_searches
from tests.conftest import example_files, write_files
from tests.e2e.conftest import casetable, environment, git
from tests.e2e.eutils_server import Service

LOGS = ("queries/records.jsonl", "queries/searches.jsonl")


@pytest.fixture
def review(tmp_path: Path, service: Service) -> Path:
    """The example review before its first search; the service knows the records that it speaks of."""
    files = {name: data for name, data in example_files().items() if name not in LOGS}
    service.add("11", "An invented case", doi="10.1234/invented.1")
    service.add("12", "A second invented case", author="Moe", year="2022")
    service.found = ["11", "12"]
    return write_files(tmp_path / "review", files)


def lines(review: Path, name: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (review / "queries" / name).read_text().splitlines()]


def tree(review: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(review)): path.read_bytes()
        for path in sorted(review.rglob("*"))
        if path.is_file() and ".casetable" not in path.parts
    }


def test_first_refresh_asks_ncbi_as_it_wants_to_be_asked(review: Path, service: Service) -> None:
    service.warnings = {"quotedphrasesnotfound": ['"body battery"[tiab]']}
    ran = casetable(
        "refresh", cwd=review, CASETABLE_EUTILS_URL=service.url, NCBI_EMAIL="a@curator.example", NCBI_API_KEY=""
    )
    assert ran.code == 0, ran.err
    search, fetch = service.asked
    assert (search.method, search.utility) == ("POST", "esearch.fcgi")
    assert search.form == {
        "db": "pubmed",
        "term": "dermatomyositis AND tocilizumab",
        "retmode": "json",
        "retmax": "9999",
        "retstart": "0",
        "tool": "casetable",
        "email": "a@curator.example",
    }
    assert (fetch.method, fetch.utility) == ("POST", "efetch.fcgi")
    assert fetch.form == {
        "db": "pubmed",
        "retmode": "xml",
        "id": "12,11",
        "tool": "casetable",
        "email": "a@curator.example",
    }
    # 400 ms lie between two requests as they are sent (to the millisecond in the unit tests); here they arrive, and the
    # first one's connection has to be made.
    assert fetch.at - search.at >= 0.3

    main, own = sorted(lines(review, "searches.jsonl"), key=lambda line: str(line["strategy"]))
    assert main["count"] == 2
    assert main["added"] == ["pmid:11", "pmid:12"]
    assert main["removed"] == []
    assert main["previous"] == ""
    assert main["term"] == "dermatomyositis AND tocilizumab"
    assert main["translation"] == "(dermatomyositis AND tocilizumab[All Fields])"
    assert main["translations"] == [{"from": "dermatomyositis", "to": '"dermatomyositis"[MeSH Terms]'}]
    assert main["warnings"] == {"quotedphrasesnotfound": ['"body battery"[tiab]']}
    assert main["parameters"] == {"db": "pubmed", "retmode": "json", "retmax": "9999", "retstart": "0"}
    assert own["method"] == "own report"
    assert own["added"] == ["doi:10.1234/invented.2", "own:r1"]
    assert "curator" not in (review / "queries/searches.jsonl").read_text(), "who asked is in no file"

    records = {line["key"]: line for line in lines(review, "records.jsonl")}
    assert list(records) == sorted(records)
    assert records["pmid:11"]["title"] == "An invented case with italics."
    assert records["pmid:11"]["doi"] == "10.1234/invented.1"
    assert records["pmid:12"]["authors"] == ["Moe A"]
    assert "doi" not in records["pmid:12"], "a reference's DOI is not the record's"
    assert "Invented." not in (review / "queries/records.jsonl").read_text(), "no abstract is kept"

    assert "main: 2 hits at PubMed (first search)" in ran.out
    assert '  PubMed says quotedphrasesnotfound: "body battery"[tiab]' in ran.out
    assert "  new  pmid:12  Moe 2022. A second invented case with italics." in ran.out
    assert "undecided: 1 report; next: casetable screen" in ran.out


def test_refreshes_over_time(review: Path, service: Service) -> None:
    """Without change, with one new and one vanished record, and with a record known by DOI that comes with its PMID."""
    assert casetable("refresh", cwd=review, CASETABLE_EUTILS_URL=service.url).code == 0
    before = tree(review)

    service.asked.clear()
    second = casetable("refresh", cwd=review, CASETABLE_EUTILS_URL=service.url)
    assert service.utilities() == ["esearch.fcgi", "esearch.fcgi"], "no record is fetched again"
    assert re.fullmatch(
        r"\(11\[uid\] OR 12\[uid\]\) AND \d{4}/\d\d/\d\d:3000/12/31\[mdat\]", service.asked[1].form["term"]
    ), "one question for what changed"
    assert "main: 2 hits at PubMed (0 new, 0 gone)" in second.out
    assert "own: the list is unchanged" in second.out
    assert "fetched 0 records" in second.out
    after = tree(review)
    assert after.pop("queries/searches.jsonl").startswith(before.pop("queries/searches.jsonl"))
    assert after == before, "only a line of the log was added"
    assert len(lines(review, "searches.jsonl")) == 3

    service.asked.clear()
    service.add("13", "A third invented case", author="Noe")
    service.found = ["11", "13"]
    third = casetable("refresh", cwd=review, CASETABLE_EUTILS_URL=service.url)
    assert [asked.form.get("id") for asked in service.asked] == [
        None,
        None,
        "13,12",
    ], "what is not known is fetched, and what vanished, to see whether it still exists"
    assert "main: 2 hits at PubMed (1 new, 1 gone)" in third.out
    assert "  new  pmid:13  Noe 2020. A third invented case with italics." in third.out
    assert "  gone pmid:12  Moe 2022. A second invented case with italics." in third.out
    last = lines(review, "searches.jsonl")[-1]
    assert (last["added"], last["removed"]) == (["pmid:13"], ["pmid:12"])

    # 14 has the DOI of a record that was listed by hand and excluded: nobody is asked again.
    service.add("14", "Another invented report of a drug", author="Roe", year="2021", doi="10.1234/INVENTED.2")
    service.found = ["11", "13", "14"]
    fourth = casetable("refresh", cwd=review, CASETABLE_EUTILS_URL=service.url)
    assert "  new  pmid:14  Roe 2021." in fourth.out
    status = json.loads(casetable("status", "--records", "--format", "json", cwd=review).out)
    assert [item["keys"] for item in status["undecided"]] == [["pmid:13"]]
    [roe] = [item for item in status["records"] if "pmid:14" in item["keys"]]
    assert roe["keys"] == ["doi:10.1234/invented.2", "pmid:14"]
    assert (roe["standing"], roe["reason"]) == ("excluded on its record", "other-drug")
    why = casetable("dedupe", "--explain", "pmid:14", "doi:10.1234/invented.2", cwd=review)
    assert "pmid:14 and doi:10.1234/invented.2 are one report" in why.out
    assert "doi:10.1234/invented.2 and pmid:14: the same DOI and title" in why.out
    check = casetable("check", cwd=review)
    assert "nobody decided on pmid:13, Noe 2020" in check.out
    assert "pmid:14" not in check.out


def test_ids_that_are_not_returned_are_named_and_asked_for_again(review: Path, service: Service) -> None:
    service.found = ["11", "12", "404"]
    ran = casetable("refresh", cwd=review, CASETABLE_EUTILS_URL=service.url)
    assert "asked for and not returned: pmid:404" in ran.out
    main = next(line for line in lines(review, "searches.jsonl") if line["strategy"] == "main")
    assert (main["count"], main["added"], main["not_returned"]) == (3, ["pmid:11", "pmid:12"], ["pmid:404"])
    check = casetable("check", cwd=review).out
    assert "Q106 warning: main: PubMed counted pmid:404 on" in check
    assert "but gave no record of it; next: casetable refresh main" in check
    service.asked.clear()
    casetable("refresh", cwd=review, CASETABLE_EUTILS_URL=service.url)
    assert [asked.form.get("id") for asked in service.asked] == [None, None, "404", "404"], "once more, then it is told"


def test_passing_faults_are_outlived(review: Path, service: Service) -> None:
    whole = service.answer("esearch.fcgi", {"term": "x"})
    service.faults = [
        (
            429,
            {"Retry-After": "1"},
            b'{"error":"API rate limit exceeded","api-key":"203.0.113.7","count":"4","limit":"3"}\n',
        ),
        (200, {"Content-Length": str(len(whole))}, whole[:40]),
        (0, {}, b""),
        (500, {}, b"<html><title>NCBI/eutils202 - WWW Error 500 Diagnostic</title></html>"),
    ]
    ran = casetable("refresh", cwd=review, CASETABLE_EUTILS_URL=service.url)
    assert ran.code == 0, ran.err
    assert "main: 2 hits" in ran.out
    assert service.utilities() == ["esearch.fcgi"] * 5 + ["efetch.fcgi"]
    assert service.asked[1].at - service.asked[0].at >= 1.0, "Retry-After is honored"


def test_a_wrong_key_is_asked_once_and_never_shown(review: Path, service: Service) -> None:
    before = tree(review)
    service.faults = [(400, {}, b'{"error":"API key invalid","api-key":"s3cr3t","type":"invalid","status":"unknown"}')]
    ran = casetable("refresh", cwd=review, CASETABLE_EUTILS_URL=service.url, NCBI_API_KEY="s3cr3t")
    assert ran.code == 2
    assert ran.err == "casetable: PubMed refused the request: API key invalid\n"
    assert service.asked[0].form["api_key"] == "s3cr3t"
    assert len(service.asked) == 1
    assert "s3cr3t" not in ran.out + ran.err
    assert tree(review) == before


def test_unreachable_pubmed_ends_4_with_one_sentence_and_changes_nothing(review: Path) -> None:
    before = tree(review)
    ran = casetable("refresh", cwd=review)
    assert ran.code == 4
    assert ran.out == ""
    assert ran.err == "casetable: PubMed could not be reached (the connection was refused); nothing was changed\n"
    assert tree(review) == before


def test_a_hand_written_list_needs_no_network(review: Path) -> None:
    ran = casetable("refresh", "own", cwd=review)
    assert ran.code == 0, ran.err
    assert "own: 2 hits at by hand (first search)" in ran.out


def test_dry_run_writes_nothing(review: Path, service: Service) -> None:
    before = tree(review)
    ran = casetable("refresh", "--dry-run", cwd=review, CASETABLE_EUTILS_URL=service.url)
    assert ran.code == 0
    assert "fetched 2 records; nothing was written but the cache" in ran.out
    assert tree(review) == before


def test_an_unknown_strategy_is_told_with_those_there_are(review: Path) -> None:
    ran = casetable("refresh", "mian", cwd=review)
    assert ran.code == 2
    assert ran.err == "casetable: there is no strategy 'mian' in queries/; there is main, own\n"


def test_what_the_source_changed_is_noticed_and_shown(review: Path, service: Service) -> None:
    assert casetable("refresh", cwd=review, CASETABLE_EUTILS_URL=service.url).code == 0
    service.articles["11"] = (
        service.articles["11"]
        .replace(
            "<PublicationType UI=",
            '<PublicationType UI="D016441">Retracted Publication</PublicationType><PublicationType UI=',
        )
        .replace(
            "</MedlineJournalInfo>",
            '</MedlineJournalInfo><CommentsCorrectionsList><CommentsCorrections RefType="RetractionIn"><RefSource>J Invent. 2025'
            ';8:1</RefSource><PMID Version="1">77</PMID></CommentsCorrections></CommentsCorrectionsList>',
        )
    )
    # A notice of retraction about another report: it is not retracted itself.
    service.articles["12"] = service.articles["12"].replace(
        "</MedlineJournalInfo>",
        '</MedlineJournalInfo><CommentsCorrectionsList><CommentsCorrections RefType="RetractionOf"><RefSource>J</RefSource>'
        '<PMID Version="1">78</PMID></CommentsCorrections></CommentsCorrectionsList>',
    )
    service.changed = ["11", "12"]
    ran = casetable("refresh", cwd=review, CASETABLE_EUTILS_URL=service.url)
    assert "  changed pmid:11  Doe 2020. An invented case with italics. [retracted]" in ran.out
    main = [line for line in lines(review, "searches.jsonl") if line["strategy"] == "main"][-1]
    assert main["changed"] == ["pmid:11"]
    status = casetable("status", cwd=review).out
    assert "changed since it was published (1)" in status
    assert (
        "pmid:11  Doe 2020. An invented case with italics. (included on the report)\n      retraction (pmid:77; PubMed)"
        in status
    )
    diff = casetable("diff", cwd=review).out
    assert "  ~ pmid:11  Doe 2020." in diff
    assert "      changed at the source: retracted; RetractionIn pmid:77" in diff
    casetable("build", cwd=review)
    assert "Doe 2020" in (review / "build/table.md").read_text()
    assert "**retracted**" in (review / "build/table.md").read_text()
    assert '<span class="tag alarm">retracted</span>' in (review / "build/report.html").read_text()


def test_a_clock_that_is_behind_the_log_loses_no_hit(review: Path, service: Service) -> None:
    ahead = IN_JANUARY.replace("2026, 1, 10", "2099, 1, 10")
    environ = environment(CASETABLE_EUTILS_URL=service.url)
    subprocess.run([sys.executable, "-c", ahead, "refresh"], cwd=review, env=environ, capture_output=True, check=True)
    service.add("13", "A third invented case", author="Noe")
    service.found = ["11", "12", "13"]
    assert casetable("refresh", cwd=review, CASETABLE_EUTILS_URL=service.url).code == 0
    status = json.loads(casetable("status", "--format", "json", cwd=review).out)
    assert [item["keys"] for item in status["undecided"]] == [["pmid:12"], ["pmid:13"]]
    assert "main: 2 → 3 hits" in casetable("diff", "main", cwd=review).out


def test_an_older_answer_in_the_cache_does_not_undo_what_came_since(review: Path, service: Service) -> None:
    assert casetable("refresh", cwd=review, CASETABLE_EUTILS_URL=service.url).code == 0
    path = review / "queries/records.jsonl"
    newer = path.read_bytes().replace(
        b'"revised": "2026-01-05", "title": "An invented', b'"revised": "2026-09-09", "title": "An invented'
    )
    assert newer != path.read_bytes()
    path.write_bytes(newer)  # as a colleague's refresh left it
    ran = casetable("refresh", "--rebuild", cwd=review)
    assert "read 1 record anew from the cache" in ran.out
    assert "not in the cache, or older there, and left as they are: pmid:11" in ran.out
    assert path.read_bytes() == newer
    assert casetable("refresh", "--rebuild", "main", cwd=review).code == 2
    assert "there is no strategy 'mian'" in casetable("diff", "mian", cwd=review).err


def test_a_changed_record_that_no_search_finds_is_told(review: Path, service: Service) -> None:
    assert casetable("refresh", cwd=review, CASETABLE_EUTILS_URL=service.url).code == 0
    service.found = ["11"]
    assert casetable("refresh", cwd=review, CASETABLE_EUTILS_URL=service.url).code == 0
    service.articles["12"] = service.articles["12"].replace("second", "2nd")
    service.changed = ["12", "999"]  # and one that nobody asked for
    ran = casetable("refresh", cwd=review, CASETABLE_EUTILS_URL=service.url)
    assert "  changed pmid:12  Moe 2022. A 2nd invented case with italics." in ran.out
    assert "  ~ pmid:12" in casetable("diff", cwd=review).out


def test_a_listed_pmid_that_is_of_another_paper_is_told(review: Path, service: Service) -> None:
    path = review / "queries/own.yaml"
    path.write_text(path.read_text().replace("    id: r1\n", '    pmid: "12"\n'))
    assert casetable("refresh", cwd=review, CASETABLE_EUTILS_URL=service.url).code == 0
    out = casetable("check", cwd=review).out
    assert "Q107 warning: own: pmid:12 is listed as 'A case of something invented' (2019)" not in out, (
        "titles that are alike"
    )
    service.articles["12"] = service.articles["12"].replace("A second invented case", "Quite unlike: bees and wasps")
    service.changed = ["12"]
    assert casetable("refresh", cwd=review, CASETABLE_EUTILS_URL=service.url).code == 0
    out = casetable("check", cwd=review).out
    assert (
        "Q107 warning: own: pmid:12 is listed as 'A case of something invented' (2019), but PubMed has 'Quite unlike"
        in out
    )


IN_JANUARY = """
import datetime
class Faked(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(2026, 1, 10, 8, 0, 0, tzinfo=tz)
datetime.datetime = Faked
from casetable.cli import main
main()
"""


def test_log_and_diff_tell_why(review: Path, service: Service) -> None:
    """Created since, deleted, the strategy edited, unexplained: each from what is recorded."""
    first = subprocess.run(
        [sys.executable, "-c", IN_JANUARY, "refresh"],
        cwd=review,
        env=environment(CASETABLE_EUTILS_URL=service.url),
        capture_output=True,
        check=False,
    )
    assert first.returncode == 0, first.stderr
    service.add("15", "A new invented case", author="Soe", year="2026")
    service.add("16", "An old invented case", author="Toe", year="1999")
    service.add("17", "A third old invented case", author="Uoe", year="1998")
    service.articles["17"] = service.articles["17"].replace(
        "<DateRevised><Year>2026</Year><Month>01</Month>", "<DateRevised><Year>2026</Year><Month>02</Month>"
    )
    del service.articles["12"]
    service.found = ["11", "15", "16", "17"]
    assert casetable("refresh", cwd=review, CASETABLE_EUTILS_URL=service.url).code == 0
    found = json.loads(casetable("diff", "main", "--format", "json", cwd=review).out)
    [main] = found["strategies"]
    causes = {move["key"]: (move["gained"], move["cause"]) for move in main["moves"]}
    assert causes == {
        "pmid:12": (False, "deleted"),
        "pmid:15": (True, "created"),
        "pmid:16": (True, "unexplained"),
        "pmid:17": (True, "record changed"),
    }
    text = casetable("diff", "main", cwd=review).out
    assert "main: 2 → 4 hits" in text
    assert "its record was changed on 2026-02-05" in text
    assert "unexplained: nothing that is recorded tells why" in text
    assert "created on 2026-03-09, since the search of 2026-01-10" in text
    assert "the source had no such record any more" in text

    path = review / "queries/main.yaml"
    path.write_text(path.read_text().replace("AND tocilizumab", 'AND "interleukin-6 receptor"[tiab]'))
    assert "Q103 main: was edited since it was last run" in casetable("check", cwd=review).out
    service.found = ["11", "16"]
    assert casetable("refresh", cwd=review, CASETABLE_EUTILS_URL=service.url).code == 0
    text = casetable("diff", "main", cwd=review).out
    assert '  added to the strategy: "interleukin-6 receptor"[tiab]' in text
    assert "  removed from the strategy: tocilizumab" in text
    assert "the strategy was edited since the search of" in text
    assert '"interleukin-6 receptor"[tiab], not to be seen in what is known of the record, is asked for now' in text
    log = casetable("log", "main", cwd=review).out
    assert log.splitlines()[-1] == "3 searches"
    assert "  main  2 hits  (+0, -2)" in log
    at = casetable("log", "--at", "2099-01-01", "main", cwd=review).out
    assert at.splitlines()[1:] == ["  pmid:11", "  pmid:16"]
    assert casetable("log", "--at", "1999-01-01", cwd=review).out == "no search until 1999-01-01\n"
    assert (
        casetable("log", "--at", "soon", cwd=review).err
        == "casetable: 'soon' is not a date; expected one as 2026-11-22\n"
    )


def test_a_broken_off_refresh_is_resumed_and_records_can_be_rebuilt(review: Path, service: Service) -> None:
    for number in range(300, 700):
        service.add(str(number), f"Invented case number {number}", author=f"Author{number}")
    service.found = [str(number) for number in range(300, 700)]
    before = tree(review)
    # The search and the first batch are answered; then the service is down.
    service.down_after = 2
    ran = casetable("refresh", cwd=review, CASETABLE_EUTILS_URL=service.url)
    assert ran.code == 4
    assert tree(review) == before
    service.down_after = None
    service.asked.clear()
    ran = casetable("refresh", "--format", "json", cwd=review, CASETABLE_EUTILS_URL=service.url)
    summary = json.loads(ran.out)["summary"]
    assert (summary["fetched"], summary["resumed"]) == (200, 200)
    # The last one asks whether PubMed has the known record that was not found.
    assert service.utilities() == ["esearch.fcgi", "efetch.fcgi", "esearch.fcgi"]
    records = (review / "queries/records.jsonl").read_bytes()
    (review / "queries/records.jsonl").write_bytes(records.replace(b"Invented case number 512", b"Mangled"))
    ran = casetable("refresh", "--rebuild", cwd=review)
    assert ran.out == "read 400 records anew from the cache\n"
    assert (review / "queries/records.jsonl").read_bytes() == records


# Ends the process at the N-th of the moments around a write: before and after each fsync and each replace.
KILLER = """
import os, pathlib, signal, sys
left = int(sys.argv.pop(1))
def moment():
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
def around(work):
    def done(*given, **named):
        moment()
        result = work(*given, **named)
        moment()
        return result
    return done
os.fsync = around(os.fsync)
pathlib.Path.replace = around(pathlib.Path.replace)
from casetable.cli import main
main()
"""


def test_killed_at_any_moment_every_file_is_whole_and_the_next_refresh_ends_well(
    review: Path, service: Service, tmp_path: Path
) -> None:
    service.found = ["11"]
    assert casetable("refresh", cwd=review, CASETABLE_EUTILS_URL=service.url).code == 0
    old = {name: (review / name).read_bytes() for name in LOGS}
    service.found = ["11", "12"]
    killed = 0
    for moment in range(1, 40):
        for name in LOGS:
            (review / name).write_bytes(old[name])
        done = subprocess.run(
            [sys.executable, "-c", KILLER, str(moment), "refresh"],
            cwd=review,
            env=environment(CASETABLE_EUTILS_URL=service.url),
            capture_output=True,
            check=False,
            timeout=60,
        )
        records, faults = read_records("r", (review / LOGS[0]).read_bytes())
        searches, more = read_searches("s", (review / LOGS[1]).read_bytes())
        assert faults == more == ()
        assert len(searches) in {2, 3}
        assert set(records) >= {key for search in searches for key in search.added}, (
            "the log never names what is not there"
        )
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL
        killed += 1
        assert casetable("refresh", cwd=review, CASETABLE_EUTILS_URL=service.url).code == 0
        assert "pmid:12" in read_records("r", (review / LOGS[0]).read_bytes())[0]
        assert "nobody decided on pmid:12" in casetable("check", cwd=review).out
    assert killed >= 8, "before and after each fsync and replace of two files"
    assert (review / "queries/main.yaml").is_file()


def test_two_branches_that_both_refreshed_merge(review: Path, service: Service) -> None:
    (review / ".gitignore").write_text(".casetable/\n")
    (review / ".gitattributes").write_text("queries/searches.jsonl merge=union\nqueries/records.jsonl merge=union\n")
    assert casetable("refresh", cwd=review, CASETABLE_EUTILS_URL=service.url).code == 0
    git(review, "init", "-q", "-b", "main")
    git(review, "add", "-A")
    git(review, "commit", "-q", "-m", "base")
    for branch, found in (("one", ["11", "12", "13"]), ("two", ["11", "14"])):
        git(review, "checkout", "-q", "-b", branch, "main")
        for pmid in found:
            if pmid not in service.articles:
                service.add(pmid, f"Invented case number {pmid}", author=f"Author{pmid}")
        service.found = found
        assert casetable("refresh", cwd=review, CASETABLE_EUTILS_URL=service.url).code == 0
        git(review, "commit", "-q", "-am", branch)
    git(review, "merge", "-q", "-m", "merged", "one")
    searches, faults = read_searches("s", (review / LOGS[1]).read_bytes())
    assert not faults
    assert len(searches) == 4
    status = json.loads(casetable("status", "--format", "json", cwd=review).out)
    [main] = [search for search in status["searches"] if search["strategy"] == "main"]
    assert main["hits"] in {2, 3}, "the hits of the later search, whichever branch it is from"
    newest = max((s for s in searches if s.strategy == "main"), key=lambda s: (s.when, s.id))
    assert main["hits"] == newest.count
