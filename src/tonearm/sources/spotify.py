"""Spotify's two exports of listening history: account data (the last year) and extended (everything)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from tonearm.sources.csv_rows import csv_rows, has_columns
from tonearm.sources.instants import from_epoch, read_instants
from tonearm.sources.json_keys import has_keys, is_empty_list, is_json
from tonearm.sources.json_rows import BLOCK_BYTES, JsonRows
from tonearm.sources.rows import Rejected, batch, numbered, reasons, reject, reject_texts, reject_unread_dates, text

if TYPE_CHECKING:
    from tonearm.sources import Context, Feeds, InstantIs
    from tonearm.sources.files import InputFile

_TRACK_URI = "spotify:track:"
_KAGGLE = {
    "trackname": "master_metadata_track_name",
    "artistname": "master_metadata_album_artist_name",
    "albumname": "master_metadata_album_album_name",
}
"""What the extended history's columns are called in the form that is shared on Kaggle."""
_DAY_US, _SLACK_US = 86_400_000_000, 60_000_000
_WEEK_S = 7 * 86_400.0 + 1


class _Extended(msgspec.Struct, gc=False):
    """The fields that are kept; all others, including the private ones, are never decoded."""

    ts: str | None = None
    ms_played: float | None = None
    conn_country: str | None = None
    master_metadata_track_name: str | None = None
    master_metadata_album_artist_name: str | None = None
    master_metadata_album_album_name: str | None = None
    spotify_track_uri: str | None = None
    episode_name: str | None = None
    episode_show_name: str | None = None
    audiobook_title: str | None = None
    audiobook_chapter_title: str | None = None
    reason_start: str | None = None
    reason_end: str | None = None
    shuffle: bool | None = None
    skipped: bool | None = None
    offline: bool | None = None
    offline_timestamp: float | None = None
    incognito_mode: bool | None = None


class _Account(msgspec.Struct, gc=False):
    """A row of the account data: music, a podcast's episode or an audiobook's chapter."""

    endTime: str | None = None
    msPlayed: float | None = None
    artistName: str | None = None
    trackName: str | None = None
    podcastName: str | None = None
    episodeName: str | None = None
    authorName: str | None = None
    audiobookName: str | None = None
    chapterName: str | None = None


class SpotifyExtended:
    """Spotify's extended streaming history: ``Streaming_History_Audio_*.json`` or ``endsong_*.json``.

    ``ts`` is when the play stopped. ``offline_timestamp`` is taken as its start when it lies within the day
    before ``ts`` and leaves room for ``ms_played`` (a minute of slack); otherwise, and when it is 0 or null,
    the start is ``ts`` minus ``ms_played``. Values 13 months off have been seen, and some from before the previous
    play ended. The same fields as CSV, also under the names of Kaggle's ``spotify_history.csv``, are read alike.
    """

    kind = "spotify_extended"
    title = "Spotify extended streaming history"
    signs = ("ts", "ms_played", "master_metadata_track_name")
    feeds: Feeds = "listens"
    instant_is: InstantIs = "end"
    precision_s = 1.0
    _named = re.compile(r"(?i)^(streaming_history_(audio|video)|endsong).*\.json")

    def recognises(self, file: InputFile) -> bool:
        """Objects or columns with ``ts``, ``ms_played`` and the track; an empty list by its name."""
        if has_columns(file, "ts", "ms_played"):
            return has_columns(file, "spotify_track_uri") or has_columns(file, "master_metadata_track_name")
        return has_keys(file, "ts", "ms_played") or (is_empty_list(file) and _is_named(file, self._named))

    def reading(self, file: InputFile) -> str:
        """How the file is read, in a phrase."""
        return "ts is the end of the listen; offline_timestamp its start where plausible, else ts - ms_played"

    def read(self, file: InputFile, context: Context) -> Iterator[pa.Table]:
        """The file's rows; see ``Source.read``."""
        return _read(file, context, _Extended, _extended_columns)


class SpotifyAccount:
    """Spotify's account data: ``StreamingHistory_music_*.json`` and its podcast and audiobook siblings.

    ``endTime`` is the end of the play, exact to the minute; older ``StreamingHistory*.json`` do not distinguish
    podcasts from music. The same fields as CSV are read alike.
    """

    kind = "spotify_account"
    title = "Spotify account data (last year)"
    signs = ("endTime", "msPlayed", "artistName", "trackName")
    feeds: Feeds = "listens"
    instant_is: InstantIs = "end"
    precision_s = 60.0
    _named = re.compile(r"(?i)^streaminghistory.*\.json")

    def recognises(self, file: InputFile) -> bool:
        """Objects or columns with ``endTime`` and ``msPlayed``; an empty list by its name."""
        if has_columns(file, "endTime", "msPlayed", "trackName"):
            return True
        return has_keys(file, "endTime", "msPlayed") or (is_empty_list(file) and _is_named(file, self._named))

    def reading(self, file: InputFile) -> str:
        """How the file is read, in a phrase."""
        return "endTime is the end of the listen, to the minute"

    def read(self, file: InputFile, context: Context) -> Iterator[pa.Table]:
        """The file's rows; see ``Source.read``."""
        return _read(file, context, _Account, _account_columns)


