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
from tonearm.columns import MOODS, SHIFT_SIZES
from tonearm.engine.duckdb import Engine
from tonearm.gold.diagnostic.mood_shift_patterns import mood_shift_patterns
from tonearm.table import find

Row = dict[str, Any]
Session = Callable[..., list[Row]]
Rows = Callable[..., list[Row]]
NewListen = Callable[..., Row]

MOOD_AT = {"Happy_Energetic": (0.8, 0.8), "Happy_Calm": (0.8, 0.2), "Sad_Energetic": (0.2, 0.8), "Sad_Calm": (0.2, 0.2)}


@pytest.fixture(scope="session")
def session(listen: NewListen, featured: Callable[..., Row]) -> Session:
    """One session from ``at``, a track every 4 minutes; each is (valence, energy), or None without features."""

    def build(at: str, *tracks: tuple[float, float] | None, source: str = "real", **columns: Any) -> list[Row]:
        start = datetime.fromisoformat(at)
        rows = []
        for k, values in enumerate(tracks):
            heard = columns | {"track": columns.get("track", hash(values) % 10**9)}
            if values is not None:
                mood = "Happy" if values[0] >= 0.5 else "Sad", "Energetic" if values[1] >= 0.5 else "Calm"
                heard |= featured(0.5, source, valence=values[0], energy=values[1], mood="_".join(mood))
            rows.append(listen((start + timedelta(minutes=4 * k)).isoformat(), **heard))
        return [row | {"session_started_at": rows[0]["started_at"]} for row in rows]

    return build


@pytest.fixture(scope="session")
def shifts(rows_of: Rows) -> Callable[[list[Row]], dict[tuple[int, str], Row]]:
    """The rows of one listener by hour and size; with ``whole`` those of the whole day, by size."""

    def of(listens: list[Row], whole: bool = False) -> dict[Any, Row]:
        rows = rows_of(mood_shift_patterns, listens, "hours")
        if whole:
            return {r["shift_size"]: r for r in rows if r["hours"] == "all day"}
        return {(r["hour_of_day"], r["shift_size"]): r for r in rows if r["hours"] != "all day"}

    return of


def test_shifts_are_sized_by_distance_and_belong_to_the_hour_of_the_second(shifts: Any, session: Session) -> None:
    rows = shifts(session("2024-01-01T09:56", (0.8, 0.8), (0.8, 0.75), (0.6, 0.75), (0.2, 0.2)))
    assert set(rows) == {(10, size) for size in SHIFT_SIZES}
    assert {size: rows[10, size]["shifts"] for size in SHIFT_SIZES} == dict.fromkeys(SHIFT_SIZES, 1)
    assert rows[10, "Stable"]["energy_change"] == pytest.approx(-0.05)
    assert rows[10, "Minor_Shift"]["valence_change"] == pytest.approx(-0.2)
    assert rows[10, "Major_Shift"]["valence_change"] == pytest.approx(-0.4)
    assert rows[10, "Major_Shift"]["shift_share_pct"] == pytest.approx(100 / 3)


def test_the_whole_day_has_all_shifts_of_all_hours(shifts: Any, session: Session) -> None:
    listens = [
        *session("2024-01-01T09:00", (0.8, 0.8), (0.8, 0.75), (0.2, 0.2)),
        *session("2024-01-01T20:00", (0.2, 0.2), (0.8, 0.8)),
    ]
    rows = shifts(listens, whole=True)
    assert {size: row["shifts"] for size, row in rows.items()} == {"Stable": 1, "Minor_Shift": 0, "Major_Shift": 2}
    assert {(row["hour_of_day"], row["hour_shifts"], row["units"]) for row in rows.values()} == {
        (None, 3, 1),
        (None, 3, 0),
        (None, 3, 2),
    }
    assert rows["Major_Shift"]["valence_change"] == pytest.approx(0.0)


def test_sizes_that_did_not_occur_have_rows_of_zeros(shifts: Any, session: Session) -> None:
    rows = shifts(session("2024-01-01T09:00", (0.8, 0.8), (0.8, 0.79)))
    none = rows[9, "Major_Shift"]
    assert (none["shifts"], none["units"], none["hour_shifts"], none["shift_share_pct"]) == (0, 0, 1, 0.0)
    assert (none["valence_change"], none["valence_change_verdict"]) == (None, "insufficient")
    assert none["from_sad_calm_n"] == 0 and none["sad_calm_to_sad_calm_pct"] is None


def test_transitions_are_shares_of_the_shifts_that_begin_in_a_mood(shifts: Any, session: Session) -> None:
    a, b, c = MOOD_AT["Sad_Calm"], MOOD_AT["Happy_Energetic"], MOOD_AT["Sad_Energetic"]
    row = shifts(session("2024-01-01T09:00", a, b, a, c, a, b))[9, "Major_Shift"]
    assert row["from_sad_calm_n"] == 3
    assert row["sad_calm_to_happy_energetic_pct"] == pytest.approx(200 / 3)
    assert row["sad_calm_to_sad_energetic_pct"] == pytest.approx(100 / 3)
    assert row["happy_energetic_to_sad_calm_pct"] == 100.0
    assert (row["from_neutral_n"], row["neutral_to_neutral_pct"]) == (0, None)


@pytest.mark.parametrize("source", [None, "imputed", "synthetic"])
def test_an_unmeasured_listen_between_two_breaks_the_pair(shifts: Any, session: Session, source: str | None) -> None:
    first, between, last = session("2024-01-01T09:00", (0.8, 0.8), (0.5, 0.5), (0.2, 0.2))
    assert shifts([first, between | {"feature_source": source}, last]) == {}


