from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tonearm.building.validate import problems
from tonearm.columns import FEATURES
from tonearm.engine.duckdb import Engine
from tonearm.gold.diagnostic.part_of_day_drivers import LONGEST_LIST, part_of_day_drivers
from tonearm.table import find

Row = dict[str, Any]
Rows = Callable[..., list[Row]]
NewListen = Callable[..., Row]
Features = Callable[..., Row]
Drivers = Callable[..., dict[tuple[str, str], Row]]
MORNING, EVENING = "08:00", "20:00"


@pytest.fixture(scope="session")
def drivers(rows_of: Rows) -> Drivers:
    """The rows of one part of the day, by driver type and driver."""

    def of(listens: list[Row], part: str = "morning") -> dict[tuple[str, str], Row]:
        rows = rows_of(part_of_day_drivers, listens, "driver_type", "rank")
        return {(r["driver_type"], r["driver"]): r for r in rows if r["part_of_day"] == part}

    return of


@pytest.fixture(scope="session")
def valences(listen: NewListen, featured: Features) -> Callable[..., list[Row]]:
    """One session a day from ``first`` on, each a listen of the given valence, or several."""

    def build(clock: str, values: Any, first: str = "2024-01-01") -> list[Row]:
        rows = []
        for day, value in enumerate(values):
            at = (datetime.fromisoformat(f"{first}T{clock}") + timedelta(days=day)).isoformat()
            each = value if isinstance(value, list) else [value]
            rows += [listen(at, track=100 + k, **featured(0.5, valence=float(v))) for k, v in enumerate(each)]
        return rows

    return build


def test_a_feature_is_compared_by_days_of_the_same_month(drivers: Drivers, valences: Any) -> None:
    rng = np.random.default_rng(1)
    inside, outside = rng.uniform(0.4, 0.8, 12), rng.uniform(0.2, 0.7, 14)
    row = drivers(valences(MORNING, inside) + valences(EVENING, outside))["feature", "valence"]
    assert (row["driver_listens"], row["units"], row["units_with_driver"], row["units_outside"]) == (12, 12, 12, 14)
    assert (row["mean_inside"], row["mean_outside"]) == (pytest.approx(inside.mean()), pytest.approx(outside.mean()))
    assert row["difference"] == pytest.approx(inside.mean() - outside.mean())
    everything = np.concatenate([inside, outside])
    error = everything.std(ddof=1) * (1 / 12 + 1 / 14) ** 0.5
    half = stats.t.ppf(0.975, 25) * error
    assert (row["difference_low"], row["difference_high"]) == (
        pytest.approx(row["difference"] - half),
        pytest.approx(row["difference"] + half),
    )
    pooled = ((11 * inside.var(ddof=1) + 13 * outside.var(ddof=1)) / 24) ** 0.5
    assert row["effect"] == pytest.approx(row["difference"] / pooled)
    assert row["consistency"] == pytest.approx(1 - inside.std(ddof=1) / outside.std(ddof=1))


def test_its_p_is_that_of_the_permutation_test(drivers: Drivers, valences: Any) -> None:
    rng = np.random.default_rng(2)
    inside, outside = rng.uniform(0.4, 0.8, 12), rng.uniform(0.2, 0.7, 14)
    row = drivers(valences(MORNING, inside) + valences(EVENING, outside))["feature", "valence"]
    shuffled = stats.permutation_test(
        (inside, outside), lambda a, b: a.mean() - b.mean(), n_resamples=4000, rng=np.random.default_rng(0)
    )
    # Morning and evening are tested, and say the same: corrected for two tests of one p it stays what it is.
    assert row["p_corrected"] == pytest.approx(shuffled.pvalue, abs=0.01)


def test_a_sessions_listens_are_one_observation(drivers: Drivers, valences: Any) -> None:
    row = drivers(valences(MORNING, [[0.2, 0.4], 0.5]) + valences(EVENING, [0.1]))["feature", "valence"]
    assert (row["mean_inside"], row["driver_listens"], row["units"]) == (pytest.approx(0.4), 3, 2)
    assert (row["verdict"], row["difference"], row["consistency"]) == ("insufficient", None, None)


def test_taste_that_changes_along_with_the_hours_is_no_driver(drivers: Drivers, valences: Any) -> None:
    # January: happy music, mostly in the morning. June: sad music, mostly in the evening.
    rng = np.random.default_rng(4)

    def around(mean: float, n: int) -> Any:
        return mean + rng.uniform(-0.1, 0.1, n)

    listens = valences(MORNING, around(0.8, 25)) + valences(EVENING, around(0.8, 6))
    listens += valences(MORNING, around(0.2, 6), "2024-06-01") + valences(EVENING, around(0.2, 25), "2024-06-01")
    row = drivers(listens)["feature", "valence"]
    assert row["mean_inside"] - row["mean_outside"] > 0.3
    assert abs(row["difference"]) < 0.06
    assert row["verdict"] == "not_shown"


