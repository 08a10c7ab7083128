"""Who asks: a token with scopes, or, on this machine alone, anybody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from starlette.exceptions import HTTPException

from tonearm.api.deps import StoreDep
from tonearm.store.tokens import SCOPES, Scope, find_token

_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_SCHEMES = ("token", "bearer")


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


def secret_of(request: Request) -> str | None:
    """The token in the header ``Authorization: Token …`` or ``Bearer …``; None without one."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    return secret.strip() or None if scheme.lower() in _SCHEMES else None


def caller(request: Request, store: StoreDep) -> Caller:
    """Who asks; raises 401 for a token that is not good, and for none where tokens are needed."""
    secret = secret_of(request)
    if secret is None:
        if not request.app.state.needs_tokens:
            return Caller(None, frozenset(SCOPES))
        raise HTTPException(401, "a token is needed: Authorization: Token …", {"WWW-Authenticate": "Token"})
    found = find_token(store, secret)
    if found is None:
        raise HTTPException(401, "the token is unknown, revoked or expired", {"WWW-Authenticate": "Token"})
    return Caller(found.listener, frozenset(found.scopes), found.number)


CallerDep = Annotated[Caller, Depends(caller)]


def needs(scope: Scope) -> Callable[[Caller], None]:
    """A dependency that raises 403 for callers without ``scope``."""

    def check(who: CallerDep) -> None:
        if not who.may(scope):
            raise HTTPException(403, f"this needs a token with the scope {scope}")

    return check


def needs_by_method(request: Request, who: CallerDep) -> None:
    """For our own routes: reading needs the scope read, and everything else admin."""
    needs("read" if request.method in _READS else "admin")(who)
