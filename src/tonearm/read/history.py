"""Versions of tables: their history, and the version that was current at a moment in the past."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from pathlib import Path
from urllib.parse import unquote

from tonearm.bronze import SCHEMAS
from tonearm.errors import UsageError
from tonearm.lake import Commit, Lake
from tonearm.table import find

MOMENTS = "a day is written 2026-01-01, an instant 2026-01-01T18:30+01:00 (UTC without an offset), a version 3"
_JOINED, _UNCHANGED = "files joined", "unchanged"


@dataclass(kw_only=True)
class Version:
    """One version of one table."""

    table: str
    version: int
    at: datetime
    """When it was committed."""
    done: str
    """What made it: built, extended, unchanged, import 3, undo of import 3 …"""
    rows: int | None = None
    """Rows of the table in this version; None where the log does not have it."""
    added: int | None = None
    """Rows that were written; some may be unchanged."""
    removed: int | None = None
    """Rows that were removed or rewritten."""
    run: int | None = None
    """The newest import it includes."""
    code: str | None = None
    """Hash of the code that made it; other code may make different rows from the same listens."""
    engine: str | None = None
    """The engine that computed it, where recorded."""


def history(lake: Lake, name: str, limit: int | None = None) -> list[Version]:
    """Versions of the table ``name``, newest first; none when it was never written. Raises UnknownName."""
    known(name)
    commits = lake.history(name, None if limit is None else limit + 1)
    return list(_versions(lake, name, commits))[:limit]


def changes(lake: Lake, limit: int) -> list[Version]:
    """The newest versions of all tables in which any rows changed, newest first."""
    found = [version for name in lake.names() for version in _changes(lake, name, limit)]
    return sorted(found, key=lambda version: (version.at, version.table), reverse=True)[:limit]


def _changes(lake: Lake, name: str, limit: int) -> list[Version]:
    commits = lake.history(name, limit + 1)
    return [v for v in _versions(lake, name, commits) if v.done not in (_UNCHANGED, _JOINED)][:limit]


def known(name: str) -> None:
    """Raise UnknownName unless a table of that name exists, written or not."""
    if name not in SCHEMAS:
        find(name)


def _versions(lake: Lake, name: str, commits: Iterable[Commit]) -> Iterator[Version]:
    commits = list(commits)
    rows: Mapping[int, int] = {-1: 0, **{c.version: lake.rows(name, c.version) for c in commits}}
    for commit in commits:
        added, removed = _counted(commit, rows[commit.version], rows.get(commit.version - 1))
        note = commit.note
        yield Version(
            table=name,
            version=commit.version,
            at=commit.at,
            done=_done(commit),
            rows=rows[commit.version],
            added=added,
            removed=removed,
            run=note.get("run"),
            code=note.get("code"),
            engine=note.get("engine"),
        )


def _counted(commit: Commit, rows: int, before: int | None) -> tuple[int | None, int | None]:
    """Rows that the commit added and removed, None where the version before it is not known."""
    if before is None:
        return None, None
    written = commit.metrics.get("num_added_rows", commit.metrics.get("numOutputRows"))
    # Rows copied from a partly deleted file count as written, and as removed too, so the difference is right.
    added = max(rows - before, 0) if written is None else int(written)
    return added, before + added - rows


def _done(commit: Commit) -> str:
    note = commit.note
    if "undo" in note or "undoing" in note:
        return f"undo of import {note.get('undo', note.get('undoing'))}"
    if commit.operation == "OPTIMIZE":
        return _JOINED
    if "content" in note:
        return _UNCHANGED
    if "inputs" in note:
        return "built" if _replaces_all(commit) else "extended"
    if "run" in note:
        return f"import {note['run']}"
    return commit.operation.lower() or "written"


def _replaces_all(commit: Commit) -> bool:
    """Whether the commit replaced all rows; Spark logs a missing predicate as an empty list."""
    is_append = commit.parameters.get("mode") == "Append"
    return not is_append and commit.parameters.get("predicate") in (None, "", "[]")


@dataclass(frozen=True)
class Moment:
    """A moment at which tables are read; by default now."""

    lake: Lake
    at: datetime | None = None
    chosen: Mapping[str, int] = field(default_factory=dict)
    """Versions requested by number."""

    def version(self, name: str) -> int | None:
        """The version of ``name`` current then, None for the newest; raises UsageError when none is there any more."""
        version = self._logged(name)
        if version is not None:
            if not _has_files(self.lake, name, version):
                raise UsageError(
                    f"version {version} of {name} is not kept any more: of what was imported, old versions stay for as "
                    "long as the setting time_travel_days says; what is computed from it is shown --as-of a day"
                )
            return version
        if self.at is None or not self.lake.has(name):
            return None
        oldest = self.lake.history(name)[-1]
        at = f"{oldest.at:%Y-%m-%d %H:%M:%S} UTC"
        if oldest.version:
            raise UsageError(f"of {name} the versions since {at} are kept; the setting time_travel_days says how long")
        raise UsageError(f"{name} was first written at {at}; it has no earlier version")

    def _logged(self, name: str) -> int | None:
        """The version of ``name`` current then, as far as the log goes back."""
        if name in self.chosen:
            return self.chosen[name]
        if self.at is None or not self.lake.has(name):
            return None
        return max((c.version for c in self.lake.history(name) if c.at <= self.at), default=None)

    def is_forgotten(self, name: str) -> bool:
        """Whether ``name`` was there then, in a version that is not kept any more."""
        if self.at is None or not self.lake.has(name):
            return False
        version = self._logged(name)
        if version is None:
            return self.lake.history(name)[-1].version > 0
        return not _has_files(self.lake, name, version)

    def nearest(self, name: str) -> int | None:
        """The version current then, or the oldest that is kept."""
        if not self.is_forgotten(name):
            return self.version(name)
        return next(c.version for c in reversed(self.lake.history(name)) if _has_files(self.lake, name, c.version))


def moment(lake: Lake, name: str, as_of: str | None) -> Moment:
    """The moment meant by ``as_of`` for table ``name``: the end of a day, an instant, or the time of a version.

    Raises UsageError for any other text, and for a version that ``name`` does not have.
    """
    if as_of is None:
        return Moment(lake)
    text = as_of.strip()
    if not (text.isascii() and text.isdecimal()):
        return Moment(lake, _instant(text))
    commits = {str(commit.version): commit for commit in lake.history(name)}
    if text not in commits:
        there = f"it has {min(map(int, commits))} to {max(map(int, commits))}" if commits else "it was never written"
        raise UsageError(f"{name} has no version {text}; {there}; {MOMENTS}")
    found = commits[text]
    return Moment(lake, found.at, {name: found.version})


def _has_files(lake: Lake, name: str, version: int) -> bool:
    """Whether the files of a version are there: ``tonearm run`` removes them before their entries in the log."""
    files = [Path(unquote(uri)) for uri in lake.delta(name, version).file_uris() if "://" not in uri]
    return all(file.exists() for file in files)


def _instant(text: str) -> datetime:
    with suppress(ValueError):
        return datetime.combine(date.fromisoformat(text), time.max, UTC)
    try:
        parsed = datetime.fromisoformat(text)
        return parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"'{text}' is not a moment; {MOMENTS}") from error
