"""One listener's history as columns of numbers, oldest first: what models of re-listening learn from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow as pa

    Places = npt.NDArray[np.int64]
    Numbers = npt.NDArray[np.float64]

COLUMNS = ("started_at", "session_started_at", "hour_of_day", "track_id", "artist_id")
"""Columns of ``listening_with_features`` that a history is made of."""


@dataclass(frozen=True)
class History:
    """What one listener heard. Items are tracks or artists, numbered from 0 in the order they were first heard."""

    item: Places
    """(n,) what was heard, oldest listen first."""
    at_s: Numbers
    """(n,) when it started, in seconds since 1970, UTC."""
    session: Places
    """(n,) number of the session, from 0, rising."""
    hour: Places
    """(n,) local hour of the day, 0 to 23."""
    artist_of: Places
    """(items,) number of the item's artist."""
    ids: npt.NDArray[Any]
    """(items,) ids of the items."""

    def __len__(self) -> int:
        return len(self.item)

    @cached_property
    def opening(self) -> Places:
        """(n,) position of the first listen of the session that each listen is in."""
        return np.searchsorted(self.session, self.session)

    @cached_property
    def end(self) -> Places:
        """(n,) position after the last listen of the session that each listen is in."""
        return np.searchsorted(self.session, self.session, side="right")

    @cached_property
    def last_in_session(self) -> Places:
        """Positions of the last listen of each item in each session, rising: a night on repeat is one liking."""
        pair = self.session * len(self.ids) + self.item
        return np.sort(len(self) - 1 - np.unique(pair[::-1], return_index=True)[1])

    @cached_property
    def first_heard(self) -> Places:
        """(items,) position of the first listen of each item."""
        return np.unique(self.item, return_index=True)[1]


def history(listens: pa.Table, of: Literal["track_id", "artist_id"] = "track_id") -> History:
    """The history in ``listens`` of one listener, which have :data:`COLUMNS` and are sorted by time."""
    item, artist = _numbered(listens[of]), _numbered(listens["artist_id"])
    first = np.unique(item, return_index=True)[1]
    return History(
        item=item,
        at_s=_seconds(listens["started_at"]),
        session=_numbered(listens["session_started_at"]),
        hour=_whole(listens["hour_of_day"]),
        artist_of=artist[first],
        ids=_whole(listens[of])[first],
    )


def _numbered(column: pa.ChunkedArray) -> Places:
    """A number from 0 for each value, in order of first appearance."""
    _, first, inverse = np.unique(_whole(column), return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse.reshape(-1)]


def _seconds(column: pa.ChunkedArray) -> Numbers:
    return _whole(column) / 1e6


def _whole(column: pa.ChunkedArray) -> Places:
    """Ids, whole numbers, or instants in microseconds."""
    import pyarrow as pa

    # Through Arrow's buffers, because its conversions load pyarrow.compute or pandas, half a second.
    parts = [np.frombuffer(c.view(pa.int64()).buffers()[1], np.int64)[c.offset :][: len(c)] for c in column.chunks]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)