def test_an_artist_is_its_share_of_each_session_and_needs_no_features(drivers: Drivers, listen: NewListen) -> None:
    def sessions(clock: str, *tracks: int) -> list[Row]:
        days = (f"2024-01-{day:02}T{clock}" for day in range(1, 32))
        return [listen(at, track=track) for at in days for track in tracks]

    found = drivers(sessions(MORNING, 10, 20, 21, 22) + sessions(EVENING, 11, 12))
    row = found["artist", "Artist 1"]
    assert (row["mean_inside"], row["mean_outside"], row["difference"]) == (25.0, 100.0, pytest.approx(-75))
    assert (row["driver_listens"], row["units_with_driver"], row["units"]) == (31, 31, 31)
    # Every session is like every other of its part, and yet the parts differ in all of them.
    assert row["verdict"] == "lower"
    assert found["artist", "Artist 2"]["verdict"] == "higher"
    assert found["feature", "energy"]["units"] == 0 and found["feature", "energy"]["mean_inside"] is None


def test_a_genre_is_a_share_of_the_listens_whose_genre_is_known(drivers: Drivers, listen: NewListen) -> None:
    listens = [
        listen(f"2024-01-{day:02}T{MORNING}", track=track, genre=genre)
        for day in range(1, 13)
        for track, genre in ((1, "jazz"), (2, "rock"), (3, None), (4, None))
    ]
    row = drivers(listens)["genre", "jazz"]
    assert (row["mean_inside"], row["mean_outside"], row["driver_listens"], row["units"]) == (50.0, None, 12, 12)
    assert row["verdict"] == "insufficient"


def test_the_absence_of_someone_rare_is_no_finding(drivers: Drivers, listen: NewListen) -> None:
    # Twelve of a hundred evenings with the artist, and ten mornings without: one was to be expected.
    starts = [datetime(2024, 1, 1, 18) + timedelta(days=k) for k in range(100)]
    evenings = [listen(at.isoformat(), track=10 if k < 12 else 20) for k, at in enumerate(starts)]
    mornings = [listen(f"2024-01-{day:02}T{MORNING}", track=20) for day in range(1, 11)]
    row = drivers(evenings + mornings)["artist", "Artist 1"]
    assert (row["units_with_driver"], row["mean_inside"]) == (0, 0.0)
    assert (row["verdict"], row["p_corrected"]) == ("insufficient", None)


def test_two_sessions_of_one_evening_are_one_observation(drivers: Drivers, valences: Any) -> None:
    evenings = valences("19:00", [0.2] * 12) + valences("22:00", [0.4] * 12)
    row = drivers(evenings + valences(MORNING, [0.1] * 12), "evening")["feature", "valence"]
    assert (row["units"], row["driver_listens"], row["mean_inside"]) == (12, 24, pytest.approx(0.3))


def test_coincidences_with_someone_rare_are_judged_nearly_as_by_counting_all_of_them(
    drivers: Drivers, listen: NewListen
) -> None:
    # Ten months of 28 evenings and 6 mornings, with the artist in 9 units each, of which 3 or 4 are mornings.
    listens, mornings = [], [4, 4, 4, 4, 3, 3, 3, 3, 3, 3]
    for month, inside in enumerate(mornings, 1):
        for clock, units, present in ((MORNING, 6, inside), (EVENING, 28, 9 - inside)):
            days = [f"2024-{month:02}-{day:02}T{clock}" for day in range(1, units + 1)]
            listens += [listen(at, track=10 if k < present else 20) for k, at in enumerate(days)]
    chances = np.ones(1)
    for _ in mornings:
        chances = np.convolve(chances, stats.hypergeom(34, 9, 6).pmf(np.arange(7)))
    exact = 2 * chances[sum(mornings) :].sum()
    row = drivers(listens)["artist", "Artist 1"]
    assert exact < 1e-5 and row["verdict"] == "higher"
    # Morning and evening, and the artist heard instead, are the same test: corrected for four it stays what it is.
    assert exact / 2 < row["p_corrected"] < exact * 2


def test_what_is_not_shown_says_what_would_have_been(drivers: Drivers, valences: Any) -> None:
    rng = np.random.default_rng(8)
    morning, evening = rng.normal(0.5, 0.1, 28), rng.normal(0.5, 0.1, 28)
    row = drivers(valences(MORNING, morning) + valences(EVENING, evening))["feature", "valence"]
    assert (row["verdict"], row["detectable_difference"]) == ("not_shown", pytest.approx(0.09, abs=0.02))
    assert row["detectable_difference"] > row["difference_high"] - row["difference"]
    shown = drivers(valences(MORNING, morning + 0.2) + valences(EVENING, evening))["feature", "valence"]
    assert (shown["verdict"], shown["detectable_difference"]) == ("higher", None)


