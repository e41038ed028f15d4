"""One pace for all processes and threads of a machine that ask the same service."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

LONGEST_QUEUE_SECONDS = 120.0


class MachinePace:
    """Hands out turns through a small file: each turn is `gap_seconds` after the one before, whoever takes them.

    `clock` is the time of day in seconds, which all processes share. Where the file cannot be used, or holds nonsense,
    the turns of this process alone are kept apart.
    """

    def __init__(self, name: str, clock: Callable[[], float], folder: Path | None = None) -> None:
        self._path = (folder or Path(tempfile.gettempdir())) / f"casetable-{name}.turn"
        self._clock = clock
        self._threads = threading.Lock()
        self._own = 0.0

    def __call__(self, gap_seconds: float) -> float:
        """Takes the next turn and returns the seconds until it."""
        with self._threads:
            try:
                with FileLock(f"{self._path}.lock", timeout=10):
                    return self._take(gap_seconds)
            except (OSError, Timeout):
                return self._take(gap_seconds, is_shared=False)

    def _take(self, gap_seconds: float, *, is_shared: bool = True) -> float:
        now = self._clock()
        free_at = self._own
        if is_shared:
            with suppress(OSError, ValueError):
                free_at = max(free_at, float(self._path.read_text(encoding="ascii")))
        if not now <= free_at <= now + LONGEST_QUEUE_SECONDS:
            free_at = now
        self._own = free_at + gap_seconds
        if is_shared:
            self._path.write_text(repr(self._own), encoding="ascii")
        return free_at - now
