from __future__ import annotations

import asyncio
import os
import stat
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.conftest import HISTORY, PROBLEM, client_of, upload
from tonearm.api.app import create_app
from tonearm.api.routes import imports as routes
from tonearm.errors import UsageError
from tonearm.home import make_home
from tonearm.home.lock import writing
from tonearm.ingest.ledger import ImportReport
from tonearm.settings import Settings


@pytest.mark.slow
def test_an_upload_is_built_and_adds_up_again_changes_nothing_and_can_be_undone(
    http: httpx.Client, home: Settings
) -> None:
    first = upload(http).json()
    ledger = first["ledger"]
    assert [ledger[c] for c in ("run", "read", "kept", "duplicates", "rejected")] == [1, 4, 2, 1, 1]
    assert [file["name"] for file in ledger["files"]] == ["history.csv"]
    assert not [table for table in first["built"]["tables"] if table["problem"]]
    assert list(home.scratch.iterdir()) == []

    again = upload(http).json()["ledger"]
    assert (again["kept"], again["duplicates"], again["rejected"]) == (0, 3, 1)
    assert [one["run"] for one in http.get("/imports").json()] == [2, 1]

    assert http.delete("/imports/1").json()["ledger"]["undone_at"]
    assert len(http.get("/listens").json()["listens"]) == 2, "import 2 brought the same file"
    assert http.delete("/imports/2").json()["ledger"]["undone_at"]
    assert http.get("/listens").json()["listens"] == []
    assert http.delete("/imports/1").status_code == 422
    assert http.delete("/imports/7").status_code == 404


def test_the_rows_of_an_import_are_listed_with_reasons(filled: httpx.Client) -> None:
    (rejected,) = filled.get("/imports/1", params={"outcome": "rejected"}).json()["rows"]
    assert rejected["row"] == 4 and "no date" in rejected["reason"]
    (known,) = filled.get("/imports/1", params={"outcome": "duplicate"}).json()["rows"]
    assert (known["row"], known["first_row"]) == (3, 2)
    assert filled.get("/imports/1").json()["rows"] == []


def test_names_cannot_lead_out_of_the_scratch_folder_and_two_of_one_name_are_both_read(
    http: httpx.Client, home: Settings
) -> None:
    names = ["../../evil.csv", "..\\evil.csv", "/etc/evil.csv", "evil.csv", ".hidden.csv"]
    files = [("files", (name, HISTORY.replace("2020", str(2015 + i)).encode())) for i, name in enumerate(names)]
    ledger = http.post("/imports", files=files, data={"listener": "Ada"}).json()["ledger"]
    assert sorted(file["name"] for file in ledger["files"]) == [
        "evil (2).csv",
        "evil (3).csv",
        "evil (4).csv",
        "evil.csv",
        "hidden.csv",
    ]
    assert ledger["kept"] == 10
    assert not list(home.home.parent.rglob("*evil*"))


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"timezone": "Europe/Berln"}, 404),
        ({"kind": "xml"}, 404),
        ({"listener": "../x"}, 422),
        ({"listener": "x" * 99}, 422),
    ],
)
def test_a_wrong_form_is_a_sentence(http: httpx.Client, form: dict[str, str], status: int) -> None:
    answer = upload(http, **form)
    assert (answer.status_code, set(answer.json())) == (status, PROBLEM)


def test_a_file_that_nothing_recognises_is_named_in_the_ledger(http: httpx.Client) -> None:
    (file,) = upload(http, text="what is this", name="x.bin").json()["ledger"]["files"]
    assert (file["name"], "no source recognises" in file["problem"]) == ("x.bin", True)


def test_no_files_is_a_sentence(http: httpx.Client) -> None:
    assert http.post("/imports", data={"listener": "Ada"}).status_code == 422


def test_more_than_the_limit_is_refused(home: Settings) -> None:
    with client_of(home, max_upload_bytes=1_000) as http:
        answer = upload(http, text="x" * 2_000)
    assert (answer.status_code, answer.json()["error"]) == (413, "Refused")


