"""Reports that change after the review: a retraction turns the gate red, a person's word turns it green, Crossref may fail."""

from __future__ import annotations

import datetime as dt
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from casetable import __version__
from casetable.formats.logs import read_notices
from casetable.mirror import Mirror, serve
from casetable.workspace.articles import load_articles
from tests.conftest import example_files, write_files
from tests.e2e.conftest import Ran, casetable, commit_all, environment, git
from tests.e2e.crossref_server import Crossref, serving_crossref
from tests.e2e.eutils_server import HEAD, Service, article
from tests.e2e.test_refresh import IN_JANUARY, lines, tree

DOI, NOTICE = "10.1234/invented.1", "10.1234/notice.1"
LOGS = ("queries/records.jsonl", "queries/searches.jsonl", "queries/notices.jsonl")


@pytest.fixture
def crossref() -> Iterator[Crossref]:
    """Crossref on loopback, which knows the included report."""
    with serving_crossref() as running:
        running.add(DOI)
        yield running


@pytest.fixture
def review(tmp_path: Path, service: Service) -> Path:
    """The example review before its first search; pmid:11 is included and extracted."""
    service.add("11", "An invented case", doi=DOI)
    service.found = ["11"]
    files = {name: data for name, data in example_files().items() if name not in LOGS}
    return write_files(tmp_path / "review", files)


def refreshed(review: Path, service: Service, crossref: Crossref, *arguments: str, **more: str) -> Ran:
    urls = {"CASETABLE_EUTILS_URL": service.url, "CASETABLE_CROSSREF_URL": crossref.url}
    return casetable("refresh", *arguments, cwd=review, **{**urls, **more})


def checked(review: Path) -> Ran:
    return casetable("check", cwd=review)


def acknowledge(review: Path, kind: str, key: str, when: str = "2026-01-15") -> None:
    path = review / "curated/notices.yaml"
    if not path.exists():
        path.write_text("schema: 1\nacknowledged:\n")
    entry = f"  - report: pmid:11\n    notice: {kind}\n    key: {key}\n    by: A. Curator\n    when: {when}\n"
    path.write_text(path.read_text() + entry + "    reason: the case was seen by ourselves\n")


# --- the requests -----------------------------------------------------------------------------------------------------


def test_crossref_is_asked_about_included_reports_as_it_wants_to_be_asked(
    review: Path, service: Service, crossref: Crossref
) -> None:
    secrets = {"NCBI_EMAIL": "ncbi@curator.example", "NCBI_API_KEY": "0123456789abcdef"}
    ran = refreshed(review, service, crossref, CASETABLE_EMAIL="a@curator.example", **secrets)
    assert ran.code == 0, ran.err
    first, second = crossref.asked
    assert [asked.path for asked in crossref.asked] == ["/works", "/works"]
    assert first.query == {
        "filter": f"doi:{DOI}",  # 10.1234/invented.2 is excluded
        "select": "DOI,updated-by,update-to",
        "rows": "1000",
        "mailto": "a@curator.example",
    }
    assert second.query == {**first.query, "filter": f"updates:{DOI}"}
    assert first.agent == f"casetable/{__version__}"
    assert second.at - first.at >= 0.35
    assert "asked Crossref about 1 DOI of included reports\n" in ran.out
    assert (review / "queries/notices.jsonl").read_text().count("\n") == 1
    for path in review.rglob("*"):
        if path.is_file():
            assert b"curator.example" not in path.read_bytes(), path


def test_ncbis_address_does_not_go_to_crossref(review: Path, service: Service, crossref: Crossref) -> None:
    assert refreshed(review, service, crossref, NCBI_EMAIL="ncbi@curator.example").code == 0
    first, second = crossref.asked
    assert all("mailto" not in asked.query for asked in crossref.asked)
    assert second.at - first.at >= 1.0, "the pace of those who give no address"


def test_a_second_refresh_of_a_day_changes_nothing_in_the_file(
    review: Path, service: Service, crossref: Crossref
) -> None:
    crossref.update(DOI, NOTICE)
    assert refreshed(review, service, crossref).code == 0
    before = (review / "queries/notices.jsonl").read_bytes()
    ran = refreshed(review, service, crossref)
    assert (review / "queries/notices.jsonl").read_bytes() == before
    assert "changed since it was published" not in ran.out, "it was told the first time"
    log, problems = read_notices("n", before)
    assert problems == ()
    assert len(log.notices) == 1


