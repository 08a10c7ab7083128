"""A home in one file, and back."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tarfile
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.postgres import Server
from tonearm.errors import AfterRunFailed, HomeUnusable, InputError, UsageError
from tonearm.home import KEPT_SMALL
from tonearm.home.confirming import confirm, is_confirmed
from tonearm.home.secrets import put_secret, secret
from tonearm.ingest.imports import import_paths
from tonearm.ingest.inbox import import_inbox
from tonearm.ingest.ledger import imports
from tonearm.run.after import after_run
from tonearm.run.keeping import keep_small
from tonearm.settings import Settings, load_settings
from tonearm.store import backup, open_store
from tonearm.store.backup import back_up, restore
from tonearm.store.submissions import Submission, keep, waiting


class Died(BaseException):
    """Stands for the end of the process, which nothing catches."""


def die(*_: Any, **__: Any) -> Any:
    raise Died


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home with its store; what a backup does with another database has tests of its own."""
    return Settings(home=tmp_path / "home")


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


def fill(settings: Settings) -> None:
    """A listener, whose submission is not in the lake yet, and a secret."""
    with closing(open_store(settings)) as store:
        store.ensure_listener("Ada", "UTC")
        keep(store, "Ada", [Submission("lastfm", "{}", 1.7e9)])
    put_secret(settings, "relay/1", "token")


def waiting_in(settings: Settings) -> list[float | None]:
    with closing(open_store(settings)) as store:
        return [one.listened_s for one in waiting(store)]


def test_a_backup_holds_what_waits_and_secrets_for_their_owner_alone(settings: Settings, tmp_path: Path) -> None:
    fill(settings)
    back_up(settings, tmp_path / "home.tar.gz")
    other = Settings(home=tmp_path / "other")
    restore(other, tmp_path / "home.tar.gz")
    assert (waiting_in(other), secret(other, "relay/1")) == ([1.7e9], "token")
    assert stat.S_IMODE((other.home / "secrets.json").stat().st_mode) == 0o600


def test_a_store_on_a_server_is_backed_up_and_restored_from_either_and_into_either(
    settings: Settings, tmp_path: Path, database_url: str, postgres: Server
) -> None:
    there = replace(settings, database_url=database_url)
    fill(there)
    archive = tmp_path / "home.tar.gz"
    back_up(there, archive)
    assert not settings.database.exists()
    home = Settings(home=tmp_path / "in-home")
    restore(home, archive)
    assert waiting_in(home) == [1.7e9]
    with pytest.raises(UsageError, match="already; name an empty database"):
        restore(replace(there, home=tmp_path / "other"), archive)
    assert not (tmp_path / "other").exists()
    postgres.run("CREATE DATABASE test_restored")
    other = Settings(home=tmp_path / "other", database_url=postgres.url("test_restored"))
    restore(other, archive)
    assert (waiting_in(other), other.database.exists()) == ([1.7e9], False)
    postgres.run("DROP DATABASE test_restored WITH (FORCE)")


def test_a_backup_goes_where_its_own_settings_say(settings: Settings, tmp_path: Path, database_url: str) -> None:
    fill(settings)
    (settings.home / "tonearm.toml").write_text(f"database_url = '{database_url}'\n")
    back_up(settings, tmp_path / "home.tar.gz")
    home = tmp_path / "other"
    restore(load_settings(home, {}), tmp_path / "home.tar.gz")
    assert waiting_in(load_settings(home, {})) == [1.7e9]
    assert not load_settings(home, {}).database.exists()


