"""What a listener had heard by a moment, read from the lake: the songs they know, and every listen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tonearm.bronze import SCHEMAS
from tonearm.engine.duckdb import engine
from tonearm.engine.literals import sql_text
from tonearm.engine.rows import dicts
from tonearm.errors import UnknownName, UsageError
from tonearm.lake import open_lake
from tonearm.models.model import STILL_LISTENING
from tonearm.recommend.again.history import COLUMNS
from tonearm.silver.names import BEYOND_SONG

if TYPE_CHECKING:
    import pyarrow as pa

    from tonearm.engine.duckdb import Engine
    from tonearm.settings import Settings

NO_SONG = (
    r"^\W*(intro|outro|skit|interlude|prelude|silence|untitled|unknown|untitled track|track \d+|audio track \d+)\W*$"
    r"|[(\[]\s*(skit|interlude|intro|outro|spoken word)\b|\bskit$|\bmixed by\b|\b(continuous|dj) mix\b|\bpodcast\b"
)
"""Titles of what stands between songs, of mixes of an hour, and of files without a title."""
SPOKEN = 0.66
"""Speechiness above which, according to Spotify, a track is probably all speech."""
SHORTEST_S = 60.0
LATELY_D = 30
MOST_SONGS = 5_000
"""Songs that playlists are made of: those heard in the most sessions."""
USUAL_S = 210.0
"""Length of a track where nothing about it is known: three and a half minutes."""


@dataclass(frozen=True)
class Moment:
    """Whose history is asked, and until when."""

    listener: str
    at: datetime
    """UTC: what was heard from then on is left out."""
    today: date
    """The listener's local date then."""
    hour: int
    """The listener's local hour then."""
    has_ended: bool
    """Whether the history ended so long before that the moment is its end."""
    listens: int
    usual_s: float
    """The listener's usual time from one track to the next within a session, in seconds."""


@dataclass(frozen=True)
class Known:
    """What a listener knew at a moment."""

    moment: Moment
    songs: list[dict[str, Any]]
    """A row for each song, those heard in the most sessions first: names, ids and features of the version heard most,
    ``versions`` (track ids), ``listens``, ``sessions`` in which it was heard and not skipped, ``first_date``,
    ``last_date``, ``last_heard_at``, ``silent_d`` (days since), ``lately`` (listens in the last 30 days), ``peak_year``
    with the most listens and how many (``peak_listens``), and ``activation``, the sum of the inverse square roots of
    the ages of its sessions in days (ACT-R)."""


def known(settings: Settings, listener: str | None = None, at: datetime | None = None) -> Known:
    """The songs that ``listener`` had heard before ``at``, by default now; raises as :func:`listening` does."""
    with listening(settings, listener, at) as own:
        return Known(own.moment, own.songs())


@contextmanager
def listening(
    settings: Settings, listener: str | None = None, at: datetime | None = None, zone_less: bool = False
) -> Iterator[Listening]:
    """What ``listener`` had heard before ``at``, by default now, to be read while it is open.

    The listener may be left out where there is only one. For a history that ended more than a month before, the moment
    is its end. An ``at`` that is ``zone_less`` is the listener's local time, whatever its zone. Raises UnknownName for
    another listener, UsageError where the listener is ambiguous, nothing was built, or nothing was heard before.
    """
    lake = open_lake(settings.lake)
    if not lake.has("listening_with_features"):
        raise UsageError(_NOTHING)
    with engine(settings) as session:
        for table in ("listening_with_features", "tracks"):
            session.look_at(lake, table, ())
        session.look_at(lake, "listener_clock", SCHEMAS["listener_clock"])
        name = _listener(session, listener)
        _set(session, "who", sql_text(name))
        if at is not None and zone_less:
            at -= _offset(session, at)
        newest = _newest(session, name, at)
        now = at or datetime.now(UTC)
        has_ended = now - newest > STILL_LISTENING
        now = newest + timedelta(seconds=1) if has_ended else now
        _set(session, "moment", sql_text(now.isoformat()))
        session.run(_OWN)
        listens, usual_s = session.rows(_USUAL)[0]
        local = now + _offset(session, now)
        moment = Moment(name, now, local.date(), local.hour, has_ended, listens, usual_s or USUAL_S)
        yield Listening(session, moment)


@dataclass(frozen=True)
class Listening:
    """An open history."""

    session: Engine
    moment: Moment

    def songs(self, tracks: Sequence[int] | None = None) -> list[dict[str, Any]]:
        """The rows of :class:`Known`; of all songs or of those of which one of ``tracks`` is a version."""
        numbers = "NULL" if tracks is None else f"[{', '.join(str(int(track)) for track in tracks)}]"
        _set(self.session, "wanted", f"{numbers}::BIGINT[]")
        _set(self.session, "today", f"DATE '{self.moment.today.isoformat()}'")
        return dicts(self.session.table(_SONGS))

    def heard(self) -> set[int]:
        """Ids of all tracks that were heard."""
        return {track for (track,) in self.session.rows("SELECT DISTINCT track_id FROM own")}

    def by_artist(self) -> dict[int, int]:
        """Listens of each artist."""
        return dict(self.session.rows("SELECT artist_id, count(*) FROM own GROUP BY ALL"))

    def history(self) -> pa.Table:
        """The listens, oldest first, with the columns of a history."""
        return self.session.table(f"SELECT {', '.join(COLUMNS)} FROM own ORDER BY started_at, listen_id")


_NOTHING = "no listens yet: `tonearm import PATH` brings in a history, then `tonearm build`"


