"""Every column of every table, once: its type, unit, range and meaning.

Tables name their columns; this module alone defines what a name means, so the validators, the docs page, the API and
the charts agree.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    import pyarrow as pa

Kind = Literal["string", "int64", "float64", "boolean", "date", "instant", "local"]


class Types(NamedTuple):
    """What a kind of column is called in each type system."""

    ibis: str
    arrow: tuple[str, ...]
    """A function of PyArrow and its arguments."""
    duckdb: str
    spark: str


TYPES: dict[Kind, Types] = {
    "string": Types("string", ("string",), "VARCHAR", "string"),
    "int64": Types("int64", ("int64",), "BIGINT", "bigint"),
    "float64": Types("float64", ("float64",), "DOUBLE", "double"),
    "boolean": Types("boolean", ("bool_",), "BOOLEAN", "boolean"),
    "date": Types("date", ("date32",), "DATE", "date"),
    "instant": Types("timestamp('UTC', 6)", ("timestamp", "us", "UTC"), "TIMESTAMPTZ", "timestamp"),
    "local": Types("timestamp(6)", ("timestamp", "us"), "TIMESTAMP", "timestamp_ntz"),
}

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

IMPUTED = FEATURES[:-1]
"""The features that can be estimated from a track's artist and genre; tempo cannot (R² at most .07)."""
MOODS = ("Happy_Energetic", "Happy_Calm", "Sad_Energetic", "Sad_Calm", "Neutral")
MOOD_FEATURES = ("valence", "energy", "danceability", "acousticness")
"""The features that describe mood."""
PARTS_OF_DAY = ("night", "morning", "afternoon", "evening")
PERIOD_TYPES = ("day", "week", "month", "year")
FEATURE_SOURCES = ("real", "catalogue", "artist", "imputed", "synthetic")
MEASURED = FEATURE_SOURCES[:2]
"""The sources that measured the track itself."""
DESCRIBED = FEATURE_SOURCES[:3]
"""Those and the means of the artist's measured tracks; an estimate or an invented number never enters a statistic."""
MERGE_KINDS = ("source", "credits", "end", "edited", "repeat")
"""Why two records are one listen: another source, under other artists, by the end of the play; the same source, after
it was edited, or again sooner than it could have been heard."""
SHIFT_SIZES = ("Stable", "Minor_Shift", "Major_Shift")
AIMS = ("focus", "relax", "energise", "lift")
PLAYLISTS = ("Focus", "Relaxation", "Energy", "Mood lift")
"""The playlist of each aim, in the same order."""
RUN_STEPS = ("run", "import", "build", "train", "score", "build predictions")
SEVERITIES = ("moderate", "strong", "extreme")
DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
VERDICTS = ("higher", "lower", "not_shown", "insufficient")
"""What a comparison may conclude. ``not_shown`` is no proof of equality; ``insufficient`` was not tested."""
STRENGTHS = ("strong", "moderate", "weak", "negligible", "not_shown", "insufficient", "constant")


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
    """What a null means; empty where the column is never null."""

    @property
    def types(self) -> Types:
        """The column's type in each type system."""
        return TYPES[self.kind]


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
_NOT_GIVEN = "the source does not say"
_ONLY_ID = "the source names only an id"
_UNTRIED = "too few tracks or artists, or features all alike"
_FEW_UNITS = "too few units, or all alike"
_FEW_ARTISTS = "too few artists, or a feature is constant"

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
    "artist_name": _text("Artist as written on the release.", null=_ONLY_ID),
    "track_name": _text("Title of the track.", null=_ONLY_ID),
    "album_name": _text("Album the listen was heard on.", null=_NOT_GIVEN),
    "album_artist_name": _text("Artist of the album.", null=_NOT_GIVEN),
    "album_artist_id": Column("int64", "Identity of the album's artist, which is no artist's for a compilation."),
    "album_title": _text("Name of the album, however it was spelt where it was heard."),
    "spotify_id": _text("Spotify's id of the track (22 characters).", null="not known"),
    "recording_mbid": _text("MusicBrainz id of the recording.", null="not known"),
    "artist_mbid": _text("MusicBrainz id of the artist.", null="not known"),
    "release_mbid": _text("MusicBrainz id of the release.", null="not known"),
    "genre": _text("Most frequent genre of the track in the catalogue.", null="not in the catalogue"),
    "artist_key": _text("Artist in normalised spelling, used to compare spellings.", null=_ONLY_ID),
    "credits": _text(
        "All artists credited, in normalised spelling and sorted, used to compare credits.", null="names no artist"
    ),
    "credit_id": Column("int64", "Identity of the tracks of one title that share an artist: the smallest track_id."),
    "title_key": _text("Title in normalised spelling, used to compare spellings.", null=_ONLY_ID),
    "key_id": Column("int64", "Hash of artist_key and title_key; of the id where the names are not known."),
    "linked_by": _text(
        "What links this spelling to its track.", one_of=("name", "credits", "spotify_id", "recording_mbid")
    ),
    "link_kind": _text("Id that the spellings share.", one_of=("spotify_id", "recording_mbid")),
    "shared": _text("The id that is shared, and the artist or title that agrees."),
    # when
    "started_at": _instant("When the listen started.", null="rejected"),
    "reported_at": _instant("The instant reported by the source.", null="rejected"),
    "local_at": Column(
        "local",
        "The reported instant by the listener's clock, where the source gives no zone.",
        unit="local time",
        null="the source gives an instant",
    ),
    "instant_is": _text(
        "Whether the reported instant is the listen's start or end.", null="rejected", one_of=("start", "end")
    ),
    "precision_s": _number("Precision of the reported instant.", "s", low=0, null="rejected"),
    "started_at_local": Column("local", "When the listen started, by the listener's clock.", unit="local time"),
    "local_date": Column("date", "Calendar day by the listener's clock."),
    "hour_of_day": Column("int64", "Hour by the listener's clock.", unit="h", low=0, high=23, null="the whole day"),
    "hours": _text("Hour by the listener's clock, from 0 to 23, or 'all day'."),
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
    "gap_min": _number("Silence since the previous listen.", "min", low=0, null="the listener's first listen"),
    # how it was heard
    "source": _text("Kind of export or service the row came from."),
    "content": _text("What was heard.", null="rejected", one_of=("music", "podcast", "audiobook")),
    "listened_s": _number("Seconds heard.", "s", low=0, null=_NOT_GIVEN),
    "duration_s": _number("Length of the track.", "s", low=0, null="not known"),
    "is_skipped": _flag("The listener skipped the track.", null=_NOT_GIVEN),
    "is_shuffle": _flag("Shuffle was on.", null=_NOT_GIVEN),
    "is_offline": _flag("Heard without a connection.", null=_NOT_GIVEN),
    "is_incognito": _flag("Heard in a private session.", null=_NOT_GIVEN),
    "reason_start": _text("Why the listen started, in Spotify's words.", null=_NOT_GIVEN),
    "reason_end": _text("Why the listen ended, in Spotify's words.", null=_NOT_GIVEN),
    "country": _text("Country of the connection (ISO 3166).", null=_NOT_GIVEN),
    "client": _text("Program or service that recorded the listen.", null=_NOT_GIVEN),
    "extra": _text("The source's other fields as JSON, without private ones.", null="there are none"),
    "also_seen_in": _text(
        "Other sources that recorded the same listen, sorted and separated by commas.", null="no other"
    ),
    "merged_records": _count("Records of this listen, over all sources."),
    "kept_source": _text("Source of the record that was kept for the listen."),
    "apart_s": _number(
        "How much later this record starts than the kept one, each taken at the middle of its precision.", "s"
    ),
    "is_kept": _flag("The record was kept as the listen."),
    "merge_kind": _text("Why the record belongs to the listen.", null="it was kept", one_of=MERGE_KINDS),
    "is_merged": _flag("Whether records are merged for this reason."),
    "shown_name_id": Column(
        "int64", "Hash of the spelling that the listen is shown under; see name_id.", null="the kept record's"
    ),
    "late_s": _number("Seconds by which the source reports this track too late: its length.", "s", low=0),
    # where a row came from
    "run": Column("int64", "Number of the import that added the row.", low=1),
    "file": _text("SHA-256 of the file the row came from, unpacked."),
    "file_name": _text("Name of that file, including the archive it was in."),
    "row": Column("int64", "Number of the row in its file, from 1; header lines are not counted.", low=1),
    "imported_at": _instant("When the row was imported."),
    "outcome": _text("What became of the row.", one_of=("kept", "duplicate", "rejected")),
    "reason": _text("Why the row was rejected.", null="it was not"),
    "raw": _text("Text of the rejected row without private fields, cut at 2,000 characters.", null="not rejected"),
    "import_started_at": _instant("When the import began."),
    "import_ended_at": _instant("When the import ended."),
    "undone_at": _instant("When the import was undone.", null="it was not"),
    "position": Column("int64", "Place of the file in its import, or of the track on its playlist, from 1.", low=0),
    "reading": _text("How the file was read, in words.", null="it was not"),
    "rows_read": _count("Rows the file holds."),
    "rows_kept": _count("Rows that were new."),
    "rows_duplicate": _count("Rows that were known already."),
    "rows_rejected": _count("Rows that could not be used."),
    "podcasts": _count("Of the kept rows, podcast episodes."),
    "audiobooks": _count("Of the kept rows, audiobook chapters."),
    "problem": _text("What was wrong with the file as a whole.", null="nothing"),
    # passes
    "run_started_at": _instant("When the pass began, which identifies it."),
    "run_ended_at": _instant("When the pass ended."),
    "run_step": Column("string", "Part of the pass.", one_of=RUN_STEPS),
    "run_subject": _text("The file, table or model that the row is about; empty for the pass as a whole."),
    "run_outcome": _text(
        "What became of it: done, failed, built, extended, skipped, served, baseline, not_enough_data."
    ),
    "run_message": _text("What was wrong, or why the model is served or not.", null="nothing to say"),
    "run_rows": _count("Rows kept, in the table, learned from or predicted.", null="the row is about the pass"),
    "took_s": _number("How long it took.", "s", low=0, null="not measured by itself"),
    # the catalogue
    "artists": _text("All credited artists, separated by semicolons; as written in a catalogue.", null=_NOT_GIVEN),
    "popularity": Column("int64", "Spotify's popularity, 0–100.", low=0, high=100, null=_NOT_GIVEN),
    "is_explicit": _flag("Marked as explicit.", null=_NOT_GIVEN),
    "key": Column("int64", "Key of the track, 0 is C.", low=-1, high=11, null=_NOT_GIVEN),
    "mode": Column("int64", "1 major, 0 minor.", low=0, high=1, null=_NOT_GIVEN),
    "time_signature": Column("int64", "Beats in a bar.", low=0, high=12, null=_NOT_GIVEN),
    "subgenre": _text("The catalogue's finer genre.", null=_NOT_GIVEN),
    "release_date": _text("Release date as written in the catalogue.", null=_NOT_GIVEN),
    "playlist_id": _text("Playlist the catalogue found the track in.", null=_NOT_GIVEN),
    "playlist_name": _text("Name of that playlist.", null=_NOT_GIVEN),
    "playlist_ids": _text("Playlists the catalogue found the track in, sorted, separated by spaces.", null=_NOT_GIVEN),
    # audio features
    "danceability": _number("How suitable the track is for dancing, 0–1.", low=0, high=1, null=_NO_FEATURES),
    "energy": _number("Intensity, 0–1.", low=0, high=1, null=_NO_FEATURES),
    "valence": _number("How positive the music sounds, 0–1.", low=0, high=1, null=_NO_FEATURES),
    "acousticness": _number("Confidence that the track is acoustic, 0–1.", low=0, high=1, null=_NO_FEATURES),
    "instrumentalness": _number("Confidence that the track has no vocals, 0–1.", low=0, high=1, null=_NO_FEATURES),
    "speechiness": _number("Share of spoken word, 0–1.", low=0, high=1, null=_NO_FEATURES),
    "loudness": _number("Mean loudness.", "dB", low=-80, high=10, null=_NO_FEATURES),
    "liveness": _number("Confidence that the track was recorded live, 0–1.", low=0, high=1, null=_NO_FEATURES),
    "tempo": _number("Beats per minute.", "bpm", low=0, high=400, null=_NO_FEATURES),
    "feature_source": _text(
        "Where the track's features come from, best first; 'none' counts listens without features.",
        null=_NO_FEATURES,
        one_of=(*FEATURE_SOURCES, "none"),
    ),
    "mood": _text(
        "Mood category: the track's own by valence and energy, or a probable one.",
        null="the track has no audio features, or its mood is not sure enough",
        one_of=MOODS,
    ),
    "artist_tracks": _count("Measured tracks of the artist in the catalogues.", null="features are not the artist's"),
    "mood_tracks": _count("Of these, the tracks with the mood.", null="no mood is probable enough"),
    "mood_probability_pct": _number(
        "Probability that a track of the artist has the mood.", "%", low=0, high=100, null="no mood is probable enough"
    ),
    # measures
    "listens": _count("Number of listens."),
    "tracks": _count("Number of distinct tracks."),
    "artists_heard": _count("Number of distinct artists."),
    "minutes": _number(
        "Minutes heard, over the listens with a known listening time.",
        "min",
        low=0,
        null="no listen has a known listening time",
    ),
    "timed_listens": _count("Listens with a known listening time."),
    "share_pct": _number("Share of the listens.", "%", low=0, high=100),
    "new_tracks": _count("Tracks heard for the first time in this history."),
    "new_artists": _count("Artists heard for the first time in this history."),
    "total_listens": _count("All of the listener's listens in the month."),
    "days_active": _count("Days with a listen."),
    "skipped_pct": _number(
        "Share of listens skipped, among those with this information.",
        "%",
        low=0,
        high=100,
        null="no listen has this information",
    ),
    "first_heard_month": Column("date", "Month in which the listener first heard the artist."),
    "months_since_first_heard": _count("Calendar months since first_heard_month."),
    "last_listen_gap_days": _number("Days from the last listen to the end of the month.", "d", low=0, high=31),
    "rank": Column("int64", "Place in the list, 1 is first.", low=1),
    "first_heard_at": _instant("When the first of the listens started."),
    "last_heard_at": _instant("When the last of the listens started.", null="never heard"),
    "period_type": _text("Length of the period; weeks are ISO weeks.", one_of=PERIOD_TYPES),
    "period_start": Column("date", "First day of the period by the listener's clock; of a week, its Monday."),
    "weekend_listens": _count("Listens on a Saturday or Sunday."),
    "weekend_share_pct": _number("Share of the listens on a Saturday or Sunday.", "%", low=0, high=100),
    "listens_before": _count(
        "Listens in the previous calendar period; 0 if it had none.", null="the listener's first period"
    ),
    "change_pct": _number(
        "Change in listens from the previous calendar period.",
        "%",
        low=-100,
        null="the previous period had no listens",
    ),
    "rolling_periods": Column("int64", "Calendar periods in a rolling mean, including this one.", unit="n", low=1),
    "rolling_listens": _number(
        "Mean listens per calendar period over the last rolling_periods.", "n", low=0, null=_TOO_SHORT
    ),
    "rolling_minutes": _number(
        "Mean minutes per calendar period over the last rolling_periods.",
        "min",
        low=0,
        null=f"{_TOO_SHORT}, or no listen has a known listening time",
    ),
    "rolling_new_tracks": _number(
        "Mean new tracks per calendar period over the last rolling_periods.", "n", low=0, null=_TOO_SHORT
    ),
    "listens_with_features": _count("Listens with features from the sources that the table names."),
    "feature": _text("Audio feature.", one_of=FEATURES),
    "weighted_by": _text("What is counted once: each listen or each track.", one_of=("listens", "tracks")),
    "n": Column("int64", "Number of observations behind the row's statistics.", unit="n", low=1),
    "mean": _number("Arithmetic mean.", "as the feature"),
    "stddev": _number("Standard deviation of the sample.", "as the feature", low=0, null="n is 1"),
    "min": _number("Smallest value.", "as the feature"),
    "p05": _number(
        "5th percentile: the smallest value that at least 5 % of the values do not exceed.", "as the feature"
    ),
    "p25": _number("25th percentile.", "as the feature"),
    "median": _number("50th percentile.", "as the feature"),
    "p75": _number("75th percentile.", "as the feature"),
    "p95": _number("95th percentile.", "as the feature"),
    "max": _number("Largest value.", "as the feature"),
    # comparisons, in every table that has them
    "units": _count("Independent observations behind the row: sessions, or (parts of) days where days are compared."),
    "difference": _number(
        "Difference of the two means; negative when the first is lower.",
        "as the means",
        null="one of them is not known, or too few units to compare",
    ),
    "difference_low": _number("Lower end of the difference's 95 % interval.", "as the means", null=_FEW_UNITS),
    "difference_high": _number("Upper end of the difference's 95 % interval.", "as the means", null=_FEW_UNITS),
    "effect": _number(
        "Size of the difference in standard deviations between units (Cohen's d): .2 small, .5 medium, .8 large.",
        null=_FEW_UNITS,
    ),
    "detectable_difference": _number(
        "Smallest difference that would have been found with a chance of 80 %, given so many units (minimum detectable "
        "effect).",
        "as the means",
        low=0,
        null="found, or not tested",
    ),
    "p_corrected": _number(
        "Probability of such a difference by chance, corrected for all tests of the listener in this table "
        "(Benjamini–Hochberg).",
        low=0,
        high=1,
        null=f"{_FEW_UNITS}: not tested",
    ),
    "verdict": _text(
        "Result of the comparison: higher, lower, not_shown (no proof of equality) or insufficient evidence.",
        one_of=VERDICTS,
    ),
}
COLUMNS |= {
    **{
        f"mean_{f}": replace(
            COLUMNS[f],
            meaning=f"Mean {f} of the listens with features from the sources that the table names.",
            null="fewer than five listens have such features",
        )
        for f in FEATURES
    },
    **{f"n_{f}": _count(f"Listens behind the row's mean {f}.") for f in FEATURES},
    **{
        f"{s}_share_pct": _number(f"Share of the listens (or tracks) with {s} features.", "%", low=0, high=100)
        for s in FEATURE_SOURCES
    },
}


