"""Tracks whose features were measured, as rows to learn from, and the inputs that models make of any track."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from tonearm.columns import FEATURES
from tonearm.errors import NotEnoughData
from tonearm.models.model import SPOTIFY_API
from tonearm.silver.names import FIELD, artist_key, title_key

if TYPE_CHECKING:
    from datetime import datetime

    import numpy.typing as npt

    Numbers = npt.NDArray[np.float32]
    Rows = npt.NDArray[np.int64]

TABLES = ("tracks", "track_identities", "catalogue_tracks", "my_tracks_features_bronze")
"""Where the rows come from."""
SOUND = (*FEATURES, "liveness")
TEXTS = ("artist_name", "track_name", "album_name", "release_date", "genre", "subgenre")
_NUMBERS = ("popularity", "duration_s", "key", "mode", "time_signature", "is_explicit", *SOUND)
NUMBERS_BROUGHT = (*_NUMBERS[1:], "duration_ms", "year")
"""Numbers that a record may have which somebody brings."""

TITLE_MARKS = {
    "remix": r"\bremix|\bmix\b|\bedit\b|rework|bootleg|\bvip\b|\bflip\b",
    "radio": r"radio edit",
    "extended": r"extended|original mix|\bclub\b",
    "live": r"\blive\b|unplugged|session",
    "guests": r"\bfeat\.|\bft\.|featuring|\(with ",
    "remaster": r"remaster",
    "acoustic": r"acoustic|piano|stripped",
    "instrumental": r"instrumental|karaoke",
    "soundtrack": r"from \"|from the|soundtrack|theme",
    "version": r"version",
    "cover": r"cover|tribute|made famous",
    "brackets": r"[(\[]",
    "dash": r" - ",
    "other_script": r"[^\x00-\x7f]",
}
"""Marks in a title that set the recording apart."""
ALBUM_MARKS = {
    "deluxe": r"deluxe|expanded|edition",
    "collection": r"best of|greatest|hits|collection|essential|anthology|gold|years",
    "remix": r"remix",
    "live": r"\blive\b",
    "soundtrack": r"soundtrack|motion picture|original",
    "compilation": r"\bvol|various|compilation|\bmix|presents|playlist",
    "ep": r"\bep\b",
}
"""Marks in an album's title that show what it collects."""

RELEASE = ("released", "release_month", "release_weekday", "release_digits")
TITLE = (*(f"title_{m}" for m in TITLE_MARKS), "title_letters", "title_words", "title_is_upper", "title_is_lower")
ALBUM = (*(f"album_{m}" for m in ALBUM_MARKS), "album_letters", "album_is_title", "album_has_title", "album_has_artist")
CATEGORIES = ("genre", "subgenre")
OTHER_SOUND = ("duration_s", "key", "mode", "time_signature", "is_explicit")
NAMES = (*TITLE, *ALBUM, "artist_letters")
LISTING = (*RELEASE, *ALBUM, *CATEGORIES)
"""What a catalogue has beyond the names and the sound."""
NUMBERS = (*_NUMBERS[1:], *RELEASE, *NAMES)

_NULL = math.nan
_DATE = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?")
_TITLE_MARKS = tuple(re.compile(mark).search for mark in TITLE_MARKS.values())
_ALBUM_MARKS = tuple(re.compile(mark).search for mark in ALBUM_MARKS.values())
_BEYOND_NAME = re.compile(r"\s*[(\[].*$|\s+-\s.*$")

FEWEST_TRACKS, FEWEST_ARTISTS = 500, 100
"""That something can be learned from."""


