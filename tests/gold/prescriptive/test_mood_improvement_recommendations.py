from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_1samp

from tonearm.gold.prescriptive.mood_improvement_recommendations import (
    MOST_INSUFFICIENT,
    MOST_NOT_SHOWN,
    MOST_UNHEARD,
    mood_improvement_recommendations,
)

Row = dict[str, Any]
Rows = Callable[..., list[Row]]
Session = Callable[..., list[Row]]
GRAIN = ("listener", "rank")
LIFTING, PLAIN = 1001, 2001
RNG = np.random.default_rng(3)
BEFORE = 0.3 + 0.1 * RNG.random(24)
AFTER = np.concatenate([0.7 + 0.1 * RNG.random(12), 0.3 + 0.1 * RNG.random(12)])


@pytest.fixture(scope="session")
def session(listen: Callable[..., Row], featured: Callable[..., Row]) -> Session:
    """The session of a day: tracks 3 minutes apart, each of its own artist; one told by a number has that valence."""

    def listens(day: int, *heard: float | Row, listener: str = "ann") -> list[Row]:
        start = datetime(2024, 1, 1, 20) + timedelta(days=day)
        begun = {"session_started_at": start.replace(tzinfo=UTC), "listener": listener}
        rows = []
        for place, what in enumerate(heard):
            columns = what if isinstance(what, dict) else {"track": 100_000 + 1000 * day + 10 * place, **featured(what)}
            rows.append(listen((start + timedelta(minutes=3 * place)).isoformat(), **{**begun, **columns}))
        return rows

    return listens


@pytest.fixture(scope="session")
def lifted(session: Session) -> list[Row]:
    """In twelve sessions the lifting track between sad and happy music, in twelve a plain one between sad music."""
    tracks = [LIFTING] * 12 + [PLAIN] * 12
    days = enumerate(zip(BEFORE, tracks, AFTER, strict=True))
    return [row for day, (before, t, after) in days for row in session(day, before, {"track": t}, after)]


@pytest.fixture(scope="session")
def dull(session: Session) -> list[Row]:
    """Twenty sessions that stay sad, so that other music can stand out."""
    return [row for day in range(100, 120) for row in session(day, 0.2, {"track": PLAIN}, 0.1)]


def test_a_track_after_which_the_music_turns_brighter_leads_the_list(rows_of: Rows, lifted: list[Row]) -> None:
    (row,) = rows_of(mood_improvement_recommendations, lifted, *GRAIN)
    assert (row["rank"], row["kind"], row["track_id"], row["verdict"]) == (1, "heard", LIFTING, "higher")
    assert (row["track_name"], row["units"], row["sessions"], row["listens"]) == ("Track 1001", 12, 12, 12)
    assert row["tracks_tested"] == 2
    assert row["because"].startswith("The music that followed was more positive: valence 0.3")


def test_both_tests_are_scipys_on_the_raw_sessions(rows_of: Rows, lifted: list[Row]) -> None:
    (row,) = rows_of(mood_improvement_recommendations, lifted, *GRAIN)
    slope, level = np.polyfit(BEFORE, AFTER, 1)
    difference, rise = (AFTER - level - slope * BEFORE)[:12], (AFTER - BEFORE)[:12]
    usual, earlier = ttest_1samp(difference, 0), ttest_1samp(rise, 0)
    assert row["difference"] == pytest.approx(difference.mean())
    assert (row["difference_low"], row["difference_high"]) == pytest.approx(usual.confidence_interval())
    assert (row["rise_low"], row["rise_high"]) == pytest.approx(earlier.confidence_interval())
    assert row["effect"] == pytest.approx(difference.mean() / difference.std(ddof=1))
    # Of two tests the smaller p doubles; the plain track's two do not point the same way, so that its p is 1.
    assert row["p_corrected"] == pytest.approx(2 * max(usual.pvalue, earlier.pvalue))


def test_regression_to_the_mean_is_no_effect(rows_of: Rows, session: Session) -> None:
    rng = np.random.default_rng(1)
    before, after = np.sort(rng.random(40)), rng.random(40)
    listens = [
        row
        for day in range(40)
        for row in session(day, before[day], {"track": LIFTING if day < 20 else PLAIN}, after[day])
    ]
    (row,) = rows_of(mood_improvement_recommendations, listens, *GRAIN)
    assert row["track_id"] == LIFTING
    assert row["rise_low"] > 0.1
    assert row["verdict"] == "not_shown"
    assert row["because"].startswith("No effect shown: ")


