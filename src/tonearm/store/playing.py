"""What listeners are hearing now, as their players report it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from tonearm.store import Store
from tonearm.store.models import PlayingRow

BELIEVED_S = 600.0
"""How long a track of unknown length is taken to play: players report its start, and seldom its end."""
LONGEST_S = 6 * 3600.0
"""Longest that a report is believed, however long its track: a player that was switched off does not take it back."""


@dataclass(frozen=True)
class Playing:
    """A track that is being heard."""

    body: str
    """A listen as ListenBrainz has it in JSON, without its instant."""
    reported_at: datetime
    until_at: datetime
    """When it is over, or no longer believed."""

    @property
    def metadata(self) -> dict[str, Any]:
        """What is known of the track, as ListenBrainz has it: ``track_name`` and ``artist_name``, perhaps more."""
        found: dict[str, Any] = msgspec.json.decode(self.body)["track_metadata"]
        return found


def set_playing(store: Store, listener: str, body: str, duration_s: float | None, now: datetime) -> None:
    """Keep what the listener hears from ``now`` on, in place of what was kept before. Raises UnknownName."""
    believed_s = min(duration_s, LONGEST_S) if duration_s else BELIEVED_S
    until = now + timedelta(seconds=believed_s)
    with store.session_of(listener, writes=True) as (session, who):
        session.merge(PlayingRow(listener_id=who, body=body, reported_at=now, until_at=until))


def playing(store: Store, listener: str, now: datetime | None = None) -> Playing | None:
    """What the listener hears at ``now``; None for nothing. Raises UnknownName."""
    with store.session_of(listener, writes=False) as (session, who):
        row = session.get(PlayingRow, who)
        if row is None or row.until_at <= (now or datetime.now(UTC)):
            return None
        return Playing(row.body, row.reported_at, row.until_at)