def test_a_killed_restore_leaves_nothing_and_a_retry_works(
    settings: Settings, lastfm: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_paths(settings, [lastfm([ROW])])
    archive = tmp_path / "home.tar.gz"
    back_up(settings, archive)
    other = load_settings(tmp_path / "other", {})
    with monkeypatch.context() as patched, pytest.raises(Died):
        patched.setattr(backup, "_put_in_place", die)
        patched.setattr(shutil, "rmtree", lambda *_, **__: None)
        restore(other, archive)
    left = list(tmp_path.glob(".other.restoring-*"))
    assert (len(left), other.home.exists()) == (1, False)
    restore(other, archive)
    assert imports(other) == imports(settings)
    assert not left[0].exists()


def test_a_killed_restore_into_a_mounted_folder_can_be_repeated(
    settings: Settings, lastfm: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_paths(settings, [lastfm([ROW])])
    archive = tmp_path / "home.tar.gz"
    back_up(settings, archive)
    other = load_settings(tmp_path / "other", {})
    for mounted in ("lost+found", "scratch"):
        (other.home / mounted).mkdir(parents=True)
    monkeypatch.setattr(os.path, "ismount", lambda path: Path(path) == other.home)
    rename = Path.rename

    def die_at_the_lake(path: Path, target: Path) -> Path:
        return die() if path.name == "lake" else rename(path, target)

    with monkeypatch.context() as patched, pytest.raises(Died):
        patched.setattr(Path, "rename", die_at_the_lake)
        patched.setattr(shutil, "rmtree", lambda *_, **__: None)
        restore(other, archive)
    assert imports(other) == []
    restore(other, archive)
    assert imports(other) == imports(settings)
    assert not list(other.home.glob(".other*"))
    assert (other.home / "lost+found").is_dir()


def test_what_lies_in_a_mounted_folder_s_scratch_hinders_no_restore(
    settings: Settings, tmp_path: Path, each_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Settings, "compiled", property(lambda made: made.home / "compiled"))
    fill(settings)
    (settings.inbox / "ada").mkdir()
    (settings.inbox / "ada" / "waits.csv").touch()
    back_up(settings, tmp_path / "home.tar.gz")
    other = Settings(home=tmp_path / "other", database_url=each_database_url)
    for folder in (other.scratch, other.compiled):
        folder.mkdir(parents=True)
        (folder / "mine").touch()
    monkeypatch.setattr(os.path, "ismount", lambda path: Path(path) == other.home)
    restore(other, tmp_path / "home.tar.gz")
    assert (waiting_in(other), secret(other, "relay/1")) == ([1.7e9], "token")
    assert [path.name for path in other.inbox.rglob("*.csv")] == ["waits.csv"]
    assert [path.name for path in (*other.scratch.iterdir(), *other.compiled.iterdir())] == ["mine", "mine"]
    assert not list(other.home.glob(".other*"))


def test_a_restore_into_a_mount_leaves_the_mount_inside_it(
    settings: Settings, tmp_path: Path, database_url: str
) -> None:
    alone = ["unshare", "--map-root-user", "--mount"]
    home = tmp_path / "mounted"
    home.mkdir()
    mount = 'set -e; mount -t tmpfs none "$1"; mkdir "$1/scratch"; mount -t tmpfs none "$1/scratch"; '
    if not shutil.which("unshare") or subprocess.run([*alone, "sh", "-c", mount, "sh", home], check=False).returncode:
        pytest.skip("nothing can be mounted here: that takes Linux, and root or user namespaces")
    fill(settings)
    back_up(settings, tmp_path / "home.tar.gz")
    program = [sys.executable, "-m", "tonearm", "--home", home, "restore", tmp_path / "home.tar.gz"]
    there = {**os.environ, "TONEARM_DATABASE_URL": database_url}
    then = 'home=$1; shift; "$@"; mountpoint -q "$home/scratch"; ls "$home"'
    done = subprocess.run(
        [*alone, "sh", "-c", mount + then, "sh", home, *program], capture_output=True, text=True, env=there, check=False
    )
    assert done.returncode == 0, done.stderr
    assert {"tonearm-home", "secrets.json", "inbox", "scratch"} <= set(done.stdout.split())
    assert waiting_in(Settings(home=home, database_url=database_url)) == [1.7e9]


def test_a_killed_backup_has_no_name_and_is_replaced_by_the_next(
    settings: Settings, lastfm: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_paths(settings, [lastfm([ROW])])
    folder = tmp_path / "backups"
    folder.mkdir()
    with monkeypatch.context() as patched, pytest.raises(Died):
        patched.setattr(backup, "_to_disk", die)
        patched.setattr(Path, "unlink", lambda *_, **__: None)
        back_up(settings, folder / "monday.tar.gz")
    (left,) = folder.iterdir()
    assert left.name.startswith(".tonearm-")
    back_up(settings, folder / "tuesday.tar.gz")
    assert [path.name for path in folder.iterdir()] == ["tuesday.tar.gz"]


def test_homes_and_backups_are_their_owners_alone(
    settings: Settings, lastfm: Callable[..., Path], tmp_path: Path
) -> None:
    before = os.umask(0)
    try:
        settings.home.mkdir(mode=0o777)
        import_paths(settings, [lastfm([ROW])])
        archive = tmp_path / "home.tar.gz"
        back_up(settings, archive)
        other = load_settings(tmp_path / "other", {})
        restore(other, archive)
    finally:
        os.umask(before)
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (settings.home, archive, other.home)]
    assert modes == [0o700, 0o600, 0o700]


def test_kept_raw_exports_are_in_no_backup(settings: Settings, lastfm: Callable[..., Path], tmp_path: Path) -> None:
    kept = replace(settings, keep_imported=True)
    for folder in (settings.inbox, settings.inbox / "imported"):
        folder.mkdir(parents=True)
    lastfm([ROW]).rename(settings.inbox / "a.csv")
    import_inbox(kept)
    assert (settings.inbox / "imported" / "1" / "a.csv").exists()
    archive = tmp_path / "home.tar.gz"
    back_up(settings, archive)
    with tarfile.open(archive) as tar:
        assert not [name for name in tar.getnames() if "imported" in name]


def test_when_old_versions_were_removed_is_in_no_backup(settings: Settings, tmp_path: Path) -> None:
    fill(settings)
    keep_small(settings, datetime.now(UTC))
    assert (settings.home / KEPT_SMALL).exists()
    back_up(settings, tmp_path / "home.tar.gz")
    with tarfile.open(tmp_path / "home.tar.gz") as tar:
        assert KEPT_SMALL not in tar.getnames()


def test_a_restored_command_waits_for_its_owner(
    settings: Settings, lastfm: Callable[..., Path], tmp_path: Path
) -> None:
    import_paths(settings, [lastfm([ROW])])
    (settings.home / "tonearm.toml").write_text("after_run = 'touch ran'\n")
    archive = tmp_path / "home.tar.gz"
    back_up(settings, archive)
    home = tmp_path / "other"
    restore(load_settings(home, {}), archive)
    restored = load_settings(home, {})
    with pytest.raises(AfterRunFailed, match="--confirm-after-run"):
        after_run(restored)
    assert after_run(replace(restored, after_run="true"))  # the owner has written another one
    confirm(restored)
    assert after_run(replace(restored, after_run="true"))
    assert is_confirmed(restored)


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
