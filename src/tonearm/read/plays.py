"""A listener's listens newest first, at once: those of the tables, and those that are on their way there."""

from __future__ import annotations

import unicodedata
from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tonearm.bronze import HISTORY, tidied
from tonearm.columns import arrow_schema
from tonearm.read.overview import LISTENS
from tonearm.read.pages import FROM_THE_BEGINNING, NEWEST_FIRST, TO_THE_END, Bound, Pages, first_of
from tonearm.read.pages import SCHEMA as STORED
from tonearm.read.ranges import local_time
from tonearm.silver.instants_at_ends import LAG_S
from tonearm.silver.matching import REPEAT_S
from tonearm.sources.listenbrainz import Listen, values
from tonearm.sources.submissions import SOURCES, submitted_kind
from tonearm.store.submissions import Waiting, mark, waiting

if TYPE_CHECKING:
    import numpy.typing as npt

    from tonearm.lake import Lake
    from tonearm.store import Listener, Store

SCHEMA = arrow_schema((*STORED.names, "spotify_id", "recording_mbid"))
"""Columns of a page. Of a listen that is not in the tables yet, what the tables find out is null, and ``listen_id`` is
the negative number of its submission while that waits for its import."""
_IDS = arrow_schema(("track_id", "spotify_id", "recording_mbid"))
_SUBMITTED = tuple(source.kind for source in SOURCES)
_SAME = timedelta(seconds=LAG_S + 1)
"""Listens that are further apart are never one play."""
_TOGETHER_S = 3600.0
"""Listens that are closer are compared with the tables in one go."""

Instant = tuple[datetime, int | None]
"""When a listen started, and its ``listen_id``, which tells listens of one instant apart."""