class SpotifyOther:
    """The other files of Spotify's zips, which hold no listens."""

    kind = "spotify_other"
    title = "Spotify file without listens"
    feeds: Feeds = "nothing"
    instant_is: InstantIs = "end"
    precision_s = 1.0
    _named = re.compile(
        r"(?i)^(userdata|identity|identifiers|playlist\d*|yourlibrary\d*|searchqueries|marquee|follow|inferences"
        r"|payments|useraddress|userprompts|duonewfamily|family\w*|messagedata|yoursoundcapsule|wrapped\d*"
        r"|podcastinteractivity\w*|userfestivalsdataforsar|ads|collection\w*)\.json$"
        r"|^read_?me\w*\.pdf$"
    )

    def recognises(self, file: InputFile) -> bool:
        """By name alone: their content is of no concern."""
        return _is_named(file, self._named)

    def reading(self, file: InputFile) -> str:
        """How the file is read, in a phrase."""
        return "holds no listens; not read"

    def read(self, file: InputFile, context: Context) -> Iterator[pa.Table]:
        """No rows."""
        return iter(())


def _is_named(file: InputFile, named: re.Pattern[str]) -> bool:
    return named.match(PurePosixPath(file.name).name) is not None


def _read(file: InputFile, context: Context, row_type: type[Any], columns: Any) -> Iterator[pa.Table]:
    for first, found in numbered(_rows(file, row_type, context.max_record_bytes)):
        yield _table(found, first, columns, context.max_record_bytes)


def _rows(file: InputFile, row_type: type[Any], most_bytes: int) -> Iterator[list[Any]]:
    if is_json(file):
        return JsonRows(row_type, most_bytes).read(file.blocks(BLOCK_BYTES))
    return csv_rows(file, row_type, _KAGGLE if row_type is _Extended else {}, most_bytes)


def _table(found: Sequence[Any], first: int, columns: Any, most_bytes: int) -> pa.Table:
    refused = [(n, row) for n, row in enumerate(found, first) if isinstance(row, Rejected)]
    if refused:
        kept = [(n, row) for n, row in enumerate(found, first) if not isinstance(row, Rejected)]
        numbers: Sequence[int] = [n for n, _ in kept]
        rows = [row for _, row in kept]
    else:
        numbers, rows = range(first, first + len(found)), list(found)
    made = columns(rows)
    made["reason"] = reject_texts(made["reason"], {k: v for k, v in made.items() if k != "reason"}, most_bytes)
    return batch(numbers, made, refused, lambda i: msgspec.json.encode(rows[i]).decode())


def _extended_columns(rows: list[_Extended]) -> dict[str, pa.Array]:
    track = text([r.master_metadata_track_name for r in rows])
    artist = text([r.master_metadata_album_artist_name for r in rows])
    uri = text([r.spotify_track_uri for r in rows])
    # The form on Kaggle has ids only.
    is_id = pc.fill_null(pc.match_substring_regex(uri, "^[0-9A-Za-z]{22}$"), False)
    uri = pc.if_else(is_id, pc.binary_join_element_wise(_TRACK_URI, uri, ""), uri)
    is_track = pc.fill_null(pc.starts_with(uri, _TRACK_URI), False)
    columns = _names(
        {
            "music": (artist, track, text([r.master_metadata_album_album_name for r in rows])),
            "podcast": (text([r.episode_show_name for r in rows]), text([r.episode_name for r in rows]), None),
            "audiobook": (
                None,
                text([r.audiobook_chapter_title for r in rows]),
                text([r.audiobook_title for r in rows]),
            ),
        },
        is_music=pc.or_(pc.is_valid(track), is_track),
    )
    columns["spotify_id"] = pc.if_else(is_track, pc.utf8_slice_codeunits(uri, len(_TRACK_URI)), None)
    columns["album_artist_name"] = artist
    columns |= _times(rows_ts=[r.ts for r in rows], ms=[r.ms_played for r in rows], reason=columns["reason"])
    offline = from_offline(pa.array([r.offline_timestamp for r in rows], pa.float64()))
    columns["started_at"] = _start(columns["reported_at"], columns["listened_s"], offline)
    for name, field in (("is_skipped", "skipped"), ("is_shuffle", "shuffle"), ("is_offline", "offline")):
        columns[name] = pa.array([getattr(r, field) for r in rows], pa.bool_())
    columns["is_incognito"] = pa.array([r.incognito_mode for r in rows], pa.bool_())
    columns["reason_start"] = text([r.reason_start for r in rows])
    columns["reason_end"] = text([r.reason_end for r in rows])
    columns["country"] = text([r.conn_country for r in rows])
    return columns


