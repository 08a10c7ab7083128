"""What another service refused, and why."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from tonearm.store import Store, relays


@dataclass(frozen=True)
class Refused:
    """A listen that the other side of a relay refused for good."""

    artist: str | None
    track: str | None
    listened_at: str | None
    """Its start, in UTC; None for a listen that cannot be read."""
    reason: str


def refused_listens(store: Store, number: int) -> list[Refused]:
    """The listens that a relay's other side refused, oldest first, at most 100."""
    return [_refused(body, reason) for body, reason in relays.refused_listens(store, number)]


def _refused(body: str, reason: str) -> Refused:
    try:
        listen = json.loads(body)
        names = listen["track_metadata"]
        at = datetime.fromtimestamp(float(listen["listened_at"]), UTC)
    except (ValueError, KeyError, TypeError, OverflowError, OSError):
        return Refused(None, None, None, reason)
    return Refused(names.get("artist_name"), names.get("track_name"), f"{at:%Y-%m-%d %H:%M:%S}", reason)
