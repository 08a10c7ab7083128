"""The least an engine must do for each gold table; run by ``scale.py``.

Plain DuckDB, in a process of its own and with the memory that tonearm's engine has, over the very Parquet files
that the lake's tables consist of: the scans, sorts, joins and group-bys that the table's definition asks for, with
as few columns as will do, in the cheapest form that was found. Left out is whatever is not one of these: p-values
and intervals, words, checks, types, the transaction and the written file. Where the definition asks for a library
(k-means), its bare calls are timed on every tenth listener and count ten times.

    python benchmarks/gold_floor.py HOME/lake
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from itertools import combinations
from pathlib import Path
from urllib.parse import unquote

import duckdb
import numpy as np

FEATURES = (
    *("danceability", "energy", "valence", "acousticness"),
    *("instrumentalness", "speechiness", "loudness", "tempo"),
)
SHARES = FEATURES[:6]
MOOD_FEATURES = ("valence", "energy", "danceability", "acousticness")
INPUTS = {"listens": "listening_with_features", "tracks": "tracks"}
EVERY_NTH = 10
"""Listeners whose library calls are timed; with all of them the floor would take longer than the tables."""
TIMES = 3

COUNTED = (
    "count(*) AS listens, sum(listened_s) / 60 AS minutes, count(DISTINCT track_id) AS tracks, "
    "count(DISTINCT artist_id) AS artists"
)
MONTH = "date_trunc('month', local_date)"


def _each(pattern: str, names: tuple[str, ...] = FEATURES, joined_by: str = ", ") -> str:
    return joined_by.join(pattern.format(f=name) for name in names)


PATTERNS = f"""
    SELECT listener, day_of_week, hour_of_day, {COUNTED}, {_each("avg({f}), count({f})")}
    FROM listens GROUP BY ALL"""

GENRES = f"""
    WITH genres AS (
        SELECT listener, genre, year(started_at_local) AS year, count(*) AS n, count(DISTINCT track_id),
            count(DISTINCT artist_id), {_each("avg({f}), count({f})")}
        FROM listens WHERE genre IS NOT NULL GROUP BY ALL
    )
    SELECT *, n / sum(n) OVER (PARTITION BY listener, year),
        lag(n) OVER (PARTITION BY listener, genre ORDER BY year) FROM genres"""

TOP_TRACKS = f"""
    SELECT top.*, tracks.artist_name, tracks.track_name, tracks.genre, {_each("tracks.{f}")} FROM (
        SELECT listener, mood, track_id, count(*) AS listens, sum(listened_s), count(listened_s), min(started_at),
            max(started_at) AS last_heard_at
        FROM listens WHERE mood IS NOT NULL GROUP BY listener, mood, track_id
        QUALIFY row_number() OVER (PARTITION BY listener, mood ORDER BY count(*) DESC, max(started_at) DESC) <= 50
    ) AS top JOIN tracks USING (track_id)"""


def _first_in(period: str, before: str) -> str:
    return f"count(*) FILTER ({before} IS NULL OR {before} < date_trunc('{period}', local_date)) AS {period}_{before}"


def _trend(period: str) -> str:
    return f"""
    SELECT listener, '{period}' AS period_type, date_trunc('{period}', local_date) AS period_start,
        sum(listens) AS listens, sum(minutes), sum({period}_track) AS tracks, sum({period}_artist), sum(new_tracks),
        sum(new_artists), sum(weekend), sum(valence), sum(energy), sum(tempo)
    FROM days GROUP BY ALL"""


# A track is new in a period when it was last heard before the period began: one sort instead of four distincts.
TRENDS = f"""
    WITH spaced AS (
        SELECT listener, local_date, is_weekend, listened_s, valence, energy, tempo,
            lag(local_date) OVER (PARTITION BY listener, track_id ORDER BY local_date) AS track,
            lag(local_date) OVER (PARTITION BY listener, artist_id ORDER BY local_date) AS artist
        FROM listens
    ), days AS MATERIALIZED (
        SELECT listener, local_date, count(*) AS listens, sum(listened_s) / 60 AS minutes,
            {", ".join(_first_in(p, b) for p in ("day", "week", "month", "year") for b in ("track", "artist"))},
            count(*) FILTER (track IS NULL) AS new_tracks, count(*) FILTER (artist IS NULL) AS new_artists,
            count(*) FILTER (is_weekend) AS weekend, sum(valence) AS valence, sum(energy) AS energy,
            sum(tempo) AS tempo
        FROM spaced GROUP BY ALL
    )
    SELECT *, avg(listens) OVER (PARTITION BY listener, period_type ORDER BY period_start ROWS 6 PRECEDING),
        lag(listens) OVER (PARTITION BY listener, period_type ORDER BY period_start)
    FROM ({" UNION ALL ".join(_trend(period) for period in ("day", "week", "month", "year"))})"""

_SPREAD = _each("count({f}), avg({f}), stddev({f}), min({f}), quantile_disc({f}, [.05, .25, .5, .75, .95]), max({f})")
DISTRIBUTIONS = f"""
    SELECT listener, 'listens', {_SPREAD} FROM listens GROUP BY listener
    UNION ALL
    SELECT listener, 'tracks', {_SPREAD} FROM (SELECT DISTINCT listener, track_id, {_each("{f}")} FROM listens)
    GROUP BY listener"""

COVERAGE = f"""
    SELECT listener, coalesce(feature_source, 'none'), {MONTH}, count(*), sum(listened_s), count(DISTINCT track_id)
    FROM listens GROUP BY ALL"""

_PAIRS = tuple(combinations(FEATURES, 2))
_OF_TRACKS = """tracks_heard AS (
        SELECT listener, track_id, any_value(artist_id) AS artist_id, {features}
        FROM listens WHERE valence IS NOT NULL GROUP BY listener, track_id
    )""".format(features=_each("any_value({f}) AS {f}"))


def _products(kind: str) -> str:
    pairs = (f"sum({kind}_{a} * {kind}_{b}) AS {kind}_{a}_{b}" for a, b in _PAIRS)
    return ", ".join([*pairs, _each(f"sum({kind}_{{f}} ** 2) AS {kind}_{{f}}")])


_PRODUCT_NAMES = [f"{kind}_{a}_{b}" for kind in "vr" for a, b in _PAIRS]
# Products are summed by artist, from which follow both the coefficients and how far each artist pulls them.
CORRELATIONS = f"""
    WITH {_OF_TRACKS}, ranked AS (
        SELECT listener, artist_id, {_each("{f} AS v_{f}")},
            {_each("rank() OVER (PARTITION BY listener ORDER BY {f}) AS r_{f}")}
        FROM tracks_heard
    ), artists AS (
        SELECT listener, artist_id, count(*) AS n, {_products("v")}, {_products("r")} FROM ranked GROUP BY ALL
    )
    SELECT listener, sum(n), count(*), {", ".join(f"sum({p}), sum({p} ** 2)" for p in _PRODUCT_NAMES)}
    FROM artists GROUP BY listener"""

_PER_DAY = ("listens", "minutes", "tracks", "artists", "sessions", "new_tracks", "new_artists", *FEATURES)
WEEKENDS = f"""
    WITH days AS (
        SELECT listener, local_date, any_value(is_weekend) AS is_weekend, {COUNTED},
            count(DISTINCT session_started_at) AS sessions, {_each("avg({f}) AS {f}")}
        FROM listens GROUP BY listener, local_date
    ), first_tracks AS (
        SELECT listener, local_date, count(*) AS new_tracks
        FROM (SELECT listener, track_id, min(local_date) AS local_date FROM listens GROUP BY ALL) GROUP BY ALL
    ), first_artists AS (
        SELECT listener, local_date, count(*) AS new_artists
        FROM (SELECT listener, artist_id, min(local_date) AS local_date FROM listens GROUP BY ALL) GROUP BY ALL
    ), whole AS MATERIALIZED (
        SELECT * FROM days LEFT JOIN first_tracks USING (listener, local_date)
        LEFT JOIN first_artists USING (listener, local_date)
    ), weeks AS (
        SELECT listener, date_trunc('week', local_date) AS week, {
    _each("avg({f}) FILTER (is_weekend) - avg({f}) FILTER (NOT is_weekend) AS {f}", _PER_DAY)
}
        FROM whole GROUP BY ALL
    )
    SELECT * FROM (
        SELECT listener, {_each("avg({f}), stddev({f})", _PER_DAY)} FROM whole GROUP BY listener, is_weekend
    ) JOIN (SELECT listener, {_each("avg({f}), stddev({f})", _PER_DAY)} FROM weeks GROUP BY listener) USING (listener)
    """


def _in_months(units: str, values: tuple[str, ...]) -> str:
    """Each unit beside the other sessions of its month: what the three tables by hour have in common."""
    sums = _each("sum({f}) AS {f}_sum, count({f}) AS {f}_n", values)
    usual = _each("(m.{f}_sum - s.{f}_sum) / nullif(m.{f}_n - s.{f}_n, 0) AS {f}_usual", values)
    return f"""units AS MATERIALIZED ({units}), in_month AS (
        SELECT listener, month, {sums} FROM units GROUP BY ALL
    ), in_session AS (
        SELECT listener, month, session_started_at, {sums} FROM units GROUP BY ALL
    ), compared AS (
        SELECT units.*, {usual} FROM units
        JOIN in_month AS m USING (listener, month) JOIN in_session AS s USING (listener, month, session_started_at)
    )"""


def _units(values: str) -> str:
    return f"""SELECT listener, session_started_at, hour_of_day, date_trunc('month', min(local_date)) AS month,
        count(*) AS listens, {values} FROM listens GROUP BY listener, session_started_at, hour_of_day"""


_PER_HOUR = "avg({f}), stddev({f}), avg({f} - {f}_usual), stddev({f} - {f}_usual), count({f})"
_ANGLE = "(hour_of_day + .5) * pi() / 12"
MOOD_TIMES = f"""
    WITH {_in_months(_units(_each("avg({f}) AS {f}, count({f}) AS n_{f}", MOOD_FEATURES)), MOOD_FEATURES)}
    SELECT * FROM (
        SELECT listener, hour_of_day, sum(listens), {_each(_PER_HOUR, MOOD_FEATURES)} FROM compared GROUP BY ALL
    ) JOIN (
        SELECT listener, {_each("covar_pop({f}, c), covar_pop({f}, s), var_pop({f})", MOOD_FEATURES)}, corr(c, s)
        FROM (
            SELECT listener, session_started_at, avg(cos({_ANGLE})) AS c, avg(sin({_ANGLE})) AS s,
                {_each("avg({f} - {f}_usual) AS {f}", MOOD_FEATURES)}
            FROM compared GROUP BY ALL
        ) GROUP BY listener
    ) USING (listener)"""

_HOURS = """SELECT listener, hour_of_day, count(*), count(valence),
        count(DISTINCT track_id) FILTER (valence IS NOT NULL)
    FROM listens GROUP BY listener, hour_of_day"""
_USUAL = "avg({f}), avg({f}_usual), stddev({f} - {f}_usual), count({f})"
OPTIMAL_TIMES = f"""
    WITH {_in_months(_units(_each("avg({f}) AS {f}, count({f}) AS n_{f}", MOOD_FEATURES)), MOOD_FEATURES)}
    SELECT * FROM ({_HOURS}) JOIN (
        SELECT listener, hour_of_day, {_each(_USUAL, MOOD_FEATURES)} FROM compared GROUP BY ALL
    ) USING (listener, hour_of_day)"""

_LOW = """SELECT listener, session_started_at, hour_of_day, date_trunc('month', min(local_date)) AS month,
        avg((valence <= low)::INT) AS low
    FROM listens JOIN quarter USING (listener) WHERE valence IS NOT NULL GROUP BY ALL"""
TRIGGERS = f"""
    WITH quarter AS MATERIALIZED (
        SELECT listener, quantile_disc(valence, .25) AS low, avg(valence) AS middle
        FROM listens GROUP BY listener
    ), {_in_months(_LOW, ("low",))}, artist_hours AS MATERIALIZED (
        SELECT listener, hour_of_day, artist_id, count(DISTINCT session_started_at) AS sessions,
            sum(valence) AS valence, count(valence) AS n
        FROM listens GROUP BY ALL
    ), bright AS (
        SELECT listener, artist_id, sum(sessions) AS sessions_at_all FROM artist_hours JOIN quarter USING (listener)
        GROUP BY listener, artist_id, middle HAVING sum(valence) / sum(n) >= middle + .1
    ), best AS (
        SELECT listener, hour_of_day, arg_max(artist_id, sessions)
        FROM artist_hours SEMI JOIN bright USING (listener, artist_id) GROUP BY ALL
    )
    SELECT * FROM ({_HOURS}) LEFT JOIN best USING (listener, hour_of_day) JOIN (
        SELECT listener, hour_of_day, {_each(_USUAL, ("low",))} FROM compared GROUP BY ALL
    ) USING (listener, hour_of_day)"""

_CHANGE = "sqrt((valence - valence_before) ** 2 + (energy - energy_before) ** 2)"
SHIFTS = f"""
    WITH pairs AS (
        SELECT listener, session_started_at, hour_of_day, track_id, valence, energy, mood,
            {_each("lag({f}) OVER w AS {f}_before", ("valence", "energy", "mood", "track_id"))}
        FROM listens WINDOW w AS (PARTITION BY listener, session_started_at ORDER BY started_at)
    ), shifts AS MATERIALIZED (
        SELECT *, CASE WHEN {_CHANGE} < .1 THEN 0 WHEN {_CHANGE} < .35 THEN 1 ELSE 2 END AS size
        FROM pairs WHERE valence IS NOT NULL AND valence_before IS NOT NULL AND track_id <> track_id_before
    ), units AS (
        SELECT listener, hour_of_day, size, session_started_at, count(*) AS n,
            avg(valence - valence_before) AS valence, avg(energy - energy_before) AS energy
        FROM shifts GROUP BY ALL
    )
    SELECT * FROM (
        SELECT listener, hour_of_day, size, sum(n), sum(n * n), avg(valence), stddev(valence), avg(energy),
            stddev(energy)
        FROM units GROUP BY ALL
    ) JOIN (
        SELECT listener, hour_of_day, size, mood_before, mood, count(*) FROM shifts GROUP BY ALL
    ) USING (listener, hour_of_day, size)"""


def _shares(kind: str) -> str:
    """Share of each artist or genre in each session's part of the day; those in at least ten sessions."""
    return f"""
    SELECT listener, month, part_of_day, '{kind}' AS basis, driver, n / whole AS value FROM (
        SELECT listener, session_started_at, part_of_day, {kind} AS driver, count(*) AS n
        FROM listens WHERE {kind} IS NOT NULL GROUP BY listener, session_started_at, part_of_day, {kind}
        QUALIFY count(*) OVER (PARTITION BY listener, {kind}) >= 10
    ) JOIN (
        SELECT listener, session_started_at, part_of_day, {kind}_n AS whole, month FROM units
    ) USING (listener, session_started_at, part_of_day)"""