COLUMNS |= {
    # aims
    "aim": _text("What the music should be good for.", one_of=AIMS),
    "fit": _number(
        "How well the track's features suit the aim, by the same rules for everyone.",
        low=0,
        high=1,
        null=_NO_FEATURES,
    ),
    # personalized_playlist_suggestions
    "playlist": _text("Name of the playlist.", one_of=PLAYLISTS),
    "step": _number(
        "Distance from the previous track in energy and tempo, where 10 bpm count as much as .1 of energy.",
        low=0,
        null="the first track",
    ),
}

COLUMNS |= {
    # mood_shift_patterns
    "shift_size": _text(
        "How far the mood moved in valence and energy: Stable below .1, Major_Shift from .35.",
        one_of=SHIFT_SIZES,
    ),
    "shifts": _count(
        "Pairs of different tracks heard directly one after the other in a session, both with measured features."
    ),
    "hour_shifts": _count("All such pairs in the hour, of any size."),
    "hour_repeats": _count("Measured tracks repeated immediately in the hour; not counted as shifts."),
    "shift_share_pct": _number("Share of the hour's shifts.", "%", low=0, high=100),
    "shift_share_low_pct": _number(
        "Lower end of the 95 % interval of the share, with sessions as units.", "%", low=0, high=100, null=_FEW_UNITS
    ),
    "shift_share_high_pct": _number("Upper end of that interval.", "%", low=0, high=100, null=_FEW_UNITS),
    **{
        name: column
        for feature in ("valence", "energy")
        for name, column in {
            f"{feature}_change": _number(
                f"Mean change of {feature} from one listen to the next: the mean of the sessions' means.",
                low=-1,
                high=1,
                null="no such shift",
            ),
            f"{feature}_change_low": _number(f"Lower end of the 95 % interval of {feature}_change.", null=_FEW_UNITS),
            f"{feature}_change_high": _number("Upper end of that interval.", null=_FEW_UNITS),
            f"{feature}_change_effect": _number(
                f"{feature}_change in standard deviations between sessions (Cohen's d).", null=_FEW_UNITS
            ),
            f"{feature}_change_detectable": replace(
                COLUMNS["detectable_difference"],
                meaning=f"Smallest {feature}_change that would have been found with a chance of 80 %, given so many "
                "units (minimum detectable effect).",
            ),
            f"{feature}_change_p_corrected": replace(
                COLUMNS["p_corrected"],
                meaning=f"Probability of such a {feature}_change if there were none, corrected for all tests of "
                "the listener in this table (Benjamini–Hochberg).",
            ),
            f"{feature}_change_verdict": replace(
                COLUMNS["verdict"], meaning=f"Whether {feature} changes: higher, lower, not_shown or insufficient."
            ),
        }.items()
    },
    **{f"from_{before.lower()}_n": _count(f"Shifts that begin in {before}.") for before in MOODS},
    **{
        f"{before.lower()}_to_{after.lower()}_pct": _number(
            f"Share of the row's shifts from {before} that end in {after}.",
            "%",
            low=0,
            high=100,
            null=f"from_{before.lower()}_n is 0",
        )
        for before in MOODS
        for after in MOODS
    },
    # part_of_day_drivers
    "driver_type": _text("Kind of driver.", one_of=("feature", "genre", "artist")),
    "driver": _text("Audio feature, genre or artist that may distinguish this part of the day."),
    "driver_listens": _count(
        "Listens in this part of the day with the feature measured, of the genre or by the artist."
    ),
    "units_with_driver": _count("Units in this part of the day that have such a listen."),
    "units_outside": _count("Units in the other parts of the day."),
    "mean_inside": _number(
        "Mean of this part's units: a feature in its own unit, a genre or artist as a share in %.",
        "as the feature, or %",
        null="nothing measured in this part of the day",
    ),
    "mean_outside": _number(
        "Mean of the units in the other parts of the day.",
        "as the feature, or %",
        null="nothing measured in the others",
    ),
    "consistency": _number(
        "1 − (standard deviation of units inside / outside); above 0 this part is more consistent.",
        high=1,
        null="not a feature, or too few units",
    ),
    # sequential_patterns
    "pattern_type": _text(
        "What the pattern is made of: two moods, three moods or two artists.", one_of=("mood_2", "mood_3", "artist_2")
    ),
    "pattern": _text("Moods or artists in the order heard, directly one after the other."),
    "occurrences": _count("How often the pattern was heard."),
    "expected_occurrences": _number("Number expected if the artists of each session came in random order.", "n", low=0),
    "lift": _number("occurrences / expected_occurrences.", low=0),
    "lift_low": _number("Lower end of the 95 % interval of the lift, with sessions as units.", low=0, null=_FEW_UNITS),
    "lift_high": _number("Upper end of that interval.", low=0, null=_FEW_UNITS),
    "detectable_lift": _number(
        "Smallest lift above 1 that would have been found with a chance of 80 %, given so many units (minimum "
        "detectable effect).",
        low=1,
        null="found, or not tested",
    ),
    "confidence_pct": _number(
        "Share of confidence_n that end like the pattern.", "%", low=0, high=100, null="confidence_n is 0"
    ),
    "confidence_n": _count("How often the pattern without its last element was followed by any known element."),
    "support_pct": _number("Share of possible_sessions that contain the pattern.", "%", low=0, high=100),
    "possible_sessions": _count("Sessions that contain any pattern of this type."),
    "pattern_sessions": _count("Sessions that contain the pattern."),
    "pattern_days": _count("Days on which such a session started."),
    "track_sequences": _count(
        "Number of different track sequences among the occurrences, for moods of each artist's first tracks; 1 means a "
        "fixed order."
    ),
}

