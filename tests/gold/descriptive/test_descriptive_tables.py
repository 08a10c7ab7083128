"""What holds of every descriptive table, whatever was heard."""

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tonearm.building.validate import problems
from tonearm.columns import COLUMNS, FEATURE_SOURCES, MOODS, arrow_schema
from tonearm.engine.duckdb import Engine
from tonearm.gold.descriptive.audio_feature_distributions import audio_feature_distributions
from tonearm.gold.descriptive.feature_source_coverage import feature_source_coverage
from tonearm.gold.descriptive.listening_patterns_by_time import listening_patterns_by_time
from tonearm.gold.descriptive.temporal_trends import temporal_trends
from tonearm.gold.descriptive.top_tracks_by_mood import top_tracks_by_mood
from tonearm.table import find

Row = dict[str, Any]
Rows = Callable[..., list[Row]]
NewListen = Callable[..., Row]
Features = Callable[..., Row]
Built = Callable[..., pa.Table]
History = Callable[..., list[Row]]

TABLES = (
    listening_patterns_by_time,
    top_tracks_by_mood,
    temporal_trends,
    audio_feature_distributions,
    feature_source_coverage,
)

EXAMPLES = settings(max_examples=25, deadline=None)
tracks = st.integers(1, 12)
heard = st.tuples(
    st.sampled_from(["ann", "bob"]),
    st.integers(0, 500 * 24),
    tracks,
    st.none() | st.integers(0, 400),
    st.sampled_from(["UTC", "Europe/Berlin", "America/Los_Angeles"]),
)
histories = st.lists(heard, min_size=1, max_size=30)
sources_of_tracks = st.fixed_dictionaries({k: st.sampled_from([None, *FEATURE_SOURCES]) for k in range(1, 13)})


@pytest.fixture(scope="session")
def history(listen: NewListen, featured: Features) -> History:
    """Listens from what hypothesis drew; a track's features belong to the track."""

    def one(who: str, hours: int, track: int, seconds: int | None, zone: str, source: str | None) -> Row:
        at = (datetime(2023, 1, 1) + timedelta(hours=hours)).isoformat()
        features = featured(track / 16, source, loudness=-float(track), mood=MOODS[track % 5]) if source else {}
        listened_s = None if seconds is None else float(seconds)
        return listen(at, track=track, listener=who, zone=zone, listened_s=listened_s, **features)

    def build(drawn: list[Any], sources: dict[int, str | None]) -> list[Row]:
        return [one(*row, sources[row[2]]) for row in drawn]

    return build


def per_listener(rows: list[Row], column: str) -> dict[str, float]:
    sums = defaultdict(float)
    for row in rows:
        sums[row["listener"]] += row[column] or 0
    return dict(sums)


@pytest.mark.parametrize("table", TABLES, ids=lambda t: t.__name__)
def test_columns_are_those_of_the_registry_with_its_types(
    table: Any, built: Built, listen: NewListen, featured: Features
) -> None:
    listens = [listen("2024-01-01T10:00", **featured(0.5, mood="Neutral"))]
    schema = built(table, listens).schema
    assert schema.equals(arrow_schema(schema.names))
    assert set(schema.names) <= set(COLUMNS)


@pytest.mark.parametrize("table", TABLES, ids=lambda t: t.__name__)
def test_without_listens_a_table_is_empty(table: Any, built: Built) -> None:
    assert built(table, []).num_rows == 0


@EXAMPLES
@given(drawn=histories, sources=sources_of_tracks)
def test_every_table_keeps_its_own_rules(
    built: Built, history: History, engine: Engine, drawn: list[Any], sources: dict[int, str | None]
) -> None:
    listens = history(drawn, sources)
    for table in TABLES:
        engine.register("made", built(table, listens))
        assert problems(engine, find(table.__name__), "made", {}) == []


@EXAMPLES
@given(drawn=histories, sources=sources_of_tracks)
def test_listens_and_minutes_add_up_in_every_table(
    rows_of: Rows, history: History, drawn: list[Any], sources: dict[int, str | None]
) -> None:
    listens = history(drawn, sources)
    trends = rows_of(temporal_trends, listens)
    parts = [[r for r in trends if r["period_type"] == kind] for kind in ("day", "week", "month", "year")]
    parts += [rows_of(listening_patterns_by_time, listens), rows_of(feature_source_coverage, listens)]
    for rows in parts:
        assert per_listener(rows, "listens") == Counter(r["listener"] for r in listens)
        assert per_listener(rows, "minutes") == pytest.approx(
            {who: seconds / 60 for who, seconds in per_listener(listens, "listened_s").items()}
        )


@EXAMPLES
@given(drawn=histories, sources=sources_of_tracks)
def test_shares_of_a_month_and_of_a_mood_add_up_to_100(
    rows_of: Rows, history: History, drawn: list[Any], sources: dict[int, str | None]
) -> None:
    listens = history(drawn, sources)
    months, moods = defaultdict(float), defaultdict(float)
    for row in rows_of(feature_source_coverage, listens):
        months[row["listener"], row["month"]] += row["share_pct"]
    for row in rows_of(top_tracks_by_mood, listens):
        moods[row["listener"], row["mood"]] += row["share_pct"]
    assert all(share == pytest.approx(100) for share in (*months.values(), *moods.values()))


@EXAMPLES
@given(drawn=histories, sources=sources_of_tracks)
def test_discoveries_add_up_to_all_tracks_and_a_period_has_its_distinct_ones(
    rows_of: Rows, history: History, drawn: list[Any], sources: dict[int, str | None]
) -> None:
    listens = history(drawn, sources)
    trends = rows_of(temporal_trends, listens)
    for kind in ("day", "week", "month", "year"):
        periods = [r for r in trends if r["period_type"] == kind]
        assert per_listener(periods, "new_tracks") == Counter(
            who for who, _ in {(r["listener"], r["track_id"]) for r in listens}
        )
        assert per_listener(periods, "new_artists") == Counter(
            who for who, _ in {(r["listener"], r["artist_id"]) for r in listens}
        )
    for year in (r for r in trends if r["period_type"] == "year"):
        of_year = [
            r
            for r in listens
            if r["listener"] == year["listener"] and r["local_date"].year == year["period_start"].year
        ]
        assert year["tracks"] == len({r["track_id"] for r in of_year})
        assert year["artists_heard"] == len({r["artist_id"] for r in of_year})


@EXAMPLES
@given(drawn=histories, sources=sources_of_tracks, order=st.randoms(use_true_random=False))
def test_the_order_of_the_listens_does_not_matter(
    rows_of: Rows, history: History, drawn: list[Any], sources: dict[int, str | None], order: Random
) -> None:
    listens = history(drawn, sources)
    shuffled = order.sample(listens, len(listens))
    for table in (temporal_trends, top_tracks_by_mood):
        grain = find(table.__name__).grain
        first, second = rows_of(table, listens, *grain), rows_of(table, shuffled, *grain)
        assert [rounded(row) for row in first] == second


def rounded(row: Row) -> Row:
    """Sums of the same numbers in another order differ in the last digit."""
    return {name: pytest.approx(value) if isinstance(value, float) else value for name, value in row.items()}
