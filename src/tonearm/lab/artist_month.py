"""A listener's month with one artist, from a few numbers that a person can set."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ArtistMonth:
    """What was heard of an artist; the defaults are the artist-lifecycle project's example, a month in 2021."""

    artist_name: str = "Ichiko Aoba"
    month: str = "2021-06-01"
    plays: int = 14
    before: tuple[int, int, int] = (0, 1, 0)
    """Plays one, two and three months earlier."""
    total: int = 3475
    """Plays of all artists in the month."""
    months_known: int = 9
    """Since the first play of the artist."""
    months_active: int = 7
    """Earlier months with a play."""
    days: int = 1
    """With a play, in the month."""
    plays_per_track: float = 1.0
    new_tracks_share: float = 0.0
    """Of the tracks heard in the month, those that were new."""
    gap_days: float = 9.04582175925926
    """From the last play to the end of the month."""

    def record(self) -> dict[str, Any]:
        """The fields of `POST /predict`: those that follow from others agree with them."""
        last, two_before, _ = self.before
        return {
            "month": self.month,
            "artist_name": self.artist_name,
            "months_since_first_seen": self.months_known,
            "is_first_month": int(self.months_known == 0),
            "plays_t": self.plays,
            "plays_per_track_t": self.plays_per_track,
            "days_active_t": self.days,
            "last_play_gap_days_t": self.gap_days,
            "track_novelty_rate_t": self.new_tracks_share,
            "share_t": self.plays / self.total,
            "total_monthly_scrobbles": self.total,
            "plays_t_minus_1": last,
            "plays_prev3_mean": sum(self.before) / len(self.before),
            "delta_1m": self.plays - last,
            "trend_slope_3m": self._slope(last, two_before),
            "active_months_count_before_t": self.months_active,
        }

    def contradictions(self) -> list[str]:
        """What cannot be true together, in sentences."""
        found = []
        if self.months_active > self.months_known:
            found.append("An artist cannot have been played in more earlier months than there were.")
        if self.days > self.plays:
            found.append("There cannot be more days with a play than plays.")
        if self.plays > self.total:
            found.append("One artist cannot have more plays than all artists.")
        return found

    def _slope(self, last: int, two_before: int) -> float:
        if self.months_known >= 2:
            return (self.plays - two_before) / 2
        return float(self.plays - last) if self.months_known == 1 else 0.0
