"""How well `popularity` tells which catalogue tracks are popular: artists held out, and artists known.

The candidates are compared within each training part, on artists that are not in the part that is tested.

    python benchmarks/popularity.py --home HOME --json
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from held_out import examples, figures
from measure import finish
from tonearm.models.popularity import Popularity

METRICS = ("roc_auc", "average_precision", "brier", "ece", "expected_to_observed")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--home", type=Path, help="a home with the catalogue; else it is imported into one")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    model = Popularity()
    rows, _ = examples(model, options.home)
    began_s = time.process_time()
    held = model.held_out(rows, options.seed)
    found = figures(held, options.seed, METRICS, began_s)
    found["fitted"] = " ".join(model.fit(rows, options.seed).chosen)
    finish(found, options.json)


if __name__ == "__main__":
    main()
