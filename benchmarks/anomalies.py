"""Injects days of many listens into real histories and counts how many `listening_anomalies` lists.

To a day chosen by chance, silent or not, come k times the median listens of the listening days within eight weeks of
it. One day at a time: each injection is a copy of the whole history, so the listener's threshold (at most one alert
per 30 days) is that of the history. Recall is reported by how much was heard around the day; the interval is a block
bootstrap by calendar quarter and listener, since neighbouring days share their surroundings.

    python benchmarks/anomalies.py --home HOME --json
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from measure import finish, note, tonearm

FACTORS = (2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
TARGET_FACTOR, TARGET = 3.0, 0.9
VOLUMES = {"above_30": (30.0, np.inf), "10_to_30": (10.0, 30.0), "below_10": (0.0, 10.0)}
HISTORIES = {"a": "lastfm_with_header.csv", "b": "lastfm_to_csv_headerless.csv"}
DATA = Path("../shared/data/histories")
AROUND_DAYS = 56
DRAWS = 2_000


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--home", type=Path, help="a home that is built; else the histories are imported into one")
    parser.add_argument("--days", type=int, default=300, help="days injected per listener and factor")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    listeners = histories(options.home or imported())
    figures: dict[str, Any] = {"seed": options.seed, "days_per_listener": options.days}
    found = [inject(rows, name, options.days, rng) for name, rows in listeners.items()]
    for name, one in zip(listeners, found, strict=True):
        figures |= summary(f"listener_{name}", one, rng)
        figures[f"listener_{name}_per_listening_day"] = one["per_day"][0]
    pooled = {key: np.concatenate([one[key] for one in found]) for key in found[0]}
    for volume, (low, high) in VOLUMES.items():
        part = (pooled["around"] > low) & (pooled["around"] <= high)
        figures |= summary(volume, {key: values[part] for key, values in pooled.items()}, rng)
    finish(figures, options.json)


def imported() -> Path:
    """A new home with the real histories."""
    import tempfile

    home = Path(tempfile.mkdtemp(prefix="anomalies-"))
    for listener, name in HISTORIES.items():
        note(f"importing {name}")
        tonearm(home, "import", DATA / name, "--listener", listener, "--timezone", "UTC")
    tonearm(home, "build", "listening_with_features")
    return home


def histories(home: Path) -> dict[str, pa.Table]:
    """For each listener the rows that reach the table's second step."""
    from tonearm.engine.duckdb import engine
    from tonearm.gold.cognitive.listening_anomalies import listening_anomalies
    from tonearm.lake import open_lake
    from tonearm.settings import load_settings

    settings = load_settings(home, {})
    with engine(settings) as session:
        session.look_at(open_lake(settings.lake), "listening_with_features", ())
        made = session.compiled(listening_anomalies, "listening_with_features")
        rows = session.table(f"FROM ({made}) ORDER BY ALL NULLS FIRST")
    names = rows["listener"].unique().to_pylist()
    return {name: rows.filter(pa.compute.equal(rows["listener"], name)) for name in names}


def inject(rows: pa.Table, name: str, days: int, rng: np.random.Generator) -> dict[str, Any]:
    """Which injected days are listed, per day (rows) and factor (columns), and what was heard around each."""
    from tonearm.gold.cognitive.listening_anomalies import Days

    seen = Days(rows)
    calendar, listens = seen.calendar
    # Days at the very ends cannot be judged, and no table would list them.
    middle = calendar[(calendar > calendar[0] + 28) & (calendar < calendar[-1] - 28)]
    chosen = np.sort(rng.choice(middle, days))
    around = np.array([_median_around(calendar, listens, day) for day in chosen])
    listed = np.zeros((days, len(FACTORS)), bool)
    for column, factor in enumerate(FACTORS):
        note(f"{name}: {factor:g} times the median into {days} days")
        listed[:, column] = _listed(rows, chosen, np.round(factor * around))
    blocks = np.array([f"{name}{day // 91}" for day in chosen])
    per_day = np.full(days, len(chosen) and seen.listens.mean())
    return {"listed": listed, "around": around, "block": blocks, "per_day": per_day}