class Plays:
    """Listens of the newest version of a lake and of a store; may be shared by threads."""

    def __init__(self, lake: Lake) -> None:
        """Nothing is read yet."""
        self._lake, self._lock = lake, Lock()
        self._pages = Pages(lake)
        self._locks: dict[str, Lock] = {}
        """Held while a listener's fresh listens are read; other listeners' readers do not wait for it."""
        self._fresh: dict[str, tuple[Any, pa.Table]] = {}
        self._ids: tuple[Any, _Ids] | None = None

    def page(
        self,
        store: Store,
        listener: str,
        after: Instant | None = None,
        before: Instant | None = None,
        limit: int = 25,
        oldest_first: bool = False,
    ) -> pa.Table:
        """At most ``limit`` listens that started after and before, both exclusive, newest first; see ``SCHEMA``.

        Of more than that many these are the newest, or with ``oldest_first`` the oldest. An instant without an id
        leaves out all listens that started then.
        """
        low, high = _after(after), _before(before)
        with self._lock:
            built = self._with_ids(self._pages.between(listener, low, high, limit, oldest_first))
        fresh = _within(self.fresh(store, listener), low, high)
        if not fresh.num_rows:
            return built
        return first_of(pa.concat_tables([built, fresh]), limit, oldest_first)

    def count(self, store: Store, listener: str) -> int:
        """How many listens there are."""
        with self._lock:
            built = self._pages.count(listener)
        return built + int(self.fresh(store, listener).num_rows)

    def ends(self, store: Store, listener: str) -> tuple[datetime, datetime] | None:
        """When the oldest and the newest listen started; None without any."""
        fresh = self.fresh(store, listener)["started_at"]
        with self._lock:
            instants = [*self._pages.ends(listener), *(fresh[place].as_py() for place in (-1, 0) if len(fresh))]
        return (min(instants), max(instants)) if instants else None

    def recordings(self, tracks: Iterable[int]) -> dict[int, str]:
        """MusicBrainz ids of the recordings of tracks, where they are known."""
        wanted = list(tracks)
        with self._lock:
            found = self._known_ids().of(np.array(wanted, dtype=np.int64))["recording_mbid"].to_pylist()
        return {track: mbid for track, mbid in zip(wanted, found, strict=True) if mbid}

    def state(self, store: Store, listener: str) -> tuple[Any, ...]:
        """The same as long as the listener's pages are."""
        return self._lake.version(HISTORY), self._lake.version(LISTENS), mark(store, listener)

    def fresh(self, store: Store, listener: str) -> pa.Table:
        """The listens that are not in the tables yet, newest first, each once however often it was submitted.

        ``listener`` is written as in the store.
        """
        with self._locks.setdefault(listener, Lock()):
            state = self.state(store, listener)
            kept = self._fresh.get(listener)
            if kept is None or kept[0] != state:
                whose = store.listener(listener)
                candidates = [*self._unbuilt(whose), *(_of_waiting(one, whose) for one in waiting(store, listener))]
                rows = self._once(listener, [one for one in candidates if one is not None])
                kept = self._fresh[listener] = state, pa.Table.from_pylist(rows, SCHEMA).sort_by(list(NEWEST_FIRST))
            return kept[1]

    def _once(self, listener: str, candidates: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """``candidates`` without those that the tables have, and without repeats of one another."""
        kept: list[dict[str, Any]] = []
        for together in _clusters(sorted(candidates, key=lambda one: one["started_at"])):
            low, high = together[0]["started_at"] - _SAME, together[-1]["started_at"] + _SAME
            with self._lock:
                near = self._pages.between(listener, _after((low, None)), _before((high, None)))
            columns = ["started_at", "artist_name", "track_name", "source", "client"]
            seen = _Seen(near.select(columns).to_pylist()[::-1])
            kept += [one for one in together if seen.takes(one)]
        return kept

    def _unbuilt(self, listener: Listener) -> Iterator[dict[str, Any]]:
        """Submissions that are in bronze and not in the tables, which were built before."""
        built = (self._lake.noted(LISTENS, "run") if self._lake.has(LISTENS) else None) or 0
        runs = self._lake.extremes(HISTORY, "run")[1] if self._lake.has(HISTORY) else []
        if max((run for run in runs if run is not None), default=0) <= built:
            return
        is_new = (pc.field("run") > built) & pc.field("source").isin(_SUBMITTED)
        is_listen = (pc.field("outcome") == "kept") & (pc.field("content") == "music")
        is_own = pc.field("listener") == listener.name
        columns = {name: pc.field(name) for name in _OF_BRONZE} | {"listen_id": pc.field("record_id")}
        rows = self._lake.dataset(HISTORY).to_table(columns, is_new & is_listen & is_own)
        yield from (_placed(row, listener) for row in rows.to_pylist())

    def _with_ids(self, rows: pa.Table) -> pa.Table:
        """``rows`` with the ids of their tracks, where any are known."""
        ids = self._known_ids().of(rows["track_id"].to_numpy())
        for name in ids.column_names:
            rows = rows.append_column(name, ids[name])
        return rows.cast(SCHEMA)

    def _known_ids(self) -> _Ids:
        version = self._lake.version("tracks")
        if self._ids is None or self._ids[0] != version:
            self._ids = version, _read_ids(self._lake)
        return self._ids[1]


@dataclass(frozen=True)
class _Ids:
    """Ids of the tracks that have one, by ascending ``track_id``."""

    track_id: npt.NDArray[np.int64]
    ids: pa.Table

    def of(self, tracks: npt.NDArray[np.int64]) -> pa.Table:
        """``spotify_id`` and ``recording_mbid`` of each of ``tracks``; null where they are not known."""
        place = np.searchsorted(self.track_id, tracks).clip(max=max(len(self.track_id) - 1, 0))
        is_known = self.track_id[place] == tracks if len(self.track_id) else np.zeros(len(tracks), bool)
        return self.ids.take(pa.array(place, mask=~is_known))


def _read_ids(lake: Lake) -> _Ids:
    rows = pa.Table.from_pylist([], _IDS)
    if lake.has("tracks"):
        has_id = pc.field("spotify_id").is_valid() | pc.field("recording_mbid").is_valid()
        rows = lake.dataset("tracks").to_table(_IDS.names, has_id).cast(_IDS).sort_by("track_id").combine_chunks()
    return _Ids(rows["track_id"].to_numpy(), rows.select(_IDS.names[1:]))


class _Seen:
    """Plays by the names of their tracks, so that a listen is compared with few of them."""

    def __init__(self, plays: Iterable[dict[str, Any]]) -> None:
        """``plays`` are ordered by time."""
        self._of: defaultdict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
        for play in plays:
            self._of[_names(play)].append(play)

    def takes(self, one: dict[str, Any]) -> bool:
        """Whether ``one`` is another play than those that were seen; if so, it is seen from now on."""
        plays = self._of[_names(one)]
        first = bisect_left(plays, one["started_at"] - _SAME, key=_start)
        last = bisect_left(plays, one["started_at"] + _SAME, lo=first, key=_start)
        if any(is_same_play(one, other) for other in islice(plays, first, last)):
            return False
        insort(plays, one, key=_start)
        return True


def is_same_play(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether two listens are one play: of one track, as close as two services, or one that repeats, tell them.

    A rule for the moments until the tables, which compare much more, have both.
    """
    apart_s = abs((one["started_at"] - other["started_at"]).total_seconds())
    is_same_teller = one["source"] == other["source"] and one["client"] == other["client"]
    allowed_s = REPEAT_S if is_same_teller else LAG_S + 1
    return apart_s < allowed_s and _names(one) == _names(other)


def _start(row: dict[str, Any]) -> datetime:
    started: datetime = row["started_at"]
    return started


def _names(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(_folded(row[name]) for name in ("artist_name", "track_name"))


def _folded(name: str | None) -> str:
    return unicodedata.normalize("NFKC", name or "").casefold()


def _clusters(rows: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """``rows``, by time, in stretches without a long silence."""
    together: list[dict[str, Any]] = []
    for row in rows:
        if together and (row["started_at"] - together[-1]["started_at"]).total_seconds() > _TOGETHER_S:
            yield together
            together = []
        together.append(row)
    if together:
        yield together


def _of_waiting(one: Waiting, listener: Listener) -> dict[str, Any] | None:
    """A submission as a row of a page; None where it is no listen."""
    if one.reason is not None or one.listened_s is None:
        return None
    known = values(msgspec.json.decode(one.body, type=Listen, strict=False))
    names = {name: tidied(known[name] or "") for name in ("artist_name", "track_name", "album_name")}
    row = {**known, **names, "started_at": datetime.fromtimestamp(one.listened_s, UTC)}
    return _placed({**row, "source": submitted_kind(one.protocol), "listen_id": -one.number}, listener)


_OF_BRONZE = (
    *("started_at", "artist_name", "track_name", "album_name", "listened_s", "duration_s", "source", "client"),
    *("spotify_id", "recording_mbid"),
)


def _placed(row: dict[str, Any], listener: Listener) -> dict[str, Any]:
    """A row with the listener's name and local time."""
    local = local_time(listener, row["started_at"])
    clock = {
        "started_at_local": local,
        "local_date": local.date(),
        "hour_of_day": local.hour,
        "day_of_week": local.weekday(),
    }
    return {name: {**row, **clock, "listener": listener.name}.get(name) for name in SCHEMA.names}


def _after(instant: Instant | None) -> Bound:
    if instant is None:
        return FROM_THE_BEGINNING
    return _us(instant[0]), 2**63 - 2 if instant[1] is None else instant[1]


def _before(instant: Instant | None) -> Bound:
    if instant is None:
        return TO_THE_END
    return _us(instant[0]), -(2**63) if instant[1] is None else instant[1]


def _us(at: datetime) -> int:
    return int((at - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1))


def _within(fresh: pa.Table, low: Bound, high: Bound) -> pa.Table:
    """The fresh listens between two instants."""
    if not fresh.num_rows:
        return fresh
    at, ids = fresh["started_at"].cast(pa.int64()).to_numpy(), fresh["listen_id"].to_numpy()
    is_after = (at > low[0]) | ((at == low[0]) & (ids > low[1]))
    is_before = (at < high[0]) | ((at == high[0]) & (ids < high[1]))
    return fresh.filter(pa.array(is_after & is_before))