DRIVERS = f"""
    WITH units AS MATERIALIZED (
        SELECT listener, session_started_at, part_of_day, date_trunc('month', min(local_date)) AS month,
            count(*) AS artist_name_n, count(genre) AS genre_n, {_each("avg({f}) AS {f}")}
        FROM listens GROUP BY listener, session_started_at, part_of_day
    ), months AS (
        SELECT listener, month, part_of_day, count(*) AS units FROM units GROUP BY ALL
    ), shares AS (
        SELECT listener, basis, driver, month, part_of_day, count(*) AS n, sum(value) AS s, sum(value * value) AS ss
        FROM ({_shares("artist_name")} UNION ALL {_shares("genre")}) GROUP BY ALL
    ), features AS (
        SELECT listener, month, part_of_day, {_each("count({f}), sum({f}) AS {f}, sum({f} ** 2) AS {f}_ss")}
        FROM units GROUP BY ALL
    )
    SELECT listener, basis, driver, part_of_day, sum(n), sum(s), sum(ss), sum(s / units)
    FROM shares JOIN months USING (listener, month, part_of_day) GROUP BY ALL
    UNION ALL
    SELECT listener, 'feature', '', part_of_day, {_each("sum({f})", FEATURES[:4])} FROM features GROUP BY ALL"""


