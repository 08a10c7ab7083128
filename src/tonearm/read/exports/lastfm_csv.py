"""Last.fm's scrobbles as the usual export tools write them: ``uts``, names and MusicBrainz ids in CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from tonearm.read.exports import Heading
    from tonearm.read.exports.listens import Exported

COLUMNS = ("uts", "utc_time", "artist", "artist_mbid", "album", "album_mbid", "track", "track_mbid")


def write_lastfm_csv(rows: Iterator[Exported], file: BinaryIO, _heading: Heading) -> None:
    """A line for each listen; all fields quoted, as by those tools."""
    text = io.TextIOWrapper(file, "utf-8", newline="", write_through=True)
    lines = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    lines.writerow(COLUMNS)
    lines.writerows(_line(row) for row in rows)
    text.detach()


def _line(row: Exported) -> tuple[str, ...]:
    known = (row.artist_name, row.artist_mbid, row.album_name, row.release_mbid, row.track_name, row.recording_mbid)
    return str(row.at_s), f"{row.at:%d %b %Y, %H:%M}", *(value or "" for value in known)
