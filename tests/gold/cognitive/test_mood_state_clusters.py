from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_score

from tonearm.columns import FEATURES
from tonearm.gold.cognitive.k_means import MANY_STARTS, distances, k_means, rand_indices, silhouettes
from tonearm.gold.cognitive.mood_state_clusters import (
    RESAMPLES,
    SAMPLE,
    SHUFFLES,
    Sample,
    drawings,
    elbow,
    mood_state_clusters,
    tries,
    unique_names,
)

Row = dict[str, Any]
Rows = Callable[..., list[Row]]
NewListen = Callable[..., Row]

GRAIN = ("listener", "persona")
CALM = dict(zip(FEATURES, (0.3, 0.2, 0.3, 0.9, 0.5, 0.05, -20, 90), strict=True))
LOUD = dict(zip(FEATURES, (0.6, 0.9, 0.6, 0.1, 0.1, 0.05, -5, 130), strict=True))
SPREAD = dict(zip(FEATURES, (0.05, 0.05, 0.05, 0.05, 0.05, 0.01, 1.5, 6), strict=True))


def heard(listen: NewListen, middle: Row, tracks: range, times: int = 1, seed: int = 1, **columns: Any) -> list[Row]:
    """Each of ``tracks`` so many ``times``, its features scattered about ``middle``; five tracks to an artist."""
    rng = np.random.default_rng((seed, tracks.start))
    rows = []
    for track in tracks:
        features = {f: middle[f] + float(rng.normal(0, SPREAD[f])) for f in FEATURES}
        about = {"artist_id": track // 5, "feature_source": "real", **features, **columns}
        rows += [listen("2024-01-01T10:00", track=track, **about) for _ in range(times)]
    return rows


def test_two_kinds_of_music_are_two_personas(rows_of: Rows, listen: NewListen) -> None:
    listens = heard(listen, LOUD, range(100)) + heard(listen, CALM, range(100, 150), times=4)
    loud, calm = rows_of(mood_state_clusters, listens, *GRAIN)
    assert (loud["persona"], loud["tracks"], loud["artists_sampled"], loud["listens"]) == (1, 100, 20, 100)
    assert (calm["persona"], calm["tracks"], calm["artists_sampled"], calm["listens"]) == (2, 50, 10, 200)
    assert (loud["tracks_share_pct"], loud["sample_share_pct"]) == pytest.approx((200 / 3, 100 / 3))
    assert (calm["centroid_energy"], calm["centroid_tempo"]) == pytest.approx((0.2, 90), abs=3)
    assert {loud["evidence"], calm["evidence"]} == {"stable"}
    assert (loud["k"], loud["elbow_k"], loud["is_stable"], loud["is_separate"]) == (2, 2, True, True)
    assert (loud["shuffles"], loud["silhouette"] > loud["null_silhouette"] + 0.3) == (SHUFFLES, True)
    assert loud["stability_ari"] == pytest.approx(1)
    assert loud["persona_name"] != calm["persona_name"]
    assert {"calm", "acoustic", "quiet", "slow", "dark", "instrumental", "not for dancing"} & set(
        calm["persona_name"].split(" and ")
    )
    assert calm["in_words"].endswith(": 33 % of the tracks, 67 % of the listens.")


def test_one_kind_of_music_is_no_personas(rows_of: Rows, listen: NewListen) -> None:
    (row,) = rows_of(mood_state_clusters, heard(listen, LOUD, range(200)), *GRAIN)
    assert (row["persona"], row["persona_name"], row["is_stable"], row["evidence"]) == (0, None, False, "not_shown")
    assert (row["tracks"], row["tracks_share_pct"], row["sampled_tracks"]) == (200, 100, 200)
    assert row["centroid_energy"] == pytest.approx(0.9, abs=0.02)
    assert row["silhouette"] < row["null_silhouette"] + 0.04
    assert (row["stability_ari"], row["shuffles"]) == (None, 2)
    assert row["in_words"].startswith("No stable personas: ")


def test_a_scale_has_ends_and_no_separate_kinds(rows_of: Rows, listen: NewListen) -> None:
    rng = np.random.default_rng(2)
    shades = [{f: CALM[f] + shade * (LOUD[f] - CALM[f]) for f in FEATURES} for shade in rng.normal(0.5, 0.2, 300)]
    listens = [row for n, shade in enumerate(shades) for row in heard(listen, shade, range(n, n + 1))]
    rows = rows_of(mood_state_clusters, listens, *GRAIN)
    assert {row["evidence"] for row in rows} == {"stable"}
    assert all(row["is_separate"] is False for row in rows)
    assert all(row["in_words"].endswith("an end of a scale rather than a kind of its own.") for row in rows)


def test_a_single_album_of_another_kind_is_no_persona(rows_of: Rows, listen: NewListen) -> None:
    album = heard(listen, CALM, range(200, 212), artist_id=999)
    rows = rows_of(mood_state_clusters, heard(listen, LOUD, range(150)) + album, *GRAIN)
    assert [row["evidence"] for row in rows] == ["not_shown"]


def test_few_tracks_or_artists_are_too_little(rows_of: Rows, listen: NewListen) -> None:
    listens = [
        *heard(listen, LOUD, range(60), listener="few"),
        *heard(listen, LOUD, range(60), listener="one artist", artist_id=1),
        *heard(listen, CALM, range(60, 120), listener="one artist", artist_id=1),
    ]
    few, one = rows_of(mood_state_clusters, listens, *GRAIN)
    assert (few["evidence"], few["tracks"], few["k"], few["silhouette"]) == ("insufficient", 60, None, None)
    assert few["in_words"] == "Not enough data: 60 measured tracks by 12 artists; 100 and 10 are needed."
    assert (one["evidence"], one["tracks"], one["artists_sampled"]) == ("insufficient", 120, 1)


def test_only_measured_tracks_count_and_nobody_is_left_out(rows_of: Rows, listen: NewListen) -> None:
    listens = [
        *heard(listen, LOUD, range(2), listener="ann"),
        listen("2024-01-01T10:00", listener="ann"),
        *heard(listen, LOUD, range(150), listener="bob", feature_source="imputed"),
        listen("2024-01-01T10:00", listener="cy"),
    ]
    ann, bob, cy = rows_of(mood_state_clusters, listens, *GRAIN)
    assert (ann["tracks"], ann["measured_tracks"], ann["measured_share_pct"]) == (2, 2, pytest.approx(200 / 3))
    for row in (bob, cy):
        assert (row["evidence"], row["tracks"], row["tracks_share_pct"]) == ("insufficient", 0, None)
        assert (row["measured_tracks"], row["measured_share_pct"], row["centroid_energy"]) == (0, 0, None)


def test_a_feature_that_never_varies_or_is_hardly_known_is_left_out(rows_of: Rows, listen: NewListen) -> None:
    constant = {"speechiness": 0.05, "tempo": None}
    listens = heard(listen, LOUD, range(100), **constant) + heard(listen, CALM, range(100, 150), **constant)
    loud, calm = rows_of(mood_state_clusters, listens, *GRAIN)
    assert (loud["tracks"], calm["tracks"], loud["centroid_tempo"]) == (100, 50, None)
    alike = [listen("2024-01-01T10:00", track=n, artist_id=n, feature_source="real", **LOUD) for n in range(150)]
    (row,) = rows_of(mood_state_clusters, alike, *GRAIN)
    assert (row["evidence"], row["tracks"]) == ("insufficient", 150)


def test_who_hears_the_same_tracks_has_the_same_personas(rows_of: Rows, listen: NewListen) -> None:
    both = heard(listen, LOUD, range(100)) + heard(listen, CALM, range(100, 150))
    others = heard(listen, LOUD, range(100), listener="bob", times=2)
    others += heard(listen, CALM, range(100, 150), listener="bob")
    rows = rows_of(mood_state_clusters, both[::-1] + others, *GRAIN)
    differs = ("listener", "listens", "sample_share_pct", "in_words")
    ann, bob = ([{k: v for k, v in r.items() if k not in differs} for r in part] for part in (rows[:2], rows[2:]))
    assert ann == bob


def test_of_many_tracks_those_with_the_smallest_ids_are_taken(rows_of: Rows, listen: NewListen) -> None:
    listens = heard(listen, LOUD, range(SAMPLE)) + heard(listen, CALM, range(SAMPLE, SAMPLE + 100))
    (row,) = rows_of(mood_state_clusters, listens, *GRAIN)
    assert (row["sampled_tracks"], row["measured_tracks"]) == (SAMPLE, SAMPLE + 100)
    assert row["centroid_energy"] == pytest.approx(0.9, abs=0.02)


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 5), st.integers(6, 30), st.integers(0, 1000))
def test_the_silhouette_is_that_of_scikit_learn(k: int, n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(n, 3))
    groups = np.concatenate([np.arange(k), rng.integers(0, k, n - k)])
    if k < n:
        (found,) = silhouettes(distances(points), groups[None], k)
        assert found == pytest.approx(silhouette_score(points, groups), abs=1e-6)


