"""How well `imputation` estimates seven features of tracks that were never measured, and whether its errors hold.

By track: a third of the tracks is hidden at a time. By artist: a fifth of the artists. Without playlists the company
that a track keeps is hidden, too; of most tracks that are heard nothing but the names is known.

    python benchmarks/imputation.py --home HOME --json
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np

from held_out import run
from tonearm.models.imputation import Z90, Imputation
from tonearm.models.model import HeldOut

METRICS = ("r2", "coverage_90")


def main() -> None:
    model = Imputation()
    run(__doc__, model, METRICS, model.held_out, lambda rows, seed, held: means(held))


def means(held: list[HeldOut]) -> dict[str, Any]:
    """Means over the seven features of R² and of the share within 1.645 standard errors, by protocol."""
    found: dict[str, list[float]] = defaultdict(list)
    for part in held:
        spread = part.actual.var()
        error = (part.high - part.low) / (2 * Z90)
        found[f"mean r2, {part.protocol}"].append(1 - ((part.predicted - part.actual) ** 2).mean() / spread)
        found[f"mean r2 of the baseline, {part.protocol}"].append(
            1 - ((part.baseline - part.actual) ** 2).mean() / spread
        )
        within = np.abs(part.actual - part.predicted) <= Z90 * error
        found[f"mean share within 1.645 errors, {part.protocol}"].append(float(within.mean()))
    return {name: float(np.mean(values)) for name, values in found.items()}


if __name__ == "__main__":
    main()
