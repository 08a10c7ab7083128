"""An artist's page: what was heard of them, when, and in what company."""

from __future__ import annotations

from typing import Any

from tonearm.documents.company import company
from tonearm.documents.history import History
from tonearm.documents.things import an_artist, facts, first_pages


def artist(history: History, artist_id: int) -> dict[str, Any]:
    """The facts of :func:`things.facts`, the company, and the first page of albums, tracks and plays.

    Raises UnknownName for an artist that was never heard.
    """
    thing = an_artist(artist_id)
    found = facts(history, thing)
    return {
        **found,
        "artist_id": artist_id,
        "artist": found["last"]["artist"],
        **company(history, thing),
        **first_pages(history, thing, found["totals"], "albums", "tracks"),
    }
