from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tonearm.gold.cognitive.listening_anomalies import DAYS_AROUND, hours_away, listening_anomalies, medians_around

Row = dict[str, Any]
Rows = Callable[..., list[Row]]
NewListen = Callable[..., Row]
Features = Callable[..., Row]

GRAIN = ("listener", "local_date", "anomaly")
FIRST = date(2024, 1, 1)


def days(listen: NewListen, counts: list[int], hour: int = 12, **columns: Any) -> list[Row]:
    """So many listens on each day from FIRST on, each of another track."""
    return [
        listen(f"{FIRST + timedelta(day)}T{hour:02}:{n % 60:02}", track=day * 300 + n, **columns)
        for day, count in enumerate(counts)
        for n in range(count)
    ]


def of_kind(rows: list[Row], kind: str) -> list[Row]:
    return [row for row in rows if row["anomaly"] == kind]


def test_a_day_of_many_listens_is_listed_with_what_was_usual(rows_of: Rows, listen: NewListen) -> None:
    counts = [9, 4] * 60
    counts[50] = 100
    (row,) = of_kind(rows_of(listening_anomalies, days(listen, counts), *GRAIN), "volume")
    assert (row["local_date"], row["actual"], row["listens"], row["rank"]) == (date(2024, 2, 20), 100, 100, 1)
    # Around it lie, of the same weekday, 8 days of 4 and 7 of 9; of all days, 53 of each: roots of 2 and 2.5.
    assert row["expected"] == pytest.approx(2.25**2)
    # Half of the other days are .75 or less from what is expected.
    assert row["score"] == pytest.approx((10 - 2.25) / (1.4826 * 0.75))
    assert (row["severity"], row["days_around"], row["days_judged"]) == ("extreme", 106, 120)
    assert row["in_words"] == "100 listens; about 5 were expected, counting silent days."


def test_silent_days_count_for_their_weekday_and_long_silences_do_not(rows_of: Rows, listen: NewListen) -> None:
    weekly = [20, 0, 0, 0, 0, 0, 20] * 20
    weekly[70] = 150
    (row,) = of_kind(rows_of(listening_anomalies, days(listen, weekly), *GRAIN), "volume")
    assert (row["local_date"], row["days_around"]) == (date(2024, 3, 11), 112)
    assert row["expected"] == pytest.approx(20)
    broken = weekly[:63] + [0] * 60 + weekly[63:]
    (row,) = of_kind(rows_of(listening_anomalies, days(listen, broken), *GRAIN), "volume")
    # The stretch before ended more than eight weeks ago.
    assert row["local_date"] == date(2024, 5, 10)
    assert row["days_around"] == 63
    assert row["days_judged"] == sum(1 for count in weekly if count)


def test_nothing_is_unusual_about_days_that_are_alike(rows_of: Rows, listen: NewListen) -> None:
    assert rows_of(listening_anomalies, days(listen, [8, 9, 7] * 50), *GRAIN) == []


def test_at_most_one_day_in_thirty_is_listed(rows_of: Rows, listen: NewListen) -> None:
    counts = [5] * 120
    for n, day in enumerate(range(5, 115, 10)):
        counts[day] = 100 + 10 * n
    rows = of_kind(rows_of(listening_anomalies, days(listen, counts), *GRAIN), "volume")
    assert [row["actual"] for row in rows] == [170, 180, 190, 200]
    assert sorted(row["rank"] for row in rows) == [1, 2, 3, 4]
    assert all(row["score"] > row["threshold"] for row in rows)
    tied = [150 if count > 5 else 5 for count in counts]
    # Eleven are as unusual and four may be listed: none is.
    assert of_kind(rows_of(listening_anomalies, days(listen, tied), *GRAIN), "volume") == []


def test_a_dark_day_is_listed_with_the_tracks_it_stands_on(
    rows_of: Rows, listen: NewListen, featured: Features
) -> None:
    rng = np.random.default_rng(1)
    listens = [
        listen(f"{FIRST + timedelta(day)}T10:{n:02}", track=day * 10 + n, **featured(0.1 if day == 40 else value))
        for day in range(90)
        for n, value in enumerate(rng.uniform(0.55, 0.65, 6).tolist())
    ]
    (row,) = of_kind(rows_of(listening_anomalies, listens, *GRAIN), "mood")
    assert (row["local_date"], row["days_judged"], row["days_around"]) == (date(2024, 2, 10), 90, 89)
    assert (row["actual"], row["expected"]) == (pytest.approx(0.1), pytest.approx(0.6, abs=0.02))
    assert row["score"] < -4.5
    assert row["in_words"].startswith("Darker music than usual: mean valence 0.10 in 6 measured listens of 6 tracks")


