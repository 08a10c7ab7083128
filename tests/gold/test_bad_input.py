"""Histories that are too short, too even or out of step: every table is built and says what it cannot."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from tests.parity import HEADER, write_history

from tonearm.building.execute import BuildReport, build
from tonearm.columns import FEATURES
from tonearm.ingest.imports import import_paths
from tonearm.lake import open_lake
from tonearm.settings import Settings, load_settings
from tonearm.store import open_store
from tonearm.table import tables

Row = dict[str, Any]
Play = tuple[datetime, int, int]
Home = dict[str, list[Row]]

GOLD = [name for name, table in tables().items() if table.layer == "gold"]
VARIED, LEVEL, UNLISTED = range(12), range(12, 24), range(24, 36)
"""Artists whose features vary, whose valence is always the same, and whom the catalogue does not know."""
TRACKS = 6
SINCE = datetime(2023, 1, 2, 18, tzinfo=UTC)
FALL_BACK = datetime(2023, 10, 29, 0, 0, tzinfo=UTC)
MOVED_ON = date(2023, 6, 1)
THIN = ("one", "ten", "loop")
"""Too little to compare anything: one listen, ten, and one track twice every evening."""
MODEST = {
    "feature_correlations": ("insufficient", "constant"),
    "mood_state_clusters": ("insufficient",),
}
"""Words of tables that have another column than a verdict for it."""


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("bad input")
    settings = load_settings(folder / "home", {})
    import_paths(settings, [_catalogue(folder / "dataset.csv")])
    for name, zone, plays in _listeners():
        import_paths(settings, [write_history(folder / f"{name}.csv", list(plays))], name, zone)
    with closing(open_store(settings)) as store:
        store.ensure_listener("none", "UTC")
        store.set_zone("moved", "Asia/Tokyo", MOVED_ON)
    return settings


@pytest.fixture(scope="module")
def report(settings: Settings) -> BuildReport:
    return build(settings)


@pytest.fixture(scope="module")
def home(settings: Settings, report: BuildReport) -> Home:
    """The rows of every gold table."""
    lake = open_lake(settings.lake)
    return {name: lake.dataset(name).to_table().to_pylist() for name in GOLD if lake.has(name)}


def _listeners() -> Iterator[tuple[str, str, Iterable[Play]]]:
    """Name, zone and plays (instant, artist, track) of each."""
    yield "one", "UTC", [(SINCE, 0, 0)]
    yield "ten", "UTC", [(SINCE + timedelta(days=i), i % 5, i % TRACKS) for i in range(10)]
    yield "loop", "UTC", [(SINCE + timedelta(days=d, minutes=m), 0, 0) for d in range(120) for m in (0, 4)]
    yield "unlisted", "UTC", _sessions(UNLISTED)
    yield "level", "UTC", _sessions(LEVEL)
    yield "moved", "America/Los_Angeles", _sessions(VARIED)
    yield "turned", "Europe/Berlin", [(FALL_BACK + timedelta(minutes=15 * i), i % 12, i % TRACKS) for i in range(16)]


def _sessions(artists: range) -> Iterator[Play]:
    """Of seven tracks each, from 180 days on, at three hours."""
    random = Random(5)
    for number in range(180):
        at = SINCE.replace(hour=(7, 13, 20)[number % 3]) + timedelta(days=number * 330 // 180)
        for _ in range(7):
            yield at, random.choice(artists), random.randrange(TRACKS)
            at += timedelta(minutes=4)


def _catalogue(path: Path) -> Path:
    random = Random(3)

    def track(artist: int, number: int) -> list[object]:
        values = {
            **{column: round(random.random(), 3) for column in FEATURES},
            **{"loudness": -8 - artist % 5, "tempo": 90 + 7 * number, "valence": round(random.random(), 3)},
            **{"track_id": f"{artist:02d}{number:02d}".rjust(22, "x"), "artists": f"Artist {artist}"},
            **{"album_name": "Album", "track_name": f"Song {number}", "popularity": 50, "duration_ms": 200_000},
            **{"explicit": False, "key": 1, "mode": 1, "liveness": 0.1, "time_signature": 4, "track_genre": "rock"},
        }
        if artist in LEVEL:
            values["valence"] = 0.4
        return [values[column] for column in HEADER]

    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["", *HEADER])
        known = [(artist, number) for artist in (*VARIED, *LEVEL) for number in range(TRACKS)]
        writer.writerows([i, *track(*one)] for i, one in enumerate(known))
    return path


def of(rows: Iterable[Row], *listeners: str) -> list[Row]:
    return [row for row in rows if row["listener"] in listeners]


def words(table: str, row: Row) -> list[str]:
    """The words in which a row of the table says how sure it is."""
    if table in MODEST:
        return [row.get("strength") or row["evidence"]]
    return [value for column, value in row.items() if "verdict" in column]


def claims(table: str, row: Row) -> dict[str, Any]:
    """What a row must not hold where the evidence is too thin: p, intervals, effects, ranks, reasons, advice."""
    stated = {"archetype", "priority", "what_to_try", "brighter_artist_name", "suggestion", "hour_rank", "persona_name"}
    if table == "mood_improvement_recommendations":
        stated.add("because")
    ends = ("p_corrected", "effect", "_peak_hour")
    return {
        column: value
        for column, value in row.items()
        if value is not None and (column in stated or column.endswith(ends) or "p_corrected_" in column)
    }


def about_features(table: str, row: Row) -> bool:
    """Whether the row is about the music's features, and not about how much of what was heard."""
    if table == "weekend_vs_weekday":
        return row["metric"] in FEATURES
    if table == "part_of_day_drivers":
        return bool(row["driver_type"] != "artist")
    if table == "sequential_patterns":
        return bool(row["pattern_type"] != "artist_2")
    return True


