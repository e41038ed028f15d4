"""The review in the browser: takes a request, calls one workflow, shows what it returned."""

from __future__ import annotations

import asyncio
import datetime as dt
import errno
import secrets
import socket
import sys
from collections.abc import Callable

from casetable.errors import UsageError
from casetable.web.frame import Sources
from casetable.workflow.desk import Desk
from casetable.workspace import Workspace

LOOPBACK = "127.0.0.1"
_OWN = (LOOPBACK, "localhost", "[::1]")
# A connection that brings no whole request for so long is closed.
SILENT_SECONDS = 10
# More than a browser opens in all its tabs, fewer than the files that a process may hold open.
MOST_CONNECTIONS = 600


def serve(
    workspace: Workspace,
    *,
    host: str,
    port: int,
    by: str,
    sources: Sources,
    today: Callable[[], dt.date],
    clock: Callable[[], float],
    ready: Callable[[str], None],
    fault: Callable[[Exception], str],
) -> None:
    """Serves a review until it is interrupted; `ready` is told the address with the token once it answers.

    Port 0 is any that is free. Raises UsageError for an address or port that cannot be used.
    """
    import uvicorn
    from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

    from casetable.web.app import application

    listening = _listening(host, port)
    port = listening.getsockname()[1]
    name = f"[{host}]" if ":" in host else host
    hosts = {f"{each}:{port}" for each in (_OWN if host == LOOPBACK else (name,))}
    token = secrets.token_urlsafe(24)
    sys.setswitchinterval(0.001)  # a survey beside does not hold up a page for long
    desk = Desk(workspace, today=today, clock=clock)
    desk.warm()
    app = application(
        desk,
        sources=sources,
        token=token,
        hosts=hosts,
        port=port,
        by=by,
        fault=fault,
    )

    class Connection(H11Protocol):
        """Is closed where it brings no whole request in time; uvicorn itself waits for the first one without an end."""

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self.loop.call_later(SILENT_SECONDS, self._look, None)

        def _look(self, before: RequestResponseCycle | None) -> None:
            if self.transport.is_closing():
                return
            is_idle = self.cycle is None or self.cycle.response_complete
            if is_idle and self.cycle is before:
                self.transport.close()
            else:
                self.loop.call_later(SILENT_SECONDS, self._look, self.cycle if is_idle else None)

    config = uvicorn.Config(
        app,
        http=Connection,
        log_config=None,
        access_log=False,
        log_level="critical",
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=2,
        ws="none",
        limit_concurrency=MOST_CONNECTIONS,
        h11_max_incomplete_event_size=64_000,
    )

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            ready(f"http://{name}:{port}/?token={token}")

    Server(config).run(sockets=[listening])


def _listening(host: str, port: int) -> socket.socket:
    """Returns a socket that listens; the port is taken before anything is told."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Only of a socket that says that it is TCP's the loop sends small packets at once; else a page may take 40 ms more.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
    except (OSError, OverflowError) as error:
        listening.close()
        reason = (
            error.strerror if isinstance(error, OSError) and error.strerror else "is no address or port of this machine"
        )
        hint = "; another casetable may serve there already; give another port with --port, or 0 for any that is free"
        is_taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        raise UsageError(f"{host} port {port} cannot be used: {reason}{hint if is_taken else ''}") from None
    return listening
