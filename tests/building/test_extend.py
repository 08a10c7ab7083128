"""New listens at once: the same rows as a build makes, and the next build takes nothing for granted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tonearm.building.execute import build
from tonearm.building.extend import extend
from tonearm.ingest.imports import import_paths
from tonearm.lake import open_lake
from tonearm.settings import Settings, load_settings

Lastfm = Callable[..., Path]
PAGE = ("listening_with_features", "sessions")
TABLES = ("track_names", "track_identities", "tracks", "merges", "listens", *PAGE)
OLD = [
    ("Air", "Moon Safari", "Sexy Boy", "20 Nov 2020 09:35"),
    ("Can", "Tago Mago", "Halleluhwah", "20 Nov 2020 09:40"),
    ("Air", "Moon Safari", "Kelly Watch the Stars", "21 Nov 2020 20:00"),
]
NEW = [
    ("air", "Moon Safari", "Sexy Boy - Remastered 2009", "20 Nov 2020 09:50"),
    ("Air", "Moon Safari", "Sexy Boy", "23 Nov 2020 11:00"),
    ("Neu!", "Neu!", "Hallogallo", "23 Nov 2020 11:10"),
]
NEWER = [
    ("Neu!", "Neu!", "Hallogallo", "24 Nov 2020 08:00"),
    # In capitals it comes first, and gives the track its title once there is a build.
    ("Air", "Moon Safari", "SEXY BOY", "24 Nov 2020 08:11"),
]


def rows(settings: Settings, name: str) -> list[dict[str, Any]]:
    found = open_lake(settings.lake).dataset(name).to_table()
    return sorted(found.to_pylist(), key=str)


def bring(settings: Settings, lastfm: Lastfm, some: list[tuple[str, str, str, str]]) -> None:
    import_paths(settings, [lastfm(some, f"{len(some)}-{some[0][3]}.csv")], "ada", "UTC")


def test_the_rows_are_those_of_a_build_and_the_next_build_corrects_what_was_left(
    settings: Settings, lastfm: Lastfm, tmp_path: Path
) -> None:
    other = load_settings(tmp_path / "other", environ={})
    for home in (settings, other):
        bring(home, lastfm, OLD)
        build(home, PAGE)
        bring(home, lastfm, NEW)
    build(other, PAGE)
    assert extend(settings, PAGE)
    for name in TABLES:
        assert rows(settings, name) == rows(other, name), name
    for home in (settings, other):
        bring(home, lastfm, NEWER)
    assert extend(settings, PAGE)
    done = {one.name: one.action for one in build(settings, PAGE).tables}
    build(other, PAGE)
    for name in TABLES:
        assert rows(settings, name) == rows(other, name), name
    assert done["listens"] == "extended"


def test_tables_that_were_never_built_are_left_to_a_build(settings: Settings, lastfm: Lastfm) -> None:
    bring(settings, lastfm, OLD)
    assert not extend(settings, PAGE)


def test_an_import_that_was_undone_is_left_to_a_build(settings: Settings, lastfm: Lastfm) -> None:
    from tonearm.ingest.ledger import undo

    bring(settings, lastfm, OLD)
    bring(settings, lastfm, NEW)
    build(settings, PAGE)
    undo(settings, 2)
    bring(settings, lastfm, NEWER)
    assert not extend(settings, PAGE)


def test_without_new_listens_nothing_is_written(settings: Settings, lastfm: Lastfm) -> None:
    bring(settings, lastfm, OLD)
    build(settings, PAGE)
    lake = open_lake(settings.lake)
    before = {name: lake.version(name) for name in TABLES}
    assert extend(settings, PAGE)
    assert {name: lake.version(name) for name in TABLES} == before
