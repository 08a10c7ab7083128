"""ListenBrainz's export and API, and older exports of Pano Scrobbler, which are listens in the same form."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import msgspec

from tonearm.sources.json_keys import has_keys, starts_with
from tonearm.sources.json_rows import tables
from tonearm.sources.row_fields import joined

if TYPE_CHECKING:
    import pyarrow as pa

    from tonearm.sources import Context, Feeds, InstantIs
    from tonearm.sources.files import InputFile

_EXTRA_BYTES = 4096
_SPOTIFY_TRACK = re.compile(r"^(?:https?://open\.spotify\.com/(?:intl-\w+/)?track/|spotify:track:)?([0-9A-Za-z]{22})\b")
_ADDRESS = re.compile(r"(?i)(https?://)(?:[^/?#@\s]*@)*([^/?#@\s]+[^?#\s]*)")
_CLIENTS = ("submission_client", "media_player", "music_service_name", "music_service")
_KEPT = frozenset(
    {"media_player", "media_player_version", "submission_client", "submission_client_version", "music_service"}
    | {"music_service_name", "listening_from", "origin_url", "tracknumber", "discnumber", "isrc", "tags", "rating"}
    | {"loved", "love", "track_mbid", "release_group_mbid", "work_mbids", "artist_mbids", "spotify_album_id"}
    | {"spotify_artist_ids", "spotify_album_artist_ids", "youtube_id", "lastfm_track_mbid", "lastfm_artist_mbid"}
    | {"lastfm_release_mbid", "release_artist_name", "release_artist_names"}
)
"""Documented fields of ``additional_info`` about the music and the player. Players send others, among them
addresses, e-mail addresses and tokens, which are not kept."""
_READ = frozenset(
    {"recording_mbid", "release_mbid", "spotify_id", "duration", "duration_ms", "duration_played", "artist_names"}
)
"""Fields that have a column of their own."""
_EXTRA = _KEPT - {"submission_client", "artist_mbids", "release_artist_name"}
SHOWN = (_KEPT | _READ) - {"origin_url"}
"""Fields that the text of a rejected listen may show."""
_WITHIN = ("payload", "listens")


class _Credit(msgspec.Struct, gc=False):
    artist_credit_name: str | None = None


class _Mapping(msgspec.Struct, gc=False):
    """ListenBrainz's own guess at which recording was meant."""

    recording_mbid: str | None = None
    release_mbid: str | None = None
    artist_mbids: list[str | None] | None = None
    artists: list[_Credit] | None = None


class _Metadata(msgspec.Struct, gc=False):
    artist_name: str | None = None
    track_name: str | None = None
    release_name: str | None = None
    additional_info: dict[str, Any] | None = None
    mbid_mapping: _Mapping | None = None


class Listen(msgspec.Struct, gc=False):
    """A listen as in ListenBrainz's API and exports."""

    track_metadata: _Metadata
    listened_at: float | None = None


class ListenBrainzExport:
    """ListenBrainz's export, ``listenbrainz_*.zip``: *Settings*, then *Export data*, on listenbrainz.org.

    ``listened_at`` is the start of the listen to the second, as the player sent it. Ids that were submitted come
    before those that ListenBrainz matched. The older list in one JSON file is read as well, and what the API
    answers to ``/1/user/NAME/listens``. Of a player's own fields only those about the music and the player are
    kept, in ``extra``, and of its links what is before the question mark.
    """

    kind = "listenbrainz_export"
    title = "ListenBrainz export"
    signs = ("listened_at", "track_metadata")
    feeds: Feeds = "listens"
    instant_is: InstantIs = "start"
    precision_s = 1.0

    def recognises(self, file: InputFile) -> bool:
        """Listens with fields that only ListenBrainz adds, or not one a line; an empty month by its path."""
        if not has_keys(file, "track_metadata"):
            is_month = re.search(r"listens/\d{4}/\d{1,2}\.jsonl$", file.name) is not None
            return (not file.head.strip() and is_month) or has_keys(file, "payload", "listens", "latest_listen_ts")
        own = any(has_keys(file, key) for key in ("inserted_at", "recording_msid", "mbid_mapping", "payload"))
        return own or starts_with(file, b"[")

    def reading(self, file: InputFile) -> str:
        """How the file is read, in a phrase."""
        return "listened_at is the start; submitted MBIDs before mapped ones"

    def read(self, file: InputFile, context: Context) -> Iterator[pa.Table]:
        """The file's rows; see ``Source.read``."""
        return tables(file, context, Listen, values, _WITHIN, SHOWN)


