"""The lake: named Delta tables in one folder or object store, readable with any tool that reads Delta.

This module depends on Delta and on no engine; :mod:`tonearm.engine.duckdb` runs queries over it. Every write is
one Delta commit, so a reader sees the version before or the version after, even if the writer crashes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties, WriterProperties, write_deltalake
from deltalake.exceptions import DeltaError, TableNotFoundError
from pyarrow import ArrowException, fs

from tonearm.errors import HomeUnusable, UnknownName
from tonearm.lake import remote
from tonearm.lake.remote import is_remote

if TYPE_CHECKING:
    import pyarrow.dataset as ds

NOTE = "tonearm"
"""Key of a commit's metadata under which tonearm stores its note, as JSON."""

ROWS_PER_GROUP = 16_384
READABLE_FEATURES = {"timestampNtz"}
_COLUMN_MAPPING = 2
"""The reader version that means just this feature; from 3 on features are named."""
_HISTORY_LOOKED_AT = 50
_SMALL_BYTES = 250_000
"""Files from here on are not joined with others: each time is a copy that stays as long as its versions."""
_FULL = ("No space left", "os error 28", "Disk quota", "max_temp_directory_size")
_REFUSED = ("Permission denied", "Read-only file system")
_SHOWN = 200
LOG = "_delta_log"
"""Folder in a table's own that makes it a Delta table."""


