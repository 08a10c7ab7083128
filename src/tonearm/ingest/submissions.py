"""Moves live submissions from the store into bronze, each exactly once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from filelock import FileLock, Timeout

from tonearm.errors import HomeBusy, HomeUnusable
from tonearm.home import make_home
from tonearm.ingest.imports import import_paths
from tonearm.ingest.ledger import ImportReport
from tonearm.settings import Settings
from tonearm.sources.listenbrainz import Listen
from tonearm.sources.submissions import Line, submitted_kind
from tonearm.store import Store
from tonearm.store.submissions import Batch, Waiting, done, take

LOCK = "submissions.lock"


def import_submissions(
    settings: Settings, store: Store, waiting: Callable[[str], None] | None = None
) -> list[ImportReport]:
    """Import what clients submitted, a batch of one listener and protocol at a time, until none waits.

    A batch leaves the store only when it is in bronze. After a crash in between the same batch is imported again, and
    recognised by its content as one that is there. Raises HomeBusy and HomeUnusable.
    """
    make_home(settings)
    reports = []
    try:
        with (
            FileLock(settings.home / LOCK, timeout=settings.lock_wait_s),
            TemporaryDirectory(dir=settings.scratch, prefix="submitted-") as folder,
        ):
            while batch := take(store):
                report = _import(settings, Path(folder), batch, waiting)
                if report.read != len(batch.submissions):
                    raise HomeUnusable(
                        f"of {len(batch.submissions)} submissions {report.read} reached bronze; free disk"
                    )
                reports.append(report)
                done(store, batch)
    except Timeout as error:
        raise HomeBusy("another tonearm is importing what clients submitted; repeat the command later") from error
    return reports


def _import(settings: Settings, folder: Path, batch: Batch, waiting: Callable[[str], None] | None) -> ImportReport:
    numbers = [one.number for one in batch.submissions]
    path = folder / f"submissions-{numbers[0]}-{numbers[-1]}.jsonl"
    path.write_bytes(b"".join(_lines(batch.submissions)))
    return import_paths(settings, [path], batch.listener, kind=submitted_kind(batch.protocol), waiting=waiting)


def _lines(submissions: Iterable[Waiting]) -> Iterable[bytes]:
    """Each submission with its number, so that no two batches have the same content."""
    for one in submissions:
        if one.reason is None:
            line = Line(one.number, msgspec.json.decode(one.body, type=Listen, strict=False))
        else:
            line = Line(one.number, reason=one.reason, raw=one.body)
        yield msgspec.json.encode(line) + b"\n"
