"""One listener's listens, kept where questions about them take milliseconds."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tonearm.engine.duckdb import engine
from tonearm.lake import open_lake
from tonearm.read.overview import LISTENS

if TYPE_CHECKING:
    from tonearm.settings import Settings

_COLUMNS = (
    *("listener", "listen_id", "started_at", "started_at_local", "local_date", "hour_of_day", "day_of_week"),
    *("session_started_at", "track_id", "artist_id", "artist_name", "track_name", "album_name", "genre"),
    *("listened_s", "duration_s", "is_skipped", "source"),
)
_ALBUM_COLUMNS = ("listener", "artist_id", "album_name", "album_artist_id", "album_artist_name", "album_title")
_SOUND_COLUMNS = ("track_id", "energy", "valence", "danceability", "tempo", "mood", "feature_source")


@dataclass(frozen=True)
class Span:
    """Local days from ``first`` to before ``after``."""

    first: date
    after: date

    @property
    def days(self) -> int:
        """How many there are."""
        return (self.after - self.first).days

    @property
    def last(self) -> date:
        """The last of them."""
        return self.after - timedelta(days=1)


class History:
    """A listener's listens in memory, as the newest version of the tables has them; may be shared by threads.

    Relations to query, with the listener's rows alone:

    - ``heard``: a listen each, ordered by time: ``listen_id, started_at, at_local, day, hour, weekday`` (0 is Monday)
      ``, session_at, track_id, track, artist_id, artist, album, album_artist_id, genre, heard_s`` (null where not
      known) ``, duration_s, is_skipped, source``
    - ``artists``: ``artist_id, artist, listens, heard_s, tracks, first_day, last_day``
    - ``tracks``: ``track_id, track, artist_id, artist, album`` (the one it was heard on most) ``, genre, duration_s,
      listens, heard_s, first_day, last_day``
    - ``albums``: ``album_artist_id, album, artist, artist_id`` (null where the album's artist was not heard, as of a
      compilation) ``, listens, heard_s, tracks, first_day, last_day``
    - ``album_names``: ``artist_id, album_name`` as heard, where the album's own ``album_artist_id, album_artist_name,
      album_title`` are others
    - ``album_addresses``: every ``artist_id`` and ``name`` by which an album may be asked for, and its
      ``album_artist_id`` and ``album``
    - ``appearances``: an artist of a session each: ``session_at, year`` (in UTC) ``, artist_id``
    - ``sounds``: the tracks whose sound was measured, of themselves or in a catalogue: ``track_id, energy, valence,
      danceability`` (0 to 1) ``, tempo`` (bpm) ``, mood``
    """

    def __init__(self, settings: Settings, listener: str) -> None:
        """Read the listens; a listener without any has empty relations."""
        self.listener = listener
        # Closed with the last reference: whoever asks now may use the history longer than the app keeps it.
        self._open = ExitStack()
        self._session = self._open.enter_context(engine(settings))
        lake = open_lake(settings.lake)
        self._session.look_at(lake, LISTENS, _COLUMNS)
        self._session.look_at(lake, "tracks", _SOUND_COLUMNS, alias="all_tracks")
        self._session.look_at(lake, "album_names", _ALBUM_COLUMNS, alias="all_album_names")
        self._session.run(_ALBUM_NAMES, [listener])
        self._session.run(_HEARD, [listener])
        for relation in (_ARTISTS, _TRACKS, _ALBUMS, _ALBUM_ADDRESSES, _APPEARANCES, _SOUNDS):
            self._session.run(relation)
        (self.listens, self.first_day, self.last_day) = self._session.rows(
            "SELECT count(*), min(day), max(day) FROM heard"
        )[0]

    listens: int
    first_day: date | None
    """None without listens, as is ``last_day``."""
    last_day: date | None

    def rows(self, sql: str, *parameters: Any, **named: Any) -> list[dict[str, Any]]:
        """Rows of ``sql`` by column name; its parameters are ``$1, $2, …`` or have names, as ``$artist_id``."""
        return self._session.beside().dicts(sql, named or parameters)

    def row(self, sql: str, *parameters: Any, **named: Any) -> dict[str, Any] | None:
        """The first row; None without any."""
        return next(iter(self.rows(sql, *parameters, **named)), None)


def as_json(value: Any) -> Any:
    """``value`` for a browser: ids, which have more digits than JavaScript's numbers, as text."""
    if isinstance(value, dict):
        return {name: str(of) if _is_id(name, of) else as_json(of) for name, of in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(one) for one in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return value.isoformat() if isinstance(value, date) else value


def _is_id(name: str, value: Any) -> bool:
    return name.endswith("_id") and isinstance(value, int)


TOP_ARTISTS = """
SELECT artist_id, arg_max(artist, started_at) AS artist, count(*) AS listens
FROM heard WHERE day >= $1 AND day < $2 GROUP BY artist_id ORDER BY listens DESC, artist LIMIT $3
"""
"""The artists heard most from a day to before another."""
DAYS = "SELECT day, count(*) AS listens FROM heard GROUP BY day ORDER BY day"
"""Every day with a listen."""

# Most names are what they seem to be, as are those that came after the last build of the table.
_ALBUM_NAMES = """
CREATE TABLE album_names AS SELECT * EXCLUDE (listener) FROM all_album_names
WHERE listener = $1 AND (album_artist_id <> artist_id OR album_title <> album_name)
"""
_HEARD = f"""
CREATE TABLE heard AS
SELECT listen_id, started_at, started_at_local AS at_local, local_date AS day, hour_of_day AS hour,
    day_of_week AS weekday, session_started_at AS session_at, track_id, artist_id, artist_name AS artist,
    track_name AS track, coalesce(album_title, nullif(album_name, '')) AS album,
    CASE WHEN album_name <> '' THEN coalesce(album_artist_id, artist_id) END AS album_artist_id,
    genre, listened_s AS heard_s, duration_s, is_skipped, source
FROM {LISTENS} LEFT JOIN album_names USING (artist_id, album_name) WHERE listener = $1 ORDER BY started_at, listen_id
"""
_COUNTED = "count(*) AS listens, sum(heard_s) AS heard_s, min(day) AS first_day, max(day) AS last_day"
_ARTISTS = f"""
CREATE TABLE artists AS
SELECT artist_id, arg_max(artist, started_at) AS artist, {_COUNTED}, count(DISTINCT track_id) AS tracks
FROM heard WHERE artist_id IS NOT NULL GROUP BY artist_id ORDER BY listens DESC
"""
_TRACKS = f"""
CREATE TABLE tracks AS
SELECT track_id, arg_max(track, started_at) AS track, any_value(artist_id) AS artist_id,
    arg_max(artist, started_at) AS artist, mode(album) AS album, any_value(genre) AS genre,
    max(duration_s) AS duration_s, {_COUNTED}
FROM heard GROUP BY track_id ORDER BY listens DESC
"""
_ALBUMS = f"""
CREATE TABLE albums AS
WITH counted AS (
    SELECT album_artist_id, album, {_COUNTED}, count(DISTINCT track_id) AS tracks,
        any_value(artist) AS any_artist
    FROM heard WHERE album IS NOT NULL GROUP BY album_artist_id, album
), named AS (
    SELECT album_artist_id, any_value(album_artist_name) AS album_artist_name
    FROM album_names ANTI JOIN artists ON album_artist_id = artists.artist_id GROUP BY album_artist_id
)
SELECT album_artist_id, artists.artist_id, album, coalesce(artists.artist, album_artist_name, any_artist) AS artist,
    counted.* EXCLUDE (album_artist_id, album, any_artist)
FROM counted LEFT JOIN artists ON album_artist_id = artists.artist_id LEFT JOIN named USING (album_artist_id)
ORDER BY listens DESC
"""
_ALBUM_ADDRESSES = """
CREATE VIEW album_addresses AS
SELECT album_artist_id AS artist_id, album AS name, album_artist_id, album FROM albums
UNION SELECT artist_id, album_name, album_artist_id, album_title FROM album_names
UNION SELECT artist_id, album_title, album_artist_id, album_title FROM album_names
"""
_APPEARANCES = """
CREATE TABLE appearances AS
SELECT DISTINCT session_at, year(session_at) AS year, artist_id FROM heard WHERE artist_id IS NOT NULL
"""
_SOUNDS = """
CREATE TABLE sounds AS
SELECT track_id, energy, valence, danceability, tempo, mood FROM all_tracks SEMI JOIN heard USING (track_id)
WHERE feature_source IN ('real', 'catalogue') AND energy IS NOT NULL
"""
