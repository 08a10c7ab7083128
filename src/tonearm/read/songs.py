"""Songs: the lake's tracks and those that were added, and which track of the lake a name or an id stands for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from tonearm.engine.duckdb import engine
from tonearm.errors import UnknownName, UsageError
from tonearm.lake import open_lake
from tonearm.store.playlists import PlaylistTrack
from tonearm.store.tracks import SPOTIFY_TRACK, Named

if TYPE_CHECKING:
    from tonearm.engine.duckdb import Engine
    from tonearm.settings import Settings
    from tonearm.store.songs import Song

_OF_TRACK = ("track_id", "artist_name", "track_name", "spotify_id", "recording_mbid", "genre", "duration_s")
_TABLES = {
    "tracks": _OF_TRACK,
    "track_names": ("name_id", "key_id", "spotify_id", "recording_mbid"),
    "track_identities": ("name_id", "track_id"),
    "catalogue_tracks": ("track_id", "album_name"),
}
_TEXTS = ("artist_name", "track_name", "album_name", "spotify_id", "recording_mbid", "genre", "source")
_TAKEN = ("artist_name", "track_name", "spotify_id", "recording_mbid", "duration_s")
"""What a playlist's track takes from the lake where it was not given."""
_BETWEEN = re.compile(r"\s+[-–—]\s+")
_LONGEST_ID = 19
"""Digits of the largest id."""


@dataclass(frozen=True)
class KnownSong:
    """A track of the lake, or one that was added and is not there yet."""

    id: int
    """``track_id``; of an added song that the lake does not have yet, the id that it will have."""
    artist_name: str | None
    track_name: str | None
    album_name: str | None
    """Of an added song, or by the catalogue."""
    spotify_id: str | None
    recording_mbid: str | None
    genre: str | None
    duration_s: float | None
    source: str | None
    """Who added it: ``by hand`` or a service; None where it comes from listens or a catalogue alone."""
    is_in_lake: bool
    """Whether search and recommendations know it; they do after the next run."""


def find_songs(
    settings: Settings,
    added: Iterable[Song],
    query: str | None = None,
    is_added: bool | None = None,
    limit: int = 100,
    offset: int = 0,
) -> tuple[list[KnownSong], int]:
    """Songs by artist and title, and how many there are in all.

    ``query`` is a part of artist and title, ignoring case and accents. ``is_added`` is for added ones, or the others,
    alone.
    """
    where = """WHERE ($query IS NULL OR contains(strip_accents(lower(concat_ws(' ', artist_name, track_name))),
        strip_accents(lower($query)))) AND ($is_added IS NULL OR (source IS NOT NULL) = $is_added)"""
    asked = {"query": query, "is_added": is_added}
    with _opened(settings, added) as session:
        total = session.value(f"SELECT count(*) FROM every {where}", asked)
        order = f"ORDER BY artist_name, track_name, id LIMIT {int(limit)} OFFSET {int(offset)}"
        return [_known(row) for row in session.dicts(f"SELECT * FROM every {where} {order}", asked)], int(total)


def known_song(settings: Settings, added: Iterable[Song], id: int) -> tuple[KnownSong, int | None]:
    """The song with that id, which may be the one that its own names make, and the latter if it was added.

    Raises UnknownName.
    """
    with _opened(settings, added) as session:
        rows = session.dicts("SELECT * FROM every WHERE $id IN (id, own_id) LIMIT 1", {"id": id}) if id < 2**63 else []
    if not rows:
        raise UnknownName("song", str(id), [], hint="GET /songs lists them")
    return _known(rows[0]), rows[0]["own_id"]


def in_lake(settings: Settings, named: Sequence[Named]) -> list[dict[str, Any] | None]:
    """For each, the track of the lake that it is, with the columns of ``tracks``; None for one that is not there.

    By its ``track_id`` if it has one, else its Spotify id, its recording, or its names.
    """
    asked = pa.table(
        {
            "place": pa.array(range(len(named)), pa.int64()),
            "track_id": pa.array([getattr(one, "track_id", None) for one in named], pa.int64()),
            "spotify_id": pa.array([one.spotify_id for one in named], pa.string()),
            "recording_mbid": pa.array([one.recording_mbid for one in named], pa.string()),
            "own_id": pa.array([one.own_id for one in named], pa.int64()),
        }
    )
    with engine(settings) as session:
        _look(settings, session)
        session.register("asked", asked)
        rows = session.dicts(_PLACED)
    found = {row.pop("place"): row for row in rows}
    return [found.get(place) for place in range(len(named))]


def _by(kind: str, column: str, rank: int) -> str:
    return f"""SELECT a.place, i.track_id, {rank} AS rank FROM asked a JOIN track_names n ON n.{column} = a.{kind}
        JOIN track_identities i USING (name_id)"""