def measured(tables: Mapping[str, pd.DataFrame], is_spotify_api_allowed: bool) -> pd.DataFrame:
    """Tracks whose features were measured: one row per track of a catalogue, or measured for its owner.

    ``source`` is ``catalogue`` or ``real``; ``artist`` is the normalised name, and ``recording`` that with the title's.
    What a catalogue knows of a track has no date, so an instant to look back from leaves nothing out.
    """
    parts = [_listed(tables, is_spotify_api_allowed), _owned(tables, is_spotify_api_allowed)]
    rows = pd.concat([part for part in parts if len(part)] or parts[:1], ignore_index=True)
    rows["artist"], rows["recording"] = artists(rows), recordings(rows)
    return rows.sort_values(["source", "spotify_id", "track_id"], ignore_index=True)


def enough(rows: pd.DataFrame, model: str) -> pd.DataFrame:
    """The measured ``rows``; raises NotEnoughData where they are too few for ``model`` to learn from."""
    artists = rows.artist.nunique()
    if len(rows) < FEWEST_TRACKS or artists < FEWEST_ARTISTS:
        needs = f"{FEWEST_TRACKS} tracks with measured features by {FEWEST_ARTISTS} artists"
        raise NotEnoughData(model, f"are {len(rows):,} by {artists:,}", needs)
    return rows


def _listed(tables: Mapping[str, pd.DataFrame], is_spotify_api_allowed: bool) -> pd.DataFrame:
    rows = _allowed(tables["catalogue_tracks"], is_spotify_api_allowed)
    return rows[["track_id", "spotify_id", "playlist_ids", *TEXTS, *_NUMBERS]].assign(source="catalogue")


def _allowed(rows: pd.DataFrame, is_spotify_api_allowed: bool) -> pd.DataFrame:
    return rows if is_spotify_api_allowed else rows[rows.source != SPOTIFY_API]


def _owned(tables: Mapping[str, pd.DataFrame], is_spotify_api_allowed: bool) -> pd.DataFrame:
    rows = tables.get("my_tracks_features_bronze")
    if rows is None or rows.empty:
        return _nothing()
    rows = _allowed(rows, is_spotify_api_allowed)
    named = tables["tracks"][["track_id", "spotify_id", "artist_name", "track_name", "genre", "duration_s"]]
    rows = rows.drop_duplicates("spotify_id").merge(named.dropna(subset=["spotify_id"]), on="spotify_id")
    return rows.assign(source="real")


def _nothing() -> pd.DataFrame:
    return pd.DataFrame({"track_id": pd.Series(dtype="int64"), "source": pd.Series(dtype="str")})


def artists(records: pd.DataFrame) -> npt.NDArray[Any]:
    """The normalised name of each record's artist, empty where it is not known."""
    names = texts(records, "artist_name")
    keys = {name: artist_key(name) for name in names.unique()}
    return np.array([keys[name] for name in names], dtype=object)


def texts(records: pd.DataFrame, column: str) -> pd.Series:
    """A column of any records as text, empty where there is none."""
    if column not in records:
        return pd.Series("", index=records.index, dtype=object)
    values = records[column]
    return values.astype(object).where(values.notna(), "").astype(str).astype(object)


def numbers(records: pd.DataFrame, column: str) -> pd.Series:
    """A column of any records as numbers; null where there is none, and for infinities."""
    if column not in records:
        return pd.Series(np.nan, index=records.index, dtype="float64")
    values = records[column]
    if values.dtype == object:
        values = values.map({True: 1.0, False: 0.0}).where(values.map(lambda v: isinstance(v, bool)), values)
    return pd.to_numeric(values, errors="coerce").astype("float64").replace([np.inf, -np.inf], np.nan)


def inputs(records: pd.DataFrame) -> pd.DataFrame:
    """What is known of the tracks of any records: ``NUMBERS`` and ``CATEGORIES``, null where nothing is.

    A record may have ``duration_ms`` in place of ``duration_s``, and ``year`` in place of ``release_date``.
    """
    found: dict[str, Any] = {c: numbers(records, c) for c in _NUMBERS[1:]}
    found["duration_s"] = found["duration_s"].fillna(numbers(records, "duration_ms") / 1000)
    found |= dict(zip(RELEASE, _release(records).T, strict=True)) | dict(zip(NAMES, _names(records).T, strict=True))
    shown = pd.DataFrame(found, index=records.index).astype("float32")
    for column in CATEGORIES:
        shown[column] = texts(records, column)
    return shown


