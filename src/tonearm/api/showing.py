"""Who may see a picture: everybody where a listener shows theirs publicly, else whoever may read the listener."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from fastapi import Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException

from tonearm.api.auth import Caller, caller, require, secret_of
from tonearm.api.etags import mark
from tonearm.store import Store
from tonearm.store.showing import are_cards_public

_NOT_SHOWN = "no such cards are shown publicly; a token that may read opens those of its listener"
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""For a picture that is opened by itself: nothing in it is run or fetched."""
_IN_NO_FRAME = "; frame-ancestors 'none'"


@dataclass(frozen=True)
class Shown:
    """A listener whose pictures the caller may see."""

    request: Request
    listener: str
    """As written in the store."""
    who: Caller
    is_public: bool

    def mark(self, state: Sequence[Hashable], kept_s: int) -> None:
        """Give the answer its ETag; what is public may be shown for ``kept_s`` before it is asked for again.

        Raises Unchanged for a client that has it.
        """
        lasting = f"public, max-age={kept_s}" if self.is_public else "private, no-cache"
        mark(self.request, self.who, (self.listener, *state), lasting)

    def answer(self, content: str | bytes) -> Response:
        """SVG, or PNG where it is bytes; pages of other websites may show what is public and nothing else."""
        headers = {
            "Content-Security-Policy": _POLICY if self.is_public else _POLICY + _IN_NO_FRAME,
            "Cross-Origin-Resource-Policy": "cross-origin" if self.is_public else "same-origin",
            "X-Content-Type-Options": "nosniff",
        }
        media_type = "image/svg+xml" if isinstance(content, str) else "image/png"
        return Response(content, media_type=media_type, headers=headers)


def shown(request: Request, store: Store, name: str) -> Shown:
    """The listener called ``name``, if the caller may see their pictures.

    Without a token it cannot be found out who there is: raises 404 for whoever shows nothing publicly and for whoever
    does not exist. With one, raises what reading the listener does.
    """
    if are_cards_public(store, name):
        listener = store.name_of(name)
        return Shown(request, listener, Caller(listener, frozenset()), is_public=True)
    try:
        who = caller(request, store)
    except HTTPException:
        if secret_of(request) is not None:
            raise
        raise HTTPException(404, _NOT_SHOWN) from None
    require(who, "read")
    who.of(name)
    return Shown(request, store.name_of(name), who, is_public=False)
