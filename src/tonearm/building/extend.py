"""New listens in the page's tables at once: only what they touch is computed, whatever the length of the history.

A build looks at whole tables to find out what a listen changes: the name of a track that is spelt in a new way, a
catalogue's row that now counts as heard. Here a listen of a known spelling gets the track that it has, a new spelling
its track among those it shares a name or an id with, and a new track a row; everything else stays as the last build
left it. The rows are what a build would make of the same inputs, by the same functions, and the next build makes them
anew: the commits say that the tables are right for what that build knew of, and no more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from typing import Any

from tonearm.bronze import CATALOGUE, HISTORY
from tonearm.building.execute import (
    EXTENDED_TO,
    Progress,
    Work,
    append_missing,
    begin,
    build_engine,
    planned,
    replace_windows,
    windows_since,
)
from tonearm.building.versions import SHIPPED, version_of
from tonearm.home import scratch_folder
from tonearm.home.lock import writing
from tonearm.ingest.ledger import recover
from tonearm.lake import open_lake
from tonearm.settings import Settings
from tonearm.table import Table, find, with_inputs

NAMES, IDENTITIES, TRACKS = "track_names", "track_identities", "tracks"

_RELATED = """
name_id IN (SELECT name_id FROM fresh_names)
OR key_id IN (SELECT key_id FROM fresh_names)
OR spotify_id IN (SELECT spotify_id FROM fresh_names)
OR recording_mbid IN (SELECT recording_mbid FROM fresh_names)
OR credits IN (SELECT credits FROM fresh_names)"""
"""The spellings by which a new one may be recognised."""

_OF_FRESH_TRACKS = {
    NAMES: "name_id IN (SELECT name_id FROM fresh_tracks)",
    IDENTITIES: "track_id IN (SELECT track_id FROM fresh_tracks)",
    HISTORY: "name_id IN (SELECT name_id FROM fresh_tracks)",
    "catalogue_tracks": "track_id IN (SELECT track_id FROM fresh_tracks)",
    "artist_features": "artist_id IN (SELECT artist_id FROM fresh_tracks)",
    "imputed_features": "track_id IN (SELECT track_id FROM fresh_tracks)",
    "my_tracks_features_bronze_synthetic": "track_id IN (SELECT track_id FROM fresh_tracks)",
}
"""The rows of the inputs of ``tracks`` from which the rows of new tracks are made."""


def extend(
    settings: Settings,
    names: Iterable[str],
    progress: Progress | None = None,
    waiting: Callable[[str], None] | None = None,
) -> bool:
    """Bring the listens of new imports into the windowed tables ``names``; False where they must be built first.

    Raises TableInvalid, HomeBusy and HomeUnusable.
    """
    todo = with_inputs(names)
    lake = open_lake(settings.lake)
    with writing(settings, waiting), scratch_folder(settings) as folder, ExitStack() as stack:
        recover(settings, lake, waiting)
        if settings.engine != "duckdb" or not all(_is_built(lake.note(table.name), table) for table in todo):
            return False
        session = stack.enter_context(build_engine(settings, folder, 0))
        work = begin(settings, lake, session, [SHIPPED, settings.compiled])
        if planned(work, find(NAMES)).action not in ("leave", "add"):
            # Rows of bronze are gone, so not only what was added counts.
            return False
        steps = [table for table in todo if table.windowed or table.name in (NAMES, IDENTITIES, TRACKS)]
        for done, table in enumerate(steps):
            if progress:
                progress(table.name, done, len(steps))
            if table.name == NAMES:
                _add_spellings(work, table)
            elif table.windowed:
                _extend_windows(work, table)
            else:
                _add_tracks(work, table)
    return True


def _is_built(note: Mapping[str, Any], table: Table) -> bool:
    return note.get("code") == version_of(table)


def _extend_windows(work: Work, table: Table) -> None:
    note = work.lake.note(table.name)
    if windows := windows_since(work, _reached(note)):
        replace_windows(work, table, windows, _extended(work, table, note))


def _add_spellings(work: Work, table: Table) -> None:
    note = work.lake.note(table.name)
    for name in (table.name, *table.inputs):
        work.relations.show(name, f"run > {_reached(note)}" if name in (HISTORY, CATALOGUE) else "")
    append_missing(work, table, _extended(work, table, note))


def _add_tracks(work: Work, table: Table) -> None:
    """Append the rows of spellings, or of tracks, that are not in the table yet."""
    engine, relations = work.engine, work.relations
    for name in (table.name, *table.inputs):
        relations.show(name)
    if table.name == IDENTITIES:
        fresh, shown = "fresh_names", {NAMES: _RELATED}
        found = f"SELECT * FROM {NAMES} ANTI JOIN {IDENTITIES} USING (name_id)"
    else:
        fresh, shown = "fresh_tracks", _OF_FRESH_TRACKS
        found = f"SELECT * FROM {IDENTITIES} ANTI JOIN {TRACKS} USING (track_id)"
    engine.keep(fresh, found, ())
    if engine.value(f"SELECT count(*) FROM {fresh}"):
        for name in table.inputs:
            relations.show(name, shown.get(name, ""))
        append_missing(work, table, _extended(work, table, work.lake.note(table.name)))
        for name in table.inputs:
            relations.show(name)
    engine.forget(fresh)


def _reached(note: Mapping[str, Any]) -> int:
    """The newest import whose listens the table has."""
    return max(int(note.get("run", 0)), int(note.get(EXTENDED_TO, 0)))


def _extended(work: Work, table: Table, note: Mapping[str, Any]) -> dict[str, Any]:
    """The note of the table's last build, which still holds, and how far the table goes beyond it."""
    return {**note, "content": work.content(table.name), EXTENDED_TO: work.run}
