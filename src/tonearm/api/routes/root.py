"""``/``: what this is, for programs and for whoever opens it in a browser."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from tonearm import __version__
from tonearm.api.answers import Answer
from tonearm.api.auth import asking, require
from tonearm.api.routes.site import answer_file

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


class Root(Answer):
    """What answers here."""

    name: str
    version: str
    status: str
    """``ok``: the server runs; ``/ready`` tells whether it can work."""
    links: dict[str, str]
    lab: str | None
    """Where the lab is, on the machine that serves this; null where it is not served."""


@router.get("/", response_model=Root)
async def root(request: Request) -> Root | Response:
    """Name, version, status and where to go from here; for browsers the page."""
    if "text/html" in request.headers.get("accept", ""):
        return answer_file(request, "index.html")
    require(await asking(request), "read")
    return Root(name="tonearm", version=__version__, status="ok", links=_LINKS, lab=request.app.state.lab_url)
