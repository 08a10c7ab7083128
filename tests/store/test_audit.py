from __future__ import annotations

from datetime import UTC

from tonearm.store import Store
from tonearm.store.audit import entries, note


def test_what_was_done_is_kept_newest_first(store: Store) -> None:
    assert entries(store) == []
    note(store, "command line", "create token", "1 of ada")
    note(store, "ada", "revoke token", "1")
    assert [(one.who, one.action, one.subject) for one in entries(store)] == [
        ("ada", "revoke token", "1"),
        ("command line", "create token", "1 of ada"),
    ]
    assert entries(store, 1)[0].done_at.tzinfo is UTC


def test_a_long_text_is_cut(store: Store) -> None:
    note(store, "w" * 500, "a" * 500, "s" * 500)
    assert len(entries(store)[0].subject) == 256
