"""Each command as it is typed: what it says, what it prints for machines and how it exits."""

from __future__ import annotations

import csv
import io
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from filelock import FileLock

from tonearm.bronze import HISTORY
from tonearm.cli import main
from tonearm.lake import open_lake
from tonearm.read.rules import RULES
from tonearm.settings import Settings

A = ("Nina Simone", "Pastel Blues", "Sinnerman", "20 Nov 2020 09:35")
B = ("Nina Simone", "Pastel Blues", "Strange Fruit", "20 Nov 2020 09:46")
NOW_PLAYING = ("Nina Simone", "Pastel Blues", "Be My Husband", "")

Run = Callable[..., Result]
Lastfm = Callable[..., Path]


def calls(home: Path) -> Run:
    """Calls the command line in that home."""

    def call(*words: str | Path, expect: int = 0, **environment: str) -> Result:
        runner = CliRunner(env={"COLUMNS": "100", **environment})
        result = runner.invoke(main, ["--home", str(home), *map(str, words)])
        assert result.exit_code == expect, (result.output, result.exception)
        return result

    return call


@pytest.fixture
def tonearm(settings: Settings) -> Run:
    """Calls the command line in a home of the test's own."""
    return calls(settings.home)


def answer(result: Result) -> Any:
    """The one line of JSON on standard output."""
    (line,) = result.stdout.splitlines()
    return json.loads(line)


def spotify_of(folder: Path, ended: str = "2020-11-20T09:38:20Z") -> Path:
    """One play of Sinnerman, as Spotify's extended history tells it: 200 s, and its end."""
    row = {
        "ts": ended,
        "ms_played": 200_000,
        "master_metadata_track_name": A[2],
        "master_metadata_album_artist_name": A[0],
        "spotify_track_uri": "spotify:track:0000000000000000000001",
    }
    path = folder / "Streaming_History_Audio_2020.json"
    path.write_text(json.dumps([row]))
    return path


def test_the_command_line_starts_without_anything_heavy() -> None:
    heavy = "pyarrow duckdb ibis deltalake pandas streamlit sqlalchemy fastapi rich numpy"
    code = f"import sys, tonearm.cli; print([m for m in '{heavy}'.split() if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("words", "code", "next_step"),
    [
        (["imports"], 0, "tonearm import PATH"),
        (["imports", "show", "1"], 2, "tonearm imports"),
        (["imports", "undo", "1"], 2, "tonearm imports"),
        (["tables"], 0, "tonearm import PATH"),
        (["tables", "history"], 0, "tonearm import PATH"),
        (["tables", "history", "sessions"], 0, "tonearm import PATH"),
        (["build"], 0, "tonearm import PATH"),
        (["show", "sessions"], 2, "tonearm build"),
        (["show", "listening_history_bronze"], 0, "tonearm import PATH"),
        (["listens"], 2, "tonearm build"),
        (["listens", "--merge-explain"], 2, "tonearm build"),
        (["listeners"], 0, "tonearm import PATH"),
        (["listeners", "ada"], 2, "importing a file with --listener"),
        (["run"], 0, "inbox"),
        (["doctor"], 0, "tonearm import"),
        (["backup", "home.tar.gz"], 2, "name it with --home"),
        (["restore", "no-such.tar.gz"], 2, "no file"),
    ],
)
def test_an_empty_home_says_what_to_do_next(tonearm: Run, words: list[str], code: int, next_step: str) -> None:
    assert next_step in tonearm(*words, expect=code).output


@pytest.mark.parametrize(
    "words",
    [["imports"], ["tables"], ["tables", "history"], ["listeners"], ["doctor"], ["listens"], ["show", "imports"]],
)
def test_looking_at_a_home_that_is_not_there_does_not_make_it(
    tonearm: Run, settings: Settings, words: list[str]
) -> None:
    tonearm(*words, expect=2 if words == ["listens"] else 0)
    assert not settings.home.exists()


