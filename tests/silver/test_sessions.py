from typing import Any

import pytest

from tests.silver.conftest import SPOTIFY, instant


def test_a_session_adds_up_its_listens(silver: Any, record: Any, listed: Any) -> None:
    history = [
        record("2020-01-01T10:00", "One", listened_s=180.0, is_skipped=False, **SPOTIFY),
        record("2020-01-01T10:05", "One", listened_s=60.0, is_skipped=True, **SPOTIFY),
        record("2020-01-01T10:10", "Two", "Other"),
        record("2020-01-01T12:00", "Two", "Other"),
    ]
    first, second = silver(history, [listed("One", value=0.8)]).rows("sessions", "session_started_at")
    assert first["session_started_at"] == instant("2020-01-01T10:00")
    assert first["ended_at"] == instant("2020-01-01T10:10")
    assert (first["listens"], first["tracks"], first["artists_heard"]) == (3, 2, 2)
    assert (first["timed_listens"], first["minutes"], first["skipped_pct"]) == (2, 4.0, 50.0)
    assert (first["listens_with_features"], first["mean_valence"]) == (2, pytest.approx(0.8))
    assert (second["listens"], second["minutes"], second["timed_listens"]) == (1, None, 0)
    assert second["skipped_pct"] is second["mean_valence"] is second["mean_energy"] is None


def test_sessions_cover_all_listens(silver: Any, record: Any) -> None:
    history = [record(f"2020-01-01T{h:02}:{m:02}", listener=who) for h in (1, 5) for m in (0, 20, 55) for who in "ab"]
    rows = silver(history).rows("sessions", "listener", "session_started_at")
    assert [row["listens"] for row in rows] == [2, 1, 2, 1, 2, 1, 2, 1]