def _release(records: pd.DataFrame) -> Numbers:
    dates, years = texts(records, "release_date"), numbers(records, "year")
    found = [release_inputs(*one) for one in zip(dates.tolist(), years.tolist(), strict=True)]
    return np.array(found, dtype=np.float32).reshape(-1, len(RELEASE))


def _names(records: pd.DataFrame) -> Numbers:
    named = (texts(records, column).tolist() for column in ("track_name", "album_name", "artist_name"))
    found = [name_inputs(*one) for one in zip(*named, strict=True)]
    return np.array(found, dtype=np.float32).reshape(-1, len(NAMES))


def release_inputs(written: str, year: float) -> tuple[float, ...]:
    """``RELEASE`` of a date as it is written, such as 1999, 1999-05 or 1999-05-17, else of a year, which may be null.

    Years, month and weekday (0 is Monday) where the date has them, and how many digits it has.
    """
    found = _DATE.match(written)
    if found is None:
        return (_NULL, _NULL, _NULL, _NULL) if math.isnan(year) else (year + 0.5, _NULL, _NULL, 4.0)
    of_year, month, day = (None if part is None else int(part) for part in found.groups())
    assert of_year is not None
    digits = 4.0 + 2 * (month is not None) + 2 * (day is not None)
    if month is None:
        return of_year + 0.5, _NULL, _NULL, digits
    within = (month - 1) / 12 + ((1 if day is None else day) - 1) / 365
    return of_year + within, float(month), _NULL if day is None else _weekday(of_year, month, day), digits


def _weekday(year: int, month: int, day: int) -> float:
    try:
        # The calendar repeats every 400 years, and Python's has no year 0, which catalogues write for an unknown one.
        return float(date(year or 400, month, day).weekday())
    except ValueError:
        return _NULL


def name_inputs(title: str, album: str, artist: str) -> list[float]:
    """``NAMES`` of a track: null where a name that they are of is empty."""
    found = [_NULL] * len(NAMES)
    # What an album is called says more beside the title, so that it is not used without.
    if title:
        lower = title.lower()
        found[: len(TITLE)] = [
            *(float(mark(lower) is not None) for mark in _TITLE_MARKS),
            float(len(title)),
            title.count(" ") + 1.0,
            float(title == title.upper()),
            float(title == lower),
        ]
        if album:
            found[len(TITLE) : -1] = _album_inputs(album, lower, artist)
    if artist:
        found[-1] = float(len(artist))
    return found


def _album_inputs(album: str, lower_title: str, artist: str) -> list[float]:
    lower = album.lower()
    bare, bare_album = _bare(lower_title), _bare(lower)
    return [
        *(float(mark(lower) is not None) for mark in _ALBUM_MARKS),
        float(len(album)),
        float(bare == bare_album),
        float(bare_album.startswith(bare)),
        float(artist.lower() in lower),
    ]


def _bare(name: str) -> str:
    """A title without what stands in brackets or after a dash."""
    return _BEYOND_NAME.sub("", name).strip()


BLANKED = 0.5
"""Share of rows in which a group of inputs is blanked, so that a model learns to do without it."""


def blanked(inputs: pd.DataFrame, groups: Sequence[Sequence[str]], seed: int) -> pd.DataFrame:
    """``inputs`` with each group of columns left out in a random half of the rows, by itself."""
    rng = np.random.default_rng(seed)
    bare = inputs.copy()
    for group in groups:
        rows = rng.random(len(bare)) < BLANKED
        for column in group:
            bare.loc[rows, column] = blank(column)
    return bare


