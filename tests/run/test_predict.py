"""What a run asks the models, and when."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pandas as pd
import pytest

from tonearm.build.execute import build
from tonearm.lake import open_lake
from tonearm.models import chosen
from tonearm.models.lifecycle.scoring import as_arrow
from tonearm.models.lifecycle.training import EVALUATIONS
from tonearm.run import predict
from tonearm.settings import Settings

OF_LISTENS = [model.name for model in chosen(()) if not model.is_about_tracks]


@pytest.fixture
def asked(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The models that were asked to answer, once for each update; some model was trained just now."""
    build(settings)
    open_lake(settings.lake).append(EVALUATIONS, as_arrow(EVALUATIONS, pd.DataFrame()), {})
    found: list[list[str]] = []

    def score(_: Settings, names: Iterable[str], *__: Any) -> list[Any]:
        found.append([model.name for model in chosen(names)])
        return []

    monkeypatch.setattr("tonearm.models.lifecycle.scoring.score", score)
    return found


def test_nothing_is_asked_where_no_model_was_trained(settings: Settings) -> None:
    assert predict.update(settings) == predict.Foretold()


def test_models_of_tracks_answer_once_a_day(
    settings: Settings, asked: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    predict.update(settings)
    with monkeypatch.context() as next_day:
        next_day.setattr(predict, "_DAILY", timedelta(0))
        predict.update(settings)
    # That nothing was found to have drifted counts as having looked.
    assert open_lake(settings.lake).has("model_drift")
    predict.update(settings)
    assert asked == [OF_LISTENS, [model.name for model in chosen(())], OF_LISTENS]
