"""Which kind of track comes next in a session, against the listener's own shares of the kinds.

Sessions of 30 minutes, told one after another from those before; the groups of tracks are made from the first 15 % of
the sessions and frozen. FILE is a Parquet file of listens with features (``played_at``, ``track_name``,
``artist_name``); where it brings clusters of its own in ``mood_cluster_id``, they are told, too, as the reference was.

    python benchmarks/next_mood.py --file ../shared/data/next-track/history.parquet --home HOME --json
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from measure import finish, note
from tonearm.lake import open_lake
from tonearm.models.evaluate import measure
from tonearm.models.listeners import by_listener
from tonearm.models.model import SEED, HeldOut
from tonearm.models.next_mood import CLUSTERED, TARGET, Moods, NextMood, as_heard
from tonearm.models.next_mood.clues import Heard
from tonearm.settings import load_settings

SILENCE = pd.Timedelta(minutes=30)
METRICS = ("log_loss", "f1_macro", "accuracy", "brier")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--file", type=Path, help="Parquet of one listener's listens with features")
    parser.add_argument("--home", type=Path, help="a home whose tables are built")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures: dict[str, Any] = {"seed": options.seed}
    if options.file:
        listens = of_file(options.file)
        figures |= told("file", listens, options.seed)
        if "mood_cluster_id" in listens:
            figures |= summary("file_own_clusters", by_given_clusters(listens), options.seed)
    if options.home:
        lake = open_lake(load_settings(options.home, {}).lake)
        everybody = lake.dataset("listening_with_features").to_table().to_pandas()
        for name, own in by_listener(everybody):
            note(f"listener {name}")
            figures |= told(f"listener_{name}", own, options.seed)
    finish(figures, options.json)


def of_file(path: Path) -> pd.DataFrame:
    """The file's rows as those of ``listening_with_features``."""
    rows = pd.read_parquet(path).sort_values("played_at").reset_index(drop=True)
    session = (rows["played_at"].diff() > SILENCE).cumsum()
    return rows.assign(
        listener="file",
        started_at=rows["played_at"],
        session_started_at=rows.groupby(session)["played_at"].transform("min"),
        hour_of_day=rows["played_at"].dt.hour,
        track_id=pd.factorize(rows["track_name"] + rows["artist_name"])[0],
        artist_id=pd.factorize(rows["artist_name"])[0],
        feature_source="real",
    )


def told(name: str, listens: pd.DataFrame, seed: int) -> dict[str, Any]:
    """Figures by the groups that the model makes."""
    model = NextMood()
    examples = model.examples({"listening_with_features": listens}, datetime.now(UTC))
    (held,) = model.held_out(examples, seed)
    return summary(name, held, seed)


def by_given_clusters(listens: pd.DataFrame) -> HeldOut:
    """The same model, telling the clusters that came with the file; their middles are of the warm-up alone."""
    model = NextMood()
    mood = listens["mood_cluster_id"].to_numpy(np.int64)
    session = pd.factorize(listens["session_started_at"])[0]
    first = round(model.warm_up * (session[-1] + 1))
    values = listens[list(CLUSTERED)].to_numpy(float)
    begin, count = session < first, int(mood.max()) + 1
    middle, spread = values[begin].mean(axis=0), values[begin].std(axis=0)
    scaled = (values - middle) / spread
    centroids = np.stack([scaled[begin & (mood == number)].mean(axis=0) for number in range(count)])
    width = 2 * float(((scaled - centroids[mood])[begin] ** 2).mean())
    near = as_heard(listens, Moods(middle, spread, centroids, width, ()))
    heard = Heard(near.session, near.at_h, near.hour_of_day, near.track, near.artist, mood, near.near)
    predicted, baseline = model.rolled(heard, count, first)
    scored = (session >= first) & ~heard.is_first
    of = (mood[scored], predicted[scored], baseline[scored], session[scored])
    return HeldOut(TARGET, "session by session, clusters of the file", "classes", *of)


def summary(name: str, held: HeldOut, seed: int) -> dict[str, Any]:
    figures: dict[str, Any] = {f"{name}_n": len(held.actual), f"{name}_groups": held.predicted.shape[1]}
    for one in measure(held, seed):
        if one.metric in METRICS and one.listener is None:
            figures[f"{name}_{one.metric}"] = one.value
            figures[f"{name}_{one.metric}_baseline"] = one.baseline_value
            figures[f"{name}_{one.metric}_gain_low"] = one.gain_low
            figures[f"{name}_{one.metric}_gain_high"] = one.gain_high
    below = 1 - figures[f"{name}_log_loss"] / figures[f"{name}_log_loss_baseline"]
    return figures | {f"{name}_log_loss_below_pct": 100 * below}


if __name__ == "__main__":
    main()
