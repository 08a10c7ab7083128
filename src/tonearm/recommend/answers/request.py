"""What a recommendation may be asked for: how many tracks, which ones, how varied, and what is never relaxed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from tonearm.columns import MOODS
from tonearm.errors import UnknownName, UsageError
from tonearm.models.model import SEED

if TYPE_CHECKING:
    import numpy.typing as npt
    import pandas as pd

    Mask = npt.NDArray[np.bool_]

Range = tuple[float | None, float | None]
"""Least and largest value, both included; None where that side is open."""
OPEN: Range = (None, None)

MOST = 500
"""Tracks in one answer: a day and a half of music."""
MOST_NAMES = 1_000
"""Genres, artists or tracks that one request may list."""

_SHOWN = 40
"""Characters of a wrong text that a message repeats."""
_RANGES = {"tempo": "bpm", "year": "", "popularity": "", "duration_s": "s"}
"""Columns that can be limited to a range, with their units."""
RELAXED_FIRST = ("popularity", "duration_s", "year", "tempo", "mood", "genre")
"""Filters that may be relaxed, the one that is missed least first. What a listener refuses stays refused: explicit
tracks, artists, what was heard."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What to recommend. An item whose value is not known meets no filter on it."""

    k: int = 20
    """Tracks in the answer, 1 to 500."""
    genres: tuple[str, ...] = ()
    """Genres or subgenres, any of them; empty for all."""
    moods: tuple[str, ...] = ()
    """Moods, or words of their names such as "happy"; empty for all."""
    tempo: Range = OPEN
    """Beats per minute."""
    year: Range = OPEN
    """Year of release."""
    popularity: Range = OPEN
    """Popularity in the catalogue, 0–100."""
    duration_s: Range = OPEN
    """Length in seconds."""
    explicit: bool | None = None
    """False for none that are marked explicit, True for these alone, None for both."""
    unheard: bool = False
    """Whether tracks that the listener has heard, in any version, are left out."""
    new_artists: bool = False
    """Whether artists of whom the listener has heard anything are left out."""
    not_artists: tuple[int, ...] = ()
    """Ids of artists to leave out."""
    liked: tuple[int, ...] = ()
    """Ids of tracks to recommend from, beside what the listener heard; these are not recommended."""
    disliked: tuple[int, ...] = ()
    """Ids of tracks to stay away from; these are not recommended."""
    seen: tuple[int, ...] = ()
    """Ids of tracks that are not to be recommended again."""
    diversity: float = 0.3
    """0 for the best tracks whatever they have in common, 1 for tracks as unlike each other as possible."""
    novelty: float = 0.0
    """0 for the best tracks however known they are, 1 for the least known of those that suit."""
    per_artist: int = 2
    """Most tracks by one artist."""
    is_relaxed: bool = True
    """Whether filters are relaxed, one after the other, when too few tracks meet all of them."""
    day: date | None = None
    """The day whose order of near-equal tracks is taken; None for their plain order, unless there is a seed."""
    seed: int = SEED
    """Another number, another order of near-equal tracks."""
    is_explained: bool = True
    """Whether the tracks, the first 50 of them, come with their reasons, which take longer to find than they."""


def parse_range(text: str) -> Range:
    """The range that a text such as "1990-1999", "1990-", "-1999" or "1990" means; raises UsageError for another."""
    low, dash, high = text.partition("-")
    try:
        ends = tuple(float(end) if end.strip() else None for end in (low, high if dash else low))
    except ValueError:
        ends = OPEN
    if ends == OPEN or not all(end is None or np.isfinite(end) for end in ends):
        raise UsageError(f"{text[:_SHOWN]} is not a range such as 1990-1999, 1990- or -1999")
    return ends[0], ends[1]


def check(request: Request) -> None:
    """Raise UsageError for a request that cannot be fulfilled in any catalogue, saying which part of it."""
    if not 1 <= request.k <= MOST:
        raise UsageError(f"k is the number of tracks, 1 to {MOST}, and not {request.k:,}")
    if not 1 <= request.per_artist <= MOST:
        raise UsageError(f"per_artist is 1 to {MOST}, and not {request.per_artist:,}")
    for dial in ("diversity", "novelty"):
        if not 0 <= getattr(request, dial) <= 1:
            raise UsageError(f"{dial} is a number from 0 to 1, and not {getattr(request, dial)}")
    for column in _RANGES:
        _check_range(column, getattr(request, column))
    for listed in ("genres", "moods", "not_artists", "liked", "disliked"):
        if len(getattr(request, listed)) > MOST_NAMES:
            raise UsageError(f"{listed} lists more than {MOST_NAMES:,}")
    if both := set(request.liked) & set(request.disliked):
        raise UsageError(f"{len(both)} of the tracks are both liked and disliked")


