"""A build after a small import gives what a build from nothing gives, and a bad table keeps its old version."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from msgspec.structs import replace

from tonearm.building import execute as running
from tonearm.building.execute import BuildReport, build
from tonearm.columns import MOODS
from tonearm.engine.duckdb import Engine
from tonearm.errors import UnknownName
from tonearm.ingest.imports import import_paths
from tonearm.ingest.ledger import undo
from tonearm.lake import open_lake
from tonearm.models.lifecycle.scoring import as_arrow
from tonearm.read.show import show
from tonearm.settings import Settings, load_settings
from tonearm.table import Table, tables, with_inputs

A = ("Nina Simone", "Pastel Blues", "Sinnerman", "20 Nov 2020 09:35")
B = ("Nina Simone", "Pastel Blues", "Strange Fruit", "20 Nov 2020 09:46")
C = ("Earth, Wind & Fire", "I Am", "Boogie Wonderland", "21 Nov 2020 20:01")


def actions(report: BuildReport) -> dict[str, str]:
    return {t.name: t.action for t in report.tables}


def everything(settings: Settings, names: Iterable[str] = ()) -> dict[str, list[dict[str, object]]]:
    """All rows of the named tables, by default of every derived one, in an order of their own."""
    found = {}
    for name in names or tables():
        rows: pa.Table = show(settings, name)
        found[name] = sorted(
            ({c: round(v, 9) if isinstance(v, float) else v for c, v in row.items()} for row in rows.to_pylist()),
            key=str,
        )
    return found


def test_the_first_build_builds_and_the_second_has_nothing_to_do(
    settings: Settings, lastfm: Callable[..., Path]
) -> None:
    import_paths(settings, [lastfm([A, B, C])], "ada", "Europe/Berlin")
    first, second = build(settings), build(settings)
    assert first.failed == []
    assert set(actions(second).values()) == {"unchanged"}
    assert show(settings, "listens").num_rows == 3


def test_an_empty_home_builds_empty_tables(settings: Settings) -> None:
    report = build(settings)
    assert report.failed == []
    assert {t.rows for t in report.tables} == {0}


def test_a_later_import_extends_listens(settings: Settings, lastfm: Callable[..., Path]) -> None:
    import_paths(settings, [lastfm([A, B], "first.csv")], "ada", "Europe/Berlin")
    build(settings)
    import_paths(settings, [lastfm([C], "second.csv")], "ada")
    done = actions(build(settings))
    assert (done["listens"], done["listening_with_features"]) == ("extended", "extended")
    assert show(settings, "listens").num_rows == 3


def test_an_undo_takes_listens_back(settings: Settings, lastfm: Callable[..., Path]) -> None:
    import_paths(settings, [lastfm([A, B], "first.csv")], "ada", "Europe/Berlin")
    before = (build(settings), everything(settings))[1]
    import_paths(settings, [lastfm([C], "second.csv")], "ada")
    build(settings)
    undo(settings, 2)
    build(settings)
    assert everything(settings) == before


def test_a_move_to_another_zone_moves_local_hours(settings: Settings, lastfm: Callable[..., Path]) -> None:
    file = lastfm([A])
    import_paths(settings, [file], "ada", "UTC")
    build(settings)
    import_paths(settings, [file], "ada", "Asia/Calcutta")
    build(settings)
    (row,) = show(settings, "listening_with_features").to_pylist()
    assert (row["hour_of_day"], row["started_at_local"]) == (15, datetime(2020, 11, 20, 15, 5))


@pytest.mark.parametrize("change", [lambda t: t.drop_columns("genre"), lambda t: t.append_column("old", t["genre"])])
def test_columns_that_other_code_gave_a_table_are_replaced(
    settings: Settings, lastfm: Callable[..., Path], change: Callable[[pa.Table], pa.Table]
) -> None:
    import_paths(settings, [lastfm([A, B])], "ada", "UTC")
    build(settings)
    lake = open_lake(settings.lake)
    was = lake.dataset("tracks").to_table()
    lake.replace("tracks", change(was), {**lake.note("tracks"), "code": "of last year"})
    assert build(settings).failed == []
    assert lake.dataset("tracks").to_table().schema.names == was.schema.names


def test_a_table_that_breaks_a_rule_keeps_its_old_version(
    settings: Settings, lastfm: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    import_paths(settings, [lastfm([A, B], "first.csv")], "ada", "Europe/Berlin")
    build(settings)
    before = show(settings, "sessions")
    import_paths(settings, [lastfm([C], "second.csv")], "ada")
    checked = running.problems
    monkeypatch.setattr(
        running, "problems", lambda s, t, r, f: ["listens is odd"] if t.name == "listens" else checked(s, t, r, f)
    )
    report = build(settings)
    assert actions(report)["listens"] == "failed"
    assert actions(report)["sessions"] == "skipped"
    assert "listens is odd" in str(report.failed[0].problem)
    assert show(settings, "sessions").equals(before)


def test_a_build_killed_half_way_is_finished_by_the_next(
    settings: Settings, lastfm: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    import_paths(settings, [lastfm([A, B, C])], "ada", "Europe/Berlin")
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(running, "_build_whole", _killed_at("listening_with_features", running._build_whole))
        build(settings)
    assert build(settings).failed == []
    assert show(settings, "listening_with_features").num_rows == 3


def _killed_at(name: str, go_on: Callable[..., object]) -> Callable[..., object]:
    def build_or_die(work: object, table: Table) -> object:
        if table.name == name:
            raise KeyboardInterrupt
        return go_on(work, table)

    return build_or_die


def test_listens_of_somebody_without_a_clock_do_not_vanish(settings: Settings, lastfm: Callable[..., Path]) -> None:
    import_paths(settings, [lastfm([A, B])], "ada", "UTC")
    settings.database.unlink()
    report = build(settings)
    assert actions(report)["listening_with_features"] == "failed"
    assert "local_date is null in 2 rows, e.g. listener ada" in str(report.failed[0].problem)


def test_only_what_is_asked_for_and_needed_is_built(settings: Settings) -> None:
    assert "sessions" not in actions(build(settings, ["listens"]))
    with pytest.raises(UnknownName, match="did you mean listens"):
        build(settings, ["listen"])


def stream(at: str, played_min: float, offline_timestamp: int = 0, **named: str) -> dict[str, object]:
    """A row of Spotify's extended history that ended at ``at``."""
    name = {"master_metadata_track_name": "Sinnerman", "master_metadata_album_artist_name": "Nina Simone"}
    row = {"ts": at, "ms_played": int(played_min * 60_000), "offline_timestamp": offline_timestamp}
    return row | (named or {**name, "spotify_track_uri": f"spotify:track:{0:022d}"})


