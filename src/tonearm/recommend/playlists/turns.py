"""Whose turn it is: how playlists change from day to day or week to week without a memory of earlier ones."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Flags = npt.NDArray[np.bool_]
    Slots = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Turns:
    """A cycle of periods, in which each song has one turn; the order is another in each cycle."""

    period_d: int
    """Days of a period: 1 for a playlist a day, 7 for one a week. Weeks begin on Monday."""
    periods: int
    """Periods of a cycle."""
    gap: int
    """Least periods from a song's turn in one cycle to that in the next, below ``periods``."""

    def period(self, on: date) -> int:
        """Number of the period that a day is in."""
        return (on.toordinal() - 1) // self.period_d

    def due(self, songs: npt.NDArray[np.int64], on: date, seed: str) -> Flags:
        """(n,) whether it is each song's turn on a day. No song has its turn twice within ``gap`` periods.

        What is due depends on the song's own number alone, so that a history that grows does not bring yesterday's
        songs back.
        """
        cycle, now = divmod(self.period(on), self.periods)
        before = self._slots(songs, f"{seed}|{cycle - 1}")
        is_rested = now + self.periods - before >= self.gap
        found: Flags = (self._slots(songs, f"{seed}|{cycle}") == now) & is_rested
        return found

    def _slots(self, songs: npt.NDArray[np.int64], seed: str) -> Slots:
        return (mixed(songs, seed) % np.uint64(self.periods)).astype(np.int64)


def mixed(numbers: npt.NDArray[np.int64], seed: str) -> npt.NDArray[np.uint64]:
    """(n,) a number for each, as if drawn by chance, and always the same for one ``seed`` (SplitMix64, Steele 2014)."""
    begin = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:8], "little")
    with np.errstate(over="ignore"):
        z = numbers.astype(np.uint64) ^ np.uint64(begin)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return np.asarray(z ^ (z >> np.uint64(31)))
