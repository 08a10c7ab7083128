"""In what company something is heard: artists in the same sessions, and what comes right before and after it."""

from __future__ import annotations

from math import log
from typing import Any

from tonearm.documents.history import History
from tonearm.documents.things import Thing

MIN_SESSIONS = 3
"""Fewer shared sessions are an accident, whatever was expected."""
SURE = 10.83
"""Of twice the log likelihood ratio: chance alone reaches it once in a thousand."""
_NEIGHBOURS, _BESIDE = 12, 5
_HABIT = {"track": 2, "artist": 3}
"""Listens from which on what is before or after is one: a track returns to the same neighbour less often."""


def company(history: History, thing: Thing) -> dict[str, Any]:
    """``neighbours``, and what was heard right ``before`` and ``after``, within a session; each may be empty.

    Before and after a track are tracks, else other artists, in how many ``listens``.
    """
    by = "track" if thing.kind == "track" else "artist"
    return {
        "neighbours": _neighbours(history, thing),
        "before": thing.rows(history, _BESIDE_IT[by].format("-"), least=_HABIT[by], most=_BESIDE),
        "after": thing.rows(history, _BESIDE_IT[by].format("+"), least=_HABIT[by], most=_BESIDE),
    }


def _neighbours(history: History, thing: Thing) -> list[dict[str, Any]]:
    """Artists in more of its ``sessions`` than ``expected`` by chance, the surest first.

    Chance puts what an artist was heard in during a year into sessions with and without the thing as all artists
    together are in that year: so neither long sessions nor a time of life make neighbours.
    """
    together = thing.rows(history, _TOGETHER, least=MIN_SESSIONS)
    sure = [(_surprise(row["sessions"], row["expected"]), row) for row in together if row["sessions"] > row["expected"]]
    sure = [one for one in sure if one[0] >= SURE]
    return [row for _, row in sorted(sure, key=lambda one: (-one[0], one[1]["artist_id"]))][:_NEIGHBOURS]


def _surprise(seen: int, expected: float) -> float:
    """Twice the log likelihood ratio of so many being seen where so many are expected (Poisson)."""
    return 2 * (seen * log(seen / expected) - (seen - expected))


_TOGETHER = """
, there AS (SELECT DISTINCT session_at FROM own),
others AS (
    SELECT artist_id, year, session_at IN (FROM there) AS is_there FROM appearances
    WHERE artist_id NOT IN (SELECT artist_id FROM own WHERE artist_id IS NOT NULL)
),
years AS (SELECT year, avg(is_there::INTEGER) AS share FROM others GROUP BY year),
together AS (
    SELECT artist_id, sum(n) FILTER (is_there) AS sessions, sum(n * share) AS expected
    FROM (SELECT artist_id, year, is_there, count(*) AS n FROM others GROUP BY ALL) JOIN years USING (year)
    GROUP BY artist_id HAVING sum(n) FILTER (is_there) >= $least
)
SELECT artist_id, artist, sessions::BIGINT AS sessions, expected FROM together JOIN artists USING (artist_id)
"""
_RIGHT_BESIDE = "FROM own JOIN heard AS other ON other.rowid = own.place {} 1 AND other.session_at = own.session_at"
_BESIDE_IT = {
    "artist": f"""
    SELECT other.artist_id, any_value(other.artist) AS artist, count(*) AS listens {_RIGHT_BESIDE}
    WHERE other.artist_id NOT IN (SELECT artist_id FROM own WHERE artist_id IS NOT NULL)
    GROUP BY other.artist_id HAVING count(*) >= $least ORDER BY listens DESC, artist LIMIT $most
    """,
    "track": f"""
    SELECT other.track_id, any_value(other.track) AS track, any_value(other.artist_id) AS artist_id,
        any_value(other.artist) AS artist, any_value(other.album) AS album, count(*) AS listens {_RIGHT_BESIDE}
    WHERE other.track_id <> own.track_id
    GROUP BY other.track_id HAVING count(*) >= $least ORDER BY listens DESC, track LIMIT $most
    """,
}
