from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tonearm.columns import FEATURES
from tonearm.engine.duckdb import Engine
from tonearm.gold.diagnostic import feature_correlations as module
from tonearm.gold.diagnostic.feature_correlations import PAIRS, feature_correlations, ranks

Row = dict[str, Any]
Rows = Callable[..., list[Row]]
NewListen = Callable[..., Row]
Features = Callable[..., Row]


@pytest.fixture(scope="session")
def pairs(rows_of: Rows) -> Callable[[list[Row]], dict[tuple[str, str], Row]]:
    """The rows of the listens' only listener by pair."""

    def found(listens: list[Row]) -> dict[tuple[str, str], Row]:
        rows = rows_of(feature_correlations, listens, "feature_a", "feature_b")
        return {(r["feature_a"], r["feature_b"]): r for r in rows}

    return found


@pytest.fixture(scope="session")
def heard(listen: NewListen, featured: Features) -> Callable[..., list[Row]]:
    """One listen of a track by an artist of its own for each value of energy and valence."""

    def listens(energy: Any, valence: Any, per_artist: int = 1, **columns: Any) -> list[Row]:
        values = enumerate(zip(energy, valence, strict=True))
        return [
            listen(
                "2024-01-01T10:00",
                **{"track": 10 * k, "artist_id": k // per_artist, **featured(0.5, energy=e, valence=v), **columns},
            )
            for k, (e, v) in values
        ]

    return listens


def unrelated(n: int) -> Any:
    return np.random.default_rng(2).random((2, n))


def test_there_are_28_pairs_and_a_track_counts_once_however_often_it_was_heard(pairs: Any, heard: Any) -> None:
    listens = heard([0.1, 0.2, 0.4], [0.3, 0.9, 0.8])
    found = pairs([*listens, *heard([0.1], [0.3]), *heard([0.1], [0.3])])
    assert tuple(sorted(found)) == tuple(sorted(PAIRS))
    row = found["energy", "valence"]
    assert (row["measured_tracks"], row["measured_artists"], row["strength"]) == (3, 3, "insufficient")
    assert row["pearson_r"] == pytest.approx(stats.pearsonr([0.1, 0.2, 0.4], [0.3, 0.9, 0.8]).statistic)
    assert row["spearman_r"] == pytest.approx(0.5)
    assert (row["pearson_low"], row["spearman_high"], row["spearman_p_corrected"]) == (None, None, None)


def test_with_one_track_an_artist_the_interval_is_near_the_textbooks(pairs: Any, heard: Any) -> None:
    x, noise = unrelated(400)
    y = x / 2 + noise / 2
    row = pairs(heard(x, y))["energy", "valence"]
    textbook = stats.pearsonr(x, y)
    low, high = textbook.confidence_interval(0.95)
    assert row["pearson_r"] == pytest.approx(textbook.statistic)
    assert row["spearman_r"] == pytest.approx(stats.spearmanr(x, y).statistic)
    assert (row["pearson_low"], row["pearson_high"]) == pytest.approx((low, high), abs=0.01)
    assert row["pearson_high"] - row["pearson_low"] >= (high - low) - 1e-6
    assert row["strength"] == "strong"


def test_ten_tracks_of_an_artist_that_are_alike_count_little_more_than_one(pairs: Any, heard: Any) -> None:
    x, noise = unrelated(40)
    y = 0.4 * x + 0.6 * noise
    each, repeated = pairs(heard(x, y)), pairs(heard(np.repeat(x, 10), np.repeat(y, 10), per_artist=10))
    one, ten = (found["energy", "valence"] for found in (each, repeated))
    assert (one["measured_artists"], ten["measured_artists"], ten["measured_tracks"]) == (40, 40, 400)
    of_one, of_ten = (row["spearman_high"] - row["spearman_low"] for row in (one, ten))
    as_if_independent = 2 * 1.96 * (1 - ten["spearman_r"] ** 2) / np.sqrt(400 - 3)
    assert of_ten == pytest.approx(of_one, rel=0.2)
    assert of_ten > 2 * as_if_independent


def test_unrelated_features_are_not_shown_and_a_clear_trend_is(pairs: Any, heard: Any) -> None:
    assert pairs(heard(*unrelated(60)))["energy", "valence"]["strength"] == "not_shown"
    x = np.linspace(0, 1, 30)
    falling = pairs(heard(x, 1 - x**3))["energy", "valence"]
    assert falling["spearman_r"] == pytest.approx(-1)
    assert (falling["spearman_high"] < -0.9, falling["strength"]) == (True, "strong")


def test_a_constant_feature_has_no_correlation_and_says_why(pairs: Any, heard: Any) -> None:
    found = pairs(heard(np.linspace(0, 1, 20), [0.1] * 20))
    row = found["energy", "valence"]
    assert (row["pearson_r"], row["spearman_r"], row["spearman_p_corrected"], row["strength"]) == (
        *(None, None, None, "constant"),
    )
    assert row["measured_tracks"] == 20


def test_pairs_use_the_tracks_that_have_both(pairs: Any, heard: Any) -> None:
    x, y = unrelated(30)
    listens = heard(x, y)
    listens[0]["energy"] = None
    listens[1]["tempo"] = None
    found = pairs(listens)
    assert [
        found[p]["measured_tracks"] for p in (("energy", "valence"), ("valence", "tempo"), ("energy", "tempo"))
    ] == [
        *(29, 29, 28),
    ]
    assert found["energy", "valence"]["spearman_r"] == pytest.approx(stats.spearmanr(x[1:], y[1:]).statistic)


def test_listeners_without_measured_features_keep_rows_that_say_so(
    rows_of: Rows, listen: NewListen, heard: Any, featured: Features
) -> None:
    listens = [
        listen("2024-01-01T10:00", listener="ann"),
        listen("2024-01-02T10:00", track=2, listener="ann"),
        listen("2024-01-01T10:00", listener="bob", **featured(0.3, "imputed")),
        *heard(*unrelated(12), listener="cy"),
    ]
    rows = rows_of(feature_correlations, listens, "listener")
    assert len(rows) == 3 * 28
    for row in rows[: 2 * 28]:
        assert (row["measured_tracks"], row["measured_artists"], row["spearman_r"]) == (0, 0, None)
        assert row["strength"] == "insufficient"
    assert [r for r in rows if r["listener"] == "cy" and r["measured_tracks"] != 12] == []
    assert rows_of(feature_correlations, [], "listener") == []


def test_no_more_tracks_than_the_sample_reach_the_second_step(
    engine: Engine, listens_table: Any, heard: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TRACKS", 5)
    listens_table(heard(*unrelated(8)))
    kept = engine.dicts(engine.compiled(feature_correlations, "listening_with_features"))
    assert sorted(r["track_id"] for r in kept) == [0, 10, 20, 30, 40]


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 5)), max_size=40))
def test_ranks_are_scipys_within_each_group(values: list[tuple[int, int]]) -> None:
    group = np.array([g for g, _ in values], dtype=np.int64)
    value = np.array([float(v) for _, v in values])
    found = ranks(value, group)
    for g in set(group):
        assert list(found[group == g]) == list(stats.rankdata(value[group == g]))


