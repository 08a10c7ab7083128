"""AudioScrobbler 1.2 at ``/`` and ``/audioscrobbler/``: every answer is text with the HTTP status 200."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

import msgspec
from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.types import Scope

from tonearm.api.accepting import RawBody, accept, now
from tonearm.api.deps import StoreDep
from tonearm.errors import TonearmError, UnknownName, UsageError
from tonearm.scrobble import audioscrobbler as protocol
from tonearm.scrobble.audioscrobbler import Listened
from tonearm.scrobble.lastfm import parameters
from tonearm.scrobble.listenbrainz import duration_s
from tonearm.store import Store
from tonearm.store.loves import HATED, LOVED, Love, give_love
from tonearm.store.playing import set_playing
from tonearm.store.scrobble_passwords import password_md5
from tonearm.store.scrobble_sessions import ScrobbleSession, find_session, open_session

_SCORES = {"love": LOVED, "ban": HATED}


def in_lines(_request: Request, _status: int, message: str) -> PlainTextResponse:
    """An error as a client of this protocol reads it, with a status that lets it read the body."""
    return PlainTextResponse(protocol.failed(message))


ERROR_FORMS = (("/audioscrobbler", in_lines),)


class _InLines(APIRoute):
    """A route whose failures are lines too, also at ``/``, whose other answers have another form."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def answered(request: Request) -> Response:
            try:
                return await handle(request)
            except (TonearmError, HTTPException, OSError) as error:
                return in_lines(request, 200, str(getattr(error, "detail", error)))

        return answered


class _Handshake(_InLines):
    """A route that is there for handshakes only, beside others of the same path."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        is_handshake = b"hs=true" in scope.get("query_string", b"").lower().split(b"&")
        return super().matches(scope) if is_handshake else (Match.NONE, {})


router = APIRouter(tags=["audioscrobbler"], route_class=_InLines, default_response_class=PlainTextResponse)
_at_root = APIRouter(route_class=_Handshake, default_response_class=PlainTextResponse)


@_at_root.get("/", include_in_schema=False)
@router.get("/audioscrobbler")
@router.get("/audioscrobbler/", include_in_schema=False)
def handshake(request: Request, store: StoreDep) -> str:
    """Open a session by the scrobble password: ``?hs=true&p=1.2.1&c=CLIENT&v=VERSION&u=LISTENER&t=UNIX&a=PROOF``."""
    given = parameters(request.url.query, b"")
    at = now()
    try:
        listener = store.listener(given.get("u", "")).name
    except UnknownName:
        return protocol.BADAUTH
    answer = protocol.is_welcome(given, password_md5(store, listener), at.timestamp())
    if answer != protocol.OK:
        return answer
    key = open_session(store, listener, "audioscrobbler", given.get("c") or None, at)
    return protocol.welcome(key, str(request.base_url).rstrip("/"))


router.include_router(_at_root)


@router.post("/audioscrobbler/nowplaying")
@router.post("/audioscrobbler/nowplaying/", include_in_schema=False)
def now_playing(request: Request, body: RawBody, store: StoreDep) -> str:
    """What is playing, with the session as ``s``. A track without names is passed over."""
    given, at = parameters(request.url.query, body), now()
    found = _session(store, given)
    if found is None or found.listener is None:
        return protocol.BADSESSION
    track = protocol.now_playing(given, found.client, at.timestamp())
    if track.reason is None:
        set_playing(store, found.listener, track.body, duration_s(msgspec.json.decode(track.body)), at)
    return protocol.OK


@router.post("/audioscrobbler/submit")
@router.post("/audioscrobbler/submit/", include_in_schema=False)
def submit(request: Request, body: RawBody, store: StoreDep) -> str:
    """Listens, with the session as ``s``; a bad one is kept as rejected and does not stop the others."""
    given, at = parameters(request.url.query, body), now()
    found = _session(store, given)
    if found is None or found.listener is None:
        return protocol.BADSESSION
    listened = protocol.submitted(given, found.client, at.timestamp())
    if not listened:
        return protocol.failed("no listen in the request: a[0], t[0] and i[0] are needed")
    # Whoever is answered FAILED sends the listens again, so nothing may fail once they are kept; ratings may repeat.
    _rate(store, found.listener, listened)
    accept(request, store, found.listener, [one.submission for one in listened])
    return protocol.OK


def _session(store: Store, given: dict[str, str]) -> ScrobbleSession | None:
    return find_session(store, given.get("s", ""), "audioscrobbler", now())


def _rate(store: Store, listener: str, listened: list[Listened]) -> None:
    """Keep which tracks were loved or banned as they were heard; a rating that is refused costs no listen."""
    for one in listened:
        score = _SCORES.get(one.rating or "")
        if score and one.submission.reason is None:
            named = msgspec.json.decode(one.submission.body)["track_metadata"]
            with suppress(UsageError):
                give_love(store, listener, Love(score, now(), named["artist_name"], named["track_name"]))