COLUMNS |= {
    # mood_time_correlations
    **{
        name: column
        for f in MOOD_FEATURES
        for name, column in {
            f"sessions_{f}": _count(f"Sessions with measured {f} in this hour: the units of the statistics."),
            f"session_mean_{f}": _number(
                f"Mean {f} of the hour: the mean of its sessions' means.", low=0, high=1, null="none was measured"
            ),
            f"session_stddev_{f}": _number(
                "Standard deviation of the sessions' means.", low=0, null="fewer than two sessions"
            ),
            f"deviation_{f}": _number(
                "The hour's mean minus the listener's mean over all hours.", low=-1, high=1, null="none was measured"
            ),
            f"deviation_low_{f}": _number(f"Lower end of the 95 % interval of deviation_{f}.", null=_FEW_UNITS),
            f"deviation_high_{f}": _number("Upper end of that interval.", null=_FEW_UNITS),
            f"compared_{f}": _count("Sessions with another measured session in the same month."),
            f"month_deviation_{f}": _number(
                "Mean deviation of these sessions from the other sessions of the same month.",
                low=-1,
                high=1,
                null="no session could be compared",
            ),
            f"month_deviation_low_{f}": _number(
                f"Lower end of the 95 % interval of month_deviation_{f}.", null=_FEW_UNITS
            ),
            f"month_deviation_high_{f}": _number("Upper end of that interval.", null=_FEW_UNITS),
            f"effect_{f}": replace(
                COLUMNS["effect"], meaning=f"month_deviation_{f} in standard deviations between sessions (Cohen's d)."
            ),
            f"detectable_difference_{f}": replace(
                COLUMNS["detectable_difference"],
                meaning=f"Smallest month_deviation_{f} that would have been found with a chance of 80 %, given so many "
                "units (minimum detectable effect).",
            ),
            f"p_corrected_{f}": replace(
                COLUMNS["p_corrected"],
                meaning=f"Probability of such a month_deviation_{f} by chance, corrected for all hours and features "
                "of the listener (Benjamini–Hochberg).",
            ),
            f"verdict_{f}": replace(
                COLUMNS["verdict"],
                meaning=f"Whether {f} is higher or lower at this hour than at others in the same month.",
            ),
            f"day_sessions_{f}": _count("Sessions behind the correlation with the time of day, over all hours."),
            f"day_units_{f}": _count("Days with such a session: the units of the test of that correlation."),
            f"day_r_{f}": _number(
                f"Circular–linear correlation of the time of day with {f}, over all hours; the same in every row.",
                low=0,
                high=1,
                null=_FEW_UNITS,
            ),
            f"day_p_corrected_{f}": _number(
                "Probability of such a correlation by chance, corrected for the features.",
                low=0,
                high=1,
                null=f"{_FEW_UNITS}: not tested",
            ),
            f"day_peak_hour_{f}": _number(
                f"Time of day at which {f} is highest according to the fitted curve.",
                "h",
                low=0,
                high=24,
                null="no correlation shown",
            ),
        }.items()
    },
    # weekend_vs_weekday
    "metric": _text("Name of the compared metric; the table's description lists them."),
    "n_weekend": _count("Listens behind the weekend's mean."),
    "n_weekday": _count("Listens behind the weekdays' mean."),
    "days_weekend": _count("Saturdays and Sundays behind the mean: the units of the statistics."),
    "days_weekday": _count("Days from Monday to Friday behind the mean."),
    "mean_weekend": _number("Mean of the weekend days.", "as the metric", null="no such day"),
    "mean_weekday": _number("Mean of the days from Monday to Friday.", "as the metric", null="no such day"),
    "stddev_weekend": _number(
        "Standard deviation of the weekend days.", "as the metric", low=0, null="fewer than two days"
    ),
    "stddev_weekday": _number(
        "Standard deviation of the weekdays.", "as the metric", low=0, null="fewer than two days"
    ),
    "welch_effect": _number("difference in standard deviations of days (Cohen's d).", null=_FEW_UNITS),
    "welch_p_corrected": _number(
        "Probability of such a difference between all days by chance (Welch's test), corrected for the metrics.",
        low=0,
        high=1,
        null=f"{_FEW_UNITS}: not tested",
    ),
    "weeks": _count("Weeks with both kinds of day: the units behind the verdict."),
    "week_difference": _number(
        "Mean of the weekly differences: Saturday and Sunday minus Monday to Friday.",
        "as the metric",
        null="no week has both",
    ),
    "week_difference_low": _number("Lower end of its 95 % interval.", "as the metric", null=_FEW_UNITS),
    "week_difference_high": _number("Upper end of that interval.", "as the metric", null=_FEW_UNITS),
    # feature_correlations
    "feature_a": _text("First feature of the pair.", one_of=FEATURES),
    "feature_b": _text("Second feature of the pair.", one_of=FEATURES),
    "measured_tracks": _count("Distinct tracks heard whose features (those of the row) were measured."),
    "measured_artists": _count("Artists of these tracks: the units of the statistics."),
    **{
        name: column
        for kind, of in (("pearson", "values"), ("spearman", "ranks"))
        for name, column in {
            f"{kind}_r": _number(
                f"Correlation of the {of}; 1 and −1 are perfect.",
                low=-1,
                high=1,
                null="a feature is constant, or no tracks",
            ),
            f"{kind}_low": _number("Lower end of its 95 % interval.", low=-1, high=1, null=_FEW_ARTISTS),
            f"{kind}_high": _number("Upper end of that interval.", low=-1, high=1, null=_FEW_ARTISTS),
            f"{kind}_detectable": _number(
                "Smallest coefficient that would have been found with a chance of 80 %, given so many artists (minimum "
                "detectable effect).",
                low=0,
                high=1,
                null="found, or not tested",
            ),
            f"{kind}_p_corrected": _number(
                "Probability of such a correlation by chance, corrected for both coefficients of all pairs "
                "(Benjamini–Hochberg).",
                low=0,
                high=1,
                null=f"{_FEW_ARTISTS}: not tested",
            ),
        }.items()
    },
    "strength": _text(
        "How strong |spearman_r| is: negligible under .1, weak, moderate from .3, strong from .5; not_shown, "
        "insufficient (too few artists) or constant (a feature is the same in all tracks).",
        one_of=STRENGTHS,
    ),
}

