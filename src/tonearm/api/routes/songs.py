"""``/songs``: the lake's tracks, and those that are added to them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from tonearm.api.answers import Answer
from tonearm.api.deps import Limit, Offset, SettingsDep, StoreDep
from tonearm.errors import Conflict
from tonearm.read.songs import KnownSong, find_songs, in_lake, known_song
from tonearm.settings import Settings
from tonearm.store import Store
from tonearm.store.songs import Song, add_song, delete_song, update_song
from tonearm.store.songs import songs as added_songs
from tonearm.store.tracks import LONGEST_NAME

router = APIRouter(tags=["songs"])

SongId = Annotated[int, Path(ge=0, lt=2**63, description="A `track_id`, or the id of an added song.")]
_Name = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME)]
_Id = Annotated[str | None, Field(max_length=200)]


class Songs(Answer):
    """Songs, by artist and title."""

    songs: list[KnownSong]
    total: int
    """How many there are in all."""


class GivenSong(BaseModel):
    """A song to add, or what is known of an added one."""

    model_config = ConfigDict(extra="forbid")

    artist_name: _Name = Field(examples=["Ichiko Aoba"])
    track_name: _Name = Field(examples=["Asleep Among Endives"])
    album_name: str | None = Field(default=None, max_length=LONGEST_NAME)
    spotify_id: _Id = None
    """At Spotify: the id, or a URI or an address that has it."""
    recording_mbid: _Id = None
    """At MusicBrainz."""
    genre: str | None = Field(default=None, max_length=128)
    duration_s: float | None = Field(default=None, gt=0, le=86_400)


@router.get("/songs")
def list_songs(
    settings: SettingsDep,
    store: StoreDep,
    q: Annotated[
        str | None, Query(max_length=200, description="A part of artist and title, whatever case and accents.")
    ] = None,
    added: Annotated[bool | None, Query(description="True for added songs alone, false for the others alone.")] = None,
    limit: Limit = 100,
    offset: Offset = 0,
) -> Songs:
    """The lake's tracks and the added songs. `/search` is the one that forgives typing errors."""
    found, total = find_songs(settings, added_songs(store), q or None, added, limit, offset)
    return Songs(songs=found, total=total)


@router.post("/songs", status_code=201)
def create_song(settings: SettingsDep, store: StoreDep, given: GivenSong) -> KnownSong:
    """Add a song; 409 if it was added already or the lake has it.

    `/songs` has it at once; the next run brings it into the lake, and search and recommendations know it.
    """
    wanted = Song(**given.model_dump())
    (track,) = in_lake(settings, [wanted])
    if track is not None:
        raise Conflict(f"the lake has {wanted.label} already: it is track {track['track_id']}")
    return _known(settings, store, add_song(store, wanted).own_id)


@router.get("/songs/{id}")
def read_song(settings: SettingsDep, store: StoreDep, id: SongId) -> KnownSong:
    """One song."""
    return _known(settings, store, id)


@router.put("/songs/{id}")
def replace_song(settings: SettingsDep, store: StoreDep, id: SongId, given: GivenSong) -> KnownSong:
    """Replace what is known of an added song; with another name it gets another id. 409 for those not added."""
    changed = update_song(store, _added_id(settings, store, id), Song(**given.model_dump()))
    return _known(settings, store, changed.own_id)


@router.delete("/songs/{id}", status_code=204, response_class=Response)
def remove_song(settings: SettingsDep, store: StoreDep, id: SongId) -> None:
    """Remove an added song; the next run takes it out of the lake. 409 for those not added."""
    delete_song(store, _added_id(settings, store, id))


def _known(settings: Settings, store: Store, id: int) -> KnownSong:
    return known_song(settings, added_songs(store), id)[0]


def _added_id(settings: Settings, store: Store, id: int) -> int:
    """The id under which the store has the song."""
    found, own_id = known_song(settings, added_songs(store), id)
    if own_id is None:
        name = f"{found.artist_name} – {found.track_name}"
        raise Conflict(f"{name} comes from listens or a catalogue; only songs that were added can be changed")
    return own_id
