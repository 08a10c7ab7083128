"""The cards in the docs are those of the models in the code."""

from __future__ import annotations

from pathlib import Path

import pytest

from tonearm.models import find, names

CARDS = Path(__file__).parents[2] / "docs" / "models"


@pytest.mark.parametrize("name", names())
def test_every_model_has_a_card_that_says_what_it_cannot_do(name: str) -> None:
    text, model = (CARDS / f"{name}.md").read_text(encoding="utf-8"), find(name)
    assert model.summary in text
    for decision in model.decides:
        assert f"`{decision.metric}` of `{decision.target}`" in text
    for limit in model.limits:
        assert limit in text
    assert "95 %" in text
    for picture in CARDS.glob(f"{name}-*.png"):
        assert picture.name in text
