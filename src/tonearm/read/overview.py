"""What the page shows of one listener: totals, habits by the clock, favourites, discovery and moods.

Everything is counted from ``listening_with_features`` under a listen rule, in the engine, when asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from tonearm.columns import FEATURE_SOURCES, MOODS
from tonearm.engine.duckdb import engine
from tonearm.errors import UnknownName
from tonearm.lake import open_lake
from tonearm.read.rules import RULES
from tonearm.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa

    from tonearm.engine.duckdb import Engine

LISTENS = "listening_with_features"

Subject = Literal["artists", "tracks"]

COLUMNS = (
    *("listener", "listen_id", "started_at", "started_at_local", "local_date", "hour_of_day", "day_of_week"),
    *("track_id", "artist_id", "artist_name", "track_name", "album_name", "listened_s", "duration_s"),
    *("source", "also_seen_in", "feature_source", "mood"),
)


@dataclass
class Totals:
    """One listener's history in a few numbers."""

    listens: int
    timed_listens: int
    """Listens that say how long they were heard; minutes are of these alone."""
    minutes: float | None
    """None where no listen says so."""
    tracks: int
    artists: int
    days: int
    """Local days with a listen."""
    first_date: date | None
    last_date: date | None


@dataclass
class Day:
    """Listens of one local day; days without any are left out."""

    date: date
    listens: int


@dataclass
class Hour:
    """Listens of one local hour of the week, 0 is Monday; hours without any are left out."""

    day_of_week: int
    hour_of_day: int
    listens: int


@dataclass
class Month:
    """What was new in one local month; months without listens are left out."""

    month: date
    listens: int
    new_tracks: int
    """Tracks never heard before in this history."""
    new_artists: int


@dataclass
class Share:
    """How many listens have one mood, or features from one source."""

    name: str
    listens: int


@dataclass
class Overview:
    """One listener's history under one listen rule."""

    listener: str
    rule: str
    totals: Totals
    days: list[Day]
    hours: list[Hour]
    months: list[Month]
    moods: list[Share]
    """Of the listens with a mood."""
    mood_sources: list[Share]
    """Of the same: where the features come from that name it."""
    feature_sources: list[Share]
    """Of all listens; ``none`` is those without features."""


@dataclass
class Favourite:
    """One of the most heard artists or tracks of a period."""

    rank: int
    artist: str | None
    track: str | None
    """None where artists were asked for."""
    listens: int
    tracks: int
    """Distinct tracks among the listens."""
    timed_listens: int
    minutes: float | None
    """Of the timed listens; None without any."""


@dataclass(frozen=True)
class Heard:
    """One listener's listens that a rule counts, as a relation of an engine session."""

    session: Engine
    relation: str
    listener: str

    def rows(self, sql: str, *parameters: Any) -> list[dict[str, Any]]:
        """Rows of ``sql``, in which ``heard`` stands for the listens."""
        found: list[dict[str, Any]] = self.table(sql, *parameters).to_pylist()
        return found

    def table(self, sql: str, *parameters: Any) -> pa.Table:
        """The same as Arrow."""
        query = f"WITH heard AS (SELECT * FROM {self.relation} WHERE listener = $1) {sql}"
        return self.session.table(query, [self.listener, *parameters])


def overview(settings: Settings, listener: str, rule: str = "all") -> Overview:
    """Everything on the first page but the favourites; all zeros and empty for a listener without listens.

    Raises UnknownName for an unknown rule.
    """
    with heard(settings, listener, rule) as own:
        return Overview(
            listener=listener,
            rule=rule,
            totals=Totals(**own.rows(_TOTALS)[0]),
            days=[Day(**row) for row in own.rows(_DAYS)],
            hours=[Hour(**row) for row in own.rows(_HOURS)],
            months=[Month(**row) for row in own.rows(_MONTHS)],
            moods=_shares(own.rows(_MOODS), MOODS),
            mood_sources=_shares(own.rows(_MOOD_SOURCES), FEATURE_SOURCES),
            feature_sources=_shares(own.rows(_SOURCES), (*FEATURE_SOURCES, "none")),
        )


