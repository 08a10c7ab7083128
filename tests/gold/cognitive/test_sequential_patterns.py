from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tonearm.building.validate import problems
from tonearm.columns import MOODS
from tonearm.engine.duckdb import Engine
from tonearm.gold.cognitive.chance import variance_of_words
from tonearm.gold.cognitive.sequential_patterns import LONGEST_LIST, sequential_patterns
from tonearm.table import find

Row = dict[str, Any]
Rows = Callable[..., list[Row]]
NewListen = Callable[..., Row]
Features = Callable[..., Row]
Patterns = Callable[[list[Row]], dict[tuple[str, str], Row]]
Session = Callable[..., list[Row]]

HE, HC, SE, SC, N = MOODS


@pytest.fixture(scope="session")
def patterns(rows_of: Rows) -> Patterns:
    """The rows of one listener by type and pattern."""

    def of(listens: list[Row]) -> dict[tuple[str, str], Row]:
        rows = rows_of(sequential_patterns, listens, "pattern_type", "pattern")
        return {(r["pattern_type"], r["pattern"]): r for r in rows}

    return of


@pytest.fixture(scope="session")
def session(listen: NewListen, featured: Features) -> Session:
    """One session on a day of 2024: a listen every 4 minutes, each a mood, None, or (mood, track).

    A listen without a track is one of an artist of its own.
    """

    def build(day: int, *heard: Any, **columns: Any) -> list[Row]:
        start = datetime(2024, 1, 1, 9) + timedelta(days=day)
        rows = []
        for k, each in enumerate(heard):
            mood, track = each if isinstance(each, tuple) else (each, 1000 * day + 10 * k)
            features = featured(0.5, mood=mood) if mood else {}
            at = (start + timedelta(minutes=4 * k)).isoformat()
            rows.append(listen(at, **({"track": track} | features | columns)))
        return [row | {"session_started_at": rows[0]["started_at"]} for row in rows]

    return build


@pytest.fixture(scope="session")
def artists(session: Session) -> Session:
    """One session of artists by number, each listen a track of its own."""

    def build(day: int, *who: int) -> list[Row]:
        rows = session(day, *((None, 10 * artist) for artist in who))
        return [row | {"track_id": 1000 * day + k} for k, row in enumerate(rows)]

    return build


def test_a_pair_is_compared_with_all_orders_of_its_session(patterns: Patterns, session: Session) -> None:
    found = patterns(session(0, SC, HC, SC, HC))
    row = found["mood_2", f"{SC} → {HC}"]
    # Of the 24 orders of two and two, the six different ones have 2, 1, 1, 1, 1, 0 times sad → happy.
    assert (row["occurrences"], row["expected_occurrences"], row["lift"]) == (2, 1.0, 2.0)
    assert (row["confidence_n"], row["confidence_pct"]) == (2, 100.0)
    assert (row["support_pct"], row["possible_sessions"], row["pattern_sessions"], row["pattern_days"]) == (
        100.0,
        1,
        1,
        1,
    )
    assert found["mood_2", f"{HC} → {SC}"]["occurrences"] == 1
    assert (row["verdict"], row["lift_low"], row["p_corrected"]) == ("insufficient", None, None)
    assert found["mood_3", f"{SC} → {HC} → {SC}"]["occurrences"] == 1


def test_an_unknown_mood_breaks_a_pattern_and_has_its_place_in_the_session(
    patterns: Patterns, session: Session
) -> None:
    assert patterns(session(0, SC, None, HC)) == {}
    row = patterns(session(0, SC, HC, None))["mood_2", f"{SC} → {HC}"]
    assert row["expected_occurrences"] == pytest.approx(1 / 3)


@pytest.mark.parametrize("source", ["imputed", "synthetic"])
def test_an_estimated_mood_is_unknown(patterns: Patterns, session: Session, source: str) -> None:
    assert patterns([row | {"feature_source": source} for row in session(0, SC, HC)]) == {}


def test_an_artist_in_a_row_is_no_sequence_and_has_the_mood_of_most_tracks(
    patterns: Patterns, session: Session
) -> None:
    assert patterns(session(0, (SC, 11), (HC, 12), (SC, 13))) == {}
    row = patterns(session(0, (SC, 11), (HC, 12), (SC, 13), (HC, 20)))["mood_2", f"{SC} → {HC}"]
    assert (row["occurrences"], row["expected_occurrences"]) == (1, 0.5)


def test_a_track_on_repeat_is_one_of_its_artists_tracks(patterns: Patterns, session: Session) -> None:
    listens = session(0, (SC, 11), (SC, 11), (SC, 11), (HE, 12), (HE, 13), (HC, 20))
    assert ("mood_2", f"{HE} → {HC}") in patterns(listens)


