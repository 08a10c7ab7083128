"""Last.fm histories as written by various export tools: kinds of CSV, and JSON pages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from tonearm.errors import UnknownKind
from tonearm.sources.delimited import Chunk, Sample, chunks, sample
from tonearm.sources.instants import read_instants
from tonearm.sources.json_rows import BLOCK_BYTES, JsonList
from tonearm.sources.rows import Rejected, batch, reasons, reject_texts, reject_unread_dates, reject_unset_dates, text

if TYPE_CHECKING:
    from tonearm.sources import Context, Feeds, InstantIs
    from tonearm.sources.files import InputFile

# Names of each column in headers, letters and digits only, the most specific first.
_NAMES: dict[str, tuple[str, ...]] = {
    "reported_at": (
        *("uts", "timestamp", "unixtimestamp", "unixtime", "unix", "epoch", "timestamputs", "dateuts", "ts"),
        *("utctime", "datetime", "datetimeutc", "dateutc", "scrobbledat", "scrobbletime", "listenedat"),
        *("playedat", "playtime", "date", "time", "scrobbledate", "dateandtime", "when"),
    ),
    "artist_name": ("artist", "artistname", "trackartist", "artists", "performer", "band"),
    "track_name": ("track", "trackname", "title", "tracktitle", "song", "songname", "songtitle", "name"),
    "album_name": ("album", "albumname", "albumtitle", "release", "releasename", "record"),
    "album_artist_name": ("albumartist", "albumartistname"),
    "artist_mbid": ("artistmbid", "artistmusicbrainzid", "artistid"),
    "release_mbid": ("albummbid", "releasembid", "albummusicbrainzid"),
    "recording_mbid": ("trackmbid", "recordingmbid", "mbid", "trackmusicbrainzid"),
}
_NEEDED = {"artist_name": "artist", "track_name": "track", "reported_at": "date"}
_MBID = re.compile(r"^[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$")


@dataclass(frozen=True)
class Layout:
    """Which field of a separated file is which column, and how that was determined."""

    delimiter: str
    width: int
    header_rows: int
    fields: dict[str, int]
    """Index of the field by the name of its column."""
    reading: str


class LastfmCsv:
    """Last.fm history as CSV or TSV: columns by their header, else by their content.

    Without a header the order of ``lastfm-to-csv`` is assumed (artist, album, track), unless the second column
    has clearly more distinct values than the third, which makes it the track.
    """

    kind = "lastfm_csv"
    title = "Last.fm history (CSV)"
    feeds: Feeds = "listens"
    instant_is: InstantIs = "start"
    precision_s = 1.0

    def recognises(self, file: InputFile) -> bool:
        """Separated text in which artist, track and date are found.

        Raises UnknownKind when it has a header in which one of them is missing.
        """
        return _layout(file) is not None

    def reading(self, file: InputFile) -> str:
        """Which column was taken for what, in a phrase."""
        try:
            layout = _layout(file)
        except UnknownKind as error:
            return str(error)
        return layout.reading if layout else "no columns found"

    def read(self, file: InputFile, context: Context) -> Iterator[pa.Table]:
        """The file's rows; see ``Source.read``."""
        problem = "artist, track and date were not found in its columns"
        try:
            layout = _layout(file)
        except UnknownKind as error:
            layout, problem = None, str(error)
        if layout is None:
            yield batch([], {}, [(1, Rejected(problem, file.head_text[:200]))])
            return
        most = context.max_record_bytes
        for chunk in chunks(file, layout.delimiter, (layout.width,), most, skip=layout.header_rows):
            yield _table(chunk, layout, most)


def _table(chunk: Chunk, layout: Layout, most_bytes: int) -> pa.Table:
    columns = {name: text(chunk.column(index)) for name, index in layout.fields.items() if name != "reported_at"}
    reason = reject_texts(reasons(len(chunk.rows)), columns, most_bytes)
    written = pa.array(chunk.column(layout.fields["reported_at"]), pa.string())
    columns |= dated(written, reason)
    columns["content"] = pa.repeat(pa.scalar("music"), len(chunk.rows))
    return batch(chunk.numbers, columns, chunk.rejected, lambda i: layout.delimiter.join(chunk.rows[i]))


def dated(written: pa.Array, reason: pa.Array) -> dict[str, pa.Array]:
    """``reported_at`` and ``precision_s`` of dates as written, and ``reason`` with those that cannot be used."""
    read = read_instants(written)
    reason = reject_unset_dates(reason, read.at, read.is_blank)
    reason = reject_unread_dates(reason, read.at, written)
    return {"reported_at": read.at, "precision_s": read.precision_s, "reason": reason}


