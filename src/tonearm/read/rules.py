"""Listen rules: which listens count, for comparing with the numbers of another service.

On request a rule is applied to ``listening_with_features`` before the gold tables are computed from it; the tables in
the lake follow the rule ``all``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ibis.expr.types as ir

SHORTEST_LISTEN_S = 30
"""Spotify counts a stream from 30 s on; Web Scrobbler does the same for tracks of unknown length."""
LONG_LISTEN_S = 240
"""Last.fm counts four minutes of any longer track."""
SHORTEST_TRACK_S = 30
"""Last.fm counts only tracks longer than this."""


@dataclass(frozen=True)
class Rule:
    """A rule that says which listens count."""

    name: str
    """Its name in ``--rule`` and in the API."""
    title: str
    """Its name in charts."""
    description: str
    """One sentence saying which listens count."""
    keep: Callable[[ir.Table], ir.Table]
    """The rows of ``listening_with_features`` that count."""


def _all(listens: ir.Table) -> ir.Table:
    return listens


def _half_a_minute(listens: ir.Table) -> ir.Table:
    return listens.filter(listens.listened_s.isnull() | (listens.listened_s >= SHORTEST_LISTEN_S))


def _half_or_four_minutes(listens: ir.Table) -> ir.Table:
    import ibis

    heard, length = listens.listened_s, listens.duration_s
    # Requiring four minutes where the length is unknown would drop almost every song of a Spotify export,
    # which has no lengths.
    needed = ibis.cases(
        (length.isnull(), SHORTEST_LISTEN_S),
        (length / 2 < LONG_LISTEN_S, length / 2),
        else_=LONG_LISTEN_S,
    )
    is_long_enough = length.isnull() | (length > SHORTEST_TRACK_S)
    return listens.filter(heard.isnull() | (is_long_enough & (heard >= needed)))


RULES: dict[str, Rule] = {
    rule.name: rule
    for rule in (
        Rule("all", "Every listen", "Every listen counts, however short.", _all),
        Rule(
            "30s",
            "30 seconds or more",
            "A listen counts when at least 30 seconds were heard, or when its source does not say how long, "
            "because such sources record only listens that lasted.",
            _half_a_minute,
        ),
        Rule(
            "lastfm",
            "As Last.fm counts",
            "A listen counts when the track is longer than 30 seconds and at least half of it or 4 minutes were "
            "heard (30 seconds where the track's length is not known), or when its source does not say how long, "
            "because such sources apply this rule themselves.",
            _half_or_four_minutes,
        ),
    )
}
"""Every rule by name, the default first."""