def test_a_playlist_is_one_coincidence_however_often_it_is_played(patterns: Patterns, session: Session) -> None:
    tracks = ((SC, 10), (HC, 20), (SE, 30), (N, 40))
    playlist = [r for day in range(30) for r in session(day, *tracks)]
    assert {row["verdict"] for key, row in patterns(playlist).items() if key[0] != "artist_2"} == {"not_shown"}
    others = [[(mood, track + 100 * day) for mood, track in tracks] for day in range(30)]
    found = patterns([r for day, heard in enumerate(others) for r in session(day, *heard)])
    assert found["mood_2", f"{SC} → {HC}"]["verdict"] == "higher"


def test_sessions_are_not_joined(patterns: Patterns, session: Session) -> None:
    assert patterns([*session(0, SC), *session(1, HC)]) == {}


@pytest.mark.parametrize("is_scattered", [True, False])
def test_moods_are_tested_over_sessions_by_students_t(patterns: Patterns, session: Session, is_scattered: bool) -> None:
    rng = np.random.default_rng(0)
    orders = []
    for _ in range(40):
        sad, happy = rng.integers(2, 6, 2)
        # Half of the sessions all apart and half in blocks scatter more than random order does.
        apart = [SC, HC] * min(sad, happy)
        orders.append(apart if is_scattered and rng.random() < 0.5 else [SC] * sad + [HC] * happy)
    row = patterns([r for day, order in enumerate(orders) for r in session(day, *order)])["mood_2", f"{SC} → {SC}"]
    found = np.array([sum(a == b == SC for a, b in pairwise(order)) for order in orders])
    counts = np.array([[order.count(SC), order.count(HC)] for order in orders], dtype=float)
    expected = counts[:, 0] * (counts[:, 0] - 1) / counts.sum(axis=1)
    scatter = 40**0.5 * np.std(found - expected, ddof=1)
    chance = variance_of_words([0, 0], counts).sum() ** 0.5
    assert (scatter > chance) == is_scattered
    half = stats.t.ppf(0.975, 39) * max(scatter, chance)
    assert (row["units"], row["occurrences"], row["expected_occurrences"]) == (
        40,
        found.sum(),
        pytest.approx(expected.sum()),
    )
    assert row["lift_low"] == pytest.approx((found.sum() - half) / expected.sum())
    assert row["lift_high"] == pytest.approx((found.sum() + half) / expected.sum())
    assert (row["p_corrected"] < 0.05) == (row["verdict"] == "higher") == (row["lift_low"] > 1)


def test_an_album_is_one_run_of_its_artist(patterns: Patterns, artists: Session) -> None:
    listens = [row for day in range(6) for row in artists(day, 1, 1, 1, 1, 2, 2, 2)]
    row = patterns(listens)["artist_2", "Artist 1 → Artist 2"]
    assert (row["occurrences"], row["expected_occurrences"], row["confidence_n"]) == (6, 3.0, 6)
    assert (row["units"], row["verdict"], row["track_sequences"]) == (6, "insufficient", 6)


def test_artists_are_tested_by_the_sessions_with_the_switch(patterns: Patterns, artists: Session) -> None:
    listens = [row for day in range(20) for row in artists(day, 10 + day, 1, 2, 40 + day, 70 + day)]
    row = patterns(listens)["artist_2", "Artist 1 → Artist 2"]
    assert (row["occurrences"], row["expected_occurrences"], row["lift"]) == (20, pytest.approx(4), pytest.approx(5))
    # Both directions are tested, and no other pair.
    ps = [2 * stats.poisson.sf(19, 4), 2 * stats.poisson.cdf(0, 4)]
    assert row["p_corrected"] == pytest.approx(stats.false_discovery_control(ps)[0])
    low, high = stats.chi2.ppf(0.025, 40) / 2, stats.chi2.ppf(0.975, 42) / 2
    assert (row["lift_low"], row["lift_high"]) == (pytest.approx(low / 4), pytest.approx(high / 4))
    assert (row["verdict"], row["support_pct"], row["pattern_days"]) == ("higher", 100.0, 20)


def test_of_switches_as_frequent_as_others_the_first_by_name_are_listed(patterns: Patterns, artists: Session) -> None:
    listens = [row for day in range(6) for row in artists(day, *range(60))]
    everything = sorted(f"Artist {k} → Artist {k + 1}" for k in range(59))
    assert [pattern for _, pattern in patterns(listens)] == everything[:LONGEST_LIST]


