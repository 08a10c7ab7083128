"""An album's page: its tracks, when it was heard, and in what company."""

from __future__ import annotations

from typing import Any

from tonearm.documents.company import company
from tonearm.documents.history import History
from tonearm.documents.things import an_album, facts, first_pages


def album(history: History, artist_id: int, name: str) -> dict[str, Any]:
    """The facts of :func:`things.facts`, the company, and the first page of tracks and plays.

    Raises UnknownName for an album that was never heard.
    """
    thing = an_album(artist_id, name)
    found = facts(history, thing)
    return {
        **found,
        "artist_id": artist_id,
        "artist": found["last"]["artist"],
        "album": name,
        **company(history, thing),
        **first_pages(history, thing, found["totals"], "tracks"),
    }
