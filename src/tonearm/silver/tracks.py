"""Tracks: every recording that was heard or is in the catalogue, with what is known about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import ibis

from tonearm.columns import FEATURES, IMPUTED, MEASURED
from tonearm.silver.first_n import first_n
from tonearm.silver.moods import mood
from tonearm.silver.records import good_listens
from tonearm.table import table

if TYPE_CHECKING:
    from ibis.expr.types import NumericColumn, Table


@table(grain=("track_id",))
def tracks(
    track_names: Table,
    track_identities: Table,
    listening_history_bronze: Table,
    catalogue_tracks: Table,
    artist_features: Table,
    imputed_features: Table,
    my_tracks_features_bronze: Table,
    my_tracks_features_bronze_synthetic: Table,
) -> Table:
    """Every track that was heard or stands in the catalogue, with its names, ids, length, genre, features and mood.

    Names are those of a spelling that comes with an id, the shortest title first, whatever was heard how
    often. Features that were measured for the track itself come first (``feature_source`` is ``real``), then those of
    ``catalogue_tracks`` (``catalogue``), where ``genre`` always is from. Where there are none, the means of the
    artist's ``artist_tracks`` measured tracks stand in (``artist``): what this artist usually sounds like, whose spread
    is in ``artist_features``. For other artists they are a model's estimates (``imputed``), once it was trained and
    served; their standard errors are in ``imputed_features``. Else, if the setting ``allow_synthetic`` is on, they are
    invented (``synthetic``). All features of a track have one source.

    ``mood`` is that of the measured features; by the artist, a mood that a track of this artist probably has (see
    ``artist_features``); of estimates, one whose probability is at least .8. Anything less sure has none, and invented
    features never have one. ``duration_s`` is the catalogue's, else the median of what the sources report. Null means
    not known.
    """
    spellings = track_names.rename(own_artist_id="artist_id").inner_join(track_identities, "name_id")
    spellings = spellings.left_join(_heard(listening_history_bronze), "name_id").drop("name_id_right")
    rows = _titles(spellings).left_join(_artists(spellings), "artist_id").drop("artist_id_right")
    for more in (_ids(spellings), _listed(catalogue_tracks)):
        rows = rows.left_join(more, "track_id").drop("track_id_right")
    rows = _with_measured(rows, spellings, my_tracks_features_bronze)
    rows = rows.left_join(_of("artist", artist_features, "artist_id", IMPUTED), "artist_id").drop("artist_id_right")
    for source, features, known in (
        ("imputed", imputed_features, IMPUTED),
        ("synthetic", my_tracks_features_bronze_synthetic, FEATURES),
    ):
        rows = rows.left_join(_of(source, features, "track_id", known), "track_id").drop("track_id_right")
    rows = rows.mutate(feature_source=rows.feature_source.coalesce(*(rows[f"is_{s}"] for s in _STAND_INS)))
    return rows.select(
        *("track_id", "artist_id", "artist_name", "track_name", "spotify_id", "recording_mbid", "genre"),
        **{feature: _of_its_source(rows, feature) for feature in FEATURES},
        feature_source=rows.feature_source,
        artist_tracks=rows.feature_source.cases(("artist", rows.artist_tracks)),
        mood=rows.feature_source.cases(
            *((source, mood(rows.valence, rows.energy)) for source in MEASURED),
            ("artist", rows.artist_mood),
            ("imputed", rows.imputed_mood),
        ),
        duration_s=rows.listed_duration_s.coalesce(rows.reported_duration_s),
    )


_STAND_INS = ("artist", "imputed", "synthetic")
"""Where features come from that are not the track's own, best first."""


def _of(source: str, features: Table, key: str, known: Sequence[str]) -> Table:
    """What ``source`` knows, as ``<source>_<feature>``, and ``is_<source>``, which names it where it knows anything."""
    values = {f"{source}_{f}": features[f] for f in known}
    if source != "synthetic":
        values[f"{source}_mood"] = features.mood
    evidence = ("artist_tracks",) if source == "artist" else ()
    return features.select(key, *evidence, **values, **{f"is_{source}": ibis.literal(source)})


