from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tests.lab.conftest import HOSTILE, Lab, app_with_models, opened, words
from tests.serving import PATIENCE_S
from tonearm.api.app import create_app
from tonearm.api.routes.predict import PopularWithProbability
from tonearm.lab import popularity as drawn
from tonearm.lab import track
from tonearm.read.track_fields import TrackField
from tonearm.settings import Settings


def popularity() -> None:
    from tonearm.lab import popularity as drawn

    drawn.page()


def slider(page: AppTest, name: str) -> Any:
    return next(one for one in page.slider if one.label.startswith(name))


def box(page: AppTest, name: str) -> Any:
    return next(one for one in page.selectbox if one.label == name)


def test_a_slider_changes_the_prediction_and_what_moved_it_at_once(songs: Settings, lab: Lab, tmp_path: Path) -> None:
    lab.at(app_with_models(songs, tmp_path))
    page = opened(popularity)
    assert slider(page, "Energy").value == 0.51
    assert "<b>51.0 %</b><span>popular</span>" in words(page)
    assert "This is a typical track" in words(page)
    assert "The model answers: version 3 of spotify_classifier" in words(page)
    slider(page, "Energy").set_value(0.2)
    page.run(timeout=PATIENCE_S)
    assert "<b>20.0 %</b><span>not popular</span>" in words(page)
    assert "A typical track: 51.0 %" in words(page)
    assert "Each bar is the change" in words(page)
    next(one for one in page.button if one.label == "Put everything back").click()
    page.run(timeout=PATIENCE_S)
    assert "<b>51.0 %</b>" in words(page)


def test_where_the_baseline_is_served_both_can_be_asked(songs: Settings, lab: Lab, tmp_path: Path) -> None:
    lab.at(app_with_models(songs, tmp_path, serves=False))
    page = opened(popularity)
    assert "<b>51.0 %</b>" in words(page) and "not shown to beat its baseline" in words(page)
    next(one for one in page.get("button_group") if one.label == "Who answers").set_value("served")
    page.run(timeout=PATIENCE_S)
    assert "<b>10.0 %</b>" in words(page) and "no slider of sound moves it" in words(page)


def test_it_starts_from_a_genre_or_a_song_of_any_name(songs: Settings, lab: Lab, tmp_path: Path) -> None:
    lab.at(app_with_models(songs, tmp_path))
    page = opened(popularity)
    box(page, "Start from").set_value("A typical track of jazz")
    page.run(timeout=PATIENCE_S)
    assert box(page, "Genre").value == "jazz"
    box(page, "Start from").set_value("A song of the catalogue")
    page.run(timeout=PATIENCE_S)
    next(one for one in page.text_input if one.label == "Song").set_value("img src x onerror alert")
    page.run(timeout=PATIENCE_S)
    assert not page.exception
    titles = {one.label: one.value for one in page.text_input}
    assert (titles["Title"], titles["Artist"]) == (HOSTILE, "Jazz Band 0")
    assert slider(page, "Energy").value == 0.88


def test_without_a_model_it_says_how_to_train_one(songs: Settings, lab: Lab, tmp_path: Path) -> None:
    for home in (songs, Settings(home=tmp_path / "empty")):
        lab.at(create_app(home))
        page = opened(popularity)
        assert "tonearm train popularity" in words(page)
        assert not page.slider


def field(name: str, value: Any, low: float | None = 0.0, high: float | None = 1.0) -> TrackField:
    return TrackField(name=name, kind="number", unit="", meaning="", low=low, high=high, value=value, n=9, values=())


@pytest.mark.parametrize(
    ("given", "range_"),
    [
        (field("loudness", -11.38, -21.263, -4.331), (-21.5, -11.5, -4.0)),
        (field("loudness", 1.2, -21.263, -4.331), (-21.5, 1.0, 1.0)),
        (field("loudness", -9.0, -9.0, -9.0), (-14.0, -9.0, -4.0)),
        (field("energy", 0.333333), (0.0, 0.33, 1.0)),
    ],
)
def test_a_slider_s_range_has_whole_steps_and_holds_the_value(given: TrackField, range_: tuple[float, ...]) -> None:
    found = track.within(given)
    assert (found.low, found.value, found.high) == range_


def test_each_field_that_differs_is_put_back_alone() -> None:
    usual = {"energy": 0.5, "tempo": 120}
    assert track.put_back(usual, usual) == {}
    assert track.put_back({"energy": 0.9, "tempo": 120, "genre": "pop"}, usual) == {
        "energy": {"energy": 0.5, "tempo": 120, "genre": "pop"},
        "genre": {"energy": 0.9, "tempo": 120},
    }
    assert track.put_back({"genre": "pop"}, {}) == {}  # Nothing is left to ask about.


def answer(probability: float) -> PopularWithProbability:
    return PopularWithProbability(
        popular=0, probability=probability, threshold=0.5, popular_from=60, model="m", version=1, served_by="model",
        baseline="b", notes=[],
    )  # fmt: skip


def test_what_moves_the_prediction_most_comes_first_and_nothing_is_not_drawn() -> None:
    put_back = {"energy": answer(0.32), "key": answer(0.10), "mode": answer(0.3001)}
    record, typical = {"energy": 0.9, "key": 3, "mode": 1}, {"energy": 0.5, "mode": 0}
    assert drawn.moves(answer(0.3), put_back, record, typical) == [
        {"name": "Key", "points": pytest.approx(20), "label": "+20.0: D♯; typical: not given"},
        {"name": "Energy", "points": pytest.approx(-2), "label": "-2.0: 0.90; typical: 0.50"},
    ]
