from itertools import combinations
from typing import Any

import pandas as pd

from tonearm.columns import COLUMNS, FEATURES

NAME = "my_tracks_features_bronze_synthetic"
AT = "2024-01-01T10:00"


def test_nothing_is_invented_unless_it_is_allowed(silver: Any, record: Any) -> None:
    assert silver([record(AT)], allowed=["real", "catalogue", "imputed"]).rows(NAME) == []
    assert len(silver([record(AT)], allowed=["synthetic"]).rows(NAME)) == 1


def test_a_track_has_the_same_features_whatever_else_was_heard(silver: Any, record: Any) -> None:
    alone = silver([record(AT, "Song")], allowed=["synthetic"]).rows(NAME)
    among = silver([record(AT, f"Song{n}") for n in range(9)] + [record(AT, "Song")], allowed=["synthetic"]).rows(NAME)
    assert len(among) == 10 and alone[0] in among


def test_features_are_spread_over_their_ranges_and_tell_nothing_of_one_another(silver: Any, record: Any) -> None:
    history = [record(AT, f"Song {n}", artist=f"Band {n % 50}") for n in range(1000)]
    rows = pd.DataFrame(silver(history, allowed=["synthetic"]).rows(NAME))
    for feature in FEATURES:
        known = COLUMNS[feature]
        assert rows[feature].between(known.low, known.high).all()
        quarters = pd.cut(rows[feature], 4).value_counts()
        assert quarters.between(180, 320).all()
    # Of 28 pairs of nothing but chance the largest correlation of 1,000 rows stays below four standard errors.
    correlations = rows[list(FEATURES)].corr()
    assert max(abs(correlations.loc[a, b]) for a, b in combinations(FEATURES, 2)) < 4 / 1000**0.5
