"""The household's own album covers: pictures in a folder, found by the names of artist and album."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from threading import Lock, Thread
from time import monotonic

from tonearm.home.doctor import Finding
from tonearm.lake import open_lake
from tonearm.settings import Settings
from tonearm.silver.names import VARIOUS, album_key, artist_key, is_various

MOST_BYTES = 10_000_000
"""A larger picture is none for a page."""
RESCAN_S = 300.0
"""After so long the folder is looked through again, beside the requests."""
_MOST_ENTRIES = 500_000
"""Files and folders that are looked at; more are no folder of covers."""
_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
_OF_FOLDER = ("cover", "folder", "front")
"""Names of the picture in an album's folder, the best first."""
_COLLECTIONS = frozenset({"compilations", "compilation", "soundtracks", "soundtrack"})
"""Folders, besides those of various artists, that players keep compilations in."""
_YEAR = re.compile(r"^[(\[]?(?:19|20)\d\d[)\]]?\s*(?:[-–—.]\s*)?(?=\S)|\s*[(\[](?:19|20)\d\d[)\]]$")

_Key = tuple[str, str]


@dataclass(frozen=True)
class Cover:
    """A picture that may be a cover."""

    path: Path
    """Without symbolic links."""
    bytes: int
    changed_ns: int

    @property
    def version(self) -> str:
        """Another one for another picture."""
        about = f"{self.path}\0{self.bytes}\0{self.changed_ns}".encode("utf-8", "surrogateescape")
        return blake2b(about, digest_size=6).hexdigest()

    @cached_property
    def media_type(self) -> str | None:
        """What the picture is by its first bytes; None for anything but JPEG, PNG and WebP, or an unreadable file."""
        try:
            with self.path.open("rb") as file:
                return _media_type(file.read(12))
        except OSError:
            return None


@dataclass(frozen=True)
class _Known:
    covers: dict[_Key, Cover]
    version: str


_NOTHING = _Known({}, "")


class Covers:
    """Covers by artist and album; the folder is looked through at the first question. May be shared by threads."""

    def __init__(self, folder: Path | None, clock: Callable[[], float] = monotonic) -> None:
        """Look at nothing yet; there are no covers without a ``folder``, and ``clock`` counts seconds."""
        self._folder, self._clock = folder, clock
        self._lock = Lock()
        self._known: _Known | None = None
        self._looked_at_s = 0.0

    def find(self, artist: str | None, album: str) -> Cover | None:
        """The cover of an artist's album; None where there is none."""
        covers = self._index().covers
        found = covers.get((_artist_key(artist), album_key(album))) if artist and covers else None
        return found if found is not None and found.media_type else None

    def version(self) -> str:
        """Another one when covers were added, changed or removed; empty without any."""
        return self._index().version

    def _index(self) -> _Known:
        folder = self._folder
        if folder is None:
            return _NOTHING
        with self._lock:
            is_old = self._clock() - self._looked_at_s >= RESCAN_S
            if self._known is not None and not is_old:
                return self._known
            self._looked_at_s = self._clock()
            if self._known is None:
                self._known = _known(folder)
            else:
                Thread(target=self._look_again, args=(folder,), daemon=True).start()
            return self._known

    def _look_again(self, folder: Path) -> None:
        self._known = _known(folder)


def covers_of(settings: Settings) -> Covers:
    """The covers in the folder of the setting ``covers``."""
    return Covers(_folder(settings))


def picture(cover: Cover) -> tuple[bytes, str] | None:
    """The picture and its media type; None where it is no picture any more, or cannot be read."""
    try:
        with cover.path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError:
        return None
    kind = _media_type(content[:12])
    return (content, kind) if kind and len(content) <= MOST_BYTES else None


