"""``dashboard_data.json``: the moods, predictions and metrics of a listener, as a website's own page reads them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from contextlib import closing
from datetime import date, datetime, timedelta
from statistics import fmean
from typing import Any

from tonearm.columns import MEASURED
from tonearm.documents.dashboard.drift import drift
from tonearm.documents.dashboard.kept import checked_predictions, kept_predictions
from tonearm.documents.dashboard.metrics import metrics
from tonearm.documents.dashboard.shape import (
    VERSION,
    Centroid,
    DashboardData,
    GenreProfile,
    HourProbability,
    Moment,
    MoodCluster,
    NamedTrack,
    NewArtist,
    NewMusic,
    NewTrack,
    NextPrediction,
    RecentPlay,
)
from tonearm.documents.ends import now_of
from tonearm.documents.history import History
from tonearm.documents.tables import Tables
from tonearm.lake import open_lake
from tonearm.read.overview import LISTENS
from tonearm.settings import Settings
from tonearm.store import open_store

TEMPO_MAX = 250.0
"""``tempo_norm`` is beats per minute over this, at most 1."""
_ACTUAL_D, _NEW_D = 84, 28
_RECENT, _TRACKS, _GENRES, _NEW = 25, 5, 20, 10
_CENTROID = ("valence", "energy", "danceability", "acousticness", "instrumentalness")
_PLAYLISTS = (("energetic", "Energy"), ("calm", "Relaxation"))

Row = Mapping[str, Any]


def dashboard_data(settings: Settings, listener: str) -> DashboardData:
    """All fields of the dashboard's contract, from tables and kept predictions; nothing is withheld yet.

    ``generated_at`` is when the listens were last built, so that the same tables make the same file. Days are the last
    of the history: one that ended is described as of its end.
    """
    lake, history = open_lake(settings.lake), History(settings, listener)
    tables = Tables(lake, listener)
    personas = [row for row in tables.rows("mood_state_clusters") if row["is_stable"]]
    probabilities = _session_probabilities(tables.rows("session_start_forecasts"))
    # Of all days the last, unless it is stray.
    last = now_of(history, history.last_day).as_of if history.last_day else None
    starts = [row["at_local"] for row in history.rows(_STARTS) if last and row["at_local"].date() <= last]
    with closing(open_store(settings)) as store:
        kept = kept_predictions(store, listener, last)
    return DashboardData(
        version=VERSION,
        generated_at=lake.built_at(LISTENS) if lake.has(LISTENS) else None,
        withheld=[],
        next_prediction=_next(tables, personas),
        session_probs=probabilities,
        top_hours=_top_hours(probabilities),
        checked_predictions=checked_predictions(kept, last),
        session_actual=_session_actual(starts, last),
        mood_clusters=[_cluster(row) for row in personas],
        mood_trajectory=_trajectory(tables.rows(LISTENS, ("started_at", "valence", "energy", "feature_source"))),
        recently_played=[_play(row) for row in history.rows(_RECENTLY, _RECENT)],
        new_music=_new_music(history, last),
        genre_profiles=_genres(tables.rows("genre_profiles")),
        metrics=metrics(settings, tables, history, kept),
        drift=drift(history, last),
    )


def _next(tables: Tables, personas: list[dict[str, Any]]) -> NextPrediction | None:
    """What the next track will sound like, with what to play; None before a model is trained.

    The groups of the forecast are its own: one has a ``mood_cluster_id`` where a persona has its name.
    """
    groups = tables.rows("next_mood_forecasts")
    if not groups:
        return None
    best = max(groups, key=lambda row: row["probability_pct"])
    persona = next((row for row in personas if row["persona_name"] == best["music_group"]), None)
    return NextPrediction(
        mood_cluster_id=persona["persona"] if persona else None,
        mood_label=best["music_group"],
        confidence=_share(best["probability_pct"]),
        baseline=None if best["baseline_pct"] is None else _share(best["baseline_pct"]),
        predicted_for=best["predicted_for_at"],
        cluster_centroid=_centroid(persona, "centroid_") if persona else None,
        recommended_tracks=_recommended(tables, best["music_group"]),
    )


def _share(pct: float) -> float:
    # Sums of floats may end a little beyond 100.
    return min(max(pct / 100, 0.0), 1.0)


def _recommended(tables: Tables, group: str) -> list[NamedTrack]:
    """The first tracks of the suggested playlist that sounds like the group."""
    wanted = next((playlist for word, playlist in _PLAYLISTS if word in group), "Mood lift")
    rows = [row for row in tables.rows("personalized_playlist_suggestions") if row["playlist"] == wanted]
    first = sorted(rows, key=lambda row: row["position"])[:_TRACKS]
    return [NamedTrack(**_names(row), image_url=None) for row in first]


def _names(row: Row) -> dict[str, Any]:
    return {
        "track_id": str(row["track_id"]),
        **{name: row[name] for name in ("track_name", "artist_name")},
    }


def _play(row: Row) -> RecentPlay:
    return RecentPlay(**_names(row), image_url=None, played_at=row["played_at"], mood_cluster_id=None)


def _cluster(row: Row) -> MoodCluster:
    return MoodCluster(
        cluster_id=row["persona"],
        label=row["persona_name"],
        share=_share(row["tracks_share_pct"]),
        centroid=_centroid(row, "centroid_"),
    )


def _centroid(row: Row, prefix: str) -> Centroid:
    tempo = row[f"{prefix}tempo"]
    return Centroid(
        **{name: row[f"{prefix}{name}"] for name in _CENTROID},
        tempo_norm=None if tempo is None else min(1.0, tempo / TEMPO_MAX),
    )


def _session_probabilities(rows: list[dict[str, Any]]) -> dict[str, float]:
    """The probability that a session starts in each hour of the coming day, by the listener's clock."""
    ahead = [row for row in rows if row["horizon"] == "day_ahead" and row["hour_of_day"] is not None]
    ahead.sort(key=lambda row: row["hour_of_day"])
    return {str(row["hour_of_day"]): _share(row["probability_pct"]) for row in ahead}


