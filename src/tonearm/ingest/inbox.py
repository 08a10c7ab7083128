"""The inbox: imports files that people or other programs put there, then moves them aside."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tonearm.errors import UsageError
from tonearm.home import make_home
from tonearm.ingest.imports import import_paths
from tonearm.ingest.ledger import ImportReport
from tonearm.settings import Settings
from tonearm.sources.files import printable

DONE = "imported"
"""Subfolder of the inbox for imported files."""


def import_inbox(settings: Settings, waiting: Callable[[str], None] | None = None) -> list[ImportReport]:
    """Import each listener's files, and move those that could be read to ``inbox/imported/RUN``.

    After a crash between the two a file is imported again, which changes nothing.
    """
    make_home(settings)
    reports = []
    for listener, paths in _waiting_files(settings.inbox):
        report = _import(settings, paths, listener, waiting)
        for path in paths:
            if any(f.problem is None for f in report.files if f.name.split("/")[0] == printable(path.name)):
                _move(path, settings.inbox / DONE / str(report.run))
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


def _waiting_files(inbox: Path) -> list[tuple[str | None, list[Path]]]:
    """Each listener with their files; last, under None, the files in the inbox itself."""
    loose = sorted(p for p in inbox.iterdir() if p.is_file() and not p.name.startswith("."))
    found: list[tuple[str | None, list[Path]]] = []
    for folder in sorted(p for p in inbox.iterdir() if p.is_dir() and p.name != DONE and not p.name.startswith(".")):
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
