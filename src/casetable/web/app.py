"""The review as a web application: its pages, behind the guard."""

from __future__ import annotations

from collections.abc import Callable, Collection

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from casetable.web import extraction, overview, rulings, screening
from casetable.web.frame import FILES, Sources, asked_of, show, static
from casetable.web.guard import Guard
from casetable.workflow.desk import Desk


def application(
    desk: Desk,
    *,
    sources: Sources,
    token: str,
    hosts: Collection[str],
    port: int,
    by: str,
    fault: Callable[[Exception], str],
) -> ASGIApp:
    """Returns the pages of a review, for browsers that open the address with the token.

    `hosts` are the names, with port, under which it is asked for, and `by` is whose name a browser takes at first. `fault` is
    told of what went wrong here and should not, and returns the name of the log.
    """

    async def broken(request: Request, error: Exception) -> Response:
        told = f"a fault of casetable, not of the review; what happened is in {fault(error)}"
        if request.headers.get("content-type", "") == "application/json":
            return JSONResponse({"error": told}, 500)
        return show(asked_of(request), "missing.html", "Something went wrong", status=500, what=f"It is {told}.")

    async def missing(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 404
        return show(
            asked_of(request), "missing.html", "No such page", status=status, what="There is no page at this address."
        )

    async def cut_off(_: Request, __: Exception) -> Response:
        told = "what was sent is too large, or was not sent whole; nothing was changed"
        return JSONResponse({"error": told}, 413)

    async def file(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in FILES:
            return PlainTextResponse("no such file", 404)
        kind, data = static(name)
        return Response(data, media_type=kind, headers={"cache-control": "private, max-age=31536000, immutable"})

    app = Starlette(
        routes=[
            Route("/static/{name}", file),
            *overview.ROUTES,
            *screening.ROUTES,
            *extraction.ROUTES,
            *rulings.ROUTES,
        ],
        exception_handlers={HTTPException: missing, ClientDisconnect: cut_off, Exception: broken},
    )
    app.state.desk = desk
    app.state.sources = sources
    return Guard(app, token=token, hosts=hosts, by=by, port=port)
