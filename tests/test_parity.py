"""Every table is the same on Spark as on DuckDB, row by row."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.conftest import real
from tests.parity import compare, make_household, rows
from tonearm.building.execute import BuildReport, build
from tonearm.ingest.imports import import_paths
from tonearm.lake import open_lake
from tonearm.settings import Settings, load_settings
from tonearm.table import tables

pytestmark = [pytest.mark.spark, pytest.mark.slow]


@pytest.fixture(scope="module")
def household(spark: None, tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, Settings, BuildReport]:
    """The same home built by DuckDB and by Spark, and what the latter reports."""
    folder = tmp_path_factory.mktemp("parity")
    return built_twice(make_household(folder), folder)


def built_twice(settings: Settings, folder: Path) -> tuple[Settings, Settings, BuildReport]:
    other = replace(settings, home=folder / "on spark", engine="spark", spark_master="local[2]")
    shutil.copytree(settings.home, other.home)
    assert build(settings).failed == []
    return settings, other, build(other)


def test_spark_builds_every_table(household: tuple[Settings, Settings, BuildReport]) -> None:
    *_, report = household
    assert [(table.name, table.problem) for table in report.failed] == []


@pytest.mark.parametrize("name", tables())
def test_a_table_is_the_same_on_both_engines(name: str, household: tuple[Settings, Settings, BuildReport]) -> None:
    embedded, on_spark, _ = household
    compare(embedded, on_spark, name)


def test_the_household_puts_every_table_to_the_test(household: tuple[Settings, Settings, BuildReport]) -> None:
    """An empty table would be the same on both for no reason."""
    embedded, *_ = household
    empty = [name for name in tables() if not open_lake(embedded.lake).rows(name)]
    assert empty == ["instants_at_ends", "merges"]


SEVERAL_SOURCES = ("i01_double.csv", "i02_ext.json", "i02_lb_end.jsonl", "i13_maloja.json", "i13_lastfm.csv")


def test_records_of_several_sources_are_the_same_on_both_engines(spark: None, tmp_path: Path) -> None:
    """Repeats, other credits and reported ends, which the household has none of."""
    settings = load_settings(tmp_path / "home", {})
    folder = Path(__file__).parent / "sources" / "imports"
    files = [folder / name for name in (*SEVERAL_SOURCES, "i14_ext.json", "i14_lastfm.csv")]
    import_paths(settings, files, "somebody", "Europe/Berlin")
    other = replace(settings, home=tmp_path / "on spark", engine="spark", spark_master="local[2]")
    shutil.copytree(settings.home, other.home)
    for home in (settings, other):
        assert build(home, ["listens", "tracks"]).failed == []
    assert {row["merge_kind"] for row in rows(settings, "merges").values()} >= {"repeat", "source", "credits"}
    for name in ("track_names", "track_identities", "credit_groups", "instants_at_ends", "merges", "listens", "tracks"):
        compare(settings, other, name)


def test_what_spark_built_the_embedded_engine_goes_on_with(household: tuple[Settings, Settings, BuildReport]) -> None:
    *_, on_spark, _ = household
    again = build(replace(on_spark, engine="duckdb"))
    assert {table.action for table in again.tables} == {"unchanged"}


def test_a_real_history_is_the_same_on_both_engines(spark: None, tmp_path: Path) -> None:
    settings = load_settings(tmp_path / "home", {})
    files = [real("histories/lastfm_to_csv_headerless.csv"), real("catalogue/spotify_songs.csv")]
    import_paths(settings, files, "somebody", "Europe/Berlin")
    embedded, on_spark, report = built_twice(settings, tmp_path)
    assert report.failed == []
    for name in tables():
        compare(embedded, on_spark, name)
