"""How well `mood` tells valence, energy and the five moods: artists held out, and on another listener's tracks.

The second learns from the catalogue without the artists of a real history whose features were measured elsewhere.
These have five features, no genre, no album and no release: what a listener's own tracks mostly come with. Intervals
are measured for every set of features that may be known.

    python benchmarks/mood.py --home HOME --json
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from held_out import run
from tonearm.models.catalogue import artists
from tonearm.models.crossfit import CrossSpread
from tonearm.models.model import HeldOut
from tonearm.models.mood import Mood

METRICS = ("r2", "mae", "rmse", "coverage_90", "f1_macro", "accuracy", "log_loss")
HISTORY = Path("../shared/data/next-track/history.parquet")


def main() -> None:
    model = Mood()

    def predicted(rows: pd.DataFrame, seed: int) -> list[HeldOut]:
        return model.held_out(rows, seed) + model.cross_source(rows, measured_elsewhere(), seed)

    run(__doc__, model, METRICS, predicted, lambda rows, seed, held: covered(model, rows, seed))


def covered(model: Mood, rows: pd.DataFrame, seed: int) -> dict[str, Any]:
    """By the number of features known, the share within the 90 % interval: mean and extremes of their sets."""
    fitted = model.fit(rows, seed)
    outside = model.evidence(model.company_outside(rows, seed))
    found: dict[str, Any] = {}
    for target, errors in model.errors(rows, outside, fitted.folds, seed).items():
        around = CrossSpread.of(errors).around(errors.predicted, errors.stratum, errors.fold)
        inside = (around[:, 5] <= errors.actual) & (errors.actual <= around[:, 95])
        apart = pd.DataFrame({"inside": inside, "known": errors.stratum})
        apart["squared"], apart["actual"] = (errors.predicted - errors.actual) ** 2, errors.actual
        of_set = apart.groupby("known").agg(
            covered=("inside", "mean"), n=("inside", "size"), error=("squared", "mean"), spread=("actual", "var")
        )
        size = np.where(of_set.index == "listed", "listed", of_set.index.str.split().str.len().astype(str))
        for number, sets in of_set.groupby(size):
            name = f"{target}, {number} known"
            found |= {f"{name}, covered": float(sets.covered.mean()), f"{name}, n": int(sets.n.sum())}
            found[f"{name}, covered, least and most of sets"] = f"{sets.covered.min():.3f} {sets.covered.max():.3f}"
            found[f"{name}, r2, least and most of sets"] = " ".join(
                f"{r2:.3f}" for r2 in (1 - sets.error / sets.spread).agg(["min", "max"])
            )
    return found


def measured_elsewhere() -> pd.DataFrame:
    """The distinct tracks of the history."""
    rows = pd.read_parquet(HISTORY).drop_duplicates("track_id").reset_index(drop=True)
    named = ("track_name", "artist_name", "valence", "energy", "danceability")
    rows = rows[[*named, "acousticness", "instrumentalness", "tempo"]]
    return rows.assign(artist=artists(rows), source="real")


if __name__ == "__main__":
    main()
