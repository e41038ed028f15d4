"""What Crossref answers about works that were updated: both sides of a link, and whatever else may stand there."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casetable.formats.crossref import Update, Work, kind_of, notices_of, read_work, read_works
from casetable.formats.eutils import UnreadableAnswerError
from casetable.model.notice import NoticeKind
from casetable.problems import STEERING

DOI, NOTICE = "10.1234/invented.1", "10.1234/notice.1"


def listed(*works: object, **more: object) -> bytes:
    return json.dumps({"status": "ok", "message": {"total-results": len(works), "items": works, **more}}).encode()


def update(doi: object = NOTICE, **more: object) -> dict[str, object]:
    told = {
        "type": "retraction",
        "label": "Retraction",
        "source": "publisher",
        "updated": {"date-parts": [[2026, 1, 5]]},
    }
    return {"DOI": doi, **told, **more}


def one(value: object) -> Work:
    (work,) = read_works(listed(value)).works
    return work


def test_a_work_tells_what_updated_it_and_what_it_updates() -> None:
    work = one({"DOI": DOI.upper(), "updated-by": [update()], "update-to": [update("10.9/other")]})
    assert work == Work(
        doi=DOI,
        updated_by=(Update(doi=NOTICE, kind="retraction", source="publisher", date="2026-01-05"),),
    ), "10.9/other is no DOI"


@pytest.mark.parametrize(
    ("works", "side"),
    [
        ([{"DOI": DOI, "updated-by": [update()]}], "of the work"),
        ([{"DOI": DOI}, {"DOI": NOTICE, "update-to": [update(DOI)]}], "of the notice"),
        ([{"DOI": NOTICE, "update-to": [update(DOI)]}], "of the notice alone, as the DOI was redirected to it"),
        (
            [{"DOI": DOI, "updated-by": [update()]}, {"DOI": NOTICE, "update-to": [update(DOI)]}],
            "of both: it is one notice",
        ),
    ],
)
def test_a_notice_is_read_from_either_side(works: list[object], side: str) -> None:
    (notice,) = notices_of(DOI, read_works(listed(*works)).works)
    assert (notice.report, notice.kind, notice.key) == (f"doi:{DOI}", NoticeKind.RETRACTION, f"doi:{NOTICE}"), side
    assert (notice.source, notice.by, notice.told, notice.date) == ("Crossref", "publisher", "retraction", "2026-01-05")


def test_a_notice_of_many_works_is_told_of_the_one_that_was_asked_for() -> None:
    others = [update(f"10.1234/abstract.{number}") for number in range(1, 1001)]
    work = one({"DOI": NOTICE, "update-to": [*others, update(DOI, source="retraction-watch")]})
    (notice,) = notices_of(DOI, [work])
    assert notice.by == "Retraction Watch"
    assert notices_of("10.1234/unheard", [work]) == ()


def test_a_notice_is_not_itself_updated_by_what_it_updates() -> None:
    works = read_works(listed({"DOI": NOTICE, "update-to": [update(DOI)]})).works
    assert notices_of(NOTICE, works) == ()


def test_works_that_update_each_other_are_each_told_once() -> None:
    circle = {"DOI": DOI, "updated-by": [update()], "update-to": [update()]}
    back = {"DOI": NOTICE, "updated-by": [update(DOI)], "update-to": [update(DOI)]}
    works = read_works(listed(circle, back)).works
    assert [notice.key for notice in notices_of(DOI, works)] == [f"doi:{NOTICE}"]
    assert [notice.key for notice in notices_of(NOTICE, works)] == [f"doi:{DOI}"]


def test_a_work_that_was_changed_in_place_has_a_notice_without_a_key_for_each_date() -> None:
    work = one(
        {"DOI": DOI, "updated-by": [update(DOI, type="correction"), update(DOI, type="correction", updated=None)]}
    )
    assert [(notice.key, notice.date) for notice in notices_of(DOI, [work])] == [("", ""), ("", "2026-01-05")]


def test_a_date_is_kept_where_one_side_of_a_link_has_none() -> None:
    works = read_works(
        listed({"DOI": DOI, "updated-by": [update()]}, {"DOI": NOTICE, "update-to": [update(DOI, updated=None)]})
    )
    assert [notice.date for notice in notices_of(DOI, works.works)] == ["2026-01-05"]


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("retraction", NoticeKind.RETRACTION),
        ("Retraction", NoticeKind.RETRACTION),
        ("retration", NoticeKind.RETRACTION),
        ("withdrawal", NoticeKind.RETRACTION),
        ("removal", NoticeKind.RETRACTION),
        ("partial_retraction", NoticeKind.PARTIAL_RETRACTION),
        ("retraction_and_republication", NoticeKind.REPUBLICATION),
        ("expression_of_concern", NoticeKind.CONCERN),
        ("Expression-of-Concern", NoticeKind.CONCERN),
        ("concern", NoticeKind.CONCERN),
        ("correction", NoticeKind.CORRECTION),
        ("corrigendum", NoticeKind.CORRECTION),
        ("erratum", NoticeKind.CORRECTION),
        ("addendum", NoticeKind.CORRECTION),
        ("clarification", NoticeKind.CORRECTION),
        ("new_version", NoticeKind.UPDATE),
        ("new_edition", NoticeKind.UPDATE),
        ("reinstatement", NoticeKind.REINSTATEMENT),
        ("anything else", NoticeKind.UPDATE),
    ],
)
def test_kinds(word: str, kind: NoticeKind) -> None:
    assert kind_of(word) is kind


@pytest.mark.parametrize(
    ("parts", "date"),
    [
        ([[2026, 1, 5]], "2026-01-05"),
        ([[2026, 1]], "2026-01"),
        ([[2026]], "2026"),
        ([[2026, 13, 5]], "2026"),
        ([[2026, 0]], "2026"),
        ([[2026, 1, 32]], "2026-01"),
        ([[2026, None, 5]], "2026"),
        ([[True]], ""),
        ([["2026"]], ""),
        ([[10**30]], ""),
        ([[None]], ""),
        ([[]], ""),
        ([], ""),
        (None, ""),
        ("2026", ""),
        ([2026], ""),
    ],
)
def test_dates(parts: object, date: str) -> None:
    (told,) = one({"DOI": DOI, "updated-by": [update(updated={"date-parts": parts})]}).updated_by
    assert told.date == date


@pytest.mark.parametrize(
    "links", [None, {}, "x", 3, [None], [[]], [{}], [update(None)], [update(3)], [update("no DOI")], [update("10.1234/a\u202eb")]]
)  # fmt: skip
def test_what_is_no_link_is_left_out(links: object) -> None:
    work = one({"DOI": DOI, "updated-by": links, "update-to": links})
    assert (work.updated_by, work.updates) == ((), ())


def test_hostile_words_become_one_short_line() -> None:
    told = update(type="re\x1b[2Jtraction\n\u202e" + "x" * 500, source="\ud800<script>")
    (link,) = one({"DOI": DOI, "updated-by": [told]}).updated_by
    assert not STEERING.search(link.kind + link.source)
    assert len(link.kind) <= 80
    assert link.source == "?<script>"


@pytest.mark.parametrize("word", [None, 3, "", " \n", []])
def test_a_link_without_a_type_goes_by_its_label(word: object) -> None:
    (link,) = one({"DOI": DOI, "updated-by": [update(type=word, label="Correction")]}).updated_by
    assert link.kind == "Correction"


@pytest.mark.parametrize(
    ("data", "message", "is_transient"),
    [
        (b"", "no JSON where works were due", True),
        (b"<!DOCTYPE html><html>", "an HTML page where works were due", True),
        (b"[" * 100_000, "no JSON where works were due", True),
        (b"[]", "no works where works were due", True),
        (b'{"message": []}', "no works where works were due", True),
        (b'{"message": {"items": {}}}', "no list of works where one was due", True),
        (
            b'{"status": "failed", "message-type": "validation-failure", "message": [{"type": "x", "message": "no such filter"}]}',
            "an error: no such filter",
            False,
        ),
        (b'{"status": "error", "message": {}}', "an error: without a reason", False),
    ],
)
def test_what_is_no_answer_is_told(data: bytes, message: str, is_transient: bool) -> None:
    with pytest.raises(UnreadableAnswerError, match=message) as caught:
        read_works(data)
    assert caught.value.is_transient is is_transient


def test_a_work_that_crossref_does_not_have_is_none() -> None:
    assert read_work(b"Resource not found.") is None
    with pytest.raises(UnreadableAnswerError, match="no work where one was due"):
        read_work(b'{"status": "ok", "message": {"DOI": 3}}')
    work = read_work(json.dumps({"status": "ok", "message": {"DOI": DOI}}).encode())
    assert work == Work(doi=DOI)


@pytest.mark.parametrize(("total", "read"), [(1500, 1500), (None, 1), ("9", 1), (-1, 1), (True, 1)])
def test_how_many_works_there_are(total: object, read: int) -> None:
    assert read_works(listed({"DOI": DOI}, **{"total-results": total})).total == read


_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8) | st.just(DOI),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "DOI",
                    "type",
                    "label",
                    "source",
                    "updated",
                    "date-parts",
                    "updated-by",
                    "update-to",
                    "items",
                    "message",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


@given(_JSON, _JSON)
def test_any_json_is_read_or_told(whole: Any, item: Any) -> None:
    for read, value in ((read_works, whole), (read_work, whole), (read_works, {"message": {"items": [item, item]}})):
        try:
            found = read(json.dumps(value).encode())
        except UnreadableAnswerError:
            continue
        works = found.works if hasattr(found, "works") else [found]
        for notice in notices_of(DOI, [work for work in works if work is not None]):
            assert notice.report == f"doi:{DOI}"


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_told(data: bytes) -> None:
    for read in (read_works, read_work):
        try:
            read(data)
        except UnreadableAnswerError:
            continue
