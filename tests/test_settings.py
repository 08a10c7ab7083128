"""Settings come from defaults, tonearm.toml and the environment, later ones winning."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from tonearm.errors import UsageError
from tonearm.settings import PREFIX, Settings, credentials, load_settings

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


def test_proxies_are_addresses_or_networks(tmp_path: Path) -> None:
    environ = {"TONEARM_TRUSTED_PROXIES": "10.0.0.0/8, fd00::/8,192.0.2.1"}
    assert load_settings(tmp_path, environ).trusted_proxies == ("10.0.0.0/8", "fd00::/8", "192.0.2.1")
    for wrong in ("*", "proxy.example", "10.0.0.1/8"):
        with pytest.raises(UsageError, match=r"trusted_proxies: .*name an address, or a network"):
            load_settings(tmp_path, {"TONEARM_TRUSTED_PROXIES": wrong})


def test_every_setting_is_documented() -> None:
    text = DOCS.read_text(encoding="utf-8")
    missing = [f.name for f in msgspec.structs.fields(Settings) if PREFIX + f.name.upper() not in text]
    assert missing == []


def test_credentials_come_from_the_environment_then_the_folder_then_the_home(tmp_path: Path) -> None:
    folder, home = tmp_path / "folder", tmp_path / "home"
    for where, text in (
        (folder, "CLIENT_ID=b\nLASTFM_API_KEY='k # y'\n"),
        (home, "CLIENT_ID=c\nCLIENT_SECRET=s # x\n"),
    ):
        where.mkdir()
        (where / ".env").write_text(f"# comment\nexport SPOTIFY_REFRESH_TOKEN={where.name}\n\nno assignment\n{text}")
    found = credentials(home, {"SPOTIFY_CLIENT_ID": "a"}, folder)
    assert (found.spotify_client_id, found.spotify_client_secret) == ("a", "s")
    assert (found.spotify_refresh_token, found.lastfm_api_key) == ("folder", "k # y")
    assert found.spotify_redirect_uri == "http://127.0.0.1:8888/callback"


def test_credentials_are_not_shown(tmp_path: Path) -> None:
    found = credentials(tmp_path, {"SPOTIFY_CLIENT_SECRET": "shh"}, tmp_path)
    assert repr(found) == "Credentials(spotify_client_secret, spotify_redirect_uri)"


def test_a_dotenv_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match=r"\.env cannot be read"):
        credentials(tmp_path, {}, tmp_path / "nowhere")
