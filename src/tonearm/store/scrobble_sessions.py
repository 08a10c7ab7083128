"""Sessions of clients of the older scrobble protocols. Their keys are kept as hashes and survive restarts."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import delete, select, update

from tonearm.store import Store
from tonearm.store.models import ListenerRow, ScrobbleSessionRow, TokenRow
from tonearm.store.tokens import hashed, token_of

Kind = Literal["lastfm", "lastfm_token", "audioscrobbler"]
"""A session of either protocol, or a token of Last.fm's that becomes one once somebody has authorised it."""

TOKEN_MINUTES = 60
"""How long a token of Last.fm's can be authorised, as it documents."""
MOST_OF_ONE = 50
"""AudioScrobbler sessions of one listener: each start of a player makes one, and the oldest make room."""
MOST_TOKENS = 1000
"""Tokens that nobody has authorised; anybody can ask for one, and the oldest make room."""
_NOTICED = timedelta(days=1)
"""How exactly ``used_at`` is known, since noting it costs a write."""


@dataclass(frozen=True)
class ScrobbleSession:
    """A session, and whose it is."""

    listener: str | None
    """None for a token that nobody has authorised yet."""
    client: str | None
    created_at: datetime
    may_read: bool = True
    """Whether it reads the history too: one that a token opened, if the token may."""


def open_session(
    store: Store, listener: str, kind: Kind, client: str | None, now: datetime, token: int | None = None
) -> str:
    """The key of a new session, which is valid until it is closed, or as long as the token that opened it.

    ``token`` is that token's number. Raises UnknownName.
    """
    with store.session_of(listener, writes=True) as (session, who):
        session.add(_row(key := secrets.token_hex(16), who, kind, client, now, token))
        session.flush()
        if kind == "audioscrobbler":
            mine = (ScrobbleSessionRow.listener_id == who, ScrobbleSessionRow.protocol == kind)
            newest = select(ScrobbleSessionRow.id).where(*mine).order_by(ScrobbleSessionRow.id.desc())
            kept = newest.limit(MOST_OF_ONE).scalar_subquery()
            session.execute(delete(ScrobbleSessionRow).where(*mine, ScrobbleSessionRow.id.not_in(kept)))
    return key


def find_session(store: Store, key: str, kind: Kind, now: datetime) -> ScrobbleSession | None:
    """The session of a key; None for one that is unknown or was opened by a token that is no longer good.

    A token of Last.fm's that is too old is none either.
    """
    if store.is_missing:
        return None
    asked = select(ScrobbleSessionRow, ListenerRow.name, TokenRow).select_from(ScrobbleSessionRow)
    asked = asked.outerjoin(ListenerRow, ListenerRow.id == ScrobbleSessionRow.listener_id)
    asked = asked.outerjoin(TokenRow, TokenRow.id == ScrobbleSessionRow.token_id)
    asked = asked.where(ScrobbleSessionRow.key_hash == hashed(key), ScrobbleSessionRow.protocol == kind)
    with store.session(writes=False) as session:
        row, listener, opener = session.execute(asked).first() or (None, None, None)
        if row is None or (kind == "lastfm_token" and row.created_at < _oldest(now)):
            return None
        token = None if opener is None else token_of(opener, listener or "")
        if token is not None and not token.is_good(now):
            return None
        may_read = token is None or not {"read", "admin"}.isdisjoint(token.scopes)
        found = ScrobbleSession(listener, row.client, row.created_at, may_read)
        number, used_at = row.id, row.used_at
    if kind != "lastfm_token" and (used_at is None or now - used_at > _NOTICED):
        with store.session(writes=True) as session:
            session.execute(update(ScrobbleSessionRow).where(ScrobbleSessionRow.id == number).values(used_at=now))
    return found


def new_token(store: Store, client: str | None, now: datetime) -> str:
    """A token that a listener can authorise within the hour."""
    token = secrets.token_hex(16)
    tokens = ScrobbleSessionRow.protocol == "lastfm_token"
    with store.session(writes=True) as session:
        session.execute(delete(ScrobbleSessionRow).where(tokens, ScrobbleSessionRow.created_at < _oldest(now)))
        newest = select(ScrobbleSessionRow.id).where(tokens).order_by(ScrobbleSessionRow.id.desc())
        kept = newest.limit(MOST_TOKENS - 1).scalar_subquery()
        session.execute(delete(ScrobbleSessionRow).where(tokens, ScrobbleSessionRow.id.not_in(kept)))
        session.add(_row(token, None, "lastfm_token", client, now))
    return token


def authorise_token(store: Store, token: str, listener: str, now: datetime, by: int | None = None) -> bool:
    """Let whoever has ``token`` open a session of the listener; False for a token that is unknown or too old.

    ``by`` is the number of the listener's own token that authorises it, None for their password. Raises UnknownName
    for the listener.
    """
    with store.session_of(listener, writes=True) as (session, who):
        found = session.execute(
            update(ScrobbleSessionRow)
            .where(ScrobbleSessionRow.key_hash == hashed(token), ScrobbleSessionRow.protocol == "lastfm_token")
            .where(ScrobbleSessionRow.created_at >= _oldest(now), ScrobbleSessionRow.listener_id.is_(None))
            .values(listener_id=who, token_id=by)
            .returning(ScrobbleSessionRow.id)
        )
        return bool(found.all())


def redeem_token(store: Store, token: str, now: datetime) -> tuple[str, str] | None:
    """Listener and key of the session that an authorised token becomes, once; None for any other token."""
    key = secrets.token_hex(16)
    with store.session(writes=True) as session:
        asked = select(ScrobbleSessionRow, ListenerRow.name).join(ListenerRow)
        asked = asked.where(ScrobbleSessionRow.key_hash == hashed(token), ScrobbleSessionRow.created_at >= _oldest(now))
        found = session.execute(asked.where(ScrobbleSessionRow.protocol == "lastfm_token")).first()
        if found is None:
            return None
        row, listener = found
        session.add(_row(key, row.listener_id, "lastfm", row.client, now, row.token_id))
        session.delete(row)
        return str(listener), key


def _row(
    key: str, who: int | None, kind: Kind, client: str | None, now: datetime, token: int | None = None
) -> ScrobbleSessionRow:
    return ScrobbleSessionRow(
        listener_id=who,
        token_id=token,
        protocol=kind,
        key_hash=hashed(key),
        client=client and client[:128],
        created_at=now,
        used_at=None if who is None else now,
    )


def _oldest(now: datetime) -> datetime:
    return now - timedelta(minutes=TOKEN_MINUTES)
