"""Predictions for records that somebody brings, read within limits and checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from tonearm.errors import InputError, NotRegistered
from tonearm.models import chosen, find
from tonearm.models.lifecycle.registry import Version, open_registry
from tonearm.models.model import answers
from tonearm.settings import Settings

MOST_RECORDS = 1_000_000
MOST_MB = 1024


def predict(
    settings: Settings, name: str, records: pd.DataFrame, threshold: float | None = None
) -> tuple[pd.DataFrame, Version]:
    """Predictions, one for each record in their order, and the version in use, whose baseline answers what it does not.

    Raises NotRegistered where the model was never trained, ModelDamaged where its files are not what they were, and
    InputError where a ``threshold`` is given to a model that has none.
    """
    model = find(name)
    if threshold is not None and not model.has_threshold:
        those = " and ".join(one.name for one in chosen(()) if one.has_threshold)
        raise InputError(f"{model.name} has no threshold; {those} have one")
    registry = open_registry(settings)
    version = registry.in_use(model.registered)
    if version is None:
        raise NotRegistered(f"{model.name} has never been trained; `tonearm train {model.name}` does it")
    return answers(model, registry.load(model, version), records, version.serves, threshold), version


def read_records(path: Path) -> pd.DataFrame:
    """Records of a file: a JSON list or object, JSON lines, CSV or Parquet; raises InputError.

    ``{"records": [...]}`` is taken as the list. What is not a number where one is wanted is missing.
    """
    if not path.is_file():
        raise InputError(f"{path} is not there; name a file of JSON, JSON lines, CSV or Parquet")
    if path.stat().st_size > MOST_MB * 2**20:
        raise InputError(f"{path} has more than {MOST_MB} MB; split it")
    try:
        records = _read(path)
    except (ValueError, RecursionError, OSError) as error:
        raise InputError(f"{path} cannot be read as records: {' '.join(str(error).split())[:200]}") from error
    return checked(records, str(path))


def _read(path: Path) -> pd.DataFrame:
    kind = path.suffix.lower()
    if kind == ".parquet":
        return pd.read_parquet(path)
    if kind == ".csv":
        return pd.read_csv(path)
    text = path.read_text(encoding="utf-8-sig")
    if kind in (".jsonl", ".ndjson"):
        return from_json([json.loads(line) for line in text.splitlines() if line.strip()])
    return from_json(json.loads(text))


def from_json(value: Any) -> pd.DataFrame:
    """Records of a JSON value; raises InputError where it is none."""
    if isinstance(value, Mapping):
        value = value.get("records", [value])
    if not isinstance(value, list) or not all(isinstance(one, Mapping) for one in value):
        raise InputError('records are a JSON list of objects, e.g. [{"energy": 0.7, "tempo": 120}]')
    return pd.DataFrame(list(value))


def checked(records: pd.DataFrame, where: str) -> pd.DataFrame:
    """``records`` if there are some and not too many; raises InputError."""
    if not len(records):
        raise InputError(f"{where} holds no records")
    if len(records) > MOST_RECORDS:
        raise InputError(f"{where} holds {len(records):,} records; at most {MOST_RECORDS:,} are taken at once")
    return records
