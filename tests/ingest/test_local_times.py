"""A row without a zone keeps its local time, and is placed by the zone its listener had on that date."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from tonearm.building.execute import build
from tonearm.ingest.imports import import_paths
from tonearm.read.show import show
from tonearm.settings import Settings
from tonearm.sources.files import Hints
from tonearm.store import open_store

IFTTT = '"November 14, 2023 at 10:13PM",Sinnerman,Nina Simone,x,https://x\n' * 2
PLAYS = "artist,track,date\nNina Simone,Sinnerman,2023-11-14 22:13:00\n"


def starts(settings: Settings) -> list[datetime]:
    build(settings, ["listens"])
    return sorted(show(settings, "listens")["started_at"].to_pylist())


def test_a_zone_set_later_places_the_rows_anew(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "ifttt.csv").write_text(IFTTT)
    report = import_paths(settings, [tmp_path / "ifttt.csv"], "ada", "UTC")
    assert (report.kept, report.duplicates) == (1, 1)
    assert report.files[0].reading.endswith("times without a zone are local time in UTC")
    assert starts(settings) == [datetime(2023, 11, 14, 22, 13, tzinfo=UTC)]
    open_store(settings).set_zone("ada", "America/New_York")
    assert starts(settings) == [datetime(2023, 11, 15, 3, 13, tzinfo=UTC)]
    open_store(settings).set_zone("ada", "Asia/Tokyo", date(2023, 11, 1))
    assert starts(settings) == [datetime(2023, 11, 14, 13, 13, tzinfo=UTC)]


def test_the_same_file_before_and_after_a_zone_changes_nothing(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "ifttt.csv").write_text(IFTTT)
    import_paths(settings, [tmp_path / "ifttt.csv"], "ada", "UTC")
    (tmp_path / "longer.csv").write_text(IFTTT + IFTTT.replace("10:13PM", "10:43PM"))
    report = import_paths(settings, [tmp_path / "longer.csv"], "ada", "Europe/Berlin")
    assert (report.read, report.kept, report.duplicates) == (4, 1, 3)
    assert starts(settings) == [datetime(2023, 11, 14, 21, m, tzinfo=UTC) for m in (13, 43)]


def test_dates_without_a_zone_are_local_when_asked(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "plays.csv").write_text(PLAYS)
    import_paths(settings, [tmp_path / "plays.csv"], "ada", "Europe/Berlin", hints=Hints(is_local=True))
    assert starts(settings) == [datetime(2023, 11, 14, 21, 13, tzinfo=UTC)]
    report = import_paths(settings, [tmp_path / "plays.csv"], "ben", "Europe/Berlin")
    assert "local" not in str(report.files[0].reading)
