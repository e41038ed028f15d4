"""Reports that changed: which notices are one, what an acknowledgment covers, and what `check` says of the rest."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from casetable.completeness import notices as rules
from casetable.model import Record
from casetable.model.notice import Acknowledgment, Notice, NoticeKind, NoticeLog
from casetable.notices import Change, changed, changes, is_retraction_notice, marks, pubmed_notices
from casetable.problems import Place, Problem
from casetable.review import Review
from tests.unit.test_review import PATHS, decision, form_of, record, report_of, review_of, search, strategy

TODAY = dt.date(2026, 1, 20)
FORM = "fields:\n  age: {label: Age, type: number, unit: year}\ntable: {columns: [age]}\n"
RETRACTION, CONCERN, CORRECTION = NoticeKind.RETRACTION, NoticeKind.CONCERN, NoticeKind.CORRECTION


def crossref(kind: NoticeKind = RETRACTION, key: str = "doi:10.1234/n1", **values: str) -> Notice:
    told = {"source": "Crossref", "by": "publisher", "told": kind.value, "date": "2026-01-05", "seen": "2026-01-10"}
    return Notice(report="doi:10.1234/one", kind=kind, key=key, **{**told, **values})  # type: ignore[arg-type]


def pubmed_line(kind: NoticeKind, key: str, seen: str) -> Notice:
    return Notice(report="pmid:11", kind=kind, key=key, source="PubMed", seen=seen)


def word(
    kind: NoticeKind = RETRACTION, when: str = "2026-01-15", report: str = "pmid:11", key: str = ""
) -> Acknowledgment:
    place = Place(path="curated/notices.yaml", line=3, column=5)
    day = dt.date.fromisoformat(when)
    return Acknowledgment(
        report=report, kind=kind, notice=key, by="A. Curator", when=day, reason="seen by us", place=place
    )


def review(
    *log: Notice,
    links: tuple[str, ...] = (),
    words: tuple[Acknowledgment, ...] = (),
    verdict: str = "include",
    more: tuple[Record, ...] = (),
    types: tuple[str, ...] = (),
    asked: str = "2026-01-15",
    extracted: str = "2026-01-15",
) -> Review:
    """A review of one report, pmid:11, which is included and extracted unless said otherwise."""
    form = form_of(FORM)
    report = report_of("doe-2020", "pmid:11", form, "  - case: 1\n    eligible: yes\n    age: 3\n")
    mine = record("pmid:11", authors=("Doe A",), doi="10.1234/one", notices=links, publication_types=types)
    records = [mine, *more]
    made = review_of(
        records=records,
        strategies=[strategy("main")],
        searches=[search("main", [each.key for each in records])],
        decisions=[decision("pmid:11", "reports", verdict, reason="" if verdict == "include" else "no-case")],
        reports=[replace(report, when=dt.date.fromisoformat(extracted))],
        form=form,
    )
    paths = replace(PATHS, notices="queries/notices.jsonl", acknowledgments="curated/notices.yaml")
    notices = NoticeLog(notices=log, asked={"doi:10.1234/one": asked} if asked else {})
    return Review(replace(made.inputs, paths=paths, notices=notices, acknowledgments=words))


def told(review: Review) -> tuple[Change, ...]:
    return changes(review).get("pmid:11", ())


def problems(review: Review) -> list[Problem]:
    return list(rules.check(review, TODAY))


def codes(review: Review) -> list[str]:
    return [problem.code for problem in problems(review)]


# --- what PubMed tells ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("link", "kind", "key", "citation"),
    [
        ("RetractionIn pmid:77", RETRACTION, "pmid:77", ""),
        ("RetractionIn J Invent. 2025;8:1", RETRACTION, "", "J Invent. 2025;8:1"),
        ("RetractionIn", RETRACTION, "", ""),
        ("PartialRetractionIn pmid:77", NoticeKind.PARTIAL_RETRACTION, "pmid:77", ""),
        ("RetractedandRepublishedIn pmid:77", NoticeKind.REPUBLICATION, "pmid:77", ""),
        ("ExpressionOfConcernIn pmid:77", CONCERN, "pmid:77", ""),
        ("ErratumIn pmid:77", CORRECTION, "pmid:77", ""),
        ("CorrectedandRepublishedIn pmid:77", CORRECTION, "pmid:77", ""),
        ("UpdateIn pmid:77", NoticeKind.UPDATE, "pmid:77", ""),
    ],
)
def test_a_link_of_pubmeds_is_a_notice(link: str, kind: NoticeKind, key: str, citation: str) -> None:
    (notice,) = pubmed_notices(record("pmid:11", notices=(link,)))
    assert (notice.kind, notice.key, notice.told, notice.report) == (kind, key, citation, "pmid:11")


@pytest.mark.parametrize("link", ["UpdateOf pmid:77", "CommentIn pmid:77", "RetractionOf pmid:77", "", " "])
def test_what_does_nothing_to_the_report_is_no_notice(link: str) -> None:
    assert pubmed_notices(record("pmid:11", notices=(link,))) == ()


def test_a_retracted_article_without_a_link_is_retracted() -> None:
    (notice,) = pubmed_notices(record("pmid:11", publication_types=("Case Reports", "Retracted Publication")))
    assert (notice.kind, notice.key) == (RETRACTION, "")
    linked = record("pmid:11", publication_types=("Retracted Publication",), notices=("RetractionIn pmid:77",))
    assert [each.key for each in pubmed_notices(linked)] == ["pmid:77"]


@pytest.mark.parametrize("kind", ["Retraction Notice", "Retraction of Publication"])
def test_the_notice_of_a_retraction_is_not_retracted_and_is_told_where_it_is_included(kind: str) -> None:
    assert is_retraction_notice(record("pmid:11", publication_types=(kind,)))
    found = problems(review(types=(kind,)))
    assert [(each.code, each.message) for each in found] == [
        ("R105", "pmid:11, Doe 2020, is included, and is itself the notice of a retraction")
    ]


# --- which notices are one --------------------------------------------------------------------------------------------


def test_one_retraction_that_both_sources_tell_is_one() -> None:
    (change,) = told(
        review(
            pubmed_line(RETRACTION, "pmid:77", "2026-01-12"),
            crossref(),
            crossref(by="Retraction Watch", date="2026-01-04"),
            links=("RetractionIn pmid:77",),
        )
    )
    assert change.keys == ("pmid:77", "doi:10.1234/n1")
    assert (change.date, change.seen) == ("2026-01-04", "2026-01-10")
    assert change.text == (
        "retraction of 2026-01-04 (pmid:77, doi:10.1234/n1; PubMed, Crossref (publisher, Retraction Watch))"
    )


def test_a_notice_that_is_a_record_of_the_review_is_known_by_both_its_keys() -> None:
    notice = record("pmid:77", doi="10.1234/n2", title="Retraction: something", created="2026-01-03")
    found = told(review(crossref(), crossref(key="doi:10.1234/n2"), links=("RetractionIn pmid:77",), more=(notice,)))
    assert {change.keys for change in found} == {("pmid:77", "doi:10.1234/n2"), ("doi:10.1234/n1",)}


def test_notices_of_different_kinds_are_never_one() -> None:
    found = told(review(crossref(CONCERN), links=("RetractionIn pmid:77",)))
    assert [change.kind for change in found] == [RETRACTION, CONCERN], "the graver first"


def test_two_notices_of_one_source_are_two() -> None:
    assert len(told(review(crossref(), crossref(key="doi:10.1234/n2")))) == 2
    assert len(told(review(links=("ErratumIn pmid:77", "ErratumIn pmid:78")))) == 2


def test_what_was_published_after_pubmed_told_its_own_is_another() -> None:
    line = pubmed_line(CORRECTION, "pmid:77", "2026-01-02")
    assert len(told(review(line, crossref(CORRECTION, date="2026-01-05"), links=("ErratumIn pmid:77",)))) == 2
    assert len(told(review(line, crossref(CORRECTION, date="2026-01-02"), links=("ErratumIn pmid:77",)))) == 1


def test_a_retraction_without_a_key_is_the_one_that_is_known() -> None:
    (change,) = told(review(crossref(key="", date="2026-01-01"), crossref(), types=("Retracted Publication",)))
    assert change.keys == ("doi:10.1234/n1",)
    assert change.sources == ("Crossref (publisher)", "PubMed")
    (alone,) = told(review(types=("Retracted Publication",)))
    assert alone.text == "retraction (PubMed)"


def test_corrections_in_place_are_told_apart_by_their_dates() -> None:
    one, two = crossref(CORRECTION, key=""), crossref(CORRECTION, key="", date="2026-01-09")
    again = replace(two, by="Retraction Watch")
    assert [change.date for change in told(review(one, two, again))] == ["2026-01-09", "2026-01-05"]


def test_a_notice_about_no_report_of_the_review_is_left_alone() -> None:
    assert told(review(replace(crossref(), report="doi:10.1234/unheard"))) == ()
    assert changed(review(replace(crossref(), report="doi:10.1234/unheard"))) == ()


def test_a_retraction_that_pubmed_took_back_is_gone_and_crossrefs_stays() -> None:
    assert told(review(pubmed_line(RETRACTION, "pmid:77", "2026-01-02"))) == ()
    assert len(told(review(crossref()))) == 1


# --- acknowledging ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "is_covered"),
    [
        (word(), True),
        (word(report="doi:10.1234/one"), True),
        (word(when="2026-01-10"), True),
        (word(when="2026-01-09"), False),
        (word(key="doi:10.1234/n1"), True),
        (word(key="doi:10.1234/n1", when="2020-01-01"), True),
        (word(key="doi:10.1234/other"), False),
        (word(CONCERN), False),
        (word(NoticeKind.PARTIAL_RETRACTION), False),
        (word(report="pmid:99"), False),
    ],
)
def test_what_an_acknowledgment_covers(given: Acknowledgment, *, is_covered: bool) -> None:
    made = review(crossref(), words=(given,))
    assert (told(made)[0].acknowledgment == given) is is_covered
    assert codes(made) == ([] if is_covered else ["R101", "R104"])


def test_an_acknowledged_concern_never_covers_the_retraction_that_follows() -> None:
    made = review(crossref(CONCERN), crossref(key="doi:10.1234/n2", seen="2026-01-18"), words=(word(CONCERN),))
    assert codes(made) == ["R101"]


def test_a_second_notice_of_the_kind_is_not_covered_by_what_was_said_of_the_first() -> None:
    later = crossref(CONCERN, key="doi:10.1234/n2", seen="2026-01-18", date="2026-01-17")
    for given in (word(CONCERN), word(CONCERN, key="doi:10.1234/n1")):
        (problem,) = problems(review(crossref(CONCERN), later, words=(given,)))
        assert problem.code == "R102"
        assert "10.1234/n2" in problem.message
        assert problem.hint == "A. Curator's acknowledgment of 2026-01-15 is of another or earlier notice"


def test_a_notice_of_the_time_before_days_were_kept_is_covered() -> None:
    assert codes(review(links=("RetractionIn pmid:77",), words=(word(when="2020-01-01"),))) == []


def test_an_acknowledgment_of_nothing_is_told_unless_a_log_cannot_be_read() -> None:
    made = review(words=(word(),))
    (problem,) = problems(made)
    assert (problem.code, problem.place.line) == ("R104", 3)
    assert problem.message == "pmid:11 has no retraction that was known on 2026-01-15"
    (unknown,) = problems(review(words=(word(report="pmid:99"),)))
    assert unknown.message == "pmid:99 is no record of this review"
    (other,) = problems(review(words=(word(key="pmid:5"),)))
    assert other.message == "pmid:11 has no retraction that is pmid:5"
    unread = Review(replace(made.inputs, unread=frozenset({"queries/notices.jsonl"})))
    assert codes(unread) == []


# --- the rules --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [each for each in NoticeKind if each.is_retraction])
def test_a_retracted_report_is_an_error_that_says_what_the_table_loses(kind: NoticeKind) -> None:
    (problem,) = problems(review(crossref(kind)))
    assert (problem.code, problem.severity, problem.field) == ("R101", "error", "pmid:11")
    assert problem.place.path == "curated/reports/doe-2020.yaml"
    assert f"is included, and there is a {kind} of 2026-01-05" in problem.message
    assert problem.hint == "without it: 0 eligible cases of 0 reports, not 1 of 1"


@pytest.mark.parametrize("kind", NoticeKind)
def test_an_excluded_report_may_change_as_it_likes(kind: NoticeKind) -> None:
    made = review(crossref(kind, seen="2026-01-18", date="2026-01-18"), verdict="exclude")
    assert codes(made) == []
    assert changed(made) == ()
    assert marks(made) == {}


@pytest.mark.parametrize(
    ("date", "seen", "extracted", "is_told"),
    [
        ("2026-01-15", "2026-01-18", "2026-01-15", False),
        ("2026-01-16", "2026-01-18", "2026-01-15", True),
        ("2026-01", "2026-01-18", "2026-01-15", True),
        ("2025-12", "2026-01-18", "2026-01-15", False),
        ("2026", "2026-01-18", "2026-01-15", True),
        ("2026", "2026-01-18", "2026-12-31", False),
        ("", "2026-01-18", "2026-01-15", True),
        ("", "2026-01-10", "2026-01-15", False),
        ("", "", "2026-01-15", True),
    ],
)
@pytest.mark.parametrize("kind", [CORRECTION, NoticeKind.UPDATE])
def test_a_correction_matters_where_it_came_after_the_extraction(
    kind: NoticeKind, date: str, seen: str, extracted: str, *, is_told: bool
) -> None:
    made = review(crossref(kind, date=date, seen=seen), extracted=extracted)
    assert codes(made) == (["R103"] if is_told else [])


def test_a_retracted_report_that_was_reinstated_is_still_for_a_person() -> None:
    (problem,) = problems(review(crossref(), crossref(NoticeKind.REINSTATEMENT, key="doi:10.1234/n2")))
    assert problem.code == "R101"
    assert problem.hint.startswith("there is a reinstatement too; without it: ")


def test_a_reinstatement_asks_for_nothing() -> None:
    assert codes(review(crossref(NoticeKind.REINSTATEMENT, date="2026-01-18"))) == []


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("", "Crossref was never asked whether pmid:11, Doe 2020, was retracted or corrected"),
        (
            "2025-07-23",
            "Crossref was last asked on 2025-07-23 whether pmid:11, Doe 2020, was retracted or corrected; the protocol"
            " allows 180 days",
        ),
        ("2025-07-24", None),
    ],
)
def test_what_crossref_was_not_asked_about_is_told(asked: str, message: str | None) -> None:
    found = [(problem.code, problem.message) for problem in problems(review(asked=asked))]
    assert found == ([("R106", message)] if message else [])


# --- marks ------------------------------------------------------------------------------------------------------------


def test_the_table_marks_a_report_and_says_who_keeps_it() -> None:
    mark = marks(review(crossref(CONCERN), crossref(key="doi:10.1234/n2"), words=(word(),)))["pmid:11"]
    assert mark.text == "retracted"
    assert mark.note == (
        "retraction of 2026-01-05 (doi:10.1234/n2; Crossref (publisher)); kept by A. Curator on 2026-01-15: seen by us"
    )
    assert marks(review(crossref(CORRECTION))) == {}
