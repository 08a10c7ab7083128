from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from streamlit.testing.v1 import AppTest

from tests.lab.conftest import HOSTILE, Lab, opened, words
from tests.serving import PATIENCE_S
from tonearm.api.app import create_app
from tonearm.api.client import Client, InProcess
from tonearm.lab import recommend as drawn
from tonearm.read.playlists import jspf, m3u
from tonearm.settings import Settings


def recommend() -> None:
    from tonearm.lab import recommend as drawn

    drawn.page()


@pytest.fixture
def client(songs: Settings, lab: Lab) -> Client:
    """The client of the API that the lab shows."""
    app = create_app(songs)
    lab.at(app)
    return Client(httpx.Client(transport=InProcess(app), base_url="http://127.0.0.1"))


def press(page: AppTest, label: str, place: int = 0) -> None:
    [one for one in page.button if one.label == label][place].click()
    page.run(timeout=PATIENCE_S)
    assert not page.exception


def choose(page: AppTest, way: str) -> None:
    next(one for one in page.get("button_group") if one.label == "From what").set_value(way)
    page.run(timeout=PATIENCE_S)


def test_a_listener_gets_tracks_with_reasons_which_genres_narrow(client: Client) -> None:
    page = opened(recommend)
    assert "For Ada" in words(page) and "The simple rule answers" in words(page)
    assert "1. **" in words(page)
    next(one for one in page.multiselect if one.label == "Genres").set_value(["jazz"])
    page.run(timeout=PATIENCE_S)
    found = [line for line in words(page).splitlines() if line[:1].isdigit()]
    assert len(found) == 12 and all("Jazz Band" in line for line in found)


def test_what_goes_with_a_song_of_any_name_becomes_a_list_and_a_file(client: Client) -> None:
    page = opened(recommend)
    choose(page, "song")
    next(one for one in page.text_input if one.label == "Song").set_value("Song 3")
    page.run(timeout=PATIENCE_S)
    assert "Like Jazz Band 0 – Song 3" in words(page)
    next(one for one in page.multiselect if one.label == "Genres").set_value(["jazz"])
    page.run(timeout=PATIENCE_S)
    assert HOSTILE in words(page)  # As it is written, and nothing of it is obeyed.
    press(page, "Add")
    press(page, "Add")
    assert [one.label for one in page.button].count("Added") == 2
    assert [one.label for one in page.get("download_button")] == ["M3U", "JSPF", "CSV"]
    choose(page, "list")
    assert "1. **" in words(page)
    press(page, "Keep as a playlist")
    press(page, "")
    assert len([line for line in words(page).splitlines() if line.startswith(("1. J", "2. J"))]) <= 1


def test_a_like_and_a_hidden_artist_are_kept_and_can_be_taken_back(client: Client) -> None:
    page = opened(recommend)
    press(page, "Like")
    press(page, "Never this artist", 5)
    given = client.feedback("Ada (demo)")
    assert [(one.kind, one.subject) for one in given] == [("hide", "artist"), ("like", "track")]
    assert given[0].name not in "\n".join(line for line in words(page).splitlines() if line[:1].isdigit())
    press(page, "Take back")
    press(page, "Take back")
    assert client.feedback("Ada (demo)") == []


def test_what_is_wrong_with_a_filter_is_a_sentence(client: Client) -> None:
    page = opened(recommend)
    next(one for one in page.text_input if one.label == "Years").set_value("long ago")
    page.run(timeout=PATIENCE_S)
    assert not page.exception and len(page.warning) == 1 and "long ago" in page.warning[0].value


def test_an_empty_home_has_nobody_and_nothing_to_search(lab: Lab, tmp_path: Any) -> None:
    lab.at(create_app(Settings(home=tmp_path)))
    page = opened(recommend)
    assert not page.get("download_button")
    next(one for one in page.text_input if one.label == "Song").set_value("anything")
    page.run(timeout=PATIENCE_S)
    assert not page.exception and "no tracks yet" in words(page)


def test_a_list_as_a_file_has_its_tracks_and_no_formula(client: Client) -> None:
    tracks = client.recommend(listener="Ada (demo)", k=3).tracks
    made = drawn.as_playlist("=1+1", "Ada", tracks)
    assert m3u(made).count("#EXTINF:200,") == 3
    assert [one["title"] for one in json.loads(jspf(made))["playlist"]["track"]] == [one.track_name for one in tracks]
    assert drawn.csv(tracks).decode().startswith('"artist_name","track_name"')