def _check_range(column: str, limits: Range) -> None:
    low, high = limits
    if any(end is not None and not np.isfinite(end) for end in limits):
        raise UsageError(f"{column} is limited by numbers")
    if low is not None and high is not None and low > high:
        raise UsageError(f"{column} cannot be at least {low:g} and at most {high:g}")


def masks(request: Request, items: pd.DataFrame, heard: Mask) -> dict[str, Mask]:
    """For each filter of the request, by its name, which items meet it; filters that were not asked for are absent.

    Raises UnknownName for a genre or mood that is not there, with the nearest, and UsageError for a filter that no
    item meets, with what there is.
    """
    found = {column: _within(items, column, getattr(request, column)) for column in _RANGES}
    found = {column: mask for column, mask in found.items() if getattr(request, column) != OPEN}
    if request.genres:
        found["genre"] = _of_genres(items, request.genres)
    if request.moods:
        found["mood"] = items["mood"].isin(moods_of(request.moods)).to_numpy()
    if request.explicit is not None:
        found["explicit"] = (items["is_explicit"] == request.explicit).fillna(False).to_numpy(bool)
    if request.not_artists:
        found["not_artists"] = ~items["artist_id"].isin(request.not_artists).to_numpy()
    if request.unheard:
        found["unheard"] = ~same_song(items, heard)
    if request.new_artists:
        known = heard | items["track_id"].isin(request.liked).to_numpy()
        found["new_artists"] = ~items["artist_id"].isin(items["artist_id"][known]).to_numpy()
    for name, mask in found.items():
        if not mask.any() and len(items):
            raise UsageError(f"no track meets the filter {_in_words(request, name)}{_there_are(items, name)}")
    return found


def same_song(items: pd.DataFrame, chosen: Mask) -> Mask:
    """Which items are ``chosen`` or another version of one that is."""
    songs = items["song_id"]
    found: Mask = chosen | (songs.isin(songs[chosen].dropna()) & songs.notna()).to_numpy()
    return found


def moods_of(words: Iterable[str]) -> list[str]:
    """The moods whose names have all words of one of ``words``: "happy" has two, "sad calm" one; else UnknownName."""
    found: list[str] = []
    for text in words:
        asked = set(text.casefold().replace("_", " ").split())
        named = [mood for mood in MOODS if asked and asked <= set(mood.casefold().split("_"))]
        if not named:
            raise UnknownName("mood", text, MOODS, hint=f"there are {', '.join(MOODS)}")
        found += named
    return found


def _of_genres(items: pd.DataFrame, genres: Iterable[str]) -> Mask:
    """Which items have one of ``genres`` as genre or subgenre, ignoring case; else UnknownName."""
    columns = [items[column].astype("string").str.casefold() for column in ("genre", "subgenre")]
    known = dict.fromkeys(name for column in columns for name in column.dropna().unique())
    wanted = [" ".join(name.casefold().split()) for name in genres]
    for name in wanted:
        if name not in known:
            raise UnknownName("genre", name, known, hint=f"there are {', '.join(sorted(known)[:20]) or 'none'}")
    found: Mask = np.logical_or.reduce([column.isin(wanted).to_numpy(bool) for column in columns])
    return found


def _within(items: pd.DataFrame, column: str, limits: Range) -> Mask:
    values = items[column].to_numpy(float, na_value=np.nan)
    low, high = limits
    mask: Mask = (values >= (-np.inf if low is None else low)) & (values <= (np.inf if high is None else high))
    return mask


def _in_words(request: Request, name: str) -> str:
    if name in _RANGES:
        low, high = (None if end is None else f"{end:g}" for end in getattr(request, name))
        return f"{name} {low or '…'}–{high or '…'} {_RANGES[name]}".rstrip()
    words: Mapping[str, str] = {
        "mood": f"mood {', '.join(request.moods)}",
        "explicit": "explicit" if request.explicit else "not explicit",
        "unheard": "not heard yet",
        "new_artists": "by an artist not heard yet",
    }
    return words.get(name, name)


def _there_are(items: pd.DataFrame, name: str) -> str:
    """What the catalogue has instead, for a message."""
    if name in ("unheard", "new_artists"):
        return ": everything here was heard; import a catalogue of tracks, `tonearm import CATALOGUE.csv`"
    if name == "explicit" and not items["is_explicit"].notna().any():
        return "; no track's is known"
    if name not in _RANGES:
        return ""
    known = items[name].dropna()
    return f"; there are {known.min():g}–{known.max():g}" if len(known) else f"; no track's {name} is known"
