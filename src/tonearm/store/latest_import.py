"""How far importers have come that copy a listener's history from elsewhere, as they note it themselves."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from tonearm.store import Store
from tonearm.store.models import SettingRow


def latest_import(store: Store, listener: str) -> int:
    """Seconds since 1970 of the newest listen that an importer has copied; 0 before any. Raises UnknownName."""
    with store.session_of(listener, writes=False) as (session, who):
        row = session.get(SettingRow, _key(who))
        return 0 if row is None else int(json.loads(row.value))


def set_latest_import(store: Store, listener: str, at_s: int) -> None:
    """Note that an importer has copied all up to ``at_s``. Raises UnknownName."""
    with store.session_of(listener, writes=True) as (session, who):
        session.merge(SettingRow(key=_key(who), value=json.dumps(at_s), changed_at=datetime.now(UTC)))


def _key(who: int) -> str:
    return f"latest_import:{who}"
