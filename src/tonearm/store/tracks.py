"""How songs and playlists name a track: by its artist and title, and by ids where they are known."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TypeVar
from uuid import UUID

from tonearm.bronze import tidied
from tonearm.errors import UsageError
from tonearm.silver.names import artist_key, key_id, title_key

LONGEST_NAME = 1024
_DAY_S = 86_400.0
SPOTIFY_TRACK = re.compile(
    r"(?:spotify:track:|https?://open\.spotify\.com/(?:intl-\w+/)?track/)?([0-9A-Za-z]{22})(?:\?\S*)?"
)
"""A track's id, URI or address at Spotify; the group is the id."""


@dataclass(frozen=True, kw_only=True)
class Named:
    """A track by its names and ids; None is not known."""

    artist_name: str
    track_name: str
    album_name: str | None = None
    spotify_id: str | None = None
    """At Spotify; a URI or an address is taken for the id in it."""
    recording_mbid: str | None = None
    """At MusicBrainz."""
    duration_s: float | None = None

    @property
    def label(self) -> str:
        """The name for people."""
        return f"{self.artist_name} – {self.track_name}"

    @property
    def own_id(self) -> int:
        """The ``track_id`` that the lake has for a track of these names, unless it knows it by others."""
        return key_id(artist_key(self.artist_name), title_key(self.track_name))


AnyNamed = TypeVar("AnyNamed", bound=Named)


def checked(given: AnyNamed) -> AnyNamed:
    """``given`` as it is stored: names trimmed and at most LONGEST_NAME characters, ids in their plain form.

    Raises UsageError for a blank name, and for what is no id or no length of a track.
    """
    return replace(
        given,
        artist_name=_name(given.artist_name, "artist"),
        track_name=_name(given.track_name, "title"),
        album_name=shortened(given.album_name, LONGEST_NAME),
        spotify_id=_spotify_id(given.spotify_id),
        recording_mbid=mbid(given.recording_mbid),
        duration_s=_duration(given.duration_s),
    )


def shortened(text: str | None, most: int) -> str | None:
    """``text`` trimmed, at most ``most`` characters long, without what no database can hold; None for a blank one."""
    readable = (text or "").replace("\0", "").encode("utf-8", "replace").decode()
    return tidied((tidied(readable) or "")[:most])


def mbid(text: str | None) -> str | None:
    """An id of MusicBrainz, perhaps within its address, in its plain form; raises UsageError for what is none."""
    if not (text or "").strip():
        return None
    try:
        return str(UUID(str(text).strip().rstrip("/").rpartition("/")[2]))
    except ValueError:
        raise UsageError(f"'{str(text)[:100]}' is no id of MusicBrainz, which is a UUID") from None


def _name(text: str, what: str) -> str:
    found = shortened(text, LONGEST_NAME)
    if found is None:
        raise UsageError(f"a track needs a name: its {what} is blank")
    return found


def _spotify_id(text: str | None) -> str | None:
    if not (text or "").strip():
        return None
    found = SPOTIFY_TRACK.fullmatch(str(text).strip())
    if found is None:
        raise UsageError(f"'{str(text)[:100]}' is no track of Spotify: its id has 22 letters and digits")
    return found[1]


def _duration(seconds: float | None) -> float | None:
    if seconds is not None and not 0 < seconds <= _DAY_S:
        raise UsageError(f"a track lasts more than 0 s and at most a day, not {seconds:g} s")
    return seconds
