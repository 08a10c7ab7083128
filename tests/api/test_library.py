"""What the page Library & data asks for beside imports: what there is, what waits, tokens, models, jobs and backups."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import httpx
import pytest

from tests.api.conftest import PROBLEM, client_of, upload
from tonearm.home import make_home
from tonearm.home.lock import writing
from tonearm.settings import Settings
from tonearm.store import open_store
from tonearm.store.submissions import Submission, keep
from tonearm.store.tokens import Scope, create_token


@pytest.fixture
def people(home: Settings) -> Settings:
    """A home with Ada and Bob, and no history."""
    make_home(home)
    store = open_store(home)
    store.ensure_listener("Ada", "UTC")
    store.ensure_listener("Bob", "UTC")
    store.close()
    return home


def bearer(home: Settings, scope: Scope) -> dict[str, str]:
    """Headers with a new token of Ada's."""
    store = open_store(home)
    secret, _ = create_token(store, "Ada", [scope])
    store.close()
    return {"Authorization": f"Token {secret}"}


def test_the_library_counts_plays_by_source_and_shows_the_newest_import(filled: httpx.Client) -> None:
    found = filled.get("/library").json()
    (source,) = found["sources"]
    assert (source["listener"], source["source"], source["listens"]) == ("Ada", "lastfm_csv", 2)
    assert date.fromisoformat(source["first_day"]) == date(2020, 11, 20)
    assert (found["newest_import"]["run"], found["inbox"], found["submissions_waiting"]) == (1, [], 0)
    assert found["bytes"] > 1000


def test_an_empty_home_has_an_empty_library(http: httpx.Client) -> None:
    found = http.get("/library").json()
    assert (found["sources"], found["newest_import"], found["inbox"]) == ([], None, [])
    assert http.get("/runs").json() == {"under_way": [], "jobs": [], "is_writing": False, "runs": []}


def test_what_waits_is_shown_to_whom_it_belongs(people: Settings) -> None:
    for name in ("Ada", "Bob"):
        (people.inbox / name).mkdir(parents=True)
        (people.inbox / name / "plays.csv").write_text("x")
    store = open_store(people)
    keep(store, "Bob", [Submission("lastfm", "{}", 1.0)])
    store.close()
    with client_of(people) as http:
        found = http.get("/library").json()
        assert ([one["listener"] for one in found["inbox"]], found["submissions_waiting"]) == (["Ada", "Bob"], 1)
        of_ada = http.get("/library", headers=bearer(people, "read")).json()
    assert ([one["listener"] for one in of_ada["inbox"]], of_ada["submissions_waiting"]) == (["Ada"], 0)
    assert of_ada["bytes"] is None


def test_a_look_at_a_file_counts_its_rows_and_keeps_nothing(http: httpx.Client, home: Settings) -> None:
    files = [("files", ("history.csv", b"Air,Moon Safari,Sexy Boy,20 Nov 2020 09:28\nAir,Moon Safari,Remember,\n"))]
    seen = http.post("/imports/look", files=files, data={"listener": "Ada"}).json()
    assert [seen[c] for c in ("run", "read", "kept", "rejected")] == [None, 2, 1, 1]
    assert seen["files"][0]["kind"] == "lastfm_csv"
    assert http.get("/imports").json() == [] and http.get("/listeners").json() == []
    assert list(home.scratch.iterdir()) == []


def test_a_look_takes_as_much_as_an_import(home: Settings) -> None:
    files = [("files", ("x.csv", b"x" * 12_000_000))]
    with client_of(home) as http:
        assert http.post("/imports/look", files=files).status_code == 200
    with client_of(home, max_upload_bytes=1_000) as http:
        assert http.post("/imports/look", files=files).status_code == 413


def test_a_token_is_shown_once_opens_what_it_may_and_is_revoked(people: Settings) -> None:
    wanted = {"listener": "ada", "scopes": ["read"], "name": "phone", "days": 30}
    with client_of(people) as http:
        made = http.post("/tokens", json=wanted)
        assert (made.status_code, made.headers["cache-control"]) == (201, "no-store")
        secret, token = made.json()["secret"], made.json()["token"]
        (listed,) = http.get("/tokens").json()
        assert (listed["listener"], listed["name"], listed["scopes"]) == ("Ada", "phone", ["read"])
        assert secret.startswith(listed["hint"]) and secret not in http.get("/tokens").text
        by_it = {"Authorization": f"Token {secret}"}
        assert http.get("/library", headers=by_it).status_code == 200
        assert http.get("/tokens", headers=by_it).status_code == 403
        assert http.post("/tokens", headers=by_it, json=wanted).status_code == 403
        assert http.delete(f"/tokens/{token['number']}").json()["revoked_at"]
        assert [one["action"] for one in http.get("/audit").json()] == ["DELETE /tokens/{number}", "POST /tokens"]
        assert secret not in http.get("/audit").text
    with client_of(people) as http:
        assert http.get("/library", headers=by_it).status_code == 401