@dataclass(frozen=True)
class Commit:
    """One version of one table."""

    version: int
    at: datetime
    operation: str
    note: Mapping[str, Any]
    """What tonearm recorded with the commit; empty for commits by other programs."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """Parameters of the operation as Delta logs them: mode, predicate."""
    metrics: Mapping[str, Any] = field(default_factory=dict)
    """Counts logged by the operation; their names depend on the writer."""


class Lake:
    """The Delta tables in one folder, local or in an object store."""

    def __init__(self, root: Path | str, is_patient: bool = True) -> None:
        """Open ``root``, a path or an address such as ``s3://bucket/lake``; the first write creates it.

        Unless it ``is_patient``, an object store that fails is waited for seconds, not a minute and a half.
        """
        self.root = str(root).rstrip("/")
        self._is_patient = is_patient
        self._options = remote.OPTIONS if is_patient and is_remote(self.root) else None
        self._opened: dict[str, tuple[DeltaTable, tuple[int, int, int] | None]] = {}
        self._newest: dict[str, tuple[DeltaTable, int, list[Commit]]] = {}
        """The newest commits of each table, as read from the log of this object at this version."""

    def address(self, name: str) -> str:
        """Path or address of the table ``name``."""
        return f"{self.root}/{name}"

    def path(self, name: str) -> Path | None:
        """Folder of the table ``name``, None where the lake is in an object store."""
        return None if is_remote(self.root) else Path(self.address(name))

    def has(self, name: str) -> bool:
        """Whether ``name`` has ever been written."""
        return self._open(name) is not None

    def names(self) -> list[str]:
        """Names of the tables that have been written."""
        if is_remote(self.root):
            return sorted(self._names_in_store())
        root = Path(self.root)
        return sorted(p.name for p in root.iterdir() if (p / LOG).is_dir()) if root.is_dir() else []

    def _names_in_store(self) -> list[str]:
        with plain_errors(self.root):
            own = remote.arrow_files(self.root, self._is_patient)
            store = own or fs.SubTreeFileSystem(*reversed(fs.FileSystem.from_uri(self.root)))
            found = store.get_file_info(fs.FileSelector("", allow_not_found=True))
            logs = store.get_file_info([f"{entry.path}/{LOG}" for entry in found])
        return [e.base_name for e, log in zip(found, logs, strict=True) if log.type == fs.FileType.Directory]

    def delta(self, name: str, version: int | datetime | None = None) -> DeltaTable:
        """The Delta table at its newest version or at ``version``; raises UnknownName."""
        found = self._open(name, version)
        if found is None:
            raise UnknownName("table in the lake", name, self.names(), hint="`tonearm build` builds it")
        protocol = found.protocol()
        features = set(protocol.reader_features or ()) - READABLE_FEATURES
        if protocol.min_reader_version == _COLUMN_MAPPING:
            features.add("columnMapping")
        if features:
            raise HomeUnusable(
                f"table {name} uses Delta features that tonearm cannot read ({', '.join(sorted(features))}); "
                "rewrite it without them"
            )
        return found

    def _open(self, name: str, version: int | datetime | None = None) -> DeltaTable | None:
        """The newest version, opened once and then updated in place, or a separate object for another ``version``."""
        path = self.path(name)
        if path is not None and not (path / LOG).is_dir():
            self._opened.pop(name, None)
            return None
        found, seen = self._opened.get(name, (None, None)) if version is None else (None, None)
        with plain_errors(self.address(name)):
            try:
                if found is None or (seen and seen != _log_entry(path, seen[0])):
                    found = DeltaTable(self.address(name), storage_options=self._options)
                elif path is None or (path / LOG / f"{found.version() + 1:020}.json").exists():
                    found.update_incremental()
            except TableNotFoundError:
                return None
        if version is None:
            self._opened[name] = found, _log_entry(path, found.version())
        else:
            found.load_as_version(version)
        return found

    def version(self, name: str) -> int | None:
        """Newest version of ``name``, None when it was never written."""
        found = self._open(name)
        return None if found is None else int(found.version())

    def dataset(self, name: str, version: int | datetime | None = None) -> ds.Dataset:
        """The table's rows as an Arrow dataset, which pushes filters and column choices down.

        Arrow reads the files itself where it can. Delta's own filesystem is written in Python: a thread of Arrow's that
        is still about to give a file back to it when Python ends takes the whole process down (SIGABRT).
        """
        path = self.path(name)
        with plain_errors(self.address(name)):
            if path is None:
                files = remote.arrow_files(self.address(name), self._is_patient)
            else:
                files = fs.SubTreeFileSystem(str(path.absolute()), fs.LocalFileSystem())
        return self.delta(name, version).to_pyarrow_dataset(filesystem=files)

    def columns(self, name: str, version: int | datetime | None = None) -> list[str]:
        """Names of the table's columns, from the log; raises UnknownName."""
        return [field.name for field in self.delta(name, version).schema().fields]

    def rows(self, name: str, version: int | None = None) -> int:
        """Number of rows, now or in ``version``, from the transaction log; 0 when the table was never written."""
        found = self._open(name, version)
        if found is None:
            return 0
        counts = _of_files(found, "num_records")
        return sum(c for c in counts if c)

    def extremes(self, name: str, column: str) -> tuple[list[Any], list[Any]]:
        """Smallest and largest value of ``column`` in each file, from the log; empty without statistics."""
        found = self.delta(name)
        return _of_files(found, f"min.{column}"), _of_files(found, f"max.{column}")

    def history(self, name: str, limit: int | None = None) -> list[Commit]:
        """Versions of ``name``, newest first; none when it was never written."""
        found = self._open(name)
        with plain_errors(self.address(name)):
            return [] if found is None else [_commit(entry) for entry in found.history(limit)]

    def _newest_commits(self, name: str) -> list[Commit]:
        """The newest of :meth:`history`, read once for each version: a build asks for them several times."""
        found = self._open(name)
        if found is None:
            return []
        known = self._newest.get(name)
        if known is None or known[0] is not found or known[1] != found.version():
            known = self._newest[name] = found, found.version(), self.history(name, _HISTORY_LOOKED_AT)
        return known[2]

    def note(self, name: str, version: int | None = None) -> Mapping[str, Any]:
        """The note of the newest commit by tonearm, or of the newest up to ``version``."""
        commits = self._newest_commits(name) if version is None else self.history(name)
        return next((c.note for c in commits if c.note and (version is None or c.version <= version)), {})

    def noted(self, name: str, key: str) -> Any:
        """What the newest note that has ``key`` says; None where none of the newest ones has it."""
        return next((c.note[key] for c in self._newest_commits(name) if key in c.note), None)

    def content(self, name: str) -> int | None:
        """Version in which the rows of ``name`` last changed; commits that only add a note do not count."""
        for commit in self._newest_commits(name):
            if "content" in commit.note:
                return int(commit.note["content"])
            if commit.operation != "OPTIMIZE":
                return commit.version
        return self.version(name)

    def built_at(self, name: str) -> datetime | None:
        """When ``name`` was last written."""
        return next((c.at for c in self.history(name, 1)), None)

    def append(self, name: str, rows: pa.RecordBatchReader | pa.Table, note: Mapping[str, Any]) -> int:
        """Add ``rows`` in one commit; returns the new version."""
        return self._write(name, rows, note, mode="append")

    def remark(self, name: str, note: Mapping[str, Any]) -> None:
        """Commit no rows, only that ``note`` holds of those that are there."""
        nothing = self.dataset(name).schema.empty_table()
        self.append(name, nothing, {**note, "content": self.content(name)})

    def replace(
        self,
        name: str,
        rows: pa.RecordBatchReader | pa.Table,
        note: Mapping[str, Any],
        where: str | None = None,
        partition_by: Sequence[str] = (),
    ) -> int:
        """Replace all rows, or those matching ``where`` (SQL), by ``rows``; returns the new version."""
        options: dict[str, Any] = {"predicate": where} if where else {"schema_mode": "overwrite"}
        if partition_by:
            options["partition_by"] = list(partition_by)
        return self._write(name, rows, note, mode="overwrite", **options)

    def delete(self, name: str, where: str, note: Mapping[str, Any]) -> int:
        """Delete the rows matching ``where`` (SQL); returns how many."""
        with plain_errors(self.address(name)):
            result = self.delta(name).delete(
                where, commit_properties=_properties(note), post_commithook_properties=_keeping_the_log()
            )
        return int(result.get("num_deleted_rows") or 0)

    def update(self, name: str, where: str, values: Mapping[str, str], note: Mapping[str, Any]) -> None:
        """Set columns to the SQL expressions ``values`` in the rows matching ``where``."""
        with plain_errors(self.address(name)):
            self.delta(name).update(
                updates=dict(values),
                predicate=where,
                commit_properties=_properties(note),
                post_commithook_properties=_keeping_the_log(),
            )

    def amend(self, name: str, rows: pa.Table, by: Sequence[str], values: Mapping[str, str]) -> None:
        """Set columns in the rows that agree with one of ``rows`` in columns ``by``, to SQL over those as ``s``."""
        with plain_errors(self.address(name)):
            merger = self.delta(name).merge(
                rows,
                " AND ".join(f"t.{column} = s.{column}" for column in by),
                source_alias="s",
                target_alias="t",
                streamed_exec=False,
                post_commithook_properties=_keeping_the_log(),
            )
            merger.when_matched_update(dict(values)).execute()

    def compact(self, name: str, at_least: int = 200) -> None:
        """Join the small files of ``name`` when it has ``at_least`` files; large ones stay as they are."""
        found = self.delta(name)
        if len(found.file_uris()) >= at_least:
            note = {**self.note(name), "content": self.content(name)}
            found.optimize.compact(
                target_size=_SMALL_BYTES,
                writer_properties=_writer(),
                commit_properties=_properties(note),
                post_commithook_properties=_keeping_the_log(),
            )

    def sweep(self) -> None:
        """Remove what a killed write left behind; the caller must hold the writer lock."""
        if not is_remote(self.root):
            for staging in Path(self.root).glob("*/**/*#[0-9]*"):
                if staging.is_file():
                    staging.unlink(missing_ok=True)

    def make_room(self, name: str) -> None:
        """Create the folder that a first write needs."""
        path = self.path(name)
        if path is not None:
            path.mkdir(parents=True, exist_ok=True)

    def _write(self, name: str, rows: Any, note: Mapping[str, Any], **options: Any) -> int:
        found = self._open(name)
        self.make_room(name)
        if found and options["mode"] == "append" and set(rows.schema.names) - set(self.columns(name)):
            # Of an earlier version of tonearm, which had fewer columns.
            options["schema_mode"] = "merge"
        with plain_errors(self.address(name)):
            write_deltalake(
                found or self.address(name),
                rows,
                commit_properties=_properties(note),
                post_commithook_properties=_keeping_the_log(),
                writer_properties=_writer(),
                configuration=None if found else {"delta.enableExpiredLogCleanup": "false"},
                storage_options=None if found else self._options,
                **options,
            )
        version = self.version(name)
        assert version is not None
        return version


