"""`tonearm connect`, `connections`, `disconnect` and `sync`, as a person runs them."""

from __future__ import annotations

import json
import stat
import threading
import webbrowser
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner, Result
from filelock import FileLock

from tests.pulls.stand_ins.lastfm import LastfmStandIn
from tests.pulls.stand_ins.listenbrainz import ListenBrainzStandIn
from tests.pulls.stand_ins.server import busy
from tests.pulls.stand_ins.spotify import SpotifyStandIn
from tests.serving import free_port
from tonearm.cli import main
from tonearm.lake import open_lake

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command on a home of its own, in an empty folder, without credentials of the machine."""
    monkeypatch.chdir(tmp_path)
    for name in ("CLIENT_ID", "CLIENT_SECRET", "REDIRECT_URI", "SPOTIFY_CLIENT_ID", "SPOTIFY_CLIENT_SECRET"):
        monkeypatch.delenv(name, raising=False)
    return lambda *arguments: CliRunner().invoke(main, ["--home", str(tmp_path / "home"), *arguments])


@pytest.fixture
def at_spotify(spotify: SpotifyStandIn, monkeypatch: pytest.MonkeyPatch) -> SpotifyStandIn:
    """The stand-in, and a browser whose owner allows everything."""
    monkeypatch.setenv("TONEARM_SPOTIFY_URL", f"{spotify.url}v1/")
    monkeypatch.setenv("TONEARM_SPOTIFY_ACCOUNTS_URL", spotify.url)
    monkeypatch.setenv("SPOTIFY_REDIRECT_URI", f"http://127.0.0.1:{free_port()}/callback")

    def visit(url: str) -> bool:
        follow = {"target": httpx.get, "args": (url,), "kwargs": {"follow_redirects": True}}
        threading.Thread(**follow, daemon=True).start()  # type: ignore[arg-type]
        return True

    monkeypatch.setattr(webbrowser, "open", visit)
    return spotify


def test_spotify_needs_only_a_client_id_and_a_browser(
    at_spotify: SpotifyStandIn, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SPOTIFY_CLIENT_ID", "app")
    done = run("connect", "spotify", "--listener", "Ada")
    assert done.exit_code == 0, done.output
    kept = tmp_path / "home" / "secrets.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert at_spotify.refresh_token in kept.read_text()
    assert not list(tmp_path.glob("**/.cache*"))
    at_spotify.plays = [(1_717_000_000_000, "Halleluhwah")]
    synced = run("sync")
    assert "1 new listens" in synced.output
    assert "1 read, 1 kept" in synced.output
    assert "refresh-" not in done.output + synced.output


def test_spotify_takes_the_names_that_other_programs_use_from_a_file(
    at_spotify: SpotifyStandIn, run: Run, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text('# app\nexport CLIENT_ID="app"\nCLIENT_SECRET=shh # not PKCE\n')
    done = run("connect", "spotify", "--print-refresh-token")
    assert done.exit_code == 0, done.output
    assert at_spotify.refresh_token in done.stdout.splitlines()
    token = next(one for one in at_spotify.asked if one.path == "/api/token")
    assert token.headers["Authorization"].startswith("Basic ")


def test_spotify_takes_a_refresh_token_instead_of_a_browser(
    at_spotify: SpotifyStandIn, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("CLIENT_ID", "app"), ("CLIENT_SECRET", "shh"), ("REFRESH_TOKEN", "refresh-0")):
        monkeypatch.setenv(f"SPOTIFY_{name}", value)
    assert run("connect", "spotify").exit_code == 0
    assert not any(one.path == "/authorize" for one in at_spotify.asked)
    # Spotify has replaced it since.
    assert "without that variable a browser signs in" in run("connect", "spotify").output


@pytest.mark.parametrize(
    ("pasted", "exit_code", "sentence"),
    [("{back}", 0, ""), ("{back}&code=x", 10, "does not take this sign-in"), ("http://x/?code=1", 2, "not of this")],
)
def test_an_address_can_be_pasted(
    at_spotify: SpotifyStandIn, run: Run, monkeypatch: pytest.MonkeyPatch, pasted: str, exit_code: int, sentence: str
) -> None:
    monkeypatch.setenv("SPOTIFY_CLIENT_ID", "app")
    shown: list[str] = []
    monkeypatch.setattr("click.echo", lambda text="", **_: shown.append(str(text)))

    def paste(*_: object, **__: object) -> str:
        return pasted.format(back=httpx.get(shown[0].splitlines()[-1]).headers["Location"])

    monkeypatch.setattr("click.prompt", paste)
    assert run("connect", "spotify", "--paste").exit_code == exit_code
    assert sentence in shown[-1]


def test_without_an_app_spotify_is_explained(run: Run) -> None:
    done = run("connect", "spotify")
    assert done.exit_code == 2
    assert "developer.spotify.com" in done.output
    assert "SPOTIFY_CLIENT_ID" in done.output


def test_lastfm_is_connected_by_its_names_and_a_key(
    lastfm: LastfmStandIn, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TONEARM_LASTFM_URL", lastfm.url)
    monkeypatch.setenv("LASTFM_API_KEY", "key")
    done = run("connect", "lastfm", "rj", "--listener", "Ada", "--json")
    assert json.loads(done.stdout)["account"] == "RJ"
    assert "no such account" in run("connect", "lastfm", "nobody").output


def test_listenbrainz_is_connected_by_a_token_or_a_name(
    listenbrainz: ListenBrainzStandIn, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TONEARM_LISTENBRAINZ_URL", listenbrainz.url)
    assert "no account 'nobody'" in run("connect", "listenbrainz", "nobody").output
    (tmp_path / ".env").write_text("LISTENBRAINZ_TOKEN=good\n")
    assert run("connect", "listenbrainz").exit_code == 0
    listenbrainz.listens = [(1_717_000_000, "Halleluhwah")]
    answer = json.loads(run("sync", "--json").stdout)
    assert [(one["kind"], one["listens"]) for one in answer["pulled"]] == [("listenbrainz", 1)]
    assert open_lake(tmp_path / "home" / "lake").rows("listening_history_bronze") == 1
    again = json.loads(run("sync", "--again", "--json").stdout)
    assert [(one["read"], one["duplicates"]) for one in again["imports"]] == [(1, 1)]


def test_a_lockout_is_an_exit_code_and_in_the_list(
    listenbrainz: ListenBrainzStandIn, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TONEARM_LISTENBRAINZ_URL", listenbrainz.url)
    run("connect", "listenbrainz", "rob")
    listenbrainz.faults.append(busy(7200))
    done = run("sync")
    assert done.exit_code == 11
    assert "asks for fewer requests and to wait 2.0 hours; asked again from" in done.output
    assert "not asked before" in run("connections").output
    assert "not asked" in run("sync").output


def test_a_connection_is_forgotten_with_its_token(
    listenbrainz: ListenBrainzStandIn, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TONEARM_LISTENBRAINZ_URL", listenbrainz.url)
    monkeypatch.setenv("LISTENBRAINZ_TOKEN", "good")
    run("connect", "listenbrainz")
    assert run("disconnect", "listenbrainz").exit_code == 0
    assert "good" not in (tmp_path / "home" / "secrets.json").read_text()
    assert "no connections yet" in run("connect").output
    assert run("disconnect", "listenbrainz").exit_code == 2


def test_a_connection_that_is_being_synced_does_not_stop_the_others(
    listenbrainz: ListenBrainzStandIn, lastfm: LastfmStandIn, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TONEARM_LISTENBRAINZ_URL", listenbrainz.url)
    monkeypatch.setenv("TONEARM_LASTFM_URL", lastfm.url)
    monkeypatch.setenv("LASTFM_API_KEY", "key")
    monkeypatch.setattr("tonearm.pulls.lastfm.PAUSE_S", 0.0)
    run("connect", "listenbrainz", "rob")
    run("connect", "lastfm", "RJ")
    with FileLock(tmp_path / "home" / "sync-1.lock"):
        done = run("sync")
    assert done.exit_code == 5
    assert "not asked; another tonearm is syncing listenbrainz for me" in done.output
    assert "lastfm of me (RJ): 0 new listens" in done.output


def test_nothing_to_sync_is_a_sentence(run: Run) -> None:
    done = run("sync")
    assert (done.exit_code, "no connections to pull from" in done.output) == (0, True)
