"""Exports of a listener's listens in the forms of other trackers, each of which tonearm reads back."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from tonearm.bronze import HISTORY
from tonearm.errors import HomeUnusable, TableInvalid, UnknownName, UsageError
from tonearm.home import FULL
from tonearm.lake import open_lake
from tonearm.read.exports.koito import write_koito
from tonearm.read.exports.lastfm_csv import write_lastfm_csv
from tonearm.read.exports.listenbrainz import write_listenbrainz
from tonearm.read.exports.listens import Exported, listens_of, not_music
from tonearm.read.exports.maloja import write_maloja
from tonearm.read.plays import Plays
from tonearm.read.ranges import FIRST, LAST
from tonearm.store.loves import loves

if TYPE_CHECKING:
    from tonearm.settings import Settings
    from tonearm.store import Store
    from tonearm.store.loves import Love


@dataclass(frozen=True)
class Heading:
    """What a file says besides listens."""

    listener: str
    made_at: datetime
    loved: list[Love]


@dataclass(frozen=True)
class Format:
    """A form of file that another tracker imports."""

    title: str
    ending: str
    media_type: str
    write: Callable[[Iterator[Exported], BinaryIO, Heading], None]
    needs_names: bool
    """Whether a listen without an artist's and a track's name, known by an id alone, has no place in it."""


FORMATS: Mapping[str, Format] = {
    "listenbrainz": Format("ListenBrainz' export", "zip", "application/zip", write_listenbrainz, needs_names=False),
    "lastfm-csv": Format("CSV of Last.fm's scrobbles", "csv", "text/csv", write_lastfm_csv, needs_names=True),
    "maloja": Format("Maloja's export", "json", "application/json", write_maloja, needs_names=True),
    "koito": Format("Koito's export", "json", "application/json", write_koito, needs_names=True),
}


@dataclass
class Report:
    """What became of a listener's listens; ``listens`` = ``written`` + ``left_out``."""

    listener: str
    format: str
    listens: int = 0
    written: int = 0
    left_out: int = 0
    """Listens without names, in a format that needs them."""
    loved: int = 0
    """Loved and hated tracks, which only ListenBrainz' form has."""
    not_music: int = 0
    """Podcasts and audiobooks in the history, which are no listens and in no export."""
    path: str = ""
    size: int = field(default=0)
    """Bytes of the file."""


def format_of(name: str) -> Format:
    """The format of that name; raises UnknownName."""
    if name not in FORMATS:
        raise UnknownName("format", name, FORMATS, hint=f"there are {', '.join(FORMATS)}")
    return FORMATS[name]


def file_name(name: str, listener: str, made_at: datetime) -> str:
    """What an export is called, much as the tracker it is for calls its own."""
    who = "".join(c if c.isalnum() or c in "-_." else "_" for c in listener)
    stem = {"lastfm-csv": f"recenttracks-{who}", "listenbrainz": f"listenbrainz_{who}"}.get(
        name, f"{name}_export_{who}"
    )
    return f"{stem}_{made_at:%Y%m%d}.{format_of(name).ending}"


def export_listens(
    settings: Settings,
    store: Store,
    listener: str,
    name: str,
    path: Path,
    start: datetime = FIRST,
    end: datetime = LAST,
    plays: Plays | None = None,
) -> Report:
    """Write every listen from ``start`` to before ``end`` to ``path``, all or nothing.

    Those that were submitted and wait for their import are among them, and what was imported since the last build is
    built first. Raises UnknownName for the listener or the format, UsageError for a path that cannot be written,
    HomeUnusable for a full disk, and what a build raises.
    """
    form, who = format_of(name), store.listener(listener).name
    _complete(settings)
    plays = plays or Plays(open_lake(settings.lake))
    report = Report(who, name, path=str(path), not_music=not_music(settings, who))
    heading = Heading(who, datetime.now(UTC), loves(store, who) if name == "listenbrainz" else [])
    report.loved = len(heading.loved)
    rows = _counted(listens_of(settings, plays.fresh(store, who), who, start, end), form, report)
    with _replacing(path) as file:
        form.write(rows, file, heading)
        for _ in rows:
            raise AssertionError(f"{name} did not write every listen")
    report.size = path.stat().st_size
    return report


def _complete(settings: Settings) -> None:
    """Build the table of listens where an import or a deletion is not in it yet."""
    lake = open_lake(settings.lake)
    seen = lake.noted("listens", "inputs") if lake.has("listens") else None
    if lake.has(HISTORY) and (seen or {}).get(HISTORY) != lake.content(HISTORY):
        from tonearm.building.execute import build

        report = build(settings, ["listens"])
        if report.failed:
            raise TableInvalid("listens", [one.problem or one.action for one in report.failed])


def _counted(rows: Iterator[Exported], form: Format, report: Report) -> Iterator[Exported]:
    for row in rows:
        report.listens += 1
        if form.needs_names and not (row.artist_name and row.track_name):
            report.left_out += 1
            continue
        report.written += 1
        yield row


class _replacing:
    """A file that takes the place of ``path`` when all is written to it, and leaves nothing behind otherwise."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> BinaryIO:
        try:
            if self._path.is_dir():
                raise IsADirectoryError(21, "it is a folder")
            number, name = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name[:40]}.", suffix=".part")
        except OSError as error:
            raise UsageError(f"{self._path} cannot be written: {error.strerror}; name another file") from error
        self._part = Path(name)
        self._file = os.fdopen(number, "w+b")
        return self._file

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _traceback: object) -> None:
        try:
            if error is None:
                self._file.flush()
                os.fsync(self._file.fileno())
            self._file.close()
            if error is None:
                self._part.replace(self._path)
        except OSError as failed:
            error = failed
            raise
        finally:
            if error is not None:
                with suppress(OSError):
                    self._part.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno in FULL:
            raise HomeUnusable(f"no space left for {self._path}; free some, or name a file on another disk") from error
