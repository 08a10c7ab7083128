"""Who becomes core: the reference's own table and results rebuilt, and the model beside the rule it has to beat.

Reads ``artist_month_snapshots.csv`` and ``breakout_modeling.csv`` of the artist-lifecycle project from a folder.
The reference picks rows by the eligibility of other rows (it combines two masks whose indices differ); that is
done again here, only to show that its table and its figures are reproduced before anything is compared.

With ``--worlds N`` the model is tested on N worlds in which it can know no more than the rule: who broke out is dealt
anew among the artists of the same listener and month that the rule holds equally likely. In how many is the model
served? With ``--gain G`` the log odds of each are raised by G standard deviations of a feature that the rule does not
know, ``new_tracks_decayed_4m``: how often is that found?

    python benchmarks/breakout.py FOLDER --json
    python benchmarks/breakout.py FOLDER --worlds 100 [--gain 1] [--home HOME] --json
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from measure import finish, note
from tonearm.models.breakout import Breakout, _logged, _probability, stretched
from tonearm.models.breakout.artist_history import all_features, gathered, highest, histories, rule
from tonearm.models.breakout.rules import Labelled, read_rules
from tonearm.models.evaluate import measure
from tonearm.models.model import HeldOut

AS_OF = datetime(2025, 12, 2, tzinfo=UTC)
"""The reference counts November 2025, which it has half of, as a month."""
TRAINED, VALIDATED = 0.6, 0.2
SHOWN = (
    "mean_average_precision",
    "average_precision",
    "roc_auc",
    "precision_at_3",
    "recall_at_3",
    "expected_to_observed",
)


def snapshots(path: Path) -> pd.DataFrame:
    """The reference's artist-months under our names."""
    rows = pd.read_csv(path)
    return pd.DataFrame(
        {
            "listener": "reference",
            "artist_id": rows["artist_name"],
            "month": pd.to_datetime(rows["month"], utc=True).dt.tz_localize(None),
            "listens": rows["plays_t"],
            "days_active": rows["days_active_t"],
            "tracks": rows["unique_tracks_t"],
            "new_tracks": rows["track_novelty_rate_t"] * rows["unique_tracks_t"],
            "total_listens": rows["total_monthly_scrobbles"],
            "share_pct": 100 * rows["share_t"],
            "last_listen_gap_days": rows["last_play_gap_days_t"],
        }
    )


def misaligned(labelled: Labelled) -> npt.NDArray[np.bool_]:
    """The reference's choice: of two masks over its rows, one counts rows before others were dropped, one after."""
    history = labelled.history
    rows = np.flatnonzero(history.age.ravel() >= 0)
    month = np.broadcast_to(np.arange(history.listens.shape[1]), history.listens.shape).ravel()[rows]
    kept = np.flatnonzero(labelled.is_known().ravel()[rows])
    active = np.zeros(len(rows), dtype=bool)
    active[kept] = ((history.listens >= 3) & (history.age <= 6)).ravel()[rows][kept]
    quiet = (highest(labelled.near, 3) < 1).ravel()[rows][kept]
    chosen = active[: len(kept)] & quiet & (month[kept] >= labelled.rules.cold_start_months)
    found = np.zeros(history.listens.size, dtype=bool)
    found[rows[kept[chosen]]] = True
    return found.reshape(history.listens.shape)


def reproduced(table: pd.DataFrame) -> dict[str, Any]:
    """The reference's logistic regression on its validation months, from its own table."""
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import average_precision_score, roc_auc_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    months = np.unique(table["month"])
    first, second = int(len(months) * TRAINED), int(len(months) * TRAINED) + int(len(months) * VALIDATED)
    train, valid = (table[table["month"].isin(part)] for part in (months[:first], months[first:second]))
    columns = [c for c in table.columns if c not in ("month", "artist_name", "y")]
    line = LogisticRegression(C=10, class_weight="balanced", max_iter=2000)
    pipeline = make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), line)
    told = pipeline.fit(train[columns], train["y"]).predict_proba(valid[columns])[:, 1]
    return {
        "reference_lr_validation_average_precision": float(average_precision_score(valid["y"], told)),
        "reference_lr_validation_roc_auc": float(roc_auc_score(valid["y"], told)),
    }


def on_their_rows(
    model: Breakout, labelled: Labelled, cells: npt.NDArray[np.bool_], examples: pd.DataFrame
) -> list[HeldOut]:
    """The reference's rows: its fixed test months, and those from the 18th on with a fit for each month."""
    history = labelled.history
    features = [*all_features(history, 20, 0.01), ("rule", rule(labelled.near))]
    rows = gathered(history, cells, iter(features))
    rows["core"] = labelled.breaks_out()[cells].astype(int)
    months = np.unique(rows["month_number"])
    begin = int(months[int(len(months) * TRAINED) + int(len(months) * VALIDATED)])
    fixed = told_of(model, examples, rows[rows["month_number"] >= begin], "core_of_reference_test", every=None)
    first = history.first_month + 18
    rolled = told_of(model, examples, rows[rows["month_number"] >= first], "core_of_reference_rolling", every=1)
    return [fixed, rolled]


