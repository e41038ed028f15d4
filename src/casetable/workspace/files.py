"""Writes that are whole at any moment."""

from __future__ import annotations

import os
import secrets
import shutil
from pathlib import Path

from casetable.errors import CasetableError


def write_whole(path: Path, data: bytes, *, name: str = "", before: bytes | None = None) -> None:
    """Writes a file so that at any moment, whatever ends the process, it is whole: the old one or the new one.

    `name` is what a message calls it, where not by its path. With `before`, b"" for no file, it raises ChangedError where the
    file says something else at the last moment, as somebody saved it in an editor since it was read.
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
            if before is not None and (path.read_bytes() if path.is_file() else b"") != before:
                raise ChangedError(f"{name or path} was edited meanwhile; nothing was written; try again")
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        _sync_folder(path.parent)
    except OSError as error:
        raise WriteError(f"{name or path} cannot be written ({error.strerror})") from error


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
