"""Brings the songs that were added in tonearm into the catalogue, so that search and recommendations know them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from tonearm.home import make_home
from tonearm.ingest.imports import import_paths
from tonearm.ingest.ledger import LEDGER, ImportReport, imports, undo
from tonearm.lake import open_lake
from tonearm.settings import Settings
from tonearm.sources.added_songs import AddedSongs, Line
from tonearm.store import Store
from tonearm.store.songs import Song, songs


def import_added_songs(
    settings: Settings, store: Store, waiting: Callable[[str], None] | None = None
) -> list[ImportReport]:
    """Import the added songs in place of those of the import before; nothing is done while they are the same.

    Interrupted in between, the next call does what is left. Raises HomeBusy and HomeUnusable.
    """
    content = b"".join(_lines(songs(store)))
    before = _imported(settings)
    wanted = hashlib.sha256(content).hexdigest() if content else None
    if [file for _, file in before] == ([wanted] if wanted else []):
        return []
    for run, _ in before:
        undo(settings, run, waiting)
    return [_import(settings, content, waiting)] if content else []


def _lines(added: Iterable[Song]) -> Iterable[bytes]:
    for one in added:
        line = Line(**{name: getattr(one, name) for name in Line.__struct_fields__})
        yield msgspec.json.encode(line) + b"\n"


def _imported(settings: Settings) -> list[tuple[int, str | None]]:
    """Each import of added songs that was not undone, by number and the hash of its file."""
    if not open_lake(settings.lake).has(LEDGER):
        return []
    return [
        (report.run, report.files[0].file)
        for report in imports(settings)
        if report.run is not None and not report.undone_at and report.files[0].kind == AddedSongs.kind
    ]


def _import(settings: Settings, content: bytes, waiting: Callable[[str], None] | None) -> ImportReport:
    make_home(settings)
    with TemporaryDirectory(dir=settings.scratch, prefix="songs-") as folder:
        path = Path(folder) / "added-songs.jsonl"
        path.write_bytes(content)
        return import_paths(settings, [path], kind=AddedSongs.kind, waiting=waiting)
