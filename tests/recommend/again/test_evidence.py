"""What speaks for an item, on histories small enough to check by hand."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest

from tests.recommend.again.histories import played
from tonearm.recommend.again.candidates import SEQUENCE, candidates
from tonearm.recommend.again.evidence import MEMORY, earlier, memory, sequences
from tonearm.recommend.again.history import History, history


def at_end(history: History, name: str) -> dict[str, float]:
    """One part of the evidence after the last listen, by item."""
    at = np.arange(history.opening[-1], len(history))
    row = sequences(history, at)[name][-1].toarray().ravel()
    return {str(history.ids[item]): round(float(row[item]), 3) for item in np.flatnonzero(row)}


def test_earlier_listens_of_the_same_item_are_found_newest_first_to_go() -> None:
    found = earlier(np.array([0, 1, 0, 0, 1]), np.array([3, 4]), most=1)
    assert (found.row.tolist(), found.position.tolist()) == ([0, 1], [2, 1])
    assert earlier(np.array([0, 1, 0, 0, 1]), np.array([3])).position.tolist() == [0, 2]


def test_what_followed_counts_within_its_session_only() -> None:
    assert set(at_end(played("ab", "ac", "xa", "ba"), "after")) == {"b", "c"}
    assert at_end(played("ab", "ac", "a"), "after_last") == {"c": 1.0}
    newer = at_end(played("ab", "ac", "a", days_apart=10), "after")
    assert newer["c"] > newer["b"], "what followed lately weighs more"


def test_a_pair_tells_what_one_item_does_not() -> None:
    history = played("xab", "yac", "yac", "xa")
    assert set(at_end(history, "after_pair")) == {"b"}
    assert set(at_end(history, "after")) == {"b", "c"}


def test_the_session_brings_to_mind_what_stood_near_its_items() -> None:
    near = at_end(played("abc", "xyz", "ac"), "near")
    assert set(near) == {"a", "b", "c"}
    assert "b" in near


def test_nothing_after_a_moment_is_evidence_for_it() -> None:
    whole, cut = played("abab", "cab", "abcab"), played("abab", "cab", "abc")
    for now, then in zip(candidates(whole, 0, 10), candidates(cut, 0, 10), strict=True):
        assert (now.moment.tolist(), now.item.tolist()) == (then.moment.tolist(), then.item.tolist())
        assert np.array_equal(now.values, then.values)


def test_candidates_were_heard_by_then() -> None:
    history = played("ab", "abc", "cad")
    for found in candidates(history, 0, len(history)):
        assert (history.first_heard[found.item] <= found.moment).all()


def test_memory_is_stronger_for_what_was_heard_in_more_sessions_and_lately() -> None:
    history = played("aab", "ab", "c")
    found = memory(history, len(history), float(history.at_s[-1]) + 3_600.0, 12)
    long_term = dict(zip("abc", found[:, MEMORY.index("long_term")].tolist(), strict=True))
    assert long_term["c"] > long_term["b"], "heard later"
    age_h = np.array([49.0 - 4 / 60, 25.0])
    assert long_term["a"] == pytest.approx(np.log(((1.0 + age_h) ** -0.4).sum()), abs=1e-3), "once a session"
    assert found[:, MEMORY.index("sessions")] == pytest.approx(np.log([3, 3, 2]))


def test_memory_knows_the_hour() -> None:
    history = played("a", "b", "a", "b", "a", "b", hours=(8, 22))
    same_hour = memory(history, 6, float(history.at_s[-1]) + 36_000.0, 8)[:, MEMORY.index("same_hour")]
    assert same_hour[0] > 0 > same_hour[1]


def test_a_history_is_read_from_arrow_whatever_its_chunks() -> None:
    at = [datetime(2024, 1, 1, 8, tzinfo=UTC), datetime(2024, 1, 1, 8, 4, tzinfo=UTC), datetime(2024, 1, 2, tzinfo=UTC)]
    instants, whole = pa.timestamp("us", "UTC"), pa.int64()
    columns = {
        "started_at": pa.array(at, instants),
        "session_started_at": pa.array([at[0], at[0], at[2]], instants),
        "hour_of_day": pa.array([8, 8, 0], whole),
        "track_id": pa.array([7, -3, 7], whole),
        "artist_id": pa.array([5, 5, 5], whole),
    }
    rows = pa.table(columns)
    for listens in (rows, pa.concat_tables([rows.slice(0, 1), rows.slice(1)])):
        found = history(listens)
        assert (found.item.tolist(), found.session.tolist(), found.hour.tolist()) == ([0, 1, 0], [0, 0, 1], [8, 8, 0])
        assert (found.ids.tolist(), found.artist_of.tolist()) == ([7, -3], [0, 0])
        assert found.at_s.tolist() == [one.timestamp() for one in at]
    assert len(history(rows.slice(0, 0))) == 0


def test_every_part_of_the_evidence_has_a_column() -> None:
    history = played("aab", "aab")
    assert tuple(sequences(history, np.arange(3))) == SEQUENCE
    assert memory(history, 3, 0.0, 0).shape == (2, len(MEMORY))
