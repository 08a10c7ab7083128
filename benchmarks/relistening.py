"""Re-listening: which known track or artist comes next, and what the rest of a session holds.

Every moment of the last fifth of a history at which its session went on is answered from what was before it. Hit rates
count the next item, R-precision the different items in the rest of the session; items that were never heard before
cannot be found and count as misses. The same is asked before each session, about all of it. Weights are learned before
the last fifth. The interval is that of 2,000 bootstraps of sessions, of the gain over the baseline as a share of it.

    python benchmarks/relistening.py HOME --json
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.compute as pc

from measure import finish, note
from tonearm.lake import open_lake
from tonearm.models.model import SEED
from tonearm.recommend.again.history import COLUMNS, history
from tonearm.recommend.again.replay import BASELINES, MODELS, Replay, replay, replay_openings
from tonearm.settings import load_settings

if TYPE_CHECKING:
    import pyarrow as pa

TARGET = 0.10
CLAIMS = (
    ("next in session", "markov", "hr@1"),
    ("next in session", "markov", "hr@10"),
    ("hear again", "most recent", "r_precision"),
    ("hear again", "markov", "r_precision"),
)


def measured(found: Replay, seed: int) -> dict[str, Any]:
    figures: dict[str, Any] = {"n": len(found.session), "sessions": len(np.unique(found.session))}
    for metric in ("hr@1", "hr@10", "r_precision"):
        figures |= {f"{metric}_{name}": found.mean(name, metric) for name in (*MODELS, *BASELINES)}
    for model, baseline, metric in CLAIMS:
        gain, low, high = found.gain(model, baseline, metric, seed)
        name = f"{metric}_{model}_over_{baseline}"
        figures |= {name: gain, f"{name}_low": low, f"{name}_high": high, f"{name}_reached": gain >= TARGET and low > 0}
    return figures


def before_sessions(found: Replay, seed: int) -> dict[str, Any]:
    """R-precision of whole sessions, asked before they begin."""
    metric = "r_precision"
    figures: dict[str, Any] = {"before_session_n": len(found.session)}
    for name in ("hear again", "most recent", "most heard"):
        figures[f"before_session_{metric}_{name}"] = found.mean(name, metric)
    gain, low, high = found.gain("hear again", "most recent", metric, seed)
    name = f"before_session_{metric}_hear again_over_most recent"
    return figures | {name: gain, f"{name}_low": low, f"{name}_high": high}


def by_listener(home: Path) -> Iterator[tuple[str, pa.Table]]:
    lake = open_lake(load_settings(home, {}).lake)
    rows = lake.dataset("listening_with_features").to_table(columns=[*COLUMNS, "listener", "listen_id"])
    rows = rows.sort_by([(name, "ascending") for name in ("listener", "started_at", "listen_id")])
    for name in sorted(pc.unique(rows["listener"]).to_pylist()):
        yield name, rows.filter(pc.equal(rows["listener"], name))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("home", type=Path, help="a home whose tables are built")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    figures: dict[str, Any] = {"seed": options.seed}
    for name, listens in by_listener(options.home):
        for of in ("track_id", "artist_id"):
            note(f"{name}: {of}")
            own = history(listens, of)  # type: ignore[arg-type]
            found = measured(replay(own), options.seed) | before_sessions(replay_openings(own), options.seed)
            what = of.removesuffix("_id")
            figures |= {f"{name}_{what}_{key}".replace(" ", "_"): value for key, value in found.items()}
    finish(figures, options.json)


if __name__ == "__main__":
    main()
