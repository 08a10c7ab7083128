"""How many more listens the features of the artist describe, and how often the artist's mood is a track's own.

Coverage is of each listener of a home. The moods are those of catalogue tracks, each predicted from the artist's other
tracks alone by the rule of `artist_features`, so that nothing that is measured helps to predict itself.

    python benchmarks/artist_features.py --home HOME --json
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import duckdb
import ibis
from deltalake import DeltaTable

from measure import finish
from tonearm.silver.artist_features import NAMED_FROM, PRIOR_TRACKS
from tonearm.silver.moods import mood

_TABLES = ("listening_with_features", "catalogue_tracks", "track_identities")
_COVERAGE = """
SELECT listener, count(*) AS listens,
    100.0 * count(*) FILTER (feature_source IN ('real', 'catalogue')) / count(*) AS measured_pct,
    100.0 * count(*) FILTER (feature_source IN ('real', 'catalogue', 'artist')) / count(*) AS described_pct,
    100.0 * count(mood) FILTER (feature_source IN ('real', 'catalogue')) / count(*) AS measured_mood_pct,
    100.0 * count(mood) FILTER (feature_source IN ('real', 'catalogue', 'artist')) / count(*) AS described_mood_pct
FROM listening_with_features GROUP BY listener ORDER BY listener
"""
_HELD_OUT = f"""
WITH named AS (
    SELECT artist_id, track_id, mood
    FROM moods JOIN (SELECT DISTINCT track_id, artist_id FROM track_identities) USING (track_id) WHERE mood IS NOT NULL
), counts AS (SELECT artist_id, mood, count(*) AS n FROM named GROUP BY ALL),
frequencies AS (SELECT mood, (count(*) + 1) / (sum(count(*)) OVER () + 5) AS frequency FROM named GROUP BY mood),
others AS (
    SELECT track_id, named.mood AS actual, counts.mood, counts.n - (counts.mood = named.mood)::INT AS n
    FROM named JOIN counts USING (artist_id)
), chances AS (
    SELECT track_id, actual, mood, n, sum(n) OVER (PARTITION BY track_id) AS tracks,
        (n + {PRIOR_TRACKS} * frequency) / (sum(n) OVER (PARTITION BY track_id) + {PRIOR_TRACKS}) AS chance
    FROM others JOIN frequencies USING (mood) QUALIFY tracks > 0
), best AS (
    FROM chances WHERE n > 0 QUALIFY row_number() OVER (PARTITION BY track_id ORDER BY chance DESC, mood) = 1
)
"""
_NAMED = f"""{_HELD_OUT} SELECT (SELECT count(*) FROM named) AS tracks, (SELECT count(*) FROM best) AS with_others,
    count(*) AS named, avg((actual = mood)::INT) AS right_of_named,
    (SELECT max(n) FROM (SELECT count(*) AS n FROM best WHERE chance >= {NAMED_FROM} GROUP BY actual)) / count(*)
        AS most_frequent_mood
FROM best WHERE chance >= {NAMED_FROM}"""
_CALIBRATION = f"""{_HELD_OUT} SELECT floor(10 * chance) / 10 AS from_chance, count(*) AS n, avg(chance) AS expected,
    avg((actual = mood)::INT) AS came_true FROM best GROUP BY ALL ORDER BY ALL"""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--home", type=Path, required=True, help="a built home with histories and a catalogue")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    connection = _connected(options.home / "lake")
    found: dict[str, Any] = {}
    for k, row in enumerate(_rows(connection, _COVERAGE)):
        # A listener's name is nobody's business.
        found |= {f"{name}, listener {k + 1}": value for name, value in row.items() if name != "listener"}
    found |= _rows(connection, _NAMED)[0]
    for row in _rows(connection, _CALIBRATION):
        found |= {
            f"{name} of chances from {row['from_chance']:.1f}": row[name] for name in ("n", "expected", "came_true")
        }
    finish(found, options.json)


def _connected(lake: Path) -> duckdb.DuckDBPyConnection:
    """The tables, and ``moods`` of the catalogue's tracks."""
    backend = ibis.duckdb.connect()
    for name in _TABLES:
        backend.con.register(name, DeltaTable(str(lake / name)).to_pyarrow_dataset())
    listed = backend.table("catalogue_tracks")
    backend.create_view("moods", listed.select("track_id", mood=mood(listed.valence, listed.energy)))
    return backend.con


def _rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    rows = connection.sql(sql)
    return [dict(zip(rows.columns, row, strict=True)) for row in rows.fetchall()]


if __name__ == "__main__":
    main()