def test_sessions_are_not_joined(shifts: Any, session: Session) -> None:
    assert shifts([*session("2024-01-01T09:00", (0.8, 0.8)), *session("2024-01-01T09:40", (0.2, 0.2))]) == {}


def test_a_track_on_repeat_is_no_shift(shifts: Any, session: Session) -> None:
    assert shifts(session("2024-01-01T09:00", (0.8, 0.8), (0.8, 0.8), (0.8, 0.8))) == {}
    rows = shifts(session("2024-01-01T09:00", (0.8, 0.8), (0.8, 0.8), (0.2, 0.2)))
    assert [(r["shifts"], r["hour_shifts"], r["hour_repeats"]) for r in rows.values()] == [
        (1, 1, 1),
        (0, 1, 1),
        (0, 1, 1),
    ]


def test_a_change_is_students_t_over_sessions_and_not_over_listens(shifts: Any, session: Session) -> None:
    rng = np.random.default_rng(3)
    listens: list[Row] = []
    means = []
    for day in range(12):
        steps = rng.uniform(0.01, 0.06, size=rng.integers(1, 5))
        values = 0.3 + np.concatenate([[0.0], np.cumsum(steps)])
        listens += session(f"2024-01-{day + 1:02}T09:00", *((float(v), 0.4) for v in values))
        means.append(np.mean(np.diff(values)))
    row = shifts(listens)[9, "Stable"]
    expected = stats.ttest_1samp(means, 0.0)
    interval = expected.confidence_interval()
    assert row["units"] == 12
    assert row["valence_change"] == pytest.approx(np.mean(means))
    assert (row["valence_change_low"], row["valence_change_high"]) == (
        pytest.approx(interval.low),
        pytest.approx(interval.high),
    )
    # Energy never changes, which cannot be tested, so valence is the only test there is.
    assert row["valence_change_p_corrected"] == pytest.approx(expected.pvalue)
    assert row["valence_change_effect"] == pytest.approx(np.mean(means) / np.std(means, ddof=1))
    assert (row["valence_change_verdict"], row["energy_change_verdict"]) == ("higher", "insufficient")


def test_the_shares_interval_takes_sessions_as_clusters(shifts: Any, session: Session) -> None:
    stable, major = ((0.3, 0.3), (0.3, 0.31)), ((0.3, 0.3), (0.9, 0.9))
    listens: list[Row] = []
    for day in range(10):
        listens += session(f"2024-01-{day + 1:02}T09:00", *(stable if day < 5 else major))
    row = shifts(listens)[9, "Stable"]
    # One shift a session: the interval is that of a mean of ten zeros and ones.
    low, high = stats.t.interval(0.95, 9, 0.5, np.std([0] * 5 + [1] * 5, ddof=1) / 10**0.5)
    assert row["shift_share_low_pct"] == pytest.approx(100 * low)
    assert row["shift_share_high_pct"] == pytest.approx(100 * high)


def test_nine_sessions_are_insufficient(shifts: Any, session: Session) -> None:
    listens = [
        row for day in range(9) for row in session(f"2024-01-{day + 1:02}T09:00", (0.3, 0.3), (0.3, 0.4 + day / 99))
    ]
    row = shifts(listens)[9, "Minor_Shift"]
    assert row["units"] == 9 and row["energy_change"] > 0
    assert [row[f"energy_change_{c}"] for c in ("low", "high", "effect", "p_corrected")] == [None] * 4
    assert row["energy_change_verdict"] == "insufficient"
    assert row["shift_share_low_pct"] is None


def test_a_clock_going_back_keeps_the_order_heard(shifts: Any, session: Session) -> None:
    # 27 October 2024, Berlin: 02:56 summer time, then 02:00 winter time.
    rows = shifts(session("2024-10-27T00:56", (0.8, 0.8), (0.2, 0.2), zone="Europe/Berlin"))
    assert rows[2, "Major_Shift"]["valence_change"] == pytest.approx(-0.6)


drawn = st.lists(
    st.tuples(st.sampled_from(["ann", "bob"]), st.integers(0, 40), st.integers(0, 12), st.booleans()), max_size=60
)


@settings(max_examples=25, deadline=None)
@given(history=drawn)
def test_shifts_and_shares_add_up(
    built: Callable[..., pa.Table], session: Session, engine: Engine, history: list[Any]
) -> None:
    sessions: dict[tuple[str, int], list[Any]] = {}
    for who, hour, value, is_known in history:
        sessions.setdefault((who, hour), []).append((value / 12, 1 - value / 12) if is_known else None)
    listens = [
        row
        for (who, hour), tracks in sessions.items()
        for row in session((datetime(2024, 1, 1) + timedelta(hours=hour)).isoformat(), *tracks, listener=who)
    ]
    made = built(mood_shift_patterns, listens)
    engine.register("made", made)
    assert problems(engine, find("mood_shift_patterns"), "made", {}) == []
    rows = made.to_pylist()
    for row in rows:
        hour = [r for r in rows if (r["listener"], r["hour_of_day"]) == (row["listener"], row["hour_of_day"])]
        assert len(hour) == 3
        assert sum(r["shifts"] for r in hour) == row["hour_shifts"]
        assert sum(r["shift_share_pct"] for r in hour) == pytest.approx(100)
        assert sum(row[f"from_{m.lower()}_n"] for m in MOODS) == row["shifts"]
        for before in MOODS:
            shares = [row[f"{before.lower()}_to_{after.lower()}_pct"] for after in MOODS]
            assert sum(s or 0 for s in shares) == pytest.approx(100 if row[f"from_{before.lower()}_n"] else 0)


def test_without_listens_or_features_there_are_no_rows(shifts: Any, listen: NewListen) -> None:
    assert shifts([]) == {}
    assert shifts([listen("2024-01-01T09:00"), listen("2024-01-01T09:04")]) == {}