def blobs(rng: np.random.Generator, n: int = 60) -> Any:
    """So many points about each of three far corners."""
    return np.concatenate([rng.normal(corner, 1, (n, 3)) for corner in (0, 20, 50)])


def test_every_matrix_is_put_into_groups_as_by_scikit_learn() -> None:
    rng = np.random.default_rng(3)
    points = np.stack([blobs(rng), rng.permuted(blobs(rng), axis=0)])
    weights = rng.integers(0, 3, (2, 4, points.shape[1])).astype(float)
    groups, inertia = k_means(points, 3, weights)
    for matrix, drawing in np.ndindex(2, 4):
        one, counts = points[matrix], weights[matrix, drawing]
        known = KMeans(3, n_init=10, random_state=0).fit(one, sample_weight=counts)
        has_groups = matrix == 0
        assert inertia[matrix, drawing] == pytest.approx(known.inertia_, rel=1e-3 if has_groups else 0.05)
        if has_groups:
            assert adjusted_rand_score(known.predict(one), groups[matrix, drawing]) == pytest.approx(1)


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 5), st.integers(0, 1000))
def test_every_row_is_in_the_group_whose_mean_is_nearest(k: int, seed: int) -> None:
    points = blobs(np.random.default_rng(seed), 12)
    ((groups,),), _ = k_means(points[None], k)
    means = np.stack([points[groups == g].mean(axis=0) for g in range(k)])
    assert (((points[:, None] - means) ** 2).sum(axis=2).argmin(axis=1) == groups).all()


