"""Runs the command as a user does: in a process of its own, in a real folder under git."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.eutils_server import Service, serving
from tests.support.command import Commands

REPOSITORY = Path(__file__).parents[2]
UNREACHABLE = "http://127.0.0.1:9/"


@dataclass(frozen=True)
class Ran:
    """What a command answered."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


def environment(**more: str) -> dict[str, str]:
    """The test's environment without what would change the command, and with no way to NCBI or Crossref."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("NCBI_", "CASETABLE_", "GIT_", "GITHUB_"))
    }
    return {**kept, "CASETABLE_EUTILS_URL": UNREACHABLE, "CASETABLE_CROSSREF_URL": UNREACHABLE, **more}


_COMMANDS = Commands()


def casetable(*arguments: str, cwd: Path, **more: str) -> Ran:
    """Runs `casetable ARGUMENTS` in a folder; `more` is added to its environment."""
    code, out, err = _COMMANDS.run(arguments, cwd=cwd, environ=environment(**more), seconds=120)
    assert "Traceback" not in err, err
    return Ran(code, out, err)


def casetable_anew(*arguments: str, cwd: Path, **more: str) -> Ran:
    """Runs `python -m casetable ARGUMENTS`, which imports all anew."""
    done = subprocess.run(
        [sys.executable, "-m", "casetable", *arguments],
        cwd=cwd,
        env=environment(**more),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def required(program: str) -> None:
    """Skips a test where a program is not installed; in CI, which installs all of them, the test fails."""
    if shutil.which(program) is None:
        if os.environ.get("CI"):
            pytest.fail(f"{program} is not installed")
        pytest.skip(f"{program} is not installed")


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-c", "user.name=A. Curator", "-c", "user.email=a@curator.example", *arguments],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def commit_all(folder: Path) -> None:
    git(folder, "init", "-q", "-b", "main")
    git(folder, "config", "user.name", "A. Curator")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "as it stands")


def at_keyboard(folder: Path, keys: list[str | tuple[str, str]], *arguments: str) -> str:
    """Runs `screen ARGUMENTS` at a terminal, presses a key whenever it asks for one, and returns what was on the screen."""
    keyboard, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "casetable", "screen", *arguments],
        cwd=folder,
        env=environment(),
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        close_fds=True,
    )
    os.close(terminal)
    shown = ""
    asked = 0
    deadline = time.monotonic() + 60
    waiting: list[tuple[str, str]] = []
    for key in keys:
        first, second = key if isinstance(key, tuple) else (key, "")
        waiting.append(("q quit", first))
        if second:
            waiting.append(("reason (number", second + "\r"))
    while time.monotonic() < deadline:
        ready, _, _ = select.select([keyboard], [], [], 0.2)
        if ready:
            try:
                data = os.read(keyboard, 65536)
            except OSError:
                break
            if not data:
                break
            shown += data.decode()
        if waiting and waiting[0][0] in shown[asked:]:
            sign, press = waiting.pop(0)
            asked = shown.index(sign, asked) + len(sign)
            time.sleep(0.1)
            os.write(keyboard, press.encode())
    process.wait(timeout=10)
    os.close(keyboard)
    assert process.returncode == 0, shown
    return shown.replace("\r\n", "\n")


@pytest.fixture
def service() -> Iterator[Service]:
    """E-utilities on loopback."""
    with serving() as running:
        yield running


@pytest.fixture
def flagship(tmp_path: Path) -> Path:
    """A copy of the flagship review under git, without the toolkit."""
    folder = tmp_path / "flagship"
    folder.mkdir()
    shutil.copy(REPOSITORY / "review.yaml", folder)
    for name in ("queries", "curated"):
        shutil.copytree(REPOSITORY / name, folder / name)
    commit_all(folder)
    return folder
