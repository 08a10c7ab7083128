"""The inbox: files put there by hand or by other programs, imported once and moved aside."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tonearm.home import make_home
from tonearm.imports import import_paths
from tonearm.ledger import ImportReport
from tonearm.settings import Settings
from tonearm.sources.files import printable

DONE = "imported"
"""Folder of the inbox that files move to."""


def import_inbox(settings: Settings, waiting: Callable[[str], None] | None = None) -> list[ImportReport]:
    """Import each listener's files, and move those that could be read to ``inbox/imported/RUN``.

    A crash between the two leaves a file to be imported again, which changes nothing.
    """
    make_home(settings)
    reports = []
    for listener, paths in _waiting_files(settings.inbox):
        report = import_paths(settings, paths, listener, waiting=waiting)
        for path in paths:
            if any(f.problem is None for f in report.files if f.name.split("/")[0] == printable(path.name)):
                _move(path, settings.inbox / DONE / str(report.run))
        reports.append(report)
    return reports


def _waiting_files(inbox: Path) -> list[tuple[str | None, list[Path]]]:
    """Each listener and their files; None for files that lie in the inbox itself."""
    loose = sorted(p for p in inbox.iterdir() if p.is_file() and not p.name.startswith("."))
    found: list[tuple[str | None, list[Path]]] = [(None, loose)] if loose else []
    for folder in sorted(p for p in inbox.iterdir() if p.is_dir() and p.name != DONE and not p.name.startswith(".")):
        files = sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.startswith("."))
        if files:
            found.append((folder.name, files))
    return found


def _move(path: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / path.name
    count = 1
    while target.exists():
        count += 1
        target = folder / f"{path.stem}-{count}{path.suffix}"
    path.rename(target)