def _around(side: str, steps: str) -> str:
    """Mean valence of other artists' listens up to five places before or after."""
    places = [f"{steps}(valence, {k}) OVER w, {steps}(artist_id, {k}) OVER w" for k in range(1, 6)]
    return ", ".join(
        f"{p.split(' OVER w, ')[0]} OVER w AS {side}_{k}, {p.split(' OVER w, ')[1]} AS {side}_by_{k}"
        for k, p in enumerate(places, 1)
    )


def _mean(side: str) -> str:
    own = [f"CASE WHEN {side}_by_{k} <> artist_id THEN {side}_{k} END" for k in range(1, 6)]
    return f"list_avg([{', '.join(own)}]) AS {side}"


# Neighbours by lag and lead need one sort; sums over windows of places, one more for the artist's own.
IMPROVEMENT = f"""
    WITH near AS (
        SELECT listener, session_started_at, track_id, artist_id, local_date,
            {_around("before", "lag")}, {_around("after", "lead")}
        FROM listens WHERE is_skipped IS NOT TRUE
        WINDOW w AS (PARTITION BY listener, session_started_at ORDER BY started_at)
    ), units AS MATERIALIZED (
        SELECT listener, track_id, session_started_at, year(min(local_date)) AS year, avg(before) AS before,
            avg(after) AS after
        FROM (SELECT listener, session_started_at, track_id, local_date, {_mean("before")}, {_mean("after")} FROM near)
        WHERE before IS NOT NULL AND after IS NOT NULL GROUP BY listener, track_id, session_started_at
    ), expected AS (
        SELECT listener, year, avg(before) AS b, avg(after) AS a, covar_pop(before, after) AS ba
        FROM units GROUP BY ALL
    ), tested AS (
        SELECT listener, track_id, count(*) AS n, avg(after - a) AS gain, stddev(after - a),
            avg(after - before) AS rise, stddev(after - before)
        FROM units JOIN expected USING (listener, year) GROUP BY listener, track_id HAVING count(*) >= 2
        QUALIFY row_number() OVER (PARTITION BY listener ORDER BY count(*) DESC) <= 300
    )
    SELECT * FROM tested JOIN tracks USING (track_id)"""

