"""What all pages share: templates in which every value is escaped, the frame around them, and what a browser sent."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib import resources
from typing import Any
from urllib.parse import parse_qs, quote, urlencode

import jinja2
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from casetable import __version__
from casetable.errors import CasetableError, UsageError
from casetable.problems import visible
from casetable.sources.crossref import Crossref
from casetable.sources.eutils import PubMed
from casetable.web.guard import Session
from casetable.workflow.desk import Desk

# What pages load: the type, and the files it is put together of.
FILES = {
    "app.css": ("text/css", (("casetable.render", "palette.css"), ("casetable.web", "static/app.css"))),
    "app.js": ("text/javascript", (("casetable.web", "static/app.js"),)),
    "screen.js": ("text/javascript", (("casetable.web", "static/screen.js"),)),
    "icon.svg": ("image/svg+xml", (("casetable.web", "static/icon.svg"),)),
    "extract.js": ("text/javascript", (("casetable.web", "static/extract.js"),)),
}
MANY = 50


@dataclass(frozen=True, kw_only=True)
class Sources:
    """What asks the sources; each is made when it is needed."""

    pubmed: Callable[[], PubMed]
    crossref: Callable[[], Crossref]
    now: Callable[[], dt.datetime]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request as a view needs it: the review held open, the session, and what was sent.

    `name` is what the address names, of an extraction.
    """

    desk: Desk
    session: Session
    sources: Sources
    path: str
    name: str
    query: Mapping[str, str]
    form: Mapping[str, str]
    data: Any = None
    body: bytes = b""

    def said(self, told: str, kind: str = "done") -> None:
        """What the next page tells."""
        self.session.said = (kind, told)


View = Callable[[Asked], Response]
Endpoint = Callable[[Request], Awaitable[Response]]


def view(show: View) -> Endpoint:
    """Makes an endpoint of what shows a page; it runs beside the loop, as it may read files."""

    async def endpoint(request: Request) -> Response:
        return await run_in_threadpool(show, asked_of(request))

    return endpoint


def action(act: View) -> Endpoint:
    """Makes an endpoint of what takes a form and leads on to a page; what cannot be done is told there."""

    async def endpoint(request: Request) -> Response:
        body = (await request.body()).decode("utf-8", "replace")
        try:
            sent = parse_qs(body, keep_blank_values=True, max_num_fields=2_000)
        except ValueError:
            told = "What was sent is no form of these pages. Nothing was changed."
            return show(asked_of(request), "missing.html", "Not understood", status=400, what=told)
        asked = asked_of(request, form={key: values[-1] for key, values in sent.items()})
        try:
            return await run_in_threadpool(act, asked)
        except CasetableError as error:
            asked.said(one_line(str(error)), "fault")
            return go_back(asked)

    return endpoint


def answer(act: Callable[[Asked], object]) -> Endpoint:
    """Makes an endpoint of what takes JSON and answers in it; what cannot be done is told as {"error"}."""

    async def endpoint(request: Request) -> Response:
        body = await request.body()
        try:
            data = json.loads(body) if body else None
        except (ValueError, RecursionError):
            return JSONResponse({"error": "what was sent is not JSON; nothing was changed"}, 400)
        try:
            done = await run_in_threadpool(act, asked_of(request, data=data))
            return done if isinstance(done, Response) else JSONResponse(done)
        except CasetableError as error:
            return JSONResponse({"error": one_line(str(error))}, 422)

    return endpoint


def raw(act: Callable[[Asked], object]) -> Endpoint:
    """The same of what takes a file as it is."""

    async def endpoint(request: Request) -> Response:
        body = await request.body()
        try:
            return JSONResponse(await run_in_threadpool(act, asked_of(request, body=body)))
        except CasetableError as error:
            return JSONResponse({"error": one_line(str(error))}, 422)

    return endpoint


def asked_of(request: Request, *, form: Mapping[str, str] | None = None, data: Any = None, body: bytes = b"") -> Asked:
    """Returns a request as a view needs it."""
    state = request.app.state
    return Asked(
        desk=state.desk,
        session=request.state.session,
        sources=state.sources,
        path=request.scope["path"],
        name=request.path_params.get("name", ""),
        query=dict(request.query_params),
        form=form or {},
        data=data,
        body=body,
    )


def go(path: str, **query: str) -> Response:
    """Leads the browser on to one of our pages."""
    return RedirectResponse(address(path, **query), status_code=303)


def address(path: str, **query: str) -> str:
    """Returns the address of a page; what is in it is encoded."""
    given = {key: value for key, value in query.items() if value}
    return quote(path) + (f"?{urlencode(given)}" if given else "")


def go_back(asked: Asked) -> Response:
    """Leads back to the page of ours that a form came from."""
    return RedirectResponse(_own_path(asked.form.get("back", "")) or "/", status_code=303)


def _own_path(path: str) -> str:
    """Returns a path on this server, or nothing for what leads elsewhere."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable() else ""


def show(asked: Asked, template: str, title: str, *, status: int = 200, **values: object) -> Response:
    """Renders a page within the frame."""
    said, asked.session.said = asked.session.said, None
    text = (
        _templates()
        .get_template(template)
        .render(
            title=title,
            review_title=_review_title(asked.desk),
            lost=sorted(asked.desk.last.inputs.unread)[:3] if asked.desk.last is not None else [],
            by=asked.session.by,
            said=said,
            path=asked.path,
            here=asked.path + (f"?{urlencode(asked.query)}" if asked.query else ""),
            version=__version__,
            **values,
        )
    )
    return Response(text.encode("utf-8", "replace"), status, media_type="text/html")


def _review_title(desk: Desk) -> str:
    protocol = desk.last.inputs.protocol if desk.last is not None else None
    return protocol.title if protocol is not None and protocol.title else desk.workspace.root.name


def one_line(text: str) -> str:
    """Returns a message as one line that steers nothing."""
    return visible("; ".join(text.split("\n")))


def text_of(form: Mapping[str, str], name: str) -> str:
    """Returns a text of a form, without blanks around it."""
    return form.get(name, "").strip()


def required(data: object, *names: str) -> tuple[str, ...]:
    """Returns texts of what was sent as JSON; raises UsageError where one is missing or is no text."""
    if not isinstance(data, dict) or not all(isinstance(data.get(name), str) for name in names):
        raise UsageError("what was sent is not what this page sends; load it anew")
    return tuple(data[name] for name in names)


def page_of(asked: Asked) -> int:
    """Returns which page of a long list is asked for, from 1."""
    given = asked.query.get("page", "")
    return int(given) if given.isdecimal() and 0 < len(given) < 6 and int(given) else 1


@cache
def static(name: str) -> tuple[str, bytes]:
    """Returns a file that pages load, with its type."""
    kind, parts = FILES[name]
    return kind, b"".join(resources.files(package).joinpath(*file.split("/")).read_bytes() for package, file in parts)


@cache
def static_address(name: str) -> str:
    """Returns the address of such a file, which is another one when its content is."""
    return f"/static/{name}?v={sha256(static(name)[1]).hexdigest()[:12]}"


@cache
def _templates() -> jinja2.Environment:
    templates = jinja2.Environment(
        loader=jinja2.PackageLoader("casetable.web", "pages"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    templates.globals.update(static=static_address, address=address)
    templates.filters.update(counted=_counted)
    return templates


def _counted(number: int, noun: str, many: str = "") -> str:
    return f"{number:,} {noun if number == 1 else many or noun + 's'}"
