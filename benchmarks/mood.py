"""How well `mood` tells valence, energy and the five moods: artists held out, and on another listener's tracks.

The second learns from the catalogue without the artists of a real history whose features were measured elsewhere.
These have five features, no genre, no album and no release: what a listener's own tracks mostly come with.

    python benchmarks/mood.py --home HOME --json
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from held_out import run
from tonearm.models.catalogue import artists
from tonearm.models.model import HeldOut
from tonearm.models.mood import Mood

METRICS = ("r2", "mae", "rmse", "coverage_90", "f1_macro", "accuracy", "log_loss")
HISTORY = Path("../shared/data/next-track/history.parquet")


def main() -> None:
    model = Mood()

    def predicted(rows: pd.DataFrame, seed: int) -> list[HeldOut]:
        return model.held_out(rows, seed) + model.cross_source(rows, measured_elsewhere(), seed)

    run(__doc__, model, METRICS, predicted)


def measured_elsewhere() -> pd.DataFrame:
    """The distinct tracks of the history."""
    rows = pd.read_parquet(HISTORY).drop_duplicates("track_id").reset_index(drop=True)
    named = ("track_name", "artist_name", "valence", "energy", "danceability")
    rows = rows[[*named, "acousticness", "instrumentalness", "tempo"]]
    return rows.assign(artist=artists(rows), source="real")


if __name__ == "__main__":
    main()
