"""``/library``: what there is, what waits, and which records were taken for one play."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from tonearm import __version__
from tonearm.api.answers import Answer
from tonearm.api.auth import CallerDep, open_to
from tonearm.api.deps import LakeDep, OneListener, SettingsDep, StoreDep
from tonearm.api.reading import ReadingDep
from tonearm.ingest.inbox import waiting_files
from tonearm.ingest.ledger import ImportReport, imports
from tonearm.live.backups import Backup, backups
from tonearm.read.merged import MergedPlays, MergeKind, merged_plays
from tonearm.read.overview import LISTENS
from tonearm.read.sources import sources_of
from tonearm.settings import Settings
from tonearm.store.submissions import waiting

router = APIRouter(tags=["library"])

MOST = 200


class SourcePlays(Answer):
    """The plays of one listener that come from one source."""

    listener: str
    source: str
    listens: int
    first_day: date
    last_day: date


class WaitingFile(Answer):
    """A file in the inbox that the next run imports."""

    listener: str | None
    """Whose it is; null where its folder does not tell."""
    name: str
    bytes: int


class LibraryInfo(Answer):
    """What there is, and what waits."""

    version: str
    sources: list[SourcePlays]
    """Most plays first."""
    newest_import: ImportReport | None
    inbox: list[WaitingFile]
    """At most 100; for a token of one listener, theirs."""
    submissions_waiting: int
    """Plays that clients submitted and that are not in the tables yet."""
    bytes: int | None
    """Of the home on disk; null for a token of one listener."""
    backup_folder: str | None
    """Where the schedule puts backups; null where the setting is empty, and for a token of one listener."""


class BackupsInfo(Answer):
    """The backups that the schedule made."""

    folder: str | None
    """Null where the setting `backup_folder` is empty."""
    kept: int
    """How many stay."""
    backups: list[Backup]
    """Newest first."""


@router.get("/library")
def read_library(
    settings: SettingsDep, lake: LakeDep, reading: ReadingDep, store: StoreDep, who: CallerDep
) -> LibraryInfo:
    """How many plays come from which sources, the newest import, what waits, and how much disk it takes."""
    only = who.only
    found = reading.answer(("sources",), lambda: sources_of(settings)) if lake.has(LISTENS) else []
    reports = (one for one in imports(settings) if only in (None, one.listener))
    files = [(name, path) for name, paths in waiting_files(settings.inbox) for path in paths if only in (None, name)]
    return LibraryInfo(
        version=__version__,
        sources=[SourcePlays(**row) for row in found if only in (None, row["listener"])],
        newest_import=next(reports, None),
        inbox=[WaitingFile(listener=name, name=path.name, bytes=path.stat().st_size) for name, path in files[:100]],
        submissions_waiting=len(waiting(store, only)),
        bytes=None if only else _size(settings),
        backup_folder=None if only else settings.backup_folder or None,
    )


@router.get("/backups")
@open_to("admin")
def list_backups(settings: SettingsDep) -> BackupsInfo:
    """The backups that the schedule made; `POST /schedule/backup/passes` makes one now."""
    return BackupsInfo(folder=settings.backup_folder or None, kept=settings.backups_kept, backups=backups(settings))


@router.get("/merges")
def list_merges(
    settings: SettingsDep,
    reading: ReadingDep,
    listener: OneListener,
    kind: Annotated[MergeKind | None, Query(description="Why records were taken for one play; any without it.")] = None,
    limit: Annotated[int, Query(ge=1, le=MOST, description="How many plays at most.")] = 25,
    offset: Annotated[int, Query(ge=0, le=2**31, description="How many plays to pass over first.")] = 0,
) -> MergedPlays:
    """Plays that several records report, newest first: the record that counts, and what each other one is."""
    asked = (listener, kind, limit, offset)
    return reading.answer(("merges", *asked), lambda: merged_plays(settings, *asked))


def _size(settings: Settings) -> int:
    """Bytes of the home; files that a writer removes meanwhile count nothing."""
    total = 0
    for path in settings.home.rglob("*"):
        try:
            if path.is_file():
                total += path.stat().st_size
        except OSError:
            continue
    return total