COLUMNS |= {
    # listening_anomalies
    "anomaly": _text("What was unusual about the day.", one_of=("volume", "mood", "hour", "repetition")),
    "actual": _number("The day's value: listens, mean valence, % at unusual hours or % of one track.", "by anomaly"),
    "expected": _number("The same for a usual day in the surrounding weeks.", "by anomaly"),
    "score": _number("Distance of actual from expected, in the listener's robust standard deviations."),
    "threshold": _number("Absolute score that a day had to exceed to be listed."),
    "severity": _text("How unusual: moderate, strong from a score of 3, extreme from 4.5.", one_of=SEVERITIES),
    "days_judged": _count("Days of the listener that could be judged for this anomaly."),
    "days_around": _count("Days within eight weeks used for comparison."),
    "in_words": _text("The row in a plain sentence."),
}

COLUMNS |= {
    # mood_improvement_recommendations
    "kind": _text("Whether the listener has heard the track.", one_of=("heard", "unheard")),
    "sessions": _count("Sessions behind the row."),
    "valence_before": _number(
        "Mean valence of other artists in the 5 listens before it.", low=0, high=1, null="never heard"
    ),
    "valence_after": _number(
        "Mean valence of other artists in the 5 listens after it.", low=0, high=1, null="never heard"
    ),
    "valence_expected": _number(
        "Valence that usually follows this valence_before in the listener's same years.", null="never heard"
    ),
    "rise": _number("valence_after minus valence_before.", low=-1, high=1, null="never heard"),
    "rise_low": _number("Lower end of the 95 % interval of the rise.", null=_FEW_UNITS),
    "rise_high": _number("Upper end of that interval.", null=_FEW_UNITS),
    "tracks_tested": _count("Tracks of the listener with enough units to be tested."),
    "close_to_id": Column("int64", "track_id of the heard track it sounds like.", null="the track was heard"),
    "close_to": _text("Title of the heard track it sounds like.", null="the track was heard"),
    "distance": _number(
        "Distance between the two: root mean square difference over six features of 0–1.",
        low=0,
        high=1,
        null="the track was heard",
    ),
    "because": _text("Why the track is in the list, in words.", null="insufficient evidence"),
    # optimal_listening_times, mood_intervention_triggers
    "tracks_with_features": _count("Distinct tracks whose features were measured (real or catalogue)."),
    "n_fit": _count("Listens behind mean_fit."),
    "mean_fit": _number(
        "Mean fit of the music for the aim: the mean of the sessions' means.",
        low=0,
        high=1,
        null="no session could be compared",
    ),
    "usual_fit": _number(
        "The same for the other sessions of the same months.", low=0, high=1, null="no session could be compared"
    ),
    "n_low": _count("Measured listens behind low_share_pct."),
    "hour_rank": Column(
        "int64",
        "Rank of the hour for the aim among those that suit it more than usual, by difference_low; 1 is best.",
        low=1,
        null="not shown to suit it more than usual",
    ),
    "suggestion": _text("Suggestion for the hour, in words.", null="insufficient evidence"),
    "low_valence": _number(
        "Valence up to which a listen counts as low; those at it count in part, so that a quarter are low.",
        low=0,
        high=1,
        null="the listener has no measured listens",
    ),
    "low_share_pct": _number(
        "Share of low listens in the hour: the mean of the sessions' shares.",
        "%",
        low=0,
        high=100,
        null="no session could be compared",
    ),
    "usual_low_share_pct": _number(
        "The same for the other sessions of the same months.",
        "%",
        low=0,
        high=100,
        null="no session could be compared",
    ),
    "priority": _text(
        "How much more low-valence music than usual: high (effect from .5), medium (from .2), low; none if no "
        "increase is shown.",
        one_of=("high", "medium", "low", "none"),
        null="insufficient evidence",
    ),
    "brighter_artist_name": _text(
        "A familiar artist whose music is brighter than the listener's mean, if possible one heard at this hour.",
        null="no priority, or no such artist",
    ),
    "what_to_try": _text("What the listener could try, in words.", null="no priority"),
    "note": _text("What cannot be concluded from the row."),
}

