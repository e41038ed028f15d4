"""What a review's strategies mark in an article."""

from __future__ import annotations

import datetime as dt

from casetable.model import Method, Record
from casetable.model.article import Article
from casetable.query import Verdict
from casetable.query.marks import Marked
from casetable.workflow.strategies import markers
from tests.unit.test_review import review_of, strategy

TODAY = dt.date(2026, 1, 20)
ARTICLE = Article(pmid="1", title="Zebra fever", published="2020 Mar 5", dates={"CRDT": "2026-01-02"})


def test_each_strategy_of_pubmed_that_has_a_text_marks_by_its_name() -> None:
    review = review_of(
        strategies=[
            strategy("main", text="zebra[ti]"),
            strategy("faulty", text="(zebra"),
            strategy("elsewhere", source="Embase", text="'zebra'/exp"),
            strategy("own", Method.WEBSITE, source="a list", records=(Record(key="pmid:1", origin="", title="A"),)),
        ]
    )
    found = {name: marker.marks(ARTICLE) for name, marker in markers(review, TODAY).items()}
    assert list(found) == ["main", "faulty"]
    assert [(span.start, span.end) for span in found["main"].title] == [(0, 5)]
    fault = "the strategy cannot be read: the group '(zebra' is never closed; expected ')'"
    assert found["faulty"] == Marked(fault=fault)


def test_the_limits_of_a_strategy_are_a_block_of_it() -> None:
    limited = strategy("main", text="zebra[ti]", published_from="2021-01-01", published_to="2022")
    found = markers(review_of(strategies=[limited]), TODAY)["main"].marks(ARTICLE)
    assert [(block.text, block.verdict) for block in found.blocks] == [
        ("zebra[ti]", Verdict.FOUND),
        ("2021/01/01:2022[dp]", Verdict.MISSED),
    ]


def test_a_span_of_days_counts_from_the_day_given() -> None:
    review = review_of(strategies=[strategy("main", text='"last 30 days"[crdt]')])
    verdicts = [markers(review, day)["main"].marks(ARTICLE).verdict for day in (TODAY, dt.date(2026, 6, 1))]
    assert verdicts == [Verdict.FOUND, Verdict.MISSED]
