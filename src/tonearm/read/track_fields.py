"""What is known of a track when a model is asked about it: each field, its range, and its usual value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from tonearm.columns import COLUMNS, FEATURES
from tonearm.engine.duckdb import engine
from tonearm.errors import UnknownName, UsageError
from tonearm.lake import open_lake

if TYPE_CHECKING:
    from tonearm.engine.duckdb import Engine
    from tonearm.settings import Settings

Kind = Literal["number", "whole", "flag", "text"]
_TABLE = "catalogue_tracks"
_NUMBERS = (*FEATURES, "liveness", "duration_s")
_WHOLES = ("key", "mode", "time_signature")
_FLAGS = ("is_explicit",)
_YEAR = "year"
_TEXTS = ("genre", "subgenre", "artist_name", "track_name", "album_name")
_FIELDS: dict[str, Kind] = {
    **dict.fromkeys(_NUMBERS, "number"),
    **dict.fromkeys(_WHOLES, "whole"),
    **dict.fromkeys(_FLAGS, "flag"),
    _YEAR: "whole",
    **dict.fromkeys(_TEXTS, "text"),
}
_LISTED = ("genre", "subgenre")
_TAIL = 0.01
"""Share of the catalogue's tracks on either side that a range leaves out: one of two hours would stretch it."""


@dataclass(frozen=True, kw_only=True)
class TrackField:
    """One field of a track's record."""

    name: str
    kind: Kind
    unit: str
    """Empty where it has none."""
    meaning: str
    low: float | None
    """Where nearly all of the catalogue lies; what is limited from 0 to 1 by its meaning has those. Null for texts,
    and where the catalogue does not know the field."""
    high: float | None
    value: float | bool | str | None
    """Usual in the catalogue, or what the track has that was asked about; null where that is not known. Of texts
    nothing is usual."""
    n: int
    """Tracks behind ``value``."""
    values: tuple[str, ...]
    """What the catalogue has, for genres; empty for all others."""


def track_fields(settings: Settings, genre: str | None = None, track: int | None = None) -> list[TrackField]:
    """The fields with what is usual in the catalogue, in one ``genre`` of it, or with what one ``track`` has.

    Usual is the median of numbers and the most frequent of all others. Raises UsageError where there is no catalogue,
    UnknownName for a genre or track that it does not have.
    """
    lake = open_lake(settings.lake)
    if not lake.has(_TABLE):
        raise UsageError("no catalogue of tracks has been built; `tonearm import FILE.csv` takes one, e.g. Kaggle's")
    with engine(settings) as session:
        session.look_at(lake, _TABLE, (*_NUMBERS, *_WHOLES, *_FLAGS, *_TEXTS, "release_date", "track_id"))
        session.view("described", f"SELECT *, {_YEAR_OF} AS {_YEAR} FROM {_TABLE}")
        listed = {name: _listed(session, name) for name in _LISTED}
        if genre is not None and genre not in listed["genre"]:
            raise UnknownName("genre", genre, listed["genre"])
        (ranges,) = session.dicts(f"SELECT {', '.join(_ranges())} FROM described")
        shown = _of_track(session, track) if track is not None else _usual(session, genre)
    return [_field(name, kind, ranges, shown, listed.get(name, ())) for name, kind in _FIELDS.items()]


_YEAR_OF = "TRY_CAST(nullif(substr(release_date, 1, 4), '0000') AS INTEGER)"


def _listed(session: Engine, name: str) -> tuple[str, ...]:
    rows = session.rows(f"SELECT DISTINCT {name} FROM described WHERE {name} IS NOT NULL ORDER BY ALL")
    return tuple(row[0] for row in rows)


def _ranges() -> Iterator[str]:
    for name in (*_NUMBERS, *_WHOLES, _YEAR):
        yield f"quantile_cont({name}, {_TAIL}) AS {name}_low, quantile_cont({name}, {1 - _TAIL}) AS {name}_high"


def _usual(session: Engine, genre: str | None) -> dict[str, Any]:
    parts = [f"{'median' if name in (*_NUMBERS, _YEAR) else 'mode'}({name}) AS {name}" for name in _FIELDS]
    counts = [f"count({name}) AS {name}_n" for name in _FIELDS]
    where, given = ("WHERE genre = ?", (genre,)) if genre is not None else ("", ())
    (usual,) = session.dicts(f"SELECT {', '.join(parts + counts)} FROM described {where}", given)
    texts = dict.fromkeys(_TEXTS) | {f"{name}_n": 0 for name in _TEXTS}
    of_genre = {"genre": genre, "genre_n": usual["genre_n"]} if genre is not None else {}
    return usual | texts | of_genre


def _of_track(session: Engine, track: int) -> dict[str, Any]:
    rows = session.dicts(f"SELECT {', '.join(_FIELDS)} FROM described WHERE track_id = ?", (track,))
    if not rows:
        raise UnknownName("track of the catalogue", str(track), (), hint="only a catalogue's tracks have all fields")
    return rows[0] | {f"{name}_n": int(rows[0][name] is not None) for name in _FIELDS}


def _field(name: str, kind: Kind, ranges: Mapping[str, Any], shown: Mapping[str, Any], values: Any) -> TrackField:
    column = COLUMNS["release_date" if name == _YEAR else name]
    low, high = ranges.get(f"{name}_low"), ranges.get(f"{name}_high")
    if (column.low, column.high) == (0, 1):
        low, high = 0.0, 1.0
    value = shown[name]
    return TrackField(
        name=name,
        kind=kind,
        unit=column.unit if name != _YEAR else "",
        meaning=column.meaning if name != _YEAR else "Year of release.",
        low=low,
        high=high,
        value=float(round(value)) if kind == "whole" and value is not None else value,
        n=shown[f"{name}_n"],
        values=values,
    )
