"""What listeners think of tracks and artists: liked, disliked, skipped, hidden."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Select, delete, func, select
from sqlalchemy.orm import Session

from tonearm.errors import UsageError
from tonearm.store import Store
from tonearm.store.models import FeedbackRow

Kind = Literal["like", "dislike", "skip", "hide"]
Subject = Literal["track", "artist"]
KINDS: tuple[Kind, ...] = ("like", "dislike", "skip", "hide")
OF_ARTISTS: tuple[Kind, ...] = ("hide",)
"""What an artist can be given; the others are about one track."""
MOST_OF_ONE = 10_000
"""Entries of one listener, beyond which the oldest skips make room, so that a client cannot fill the disk."""


@dataclass(frozen=True)
class Feedback:
    """One opinion on a track or an artist, or one skip of a track."""

    kind: Kind
    subject: Subject
    subject_id: int
    """``track_id`` or ``artist_id`` in the lake."""
    name: str
    """What it was called then, for people."""
    given_at: datetime
    """When, UTC."""


def feedback_of(store: Store, listener: str) -> list[Feedback]:
    """The listener's feedback, newest first; raises UnknownName."""
    with store.session_of(listener, writes=False) as (session, who):
        rows = session.scalars(_of(who).order_by(FeedbackRow.given_at.desc(), FeedbackRow.id.desc()))
        return [_feedback(row) for row in rows]


def give_feedback(store: Store, listener: str, given: Feedback) -> None:
    """Keep ``given``. A new opinion replaces the one before on the same subject; skips add up.

    Raises UnknownName for the listener, and UsageError for what artists cannot be given.
    """
    if given.subject == "artist" and given.kind not in OF_ARTISTS:
        raise UsageError(f"an artist can be hidden and no more; {given.kind} one of the tracks")
    with store.session_of(listener, writes=True) as (session, who):
        if given.kind != "skip":
            _forget(session, who, given.subject, given.subject_id, [kind for kind in KINDS if kind != "skip"])
        _make_room(session, who)
        session.add(
            FeedbackRow(
                listener_id=who,
                kind=given.kind,
                subject=given.subject,
                subject_id=given.subject_id,
                name=given.name[:1024],
                given_at=given.given_at,
            )
        )


def take_back(store: Store, listener: str, subject: Subject, subject_id: int) -> int:
    """Remove all feedback of the listener on a subject; returns how many entries there were. Raises UnknownName."""
    with store.session_of(listener, writes=True) as (session, who):
        return _forget(session, who, subject, subject_id, KINDS)


def _of(who: int) -> Select[FeedbackRow]:
    return select(FeedbackRow).where(FeedbackRow.listener_id == who)


def _forget(session: Session, who: int, subject: str, subject_id: int, kinds: Collection[str]) -> int:
    gone = session.execute(
        delete(FeedbackRow)
        .where(FeedbackRow.listener_id == who, FeedbackRow.kind.in_(kinds))
        .where(FeedbackRow.subject == subject, FeedbackRow.subject_id == subject_id)
        .returning(FeedbackRow.id)
    )
    return len(gone.all())


def _make_room(session: Session, who: int) -> None:
    """Remove the oldest skip where the listener has as many entries as one may have; UsageError if none is a skip."""
    entries = session.scalar(select(func.count()).where(FeedbackRow.listener_id == who)) or 0
    if entries < MOST_OF_ONE:
        return
    oldest = session.scalar(_of(who).where(FeedbackRow.kind == "skip").order_by(FeedbackRow.given_at).limit(1))
    if oldest is None:
        raise UsageError(f"a listener may give feedback on {MOST_OF_ONE:,} tracks and artists; take some back")
    session.delete(oldest)


def _feedback(row: FeedbackRow) -> Feedback:
    kind: Kind = next(kind for kind in KINDS if kind == row.kind)
    subject: Subject = "artist" if row.subject == "artist" else "track"
    return Feedback(kind, subject, row.subject_id, row.name, row.given_at)
