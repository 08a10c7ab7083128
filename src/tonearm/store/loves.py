"""Tracks that listeners love or hate, by the names or ids that their players gave."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, delete, func, select

from tonearm.errors import UsageError
from tonearm.silver.names import FIELD, artist_key, title_key
from tonearm.store import Store
from tonearm.store.models import LoveRow

LOVED, HATED = 1, -1
MOST_OF_ONE = 100_000
"""Tracks of one listener, so that a client cannot fill the disk."""


@dataclass(frozen=True)
class Love:
    """A track that a listener loves or hates. It has both names, or an id by which it can be found."""

    score: int
    """1 for love, -1 for hate."""
    given_at: datetime
    artist_name: str | None = None
    track_name: str | None = None
    recording_mbid: str | None = None
    recording_msid: str | None = None
    """What :func:`tonearm.scrobble.listenbrainz.recording_msid` has for it."""


def give_love(store: Store, listener: str, given: Love) -> None:
    """Keep ``given`` in place of what the listener thought of the track before.

    Raises UnknownName for the listener, and UsageError for a track without names and ids.
    """
    key = _track_key(given)
    with store.session_of(listener, writes=True) as (session, who):
        session.execute(delete(LoveRow).where(LoveRow.listener_id == who, LoveRow.track_key == key))
        kept = session.scalar(select(func.count()).where(LoveRow.listener_id == who)) or 0
        if kept >= MOST_OF_ONE:
            raise UsageError(f"a listener may love and hate {MOST_OF_ONE:,} tracks; take some back")
        session.add(
            LoveRow(
                listener_id=who,
                track_key=key,
                artist_name=given.artist_name and given.artist_name[:1024],
                track_name=given.track_name and given.track_name[:1024],
                recording_mbid=given.recording_mbid,
                recording_msid=given.recording_msid,
                score=given.score,
                given_at=given.given_at,
            )
        )


def take_love_back(store: Store, listener: str, given: Love) -> bool:
    """Forget what the listener thinks of the track; whether there was anything. Raises what ``give_love`` raises."""
    key = _track_key(given)
    with store.session_of(listener, writes=True) as (session, who):
        gone = delete(LoveRow).where(LoveRow.listener_id == who, LoveRow.track_key == key).returning(LoveRow.id)
        return bool(session.execute(gone).all())


def loves(
    store: Store, listener: str, score: int | None = None, limit: int | None = None, offset: int = 0
) -> list[Love]:
    """The listener's loved (1) or hated (-1) tracks, or both, newest first. Raises UnknownName."""
    with store.session_of(listener, writes=False) as (session, who):
        rows = _of(who, score).order_by(LoveRow.given_at.desc(), LoveRow.id.desc()).limit(limit).offset(offset)
        return [_love(row) for row in session.scalars(rows)]


def count_loves(store: Store, listener: str, score: int | None = None) -> int:
    """How many tracks the listener loves (1) or hates (-1), or both. Raises UnknownName."""
    with store.session_of(listener, writes=False) as (session, who):
        return session.scalar(select(func.count()).select_from(_of(who, score).subquery())) or 0


def _of(who: int, score: int | None) -> Select[LoveRow]:
    asked = select(LoveRow).where(LoveRow.listener_id == who)
    return asked if score is None else asked.where(LoveRow.score == score)


def _track_key(given: Love) -> str:
    """Hash of the folded names, else of the id."""
    if given.artist_name and given.track_name:
        return names_key(given.artist_name, given.track_name)
    if given.recording_mbid or given.recording_msid:
        return _hashed("id", (given.recording_mbid or given.recording_msid or "").lower())
    raise UsageError("a loved track needs an artist and a title, or the id of its recording")


def names_key(artist_name: str, track_name: str) -> str:
    """Hash of a track's folded names, the same for two spellings."""
    return _hashed("names", artist_key(artist_name), title_key(track_name))


def _hashed(*parts: str) -> str:
    return hashlib.sha256(FIELD.join(parts).encode("utf-8", "replace")).hexdigest()


def _love(row: LoveRow) -> Love:
    return Love(row.score, row.given_at, row.artist_name, row.track_name, row.recording_mbid, row.recording_msid)
