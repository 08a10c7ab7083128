"""Tokens: what programs show instead of a password. Only their hashes are kept."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from sqlalchemy import select, update

from tonearm.errors import UnknownName, UsageError
from tonearm.store import Store
from tonearm.store.models import ListenerRow, TokenRow

Scope = Literal["read", "submit", "admin"]
SCOPES: tuple[Scope, ...] = ("read", "submit", "admin")

_HINT = 8
LONGEST_LABEL = 64


@dataclass(frozen=True)
class Token:
    """A token as its owner sees it in a list; the token itself is shown once, when it is made."""

    number: int
    listener: str
    name: str
    hint: str
    """How the token begins."""
    scopes: tuple[Scope, ...]
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None
    revoked_at: datetime | None

    def is_good(self, now: datetime) -> bool:
        """Whether it still opens anything."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


def create_token(
    store: Store, listener: str, scopes: Iterable[Scope], name: str = "", days: float | None = None
) -> tuple[str, Token]:
    """A new token and how it is listed, valid for ``days``, or for ever. Raises UnknownName and UsageError.

    It is a random UUID: some clients accept nothing else, and none takes it for the MD5 of a password.
    """
    wanted = tuple(scope for scope in SCOPES if scope in set(scopes))
    if not wanted:
        raise UsageError(f"a token needs a scope: {', '.join(SCOPES)}")
    if len(name) > LONGEST_LABEL:
        raise UsageError(f"a token's name has at most {LONGEST_LABEL} characters")
    if days is not None and not 0 < days <= 36_500:
        raise UsageError("a token is valid for more than 0 and at most 36,500 days")
    secret, now = str(uuid.uuid4()), datetime.now(UTC)
    with store.session_of(listener, writes=True) as (session, who):
        row = TokenRow(
            listener_id=who,
            name=name,
            token_hash=hashed(secret),
            hint=secret[:_HINT],
            scopes=" ".join(wanted),
            created_at=now,
            expires_at=None if days is None else now + timedelta(days=days),
        )
        session.add(row)
        session.flush()
        owner = session.get_one(ListenerRow, who).name
        return secret, token_of(row, owner)


def tokens(store: Store) -> list[Token]:
    """Every token, those that are revoked or expired too, oldest first."""
    if store.is_missing:
        return []
    with store.session(writes=False) as session:
        rows = session.execute(select(TokenRow, ListenerRow.name).join(ListenerRow).order_by(TokenRow.id))
        return [token_of(row, name) for row, name in rows]


def find_token(store: Store, secret: str) -> Token | None:
    """The good token that ``secret`` is; None for one that is unknown, revoked or expired.

    Found by its hash, so that the time it takes does not depend on how much of a guess is right.
    """
    asked = select(TokenRow, ListenerRow.name).join(ListenerRow).where(TokenRow.token_hash == hashed(secret))
    if store.is_missing:
        return None
    with store.session(writes=False) as session:
        found = session.execute(asked).first()
        token = token_of(*found) if found else None
    return token if token and token.is_good(datetime.now(UTC)) else None


def note_use(store: Store, number: int, at: datetime) -> None:
    """Keep that a token was used at ``at``."""
    with store.session(writes=True) as session:
        session.execute(update(TokenRow).where(TokenRow.id == number).values(used_at=at))


def revoke_token(store: Store, number: int) -> Token:
    """Make a token useless from now on; raises UnknownName."""
    if store.is_missing:
        raise _unknown(number)
    with store.session(writes=True) as session:
        session.execute(
            update(TokenRow)
            .where(TokenRow.id == number, TokenRow.revoked_at.is_(None))
            .values(revoked_at=datetime.now(UTC))
        )
        found = session.execute(
            select(TokenRow, ListenerRow.name).join(ListenerRow).where(TokenRow.id == number)
        ).first()
        if found is None:
            raise _unknown(number)
        return token_of(*found)


def _unknown(number: int) -> UnknownName:
    return UnknownName("token", str(number), [], hint="`tonearm tokens list` lists them")


def hashed(secret: str) -> str:
    """What is kept of a token or a session key: both are random, so one round of SHA-256 is enough."""
    return hashlib.sha256(secret.strip().encode("utf-8", "replace")).hexdigest()


def token_of(row: TokenRow, listener: str) -> Token:
    """The token of a row, which is the listener's."""
    scopes = tuple(scope for scope in SCOPES if scope in row.scopes.split())
    instants = (row.created_at, row.expires_at, row.used_at, row.revoked_at)
    return Token(row.id, listener, row.name, row.hint, scopes, *instants)
