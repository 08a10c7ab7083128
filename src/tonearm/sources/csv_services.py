"""Plays in the separated files of services and programs, each known by its columns or its layout."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

import pyarrow as pa
import pyarrow.compute as pc

from tonearm.errors import UnknownKind
from tonearm.sources import headers
from tonearm.sources.csv_plays import Layout, PlaysCsv, lengths_s, word
from tonearm.sources.delimited import Chunk, sheet
from tonearm.sources.instants import DayOrder, read_instants

if TYPE_CHECKING:
    from tonearm.sources.files import InputFile


class _Positional(PlaysCsv):
    """A program's files without a header: recognised by the number of columns and the form of the date."""

    widths: ClassVar[tuple[int, ...]]
    date: ClassVar[int]
    form: ClassVar[str]
    """Regular expression of the dates."""
    positions: ClassVar[Mapping[str, int]]
    is_local: ClassVar[bool] = False

    def recognises(self, file: InputFile) -> bool:
        """No header, and every date in the program's form and column."""
        return super().recognises(file)

    def layout(self, file: InputFile) -> Layout | None:
        """The program's fixed layout; None for other files."""
        found = sheet(file)
        if found is None or found.header or found.width not in self.widths or not found.rows:
            return None
        if not all(re.match(self.form, row[self.date].strip()) for row in found.rows):
            return None
        fields = {name: index for name, index in self.positions.items() if index < found.width} | {"start": self.date}
        order = ", ".join(word(name) for name, _ in sorted(fields.items(), key=lambda item: item[1]))
        return Layout(found, fields, f"no header; columns: {order}", is_local=self.is_local)


class ScrubblerCsv(_Positional):
    """Last.fm Scrubbler's CSV: artist, album, track, date with its offset, album artist, length.

    Written by the program's file scrobbler and its "export" of parsed scrobbles.
    """

    kind = "scrubbler_csv"
    title = "Last.fm Scrubbler (CSV)"
    widths = (5, 6)
    date = 3
    form = r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4},? \d{1,2}:\d{2}(:\d{2})?( [AP]M)? [+-]\d{2}:\d{2}$"
    positions: ClassVar[Mapping[str, int]] = {
        "artist_name": 0,
        "album_name": 1,
        "track_name": 2,
        "album_artist_name": 4,
    }


class UniversalScrobblerCsv(_Positional):
    """Universal Scrobbler's bulk format: artist, track, album, date in UTC, album artist, length in seconds."""

    kind = "universal_scrobbler"
    title = "Universal Scrobbler (CSV)"
    widths = (6,)
    date = 3
    form = r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}(:\d{2})?$"
    positions: ClassVar[Mapping[str, int]] = {
        "artist_name": 0,
        "track_name": 1,
        "album_name": 2,
        "album_artist_name": 4,
        "duration_s": 5,
    }


class IftttCsv(_Positional):
    """Rows that IFTTT's applets add to a spreadsheet for each Spotify or Last.fm play: download it as CSV.

    Date ("November 14, 2023 at 10:13PM"), track, artist, id and address. The date is the listener's local time, to the
    minute; it is placed by the zone that the listener had on that date.
    """

    kind = "ifttt"
    title = "IFTTT spreadsheet"
    precision_s = 60.0
    widths = (3, 4, 5, 6)
    date = 0
    form = r"[A-Z][a-z]+ \d{1,2}, \d{4} at \d{1,2}:\d{2} ?[AP]M$"
    positions: ClassVar[Mapping[str, int]] = {"track_name": 1, "artist_name": 2, "spotify_id": 3}
    is_local = True


class _Service(PlaysCsv):
    """A service's file, known by the names of its columns."""

    names: ClassVar[frozenset[str]]
    """Names of columns that together only this service writes, letters and digits only."""

    def recognises(self, file: InputFile) -> bool:
        """By the names of its columns."""
        found = sheet(file)
        return found is not None and self.names <= {headers.key(name) for name in found.header}


class TidalCsv(_Service):
    """Tidal's `streaming.csv`, from the data download in the privacy settings of the account.

    `entry_date` is the start of the play in UTC, `stream_duration_ms` how long it was heard. Cities and countries are
    left out.
    """

    kind = "tidal"
    title = "Tidal streaming history"
    names = frozenset({"artistname", "tracktitle", "entrydate", "streamdurationms"})


class LibrefmCsv(_Service):
    """Libre.fm's own export ("Export data" in the account's settings): artist, track, album and time.

    The file begins with lines about itself, which are passed over.
    """

    kind = "librefm_csv"
    title = "Libre.fm export (CSV)"
    names = frozenset({"artist", "track", "album", "time"})

    def recognises(self, file: InputFile) -> bool:
        """By the lines before the header, which name Libre.fm."""
        found = sheet(file)
        return super().recognises(file) and found is not None and found.preamble > 0 and b"Libre.fm" in file.head[:500]