def checked(settings: Settings) -> Finding:
    """What the doctor says about covers: how many of the albums of all listeners have one."""
    folder = _folder(settings)
    if folder is None:
        return Finding("covers", "none", "missing", "set `covers` to a folder with Artist/Album/cover.jpg")
    if not folder.is_dir():
        return Finding("covers", f"{folder} is not a folder that can be read", "wrong", "mend the setting `covers`")
    covers, lake = covers_of(settings), open_lake(settings.lake)
    if not lake.has("albums"):
        return Finding("covers", f"{len(look_through(folder)):,} pictures in {folder}", "missing", "tonearm build")
    columns = ["album_artist_name", "album_title"]
    albums = {tuple(row.values()) for row in lake.dataset("albums").to_table(columns=columns).to_pylist()}
    found = sum(covers.find(artist, album) is not None for artist, album in albums)
    return Finding("covers", f"{found:,} of {len(albums):,} albums have one in {folder}")


def _folder(settings: Settings) -> Path | None:
    return settings.home / Path(settings.covers).expanduser() if settings.covers else None


def _known(folder: Path) -> _Known:
    covers = look_through(folder)
    versions = sorted({cover.version for cover in covers.values()})
    return _Known(covers, blake2b("".join(versions).encode(), digest_size=6).hexdigest() if versions else "")


def look_through(folder: Path) -> dict[_Key, Cover]:
    """Every picture that is a cover by its name, by the keys of artist and album; the best of each.

    ``Artist/Album/cover.jpg`` goes before ``Artist/Album.jpg``, and this before ``Artist - Album.jpg``. A symbolic link
    that leads out of the folder is left alone, and so is what cannot be read.
    """
    found: dict[tuple[int, int, str], tuple[_Key, Cover]] = {}
    for rank, artist, album, cover in islice(_candidates(folder), _MOST_ENTRIES):
        for is_guess, name in enumerate(dict.fromkeys((album, _YEAR.sub("", album)))):
            if name:
                key = _artist_key(artist), album_key(name)
                found[is_guess, rank, f"{cover.path}\0{key}"] = key, cover
    known: dict[_Key, Cover] = {}
    for _, (key, cover) in sorted(found.items(), key=lambda one: one[0]):
        known.setdefault(key, cover)
    return known


def _candidates(folder: Path) -> Iterator[tuple[int, str, str, Cover]]:
    """Rank, artist, album and picture."""
    root = os.path.realpath(folder)
    for entry in _entries(root, root):
        if not entry.is_dir():
            artist, dash, album = Path(entry.name).stem.partition(" - ")
            if dash and (cover := _cover(entry)):
                yield len(_OF_FOLDER) + 1, artist, album, cover
            continue
        for inner in _entries(entry.path, root):
            if not inner.is_dir():
                if cover := _cover(inner):
                    yield len(_OF_FOLDER), entry.name, Path(inner.name).stem, cover
                continue
            for file in _entries(inner.path, root):
                stem = Path(file.name).stem.lower()
                if stem in _OF_FOLDER and not file.is_dir() and (cover := _cover(file)):
                    yield _OF_FOLDER.index(stem), entry.name, inner.name, cover


def _entries(path: str, root: str) -> Iterator[os.DirEntry[str]]:
    """What is in a folder, without links that lead out of ``root``; nothing if it cannot be read."""
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                if not entry.is_symlink() or Path(os.path.realpath(entry.path)).is_relative_to(root):
                    yield entry
    except OSError:
        return


def _cover(entry: os.DirEntry[str]) -> Cover | None:
    """The picture that a file is by its name and size."""
    if not entry.name.lower().endswith(_SUFFIXES):
        return None
    try:
        known = entry.stat()
    except OSError:
        return None
    if not entry.is_file() or not 0 < known.st_size <= MOST_BYTES:
        return None
    return Cover(Path(os.path.realpath(entry.path)), known.st_size, known.st_mtime_ns)


def _artist_key(name: str) -> str:
    return VARIOUS if is_various(name) or (key := artist_key(name)) in _COLLECTIONS else key


def _media_type(begin: bytes) -> str | None:
    if begin.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if begin.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    return "image/webp" if begin.startswith(b"RIFF") and begin[8:12] == b"WEBP" else None
