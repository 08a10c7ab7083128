"""``/1/submit-listens`` and the other routes by which ListenBrainz's clients write."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from tonearm.api.accepting import RETRY_AFTER_S, RawBody, accept, now
from tonearm.api.auth import Caller, caller, require, secret_of
from tonearm.api.deps import StoreDep
from tonearm.api.reading import Reading, ReadingDep
from tonearm.errors import UsageError
from tonearm.scrobble.listenbrainz import Posted, decoded, duration_s, mbid, read_posted, recording_msid, unpacked
from tonearm.store import Store
from tonearm.store.latest_import import latest_import, set_latest_import
from tonearm.store.loves import Love, give_love, take_love_back
from tonearm.store.playing import playing, set_playing
from tonearm.store.tokens import find_token

router = APIRouter(tags=["listenbrainz"])

_AS_LISTENBRAINZ = {409: 503, 507: 503, 422: 400}
"""Clients drop what is answered with 4xx and send the rest again: a listen that is fine is never answered with one."""
_SUBMITTING = {408: 503, 429: 503}
"""Where listens come in: of those that are too many or too slow now, nothing is wrong either."""
_LATELY = 1000
"""Listens among which a recording is looked for by its id: a client has ids of what it shows."""
_NO_TOKEN = "You need to provide an Authorization header with a token made by `tonearm tokens create`."  # noqa: S105


def in_listenbrainz_form(request: Request, status: int, message: str) -> JSONResponse:
    """An error as ListenBrainz writes it. Navidrome looks at ``code`` alone, and must find no ``status``."""
    is_submitting = request.url.path.rstrip("/").endswith("/submit-listens")
    code = (_AS_LISTENBRAINZ | (_SUBMITTING if is_submitting else {})).get(status, status)
    headers = {"Retry-After": str(RETRY_AFTER_S)} if code == HTTPStatus.SERVICE_UNAVAILABLE else None
    return JSONResponse({"code": code, "error": message}, status_code=code, headers=headers)


ERROR_FORMS = (("/1", in_listenbrainz_form), ("/apis/listenbrainz/1", in_listenbrainz_form))


def _submitter(request: Request, store: StoreDep) -> str:
    """The listener whose token may submit; raises 401 and 403. Also on this machine a token says whose listens."""
    if secret_of(request) is None:
        raise HTTPException(401, _NO_TOKEN, {"WWW-Authenticate": "Token"})
    who: Caller = caller(request, store)
    if who.listener is None or not who.may("submit"):
        raise HTTPException(403, "submitting needs a token with the scope submit")
    return who.listener


SubmitterDep = Annotated[str, Depends(_submitter)]
"""Before the body among a route's parameters: nothing is kept of what comes without a good token."""


@router.post("/1/submit-listens")
@router.post("/1/submit-listens/", include_in_schema=False)
def submit_listens(
    request: Request,
    listener: SubmitterDep,
    body: RawBody,
    store: StoreDep,
    return_msid: Annotated[bool, Query(description="Whether to answer with the recordings' MSIDs.")] = False,
) -> dict[str, Any]:
    """Listens of the token's listener, durable before they are acknowledged; a bad one does not cost the others."""
    received = now()
    posted = read_posted(unpacked(body, request.headers.get("content-encoding", "")), received.timestamp())
    if posted.kind == "playing_now":
        _raise_if_all_bad(posted)
        listen = msgspec.json.decode(posted.submissions[0].body)
        set_playing(store, listener, posted.submissions[0].body, duration_s(listen), received)
    else:
        accept(request, store, listener, posted.submissions)
        _raise_if_all_bad(posted)
    return {"status": "ok"} | (_msids(posted) if return_msid else {})