def extended_equals_anew(folder: Path, *parts: list[dict[str, object]]) -> None:
    files = []
    for number, rows in enumerate(parts):
        files.append(folder / f"Streaming_History_Audio_{number}.json")
        files[-1].write_text(json.dumps(rows))
    extended, anew = load_settings(folder / "extended", {}), load_settings(folder / "anew", {})
    for file in files:
        import_paths(extended, [file], "ada", "UTC")
        assert build(extended).failed == []
    import_paths(anew, files, "ada", "UTC")
    build(anew)
    assert everything(extended) == everything(anew)


def test_a_silence_is_one_of_music(tmp_path: Path) -> None:
    podcast = {"episode_name": "Episode 1", "episode_show_name": "Show", "spotify_episode_uri": "spotify:episode:1"}
    first = [stream(f"2020-03-27T{hour}:03:00Z", 3) for hour in (10, 14, 18)]
    first += [stream(f"2020-03-27T{hour}:20:00Z", 20, **podcast) for hour in (12, 16)]
    extended_equals_anew(tmp_path, first, [stream("2020-03-27T14:13:00Z", 3)])


def test_two_exports_that_tell_a_start_differently_tell_of_one_listen(tmp_path: Path) -> None:
    other = [stream(f"2020-03-27T{hour}:50:00Z", 2) for hour in ("09", 11, 13, 16, 18, 20)]
    three_hours_early = int(datetime(2020, 3, 27, 12, tzinfo=UTC).timestamp())
    first = [*other, stream("2020-03-27T15:05:00Z", 4), stream("2020-03-27T15:05:00Z", 4, three_hours_early)]
    extended_equals_anew(tmp_path, first, [stream("2020-03-27T15:15:00Z", 3)])


