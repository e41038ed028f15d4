"""The raw answers of sources, kept as they came: `.casetable/answers/`, never in git (abstracts are in copyright).

An answer is named by its content, and a line of the index says which PMIDs it was given for. What a broken-off refresh
fetched is taken from here, and the records can be read anew from here without a request.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

from casetable.workspace.files import write_whole


class Answers:
    """The answers kept in a folder; what cannot be read there counts as not kept."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._index = folder / "index.jsonl"

    def keep(self, body: bytes, pmids: Sequence[str], when: str) -> None:
        """Keeps an answer and what it was asked for; the index line comes last, so a line's answer is whole."""
        name = sha256(body).hexdigest()
        path = self._path(name)
        if not path.exists():
            write_whole(path, gzip.compress(body, 6, mtime=0))
        line = json.dumps({"answer": name, "when": when, "pmids": list(pmids)}) + "\n"
        with self._index.open("ab") as file:
            file.write(b"\n" + line.encode())  # begins a line of its own, also behind one that was torn

    def stamp(self) -> tuple[int, ...]:
        """Returns what is another once something more was kept."""
        try:
            found = self._index.stat()
        except OSError:
            return ()
        return found.st_mtime_ns, found.st_size

    def latest(self) -> dict[str, tuple[str, str]]:
        """Returns for each PMID the name of the last answer it was asked for in, and when that was."""
        found: dict[str, tuple[str, str]] = {}
        for entry in self._entries():
            try:
                name, when, pmids = str(entry["answer"]), str(entry["when"]), list(entry["pmids"])  # type: ignore[call-overload]
            except (KeyError, TypeError):
                continue
            for pmid in pmids:
                if isinstance(pmid, str) and when >= found.get(pmid, ("", ""))[1]:
                    found[pmid] = (name, when)
        return found

    def kept(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yields each answer by its name with what it was asked for, in the order in which they were kept."""
        for entry in self._entries():
            name, asked = entry.get("answer"), entry.get("pmids")
            if isinstance(name, str) and isinstance(asked, list):
                yield name, tuple(map(str, asked))

    def body(self, name: str) -> bytes | None:
        """Returns an answer as it came, or None where it is not there or is not what its name says."""
        try:
            body = gzip.decompress(self._path(name).read_bytes())
        except (OSError, EOFError, ValueError, zlib.error):
            return None
        return body if sha256(body).hexdigest() == name else None

    def _path(self, name: str) -> Path:
        safe = name if len(name) == 64 and set(name) <= set("0123456789abcdef") else "0" * 64
        return self._folder / safe[:2] / f"{safe}.xml.gz"

    def _entries(self) -> Iterator[dict[str, object]]:
        try:
            data = self._index.read_bytes()
        except OSError:
            return
        for line in data.split(b"\n"):
            try:
                entry = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(entry, dict):
                yield entry
