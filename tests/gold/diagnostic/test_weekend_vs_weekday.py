from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tonearm.columns import FEATURES
from tonearm.gold.diagnostic.weekend_vs_weekday import ENOUGH_WEEKS as WEEKS
from tonearm.gold.diagnostic.weekend_vs_weekday import METRICS, weekend_vs_weekday

Row = dict[str, Any]
Rows = Callable[..., list[Row]]
NewListen = Callable[..., Row]
Features = Callable[..., Row]

MONDAY = date(2024, 1, 1)


@pytest.fixture(scope="session")
def metrics(rows_of: Rows) -> Callable[[list[Row]], dict[str, Row]]:
    """The rows of the listens' only listener by metric."""
    return lambda listens: {r["metric"]: r for r in rows_of(weekend_vs_weekday, listens, "metric")}


def day(number: int) -> str:
    """That many days after Monday 1 January 2024, at noon."""
    return f"{MONDAY + timedelta(days=number)}T12:00"


def test_a_day_with_a_listen_is_one_observation(metrics: Any, listen: NewListen, featured: Features) -> None:
    listens = [
        listen(day(0), track=11, listened_s=60.0, **featured(0.2)),
        listen(day(0), track=11, listened_s=60.0, **featured(0.2)),
        listen(day(0), track=12, listened_s=60.0, **featured(0.8)),
        listen(day(2), track=11, listened_s=120.0),
        listen(day(5), track=21, listened_s=600.0, **featured(0.9)),
    ]
    found = metrics(listens)
    assert set(found) == set(METRICS)
    pairs = {m: (found[m]["mean_weekend"], found[m]["mean_weekday"]) for m in METRICS}
    assert pairs["listens"] == (1, 2)
    assert pairs["minutes"] == (10, 2.5)
    assert pairs["tracks"] == (1, 1.5)
    assert pairs["new_tracks"] == (1, 1)
    assert pairs["new_artists"] == (1, 0.5)
    assert pairs["valence"] == pytest.approx((0.9, 0.4))
    assert (found["listens"]["days_weekend"], found["listens"]["days_weekday"]) == (1, 2)
    assert (found["listens"]["n_weekend"], found["listens"]["n_weekday"]) == (1, 4)
    assert (found["valence"]["days_weekday"], found["valence"]["n_weekday"]) == (1, 3)
    assert found["listens"]["difference"] == -1
    assert found["listens"]["stddev_weekday"] == pytest.approx(np.std([3, 1], ddof=1))
    assert {row["verdict"] for row in found.values()} == {"insufficient"}


def test_the_share_of_days_with_music_is_of_every_calendar_day_from_first_to_last(
    metrics: Any, listen: NewListen
) -> None:
    # Friday, the Saturday after, and the Monday in a week: 7 weekdays and 2 weekend days.
    row = metrics([listen(day(d)) for d in (4, 5, 14)])["days_with_music_pct"]
    assert (row["days_weekend"], row["days_weekday"]) == (4, 7)
    assert (row["mean_weekend"], row["mean_weekday"]) == pytest.approx((25, 200 / 7))
    assert row["stddev_weekend"] == pytest.approx(np.std([100, 0, 0, 0], ddof=1))


def test_minutes_need_every_listen_of_a_day_to_say_how_long_it_was(metrics: Any, listen: NewListen) -> None:
    listens = [listen(day(0), listened_s=60.0), listen(day(1), listened_s=60.0), listen(day(1)), listen(day(5))]
    row = metrics(listens)["minutes"]
    assert (row["days_weekday"], row["n_weekday"], row["mean_weekday"]) == (1, 1, 1.0)
    assert (row["days_weekend"], row["n_weekend"], row["mean_weekend"], row["difference"]) == (0, 0, None, None)


def test_statistics_are_those_of_the_days_and_of_the_weeks_written_out(metrics: Any, listen: NewListen) -> None:
    rng = np.random.default_rng(3)
    counts = {d: int(rng.integers(1, 5) + 2 * (d % 7 >= 5)) for d in range(WEEKS * 7)}
    found = metrics([listen(day(d)) for d, n in counts.items() for _ in range(n)])
    row = found["listens"]
    weekend, weekday = ([n for d, n in counts.items() if (d % 7 >= 5) is side] for side in (True, False))
    test = stats.ttest_ind(weekend, weekday, equal_var=False)
    low, high = test.confidence_interval(0.95)
    assert (row["difference_low"], row["difference_high"]) == pytest.approx((low, high))
    freedom = (2 * WEEKS - 1, 5 * WEEKS - 1)
    variances = (np.var(weekend, ddof=1), np.var(weekday, ddof=1))
    spread = np.sqrt(np.dot(freedom, variances) / sum(freedom))
    assert row["welch_effect"] == pytest.approx((np.mean(weekend) - np.mean(weekday)) / spread)
    weeks = np.array([counts[d] for d in range(7 * WEEKS)]).reshape(WEEKS, 7)
    of_weeks = weeks[:, 5:].mean(axis=1) - weeks[:, :5].mean(axis=1)
    paired = stats.ttest_1samp(of_weeks, 0)
    assert row["effect"] == pytest.approx(of_weeks.mean() / spread)
    low, high = paired.confidence_interval(0.95)
    assert (row["weeks"], row["verdict"]) == (WEEKS, "higher")
    assert (row["week_difference_low"], row["week_difference_high"]) == pytest.approx((low, high))
    # Days differ in listens and in what is new, which is the first day's track and its artist: three tests.
    assert row["p_corrected"] == pytest.approx(3 * paired.pvalue)
    assert row["welch_p_corrected"] == pytest.approx(3 * test.pvalue)
    assert found["tracks"]["verdict"] == "insufficient"