_AIMS = {"focus": "instrumentalness", "relax": "acousticness", "energise": "energy", "lift": "valence"}
_FITTING = " UNION ALL ".join(
    f"SELECT track_id, artist_id, genre, '{aim}' AS aim, {by} AS fit FROM tracks WHERE {by} >= .55"
    for aim, by in _AIMS.items()
)
# The four aims' fits are single features here: what they are made of is arithmetic.
PLAYLISTS = f"""
    WITH heard AS MATERIALIZED (
        SELECT listener, track_id, any_value(artist_id) AS artist_id, any_value(genre) AS genre, count(*) AS listens,
            max(started_at) AS last_heard_at, sum(1 / sqrt(1 + age_d)) AS liking
        FROM listens JOIN (SELECT listener, max(local_date) AS today FROM listens GROUP BY listener) USING (listener),
            LATERAL (SELECT today - local_date AS age_d)
        GROUP BY listener, track_id
    ), fitting AS MATERIALIZED (
        {_FITTING}
    ), known AS (
        SELECT listener, aim, unnest(max_by(track_id, fit * fit * liking, 36)) AS track_id
        FROM heard JOIN fitting USING (track_id) GROUP BY listener, aim
    ), of_artists AS (
        SELECT * FROM fitting QUALIFY row_number() OVER (PARTITION BY artist_id, aim ORDER BY fit DESC) <= 6
    ), of_genres AS (
        SELECT * FROM fitting QUALIFY row_number() OVER (PARTITION BY genre, aim ORDER BY fit DESC) <= 200
    ), artists AS (
        SELECT listener, artist_id, sum(liking) AS liking FROM heard
        GROUP BY listener, artist_id HAVING sum(listens) >= 2
        QUALIFY row_number() OVER (PARTITION BY listener ORDER BY sum(liking) DESC) <= 200
    ), genres AS (
        SELECT listener, genre, sum(listens) AS liking FROM heard WHERE genre IS NOT NULL GROUP BY listener, genre
        QUALIFY row_number() OVER (PARTITION BY listener ORDER BY sum(listens) DESC) <= 3
    ), by_artist AS (
        SELECT listener, aim, unnest(max_by(track_id, fit * fit * liking, 16)) AS track_id
        FROM artists JOIN of_artists USING (artist_id) ANTI JOIN heard USING (listener, track_id)
        GROUP BY listener, aim
    ), by_genre AS (
        SELECT listener, aim, unnest(max_by(track_id, fit * fit * liking, 24)) AS track_id
        FROM genres JOIN of_genres USING (genre) ANTI JOIN heard USING (listener, track_id)
        GROUP BY listener, aim
    )
    SELECT * FROM (FROM known UNION ALL FROM by_artist UNION ALL FROM by_genre) JOIN tracks USING (track_id)"""

