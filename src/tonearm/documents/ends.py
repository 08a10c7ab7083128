"""Whether a history goes on, and which day "now" is in one that does not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from tonearm.documents.history import DAYS, History

ENDED_AFTER_D = 60
"""A history whose last regular listen is longer ago has ended: what is recent is recent as of that day."""
SILENT_D = 365
"""After a silence of so many days a few stray plays do not make a history go on: a device that is found again, a
record with a wrong clock."""
_BACK_DAYS = 3
"""Days with music, after such a silence, from which on somebody is back."""


@dataclass(frozen=True)
class Now:
    """The day that what is recent is recent as of."""

    as_of: date
    """Today, or the last day of regular listening in a history that has ended."""
    has_ended: bool
    stray: dict[str, Any] | None = None
    """What was played after that day: ``listens``, ``days``, ``first_day`` and ``last_day``; None for nothing."""


def now_of(history: History, today: date) -> Now:
    """Where ``history`` stands on the day ``today``.

    Its days are cut into stretches at each silence of a year. The last stretch with music on three days or more is the
    one that counts, and where none has, the last stretch. What comes after it is stray.
    """
    if history.last_day is None:
        return Now(today, False)
    stretches = _stretches(history.rows(DAYS))
    regular = [number for number, days in enumerate(stretches) if len(days) >= _BACK_DAYS]
    counts = regular[-1] if regular else len(stretches) - 1
    after = [row for days in stretches[counts + 1 :] for row in days]
    last: date = stretches[counts][-1]["day"]
    if not after and (today - last).days <= ENDED_AFTER_D:
        return Now(today, False)
    return Now(last, True, _summed(after) if after else None)


def _stretches(days: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """Days with music, cut where a year without any lies between two."""
    found: list[list[dict[str, Any]]] = []
    for row in days:
        if found and row["day"] - found[-1][-1]["day"] <= timedelta(days=SILENT_D):
            found[-1].append(row)
        else:
            found.append([row])
    return found


def _summed(days: list[dict[str, Any]]) -> dict[str, Any]:
    listens = sum(row["listens"] for row in days)
    return {"listens": listens, "days": len(days), "first_day": days[0]["day"], "last_day": days[-1]["day"]}