COLUMNS |= {
    # mood_state_clusters
    "persona": _count("Number of the persona, 1 has the most tracks; 0 means all tracks when there are no personas."),
    "persona_name": _text(
        "What distinguishes the persona from the listener's other music.", null="there are no stable personas"
    ),
    "is_stable": _flag("The row is a persona that passed every test."),
    "evidence": _text("Whether stable personas exist.", one_of=("stable", "not_shown", "insufficient")),
    "artists_sampled": _count("Distinct artists of the row's tracks."),
    "tracks_share_pct": _number("Share of the sampled tracks.", "%", low=0, high=100, null="no track was sampled"),
    "sample_share_pct": _number(
        "Share of the listens of the sampled tracks.", "%", low=0, high=100, null="no track was sampled"
    ),
    **{
        f"centroid_{f}": replace(COLUMNS[f], meaning=f"Mean {f} of the row's tracks.", null="not known for any track")
        for f in FEATURES
    },
    "k": Column(
        "int64", "Number of groups the figures are for: those shown, or the best tried.", "n", 2, 5, null=_UNTRIED
    ),
    "silhouette": _number("Mean silhouette of the k groups.", low=-1, high=1, null=_UNTRIED),
    "null_silhouette": _number(
        "The same with each feature shuffled on its own: mean over the shuffles.", low=-1, high=1, null=_UNTRIED
    ),
    "shuffles": Column("int64", "How often the features were shuffled.", "n", 1, null=_UNTRIED),
    "correlated_silhouette": _number(
        "The same for simulated tracks with the same correlations but no groups: mean of five.",
        low=-1,
        high=1,
        null="there are no personas",
    ),
    "stability_ari": _number(
        "Mean adjusted Rand index between the groups and those found with resampled artists.",
        low=-1,
        high=1,
        null="not tried: too few tracks, or no large enough groups above chance",
    ),
    "smallest_share_pct": _number("Share of the tracks in the smallest group.", "%", low=0, high=100, null=_UNTRIED),
    "inertia_left_pct": _number(
        "Share of the scatter that remains within the groups.", "%", low=0, high=100, null=_UNTRIED
    ),
    "elbow_k": Column("int64", "Number of groups up to which the scatter falls steeply.", "n", 1, 5, null=_UNTRIED),
    "is_separate": _flag(
        "The groups are more than the ends of a scale: clearly above correlated_silhouette.",
        null="there are no personas",
    ),
    "sampled_tracks": _count("Tracks that were grouped."),
    "measured_share_pct": _number("Share of all listens whose features were measured.", "%", low=0, high=100),
}

