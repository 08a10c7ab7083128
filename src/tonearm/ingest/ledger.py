"""The ledger: lists the imports and the outcome of their rows, and undoes an import."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa

from tonearm.bronze import CATALOGUE, HISTORY, ROW, SCHEMAS
from tonearm.columns import arrow_schema
from tonearm.engine.duckdb import engine
from tonearm.errors import UnknownName, UsageError
from tonearm.home.lock import writing
from tonearm.ingest.judging import rules, set_aside_sql
from tonearm.lake import Lake, open_lake
from tonearm.settings import Settings

if TYPE_CHECKING:
    from tonearm.engine.duckdb import Engine

LEDGER = "imports"
RULES = "rules"
"""Key of a note of bronze: by which rules its rows were judged."""
Outcome = Literal["kept", "duplicate", "rejected"]


@dataclass(kw_only=True)
class FileReport:
    """Outcome of one file; ``read = kept + duplicates + rejected``."""

    name: str
    kind: str | None = None
    """Kind of the file, None when no source recognises it."""
    reading: str | None = None
    """How the file was read, in words."""
    read: int = 0
    kept: int = 0
    duplicates: int = 0
    rejected: int = 0
    podcasts: int = 0
    audiobooks: int = 0
    file: str = ""
    """SHA-256 of the unpacked content."""
    problem: str | None = None
    """What was wrong with the file as a whole."""


TOTALS = ("read", "kept", "duplicates", "rejected")


@dataclass(kw_only=True)
class ImportReport:
    """One import and its files; ``read = kept + duplicates + rejected``."""

    run: int | None
    """Number of the import; None for a dry run, or when there was nothing to record."""
    listener: str
    started_at: datetime
    ended_at: datetime | None = None
    """None for an import that was interrupted."""
    undone_at: datetime | None = None
    read: int = 0
    kept: int = 0
    duplicates: int = 0
    rejected: int = 0
    files: list[FileReport] = field(default_factory=list)

    def add_up(self) -> None:
        """Set the totals from the files."""
        for total in TOTALS:
            setattr(self, total, sum(getattr(f, total) for f in self.files))


def totals(reports: Iterable[ImportReport]) -> dict[str, int]:
    """The totals of several imports together, by name."""
    reports = list(reports)
    return {total: sum(getattr(one, total) for one in reports) for total in TOTALS}


def next_run(lake: Lake) -> int:
    """Number of the next import: one more than any in the ledger or, after a crash, in bronze."""
    highest = 0
    for name in (HISTORY, CATALOGUE, LEDGER):
        if lake.has(name):
            highest = max(highest, *_runs(lake, name), 0)
    return highest + 1


def _runs(lake: Lake, name: str) -> list[int]:
    """Numbers of the imports that ``name`` has rows of; from the log alone if each data file holds one import."""
    if not lake.has(name):
        return []
    first, last = lake.extremes(name, "run")
    if first and first == last:
        return sorted({run for run in first if run is not None})
    return sorted(lake.dataset(name).to_table(columns=["run"]).column("run").unique().to_pylist())


def record(lake: Lake, report: ImportReport) -> None:
    """Write the import into the ledger."""
    rows = pa.Table.from_pylist(_ledger_rows(report), schema=arrow_schema(SCHEMAS[LEDGER]))
    lake.append(LEDGER, rows, {"run": report.run})
    lake.compact(LEDGER)


def _ledger_rows(report: ImportReport) -> list[dict[str, Any]]:
    files = report.files or [FileReport(name="", problem="no files")]
    return [
        {
            "run": report.run,
            "listener": report.listener,
            "import_started_at": report.started_at,
            "import_ended_at": report.ended_at,
            "undone_at": None,
            "position": position,
            "file": f.file,
            "file_name": f.name,
            "source": f.kind or "",
            "reading": f.reading,
            "rows_read": f.read,
            "rows_kept": f.kept,
            "rows_duplicate": f.duplicates,
            "rows_rejected": f.rejected,
            "podcasts": f.podcasts,
            "audiobooks": f.audiobooks,
            "problem": f.problem,
        }
        for position, f in enumerate(files, 1)
    ]


def recover(settings: Settings, lake: Lake, remark: Callable[[str], None] | None = None) -> None:
    """Finish imports that did not reach the ledger and an interrupted undo, and set aside what cannot be used.

    ``remark`` is called with a sentence about rows that an earlier version of tonearm kept and this one does not.
    """
    lost, undoing = _unrecorded(lake), lake.note(LEDGER).get("undoing")
    judged = [name for name in (HISTORY, CATALOGUE) if lake.has(name) and lake.noted(name, RULES) != rules(name)]
    if not (lost or undoing or judged):
        return
    with engine(settings) as session:
        if undoing:
            _remove(session, lake, undoing)
        for report in _reconstructed_from_bronze(session, lake, lost):
            record(lake, report)
        if judged:
            count = sum(_set_aside(session, lake, name) for name in judged)
            # Also after a crash between the two.
            _recount(session, lake, {})
            for name in judged:
                lake.remark(name, {RULES: rules(name)})
            if count and remark:
                remark(
                    f"{count:,} rows of earlier imports cannot be used and are rejected now; "
                    "`tonearm imports show IMPORT --rejected` lists them and why"
                )


def _set_aside(session: Engine, lake: Lake, name: str) -> int:
    """Reject the rows that would stop tables, which an earlier version of tonearm kept; returns how many."""
    session.look_at(lake, name, SCHEMAS[name])
    rows = session.table(set_aside_sql(name))
    if rows.num_rows:
        rejected = {"outcome": "'rejected'", "reason": "s.reason", "raw": "s.raw"}
        lake.amend(name, rows, ROW, {**rejected, "record_id": "NULL", "name_id": "NULL"})
    return int(rows.num_rows)


def reject_records(
    settings: Settings,
    listener: str,
    start: datetime,
    end: datetime,
    is_meant: Callable[[dict[str, Any]], bool],
    reason: str,
) -> int:
    """Reject the listener's records from ``start`` to before ``end`` that are meant, in all copies; how many rows.

    ``is_meant`` gets ``record_id``, ``listen_id`` and the names of each. With one record of a listen go all others of
    it, since another source's would bring it back. Tables follow with the next build. May be repeated. Raises HomeBusy.
    """
    with writing(settings), engine(settings) as session:
        lake = open_lake(settings.lake)
        if not lake.has(HISTORY):
            return 0
        recover(settings, lake)
        session.look_at(lake, HISTORY, SCHEMAS[HISTORY])
        session.look_at(lake, "merges", ("listener", "record_id", "listen_id"))
        near = session.dicts(_RECORDS_SQL, [listener, start, end])
        listens = {record["listen_id"] for record in near if is_meant(record)}
        rows = session.table(_ROWS_OF_SQL, [listener, sorted(listens)]) if listens else None
        if rows is None or not rows.num_rows:
            return 0
        values = {"outcome": "'rejected'", "reason": f"'{reason}'", "record_id": "NULL", "name_id": "NULL"}
        lake.amend(HISTORY, rows, ROW, {**values, "raw": "s.raw"})
        _recount(session, lake, {"rejected": reason})
    return int(rows.num_rows)


_RECORDS_SQL = f"""
SELECT DISTINCT h.record_id, coalesce(m.listen_id, h.record_id) AS listen_id, artist_name, track_name, album_name
FROM {HISTORY} h LEFT JOIN merges m ON m.listener = h.listener AND m.record_id = h.record_id
WHERE h.listener = $1 AND h.reason IS NULL AND h.started_at >= $2 AND h.started_at < $3
"""
_ROWS_OF_SQL = f"""
SELECT h.run, h.file, h.row, left(concat_ws(' | ', h.artist_name, h.album_name, h.track_name), 2000) AS raw
FROM {HISTORY} h LEFT JOIN merges m ON m.listener = h.listener AND m.record_id = h.record_id
WHERE h.listener = $1 AND h.reason IS NULL AND list_contains($2::BIGINT[], coalesce(m.listen_id, h.record_id))
"""


def imports(settings: Settings) -> list[ImportReport]:
    """Every import, newest first; one that was interrupted has no ``ended_at``."""
    lake = open_lake(settings.lake)
    with engine(settings) as session:
        lost = _reconstructed_from_bronze(session, lake, _unrecorded(lake))
        return sorted(lost + _recorded(session, lake), key=lambda r: -(r.run or 0))


def find_import(settings: Settings, run: int) -> ImportReport:
    """The import numbered ``run``; raises UnknownName."""
    found = next((report for report in imports(settings) if report.run == run), None)
    if found is None:
        raise UnknownName("import", str(run), [], hint="`tonearm imports` lists them")
    return found


def import_rows(settings: Settings, run: int, outcome: Outcome, limit: int | None = None) -> pa.Table:
    """The rows of import ``run`` with this outcome: file, row, and the reason or the row it duplicates.

    A file imported before, byte for byte, is not stored again: its rows are shown as duplicates of
    themselves. Raises UnknownName.
    """
    report = find_import(settings, run)
    lake = open_lake(settings.lake)
    with engine(settings) as session:
        session.look_at(lake, HISTORY, SCHEMAS[HISTORY])
        session.look_at(lake, CATALOGUE, SCHEMAS[CATALOGUE])
        files = [f.file for f in report.files if f.file]
        return session.table(
            _ROWS_SQL + (f" LIMIT {int(limit)}" if limit is not None else ""),
            [run, report.listener, files, outcome],
        )


_ROWS_SQL = f"""
WITH every AS (
    SELECT listener, run, file, file_name, row, outcome, reason, raw, record_id, artist_name, track_name, reported_at
    FROM {HISTORY} WHERE listener = $2
    UNION ALL
    SELECT NULL, run, file, file_name, row, outcome, reason, raw, record_id, artist_name, track_name, NULL
    FROM {CATALOGUE}
), own AS (
    SELECT * REPLACE (CASE WHEN run <> $1 AND outcome = 'kept' THEN 'duplicate' ELSE outcome END AS outcome)
    FROM every
    WHERE run = $1 OR (list_contains($3, file) AND file NOT IN (SELECT file FROM every WHERE run = $1))
), first AS (
    SELECT record_id, arg_min(file_name, (run, row)) AS first_file, arg_min(row, (run, row)) AS first_row,
        min(run) AS first_run
    FROM every WHERE outcome = 'kept' AND record_id IN (SELECT record_id FROM own) GROUP BY record_id
)
SELECT file_name, row, reason, raw, artist_name, track_name, reported_at, first_run, first_file, first_row
FROM own LEFT JOIN first USING (record_id) WHERE outcome = $4 ORDER BY file_name, row
"""


def undo(settings: Settings, run: int, waiting: Callable[[str], None] | None = None) -> ImportReport:
    """Remove import ``run`` from bronze and return its entry in the ledger.

    Rows that another import contained too are kept and assigned to that import; where only duplicates of a record
    remain, one becomes its kept row. Raises UnknownName, and UsageError when it is undone already.
    """
    with writing(settings, waiting), engine(settings) as session:
        lake = open_lake(settings.lake)
        recover(settings, lake)
        reports = {r.run: r for r in _recorded(session, lake) if r.run is not None}
        if run not in reports:
            raise UnknownName("import", str(run), [], hint="`tonearm imports` lists them")
        if reports[run].undone_at:
            raise UsageError(f"import {run} was undone already, at {reports[run].undone_at:%Y-%m-%d %H:%M} UTC")
        _mark_undone(session, lake, run)
        _remove(session, lake, run)
    return find_import(settings, run)


def _mark_undone(session: Engine, lake: Lake, run: int) -> None:
    """Record that ``run`` is being undone before any row is removed, so that :func:`recover` can finish it."""
    rows = session.dicts(f"SELECT * FROM {LEDGER}")
    at = datetime.now(UTC)
    marked = [{**row, "undone_at": at if row["run"] == run else row["undone_at"]} for row in rows]
    _write(lake, marked, {"undoing": run})


def _remove(session: Engine, lake: Lake, run: int) -> None:
    """Remove the rows of ``run`` from bronze and recount the other imports; may be repeated at any point."""
    reports = {r.run: r for r in _recorded(session, lake) if r.run is not None}
    for name in (HISTORY, CATALOGUE):
        if lake.has(name):
            _hand_over(session, lake, name, run, reports)
            lake.delete(name, f"run = {run}", {"undo": run})
            _promote(session, lake, name)
    _recount(session, lake, {"undo": run})


def _hand_over(session: Engine, lake: Lake, name: str, run: int, reports: dict[int, ImportReport]) -> None:
    """Assign files that another import contained too, byte for byte, to that import unless it has stored them."""
    session.look_at(lake, name, SCHEMAS[name])
    mine = {f.file for f in reports[run].files if f.file}
    theirs = set(session.rows(f"SELECT DISTINCT run, file FROM {name} WHERE list_contains($1, file)", [list(mine)]))
    for other in sorted(reports):
        report = reports[other]
        if other == run or report.undone_at or (name == HISTORY and report.listener != reports[run].listener):
            continue
        shared = mine & {f.file for f in report.files if (other, f.file) not in theirs}
        if shared:
            files = ", ".join(f"'{f}'" for f in sorted(shared))
            lake.update(name, f"run = {run} AND file IN ({files})", {"run": str(other)}, {"undo": run})
            mine -= shared


def _promote(session: Engine, lake: Lake, name: str) -> None:
    """Mark the first duplicate as kept for every record whose kept row is gone."""
    session.look_at(lake, name, SCHEMAS[name])
    whose = "listener" if name == HISTORY else "NULL"
    first = session.table(
        f"""SELECT first.run AS run, first.file AS file, first.row AS row FROM (
            SELECT min({{'run': run, 'file': file, 'row': row}}) AS first FROM {name} WHERE reason IS NULL
            GROUP BY {whose}, record_id HAVING count(*) FILTER (outcome = 'kept') = 0)"""
    )
    if first.num_rows:
        lake.amend(name, first, ROW, {"outcome": "'kept'"})


def _recount(session: Engine, lake: Lake, note: dict[str, Any]) -> None:
    """Update the counts of the remaining imports from bronze, which completes an undo."""
    active = [r for r in _recorded(session, lake) if not r.undone_at]
    counted = {
        (report.run, file.file): file
        for report in _reconstructed_from_bronze(session, lake, [r.run for r in active if r.run])
        for file in report.files
    }
    for report in active:
        # Popped, because bronze holds a file once: its copies in the same import remain duplicates.
        report.files = [_recounted(f, counted.pop((report.run, f.file), None)) for f in report.files]
    rows = [row for report in active for row in _ledger_rows(report)]
    gone = session.dicts(f"SELECT * FROM {LEDGER} WHERE undone_at IS NOT NULL")
    _write(lake, rows + gone, note)


def _write(lake: Lake, rows: list[dict[str, Any]], note: dict[str, Any]) -> None:
    lake.replace(LEDGER, pa.Table.from_pylist(rows, schema=arrow_schema(SCHEMAS[LEDGER])), note)


def _recounted(file: FileReport, counted: FileReport | None) -> FileReport:
    if counted is None:
        return file
    return replace(
        file,
        kept=counted.kept,
        duplicates=counted.duplicates,
        rejected=counted.rejected,
        podcasts=counted.podcasts,
        audiobooks=counted.audiobooks,
    )


def _unrecorded(lake: Lake) -> list[int]:
    """Numbers of the imports that wrote to bronze and never reached the ledger."""
    in_bronze = {run for name in (HISTORY, CATALOGUE) if lake.has(name) for run in _runs(lake, name)}
    return sorted(in_bronze - set(_runs(lake, LEDGER))) if in_bronze else []


def _recorded(session: Engine, lake: Lake) -> list[ImportReport]:
    session.look_at(lake, LEDGER, SCHEMAS[LEDGER])
    return _reports(session.dicts(f"SELECT * FROM {LEDGER} ORDER BY run, position"))


def _reconstructed_from_bronze(session: Engine, lake: Lake, runs: Iterable[int]) -> list[ImportReport]:
    """The imports ``runs``, from their rows: without ``ended_at``, ``reading`` and files without rows."""
    wanted = list(runs)
    rows: list[dict[str, Any]] = []
    for name in (HISTORY, CATALOGUE) if wanted else ():
        session.look_at(lake, name, SCHEMAS[name])
        listener, content = ("listener", "content") if name == HISTORY else ("''", "'music'")
        rows += session.dicts(
            f"""SELECT run, {listener} AS listener, min(imported_at) AS import_started_at,
                NULL AS import_ended_at, NULL AS undone_at, file, any_value(file_name) AS file_name,
                any_value(source) AS source, NULL AS reading, NULL AS problem, count(*) AS rows_read,
                count(*) FILTER (outcome = 'kept') AS rows_kept,
                count(*) FILTER (outcome = 'duplicate') AS rows_duplicate,
                count(*) FILTER (outcome = 'rejected') AS rows_rejected,
                count(*) FILTER (outcome = 'kept' AND {content} = 'podcast') AS podcasts,
                count(*) FILTER (outcome = 'kept' AND {content} = 'audiobook') AS audiobooks
            FROM {name} WHERE list_contains($1, run) GROUP BY run, 2, file ORDER BY run, file_name""",
            [wanted],
        )
    return _reports(sorted(rows, key=lambda row: row["run"]))


def _reports(rows: list[dict[str, Any]]) -> list[ImportReport]:
    """Ledger rows, sorted by run, as reports."""
    found = []
    for run, group in groupby(rows, key=lambda row: row["run"]):
        members = list(group)
        report = ImportReport(
            run=run,
            listener=next((m["listener"] for m in members if m["listener"]), ""),
            started_at=members[0]["import_started_at"],
            ended_at=members[0]["import_ended_at"],
            undone_at=members[0]["undone_at"],
            files=[_file_report(m) for m in members if m["file_name"]],
        )
        report.add_up()
        found.append(report)
    return found


def _file_report(row: dict[str, Any]) -> FileReport:
    return FileReport(
        name=row["file_name"],
        kind=row["source"] or None,
        reading=row["reading"],
        read=row["rows_read"],
        kept=row["rows_kept"],
        duplicates=row["rows_duplicate"],
        rejected=row["rows_rejected"],
        podcasts=row["podcasts"],
        audiobooks=row["audiobooks"],
        file=row["file"],
        problem=row["problem"],
    )
