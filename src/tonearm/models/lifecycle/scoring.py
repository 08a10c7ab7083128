"""Scoring: predictions of the served models, written to the lake. Nothing is learned here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from time import perf_counter
from typing import TYPE_CHECKING

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from tonearm.bronze import SCHEMAS
from tonearm.columns import FEATURES, IMPUTED, MEASURED, MOODS, arrow_schema
from tonearm.home.lock import writing
from tonearm.lake import Lake, open_lake
from tonearm.models import find, in_order, registered_as, served
from tonearm.models.lifecycle.registry import Version, open_registry
from tonearm.models.model import SCORE_COLUMNS, SPOTIFY_API, STILL_LISTENING, target_of
from tonearm.settings import Settings
from tonearm.table import schema_of

if TYPE_CHECKING:
    import pandas as pd

    from tonearm.models.model import Fitted, Model

SCORES, FEATURES_IMPUTED = "model_scores", "imputed_features"
SURE = 0.8
"""Probability from which an estimated mood is named: below, most of them lie beside a border."""
_IN_LAKE = {"at": "predicted_for_at", "low": "score_low", "high": "score_high"}


class ScoreReport(msgspec.Struct, kw_only=True):
    """What scoring wrote for one model."""

    model: str
    version: int
    scores: int
    seconds: float


def score(
    settings: Settings, names: Iterable[str] = (), waiting: Callable[[str], None] | None = None
) -> list[ScoreReport]:
    """Predict anew with every model that was trained, from what the lake holds now; none is fitted.

    A target in which the model did not beat its baseline is predicted by that. Models never trained are left out.
    """
    lake, registry = open_lake(settings.lake), open_registry(settings)
    reports = []
    tables: dict[str, pd.DataFrame] = {}
    with writing(settings, waiting):
        as_of = as_of_listens(lake)
        for name in in_order(names):
            began = perf_counter()
            version = registry.in_use(registered_as(name))
            if version is not None:
                model = find(name)
                # What the model before read, too, is not read again; the rest makes room.
                tables = {name: tables[name] for name in model.inputs if name in tables}
                tables |= read(lake, [name for name in model.inputs if name not in tables], settings)
                rows = write_scores(lake, model, registry.load(model, version), version, tables, as_of)
                taken = perf_counter() - began
                reports.append(ScoreReport(model=model.name, version=version.version, scores=rows, seconds=taken))
    return reports


def outdated(settings: Settings) -> list[str]:
    """Models whose version in use another tonearm wrote, so that they can only be trained again."""
    registry = open_registry(settings)
    in_use = [(name, registry.in_use(registered_as(name))) for name in in_order(())]
    return [name for name, version in in_use if version is not None and version.layout != served.FORMAT]


def read(lake: Lake, names: Iterable[str], settings: Settings) -> dict[str, pd.DataFrame]:
    """The tables as frames; without what came through the Spotify Web API unless models may learn from it.

    Estimated and invented features are missing: a model's estimate must not come back to it as if it had been measured.
    A table that was never written is empty and has its columns.
    """
    return {name: _measured(_allowed(_frame(lake, name), settings)) for name in names}


def _measured(rows: pd.DataFrame) -> pd.DataFrame:
    if "feature_source" not in rows.columns:
        return rows
    is_not = rows["feature_source"].notna() & ~rows["feature_source"].isin(MEASURED)
    features = [*FEATURES, *(c for c in ("mood", "feature_source") if c in rows.columns)]
    return rows.assign(**{column: rows[column].mask(is_not) for column in features}) if is_not.any() else rows


def _frame(lake: Lake, name: str) -> pd.DataFrame:
    if lake.has(name):
        return lake.dataset(name).to_table().to_pandas()
    return arrow_schema(schema_of(name)).empty_table().to_pandas()


def _allowed(rows: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    if settings.train_on_spotify_api or "source" not in rows.columns:
        return rows
    return rows[rows["source"] != SPOTIFY_API]


def as_of_listens(lake: Lake, now: datetime | None = None) -> datetime:
    """The instant from which on is predicted: now, or right after the newest listen of a history that has ended."""
    now = now or datetime.now(UTC)
    if not lake.rows("listens"):
        return now
    newest = pc.max(lake.dataset("listens").to_table(columns=["started_at"])["started_at"]).as_py()
    return now if now - newest < STILL_LISTENING else newest + timedelta(seconds=1)


def write_scores(
    lake: Lake,
    model: Model,
    fitted: Fitted,
    version: Version,
    tables: Mapping[str, pd.DataFrame],
    as_of: datetime,
) -> int:
    """Replace the model's rows by the predictions of ``fitted``; how many there are."""
    found = fitted.scores(tables, as_of)
    rows = as_arrow(SCORES, _rows(found, model, version, as_of))
    where = f"model = '{model.name}'" if lake.has(SCORES) else None
    lake.replace(SCORES, rows, {}, where, partition_by=("model",))
    if model.name == "imputation" and (version.serves or lake.has(FEATURES_IMPUTED)):
        lake.replace(FEATURES_IMPUTED, as_arrow(FEATURES_IMPUTED, _wide(found, version, as_of)), {})
    return int(rows.num_rows)


