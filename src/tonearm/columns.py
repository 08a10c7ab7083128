"""Every column of every table, once: its type, unit, range and meaning.

Tables name their columns; what a name means is said here and nowhere else, so the validators, the docs page,
the API and the charts agree.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pyarrow as pa

Kind = Literal["string", "int64", "float64", "boolean", "date", "instant", "local"]

FEATURES = (
    "danceability",
    "energy",
    "valence",
    "acousticness",
    "instrumentalness",
    "speechiness",
    "loudness",
    "tempo",
)
"""The audio features, in the order in which every table lists them."""

MOODS = ("Happy_Energetic", "Happy_Calm", "Sad_Energetic", "Sad_Calm", "Neutral")
PARTS_OF_DAY = ("night", "morning", "afternoon", "evening")
PERIOD_TYPES = ("day", "week", "month", "year")
FEATURE_SOURCES = ("real", "catalogue", "imputed", "synthetic")
DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True)
class Column:
    """What one column name means wherever it stands."""

    kind: Kind
    meaning: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    one_of: tuple[str, ...] = ()
    null: str = ""
    """What a null says; empty means the column is never null."""


def _text(meaning: str, null: str = "", one_of: tuple[str, ...] = ()) -> Column:
    return Column("string", meaning, null=null, one_of=one_of)


def _count(meaning: str, null: str = "") -> Column:
    return Column("int64", meaning, unit="n", low=0, null=null)


def _flag(meaning: str, null: str = "") -> Column:
    return Column("boolean", meaning, null=null)


def _instant(meaning: str, null: str = "") -> Column:
    return Column("instant", meaning, unit="UTC", null=null)


def _number(
    meaning: str, unit: str = "", low: float | None = None, high: float | None = None, null: str = ""
) -> Column:
    return Column("float64", meaning, unit=unit, low=low, high=high, null=null)


_NO_FEATURES = "the track has no audio features"
_TOO_SHORT = "the history is not that long yet"
_NOT_TOLD = "the source does not say"

COLUMNS: dict[str, Column] = {
    # who and which
    "listener": _text("Name of the listener."),
    "listen_id": Column("int64", "Identity of the listen: a hash of the record it was kept from."),
    "record_id": Column(
        "int64", "Identity of a source's record: a hash of its instant and what was heard.", null="rejected"
    ),
    "name_id": Column("int64", "Hash of artist, track and ids as a source spelt them.", null="names no track"),
    "track_id": Column("int64", "Identity of the track: a hash of its normalised artist and title."),
    "artist_id": Column("int64", "Identity of the artist: a hash of the normalised name."),
    "artist_name": _text("Artist as written on the release.", null="the source names only an id"),
    "track_name": _text("Title of the track.", null="the source names only an id"),
    "album_name": _text("Album the listen was heard on.", null=_NOT_TOLD),
    "album_artist_name": _text("Artist of the album.", null=_NOT_TOLD),
    "spotify_id": _text("Spotify's id of the track (22 characters).", null="not known"),
    "recording_mbid": _text("MusicBrainz id of the recording.", null="not known"),
    "artist_mbid": _text("MusicBrainz id of the artist.", null="not known"),
    "release_mbid": _text("MusicBrainz id of the release.", null="not known"),
    "genre": _text("Genre the catalogue gives the track most often.", null="not in the catalogue"),
    "artist_key": _text("Artist in normalised spelling, by which spellings are compared."),
    "title_key": _text("Title in normalised spelling, by which spellings are compared."),
    "key_id": Column("int64", "Hash of artist_key and title_key; of the id where the names are not known."),
    "linked_by": _text("What tied this spelling to its track.", one_of=("name", "spotify_id", "recording_mbid")),
    # when
    "started_at": _instant("When the listen started.", null="rejected"),
    "reported_at": _instant("The instant as the source reports it.", null="rejected"),
    "instant_is": _text(
        "Whether the reported instant is the listen's start or end.", null="rejected", one_of=("start", "end")
    ),
    "precision_s": _number("How exact the reported instant is.", "s", low=0, null="rejected"),
    "started_at_local": Column("local", "When the listen started, by the listener's clock.", unit="local time"),
    "local_date": Column("date", "Calendar day by the listener's clock."),
    "hour_of_day": Column("int64", "Hour by the listener's clock.", unit="h", low=0, high=23),
    "day_of_week": Column("int64", "Day of the week by the listener's clock, 0 is Monday.", low=0, high=6),
    "day_name": _text("Day of the week in words.", one_of=DAY_NAMES),
    "part_of_day": _text("night 0–5, morning 6–11, afternoon 12–17, evening 18–23.", one_of=PARTS_OF_DAY),
    "is_weekend": _flag("Saturday or Sunday."),
    "year": Column("int64", "Calendar year of the start in UTC; the table's partitions.", low=2000, high=2200),
    "month": Column("date", "First day of the month by the listener's clock."),
    "from_at": _instant("First instant of the interval."),
    "until_at": _instant("First instant after the interval."),
    "utc_offset_s": Column("int64", "Seconds the listener's clock was ahead of UTC.", unit="s", low=-64800, high=64800),
    "zone": _text("IANA time zone of the listener."),
    "session_started_at": _instant("When the session this listen belongs to started."),
    "ended_at": _instant("When the listen, or the last of several, ended.", null="not known how long it was heard"),
    "gap_min": _number("Silence before this listen.", "min", low=0, null="the listener's first listen"),
    # how it was heard
    "source": _text("Kind of export or service the row came from."),
    "content": _text("What was heard.", null="rejected", one_of=("music", "podcast", "audiobook")),
    "listened_s": _number("Seconds heard.", "s", low=0, null=_NOT_TOLD),
    "duration_s": _number("Length of the track.", "s", low=0, null="not known"),
    "is_skipped": _flag("The listener skipped the track.", null=_NOT_TOLD),
    "is_shuffle": _flag("Shuffle was on.", null=_NOT_TOLD),
    "is_offline": _flag("Heard without a connection.", null=_NOT_TOLD),
    "is_incognito": _flag("Heard in a private session.", null=_NOT_TOLD),
    "reason_start": _text("Why the listen started, in Spotify's words.", null=_NOT_TOLD),
    "reason_end": _text("Why the listen ended, in Spotify's words.", null=_NOT_TOLD),
    "country": _text("Country of the connection (ISO 3166).", null=_NOT_TOLD),
    "client": _text("Program or service that recorded the listen.", null=_NOT_TOLD),
    "extra": _text("The source's other fields as JSON, private ones left out.", null="there are none"),
    "also_seen_in": _text("Other sources that recorded this same listen, sorted, comma between.", null="no other"),
    "merged_records": _count("Records of this listen, over all sources."),
    "kept_source": _text("Source of the record that was kept for the listen."),
    "apart_s": _number(
        "How much later than the kept record's the record's start is, each taken at the middle of its precision.", "s"
    ),
    "is_kept": _flag("The record was kept as the listen."),
    # where a row came from
    "run": Column("int64", "Number of the import that brought the row.", low=1),
    "file": _text("SHA-256 of the file the row came from, unpacked."),
    "file_name": _text("Name of that file, with the archive it was in."),
    "row": Column("int64", "Number of the row in its file, from 1; header lines are not counted.", low=1),
    "imported_at": _instant("When the row was imported."),
    "outcome": _text("What became of the row.", one_of=("kept", "duplicate", "rejected")),
    "reason": _text("Why the row was rejected.", null="it was not"),
    "raw": _text("The rejected row's text, private fields left out, cut at 2,000 characters.", null="not rejected"),
    "import_started_at": _instant("When the import began."),
    "import_ended_at": _instant("When the import ended."),
    "undone_at": _instant("When the import was undone.", null="it was not"),
    "position": Column("int64", "Place of the file in its import, from 1.", low=0),
    "reading": _text("How the file was read, in words.", null="it was not"),
    "rows_read": _count("Rows the file holds."),
    "rows_kept": _count("Rows that were new."),
    "rows_duplicate": _count("Rows that were known already."),
    "rows_rejected": _count("Rows that could not be used."),
    "podcasts": _count("Of the kept rows, podcast episodes."),
    "audiobooks": _count("Of the kept rows, audiobook chapters."),
    "problem": _text("What was wrong with the file as a whole.", null="nothing"),
    # the catalogue
    "artists": _text("All artists of the track, as the catalogue writes them."),
    "popularity": Column("int64", "Spotify's popularity, 0–100.", low=0, high=100, null=_NOT_TOLD),
    "is_explicit": _flag("Marked as explicit.", null=_NOT_TOLD),
    "key": Column("int64", "Key of the track, 0 is C.", low=-1, high=11, null=_NOT_TOLD),
    "mode": Column("int64", "1 major, 0 minor.", low=0, high=1, null=_NOT_TOLD),
    "time_signature": Column("int64", "Beats in a bar.", low=0, high=12, null=_NOT_TOLD),
    "subgenre": _text("The catalogue's finer genre.", null=_NOT_TOLD),
    "release_date": _text("Release date as the catalogue writes it.", null=_NOT_TOLD),
    "playlist_id": _text("Playlist the catalogue found the track in.", null=_NOT_TOLD),
    "playlist_name": _text("Name of that playlist.", null=_NOT_TOLD),
    # audio features
    "danceability": _number("How fit for dancing, 0–1.", low=0, high=1, null=_NO_FEATURES),
    "energy": _number("Intensity, 0–1.", low=0, high=1, null=_NO_FEATURES),
    "valence": _number("How positive the music sounds, 0–1.", low=0, high=1, null=_NO_FEATURES),
    "acousticness": _number("Confidence that it is acoustic, 0–1.", low=0, high=1, null=_NO_FEATURES),
    "instrumentalness": _number("Confidence that nobody sings, 0–1.", low=0, high=1, null=_NO_FEATURES),
    "speechiness": _number("Share of spoken word, 0–1.", low=0, high=1, null=_NO_FEATURES),
    "loudness": _number("Mean loudness.", "dB", low=-80, high=10, null=_NO_FEATURES),
    "liveness": _number("Confidence that an audience was there, 0–1.", low=0, high=1, null=_NO_FEATURES),
    "tempo": _number("Beats per minute.", "bpm", low=0, high=400, null=_NO_FEATURES),
    "feature_source": _text(
        "Where the track's features come from, best first; 'none' where listens without are counted.",
        null=_NO_FEATURES,
        one_of=(*FEATURE_SOURCES, "none"),
    ),
    "mood": _text("Mood category by valence and energy.", null=_NO_FEATURES, one_of=MOODS),
    # measures
    "listens": _count("Number of listens."),
    "tracks": _count("Number of distinct tracks."),
    "artists_heard": _count("Number of distinct artists."),
    "minutes": _number("Minutes heard, of the listens that say how long.", "min", low=0),
    "timed_listens": _count("Listens that say how long they were heard."),
    "share_pct": _number("Share of the listens.", "%", low=0, high=100),
    "new_tracks": _count("Tracks heard for the first time ever in this history."),
    "new_artists": _count("Artists heard for the first time ever in this history."),
    "total_listens": _count("All listens of the listener's month."),
    "days_active": _count("Days with a listen."),
    "skipped_pct": _number("Share skipped, of the listens that say so.", "%", low=0, high=100, null="none says so"),
    "first_heard_month": Column("date", "Month in which the listener first heard the artist."),
    "months_since_first_heard": _count("Calendar months since first_heard_month."),
    "last_listen_gap_days": _number("Time from the last listen to the end of the month.", "d", low=0, high=31),
    "rank": Column("int64", "Place in the list, 1 is first.", low=1),
    "first_heard_at": _instant("When the first of the listens started."),
    "last_heard_at": _instant("When the last of the listens started."),
    "period_type": _text("Length of the period; weeks are ISO weeks.", one_of=PERIOD_TYPES),
    "period_start": Column("date", "First day of the period by the listener's clock; of a week, its Monday."),
    "weekend_listens": _count("Listens on a Saturday or Sunday."),
    "weekend_share_pct": _number("Share of the listens on a Saturday or Sunday.", "%", low=0, high=100),
    "listens_before": _count(
        "Listens in the calendar period before; 0 when it had none.", null="the listener's first period"
    ),
    "change_pct": _number(
        "Listens more (or fewer) than in the calendar period before.",
        "%",
        low=-100,
        null="the period before had no listens",
    ),
    "rolling_periods": Column(
        "int64", "Calendar periods a rolling mean spans, this one the last of them.", unit="n", low=1
    ),
    "rolling_listens": _number(
        "Listens per calendar period, over the last rolling_periods.", "n", low=0, null=_TOO_SHORT
    ),
    "rolling_minutes": _number(
        "Minutes heard per calendar period, over the last rolling_periods.", "min", low=0, null=_TOO_SHORT
    ),
    "rolling_new_tracks": _number(
        "New tracks per calendar period, over the last rolling_periods.", "n", low=0, null=_TOO_SHORT
    ),
    "listens_with_features": _count("Listens whose features were measured (real or catalogue)."),
    "feature": _text("Audio feature the row is about.", one_of=FEATURES),
    "weighted_by": _text("What counts once: each listen, or each track.", one_of=("listens", "tracks")),
    "n": Column("int64", "Number of observations behind the row's statistics.", unit="n", low=1),
    "mean": _number("Arithmetic mean.", "as the feature"),
    "stddev": _number("Standard deviation of the sample.", "as the feature", low=0, null="n is 1"),
    "min": _number("Smallest value.", "as the feature"),
    "p05": _number("5th percentile: the smallest value for which 5 % are as small.", "as the feature"),
    "p25": _number("25th percentile.", "as the feature"),
    "median": _number("50th percentile.", "as the feature"),
    "p75": _number("75th percentile.", "as the feature"),
    "p95": _number("95th percentile.", "as the feature"),
    "max": _number("Largest value.", "as the feature"),
}
COLUMNS |= {
    **{
        f"mean_{f}": replace(
            COLUMNS[f], meaning=f"Mean {f} of the listens whose features were measured.", null="none of them was"
        )
        for f in FEATURES
    },
    **{f"n_{f}": _count(f"Listens behind mean_{f}.") for f in FEATURES},
    **{
        f"{s}_share_pct": _number(f"Share of the listens (or tracks) with {s} features.", "%", low=0, high=100)
        for s in FEATURE_SOURCES
    },
}


def arrow_schema(columns: Iterable[str]) -> pa.Schema:
    """The Arrow schema of a table with these columns."""
    import pyarrow as pa

    types = {
        "string": pa.string(),
        "int64": pa.int64(),
        "float64": pa.float64(),
        "boolean": pa.bool_(),
        "date": pa.date32(),
        "instant": pa.timestamp("us", "UTC"),
        "local": pa.timestamp("us"),
    }
    return pa.schema([(c, types[COLUMNS[c].kind]) for c in columns])