def test_every_table_is_built_and_passes_its_checks(report: BuildReport) -> None:
    assert [(table.name, table.problem) for table in report.failed] == []
    assert {table.name for table in report.tables} >= set(GOLD)


@pytest.mark.parametrize("name", GOLD)
def test_a_listener_without_listens_has_no_rows(name: str, home: Home) -> None:
    assert of(home[name], "none") == []


@pytest.mark.parametrize("name", GOLD)
def test_thin_evidence_makes_no_claim(name: str, home: Home) -> None:
    for row in of(home[name], *THIN):
        if row.get("metric") in ("new_tracks", "new_artists"):
            # The loop's first evening is news, which seventeen weeks are enough to compare.
            continue
        assert set(words(name, row)) <= {"insufficient", *MODEST.get(name, ())}, row
        assert claims(name, row) == {}, row


@pytest.mark.parametrize("name", GOLD)
def test_music_that_nobody_measured_makes_no_claim_about_features(name: str, home: Home) -> None:
    for row in of(home[name], "unlisted"):
        if about_features(name, row):
            assert set(words(name, row)) <= {"insufficient", *MODEST.get(name, ())}, row
            # Who hears much may be an explorer without any feature.
            assert claims(name, row).keys() <= {"archetype"}, row
        assert not [c for c, v in row.items() if c in FEATURES and v is not None], row


def test_what_is_left_out_of_thin_histories(home: Home) -> None:
    """Rather than a row that says nothing: a playlist of one song, a day that stands out among ten."""
    assert of(home["personalized_playlist_suggestions"], "one", "unlisted") == []
    assert of(home["listening_anomalies"], "one", "ten", "turned") == []
    assert of(home["mood_improvement_recommendations"], *THIN) == []
    assert of(home["mood_shift_patterns"], "loop") == []


def test_too_little_is_told_in_words(home: Home) -> None:
    words = {row["listener"]: row["in_words"] for row in home["mood_state_clusters"]}
    assert words["one"] == "Not enough data: 1 measured tracks by 1 artists; 100 and 10 are needed."
    assert words["unlisted"] == "Not enough data: 0 measured tracks by 0 artists; 100 and 10 are needed."
    segments = {row["listener"]: row["in_words"] for row in home["behavioral_segments"]}
    assert all(segments[listener].startswith("Not enough data") for listener in (*THIN, "turned"))


def test_a_constant_feature_is_never_compared_and_the_others_are(home: Home) -> None:
    hours = of(home["mood_time_correlations"], "level")
    assert {row["verdict_valence"] for row in hours} == {"insufficient"}
    assert {row["day_r_valence"] for row in hours} == {None}
    assert "insufficient" not in {row["verdict_energy"] for row in hours}
    metrics = {row["metric"]: row["verdict"] for row in of(home["weekend_vs_weekday"], "level")}
    assert (metrics["valence"], metrics["energy"]) == ("insufficient", "not_shown")
    drivers = [row for row in of(home["part_of_day_drivers"], "level") if row["driver"] in ("valence", "energy")]
    assert {row["verdict"] for row in drivers if row["driver"] == "valence"} == {"insufficient"}
    assert "insufficient" not in {row["verdict"] for row in drivers if row["driver"] == "energy"}
    pairs = [
        row for row in of(home["feature_correlations"], "level") if "valence" in (row["feature_a"], row["feature_b"])
    ]
    assert {(row["strength"], row["spearman_r"]) for row in pairs} == {("constant", None)}
    shifts = of(home["mood_shift_patterns"], "level")
    assert {row["valence_change_verdict"] for row in shifts} == {"insufficient"}
    assert "not_shown" in {row["energy_change_verdict"] for row in shifts}
    assert {row["verdict"] for row in of(home["mood_intervention_triggers"], "level")} == {"insufficient"}
    assert {row["verdict"] for row in of(home["mood_improvement_recommendations"], "level")} <= {"insufficient"}
    assert [row for row in of(home["listening_anomalies"], "level") if row["anomaly"] == "mood"] == []


@pytest.mark.parametrize("listener", ["moved", "turned"])
@pytest.mark.parametrize(
    "name",
    ["listening_patterns_by_time", "mood_time_correlations", "mood_intervention_triggers", "optimal_listening_times"],
)
def test_no_listen_is_lost_or_counted_twice_where_clocks_change(name: str, listener: str, home: Home) -> None:
    heard = {"moved": 180 * 7, "turned": 16}[listener]
    rows = [row for row in of(home[name], listener) if row.get("aim", "focus") == "focus"]
    assert sum(row["listens"] for row in rows) == heard


def test_a_move_changes_the_hours_from_that_day_on(home: Home) -> None:
    hours = {row["hour_of_day"] for row in of(home["optimal_listening_times"], "moved")}
    # 7, 13 and 20 h UTC, by the clock of Los Angeles in winter and summer, and then by that of Tokyo.
    assert hours == {23, 5, 12, 0, 6, 13, 16, 22}


def test_the_hour_that_comes_twice_has_the_listens_of_both(home: Home) -> None:
    hours = {row["hour_of_day"]: row["listens"] for row in of(home["mood_time_correlations"], "turned")}
    assert hours == {2: 8, 3: 4, 4: 4}
