from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.silver.conftest import SPOTIFY


def test_an_artist_over_three_months(silver: Any, record: Any) -> None:
    history = [
        record("2020-01-01T12:00", "One", listened_s=120.0, **SPOTIFY),
        record("2020-01-31T12:00", "One"),
        record("2020-01-31T13:00", "Two"),
        record("2020-03-10T00:00", "One"),
        record("2020-03-10T01:00", "Three"),
        record("2020-03-10T02:00", "Else", "Other"),
        record("2020-03-10T03:00", "Else", "Other"),
    ]
    rows = [row for row in silver(history).rows("artist_months", "month") if row["artist_name"] == "Band"]
    january, march = rows
    assert (january["month"], march["month"]) == (date(2020, 1, 1), date(2020, 3, 1))
    assert (january["listens"], january["tracks"], january["new_tracks"], january["days_active"]) == (3, 2, 2, 2)
    assert (march["listens"], march["tracks"], march["new_tracks"], march["days_active"]) == (2, 2, 1, 1)
    assert (january["total_listens"], january["share_pct"]) == (3, 100.0)
    assert (march["total_listens"], march["share_pct"]) == (4, 50.0)
    assert (january["minutes"], january["timed_listens"], march["minutes"]) == (2.0, 1, None)
    assert [row["months_since_first_heard"] for row in rows] == [0, 2]
    assert march["first_heard_month"] == date(2020, 1, 1)
    assert january["last_listen_gap_days"] == pytest.approx(11 / 24)


def test_months_follow_the_local_calendar_and_years_do_not_break_the_count(silver: Any, record: Any) -> None:
    rows = silver([record("2019-12-31T12:00"), record("2020-02-01T12:00")]).rows("artist_months", "month")
    assert [row["months_since_first_heard"] for row in rows] == [0, 2]


heard = st.lists(
    st.tuples(st.integers(0, 400), st.sampled_from("ABC"), st.sampled_from("123"), st.sampled_from(["ann", "ben"])),
    min_size=1,
    max_size=30,
    unique=True,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(heard)
def test_shares_add_up_and_new_tracks_are_the_distinct_ones(silver: Any, record: Any, heard: Any) -> None:
    history = [
        record(f"2020-{1 + day // 31 % 12:02}-{1 + day % 28:02}T12:00", track, artist, listener=who)
        for day, artist, track, who in heard
    ]
    built = silver(history)
    rows, listens = built.rows("artist_months"), built.rows("listening_with_features")
    assert sum(row["listens"] for row in rows) == len(listens)
    for who in {row["listener"] for row in rows}:
        theirs = [row for row in rows if row["listener"] == who]
        assert sum(r["new_tracks"] for r in theirs) == len({r["track_id"] for r in listens if r["listener"] == who})
        for month in {row["month"] for row in theirs}:
            assert sum(r["share_pct"] for r in theirs if r["month"] == month) == pytest.approx(100)
