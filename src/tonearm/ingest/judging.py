"""Judging: SQL that gives each staged row its identity and decides whether it is kept, a duplicate or rejected."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from tonearm.bronze import CATALOGUE, HISTORY, ORIGIN, SCHEMAS, tidied_sql
from tonearm.columns import COLUMNS

EARLIEST = "2000-01-01"
"""No tracker is older; an earlier date means that a clock was not set."""

_FIELD = "chr(31)"
_RAW_LIMIT = 2000
_NAMES = (
    "artist_name",
    "track_name",
    "album_name",
    "album_artist_name",
    "artists",
    "spotify_id",
    "recording_mbid",
    "artist_mbid",
    "release_mbid",
)
"""Text columns that are trimmed, and null when empty."""
_HASHED = ("artist_name", "track_name", "album_name", "artists")
"""Names that give a record its identity as they were written, but for spaces around them."""


def _tidied(name: str, staged: str) -> str:
    names = ", ".join(f"{tidied_sql(c)} AS {c}" for c in SCHEMAS[name] if c in _NAMES)
    written = ", ".join(f"CASE WHEN {tidied_sql(c)} IS NOT NULL THEN trim({c}) END AS written_{c}" for c in _HASHED)
    return f"SELECT * REPLACE ({names}), {written} FROM {staged}"


def unusable_sql(name: str) -> str:
    """SQL for why a row of bronze table ``name`` with tidied names could stop the tables made from it; null if not."""
    nameless = "spotify_id IS NULL AND recording_mbid IS NULL"
    cases = {
        HISTORY: (
            (f"track_name IS NULL AND {nameless}", "names no track"),
            (f"artist_name IS NULL AND content = 'music' AND {nameless}", "names no artist"),
        ),
        CATALOGUE: (("track_name IS NULL OR artist_name IS NULL", "names no track or no artist"),),
    }[name]
    rules = (*cases, *_ranges(name))
    return "CASE " + " ".join(f"WHEN {wrong} THEN '{reason}'" for wrong, reason in rules) + " END"


def _ranges(name: str) -> Iterator[tuple[str, str]]:
    """What the columns of ``name`` may not hold, as their descriptions have it, with the reason for rejecting it."""
    for column in (c for c in SCHEMAS[name] if c not in ORIGIN):
        meaning = COLUMNS[column]
        if meaning.kind == "float64":
            yield f"NOT isfinite({column})", f"{column} is not a number"
        if meaning.low is not None or meaning.high is not None:
            low = "" if meaning.low is None else f"{column} < {meaning.low}"
            high = "" if meaning.high is None else f"{column} > {meaning.high}"
            limits = f"{meaning.low:g} to {meaning.high:g}" if meaning.high is not None else f"from {meaning.low:g}"
            yield " OR ".join(filter(None, (low, high))), f"{column} is out of range ({limits})"
        if meaning.one_of:
            values = ", ".join(f"'{value}'" for value in meaning.one_of)
            yield f"{column} NOT IN ({values})", f"{column} is none of {', '.join(meaning.one_of)}"


def rules(name: str) -> str:
    """Hash of what is asked of the rows of bronze table ``name``; another one when that changes."""
    return hashlib.sha256(f"{unusable_sql(name)} {_tidied(name, name)}".encode()).hexdigest()[:16]


def set_aside_sql(name: str) -> str:
    """SQL for the rows of bronze table ``name`` that were kept before today's rules were made, and why not now."""
    raw = "concat_ws(' | ', artist_name, track_name)"
    return f"""
    SELECT run, file, row, why AS reason, left({raw}, {_RAW_LIMIT}) AS raw FROM (
        SELECT *, {unusable_sql(name)} AS why FROM ({_tidied(name, name)}) WHERE reason IS NULL
    ) WHERE why IS NOT NULL"""


def _hash(*parts: str) -> str:
    """SQL for 63 bits of MD5 over ``parts``, the same on every machine and in every version."""
    text = f" || {_FIELD} || ".join(f"coalesce({part}, '')" for part in parts)
    return f"(md5_number_lower({text}) >> 1)::BIGINT"


LONGEST_S = 7 * 24 * 3600
"""No listen and no track is longer than a week."""

_STARTED = f"""coalesce(started_at, CASE WHEN instant_is = 'end' AND listened_s BETWEEN 0 AND {LONGEST_S}
    THEN reported_at - to_microseconds(TRY_CAST(listened_s * 1e6 AS BIGINT)) ELSE reported_at END)"""


