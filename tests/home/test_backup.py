"""A home in one file, and back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tonearm.errors import HomeUnusable, InputError, UsageError
from tonearm.home.backup import back_up, restore
from tonearm.ingest.imports import import_paths
from tonearm.ingest.ledger import imports
from tonearm.settings import Settings, load_settings

ROW = ("Nina Simone", "Pastel Blues", "Sinnerman", "20 Nov 2020 09:35")


def test_a_restored_home_is_the_home(settings: Settings, lastfm: Callable[..., Path], tmp_path: Path) -> None:
    import_paths(settings, [lastfm([ROW])], "ada", "Asia/Calcutta")
    archive = tmp_path / "home.tar.gz"
    assert back_up(settings, archive) > 0
    other = load_settings(tmp_path / "other", {})
    restore(other, archive)
    assert imports(other) == imports(settings)
    again = import_paths(other, [lastfm([ROW])])
    assert (again.listener, again.kept) == ("ada", 0)


def test_nothing_is_overwritten(settings: Settings, lastfm: Callable[..., Path], tmp_path: Path) -> None:
    import_paths(settings, [lastfm([ROW])])
    archive = tmp_path / "home.tar.gz"
    back_up(settings, archive)
    with pytest.raises(UsageError, match="exists"):
        back_up(settings, archive)
    with pytest.raises(UsageError, match="not empty"):
        restore(settings, archive)


def test_what_is_no_backup_is_refused(tmp_path: Path, settings: Settings) -> None:
    damaged = tmp_path / "damaged.tar.gz"
    damaged.write_bytes(b"\x1f\x8b not really")
    with pytest.raises(InputError, match="damaged or not a backup"):
        restore(settings, damaged)
    with pytest.raises(UsageError, match="no file"):
        restore(settings, tmp_path / "missing.tar.gz")


def test_a_home_does_not_hold_its_own_backup(settings: Settings, lastfm: Callable[..., Path]) -> None:
    import_paths(settings, [lastfm([ROW])])
    with pytest.raises(UsageError, match="elsewhere"):
        back_up(settings, settings.home / "home.tar.gz")


def test_a_damaged_backup_restores_nothing_rather_than_a_part(
    settings: Settings, lastfm: Callable[..., Path], tmp_path: Path
) -> None:
    import_paths(settings, [lastfm([ROW])])
    archive = tmp_path / "home.tar.gz"
    back_up(settings, archive)
    whole = archive.read_bytes()
    other = load_settings(tmp_path / "other", {})
    for damaged in (whole[: len(whole) // 2], whole[:-2000] + bytes(100) + whole[-1900:]):
        archive.write_bytes(damaged)
        with pytest.raises(InputError, match="damaged"):
            restore(other, archive)
        assert not other.home.exists()


def test_a_backup_is_not_restored_into_a_file(settings: Settings, lastfm: Callable[..., Path], tmp_path: Path) -> None:
    import_paths(settings, [lastfm([ROW])])
    archive = tmp_path / "home.tar.gz"
    back_up(settings, archive)
    with pytest.raises(HomeUnusable, match="is a file"):
        restore(load_settings(lastfm([ROW]), {}), archive)