CLUSTERS = f"""
    WITH {_OF_TRACKS}
    SELECT *, 1 AS listens, 1 AS measured_tracks, 1.0::DOUBLE AS measured_share_pct FROM tracks_heard
    QUALIFY row_number() OVER (PARTITION BY listener ORDER BY track_id) <= 600 ORDER BY listener, track_id"""

_EIGHT_WEEKS = """OVER (PARTITION BY listener ORDER BY local_date
        RANGE BETWEEN INTERVAL 56 DAY PRECEDING AND INTERVAL 56 DAY FOLLOWING)"""
ANOMALIES = f"""
    WITH day_tracks AS (
        SELECT listener, local_date, track_id, count(*) AS n, max(valence) AS valence FROM listens GROUP BY ALL
    ), day_hours AS (
        SELECT listener, local_date, histogram(hour_of_day) AS hours FROM listens GROUP BY ALL
    ), days AS (
        SELECT listener, local_date, sum(n) AS listens, max(n) / sum(n) AS repetition, sum(n * valence) AS valence
        FROM day_tracks GROUP BY ALL
    )
    SELECT *, median(listens) {_EIGHT_WEEKS}, median(repetition) {_EIGHT_WEEKS}, median(valence) {_EIGHT_WEEKS}
    FROM days JOIN day_hours USING (listener, local_date)"""

