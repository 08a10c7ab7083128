"""A genre's page: who plays it, when it was heard, and in what company."""

from __future__ import annotations

from typing import Any

from tonearm.documents.company import company
from tonearm.documents.history import History
from tonearm.documents.things import a_genre, facts, first_pages


def genre(history: History, name: str) -> dict[str, Any]:
    """The facts of :func:`things.facts`, the company, and the first page of artists, tracks and plays.

    ``with_genre`` are the listens of the history whose track has any genre. Raises UnknownName for a genre that was
    never heard.
    """
    thing = a_genre(name)
    found = facts(history, thing)
    return {
        **found,
        "genre": name,
        "with_genre": (history.row("SELECT count(genre) AS n FROM heard") or {})["n"],
        **company(history, thing),
        **first_pages(history, thing, found["totals"], "artists", "tracks"),
    }