@router.get("/1/validate-token")
@router.get("/1/validate-token/", include_in_schema=False)
def validate_token(
    request: Request, store: StoreDep, token: Annotated[str | None, Query(description="Else the header's.")] = None
) -> dict[str, Any]:
    """Whose token it is; 200 also for a bad one, 400 for none."""
    secret = secret_of(request) or token
    if not secret:
        raise UsageError(_NO_TOKEN)
    found = find_token(store, secret)
    if found is None:
        return {"code": 200, "message": "Token invalid.", "valid": False}
    return {"code": 200, "message": "Token valid.", "valid": True, "user_name": found.listener}


@router.post("/1/feedback/recording-feedback")
@router.post("/1/feedback/recording-feedback/", include_in_schema=False)
def recording_feedback(listener: SubmitterDep, body: RawBody, store: StoreDep, reading: ReadingDep) -> dict[str, str]:
    """Love (1), hate (-1) or neither (0) for a recording by its MBID or MSID."""
    given = decoded(body)
    if not isinstance(given, dict) or type(given.get("score")) is not int or given["score"] not in (1, 0, -1):
        raise UsageError("score must be 1, 0 or -1")
    wanted = mbid(given.get("recording_mbid")), mbid(given.get("recording_msid"))
    if not any(wanted):
        raise UsageError("recording_mbid or recording_msid must be the id of a recording")
    artist, track = _names_of(store, reading, listener, *wanted) or (None, None)
    love = Love(given["score"], now(), artist, track, *wanted)
    if love.score:
        give_love(store, listener, love)
    else:
        take_love_back(store, listener, love)
    return {"status": "ok"}


@router.get("/1/latest-import")
@router.get("/1/latest-import/", include_in_schema=False)
def read_latest_import(
    request: Request, store: StoreDep, user_name: Annotated[str, Query(description="Whose import.")]
) -> dict[str, Any]:
    """How far an importer has come, as it noted itself: seconds since 1970, 0 before any import."""
    who = caller(request, store)
    if not who.may("submit"):
        require(who, "read")
    who.of(user_name)
    name = store.listener(user_name).name
    return {"musicbrainz_id": name, "latest_import": latest_import(store, name)}


@router.post("/1/latest-import")
@router.post("/1/latest-import/", include_in_schema=False)
def note_latest_import(listener: SubmitterDep, body: RawBody, store: StoreDep) -> dict[str, str]:
    """Note how far an importer has come."""
    given = decoded(body)
    at = given.get("ts") if isinstance(given, dict) else None
    if not isinstance(at, int) or isinstance(at, bool) or not 0 <= at < 2**40:
        raise UsageError("ts must be a number of seconds since 1970")
    set_latest_import(store, listener, at)
    return {"status": "ok"}


def _raise_if_all_bad(posted: Posted) -> None:
    if not posted.good:
        raise UsageError(f"no listen could be kept; the first: {posted.submissions[0].reason}")


def _msids(posted: Posted) -> dict[str, Any]:
    """MSIDs in the order of the payload, null for a listen that was rejected."""
    found = [
        recording_msid(msgspec.json.decode(one.body)) if one.reason is None else None for one in posted.submissions
    ]
    return {"recording_msids": found} if posted.kind == "import" else {"recording_msid": found[0]}


def _names_of(
    store: Store, reading: Reading, listener: str, wanted_mbid: str | None, wanted_msid: str | None
) -> tuple[str, str] | None:
    """Artist and title of a recording that is playing or was heard lately; None for any other."""
    found = playing(store, listener)
    heard = [found.metadata] if found else []
    for row in reading.plays.page(store, listener, limit=_LATELY).to_pylist():
        info = {"recording_mbid": row["recording_mbid"]}
        heard.append({**row, "release_name": row["album_name"], "additional_info": info})
    for one in heard:
        is_mbid = wanted_mbid is not None and (one.get("additional_info") or {}).get("recording_mbid") == wanted_mbid
        if is_mbid or (wanted_msid and recording_msid({"track_metadata": one}) == wanted_msid):
            return one["artist_name"], one["track_name"]
    return None
