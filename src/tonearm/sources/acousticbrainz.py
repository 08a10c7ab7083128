"""AcousticBrainz: what a machine heard in recordings, from its dumps (frozen in 2022, CC0).

https://acousticbrainz.org/download: archives with one JSON file per submission, of what was computed from the sound
(low level) and of what classifiers made of that (high level).
"""

from __future__ import annotations

import tarfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Literal

import msgspec
import pyarrow as pa

from tonearm.errors import ArchiveRefused
from tonearm.sources.json_keys import has_keys
from tonearm.sources.rows import BATCH_ROWS, Rejected, batch, text

if TYPE_CHECKING:
    from tonearm.sources import Context, Feeds, InstantIs
    from tonearm.sources.files import InputFile

Level = Literal["highlevel", "lowlevel"]

_OWN: dict[Level, tuple[str, ...]] = {
    "highlevel": ("highlevel", "mood_acoustic"),
    "lowlevel": ("lowlevel", "average_loudness"),
}
_MAGIC_AT, _MAGIC = 257, b"ustar"
_KEYS = {name: n for n, name in enumerate(("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"))}
_FLATS = {"Db": "C#", "Eb": "D#", "Gb": "F#", "Ab": "G#", "Bb": "A#"}
_MODES = {"major": 1, "minor": 0}
_TEXTS = ("recording_mbid", "artists", "artist_name", "track_name", "album_name", "genre", "release_date")
_NUMBERS = ("duration_s", "acousticness", "instrumentalness", "tempo")
_WHOLE = ("key", "mode")


class _Class(msgspec.Struct):
    all: dict[str, float] = {}


class _Highlevel(msgspec.Struct):
    mood_acoustic: _Class = msgspec.field(default_factory=_Class)
    voice_instrumental: _Class = msgspec.field(default_factory=_Class)


class _Rhythm(msgspec.Struct):
    bpm: float | None = None


class _Tonal(msgspec.Struct):
    key_key: str | None = None
    key_scale: str | None = None


class _Properties(msgspec.Struct):
    length: float | None = None


class _Metadata(msgspec.Struct):
    audio_properties: _Properties = msgspec.field(default_factory=_Properties)
    tags: dict[str, Any] = {}


class _Document(msgspec.Struct):
    metadata: _Metadata
    highlevel: _Highlevel = msgspec.field(default_factory=_Highlevel)
    rhythm: _Rhythm = msgspec.field(default_factory=_Rhythm)
    tonal: _Tonal = msgspec.field(default_factory=_Tonal)


class AcousticBrainz:
    """AcousticBrainz' dumps: a folder of JSON files, or the archive as ``.tar`` (``zstd -d`` unpacks ``.tar.zst``).

    Taken are the columns that mean the same here: of the high level ``acousticness`` (the probability of *acoustic*)
    and ``instrumentalness`` (that of *instrumental*), of the low level ``tempo``, ``key`` and ``mode``; of both the
    recording's MBID, its length, and artist, title, album, genre and date as they were tagged. There is no valence,
    energy, speechiness, liveness or loudness in dB; *danceability* is something else in both and left out.
    """

    feeds: Feeds = "catalogue"
    instant_is: InstantIs = "start"
    precision_s = 0.0

    def __init__(self, level: Level, title: str) -> None:
        """``level`` is one of the two dumps."""
        self.kind, self.title, self._level = f"acousticbrainz_{level}", title, level

    def recognises(self, file: InputFile) -> bool:
        """An archive with files of this level, or a document of it."""
        if _is_tar(file):
            return f"{self._level}/".encode() in file.head
        # Both have metadata, which in a document of the low level may lie beyond the head.
        return has_keys(file, *_OWN[self._level])

    def reading(self, file: InputFile) -> str:
        """How the file is read, in a phrase."""
        taken = "acousticness and instrumentalness" if self._level == "highlevel" else "tempo, key and mode"
        return f"{taken} by MBID; names as they were tagged"

    def read(self, file: InputFile, context: Context) -> Iterator[pa.Table]:
        """The file's rows, one per document; see ``Source.read``."""
        rows: list[dict[str, Any] | Rejected] = []
        first = 1
        for document in _documents(file, context.max_record_bytes):
            rows.append(document if isinstance(document, Rejected) else _values(document))
            if len(rows) >= BATCH_ROWS:
                yield _table(rows, first)
                first += len(rows)
                rows = []
        if rows:
            yield _table(rows, first)


