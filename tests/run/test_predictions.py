"""What a pass asks the models, and when it trains them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from msgspec.structs import replace

from tonearm.bronze import EVALUATIONS
from tonearm.building.execute import BuildReport, build
from tonearm.ingest.imports import import_paths
from tonearm.lake import open_lake
from tonearm.models import ABOUT_TRACKS, chosen, names
from tonearm.models.lifecycle.drift import Drift
from tonearm.models.lifecycle.scoring import as_arrow
from tonearm.run import predictions, run_once
from tonearm.run.predictions import Predicted, predict
from tonearm.settings import Settings

OF_LISTENS = [name for name in names() if name not in ABOUT_TRACKS]
EVERY = list(names())
Asked = list[tuple[str, list[str]]]


@pytest.fixture
def heard(settings: Settings, lastfm: Callable[..., Path]) -> Settings:
    """A home with a listen."""
    import_paths(settings, [lastfm([("Can", "Tago Mago", "Halleluhwah", "20 Nov 2020 09:35")])], "ada", "UTC")
    build(settings, ["listens"])
    return settings


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """What was asked of which models, in order, by a pass in which every model would do it."""
    found: Asked = []

    def keep(what: str) -> Callable[..., list[Any]]:
        def asked_for(_: Settings, which: Iterable[str] = (), *__: Any, **___: Any) -> list[Any]:
            found.append((what, [model.name for model in chosen(which)]))
            return []

        return asked_for

    monkeypatch.setattr("tonearm.models.lifecycle.scoring.score", keep("predict"))
    monkeypatch.setattr("tonearm.models.lifecycle.training.train", keep("train"))
    monkeypatch.setattr(predictions, "build", lambda *_, **__: BuildReport(tables=[]))
    return found


def trained_before(settings: Settings, *models: str) -> None:
    open_lake(settings.lake).append(EVALUATIONS, as_arrow(EVALUATIONS, pd.DataFrame({"model": models})), {})


def a_day_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predictions, "DAILY", timedelta(0))


def test_a_home_without_rows_has_nothing_to_learn_from(settings: Settings, asked: Asked) -> None:
    assert run_once(settings).predicted == Predicted()
    assert asked == []


@pytest.mark.parametrize("is_new", [True, False])
def test_the_first_pass_trains_every_model_whoever_built_before(heard: Settings, asked: Asked, is_new: bool) -> None:
    predict(heard, is_new)
    assert asked == [("train", EVERY)]


def test_nothing_new_asks_nothing_unless_asked_to_train(heard: Settings, asked: Asked) -> None:
    trained_before(heard, *EVERY)
    assert predict(heard, is_new=False) == Predicted()
    predict(heard, is_new=False, full_retrain=True)
    assert asked == [("train", EVERY)]


def test_models_of_tracks_predict_once_a_day(heard: Settings, asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    trained_before(heard, *EVERY)
    predict(heard, is_new=True)
    with monkeypatch.context() as patched:
        a_day_later(patched)
        predict(heard, is_new=True)
    # That nothing was found to have drifted counts as having looked.
    assert open_lake(heard.lake).has("model_drift")
    predict(heard, is_new=True)
    assert asked == [("predict", OF_LISTENS), ("predict", EVERY), ("predict", OF_LISTENS)]


def test_a_model_that_lacked_data_is_tried_again_once_a_day(
    heard: Settings, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained_before(heard, *[name for name in EVERY if name != "mood"])
    predict(heard, is_new=True)
    a_day_later(monkeypatch)
    predict(heard, is_new=True)
    assert asked == [("predict", OF_LISTENS), ("predict", EVERY), ("train", ["mood"])]


def test_a_model_of_another_tonearm_is_trained_anew_and_not_asked(
    heard: Settings, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained_before(heard, *EVERY)
    monkeypatch.setattr("tonearm.models.lifecycle.scoring.outdated", lambda _: ["breakout", "mood"])
    predict(heard, is_new=True)
    others = [name for name in OF_LISTENS if name != "breakout"]
    assert asked == [("predict", others), ("train", ["mood", "breakout"])]


@pytest.mark.parametrize(("setting", "trained"), [("when_due", [("train", ["mood"])]), ("never", [])])
def test_a_model_that_is_due_is_trained_if_the_setting_says_so(
    heard: Settings, asked: Asked, monkeypatch: pytest.MonkeyPatch, setting: str, trained: Asked
) -> None:
    trained_before(heard, *EVERY)
    a_day_later(monkeypatch)
    drifted = Drift(model="mood", version=1, quantity="energy", drift=0.9, rows=9, rows_before=9, is_due=True)
    monkeypatch.setattr("tonearm.models.lifecycle.drift.look", lambda *_: [drifted])
    done = predict(replace(heard, retrain=setting), is_new=True)
    assert done.due == ["mood"]
    assert asked == [("predict", EVERY), *trained]
