"""What is exported of each listen: what its source wrote, completed by other sources' records of the same play."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from tonearm.bronze import HISTORY, SCHEMAS
from tonearm.engine.duckdb import engine
from tonearm.lake import open_lake

if TYPE_CHECKING:
    import pyarrow as pa

    from tonearm.settings import Settings

_OF_LISTENS = ("listener", "listen_id", "started_at", "listened_s", "album_name", "duration_s", "client", "source")


@dataclass(frozen=True)
class Exported:
    """One listen; None where no source knew."""

    at_us: int
    """Microseconds since 1970 of its start."""
    imported_us: int | None
    artist_name: str | None
    artists: str | None
    """All credited artists, separated by "; "."""
    track_name: str | None
    album_name: str | None
    album_artist_name: str | None
    spotify_id: str | None
    recording_mbid: str | None
    artist_mbid: str | None
    release_mbid: str | None
    listened_s: float | None
    duration_s: float | None
    client: str | None
    extra: str | None
    """Other fields of the source, as JSON."""
    source: str

    @property
    def at_s(self) -> int:
        """Whole seconds since 1970 of its start."""
        return self.at_us // 1_000_000

    @property
    def at(self) -> datetime:
        """The same as an instant."""
        return datetime.fromtimestamp(self.at_s, UTC)

    def credited(self) -> list[str]:
        """The credited artists, the listen's own first; only that one where the list begins with another."""
        names = self.artists.split("; ") if self.artists else []
        own = self.artist_name or ""
        return names if names and names[0] == own else [own]


def listens_of(
    settings: Settings, fresh: pa.Table, listener: str, start: datetime, end: datetime
) -> Iterator[Exported]:
    """Every listen from ``start`` to before ``end``, oldest first: those of the tables, and the ``fresh`` ones."""
    late = [one for one in map(_of_fresh, reversed(fresh.to_pylist())) if _us(start) <= one.at_us < _us(end)]
    return heapq.merge(_built(settings, listener, start, end), late, key=lambda one: one.at_us)


def not_music(settings: Settings, listener: str) -> int:
    """Podcasts and audiobooks of the listener."""
    with engine(settings) as session:
        session.look_at(open_lake(settings.lake), HISTORY, SCHEMAS[HISTORY])
        return int(session.value(_NOT_MUSIC, [listener]))


def _built(settings: Settings, listener: str, start: datetime, end: datetime) -> Iterator[Exported]:
    lake = open_lake(settings.lake)
    settings.scratch.mkdir(parents=True, exist_ok=True)
    with (
        TemporaryDirectory(dir=settings.scratch, prefix="export-") as folder,
        engine(settings, Path(folder), lake.rows("listens")) as session,
    ):
        session.look_at(lake, HISTORY, SCHEMAS[HISTORY])
        session.look_at(lake, "listens", _OF_LISTENS)
        for batch in session.stream(_LISTENS, [listener, start, end]):
            columns = batch.to_pydict()
            yield from (Exported(*values) for values in zip(*(columns[name] for name in _FIELDS), strict=True))


_FIELDS = tuple(one.name for one in fields(Exported))
_LISTENS = f"""
SELECT epoch_us(l.started_at) AS at_us, epoch_us(b.imported_at) AS imported_us, b.artist_name, b.artists, b.track_name,
    coalesce(b.album_name, l.album_name) AS album_name, b.album_artist_name, b.spotify_id, b.recording_mbid,
    b.artist_mbid, b.release_mbid, l.listened_s, coalesce(b.duration_s, l.duration_s) AS duration_s, l.client, b.extra,
    l.source
FROM listens l LEFT JOIN (SELECT * FROM {HISTORY} WHERE listener = $1 AND outcome = 'kept') b
    ON b.record_id = l.listen_id
WHERE l.listener = $1 AND l.started_at >= $2 AND l.started_at < $3
ORDER BY l.started_at, l.listen_id
"""
_NOT_MUSIC = f"SELECT count(*) FROM {HISTORY} WHERE listener = $1 AND outcome = 'kept' AND content <> 'music'"


def _of_fresh(row: dict[str, Any]) -> Exported:
    known = {name: row.get(name) for name in _FIELDS}
    return Exported(**{**known, "at_us": _us(row["started_at"]), "imported_us": None, "source": row["source"]})


def _us(at: datetime) -> int:
    return round(at.timestamp() * 1_000_000)


def written_first(rows: Iterable[Exported]) -> Iterator[tuple[bool, Exported]]:
    """Each row, and whether it is the first."""
    return ((number == 0, row) for number, row in enumerate(rows))
