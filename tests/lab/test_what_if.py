from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.lab.conftest import Lab, app_with_models, opened, words
from tests.serving import PATIENCE_S
from tonearm.api.app import create_app
from tonearm.api.routes.predict import _ICHIKO_AOBA
from tonearm.lab.artist_month import ArtistMonth
from tonearm.settings import Settings


def what_if() -> None:
    from tonearm.lab import what_if as drawn

    drawn.page()


def ask(page: AppTest, question: str) -> None:
    next(one for one in page.get("button_group") if one.label == "Which question").set_value(question)
    page.run(timeout=PATIENCE_S)
    assert not page.exception


def test_the_example_is_that_of_the_artist_lifecycle_project() -> None:
    record = ArtistMonth().record()
    assert {name: record[name] for name in _ICHIKO_AOBA} == pytest.approx(_ICHIKO_AOBA)


def test_what_follows_from_other_numbers_follows_them() -> None:
    record = replace(ArtistMonth(), plays=40, total=400, before=(10, 20, 30), months_known=1).record()
    assert (record["share_t"], record["plays_prev3_mean"], record["delta_1m"]) == (0.1, 20, 30)
    assert record["trend_slope_3m"] == 30  # Of an artist first heard a month ago there are no two months before.


def test_numbers_that_cannot_be_true_together_are_named() -> None:
    assert ArtistMonth().contradictions() == []
    assert len(replace(ArtistMonth(), plays=14, days=20, months_active=12, total=10).contradictions()) == 3


def test_more_plays_change_the_prediction(songs: Settings, lab: Lab, tmp_path: Path) -> None:
    lab.at(app_with_models(songs, tmp_path))
    page = opened(what_if)
    assert "<b>0.4 %</b><span>not predicted to break out" in words(page)
    next(one for one in page.slider if one.label == "Plays of all artists this month").set_value(100)
    next(one for one in page.slider if one.label == "Plays this month").set_value(60)
    page.run(timeout=PATIENCE_S)
    assert "<b>60.0 %</b><span>predicted to break out" in words(page)
    assert "The example: 0.4 %" in words(page)


def test_another_sound_has_another_mood(songs: Settings, lab: Lab, tmp_path: Path) -> None:
    lab.at(app_with_models(songs, tmp_path))
    page = opened(what_if)
    ask(page, "A track sounds different")
    assert "Valence" not in {one.label for one in page.slider}
    next(one for one in page.slider if one.label == "Energy").set_value(0.8)
    page.run(timeout=PATIENCE_S)
    assert "<b>80.0 %</b><span>happy calm" in words(page)
    assert "Valence: **0.80**, 90 % between 0.70 and 0.90" in words(page)


def test_without_models_it_says_how_to_train_them(lab: Lab, tmp_path: Path) -> None:
    lab.at(create_app(Settings(home=tmp_path)))
    page = opened(what_if)
    assert "tonearm train breakout" in words(page)
    ask(page, "A track sounds different")
    assert "tonearm train mood" in words(page)
