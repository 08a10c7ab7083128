from collections.abc import Callable
from datetime import datetime, timedelta
from math import cos, pi
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tonearm.columns import MOOD_FEATURES
from tonearm.gold.diagnostic.mood_time_correlations import circular_linear, hotelling, mood_time_correlations
from tonearm.gold.statistics import false_discovery

Row = dict[str, Any]
Rows = Callable[..., list[Row]]
Session = Callable[..., list[Row]]
NewListen = Callable[..., Row]
Features = Callable[..., Row]


@pytest.fixture(scope="session")
def session(listen: NewListen, featured: Features) -> Session:
    """Listens of one session, a minute apart, with the given values as valence."""

    def listens(at: str, *values: float | None, **columns: Any) -> list[Row]:
        start = datetime.fromisoformat(at)
        rows = [
            listen(
                (start + timedelta(minutes=k)).isoformat(),
                **({} if value is None else featured(0.5, valence=value)),
                **columns,
            )
            for k, value in enumerate(values)
        ]
        return [{**row, "session_started_at": rows[0]["started_at"]} for row in rows]

    return listens


@pytest.fixture(scope="session")
def hours(rows_of: Rows) -> Callable[[list[Row]], dict[int, Row]]:
    """The rows of the listens' only listener by hour."""
    return lambda listens: {r["hour_of_day"]: r for r in rows_of(mood_time_correlations, listens, "hour_of_day")}


def nights_and_noons(session: Session, values: Callable[[int, int], float], days: int = 12) -> list[Row]:
    """A session at 23 and one at 12 on each of the days; ``values`` of hour and day."""
    return [
        row
        for day in range(1, days + 1)
        for hour in (23, 12)
        for row in session(f"2024-01-{day:02}T{hour}:00", values(hour, day))
    ]


def wobble(day: int) -> float:
    return 0.01 * (day % 3)


def test_a_session_is_one_observation_however_many_listens_it_has(hours: Any, session: Session) -> None:
    listens = [
        *session("2024-01-01T09:00", 0.2, 0.2, 0.2, 0.6),
        *session("2024-01-02T09:00", 0.9, None),
        *session("2024-01-03T20:00", 0.5),
    ]
    found = hours(listens)
    nine = found[9]
    assert (nine["listens"], nine["listens_with_features"], nine["n_valence"], nine["sessions_valence"]) == (6, 5, 5, 2)
    assert nine["session_mean_valence"] == pytest.approx((0.3 + 0.9) / 2)
    assert nine["session_stddev_valence"] == pytest.approx(np.std([0.3, 0.9], ddof=1))
    assert nine["deviation_valence"] == pytest.approx(0.6 - (0.3 + 0.9 + 0.5) / 3)
    # Each session beside the other two of its month: .3 − .7 and .9 − .4.
    assert nine["compared_valence"] == 2
    assert nine["month_deviation_valence"] == pytest.approx((-0.4 + 0.5) / 2)
    assert found[20]["session_stddev_valence"] is None


def test_too_few_sessions_have_their_counts_and_means_but_no_p_no_interval_and_no_word(
    hours: Any, session: Session
) -> None:
    found = hours(nights_and_noons(session, lambda hour, day: 0.1 + 0.05 * day if hour == 23 else 0.8, days=9))
    night = found[23]
    assert (night["sessions_valence"], night["verdict_valence"]) == (9, "insufficient")
    for column in ("deviation_low", "month_deviation_low", "month_deviation_high", "effect", "p_corrected"):
        assert night[f"{column}_valence"] is None


def test_sad_nights_are_found_and_p_is_that_of_the_units_corrected_over_the_tests(hours: Any, session: Session) -> None:
    def value(hour: int, day: int) -> float:
        return (0.2 if hour == 23 else 0.7) + wobble(day) * (1 if hour == 23 else -1)

    found = hours(nights_and_noons(session, value))
    units = {hour: np.array([value(hour, day) for day in range(1, 13)]) for hour in (23, 12)}
    total = sum(u.sum() for u in units.values())
    deviations = {hour: u - (total - u) / 23 for hour, u in units.items()}
    tests = [stats.ttest_1samp(deviations[hour], 0) for hour in (12, 23)]
    p = false_discovery(np.array([t.pvalue for t in tests]), np.zeros(2, dtype=np.int64))
    for hour, test, corrected in zip((12, 23), tests, p, strict=True):
        row = found[hour]
        low, high = test.confidence_interval(0.95)
        assert row["p_corrected_valence"] == pytest.approx(corrected)
        assert (row["month_deviation_low_valence"], row["month_deviation_high_valence"]) == pytest.approx((low, high))
        assert row["effect_valence"] == pytest.approx(deviations[hour].mean() / deviations[hour].std(ddof=1))
    assert (found[23]["verdict_valence"], found[12]["verdict_valence"]) == ("lower", "higher")
    # The other features are the same everywhere: nothing to test, and rounding makes no finding of it.
    assert {found[h][f"verdict_{f}"] for h in (12, 23) for f in MOOD_FEATURES[1:]} == {"insufficient"}


