"""Scrobble passwords: what the older scrobble protocols need instead of a token.

Their clients send a hash of the password's MD5, which a one-way hash cannot check, so the MD5 itself is kept. The
password is therefore generated, good for submitting and reading one listener and nothing else, and shown once.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from tonearm.store import Store
from tonearm.store.models import ScrobblePasswordRow, ScrobbleSessionRow

_CONSONANTS, _VOWELS = "bcdfghjklmnprstvz", "aeiou"
_GROUPS, _SYLLABLES = 6, 2
"""77 bits, which nobody guesses even where they have the MD5, and letters that every keyboard has."""


def create_password(store: Store, listener: str) -> str:
    """A new scrobble password, shown once; the one before it, and the sessions opened with it, stop working.

    Raises UnknownName.
    """
    password = _generated()
    with store.session_of(listener, writes=True) as (session, who):
        md5 = hashlib.md5(password.encode(), usedforsecurity=False).hexdigest()
        _close_sessions(session, who)
        session.merge(ScrobblePasswordRow(listener_id=who, md5=md5, created_at=datetime.now(UTC)))
    return password


def password_md5(store: Store, listener: str) -> str | None:
    """The MD5 of the listener's password in lower-case hexadecimal; None if they have none. Raises UnknownName."""
    with store.session_of(listener, writes=False) as (session, who):
        found = session.get(ScrobblePasswordRow, who)
        return None if found is None else found.md5


def _close_sessions(session: Session, who: int) -> None:
    """What was opened with the password before is closed with it."""
    session.execute(delete(ScrobbleSessionRow).where(ScrobbleSessionRow.listener_id == who))


def _generated() -> str:
    """Groups that can be read aloud. With hyphens it is never taken for an MD5, as 32 hexadecimal characters are."""
    return "-".join("".join(_syllable() for _ in range(_SYLLABLES)) for _ in range(_GROUPS))


def _syllable() -> str:
    return secrets.choice(_CONSONANTS) + secrets.choice(_VOWELS)