def _set(session: Engine, name: str, value: str) -> None:
    """Set a variable to an SQL literal: for a value passed beside the SQL, DuckDB loads pandas, half a second."""
    session.run(f"SET VARIABLE {name} = {value}")


def _offset(session: Engine, at: datetime) -> timedelta:
    """The listener's local time minus UTC at ``at``; 0 where the zone is not known."""
    _set(session, "moment", sql_text(at.isoformat()))
    return timedelta(seconds=float(session.value(_OFFSET_S) or 0))


def _listener(session: Engine, wanted: str | None) -> str:
    names = [name for (name,) in session.rows("SELECT DISTINCT listener FROM listening_with_features ORDER BY ALL")]
    if wanted is None:
        if len(names) == 1:
            return str(names[0])
        if not names:
            raise UsageError(_NOTHING)
        raise UsageError(f"whose history? name a listener with --listener: {', '.join(names)}")
    found = next((str(name) for name in names if name.casefold() == wanted.casefold()), None)
    if found is None:
        raise UnknownName("listener", wanted, names, hint=f"there are: {', '.join(names) or 'none'}")
    return found


def _newest(session: Engine, listener: str, at: datetime | None) -> datetime:
    """The listener's newest listen before ``at``."""
    _set(session, "until", sql_text((at or datetime.now(UTC)).isoformat()))
    # Seconds, since DuckDB needs pytz for an instant as a value of Python.
    first, newest = session.rows(
        "SELECT epoch(min(started_at)), epoch(max(started_at) FILTER (started_at < getvariable('until')::TIMESTAMPTZ))"
        " FROM listening_with_features WHERE listener = getvariable('who')"
    )[0]
    if newest is None:
        raise UsageError(f"{listener} had heard nothing by then; the first listen is of {_instant(first):%Y-%m-%d}")
    return _instant(newest)


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


_MOMENT = "getvariable('moment')::TIMESTAMPTZ"

_OWN = f"""CREATE OR REPLACE TEMP TABLE own AS
SELECT track_id, artist_id, started_at, listen_id, session_started_at, hour_of_day, local_date,
    coalesce(is_skipped, false) AS is_skipped,
    CASE WHEN NOT regexp_matches(lower(track_name), {sql_text(NO_SONG)})
        THEN coalesce(nullif(regexp_replace(lower(track_name), {sql_text(BEYOND_SONG)}, ''), ''), lower(track_name)) END
        AS song
FROM listening_with_features
WHERE listener = getvariable('who') AND started_at < {_MOMENT}"""

_USUAL = """SELECT (SELECT count(*) FROM own), median(gap_s) FROM (
    SELECT epoch(started_at) - lag(epoch(started_at)) OVER own_session AS gap_s FROM own
    WINDOW own_session AS (PARTITION BY session_started_at ORDER BY started_at)) WHERE gap_s BETWEEN 60 AND 900"""

_OFFSET_S = f"""SELECT utc_offset_s FROM listener_clock
WHERE listener = getvariable('who') AND from_at <= {_MOMENT} AND until_at > {_MOMENT} LIMIT 1"""

_SONGS = f"""WITH sessions AS (
    SELECT artist_id, song, session_started_at, count(*) AS listens, count(*) FILTER (NOT is_skipped) AS wanted,
        max(started_at) AS last_at, max(local_date) AS last_date, min(local_date) AS first_date,
        (epoch({_MOMENT}) - epoch(max(started_at))) / 86400 AS age_d
    FROM own WHERE song IS NOT NULL
    GROUP BY ALL
), years AS (
    SELECT artist_id, song, year(last_date) AS peak_year, sum(listens)::BIGINT AS peak_listens
    FROM sessions GROUP BY ALL
), peaks AS (
    SELECT artist_id, song, arg_max(peak_year, peak_listens) AS peak_year, max(peak_listens) AS peak_listens
    FROM years GROUP BY ALL
), songs AS (
    SELECT artist_id, song, sum(listens)::BIGINT AS listens, count(*) FILTER (wanted > 0) AS sessions,
        min(first_date) AS first_date, max(last_date) AS last_date, max(last_at) AS last_heard_at,
        coalesce(sum(listens) FILTER (age_d < {LATELY_D}), 0)::BIGINT AS lately,
        -- Sums differ in their last digits with the order in which they were added.
        coalesce(round(sum(1 / sqrt(1 + age_d)) FILTER (wanted > 0), 9), 0) AS activation
    FROM sessions GROUP BY ALL
), versions AS (
    SELECT artist_id, song, mode(track_id ORDER BY track_id) AS track_id,
        list(DISTINCT track_id ORDER BY track_id) AS versions
    FROM own WHERE song IS NOT NULL GROUP BY ALL
)
SELECT track_id, artist_id, artist_name, track_name, spotify_id, recording_mbid, genre, mood, feature_source, energy,
    valence, duration_s, versions, listens, sessions, first_date, last_date, last_heard_at, lately, peak_year,
    peak_listens, activation, date_diff('day', last_date, getvariable('today')) AS silent_d
FROM songs JOIN peaks USING (artist_id, song) JOIN versions USING (artist_id, song)
JOIN (SELECT * EXCLUDE (artist_id) FROM tracks) USING (track_id)
WHERE coalesce(speechiness, 0) <= {SPOKEN} AND coalesce(duration_s, {SHORTEST_S}) >= {SHORTEST_S}
    AND (getvariable('wanted') IS NULL OR list_has_any(versions, getvariable('wanted')))
ORDER BY sessions DESC, activation DESC, track_id LIMIT {MOST_SONGS}"""