class PanoListens:
    """Exports of older versions of Pano Scrobbler: ListenBrainz listens, one a line.

    In the app: *Settings*, *Export*. ``listened_at`` is the start of the listen, to the second.
    """

    kind = "pano_jsonl"
    title = "Pano Scrobbler export (older)"
    feeds: Feeds = "listens"
    instant_is: InstantIs = "start"
    precision_s = 1.0

    def recognises(self, file: InputFile) -> bool:
        """Lines of listens without the fields that ListenBrainz adds."""
        return has_keys(file, "track_metadata")

    def reading(self, file: InputFile) -> str:
        """How the file is read, in a phrase."""
        return "listened_at is the start"

    def read(self, file: InputFile, context: Context) -> Iterator[pa.Table]:
        """The file's rows; see ``Source.read``."""
        return tables(file, context, Listen, values, _WITHIN, SHOWN)


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


def values(listen: Listen) -> dict[str, Any]:
    """The fields of a listen as :func:`tonearm.sources.rows.table_of` takes them."""
    meta = listen.track_metadata
    info = meta.additional_info or {}
    mapped = meta.mbid_mapping or _Mapping()
    client = next((key for key in _CLIENTS if _text(info.get(key))), None)
    return {
        "content": "music",
        "at_s": listen.listened_at,
        "artist_name": meta.artist_name,
        "artists": joined(_names(info.get("artist_names")) or _credited(mapped)),
        "track_name": meta.track_name,
        "album_name": meta.release_name,
        "album_artist_name": _text(info.get("release_artist_name")),
        "recording_mbid": _text(info.get("recording_mbid")) or mapped.recording_mbid,
        "artist_mbid": _first(info.get("artist_mbids")) or _first(mapped.artist_mbids),
        "release_mbid": _text(info.get("release_mbid")) or mapped.release_mbid,
        "spotify_id": _spotify_id(info),
        "duration_s": _seconds(info, ("duration_ms", 1000), ("duration", 1)),
        "listened_s": _seconds(info, ("duration_played", 1)),
        "client": _text(info.get(client)) if client else None,
        "extra": _extra(info, client) if info else None,
    }


def _names(value: Any) -> list[str]:
    return [name for name in value if _text(name)] if isinstance(value, list) else []


def _credited(mapped: _Mapping) -> list[str | None]:
    return [credit.artist_credit_name for credit in mapped.artists or ()]


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


def _seconds(info: dict[str, Any], *fields: tuple[str, int]) -> float | None:
    """Seconds by the first of ``fields`` that has a number, each with how many it has in a second.

    Some clients write the number as text.
    """
    for key, scale in fields:
        try:
            seconds = float(info[key]) / scale
        except (KeyError, TypeError, ValueError):
            continue
        if 0 < seconds < 7 * 86400:
            return seconds
    return None


def _extra(info: dict[str, Any], client: str | None) -> str | None:
    """The fields of ``info`` that are kept without a column, as JSON of at most 4 KB; what exceeds it is left out."""
    shown: dict[str, Any] = {}
    for key in info:
        if key in _EXTRA and key != client:
            value = info[key]
            value = _bare_url(value) if key == "origin_url" else _plain(value)
            if value not in (None, "", []):
                shown[key] = value
    if not shown:
        return None
    whole = msgspec.json.encode(shown, order="sorted")
    return (whole if len(whole) <= _EXTRA_BYTES else _fitting(shown)).decode()


def _fitting(shown: dict[str, Any]) -> bytes:
    kept: dict[str, Any] = {}
    size = 2
    for key in sorted(shown):
        cost = len(msgspec.json.encode({key: shown[key]}))
        if size + cost <= _EXTRA_BYTES:
            kept[key] = shown[key]
            size += cost
    return msgspec.json.encode(kept)


_PLAIN = (str, int, float)


def _plain(value: Any) -> Any:
    """A number, a text or a list of them; what is nested is not documented and could be anything."""
    if isinstance(value, list):
        return [part for part in value if isinstance(part, _PLAIN)]
    return value if isinstance(value, _PLAIN) else None


def _bare_url(value: Any) -> str | None:
    """The address of the music without query, fragment, user and password."""
    found = _ADDRESS.match(value) if isinstance(value, str) else None
    return f"{found[1]}{found[2]}" if found else None


SOURCES = (ListenBrainzOther(), ListenBrainzExport(), PanoListens())
