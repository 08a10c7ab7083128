"""Plays in separated files: by the names of their columns, by the layout of a known program, or by their content."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from tonearm.errors import UnknownKind, UsageError
from tonearm.sources import headers
from tonearm.sources.delimited import Chunk, Sheet, chunks, sheet
from tonearm.sources.instants import DayOrder, Instants, day_order, is_numeric_date, read_instants
from tonearm.sources.rows import (
    Rejected,
    batch,
    reasons,
    reject_texts,
    reject_unread_dates,
    reject_unset_dates,
    spotify_ids,
    text,
)

if TYPE_CHECKING:
    from tonearm.sources import Context, Feeds, InstantIs
    from tonearm.sources.files import InputFile

_NEEDED = {"artist_name": "artist", "track_name": "track", "instant": "date"}
_MBID = re.compile(r"^[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$")
_MAY_BE_DATE = re.compile(r"\d{9}|\d:\d|\d{8}T\d{6}")
_DATES_TRIED = 100
_EVIDENT = 20
"""Rows from which on the content of columns is evidence of what they are."""
_MANIFOLD, _DETERMINED = 1.2, 0.9


@dataclass(frozen=True)
class Layout:
    """Which field of a separated file is which column, and how that was determined."""

    sheet: Sheet
    fields: Mapping[str, int]
    """Index of the field by the name of its column; the date's is ``start`` or ``end``."""
    reading: str
    scales: Mapping[str, float] = field(default_factory=dict)
    """Seconds per unit of the lengths of time."""
    is_local: bool = False
    """Dates without a zone are the listener's local time."""

    @property
    def instant(self) -> InstantIs:
        """What the date is: a play's start or its end."""
        return "start" if "start" in self.fields else "end"

    @property
    def shows_all(self) -> bool:
        """Whether every column is known, so that the text of a row cannot hold anything private."""
        return not self.sheet.header or all(not name or headers.meaning(name) for name in self.sheet.header)


class PlaysCsv:
    """Last.fm history, or any other plays, as CSV or TSV: columns by their header, else by their content.

    Last.fm has no export of its own; sites such as lastfm.ghan.nl, benjaminbenben.com/lastfm-to-csv or
    mainstream.ghan.nl write these files. Headers may be in ten languages and stand below other lines. A date column is
    taken for what its name says: `end_time` is when a play ended; files that list when tracks were added, last played
    or ranked hold no plays and are refused. Dates without a zone are UTC, unless `--local` says that they are local
    times. 03/04/2020 is read day or month first as the rest of the file proves, else `--day-first` or `--month-first`
    is needed. Where it can only be guessed which column is the track and which the album, `--columns
    artist=1,track=2,…` is needed.
    """

    kind = "lastfm_csv"
    title = "Last.fm history, or plays of any other source (CSV)"
    feeds: Feeds = "listens"
    instant_is: InstantIs = "start"
    precision_s = 1.0

    def recognises(self, file: InputFile) -> bool:
        """Separated text in which artist, track and the date of a play are found.

        Raises UnknownKind for a table that lacks one of them, or that holds tracks instead of plays.
        """
        return _layout(self, file) is not None

    def reading(self, file: InputFile) -> str:
        """Which column was taken for what, in a phrase."""
        try:
            layout = _layout(self, file)
        except UnknownKind as error:
            return str(error)
        return _phrase(layout) if layout else "no columns found"

    def read(self, file: InputFile, context: Context) -> Iterator[pa.Table]:
        """The file's rows; see ``Source.read``. Raises UnknownKind where its columns or dates cannot be read."""
        layout = _layout(self, file)
        if layout is None:
            raise UnknownKind(f"{file.name}: artist, track and date were not found in its columns")
        layout = replace(layout, is_local=layout.is_local or file.hints.is_local)
        order = _day_order(file, layout, context.max_record_bytes)
        for chunk in chunks(file, layout.sheet, context.max_record_bytes):
            yield self._table(chunk, layout, order, context.max_record_bytes)

    def layout(self, file: InputFile) -> Layout | None:
        """Where artist, track and date are; None for other than separated text. Raises UnknownKind."""
        found = sheet(file)
        if found is None:
            return None
        if file.hints.columns:
            return _hinted(found, file.hints.columns)
        if found.header:
            return _by_header(file, found)
        layout = _by_content(found)
        if layout is None and _is_named_table(file):
            shown = ", ".join(cell.strip()[:40] for cell in (found.rows or [[]])[0][:10])
            raise UnknownKind(
                f"{file.name}: has no header, and its content does not show which column is what; its first row is: "
                f"{shown}; name the columns with --columns artist=1,track=2,album=3,date=4"
            )
        return layout

    def columns(self, chunk: Chunk, layout: Layout, order: DayOrder | None) -> dict[str, pa.Array]:
        """The columns of the rows of ``chunk``, with ``reason`` where a row cannot be used."""
        columns = {name: text(chunk.column(index)) for name, index in layout.fields.items() if name in headers.TEXTS}
        if "spotify_id" in columns:
            columns["spotify_id"] = spotify_ids(columns["spotify_id"])
        for name in sorted(headers.UNITS & layout.fields.keys()):
            columns[name] = lengths_s(chunk.column(layout.fields[name]), layout.scales.get(name, 1.0))
        written = pa.array(chunk.column(layout.fields[layout.instant]), pa.string())
        columns |= dated(written, reasons(len(chunk.rows)), order, layout.is_local)
        columns["content"] = pa.repeat(pa.scalar("music"), len(chunk.rows))
        columns["instant_is"] = pa.repeat(pa.scalar(layout.instant), len(chunk.rows))
        return columns

    def _table(self, chunk: Chunk, layout: Layout, order: DayOrder | None, most_bytes: int) -> pa.Table:
        columns = self.columns(chunk, layout, order)
        texts = {name: values for name, values in columns.items() if name in headers.TEXTS}
        columns["reason"] = reject_texts(columns["reason"], texts, most_bytes)
        shown = sorted(layout.fields.values())
        return batch(
            chunk.numbers,
            columns,
            chunk.rejected if layout.shows_all else _without_text(chunk.rejected),
            lambda i: layout.sheet.delimiter.join(chunk.rows[i][at] for at in shown),
        )


