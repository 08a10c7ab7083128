from __future__ import annotations

from pathlib import Path

import httpx
from streamlit.testing.v1 import AppTest

from tests.lab.conftest import Lab, app_with_models, words
from tests.serving import PATIENCE_S
from tonearm.api.app import create_app
from tonearm.api.client import InProcess
from tonearm.lab.models import chosen_pictures
from tonearm.settings import Settings


def models() -> None:
    from tonearm.lab import models as drawn

    drawn.page()


def opened(model: str) -> AppTest:
    page = AppTest.from_function(models).run(timeout=PATIENCE_S)
    page.selectbox[0].set_value(model)
    page.run(timeout=PATIENCE_S)
    assert not page.exception
    return page


def test_a_model_is_shown_beside_its_baseline_with_its_limits(songs: Settings, lab: Lab, tmp_path: Path) -> None:
    lab.at(app_with_models(songs, tmp_path))
    page = opened("popularity")
    (overview, evidence, versions) = (one.value for one in page.dataframe)
    assert dict(zip(overview["model"], overview["answers"], strict=True))["popularity"] == "version 3"
    assert evidence.iloc[0][["model", "baseline", "gain", "rows"]].tolist() == [0.4, 0.5, 0.1, 1200]
    assert versions.iloc[0]["is"] == "production"
    assert "tonearm models promote spotify_classifier 3 production" in words(page)
    assert "Popular is not the same as good" in words(page)
    assert len(page.get("image")) == 1


def test_a_model_that_was_never_trained_says_so(lab: Lab, tmp_path: Path) -> None:
    lab.at(create_app(Settings(home=tmp_path)))
    page = opened("breakout")
    assert "Answers: not trained yet" in words(page).replace("*", "")


def test_training_shows_what_came_of_it(songs: Settings, lab: Lab, tmp_path: Path) -> None:
    asked: list[str] = []

    class Trains(InProcess):
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            if request.method != "POST":
                return super().handle_request(request)
            asked.append(str(request.url))
            done = {"model": "mood", "status": "not_enough_data", "message": "60 tracks; it needs 500"}
            return httpx.Response(200, json=[done])

    lab.show(Trains(app_with_models(songs, tmp_path)))
    page = opened("mood")
    next(one for one in page.button if one.label == "Train mood now").click()
    page.run(timeout=PATIENCE_S)
    assert asked == ["http://127.0.0.1/models/train?model=mood"]
    assert "has too little to learn from" in page.info[0].value and "it needs 500" in page.info[0].value


def test_pictures_that_tell_most_come_first_in_their_order() -> None:
    names = ["core-0-roc", "core-10-calibration", "core-2-calibration", "mood named-11-confusion"]
    assert chosen_pictures(names) == ["core-2-calibration", "core-10-calibration", "mood named-11-confusion"]
