"""Invented histories of which is known what comes next."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd

BEGIN = pd.Timestamp("2024-01-01", tz="UTC")
AS_OF = datetime(2025, 1, 1, tzinfo=UTC)
FEATURES = ("energy", "valence", "danceability", "acousticness", "instrumentalness")
ZONE = pd.Timedelta(hours=2)


def listens(at: pd.Series, listener: str = "ada", **columns: object) -> pd.DataFrame:
    """Rows of ``listening_with_features`` for listens ``at`` these instants, sessions after 30 minutes of silence."""
    at = pd.Series(pd.to_datetime(at, utc=True)).sort_values().reset_index(drop=True)
    session = (at.diff() > pd.Timedelta(minutes=30)).cumsum()
    local = (at + ZONE).dt.tz_localize(None)
    rows = pd.DataFrame(
        {
            "listener": listener,
            "listen_id": np.arange(len(at)),
            "started_at": at,
            "started_at_local": local,
            "session_started_at": at.groupby(session).transform("min"),
            "hour_of_day": local.dt.hour,
            "feature_source": "real",
            "track_id": np.arange(len(at)) % 60,
            "artist_id": np.arange(len(at)) % 20,
            **dict.fromkeys(FEATURES, 0.5),
        }
    )
    return rows.assign(**columns)


def tables(*histories: pd.DataFrame) -> dict[str, pd.DataFrame]:
    return {"listening_with_features": pd.concat(histories, ignore_index=True)}


def later(history: pd.DataFrame) -> pd.DataFrame:
    """The same history with everything after AS_OF different: nobody can know it yet."""
    after = history["started_at"] >= AS_OF
    changed = history.copy()
    changed.loc[after, list(FEATURES)] = 0.9
    return changed[~after | (changed["listen_id"] % 2 == 0)]