def test_what_is_not_shown_says_which_lift_would_have_been(patterns: Patterns, session: Session) -> None:
    rng = np.random.default_rng(3)
    listens = [r for day in range(60) for r in session(day, *rng.permutation([SC, SC, HC, HC, N]).tolist())]
    rows = [r for key, r in patterns(listens).items() if key[0] == "mood_2"]
    assert {r["verdict"] for r in rows} == {"not_shown"}
    assert all(r["detectable_lift"] - 1 > (r["lift_high"] - r["lift_low"]) / 2 for r in rows)


def test_one_session_that_repeats_itself_is_no_habit(patterns: Patterns, artists: Session) -> None:
    listens = artists(0, *([1, 2, 3] * 20)) + [row for day in range(1, 12) for row in artists(day, 2, 3, 1)]
    row = patterns(listens)["artist_2", "Artist 1 → Artist 2"]
    assert (row["occurrences"], row["pattern_sessions"], row["verdict"]) == (20, 1, "not_shown")


def test_a_fixed_order_shows_in_its_track_sequences(patterns: Patterns, session: Session) -> None:
    listens = [row for day in range(12) for row in session(day, (None, 10), (None, 20), (None, 30))]
    row = patterns(listens)["artist_2", "Artist 1 → Artist 2"]
    assert (row["verdict"], row["track_sequences"]) == ("higher", 1)


def test_shuffled_sessions_give_no_findings(rows_of: Rows, session: Session, artists: Session) -> None:
    rng = np.random.default_rng(7)
    listens: list[Row] = []
    for day in range(150):
        # Sessions differ in mood, as real ones do; their order is random.
        mood = [HE, SC][int(rng.integers(2))]
        listens += session(day, *rng.choice([mood, HC, N], p=[0.7, 0.2, 0.1], size=rng.integers(2, 12)).tolist())
        listens += [row | {"listener": "bob"} for row in artists(day, *rng.permutation(8)[:5].tolist())]
    rows = rows_of(sequential_patterns, listens)
    assert "not_shown" in {row["verdict"] for row in rows}
    assert not [row for row in rows if row["verdict"] in ("higher", "lower")]


def test_a_listener_is_judged_alone(patterns: Patterns, rows_of: Rows, session: Session) -> None:
    own = [row for day in range(12) for row in session(day, SC, HC, HC, SC)]
    alone = list(patterns(own).values())
    other = [row for day in range(9) for row in session(day, HE, N, SE, HE, listener="aaron")]
    together = [r for r in rows_of(sequential_patterns, own + other) if r["listener"] == "ann"]
    order = ("pattern_type", "pattern")
    assert sorted(together, key=lambda r: [r[c] for c in order]) == alone


def test_without_moods_or_switches_there_are_no_rows(patterns: Patterns, listen: NewListen) -> None:
    assert patterns([]) == {}
    assert patterns([listen("2024-01-01T09:00")]) == {}
    assert patterns([listen("2024-01-01T09:00") for _ in range(10)]) == {}


drawn = st.lists(
    st.tuples(
        st.sampled_from(["ann", "bob"]),
        st.integers(0, 12),
        st.integers(0, 6),
        st.sampled_from([None, *MOODS]),
    ),
    max_size=120,
)


@settings(max_examples=25, deadline=None)
@given(history=drawn)
def test_occurrences_add_up_and_the_rules_are_kept(
    built: Callable[..., pa.Table], session: Session, engine: Engine, history: list[Any]
) -> None:
    sessions: dict[tuple[str, int], list[Any]] = {}
    moods: dict[int, str | None] = {}
    for who, day, track, mood in history:
        sessions.setdefault((who, day), []).append((moods.setdefault(track, mood), track * 10))
    listens = [row for (who, day), heard in sessions.items() for row in session(day, *heard, listener=who)]
    engine.register("made", made := built(sequential_patterns, listens))
    assert problems(engine, find("sequential_patterns"), "made", {}) == []
    pairs = 0
    for heard in sessions.values():
        once = [each for k, each in enumerate(heard) if k == 0 or heard[k - 1] != each]
        pairs += sum(a[0] is not None and b[0] is not None for a, b in pairwise(once))
    rows = made.to_pylist()
    assert sum(r["occurrences"] for r in rows if r["pattern_type"] == "mood_2") == pairs
    for row in rows:
        assert row["pattern_sessions"] <= min(row["occurrences"], row["possible_sessions"])
        assert row["track_sequences"] <= row["occurrences"] <= row["confidence_n"]
    assert sum(r["pattern_type"] == "artist_2" for r in rows) <= 2 * LONGEST_LIST
