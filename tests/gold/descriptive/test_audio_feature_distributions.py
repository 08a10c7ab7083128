from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tonearm.columns import FEATURES
from tonearm.gold.descriptive.audio_feature_distributions import PERCENTILES, audio_feature_distributions

Row = dict[str, Any]
Rows = Callable[..., list[Row]]
NewListen = Callable[..., Row]
Features = Callable[..., Row]

GRAIN = ("listener", "feature", "weighted_by")


def of_feature(rows: list[Row], feature: str, weighted_by: str) -> Row:
    (row,) = [r for r in rows if (r["feature"], r["weighted_by"]) == (feature, weighted_by)]
    return row


def test_by_listens_a_track_counts_as_often_as_it_was_heard_and_by_tracks_once(
    rows_of: Rows, listen: NewListen, featured: Features
) -> None:
    often = [listen(f"2024-01-0{day}T10:00", track=1, **featured(0.2)) for day in (1, 2, 3)]
    rows = rows_of(audio_feature_distributions, [*often, listen("2024-01-04T10:00", track=2, **featured(0.8))], *GRAIN)
    assert len(rows) == len(FEATURES) * 2
    by_listens, by_tracks = (of_feature(rows, "energy", w) for w in ("listens", "tracks"))
    assert (by_listens["n"], by_tracks["n"]) == (4, 2)
    assert by_listens["mean"] == pytest.approx(0.35)
    assert by_tracks["mean"] == pytest.approx(0.5)
    assert by_listens["stddev"] == pytest.approx(np.std([0.2, 0.2, 0.2, 0.8], ddof=1))
    assert (by_listens["median"], by_listens["p75"], by_listens["p95"]) == (0.2, 0.2, 0.8)
    assert (by_tracks["min"], by_tracks["median"], by_tracks["max"]) == (0.2, 0.2, 0.8)


def test_a_single_observation_has_no_stddev(rows_of: Rows, listen: NewListen, featured: Features) -> None:
    rows = rows_of(audio_feature_distributions, [listen("2024-01-01T10:00", **featured(0.4))], *GRAIN)
    row = of_feature(rows, "valence", "listens")
    assert (row["n"], row["mean"], row["stddev"], row["p05"], row["p95"]) == (1, 0.4, None, 0.4, 0.4)


def test_only_measured_features_count_and_the_shares_tell_of_the_rest(
    rows_of: Rows, listen: NewListen, featured: Features
) -> None:
    listens = [
        listen("2024-01-01T10:00", track=1, **featured(0.4, "real")),
        listen("2024-01-02T10:00", track=2, **featured(0.6, "catalogue", tempo=None)),
        listen("2024-01-03T10:00", track=3, **featured(0.9, "synthetic")),
        listen("2024-01-04T10:00", track=3, **featured(0.9, "synthetic")),
        listen("2024-01-05T10:00", track=4),
    ]
    rows = rows_of(audio_feature_distributions, listens, *GRAIN)
    by_listens, by_tracks = (of_feature(rows, "valence", w) for w in ("listens", "tracks"))
    assert (by_listens["n"], by_listens["max"]) == (2, 0.6)
    assert (by_listens["real_share_pct"], by_listens["synthetic_share_pct"]) == pytest.approx((20, 40))
    assert (by_tracks["real_share_pct"], by_tracks["synthetic_share_pct"]) == pytest.approx((25, 25))
    assert of_feature(rows, "tempo", "listens")["n"] == 1


def test_a_listener_without_measured_features_has_no_rows(rows_of: Rows, listen: NewListen, featured: Features) -> None:
    listens = [
        listen("2024-01-01T10:00", listener="ann", **featured(0.4)),
        listen("2024-01-01T10:00", listener="bob"),
        listen("2024-01-01T10:00", listener="cy", **featured(0.4, "imputed")),
    ]
    rows = rows_of(audio_feature_distributions, listens, *GRAIN)
    assert {r["listener"] for r in rows} == {"ann"}


def test_a_percentile_that_falls_on_a_whole_number_of_listens_is_exact(
    rows_of: Rows, listen: NewListen, featured: Features
) -> None:
    listens = [listen("2024-01-01T10:00", track=k, **featured(float(k))) for k in range(1, 141)]
    rows = rows_of(audio_feature_distributions, listens, *GRAIN)
    assert of_feature(rows, "tempo", "tracks")["p05"] == 7.0


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(-40, 40), st.integers(1, 5)), min_size=1, max_size=19))
def test_the_weighted_statistics_are_those_of_the_listens_written_out(
    rows_of: Rows, listen: NewListen, featured: Features, tracks: list[tuple[int, int]]
) -> None:
    heard = [(k, value / 8, n) for k, (value, n) in enumerate(tracks)]
    listens = [
        listen("2024-01-01T10:00", track=k, **featured(value, loudness=value))
        for k, value, n in heard
        for _ in range(n)
    ]
    rows = rows_of(audio_feature_distributions, listens, *GRAIN)
    written_out = {
        "listens": [value for _, value, n in heard for _ in range(n)],
        "tracks": [value for _, value, _ in heard],
    }
    for weighted_by, values in written_out.items():
        row = of_feature(rows, "loudness", weighted_by)
        expected = np.percentile(values, list(PERCENTILES.values()), method="inverted_cdf")
        assert [row[p] for p in PERCENTILES] == list(expected)
        assert row["n"] == len(values)
        assert row["mean"] == pytest.approx(np.mean(values))
        if len(values) > 1:
            assert row["stddev"] == pytest.approx(np.std(values, ddof=1))
