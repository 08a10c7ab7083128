"""What to rebuild of a table, as a pure function of what is known of it and of its inputs.

A table is left alone when its code and inputs are what they were; a *windowed* table is replaced only for the stretches
of time that new listens fall into, another one only for the listeners whose inputs changed; of a table that *grows*
only new rows are added; anything else is built whole. All four give the same rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from tonearm.bronze import HISTORY
from tonearm.building.windows import Window
from tonearm.table import Table


@dataclass(frozen=True)
class Change:
    """How a table's content differs from what it was before this build."""

    before: int | None
    """Content version before."""
    grew: bool = False
    """Only rows were added; the old ones are as they were."""
    windows: tuple[Window, ...] | None = None
    """Only rows in these stretches of time differ."""
    listeners: frozenset[str] | None = None
    """Only rows of these listeners differ."""


@dataclass(frozen=True)
class Input:
    """What is known of one input of a table."""

    content: int | None
    """Version at which its rows last changed; None where it was never written."""
    seen: int | None
    """The one that the table was built from."""
    change: Change | None = None
    """What this build did to it."""
    only_appended: bool = False
    """Since the one that was seen, rows were added and none taken away."""

    @property
    def is_stale(self) -> bool:
        """Whether its rows changed since the table was built."""
        return self.content != self.seen

    @property
    def known_change(self) -> Change | None:
        """How it differs from what the table was built from; None where this build cannot say."""
        return self.change if self.change is not None and self.change.before == self.seen else None


@dataclass(frozen=True)
class Past:
    """What the lake knows of a table's last build."""

    code: str | None
    """Version of the code that made it; None where it was never built."""
    run: int = 0
    """The newest import that it has seen."""


@dataclass(frozen=True)
class Plan:
    """What to do with a table."""

    action: Literal["leave", "build", "replace_windows", "replace_listeners", "add"]
    windows: tuple[Window, ...] = ()
    """Stretches of time to replace."""
    since_run: int | None = None
    """Replace also the stretches, or the listeners, that imports after this one concern; or add what they brought."""
    listeners: frozenset[str] = frozenset()
    """Whose rows to replace."""


WHOLE = Plan("build")
LEAVE = Plan("leave")


def plan(
    table: Table, code: str, past: Past, inputs: Mapping[str, Input], listeners: int, replaces_windows: bool
) -> Plan:
    """The least that brings ``table`` up to date, in a home of so many ``listeners``.

    ``code`` is the version of today's code; an engine for which ``replaces_windows`` is false builds windowed tables
    whole.
    """
    if past.code != code:
        return WHOLE
    stale = {name: one for name, one in inputs.items() if one.is_stale}
    if not stale:
        return LEAVE
    windows = _windows(stale, past) if table.windowed and replaces_windows else None
    if windows is not None:
        return windows
    if table.grows and all(one.only_appended for one in stale.values()):
        return Plan("add", since_run=past.run)
    changed = _listeners(table, stale, replaces_windows)
    # From half of the listeners on, one pass over everything is cheaper.
    if changed is not None and 2 * len(changed) <= listeners:
        return Plan("replace_listeners", listeners=changed, since_run=past.run if HISTORY in stale else None)
    return WHOLE


def _windows(stale: Mapping[str, Input], past: Past) -> Plan | None:
    """The stretches of time to replace, None when that would not be exact."""
    windows: list[Window] = []
    for name, one in stale.items():
        if name == HISTORY:
            if not one.only_appended:
                return None
        elif (change := one.known_change) is None or (change.windows is None and not change.grew):
            return None
        else:
            windows += change.windows or ()
    return Plan("replace_windows", tuple(windows), since_run=past.run if HISTORY in stale else None)


def _listeners(table: Table, stale: Mapping[str, Input], finds_imported: bool) -> frozenset[str] | None:
    """The listeners whose rows may differ, None when it may be anybody's.

    Those of new imports, which an engine that replaces windows finds by itself, are not among them.
    """
    if table.across_listeners or table.grain[0] != "listener":
        return None
    listeners: frozenset[str] = frozenset()
    for name, one in stale.items():
        if name == HISTORY and one.only_appended and finds_imported:
            continue
        change = one.known_change
        if change is not None and change.grew and name in table.lookups:
            continue
        if change is None or change.listeners is None:
            return None
        listeners |= change.listeners
    return listeners