@lru_cache(maxsize=1)
def _layout(source: PlaysCsv, file: InputFile) -> Layout | None:
    """The source's layout of ``file``, which is asked for by ``recognises``, ``reading`` and ``read``."""
    return source.layout(file)


def dated(
    written: pa.Array, reason: pa.Array, order: DayOrder | None = None, is_local: bool = False
) -> dict[str, pa.Array]:
    """``reported_at`` (or ``local_at``) and ``precision_s`` of dates as written, and ``reason`` with those that cannot
    be used."""
    read = read_instants(written, order)
    reason = reject_unset_dates(reason, read.at, read.is_blank)
    reason = reject_unread_dates(reason, read.at, written)
    columns = {"reported_at": read.at, "precision_s": read.precision_s, "reason": reason}
    return columns | _local(read) if is_local else columns


def _local(read: Instants) -> dict[str, pa.Array]:
    """Instants without a zone as local times."""
    wall = read.at.cast(pa.timestamp("us"))
    return {
        "reported_at": pc.if_else(read.is_local, None, read.at),
        "local_at": pc.if_else(read.is_local, wall, None),
    }


def lengths_s(written: Sequence[str | None], scale: float) -> pa.Array:
    """Lengths of time in seconds, null where one is not a number."""
    texts = pa.array(written, pa.string())
    is_number = pc.fill_null(pc.match_substring_regex(texts, r"^\s*-?[0-9]{1,15}(\.[0-9]*)?\s*$"), False)
    numbers = pc.utf8_trim_whitespace(pc.if_else(is_number, texts, None)).cast(pa.float64())
    return pc.multiply(numbers, scale)


def _without_text(rejected: Sequence[tuple[int, Rejected]]) -> list[tuple[int, Rejected]]:
    return [(number, Rejected(row.reason, "")) for number, row in rejected]


def _phrase(layout: Layout) -> str:
    before = layout.sheet.preamble
    passed = f"; {before} line{'s' * (before > 1)} before the header passed over" if before else ""
    return layout.reading + passed


def _is_named_table(file: InputFile) -> bool:
    return PurePosixPath(file.name.removesuffix(".gz")).suffix.lower() in (".csv", ".tsv")


