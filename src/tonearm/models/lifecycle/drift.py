"""Drift: how far what a model sees now has moved from what it learned, and whether to train it again.

The measure is the population stability index over the tenths of what was learned (Siddiqi 2006, *Credit Risk
Scorecards*): below .1 little, above .25 so much that a model is usually fitted anew.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import pandas as pd

from tonearm.bronze import DRIFT
from tonearm.errors import NotEnoughData
from tonearm.home.lock import writing
from tonearm.lake import Lake, open_lake
from tonearm.models import chosen
from tonearm.models.lifecycle.registry import Registry, Version, open_registry
from tonearm.models.lifecycle.scoring import as_arrow, as_of_listens, read
from tonearm.settings import Settings

if TYPE_CHECKING:
    import numpy.typing as npt

    from tonearm.models.model import Model

    Numbers = npt.NDArray[np.float64]

WATCHED = "watched.json"
LIMIT = 0.25
FEWEST = 200
"""New rows below which tenths are too small to compare: 200 of the same kind differ by .05 by chance."""
BINS = 10
AT = "at"
"""Column of examples with their instant; with it only rows after the training are compared."""
MOST_WATCHED = 40


class Drift(msgspec.Struct, kw_only=True, frozen=True):
    """One quantity that a model learned from, as it is now."""

    model: str
    version: int
    quantity: str
    drift: float
    rows: int
    rows_before: int
    is_due: bool


def watched(examples: pd.DataFrame, as_of: datetime) -> dict[str, Any]:
    """What is kept of the examples to compare later ones with: tenths of each number, and how often it is missing."""
    kept = {name: _tenths(values) for name, values in _numbers(examples).items()}
    known = {name: tenths for name, tenths in kept.items() if tenths is not None}
    return {"as_of": as_of.isoformat(), "rows": len(examples), "quantities": known}


def _numbers(examples: pd.DataFrame) -> dict[str, Numbers]:
    columns = [c for c in examples.columns if not str(c).endswith("_id") and c != AT]
    numeric = [c for c in columns if pd.api.types.is_numeric_dtype(examples[c])][:MOST_WATCHED]
    return {str(c): examples[c].to_numpy(dtype=float, na_value=float("nan")) for c in numeric}


def _tenths(values: Numbers) -> dict[str, Any] | None:
    known = values[np.isfinite(values)]
    if len(known) < FEWEST:
        return None
    edges = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1]))
    return {"edges": edges.tolist(), "shares": _shares(values, edges).tolist()}


def _shares(values: Numbers, edges: Numbers) -> Numbers:
    """Share of the values in each bin, those missing in one of their own."""
    is_known = np.isfinite(values)
    place = np.where(is_known, np.searchsorted(edges, values, side="left"), len(edges) + 1)
    return np.bincount(place, minlength=len(edges) + 2) / max(len(values), 1)


def psi(before: Numbers, now: Numbers, rows: int) -> float:
    """The population stability index of two lists of shares; an empty bin counts as half a row."""
    least = 0.5 / max(rows, 1)
    before, now = np.maximum(before, least), np.maximum(now, least)
    return float(((now - before) * np.log(now / before)).sum())


def compare(then: Mapping[str, Any], examples: pd.DataFrame) -> list[tuple[str, float, int]]:
    """(quantity, index, rows) of what was watched, in ``examples`` newer than it where they have an instant."""
    if AT in examples:
        examples = examples[pd.to_datetime(examples[AT], utc=True) > pd.Timestamp(then["as_of"])]
    found = []
    for name, values in _numbers(examples).items():
        tenths = then["quantities"].get(name)
        if tenths is not None and len(values) >= FEWEST:
            now = _shares(values, np.array(tenths["edges"]))
            found.append((name, psi(np.array(tenths["shares"]), now, len(values)), len(values)))
    return found


def look(settings: Settings, names: Iterable[str] = ()) -> list[Drift]:
    """Every quantity that the models in use, or those named, watch and that can be compared, most moved first."""
    lake, registry = open_lake(settings.lake), open_registry(settings)
    as_of = as_of_listens(lake)
    found = []
    for model in chosen(names, train_on_spotify_api=settings.train_on_spotify_api):
        version = registry.in_use(model.registered)
        if version is not None:
            found += _of_model(settings, lake, registry, model, version, as_of)
    return sorted(found, key=lambda one: -one.drift)


def _of_model(
    settings: Settings, lake: Lake, registry: Registry, model: Model, version: Version, as_of: datetime
) -> list[Drift]:
    kept = registry.folder(version) / WATCHED
    if not kept.is_file():
        return []
    then = json.loads(kept.read_text(encoding="utf-8"))
    try:
        examples = model.examples(read(lake, model.inputs, settings), as_of)
    except NotEnoughData:
        return []
    return [
        Drift(
            model=model.name,
            version=version.version,
            quantity=quantity,
            drift=index,
            rows=rows,
            rows_before=int(then["rows"]),
            is_due=index > LIMIT,
        )
        for quantity, index, rows in compare(then, examples)
    ]


def keep(settings: Settings, found: list[Drift], waiting: Callable[[str], None] | None = None) -> None:
    """Add what was found, be it nothing, to the lake's ``model_drift``."""
    at = datetime.now(UTC)
    rows = [
        {
            **{"model": one.model, "model_version": one.version, "as_of_at": at, "quantity": one.quantity},
            **{"drift": one.drift, "drift_limit": LIMIT, "rows": one.rows, "rows_before": one.rows_before},
            "is_due": one.is_due,
        }
        for one in found
    ]
    with writing(settings, waiting):
        open_lake(settings.lake).append(DRIFT, as_arrow(DRIFT, pd.DataFrame(rows)), {})


def write_watched(folder: Path, examples: pd.DataFrame, as_of: datetime) -> None:
    """Keep beside a model's files what later examples are compared with."""
    (folder / WATCHED).write_text(json.dumps(watched(examples, as_of)), encoding="utf-8")