def history_sql(staged: str) -> str:
    """SQL that gives ``staged`` listens their start, their identity and, where they are unusable, a reason.

    Two records are the same when their source, instant, length and track agree; the track by Spotify's id
    where there is one, since names are edited later, else by artist, title and album. Needs the
    variable ``now``.
    """
    artist, track, album, _ = (f"written_{c}" for c in _HASHED)
    record = _hash(
        "source",
        "content",
        # A local time is what was written; its instant follows the listener's zone.
        "coalesce('local ' || epoch_us(local_at)::VARCHAR, epoch_us(reported_at)::VARCHAR)",
        "TRY_CAST(round(listened_s * 1000) AS BIGINT)::VARCHAR",
        f"coalesce(spotify_id, {artist} || {_FIELD} || {track} || {_FIELD} || coalesce({album}, ''),"
        f" {artist}, {track})",
    )
    several = f"coalesce(recording_mbid, '') || CASE WHEN contains(artists, ';') THEN {_FIELD} || artists ELSE '' END"
    name = _hash(artist, track, "spotify_id", several)
    return f"""
    WITH timed AS (
        SELECT * REPLACE (
            {_STARTED} AS started_at,
            coalesce(content, 'music') AS content,
            CASE WHEN duration_s > 0 AND duration_s <= {LONGEST_S} THEN duration_s END AS duration_s
        )
        FROM ({_tidied(HISTORY, staged)})
    ), judged AS (
        SELECT * REPLACE (CASE
            WHEN reason IS NOT NULL THEN reason
            WHEN reported_at IS NULL THEN 'no date'
            WHEN started_at < TIMESTAMPTZ '{EARLIEST} 00:00:00+00' THEN 'dated '
                || strftime(started_at, '%Y-%m-%d') || ', before there were trackers: a clock that was not set'
            WHEN started_at > getvariable('now') + INTERVAL 1 DAY THEN
                'dated ' || strftime(started_at, '%Y-%m-%d') || ', in the future: a clock that was wrong'
            WHEN listened_s < 0 THEN 'heard for less than no time'
            WHEN NOT listened_s <= {LONGEST_S} THEN 'heard for more than a week'
            ELSE {unusable_sql(HISTORY)}
        END AS reason) FROM timed
    )
    SELECT * REPLACE (
        {_raw("artist_name", "album_name", "track_name")} AS raw,
        CASE WHEN reason IS NULL THEN {record} END AS record_id,
        CASE WHEN reason IS NULL AND content = 'music' THEN {name} END AS name_id
    ) FROM judged
    """


def catalogue_sql(staged: str) -> str:
    """SQL that gives ``staged`` catalogue rows their identity: the track within its genre and playlist."""
    artist, track, _, artists = (f"written_{c}" for c in _HASHED)
    record = _hash("source", "spotify_id", artists, track, "genre", "subgenre", "playlist_id")
    name = _hash(artist, track, "spotify_id", "recording_mbid")
    return f"""
    WITH judged AS (
        SELECT * REPLACE (coalesce(reason, {unusable_sql(CATALOGUE)}) AS reason) FROM ({_tidied(CATALOGUE, staged)})
    )
    SELECT * REPLACE (
        {_raw("artists", "track_name")} AS raw,
        CASE WHEN reason IS NULL THEN {record} END AS record_id,
        CASE WHEN reason IS NULL THEN {name} END AS name_id
    ) FROM judged
    """


def _raw(*columns: str) -> str:
    text = f"left(coalesce(raw, concat_ws(' | ', {', '.join(columns)})), {_RAW_LIMIT})"
    return f"CASE WHEN reason IS NOT NULL THEN {text} END"


def repeats_sql(judged: str, bronze: str, where: str) -> str:
    """SQL for the records of ``judged`` that repeat: ``first_id`` is their first row, null if already in ``bronze``."""
    return f"""
    WITH own AS (
        SELECT record_id, min(id) AS first_id, count(*) AS copies FROM ({judged})
        WHERE record_id IS NOT NULL GROUP BY record_id
    ), known AS (
        SELECT DISTINCT record_id FROM {bronze} WHERE reason IS NULL AND {where}
    )
    SELECT record_id, CASE WHEN k.record_id IS NULL THEN first_id END AS first_id
    FROM own LEFT JOIN known k USING (record_id) WHERE copies > 1 OR k.record_id IS NOT NULL
    """


_IS_REPEAT = "r.record_id IS NOT NULL AND r.first_id IS DISTINCT FROM j.id"


def unknown_files_sql(judged: str) -> str:
    """SQL for the positions, among those in the variable ``again``, of files with a new record."""
    return f"""SELECT DISTINCT j.position FROM ({judged}) j LEFT JOIN repeats r USING (record_id)
    WHERE list_contains(getvariable('again')::BIGINT[], j.position) AND reason IS NULL AND NOT ({_IS_REPEAT})"""


def outcome_sql(name: str, judged: str) -> str:
    """SQL for the rows of bronze table ``name`` made from ``judged`` rows, with the ``position`` of their file.

    A row is a duplicate if its record is in the table ``repeats`` and it is not the first. Needs the variables
    ``run``, ``now``, ``listener``, ``files`` and ``names`` (hash and name of each file by position).
    """
    given = {
        "run": "getvariable('run')::BIGINT",
        "imported_at": "getvariable('now')::TIMESTAMPTZ",
        "listener": "getvariable('listener')::VARCHAR",
        "file": "list_extract(getvariable('files'), j.position)",
        "file_name": "list_extract(getvariable('names'), j.position)",
        "outcome": f"""CASE
            WHEN reason IS NOT NULL THEN 'rejected' WHEN {_IS_REPEAT} THEN 'duplicate' ELSE 'kept' END""",
    }
    columns = ", ".join(f"{given.get(c, 'j.' + c)} AS {c}" for c in SCHEMAS[name])
    return f"SELECT {columns}, j.position FROM ({judged}) j LEFT JOIN repeats r USING (record_id)"
