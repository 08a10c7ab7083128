"""Breakouts: artists whose months are made by a known process, the rules, and the reference's own table."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np
import pandas as pd
import pytest

from tests.conftest import real
from tonearm.errors import InputError, NotEnoughData
from tonearm.models.breakout import Breakout, FittedBreakout, complete_months
from tonearm.models.breakout.artist_history import REFERENCE, all_features, gathered, histories
from tonearm.models.breakout.rules import Labelled, read_rules
from tonearm.models.evaluate import measure
from tonearm.models.model import HeldOut

AS_OF = datetime(2020, 1, 10, tzinfo=UTC)
MODEL = Breakout(most_rounds=30, strengths=(0.001, 0.01), refit_months=12, least_breakouts=20)


def months_of(listens: np.ndarray, listener: str = "ann") -> pd.DataFrame:
    """Artist-months of a matrix of artists × months, from January 2015 on; one track and day for each listen."""
    artist, month = np.nonzero(listens)
    counts = listens[artist, month]
    first = (listens > 0).argmax(axis=1)
    total = listens.sum(axis=0)[month]
    return pd.DataFrame(
        {
            "listener": listener,
            "artist_id": artist,
            "month": [datetime(2015 + m // 12, m % 12 + 1, 1).date() for m in month],
            "listens": counts,
            "days_active": np.minimum(counts, 28),
            "tracks": counts,
            "new_tracks": np.where(month == first[artist], counts, 0),
            "total_listens": total,
            "share_pct": 100 * counts / total,
            "last_listen_gap_days": 3.0,
        }
    )


def made(seed: int = 0, artists: int = 130, months: int = 60) -> pd.DataFrame:
    """Artists whose listens follow a level that wanders slowly: those near core break out more often."""
    rng = np.random.default_rng(seed)
    level = np.zeros((artists, months))
    level[:, 0] = rng.normal(1, 1, artists)
    for m in range(1, months):
        level[:, m] = 0.9 * level[:, m - 1] + 0.1 + rng.normal(0, 0.45, artists)
    listens = rng.poisson(np.exp(level))
    # One artist heard all the time, so that 1 % of a month is more than 20 listens and core is about counts alone.
    listens[0] = 3000
    return months_of(listens)


@pytest.fixture(scope="module")
def examples() -> pd.DataFrame:
    return MODEL.examples({"artist_months": made()}, AS_OF)


@pytest.fixture(scope="module")
def held(examples: pd.DataFrame) -> HeldOut:
    return MODEL.held_out(examples)[0]


@pytest.fixture(scope="module")
def fitted(examples: pd.DataFrame) -> FittedBreakout:
    return MODEL.fit(examples)


def features_of(listens: list[int]) -> pd.DataFrame:
    history = next(histories(months_of(np.array([listens, [100] * len(listens)]))))
    cells = np.zeros(history.listens.shape, dtype=bool)
    cells[0] = True
    return gathered(history, cells, all_features(history, 20, 0.01))


def test_months_without_a_listen_are_months() -> None:
    features = features_of([4, 0, 0, 6])
    assert features["plays_t"].tolist() == [4, 0, 0, 6]
    assert features["plays_t_minus_1"].tolist() == [0, 4, 0, 0]
    assert features["plays_prev3_mean"].tolist() == pytest.approx([0, 4, 2, 4 / 3])
    assert features["active_months_count_before_t"].tolist() == [0, 1, 1, 1]
    assert features["trend_slope_3m"].tolist() == [0, -4, -2, 3]
    assert features["months_since_heard"].tolist() == [0, 1, 2, 0]


def test_an_artist_breaks_out_when_it_is_core_in_one_of_the_next_two_months() -> None:
    history = next(histories(months_of(np.array([[3, 3, 3, 30, 3], [5000] * 5]))))
    labelled = Labelled(history, read_rules())
    assert labelled.breaks_out()[0].tolist() == [False, True, True, False, False]
    assert labelled.is_known()[0].tolist() == [True, True, True, False, False]


def test_what_was_core_lately_is_not_predicted() -> None:
    listens = np.full((2, 14), 3)
    listens[0, 8] = 40
    listens[1] = 5000
    labelled = Labelled(next(histories(months_of(listens))), read_rules())
    among_two = msgspec.structs.replace(labelled.rules.eligibility["heard"], not_among_most_heard=0)
    eligible = labelled.is_eligible(among_two)[0]
    # Six cold-start months, two predicted, three around the core month that are not, and predicted again.
    assert eligible.tolist() == [False] * 6 + [True] * 2 + [False] * 3 + [True] * 3


def test_who_is_among_the_most_heard_does_not_break_out() -> None:
    """Artist 0 was heard most, and no more since; artist 2 has overtaken it by its fourteenth month."""
    listens = np.array([[15] * 8 + [0] * 5 + [1] * 3, [3000] * 16, [10] * 16])
    labelled = Labelled(next(histories(months_of(listens))), read_rules())
    first_two = msgspec.structs.replace(labelled.rules.eligibility["heard"], not_among_most_heard=2)
    assert labelled.history.place[:, 8].tolist() == [1, 0, 2]
    assert labelled.history.place[:, 15].tolist() == [2, 0, 1]
    assert [bool(row[15]) for row in labelled.is_eligible(first_two)] == [True, False, False]
    assert labelled.is_eligible(first_two)[2, 6:11].all()


def test_the_first_origin_is_a_january_before_which_enough_breakouts_are_known(examples: pd.DataFrame) -> None:
    origins = MODEL._origins(examples)
    assert all(origin % 12 == 0 for origin in origins) and origins
    known = examples[examples["heard"] & (examples["month_number"] <= origins[0] - 2)]
    assert known["core"].sum() >= 20
    earlier = examples[examples["heard"] & (examples["month_number"] <= origins[0] - 14)]
    assert earlier["core"].sum() < 20
    assert MODEL._origins(examples.assign(core=0)) == []


def test_the_running_month_is_dropped() -> None:
    rows = months_of(np.full((1, 6), 5))
    assert len(complete_months(rows, datetime(2015, 6, 30, 23, tzinfo=UTC))) == 5
    # At the first instant of July in UTC, June still goes on in the west.
    assert len(complete_months(rows, datetime(2015, 7, 1, tzinfo=UTC))) == 5
    assert len(complete_months(rows, datetime(2015, 7, 1, 13, tzinfo=UTC))) == 6


def test_too_little_is_refused_with_what_is_needed() -> None:
    with pytest.raises(NotEnoughData, match=r"breakout needs 20 breakouts before the last year; there are 6 months"):
        MODEL.examples({"artist_months": made(months=14)}, AS_OF)


def test_who_is_near_core_is_ranked_first(held: HeldOut) -> None:
    found = {m.metric: m for m in measure(held, resamples=20) if m.listener is None}
    assert found["roc_auc"].value > 0.8
    assert found["roc_auc"].baseline_value is not None
    assert found["roc_auc"].baseline_value > 0.8
    assert 0.5 < found["expected_to_observed"].value < 2


def test_months_are_drawn_three_at_a_time(held: HeldOut) -> None:
    assert held.period is not None
    months = pd.Series([int(period.split()[-1]) for period in held.period])
    assert months.groupby(held.block).nunique().max() == 3
    assert ((months // 3) == held.block).all()


def test_the_baseline_is_a_function_of_the_rule_alone(fitted: FittedBreakout) -> None:
    predicted = fitted.of_rule(np.array([0.0, 0.1, 0.5, 0.9]))
    assert (np.diff(predicted) > 0).all()


def test_months_after_as_of_change_nothing_that_is_learned() -> None:
    rows = made()
    as_of = datetime(2019, 1, 10, tzinfo=UTC)
    later = pd.to_datetime(rows["month"]) >= pd.Timestamp("2019-01-01")
    altered = rows.assign(listens=rows["listens"].where(~later, 9999))
    before, after = (MODEL.examples({"artist_months": frame}, as_of) for frame in (rows, altered))
    pd.testing.assert_frame_equal(before, after)
    # Labels of November and December are not known in January.
    assert before["month_number"].max() == 2018 * 12 + 9


def test_a_prediction_is_made_from_what_was_known_then(held: HeldOut, examples: pd.DataFrame) -> None:
    last = examples["month_number"].max()
    unknown = examples.assign(core=examples["core"].where(examples["month_number"] < last - 20, 0))
    (other, *_) = MODEL.held_out(unknown)
    assert held.period is not None
    known = np.array([int(period.split()[-1]) for period in held.period]) < last - 20
    assert known.any()
    np.testing.assert_array_equal(held.predicted[known], other.predicted[known])


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"plays_t": 15, "share_t": 0.004},
        {"plays_t": np.nan, "share_t": np.inf, "months_since_first_seen": "soon", "genre": "unheard of"},
    ],
)
def test_missing_features_survive(fitted: FittedBreakout, record: dict[str, object]) -> None:
    predicted = fitted.predict(pd.DataFrame([record]))
    assert predicted["probability"].between(0, 1).all()
    assert len(predicted) == 1


def test_more_listens_make_a_breakout_likelier_when_nothing_else_is_known(fitted: FittedBreakout) -> None:
    predicted = fitted.predict(pd.DataFrame({"plays_t": [1, 5, 18], "plays_prev3_mean": [1, 5, 15]}))
    assert predicted["probability"].is_monotonic_increasing


def test_the_references_names_are_enough_to_come_near(fitted: FittedBreakout, examples: pd.DataFrame) -> None:
    some = examples.sample(200, random_state=1)
    few = fitted.predict(some[list(REFERENCE)])["probability"]
    assert few.corr(fitted.predict(some)["probability"], method="spearman") > 0.7


def test_three_of_a_month_are_alerted_of_at_most(fitted: FittedBreakout, examples: pd.DataFrame) -> None:
    rows = examples.rename(columns={"month_number": "month"})
    predicted = fitted.predict(rows)
    assert predicted.groupby(rows["month"])["is_breakout"].sum().between(0, 3).all()
    everything = fitted.predict(rows, threshold=0.0)
    assert everything["is_breakout"].all()


def test_saved_and_loaded_it_says_the_same(fitted: FittedBreakout, examples: pd.DataFrame, tmp_path: Path) -> None:
    fitted.save(tmp_path)
    loaded = MODEL.load(tmp_path)
    pd.testing.assert_frame_equal(fitted.predict(examples), loaded.predict(examples))
    assert loaded.threshold == fitted.threshold
    assert {p.suffix for p in tmp_path.iterdir()} == {".json"}


def test_scores_are_of_the_last_complete_month(fitted: FittedBreakout) -> None:
    scores = fitted.scores({"artist_months": made()}, AS_OF)
    assert set(scores["at"]) == {pd.Timestamp("2020-01-01", tz="UTC")}
    assert scores["score"].is_monotonic_decreasing
    assert scores["subject_id"].is_unique


def test_the_last_month_alone_is_as_among_all_months() -> None:
    rows = complete_months(made(), AS_OF)
    every, last = MODEL.rows(rows), MODEL.rows(rows, is_last_month=True)
    newest = every.groupby("listener")["month_number"].transform("max")
    assert len(last) > 5
    pd.testing.assert_frame_equal(last, every[every["month_number"] == newest].reset_index(drop=True))


def test_rules_of_another_shape_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text("core: {plays_min: many}", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be read as rules"):
        read_rules(path)


def test_features_are_those_of_the_reference_on_its_own_table() -> None:
    theirs = pd.read_csv(real("breakout/breakout_modeling.csv"))
    history = next(histories(snapshots(real("breakout/artist_month_snapshots.csv"))))
    ours = gathered(history, history.age >= 0, all_features(history, 20, 0.01))
    ours["month"] = [f"{m // 12}-{m % 12 + 1:02}-01 00:00:00+00:00" for m in ours["month_number"]]
    both = theirs.merge(ours, left_on=["artist_name", "month"], right_on=["artist_id", "month"], suffixes=("", "_ours"))
    assert len(both) == len(theirs) == 2635
    for name in set(theirs.columns) & set(REFERENCE):
        np.testing.assert_allclose(both[f"{name}_ours"], both[name], rtol=1e-5, atol=1e-5, err_msg=name)


def test_the_correct_table_has_1246_rows_and_84_breakouts() -> None:
    rows = Breakout().rows(snapshots(real("breakout/artist_month_snapshots.csv")))
    known = rows[rows["core"].notna()]
    assert (known["discovered"].sum(), known.loc[known["discovered"], "core"].sum()) == (1246, 84)


def snapshots(path: Path) -> pd.DataFrame:
    """The reference's artist-months under our names."""
    rows = pd.read_csv(path)
    return pd.DataFrame(
        {
            "listener": "reference",
            "artist_id": rows["artist_name"],
            "month": pd.to_datetime(rows["month"], utc=True).dt.tz_localize(None),
            "listens": rows["plays_t"],
            "days_active": rows["days_active_t"],
            "tracks": rows["unique_tracks_t"],
            "new_tracks": rows["track_novelty_rate_t"] * rows["unique_tracks_t"],
            "total_listens": rows["total_monthly_scrobbles"],
            "share_pct": 100 * rows["share_t"],
            "last_listen_gap_days": rows["last_play_gap_days_t"],
        }
    )
