"""After a build: let the models answer from what is new, or train them again, and build what reads them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import msgspec

from tonearm.build.execute import BuildReport, build
from tonearm.lake import open_lake
from tonearm.models import chosen
from tonearm.models.lifecycle.scoring import ScoreReport
from tonearm.models.lifecycle.training import EVALUATIONS, TrainReport
from tonearm.settings import Settings

Progress = Callable[[str, int, int], None]
_DAILY = timedelta(days=1)


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
    from tonearm.models.lifecycle.training import train

    trained = train(settings, progress=progress, waiting=waiting)
    return Foretold(trained=trained, built=build(settings, waiting=waiting))


def update(settings: Settings, waiting: Callable[[str], None] | None = None) -> Foretold:
    """Let the trained models that foretell from listens answer anew, learning nothing: the cheap way to stay current.

    Once a day those that tell of tracks answer too, so that newly heard ones get their estimates, and the others are
    asked whether they see other data than they learned from; those that do are named, and trained again if the
    settings allow it. Nothing is done where no model was ever trained.
    """
    trained_at = open_lake(settings.lake).built_at(EVALUATIONS)
    if trained_at is None:
        return Foretold()
    from tonearm.models.lifecycle.drift import keep, look, looked_at
    from tonearm.models.lifecycle.scoring import score
    from tonearm.models.lifecycle.training import train

    of_listens = [model.name for model in chosen(()) if not model.is_about_tracks]
    is_daily = datetime.now(UTC) - max(trained_at, looked_at(settings) or trained_at) > _DAILY
    scored = score(settings, () if is_daily else of_listens, waiting)
    drifts = look(settings, of_listens) if is_daily else []
    if is_daily:
        keep(settings, drifts, waiting)
    due = sorted({one.model for one in drifts if one.is_due})
    trained = train(settings, due, waiting=waiting) if due and settings.retrain == "when_due" else []
    return Foretold(trained=trained, scored=scored, due=due, built=build(settings, waiting=waiting))
