from __future__ import annotations

import gzip
import hashlib
import io
import os
import random
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as checked
from hypothesis import strategies as st

from tests.sources.conftest import Read, Write
from tonearm.errors import ArchiveRefused, UnknownKind
from tonearm.settings import Settings
from tonearm.sources.files import InputFile, InputProblem
from tonearm.sources.inputs import input_files


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return whole.getvalue()


def found(settings: Settings, *paths: Path) -> dict[str, bytes | str]:
    """Contents of the files and messages of the problems, by name, in order."""
    return {
        one.name: one.open().read() if isinstance(one, InputFile) else one.message
        for one in input_files(paths, settings)
    }


def test_folders_are_walked_in_order_and_litter_is_left_out(tmp_path: Path, settings: Settings) -> None:
    for name in ("b.csv", "a/2.jsonl", "a/.DS_Store", "__MACOSX/b.csv", ".git/x", ".scrobbler.log"):
        path = tmp_path / "export" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    assert list(found(settings, tmp_path / "export")) == [
        "export/.scrobbler.log",
        "export/b.csv",
        "export/a/2.jsonl",
    ]


def test_order_and_repetition_of_arguments_change_nothing(tmp_path: Path, settings: Settings) -> None:
    one, two = tmp_path / "1.csv", tmp_path / "2.csv"
    one.write_text("1"), two.write_text("2")
    assert list(found(settings, two, one, two)) == ["1.csv", "2.csv"]
    assert len(found(settings, two, tmp_path)) == 2


def test_size_and_hash_are_of_the_unpacked_bytes(tmp_path: Path, settings: Settings) -> None:
    content = b"artist,track\n" * 100_000
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(content))
    (file,) = input_files([tmp_path / "a.csv.gz"], settings)
    assert isinstance(file, InputFile)
    assert file.sha256 == hashlib.sha256(content).hexdigest()
    assert file.size == len(content)
    assert file.head == content[: 64 * 1024]