def _top_hours(probabilities: dict[str, float]) -> list[HourProbability]:
    best = sorted(probabilities.items(), key=lambda one: (-one[1], int(one[0])))[:3]
    return [HourProbability(hour=int(hour), probability=probability) for hour, probability in best]


def _session_actual(starts: list[datetime], last: date | None) -> dict[str, float]:
    """On which share of the last 84 days a session started in each hour; empty without listens."""
    if last is None:
        return {}
    since = last - timedelta(days=_ACTUAL_D - 1)
    hours = {(at.date(), at.hour) for at in starts if at.date() >= since}
    return {str(hour): sum(one == hour for _, one in hours) / _ACTUAL_D for hour in range(24)}


def _trajectory(sounds: list[dict[str, Any]]) -> list[Moment]:
    """Mean valence and energy of each quarter of an hour of the last day with a measured sound."""
    measured = [row for row in sounds if row["feature_source"] in MEASURED]
    known = [row for row in measured if row["valence"] is not None and row["energy"] is not None]
    if not known:
        return []
    since = max(row["started_at"] for row in known) - timedelta(days=1)
    quarters: dict[datetime, list[Row]] = defaultdict(list)
    for row in known:
        at = row["started_at"]
        if at > since:
            quarters[at.replace(minute=at.minute // 15 * 15, second=0, microsecond=0)].append(row)
    return [
        Moment(time=at, valence=fmean(row["valence"] for row in rows), energy=fmean(row["energy"] for row in rows))
        for at, rows in sorted(quarters.items())
    ]


def _new_music(history: History, last: date | None) -> NewMusic | None:
    """The artists and tracks first heard in the last 28 days; all of them in a history as short as that."""
    if last is None:
        return None
    since = last - timedelta(days=_NEW_D - 1)
    artists, tracks = history.rows(_NEW_ARTISTS, since, last), history.rows(_NEW_TRACKS, since, last)
    return NewMusic(
        since=since,
        until=last,
        n_artists=len(artists),
        n_tracks=len(tracks),
        artists=[NewArtist(**row) for row in artists[:_NEW]],
        tracks=[NewTrack(**row) for row in tracks[:_NEW]],
    )


def _genres(rows: list[dict[str, Any]]) -> list[GenreProfile]:
    """The genres of all years, the most heard first: listens, share of those with a known genre, mean features."""
    of_genre: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        of_genre[row["genre"]].append(row)
    known = sum(row["listens"] for row in rows)
    profiles = [
        GenreProfile(
            genre=genre,
            listens=sum(row["listens"] for row in years),
            share=sum(row["listens"] for row in years) / known,
            centroid=_centroid({name: _weighted(years, name) for name in (*_CENTROID, "tempo")}, ""),
        )
        for genre, years in of_genre.items()
    ]
    return sorted(profiles, key=lambda one: (-one.listens, one.genre))[:_GENRES]


def _weighted(years: list[Row], name: str) -> float | None:
    known = [(row[f"mean_{name}"], row[f"n_{name}"]) for row in years if row[f"mean_{name}"] is not None]
    return sum(mean * n for mean, n in known) / sum(n for _, n in known) if known else None


_STARTS = "SELECT min(at_local) AS at_local FROM heard WHERE session_at IS NOT NULL GROUP BY session_at"
_RECENTLY = """
SELECT track_id, track AS track_name, artist AS artist_name, started_at AS played_at
FROM heard ORDER BY started_at DESC, listen_id DESC LIMIT $1
"""
_NEW_ARTISTS = """
SELECT artist_id::VARCHAR AS artist_id, artist AS artist_name, listens, first_day AS first_heard
FROM artists WHERE first_day >= $1 AND first_day <= $2 ORDER BY listens DESC, first_heard DESC, artist, artist_id
"""
_NEW_TRACKS = """
SELECT track_id::VARCHAR AS track_id, track AS track_name, artist AS artist_name, listens, first_day AS first_heard
FROM tracks WHERE first_day >= $1 AND first_day <= $2 ORDER BY listens DESC, first_heard DESC, track, track_id
"""
