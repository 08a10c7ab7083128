"""The inbox: imports files that people or other programs put there, then removes them or moves them aside."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from tonearm.errors import UsageError
from tonearm.home import INBOX_DONE, make_home
from tonearm.ingest.imports import import_paths
from tonearm.ingest.ledger import ImportReport
from tonearm.settings import Settings
from tonearm.sources.files import printable


def import_inbox(settings: Settings, waiting: Callable[[str], None] | None = None) -> list[ImportReport]:
    """Import each listener's files, and remove those that could be read.

    They hold what tonearm keeps nowhere else, such as addresses and names of devices. With the setting
    ``keep_imported`` they are moved to ``inbox/imported/RUN`` instead; without it, those kept earlier are removed.
    After a crash in between a file is imported again, which changes nothing.
    """
    make_home(settings)
    done = settings.inbox / INBOX_DONE
    if not settings.keep_imported:
        shutil.rmtree(done, ignore_errors=True)
    reports = []
    for listener, paths in waiting_files(settings.inbox):
        report = _import(settings, paths, listener, waiting)
        for path in paths:
            if any(f.problem is None for f in report.files if f.name.split("/")[0] == printable(path.name)):
                if settings.keep_imported:
                    _move(path, done / str(report.run))
                else:
                    path.unlink(missing_ok=True)
        reports.append(report)
    return reports


def _import(
    settings: Settings, paths: list[Path], listener: str | None, waiting: Callable[[str], None] | None
) -> ImportReport:
    try:
        return import_paths(settings, paths, listener, waiting=waiting)
    except UsageError as error:
        if listener is None:
            where = f"{settings.inbox}/NAME/ of their listener NAME"
            raise UsageError(f"whose are the files in {settings.inbox}? move them to {where}") from error
        raise


def waiting_files(inbox: Path) -> list[tuple[str | None, list[Path]]]:
    """Each listener with their files; last, under None, the files in the inbox itself."""
    if not inbox.is_dir():
        return []
    loose = sorted(p for p in inbox.iterdir() if p.is_file() and not p.name.startswith("."))
    found: list[tuple[str | None, list[Path]]] = []
    for folder in sorted(
        p for p in inbox.iterdir() if p.is_dir() and p.name != INBOX_DONE and not p.name.startswith(".")
    ):
        files = sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.startswith("."))
        if files:
            found.append((folder.name, files))
    return [*found, (None, loose)] if loose else found


def _move(path: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / path.name
    count = 1
    while target.exists():
        count += 1
        target = folder / f"{path.stem}-{count}{path.suffix}"
    path.rename(target)
