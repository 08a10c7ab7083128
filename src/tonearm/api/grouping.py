"""Groups of routes that a request looks through only if its path begins as theirs do.

FastAPI looks through all routes one by one, and through those of the right group twice: with eighty routes, that took
longer than the answer of a route that has it ready.
"""

from __future__ import annotations

from fastapi import APIRouter, FastAPI
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send


class Group(BaseRoute):
    """Routes whose paths begin with one of some segments."""

    def __init__(self, routes: BaseRoute, firsts: frozenset[str]) -> None:
        """Look through ``routes`` for paths whose first segment is among ``firsts``."""
        self.routes, self._firsts = routes, firsts

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """What the routes match, or nothing."""
        return self.routes.matches(scope) if _first(scope["path"]) in self._firsts else (Match.NONE, {})

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer by the route that matched."""
        await self.routes.handle(scope, receive, send)


def group_last(app: FastAPI, router: APIRouter) -> None:
    """Make a group of ``router``, which was included last, if the beginnings of its paths distinguish them."""
    paths = [getattr(route, "path", "/{") for route in router.routes]
    if not any(path.startswith("/{") for path in paths):
        app.router.routes[-1] = Group(app.router.routes[-1], frozenset(map(_first, paths)))


def ungrouped(app: FastAPI) -> list[BaseRoute]:
    """The routes of ``app`` as FastAPI included them, for its document."""
    return [route.routes if isinstance(route, Group) else route for route in app.router.routes]


def _first(path: str) -> str:
    """The first segment of a path."""
    return path[1:].partition("/")[0]