def test_while_another_writes_the_answer_is_busy(tmp_path: object, home: Settings) -> None:
    import msgspec

    hasty = msgspec.structs.replace(home, lock_wait_s=0)
    with client_of(hasty) as http, writing(home):
        answer = upload(http)
    assert (answer.status_code, answer.json()["error"]) == (409, "HomeBusy")


def test_uploads_that_a_killed_server_left_are_removed(http: httpx.Client, home: Settings) -> None:
    make_home(home)
    for name, age_s in (("upload-old", 2 * 24 * 3600), ("upload-new", 60)):
        (home.scratch / name).mkdir()
        then = time.time() - age_s
        os.utime(home.scratch / name, (then, then))
    upload(http, listener="../x")
    assert [left.name for left in home.scratch.iterdir()] == ["upload-new"]


def test_a_server_that_starts_removes_them_too(home: Settings) -> None:
    make_home(home)
    (home.scratch / "upload-old").mkdir()
    os.utime(home.scratch / "upload-old", (0, 0))
    with client_of(home):
        assert list(home.scratch.iterdir()) == []


def test_while_it_is_read_an_upload_is_its_owner_s_alone(
    http: httpx.Client, home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes = []

    def look(_settings: Settings, paths: list[Path], *_: object, **__: object) -> None:
        modes.extend((stat.S_IMODE(p.parent.stat().st_mode), stat.S_IMODE(p.stat().st_mode)) for p in paths)
        raise UsageError("enough seen")

    monkeypatch.setattr(routes, "import_paths", look)
    before = os.umask(0)
    try:
        assert upload(http).status_code == 422
    finally:
        os.umask(before)
    assert modes == [(0o700, 0o600)]
    assert list(home.scratch.iterdir()) == []


def test_how_a_file_is_to_be_read_can_be_said(http: httpx.Client) -> None:
    rows = "x;Sinnerman;Nina Simone;03/04/2020 10:00\n"
    fields = {"listener": "Ada", "columns": "artist=3,track=2,date=4", "day_first": "true", "timezone": "Europe/Berlin"}
    answer = http.post("/imports", files=[("files", ("a.csv", rows.encode()))], data={**fields, "local": "true"})
    assert answer.json()["ledger"]["kept"] == 1
    assert http.get("/listens").json()["listens"][0]["started_at"].startswith("2020-04-03T08:00")
    wrong = http.post("/imports", files=[("files", ("a.csv", rows.encode()))], data={**fields, "columns": "artist"})
    assert (wrong.status_code, "names no column" in wrong.json()["message"]) == (422, True)


def test_an_import_that_is_kept_waits_for_a_writer_that_comes_before_its_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, is_held, release = Settings(home=tmp_path / "home", lock_wait_s=0.1), threading.Event(), threading.Event()

    def hold() -> None:
        with writing(home):
            is_held.set()
            release.wait(30)

    holder = threading.Thread(target=hold)

    def imported(*arguments: Any, **options: Any) -> ImportReport:
        report = import_files(*arguments, **options)
        holder.start()
        assert is_held.wait(30)
        threading.Timer(0.5, release.set).start()
        return report

    import_files = routes.import_paths
    monkeypatch.setattr(routes, "import_paths", imported)
    with client_of(home) as client:
        answer = upload(client)
    holder.join()
    assert answer.status_code == 200, answer.text
    assert answer.json()["ledger"]["kept"] == 2


@pytest.mark.slow
def test_what_was_done_for_somebody_who_left_is_in_the_audit(http: httpx.Client, home: Settings) -> None:
    upload(http)

    async def left() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def nobody(_: Any) -> None: ...

    scope: dict[str, Any] = {
        **{"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http", "root_path": ""},
        **{"method": "DELETE", "path": "/imports/1", "raw_path": b"/imports/1", "query_string": b""},
        **{"headers": [(b"host", b"127.0.0.1")], "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80)},
    }
    asyncio.run(create_app(home)(scope, left, nobody))
    assert http.get("/audit").json()[0]["action"] == "DELETE /imports/{run}"