def _rows(found: pd.DataFrame, model: Model, version: Version, as_of: datetime) -> pd.DataFrame:
    rows = found.reindex(columns=list(SCORE_COLUMNS)).rename(columns=_IN_LAKE)
    served = [name for name in rows["quantity"].unique() if target_of(model, name) in version.serves]
    is_served = rows["quantity"].isin(served)
    # A target in which the model did not beat its baseline is answered by that.
    rows["score"] = rows["score"].where(is_served, rows["baseline_score"])
    for end in ("low", "high"):
        rows[f"score_{end}"] = rows[f"score_{end}"].where(is_served, rows[f"baseline_{end}"])
    rows["served_by"] = rows["served_by"].astype(object).fillna("model").where(is_served, "baseline")
    rows = rows[rows["score"].notna()]
    return rows.assign(model=model.name, model_version=version.version, as_of_at=as_of)


def _wide(found: pd.DataFrame, version: Version, as_of: datetime) -> pd.DataFrame:
    """One row for each track, from one for each of its features: the model's, or the baseline's without an error.

    None where the model serves no feature at all.
    """
    found = found.reindex(columns=[*SCORE_COLUMNS, "standard_error"])
    is_served = found["quantity"].isin(version.serves)
    found["score"] = found["score"].where(is_served | ~found["quantity"].isin(IMPUTED), found["baseline_score"])
    found["standard_error"] = found["standard_error"].where(is_served)
    serves_any = bool(set(IMPUTED) & set(version.serves))
    known = found[found["quantity"].isin(IMPUTED) & found["score"].notna() & serves_any]
    wide = known.pivot(index="subject_id", columns="quantity", values="score").reindex(columns=list(IMPUTED))
    errors = known.pivot(index="subject_id", columns="quantity", values="standard_error").reindex(columns=list(IMPUTED))
    joined = wide.join(errors.add_suffix("_error")).join(_sure_moods(found, version))
    joined = joined.reset_index().rename(columns={"subject_id": "track_id"})
    return joined.assign(model_version=version.version, as_of_at=as_of)


def _sure_moods(found: pd.DataFrame, version: Version) -> pd.Series:
    """Each track's mood, where the model serves moods and one is probable enough to be named."""
    is_named = found["quantity"].isin(MOODS) & (found["score"] >= SURE) & ("mood" in version.serves)
    return found[is_named].set_index("subject_id")["quantity"].rename("mood")


def as_arrow(name: str, rows: pd.DataFrame) -> pa.Table:
    """``rows`` with the columns and types that the lake's table has; a column that is not there is null."""
    schema = arrow_schema(SCHEMAS[name])
    return pa.table([_column(rows, field) for field in schema], schema=schema)


def _column(rows: pd.DataFrame, field: pa.Field) -> pa.Array:
    if field.name not in rows or rows[field.name].isna().all():
        return pa.nulls(len(rows), field.type)
    # An id of 63 bits that went through a float is another one.
    assert not (field.type == pa.int64() and rows[field.name].dtype.kind == "f"), f"{field.name} is not whole"
    return pa.array(rows[field.name], field.type, from_pandas=True)
