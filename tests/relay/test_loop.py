"""Two homes that forward to each other stop after one round."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import httpx

from tests.serving import answering
from tonearm.api.app import create_app
from tonearm.ingest.ledger import imports
from tonearm.ingest.submissions import import_submissions
from tonearm.relay import run_due
from tonearm.relay.managing import connect
from tonearm.settings import Settings
from tonearm.store import Store, open_store, relays
from tonearm.store.playing import playing, set_playing
from tonearm.store.scrobble_sessions import open_session
from tonearm.store.submissions import Submission, keep
from tonearm.store.tokens import create_token


def kept(settings: Settings, store: Store) -> int:
    import_submissions(settings, store)
    return sum(report.kept for report in imports(settings))


def test_a_listen_goes_round_once(tmp_path: Path) -> None:
    here, there = Settings(home=tmp_path / "here"), Settings(home=tmp_path / "there")
    stores = {home: open_store(home) for home in (here, there)}
    tokens = {}
    for home, listener in ((here, "Ada"), (there, "Ada Lovelace")):
        stores[home].ensure_listener(listener, "UTC")
        tokens[home], _ = create_token(stores[home], listener, ["submit", "read"])
    with answering(create_app(here)) as (here_url, _), answering(create_app(there)) as (there_url, _):
        assert (
            connect(here, stores[here], "Ada", "tonearm", there_url, tokens[there], datetime.now(UTC)).account
            == "Ada Lovelace"
        )
        connect(there, stores[there], "Ada Lovelace", "tonearm", here_url, tokens[here], datetime.now(UTC))
        info = {"submission_client": "Navidrome"}
        names = {"artist_name": "Air", "track_name": "Sexy Boy", "additional_info": info}
        listen = {"listened_at": 1_700_000_000, "track_metadata": names}
        sent = httpx.post(
            f"{here_url}/1/submit-listens",
            json={"listen_type": "single", "payload": [listen]},
            headers={"Authorization": f"Token {tokens[here]}"},
        )
        assert sent.status_code == 200, sent.text
        forwarded = [run_due(home, stores[home], datetime.now(UTC)).sent for home in (here, there) * 3]
    assert forwarded == [1, 1, 0, 0, 0, 0]
    assert [kept(home, stores[home]) for home in (here, there)] == [1, 1]
    assert relays.counts(stores[here]) == relays.counts(stores[there]) == {}


def test_what_goes_by_last_fm_s_protocol_goes_round_once_too(tmp_path: Path) -> None:
    here, there = Settings(home=tmp_path / "here"), Settings(home=tmp_path / "there")
    stores = {home: open_store(home) for home in (here, there)}
    now = datetime.now(UTC)
    listen = {"listened_at": 1_700_000_000, "track_metadata": {"artist_name": "Air", "track_name": "Sexy Boy"}}
    with answering(create_app(here)) as (here_url, _), answering(create_app(there)) as (there_url, _):
        for home, other, url in ((here, there, there_url), (there, here, here_url)):
            stores[other].ensure_listener("Ada", "UTC")
            stores[home].ensure_listener("Ada", "UTC")
            session = open_session(stores[other], "Ada", "lastfm", None, now)
            connect(home, stores[home], "Ada", "lastfm", f"{url}/2.0", f"key shared {session}", now)
        keep(stores[here], "Ada", [Submission("listenbrainz", json.dumps(listen), 1.7e9)])
        set_playing(stores[here], "Ada", json.dumps(listen), None, datetime.now(UTC))
        begun = playing(stores[here], "Ada")
        rounds = [run_due(home, stores[home], datetime.now(UTC)).sent for home in (here, there) * 3]
    assert rounds == [1, 1, 0, 0, 0, 0]
    assert playing(stores[there], "Ada") is not None
    assert playing(stores[here], "Ada") == begun, "it came back"