def test_a_sad_winter_of_nights_is_no_rule_about_nights(hours: Any, session: Session) -> None:
    winter = [r for d in range(1, 15) for r in session(f"2023-01-{d:02}T23:00", 0.2 + wobble(d)) if d < 14] + session(
        "2023-01-20T12:00", 0.21
    )
    summer = [r for d in range(1, 15) for r in session(f"2023-07-{d:02}T12:00", 0.8 + wobble(d))] + session(
        "2023-07-20T23:00", 0.81
    )
    night = hours(winter + summer)[23]
    assert night["deviation_high_valence"] < 0
    assert night["verdict_valence"] == "not_shown"
    # Two hours of the day lie on a line: no curve can be fitted to them.
    assert night["day_r_valence"] is None


def test_a_listener_of_one_hour_has_nothing_to_compare_it_with(hours: Any, session: Session) -> None:
    listens = [r for d in range(1, 21) for r in session(f"2024-01-{d:02}T08:00", 0.3 + 0.02 * d)]
    row = hours(listens)[8]
    assert (row["sessions_valence"], row["verdict_valence"], row["day_r_valence"]) == (20, "insufficient", None)


def test_the_correlation_with_the_time_of_day_is_the_same_in_each_row_and_peaks_where_mood_does(
    hours: Any, session: Session
) -> None:
    rng = np.random.default_rng(7)

    def value(hour: int, day: int) -> float:
        return 0.5 + 0.3 * cos((hour + 0.5 - 18) * pi / 12) + rng.uniform(-0.02, 0.02)

    listens = [r for d in range(1, 13) for h in range(24) for r in session(f"2024-01-{d:02}T{h:02}:00", value(h, d))]
    found = hours(listens)
    for column in ("day_r_valence", "day_p_corrected_valence", "day_peak_hour_valence"):
        assert len({row[column] for row in found.values()}) == 1
    assert found[0]["day_sessions_valence"] == 12 * 24
    assert found[0]["day_r_valence"] > 0.99
    assert found[0]["day_peak_hour_valence"] == pytest.approx(18, abs=0.1)
    assert found[0]["day_peak_hour_energy"] is None


def test_a_session_over_midnight_has_the_circular_mean_of_its_hours(hours: Any, session: Session) -> None:
    """Sessions from 23 to 1 and at noon: the time of day of the first is midnight and not noon."""
    listens = []
    for d in range(1, 13):
        listens += session(f"2024-01-{d:02}T23:59", 0.2 + wobble(d), 0.2 + wobble(d))
        listens += session(f"2024-01-{d:02}T12:00", 0.8 - wobble(d))
        listens += session(f"2024-01-{d:02}T06:00", 0.5 + wobble(d + 1))
    row = hours(listens)[12]
    assert row["day_sessions_valence"] == 36
    assert row["day_peak_hour_valence"] == pytest.approx(12.3, abs=0.5)


def test_unmeasured_and_estimated_features_leave_rows_that_say_so(rows_of: Rows, session: Session) -> None:
    listens = [
        *session("2024-01-01T09:00", None, listener="ann"),
        *session("2024-01-01T09:00", 0.9, listener="bob"),
    ]
    listens[-1]["feature_source"] = "imputed"
    for row in rows_of(mood_time_correlations, listens, "listener"):
        assert (row["listens"], row["listens_with_features"], row["n_valence"], row["sessions_valence"]) == (1, 0, 0, 0)
        assert (row["session_mean_valence"], row["verdict_valence"], row["day_sessions_valence"]) == (
            *(None, "insufficient", 0),
        )
    assert rows_of(mood_time_correlations, [], "listener") == []