def scrobbles(path: Path, heard: Iterable[tuple[int, str, str]], client: str = "") -> Path:
    """Plays (seconds, artist, title) as a Last.fm CSV, or with a ``client`` as ListenBrainz of tracks of 200 s."""
    if not client:
        rows = [f'"{artist}",{title},,{EPOCH + at}' for at, artist, title in heard]
        path.write_text("\n".join(["artist,track,album,uts", *rows]) + "\n")
        return path
    lines = []
    for at, artist, title in heard:
        more = {"duration_ms": 200_000, "submission_client": client}
        named = {"artist_name": artist, "track_name": title, "additional_info": more}
        lines.append(json.dumps({"listened_at": EPOCH + at, "track_metadata": named}))
    path.write_text("\n".join(lines) + "\n")
    return path


EPOCH = 1_600_000_000


def test_repeats_other_credits_and_ends_are_found_whenever_they_come(tmp_path: Path) -> None:
    sent = [(250 * i, "Main & Guest", f"Song {i}") for i in range(30)]
    again = [(at + 2, artist, title) for at, artist, title in sent[::3]]
    ended = [(at + 200, "Main", title) for at, _, title in sent]
    files = [
        scrobbles(tmp_path / "early.csv", [*sent[:15], *again[:5]]),
        scrobbles(tmp_path / "early.jsonl", ended[:12], "late player"),
        scrobbles(tmp_path / "late.csv", [*sent[15:], *again[5:]]),
        scrobbles(tmp_path / "late.jsonl", ended[12:], "late player"),
    ]
    extended, anew = load_settings(tmp_path / "extended", {}), load_settings(tmp_path / "anew", {})
    for file in files:
        import_paths(extended, [file], "ada", "UTC")
        assert build(extended, SILVER).failed == []
    import_paths(anew, files[::-1], "ada", "UTC")
    assert build(anew, SILVER).failed == []
    assert everything(extended, SILVER) == everything(anew, SILVER)
    listens = show(anew, "listens", limit=None).to_pylist()
    assert sorted(round(row["started_at"].timestamp()) - EPOCH for row in listens) == [at for at, _, _ in sent]
    assert {row["merged_records"] for row in listens} == {2, 3}


def test_repeats_are_counted_where_the_setting_says_so(settings: Settings, tmp_path: Path) -> None:
    import_paths(settings, [scrobbles(tmp_path / "a.csv", [(0, "Can", "Vitamin C"), (2, "Can", "Vitamin C")])], "ada")
    for merged, listens in ((True, 1), (False, 2), (True, 1)):
        build(replace(settings, merge_repeats=merged), ["listens"])
        assert show(settings, "listens").num_rows == listens


def test_a_track_sent_many_times_is_no_unusual_day(settings: Settings, tmp_path: Path) -> None:
    daily = [(86_400 * day + 300 * n, "Can", f"Song {n}") for day in range(60) for n in range(10)]
    stuck = [(86_400 * 30 + 2_700 + second, "Can", "Song 9") for second in range(1, 60)]
    import_paths(settings, [scrobbles(tmp_path / "a.csv", [*daily, *stuck])], "ada", "UTC")
    for merged, unusual in ((True, set()), (False, {"volume", "repetition"})):
        build(replace(settings, merge_repeats=merged), ["listening_anomalies"])
        assert set(show(settings, "listening_anomalies").column("anomaly").to_pylist()) == unusual


