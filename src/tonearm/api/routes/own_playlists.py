"""``/playlists``: listeners' own playlists."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Path, Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from tonearm.api.answers import Answer
from tonearm.api.auth import Caller, CallerDep, open_to
from tonearm.api.deps import Limit, Offset, OneListener, SettingsDep, StoreDep
from tonearm.read.own_playlists import from_jspf, shown
from tonearm.read.playlists import jspf, m3u, spotify_uris, without_uri
from tonearm.read.songs import entries
from tonearm.settings import Settings
from tonearm.store import Store
from tonearm.store.playlists import (
    MOST_TRACKS,
    Playlist,
    PlaylistTrack,
    count_playlists,
    delete_playlist,
    listed_playlists,
    playlist,
    save_playlist,
)
from tonearm.store.tracks import LONGEST_NAME

router = APIRouter(tags=["playlists"])

Format = Literal["json", "jspf", "m3u", "spotify"]
PlaylistId = Annotated[str, Path(max_length=64, description="A playlist's UUID.")]
_Id = Annotated[str | None, Field(max_length=200)]


class GivenTrack(BaseModel):
    """A track by its names; ids that are known help other programs to find it."""

    model_config = ConfigDict(extra="forbid")

    artist_name: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
    track_name: Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
    album_name: str | None = Field(default=None, max_length=LONGEST_NAME)
    track_id: int | None = Field(default=None, ge=0, lt=2**63)
    """In the lake."""
    spotify_id: _Id = None
    recording_mbid: _Id = None
    duration_s: float | None = Field(default=None, gt=0, le=86_400)


_Text = Annotated[str, Field(max_length=2_100)]


class GivenPlaylist(BaseModel):
    """A playlist as it should be."""

    model_config = ConfigDict(extra="forbid")

    title: Annotated[str, Field(min_length=1, max_length=256)] = Field(examples=["Rainy evenings"])
    description: str | None = Field(default=None, max_length=10_000)
    is_public: bool = False
    """Whether every token may read it, whosever it is."""
    tracks: Annotated[list[_Text | GivenTrack], Field(max_length=MOST_TRACKS)] = Field(
        default=[], examples=[["Air - Sexy Boy", "spotify:track:4uLU6hMCjMI75M1A2tKUQC"]]
    )
    """In order: each a track's id, its id or URI at Spotify, `artist - title`, or an object with its names. A number or
    an id at Spotify must be of a track in the lake."""


class PlaylistInfo(Answer):
    """A playlist without its tracks."""

    id: str
    listener: str
    title: str
    description: str | None
    is_public: bool
    source: str
    """``by hand``, or what it was imported from."""
    source_id: str | None
    """Its id there."""
    tracks: int
    created_at: datetime
    updated_at: datetime


class PlaylistWithTracks(PlaylistInfo):
    """A playlist with its tracks in order."""

    entries: list[PlaylistTrack]


class Playlists(Answer):
    """A listener's playlists, the one that changed last first."""

    playlists: list[PlaylistInfo]
    total: int
    """How many there are in all."""


@router.get("/playlists")
def list_playlists(store: StoreDep, listener: OneListener, limit: Limit = 100, offset: Offset = 0) -> Playlists:
    """A listener's own playlists, without their tracks."""
    found = listed_playlists(store, listener, limit, min(offset, 2**31))
    listed = [PlaylistInfo(**_about(one) | {"tracks": tracks}) for one, tracks in found]
    return Playlists(playlists=listed, total=count_playlists(store, listener))


@router.post("/playlists", status_code=201)
@open_to("submit")
def create_playlist(
    settings: SettingsDep, store: StoreDep, listener: OneListener, given: GivenPlaylist
) -> PlaylistWithTracks:
    """Make a playlist of the listener."""
    return _saved(store, listener, _playlist(settings, given))