def test_a_report_that_crossref_does_not_have_is_no_fault(review: Path, service: Service, crossref: Crossref) -> None:
    crossref.works.clear()
    ran = refreshed(review, service, crossref)
    assert (ran.code, ran.err) == (0, "")
    assert "asked Crossref about 1 DOI of included reports, and has no record of 1" in ran.out
    assert "R106" not in checked(review).out, "it was asked"
    value = json.loads(refreshed(review, service, crossref, "--format", "json").out)
    assert value["crossref"] == {"asked": 1, "unknown": [f"doi:{DOI}"], "failure": ""}


def test_without_an_included_report_nobody_is_asked(review: Path, service: Service, crossref: Crossref) -> None:
    path = review / "curated/screening.yaml"
    path.write_text(path.read_text().replace("decision: include", "decision: exclude\n    reason: other-drug"))
    ran = refreshed(review, service, crossref)
    assert ran.code == 0, ran.err
    assert crossref.asked == []
    assert "Crossref" not in ran.out + ran.err
    assert not (review / "queries/notices.jsonl").exists()


def test_a_dry_run_tells_and_writes_nothing(review: Path, service: Service, crossref: Crossref) -> None:
    assert refreshed(review, service, crossref).code == 0
    crossref.update(DOI, NOTICE)
    before = tree(review)
    ran = refreshed(review, service, crossref, "--dry-run")
    assert "retraction of 2026-01-12 (doi:10.1234/notice.1; Crossref (publisher))" in ran.out
    assert tree(review) == before


# --- red, green, red --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sides", [("updated-by",), ("update-to",), ("updated-by", "update-to")])
def test_a_retraction_turns_the_gate_red_from_whichever_side_it_is_told(
    review: Path, service: Service, crossref: Crossref, sides: tuple[str, ...]
) -> None:
    assert refreshed(review, service, crossref).code == 0
    assert checked(review).code == 0
    crossref.update(DOI, NOTICE, sides=sides)
    ran = refreshed(review, service, crossref)
    assert (
        "changed since it was published: pmid:11  Doe 2020. An invented case with italics. (included on the report)\n"
        in ran.out
    )
    found = checked(review)
    assert found.code == 1
    assert (
        "curated/reports/doe-2020.yaml:2:9: R101 pmid:11: pmid:11, Doe 2020, is included, and there is a retraction of"
        " 2026-01-12 (doi:10.1234/notice.1; Crossref (publisher)); expected its exclusion, or an acknowledgment in"
        " curated/notices.yaml; without it: 0 eligible cases of 0 reports, not 1 of 1\n"
    ) in found.out


def test_a_redirected_doi_is_found_by_its_notice(review: Path, service: Service, crossref: Crossref) -> None:
    crossref.update(DOI, NOTICE, sides=("update-to",))
    crossref.update("10.1234/another.abstract", NOTICE, sides=("update-to",))
    del crossref.works[DOI]
    refreshed(review, service, crossref)
    assert [line["report"] for line in lines(review, "notices.jsonl") if "report" in line] == [f"doi:{DOI}"]
    assert checked(review).code == 1


def test_an_acknowledgment_turns_it_green_and_a_later_notice_red_again(
    review: Path, service: Service, crossref: Crossref
) -> None:
    crossref.update(DOI, NOTICE, "expression_of_concern")
    refreshed(review, service, crossref)
    found = checked(review)
    assert (found.code, "R102 warning" in found.out) == (0, True)
    acknowledge(review, "expression of concern", f"doi:{NOTICE}")
    assert ": 0 errors, 0 warnings" in checked(review).out
    crossref.update(DOI, "10.1234/notice.2", "expression_of_concern", day=(2026, 3, 1))
    refreshed(review, service, crossref)
    found = checked(review).out
    assert "there is an expression of concern of 2026-03-01 (doi:10.1234/notice.2; Crossref (publisher))" in found
    assert "notice.1" not in found
    assert "A. Curator's acknowledgment of 2026-01-15 is of another or earlier notice" in found

    crossref.update(DOI, "10.1234/notice.3", "retraction", day=(2026, 4, 1))
    refreshed(review, service, crossref)
    assert checked(review).code == 1, "a concern that is known does not cover the retraction"
    acknowledge(review, "retraction", "doi:10.1234/notice.3")
    assert checked(review).code == 0
    casetable("build", cwd=review)
    markdown, page = ((review / "build" / name).read_text() for name in ("table.md", "report.html"))
    assert "**retracted**" in markdown
    assert "kept by A. Curator on 2026-01-15: the case was seen by ourselves" in markdown
    assert '<span class="tag alarm">retracted</span>' in page
    assert "kept by A. Curator on 2026-01-15: the case was seen by ourselves" in page
    built = tree(review)
    casetable("build", cwd=review)
    assert tree(review) == built

    crossref.update(DOI, "10.1234/notice.4", "retraction", day=(2026, 5, 1))
    refreshed(review, service, crossref)
    assert checked(review).code == 1


