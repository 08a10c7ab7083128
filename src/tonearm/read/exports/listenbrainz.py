"""ListenBrainz' export: a zip of a file for each month, and of what was loved.

https://listenbrainz.readthedocs.io/en/latest/users/json.html has the fields of a listen.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec

if TYPE_CHECKING:
    from tonearm.read.exports import Heading
    from tonearm.read.exports.listens import Exported
    from tonearm.store.loves import Love


def write_listenbrainz(rows: Iterator[Exported], file: BinaryIO, heading: Heading) -> None:
    """``user.json``, ``listens/YYYY/M.jsonl`` and ``feedback.jsonl``."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("user.json", msgspec.json.encode({"user_id": 1, "username": heading.listener}))
        for (year, month), own in groupby(rows, key=lambda row: (row.at.year, row.at.month)):
            with archive.open(f"listens/{year}/{month}.jsonl", "w", force_zip64=True) as lines:
                for row in own:
                    lines.write(msgspec.json.encode(_listen(row)) + b"\n")
        archive.writestr("feedback.jsonl", b"".join(msgspec.json.encode(_loved(one)) + b"\n" for one in heading.loved))


def _listen(row: Exported) -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "artist_name": row.artist_name or "",
        "track_name": row.track_name or "",
        "release_name": row.album_name or "",
        "additional_info": _info(row),
    }
    return {
        "inserted_at": (row.imported_us or row.at_us) // 1_000_000,
        "listened_at": row.at_s,
        "track_metadata": metadata,
    }


def _info(row: Exported) -> dict[str, Any]:
    credited = row.credited()
    known = {
        "artist_names": credited if len(credited) > 1 else None,
        "release_artist_name": row.album_artist_name,
        "recording_mbid": row.recording_mbid,
        "artist_mbids": [row.artist_mbid] if row.artist_mbid else None,
        "release_mbid": row.release_mbid,
        "spotify_id": row.spotify_id and f"https://open.spotify.com/track/{row.spotify_id}",
        "duration_ms": None if row.duration_s is None else round(row.duration_s * 1000),
        "duration_played": _seconds(row.listened_s),
        "submission_client": row.client,
    }
    more = msgspec.json.decode(row.extra) if row.extra else {}
    own = {name: value for name, value in known.items() if value is not None}
    return own | {name: value for name, value in more.items() if name not in own}


def _seconds(listened_s: float | None) -> int | float | None:
    """Whole seconds as ListenBrainz has them, and exact ones otherwise, since a second is long for what was skipped."""
    return int(listened_s) if listened_s is not None and listened_s.is_integer() else listened_s


def _loved(love: Love) -> dict[str, Any]:
    names = {"artist_name": love.artist_name, "track_name": love.track_name} if love.track_name else None
    return {
        "created": int(love.given_at.timestamp()),
        "recording_mbid": love.recording_mbid,
        "recording_msid": love.recording_msid,
        "score": love.score,
        "track_metadata": names,
    }
