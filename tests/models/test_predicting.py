"""Predictions for records that somebody brings."""

from __future__ import annotations

import pandas as pd
import pytest

from tonearm.errors import InputError, NotRegistered
from tonearm.models import find, names
from tonearm.models.lifecycle.predicting import predict
from tonearm.settings import Settings

RECORDS = pd.DataFrame({"energy": [0.5]})


@pytest.mark.parametrize("name", [name for name in names() if not find(name).has_threshold])
def test_a_threshold_for_a_model_without_one_gets_a_sentence(settings: Settings, name: str) -> None:
    with pytest.raises(InputError, match=f"{name} has no threshold; popularity and breakout have one"):
        predict(settings, name, RECORDS, threshold=0.5)


def test_a_model_with_a_threshold_must_be_trained_first(home_with_registry: Settings) -> None:
    with pytest.raises(NotRegistered, match="tonearm train popularity"):
        predict(home_with_registry, "popularity", RECORDS, threshold=0.5)
