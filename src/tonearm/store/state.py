"""The state of the store: where it is, its schema's revision, and what it holds."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Engine, func, select

from tonearm.errors import ExtraMissing, HomeBusy, HomeUnusable, UsageError
from tonearm.home.doctor import Finding
from tonearm.store import is_there, open_store
from tonearm.store.database import connect, plain_errors, revision, where
from tonearm.store.models import HEAD, Base, SubmissionRow

if TYPE_CHECKING:
    from tonearm.settings import Settings


@dataclass(frozen=True)
class State:
    """What is known of a store without changing it."""

    kind: str
    """sqlite or postgresql."""
    where: str
    """Its file, or database and server; never a password."""
    revision: str | None
    """Of its schema; None for a store that is yet to be made."""
    newest: str = HEAD
    """The revision that this tonearm works with."""
    rows: dict[str, int] = field(default_factory=dict)
    """By table; empty where the revision is another one."""
    waiting_since: datetime | None = None
    """When the oldest submission came that is not in the lake yet; None without one."""

    @property
    def waiting(self) -> int:
        """Submissions that are not in the lake yet."""
        return self.rows.get("submissions", 0)


def state(settings: Settings) -> State:
    """The state of the home's store; raises HomeUnusable, HomeBusy, UsageError and ExtraMissing."""
    engine = connect(settings)
    try:
        found = revision(engine) if is_there(engine) else None
        about = (engine.dialect.name, where(engine), found)
        return State(*about, HEAD, *_content(engine)) if found == HEAD else State(*about)
    finally:
        engine.dispose()


def upgrade(settings: Settings) -> State:
    """Make the store, or bring its schema up to date, and return its state; raises as :func:`state` does."""
    with closing(open_store(settings)) as store, store.session(writes=True):
        pass
    return state(settings)


def checked(settings: Settings) -> Finding:
    """What the doctor says about the store."""
    try:
        found = state(settings)
    except (HomeUnusable, HomeBusy, UsageError, ExtraMissing) as error:
        return Finding("store", str(error), "wrong", "see the finding")
    if found.revision is None:
        return Finding("store", f"{found.where} is not made yet", "missing", "the first import makes it")
    if found.revision != found.newest:
        return Finding("store", f"{found.where} has revision {found.revision}", "wrong", "tonearm store upgrade")
    holds = f"listeners: {found.rows['listeners']:,}, submissions waiting: {found.waiting:,}"
    return Finding("store", f"{found.where}, revision {found.revision}; {holds}")


def _content(engine: Engine) -> tuple[dict[str, int], datetime | None]:
    with plain_errors(engine), engine.connect() as connection:
        tables = Base.metadata.tables
        rows = {name: connection.scalar(select(func.count()).select_from(tables[name])) or 0 for name in sorted(tables)}
        return rows, connection.scalar(select(func.min(SubmissionRow.received_at)))
