from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_1samp

from tonearm.columns import AIMS
from tonearm.gold.prescriptive.optimal_listening_times import optimal_listening_times

Row = dict[str, Any]
Rows = Callable[..., list[Row]]
NewListen = Callable[..., Row]
GRAIN = ("listener", "hour_of_day", "aim")


@pytest.fixture(scope="session")
def calm(featured: Callable[..., Row]) -> Callable[[float], Row]:
    """Music whose fit for relaxing is the number given: between .2 and .7 by its energy, for the rest half."""

    def columns(fit: float) -> Row:
        return featured(0.5, energy=0.7 - 0.5 * (2 * fit - 0.5), acousticness=0.45, tempo=100.0)

    return columns


@pytest.fixture(scope="session")
def month(listen: NewListen, calm: Any) -> Callable[..., list[Row]]:
    """A listen a day of a month at an hour, each of another track, with the fits given."""

    def listens(hour: int, fits: Any, month: str = "2024-01", **columns: Any) -> list[Row]:
        first = 1000 * hour + 100_000 * int(month[-2:])
        return [
            listen(f"{month}-{day:02}T{hour:02}:00", **{"track": first + day, **calm(fit), **columns})
            for day, fit in enumerate(fits, 1)
        ]

    return listens


def _only(rows: list[Row], hour: int, aim: str = "relax") -> Row:
    (row,) = [row for row in rows if (row["hour_of_day"], row["aim"]) == (hour, aim)]
    return row


def test_an_hour_of_calmer_music_is_a_time_for_relaxing(rows_of: Rows, month: Any) -> None:
    rng = np.random.default_rng(5)
    late, noon = 0.6 + 0.1 * rng.random(20), 0.4 + 0.1 * rng.random(20)
    rows = rows_of(optimal_listening_times, month(22, late) + month(12, noon), *GRAIN)
    assert [(row["hour_of_day"], row["aim"]) for row in rows] == [(h, a) for h in (12, 22) for a in sorted(AIMS)]
    row, other = _only(rows, 22), _only(rows, 12)
    assert (row["listens"], row["n_fit"], row["units"], row["tracks_with_features"]) == (20, 20, 20, 20)
    # Each session against the mean of the 39 others of the month.
    usual = (late.sum() + noon.sum() - late) / 39
    test, spread = ttest_1samp(late - usual, 0), late.std(ddof=1) * 40 / 39
    assert spread > noon.std(ddof=1) * 40 / 39
    assert (row["mean_fit"], row["usual_fit"]) == pytest.approx((late.mean(), usual.mean()))
    assert (row["difference_low"], row["difference_high"]) == pytest.approx(test.confidence_interval())
    assert row["effect"] == pytest.approx((late - usual).mean() / spread)
    assert row["p_corrected"] >= test.pvalue
    assert (row["verdict"], row["hour_rank"], other["verdict"], other["hour_rank"]) == ("higher", 1, "lower", None)
    assert row["suggestion"] == (
        f"22–23 h is more a time for relaxing than your other hours: your music is nearer to calm, acoustic and slow "
        f"than usual in the same months "
        f"(fit {late.mean():.2f} against {usual.mean():.2f}, 20 sessions)."
    )


def test_what_was_heard_in_other_months_is_no_comparison(rows_of: Rows, month: Any) -> None:
    rng = np.random.default_rng(6)
    drift = month(22, 0.6 + 0.1 * rng.random(20), "2023-06") + month(12, 0.4 + 0.1 * rng.random(20), "2024-06")
    rows = rows_of(optimal_listening_times, drift, *GRAIN)
    row = _only(rows, 22)
    assert row["verdict"] == "not_shown"
    assert row["difference"] == pytest.approx(0)
    assert row["suggestion"].startswith("22–23 h: no difference shown for relaxing (fit 0.6")


def test_a_session_is_one_unit_in_each_of_its_hours_and_no_comparison_for_itself(
    rows_of: Rows, listen: NewListen, calm: Any
) -> None:
    begun = listen("2024-01-01T21:50")["session_started_at"]
    long = [
        listen("2024-01-01T21:50", session_started_at=begun, track=1, **calm(0.4)),
        listen("2024-01-01T21:55", session_started_at=begun, track=2, **calm(0.6)),
        listen("2024-01-01T22:05", session_started_at=begun, track=3, **calm(0.7)),
    ]
    other = [listen("2024-01-02T12:00", track=4, **calm(0.3))]
    rows = rows_of(optimal_listening_times, long + other, *GRAIN)
    found = [_only(rows, hour) for hour in (12, 21, 22)]
    assert [(r["units"], r["n_fit"]) for r in found] == [(1, 1), (1, 2), (1, 1)]
    assert [r["mean_fit"] for r in found] == pytest.approx([0.3, 0.5, 0.7])
    assert [r["usual_fit"] for r in found] == pytest.approx([0.6, 0.3, 0.3])


