"""What models of single listeners share: their rows, until when each listens, and who gets the model's predictions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from tonearm.columns import MEASURED
from tonearm.errors import ModelDamaged
from tonearm.models.evaluate import draws, outside_of
from tonearm.models.model import STILL_LISTENING, Serves

if TYPE_CHECKING:
    import numpy.typing as npt

    Numbers = npt.NDArray[np.float64]
    Ints = npt.NDArray[np.int64]
    Words = npt.NDArray[np.object_]

FILE = "model.json"
RESAMPLES = 1000


def measured(listens: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
    """Listens before ``as_of`` whose features were measured, oldest first."""
    known = listens["feature_source"].isin(MEASURED) & (listens["started_at"] < pd.Timestamp(as_of))
    return in_order(listens[known])


def in_order(listens: pd.DataFrame) -> pd.DataFrame:
    """By listener and time; what began together stays in an order that does not depend on the engine."""
    keys = [key for key in ("listener", "started_at", "listen_id") if key in listens.columns]
    return listens.sort_values(keys, kind="stable").reset_index(drop=True)


def by_listener(rows: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """Each listener's rows, in their order."""
    for name, own in rows.groupby("listener", sort=True):
        yield str(name), own.reset_index(drop=True)


def now_of(newest: pd.Timestamp, as_of: datetime) -> pd.Timestamp:
    """From when on a listener's future is predicted: ``as_of``, or right after the ``newest`` listen of a history that
    has ended."""
    now = pd.Timestamp(as_of)
    return now if now - newest < STILL_LISTENING else newest + pd.Timedelta(seconds=1)


def local_offset(listens: pd.DataFrame) -> pd.Timedelta:
    """Local minus UTC time at a listener's newest listen, to the minute."""
    last = listens.iloc[-1]
    apart: pd.Timedelta = last["started_at_local"] - last["started_at"].tz_convert(None)
    return pd.Timedelta(apart).round("min")


def serves(own: Numbers, baseline: Numbers, block: npt.NDArray[Any], seed: int) -> Serves:
    """The model where its ``own`` losses are shown to be below the baseline's: by the 95 % interval of the listener's
    gain over whole blocks, as it is for everybody."""
    gains = [weights @ (baseline - own) / weights.total for weights in draws(block, seed, RESAMPLES)]
    is_better = bool(gains) and float(np.quantile(np.concatenate(gains), outside_of(block))) > 0
    return "model" if is_better else "baseline"


def all_by_baseline(targets: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """A listener's parameters of each target, by which the baseline answers them all."""
    return {target: {**part, "serves": "baseline"} for target, part in targets.items()}


def save_listeners(folder: Path, listeners: Mapping[str, Mapping[str, Any]]) -> None:
    """Write each listener's parameters, plain numbers, words and lists, as one JSON file."""
    text = json.dumps({"listeners": listeners}, sort_keys=True, allow_nan=False)
    (folder / FILE).write_text(text, encoding="utf-8")


def load_listeners(folder: Path, name: str) -> dict[str, dict[str, Any]]:
    """What :func:`save_listeners` wrote; raises ModelDamaged where it cannot be read."""
    path = folder / FILE
    try:
        found: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["listeners"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelDamaged(f"{path} of model {name} cannot be read; train the model again") from error
    return found


def column(records: pd.DataFrame, name: str) -> Numbers:
    """A column of numbers from records that somebody brings: NaN where it is missing, infinite or none."""
    if name not in records.columns:
        return np.full(len(records), np.nan)
    values = np.array(pd.to_numeric(records[name], errors="coerce"), dtype=np.float64)
    return np.where(np.isfinite(values), values, np.nan)


def names(records: pd.DataFrame, name: str) -> Words:
    """A column of words from records that somebody brings; "" where there is none."""
    if name not in records.columns:
        return np.full(len(records), "", dtype=object)
    values = records[name]
    return np.asarray(values.astype(object).where(values.notna(), "").astype(str), dtype=object)