def _hinted(found: Sheet, hints: Sequence[tuple[str, str]]) -> Layout:
    """The layout that a person gives; raises UsageError for an unknown column or meaning."""
    fields: dict[str, int] = {}
    scales: dict[str, float] = {}
    for what, where in hints:
        meant = headers.meaning(what)
        if meant is None or meant.column not in (*headers.TEXTS, *headers.INSTANTS, *headers.UNITS):
            raise UsageError(f"--columns: '{what}' is not one of artist, track, album, date, end, ms_played, …")
        fields[meant.column] = _index(found, where)
        scales[meant.column] = meant.scale
    missing = _lacking(fields)
    if missing:
        raise UsageError(f"--columns names no column for {' and '.join(missing)}")
    shown = ", ".join(f"{what} from {where}" for what, where in hints)
    return Layout(found, fields, f"columns as given: {shown}", scales)


def _index(found: Sheet, where: str) -> int:
    if where.isdecimal() and 1 <= int(where) <= found.width:
        return int(where) - 1
    keys = [headers.key(name) for name in found.header]
    if headers.key(where) in keys:
        return keys.index(headers.key(where))
    raise UsageError(f"--columns: there is no column '{where}'; the file has {found.width}: {', '.join(found.header)}")


def _lacking(fields: Mapping[str, int]) -> list[str]:
    """What is needed and not among ``fields``, in words."""
    there = {*fields, *(["instant"] if not fields.keys().isdisjoint(headers.INSTANTS) else [])}
    return [word for name, word in _NEEDED.items() if name not in there]


def _by_header(file: InputFile, found: Sheet) -> Layout:
    """The layout by the names of the columns; raises UnknownKind naming what is missing or wrong."""
    wrong = headers.no_plays(found.header)
    if wrong:
        raise UnknownKind(f"{file.name}: {wrong}")
    fields = headers.fields(found.header)
    missing = _lacking(fields)
    if missing:
        raise UnknownKind(f"{file.name}: {_missing(found, missing)}")
    if "start" in fields and _is_spotify_end(found, fields):
        fields["end"] = fields.pop("start")
    taken = {name: index for name, index in fields.items() if _is_taken(name, fields)}
    scales = {name: headers.scale(found.header[index]) for name, index in taken.items() if name in headers.UNITS}
    shown = ", ".join(f"{found.header[index]} as {word(name)}" for name, index in taken.items())
    return Layout(found, taken, f"columns by header: {shown}", scales)


def _is_taken(name: str, fields: Mapping[str, int]) -> bool:
    if name == "end":
        return "start" not in fields
    return name in (*headers.TEXTS, *headers.UNITS, "start")


def _is_spotify_end(found: Sheet, fields: Mapping[str, int]) -> bool:
    """Spotify's ``ts`` beside ``ms_played`` is when a play stopped, whatever the other columns are called."""
    return headers.key(found.header[fields["start"]]) == "ts" and "listened_s" in fields


def _missing(found: Sheet, missing: list[str]) -> str:
    seen = ", ".join(name[:40] or "(unnamed)" for name in found.header[:30])
    dates = [found.header[i] or f"number {i + 1}" for i in _date_columns(found.rows, found.width)]
    if missing == ["date"] and dates:
        return (
            f"the name of column '{dates[0]}' does not say whether a track was played then; "
            f"if so, import it with --columns date='{dates[0]}' and the other columns; the header is: {seen}"
        )
    return (
        f"no column for {' and '.join(missing)}; the header is: {seen}; needed are artist, track and the date of each "
        "play (for example artist,album,track,uts): rename the columns, or name them with --columns"
    )