def test_a_constant_feature_has_no_comparison(drivers: Drivers, valences: Any) -> None:
    found = drivers(valences(MORNING, [0.1] * 12) + valences(EVENING, [0.1] * 12))
    for feature in ("valence", "energy"):
        row = found["feature", feature]
        assert (row["verdict"], row["difference"], row["effect"]) == ("insufficient", None, None)


@pytest.mark.parametrize("source", ["imputed", "synthetic", None])
def test_estimates_are_not_evidence(drivers: Drivers, valences: Any, source: str | None) -> None:
    listens = [row | {"feature_source": source} for row in valences(MORNING, [0.2] * 12)]
    row = drivers(listens)["feature", "valence"]
    assert (row["units"], row["driver_listens"], row["mean_inside"]) == (0, 0, None)


def test_all_features_and_the_ten_largest_artists_are_listed(drivers: Drivers, listen: NewListen) -> None:
    rng = np.random.default_rng(0)
    clocks = {MORNING: 5, EVENING: 15}
    listens = [
        listen(f"2024-01-{day:02}T{clock}", track=10 * int(rng.integers(25)))
        for clock, artists in clocks.items()
        for day in range(1, 25)
        for _ in range(artists)
    ]
    found = drivers(listens)
    assert [d for kind, d in found if kind == "feature"] == sorted(FEATURES)
    ranks = [row["rank"] for (kind, _), row in found.items() if kind == "artist"]
    effects = [abs(row["effect"] or 0) for (kind, _), row in found.items() if kind == "artist"]
    assert ranks == list(range(1, LONGEST_LIST + 1))
    assert effects == sorted(effects, reverse=True)


def test_an_artist_without_a_name_is_called_by_its_number(drivers: Drivers, listen: NewListen) -> None:
    listens = [listen(f"2024-01-{day:02}T{MORNING}", track=10, artist_name=None) for day in range(1, 12)]
    assert ("artist", "unnamed artist 1") in drivers(listens)


def test_one_listen_has_its_features_rows(drivers: Drivers, listen: NewListen) -> None:
    assert drivers([]) == {}
    found = drivers([listen("2024-01-01T08:00")])
    assert {kind for kind, _ in found} == {"feature"} and len(found) == len(FEATURES)
    assert {row["verdict"] for row in found.values()} == {"insufficient"}


def test_shuffled_parts_of_the_day_give_no_findings(rows_of: Rows, listen: NewListen) -> None:
    # Rare artists in parts of unequal size: where Welch's test finds what is not there.
    rng = np.random.default_rng(5)
    starts = [datetime(2024, 1, 1) + timedelta(days=k // 4, hours=k % 4) for k in range(600)]
    parts = rng.choice([0, 6, 12, 18], p=[0.05, 0.15, 0.2, 0.6], size=600)
    listens = []
    for start, part in zip(starts, parts, strict=True):
        session = start + timedelta(hours=int(part))
        tracks = 10 * np.minimum(rng.zipf(1.5, 3), 200)
        heard = [listen((session + timedelta(minutes=k)).isoformat(), track=int(t)) for k, t in enumerate(tracks)]
        listens += [row | {"session_started_at": heard[0]["started_at"]} for row in heard]
    rows = rows_of(part_of_day_drivers, listens)
    assert {row["verdict"] for row in rows} == {"insufficient", "not_shown"}


drawn = st.lists(
    st.tuples(
        st.sampled_from(["ann", "bob"]),
        st.integers(0, 900),
        st.integers(0, 30),
        st.sampled_from([None, "real", "catalogue", "imputed"]),
        st.sampled_from([None, "jazz", "rock"]),
        st.sampled_from(["UTC", "Asia/Tokyo", "America/Los_Angeles"]),
    ),
    max_size=80,
)


@settings(max_examples=25, deadline=None)
@given(history=drawn)
def test_it_keeps_its_own_rules(
    built: Callable[..., pa.Table], listen: NewListen, featured: Features, engine: Engine, history: list[Any]
) -> None:
    def one(who: str, hours: int, track: int, source: str | None, genre: str | None, zone: str) -> Row:
        at = (datetime(2024, 1, 1) + timedelta(hours=hours)).isoformat()
        features = featured(track / 30, source, loudness=-float(track)) if source else {}
        return listen(at, track=track, listener=who, zone=zone, genre=genre, **features)

    listens = [one(*row) for row in history]
    engine.register("made", made := built(part_of_day_drivers, listens))
    assert problems(engine, find("part_of_day_drivers"), "made", {}) == []
    parts = {(row["listener"], row["part_of_day"]) for row in listens}
    features = [r for r in made.to_pylist() if r["driver_type"] == "feature"]
    assert len(features) == len(FEATURES) * len(parts)
    for row in made.to_pylist():
        assert row["units_with_driver"] <= row["units"] and row["units_with_driver"] <= row["driver_listens"]
