"""Relays: where submissions are forwarded to, and the queue of those that wait.

A submission is queued in the transaction that keeps it, and leaves the queue when the other side has acknowledged it,
so that neither a crash nor days without the other side lose one.
"""

from __future__ import annotations

import json
import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from sqlalchemy import case, delete, func, insert, or_, select, update
from sqlalchemy.orm import Session

from tonearm.errors import UnknownName
from tonearm.store import Store
from tonearm.store.loves import names_key
from tonearm.store.models import ListenerRow, PlayingRow, RelayedRow, RelayKnownRow, RelayRow, SettingRow

Kind = Literal["listenbrainz", "lastfm", "tonearm"]
KINDS: tuple[Kind, ...] = ("listenbrainz", "lastfm", "tonearm")

LEASE = timedelta(minutes=10)
"""A process that is killed while it sends holds up its relay for this long."""
LONGEST_WAIT = timedelta(days=1)
"""No instant to wait for is further away, unless a clock was put back."""
REMEMBERED = timedelta(days=30)
"""How long a play that comes again is recognised: clients repeat, and what goes round by Last.fm's protocol, which
carries no home's name, comes back within days."""
REPEAT_S = 10
"""Two listens of a track that start within this are one play, as :mod:`tonearm.silver.matching` has it."""
_HOME = "home_id"
_PROBLEM, _REASON = 512, 512


@dataclass(frozen=True)
class Relay:
    """Where a listener's submissions are forwarded to, and how far that has come."""

    number: int
    listener: str
    kind: Kind
    url: str
    account: str
    """Name of the listener there."""
    paused_at: datetime | None
    """Since when it waits for its owner; None while it works."""
    retry_at: datetime | None
    """When the next attempt is due; None for at once."""
    failures: int
    """Attempts that failed since the last success."""
    problem: str | None
    playing_sent_at: datetime
    """When what is playing was last passed on."""
    sent: int
    """Listens that the other side acknowledged."""

    def is_due(self, now: datetime) -> bool:
        """Whether it may send; one whose wait is longer than any was set by another clock."""
        waits = self.retry_at is not None and now < self.retry_at <= now + LONGEST_WAIT
        return self.paused_at is None and not waits


@dataclass(frozen=True)
class Count:
    """How many listens of a relay are in the queue."""

    waiting: int = 0
    refused: int = 0
    """Refused by the other side for good; they are kept."""


@dataclass(frozen=True)
class Queued:
    """A listen that waits to be forwarded, as ListenBrainz has it in JSON."""

    number: int
    body: str
    attempts: int
    """How often it was sent without a clear answer."""


def secret_name(number: int) -> str:
    """What the file of secrets calls a relay's token."""
    return f"relay/{number}"


def enqueue(session: Session, listener_id: int, bodies: Collection[str], now: datetime) -> None:
    """Queue listens for the listener's relays, paused ones too; plays that a relay has had before are left out."""
    numbers = session.scalars(select(RelayRow.id).where(RelayRow.listener_id == listener_id)).all()
    if not numbers or not bodies:
        return
    # A random number of 122 bits is in no listen but those in which we wrote it ourselves.
    own = home_id(session)
    fresh = [(body, _play(body)) for body in bodies if own not in body]
    session.execute(delete(RelayKnownRow).where(RelayKnownRow.queued_at < now - REMEMBERED))
    for number in numbers:
        rows = [{"relay_id": number, "body": body, "queued_at": now} for body in _new(session, number, fresh, now)]
        if rows:
            session.execute(insert(RelayedRow), rows)


_Play = tuple[str, int]
"""The key of a track's names, and the second since 1970 at which it was heard."""


def _play(body: str) -> _Play | None:
    """What was heard; None for a body that is no listen, as the sender will find."""
    try:
        listen = json.loads(body)
        names = listen["track_metadata"]
        return names_key(names["artist_name"], names["track_name"]), int(listen["listened_at"])
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        return None


def _new(session: Session, number: int, listens: Sequence[tuple[str, _Play | None]], now: datetime) -> list[str]:
    """The bodies of plays that the relay has not had, which it remembers from now on."""
    seconds: dict[str, list[int]] = defaultdict(list)
    known = select(RelayKnownRow.track_key, RelayKnownRow.listened_s).where(RelayKnownRow.relay_id == number)
    for key, at_s in session.execute(
        known.where(RelayKnownRow.track_key.in_({play[0] for _, play in listens if play}))
    ):
        seconds[key].append(at_s)
    bodies, rows = [], []
    for body, play in listens:
        if play is not None:
            key, at_s = play
            if any(abs(at_s - other_s) < REPEAT_S for other_s in seconds[key]):
                continue
            seconds[key].append(at_s)
            rows.append({"relay_id": number, "track_key": key, "listened_s": at_s, "queued_at": now})
        bodies.append(body)
    if rows:
        session.execute(insert(RelayKnownRow), rows)
    return bodies


