"""Live submissions: durable from before they are acknowledged until they are in bronze.

All protocols arrive here as ListenBrainz's form of a listen. An import takes a batch, which keeps its rows however
often the import is interrupted, so that a batch that is already in bronze is recognised as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from tonearm.store import Store
from tonearm.store.models import ListenerRow, SubmissionRow
from tonearm.store.relays import enqueue

Protocol = Literal["listenbrainz", "lastfm", "audioscrobbler", "spotify_api", "lastfm_api", "listenbrainz_api"]
PROTOCOLS: tuple[Protocol, ...] = (
    *("listenbrainz", "lastfm", "audioscrobbler"),
    *("spotify_api", "lastfm_api", "listenbrainz_api"),
)
"""How clients send listens, and the services that they are pulled from."""

MOST_OF_BATCH = 50_000
"""Submissions of one import."""


@dataclass(frozen=True)
class Submission:
    """A listen that a client submitted, or a row that cannot be one."""

    protocol: Protocol
    body: str
    """One listen as ListenBrainz has it in JSON, ``listened_at`` and ``track_metadata``; of a row that is rejected,
    what was submitted."""
    listened_s: float | None
    """Seconds since 1970 of its start; None for a rejected row without one."""
    reason: str | None = None
    """Why it is rejected; None for a good one."""


@dataclass(frozen=True)
class Waiting(Submission):
    """A submission that is not in bronze yet."""

    number: int = 0
    listener: str = ""
    received_at: datetime = datetime.min


@dataclass(frozen=True)
class Batch:
    """Submissions of one listener through one protocol that are imported together, in the order they came."""

    number: int
    listener: str
    protocol: Protocol
    submissions: Sequence[Waiting]


def keep(store: Store, listener: str, submissions: Iterable[Submission]) -> list[int]:
    """Commit ``submissions`` to disk; returns their numbers, in order. Raises UnknownName for the listener.

    Only when this returns may they be acknowledged. The good ones wait in the queues of the listener's relays, too.
    """
    submissions = list(submissions)
    with store.session_of(listener, writes=True) as (session, who):
        numbers = add(session, who, submissions)
        if numbers:
            enqueue(session, who, [one.body for one in submissions if one.reason is None], datetime.now(UTC))
        return numbers


def add(session: Session, listener_id: int, submissions: Iterable[Submission]) -> list[int]:
    """Add ``submissions`` to a transaction, whose commit keeps them; returns their numbers, in order.

    They are not relayed: what is pulled from a service does not go back to it.
    """
    received = datetime.now(UTC)
    rows = [
        {
            "listener_id": listener_id,
            "protocol": one.protocol,
            "received_at": received,
            "listened_s": one.listened_s,
            "body": _storable(one.body),
            "reason": one.reason and _storable(one.reason[:256]),
        }
        for one in submissions
    ]
    if not rows:
        return []
    made = session.scalars(insert(SubmissionRow).returning(SubmissionRow.id, sort_by_parameter_order=True), rows)
    return list(made)


def _storable(body: str) -> str:
    """``body`` without what no database can hold, which a rejected row may have."""
    return body.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()


def waiting(store: Store, listener: str | None = None) -> list[Waiting]:
    """Submissions that are not in bronze yet, of one listener or of everybody, in the order they came."""
    asked = select(SubmissionRow, ListenerRow.name).join(ListenerRow).order_by(SubmissionRow.id)
    if listener is not None:
        asked = asked.where(ListenerRow.name == listener)
    if store.is_missing:
        return []
    with store.session(writes=False) as session:
        return [_waiting(row, name) for row, name in session.execute(asked)]


def count_waiting(store: Store) -> int:
    """How many submissions are not in bronze yet."""
    if store.is_missing:
        return 0
    with store.session(writes=False) as session:
        return session.scalar(select(func.count()).select_from(SubmissionRow)) or 0


def oldest_waiting(store: Store) -> datetime | None:
    """When the oldest submission came that is not in bronze yet; None if none waits."""
    if store.is_missing:
        return None
    with store.session(writes=False) as session:
        return session.scalar(select(func.min(SubmissionRow.received_at)))


def reject(store: Store, numbers: Iterable[int], reason: str) -> int:
    """Make listens that wait rejected ones; how many. One that is being imported already is left as it is."""
    wanted = list(numbers)
    if not wanted:
        return 0
    is_asked = SubmissionRow.id.in_(wanted) & SubmissionRow.batch.is_(None) & SubmissionRow.reason.is_(None)
    with store.session(writes=True) as session:
        changed = session.scalars(
            update(SubmissionRow).where(is_asked).values(reason=reason).returning(SubmissionRow.id)
        )
        return len(changed.all())


def mark(store: Store, listener: str) -> tuple[int, int, int]:
    """How many submissions of the listener wait, how many are rejected, and the newest one's number.

    The same while nothing changes.
    """
    if store.is_missing:
        return 0, 0, 0
    columns = func.count(), func.count(SubmissionRow.reason), func.max(SubmissionRow.id)
    asked = select(*columns).join(ListenerRow).where(ListenerRow.name == listener)
    with store.session(writes=False) as session:
        count, rejected, newest = session.execute(asked).one()
    return count, rejected, newest or 0


def take(store: Store, most: int = MOST_OF_BATCH) -> Batch | None:
    """The batch to import next: one that was taken before and never :func:`done`, else a new one; None if none waits.

    For the holder of the writer's lock: what is taken twice is imported twice.
    """
    if store.is_missing:
        return None
    with store.session(writes=True) as session:
        unfinished = session.scalar(select(func.min(SubmissionRow.batch)))
        if unfinished is None:
            first = session.scalar(select(SubmissionRow).order_by(SubmissionRow.id).limit(1))
            if first is None:
                return None
            unfinished = first.id
            same = select(SubmissionRow.id).where(
                SubmissionRow.listener_id == first.listener_id, SubmissionRow.protocol == first.protocol
            )
            chosen = same.order_by(SubmissionRow.id).limit(most).scalar_subquery()
            session.execute(update(SubmissionRow).where(SubmissionRow.id.in_(chosen)).values(batch=unfinished))
        asked = select(SubmissionRow, ListenerRow.name).join(ListenerRow).where(SubmissionRow.batch == unfinished)
        taken = [_waiting(row, name) for row, name in session.execute(asked.order_by(SubmissionRow.id))]
    return Batch(unfinished, taken[0].listener, taken[0].protocol, taken)


def done(store: Store, batch: Batch) -> None:
    """Remove a batch that is in bronze."""
    with store.session(writes=True) as session:
        session.execute(delete(SubmissionRow).where(SubmissionRow.batch == batch.number))


def _waiting(row: SubmissionRow, listener: str) -> Waiting:
    protocol: Protocol = next(one for one in PROTOCOLS if one == row.protocol)
    return Waiting(protocol, row.body, row.listened_s, row.reason, row.id, listener, row.received_at)