PATTERNS_IN_SEQUENCE = """
    WITH latest AS (
        SELECT listener, session_started_at, started_at, artist_id, mood
        FROM listens
        -- Not by row_number, for which DuckDB sets aside room for 20,000 of every listener at once.
        QUALIFY count(*) OVER (PARTITION BY listener ORDER BY started_at DESC ROWS UNBOUNDED PRECEDING) <= 20000
    ), following AS NOT MATERIALIZED (
        SELECT listener, session_started_at, artist_id, mood, lag(mood) OVER w AS mood_1, lag(mood, 2) OVER w AS mood_2,
            lag(artist_id) OVER w AS artist_1
        FROM latest WINDOW w AS (PARTITION BY listener, session_started_at ORDER BY started_at)
    ), of_sessions AS MATERIALIZED (
        SELECT listener, session_started_at, artist_id, count(*) AS runs
        FROM following WHERE artist_1 IS DISTINCT FROM artist_id GROUP BY ALL
    ), much_heard AS (
        SELECT listener, artist_id FROM of_sessions GROUP BY listener, artist_id
        QUALIFY row_number() OVER (PARTITION BY listener ORDER BY count(*) DESC) <= 100
    ), few AS MATERIALIZED (
        SELECT * FROM of_sessions SEMI JOIN much_heard USING (listener, artist_id)
    ), switches AS MATERIALIZED (
        SELECT listener, artist_1 AS first, artist_id AS second, count(*) AS n, count(DISTINCT session_started_at)
        FROM following WHERE artist_1 <> artist_id GROUP BY ALL
    ), expected AS (
        SELECT listener, first, second, count(*), sum(a.runs * b.runs)
        FROM few AS a JOIN few AS b USING (listener, session_started_at)
        JOIN (FROM switches WHERE n >= 5) AS s USING (listener)
        WHERE s.first = a.artist_id AND s.second = b.artist_id GROUP BY ALL
    ), of_moods AS (
        SELECT listener, session_started_at, mood_2, mood_1, mood, count(*) AS n FROM following
        WHERE mood IS NOT NULL AND mood_1 IS NOT NULL GROUP BY ALL
    ), in_session AS (
        SELECT listener, session_started_at, mood, count(*) AS n FROM latest GROUP BY ALL
    )
    SELECT listener, mood_2, mood_1, mood::VARCHAR, sum(n), sum(n * n), count(*) FROM of_moods GROUP BY ALL
    UNION ALL
    SELECT listener, mood, NULL, NULL, sum(n), sum(n * n), count(*) FROM in_session GROUP BY ALL
    UNION ALL
    SELECT listener, first::VARCHAR, second::VARCHAR, NULL, 0, 0, 0 FROM expected"""