class AppleMusicCsv(_Service):
    """`Apple Music Play Activity.csv`, from privacy.apple.com ("Apple Media Services information").

    `Event Start Timestamp` is the start in UTC; where it is missing, the end less the time heard. Only rows that end a
    play count: lyrics displayed and plays of no length are rejected with that reason, and so are rows that sum up
    others. Newer files do not name the artist: then the album's artist is taken, and rows without either are rejected.
    Addresses, device and account numbers are left out. The daily list of tracks has days and no times, and is refused.
    """

    kind = "apple_music"
    title = "Apple Music play activity"
    names = frozenset({"eventstarttimestamp", "playdurationmilliseconds", "eventtype"})
    _no_plays: ClassVar[str] = r"^(LYRIC_DISPLAY|LYRICS?_.*|PLAY_START|PLAYBACK_START|.*_DISPLAY|.*_IMPRESSION)$"

    def recognises(self, file: InputFile) -> bool:
        """By the names of its columns; raises UnknownKind for Apple's daily list."""
        found = sheet(file)
        keys = {headers.key(name) for name in found.header} if found else set()
        if {"dateplayed", "trackdescription", "playdurationmilliseconds"} <= keys:
            raise UnknownKind(
                f"{file.name}: is Apple Music's list of tracks per day, without the times of the plays; import "
                "'Apple Music Play Activity.csv' of the same download instead"
            )
        return self.names <= keys

    def layout(self, file: InputFile) -> Layout | None:
        """The columns by Apple's names; raises UnknownKind where no column names artists."""
        found = sheet(file)
        if found is None:
            return None
        at = {headers.key(name): index for index, name in enumerate(found.header)}
        taken = {
            "artist_name": at.get("artistname", at.get("containerartistname")),
            "track_name": at.get("songname", at.get("contentname")),
            "album_name": at.get("albumname", at.get("containeralbumname")),
            "start": at.get("eventstarttimestamp"),
            "other_end": at.get("eventendtimestamp"),
            "listened_s": at.get("playdurationmilliseconds"),
            "duration_s": at.get("mediadurationinmilliseconds"),
            "event": at.get("eventtype"),
            "item": at.get("itemtype"),
            "offset": at.get("utcoffsetinseconds"),
        }
        fields = {name: index for name, index in taken.items() if index is not None}
        if "artist_name" not in fields:
            raise UnknownKind(
                f"{file.name}: this form of Apple's play activity names no artists, so its plays cannot be told apart"
            )
        shown = ", ".join(f"{found.header[i]} as {word(name)}" for name, i in fields.items() if name != "other_end")
        return Layout(found, fields, f"columns by header: {shown}", {"listened_s": 0.001, "duration_s": 0.001})

    def columns(self, chunk: Chunk, layout: Layout, order: DayOrder | None) -> dict[str, pa.Array]:
        """The columns of the rows of ``chunk``; see the class for those that are rejected."""
        columns = super().columns(_with_starts(chunk, layout), layout, order)
        why = pa.array([self._why_no_play(row, layout) for row in chunk.rows], pa.string())
        columns["reason"] = pc.coalesce(why, columns["reason"])
        columns["extra"] = pa.array([_extra(row, layout) for row in chunk.rows], pa.string())
        return columns

    def _why_no_play(self, row: list[str], layout: Layout) -> str | None:
        def cell(name: str) -> str:
            return row[layout.fields[name]].strip() if name in layout.fields else ""

        if re.match(self._no_plays, cell("event")):
            return f"{cell('event')} is not a play"
        if "AGGREGATE" in cell("item").upper():
            return "sums up other rows"
        if cell("listened_s") in ("", "0"):
            return "was not heard: a play of 0 ms"
        return None


def _extra(row: list[str], layout: Layout) -> str | None:
    offset = row[layout.fields["offset"]].strip() if "offset" in layout.fields else ""
    return json.dumps({"utc_offset_s": int(offset)}) if re.fullmatch(r"-?\d{1,6}", offset) else None


def _with_starts(chunk: Chunk, layout: Layout) -> Chunk:
    """``chunk`` with a start for the rows that have only an end: earlier by the length heard, where that is known."""
    start, end, heard = (layout.fields.get(name) for name in ("start", "other_end", "listened_s"))
    if start is None or end is None or heard is None:
        return chunk
    without = [i for i, row in enumerate(chunk.rows) if not row[start].strip() and row[end].strip()]
    if not without:
        return chunk
    written = pa.array([chunk.rows[i][end] for i in without])
    ended_us = read_instants(written).at.cast(pa.int64()).cast(pa.float64())
    heard_us = lengths_s([chunk.rows[i][heard] for i in without], 1e6 * layout.scales["listened_s"])
    started_s = pc.divide(pc.floor(pc.subtract(ended_us, heard_us)), 1e6)
    rows = list(chunk.rows)
    for i, at_s, as_written in zip(without, started_s.to_pylist(), written.to_pylist(), strict=True):
        rows[i] = [*rows[i]]
        rows[i][start] = as_written if at_s is None else str(at_s)
    return replace(chunk, rows=rows)


SOURCES = (AppleMusicCsv(), TidalCsv(), LibrefmCsv(), ScrubblerCsv(), UniversalScrobblerCsv(), IftttCsv())
