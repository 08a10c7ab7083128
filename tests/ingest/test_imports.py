"""Every input row is kept, a duplicate or rejected, and the counts add up."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from tests.conftest import real
from tonearm.bronze import SCHEMAS
from tonearm.building.execute import build
from tonearm.engine.duckdb import engine
from tonearm.errors import UnknownName, UsageError
from tonearm.ingest import imports as importing
from tonearm.ingest.imports import import_paths
from tonearm.ingest.judging import unusable_sql
from tonearm.ingest.ledger import RULES, ImportReport, find_import, import_rows, imports, undo
from tonearm.lake import open_lake
from tonearm.read.show import show
from tonearm.settings import Settings

A = ("Nina Simone", "Pastel Blues", "Sinnerman", "20 Nov 2020 09:35")
B = ("Nina Simone", "Pastel Blues", "Strange Fruit", "20 Nov 2020 09:46")
C = ("Earth, Wind & Fire", "I Am", "Boogie Wonderland", "21 Nov 2020 20:01")
NOW_PLAYING = ("Nina Simone", "Pastel Blues", "Be My Husband", "")
IN_1970 = ("Nina Simone", "Pastel Blues", "Trouble in Mind", "01 Jan 1970 00:00")
IN_2999 = ("Nina Simone", "Pastel Blues", "End of the Line", "01 Jan 2999 00:00")


def counts(report: ImportReport) -> tuple[int, int, int, int]:
    assert report.read == report.kept + report.duplicates + report.rejected
    return report.read, report.kept, report.duplicates, report.rejected


def test_each_row_is_kept_a_duplicate_or_rejected(settings: Settings, lastfm: Callable[..., Path]) -> None:
    report = import_paths(settings, [lastfm([A, B, A, NOW_PLAYING, IN_1970, IN_2999, C])])
    assert counts(report) == (7, 3, 1, 3)
    rejected = import_rows(settings, 1, "rejected").to_pylist()
    assert [row["row"] for row in rejected] == [4, 5, 6]
    assert [word in row["reason"] for word, row in zip(["no date", "1970", "future"], rejected, strict=True)] == [
        True
    ] * 3
    (again,) = import_rows(settings, 1, "duplicate").to_pylist()
    assert (again["row"], again["first_run"], again["first_row"]) == (3, 1, 1)


BLANKS = ("\t", "\u2028", "\x85", "\u00a0", "\u200b", "\u3164")


def test_a_name_that_cannot_be_seen_is_no_name(settings: Settings, lastfm: Callable[..., Path]) -> None:
    rows = [row for blank in BLANKS for row in ((blank, *A[1:]), (*A[:2], blank, A[3]))]
    report = import_paths(settings, [lastfm([A, *rows])])
    assert counts(report) == (13, 1, 0, 12)
    assert {row["reason"] for row in import_rows(settings, 1, "rejected").to_pylist()} <= {
        *("names no artist", "names no track", "no artist", "no track")
    }
    assert not build(settings).failed


def test_names_are_stored_without_what_cannot_be_seen_around_them(
    settings: Settings, lastfm: Callable[..., Path]
) -> None:
    import_paths(settings, [lastfm([("Jan Jelinek\u200e", "Loop", "\ufeffTendency", "20 Nov 2020 09:35")])])
    (row,) = open_lake(settings.lake).dataset("listening_history_bronze").to_table().to_pylist()
    assert (row["artist_name"], row["track_name"]) == ("Jan Jelinek", "Tendency")
    # As in homes from before names were tidied, so that a file imported then is still known.
    assert row["record_id"] == 3335424430626466520


def test_a_listen_known_by_its_id_only_is_built(settings: Settings, tmp_path: Path) -> None:
    row = {
        "ts": "2020-01-01T00:00:00Z",
        "ms_played": 60_000,
        "spotify_track_uri": "spotify:track:4uLU6hMCjMI75M1A2tKUQC",
    }
    file = tmp_path / "endsong_0.json"
    file.write_text(
        json.dumps([{**row, "master_metadata_track_name": None, "master_metadata_album_artist_name": "\t"}])
    )
    assert import_paths(settings, [file]).kept == 1
    assert not build(settings).failed
    assert open_lake(settings.lake).rows("listens") == 1


def test_a_catalogue_value_out_of_range_costs_its_row_only(settings: Settings) -> None:
    for column, wrong in (("energy", 1.5), ("tempo", float("nan")), ("popularity", 101), ("mode", 2)):
        rules = unusable_sql("kaggle_tracks_bronze")
        row = dict.fromkeys(SCHEMAS["kaggle_tracks_bronze"]) | {
            "artist_name": "a",
            "track_name": "t",
            column: wrong,
        }
        with engine(settings) as session:
            session.register("one", pa.Table.from_pylist([row]))
            assert column in session.value(f"SELECT {rules} FROM (SELECT * FROM one)")


def test_rows_that_an_earlier_version_kept_are_set_aside_by_a_build(
    settings: Settings, lastfm: Callable[..., Path]
) -> None:
    import_paths(settings, [lastfm([A, B, C])])
    lake = open_lake(settings.lake)
    lake.update("listening_history_bronze", "row = 2", {"track_name": "'\u2028'"}, {RULES: "older ones"})
    remarks: list[str] = []
    assert not build(settings, waiting=remarks.append).failed
    assert counts(find_import(settings, 1)) == (3, 2, 0, 1)
    assert [row["reason"] for row in import_rows(settings, 1, "rejected").to_pylist()] == ["names no track"]
    assert "1 rows of earlier imports" in remarks.pop()
    build(settings, waiting=remarks.append)
    assert (remarks, lake.rows("listens")) == ([], 2)


def test_a_home_of_an_earlier_version_whose_bronze_lacks_columns(
    settings: Settings, lastfm: Callable[..., Path]
) -> None:
    import_paths(settings, [lastfm([A, B])])
    lake = open_lake(settings.lake)
    rows = lake.dataset("listening_history_bronze").to_table().drop_columns(["local_at", "artists"])
    shutil.rmtree(lake.address("listening_history_bronze"))
    open_lake(settings.lake).append("listening_history_bronze", rows, {"run": 1})
    assert not build(settings).failed
    assert import_paths(settings, [lastfm([B, C], "more.csv")]).kept == 1
    assert not build(settings).failed
    assert open_lake(settings.lake).rows("listens") == 3
    # Now no file has the columns, but the table does.
    undo(settings, 2)
    assert not build(settings).failed
    assert show(settings, "listening_history_bronze").column("artists").null_count == 2


def test_importing_the_same_file_again_adds_nothing(settings: Settings, lastfm: Callable[..., Path]) -> None:
    file = lastfm([A, B, NOW_PLAYING])
    import_paths(settings, [file])
    report = import_paths(settings, [file])
    assert counts(report) == (3, 0, 2, 1)
    assert open_lake(settings.lake).rows("listening_history_bronze") == 3


def test_halves_that_overlap_add_only_what_is_missing(settings: Settings, lastfm: Callable[..., Path]) -> None:
    import_paths(settings, [lastfm([A, B], "first.csv")])
    report = import_paths(settings, [lastfm([B, C], "second.csv")])
    assert counts(report) == (2, 1, 1, 0)


def test_the_same_track_at_another_minute_is_another_listen(settings: Settings, lastfm: Callable[..., Path]) -> None:
    report = import_paths(settings, [lastfm([A, (*A[:3], "20 Nov 2020 09:38")])])
    assert counts(report) == (2, 2, 0, 0)


def test_a_dry_run_keeps_nothing(settings: Settings, lastfm: Callable[..., Path]) -> None:
    report = import_paths(settings, [lastfm([A, B])], "ada", dry_run=True)
    assert counts(report) == (2, 2, 0, 0)
    assert report.run is None
    assert open_lake(settings.lake).names() == []


def test_one_bad_file_does_not_stop_the_others(settings: Settings, lastfm: Callable[..., Path], tmp_path: Path) -> None:
    riddle = tmp_path / "a-riddle.bin"
    riddle.write_bytes(bytes(range(256)))
    report = import_paths(settings, [riddle, lastfm([A]), tmp_path / "not there"])
    assert counts(report) == (1, 1, 0, 0)
    problems = {f.name: f.problem for f in report.files if f.problem}
    assert set(problems) == {"a-riddle.bin", "not there"}


def test_two_listeners_hearing_the_same_do_not_share_it(settings: Settings, lastfm: Callable[..., Path]) -> None:
    file = lastfm([A])
    assert counts(import_paths(settings, [file], "ada")) == (1, 1, 0, 0)
    assert counts(import_paths(settings, [file], "ben")) == (1, 1, 0, 0)
    with pytest.raises(UsageError, match="--listener: ada, ben"):
        import_paths(settings, [file])


def test_a_catalogue_is_nobodys_in_particular(settings: Settings, lastfm: Callable[..., Path], tmp_path: Path) -> None:
    for listener in ("ada", "ben"):
        import_paths(settings, [lastfm([A])], listener)
    catalogue = tmp_path / "dataset.csv"
    catalogue.write_text(
        ",track_id,artists,album_name,track_name,popularity,duration_ms,explicit,danceability,energy,key,loudness,"
        "mode,speechiness,acousticness,instrumentalness,liveness,valence,tempo,time_signature,track_genre\n"
        "0,5SuOikwiRyPMVoIQDJUgSV,Nina Simone,Pastel Blues,Sinnerman,73,622000,False,0.4,0.6,1,-6.7,0,0.1,0.5,0.0,"
        "0.1,0.7,87.9,4,soul\n"
    )
    assert counts(import_paths(settings, [catalogue])) == (1, 1, 0, 0)


def test_a_mistyped_path_or_a_catalogue_leaves_no_listener_behind(
    settings: Settings, lastfm: Callable[..., Path], tmp_path: Path
) -> None:
    import_paths(settings, [tmp_path / "mistyped.zip"], "typo")
    import_paths(settings, [tmp_path / "mistyped.zip"])
    assert import_paths(settings, [lastfm([A])], "ada").listener == "ada"
    assert import_paths(settings, [lastfm([B])]).listener == "ada"


def test_a_dry_run_counts_as_the_import_does(
    settings: Settings, lastfm: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "ROWS_PER_COMMIT", 1)
    files = [lastfm([A, B], "first.csv"), lastfm([B, C], "second.csv")]
    assert counts(import_paths(settings, files, dry_run=True)) == (4, 3, 1, 0)
    assert counts(import_paths(settings, files)) == (4, 3, 1, 0)


def test_an_undo_leaves_the_counts_of_other_imports_alone(settings: Settings, lastfm: Callable[..., Path]) -> None:
    twins = [lastfm([A, B], "one.csv"), lastfm([A, B], "other.csv")]
    assert counts(import_paths(settings, twins)) == (4, 2, 2, 0)
    import_paths(settings, [lastfm([C], "third.csv")])
    undo(settings, 2)
    assert counts(find_import(settings, 1)) == (4, 2, 2, 0)


def test_a_kind_and_a_zone_that_are_not_there_are_named(settings: Settings, lastfm: Callable[..., Path]) -> None:
    with pytest.raises(UnknownName, match="lastfm_csv"):
        import_paths(settings, [lastfm([A])], kind="lastfm_cvs")
    with pytest.raises(UnknownName, match="Europe/Berlin"):
        import_paths(settings, [lastfm([A])], zone="Europe/Berlim")


def test_undo_takes_the_rows_back(settings: Settings, lastfm: Callable[..., Path]) -> None:
    import_paths(settings, [lastfm([A, B])])
    assert undo(settings, 1).undone_at is not None
    assert open_lake(settings.lake).rows("listening_history_bronze") == 0
    with pytest.raises(UsageError, match="undone already"):
        undo(settings, 1)
    with pytest.raises(UnknownName):
        undo(settings, 9)


def test_what_another_import_brought_too_survives_an_undo(settings: Settings, lastfm: Callable[..., Path]) -> None:
    import_paths(settings, [lastfm([A, B], "first.csv")])
    import_paths(settings, [lastfm([B, C], "second.csv")])
    undo(settings, 1)
    assert counts(find_import(settings, 2)) == (2, 2, 0, 0)


def test_the_same_file_of_two_imports_survives_the_undo_of_one(settings: Settings, lastfm: Callable[..., Path]) -> None:
    file = lastfm([A, B])
    import_paths(settings, [file])
    import_paths(settings, [file])
    undo(settings, 1)
    assert counts(find_import(settings, 2)) == (2, 2, 0, 0)
    assert open_lake(settings.lake).rows("listening_history_bronze") == 2


def test_an_import_killed_before_the_ledger_is_reconstructed_from_bronze(
    settings: Settings, lastfm: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = lastfm([A, B, NOW_PLAYING])
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(importing, "record", _killed)
        import_paths(settings, [file])
    (lost,) = imports(settings)
    assert counts(lost) == (3, 2, 0, 1)
    assert lost.ended_at is None
    assert counts(import_paths(settings, [file])) == (3, 0, 2, 1)
    assert [report.run for report in imports(settings)] == [2, 1]


def test_an_import_killed_before_bronze_is_as_if_it_had_not_been(
    settings: Settings, lastfm: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = lastfm([A, B])
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(importing._Import, "_commit", _killed)
        import_paths(settings, [file])
    assert imports(settings) == []
    assert counts(import_paths(settings, [file])) == (2, 2, 0, 0)


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_two_imports_at_once_wait_for_one_another(settings: Settings, lastfm: Callable[..., Path]) -> None:
    command = [sys.executable, "-m", "tonearm", "--home", str(settings.home), "import", "--listener", "ada"]
    running = [
        subprocess.Popen([*command, str(lastfm(rows, name))], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for name, rows in {"first.csv": [A, B], "second.csv": [B, C]}.items()
    ]
    assert [process.wait() for process in running] == [0, 0]
    assert sorted(report.kept for report in imports(settings)) == [1, 2]


def test_a_real_history_adds_up(settings: Settings) -> None:
    report = import_paths(settings, [real("histories/lastfm_to_csv_headerless.csv")], "one")
    assert counts(report) == (60_950, 58_265, 2_382, 303)


def test_absurd_numbers_are_rejected_or_unknown_and_stop_nothing(settings: Settings, tmp_path: Path) -> None:
    track = {"artists": ["Nina Simone"], "title": "Sinnerman", "album": None}
    scrobbles = [
        {"time": 1_605_865_000, "track": {**track, "length": -1}, "duration": 100},
        {"time": 1_605_866_000, "track": {**track, "length": 1e300}, "duration": 1e17},
        {"time": 350_000_000_000_000_000, "track": {**track, "length": 600}, "duration": None},
    ]
    file = tmp_path / "maloja.json"
    file.write_text(json.dumps({"maloja": {"export_time": 1_700_000_000}, "scrobbles": scrobbles}))
    assert counts(import_paths(settings, [file])) == (3, 1, 0, 2)
    assert build(settings).failed == []
    (listen,) = show(settings, "listens").to_pylist()
    assert listen["duration_s"] is None


def test_private_fields_are_not_kept_even_of_a_row_read_as_another_kind(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "endsong_0.json"
    file.write_text(json.dumps([{"ts": "2020-11-20T09:35:00Z", "ip_addr": "203.0.113.7", "username": "secretive"}]))
    import_paths(settings, [file], kind="lastfm_json")
    stored = str(open_lake(settings.lake).dataset("listening_history_bronze").to_table().to_pylist())
    assert "rejected" in stored
    assert not any(private in stored for private in ("203.0.113.7", "secretive"))
