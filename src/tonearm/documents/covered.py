"""Which albums of a document have a cover."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tonearm.documents.history import History

Find = Callable[[str, str], str | None]
"""The version of the cover of an artist's album, by their names; None without one."""


def with_covers(document: dict[str, Any], history: History, find: Find) -> None:
    """Give every row of ``document`` that names an album with a cover ``cover``, the version of the picture.

    The picture itself is at ``/covers/ALBUM_ARTIST_ID/ALBUM``, under the same ids and names as the album's page.
    """
    rows = [row for row in _rows(document) if row.get("album") and _artist_id(row) is not None]
    asked = list({(_artist_id(row), row["album"]): None for row in rows})
    named = history.rows(_NAMED, [one for one, _ in asked], [name for _, name in asked])
    versions = {(row["artist_id"], row["name"]): find(row["artist"], row["album"]) for row in named if row["artist"]}
    for row in rows:
        if version := versions.get((_artist_id(row), row["album"])):
            row["cover"] = version


def album_of(history: History, artist_id: int, name: str) -> tuple[str | None, str] | None:
    """Artist and title of the album at an address; None for one that was never heard."""
    found = history.row(_NAMED, [artist_id], [name])
    return (found["artist"], found["album"]) if found else None


def _rows(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list | tuple):
        for one in value:
            yield from _rows(one)


def _artist_id(row: dict[str, Any]) -> Any:
    return row.get("album_artist_id") or row.get("artist_id")


_NAMED = """
SELECT asked.artist_id, name, albums.artist, album
FROM (SELECT unnest($1::BIGINT[]) AS artist_id, unnest($2::VARCHAR[]) AS name) AS asked
JOIN album_addresses USING (artist_id, name) JOIN albums USING (album_artist_id, album)
"""
