"""Keeping a lake small: versions that are older than a table's promise go, with their files and their log.

Nothing is committed for it, so tables stay at the version they are at. Delta's own vacuum commits twice per table, and
knows only one age for all files that are not needed: those of a write that was killed would stay as long.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import unquote

from tonearm.lake import LOG, Commit, Lake

GRACE = timedelta(hours=1)
"""How long a file stays that no kept version needs: a reader may have begun with a version that is gone since."""
_ENTRIES = 4
"""Entries of the log from which on summing them up is worth its file, which is larger than some entries."""
_LONGEST = timedelta(7)
"""How long an entry stays at most after it is not needed: it has the smallest and largest values of rows."""


def oldest_kept(commits: Sequence[Commit], since: datetime) -> int:
    """The version that was current at ``since``; the oldest there is where the table is younger."""
    before = [c.version for c in commits if c.at <= since]
    return max(before) if before else min(c.version for c in commits)


def forget(lake: Lake, name: str, since: datetime, now: datetime) -> int:
    """Remove what only versions before the one current at ``since`` need; returns how many files of rows went.

    The caller must hold the writer lock. A table in an object store is left alone. Killed, it goes on the next time.
    """
    folder, commits = lake.path(name), lake.history(name)
    if folder is None or not commits:
        return 0
    oldest = oldest_kept(commits, min(since, now - GRACE))
    old = [c for c in commits if c.version < oldest]
    if len(old) >= _ENTRIES or (old and old[-1].at < since - _LONGEST):
        _cut_log(lake, name, folder, oldest, commits[0].version)
    needed = _needed(lake, name, folder, oldest)
    gone = [file for file in _data(folder) - needed if file.stat().st_mtime < (now - GRACE).timestamp()]
    for file in gone:
        file.unlink()
    return len(gone)


def _cut_log(lake: Lake, name: str, folder: Path, oldest: int, newest: int) -> None:
    """Remove the entries of the log before version ``oldest``, once there are checkpoints to begin with."""
    sums = _sums(folder)
    if oldest not in sums:
        lake.delta(name, oldest).create_checkpoint()
    if newest - max(sums | {oldest}) > _ENTRIES:
        lake.delta(name).create_checkpoint()
    newest_sum = max(_sums(folder))
    # From the oldest on, so that what a killed removal leaves has no gap.
    for path, version in sorted(_versions(folder).items()):
        if version < oldest or (".checkpoint" in path.name and version not in (oldest, newest_sum)):
            path.unlink(missing_ok=True)


def _versions(folder: Path) -> dict[Path, int]:
    """Version of each file of the log."""
    return {path: int(path.name[:20]) for path in (folder / LOG).iterdir() if path.name[:20].isdecimal()}


def _sums(folder: Path) -> set[int]:
    """Versions that have a checkpoint."""
    return {version for path, version in _versions(folder).items() if ".checkpoint" in path.name}


def _needed(lake: Lake, name: str, folder: Path, oldest: int) -> set[Path]:
    """Files of the version ``oldest`` and of all that followed."""
    needed = {Path(unquote(uri)) for uri in lake.delta(name, oldest).file_uris()}
    for entry in (folder / LOG).glob("*.json"):
        if int(entry.stem) > oldest:
            needed |= {folder / path for path in _added(entry)}
    return needed


def _added(entry: Path) -> Iterator[str]:
    with entry.open(encoding="utf-8") as lines:
        for line in lines:
            if line.startswith('{"add"'):
                yield unquote(json.loads(line)["add"]["path"])


def _data(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*.parquet") if LOG not in path.parts}
