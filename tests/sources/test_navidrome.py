from __future__ import annotations

import sqlite3
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.sources.conftest import Read
from tonearm.errors import UnknownKind
from tonearm.settings import Settings
from tonearm.sources import Context, source_of
from tonearm.sources.inputs import input_files

AT = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
SCHEMA = """
CREATE TABLE user (id VARCHAR(255) PRIMARY KEY, user_name VARCHAR(255), email VARCHAR(255), password VARCHAR(255));
CREATE TABLE media_file (id VARCHAR(255) PRIMARY KEY, path VARCHAR(255), title VARCHAR(255), album VARCHAR(255),
    artist VARCHAR(255), album_artist VARCHAR(255), duration REAL, mbz_recording_id VARCHAR(255));
CREATE TABLE scrobbles (media_file_id VARCHAR(255), user_id VARCHAR(255), submission_time INTEGER NOT NULL);
INSERT INTO user VALUES ('u1', 'anna', 'anna@private.example', 'secret'), ('u2', 'ben', 'x@private.example', 'secret');
INSERT INTO media_file VALUES ('m1', '/private/joga.flac', 'Jóga', 'Homogenic', 'Björk', 'Björk', 305.5, 't-id');
"""


def database(tmp_path: Path, *scrobbles: tuple[str, str, object]) -> bytes:
    path = tmp_path / "made.db"
    made = sqlite3.connect(path)
    made.executescript(SCHEMA)
    made.executemany("INSERT INTO scrobbles VALUES (?, ?, ?)", scrobbles)
    made.commit()
    made.close()
    return path.read_bytes()


def test_plays_with_the_names_of_their_tracks(read: Read, tmp_path: Path) -> None:
    content = database(tmp_path, ("m1", "u1", 1700000000), ("gone", "u1", 1700000300), ("m1", "u1", "soon"))
    found = read("navidrome.db", content)
    assert found.kind == "navidrome"
    row = found.rows[0]
    assert (row["artist_name"], row["track_name"], row["album_name"]) == ("Björk", "Jóga", "Homogenic")
    assert (row["reported_at"], row["duration_s"], row["recording_mbid"]) == (AT, 305.5, "t-id")
    assert found.reasons == ["the track is no longer in Navidrome's library", "date 'soon' is not understood"]


def test_several_users_have_to_be_chosen_from(read: Read, tmp_path: Path) -> None:
    content = database(tmp_path, ("m1", "u1", 1700000000), ("m1", "u2", 1700000000), ("m1", "u2", 1700000900))
    with pytest.raises(UnknownKind, match="the plays of anna, ben; choose one with --columns user=NAME"):
        read("navidrome.db", content)
    assert len(read("navidrome.db", content, columns=(("user", "ben"),)).kept) == 2
    with pytest.raises(UnknownKind, match="no user 'eve' has plays"):
        read("navidrome.db", content, columns=(("user", "eve"),))


def test_in_a_zip(tmp_path: Path, settings: Settings) -> None:
    content = database(tmp_path, ("m1", "u1", 1700000000))
    with zipfile.ZipFile(tmp_path / "backup.zip", "w") as archive:
        archive.writestr("navidrome.db", content)
    (file,) = input_files([tmp_path / "backup.zip"], settings)
    (table,) = source_of(file).read(file, Context(1 << 20))  # type: ignore[arg-type]
    assert table["track_name"].to_pylist() == ["Jóga"]


def test_another_or_a_damaged_database(read: Read, tmp_path: Path) -> None:
    content = database(tmp_path, *[("m1", "u1", 1700000000 + i) for i in range(2000)])
    with pytest.raises(UnknownKind, match="cannot be read"):
        read("navidrome.db", content[:5000])
    with pytest.raises(UnknownKind, match="cannot be read"):
        read("navidrome.db", content.replace(b"CREATE TABLE media_file", b"CREATE TABLE \xc7edia_file"))
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("CREATE TABLE bookmarks (x)")
    other.commit()
    with pytest.raises(UnknownKind, match="it has bookmarks"):
        read("other.db", (tmp_path / "other.db").read_bytes())
