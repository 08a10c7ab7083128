"""``/1/user/…``: listens, what is playing, and the other reads of ListenBrainz's clients about a listener."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Query
from fastapi.responses import Response

from tonearm.api.deps import StoreDep
from tonearm.api.listenbrainz import UserInPath, feedback_item, get, listens_of
from tonearm.api.reading import Reading, ReadingDep
from tonearm.errors import UsageError
from tonearm.read.plays import Instant
from tonearm.scrobble.listenbrainz import recording_msid
from tonearm.store import Store
from tonearm.store.loves import count_loves, loves
from tonearm.store.playing import playing

router = APIRouter(tags=["listenbrainz"])

MOST_ITEMS, USUAL_ITEMS = 1000, 25
_MOST_KEPT = 100
"""Listens of a page that stays in memory as it was sent, of some forty kilobytes at most."""
_LEAST, _SECOND = timedelta(microseconds=1), timedelta(seconds=1)

Seconds = Annotated[int | None, Query(description="Seconds since 1970, exclusive.")]
Count = Annotated[int, Query(ge=0, description=f"How many; of more than {MOST_ITEMS:,} these.")]
Offset = Annotated[int, Query(ge=0, le=2**62, description="How many to pass over first.")]


@get(router, "/1/user/{user_name}/listens")
def listens(
    reading: ReadingDep,
    store: StoreDep,
    listener: UserInPath,
    max_ts: Seconds = None,
    min_ts: Seconds = None,
    count: Count = USUAL_ITEMS,
) -> Response:
    """Listens before `max_ts` or after `min_ts`, newest first; those that were submitted just now are among them."""
    if max_ts is not None and min_ts is not None and max_ts <= min_ts:
        raise UsageError("max_ts should be greater than min_ts")
    before: Instant | None = None if max_ts is None else (_instant(max_ts), None)
    # A listen of a fraction later than min_ts is shown as of that second.
    after: Instant | None = None if min_ts is None else (_instant(min_ts) + _SECOND - _LEAST, None)
    most = min(count, MOST_ITEMS)

    def body() -> bytes:
        return msgspec.json.encode({"payload": _payload(reading, store, listener, after, before, most)})

    if most > _MOST_KEPT:
        return Response(body(), media_type="application/json")
    # Players ask for the same page again and again.
    about, state = ("listens", listener, after, before, most), reading.plays.state(store, listener)
    return Response(reading.answer(about, body, state), media_type="application/json")


def _payload(
    reading: Reading, store: Store, listener: str, after: Instant | None, before: Instant | None, count: int
) -> dict[str, Any]:
    page = reading.plays.page(store, listener, after, before, count, oldest_first=after is not None)
    oldest, newest = reading.plays.ends(store, listener) or (None, None)
    return {
        "count": page.num_rows,
        "latest_listen_ts": int(newest.timestamp()) if newest else 0,
        "listens": listens_of(page, listener),
        "oldest_listen_ts": int(oldest.timestamp()) if oldest else 0,
        "user_id": listener,
    }


@get(router, "/1/user/{user_name}/listen-count")
def listen_count(reading: ReadingDep, store: StoreDep, listener: UserInPath) -> dict[str, dict[str, int]]:
    """How many listens there are."""
    return {"payload": {"count": reading.plays.count(store, listener)}}


@get(router, "/1/user/{user_name}/playing-now")
def playing_now(store: StoreDep, listener: UserInPath) -> Response:
    """What is playing, or no listen."""
    found = playing(store, listener)
    playing_listens = []
    if found:
        listen = msgspec.json.decode(found.body)
        info = (listen["track_metadata"].get("additional_info") or {}) | {"recording_msid": recording_msid(listen)}
        metadata = {**listen["track_metadata"], "additional_info": info}
        playing_listens = [{"playing_now": True, "track_metadata": metadata, "user_name": listener}]
    payload = {"count": len(playing_listens), "user_id": listener, "playing_now": True, "listens": playing_listens}
    return Response(msgspec.json.encode({"payload": payload}), media_type="application/json")


@get(router, "/1/feedback/user/{user_name}/get-feedback")
def get_feedback(
    store: StoreDep,
    listener: UserInPath,
    score: Annotated[int | None, Query(description="1 for loved, -1 for hated recordings; without it, both.")] = None,
    metadata: Annotated[bool, Query(description="Whether to name the tracks.")] = False,
    count: Count = USUAL_ITEMS,
    offset: Offset = 0,
) -> dict[str, Any]:
    """Loved and hated recordings, newest first."""
    if score not in (None, 0, 1, -1):
        raise UsageError("score can have a value of 1 or -1")
    wanted = score or None
    found = loves(store, listener, wanted, min(count, MOST_ITEMS), offset)
    return {
        "feedback": [feedback_item(one, listener, metadata) for one in found],
        "count": len(found),
        "total_count": count_loves(store, listener, wanted),
        "offset": offset,
    }


@get(router, "/1/user/{user_name}/following")
def following(listener: UserInPath) -> dict[str, Any]:
    """Nobody: listeners of a household do not follow each other."""
    return {"following": [], "user": listener}


@get(router, "/1/user/{user_name}/followers")
def followers(listener: UserInPath) -> dict[str, Any]:
    """Nobody: listeners of a household do not follow each other."""
    return {"followers": [], "user": listener}


@get(router, "/1/user/{user_name}/similar-users")
def similar_users(listener: UserInPath) -> dict[str, Any]:
    """Nobody: taste is not compared across listeners."""
    return {"payload": []}


def _instant(seconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise UsageError(f"{seconds} is no instant in seconds since 1970") from error