def told_of(model: Breakout, examples: pd.DataFrame, rows: pd.DataFrame, target: str, every: int | None) -> HeldOut:
    """Predictions of ``rows`` by models fitted before each block of ``every`` months; before all, where None."""
    month = rows["month_number"].to_numpy()
    predicted, baseline = np.zeros(len(rows)), np.zeros(len(rows))
    chosen = None
    step = every or int(month.max() - month.min()) + 1
    for origin in range(int(month.min()), int(month.max()) + 1, step):
        train = examples[examples["month_number"] <= origin - model.rules.horizon_months]
        if chosen is None or (origin - int(month.min())) % 12 == 0:
            chosen = model.choose(train)
        fitted = model.fit_chosen(train, chosen)
        asked = (month >= origin) & (month < origin + step)
        if asked.any():
            predicted[asked] = fitted.probability(rows[asked])
            nearness = rows["rule"].to_numpy()[asked]
            at = stretched(_logged(train["rule"].to_numpy()), train["core"].to_numpy(), prior=1e-3)
            baseline[asked] = _probability(at[0] + at[1] * _logged(nearness))
    actual = rows["core"].to_numpy()
    protocol = "one fit before all" if every is None else "rolling origin by month"
    return HeldOut(target, protocol, "binary", actual, predicted, baseline, month, period=month)


SCORE_BINS = 10
"""Within so many bins of the rule's score, of equal size in each listener's month, breakouts are dealt anew."""


def dealt(examples: pd.DataFrame, gain: float, seed: int) -> pd.DataFrame:
    """The examples with breakouts dealt anew among artists alike to the rule; likelier by ``gain`` for a feature."""
    rng = np.random.default_rng(seed)
    month = examples.groupby(["listener", "month_number"], sort=False).ngroup().to_numpy()
    place = examples["rule"].groupby(month).rank(pct=True, method="first").to_numpy()
    group = month * SCORE_BINS + np.minimum((place * SCORE_BINS).astype(int), SCORE_BINS - 1)
    unknown = examples["new_tracks_decayed_4m"].to_numpy(float)
    # The largest of these is as a draw without replacement in proportion to exp(gain z).
    luck = gain * (unknown - unknown.mean()) / unknown.std() + rng.gumbel(size=len(examples))
    order = np.lexsort((-luck, group))
    core = examples["core"].to_numpy()
    found = np.empty(len(core))
    found[order] = core[np.lexsort((-core, group))]
    return examples.assign(core=found)


def worlds(model: Breakout, examples: pd.DataFrame, n: int, gain: float) -> dict[str, Any]:
    """In how many of ``n`` worlds the model is served, by what decides and by the average precision of all rows."""
    metrics = ("mean_average_precision", "average_precision", "log_loss")
    served = dict.fromkeys(metrics, 0)
    for seed in range(1, n + 1):
        held = replace(model.held_out(dealt(examples, gain, seed))[0], listener=None)
        for one in measure(held):
            served[one.metric] = served.get(one.metric, 0) + one.is_better
        note(f"{seed} worlds: " + ", ".join(f"{m} {served[m]}" for m in metrics))
    return {"worlds": n, "gain": gain} | {f"served by {m}": served[m] for m in metrics}


def of_home(model: Breakout, home: Path) -> pd.DataFrame:
    """The model's examples from the listeners of a home."""
    from tonearm.lake import open_lake
    from tonearm.models.lifecycle.scoring import as_of_listens, read
    from tonearm.settings import load_settings

    settings = load_settings(home, {})
    lake = open_lake(settings.lake)
    return model.examples(read(lake, model.inputs, settings), as_of_listens(lake))


def shown(held: HeldOut) -> dict[str, Any]:
    found: dict[str, Any] = {
        f"{held.target}_rows": len(held.actual),
        f"{held.target}_breakouts": int(held.actual.sum()),
    }
    for one in measure(held):
        if one.metric in SHOWN and one.listener is None:
            name = f"{held.target}_{one.metric}"
            found |= {name: one.value, f"{name}_low": one.low, f"{name}_high": one.high}
            if one.gain is not None:
                found |= {f"{name}_rule": one.baseline_value, f"{name}_gain_low": one.gain_low}
                found |= {f"{name}_gain_high": one.gain_high}
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--worlds", type=int, default=0)
    parser.add_argument("--gain", type=float, default=0.0)
    parser.add_argument("--home", type=Path, help="worlds are made of the listeners of this home")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.worlds:
        model = Breakout()
        months = {"artist_months": snapshots(options.folder / "artist_month_snapshots.csv")}
        examples = of_home(model, options.home) if options.home else model.examples(months, AS_OF)
        finish(worlds(model, examples, options.worlds, options.gain), options.json)
        return
    own = snapshots(options.folder / "artist_month_snapshots.csv")
    table = pd.read_csv(options.folder / "breakout_modeling.csv")
    model = Breakout()
    labelled = Labelled(next(histories(own)), read_rules())
    cells = misaligned(labelled)
    artist, month = np.nonzero(cells)
    number = labelled.history.first_month + month
    ours = set(zip(labelled.history.artists[artist], (f"{m // 12}-{m % 12 + 1:02}" for m in number), strict=True))
    theirs = set(zip(table["artist_name"], table["month"].str[:7], strict=True))
    figures: dict[str, Any] = {"reference_rows": len(theirs), "reference_rows_rebuilt": len(ours & theirs)}
    figures |= {"rows_chosen_by_mistake": len(ours - theirs), "reference_breakouts": int(table["y"].sum())}
    figures |= reproduced(table)
    examples = model.examples({"artist_months": own}, AS_OF)
    figures |= {"correct_rows": int(examples["discovered"].sum())}
    figures |= {"correct_breakouts": int(examples.loc[examples["discovered"], "core"].sum())}
    note("rolling over the correct rows")
    for held in [*model.held_out(examples), *on_their_rows(model, labelled, cells, examples)]:
        figures |= shown(held)
    finish(figures, options.json)


if __name__ == "__main__":
    main()