def blank(column: str) -> Any:
    """What stands in an input of which nothing is known: no text, no tracks, no number."""
    return "" if column in CATEGORIES else np.float32(0.0 if column.endswith("_tracks") else np.nan)


def recordings(records: pd.DataFrame) -> npt.NDArray[Any]:
    """What identifies a recording: the normalised names of its artist and title, as one text."""
    titles = texts(records, "track_name")
    return np.array([recording_key(*one) for one in zip(artists(records), titles, strict=True)], dtype=object)


def recording_key(artist: str, title: str) -> str:
    """What identifies the recording of a ``title`` by an artist with this normalised name."""
    return f"{artist}{FIELD}{title_key(title)}"


def others(
    artist: npt.NDArray[Any], recording: npt.NDArray[Any], values: npt.NDArray[Any], known: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Sum of ``values`` (n, k) over the known other recordings of each row's artist, and how many rows these are."""
    both = np.column_stack([np.where(known[:, None], values, 0.0), known.astype(float)])
    total = -sums_by(recording, both)
    total += sums_by(artist, both)
    return total[:, :-1], np.rint(total[:, -1])


def sums_by(key: npt.NDArray[Any], values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Each row's sum of ``values`` (n, k) over all rows with the same key."""
    of, _ = pd.factorize(key)
    summed: npt.NDArray[np.float64] = _summed(of, values)[of]
    return summed


def _summed(of: npt.NDArray[Any], values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    return np.column_stack([np.bincount(of, values[:, j]) for j in range(values.shape[1])])


COMPANY_SHRUNK_BY = 5.0
"""Companions that the mean of all tracks counts as: the mean of a few is uncertain."""


def memberships(playlist_ids: pd.Series) -> tuple[Rows, Rows]:
    """Row and playlist of each membership, from texts of ids with spaces between."""
    known = playlist_ids.reset_index(drop=True).dropna().astype(object)
    split = known.str.split().explode().dropna()
    codes, _ = pd.factorize(split)
    return split.index.to_numpy(np.int64), codes.astype(np.int64)


def company(
    row: Rows, of: Rows, artist: npt.NDArray[Any], values: npt.NDArray[Any], known: npt.NDArray[np.bool_]
) -> Numbers:
    """What each row keeps company with: mean ``values`` of other artists' known rows in its lists, and their number.

    ``values`` are deviations from the mean of all tracks, towards which a small company is shrunk. Null without any.
    """
    n, lists = len(artist), int(of.max()) + 1 if len(of) else 0
    if not lists:
        return np.column_stack([np.full(values.shape, np.nan), np.zeros(n)]).astype("float32")
    _, code = np.unique(artist.astype(str), return_inverse=True)
    both = np.column_stack([np.where(known[:, None], values, 0.0), known.astype(float)])[row]
    _, mine = np.unique(of * (code.max() + 1) + code[row], return_inverse=True)
    companions = _summed(of, both)[of] - _summed(mine, both)[mine]
    total = np.zeros((n, both.shape[1]))
    np.add.at(total, row, companions)
    count = np.rint(total[:, -1:])
    mean = np.where(count > 0, total[:, :-1] / (count + COMPANY_SHRUNK_BY), np.nan)
    return np.column_stack([mean, count]).astype("float32")


def heard(tables: Mapping[str, pd.DataFrame], as_of: datetime) -> pd.DataFrame:
    """Tracks that were heard before ``as_of``, one row each, with what a catalogue knows of them."""
    names = tables["track_identities"][["name_id", "track_id"]]
    listens = tables["listens"]
    listens = listens[listens.started_at < as_of][["name_id"]].drop_duplicates().merge(names, on="name_id")
    rows = tables["tracks"][tables["tracks"].track_id.isin(listens.track_id)]
    listed = tables["catalogue_tracks"]
    more = [c for c in (*TEXTS, *_NUMBERS) if c not in rows.columns]
    return rows.merge(listed[["track_id", *more]], on="track_id", how="left").reset_index(drop=True)