def _layout(file: InputFile) -> Layout | None:
    """Where artist, track and date are; None when the file is not separated text with these columns.

    Raises UnknownKind when it has a header in which one of them is missing.
    """
    found = sample(file)
    if found is None:
        return None
    header = found.rows[0]
    if len(header) == found.width - 1:
        header = ["", *header]  # R's write.table leaves the row names without a name
    fields = _by_name(header)
    if len(fields) < 2:
        layout = _by_content(found)
        if layout is None:
            _refuse_columns(file, found, fields)
        return layout
    if "reported_at" not in fields:
        at = _date_column(found.rows[1:], found.width, taken=set(fields.values()))
        fields |= {} if at is None else {"reported_at": at}
    if _NEEDED.keys() - fields.keys():
        _refuse_columns(file, found, fields)
        return None
    shown = ", ".join(f"{header[index]} as {name}" for name, index in fields.items())
    return Layout(found.delimiter, len(header), 1, fields, f"columns by header: {shown}")


def _by_name(header: list[str]) -> dict[str, int]:
    keys = [re.sub(r"[\W_]", "", name).lower() for name in header]
    return {
        role: next(keys.index(name) for name in names if name in keys)
        for role, names in _NAMES.items()
        if not set(names).isdisjoint(keys)
    }


def _refuse_columns(file: InputFile, found: Sample, fields: dict[str, int]) -> None:
    """Raise UnknownKind naming the missing columns, if the file's name or header suggests a history."""
    named = PurePosixPath(file.name.removesuffix(".gz")).suffix.lower() in (".csv", ".tsv")
    if not named and not fields:
        return
    missing = [word for role, word in _NEEDED.items() if role not in fields]
    seen = ", ".join(name.strip()[:40] or "(unnamed)" for name in found.rows[0][:30])
    raise UnknownKind(
        f"{file.name}: no column for {' and '.join(missing)}; the first row is: {seen}; needed are artist, "
        "track and date (for example artist,album,track,uts): rename the columns and import it again"
    )


def _date_column(rows: list[list[str]], width: int, taken: set[int]) -> int | None:
    """The first column in which most filled fields are dates with a time, or seconds since 1970."""
    for index in range(width):
        values = [row[index] for row in rows if len(row) == width and row[index].strip()]
        if index in taken or len(values) < max(1, len(rows) // 10):
            continue
        years = pc.year(read_instants(pa.array(values, pa.string())).at)
        # An index or a track number would be an instant in 1970.
        if (pc.sum(pc.greater_equal(years, 2000)).as_py() or 0) > len(values) / 2:
            return index
    return None


def _by_content(found: Sample) -> Layout | None:
    rows = [row for row in found.rows if len(row) == found.width]
    date = _date_column(rows, found.width, taken=set())
    if date is None:
        return None
    names = [i for i in range(found.width) if i != date and not _is_number_or_mbid(rows, i)]
    if found.delimiter == "\t" and names[0] > date and len(names) in (2, 3):
        roles = ["track_name", "artist_name", "album_name"]  # libre.fm's lastexport
    elif len(names) == 2:
        roles = ["artist_name", "track_name"]
    elif len(names) == 3:
        roles = ["artist_name", "album_name", "track_name"]
        if _different(rows, names[1]) > 1.2 * _different(rows, names[2]) and len(rows) >= 20:
            roles = ["artist_name", "track_name", "album_name"]
    else:
        return None
    fields = dict(zip(roles, names, strict=False)) | {"reported_at": date}
    example = next(row[date] for row in rows if row[date].strip())
    order = sorted((index, name) for name, index in fields.items())
    shown = ", ".join(f"date '{example}'" if index == date else _word(name) for index, name in order)
    return Layout(found.delimiter, found.width, 0, fields, f"no header; columns by content: {shown}")


def _word(column: str) -> str:
    return column.removesuffix("_name")


def _different(rows: list[list[str]], index: int) -> int:
    return len({row[index] for row in rows})


def _is_number_or_mbid(rows: list[list[str]], index: int) -> bool:
    values = [row[index] for row in rows if row[index].strip()]
    return all(value.isdigit() or _MBID.match(value) for value in values)


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


SOURCES = (LastfmJson(), LastfmCsv())
