"""Honest predictions of the catalogue's models, and their metrics as figures."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from measure import note, tonearm
from tonearm.models.evaluate import measure
from tonearm.models.model import HeldOut

CATALOGUE = Path("../shared/data/catalogue/spotify_songs.csv")


def examples(model: Any, home: Path | None) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """The model's rows, and the tables they come from, of a home with the catalogue; else it is imported into one."""
    from tonearm.lake import open_lake
    from tonearm.models.scoring import read
    from tonearm.settings import load_settings

    if home is None:
        home = Path(tempfile.mkdtemp(prefix="catalogue-"))
        note(f"importing {CATALOGUE}")
        tonearm(home, "import", CATALOGUE)
        tonearm(home, "build", "tracks")
    settings = load_settings(home, {})
    tables = read(open_lake(settings.lake), model.inputs, settings)
    return model.examples(tables, datetime.now(UTC)), tables


def figures(held: Iterable[HeldOut], seed: int, wanted: Iterable[str], began_s: float) -> dict[str, Any]:
    """Each metric wanted, with its interval, the baseline's value and n, and the CPU time since ``began_s``."""
    found: dict[str, Any] = {"seed": seed, "cpu_s": time.process_time() - began_s}
    for part in held:
        for one in measure(part, seed):
            if one.metric in wanted:
                name = f"{one.target}, {one.protocol}, {one.metric}"
                found |= {name: one.value, f"{name}, low": one.low, f"{name}, high": one.high, f"{name}, n": one.n}
                found[f"{name}, baseline"] = one.baseline_value
    return found
