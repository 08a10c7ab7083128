"""Plays that several records report."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Literal

from tonearm.engine.duckdb import engine
from tonearm.lake import open_lake
from tonearm.read.history import Moment
from tonearm.read.show import stored
from tonearm.settings import Settings
from tonearm.silver.matching import explain_merges

MergeKind = Literal["source", "credits", "end", "edited", "repeat"]
"""Why a record belongs to a play; as in the column ``merge_kind``."""


@dataclass(frozen=True)
class MergedRecord:
    """One record of a play."""

    source: str
    started_at: datetime
    artist: str
    track: str
    kind: str | None
    """Why it belongs to the play; None for the record that counts."""
    apart_s: float | None
    """Seconds by which it starts later than the record that counts."""


@dataclass(frozen=True)
class MergedPlay:
    """A play and its records, the one that counts first."""

    listen_id: str
    records: list[MergedRecord]


@dataclass(frozen=True)
class MergedPlays:
    """A page of plays with several records."""

    kinds: dict[str, int]
    """Records that were taken for one with another, by why."""
    total: int
    """Plays of the kind that was asked for."""
    plays: list[MergedPlay]
    """Newest first."""


def merged_plays(settings: Settings, listener: str, kind: MergeKind | None, limit: int, offset: int) -> MergedPlays:
    """The listener's plays with several records, newest first; none where nothing was built yet."""
    lake = open_lake(settings.lake)
    if not (lake.has("merges") and lake.has("listening_history_bronze")):
        return MergedPlays({}, 0, [])
    with engine(settings) as session:
        for name in ("listening_history_bronze", "merges"):
            stored(session, Moment(lake), name)
        records = session.compiled(explain_merges, "listening_history_bronze", "merges")
        session.run(f"CREATE TEMP TABLE found AS SELECT * FROM ({records}) WHERE listener = $1", [listener])
        kinds = dict(session.rows(_KINDS))
        total = session.value(f"SELECT count(*) FROM ({_PLAYS})", [kind])
        rows = session.dicts(_PAGE, [kind, limit, offset])
    plays = [
        MergedPlay(str(number), [_record(r) for r in one]) for number, one in groupby(rows, lambda r: r["listen_id"])
    ]
    return MergedPlays(kinds, total, plays)


def _record(row: dict[str, Any]) -> MergedRecord:
    names = (row["artist_name"], row["track_name"])
    return MergedRecord(row["source"], row["started_at"], *names, row["merge_kind"], row["apart_s"])


_KINDS = "SELECT merge_kind, count(*) FROM found WHERE merge_kind IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1"
_PLAYS = """SELECT listen_id, max(started_at) AS newest_at FROM found GROUP BY 1
HAVING count(*) > 1 AND bool_or($1 IS NULL OR merge_kind = $1)"""
_PAGE = f"""
WITH page AS ({_PLAYS} ORDER BY newest_at DESC, listen_id LIMIT $2 OFFSET $3)
SELECT found.* FROM found JOIN page USING (listen_id)
ORDER BY page.newest_at DESC, listen_id, NOT is_kept, started_at, record_id
"""
