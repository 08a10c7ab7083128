"""Small bronze tables, and the silver tables made of them."""

import hashlib
import inspect
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import pyarrow as pa
import pytest

from tests.embedded import session
from tonearm.bronze import CATALOGUE, HISTORY, SCHEMAS
from tonearm.columns import FEATURES, arrow_schema
from tonearm.engine.duckdb import Engine
from tonearm.silver.artist_features import artist_features
from tonearm.silver.artist_months import artist_months
from tonearm.silver.catalogue_tracks import catalogue_tracks
from tonearm.silver.credit_groups import credit_groups
from tonearm.silver.instants_at_ends import instants_at_ends
from tonearm.silver.listening_with_features import listening_with_features
from tonearm.silver.listens import listens
from tonearm.silver.matching import merges
from tonearm.silver.my_tracks_features_bronze_synthetic import my_tracks_features_bronze_synthetic
from tonearm.silver.sessions import sessions
from tonearm.silver.track_identities import track_identities
from tonearm.silver.track_links import track_links
from tonearm.silver.track_names import add_keys, track_names
from tonearm.silver.tracks import tracks

Row = dict[str, Any]
BUILDS = {
    build.__name__: build
    for build in (
        track_names,
        track_links,
        track_identities,
        my_tracks_features_bronze_synthetic,
        catalogue_tracks,
        artist_features,
        tracks,
        credit_groups,
        instants_at_ends,
        merges,
        listens,
        listening_with_features,
        sessions,
        artist_months,
    )
}
SPOTIFY = {"source": "spotify_extended", "instant_is": "end", "precision_s": 0.001}
ACCOUNT = {"source": "spotify_account", "instant_is": "end", "precision_s": 60.0}
LASTFM = {"source": "lastfm", "instant_is": "start", "precision_s": 1.0}
LISTENBRAINZ = {"source": "listenbrainz", "instant_is": "start", "precision_s": 1.0}


def number(*parts: object) -> int:
    return int.from_bytes(hashlib.md5(repr(parts).encode()).digest()[:8], "big") >> 1


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _record(
    at: str | datetime, track: str | None = "Song", artist: str | None = "Band", *, listener: str = "ann", **told: Any
) -> Row:
    started_at = instant(at) if isinstance(at, str) else at
    row: Row = {**dict.fromkeys(SCHEMAS[HISTORY]), **LASTFM, "listener": listener, "content": "music"}
    row |= {"started_at": started_at, "artist_name": artist, "track_name": track, "run": 1, "row": 1, **told}
    reported_at = started_at
    if row["instant_is"] == "end":
        reported_at += timedelta(seconds=row["listened_s"] or 0)
    named = row["spotify_id"] or (artist, track, row["album_name"])
    row["reported_at"] = reported_at
    row["record_id"] = number(row["source"], reported_at, row["listened_s"], named)
    row["name_id"] = number(artist, row["artists"], track, row["spotify_id"], row["recording_mbid"])
    return row


@pytest.fixture(scope="session")
def record() -> Callable[..., Row]:
    """One row of listening_history_bronze, told by what matters to the test; ``at`` is UTC."""
    return _record


@pytest.fixture(scope="session")
def listed() -> Callable[..., Row]:
    """One row of kaggle_tracks_bronze whose features all have ``value``, except those given."""

    def row(track: str, artist: str = "Band", value: float = 0.5, **told: Any) -> Row:
        found: Row = {**dict.fromkeys(SCHEMAS[CATALOGUE]), **dict.fromkeys(FEATURES, value)}
        found |= {"artist_name": artist, "track_name": track, **told}
        found["name_id"] = number(artist, track, found["spotify_id"], None)
        return found

    return row


class Silver:
    """The silver tables of the given bronze rows, each built when it is first asked for."""

    def __init__(
        self,
        engine: Engine,
        history: Iterable[Row],
        catalogue: Iterable[Row],
        clock: Iterable[Row],
        estimates: Iterable[Row] = (),
        allowed: Iterable[str] = (),
        merge_repeats: bool = True,
        measured: Iterable[Row] = (),
    ) -> None:
        self._engine = engine
        self._built: set[str] = {
            HISTORY,
            CATALOGUE,
            "listener_clock",
            "imputed_features",
            "my_tracks_features_bronze",
            "allowed_features",
            "merge_rules",
        }
        self._keep(HISTORY, _arrow(HISTORY, history))
        self._keep(CATALOGUE, _arrow(CATALOGUE, catalogue))
        self._keep("listener_clock", _arrow("listener_clock", clock))
        self._keep("imputed_features", _arrow("imputed_features", estimates))
        self._keep("my_tracks_features_bronze", _arrow("my_tracks_features_bronze", measured))
        self._keep("allowed_features", _arrow("allowed_features", [{"feature_source": one} for one in allowed]))
        self._keep("merge_rules", _arrow("merge_rules", [{"merge_kind": "repeat", "is_merged": merge_repeats}]))

    def built(self, build: Callable[..., Any]) -> pa.Table:
        """What ``build`` makes of its inputs."""
        for name in inspect.signature(build).parameters:
            if name not in self._built:
                self._built.add(name)
                made = self.built(BUILDS[name])
                self._keep(name, add_keys(made) if name == "track_names" else made)
        return self._engine.table(_sql(self._engine, build))

    def rows(self, name: str, *order: str) -> list[Row]:
        """The rows of the table ``name``, sorted by ``order``."""
        found = self.built(BUILDS[name])
        found = add_keys(found) if name == "track_names" else found
        return sorted(found.to_pylist(), key=lambda row: [row[c] for c in order])

    def _keep(self, name: str, rows: pa.Table) -> None:
        self._engine.register("given", rows)
        self._engine.run(f"CREATE OR REPLACE TABLE {name} AS FROM given")


@cache
def _sql(engine: Engine, build: Callable[..., Any]) -> str:
    """The same for all examples: tables differ in their rows, never in their columns."""
    return engine.compiled(build, *inspect.signature(build).parameters)


def _arrow(name: str, rows: Iterable[Row]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=arrow_schema(SCHEMAS[name]))


def _utc_clock(listeners: Iterable[str]) -> list[Row]:
    return [
        {
            "listener": listener,
            "year": year,
            "from_at": datetime(year, 1, 1, tzinfo=UTC),
            "until_at": datetime(year + 1, 1, 1, tzinfo=UTC),
            "utc_offset_s": 0,
            "zone": "UTC",
        }
        for listener in sorted(set(listeners))
        for year in range(2000, 2030)
    ]


@pytest.fixture(scope="session")
def engine() -> Engine:
    return session()


@pytest.fixture(scope="session")
def silver(engine: Engine) -> Callable[..., Silver]:
    """Builds every silver table of ``history`` and ``catalogue``; clocks show UTC unless given."""

    def build(
        history: list[Row],
        catalogue: Iterable[Row] = (),
        clock: list[Row] | None = None,
        estimates: Iterable[Row] = (),
        allowed: Iterable[str] = (),
        merge_repeats: bool = True,
        measured: Iterable[Row] = (),
    ) -> Silver:
        listeners = [row["listener"] for row in history]
        rules = (estimates, allowed, merge_repeats, measured)
        return Silver(engine, history, catalogue, clock or _utc_clock(listeners), *rules)

    return build
