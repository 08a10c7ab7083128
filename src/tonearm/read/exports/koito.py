"""Koito's export, which Koito imports: https://github.com/gabehf/Koito."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec

from tonearm.read.exports.listens import written_first

if TYPE_CHECKING:
    from tonearm.read.exports import Heading
    from tonearm.read.exports.listens import Exported


def write_koito(rows: Iterator[Exported], file: BinaryIO, heading: Heading) -> None:
    """One object with a list of listens, one a line."""
    head = {"version": "1", "exported_at": f"{heading.made_at:%Y-%m-%dT%H:%M:%SZ}", "user": heading.listener}
    file.write(msgspec.json.encode(head)[:-1] + b',\n"listens": [')
    for is_first, row in written_first(rows):
        file.write((b"\n" if is_first else b",\n") + msgspec.json.encode(_listen(row)))
    file.write(b"\n]}\n")


def _listen(row: Exported) -> dict[str, Any]:
    names = row.credited()
    return {
        "listened_at": f"{row.at:%Y-%m-%dT%H:%M:%SZ}",
        "client": row.client or "",
        "track": {
            "mbid": row.recording_mbid,
            "duration": 0 if row.duration_s is None else round(row.duration_s),
            "aliases": _aliases(row.track_name),
        },
        "album": {
            "image_url": "",
            "mbid": row.release_mbid,
            "aliases": _aliases(row.album_name),
            "various_artists": False,
        },
        "artists": [
            {
                "image_url": "",
                "mbid": row.artist_mbid if place == 0 else None,
                "is_primary": place == 0,
                "aliases": _aliases(name),
            }
            for place, name in enumerate(names)
        ],
    }


def _aliases(name: str | None) -> list[dict[str, Any]]:
    return [{"alias": name, "source": "Canonical", "is_primary": True}] if name else []
