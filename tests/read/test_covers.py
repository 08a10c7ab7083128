from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pytest

from tonearm.columns import arrow_schema
from tonearm.lake import open_lake
from tonearm.read.covers import MOST_BYTES, RESCAN_S, Covers, checked, covers_of, look_through, picture
from tonearm.settings import Settings

JPEG, PNG, WEBP = b"\xff\xd8\xff\xe0 picture", b"\x89PNG\r\n\x1a\n picture", b"RIFF\x10\x00\x00\x00WEBPVP8 "


def put(folder: Path, path: str, content: bytes = JPEG) -> Path:
    made = folder / path
    made.parent.mkdir(parents=True, exist_ok=True)
    made.write_bytes(content)
    return made


@pytest.mark.parametrize(
    ("path", "artist", "album"),
    [
        ("Air/Moon Safari/cover.jpg", "Air", "Moon Safari"),
        ("Air/Moon Safari/Folder.PNG", "AIR", "moon safari"),
        ("Air/1998 - Moon Safari/front.webp", "Air", "Moon Safari (Deluxe Edition)"),
        ("Air/Moon Safari (1998)/cover.jpeg", "Air", "Moon Safari"),
        ("Air/Moon Safari.jpg", "Air", "Moon Safari"),
        ("Air - Moon Safari.png", "Air", "Moon Safari"),
        ("Beatles, The/Help! (Remastered)/cover.jpg", "The Beatles", "Help!"),
        ("AC_DC/Back in Black/cover.jpg", "AC/DC", "Back in Black"),
        ("VA/Garden State/cover.jpg", "Various Artists", "Garden State"),
        ("Compilations/Garden State/cover.jpg", "Various Artists", "Garden State"),
        ("Prince/1999/cover.jpg", "Prince", "1999"),
    ],
)
def test_a_cover_is_found_by_names_as_tonearm_compares_them(tmp_path: Path, path: str, artist: str, album: str) -> None:
    made = put(tmp_path, path, {".png": PNG, ".webp": WEBP}.get(Path(path).suffix.lower(), JPEG))
    found = Covers(tmp_path).find(artist, album)
    assert found is not None and found.path == made
    assert picture(found) == (made.read_bytes(), found.media_type)
    assert Covers(tmp_path).find(artist, album + " Live") is None


def test_the_album_folders_cover_goes_first_and_an_exact_name_before_one_without_its_year(tmp_path: Path) -> None:
    for path in ("Air - Moon.jpg", "Air/Moon.jpg", "Air/Moon/front.jpg", "Air/Moon/folder.jpg", "Air/Moon/cover.jpg"):
        made = put(tmp_path, path)
        found = Covers(tmp_path).find("Air", "Moon")
        assert found is not None and found.path == made
    put(tmp_path, "Air/1998 - Moon/cover.jpg")
    found = Covers(tmp_path).find("Air", "Moon")
    assert found is not None and found.path == made


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("Air/Moon/cover.jpg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("Air/Moon/cover.jpg", b"GIF89a"),
        ("Air/Moon/cover.jpg", b""),
        ("Air/Moon/cover.jpg", JPEG + b" " * MOST_BYTES),
        ("Air/Moon/cover.svg", JPEG),
        ("Air/Moon/back.jpg", JPEG),
        ("Air/Moon/CD1/cover.jpg", JPEG),
        ("Moon/cover.txt", JPEG),
    ],
)
def test_what_is_no_picture_of_an_album_is_none(tmp_path: Path, path: str, content: bytes) -> None:
    put(tmp_path, path, content)
    assert Covers(tmp_path).find("Air", "Moon") is None


def test_links_out_of_the_folder_are_left_alone(tmp_path: Path) -> None:
    outside, inside = tmp_path / "outside", tmp_path / "covers"
    put(outside, "Moon/cover.jpg")
    put(inside, "Air/Real/cover.jpg")
    for name in ("Can", "Air"):
        (inside / name).mkdir(exist_ok=True)
    (inside / "Nico").symlink_to(outside)
    (inside / "Air/Moon").symlink_to(outside / "Moon")
    (inside / "Air/Linked").symlink_to(inside / "Air/Real")
    (inside / "Can/Moon.jpg").symlink_to(outside / "Moon/cover.jpg")
    (inside / "Can/Loop").symlink_to(inside)
    covers = Covers(inside)
    assert [covers.find(artist, "Moon") for artist in ("Nico", "Air", "Can")] == [None, None, None]
    linked = covers.find("Air", "Linked")
    assert linked is not None and linked.path == (inside / "Air/Real/cover.jpg").resolve()


def test_a_file_that_became_something_else_is_not_shown(tmp_path: Path) -> None:
    made = put(tmp_path, "Air/Moon/cover.jpg")
    found = Covers(tmp_path).find("Air", "Moon")
    assert found is not None
    made.write_bytes(b"-----BEGIN PRIVATE KEY-----")
    assert picture(found) is None
    made.unlink()
    assert picture(found) is None


def test_a_new_cover_is_found_after_a_while_and_is_another_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tonearm.read.covers.Thread", AtOnce)
    now = [0.0]
    covers = Covers(tmp_path, lambda: now[0])
    assert (covers.find("Air", "Moon"), covers.version()) == (None, "")
    made = put(tmp_path, "Air/Moon/cover.jpg")
    assert covers.find("Air", "Moon") is None
    now[0] += RESCAN_S
    first = covers.find("Air", "Moon")
    before = covers.version()
    assert first is not None and before
    made.write_bytes(JPEG + b", another")
    os.utime(made, ns=(1, 1))
    now[0] += RESCAN_S
    second = covers.find("Air", "Moon")
    assert second is not None and second.version != first.version and covers.version() != before


class AtOnce:
    """A thread that is done when it starts."""

    def __init__(self, target: object, args: tuple[Path], daemon: bool) -> None:
        self.target, self.args = target, args

    def start(self) -> None:
        self.target(*self.args)  # type: ignore[operator]


def test_names_that_mean_nothing_and_folders_that_are_none_have_no_cover(tmp_path: Path) -> None:
    for folder in (None, tmp_path / "absent", put(tmp_path, "file")):
        covers = Covers(folder)
        assert [covers.find(a, b) for a, b in (("Air", "Moon"), ("..", ".."), ("", ""), (None, "x"))] == [None] * 4
    assert look_through(tmp_path) == {}


def test_the_doctor_counts_the_albums_with_a_cover(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home")
    assert checked(settings).state == "missing"
    there = Settings(home=tmp_path / "home", covers="covers")
    assert (checked(there).state, covers_of(there).version()) == ("wrong", "")
    put(tmp_path, "home/covers/Air/Moon/cover.jpg")
    assert checked(there).finding.startswith("1 pictures")
    columns = ("listener", "album_artist_name", "album_title")
    rows = [
        ("ann", "Air", "Moon"),
        ("bob", "Air", "Moon"),
        ("bob", "Air", "Sun"),
    ]
    table = pa.Table.from_pylist([dict(zip(columns, row, strict=True)) for row in rows], schema=arrow_schema(columns))
    open_lake(there.lake).replace("albums", table, {})
    assert checked(there).finding.startswith("1 of 2 albums")
