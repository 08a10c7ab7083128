"""Predictions on trial in a pass: what is forecast is kept, and what was forecast is compared with what happened."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from tonearm.models import is_installed
from tonearm.store import open_store

if TYPE_CHECKING:
    from tonearm.settings import Settings


def put_on_trial(settings: Settings) -> None:
    """Keep the forecasts of what is to come, and score those whose outcome is known; nothing without the models."""
    if not is_installed():
        return
    from tonearm.models import trial

    with closing(open_store(settings)) as store:
        trial.log_forecasts(settings, store, datetime.now(UTC))
        trial.score_forecasts(settings, store, datetime.now(UTC))
