"""Honest predictions of the catalogue's models, and their metrics as figures: what three scripts share."""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from measure import finish, note, tonearm
from tonearm.models.evaluate import measure
from tonearm.models.model import HeldOut

CATALOGUE = Path("../shared/data/catalogue/spotify_songs.csv")
Predicted = Callable[[pd.DataFrame, int], list[HeldOut]]
More = Callable[[pd.DataFrame, int, list[HeldOut]], dict[str, Any]]


def run(doc: str | None, model: Any, wanted: Collection[str], predicted: Predicted, more: More | None = None) -> None:
    """The script: what is ``predicted`` of the model's examples with a seed, its metrics ``wanted``, and ``more``."""
    parser = argparse.ArgumentParser(description=(doc or "").splitlines()[0])
    parser.add_argument("--home", type=Path, help="a home with the catalogue; else it is imported into one")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = examples(model, options.home)
    began_s = time.process_time()
    held = predicted(rows, options.seed)
    found = figures(held, options.seed, wanted)
    found |= more(rows, options.seed, held) if more else {}
    finish({"seed": options.seed, "cpu_s": time.process_time() - began_s} | found, options.json)


def examples(model: Any, home: Path | None) -> pd.DataFrame:
    """The model's rows from a home with the catalogue; without one it is imported into a new one."""
    from tonearm.lake import open_lake
    from tonearm.models.lifecycle.scoring import read
    from tonearm.settings import load_settings

    if home is None:
        home = Path(tempfile.mkdtemp(prefix="catalogue-"))
        note(f"importing {CATALOGUE}")
        tonearm(home, "import", CATALOGUE)
        tonearm(home, "build", "tracks")
    settings = load_settings(home, {})
    tables = read(open_lake(settings.lake), model.inputs, settings)
    rows: pd.DataFrame = model.examples(tables, datetime.now(UTC))
    return rows


def figures(held: Iterable[HeldOut], seed: int, wanted: Collection[str]) -> dict[str, Any]:
    """Each metric wanted, with its interval, n and the baseline's value."""
    found: dict[str, Any] = {}
    for part in held:
        for one in measure(part, seed):
            if one.metric in wanted:
                name = f"{one.target}, {one.protocol}, {one.metric}"
                found |= {name: one.value, f"{name}, low": one.low, f"{name}, high": one.high, f"{name}, n": one.n}
                found[f"{name}, baseline"] = one.baseline_value
    return found
