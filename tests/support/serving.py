"""`casetable serve` in a process of its own, with a browser's session, and reviews to be served."""

from __future__ import annotations

import os
import re
import selectors
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import requests

START_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Server:
    """A running `serve`: the review's folder, the address that was printed, its parts, and a session that opened it."""

    folder: Path
    address: str
    base: str
    token: str
    port: int
    session: requests.Session
    logs: Path
    process: subprocess.Popen[bytes]
    said: list[str] = field(default_factory=list)

    @property
    def cookie(self) -> str:
        """The session's cookie as a header has it."""
        return "; ".join(f"{each.name}={each.value}" for each in self.session.cookies)

    def browser(self) -> requests.Session:
        """Returns one more session that opened the address; it sends Origin, which a server looks at where something is sent."""
        session = requests.Session()
        session.trust_env = False
        session.headers["Origin"] = self.base
        session.get(self.address, timeout=30).raise_for_status()
        return session

    def get(self, path: str, **options: object) -> requests.Response:
        return self.session.get(self.base + path, timeout=60, allow_redirects=False, **options)  # type: ignore[arg-type]

    def post(self, path: str, data: object = None, **options: object) -> requests.Response:
        return self.session.post(self.base + path, data, timeout=60, allow_redirects=False, **options)  # type: ignore[arg-type]

    def raw(self, data: bytes, seconds: float = 10) -> bytes:
        """Sends bytes as they are on a connection of its own; returns what comes until it is closed, or for so long."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=seconds) as connection:
            connection.sendall(data)
            found = b""
            try:
                while piece := connection.recv(65536):
                    found += piece
            except (TimeoutError, ConnectionResetError):
                pass
            return found

    def bugs(self) -> list[str]:
        """The logs that it wrote of faults of its own."""
        return [path.read_text() for path in sorted(self.logs.glob("casetable-*.log"))]


def environment(**more: str) -> dict[str, str]:
    """The test's environment without what would change the command, and with no way to a source."""
    unreachable = dict.fromkeys(("CASETABLE_EUTILS_URL", "CASETABLE_CROSSREF_URL"), "http://127.0.0.1:9/")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("NCBI_", "CASETABLE_", "GIT_", "GITHUB_"))}
    return {**kept, **unreachable, **more}


@contextmanager
def serving(folder: Path, logs: Path, *, by: str = "A. Curator", first: str = "", **around: str) -> Iterator[Server]:
    """Serves a review; ends it with Ctrl-C, and fails where it wrote more than its address, or ended of anything else.

    `logs` is the folder for what it writes of faults of its own, which must be none; `first` is code that it runs before,
    `around` its environment.
    """
    logs.mkdir(parents=True, exist_ok=True)
    told = (logs / "stderr").open("wb")
    way = ["-c", f"{first}\nfrom casetable.cli import main\nmain()"] if first else ["-m", "casetable"]
    process = subprocess.Popen(
        [sys.executable, *way, "serve", "--port", "0", "--by", by],
        cwd=folder,
        env=environment(TMPDIR=str(logs), **around),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=told.fileno(),
    )
    told.close()
    session = requests.Session()
    assert process.stdout is not None
    try:
        address = _line(process).strip()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/\?token=[\w-]{20,}", address), (logs / "stderr").read_text()
        parts = urlsplit(address)
        server = Server(
            folder=folder,
            address=address,
            base=f"http://{parts.netloc}",
            token=parse_qs(parts.query)["token"][0],
            port=parts.port or 0,
            session=session,
            logs=logs,
            process=process,
        )
        server.session.trust_env = False
        server.session.headers["Origin"] = server.base
        server.session.get(address, timeout=30).raise_for_status()
        yield server
        assert process.poll() is None, "it ended by itself"
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=30)
        assert rest == b""
        assert process.returncode in {0, 130}
        err = (logs / "stderr").read_text()
        assert "Traceback" not in err
        assert "Exception" not in err
        assert server.bugs() == []
    finally:
        session.close()
        if process.poll() is None:
            process.kill()
            process.wait()
        process.stdout.close()


def _line(process: subprocess.Popen[bytes]) -> str:
    """Returns the first line of the output, "" where none comes."""
    assert process.stdout is not None
    deadline = time.monotonic() + START_SECONDS
    found = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while not found.endswith(b"\n") and time.monotonic() < deadline:
            if selector.select(0.5):
                piece = os.read(process.stdout.fileno(), 1)
                if not piece:
                    break
                found += piece
    return found.decode()


def tree(folder: Path) -> Mapping[str, bytes]:
    """All files of a review with their bytes; not the lock, which says nothing."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "lock"
    }