def test_an_import_tells_a_machine_what_became_of_each_row(tonearm: Run, lastfm: Lastfm, tmp_path: Path) -> None:
    report = answer(tonearm("import", lastfm([A, A, NOW_PLAYING]), spotify_of(tmp_path), tmp_path / "gone", "--json"))
    assert (report["run"], report["read"]) == (1, 4)
    for counted in (report, *report["files"]):
        assert counted["read"] == counted["kept"] + counted["duplicates"] + counted["rejected"]
    files = {f["name"]: f for f in report["files"]}
    assert {n: (f["kind"], f["read"], f["kept"], f["duplicates"], f["rejected"]) for n, f in files.items()} == {
        "lastfm.csv": ("lastfm_csv", 3, 1, 1, 1),
        "Streaming_History_Audio_2020.json": ("spotify_extended", 1, 1, 0, 0),
        "gone": (None, 0, 0, 0, 0),
    }
    assert "no such file" in files["gone"]["problem"]


def test_an_import_tells_a_person_and_what_to_do_next(tonearm: Run, lastfm: Lastfm) -> None:
    said = tonearm("import", lastfm([A, A, NOW_PLAYING]), "--listener", "ada", "--timezone", "Asia/Calcutta").stdout
    assert "Import 1 for ada" in said
    assert "tonearm build" in said
    assert "tonearm imports show 1 --rejected" in said


def test_a_dry_run_keeps_nothing(tonearm: Run, lastfm: Lastfm) -> None:
    report = answer(tonearm("import", lastfm([A, B]), "--dry-run", "--json"))
    assert (report["run"], report["kept"]) == (None, 2)
    assert answer(tonearm("imports", "--json")) == []


def test_many_files_of_an_archive_are_one_line_and_the_damaged_one_another(tonearm: Run, tmp_path: Path) -> None:
    archive = tmp_path / "listenbrainz_ada_1700000000.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for month in range(1, 13):
            listen = {
                "listened_at": 1_600_000_000 + month * 3_000_000,
                "inserted_at": 1,
                "track_metadata": {"artist_name": "Can", "track_name": f"Track {month}"},
            }
            file.writestr(f"listens/2020/{month}.jsonl", json.dumps(listen) + "\n")
        file.writestr("riddle.bin", bytes(range(256)))
    said = tonearm("import", archive, COLUMNS="80").stdout
    assert "12 files" in said
    assert "listens/2020/3.jsonl" not in said
    assert "listenbrainz_export" in said, "a kind is not broken into two lines"
    assert "riddle.bin: no source recognises this file" in " ".join(said.split())
    (report,) = answer(tonearm("imports", "--json"))
    assert len(report["files"]) == 13


def test_imports_are_listed_shown_and_undone(tonearm: Run, lastfm: Lastfm) -> None:
    tonearm("import", lastfm([A, A, NOW_PLAYING]))
    assert "done" in tonearm("imports").stdout
    (rejected,) = answer(tonearm("imports", "show", "1", "--rejected", "--json"))
    assert (rejected["row"], rejected["reason"]) == (3, "no date (now playing)")
    (again,) = answer(tonearm("imports", "show", "1", "--duplicates", "--json"))
    assert (again["row"], again["first_row"]) == (2, 1)
    assert "now playing" in tonearm("imports", "show", "1", "--rejected").stdout
    assert "import 1, lastfm.csv, row 1" in " ".join(tonearm("imports", "show", "1", "--duplicates").stdout.split())
    assert answer(tonearm("imports", "show", "1", "--json"))["read"] == 3
    assert answer(tonearm("imports", "undo", "1", "--json"))["undone_at"]
    assert "undone" in tonearm("imports").stdout
    assert "undone already" in tonearm("imports", "undo", "1", expect=2).stderr