def _log_entry(path: Path | None, version: int) -> tuple[int, int, int] | None:
    """Identifies the log's file of ``version``, which is another one once the table was deleted and written anew."""
    if path is None:
        return None
    try:
        found = (path / LOG / f"{version:020}.json").stat()
    except FileNotFoundError:
        return None
    return version, found.st_ino, found.st_mtime_ns


def _of_files(table: DeltaTable, statistic: str) -> list[Any]:
    """A statistic of each file of ``table``; empty where the log does not have it.

    Not converted to pyarrow, which would load pandas to inspect the foreign array.
    """
    actions = table.get_add_actions(flatten=True)
    return list(actions.column(statistic).to_pylist()) if statistic in actions.column_names else []


def open_lake(root: Path | str, is_patient: bool = True) -> Lake:
    """The lake at ``root``, as :class:`Lake` has it."""
    return Lake(root, is_patient)


@contextmanager
def plain_errors(where: Path | str) -> Iterator[None]:
    """Raise errors of Delta and Arrow about ``where`` as HomeUnusable with a plain message."""
    try:
        yield
    except (DeltaError, ArrowException, OSError) as error:
        if "KeyboardInterrupt" in str(error):
            raise KeyboardInterrupt from error
        if isinstance(error, OSError) and not is_remote(str(where)):
            raise
        raise refusal(where, error) from error
    except BaseException as error:
        # Delta's reader panics on a log that is not JSON, with an exception class that cannot be imported.
        if type(error).__name__ != "PanicException":
            raise
        raise refusal(where, error) from error


