"""The command in processes of their own that begin where Python has read its code already.

A server process imports casetable and forks a child for each run, so that a run costs what the command costs, and not
half a second of imports. The child is what a user's process is: its own folder, environment, streams, exit code and
signals. What the imports themselves do is tested with `python -m casetable`.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

import pytest


class Commands:
    """Runs commands by a server process, which is started when it is first needed and ends with this process."""

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._server: subprocess.Popen[bytes] | None = None

    def run(
        self, arguments: Sequence[str], *, cwd: Path, environ: Mapping[str, str], seconds: float
    ) -> tuple[int, str, str]:
        """Returns exit code (negative: the signal that ended it), stdout and stderr; raises TimeoutError."""
        with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as asked:
            out, err = Path(folder) / "out", Path(folder) / "err"
            asked.settimeout(seconds)
            asked.connect(str(self._address()))
            asked.sendall(
                json.dumps(
                    {
                        "arguments": list(arguments),
                        "cwd": str(cwd),
                        "environ": dict(environ),
                        "out": str(out),
                        "err": str(err),
                        "seconds": int(seconds),
                    }
                ).encode()
                + b"\n"
            )
            answer = asked.makefile("rb").readline()
            if not answer:
                pytest.fail("the server of commands has ended")
            return int(answer), out.read_text(), err.read_text()

    def _address(self) -> Path:
        if self._folder is None or self._server is None:
            self._folder = tempfile.TemporaryDirectory()
            address = Path(self._folder.name) / "commands"
            code = "import sys; from tests.support.command import serve; serve(sys.argv[1])"
            self._server = subprocess.Popen(
                [sys.executable, "-c", code, str(address)], cwd=Path(__file__).parents[2], stdin=subprocess.PIPE
            )
            atexit.register(self._stop)
            while not address.exists():
                assert self._server.poll() is None, "the server of commands did not start"
                time.sleep(0.01)
        return Path(self._folder.name) / "commands"

    def _stop(self) -> None:
        if self._server is not None and self._server.stdin is not None:
            self._server.stdin.close()
            self._server.kill()
            self._server.wait()
        if self._folder is not None:
            self._folder.cleanup()


def serve(address: str) -> None:
    """Forks a child for each command that is asked for at a Unix socket, until killed or left alone."""
    import gc

    import casetable.claims.follow
    import casetable.cli.commands
    import casetable.cli.extracting
    import casetable.cli.overlapping
    import casetable.cli.questions
    import casetable.cli.screening
    import casetable.cli.searching
    import casetable.cli.strategies
    import casetable.cli.verifying
    import casetable.render
    import casetable.workflow.refresh
    import casetable.workflow.strategies
    import casetable.workflow.verifying

    assert casetable.cli
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    parent = os.getppid()
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(f"{address}.new")
        listening.listen(16)
        listening.settimeout(1)
        Path(f"{address}.new").rename(address)
        while os.getppid() == parent:
            try:
                asked, _ = listening.accept()
            except TimeoutError:
                continue
            if os.fork() == 0:
                listening.close()
                _answer(asked)
            asked.close()


def _answer(asked: socket.socket) -> NoReturn:
    """Forks again, waits for the command, and answers with its exit code."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    request = json.loads(asked.makefile("rb").readline())
    child = os.fork()
    if child == 0:
        asked.close()
        _become(request)
    _, status = os.waitpid(child, 0)
    asked.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def _become(request: dict[str, object]) -> NoReturn:
    """Becomes the command, as if it had been started anew."""
    from casetable.cli import main

    code = 70
    try:
        os.chdir(str(request["cwd"]))
        os.environ.clear()
        os.environ.update(request["environ"])  # type: ignore[call-overload]
        time.tzset()
        for descriptor, (path, flags) in enumerate(
            [(os.devnull, os.O_RDONLY), (str(request["out"]), _WRITING), (str(request["err"]), _WRITING)]
        ):
            handle = os.open(path, flags, 0o600)
            os.dup2(handle, descriptor)
            os.close(handle)
        signal.alarm(int(str(request["seconds"])))
        sys.argv = ["casetable", *request["arguments"]]  # type: ignore[misc]
        main(request["arguments"])  # type: ignore[arg-type]
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code)


_WRITING = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
