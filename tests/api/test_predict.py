"""Predictions over HTTP, by models small enough to know their answers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from tests.api.conftest import client_of
from tests.models.trial.conftest import HOUR, NOON, start
from tonearm.api.app import create_app
from tonearm.api.client import InProcess
from tonearm.api.predicting import Loaded, Predicting, Together
from tonearm.api.routes.predict import _ICHIKO_AOBA
from tonearm.errors import NotRegistered
from tonearm.lake import open_lake
from tonearm.models import find
from tonearm.models.lifecycle.registry import Version
from tonearm.models.trial.rules import served
from tonearm.settings import Settings
from tonearm.store import open_store
from tonearm.store.forecasts import keep_forecasts

TRAINED = datetime(2026, 1, 1, tzinfo=UTC)


class ByOneField:
    """Answers with the value of one field, and as its baseline with 0.1."""

    threshold = 0.4
    settings = SimpleNamespace(threshold=0.5, popular_from=60)

    def __init__(self, field: str, decision: str) -> None:
        self.field, self.decision = field, decision

    def predict(self, records: pd.DataFrame, threshold: float | None = None) -> pd.DataFrame:
        values = records.reindex(columns=[self.field])[self.field].fillna(0.0)
        decided = (values >= (0.5 if threshold is None else threshold)).astype(int)
        return pd.DataFrame({"probability": values, self.decision: decided})

    def baseline(self, records: pd.DataFrame, threshold: float | None = None) -> pd.DataFrame:
        return self.predict(records.assign(**{self.field: 0.1}), threshold)

    genres = frozenset({"pop"})

    @property
    def quick(self) -> Any:
        return SimpleNamespace(
            probability=lambda records: np.array([one.get(self.field, 0.0) for one in records]),
            baseline=lambda records: np.full(len(records), 0.1),
        )


def loaded(name: str, fitted: Any, *serves: str) -> Loaded:
    model = find(name)
    return Loaded(model, fitted, Version(model=model.registered, version=3, trained_at=TRAINED, serves=serves))


class Given:
    """Hands out models as if they were loaded."""

    def __init__(self, **models: Loaded) -> None:
        self.models = models

    def kept(self, name: str) -> Loaded | None:
        return self.models.get(name)

    def loaded(self, name: str) -> Loaded:
        if name not in self.models:
            raise NotRegistered(f"{name} has never been trained")
        return self.models[name]


def client(home: Settings, **models: Loaded) -> httpx.Client:
    app = create_app(home)
    app.state.predicting = Given(**models)
    return httpx.Client(transport=InProcess(app), base_url="http://127.0.0.1")


@pytest.fixture
def http(home: Settings) -> Iterator[httpx.Client]:
    popularity = loaded("popularity", ByOneField("energy", "popular"), "popular")
    breakout = loaded("breakout", ByOneField("share_t", "is_breakout"), "core")
    with client(home, popularity=popularity, breakout=breakout) as made:
        yield made


def problem(answer: httpx.Response) -> str:
    assert answer.status_code == 422, answer.text
    message: str = answer.json()["message"]
    return message


def test_the_example_of_the_artist_lifecycle_project_is_answered_in_its_form(http: httpx.Client) -> None:
    asked = {"records": [_ICHIKO_AOBA], "return_probabilities": True, "threshold_override": None}
    answer = http.post("/predict", json=asked).json()
    assert answer["threshold"] == 0.4
    assert answer["predictions"] == [
        {"artist_name": "Ichiko Aoba", "month": "2021-06-01", "probability": 0.0040287769784172, "is_breakout": False}
    ]
    assert (answer["model"], answer["version"], answer["served_by"]) == ("breakout", 3, "model")


def test_a_threshold_of_ones_own_and_no_probabilities(http: httpx.Client) -> None:
    asked = {"records": [{"share_t": 0.2}, {"share_t": 0.3}], "return_probabilities": False, "threshold_override": 0.25}
    answer = http.post("/predict", json=asked).json()
    assert answer["threshold"] == 0.25
    assert [(one["probability"], one["is_breakout"]) for one in answer["predictions"]] == [(None, False), (None, True)]


def test_what_is_wrong_with_records_is_named_for_each(http: httpx.Client) -> None:
    records = [{"share_t": 0.2}, {"plays_t": "many"}, {"colour": "blue"}, {"share_t": 1e99}]
    assert problem(http.post("/predict", json={"records": records})) == (
        "record 2: plays_t is 'many' and not a number; record 3: has no field that is known, such as plays_t; "
        "record 4: share_t is 1e+99 and not a number"
    )
    problem(http.post("/predict", json={"records": []}))
    problem(http.post("/predict", json={"records": [{"plays_t": 1}] * 10_001}))
    problem(http.post("/predict", json={"records": [{"plays_t": 1}], "threshold_override": 2}))


def test_a_track_is_popular_or_not(http: httpx.Client) -> None:
    assert http.post("/predict/popularity", json={"energy": 0.8, "colour": "blue"}).json() == {"popular": 1}
    assert http.post("/predict/popularity", json={"energy": "0.2"}).json() == {"popular": 0}
    several = http.post("/predict/popularity", json={"records": [{"energy": 0.8}, {"tempo": 120}]})
    assert several.json() == {"predictions": [{"popular": 1}, {"popular": 0}]}
    assert http.post("/predict/popularity?threshold=0.9", json={"energy": 0.8}).json() == {"popular": 0}


def test_the_probability_of_being_popular_names_who_answers(http: httpx.Client) -> None:
    answer = http.post("/predict/popularity?probability=true", json={"energy": 0.8}).json()
    assert (answer["popular"], answer["probability"], answer["threshold"]) == (1, 0.8, 0.5)
    assert (answer["model"], answer["version"], answer["served_by"]) == ("spotify_classifier", 3, "model")


def test_the_model_and_its_baseline_can_be_compared_whatever_is_served(home: Settings) -> None:
    with client(home, popularity=loaded("popularity", ByOneField("energy", "popular"))) as http:
        found = {
            by: http.post(f"/predict/popularity?probability=true&by={by}", json={"energy": 0.8}).json()
            for by in ("served", "model", "baseline")
        }
    assert {by: one["probability"] for by, one in found.items()} == {"served": 0.1, "model": 0.8, "baseline": 0.1}
    assert {by: one["served_by"] for by, one in found.items()} == {
        "served": "baseline", "model": "model", "baseline": "baseline",
    }  # fmt: skip


def test_a_genre_that_nobody_knows_is_noted(http: httpx.Client) -> None:
    answers = [
        http.post("/predict/popularity?probability=true", json={"energy": 0.8, "genre": genre}).json()["notes"]
        for genre in ("pop", "polka")
    ]
    assert answers == [[], ["no genre 'polka' is known; it is taken as missing"]]


def test_what_is_asked_in_one_moment_is_answered_by_one_call() -> None:
    calls: list[list[int]] = []

    def doubled(questions: Sequence[int]) -> list[int]:
        calls.append(list(questions))
        return [1 // one if one == 0 else 2 * one for one in questions]

    async def ask(*questions: int) -> list[Any]:
        together = Together(doubled)
        return await asyncio.gather(*map(together.ask, questions), return_exceptions=True)

    assert asyncio.run(ask(1, 2, 3)) == [2, 4, 6]
    assert calls == [[1, 2, 3]]
    assert all(isinstance(one, ZeroDivisionError) for one in asyncio.run(ask(1, 0)))


def test_tracks_of_nothing_known_are_refused_in_words(http: httpx.Client) -> None:
    assert "such as energy" in problem(http.post("/predict/popularity", json={}))
    assert "energy is [1] and not a number" in problem(http.post("/predict/popularity", json={"energy": [1]}))
    assert "a list of objects" in problem(http.post("/predict/popularity", json={"records": 7}))


def test_a_model_that_is_no_better_than_its_baseline_answers_with_that(home: Settings) -> None:
    with client(home, popularity=loaded("popularity", ByOneField("energy", "popular"))) as http:
        answer = http.post("/predict/popularity?probability=true", json={"energy": 0.8}).json()
    assert (answer["popular"], answer["probability"], answer["served_by"]) == (0, 0.1, "baseline")


def test_before_a_model_was_trained(home: Settings) -> None:
    with client(home) as http:
        answer = http.post("/predict/popularity", json={"energy": 0.8})
        assert (answer.status_code, answer.json()["error"]) == (409, "NotRegistered")
        mood = http.post("/predict/mood", json={"energy": 0.8}).json()
    assert mood["status"] == "not_enough_data"
    assert "catalogue" in mood["needs"]


def test_where_data_is_missing_a_forecast_says_what_it_takes(home: Settings) -> None:
    with client_of(home) as http:
        http.put("/listeners/Ada", json={"zone": "UTC"})
        answers = [http.get(f"/predict/{what}?listener=Ada").json() for what in ("next-mood", "session-start")]
    assert [one["status"] for one in answers] == ["not_enough_data"] * 2
    assert [one["model"] for one in answers] == ["next_mood", "session_start"]
    assert "150 listens with measured features" in answers[0]["needs"]
    assert "60 days" in answers[1]["needs"]


def test_a_forecast_names_model_version_and_who_serves_it(home: Settings) -> None:
    row = {
        "listener": "Ada", "music_group": "calm", "predicted_for_at": NOON, "probability_pct": 70.0,
        "baseline_pct": 60.0, "model": "next_mood", "model_version": 4, "served_by": "baseline", "as_of_at": NOON,
    }  # fmt: skip
    rows = [row, {**row, "music_group": "lively", "probability_pct": 30.0}]
    open_lake(home.lake).replace("next_mood_forecasts", pa.Table.from_pylist(rows), {})
    with client_of(home) as http:
        http.put("/listeners/Ada", json={"zone": "UTC"})
        answer = http.get("/predict/next-mood").json()
    assert (answer["status"], answer["version"], answer["served_by"]) == ("ok", 4, "baseline")
    assert [(one["music_group"], one["probability"]) for one in answer["groups"]] == [("calm", 0.7), ("lively", 0.3)]


def test_the_trial_is_read_as_it_stands(home: Settings) -> None:
    store = open_store(home)
    store.ensure_listener("Ada", "UTC")
    keep_forecasts(store, served([start(NOON, 0.8)], NOON - HOUR), NOON - HOUR)
    store.close()
    with client_of(home) as http:
        answer = http.get("/predictions/trial?listener=Ada").json()
        assert http.get("/predictions/trial?listener=Bob").status_code == 404
    assert (answer["trials"], answer["open"]) == ([], 1)
    assert answer["next_due_at"].startswith("2026-03-02T13:00")


class Shelf:
    """A registry with one version at a time, that counts what is loaded."""

    def __init__(self) -> None:
        self.now, self.loads = 1, 0

    def stamp(self) -> str:
        return str(self.now)

    def in_use(self, registered: str) -> Version | None:
        return Version(model=registered, version=self.now, trained_at=TRAINED) if self.now else None

    def served(self, version: Version) -> Any:
        self.loads += 1
        return SimpleNamespace(fitted=f"version {version.version}")


def test_a_model_is_loaded_once_for_each_version_in_use(home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    shelf = Shelf()
    monkeypatch.setattr("tonearm.models.lifecycle.registry.open_registry", lambda _: shelf)
    predicting: Any = Predicting(home)
    assert [predicting.loaded("popularity").fitted for _ in range(3)] == ["version 1"] * 3
    assert shelf.loads == 1
    shelf.now = 2
    assert (predicting.loaded("popularity").fitted, shelf.loads) == ("version 2", 2)
    shelf.now = 0
    with pytest.raises(NotRegistered, match="tonearm train popularity"):
        predicting.loaded("popularity")
