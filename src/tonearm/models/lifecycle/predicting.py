"""Predictions for records that somebody brings, read within limits and checked."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from tonearm.errors import InputError, NotRegistered
from tonearm.models import chosen, find
from tonearm.models.lifecycle.registry import Version, open_registry
from tonearm.models.model import answers
from tonearm.settings import Settings

if TYPE_CHECKING:
    from tonearm.models.model import Fitted, Model

MOST_RECORDS = 1_000_000
MOST_MB = 1024
LARGEST = 1e30
"""Largest value taken: models compute in 32-bit numbers, which end at 3.4e38."""
SPREADSHEETS = (".xlsx", ".xlsm", ".xls", ".ods", ".numbers")
_NAMED = 3


def predict(
    settings: Settings,
    name: str,
    records: pd.DataFrame,
    threshold: float | None = None,
    note: Callable[[str], None] | None = None,
) -> tuple[pd.DataFrame, Version]:
    """Predictions, one for each record in their order, and the version in use, whose baseline answers what it does not.

    ``note`` is called with what somebody should know of the answers. Raises NotRegistered where the model was never
    trained, ModelDamaged where its files are not what they were, and InputError where a ``threshold`` is given to a
    model that has none.
    """
    model = find(name)
    if threshold is not None and not model.has_threshold:
        those = " and ".join(one.name for one in chosen(()) if one.has_threshold)
        raise InputError(f"{model.name} has no threshold; {those} have one")
    registry = open_registry(settings)
    version = registry.in_use(model.registered)
    if version is None:
        raise NotRegistered(f"{model.name} has never been trained; `tonearm train {model.name}` does it")
    fitted = registry.load(model, version)
    if note:
        for remark in unknown_genres(model, fitted, records):
            note(remark)
    return answers(model, fitted, records, version.serves, threshold), version


def unknown_genres(model: Model, fitted: Fitted, records: pd.DataFrame) -> Iterator[str]:
    """A sentence on the genres that a model which says what genres it knows never heard of."""
    known = getattr(fitted, "genres", None)
    if known is None or "genre" not in records.columns:
        return
    genres = records["genre"].dropna().astype(str)
    unknown = genres[~genres.isin([*known, ""])]
    if len(unknown):
        named = [f"'{name}'" for name in unknown.unique()[:_NAMED]]
        more = f" and {unknown.nunique() - _NAMED:,} more" if unknown.nunique() > _NAMED else ""
        yield f"{model.name} learned of no genre {', '.join(named)}{more}; it is taken as not known"


def read_records(path: Path) -> pd.DataFrame:
    """Records of a file: a JSON list or object, JSON lines, CSV or Parquet; raises InputError.

    ``{"records": [...]}`` is taken as the list. What is not a number where one is wanted is missing, and so is a
    number beyond ``LARGEST``.
    """
    if path.is_dir():
        raise InputError(f"{path} is a folder; name a file of JSON, JSON lines, CSV or Parquet")
    if not path.is_file():
        raise InputError(f"{path} is not there; name a file of JSON, JSON lines, CSV or Parquet")
    if path.suffix.lower() in SPREADSHEETS:
        raise InputError(f"{path} is a spreadsheet, which is not read; save it as CSV")
    if path.stat().st_size > MOST_MB * 2**20:
        raise InputError(f"{path} has more than {MOST_MB} MB; split it")
    try:
        records = _read(path)
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path} is no text in UTF-8 and no Parquet; name a file of JSON, JSON lines or CSV"
        ) from error
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
    """``records`` if there are some, not too many, and each field is a number, a word or missing; raises InputError."""
    if not len(records):
        raise InputError(f"{where} holds no records")
    if len(records) > MOST_RECORDS:
        raise InputError(f"{where} holds {len(records):,} records; at most {MOST_RECORDS:,} are taken at once")
    if records.columns.empty:
        raise InputError(f'{where} holds records without a field; name what is known, e.g. [{{"energy": 0.7}}]')
    return records.rename(columns=str).apply(_plain, where=where)


def _plain(values: pd.Series, where: str) -> pd.Series:
    """A field's values, those beyond ``LARGEST`` missing; raises InputError where one holds others."""
    if pd.api.types.is_bool_dtype(values.dtype) or pd.api.types.is_datetime64_any_dtype(values.dtype):
        return values
    if values.dtype == object:
        holds_others = values.map(lambda value: isinstance(value, Mapping | list | tuple | set | np.ndarray))
        if holds_others.any():
            number = int(holds_others.to_numpy().argmax()) + 1
            raise InputError(
                f"{where}: '{values.name}' of record {number} is a list or an object, and no number or word"
            )
        # Whole numbers of any length come from JSON, and not all are numbers to pandas.
        values = values.map(lambda value: None if _is_too_large(value) else value)
    elif pd.api.types.is_numeric_dtype(values.dtype):
        values = values.mask(values.abs() > LARGEST)
    elif pd.api.types.is_string_dtype(values.dtype):
        values = values.mask(pd.to_numeric(values, errors="coerce").abs() > LARGEST)
    return values


def _is_too_large(value: Any) -> bool:
    """Whether a value, or a word that says a number, lies beyond ``LARGEST``."""
    if isinstance(value, int | float):
        return abs(value) > LARGEST
    try:
        return isinstance(value, str) and abs(float(value)) > LARGEST
    except ValueError:
        return False
