"""A home that is asked: scores for a history or a track, and what they are the sum of."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from tests.models import listed
from tests.recommend import homes
from tonearm.errors import UnknownName
from tonearm.recommend import catalogue
from tonearm.recommend.home import Home, open_home
from tonearm.recommend.interactions import Interactions
from tonearm.recommend.model import BASELINES
from tonearm.recommend.signals import NAMES
from tonearm.settings import load_settings

FAIR = {name: np.ones(len(NAMES)) for name in BASELINES}


@cache
def home() -> Home:
    tables = homes.tables()
    return Home(catalogue.items(tables), catalogue.histories(tables), FAIR, dict.fromkeys(FAIR, "model"))


def scene() -> np.ndarray:
    numbers = pd.to_numeric(home().items.artist_name.str.removeprefix("Artist "), errors="coerce")
    return (numbers >= homes.PER_SCENE).to_numpy()


def test_unheard_tracks_of_the_listeners_scene_come_first() -> None:
    scores = home().scores(home().history("l"))
    unheard = ~home().has_heard("l")
    first = np.argsort(-np.where(unheard, scores, -np.inf))[:20]
    assert not scene()[first].any()


def test_what_goes_with_a_track_is_of_its_scene() -> None:
    for seed in np.flatnonzero(home().items.is_listed)[[5, 100, 200]]:
        scores = home().similar(seed)
        scores[seed] = -np.inf
        assert (scene()[np.argsort(-scores)[:10]] == scene()[seed]).all()


def test_a_track_outside_the_home_is_placed_by_what_is_known_of_it() -> None:
    lively = home().similar_to({"energy": 0.75, "valence": 0.75, "danceability": 0.75, "acousticness": 0.25})
    assert scene()[np.argsort(-lively)[:10]].all()
    folk = home().similar_to({"genre": "folk"})
    assert not scene()[np.argsort(-folk)[:10]].any()
    by_artist = replace(home(), weights={"song": np.equal(NAMES, "artist").astype(float)})
    own = by_artist.similar_to({"artist_id": home().items.artist_id[home().items.is_listed].iloc[7]})
    assert (home().items.artist_id[own > 0] == home().items.artist_id[home().items.is_listed].iloc[7]).all()
    assert (own > 0).sum() == listed.PER_ARTIST


def test_reasons_add_up_to_the_score() -> None:
    history = home().history("l")
    scores = home().scores(history)
    for place in np.argsort(-scores)[:5]:
        assert sum(one.amount for one in home().explain(history, place)) == pytest.approx(scores[place])
    assert sum(one.amount for one in home().explain_similar(9, 12)) == pytest.approx(home().similar(9)[12])


def test_an_artist_is_a_reason_for_its_other_tracks_once() -> None:
    history = home().history("l")
    other = int(np.flatnonzero((home().items.artist_name == "Artist 0") & (history == 0))[0])
    why = home().explain(history, other)
    assert {home().items.artist_name[one.place] for one in why if one.signal == "artist"} == {"Artist 0"}
    by_artists = {home().items.artist_name[one.place] for one in why if one.signal == "artists"}
    assert len(by_artists) > 1
    assert "Artist 0" not in by_artists


def test_versions_of_a_heard_song_were_heard() -> None:
    heard = home().items[home().has_heard("l")]
    assert len(heard) == (home().listens("l") > 0).sum()
    assert heard.artist_name.isin(["Nobody", *(f"Artist {a}" for a in range(homes.PER_SCENE))]).all()


def test_a_title_that_was_heard_once_and_stands_in_no_catalogue_is_not_offered() -> None:
    items = home().items
    assert not home().is_offered[items.artist_name == "Nobody"].any()
    assert home().is_offered[items.is_listed].all()


def test_who_or_what_is_unknown_is_named() -> None:
    with pytest.raises(UnknownName, match="no listener 'l2'; did you mean l"):
        home().history("l2")
    with pytest.raises(UnknownName, match="no track '17'"):
        home().places(17)


def test_a_home_without_tables_has_nothing_to_recommend(tmp_path: Path) -> None:
    found = open_home(load_settings(tmp_path / "home", {}))
    assert found.items.empty
    assert found.listeners == []
    assert found.served_by == {"song": "baseline", "listener": "baseline"}
    assert found.scores(np.zeros(0)).shape == (0,)


def test_a_track_of_an_unlisted_artist_goes_with_what_the_same_sessions_had() -> None:
    """Four of ten sessions have the unlisted artist and a lively track, and a calm one is in two of them by chance."""
    items = home().items
    unlisted = int(np.flatnonzero(items.artist_name == "Nobody")[0])
    lively, calm = (int(np.flatnonzero(items.is_listed & (scene() == is_lively))[0]) for is_lively in (True, False))
    counts = np.zeros((10, len(items)), np.float32)
    counts[:4, [unlisted, lively]] = 1
    counts[2:, calm] = 1
    asked = replace(
        home(), read_sessions=lambda: Interactions(sp.csr_matrix(counts), np.arange(10), items.track_id.to_numpy())
    )
    companions = asked.companions(unlisted)
    assert companions is not None
    assert {int(place): companions[place] for place in np.flatnonzero(companions)} == {lively: 4.0}
    assert scene()[np.argsort(-asked.similar(unlisted))[1:10]].all()
    why = asked.explain_similar(unlisted, lively)
    assert sum(one.amount for one in why) == pytest.approx(asked.similar(unlisted)[lively])


def test_a_track_of_a_listed_artist_stands_for_itself() -> None:
    items = home().items
    listed_one = int(np.flatnonzero(items.is_listed)[0])
    counts = sp.csr_matrix(np.ones((3, len(items)), np.float32))
    asked = replace(home(), read_sessions=lambda: Interactions(counts, np.arange(3), items.track_id.to_numpy()))
    assert asked.companions(listed_one) is None
    np.testing.assert_array_equal(asked.similar(listed_one), home().similar(listed_one))
