"""Last.fm histories as JSON: the API's pages as various export tools write them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from tonearm.sources.csv_plays import dated
from tonearm.sources.json_rows import BLOCK_BYTES, JsonList
from tonearm.sources.rows import Rejected, batch, reasons, reject_texts, text

if TYPE_CHECKING:
    from tonearm.sources import Context, Feeds, InstantIs
    from tonearm.sources.files import InputFile


class LastfmJson:
    """Last.fm history as JSON: the API's pages in one list (ghan's exporter), or one flat list of tracks."""

    kind = "lastfm_json"
    title = "Last.fm history (JSON)"
    feeds: Feeds = "listens"
    instant_is: InstantIs = "start"
    precision_s = 1.0

    def recognises(self, file: InputFile) -> bool:
        """A list of objects with an artist and a date under Last.fm's names."""
        head = file.head_text.lstrip("\ufeff \t\r\n")
        words = ('"uts"', '"#text"', '"nowplaying"', '"date"', '"timestamp"')
        return head.startswith("[") and '"artist"' in head and any(word in head for word in words)

    def reading(self, file: InputFile) -> str:
        """How the file is read, in a phrase."""
        return "pages of tracks, date.uts is the start" if '"track"' in file.head_text else "a list of tracks"

    def read(self, file: InputFile, context: Context) -> Iterator[pa.Table]:
        """The file's rows, which are tracks, not pages; see ``Source.read``."""
        first = 1
        pages = JsonList(dict[str, Any], context.max_record_bytes)
        for found in pages.read(file.blocks(BLOCK_BYTES)):
            tracks = [track for page in found for track in _tracks(page)]
            if tracks:
                yield _tracks_table(tracks, first, context.max_record_bytes)
                first += len(tracks)


def _tracks(page: Any) -> list[dict[str, Any] | Rejected]:
    """The tracks of a page, or the single track that a flat list has in its place."""
    if isinstance(page, Rejected):
        return [page]
    page = page.get("recenttracks", page)
    tracks = page.get("track") if isinstance(page, dict) else None
    if tracks is None or isinstance(tracks, str):
        tracks = page
    listed = tracks if isinstance(tracks, list) else [tracks]
    return [t if isinstance(t, dict) else Rejected("is not a track", json.dumps(t, ensure_ascii=False)) for t in listed]


def _tracks_table(tracks: list[dict[str, Any] | Rejected], first: int, most_bytes: int) -> pa.Table:
    names = ("artist_name", "album_name", "track_name", "artist_mbid", "release_mbid", "recording_mbid")
    rows = [track if isinstance(track, Rejected) else _from_track(track) for track in tracks]
    raws = [None if isinstance(track, Rejected) else track for track in tracks]
    kept = [row for row in rows if not isinstance(row, Rejected)]
    columns = {name: text([row[name] for row in kept]) for name in names}
    reason = reject_texts(reasons(len(kept)), columns, most_bytes)
    columns |= dated(pa.array([row["date"] for row in kept], pa.string()), reason)
    columns["content"] = pa.repeat(pa.scalar("music"), len(kept))
    numbers = [n for n, row in enumerate(rows, first) if not isinstance(row, Rejected)]
    refused = [(n, row) for n, row in enumerate(rows, first) if isinstance(row, Rejected)]
    return batch(numbers, columns, refused, lambda i: json.dumps(raws[numbers[i] - first], ensure_ascii=False))


def _from_track(track: dict[str, Any]) -> dict[str, str | None]:
    date = track.get("date", track.get("timestamp", track.get("uts")))
    return {
        "artist_name": _text_of(track.get("artist")),
        "album_name": _text_of(track.get("album")),
        "track_name": _text_of(track.get("name", track.get("track", track.get("title")))),
        "artist_mbid": _mbid_of(track.get("artist")),
        "release_mbid": _mbid_of(track.get("album")),
        "recording_mbid": _text_of(track.get("mbid")),
        "date": _text_of(date.get("uts", date.get("#text")) if isinstance(date, dict) else date),
    }


def _text_of(value: Any) -> str | None:
    """A name, which the API writes as an object and some tools as plain text."""
    if isinstance(value, dict):
        value = value.get("#text", value.get("name"))
    return None if value is None else str(value)


def _mbid_of(value: Any) -> str | None:
    return _text_of(value.get("mbid")) if isinstance(value, dict) else None


SOURCES = (LastfmJson(),)
