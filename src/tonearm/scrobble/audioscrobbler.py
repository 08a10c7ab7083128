"""AudioScrobbler's protocol 1.2, which mpdscribble, Rockbox's tools and others speak: parameters in, lines out.

Documented at https://www.last.fm/api/submissions. Every answer has the HTTP status 200: some clients read no other,
and only ``BADSESSION`` makes them begin anew.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from tonearm.scrobble.lastfm import as_listen
from tonearm.scrobble.listenbrainz import judged
from tonearm.store.submissions import Submission

OK, BADAUTH, BADSESSION, BADTIME = "OK\n", "BADAUTH\n", "BADSESSION\n", "BADTIME\n"
CLOCK_S = 86_400
"""How far a client's clock may be off when it logs in. A player without a battery is hours off, and a day at most where
its time zone was taken for UTC; a login that somebody recorded is no use later."""

_FIELDS = {
    "a": "artist",
    "t": "track",
    "i": "timestamp",
    "l": "duration",
    "b": "album",
    "n": "tracknumber",
    "m": "mbid",
}
"""This protocol's letters, and Last.fm's later names for the same."""
_RATINGS: dict[str, Literal["love", "ban", "skip"]] = {"L": "love", "B": "ban", "S": "skip"}
_INDEXED = re.compile(r"([a-z])\[(\d{1,6})\]")


@dataclass(frozen=True)
class Listened:
    """One listen of a submission."""

    submission: Submission
    rating: Literal["love", "ban", "skip"] | None
    """What the listener did with the track while it played."""


def is_welcome(given: Mapping[str, str], password_md5: str | None, now_s: float) -> str:
    """OK for a handshake that proves to know the password, else the answer that refuses it."""
    asked = given.get("t", "")
    if not (asked.isascii() and asked.isdecimal()) or len(asked) > 12 or abs(int(asked) - now_s) > CLOCK_S:
        return BADTIME
    proof = hashlib.md5(f"{password_md5}{asked}".encode(), usedforsecurity=False).hexdigest()
    is_proved = hmac.compare_digest(proof, given.get("a", "").strip().lower().encode("ascii", "replace").decode())
    return OK if password_md5 is not None and is_proved else BADAUTH


def welcome(key: str, address: str) -> str:
    """The answer to a handshake: the session, and where to send what is playing and what was heard."""
    return f"OK\n{key}\n{address}/audioscrobbler/nowplaying\n{address}/audioscrobbler/submit\n"


def failed(reason: str) -> str:
    """The answer where we are at fault; the client keeps its listens and sends them again."""
    return f"FAILED {' '.join(reason.split())}\n"


def submitted(given: Mapping[str, str], client: str | None, now_s: float) -> list[Listened]:
    """The listens of a submission in their order; empty for none."""
    rows: dict[int, dict[str, str]] = {}
    for name, value in given.items():
        found = _INDEXED.fullmatch(name)
        if found:
            rows.setdefault(int(found[2]), {})[found[1]] = value
    return [_listened(rows[number], client, now_s) for number in sorted(rows)]


def now_playing(given: Mapping[str, str], client: str | None, now_s: float) -> Submission:
    """The track that is playing."""
    listen = as_listen(_named(given), client)
    del listen["listened_at"]
    return judged(listen, now_s, is_playing=True)


def _listened(row: Mapping[str, str], client: str | None, now_s: float) -> Listened:
    kept = judged(as_listen(_named(row), client), now_s)
    rating = _RATINGS.get(row.get("r", "").strip().upper())
    return Listened(Submission("audioscrobbler", kept.body, kept.listened_s, kept.reason), rating)


def _named(row: Mapping[str, str]) -> dict[str, str]:
    return {_FIELDS[letter]: value for letter, value in row.items() if letter in _FIELDS}
