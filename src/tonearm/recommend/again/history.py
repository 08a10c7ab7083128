"""One listener's history as columns of numbers, oldest first: what models of re-listening learn from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tonearm.gold.frames import codes

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
    def first_heard(self) -> Places:
        """(items,) position of the first listen of each item."""
        return np.unique(self.item, return_index=True)[1]


def history(listens: pa.Table, of: Literal["track_id", "artist_id"] = "track_id") -> History:
    """The history in ``listens`` of one listener, which have :data:`COLUMNS` and are sorted by time."""
    item, artist = codes(listens, of), codes(listens, "artist_id")
    first = np.unique(item, return_index=True)[1]
    return History(
        item=item,
        at_s=_seconds(listens["started_at"]),
        session=codes(listens, "session_started_at"),
        hour=np.asarray(listens["hour_of_day"].to_numpy(), dtype=np.int64),
        artist_of=artist[first],
        ids=listens[of].to_numpy()[first],
    )


def _seconds(column: pa.ChunkedArray) -> Numbers:
    import pyarrow as pa

    # By the integers, because NumPy would need pandas for a time zone.
    return np.asarray(column.cast(pa.timestamp("us", "UTC")).cast(pa.int64()).to_numpy() / 1e6)
