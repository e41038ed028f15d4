"""Kept answers: named by their content, given back whole or not at all."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from casetable.workspace.cache import Answers


def test_an_answer_is_given_back_as_it_came(tmp_path: Path) -> None:
    answers = Answers(tmp_path / "answers")
    answers.keep(b"<one/>", ["1", "2"], "2026-01-10T08:00:00Z")
    answers.keep(b"<two/>", ["2", "3"], "2026-01-11T08:00:00Z")
    latest = answers.latest()
    assert {pmid: answers.body(name) for pmid, (name, _) in latest.items()} == {
        "1": b"<one/>",
        "2": b"<two/>",
        "3": b"<two/>",
    }
    assert latest["1"] == (sha256(b"<one/>").hexdigest(), "2026-01-10T08:00:00Z")


def test_what_is_not_what_its_name_says_is_not_given_back(tmp_path: Path) -> None:
    answers = Answers(tmp_path)
    answers.keep(b"<one/>", ["1"], "2026-01-10T08:00:00Z")
    answers.keep(b"<two/>", ["2"], "2026-01-10T08:00:00Z")
    one, two = sorted(tmp_path.rglob("*.xml.gz"))
    one.write_bytes(two.read_bytes())
    two.write_bytes(b"torn")
    assert [answers.body(name) for name, _ in answers.latest().values()] == [None, None]
    whole = bytearray(one.read_bytes())
    whole[12:20] = b"\xff" * 8
    one.write_bytes(bytes(whole))
    assert [answers.body(name) for name, _ in answers.latest().values()] == [None, None]


def test_a_line_behind_a_torn_one_is_whole(tmp_path: Path) -> None:
    answers = Answers(tmp_path)
    answers.keep(b"<one/>", ["1"], "2026-01-10T08:00:00Z")
    index = tmp_path / "index.jsonl"
    index.write_bytes(index.read_bytes()[:-20])
    answers.keep(b"<two/>", ["2"], "2026-01-11T08:00:00Z")
    assert list(answers.latest()) == ["2"]


def test_a_damaged_index_and_hostile_names_do_no_harm(tmp_path: Path) -> None:
    (tmp_path / "index.jsonl").write_bytes(
        b'{"answer": "../../etc/passwd", "when": "z", "pmids": ["1"]}\nnot json\n[1]\n{"answer": 3}\n'
        + b"[" * 100_000
        + b'\n{"answer": "a", "when": "b", "pmids": [["1"], 2]}\n{"answer": "a", "when": "b", "pm'
    )
    answers = Answers(tmp_path)
    assert {pmid: answers.body(name) for pmid, (name, _) in answers.latest().items()} == {"1": None}
    assert Answers(tmp_path / "nowhere").latest() == {}
