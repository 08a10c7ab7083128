"""Imports: reads files into bronze and the ledger.

One import is one Run. Whole files are staged until there are enough rows, then judged in the engine and
committed together. The ledger is written at the end; if an import is interrupted before that, its entry is
reconstructed from bronze.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from tonearm.bronze import CATALOGUE, HISTORY, SCHEMAS
from tonearm.engine.duckdb import engine
from tonearm.engine.literals import sql_text
from tonearm.errors import HomeUnusable, InputError, TonearmError, UnknownName, UsageError
from tonearm.home import FULL, scratch_folder, unusable
from tonearm.home.lock import writing
from tonearm.ingest.ends import Found, ends_sql, has_lengths_sql, with_starts_sql
from tonearm.ingest.judging import catalogue_sql, history_sql, outcome_sql, repeats_sql, rules, unknown_files_sql
from tonearm.ingest.ledger import RULES, FileReport, ImportReport, next_run, record, recover
from tonearm.ingest.staging import Staging
from tonearm.lake import open_lake
from tonearm.settings import Settings
from tonearm.sources import Context, Source, source_of, sources
from tonearm.sources.files import NO_HINTS, Hints, InputFile, InputProblem
from tonearm.sources.inputs import input_files
from tonearm.store import Listener, open_store
from tonearm.store.clock import listener_clock, placed

ROWS_PER_COMMIT = 400_000
"""Rows staged before a commit; a file is never split, so one large file is one commit."""

_ACROSS_ZONES = timedelta(hours=26)
"""Between the same local time in the westernmost and in the easternmost zone."""

Progress = Callable[[str, int], None]
"""Called with the name of the file being read and the rows read from it so far."""


def import_paths(
    settings: Settings,
    paths: Sequence[Path],
    listener: str | None = None,
    zone: str | None = None,
    kind: str = "",
    dry_run: bool = False,
    progress: Progress | None = None,
    waiting: Callable[[str], None] | None = None,
    hints: Hints = NO_HINTS,
    is_own: bool = False,
) -> ImportReport:
    """Import every file in ``paths`` for ``listener`` and report the outcome of each row.

    ``hints`` say how the files are to be read where their content does not show it; they hold for all of them. A file
    that cannot be read is reported and does not stop the others; one that tonearm wrote itself (``is_own``) raises
    HomeUnusable where the operating system does not let it be read. Raises UsageError when the listener is ambiguous,
    UnknownName for an unknown zone or kind, HomeBusy and HomeUnusable.
    """
    kind = kind or ("lastfm_csv" if hints.columns else "")
    if kind and kind not in sources():
        raise UnknownName("kind of file", kind, sources(), hint=f"known kinds: {', '.join(sources())}")
    with writing(settings, waiting), scratch_folder(settings) as folder, ExitStack() as stack:
        store = open_store(settings)
        stack.callback(store.close)
        known = [one.name for one in store.listeners()]
        if listener is None and len(known) > 1 and not _brings_listens(settings, paths, kind, hints):
            person = Listener("", ())
        else:
            person = store.would_be(chosen_listener(known, listener), zone)

        def ensure_listener() -> None:
            store.ensure_listener(person.name, zone)

        return _Import(settings, folder, person, ensure_listener, kind, hints, dry_run, progress, is_own).run(paths)


def chosen_listener(known: list[str], asked: str | None) -> str:
    """The listener to import for: ``asked`` if given, else the only one, else ``me`` in an empty home."""
    if asked:
        return asked
    if len(known) > 1:
        raise UsageError(f"whose listens are these? name one with --listener: {', '.join(known)}")
    return known[0] if known else "me"


def _brings_listens(settings: Settings, paths: Sequence[Path], kind: str, hints: Hints) -> bool:
    """Whether any file holds listens; a catalogue belongs to no listener."""
    for file in input_files(paths, settings):
        if not isinstance(file, InputProblem):
            file.hints = hints
            with suppress(InputError):
                if source_of(file, kind).feeds == "listens":
                    return True
    return False


class _Import:
    """State of a running import: its engine, the staged rows and the reports so far."""

    def __init__(
        self,
        settings: Settings,
        folder: Path,
        listener: Listener,
        ensure_listener: Callable[[], None],
        kind: str,
        hints: Hints,
        dry_run: bool,
        progress: Progress | None,
        is_own: bool,
    ) -> None:
        self.settings, self.folder, self.ensure_listener = settings, folder, ensure_listener
        self.person, self.hints, self.is_own = listener, hints, is_own
        self.lake = open_lake(settings.lake)
        self.kind, self.dry_run, self.progress = kind, dry_run, progress
        self.context = Context(max_record_bytes=settings.max_record_kb * 1024)
        self.now = datetime.now(UTC)
        if not dry_run:
            recover(settings, self.lake)
        self.number = next_run(self.lake)
        self.report = ImportReport(run=None if dry_run else self.number, listener=listener.name, started_at=self.now)
        self.staged = {name: Staging(folder, name) for name in (HISTORY, CATALOGUE)}
        self.again: list[int] = []
        """Positions of files that were imported before, byte for byte."""

    def run(self, paths: Sequence[Path]) -> ImportReport:
        with engine(self.settings, self.folder) as self.engine:
            self._look_at_known()
            for file in input_files(paths, self.settings):
                if isinstance(file, InputProblem):
                    if self.is_own and file.error is not None:
                        raise unusable(file.error, self.folder) from file.error
                    self.report.files.append(FileReport(name=file.name, problem=file.message))
                    continue
                self._stage(file)
                # A dry run keeps nothing that later rows could be compared with, so it is one piece.
                if not self.dry_run and max(staging.rows for staging in self.staged.values()) >= ROWS_PER_COMMIT:
                    self._flush()
            self._flush()
        self.report.ended_at = datetime.now(UTC)
        self.report.add_up()
        if not self.dry_run:
            record(self.lake, self.report)
        return self.report

    def _look_at_known(self) -> None:
        for name in (HISTORY, CATALOGUE):
            self.engine.look_at(self.lake, name, SCHEMAS[name])
        self.files_known = {
            (name, file, listener)
            for name, listener in ((HISTORY, "listener"), (CATALOGUE, "NULL::VARCHAR"))
            for file, listener in self.engine.rows(f"SELECT DISTINCT file, {listener} FROM {name}")
        }

    def _stage(self, file: InputFile) -> None:
        report = FileReport(name=file.name)
        self.report.files.append(report)
        file.hints = self.hints
        try:
            source = source_of(file, self.kind)
            report.kind, report.reading = source.kind, source.reading(file)
            if source.feeds == "nothing":
                return
            self._stage_rows(file, source, report)
            if not file.encoding.startswith("utf"):
                report.reading += f"; its text is in {file.encoding}"
        except (TonearmError, OSError, EOFError) as error:
            if isinstance(error, HomeUnusable) or getattr(error, "errno", None) in FULL:
                # Not the file's fault: the disk is full.
                raise
            if self.is_own and isinstance(error, OSError):
                raise unusable(error, self.folder) from error
            # Rows read before the problem stay; the ledger records the problem.
            report.problem = str(error).removeprefix(f"{file.name}: ")

    def _stage_rows(self, file: InputFile, source: Source, report: FileReport) -> None:
        name = HISTORY if source.feeds == "listens" else CATALOGUE
        position = len(self.report.files)
        try:
            for batch in source.read(file, self.context):
                self.staged[name].add(self._placed(batch, report), source, position)
                report.read += batch.num_rows
                if self.progress:
                    self.progress(file.name, report.read)
        finally:
            report.file = file.sha256
            key = (name, report.file, self.report.listener if name == HISTORY else None)
            if key in self.files_known:
                self.again.append(position)
            self.files_known.add(key)
            if name == HISTORY and report.read and not self.dry_run:
                # Only now that a file holds listens: a mistyped path must not leave a listener behind.
                self.ensure_listener()

    def _placed(self, batch: pa.Table, report: FileReport) -> pa.Table:
        """``batch`` with the instants of its local times, which the report then mentions."""
        if "local_at" not in batch.column_names or batch["local_at"].null_count == len(batch):
            return batch
        zones = ", ".join(dict.fromkeys(zone for _, zone in self.person.zones)) or "UTC"
        note = f"times without a zone are local time in {zones}"
        if note not in (report.reading or ""):
            report.reading = f"{report.reading}; {note}"
        reported = placed(batch["local_at"].combine_chunks(), self.clock)
        if "reported_at" in batch.column_names:
            reported = pc.coalesce(batch["reported_at"], reported)
            batch = batch.drop_columns(["reported_at"])
        return batch.append_column("reported_at", reported)

    @cached_property
    def clock(self) -> pa.Table:
        """The listener's offsets from UTC."""
        return listener_clock([self.person], self.now.year + 1)

    def _flush(self) -> None:
        for name, staging in self.staged.items():
            if staging.rows:
                self.engine.register("staged", staging.dataset())
                self._judge(name)
            staging.clear()

    def _judge(self, name: str) -> None:
        """Separate new rows from known ones, count them and, unless it is a dry run, commit them."""
        self._set_variables()
        judged = history_sql(self._with_starts()) if name == HISTORY else catalogue_sql("staged")
        self.engine.run(f"CREATE OR REPLACE TABLE repeats AS {repeats_sql(judged, name, self._near(name))}")
        self._look_again(judged)
        new = self._counted(self.engine.stream(outcome_sql(name, judged)))
        first = next(new, None)
        if first is not None and not self.dry_run:
            self._commit(name, first, new)
        # Every row must be counted, also in a dry run.
        deque(new, maxlen=0)

    def _with_starts(self) -> str:
        """SQL for the staged listens; those of files that report ends have their starts, and the report says so."""
        if not self.engine.value(has_lengths_sql("staged")):
            return "staged"
        self.engine.run(f"CREATE OR REPLACE TABLE ends AS {ends_sql('staged')}")
        files = self.engine.rows("SELECT position, sum(ends), sum(tried) FROM ends GROUP BY position ORDER BY position")
        for position, ends, tried in files:
            report = self.report.files[position - 1]
            report.reading = f"{report.reading}; {Found(position, int(ends), int(tried))}"
        return f"({with_starts_sql('staged', 'ends')})" if files else "staged"

    def _look_again(self, judged: str) -> None:
        """Treat known files with new records as new: they were read as another kind before, or only in part."""
        if self.again:
            found = {position for (position,) in self.engine.rows(unknown_files_sql(judged))}
            self.again = [position for position in self.again if position not in found]

    def _set_variables(self) -> None:
        files = self.report.files
        self.engine.set("now", self.now)
        self.engine.set("run", self.number)
        self.engine.set("listener", self.report.listener)
        self.engine.set("again", self.again or [0])
        self.engine.set("files", [f.file for f in files])
        self.engine.set("names", [f.name for f in files])

    def _near(self, name: str) -> str:
        """SQL for the part of bronze that staged rows can repeat; with constants, so that the reader can skip rows."""
        if name != HISTORY:
            return "true"
        ((first, last, local),) = self.engine.rows(
            "SELECT min(reported_at), max(reported_at), count(local_at) FROM staged"
        )
        if first is None:
            return "false"
        if local:
            # The same local time may have been placed in another zone.
            first, last = first - _ACROSS_ZONES, last + _ACROSS_ZONES
        who = sql_text(self.report.listener)
        return f"listener = {who} AND reported_at BETWEEN TIMESTAMPTZ '{first}' AND TIMESTAMPTZ '{last}'"

    def _counted(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The rows to write, counting every row; rows of files that are stored already are counted only."""
        again = pa.array(self.again, pa.int64())
        for batch in batches:
            self._count(batch)
            fresh = batch.filter(pc.invert(pc.is_in(batch.column("position"), value_set=again)))
            if fresh.num_rows:
                yield fresh.drop_columns(["position"])

    def _count(self, batch: pa.RecordBatch) -> None:
        by = [c for c in ("position", "outcome", "content") if c in batch.schema.names]
        for group in pa.table(batch.select(by)).group_by(by).aggregate([([], "count_all")]).to_pylist():
            report, count = self.report.files[group["position"] - 1], group["count_all"]
            if group["outcome"] == "kept":
                report.kept += count
                report.podcasts += count * (group.get("content") == "podcast")
                report.audiobooks += count * (group.get("content") == "audiobook")
            elif group["outcome"] == "duplicate":
                report.duplicates += count
            else:
                report.rejected += count

    def _commit(self, name: str, first: pa.RecordBatch, others: Iterable[pa.RecordBatch]) -> None:
        rows = pa.RecordBatchReader.from_batches(first.schema, itertools.chain([first], others))
        self.lake.append(name, rows, {"run": self.number, RULES: rules(name)})
        self.lake.compact(name)
        self.engine.look_at(self.lake, name, SCHEMAS[name])
