"""The transactional store: listeners and what they gave, set and submitted, in SQLite or PostgreSQL."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import Engine, delete, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from tonearm.bronze import tidied
from tonearm.errors import Conflict, UnknownName, UsageError
from tonearm.home import unusable
from tonearm.store.database import connect, for_writing, plain_errors, revision
from tonearm.store.models import HEAD, ListenerRow, SettingRow, SubmissionRow, ZoneRow
from tonearm.store.zones import find_zone, system_zone

if TYPE_CHECKING:
    from tonearm.settings import Settings

ALWAYS = date(2000, 1, 1)
"""The day stored with a listener's first zone, which also applies to every day before."""

LONGEST_NAME = 64
_Value = TypeVar("_Value")
_UNPRINTABLE = {"Cc", "Cs", "Zl", "Zp"}


@dataclass(frozen=True)
class Listener:
    """A person whose listens are kept, and their time zones with the day each begins, in order."""

    name: str
    zones: tuple[tuple[date, str], ...]
    created_at: datetime | None = field(default=None, compare=False)
    """None for one that is yet to be added."""

    @property
    def zone(self) -> str:
        """The newest zone."""
        return self.zones[-1][1] if self.zones else "UTC"


class Store:
    """The listeners in one database."""

    def __init__(self, engine: Engine, make: Callable[[], None] | None = None) -> None:
        """Use a database whose schema is up to date, or that ``make`` makes at the first write.

        See :func:`open_store`.
        """
        self.engine, self._make = engine, make
        self._writing = for_writing(engine)

    @property
    def is_missing(self) -> bool:
        """Whether the database is yet to be made, by this process or another one."""
        if self._make and is_there(self.engine):
            self._make()
            self._make = None
        return self._make is not None

    def listeners(self) -> list[Listener]:
        """All listeners, by name."""
        if self.is_missing:
            return []
        with self.session(writes=False) as session:
            rows = session.scalars(select(ListenerRow).order_by(ListenerRow.name_key))
            return [_listener(row) for row in rows]

    def listener(self, name: str) -> Listener:
        """The listener called ``name``, ignoring case; raises UnknownName."""
        if self.is_missing:
            raise _unknown(name, [])
        with self.session(writes=False) as session:
            return _listener(_find(session, name))

    def name_of(self, name: str) -> str:
        """``name`` as it is written in the store; raises UnknownName. Half as much work as :meth:`listener`."""
        if self.is_missing:
            raise _unknown(name, [])
        with self.session(writes=False) as session:
            return _found(session, name, ListenerRow.name)

    def only_listener(self, name: str | None) -> Listener:
        """The listener called ``name``, or without a name the only one there is.

        Raises UnknownName, and UsageError without a name where there are several listeners, or none.
        """
        if name is not None:
            return self.listener(name)
        known = self.listeners()
        if not known:
            raise UsageError("there is no listener yet; importing a file adds one, and `tonearm listeners add NAME`")
        if len(known) > 1:
            names = ", ".join(one.name for one in known)
            raise UsageError(f"there are several listeners; name one (--listener, a token, or ?listener=): {names}")
        return known[0]

    def ensure_listener(self, name: str, zone: str | None = None) -> Listener:
        """The listener called ``name``, added if new, with ``zone`` or else this machine's zone.

        For an existing listener ``zone`` replaces their only zone. Raises UsageError for a listener with
        several zones if ``zone`` is not among them, and UnknownName for an unknown zone.
        """
        wanted, found = find_zone(zone) if zone else None, valid_name(name)
        with self.session(writes=True) as session:
            row = session.scalar(select(ListenerRow).filter_by(name_key=_key(found)))
            if row is None:
                first = ZoneRow(from_at=ALWAYS, zone=wanted or system_zone())
                row = ListenerRow(name=found, name_key=_key(found), created_at=datetime.now(UTC), zones=[first])
                session.add(row)
            elif wanted and wanted not in {z.zone for z in row.zones}:
                if len(row.zones) > 1:
                    raise UsageError(
                        f"{row.name} has lived in {len(row.zones)} time zones and {wanted} is none of them; "
                        "add it with the date from which it holds"
                    )
                row.zones[0].zone = wanted
            session.flush()
            return _listener(row)

    def would_be(self, name: str, zone: str | None = None) -> Listener:
        """What :meth:`ensure_listener` would return, without changing anything."""
        wanted = find_zone(zone) if zone else None
        known = next((one for one in self.listeners() if _key(one.name) == _key(name)), None)
        if known is None or (wanted and len(known.zones) == 1):
            return Listener(known.name if known else valid_name(name), ((ALWAYS, wanted or system_zone()),))
        return known

    def set_zone(self, name: str, zone: str, from_date: date | None = None) -> Listener:
        """Set ``zone`` from local day ``from_date`` on; without a date, as the listener's only zone.

        Raises UnknownName for an unknown listener or zone.
        """
        wanted = find_zone(zone)
        with self.session(writes=True) as session:
            row = _find(session, name)
            kept = [z for z in row.zones if from_date and z.from_at != from_date]
            row.zones.clear()
            # The old rows must be deleted before new ones can reuse their primary keys.
            session.flush()
            days = {z.from_at: z.zone for z in kept} | {from_date or ALWAYS: wanted}
            row.zones.extend(ZoneRow(from_at=day, zone=days[day]) for day in sorted(days))
            session.flush()
            return _listener(row)

    def remove(self, name: str) -> None:
        """Remove a listener with all that the store holds of them.

        Raises UnknownName, and Conflict while listens that they submitted are on their way into the lake.
        """
        with self.session_of(name, writes=True) as (session, who):
            waiting = session.scalar(select(func.count()).where(SubmissionRow.listener_id == who))
            if waiting:
                raise Conflict(f"{waiting:,} submissions of {name} wait; `tonearm run` brings them into the lake first")
            # A number may be used again, by a listener who must not find them.
            session.execute(delete(SettingRow).where(SettingRow.key.endswith(f":{who}")))
            session.execute(delete(ListenerRow).where(ListenerRow.id == who))

    @contextmanager
    def session_of(self, name: str, *, writes: bool) -> Iterator[tuple[Session, int]]:
        """A transaction, and the id of the listener called ``name``; raises UnknownName."""
        if self.is_missing:
            raise _unknown(name, [])
        with self.session(writes=writes) as session:
            yield session, _found(session, name, ListenerRow.id)

    def close(self) -> None:
        """Close the database."""
        self.engine.dispose()

    @contextmanager
    def session(self, *, writes: bool) -> Iterator[Session]:
        """A transaction, committed at the end; one that ``writes`` takes the write lock at its start.

        A store that was never written to is made first.
        """
        if self._make:
            self._make()
            self._make = None
        with plain_errors(self.engine), Session(self._writing if writes else self.engine) as session:
            yield session
            session.commit()


