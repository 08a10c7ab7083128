"""How energetic and bright will the coming week's hours be, against the listener's means?

Every local hour in which listens with measured features began, told at its week's beginning. Beside the model stand the
baseline, the better so far of the running mean and the shrunk mean of the hour, and the plain mean of all hours.

    python benchmarks/energy_forecast.py HOME --json
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from measure import finish
from tonearm.lake import open_lake
from tonearm.models.energy_forecast import EnergyForecast, Rows
from tonearm.models.evaluate import measure
from tonearm.models.listeners import by_listener
from tonearm.models.model import SEED, HeldOut
from tonearm.settings import load_settings

METRICS = ("rmse", "mae", "coverage_90")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("home", type=Path, help="a home whose tables are built")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    listens = open_lake(load_settings(options.home, {}).lake).dataset("listening_with_features").to_table().to_pandas()
    model = EnergyForecast()
    examples = model.examples({"listening_with_features": listens}, datetime.now(UTC))
    figures: dict[str, Any] = {"seed": options.seed}
    for name, own in by_listener(examples):
        for held in model.held_out(own, options.seed):
            figures |= summary(
                f"{name}_{held.target}", held, plain_mean(own, held.target, len(held.actual)), options.seed
            )
    finish(figures, options.json)


def plain_mean(hours: pd.DataFrame, target: str, scored: int) -> Any:
    """Of the weeks before each of the last ``scored`` hours."""
    rows = Rows.of(hours, target)
    before = np.searchsorted(rows.week, rows.week[-scored:])
    return np.cumsum(rows.value)[before - 1] / before


def summary(name: str, held: HeldOut, plain: Any, seed: int) -> dict[str, Any]:
    own = {one.metric: one for one in measure(held, seed) if one.listener is None}
    other = {one.metric: one for one in measure(replace(held, baseline=plain), seed) if one.listener is None}
    figures: dict[str, Any] = {f"{name}_n": len(held.actual), f"{name}_weeks": len(set(held.block))}
    for metric in METRICS:
        figures[f"{name}_{metric}"] = own[metric].value
    for which, found in (("baseline", own["rmse"]), ("plain", other["rmse"])):
        figures[f"{name}_rmse_{which}"] = found.baseline_value
        figures[f"{name}_rmse_gain_low_to_{which}"] = found.gain_low
        figures[f"{name}_rmse_gain_high_to_{which}"] = found.gain_high
    return figures


if __name__ == "__main__":
    main()