def test_hash_is_known_after_reading_without_another_pass(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.csv").write_bytes(b"x" * 3_000_000)
    (file,) = input_files([tmp_path / "a.csv"], settings)
    assert isinstance(file, InputFile)
    assert b"".join(file.blocks(1 << 20)) == b"x" * 3_000_000
    monkeypatch.setattr(file, "open", None)
    assert file.sha256 == hashlib.sha256(b"x" * 3_000_000).hexdigest()


def test_zips_in_zips_and_gzips_in_zips_are_read_once_nested(tmp_path: Path, settings: Settings) -> None:
    inner = zipped({"deep.csv": b"deep"})
    outer = zipped({"in.zip": inner, "a.csv.gz": gzip.compress(b"packed"), "__MACOSX/a": b"", "b/.DS_Store": b""})
    (tmp_path / "my.zip").write_bytes(outer)
    assert found(settings, tmp_path / "my.zip") == {
        "my.zip/a.csv.gz": b"packed",
        "my.zip/in.zip/deep.csv": b"deep",
    }
    (tmp_path / "my.zip").write_bytes(zipped({"outer.zip": outer}))
    assert "zip in a zip in a zip" in str(found(settings, tmp_path / "my.zip")["my.zip/outer.zip/in.zip"])


@pytest.mark.parametrize("name", ["../evil.csv", "/etc/evil.csv", "a/../../evil.csv", "..\\evil.csv", "C:\\evil.csv"])
def test_members_that_name_a_place_outside_are_refused_and_the_rest_is_read(
    tmp_path: Path, settings: Settings, name: str
) -> None:
    (tmp_path / "my.zip").write_bytes(zipped({name: b"evil", "good.csv": b"good"}))
    result = found(settings, tmp_path / "my.zip")
    assert result.pop("my.zip/good.csv") == b"good"
    (message,) = result.values()
    assert "names a place outside the archive" in str(message)
    assert not list(tmp_path.rglob("evil*"))


def test_missing_paths_and_special_files_are_problems(tmp_path: Path, settings: Settings) -> None:
    os.mkfifo(tmp_path / "pipe")
    result = found(settings, tmp_path / "missing.csv", tmp_path / "pipe")
    assert result == {"missing.csv": "there is no such file or folder", "pipe": "is not a regular file"}


def test_a_folder_without_permission_is_a_problem_and_its_siblings_are_read(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("closed", "open"):
        (tmp_path / "in" / name).mkdir(parents=True)
        (tmp_path / "in" / name / "a.csv").write_text(name)
    real = os.scandir

    def refuse(folder: str) -> object:
        if str(folder).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(folder))
        return real(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    result = found(settings, tmp_path / "in")
    assert result["in/open/a.csv"] == b"open"
    assert "permission denied" in str(result["in/closed"])


def test_a_file_that_may_not_be_read_says_so(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.csv").write_text("a")
    (tmp_path / "b.csv").write_text("b")
    real = Path.open

    def refuse(path: Path, *args: str) -> object:
        if path.name == "a.csv":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *args)

    monkeypatch.setattr(Path, "open", refuse)
    result = found(settings, tmp_path)
    assert "permission denied; give yourself read permission" in str(result[f"{tmp_path.name}/a.csv"])
    assert result[f"{tmp_path.name}/b.csv"] == b"b"


def test_a_zip_bomb_is_not_opened(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "bomb.zip").write_bytes(zipped({"zeros": bytes(150 << 20)}))
    assert "zip bomb" in str(found(settings, tmp_path / "bomb.zip")["bomb.zip"])


def test_a_gzip_bomb_stops_at_the_limit(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(bytes(150 << 20), 9))
    (file,) = input_files([tmp_path / "bomb.gz"], settings)
    assert isinstance(file, InputFile)
    with pytest.raises(Exception, match="unpacks to more than 100 MB"):
        for _ in file.blocks(1 << 20):
            pass


def test_limits_on_entries_and_size(tmp_path: Path) -> None:
    small = Settings(home=tmp_path, max_entries=2, max_file_mb=1)
    (tmp_path / "many.zip").write_bytes(zipped({str(i): b"" for i in range(3)}))
    (tmp_path / "long.zip").write_bytes(zipped({"a": os.urandom(2 << 20), "b": b"b"}))
    (tmp_path / "long.csv").write_bytes(bytes(2 << 20))
    result = found(small, *tmp_path.iterdir())
    assert "3 files, over the limit of 2" in str(result["many.zip"])
    assert "larger than 1 MB" in str(result["long.zip/a"])
    assert result["long.zip/b"] == b"b"
    assert "larger than 1 MB" in str(result["long.csv"])


def test_encrypted_members_say_what_to_do(tmp_path: Path, settings: Settings) -> None:
    whole = bytearray(zipped({"a.csv": b"secret"}))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        whole[whole.index(signature) + offset] |= 1
    (tmp_path / "my.zip").write_bytes(whole)
    assert "encrypted; unpack it with its password" in str(found(settings, tmp_path / "my.zip")["my.zip/a.csv"])


def test_something_else_called_zip_is_a_problem(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "my.zip").write_text("<!DOCTYPE html><p>Your session expired")
    assert "is not a zip that can be read" in str(found(settings, tmp_path / "my.zip")["my.zip"])


class Unseekable(io.RawIOBase):
    """Makes zipfile write sizes behind the data, as programs that stream their zips do."""

    def __init__(self) -> None:
        self.whole = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self.whole += data
        return len(data)


@pytest.mark.parametrize("streamed", [False, True])
def test_a_truncated_zip_gives_its_whole_members_and_the_beginning_of_the_cut_one(
    tmp_path: Path, settings: Settings, streamed: bool
) -> None:
    contents = {f"{i}.json": os.urandom(200_000) for i in range(3)}
    target = Unseekable() if streamed else io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    whole = bytes(target.whole) if isinstance(target, Unseekable) else target.getvalue()
    (tmp_path / "cut.zip").write_bytes(whole[:500_000])

    problem, first, second, third = input_files([tmp_path / "cut.zip"], settings)

    assert isinstance(problem, InputProblem)
    assert "cut off" in problem.message and "download it again" in problem.message
    assert isinstance(first, InputFile) and first.open().read() == contents["0.json"]
    assert isinstance(second, InputFile) and second.open().read() == contents["1.json"]
    assert isinstance(third, InputFile) and third.head == contents["2.json"][: len(third.head)] != b""
    with pytest.raises(Exception, match="cut off"):
        list(third.blocks(1 << 20))


def test_damage_in_a_member_does_not_lose_what_comes_before_it(tmp_path: Path, settings: Settings) -> None:
    content = os.urandom(3_000_000)
    whole = gzip.compress(content)
    (tmp_path / "cut.gz").write_bytes(whole[:2_000_000])
    (file,) = input_files([tmp_path / "cut.gz"], settings)
    got = b""
    with pytest.raises(Exception, match="damaged or cut off"):
        for block in file.blocks(4 << 20):
            got += block
    assert content.startswith(got) and len(got) > 1_900_000
    assert file.size == len(got)


TEXTS = {
    "utf-8": "Sigur Rós — Ágætis byrjun".encode(),
    "utf-8 with a mark": "\ufeffSigur Rós — Ágætis byrjun".encode(),
    "utf-16": "Sigur Rós — Ágætis byrjun".encode("utf-16"),
    "utf-16-be with a mark": "\ufeffSigur Rós — Ágætis byrjun".encode("utf-16-be"),
    "utf-16-le without a mark": "Sigur Rós — Ágætis byrjun".encode("utf-16-le"),
    "cp1252": "Sigur Rós — Ágætis byrjun".encode("cp1252"),
}


@pytest.mark.parametrize("encoded", TEXTS.values(), ids=TEXTS)
def test_text_is_decoded_by_what_it_is(file_of: Write, encoded: bytes) -> None:
    assert file_of("a.txt", encoded).text().read() == "Sigur Rós — Ágætis byrjun"


@given(text=st.text(st.characters(exclude_characters="\ufeff\0", exclude_categories=["Cs"])), size=st.integers(1, 9))
@checked(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_blocks_of_any_size_join_to_the_same_text(file_of: Write, text: str, size: int) -> None:
    for encoded in (text.encode(), ("\ufeff" + text).encode("utf-16-le")):
        joined = b"".join(file_of("a.txt", encoded).blocks(size)).decode()
        assert joined.removeprefix("\ufeff") == text


METHODS = {
    "stored": zipfile.ZIP_STORED,
    "deflate": zipfile.ZIP_DEFLATED,
    "bzip2": zipfile.ZIP_BZIP2,
    "lzma": zipfile.ZIP_LZMA,
}


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
@pytest.mark.parametrize("seed", range(20))
def test_damage_anywhere_in_a_zip_is_a_problem_of_a_file(
    tmp_path: Path, settings: Settings, method: int, seed: int
) -> None:
    draw = random.Random(seed)
    rows = "".join(f"Artist {draw.random()},Album,Track,02 Jan 2020 10:00\n" for _ in range(300)).encode()
    damaged = bytearray(zipped({"a/é.csv": rows, "b.csv": rows, "c.zip": zipped({"d.csv": rows}, method)}, method))
    for _ in range(draw.choice([1, 3, 30])):
        damaged[draw.randrange(len(damaged))] = draw.randrange(256)
    (tmp_path / "export.zip").write_bytes(damaged[: draw.choice([None, None, draw.randrange(len(damaged))])])
    for file in input_files([tmp_path / "export.zip"], settings):
        if isinstance(file, InputFile):
            assert len(file.sha256) == 64
            with suppress(ArchiveRefused):
                file.open().read()


def test_another_compression_is_named_and_the_rest_is_read(tmp_path: Path, settings: Settings) -> None:
    whole = bytearray(zipped({"a.csv": b"1", "b.csv": b"2"}))
    deflate64 = (9).to_bytes(2, "little")
    entry = whole.find(b"PK\x01\x02")
    whole[8:10], whole[entry + 10 : entry + 12] = deflate64, deflate64
    (tmp_path / "export.zip").write_bytes(whole)
    read = found(settings, tmp_path / "export.zip")
    assert "cannot be unpacked" in str(read["export.zip/a.csv"])
    assert read["export.zip/b.csv"] == b"2"


@pytest.mark.parametrize("name", [".", "./.", "/", "//", "..", "\\"])
def test_a_member_without_a_name_is_left_out_and_the_rest_is_read(
    tmp_path: Path, settings: Settings, name: str
) -> None:
    (tmp_path / "export.zip").write_bytes(zipped({name: b"", "b.csv": b"2"}))
    read = found(settings, tmp_path / "export.zip")
    assert read.pop("export.zip/b.csv") == b"2"
    assert all("refused" in str(message) for message in read.values())


@pytest.mark.parametrize("where", ["both", "local"])
def test_a_member_whose_name_is_no_utf_8_is_read_or_named(tmp_path: Path, settings: Settings, where: str) -> None:
    whole = zipped({"b.csv": b"2", "é.csv": b"1"})
    (tmp_path / "export.zip").write_bytes(whole.replace("é".encode(), b"\xff\xfe", 2 if where == "both" else 1))
    read = found(settings, tmp_path / "export.zip")
    assert read.pop("export.zip/b.csv") == b"2"
    assert read


def test_for_a_file_of_no_kind_the_nearest_are_named(read: Read) -> None:
    with pytest.raises(UnknownKind, match=r"nearest kinds: spotify_account \(lacks endTime\)"):
        read("a.json", '[{"artistName": "Björk", "trackName": "Jóga", "msPlayed": 1000}]')
