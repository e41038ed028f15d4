"""Writes that take the place of nothing but what they were made from, whoever saves the file at that very moment."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from casetable.workspace import files
from casetable.workspace.files import ChangedError, write_whole

Rename = Callable[[Path, Path, int], bool]


def by_hand(path: Path, data: bytes) -> None:
    """Saves a file as an editor does: beside it, then in its place."""
    beside = path.with_name("by-hand")
    beside.write_bytes(data)
    beside.replace(path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "screening.yaml"


def meanwhile(monkeypatch: pytest.MonkeyPatch, path: Path, *saved: bytes) -> None:
    """Somebody saves the file just before it is renamed for the first time, the second, and so on."""
    real: Rename = files._rename
    waiting = list(saved)

    def rename(one: Path, other: Path, flag: int) -> bool:
        if waiting and (data := waiting.pop(0)):
            by_hand(path, data)
        return real(one, other, flag)

    monkeypatch.setattr(files, "_rename", rename)


def test_what_was_read_is_replaced(path: Path) -> None:
    write_whole(path, b"one", before=b"")
    write_whole(path, b"two", before=b"one")
    path.write_bytes(b"")
    write_whole(path, b"three", before=b"")
    assert path.read_bytes() == b"three"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("before", [b"", b"one", b"another"])
def test_what_was_edited_before_stays(path: Path, before: bytes) -> None:
    by_hand(path, b"by hand")
    with pytest.raises(ChangedError, match=r"screening\.yaml was edited meanwhile; nothing was written; try again"):
        write_whole(path, b"two", name="screening.yaml", before=before)
    assert path.read_bytes() == b"by hand"
    assert list(path.parent.iterdir()) == [path]


def test_what_was_taken_away_is_not_written_anew(path: Path) -> None:
    with pytest.raises(ChangedError):
        write_whole(path, b"two", before=b"one")
    assert not path.exists()


@pytest.mark.parametrize(
    "saved",
    [(b"A",), (b"A", b"B"), (b"A", b"B", b"C"), (b"A", b"B", b"C", b"D"), (b"A", b"two"), (b"A", b"A")],
)  # fmt: skip
def test_what_is_saved_at_that_very_moment_stays(
    monkeypatch: pytest.MonkeyPatch, path: Path, saved: tuple[bytes, ...]
) -> None:
    write_whole(path, b"one")
    meanwhile(monkeypatch, path, *saved)
    last = path.read_bytes()

    with pytest.raises(ChangedError):
        write_whole(path, b"two", before=last)
    assert path.read_bytes() == saved[-1]
    assert list(path.parent.iterdir()) == [path]


def test_a_new_file_takes_no_place_of_one_that_was_saved(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    meanwhile(monkeypatch, path, b"by hand")
    with pytest.raises(ChangedError):
        write_whole(path, b"ours", before=b"")
    assert path.read_bytes() == b"by hand"
    assert list(path.parent.iterdir()) == [path]


def test_where_the_system_cannot_swap_it_is_replaced(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    monkeypatch.setattr(files, "_rename", lambda *_: False)
    write_whole(path, b"one", before=b"")
    write_whole(path, b"two", before=b"one")
    with pytest.raises(ChangedError):
        write_whole(path, b"three", before=b"one")
    assert path.read_bytes() == b"two"


def test_of_two_who_write_from_one_file_one_is_told(path: Path) -> None:
    for round_ in range(50):
        start = path.read_bytes() if path.exists() else b""
        told: list[str] = []
        gate = threading.Barrier(2)

        def write(text: str, start: bytes = start, gate: threading.Barrier = gate, told: list[str] = told) -> None:
            gate.wait()
            try:
                write_whole(path, text.encode(), before=start)
                told.append(text)
            except ChangedError:
                pass

        threads = [threading.Thread(target=write, args=(f"{round_} {number}",)) for number in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [path.read_text()] == told
