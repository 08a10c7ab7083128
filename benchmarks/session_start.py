"""Does a session start in this hour? Told a day and an hour ahead, against how often one did.

Every local hour after 60 days, told at the day's midnight or at the hour's beginning from what was before. Beside the
model stand the plain frequency of the hour and the baseline, the best so far of a constant rate and three decayed
frequencies. The settings were chosen on the first third of each history; ``--after`` leaves it out.

    python benchmarks/session_start.py HOME --after 0.35 --json
"""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from measure import finish, note
from tonearm.lake import open_lake
from tonearm.models.evaluate import measure
from tonearm.models.listeners import by_listener
from tonearm.models.model import SEED, HeldOut
from tonearm.models.session_start import SessionStart
from tonearm.models.session_start.grid import HOURS, Grid
from tonearm.settings import load_settings

METRICS = ("average_precision", "log_loss", "brier", "ece")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("home", type=Path, help="a home whose tables are built")
    parser.add_argument("--after", type=float, default=0.0, help="share of each history that is not scored")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    listens = open_lake(load_settings(options.home, {}).lake).dataset("listening_with_features").to_table().to_pandas()
    examples = SessionStart().examples({"listening_with_features": listens}, datetime.now(UTC))
    figures: dict[str, Any] = {"seed": options.seed, "after": options.after}
    for name, own in by_listener(examples):
        note(f"listener {name}")
        grid = Grid.of(own)
        scored = grid.days - max(SessionStart.warm_up_days, round(options.after * grid.days))
        for held in SessionStart(scored_days=scored).held_out(own, options.seed):
            ahead = "hour_ahead" if "hour_ahead" in held.target else "day_ahead"
            figures |= summary(f"{name}_{ahead}", held, plain_frequency(grid)[-scored:].ravel(), options.seed)
    finish(figures, options.json)


def plain_frequency(grid: Grid) -> Any:
    """In how many of the days before a session started in the hour."""
    starts = np.concatenate([np.zeros((1, HOURS)), np.cumsum(grid.has_start, axis=0)[:-1]])
    return np.asarray((starts + 0.5) / (np.arange(grid.days)[:, None] + 1))


def summary(name: str, held: HeldOut, plain: Any, seed: int) -> dict[str, Any]:
    own = {one.metric: one for one in measure(held, seed) if one.listener is None}
    to_plain = HeldOut(held.target, held.protocol, held.task, held.actual, held.predicted, plain, held.block)
    other = {one.metric: one for one in measure(to_plain, seed)}
    figures: dict[str, Any] = {f"{name}_n": len(held.actual), f"{name}_rate": float(held.actual.mean())}
    for metric in METRICS:
        figures[f"{name}_{metric}"] = own[metric].value
        figures[f"{name}_{metric}_baseline"] = own[metric].baseline_value
        figures[f"{name}_{metric}_plain"] = other[metric].baseline_value
        figures[f"{name}_{metric}_gain_low"] = own[metric].gain_low
        figures[f"{name}_{metric}_gain_high"] = own[metric].gain_high
    figures[f"{name}_ap_ratio_to_plain"] = own["average_precision"].value / (
        other["average_precision"].baseline_value or 1
    )
    for which, brier in (("baseline", own["brier"]), ("plain", other["brier"])):
        figures[f"{name}_brier_skill_to_{which}"] = 1 - brier.value / (brier.baseline_value or 1)
    return figures


if __name__ == "__main__":
    main()
