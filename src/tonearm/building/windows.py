"""Stretches of time between two silences: what a new listen can change of a windowed table."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

import msgspec

from tonearm.engine.literals import sql_text
from tonearm.silver.instants_at_ends import LAG_S, LONGEST_S
from tonearm.silver.listens import SESSION_GAP_MIN
from tonearm.silver.matching import PAUSE_S

if TYPE_CHECKING:
    from tonearm.engine.protocol import BuildEngine

_COARSEST_S = 60.0
SILENCE_MIN = max(SESSION_GAP_MIN, (LONGEST_S + LAG_S + PAUSE_S + _COARSEST_S) / 60)
"""Minutes without any record after which nothing before matters to what comes after: the longest silence
that sessions and the matching of records look across."""

_GOOD = "reason IS NULL AND content = 'music' AND name_id IS NOT NULL"
"""The rows of bronze that can become listens; the others interrupt no silence."""

_LOOK_AROUND_DAYS = (3, 60, 5_000)
"""How far around new records silences are looked for, until enough are found."""


class Window(msgspec.Struct, frozen=True):
    """One listener's stretch of time whose rows are to be replaced, and what must be read for it.

    Instants are UTC; None means without bound. What is read ends where what is written ends.
    """

    listener: str
    read_from: datetime | None
    write_from: datetime | None
    write_until: datetime | None


def where_sql(windows: list[Window], what: Literal["read", "write"], time: str = "started_at") -> str:
    """SQL that holds for the rows, of ``listener`` and with an instant ``time``, in any of ``windows``."""
    return " OR ".join(f"({_one(window, what, time)})" for window in windows)


def _one(window: Window, what: str, time: str) -> str:
    begin = window.read_from if what == "read" else window.write_from
    end = window.write_until
    parts = [f"listener = {sql_text(window.listener)}"]
    if begin:
        parts.append(f"{time} >= {_instant(begin)}")
    if end:
        parts.append(f"{time} < {_instant(end)}")
    return " AND ".join(parts)


def _instant(at: datetime) -> str:
    # A bare literal, because both DuckDB and Delta take it for the column's own type.
    return f"'{at:%Y-%m-%dT%H:%M:%S.%f}Z'"


def new_windows(session: BuildEngine, bronze: str, last_run: int) -> list[Window]:
    """One window per listener around the records that imports after ``last_run`` brought.

    A window is cut at silences: it begins with the stretch the first new record is in, and ends after the
    stretch that follows the last one's, whose first listen's ``gap_min`` looks back. The stretch before
    is read too, for the first one's.
    """
    touched = session.rows(
        f"""WITH fresh AS (SELECT DISTINCT listener, record_id FROM {bronze} WHERE run > $1 AND {_GOOD})
        SELECT listener, min(started_at), max(started_at) FROM {bronze} SEMI JOIN fresh USING (listener, record_id)
        WHERE {_GOOD} GROUP BY listener ORDER BY listener""",
        [last_run],
    )
    return [_window(session, bronze, listener, first, last) for listener, first, last in touched]


def _window(session: BuildEngine, bronze: str, listener: str, first: datetime, last: datetime) -> Window:
    """The window around ``first`` to ``last``, widened until no record in it has a copy outside."""
    while True:
        window = _between_silences(session, bronze, listener, first, last)
        earliest, latest = _copies(session, bronze, window)
        is_early = window.read_from is not None and earliest is not None and earliest < window.read_from
        is_late = window.write_until is not None and latest is not None and latest >= window.write_until
        if not is_early and not is_late:
            return window
        first, last = min(first, earliest or first), max(last, latest or last)


def _copies(session: BuildEngine, bronze: str, window: Window) -> tuple[datetime | None, datetime | None]:
    """First and last start among all copies of the records in ``window``: two exports may report different starts."""
    ((earliest, latest),) = session.rows(
        f"""SELECT min(started_at), max(started_at) FROM {bronze} WHERE listener = $1 AND {_GOOD}
        AND record_id IN (SELECT record_id FROM {bronze} WHERE {_GOOD} AND {where_sql([window], "read")})""",
        [window.listener],
    )
    return earliest, latest


def _between_silences(session: BuildEngine, bronze: str, listener: str, first: datetime, last: datetime) -> Window:
    for days in _LOOK_AROUND_DAYS:
        beginnings = _beginnings(session, bronze, listener, first - timedelta(days), last + timedelta(days))
        before = [at for at in beginnings if at <= first]
        after = [at for at in beginnings if at > last]
        if len(before) > 1 and (len(after) > 1 or _is_newest(session, bronze, listener, last)):
            break
    return Window(
        listener=listener,
        read_from=before[-2] if len(before) > 1 else None,
        write_from=before[-1] if len(before) > 1 else None,
        write_until=after[1] if len(after) > 1 else None,
    )


def _beginnings(session: BuildEngine, bronze: str, listener: str, since: datetime, until: datetime) -> list[datetime]:
    """Starts of the records that follow a silence, in a part of the listener's history."""
    rows = session.rows(
        f"""WITH near AS (
            SELECT started_at, started_at + to_microseconds((coalesce(listened_s, 0) * 1e6)::BIGINT) AS ended_at
            FROM {bronze} WHERE listener = $1 AND {_GOOD} AND started_at BETWEEN $2 AND $3
        ), gaps AS (
            SELECT started_at, max(ended_at) OVER (ORDER BY started_at, ended_at
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS heard_until FROM near
        )
        SELECT DISTINCT started_at FROM gaps
        WHERE started_at > heard_until + to_seconds({60 * SILENCE_MIN}) ORDER BY started_at""",
        [listener, since, until],
    )
    return [at for (at,) in rows]


def _is_newest(session: BuildEngine, bronze: str, listener: str, last: datetime) -> bool:
    later = f"SELECT count(*) FROM {bronze} WHERE listener = $1 AND {_GOOD} AND started_at > $2"
    return not session.value(later, [listener, last])
