"""What the column names of separated files mean, in the languages that people have them in.

A date's name says what happened at that instant. Only a play makes a listen: when a track was added to a playlist,
last played or released says nothing about how often or when it was heard.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True)
class Meaning:
    """What a column holds."""

    column: str
    """The column of bronze, or what a date or number that makes no listen is."""
    scale: float = 1.0
    """Seconds per unit of a length of time."""


TEXTS = frozenset(
    {"artist_name", "track_name", "album_name", "album_artist_name", "spotify_id"}
    | {"artist_mbid", "release_mbid", "recording_mbid"}
)
UNITS = frozenset({"listened_s", "duration_s"})
INSTANTS = ("start", "end")
WEAK = frozenset(
    {"date", "time", "datetime", "when", "fecha", "datum", "data", "дата", "日付", "日期", "날짜", "tarih"}
)
"""Names of dates that say nothing about what happened at them."""


def key(name: str) -> str:
    """A column's name for comparison: its letters and digits in lower case."""
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFC", name)).casefold()


@cache
def _meanings() -> dict[str, tuple[int, Meaning]]:
    """Every known name's meaning, with its rank among the names of the same meaning."""
    known = tomllib.loads(files("tonearm.sources").joinpath("headers.toml").read_text(encoding="utf-8"))
    found: dict[str, tuple[int, Meaning]] = {}
    for column, names in (known["texts"] | known["dates"] | known["signs"]).items():
        for rank, name in enumerate(names.split()):
            for spelling in (name, _bare(name)):
                found.setdefault(key(spelling), (rank, Meaning(column)))
    for column, by_scale in known["lengths"].items():
        for scale, names in by_scale.items():
            found |= {name: (rank, Meaning(column, float(scale))) for rank, name in enumerate(names.split())}
    return found


def _bare(text: str) -> str:
    """``text`` without accents on Latin letters: people's tools often lose them."""
    letters = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", "".join(c for c in letters if not "\u0300" <= c <= "\u036f"))


def meaning(name: str) -> Meaning | None:
    """What a column called ``name`` holds, None for an unknown name."""
    found = _meanings().get(key(name))
    return found[1] if found else None


def scale(name: str) -> float:
    """Seconds per unit of the column called ``name``."""
    found = meaning(name)
    return found.scale if found else 1.0


def fields(header: Sequence[str]) -> dict[str, int]:
    """Index of the field by its meaning; of several fields with one meaning the most specific name."""
    best: dict[str, tuple[int, int]] = {}
    for index, name in enumerate(header):
        found = _meanings().get(key(name))
        if found:
            rank, what = found
            if what.column not in best or rank < best[what.column][0]:
                best[what.column] = rank, index
    return {column: index for column, (_, index) in sorted(best.items(), key=lambda item: item[1][1])}


def is_header(cells: Sequence[str]) -> bool:
    """Whether ``cells`` are column names: two or more are known, and none is a number."""
    if any(re.search(r"\d{5}|\d:\d", cell) or re.fullmatch(r"\s*[\d.,/-]+\s*", cell) for cell in cells):
        return False
    return len(set(_columns(cells))) >= 2


def _columns(cells: Sequence[str]) -> Iterator[str]:
    for cell in cells:
        found = meaning(cell)
        if found:
            yield found.column


def dates_plays(header: Sequence[str]) -> bool:
    """Whether a column's name says that its dates are those of plays."""
    found = fields(header)
    return "end" in found or ("start" in found and key(header[found["start"]]) not in WEAK)


def no_plays(header: Sequence[str]) -> str | None:
    """What a file with these columns is, in a sentence, if it holds tracks instead of plays."""
    found = fields(header)
    names = {what: header[index].strip() for what, index in found.items()}
    if dates_plays(header):
        return None
    if "concert" in found:
        return f"is a list of concerts ('{names['concert']}'), not of plays"
    if "last_played" in found:
        return (
            f"is a library with play counts: '{names['last_played']}' is one play of many, and the others have no "
            "date; bring a listening history, such as a Last.fm or Spotify export"
        )
    if "added" in found:
        return (
            f"is a playlist or saved tracks: '{names['added']}' is when a track was added, not when it was played; "
            "bring the listening history of the same service"
        )
    if "rank" in found or "plays" in found:
        name = names.get("rank") or names["plays"]
        return f"is a chart or a list of top tracks ('{name}'), not of plays; bring a listening history"
    return None