COLUMNS |= {
    # listener_traits, behavioral_segments
    "archetype": _text("The listener's most pronounced traits in words, or balanced.", null="too few months"),
    **{
        name: column
        for trait, (meaning, unit, high) in {
            "exploring_pct": ("Listens of tracks not heard in the 180 days before", "%", 100),
            "after_dark_pct": ("Listens from 18:00 to 5:59 by the listener's clock", "%", 100),
            "bursts_pct": ("Listens on the three busiest days of the month", "%", 100),
            "eclectic_bits": ("Entropy of the artists in 50 listens of the month", "bit", 5.65),
            "loyal_pct": ("Overlap of the artists' shares with those of the month before", "%", 100),
        }.items()
        for name, column in {
            trait: _number(f"{meaning}: mean over the months.", unit, low=0, high=high, null="no such month"),
            f"{trait}_stddev": _number(
                f"Standard deviation of the months behind {trait}.", unit, low=0, null="fewer than two such months"
            ),
            f"{trait}_low": _number(f"Lower end of the 95 % interval of {trait}.", unit, null="too few months"),
            f"{trait}_high": _number("Upper end of that interval.", unit, null="too few months"),
            f"{trait}_rank": _number(
                f"Percent rank of {trait} among the listeners compared; 50 is the middle.",
                "%",
                low=0,
                high=100,
                null="too few months",
            ),
            f"{trait}_months": _count(f"Months behind {trait}."),
        }.items()
    },
    "compared_with": _text(
        "Who the ranks compare with: the home's listeners, or the simulated ones of the demo.",
        one_of=("household", "demo"),
    ),
    "compared_listeners": _count("Number of listeners compared; in a household this includes the listener."),
    "months_compared": _count("Whole months with at least 50 listens, the latest 24 at most."),
}

