"""Small files of several sources together: every real play once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tonearm.building.execute import build
from tonearm.ingest.imports import import_paths
from tonearm.lake import open_lake
from tonearm.read.show import show
from tonearm.settings import Settings

FOLDER = Path(__file__).parents[1] / "sources" / "imports"


@pytest.mark.parametrize(
    ("names", "read", "listens"),
    [
        (("i01_double.csv",), 20, 10),
        (("i02_ext.json", "i02_lb_end.jsonl"), 20, 10),
        (("i13_maloja.json", "i13_lastfm.csv"), 10, 5),
        (("i14_ext.json", "i14_lastfm.csv"), 12, 6),
        (("s1_account.csv", "s3_extcsv.csv"), 10, 5),
        (("p1_apple_song.csv",), 7, 5),
        (("f20_concat.scrobbler.log", "f22_failed.scrobbler.log"), 14, 10),
    ],
)
def test_every_play_is_one_listen(settings: Settings, names: tuple[str, ...], read: int, listens: int) -> None:
    report = import_paths(settings, [FOLDER / name for name in names], "ada", "UTC")
    assert report.read == read == report.kept + report.duplicates + report.rejected
    build(settings, ["tracks", "listens"])
    assert open_lake(settings.lake).rows("listens") == listens


def test_an_act_is_not_called_by_half_of_its_name(settings: Settings) -> None:
    import_paths(settings, [FOLDER / "i13_maloja.json", FOLDER / "i13_lastfm.csv"], "ada", "UTC")
    build(settings, ["listening_with_features"])
    assert set(show(settings, "listening_with_features")["artist_name"].to_pylist()) == {"Above & Beyond"}


def test_a_whole_folder_of_kinds_can_be_imported_at_once(settings: Settings) -> None:
    report = import_paths(settings, [FOLDER], "ada", "UTC")
    assert report.read == report.kept + report.duplicates + report.rejected
    assert sorted(Path(file.name).name for file in report.files if file.problem) == [
        "f16_itunes_lib.csv",
        "p2_apple_daily.csv",
        "q3_exportify_liked_real_header.csv",
    ]
    assert not build(settings).failed
