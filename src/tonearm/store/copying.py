"""Copying a whole store into another database, of either kind."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING

from msgspec.structs import replace
from sqlalchemy import Table, func, insert, select, text
from sqlalchemy.orm import Session

from tonearm.errors import UsageError
from tonearm.store import Store, open_store
from tonearm.store.database import where
from tonearm.store.models import Base

if TYPE_CHECKING:
    from tonearm.settings import Settings

_AT_ONCE = 1_000
_TABLES = Base.metadata.sorted_tables
"""Those that others refer to come first."""
_NUMBERED = [table for table in _TABLES if table.autoincrement_column is not None]


@dataclass(frozen=True)
class Copied:
    """What was copied, from where, and to where."""

    source: str
    target: str
    rows: int


def copy_store(settings: Settings, target_url: str) -> Copied:
    """Copy the home's store into the empty database that the setting ``database_url`` would name so.

    All or nothing; nobody else writes meanwhile. Raises UsageError where there is nothing to copy or something in the
    target already, and what :func:`open_store` raises.
    """
    into = replace(settings, database_url=target_url)
    with closing(open_store(settings)) as source, closing(open_store(into)) as target:
        if where(source.engine) == where(target.engine):
            raise UsageError(f"the store is in {where(source.engine)} already; name another database")
        if source.is_missing:
            raise UsageError(f"{where(source.engine)} is not made yet, so there is nothing to copy")
        return Copied(where(source.engine), where(target.engine), copy_rows(source, target, alone=True))


def copy_rows(source: Store, target: Store, *, alone: bool = False) -> int:
    """Copy every row of ``source`` into the empty ``target``, and return how many there were.

    They are those of one instant. Others may write to ``source`` meanwhile, unless this is ``alone``. Numbers go on
    where they were, so that none is used again. Raises UsageError where ``target`` holds something.
    """
    with source.session(writes=alone) as old, target.session(writes=True) as new:
        if held := [table.name for table in _TABLES if _count(new, table)]:
            raise UsageError(f"{where(target.engine)} holds {', '.join(held)} already; name an empty database")
        rows = sum(_copy(old, new, table) for table in _TABLES)
        for table in _NUMBERED:
            _go_on(new, table, max(_last_number(old, table), _largest(old, table)))
    return rows


def _copy(old: Session, new: Session, table: Table) -> int:
    rows = 0
    for part in old.execute(select(table).execution_options(yield_per=_AT_ONCE)).mappings().partitions():
        new.execute(insert(table), [dict(row) for row in part])
        rows += len(part)
    return rows


def _count(session: Session, table: Table) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0


def _largest(session: Session, table: Table) -> int:
    return session.scalar(select(func.max(table.c.id))) or 0


def _last_number(session: Session, table: Table) -> int:
    """The last number that the database gave to a row, which may be gone; 0 if it does not remember."""
    if session.get_bind().dialect.name == "sqlite":
        found = session.scalar(text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": table.name})
        return int(found or 0)
    sequence = session.scalar(text("SELECT pg_get_serial_sequence(:name, 'id')"), {"name": table.name})
    return session.scalar(text(f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {sequence}")) or 0


def _go_on(session: Session, table: Table, last: int) -> None:
    """Have the table's next row get a number after ``last``."""
    if not last:
        return
    named = {"name": table.name, "last": last}
    if session.get_bind().dialect.name != "sqlite":
        session.execute(text("SELECT setval(pg_get_serial_sequence(:name, 'id'), :last)"), named)
    elif table.dialect_options["sqlite"]["autoincrement"]:
        session.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), named)
        session.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :last)"), named)
