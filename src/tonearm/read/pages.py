"""The listens of the tables between two instants, newest first, in milliseconds however long the history is.

The table's files are sorted by listener and time. The statistics of their row groups tell which of them a page needs,
which is one or two; those that were read last stay in memory.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tonearm.columns import arrow_schema
from tonearm.read.overview import COLUMNS, LISTENS

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow.dataset as ds

    from tonearm.lake import Lake

SCHEMA = arrow_schema((*COLUMNS, "client"))
NEWEST_FIRST = (("started_at", "descending"), ("listen_id", "descending"))
_FURTHEST = 2**62
_GROUPS_KEPT = 24
"""Row groups that stay in memory, of a few megabytes each."""

Bound = tuple[int, int]
"""An instant in microseconds since 1970, and a ``listen_id``, which tells listens of one instant apart."""

FROM_THE_BEGINNING: Bound = (-_FURTHEST, 0)
TO_THE_END: Bound = (_FURTHEST, 0)


@dataclass(frozen=True)
class _Group:
    """A row group of a file: who is in it, and from when to when in microseconds since 1970."""

    fragment: ds.Fragment
    index: int
    rows: int
    first_listener: str
    last_listener: str
    first_us: int
    last_us: int

    @property
    def key(self) -> tuple[str, int]:
        return self.fragment.path, self.index

    @property
    def is_of_one(self) -> bool:
        return self.first_listener == self.last_listener

    def may_have(self, listener: str) -> bool:
        return self.first_listener <= listener <= self.last_listener


@dataclass(frozen=True)
class _Loaded:
    """The rows of a group, by listener, start and id, and where each listener's begin and end."""

    rows: pa.Table
    at_us: npt.NDArray[np.int64]
    ids: npt.NDArray[np.int64]
    of: dict[str, tuple[int, int]]

    def between(self, listener: str, after: Bound, before: Bound) -> tuple[int, int]:
        """Where the listener's rows begin and end that are after and before (start, id), both exclusive."""
        start, stop = self.of.get(listener, (0, 0))
        return self._place(start, stop, (after[0], after[1] + 1)), self._place(start, stop, before)

    def _place(self, start: int, stop: int, instant: Bound) -> int:
        """Place of the first of the rows from ``start`` to ``stop`` that is not before ``instant``."""
        at, listen = instant
        same = start + int(np.searchsorted(self.at_us[start:stop], at, "left"))
        later = start + int(np.searchsorted(self.at_us[start:stop], at, "right"))
        return same + int(np.searchsorted(self.ids[same:later], listen, "left"))


