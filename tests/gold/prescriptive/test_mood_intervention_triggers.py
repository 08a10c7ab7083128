from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_1samp

from tonearm.gold.prescriptive.mood_intervention_triggers import NOTE, mood_intervention_triggers

Row = dict[str, Any]
Rows = Callable[..., list[Row]]
NewListen = Callable[..., Row]
GRAIN = ("listener", "hour_of_day")


@pytest.fixture(scope="session")
def month(listen: NewListen, featured: Callable[..., Row]) -> Callable[..., list[Row]]:
    """A listen a day of a month at an hour, each of another track and artist, with the valences given."""

    def listens(hour: int, valences: Any, month: str = "2024-01", **columns: Any) -> list[Row]:
        return [
            listen(
                f"{month}-{day:02}T{hour:02}:00", **{"track": 10_000 * hour + 10 * day, **featured(valence), **columns}
            )
            for day, valence in enumerate(valences, 1)
        ]

    return listens


@pytest.fixture(scope="session")
def sad_mornings(month: Any) -> list[Row]:
    """Of twenty mornings fifteen sad, of sixty other listens none sadder than the mornings' five others."""
    sad = [0.1 + k / 1000 for k in range(15)] + [0.5] * 5
    return [
        *month(7, sad),
        *month(12, np.linspace(0.4, 0.8, 20)),
        *month(15, np.linspace(0.4, 0.8, 20)),
        *month(20, [*np.linspace(0.2, 0.3, 5), *np.linspace(0.7, 0.9, 15)], artist_name="The Brights", artist_id=5),
    ]


def test_an_hour_of_more_low_music_than_usual_has_a_priority(rows_of: Rows, sad_mornings: list[Row]) -> None:
    rows = rows_of(mood_intervention_triggers, sad_mornings, *GRAIN)
    assert [row["hour_of_day"] for row in rows] == [7, 12, 15, 20]
    morning = rows[0]
    # The lowest 20 of 80: 15 of the mornings', 5 of the evenings'.
    assert morning["low_valence"] == pytest.approx(0.3)
    low = np.array([100.0] * 15 + [0.0] * 5)
    usual = (2000.0 - low) / 79
    test = ttest_1samp(low - usual, 0)
    assert (morning["low_share_pct"], morning["usual_low_share_pct"]) == pytest.approx((75.0, usual.mean()))
    assert (morning["difference_low"], morning["difference_high"]) == pytest.approx(test.confidence_interval())
    assert (morning["verdict"], morning["priority"], morning["units"], morning["n_low"]) == ("higher", "high", 20, 20)
    assert [row["low_share_pct"] for row in rows[1:]] == pytest.approx([0, 0, 25])
    assert [row["priority"] for row in rows[1:]] == ["none"] * 3


def test_it_names_a_brighter_artist_of_the_listeners_own(rows_of: Rows, sad_mornings: list[Row]) -> None:
    morning, noon, *_ = rows_of(mood_intervention_triggers, sad_mornings, *GRAIN)
    assert morning["brighter_artist_name"] == "The Brights"
    assert morning["what_to_try"] == (
        "7–8 h: 75 % of the music is among your lowest in valence, 24 % usually (20 sessions). If you would like it "
        "brighter, you also listen to The Brights (mean valence 0.66)."
    )
    assert (noon["brighter_artist_name"], noon["what_to_try"]) == (None, None)


def test_an_artist_of_the_hour_itself_is_named_first(
    rows_of: Rows, sad_mornings: list[Row], listen: NewListen, featured: Callable[..., Row]
) -> None:
    early = [
        listen(f"2024-01-{day}T07:10", track=day, artist_name="Early Birds", artist_id=6, **featured(0.9))
        for day in (21, 22, 23)
    ]
    morning, *_ = rows_of(mood_intervention_triggers, sad_mornings + early, *GRAIN)
    assert (morning["verdict"], morning["brighter_artist_name"]) == ("higher", "Early Birds")


def test_without_a_brighter_artist_it_says_what_else(rows_of: Rows, month: Any) -> None:
    mornings = month(7, [0.1 + k / 1000 for k in range(15)] + [0.5] * 5) + month(12, np.linspace(0.4, 0.8, 60)[:28])
    morning, _ = rows_of(mood_intervention_triggers, mornings, *GRAIN)
    assert morning["brighter_artist_name"] is None
    assert morning["what_to_try"].endswith("If you would like it brighter, a playlist for mood lift may do.")


