"""Writes that are whole at any moment."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import sys
from pathlib import Path

from casetable.errors import CasetableError

# Of Linux's renameat2(2).
_HERE, _NO_REPLACE, _EXCHANGE = -100, 1, 2


def write_whole(path: Path, data: bytes, *, name: str = "", before: bytes | None = None) -> None:
    """Writes a file so that at any moment, whatever ends the process, it is whole: the old one or the new one.

    `name` is what a message calls it, where not by its path. With `before`, b"" for no file, it raises ChangedError where the
    file says something else, as somebody saved it in an editor since it was read; on Linux up to the very moment.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            if path.exists():
                shutil.copymode(path, temporary)
            if before is None:
                temporary.replace(path)
            elif not _put(temporary, path, before):
                raise ChangedError(f"{name or path} was edited meanwhile; nothing was written; try again")
        finally:
            temporary.unlink(missing_ok=True)
        _sync_folder(path.parent)
    except OSError as error:
        raise WriteError(f"{name or path} cannot be written ({error.strerror})") from error


def _put(temporary: Path, path: Path, before: bytes) -> bool:
    """Puts a file in a place that says `before`, b"" for no file; False where it says something else.

    Between a last look and a rename somebody else may rename a file to there. So the two change places, and what came out is
    looked at: what nobody expected goes back.
    """
    is_there = path.is_file()
    if (path.read_bytes() if is_there else b"") != before:
        return False
    placed = temporary.stat().st_ino
    try:
        is_swapped = _rename(temporary, path, _EXCHANGE if is_there else _NO_REPLACE)
    except (FileExistsError, FileNotFoundError):
        return False
    if not is_swapped:
        temporary.replace(path)
        return True
    if not is_there or temporary.read_bytes() == before:
        return True
    while True:
        found = temporary.stat().st_ino
        _rename(temporary, path, _EXCHANGE)
        if temporary.stat().st_ino == placed:
            return False
        placed = found  # saved once more in between: the newest goes back


def _rename(one: Path, other: Path, flag: int) -> bool:
    """Renames a file as `flag` says in one step; False where the system or its disk knows no such thing."""
    if sys.platform != "linux":
        return False
    import ctypes

    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    if rename(_HERE, os.fsencode(one), _HERE, os.fsencode(other), flag) == 0:
        return True
    code = ctypes.get_errno()
    if code in {errno.ENOSYS, errno.EINVAL, errno.EXDEV}:
        return False
    raise OSError(code, os.strerror(code), str(other))


def _sync_folder(folder: Path) -> None:
    """Makes a rename survive a power cut, where the system can."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class WriteError(CasetableError):
    """A file could not be written; the old one is as it was."""


class ChangedError(WriteError):
    """A file is another than the one that a change of it was made from; it is as it was."""
