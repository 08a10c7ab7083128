"""Names that a listener may have meant."""

from __future__ import annotations

from typing import Any

from tonearm.documents.history import History

CLOSE = 0.88
"""Jaro-Winkler similarity (Winkler 1990) from which a name with typing errors is one of those that were meant."""
_EACH = 8


def search(history: History, text: str) -> dict[str, Any]:
    """The artists, albums and tracks whose names are like ``text``: equal ones first, then those that begin with it,
    that have a word that does, that contain it, each from the most played; and that are close to it, the closest first.

    Case and accents make no difference. Each list has at most ``8`` rows, as in the relations of the history.
    """
    wanted = " ".join(text.split())
    found = {kind: history.rows(_SEARCH.format(kind=kind, name=kind[:-1]), wanted, CLOSE, _EACH) for kind in _KINDS}
    return {"text": wanted, **({kind: rows if wanted else [] for kind, rows in found.items()})}


_KINDS = ("artists", "albums", "tracks")
_SEARCH = """
WITH asked AS (SELECT strip_accents(lower($1)) AS q),
named AS (SELECT *, strip_accents(lower({name})) AS folded FROM {kind} WHERE {name} IS NOT NULL),
placed AS (
    SELECT named.*, CASE WHEN folded = q THEN 0 WHEN starts_with(folded, q) THEN 1
        WHEN contains(folded, ' ' || q) THEN 2 WHEN length(q) > 2 AND contains(folded, q) THEN 3
        WHEN length(q) > 3 AND likeness >= $2 THEN 4 END AS place
    FROM (SELECT *, jaro_winkler_similarity(folded, q, $2) AS likeness FROM named, asked) AS named
)
SELECT * EXCLUDE (folded, place, likeness, q) FROM placed WHERE place IS NOT NULL
ORDER BY place, CASE place WHEN 4 THEN -round(likeness, 2) END, listens DESC, {name} LIMIT $3
"""
