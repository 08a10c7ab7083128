"""What follows from an answer of the other side, what is sent next and when: decisions alone, no requests."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from tonearm.store.relays import LONGEST_WAIT, Queued

LISTEN_BYTES = 10_240
"""ListenBrainz refuses a longer listen."""
_FIRST_WAIT_S, _MOST_WAIT_S = 5.0, 3600.0
_DOUBLINGS = 10
"""After these the longest wait is reached; more would only overflow."""
_LAST_RESORT = ("submission_client", "media_player", "duration_ms", "recording_mbid", "relayed_by")
"""What is kept of ``additional_info`` where all of it would be too long."""


@dataclass(frozen=True)
class Answer:
    """What became of listens that were sent."""

    outcome: Literal["sent", "bad", "later", "paused"]
    """sent: acknowledged; bad: one of them at least is refused, and none was taken; later: the other side cannot take
    them now; paused: its owner must do something first."""
    reason: str | None = None
    wait_s: float | None = None
    """How long it asks to be left alone."""
    is_clear: bool = True
    """Whether it certainly has none of what it did not acknowledge."""
    refused: Mapping[int, str] = field(default_factory=dict)
    """Why it refused single listens for good, by their position, where it acknowledged others."""
    left: frozenset[int] = frozenset()
    """Positions of those that it wants again later, where it acknowledged others."""


def next_batch(waiting: Sequence[Queued], most: int, most_bytes: int) -> list[Queued]:
    """The listens to deal with next, in order: those whose outcome is unclear by themselves, else fresh ones."""
    batch: list[Queued] = []
    size = 0
    for one in waiting[:most]:
        size += len(one.body.encode())
        if batch and (bool(one.attempts) != bool(batch[0].attempts) or size > most_bytes):
            break
        batch.append(one)
    return batch


def wait_s(failures: int, jitter: float) -> float:
    """Seconds until the attempt after ``failures`` in a row: doubling, at most an hour, less up to half by chance.

    ``jitter`` is between 0 and 1; without it, everybody would return at once to a server that comes back.
    """
    return float(min(_MOST_WAIT_S, _FIRST_WAIT_S * 2 ** min(failures - 1, _DOUBLINGS)) * (0.5 + jitter / 2))


def judged(status: int, headers: Mapping[str, str], reason: str, now: datetime) -> Answer:
    """What an HTTP answer other than a success means.

    404 and redirects are no reason to give up: proxies answer so while the server behind them is down.
    """
    said = f"it answered {status}" + (f": {reason}" if reason else "")
    if status in (401, 403):
        return Answer("paused", said)
    if status in (400, 413, 422):
        return Answer("bad", reason or said)
    if status == 429 or status == 503:
        return Answer("later", said, asked_wait_s(headers, now), is_clear=status == 429)
    return Answer("later", said, is_clear=300 <= status < 500)


def asked_wait_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that an answer asks to wait, by ``Retry-After`` or ``X-RateLimit-Reset-In``, at most a day."""
    asked = headers.get("retry-after") or headers.get("x-ratelimit-reset-in")
    seconds = _seconds(asked, now) if asked else None
    return None if seconds is None else min(max(seconds, 0.0), LONGEST_WAIT.total_seconds())


def pause_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds to wait after a success: until the rate limit is reset, if it is used up."""
    return asked_wait_s(headers, now) if headers.get("x-ratelimit-remaining") == "0" else None


def _seconds(text: str, now: datetime) -> float | None:
    try:
        return float(text)
    except ValueError:
        pass
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds()


def forwarded(body: str, home: str) -> dict[str, Any] | None:
    """A listen as it is sent on, with ``home`` among those that relayed it; None for a body that is no listen.

    What identifies the player is kept. A listen that would be too long loses the rest of ``additional_info``.
    """
    try:
        return _forwarded(json.loads(body), home)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _forwarded(listen: dict[str, Any], home: str) -> dict[str, Any]:
    given = listen["track_metadata"]
    relayed_by = given.get("additional_info", {}).get("relayed_by")
    relayed_by = [*(relayed_by if isinstance(relayed_by, list) else []), home]
    info = _without_nulls(given.get("additional_info", {})) | {"relayed_by": relayed_by}
    metadata = _without_nulls({**given, "additional_info": info})
    at = {"listened_at": int(listen["listened_at"])} if listen.get("listened_at") is not None else {}
    whole = {**at, "track_metadata": metadata}
    if len(json.dumps(whole, ensure_ascii=False).encode("utf-8", "replace")) <= LISTEN_BYTES:
        return whole
    return {**at, "track_metadata": metadata | {"additional_info": {k: info[k] for k in _LAST_RESORT if k in info}}}


def _without_nulls(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value not in (None, "")}