class Pages:
    """The newest version of the table of listens; not to be shared by threads without a lock."""

    def __init__(self, lake: Lake) -> None:
        """Nothing is read yet."""
        self._lake = lake
        self._version: int | None = None
        self._groups: dict[str, list[_Group]] = {}
        self._schema: pa.Schema | None = None
        self._loaded: OrderedDict[tuple[str, int], _Loaded] = OrderedDict()
        self._counts: dict[tuple[str, int], dict[str, int]] = {}
        self._ends: dict[str, list[datetime]] = {}

    def between(
        self, listener: str, low: Bound, high: Bound, limit: int | None = None, oldest_first: bool = False
    ) -> pa.Table:
        """The listens after ``low`` and before ``high``, both exclusive, newest first.

        Of more than ``limit`` these are the newest, or with ``oldest_first`` the oldest.
        """
        groups = [g for g in self._all() if g.may_have(listener) and g.first_us <= high[0] and g.last_us >= low[0]]
        groups.sort(key=lambda group: group.first_us if oldest_first else -group.last_us)
        found: list[pa.Table] = []
        furthest: list[int] = []
        for group in groups:
            if limit is not None and len(furthest) >= limit:
                furthest.sort(reverse=not oldest_first)
                last = furthest[limit - 1]
                if group.first_us > last if oldest_first else group.last_us < last:
                    break
            loaded = self._load(group)
            start, stop = loaded.between(listener, low, high)
            if limit is not None:
                start, stop = (start, min(stop, start + limit)) if oldest_first else (max(start, stop - limit), stop)
            if start < stop:
                found.append(loaded.rows.slice(start, stop - start))
                furthest += loaded.at_us[start:stop].tolist()
        return first_of(pa.concat_tables(found), limit, oldest_first) if found else SCHEMA.empty_table()

    def count(self, listener: str) -> int:
        """How many listens there are."""
        return sum(self._counted(group).get(listener, 0) for group in self._all() if group.may_have(listener))

    def ends(self, listener: str) -> list[datetime]:
        """When the oldest and the newest listen started; empty without any."""
        self._all()
        if listener not in self._ends:
            ends = [self.between(listener, FROM_THE_BEGINNING, TO_THE_END, 1, is_first) for is_first in (True, False)]
            self._ends[listener] = [page["started_at"][0].as_py() for page in ends if page.num_rows]
        return self._ends[listener]

    def _all(self) -> Iterable[_Group]:
        version = self._lake.version(LISTENS)
        if version != self._version:
            self._look_again(version)
        return (group for groups in self._groups.values() for group in groups)

    def _look_again(self, version: int | None) -> None:
        """Read the footers of files that are new, and forget what is gone."""
        dataset = None if version is None else self._lake.dataset(LISTENS)
        fragments = {} if dataset is None else {one.path: one for one in dataset.get_fragments()}
        self._groups = {path: self._groups.get(path) or list(_groups(one)) for path, one in fragments.items()}
        self._schema = None if dataset is None else dataset.schema
        self._loaded = OrderedDict((key, one) for key, one in self._loaded.items() if key[0] in self._groups)
        self._counts = {key: one for key, one in self._counts.items() if key[0] in self._groups}
        self._ends = {}
        self._version = version

    def _load(self, group: _Group) -> _Loaded:
        if group.key not in self._loaded:
            self._loaded[group.key] = _loaded(group, self._schema)
        self._loaded.move_to_end(group.key)
        while len(self._loaded) > _GROUPS_KEPT:
            self._loaded.popitem(last=False)
        return self._loaded[group.key]

    def _counted(self, group: _Group) -> dict[str, int]:
        """Listens of each listener in a group."""
        if group.is_of_one:
            return {group.first_listener: group.rows}
        if group.key not in self._counts:
            own = group.fragment.subset(row_group_ids=[group.index]).to_table(columns=["listener"])
            counts = own["listener"].value_counts()
            self._counts[group.key] = {one["values"]: one["counts"] for one in counts.to_pylist()}
        return self._counts[group.key]


def first_of(rows: pa.Table, limit: int | None, oldest_first: bool) -> pa.Table:
    """The newest ``limit`` of ``rows``, or the oldest, newest first."""
    rows = rows.sort_by(list(NEWEST_FIRST))
    if limit is None:
        return rows
    return rows.slice(max(0, rows.num_rows - limit)) if oldest_first else rows.slice(0, limit)


def _groups(fragment: ds.ParquetFileFragment) -> Iterator[_Group]:
    footer = fragment.metadata
    for index in range(footer.num_row_groups):
        group = footer.row_group(index)
        places = {group.column(place).path_in_schema: place for place in range(group.num_columns)}
        who, when = (group.column(places[name]).statistics for name in ("listener", "started_at"))
        yield _Group(
            fragment,
            index,
            group.num_rows,
            who.min if who is not None and who.has_min_max else "",
            who.max if who is not None and who.has_min_max else chr(0x10FFFF),
            when.min_raw if when is not None and when.has_min_max else -_FURTHEST,
            when.max_raw if when is not None and when.has_min_max else _FURTHEST,
        )


def _loaded(group: _Group, schema: pa.Schema | None) -> _Loaded:
    assert schema is not None
    present = [name for name in SCHEMA.names if name in schema.names]
    rows = group.fragment.subset(row_group_ids=[group.index]).to_table(schema=schema, columns=present)
    for name in SCHEMA.names:
        if name not in present:
            rows = rows.append_column(name, pa.nulls(rows.num_rows, SCHEMA.field(name).type))
    rows = rows.select(SCHEMA.names).cast(SCHEMA)
    rows = rows.sort_by([("listener", "ascending"), ("started_at", "ascending"), ("listen_id", "ascending")])
    at_us = rows["started_at"].cast(pa.int64()).to_numpy()
    runs = pc.run_end_encode(rows["listener"].combine_chunks())
    stops = runs.run_ends.to_pylist()
    of = dict(zip(runs.values.to_pylist(), zip([0, *stops[:-1]], stops, strict=True), strict=True))
    return _Loaded(rows.combine_chunks(), at_us, rows["listen_id"].to_numpy(), of)
