"""Where each listener's plays come from."""

from __future__ import annotations

from typing import Any

from tonearm.engine.duckdb import engine
from tonearm.lake import open_lake
from tonearm.read.overview import LISTENS
from tonearm.settings import Settings


def sources_of(settings: Settings) -> list[dict[str, Any]]:
    """Plays by listener and source with their first and last local day, most plays first."""
    columns = ("listener", "source", "local_date")
    with engine(settings) as session:
        session.look_at(open_lake(settings.lake), LISTENS, columns)
        return session.dicts(
            f"""SELECT listener, source, count(*) AS listens, min(local_date) AS first_day,
                max(local_date) AS last_day
            FROM {LISTENS} GROUP BY listener, source ORDER BY listens DESC, listener, source"""
        )
