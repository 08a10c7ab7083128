"""The home folder: one writer at a time, and plain sentences when it cannot be used."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from tests.api.conftest import client_of
from tonearm.cli import main
from tonearm.errors import HomeBusy, HomeUnusable
from tonearm.home import make_home, scratch_folder
from tonearm.home.lock import writing
from tonearm.settings import Settings


def test_a_second_writer_waits_and_then_says_so(settings: Settings) -> None:
    impatient = msgspec.structs.replace(settings, lock_wait_s=0.1)
    messages: list[str] = []
    with writing(settings), pytest.raises(HomeBusy, match="repeat the command"), writing(impatient, messages.append):
        pass
    assert len(messages) == 1


def test_the_lock_is_free_again_after_a_failure(settings: Settings) -> None:
    with pytest.raises(RuntimeError), writing(settings):
        raise RuntimeError
    with writing(msgspec.structs.replace(settings, lock_wait_s=0.1)):
        pass


def test_a_full_disk_is_a_sentence(settings: Settings) -> None:
    with pytest.raises(HomeUnusable, match="no space left"), writing(settings):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_home_that_is_a_file_is_a_sentence(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "home").write_text("")
    with pytest.raises(HomeUnusable, match="not a folder"):
        make_home(settings)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_home_without_permission_is_a_sentence(tmp_path: Path, settings: Settings) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(HomeUnusable, match="cannot be written"):
        make_home(settings)


def test_a_mounted_volume_that_another_user_owns_becomes_a_home(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, mode: int) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted", str(path))

    settings.home.mkdir(parents=True)
    monkeypatch.setattr(Path, "chmod", refuse)
    make_home(settings)
    with writing(settings):
        pass


def test_scratch_of_a_killed_writer_is_swept_by_the_next(settings: Settings) -> None:
    make_home(settings)
    left = settings.scratch / "write-99999999"
    left.mkdir()
    with writing(settings), scratch_folder(settings) as folder:
        assert not left.exists()
        assert folder.is_dir()
    assert not folder.exists()


@pytest.mark.parametrize(
    "command",
    ["tables", "tables history", "show listens", "show imports", "imports", "imports show 1", "listeners", "doctor",
     "models", "models drift"],
)  # fmt: skip
def test_looking_at_an_empty_home_makes_none(settings: Settings, command: str) -> None:
    result = CliRunner().invoke(main, ["--home", str(settings.home), *command.split()])
    assert result.exit_code in (0, 2), result.output
    assert not settings.home.exists()


@pytest.mark.parametrize("path", ["/listeners", "/imports", "/runs", "/tables", "/tables/listens", "/health"])
def test_serving_an_empty_home_makes_none(settings: Settings, path: str) -> None:
    with client_of(settings) as client:
        assert client.get(path).status_code < 500
    assert not settings.home.exists()
