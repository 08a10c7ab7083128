"""``dashboard_data.json``: the moods, predictions and metrics of a listener, as a website's own page reads them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from statistics import fmean, pstdev
from typing import Any

from tonearm.documents.ends import now_of
from tonearm.documents.history import History
from tonearm.documents.tables import Tables
from tonearm.lake import open_lake
from tonearm.read.overview import LISTENS
from tonearm.settings import Settings

FILE = "dashboard_data.json"
VERSION = 1
TEMPO_MAX = 250.0
"""``tempo_norm`` is beats per minute over this, at most 1."""
CHANGED_PCT = 20.0
"""A mean that moved further than this has drifted."""
_RECENT_D, _PRIOR_D = 14, 28
_ACTUAL_D = 84
_RECENT, _TRACKS, _GENRES = 25, 5, 20
_CENTROID = ("valence", "energy", "danceability", "acousticness", "instrumentalness")
_PLAYLISTS = (("energetic", "Energy"), ("calm", "Relaxation"))
# What the contract calls the two models.
_SECTION = {"next_mood": "mood_model", "session_start": "session_model"}

Row = dict[str, Any]


def dashboard_data(settings: Settings, listener: str) -> dict[str, Any]:
    """All fields of the dashboard's contract, from tables; what no table has yet is null, or an empty list.

    Probabilities and shares are from 0 to 1. ``generated_at`` is when the listens were last built, so that the same
    tables make the same file. Days are the last of the history: one that ended is described as of its end.
    """
    lake, history = open_lake(settings.lake), History(settings, listener)
    tables = Tables(lake, listener)
    sounds = tables.rows(LISTENS, ("started_at", "valence", "energy", "session_started_at", "track_id"))
    personas = [row for row in tables.rows("mood_state_clusters") if row["is_stable"]]
    probabilities = _session_probabilities(tables.rows("session_start_forecasts"))
    # Of all days the last, unless it is stray.
    last = now_of(history, history.last_day).as_of if history.last_day else None
    starts = [row["at_local"] for row in history.rows(_STARTS) if last and row["at_local"].date() <= last]
    built = lake.built_at(LISTENS) if lake.has(LISTENS) else None
    drift = _drift(history, starts, last)
    return {
        "version": VERSION,
        "generated_at": built,
        "next_prediction": _next(tables, personas),
        "session_probs": probabilities,
        "top_hours": _top_hours(probabilities),
        "session_actual": _session_actual(starts, last),
        "mood_clusters": [_cluster(row) for row in personas],
        "mood_trajectory": _trajectory(sounds),
        "recently_played": history.rows(_RECENTLY, _RECENT),
        "genre_profiles": _genres(tables.rows("genre_profiles")),
        "metrics": _metrics(tables, history, drift),
        "drift": drift,
    }


def _next(tables: Tables, personas: list[Row]) -> Row | None:
    """What the next track will sound like, with what to play; null before a model is trained.

    The groups of the forecast are its own: one has a ``mood_cluster_id`` where a persona has its name.
    """
    groups = tables.rows("next_mood_forecasts")
    if not groups:
        return None
    best = max(groups, key=lambda row: row["probability_pct"])
    persona = next((row for row in personas if row["persona_name"] == best["music_group"]), None)
    return {
        "mood_cluster_id": persona and persona["persona"],
        "mood_label": best["music_group"],
        "confidence": best["probability_pct"] / 100,
        "baseline": best["baseline_pct"] / 100,
        "predicted_for": best["predicted_for_at"],
        "cluster_centroid": persona and _centroid(persona),
        "recommended_tracks": _recommended(tables, best["music_group"]),
    }


def _recommended(tables: Tables, group: str) -> list[Row]:
    """The first tracks of the suggested playlist that sounds like the group."""
    wanted = next((playlist for word, playlist in _PLAYLISTS if word in group), "Mood lift")
    rows = [row for row in tables.rows("personalized_playlist_suggestions") if row["playlist"] == wanted]
    first = sorted(rows, key=lambda row: row["position"])[:_TRACKS]
    return [
        {
            **{"track_id": str(row["track_id"]), "track_name": row["track_name"], "artist_name": row["artist_name"]},
            "image_url": None,
        }
        for row in first
    ]


def _cluster(row: Row) -> Row:
    return {
        **{"cluster_id": row["persona"], "label": row["persona_name"], "share": row["tracks_share_pct"] / 100},
        "centroid": _centroid(row),
    }


def _centroid(row: Row) -> Row:
    tempo = row["centroid_tempo"]
    return {
        **{name: row[f"centroid_{name}"] for name in _CENTROID},
        "tempo_norm": None if tempo is None else min(1.0, tempo / TEMPO_MAX),
    }


def _session_probabilities(rows: list[Row]) -> dict[str, float]:
    """The probability that a session starts in each hour of the coming day, by the listener's clock."""
    ahead = [row for row in rows if row["horizon"] == "day_ahead" and row["hour_of_day"] is not None]
    return {
        str(row["hour_of_day"]): row["probability_pct"] / 100
        for row in sorted(ahead, key=lambda row: row["hour_of_day"])
    }


