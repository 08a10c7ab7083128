"""ListenBrainz's export, and Pano Scrobbler's, which writes the same listens one JSON object a line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import msgspec

from tonearm.sources.json_rows import BLOCK_BYTES, JsonLines, JsonList
from tonearm.sources.rows import Rejected, table_of

if TYPE_CHECKING:
    import pyarrow as pa

    from tonearm.sources import Context, Feeds, InstantIs
    from tonearm.sources.files import InputFile

_EXTRA_BYTES = 4096
_SPOTIFY_TRACK = re.compile(r"^(?:https?://open\.spotify\.com/(?:intl-\w+/)?track/|spotify:track:)?([0-9A-Za-z]{22})\b")
_CLIENTS = ("submission_client", "media_player", "music_service_name", "music_service")
# Fields with a column of their own, or that repeat the row's names.
_TAKEN = frozenset(
    {"recording_mbid", "artist_mbids", "release_mbid", "spotify_id", "duration", "duration_ms"}
    | {"recording_msid", "submission_client"}
)


class _Mapping(msgspec.Struct):
    """ListenBrainz's own guess at which recording was meant."""

    recording_mbid: str | None = None
    release_mbid: str | None = None
    artist_mbids: list[str] | None = None


class _Metadata(msgspec.Struct):
    artist_name: str | None = None
    track_name: str | None = None
    release_name: str | None = None
    additional_info: dict[str, Any] | None = None
    mbid_mapping: _Mapping | None = None


class Listen(msgspec.Struct):
    """A listen as in ListenBrainz's API and exports."""

    track_metadata: _Metadata
    listened_at: float | None = None


class ListenBrainzExport:
    """Listens of a ListenBrainz export: ``listens/YEAR/MONTH.jsonl``, or the older list in one JSON file."""

    kind = "listenbrainz_export"
    title = "ListenBrainz export"
    feeds: Feeds = "listens"
    instant_is: InstantIs = "start"
    precision_s = 1.0

    def recognises(self, file: InputFile) -> bool:
        """Listens with fields that only ListenBrainz adds; an empty month by its path in the archive."""
        head = file.head
        if b'"track_metadata"' not in head:
            return not head.strip() and re.search(r"listens/\d{4}/\d{1,2}\.jsonl$", file.name) is not None
        own = b'"inserted_at"' in head or b'"recording_msid"' in head or b'"mbid_mapping"' in head
        return own or head.lstrip().startswith(b"[")

    def reading(self, file: InputFile) -> str:
        """How the file is read, in a phrase."""
        return "listened_at is the start; submitted MBIDs before mapped ones"

    def read(self, file: InputFile, context: Context) -> Iterator[pa.Table]:
        """The file's rows; see ``Source.read``."""
        return _read(file, context)


class PanoJsonl:
    """Pano Scrobbler's export: ListenBrainz listens, one a line."""

    kind = "pano_jsonl"
    title = "Pano Scrobbler export"
    feeds: Feeds = "listens"
    instant_is: InstantIs = "start"
    precision_s = 1.0

    def recognises(self, file: InputFile) -> bool:
        """Lines of listens without the fields that ListenBrainz adds."""
        return file.head.lstrip(b"\xef\xbb\xbf \r\n").startswith(b"{") and b'"track_metadata"' in file.head

    def reading(self, file: InputFile) -> str:
        """How the file is read, in a phrase."""
        return "listened_at is the start"

    def read(self, file: InputFile, context: Context) -> Iterator[pa.Table]:
        """The file's rows; see ``Source.read``."""
        return _read(file, context)


class ListenBrainzOther:
    """The other files of a ListenBrainz export, which hold no listens."""

    kind = "listenbrainz_other"
    title = "ListenBrainz file without listens"
    feeds: Feeds = "nothing"
    instant_is: InstantIs = "start"
    precision_s = 1.0
    _names = frozenset({"user.json", "feedback.jsonl", "pinned_recording.jsonl"})

    def recognises(self, file: InputFile) -> bool:
        """By name; ``user.json``, a common name, also by its content."""
        name = PurePosixPath(file.name).name
        return name in self._names and (name != "user.json" or b'"user_id"' in file.head)

    def reading(self, file: InputFile) -> str:
        """How the file is read, in a phrase."""
        return "holds no listens; not read"

    def read(self, file: InputFile, context: Context) -> Iterator[pa.Table]:
        """No rows."""
        return iter(())


def _read(file: InputFile, context: Context) -> Iterator[pa.Table]:
    is_list = file.head.lstrip(b"\xef\xbb\xbf \r\n").startswith(b"[")
    reader = JsonList if is_list else JsonLines
    first = 1
    for found in reader(Listen, context.max_record_bytes).read(file.blocks(BLOCK_BYTES)):
        if found:
            rows = [row if isinstance(row, Rejected) else _values(row) for row in found]
            yield table_of(rows, first, context.max_record_bytes)
            first += len(found)


def _values(listen: Listen) -> dict[str, Any]:
    meta = listen.track_metadata
    info = meta.additional_info or {}
    mapped = meta.mbid_mapping or _Mapping()
    client = next((key for key in _CLIENTS if _text(info.get(key))), None)
    return {
        "content": "music",
        "at_s": listen.listened_at,
        "artist_name": meta.artist_name,
        "track_name": meta.track_name,
        "album_name": meta.release_name,
        "recording_mbid": _text(info.get("recording_mbid")) or mapped.recording_mbid,
        "artist_mbid": _first(info.get("artist_mbids")) or _first(mapped.artist_mbids),
        "release_mbid": _text(info.get("release_mbid")) or mapped.release_mbid,
        "spotify_id": _spotify_id(info),
        "duration_s": _duration_s(info),
        "client": _text(info.get(client)) if client else None,
        "extra": _extra(info, taken=_TAKEN | {client}),
    }


def _text(value: Any) -> str | None:
    return value.strip() or None if isinstance(value, str) else None


def _first(values: Any) -> str | None:
    return _text(values[0]) if isinstance(values, list) and values else _text(values)


def _spotify_id(info: dict[str, Any]) -> str | None:
    for key in ("spotify_id", "origin_url"):
        found = _SPOTIFY_TRACK.match(str(info.get(key) or ""))
        if found and (key == "spotify_id" or "spotify" in str(info[key])):
            return found[1]
    return None


def _duration_s(info: dict[str, Any]) -> float | None:
    """Seconds; some clients write the number as text."""
    for key, scale in (("duration_ms", 1000), ("duration", 1)):
        try:
            seconds = float(info[key]) / scale
        except (KeyError, TypeError, ValueError):
            continue
        if 0 < seconds < 7 * 86400:
            return seconds
    return None


def _extra(info: dict[str, Any], taken: frozenset[str | None]) -> str | None:
    """The fields without a column, as JSON of at most 4 KB; those that do not fit are left out."""
    kept: dict[str, Any] = {}
    size = 2
    for key in sorted(info.keys() - taken):
        if info[key] in (None, "", [], {}):
            continue
        cost = len(msgspec.json.encode({key: info[key]}))
        if size + cost <= _EXTRA_BYTES:
            kept[key] = info[key]
            size += cost
    return msgspec.json.encode(kept).decode() if kept else None


SOURCES = (ListenBrainzOther(), ListenBrainzExport(), PanoJsonl())