def home_id(session: Session) -> str:
    """This home's random name, by which it recognises what it has forwarded; made at the first use."""
    found = session.get(SettingRow, _HOME)
    if found is None:
        found = SettingRow(key=_HOME, value=json.dumps(str(uuid.uuid4())), changed_at=datetime.now(UTC))
        session.add(found)
        session.flush()
    return str(json.loads(found.value))


def add_relay(
    store: Store,
    listener: str,
    kind: Kind,
    url: str,
    account: str,
    now: datetime,
    keep_secret: Callable[[int], None] = lambda _: None,
) -> Relay:
    """Forward the listener's submissions from ``now`` on. Raises UnknownName.

    ``keep_secret`` gets the relay's number before anybody else can see the relay, and send for it without a secret.
    """
    with store.session_of(listener, writes=True) as (session, who):
        row = RelayRow(listener_id=who, kind=kind, url=url, account=account, created_at=now, playing_sent_at=now)
        session.add(row)
        home_id(session)
        session.flush()
        keep_secret(row.id)
        return _relays(session, row.id)[0]


def relays(store: Store, listener: str | None = None) -> list[Relay]:
    """The relays of one listener, by the name in the store, or of everybody, oldest first."""
    if store.is_missing:
        return []
    with store.session(writes=False) as session:
        return [one for one in _relays(session) if listener in (None, one.listener)]


def find_relay(store: Store, number: int) -> Relay:
    """The relay of that number; raises UnknownName."""
    found = next((one for one in relays(store) if one.number == number), None)
    if found is None:
        raise UnknownName("relay", str(number), [], hint="`tonearm relay list` lists them")
    return found


def remove_relay(store: Store, number: int) -> Relay:
    """Forward no more, and forget what waits; returns the relay as it was. Raises UnknownName."""
    found = find_relay(store, number)
    with store.session(writes=True) as session:
        session.execute(delete(RelayedRow).where(RelayedRow.relay_id == number))
        session.execute(delete(RelayRow).where(RelayRow.id == number))
    return found


def pause_relay(store: Store, number: int, now: datetime, problem: str | None = None) -> None:
    """Send nothing until it is resumed; what is submitted meanwhile waits."""
    _set(store, number, paused_at=now, problem=problem and problem[:_PROBLEM])


def resume_relay(store: Store, number: int) -> None:
    """Send again, at once."""
    _set(store, number, paused_at=None, retry_at=None, failures=0, problem=None)


def change_account(store: Store, number: int, account: str) -> None:
    """Keep the name of the listener there, with whose token it goes on."""
    _set(store, number, account=account)


def put_off(store: Store, number: int, retry_at: datetime | None, failures: int, problem: str | None) -> None:
    """Send again at ``retry_at``."""
    _set(store, number, retry_at=retry_at, failures=failures, problem=problem and problem[:_PROBLEM])


def retry_refused(store: Store, number: int) -> int:
    """Have the listens that were refused wait again; returns how many."""
    with store.session(writes=True) as session:
        again = update(RelayedRow).where(RelayedRow.relay_id == number, RelayedRow.refused.is_not(None))
        return len(session.scalars(again.values(refused=None).returning(RelayedRow.id)).all())


def refused_listens(store: Store, number: int, most: int = 100) -> list[tuple[str, str]]:
    """(body, reason) of listens that the other side refused, oldest first."""
    with store.session(writes=False) as session:
        asked = select(RelayedRow.body, RelayedRow.refused).where(
            RelayedRow.relay_id == number, RelayedRow.refused.is_not(None)
        )
        return [(body, str(why)) for body, why in session.execute(asked.order_by(RelayedRow.id).limit(most))]


def lease(store: Store, number: int, now: datetime) -> bool:
    """Become the one process that sends for a relay, until :func:`release` or for LEASE; False if another is."""
    # A lease that ends later than any can was taken before a clock was put back.
    until = RelayRow.lease_until
    free = or_(until.is_(None), until <= now, until > now + 2 * LEASE)
    with store.session(writes=True) as session:
        taken = update(RelayRow).where(RelayRow.id == number, RelayRow.paused_at.is_(None), free)
        return session.scalar(taken.values(lease_until=now + LEASE).returning(RelayRow.id)) is not None


def release(store: Store, number: int) -> None:
    """Let others send."""
    _set(store, number, lease_until=None)


def queue(store: Store, number: int, most: int) -> list[Queued]:
    """The ``most`` listens that wait longest, in the order they came."""
    with store.session(writes=False) as session:
        asked = select(RelayedRow).where(RelayedRow.relay_id == number, RelayedRow.refused.is_(None))
        rows = session.scalars(asked.order_by(RelayedRow.id).limit(most))
        return [Queued(row.id, row.body, row.attempts) for row in rows]