@settings(max_examples=10, deadline=None)
@given(st.lists(st.lists(st.integers(0, 4), min_size=8, max_size=8), min_size=3, max_size=15))
def test_every_coefficient_is_scipys(pairs: Any, listen: NewListen, tracks: list[list[int]]) -> None:
    values = np.array(tracks) / 4
    listens = [
        listen(
            "2024-01-01T10:00", track=10 * k, **dict(zip(FEATURES, row.tolist(), strict=True)), feature_source="real"
        )
        for k, row in enumerate(values)
    ]
    for (a, b), row in pairs(listens).items():
        x, y = values[:, FEATURES.index(a)], values[:, FEATURES.index(b)]
        if np.ptp(x) == 0 or np.ptp(y) == 0:
            assert (row["pearson_r"], row["spearman_r"], row["strength"]) == (None, None, "constant")
        else:
            assert row["pearson_r"] == pytest.approx(np.corrcoef(x, y)[0, 1])
            assert row["spearman_r"] == pytest.approx(stats.spearmanr(x, y).statistic)


def test_few_artists_with_most_of_the_tracks_are_weaker_evidence_than_many(
    rows_of: Rows, listen: NewListen, featured: Features
) -> None:
    rng = np.random.default_rng(6)
    values = rng.normal(0.5, 0.1, (60, 2)).clip(0, 1)

    def interval(artists: list[int]) -> float:
        listens = [
            listen("2024-01-01T09:00", track=k, artist_id=artist, **featured(0.5, valence=v, energy=e))
            for k, (artist, (v, e)) in enumerate(zip(artists, values, strict=True))
        ]
        rows = rows_of(feature_correlations, listens, "feature_a", "feature_b")
        (row,) = (r for r in rows if (r["feature_a"], r["feature_b"]) == ("energy", "valence"))
        assert (row["measured_artists"], row["strength"]) == (20, "not_shown")
        assert row["spearman_detectable"] > (row["spearman_high"] - row["spearman_low"]) / 2
        return float(row["spearman_high"] - row["spearman_low"])

    assert interval([k % 20 for k in range(60)]) < interval([max(k - 40, 0) for k in range(60)])
