"""The least an engine must do for silver and the five descriptive tables; run by ``million.py``.

Plain DuckDB on columns that are in its memory before the clock starts: no files but one Parquet file at the
end, no merging between services, no normalised names, no zones, no checks.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import duckdb

FEATURES = (
    *("danceability", "energy", "valence", "acousticness"),
    *("instrumentalness", "speechiness", "loudness", "tempo"),
)
CARRIED = (
    *("album_name", "spotify_id", "listened_s", "is_skipped", "is_shuffle", "is_offline", "is_incognito"),
    *("reason_start", "reason_end", "country", "source"),
)
GAP = "INTERVAL 30 MINUTE"

EACH_RECORD_ONCE = f"""
    CREATE TABLE records AS
    SELECT listener, started_at, artist_name, track_name, {", ".join(f"any_value({c}) AS {c}" for c in CARRIED)}
    FROM bronze WHERE reason IS NULL AND content = 'music'
    GROUP BY listener, started_at, artist_name, track_name"""

TRACKS = f"""
    CREATE TABLE tracks AS
    SELECT named.*, {", ".join(FEATURES)}, genre FROM (
        SELECT artist_name, track_name, any_value(spotify_id) AS spotify_id, row_number() OVER () AS track_id,
            hash(artist_name) AS artist_id
        FROM records GROUP BY artist_name, track_name
    ) AS named LEFT JOIN (
        SELECT spotify_id, any_value(genre) AS genre, {", ".join(f"any_value({f}) AS {f}" for f in FEATURES)}
        FROM catalogue WHERE reason IS NULL GROUP BY spotify_id
    ) USING (spotify_id)"""

LISTENS = f"""
    CREATE TABLE listens AS
    WITH spaced AS (
        SELECT *, lag(started_at + to_milliseconds((listened_s * 1000)::BIGINT))
            OVER (PARTITION BY listener ORDER BY started_at) AS silent_since
        FROM records
    )
    SELECT *, max(CASE WHEN silent_since IS NULL OR started_at - silent_since > {GAP} THEN started_at END)
        OVER (PARTITION BY listener ORDER BY started_at ROWS UNBOUNDED PRECEDING) AS session_started_at
    FROM spaced"""

JOINED = f"""
    CREATE TABLE joined AS
    SELECT listens.*, track_id, artist_id, genre, {", ".join(FEATURES)},
        started_at::TIMESTAMP + INTERVAL 1 HOUR AS local, local::DATE AS local_date,
        hour(local) AS hour_of_day, isodow(local) - 1 AS day_of_week,
        CASE WHEN valence IS NULL THEN NULL
             WHEN abs(valence - .5) <= .1 AND abs(energy - .5) <= .1 THEN 'Neutral'
             ELSE concat(if(valence >= .5, 'Happy', 'Sad'), if(energy >= .5, '_Energetic', '_Calm')) END AS mood
    FROM listens JOIN tracks USING (artist_name, track_name)"""

COUNTED = (
    "count(*) AS listens, sum(listened_s) / 60 AS minutes, count(DISTINCT track_id) AS tracks, "
    "count(DISTINCT artist_id) AS artists"
)

PATTERNS = f"""
    CREATE TABLE patterns AS
    SELECT listener, day_of_week, hour_of_day, {COUNTED}, {", ".join(f"avg({f})" for f in FEATURES)}
    FROM joined GROUP BY ALL"""

TOP_TRACKS = """
    CREATE TABLE top_tracks AS
    SELECT listener, mood, track_id, count(*) AS listens, max(started_at) AS last_heard_at
    FROM joined WHERE mood IS NOT NULL GROUP BY listener, mood, track_id
    QUALIFY row_number() OVER (PARTITION BY listener, mood ORDER BY listens DESC, last_heard_at DESC) <= 50"""

FIRSTS = """
    CREATE TABLE firsts AS
    SELECT listener, local_date, count(*) AS new_tracks FROM (
        SELECT listener, track_id, min(local_date) AS local_date FROM joined GROUP BY ALL
    ) GROUP BY ALL"""


def _trend(period: str) -> str:
    return f"""
    CREATE TABLE trend_{period} AS
    SELECT *, avg(listens) OVER (PARTITION BY listener ORDER BY period ROWS 6 PRECEDING) AS rolling FROM (
        SELECT listener, date_trunc('{period}', local_date) AS period, {COUNTED}, avg(valence), avg(energy),
            avg(tempo), count(*) FILTER (day_of_week >= 5) AS weekend_listens
        FROM joined GROUP BY ALL
    ) LEFT JOIN (
        SELECT listener, date_trunc('{period}', local_date) AS period, sum(new_tracks) AS new_tracks
        FROM firsts GROUP BY ALL
    ) USING (listener, period)"""


def _distribution(relation: str) -> str:
    spreads = ", ".join(
        f"count({f}), avg({f}), stddev({f}), min({f}), quantile_disc({f}, [.05, .25, .5, .75, .95]), max({f})"
        for f in FEATURES
    )
    return f"SELECT listener, {spreads} FROM {relation} GROUP BY ALL"


DISTRIBUTIONS = (
    f"CREATE TABLE spread_by_listens AS {_distribution('joined')}",
    "CREATE TABLE spread_by_tracks AS "
    + _distribution(f"(SELECT DISTINCT listener, track_id, {', '.join(FEATURES)} FROM joined)"),
)

COVERAGE = f"""
    CREATE TABLE coverage AS
    SELECT listener, valence IS NULL AS has_none, date_trunc('month', local_date) AS month, {COUNTED}
    FROM joined GROUP BY ALL"""

SESSIONS = f"""
    CREATE TABLE sessions AS
    SELECT listener, session_started_at, max(started_at) AS last_at, {COUNTED}, avg(valence), avg(energy)
    FROM joined GROUP BY ALL"""

ARTIST_MONTHS = """
    CREATE TABLE artist_months AS
    SELECT listener, artist_id, date_trunc('month', local_date) AS month, count(*) AS listens,
        count(DISTINCT track_id) AS tracks, count(DISTINCT local_date) AS days, max(local) AS last_at
    FROM joined GROUP BY ALL"""

WORK = (
    *(EACH_RECORD_ONCE, TRACKS, LISTENS, JOINED, SESSIONS, ARTIST_MONTHS, PATTERNS, TOP_TRACKS, FIRSTS),
    *(_trend(period) for period in ("day", "week", "month", "year")),
    *DISTRIBUTIONS,
    COVERAGE,
)


def main() -> None:
    lake, parquet = Path(sys.argv[1]), Path(sys.argv[2])
    engine = duckdb.connect()
    engine.execute("SET TimeZone = 'UTC'")
    _load(engine, lake)
    begun = time.perf_counter()
    for statement in WORK:
        engine.execute(statement)
    engine.execute(f"COPY joined TO '{parquet}' (FORMAT parquet)")
    seconds = time.perf_counter() - begun
    (listens,) = engine.execute("SELECT count(*) FROM joined").fetchone() or (0,)
    print(json.dumps({"seconds": seconds, "listens": listens}))


def _load(engine: duckdb.DuckDBPyConnection, lake: Path) -> None:
    """Put bronze into the engine's memory."""
    from deltalake import DeltaTable

    for name, table in (("bronze", "listening_history_bronze"), ("catalogue", "kaggle_tracks_bronze")):
        stored = DeltaTable(lake / table).to_pyarrow_dataset()
        engine.register("stored", stored)
        engine.execute(f"CREATE TABLE {name} AS SELECT * FROM stored")
        engine.unregister("stored")


if __name__ == "__main__":
    main()
