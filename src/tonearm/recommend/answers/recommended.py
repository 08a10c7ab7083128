"""What an answer to a request is; for whoever shows it, without what is needed to find it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Recommended:
    """One recommended track. Null means not known."""

    position: int
    track_id: int
    artist_id: int
    artist_name: str | None
    track_name: str | None
    album_name: str | None
    genre: str | None
    subgenre: str | None
    mood: str | None
    spotify_id: str | None
    tempo: float | None
    """Beats per minute."""
    duration_s: float | None
    year: int | None
    popularity: int | None
    """0–100 by the catalogue."""
    is_explicit: bool | None
    is_heard: bool
    """Whether the listener, or one of them, has heard a version of it."""
    is_artist_heard: bool
    """Whether they have heard anything by its artist."""
    score: float | None
    """By the recommender, comparable within this answer; None in a blend, whose listeners have one each."""
    because: str
    """The reason in a sentence; empty where none was asked for, and after the first 50 tracks."""
    why: tuple[tuple[str, float], ...]
    """What the score is the sum of: what it is and how much it adds, largest first. Empty in a blend, and where
    no reasons were asked for."""
    misses: tuple[str, ...]
    """Filters of the request that it does not meet, because they were relaxed."""
    serves: tuple[str, ...]
    """In a blend, whose taste it serves, the one's who likes it most first."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Recommended tracks in order, and what to know about them."""

    title: str
    tracks: tuple[Recommended, ...]
    relaxed: tuple[str, ...] = ()
    """Filters that were relaxed because too few tracks met all of them, in this order."""
    fewer: str = ""
    """Why there are fewer tracks than were asked for; empty if there are as many."""
    note: str = ""
    """Why the tracks are not personal where they are not; what they go by where that is not what was asked about."""
    served_by: str = "model"
    """``model``, or ``baseline`` where the model is not trained or did not beat it."""
    version: int | None = None
    """Of the recommender in the registry; None where it was never trained."""
    satisfaction: Mapping[str, float] | None = None
    """In a blend, what each listener gets of the best list for them alone, 0–1."""