START = datetime(2020, 3, 27, 18, tzinfo=UTC)
TRACKS = [
    ("Nina Simone", "Sinnerman"),
    ("nina simone", "Sinnerman - Remastered 2013"),
    ("Nina Simone & Friends", "Sinnerman"),
    ("Can", "Halleluhwah"),
]
plays = st.lists(
    st.tuples(st.integers(0, 4 * 24 * 60), st.integers(0, len(TRACKS) - 1), st.booleans()), min_size=1, max_size=25
)


def write_exports(folder: Path, name: str, heard: list[tuple[int, int, bool]]) -> list[Path]:
    """Plays (minute, track, by Spotify?) as a Last.fm CSV and a Spotify extended history."""
    folder.mkdir(exist_ok=True)
    scrobbles, streams = folder / f"{name}.csv", folder / f"{name}.json"
    with scrobbles.open("w", newline="") as file:
        for minute, track, _ in heard:
            artist, title = TRACKS[track]
            csv.writer(file).writerow([artist, "", title, f"{START + timedelta(minutes=minute):%d %b %Y %H:%M}"])
    rows = [
        {
            "ts": f"{START + timedelta(minutes=minute, seconds=170 + track):%Y-%m-%dT%H:%M:%SZ}",
            "ms_played": 150_000,
            "master_metadata_track_name": TRACKS[track][1],
            "master_metadata_album_artist_name": TRACKS[track][0],
            "spotify_track_uri": f"spotify:track:{track:022d}",
        }
        for minute, track, streamed in heard
        if streamed
    ]
    streams.write_text(json.dumps(rows))
    return [scrobbles, streams] if rows else [scrobbles]


SILVER = [table.name for table in tables().values() if table.layer == "silver"]
"""The tables of which stretches of time are replaced, and those that they read; the others follow from them alone."""


@pytest.mark.slow
@examples(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=plays, second=plays)
def test_extending_gives_what_building_anew_gives(
    tmp_path_factory: pytest.TempPathFactory, first: list[tuple[int, int, bool]], second: list[tuple[int, int, bool]]
) -> None:
    folder = tmp_path_factory.mktemp("exports")
    parts = [write_exports(folder, "first", first), write_exports(folder, "second", second)]
    extended, anew = load_settings(folder / "extended", {}), load_settings(folder / "anew", {})
    for files in parts:
        import_paths(extended, files, "ada", "Europe/Berlin")
        assert build(extended, SILVER).failed == []
    import_paths(anew, [*parts[1], *parts[0]], "ada", "Europe/Berlin")
    assert build(anew, SILVER).failed == []
    assert everything(extended, SILVER) == everything(anew, SILVER)


CATALOGUE = (
    ",track_id,artists,album_name,track_name,popularity,duration_ms,explicit,danceability,energy,key,loudness,mode,"
    "speechiness,acousticness,instrumentalness,liveness,valence,tempo,time_signature,track_genre\n"
    f"0,{'a' * 22},Nina Simone,Pastel Blues,Sinnerman,70,622000,False,.6,.7,1,-9,0,.1,.6,.01,.3,.5,144,4,jazz\n"
    f"1,{'b' * 22},Can,Tago Mago,Halleluhwah,50,1112000,False,.5,.8,1,-8,0,.1,.1,.5,.2,.7,112,4,rock\n"
)


def household(folder: Path, parts: list[tuple[str, list[Path]]], catalogue: Path, between: bool) -> Settings:
    """A home with the catalogue and each listener's files; built after each of them or at the end."""
    settings = load_settings(folder, {})
    import_paths(settings, [catalogue])
    for number, (listener, files) in enumerate(parts, 1):
        import_paths(settings, files, listener, "Europe/Berlin")
        if between or number == len(parts):
            assert build(settings).failed == []
    return settings


