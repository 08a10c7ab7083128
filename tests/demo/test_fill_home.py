"""A demo fills an empty home, again changes nothing, and never mixes with a person's own listens."""

from datetime import date
from pathlib import Path

import pytest

from tonearm.demo import fill_home
from tonearm.errors import UsageError
from tonearm.ingest.imports import import_paths
from tonearm.settings import Settings, load_settings

END = date(2026, 11, 1)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    settings = load_settings(tmp_path_factory.mktemp("home"), {})
    fill_home(settings, 1, END)
    return settings


def test_every_listener_is_imported_and_the_sums_add_up(tmp_path: Path) -> None:
    reports = fill_home(load_settings(tmp_path, {}), 1, END)
    assert [report.listener for report in reports] == ["Ada (demo)", "Ben (demo)", "Chidi (demo)"]
    for report in reports:
        assert not [file.problem for file in report.files if file.problem]
        assert report.read == report.kept + report.duplicates + report.rejected
    assert 60_000 < sum(report.kept for report in reports) < 110_000
    # Ada's files overlap by 150 rows each, and her Last.fm file begins with the track now playing.
    assert reports[0].duplicates >= 300
    assert reports[0].rejected == 1


@pytest.mark.slow
def test_again_on_a_later_day_changes_nothing(filled: Settings) -> None:
    reports = fill_home(filled, 1, date(2026, 12, 24))
    assert [report.kept for report in reports] == [0, 0, 0]


def test_another_seed_needs_another_home(filled: Settings) -> None:
    with pytest.raises(UsageError, match="demo of seed 1"):
        fill_home(filled, 2, END)


def test_a_home_in_use_is_refused(tmp_path: Path) -> None:
    settings = load_settings(tmp_path / "home", {})
    history = tmp_path / "history.csv"
    history.write_text("artist,track,uts\nThe Bashful Marmalades,Kettle,1700000000\n", encoding="utf-8")
    import_paths(settings, [history], "ada", "UTC")
    with pytest.raises(UsageError, match="holds listens of ada"):
        fill_home(settings, 1, END)