SEGMENTS = """
    WITH spaced AS (
        SELECT listener, listen_id, artist_id, local_date, hour_of_day, date_trunc('month', local_date) AS month,
            lag(local_date) OVER (PARTITION BY listener, track_id ORDER BY local_date) AS before
        FROM listens
    ), shares AS (
        SELECT listener, month, count(*) AS n, count(*) FILTER (before IS NULL OR local_date - before > 180) AS new,
            count(*) FILTER (hour_of_day >= 18 OR hour_of_day < 6) AS dark
        FROM spaced GROUP BY listener, month HAVING count(*) >= 50
        QUALIFY row_number() OVER (PARTITION BY listener ORDER BY month DESC) <= 24
    ), sample AS MATERIALIZED (
        SELECT listener, month, artist_id, local_date FROM spaced SEMI JOIN shares USING (listener, month)
        QUALIFY row_number() OVER (PARTITION BY listener, month ORDER BY listen_id) <= 50
    ), artists AS (
        SELECT listener, month, artist_id, count(*) AS n,
            lag(count(*)) OVER (PARTITION BY listener, artist_id ORDER BY month) AS before
        FROM sample GROUP BY listener, month, artist_id
    ), of_artists AS (
        SELECT listener, month, sum(n * log2(n)) AS entropy, sum(least(n, before)) AS stayed FROM artists GROUP BY ALL
    ), of_days AS (
        SELECT listener, month, list_sum(max(n, 3)) AS busiest
        FROM (SELECT listener, month, local_date, count(*) AS n FROM sample GROUP BY ALL) GROUP BY ALL
    )
    SELECT listener, avg(new / n), stddev(new / n), avg(dark / n), stddev(dark / n), avg(entropy), stddev(entropy),
        avg(stayed), stddev(stayed), avg(busiest), stddev(busiest)
    FROM shares JOIN of_artists USING (listener, month) JOIN of_days USING (listener, month) GROUP BY listener"""