@pytest.mark.slow
@examples(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(heard=st.lists(plays, min_size=3, max_size=3))
def test_one_listeners_import_gives_what_building_anew_gives(
    tmp_path_factory: pytest.TempPathFactory, heard: list[list[tuple[int, int, bool]]]
) -> None:
    folder = tmp_path_factory.mktemp("household")
    catalogue = folder / "dataset.csv"
    catalogue.write_text(CATALOGUE)
    files = [write_exports(folder / "exports", f"part {number}", one) for number, one in enumerate(heard)]
    parts = list(zip(("ann", "bob", "ann"), files, strict=True))
    extended = household(folder / "extended", parts, catalogue, between=True)
    anew = household(folder / "anew", parts[::-1], catalogue, between=False)
    assert everything(extended) == everything(anew)


@pytest.mark.slow
def test_many_listeners_are_built_in_parts_with_the_same_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue = tmp_path / "dataset.csv"
    catalogue.write_text(CATALOGUE)
    heard = [[(60 * i + 7 * n, (i + n) % len(TRACKS), i % 3 == 0) for i in range(40)] for n in range(5)]
    files = [write_exports(tmp_path / "exports", f"part {number}", one) for number, one in enumerate(heard)]
    parts = list(zip(("ann", "bob", "cy", "o'fay", "zoë"), files, strict=True))
    at_once = household(tmp_path / "at once", parts, catalogue, between=False)
    added: list[str] = []
    keep = Engine.keep

    def watched(session: Engine, name: str, *given: Any, **named: Any) -> None:
        added.extend([name] if (given + tuple(named.values()))[-1] is True else [])
        keep(session, name, *given, **named)

    monkeypatch.setattr(Engine, "keep", watched)
    monkeypatch.setattr(running, "MOST_AT_ONCE", 70)
    in_parts = household(tmp_path / "in parts", parts, catalogue, between=False)
    assert {"new_listens", "new_temporal_trends", "new_mood_state_clusters"} <= set(added)
    assert everything(in_parts) == everything(at_once)
    assert all(open_lake(in_parts.lake).history(name, 1) for name in tables())


def test_a_listeners_import_leaves_the_predictions_of_tracks(settings: Settings, lastfm: Callable[..., Path]) -> None:
    for listener in ("ann", "bob", "cy"):
        import_paths(settings, [lastfm([A, B], f"{listener}.csv")], listener, "UTC")
    build(settings, ["tracks"])
    lake = open_lake(settings.lake)
    score = {"model": "mood", "subject": "track", "score": 0.2, "model_version": 1, "served_by": "model"}
    scores = [
        {**score, "subject_id": track, "quantity": quantity, "as_of_at": datetime(2020, 12, 1, tzinfo=UTC)}
        for track in lake.dataset("tracks").to_table()["track_id"].to_pylist()
        for quantity in ("valence", "energy", *MOODS)
    ]
    lake.replace("model_scores", as_arrow("model_scores", pd.DataFrame(scores, dtype=object)), {})
    build(settings, ["mood_classifications"])
    import_paths(settings, [lastfm([C], "later.csv")], "ann")
    assert actions(build(settings, ["mood_classifications"]))["mood_classifications"] == "extended"
    classified = Counter(open_lake(settings.lake).dataset("mood_classifications").to_table()["listener"].to_pylist())
    assert classified == {"ann": 2, "bob": 2, "cy": 2}


def test_only_the_rows_of_whom_something_changed_for_are_built(settings: Settings, lastfm: Callable[..., Path]) -> None:
    for listener in ("ann", "bob", "cy"):
        import_paths(settings, [lastfm([A, B, C], f"{listener}.csv")], listener, "UTC")
    build(settings)
    import_paths(settings, [lastfm([(*A[:3], "24 Nov 2020 10:00")], "later.csv")], "bob")
    done = actions(build(settings))
    across = {t.name for t in tables().values() if t.across_listeners}
    gold = {t.name for t in tables().values() if t.layer == "gold" and t.name not in across}
    of_listens = {n for n in gold if "listening_with_features" in {t.name for t in with_inputs([n])}}
    assert {done[name] for name in of_listens} == {"extended"}
    # Predictions wait until the models predict again.
    assert {done[name] for name in gold - of_listens} == {"unchanged"}
    shown = show(settings, "temporal_trends").to_pylist()
    assert {r["listener"]: r["listens"] for r in shown if r["period_type"] == "year"} == {"ann": 3, "bob": 4, "cy": 3}


def albums_of(path: Path, *albums: str, artist: str = "", track: str = "Halleluhwah") -> Path:
    """A track of each of the albums, some by another artist than the track."""
    header = "artist,album,track,timestamp,album artist"
    rows = [f"Can,{album},{track},{1_605_864_900 + 600 * n},{artist}" for n, album in enumerate(albums)]
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def test_albums_are_named_anew_for_the_listeners_of_an_import_alone(tmp_path: Path) -> None:
    files = {
        "ann": [albums_of(tmp_path / "1.csv", "Tago Mago")],
        "bob": [albums_of(tmp_path / "2.csv", "Tago Mago", "Soon", artist="Various Artists")],
        "cy": [albums_of(tmp_path / "3.csv", "Soon")],
    }
    later = albums_of(tmp_path / "4.csv", "Tago Mago (Remastered)", "Tago Mago", artist="The Cans", track="Oh Yeah")
    extended, anew = load_settings(tmp_path / "extended", {}), load_settings(tmp_path / "anew", {})
    for settings in (extended, anew):
        for listener, paths in files.items():
            import_paths(settings, paths, listener, "UTC")
    build(extended, ["albums"])
    for settings in (anew, extended):
        import_paths(settings, [later], "ann", "UTC")
    assert actions(build(extended, ["albums"]))["album_names"] == "extended"
    build(anew, ["albums"])
    names = ("album_names", "albums")
    assert everything(extended, names) == everything(anew, names)
    assert {row["album_artist_name"] for row in everything(anew, names)["album_names"]} >= {"Various Artists"}


@pytest.mark.parametrize(("factor", "action"), [(1 + 1e-12, "unchanged"), (1 + 1e-6, "built")])
def test_a_mean_that_was_added_up_in_another_order_is_the_same(
    settings: Settings, lastfm: Callable[..., Path], tmp_path: Path, factor: float, action: str
) -> None:
    catalogue = tmp_path / "dataset.csv"
    catalogue.write_text(CATALOGUE)
    import_paths(settings, [catalogue])
    import_paths(settings, [lastfm([A], "first.csv")], "ada", "UTC")
    build(settings)
    lake, name = open_lake(settings.lake), "artist_features"
    rows = lake.dataset(name).to_table()
    energy = pc.multiply(rows["energy"], factor)
    lake.replace(name, rows.set_column(rows.column_names.index("energy"), "energy", energy), lake.note(name))
    import_paths(settings, [lastfm([B], "second.csv")], "ada")
    assert actions(build(settings))[name] == action


def test_invented_features_come_and_go_with_the_setting(settings: Settings, lastfm: Callable[..., Path]) -> None:
    import_paths(settings, [lastfm([A, B, C])], "ada", "Europe/Berlin")
    sources = []
    for allowed in (False, True, True, False):
        report = build(replace(settings, allow_synthetic=allowed))
        assert report.failed == []
        features = show(settings, "listening_with_features")
        sources.append((set(features["feature_source"].to_pylist()), actions(report)["tracks"]))
    assert sources == [
        ({None}, "built"),
        ({"synthetic"}, "built"),
        ({"synthetic"}, "unchanged"),
        ({None}, "built"),
    ]