def test_listeners_are_judged_by_their_own_mean_and_their_own_number_of_tests(rows_of: Rows, session: Session) -> None:
    ann = nights_and_noons(session, lambda hour, day: (0.4 if hour == 23 else 0.6) + wobble(day + hour))
    alone = rows_of(mood_time_correlations, ann, "hour_of_day")
    bob = [
        {**row, "listener": "bob", "hour_of_day": (row["hour_of_day"] + 3) % 24, "valence": row["valence"] / 2}
        for row in ann
    ]
    together = rows_of(mood_time_correlations, ann + bob, "listener", "hour_of_day")
    for row, expected in zip(together[:2], alone, strict=True):
        assert row == {k: v if not isinstance(v, float) else pytest.approx(v) for k, v in expected.items()}


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 23), st.integers(0, 8)), min_size=8, max_size=30))
def test_the_circular_correlation_is_that_of_a_regression_on_cosine_and_sine(
    observations: list[tuple[int, int]],
) -> None:
    angle = np.array([h for h, _ in observations]) * np.pi / 12
    x, c, s = np.array([v / 8 for _, v in observations]), np.cos(angle), np.sin(angle)
    named = {"x": x, "c": c, "s": s}
    sums = {a: np.array([v.sum()]) for a, v in named.items()}
    sums |= {a + b: np.array([(named[a] * named[b]).sum()]) for a, b in ("xx", "xc", "xs", "cc", "cs", "ss")}
    found = circular_linear(np.array([float(len(x))]), sums)
    design = np.column_stack([np.ones(len(x)), c, s])
    if np.linalg.matrix_rank(design, tol=1e-6) < 3 or np.ptp(x) == 0:
        return
    fitted = design @ np.linalg.lstsq(design, x, rcond=None)[0]
    explained = 1 - ((x - fitted) ** 2).sum() / ((x - x.mean()) ** 2).sum()
    assert found.r[0] ** 2 == pytest.approx(explained, abs=1e-6)


def test_hotellings_test_has_the_p_that_its_definition_gives() -> None:
    pulls = np.random.default_rng(2).normal(0.3, 1, (15, 2)) @ np.array([[1, 0.5], [0, 0.4]])
    c, s = pulls.T
    mean, covariance = pulls.mean(axis=0), np.cov(pulls.T)
    t2 = 15 * mean @ np.linalg.inv(covariance) @ mean
    sums = (np.array([v.sum()]) for v in (c, s, c * c, c * s, s * s))
    assert hotelling(np.array([15.0]), *sums)[0] == pytest.approx(stats.f.sf(t2 * 13 / (2 * 14), 2, 13))
    assert np.isnan(hotelling(np.array([15.0]), *(np.array([v]) for v in (1.0, 2.0, 3.0, 6.0, 12.0)))[0])


def test_two_days_of_a_month_say_the_same_once(hours: Any, session: Session) -> None:
    # Each month has two days, one of which is brighter than the other and later: by chance, in 10 of 14 months.
    rng = np.random.default_rng(9)
    listens = []
    for month in range(14):
        later = rng.uniform(2, 5)
        for day, hour in ((3, 9), (20, int(9 + later))):
            value = 0.5 + (0.2 if (day == 20) == (month < 10) else 0.0) + rng.uniform(0, 0.02)
            at = f"{2020 + month // 12}-{month % 12 + 1:02}-{day:02}T{hour:02}:00"
            listens += session(at, value)
    row = next(iter(hours(listens).values()))
    assert row["day_units_valence"] == 28
    # A sign test of 10 in 14 has p = .18.
    assert row["day_p_corrected_valence"] > 0.05


def test_sessions_of_one_day_are_one_observation_of_the_time_of_day(hours: Any, session: Session) -> None:
    # A dozen days in a mood of their own each, with sessions close to one another at a time of their own.
    rng = np.random.default_rng(4)
    days = [(day, int(rng.integers(0, 19)), rng.choice([0.2, 0.8])) for day in range(1, 13)]
    listens = [
        row
        for day, hour, value in days
        for k in range(5)
        for row in session(f"2024-01-{day:02}T{hour + k:02}:00", value + rng.uniform(-0.05, 0.05))
    ]
    row = hours(listens)[next(iter(hours(listens)))]
    assert (row["day_sessions_valence"], row["day_units_valence"]) == (60, 12)
    assert row["day_p_corrected_valence"] > 0.05