SQL: Mapping[str, str] = {
    "listening_patterns_by_time": PATTERNS,
    "genre_profiles": GENRES,
    "top_tracks_by_mood": TOP_TRACKS,
    "temporal_trends": TRENDS,
    "audio_feature_distributions": DISTRIBUTIONS,
    "feature_source_coverage": COVERAGE,
    "mood_time_correlations": MOOD_TIMES,
    "feature_correlations": CORRELATIONS,
    "weekend_vs_weekday": WEEKENDS,
    "mood_shift_patterns": SHIFTS,
    "part_of_day_drivers": DRIVERS,
    "mood_improvement_recommendations": IMPROVEMENT,
    "optimal_listening_times": OPTIMAL_TIMES,
    "personalized_playlist_suggestions": PLAYLISTS,
    "mood_intervention_triggers": TRIGGERS,
    "mood_state_clusters": CLUSTERS,
    "listening_anomalies": ANOMALIES,
    "sequential_patterns": PATTERNS_IN_SEQUENCE,
    "listener_traits": SEGMENTS,
}
"""What each table asks of the engine."""

WITHOUT: Mapping[str, str] = {"personalized_playlist_suggestions": "build_side_probe_side"}
"""Optimisers that make it worse: this one expects dozens of candidates where there are millions, and hashes them."""


SKLEARN_STARTS = 4
"""Whole fits of scikit-learn from which the best is kept; ours begins six and ends one."""


def personas(engine: duckdb.DuckDBPyConnection) -> float:
    """Seconds of scikit-learn's k-means for what every listener is asked: each number of groups, of the tracks as they
    are and shuffled twice.
    """
    from sklearn.cluster import KMeans

    from tonearm.gold.cognitive.k_means import SEED
    from tonearm.gold.cognitive.mood_state_clusters import FIRST_SHUFFLES, MOST_PERSONAS, _sample
    from tonearm.gold.frames import runs

    numbered = "SELECT *, dense_rank() OVER (ORDER BY listener) AS number FROM result"
    chosen = f"SELECT * EXCLUDE (number) FROM ({numbered}) WHERE number % {EVERY_NTH} = 1 ORDER BY ALL"
    rng, taken = np.random.default_rng(SEED), 0.0
    for part in runs(engine.execute(chosen).to_arrow_table(), "listener"):
        scaled = _sample(part).scaled
        if len(scaled) <= MOST_PERSONAS:
            continue
        for points in (scaled, *(rng.permuted(scaled, axis=0) for _ in range(FIRST_SHUFFLES))):
            begun = time.perf_counter()
            for k in range(2, MOST_PERSONAS + 1):
                KMeans(k, n_init=SKLEARN_STARTS, random_state=SEED).fit(points)
            taken += time.perf_counter() - begun
    return EVERY_NTH * taken


LIBRARY: Mapping[str, Callable[[duckdb.DuckDBPyConnection], float]] = {"mood_state_clusters": personas}
"""Bare library calls of a second step, in seconds."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("lake", type=Path)
    parser.add_argument("tables", nargs="*", default=list(SQL))
    parser.add_argument("--memory-mb", type=int, default=2048)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as spill:
        engine = duckdb.connect(config={"memory_limit": f"{options.memory_mb}MB", "temp_directory": spill})
        engine.execute("SET TimeZone = 'UTC'")
        for view, table in INPUTS.items():
            engine.execute(f"CREATE VIEW {view} AS FROM read_parquet({_files(options.lake / table)})")
        for name in options.tables:
            print(json.dumps({"table": name, "floor_s": _seconds(engine, name)}), flush=True)


def _files(table: Path) -> list[str]:
    from deltalake import DeltaTable

    return [unquote(uri) for uri in DeltaTable(table).file_uris()]


def _seconds(engine: duckdb.DuckDBPyConnection, name: str) -> float:
    engine.execute(f"SET disabled_optimizers = '{WITHOUT.get(name, '')}'")
    taken = []
    for _ in range(TIMES):
        engine.execute("DROP TABLE IF EXISTS result")
        begun = time.perf_counter()
        engine.execute(f"CREATE TABLE result AS {SQL[name]}")
        taken.append(time.perf_counter() - begun)
    library = LIBRARY[name](engine) if name in LIBRARY else 0.0
    engine.execute("DROP TABLE result")
    return statistics.median(taken) + library


if __name__ == "__main__":
    main()