def _median_around(calendar: Any, listens: Any, day: int) -> float:
    near = (np.abs(calendar - day) <= AROUND_DAYS) & (calendar != day) & (listens > 0)
    return float(np.median(listens[near])) if near.any() else 0.0


def _listed(rows: pa.Table, chosen: Any, added: Any) -> Any:
    """Whether each chosen day is listed for its volume once it has the ``added`` listens."""
    from tonearm.gold.cognitive.listening_anomalies import finish as anomalies

    date = rows["local_date"].combine_chunks().cast(pa.int32()).to_numpy()
    listens = rows["listens"].to_numpy()
    found = np.zeros(len(chosen), bool)
    for begin in range(0, len(chosen), 50):
        part = range(begin, min(begin + 50, len(chosen)))
        copies = []
        for i in part:
            is_known = bool((date == chosen[i]).any())
            days = date if is_known else np.append(date, chosen[i])
            counts = (listens if is_known else np.append(listens, 0)) + added[i] * (days == chosen[i])
            order = np.argsort(days)
            copies.append(_copy(rows, f"{i:06}", days[order], counts[order]))
        alerts = anomalies(pa.concat_tables(copies)).to_pylist()
        seen = {(r["listener"], r["local_date"]) for r in alerts if r["anomaly"] == "volume"}
        dates = pa.array(chosen.astype("int32")).cast(pa.date32()).to_pylist()
        for i in part:
            found[i] = (f"{i:06}", dates[i]) in seen
    return found


def _copy(rows: pa.Table, name: str, days: Any, counts: Any) -> pa.Table:
    """A history with these days and counts; of its other columns, which volume does not need, only the types."""
    columns = {}
    for field in rows.schema:
        columns[field.name] = pa.nulls(len(days), field.type)
        if pa.types.is_integer(field.type) or pa.types.is_floating(field.type):
            columns[field.name] = pa.array(np.zeros(len(days)), pa.float64()).cast(field.type)
    columns["listener"] = pa.array([name] * len(days), rows.schema.field("listener").type)
    columns["local_date"] = pa.array(days.astype("int32")).cast(pa.date32())
    columns["listens"] = pa.array(counts, pa.float64()).cast(rows.schema.field("listens").type)
    # All in one hour, so that the other kinds have something to divide by.
    columns["hour_12"] = columns["listens"].cast(rows.schema.field("hour_12").type)
    return pa.table(columns, schema=rows.schema)


def summary(name: str, found: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """Recall at the target factor with its interval and n, and the smallest factor that reaches the target."""
    recall = found["listed"].mean(axis=0) if len(found["listed"]) else np.full(len(FACTORS), np.nan)
    at = FACTORS.index(TARGET_FACTOR)
    low, high = _interval(found["listed"][:, at], found["block"], rng)
    enough = [factor for factor, share in zip(FACTORS, recall, strict=True) if share >= TARGET]
    return {
        f"{name}_n": len(found["listed"]),
        f"{name}_recall": float(recall[at]),
        f"{name}_recall_low": low,
        f"{name}_recall_high": high,
        f"{name}_smallest_factor": enough[0] if enough else None,
    } | {f"{name}_recall_at_{factor:g}": float(share) for factor, share in zip(FACTORS, recall, strict=True)}


def _interval(listed: Any, block: Any, rng: np.random.Generator) -> tuple[float | None, float | None]:
    names, of_row = np.unique(block, return_inverse=True)
    if len(names) < 2:
        return None, None
    hits, n = np.bincount(of_row, weights=listed), np.bincount(of_row)
    drawn = rng.integers(0, len(names), (DRAWS, len(names)))
    shares = hits[drawn].sum(axis=1) / n[drawn].sum(axis=1)
    low, high = np.quantile(shares, [0.025, 0.975])
    return float(low), float(high)


if __name__ == "__main__":
    main()
