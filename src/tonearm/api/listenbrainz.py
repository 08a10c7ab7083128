"""ListenBrainz's forms of listens, statistics and playlists, and who may read them.

The forms are those of https://listenbrainz.readthedocs.io/en/latest/users/api/index.html, as its clients parse them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from uuid import UUID, uuid5

import pyarrow as pa
from fastapi import APIRouter, Depends, Path

from tonearm.api.auth import Caller, CallerDep, require
from tonearm.api.deps import StoreDep
from tonearm.read.playlists import jspf_track
from tonearm.scrobble.listenbrainz import recording_msid
from tonearm.store import Store

if TYPE_CHECKING:
    from tonearm.read.tops import Entity, Ranked
    from tonearm.store.loves import Love

    _Route = TypeVar("_Route", bound=Callable[..., Any])

NO_DATA = 204
"""Status of statistics and recommendations that there are none of yet; clients expect it without a body."""

_PLAYLIST, _TRACK = "https://musicbrainz.org/doc/jspf#playlist", "https://musicbrainz.org/doc/jspf#track"
_NAMESPACE = UUID("6e1b8c8e-6f0f-4f4e-9d5c-3a5d0d6f8e21")
"""Of the ids of playlists that are made for a listener."""
CREATOR = "tonearm"


def get(router: APIRouter, path: str, **options: Any) -> Callable[[_Route], _Route]:
    """A GET route, also with a slash at the end, which some clients send."""

    def both(route: _Route) -> _Route:
        router.get(path, **options)(route)
        router.get(f"{path}/", include_in_schema=False, **options)(route)
        return route

    return both


async def reader(who: CallerDep) -> Caller:
    """The caller, who may read; raises 403 otherwise."""
    require(who, "read")
    return who


ReaderDep = Annotated[Caller, Depends(reader)]


def _own(who: ReaderDep, store: StoreDep, user_name: Annotated[str, Path(description="The listener.")]) -> str:
    who.of(user_name)
    return store.name_of(user_name)


UserInPath = Annotated[str, Depends(_own)]
"""The listener in the path, as written in the store, whom the caller may read."""


def listens_of(page: pa.Table, listener: str) -> list[dict[str, Any]]:
    """A page of listens; ``inserted_at`` is 0, as in ListenBrainz where it is not known."""
    columns = page.select(list(_READ)).set_column(0, "at_us", page["started_at"].cast(pa.int64()))
    return [_listen(row, listener) for row in columns.to_pylist()]


_READ = (
    *("started_at", "artist_name", "track_name", "album_name", "duration_s", "listened_s", "client"),
    *("spotify_id", "recording_mbid"),
)


def _listen(row: Mapping[str, Any], listener: str) -> dict[str, Any]:
    known = {
        "recording_mbid": row["recording_mbid"],
        "spotify_id": row["spotify_id"] and f"https://open.spotify.com/track/{row['spotify_id']}",
        "duration_ms": None if row["duration_s"] is None else round(row["duration_s"] * 1000),
        "duration_played": None if row["listened_s"] is None else round(row["listened_s"]),
        "submission_client": row["client"],
    }
    listen: dict[str, Any] = {
        "inserted_at": 0,
        "listened_at": row["at_us"] // 1_000_000,
        "user_name": listener,
        "track_metadata": {
            "artist_name": row["artist_name"] or "",
            "track_name": row["track_name"] or "",
            **({"release_name": row["album_name"]} if row["album_name"] else {}),
        },
    }
    msid = recording_msid(listen)
    info = {name: value for name, value in known.items() if value is not None}
    listen["recording_msid"] = msid
    listen["track_metadata"]["additional_info"] = {**info, "recording_msid": msid}
    return listen


def ranked_of(entity: Entity, ranked: Sequence[Ranked]) -> list[dict[str, Any]]:
    """Ranked artists, releases or recordings."""
    return [_FORMS[entity](one) for one in ranked]


def _artist(one: Ranked) -> dict[str, Any]:
    return {"artist_mbid": None, "artist_name": one.artist_name, "listen_count": one.listens}


def _release(one: Ranked) -> dict[str, Any]:
    return {
        "artist_mbids": [],
        "artist_name": one.artist_name,
        "listen_count": one.listens,
        "release_mbid": None,
        "release_name": one.album_name,
    }


def _recording(one: Ranked) -> dict[str, Any]:
    return {**_release(one), "recording_mbid": one.recording_mbid, "track_name": one.track_name}


_FORMS: dict[Entity, Callable[[Ranked], dict[str, Any]]] = {
    "artists": _artist,
    "releases": _release,
    "recordings": _recording,
}


def feedback_item(love: Love, listener: str, with_metadata: bool) -> dict[str, Any]:
    """A loved or hated recording."""
    names = {"artist_name": love.artist_name or "", "track_name": love.track_name or ""}
    msid = love.recording_msid or (recording_msid({"track_metadata": names}) if love.track_name else None)
    return {
        "created": int(love.given_at.timestamp()),
        "recording_mbid": love.recording_mbid,
        "recording_msid": msid,
        "score": love.score,
        "track_metadata": names if with_metadata and love.track_name else None,
        "user_id": listener,
    }


def playlist_mbid(listener: str, name: str, first_day: date) -> str:
    """The id of a playlist that is made for a listener for the day or week that begins with ``first_day``."""
    return str(uuid5(_NAMESPACE, f"{listener}\x1f{name}\x1f{first_day.isoformat()}"))


def jspf(
    *,
    mbid: str,
    base: str,
    title: str,
    listener: str,
    created: datetime,
    updated: datetime,
    tracks: Iterable[Mapping[str, Any]],
    annotation: str | None = None,
    creator: str = CREATOR,
    is_public: bool = False,
    source_patch: str | None = None,
) -> dict[str, Any]:
    """A playlist as JSPF with ListenBrainz' extensions; ``base`` is the server's address, with a slash at the end.

    A track without a known recording has no identifier. ``source_patch`` is ListenBrainz' name of a playlist that was
    made for a listener, by which players know what it is.
    """
    extension: dict[str, Any] = {
        "public": is_public,
        "creator": creator,
        "last_modified_at": updated.astimezone(UTC).isoformat(),
    }
    if source_patch:
        extension["created_for"] = listener
        extension["additional_metadata"] = {"algorithm_metadata": {"source_patch": source_patch}}
    return {
        "playlist": {
            "creator": creator,
            "title": title,
            "identifier": f"{base}playlist/{mbid}",
            "date": created.astimezone(UTC).isoformat(),
            **({"annotation": annotation} if annotation else {}),
            "extension": {_PLAYLIST: extension},
            "track": [_track(one, creator, created) for one in tracks],
        }
    }


def _track(track: Mapping[str, Any], creator: str, added: datetime) -> dict[str, Any]:
    extension = {"added_by": creator, "added_at": added.astimezone(UTC).isoformat(), "artist_identifiers": []}
    return {"identifier": [], **jspf_track(track), "extension": {_TRACK: extension}}


def begin_of(day: date) -> datetime:
    """The day's first instant, UTC: when a playlist of a local day is dated."""
    return datetime.combine(day, time.min, UTC)


def local_today(store: Store, listener: str, now: datetime) -> date:
    """The listener's date."""
    from tonearm.read.ranges import local_time

    return local_time(store.listener(listener), now).date()
