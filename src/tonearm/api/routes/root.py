"""``/``: what this is, for programs and for whoever opens it in a browser."""

from __future__ import annotations

from html import escape

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from tonearm import __version__
from tonearm.api.answers import Answer

router = APIRouter(tags=["health"])

_LINKS = {
    "docs": "/docs",
    "openapi": "/openapi.json",
    "health": "/health",
    "ready": "/ready",
    "metrics": "/metrics",
    "listeners": "/listeners",
    "tables": "/tables",
}
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>tonearm</title>
<meta name="viewport" content="width=device-width"><style>
:root {{ color-scheme: light dark }} body {{ font: 16px/1.5 system-ui; max-width: 40rem;
  margin: 2rem auto; padding: 0 1rem }}
</style><h1>tonearm {version}</h1>
<p>The API of a listening history. The pages to look at are served beside it, by default at
<a href="http://127.0.0.1:8501">127.0.0.1:8501</a>.</p>
<ul>{links}</ul></html>"""


class Root(Answer):
    """What answers here."""

    name: str
    version: str
    status: str
    """``ok``: the server runs; ``/ready`` tells whether it can work."""
    links: dict[str, str]


@router.get("/", response_model=Root)
async def root(request: Request) -> Root | Response:
    """Name, version, status and where to go from here; a page of links for browsers."""
    if "text/html" in request.headers.get("accept", ""):
        links = "".join(f'<li><a href="{path}">{escape(name)}</a></li>' for name, path in _LINKS.items())
        return HTMLResponse(_PAGE.format(version=escape(__version__), links=links))
    return Root(name="tonearm", version=__version__, status="ok", links=_LINKS)