def _of_its_source(rows: Table, feature: str) -> NumericColumn:
    """All of a track's features have one source: an estimate beside a measured one would pass for it."""
    stand_ins = _STAND_INS if feature in IMPUTED else ("synthetic",)
    return rows.feature_source.cases(*((s, rows[f"{s}_{feature}"]) for s in stand_ins), else_=rows[feature])


def _with_measured(rows: Table, spellings: Table, measured: Table) -> Table:
    """``rows`` with the features measured under an id of the track in place of those of a catalogue, all or none."""
    ids = spellings.filter(spellings.spotify_id.notnull()).select("track_id", "spotify_id", "is_heard").distinct()
    found = measured.inner_join(ids, "spotify_id")
    order = [found.is_heard.isnull(), found.imported_at.desc(), found.spotify_id, *(found[f] for f in FEATURES)]
    found = first_n(found, "track_id", order, 1)
    found = found.select("track_id", **{f"real_{f}": found[f] for f in FEATURES}, is_real=ibis.literal("real"))
    rows = rows.left_join(found, "track_id").drop("track_id_right")
    return rows.mutate(
        feature_source=rows.is_real.coalesce(rows.feature_source),
        **{f: rows.is_real.notnull().ifelse(rows[f"real_{f}"], rows[f]) for f in FEATURES},
    )


def _heard(history: Table) -> Table:
    """The spellings that were heard and the length the sources report for each."""
    good = good_listens(history)
    timed = good.filter(good.duration_s.notnull())
    lengths = timed.group_by("name_id").aggregate(heard_duration_s=timed.duration_s.median())
    names = good.select("name_id").distinct().mutate(is_heard=True)
    return names.left_join(lengths, "name_id").drop("name_id_right")


def _titles(spellings: Table) -> Table:
    """The canonical title of each track: one of the spelling that gives the track its identity."""
    order = [
        spellings.key_id != spellings.track_id,
        spellings.spotify_id.isnull(),
        spellings.recording_mbid.isnull(),
        spellings.track_name.length(),
        spellings.track_name,
        spellings.name_id,
    ]
    return first_n(spellings, "track_id", order, 1).select("track_id", "artist_id", "track_name")


def _artists(spellings: Table) -> Table:
    """The canonical spelling of each artist; the shortest names no guests."""
    own = spellings.filter(spellings.key_id == spellings.track_id)
    order = [
        # Not the first of a list that is an act.
        own.own_artist_id != own.artist_id,
        own.spotify_id.isnull(),
        own.recording_mbid.isnull(),
        own.artist_name.length(),
        own.artist_name,
        own.name_id,
    ]
    return first_n(own, "artist_id", order, 1).select("artist_id", "artist_name")


def _ids(spellings: Table) -> Table:
    """Ids and reported length of each track; an id under which it was heard before one of the catalogue only."""
    heard_id = spellings.spotify_id.min(where=spellings.is_heard.notnull())
    return spellings.group_by("track_id").aggregate(
        spotify_id=heard_id.coalesce(spellings.spotify_id.min()),
        recording_mbid=spellings.recording_mbid.min(),
        reported_duration_s=spellings.heard_duration_s.median(),
    )


def _listed(catalogue: Table) -> Table:
    """Genre, length and features of each track that a catalogue lists."""
    # Of a catalogue that has neither, AcousticBrainz', the artist's features or estimates say more.
    has_features = catalogue.valence.notnull() | catalogue.energy.notnull()
    return catalogue.select(
        *("track_id", "genre", *FEATURES),
        feature_source=ibis.cases((has_features, "catalogue")),
        listed_duration_s="duration_s",
    )
