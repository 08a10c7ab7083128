"""What tracks are like: vectors of sound and genre, and the angle between them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from tonearm.columns import FEATURES
from tonearm.recommend.content import SOUND, Content, Space
from tonearm.recommend.interactions import Interactions


def tracks() -> pd.DataFrame:
    """Two calm ones, a lively one, one of the first artist that was not measured, and one of which nothing is known."""
    level = np.array([0.1, 0.2, 0.9, np.nan, np.nan])
    rows = pd.DataFrame(dict.fromkeys(FEATURES, level)).assign(year=[1980, 1990, 2010, None, None])
    return rows.assign(
        artist_id=[1, 2, 3, 1, 4],
        genre=["folk", "folk", "techno", None, None],
        subgenre=["indie folk", "old folk", "acid", None, None],
        feature_source=["catalogue", "catalogue", "real", None, None],
    )


def interactions(vectors: sp.csr_matrix) -> Interactions:
    n = vectors.shape[0]
    return Interactions(sp.csr_matrix(np.eye(n, dtype=np.float32)), np.arange(n), np.arange(n), vectors)


def test_features_are_in_standard_deviations_and_genres_columns() -> None:
    vectors = Space.of(tracks()).vectors(tracks()).toarray()
    assert vectors.shape == (5, len(SOUND) + 5)
    assert vectors[:3, : len(SOUND)].mean(axis=0) == pytest.approx(0, abs=1e-6)
    assert vectors[:3, : len(SOUND)].std(axis=0) == pytest.approx(1, abs=1e-6)
    assert vectors[:3, len(SOUND) :].sum(axis=1).tolist() == [2, 2, 2]


def test_a_track_that_was_not_measured_is_like_its_artists_others() -> None:
    vectors = Space.of(tracks()).vectors(tracks()).toarray()
    assert vectors[3] == pytest.approx(vectors[0])
    assert not vectors[4].any()


def test_an_estimate_is_no_measurement() -> None:
    rows = tracks().assign(feature_source="imputed")
    assert not Space.of(rows).vectors(rows).toarray()[:, : len(SOUND)].any()


def test_a_track_outside_the_catalogue_has_a_vector_by_what_is_known() -> None:
    space = Space.of(tracks())
    known = tracks().iloc[2]
    assert space.vector_of(known.to_dict()).toarray()[0] == pytest.approx(space.vectors(tracks()).toarray()[2])
    folk = space.vector_of({"genre": "folk", "tempo": None}).toarray()[0]
    assert folk.sum() == 1
    assert not space.vector_of({"genre": "never heard of"}).toarray().any()


def test_calm_tracks_are_near_calm_ones() -> None:
    fitted = Content().fit(interactions(Space.of(tracks()).vectors(tracks())))
    near = fitted.similar(np.array([0]))[0]
    assert near[0] == pytest.approx(1)
    assert near[1] > 0 > near[2]
    assert near[4] == 0


def test_contributions_are_the_score() -> None:
    fitted = Content().fit(interactions(Space.of(tracks()).vectors(tracks())))
    history = sp.csr_matrix(np.array([[3.0, 1.0, 0.0, 0.0, 0.0]], np.float32))
    for item in range(5):
        added = fitted.contributions(history, item)
        assert sum(one.amount for one in added) == pytest.approx(fitted.scores(history)[0, item], abs=1e-6)
    assert [one.column for one in fitted.contributions(history, 1)] == [0, 1]


def test_what_was_fitted_is_restored_from_its_arrays() -> None:
    fitted = Content().fit(interactions(Space.of(tracks()).vectors(tracks())))
    again = Content().restore(fitted.arrays())
    assert (again.similar(np.arange(5)) == fitted.similar(np.arange(5))).all()