def _account_columns(rows: list[_Account]) -> dict[str, pa.Array]:
    track = text([r.trackName for r in rows])
    columns = _names(
        {
            "music": (text([r.artistName for r in rows]), track, None),
            "podcast": (text([r.podcastName for r in rows]), text([r.episodeName for r in rows]), None),
            "audiobook": (
                text([r.authorName for r in rows]),
                text([r.chapterName for r in rows]),
                text([r.audiobookName for r in rows]),
            ),
        },
        is_music=pc.is_valid(track),
    )
    columns |= _times([r.endTime for r in rows], [r.msPlayed for r in rows], columns["reason"])
    columns["started_at"] = _start(columns["reported_at"], columns["listened_s"])
    return columns


def _names(
    spellings: dict[str, tuple[pa.Array | None, pa.Array, pa.Array | None]], is_music: pa.Array
) -> dict[str, pa.Array]:
    """Content and names of what was heard, by which of a row's fields are filled."""
    null = pa.scalar(None, pa.string())
    is_podcast = pc.is_valid(spellings["podcast"][1])
    _, chapter, book = spellings["audiobook"]
    is_audiobook = pc.or_(pc.is_valid(chapter), pc.is_valid(book))

    def pick(i: int) -> pa.Array:
        music, podcast, audiobook = (
            null if spellings[c][i] is None else spellings[c][i] for c in ("music", "podcast", "audiobook")
        )
        spoken = pc.if_else(is_podcast, podcast, pc.if_else(is_audiobook, audiobook, null))
        return pc.if_else(is_music, music, spoken)

    content = pc.if_else(
        is_music,
        "music",
        pc.if_else(is_podcast, "podcast", pc.if_else(is_audiobook, "audiobook", null)),
    )
    reason = reject(reasons(len(is_music)), pc.is_null(content), "names neither a track nor an episode")
    names = ("artist_name", "track_name", "album_name")
    return {"content": content, "reason": reason, **{name: pick(i) for i, name in enumerate(names)}}


def _times(rows_ts: list[str | None], ms: list[float | None], reason: pa.Array) -> dict[str, pa.Array]:
    written = pa.array(rows_ts, pa.string())
    read = read_instants(written)
    played = pa.array(ms, pa.float64())
    reason = reject(reason, pc.invert(pc.is_finite(played)), "the time played is not a number")
    reason = reject(reason, pc.less(played, 0), "a negative time was played")
    reason = reject(reason, read.is_blank, "no date")
    reason = reject_unread_dates(reason, read.at, written)
    return {"reported_at": read.at, "listened_s": pc.divide(played, 1000.0), "reason": reason}


def from_offline(reported: pa.Array) -> pa.Array:
    """``offline_timestamp`` as an instant: 13 digits are milliseconds, 10 are seconds, and 0 is null."""
    return pc.assume_timezone(from_epoch(pc.if_else(pc.greater(reported, 0), reported, None)), "UTC")


def _start(end: pa.Array, listened_s: pa.Array, offline: pa.Array | None = None) -> pa.Array:
    """``offline`` where it can be the start of a listen that stopped at ``end``, else ``end - listened_s``."""
    stopped = end.cast(pa.int64())
    # A listen of more than a week is rejected later on, by its length, whatever its start.
    heard = pc.if_else(pc.less(listened_s, _WEEK_S), listened_s, None)
    played = pc.round(pc.multiply(pc.fill_null(heard, 0.0), 1e6)).cast(pa.int64(), safe=False)
    start = pc.subtract(stopped, played)
    if offline is not None:
        offline = offline.cast(pa.int64())
        plausible = pc.and_(
            pc.greater_equal(offline, pc.subtract(_earliest(stopped), _SLACK_US)),
            pc.less_equal(offline, pc.min_element_wise(stopped, pc.add(start, _SLACK_US))),
        )
        start = pc.if_else(pc.fill_null(plausible, False), offline, start)
    return start.cast(pa.timestamp("us", tz="UTC"))


def _earliest(stopped: pa.Array) -> pa.Array:
    """When each listen can have started: after the one that stopped before it, and within a day."""
    order = pc.sort_indices(stopped)
    in_order = stopped.take(order)
    before = pa.concat_arrays([pa.array([0], pa.int64()), in_order]).slice(0, len(in_order))
    return pc.max_element_wise(before.take(pc.sort_indices(order)), pc.subtract(stopped, _DAY_US))


SOURCES = (SpotifyExtended(), SpotifyAccount(), SpotifyOther())