def test_listening_more_on_weekends_is_no_evidence_of_other_music(
    metrics: Any, listen: NewListen, featured: Features
) -> None:
    rng = np.random.default_rng(11)
    values = {d: 0.5 + 0.1 * rng.standard_normal() for d in range(WEEKS * 7)}
    usual = {d: int(rng.integers(1, 4)) for d in values}

    def history(more: int) -> dict[str, Row]:
        counts = {d: n + more * (d % 7 >= 5) for d, n in usual.items()}
        return metrics(
            [listen(day(d), **featured(0.5, valence=values[d])) for d, n in counts.items() for _ in range(n)]
        )

    same, more = history(0), history(4)
    assert (same["listens"]["verdict"], more["listens"]["verdict"]) == ("not_shown", "higher")
    assert same["valence"]["p_corrected"] == pytest.approx(more["valence"]["p_corrected"])
    # Two families are tested, of which this one has a single test.
    assert more["valence"]["verdict"] == "not_shown"
    half = (more["valence"]["week_difference_high"] - more["valence"]["week_difference_low"]) / 2
    assert more["valence"]["detectable_difference"] > half


def test_a_busy_year_of_weekdays_is_no_rule_about_weekdays(metrics: Any, listen: NewListen) -> None:
    rng = np.random.default_rng(5)
    busy = {d: int(rng.integers(18, 23)) for d in range(7 * 30) if d % 7 < 5 or d % 14 == 5}
    quiet = {d: int(rng.integers(1, 5)) for d in range(7 * 30, 7 * 60) if d % 7 >= 5 or d % 14 == 2}
    row = metrics([listen(day(d)) for d, n in {**busy, **quiet}.items() for _ in range(n)])["listens"]
    assert row["difference_high"] < -5
    assert row["welch_p_corrected"] < 0.001
    assert row["weeks"] == 30
    assert row["verdict"] == "not_shown"


def test_weeks_weigh_as_their_days_tell(metrics: Any, listen: NewListen) -> None:
    """A week of one day on each side is worth less than a full one: 1·1/2 against 2·5/7."""
    full = {d: 4 if d >= 5 else 1 for d in range(7)}
    thin = {7: 3, 12: 2}
    row = metrics([listen(day(d)) for d, n in {**full, **thin}.items() for _ in range(n)])["listens"]
    assert row["week_difference"] == pytest.approx((10 / 7 * 3 + 1 / 2 * -1) / (10 / 7 + 1 / 2))


def test_a_day_is_the_listeners_own_across_a_move(metrics: Any, listen: NewListen) -> None:
    friday = listen("2024-01-05T20:00", zone="Europe/Berlin")
    saturday = listen("2024-01-06T03:00", zone="Asia/Tokyo")
    row = metrics([friday, saturday])["listens"]
    assert (row["days_weekend"], row["days_weekday"]) == (1, 1)


@pytest.mark.parametrize("days", [[], [0], [5], [0, 0]])
def test_nothing_or_next_to_nothing_builds(metrics: Any, listen: NewListen, days: list[int]) -> None:
    found = metrics([listen(day(d)) for d in days])
    assert {row["verdict"] for row in found.values()} <= {"insufficient"}
    assert len(found) == (len(METRICS) if days else 0)
    assert all(found[f]["mean_weekend"] is None for f in FEATURES if found)


def test_estimates_do_not_count_and_a_constant_feature_makes_no_finding(
    metrics: Any, listen: NewListen, featured: Features
) -> None:
    listens = [listen(day(d), **featured(0.1 if d % 2 else 0.9, "real" if d % 2 else "imputed")) for d in range(7 * 30)]
    row = metrics(listens)["valence"]
    assert row["days_weekend"] == 30
    assert row["mean_weekend"] == pytest.approx(0.1)
    assert (row["weeks"], row["verdict"], row["p_corrected"], row["effect"]) == (30, "insufficient", None, None)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 250), min_size=1, max_size=60))
def test_days_and_listens_add_up_and_listeners_do_not_mix(rows_of: Rows, listen: NewListen, days: list[int]) -> None:
    listens = [listen(day(d), track=10 + d % 4, listener=name) for d in days for name in ("ann", "bob")]
    rows = rows_of(weekend_vs_weekday, listens, "listener", "metric")
    ann, bob = rows[: len(METRICS)], rows[len(METRICS) :]
    assert [{**row, "listener": "ann"} for row in bob] == [
        {k: pytest.approx(v) if isinstance(v, float) else v for k, v in row.items()} for row in ann
    ]
    found = {row["metric"]: row for row in ann}["listens"]
    assert found["n_weekend"] + found["n_weekday"] == len(days)
    assert found["days_weekend"] + found["days_weekday"] == len(set(days))
    share = {row["metric"]: row for row in ann}["days_with_music_pct"]
    assert share["days_weekend"] + share["days_weekday"] == max(days) - min(days) + 1
    expected = sum(1 for d in range(min(days), max(days) + 1) if d % 7 >= 5)
    assert share["days_weekend"] == expected
