"""A lake at an address instead of in the home."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from tonearm.building.execute import build
from tonearm.errors import HomeUnusable
from tonearm.ingest.imports import import_paths
from tonearm.lake import Lake, open_lake, remote
from tonearm.read.show import show
from tonearm.settings import Settings, load_settings

A = ("Nina Simone", "Pastel Blues", "Sinnerman", "20 Nov 2020 09:35")
B = ("Nina Simone", "Pastel Blues", "Strange Fruit", "20 Nov 2020 09:46")


@pytest.fixture
def away(settings: Settings, tmp_path: Path) -> Settings:
    """Reached as an object store is: by the libraries for one, never as a folder."""
    (tmp_path / "store").mkdir()
    return replace(settings, lake_uri=(tmp_path / "store").as_uri())


def test_everything_is_written_there_and_nothing_in_the_home(away: Settings, lastfm: Callable[..., Path]) -> None:
    import_paths(away, [lastfm([A])], "ada", "UTC")
    assert build(away, ["sessions"]).failed == []
    import_paths(away, [lastfm([A, B], "more.csv")], "ada")
    assert build(away, ["sessions"]).failed == []
    assert [row["listens"] for row in show(away, "sessions").to_pylist()] == [2]
    assert {"listens", "sessions"} <= set(open_lake(away.lake).names())
    assert not (away.home / "lake").exists()


def test_another_folder_is_the_same_one_from_anywhere(tmp_path: Path) -> None:
    def lake(uri: str) -> str:
        return load_settings(tmp_path / "home", {"TONEARM_LAKE_URI": uri}).lake

    assert lake("") == str(tmp_path / "home" / "lake")
    assert lake("../big disk") == str(tmp_path / "home" / "../big disk")
    assert lake("~/lake") == str(Path.home() / "lake")
    assert lake("s3://music/lake") == "s3://music/lake"
    with pytest.raises(HomeUnusable, match=r"a lake cannot be at .*name another with lake_uri"):
        lake("/tmp/50%")


def test_a_store_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"ENDPOINT_URL": "http://127.0.0.1:1", "ALLOW_HTTP": "true", "ACCESS_KEY_ID": "x"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "y")
    monkeypatch.setenv("AWS_REGION", "here")
    monkeypatch.setattr(remote, "OPTIONS", {"max_retries": "0"})
    with pytest.raises(HomeUnusable, match="s3://music/lake/listens cannot be reached"):
        Lake("s3://music/lake").version("listens")
