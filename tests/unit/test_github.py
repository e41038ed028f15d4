"""What GitHub shows: the summary of a job and the text of a pull request, whatever a title holds, in the room there is."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casetable.cli.show import github_lines
from casetable.drift import Cause, Drift, Move
from casetable.model import Acceptance
from casetable.problems import Place, Severity
from casetable.render.github import inert, render_drifts, render_summary
from tests.unit.test_drift import NOW, THEN, record, search
from tests.unit.test_findings import PROBLEMS, problem

ENTRY = Acceptance(
    code="E201", reason="a|b", by="A. Curator", when=dt.date(2026, 1, 15), place=Place(path="review.yaml")
)
NASTY = "</table><img src=x> | `x` [a](http://evil.example) @octocat #12 GH-12 **b** www.evil.example $x$\r\n::error::x"


def test_no_text_is_markup_or_a_link_or_tells_anybody() -> None:
    assert inert(NASTY) == (
        "&lt;/table&gt;&lt;img src=x&gt; &#124; \\`x\\` \\[a\\](http:\u200b//evil.example) @\u200boctocat \\#\u200b12"
        " GH-\u200b12 \\*\\*b\\*\\* www\u200b.evil.example \\$x\\$ ::error::x"
    )


@given(st.text())
def test_any_text_is_one_line_without_a_tag_a_cell_or_a_mention(text: str) -> None:
    told = inert(text)
    assert "\n" not in told
    assert not re.search(r"[<>|\r]|@\w|://|(?<!\\)(\\\\)*[`*_\[\]]", told)


def test_a_summary_has_the_gravest_first_and_what_is_accepted_apart() -> None:
    listed = [PROBLEMS[2], PROBLEMS[3], PROBLEMS[0]]
    told = render_summary(listed, [(problem(code="E201", message="m"), ENTRY)], "checked 1 hit: 1 error").decode()
    assert told == (
        "## casetable check\n\nchecked 1 hit: 1 error\n"
        "\n|  | Place | Rule | Problem |\n| --- | --- | --- | --- |\n"
        "| error | curated/a.yaml:3:2 | S101 | pmid:11: nobody decided on it; next: casetable screen |\n"
        "| warning | curated/a.yaml:3:2 | E201 | pmid:11: is not accessible |\n"
        "| note | queries/é x.yaml | L101 | pmid:11: nobody decided on it |\n"
        "\n| Accepted | Place | Rule | Reason |\n| --- | --- | --- | --- |\n"
        "| pmid:11: m | curated/a.yaml:3:2 | E201 | a&#124;b (A. Curator, 2026-01-15) |\n"
    )


def test_a_summary_of_nothing_is_its_head() -> None:
    assert render_summary([], [], "checked 1 hit") == b"## casetable check\n\nchecked 1 hit\n"


@pytest.mark.parametrize("limit", [0, 50, 200, 400, 1000, 5000])
def test_a_summary_keeps_to_its_room_and_says_what_found_none(limit: int) -> None:
    listed = [problem(message=f"é {number}") for number in range(100)]
    told = render_summary(listed, [], "checked", limit)
    assert len(told) <= limit
    rows = told.decode().count("| error |")
    left = re.search(r"\nand (\d+) more, for which there is no room here\n$", told.decode())
    assert rows + (int(left[1]) if left else 0) == (100 if told else 0)
    assert (rows > 0) is (limit >= 400)


def test_of_each_kind_as_many_annotations_as_github_shows() -> None:
    listed = [problem(line=n, severity=kind) for kind in reversed(Severity) for n in range(1, 13)]
    lines = list(github_lines(listed, 10))
    assert [line.split(" ")[0] for line in lines] == ["::error"] * 10 + ["::warning"] * 10 + ["::notice"] * 10
    assert "line=10," in lines[9]
    assert len(list(github_lines(listed))) == 36


def drift(**values: object) -> Drift:
    given = {
        "strategy": "main",
        "before": search(THEN),
        "after": search(NOW),
        "hits_before": 1,
        "hits_after": 2,
        "moves": (),
        "changed": (),
        "words_added": (),
        "words_removed": (),
        **values,
    }
    return Drift(**given)  # type: ignore[arg-type]


def test_drift_is_told_with_its_reasons() -> None:
    new = record("pmid:1", title=NASTY)
    old = replace(record("pmid:2", title="Old"), publication_types=("Retracted Publication",))
    moves = (
        Move(key="pmid:1", record=new, is_gain=True, cause=Cause.CREATED, reason="created on 2026-01-20"),
        Move(key="pmid:3", record=None, is_gain=False, cause=Cause.UNEXPLAINED, reason="unexplained"),
    )
    text = render_drifts([drift(moves=moves, changed=(("pmid:2", old),), words_added=("a[ti]",))]).decode()
    assert text.startswith("# What the searches found\n\n## main: 1 → 2 hits\n\n")
    lines = text.splitlines()
    assert "- added to the strategy: a\\[ti\\]" in lines
    assert f"- **gained** {inert(f'pmid:1, {new.label}, “{NASTY}”')}: created on 2026-01-20" in lines
    assert "- **lost** pmid:3: unexplained" in lines
    assert f"- **changed** pmid:2, {old.label}, “Old”: retracted" in lines


def test_drift_without_a_change_or_a_search_says_so() -> None:
    assert render_drifts([drift()]).decode().endswith("\n\nno change\n")
    assert render_drifts([drift(before=None)]).decode().endswith("\n\n2 hits\n")
    assert render_drifts([]).decode().endswith("\n\nno search yet\n")


def test_drift_of_any_size_has_room() -> None:
    move = Move(key="pmid:1", record=record("pmid:1", title="T" * 90), is_gain=True, cause=Cause.CREATED, reason="new")
    moves = tuple(replace(move, key=f"pmid:{n}") for n in range(2000))
    text = render_drifts([drift(moves=moves)])
    assert len(text) <= 60_000
    assert re.search(rb"\nand 1,\d\d\d more, for which there is no room here\n$", text)
