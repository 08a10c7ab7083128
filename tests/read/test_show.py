"""Rows of a table as they are stored, as they stood, or under another rule, of whom and in which types."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from tonearm.building.execute import build
from tonearm.errors import UnknownName, UsageError
from tonearm.ingest.imports import import_paths
from tonearm.ingest.ledger import undo
from tonearm.lake import open_lake
from tonearm.read.show import merges, show
from tonearm.settings import Settings, load_settings
from tonearm.table import tables, with_inputs

A = ("Nina Simone", "Pastel Blues", "Sinnerman", "20 Nov 2020 09:35")
B = ("Nina Simone", "Pastel Blues", "Strange Fruit", "21 Nov 2020 09:46")
C = ("Can", "Tago Mago", "Halleluhwah", "22 Nov 2020 09:46")
LISTENS = "listening_with_features"


@pytest.fixture
def home(settings: Settings, lastfm: Callable[..., Path]) -> Settings:
    import_paths(settings, [lastfm([A])], "Ada", "UTC")
    build(settings)
    return settings


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home to look at that was built with A, then with B and C too, then without A."""
    folder = tmp_path_factory.mktemp("changed")
    home = load_settings(folder / "home", environ={})
    for number, rows in enumerate(([A], [B, C])):
        export = folder / f"{number}.csv"
        export.write_text("".join(f"{','.join(row)}\n" for row in rows))
        import_paths(home, [export], "Ada", "UTC")
        build(home)
    undo(home, 1)
    build(home)
    return home


def titles(home: Settings, as_of: str | None = None) -> list[str]:
    return sorted(show(home, LISTENS, as_of=as_of)["track_name"].to_pylist())


@pytest.mark.slow
def test_a_rule_changes_rows_and_never_types(home: Settings) -> None:
    for table in tables().values():
        if table.layer != "gold":
            continue
        if LISTENS in {needed.name for needed in with_inputs([table.name])}:
            assert show(home, table.name, rule="30s").schema == show(home, table.name).schema
        else:
            # Predictions are made from every listen.
            with pytest.raises(UsageError, match=f"cannot be chosen for {table.name}"):
                show(home, table.name, rule="30s")


def test_a_rule_reaches_tables_by_way_of_others(settings: Settings, tmp_path: Path) -> None:
    seconds = {"Short": 10, "Long": 200}
    listens = [
        f'{{"ts": "2020-11-2{day}T09:00:00Z", "ms_played": {s * 1000}, "master_metadata_track_name": "{name}", '
        f'"master_metadata_album_artist_name": "Can", "spotify_track_uri": "spotify:track:{day:022}"}}'
        for day, (name, s) in enumerate(seconds.items())
    ]
    export = tmp_path / "Streaming_History_Audio_2020.json"
    export.write_text(f"[{', '.join(listens)}]")
    import_paths(settings, [export], "Ada", "UTC")
    build(settings)
    for name in (LISTENS, "sessions"):
        assert [show(settings, name, rule=rule).num_rows for rule in ("all", "30s")] == [2, 1]
    with pytest.raises(UsageError, match="cannot be chosen for tracks"):
        show(settings, "tracks", rule="30s")


@pytest.mark.slow
def test_a_table_is_shown_as_it_stood(changed: Settings) -> None:
    assert titles(changed) == ["Halleluhwah", "Strange Fruit"]
    assert [titles(changed, as_of=str(version)) for version in range(3)] == [
        ["Sinnerman"],
        ["Halleluhwah", "Sinnerman", "Strange Fruit"],
        ["Halleluhwah", "Strange Fruit"],
    ]
    for commit in open_lake(changed.lake).history(LISTENS):
        assert titles(changed, as_of=commit.at.isoformat()) == titles(changed, as_of=str(commit.version))
    assert titles(changed, as_of="2999-01-01") == titles(changed)


def test_what_another_program_would_read_of_a_version_is_what_is_shown(changed: Settings) -> None:
    lake = open_lake(changed.lake)
    for name in ("listening_history_bronze", "sessions", "temporal_trends", "imports"):
        for commit in lake.history(name):
            shown = show(changed, name, as_of=str(commit.version))
            assert shown.num_rows == lake.rows(name, commit.version)
            assert shown.column_names == lake.dataset(name, commit.version).schema.names


def test_a_rule_applies_to_the_listens_of_then(changed: Settings) -> None:
    for version in range(3):
        ruled = show(changed, "sessions", rule="30s", as_of=str(version))
        assert ruled.equals(show(changed, "sessions", as_of=str(version)))


def test_a_rule_needs_the_columns_of_today(home: Settings) -> None:
    lake = open_lake(home.lake)
    old = lake.dataset(LISTENS).to_table().drop_columns(["duration_s"])
    lake.replace(LISTENS, old, {**lake.note(LISTENS)})
    lake.replace(LISTENS, old.append_column("duration_s", pa.nulls(old.num_rows, pa.float64())), {})
    assert "duration_s" not in show(home, LISTENS, as_of="1").column_names
    at = lake.history(LISTENS)[1].at.isoformat()
    with pytest.raises(UsageError, match=f"{LISTENS} had no duration_s yet; leave out --rule"):
        show(home, "sessions", rule="30s", as_of=at)


def test_before_a_table_was_built_there_is_nothing_to_show(home: Settings) -> None:
    with pytest.raises(UsageError, match="sessions was first written at"):
        show(home, "sessions", as_of="2001-01-01")
    with pytest.raises(UsageError, match="was never written"):
        show(home, "kaggle_tracks_bronze", as_of="0")


def test_a_listener_is_found_in_any_case_and_may_have_no_rows(home: Settings) -> None:
    assert show(home, "listens", "ada").num_rows == 1
    assert show(home, "top_tracks_by_mood", "ADA").num_rows == 0
    assert merges(home, "ada").num_rows == 0
    with pytest.raises(UnknownName, match="did you mean Ada"):
        show(home, "listens", "adda")


def test_what_is_no_table_is_named(home: Settings) -> None:
    for as_of in (None, "0"):
        with pytest.raises(UnknownName):
            show(home, "listens; DROP TABLE x", as_of=as_of)