def _date_columns(rows: list[list[str]], width: int) -> list[int]:
    """The columns in which most filled fields are dates with a time, or seconds since 1970."""
    found = []
    for index in range(width):
        filled = [row[index] for row in rows if row[index].strip()]
        if (
            len(filled) < max(1, len(rows) // 10)
            or sum(bool(_MAY_BE_DATE.search(v)) for v in filled) <= len(filled) / 2
        ):
            continue
        values = pa.array(filled[:_DATES_TRIED], pa.string())
        years = pc.year(read_instants(values, "day_first").at)
        is_recent = pc.or_(pc.greater_equal(years, 2000), is_numeric_date(values))
        # An index or a track number would be an instant in 1970.
        if (pc.sum(is_recent).as_py() or 0) > len(values) / 2:
            found.append(index)
    return found


def _by_content(found: Sheet) -> Layout | None:
    """The layout of a file without a header: None where the content leaves more than one possible."""
    dates = _date_columns(found.rows, found.width)
    if len(dates) != 1:
        return None
    (date,) = dates
    names = [i for i in range(found.width) if i != date and not _is_number_or_mbid(found.rows, i)]
    names = [i for i in names if any(row[i].strip() for row in found.rows)]
    roles = _lastfm_to_csv(found, date, names) or _lastexport(found, date, names) or _by_repetition(found.rows, names)
    if roles is None:
        return None
    fields = roles | {"start": date}
    example = next(row[date] for row in found.rows if row[date].strip())
    order = sorted((index, name) for name, index in fields.items())
    shown = ", ".join(f"date '{example}'" if index == date else word(name) for index, name in order)
    return Layout(found, fields, f"no header; columns by content: {shown}")


def _lastfm_to_csv(found: Sheet, date: int, names: list[int]) -> dict[str, int] | None:
    """Artist, album, track and ``20 Nov 2020 09:35``; other tools use the same form with track and album exchanged."""
    if found.width != 4 or date != 3 or found.delimiter != "," or 0 not in names or 2 not in names:
        return None
    dates = pa.array([row[3] for row in found.rows if row[3].strip()], pa.string())
    if not pc.all(pc.match_substring_regex(dates, r"^\d{2} \w{3} \d{4} \d{2}:\d{2}$")).as_py():
        return None
    if len(found.rows) >= _EVIDENT and _different(found.rows, 1) > _MANIFOLD * _different(found.rows, 2):
        return {"artist_name": 0, "track_name": 1, "album_name": 2}
    return {"artist_name": 0, "album_name": 1, "track_name": 2}


def _lastexport(found: Sheet, date: int, names: list[int]) -> dict[str, int] | None:
    """libre.fm's lastexport: the instant, track, artist, album and three MBIDs, separated by tabs."""
    if found.delimiter != "\t" or date != 0 or found.width != 7:
        return None
    return {"track_name": 1, "artist_name": 2, "album_name": 3}


def _by_repetition(rows: list[list[str]], names: list[int]) -> dict[str, int] | None:
    """Tracks are the most varied names; their artist, and their album's, is one. None where that is not evident."""
    if len(rows) < _EVIDENT or len(names) not in (2, 3):
        return None
    coarse = sorted(names, key=lambda i: (_different(rows, i), i))
    if any(_different(rows, b) < _MANIFOLD * _different(rows, a) for a, b in pairwise(coarse)):
        return None
    if any(_determined(rows, i, coarse[0]) < _DETERMINED for i in coarse[1:]):
        return None
    roles = ("artist_name", "track_name") if len(names) == 2 else ("artist_name", "album_name", "track_name")
    return dict(zip(roles, coarse, strict=True))


def _determined(rows: list[list[str]], by: int, what: int) -> float:
    """Share of the values in column ``by`` that come with one value of column ``what`` only."""
    seen: dict[str, set[str]] = {}
    for row in rows:
        if row[by].strip():
            seen.setdefault(row[by], set()).add(row[what])
    return sum(len(values) == 1 for values in seen.values()) / max(1, len(seen))


def word(column: str) -> str:
    """The column's name for people."""
    return column.removesuffix("_name")


def _different(rows: list[list[str]], index: int) -> int:
    return len({row[index] for row in rows})


def _is_number_or_mbid(rows: list[list[str]], index: int) -> bool:
    values = [row[index] for row in rows if row[index].strip()]
    return all(value.isdigit() or _MBID.match(value) for value in values)


def _day_order(file: InputFile, layout: Layout, most_chars: int) -> DayOrder | None:
    """Whether the day or the month is first in dates such as 03/04/2020, by all of the file's dates.

    Raises UnknownKind when nothing proves it, or when the file contradicts itself.
    """
    at = layout.fields[layout.instant]
    first = pa.array([row[at] for row in layout.sheet.rows], pa.string())
    if file.hints.is_day_first is not None:
        return "day_first" if file.hints.is_day_first else "month_first"
    if not pc.any(is_numeric_date(first)).as_py():
        return None
    proved: set[DayOrder] = set()
    for chunk in chunks(file, layout.sheet, most_chars):
        proved |= day_order(pa.array(chunk.column(at), pa.string()))
    if len(proved) == 1:
        return proved.pop()
    example = next(value for value in first.to_pylist() if is_numeric_date(pa.array([value]))[0].as_py())
    why = "some have the day first, others the month" if proved else "no date in it shows which of the two is the day"
    raise UnknownKind(f"{file.name}: its dates are written as {example}, and {why}; say --day-first or --month-first")


SOURCES = (PlaysCsv(),)