def test_many_starts_leave_as_little_scatter_as_a_hundred_of_scikit_learn() -> None:
    rng = np.random.default_rng(5)
    for _ in range(10):
        points = rng.normal(size=(8, 8))[rng.integers(0, 8, 300)] * 1.2 + rng.normal(size=(300, 8))
        points[:, 3] = np.exp(points[:, 3])
        for k in (2, 5):
            best = KMeans(k, n_init=100, random_state=0).fit(points).inertia_
            assert k_means(points[None], k, starts=MANY_STARTS)[1].item() <= 1.005 * best


def test_fewer_different_rows_than_groups_leave_groups_empty() -> None:
    points = np.array([[0.0, 0.0]] * 4 + [[1.0, 1.0]] * 3)
    ((groups,),), ((inertia,),) = k_means(points[None], 4)
    assert (adjusted_rand_score([0] * 4 + [1] * 3, groups), inertia) == (1, 0)


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 5), st.integers(2, 30), st.integers(0, 1000))
def test_the_rand_index_is_that_of_scikit_learn(k: int, n: int, seed: int) -> None:
    groups, *others = np.random.default_rng(seed).integers(0, k, (4, n))
    known = [adjusted_rand_score(groups, other) for other in others]
    assert rand_indices(groups, np.stack(others), k).tolist() == pytest.approx(known)


def test_whole_artists_are_drawn_and_as_many_as_there_are() -> None:
    artist = np.array([7, 7, 3, 3, 3, 5])
    drawn = drawings(artist, 50, np.random.default_rng(1))
    assert (drawn[:, 0] == drawn[:, 1]).all() and (drawn[:, 2:5] == drawn[:, 2:3]).all()
    assert set(drawn[:, [0, 2, 5]].sum(axis=1)) == {3}


def of_artists(points: Any) -> Sample:
    """``points`` as the tracks of artists with six each."""
    n = len(points)
    return Sample(points, points, list(range(points.shape[1])), np.arange(n) // 6, np.ones(n))


def test_the_rest_is_asked_only_of_groups_that_may_be_personas() -> None:
    rng = np.random.default_rng(4)
    (tried,) = tries([of_artists(blobs(rng))])
    by_k = {one.k: one for one in tried}
    assert (len(by_k[3].chance), len(by_k[3].agreements), by_k[3].is_publishable) == (SHUFFLES, RESAMPLES, True)
    assert (len(by_k[5].chance), by_k[5].is_publishable) == (2, False)


def test_what_is_tried_of_one_listener_does_not_depend_on_the_others() -> None:
    rng = np.random.default_rng(6)
    samples = [of_artists(blobs(rng, n)) for n in (60, 40, 61, 55)]
    samples += [of_artists(rng.normal(size=(n, 8))) for n in (180, 120, 177)]
    together = tries(samples)
    for one, found in zip(samples, together, strict=True):
        (alone,) = tries([one])
        assert [(t.silhouette, t.chance, t.agreements) for t in alone] == [
            (t.silhouette, t.chance, t.agreements) for t in found
        ]


def test_shuffled_tracks_are_no_personas() -> None:
    rng = np.random.default_rng(5)
    shuffled = [of_artists(rng.permuted(blobs(rng), axis=0)) for _ in range(10)]
    assert not [one for tried in tries(shuffled) for one in tried if one.is_publishable]


def test_the_elbow_is_where_the_scatter_stops_falling_steeply() -> None:
    assert elbow([100, 40, 15, 12, 10]) == 3
    assert elbow([100, 30, 25, 20, 15]) == 2


def test_names_say_what_stands_out_and_differ() -> None:
    energy, acousticness, tempo = (FEATURES.index(f) for f in ("energy", "acousticness", "tempo"))
    used = [energy, acousticness, tempo]
    centroids = np.array([[-2.0, 1.0, 0.3], [-1.5, 1.2, -0.4], [1.0, 0.1, 0.2], [0, 0, 0], [0, 0, 0]])
    assert unique_names(centroids, used) == [
        "calm and acoustic",
        "calm, acoustic and slow",
        "energetic",
        "in the middle",
        "in the middle (5)",
    ]
