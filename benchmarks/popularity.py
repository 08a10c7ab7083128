"""How well `popularity` tells which catalogue tracks are popular: artists held out, and artists known.

The candidates are compared within each training part, on artists that are not in the part that is tested.

    python benchmarks/popularity.py --home HOME --json
"""

from __future__ import annotations

import pandas as pd

from held_out import run
from tonearm.models.model import HeldOut
from tonearm.models.popularity import Popularity

METRICS = ("roc_auc", "average_precision", "brier", "ece", "expected_to_observed")


def main() -> None:
    model = Popularity()

    def fitted(rows: pd.DataFrame, seed: int, held: list[HeldOut]) -> dict[str, str]:
        return {"fitted": " ".join(model.fit(rows, seed).chosen)}

    run(__doc__, model, METRICS, model.held_out, fitted)


if __name__ == "__main__":
    main()
