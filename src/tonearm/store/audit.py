"""The audit: what administrators did, when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select

from tonearm.store import Store
from tonearm.store.models import AuditRow

_LONGEST_WHO, _LONGEST_ACTION, _LONGEST_SUBJECT = 128, 64, 256


@dataclass(frozen=True)
class AuditEntry:
    """One thing that was done."""

    done_at: datetime
    who: str
    """Whose token did it, or ``command line``."""
    action: str
    """What was done, such as ``create token``."""
    subject: str
    """To what, by name or number; never a secret."""


def note(store: Store, who: str, action: str, subject: str) -> None:
    """Keep that ``who`` did ``action`` to ``subject``; longer texts are cut."""
    with store.session(writes=True) as session:
        session.add(
            AuditRow(
                done_at=datetime.now(UTC),
                who=who[:_LONGEST_WHO],
                action=action[:_LONGEST_ACTION],
                subject=subject[:_LONGEST_SUBJECT],
            )
        )


def entries(store: Store, limit: int = 100) -> list[AuditEntry]:
    """The newest ``limit`` entries, newest first."""
    if store.is_missing:
        return []
    with store.session(writes=False) as session:
        rows = session.scalars(select(AuditRow).order_by(AuditRow.id.desc()).limit(limit))
        return [AuditEntry(row.done_at, row.who, row.action, row.subject) for row in rows]
