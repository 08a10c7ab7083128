"""After a build: let the models answer from what is new, or train them again, and build what reads them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec

from tonearm.bronze import CATALOGUE
from tonearm.lake import open_lake
from tonearm.models import chosen
from tonearm.models.scoring import ScoreReport
from tonearm.models.training import TrainReport
from tonearm.run import BuildReport, build
from tonearm.settings import Settings

Progress = Callable[[str, int, int], None]
_LOOK_EVERY = timedelta(days=1)


class Foretold(msgspec.Struct, kw_only=True):
    """What became of the models in one pass."""

    trained: list[TrainReport] = []
    scored: list[ScoreReport] = []
    due: list[str] = []
    """Models that see other data than they learned from and should be trained again."""
    built: BuildReport | None = None
    """The tables that read what models say."""


def retrain(
    settings: Settings, progress: Progress | None = None, waiting: Callable[[str], None] | None = None
) -> Foretold:
    """Train every model on what the lake holds now, and build the tables that read them."""
    from tonearm.models.training import train

    trained = train(settings, progress=progress, waiting=waiting)
    return Foretold(trained=trained, built=build(settings, waiting=waiting))


def update(settings: Settings, waiting: Callable[[str], None] | None = None) -> Foretold:
    """Let the trained models that foretell from listens answer anew, learning nothing: the cheap way to stay current.

    What is said of tracks stays as it was until a retrain. Once a day the models are asked whether they see other data
    than they learned from; those that do are named, and trained again if the settings allow it.
    Nothing is done where no model was ever trained.
    """
    if not open_lake(settings.lake).has("model_evaluations"):
        return Foretold()
    from tonearm.models.drift import keep, look, looked_at
    from tonearm.models.scoring import score
    from tonearm.models.training import train

    names = [model.name for model in chosen(()) if CATALOGUE not in model.inputs]
    scored = score(settings, names, waiting)
    last = looked_at(settings)
    drifts = look(settings, names) if last is None or datetime.now(UTC) - last > _LOOK_EVERY else []
    keep(settings, drifts, waiting)
    due = sorted({one.model for one in drifts if one.is_due})
    trained = train(settings, due, waiting=waiting) if due and settings.retrain == "when_due" else []
    return Foretold(trained=trained, scored=scored, due=due, built=build(settings, waiting=waiting))
