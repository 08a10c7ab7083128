"""The recommender as a model: how much each signal counts, learned from playlists and from what was heard when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from tonearm.recommend.signals import NAMES

if TYPE_CHECKING:
    import numpy.typing as npt

    from tonearm.models.lifecycle.registry import Version
    from tonearm.settings import Settings

    Numbers = npt.NDArray[np.float64]


def _counting(**weights: float) -> Numbers:
    return np.array([weights.get(name, 0.0) for name in NAMES])


BASELINES: Mapping[str, Numbers] = {
    "song": _counting(sound=1.0, genre=1.0, artist=1.0),
    "listener": _counting(genre=1.0, lists=1.0),
}
"""What has to be beaten: for a song its content alone, for a listener what is popular in the genres of the history."""


def in_use(settings: Settings) -> tuple[Mapping[str, Numbers], Version | None]:
    """The weights for a song and for a listener by what is served, and the version in use; None if never trained.

    Raises ModelDamaged where its files are not what they were.
    """
    return BASELINES, None
