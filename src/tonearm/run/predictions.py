"""Predictions of a pass: models are trained or predict from what is new, and the tables that read them are built."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
import pyarrow.compute as pc

from tonearm.bronze import CATALOGUE, DRIFT, EVALUATIONS, HISTORY
from tonearm.building.execute import BuildReport, build
from tonearm.lake import Lake, open_lake
from tonearm.models import ABOUT_TRACKS, is_installed, names
from tonearm.run.record import last_trained
from tonearm.settings import Settings

if TYPE_CHECKING:
    from tonearm.models.lifecycle.drift import Drift
    from tonearm.models.lifecycle.scoring import ScoreReport
    from tonearm.models.lifecycle.training import TrainReport

Progress = Callable[[str, int, int], None]
DAILY = timedelta(days=1)


class Predicted(msgspec.Struct, kw_only=True):
    """What became of the models in one pass."""

    trained: list[TrainReport] = []
    scored: list[ScoreReport] = []
    due: list[str] = []
    """Models whose input has drifted from what they learned, so that they should be trained again."""
    built: BuildReport = msgspec.field(default_factory=lambda: BuildReport(tables=[]))
    """The tables that read predictions."""


def predict(
    settings: Settings,
    is_new: bool,
    full_retrain: bool = False,
    progress: Progress | None = None,
    waiting: Callable[[str], None] | None = None,
    lake: Lake | None = None,
) -> Predicted:
    """Train what needs to be, let the other models predict from what ``is_new``, and build what reads predictions.

    A model that was never trained is: all of them in the first pass that finds rows, what then lacked data once a day.
    Without the extra ``models`` nothing is predicted; ExtraMissing is raised where ``full_retrain`` asks for it.
    """
    if not full_retrain and not is_installed():
        return Predicted()
    lake = lake or open_lake(settings.lake)
    has_models = bool(_trained(lake))
    is_first = not has_models and last_trained(lake) is None and any(lake.rows(n) for n in (HISTORY, CATALOGUE))
    if full_retrain or is_first:
        return _retrain(settings, lake, progress, waiting)
    if is_new and (has_models or _is_daily(lake)):
        return _update(settings, lake, progress, waiting)
    return Predicted()


def _retrain(
    settings: Settings, lake: Lake, progress: Progress | None, waiting: Callable[[str], None] | None
) -> Predicted:
    trained = _train(settings, (), progress, waiting)
    return Predicted(trained=trained, built=build(settings, waiting=waiting, lake=lake))


def _train(
    settings: Settings, which: Sequence[str], progress: Progress | None, waiting: Callable[[str], None] | None
) -> list[TrainReport]:
    # What learns and draws takes seconds to load, and few passes need it.
    from tonearm.models.lifecycle import training

    return training.train(settings, which, progress=progress, waiting=waiting)


def _look_for_drift(settings: Settings, which: Sequence[str], waiting: Callable[[str], None] | None) -> list[Drift]:
    from tonearm.models.lifecycle import drift

    found = drift.look(settings, which)
    drift.keep(settings, found, waiting)
    return found


def _update(
    settings: Settings, lake: Lake, progress: Progress | None, waiting: Callable[[str], None] | None
) -> Predicted:
    """Let the models of listens predict anew, learning nothing: the cheap way to stay current.

    Once a day the models of tracks do, too, so that newly heard tracks get their estimates; drift is looked for, and
    models that never had enough data are tried again. Models that another tonearm wrote are trained anew.
    """
    from tonearm.models.lifecycle import scoring

    old = scoring.outdated(settings)
    of_listens = [name for name in names() if name not in ABOUT_TRACKS and name not in old]
    is_daily = _is_daily(lake)
    asked = [name for name in names() if name not in old] if is_daily else of_listens
    scored = scoring.score(settings, asked, waiting) if asked else []
    drifts = _look_for_drift(settings, of_listens, waiting) if is_daily else []
    due = sorted({one.model for one in drifts if one.is_due})
    todo = [*old, *(due if settings.retrain == "when_due" else []), *(_never_trained(lake) if is_daily else [])]
    trained = _train(settings, todo, progress, waiting) if todo else []
    return Predicted(trained=trained, scored=scored, due=due, built=build(settings, waiting=waiting, lake=lake))


def _is_daily(lake: Lake) -> bool:
    """Whether a day has passed since models were trained or drift was looked for."""
    looked = [at for at in (last_trained(lake), lake.built_at(EVALUATIONS), lake.built_at(DRIFT)) if at]
    return bool(looked) and datetime.now(UTC) - max(looked) > DAILY


def _trained(lake: Lake) -> set[str]:
    """Models of which any version was ever measured."""
    if not lake.has(EVALUATIONS):
        return set()
    return set(pc.unique(lake.dataset(EVALUATIONS).to_table(columns=["model"])["model"]).to_pylist())


def _never_trained(lake: Lake) -> list[str]:
    known = _trained(lake)
    return [name for name in names() if name not in known]