def _top_hours(probabilities: dict[str, float]) -> list[Row]:
    best = sorted(probabilities.items(), key=lambda one: (-one[1], int(one[0])))[:3]
    return [{"hour": int(hour), "probability": probability} for hour, probability in best]


def _session_actual(starts: list[datetime], last: date | None) -> dict[str, float]:
    """On which share of the last 84 days a session started in each hour; empty without listens."""
    if last is None:
        return {}
    since = last - timedelta(days=_ACTUAL_D - 1)
    hours = {(at.date(), at.hour) for at in starts if at.date() >= since}
    return {str(hour): sum(one == hour for _, one in hours) / _ACTUAL_D for hour in range(24)}


def _trajectory(sounds: list[Row]) -> list[Row]:
    """Mean valence and energy of each quarter of an hour of the last day with known sound."""
    known = [row for row in sounds if row.get("valence") is not None and row.get("energy") is not None]
    if not known:
        return []
    since = max(row["started_at"] for row in known) - timedelta(days=1)
    quarters: dict[datetime, list[Row]] = defaultdict(list)
    for row in known:
        at = row["started_at"]
        if at > since:
            quarters[at.replace(minute=at.minute // 15 * 15, second=0, microsecond=0)].append(row)
    return [
        {"time": at, **{name: fmean(row[name] for row in rows) for name in ("valence", "energy")}}
        for at, rows in sorted(quarters.items())
    ]


def _genres(rows: list[Row]) -> list[Row]:
    """The genres of all years, the most heard first: listens, share of those with a known genre, mean features."""
    of_genre: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        of_genre[row["genre"]].append(row)
    known = sum(row["listens"] for row in rows)
    profiles = [
        {
            **{"genre": genre, "listens": sum(row["listens"] for row in years)},
            "share": sum(row["listens"] for row in years) / known,
            "centroid": {name: _weighted(years, name) for name in _CENTROID},
        }
        for genre, years in of_genre.items()
    ]
    return sorted(profiles, key=lambda one: (-one["listens"], one["genre"]))[:_GENRES]


def _weighted(years: list[Row], name: str) -> float | None:
    known = [(row[f"mean_{name}"], row[f"n_{name}"]) for row in years if row[f"mean_{name}"] is not None]
    return sum(mean * n for mean, n in known) / sum(n for _, n in known) if known else None


def _metrics(tables: Tables, history: History, drift: Row | None) -> Row:
    """How the models in use did on rows kept from them, each beside its baseline, and the same of earlier versions."""
    runs: dict[datetime, Row] = {}
    for row in tables.rows("model_performance_metrics"):
        if row["scope"] == "listener" and row["model"] in _SECTION:
            run = runs.setdefault(row["trained_at"], {"run_at": row["trained_at"]})
            of_model = run.setdefault(_SECTION[row["model"]], {"version": row["model_version"]})
            of_model[f"val_{row['metric']}"] = row["value"]
            if row["baseline_value"] is not None:
                of_model[f"baseline_{row['metric']}"] = row["baseline_value"]
            if row["is_deciding"]:
                of_model |= {"model_beats_baseline": row["is_better"], "is_served": row["is_served"]}
    past = [runs[at] for at in sorted(runs, reverse=True)]
    counts = history.row(_COUNTS) or {}
    latest: Row = {"run_at": past[0]["run_at"] if past else None, **counts, **dict.fromkeys(_SECTION.values())}
    for run in reversed(past):
        latest |= run
    return {"latest": {**latest, "drift": drift}, "history": past}


def _drift(history: History, starts: list[datetime], last: date | None) -> Row | None:
    """Whether the last 14 days differ from the 28 before; null for a history that is shorter than both."""
    if last is None or history.first_day is None or (last - history.first_day).days < _RECENT_D + _PRIOR_D:
        return None
    middle = last - timedelta(days=_RECENT_D - 1)
    days = history.rows(_BY_DAY, middle - timedelta(days=_PRIOR_D), last)
    sessions = history.rows(_DURATIONS, middle - timedelta(days=_PRIOR_D), last)
    recent, prior = ([row for row in days if (row["day"] >= middle) == is_recent] for is_recent in (True, False))
    of_features = {
        "session_duration": _moved(*_split(sessions, "minutes", middle)),
        "sessions_per_day": _moved(*([row["sessions"] for row in rows] for rows in (recent, prior))),
        "tracks_per_day": _moved(*([row["tracks"] for row in rows] for rows in (recent, prior))),
    }
    of_labels = {
        "session_start_rate": _rates(
            sum(row["sessions"] for row in recent) / _RECENT_D, sum(row["sessions"] for row in prior) / _PRIOR_D
        ),
        "days_with_sessions": _rates(len(recent) / _RECENT_D, len(prior) / _PRIOR_D),
        "per_hour_frequency": _by_hour(starts, middle),
    }
    summaries = [
        _summary(one["mean_pct_change"] for one in of_features.values()),
        _summary(of_labels[name]["pct_change"] for name in ("session_start_rate", "days_with_sessions")),
    ]
    return {
        "feature_drift": {**of_features, "drift_summary": summaries[0]},
        "label_drift": {**of_labels, "drift_summary": summaries[1]},
        "overall_drift_detected": any(one["drift_detected"] for one in summaries),
        "detection_date": last,
    }


def _split(rows: list[Row], name: str, middle: date) -> tuple[list[float], list[float]]:
    return ([r[name] for r in rows if r["day"] >= middle], [r[name] for r in rows if r["day"] < middle])


def _moved(recent: list[float], prior: list[float]) -> Row:
    now, before = (
        {"mean": fmean(values) if values else None, "std": pstdev(values) if values else None}
        for values in (recent, prior)
    )
    return {
        **{f"recent_{name}": value for name, value in now.items()},
        **{f"prior_{name}": value for name, value in before.items()},
        **{f"{name}_pct_change": _change(now[name], before[name]) for name in now},
    }


def _rates(recent: float, prior: float) -> Row:
    return {"recent": recent, "prior": prior, "pct_change": _change(recent, prior)}


def _change(recent: float | None, prior: float | None) -> float | None:
    """Per cent; null where there is nothing to compare with."""
    return 100 * (recent - prior) / prior if prior and recent is not None else None


def _by_hour(starts: list[datetime], middle: date) -> dict[str, Row]:
    """Sessions that started in each hour, a day."""
    since = middle - timedelta(days=_PRIOR_D)
    now = [at.hour for at in starts if at.date() >= middle]
    before = [at.hour for at in starts if since <= at.date() < middle]
    return {str(hour): _rates(now.count(hour) / _RECENT_D, before.count(hour) / _PRIOR_D) for hour in range(24)}


def _summary(changes: Iterable[float | None]) -> Row:
    most = max((abs(change) for change in changes if change is not None), default=None)
    return {"drift_detected": most is not None and most > CHANGED_PCT, "threshold": CHANGED_PCT, "max_pct_change": most}


_STARTS = "SELECT min(at_local) AS at_local FROM heard WHERE session_at IS NOT NULL GROUP BY session_at"
_RECENTLY = """
SELECT track_id::VARCHAR AS track_id, track AS track_name, artist AS artist_name, started_at AS played_at,
    NULL AS image_url
FROM heard ORDER BY started_at DESC, listen_id DESC LIMIT $1
"""
_COUNTS = "SELECT count(DISTINCT track_id) AS num_tracks, count(DISTINCT session_at) AS num_sessions FROM heard"
_BY_DAY = """
SELECT day, count(DISTINCT session_at) AS sessions, count(*) AS tracks FROM heard WHERE day >= $1 AND day <= $2
GROUP BY day ORDER BY day
"""
_DURATIONS = """
SELECT min(day) AS day, date_diff('second', min(started_at), max(started_at)) / 60 AS minutes
FROM heard WHERE day >= $1 AND day <= $2 AND session_at IS NOT NULL GROUP BY session_at ORDER BY day
"""
