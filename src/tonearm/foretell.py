"""After a build: let the models answer from what is new, or train them again, and build what reads them."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from tonearm.lake import open_lake
from tonearm.models.scoring import ScoreReport
from tonearm.models.training import TrainReport
from tonearm.run import BuildReport, build
from tonearm.settings import Settings

Progress = Callable[[str, int, int], None]
FROM_MODELS = ("imputed_features", "model_scores", "model_evaluations", "model_drift")
"""What models write into the lake and tables are made from."""


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
    """Let every trained model answer from the newest listens, learning nothing; the cheap way to stay up to date.

    Tells which models see other data than they learned from, and trains those again if the settings allow it.
    Nothing is done where no model was ever trained.
    """
    if not open_lake(settings.lake).has("model_evaluations"):
        return Foretold()
    from tonearm.models.drift import keep, look
    from tonearm.models.scoring import score
    from tonearm.models.training import train

    scored = score(settings, waiting=waiting)
    drifts = look(settings)
    keep(settings, drifts, waiting)
    due = sorted({one.model for one in drifts if one.is_due})
    trained = train(settings, due, waiting=waiting) if due and settings.retrain == "when_due" else []
    return Foretold(trained=trained, scored=scored, due=due, built=build(settings, waiting=waiting))
