"""Whose cards are shown to everybody: nobody's, until they are made public."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import delete

from tonearm.errors import UnknownName
from tonearm.store import Store
from tonearm.store.models import SettingRow


def show_cards(store: Store, listener: str, is_public: bool) -> None:
    """Show the cards of a listener to everybody who has the address, or no longer. Raises UnknownName."""
    with store.session_of(listener, writes=True) as (session, who):
        if is_public:
            session.merge(SettingRow(key=_key(who), value="true", changed_at=datetime.now(UTC)))
        else:
            session.execute(delete(SettingRow).where(SettingRow.key == _key(who)))


def are_cards_public(store: Store, listener: str) -> bool:
    """Whether everybody may see a listener's cards; false also for one who is not known."""
    try:
        with store.session_of(listener, writes=False) as (session, who):
            return session.get(SettingRow, _key(who)) is not None
    except UnknownName:
        return False


def _key(who: int) -> str:
    return f"public_cards:{who}"
