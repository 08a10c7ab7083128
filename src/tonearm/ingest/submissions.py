"""Moves live submissions from the store into bronze, each exactly once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from filelock import FileLock, Timeout

from tonearm.engine.duckdb import VALUE_ERRORS
from tonearm.errors import HomeBusy, HomeUnusable
from tonearm.home import make_home
from tonearm.ingest.imports import import_paths
from tonearm.ingest.ledger import ImportReport
from tonearm.settings import Settings
from tonearm.sources.listenbrainz import Listen
from tonearm.sources.rows import RAW_CHARS
from tonearm.sources.submissions import Line, submitted_kind
from tonearm.store import Store
from tonearm.store.submissions import MOST_OF_BATCH, Batch, Waiting, done, take

LOCK = "submissions.lock"
_OF_ROWS = (ValueError, OverflowError, RecursionError, *VALUE_ERRORS)
"""What a value of a row can raise. Anything else, such as a full disk or a bug, may be gone at the next import."""


def import_submissions(
    settings: Settings,
    store: Store,
    waiting: Callable[[str], None] | None = None,
    most: int = MOST_OF_BATCH,
    batches: int | None = None,
) -> list[ImportReport]:
    """Import what clients submitted, a batch of one listener and protocol at a time, until none waits.

    A batch has at ``most`` so many submissions, and the import ends after so many ``batches``. One leaves the store
    only when it is in bronze. After a crash in between the same batch is imported again, and recognised by its content
    as one that is there. A submission that cannot be read is rejected, with the reason, and stops no other. Raises
    HomeBusy and HomeUnusable.
    """
    make_home(settings)
    reports: list[ImportReport] = []
    try:
        with (
            FileLock(settings.home / LOCK, timeout=settings.lock_wait_s),
            TemporaryDirectory(dir=settings.scratch, prefix="submitted-") as folder,
        ):
            while (batches is None or len(reports) < batches) and (batch := take(store, most)):
                reports += _import(settings, Path(folder), batch, batch.submissions, waiting)
                done(store, batch)
    except Timeout as error:
        raise HomeBusy("another tonearm is importing what clients submitted; repeat the command later") from error
    return reports


def _import(
    settings: Settings,
    folder: Path,
    batch: Batch,
    rows: Sequence[Waiting],
    waiting: Callable[[str], None] | None,
) -> list[ImportReport]:
    """Import ``rows`` of ``batch``, in halves where something in them stops the import of all.

    What was imported before it stopped comes again with its half, as duplicates of what is there. A row is rejected
    only when it stops a second import, too.
    """
    problem = None
    for _ in range(2 if len(rows) == 1 else 1):
        result = _attempt(settings, folder, batch, rows, waiting)
        if isinstance(result, ImportReport):
            return [result]
        problem = result
    if len(rows) == 1:
        return [_reject(settings, folder, batch, rows[0], problem, waiting)]
    middle = len(rows) // 2
    halves = (rows[:middle], rows[middle:])
    return [report for half in halves for report in _import(settings, folder, batch, half, waiting)]


def _attempt(
    settings: Settings,
    folder: Path,
    batch: Batch,
    rows: Sequence[Waiting],
    waiting: Callable[[str], None] | None,
) -> ImportReport | str | None:
    """The report of an import that read all of ``rows``, else what in them stopped it.

    Raises every error that is no row's fault: then all of them wait.
    """
    path = folder / f"submissions-{rows[0].number}-{rows[-1].number}.jsonl"
    path.write_bytes(b"".join(_lines(rows)))
    try:
        kind = submitted_kind(batch.protocol)
        report = import_paths(settings, [path], batch.listener, kind=kind, waiting=waiting, is_own=True)
    except Exception as error:
        # The engine's errors about a value come as HomeUnusable, too.
        if not isinstance(error, _OF_ROWS) and not isinstance(error.__cause__, VALUE_ERRORS):
            raise
        return f"{type(error).__name__}: {error}"
    if report.read == len(rows):
        return report
    return next((file.problem for file in report.files if file.problem), None)


def _reject(
    settings: Settings,
    folder: Path,
    batch: Batch,
    row: Waiting,
    reason: str | None,
    waiting: Callable[[str], None] | None,
) -> ImportReport:
    """Bring a row that stops every import into bronze as one that is rejected.

    Raises HomeUnusable where that fails, too: then it is not the row, and everything waits.
    """
    if row.reason is not None:
        why = reason or "no row was read"
        raise HomeUnusable(f"submissions do not reach bronze ({why}); `tonearm doctor` looks for the cause")
    (report,) = _import(settings, folder, batch, [replace(row, reason=reason or "it cannot be read")], waiting)
    return report


def _lines(submissions: Iterable[Waiting]) -> Iterable[bytes]:
    """Each submission with its number, so that no two batches have the same content."""
    for one in submissions:
        yield msgspec.json.encode(_line(one)) + b"\n"


def _line(one: Waiting) -> Line:
    if one.reason is not None:
        return Line(one.number, reason=one.reason, raw=one.body[:RAW_CHARS])
    try:
        return Line(one.number, msgspec.json.decode(one.body, type=Listen, strict=False))
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        return Line(one.number, reason=f"not a listen: {error}", raw=one.body[:RAW_CHARS])
