"""Songs: tracks that somebody added by hand, or that a service's library brought, beside those of the lake."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tonearm.errors import Conflict, UnknownName
from tonearm.store import Store
from tonearm.store.models import SongRow
from tonearm.store.tracks import Named, checked, shortened

BY_HAND = "by hand"
_LONGEST_GENRE, _LONGEST_SOURCE = 128, 32
_CHUNK = 500


@dataclass(frozen=True, kw_only=True)
class Song(Named):
    """A track that was added, and where it came from."""

    genre: str | None = None
    source: str = BY_HAND
    """``by hand``, or the service whose library has it."""
    created_at: datetime | None = None
    updated_at: datetime | None = None


_STORED = (*(one.name for one in fields(Named)), "genre", "source")
"""Fields that are columns and can be changed."""


def songs(store: Store, limit: int | None = None, offset: int = 0) -> list[Song]:
    """The added songs, in the order they were added."""
    if store.is_missing:
        return []
    with store.session(writes=False) as session:
        return [_song(row) for row in session.scalars(select(SongRow).order_by(SongRow.id).limit(limit).offset(offset))]


def song(store: Store, own_id: int) -> Song:
    """One added song by the id that its names make; raises UnknownName."""
    if store.is_missing:
        raise _unknown(own_id)
    with store.session(writes=False) as session:
        return _song(_find(session, own_id))


def add_song(store: Store, given: Song) -> Song:
    """Add a song; raises Conflict where one of these names is there already, and UsageError for what is no track."""
    wanted = _checked(given)
    with store.session(writes=True) as session:
        return _song(_added(session, wanted, datetime.now(UTC)))


def put_songs(store: Store, given: Iterable[Song]) -> int:
    """Add many songs, or bring those up to date that are there under their names; returns how many changed.

    What was added by hand stays as it is. Raises UsageError for what is no track.
    """
    wanted = {one.own_id: one for one in map(_checked, given)}
    if not wanted:
        return 0
    now, changed = datetime.now(UTC), 0
    with store.session(writes=True) as session:
        known = _known(session, list(wanted))
        for own_id, one in wanted.items():
            row = known.get(own_id)
            if row is None:
                session.add(_row(one, now))
            elif row.source == BY_HAND or _values(row) == _values(one):
                continue
            else:
                _set(row, one, now)
            changed += 1
    return changed


def update_song(store: Store, own_id: int, changed: Song) -> Song:
    """Replace what is known of an added song, whose id changes with its names; raises as :func:`add_song` does, and
    UnknownName."""
    wanted = _checked(changed)
    if store.is_missing:
        raise _unknown(own_id)
    with store.session(writes=True) as session:
        row = _find(session, own_id)
        if wanted.own_id != own_id:
            _refuse_second(session, wanted)
        _set(row, wanted, datetime.now(UTC))
        session.flush()
        return _song(row)


def delete_song(store: Store, own_id: int) -> None:
    """Remove an added song; raises UnknownName."""
    if store.is_missing:
        raise _unknown(own_id)
    with store.session(writes=True) as session:
        session.delete(_find(session, own_id))


def _added(session: Session, wanted: Song, now: datetime) -> SongRow:
    _refuse_second(session, wanted)
    row = _row(wanted, now)
    session.add(row)
    session.flush()
    return row


def _refuse_second(session: Session, wanted: Song) -> None:
    if session.scalar(select(SongRow.id).where(SongRow.own_id == wanted.own_id)):
        raise Conflict(f"{wanted.label} was added already: it is song {wanted.own_id}")


def _known(session: Session, own_ids: list[int]) -> dict[int, SongRow]:
    """The rows that have these names, asked for in parts, since a statement takes only so many values."""
    parts = (own_ids[start : start + _CHUNK] for start in range(0, len(own_ids), _CHUNK))
    return {
        row.own_id: row for part in parts for row in session.scalars(select(SongRow).where(SongRow.own_id.in_(part)))
    }


def _checked(given: Song) -> Song:
    genre, source = shortened(given.genre, _LONGEST_GENRE), shortened(given.source, _LONGEST_SOURCE)
    return replace(checked(given), genre=genre, source=source or BY_HAND)


def _values(one: Song | SongRow) -> dict[str, Any]:
    return {name: getattr(one, name) for name in _STORED}


def _row(one: Song, now: datetime) -> SongRow:
    return SongRow(**_values(one), own_id=one.own_id, created_at=now, updated_at=now)


def _set(row: SongRow, one: Song, now: datetime) -> None:
    for name, value in _values(one).items():
        setattr(row, name, value)
    row.own_id, row.updated_at = one.own_id, now


def _song(row: SongRow) -> Song:
    return Song(**_values(row), created_at=row.created_at, updated_at=row.updated_at)


def _find(session: Session, own_id: int) -> SongRow:
    row = session.scalar(select(SongRow).where(SongRow.own_id == own_id)) if 0 <= own_id < 2**63 else None
    if row is None:
        raise _unknown(own_id)
    return row


def _unknown(own_id: int) -> UnknownName:
    return UnknownName("added song", str(own_id), [], hint="GET /songs?added=true lists them")