def refusal(where: Path | str, error: BaseException) -> HomeUnusable:
    """The error to raise for a library's ``error`` about a table or the whole lake at ``where``."""
    message = str(error)
    if is_remote(str(where)) and (found := remote.advice(str(where), message)):
        return HomeUnusable(found)
    if any(sign in message for sign in _FULL):
        return HomeUnusable(f"no space left on the disk of {where}; free some and repeat the command")
    if any(sign in message for sign in _REFUSED):
        return HomeUnusable(f"{where} may not be read or written; allow it, or name another home with --home")
    if "Out of Memory" in message:
        return HomeUnusable(f"the engine has too little memory ({_brief(message)}); raise memory_mb in tonearm.toml")
    return HomeUnusable(
        f"{where} is damaged ({_brief(message)}); `tonearm restore` a backup, or delete the folder of a table that "
        "`tonearm build` makes and build it again"
    )


def _brief(message: str) -> str:
    return " ".join(message.split())[:_SHOWN]


def _writer() -> Any:
    return WriterProperties(compression="ZSTD", compression_level=1, max_row_group_size=ROWS_PER_GROUP)


def _properties(note: Mapping[str, Any]) -> Any:
    return CommitProperties(custom_metadata={NOTE: json.dumps(note, default=str)})


def _keeping_the_log() -> Any:
    """Keep Delta's log: by default every hundredth commit removes versions older than 30 days from it."""
    return PostCommitHookProperties(cleanup_expired_logs=False)


def _commit(entry: Mapping[str, Any]) -> Commit:
    return Commit(
        version=int(entry["version"]),
        at=datetime.fromtimestamp(int(entry["timestamp"]) / 1000, UTC),
        operation=str(entry.get("operation", "")),
        # Spark cannot add a key to a commit, only a text.
        note=_note(entry.get(NOTE) or entry.get("userMetadata")),
        parameters=entry.get("operationParameters") or {},
        metrics=entry.get("operationMetrics") or {},
    )


def _note(text: object) -> Mapping[str, Any]:
    """The note in ``text``; empty for another program's text."""
    if not isinstance(text, str):
        return {}
    try:
        note = json.loads(text)
    except ValueError:
        return {}
    return note if isinstance(note, dict) else {}
