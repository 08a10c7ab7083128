"""Maloja's export, which Maloja imports: https://github.com/krateng/maloja."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec

from tonearm.read.exports.listens import written_first

if TYPE_CHECKING:
    from tonearm.read.exports import Heading
    from tonearm.read.exports.listens import Exported


def write_maloja(rows: Iterator[Exported], file: BinaryIO, heading: Heading) -> None:
    """One object with a list of scrobbles, one a line."""
    made = msgspec.json.encode({"export_time": int(heading.made_at.timestamp())})
    file.write(b'{"maloja": ' + made + b',\n"scrobbles": [')
    for is_first, row in written_first(rows):
        file.write((b"\n" if is_first else b",\n") + msgspec.json.encode(_scrobble(row)))
    file.write(b"\n]}\n")


def _scrobble(row: Exported) -> dict[str, Any]:
    artists = [row.album_artist_name or row.artist_name]
    album = {"albumtitle": row.album_name, "artists": artists} if row.album_name else None
    return {
        "time": row.at_s,
        "track": {
            "artists": row.credited(),
            "title": row.track_name,
            "album": album,
            "length": None if row.duration_s is None else round(row.duration_s),
        },
        "duration": None if row.listened_s is None else round(row.listened_s),
        "origin": row.client or row.source,
    }