@pytest.mark.parametrize(
    ("changed", "status"),
    [({"listener": "nobody"}, 404), ({"scopes": []}, 422), ({"scopes": ["all"]}, 422), ({"days": 0}, 422)],
)
def test_a_token_that_cannot_be_is_a_sentence(people: Settings, changed: dict[str, object], status: int) -> None:
    with client_of(people) as http:
        answer = http.post("/tokens", json={"listener": "Ada", "scopes": ["read"], **changed})
        assert (answer.status_code, set(answer.json())) == (status, PROBLEM)
        assert http.delete("/tokens/7").status_code == 404


def test_who_writes_is_shown(people: Settings) -> None:
    with client_of(people) as http:
        assert http.get("/runs").json()["is_writing"] is False
        with writing(people):
            assert http.get("/runs").json()["is_writing"] is True
        assert http.get("/runs", headers=bearer(people, "read")).status_code == 403


def test_what_a_request_began_is_listed_until_it_is_over(home: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    from tonearm.api.routes import imports as routes

    seen = []
    with client_of(home) as http:

        def look(*_: object) -> None:
            seen.extend(http.get("/runs").json()["under_way"])
            raise OSError("the disk is gone")

        monkeypatch.setattr(routes, "build", look)
        assert upload(http).status_code == 507
        assert [(one["task"], one["about"]) for one in seen] == [("import", "Ada")]
        assert http.get("/runs").json()["under_way"] == []


def test_a_job_is_done_now_paused_and_done_at_another_interval(people: Settings, tmp_path: Path) -> None:
    import msgspec

    kept = msgspec.structs.replace(people, backup_folder=str(tmp_path / "backups"))
    with client_of(kept) as http:
        passed = http.post("/schedule/backup/passes").json()
        assert passed["outcome"] == "done", passed
        (backup,) = http.get("/backups").json()["backups"]
        assert passed["message"].startswith(backup["name"]) and backup["bytes"] > 100
        jobs = http.patch("/schedule/backup", json={"is_paused": True, "every_s": 3600}).json()["jobs"]
        changed = next(one for one in jobs if one["job"] == "backup")
        assert (changed["is_paused"], changed["every_s"]) == (True, 3600)
        assert http.post("/schedule/sync:Ada%2Fspotify/passes").status_code == 404
        assert http.patch("/schedule/backup", json={"every_s": 1}).status_code == 422
        assert http.get("/backups", headers=bearer(people, "read")).status_code == 403


def test_without_a_folder_there_are_no_backups_and_no_job_for_them(people: Settings) -> None:
    with client_of(people) as http:
        assert http.get("/backups").json() == {"folder": None, "kept": 7, "backups": []}
        assert http.post("/schedule/backup/passes").status_code == 404


def test_without_a_history_nothing_is_scheduled(http: httpx.Client) -> None:
    assert http.post("/schedule/run/passes").status_code == 422


def test_the_models_are_listed_with_what_they_are_compared_with(http: httpx.Client, home: Settings) -> None:
    found = {one["model"]: one for one in http.get("/models").json()}
    assert found["breakout"]["baseline"] and found["breakout"]["production"] is None
    assert not (home.home / "models").exists(), "nobody opened a registry to learn that there is none"
    assert http.post("/models/train", params={"model": "none"}).status_code == 404


def test_the_card_of_a_model_that_was_never_trained_has_its_limits_and_no_version(http: httpx.Client) -> None:
    card = http.get("/models/spotify_classifier").json()
    assert card["standing"]["model"] == "popularity" and card["standing"]["decision"] == "never trained"
    assert (card["versions"], card["evidence"], card["pictures"], card["measured"]) == ([], [], [], None)
    assert card["limits"] and "catalogue_tracks" in card["learns_from"]
    for path in ("/models/none", "/models/popularity/pictures/none", "/models/none/pictures/none"):
        assert http.get(path).status_code == 404


@pytest.mark.slow
def test_a_play_of_two_sources_is_shown_with_both_of_its_records(home: Settings) -> None:
    lastfm = "Air,Moon Safari,Sexy Boy,20 Nov 2020 09:28\n"
    listened = '{"listened_at": 1605864492, "track_metadata": {"artist_name": "Air", "track_name": "Sexy Boy"}}\n'
    with client_of(home) as http:
        upload(http, lastfm, timezone="UTC")
        assert http.get("/merges").json() == {"kinds": {}, "total": 0, "plays": []}
        upload(http, listened, name="listens.jsonl", timezone="UTC")
        found = http.get("/merges", params={"listener": "ada"}).json()
        assert (found["kinds"], found["total"]) == ({"source": 1}, 1)
        (play,) = found["plays"]
        assert sorted(one["source"] for one in play["records"]) == ["lastfm_csv", "pano_jsonl"]
        assert [one["kind"] for one in play["records"]] == [None, "source"]
        assert http.get("/merges", params={"kind": "repeat"}).json()["plays"] == []
        assert http.get("/merges", params={"kind": "other"}).status_code == 422