def test_a_track_of_happy_sessions_has_not_made_them_happy(rows_of: Rows, session: Session) -> None:
    rng = np.random.default_rng(2)
    level = np.repeat([0.6, 0.4], 20)
    before, after = (level + 0.35 * (rng.random(40) - 0.5) for _ in range(2))
    tracks = [LIFTING] * 20 + [PLAIN] * 20
    days = enumerate(zip(before, tracks, after, strict=True))
    listens = [row for day, (b, t, a) in days for row in session(day, b, {"track": t}, a)]
    rows = rows_of(mood_improvement_recommendations, listens, *GRAIN)
    assert "higher" not in {row["verdict"] for row in rows}


def test_an_unheard_track_is_close_to_an_evident_one_and_of_its_genre_first(
    rows_of: Rows, session: Session, featured: Callable[..., Row], catalogue_track: Callable[..., Row]
) -> None:
    lifting = {"track": LIFTING, "genre": "soul", **featured(0.5)}
    tracks = [lifting] * 12 + [{"track": PLAIN}] * 12
    days = enumerate(zip(BEFORE, tracks, AFTER, strict=True))
    listens = [row for day, (before, t, after) in days for row in session(day, before, t, after)]
    heard_close = session(30, {"track": 7001, "genre": "soul", **featured(0.5)})
    catalogue = [
        catalogue_track(5001, 0.52, genre="jazz"),
        catalogue_track(5002, 0.55, genre="soul"),
        catalogue_track(5003, 0.75, genre="soul"),
        catalogue_track(5004, 0.5, genre="soul", feature_source="imputed"),
    ]
    rows = rows_of(mood_improvement_recommendations, listens + heard_close, *GRAIN, catalogue=catalogue)
    unheard = [row for row in rows if row["kind"] == "unheard"]
    assert [row["track_id"] for row in unheard] == [5001, 5002]
    assert [row["distance"] for row in unheard] == pytest.approx([0.02, 0.05])
    assert {(r["close_to_id"], r["close_to"], r["verdict"], r["units"]) for r in unheard} == {
        (LIFTING, "Track 1001", "insufficient", 0)
    }
    assert unheard[1]["because"] == "You never heard it; it sounds like Track 1001 (distance 0.05)."


def test_of_many_unheard_ones_those_of_the_genre_are_preferred(
    rows_of: Rows, session: Session, featured: Callable[..., Row], catalogue_track: Callable[..., Row]
) -> None:
    tracks = [{"track": LIFTING, "genre": "soul", **featured(0.5)}] * 12 + [{"track": PLAIN}] * 12
    days = enumerate(zip(BEFORE, tracks, AFTER, strict=True))
    listens = [row for day, (before, t, after) in days for row in session(day, before, t, after)]
    near = [catalogue_track(5000 + k, 0.5, genre="jazz") for k in range(20)]
    own = [catalogue_track(6000 + k, 0.55, genre="soul") for k in range(MOST_UNHEARD)]
    rows = rows_of(mood_improvement_recommendations, listens, *GRAIN, catalogue=near + own)
    assert [row["genre"] for row in rows if row["kind"] == "unheard"] == ["soul"] * MOST_UNHEARD


