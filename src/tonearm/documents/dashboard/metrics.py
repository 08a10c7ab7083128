"""How good the models are, and were at earlier trainings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, TypeVar

from tonearm.documents.dashboard.drift import drift
from tonearm.documents.dashboard.kept import Kept, by_part_of_day
from tonearm.documents.dashboard.shape import Metrics, ModelMetadata, MoodModel, SessionModel, Training
from tonearm.documents.history import History
from tonearm.documents.tables import Tables
from tonearm.models import is_installed

if TYPE_CHECKING:
    from tonearm.models.lifecycle.registry import Version
    from tonearm.settings import Settings

TRAININGS = 10
_DIGITS = 8
_MOOD, _SESSION = ("next_mood", "next_mood"), ("session_start", "session_start_day_ahead")
"""The model and the target of each section."""

Row = Mapping[str, Any]
Measured = Mapping[str, Row]
"""What was measured of one version, by metric."""
_Model = TypeVar("_Model", MoodModel, SessionModel)


def metrics(settings: Settings, tables: Tables, history: History, kept: Sequence[Kept]) -> Metrics:
    """The newest version of each model beside its baseline, and the last trainings."""
    rows = [row for row in tables.rows("model_performance_metrics") if row["scope"] == "listener"]
    moods, sessions = (_versions(rows, *of) for of in (_MOOD, _SESSION))
    registered = _registered(settings) if sessions else {}
    of_moods = {at: _mood(one) for at, one in moods.items()}
    of_sessions = {at: _session(one, registered, kept) for at, one in sessions.items()}
    trained = sorted({*moods, *sessions}, reverse=True)[:TRAININGS]
    latest = Training(
        run_at=next(iter(trained), None),
        **_counts(history, None),
        mood_model=_newest(of_moods),
        session_model=_newest(of_sessions),
        drift=drift(history, history.last_day),
    )
    earlier = [
        Training(
            run_at=at,
            **_counts(history, at),
            mood_model=of_moods.get(at),
            session_model=of_sessions.get(at),
            drift=drift(history, min(at.date(), history.last_day) if history.last_day else None),
        )
        for at in trained
    ]
    return Metrics(latest=latest, history=earlier)


def _versions(rows: list[dict[str, Any]], model: str, target: str) -> dict[datetime, Measured]:
    """What was measured of each version, by when it was trained."""
    found: dict[datetime, dict[str, Row]] = defaultdict(dict)
    for row in rows:
        if (row["model"], row["target"]) == (model, target):
            found[row["trained_at"]][row["metric"]] = row
    return dict(found)


def _newest(versions: Mapping[datetime, _Model]) -> _Model | None:
    return versions[max(versions)] if versions else None


def _counts(history: History, until: datetime | None) -> dict[str, Any]:
    return history.row(_COUNTS, until) or {}


def _of_any(measured: Measured) -> dict[str, Any]:
    """What both sections have."""
    any_row = next(iter(measured.values()))
    return {
        "version": any_row["model_version"],
        "n_val": any_row["rows"],
        "is_served": any_row["is_served"],
        "model_beats_baseline": _is_better(measured, "log_loss"),
        "val_log_loss": _value(measured, "log_loss"),
        "baseline_log_loss": _value(measured, "log_loss", "baseline_value"),
        "val_brier": _value(measured, "brier"),
        "baseline_brier": _value(measured, "brier", "baseline_value"),
    }


def _mood(measured: Measured) -> MoodModel:
    return MoodModel(
        **_of_any(measured),
        train_accuracy=None,
        val_accuracy=_value(measured, "accuracy"),
        baseline_accuracy=_value(measured, "accuracy", "baseline_value"),
        train_f1_macro=None,
        val_f1_macro=_value(measured, "f1_macro"),
        baseline_f1_macro=_value(measured, "f1_macro", "baseline_value"),
        train_roc_auc=None,
        val_roc_auc=None,
    )


def _session(measured: Measured, registered: Mapping[int, Version], kept: Sequence[Kept]) -> SessionModel:
    any_row = next(iter(measured.values()))
    version = registered.get(any_row["model_version"])
    return SessionModel(
        **_of_any(measured),
        train_roc_auc=None,
        val_roc_auc=_value(measured, "roc_auc"),
        train_accuracy=None,
        val_accuracy=None,
        n_features=_of_code(version, _features),
        n_train=version.rows if version else None,
        val_pr_auc=_value(measured, "average_precision"),
        val_f1=None,
        calibration_error=_value(measured, "ece"),
        baseline_neg_pr_auc=None,
        baseline_hist_pr_auc=_value(measured, "average_precision", "baseline_value"),
        model_beats_neg=None,
        model_beats_hist=_is_better(measured, "average_precision"),
        per_hour_metrics=by_part_of_day(kept, any_row["model_version"]),
        model_metadata=_metadata(any_row, version),
    )


def _value(measured: Measured, metric: str, of: str = "value") -> float | None:
    row = measured.get(metric)
    value: float | None = row[of] if row else None
    # A metric that is not defined on these rows is stored as not a number.
    return value if value == value else None


def _is_better(measured: Measured, metric: str) -> bool | None:
    return bool(measured[metric]["is_better"]) if metric in measured else None


def _metadata(row: Row, version: Version | None) -> ModelMetadata:
    return ModelMetadata(
        training_date=row["trained_at"],
        training_window_start=None,
        training_window_end=None,
        validation_window_start=None,
        validation_window_end=None,
        data_hash=sha256(row["data_version"].encode()).hexdigest()[:_DIGITS],
        version_hash=version.sha256[:_DIGITS] if version else None,
        rolling_window_days=_of_code(version, _window_days),
    )


def _registered(settings: Settings) -> dict[int, Version]:
    """The versions of the session model that the home has; none without the extra that models need."""
    if not is_installed():
        return {}
    from tonearm.models.lifecycle.registry import open_registry

    return {one.version: one for one in open_registry(settings).versions(_SESSION[0])}


def _of_code(version: Version | None, ask: Callable[[], int]) -> int | None:
    """What the model's own code knows of a version that it can read; None of another."""
    from tonearm.models import served

    return ask() if version is not None and version.layout == served.FORMAT else None


def _features() -> int:
    from tonearm.models.session_start.grid import names_of

    return len(names_of(is_hour_ahead=False))


def _window_days() -> int:
    from tonearm.models.session_start import SessionStart

    return SessionStart().window_days


_COUNTS = """
SELECT count(DISTINCT track_id) AS num_tracks, count(DISTINCT session_at) AS num_sessions
FROM heard WHERE $1::TIMESTAMPTZ IS NULL OR started_at <= $1
"""
