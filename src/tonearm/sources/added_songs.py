"""Songs that were added in tonearm, on their way from the store into the catalogue, one a line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec
import pyarrow as pa

from tonearm.sources.json_rows import BLOCK_BYTES, JsonRows
from tonearm.sources.rows import Rejected, batch, numbered, text

if TYPE_CHECKING:
    from tonearm.sources import Context, Feeds, InstantIs
    from tonearm.sources.files import InputFile

_TEXTS = ("artist_name", "track_name", "album_name", "spotify_id", "recording_mbid", "genre")


class Line(msgspec.Struct, gc=False, omit_defaults=True):
    """A line: one song; None is not known."""

    artist_name: str
    track_name: str
    album_name: str | None = None
    spotify_id: str | None = None
    recording_mbid: str | None = None
    genre: str | None = None
    duration_s: float | None = None


class AddedSongs:
    """Songs that were added by hand or by a library of a service: names, ids, genre and length, and no features."""

    kind = "added_songs"
    title = "Songs added in tonearm"
    feeds: Feeds = "catalogue"
    instant_is: InstantIs = "start"
    precision_s = 0.0

    def recognises(self, file: InputFile) -> bool:
        """Never: tonearm writes these itself and names their kind."""
        return False

    def reading(self, file: InputFile) -> str:
        """How the file is read, in a phrase."""
        return "songs added in tonearm; no features"

    def read(self, file: InputFile, context: Context) -> Iterator[pa.Table]:
        """The file's rows; see ``Source.read``."""
        lines = JsonRows(Line, context.max_record_bytes).read(file.blocks(BLOCK_BYTES))
        for first, found in numbered(lines):
            yield _table(found, first)


def _table(rows: Sequence[Line | Rejected], first: int) -> pa.Table:
    kept = [(number, row) for number, row in enumerate(rows, first) if not isinstance(row, Rejected)]
    refused = [(number, row) for number, row in enumerate(rows, first) if isinstance(row, Rejected)]
    columns = {name: text([getattr(row, name) for _, row in kept]) for name in _TEXTS}
    columns["artists"] = columns["artist_name"]
    columns["duration_s"] = pa.array([row.duration_s for _, row in kept], pa.float64())
    return batch([number for number, _ in kept], columns, refused)


SOURCES = (AddedSongs(),)
