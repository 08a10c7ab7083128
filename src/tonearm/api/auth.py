"""Who asks: a token with scopes, or, on this machine alone, anybody."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from tonearm.errors import TonearmError
from tonearm.store import Store, same_name
from tonearm.store.audit import note
from tonearm.store.tokens import SCOPES, Scope, find_token, hashed, note_use

_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_SCHEMES = ("token", "bearer")
_OF_LISTENER = ("/listeners/{name}", "/users/{name}")
"""Beginnings of the routes whose path names a listener."""
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")
"""Headers by which a proxy says for whom it asks, who may be anywhere."""

USE_NOTED_EVERY = timedelta(minutes=1)
"""How exactly it is known when a token was last used; to know better would be a write for every request."""

TRUSTED_S = 1.0
"""How long a token is not looked up again, and so how long one that is revoked may still open something."""
_MOST_TRUSTED = 1_000

_CHALLENGE = {"WWW-Authenticate": "Token"}

_Route = TypeVar("_Route", bound=Callable[..., Any])


@dataclass(frozen=True)
class Caller:
    """Who sent a request, and what they may do."""

    listener: str | None
    """Whose token it is; None for a request without one from this machine."""
    scopes: frozenset[Scope]
    token: int | None = None
    """Number of the token."""

    def may(self, scope: Scope) -> bool:
        """Whether the caller has ``scope``; admin includes the others."""
        return scope in self.scopes or "admin" in self.scopes

    @property
    def only(self) -> str | None:
        """The listener whose data alone the caller may see and change; None for an administrator, who may all."""
        return None if "admin" in self.scopes else self.listener

    def of(self, listener: str | None) -> str | None:
        """The listener that a request is about when it names ``listener``, None for everybody.

        A request that names none is about the caller's own data. Raises 403 for another's.
        """
        if self.only is None:
            return listener
        if listener is not None and not same_name(listener, self.only):
            raise HTTPException(403, f"this token opens the data of {self.only} alone")
        return self.only


THIS_MACHINE = Caller(None, frozenset(SCOPES))
"""Whoever may use this machine may read the home's files anyway."""


class Trusted:
    """Callers whose tokens were good within the last second: one who asks often is looked up once a second."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        """Trust nobody yet; ``clock`` counts seconds."""
        self._clock = clock
        self._kept: dict[str, tuple[Caller, float]] = {}

    def find(self, secret: str) -> Caller | None:
        """Whose token it is; None for one that has to be looked up."""
        who, until_s = self._kept.get(hashed(secret), (None, 0.0))
        return who if self._clock() < until_s else None

    def knows(self, secret: str) -> bool:
        """Whether the token was good when it was last looked up, however long ago that was."""
        return hashed(secret) in self._kept

    def keep(self, secret: str, who: Caller) -> None:
        """Trust a token that was found to be good."""
        if len(self._kept) >= _MOST_TRUSTED:
            self._kept.clear()
        self._kept[hashed(secret)] = who, self._clock() + TRUSTED_S

    def forget(self, secret: str) -> None:
        """A token that is good no more."""
        self._kept.pop(hashed(secret), None)


def secret_of(request: Request) -> str | None:
    """The token in the header ``Authorization: Token …`` or ``Bearer …``; None without one."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    return secret.strip() or None if scheme.lower() in _SCHEMES else None


def caller(request: Request, store: Store) -> Caller:
    """Who asks; raises 401 for a token that is not good, and for none where tokens are needed."""
    secret = secret_of(request)
    if secret is None:
        return _without_token(request)
    trusted: Trusted = request.app.state.trusted
    who = trusted.find(secret)
    if who is None:
        try:
            who = THIS_MACHINE if _is_lab(request, secret) else _looked_up(store, secret)
        except HTTPException:
            trusted.forget(secret)
            raise
        trusted.keep(secret, who)
    return who


async def asking(request: Request) -> Caller:
    """The same, on a thread only where the store is asked."""
    secret = secret_of(request)
    if secret is None:
        return _without_token(request)
    trusted: Caller | None = request.app.state.trusted.find(secret)
    if trusted is not None:
        return trusted
    return await run_in_threadpool(lambda: caller(request, request.app.state.store.get()))


CallerDep = Annotated[Caller, Depends(asking)]


def _without_token(request: Request) -> Caller:
    if request.app.state.needs_tokens or is_from_elsewhere(request):
        raise HTTPException(401, "a token is needed: Authorization: Token …", _CHALLENGE)
    return THIS_MACHINE


