"""What goes with a song: playlists are held out with all their versions and with what only they know."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.recommend import homes
from tonearm.models.evaluate import measure
from tonearm.recommend import catalogue
from tonearm.recommend.learning import weighed
from tonearm.recommend.learning.songs import folds, learn_song, ndcg, rank_songs, versions, without_genres
from tonearm.recommend.signals import NAMES


def rows() -> pd.DataFrame:
    found = catalogue.items(homes.tables())
    return found[found.is_listed].reset_index(drop=True)


def listed(*playlist_ids: str | None, genre: str = "pop") -> pd.DataFrame:
    return pd.DataFrame(
        {"track_id": range(len(playlist_ids)), "playlist_ids": playlist_ids, "genre": genre, "subgenre": genre}
    )


def test_a_playlist_and_its_copy_are_versions_of_one() -> None:
    lists = catalogue.of_playlists(listed(*["a b"] * 4, "a", "b", *["c"] * 9, "c a"))
    one, copy, other = versions(lists)
    assert one == copy != other


def test_a_genre_that_only_held_out_playlists_show_is_hidden() -> None:
    tracks = listed("a", "a", "b", "a b", None).assign(genre=["pop", "pop", "rock", "rock", "jazz"])
    lists = catalogue.of_playlists(tracks)
    hidden = without_genres(tracks, lists, lists.of_listeners(np.array([0])))
    assert hidden.genre.astype(object).where(hidden.genre.notna(), None).tolist() == ["pop", "pop", None, "pop", "jazz"]
    assert tracks.genre.tolist() == ["pop", "pop", "rock", "rock", "jazz"]


def test_held_out_playlists_are_no_evidence_of_themselves() -> None:
    known = catalogue.of_playlists(rows())
    sizes = np.asarray((known.counts > 0).sum(axis=1)).ravel()
    parts = folds(rows(), seed=1)
    assert sum(len(fold.queries) for fold in parts) == (sizes > 1).sum()
    for fold in parts:
        first, others = fold.queries[0]
        assert fold.signals.playlists.parts(np.ones(len(rows())), first)[others].sum() == 0


def test_ndcg_of_a_list_is_that_of_its_first_places() -> None:
    scores = np.array([5.0, 4.0, 3.0, 2.0, 1.0])
    assert ndcg(scores, np.array([0, 1])) == pytest.approx(1)
    assert ndcg(scores, np.array([2]), depth=4) == pytest.approx(1 / np.log2(4))
    assert ndcg(scores, np.array([4]), depth=4) == 0


def test_a_weight_that_would_be_negative_is_none() -> None:
    rng = np.random.default_rng(1)
    x = rng.random((400, len(NAMES)))
    is_right = x[:, 0] - x[:, 1] + rng.normal(0, 0.2, 400) > 0
    weights = weighed(x, is_right, np.zeros(len(NAMES)))
    assert weights[0] > 1
    assert weights[1] == 0
    assert (weights >= 0).all()


def test_the_rest_of_a_playlist_is_found_before_that_of_shuffled_ones() -> None:
    own = measure(rank_songs(rows())[0], resamples=50)[0]
    shuffled = rows().assign(playlist_ids=rows().playlist_ids.sample(frac=1, random_state=1).to_numpy())
    assert own.low is not None
    assert own.low > measure(rank_songs(shuffled)[0], resamples=50)[0].value


def test_weights_are_the_same_for_the_same_seed() -> None:
    assert (learn_song(rows(), seed=3) == learn_song(rows(), seed=3)).all()