def test_an_acknowledgment_without_a_key_holds_for_what_was_seen_by_its_day(
    review: Path, service: Service, crossref: Crossref
) -> None:
    """The first refresh is of 10 January, the second of today."""
    crossref.update(DOI, NOTICE, day=(2026, 1, 5))
    urls = {"CASETABLE_EUTILS_URL": service.url, "CASETABLE_CROSSREF_URL": crossref.url}
    subprocess.run(
        [sys.executable, "-c", IN_JANUARY, "refresh"], cwd=review, env=environment(**urls), capture_output=True, check=True
    )  # fmt: skip
    assert [line["seen"] for line in lines(review, "notices.jsonl") if "report" in line] == ["2026-01-10"]
    acknowledge(review, "retraction", "pmid:1")
    path = review / "curated/notices.yaml"
    path.write_text(path.read_text().replace("    key: pmid:1\n", ""))
    assert checked(review).code == 0
    crossref.update(DOI, "10.1234/notice.2", day=(2026, 1, 14))
    refreshed(review, service, crossref)
    assert checked(review).code == 1


def test_status_tells_both_sources_and_what_the_table_loses(review: Path, service: Service, crossref: Crossref) -> None:
    crossref.update(DOI, NOTICE, source="retraction-watch")
    service.articles["11"] = service.articles["11"].replace(
        "</MedlineJournalInfo>",
        '</MedlineJournalInfo><CommentsCorrectionsList><CommentsCorrections RefType="RetractionIn"><RefSource>J</RefSource>'
        '<PMID Version="1">77</PMID></CommentsCorrections></CommentsCorrectionsList>',
    )
    refreshed(review, service, crossref)
    acknowledge(review, "retraction", "pmid:77")
    told = casetable("status", cwd=review).out
    assert (
        "changed since it was published (1)\n"
        "  pmid:11  Doe 2020. An invented case with italics. (included on the report)\n"
        "      retraction of 2026-01-12 (pmid:77, doi:10.1234/notice.1; PubMed, Crossref (Retraction Watch));"
        " acknowledged by A. Curator on 2026-01-15: the case was seen by ourselves\n"
        "      without it:\n"
        "        0 eligible cases of 0 reports, not 1 of 1\n"
    ) in told
    value = json.loads(casetable("status", "--format", "json", cwd=review).out)
    (report,) = value["changed"]
    assert report["changes"][0]["acknowledged"] == {
        "by": "A. Curator",
        "when": "2026-01-15",
        "reason": "the case was seen by ourselves",
    }
    assert report["changed"] == "retracted"
    assert report["without"] == ["0 eligible cases of 0 reports, not 1 of 1"]
    age = value["table"]["columns"][0]
    assert (age["name"], age["known"], age["of"]) == ("age_years", 1, 1)
    assert age["numbers"] == {"number": 1, "median": "3", "low": "3", "high": "3"}


def test_records_that_a_mirror_serves_turn_the_gate_red_too(review: Path, tmp_path: Path, crossref: Crossref) -> None:
    retracted = article("11", "Dermatomyositis and tocilizumab, invented", doi=DOI).replace(
        "</MedlineJournalInfo>",
        '</MedlineJournalInfo><CommentsCorrectionsList><CommentsCorrections RefType="RetractionIn"><RefSource>J Invent. 2025;8:1'
        "</RefSource></CommentsCorrections></CommentsCorrectionsList>",
    )
    path = tmp_path / "records.xml"
    path.write_text(HEAD + retracted + "</PubmedArticleSet>")
    mirror = Mirror(load_articles([path]).stored.values(), today=dt.date(2026, 1, 20))
    with serve(mirror) as url:
        ran = casetable("refresh", cwd=review, CASETABLE_EUTILS_URL=url, CASETABLE_CROSSREF_URL=crossref.url)
    assert ran.code == 0, ran.err
    found = checked(review)
    assert found.code == 1
    assert "there is a retraction (J Invent. 2025;8:1; PubMed)" in found.out


