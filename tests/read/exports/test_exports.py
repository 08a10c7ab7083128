from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tonearm.building.execute import build
from tonearm.errors import UnknownName, UsageError
from tonearm.ingest.imports import import_paths
from tonearm.lake import open_lake
from tonearm.read.exports import FORMATS, Heading, Report, export_listens, file_name
from tonearm.read.exports.listens import Exported
from tonearm.settings import Settings
from tonearm.sources import Context, source_of
from tonearm.sources.files import InputFile
from tonearm.sources.inputs import input_files
from tonearm.store import open_store
from tonearm.store.loves import Love, give_love
from tonearm.store.submissions import Submission, keep

FIRST_S = 1_600_000_000
ODD = [
    ("Björk", "Jóga", "Homogenic"),
    ("=1+1", '"Quoted", with a comma', "semi;colon"),
    ("Sigur Rós & Friends; Others", "line\nbreak", None),
    ("宇多田ヒカル", "First Love — \u202eמוזיקה", "tab\there"),
    ("AC/DC", "T.N.T.", ""),
    ("'", "\\n", "{}"),
]


def listen(number: int, artist: str, track: str, album: str | None, **info: Any) -> dict[str, Any]:
    names = {"artist_name": artist, "track_name": track, "release_name": album, "additional_info": info}
    return {"listened_at": FIRST_S + 400 * number, "inserted_at": 1, "track_metadata": names}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Odd names in the tables, two that wait, one that is known by an id alone, and a loved one."""
    folder = tmp_path_factory.mktemp("home")
    made = Settings(home=folder / "home")
    store = open_store(made)
    store.ensure_listener("Ada", "UTC")
    file = folder / "odd.jsonl"
    known = {"recording_mbid": "f1c7d5d4-5d2a-4b5e-9f3a-0f6f2a3b4c5d", "duration_played": 120, "duration_ms": 200_500}
    rows = [listen(n, *names, **(known if n == 0 else {})) for n, names in enumerate(ODD)]
    rows.append(listen(20, "", "", None, spotify_id="0" * 22))
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    import_paths(made, [file], "Ada")
    build(made, ["listening_with_features", "tracks"])
    waiting = [listen(n, "Air", f"Waiting {n}", None) for n in (2.5, 30)]
    bodies = [{name: row[name] for name in ("listened_at", "track_metadata")} for row in waiting]
    keep(store, "Ada", [Submission("lastfm", json.dumps(body), body["listened_at"]) for body in bodies])
    give_love(store, "Ada", Love(1, datetime(2024, 1, 1, tzinfo=UTC), "Air", "Sexy Boy"))
    return made


def exported(home: Settings, form: str, folder: Path, **bounds: datetime) -> tuple[Path, Report]:
    path = folder / file_name(form, "Ada", datetime(2024, 5, 1, tzinfo=UTC))
    return path, export_listens(home, open_store(home), "ada", form, path, **bounds)


Heard = tuple[int, str, str, str | None]


def heard(settings: Settings, listener: str) -> list[Heard]:
    """When what was heard, as the source wrote it."""
    rows = open_lake(settings.lake).dataset("listening_history_bronze").to_table().to_pylist()
    own = [row for row in rows if row["listener"] == listener and row["outcome"] == "kept" and row["track_name"]]
    return sorted(
        (int(row["started_at"].timestamp()), row["artist_name"], row["track_name"], row["album_name"]) for row in own
    )


def test_what_is_exported_can_be_imported_elsewhere_and_is_the_same(home: Settings, tmp_path: Path) -> None:
    other = Settings(home=tmp_path / "other")
    reports = {}
    for form in FORMATS:
        path, reports[form] = exported(home, form, tmp_path)
        read = import_paths(other, [path], form)
        assert (read.rejected, read.kept) == (0, reports[form].written), form
    assert {form: (one.listens, one.written, one.left_out) for form, one in reports.items()} == {
        "listenbrainz": (9, 9, 0),
        "lastfm-csv": (9, 8, 1),
        "maloja": (9, 8, 1),
        "koito": (9, 8, 1),
    }
    own = [(FIRST_S + 400 * n, artist, track, album or None) for n, (artist, track, album) in enumerate(ODD)]
    wanted = sorted([*own, *((int(FIRST_S + 400 * n), "Air", f"Waiting {n}", None) for n in (2.5, 30))])
    for form in FORMATS:
        assert heard(other, form) == wanted, form


def test_listenbrainz_has_what_was_loved_and_how_long_was_heard(home: Settings, tmp_path: Path) -> None:
    path, report = exported(home, "listenbrainz", tmp_path)
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == ["user.json", "listens/2020/9.jsonl", "feedback.jsonl"]
        first = json.loads(archive.read("listens/2020/9.jsonl").splitlines()[0])
        (loved,) = map(json.loads, archive.read("feedback.jsonl").splitlines())
    info = first["track_metadata"]["additional_info"]
    assert (info["duration_played"], info["duration_ms"]) == (120, 200_500)
    assert (loved["score"], loved["track_metadata"]["track_name"], report.loved) == (1, "Sexy Boy", 1)


def test_a_part_of_the_history_can_be_exported(home: Settings, tmp_path: Path) -> None:
    start, end = (datetime.fromtimestamp(FIRST_S + 400 * n, UTC) for n in (1, 3))
    path, report = exported(home, "maloja", tmp_path, start=start, end=end)
    titles = [one["track"]["title"] for one in json.loads(path.read_text())["scrobbles"]]
    assert titles == [ODD[1][1], ODD[2][1], "Waiting 2.5"]
    assert report.written == 3


def test_an_export_that_fails_leaves_nothing_and_the_old_file_as_it_was(
    home: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, _ = exported(home, "koito", tmp_path)
    before = path.read_bytes()

    def broken(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(vars(FORMATS["koito"]), "write", broken)
    with pytest.raises(Exception, match="space"):
        exported(home, "koito", tmp_path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_where_it_cannot_be_written_or_what_is_no_format_is_refused_in_words(home: Settings, tmp_path: Path) -> None:
    store = open_store(home)
    with pytest.raises(UsageError, match="cannot be written"):
        export_listens(home, store, "Ada", "koito", tmp_path)
    with pytest.raises(UsageError, match="cannot be written"):
        export_listens(home, store, "Ada", "koito", tmp_path / "none" / "file.json")
    with pytest.raises(UnknownName, match="maloja"):
        export_listens(home, store, "Ada", "malja", tmp_path / "file")


def test_what_was_imported_and_is_not_built_yet_is_exported_too(tmp_path: Path) -> None:
    made = Settings(home=tmp_path / "home")
    store = open_store(made)
    store.ensure_listener("Ada", "UTC")
    file = tmp_path / "one.jsonl"
    file.write_text(json.dumps(listen(1, "Air", "Sexy Boy", None)))
    import_paths(made, [file], "Ada")
    _, report = exported(made, "koito", tmp_path)
    assert report.written == 1


def test_a_listener_without_listens_has_an_empty_export_that_can_be_read(tmp_path: Path) -> None:
    made = Settings(home=tmp_path / "home")
    open_store(made).ensure_listener("Ada", "UTC")
    for form in FORMATS:
        path, report = exported(made, form, tmp_path)
        assert report.listens == 0
        assert import_paths(made, [path], "Ada").read == 0


NAME = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12).map(
    lambda text: f"a{text}z"
)
ROW = st.builds(
    Exported,
    at_us=st.integers(1_100_000_000, 1_700_000_000).map(lambda at_s: at_s * 1_000_000),
    imported_us=st.none(),
    artist_name=NAME,
    artists=st.none(),
    track_name=NAME,
    album_name=st.none() | NAME,
    album_artist_name=st.none(),
    spotify_id=st.none(),
    recording_mbid=st.none() | st.uuids().map(str),
    artist_mbid=st.none() | st.uuids().map(str),
    release_mbid=st.none() | st.uuids().map(str),
    listened_s=st.none() | st.integers(1, 600).map(float),
    duration_s=st.none() | st.integers(30, 600).map(float),
    client=st.none() | NAME,
    extra=st.none(),
    source=st.just("test"),
)


@settings(max_examples=40)
@given(st.lists(ROW, min_size=1, max_size=5), st.sampled_from(sorted(FORMATS)))
def test_every_form_keeps_names_instants_and_ids(tmp_path_factory: Any, rows: list[Exported], form: str) -> None:
    rows.sort(key=lambda row: row.at_us)
    content = BytesIO()
    FORMATS[form].write(iter(rows), content, Heading("Ada", datetime(2024, 5, 1, tzinfo=UTC), []))
    path = tmp_path_factory.mktemp("x") / f"export.{FORMATS[form].ending}"
    path.write_bytes(content.getvalue())
    # Files of months are read in the order of their names.
    found = sorted(read_back(path), key=lambda row: row["reported_at"])
    assert [(row["artist_name"], row["track_name"], row["album_name"]) for row in found] == [
        (row.artist_name, row.track_name, row.album_name) for row in rows
    ]
    assert [row["reported_at"].timestamp() for row in found] == [row.at_s for row in rows]
    mbids = ("recording_mbid", "artist_mbid", "release_mbid")
    wanted = [tuple(getattr(row, name) for name in mbids) for row in rows]
    assert form == "maloja" or [tuple(row[name] for name in mbids) for row in found] == wanted


def read_back(path: Path) -> Iterable[dict[str, Any]]:
    """The rows of a file as the source that recognises it reads them, blank fields as null."""
    for file in input_files([path], Settings(home=path.parent)):
        assert isinstance(file, InputFile)
        source = source_of(file, "")
        for table in source.read(file, Context(1 << 20)):
            yield from ({name: value or None for name, value in row.items()} for row in table.to_pylist())
