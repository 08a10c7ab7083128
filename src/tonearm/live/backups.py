"""The backups that the schedule made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tonearm.live.jobs import made_backups
from tonearm.settings import Settings


@dataclass(frozen=True)
class Backup:
    """One archive."""

    name: str
    bytes: int
    made_at: datetime


def backups(settings: Settings) -> list[Backup]:
    """Those in the setting ``backup_folder``, newest first; none where it is empty or not there."""
    folder = Path(settings.backup_folder).expanduser()
    if not settings.backup_folder or not folder.is_dir():
        return []
    found = []
    for name in reversed(made_backups([path.name for path in folder.iterdir()])):
        about = (folder / name).stat()
        found.append(Backup(name, about.st_size, datetime.fromtimestamp(about.st_mtime, UTC)))
    return found