def test_the_artists_own_tracks_are_no_music_around(
    rows_of: Rows, session: Session, dull: list[Row], featured: Any
) -> None:
    happy = {"artist_id": LIFTING // 10, **featured(0.9)}
    listens = [
        row
        for day in range(12)
        for row in session(day, 0.2 + day / 100, {"track": LIFTING}, {"track": LIFTING + 1, **happy}, 0.3 + day / 100)
    ]
    rows = rows_of(mood_improvement_recommendations, listens + dull, *GRAIN)
    (row,) = [row for row in rows if row["track_id"] == LIFTING]
    assert row["valence_after"] == pytest.approx(np.mean([0.3 + day / 100 for day in range(12)]))


def test_several_hearings_in_a_session_are_one_and_a_fixed_playlist_is_one_unit(
    rows_of: Rows, session: Session, dull: list[Row]
) -> None:
    again = [row for day in (0, 1) for row in session(day, 0.2, {"track": 1001}, {"track": 1001}, 0.6 + day / 10)]
    fixed = [row for day in range(2, 14) for row in session(day, 0.2, {"track": 3001}, 0.8)]
    (row,) = rows_of(mood_improvement_recommendations, again + fixed + dull, *GRAIN)
    assert (row["track_id"], row["units"], row["sessions"], row["listens"]) == (1001, 2, 2, 4)


def test_five_listens_on_each_side_and_no_skipped_ones(
    rows_of: Rows, session: Session, dull: list[Row], featured: Any
) -> None:
    skipped = {"track": 9001, "is_skipped": True, **featured(0.9)}
    far, near = [1.0], [0.1, 0.2, 0.3, 0.2, 0.2]
    listens = [
        row
        for day in range(2)
        for row in session(
            day, *far, *near, skipped, {"track": 1001}, *(v + 0.3 + day / 10 for v in near), *far, {**skipped}, 0.0
        )
    ]
    rows = rows_of(mood_improvement_recommendations, listens + dull, *GRAIN)
    (row,) = [row for row in rows if row["track_id"] == 1001]
    assert (row["valence_before"], row["valence_after"]) == pytest.approx((0.2, 0.55))
    assert 9001 not in {row["track_id"] for row in rows}


def test_below_ten_sessions_nothing_is_said(rows_of: Rows, session: Session) -> None:
    listens = [
        row
        for t in range(8)
        for k in range(9)
        for row in session(9 * t + k, 0.3, {"track": 1001 + 10 * t}, 0.5 + k / 100)
    ]
    rows = rows_of(mood_improvement_recommendations, listens, *GRAIN)
    assert len(rows) <= MOST_INSUFFICIENT
    for row in rows:
        assert (row["verdict"], row["units"]) == ("insufficient", 9)
        assert not [c for c in ("because", "p_corrected", "difference_low", "rise_low", "effect") if row[c] is not None]


@pytest.mark.parametrize("count", [0, 1, 10])
def test_histories_that_say_nothing_have_no_rows(
    count: int, rows_of: Rows, session: Session, featured: Callable[..., Row]
) -> None:
    one_track = [row for day in range(count) for row in session(day, {"track": 1, **featured(0.5)})]
    unmeasured = [row for day in range(count) for row in session(day, *({"track": 10 * k} for k in range(9)))]
    imputed = [
        row
        for day in range(count)
        for row in session(day, *({"track": 10 * k, **featured(0.1 * k, "imputed")} for k in range(9)))
    ]
    for listens in (one_track, unmeasured, imputed):
        assert rows_of(mood_improvement_recommendations, listens, *GRAIN) == []


def test_valence_that_never_changes_is_no_finding(rows_of: Rows, session: Session) -> None:
    listens = [row for day in range(20) for row in session(day, 0.5, {"track": LIFTING}, 0.5, 0.5, 0.5)]
    assert rows_of(mood_improvement_recommendations, listens, *GRAIN) == []


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10_000))
def test_whatever_was_heard_the_list_is_in_order(seed: int, rows_of: Rows, session: Session) -> None:
    rng = np.random.default_rng(seed)
    listens = [
        row
        for listener in ("ann", "bob")
        for day in range(14)
        for row in session(
            day,
            *(t if rng.random() < 0.6 else {"track": 10 * int(rng.integers(1, 4))} for t in rng.random(6)),
            listener=listener,
        )
    ]
    rows = rows_of(mood_improvement_recommendations, listens, *GRAIN)
    order = ["higher", "not_shown", "insufficient"]
    for listener in ("ann", "bob"):
        own = [row for row in rows if row["listener"] == listener]
        assert [row["rank"] for row in own] == list(range(1, len(own) + 1))
        places = [order.index(row["verdict"]) for row in own]
        assert places == sorted(places)
        assert places.count(1) <= MOST_NOT_SHOWN
        assert all(min(row["rise"], row["difference"]) > 0 for row in own)
        assert len({row["track_id"] for row in own}) == len(own)
