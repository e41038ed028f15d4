"""What a build leaves in its folder: this build, nothing of an earlier one, and every change that a person made."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from casetable.workspace.files import WriteError
from casetable.workspace.outputs import MANIFEST, write_outputs


def tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MANIFEST
    }


def test_a_second_build_replaces_the_first_and_removes_what_is_over(tmp_path: Path) -> None:
    write_outputs(tmp_path, {"a": b"1", "old/x": b"2", "old/y": b"3"})
    outcome = write_outputs(tmp_path, {"a": b"4", "old/y": b"3"})
    assert (outcome.set_aside, outcome.removed, outcome.left) == ({}, ("old/x",), ())
    assert tree(tmp_path) == {"a": b"4", "old/y": b"3"}
    write_outputs(tmp_path, {"a": b"4"})
    assert not (tmp_path / "old").exists()


def test_a_changed_file_is_kept_under_another_name(tmp_path: Path) -> None:
    write_outputs(tmp_path, {"sub/a.docx": b"1"})
    for change, kept in ((b"mine", "sub/a.changed.docx"), (b"mine too", "sub/a.changed-2.docx")):
        (tmp_path / "sub/a.docx").write_bytes(change)
        outcome = write_outputs(tmp_path, {"sub/a.docx": b"2"})
        assert outcome.set_aside == {"sub/a.docx": kept}
        assert (tmp_path / kept).read_bytes() == change
        assert (tmp_path / "sub/a.docx").read_bytes() == b"2"
    assert write_outputs(tmp_path, {"sub/a.docx": b"3"}).set_aside == {}
    assert sorted(tree(tmp_path)) == ["sub/a.changed-2.docx", "sub/a.changed.docx", "sub/a.docx"]


def test_a_file_that_no_build_wrote_is_kept(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"mine")
    (tmp_path / "b").write_bytes(b"same")
    (tmp_path / "c").write_bytes(b"else")
    assert write_outputs(tmp_path, {"a": b"1", "b": b"same"}).set_aside == {"a": "a.changed"}
    assert tree(tmp_path) == {"a": b"1", "a.changed": b"mine", "b": b"same", "c": b"else"}


def test_a_changed_file_that_is_not_built_any_more_is_left(tmp_path: Path) -> None:
    write_outputs(tmp_path, {"a": b"1", "b": b"2"})
    (tmp_path / "b").write_bytes(b"mine")
    outcome = write_outputs(tmp_path, {"a": b"1"})
    assert (outcome.removed, outcome.left) == ((), ("b",))
    assert tree(tmp_path) == {"a": b"1", "b": b"mine"}


def test_after_a_build_that_was_broken_off_nothing_is_taken_for_changed(tmp_path: Path) -> None:
    write_outputs(tmp_path, {"a": b"1", "b": b"2"})
    (tmp_path / "c").mkdir()  # in the way of the file that is written last
    with pytest.raises(WriteError):
        write_outputs(tmp_path, {"a": b"3", "b": b"4", "c": b"5"})
    (tmp_path / "c").rmdir()
    assert tree(tmp_path) == {"a": b"3", "b": b"4"}
    outcome = write_outputs(tmp_path, {"a": b"6", "b": b"7", "c": b"5"})
    assert (outcome.set_aside, outcome.removed, outcome.left) == ({}, (), ())
    assert tree(tmp_path) == {"a": b"6", "b": b"7", "c": b"5"}


@pytest.mark.parametrize("name", ["../outside", "/etc/hostname", "a/../../outside", "", "."])
def test_a_manifest_names_nothing_outside_of_its_folder(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "build"
    write_outputs(folder, {"a": b"1"})
    outside = tmp_path / "outside"
    outside.write_bytes(b"1")
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["files"][name] = manifest["files"]["a"]
    (folder / MANIFEST).write_text(json.dumps(manifest))
    assert write_outputs(folder, {"b": b"1"}).removed == ("a",)
    assert outside.read_bytes() == b"1"


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"files": 3}', '{"files": {"a": 3}}', '{"files": {"a": [3]}}', "[" * 100_000]
)
def test_a_manifest_that_cannot_be_read_loses_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "a").write_bytes(b"mine")
    (tmp_path / MANIFEST).write_text(text)
    assert write_outputs(tmp_path, {"a": b"1"}).set_aside == {"a": "a.changed"}
