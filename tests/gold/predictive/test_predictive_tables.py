"""What the predictive tables make of the scores that models left in the lake."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tonearm.columns import MOODS

Row = dict[str, Any]
Predicted = Callable[..., list[Row]]
Score = Callable[..., Row]
CHANGE = datetime(2024, 3, 31, 1, tzinfo=UTC)


def test_a_forecast_is_by_the_clock_on_the_wall_also_when_it_changes(
    predicted: Predicted, score: Score, clock: list[Row]
) -> None:
    hours = [CHANGE + timedelta(hours=h) for h in (-1, 0, 1)]
    scores = [
        score("energy_forecast", "energy", 0.6, subject="hour", listener="ann", predicted_for_at=at) for at in hours
    ]
    rows = predicted("energy_forecasts", [], model_scores=scores, listener_clock=clock)
    assert [(r["hour_of_day"], r["day_name"]) for r in rows] == [(1, "Sunday"), (3, "Sunday"), (4, "Sunday")]
    assert {(r["expected_energy"], r["model"], r["model_version"]) for r in rows} == {(0.6, "energy_forecast", 3)}


def test_other_models_and_quantities_are_no_forecast(predicted: Predicted, score: Score, clock: list[Row]) -> None:
    others = [
        score("energy_forecast", "valence", 0.6, subject="hour", listener="ann", predicted_for_at=CHANGE),
        score("mood", "energy", 0.6, subject_id=1),
        score("session_start", "session_start_day_ahead", 0.6, subject="hour", listener="ann", predicted_for_at=CHANGE),
    ]
    assert predicted("energy_forecasts", [], model_scores=others, listener_clock=clock) == []


def test_the_latest_listens_stand_beside_what_was_measured(
    predicted: Predicted, score: Score, listen: Callable[..., Row], featured: Callable[..., Row], clock: list[Row]
) -> None:
    listens = [
        listen("2024-03-01T10:00", track=1, **featured(0.7, "catalogue")),
        listen("2024-03-02T10:00", track=1, **featured(0.7, "catalogue")),
        listen("2024-03-03T10:00", track=2, **featured(0.2, "imputed")),
        listen("2024-03-04T10:00", track=3),
    ]
    band = {"score_low": 0.3, "score_high": 0.9, "baseline_score": 0.5}
    scores = [score("mood", "valence", 0.6, subject_id=track, **band) for track in (1, 2)]
    scores += [score("mood", "energy", 0.1, subject_id=1, score_low=0.0, score_high=1.0)]
    scores += [score("energy_forecast", "valence", 0.4, subject="hour", listener="ann", predicted_for_at=CHANGE)]
    rows = predicted("mood_predictions", listens, model_scores=scores, listener_clock=clock)
    assert [(r["slot"], r["expected_valence"], r["actual_valence"]) for r in rows] == [
        ("coming_hour", 0.4, None),
        ("listen", 0.6, 0.7),
        ("listen", 0.6, 0.7),
        ("listen", 0.6, None),
    ]
    assert {(r["expected_valence_low"], r["baseline_valence"]) for r in rows[1:]} == {(0.3, 0.5)}


def mood_scores(score: Score, by: dict[tuple[str, int], tuple[float, ...]]) -> list[Row]:
    """What models give each track of the five moods."""
    return [
        score(model, mood, p, subject_id=track)
        for (model, track), shares in by.items()
        for mood, p in zip(MOODS, shares, strict=True)
    ]


def test_the_most_probable_mood_is_found_with_all_probabilities(
    predicted: Predicted, score: Score, listen: Callable[..., Row], featured: Callable[..., Row]
) -> None:
    of_track = {("mood", 1): (0.1, 0.5, 0.2, 0.1, 0.1), ("mood", 2): (0.4, 0.4, 0.1, 0.05, 0.05)}
    scores = mood_scores(score, of_track)
    # Without all of its moods a track is not classified.
    scores.append(score("mood", MOODS[0], 0.9, subject_id=3))
    listens = [
        listen("2024-03-01T10:00", track=1, mood="Sad_Calm", **featured(0.2, "catalogue")),
        listen("2024-03-01T11:00", track=2, mood="Neutral", **featured(0.5, "imputed")),
        listen("2024-03-01T12:00", track=3),
    ]
    rows = predicted("mood_classifications", listens, model_scores=scores)
    found = {r["track_id"]: (r["predicted_mood"], r["probability_pct"], r["actual_mood"]) for r in rows}
    assert found == {1: ("Happy_Calm", 50.0, "Sad_Calm"), 2: ("Happy_Energetic", 40.0, None)}
    assert all(sum(r[f"{m.lower()}_pct"] for m in MOODS) == pytest.approx(100.0) for r in rows)


def test_where_the_sound_is_unknown_the_mood_is_that_of_the_estimate(
    predicted: Predicted, score: Score, listen: Callable[..., Row], featured: Callable[..., Row]
) -> None:
    by = {("mood", 1): (0.6, 0.1, 0.1, 0.1, 0.1), ("imputation", 1): (0.1, 0.6, 0.1, 0.1, 0.1)}
    by |= {("imputation", 2): (0.1, 0.1, 0.1, 0.6, 0.1)}
    scores = mood_scores(score, by)
    listens = [
        listen("2024-03-01T10:00", track=1, mood="Neutral", **featured(0.5, "catalogue")),
        listen("2024-03-01T11:00", track=2, mood="Sad_Energetic", **featured(0.5, "artist")),
        listen("2024-03-01T12:00", track=3),
    ]
    rows = predicted("mood_classifications", listens, model_scores=scores)
    found = {r["track_id"]: (r["model"], r["predicted_mood"], r["actual_mood"]) for r in rows}
    assert found == {1: ("mood", "Happy_Energetic", "Neutral"), 2: ("imputation", "Sad_Calm", None)}


def test_a_session_start_is_predicted_for_each_horizon(predicted: Predicted, score: Score, clock: list[Row]) -> None:
    of_hour = {"subject": "hour", "listener": "ann", "predicted_for_at": CHANGE, "baseline_score": 0.1}
    scores = [
        score("session_start", f"session_start_{h}_ahead", p, **of_hour) for h, p in (("day", 0.2), ("hour", 0.4))
    ]
    rows = predicted("session_start_forecasts", [], model_scores=scores, listener_clock=clock)
    found = [(r["horizon"], r["hour_of_day"], r["probability_pct"], r["baseline_pct"]) for r in rows]
    assert found == [("day_ahead", 3, 20.0, 10.0), ("hour_ahead", 3, 40.0, 10.0)]


def test_the_next_tracks_kind(predicted: Predicted, score: Score) -> None:
    scores = [
        score("next_mood", kind, p, subject="next_track", listener="ann", baseline_score=0.5)
        for kind, p in (("calm", 0.7), ("loud", 0.3))
    ]
    rows = predicted("next_mood_forecasts", [], model_scores=scores)
    assert [(r["music_group"], r["probability_pct"], r["baseline_pct"]) for r in rows] == [
        ("calm", 70.0, 50.0),
        ("loud", 30.0, 50.0),
    ]


def test_artists_come_by_probability_with_what_was_heard_of_them(predicted: Predicted, score: Score) -> None:
    scores = [
        score("breakout", "breakout", p, subject="artist", subject_id=artist, listener=listener)
        for listener, artist, p in (("ann", 1, 0.1), ("ann", 2, 0.3), ("bob", 1, 0.2), ("ann", 9, 0.9))
    ]
    months = [
        {"listener": listener, "artist_id": artist, "artist_name": f"Artist {artist}", "listens": n, "month": month}
        for listener, artist, n, month in (
            ("ann", 1, 4, date(2024, 3, 1)),
            ("ann", 2, 5, date(2024, 3, 1)),
            ("ann", 2, 6, date(2024, 4, 1)),
            ("bob", 1, 7, date(2024, 4, 1)),
        )
    ]
    rows = predicted("artist_breakouts", [], model_scores=scores, artist_months=months)
    found = [(r["listener"], r["rank"], r["artist_name"], r["probability_pct"], r["listens"]) for r in rows]
    assert found == [("ann", 1, "Artist 2", 30.0, 11), ("ann", 2, "Artist 1", 10.0, 4), ("bob", 1, "Artist 1", 20.0, 7)]
    assert [r["months_heard"] for r in rows] == [2, 1, 1]


def evaluation(metric: str, listener: str | None) -> Row:
    return {
        **{"model": "breakout", "model_version": 1, "target": "core", "protocol": "rolling", "metric": metric},
        **{"listener": listener, "value": 0.5, "rows": 10, "baseline_name": "rule", "is_better": True},
    }


def test_metrics_of_everybody_are_each_listeners_and_ones_own_only_ones_own(
    predicted: Predicted, clock: list[Row]
) -> None:
    clocks = [*clock, {**clock[0], "listener": "bob"}]
    evaluations = [evaluation("brier", None), evaluation("brier", "ann"), evaluation("brier", "gone")]
    rows = predicted("model_performance_metrics", [], model_evaluations=evaluations, listener_clock=clocks)
    assert [(r["listener"], r["scope"]) for r in rows] == [
        ("ann", "everybody"),
        ("ann", "listener"),
        ("bob", "everybody"),
    ]
