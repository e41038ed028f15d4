"""The command that serves the review in the browser."""

from __future__ import annotations

import sys
import time

import click

from casetable.cli.invocation import echo, remark, today, workspace_of


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8321, show_default=True, help="Port (0: any free one).")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address of this machine to be reached at.")
@click.option("--by", help="Who decides and extracts (default: git's user.name).")
@click.option("--open", "is_opened", is_flag=True, help="Open the browser.")
@click.pass_context
def serve(context: click.Context, port: int, host: str, by: str | None, *, is_opened: bool) -> None:
    """Open the review in the browser: screen, extract, rule, look at the table, build.

    Prints the address with its token, and serves until it is interrupted with Ctrl-C. Every change goes into the files of the review
    at once. Only this machine reaches it, unless --host names another address of it; then everybody who has the address
    with the token can read and change the review, and what is sent is not encrypted.
    """
    from casetable.cli import log_bug
    from casetable.cli.searching import crossref_source, now, pubmed_source
    from casetable.errors import UsageError
    from casetable.web import LOOPBACK, serve
    from casetable.web.frame import Sources

    if host in {"0.0.0.0", "::", ""}:  # noqa: S104  # refused
        if not host:
            raise UsageError("--host is blank; expected an address of this machine, as 192.168.0.12")
        raise UsageError(
            f"{host} stands for every address of this machine; expected the one by which others reach it, as"
            " 192.168.0.12, so that no other name is answered"
        )
    workspace = workspace_of(context)

    def ready(url: str) -> None:
        echo(url)
        sys.stdout.flush()
        if host not in {LOOPBACK, "localhost", "::1"}:
            remark(
                f"everybody who reaches {host} and has the address can change the review; what is sent is not encrypted"
            )
        remark("stop with Ctrl-C; every change is in the files at once")
        if is_opened:
            import webbrowser

            webbrowser.open(url)

    serve(
        workspace,
        host=LOOPBACK if host == "localhost" else host,
        port=port,
        by=" ".join(by.split()) if by is not None else workspace.curator(),
        sources=Sources(pubmed=pubmed_source, crossref=crossref_source, now=now),
        today=today,
        clock=time.monotonic,
        ready=ready,
        fault=log_bug,
    )