def _is_tar(file: InputFile) -> bool:
    return file.head[_MAGIC_AT : _MAGIC_AT + len(_MAGIC)] == _MAGIC


def _documents(file: InputFile, most_bytes: int) -> Iterator[_Document | Rejected]:
    if not _is_tar(file):
        with closing(file.open()) as stream:
            yield _document(stream.read(most_bytes + 1), file.name, most_bytes)
        return
    try:
        with closing(file.open()) as stream, tarfile.open(fileobj=stream, mode="r|") as archive:
            for member in archive:
                if member.isfile() and member.name.endswith(".json"):
                    held = archive.extractfile(member)
                    assert held is not None
                    yield _document(held.read(most_bytes + 1), PurePosixPath(member.name).name, most_bytes)
    except (tarfile.TarError, ArchiveRefused, EOFError) as error:
        yield Rejected("the archive is damaged or cut off from here on; download it again", str(error))


def _document(content: bytes, name: str, most_bytes: int) -> _Document | Rejected:
    if len(content) > most_bytes:
        return Rejected(f"the document is longer than {most_bytes >> 10:,} KB", name)
    try:
        return msgspec.json.decode(content, type=_Document)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return Rejected("no document of AcousticBrainz", name)


def _values(document: _Document) -> dict[str, Any]:
    tags, high, tonal = document.metadata.tags, document.highlevel, document.tonal
    artists = _all(tags.get("artist"))
    return {
        "recording_mbid": _first(tags.get("musicbrainz_recordingid") or tags.get("musicbrainz_trackid")),
        "artists": ";".join(artists) or None,
        "artist_name": artists[0] if artists else None,
        "track_name": _first(tags.get("title")),
        "album_name": _first(tags.get("album")),
        "genre": _first(tags.get("genre")),
        "release_date": _first(tags.get("date")),
        "duration_s": document.metadata.audio_properties.length,
        "acousticness": high.mood_acoustic.all.get("acoustic"),
        "instrumentalness": high.voice_instrumental.all.get("instrumental"),
        "tempo": document.rhythm.bpm,
        "key": _KEYS.get(_FLATS.get(tonal.key_key or "", tonal.key_key or "")),
        "mode": _MODES.get(tonal.key_scale or ""),
    }


def _all(value: Any) -> list[str]:
    """The values of a tag, which is a list or one."""
    found = value if isinstance(value, list) else [value]
    return [one for one in found if isinstance(one, str) and one.strip()]


def _first(value: Any) -> str | None:
    return next(iter(_all(value)), None)


def _table(rows: Sequence[dict[str, Any] | Rejected], first: int) -> pa.Table:
    kept = [(n, row) for n, row in enumerate(rows, first) if not isinstance(row, Rejected)]
    refused = [(n, row) for n, row in enumerate(rows, first) if isinstance(row, Rejected)]
    columns = {name: text([row[name] for _, row in kept]) for name in _TEXTS}
    columns |= {name: pa.array([row[name] for _, row in kept], pa.float64()) for name in _NUMBERS}
    columns |= {name: pa.array([row[name] for _, row in kept], pa.int64()) for name in _WHOLE}
    return batch([n for n, _ in kept], columns, refused, lambda i: str(kept[i][1]["track_name"]))


SOURCES = (
    AcousticBrainz("highlevel", "AcousticBrainz dump, high level"),
    AcousticBrainz("lowlevel", "AcousticBrainz dump, low level"),
)
