"""An album's page: its tracks, its artists if there are several, when it was heard, and in what company."""

from __future__ import annotations

from typing import Any

from tonearm.documents.company import company
from tonearm.documents.history import History
from tonearm.documents.things import an_album, facts, first_pages


def album(history: History, artist_id: int, name: str) -> dict[str, Any]:
    """The facts of :func:`things.facts`, the company, and the first page of tracks, artists and plays.

    ``artist_id`` may be that of any artist on it, and ``name`` any spelling heard; the answer has the album's own
    ``album`` and ``album_artist_id``, and ``artist_id`` is null where the album's artist was not heard. ``spellings``
    are up to four other names under which it was heard. Raises UnknownName for an album that
    was never heard.
    """
    thing = an_album(history, artist_id, name)
    found = facts(history, thing)
    own = history.row(_ALBUM, *thing.values.values()) or {}
    return {
        **found,
        **own,
        "spellings": [row["name"] for row in history.rows(_SPELLINGS, own["album_artist_id"], own["album"])],
        **company(history, thing),
        **first_pages(history, thing, found["totals"], "tracks", "artists"),
    }


_ALBUM = """
SELECT album_artist_id, album, artist_id, artist FROM albums WHERE album_artist_id = $1 AND album = $2
"""
_SPELLINGS = """
SELECT DISTINCT album_name AS name FROM album_names
WHERE album_artist_id = $1 AND album_title = $2 AND album_name <> $2 ORDER BY name LIMIT 4
"""
