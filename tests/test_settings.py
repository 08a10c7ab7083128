"""Settings come from defaults, tonearm.toml and the environment, later ones winning."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from tonearm.errors import UsageError
from tonearm.settings import PREFIX, Settings, load_settings

DOCS = Path(__file__).parents[1] / "docs" / "settings.md"


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "tonearm.toml").write_text("memory_mb = 1024\nthreads = 3\n")
    settings = load_settings(tmp_path, {"TONEARM_MEMORY_MB": "2048"})
    assert (settings.memory_mb, settings.threads) == (2048, 3)


def test_the_home_is_the_given_one_else_the_environments(tmp_path: Path) -> None:
    environ = {"TONEARM_HOME": str(tmp_path / "a")}
    assert load_settings(None, environ).home == tmp_path / "a"
    assert load_settings(tmp_path / "b", environ).home == tmp_path / "b"


@pytest.mark.parametrize("text", ["memory_mb = 'lots'", "memory_gb = 1", "memory_mb = -1", "memory_mb ="])
def test_a_wrong_setting_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "tonearm.toml").write_text(text)
    with pytest.raises(UsageError, match=r"tonearm\.toml"):
        load_settings(tmp_path, {})


def test_several_hosts_stand_between_commas_or_in_a_list(tmp_path: Path) -> None:
    (tmp_path / "tonearm.toml").write_text('allowed_hosts = ["one.example", "two.example"]')
    assert load_settings(tmp_path, {}).allowed_hosts == ("one.example", "two.example")
    environ = {"TONEARM_ALLOWED_HOSTS": "music.example, www.music.example,"}
    assert load_settings(tmp_path, environ).allowed_hosts == ("music.example", "www.music.example")


def test_every_setting_is_documented() -> None:
    text = DOCS.read_text(encoding="utf-8")
    missing = [f.name for f in msgspec.structs.fields(Settings) if PREFIX + f.name.upper() not in text]
    assert missing == []
