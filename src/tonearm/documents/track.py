"""A track's page: when it was heard, on which albums, and between which others."""

from __future__ import annotations

from typing import Any

from tonearm.documents.company import company
from tonearm.documents.history import History
from tonearm.documents.things import a_track, facts, first_pages


def track(history: History, track_id: int) -> dict[str, Any]:
    """The facts of :func:`things.facts`, the company, and the first page of albums and plays.

    ``genre`` and ``duration_s`` are null where not known. Raises UnknownName for a track that was never heard.
    """
    thing = a_track(track_id)
    found = facts(history, thing)
    return {
        **found,
        **(history.row(_NAMES, track_id) or {}),
        **company(history, thing),
        **first_pages(history, thing, found["totals"], "albums"),
    }


_NAMES = "SELECT track_id, track, artist_id, artist, album, genre, duration_s FROM tracks WHERE track_id = $1"