def test_estimated_features_and_two_tracks_over_and_over_make_no_mood(
    rows_of: Rows, listen: NewListen, featured: Features
) -> None:
    def history(source: str, tracks: int) -> list[Row]:
        values = [0.1 if day == 40 else 0.6 for day in range(90)]
        return [
            listen(f"{FIRST + timedelta(day)}T10:{n:02}", track=day * 10 + n % tracks, **featured(value, source))
            for day, value in enumerate(values)
            for n in range(6)
        ]

    assert len(of_kind(rows_of(listening_anomalies, history("real", 3), *GRAIN), "mood")) == 1
    assert of_kind(rows_of(listening_anomalies, history("imputed", 3), *GRAIN), "mood") == []
    assert of_kind(rows_of(listening_anomalies, history("real", 2), *GRAIN), "mood") == []


def test_a_night_is_unusual_and_an_hour_later_is_not(rows_of: Rows, listen: NewListen) -> None:
    usual = [
        row for row in days(listen, [6] * 90, hour=18) if row["local_date"] not in (date(2024, 2, 1), date(2024, 3, 1))
    ]
    night = [listen(f"2024-02-01T{hour:02}:{n:02}", track=n) for hour in (2, 3) for n in range(5)]
    later = [listen(f"2024-03-01T19:{n:02}", track=n) for n in range(6)]
    (row,) = of_kind(rows_of(listening_anomalies, [*usual, *night, *later], *GRAIN), "hour")
    assert (row["local_date"], row["actual"], row["expected"]) == (date(2024, 2, 1), 100, 0)
    # Two hours: the arcsine of 1 in standard deviations of .5 / √2.
    assert row["score"] == pytest.approx((np.pi / 2) / (0.5 / np.sqrt(2)))
    assert (
        row["in_words"] == "100 % of 10 listens were at hours unusual in the surrounding weeks; the usual share is 0 %."
    )


def test_who_moves_to_another_zone_keeps_to_usual_hours(rows_of: Rows, listen: NewListen) -> None:
    before = days(listen, [6] * 90, hour=18, zone="Europe/Berlin")
    after = [
        listen(f"{FIRST + timedelta(90 + day)}T09:{n:02}", track=n, zone="Asia/Tokyo")
        for day in range(60)
        for n in range(6)
    ]
    assert of_kind(rows_of(listening_anomalies, before + after, *GRAIN), "hour") == []


def test_one_track_all_evening_is_listed_by_name(rows_of: Rows, listen: NewListen) -> None:
    varied = [row for row in days(listen, [12] * 90) if row["local_date"] != date(2024, 2, 1)]
    loop = [listen(f"2024-02-01T20:{n:02}", track=7 if n < 30 else 1000 + n) for n in range(40)]
    (row,) = of_kind(rows_of(listening_anomalies, varied + loop, *GRAIN), "repetition")
    assert (row["actual"], row["expected"]) == (pytest.approx(75), pytest.approx(100 / 12))
    # Varied days do not differ, so chance is the spread.
    away = np.arcsin(np.sqrt(0.75)) - np.arcsin(np.sqrt(1 / 12))
    assert row["score"] == pytest.approx(away / (0.5 / np.sqrt(40)))
    assert row["in_words"].startswith("30 of 40 listens were of ‘Track 7’ (75 %)")


@pytest.mark.parametrize("count", [0, 1, 10])
def test_a_short_history_has_no_rows(rows_of: Rows, listen: NewListen, count: int) -> None:
    assert rows_of(listening_anomalies, days(listen, [count]), *GRAIN) == []


def test_listeners_do_not_change_one_another(rows_of: Rows, listen: NewListen) -> None:
    counts = [7, 3, 5] * 40
    counts[60] = 90
    ann = days(listen, counts)
    alone = rows_of(listening_anomalies, ann, *GRAIN)
    bob = days(listen, [30, 0, 1] * 50, hour=23, listener="bob")
    zoe = days(listen, [1], listener="zoe")
    together = rows_of(listening_anomalies, ann + bob + zoe, *GRAIN)
    assert alone
    assert [row for row in together if row["listener"] == "ann"] == alone


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 300), st.floats(-5, 5)), max_size=40, unique_by=lambda day: day[0]))
def test_medians_around_are_those_of_the_days_written_out(given_days: list[tuple[int, float]]) -> None:
    keys = np.array(sorted(day for day, _ in given_days), dtype=np.int64)
    values = np.array([dict(given_days)[day] for day in keys.tolist()])
    found, n = medians_around(keys, values)
    for day, median, count in zip(keys, found, n, strict=True):
        near = values[(np.abs(keys - day) <= DAYS_AROUND) & (keys != day)]
        assert count == len(near)
        assert np.isnan(median) if not len(near) else median == pytest.approx(np.median(near))


def test_hours_away_go_round_the_clock() -> None:
    usual = np.zeros((2, 24), bool)
    usual[0, [23, 12]] = True
    away = hours_away(usual)
    assert away[0, [23, 0, 2, 12, 17, 18]].tolist() == [0, 1, 3, 0, 5, 5]
    assert np.isnan(away[1]).all()