def open_store(settings: Settings) -> Store:
    """The home's store, migrated first if needed; one that is not there yet is made when something is written to it.

    Raises HomeUnusable when it cannot be opened or was created by a newer tonearm, HomeBusy when another process locks
    it for too long, and for the setting ``database_url`` what :func:`tonearm.store.database.connect` raises.
    """
    if settings.home.is_file():
        raise unusable(NotADirectoryError(), settings.home)
    engine = connect(settings)

    def prepare(is_new: bool) -> None:
        # Rare, and its libraries take longer to load than a query takes.
        from tonearm.store import migrations

        migrations.prepare(engine, settings, is_new)

    if not is_there(engine):
        return Store(engine, lambda: prepare(is_new=True))
    found = revision(engine)
    if found != HEAD:
        prepare(is_new=found is None)
    return Store(engine)


def is_there(engine: Engine) -> bool:
    """Whether the database was made; a file may be empty yet, while another process makes it."""
    return Path(engine.url.database or "").exists() if engine.dialect.name == "sqlite" else revision(engine) is not None


def valid_name(text: str) -> str:
    """A listener's name, trimmed and in Unicode's composed form; raises UsageError for an invalid one."""
    name = tidied(unicodedata.normalize("NFC", text)) or ""
    if not 1 <= len(name) <= LONGEST_NAME:
        raise UsageError(f"a listener's name has 1 to {LONGEST_NAME} characters, this one has {len(name)}")
    if any(unicodedata.category(c) in _UNPRINTABLE for c in name):
        raise UsageError("a listener's name must not contain control characters or line breaks")
    if "/" in name or "\\" in name or name in {".", ".."}:
        raise UsageError(f"a listener's name must not look like a path: '{name}'")
    return name


def same_name(one: str, other: str) -> bool:
    """Whether two names are of the same listener."""
    return _key(one) == _key(other)


def _key(name: str) -> str:
    return (tidied(unicodedata.normalize("NFC", name)) or "").casefold()


def _find(session: Session, name: str) -> ListenerRow:
    row = session.scalar(select(ListenerRow).filter_by(name_key=_key(name)))
    if row is None:
        raise _unknown(name, session.scalars(select(ListenerRow.name)))
    return row


def _found(session: Session, name: str, column: InstrumentedAttribute[_Value]) -> _Value:
    """One column of a listener, without their zones."""
    value = session.scalar(select(column).filter_by(name_key=_key(name)))
    if value is None:
        raise _unknown(name, session.scalars(select(ListenerRow.name)))
    return value


def _unknown(name: str, known: Iterable[str]) -> UnknownName:
    return UnknownName(
        "listener", name, known, hint="importing a file with --listener adds one, and `tonearm listeners add`"
    )


def _listener(row: ListenerRow) -> Listener:
    return Listener(row.name, tuple(sorted((z.from_at, z.zone) for z in row.zones)), row.created_at)