def test_below_ten_sessions_nothing_is_said(rows_of: Rows, month: Any) -> None:
    rng = np.random.default_rng(7)
    rows = rows_of(optimal_listening_times, month(22, 0.6 + 0.1 * rng.random(9)) + month(12, [0.4] * 20), *GRAIN)
    for row in rows:
        assert row["verdict"] == "insufficient"
        nothing = ("difference_low", "difference_high", "effect", "p_corrected", "hour_rank", "suggestion")
        assert [row[c] for c in nothing] == [None] * 6
    assert _only(rows, 22)["mean_fit"] > 0.6


def test_one_track_every_night_is_no_finding_about_the_night(rows_of: Rows, month: Any) -> None:
    rng = np.random.default_rng(8)
    nights = month(22, [0.6] * 20, track=1) + month(12, 0.4 + 0.1 * rng.random(20))
    assert _only(rows_of(optimal_listening_times, nights, *GRAIN), 22)["verdict"] == "insufficient"


def test_hours_without_measured_music_have_rows_that_say_so(
    rows_of: Rows, listen: NewListen, featured: Callable[..., Row]
) -> None:
    listens = [
        *(listen(f"2024-01-{day:02}T10:00") for day in range(1, 15)),
        *(listen(f"2024-01-{day:02}T11:00", **featured(0.5, "imputed")) for day in range(1, 15)),
        *(listen(f"2024-01-{day:02}T12:00", **featured(0.5, energy=None)) for day in range(1, 15)),
    ]
    rows = rows_of(optimal_listening_times, listens, *GRAIN)
    assert [row["listens_with_features"] for row in rows] == [0] * 8 + [14] * 4
    for row in rows:
        assert (row["listens"], row["n_fit"], row["units"], row["verdict"]) == (14, 0, 0, "insufficient")
        assert (row["mean_fit"], row["usual_fit"], row["difference"]) == (None, None, None)


def test_a_feature_that_never_changes_is_no_finding(rows_of: Rows, month: Any) -> None:
    rows = rows_of(optimal_listening_times, month(22, [0.5] * 20) + month(12, [0.5] * 20), *GRAIN)
    assert {row["verdict"] for row in rows} == {"insufficient"}


@pytest.mark.parametrize("count", [0, 1, 10])
def test_short_histories_say_nothing(count: int, rows_of: Rows, month: Any) -> None:
    rows = rows_of(optimal_listening_times, month(22, np.linspace(0.3, 0.7, count)), *GRAIN)
    assert len(rows) == (4 if count else 0)
    assert {row["verdict"] for row in rows} <= {"insufficient"}


def test_hours_are_those_of_the_listeners_clock(rows_of: Rows, listen: NewListen) -> None:
    moved = [listen("2024-01-01T20:00", zone="Europe/Berlin"), listen("2024-07-01T01:00", zone="America/New_York")]
    back = [listen("2024-10-27T00:30", zone="Europe/Berlin"), listen("2024-10-27T01:30", zone="Europe/Berlin")]
    rows = rows_of(optimal_listening_times, moved + back, *GRAIN)
    assert [(row["hour_of_day"], row["listens"]) for row in rows if row["aim"] == "lift"] == [(2, 2), (21, 2)]


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(hours=st.lists(st.integers(0, 23), min_size=2, max_size=28), listener=st.sampled_from(["ann", "bob"]))
def test_counts_add_up_and_differences_cancel(
    hours: list[int], listener: str, rows_of: Rows, listen: NewListen, calm: Any
) -> None:
    rng = np.random.default_rng(len(hours))
    listens = [
        listen(f"2024-01-{day:02}T{hour:02}:00", track=day, listener=listener, **calm(rng.uniform(0.3, 0.7)))
        for day, hour in enumerate(hours, 1)
    ]
    rows = [row for row in rows_of(optimal_listening_times, listens, *GRAIN) if row["aim"] == "relax"]
    assert sum(row["units"] for row in rows) == sum(row["listens"] for row in rows) == len(hours)
    assert sum(row["units"] * row["difference"] for row in rows) == pytest.approx(0)