def test_each_row_says_that_it_is_no_diagnosis(rows_of: Rows, sad_mornings: list[Row], listen: NewListen) -> None:
    rows = rows_of(mood_intervention_triggers, [*sad_mornings, listen("2024-01-01T03:00")], *GRAIN)
    assert {row["note"] for row in rows} == {NOTE}
    assert "not a diagnosis" in NOTE
    assert "not a diagnosis" in (mood_intervention_triggers.__doc__ or "")


def test_a_sad_winter_is_no_habit_of_the_hour(rows_of: Rows, month: Any) -> None:
    winter, summer = month(7, np.linspace(0.1, 0.3, 20), "2024-01"), month(12, np.linspace(0.4, 0.8, 20), "2024-07")
    rows = rows_of(mood_intervention_triggers, winter + summer, *GRAIN)
    assert rows[0]["low_share_pct"] == pytest.approx(50)
    assert rows[0]["difference"] == pytest.approx(0)
    assert [(row["verdict"], row["priority"]) for row in rows] == [("not_shown", "none")] * 2


def test_listens_at_the_boundary_are_low_in_part(rows_of: Rows, month: Any) -> None:
    rows = rows_of(mood_intervention_triggers, month(7, [0.2] * 10) + month(12, [0.8] * 10), *GRAIN)
    assert [row["low_valence"] for row in rows] == [0.2, 0.2]
    assert [row["low_share_pct"] for row in rows] == pytest.approx([50, 0])


def test_music_that_is_all_alike_is_no_finding(rows_of: Rows, month: Any) -> None:
    rows = rows_of(mood_intervention_triggers, month(7, [0.5] * 20) + month(12, [0.5] * 20), *GRAIN)
    for row in rows:
        assert (row["low_share_pct"], row["verdict"], row["priority"]) == (25, "insufficient", None)


def test_below_ten_sessions_or_tracks_nothing_is_said(rows_of: Rows, month: Any) -> None:
    few = month(7, [0.1 + k / 100 for k in range(9)]) + month(9, [0.1] * 20, track=1)
    rows = rows_of(mood_intervention_triggers, few + month(12, np.linspace(0.4, 0.8, 25)), *GRAIN)
    for row in rows[:2]:
        assert row["verdict"] == "insufficient"
        nothing = ("difference_low", "difference_high", "effect", "p_corrected", "priority", "what_to_try")
        assert [row[c] for c in nothing] == [None] * 6


def test_without_measured_music_rows_only_count(rows_of: Rows, listen: NewListen, featured: Callable[..., Row]) -> None:
    listens = [listen(f"2024-01-{day:02}T07:00") for day in range(1, 15)]
    listens += [listen(f"2024-01-{day:02}T07:30", **featured(0.1, "synthetic")) for day in range(1, 15)]
    (row,) = rows_of(mood_intervention_triggers, listens, *GRAIN)
    assert (row["listens"], row["listens_with_features"], row["n_low"], row["units"]) == (28, 0, 0, 0)
    assert (row["low_valence"], row["low_share_pct"], row["verdict"]) == (None, None, "insufficient")
    assert rows_of(mood_intervention_triggers, [], *GRAIN) == []
    (one,) = rows_of(mood_intervention_triggers, [listen("2024-01-01T07:00", **featured(0.5))], *GRAIN)
    assert (one["low_valence"], one["units"], one["verdict"]) == (0.5, 0, "insufficient")


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(heard=st.lists(st.tuples(st.integers(0, 23), st.integers(0, 4)), min_size=2, max_size=28))
def test_a_quarter_is_low_whatever_was_heard(
    heard: list[tuple[int, int]], rows_of: Rows, listen: NewListen, featured: Callable[..., Row]
) -> None:
    listens = [
        listen(f"2024-01-{day:02}T{hour:02}:00", track=valence, **featured(valence / 4))
        for day, (hour, valence) in enumerate(heard, 1)
    ]
    rows = rows_of(mood_intervention_triggers, listens, *GRAIN)
    assert sum(row["units"] * row["low_share_pct"] for row in rows) == pytest.approx(25 * len(heard))
