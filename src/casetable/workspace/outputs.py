"""What a build writes, so that the folder holds this build and nothing of an earlier one, and no work of a person is lost."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path, PurePosixPath

from casetable.workspace.files import WriteError, write_whole

# Which files a build wrote, each with the hashes of its content; two of them only while a build is under way.
MANIFEST = ".built.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of the files that were there: `set_aside` maps those that a person had changed to their new name,
    `removed` are those of an earlier build that is over, `left` such that a person had changed."""

    set_aside: Mapping[str, str]
    removed: tuple[str, ...]
    left: tuple[str, ...]


def write_outputs(folder: Path, files: Mapping[str, bytes]) -> Outcome:
    """Writes what was built, each file whole; a file that is there and is not as a build wrote it keeps its content.

    Such a file gets another name before the new one takes its place. Files of an earlier build that this one does not
    write are removed where they are as they were written. Raises WriteError.
    """
    known = _read_manifest(folder)
    hashes = {name: _hash(data) for name, data in files.items()}
    set_aside: dict[str, str] = {}
    for name in sorted(files):
        there = _hash_of(folder / name)
        if there and there != hashes[name] and there not in known.get(name, ()):
            set_aside[name] = _set_aside(folder, name)
    # A build that is broken off leaves some files old and some new: both are its own.
    under_way = {name: list(dict.fromkeys([*known.get(name, ()), told])) for name, told in hashes.items()}
    _write_manifest(folder, {**known, **under_way})
    for name, data in sorted(files.items()):
        write_whole(folder / name, data)
    removed, left = [], []
    for name in sorted(known.keys() - files.keys()):
        there = _hash_of(folder / name)
        if there in known[name]:
            _remove(folder, name)
            removed.append(name)
        elif there:
            left.append(name)
    _write_manifest(folder, {name: [told] for name, told in hashes.items()})
    return Outcome(set_aside=set_aside, removed=tuple(removed), left=tuple(left))


def _hash(data: bytes) -> str:
    return sha256(data).hexdigest()


def _hash_of(path: Path) -> str:
    """Returns the hash of a file, or nothing where none is there."""
    try:
        return _hash(path.read_bytes()) if path.is_file() else ""
    except OSError as error:
        raise WriteError(f"{path} cannot be read ({error.strerror})") from error


def _read_manifest(folder: Path) -> dict[str, list[str]]:
    """Returns what an earlier build wrote; nothing where that is not known. A name that leads out of the folder is none."""
    try:
        found = json.loads((folder / MANIFEST).read_bytes())
        files = found["files"]
        return {
            name: [text for text in hashes if isinstance(text, str)]
            for name, hashes in files.items()
            if _is_within(name) and isinstance(hashes, list)
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def _is_within(name: str) -> bool:
    path = PurePosixPath(name)
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts and "\0" not in name


def _write_manifest(folder: Path, files: Mapping[str, Iterable[str]]) -> None:
    value = {"schema": 1, "files": {name: list(files[name]) for name in sorted(files)}}
    write_whole(folder / MANIFEST, (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode())


def _set_aside(folder: Path, name: str) -> str:
    """Gives a file a name that is free: table.docx becomes table.changed.docx, or table.changed-2.docx."""
    path = folder / name
    number = 1
    while True:
        mark = ".changed" if number == 1 else f".changed-{number}"
        other = path.with_name(f"{path.stem}{mark}{path.suffix}")
        if not other.exists():
            break
        number += 1
    try:
        path.rename(other)
    except OSError as error:
        raise WriteError(f"{path} was changed since it was built, and cannot be kept ({error.strerror})") from error
    return other.relative_to(folder).as_posix()


def _remove(folder: Path, name: str) -> None:
    """Removes a file, and the folders above it that are empty then."""
    try:
        (folder / name).unlink()
    except OSError as error:
        raise WriteError(f"{folder / name} is not built any more, and cannot be removed ({error.strerror})") from error
    for above in PurePosixPath(name).parents[:-1]:
        try:
            (folder / above).rmdir()
        except OSError:  # something else is in it
            return