# --- Crossref fails ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["down", "refuses", "nonsense"])
def test_a_crossref_that_fails_undoes_nothing(review: Path, service: Service, crossref: Crossref, fault: str) -> None:
    crossref.update(DOI, NOTICE)
    assert refreshed(review, service, crossref).code == 0
    before = (review / "queries/notices.jsonl").read_bytes()
    service.add("12", "A second invented case", author="Moe", year="2022")
    service.found = ["11", "12"]
    more = {"CASETABLE_CROSSREF_URL": "http://127.0.0.1:9/"} if fault == "down" else {}
    body = b'{"status": "failed", "message": [{"message": "no such filter"}]}' if fault == "refuses" else b"[3]"
    crossref.faults = [(400, {}, body)] * 9
    ran = refreshed(review, service, crossref, **more)
    assert ran.code == 0
    (told,) = ran.err.splitlines()
    assert re.match(r"Crossref (could not be reached|refused the request)", told)
    assert "nothing was changed" not in told
    assert "all else is done, and the next refresh asks again" in told
    assert "new  pmid:12  Moe 2022." in ran.out
    assert [line["strategy"] for line in lines(review, "searches.jsonl")].count("main") == 2
    assert (review / "queries/notices.jsonl").read_bytes() == before
    assert checked(review).code == 1, "what was known stays known"


def test_a_crossref_that_was_never_reached_is_told_by_check(review: Path, service: Service) -> None:
    ran = casetable("refresh", cwd=review, CASETABLE_EUTILS_URL=service.url)
    assert ran.code == 0
    assert "Crossref could not be reached (the connection was refused)" in ran.err
    found = checked(review)
    assert found.code == 0
    assert "R106 warning: Crossref was never asked whether pmid:11, Doe 2020, was retracted or corrected" in found.out


def test_an_address_that_is_none_is_told_before_pubmed_is_asked(review: Path, service: Service) -> None:
    before = tree(review)
    ran = casetable("refresh", cwd=review, CASETABLE_EUTILS_URL=service.url, CASETABLE_CROSSREF_URL="crossref")
    assert (ran.code, "CASETABLE_CROSSREF_URL is not a web address" in ran.err) == (2, True)
    assert service.asked == []
    assert tree(review) == before


def test_a_damaged_line_stops_a_refresh_and_nothing_is_lost(review: Path, service: Service, crossref: Crossref) -> None:
    crossref.update(DOI, NOTICE)
    refreshed(review, service, crossref)
    path = review / "queries/notices.jsonl"
    path.write_bytes(b"<<<<<<< HEAD\n" + path.read_bytes())
    before = tree(review)
    ran = refreshed(review, service, crossref)
    assert (ran.code, "queries/notices.jsonl:1:1: F205" in ran.err) == (2, True)
    assert tree(review) == before
    found = checked(review)
    assert found.code == 2
    assert "R101" in found.out, "the lines that can be read count"


# --- the files --------------------------------------------------------------------------------------------------------


def test_two_branches_that_both_asked_merge(review: Path, service: Service, crossref: Crossref) -> None:
    (review / ".gitattributes").write_text("queries/*.jsonl merge=union\n")
    (review / ".gitignore").write_text(".casetable/\n")
    refreshed(review, service, crossref)
    commit_all(review)
    git(review, "checkout", "-q", "-b", "other")
    crossref.update(DOI, NOTICE, "erratum", day=(2020, 1, 1))
    refreshed(review, service, crossref)
    git(review, "commit", "-qam", "theirs")
    git(review, "checkout", "-q", "main")
    crossref.update(DOI, "10.1234/notice.2", "erratum", day=(2020, 2, 1))
    refreshed(review, service, crossref)
    git(review, "commit", "-qam", "ours")
    git(review, "merge", "-q", "--no-edit", "other")
    log, problems = read_notices("n", (review / "queries/notices.jsonl").read_bytes())
    assert problems == ()
    assert {notice.key for notice in log.notices} == {f"doi:{NOTICE}", "doi:10.1234/notice.2"}
    assert "F205" not in checked(review).out


def test_a_new_review_has_a_file_for_acknowledgments(tmp_path: Path) -> None:
    assert casetable("init", "mine", cwd=tmp_path).code == 0
    assert "acknowledged: []" in (tmp_path / "mine/curated/notices.yaml").read_text()
    assert "queries/notices.jsonl merge=union" in (tmp_path / "mine/.gitattributes").read_text()


def test_hostile_words_reach_neither_terminal_nor_page(review: Path, service: Service, crossref: Crossref) -> None:
    crossref.update(DOI, NOTICE, "retraction\x1b[2J", source="<script>alert(1)</script>\u202e")
    ran = refreshed(review, service, crossref)
    told = ran.out + checked(review).out + casetable("status", cwd=review).out
    assert "<script>" in told
    assert "\x1b" not in told
    assert "\u202e" not in told
    casetable("build", cwd=review)
    assert "<script>alert" not in (review / "build/report.html").read_text()
    assert (review / "build/report.html").read_text().count("<script") == 3, "the page's own"
    assert "<script" not in (review / "build/table.md").read_text().replace("\\<", "")