COLUMNS |= {
    # models
    **{
        f"{f}_spread": _number(
            f"Standard deviation of {f} among the artist's measured tracks.",
            "as the feature",
            low=0,
            null="a single track, or none with the feature",
        )
        for f in IMPUTED
    },
    **{
        f"{f}_error": _number(
            f"Standard error of the estimated {f}.", "as the feature", low=0, null="the estimate is the baseline's"
        )
        for f in IMPUTED
    },
    "model": _text("Name of the model."),
    "model_version": Column("int64", "Version of the model in the registry.", low=1),
    "served_by": _text(
        "Where the score comes from: the model, or its baseline if the model did not beat it.",
        one_of=("model", "baseline"),
    ),
    "as_of_at": _instant("The row is based on what was known at this instant."),
    "trained_at": _instant("When the version was trained."),
    "subject": _text("Subject of the prediction: a track, an artist, an hour, the next track."),
    "subject_id": Column("int64", "Identity of the track or artist.", null="the subject has none"),
    "predicted_for_at": _instant("Instant, or start of the hour or month, of the prediction.", null="at any time"),
    "quantity": _text("What is predicted: a feature, a class, an event."),
    "score": _number("The prediction: a probability, or a number in the quantity's unit.", "as the quantity"),
    "score_low": _number("Lower end of the prediction's 90 % interval.", "as the quantity", null="not available"),
    "score_high": _number("Upper end of that interval.", "as the quantity", null="not available"),
    "baseline_score": _number("The baseline's prediction.", "as the quantity", null="not known"),
    "actual": _number("The actual value.", "as the quantity", null="not known, or not yet"),
    "is_served": _flag("This version is being served."),
    "target": _text("What was predicted."),
    "protocol": _text("How the test data was kept separate from the training data."),
    "metric": _text("Name of the metric."),
    "is_deciding": _flag("The model has to beat its baseline in this metric to be served."),
    "value": _number("The metric's value.", null="not defined on these rows"),
    "value_low": _number("Lower end of the value's 95 % interval.", null="too few blocks"),
    "value_high": _number("Upper end of that interval.", null="too few blocks"),
    "rows": _count("Rows that were predicted."),
    "rows_before": _count("Rows that the model was trained on."),
    "baseline_name": _text("Name of the baseline that the model has to beat."),
    "baseline_value": _number("The baseline's value, fitted on the same rows.", null="not compared in this metric"),
    "gain": _number("How much better than the baseline; above 0 is better.", null="not compared in this metric"),
    "gain_low": _number("Lower end of the gain's 95 % interval, on the same draws.", null="too few blocks"),
    "gain_high": _number("Upper end of that interval.", null="too few blocks"),
    "is_better": _flag("The gain's interval is above 0."),
    "data_version": _text("Versions of the tables used for training."),
    "drift": _number("Population stability index: 0 is no change, above .25 a large one.", low=0),
    "drift_limit": _number("Drift above which the model should be trained again.", low=0),
    "is_due": _flag("The version should be trained again."),
}

