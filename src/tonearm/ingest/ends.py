"""Ends: finds out whether the instants of a file that should be starts are the ends of plays.

Some players and senders report a play when it is over. Of two plays in a row the second is then later by its own
length, where starts are apart by the length of the first. Plays of about the same length are no evidence, and neither
are pauses and skips, because they fit neither.
"""

from __future__ import annotations

from typing import NamedTuple

from tonearm.bronze import HISTORY
from tonearm.ingest.judging import LONGEST_S

ENOUGH = 10
"""Pairs of plays that must fit ends; nine plays in a row do not fit by chance, but a short file need not be judged."""
TIMES_AS_MANY = 5
"""As many times as pairs that fit starts."""
SHARE = 0.25
"""Of the pairs without a pause; by chance one pair in thirty fits."""
CONTRARY = 3
"""Pairs fitting starts from which on what other files of the same program showed does not count."""
SLACK_S = 2.0
"""Rounded lengths and the moment between two tracks."""
SHARPEST_S = 10.0
"""Instants less precise than this fit everything."""
ENDS = "instants are the ends of plays"

_HEARD = (
    f"CASE WHEN coalesce(listened_s, duration_s) BETWEEN 0 AND {LONGEST_S} THEN coalesce(listened_s, duration_s) END"
)
_IS_OPEN = "reason IS NULL AND instant_is = 'start' AND started_at IS NULL"


class Found(NamedTuple):
    """A file whose instants are ends."""

    position: int
    plays: int
    """Plays that fit an end."""
    tried: int
    """Plays that could fit a start or an end."""

    def __str__(self) -> str:
        """The evidence and what was done about it, in words."""
        if not self.plays:
            return f"{ENDS}, as in other files of this program; starts are computed from lengths"
        return f"{ENDS}, which {self.plays} of {self.tried} that can tell fit; starts are computed from lengths"


def has_lengths_sql(staged: str) -> str:
    """SQL for whether any start in ``staged`` comes with a length, without which there is nothing to find.

    All rows are read, as a scan of the Arrow file that ends at the first would leave a read under way, which crashes
    when it comes back to a reader that is gone (Arrow 26).
    """
    return f"SELECT count(*) > 0 FROM {staged} WHERE {_IS_OPEN} AND ({_HEARD}) IS NOT NULL"


def ends_sql(staged: str) -> str:
    """SQL for the files in ``staged``, by ``position`` and ``client``, whose instants are ends, with the evidence.

    A file that is too short to tell is taken as other files of the same source and client of the variable
    ``listener`` were.
    """
    return f"""
    WITH plays AS (
        SELECT position, client, source, precision_s, {_HEARD} AS heard_s,
            epoch_us(coalesce(reported_at, local_at AT TIME ZONE 'UTC')) / 1e6 AS at_s, {_IS_OPEN} AS is_open
        FROM {staged} WHERE reason IS NULL
    ), followed AS (
        SELECT *, at_s - lag(at_s) OVER before AS since_s, lag(heard_s) OVER before AS heard_before_s,
            is_open AND lag(is_open) OVER before AND client IS NOT DISTINCT FROM lag(client) OVER before
                AND precision_s <= {SHARPEST_S} AS is_comparable, {SLACK_S} + precision_s AS slack_s
        FROM plays WHERE at_s IS NOT NULL WINDOW before AS (PARTITION BY position ORDER BY at_s, heard_s)
    ), telling AS (
        SELECT position, client,
            count(*) FILTER (abs(since_s - heard_s) <= slack_s) AS ends,
            count(*) FILTER (abs(since_s - heard_before_s) <= slack_s) AS starts,
            count(*) AS tried
        FROM followed WHERE is_comparable AND abs(heard_s - heard_before_s) > 2 * slack_s + 1
            AND since_s <= heard_s + heard_before_s
        GROUP BY position, client
    ), known AS (
        SELECT source, client FROM {HISTORY} SEMI JOIN plays USING (source)
        WHERE listener = getvariable('listener') AND reason IS NULL
        GROUP BY source, client HAVING 2 * count(*) FILTER (instant_is = 'end') > count(*)
    ), files AS (
        SELECT position, client, source FROM plays WHERE is_open GROUP BY ALL
    )
    SELECT f.position, f.client, coalesce(ends, 0) AS ends, coalesce(tried, 0) AS tried
    FROM files f LEFT JOIN telling t ON t.position = f.position AND t.client IS NOT DISTINCT FROM f.client
    WHERE (ends >= {ENOUGH} AND ends >= {TIMES_AS_MANY} * starts AND ends >= {SHARE} * tried)
        OR (coalesce(starts, 0) < {CONTRARY} AND EXISTS (
            SELECT 1 FROM known k WHERE k.source = f.source AND k.client IS NOT DISTINCT FROM f.client))
    """


def with_starts_sql(staged: str, ends: str) -> str:
    """SQL for ``staged`` in which the instants of the files in ``ends`` are ends, and the starts a length earlier."""
    return f"""
    SELECT s.* REPLACE (
        CASE WHEN e.position IS NOT NULL AND {_IS_OPEN} THEN 'end' ELSE instant_is END AS instant_is,
        CASE WHEN e.position IS NOT NULL AND {_IS_OPEN}
            THEN reported_at - to_microseconds(({_HEARD} * 1e6)::BIGINT) ELSE started_at END AS started_at)
    FROM {staged} s LEFT JOIN {ends} e ON e.position = s.position AND e.client IS NOT DISTINCT FROM s.client
    """