def favourites(
    settings: Settings,
    listener: str,
    subject: Subject,
    first: date | None = None,
    last: date | None = None,
    rule: str = "all",
    limit: int = 10,
) -> list[Favourite]:
    """The most heard artists or tracks from local day ``first`` to ``last``, both included.

    Ties go to the name that comes first. Raises UnknownName for an unknown rule.
    """
    with heard(settings, listener, rule) as own:
        rows = own.rows(_FAVOURITES[subject], first or date.min, last or date.max, limit)
    return [Favourite(**row) for row in rows]


@contextmanager
def heard(settings: Settings, listener: str, rule: str = "all", ids: bool = False) -> Iterator[Heard]:
    """The listener's listens to query, and where ``ids`` are wanted those of tracks as a relation of that name.

    Raises UnknownName for an unknown rule.
    """
    if rule not in RULES:
        raise UnknownName("listen rule", rule, RULES, hint=f"there are {', '.join(RULES)}")
    with engine(settings) as session:
        lake = open_lake(settings.lake)
        session.look_at(lake, LISTENS, COLUMNS)
        if ids:
            session.look_at(lake, "tracks", ("track_id", "spotify_id", "recording_mbid"), alias="ids")
        relation = LISTENS
        if rule != "all":
            relation = f"({session.compiled(RULES[rule].keep, LISTENS)})"
        yield Heard(session, relation, listener)


def _shares(rows: list[dict[str, Any]], names: tuple[str, ...]) -> list[Share]:
    found = {row["name"]: row["listens"] for row in rows}
    return [Share(name, found.get(name, 0)) for name in names]


_TOTALS = """
SELECT count(*) AS listens, count(listened_s) AS timed_listens, sum(listened_s) / 60 AS minutes,
    count(DISTINCT track_id) AS tracks, count(DISTINCT artist_id) AS artists,
    count(DISTINCT local_date) AS days, min(local_date) AS first_date, max(local_date) AS last_date
FROM heard
"""
_DAYS = "SELECT local_date AS date, count(*) AS listens FROM heard GROUP BY ALL ORDER BY date"
_HOURS = """
SELECT day_of_week, hour_of_day, count(*) AS listens FROM heard GROUP BY ALL ORDER BY day_of_week, hour_of_day
"""
_MONTHS = """
, counted AS (SELECT date_trunc('month', local_date)::DATE AS month, count(*) AS listens FROM heard GROUP BY ALL),
new AS (
    SELECT month, sum(is_track) AS new_tracks, sum(1 - is_track) AS new_artists FROM (
        SELECT date_trunc('month', min(local_date))::DATE AS month, 1 AS is_track FROM heard GROUP BY track_id
        UNION ALL
        SELECT date_trunc('month', min(local_date))::DATE, 0 FROM heard GROUP BY artist_id
    ) GROUP BY month
)
SELECT month, listens, coalesce(new_tracks, 0)::BIGINT AS new_tracks, coalesce(new_artists, 0)::BIGINT AS new_artists
FROM counted LEFT JOIN new USING (month) ORDER BY month
"""
_MOODS = "SELECT mood AS name, count(*) AS listens FROM heard WHERE mood IS NOT NULL GROUP BY ALL"
_MOOD_SOURCES = "SELECT feature_source AS name, count(*) AS listens FROM heard WHERE mood IS NOT NULL GROUP BY ALL"
_SOURCES = "SELECT coalesce(feature_source, 'none') AS name, count(*) AS listens FROM heard GROUP BY ALL"


def _favourites_sql(by: str, names: str) -> str:
    return f"""
    SELECT row_number() OVER (ORDER BY listens DESC, artist, track) AS rank, * FROM (
        SELECT {names}, count(*) AS listens, count(DISTINCT track_id) AS tracks,
            count(listened_s) AS timed_listens, sum(listened_s) / 60 AS minutes
        FROM heard WHERE local_date BETWEEN $2 AND $3 GROUP BY {by}
    ) ORDER BY rank LIMIT $4
    """


_FAVOURITES: dict[Subject, str] = {
    "artists": _favourites_sql("artist_id", "min(artist_name) AS artist, NULL::VARCHAR AS track"),
    "tracks": _favourites_sql("track_id", "min(artist_name) AS artist, min(track_name) AS track"),
}