def _is_lab(request: Request, secret: str) -> bool:
    """Whether the lab that this server started is asking."""
    key: str | None = request.app.state.lab_key
    return key is not None and secrets.compare_digest(secret.encode("utf-8", "replace"), key.encode())


def is_from_elsewhere(request: Request) -> bool:
    """Whether a page of another website or another machine is behind a request that this machine sends."""
    is_passed_on = any(name in request.headers for name in _FORWARDED)
    return getattr(request.state, "is_foreign", False) or is_passed_on or _is_embedded(request)


def _is_embedded(request: Request) -> bool:
    """Whether a page of another website shows the answer within itself, as a picture, a script or a frame.

    A browser sends no ``Origin`` then, and lets the page see whether there was an answer, if not the answer itself:
    enough to find out which artists somebody plays. A link that the reader follows is a ``document``.
    """
    is_cross_site = request.headers.get("sec-fetch-site") == "cross-site"
    return is_cross_site and request.headers.get("sec-fetch-dest") != "document"


def _looked_up(store: Store, secret: str) -> Caller:
    found, now = find_token(store, secret), datetime.now(UTC)
    if found is None:
        raise HTTPException(401, "the token is unknown, revoked or expired", _CHALLENGE)
    if found.used_at is None or now - found.used_at >= USE_NOTED_EVERY:
        # Another program may hold the store; what was asked is answered all the same.
        with suppress(TonearmError):
            note_use(store, found.number, now)
    return Caller(found.listener, frozenset(found.scopes), found.number)


def open_to(scope: Scope) -> Callable[[_Route], _Route]:
    """Marks a route as open to tokens with ``scope``; unmarked, reads need ``read`` and all else ``admin``."""

    def mark(route: _Route) -> _Route:
        vars(route)["open_to"] = scope
        return route

    return mark


def scope_of(request: Request) -> Scope:
    """The scope that a request to one of our own routes needs."""
    usual: Scope = "read" if request.method in _READS else "admin"
    scope: Scope = getattr(getattr(request.scope.get("route"), "endpoint", None), "open_to", usual)
    return scope


async def recorded(request: Request, who: CallerDep) -> AsyncIterator[None]:
    """For our own routes: what an administrator did is kept in the audit once it is done."""
    yield
    if request.method not in _READS and scope_of(request) == "admin":
        by = "this machine" if who.token is None else f"{who.listener}, token {who.token}"
        route = getattr(request.scope.get("route"), "path", "")
        subject = ", ".join([*map(str, request.path_params.values()), *await _named_in_body(request)])
        store = request.app.state.store.get()
        await run_in_threadpool(note, store, by, f"{request.method} {route}", subject)


async def guard(request: Request, who: CallerDep) -> None:
    """For our own routes: raises 403 for a caller without the scope, and for one who names another listener."""
    require(who, scope_of(request))
    if who.only is not None:
        for name in await _named(request):
            who.of(name)


class Guarded(APIRoute):
    """A route that finds out who asks before anything of what they send is read and put on disk."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's own, behind :func:`guard`."""
        answer = super().get_route_handler()

        async def handle(request: Request) -> Response:
            await guard(request, await asking(request))
            return await answer(request)

        return handle


def household(who: CallerDep) -> None:
    """A dependency that raises 403 for whoever may see one listener's data alone."""
    if who.only is not None:
        raise HTTPException(403, "this is of the whole household and needs a token with the scope admin")


def require(who: Caller, scope: Scope) -> None:
    """Raise 403 for a caller without ``scope``."""
    if not who.may(scope):
        raise HTTPException(403, f"this needs a token with the scope {scope}")


async def _named(request: Request) -> list[str]:
    """Every listener that a request names: in its path, its query or its body."""
    route = getattr(request.scope.get("route"), "path", "")
    in_path = [request.path_params["name"]] if route.startswith(_OF_LISTENER) else []
    return [*in_path, *request.query_params.getlist("listener"), *await _named_in_body(request)]


async def _named_in_body(request: Request) -> list[str]:
    if request.method in _READS:
        return []
    is_form = "form" in request.headers.get("content-type", "")
    try:
        sent: Any = await (request.form() if is_form else request.json())
    except (ValueError, RecursionError, ClientDisconnect, HTTPException):
        # Neither JSON nor a form in the encoding that it names, as the route will say; or nothing, by somebody who
        # left while it was done, which the audit keeps all the same.
        return []
    named = sent.get("listener") if hasattr(sent, "get") else None
    return [named] if isinstance(named, str) else []
