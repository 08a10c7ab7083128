"""Songs: tracks that somebody added by hand, or that a service's library brought, beside those of the lake."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select
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
    number: int = 0
    """Its own number; 0 for one that is yet to be added."""
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


def song(store: Store, number: int) -> Song:
    """One added song by its number; raises UnknownName."""
    if store.is_missing:
        raise _unknown(number)
    with store.session(writes=False) as session:
        return _song(_find(session, number))


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


def update_song(store: Store, number: int, changed: Song) -> Song:
    """Replace what is known of an added song; raises as :func:`add_song` does, and UnknownName."""
    wanted = _checked(changed)
    if store.is_missing:
        raise _unknown(number)
    with store.session(writes=True) as session:
        row = _find(session, number)
        _refuse_second(session, wanted, number)
        _set(row, wanted, datetime.now(UTC))
        session.flush()
        return _song(row)


def delete_song(store: Store, number: int) -> Song:
    """Remove an added song, and return it; raises UnknownName."""
    if store.is_missing:
        raise _unknown(number)
    with store.session(writes=True) as session:
        row = _find(session, number)
        session.delete(row)
        return _song(row)


def _added(session: Session, wanted: Song, now: datetime) -> SongRow:
    _refuse_second(session, wanted, None)
    row = _row(wanted, now)
    session.add(row)
    session.flush()
    return row


def _refuse_second(session: Session, wanted: Song, number: int | None) -> None:
    other = session.scalar(select(SongRow).where(SongRow.own_id == wanted.own_id))
    if other is not None and other.id != number:
        raise Conflict(f"{wanted.label} was added already: it is song {other.id}")


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
    return Song(**_values(row), number=row.id, created_at=row.created_at, updated_at=row.updated_at)


def _find(session: Session, number: int) -> SongRow:
    row = session.get(SongRow, number) if 0 < number < 2**31 else None
    if row is None:
        raise _unknown(number)
    return row


def _unknown(number: int) -> UnknownName:
    return UnknownName("added song", str(number), [], hint="GET /songs?added=true lists them")


def count_songs(store: Store) -> int:
    """How many songs were added."""
    if store.is_missing:
        return 0
    with store.session(writes=False) as session:
        return session.scalar(select(func.count()).select_from(SongRow)) or 0