@pytest.fixture(scope="module")
def built_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home where one play reached us through two services, another through one."""
    folder = tmp_path_factory.mktemp("built")
    tonearm = calls(folder / "home")
    lastfm = folder / "lastfm.csv"
    lastfm.write_text("".join(f"{','.join(row)}\n" for row in (A, B)), encoding="utf-8")
    tonearm("import", lastfm, spotify_of(folder), "--listener", "ada", "--timezone", "Europe/Berlin")
    report = answer(tonearm("build", "--json"))
    assert {"listens", "sessions", "temporal_trends"} <= {t["name"] for t in report["tables"]}
    assert {t["action"] for t in report["tables"]} == {"built"}
    return folder / "home"


@pytest.fixture
def built(tonearm: Run, settings: Settings, built_home: Path) -> Run:
    """The command line in a copy of that home."""
    shutil.copytree(built_home, settings.home)
    return tonearm


def test_tables_say_what_they_hold(built: Run) -> None:
    listens = next(t for t in answer(built("tables", "--json")) if t["name"] == "listens")
    assert (listens["rows"], listens["layer"], listens["grain"]) == (2, "silver", ["listener", "listen_id"])
    said = built("tables", COLUMNS="80").stdout
    assert "listening_with_features " in said, "a table's name is not broken into two lines"
    assert "gold, descriptive" in said


def test_a_table_is_shown_in_every_format_and_under_every_rule(built: Run) -> None:
    for rule in RULES:
        asked = ("show", "temporal_trends", "--listener", "ada", "--rule", rule)
        rows = answer(built(*asked, "--format", "json"))
        assert rows == answer(built(*asked, "--json"))
        assert len(list(csv.DictReader(io.StringIO(built(*asked, "--format", "csv").stdout)))) == len(rows)
        assert pq.read_table(io.BytesIO(built(*asked, "--format", "parquet").stdout_bytes)).num_rows == len(rows)
        assert "period_type" in built(*asked).stdout or not rows
    days = [r for r in answer(built("show", "temporal_trends", "--json")) if r["period_type"] == "day"]
    assert [day["listens"] for day in days] == [2]
    assert len(answer(built("show", "temporal_trends", "--limit", "1", "--json"))) == 1
    assert "did you mean temporal_trends" in built("show", "temporal_trend", expect=2).stderr
    assert "there are all" in built("show", "temporal_trends", "--rule", "sometimes", expect=2).stderr


def test_columns_without_room_are_named_and_not_squeezed(built: Run) -> None:
    shown = built("show", "temporal_trends", COLUMNS="80")
    assert max(map(len, shown.stdout.splitlines())) <= 80
    assert "2020-11-20" in shown.stdout
    assert "no room for" in shown.stderr
    assert "mean_valence" in shown.stderr


def test_the_graph_of_tables_is_drawn_for_reading_and_for_programs(tonearm: Run) -> None:
    whole = tonearm("tables", "--graph").stdout
    assert "gold, descriptive" in whole
    assert " sessions " in whole
    around = tonearm("tables", "--graph", "sessions").stdout
    assert around.splitlines()[:3] == ["sessions", "made from", "└── listening_with_features"]
    assert "temporal_trends" not in around
    assert "  listens --> listening_with_features" in tonearm("tables", "--graph", "--format", "mermaid").stdout
    assert {"source": "listens", "target": "listening_with_features"} in answer(tonearm("tables", "--graph", "--json"))[
        "edges"
    ]
    assert "did you mean sessions" in tonearm("tables", "--graph", "session", expect=2).stderr


def test_versions_are_listed_and_can_be_shown(built: Run) -> None:
    (version,) = answer(built("tables", "history", "sessions", "--json"))
    assert (version["version"], version["done"], version["rows"], version["run"]) == (0, "built", 1, 1)
    assert "built" in built("tables", "history", "sessions").stdout
    newest = answer(built("tables", "history", "--limit", "3", "--json"))
    assert len(newest) == 3
    assert newest == sorted(newest, key=lambda v: v["at"], reverse=True)
    assert "temporal_trends" in built("tables", "history").stdout
    now = answer(built("show", "sessions", "--json"))
    for as_of in ("0", version["at"], "2999-01-01"):
        assert answer(built("show", "sessions", "--as-of", as_of, "--json")) == now
    assert "first written" in built("show", "sessions", "--as-of", "2001-01-01", expect=2).stderr
    assert "a day is written" in built("show", "sessions", "--as-of", "yesterday", expect=2).stderr
    assert "did you mean sessions" in built("tables", "history", "session", expect=2).stderr


def test_the_records_of_one_listen_are_explained(built: Run) -> None:
    first, second = answer(built("listens", "--merge-explain", "--json"))
    assert {first["source"], second["source"]} == {"spotify_extended", "lastfm_csv"}
    assert first["listen_id"] == second["listen_id"]
    assert [r["is_kept"] for r in (first, second) if r["source"] == "spotify_extended"] == [True]
    said = built("listens", "--merge-explain", COLUMNS="100").stdout
    assert "lastfm_csv" in said
    assert "Sinnerman" in said, "names before hashes"
    assert [row["track_name"] for row in answer(built("listens", "--json"))] == ["Strange Fruit", "Sinnerman"]


def test_repeats_are_listed(tonearm: Run, tmp_path: Path) -> None:
    path = tmp_path / "twice.csv"
    path.write_text("artist,track,album,uts\n" + "".join(f"Can,Vitamin C,,{1600000000 + s}\n" for s in (0, 2, 300)))
    tonearm("import", path, "--listener", "ada", "--timezone", "UTC")
    tonearm("build", "listens")
    (repeat,) = answer(tonearm("listens", "--repeats", "--json"))
    assert (repeat["merge_kind"], repeat["apart_s"], repeat["track_name"]) == ("repeat", 2.0, "Vitamin C")
    assert "Vitamin C" in tonearm("listens", "--repeats", COLUMNS="120").stdout
    assert "no record repeats" in tonearm("listens", "--repeats", "--listener", "ada", "--limit", "0").stdout


def test_where_spark_runs_is_asked_of_spark_alone(tonearm: Run) -> None:
    ran = tonearm("build", "--master", "spark://10.0.0.5:7077", expect=2)
    assert "add --engine spark" in ran.stderr


def test_a_run_imports_the_inbox_and_builds(tonearm: Run, lastfm: Lastfm, settings: Settings) -> None:
    tonearm("run")
    (settings.inbox / "ada").mkdir()
    lastfm([A, B]).rename(settings.inbox / "ada" / "history.csv")
    ran = answer(tonearm("run", "--json"))
    assert [(report["listener"], report["kept"]) for report in ran["imports"]] == [("ada", 2)]
    assert [t["rows"] for t in ran["tables"] if t["name"] == "listens"] == [2]
    assert list(settings.inbox.rglob("*.csv")) == [], "raw exports hold private fields, and are not kept"
    assert "every table is up to date" in tonearm("run").stdout


def test_what_follows_a_run_leaves_one_answer_and_follows_only_a_change(tonearm: Run) -> None:
    failed = answer(tonearm("run", "--json", expect=9, TONEARM_AFTER_RUN="false"))
    assert failed["error"] == "AfterRunFailed"
    assert "after_run" in failed["message"]
    # The tables were built before it, so that now nothing changes and nothing follows.
    ran = answer(tonearm("run", "--json", TONEARM_AFTER_RUN="false"))
    assert {table["action"] for table in ran["tables"]} == {"unchanged"}


def test_what_a_run_cannot_read_stays_in_the_inbox(tonearm: Run, settings: Settings) -> None:
    tonearm("run")
    (settings.inbox / "ada").mkdir()
    (settings.inbox / "ada" / "riddle.bin").write_bytes(bytes(range(256)))
    assert "is still in" in tonearm("run", expect=3).stdout
    assert (settings.inbox / "ada" / "riddle.bin").exists()


def test_files_in_the_inbox_that_could_be_anybodys_do_not_stop_the_others(
    tonearm: Run, lastfm: Lastfm, settings: Settings
) -> None:
    for name in ("ada", "ben"):
        tonearm("import", lastfm([A]), "--listener", name)
    (settings.inbox / "ada").mkdir()
    lastfm([B]).rename(settings.inbox / "ada" / "history.csv")
    lastfm([B]).rename(settings.inbox / "whose.csv")
    assert "/NAME/" in tonearm("run", expect=2).stderr
    newest, *_ = answer(tonearm("imports", "--json"))
    assert (newest["listener"], newest["kept"]) == ("ada", 1)
    assert (settings.inbox / "whose.csv").exists()


def test_cards_are_shown_hidden_and_written(built: Run, tmp_path: Path) -> None:
    cards = ("listeners", "cards", "Ada", "--json")
    assert [answer(built(*cards, *more))["is_public"] for more in ([], ["--public"], [], ["--private"])] == [
        *(False, True, True, False)
    ]
    built(*cards, "--output", tmp_path / "cards")
    names = sorted(path.rpartition("/")[2] for path in answer(built(*cards))["cards"])
    assert sorted(path.name for path in (tmp_path / "cards").iterdir()) == names
    assert "2 plays" in (tmp_path / "cards" / "week.svg").read_text(encoding="utf-8")
    (tmp_path / "file").touch()
    assert "fix it" in built(*cards, "--output", tmp_path / "file", expect=6).stderr


def test_a_listener_moves(built: Run) -> None:
    built("listeners", "ada", "--timezone", "Asia/Calcutta", "--from", "2020-11-20")
    (ada,) = answer(built("listeners", "ada", "--json"))
    assert [zone for _, zone in ada["zones"]] == ["Europe/Berlin", "Asia/Calcutta"]
    assert "did you mean ada" in built("listeners", "adda", expect=2).stderr
    assert "name the listener" in built("listeners", "--timezone", "UTC", expect=2).stderr
    assert "--timezone" in built("listeners", "ada", "--from", "2020-11-20", expect=2).stderr
    built("listeners", "ben", "--timezone", "Europe/Berlim", expect=2)
    assert [one["name"] for one in answer(built("listeners", "--json"))] == ["ada"]


def test_the_doctor_says_where_things_are(built: Run, settings: Settings) -> None:
    found = {f["what"]: f for f in answer(built("doctor", "--json"))}
    assert found["home"]["finding"] == str(settings.home)
    assert found["catalogue"]["advice"]
    assert {f["state"] for f in found.values()} <= {"fine", "missing", "wrong"}


def test_the_doctor_knows_that_a_file_is_no_home(lastfm: Lastfm) -> None:
    result = CliRunner().invoke(main, ["doctor", "--home", str(lastfm([A])), "--json"])
    assert json.loads(result.stdout)[0]["state"] == "wrong"


def test_a_home_is_backed_up_and_restored(built: Run, tmp_path: Path) -> None:
    archive, other = tmp_path / "home.tar.gz", tmp_path / "other"
    assert answer(built("backup", archive, "--json"))["bytes"] > 0
    assert "not empty" in built("restore", archive, expect=2).stderr
    assert answer(built("restore", archive, "--home", other, "--json"))["home"] == str(other)
    before, after = (answer(built("imports", "--json", *where)) for where in ((), ("--home", other)))
    assert before == after


def test_2_is_for_what_cannot_be_done(tonearm: Run) -> None:
    refused = tonearm("show", "no_such_table", "--json", expect=2)
    assert answer(refused)["error"] == "UnknownName"
    assert answer(refused)["message"] in refused.stderr
    tonearm("show", "--no-such-option", expect=2)


def test_3_is_for_an_input_that_cannot_be_read(tonearm: Run, tmp_path: Path) -> None:
    truncated = tmp_path / "my_spotify_data.zip"
    truncated.write_bytes(b"PK\x03\x04 and no more")
    report = answer(tonearm("import", truncated, "--json", expect=3))
    assert report["files"][0]["problem"]


def test_4_is_for_a_table_that_breaks_its_rules(built: Run, settings: Settings) -> None:
    # As another tool could do it, the lake being open to all of them.
    open_lake(settings.lake).update(HISTORY, "source = 'spotify_extended'", {"listened_s": "-5.0"}, {})
    report = answer(built("build", "--json", expect=4))
    assert "failed" in {t["action"] for t in report["tables"]}
    assert "its old version is kept" in built("build", expect=4).stdout
    assert len(answer(built("listens", "--json"))) == 2


def test_5_is_for_a_home_that_another_writes_to(tonearm: Run, lastfm: Lastfm, settings: Settings) -> None:
    tonearm("import", lastfm([A]))
    with FileLock(settings.home / "writer.lock"):
        refused = tonearm("import", lastfm([B]), "--json", expect=5, TONEARM_LOCK_WAIT_S="0.1")
        assert answer(tonearm("imports", "--json"))[0]["kept"] == 1, "readers do not wait"
        assert answer(tonearm("listeners", "--json"))[0]["name"] == "me"
    assert answer(refused)["error"] == "HomeBusy"


@pytest.mark.parametrize("words", [["import", "x.csv"], ["build"], ["run"], ["demo"], ["restore", "backup.tar.gz"]])
def test_6_is_for_a_home_that_cannot_be_used(built: Run, tmp_path: Path, words: list[str]) -> None:
    taken, archive = tmp_path / "taken", tmp_path / "backup.tar.gz"
    taken.write_text("not a folder")
    built("backup", archive)
    words = [str(archive) if word == archive.name else word for word in words]
    refused = built(*words, "--json", "--home", taken, expect=6)
    assert answer(refused)["error"] == "HomeUnusable"


def test_130_is_for_ctrl_c_even_while_a_library_loads(tonearm: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def loaded(_: Settings) -> None:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as stop:
            raise ImportError("initialization failed") from stop

    monkeypatch.setattr("tonearm.ingest.ledger.imports", loaded)
    assert "stopped" in tonearm("imports", expect=130).stderr