COLUMNS |= {
    # predictive tables
    "predicted_for_local": Column("local", "Start of the hour by the listener's clock.", unit="local time"),
    "slot": _text("What the prediction is about.", one_of=("coming_hour", "listen")),
    "slot_id": Column("int64", "The listen's id; for an hour, the hours since 1970."),
    **{
        f"{name}_{feature}": _number(f"{meaning} {feature}.", low=0, high=1, null=null)
        for feature in ("valence", "energy")
        for name, meaning, null in (
            ("expected", "Predicted", ""),
            ("baseline", "The baseline's prediction of", "not known"),
            ("actual", "Measured", "not measured, or not yet"),
        )
    },
    **{
        f"expected_{feature}_{end}": _number(
            f"{'Lower' if end == 'low' else 'Upper'} end of the 90 % interval.", null="the baseline is served"
        )
        for feature in ("valence", "energy")
        for end in ("low", "high")
    },
    "predicted_mood": _text("Most probable mood.", one_of=MOODS),
    "actual_mood": _text("Mood by measured features.", one_of=MOODS, null="not measured"),
    "probability_pct": _number("Predicted probability.", "%", low=0, high=100),
    "baseline_pct": _number("Probability predicted by the baseline.", "%", low=0, high=100, null="not known"),
    "horizon": _text("How far ahead the prediction was made.", one_of=("day_ahead", "hour_ahead")),
    "music_group": _text("What distinguishes the group from the listener's other music."),
    "months_heard": _count("Months with a listen of the artist."),
    **{f"{mood.lower()}_pct": _number(f"Probability of {mood}.", "%", low=0, high=100) for mood in MOODS},
    "scope": _text("Whose rows were predicted.", one_of=("everybody", "listener")),
    # genre_profiles
    "year_local": Column("int64", "Calendar year by the listener's clock.", low=2000, high=2200),
    "known_listens": _count("Listens of the year whose genre is known."),
    "genre_share_pct": _number("Share of the year's listens with a known genre.", "%", low=0, high=100),
    "share_change_pct": _number(
        "Change from the year before in percentage points.", "%", low=-100, high=100, null="the first year"
    ),
}


def arrow_schema(columns: Iterable[str]) -> pa.Schema:
    """The Arrow schema of a table with these columns."""
    import pyarrow as pa

    types = {kind: getattr(pa, name)(*arguments) for kind, (_, (name, *arguments), *_) in TYPES.items()}
    return pa.schema([(c, types[COLUMNS[c].kind]) for c in columns])