@router.post("/playlists/jspf", status_code=201)
@open_to("submit")
def import_playlist(
    settings: SettingsDep,
    store: StoreDep,
    listener: OneListener,
    document: Annotated[
        dict[str, Any],
        Body(examples=[{"playlist": {"title": "Mix", "track": [{"creator": "Air", "title": "Remember"}]}}]),
    ],
) -> PlaylistWithTracks:
    """Import a playlist from JSPF, as ListenBrainz and other programs write it.

    The same document again, recognised by its identifier, replaces what it brought before.
    """
    found = from_jspf(document)
    return _saved(store, listener, replace(found, tracks=entries(settings, found.tracks)))


@router.get("/playlists/{id}", response_model=PlaylistWithTracks)
def read_own_playlist(
    store: StoreDep,
    who: CallerDep,
    id: PlaylistId,
    form: Annotated[Format, Query(alias="format", description="spotify is a list of Spotify's URIs.")] = "json",
) -> PlaylistWithTracks | Response:
    """A playlist with its tracks, as JSON, JSPF, extended M3U or Spotify URIs; ``X-Left-Out`` counts those without."""
    found = playlist(store, id)
    if not found.is_public:
        who.of(found.listener)
    if form == "json":
        return _with_tracks(found)
    one = shown(found)
    if form == "spotify":
        left_out = {"X-Left-Out": str(len(without_uri(one)))}
        return Response(spotify_uris(one), media_type="text/plain; charset=utf-8", headers=left_out)
    if form == "jspf":
        document = jspf(one, found.id, found.description)
        return Response(document, media_type="application/jspf+json", headers=_named(found, "jspf"))
    return Response(m3u(one), media_type="audio/mpegurl; charset=utf-8", headers=_named(found, "m3u8"))


@router.put("/playlists/{id}")
@open_to("submit")
def replace_playlist(
    settings: SettingsDep, store: StoreDep, who: CallerDep, id: PlaylistId, given: GivenPlaylist
) -> PlaylistWithTracks:
    """Replace a playlist; one that was imported stays so, and the next import replaces it again."""
    before = _own(store, who, id)
    wanted = replace(_playlist(settings, given), id=before.id, source=before.source, source_id=before.source_id)
    return _saved(store, before.listener, wanted)


@router.delete("/playlists/{id}", status_code=204, response_class=Response)
@open_to("submit")
def remove_playlist(store: StoreDep, who: CallerDep, id: PlaylistId) -> None:
    """Remove a playlist."""
    _own(store, who, id)
    delete_playlist(store, id)


def _own(store: Store, who: Caller, id: str) -> Playlist:
    """The playlist, if the caller may change it."""
    found = playlist(store, id)
    who.of(found.listener)
    return found


def _saved(store: Store, listener: str, given: Playlist) -> PlaylistWithTracks:
    return _with_tracks(playlist(store, save_playlist(store, listener, given)))


def _playlist(settings: Settings, given: GivenPlaylist) -> Playlist:
    about = given.model_dump(exclude={"tracks"})
    return Playlist(**about, tracks=_entries(settings, given.tracks))


def _entries(settings: Settings, given: Sequence[str | GivenTrack]) -> list[PlaylistTrack]:
    return entries(settings, [one if isinstance(one, str) else PlaylistTrack(**one.model_dump()) for one in given])


def _about(one: Playlist) -> dict[str, Any]:
    return {name: getattr(one, name) for name in PlaylistInfo.model_fields} | {"tracks": len(one.tracks)}


def _with_tracks(one: Playlist) -> PlaylistWithTracks:
    return PlaylistWithTracks(**_about(one), entries=list(one.tracks))


def _named(one: Playlist, ending: str) -> dict[str, str]:
    """The header with the name of a file; headers hold no more than plain letters."""
    plain = re.sub(r"[^\w .-]", "_", one.title, flags=re.ASCII)
    return {"Content-Disposition": f'attachment; filename="{plain.strip() or one.id}.{ending}"'}
