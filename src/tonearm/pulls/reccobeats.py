"""ReccoBeats: measured audio features of the tracks that were heard, by their Spotify ids.

https://reccobeats.com/docs/apis/get-audio-features: no key, at most 40 ids at once; tracks that it does not know are
left out of the answer. Each track is asked for once: what is found is in the lake, and what is not is noted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
import pyarrow as pa
from filelock import FileLock, Timeout
from sqlalchemy import delete, select

from tonearm.bronze import HISTORY, SCHEMAS
from tonearm.columns import COLUMNS, arrow_schema
from tonearm.engine.duckdb import engine
from tonearm.errors import HomeBusy, ServiceRefused, ServiceUnavailable
from tonearm.home import make_home
from tonearm.home.lock import writing
from tonearm.lake import open_lake
from tonearm.pulls.asking import answered, client, decoded, patiently
from tonearm.settings import Settings
from tonearm.store import Store
from tonearm.store.models import SettingRow, UnmeasuredRow

FEATURES = "my_tracks_features_bronze"
SOURCE = "reccobeats"
AT_ONCE = 40
PAUSE_S = 1.0
"""Between requests; the limit is not published."""
TRACKS_PER_COMMIT = 1000
AGAIN_AFTER = timedelta(days=120)
"""When a track that ReccoBeats did not know is asked for again."""

_MEASURED = tuple(c for c in SCHEMAS[FEATURES] if c not in ("spotify_id", "source", "imported_at"))
_RETRY = "reccobeats_retry_at"
"""Name of the setting that holds until when ReccoBeats asked to be left alone."""


@dataclass
class Fetched:
    """What one pass over the heard tracks came to."""

    asked: int = 0
    found: int = 0
    left: int = 0
    """Tracks still to be asked for."""
    problem: str | None = None
    exit_code: int = 0


def fetch_features(
    settings: Settings,
    store: Store,
    now: datetime,
    sleep: Callable[[float], None] = time.sleep,
    progress: Callable[[int, int], None] | None = None,
    waiting: Callable[[str], None] | None = None,
    most: int | None = None,
) -> Fetched:
    """Fetch the features of heard tracks that have none yet, the most heard first, at most ``most`` of them.

    ``progress`` is called with the tracks done and all. What was fetched before a failure is kept, and the failure is
    in the answer. Raises HomeBusy and HomeUnusable.
    """
    fetched = Fetched()
    with _alone(settings):
        wanted = unmeasured(settings, store, now)
        asking = wanted[:most]
        try:
            _check_allowed(store, now)
            with client(settings.reccobeats_url) as http:
                for part in _parts(asking, TRACKS_PER_COMMIT):
                    answers = _asked(http, part, sleep, lambda n: progress and progress(fetched.asked + n, len(asking)))
                    _keep(settings, store, answers, now, waiting, fetched)
        except (ServiceUnavailable, ServiceRefused) as error:
            _note(store, error, now)
            fetched.problem, fetched.exit_code = str(error), error.exit_code
    fetched.left = len(wanted) - fetched.asked
    return fetched


def unmeasured(settings: Settings, store: Store, now: datetime) -> list[str]:
    """Spotify ids of heard tracks whose features are to be asked for, the most heard first."""
    lake = open_lake(settings.lake)
    if not lake.has(HISTORY):
        return []
    with engine(settings) as session:
        for name in (HISTORY, FEATURES):
            session.look_at(lake, name, SCHEMAS[name])
        heard = session.rows(
            f"""SELECT spotify_id FROM {HISTORY} ANTI JOIN {FEATURES} USING (spotify_id)
            WHERE outcome = 'kept' AND spotify_id IS NOT NULL AND content = 'music'
            GROUP BY spotify_id ORDER BY count(*) DESC, spotify_id"""
        )
    if store.is_missing:
        return [id for (id,) in heard]
    with store.session(writes=False) as session:
        known = set(session.scalars(select(UnmeasuredRow.spotify_id).where(UnmeasuredRow.asked_at > now - AGAIN_AFTER)))
    return [id for (id,) in heard if id not in known]


def _parts(ids: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))


@dataclass(frozen=True)
class _Answer:
    """The tracks of one request and the features of those that are known."""

    ids: Sequence[str]
    rows: Sequence[Mapping[str, Any]]


def _asked(
    http: httpx.Client, ids: Sequence[str], sleep: Callable[[float], None], done: Callable[[int], object]
) -> Iterator[_Answer]:
    for start, some in enumerate(_parts(ids, AT_ONCE)):
        yield _Answer(some, _features_of(http, some, sleep))
        done(start * AT_ONCE + len(some))


def _features_of(http: httpx.Client, ids: Sequence[str], sleep: Callable[[float], None]) -> list[dict[str, Any]]:
    def ask() -> dict[str, Any]:
        sleep(PAUSE_S)
        response = answered("ReccoBeats", http, "v1/audio-features", {"ids": ",".join(ids)})
        if response.status_code == 404:
            return {}
        if response.status_code >= 400:
            raise ServiceRefused(f"ReccoBeats refuses what was asked (status {response.status_code})")
        return decoded("ReccoBeats", response, dict[str, Any])

    rows = {row["spotify_id"]: row for row in _rows(patiently(ask, sleep).get("content") or [], frozenset(ids))}
    return list(rows.values())


def _rows(content: Iterable[Any], asked: frozenset[str]) -> Iterator[dict[str, Any]]:
    """The features that can be true; ``href`` ends in the Spotify id, and ``id`` is ReccoBeats' own."""
    for one in content:
        id = str(one.get("href") or "").rstrip("/").rpartition("/")[2] if isinstance(one, dict) else ""
        if id in asked:
            values = {name: _possible(name, one.get(name)) for name in _MEASURED}
            if any(value is not None for value in values.values()):
                yield {"spotify_id": id, **values}