def counts(store: Store) -> dict[int, Count]:
    """How many listens wait and how many were refused, by the number of the relay; none for those left out."""
    if store.is_missing:
        return {}
    waits = func.count(case((RelayedRow.refused.is_(None), RelayedRow.id)))
    asked = select(RelayedRow.relay_id, waits, func.count(RelayedRow.refused)).group_by(RelayedRow.relay_id)
    with store.session(writes=False) as session:
        return {number: Count(waiting, refused) for number, waiting, refused in session.execute(asked)}


def start_sending(store: Store, number: int, numbers: Collection[int], now: datetime) -> bool:
    """Note, before listens are sent, that they are, and keep the lease; False if the relay was paused or removed.

    If no answer is noted, because of a crash, they are asked for before they are sent again.
    """
    with store.session(writes=True) as session:
        mine = update(RelayRow).where(RelayRow.id == number, RelayRow.paused_at.is_(None))
        if session.scalar(mine.values(lease_until=now + LEASE).returning(RelayRow.id)) is None:
            return False
        session.execute(update(RelayedRow).where(RelayedRow.id.in_(numbers)).values(attempts=RelayedRow.attempts + 1))
        return True


def not_received(store: Store, numbers: Collection[int]) -> None:
    """Note that the other side certainly took none of the listens in the attempt that was started last."""
    with store.session(writes=True) as session:
        certain = update(RelayedRow).where(RelayedRow.id.in_(numbers), RelayedRow.attempts > 0)
        session.execute(certain.values(attempts=RelayedRow.attempts - 1))


def not_there(store: Store, numbers: Collection[int]) -> None:
    """Note that the other side has none of the listens from any attempt."""
    with store.session(writes=True) as session:
        session.execute(update(RelayedRow).where(RelayedRow.id.in_(numbers)).values(attempts=0))


def settle(store: Store, number: int, sent: Collection[int], refused: Mapping[int, str]) -> None:
    """Remove the listens that the other side has, and keep its reasons with those that it will never take."""
    with store.session(writes=True) as session:
        gone = delete(RelayedRow).where(RelayedRow.id.in_(sent)).returning(RelayedRow.id)
        count = len(session.scalars(gone).all())
        session.execute(update(RelayRow).where(RelayRow.id == number).values(sent=RelayRow.sent + count))
        for row, reason in refused.items():
            session.execute(update(RelayedRow).where(RelayedRow.id == row).values(refused=reason[:_REASON], attempts=0))


def take_playing(store: Store, now: datetime) -> list[tuple[int, str]]:
    """(number of the relay, body) of what listeners began to hear since the last call, each once, ever."""
    news = (
        select(RelayRow.id, PlayingRow.body, PlayingRow.reported_at)
        .join(PlayingRow, PlayingRow.listener_id == RelayRow.listener_id)
        .where(
            RelayRow.paused_at.is_(None), RelayRow.playing_sent_at < PlayingRow.reported_at, PlayingRow.until_at > now
        )
    )
    if store.is_missing:
        return []
    with store.session(writes=False) as session:
        found = session.execute(news).all()
    if not found:
        return []
    with store.session(writes=True) as session:
        own = home_id(session)
        news_of = [(number, body) for number, body, at in found if _is_new(session, number, at)]
        return [(number, body) for number, body in news_of if own not in body and not _is_of_tonearm(body)]


def _is_of_tonearm(body: str) -> bool:
    """Whether a tonearm reported it by Last.fm's protocol, which carries no home's name: it may have been ours."""
    info = json.loads(body).get("track_metadata", {}).get("additional_info") or {}
    return info.get("submission_client") == "tonearm"


def _is_new(session: Session, number: int, at: datetime) -> bool:
    """Whether no other process took it meanwhile; from now on, nobody does."""
    noted = update(RelayRow).where(RelayRow.id == number, RelayRow.playing_sent_at < at).values(playing_sent_at=at)
    return session.scalar(noted.returning(RelayRow.id)) is not None


def _set(store: Store, number: int, **values: object) -> None:
    """Change a relay, if it is still there."""
    with store.session(writes=True) as session:
        session.execute(update(RelayRow).where(RelayRow.id == number).values(**values))


def _relays(session: Session, number: int | None = None) -> list[Relay]:
    asked = select(RelayRow, ListenerRow.name).join(ListenerRow).order_by(RelayRow.id)
    rows = session.execute(asked if number is None else asked.where(RelayRow.id == number))
    return [_relay(row, listener) for row, listener in rows]


def _relay(row: RelayRow, listener: str) -> Relay:
    return Relay(
        number=row.id,
        listener=listener,
        kind=next(kind for kind in KINDS if kind == row.kind),
        url=row.url,
        account=row.account,
        paused_at=row.paused_at,
        retry_at=row.retry_at,
        failures=row.failures,
        problem=row.problem,
        playing_sent_at=row.playing_sent_at,
        sent=row.sent,
    )