_PLACED = f"""
WITH matches AS (
    SELECT place, track_id, 0 AS rank FROM asked
    UNION ALL {_by("spotify_id", "spotify_id", 1)}
    UNION ALL {_by("recording_mbid", "recording_mbid", 2)}
    UNION ALL {_by("own_id", "key_id", 3)}
)
SELECT place, {", ".join(f"t.{name}" for name in _OF_TRACK)} FROM matches JOIN tracks t USING (track_id)
QUALIFY row_number() OVER (PARTITION BY place ORDER BY rank, track_id) = 1
"""


def entries(settings: Settings, given: Sequence[str | PlaylistTrack]) -> list[PlaylistTrack]:
    """Tracks of a playlist as they are given, with what the lake knows of them.

    A text is a track's id, its id, URI or address at Spotify, or "artist - title". Raises UsageError for any other,
    and for an id that the lake does not have, since nothing names the track.
    """
    options = [_options(one) for one in given]
    flat = [one for some in options for one in some]
    found = iter(in_lake(settings, flat))
    chosen = []
    for text, some in zip(given, options, strict=True):
        tracks = [next(found) for _ in some]
        place = next((place for place, track in enumerate(tracks) if track is not None), 0)
        chosen.append(_entry(text, some[place], tracks[place]))
    return chosen


def _options(given: str | PlaylistTrack) -> list[PlaylistTrack]:
    """What a text may mean: there may be several dashes between artist and title."""
    if isinstance(given, PlaylistTrack):
        return [given]
    text = given.strip()
    if text.isascii() and text.isdecimal() and len(text) <= _LONGEST_ID and int(text) < 2**63:
        return [PlaylistTrack(artist_name="", track_name="", track_id=int(text))]
    if spotify := SPOTIFY_TRACK.fullmatch(text):
        return [PlaylistTrack(artist_name="", track_name="", spotify_id=spotify[1])]
    dashes = list(_BETWEEN.finditer(text))
    if not dashes:
        raise UsageError(f"'{text[:100]}' is no track: write its id, its Spotify id, or artist - title")
    return [PlaylistTrack(artist_name=text[: at.start()], track_name=text[at.end() :]) for at in dashes]


def _entry(given: str | PlaylistTrack, one: PlaylistTrack, track: Mapping[str, Any] | None) -> PlaylistTrack:
    """``one`` with the ids of the lake's ``track``; names are those given, where any were."""
    if track is None:
        if not one.artist_name and not one.track_name:
            raise UsageError(f"the lake has no track '{str(given)[:100]}'; give its artist and title: artist - title")
        return replace(one, track_id=None)
    known: dict[str, Any] = {name: getattr(one, name) or track[name] for name in _TAKEN}
    return replace(one, track_id=track["track_id"], **known)


@contextmanager
def _opened(settings: Settings, added: Iterable[Song]) -> Iterator[Engine]:
    """A session with the view ``every``: the columns of :class:`KnownSong`, and ``own_id`` of added songs."""
    rows = list(added)
    columns = {name: pa.array([getattr(one, name) for one in rows], pa.string()) for name in _TEXTS}
    columns["duration_s"] = pa.array([one.duration_s for one in rows], pa.float64())
    columns["own_id"] = pa.array([one.own_id for one in rows], pa.int64())
    with engine(settings) as session:
        _look(settings, session)
        session.register("added", pa.table(columns))
        session.run(f"CREATE TEMP VIEW every AS {_EVERY}")
        yield session


def _look(settings: Settings, session: Engine) -> None:
    lake = open_lake(settings.lake)
    for name, columns in _TABLES.items():
        session.look_at(lake, name, columns)


_EVERY = """
WITH ids AS (
    SELECT n.key_id AS own_id, min(i.track_id) AS track_id
    FROM track_names n JOIN track_identities i USING (name_id)
    WHERE n.key_id IN (SELECT own_id FROM added) AND i.track_id IN (SELECT track_id FROM tracks) GROUP BY ALL
), placed AS (SELECT * FROM added LEFT JOIN ids USING (own_id))
SELECT t.track_id AS id, t.artist_name, t.track_name, coalesce(p.album_name, c.album_name) AS album_name,
    coalesce(p.spotify_id, t.spotify_id) AS spotify_id,
    coalesce(p.recording_mbid, t.recording_mbid) AS recording_mbid, coalesce(p.genre, t.genre) AS genre,
    coalesce(p.duration_s, t.duration_s) AS duration_s, p.source, true AS is_in_lake, p.own_id
FROM tracks t LEFT JOIN catalogue_tracks c USING (track_id)
LEFT JOIN (SELECT DISTINCT ON (track_id) * FROM placed WHERE track_id IS NOT NULL ORDER BY own_id) p USING (track_id)
UNION ALL
SELECT own_id, artist_name, track_name, album_name, spotify_id, recording_mbid, genre, duration_s, source, false, own_id
FROM placed WHERE track_id IS NULL
"""


def _known(row: Mapping[str, Any]) -> KnownSong:
    return KnownSong(**{name: row[name] for name in KnownSong.__dataclass_fields__})