def _possible(name: str, value: Any) -> float | None:
    """``value`` if the column may hold it."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    low, high = COLUMNS[name].low, COLUMNS[name].high
    is_possible = (low is None or value >= low) and (high is None or value <= high)
    return float(value) if is_possible else None


def _keep(
    settings: Settings,
    store: Store,
    answers: Iterator[_Answer],
    now: datetime,
    waiting: Callable[[str], None] | None,
    fetched: Fetched,
) -> None:
    """Keep the answers together, those before a failure too, and count them."""
    kept: list[_Answer] = []
    try:
        for answer in answers:
            kept.append(answer)
    finally:
        rows = [{**row, "source": SOURCE, "imported_at": now} for answer in kept for row in answer.rows]
        asked = [id for answer in kept for id in answer.ids]
        if rows:
            _keep_found(settings, rows, waiting)
        _keep_missing(store, sorted(set(asked) - {row["spotify_id"] for row in rows}), now)
        fetched.asked, fetched.found = fetched.asked + len(asked), fetched.found + len(rows)


def _keep_found(settings: Settings, rows: list[dict[str, Any]], waiting: Callable[[str], None] | None) -> None:
    with writing(settings, waiting):
        lake = open_lake(settings.lake)
        table = pa.Table.from_pylist(rows, schema=arrow_schema(SCHEMAS[FEATURES]))
        lake.append(FEATURES, table, {"source": SOURCE})
        lake.compact(FEATURES)


def _keep_missing(store: Store, ids: Sequence[str], now: datetime) -> None:
    with store.session(writes=True) as session:
        for some in _parts(ids, 500):
            session.execute(delete(UnmeasuredRow).where(UnmeasuredRow.spotify_id.in_(some)))
            session.add_all(UnmeasuredRow(spotify_id=id, asked_at=now) for id in some)


def _check_allowed(store: Store, now: datetime) -> None:
    """Raise ServiceUnavailable while ReccoBeats wants to be left alone."""
    if store.is_missing:
        return
    with store.session(writes=False) as session:
        row = session.get(SettingRow, _RETRY)
    if row and now < (until := datetime.fromisoformat(row.value)):
        raise ServiceUnavailable(f"ReccoBeats asked not to be asked before {until:%Y-%m-%d %H:%M} UTC", 0.0)


def _note(store: Store, error: ServiceUnavailable | ServiceRefused, now: datetime) -> None:
    wait_s = error.wait_s if isinstance(error, ServiceUnavailable) else None
    if wait_s:
        until = now + timedelta(seconds=wait_s)
        with store.session(writes=True) as session:
            session.merge(SettingRow(key=_RETRY, value=until.isoformat(), changed_at=now))


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    make_home(settings)
    try:
        with FileLock(settings.home / "features.lock", timeout=0):
            yield
    except Timeout as error:
        raise HomeBusy("another tonearm is fetching audio features; let it finish") from error
